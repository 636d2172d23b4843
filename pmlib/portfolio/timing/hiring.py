"""What one more person of a skill would bring: exact re-solves, set against what a person costs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import StrEnum
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, ParameterError, did_you_mean
from pmlib.months import as_month, month_text
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.fan_out import solve_all
from pmlib.portfolio.limits import MONEY
from pmlib.portfolio.model import Ints, RowName, Status
from pmlib.portfolio.origins import asked
from pmlib.portfolio.plans import Change, Plan
from pmlib.portfolio.policy import Objective
from pmlib.portfolio.problem import Outcome, Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = ["skill", "person_months", "gain_k", "cost_k", "net_k", "worth_up_to_k", "verdict", "done_more", "done_less",
           "proved"]
#: Gains below this share of the plan's value are rounding.
_NOTHING = 2e-6
#: Kinds of changes that a sentence names.
_SHOWN = 3


class Verdict(StrEnum):
    """Whether one more person pays."""

    WORTH_IT = "worth it"
    NOT_WORTH_IT = "not worth it"
    NO_GAIN = "brings nothing"
    NO_PRICE = "no price known"
    IN_POINTS = "points, not money"


@dataclass(frozen=True, eq=False, kw_only=True)
class Hires:
    """What more people of each skill would bring, and whether they pay.

    Attributes
    ----------
    table : DataFrame
        One row per skill, the largest gain first: skill, person_months (added in all), gain_k (of the plan's value,
        by exact re-solve; 0 when the skill does not bind), cost_k (of these person-months at their price; missing
        when no price is known), net_k, worth_up_to_k (gain per person-month: the price up to which it pays),
        verdict, done_more and done_less (projects decided otherwise, in words), proved (else the gain may be larger).
    people : float
        How many people more.
    first, last : int
        Months in which they are there (year * 12 + month).
    budget_gain_k : float
        What the plan would gain if no budget limited it; missing where none does.
    budget_proved : bool
        Whether that is proved; else it may be more.
    unit : str
        Unit of the gain.
    """

    table: pd.DataFrame
    people: float
    first: int
    last: int
    budget_gain_k: float
    budget_proved: bool
    unit: str

    def to_frame(self) -> pd.DataFrame:
        """One row per skill, the largest gain first."""
        return self.table.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw gain and cost of one hire by skill."""
        from pmlib.plots import timing

        drawn: Axes = timing.hires(self.table, ax=ax, unit=self.unit)
        return drawn

    def summary(self) -> str:
        """Say which hire brings most, what it would do, and which bring nothing."""
        if self.table.empty:
            return "There is no plan: no hire can be valued."
        gains = self.table[self.table["gain_k"] > 0]
        idle = self.table.loc[(self.table["gain_k"] == 0) & self.table["proved"], "skill"].tolist()
        nothing = f"{_listed(idle)} would bring exactly 0." if idle else ""
        unsure = self.table.loc[~self.table["proved"], "skill"].tolist()
        sure = f"Not proved, the gain may be another: {', '.join(unsure)}." if unsure else ""
        best = self._best(gains.iloc[0]) if len(gains) else ""
        return " ".join(filter(None, (best, nothing, self._budgets(), sure)))

    def _best(self, row: pd.Series) -> str:
        more, less = row["done_more"], row["done_less"]
        more, less = _some(more, "and"), _some(less, "or")
        does = "; ".join(filter(None, (f"then also {more}" if more else "", f"no longer {less}" if less else "")))
        price = {
            Verdict.WORTH_IT: f"for {row['cost_k']:,.0f} thousand of cost: worth it",
            Verdict.NOT_WORTH_IT: f"for {row['cost_k']:,.0f} thousand of cost: not worth it",
            Verdict.IN_POINTS: f"{row['worth_up_to_k']:,.2f} a person-month; points do not compare with its cost",
        }.get(row["verdict"], f"no price of the skill is known, worth it up to {row['worth_up_to_k']:,.1f} a "
                              "person-month")
        return (f"{self.people:g} more {'person' if self.people == 1 else 'people'} in {row['skill']} from "
                f"{month_text(self.first)} to {month_text(self.last)} would bring {row['gain_k']:,.0f} {self.unit} "
                f"({price}){f'; {does}' if does else ''}.")

    def _budgets(self) -> str:
        if math.isnan(self.budget_gain_k):
            return ""
        if not self.budget_proved:
            return f"Without any budget the plan would gain {self.budget_gain_k:,.0f} or more (not proved)."
        return "Money does not bind: without any budget the plan would gain 0." if self.budget_gain_k == 0 else \
            f"Without any budget the plan would gain {self.budget_gain_k:,.0f}."

    def headline(self) -> dict[str, str]:
        """Give the skill whose hire brings most, its gain and its verdict."""
        gains = self.table[self.table["gain_k"] > 0]
        if gains.empty:
            return {"0": "gained by any hire"}
        row = gains.iloc[0]
        paying = "" if row["verdict"] == Verdict.IN_POINTS else ", at most worth paying"
        lines = {f"{row['gain_k']:+,.0f}": f"{self.unit} by {self.people:g} more in {row['skill']}",
                 f"{row['worth_up_to_k']:,.1f}": f"{self.unit} a person-month{paying}"}
        idle = int(((self.table["gain_k"] == 0) & self.table["proved"]).sum())
        return lines | ({f"{idle} of {len(self.table)}": "skills would bring exactly 0"} if idle else {})

    def __repr__(self) -> str:
        """Say it in one line."""
        gains = self.table[self.table["gain_k"] > 0]
        best = f"{gains['skill'].iloc[0]} {gains['gain_k'].iloc[0]:+,.0f}" if len(gains) else "none brings anything"
        return f"<Hires: {len(self.table)} skills, {self.people:g} more each; {best}>"


