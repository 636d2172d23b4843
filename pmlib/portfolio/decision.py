"""Start, keep, hold or stop for every project: the plan, its proof, and the questions asked of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from pmlib.errors import BlockedTableError, MissingTableError, ParameterError
from pmlib.portfolio import forcing, wording
from pmlib.portfolio.accounts import (
    ACTION_COLUMNS,
    LIMIT_COLUMNS,
    binding_limits,
    described,
    effect_frame,
    limit_frame,
    marked_binding,
    mix_frame,
    money_frame,
    months_of,
    people_frame,
)
from pmlib.portfolio.actions import ON
from pmlib.portfolio.certificate import certified
from pmlib.portfolio.comparison import COLUMNS as AGAINST_COLUMNS
from pmlib.portfolio.comparison import compare
from pmlib.portfolio.explain import Reason, explain
from pmlib.portfolio.mends import COLUMNS as MEND_COLUMNS
from pmlib.portfolio.mends import mends
from pmlib.portfolio.model import Solution, Status, solve
from pmlib.portfolio.policy import Objective, Policy
from pmlib.portfolio.problem import Outcome, Problem, best_plan, compile_problem, going_on_as_now, outcome
from pmlib.portfolio.valuation import Scored
from pmlib.portfolio.worth import COLUMNS as WORTH_COLUMNS
from pmlib.portfolio.worth import worth_of_limits

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    from matplotlib.axes import Axes

_Answer = TypeVar("_Answer")
_VERBS = ("start", "keep", "slow", "fast", "hold", "stop", "decline")


@dataclass(frozen=True, eq=False, kw_only=True)
class Decision:
    """Start, keep, hold or stop for every project, with the limits that forced it.

    Attributes
    ----------
    actions : DataFrame
        One row per project to decide: project_id, name, programme_id, state, action, value_k, cost_k,
        value_on_k, cost_on_k, points_on, p_success (0-1), reason_code, reason, changed, month (in which a start
        begins or a hold ends).
        Without a plan the action is empty, never zero.
    status : Status
        proved, within gap, infeasible or no plan.
    gap, bound : float
        Relative gap, and the most any plan could be worth.
    value_k, cost_k : float
        Worth of the plan, joint effects included, and money still to spend.
    now_value_k, now_holds : float, bool
        Worth of going on as now, and whether that holds every limit (`against` says which it breaks).
    limits, mix, money, people, effects, left_out, mends : DataFrame
        Limits with their slack; shares by horizon; money by year; people by month; joint effects and bought
        people; actions that were not allowed; changes that would make an infeasible problem feasible.
    binding : tuple of str
        Limits that keep out something worth doing.
    notes : tuple of str
        What the reader should know of the data.
    seconds : float
        Time of the solver; not shown, since reports must repeat.
    """

    actions: pd.DataFrame
    status: Status
    gap: float
    bound: float
    value_k: float
    cost_k: float
    now_value_k: float
    now_holds: bool
    limits: pd.DataFrame
    mix: pd.DataFrame
    money: pd.DataFrame
    people: pd.DataFrame
    effects: pd.DataFrame
    left_out: pd.DataFrame
    mends: pd.DataFrame
    binding: tuple[str, ...]
    notes: tuple[str, ...]
    unit: str
    seconds: float
    problem: Problem = field(repr=False)
    outcome: Outcome | None = field(repr=False)

    @property
    def found(self) -> bool:
        """Whether there is a plan."""
        return self.outcome is not None

    def to_frame(self) -> pd.DataFrame:
        """One row per project: action, value, cost and reason."""
        return self.actions.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw value against cost, one mark per project."""
        from pmlib.plots import portfolio

        drawn: Axes = portfolio.decisions(self.actions, ax=ax, unit=self.unit, currency=self.currency)
        return drawn

    def counts(self) -> dict[str, int]:
        """Count projects by verb, in the order start, keep, slow, fast, hold, stop, decline."""
        found = self.actions["action"].value_counts()
        return {verb: int(found[verb]) for verb in _VERBS if verb in found}

    @property
    def policy(self) -> Policy:
        """The options this was decided with."""
        return self.problem.policy

    @property
    def going_on(self) -> tuple[str, ...]:
        """The projects that are started or go on, at once; empty without a plan."""
        return tuple(self.actions.loc[self.actions["action"].isin(ON), "project_id"])

    @property
    def totals(self) -> pd.DataFrame:
        """Money and points of the plan and of going on as now: measure, plan, now, unit; both whatever was chosen by.

        Points are missing when none were handed in.
        """
        frame, ways = self.problem.actions.frame, (self.outcome, outcome(self.problem, going_on_as_now(self.problem)))
        chosen = [None if way is None else (way, frame.iloc[way.choice]) for way in ways]
        rows = []
        for name, column, unit in (("money", "money_k", f"thousand {self.currency}"), ("score", "points", "points")):
            # What the value holds beside the actions themselves, joint effects and bought people, is money.
            sums = [math.nan if one is None else float(one[1][column].sum())
                    + (one[0].value - float(one[1]["value_k"].sum()) if name == "money" else 0.0) for one in chosen]
            if not frame[column].notna().any():
                sums = [math.nan, math.nan]
            rows.append((name, *sums, unit))
        return pd.DataFrame(rows, columns=["measure", "plan", "now", "unit"])

    @property
    def currency(self) -> str:
        """Currency of all money."""
        return self.problem.currency

    @property
    def scarcest_skill(self) -> str:
        """The skill that binds first, else the one used most; empty without capacity."""
        capacity = self.limits[self.limits["kind"] == "capacity"]
        first_words = [words.partition(" in ")[0] for words in self.binding]
        bound = [name for name in first_words if name in set(capacity["name"])]
        if bound or capacity.empty:
            return bound[0] if bound else ""
        totals = capacity.groupby("name")[["use", "available"]].sum()
        return str((totals["use"] / totals["available"].clip(lower=1e-9)).idxmax())

    def summary(self) -> str:
        """Say the plan in a few sentences with its numbers."""
        return wording.summary(self)

    def headline(self) -> dict[str, str]:
        """Give the figures for the top of a page."""
        return wording.headline(self)

    def __repr__(self) -> str:
        return wording.one_line(self)

    def worth_of_limits(self) -> pd.DataFrame:
        """Say what one more unit of each limit would bring, and 10 % more, by exact re-solves.

        Returns
        -------
        DataFrame
            limit, unit, gain_k, gain_share, ten_percent_k, ten_percent_share, proved (else the gain may be larger);
            empty without a plan.
        """
        return worth_of_limits(self.problem, self.outcome) if self.outcome is not None else _empty(WORTH_COLUMNS)

    def against(self, last: Mapping[str, str] | pd.Series | None = None) -> pd.DataFrame:
        """Say what going on as now, the last plan and rules of thumb lose, and which limits they break.

        Parameters
        ----------
        last : Series or mapping of project_id to action, optional
            What was decided last time.

        Returns
        -------
        DataFrame
            rule, value_k, cost_k, loss_k, loss_share, projects, breaks; empty without a plan.
        """
        if self.outcome is None:
            return _empty(AGAINST_COLUMNS)
        return compare(self.problem, self.outcome, last=last)

    def ask(self, question: Callable[..., _Answer], *tables: Mapping[str, Any], **options: Any) -> _Answer | None:
        """Ask something of the plan: the answer, or None where there is no plan or a table is missing.

        Parameters
        ----------
        question : callable of a decision
            Such as ``pm.portfolio.roadmap``.
        *tables, **options
            What else it takes.

        Examples
        --------
        >>> plan.ask(pm.portfolio.roadmap, book)  # doctest: +SKIP
        """
        try:
            return question(self, *tables, **options) if self.found else None
        except BlockedTableError:
            raise
        except MissingTableError:
            return None

    def force(self, project_id: str, action: str | None = None) -> float:
        """Say what is lost if this project is decided otherwise and everything else is chosen anew.

        Parameters
        ----------
        project_id : str
            The project.
        action : str, optional
            The action forced upon it; by default anything but the planned one.

        Returns
        -------
        float
            Value lost in thousands (points for the score), 0 or more; infinite when no plan is left, missing
            when the node limit ended the search before the policy's gap was reached.

        Raises
        ------
        ParameterError
            The project is not decided here, or the action is not open to it.
        """
        return forcing.force(self.problem, self._needed(), project_id, action=action)

    def costs_of_forcing(
        self, projects: Sequence[str] | None = None, *, exact: bool | None = None, executor: Executor | None = None,
        store: str | Path | None = None,
    ) -> forcing.Forcing:
        """Say for every project what deciding it otherwise costs, when it flips and what it displaces.

        Parameters
        ----------
        projects : sequence of project_id, optional
            All when left out.
        exact : bool, optional
            Whether each is solved anew; when left out, up to 60 projects with 200 actions are, more are bounded only.
        executor, store
            Where to solve, and a folder from which an interrupted run goes on.

        Raises
        ------
        ParameterError
            There is no plan, or a project is not decided here.
        """
        return forcing.costs_of_forcing(self.problem, self._needed(), projects=projects, exact=exact,
                                        executor=executor, store=store)

    def check(self) -> str:
        """Add everything up again without the solver; without a plan there is nothing to add, and it says so.

        Raises
        ------
        CheckError
            A total does not reconcile, or the plan breaks a limit or a link.
        """
        return certified(self)

    def _needed(self) -> Outcome:
        if self.outcome is None:
            raise ParameterError(f"plan: there is none ({self.status}). Look at .mends for what has to give way.")
        return self.outcome


