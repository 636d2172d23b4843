"""From tables to actions: what may be decided, what each choice is worth, costs and needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, ParameterError
from pmlib.months import as_month, month_of, month_text, month_year
from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.policy import Objective, Policy
from pmlib.portfolio.valuation import cost_to_go, going_on

BY_STATE = {"running": ("keep", "hold", "stop"), "proposed": ("start", "decline"), "held": ("start", "hold", "stop")}
_NOT_YET = frozenset({"slow", "fast"})
GOING_ON_AS_NOW = {"running": "keep", "proposed": "decline", "held": "hold"}
ON = ("keep", "start")
_NEEDY = ("keep", "start", "hold")


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
        One row per allowed action: project (position), project_id, action, on, changed, value_k, cost_k,
        delay_months.
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

    listed: frozenset[str]
    hold_cost_k: float
    earliest: int | None
    latest: int | None
    no_stop: bool
    frozen_until: int | None


_NO_TERMS = _Terms(listed=frozenset(), hold_cost_k=0.0, earliest=None, latest=None, no_stop=False, frozen_until=None)


def _whole(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


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
        listed=frozenset(by_verb) - _NOT_YET,
        hold_cost_k=float(by_verb.get("hold", {}).get("hold_cost_k", 0.0) or 0.0),
        earliest=_whole(start.get("earliest_start")),
        latest=_whole(start.get("latest_start")),
        no_stop=any(bool(row.get("no_stop", False)) for row in by_verb.values()),
        frozen_until=max((month for month in frozen if month is not None), default=None),
    )


def _forbidden(verb: str, project: dict[str, Any], terms: _Terms, *, first: int) -> str:
    """Why an action is left out; empty when it is allowed."""
    stays = verb == GOING_ON_AS_NOW[project["state"]]
    if terms.frozen_until is not None and terms.frozen_until > first:
        return "" if stays else f"frozen until {month_text(terms.frozen_until)}"
    if project["source"] == "unknown" and not project["mandatory"]:
        return "" if stays else "no value is known, so it stays as it is"
    if terms.listed and verb not in terms.listed and verb != "decline":
        return "not among its options"
    if verb == "stop" and terms.no_stop:
        return "a contract forbids stopping"
    if verb == "start" and terms.latest is not None and terms.latest < first:
        return f"its latest start {month_text(terms.latest)} has passed"
    return ""


def _delayed(by_year: Floats, months: int) -> Floats:
    """Move the share months/12 of every year into the next, shape (n, n_years); later years must be zero."""
    whole, part = divmod(months, 12)
    moved = np.zeros_like(by_year)
    moved[:, whole:] += by_year[:, : by_year.shape[1] - whole] * (1 - part / 12)
    if part:
        moved[:, whole + 1:] += by_year[:, : by_year.shape[1] - whole - 1] * (part / 12)
    return moved


def _flows_by_year(
    flows: pd.DataFrame | None, projects: pd.DataFrame, *, first_year: int, longest_delay: int,
) -> tuple[tuple[int, ...], Floats, Floats]:
    """Years, and undelayed capital and operating money, each of shape (n_projects, n_years)."""
    ids = pd.Index(projects["project_id"])
    if flows is None:
        flows = pd.DataFrame({"project_id": [], "year": [], "cost_k": []})
    place = ids.get_indexer(pd.Index(flows["project_id"]))
    mine = (flows["year"].to_numpy(dtype=float) >= first_year) & (place >= 0)
    covered = np.isin(np.arange(len(ids)), place[mine])
    ahead = flows[mine]
    last = int(ahead["year"].max()) if len(ahead) else first_year
    years = tuple(range(first_year, last + longest_delay // 12 + 2))
    capex, opex = np.zeros((len(ids), len(years))), np.zeros((len(ids), len(years)))
    cell = (place[mine], ahead["year"].to_numpy(dtype=int) - first_year)
    cost = ahead["cost_k"].to_numpy(dtype=float)
    share = ahead["capex_share"].to_numpy(dtype=float) if "capex_share" in ahead else np.zeros(len(ahead))
    np.add.at(capex, cell, cost * share)
    np.add.at(opex, cell, cost * (1 - share))
    opex[~covered, 0] = cost_to_go(projects).to_numpy()[~covered]
    return years, capex, opex


def _allowed(projects: pd.DataFrame, terms: dict[str, _Terms], first: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of allowed actions, and of those left out with the reason."""
    kept: list[tuple[int, str, str, float, float, int]] = []
    dropped: list[tuple[str, str, str]] = []
    for place, project in enumerate(records(projects)):
        term = terms.get(project["project_id"], _NO_TERMS)
        verbs = []
        for verb in BY_STATE[project["state"]]:
            why = _forbidden(verb, project, term, first=first)
            if why:
                dropped.append((project["project_id"], verb, why))
            else:
                verbs.append(verb)
        planned = max(_whole(project["start_month"]) or first, first)
        late = max((term.earliest or planned) - planned, 0)
        for verb in verbs or [GOING_ON_AS_NOW[project["state"]]]:
            hold_cost = term.hold_cost_k if verb == "hold" else 0.0
            kept.append((place, project["project_id"], verb, hold_cost, 0.0, late if verb == "start" else 0))
    columns = ["project", "project_id", "action", "extra_k", "value_k", "delay_months"]
    left_out = pd.DataFrame(dropped, columns=["project_id", "action", "why"]).astype(str)
    return pd.DataFrame(kept, columns=columns), left_out


