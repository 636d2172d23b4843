from __future__ import annotations

from decimal import Decimal

import ibis
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, SchemaError
from pmlib.product import monthly_revenue
from pmlib.product.money.exchange import in_workbook_currency, order_lines

DAYS = pd.to_datetime(["2025-11-03", "2025-11-04", "2025-12-05", "2025-12-06"])
ORDERS = pd.DataFrame({
    "customer_id": "K", "product_id": "A", "date": DAYS, "units": [1.0, 2.0, 3.0, -1.0],
    "paid_price": [100.0, 50.05, 10.0, 10.0],
    "currency": ["EUR", " chf", "USD", None],
})  # fmt: skip
RATES = pd.DataFrame({
    "currency": ["CHF", "CHF", "usd ", "USD"], "month": [24311, 24312, 24312, 24310], "rate": [1.05, 9.0, 0.9, 0.5],
})  # fmt: skip


def test_a_foreign_line_is_worth_its_price_at_the_rate_of_its_month() -> None:
    lines = order_lines({"orders": ORDERS, "exchange_rates": RATES}, ["product_id"], last=24312).to_pandas()
    got = lines.sort_values("units")["money"].tolist()
    assert got == [Decimal(-10), Decimal(100), Decimal("105.1050"), Decimal(27)]


def test_monthly_revenue_is_in_the_workbooks_currency_and_adds_up() -> None:
    result = monthly_revenue({"orders": ORDERS, "exchange_rates": RATES}, period="2025-12")
    assert result.to_frame()["revenue_k"].tolist() == [0.205105, 0.017]
    assert result.check().endswith("to the cent.")


def test_an_older_rate_gives_revenue_at_constant_currency() -> None:
    lines = order_lines({"orders": ORDERS, "exchange_rates": RATES}, [], first=24312, last=24312)
    restated = in_workbook_currency({"exchange_rates": RATES}, lines, months_back=2, name="constant").to_pandas()
    assert sorted(restated["constant"]) == [Decimal(-10), Decimal(15)]


def test_sqlite_and_duckdb_convert_alike() -> None:
    rows = ORDERS.assign(date=ORDERS["date"].dt.strftime("%Y-%m-%d"))
    money = []
    for connection in (ibis.duckdb.connect(), ibis.sqlite.connect()):
        table = connection.create_table("orders", rows)
        tables = {"orders": table.mutate(date=table.date.cast("date")), "exchange_rates": RATES}
        money.append(monthly_revenue(tables, period="2025-12").to_frame())
    pd.testing.assert_frame_equal(*money)


def test_foreign_orders_without_the_table_are_refused_and_the_table_is_named() -> None:
    with pytest.raises(SchemaError, match="orders: 1 rows in CHF, 1 rows in USD, allowed EUR.*Add the table exchange_"):
        monthly_revenue({"orders": ORDERS}, period="2025-12")


@pytest.mark.parametrize("rate", [0.0, float("nan"), float("inf"), -1.0])
def test_a_rate_that_is_no_rate_is_refused(rate: float) -> None:
    rates = RATES.assign(rate=[1.05, 9.0, rate, 0.5])
    with pytest.raises(SchemaError, match="exchange_rates: column 'rate' holds .* in row 2, allowed number, 1e-09 or"):
        monthly_revenue({"orders": ORDERS, "exchange_rates": rates}, period="2025-12")


def test_two_rates_of_one_month_are_refused_instead_of_counting_orders_twice() -> None:
    rates = pd.concat([RATES, RATES.iloc[[0]].assign(currency="chf ")])
    with pytest.raises(SchemaError, match="exchange_rates: CHF has two rates in 2025-11, allowed one"):
        monthly_revenue({"orders": ORDERS, "exchange_rates": rates}, period="2025-12")


def test_rates_are_not_asked_for_months_after_the_period() -> None:
    rates = RATES[RATES["month"] <= 24311]
    assert monthly_revenue({"orders": ORDERS, "exchange_rates": rates}, period="2025-11").total_k == 0.205105


def test_a_foreign_workbook_currency_is_home() -> None:
    book = pd.DataFrame({"name": ["x"], "currency": ["chf"]})
    orders = ORDERS.iloc[[1]]
    assert monthly_revenue({"orders": orders, "workbook": book}, period="2025-12").total_k == 0.1001


def test_no_orders_is_a_missing_table() -> None:
    with pytest.raises(MissingTableError, match="table 'orders' is missing"):
        order_lines({}, [], last=24312)


def test_a_rate_that_no_money_can_be_added_up_with_is_refused() -> None:
    rates = RATES.assign(rate=[1.05, 9.0, 1e17, 0.5])
    with pytest.raises(SchemaError, match="exchange_rates: USD is worth 1e.17 in 2025-12, allowed 1e.09 at most"):
        monthly_revenue({"orders": ORDERS, "exchange_rates": rates}, period="2025-12")