def _some(words: str, joined: str) -> str:
    """Name the first kinds of changes, and count the projects of the others."""
    kinds = words.split("; ")
    left = sum(len(kind.split(", ")) for kind in kinds[_SHOWN:])
    return f" {joined} ".join(kinds[:_SHOWN]) + (f" and {left} other changes" if left else "")


def _listed(names: Sequence[str]) -> str:
    text = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return text[0].upper() + text[1:]


def value_of_a_hire(
    decision: Decision, *, people: float = 1.0, skills: Sequence[str] | None = None,
    months: tuple[int | str | None, int | str | None] | None = None,
    price_k: float | Mapping[str, float] | None = None, executor: Executor | None = None,
) -> Hires:
    """Say what more people of each skill would bring, by solving the plan anew, against what they cost.

    Parameters
    ----------
    decision : Decision
        The plan.
    people : float
        How many more of each skill (one skill at a time), above 0.
    skills : sequence of str, optional
        Which; by default all with capacity.
    months : tuple of (first, last), optional
        In which they are there, ``YYYY-MM`` or year * 12 + month; None on either side: from the plan's first month,
        to the last month in which any action needs anybody.
    price_k : float or mapping of skill to float, optional
        Cost of a person-month in thousands; by default hire_cost_k of the capacity table (0 there: not known).
    executor : Executor, optional
        Where to solve, as in `fan_out.solve_all`.

    Returns
    -------
    Hires
        Empty without a plan.

    Raises
    ------
    MissingTableError
        capacity is missing.
    ParameterError
        ``people`` is not above 0, a skill has no capacity (at all, or in these months), a month is none or before
        the plan, or a price is negative.

    Examples
    --------
    >>> from pmlib.portfolio import rebalance
    >>> ids = ["P1", "P2"]
    >>> tables = {
    ...     "projects": pd.DataFrame({"project_id": ids, "state": "proposed", "bac_k": 50.0, "spent_k": 0.0}),
    ...     "cash_flows": pd.DataFrame({"project_id": ids, "year": 2026, "cost_k": 50.0, "benefit_k": [300.0, 250.0]}),
    ...     "demand": pd.DataFrame({"project_id": ids, "action": "start", "skill": "design", "month": 24313,
    ...                             "person_months": 1.0}),
    ...     "capacity": pd.DataFrame({"skill": ["design"], "month": 24313, "person_months": 1.0, "hire_cost_k": 9.0})}
    >>> value_of_a_hire(rebalance(tables, period="2025-12")).table[["done_more", "verdict"]].iloc[0].tolist()
    ['start P2', 'worth it']
    """
    asked(decision)
    _refuse_nobody(people)
    if decision.problem.capacity.empty:
        raise MissingTableError("capacity: missing, or all of it before the plan. A hire adds to it; add rows from the "
                                "plan's first month on.")
    problem, plan = decision.problem, decision.outcome
    known = sorted(problem.capacity["skill"].astype(str).unique())
    wanted = known if skills is None else _known(skills, known)
    prices = _prices(price_k, wanted)
    first, last = _window(problem, months)
    rows = [_rows(problem, skill, first=first, last=last) for skill in wanted]
    said: dict[str, Any] = {"people": float(people), "first": first, "last": last, "unit": decision.unit}
    if plan is None or not wanted:
        return Hires(table=_table([]), budget_gain_k=math.nan, budget_proved=False, **said)
    changes = [Change(name=skill, widened=tuple((name, float(people)) for name in names), start=plan.x)
               for skill, names in zip(wanted, rows, strict=True)]
    budgets = tuple(problem.model.names[row] for row in problem.model.rows(*MONEY))
    *answers, free = solve_all(problem, [*changes, Change(name="budgets", lifted=budgets, start=plan.x)],
                               executor=executor)
    sure = decision.status is Status.PROVED
    table = _table([_row(problem, plan, answer, names=names, people=float(people), price_k=prices.get(answer.name))
                    for answer, names in zip(answers, rows, strict=True)])
    return Hires(table=table.assign(proved=table["proved"] & sure), budget_proved=sure and free.proved,
                 budget_gain_k=_gain(free, plan) if budgets else math.nan, **said)


