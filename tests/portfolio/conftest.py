"""Small random portfolios with every kind of limit, and a brute force that knows no solver."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

FIRST = 2026 * 12 + 1
YEARS = (2026, 2027, 2028)
VERBS = {"running": ("keep", "slow", "fast", "hold", "stop"), "proposed": ("start", "slow", "fast", "decline"),
         "held": ("start", "slow", "fast", "hold", "stop")}
VARIANTS = ("slow", "fast")
NOW = {"running": "keep", "proposed": "decline", "held": "hold"}
SWANSON = (0.3, 0.4, 0.3)
RATE = 0.08

Tables = Mapping[str, pd.DataFrame]


def _projects(rng: np.random.Generator, n: int, *, candidates: bool) -> pd.DataFrame:
    state = rng.choice(["running", "proposed", "held"], n, p=[0.0, 1.0, 0.0] if candidates else [0.4, 0.5, 0.1])
    bac = rng.uniform(100, 1000, n).round(1)
    return pd.DataFrame({
        "project_id": [f"P{i:02d}" for i in range(n)], "name": [f"Project {i}" for i in range(n)],
        "programme_id": rng.choice(["G1", "G2", "G3"], n), "state": state,
        "start_month": pd.array([FIRST + int(i) for i in rng.integers(-6, 3, n)], dtype="Int64"),
        "planned_months": pd.array([int(m) if known else None for m, known in
                                    zip(rng.integers(2, 14, n), rng.random(n) < 0.7, strict=True)], dtype="Int64"),
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
        if rng.random() < 0.3:
            rows.append((name, "months", 3.0, 5.0, 9.0))
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


def _options(rng: np.random.Generator, projects: pd.DataFrame, *, candidates: bool) -> pd.DataFrame:
    rows = []
    for row in projects.itertuples():
        if rng.random() < 0.5:
            continue
        frozen = FIRST + 2 if rng.random() < 0.1 else None
        for verb in VERBS[row.state]:
            left_out = verb == "decline" or (candidates and verb in VARIANTS)
            if left_out or (verb != NOW[row.state] and rng.random() < 0.2):
                continue
            starts = verb == "start"
            pace, factor = {"slow": (1.5, None), "fast": (0.6, 1.3)}.get(verb, (None, None))
            rows.append((row.project_id, verb, FIRST + int(rng.integers(0, 15)) if starts else None,
                         FIRST - 1 if starts and rng.random() < 0.1 else None,
                         round(rng.uniform(5, 40), 1) if verb == "hold" else 0.0,
                         verb == "keep" and rng.random() < 0.2, frozen, pace, factor))
    columns = ["project_id", "action", "earliest_start", "latest_start", "hold_cost_k", "no_stop", "frozen_until",
               "pace", "cost_factor"]
    frame = pd.DataFrame(rows, columns=columns)
    # A latest start before the earliest would be refused by the schema.
    late = frame["latest_start"].notna()
    frame.loc[late, "earliest_start"] = np.nan
    return frame.astype({"earliest_start": "Int64", "latest_start": "Int64", "frozen_until": "Int64", "no_stop": bool,
                         "pace": float, "cost_factor": float})


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


def random_tables(
    seed: int, n: int = 7, *, candidates: bool = False, groups: bool = False,
) -> dict[str, pd.DataFrame]:
    """Make a portfolio of n projects to decide and one that is done, with every kind of limit.

    ``candidates``: all are proposed, without variants, so that twelve can be tried out; ``groups``: with group limits.
    """
    rng = np.random.default_rng(seed)
    projects = _projects(rng, n, candidates=candidates)
    ids = projects["project_id"].tolist()
    done = pd.DataFrame({"project_id": ["D1", "S1"], "name": ["Done", "Stopped"], "programme_id": "G1",
                         "state": ["done", "stopped"], "bac_k": 10.0, "spent_k": 10.0, "exit_cost_k": 0.0,
                         "salvage_k": 0.0, "mandatory": False, "start_month": pd.array([None, None], dtype="Int64")})
    flows = _cash_flows(rng, ids)
    limits = pd.DataFrame({"grouped_by": ["programme_id", "programme_id"], "group_name": ["G1", "G2"],
                           "at_least": pd.array([1, None], dtype="Int64"),
                           "at_most": pd.array([None, 1], dtype="Int64")})
    months = [FIRST + m for m in range(-1, 4)]
    return {
        "workbook": pd.DataFrame({"name": ["Test"], "currency": ["EUR"], "as_of": pd.to_datetime(["2025-12-31"])}),
        "projects": pd.concat([projects, done], ignore_index=True),
        "programmes": pd.DataFrame({"programme_id": ["G1", "G2", "G3"], "horizon": ["core", "adjacent", "new"]}),
        "mix_targets": pd.DataFrame({"horizon": ["core", "new"], "floor_share": [0.1, 0.15],
                                     "ceiling_share": [0.8, 1.0]}),
        "estimates": _estimates(rng, [name for name in ids if rng.random() < 0.8]),
        "cash_flows": flows, "options": _options(rng, projects, candidates=candidates),
        "demand": _demand(rng, projects),
        "capacity": pd.DataFrame([
            (skill, month, 5.0 * (160 if skill == "data" else 1), "hours" if skill == "data" else "pm",
             1.0 if skill == "data" else 0.0, 15.0)
            for skill in ("data", "design") for month in months],
            columns=["skill", "month", "person_months", "unit", "hire_limit_pm", "hire_cost_k"]),
        "budgets": pd.DataFrame([(g, y, 110.0, 330.0) for g in ("G1", "G2") for y in YEARS[:2]],
                                columns=["programme_id", "year", "capex_k", "opex_k"]),
        "links": _links(rng, ids), **({"group_limits": limits} if groups else {}),
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
    left: float = 1.0
    begins: int = 0
    finishes: int = 0


def _shift(money: Mapping[tuple[int, str], float], months: int) -> dict[tuple[int, str], float]:
    moved: dict[tuple[int, str], float] = {}
    for (year, kind), k in money.items():
        later, part = year + months // 12, (months % 12) / 12
        moved[later, kind] = moved.get((later, kind), 0.0) + k * (1 - part)
        moved[later + 1, kind] = moved.get((later + 1, kind), 0.0) + k * part
    return moved


def _spread(total: float, begin: float, end: float) -> Iterator[tuple[int, float]]:
    """Whole units of time that an interval touches, each with its share of a total."""
    at = begin
    while at < end - 1e-12:
        until = min(math.floor(at + 1e-12) + 1.0, end)
        yield math.floor(at + 1e-12), total * (until - at) / (end - begin)
        at = until


def _stretch_money(
    money: Mapping[tuple[int, str], float], begin: float, pace: float, factor: float,
) -> dict[tuple[int, str], float]:
    moved: dict[tuple[int, str], float] = {}
    for (year, kind), k in money.items():
        edges = [float(year), begin, year + 1.0] if year < begin < year + 1 else [float(year), year + 1.0]
        for low, high in itertools.pairwise(edges):
            mapped = [t if t <= begin else begin + (t - begin) * pace for t in (low, high)]
            for whole, part in _spread(k * factor * (high - low), *mapped):
                moved[whole, kind] = moved.get((whole, kind), 0.0) + part
    return moved


def _stretch_people(
    needs: Mapping[tuple[str, int], float], begin: int, pace: float,
) -> dict[tuple[str, int], float]:
    moved: dict[tuple[str, int], float] = {}
    for (skill, month), pm in needs.items():
        low = begin + max(month - begin, 0) * pace
        for whole, part in _spread(pm, low, low + pace):
            moved[skill, whole] = moved.get((skill, whole), 0.0) + part
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


def _chance_and_value(tables: Tables, row: Any) -> tuple[float, float, float]:
    estimates, flows = tables["estimates"], tables["cash_flows"]
    means = {r.quantity: sum(w * p for w, p in zip(SWANSON, (r.p10, r.p50, r.p90), strict=True))
             for r in estimates[estimates["project_id"] == row.project_id].itertuples()}
    chance = means.get("p_success", 1.0)
    if "benefit_pv_k" in means:
        return chance, chance * means["benefit_pv_k"] - means["cost_k"], means["cost_k"]
    mine = flows[(flows["project_id"] == row.project_id) & (flows["year"] >= 2026)]
    discounted = [(chance * f.benefit_k / (1 + RATE) ** (f.year - 2026 + 0.5),
                   f.cost_k / (1 + RATE) ** (f.year - 2026 + 0.5)) for f in mine.itertuples()]
    cost = sum(cost for _, cost in discounted)
    return chance, sum(benefit for benefit, _ in discounted) - cost, cost if discounted else max(
        row.bac_k - row.spent_k, 0.0)


def _known(tables: Tables, name: str) -> bool:
    estimated = tables["estimates"]["project_id"].eq(name).any()
    return bool(estimated or tables["cash_flows"]["project_id"].eq(name).any())


def _length(tables: Tables, row: Any) -> int:
    mine = tables["estimates"][(tables["estimates"]["project_id"] == row.project_id)
                               & (tables["estimates"]["quantity"] == "months")]
    if len(mine):
        return math.ceil(sum(w * p for w, p in zip(SWANSON, mine[["p10", "p50", "p90"]].iloc[0], strict=True)) - 1e-9)
    if pd.isna(row.planned_months):
        return 0
    left = row.planned_months if row.state == "proposed" else max(row.start_month + row.planned_months - FIRST, 1)
    return int(left)


def _open_verbs(tables: Tables, row: Any, options: pd.DataFrame) -> list[str]:
    verbs, now = list(VERBS[row.state]), NOW[row.state]
    frozen = options["frozen_until"].dropna()
    if (len(frozen) and frozen.max() > FIRST) or (not _known(tables, row.project_id) and not row.mandatory):
        return [now]
    listed = set(options["action"])
    if listed - set(VARIANTS):
        verbs = [v for v in verbs if v in listed or v == "decline"]
    verbs = [v for v in verbs if v not in VARIANTS or (v in listed and _length(tables, row))]
    late = (options.loc[options["action"] == "start", "latest_start"].dropna() < FIRST).any()
    begins = ("start", *VARIANTS) if row.state != "running" else ("start",)
    return [v for v in verbs if not (v == "stop" and options["no_stop"].any()) and not (v in begins and late)] or [now]


def _going_needs(demand: pd.DataFrame) -> dict[tuple[str, int], float]:
    going = "keep" if (demand["action"] == "keep").any() else "start"
    return {(d.skill, d.month): d.person_months for d in demand[demand["action"] == going].itertuples()}


def _later(needs: Mapping[tuple[str, int], float], months: int) -> dict[tuple[str, int], float]:
    return {(skill, month + months): pm for (skill, month), pm in needs.items()}


@dataclass
class _Facts:
    """What the acts of one project are made of."""

    money: dict[tuple[int, str], float]
    value: float
    cost: float
    length: int
    planned: int


def _held(facts: _Facts, demand: pd.DataFrame, cost: float, months: int, now: str) -> Act:
    later = _shift(facts.money, months)
    later[2026, "opex"] = later.get((2026, "opex"), 0.0) + cost
    own = {(d.skill, d.month): d.person_months for d in demand[demand["action"] == "hold"].itertuples()}
    left = (1 + RATE) ** (-months / 12)
    return Act("hold", False, now != "hold", facts.value * left - cost, later,
               own or _later(_going_needs(demand), months), left, FIRST + months,
               FIRST + months + facts.length if facts.length else 0)


def _going(facts: _Facts, demand: pd.DataFrame, options: pd.DataFrame, *, verb: str, delay: int, now: str) -> Act:
    pace, factor, money = 1.0, 1.0, facts.money
    needs = {(d.skill, d.month): d.person_months for d in demand[demand["action"] == verb].itertuples()}
    begin = facts.planned if now != "keep" else FIRST
    if verb in VARIANTS:
        mine = options[options["action"] == verb].iloc[0]
        pace, factor = mine["pace"], 1.0 if pd.isna(mine["cost_factor"]) else mine["cost_factor"]
        money = _stretch_money(money, 2026 + (begin - FIRST) / 12, pace, factor)
        needs = _stretch_people(_going_needs(demand), begin, pace)
    more = math.ceil(facts.length * (pace - 1) - 1e-9)
    longer, late = ((1 + RATE) ** (-months / 12) for months in (more, delay))
    value = ((facts.value + facts.cost) * longer - facts.cost * factor) * late
    return Act(verb, True, verb != now, value, _shift(money, delay), _later(needs, delay), longer * late,
               begin + delay, begin + delay + facts.length + more if facts.length else 0)


def _acts(tables: Tables, row: Any, policy: Mapping[str, Any]) -> list[Act]:
    options = tables["options"][tables["options"]["project_id"] == row.project_id]
    demand = tables["demand"][(tables["demand"]["project_id"] == row.project_id) & (tables["demand"]["month"] >= FIRST)]
    now, planned = NOW[row.state], max(int(row.start_month), FIRST)
    _, value, cost = _chance_and_value(tables, row)
    facts = _Facts(_plain_money(tables, row), value if _known(tables, row.project_id) else 0.0, cost,
                   _length(tables, row), planned)
    starts = options[options["action"] == "start"]
    earliest, latest = (starts[name].dropna().tolist() for name in ("earliest_start", "latest_start"))
    late = max(0, int(earliest[0]) - planned) if earliest else 0
    delays = [late + i * policy.get("start_step_months", 3) for i in range(policy.get("start_choices", 1))]
    delays = [d for d in delays if d == late or not latest or planned + d <= latest[0]]
    switch = policy.get("switching_cost_k", 0.0)
    acts = []
    for verb in _open_verbs(tables, row, options):
        if verb == "hold":
            cost_k = float(options.loc[options["action"] == "hold", "hold_cost_k"].sum())
            holds = policy.get("hold_months", 6)
            acts += [_held(facts, demand, cost_k, months, now)
                     for months in (holds if isinstance(holds, tuple) else (holds,))]
        elif verb in ("keep", "start", *VARIANTS):
            begins = row.state != "running"
            acts += [_going(facts, demand, options, verb=verb, delay=d, now=now) for d in (delays if begins else [0])]
        else:
            stop = verb == "stop"
            acts.append(Act(verb, False, verb != now, (row.salvage_k - row.exit_cost_k) * stop,
                            {(2026, "opex"): row.exit_cost_k} if stop else {}, {}))
    for act in acts:
        act.value -= switch * (act.change and row.state != "proposed")
    return acts


@dataclass
class Rules:
    """Everything about a portfolio that does not depend on the plan."""

    rows: list[Any]
    acts: list[list[Act]]
    chances: dict[str, float]
    done: set[str]
    links: list[tuple[str, list[tuple[str, str, float]]]]
    people: list[tuple[str, int, float, float, float]]
    budgets: dict[tuple[int, str], float]
    bands: list[tuple[float, float, list[bool]]]
    groups: list[tuple[list[bool], float, float]]


def _rules(tables: Tables, policy: Mapping[str, Any]) -> Rules:
    live = tables["projects"][tables["projects"]["state"].isin(list(VERBS))]
    rows = list(live.sort_values("project_id").itertuples())
    horizon = tables["programmes"].set_index("programme_id")["horizon"]
    yearly = tables["budgets"].groupby("year")[["capex_k", "opex_k"]].sum()
    return Rules(
        rows=rows, acts=[_acts(tables, row, policy) for row in rows],
        chances={row.project_id: _chance_and_value(tables, row)[0] * _known(tables, row.project_id) for row in rows},
        done={r.project_id for r in tables["projects"].itertuples() if r.state == "done"},
        links=[(str(link["type"].iloc[0]), [(r.member_id, r.role, r.amount_k) for r in link.itertuples()])
               for _, link in tables["links"].groupby("link_id")],
        people=[(r.skill, r.month, r.person_months / (160 if r.unit == "hours" else 1), r.hire_limit_pm, r.hire_cost_k)
                for r in tables["capacity"].itertuples() if r.month >= FIRST],
        budgets={(int(year), kind): float(yearly[f"{kind}_k"][year]) for year in yearly.index
                 for kind in ("capex", "opex")},
        bands=[(b.floor_share, b.ceiling_share, [horizon[row.programme_id] == b.horizon for row in rows])
               for b in tables["mix_targets"].itertuples()],
        groups=[([getattr(row, g.grouped_by) == g.group_name for row in rows],
                 0.0 if pd.isna(g.at_least) else g.at_least, math.inf if pd.isna(g.at_most) else g.at_most)
                for g in tables.get("group_limits", pd.DataFrame()).itertuples()],
    )


def _needs_met(needing: Act, state: str, needed: Act, *, finished: bool) -> bool:
    """Whether one project may go on in this way, given how the one it needs goes on."""
    ever = needed.on or needed.verb == "hold"
    if not finished:
        return needed.on if needing.on else ever
    if state == "running" or not needed.finishes:
        return needed.on or (needed.verb == "hold" and needed.begins <= needing.begins)
    return ever and needed.finishes <= needing.begins


def _joint(rules: Rules, by_id: Mapping[str, Act]) -> float | None:
    """Value of the links for a choice; None when it breaks one. A held project goes on later."""
    total = 0.0
    states = {row.project_id: row.state for row in rules.rows}
    on = {name: act.on for name, act in by_id.items()} | dict.fromkeys(rules.done, True)
    ever = {name: act.on or act.verb == "hold" for name, act in by_id.items()} | dict.fromkeys(rules.done, True)
    for kind, members in rules.links:
        if kind.startswith("requires"):
            pairs = itertools.product([m for m, role, _ in members if role == "needs"],
                                      [m for m, role, _ in members if role == "needed" and m not in rules.done])
            for p, q in pairs:
                if ever.get(p) and (q not in by_id or not _needs_met(by_id[p], states[p], by_id[q],
                                                                    finished=kind.endswith("finished"))):
                    return None
        elif kind == "excludes" and sum(ever[m] for m, _, _ in members) > 1:
            return None
        elif kind == "synergy":
            amount = members[0][2]
            total += amount * all((on if amount > 0 else ever)[m] for m, _, _ in members)
        elif kind == "overlap":
            claims = [rules.chances[m] * claim * by_id[m].left for m, _, claim in members if ever[m]]
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


def _money_holds(rules: Rules, acts: tuple[Act, ...], policy: Mapping[str, Any]) -> bool:
    if policy.get("budget_k") is not None:
        return sum(sum(act.money.values()) for act in acts) <= policy["budget_k"] + 1e-7
    for kind in ("capex", "opex"):
        carried = 0.0
        for year in sorted(year for year, one in rules.budgets if one == kind):
            left = rules.budgets[year, kind] + carried - sum(act.money.get((year, kind), 0.0) for act in acts)
            if left < -1e-7:
                return False
            carried = min(left, policy.get("carry_over", 0.0) * rules.budgets[year, kind])
    return True


def _mix_missed(rules: Rules, acts: tuple[Act, ...], policy: Mapping[str, Any]) -> float:
    """Thousands outside the bands."""
    spend = [sum(act.money.values()) for act in acts]
    whole = policy["budget_k"] if policy.get("budget_k") is not None else sum(rules.budgets.values())
    total = whole if policy.get("mix_of") == "budget" else sum(spend)
    missed = 0.0
    for floor, ceiling, mine in rules.bands:
        share = sum(s for s, inside in zip(spend, mine, strict=True) if inside)
        missed += max(floor * total - share, 0.0) + (max(share - ceiling * total, 0.0) if ceiling < 1 else 0.0)
    return missed


def _change_holds(rules: Rules, acts: tuple[Act, ...], policy: Mapping[str, Any]) -> bool:
    changes, stops = sum(act.change for act in acts), sum(act.verb == "stop" for act in acts)
    if changes > policy.get("max_changes", math.inf) or stops > policy.get("max_stops", math.inf):
        return False
    moved = 0.0
    for row, act, others in zip(rules.rows, acts, rules.acts, strict=True):
        now = next((sum(o.money.values()) for o in others if o.verb == NOW[row.state]), 0.0)
        moved += abs(sum(act.money.values()) - now) * act.change
    return moved <= policy.get("max_moved_k", math.inf) + 1e-7


def feasible_plans(tables: Tables, **policy: Any) -> Iterator[tuple[float, int, dict[str, str]]]:
    """Yield value, number of changes and verbs of every plan that holds every limit."""
    rules, mix = _rules(tables, policy), policy.get("mix", "hard")
    must = [[act for act in acts if act.on or not row.mandatory]
            for row, acts in zip(rules.rows, rules.acts, strict=True)]
    for acts in itertools.product(*must):
        counts = [sum(act.on for act, inside in zip(acts, mine, strict=True) if inside) for mine, _, _ in rules.groups]
        if not all(low <= n <= high for n, (mine, low, high) in zip(counts, rules.groups, strict=True) if any(mine)):
            continue
        if not _change_holds(rules, acts, policy) or not _money_holds(rules, acts, policy):
            continue
        joint = _joint(rules, {row.project_id: act for row, act in zip(rules.rows, acts, strict=True)})
        missed = 0.0 if mix == "off" else _mix_missed(rules, acts, policy)
        if joint is None or (mix == "hard" and missed > 1e-6):
            continue
        bought = _people_cost(rules, acts)
        if bought is not None:
            verbs = {row.project_id: act.verb for row, act in zip(rules.rows, acts, strict=True)}
            value = sum(act.value for act in acts) + joint - bought
            yield (value - missed * policy.get("mix_price", 0.1) * (mix == "priced"),
                   sum(act.change for act in acts), verbs)


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


@pytest.fixture(scope="session")
def all_plans() -> Callable[..., Iterator[tuple[float, int, dict[str, str]]]]:
    """Value, number of changes and verbs of every plan, added up from the tables."""
    return feasible_plans
