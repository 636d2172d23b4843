"""Published selections of projects: the plan reaches their best value, proved, and breaks no budget."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from pmlib.months import parse_month
from pmlib.portfolio import Policy, Status, rebalance
from tests.published import capital_budgeting as published
from tests.published import oral

CONTRIBUTIONS = [name for name in oral.PROPOSALS if name != "budget"]


def proposals(cost):
    return pd.DataFrame({"project_id": cost.index, "state": "proposed", "bac_k": cost.to_numpy(dtype=float)})


def started(decision):
    return tuple(decision.actions.loc[decision.actions["action"] == "start", "project_id"])


def best_sum(cost, value, budget):
    """Largest sum of values in hundredths within a budget in tenths, by dynamic programming."""
    best = np.zeros(budget + 1, dtype=np.int64)
    for need, worth in zip(cost, value, strict=True):
        best[need:] = np.maximum(best[need:], best[:budget + 1 - need] + worth)
    return int(best[budget])


def test_the_best_iron_and_steel_programme_within_1000_is_found_and_proved():
    worth = oral.PROPOSALS[CONTRIBUTIONS].sum(axis=1)
    decision = rebalance({"projects": proposals(oral.PROPOSALS["budget"])}, period="1990-12", values=worth,
                         policy=Policy(budget_k=oral.BUDGET, objective="score"))
    assert decision.status is Status.PROVED
    assert decision.value_k == pytest.approx(oral.BEST)
    assert decision.cost_k == pytest.approx(oral.BEST_COST)
    assert started(decision) == oral.BEST_PROJECTS


@pytest.mark.parametrize("budget", [250.0, 1_000.0, 2_000.0])
@pytest.mark.parametrize("contribution", ["direct economic", "social", "all"])
def test_iron_and_steel_agrees_with_dynamic_programming(contribution, budget):
    table = oral.PROPOSALS
    worth = table[CONTRIBUTIONS].sum(axis=1) if contribution == "all" else table[contribution]
    decision = rebalance({"projects": proposals(table["budget"])}, period="1990-12", values=worth,
                         policy=Policy(budget_k=budget, objective="score"))
    tenths, hundredths = (table["budget"] * 10).round().astype(int), (worth * 100).round().astype(int)
    assert round(decision.value_k * 100) == best_sum(tenths, hundredths, int(budget * 10))


def petersen():
    ids = [f"P{i}" for i in range(1, 7)]
    month = parse_month("1967-01")
    need = [(ids[j], "start", f"resource {i}", month, float(amount))
            for i, row in enumerate(published.PETERSEN_NEED) for j, amount in enumerate(row) if amount]
    return {
        "projects": proposals(pd.Series(0.0, index=ids)),
        "demand": pd.DataFrame(need, columns=["project_id", "action", "skill", "month", "person_months"]),
        "capacity": pd.DataFrame({"skill": [f"resource {i}" for i in range(10)], "month": month,
                                  "person_months": published.PETERSEN_THERE}),
    }, dict(zip(ids, published.PETERSEN_VALUE, strict=True))


def test_petersen_1967_ten_resources_reach_the_published_3800():
    tables, values = petersen()
    decision = rebalance(tables, period="1966-12", values=values)
    need, there = np.array(published.PETERSEN_NEED), np.array(published.PETERSEN_THERE)
    every = max(np.dot(choice, published.PETERSEN_VALUE) for choice in itertools.product((0, 1), repeat=6)
                if (need @ np.array(choice) <= there).all())
    assert decision.status is Status.PROVED
    assert decision.value_k == every == published.PETERSEN_BEST


def test_weingartner_ness_1967_two_periods_reach_the_published_141278():
    ids = [f"P{i:02d}" for i in range(1, 29)]
    flows = [(name, year, float(cost)) for year, costs in zip((1967, 1968), published.WEINGARTNER_COST, strict=True)
             for name, cost in zip(ids, costs, strict=True)]
    tables = {
        "projects": proposals(pd.Series(0.0, index=ids)),
        "cash_flows": pd.DataFrame(flows, columns=["project_id", "year", "cost_k"]),
        "budgets": pd.DataFrame({"year": [1967, 1968], "opex_k": published.WEINGARTNER_BUDGET}),
    }
    decision = rebalance(tables, period="1966-12", values=dict(zip(ids, published.WEINGARTNER_VALUE, strict=True)))
    assert decision.status is Status.PROVED
    assert decision.value_k == published.WEINGARTNER_BEST
    assert decision.money.set_index("year").loc[[1967, 1968], "plan_k"].max() <= 600.0
