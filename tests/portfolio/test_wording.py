"""Words: the sentences a board reads, to the letter."""

from __future__ import annotations

import pandas as pd

from pmlib.portfolio import Policy, rebalance


def decide(**policy):
    projects = pd.DataFrame({"project_id": ["A", "B", "C"], "state": ["running", "proposed", "running"],
                             "bac_k": [2000.0, 3000.0, 1500.0]})
    values = pd.Series({"A": 4000.0, "B": 5200.0, "C": -300.0})
    return rebalance({"projects": projects}, period="2025-12", values=values, policy=Policy(**policy))


def test_a_plan_in_sentences():
    assert decide(budget_k=5000.0).summary() == (
        "Start 1 project, keep 1, stop 1. The plan is worth 9,200 thousand EUR, 5,500 more than going on as now. "
        "No limit keeps out anything worth doing. Proved: no plan within the limits is worth "
        "more (gap below a millionth).")
    assert "Budget is what binds." in decide(budget_k=3500.0).summary()


def test_a_plan_in_figures_and_in_one_line():
    decision = decide(budget_k=3500.0)
    assert decision.headline() == {
        "5.2 M": "EUR expected value of the plan", "3.0 of 3.5 M": "EUR of the budget", "budget": "is what binds",
        "proved": "no plan within the limits is worth more"}
    assert repr(decision) == (
        "<Decision: 1 start, 2 stop; value 5,200 thousand EUR; binding: budget; proved optimal>")


def test_without_a_budget_the_money_is_still_said():
    assert decide().headline()["5.0 M to spend"] == "EUR the plan still costs"


def test_going_on_as_now_is_said_to_break_limits_where_it_does():
    assert "than going on as now, which breaks limits." in decide(budget_k=1.0).summary()
    assert "which breaks limits" not in decide().summary()


def test_years_that_spend_without_a_budget_end_the_summary():
    projects = pd.DataFrame({"project_id": ["A"], "state": "running", "bac_k": 90.0})
    flows = pd.DataFrame({"project_id": "A", "year": [2026, 2027, 2028], "cost_k": [10.0, 20.0, 60.0],
                          "benefit_k": 900.0})
    budgets = pd.DataFrame({"programme_id": "G", "year": [2026, 2027], "capex_k": 0.0, "opex_k": 100.0})
    tables = {"projects": projects, "cash_flows": flows}

    def said(budgets):
        return rebalance(tables | {"budgets": budgets}, period="2025-12").summary()

    assert said(budgets).endswith("No budget is known for 2028: money of that year is not limited.")
    assert said(budgets[1:]).endswith("No budget is known for 2026, 2028: money of those years is not limited.")
    assert said(budgets[:0]).endswith("(gap below a millionth).")
