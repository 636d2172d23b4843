"""From tables to actions: what may be decided, what each choice is worth, costs and needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pmlib.errors import MissingTableError, ParameterError
from pmlib.months import as_month, month_of, month_text, month_year
from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.policy import Objective, Policy
from pmlib.portfolio.timelines import lengths, people_needed, spending
from pmlib.portfolio.valuation import SWANSON, cost_to_go, going_on

BY_STATE = {"running": ("keep", "slow", "fast", "hold", "stop"), "proposed": ("start", "slow", "fast", "decline"),
            "held": ("start", "slow", "fast", "hold", "stop")}
VARIANTS = ("slow", "fast")
GOING_ON_AS_NOW = {"running": "keep", "proposed": "decline", "held": "hold"}
ON = ("keep", "start", *VARIANTS)


@dataclass(frozen=True, eq=False, kw_only=True)
class Actions:
    """Everything that may be decided, as frames and arrays that share one order.

    Attributes
    ----------
    first : int
        First month to plan (year * 12 + month).
    projects : DataFrame
        One row per project to decide, sorted by project_id, with what going on is worth.
    frame : DataFrame
        One row per allowed action: project (position), project_id, action, on, changed, value_k (by the objective),
        money_k, points, cost_k, delay_months, pace, cost_factor, benefit_left (share of the benefit's worth that the
        delay leaves), begins and finishes (months; finishes: the first one after it; 0 where there is none or it is
        not known).
    years : tuple of int
    capex_k, opex_k : float arrays of shape (n_actions, n_years)
    people : DataFrame
        action (position), skill, month, person_months; months from ``first`` on.
    left_out : DataFrame
        project_id, action, why.
    notes : tuple of str
    """

    first: int
    projects: pd.DataFrame
    frame: pd.DataFrame
    years: tuple[int, ...]
    capex_k: Floats
    opex_k: Floats
    people: pd.DataFrame
    left_out: pd.DataFrame
    notes: tuple[str, ...]

    @cached_property
    def going_on(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether a project goes on at once by each action, and whether it does so at once or later (a hold)."""
        on = self.frame["on"].to_numpy(dtype=bool)
        return on, on | (self.frame["action"] == "hold").to_numpy(dtype=bool)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a frame as dicts."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def first_month(tables: Mapping[str, pd.DataFrame], period: int | str | None) -> int:
    """First month to plan: the one after ``period``, by default after the workbook's as_of.

    Raises
    ------
    ParameterError
        The period is no month, or none is given and no table has a date to take it from.
    """
    if period is not None:
        return as_month(period) + 1
    book = tables.get("workbook")
    if book is not None and "as_of" in book and book["as_of"].notna().any():
        return month_of(pd.Timestamp(book["as_of"].dropna().iloc[0])) + 1
    for name, column, months in (("cash_flows", "year", 12), ("budgets", "year", 12), ("capacity", "month", 1)):
        table = tables.get(name)
        if table is not None and len(table):
            earliest = int(table[column].min())
            return earliest * months + 1 if months > 1 else earliest
    projects = tables.get("projects")
    if projects is not None and "start_month" in projects and projects["start_month"].notna().any():
        return int(projects["start_month"].dropna().max()) + 1
    raise ParameterError("period: not given, and no table has a date to take it from. "
                         "Pass period='2025-12' or fill as_of in the workbook table.")


