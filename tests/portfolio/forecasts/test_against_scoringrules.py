"""The same scores from scoringrules, an independent implementation."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy.special import ndtr

from pmlib.portfolio.forecasts.rules import chances, crps
from pmlib.portfolio.risk.distributions import SCORE_90


@pytest.fixture(scope="module")
def rules():
    """Without numba, which would be compiled for kernels that no test here uses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "numba", None)
        yield pytest.importorskip("scoringrules")


@pytest.fixture
def ranges():
    """500 ranges far from nothing, and outcomes around them."""
    rng = np.random.default_rng(3)
    middle = rng.uniform(500, 1000, 500)
    down, up = rng.uniform(1, 100, (2, 500))
    return middle - SCORE_90 * down, middle, middle + SCORE_90 * up, middle + rng.normal(0, 100, 500), down, up


def test_crps_of_symmetric_ranges_is_that_of_a_normal(rules, ranges):
    _, middle, high, outcome, _, up = ranges
    ours = crps(2 * middle - high, middle, high, outcome=outcome)
    np.testing.assert_allclose(ours, rules.crps_normal(outcome, middle, up), rtol=1e-9)


def test_crps_is_that_of_two_halves_glued_at_the_median(rules, ranges):
    low, middle, high, outcome, down, up = ranges
    # Jordan, Krueger & Lerch (2019), Journal of Statistical Software 90(12): a distribution glued at 0 of two parts.
    z = outcome - middle
    lower = rules.crps_gtcnormal(np.minimum(z / down, 0.0), 0.0, 1.0, -np.inf, 0.0, 0.0, 0.5)
    upper = rules.crps_gtcnormal(np.maximum(z / up, 0.0), 0.0, 1.0, 0.0, np.inf, 0.5, 0.0)
    np.testing.assert_allclose(crps(low, middle, high, outcome=outcome), down * lower + up * upper, rtol=1e-6)


def test_crps_of_a_range_cut_at_nothing_is_that_of_a_censored_normal(rules):
    middle, wide, outcome = np.array([1.0]), np.array([1.5]), np.array([2.0])
    ours = crps(np.array([0.0]), middle, middle + SCORE_90 * wide, outcome=outcome)
    down = middle / SCORE_90
    censored = rules.crps_gtcnormal(np.array([0.0]), 0.0, 1.0, -middle / down, 0.0, ndtr(-middle / down), 0.5)
    upper = rules.crps_gtcnormal((outcome - middle) / wide, 0.0, 1.0, 0.0, np.inf, 0.5, 0.0)
    np.testing.assert_allclose(ours, down * censored + wide * upper, rtol=1e-9)


def test_brier_and_log_score_agree(rules):
    rng = np.random.default_rng(4)
    stated = rng.uniform(0.01, 0.99, 200)
    outcome = (rng.random(200) < stated).astype(float)
    found = chances(stated, outcome)
    assert found.brier == pytest.approx(rules.brier_score(outcome, stated).mean())
    assert found.log_score == pytest.approx(rules.log_score(outcome, stated).mean())
