"""Ranks of the values that bound a median with 95 % or more, and their exact confidence.

Campbell, M. J. & Gardner, M. J. (1988), Calculating confidence intervals for some non-parametric analyses, British
Medical Journal 296, 1454-1456; also in Altman, Machin, Bryant & Gardner (2000), Statistics with Confidence.
"""

from __future__ import annotations

#: n -> (lower rank, upper rank, confidence in %).
MEDIAN_RANKS = {
    6: (1, 6, 96.9),
    10: (2, 9, 97.9),
    15: (4, 12, 96.5),
    20: (6, 15, 95.9),
    30: (10, 21, 95.7),
    40: (14, 27, 96.2),
    50: (18, 33, 96.7),
}
