"""Intervals: published ones, brute force over draws, and limits."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, ttest_1samp

from pmlib.portfolio.forecasts.intervals import (
    effective_number,
    mean_of,
    quantile_of,
    share_of,
    shrunk,
    wilson,
    within_variance,
)
from tests.published.bcg_vaccine import BETWEEN, POOLED_LOG_RISK, TRIALS
from tests.published.campbell_gardner import MEDIAN_RANKS
from tests.published.wilson import SCORE_INTERVALS


@pytest.mark.parametrize("case", SCORE_INTERVALS)
def test_share_has_wilsons_published_interval(case):
    count, n = case
    hits = np.repeat([1.0, 0.0], [count, n - count])
    assert wilson(count / n, n) == pytest.approx(SCORE_INTERVALS[case], abs=5e-5)
    assert share_of(hits, pd.Series(range(n)))[1:] == pytest.approx(SCORE_INTERVALS[case], abs=5e-5)


def test_rows_of_different_projects_each_count():
    assert effective_number(np.array([1.0, 0.0, 0.0, 1.0, 0.0]), pd.Series(list("ABCDE"))) == pytest.approx(5.0)


def test_twins_of_a_project_count_once_when_they_always_agree():
    hits = np.tile([1.0, 0.0, 0.0, 1.0, 1.0, 0.0], 2)
    assert effective_number(hits, pd.Series(list("ABCDEF") * 2)) == pytest.approx(6.0)
    assert effective_number(np.ones(12), pd.Series(list("ABCDEF") * 2)) == pytest.approx(6.0)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=30))
def test_effective_number_lies_between_the_projects_and_the_rows(rows):
    hits, cluster = np.array([row[0] for row in rows], dtype=float), pd.Series([row[1] for row in rows])
    sizes = cluster.value_counts().to_numpy(dtype=float)
    found = effective_number(hits, cluster)
    assert sizes.sum() ** 2 / (sizes**2).sum() - 1e-9 <= found <= len(rows) + 1e-9


def test_interval_of_clustered_shares_holds_19_times_in_20():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        common = rng.random(40)
        # Two rows of a project share its luck half the time.
        hits = np.concatenate([np.where(rng.random(40) < 0.5, common, rng.random(40)) < 0.6 for _ in range(2)])
        _, low, high = share_of(hits.astype(float), pd.Series([*range(40), *range(40)]))
        held += low <= 0.6 <= high
    assert 0.92 <= held / 400 <= 0.98


@pytest.mark.parametrize("n", MEDIAN_RANKS)
def test_median_is_bounded_by_the_published_ranks(n):
    low, high, confidence = MEDIAN_RANKS[n]
    assert quantile_of(np.arange(1.0, n + 1), 0.5) == ((n + 1) / 2, low, high)
    assert 100 * (binom.cdf(high - 1, n, 0.5) - binom.cdf(low - 1, n, 0.5)) == pytest.approx(confidence, abs=0.06)


@given(st.integers(1, 60), st.sampled_from([0.2, 0.5, 0.8]))
def test_order_statistics_are_the_nearest_that_hold_975_times_in_1000_on_either_side(n, share):
    _, low, high = quantile_of(np.arange(1.0, n + 1), share)
    lower = [k for k in range(1, n + 1) if binom.cdf(k - 1, n, share) <= 0.025]
    upper = [k for k in range(1, n + 1) if binom.sf(k - 1, n, share) <= 0.025]
    assert low == (max(lower) if lower else -math.inf)
    assert high == (min(upper) if upper else math.inf)


def test_so_few_values_cannot_bound_a_quantile():
    assert quantile_of(np.arange(1.0, 6.0), 0.8)[2] == math.inf
    assert all(math.isnan(x) for x in quantile_of(np.array([]), 0.5))


def test_mean_has_students_interval():
    values = np.array([1.18, 0.9, 1.4, 2.1, 1.0, 1.3])
    expected = ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert mean_of(values) == pytest.approx((values.mean(), expected.low, expected.high))


def test_interval_of_a_skewed_mean_holds_about_19_times_in_20():
    ratio = 1.18 * np.exp(0.26 * np.random.default_rng(6).standard_normal((400, 40)))
    ends = np.array([mean_of(row)[1:] for row in ratio])
    true = 1.18 * math.exp(0.26**2 / 2)
    assert 0.92 <= ((ends[:, 0] <= true) & (true <= ends[:, 1])).mean() <= 0.98


def test_one_value_has_no_interval():
    mean, low, high = mean_of(np.array([1.2]))
    assert mean == 1.2
    assert math.isnan(low)
    assert math.isnan(high)


def test_groups_are_pooled_as_the_published_trials_of_bcg():
    a, b, c, d = np.array(TRIALS, dtype=float).T
    risk = np.log(a / (a + b) / (c / (c + d)))
    variance = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    middle, posterior = shrunk(risk, variance)
    assert middle == pytest.approx(POOLED_LOG_RISK, abs=5e-5)
    weight = BETWEEN / (BETWEEN + variance)
    np.testing.assert_allclose(posterior, middle + weight * (risk - middle), atol=2e-4)


def test_groups_that_differ_no_more_than_by_chance_become_one():
    middle, posterior = shrunk(np.array([1.0, 1.1, 0.9]), np.array([1.0, 1.0, 1.0]))
    assert posterior.tolist() == [middle] * 3


def test_a_group_of_which_nothing_is_known_gets_the_middle():
    middle, posterior = shrunk(np.array([1.0, 2.0, 9.0]), np.array([0.01, 0.01, np.inf]))
    assert posterior[2] == middle == pytest.approx(1.5)
    assert math.isnan(shrunk(np.array([1.0]), np.array([np.inf]))[0])


def test_variance_within_groups_is_that_of_one_way_analysis():
    values, groups = pd.Series([1.0, 2.0, 3.0, 10.0, 14.0]), pd.Series(list("AAABB"))
    assert within_variance(values, groups) == pytest.approx((2.0 + 8.0) / 3)
    assert within_variance(values[:1], groups[:1]) == math.inf
