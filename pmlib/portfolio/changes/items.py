"""The differences between two periods, cause by cause: each a number then, a number now and a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np
import pandas as pd

from pmlib.months import month_text, month_year
from pmlib.portfolio.arguments import currency_of
from pmlib.portfolio.changes.causes import Cause, Pair, Side
from pmlib.portfolio.limits import HOURS_PER_PM
from pmlib.portfolio.valuation import SWANSON

#: cause, table, what, number before, number now, sentence
Item = tuple[str, str, str, float, float, str]

_SHOWN = 8
#: Smaller changes are rounding.
_NOTHING = 1e-9
#: Words, whether projects add up (else their mean is told), digits.
_QUANTITIES = {
    "benefit_pv_k": ("Benefit given success", True, 0),
    "cost_k": ("Cost to complete", True, 0),
    "months": ("Months to complete", False, 1),
    "p_success": ("Chance of success", False, 2),
}


def items(both: Pair) -> list[Item]:
    """List what differs between two periods, by cause."""
    parts = (_progress, _estimates, _evidence, _budget, _capacity, _weights, _project_list)
    return list(chain.from_iterable(part(both) for part in parts))


def then_and_now(then: float, now: float, unit: str, *, digits: int = 0) -> str:
    """Write a number then and now with its change in percent.

    Examples
    --------
    >>> then_and_now(200.0, 184.0, "person-months")
    '200 to 184 person-months (-8.0 %)'
    """
    if np.isnan(then) or np.isnan(now):
        there = f"{now if np.isnan(then) else then:,.{digits}f} {unit}"
        return f"not known before, now {there}" if np.isnan(then) else f"{there} before, not known now"
    share = f" ({100 * (now / then - 1):+.1f} %)" if then else ""
    return f"{then:,.{digits}f} to {now:,.{digits}f} {unit}{share}"


def _money(both: Pair) -> str:
    return f"thousand {currency_of(both.now.tables)}"


def _named(ids: list[str]) -> str:
    return ", ".join(ids[:_SHOWN]) + (f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else "")


def _ahead(both: Pair, name: str, time: str) -> list[pd.DataFrame | None]:
    """Rows still to come now, then and now; of projects only those to be decided on both sides."""
    cut = both.now.first if time == "month" else month_year(both.now.first)
    shared, found = both.before.decides & both.now.decides, []
    for side in (both.before, both.now):
        table = side.tables.get(name)
        if table is not None:
            table = table[table[time] >= cut]
            table = table[table["project_id"].isin(shared)] if "project_id" in table else table
        found.append(table)
    return found


def _sums(frames: list[pd.DataFrame | None], column: str, by: str = "") -> list[tuple[str, float, float]]:
    """Sum by key then and now, missing where there was no table or no such key; only sums that differ."""
    sums = [pd.Series(dtype=float) if frame is None else frame.groupby(
        frame[by].astype(str) if by else np.full(len(frame), "", dtype=object))[column].sum().astype(float)
        for frame in frames]
    found = pd.DataFrame(dict(zip(("then", "now"), sums, strict=True))).sort_index()
    rows = [(str(key), float(row["then"]), float(row["now"])) for key, row in found.iterrows()]
    return [row for row in rows if not abs(row[2] - row[1]) <= _NOTHING]


def _progress(both: Pair) -> Iterator[Item]:
    then, now = both.before, both.now
    months = now.first - then.first
    if months:
        yield (Cause.PROGRESS, "workbook", "first month to plan", then.first, now.first,
               f"The plan begins in {month_text(now.first)}, {months} month{'s' if months > 1 else ''} later.")
    shared = sorted(then.decides & now.decides)
    old, new = (side.tables["projects"].set_index("project_id").loc[shared] for side in (then, now))
    begun = [name for name in shared if old["state"][name] == "proposed" and new["state"][name] != "proposed"]
    if begun:
        yield Cause.PROGRESS, "projects", "begun", 0, len(begun), f"{len(begun)} begun: {_named(begun)}."
    yield from _spending(both, "projects", "spent so far", [float(frame["spent_k"].sum()) for frame in (old, new)])
    for column, words in (("ac_cum_k", "actual cost reported so far"), ("ev_cum_k", "earned value so far")):
        yield from _spending(both, "evm", words, [_reached(side, shared, column) for side in (then, now)])


def _spending(both: Pair, table: str, words: str, sums: list[float]) -> Iterator[Item]:
    if not np.isnan(sums).all() and not abs(sums[1] - sums[0]) <= _NOTHING:
        yield (Cause.PROGRESS, table, words, sums[0], sums[1],
               f"{words[0].upper()}{words[1:]}: {then_and_now(sums[0], sums[1], _money(both))}.")


def _reached(side: Side, ids: list[str], column: str) -> float:
    evm = side.tables.get("evm")
    if evm is None:
        return float("nan")
    mine = evm[evm["project_id"].isin(ids)].sort_values(["project_id", "month"])
    return float(mine.drop_duplicates("project_id", keep="last")[column].sum())


def _estimates(both: Pair) -> Iterator[Item]:
    old, new = (_means(side, both.before.decides & both.now.decides) for side in (both.before, both.now))
    found = old.merge(new, on=["project_id", "quantity"], suffixes=("_then", "_now"))
    for quantity, (words, money, digits) in _QUANTITIES.items():
        mine = found[found["quantity"] == quantity]
        n = int(((mine["mean_now"] - mine["mean_then"]).abs() > _NOTHING).sum())
        if n:
            then, now = (float(mine[name].sum() if money else mine[name].mean()) for name in ("mean_then", "mean_now"))
            said = then_and_now(then, now, _money(both) if money else "on average", digits=digits)
            yield (Cause.ESTIMATES, "estimates", quantity, then, now,
                   f"{words} estimated anew for {n} of {len(mine)} projects: {said}.")
    for column, words in (("cost_k", "Cost"), ("benefit_k", "Benefit")):
        for _, then, now in _sums(_ahead(both, "cash_flows", "year"), column):
            yield (Cause.ESTIMATES, "cash_flows", column, then, now,
                   f"{words} still to come: {then_and_now(then, now, _money(both))}.")
    for skill, then, now in _sums(_ahead(both, "demand", "month"), "person_months", "skill"):
        yield (Cause.ESTIMATES, "demand", skill, then, now,
               f"Need of {skill}: {then_and_now(then, now, 'person-months', digits=1)}.")


def _means(side: Side, ids: frozenset[str]) -> pd.DataFrame:
    table = side.rows("estimates", ids)
    if table is None:
        return pd.DataFrame({"project_id": pd.Series(dtype=str), "quantity": pd.Series(dtype=str), "mean": 0.0})
    return table[["project_id", "quantity"]].assign(mean=table[["p10", "p50", "p90"]].to_numpy(dtype=float) @ SWANSON)


def _evidence(both: Pair) -> Iterator[Item]:
    then, now = (side.tables.get("evidence") for side in (both.before, both.now))
    if now is not None:
        new = now if then is None else now[~now["evidence_id"].isin(then["evidence_id"])]
        if len(new):
            ids = sorted(set(new["project_id"]))
            yield (Cause.EVIDENCE, "evidence", "measurements", 0 if then is None else len(then), len(now),
                   f"{len(new)} measurement{'s' if len(new) > 1 else ''} arrived: {_named(ids)}.")
    factors = pd.DataFrame({"then": both.before.factors, "now": both.now.factors}, dtype=float).fillna(1.0)
    for name, row in factors[factors["then"] != factors["now"]].iterrows():
        yield (Cause.EVIDENCE, "evidence", str(name), row["then"], row["now"],
               f"Of the benefit of {name} {100 * row['now']:.0f} % is left, before {100 * row['then']:.0f} %.")


def _budget(both: Pair) -> Iterator[Item]:
    frames = [None if table is None else table.assign(money_k=table["capex_k"] + table["opex_k"])
              for table in _ahead(both, "budgets", "year")]
    for year, then, now in _sums(frames, "money_k", "year"):
        yield (Cause.BUDGET, "budgets", year, then, now, f"Budget of {year}: {then_and_now(then, now, _money(both))}.")
    bands = [side.tables.get("mix_targets") for side in (both.before, both.now)]
    for column, words in (("floor_share", "Floor"), ("ceiling_share", "Ceiling")):
        for horizon, then, now in _sums(bands, column, "horizon"):
            yield (Cause.BUDGET, "mix_targets", f"{words.lower()} of {horizon}", then, now,
                   f"{words} of the mix for {horizon}: {_share(then)} to {_share(now)} of the money.")


def _share(number: float) -> str:
    return "none" if np.isnan(number) else f"{100 * number:.0f} %"


def _capacity(both: Pair) -> Iterator[Item]:
    frames = [None if table is None else table.assign(
        pm=table["person_months"] / np.where(table["unit"] == "hours", HOURS_PER_PM, 1.0))
        for table in _ahead(both, "capacity", "month")]
    for skill, then, now in _sums(frames, "pm", "skill"):
        yield (Cause.CAPACITY, "capacity", skill, then, now,
               f"Capacity of {skill}: {then_and_now(then, now, 'person-months still to come')}.")


def _weights(both: Pair) -> Iterator[Item]:
    tables = [side.tables.get("weights") for side in (both.before, both.now)]
    keyed = [None if table is None else table.assign(key=table["objective_id"] + " (" + table["group"] + ")")
             for table in tables]
    for key, then, now in _sums(keyed, "weight", "key"):
        yield (Cause.WEIGHTS, "weights", key, then, now,
               f"Weight of {key}: {'none' if np.isnan(then) else f'{then:g}'} to "
               f"{'none' if np.isnan(now) else f'{now:g}'}.")
    old, new = both.before.points, both.now.points
    if old is not None and new is not None:
        found = pd.DataFrame({"then": old, "now": new}).dropna()
        if ((found["now"] - found["then"]).abs() > _NOTHING).any():
            then, now = (float(found[name].mean()) for name in ("then", "now"))
            yield (Cause.WEIGHTS, "scores", "points", then, now,
                   f"Score of {len(found)} projects: {then_and_now(then, now, 'points on average', digits=1)}.")


def _project_list(both: Pair) -> Iterator[Item]:
    then, now = both.before, both.now
    for ids, what in ((now.decides - then.decides, "new"), (then.decides - now.decides, "closed")):
        if ids:
            yield Cause.PROJECTS, "projects", what, 0, len(ids), f"{len(ids)} {what}: {_named(sorted(ids))}."
    for name, words in (("links", "links between projects"), ("options", "options of projects")):
        old, new = (float("nan") if (table := side.tables.get(name)) is None else float(len(table))
                    for side in (then, now))
        if not (np.isnan(old) and np.isnan(new)) and old != new:
            yield Cause.PROJECTS, name, "rows", old, new, f"{words.capitalize()}: {then_and_now(old, new, 'rows')}."
