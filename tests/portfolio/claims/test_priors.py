"""Claims as distributions: the three points come back, rates stay between 0 and 1."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from pmlib.errors import ParameterError
from pmlib.portfolio.claims.priors import Beta, Normal, beta_prior, claim_prior, is_rate, normal_prior


def test_a_normal_claim_gives_its_three_points_back():
    prior = normal_prior(p10=3.4, p50=6.0, p90=8.6)
    assert [prior.quantile(share) for share in (0.1, 0.5, 0.9)] == pytest.approx([3.4, 6.0, 8.6])
    assert prior.sd == pytest.approx(2.029, abs=5e-4)


def test_a_lopsided_claim_keeps_its_middle_and_its_width():
    prior = normal_prior(p10=-1.0, p50=0.5, p90=4.0)
    assert prior.mean == 0.5
    assert prior.quantile(0.9) - prior.quantile(0.1) == pytest.approx(5.0)


@settings(deadline=None, max_examples=40)
@given(a=st.floats(0.6, 80), b=st.floats(0.6, 80))
def test_the_quantiles_of_a_beta_find_that_beta_again(a, b):
    fitted = beta_prior(**dict(zip(("p10", "p50", "p90"), beta(a, b).ppf([0.1, 0.5, 0.9]), strict=True)))
    assert (fitted.a, fitted.b) == pytest.approx((a, b), rel=1e-4)


def test_no_beta_near_the_fitted_one_meets_the_points_better():
    wanted = np.array([0.1, 0.3, 0.4])
    fitted = beta_prior(p10=0.1, p50=0.3, p90=0.4)

    def misses(a: float, b: float) -> float:
        return float(((beta(a, b).ppf([0.1, 0.5, 0.9]) - wanted) ** 2).sum())

    least = misses(fitted.a, fitted.b)
    assert all(misses(fitted.a * up, fitted.b * side) > least for up in (0.98, 1.02) for side in (0.98, 1.02))


def test_mean_and_spread_of_a_beta_are_those_of_the_textbook():
    fitted = Beta(a=7.0, b=18.0)
    assert (fitted.mean, fitted.sd) == pytest.approx((beta(7, 18).mean(), beta(7, 18).std()))
    assert fitted.quantile(0.9) == pytest.approx(beta(7, 18).ppf(0.9))


def test_a_metric_is_a_rate_by_its_name_alone():
    assert is_rate("adoption_rate")
    assert not is_rate("rate_points")
    assert isinstance(claim_prior("adoption_rate", p10=0.2, p50=0.3, p90=0.5), Beta)
    assert isinstance(claim_prior("share_pp", p10=0.2, p50=0.3, p90=0.5), Normal)


@pytest.mark.parametrize(("fit", "points", "message"), [
    (normal_prior, (7.0, 6.0, 8.6), "claim: got p10 7, p50 6, p90 8.6, allowed p10 <= p50 <= p90 with p10 < p90"),
    (normal_prior, (6.0, 6.0, 6.0), "with p10 < p90"),
    (normal_prior, (float("nan"), 6.0, 7.0), "claim: got p10 nan"),
    (beta_prior, (0.2, 0.5, 1.3), "of a rate, allowed 0 to 1 with a p50 between"),
    (beta_prior, (0.0, 0.0, 0.5), "of a rate, allowed 0 to 1 with a p50 between"),
    (beta_prior, (0.5, 0.4, 0.6), "allowed p10 <= p50 <= p90"),
])
def test_a_claim_that_is_no_range_is_refused(fit, points, message):
    with pytest.raises(ParameterError, match=message):
        fit(**dict(zip(("p10", "p50", "p90"), points, strict=True)))


@pytest.mark.parametrize("points", [(0.0, 0.001, 0.9), (0.49999, 0.5, 0.50001), (0.0, 0.999, 1.0)])
def test_extreme_rates_still_have_a_beta(points):
    fitted = beta_prior(**dict(zip(("p10", "p50", "p90"), points, strict=True)))
    assert 0 < fitted.mean < 1
    assert fitted.a > 0 < fitted.b
