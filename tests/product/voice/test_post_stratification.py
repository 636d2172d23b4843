from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.product.voice.post_stratification import merge_small, post_stratify, variance_of_outcomes


def test_the_weighted_mean_is_the_sum_over_bands_by_hand() -> None:
    # 0.25 * 0.8 + 0.75 * 0.2; variance .0625 * .2/50 + .5625 * .2/50, and of those asked .25*.75*.36/400
    means, asked = np.array([0.8, 0.2]), np.array([100.0, 300.0])
    told = post_stratify(means, np.array([0.2, 0.2]), n=np.array([50.0, 50.0]), asked=asked)
    assert told.mean == pytest.approx(0.35)
    assert told.variance == pytest.approx(0.625 * 0.2 / 50 + 0.25 * 0.75 * 0.36 / 400)
    assert told.gap == pytest.approx(0.15)
    assert told.n_effective == pytest.approx(50 / 0.625)


def test_equal_response_changes_nothing() -> None:
    n = np.array([20.0, 60.0])
    told = post_stratify(np.array([0.5, 0.1]), np.array([0.2, 0.2]), n=n, asked=5 * n)
    assert told.gap == pytest.approx(0)
    assert told.n_effective == pytest.approx(80)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(2, 9)), min_size=1, max_size=5))
def test_the_variance_of_outcomes_is_numpys_and_never_0(bands: list[tuple[int, int, int]]) -> None:
    up, down, rest = (np.array(column, dtype=float) for column in zip(*bands, strict=True))
    told = variance_of_outcomes(up, down, up + down + rest, lowest=-1)
    assert (told > 0).all()
    for got, (ups, downs, passive) in zip(told, bands, strict=True):
        rows = np.array([1] * ups + [-1] * downs + [0] * passive)
        if rows.var() > 0:
            assert got == pytest.approx(rows.var(ddof=1))


def test_small_bands_join_the_nearest_response_rate_until_all_are_large_enough() -> None:
    n, asked = np.array([3.0, 50.0, 40.0, 2.0]), np.array([30.0, 100.0, 380.0, 4.0])
    assert merge_small(n, asked, least=10) == [[0, 2], [1, 3]]
    assert merge_small(np.array([3.0, 4.0]), np.array([9.0, 9.0]), least=10) == [[0, 1]]


def test_weighted_intervals_cover_the_truth_95_times_in_100_and_raw_ones_never() -> None:
    # The design of the sample company's biased product, 1,500 asked.
    rng, draws, size = np.random.default_rng(17), 4_000, 1_500
    bands = (0.45, 0.20, 0.35), (0.075, 0.65, 0.275), (0.075, 0.65, 0.275)
    shares = np.concatenate([mood * np.array(band) for mood, band in zip((0.45, 0.35, 0.20), bands, strict=True)])
    asked = rng.multinomial(size, shares, size=draws).reshape(draws, 3, 3)
    heard = rng.binomial(asked, np.array([0.40, 0.10, 0.20]))
    covered = np.zeros(2)
    for one, answers in zip(asked, heard, strict=True):
        up, down, n = (row.astype(float) for row in (answers[0], answers[2], answers.sum(axis=0)))
        told = post_stratify(
            (up - down) / n, variance_of_outcomes(up, down, n, lowest=-1), n=n, asked=one.sum(axis=0).astype(float)
        )
        raw = (up.sum() - down.sum()) / n.sum()
        covered += abs(told.mean - 0.25) <= 1.96 * told.variance**0.5, abs(raw - 0.25) <= 1.96 * 0.77 / n.sum() ** 0.5
    assert 0.935 <= covered[0] / draws <= 0.965
    assert covered[1] / draws < 0.01


@pytest.mark.parametrize(("rates", "least"), [((0.2, 0.2, 0.2), 0.0), ((0.3, 0.2, 0.4), 0.04)])
def test_the_gaps_interval_misses_at_most_5_times_in_100(rates: tuple[float, ...], least: float) -> None:
    # Where all bands answer alike the gap is a product of two chances, and its interval a little too wide.
    rng, draws = np.random.default_rng(5), 4_000
    asked, means, rate = np.array([400.0, 1200.0, 400.0]), np.array([0.7, 0.4, 0.5]), np.array(rates)
    truth = asked * rate @ means / (asked * rate).sum() - asked @ means / asked.sum()
    n = rng.binomial(asked.astype(int), rate, size=(draws, 3)).astype(float)
    up = rng.binomial(n.astype(int), means).astype(float)
    wrong = 0
    for answers, good in zip(n, up, strict=True):
        variances = variance_of_outcomes(good, np.zeros(3), answers, lowest=0)
        told = post_stratify(good / answers, variances, n=answers, asked=asked)
        wrong += abs(told.gap - truth) > 1.96 * told.gap_variance**0.5
    assert least <= wrong / draws <= 0.06
