from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.product import Estimate
from pmlib.product.change import (
    Arrow,
    Change,
    arrows,
    points_change,
    proportion_change,
    relative_change,
    share_change,
)
from pmlib.product.satisfaction import nps_of_counts, share_estimate

SEASON = 100 * (1 + 0.3 * np.sin(2 * np.pi * np.arange(12) / 12))


def test_relative_change_is_that_of_the_sums_and_season_cancels() -> None:
    change = relative_change(0.94 * SEASON, SEASON)
    assert change.change == pytest.approx(-0.06)
    assert change.low == pytest.approx(change.high)
    assert change.p < 1e-12


def test_relative_change_follows_cochrans_ratio_estimator_about_a_line() -> None:
    after, before = np.array([11.0, 12.0, 10.0, 11.5]), np.array([10.0, 11.0, 9.5, 10.0])
    deviations = (after - after.sum() / before.sum() * before) / before.mean()
    residuals = deviations - np.polyval(np.polyfit(range(4), deviations, 1), range(4))
    change = relative_change(after, before)
    half = 4.302653 * math.sqrt((residuals**2).sum() / 2 / 4)  # t(2) at 97.5 %
    assert change.high - change.change == pytest.approx(half, rel=1e-6)


def test_a_growth_that_speeds_up_is_no_noise() -> None:
    before = np.full(12, 100.0)
    jitter = np.tile([1.0, -1.0, 0.5, -0.5], 3)
    growing = relative_change(before * np.linspace(1.5, 2.1, 12) + jitter, before)
    assert growing.change == pytest.approx(0.8)
    assert growing.low > 0.78


def test_deviations_that_remember_widen_the_interval() -> None:
    wave = np.repeat([1.0, -1.0, 1.0], 4)
    jumpy = np.tile([1.0, -1.0], 6)
    slow, quick = (relative_change(np.full(12, 100.0) + part, np.full(12, 100.0)) for part in (wave, jumpy))
    assert slow.high - slow.low > 3 * (quick.high - quick.low)


def test_two_months_or_no_revenue_before_are_not_measured() -> None:
    assert math.isnan(relative_change(np.ones(2), np.ones(2)).p)
    assert math.isnan(relative_change(np.ones(12), np.zeros(12)).p)
    assert relative_change(np.ones(12), np.ones(12)).p == 1.0


def test_a_share_moves_only_beyond_noise_and_the_studys_error() -> None:
    before, noise = np.full(12, 0.18), np.tile([0.001, -0.001], 6)
    exact = share_change(before + 0.02 + noise, before, change=0.02, study_error=0.0005)
    doubtful = share_change(before + 0.02 + noise, before, change=0.02, study_error=0.02)
    assert exact.change == pytest.approx(2.0)
    assert exact.p < 1e-6
    assert doubtful.p == pytest.approx(0.3173, abs=1e-3)  # one standard error
    assert math.isnan(share_change(before[:2], before[:2], change=0.0, study_error=0.1).p)


def test_a_score_changes_by_its_difference_with_both_variances() -> None:
    before, after = nps_of_counts({10: 450, 8: 350, 2: 200}), nps_of_counts({10: 400, 8: 350, 2: 250})
    change = points_change(before, after)
    error = 100 * math.sqrt((0.65 - 0.25**2) / 1000 + (0.65 - 0.15**2) / 1000)
    assert change.change == pytest.approx(-10)
    assert change.high - change.change == pytest.approx(1.959964 * error, rel=1e-6)
    assert (change.n_before, change.n_after) == (1000, 1000)


def test_fewer_than_30_answers_are_not_compared() -> None:
    few, many = nps_of_counts({10: 29}), nps_of_counts({10: 30})
    assert math.isnan(points_change(few, many).p)
    assert math.isnan(proportion_change(share_estimate(3, 29), share_estimate(3, 30)).p)


