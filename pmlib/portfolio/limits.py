"""The limits of a plan as named rows: money by year, people by month, mix by horizon, change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmlib.errors import SchemaError
from pmlib.months import month_text
from pmlib.portfolio.actions import Actions
from pmlib.portfolio.model import Floats, Ints, RowName, Rows
from pmlib.portfolio.policy import Mix, Objective, Policy

#: One full-time person for a month, for capacity given in hours.
HOURS_PER_PM = 160.0

MONEY, PEOPLE, MIX, CHANGE = ("budget", "budget capex", "budget opex"), ("capacity",), ("mix floor", "mix ceiling"), (
    "changes", "stops")


@dataclass(frozen=True, eq=False, kw_only=True)
class Hiring:
    """Person-months that can be bought: one column per skill and month with a hire limit."""

    rows: tuple[RowName, ...]
    limit_pm: Floats
    price_k: Floats


def capacity_by_month(tables: Mapping[str, pd.DataFrame], first: int) -> pd.DataFrame:
    """People there are from the first month on: skill, month, person_months, hire_limit_pm, hire_cost_k.

    Hours are turned into person-months of 160 hours.
    """
    columns = ["skill", "month", "person_months", "hire_limit_pm", "hire_cost_k"]
    table = tables.get("capacity")
    if table is None:
        return pd.DataFrame({name: [] for name in columns})
    ahead = table[table["month"] >= first]
    ahead = ahead.assign(**{name: 0.0 for name in columns[3:] if name not in ahead})
    if "unit" in ahead:
        hours = (ahead["unit"] == "hours").to_numpy()
        ahead = ahead.assign(person_months=ahead["person_months"] / np.where(hours, HOURS_PER_PM, 1.0))
    return ahead[columns].sort_values(["skill", "month"], kind="stable").reset_index(drop=True)


def add_people(rows: Rows, actions: Actions, capacity: pd.DataFrame, *, first_column: int, priced: bool) -> Hiring:
    """Add one row per skill and month with capacity; bought people are columns from ``first_column`` on."""
    names = [("capacity", str(skill), month_text(month)) for skill, month in zip(
        capacity["skill"], capacity["month"], strict=True)]
    place = pd.MultiIndex.from_arrays([capacity["skill"].astype(str), capacity["month"].astype("int64")])
    wanted = pd.MultiIndex.from_arrays([actions.people["skill"].astype(str), actions.people["month"].astype("int64")])
    where = place.get_indexer(wanted) if len(place) and len(wanted) else np.empty(0, dtype=np.int64)
    limited = where >= 0
    buyable = np.flatnonzero(capacity["hire_limit_pm"].to_numpy(dtype=float) > 0)
    entry_row = np.concatenate([where[limited], buyable])
    action = actions.people["action"].to_numpy(dtype=np.int64)[limited] if len(where) else where
    entry_column = np.concatenate([action, first_column + np.arange(len(buyable))])
    need = actions.people["person_months"].to_numpy(dtype=float)[limited] if len(where) else np.empty(0)
    rows.add(names, (entry_row, entry_column, np.concatenate([need, -np.ones(len(buyable))])),
             upper=capacity["person_months"].to_numpy(dtype=float))
    price = capacity["hire_cost_k"].to_numpy(dtype=float)[buyable]
    return Hiring(rows=tuple(names[i] for i in buyable), price_k=price if priced else np.zeros(len(buyable)),
                  limit_pm=capacity["hire_limit_pm"].to_numpy(dtype=float)[buyable])


def uncapped(actions: Actions, capacity: pd.DataFrame) -> tuple[str, ...]:
    """Note the demand that no capacity row limits."""
    if capacity.empty or actions.people.empty:
        return ()
    known = pd.MultiIndex.from_frame(capacity[["skill", "month"]].astype({"skill": str, "month": "int64"}))
    wanted = pd.MultiIndex.from_frame(actions.people[["skill", "month"]].astype({"skill": str, "month": "int64"}))
    free = wanted[~wanted.isin(known)].unique()
    if free.empty:
        return ()
    skills = sorted({str(skill) for skill, _ in free})
    return (f"{len(free)} months of demand have no capacity row and are not limited: {', '.join(skills)}.",)


def _owners(budgets: pd.DataFrame) -> pd.Series:
    """Programme of every budget row; empty for the whole portfolio's."""
    owners = budgets.get("programme_id", pd.Series("", index=budgets.index))
    return owners.fillna("").astype(str).str.strip()


def _refuse_two_kinds(budgets: pd.DataFrame) -> None:
    by_year = (_owners(budgets) == "").groupby(budgets["year"])
    mixed = [str(int(year)) for year, whole in by_year if whole.any() and not whole.all()]
    if mixed:
        raise SchemaError(
            f"budgets: {', '.join(mixed)} has rows with a programme_id and rows without one (the whole portfolio's), "
            "allowed one kind in a year, else money counts twice. Remove the rows of one kind for that year.")


def _budget_table(budgets: pd.DataFrame, actions: Actions) -> pd.DataFrame:
    columns = [name for name in ("capex_k", "opex_k") if name in budgets]
    ahead = budgets[budgets["year"].isin(actions.years)]
    _refuse_two_kinds(ahead)
    by_year = ahead.groupby("year")[columns].sum().astype(float)
    return by_year.assign(**{name: 0.0 for name in ("capex_k", "opex_k") if name not in columns})


