from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from pmlib.errors import ParameterError
from pmlib.product.experiments.posterior import chance_better, expected_loss

_arm = st.integers(0, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def _closed_form(hits: list[int], n: list[int]) -> float:
    """Miller (2015): P(B > A) as a sum over the conversions of B, uniform priors."""
    a, b = 1 + hits[0], 1 + n[0] - hits[0]
    c, d = 1 + hits[1], 1 + n[1] - hits[1]
    i = np.arange(c)
    terms = special.betaln(a + i, b + d) - np.log(d + i) - special.betaln(1 + i, d) - special.betaln(a, b)
    return float(np.exp(terms).sum())


@settings(max_examples=30)
@given(_arm, _arm)
def test_the_chance_is_that_of_the_closed_form(one, other) -> None:
    hits, n = [one[0], other[0]], [one[1], other[1]]
    assert chance_better(hits, n) == pytest.approx(_closed_form(hits, n), abs=1e-10)
    assert chance_better(hits, n) + chance_better(hits[::-1], n[::-1]) == pytest.approx(1, abs=1e-10)


def test_one_conversion_of_one_against_nothing_known_is_two_to_one() -> None:
    assert chance_better([0, 1], [0, 1]) == pytest.approx(2 / 3)
    assert expected_loss([0, 0], [0, 0]) == pytest.approx(1 / 6)  # E[max(U - V, 0)] of two uniform shares


def test_a_million_visitors_are_no_harder() -> None:
    assert chance_better([100_000, 101_000], [10**6, 10**6]) == pytest.approx(0.9907, abs=2e-3)


def test_the_losses_of_both_choices_differ_by_the_difference_of_means() -> None:
    hits, n = [40, 52], [400, 390]
    gap = 53 / 392 - 41 / 402
    assert expected_loss(hits[::-1], n[::-1]) - expected_loss(hits, n) == pytest.approx(gap, abs=1e-12)


def test_the_loss_is_that_of_a_million_draws() -> None:
    rng = np.random.default_rng(2)
    control, treatment = rng.beta(41, 361, 10**6), rng.beta(48, 343, 10**6)
    drawn = np.maximum(control - treatment, 0).mean()
    assert expected_loss([40, 47], [400, 389]) == pytest.approx(drawn, rel=0.02)


def test_another_prior_moves_a_small_experiment() -> None:
    assert chance_better([1, 3], [10, 10], prior=(100, 900)) < chance_better([1, 3], [10, 10])
    assert math.isfinite(chance_better([0, 0], [5, 5], prior=(0.5, 0.5)))


def test_a_prior_below_jeffreys_and_hits_above_n_are_refused() -> None:
    with pytest.raises(ParameterError, match="prior: got"):
        chance_better([1, 2], [5, 5], prior=(0, 1))
    with pytest.raises(ParameterError, match="allowed 0 to n"):
        expected_loss([6, 2], [5, 5])
