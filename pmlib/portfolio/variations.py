"""The plan under another budget, other people or another mix: compiled once, answered as often as it is asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.portfolio.accounts import binding_limits, limit_frame, mix_frame
from pmlib.portfolio.arguments import of_kind
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.explain import explain
from pmlib.portfolio.mends import COLUMNS as MEND_COLUMNS
from pmlib.portfolio.mends import conflict, conflict_sentence, mends, sentences
from pmlib.portfolio.model import Floats, Ints, Solution, Status, solve
from pmlib.portfolio.other_limits import Band, Limits, bands, other_limits, skills, with_limits
from pmlib.portfolio.overrides import Overrides
from pmlib.portfolio.problem import Outcome, Problem, best_plan, chosen, going_on_as_now, outcome
from pmlib.portfolio.relaxation import Relaxation
from pmlib.portfolio.repairs import Repairs
from pmlib.portfolio.wording import big

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DECISION_COLUMNS = ["project_id", "name", "before", "action", "reason", "lower_k", "upper_k", "exact", "insisting"]
_KINDS: dict[str, Any] = dict.fromkeys(DECISION_COLUMNS, str) | dict.fromkeys(["lower_k", "upper_k"], float) | \
    {"exact": bool}
_VERBS = ("start", "keep", "slow", "fast", "hold", "stop", "decline")
#: Up to so many costs of insisting are searched for unasked where their bounds differ: a slider does not wait.
_SEARCHED = 2
#: From here on amounts are shown without decimals.
_WHOLE = 10
_SHOWN = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class WhatIf:
    """The best plan under other limits, and what differs from the plan it is compared with.

    Attributes
    ----------
    change : str
        What was moved, in words; empty when nothing was.
    actions : DataFrame
        One row per project: project_id, name, before, action, value_k, cost_k, reason. Without a plan the action is
        empty. ``before`` is the starting plan, or going on as now where there was none.
    decisions : DataFrame
        The projects decided otherwise than before, those dearest to insist on first: project_id, name, before,
        action, reason ("start → decline: ..."), lower_k, upper_k, exact, insisting. Insisting on the old verb costs
        between lower_k and upper_k of the value, everything else chosen anew; equal where that is ``exact``, infinite
        where no plan has it (lower_k) or none was found (upper_k); ``insisting`` says it in words.
    status : Status
    gap, bound, value_k, cost_k : float
        As in a `Decision`; missing without a plan.
    before_k : float
        Value of the starting plan; missing where there was none.
    mix : DataFrame
        horizon, today_share, plan_share, committed_share, floor_share, ceiling_share.
    binding : tuple of str
        Limits that keep out something worth doing.
    mends : DataFrame
        Changes that would make an infeasible question feasible.
    unit, currency : str
        Of values, and of all money.
    """

    change: str
    actions: pd.DataFrame
    decisions: pd.DataFrame
    status: Status
    gap: float
    bound: float
    value_k: float
    cost_k: float
    before_k: float
    mix: pd.DataFrame
    binding: tuple[str, ...]
    mends: pd.DataFrame
    unit: str
    currency: str
    problem: Problem = field(repr=False)
    outcome: Outcome | None = field(repr=False)

    @property
    def found(self) -> bool:
        """Whether there is a plan."""
        return self.outcome is not None

    @property
    def difference_k(self) -> float:
        """Value gained over the starting plan; missing without either."""
        return self.value_k - self.before_k

    def to_frame(self) -> pd.DataFrame:
        """One row per project: before, action, value, cost and reason."""
        return self.actions.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw what insisting on each old verb costs, as bars."""
        from pmlib.plots import forcing

        cannot = np.where(np.isinf(self.decisions["lower_k"]), "no plan holds every limit", "")
        drawn: Axes = forcing.costs_of_forcing(
            self.decisions.rename(columns={"before": "other"}).assign(cannot=cannot), ax=ax, unit=self.unit)
        return drawn

    def summary(self) -> str:
        """Say the plan, its worth against the one before, how many decisions differ, what binds, and how sure it is."""
        if not self.found:
            return self._no_plan()
        counts = self.actions["action"].value_counts()
        verbs = [f"{verb} {counts[verb]}" for verb in _VERBS if verb in counts]
        first = f"{verbs[0].capitalize()} project{'' if verbs[0].endswith(' 1') else 's'}"
        against = "" if math.isnan(self.before_k) else f", {_against(self.difference_k)}"
        differ = len(self.decisions)
        flips = f"{differ} decision{'s differ' if differ != 1 else ' differs'}" if differ else "No decision differs"
        binds = f"{self.binding[0][0].upper()}{self.binding[0][1:]} is what binds." if self.binding else ""
        return " ".join(filter(None, (
            f"{', '.join([first, *verbs[1:]])}. The plan is worth {self.value_k:,.0f} {self.unit}{against}.",
            f"{flips} from {_before(self)}.", binds, self._proof())))

    def headline(self) -> dict[str, str]:
        """Give the big figures and what they are."""
        if not self.found:
            return {str(self.status): "no plan" if self.status is Status.NO_PLAN else "no plan holds every limit"}
        money = self.unit.startswith("thousand")
        value = big(self.value_k) if money else f"{self.value_k:,.0f}"
        lines = {value: f"{self.currency if money else 'points'} expected value of the plan"}
        if not math.isnan(self.before_k):
            lines[f"{self.difference_k:+,.0f}"] = f"{self.unit} against the starting plan"
        sure = "no plan within these limits is worth more" if self.status is Status.PROVED else (
            f"gap {100 * self.gap:.1f} %")
        return lines | {f"{len(self.decisions)} of {len(self.actions)}": "decisions differ", str(self.status): sure}

    def __repr__(self) -> str:
        what = self.change or "as it is"
        return f"<WhatIf {what}: {self.status}>" if not self.found else (
            f"<WhatIf {what}: value {self.value_k:,.0f} {self.unit}; {len(self.decisions)} decisions differ; "
            f"{self.status}>")

    def _proof(self) -> str:
        if self.status is Status.PROVED:
            return "Proved: no plan within these limits is worth more."
        return (f"Not proved: another plan may be worth up to {self.bound - self.value_k:,.0f} more, "
                f"gap {100 * self.gap:.1f} %.")

    def _no_plan(self) -> str:
        if self.status is Status.NO_PLAN:
            return "Stopped without a plan: none was found before the limit of the search. Loosen what was moved."
        needed = sentences(self.mends)
        if not needed:
            return f"Infeasible: {conflict_sentence(conflict(self.problem))}"
        more = f"; and {len(needed) - _SHOWN} more" if len(needed) > _SHOWN else ""
        return f"Infeasible: no plan holds every limit. It needs {'; '.join(needed[:_SHOWN])}{more}."