def _refuse_nobody(people: object) -> None:
    number = isinstance(people, Real) and not isinstance(people, bool) and math.isfinite(people)
    if not number or not float(people) > 0:  # type: ignore[arg-type]
        raise ParameterError(f"people: got {people!r}, allowed a number above 0. Say how many more, such as 1 or 0.5.")


def _known(skills: Sequence[str], known: Sequence[str]) -> list[str]:
    if not isinstance(skills, Iterable):
        raise ParameterError(f"skills: got {skills!r}, allowed a list of skills with capacity. Pass ['{known[0]}'].")
    asked = [skills] if isinstance(skills, str) else list(skills)
    for skill in asked:
        if not isinstance(skill, str) or skill not in known:
            raise ParameterError(f"skill: got {skill!r}, it has no capacity. {did_you_mean(str(skill), known)}")
    return list(dict.fromkeys(asked))


def _prices(price_k: float | Mapping[str, float] | None, wanted: Sequence[str]) -> dict[str, float]:
    if price_k is None:
        return {}
    given = dict(price_k) if isinstance(price_k, Mapping) else dict.fromkeys(wanted, price_k)
    _known(list(given), wanted)
    for skill, price in given.items():
        if isinstance(price, bool) or not isinstance(price, Real) or not math.isfinite(price) or price < 0:
            raise ParameterError(f"price_k: got {price!r} for {skill}, allowed 0 or more, thousand a person-month. "
                                 "Correct it or leave it out.")
    return {skill: float(price) for skill, price in given.items()}


def _window(problem: Problem, months: tuple[int | str | None, int | str | None] | None) -> tuple[int, int]:
    if not (months is None or (isinstance(months, tuple | list) and len(months) == len(("first", "last")))):
        raise ParameterError(f"months: got {months!r}, allowed a pair of first and last. Pass ('2026-07', None).")
    asked = (None, None) if months is None else months
    needs = problem.actions.people.loc[problem.actions.people["person_months"] > 0, "month"]
    earliest = problem.actions.first
    first = earliest if asked[0] is None else as_month(asked[0])
    last = (int(needs.max()) if len(needs) else earliest) if asked[1] is None else as_month(asked[1])
    if first < earliest or last < first:
        raise ParameterError(f"months: got {month_text(first)} to {month_text(last)}, allowed from "
                             f"{month_text(earliest)} on, the first not after the last. Set other months.")
    return first, last


