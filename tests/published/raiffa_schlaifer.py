"""Unit-normal linear-loss integral: the table behind every closed form of the value of information on a mean.

Raiffa, H. & Schlaifer, R. (1961), Applied Statistical Decision Theory, Harvard Business School, table of the
unit-normal linear-loss integral (the same numbers stand in Schlaifer's and later textbooks' table N(D) or L(u)).
"""

from __future__ import annotations

#: u -> L(u), four significant digits.
LOSS = {
    0.0: 0.3989, 0.1: 0.3509, 0.2: 0.3069, 0.3: 0.2668, 0.4: 0.2304, 0.5: 0.1978, 0.6: 0.1687, 0.7: 0.1429,
    0.8: 0.1202, 0.9: 0.1004, 1.0: 0.08332, 1.2: 0.05610, 1.5: 0.02931, 2.0: 0.008491, 2.5: 0.002004, 3.0: 0.0003822,
}  # fmt: skip
