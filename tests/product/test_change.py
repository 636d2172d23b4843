from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pmlib.product import Estimate
from pmlib.product.board import measure
from pmlib.product.change import (
    Arrow,
    Change,
    arrows,
    holm,
    points_change,
    proportion_change,
    relative_change,
    share_change,
)
from pmlib.product.revenue import monthly_revenue
from pmlib.product.satisfaction import nps_of_counts, share_estimate
from tests.product.conftest import PERIOD

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
    half = 4.302653 * math.sqrt((residuals**2).sum() / 2 / 4 * 1.4 / 0.6)  # t(2) at 97.5 %, memory of 0.4
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
    assert slow.high - slow.low > 2 * (quick.high - quick.low)
    # Months that swing to and fro earn no narrower interval than the least memory allows.
    steps = jumpy - np.polyval(np.polyfit(range(12), jumpy, 1), range(12))
    error = math.sqrt((steps**2).sum() / 10 / 12 * 1.4 / 0.6) / 100
    assert quick.high - quick.change == pytest.approx(2.228139 * error, rel=1e-6)


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


@pytest.mark.parametrize(
    ("before", "after", "low", "high"),
    # By hand: Wilson's upper end of 0 in n is z^2 / (n + z^2), its lower end of n in n is n / (n + z^2).
    [
        ((0, 40), (0, 40), -8.7622, 8.7622),
        ((40, 40), (50, 50), -7.1346, 8.7622),
        ((0, 1000), (0, 30), -0.3827, 11.3514),
    ],
)
def test_nobody_or_everybody_in_both_windows_is_no_change_within_newcombes_interval(before, after, low, high) -> None:
    change = proportion_change(share_estimate(*before), share_estimate(*after))
    assert (change.change, change.p) == (0.0, 1.0)
    assert (change.low, change.high) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))


def test_share_takes_the_larger_p_and_the_wider_interval_even_from_different_sources() -> None:
    before, noise = np.full(3, 0.18), np.array([0.005, -0.01, 0.005])
    change = share_change(before + 0.005 + noise, before, change=0.005, study_error=0.02)
    steps_error = math.sqrt(1.5 * 0.01**2 / 3 * 1.4 / 0.6)
    assert change.high - change.low == pytest.approx(2 * 100 * steps_error * 12.7062, rel=1e-4)  # t(1) at 97.5 %
    assert change.p == pytest.approx(math.erfc(0.25 / math.sqrt(2)))  # the study's, 0.80; the months' own is 0.73
    alone = share_change(before + 0.03, before, change=0.03, study_error=0.02)
    assert alone.p == pytest.approx(math.erfc(1.5 / math.sqrt(2)))


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


_FALSE = {Arrow.UP, Arrow.DOWN}


def _still_book(rng: np.random.Generator) -> np.ndarray:
    """24 months of running subscriptions in balance: 20 starts a month, 4 % of them end, one price."""
    running, months = rng.poisson(20 * 0.96 / 0.04), np.empty(24)
    for month in range(24):
        months[month] = running + rng.poisson(20)
        running = months[month] - rng.binomial(int(months[month]), 0.04)
    return months


def _still_subscription(rng: np.random.Generator) -> Change:
    book = _still_book(rng)
    return relative_change(book[12:], book[:12], carried=book)


def _still_mix(rng: np.random.Generator) -> Change:
    book = 5 * _still_book(rng)
    months = book + np.tile(SEASON, 2) * np.exp(rng.normal(0, 0.05, 24))
    return relative_change(months[12:], months[:12], carried=book)


def _still_share(rng: np.random.Generator) -> Change:
    """Our book in a market four times its size, seen with errors of 3 % a month."""
    own = _still_book(rng)
    share = own / (own + 1920)
    error = 0.2 * 0.8 * 0.03 * math.sqrt(2 / 12)
    change = share[12:].mean() - share[:12].mean()
    return share_change(share[12:], share[:12], change=change, study_error=error, carried=True)


def _still_orders(memory: float, rng: np.random.Generator) -> Change:
    """Orders with a season whose good and bad months come in runs: lag-1 autocorrelation ``memory``."""
    noise = rng.normal(0, 0.05, 24)
    for month in range(1, 24):
        noise[month] = memory * noise[month - 1] + math.sqrt(1 - memory**2) * noise[month]
    months = np.tile(SEASON, 2) * np.exp(noise)
    return relative_change(months[12:], months[:12])


def _false_boards(still: Callable[[np.random.Generator], Change], *, seed: int, boards: int) -> float:
    """How many boards in 1 show a false arrow: two changes of one kind among 32 that keep their level exactly."""
    rng = np.random.default_rng(seed)
    shown = (arrows([still(rng), still(rng), *map(_with_p, rng.uniform(size=32))])[0] for _ in range(boards))
    return sum(bool(_FALSE & set(board)) for board in shown) / boards