def rebalance(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None,
    values: Mapping[str, float] | pd.Series | None = None,
    points: Scored | Mapping[str, float] | pd.Series | None = None,
    policy: Policy | None = None,
) -> Decision:
    """Decide what to start, keep, hold and stop, within time, money, people and mix, and say why.

    The expected net benefit still to come is made as large as possible (or the score handed in). Sunk cost
    never counts. Of plans within one millionth of the best value the one with fewest changes is taken.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects, and estimates or cash_flows; whatever there is of workbook, options, demand, capacity,
        budgets, links, programmes, mix_targets limits the plan.
    period : int or str, optional
        Last known month (``YYYY-MM`` or year * 12 + month); the plan begins with the next one.
        By default the month of the workbook's as_of.
    values : Series or mapping of project_id to number, optional
        What going on is worth, in thousands, in place of the estimates.
    points : Scorecard, Series or mapping of project_id to number, optional
        The score, in points that add up (of a card its ``increments``): for the objectives ``score`` and ``mix``,
        else shown beside the money. A result that only ranks is refused, and in a mix one that counts money again.
    policy : Policy, optional
        Budget, yardstick, limits on change, hold, discounting.

    Returns
    -------
    Decision

    Raises
    ------
    MissingTableError
        projects is missing, or nothing gives a value.
    ParameterError
        The period is unknown, or ``values`` fits no project or only ranks.
    SchemaError
        Budgets, links or the currency of estimates contradict themselves.
    SolverError
        HiGHS cannot be loaded or fails.

    References
    ----------
    Kellerer, Pferschy & Pisinger (2004), Knapsack Problems. Swanson's mean: Hurst, Brown & Swanson (2000).

    Examples
    --------
    >>> projects = pd.DataFrame({
    ...     "project_id": ["P17", "P23"], "state": "running", "bac_k": [5221.0, 2000.0], "spent_k": [4072.0, 1900.0]})
    >>> flows = pd.DataFrame({
    ...     "project_id": ["P17", "P23"], "year": 2026, "cost_k": [900.0, 300.0], "benefit_k": [520.0, 1150.0]})
    >>> rebalance({"projects": projects, "cash_flows": flows}, period="2025-12").actions["action"].tolist()
    ['stop', 'keep']
    """
    problem = compile_problem(tables, period=period, values=values, points=points, policy=policy)
    answer, plan = best_plan(problem)
    now = outcome(problem, going_on_as_now(problem))
    common: dict[str, Any] = {
        "status": answer.status, "seconds": answer.seconds, "left_out": problem.actions.left_out,
        "mix": mix_frame(problem, plan), "money": money_frame(problem, plan), "people": people_frame(problem, plan),
        "now_value_k": now.value, "now_holds": not len(now.broken), "unit": _value_unit(problem),
        "problem": problem, "outcome": plan,
    }
    return _without_plan(problem, answer, common) if plan is None else _with_plan(problem, answer, plan, common=common)