def _priced(frame: pd.DataFrame, projects: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Add value, whether it is on, and whether it is a change; delay of a hold included."""
    owner = projects.iloc[frame["project"].to_numpy()].reset_index(drop=True)
    verb, money = frame["action"], policy.objective is Objective.MONEY
    delay = frame["delay_months"].mask(verb == "hold", policy.hold_months)
    later = owner["value_k"].to_numpy() * (1 + policy.discount_rate) ** (-delay.to_numpy(dtype=float) / 12)
    ends = (owner["salvage_k"] - owner["exit_cost_k"]).to_numpy(dtype=float) * money
    value = np.select([verb == "decline", verb == "stop", verb == "hold"],
                      [0.0, ends, later - frame["extra_k"].to_numpy() * money], default=later)
    extra = frame["extra_k"].mask(verb == "stop", owner["exit_cost_k"].astype(float))
    return frame.assign(value_k=value, extra_k=extra, delay_months=delay, on=verb.isin(ON),
                        changed=verb != owner["state"].map(GOING_ON_AS_NOW))


def _money(frame: pd.DataFrame, undelayed: Floats) -> Floats:
    """Money of every action by year, shape (n_actions, n_years); ends cost nothing but their exit."""
    spends = frame["action"].isin([*ON, "hold"]).to_numpy()
    money = undelayed[frame["project"].to_numpy()] * spends[:, None]
    delays = frame["delay_months"].to_numpy()
    for months in np.unique(delays[spends & (delays > 0)]):
        rows = np.flatnonzero(spends & (delays == months))
        money[rows] = _delayed(money[rows], int(months))
    return np.asarray(money, dtype=float)


def _people(actions: pd.DataFrame, projects: pd.DataFrame, demand: pd.DataFrame | None, *, first: int) -> pd.DataFrame:
    """Person-months by action, skill and month, delays applied."""
    if demand is None:
        return pd.DataFrame({"action": [], "skill": [], "month": [], "person_months": []})
    project = pd.Index(projects["project_id"]).get_indexer(pd.Index(demand["project_id"]))
    verb = pd.Index(_NEEDY).get_indexer(pd.Index(demand["action"]))
    ahead = np.flatnonzero((demand["month"].to_numpy() >= first) & (project >= 0) & (verb >= 0))
    key = project[ahead] * len(_NEEDY) + verb[ahead]
    ahead, key = ahead[np.argsort(key, kind="stable")], np.sort(key, kind="stable")
    source, delay = _sources(actions, key)
    low, high = np.searchsorted(key, source), np.searchsorted(key, source, side="right")
    count = np.where(source >= 0, high - low, 0)
    action = np.repeat(np.arange(len(actions)), count)
    within = np.arange(len(action)) - np.repeat(np.cumsum(count) - count, count)
    row = demand.iloc[ahead[np.repeat(low, count) + within]]
    month = row["month"].to_numpy(dtype=np.int64) + delay[action]
    frame = pd.DataFrame({"action": action, "skill": row["skill"].to_numpy(), "month": month,
                          "person_months": row["person_months"].to_numpy(dtype=float)})
    return frame.sort_values(["action", "skill", "month", "person_months"], kind="stable").reset_index(drop=True)


def _sources(actions: pd.DataFrame, key: Ints) -> tuple[Ints, Ints]:
    """Which demand rows each action takes (key of project and verb, -1: none), and how many months later."""
    verb = pd.Index(_NEEDY).get_indexer(pd.Index(actions["action"]))
    own = actions["project"].to_numpy() * len(_NEEDY)
    source = np.where(verb >= 0, own + verb, -1)
    delay = actions["delay_months"].to_numpy(dtype=np.int64).copy()
    hold = (actions["action"] == "hold").to_numpy()
    has = np.isin(source, key)
    delay[hold & has] = 0
    for other in ("keep", "start"):
        # Without rows of its own a hold needs what going on would need, only later.
        candidate = own + _NEEDY.index(other)
        borrow = hold & ~has & np.isin(candidate, key)
        source, has = np.where(borrow, candidate, source), has | borrow
    return source, delay


def build_actions(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None, policy: Policy | None = None,
    values: pd.Series | None = None,
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
    values : Series, optional
        What going on is worth, by project_id, in place of the tables' estimates.

    Raises
    ------
    MissingTableError
        projects is missing or has nothing to decide, or nothing gives a value.
    ParameterError
        The period is unknown, or ``values`` names no project to decide.
    """
    policy = Policy() if policy is None else policy
    projects = to_decide(tables)
    first = first_month(tables, period)
    worth = going_on(tables, projects, first_year=month_year(first), policy=policy, values=values)
    projects = pd.concat([projects, worth.reset_index(drop=True)], axis=1)
    frame, left_out = _allowed(projects, _terms(tables.get("options")), first)
    frame = _priced(frame, projects, policy)
    longest = max(policy.hold_months, int(frame["delay_months"].max()))
    years, capex, opex = _flows_by_year(tables.get("cash_flows"), projects, first_year=month_year(first),
                                        longest_delay=longest)
    capex_k, opex_k = _money(frame, capex), _money(frame, opex)
    opex_k[:, 0] += frame["extra_k"].to_numpy(dtype=float)
    frame = frame.assign(cost_k=(capex_k + opex_k).sum(axis=1))
    columns = ["project", "project_id", "action", "on", "changed", "value_k", "cost_k", "delay_months"]
    return Actions(
        first=first, projects=projects.assign(cost_on_k=(capex + opex).sum(axis=1)), frame=frame[columns],
        years=years, capex_k=capex_k, opex_k=opex_k, people=_people(frame, projects, tables.get("demand"), first=first),
        left_out=left_out, notes=_notes(projects, tables.get("options"), first),
    )


def _notes(projects: pd.DataFrame, options: pd.DataFrame | None, first: int) -> tuple[str, ...]:
    notes = []
    other = 0 if options is None else int(options["action"].isin(_NOT_YET).sum())
    if other:
        notes.append(f"{other} options for slower or faster variants are not in the model yet.")
    unknown = projects.loc[projects["source"] == "unknown", "project_id"]
    if len(unknown):
        notes.append(f"{len(unknown)} projects have no value and stay as they are: {', '.join(unknown)}.")
    if first % 12 != 1:
        year = month_year(first)
        notes.append(f"The plan begins within {year}: its budget and costs are taken as what is left of them.")
    return tuple(notes)


def positions(actions: Actions) -> Ints:
    """Find the action of every project with which it goes on as now (-1: not allowed)."""
    verbs = actions.projects["state"].map(GOING_ON_AS_NOW)
    lookup = {(p, a): i for i, (p, a) in enumerate(zip(actions.frame["project"], actions.frame["action"], strict=True))}
    return np.array([lookup.get((p, v), -1) for p, v in enumerate(verbs)], dtype=np.int64)
