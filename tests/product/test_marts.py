"""The marts: pandas as oracle, engines against each other, and files that are written only when a month changed."""

from __future__ import annotations

from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.product import monthly_revenue
from pmlib.product.marts import customer_months, product_months, with_marts
from tests.product.conftest import FIRST, PERIOD

CUSTOMER, PRODUCT = ["customer_id", "month"], ["product_id", "segment", "channel", "month"]


@pytest.fixture(scope="module")
def sold(company):
    """The three products with customers of two segments."""
    ids = sorted({*company["orders"]["customer_id"], *company["subscriptions"]["customer_id"]})
    people = pd.DataFrame({"customer_id": ids})
    people["segment"] = np.where(np.arange(len(ids)) % 3 == 0, "homes", "offices")
    people["channel"] = np.where(np.arange(len(ids)) % 5 == 0, "web", "partner")
    return company | {"customers": people}


def stream(tables, last: int = PERIOD) -> pd.DataFrame:
    """Every order line and every covered month, row by row in pandas."""
    orders = tables["orders"]
    lines = orders.assign(
        month=orders["date"].dt.year * 12 + orders["date"].dt.month, order_lines=(orders["units"] > 0).astype(int),
        orders_e4=(orders["units"] * orders["paid_price"] * 10_000).round().astype("int64"),
    )[["customer_id", "product_id", "month", "units", "order_lines", "orders_e4"]]
    spans = tables["subscriptions"].assign(end_month=tables["subscriptions"]["end_month"].fillna(last).clip(upper=last))
    covered = pd.DataFrame([
        (row.customer_id, row.product_id, month, round(row.monthly_eur * 10_000), 1)
        for row in spans.itertuples() for month in range(row.start_month, int(row.end_month) + 1)
    ], columns=["customer_id", "product_id", "month", "recurring_e4", "subscriptions"])
    every = pd.concat([lines, covered], ignore_index=True).fillna(0)
    return every[every["month"] <= last].merge(tables["customers"], on="customer_id")


