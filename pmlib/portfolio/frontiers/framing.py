"""Points of a frontier as a frame: what each adds to the one before, and where the plan stands."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from pmlib.portfolio.decision import Decision
from pmlib.portfolio.frontiers.tracing import Traced
from pmlib.portfolio.frontiers.two_phase_plain import Bools
from pmlib.portfolio.model import Floats, Ints

#: Totals that differ by a smaller share are equal.
NEAR = 2e-6
_SHOWN = 6


def framed(decision: Decision, traced: Traced, used: Floats, *, column: str) -> tuple[pd.DataFrame, Ints]:
    """Frame the points by rising amount, the plan among them or beside them, and give the choice of each.

    Parameters
    ----------
    decision : Decision
        The plan, which is marked.
    traced : Traced
        The points.
    used : float array of shape (n_actions,)
        What each action uses of the other total.
    column : str
        Its name.

    Returns
    -------
    (DataFrame, int array of shape (n_rows, n_projects))
        point, value_k, the other total, projects_on, added, supported, on_frontier, here; and the choices.
    """
    order = np.argsort(used[traced.choices].sum(axis=1), kind="stable")
    choices, value = traced.choices[order], traced.value[order]
    amount, on = used[choices].sum(axis=1), decision.problem.actions.frame["on"].to_numpy(dtype=bool)
    frame = pd.DataFrame({
        "point": np.arange(1, len(order) + 1), "value_k": value, column: amount, "projects_on": on[choices].sum(axis=1),
        "added": _added(decision, choices), "supported": _supported(traced)[order], "on_frontier": True, "here": False})
    plan = decision.outcome
    if plan is None:
        return frame, choices
    mine = float(used[plan.choice].sum())
    same = (np.abs(value - plan.value) <= NEAR * max(1.0, abs(plan.value))) & (
        np.abs(amount - mine) <= NEAR * max(1.0, abs(mine)))
    if same.any():
        return frame.assign(here=np.arange(len(frame)) == same.argmax()), choices
    alone = [0, plan.value, mine, int(on[plan.choice].sum()), "the plan decided upon", False, False, True]
    beside = pd.DataFrame([alone], columns=frame.columns)
    both = pd.concat([frame, beside], ignore_index=True)
    place = both.sort_values([column, "point"], kind="stable").index.to_numpy()
    return both.iloc[place].reset_index(drop=True), np.vstack([choices, plan.choice])[place]


def _added(decision: Decision, choices: Ints) -> list[str]:
    """Say what every plan decides otherwise than the one before."""
    frame = decision.problem.actions.frame
    words = ["where it begins"]
    for before, after in pairwise(choices):
        new = frame.iloc[after[before != after]]
        first = new.head(_SHOWN)
        said = "; ".join(f"{verb} {', '.join(first.loc[first['action'] == verb, 'project_id'])}"
                         for verb in dict.fromkeys(first["action"]))
        words.append(said + (f" and {len(new) - _SHOWN} more" if len(new) > _SHOWN else ""))
    return words


def _supported(traced: Traced) -> Bools:
    """Tell the plans on the upper hull of all that were found: best for some rate of exchange."""
    x, y = traced.second, traced.value
    hull: list[int] = []
    for i in range(len(x)):
        while len(hull) > 1 and _bends_down(x, y, (hull[-2], hull[-1], i)):
            hull.pop()
        hull.append(i)
    return np.isin(np.arange(len(x)), hull)


def _bends_down(x: Floats, y: Floats, three: tuple[int, int, int]) -> bool:
    """Whether the middle one of three points lies below the line between the others."""
    a, b, c = three
    across = (x[b] - x[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (x[c] - x[a])
    return bool(across > 1e-9 * max(1.0, abs(x[c] - x[a]) * abs(y[c] - y[a])))
