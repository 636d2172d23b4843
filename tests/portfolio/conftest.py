"""Small random portfolios with every kind of limit, and a brute force that knows no solver."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

FIRST = 2026 * 12 + 1
YEARS = (2026, 2027, 2028)
VERBS = {"running": ("keep", "hold", "stop"), "proposed": ("start", "decline"), "held": ("start", "hold", "stop")}
NOW = {"running": "keep", "proposed": "decline", "held": "hold"}
SWANSON = (0.3, 0.4, 0.3)
RATE = 0.08

Tables = Mapping[str, pd.DataFrame]


def _projects(rng: np.random.Generator, n: int) -> pd.DataFrame:
    state = rng.choice(["running", "proposed", "held"], n, p=[0.4, 0.5, 0.1])
    bac = rng.uniform(100, 1000, n).round(1)
    return pd.DataFrame({
        "project_id": [f"P{i:02d}" for i in range(n)], "name": [f"Project {i}" for i in range(n)],
        "programme_id": rng.choice(["G1", "G2", "G3"], n), "state": state,
        "start_month": pd.array([FIRST + int(i) for i in rng.integers(-6, 3, n)], dtype="Int64"),
        "bac_k": bac, "spent_k": np.where(state == "proposed", 0.0, (bac * rng.uniform(0, 0.9, n)).round(1)),
        "exit_cost_k": rng.uniform(0, 60, n).round(1), "salvage_k": rng.uniform(0, 30, n).round(1),
        "mandatory": rng.random(n) < 0.12,
    })


def _estimates(rng: np.random.Generator, ids: list[str]) -> pd.DataFrame:
    rows = []
    for name in ids:
        for quantity, low, high in (("benefit_pv_k", 50, 1500), ("cost_k", 60, 700)):
            middle = rng.uniform(low, high)
            rows.append((name, quantity, round(0.8 * middle, 1), round(middle, 1), round(1.5 * middle, 1)))
        if rng.random() < 0.5:
            rows.append((name, "p_success", 0.6, 0.8, 0.95))
    return pd.DataFrame(rows, columns=["project_id", "quantity", "p10", "p50", "p90"])


def _cash_flows(rng: np.random.Generator, ids: list[str]) -> pd.DataFrame:
    rows = [(name, year, round(rng.uniform(0, 200), 1), 0.3, round(rng.uniform(0, 400), 1))
            for name in ids if rng.random() < 0.85 for year in (2025, *YEARS[:2])]
    return pd.DataFrame(rows, columns=["project_id", "year", "cost_k", "capex_share", "benefit_k"])


def _demand(rng: np.random.Generator, projects: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for row in projects.itertuples():
        verb = "keep" if row.state == "running" else "start"
        rows += [(row.project_id, verb, skill, FIRST + m, round(rng.uniform(0.1, 2), 2))
                 for skill in ("data", "design") for m in range(-1, 3) if rng.random() < 0.7]
        if row.state == "running" and rng.random() < 0.3:
            rows.append((row.project_id, "hold", "data", FIRST, 0.3))
    return pd.DataFrame(rows, columns=["project_id", "action", "skill", "month", "person_months"])


def _options(rng: np.random.Generator, projects: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for row in projects.itertuples():
        if rng.random() < 0.5:
            continue
        frozen = FIRST + 2 if rng.random() < 0.1 else None
        for verb in VERBS[row.state]:
            if verb == "decline" or (verb != NOW[row.state] and rng.random() < 0.2):
                continue
            starts = verb == "start"
            rows.append((row.project_id, verb, FIRST + int(rng.integers(0, 15)) if starts else None,
                         FIRST - 1 if starts and rng.random() < 0.1 else None,
                         round(rng.uniform(5, 40), 1) if verb == "hold" else 0.0,
                         verb == "keep" and rng.random() < 0.2, frozen))
    columns = ["project_id", "action", "earliest_start", "latest_start", "hold_cost_k", "no_stop", "frozen_until"]
    frame = pd.DataFrame(rows, columns=columns)
    # A latest start before the earliest would be refused by the schema.
    late = frame["latest_start"].notna()
    frame.loc[late, "earliest_start"] = np.nan
    return frame.astype({"earliest_start": "Int64", "latest_start": "Int64", "frozen_until": "Int64", "no_stop": bool})


def _links(rng: np.random.Generator, ids: list[str]) -> pd.DataFrame:
    a, b, c, d, e, f = (str(name) for name in rng.permutation(ids)[:6])
    overlap = [("L5", m, "overlap", "member", round(rng.uniform(50, 400), 1)) for m in (a, e, f)]
    return pd.DataFrame([
        ("L1", a, "requires_finished", "needs", 0.0), ("L1", b, "requires_finished", "needed", 0.0),
        ("L1", "D1", "requires_finished", "needed", 0.0),
        ("L2", c, "excludes", "member", 0.0), ("L2", d, "excludes", "member", 0.0),
        ("L3", b, "synergy", "member", 150.0), ("L3", e, "synergy", "member", 150.0),
        ("L4", d, "synergy", "member", -200.0), ("L4", f, "synergy", "member", -200.0), *overlap,
    ], columns=["link_id", "member_id", "type", "role", "amount_k"])


def random_tables(seed: int, n: int = 7) -> dict[str, pd.DataFrame]:
    """Make a portfolio of n projects to decide and one that is done, with every kind of limit."""
    rng = np.random.default_rng(seed)
    projects = _projects(rng, n)
    ids = projects["project_id"].tolist()
    done = pd.DataFrame({"project_id": ["D1", "S1"], "name": ["Done", "Stopped"], "programme_id": "G1",
                         "state": ["done", "stopped"], "bac_k": 10.0, "spent_k": 10.0, "exit_cost_k": 0.0,
                         "salvage_k": 0.0, "mandatory": False, "start_month": pd.array([None, None], dtype="Int64")})
    flows = _cash_flows(rng, ids)
    months = [FIRST + m for m in range(-1, 4)]
    return {
        "workbook": pd.DataFrame({"name": ["Test"], "currency": ["EUR"], "as_of": pd.to_datetime(["2025-12-31"])}),
        "projects": pd.concat([projects, done], ignore_index=True),
        "programmes": pd.DataFrame({"programme_id": ["G1", "G2", "G3"], "horizon": ["core", "adjacent", "new"]}),
        "mix_targets": pd.DataFrame({"horizon": ["core", "new"], "floor_share": [0.1, 0.15],
                                     "ceiling_share": [0.8, 1.0]}),
        "estimates": _estimates(rng, [name for name in ids if rng.random() < 0.8]),
        "cash_flows": flows, "options": _options(rng, projects), "demand": _demand(rng, projects),
        "capacity": pd.DataFrame([
            (skill, month, 5.0 * (160 if skill == "data" else 1), "hours" if skill == "data" else "pm",
             1.0 if skill == "data" else 0.0, 15.0)
            for skill in ("data", "design") for month in months],
            columns=["skill", "month", "person_months", "unit", "hire_limit_pm", "hire_cost_k"]),
        "budgets": pd.DataFrame([(g, y, 110.0, 330.0) for g in ("G1", "G2") for y in YEARS[:2]],
                                columns=["programme_id", "year", "capex_k", "opex_k"]),
        "links": _links(rng, ids),
    }


@dataclass
class Act:
    """One action of the oracle: plain numbers."""

    verb: str
    on: bool
    change: bool
    value: float
    money: dict[tuple[int, str], float]
    people: dict[tuple[str, int], float]


def _shift(money: Mapping[tuple[int, str], float], months: int) -> dict[tuple[int, str], float]:
    moved: dict[tuple[int, str], float] = {}
    for (year, kind), k in money.items():
        later, part = year + months // 12, (months % 12) / 12
        moved[later, kind] = moved.get((later, kind), 0.0) + k * (1 - part)
        moved[later + 1, kind] = moved.get((later + 1, kind), 0.0) + k * part
    return moved


def _plain_money(tables: Tables, row: Any) -> dict[tuple[int, str], float]:
    flows = tables["cash_flows"]
    mine = flows[flows["project_id"] == row.project_id]
    if mine.empty:
        return {(2026, "opex"): max(row.bac_k - row.spent_k, 0.0)}
    money = {}
    for flow in mine[mine["year"] >= 2026].itertuples():
        money[flow.year, "capex"] = flow.cost_k * flow.capex_share
        money[flow.year, "opex"] = flow.cost_k * (1 - flow.capex_share)
    return money


def _chance_and_value(tables: Tables, row: Any) -> tuple[float, float]:
    estimates, flows = tables["estimates"], tables["cash_flows"]
    means = {r.quantity: sum(w * p for w, p in zip(SWANSON, (r.p10, r.p50, r.p90), strict=True))
             for r in estimates[estimates["project_id"] == row.project_id].itertuples()}
    chance = means.get("p_success", 1.0)
    if "benefit_pv_k" in means:
        return chance, chance * means["benefit_pv_k"] - means["cost_k"]
    mine = flows[(flows["project_id"] == row.project_id) & (flows["year"] >= 2026)]
    return chance, sum((chance * f.benefit_k - f.cost_k) / (1 + RATE) ** (f.year - 2026 + 0.5)
                       for f in mine.itertuples())


def _known(tables: Tables, name: str) -> bool:
    estimated = tables["estimates"]["project_id"].eq(name).any()
    return bool(estimated or tables["cash_flows"]["project_id"].eq(name).any())


def _open_verbs(tables: Tables, row: Any, options: pd.DataFrame) -> list[str]:
    verbs, now = list(VERBS[row.state]), NOW[row.state]
    frozen = options["frozen_until"].dropna()
    if (len(frozen) and frozen.max() > FIRST) or (not _known(tables, row.project_id) and not row.mandatory):
        return [now]
    if len(options):
        verbs = [v for v in verbs if v in set(options["action"]) or v == "decline"]
    late = (options.loc[options["action"] == "start", "latest_start"].dropna() < FIRST).any()
    return [v for v in verbs if not (v == "stop" and options["no_stop"].any()) and not (v == "start" and late)] or [now]


def _hold_needs(demand: pd.DataFrame, months: int) -> dict[tuple[str, int], float]:
    own = demand[demand["action"] == "hold"]
    if len(own):
        return {(d.skill, d.month): d.person_months for d in own.itertuples()}
    going = "keep" if (demand["action"] == "keep").any() else "start"
    return {(d.skill, d.month + months): d.person_months for d in demand[demand["action"] == going].itertuples()}


def _acts(tables: Tables, row: Any, hold_months: int) -> list[Act]:
    options = tables["options"][tables["options"]["project_id"] == row.project_id]
    demand = tables["demand"][(tables["demand"]["project_id"] == row.project_id) & (tables["demand"]["month"] >= FIRST)]
    now, money = NOW[row.state], _plain_money(tables, row)
    value = _chance_and_value(tables, row)[1]
    if not _known(tables, row.project_id):
        value = 0.0
    earliest = options.loc[options["action"] == "start", "earliest_start"].dropna()
    acts = []
    for verb in _open_verbs(tables, row, options):
        if verb in ("keep", "start"):
            late = verb == "start" and len(earliest)
            delay = max(0, int(earliest.iloc[0]) - max(int(row.start_month), FIRST)) if late else 0
            needs = {(d.skill, d.month + delay): d.person_months for d in demand[demand["action"] == verb].itertuples()}
            acts.append(Act(verb, True, verb != now, value * (1 + RATE) ** (-delay / 12), _shift(money, delay), needs))
        elif verb == "hold":
            cost = float(options.loc[options["action"] == "hold", "hold_cost_k"].sum())
            later = _shift(money, hold_months)
            later[2026, "opex"] = later.get((2026, "opex"), 0.0) + cost
            acts.append(Act(verb, False, verb != now, value * (1 + RATE) ** (-hold_months / 12) - cost, later,
                            _hold_needs(demand, hold_months)))
        else:
            stop = verb == "stop"
            acts.append(Act(verb, False, verb != now, (row.salvage_k - row.exit_cost_k) * stop,
                            {(2026, "opex"): row.exit_cost_k} if stop else {}, {}))
    return acts


@dataclass
class Rules:
    """Everything about a portfolio that does not depend on the plan."""

    rows: list[Any]
    acts: list[list[Act]]
    chances: dict[str, float]
    on_already: dict[str, bool]
    links: list[tuple[str, list[tuple[str, str, float]]]]
    people: list[tuple[str, int, float, float, float]]
    budgets: dict[tuple[int, str], float]
    bands: list[tuple[float, float, list[bool]]]


def _rules(tables: Tables, hold_months: int) -> Rules:
    live = tables["projects"][tables["projects"]["state"].isin(list(VERBS))]
    rows = list(live.sort_values("project_id").itertuples())
    horizon = tables["programmes"].set_index("programme_id")["horizon"]
    yearly = tables["budgets"].groupby("year")[["capex_k", "opex_k"]].sum()
    return Rules(
        rows=rows, acts=[_acts(tables, row, hold_months) for row in rows],
        chances={row.project_id: _chance_and_value(tables, row)[0] * _known(tables, row.project_id) for row in rows},
        on_already={r.project_id: r.state == "done" for r in tables["projects"].itertuples()},
        links=[(str(link["type"].iloc[0]), [(r.member_id, r.role, r.amount_k) for r in link.itertuples()])
               for _, link in tables["links"].groupby("link_id")],
        people=[(r.skill, r.month, r.person_months / (160 if r.unit == "hours" else 1), r.hire_limit_pm, r.hire_cost_k)
                for r in tables["capacity"].itertuples() if r.month >= FIRST],
        budgets={(int(year), kind): float(yearly[f"{kind}_k"][year]) for year in yearly.index
                 for kind in ("capex", "opex")},
        bands=[(b.floor_share, b.ceiling_share, [horizon[row.programme_id] == b.horizon for row in rows])
               for b in tables["mix_targets"].itertuples()],
    )


def _joint(rules: Rules, on: Mapping[str, bool], later: Mapping[str, bool], delayed: float) -> float | None:
    """Value of the links for a choice; None when it breaks one. A held project goes on later."""
    total = 0.0
    ever = {name: on[name] or later.get(name, False) for name in on}
    for kind, members in rules.links:
        if kind.startswith("requires"):
            for going in (on, ever):
                if any(going[m] for m, role, _ in members if role == "needs") and not all(
                        going[m] for m, role, _ in members if role == "needed"):
                    return None
        elif kind == "excludes" and sum(ever[m] for m, _, _ in members) > 1:
            return None
        elif kind == "synergy":
            amount = members[0][2]
            total += amount * all((on if amount > 0 else ever)[m] for m, _, _ in members)
        elif kind == "overlap":
            claims = [rules.chances[m] * claim * (1.0 if on[m] else delayed) for m, _, claim in members if ever[m]]
            total -= sum(claims) - max(claims, default=0.0)
    return total


def _people_cost(rules: Rules, acts: tuple[Act, ...]) -> float | None:
    cost = 0.0
    for skill, month, there, most, price in rules.people:
        over = sum(act.people.get((skill, month), 0.0) for act in acts) - there
        if over > most + 1e-7:
            return None
        cost += max(over, 0.0) * price
    return cost


def _money_holds(rules: Rules, acts: tuple[Act, ...], budget_k: float | None) -> bool:
    if budget_k is not None:
        return sum(sum(act.money.values()) for act in acts) <= budget_k + 1e-7
    return all(sum(act.money.get(key, 0.0) for act in acts) <= most + 1e-7 for key, most in rules.budgets.items())


def _mix_holds(rules: Rules, acts: tuple[Act, ...]) -> bool:
    spend = [sum(act.money.values()) for act in acts]
    total = sum(spend)
    for floor, ceiling, mine in rules.bands:
        share = sum(s for s, inside in zip(spend, mine, strict=True) if inside)
        if not floor * total - 1e-6 <= share <= ceiling * total + 1e-6:
            return False
    return True


def feasible_plans(
    tables: Tables, *, budget_k: float | None = None, max_changes: int | None = None, max_stops: int | None = None,
    mix: str = "hard", hold_months: int = 6,
) -> Iterator[tuple[float, int, dict[str, str]]]:
    """Yield value, number of changes and verbs of every plan that holds every limit."""
    rules = _rules(tables, hold_months)
    must = [[act for act in acts if act.on or not row.mandatory]
            for row, acts in zip(rules.rows, rules.acts, strict=True)]
    for acts in itertools.product(*must):
        changes = sum(act.change for act in acts)
        if max_changes is not None and changes > max_changes:
            continue
        if max_stops is not None and sum(act.verb == "stop" for act in acts) > max_stops:
            continue
        on = rules.on_already | {row.project_id: act.on for row, act in zip(rules.rows, acts, strict=True)}
        later = {row.project_id: act.verb == "hold" for row, act in zip(rules.rows, acts, strict=True)}
        joint = _joint(rules, on, later, (1 + RATE) ** (-hold_months / 12))
        if joint is None or not _money_holds(rules, acts, budget_k) or (mix == "hard" and not _mix_holds(rules, acts)):
            continue
        bought = _people_cost(rules, acts)
        if bought is not None:
            verbs = {row.project_id: act.verb for row, act in zip(rules.rows, acts, strict=True)}
            yield sum(act.value for act in acts) + joint - bought, changes, verbs


@pytest.fixture(scope="session")
def make_tables() -> Callable[..., dict[str, pd.DataFrame]]:
    """Random portfolios by seed."""
    return random_tables


@pytest.fixture(scope="session")
def brute_force() -> Callable[..., tuple[float, int] | None]:
    """Best value and its fewest changes over every plan; None when there is no plan."""
    def best(tables: Tables, **policy: Any) -> tuple[float, int] | None:
        plans = [(value, changes) for value, changes, _ in feasible_plans(tables, **policy)]
        if not plans:
            return None
        top = max(value for value, _ in plans)
        return top, min(changes for value, changes in plans if value >= top - 1e-6 * max(1.0, abs(top)))
    return best
