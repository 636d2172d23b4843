"""What a project still costs: the plan's own rule."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib import portfolio
from pmlib.portfolio.actions import build_actions
from pmlib.scoring import score
from pmlib.scoring.value_curve import still_to_spend

FLOWS = pd.DataFrame({
    "project_id": ["A", "A", "A", "B", "C"], "year": [2025, 2026, 2027, 2026, 2024],
    "cost_k": [50.0, 30.0, 20.0, 300.0, 70.0], "benefit_k": 500.0,
})  # fmt: skip


def _book(as_of):
    return pd.DataFrame({"name": ["Q"], "currency": ["EUR"], "as_of": pd.to_datetime([as_of])})


def _costs(tables):
    return score(tables).to_frame().set_index("project_id")["cost_k"].sort_index()


def test_cash_flows_of_the_years_still_to_come_come_before_budget_less_spent(make_tables):
    costs = _costs(make_tables(cash_flows=FLOWS, workbook=_book("2025-12-31")))
    # B is planned at 300 where 200 of its budget is left; C has no year to come; D has no row: 20 - 4.
    assert costs.to_dict() == {"A": 50.0, "B": 300.0, "C": 0.0, "D": 16.0}


def test_project_over_its_budget_still_costs_what_its_cash_flows_say(make_tables):
    projects = make_tables()["projects"].assign(spent_k=1e6)
    bought = score(make_tables(projects=projects, cash_flows=FLOWS, workbook=_book("2025-12-31"))).value_for_money()
    assert bought.to_frame().set_index("project_id").loc["B", "cost_k"] == 300.0


def test_year_under_way_counts_until_its_last_month_is_known(make_tables):
    assert _costs(make_tables(cash_flows=FLOWS, workbook=_book("2025-11-30")))["A"] == 100.0
    assert _costs(make_tables(cash_flows=FLOWS, workbook=_book("2026-12-31")))["A"] == 20.0


def test_every_year_counts_when_no_date_is_known(make_tables):
    for tables in (make_tables(cash_flows=FLOWS), make_tables(cash_flows=FLOWS, workbook=_book(None))):
        assert _costs(tables).to_dict() == {"A": 100.0, "B": 300.0, "C": 70.0, "D": 16.0}


def test_cash_flows_are_matched_by_id_and_rows_of_others_change_nothing(make_tables):
    shuffled = pd.concat([FLOWS.iloc[::-1], pd.DataFrame({"project_id": ["E"], "year": [2030], "cost_k": [9.0]})])
    one, two = (_costs(make_tables(cash_flows=flows)) for flows in (FLOWS, shuffled))
    pd.testing.assert_series_equal(one, two)
    no_rows = still_to_spend({"cash_flows": FLOWS.head(0)}, make_tables()["projects"])
    assert no_rows.to_list() == [100.0, 200.0, 0.0, 16.0, 0.0]


@pytest.mark.parametrize("as_of", ["2024-12-31", "2025-06-30", "2025-12-31", None])
def test_value_for_money_prices_a_project_as_the_plan_does(make_tables, as_of):
    estimates = pd.DataFrame({"project_id": ["A", "D"], "quantity": "cost_k", "p10": 1.0, "p50": 2.0, "p90": 9.0})
    tables = make_tables(cash_flows=FLOWS, workbook=_book(as_of), estimates=estimates)
    planned = build_actions(tables).projects.set_index("project_id")["cost_on_k"]
    assert _costs(tables).to_dict() == pytest.approx(planned.to_dict())


def test_what_the_plan_keeps_costs_the_same_in_both_rooms(make_tables):
    projects = make_tables()["projects"].assign(state=["running"] * 4 + ["done"])
    tables = make_tables(projects=projects, cash_flows=FLOWS, workbook=_book("2025-12-31"))
    plan = portfolio.rebalance(tables).to_frame()
    kept = plan[plan["action"] == "keep"].set_index("project_id")["cost_k"]
    assert len(kept) > 0
    assert _costs(tables)[kept.index].to_dict() == pytest.approx(kept.to_dict())
