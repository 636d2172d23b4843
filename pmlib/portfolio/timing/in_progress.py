"""How many projects at a time: the number in progress by month, and what limiting it does to finish dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.months import month_text
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.origins import tables_of
from pmlib.portfolio.problem import Problem, going_on_as_now
from pmlib.portfolio.timing.dates import dates
from pmlib.portfolio.timing.list_scheduling import Jobs, one_after_another, shared_alike
from pmlib.portfolio.timing.roadmaps import needed_pairs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LIMITS = (5, 10, 15, 20, 30, None)
LIMIT_COLUMNS = ["rule", "limit", "most", "mean_finish", "median_finish", "last_finish", "value_k", "unfinished"]
_YEAR = 12


class Rule(StrEnum):
    """How the people are given to the projects in progress."""

    SHARED = "shared alike"
    IN_ORDER = "one after another"


class Of(StrEnum):
    """Which projects are simulated."""

    WORTH_DOING = "worth doing"
    PLAN = "plan"


@dataclass(frozen=True, eq=False, kw_only=True)
class InProgress:
    """Number of projects in progress, and a simulation of limiting it.

    Attributes
    ----------
    months : DataFrame
        month (year * 12 + month), plan, now: projects in progress under the plan and going on as now.
    little : DataFrame
        One row for the plan and one for now (Little's law, from the plan's first month to the last finish): of,
        projects, months, throughput (finished a month), mean_months (in progress, within these months), expected
        (throughput x mean_months), counted (mean of the number in progress): the last two are the same.
    limits : DataFrame
        A simulation by two rules, not the optimum.  One row per rule and limit: rule, limit (projects at a time;
        missing: none), most (in progress at any time), mean_finish, median_finish, last_finish (in which month of
        the plan those that finish do, its first is 1), value_k (of going on, discounted by how much later than
        undisturbed each finishes), unfinished (projects that never fit).
    of : Of
        Which projects are simulated.
    order : tuple of str
        Their order: value per person-month of the scarcest skill, highest first.
    scarcest : str
        That skill.
    notes : tuple of str
    """

    months: pd.DataFrame
    little: pd.DataFrame
    limits: pd.DataFrame
    of: Of
    order: tuple[str, ...]
    scarcest: str
    unit: str
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per month: projects in progress under the plan and going on as now."""
        return self.months.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the number in progress by month."""
        from pmlib.plots import timing

        drawn: Axes = timing.in_progress(self.months, ax=ax)
        return drawn

    def plot_limits(self, *, ax: Axes | None = None) -> Axes:
        """Draw the mean finish against the limit on projects in progress."""
        from pmlib.plots import timing

        drawn: Axes = timing.limits_in_progress(self.limits, ax=ax)
        return drawn

    def best(self, rule: Rule | str = Rule.SHARED) -> pd.Series:
        """Row of the limit with the most discounted value under a rule; of equal ones the highest limit."""
        known = [str(kind) for kind in Rule]
        if str(rule) not in known:
            raise ParameterError(f"rule: got {rule!r}. {did_you_mean(str(rule), known)}")
        mine = self.limits[self.limits["rule"] == str(rule)]
        top = mine["value_k"].max()
        best: pd.Series = mine[mine["value_k"] >= top - 1e-9 * max(1.0, abs(top))].iloc[-1]
        return best

    def summary(self) -> str:
        """Say how many are in progress, what Little's law makes of it, and what a limit would do."""
        if self.months.empty:
            return " ".join(("No project is in progress.", *self.notes))
        plan, now = self.months["plan"], f"{self.months['now'].max():.0f}"
        most = f"There is no plan; going on as now has up to {now} in progress."
        if plan.notna().any():
            month = month_text(int(self.months["month"].iloc[int(plan.argmax())]))
            most = f"Most in progress under the plan: {plan.max():.0f}, in {month} (going on as now {now})."
        return " ".join(filter(None, (most, self._law(), self._simulated(), *self.notes)))

    def _law(self) -> str:
        if self.little.empty:
            return ""
        row = self.little.iloc[0]
        return (f"Little's law: {row['throughput']:.2f} finished a month x {row['mean_months']:.1f} months = "
                f"{row['expected']:.1f} in progress on average.")

    def _simulated(self) -> str:
        if self.limits.empty:
            return ""
        shared = self.limits[self.limits["rule"] == str(Rule.SHARED)]
        best, free = self.best(), shared.iloc[-1]
        what = f"the {len(self.order)} projects " + ("of the plan" if self.of is Of.PLAN else "worth doing")
        rule = "By simulation (people only, not the optimum)"
        if pd.isna(best["limit"]):
            return (f"{rule}: no limit brings {what} to an earlier or more valuable finish than none (mean "
                    f"{free['mean_finish']:.1f} months).")
        return (f"{rule}: if {what} shared the people alike, {best['limit']:.0f} at a time instead of "
                f"{free['most']:.0f} would bring the mean finish from {free['mean_finish']:.1f} to "
                f"{best['mean_finish']:.1f} months and {best['value_k'] - free['value_k']:,.0f} {self.unit} more.")

    def headline(self) -> dict[str, str]:
        """Give the most in progress, the throughput and the best limit."""
        if self.months.empty:
            return {"0": "projects in progress"}
        most = {f"{self.months['plan'].max():.0f}": "most in progress under the plan"} \
            if self.months["plan"].notna().any() else {}
        rate = {f"{self.little['throughput'].iloc[0]:.2f}": "finished a month"} if len(self.little) else {}
        limit = {}
        if len(self.limits):
            best = self.best()["limit"]
            limit = {"no limit" if pd.isna(best) else f"{best:.0f} at a time": "is worth most, by simulation"}
        return most | rate | limit

    def __repr__(self) -> str:
        """Say it in one line."""
        plan = f"{self.months['plan'].max():.0f}" if self.months["plan"].notna().any() else "no plan"
        now = f"{self.months['now'].max():.0f}" if len(self.months) else "0"
        return f"<InProgress: at most {plan} by plan, {now} as now; {len(self.order)} projects simulated>"