def _rows(problem: Problem, skill: str, *, first: int, last: int) -> list[RowName]:
    """Capacity rows of one skill within the months."""
    low, high = month_text(first), month_text(last)
    found = [name for name in (problem.model.names[row] for row in problem.model.rows("capacity"))
             if name[1] == skill and low <= name[2] <= high]
    if not found:
        raise ParameterError(f"months: {skill} has no capacity row from {low} to {high}, so nothing limits it then. "
                             "Choose other months or add rows to the capacity table.")
    return found


def _gain(answer: Plan, plan: Outcome) -> float:
    gain = answer.value - plan.value
    return 0.0 if gain <= _NOTHING * max(1.0, abs(plan.value)) else gain


def _row(
    problem: Problem, plan: Outcome, answer: Plan, *, names: Sequence[RowName], people: float, price_k: float | None,
) -> dict[str, Any]:
    gain, months, skill = _gain(answer, plan), people * len(names), answer.name
    cost = people * _cost(problem, names, price_k)
    more, less = _differences(problem, plan.choice, answer.choice) if gain > 0 else ("", "")
    return {"skill": skill, "person_months": months, "gain_k": gain, "cost_k": cost, "net_k": gain - cost,
            "worth_up_to_k": gain / months, "done_more": more, "done_less": less,
            "verdict": str(_verdict(problem, gain, cost)), "proved": answer.proved}


def _cost(problem: Problem, names: Sequence[RowName], price_k: float | None) -> float:
    """Cost of one person over the months; missing when no price is known (the table's 0 says nothing)."""
    if price_k is not None:
        return price_k * len(names)
    capacity, months = problem.capacity, [name[2] for name in names]
    mine = capacity[(capacity["skill"].astype(str) == names[0][1])
                    & capacity["month"].map(month_text).isin(months)]["hire_cost_k"].astype(float)
    known = mine[mine > 0]
    return float(mine.where(mine > 0, known.mean()).sum()) if len(known) else math.nan


def _verdict(problem: Problem, gain: float, cost: float) -> Verdict:
    if gain == 0:
        return Verdict.NO_GAIN
    if problem.policy.objective is Objective.SCORE:
        return Verdict.IN_POINTS
    if math.isnan(cost):
        return Verdict.NO_PRICE
    return Verdict.WORTH_IT if gain > cost else Verdict.NOT_WORTH_IT


def _differences(problem: Problem, before: Ints, after: Ints) -> tuple[str, str]:
    """Projects of which more is done than before, by new verb, and of which less is done, by old verb."""
    frame, ids = problem.actions.frame, problem.actions.projects["project_id"].to_numpy()
    verbs, on = frame["action"].to_numpy(dtype=object), frame["on"].to_numpy(dtype=bool)
    rank = np.where(on, 2, np.where(verbs == "hold", 1, 0))
    sides: tuple[dict[str, list[str]], dict[str, list[str]]] = {}, {}
    for project in np.flatnonzero(before != after):
        (was, now), step = verbs[[before[project], after[project]]], rank[after[project]] - rank[before[project]]
        same = f"{now} at another time" if now == was else f"{now} instead of {was}"
        words = same if step == 0 else str(now) if step > 0 else str(was)
        sides[int(step < 0)].setdefault(words, []).append(str(ids[project]))
    more, less = ("; ".join(f"{verb} {', '.join(names)}" for verb, names in sorted(side.items())) for side in sides)
    return more, less


def _table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS) if rows else pd.DataFrame(
        {name: pd.Series(dtype=object) for name in COLUMNS})
    kinds = {name: "float64" for name in COLUMNS if name.endswith("_k") or name == "person_months"}
    frame = frame.astype(kinds | {"proved": bool, "skill": str, "verdict": str, "done_more": str, "done_less": str})
    return frame.sort_values(["gain_k", "skill"], ascending=[False, True], kind="stable").reset_index(drop=True)
