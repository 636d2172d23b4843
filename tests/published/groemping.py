"""Relative importance (LMG) of five indicators for Swiss fertility in 1888.

Groemping, U. (2006), Relative Importance for Linear Regression in R: The Package relaimpo, Journal of Statistical
Software 17(1): shares of R squared that its ``calc.relimp`` gives for the data set ``swiss`` of R (Mosteller & Tukey
1977, pages 549-551). The correlations are those R prints for the data set: Agriculture, Examination, Education,
Catholic, Infant.Mortality, and Fertility last.
"""

from __future__ import annotations

SWISS_CORRELATIONS = (
    (1.0, -0.68654221, -0.63952252, 0.40109510, -0.06085861, 0.35307918),
    (-0.68654221, 1.0, 0.69841530, -0.57274180, -0.11402160, -0.64588270),
    (-0.63952252, 0.69841530, 1.0, -0.15385890, -0.09932185, -0.66378886),
    (0.40109510, -0.57274180, -0.15385890, 1.0, 0.17549590, 0.46368470),
    (-0.06085861, -0.11402160, -0.09932185, 0.17549590, 1.0, 0.41655603),
    (0.35307918, -0.64588270, -0.66378886, 0.46368470, 0.41655603, 1.0),
)
SWISS_LMG = (0.05709122, 0.17117303, 0.26013468, 0.10557015, 0.11276592)
SWISS_R_SQUARED = 0.7067350
