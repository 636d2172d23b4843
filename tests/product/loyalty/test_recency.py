from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import MissingTableError, ParameterError
from pmlib.product.loyalty.recency import SEGMENTS, score_customers

PERIOD = "2025-12"


def _segment_of(recency: int, frequency: int) -> str:
    if frequency >= 3:
        return "champions" if min(recency, frequency) >= 4 else "loyal" if recency >= 3 else "at risk"
    return "recent" if recency >= 4 else "cooling" if recency == 3 else "lost"


def test_five_customers_take_the_five_fifths(ordered) -> None:
    rows = [(f"c{i}", f"2025-0{i + 1}-0{j + 1}", 1.0, 10.0 * (i + 1)) for i in range(5) for j in range(i + 1)]
    cells = score_customers(ordered(*rows), period="2025-06").cells
    assert cells[["recency", "frequency", "value"]].to_numpy().tolist() == [[k, k, k] for k in range(1, 6)]
    assert cells["segment"].tolist() == ["lost", "lost", "loyal", "champions", "champions"]
    assert cells["revenue_k"].tolist() == [0.01, 0.04, 0.09, 0.16, 0.25]


def test_equal_customers_share_a_score(ordered) -> None:
    cells = score_customers(ordered(*((f"c{i}", "2025-01-01", 1.0, 5.0) for i in range(20))), period=PERIOD).cells
    assert cells[["recency", "frequency", "value", "customers"]].to_numpy().tolist() == [[1, 1, 1, 20]]


def test_scores_and_segments_match_pandas(company) -> None:
    result = score_customers(company, period=PERIOD)
    orders = company["orders"]
    days = orders.assign(money=orders["units"] * orders["paid_price"]).groupby(["customer_id", "date"])["money"].sum()
    sums = {"final": ("date", "max"), "n": ("date", "size"), "money": ("money", "sum")}
    people = days.reset_index().groupby("customer_id").agg(**sums)
    ranks = people.rank(method="min").sub(1).mul(5).floordiv(len(people)).astype(int) + 1
    named = [_segment_of(r, f) for r, f in zip(ranks["final"], ranks["n"], strict=True)]
    expected = people["money"].groupby(named).agg(["size", "sum"])
    got = result.segments.set_index("segment")
    for segment, row in expected.iterrows():
        assert got.loc[segment, "customers"] == row["size"]
        assert got.loc[segment, "revenue_k"] == pytest.approx(row["sum"] / 1_000)


def test_segments_hold_every_customer_and_all_revenue(quillmark) -> None:
    result = score_customers(quillmark, period=PERIOD)
    orders = quillmark["orders"]
    sold = orders.filter(orders.units > 0)
    assert result.segments["customers"].sum() == sold.customer_id.nunique().to_pandas() == 11_520
    assert result.segments["revenue_k"].sum() == pytest.approx((sold.units * sold.paid_price).sum().to_pandas() / 1_000)
    assert result.segments["segment"].tolist() == list(SEGMENTS)
    assert result.segments[["share", "revenue_share"]].sum().tolist() == pytest.approx([1, 1])


def test_the_window_limits_purchases_and_money_and_not_recency(ordered) -> None:
    rows = [(f"c{i}", f"2025-0{i + 1}-01", 1.0, 1_000.0) for i in range(6)]
    whole, window = (score_customers(ordered(*rows), period="2025-06", months=months) for months in (None, 2))
    assert whole.cells["revenue_k"].sum() == 6
    assert window.cells["revenue_k"].sum() == 2
    assert window.cells["customers"].sum() == 6
    assert repr(window) == "<RecencyFrequencyValue: 6 customers, 2 k EUR in 2 months to June 2025>"


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 28), st.integers(1, 9)), min_size=5, max_size=30))
@settings(max_examples=15, deadline=None)
def test_every_customer_is_in_one_cell_with_scores_from_1_to_5(rows) -> None:
    frame = pd.DataFrame([(f"c{who}", f"2025-03-{day:02d}", 1.0, float(price)) for who, day, price in rows],
                         columns=["customer_id", "date", "units", "paid_price"])  # fmt: skip
    orders = frame.assign(date=pd.to_datetime(frame["date"]), product_id="A")
    cells = score_customers({"orders": orders}, period=PERIOD).cells
    people = frame["customer_id"].nunique()
    assert cells["customers"].sum() == (people if people >= 5 else 0)
    assert cells[["recency", "frequency", "value"]].stack().between(1, 5).all()


def test_two_engines_score_the_same(in_engine) -> None:
    duck, lite = (score_customers(in_engine(name), period=PERIOD).cells for name in ("duckdb", "sqlite"))
    pd.testing.assert_frame_equal(duck, lite)


def test_four_customers_make_no_fifths(ordered) -> None:
    result = score_customers(ordered(*((f"c{i}", "2025-01-01", 1.0, 5.0) for i in range(4))), period=PERIOD)
    assert result.summary() == "Not enough data to December 2025: fifths need at least 5 customers."
    assert result.headline() == {"–": "fewer than 5 customers"}
    assert result.segments["customers"].tolist() == [0] * 6


def test_bad_options_and_missing_orders_are_refused(company) -> None:
    with pytest.raises(ParameterError, match="months: got 0, allowed 1 or more"):
        score_customers(company, period=PERIOD, months=0)
    with pytest.raises(MissingTableError, match="table 'orders' is missing"):
        score_customers({}, period=PERIOD)
