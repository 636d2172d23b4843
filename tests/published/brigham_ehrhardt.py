"""Project M of Brigham & Ehrhardt, Financial Management, South-Western: a strip mine with two rates of return.

Flows in $ million; the net present value at 10 % is the one printed.
"""

from __future__ import annotations

PROJECT_M = [-1.6, 10.0, -10.0]
RATES = [0.25, 4.00]
NPV_AT_10 = -0.77
