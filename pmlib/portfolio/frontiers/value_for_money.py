"""Projects by value for the money they still need, and the plan against what that order alone would buy."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.portfolio.decision import Decision
from pmlib.portfolio.frontiers.two_phase_plain import Bools
from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.origins import asked
from pmlib.portfolio.problem import Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What rows of the model limit, in words, by the first word of their name.
_LIMITS = {
    "budget": "budgets by year", "budget capex": "budgets by year", "budget opex": "budgets by year",
    "capacity": "people", "mix floor": "the mix", "mix ceiling": "the mix", "changes": "limits on change",
    "stops": "limits on change", "money moved": "limits on change", "mandatory": "mandatory projects",
    "requires": "links", "requires later": "links", "excludes": "links", "gain": "joint effects",
    "penalty": "joint effects", "overlap": "joint effects", "counted once": "joint effects",
}
_NOT_LIMITS = ("choose",)
_SHOWN = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class ValueForMoney:
    """The efficient order of projects, and the plan against it.

    Attributes
    ----------
    projects : DataFrame
        One row per project that can go on and can also be left, best value for money first: rank, project_id, name,
        value_k and cost_k (of going on, over leaving it: height and base of its triangle), value_per_cost (infinite
        for a project that saves money), total_cost_k and total_value_k (of the portfolio with this and all before
        it), action (planned), in_plan.
    start_cost_k, start_value_k : float
        Where the curve begins: every project left that can be left.
    plan_cost_k, plan_value_k : float
        The plan, as the sum of its projects: joint effects and bought people are left out. Missing without a plan.
    same_money_k : float
        Most value that the plan's money could buy without the limits, by any way of going on (a part of a project
        counts in part).
    same_value_k : float
        Least money for which the plan's value could be had without the limits, likewise.
    ignored : tuple of str
        Limits that the order knows nothing of.
    unit, currency : str
        Unit of the value, currency of the money.
    """

    projects: pd.DataFrame
    start_cost_k: float
    start_value_k: float
    plan_cost_k: float
    plan_value_k: float
    same_money_k: float
    same_value_k: float
    ignored: tuple[str, ...]
    unit: str
    currency: str = field(default="")

    def to_frame(self) -> pd.DataFrame:
        """One row per project, best value for money first."""
        return self.projects.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the curve, and the plan beneath it."""
        from pmlib.plots import trade_offs

        drawn: Axes = trade_offs.value_for_money(
            self.projects, ax=ax, unit=self.unit, currency=self.currency,
            plan=(self.plan_cost_k, self.plan_value_k), bounds=(self.same_money_k, self.same_value_k))
        return drawn

    @property
    def share(self) -> float:
        """Value the plan adds to the start, as a share of what its money could add without the limits."""
        could = self.same_money_k - self.start_value_k
        return (self.plan_value_k - self.start_value_k) / could if could > 0 else np.nan

    def summary(self) -> str:
        """Say how near the plan comes to the best value for its money, and what that leaves out of account."""
        best = self.projects["project_id"].head(_SHOWN).tolist()
        first = f"Most value for money: {', '.join(best)}." if best else "No project can both go on and be left."
        ignored = f" The order ignores {', '.join(self.ignored)}." if self.ignored else ""
        if not np.isfinite(self.plan_value_k):
            return f"{first} There is no plan to compare with.{ignored}"
        money = f"thousand {self.currency}".rstrip()
        return (f"{first} The plan brings {self.plan_value_k:,.0f} {self.unit} for {self.plan_cost_k:,.0f} {money}. "
                f"Without limits the same money could buy {self.same_money_k:,.0f}, and the same value would cost "
                f"{self.same_value_k:,.0f}.{ignored}")

    def headline(self) -> dict[str, str]:
        """Give the figures for the top of a page: big figure -> what it is."""
        if not np.isfinite(self.plan_value_k):
            return {str(len(self.projects)): "projects in order of value for money"}
        lines = {f"{100 * self.share:.0f} %": "of the value that the plan's money could add without limits"} \
            if np.isfinite(self.share) else {}
        return lines | {
            f"{self.same_money_k - self.plan_value_k:,.0f}": f"{self.unit} that limits keep the plan's money from",
            f"{self.plan_cost_k - self.same_value_k:,.0f}": f"thousand {self.currency} that limits add to its cost"}

    def __repr__(self) -> str:
        return (f"<ValueForMoney: {len(self.projects)} projects; plan {self.plan_value_k:,.0f} {self.unit} for "
                f"{self.plan_cost_k:,.0f}, without limits up to {self.same_money_k:,.0f}>")


