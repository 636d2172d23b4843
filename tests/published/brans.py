"""Where to build a hydroelectric power station: six sites, six criteria, one preference function of each kind.

Brans, Vincke & Mareschal (1986), How to select and how to rank projects: the PROMETHEE method, European Journal of
Operational Research 24, 228-238; the table of levels as in Mareschal (2019), Exercises with Visual PROMETHEE, table 1.
The preferences and flows were read from a course's reproduction of the paper, not from the paper. They have three
decimals, and the flows are sums of rounded preferences: Sweden's is printed as -0.102 where exact sums give -0.100.
"""

from __future__ import annotations

import pandas as pd

SITES = ["Italy", "Belgium", "Germany", "Sweden", "Austria", "France"]
LEVELS = pd.DataFrame(
    {
        "manpower": [80, 65, 83, 40, 52, 94],
        "power": [90, 58, 60, 80, 72, 96],
        "construction": [600, 200, 400, 1000, 600, 700],
        "maintenance": [54, 97, 72, 75, 20, 36],
        "villages": [8, 1, 4, 7, 3, 5],
        "safety": [5, 1, 7, 10, 8, 6],
    },
    index=SITES,
)
DIRECTIONS = dict.fromkeys(LEVELS, "minimise") | {"power": "maximise", "safety": "maximise"}
PREFERENCES = {
    "manpower": {"shape": "u-shape", "q": 10},
    "power": {"shape": "v-shape", "p": 30},
    "construction": {"shape": "linear", "q": 50, "p": 500},
    "maintenance": {"shape": "level", "q": 10, "p": 60},
    "villages": {"shape": "usual"},
    "safety": {"shape": "gaussian", "s": 5},
}
#: Preference of the row's site over the column's, weights all the same.
PREFERRED = pd.DataFrame(
    [
        [0.000, 0.296, 0.250, 0.268, 0.100, 0.185],
        [0.462, 0.000, 0.389, 0.333, 0.296, 0.500],
        [0.236, 0.180, 0.000, 0.333, 0.056, 0.429],
        [0.399, 0.505, 0.305, 0.000, 0.223, 0.212],
        [0.444, 0.515, 0.487, 0.380, 0.000, 0.448],
        [0.286, 0.399, 0.250, 0.432, 0.133, 0.000],
    ],
    index=SITES, columns=SITES,
)  # fmt: skip
#: Sums over the five others, as printed.
NET_FLOW_SUMS = {"Italy": -0.728, "Belgium": 0.085, "Germany": -0.447, "Sweden": -0.102, "Austria": 1.466,
                 "France": -0.274}  # fmt: skip
ORDER = ["Austria", "Belgium", "Sweden", "France", "Germany", "Italy"]
#: A pair that PROMETHEE I leaves incomparable.
INCOMPARABLE = ("Italy", "Belgium")
#: Weights under which another site leads (Mareschal 2019): the criterion, its weight, all others' weight, the leader.
OTHER_LEADERS = [("power", 50, 10, "France"), ("villages", 55, 9, "Belgium")]
