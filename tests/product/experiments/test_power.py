from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.proportion import power_proportions_2indep

from pmlib.errors import ParameterError
from pmlib.product.experiments.power import detectable_effect, visitors_needed
from pmlib.product.experiments.proportions import score_test


def test_visitors_needed_give_the_power_of_statsmodels() -> None:
    n = visitors_needed(0.10, 0.008)
    assert power_proportions_2indep(0.008, 0.10, n, return_results=False) == pytest.approx(0.8, abs=1e-3)


def test_the_detectable_effect_is_the_one_its_visitors_are_needed_for() -> None:
    effect = detectable_effect(0.10, (5_000, 5_000))
    assert visitors_needed(0.10, effect) == pytest.approx(5_000, abs=1)


def test_it_is_shown_four_times_in_five() -> None:
    rng = np.random.default_rng(4)
    n = np.array([[3_000], [6_000]])
    effect = detectable_effect(0.08, (3_000, 6_000))
    hits = rng.binomial(n, [[0.08], [0.08 + effect]], (2, 20_000))
    assert (score_test(hits, np.broadcast_to(n, hits.shape)) < 0.05).mean() == pytest.approx(0.8, abs=0.015)


def test_too_few_visitors_detect_nothing() -> None:
    assert math.isnan(detectable_effect(0.5, (3, 3)))
    assert math.isnan(detectable_effect(0.5, (0, 10)))


def test_shares_and_effects_out_of_range_are_refused() -> None:
    with pytest.raises(ParameterError, match="base: got 10"):
        detectable_effect(10, (100, 100))
    with pytest.raises(ParameterError, match="effect: got 0"):
        visitors_needed(0.1, 0)
    with pytest.raises(ParameterError, match="stays within 0-1"):
        visitors_needed(0.9, 0.2)
    with pytest.raises(ParameterError, match="effect: got '1 %' on a base of 0.1"):
        visitors_needed(0.1, "1 %")
    for wrong in (5_000, (5_000,), (5_000.5, 5_000), ("a", "b")):
        with pytest.raises(ParameterError, match="n: got .*, allowed the visitors of control and treatment"):
            detectable_effect(0.1, wrong)
