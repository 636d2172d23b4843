from __future__ import annotations

import numpy as np
import pytest

from pmlib.sample import chunks, customers, market, sales
from pmlib.sample.company import REGIONS


@pytest.fixture(scope="module")
def buyers():
    return customers.draw_buyers(scale=0.1, seed=1)


@pytest.fixture(scope="module")
def orders(buyers):
    return chunks.frame(sales.orders(buyers))


def test_launched_sales_follow_the_curve_to_the_unit():
    counts = sales.line_counts(1.0)[sales.SOLD.index("PR8")]
    t = np.arange(1, 25)
    share = (1 - np.exp(-0.134 * t)) / (1 + 32.5 * np.exp(-0.134 * t))
    assert np.abs(np.cumsum(counts)[12:] - 10_000 * share).max() <= 0.5
    assert not counts[:12].any()


def test_lines_are_numbered_by_day(orders):
    assert orders["order_id"].is_monotonic_increasing
    assert orders["date"].is_monotonic_increasing
    assert len(orders) == sales.line_counts(0.1).sum()


@pytest.mark.parametrize(("product", "growth"), [("PR3", 0.94), ("PR5", 1.09)])
@pytest.mark.parametrize("seed", [1, 2])
def test_revenue_of_two_products_grows_exactly_as_planned(product, growth, seed):
    eur = sales.booked(customers.draw_buyers(scale=0.1, seed=seed))[0, sales.SOLD.index(product)]
    years = eur.sum(axis=0).reshape(3, 12).sum(axis=1)
    assert years[1:] / years[:-1] == pytest.approx([growth, growth], abs=2e-4)


def test_what_is_booked_is_the_sum_over_the_rows(buyers, orders):
    eur, units = sales.booked(buyers)
    rows = orders[(orders["product_id"] == "PR2") & (orders["region"] == "north")]
    by_month = (rows["units"] * rows["paid_price"]).groupby(rows["date"].str[:7]).sum()
    place = (sales.SOLD.index("PR2"), REGIONS.index("north"))
    assert eur[place] == pytest.approx(by_month.to_numpy())
    assert units[place].sum() == rows["units"].sum()


def test_own_rows_of_the_market_are_what_was_booked_and_paid(buyers):
    rows = chunks.frame(market.market(buyers))
    own = rows[rows["player"] == "own"]
    total_k = (sales.booked(buyers)[0].sum() + customers.paid(buyers)[0].sum()) / 1000
    assert own["value_k"].sum() == pytest.approx(total_k, abs=0.5)
    assert (rows["value_k"] >= 0).all()


def test_a_company_with_hardly_any_orders_still_has_finite_prices():
    few = chunks.frame(sales.orders(customers.draw_buyers(scale=0.0005, seed=1)))
    assert np.isfinite(few["paid_price"]).all()