def value_for_money(decision: Decision) -> ValueForMoney:
    """Order projects by value per cost, and say what that order alone would buy for the plan's money.

    Every project is a triangle: its base is the money that going on costs over leaving it, its height the value
    that brings, its slope the value for money. Put one after the other by falling slope, the triangles are the curve
    of the most value for any money, if no limit but money held: what the limits cost is the plan's distance to it.
    For a project with several ways to go on the most valuable counts (a hold where there is no other); one that is
    worth no more than leaving it never stands on the curve, but in the frame. What the plan's money and value could be
    without the limits counts every way, by the linear relaxation with one choice per project: no plan does better.

    Parameters
    ----------
    decision : Decision
        The plan decided upon, and its question.

    Returns
    -------
    ValueForMoney

    References
    ----------
    Phillips & Bana e Costa (2007), Annals of Operations Research 154. Dantzig (1957), the bound between two projects.
    Sinha & Zoltners (1979), Operations Research 27: the same with several ways.

    Examples
    --------
    >>> from pmlib.portfolio import rebalance
    >>> projects = pd.DataFrame({"project_id": ["P1", "P2"], "state": "proposed", "bac_k": 100.0, "spent_k": 0.0})
    >>> flows = pd.DataFrame({"project_id": ["P1", "P2"], "year": 2026, "cost_k": 100.0, "benefit_k": [150.0, 400.0]})
    >>> plan = rebalance({"projects": projects, "cash_flows": flows}, period="2025-12")
    >>> value_for_money(plan).to_frame()["project_id"].tolist()
    ['P2', 'P1']
    """
    problem = asked(decision).problem
    frame = problem.actions.frame
    value, cost = frame["value_k"].to_numpy(dtype=float), frame["cost_k"].to_numpy(dtype=float)
    leave, go_on = _two_ways(problem)
    open_ = leave != go_on
    start = cost[leave].sum(), value[leave].sum()
    plan = decision.outcome
    on = frame["on"].to_numpy(dtype=bool)
    in_plan = np.zeros(len(open_), bool) if plan is None else on[plan.choice] | (plan.choice == go_on)
    triangles = _ordered(decision, (value[go_on] - value[leave], cost[go_on] - cost[leave]), open_, start=start,
                         in_plan=in_plan)
    planned = (np.nan, np.nan) if plan is None else (float(cost[plan.choice].sum()), float(value[plan.choice].sum()))
    curve = _curve(problem)
    kinds = dict.fromkeys(name[0] for name in problem.model.names if name[0] not in _NOT_LIMITS)
    return ValueForMoney(
        projects=triangles, start_cost_k=float(start[0]), start_value_k=float(start[1]), plan_cost_k=planned[0],
        plan_value_k=planned[1], same_money_k=_at(curve, planned[0], of=0), same_value_k=_at(curve, planned[1], of=1),
        ignored=tuple(dict.fromkeys(_LIMITS.get(kind, kind) for kind in kinds)), unit=decision.unit,
        currency=decision.currency,
    )