def _against(difference: float) -> str:
    if not round(difference):
        return "as much as the starting plan"
    return f"{abs(difference):,.0f} {'more' if difference > 0 else 'less'} than the starting plan"


def _before(answer: WhatIf) -> str:
    return "going on as now, since there was no plan before" if math.isnan(answer.before_k) else "the starting plan"


def what_if(
    plan: Decision, *, budget_k: float | None = None, capacity: float | Mapping[str, float] | None = None,
    mix: Mapping[str, Band] | None = None, exact: bool | None = None,
) -> WhatIf:
    """Say what the best plan would be under another budget, with other people or with other bands of the mix.

    The answer is that of `rebalance` with the tables or the policy changed so, without reading the tables again.
    Who asks more than once keeps a `Variations`.

    Parameters
    ----------
    plan : Decision
        The plan to compare with; its question is the one that is changed.
    budget_k, capacity, mix, exact
        As for `Variations.ask`.

    Raises
    ------
    ParameterError
        It is no decision, or a limit lies outside its range or is not in the question.
    SolverError
        HiGHS cannot be loaded or fails.

    Examples
    --------
    >>> from pmlib.portfolio import rebalance
    >>> projects = pd.DataFrame({"project_id": ["P1", "P2"], "state": "proposed", "bac_k": [100.0, 300.0]})
    >>> flows = pd.DataFrame({"project_id": ["P1", "P2"], "year": 2026, "cost_k": [100.0, 300.0],
    ...                       "benefit_k": [250.0, 500.0]})
    >>> plan = rebalance({"projects": projects, "cash_flows": flows}, period="2025-12")
    >>> what_if(plan, budget_k=350).decisions[["project_id", "before", "action", "insisting"]]
      project_id before   action insisting
    0         P1  start  decline        48
    """
    return Variations(plan).ask(budget_k=budget_k, capacity=capacity, mix=mix, exact=exact)