def to_decide(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Projects that are proposed, running or held, sorted by project_id, with defaults filled.

    Raises
    ------
    MissingTableError
        There is no projects table, or nothing in it to decide.
    """
    projects = tables.get("projects")
    if projects is None:
        raise MissingTableError("projects: missing. The plan needs it; add projects.csv with project_id, state, bac_k.")
    chosen = projects[projects["state"].isin(list(BY_STATE))]
    if chosen.empty:
        raise MissingTableError(f"projects: {len(projects)} rows, none is proposed, running or held. "
                                "Nothing to decide; check the state column.")
    defaults: dict[str, Any] = {"name": None, "programme_id": None, "start_month": pd.NA, "spent_k": 0.0,
                                "exit_cost_k": 0.0, "salvage_k": 0.0, "mandatory": False}
    filled = chosen.assign(**{name: value for name, value in defaults.items() if name not in chosen})
    filled = filled.assign(name=filled["name"].fillna(filled["project_id"]))
    return filled.sort_values("project_id", kind="stable").reset_index(drop=True)


@dataclass(frozen=True, kw_only=True)
class _Terms:
    """What the options table says of one project."""

    listed: frozenset[str] = frozenset()
    hold_cost_k: float = 0.0
    earliest: int | None = None
    latest: int | None = None
    no_stop: bool = False
    frozen_until: int | None = None
    #: Pace and cost factor of the listed variants; nothing where the table does not say.
    variants: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)


_NO_TERMS = _Terms()


def _whole(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def _said(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _terms(options: pd.DataFrame | None) -> dict[str, _Terms]:
    if options is None:
        return {}
    by_project: dict[str, dict[str, dict[str, Any]]] = {}
    for row in records(options):
        by_project.setdefault(str(row["project_id"]), {})[str(row["action"])] = row
    return {project_id: _term(by_verb) for project_id, by_verb in by_project.items()}


def _term(by_verb: dict[str, dict[str, Any]]) -> _Terms:
    start, frozen = by_verb.get("start", {}), [_whole(row.get("frozen_until")) for row in by_verb.values()]
    return _Terms(
        listed=frozenset(by_verb),
        hold_cost_k=_said(by_verb.get("hold", {}).get("hold_cost_k")) or 0.0,
        earliest=_whole(start.get("earliest_start")),
        latest=_whole(start.get("latest_start")),
        no_stop=any(bool(row.get("no_stop", False)) for row in by_verb.values()),
        frozen_until=max((month for month in frozen if month is not None), default=None),
        variants={verb: (_said(row.get("pace")), _said(row.get("cost_factor")))
                  for verb, row in by_verb.items() if verb in VARIANTS},
    )


def _forbidden(verb: str, project: dict[str, Any], terms: _Terms, *, first: int) -> str:
    """Why an action is left out; empty when it is allowed."""
    stays = verb == GOING_ON_AS_NOW[project["state"]]
    if terms.frozen_until is not None and terms.frozen_until > first:
        return "" if stays else f"frozen until {month_text(terms.frozen_until)}"
    if project["source"] == "unknown" and not project["mandatory"]:
        return "" if stays else "no value is known, so it stays as it is"
    if terms.listed - set(VARIANTS) and verb not in terms.listed and verb != "decline":
        return "not among its options"
    if verb == "stop" and terms.no_stop:
        return "a contract forbids stopping"
    begins = verb == "start" or (verb in VARIANTS and project["state"] != "running")
    if begins and terms.latest is not None and terms.latest < first:
        return f"its latest start {month_text(terms.latest)} has passed"
    if verb in VARIANTS and not project["length"]:
        return "how long it takes is not known"
    return ""


def _variant(verb: str, terms: _Terms, policy: Policy) -> tuple[float, float] | None:
    """Pace and cost factor of a slow or fast variant; nothing where it is not offered or not described."""
    if verb not in terms.variants:
        return None
    pace, factor = terms.variants[verb]
    if verb == "slow":
        pace = policy.slow_pace if pace is None else pace
        return None if pace is None else (pace, 1.0 if factor is None else factor)
    return None if pace is None or factor is None else (pace, factor)


@dataclass(frozen=True, kw_only=True)
class _Action:
    """One allowed action before it is priced."""

    project: int
    project_id: str
    action: str
    hold_cost_k: float = 0.0
    delay_months: int = 0
    pace: float = 1.0
    cost_factor: float = 1.0


def _delays(project: dict[str, Any], terms: _Terms, *, first: int, policy: Policy) -> list[int]:
    """By how many months a candidate may begin later than planned."""
    planned = max(_whole(project["start_month"]) or first, first)
    late = max((terms.earliest or planned) - planned, 0)
    every = [late + step * policy.start_step_months for step in range(policy.start_choices)]
    return [delay for delay in every if delay == late or terms.latest is None or planned + delay <= terms.latest]


def _ways(
    place: int, project: dict[str, Any], verb: str, *, terms: _Terms, first: int, policy: Policy,
) -> list[_Action]:
    """Every way to carry out a verb: start months, lengths of a hold, pace."""
    name = str(project["project_id"])
    if verb == "hold":
        return [_Action(project=place, project_id=name, action=verb, hold_cost_k=terms.hold_cost_k, delay_months=months)
                for months in policy.holds]
    begins = verb == "start" or (verb in VARIANTS and project["state"] != "running")
    pace, factor = _variant(verb, terms, policy) or (1.0, 1.0)
    return [_Action(project=place, project_id=name, action=verb, delay_months=delay, pace=pace, cost_factor=factor)
            for delay in (_delays(project, terms, first=first, policy=policy) if begins else [0])]


def _allowed(
    projects: pd.DataFrame, terms: dict[str, _Terms], first: int, policy: Policy,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of allowed actions, and of those left out with the reason."""
    kept: list[_Action] = []
    dropped: list[tuple[str, str, str]] = []
    for place, project in enumerate(records(projects)):
        term = terms.get(project["project_id"], _NO_TERMS)
        verbs = []
        for verb in BY_STATE[project["state"]]:
            if verb in VARIANTS and _variant(verb, term, policy) is None:
                continue
            why = _forbidden(verb, project, term, first=first)
            if why:
                dropped.append((project["project_id"], verb, why))
            else:
                verbs.append(verb)
        for verb in verbs or [GOING_ON_AS_NOW[project["state"]]]:
            kept.extend(_ways(place, project, verb, terms=term, first=first, policy=policy))
    left_out = pd.DataFrame(dropped, columns=["project_id", "action", "why"]).astype(str)
    return pd.DataFrame([vars(action) for action in kept]), left_out


def _priced(frame: pd.DataFrame, projects: pd.DataFrame, policy: Policy, *, first: int) -> pd.DataFrame:
    """Add what an action is worth in money, points and by the objective, and when it begins and finishes."""
    owner = projects.iloc[frame["project"].to_numpy()].reset_index(drop=True)
    verb, delay, pace = frame["action"], frame["delay_months"].to_numpy(dtype=float), frame["pace"].to_numpy()
    on, hold = verb.isin(ON).to_numpy(), (verb == "hold").to_numpy()
    length = owner["length"].to_numpy(dtype=float)
    more = np.ceil(length * (pace - 1.0) - 1e-9)
    late, longer = ((1.0 + policy.discount_rate) ** (-months / 12.0) for months in (delay, more))
    going = on | hold
    dearer = owner["cost_k"].to_numpy(dtype=float) * (frame["cost_factor"].to_numpy() - longer)
    changed = (verb != owner["state"].map(GOING_ON_AS_NOW)).to_numpy()
    # A longer or shorter way moves the benefit, not the money spent on it from now on.
    money = (owner["money_k"].to_numpy() * longer - dearer) * late * going - frame["hold_cost_k"].to_numpy() * hold
    money += (owner["salvage_k"] - owner["exit_cost_k"]).to_numpy(dtype=float) * (verb == "stop")
    money -= policy.switching_cost_k * (changed & (owner["state"] != "proposed"))
    points = owner["points"].to_numpy(dtype=float) * late * longer * going
    value = {Objective.MONEY: money, Objective.SCORE: np.nan_to_num(points),
             Objective.MIX: money + float(policy.k_per_point or 0.0) * np.nan_to_num(points)}[policy.objective]
    extra = frame["hold_cost_k"].mask(verb == "stop", owner["exit_cost_k"].astype(float))
    begins = np.where(verb.isin(["start", *VARIANTS]) & (owner["state"] != "running"), owner["begins"], first) + delay
    finishes = np.where(length > 0, begins + length + more, 0)
    return frame.assign(
        on=on, changed=changed, value_k=value, money_k=money, points=points, extra_k=extra,
        benefit_left=late * longer, begins=np.where(going, begins, 0).astype(np.int64),
        finishes=np.where(going, finishes, 0).astype(np.int64),
    )


def _flows_by_year(
    flows: pd.DataFrame | None, projects: pd.DataFrame, *, first_year: int, reach: float,
) -> tuple[tuple[int, ...], Floats, Floats]:
    """Years, and undelayed capital and operating money, each of shape (n_projects, n_years).

    ``reach`` months after the last year of the table are kept free for what is delayed or stretched.
    """
    ids = pd.Index(projects["project_id"])
    if flows is None:
        flows = pd.DataFrame({"project_id": [], "year": [], "cost_k": []})
    place = ids.get_indexer(pd.Index(flows["project_id"]))
    mine = (flows["year"].to_numpy(dtype=float) >= first_year) & (place >= 0)
    covered = np.isin(np.arange(len(ids)), place[mine])
    ahead = flows[mine]
    last = int(ahead["year"].max()) if len(ahead) else first_year
    years = tuple(range(first_year, last + int(reach // 12) + 2))
    capex, opex = np.zeros((len(ids), len(years))), np.zeros((len(ids), len(years)))
    cell = (place[mine], ahead["year"].to_numpy(dtype=int) - first_year)
    cost = ahead["cost_k"].to_numpy(dtype=float)
    share = ahead["capex_share"].to_numpy(dtype=float) if "capex_share" in ahead else np.zeros(len(ahead))
    np.add.at(capex, cell, cost * share)
    np.add.at(opex, cell, cost * (1 - share))
    opex[~covered, 0] = cost_to_go(projects).to_numpy()[~covered]
    return years, capex, opex


def build_actions(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None, policy: Policy | None = None,
    values: pd.Series | None = None, points: pd.Series | None = None,
) -> Actions:
    """List the actions open to every project, with what each brings, costs and needs.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects, and what there is of options, estimates, cash_flows and demand.
    period : int or str, optional
        Last known month; the plan begins with the next.
    policy : Policy, optional
        Options; the defaults when left out.
    values, points : Series, optional
        What going on is worth, by project_id, in place of the tables' estimates; the score.

    Raises
    ------
    MissingTableError
        projects is missing or has nothing to decide, or nothing gives a value.
    ParameterError
        The period is unknown, or ``values`` names no project to decide.
    """
    policy = Policy() if policy is None else policy
    projects, first = to_decide(tables), first_month(tables, period)
    worth = going_on(tables, projects, first_year=month_year(first), policy=policy, values=values, points=points)
    projects = pd.concat([projects, worth.reset_index(drop=True)], axis=1)
    begins = projects["start_month"].fillna(first).clip(lower=first).where(projects["state"] != "running", first)
    projects = projects.assign(
        begins=begins.astype("int64"),
        length=lengths(projects, tables.get("estimates"), first=first, weights=SWANSON))
    allowed, left_out = _allowed(projects, _terms(tables.get("options")), first, policy)
    frame = _priced(allowed, projects, policy, first=first)
    january = month_year(first) * 12 + 1
    offset = (projects["begins"].to_numpy() - january) / 12.0
    longest, slowest = int(frame["delay_months"].max()), float(frame["pace"].max())
    years, capex, opex = _flows_by_year(tables.get("cash_flows"), projects, first_year=month_year(first), reach=longest)
    stretch = int(np.ceil((slowest - 1.0) * len(years)))
    years = (*years, *range(years[-1] + 1, years[-1] + 1 + stretch))
    capex, opex = (np.pad(money, ((0, 0), (0, stretch))) for money in (capex, opex))
    spends = frame["action"].isin([*ON, "hold"]).to_numpy()
    capex_k, opex_k = (spending(frame, money, spends=spends, begins=offset) for money in (capex, opex))
    opex_k[:, 0] += frame["extra_k"].to_numpy(dtype=float)
    columns = ["project", "project_id", "action", "on", "changed", "value_k", "money_k", "points", "cost_k",
               "delay_months", "pace", "cost_factor", "benefit_left", "begins", "finishes"]
    return Actions(
        first=first, projects=projects.assign(cost_on_k=(capex + opex).sum(axis=1)),
        frame=frame.assign(cost_k=(capex_k + opex_k).sum(axis=1))[columns],
        years=years, capex_k=capex_k, opex_k=opex_k, left_out=left_out,
        people=people_needed(frame, projects, tables.get("demand"), first=first, begins=projects["begins"].to_numpy()),
        notes=_notes(projects, tables.get("options"), first, frame=frame),
    )


def _notes(
    projects: pd.DataFrame, options: pd.DataFrame | None, first: int, *, frame: pd.DataFrame,
) -> tuple[str, ...]:
    notes = []
    listed = 0 if options is None else int(options[options["project_id"].isin(projects["project_id"])]["action"]
                                           .isin(VARIANTS).sum())
    used = int(frame.loc[frame["action"].isin(VARIANTS), ["project", "action"]].drop_duplicates().shape[0])
    if listed > used:
        notes.append(f"{listed - used} slower or faster variants are left out: how long they take is not said. Give "
                     "options a pace (and a fast one a cost_factor), or set slow_pace.")
    unknown = projects.loc[projects["source"] == "unknown", "project_id"]
    if len(unknown):
        notes.append(f"{len(unknown)} projects have no value and stay as they are: {', '.join(unknown)}.")
    if first % 12 != 1:
        year = month_year(first)
        notes.append(f"The plan begins within {year}: its budget and costs are taken as what is left of them.")
    return tuple(notes)


def positions(actions: Actions) -> Ints:
    """Find the action of every project with which it goes on as now, the shortest hold (-1: not allowed)."""
    frame = actions.frame
    now = frame["action"] == frame["project"].map(actions.projects["state"]).map(GOING_ON_AS_NOW)
    found = np.full(len(actions.projects), -1, dtype=np.int64)
    places = np.flatnonzero(now)[::-1]
    found[frame["project"].to_numpy()[places]] = places
    return found
