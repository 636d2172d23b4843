"""Why figures moved: the parts add up to the change they explain, and the sample company's truths are named."""

from __future__ import annotations

import dataclasses

import pytest

import pmlib as pm
from pmlib.product.causes import Accounts, causes_of
from pmlib.product.money.margin import product_margin

PERIOD = 2025 * 12 + 12


@pytest.fixture(scope="module")
def tables(quillmark):
    return pm.product.with_marts(quillmark, period=PERIOD)


@pytest.fixture(scope="module")
def review(tables):
    return pm.review_products(tables, period=PERIOD)


def why(review, product: str, metric: str) -> str:
    rows = review.causes[(review.causes["product_id"] == product) & (review.causes["metric"] == metric)]
    return str(rows["why"].iloc[0])


def test_every_arrow_has_a_cause_and_nothing_else_has_one(review):
    arrows = review.changes[review.changes["arrow"].isin(["▲", "▼"])]
    assert review.causes[["product_id", "metric"]].values.tolist() == arrows[["product_id", "metric"]].values.tolist()
    assert (review.causes["why"].str.len() > 0).all()


def test_t15_a_share_rises_in_a_shrinking_market_and_falls_in_a_growing_one(review):
    assert why(review, "PR3", "share") == "our sales of wired thermostats -6.0 %, the market -12.0 %"
    assert why(review, "PR5", "share") == "our sales of edge gateways +9.0 %, the market +20.0 %"


def test_revenue_of_orders_is_taken_apart_into_volume_and_price(review, tables):
    bridge = pm.product.price_volume_mix(tables, period=PERIOD, product_id="PR5", by="segment").effects_k
    assert why(review, "PR5", "revenue").startswith(f"volume +{bridge['volume_k']:.0f} k EUR")


def test_revenue_of_subscriptions_is_taken_apart_into_flows(review, tables):
    row = pm.product.recurring_bridge(tables, period=PERIOD, product_id="PR6").bridge.iloc[0]
    assert f"new +{row['new_k']:.0f} k EUR and churn {row['churn_k']:.0f} k EUR" in why(review, "PR6", "revenue")


def test_points_of_margin_add_up_to_its_change(review, tables):
    months = product_margin(tables, period=PERIOD).months.query("product_id == 'PR3'")
    after, before = months[months["month"] > PERIOD - 12], months[months["month"].between(PERIOD - 23, PERIOD - 12)]
    weigh = [rows[["variable_k", "fixed_k"]].sum() / rows["revenue_k"].sum() for rows in (before, after)]
    parts = 100 * (weigh[0] - weigh[1])
    change = review.changes.query("product_id == 'PR3' and metric == 'margin'")["change"].iloc[0]
    assert parts.sum() == pytest.approx(change, abs=1e-9)
    unit, fixed = (f"{what} costs take {-parts[f'{column}_k']:.1f} pp more" for what, column in
                   (("unit", "variable"), ("fixed", "fixed")))
    assert why(review, "PR3", "margin") == f"{unit} and {fixed} of revenue"


def test_t16_the_fall_of_a_score_names_the_rating_that_fell_with_it(review):
    assert why(review, "PR6", "nps") == "good ratings went along: service -4 pp"


def test_a_score_without_ratings_stays_unexplained(review, quillmark, tables):
    surveys = quillmark["surveys"].drop("quality_rating", "price_rating", "service_rating")
    bare = Accounts(tables=dict(tables) | {"surveys": surveys}, products=quillmark["products"], margin=None, split=None,
                    period=PERIOD, months=12, currency="EUR")
    nps = review.changes[review.changes["metric"] == "nps"]
    assert set(causes_of(nps, bare)["why"]) == {"the tables do not say why"}


def test_a_share_without_a_study_of_both_windows_stays_unexplained(review, quillmark, tables):
    accounts = Accounts(tables=tables, products=quillmark["products"], margin=None, split=None, period=PERIOD,
                        months=12, currency="EUR")
    shares = review.changes[review.changes["metric"] == "share"]
    assert set(causes_of(shares, accounts)["why"]) == {"the tables do not say why"}


def test_t17_the_board_weighs_a_score_by_who_was_asked(review):
    board = review.board.set_index("product_id")
    assert board.loc["PR4", "nps"] == pytest.approx(25, abs=4)
    assert board.loc["PR4", "nps_low"] < 25 < board.loc["PR4", "nps_high"]


def test_the_sample_company_is_judged_as_planted(review):
    verdicts = review.verdicts.set_index("product_id")["verdict"].to_dict()
    assert verdicts == {"PR1": "invest", "PR2": "invest", "PR3": "sunset", "PR4": "invest", "PR5": "keep",
                        "PR6": "keep", "PR7": "keep", "PR8": "keep"}


def test_no_change_has_no_cause(review):
    none = dataclasses.replace(review, changes=review.changes.assign(arrow="–"))
    assert causes_of(none.changes, None).empty  # type: ignore[arg-type]
