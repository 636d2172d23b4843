"""Limits as rows: units, splits, and notes on what nothing limits."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.months import parse_month
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.problem import compile_problem

JAN = parse_month("2026-01")


def tables(**more):
    return {
        "projects": pd.DataFrame({"project_id": ["A", "B"], "state": "proposed", "bac_k": 100.0, "programme_id": "G"}),
        "cash_flows": pd.DataFrame({"project_id": ["A", "B"], "year": 2026, "cost_k": 100.0, "capex_share": 0.4,
                                    "benefit_k": 300.0}),
    } | more


def bounds(problem):
    return dict(zip(problem.model.names, problem.model.row_upper.tolist(), strict=True))


def test_capital_and_operating_money_are_apart_only_where_both_tables_know_both():
    both = pd.DataFrame({"programme_id": ["G", None], "year": 2026, "capex_k": [50.0, 10.0], "opex_k": [80.0, 0.0]})
    rows = bounds(compile_problem(tables(budgets=both)))
    assert rows["budget capex", "2026"] == 60.0
    assert rows["budget opex", "2026"] == 80.0
    one = bounds(compile_problem(tables(budgets=both.assign(capex_k=0.0))))
    assert one["budget", "2026"] == 80.0
    assert ("budget capex", "2026") not in one


def test_a_budget_of_the_policy_replaces_the_tables():
    budgets = pd.DataFrame({"programme_id": ["G"], "year": 2026, "capex_k": 0.0, "opex_k": 1.0})
    rows = bounds(compile_problem(tables(budgets=budgets), policy=Policy(budget_k=150.0)))
    assert rows["budget",] == 150.0
    assert ("budget", "2026") not in rows


def test_years_and_months_without_a_limit_are_noted():
    budgets = pd.DataFrame({"programme_id": ["G"], "year": 2027, "capex_k": 0.0, "opex_k": 1.0})
    demand = pd.DataFrame({"project_id": "A", "action": "start", "skill": "data", "month": [JAN, JAN + 1],
                           "person_months": 1.0})
    capacity = pd.DataFrame({"skill": ["data"], "month": [JAN], "person_months": [5.0]})
    notes = rebalance(tables(budgets=budgets, demand=demand, capacity=capacity)).notes
    assert "No budget for 2026: money of these years is not limited." in notes
    assert "1 months of demand have no capacity row and are not limited: data." in notes
    assert "No budgets table: money is not limited." in rebalance(tables()).notes


def test_hours_become_person_months_and_people_can_be_bought_at_their_price():
    demand = pd.DataFrame({"project_id": ["A", "B"], "action": "start", "skill": "data", "month": JAN,
                           "person_months": 1.0})
    capacity = pd.DataFrame({"skill": ["data"], "month": [JAN], "person_months": [160.0], "unit": "hours",
                             "hire_limit_pm": 1.0, "hire_cost_k": 30.0})
    decision = rebalance(tables(demand=demand, capacity=capacity))
    row = decision.limits[decision.limits["kind"] == "capacity"].iloc[0]
    assert (row["use"], row["available"], row["bought_pm"]) == (2.0, 2.0, 1.0)
    assert decision.effects[["kind", "name", "value_k"]].to_numpy().tolist() == [["bought people", "data", -30.0]]
    dear = rebalance(tables(demand=demand, capacity=capacity.assign(hire_cost_k=1000.0)))
    assert dear.actions["action"].tolist() == ["start", "decline"]


def test_a_mandatory_project_that_cannot_go_on_is_named():
    projects = tables()["projects"].assign(mandatory=[True, False])
    options = pd.DataFrame({"project_id": ["A"], "action": ["start"], "latest_start": [JAN - 1]})
    decision = rebalance(tables(projects=projects, options=options))
    assert decision.mends["sentence"].tolist() == ["A is no longer mandatory"]


def test_a_mix_without_programmes_or_switched_off_limits_nothing():
    targets = pd.DataFrame({"horizon": ["new"], "floor_share": [0.5], "ceiling_share": [1.0]})
    assert rebalance(tables(mix_targets=targets)).found
    programmes = pd.DataFrame({"programme_id": ["G"], "horizon": ["core"]})
    bound = rebalance(tables(mix_targets=targets, programmes=programmes))
    assert bound.actions["action"].tolist() == ["decline", "decline"]
    assert bound.binding == ("floor of the mix for new",)
    free = rebalance(tables(mix_targets=targets, programmes=programmes), policy=Policy(mix="off"))
    assert free.value_k == pytest.approx(2 * 200 / 1.08**0.5)
