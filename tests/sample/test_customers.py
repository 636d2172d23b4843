from __future__ import annotations

import numpy as np
import pytest

from pmlib.sample import chunks, customers


@pytest.fixture(scope="module")
def buyers():
    return customers.draw_buyers(scale=0.1, seed=1)


def test_customers_are_numbered_in_the_order_in_which_they_came(buyers):
    frame = chunks.frame(customers.customers(buyers))
    assert len(frame) == 1_200
    assert frame["customer_id"].is_monotonic_increasing
    assert frame["first_month"].is_monotonic_increasing
    assert buyers.known(-1) == (frame["first_month"] < "2023-01").sum()


def test_two_chunks_are_the_same_customers_as_one(buyers, monkeypatch):
    whole = chunks.frame(customers.customers(buyers))
    monkeypatch.setattr(chunks, "ROW_GROUP", 500)
    assert chunks.frame(customers.customers(buyers)).equals(whole)
    assert len(list(customers.subscriptions(buyers))) == 2


def test_nobody_subscribes_before_coming_or_ends_before_starting(buyers):
    drawn = customers.draw_subscriptions(buyers)
    assert (drawn.start >= np.maximum(buyers.first[drawn.who] - customers.company.HISTORY_START, 0)).all()
    assert (drawn.last >= drawn.start).all()


def test_what_was_paid_is_the_sum_over_the_rows(buyers):
    frame = chunks.frame(customers.subscriptions(buyers))
    running = frame[(frame["start_month"] <= "2024-07") & (frame["end_month"].fillna("2025-12") >= "2024-07")]
    eur, active = customers.paid(buyers)[:, :, :, 18].sum(axis=2)
    assert eur == pytest.approx(running.groupby("product_id")["monthly_eur"].sum().to_numpy())
    assert active == pytest.approx(running.groupby("product_id").size().to_numpy())
