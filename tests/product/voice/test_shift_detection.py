from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.product.voice import shift_detection as shift

MONTHS, START = 24, 8


def _answers(
    shares: np.ndarray, n: np.ndarray, *, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Promoters and detractors of each month, ``size`` times; shares of shape (months, 2)."""
    kinds = np.stack([
        rng.multinomial(count, [*pair, 1 - pair.sum()], size=size) for count, pair in zip(n, shares, strict=True)
    ], axis=1)  # fmt: skip
    return kinds[..., 0], kinds[..., 1]


@given(st.integers(0, 40), st.integers(0, 40), st.lists(st.integers(0, 30), min_size=1, max_size=8))
def test_a_shuffle_deals_all_answers_and_no_month_more_than_it_has(up: int, down: int, months: list[int]) -> None:
    n = np.array([*months, up + down])
    dealt = shift.shuffled_months(up, down, n, size=20, rng=np.random.default_rng(1))
    assert (dealt.sum(axis=1) == up - down).all()
    assert (np.abs(dealt) <= n).all()


def test_shuffled_months_vary_as_draws_without_replacement_do() -> None:
    n = np.array([30, 70, 100])
    dealt = shift.shuffled_months(90, 40, n, size=40_000, rng=np.random.default_rng(2))
    spread = (90 + 40 - 50**2 / 200) / 199
    assert dealt.mean(axis=0) == pytest.approx(n * 50 / 200, abs=0.1)
    assert dealt.var(axis=0) == pytest.approx(n * spread * (1 - n / 200), rel=0.03)


def test_the_smoothed_score_is_the_weighted_mean_by_hand() -> None:
    net, n = np.array([3, 4, 10, 0, 6]), np.array([10, 10, 20, 0, 30])
    apart, spread = shift.smoothed_scores(net, n, start=2)
    weights = np.array([20 * 0.49, 30.0])
    assert apart[2] == pytest.approx((10 * 0.49 + 6) / weights.sum() - 7 / 20)
    assert spread[2] == pytest.approx(math.sqrt((20 * 0.49**2 + 30) / weights.sum() ** 2 + 1 / 20))
    assert apart[1] == pytest.approx(apart[0])


def test_a_month_without_answers_signals_nothing_and_few_answers_widen_its_limits() -> None:
    net, n = np.array([5, 5, 0, 1, 10]), np.array([20, 20, 0, 4, 40])
    apart, spread = shift.monthly_scores(net, n, start=2)
    assert math.isnan(apart[0])
    assert spread[1] > spread[2]
    assert shift.excursions(net, n, start=2)[0] == 0


def test_splits_equal_the_two_sample_comparison_by_hand() -> None:
    net, n = np.array([4, 1, -2, 0]), np.array([10, 5, 8, 0])
    assert shift.splits(net, n)[1] == pytest.approx((-2 / 8 - 5 / 15) / math.sqrt(1 / 15 + 1 / 8))
    assert shift.splits(net, n)[2] == 0


def test_the_critical_value_is_infinite_with_too_few_shuffles() -> None:
    assert shift.critical_value(np.arange(10.0), false_alarm=0.05) == math.inf
    assert shift.critical_value(np.arange(19.0), false_alarm=0.05) == 18


def test_a_chart_signals_falsely_at_most_5_times_in_100() -> None:
    # Unequal months, 2,000 charts without a change, each against its own 99 shuffles.
    rng = np.random.default_rng(16)
    n = rng.poisson(60, MONTHS)
    up, down = _answers(np.tile([0.45, 0.20], (MONTHS, 1)), n, size=2_000, rng=rng)
    shuffles = 99
    totals = [np.repeat(one.sum(axis=1), shuffles) for one in (up, down)]
    shuffled = shift.shuffled_months(*totals, n, size=2_000 * shuffles, rng=rng)
    largest = shift.excursions(shuffled, n, start=START).max(axis=-1).reshape(2_000, shuffles)
    critical = np.array([shift.critical_value(row, false_alarm=0.05) for row in largest])
    wrong = shift.excursions(up - down, n, start=START).max(axis=-1) > critical + 1e-9
    assert 0.035 <= wrong.mean() <= 0.065


def test_a_fall_of_12_points_at_200_answers_is_signalled_within_3_months_half_of_the_time() -> None:
    rng, n, fall = np.random.default_rng(22), np.full(36, 200), 18
    shares = np.tile([0.49, 0.17], (36, 1))
    shares[fall:] = 0.43, 0.23
    up, down = _answers(shares, n, size=2_000, rng=rng)
    shuffled = shift.shuffled_months(int(up[0].sum()), int(down[0].sum()), n, size=4_000, rng=rng)
    critical = shift.critical_value(shift.excursions(shuffled, n, start=12).max(axis=-1), false_alarm=0.05)
    late = shift.excursions(up - down, n, start=12)[:, fall - 12 :] > critical
    assert 0.48 <= late[:, :3].any(axis=1).mean() <= 0.62
    assert late[:, :12].any(axis=1).mean() > 0.95


def test_the_interval_of_the_shift_holds_the_true_month_95_times_in_100() -> None:
    rng, n, before = np.random.default_rng(8), np.full(MONTHS, 150), 14
    shares = np.tile([0.49, 0.17], (MONTHS, 1))
    shares[before:] = 0.40, 0.28
    up, down = _answers(shares, n, size=400, rng=rng)
    held = [
        shift.likely_splits(ups, downs, n, size=200, rng=rng)[1][before - 1]
        for ups, downs in zip(up, down, strict=True)
    ]
    assert np.mean(held) >= 0.92


def test_a_shift_of_everything_is_dated_without_doubt() -> None:
    up, n = np.array([20, 20, 20, 0, 0]), np.full(5, 20)
    best, likely = shift.likely_splits(up, n - up, n, size=200, rng=np.random.default_rng(1))
    assert best == 2
    assert likely.tolist() == [False, False, True, False]
