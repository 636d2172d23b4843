"""Limits as rows: units, splits, and notes on what nothing limits."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import SchemaError
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
    both = pd.DataFrame({"programme_id": ["G", "H"], "year": 2026, "capex_k": [50.0, 10.0], "opex_k": [80.0, 0.0]})
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


def test_a_year_with_budgets_of_programmes_and_of_the_whole_portfolio_is_refused():
    mixed = pd.DataFrame({"programme_id": ["G", None, None], "year": [2026, 2026, 2027], "capex_k": 0.0,
                          "opex_k": 100.0})
    with pytest.raises(SchemaError, match="budgets: 2026 has rows with a programme_id and rows without .* Remove"):
        rebalance(tables(budgets=mixed))
    assert rebalance(tables(budgets=mixed), policy=Policy(budget_k=200.0)).found
    apart = mixed.assign(year=[2026, 2027, 2028])
    assert bounds(compile_problem(tables(budgets=apart), period="2025-12"))["budget", "2026"] == 100.0


def test_budgets_of_several_programmes_are_said_to_be_taken_together():
    budgets = pd.DataFrame({"programme_id": ["G", "H"], "year": 2026, "capex_k": 0.0, "opex_k": 100.0})
    assert "Budgets of 2 programmes are taken together." in rebalance(tables(budgets=budgets)).notes
    assert not any("together" in note for note in rebalance(tables(budgets=budgets.iloc[:1])).notes)


def test_projects_without_a_horizon_are_counted_with_their_money():
    targets = pd.DataFrame({"horizon": ["new"], "floor_share": [0.5], "ceiling_share": [1.0]})
    none = next(note for note in rebalance(tables(mix_targets=targets)).notes if "horizon" in note)
    assert none == (
        "2 of 2 projects have no horizon (200 thousand if they go on) and count in no band of the mix: give them a "
        "programme_id and their programme a horizon. No project is left, so the bands limit nothing.")
    programmes = pd.DataFrame({"programme_id": ["G"], "horizon": ["new"]})
    projects = tables()["projects"].assign(programme_id=["G", None])
    one = rebalance(tables(mix_targets=targets, programmes=programmes, projects=projects))
    assert any(note.startswith("1 of 2 projects have no horizon (100 thousand") for note in one.notes)
    assert not any("horizon" in note for note in rebalance(tables(mix_targets=targets), policy=Policy(mix="off")).notes)
