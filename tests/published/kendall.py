"""Kendall's coefficient of concordance with ties: two worked examples.

Siegel, S. (1956), Nonparametric Statistics for the Behavioral Sciences, McGraw-Hill, page 234: three comparisons of ten
objects. W and its significance as the NAG Library prints them for these data (routine g08daf, example results).

Zar, J. H. (2010), Biostatistical Analysis, 5th edition, Pearson, example 20.5, page 450: wing, tail and bill lengths of
twelve birds. The rank sums are those the UNISTAT manual (section 6.5.6) prints for this example; W with the correction
for ties is recomputed by hand from them: sum of squared rank sums 5,738.5, ties 60.
"""

from __future__ import annotations

SIEGEL_RANKS = (
    (1.0, 4.5, 2.0, 4.5, 3.0, 7.5, 6.0, 9.0, 7.5, 10.0),
    (2.5, 1.0, 2.5, 4.5, 4.5, 8.0, 9.0, 6.5, 10.0, 6.5),
    (2.0, 1.0, 4.5, 4.5, 4.5, 4.5, 8.0, 8.0, 8.0, 10.0),
)
SIEGEL_W = 0.828
SIEGEL_SIGNIFICANCE = 0.008

ZAR_LENGTHS = (
    (10.4, 10.8, 11.1, 10.2, 10.3, 10.2, 10.7, 10.5, 10.8, 11.2, 10.6, 11.4),
    (7.4, 7.6, 7.9, 7.2, 7.4, 7.1, 7.4, 7.2, 7.8, 7.7, 7.8, 8.3),
    (17.0, 17.0, 20.0, 14.5, 15.5, 13.0, 19.5, 16.0, 21.0, 20.0, 18.0, 22.0),
)
ZAR_RANK_SUMS = (14.5, 21.0, 30.5, 6.0, 11.0, 3.5, 20.0, 11.5, 29.0, 28.5, 22.5, 36.0)
