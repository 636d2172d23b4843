"""The roadmap: when every project begins and finishes, with whom, what it waits for and what moved it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.months import month_text
from pmlib.portfolio.accounts import grouped_labels
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.model import Status
from pmlib.portfolio.origins import tables_of
from pmlib.portfolio.problem import Outcome, Problem
from pmlib.portfolio.switches import Switcher
from pmlib.portfolio.timing.dates import dates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = ["project_id", "name", "programme_id", "action", "planned", "begin", "moved_months", "moved_by", "finish",
           "finish_p10", "finish_p50", "finish_p90", "skill", "skill_share", "waits_for", "waits_until", "source"]
_SHOWN = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class Roadmap:
    """When the projects of a plan begin and finish, with whom, and what they wait for.

    Attributes
    ----------
    table : DataFrame
        One row per project that goes on, by begin: project_id, name, programme_id, action, planned (month), begin,
        moved_months (begin less planned), moved_by (what keeps it from beginning as planned), finish (expected),
        finish_p10, finish_p50, finish_p90 (missing without an estimate), skill (the one used most, where it needs
        people), skill_share (of what there is and can be bought, 0-1), waits_for (projects it needs, by id),
        waits_until (last month of those that must be finished), source of the finish. Months are year * 12 + month.
    first : int
        First month of the plan.
    status : Status
        Proof of the plan.
    notes : tuple of str
        Projects without a finish, and those that begin before what they need is finished.
    """

    table: pd.DataFrame
    first: int
    status: Status
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per project that goes on, months as text."""
        months = ["planned", "begin", "finish", "finish_p10", "finish_p50", "finish_p90", "waits_until"]
        return self.table.assign(**{name: _texts(self.table[name]) for name in months})

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw every project from begin to finish, by programme."""
        from pmlib.plots import timing

        drawn: Axes = timing.roadmap(self.table, ax=ax, first=self.first)
        return drawn

    def summary(self) -> str:
        """Say how many go on, when the last finishes, how many are moved and by what."""
        if self.table.empty:
            return f"No project goes on: the plan is {self.status}." if _planless(self.status) else \
                "No project goes on under the plan."
        known = self.table["finish"].dropna()
        ends = f" The last is expected to finish in {month_text(known.max())}{self._late()}." if len(known) else ""
        moved = self.table[self.table["moved_months"] > 0]
        said = f" {len(moved)} begin{'s' if len(moved) == 1 else ''} later than planned{_causes(moved)}." \
            if len(moved) else " All begin as planned."
        return " ".join((f"{len(self.table)} projects go on ({_verbs(self.table)}).{ends}{said}",
                         f"The plan is {self.status}.", *self.notes))

    def _late(self) -> str:
        late = self.table["finish_p90"].dropna()
        return f" (the latest P90 of a project is {month_text(late.max())})" if len(late) else ""

    def headline(self) -> dict[str, str]:
        """Give the number that goes on, the last finish and the number moved."""
        if self.table.empty:
            return {"0 projects": "go on"}
        known, moved = self.table["finish"].dropna(), int((self.table["moved_months"] > 0).sum())
        ends = {month_text(known.max()): "the last is expected to finish"} if len(known) else {}
        return {f"{len(self.table)} projects": f"go on: {_verbs(self.table)}", **ends,
                f"{moved} moved": "begin later than planned"}

    def __repr__(self) -> str:
        """Say it in one line."""
        known = self.table["finish"].dropna()
        ends = f"to {month_text(known.max())}; " if len(known) else ""
        return f"<Roadmap: {len(self.table)} projects; from {month_text(self.first)}; {ends}plan {self.status}>"


def _planless(status: Status) -> bool:
    return status in (Status.INFEASIBLE, Status.NO_PLAN)


def _texts(months: pd.Series) -> pd.Series:
    return months.map(month_text, na_action="ignore").astype(str).where(months.notna())


def _verbs(table: pd.DataFrame) -> str:
    counts = table["action"].value_counts()
    return ", ".join(f"{verb} {counts[verb]}" for verb in sorted(counts.index, key=lambda v: (-counts[v], v)))


def _causes(moved: pd.DataFrame) -> str:
    causes = moved["moved_by"][moved["moved_by"] != ""].value_counts()
    ordered = sorted(causes.index, key=lambda cause: (-causes[cause], cause))[:_SHOWN]
    return f" ({'; '.join(f'{causes[cause]} by {cause}' for cause in ordered)})" if ordered else ""


def roadmap(decision: Decision, tables: Mapping[str, pd.DataFrame]) -> Roadmap:
    """Lay out the plan in time: begin, finish, skill, what each project waits for and what moved it.

    A finish comes from the newest estimate of months to complete (mean by Swanson, and its P10, P50 and P90), else
    from the planned months, else from the last month with demand. What moved a project is found by switching it
    alone to its earliest allowed action: the limits the plan would then break.

    Parameters
    ----------
    decision : Decision
        The plan.
    tables : mapping of table name to frame
        The tables it was made from: estimates and links are read.

    Returns
    -------
    Roadmap
        Empty without a plan.

    Raises
    ------
    MissingTableError
        projects is missing.
    ParameterError
        The tables are not those the decision was made from.
    SchemaError
        A table breaks its definition.

    References
    ----------
    Swanson's mean: Hurst, Brown & Swanson (2000), AAPG Bulletin 84(12).

    Examples
    --------
    >>> projects = pd.DataFrame({
    ...     "project_id": ["P17"], "state": "running", "bac_k": [900.0], "spent_k": [100.0], "start_month": [24310],
    ...     "planned_months": [12]})
    >>> flows = pd.DataFrame({"project_id": ["P17"], "year": 2026, "cost_k": [300.0], "benefit_k": [1150.0]})
    >>> tables = {"projects": projects, "cash_flows": flows}
    >>> from pmlib.portfolio import rebalance
    >>> roadmap(rebalance(tables, period="2025-12"), tables)
    <Roadmap: 1 projects; from 2026-01; to 2026-09; plan proved>
    """
    tables = tables_of(decision, tables)
    problem, plan = decision.problem, decision.outcome
    first = problem.actions.first
    if plan is None:
        return Roadmap(table=_empty(), first=first, status=decision.status, notes=())
    laid = dates(problem, plan.choice, tables)
    moved = (laid["begin"] - laid["planned"]).where(laid["begin"] >= first, 0).astype("int64")
    table = laid.assign(moved_months=moved, moved_by=_moved_by(problem, plan, laid, moved))
    table = pd.concat([table, _tightest(decision, laid), _waits(laid, tables)], axis=1)
    table = table[COLUMNS].sort_values(["begin", "project_id"], kind="stable").reset_index(drop=True)
    return Roadmap(table=table, first=first, status=decision.status, notes=_notes(table))


def _empty() -> pd.DataFrame:
    text = {"project_id", "name", "programme_id", "action", "moved_by", "skill", "waits_for", "source"}
    return pd.DataFrame({name: pd.Series(dtype=str if name in text else "Int64") for name in COLUMNS})


def _notes(table: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    blind = table.loc[table["finish"].isna(), "project_id"]
    if len(blind):
        notes.append(f"No finish is known for {', '.join(blind)}: no estimate of months, planned_months or demand.")
    early = table[table["begin"] <= table["waits_until"]]
    if len(early):
        named = ", ".join(f"{row.project_id} ({row.waits_for})" for row in early.itertuples())
        notes.append(f"Before what they need is finished begin: {named}.")
    return tuple(notes)


def _moved_by(problem: Problem, plan: Outcome, laid: pd.DataFrame, moved: pd.Series) -> list[str]:
    """Say what keeps each moved project from going on at its earliest; empty where nothing is moved."""
    frame, switch = problem.actions.frame, Switcher(problem, plan)
    words = []
    for project, months in zip(laid["project"], moved, strict=True):
        if months <= 0:
            words.append("")
            continue
        chosen = int(plan.choice[project])
        earlier = frame[(frame["project"] == project) & frame["on"].astype(bool)
                        & (frame["delay_months"] < frame["delay_months"].iloc[chosen])]
        if earlier.empty:
            late = frame["delay_months"].iloc[chosen] > 0 and frame["on"].iloc[chosen]
            words.append("its earliest start" if late else "the planned month has passed")
            continue
        other = switch(int(earlier["delay_months"].idxmin()))
        broken = grouped_labels([problem.model.names[row] for row in other.broken])
        more = f" and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
        words.append(", ".join(broken[:_SHOWN]) + more if broken else "earlier brings no more")
    return words


def _tightest(decision: Decision, laid: pd.DataFrame) -> pd.DataFrame:
    """Find the skill of which most is used in the months in which a project needs it, and its share."""
    problem, plan = decision.problem, decision.outcome
    assert plan is not None
    people = decision.people
    there = people["capacity_pm"] + people["hire_limit_pm"]
    share = (people["plan_pm"] / there.where(there > 0)).fillna((people["plan_pm"] > 0) * np.inf)
    used = people.assign(share=share)[["skill", "month", "share"]]
    needs = problem.actions.people[problem.actions.people["person_months"] > 0]
    needs = needs[needs["action"].isin(plan.choice)].merge(used, on=["skill", "month"])
    needs = needs.assign(project=problem.actions.frame["project"].to_numpy()[needs["action"].to_numpy(dtype=np.int64)])
    best = needs.sort_values(["share", "skill"], ascending=[False, True], kind="stable").drop_duplicates("project")
    found = best.set_index("project")[["skill", "share"]].reindex(laid["project"]).reset_index(drop=True)
    return found.rename(columns={"share": "skill_share"}).assign(skill=found["skill"].astype(object).fillna(""))


def _waits(laid: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Needed projects that are not done, and the last month of those that must be finished first."""
    ends = laid.set_index("project_id")["finish"]
    pairs = needed_pairs(tables).sort_values(["needs", "needed"], kind="stable")
    pairs = pairs.assign(finish=ends.reindex(pairs["needed"]).array)
    named = pairs.groupby("needs")["needed"].agg(lambda names: ", ".join(dict.fromkeys(names)))
    until = pairs[pairs["finished"]].groupby("needs")["finish"].max()
    return pd.DataFrame({"waits_for": named.reindex(laid["project_id"]).fillna("").to_numpy(),
                         "waits_until": until.reindex(laid["project_id"]).astype("Int64").array})


def needed_pairs(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Pair projects with those they need that are not done yet: needs, needed, finished (whether it must be)."""
    links = tables.get("links")
    if links is None or "role" not in links:
        return pd.DataFrame({"needs": pd.Series([], dtype=str), "needed": pd.Series([], dtype=str),
                             "finished": pd.Series([], dtype=bool)})
    links = links[links["type"].isin(["requires_finished", "requires_active"])]
    sides = [links.loc[links["role"] == role, ["link_id", "type", "member_id"]] for role in ("needs", "needed")]
    pairs = sides[0].merge(sides[1], on=["link_id", "type"], suffixes=("_needs", "_needed"))
    done = set(tables["projects"].loc[tables["projects"]["state"] == "done", "project_id"])
    pairs = pairs[~pairs["member_id_needed"].isin(done)]
    return pd.DataFrame({"needs": pairs["member_id_needs"], "needed": pairs["member_id_needed"],
                         "finished": pairs["type"] == "requires_finished"})
