from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

from pmlib.errors import SchemaError
from pmlib.product.engine import lazy, small
from pmlib.product.frames import refuse_unfit
from pmlib.product.money.price_volume_mix import price_volume_mix
from pmlib.product.revenue import monthly_revenue

ORDERS = pd.DataFrame({
    "customer_id": ["K", "L"], "product_id": "A", "date": pd.to_datetime(["2025-11-03", "2025-12-03"]),
    "units": [1.0, -1.0], "paid_price": [2.0, 3.0],
})  # fmt: skip
PERIOD = "2025-12"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"paid_price": [2.0, np.nan]}, "'paid_price' holds an empty cell in row 1, allowed number, 0 or more"),
        ({"paid_price": [2.0, -3.0]}, "'paid_price' holds -3.0 in row 1, allowed number, 0 or more"),
        ({"units": [np.inf, 1.0]}, "'units' holds inf in row 0, allowed a finite number"),
        ({"units": ["1", "2"]}, r"'units' is str \(first cell '1'\), allowed number. Turn it into numbers"),
        ({"product_id": [1, 2]}, r"'product_id' is int64 \(first cell 1\), allowed text. Write it as text"),
        ({"product_id": ["A", None]}, "'product_id' holds an empty cell in row 1, allowed a key of products"),
        ({"date": ["2025-11-03", "2025-12-03"]}, "'date' is str .* allowed date. Turn it into dates without a time z"),
        ({"date": ORDERS["date"].dt.tz_localize("UTC")}, r"'date' is datetime64\[.*UTC\] .* without a time zone"),
    ],
)
def test_an_order_that_would_be_counted_wrong_in_silence_is_refused_by_column_and_cell(columns, said) -> None:
    with pytest.raises(SchemaError, match=f"orders: column {said}"):
        monthly_revenue({"orders": ORDERS.assign(**columns)}, period=PERIOD)


def test_returns_plain_days_and_empty_optional_cells_are_no_errors() -> None:
    orders = ORDERS.assign(date=[dt.date(2025, 11, 3), dt.date(2025, 12, 3)], currency=[None, "EUR"])
    assert monthly_revenue({"orders": orders}, period=PERIOD).to_frame()["revenue_k"].tolist() == [0.002, -0.003]


@pytest.mark.parametrize("month", [12.0, 24312.5, np.inf, 202512.0])
def test_a_month_that_is_none_is_refused(month: float) -> None:
    rows = pd.DataFrame({"customer_id": "K", "product_id": "A", "start_month": [month], "end_month": [None],
                         "monthly_eur": 9.0})  # fmt: skip
    with pytest.raises(SchemaError, match="subscriptions: column 'start_month' holds .* in row 0, allowed month"):
        monthly_revenue({"subscriptions": rows}, period=PERIOD)


def test_a_small_table_with_a_key_twice_is_refused() -> None:
    costs = pd.DataFrame({"product_id": ["A", "A"], "month": [24312, 24312], "unit_cost_eur": 1.0})
    with pytest.raises(SchemaError, match=r"product_costs: row 1 has the key of an earlier one \(product_id 'A'"):
        small({"product_costs": costs}, "product_costs", ["unit_cost_eur"])


def test_an_empty_table_of_the_right_columns_is_fit() -> None:
    refuse_unfit("orders", pd.DataFrame(columns=ORDERS.columns), list(ORDERS.columns))
    refuse_unfit("orders", ORDERS.iloc[:0], list(ORDERS.columns))


def test_a_table_in_an_engine_is_refused_by_the_type_of_a_column() -> None:
    table = ibis.memtable(ORDERS.assign(product_id=[1, 2]))
    with pytest.raises(SchemaError, match="orders: column 'product_id' is int64, allowed text. Cast it in views.sql"):
        lazy({"orders": table}, "orders", ["product_id"])


def test_a_bridge_of_money_too_large_to_add_up_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"orders: the largest units \* paid_price is"):
        price_volume_mix({"orders": ORDERS.assign(paid_price=1e18)}, period=PERIOD, months=1)
