from __future__ import annotations

import dataclasses
from decimal import Decimal

import pandas as pd
import pytest

from pmlib.errors import CheckError, MissingTableError, SchemaError
from pmlib.product import monthly_revenue
from tests.product.conftest import PERIOD


def _by_hand(company: dict[str, pd.DataFrame], last: int) -> dict[tuple[str, int], Decimal]:
    """The oracle: one loop over rows and months in exact decimals."""
    money: dict[tuple[str, int], Decimal] = {}
    for row in company["orders"].itertuples():
        month = row.date.year * 12 + row.date.month
        if month <= last:
            key = (row.product_id, month)
            money[key] = money.get(key, Decimal(0)) + Decimal(str(row.units)) * Decimal(str(row.paid_price))
    for row in company["subscriptions"].itertuples():
        end = last if pd.isna(row.end_month) else min(row.end_month, last)
        for month in range(row.start_month, end + 1):
            key = (row.product_id, month)
            money[key] = money.get(key, Decimal(0)) + Decimal(str(row.monthly_eur))
    return money


@pytest.mark.parametrize("last", [24312, 24301])
def test_revenue_matches_a_loop_over_rows_in_exact_decimals(company, last: int) -> None:
    frame = monthly_revenue(company, period=last).to_frame()
    expected = _by_hand(company, last)
    got = frame.set_index(["product_id", "month"])["revenue_k"]
    assert len(got) == len(expected)
    assert all(got[key] == float(value / 1000) for key, value in expected.items())


def test_two_engines_agree_to_1e_9(in_engine) -> None:
    duck, lite = (monthly_revenue(in_engine(name), period="2025-12").to_frame() for name in ("duckdb", "sqlite"))
    pd.testing.assert_frame_equal(duck, lite, rtol=1e-9, atol=0)


def test_frames_and_stored_tables_give_the_same_numbers(company, in_engine) -> None:
    stored = monthly_revenue(in_engine("duckdb"), period="2025-12").to_frame()
    pd.testing.assert_frame_equal(monthly_revenue(company, period="2025-12").to_frame(), stored)


def test_months_after_the_period_are_left_out(company) -> None:
    early = monthly_revenue(company, period="2025-06").to_frame()
    full = monthly_revenue(company, period="2025-12").to_frame()
    assert early["month"].max() == 2025 * 12 + 6
    pd.testing.assert_frame_equal(early, full[full["month"] <= 2025 * 12 + 6].reset_index(drop=True))


def test_a_subscription_counts_its_first_and_its_last_month() -> None:
    rows = pd.DataFrame({"customer_id": "K", "product_id": ["A"], "start_month": [24301], "end_month": [24303],
                         "monthly_eur": [1000.0]})
    frame = monthly_revenue({"subscriptions": rows}, period=24305).to_frame()
    assert frame[["month", "revenue_k"]].to_numpy().tolist() == [
        [24301, 1],
        [24302, 1],
        [24303, 1],
        [24304, 0],
        [24305, 0],
    ]


def test_one_that_starts_after_the_period_earns_nothing_yet() -> None:
    rows = pd.DataFrame({"customer_id": "K", "product_id": ["A"], "start_month": [24310], "end_month": [24311],
                         "monthly_eur": [9.0]})
    result = monthly_revenue({"subscriptions": rows}, period=24305)
    assert result.to_frame().empty
    assert result.check() == "Products add up to the total of 0 k EUR to the cent."


def test_returned_goods_reduce_revenue_and_a_gap_is_a_zero() -> None:
    orders = pd.DataFrame(
        {
            "customer_id": "K",
            "product_id": "A",
            "date": pd.to_datetime(["2025-01-31", "2025-03-01"]),
            "units": [3.0, -1.0],
            "paid_price": 100.0,
        }
    )
    assert monthly_revenue({"orders": orders}, period="2025-03").to_frame()["revenue_k"].tolist() == [0.3, 0.0, -0.1]


def test_money_is_summed_as_decimal_not_as_float() -> None:
    orders = pd.DataFrame(
        {"customer_id": "K", "product_id": "A", "date": pd.Timestamp("2025-01-01"), "units": 1.0,
         "paid_price": [0.1] * 1000}
    )
    assert monthly_revenue({"orders": orders}, period="2025-01").to_frame()["revenue_k"].tolist() == [0.1]


def test_orders_in_another_currency_are_refused(company) -> None:
    orders = company["orders"].copy()
    orders.loc[:1, "currency"] = "USD"
    with pytest.raises(SchemaError, match="orders: 2 rows in USD, allowed EUR"):
        monthly_revenue({"orders": orders}, period="2025-12")


def test_an_empty_currency_is_the_workbooks(company) -> None:
    orders = company["orders"].copy()
    orders.loc[:1, "currency"] = None
    assert len(monthly_revenue({"orders": orders}, period="2025-12").to_frame()) == 36


def test_neither_orders_nor_subscriptions_is_an_error() -> None:
    with pytest.raises(MissingTableError, match="'orders' and 'subscriptions' are both missing"):
        monthly_revenue({}, period="2025-12")


def test_products_add_up_to_the_total_and_a_lost_cent_is_found(company) -> None:
    result = monthly_revenue(company, period="2025-12")
    assert result.check().endswith("to the cent.")
    with pytest.raises(CheckError, match="gap -0.02 EUR"):
        dataclasses.replace(result, total_k=result.total_k + 0.00002).check()


def test_summary_headline_and_repr_carry_the_year(company) -> None:
    result = monthly_revenue(company, period="2025-12")
    year = result.to_frame().query("month > 24300")["revenue_k"].sum()
    assert f"The last 12 months brought {year:,.0f} k EUR" in result.summary()
    assert next(iter(result.headline())) == f"{year:,.0f} k"
    assert repr(result) == f"<MonthlyRevenue: 2 products, {year:,.0f} k EUR in the 12 months to December 2025>"


def test_inputs_stay_as_they_were(company) -> None:
    before = {name: frame.copy() for name, frame in company.items()}
    monthly_revenue(company, period="2025-12")
    for name, frame in company.items():
        pd.testing.assert_frame_equal(frame, before[name])


@pytest.mark.parametrize("prices", [[1e14], [3e13] * 40], ids=["a row", "the sum"])
def test_money_too_large_to_add_up_is_refused_with_its_table(prices: list[float]) -> None:
    day = pd.to_datetime("2025-11-03")
    orders = pd.DataFrame({"customer_id": "K", "product_id": "A", "date": day, "units": 1.0, "paid_price": prices})
    said = rf"the largest units \* paid_price is {max(prices):.4g}".replace("+", r"\+")
    with pytest.raises(SchemaError, match=f"orders: {said} .* Check the unit"):
        monthly_revenue({"orders": orders}, period="2025-12")
    rows = pd.DataFrame({"customer_id": "K", "product_id": "A", "start_month": PERIOD, "end_month": PERIOD,
                         "monthly_eur": prices})
    with pytest.raises(SchemaError, match="subscriptions: the largest monthly_eur is"):
        monthly_revenue({"subscriptions": rows}, period="2025-12")


def test_the_currency_of_orders_may_be_written_small_or_left_out() -> None:
    orders = pd.DataFrame({"customer_id": "K", "product_id": "A", "date": pd.to_datetime("2025-11-03"), "units": 1.0,
                           "paid_price": [1000.0, 1000.0]})
    for currency in (["eur ", None], [None, None]):
        assert monthly_revenue({"orders": orders.assign(currency=currency)}, period="2025-12").total_k == 2.0
