from __future__ import annotations

import pytest

from pmlib.sample import chunks, customers, sales, sales_defects, surveys, usage

MAKERS = {
    "orders": sales.orders, "subscriptions": customers.subscriptions, "surveys": surveys.surveys, "usage": usage.usage,
}  # fmt: skip


@pytest.fixture(scope="module")
def buyers():
    return customers.draw_buyers(scale=0.05, seed=1)


@pytest.fixture(scope="module")
def spoilt(buyers):
    return {name: chunks.frame(sales_defects.spoiled(name, make(buyers), buyers)) for name, make in MAKERS.items()}


@pytest.mark.parametrize("name", MAKERS)
def test_defects_are_appended_and_the_clean_rows_stay(buyers, spoilt, name):
    clean = chunks.frame(MAKERS[name](buyers))
    assert spoilt[name].head(len(clean)).equals(clean)
    planted = sum(kind["rows"] for kind in sales_defects.planted(buyers).values() if kind["table"] == name)
    assert len(spoilt[name]) == len(clean) + planted


def test_57_orders_are_of_a_product_nobody_knows(spoilt):
    unknown = spoilt["orders"].query("product_id == 'PR99'")
    assert len(unknown) == 57
    assert unknown["order_id"].is_unique
    assert unknown["order_id"].iloc[0] > spoilt["orders"].query("product_id != 'PR99'")["order_id"].max()


def test_june_2024_stands_twice_and_nothing_else_does(spoilt):
    orders = spoilt["orders"]
    twice = orders[orders.duplicated()]
    assert set(twice["date"].str[:7]) == {"2024-06"}
    june = orders[(orders["date"].str[:7] == "2024-06") & (orders["product_id"] != "PR99")]
    assert 2 * len(twice) == len(june)
    assert orders.duplicated("order_id").sum() == len(twice)


def test_three_subscriptions_end_before_they_start_and_share_no_key(spoilt):
    frame = spoilt["subscriptions"]
    assert (frame["start_month"] > frame["end_month"].fillna("9999-12")).sum() == 3
    assert not frame.duplicated(["customer_id", "product_id", "start_month"]).any()


def test_forty_answers_are_on_another_scale(spoilt):
    odd = spoilt["surveys"].query("instrument == 'NPS' and scale_max != 10")
    assert (len(odd), set(odd["scale_max"]), set(odd["product_id"])) == (40, {5}, {"PR1"})
    assert odd["score"].between(1, 5).all()
    assert spoilt["surveys"]["response_id"].is_unique
