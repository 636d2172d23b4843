"""The choice of a fighter aircraft: Hwang & Yoon (1981), Multiple Attribute Decision Making, Springer, pp. 133-134.

The figures were read from an open-source test that quotes the book. Words of the original (reliability,
manoeuvrability) stand as numbers of its 9-point scale.
"""

from __future__ import annotations

import pandas as pd

LEVELS = pd.DataFrame(
    {
        "speed": [2.0, 2.5, 1.8, 2.2],
        "range": [1500, 2700, 2000, 1800],
        "payload": [20000, 18000, 21000, 20000],
        "cost": [5.5, 6.5, 4.5, 5.0],
        "reliability": [5, 3, 7, 5],
        "manoeuvrability": [9, 5, 7, 5],
    },
    index=["A1", "A2", "A3", "A4"],
)
DIRECTIONS = dict.fromkeys(LEVELS, "maximise") | {"cost": "minimise"}
WEIGHTS = {"speed": 0.2, "range": 0.1, "payload": 0.1, "cost": 0.1, "reliability": 0.2, "manoeuvrability": 0.3}

TO_IDEAL = {"A1": 0.0545, "A2": 0.1197, "A3": 0.0580, "A4": 0.1009}
TO_ANTI_IDEAL = {"A1": 0.0983, "A2": 0.0439, "A3": 0.0920, "A4": 0.0458}
CLOSENESS = {"A1": 0.643, "A2": 0.268, "A3": 0.613, "A4": 0.312}
RANKS = {"A1": 1, "A2": 4, "A3": 2, "A4": 3}
