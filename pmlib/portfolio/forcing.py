"""What it costs to decide one project otherwise: bounds for all of them, exact answers, and what each displaces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.model import Status
from pmlib.portfolio.overrides import Overrides
from pmlib.portfolio.plans import Change, Plan, is_best, solve
from pmlib.portfolio.policy import Objective
from pmlib.portfolio.problem import Outcome, Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BOUND_COLUMNS = ["project_id", "planned", "action", "lower_k", "upper_k"]
COLUMNS = ["project_id", "name", "action", "other", "regret_k", "lower_k", "upper_k", "exact", "value_k", "flips_at_k",
           "displaces", "cannot"]
_KINDS: dict[str, Any] = dict.fromkeys(["project_id", "name", "action", "other", "displaces", "cannot"], str) | \
    dict.fromkeys(["regret_k", "lower_k", "upper_k", "value_k", "flips_at_k"], float) | {"exact": bool}
#: Up to so many projects, with so many actions among all, are solved exactly unasked: seconds, not minutes.
ALL_EXACT, ALL_ACTIONS = 60, 200
#: Overrides that lose at most this share of the plan's value are near-ties.
NEAR_TIE = 0.01
_SHOWN = 5
#: From here on amounts are shown without decimals.
_WHOLE = 10


def regret_bounds(problem: Problem, plan: Outcome | Plan, *, projects: Sequence[str] | None = None) -> pd.DataFrame:
    """Say between what limits the regret of every other action of every project lies, without a search.

    The regret is what the plan's value loses if the project is decided so and everything else is chosen anew.
    Not below: the plan's value less that of the linear relaxation with the action forced. Not above: the loss of
    the best plan that has it, of those found by mending the relaxed ones.

    Parameters
    ----------
    problem : Problem
        The question.
    plan : Outcome or Plan
        The best plan.
    projects : sequence of project_id, optional
        All when left out.

    Returns
    -------
    DataFrame
        project_id, planned, action, lower_k, upper_k; infinite below: no plan can have it; infinite above: no
        plan that has it was found.

    Raises
    ------
    ParameterError
        There is no plan, or a project is not decided here.
    """
    overrides = Overrides(problem, plan, projects)
    overrides.bound()
    ids = problem.actions.projects["project_id"]
    rows = [(ids.iloc[project], overrides.planned(project), verb, overrides.lower[i], overrides.upper[i])
            for i, (project, verb) in enumerate(overrides.cases)]
    return pd.DataFrame(rows, columns=BOUND_COLUMNS).astype(
        dict.fromkeys(BOUND_COLUMNS[:3], str) | dict.fromkeys(BOUND_COLUMNS[3:], float))


@dataclass(frozen=True, eq=False, kw_only=True)
class Forcing:
    """What it costs to decide each project otherwise, everything else chosen anew.

    Attributes
    ----------
    costs : DataFrame
        One row per project, dearest first: project_id, name, action (planned), other (the best other action),
        regret_k, lower_k, upper_k (bounds; equal to the regret where that is exact), exact, value_k (what going on
        is worth), flips_at_k (the value nearest to it beyond which the plan decides otherwise; where a verb is open
        in several ways, in other months say, it is sure not to flip before; missing when only bounded or when the
        project has no value, infinite when no value flips it), displaces (what changes
        elsewhere), cannot (why there is no other way; the regret is then infinite).
    plan_k : float
        Value of the plan.
    unit : str
        Unit of values and regrets.
    """

    costs: pd.DataFrame
    plan_k: float
    unit: str
    problem: Problem = field(repr=False)
    plan: Outcome | Plan = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """One row per project, dearest first."""
        return self.costs.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw what each override costs as bars."""
        from pmlib.plots import forcing as figures

        drawn: Axes = figures.costs_of_forcing(self.costs, ax=ax, unit=self.unit,
                                               near_k=NEAR_TIE * abs(self.plan_k))
        return drawn

    def force(self, project_id: str, action: str | None = None) -> float:
        """Say what is lost if this project is decided otherwise; as `force` does."""
        return force(self.problem, self.plan, project_id, action=action)

    @property
    def near_ties(self) -> tuple[str, ...]:
        """Projects that can be decided otherwise for at most 1 % of the plan's value, cheapest first."""
        near = self.costs[self.costs["upper_k"] <= NEAR_TIE * abs(self.plan_k)]
        return tuple(near.sort_values(["upper_k", "project_id"], kind="stable")["project_id"])

    def summary(self) -> str:
        """Say what an override costs at least and at most, which cost little, and which cannot be."""
        frame, near = self.costs, self.near_ties
        open_ones = frame[np.isfinite(frame["upper_k"])]
        stuck = int((frame["cannot"] != "").sum())
        words = [f"{stuck} of {len(frame)} projects cannot be decided otherwise."] if stuck else []
        if len(open_ones):
            least, most = open_ones.loc[open_ones["upper_k"].idxmin()], open_ones.loc[open_ones["upper_k"].idxmax()]
            cost = f"from {_at(least)} to {_at(most)}" if least["upper_k"] < most["upper_k"] else _at(least)
            words.insert(0, f"Deciding one project otherwise costs {cost} of the plan's {_amount(self.plan_k)} "
                            f"{self.unit}.")
        if near:
            shown = ", ".join(near[:_SHOWN]) + (f" and {len(near) - _SHOWN} more" if len(near) > _SHOWN else "")
            words.append(f"For at most 1 % of it: {shown}.")
        return " ".join(words)

    def headline(self) -> dict[str, str]:
        """Give the big figures and what they are."""
        finite = self.costs.loc[np.isfinite(self.costs["upper_k"]), "upper_k"]
        stuck = int((self.costs["cannot"] != "").sum())
        lines = {f"{len(self.near_ties)} of {len(self.costs)}": "projects can be decided otherwise for at most 1 % of "
                                                                "the plan's value"}
        if len(finite):
            lines[_amount(finite.median())] = f"{self.unit}: what an override costs, half of them more, half less"
        return lines | ({f"{stuck} fixed": "no other way is open"} if stuck else {})

    def __repr__(self) -> str:
        return (f"<Forcing: {len(self.costs)} projects, {int(self.costs['exact'].sum())} exact; "
                f"{len(self.near_ties)} cost at most 1 % of {_amount(self.plan_k)} {self.unit}>")


