"""The planted truths: measured on the tables, by an exact solve where they are about a choice, and asserted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import CheckError, SolverError
from pmlib.sample import company, tracking_truths
from pmlib.sample.customers import PRODUCTS
from pmlib.sample.facts import Facts, newest, read_facts, true_means
from pmlib.sample.limits import BUDGET_SHARE, SKILLS
from pmlib.sample.oracle import Model, Plan
from pmlib.sample.sales import own_sales
from pmlib.sample.surveys import FALL_MONTH

Tables = Mapping[str, pd.DataFrame]
#: T2: most that 10 % more budget, least that 10 % more data engineering may add.
BUDGET_GAIN, PEOPLE_GAIN = 0.005, 0.015
#: Tolerances: shares of demand, running mix (points), own sales (kEUR), NPS (points).
SHARE_ERROR, MIX_ERROR, OWN_ERROR_K, NPS_ERROR = 0.003, 0.5, 0.1, 4.0
#: T16: a fall this many standard errors wide is seen; a month-to-month move this large looks like one.
NPS_Z, NPS_MOVE = 4.0, 5.0
BOTTLENECK = "data engineering"
_RATIOS = {"must": (2.8, 3.8), "must not": (-0.5, -0.05), "borderline": (0.8, 1.9)}
_MIX = {"core": 86.0, "adjacent": 11.0, "new": 3.0}
#: Product: share of the first and third year in %, index points of change, of market, of share (truth T15).
_SHARES = {"PR3": (18.0, 20.54, -2.095, -4.347, 2.252), "PR5": (24.0, 19.80, 4.514, 9.636, -5.122)}


def _hold(truth: str, holds: bool, found: str) -> None:
    if not holds:
        raise CheckError(f"{truth}: {found}. Redraw the borderline projects or take another seed.")


def choice(tables: Tables) -> dict[str, Any]:
    """Measure every truth of the portfolio side and assert it: those about choice first, by exact solves.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The portfolio tables in file form.

    Returns
    -------
    dict of str to dict
        What was measured, by truth; rounded.

    Raises
    ------
    CheckError
        A truth does not hold; the message begins with its name.
    """
    found: dict[str, Any] = {"T1": ratios(tables), "T6": sunk_cost(tables), "T22": mix_drift(tables)}
    facts = read_facts(tables)
    found["T9"] = enabler(facts)
    found["T2"] = shares_of_demand(tables)
    try:
        model = Model(facts)
        plan = model.solve()
        money = Model(facts, budget=1.1).solve().value_k / plan.value_k - 1
        people = Model(facts, skills={BOTTLENECK: 1.1}).solve().value_k / plan.value_k - 1
    except SolverError as error:
        raise CheckError(f"T22: no plan fits every limit ({error}). Redraw the borderline projects.") from error
    _chosen(plan.actions)
    found["T1"] |= {"value_k": round(plan.value_k, 1), "plan": plan.actions.sort_index().to_dict()}
    # Adding zero turns a -0.0 of the last digit, which differs by machine, into 0.0.
    found["T2"] |= {"budget_gain_pct": round(100 * money, 2) + 0.0, "engineering_gain_pct": round(100 * people, 2)}
    _hold("T2", money < BUDGET_GAIN, f"10 % more budget adds {money:.2%} of value, allowed < 0.5 %")
    _hold("T2", people > PEOPLE_GAIN, f"10 % more data engineering adds {people:.2%} of value, wanted > 1.5 %")
    found["T3"] = _rules(model, facts, plan.value_k)
    found["T8"] = _double_count(tables)
    found["T1"]["hold_gain_k"] = _holds(model, plan)
    for truth, more in tracking_truths.measure(tables).items():
        found[truth] = found.get(truth, {}) | more
    return found


def _holds(model: Model, plan: Plan) -> dict[str, float]:
    """Measure what each hold of the plan adds against the best plan in which that project may not wait."""
    held = plan.actions.index[plan.actions == "hold"].sort_values()
    return {name: round(plan.value_k - model.solve(barred={name: "hold"}).value_k, 1) for name in held}


def _chosen(actions: pd.Series) -> None:
    on = set(actions.index[actions.isin(["keep", "start"])])
    missing, wrong = sorted(set(company.MUST) - on), sorted(set(company.MUST_NOT) & on)
    _hold("T1", not missing, f"not chosen though they must be: {', '.join(missing)}")
    _hold("T1", not wrong, f"chosen though they must not be: {', '.join(wrong)}")
    _hold("T6", actions["P17"] == "stop" and actions["P23"] == "keep", f"P17 {actions['P17']}, P23 {actions['P23']}")
    _hold("T9", set(company.BUNDLE) <= on, "P08 to P11 are not all chosen")


def ratios(tables: Tables) -> dict[str, Any]:
    """Measure value per cost of the three classes (T1); P08 is judged with its bundle.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``estimates`` and ``projects``.

    Raises
    ------
    CheckError
        A project lies outside the range of its class.
    """
    means = true_means(tables)
    ratio = means["net_k"] / means["cost_k"]
    open_ = set(ratio.index) - set(company.MUST) - set(company.MUST_NOT)
    classes = {"must": set(company.MUST) - {"P08"}, "must not": set(company.MUST_NOT), "borderline": open_}
    found: dict[str, Any] = {
        "must_choose": sorted(company.MUST),
        "must_not": sorted(company.MUST_NOT),
        "borderline": sorted(open_),
    }
    for name, (low, high) in _RATIOS.items():
        here = ratio[sorted(classes[name])]
        found[f"{name.replace(' ', '_')}_ratio"] = [round(here.min(), 3), round(here.max(), 3)]
        _hold("T1", bool(here.between(low, high).all()), f"{name}: value per cost {here.min():.2f} to {here.max():.2f}")
    return found


def shares_of_demand(tables: Tables) -> dict[str, Any]:
    """Measure budget against total cost and capacity against demand (T2).

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``budgets``, ``cash_flows``, ``capacity``, ``demand``.

    Raises
    ------
    CheckError
        A share is not the planted one.
    """
    budgets = tables["budgets"]
    known = budgets[budgets["valid_from"] == budgets["valid_from"].max()]
    budget = float(known[["capex_k", "opex_k"]].to_numpy().sum() / tables["cash_flows"]["cost_k"].sum())
    needed = tables["demand"].groupby("skill")["person_months"].sum()
    capacity = newest(tables, "capacity")
    busy = capacity[capacity["month"].isin(tables["demand"]["month"])]
    people = busy.groupby("skill")["person_months"].sum() / needed
    _hold("T2", abs(budget - BUDGET_SHARE) < SHARE_ERROR, f"budget is {budget:.1%} of cost")
    for skill, (_, share, _) in SKILLS.items():
        _hold("T2", abs(people[skill] - share) < SHARE_ERROR, f"{skill}: capacity is {people[skill]:.1%} of demand")
    return {"budget_share": round(budget, 3), "capacity_shares": people.round(3).to_dict()}


def sunk_cost(tables: Tables) -> dict[str, Any]:
    """Measure the sunk-cost pair (T6): going on against stopping.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``projects`` and ``estimates``.

    Raises
    ------
    CheckError
        The figures are not the planted ones.
    """
    going = true_means(tables)["net_k"]
    projects = tables["projects"].set_index("project_id")
    leaving = projects["salvage_k"] - projects["exit_cost_k"]
    found = {name: {"keep_k": round(going[name], 2), "stop_k": float(leaving[name])} for name in ("P17", "P23")}
    _hold("T6", found["P17"] == {"keep_k": -380.0, "stop_k": -80.0}, f"P17 {found['P17']}")
    _hold("T6", found["P23"] == {"keep_k": 850.0, "stop_k": -80.0}, f"P23 {found['P23']}")
    return found


def enabler(facts: Facts) -> dict[str, Any]:
    """Measure the enabler and what needs it (T9).

    Parameters
    ----------
    facts : Facts
        As the oracle reads them.

    Raises
    ------
    CheckError
        The figures are not the planted ones.
    """
    alone, users = float(facts.net["P08"]), float(facts.net[["P09", "P10", "P11"]].sum())
    _hold("T9", abs(alone + 600) < 1 and abs(users - 3_100) < 1, f"alone {alone:.0f}, users {users:.0f}")
    _hold("T9", all("P08" in facts.needs[name] for name in ("P09", "P10", "P11")), "P09 to P11 do not need P08")
    return {"alone_k": round(alone, 1), "users_k": round(users, 1), "bundle_k": round(alone + users, 1)}


def mix_drift(tables: Tables) -> dict[str, Any]:
    """Measure the mix of the running projects' money still to come (T22).

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``cash_flows``, ``projects``, ``programmes``.

    Raises
    ------
    CheckError
        The mix is not the planted one.
    """
    projects = tables["projects"].merge(tables["programmes"][["programme_id", "horizon"]], on="programme_id")
    running = projects[projects["state"] == "running"].merge(tables["cash_flows"], on="project_id")
    spend = running.groupby("horizon")["cost_k"].sum()
    mix = (100 * spend / spend.sum()).round(2).to_dict()
    _hold("T22", all(abs(mix[name] - share) <= MIX_ERROR for name, share in _MIX.items()), f"running mix {mix}")
    return {"running_pct": mix}


def _rules(model: Model, facts: Facts, best: float) -> dict[str, Any]:
    """Measure what rules of thumb lose (T3), each in its stronger form: with or without bringing what is needed."""
    cost = pd.Series((facts.money["capex"] + facts.money["opex"]).sum(axis=1), index=facts.actions["project_id"])
    cost = cost[facts.actions["action"].isin(["keep", "start"]).to_numpy()]
    orders = {"value": facts.net[cost.index], "value per cost": facts.net[cost.index] / cost}
    found = {}
    for (name, key), limit in zip(orders.items(), (0.08, 0.03), strict=True):
        order = key.sort_values(ascending=False, kind="stable").index.tolist()
        reached = max(model.by_rule(order, bring_needed=bring).value_k for bring in (False, True))
        loss = 1 - reached / best
        found[f"{name.replace(' ', '_')}_loss_pct"] = round(100 * loss, 2)
        _hold("T3", loss > limit, f"ranking by {name} loses {loss:.1%}, wanted > {limit:.0%}")
    return found


def _double_count(tables: Tables) -> dict[str, Any]:
    links = tables["links"]
    claims = links[(links["type"] == "overlap") & links["member_id"].isin(company.DOUBLE_COUNT)]
    chance = true_means(tables)["p_success"]
    claimed = claims["amount_k"] * claims["member_id"].map(chance)
    over = float(claimed.sum() - claimed.max())
    _hold("T8", abs(over - 4_800) < 1, f"three claims are over by {over:.0f}")
    return {"naive_over_k": round(over, 1), "any_two_over_k": round(float(claimed.nsmallest(2).min()), 1)}


def share_and_growth(tables: Tables) -> dict[str, Any]:
    """Split two products' change of revenue into market and share (T15), market of 2023 = 100.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``market``, ``orders``, ``subscriptions``, ``customers``.

    Raises
    ------
    CheckError
        A figure is off by more than .02 points, or the market's own rows do not match the orders.
    """
    market = tables["market"]
    found = {}
    own_lines = own_sales(tables)["eur"].groupby("product_id").sum() / 1000
    for product, wanted in _SHARES.items():
        here = market[market["category"] == PRODUCTS[product][3]]
        year = here["month"].str[:4]
        total = here["value_k"].groupby(year).sum()
        own = here["value_k"].where(here["player"] == "own", 0.0).groupby(year).sum()
        _hold("T15", abs(own.sum() - own_lines[product]) < OWN_ERROR_K, f"{product}: own rows differ from the orders")
        size, mine = 100 * total / total["2023"], 100 * own / total["2023"]
        share = own / total
        by_market = (share["2023"] + share["2025"]) / 2 * (size["2025"] - size["2023"])
        by_share = (share["2025"] - share["2023"]) * (size["2023"] + size["2025"]) / 2
        got = (100 * share["2023"], 100 * share["2025"], mine["2025"] - mine["2023"], by_market, by_share)
        _hold("T15", bool(np.allclose(got, wanted, rtol=0, atol=0.02)), f"{product}: {np.round(got, 3)}, not {wanted}")
        names = ("share_2023_pct", "share_2025_pct", "change_points", "market_points", "share_points")
        found[product] = {name: round(float(number), 2) for name, number in zip(names, got, strict=True)}
    return found


def nps_noise(tables: Tables) -> dict[str, Any]:
    """Measure the constant and the falling NPS (T16).

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``surveys``.

    Raises
    ------
    CheckError
        A mean lies more than 4 points from the planted one, or the fall is not detectable.
    """
    answers = tables["surveys"][tables["surveys"]["instrument"] == "NPS"]
    point = 100.0 * (answers["score"].between(9, 10).astype(float) - answers["score"].between(0, 6))
    monthly = point.groupby([answers["product_id"], answers["date"].str[:7]]).agg(["mean", "count"])
    steady, falling = monthly.loc["PR2"], point[answers["product_id"] == "PR6"]
    after = answers.loc[falling.index, "date"] >= f"{2023 + (FALL_MONTH - 1) // 12}-{(FALL_MONTH - 1) % 12 + 1:02d}"
    mean = float(point[answers["product_id"] == "PR2"].mean())
    high, low = float(falling[~after].mean()), float(falling[after].mean())
    error = np.sqrt(falling[after].var() / after.sum() + falling[~after].var() / (~after).sum())
    for name, got, wanted in (("PR2", mean, 25), ("PR6 before", high, 32), ("PR6 after", low, 20)):
        _hold("T16", abs(got - wanted) < NPS_ERROR, f"{name}: NPS {got:.1f}, planted {wanted}")
    _hold("T16", (high - low) / error > NPS_Z, f"PR6: fall of {high - low:.1f} with standard error {error:.1f}")
    return {
        "PR2": {
            "mean": round(mean, 1),
            "answers_a_month": round(float(steady["count"].mean()), 1),
            "moves_of_5_or_more_pct": round(100 * float((steady["mean"].diff().dropna().abs() >= NPS_MOVE).mean()), 1),
        },
        "PR6": {"before": round(high, 1), "after": round(low, 1), "z": round(float((high - low) / error), 1)},
    }
