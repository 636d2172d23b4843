"""Figures of feature scores.

A. W. Ulwick (2002), Turn customer input into innovation, Harvard Business Review 80(1), 91-97: the outcome of an
angioplasty balloon that mattered most, minimise the recurrence of a blockage.
"""

from __future__ import annotations

#: Importance, satisfaction, opportunity.
ULWICK_RECURRENCE = (9.5, 3.2, 15.8)
