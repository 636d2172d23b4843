"""Worked examples of Microsoft Excel's help pages for NPV, IRR and MIRR (Microsoft Support).

NPV counts its first value at the end of the first year; what is spent now is added outside. Results are as printed.
"""

from __future__ import annotations

#: Rate, money spent now, values at the end of each year, result to the cent.
NPV = [
    (0.10, 0.0, [-10_000.0, 3_000.0, 4_200.0, 6_800.0], 1_188.44),
    (0.08, -40_000.0, [8_000.0, 9_200.0, 10_000.0, 12_000.0, 14_500.0], 1_922.06),
    (0.08, -40_000.0, [8_000.0, 9_200.0, 10_000.0, 12_000.0, 14_500.0, -9_000.0], -3_749.47),
]
#: Flows and the rate in percent to one decimal.
IRR = [
    ([-70_000.0, 12_000.0, 15_000.0, 18_000.0, 21_000.0], -2.1),
    ([-70_000.0, 12_000.0, 15_000.0, 18_000.0, 21_000.0, 26_000.0], 8.7),
    ([-70_000.0, 12_000.0, 15_000.0], -44.4),
]
#: Flows, rate at which money is borrowed, rate at which it is put back to work, result in whole percent.
MIRR = [
    ([-120_000.0, 39_000.0, 30_000.0, 21_000.0, 37_000.0, 46_000.0], 0.10, 0.12, 13),
    ([-120_000.0, 39_000.0, 30_000.0, 21_000.0], 0.10, 0.12, -5),
    ([-120_000.0, 39_000.0, 30_000.0, 21_000.0, 37_000.0, 46_000.0], 0.10, 0.14, 13),
]
