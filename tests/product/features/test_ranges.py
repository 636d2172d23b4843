from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pmlib.errors import ParameterError
from pmlib.product.features.ranges import Ranges, draw_inputs, pert_quantile, triangular_quantile

GRID = np.linspace(0.001, 0.999, 301)


@pytest.mark.parametrize("mode", [0.5, 0.8, 2.0, 3.0])
def test_triangular_is_that_of_scipy(mode):
    mine = triangular_quantile(GRID, np.full(1, 0.5), mode=np.full(1, mode), high=np.full(1, 3.0))
    assert mine == pytest.approx(stats.triang((mode - 0.5) / 2.5, 0.5, 2.5).ppf(GRID), abs=1e-12)


@pytest.mark.parametrize("mode", [0.5, 0.8, 2.0, 3.0])
def test_pert_has_the_mean_that_gives_the_mode_four_times_the_weight(mode):
    drawn = pert_quantile((np.arange(20_000) + 0.5) / 20_000, np.full(1, 0.5), mode=np.full(1, mode),
                          high=np.full(1, 3.0))  # fmt: skip
    assert drawn.mean() == pytest.approx((0.5 + 4 * mode + 3.0) / 6, abs=1e-3)


def test_a_figure_lies_within_its_factor_8_times_in_10(backlog):
    features = backlog(1, confidence=0.5, reach=200.0)
    reach = draw_inputs(features, ("reach",), ranges=Ranges(draws=50_000))["reach"][:, 0]
    assert ((reach > 200 / 1.5) & (reach < 200 * 1.5)).mean() == pytest.approx(0.8, abs=0.01)
    assert np.median(reach) == pytest.approx(200, rel=0.01)


def test_full_confidence_or_no_spread_leaves_the_figure(backlog):
    sure = draw_inputs(backlog(1, confidence=1.0), ("reach", "effort_pm"), ranges=Ranges())
    exact = draw_inputs(backlog(1), ("reach", "effort_pm"), ranges=Ranges(spread=0.0, effort_spread=0.0))
    for drawn in (sure, exact):
        assert (drawn["reach"] == 100).all()
        assert (drawn["effort_pm"] == 2).all()


def test_figures_stay_on_their_scale(backlog):
    drawn = draw_inputs(backlog(1, confidence=0.1, importance=9.0), ("importance",), ranges=Ranges())["importance"]
    assert drawn.min() >= 1
    assert drawn.max() == 10


def test_adding_a_feature_changes_no_other_draw(backlog):
    names = ("reach", "impact", "effort_pm")
    few, many = (draw_inputs(backlog(n), names, ranges=Ranges(draws=200)) for n in (2, 5))
    for name in names:
        assert (few[name] == many[name][:, :2]).all()
        assert few[name][:, 0].std() > 0
    assert not (few["reach"] == draw_inputs(backlog(2), names, ranges=Ranges(draws=200, seed=1))["reach"]).any()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"shape": "normal"}, "shape: got 'normal', allowed triangular, pert"),
        ({"spread": -0.1}, r"spread: got -0\.1, allowed 0 or more"),
        ({"effort_spread": float("nan")}, "effort_spread: got nan"),
        ({"draws": 10}, "draws: got 10, allowed 100 to 100,000"),
        ({"draws": True}, "draws: got True"),
        ({"seed": -1}, "seed: got -1"),
    ],
)
def test_refuses_ranges_that_are_none(option, message):
    with pytest.raises(ParameterError, match=message):
        Ranges(**option)
