from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.product.marts import with_marts
from pmlib.product.revenue import monthly_revenue
from pmlib.product.standing.sold import product_facts, sold_by_month


def test_revenue_by_month_is_that_of_the_revenue_room_on_every_engine_and_from_the_mart(company, in_engine) -> None:
    want = monthly_revenue(company, period=24312).to_frame()[["product_id", "month", "revenue_k"]]
    for tables in (company, in_engine("duckdb"), in_engine("sqlite"), with_marts(company, period=24312)):
        got = sold_by_month(tables, last=24312)
        pd.testing.assert_frame_equal(got[["product_id", "month", "revenue_k"]], want)


def test_units_and_subscribers_are_counted(company) -> None:
    sold = sold_by_month(company, last=24312)
    assert sold["units"].sum() == company["orders"]["units"].sum()
    running = company["subscriptions"].query("start_month <= 24300")
    running = running[running["end_month"].isna() | (running["end_month"] >= 24300)]
    assert sold.query("month == 24300")["subscribers"].sum() == running["customer_id"].nunique()


def test_months_without_sales_are_zero_and_periods_before_all_data_empty() -> None:
    orders = pd.DataFrame(
        {"customer_id": "K", "product_id": "A", "date": pd.to_datetime(["2025-01-10", "2025-04-10"]),
         "units": [1.0, 2.0], "paid_price": 5.0}
    )  # fmt: skip
    assert sold_by_month({"orders": orders}, last=24305)["units"].tolist() == [1, 0, 0, 2, 0]
    assert sold_by_month({"orders": orders}, last=24000).empty


def test_products_without_launch_months_have_none(company) -> None:
    assert product_facts(company)["launch_month"].isna().all()
    with pytest.raises(ParameterError, match="product_id: got 'a'"):
        product_facts(company, "a")
