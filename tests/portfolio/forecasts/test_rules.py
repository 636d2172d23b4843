"""Scoring rules: against their definition as integrals, closed forms, and Murphy's own groups."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from pmlib.errors import ParameterError
from pmlib.portfolio.forecasts.rules import chances, crps
from pmlib.portfolio.risk.distributions import SCORE_90, two_piece_normal

CASES = {
    "symmetric": (80.0, 100.0, 120.0),
    "skewed": (92.0, 100.0, 160.0),
    "cut at nothing": (5.0, 100.0, 160.0),
    "no lower half": (100.0, 100.0, 160.0),
    "no upper half": (60.0, 100.0, 100.0),
}


def _score(points, outcome):
    return float(crps(*(np.array([point]) for point in points), outcome=np.array([outcome]))[0])


@pytest.mark.parametrize("outcome", [0.0, 40.0, 99.0, 100.0, 130.0, 400.0])
@pytest.mark.parametrize("case", CASES)
def test_crps_is_the_integral_of_the_squared_distance_of_the_distributions(case, outcome):
    p10, p50, p90 = CASES[case]

    def below(x):
        side = p90 - p50 if x >= p50 else p50 - p10
        return norm.cdf(SCORE_90 * (x - p50) / side) if side else float(x >= p50)

    edges = sorted({0.0, outcome, p50, 2_000.0})
    area = sum(quad(lambda x: (below(x) - (x >= outcome)) ** 2, a, b, limit=200, epsabs=1e-9)[0]
               for a, b in pairwise(edges))
    assert _score(CASES[case], outcome) == pytest.approx(area, abs=1e-6)


def test_crps_of_a_normal_is_the_closed_form_of_gneiting_and_raftery():
    # 2007, p. 367: the standard normal at its middle scores (sqrt(2) - 1) / sqrt(pi).
    wide = 1e6
    points = (wide - SCORE_90, wide, wide + SCORE_90)
    assert _score(points, wide) == pytest.approx((math.sqrt(2) - 1) / math.sqrt(math.pi), rel=1e-6)


def test_crps_is_twice_the_mean_quantile_loss():
    points, outcome = (70.0, 100.0, 180.0), 150.0
    share = (np.arange(200_000) + 0.5) / 200_000
    drawn = two_piece_normal(*points).quantile(share[None])[0]
    loss = (share - (outcome < drawn)) * (outcome - drawn)
    assert _score(points, outcome) == pytest.approx(2 * loss.mean(), rel=1e-5)


def test_range_without_width_scores_the_distance():
    assert _score((100.0, 100.0, 100.0), 130.0) == 30.0


def test_outcome_below_the_end_adds_its_distance():
    assert _score((80.0, 100.0, 130.0), -10.0) == pytest.approx(_score((80.0, 100.0, 130.0), 0.0) + 10.0)


@given(st.lists(st.floats(1, 1e4), min_size=4, max_size=4), st.floats(0.01, 100))
def test_crps_scales_with_the_unit_and_is_never_negative(numbers, unit):
    *points, outcome = numbers
    points = sorted(points)
    score = _score(points, outcome)
    assert score >= -1e-9 * max(numbers)
    assert _score([unit * x for x in points], unit * outcome) == pytest.approx(unit * score, rel=1e-6, abs=1e-6 * unit)


def test_nobody_gains_by_stating_another_range_than_the_true_one():
    rng = np.random.default_rng(2)
    true = two_piece_normal(80.0, 100.0, 150.0)
    outcome = true.at(rng.standard_normal((1, 40_000)))[0]

    def mean(p10, p50, p90):
        return crps(*(np.full(len(outcome), p) for p in (p10, p50, p90)), outcome=outcome).mean()

    honest = mean(80.0, 100.0, 150.0)
    assert all(mean(*other) > honest for other in ((90, 100, 125), (60, 100, 200), (90, 110, 160), (70, 90, 140)))


def test_range_out_of_order_is_refused():
    with pytest.raises(ParameterError, match="rising order"):
        _score((120.0, 100.0, 130.0), 100.0)


def _murphy(stated, outcome):
    groups = [(p, outcome[stated == p]) for p in np.unique(stated)]
    base, n = outcome.mean(), len(outcome)
    return (sum(len(y) * (p - y.mean()) ** 2 for p, y in groups) / n,
            sum(len(y) * (y.mean() - base) ** 2 for _, y in groups) / n, base * (1 - base))


def test_chances_that_rise_with_the_outcome_are_decomposed_as_murphy_does():
    stated = np.repeat([0.1, 0.5, 0.9], [10, 10, 20])
    outcome = np.concatenate([np.repeat([1.0, 0.0], [hits, n - hits]) for hits, n in ((2, 10), (4, 10), (17, 20))])
    found = chances(stated, outcome)
    assert (found.reliability, found.resolution, found.uncertainty) == pytest.approx(_murphy(stated, outcome))
    assert found.curve["n"].tolist() == [10, 10, 20]


def test_neighbours_against_the_order_are_pooled():
    found = chances(np.array([0.3, 0.3, 0.6, 0.6]), np.array([1.0, 1.0, 0.0, 1.0]))
    assert found.curve.to_dict("list") == {"stated": [pytest.approx(0.45)], "observed": [0.75], "n": [4]}
    assert found.resolution == pytest.approx(0.0)


@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=40))
def test_terms_add_up_to_the_brier_score_and_are_never_negative(rows):
    stated, outcome = np.array(rows, dtype=float).T * [[0.1], [1.0]]
    found = chances(np.minimum(stated, 1.0), outcome)
    assert found.brier == pytest.approx(found.reliability - found.resolution + found.uncertainty, abs=1e-12)
    assert min(found.reliability, found.resolution, found.uncertainty) >= -1e-12
    assert found.curve["n"].sum() == len(rows)
    assert found.curve["observed"].is_monotonic_increasing


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans()), min_size=1, max_size=40))
def test_log_score_is_the_mean_surprise(rows):
    stated, outcome = np.array(rows, dtype=float).T
    likelihood = np.prod([p if y else 1 - p for p, y in rows])
    assume(likelihood > 0)
    assert chances(stated, outcome).log_score == pytest.approx(-math.log(likelihood) / len(rows))


def test_certainty_that_failed_surprises_without_end():
    assert chances(np.array([1.0]), np.array([0.0])).log_score == math.inf
    assert chances(np.array([1.0]), np.array([1.0])).log_score == 0.0


def test_no_chance_has_no_score():
    found = chances(np.array([]), np.array([]))
    assert math.isnan(found.brier)
    assert found.curve.empty


@pytest.mark.parametrize(("stated", "outcome", "words"), [
    (1.2, 1.0, "chance 0: got 1.2, allowed 0 to 1"),
    (math.nan, 1.0, "chance 0: got nan"),
    (0.5, 0.5, "outcome of a chance 0: got 0.5, allowed 0 or 1"),
])
def test_what_is_no_chance_or_outcome_is_refused(stated, outcome, words):
    with pytest.raises(ParameterError, match=words):
        chances(np.array([stated]), np.array([outcome]))
