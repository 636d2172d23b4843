"""What a plan uses: every limit with its slack, the mix, money by year, people by month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pmlib.months import month_text, parse_month
from pmlib.portfolio.actions import VARIANTS
from pmlib.portfolio.limits import CHANGE, GROUPS, MIX, MONEY
from pmlib.portfolio.model import Floats, Ints, RowName
from pmlib.portfolio.problem import Outcome, Problem, going_on_as_now

ACTION_COLUMNS = ["project_id", "name", "programme_id", "state", "action", "value_k", "cost_k", "value_on_k",
                  "cost_on_k", "points_on", "p_success", "reason_code", "reason", "changed", "month"]
LIMIT_COLUMNS = ["kind", "name", "period", "use", "available", "slack", "unit", "binding", "bought_pm", "price_k"]
#: Below this a price in the linear relaxation is rounding.
NO_PRICE = 1e-9
#: A need that names no month.
_PAIR = 2
_HORIZONS = ("core", "adjacent", "new", "none")


def label(name: RowName) -> str:
    """Row name in words.

    Examples
    --------
    >>> label(("capacity", "data engineering", "2026-03"))
    'data engineering in 2026-03'
    >>> label(("budget capex", "2026"))
    'capital budget of 2026'
    """
    kind, rest = name[0], name[1:]
    words = {
        "budget": "budget", "budget capex": "capital budget", "budget opex": "operating budget",
        "mix floor": "floor of the mix", "mix ceiling": "ceiling of the mix",
        "changes": "most changes", "stops": "most stops", "money moved": "most money moved",
    }
    if kind == "capacity":
        return f"{rest[0]} in {rest[1]}"
    if kind == "mandatory":
        return f"{rest[0]} mandatory"
    if kind in ("requires", "requires later"):
        return f"{rest[0]} needs {rest[1]}" + (f" finished by {rest[2]}" if len(rest) > _PAIR else "")
    if kind == "excludes":
        return f"only one of link {rest[0]}"
    if kind in GROUPS:
        return f"{'fewest' if kind == 'group floor' else 'most'} projects of {rest[1]}"
    if kind in MIX:
        return f"{words[kind]} for {rest[0]}"
    return f"{words.get(kind, kind)} of {rest[0]}" if rest else words.get(kind, kind)


def _runs(months: Sequence[int]) -> list[str]:
    """Months as runs: 2026-03 to 2026-06."""
    ordered = np.array(sorted(months))
    breaks = np.flatnonzero(np.diff(ordered) > 1) + 1
    return [month_text(run[0]) if len(run) == 1 else f"{month_text(run[0])} to {month_text(run[-1])}"
            for run in np.split(ordered, breaks)]


def grouped_labels(names: Iterable[RowName]) -> tuple[str, ...]:
    """Row names in words, months of one skill and years of one budget together.

    Examples
    --------
    >>> grouped_labels([("capacity", "design", "2026-03"), ("capacity", "design", "2026-04"), ("stops",)])
    ('design in 2026-03 to 2026-04', 'most stops')
    """
    months: dict[str, list[int]] = {}
    words: list[str] = []
    for name in names:
        if name[0] == "capacity":
            if name[1] not in months:
                words.append(f"\0{name[1]}")
            months.setdefault(name[1], []).append(parse_month(name[2]))
        else:
            words.append(label(name))
    said = {f"\0{skill}": f"{skill} in {', '.join(_runs(found))}" for skill, found in months.items()}
    return tuple(said.get(word, word) for word in words)


def _action_money(problem: Problem) -> Floats:
    return np.asarray((problem.actions.capex_k + problem.actions.opex_k).sum(axis=1), dtype=float)


def limit_frame(problem: Problem, plan: Outcome, *, prices: Floats, blocking: Ints) -> pd.DataFrame:
    """Use, availability and slack of every limit, in the order of the rows.

    ``binding`` marks a limit that keeps out something worth doing and has a price or no slack left;
    ``price_k`` is the price in the linear relaxation: an estimate, never the worth of one more unit.
    """
    model = problem.model
    rows = model.rows("capacity", *MONEY, *MIX, *GROUPS, *CHANGE)
    hired = problem.hiring
    bought, buyable = np.zeros(len(model.names)), np.zeros(len(model.names))
    for place, name in enumerate(hired.rows):
        bought[model.row(name)], buyable[model.row(name)] = plan.x[hired.columns[place]], hired.limit_pm[place]
    use, available = plan.activity + bought, model.row_upper + buyable
    _without_carrying(problem, plan, use=use, available=available)
    money, group = _action_money(problem)[plan.choice], problem.horizon.to_numpy()
    met = plan.activity.copy()
    if problem.shortfall.rows:
        met[[model.row(name) for name in problem.shortfall.rows]] -= problem.shortfall.sign * plan.x[
            problem.shortfall.columns]
    for row in model.rows(*MIX):
        use[row] = money[group == model.names[row][1]].sum()
        bound = model.row_upper[row] if model.names[row][0] == "mix ceiling" else model.row_lower[row]
        available[row] = use[row] + bound - met[row]
    floor = np.array([name[0] in ("mix floor", "group floor") for name in model.names])
    available = np.where(np.array([name[0] == "group floor" for name in model.names]), model.row_lower, available)
    slack_by_row = np.where(floor, use - available, available - use)
    blocks = np.isin(np.arange(len(model.names)), blocking)
    size = np.maximum(1.0, np.where(np.isfinite(available), np.abs(available), 0.0))
    binding = blocks & ((np.abs(prices) > NO_PRICE) | (slack_by_row <= 1e-6 * size))
    names = [model.names[row] for row in rows]
    frame = pd.DataFrame({
        "kind": [name[0] for name in names],
        "name": [_subject(name) for name in names],
        "period": [_period(name) for name in names],
        "use": use[rows], "available": available[rows], "slack": slack_by_row[rows],
        "unit": [_unit(name[0], problem.currency) for name in names],
        "binding": binding[rows], "bought_pm": bought[rows], "price_k": np.abs(prices[rows]),
    })
    return frame.astype({"kind": str, "name": str, "period": str, "unit": str})[LIMIT_COLUMNS]


def _without_carrying(problem: Problem, plan: Outcome, *, use: Floats, available: Floats) -> None:
    """Count money carried over where it is spent: less is available in its year, more in the next."""
    carrying, model = problem.carrying, problem.model
    for place, column in enumerate(carrying.columns):
        for name, sign in ((carrying.spender[place], -1.0), (carrying.receiver[place], 1.0)):
            use[model.row(name)] += sign * plan.x[column]
            available[model.row(name)] += sign * plan.x[column]


def binding_limits(problem: Problem, plan: Outcome, limits: pd.DataFrame, *, prices: Floats) -> tuple[str, ...]:
    """Name the binding limits, the one with the most (estimated) money behind it first."""
    names = problem.model.names
    rows = problem.model.rows(*dict.fromkeys(limits["kind"]))
    bound = rows[limits["binding"].to_numpy()] if len(limits) else rows
    group = {int(row): names[row][1] if names[row][0] == "capacity" else " ".join(names[row]) for row in bound}
    weight: dict[str, float] = dict.fromkeys(group.values(), 0.0)
    for row, name in group.items():
        weight[name] += abs(float(prices[row] * plan.activity[row]))
    ordered = sorted(group, key=lambda row: (-weight[group[row]], names[row]))
    return grouped_labels([names[row] for row in ordered])


def _subject(name: RowName) -> str:
    if name[0] in GROUPS:
        return label(name)
    return name[1] if name[0] in ("capacity", *MIX) else label(name[:1])


def _period(name: RowName) -> str:
    return name[-1] if name[0] in ("capacity", *MONEY) and len(name) > 1 else ""


def _unit(kind: str, currency: str) -> str:
    if kind == "capacity":
        return "person-months"
    return "projects" if kind in (*GROUPS, "changes", "stops") else f"thousand {currency}"


def mix_frame(problem: Problem, plan: Outcome | None) -> pd.DataFrame:
    """Share of money still to be spent by horizon: today (going on as now), plan, what of it is committed, the band.

    Committed is the money of projects that are mandatory or have no other action open to them.
    """
    money, group = _action_money(problem), problem.horizon.fillna("none").to_numpy()
    bands = {} if problem.targets is None else problem.targets.set_index("horizon").to_dict("index")
    present = [h for h in _HORIZONS if h in set(group) or h in bands]

    projects = problem.actions.projects
    open_ones = np.bincount(problem.actions.frame["project"], minlength=len(projects))
    fixed = projects["mandatory"].to_numpy(dtype=bool) | (open_ones == 1)

    def shares(choice: Ints | None, among: NDArray[np.bool_] | None = None) -> list[float]:
        spent = np.zeros(len(group)) if choice is None else money[choice]
        total = float(spent.sum())
        mine = spent if among is None else spent * among
        return [float(mine[group == h].sum()) / total if total > 0 else np.nan for h in present]

    return pd.DataFrame({
        "horizon": pd.Series(present, dtype=str),
        "today_share": shares(going_on_as_now(problem)),
        "plan_share": shares(None if plan is None else plan.choice),
        "committed_share": shares(None if plan is None else plan.choice, fixed),
        "floor_share": [float(bands.get(h, {}).get("floor_share", 0.0)) for h in present],
        "ceiling_share": [float(bands.get(h, {}).get("ceiling_share", 1.0)) for h in present],
    })


def money_frame(problem: Problem, plan: Outcome | None) -> pd.DataFrame:
    """Money by year in thousands: plan, going on as now, budget (missing where there is none)."""
    actions, model = problem.actions, problem.model
    by_year = actions.capex_k + actions.opex_k
    budget = np.full(len(actions.years), np.nan)
    for row in model.rows(*MONEY):
        if len(model.names[row]) > 1:
            place = int(model.names[row][1]) - actions.years[0]
            budget[place] = np.nan_to_num(budget[place]) + model.row_upper[row]
    planned = np.full(len(actions.years), np.nan) if plan is None else by_year[plan.choice].sum(axis=0)
    shown = by_year.any(axis=0) | ~np.isnan(budget)
    now = by_year[going_on_as_now(problem)].sum(axis=0)
    return pd.DataFrame({"year": np.array(actions.years)[shown], "plan_k": planned[shown], "now_k": now[shown],
                         "budget_k": budget[shown]})


def people_frame(problem: Problem, plan: Outcome | None) -> pd.DataFrame:
    """People by skill and month in person-months: plan, going on as now, available with what can be bought."""
    capacity = problem.capacity
    keys = pd.MultiIndex.from_frame(capacity[["skill", "month"]])

    def use(choice: Ints | None) -> np.ndarray:
        if choice is None:
            return np.full(len(capacity), np.nan)
        needed = problem.actions.people[problem.actions.people["action"].isin(choice)]
        return needed.groupby(["skill", "month"])["person_months"].sum().reindex(keys, fill_value=0.0).to_numpy(float)

    return pd.DataFrame({
        "skill": capacity["skill"].astype(str), "month": capacity["month"].astype("int64"),
        "plan_pm": use(None if plan is None else plan.choice), "now_pm": use(going_on_as_now(problem)),
        "capacity_pm": capacity["person_months"].astype(float),
        "hire_limit_pm": capacity["hire_limit_pm"].astype(float),
    })


def marked_binding(people: pd.DataFrame, limits: pd.DataFrame) -> pd.DataFrame:
    """Mark the months of each skill that bind, by the limits of the plan."""
    tight = limits[(limits["kind"] == "capacity") & limits["binding"]]
    months = set(zip(tight["name"], tight["period"], strict=True))
    binds = [(skill, month_text(month)) in months
             for skill, month in zip(people["skill"], people["month"], strict=True)]
    return people.assign(binding=np.array(binds, dtype=bool))


def effect_frame(problem: Problem, plan: Outcome) -> pd.DataFrame:
    """Show what a plan's value holds beside its projects, in thousands: joint effects, bought people, missed bands."""
    ids = problem.actions.projects["project_id"].to_numpy()
    rows = []
    for joint in problem.links.joints:
        amount = float(np.dot(plan.x[list(joint.columns)], joint.amounts_k))
        if joint.kind == "overlap":
            amount -= float(np.dot(plan.x[list(joint.actions)], joint.amounts_k))
        if amount:
            rows.append((joint.kind, joint.link_id, ", ".join(ids[list(joint.members)]), amount))
    bought = plan.x[problem.hiring.columns] * problem.hiring.price_k
    skills = np.array([name[1] for name in problem.hiring.rows], dtype=object)
    rows.extend(("bought people", skill, "", -float(bought[skills == skill].sum()))
                for skill in sorted(set(skills)) if bought[skills == skill].sum() > 0)
    missed = plan.x[problem.shortfall.columns] * problem.policy.mix_price
    rows.extend(("outside the mix", label(name), "", -float(k))
                for name, k in zip(problem.shortfall.rows, missed, strict=True) if k > 0)
    frame = pd.DataFrame(rows, columns=["kind", "name", "projects", "value_k"])
    return frame.astype({"kind": str, "name": str, "projects": str, "value_k": float})


def described(problem: Problem) -> pd.DataFrame:
    """Return one row per project to decide: what it is and what going on is worth and costs."""
    columns = ["project_id", "name", "programme_id", "state", "value_k", "cost_on_k", "points", "p_success"]
    return problem.actions.projects[columns].rename(columns={"value_k": "value_on_k", "points": "points_on"})


def months_of(row: pd.DataFrame) -> pd.Series:
    """Month in which a start begins or a hold ends; missing for the other actions."""
    moves = row["action"].isin(["start", "hold"]) | (row["action"].isin(VARIANTS) & (row["delay_months"] > 0))
    return row["begins"].astype("Int64").where(moves | (row["action"].isin(VARIANTS) & row["changed"]))