def _two_ways(problem: Problem) -> tuple[Ints, Ints]:
    """Find the cheapest action that leaves each project, and the most valuable one that goes on, or else holds.

    Both are the same for a project without a choice.
    """
    frame = problem.actions.frame
    off = (~frame["on"].astype(bool) & (frame["action"] != "hold")).to_numpy()
    on = frame["on"].to_numpy(dtype=bool)
    project, n = frame["project"].to_numpy(), len(problem.actions.projects)
    by_cost = np.lexsort((frame["cost_k"].to_numpy(), project))
    by_value = np.lexsort((-frame["value_k"].to_numpy(), ~on, project))
    leave, go_on = (_first(order[good[order]], project, n) for order, good in ((by_cost, off), (by_value, ~off)))
    return np.where(leave >= 0, leave, go_on), np.where(go_on >= 0, go_on, leave)


def _first(order: Ints, project: Ints, n: int) -> Ints:
    found = np.full(n, -1, dtype=np.int64)
    found[project[order[::-1]]] = order[::-1]
    return found


def _ordered(
    decision: Decision, sides: tuple[Floats, Floats], open_: Bools, *, start: tuple[float, float], in_plan: Bools,
) -> pd.DataFrame:
    """Frame of the triangles by falling value per cost, with the totals along the curve."""
    value, cost = sides
    # A project that brings value and saves money comes first, one that brings none last.
    per_cost = np.where(value <= 0, -np.inf, np.where(cost <= 0, np.inf, value / np.where(cost > 0, cost, 1.0)))
    names = decision.problem.actions.projects[["project_id", "name"]]
    planned = decision.actions["action"].to_numpy()
    frame = names.assign(value_k=value, cost_k=cost, value_per_cost=per_cost, action=planned, in_plan=in_plan)[open_]
    frame = frame.sort_values(["value_per_cost", "value_k", "project_id"], ascending=[False, False, True])
    frame = frame.reset_index(drop=True)
    ratio = np.where(frame["cost_k"] > 0, frame["value_k"] / frame["cost_k"].where(frame["cost_k"] > 0, 1.0),
                     frame["value_per_cost"])
    frame = frame.assign(rank=np.arange(1, len(frame) + 1), value_per_cost=ratio,
                         total_cost_k=start[0] + frame["cost_k"].cumsum(),
                         total_value_k=start[1] + frame["value_k"].cumsum())
    return frame[["rank", "project_id", "name", "value_k", "cost_k", "value_per_cost", "total_cost_k", "total_value_k",
                  "action", "in_plan"]]


def _curve(problem: Problem) -> tuple[Floats, Floats]:
    """Corners of the curve of most value for any money over all ways to go on: no plan lies above it."""
    frame = problem.actions.frame
    cost, value = frame["cost_k"].to_numpy(dtype=float), frame["value_k"].to_numpy(dtype=float)
    corners = [_rising(cost, value, np.asarray(ways)) for ways in frame.groupby("project").indices.values()]
    first = np.array([ways[0] for ways in corners])
    steps = np.array([(cost[after] - cost[before], value[after] - value[before])
                      for ways in corners for before, after in pairwise(ways)]).reshape(-1, 2)
    steps = steps[np.argsort(-steps[:, 1] / steps[:, 0], kind="stable")]
    return cost[first].sum() + np.append(0.0, steps[:, 0].cumsum()), \
        value[first].sum() + np.append(0.0, steps[:, 1].cumsum())


def _rising(cost: Floats, value: Floats, ways: Ints) -> list[int]:
    """Ways of one project on its upper hull, from the cheapest as long as value rises, each step less worth it."""
    hull: list[int] = []
    for way in ways[np.lexsort((-value[ways], cost[ways]))].tolist():
        if hull and value[way] <= value[hull[-1]]:
            continue
        while len(hull) > 1 and ((value[way] - value[hull[-1]]) * (cost[hull[-1]] - cost[hull[-2]])
                                 >= (value[hull[-1]] - value[hull[-2]]) * (cost[way] - cost[hull[-1]])):
            hull.pop()
        hull.append(way)
    return hull


def _at(curve: tuple[Floats, Floats], amount: float, *, of: int) -> float:
    """Most value for an amount of money (``of=0``), or least money for an amount of value (``of=1``), on the curve."""
    if not np.isfinite(amount):
        return np.nan
    return float(np.interp(amount, curve[of], curve[1 - of]))
