"""A problem on multiple rates in Ross, Westerfield & Jordan, Fundamentals of Corporate Finance, McGraw-Hill.

Five flows with four internal rates of return between 20 % and 70 %. The rates follow exactly from the flows: the
polynomial in 1 + rate has the roots 5/4, 4/3, 10/7 and 5/3.
"""

from __future__ import annotations

FLOWS = [-252.0, 1_431.0, -3_035.0, 2_850.0, -1_000.0]
RATES = [1 / 4, 1 / 3, 3 / 7, 2 / 3]
