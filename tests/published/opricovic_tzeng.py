"""VIKOR: the climb and the reservoirs.

CLIMB: Opricovic & Tzeng (2004), European Journal of Operational Research 156, 445-455, the numerical example.
RESERVOIRS: Opricovic & Tzeng (2007), European Journal of Operational Research 178, 514-529, hydropower on a river, four
sets of weights. The figures of both were read from the tests of scikit-criteria 0.9, which quote the papers.
"""

from __future__ import annotations

import pandas as pd

CLIMB = pd.DataFrame({"risk": [1.0, 2.0, 5.0], "altitude": [3000.0, 3750.0, 4500.0]}, index=["A1", "A2", "A3"])
CLIMB_DIRECTIONS = {"risk": "minimise", "altitude": "maximise"}
CLIMB_FIGURES = pd.DataFrame(
    {"q": [1.0, 0.0, 1.0], "group_regret": [0.5, 0.375, 0.5], "largest_regret": [0.5, 0.25, 0.5]}, index=CLIMB.index
)
CLIMB_COMPROMISE = ("A2",)

RESERVOIRS = pd.DataFrame(
    [
        [4184.3, 2914.0, 407.2, 251.0, 195, 244, 15, 2.41],
        [5211.9, 3630.0, 501.7, 308.3, 282, 346, 21, 1.41],
        [5021.3, 3920.5, 504.0, 278.6, 12, 56, 3, 4.42],
        [5566.1, 3957.9, 559.5, 335.3, 167, 268, 16, 3.36],
        [5060.5, 3293.5, 514.1, 284.2, 69, 90, 7, 4.04],
        [4317.9, 2925.9, 432.8, 239.3, 12, 55, 3, 4.36],
    ],
    index=["A1", "A2", "A3", "A4", "A5", "A6"],
    columns=["profit", "cost", "energy", "peak energy", "homes", "area", "villages", "environment"],
)
RESERVOIR_DIRECTIONS = dict.fromkeys(RESERVOIRS, "maximise") | dict.fromkeys(
    ["cost", "homes", "area", "villages"], "minimise"
)
#: Weight of the last four criteria against 1 of the first four: S, R, Q (three decimals) and the compromise.
RESERVOIR_FIGURES = {
    1.0: ([0.692, 0.700, 0.290, 0.423, 0.280, 0.346], [0.125, 0.125, 0.121, 0.125, 0.067, 0.125],
          [0.991, 1.000, 0.473, 0.670, 0.000, 0.578], ("A5",)),
    0.5: ([0.701, 0.600, 0.386, 0.365, 0.317, 0.459], [0.167, 0.114, 0.161, 0.167, 0.089, 0.167],
          [1.000, 0.533, 0.552, 0.563, 0.000, 0.686], ("A5",)),
    2.0: ([0.683, 0.800, 0.193, 0.480, 0.243, 0.232], [0.113, 0.167, 0.080, 0.122, 0.044, 0.083],
          [0.684, 1.000, 0.147, 0.554, 0.041, 0.191], ("A5", "A3", "A6")),
    3.2: ([0.678, 0.857, 0.138, 0.513, 0.222, 0.167], [0.129, 0.190, 0.057, 0.139, 0.042, 0.060],
          [0.668, 1.000, 0.051, 0.588, 0.058, 0.078], ("A3", "A5", "A6")),
}  # fmt: skip
