"""Revenue from orders by customer: a loop over customers as oracle, and bridges that close whatever the orders are."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import CheckError, MissingTableError, ParameterError
from pmlib.product.marts import with_marts
from pmlib.product.money.customer_bridge import revenue_bridge
from pmlib.product.money.flows import FLOWS
from tests.product.conftest import FIRST, PERIOD, days

LEVELS = ("opening", *FLOWS, "closing")


def by_hand(orders: pd.DataFrame, last: int, window: int) -> dict[str, float]:
    """The oracle: one customer after another."""
    month = orders["date"].dt.year * 12 + orders["date"].dt.month
    cents = (orders["units"] * orders["paid_price"] * 100).round().astype("int64")
    money, people = dict.fromkeys(LEVELS, 0), dict.fromkeys(LEVELS, 0)
    for customer in sorted(set(orders["customer_id"])):
        own = orders["customer_id"] == customer
        before = int(cents[own & (month > last - 2 * window) & (month <= last - window)].sum())
        now = int(cents[own & (month > last - window) & (month <= last)].sum())
        bought = bool((own & (orders["units"] > 0) & (month <= last - window)).any())
        if before <= 0 < now:
            kind = "reactivation" if bought else "new"
        elif now <= 0 < before:
            kind = "churn"
        else:
            kind = "expansion" if now > before else "contraction" if now < before else ""
        if kind:
            money[kind] += now - before
            people[kind] += 1
        money["opening"] += before
        money["closing"] += now
        people["opening"] += before > 0
        people["closing"] += now > 0
    return {f"{k}_k": v / 1e5 for k, v in money.items()} | {f"{k}_n": v for k, v in people.items()}


def agrees(row: Any, expected: dict[str, float]) -> None:
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, abs=1e-12), name


@pytest.mark.parametrize(("last", "window"), [(PERIOD, 12), (PERIOD - 5, 1), (PERIOD - 3, 5)])
def test_the_bridge_matches_a_loop_over_customers(company, last: int, window: int) -> None:
    bridge = revenue_bridge(company, period=last, months=window)
    agrees(bridge.to_frame().iloc[0], by_hand(company["orders"], last, window))
    assert "closes to the cent" in bridge.check()


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_engines_and_marts_give_the_same_bridge(company, in_engine, engine: str) -> None:
    plain = revenue_bridge(company, period=PERIOD).to_frame()
    tables = in_engine(engine)
    for held in (tables, with_marts(tables, period=PERIOD)):
        bridge = revenue_bridge(held, period=PERIOD)
        pd.testing.assert_frame_equal(bridge.to_frame(), plain)
        bridge.check()


def test_one_product_is_bridged_alone(company) -> None:
    orders = company["orders"].assign(product_id=np.where(np.arange(len(company["orders"])) % 3 == 0, "A", "C"))
    tables = with_marts(company | {"orders": orders}, period=PERIOD)
    bridge = revenue_bridge(tables, period=PERIOD, product_id="C")
    agrees(bridge.to_frame().iloc[0], by_hand(orders[orders["product_id"] == "C"], PERIOD, 12))
    bridge.check()
    assert bridge.to_frame()["name"].tolist() == ["Cirrus"]


lines = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.integers(24300, 24312), st.sampled_from([-3.0, -1.0, 0.0, 1.0, 2.0]),
        st.sampled_from([0.0, 9.99, 10.0, 29.01, 1200.5]),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(lines, st.integers(1, 4))
def test_any_orders_close_to_the_cent_even_with_goods_sent_back(rows, window: int) -> None:
    frame = pd.DataFrame([("z", 24290, 1.0, 1.0), *rows], columns=["customer_id", "month", "units", "paid_price"])
    orders = frame.assign(product_id="A", date=days(frame["month"].to_numpy())).drop(columns="month")
    bridge = revenue_bridge({"orders": orders}, period=24312, months=window)
    agrees(bridge.to_frame().iloc[0], by_hand(orders, 24312, window))
    row = bridge.to_frame().iloc[0]
    assert row["opening_n"] + row["new_n"] + row["reactivation_n"] - row["churn_n"] == row["closing_n"]
    bridge.check()


def test_who_came_back_is_told_from_who_is_new() -> None:
    orders = pd.DataFrame({"customer_id": ["old", "stays", "old", "stays", "fresh"], "product_id": "A", "units": 1.0,
                           "paid_price": [50.0, 100.0, 70.0, 60.0, 30.0],
                           "date": days(np.array([24309, 24311, 24312, 24312, 24312]))})
    row = revenue_bridge({"orders": orders}, period="2025-12", months=1).to_frame().iloc[0]
    assert [row[f"{flow}_k"] for flow in FLOWS] == pytest.approx([0.03, 0.07, 0.0, -0.04, 0.0])


def test_orders_that_begin_within_the_first_window_give_no_bridge(company) -> None:
    bridge = revenue_bridge(company, period=FIRST + 20, months=12)
    row = bridge.to_frame().iloc[0]
    assert row.drop(["product_id", "name"]).isna().sum() == 2 * (len(LEVELS) - 1)
    assert row["closing_k"] == pytest.approx(bridge.recounted_k[1])
    assert bridge.summary() == (
        "Not enough data: the comparison needs orders from October 2022 on, and they begin in January 2023."
    )
    assert "do not reach back" in bridge.check()


def test_before_all_orders_there_is_nothing(company) -> None:
    assert "there are none" in revenue_bridge(company, period="2020-01").summary()


def test_the_sentence_names_the_parts_and_their_customers(company) -> None:
    bridge = revenue_bridge(company, period=PERIOD)
    assert "to December 2024 and to December 2025" in bridge.summary()
    assert "from buying more (n = " in bridge.summary()
    assert len(bridge.headline()) == 3


def test_a_bridge_that_does_not_close_is_refused(company) -> None:
    bridge = revenue_bridge(company, period=PERIOD)
    wrong = dataclasses.replace(bridge, bridge=bridge.bridge.assign(new_k=bridge.bridge["new_k"] + 0.00001))
    with pytest.raises(CheckError, match=r"the sum of its parts is off by 0\.0100 EUR, allowed 0"):
        wrong.check()


def test_an_unknown_product_is_refused_with_a_near_name(company) -> None:
    with pytest.raises(ParameterError, match="product_id: got 'AA'"):
        revenue_bridge(company, period=PERIOD, product_id="AA")


def test_without_orders_there_is_no_bridge(company) -> None:
    tables = {"subscriptions": company["subscriptions"]}
    for held in (tables, with_marts(tables, period=PERIOD)):
        with pytest.raises(MissingTableError, match="table 'orders' is missing"):
            revenue_bridge(held, period=PERIOD)
