"""What it would be worth to choose start months too: the plan at planned dates against the plan with free dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import month_text
from pmlib.portfolio.actions import ON
from pmlib.portfolio.decision import Decision, rebalance
from pmlib.portfolio.model import Status
from pmlib.portfolio.origins import tables_of
from pmlib.portfolio.policy import Objective
from pmlib.portfolio.problem import Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOVE_COLUMNS = ["project_id", "name", "action", "month", "free_action", "free_month", "moved_months", "gain_k"]
_ON = [*ON]
_SHOWN = 6


@dataclass(frozen=True, eq=False, kw_only=True)
class FreeStarts:
    """The plan at planned dates and the plan whose candidates may start later, each the best of its kind.

    Attributes
    ----------
    planned, free : Decision
        Both solved in full; the free one may do all that the planned one may.
    moves : DataFrame
        One row per project decided otherwise: project_id, name, action and month at planned dates, free_action and
        free_month with free dates, moved_months (of those that start in both), gain_k (of its own value; joint
        effects and bought people come on top).
    choices, step_months : int
        From how many start months a candidate may choose, and how far they are apart.
    """

    planned: Decision
    free: Decision
    moves: pd.DataFrame
    choices: int
    step_months: int

    @property
    def found(self) -> bool:
        """Whether there are both plans."""
        return self.planned.found and self.free.found

    @property
    def gain_k(self) -> float:
        """What free dates add to the plan's value; missing without both plans."""
        gain = self.free.value_k - self.planned.value_k
        return 0.0 if abs(gain) <= 2e-6 * max(1.0, abs(self.planned.value_k)) else gain

    @property
    def proved(self) -> bool:
        """Whether both plans are proved best, so that the gain is exact."""
        return self.planned.status is Status.PROVED and self.free.status is Status.PROVED

    def to_frame(self) -> pd.DataFrame:
        """One row per project decided otherwise, months as text."""
        return self.moves.assign(**{name: self.moves[name].map(month_text, na_action="ignore").astype(object)
                                    for name in ("month", "free_month")})

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw what is decided or dated otherwise, the 15 largest gains first."""
        from pmlib.plots import timing

        drawn: Axes = timing.moves(self.moves.head(15), ax=ax, first=self.planned.problem.actions.first,
                                   unit=self.planned.unit)
        return drawn

    def summary(self) -> str:
        """Say what free dates are worth, who moves, and how sure that is."""
        if not self.found:
            return f"Not to be compared: at planned dates {self.planned.status}, with free dates {self.free.status}."
        offered = (f"With {self.choices} start months to choose from, {self.step_months} months apart, the plan "
                   "is worth")
        proof = "Both are proved." if self.proved else f"Not proved: {self.planned.status} and {self.free.status}."
        if self.moves.empty:
            return f"{offered} no more than at planned dates: every project is decided alike. {proof}"
        later = self.moves[self.moves["moved_months"] > 0]
        new = self.moves[self.moves["free_action"].isin(_ON) & ~self.moves["action"].isin(_ON)]
        gain, than = abs(self.gain_k), "less" if self.gain_k < 0 else "more"
        worth = (f"{offered} {self.free.value_k:,.0f} {self.free.unit}, {gain:,.0f} "
                 f"({_percent(gain, self.planned.value_k)}) {than} than at planned dates.")
        gone = self.moves[self.moves["action"].isin(_ON) & ~self.moves["free_action"].isin(_ON)]
        sides = {"Starting later": later, "Going on too": new, "No longer going on": gone}
        moved = [f"{word}: {_ids(moves)}." for word, moves in sides.items() if len(moves)]
        return " ".join((worth, *moved, proof))

    def headline(self) -> dict[str, str]:
        """Give the gain and the number of projects decided otherwise."""
        if not self.found:
            return {"no plan": "to compare"}
        return {f"{self.gain_k:+,.0f}": f"{self.free.unit} by free start dates",
                f"{len(self.moves)} projects": "decided or dated otherwise",
                "proved" if self.proved else "not proved": "both plans"}

    def __repr__(self) -> str:
        """Say it in one line."""
        if not self.found:
            return f"<FreeStarts: at planned dates {self.planned.status}, with free dates {self.free.status}>"
        proof = "proved" if self.proved else "not proved"
        return f"<FreeStarts: {self.gain_k:+,.0f} {self.free.unit}; {len(self.moves)} projects otherwise; {proof}>"


def _percent(gain: float, of: float) -> str:
    return f"{100 * gain / abs(of):.1f} %" if of else "of nothing"


def _ids(moves: pd.DataFrame) -> str:
    names = moves["project_id"].tolist()
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def free_starts(
    decision: Decision, tables: Mapping[str, pd.DataFrame], *, choices: int = 4, step_months: int = 3,
) -> FreeStarts:
    """Compare the plan at planned dates with the plan whose candidates may choose among start months.

    Parameters
    ----------
    decision : Decision
        Its period, policy, values and points are used; solved again where its own start months are others.
    tables : mapping of table name to frame
        The tables it was made from.
    choices : int
        From how many start months a candidate may choose, 2-60.
    step_months : int
        Months between them, 1-36.

    Raises
    ------
    MissingTableError
        projects is missing.
    ParameterError
        ``choices`` or ``step_months`` is out of range, or the tables are not those of the decision.
    SchemaError
        A table breaks its definition.
    """
    tables = tables_of(decision, tables)
    fixed = replace(decision.policy, start_choices=1)
    loose = replace(decision.policy, start_choices=choices, start_step_months=step_months)
    if loose.start_choices == 1:
        raise ParameterError("choices: got 1, allowed 2 to 60: one is the planned month alone. Set another number.")
    asked = _asked(decision.problem)
    planned, free = (decision if policy == decision.policy else rebalance(tables, policy=policy, **asked)
                     for policy in (fixed, loose))
    return FreeStarts(planned=planned, free=free, moves=_moves(planned, free), choices=int(choices),
                      step_months=int(step_months))


def _asked(problem: Problem) -> dict[str, Any]:
    """Period, values and points the question was asked with."""
    projects = problem.actions.projects.set_index("project_id")
    points = projects["points"].dropna()
    given = projects["money_k"][(projects["source"] == "given") & (problem.policy.objective is not Objective.SCORE)]
    return {"period": problem.actions.first - 1, "values": given if len(given) else None,
            "points": points if len(points) else None}


def _moves(planned: Decision, free: Decision) -> pd.DataFrame:
    both = planned.actions[["project_id", "name", "action", "month", "value_k"]].assign(
        free_action=free.actions["action"], free_month=free.actions["month"], free_value_k=free.actions["value_k"])
    if not (planned.found and free.found):
        return both.iloc[:0].assign(moved_months=pd.array([], dtype="Int64"), gain_k=np.empty(0))[MOVE_COLUMNS]
    same = (both["action"] == both["free_action"]) & (both["month"].fillna(0) == both["free_month"].fillna(0))
    both = both.assign(moved_months=both["free_month"] - both["month"], gain_k=both["free_value_k"] - both["value_k"])
    return both[~same].sort_values(["gain_k", "project_id"], ascending=[False, True])[MOVE_COLUMNS].reset_index(
        drop=True)