def _amount(value: float) -> str:
    """Thousands or points as a board reads them: whole ones, two digits of what is small."""
    return f"{value:,.0f}" if abs(value) >= _WHOLE or not value else f"{value:.2g}"


def _at(row: pd.Series) -> str:
    sure = "" if row["exact"] else "at most "
    return f"{sure}{_amount(row['upper_k'])} ({row['project_id']} {row['other']} instead of {row['action']})"


def force(problem: Problem, plan: Outcome | Plan, project_id: str, *, action: str | None = None) -> float:
    """Say what is lost if one project is decided otherwise and everything else is chosen anew.

    Parameters
    ----------
    problem : Problem
        The question.
    plan : Outcome or Plan
        The best plan.
    project_id : str
        The project.
    action : str, optional
        The action forced upon it; by default anything but the planned one.

    Returns
    -------
    float
        Value lost, 0 or more; infinite when no plan is left, missing when the node limit ended the search.

    Raises
    ------
    ParameterError
        There is no plan, the project is not decided here, or the action is not open to it.
    """
    overrides = Overrides(problem, plan, [project_id])
    project = overrides.projects[0]
    verbs = overrides.verbs(project)
    if action is not None and action not in verbs:
        out = problem.actions.left_out
        why = out.loc[(out["project_id"] == project_id) & (out["action"] == str(action)), "why"].tolist()
        because = f" ({why[0]})" if why else ""
        raise ParameterError(f"action: {action!r} is not open to {project_id}{because}. "
                             f"{did_you_mean(str(action), verbs)}")
    verb = overrides.planned(project) if action is None else action
    forbidden = overrides.columns(project, verb, other=action is not None)
    answer = solve(problem, Change(name=project_id, fixed=tuple((int(column), 0.0) for column in forbidden)))
    if answer.status is Status.INFEASIBLE:
        return math.inf
    return overrides.regret(answer.value) if is_best(answer, problem.policy.gap) else math.nan