def test_newcombes_interval_reproduces_his_example_of_56_in_70_and_48_in_80() -> None:
    # Newcombe (1998), table II, row (a), method 10: 0.0524 to 0.3339
    change = proportion_change(share_estimate(48, 80), share_estimate(56, 70))
    assert (round(change.low, 2), round(change.high, 2)) == (5.24, 33.39)
    assert change.change == pytest.approx(20.0)


def test_nobody_or_everybody_in_both_windows_is_no_change() -> None:
    assert proportion_change(share_estimate(0, 40), share_estimate(0, 40)).p == 1.0
    assert proportion_change(share_estimate(40, 40), share_estimate(50, 50)).p == 1.0


def _with_p(p: float, change: float = 1.0) -> Change:
    return Change(change=change, low=0.0, high=0.0, p=p, n_before=50, n_after=50)


def test_holm_steps_down_and_unmeasured_changes_cost_nothing() -> None:
    # Holm: .01 <= .05/3, .02 <= .05/2, .20 > .05
    shown, corrected = arrows([_with_p(0.02, -1), Change.unmeasured(), _with_p(0.01), _with_p(0.2)])
    assert shown == [Arrow.DOWN, Arrow.UNMEASURED, Arrow.UP, Arrow.NONE]
    np.testing.assert_allclose(corrected, [0.04, np.nan, 0.03, 0.2])
    assert arrows([Change.unmeasured()]) == ([Arrow.UNMEASURED], [pytest.approx(math.nan, nan_ok=True)])


@settings(max_examples=4, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_corrected_p_values_are_statsmodels_holm(p_values: list[float]) -> None:
    from statsmodels.stats.multitest import multipletests

    real, adjusted, *_ = multipletests(p_values, alpha=0.05, method="holm")
    shown, corrected = arrows([_with_p(p) for p in p_values])
    np.testing.assert_allclose(corrected, adjusted, atol=1e-15)
    assert [arrow is Arrow.UP for arrow in shown] == real.tolist()


def _still_board(rng: np.random.Generator) -> list[Change]:
    """Six products on which nothing changed: revenue, NPS, CSAT and a retained share of each, market share of two."""
    changes = []
    for i in range(6):
        before, after = (SEASON * np.exp(rng.normal(0, 0.05, 12)) for _ in range(2))
        changes.append(relative_change(after, before))
        p, n, d = rng.multinomial(1200, [0.45, 0.35, 0.20], size=2).T
        scores = [nps_of_counts({10: int(p[k]), 8: int(n[k]), 2: int(d[k])}) for k in range(2)]
        changes.append(points_change(*scores))
        changes.append(proportion_change(*(share_estimate(int(x), 400) for x in rng.binomial(400, 0.7, 2))))
        changes.append(proportion_change(*(share_estimate(int(x), 90) for x in rng.binomial(90, 0.3, 2))))
        if i < 2:
            old, new = 0.2 + rng.normal(0, 0.005, (2, 12))
            error = 0.005 * math.sqrt(2 / 12)
            changes.append(share_change(new, old, change=new.mean() - old.mean(), study_error=error))
    return changes


def test_a_board_on_which_nothing_changed_shows_any_arrow_at_most_5_times_in_100() -> None:
    rng, boards = np.random.default_rng(20260101), 300
    false = sum(bool({Arrow.UP, Arrow.DOWN} & set(arrows(_still_board(rng))[0])) for _ in range(boards))
    # The correction may cost power, so only the upper side is bounded: 5 % and two standard errors of the simulation.
    assert false / boards <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / boards)


def test_an_uncorrected_board_would_cry_wolf_most_months() -> None:
    rng, boards = np.random.default_rng(5), 60
    naive = sum(any(change.p < 0.05 for change in _still_board(rng)) for _ in range(boards))
    assert naive / boards > 0.5


def test_a_point_estimate_without_answers_is_not_compared() -> None:
    assert math.isnan(points_change(Estimate.unmeasured(unit="points"), nps_of_counts({10: 99})).p)
