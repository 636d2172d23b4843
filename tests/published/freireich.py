"""Weeks in remission of 42 children with acute leukemia, half of them on 6-mercaptopurine.

Freireich et al. (1963), Blood 21, 699-716; as Gehan (1965), Biometrika 52, and Cox (1972), JRSS B 34, print them.
Curve, standard errors (Greenwood) and log-rank statistic as in Kleinbaum & Klein, Survival Analysis, chapter 2.
"""

from __future__ import annotations

import pandas as pd

#: Weeks to relapse, and weeks of those still in remission.
TREATED = (6, 6, 6, 7, 10, 13, 16, 22, 23)
TREATED_CENSORED = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
PLACEBO = (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
#: Week: share still in remission, standard error (treated).
CURVE = {6: (0.8571, 0.0764), 7: (0.8067, 0.0869), 10: (0.7529, 0.0963), 13: (0.6902, 0.1068), 16: (0.6275, 0.1141),
         22: (0.5378, 0.1282), 23: (0.4482, 0.1346)}  # fmt: skip
#: Median weeks.
MEDIANS = {"placebo": 8, "treated": 23}
LOG_RANK = 16.79


def counts() -> pd.DataFrame:
    """One row per patient: group, months (weeks here), ended, n."""
    rows = [("treated", week, True) for week in TREATED]
    rows += [("treated", week, False) for week in TREATED_CENSORED]
    rows += [("placebo", week, True) for week in PLACEBO]
    return pd.DataFrame(rows, columns=["group", "months", "ended"]).assign(n=1)