def in_order(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return frame.sort_values(keys).reset_index(drop=True)


def test_customer_months_are_the_sums_that_pandas_finds(sold) -> None:
    wanted = stream(sold).groupby(CUSTOMER, as_index=False)[
        ["order_lines", "units", "orders_e4", "recurring_e4", "subscriptions"]
    ].sum()
    got = in_order(customer_months(sold, last=PERIOD).to_pandas(), CUSTOMER)
    pd.testing.assert_frame_equal(got, in_order(wanted, CUSTOMER), check_dtype=False)


def test_product_months_are_the_sums_and_distinct_counts_that_pandas_finds(sold) -> None:
    rows = stream(sold)
    wanted = rows.groupby(PRODUCT, as_index=False)[["order_lines", "units", "orders_e4", "recurring_e4"]].sum()
    counted = [
        rows[kept].groupby(PRODUCT)["customer_id"].nunique().rename(name)
        for name, kept in (("customers", (rows["order_lines"] > 0) | (rows["subscriptions"] > 0)),
                           ("subscribers", rows["subscriptions"] > 0))
    ]
    wanted = wanted.join(counted[0], on=PRODUCT).join(counted[1], on=PRODUCT).fillna(0)
    got = in_order(product_months(sold, last=PERIOD).to_pandas(), PRODUCT)
    pd.testing.assert_frame_equal(got, in_order(wanted, PRODUCT), check_dtype=False)


def test_both_marts_hold_the_revenue_to_the_cent(sold) -> None:
    total = round(monthly_revenue(sold, period=PERIOD).total_k * 1e7)
    for mart in (customer_months, product_months):
        rows = mart(sold, last=PERIOD)
        assert int((rows.orders_e4 + rows.recurring_e4).sum().to_pandas()) == total


def test_distinct_customers_add_up_over_segments_and_channels(sold) -> None:
    rows = product_months(sold, last=PERIOD)
    by_month = rows.group_by("product_id", "month").agg(customers=rows.customers.sum()).to_pandas()
    whole = stream(sold)
    active = whole[(whole["order_lines"] > 0) | (whole["subscriptions"] > 0)]
    wanted = active.groupby(["product_id", "month"])["customer_id"].nunique()
    assert by_month.set_index(["product_id", "month"])["customers"].sort_index().tolist() == wanted.tolist()


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_engines_build_the_same_marts(sold, in_engine, engine) -> None:
    tables = with_marts(in_engine(engine) | {"customers": sold["customers"]}, period=PERIOD)
    for mart, keys in ((customer_months, CUSTOMER), (product_months, PRODUCT)):
        theirs = in_order(mart(tables, last=PERIOD).to_pandas(), keys)
        pd.testing.assert_frame_equal(theirs, in_order(mart(sold, last=PERIOD).to_pandas(), keys), check_dtype=False)


def test_a_mart_is_built_once_and_serves_every_earlier_month(sold) -> None:
    tables = with_marts(sold, period="2025-12")
    assert customer_months(tables, last=PERIOD) is customer_months(tables, last=PERIOD)
    early = customer_months(tables, last=FIRST + 3).to_pandas()
    pd.testing.assert_frame_equal(
        in_order(early, CUSTOMER), in_order(customer_months(sold, last=FIRST + 3).to_pandas(), CUSTOMER)
    )


def test_a_later_month_than_the_marts_hold_is_summed_from_the_rows(sold) -> None:
    tables = with_marts(sold, period="2024-12")
    assert int(product_months(tables, last=PERIOD).month.max().to_pandas()) == PERIOD


def test_a_customer_written_twice_does_not_count_orders_twice(sold) -> None:
    twice = sold | {"customers": pd.concat([sold["customers"]] * 2)}
    rows = product_months(twice, last=PERIOD)
    assert int(rows.orders_e4.sum().to_pandas()) == int(product_months(sold, last=PERIOD).orders_e4.sum().to_pandas())


def test_without_customers_there_is_one_segment(company) -> None:
    assert set(product_months(company, last=PERIOD).segment.to_pandas()) == {"all"}


def test_a_customer_that_no_table_knows_is_in_a_segment_of_its_own(sold) -> None:
    fewer = sold | {"customers": sold["customers"].iloc[1:]}
    assert "unknown" in set(product_months(fewer, last=PERIOD).segment.to_pandas())


def test_orders_in_another_currency_are_refused(sold) -> None:
    foreign = sold | {"orders": sold["orders"].assign(currency="CHF")}
    with pytest.raises(SchemaError, match="3,600 rows in CHF"):
        customer_months(foreign, last=PERIOD)


def test_an_infinite_price_is_refused(sold) -> None:
    with pytest.raises(SchemaError, match="orders: column 'paid_price' holds inf in row 0, allowed number, 0 or more"):
        customer_months(sold | {"orders": sold["orders"].assign(paid_price=np.inf)}, last=PERIOD)


def test_an_order_without_units_counts_as_nothing() -> None:
    lines = ibis.memtable(pd.DataFrame({"customer_id": ["K1", "K2"], "product_id": "A", "units": [9.0, 2.0],
                                        "date": pd.to_datetime("2025-03-04"), "paid_price": 5.0}))
    orders = lines.mutate(units=lines.units.nullif(9.0))
    rows = in_order(customer_months(with_marts({"orders": orders}, period=PERIOD), last=PERIOD).to_pandas(), CUSTOMER)
    assert rows[["order_lines", "units", "orders_e4"]].to_numpy().tolist() == [[0, 0, 0], [1, 2, 100_000]]


def test_without_orders_and_subscriptions_there_is_nothing_to_sum(company) -> None:
    with pytest.raises(MissingTableError, match="'orders' and 'subscriptions' are both missing"):
        customer_months({"products": company["products"]}, last=PERIOD)


class TestStore:
    def read(self, tables, store: Path) -> tuple[pd.DataFrame, dict[str, int]]:
        kept = with_marts(tables, period=PERIOD, store=store)
        frame = in_order(product_months(kept, last=PERIOD).to_pandas(), PRODUCT)
        return frame, {file.name: file.stat().st_mtime_ns for file in (store / "product_months").iterdir()}

    def test_kept_months_give_the_same_mart(self, sold, tmp_path) -> None:
        first, files = self.read(sold, tmp_path)
        again, same = self.read(sold, tmp_path)
        pd.testing.assert_frame_equal(first, in_order(product_months(sold, last=PERIOD).to_pandas(), PRODUCT))
        pd.testing.assert_frame_equal(first, again)
        assert files == same and len(files) == 36

    def test_only_the_month_that_changed_is_written_anew(self, sold, tmp_path) -> None:
        _, before = self.read(sold, tmp_path)
        orders = sold["orders"].copy()
        orders.loc[7, "units"] += 1
        month = orders.loc[7, "date"].year * 12 + orders.loc[7, "date"].month
        changed, after = self.read(sold | {"orders": orders}, tmp_path)
        assert [name for name in after if name not in before or before[name] != after[name]] == [
            name for name in after if name.startswith(f"{month}-")
        ]
        assert len(after) == 36
        wanted = in_order(product_months(sold | {"orders": orders}, last=PERIOD).to_pandas(), PRODUCT)
        pd.testing.assert_frame_equal(changed, wanted)

    def test_a_month_imported_twice_is_another_month(self, sold, tmp_path) -> None:
        _, before = self.read(sold, tmp_path)
        orders = sold["orders"]
        twice = pd.concat([orders, orders[orders["date"].dt.to_period("M") == "2025-03"]], ignore_index=True)
        _, after = self.read(sold | {"orders": twice}, tmp_path)
        assert len(set(after) - set(before)) == 1

    def test_a_customer_that_moved_to_another_segment_changes_their_months(self, sold, tmp_path) -> None:
        self.read(sold, tmp_path)
        people = sold["customers"].assign(segment="homes")
        got, _ = self.read(sold | {"customers": people}, tmp_path)
        assert set(got["segment"]) == {"homes"}

    def test_rows_in_another_engine_are_refused(self, sold, tmp_path, in_engine) -> None:
        with pytest.raises(ParameterError, match="got rows held by sqlite, allowed duckdb"):
            self.read(in_engine("sqlite"), tmp_path)