def costs_of_forcing(
    problem: Problem, plan: Outcome | Plan, *, projects: Sequence[str] | None = None, exact: bool | None = None,
    executor: Executor | None = None, store: str | Path | None = None,
) -> Forcing:
    """Say for every project what it costs to decide it otherwise, at what value it flips, and what it displaces.

    The cost is the regret of an override: what the plan's value loses if the project is decided otherwise and
    everything else is chosen anew. It is also the margin of the planned action: while the worth of that action
    falls by less, the plan decides the same, since what is best without it does not depend on its worth. Where
    another action keeps a part of the project's value (a hold, a slower way), ``flips_at_k`` allows for it.

    Parameters
    ----------
    problem : Problem
        The question.
    plan : Outcome or Plan
        The best plan.
    projects : sequence of project_id, optional
        All when left out.
    exact : bool, optional
        Whether each is solved anew; when left out, up to 60 projects are where the plan has up to 200 actions to
        choose from, and more are bounded only.
    executor, store
        As in `solve_all`.

    Raises
    ------
    ParameterError
        There is no plan, or a project is not decided here.
    SolverError
        HiGHS cannot be loaded or fails.

    References
    ----------
    Savage (1951): regret, here that of the one decision that is forced.

    Examples
    --------
    >>> from pmlib.portfolio import rebalance
    >>> projects = pd.DataFrame({
    ...     "project_id": ["P17", "P23"], "state": "running", "bac_k": [5221.0, 2000.0], "spent_k": [4072.0, 1900.0]})
    >>> flows = pd.DataFrame({
    ...     "project_id": ["P17", "P23"], "year": 2026, "cost_k": [900.0, 300.0], "benefit_k": [520.0, 1150.0]})
    >>> plan = rebalance({"projects": projects, "cash_flows": flows}, period="2025-12")
    >>> costs_of_forcing(plan.problem, plan.outcome).costs[["project_id", "action", "other", "regret_k"]].round(0)
      project_id action other  regret_k
    0        P17   stop  hold     352.0
    1        P23   keep  hold      31.0
    """
    overrides = Overrides(problem, plan, projects)
    overrides.bound()
    plans: dict[int, Plan] = {}
    few = len(overrides.projects) <= ALL_EXACT and len(problem.actions.frame) <= ALL_ACTIONS
    if few if exact is None else exact:
        plans = overrides.solve_otherwise(executor=executor, store=store)
        open_cases = [case for project in overrides.projects for case in overrides.undecided(project)]
        overrides.solve_cases(open_cases, executor=executor, store=store)
    rows = [_row(overrides, project, plans.get(project)) for project in overrides.projects]
    costs = pd.DataFrame(rows, columns=COLUMNS).astype(_KINDS)
    return Forcing(
        # Ties to the sixth digit stand by name, whatever the last digits of the solver.
        costs=costs.assign(order=costs["upper_k"].round(6)).sort_values(
            ["order", "project_id"], ascending=[False, True]).drop(columns="order").reset_index(drop=True),
        plan_k=overrides.plan.value, problem=problem, plan=plan,
        unit="points" if problem.policy.objective is Objective.SCORE else f"thousand {problem.currency}")


def _row(overrides: Overrides, project: int, plan: Plan | None) -> tuple[Any, ...]:
    cases, about = overrides.of(project), overrides.problem.actions.projects.iloc[project]
    lower, upper = (float(side[cases].min()) if cases else math.inf for side in (overrides.lower, overrides.upper))
    best = min(cases, key=lambda case: (overrides.upper[case], overrides.lower[case]), default=None)
    exact = bool(overrides.sure[best]) and lower == upper if best is not None else True
    open_at_all = math.isfinite(lower)
    known = about["source"] != "unknown" and (plan is not None or not cases)
    return (about["project_id"], about["name"], overrides.planned(project),
            overrides.cases[best][1] if best is not None and open_at_all else "", upper if exact else math.nan,
            lower, upper, exact, about["value_k"], _flips_at(overrides, project) if known else math.nan,
            _displaced(overrides, project, plan) if plan is not None and exact else "",
            "" if open_at_all else "no plan holds every limit" if cases else "no other action is open")


def _flips_at(overrides: Overrides, project: int) -> float:
    """Value nearest to the project's own beyond which the plan decides otherwise."""
    (less, more), value = overrides.flips(project), float(overrides.problem.actions.projects["value_k"].iloc[project])
    return value - less if less <= more and math.isfinite(less) else value + more


def _displaced(overrides: Overrides, project: int, plan: Plan) -> str:
    """Say what changes elsewhere."""
    if not plan.found:
        return ""
    frame, before = overrides.problem.actions.frame, overrides.plan.choice
    verb, ids = frame["action"].to_numpy(dtype=str), overrides.problem.actions.projects["project_id"]
    return ", ".join(f"{verb[new]} {ids.iloc[other]} (planned: {verb[old]})"
                     for other, (old, new) in enumerate(zip(before, plan.choice, strict=True))
                     if other != project and verb[old] != verb[new])
