"""Three-point estimates moved to another mean: the mean is met, the order kept, nothing falls below 0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.portfolio.correction.restating import restated
from pmlib.portfolio.valuation import SWANSON

AMOUNT = st.floats(0.0, 1e5)


@given(points=st.lists(AMOUNT, min_size=3, max_size=3).map(sorted), mean=AMOUNT, width=AMOUNT)
@settings(max_examples=200, deadline=None)
def test_the_mean_is_met_in_order_above_zero_for_every_estimate(points, mean, width):
    found = restated(np.array([points]), means=np.array([mean]), widths=np.array([width]))[0]
    assert found @ SWANSON == pytest.approx(mean, rel=1e-12, abs=1e-9)
    assert found[0] >= 0.0
    assert (np.diff(found) >= -1e-9).all()
    assert found[2] - found[0] == pytest.approx(width, rel=1e-9, abs=1e-9) or (
        found[0] == 0.0 and found[2] <= width)


def test_an_estimate_keeps_the_side_it_leans_to():
    found = restated(np.array([[90.0, 100.0, 140.0]]), means=np.array([218.0]), widths=np.array([100.0]))
    assert found[0].tolist() == pytest.approx([180.0, 200.0, 280.0])
    assert (found[0, 2] - found[0, 1]) / (found[0, 1] - found[0, 0]) == pytest.approx(4.0)


def test_a_sure_number_spreads_evenly():
    assert restated(np.array([[50.0] * 3]), means=np.array([60.0]), widths=np.array([20.0])).tolist() == [[50, 60, 70]]


def test_the_same_mean_and_width_change_nothing():
    points = np.array([[80.0, 100.0, 150.0], [0.0, 10.0, 40.0]])
    same = restated(points, means=points @ SWANSON, widths=points[:, 2] - points[:, 0])
    assert same == pytest.approx(points)


def test_too_wide_a_range_stops_at_zero_and_keeps_its_mean():
    found = restated(np.array([[90.0, 100.0, 110.0]]), means=np.array([100.0]), widths=np.array([300.0]))[0]
    assert found.tolist() == pytest.approx([0.0, 25.0, 300.0])
