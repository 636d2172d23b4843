from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.errors import ParameterError, SchemaError
from pmlib.product.loyalty.purchases import (
    day_number,
    earlier_customers,
    last_day,
    purchase_histories,
    repeat_days,
    spending_counts,
)

MARCH_2025 = 2025 * 12 + 3


@given(st.dates(dt.date(1600, 1, 1), dt.date(2400, 1, 1)))
def test_day_numbers_count_days_of_the_calendar(day) -> None:
    epoch = dt.date(1970, 1, 1)
    assert day_number(day.year, day.month, day.day) - day_number(1970, 1, 1) == (day - epoch).days
    assert last_day(day.year * 12 + day.month) >= day_number(day.year, day.month, day.day)


def test_the_published_sample_has_its_customers_and_repeat_buyers(cdnow) -> None:
    histories = purchase_histories(cdnow, last=1997 * 12 + 9)
    assert histories["n"].sum() == 2_357
    assert histories["n"][histories["repeats"] > 0].sum() == 946
    assert (histories["repeats"] * histories["n"]).sum() == 2_457
    assert spending_counts(cdnow, last=1997 * 12 + 9)["n"].sum() == 946


def test_a_purchase_is_a_day_and_only_later_days_are_repeats(ordered) -> None:
    tables = ordered(
        ("a", "2025-01-01", 1, 10.0), ("a", "2025-01-01", 2, 5.0), ("a", "2025-01-31", 1, 7.5),
        ("a", "2025-02-10", -1, 7.5), ("b", "2025-03-31", 1, 1.0), ("c", "2025-04-01", 1, 1.0),
    )  # fmt: skip
    histories = purchase_histories(tables, last=MARCH_2025).drop(columns="group")
    assert histories.to_numpy().tolist() == [[0, 0, 0, 1, 0], [1, 30, 89, 1, 75_000]]


def test_equal_histories_are_one_row_and_their_money_is_summed(ordered) -> None:
    days = ["2025-01-01", "2025-02-01"]
    rows = [(who, day, 1.0, price) for who, price in (("a", 3.0), ("b", 4.0)) for day in days]
    histories = purchase_histories(ordered(*rows), last=MARCH_2025)
    assert histories[["repeats", "n", "repeat_e4"]].to_numpy().tolist() == [[1, 2, 70_000]]
    assert spending_counts(ordered(*rows), last=MARCH_2025)["repeat_e4"].tolist() == [30_000, 40_000]


def test_customers_who_came_before_the_orders_begin_are_left_out_and_counted(ordered) -> None:
    rows = [(who, "2025-01-01", 1.0, 1.0) for who in "abc"]
    came = pd.array([2020 * 12 + 1, 2025 * 12 + 1, None], dtype="Int64")
    customers = pd.DataFrame({"customer_id": ["a", "b", "c"], "first_month": came})
    tables = ordered(*rows) | {"customers": customers}
    assert purchase_histories(tables, last=MARCH_2025)["n"].sum() == 2
    assert earlier_customers(tables, last=MARCH_2025) == 1
    assert earlier_customers(ordered(*rows), last=MARCH_2025) == 0


def test_split_by_product_a_customer_has_a_history_with_each(ordered) -> None:
    one, other = ordered(("a", "2025-01-01", 1, 1.0)), ordered(("a", "2025-02-01", 1, 1.0), product="B")
    tables = {"orders": pd.concat([one["orders"], other["orders"]])}
    assert purchase_histories(tables, last=MARCH_2025)["repeats"].tolist() == [1]
    split = purchase_histories(tables, last=MARCH_2025, by="product")
    assert split[["group", "repeats", "age_days"]].to_numpy().tolist() == [["A", 0, 89], ["B", 0, 58]]


def test_purchases_by_day_add_up_to_the_histories(cdnow) -> None:
    days = repeat_days(cdnow, last=1997 * 12 + 9, first_to=last_day(1997 * 12 + 9))
    assert days["n"][days["first"]].sum() == 2_357
    assert days["n"][~days["first"]].sum() == 2_457


def test_two_engines_count_the_same_histories(in_engine) -> None:
    for count in (purchase_histories, spending_counts):
        duck, lite = (count(in_engine(name), last=24312, by="product") for name in ("duckdb", "sqlite"))
        pd.testing.assert_frame_equal(duck, lite)


def test_an_unknown_product_and_foreign_money_are_refused(ordered) -> None:
    tables = ordered(("a", "2025-01-01", 1, 1.0))
    with pytest.raises(ParameterError, match="product_id: got 'B'. Known: A"):
        purchase_histories(tables, last=MARCH_2025, product_id="B")
    with pytest.raises(SchemaError, match="1 rows in USD, allowed EUR"):
        purchase_histories({"orders": tables["orders"].assign(currency="USD")}, last=MARCH_2025)
