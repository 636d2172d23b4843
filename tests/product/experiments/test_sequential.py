from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.product.experiments.proportions import score_test
from pmlib.product.experiments.sequential import always_valid, day_by_day, peeking_error
from tests.published.armitage import EVER_BELOW_5_PERCENT


def _looks(rng: np.random.Generator, *, runs: int, days: int, visitors: int, rates=(0.1, 0.1)):
    n = rng.poisson(visitors, (2, runs, days))
    hits = rng.binomial(n, np.array(rates)[:, None, None])
    return hits.cumsum(axis=-1), n.cumsum(axis=-1)


@pytest.mark.parametrize("looks", list(EVER_BELOW_5_PERCENT))
def test_armitage_1969_table_2_is_reproduced_to_three_digits(looks) -> None:
    assert peeking_error(looks) == pytest.approx(EVER_BELOW_5_PERCENT[looks], abs=6e-4)


def test_the_interval_is_the_asymptotic_confidence_sequence_of_waudby_smith_2021() -> None:
    # theirs: sigma * sqrt(2 (t rho^2 + 1) / (t^2 rho^2) * log(sqrt(t rho^2 + 1) / alpha)), with V = sigma^2 / t
    hits, n = np.array([[400], [440]]), np.array([[4000], [4000]])
    low, high, _ = always_valid(hits, n, planned_looks=10)
    variance = 0.1 * 0.9 / 4000 + 0.11 * 0.89 / 4000
    at_plan = 2 * 0.105 * 0.895 / 4000 / 10
    rho2 = (-2 * np.log(0.05) + np.log(-2 * np.log(0.05) + 1)) * at_plan / variance
    half = np.sqrt(variance) * np.sqrt(2 * (rho2 + 1) / rho2 * np.log(np.sqrt(rho2 + 1) / 0.05))
    assert (low[0], high[0]) == pytest.approx((0.01 - half, 0.01 + half))


@pytest.mark.parametrize(("visitors", "days", "rate"), [(4_200, 14, 0.1), (300, 60, 0.05), (40, 90, 0.2)])
def test_looking_every_day_at_the_always_valid_p_errs_five_percent_at_most(visitors, days, rate) -> None:
    hits, n = _looks(np.random.default_rng(10), runs=6_000, days=days, visitors=visitors, rates=(rate, rate))
    low, high, p = always_valid(hits, n, planned_looks=14)
    error = (p[:, -1] < 0.05).mean()
    assert error <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 6_000)
    assert (((low > 0) | (high < 0)).any(axis=-1)).mean() == pytest.approx(error, abs=1e-9)


def test_looking_every_day_at_the_ordinary_p_errs_as_often_as_computed() -> None:
    hits, n = _looks(np.random.default_rng(11), runs=4_000, days=14, visitors=4_200)
    assert (score_test(hits, n) < 0.05).any(axis=-1).mean() == pytest.approx(peeking_error(14), abs=0.02)


def test_the_interval_holds_the_true_difference_on_all_days_at_once() -> None:
    hits, n = _looks(np.random.default_rng(12), runs=4_000, days=20, visitors=2_000, rates=(0.10, 0.12))
    low, high, _ = always_valid(hits, n)
    assert ((low <= 0.02) & (high >= 0.02)).all(axis=-1).mean() >= 0.94


def test_a_clear_effect_is_shown_before_the_end_more_often_than_not() -> None:
    hits, n = _looks(np.random.default_rng(13), runs=500, days=14, visitors=4_200, rates=(0.10, 0.115))
    _, _, p = always_valid(hits, n)
    assert (p[:, 6] < 0.05).mean() > 0.9


@settings(max_examples=40)
@given(st.integers(0, 1000))
def test_swapping_the_arms_negates_the_interval_and_p_only_falls(seed) -> None:
    hits, n = _looks(np.random.default_rng(seed), runs=1, days=10, visitors=500)
    low, high, p = always_valid(hits, n)
    back = always_valid(hits[::-1], n[::-1])
    assert low == pytest.approx(-back[1])
    assert p == pytest.approx(back[2])
    assert (np.diff(p) <= 0).all()
    assert (low < high).all()


def test_days_with_too_few_conversions_are_not_read() -> None:
    low, _, p = always_valid([[3, 9, 12], [4, 11, 15]], [[100, 200, 300], [100, 200, 300]])
    assert np.isnan(low).tolist() == [True, True, False]
    assert p[:2].tolist() == [1.0, 1.0]


def test_an_arm_that_starts_late_and_one_day_alone_are_written() -> None:
    days = pd.DataFrame({
        "day": pd.to_datetime(["2025-11-03", "2025-11-04", "2025-11-04"]), "arm": ["control", "control", "treatment"],
        "new_users": [1000, 1000, 900], "conversions": [100, 90, 95],
    })  # fmt: skip
    told = day_by_day(days)
    assert told["visitors"].tolist() == [1000, 2900]
    assert np.isnan(told["low_pp"].iloc[0])
    assert np.isfinite(told["low_pp"].iloc[1])
    assert len(day_by_day(days.iloc[1:])) == 1
    assert np.isnan(day_by_day(days.iloc[:2])["difference_pp"]).all()


def test_no_looks_and_looks_beyond_a_thousand_are_refused() -> None:
    with pytest.raises(ParameterError, match="allowed 1 to 1,000"):
        peeking_error(0)
    with pytest.raises(ParameterError, match="planned_looks: got 0"):
        always_valid([[20], [20]], [[100], [100]], planned_looks=0)
    with pytest.raises(ParameterError, match="looks: got 1.5, allowed 1 to 1,000, a whole number"):
        peeking_error(1.5)
    with pytest.raises(ParameterError, match="alpha: got '5 %', allowed above 0 and below 1"):
        peeking_error(5, alpha="5 %")
    with pytest.raises(ParameterError, match="planned_looks: got None, allowed 1 or more"):
        always_valid([[20], [20]], [[100], [100]], planned_looks=None)
