"""Seven offices: the worked example of the simple multi-attribute rating technique (SMART).

Goodwin & Wright, Decision Analysis for Management Judgment, Wiley, chapter 3 (pages of the edition in which it starts
on p. 27).

Read in the text of the book: weights, values and sum of Addison Square (p. 44); the swing of visibility (p. 43); the
frontier; the benefits of Carlisle Walk and Gorton Square, what the moves between them and to Addison Square cost and
the price of a point (pp. 45-46); the ends of Elton Street's line and where it is passed (p. 48). Read in lecture
slides that follow the book: annual rents, floor areas and the values of all offices on the first five attributes.

Found by recomputing: the other swings are the only multiples of ten that round to the printed weights and give both
ends of Elton Street's line. The car parking of C, E and G is the one multiple of ten that gives the printed sums.

Left out, as no source was found: the car parking of B, D and F and so their sums, and the total annual costs, of
which only differences between three offices are known. Rents stand for them: they give the same frontier.
"""

from __future__ import annotations

import pandas as pd

OFFICES = {"A": "Addison Square", "B": "Bilton Village", "C": "Carlisle Walk", "D": "Denver Street",
           "E": "Elton Street", "F": "Filton Village", "G": "Gorton Square"}  # fmt: skip
TURNOVER, CONDITIONS = ["closeness", "visibility", "image"], ["size", "comfort", "parking"]
VALUES = pd.DataFrame(
    {
        "closeness": [100, 20, 80, 70, 40, 0, 60],
        "visibility": [60, 80, 70, 50, 60, 0, 100],
        "image": [100, 10, 0, 30, 90, 70, 20],
        "size": [75, 30, 0, 55, 100, 0, 50],
        "comfort": [0, 100, 10, 30, 60, 80, 50],
        "parking": [90, None, 100, None, 70, None, 80],
    },
    index=list(OFFICES),
    dtype=float,
)
#: Square feet, which the values of size were read from.
FLOOR_AREAS = [1000.0, 550.0, 400.0, 800.0, 1500.0, 400.0, 700.0]
#: Thousand dollars a year.
RENTS = [30.0, 15.0, 5.0, 12.0, 30.0, 15.0, 10.0]

SWINGS = {"closeness": 100, "visibility": 80, "image": 70, "size": 30, "comfort": 20, "parking": 10}
#: The swings as whole percentages, which the sums were worked out with.
WEIGHTS = {"closeness": 32, "visibility": 26, "image": 23, "size": 10, "comfort": 6, "parking": 3}
BENEFITS = {"A": 80.8, "C": 47.4, "G": 60.2}
FRONTIER = ["A", "C", "G"]
#: Thousand dollars a year more than the office before, and dollars for each point gained.
MOVES = {("C", "G"): (5.3, 414), ("G", "A"): (23.0, 1117)}
#: Benefits of E with all weight on turnover and on working conditions; the weight of turnover, in %, where A passes it.
ELTON_ENDS = (60.4, 81.7)
ELTON_PASSED = 52.1
