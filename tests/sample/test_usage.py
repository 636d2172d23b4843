from __future__ import annotations

import pytest

from pmlib.sample import chunks, customers, usage


@pytest.fixture(scope="module")
def buyers():
    return customers.draw_buyers(scale=0.5, seed=1)


@pytest.fixture(scope="module")
def frame(buyers):
    return chunks.frame(usage.usage(buyers))


def test_every_month_of_a_subscription_has_one_row(buyers, frame):
    paid = customers.paid(buyers)[1].sum(axis=(1, 2))
    assert frame.groupby("product_id").size()[list(customers.SUBSCRIBED)].tolist() == paid.tolist()
    keys = ["customer_id", "product_id", "month"]
    assert frame[keys].equals(frame[keys].sort_values(keys, ignore_index=True))
    assert not frame.duplicated(keys).any()
    assert frame["active_days"].between(0, 28).all()


def test_use_falls_before_the_end(buyers, frame):
    subscriptions = chunks.frame(customers.subscriptions(buyers))
    ended = subscriptions.dropna(subset=["end_month"])
    ended = ended[ended["start_month"].str[:4] < ended["end_month"].str[:4]]
    joined = frame.merge(ended, on=["customer_id", "product_id"])
    last = joined.loc[joined["month"] == joined["end_month"], "active_days"].mean()
    first = joined.loc[(joined["month"] == joined["start_month"]), "active_days"].mean()
    assert last < 0.4 * first


def test_blocks_do_not_overlap(buyers, frame, monkeypatch):
    monkeypatch.setattr(usage, "BLOCK", 1_000)
    parts = chunks.frame(usage.usage(buyers))
    keys = ["customer_id", "product_id", "month"]
    assert not parts.duplicated(keys).any()
    assert parts[keys].equals(parts[keys].sort_values(keys, ignore_index=True))
    paid = parts["product_id"].isin(customers.SUBSCRIBED)
    assert paid.sum() == frame["product_id"].isin(customers.SUBSCRIBED).sum()