def number_in_progress(
    decision: Decision, tables: Mapping[str, pd.DataFrame], *, of: Of | str = Of.WORTH_DOING,
    limits: Sequence[int | None] = LIMITS,
) -> InProgress:
    """Count projects in progress by month, and simulate what limiting their number would do to finish dates.

    The simulation is a rule, not the optimum: it knows people (with those that can be bought), earliest starts and
    which project needs which finished; it knows no money, mix or other links. Projects begin in the order of their
    value per person-month of the scarcest skill, at most so many at a time, each project's work spread as planned.
    Two rules: ``shared alike`` (where a skill is short, all in progress slow down alike) and ``one after another``
    (each keeps the people it needs from begin to finish; the next waits until it fits).

    Parameters
    ----------
    decision : Decision
        The plan.
    tables : mapping of table name to frame
        The tables it was made from: estimates and links are read.
    of : Of
        ``worth doing``: everything that could go on and has a value above 0 (or is mandatory), whether planned or
        not; ``plan``: what goes on under the plan.
    limits : sequence of int or None
        Most projects in progress at a time; none at all (None) is always among them.

    Raises
    ------
    MissingTableError
        projects is missing.
    ParameterError
        A limit is below 1 or not whole, ``of`` is unknown, or the tables are not those of the decision.
    SchemaError
        A table breaks its definition.

    References
    ----------
    Little (1961), Operations Research 9(3). Serial schedule generation: Kelley (1963); Kolisch (1996), European
    Journal of Operational Research 90.
    """
    scope, wanted = _scope(of), _limits(limits)
    tables = tables_of(decision, tables)
    problem, plan = decision.problem, decision.outcome
    now = dates(problem, going_on_as_now(problem), tables)
    now = now[now["action"] != "hold"]
    planned = None if plan is None else dates(problem, plan.choice, tables)
    months, little = _counted(problem.actions.first, planned, now)
    scarcest = decision.scarcest_skill
    choice = _choice(problem, None if plan is None else plan.choice, scope)
    laid = dates(problem, choice, tables) if choice is not None else now.iloc[:0]
    laid, unknown = _simulable(problem, laid, scope)
    blind = sorted({name for side in (planned, now) if side is not None
                    for name in side.loc[side["finish"].isna(), "project_id"]} | set(unknown))
    notes = (f"Not counted, since how long they take is not known: {', '.join(blind)}.",) if blind else ()
    table, order = _simulated(problem, choice, laid, tables=tables, scarcest=scarcest, limits=wanted)
    return InProgress(months=months, little=little, limits=table, of=scope, order=order, scarcest=scarcest,
                      unit=decision.unit, notes=notes)


