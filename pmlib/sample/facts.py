"""What the oracle knows: every allowed action with its value, money by year and people by month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmlib.months import parse_month
from pmlib.sample import company
from pmlib.sample.forms import records
from pmlib.schema import TABLES

FIRST = company.PLAN_START
HOLD_MONTHS = 6
RATE = 0.08
HORIZON_YEARS = tuple(range(2026, 2036))
_ALLOWED = {
    "running": ("keep", "hold", "stop"),
    "held": ("start", "hold", "stop"),
    "proposed": ("start", "decline"),
}
_STATUS_QUO = {"running": "keep", "held": "hold", "proposed": "decline"}


@dataclass(frozen=True, eq=False, kw_only=True)
class Facts:
    """Everything a choice rests on.

    Attributes
    ----------
    actions : DataFrame of shape (n_actions, 5)
        project_id, action, on, value_k, horizon.
    money : dict of str to array of shape (n_actions, n_years)
        Capital and operating money of every action.
    people : array of shape (n_actions, n_capacity_rows)
        Person-months of every action, by row of ``capacity``.
    capacity : DataFrame
        The rows of the plan's months.
    budget : dict of str to Series
        Budget by year, capital and operating.
    links, mix : DataFrame
        As the tables say, newest version.
    chance : Series
        Mean chance of success by project id.
    net : Series
        Value of going on, by project id.
    done, mandatory : frozenset of str
        Ids of finished and of mandatory projects.
    fallback : dict of str to str
        What happens to a project that a rule does not take.
    needs : dict of str to set of str
        Unfinished projects that a project needs.
    """

    actions: pd.DataFrame
    money: dict[str, np.ndarray]
    people: np.ndarray
    capacity: pd.DataFrame
    budget: dict[str, pd.Series]
    links: pd.DataFrame
    mix: pd.DataFrame
    chance: pd.Series
    net: pd.Series
    done: frozenset[str]
    mandatory: frozenset[str]
    fallback: dict[str, str]
    needs: dict[str, set[str]]

    @property
    def projects(self) -> list[str]:
        """Ids to decide, in order."""
        return list(self.fallback)


def newest(tables: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame:
    """Keep the newest version of every row of a versioned table.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Tables in file form.
    name : str
        The versioned table.
    """
    table = TABLES[name]
    key = [column for column in table.key if column != table.versioned_by]
    return tables[name].sort_values(table.versioned_by, kind="stable").drop_duplicates(key, keep="last")


def swanson(points: pd.DataFrame) -> pd.Series:
    """Give the mean of three-point estimates by .3 / .4 / .3.

    Parameters
    ----------
    points : DataFrame with columns p10, p50, p90

    References
    ----------
    Hurst, Brown & Swanson (2000), AAPG Bulletin 84(12).

    Examples
    --------
    >>> float(swanson(pd.DataFrame({"p10": [94.0], "p50": [97.0], "p90": [110.0]})).round(6)[0])
    100.0
    """
    return 0.3 * points["p10"] + 0.4 * points["p50"] + 0.3 * points["p90"]


def true_means(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Give benefit, cost and chance of every project to decide, and the value of going on.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Tables in file form.

    Returns
    -------
    DataFrame indexed by project_id
        benefit_pv_k, cost_k, p_success, net_k.
    """
    estimates = newest(tables, "estimates")
    mean = estimates.assign(mean=swanson(estimates)).pivot(index="project_id", columns="quantity", values="mean")
    return mean.assign(net_k=mean["p_success"] * mean["benefit_pv_k"] - mean["cost_k"])


def _actions(tables: Mapping[str, pd.DataFrame], means: pd.DataFrame) -> pd.DataFrame:
    """List the allowed actions with value and delay."""
    options = tables["options"]
    rows = []
    projects = tables["projects"]
    for project in records(projects[projects["state"].isin(list(_ALLOWED))]):
        own = options[options["project_id"] == project.project_id]
        going = float(means.loc[project.project_id, "net_k"])
        begin = max(FIRST, parse_month(project.start_month))
        for action in _allowed(project, own):
            row = own[own["action"] == action]
            hold_cost = float(row["hold_cost_k"].sum()) if action == "hold" else 0.0
            earliest = row["earliest_start"].dropna() if action == "start" else row["earliest_start"].iloc[:0]
            delay = HOLD_MONTHS if action == "hold" else 0
            delay = max(delay, *(parse_month(text) - begin for text in earliest), 0)
            value = going * (1 + RATE) ** (-delay / 12) - hold_cost
            if action in ("stop", "decline"):
                value = project.salvage_k - project.exit_cost_k if action == "stop" else 0.0
            leaving = project.exit_cost_k if action == "stop" else hold_cost
            rows.append((project.project_id, action, action in ("keep", "start"), value, delay, leaving))
    return pd.DataFrame(rows, columns=["project_id", "action", "on", "value_k", "delay", "leaving_k"])


