"""A copy that turns two others round, and the answer to the remedy.

BELTON_GEAR: Belton & Gear (1983), On a short-coming of Saaty's method of analytic hierarchies, Omega 11, 228-230.
Three criteria of equal weight, consistent judgements of the alternatives on each; D is a copy of B.

SAATY_VARGAS: Saaty & Vargas (1984), The legitimacy of rank reversal, Omega 12, 513-516: the remedy of Belton & Gear,
priorities divided by the largest instead of the sum, is turned round too when C comes to A and B.

The figures of both were read from tables 1 to 4 of Wang & Elhag (2006), An approach to avoiding rank reversal in AHP,
Decision Support Systems 42, 1474-1480; all of them come out of the judgements.
"""

from __future__ import annotations

import pandas as pd

#: A row says how many times as much each alternative counts as the least one; judgements are their ratios.
BELTON_GEAR = pd.DataFrame({"a": [1, 9, 1, 9], "b": [9, 1, 1, 1], "c": [8, 9, 1, 9]}, index=list("ABCD"))
LOCAL_WITHOUT_COPY = pd.DataFrame(
    {"a": [1 / 11, 9 / 11, 1 / 11], "b": [9 / 11, 1 / 11, 1 / 11], "c": [8 / 18, 9 / 18, 1 / 18]}, index=list("ABC")
)
LOCAL_WITH_COPY = pd.DataFrame(
    {"a": [1 / 20, 9 / 20, 1 / 20, 9 / 20], "b": [9 / 12, 1 / 12, 1 / 12, 1 / 12],
     "c": [8 / 27, 9 / 27, 1 / 27, 9 / 27]}, index=list("ABCD"),
)  # fmt: skip
COMPOSITE_WITHOUT_COPY = {"A": 0.4512, "B": 0.4697, "C": 0.0791}
COMPOSITE_WITH_COPY = {"A": 0.3654, "B": 0.2889, "C": 0.0568, "D": 0.2889}
#: Priorities divided by the largest; the copy changes none.
COMPOSITE_BY_LARGEST = {"A": 0.6667, "B": 0.7037, "C": 0.1111, "D": 0.7037}

SAATY_VARGAS = pd.DataFrame({"1": [1, 2, 2], "2": [7, 6, 7], "3": [3, 1, 6]}, index=list("ABC"))
BY_LARGEST_WITHOUT_THIRD = {"A": 0.8333, "B": 0.7302}
BY_LARGEST_WITH_THIRD = {"A": 0.6667, "B": 0.6746, "C": 1.0}
