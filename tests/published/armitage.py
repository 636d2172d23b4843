"""Armitage, McPherson & Rowe (1969), Repeated significance tests on accumulating data, JRSS A 132, 235-244, table 2.

Chance of ever finding something at the 5 % level when a normal mean is tested after each of equally large groups and
nothing is there.
"""

from __future__ import annotations

EVER_BELOW_5_PERCENT = {1: 0.050, 2: 0.083, 3: 0.107, 4: 0.126, 5: 0.142, 10: 0.193, 20: 0.248, 50: 0.320}