def _allowed(project: Any, own: pd.DataFrame) -> list[str]:
    state = str(project.state)
    if any(parse_month(text) > FIRST for text in own["frozen_until"].dropna()):
        return [_STATUS_QUO[state]]
    listed = set(own["action"]) | ({"decline"} if state == "proposed" else set())
    actions = [action for action in _ALLOWED[state] if action in listed or own.empty]
    missed = any(parse_month(text) < FIRST for text in own.loc[own["action"] == "start", "latest_start"].dropna())
    barred = {"stop"} if own["no_stop"].any() else set()
    return [action for action in actions if action not in barred | ({"start"} if missed else set())]


def _later(amounts: np.ndarray, months: int) -> np.ndarray:
    """Move yearly amounts later by months: the part of a year moves to the year after."""
    years, rest = divmod(months, 12)
    moved = np.concatenate([np.zeros(years), amounts])[: len(amounts)]
    next_year = np.concatenate([[0.0], moved])[: len(amounts)]
    return (1 - rest / 12) * moved + rest / 12 * next_year


def _money(tables: Mapping[str, pd.DataFrame], actions: pd.DataFrame) -> dict[str, np.ndarray]:
    flows = tables["cash_flows"].assign(
        capex=lambda flow: flow["cost_k"] * flow["capex_share"],
        opex=lambda flow: flow["cost_k"] * (1 - flow["capex_share"]),
    )
    by_kind = {
        kind: flows.pivot(index="project_id", columns="year", values=kind).reindex(columns=HORIZON_YEARS).fillna(0.0)
        for kind in ("capex", "opex")
    }
    money = {kind: np.zeros((len(actions), len(HORIZON_YEARS))) for kind in by_kind}
    for number, row in enumerate(records(actions)):
        if row.action in ("keep", "start", "hold"):
            for kind, table in by_kind.items():
                money[kind][number] = _later(table.loc[row.project_id].to_numpy(), int(row.delay))
        money["opex"][number, 0] += row.leaving_k
    return money


def _people(tables: Mapping[str, pd.DataFrame], actions: pd.DataFrame, capacity: pd.DataFrame) -> np.ndarray:
    place = {(row.skill, row.month): number for number, row in enumerate(records(capacity))}
    demand = tables["demand"].assign(number=tables["demand"]["month"].map(parse_month))
    own = {key: part for key, part in demand.groupby(["project_id", "action"])}
    people = np.zeros((len(actions), len(capacity)))
    for number, row in enumerate(records(actions)):
        source, delay = row.action, int(row.delay)
        if row.action == "hold":
            source, delay = ("hold", 0) if (row.project_id, "hold") in own else ("keep", delay)
        for need in records(own.get((row.project_id, source), demand.iloc[:0])):
            column = place.get((need.skill, need.number + delay))
            if column is not None:
                people[number, column] += need.person_months
    return people


def read_facts(tables: Mapping[str, pd.DataFrame]) -> Facts:
    """Read the tables into the arrays of the model.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Tables in file form.
    """
    means = true_means(tables)
    actions = _actions(tables, means)
    projects = tables["projects"].set_index("project_id")
    horizon = tables["programmes"].set_index("programme_id")["horizon"]
    actions["horizon"] = actions["project_id"].map(projects["programme_id"]).map(horizon)
    capacity = newest(tables, "capacity").assign(month=lambda rows: rows["month"].map(parse_month))
    capacity = capacity[capacity["month"] >= FIRST].reset_index(drop=True)
    budget = newest(tables, "budgets").groupby("year")[["capex_k", "opex_k"]].sum()
    ids = list(dict.fromkeys(actions["project_id"]))
    open_ = {p: set(actions.loc[actions["project_id"] == p, "action"]) for p in ids}
    done = frozenset(projects.index[projects["state"] == "done"])
    return Facts(
        actions=actions,
        money=_money(tables, actions),
        people=_people(tables, actions, capacity),
        capacity=capacity,
        budget={"capex": budget["capex_k"], "opex": budget["opex_k"]},
        links=tables["links"],
        mix=newest(tables, "mix_targets"),
        chance=means["p_success"],
        net=means["net_k"],
        done=done,
        mandatory=frozenset(projects.index[projects["mandatory"] & projects.index.isin(ids)]),
        fallback={p: next(a for a in ("stop", "decline", "keep", "start") if a in open_[p]) for p in ids},
        needs=_needs(tables["links"], done),
    )


def _needs(links: pd.DataFrame, done: frozenset[str]) -> dict[str, set[str]]:
    needs: dict[str, set[str]] = {}
    for _, link in links[links["type"].str.startswith("requires")].groupby("link_id"):
        needed = set(link.loc[link["role"] == "needed", "member_id"]) - done
        for asking in link.loc[link["role"] == "needs", "member_id"]:
            needs.setdefault(asking, set()).update(needed)
    return needs