class Variations:
    """One question with other limits, again and again: what was answered once is answered at once.

    Each search begins near the starting plan, so that the order of the questions changes no answer.

    Parameters
    ----------
    plan : Decision
        The plan to compare with; its question is the one that is changed.
    node_limit : int, optional
        Search nodes after which to stop with the best plan so far, which says its gap; by default those of the plan's
        own policy. A slider cannot wait for the rare question that takes minutes.

    Attributes
    ----------
    skills : tuple of str
        Whose people are limited.
    bands : dict of horizon to (floor, ceiling)
        Bands of the plan's own question, (0, 1) where none is set.

    Raises
    ------
    ParameterError
        It is no decision.
    """

    def __init__(self, plan: Decision, *, node_limit: int | None = None) -> None:
        self.plan = of_kind(plan, Decision, "plan", remedy="Pass what rebalance gives.")
        self.skills, self.bands = skills(plan.problem), bands(plan.problem)
        self._start = going_on_as_now(plan.problem) if plan.outcome is None else plan.outcome.choice
        self._before, self._node_limit = _verbs(plan.problem, self._start), node_limit
        self._known: dict[tuple[Limits, bool | None], WhatIf] = {}

    def ask(
        self, *, budget_k: float | None = None, capacity: float | Mapping[str, float] | None = None,
        mix: Mapping[str, Band] | None = None, exact: bool | None = None,
    ) -> WhatIf:
        """Answer for other limits; what is left out stays as in the plan's own question.

        Parameters
        ----------
        budget_k : float, optional
            Thousands for all years together, in place of the budgets by year.
        capacity : float or mapping of skill to float, optional
            Factor on the person-months of every month, 1 as in the tables: of all skills, or of those named.
        mix : mapping of horizon to (floor, ceiling), optional
            Bands as shares of money, 0-1; (0, 1) is no band.
        exact : bool, optional
            Whether every cost of insisting is searched for; when left out, two at most are, the others are bounded.

        Raises
        ------
        ParameterError
            A limit lies outside its range or is not in the question.
        SchemaError
            The bands cannot hold together.
        SolverError
            HiGHS cannot be loaded or fails.
        """
        limits = other_limits(self.plan.problem, budget_k=budget_k, capacity=capacity, mix=mix)
        if (limits, exact) not in self._known:
            self._known[limits, exact] = self._as_it_is() if limits == Limits() else self._anew(limits, exact)
        return self._known[limits, exact]

    def without_bands(
        self, *, budget_k: float | None = None, capacity: float | Mapping[str, float] | None = None,
    ) -> WhatIf:
        """Answer without any band of the mix; the other limits as for `ask`."""
        return self.ask(budget_k=budget_k, capacity=capacity, mix=dict.fromkeys(self.bands, (0.0, 1.0)))

    def _as_it_is(self) -> WhatIf:
        plan = self.plan
        return self._answer(plan.problem, plan, plan.outcome, reasons=plan.actions["reason"].tolist(), told={
            "change": "", "mends": plan.mends, "binding": plan.binding})

    def _anew(self, limits: Limits, exact: bool | None) -> WhatIf:
        problem = with_limits(self.plan.problem, limits)
        if self._node_limit is not None:
            problem = replace(problem, policy=replace(problem.policy, node_limit=self._node_limit))
        found, best = best_plan(problem, near=_nearby(problem, self._start))
        told: dict[str, Any] = {"change": limits.words(), "mends": pd.DataFrame(columns=MEND_COLUMNS), "binding": ()}
        if best is None:
            if found.status is Status.INFEASIBLE:
                told["mends"] = mends(problem)
            return self._answer(problem, found, None, reasons=["There is no plan."] * len(self._before), told=told)
        prices = solve(problem.model.relaxed()).prices
        reasons = explain(problem, best, prices)
        used = limit_frame(problem, best, prices=prices, blocking=reasons.blocking)
        told["binding"] = binding_limits(problem, best, used, prices=prices)
        told["decisions"] = self._decisions(problem, best, reasons.sentences, exact=exact)
        return self._answer(problem, found, best, reasons=reasons.sentences, told=told)

    def _answer(
        self, problem: Problem, found: Solution | Decision, best: Outcome | None, *, reasons: Sequence[str],
        told: Mapping[str, Any],
    ) -> WhatIf:
        nothing = pd.DataFrame(columns=DECISION_COLUMNS).astype(_KINDS)
        about = problem.actions.projects
        actions = pd.DataFrame({
            "project_id": about["project_id"], "name": about["name"], "before": self._before, "action": None,
            "value_k": math.nan, "cost_k": math.nan, "reason": reasons}).astype({"action": str})
        if best is not None:
            for column in ("action", "value_k", "cost_k"):
                actions[column] = problem.actions.frame[column].to_numpy()[best.choice]
        return WhatIf(
            actions=actions, status=found.status, gap=found.gap, bound=found.bound, before_k=self.plan.value_k,
            value_k=math.nan if best is None else best.value, cost_k=float(actions["cost_k"].sum(skipna=False)),
            mix=mix_frame(problem, best), unit=self.plan.unit, currency=problem.currency, problem=problem,
            outcome=best, **{"decisions": nothing} | dict(told))

    def _decisions(
        self, problem: Problem, best: Outcome, reasons: Sequence[str], *, exact: bool | None,
    ) -> pd.DataFrame:
        """Say of every project decided otherwise why, and between what limits insisting on its old verb costs."""
        before, now, about = self._before, _verbs(problem, best.choice), problem.actions.projects
        flipped = [project for project, verb in enumerate(before) if verb != now[project]]
        costs = Overrides(problem, best, about["project_id"].iloc[flipped].tolist())
        costs.bound()
        cases = [costs.cases.index((project, before[project])) for project in flipped]
        unsure = [case for case in cases if costs.lower[case] < costs.upper[case]]
        if exact or (exact is None and len(unsure) <= _SEARCHED):
            costs.solve_cases(unsure, executor=None, store=None)
        rows = []
        for project, case in zip(flipped, cases, strict=True):
            why, low, high = reasons[project], float(costs.lower[case]), float(costs.upper[case])
            rows.append((about["project_id"].iloc[project], about["name"].iloc[project], before[project], now[project],
                         f"{before[project]} → {now[project]}: {why[0].lower()}{why[1:]}", low, high, low == high,
                         _insisting(low, high)))
        frame = pd.DataFrame(rows, columns=DECISION_COLUMNS).astype(_KINDS)
        return frame.sort_values(["upper_k", "project_id"], ascending=[False, True]).reset_index(drop=True)


def _verbs(problem: Problem, choice: Ints) -> list[str]:
    return problem.actions.frame["action"].astype(str).iloc[choice].tolist()


def _insisting(low: float, high: float) -> str:
    """Write a cost, or the bounds of one, as a board reads it."""
    if math.isinf(low):
        return "not possible"
    if low == high:
        return _amount(low)
    return f"at least {_amount(low)}" if math.isinf(high) else f"{_amount(low)} to {_amount(high)}"


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _WHOLE or not value else f"{value:.2g}"


def _nearby(problem: Problem, start: Ints) -> Floats | None:
    """Columns of the best plan within reach of this choice and of the relaxed plan; none when no mend holds."""
    relaxed = Relaxation(problem.model).without(np.empty(0, dtype=np.int64))[1]
    if not len(relaxed):
        return None
    repairs, value = Repairs(problem, outcome(problem, start)), problem.actions.frame["value_k"].to_numpy()
    # A mend holds on to one project: the one worth most is the last that a good plan gives up.
    found = [repairs.around(choice, int(np.argmax(value[choice]))) for choice in (start, chosen(problem, relaxed))]
    plans = [plan for plan in found if plan is not None]
    return max(plans, key=lambda plan: plan.value).x if plans else None
