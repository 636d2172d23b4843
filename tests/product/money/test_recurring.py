from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import CheckError, MissingTableError, ParameterError
from pmlib.product.money.flows import FLOWS
from pmlib.product.money.recurring import RecurringBridge, recurring_bridge
from tests.product.conftest import PERIOD


def _paid(rows: pd.DataFrame, month: int) -> pd.Series:
    """What each customer pays in a month, in hundredths."""
    runs = (rows["start_month"] <= month) & ~(rows["end_month"] < month)
    cents = (rows["monthly_eur"] * 100).round().astype("int64")
    return cents[runs].groupby(rows["customer_id"]).sum()


def _by_hand(rows: pd.DataFrame, first: int, last: int) -> dict[str, float]:
    """The oracle: one customer after another."""
    flows = dict.fromkeys(FLOWS, 0)
    people = dict.fromkeys(FLOWS, 0)
    opening, closing = _paid(rows, first), _paid(rows, last)
    kept = stayed = 0
    for customer in sorted(set(rows["customer_id"])):
        before, now = int(opening.get(customer, 0)), int(closing.get(customer, 0))
        own = rows[(rows["customer_id"] == customer) & (rows["monthly_eur"] > 0) & (rows["start_month"] <= first)]
        if before == now:
            kind = None
        elif before == 0:
            kind = "reactivation" if len(own) else "new"
        elif now == 0:
            kind = "churn"
        else:
            kind = "expansion" if now > before else "contraction"
        if kind:
            flows[kind] += now - before
            people[kind] += 1
        kept += min(before, now)
        stayed += now if before else 0
    total = int(opening.sum())
    return (
        {f"{kind}_k": value / 1e5 for kind, value in flows.items()}
        | {f"{kind}_n": value for kind, value in people.items()}
        | {"opening_k": total / 1e5, "closing_k": int(closing.sum()) / 1e5}
        | {"grr": kept / total if total else np.nan, "nrr": stayed / total if total else np.nan}
    )


def _agrees(row: Any, expected: dict[str, float]) -> None:
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, abs=1e-12, nan_ok=True), name


@pytest.mark.parametrize(("last", "window"), [(PERIOD, 12), (PERIOD - 5, 1), (PERIOD - 30, 12)])
def test_the_bridge_matches_a_loop_over_customers(company, last: int, window: int) -> None:
    rows = company["subscriptions"].astype({"end_month": "float64"})
    bridge = recurring_bridge(company, period=last, months=window)
    _agrees(bridge.to_frame().iloc[0], _by_hand(rows[rows["start_month"] <= last], last - window, last))
    assert "closes to the cent" in bridge.check()


spans = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.sampled_from("PQ"), st.integers(24290, 24312), st.none() | st.integers(0, 12),
        st.sampled_from([0.0, 9.99, 10.0, 29.01, 1200.5]),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=5, deadline=None)
@given(spans, st.integers(1, 14))
def test_any_subscriptions_close_to_the_cent_in_total_by_product_and_by_month(rows, window: int) -> None:
    frame = _frame(rows)
    bridge = recurring_bridge({"subscriptions": frame}, period=24312, months=window)
    bridge.check()
    _agrees(bridge.to_frame().iloc[0], _by_hand(frame, 24312 - window, 24312))
    for row in bridge.by_month().to_dict("records"):
        told = _by_hand(frame, row["month"] - 1, row["month"])
        _agrees(row, {name: value for name, value in told.items() if name not in ("grr", "nrr")})


