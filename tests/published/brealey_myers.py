"""Figures of Brealey & Myers (and Allen), Principles of Corporate Finance, McGraw-Hill, several editions.

Chapter on why net present value leads to better decisions: flows with two internal rates of return, with none, and
the strip mine of Helmsley Iron (A$ billion). Chapter on decisions by net present value: equivalent annual costs of
machines A and B at 6 %. Every figure was worked out again from its flows before it was typed.
"""

from __future__ import annotations

PUMP = ([-4_000.0, 25_000.0, -25_000.0], [0.25, 4.00])
#: Net present value of the pump at 10 %.
PUMP_NPV = -1_934
NO_RATE = [1_000.0, -3_000.0, 2_500.0]
#: Net present value at 10 % of the flows without a rate.
NO_RATE_NPV = 339
STRIP_MINE = [-3.0] + [1.0] * 9 + [-6.5]
#: Percent.
STRIP_MINE_RATES = [3.50, 19.54]
#: Net present value of the mine at 10 %, A$ billion.
STRIP_MINE_NPV = 0.253
#: Costs now and at the end of each year, present value and equivalent annual cost at 6 %.
MACHINES = [([15.0, 5.0, 5.0, 5.0], 28.37, 10.61), ([10.0, 6.0, 6.0], 21.00, 11.45)]
