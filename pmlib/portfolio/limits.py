"""The limits of a plan as named rows: money by year, people by month, mix by horizon, change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from pmlib.errors import ParameterError, SchemaError
from pmlib.months import month_text
from pmlib.portfolio.actions import Actions, positions
from pmlib.portfolio.model import Floats, Ints, RowName, Rows
from pmlib.portfolio.policy import Mix, MixOf, Objective, Policy

#: One full-time person for a month, for capacity given in hours.
HOURS_PER_PM = 160.0

MONEY = ("budget", "budget capex", "budget opex")
PEOPLE = ("capacity",)
MIX = ("mix floor", "mix ceiling")
GROUPS = ("group floor", "group ceiling")
CHANGE = ("changes", "stops", "money moved")


class Columns:
    """Hands out the columns of a model in blocks, with what each is worth and how large it may be."""

    def __init__(self) -> None:
        self._objective: list[Floats] = []
        self._upper: list[Floats] = []
        self.count = 0

    def add(self, objective: ArrayLike, upper: ArrayLike) -> Ints:
        """Add a block and return the positions of its columns."""
        worth = np.asarray(objective, dtype=np.float64)
        self._objective.append(worth)
        self._upper.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), worth.shape))
        self.count += len(worth)
        return np.arange(self.count - len(worth), self.count)

    @property
    def objective(self) -> Floats:
        """Value of one unit of every column."""
        return np.concatenate(self._objective)

    @property
    def upper(self) -> Floats:
        """Largest value of every column."""
        return np.concatenate(self._upper)


@dataclass(frozen=True, eq=False, kw_only=True)
class Hiring:
    """Person-months that can be bought: one column per skill and month with a hire limit."""

    rows: tuple[RowName, ...]
    columns: Ints
    limit_pm: Floats
    price_k: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class Carrying:
    """Money left over in one year that may be spent in the next: one column per pair of years, earliest first."""

    spender: tuple[RowName, ...] = ()
    receiver: tuple[RowName, ...] = ()
    columns: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    limit_k: Floats = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, eq=False, kw_only=True)
class Shortfall:
    """Money by which bands of the mix may be missed, at a price: one column per row."""

    rows: tuple[RowName, ...] = ()
    columns: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    sign: Floats = field(default_factory=lambda: np.empty(0))


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


def add_people(rows: Rows, actions: Actions, capacity: pd.DataFrame, *, columns: Columns, priced: bool) -> Hiring:
    """Add one row per skill and month with capacity; bought people are columns of their own."""
    names = [("capacity", str(skill), month_text(month)) for skill, month in zip(
        capacity["skill"], capacity["month"], strict=True)]
    place = pd.MultiIndex.from_arrays([capacity["skill"].astype(str), capacity["month"].astype("int64")])
    wanted = pd.MultiIndex.from_arrays([actions.people["skill"].astype(str), actions.people["month"].astype("int64")])
    where = place.get_indexer(wanted) if len(place) and len(wanted) else np.empty(0, dtype=np.int64)
    limited = where >= 0
    buyable = np.flatnonzero(capacity["hire_limit_pm"].to_numpy(dtype=float) > 0)
    entry_row = np.concatenate([where[limited], buyable])
    action = actions.people["action"].to_numpy(dtype=np.int64)[limited] if len(where) else where
    price = capacity["hire_cost_k"].to_numpy(dtype=float)[buyable] * priced
    limit = capacity["hire_limit_pm"].to_numpy(dtype=float)[buyable]
    bought = columns.add(-price, limit)
    entry_column = np.concatenate([action, bought])
    need = actions.people["person_months"].to_numpy(dtype=float)[limited] if len(where) else np.empty(0)
    rows.add(names, (entry_row, entry_column, np.concatenate([need, -np.ones(len(buyable))])),
             upper=capacity["person_months"].to_numpy(dtype=float))
    return Hiring(rows=tuple(names[i] for i in buyable), columns=bought, price_k=price, limit_pm=limit)


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


def add_budgets(
    rows: Rows, actions: Actions, budgets: pd.DataFrame | None, *, columns: Columns, policy: Policy,
) -> tuple[Carrying, tuple[str, ...]]:
    """Add the money rows (one in all, or one or two per year) and return what is carried over, and notes.

    Raises
    ------
    SchemaError
        Rows of one year are of programmes and of the whole portfolio.
    """
    everything = actions.capex_k + actions.opex_k
    if policy.budget_k is not None:
        column = np.arange(len(everything))
        rows.add([("budget",)], (np.zeros(len(column)), column, everything.sum(axis=1)), upper=policy.budget_k)
        return Carrying(), ("A budget for all years together has nothing to carry over.",) * bool(policy.carry_over)
    if budgets is None:
        return Carrying(), ("No budgets table: money is not limited.",)
    table = _budget_table(budgets, actions)
    both = bool(actions.capex_k.any()) and bool((budgets.get("capex_k", pd.Series([0.0])) > 0).any())
    blocks = [("budget", everything, table["capex_k"] + table["opex_k"])]
    if both:
        blocks = [("budget capex", actions.capex_k, table["capex_k"]),
                  ("budget opex", actions.opex_k, table["opex_k"])]
    years = np.array([year - actions.years[0] for year in table.index], dtype=np.int64)
    carried = []
    for kind, money, limit in blocks:
        action, place = np.nonzero(money[:, years])
        entries = [(place, action, money[:, years][action, place])]
        if policy.carry_over > 0:
            carrying, more = _carried(kind, limit, columns=columns, share=policy.carry_over)
            carried.append(carrying)
            entries.extend(more)
        row, column, value = (np.concatenate(part) for part in zip(*entries, strict=True))
        rows.add([(kind, str(year)) for year in table.index], (row, column, value), upper=limit.to_numpy(dtype=float))
    notes = _budget_notes(everything, actions.years, budgets, table=table)
    if not both and table["capex_k"].any() and table["opex_k"].any():
        notes = (*notes, "Capital and operating budgets are taken together: no cash flow has a capex_share.")
    return _all_carried(carried), notes


def _carried(
    kind: str, limit: pd.Series, *, columns: Columns, share: float,
) -> tuple[Carrying, list[tuple[Ints, Ints, Floats]]]:
    """Columns that move money from each year to the next one that has a budget too, and their entries."""
    years = limit.index.to_numpy(dtype=np.int64)
    spender = np.flatnonzero(np.diff(years) == 1)
    most = share * limit.to_numpy(dtype=float)[spender]
    column, one = columns.add(np.zeros(len(spender)), most), np.ones(len(spender))
    carrying = Carrying(spender=tuple((kind, str(years[i])) for i in spender), columns=column, limit_k=most,
                        receiver=tuple((kind, str(years[i + 1])) for i in spender))
    return carrying, [(spender, column, one), (spender + 1, column, -one)]


def _all_carried(parts: list[Carrying]) -> Carrying:
    if not parts:
        return Carrying()
    return Carrying(
        spender=tuple(name for part in parts for name in part.spender),
        receiver=tuple(name for part in parts for name in part.receiver),
        columns=np.concatenate([part.columns for part in parts]),
        limit_k=np.concatenate([part.limit_k for part in parts]))


def whole_budget(budgets: pd.DataFrame | None, actions: Actions, policy: Policy) -> float | None:
    """Money there is for all years of the plan, in thousands; none where money is not limited."""
    if policy.budget_k is not None or budgets is None:
        return policy.budget_k
    return float(_budget_table(budgets, actions)[["capex_k", "opex_k"]].to_numpy(dtype=float).sum())


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Bands:
    """The wanted mix: horizon of every project, floors and ceilings, and the budget they may be shares of."""

    horizon: pd.Series
    targets: pd.DataFrame | None
    budget_k: float | None


def add_mix(rows: Rows, actions: Actions, bands: Bands, *, columns: Columns, policy: Policy) -> Shortfall:
    """Add a floor and a ceiling row per horizon: shares of the money still to be spent, or of the budget.

    Raises
    ------
    ParameterError
        Bands are shares of the budget, and there is none.
    """
    horizon, targets, budget_k = bands.horizon, bands.targets, bands.budget_k
    if targets is None or policy.mix is Mix.OFF or not horizon.notna().any():
        return Shortfall()
    of_budget = policy.mix_of is MixOf.BUDGET
    if of_budget and budget_k is None:
        raise ParameterError("mix_of: got 'budget', but there is no budget. Set budget_k, or take mix_of='spend'.")
    money = (actions.capex_k + actions.opex_k).sum(axis=1)
    group = horizon.to_numpy()[actions.frame["project"].to_numpy()]
    names: list[RowName] = []
    signs: list[float] = []
    for band in targets.sort_values("horizon").to_dict("records"):
        for kind, share, sign in (("mix floor", band.get("floor_share", 0.0), 1.0),
                                  ("mix ceiling", band.get("ceiling_share", 1.0), -1.0)):
            if (kind == "mix floor" and share <= 0) or (kind == "mix ceiling" and share >= 1):
                continue
            mine = (group == band["horizon"]) - (0.0 if of_budget else share)
            bound = share * float(budget_k or 0.0) * of_budget
            entries = [(np.arange(len(money)), money * mine)]
            if policy.mix is Mix.PRICED:
                names.append((kind, band["horizon"]))
                signs.append(sign)
                entries.append((columns.add([-policy.mix_price], np.inf), np.array([sign])))
            column, value = (np.concatenate(part) for part in zip(*entries, strict=True))
            sides = {"lower": bound} if kind == "mix floor" else {"upper": bound}
            rows.add([(kind, band["horizon"])], (np.zeros(len(column)), column, value), **sides)
    last = columns.count
    return Shortfall(rows=tuple(names), columns=np.arange(last - len(names), last), sign=np.array(signs))


def outside_mix(actions: Actions, horizon: pd.Series, *, targets: pd.DataFrame | None, policy: Policy) -> str:
    """Note the projects that count in no band of the mix; empty when there are none, or no band is set."""
    outside = horizon.isna().to_numpy()
    if targets is None or targets.empty or policy.mix is Mix.OFF or not outside.any():
        return ""
    money = float(actions.projects["cost_on_k"].to_numpy(dtype=float)[outside].sum())
    free = " No project is left, so the bands limit nothing." if outside.all() else ""
    return (f"{outside.sum()} of {len(outside)} projects have no horizon ({money:,.0f} thousand if they go on) and "
            f"count in no band of the mix: give them a programme_id and their programme a horizon.{free}")


def add_groups(rows: Rows, actions: Actions, horizon: pd.Series, limits: pd.DataFrame | None) -> tuple[str, ...]:
    """Add the fewest and most projects of a group that go on, and note the groups without a project to decide."""
    if limits is None or limits.empty:
        return ()
    frame, projects = actions.frame, actions.projects
    notes = []
    for limit in limits.sort_values(["grouped_by", "group_name"]).to_dict("records"):
        by, name = str(limit["grouped_by"]), str(limit["group_name"])
        of = horizon if by == "horizon" else projects.get(by, pd.Series(None, index=projects.index, dtype=object))
        mine = (of.astype(object) == name).to_numpy()
        if not mine.any():
            notes.append(f"No project to decide has {by} {name}: its limit in group_limits has no effect.")
            continue
        columns = np.flatnonzero(frame["on"].to_numpy() & mine[frame["project"].to_numpy()])
        entries = (np.zeros(len(columns)), columns, 1.0)
        for kind, column, side in (("group floor", "at_least", "lower"), ("group ceiling", "at_most", "upper")):
            bound = limit.get(column)
            if bound is not None and not pd.isna(bound):
                rows.add([(kind, by, name)], entries, **{side: float(bound)})
    return tuple(notes)


def money_moved(actions: Actions) -> Floats:
    """Thousands by which each action costs more or less than going on as now, shape (n_actions,)."""
    cost, now = actions.frame["cost_k"].to_numpy(dtype=float), positions(actions)
    stays = np.where(now >= 0, cost[now], 0.0)
    moved = np.abs(cost - stays[actions.frame["project"].to_numpy()])
    return np.where(actions.frame["changed"].to_numpy(dtype=bool), moved, 0.0)


def add_change(rows: Rows, actions: Actions, policy: Policy) -> None:
    """Add the limits on how much may change at once, and the rows of mandatory projects."""
    frame = actions.frame
    one = np.ones(len(frame))
    counted: tuple[tuple[str, float | None, Ints, Floats], ...] = (
        ("changes", policy.max_changes, np.flatnonzero(frame["changed"]), one),
        ("stops", policy.max_stops, np.flatnonzero(frame["action"] == "stop"), one),
        ("money moved", policy.max_moved_k, np.flatnonzero(frame["changed"]), money_moved(actions)),
    )
    for kind, most, columns, weight in counted:
        if most is not None:
            rows.add([(kind,)], (np.zeros(len(columns)), columns, weight[columns]), upper=float(most))
    must = actions.projects.index[actions.projects["mandatory"].astype(bool)]
    place = {int(project): i for i, project in enumerate(must)}
    on = [(place[p], i) for i, (p, is_on) in enumerate(zip(frame["project"], frame["on"], strict=True))
          if is_on and p in place]
    entries = np.array(on, dtype=np.int64).reshape(-1, 2)
    rows.add([("mandatory", actions.projects["project_id"][p]) for p in must],
             (entries[:, 0], entries[:, 1], 1.0), lower=1.0)


def objective_in_money(policy: Policy) -> bool:
    """Whether joint effects and prices of people count: they are money and do not add to points."""
    return policy.objective is not Objective.SCORE
