"""Distributions: exactly the three points, moments by quadrature, nothing beyond the ends."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm, triang

from pmlib.errors import ParameterError
from pmlib.portfolio.risk.distributions import SCORE_90, Triangular, two_piece_normal

CASES = {
    "symmetric": (80.0, 100.0, 120.0, math.inf),
    "skewed right": (92.0, 100.0, 140.0, math.inf),
    "skewed left": (10.0, 100.0, 120.0, math.inf),
    "no lower half": (100.0, 100.0, 300.0, math.inf),
    "from nothing": (0.0, 10.0, 200.0, math.inf),
    "degenerate": (5.0, 5.0, 5.0, math.inf),
    "chance": (0.6, 0.8, 0.95, 1.0),
    "sure": (1.0, 1.0, 1.0, 1.0),
}


def _moment(distribution, power, breaks=()):
    def density(z):
        return distribution.at(np.array([z]))[0] ** power * norm.pdf(z)

    edges = sorted({-9.0, 0.0, 9.0, *(z for z in breaks if abs(z) < 9)})
    return sum(quad(density, a, b, epsabs=1e-12, epsrel=1e-12)[0] for a, b in pairwise(edges))


def _cuts(p10, p50, p90, high):
    """Scores at which the distribution is cut off."""
    down, up = (p50 - p10) / SCORE_90, (p90 - p50) / SCORE_90
    return ([-p50 / down] if down else []) + ([(high - p50) / up] if up and math.isfinite(high) else [])


@pytest.mark.parametrize("case", CASES)
def test_mean_and_spread_are_those_of_quadrature(case):
    p10, p50, p90, high = CASES[case]
    distribution = two_piece_normal(p10, p50, p90, high=high)
    first, second = (_moment(distribution, power, _cuts(*CASES[case])) for power in (1, 2))
    assert distribution.mean()[0] == pytest.approx(first, rel=1e-9)
    spread = math.sqrt(max(second - first**2, 0))
    assert distribution.standard_deviation()[0] == pytest.approx(spread, rel=1e-6, abs=1e-6)


@given(st.lists(st.floats(0, 1e6), min_size=3, max_size=3).map(sorted))
def test_quantiles_are_the_three_points_and_never_negative(points):
    distribution = two_piece_normal(*points)
    np.testing.assert_allclose(distribution.quantile(np.array([[0.1, 0.5, 0.9]]))[0], points, rtol=1e-9, atol=1e-9)
    shares = np.linspace(0, 1, 101)[None]
    drawn = distribution.quantile(shares)[0]
    assert (drawn >= 0).all() and (np.diff(drawn) >= 0).all()


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted))
def test_a_chance_stays_between_0_and_1(points):
    distribution = two_piece_normal(*points, high=1.0)
    drawn = distribution.quantile(np.linspace(0, 1, 101)[None])[0]
    assert drawn.min() >= 0 and drawn.max() <= 1 and 0 <= distribution.mean()[0] <= 1
    np.testing.assert_allclose(distribution.quantile(np.array([[0.1, 0.5, 0.9]]))[0], points, atol=1e-9)


def test_the_symmetric_one_is_a_normal():
    distribution = two_piece_normal(80.0, 100.0, 120.0)
    shares = np.array([[0.01, 0.2, 0.7, 0.99]])
    np.testing.assert_allclose(distribution.quantile(shares)[0], norm(100, 20 / SCORE_90).ppf(shares[0]))


def test_the_mean_is_next_to_swansons():
    mean = two_piece_normal(92.0, 100.0, 140.0).mean()[0]
    assert mean == pytest.approx(0.3113 * 92 + 0.3774 * 100 + 0.3113 * 140, abs=0.01)
    assert mean == pytest.approx(0.3 * 92 + 0.4 * 100 + 0.3 * 140, rel=0.005)


def test_skew_that_a_metalog_refuses_is_fine():
    distribution = two_piece_normal(99.0, 100.0, 200.0)
    assert distribution.quantile(np.array([[0.1, 0.9]]))[0] == pytest.approx([99.0, 200.0])


@pytest.mark.parametrize("points", [(2.0, 1.0, 3.0), (1.0, 4.0, 3.0), (-1.0, 1.0, 2.0), (math.nan, 1.0, 2.0),
                                    (1.0, 2.0, math.inf)])
def test_points_out_of_order_are_refused(points):
    with pytest.raises(ParameterError, match=r"p10, p50, p90: got .* in rising order. Correct the estimate"):
        two_piece_normal(*points)


def test_a_chance_above_1_is_refused():
    with pytest.raises(ParameterError, match=r"allowed numbers from 0 to 1"):
        two_piece_normal(0.5, 0.9, 1.2, high=1.0)


@pytest.mark.parametrize("low, mode, high", [(0, 1, 4), (2, 2, 5), (1, 3, 3), (4, 4, 4)])
def test_the_triangle_is_scipys(low, mode, high):
    ours = Triangular(low=np.array([low * 1.0]), mode=np.array([mode * 1.0]), high=np.array([high * 1.0]))
    shares = np.linspace(0, 1, 11)
    assert ours.mean()[0] == pytest.approx((low + mode + high) / 3)
    drawn = ours.quantile(shares[None])[0]
    if high > low:
        theirs = triang((mode - low) / (high - low), loc=low, scale=high - low)
        assert ours.variance()[0] == pytest.approx(theirs.var())
        np.testing.assert_allclose(drawn, theirs.ppf(shares), atol=1e-12)
    else:
        assert ours.variance()[0] == 0 and (drawn == low).all()


@pytest.mark.parametrize("points", [("x", 1.0, 2.0), ({}, 1.0, 2.0), ([1.0, 2.0], [1.0, 2.0, 3.0], 4.0)])
def test_what_are_no_points_is_refused(points):
    with pytest.raises(ParameterError, match=r"p10, p50, p90, low, high: got .*, allowed numbers.*Correct them"):
        two_piece_normal(*points)


def test_one_point_goes_with_many():
    assert two_piece_normal(1.0, 2.0, np.array([3.0, 4.0])).p10.tolist() == [1.0, 1.0]
