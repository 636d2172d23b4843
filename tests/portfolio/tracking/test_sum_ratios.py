"""Ratios of sums and shares: published intervals, closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t

from pmlib.portfolio.tracking.sum_ratios import ratio_of_sums, share_of
from tests.published.wilson import SCORE_INTERVALS


@pytest.mark.parametrize(("counted", "interval"), SCORE_INTERVALS.items())
def test_shares_have_the_score_intervals_of_newcombe_1998(counted, interval):
    assert share_of(*counted)[1:] == pytest.approx(interval, abs=5e-5)


def test_nothing_counted_gives_no_share():
    assert all(math.isnan(number) for number in share_of(0, 0))


def test_the_interval_of_a_ratio_is_that_of_cochran_by_hand():
    top, bottom = np.array([8.0, 9.0, 31.0]), np.array([10.0, 10.0, 40.0])
    error = math.sqrt(3 / 2 * (0.0 + 1.0 + 1.0)) / 60
    half = t.ppf(0.975, 2) * error
    assert ratio_of_sums(top, bottom) == pytest.approx((0.8, 0.8 - half, 0.8 + half, 3))


def test_a_ratio_of_sums_is_not_the_mean_of_ratios():
    assert ratio_of_sums(np.array([1.0, 90.0]), np.array([10.0, 90.0]))[0] == 0.91


def test_missing_pairs_are_left_out_and_nothing_to_divide_by_gives_no_ratio():
    ratio, low, _, n = ratio_of_sums(np.array([5.0, np.nan]), np.array([10.0, 10.0]))
    assert (ratio, n) == (0.5, 1)
    assert math.isnan(low)
    assert math.isnan(ratio_of_sums(np.array([5.0]), np.array([0.0]))[0])
