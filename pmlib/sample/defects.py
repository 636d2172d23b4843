"""The defects of the small tables (truth T25), planted after the truths are asserted, on rows that none of them needs.

Each of them breaks one rule of the schema. Estimates are spoiled on days that another, good version follows before
the plans of months 24 and 36 look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from pmlib.sample import company
from pmlib.sample.forms import file_form, month_texts, stream
from pmlib.schema import TABLES

TWIN, TWIN_NAME, TWIN_BAC_K = "P94", "Radio stack 2, second phase", 940.0
EARLY, LATER = "2024-06-30", "2025-06-30"
NO_CURRENCY = (("P51", EARLY, "benefit_pv_k"), ("P55", EARLY, "cost_k"), ("P56", LATER, "benefit_pv_k"))
IN_EUR = (("P48", LATER, "cost_k"), ("P53", EARLY, "cost_k"))
SWAPPED = (("P01", LATER, "cost_k"), ("P43", EARLY, "months"), ("P45", EARLY, "cost_k"), ("P49", LATER, "months"),
           ("P61", EARLY, "cost_k"))  # fmt: skip
NEGATIVE_COST = ("P18", "P25")
FALLING = ("P13", "P24", "P29", "P33")
IN_HOURS, HOURS_PER_PM, HOURS_FROM = "field service", 160, company.HISTORY_START
HOMELESS = 6

_Spoilt = tuple[pd.DataFrame, list[dict[str, Any]]]


def spoil(tables: Mapping[str, pd.DataFrame], *, seed: int) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Plant the defects of the small tables.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Clean tables in file form; they are left as they are.
    seed : int
        Seed of the company.

    Returns
    -------
    tables : dict of str to DataFrame
        The same tables, seven of them spoilt, rows sorted by key.
    planted : dict of str to dict
        By kind of defect: table, number of rows, and the key of each.
    """
    spoilt, planted = dict(tables), {}
    for kind, name, make in _KINDS:
        frame, keys = make(spoilt[name], seed)
        spoilt[name] = file_form(name, {column: frame[column] for column in frame.columns})
        planted[kind] = {"table": name, "rows": len(keys), "keys": keys}
    return spoilt, planted


def _keys(name: str, rows: pd.DataFrame) -> list[dict[str, Any]]:
    keys = rows[list(TABLES[name].key)].astype(object)
    return [{str(column): cell for column, cell in row.items()} for row in keys.to_dict("records")]


def _places(frame: pd.DataFrame, rows: tuple[tuple[str, str, str], ...]) -> list[int]:
    keys = pd.MultiIndex.from_frame(frame[list(TABLES["estimates"].key)])
    return [int(place) for place in keys.get_indexer(pd.MultiIndex.from_tuples(rows))]


def _twin(frame: pd.DataFrame, _: int) -> _Spoilt:
    twin = frame[frame["project_id"] == TWIN].assign(name=TWIN_NAME, bac_k=TWIN_BAC_K)
    return pd.concat([frame, twin], ignore_index=True), _keys("projects", twin)


def _no_currency(frame: pd.DataFrame, _: int) -> _Spoilt:
    rows = _places(frame, NO_CURRENCY)
    frame = frame.copy()
    frame.loc[rows, "currency"] = None
    return frame, _keys("estimates", frame.loc[rows])


def _in_eur(frame: pd.DataFrame, _: int) -> _Spoilt:
    rows = _places(frame, IN_EUR)
    frame = frame.copy()
    frame.loc[rows, ["p10", "p50", "p90"]] *= 1000
    return frame, _keys("estimates", frame.loc[rows])


def _swapped(frame: pd.DataFrame, _: int) -> _Spoilt:
    rows = _places(frame, SWAPPED)
    frame = frame.copy()
    frame.loc[rows, ["p10", "p90"]] = frame.loc[rows, ["p90", "p10"]].to_numpy()
    return frame, _keys("estimates", frame.loc[rows])


def _middles(frame: pd.DataFrame, projects: tuple[str, ...]) -> Iterator[int]:
    for project in projects:
        own = frame.index[frame["project_id"] == project]
        yield int(own[len(own) // 2])


def _negative_cost(frame: pd.DataFrame, _: int) -> _Spoilt:
    rows = list(_middles(frame, NEGATIVE_COST))
    frame = frame.copy()
    frame.loc[rows, "ac_cum_k"] *= -1
    return frame, _keys("evm", frame.loc[rows])


def _falling(frame: pd.DataFrame, _: int) -> _Spoilt:
    rows = list(_middles(frame, FALLING))
    # Between the two months before: this row falls, and the next one rises again.
    before = frame["ev_cum_k"].rolling(2).mean().shift().round(1)
    own = frame.index.isin(rows)
    return frame.assign(ev_cum_k=frame["ev_cum_k"].mask(own, before)), _keys("evm", frame.loc[rows])


def _in_hours(frame: pd.DataFrame, _: int) -> _Spoilt:
    months = month_texts(range(HOURS_FROM, HOURS_FROM + 6))
    rows = frame.index[(frame["skill"] == IN_HOURS) & frame["month"].isin(months)]
    frame = frame.copy()
    frame.loc[rows, "person_months"] = (frame.loc[rows, "person_months"] * HOURS_PER_PM).round(2)
    return frame, _keys("capacity", frame.loc[rows])


def _homeless(frame: pd.DataFrame, seed: int) -> _Spoilt:
    more = pd.DataFrame({
        "project_id": None, "action": "start", "skill": "firmware",
        "month": month_texts(range(company.PLAN_START, company.PLAN_START + HOMELESS)),
        "person_months": stream(seed, "defects").uniform(0.2, 1.5, HOMELESS).round(2),
    })  # fmt: skip
    return pd.concat([frame, more], ignore_index=True), _keys("demand", more)


_KINDS: tuple[tuple[str, str, Callable[[pd.DataFrame, int], _Spoilt]], ...] = (
    ("duplicate project id", "projects", _twin),
    ("missing currencies", "estimates", _no_currency),
    ("negative actual costs", "evm", _negative_cost),
    ("falling earned values", "evm", _falling),
    ("estimates in EUR instead of kEUR", "estimates", _in_eur),
    ("demand rows without a project", "demand", _homeless),
    ("one skill in hours", "capacity", _in_hours),
    ("p10 above p90", "estimates", _swapped),
)
