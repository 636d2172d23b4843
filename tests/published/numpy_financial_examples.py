"""Examples in the documentation of numpy-financial 1.0 (BSD-3-Clause): npv and irr.

Its irr returns the one root next to 0 where there are several; the first flow is now.
"""

from __future__ import annotations

NPV = (0.08, [-40_000.0, 5_000.0, 8_000.0, 12_000.0, 30_000.0], 3_065.22267)
#: Flows and the rate to five decimals.
IRR = [
    ([-100.0, 39.0, 59.0, 55.0, 20.0], 0.28095),
    ([-100.0, 0.0, 0.0, 74.0], -0.0955),
    ([-100.0, 100.0, 0.0, -7.0], -0.0833),
    ([-100.0, 100.0, 0.0, 7.0], 0.06206),
    ([-5.0, 10.5, 1.0, -8.0, 1.0], 0.0886),
]