def _empty(columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype=object) for name in columns})


def _value_unit(problem: Problem) -> str:
    if problem.policy.objective is Objective.SCORE:
        return "points"
    mixed = problem.policy.objective is Objective.MIX
    return f"thousand {problem.currency}{f' (a point counts {problem.policy.k_per_point:g})' if mixed else ''}"


def _with_plan(problem: Problem, answer: Solution, plan: Outcome, *, common: dict[str, Any]) -> Decision:
    prices = solve(problem.model.relaxed()).prices
    reasons = explain(problem, plan, prices)
    limits = limit_frame(problem, plan, prices=prices, blocking=reasons.blocking)
    row = problem.actions.frame.iloc[plan.choice].reset_index(drop=True)
    actions = described(problem).assign(
        action=row["action"].astype(str), value_k=row["value_k"], cost_k=row["cost_k"],
        reason_code=list(reasons.codes), reason=list(reasons.sentences), changed=row["changed"].astype(bool),
        month=months_of(row),
    )
    return Decision(
        actions=actions[ACTION_COLUMNS], gap=answer.gap, bound=answer.bound, value_k=plan.value,
        cost_k=float(row["cost_k"].sum()), limits=limits, binding=binding_limits(problem, plan, limits, prices=prices),
        effects=effect_frame(problem, plan), mends=_empty(MEND_COLUMNS),
        notes=problem.notes, **common | {"people": marked_binding(common["people"], limits)},
    )


def _without_plan(problem: Problem, answer: Solution, common: dict[str, Any]) -> Decision:
    why = "No plan holds every limit." if answer.status is Status.INFEASIBLE else "No plan was found in time."
    actions = described(problem).assign(
        action=pd.Series(None, index=problem.actions.projects.index, dtype=str), value_k=np.nan, cost_k=np.nan,
        reason_code=str(Reason.NO_PLAN), reason=why, changed=False,
        month=pd.array([None] * len(problem.actions.projects), dtype="Int64"),
    )
    mended = mends(problem) if answer.status is Status.INFEASIBLE else _empty(MEND_COLUMNS)
    return Decision(
        actions=actions[ACTION_COLUMNS], gap=math.nan, bound=math.nan, value_k=math.nan, cost_k=math.nan,
        limits=_empty(LIMIT_COLUMNS), binding=(), mends=mended, notes=problem.notes,
        effects=_empty(["kind", "name", "projects", "value_k"]),
        **common | {"people": common["people"].assign(binding=False)},
    )
