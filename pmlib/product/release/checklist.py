"""The items of a launch's checklist, each looked up in the tables that can show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import pandas as pd

from pmlib.errors import MissingTableError
from pmlib.months import month_text
from pmlib.product.engine import Tables, lazy, month_of_date, small
from pmlib.product.release.backlog import DROPPED, RELEASED
from pmlib.product.release.capacity import ReleaseRules, read_capacity
from pmlib.product.wording import counted, listed

_BUILDING, _SUPPORT = "building", "service"


class Readiness(StrEnum):
    """Whether an item of the checklist is done."""

    READY = "ready"
    NOT_READY = "not ready"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, kw_only=True)
class Launch:
    """What every item looks at."""

    tables: Tables
    product_id: str
    last: int
    months: int
    musts: pd.DataFrame | None
    backlog: pd.DataFrame | None

    @property
    def window(self) -> str:
        """The months looked back upon, in words."""
        return f"{month_text(self.last - self.months + 1)} to {month_text(self.last)}"


#: State, finding, remedy.
Found: TypeAlias = tuple[Readiness, str, str]


def _ready(finding: str) -> Found:
    return Readiness.READY, finding, ""


def _unknown(table: str) -> Found:
    return Readiness.NOT_KNOWN, f"there is no table {table}", f"Add {table} to the workbook."


def _not_ready(finding: str, remedy: str) -> Found:
    return Readiness.NOT_READY, finding, remedy


def _no_musts() -> Found:
    return Readiness.NOT_KNOWN, "no feature is marked must", "Agree which features the launch cannot do without."


def _no_capacity(launch: Launch) -> Found:
    return (Readiness.NOT_KNOWN, f"team_capacity has no month after {month_text(launch.last)}",
            f"Add {counted(launch.months, 'month')} to team_capacity.")  # fmt: skip


def _launch_month(launch: Launch, row: pd.Series) -> Found:
    if pd.isna(row["launch_month"]):
        return _not_ready("no launch month", "Enter launch_month in products.")
    return _ready(f"launch month {month_text(int(row['launch_month']))}")


def _north_star(launch: Launch, row: pd.Series) -> Found:
    star = row["north_star"]
    if pd.isna(star) or not star:
        return _not_ready("no metric it steers by", "Enter north_star in products.")
    return _ready(str(star))


def _musts_under_way(launch: Launch, row: pd.Series) -> Found:
    musts = launch.musts
    if musts is None:
        return _unknown("features")
    if musts.empty:
        return _no_musts()
    waiting = musts.loc[~musts["state"].isin([RELEASED, _BUILDING]), ["feature_id", "state"]]
    if len(waiting):
        words = waiting["state"].replace({"idea": "an idea"})
        told = [f"{feature} is {state}" for feature, state in zip(waiting["feature_id"], words, strict=True)]
        return _not_ready(f"{len(musts) - len(waiting)} of {len(musts)}; {listed(told)}",
                          f"Put {listed(waiting['feature_id'].tolist())} into the next release.")  # fmt: skip
    return _ready(f"all {len(musts)}")


def _needs_done(launch: Launch, row: pd.Series) -> Found:
    musts, backlog = launch.musts, launch.backlog
    if musts is None or backlog is None:
        return _unknown("features")
    if musts.empty:
        return _no_musts()
    states = dict(zip(backlog["feature_id"], backlog["state"], strict=True))
    needs = musts[musts["depends_on"] != ""]
    open_ones = sorted({first for first in needs["depends_on"] if states[first] != RELEASED})
    if open_ones:
        told = [f"{first} ({states[first]})" for first in open_ones]
        return _not_ready(f"musts wait for {listed(told)}", f"Finish {listed(open_ones)} first.")
    return _ready(f"{counted(len(needs), 'must')} {'needs' if len(needs) == 1 else 'need'} another, all released"
                  if len(needs) else "no must needs another feature")  # fmt: skip


def _room_for_musts(launch: Launch, row: pd.Series) -> Found:
    musts = launch.musts
    if musts is None:
        return _unknown("features")
    if musts.empty:
        return _no_musts()
    if launch.tables.get("team_capacity") is None:
        return _unknown("team_capacity")
    left = musts[~musts["state"].isin([RELEASED, DROPPED])].groupby("team")["effort_pm"].sum()
    capacity = _capacity(launch)
    if capacity.empty:
        return _no_capacity(launch)
    have = capacity.reindex(left.index).fillna(0.0)
    short = (left - have)[left > have + 1e-9]
    if len(short):
        told = [f"{team} needs {left[team]:,.1f} and has {have[team]:,.1f} person-months" for team in short.index]
        return _not_ready(f"in {counted(launch.months, 'month')} {listed(told)}",
                          "Launch later, add people or take a feature out of the musts.")  # fmt: skip
    return _ready(f"{left.sum():,.1f} person-months left to do fit into {counted(launch.months, 'month')}")


def _room_for_support(launch: Launch, row: pd.Series) -> Found:
    if launch.tables.get("team_capacity") is None:
        return _unknown("team_capacity")
    capacity = _capacity(launch)
    if capacity.empty:
        return _no_capacity(launch)
    if _SUPPORT not in capacity.index:
        return Readiness.NOT_KNOWN, f"team_capacity has no team '{_SUPPORT}'", f"Add team '{_SUPPORT}' to it."
    if not capacity[_SUPPORT] > 0:
        return _not_ready(f"team '{_SUPPORT}' has no time", "Give the team time in the months after the launch.")
    return _ready(f"team '{_SUPPORT}' has {capacity[_SUPPORT]:,.1f} person-months in {counted(launch.months, 'month')}")


def _capacity(launch: Launch) -> pd.Series:
    """Person-months of each team in the months ahead; empty where none is known."""
    rules = ReleaseRules(releases=1, months_each=launch.months, horizon_months=launch.months + 1)
    read = read_capacity(launch.tables, period=launch.last, rules=rules)
    return pd.Series(read.person_months[:, 0], index=list(read.teams), dtype=float)


def _price(launch: Launch, row: pd.Series) -> Found:
    try:
        prices = small(launch.tables, "price_history", ["product_id", "month", "list_price"])
    except MissingTableError:
        return _unknown("price_history")
    own = prices[(prices["product_id"] == launch.product_id) & (prices["month"] <= launch.last)].dropna()
    if own.empty:
        return _not_ready("no list price in price_history", "Enter its list price.")
    newest = own[own["month"] == own["month"].max()]["list_price"]
    low, high = newest.min(), newest.max()
    told = f"{low:,.2f}" if low == high else f"{low:,.2f} to {high:,.2f} by region"
    return _ready(f"list price {told} in {month_text(int(own['month'].max()))}")


def _cost(launch: Launch, row: pd.Series) -> Found:
    try:
        costs = small(launch.tables, "product_costs", ["product_id", "month", "unit_cost_eur"])
    except MissingTableError:
        return _unknown("product_costs")
    own = costs[(costs["product_id"] == launch.product_id) & (costs["month"] <= launch.last)].dropna()
    if own.empty or own["month"].max() <= launch.last - launch.months:
        when = f"the newest is of {month_text(int(own['month'].max()))}" if len(own) else "none at all"
        return _not_ready(f"no unit cost in {launch.window}; {when}", "Enter its unit cost.")
    newest = own.sort_values("month").iloc[-1]
    return _ready(f"unit cost {newest['unit_cost_eur']:,.2f} in {month_text(int(newest['month']))}")


def _market(launch: Launch, row: pd.Series) -> Found:
    category = row["category"]
    if pd.isna(category) or not category:
        return _not_ready("no market category", "Enter category in products, as the market study names it.")
    if launch.tables.get("market") is None:
        return _unknown("market")
    first = launch.last - 11
    study = lazy(launch.tables, "market", ["category", "month"])
    rows = _count(study, (study.category == str(category)) & study.month.between(first, launch.last))
    if not rows:
        return _not_ready(f"no row of '{category}' since {month_text(first)}", "Order the study for this category.")
    return _ready(f"'{category}': {rows:,} rows since {month_text(first)}")


def _recorded(name: str, noun: str, remedy: str) -> Callable[[Launch, pd.Series], Found]:
    """Ask whether a large table has rows of the product in the window."""

    def look(launch: Launch, row: pd.Series) -> Found:
        if launch.tables.get(name) is None:
            return _unknown(name)
        table = lazy(launch.tables, name, ["product_id", "date" if name == "surveys" else "month"])
        month = month_of_date(table.date) if name == "surveys" else table.month
        inside = month.between(launch.last - launch.months + 1, launch.last)
        rows = _count(table, (table.product_id == launch.product_id) & inside)
        if not rows:
            return _not_ready(f"no {noun} in {launch.window}", remedy)
        return _ready(f"{rows:,} {noun}s in {launch.window}")

    return look


def _count(table: Any, rows: Any) -> int:
    return int(table.filter(rows).count().execute())


#: Every item of the checklist with the function that looks.
ITEMS: dict[str, Callable[[Launch, pd.Series], Found]] = {
    "launch month set": _launch_month,
    "musts released or being built": _musts_under_way,
    "what the musts need is there": _needs_done,
    "teams have room for the musts": _room_for_musts,
    "support has time": _room_for_support,
    "price known": _price,
    "cost known": _cost,
    "market study covers it": _market,
    "satisfaction is asked": _recorded("invitations", "invitation", "Invite its customers to answer."),
    "answers come in": _recorded("surveys", "answer", "Mend or begin the survey."),
    "use is measured": _recorded("usage", "customer-month", "Record the days of use."),
    "north star named": _north_star,
}
