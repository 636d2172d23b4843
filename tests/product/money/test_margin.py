from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import CheckError, MissingTableError, ParameterError
from pmlib.product.money.margin import product_margin

MONTHS = range(24301, 24307)
ORDERS = pd.DataFrame({
    "customer_id": "K", "product_id": "A", "date": pd.to_datetime([f"2025-0{i}-10" for i in range(1, 7)]),
    "units": [1.0, 2.0, 4.0, 8.0, -1.0, 8.0], "paid_price": 100.0,
})  # fmt: skip
SPANS = pd.DataFrame({
    "customer_id": ["K", "L"], "product_id": "B", "start_month": [24302, 24303], "end_month": [24303.0, np.nan],
    "monthly_eur": [50.0, 70.0],
})  # fmt: skip
COSTS = pd.concat([
    pd.DataFrame({"product_id": "A", "month": MONTHS, "unit_cost_eur": 60.0, "fixed_k": 0.1}),
    pd.DataFrame({"product_id": "B", "month": MONTHS, "unit_cost_eur": 20.0, "fixed_k": 0.0}),
])  # fmt: skip
PRODUCTS = pd.DataFrame({"product_id": ["A", "B"], "name": ["Aria", "Boreas"], "launch_month": [24301, 24290]})
TABLES = {"orders": ORDERS, "subscriptions": SPANS, "product_costs": COSTS, "products": PRODUCTS}


def test_contribution_is_revenue_less_unit_costs_less_fixed_and_is_cumulated() -> None:
    result = product_margin(TABLES, period="2025-06")
    months = result.by_month().set_index(["product_id", "month"])
    assert months["contribution_k"]["A"].round(9).tolist() == [-0.06, -0.02, 0.06, 0.22, -0.14, 0.22]
    assert months["cumulated_k"]["A"].round(9).tolist() == [-0.06, -0.08, -0.02, 0.2, 0.06, 0.28]
    assert months["subscriptions"]["B"].tolist() == [0, 1, 2, 1, 1, 1]
    assert months["contribution_k"]["B"].round(9).tolist() == [0, 0.03, 0.08, 0.05, 0.05, 0.05]
    assert result.check().endswith("to the cent.")


def test_break_even_is_told_where_the_life_is_known_whole_and_only_there() -> None:
    lives = product_margin(TABLES, period="2025-06").to_frame().set_index("product_id")
    assert lives["break_even_month"]["A"] == 24304 and lives["whole_life"]["A"]
    assert np.isnan(lives["break_even_month"]["B"]) and not lives["whole_life"]["B"]
    assert lives["margin"]["A"] == pytest.approx(0.28 / 2.2)


def test_an_investment_moves_the_break_even() -> None:
    result = product_margin(TABLES, period="2025-06", product_id="A", invested_k={"A": 0.25})
    assert result.to_frame()[["break_even_month", "cumulated_k"]].round(9).to_numpy().tolist() == [[24306, 0.03]]
    assert "Break-even: Aria in June 2025" in result.summary()


def test_months_without_costs_are_said_and_not_guessed() -> None:
    costs = COSTS[~((COSTS["product_id"] == "A") & (COSTS["month"] == 24303))]
    result = product_margin({**TABLES, "product_costs": costs}, period="2025-06", product_id="A")
    row = result.to_frame().iloc[0]
    assert (row["missing"], row["whole_life"]) == (1, False)
    assert np.isnan(row["cumulated_k"]) and np.isnan(row["break_even_month"])
    assert (row["contribution_k"], row["costed_revenue_k"]) == (pytest.approx(0.22), 1.8)
    assert "Costs are missing for Aria (1 month)" in result.summary()
    assert result.by_month()["cumulated_k"].isna().sum() == 4


def test_a_product_without_any_costs_has_no_margin() -> None:
    result = product_margin({**TABLES, "product_costs": COSTS.iloc[:0]}, period="2025-06")
    assert result.to_frame()["contribution_k"].isna().all()
    assert result.summary() == "No product has both revenue and costs in any month to June 2025."
    assert result.check()


def test_a_launch_before_the_tables_is_said() -> None:
    assert "Boreas was launched before the tables begin" in product_margin(TABLES, period="2025-06").summary()


def test_a_period_before_all_data_is_empty_and_says_so() -> None:
    result = product_margin(TABLES, period="2020-06")
    assert result.by_month().empty and result.to_frame().empty and "No product" in result.summary()


def test_two_engines_give_the_same_margin(company, in_engine) -> None:
    costs = pd.DataFrame({"product_id": "B", "month": range(24277, 24313), "unit_cost_eur": 5.0, "fixed_k": 0.1})
    frames = [
        product_margin({**in_engine(name), "product_costs": costs}, period="2025-12", product_id="B").by_month()
        for name in ("duckdb", "sqlite")
    ]
    pd.testing.assert_frame_equal(*frames, rtol=1e-9)


@pytest.mark.parametrize("amount", [-1.0, float("nan"), float("inf"), "12"])
def test_an_investment_that_is_no_amount_is_refused(amount: object) -> None:
    with pytest.raises(ParameterError, match="invested_k: got .* for 'A', allowed 0 or more"):
        product_margin(TABLES, period="2025-06", invested_k={"A": amount})  # type: ignore[dict-item]


def test_what_is_unknown_or_missing_is_refused() -> None:
    with pytest.raises(ParameterError, match="product_id: got 'AA'"):
        product_margin(TABLES, period="2025-06", invested_k={"AA": 1.0})
    with pytest.raises(MissingTableError, match="table 'product_costs' is missing"):
        product_margin({"orders": ORDERS}, period="2025-06")


def test_a_lost_cent_is_found() -> None:
    result = product_margin(TABLES, period="2025-06")
    with pytest.raises(CheckError, match="margin: its revenue differs from the total"):
        dataclasses.replace(result, total_k=result.total_k + 0.00002).check()


def test_the_sample_companys_cockpit_broke_even_in_may_2025(quillmark) -> None:
    result = product_margin(quillmark, period="2025-12")
    lives = result.to_frame().set_index("product_id")
    assert lives["break_even_month"].dropna().to_dict() == {"PR4": 24305.0, "PR6": 24310.0}
    assert lives["cumulated_k"]["PR8"] == pytest.approx(-920.6, abs=0.05)
    assert "Wired thermostat" in result.summary() and result.check()