def test_a_board_on_which_nothing_changed_shows_any_arrow_at_most_5_times_in_100() -> None:
    rng, boards = np.random.default_rng(20260101), 300
    false = sum(bool(_FALSE & set(arrows(_still_board(rng))[0])) for _ in range(boards))
    # The correction may cost power, so only the upper side is bounded: 5 % and two standard errors of the simulation.
    assert false / boards <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / boards)


@pytest.mark.parametrize(
    "still",
    [_still_subscription, _still_mix, _still_share, functools.partial(_still_orders, 0.3)],
    ids=["subscriptions", "subscriptions and orders", "share of subscriptions", "orders that remember 0.3"],
)
def test_what_carries_over_from_month_to_month_shows_no_more_false_arrows(still) -> None:
    boards = 1000
    assert _false_boards(still, seed=4, boards=boards) <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / boards)


def test_orders_at_the_longest_memory_assumed_show_few_more_false_arrows() -> None:
    # Two such products add 2 in 80 to the 5 in 100.
    boards, most = 1000, 0.05 + 2 / 80
    false = _false_boards(functools.partial(_still_orders, 0.6), seed=8, boards=boards)
    assert false <= most + 2 * math.sqrt(most * (1 - most) / boards)


def test_a_still_book_taken_for_monthly_sales_would_cry_wolf_on_every_fourth_board() -> None:
    def naive(rng: np.random.Generator) -> Change:
        book = _still_book(rng)
        return relative_change(book[12:], book[:12])

    assert _false_boards(naive, seed=6, boards=200) > 0.25


def test_flows_of_a_book_weigh_as_often_as_they_lie_between_paired_months() -> None:
    book = np.array([10.0, 12, 11, 13, 12, 15])
    flows, times = np.array([2.0, -1, 2, -1, 3]), np.array([1, 2, 3, 2, 1])
    residuals = flows - np.polyval(np.polyfit(range(5), flows, 1), range(5))
    change = relative_change(book[3:], book[:3], carried=book)
    assert change.change == pytest.approx(times @ flows / 33)
    half = 3.182446 * math.sqrt((residuals**2).sum() / 3 * (times**2).sum()) / 33  # t(3) at 97.5 %
    assert change.high - change.change == pytest.approx(half, rel=1e-6)


def test_the_board_tells_subscriptions_from_what_is_sold_anew(company) -> None:
    products = company["products"][["product_id", "name", "model", "category"]].assign(category="sensing")
    revenue = monthly_revenue(company, period=PERIOD)
    measured = measure(company, products, revenue, last=PERIOD, months=12)
    for product, carried in (("A", False), ("B", True)):
        months = revenue.to_frame().query("product_id == @product")["revenue_k"].to_numpy()[-24:]
        expected = relative_change(months[12:], months[:12], carried=months if carried else None)
        assert measured["revenue"][product].change == expected
    sold = measure(company, products.query("product_id == 'A'"), None, last=PERIOD, months=12)["share"]["A"].change
    # One product that lives on subscriptions is enough for the share of its category to be carried over.
    assert measured["share"]["A"].change != sold


def test_a_book_that_grows_by_four_fifths_keeps_its_arrow() -> None:
    rng = np.random.default_rng(2)
    book = 300 + np.cumsum(rng.poisson(45, 24) - rng.poisson(20, 24)).astype(float)
    change = relative_change(book[12:], book[:12], carried=book)
    assert change.change > 0.6
    assert change.p < 0.05 / 34


def test_a_book_without_any_flow_has_not_changed() -> None:
    still = relative_change(np.full(12, 7.0), np.full(12, 7.0), carried=np.full(24, 7.0))
    assert (still.change, still.low, still.high, still.p) == (0.0, 0.0, 0.0, 1.0)


def test_an_uncorrected_board_would_cry_wolf_most_months() -> None:
    rng, boards = np.random.default_rng(5), 60
    naive = sum(any(change.p < 0.05 for change in _still_board(rng)) for _ in range(boards))
    assert naive / boards > 0.5


def test_a_point_estimate_without_answers_is_not_compared() -> None:
    assert math.isnan(points_change(Estimate.unmeasured(unit="points"), nps_of_counts({10: 99})).p)


def test_holm_alone_steps_down_and_leaves_the_unmeasured_out() -> None:
    assert holm(np.array([0.01, 0.04, np.nan, 0.03])) == pytest.approx([0.03, 0.06, np.nan, 0.06], nan_ok=True)
    assert len(holm(np.array([]))) == 0


def test_a_share_that_was_nobodys_before_is_compared_without_a_warning() -> None:
    change = proportion_change(share_estimate(0, 40), share_estimate(12, 40))
    # Score test by hand: the pooled share is 12 of 80, and the variance has n - 1 below.
    z = 0.3 / math.sqrt(0.15 * 0.85 * 2 / 40 * 80 / 79)
    assert change.p == pytest.approx(2 * stats.norm.sf(z), rel=1e-6)