def _scope(of: Of | str) -> Of:
    try:
        return Of(of)
    except ValueError:
        raise ParameterError(f"of: got {of!r}. {did_you_mean(str(of), list(Of))}") from None


def _limits(limits: Sequence[int | None]) -> tuple[int | None, ...]:
    if not isinstance(limits, Iterable):
        raise ParameterError(f"limits: got {limits!r}, allowed whole numbers from 1 on, or None for no limit. "
                             "Pass, say, (5, 10, None).")
    limits = list(limits)
    for limit in limits:
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, Integral) or limit < 1):
            raise ParameterError(f"limits: got {limit!r}, allowed whole numbers from 1 on, or None for no limit. "
                                 "Pass, say, (5, 10, None).")
    known = sorted({int(limit) for limit in limits if limit is not None})
    return (*known, None)


def _counted(first: int, planned: pd.DataFrame | None, now: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count projects in progress by month, and work out both sides of Little's law."""
    sides = {"plan": planned, "now": now}
    ends = [side["finish"].dropna() for side in sides.values() if side is not None]
    last = max((int(end.max()) for end in ends if len(end)), default=first - 1)
    months = np.arange(first, last + 1)
    counts, law = {}, []
    for name, side in sides.items():
        if side is None:
            counts[name] = np.full(len(months), np.nan)
            continue
        known = side[side["finish"].notna()]
        begin = known["begin"].to_numpy(dtype=np.int64).clip(min=first)
        finish = known["finish"].to_numpy(dtype=np.int64)
        counts[name] = ((begin <= months[:, None]) & (months[:, None] <= finish)).sum(axis=1).astype(float)
        if len(known):
            law.append(_little(name, begin, finish, counts[name][: int(finish.max()) - first + 1]))
    columns = ["of", "projects", "months", "throughput", "mean_months", "expected", "counted"]
    return pd.DataFrame({"month": months} | counts), pd.DataFrame(law, columns=columns)


def _little(name: str, begin: Ints, finish: Ints, counts: Floats) -> tuple[str, int, int, float, float, float, float]:
    rate, time = len(begin) / len(counts), float((finish - begin + 1).mean())
    return name, len(begin), len(counts), rate, time, rate * time, float(counts.mean())


def _choice(problem: Problem, planned: Ints | None, scope: Of) -> Ints | None:
    """Pick the action that is simulated of every project: the planned one, or its earliest way to go on."""
    if scope is Of.PLAN:
        return planned
    frame = problem.actions.frame
    ways = frame[frame["on"].astype(bool)].sort_values(["project", "delay_months", "value_k"],
                                                       ascending=[True, True, False], kind="stable")
    ways = ways.drop_duplicates("project")
    choice = going_on_as_now(problem)
    choice[ways["project"].to_numpy(dtype=np.int64)] = ways.index.to_numpy(dtype=np.int64)
    return choice


def _simulable(problem: Problem, laid: pd.DataFrame, scope: Of) -> tuple[pd.DataFrame, list[str]]:
    """Projects with a length that are worth doing, and the ids of those whose length nothing tells."""
    if scope is Of.WORTH_DOING:
        owner = problem.actions.projects.iloc[laid["project"].to_numpy(dtype=np.int64)]
        good = ((owner["value_k"] > 0) | owner["mandatory"].astype(bool)).to_numpy()
        laid = laid[good & (laid["action"] != "hold").to_numpy()]
    unknown = laid.loc[laid["finish"].isna(), "project_id"].tolist()
    return laid[laid["finish"].notna()].reset_index(drop=True), unknown


def _simulated(
    problem: Problem, choice: Ints | None, laid: pd.DataFrame, *, tables: Mapping[str, pd.DataFrame], scarcest: str,
    limits: Sequence[int | None],
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Both rules at every limit, and the order in which the projects begin."""
    if laid.empty or choice is None:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in LIMIT_COLUMNS}), ()
    jobs, skills = _jobs(problem, choice, laid, tables)
    value = problem.actions.frame["value_k"].to_numpy(dtype=float)[choice[laid["project"].to_numpy(dtype=np.int64)]]
    order = _priority(value, jobs, skills, scarcest)
    undisturbed = np.maximum(jobs.earliest + jobs.length - 1, 0)
    rate = problem.policy.discount_rate
    rows = []
    for rule in Rule:
        for limit in limits:
            begins, ends = _run(jobs, order, rule, limit)
            rows.append((str(rule), np.nan if limit is None else limit, *_outcome(
                begins, ends, value=value, undisturbed=undisturbed, rate=rate)))
    return pd.DataFrame(rows, columns=LIMIT_COLUMNS), tuple(laid["project_id"].iloc[order])


def _run(jobs: Jobs, order: Ints, rule: Rule, limit: int | None) -> tuple[Ints, Ints]:
    if rule is Rule.SHARED:
        return shared_alike(jobs, order, limit)
    begins = one_after_another(jobs, order, limit)
    return begins, np.where(begins >= 0, begins + jobs.length - 1, -1)


def _outcome(begins: Ints, ends: Ints, *, value: Floats, undisturbed: Ints, rate: float) -> tuple[float, ...]:
    fits = ends >= 0
    if not fits.any():
        return 0.0, np.nan, np.nan, np.nan, 0.0, float(len(ends))
    months = np.arange(int(ends.max()) + 1)
    at_once = ((begins[fits] <= months[:, None]) & (months[:, None] <= ends[fits])).sum(axis=1).max()
    worth = value * (1.0 + rate) ** (-(ends - undisturbed) / _YEAR)
    finish = ends[fits] + 1.0
    return (float(at_once), float(finish.mean()), float(np.median(finish)), float(finish.max()),
            float(worth[fits].sum()), float((~fits).sum()))


def _jobs(
    problem: Problem, choice: Ints, laid: pd.DataFrame, tables: Mapping[str, pd.DataFrame],
) -> tuple[Jobs, list[str]]:
    """Arrays of the simulation: months of work, people in each, who waits for whom, people there are."""
    first, capacity = problem.actions.first, problem.capacity
    there = capacity.assign(there=capacity["person_months"] + capacity["hire_limit_pm"]).pivot(
        index="skill", columns="month", values="there").astype(float)
    last = int(there.columns.max()) if there.shape[1] else first
    there = there.reindex(columns=range(first, last + 1)).ffill(axis=1).fillna(np.inf)
    earliest = np.maximum(laid["begin"].to_numpy(dtype=np.int64) - first, 0)
    ids = laid["project"].to_numpy(dtype=np.int64)
    needs = problem.actions.people[problem.actions.people["skill"].isin(there.index)]
    place = pd.Index(choice[ids]).get_indexer(pd.Index(needs["action"].to_numpy(dtype=np.int64)))
    needs, place = needs[place >= 0], place[place >= 0]
    offset = np.maximum(needs["month"].to_numpy(dtype=np.int64) - first - earliest[place], 0)
    length = laid["finish"].to_numpy(dtype=np.int64) - first - earliest + 1
    np.maximum.at(length, place, offset + 1)
    need = np.zeros((len(laid), len(there), int(length.max())))
    np.add.at(need, (place, there.index.get_indexer(pd.Index(needs["skill"])), offset),
              needs["person_months"].to_numpy(dtype=float))
    before = _before(laid["project_id"], tables)
    jobs = Jobs(length=length, need=need, earliest=earliest, before=before, capacity=there.to_numpy(dtype=float))
    return jobs, [str(skill) for skill in there.index]


def _before(ids: pd.Series, tables: Mapping[str, pd.DataFrame]) -> tuple[tuple[int, ...], ...]:
    """Positions of the projects that must be finished before each."""
    pairs, place = needed_pairs(tables), {name: position for position, name in enumerate(ids)}
    pairs = pairs[pairs["finished"]]
    waits: list[set[int]] = [set() for _ in ids]
    for needing, needed in zip(pairs["needs"], pairs["needed"], strict=True):
        if needing in place and needed in place and needing != needed:
            waits[place[needing]].add(place[needed])
    return tuple(tuple(sorted(found)) for found in waits)


def _priority(value: Floats, jobs: Jobs, skills: Sequence[str], scarcest: str) -> Ints:
    """Highest value per person-month of the scarcest skill first; who needs none of it comes before, by value."""
    scarce = jobs.need[:, skills.index(scarcest)].sum(axis=1) if scarcest in skills else np.zeros(len(value))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(scarce > 0, value / scarce, np.inf)
    return np.lexsort((np.arange(len(value)), -value, -ratio))