def add_budgets(rows: Rows, actions: Actions, budgets: pd.DataFrame | None, *, policy: Policy) -> tuple[str, ...]:
    """Add the money rows (one in all, or one or two per year) and return notes on how budgets limit.

    Raises
    ------
    SchemaError
        Rows of one year are of programmes and of the whole portfolio.
    """
    everything = actions.capex_k + actions.opex_k
    if policy.budget_k is not None:
        column = np.arange(len(everything))
        rows.add([("budget",)], (np.zeros(len(column)), column, everything.sum(axis=1)), upper=policy.budget_k)
        return ()
    if budgets is None:
        return ("No budgets table: money is not limited.",)
    table = _budget_table(budgets, actions)
    both = bool(actions.capex_k.any()) and bool((budgets.get("capex_k", pd.Series([0.0])) > 0).any())
    blocks = [("budget", everything, table["capex_k"] + table["opex_k"])]
    if both:
        blocks = [("budget capex", actions.capex_k, table["capex_k"]),
                  ("budget opex", actions.opex_k, table["opex_k"])]
    years = np.array([year - actions.years[0] for year in table.index], dtype=np.int64)
    for kind, money, limit in blocks:
        action, place = np.nonzero(money[:, years])
        rows.add([(kind, str(year)) for year in table.index], (place, action, money[:, years][action, place]),
                 upper=limit.to_numpy(dtype=float))
    notes = _budget_notes(everything, actions.years, budgets, table=table)
    if not both and table["capex_k"].any() and table["opex_k"].any():
        return (*notes, "Capital and operating budgets are taken together: no cash flow has a capex_share.")
    return notes


def _budget_notes(
    everything: Floats, years: tuple[int, ...], budgets: pd.DataFrame, *, table: pd.DataFrame
) -> tuple[str, ...]:
    notes = []
    programmes = set(_owners(budgets[budgets["year"].isin(table.index)])) - {""}
    if len(programmes) > 1:
        notes.append(f"Budgets of {len(programmes)} programmes are taken together.")
    spent = everything.sum(axis=0) > 0
    free = [str(year) for year, some in zip(years, spent, strict=True) if some and year not in table.index]
    if free:
        notes.append(f"No budget for {', '.join(free)}: money of these years is not limited.")
    return tuple(notes)


def horizons(tables: Mapping[str, pd.DataFrame], actions: Actions) -> pd.Series:
    """Horizon of every project to decide (None without a programme), in the order of the projects."""
    programmes = tables.get("programmes")
    if programmes is None:
        return pd.Series([None] * len(actions.projects), dtype=object)
    by_id = programmes.set_index("programme_id")["horizon"].astype(object)
    return actions.projects["programme_id"].map(by_id).astype(object)


def add_mix(rows: Rows, actions: Actions, horizon: pd.Series, *, targets: pd.DataFrame | None, policy: Policy) -> None:
    """Add a floor and a ceiling row per horizon: shares of all money still to be spent."""
    if targets is None or policy.mix is Mix.OFF or not horizon.notna().any():
        return
    money = (actions.capex_k + actions.opex_k).sum(axis=1)
    group = horizon.to_numpy()[actions.frame["project"].to_numpy()]
    column = np.arange(len(money))
    for row in targets.sort_values("horizon").to_dict("records"):
        mine = group == row["horizon"]
        for kind, share in (("mix floor", row.get("floor_share", 0.0)), ("mix ceiling", row.get("ceiling_share", 1.0))):
            if kind == "mix floor" and share > 0:
                rows.add([(kind, row["horizon"])], (np.zeros(len(money)), column, money * (mine - share)), lower=0.0)
            elif kind == "mix ceiling" and share < 1:
                rows.add([(kind, row["horizon"])], (np.zeros(len(money)), column, money * (mine - share)), upper=0.0)


def outside_mix(actions: Actions, horizon: pd.Series, *, targets: pd.DataFrame | None, policy: Policy) -> str:
    """Note the projects that count in no band of the mix; empty when there are none, or no band is set."""
    outside = horizon.isna().to_numpy()
    if targets is None or targets.empty or policy.mix is Mix.OFF or not outside.any():
        return ""
    money = float(actions.projects["cost_on_k"].to_numpy(dtype=float)[outside].sum())
    free = " No project is left, so the bands limit nothing." if outside.all() else ""
    return (f"{outside.sum()} of {len(outside)} projects have no horizon ({money:,.0f} thousand if they go on) and "
            f"count in no band of the mix: give them a programme_id and their programme a horizon.{free}")


def add_change(rows: Rows, actions: Actions, policy: Policy) -> None:
    """Add the limits on how much may change at once, and the rows of mandatory projects."""
    frame = actions.frame
    counted: tuple[tuple[str, int | None, Ints], ...] = (
        ("changes", policy.max_changes, np.flatnonzero(frame["changed"])),
        ("stops", policy.max_stops, np.flatnonzero(frame["action"] == "stop")),
    )
    for kind, most, columns in counted:
        if most is not None:
            rows.add([(kind,)], (np.zeros(len(columns)), columns, 1.0), upper=float(most))
    must = actions.projects.index[actions.projects["mandatory"].astype(bool)]
    place = {int(project): i for i, project in enumerate(must)}
    on = [(place[p], i) for i, (p, is_on) in enumerate(zip(frame["project"], frame["on"], strict=True))
          if is_on and p in place]
    entries = np.array(on, dtype=np.int64).reshape(-1, 2)
    rows.add([("mandatory", actions.projects["project_id"][p]) for p in must],
             (entries[:, 0], entries[:, 1], 1.0), lower=1.0)


def objective_in_money(policy: Policy) -> bool:
    """Whether joint effects and prices of people count: they are money and do not add to points."""
    return policy.objective is Objective.MONEY
