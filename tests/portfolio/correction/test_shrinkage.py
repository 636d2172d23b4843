"""Empirical-Bayes shrinkage: against published figures, closed forms, a grid of the likelihood, and its symmetries."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from pmlib.errors import ParameterError
from pmlib.portfolio.correction.shrinkage import fitted_prior, shrink
from tests.published import efron_morris, rubin


def _drawn(seed: int, n: int = 12) -> tuple[pd.Series, pd.Series]:
    rng = np.random.default_rng(seed)
    error = rng.uniform(0.0, 2.0, n) * (rng.random(n) < 0.8)
    names = [f"P{place:02d}" for place in range(n)]
    return pd.Series(rng.normal(2.0, 1.0, n) + error * rng.standard_normal(n), names), pd.Series(error, names)


def test_eight_schools_are_pooled_completely_as_in_gelman():
    found = shrink(pd.Series(rubin.EFFECTS), pd.Series(rubin.ERRORS))
    assert round(found.centre, 1) == rubin.POOLED
    assert found.spread == 0.0
    assert (found.estimates["mean"] == found.centre).all()


def test_batting_averages_shrink_as_by_james_and_stein_but_for_their_three_degrees_of_freedom():
    own = pd.Series(efron_morris.AVERAGES)
    error = np.sqrt(own.mean() * (1 - own.mean()) / efron_morris.AT_BATS)
    drawn_away = 1 - shrink(own, float(error)).estimates["weight"]
    # Maximum likelihood divides by k where James and Stein divide by k - 3.
    assert 1 - drawn_away.iloc[0] * (len(own) - 3) / len(own) == pytest.approx(efron_morris.OWN_WEIGHT, abs=2e-3)


def test_equal_errors_have_a_closed_form():
    own, s = pd.Series([1.0, 2.0, 4.0, 9.0]), 1.5
    found = shrink(own, s)
    spread = np.var(own) - s**2
    assert found.centre == pytest.approx(own.mean())
    assert found.spread == pytest.approx(np.sqrt(spread), rel=1e-5)
    assert found.estimates["weight"].to_numpy() == pytest.approx(spread / (spread + s**2), rel=1e-5)
    assert found.estimates["sd"].to_numpy() == pytest.approx(s * np.sqrt(spread / (spread + s**2)), rel=1e-5)


def test_an_estimate_without_error_stays_and_one_of_infinite_error_takes_the_centre():
    found = shrink(pd.Series([1.0, 2.0, 5.0, 40.0]), pd.Series([0.0, 1.0, 1.0, np.inf]))
    assert found.estimates["mean"].iloc[0] == 1.0
    assert found.estimates["sd"].iloc[0] == 0.0
    assert found.estimates["mean"].iloc[3] == pytest.approx(found.centre)
    assert found.estimates["sd"].iloc[3] == pytest.approx(found.spread)


def test_equal_estimates_stay_where_they_are():
    assert shrink(pd.Series([2.0, 2.0, 2.0]), pd.Series([0.0, 1.0, 3.0])).estimates["mean"].tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("seed", range(6))
def test_no_other_prior_makes_the_estimates_more_likely(seed):
    own, error = _drawn(seed)
    error = error.clip(lower=0.3)
    centre, variance = fitted_prior(own.to_numpy(), error.to_numpy() ** 2)

    def likelihood(mean, spread):
        return norm.logpdf(own.to_numpy(), mean, np.sqrt(error.to_numpy()**2 + spread)).sum(axis=-1)

    means, spreads = np.meshgrid(np.linspace(0, 4, 81), np.linspace(0, 6, 121))
    assert likelihood(centre, variance) >= likelihood(means[..., None], spreads[..., None]).max() - 1e-9


@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 100.0), shift=st.floats(-50.0, 50.0))
@settings(max_examples=25, deadline=None)
def test_scale_shift_and_order_carry_over(seed, factor, shift):
    own, error = _drawn(seed)
    plain, other = shrink(own, error), shrink(factor * own + shift, factor * error)
    assert other.estimates["mean"].to_numpy() == pytest.approx(
        (factor * plain.estimates["mean"] + shift).to_numpy(), abs=1e-3 * factor)
    turned = shrink(own[::-1], error)
    assert turned.estimates["mean"][::-1].to_numpy() == pytest.approx(plain.estimates["mean"].to_numpy(), abs=1e-4)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_posterior_lies_between_estimate_and_centre_and_is_surer_than_either(seed):
    own, error = _drawn(seed)
    found = shrink(own, error)
    frame = found.estimates
    low, high = np.minimum(frame["own"], found.centre), np.maximum(frame["own"], found.centre)
    assert ((frame["mean"] >= low - 1e-9) & (frame["mean"] <= high + 1e-9)).all()
    assert (frame["sd"] <= np.minimum(frame["error"], found.spread + 1e-12) + 1e-9).all()


def test_it_says_where_estimates_are_drawn_to():
    found = shrink(pd.Series([0.0, 2.0, 4.0, 6.0]), 1.0)
    assert "drawn towards 3.00, their like spread by 2.00" in found.summary()
    assert list(found.headline()) == ["3.00", "0.80"]
    assert found.to_frame() is not found.estimates


@pytest.mark.parametrize(("own", "error", "message"), [
    ([1.0, 2.0, np.nan], 1.0, "estimate 2: got nan with error 1"),
    ([1.0, 2.0, 3.0], -1.0, "estimate 0: got 1 with error -1, allowed a finite number with an error of 0 or more"),
    ([1.0, 2.0], 1.0, "got 2 with a finite error, allowed 3 or more"),
])
def test_what_cannot_be_shrunk_is_refused(own, error, message):
    with pytest.raises(ParameterError, match=message):
        shrink(pd.Series(own), error)
