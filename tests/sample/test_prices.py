from __future__ import annotations

import numpy as np
import pytest

from pmlib.sample import prices


@pytest.mark.parametrize("product", ["PR2", "PR7"])
@pytest.mark.parametrize("seed", [1, 2])
def test_lots_are_unrelated_to_region_and_month(product, seed):
    ratio = prices.list_prices(product, seed)[:, prices.LOT_START :] / prices.base_price(product)[prices.LOT_START :]
    assert np.sort(ratio, axis=0) == pytest.approx(np.tile(np.array([[0.85], [1.0], [1.15]]), 24), abs=1e-3)
    assert ratio.mean(axis=1) == pytest.approx(1.0, abs=1e-3)


def test_before_the_lots_a_price_is_high_when_many_buy():
    price, season = prices.list_prices("PR7", 1)[0, :12], prices.season("PR7")[:12]
    assert np.corrcoef(price, season)[0, 1] > 0.999
    assert price.max() / price.min() == pytest.approx(1.5, abs=0.01)


def test_a_price_that_is_not_in_the_lottery_is_the_base_price_everywhere():
    assert (prices.list_prices("PR1", 1) == np.round(prices.base_price("PR1"), 2)).all()
    assert set(prices.list_prices("PR3", 1).ravel()) == {59.0}


def test_every_product_has_a_cost_in_every_month_and_one_no_longer_earns_its_keep():
    costs = prices.product_costs(seed=1)
    assert costs.groupby("product_id").size().to_dict() == {f"PR{number}": 36 for number in range(1, 9)}
    assert costs["unit_cost_eur"].gt(0).all()
    last = costs[costs["month"] >= "2025-01"].groupby("product_id")["unit_cost_eur"].mean()
    assert last["PR3"] / 59 > 0.75
    assert last["PR1"] / 89 < 0.5


def test_the_price_history_flags_24_of_36_months():
    history = prices.price_history(seed=1)
    assert len(history) == 216
    assert history.groupby("product_id")["randomised"].sum().tolist() == [72, 72]
