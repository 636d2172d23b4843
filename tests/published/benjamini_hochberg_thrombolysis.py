"""Benjamini & Hochberg (1995), Controlling the false discovery rate, JRSS B 57, 289-300, section 3.2.

Fifteen comparisons of two treatments of heart attacks (Neuhaus et al. 1992); at .05 four are called real, and three
by Bonferroni.
"""

from __future__ import annotations

P_VALUES = (0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0000)  # fmt: skip
CALLED_REAL, BONFERRONI = 4, 3
