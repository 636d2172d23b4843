"""What happens to a plan if one project alone is decided otherwise: exact, without a solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.problem import Outcome, Problem, outcome


@dataclass(frozen=True, eq=False, kw_only=True)
class Switch:
    """One project decided otherwise, all others as planned.

    Attributes
    ----------
    action : int
        Position of the other action.
    gain_k : float
        What the plan's value gains.
    broken : int array
        Rows that the plan would then break.
    use : float array
        How much more of each broken row is used (towards its bound).
    """

    action: int
    gain_k: float
    broken: Ints
    use: Floats


class Switcher:
    """Works out single switches on the touched rows only."""

    def __init__(self, problem: Problem, plan: Outcome) -> None:
        model = problem.model
        self._problem, self._plan = problem, plan
        self._owner = problem.actions.frame["project"].to_numpy()
        self._limit, self._price = np.zeros(len(model.names)), np.zeros(len(model.names))
        self._raw = plan.activity.copy()
        for place, name in enumerate(problem.hiring.rows):
            row = model.row(name)
            self._limit[row], self._price[row] = problem.hiring.limit_pm[place], problem.hiring.price_k[place]
            self._raw[row] += plan.x[problem.hiring.columns[place]]
        self._joined = {member for joint in problem.links.joints for member in joint.members}
        if len(problem.carrying.columns) or problem.shortfall.rows:
            # Money carried over and priced shortfalls tie all projects together.
            self._joined = set(range(len(plan.choice)))

    def use(self, action: int) -> tuple[Ints, Floats]:
        """Rows touched by choosing ``action`` instead of the planned one, and the change in each."""
        planned = int(self._plan.choice[self._owner[action]])
        rows_in, values_in = self._problem.model.column(action)
        rows_out, values_out = self._problem.model.column(planned)
        touched, where = np.unique(np.concatenate([rows_in, rows_out]), return_inverse=True)
        change = np.bincount(where, weights=np.concatenate([values_in, -values_out]), minlength=len(touched))
        return touched, np.asarray(change, dtype=float)

    def __call__(self, action: int) -> Switch:
        """Work out one switch."""
        rows, change = self.use(action)
        project = int(self._owner[action])
        if project in self._joined:
            choice = self._plan.choice.copy()
            choice[project] = action
            other = outcome(self._problem, choice)
            gain, broken = other.value - self._plan.value, other.broken
        else:
            gain, broken = self._quick(action, rows, change)
        moved = dict(zip(rows.tolist(), change.tolist(), strict=True))
        return Switch(action=action, gain_k=gain, broken=broken,
                      use=np.array([moved.get(int(row), 0.0) for row in broken]))

    def _quick(self, action: int, rows: Ints, change: Floats) -> tuple[float, Ints]:
        model = self._problem.model
        raw, upper, limit = self._raw[rows] + change, model.row_upper[rows], self._limit[rows]
        price = self._price[rows]
        before = np.clip(self._raw[rows] - upper, 0.0, limit)
        after = np.clip(raw - upper, 0.0, limit)
        paid = float(np.sum(price * (after - before), where=limit > 0))
        gain = float(model.objective[action] - model.objective[int(self._plan.choice[self._owner[action]])]) - paid
        slack = model.tolerance[rows]
        bad = (raw - after > upper + slack) | (raw < model.row_lower[rows] - slack)
        return gain, rows[bad]