def _frame(rows: list[tuple[str, str, int, int | None, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "product_id", "start_month", "length", "monthly_eur"])
    frame = frame.astype({"start_month": "int64", "length": "float64", "monthly_eur": "float64"})
    frame = frame.astype({"customer_id": "str", "product_id": "str"})
    return frame.assign(end_month=frame["start_month"] + frame["length"])


def test_two_engines_and_frames_give_the_same_numbers(company, in_engine) -> None:
    frames = recurring_bridge(company, period=PERIOD)
    for backend in ("duckdb", "sqlite"):
        stored = recurring_bridge(in_engine(backend), period=PERIOD)
        pd.testing.assert_frame_equal(stored.to_frame(), frames.to_frame(), rtol=1e-9)
        pd.testing.assert_frame_equal(stored.by_month(), frames.by_month(), rtol=0, atol=0)


def test_who_left_and_came_back_between_the_ends_is_judged_by_the_ends() -> None:
    rows = _frame([("a", "P", 24290, 12, 100.0), ("a", "P", 24306, None, 80.0)])
    bridge = recurring_bridge({"subscriptions": rows}, period=24312)
    row = bridge.to_frame().iloc[0]
    assert (row["contraction_k"], row["churn_n"], row["reactivation_n"]) == (-0.02, 0, 0)
    months = bridge.by_month().set_index("month")
    assert (months["churn_k"][24303], months["reactivation_k"][24306]) == (-0.1, 0.08)


def test_a_change_of_product_is_churn_of_the_product_and_none_of_the_company() -> None:
    rows = _frame([("a", "P", 24290, 12, 100.0), ("a", "Q", 24303, None, 100.0)])
    frame = recurring_bridge({"subscriptions": rows}, period=24312).to_frame().set_index("product_id")
    assert (frame["churn_n"]["all"], frame["churn_n"]["P"], frame["new_n"]["Q"]) == (0, 1, 1)
    assert frame["grr"]["all"] == 1.0 and frame["grr_low"]["all"] < 0.3


def test_one_product_alone_is_its_row_of_the_whole(company) -> None:
    one, whole = (recurring_bridge(company, period=PERIOD, product_id=product) for product in ("B", None))
    pd.testing.assert_frame_equal(one.to_frame(), whole.to_frame().iloc[[1]].reset_index(drop=True))
    assert one.check()


def test_nobody_at_first_leaves_retention_unmeasured_and_says_so() -> None:
    bridge = recurring_bridge({"subscriptions": _frame([("a", "P", 24310, None, 9.0)])}, period=24312)
    assert (bridge.grr.n, bridge.nrr.n, bridge.logo_churn.n) == (0, 0, 0)
    assert "Retention is not measured: nobody paid in December 2024" in bridge.summary()
    assert len(bridge.headline()) == 1


def test_no_subscriptions_at_all_is_an_empty_bridge() -> None:
    bridge = recurring_bridge({"subscriptions": _frame([])}, period=24312)
    assert "no change" in bridge.summary() and bridge.check()


def test_an_unknown_product_and_a_missing_table_are_refused(company) -> None:
    with pytest.raises(ParameterError, match="product_id: got 'BB'. Known: A, B, C"):
        recurring_bridge(company, period=PERIOD, product_id="BB")
    with pytest.raises(MissingTableError, match="table 'subscriptions' is missing"):
        recurring_bridge({}, period=PERIOD)


def test_a_lost_ten_thousandth_is_found(company) -> None:
    bridge = recurring_bridge(company, period=PERIOD)
    off = bridge.bridge.assign(churn_k=bridge.bridge["churn_k"] + 1e-7)
    with pytest.raises(CheckError, match="the bridge in row 0 is off by 0.0001 EUR"):
        dataclasses.replace(bridge, bridge=off).check()
    with pytest.raises(CheckError, match="the closing, counted again, is off"):
        dataclasses.replace(bridge, recounted_k=(bridge.recounted_k[0], 1.0)).check()


def test_words_carry_the_numbers(company) -> None:
    bridge: RecurringBridge = recurring_bridge(company, period=PERIOD)
    assert bridge.summary().startswith("Recurring revenue went from ")
    assert f"Of what {bridge.grr.n} customers paid at first" in bridge.summary()
    assert repr(bridge).startswith("<RecurringBridge: ") and "NRR" in repr(bridge)
    assert bridge.quick_ratio.unit == "ratio" and bridge.quick_ratio.low < bridge.quick_ratio.value


def test_the_sample_company_keeps_half_of_its_recurring_revenue_over_a_year(quillmark) -> None:
    bridge = recurring_bridge(quillmark, period="2025-12")
    row = bridge.to_frame().iloc[0]
    assert (row["opening_k"], row["closing_k"]) == (126.999, 250.702)
    assert bridge.grr.value == pytest.approx(0.5306, abs=5e-5)
    assert bridge.nrr.value == pytest.approx(0.5870, abs=5e-5)
    assert bridge.check()
