"""Limits of an index: by hand, by closed form, and by how often they hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from pmlib.errors import ParameterError
from pmlib.portfolio.tracking.index_limits import index_limits


def test_the_limits_are_those_of_lipke_2009_worked_out_by_hand():
    gained, used, total, level = [10.0, 18.0, 27.0, 40.0], [10.0, 20.0, 30.0, 40.0], 100.0, 0.9
    logs = [math.log(step / 10) for step in (10, 8, 9, 13)]
    spread = math.sqrt(sum(log**2 for log in logs) / 3)
    finite = math.sqrt((100 - 40) / (100 - 40 / 4))
    half = t.ppf(0.95, 3) * spread / 2 * finite
    low, high, n = index_limits(np.array(gained), np.array(used), total=total, level=level)
    assert (low, high, n) == (pytest.approx(math.exp(-half)), pytest.approx(math.exp(half)), 4)


def test_a_finished_project_has_no_doubt_left():
    assert index_limits(np.array([40.0, 100.0]), np.array([50.0, 125.0]), total=100.0) == (0.8, 0.8, 2)


def test_an_even_project_has_no_spread():
    low, high, _ = index_limits(np.arange(1.0, 6.0), np.arange(1.0, 6.0) * 2, total=20.0)
    assert low == pytest.approx(0.5) == high


def test_a_month_that_gained_nothing_counts_with_the_next():
    idle = index_limits(np.array([1.0, 1.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 4.0]), total=9.0)
    joined = index_limits(np.array([1.0, 3.0, 4.0]), np.array([1.0, 3.0, 4.0]), total=9.0)
    assert idle == joined
    last = index_limits(np.array([1.0, 3.0, 3.0]), np.array([1.0, 2.0, 3.0]), total=9.0)
    assert last == index_limits(np.array([1.0, 3.0]), np.array([1.0, 3.0]), total=9.0)


@pytest.mark.parametrize("gained", [[5.0], [0.0, 0.0], [0.0, 3.0]])
def test_fewer_than_two_months_of_gain_give_no_limits(gained):
    low, high, n = index_limits(np.array(gained), np.arange(1.0, len(gained) + 1), total=9.0)
    assert math.isnan(low)
    assert math.isnan(high)
    assert n < 2


@pytest.mark.parametrize("level", [0.0, 1.0, 90.0])
def test_a_level_that_is_no_chance_is_refused(level):
    with pytest.raises(ParameterError, match="level: got"):
        index_limits(np.array([1.0, 2.0]), np.array([1.0, 2.0]), total=9.0, level=level)


@given(st.lists(st.tuples(st.floats(0.5, 5), st.floats(0.5, 5)), min_size=2, max_size=12))
def test_the_index_lies_between_its_limits_and_a_higher_level_is_wider(steps):
    gained, used = np.cumsum(steps, axis=0).T
    narrow = index_limits(gained, used, total=100.0, level=0.8)
    wide = index_limits(gained, used, total=100.0, level=0.95)
    index, rounding = gained[-1] / used[-1], 1e-9
    assert wide[0] <= narrow[0] + rounding
    assert narrow[0] <= index + rounding <= narrow[1] + 2 * rounding
    assert narrow[1] <= wide[1] + rounding


def test_the_limits_hold_the_final_index_about_as_often_as_they_say():
    rng = np.random.default_rng(7)
    months, seen, held = 24, 10, []
    for _ in range(300):
        cost = np.cumsum(np.exp(rng.normal(0.0, 0.25, months)))
        gained = np.arange(1.0, months + 1)
        low, high, _ = index_limits(gained[:seen], cost[:seen], total=float(months), level=0.9)
        held.append(low <= months / cost[-1] <= high)
    assert 0.84 <= np.mean(held) <= 0.96
