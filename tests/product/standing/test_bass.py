from __future__ import annotations

import math

import numpy as np
import pytest

from pmlib.errors import ParameterError
from pmlib.product.standing.bass import adopted, fit_bass, peak_time
from tests.published import bass as published


def _curve(periods: int, *, p: float = 0.004, q: float = 0.13, m: float = 10_000.0) -> np.ndarray:
    return m * np.diff(adopted(np.arange(periods + 1), np.array(p), np.array(q)))


@pytest.mark.parametrize("durable", published.SALES)
def test_the_fit_reproduces_srinivasan_and_mason_1986(durable: str) -> None:
    fit = fit_bass(published.SALES[durable], counted=False)
    assert (round(fit.p, 4), round(fit.q, 4), round(fit.m / 1_000, 2)) == published.FITS[durable]


def test_the_curve_solves_basss_equation() -> None:
    # dF/dt = (p + q F)(1 - F), by a small step.
    p, q, step = np.array(0.03), np.array(0.38), 1e-5
    time = np.linspace(0.5, 20, 40)
    share = adopted(time, p, q)
    slope = (adopted(time + step, p, q) - adopted(time - step, p, q)) / (2 * step)
    assert slope == pytest.approx((p + q * share) * (1 - share), rel=1e-6)


def test_sales_peak_at_the_time_the_formula_gives() -> None:
    fine = np.linspace(0, 60, 600_001)
    rate = np.diff(adopted(fine, np.array(0.004), np.array(0.13)))
    assert fine[int(rate.argmax())] == pytest.approx(float(peak_time(np.array(0.004), np.array(0.13))), abs=2e-4)
    assert float(peak_time(np.array(0.2), np.array(0.1))) == 0


def test_a_clean_curve_is_recovered() -> None:
    fit = fit_bass(_curve(24))
    assert (fit.p, fit.q, fit.m) == pytest.approx((0.004, 0.13, 10_000), rel=1e-4)
    assert fit.peak == pytest.approx(math.log(0.13 / 0.004) / 0.134, rel=1e-4)


def test_the_region_holds_every_curve_within_the_limit_and_no_other() -> None:
    # Oracle: the sum of squares of 20,000 random curves, straight from the definition.
    sold = np.random.default_rng(3).poisson(_curve(30)).astype(float)
    fit = fit_bass(sold, counted=False)
    rng = np.random.default_rng(4)
    p, q, m = (at * np.exp(rng.normal(0, width, 20_000)) for at, width in ((fit.p, 0.2), (fit.q, 0.1), (fit.m, 0.2)))
    growth = np.diff(adopted(np.arange(31), p[:, None], q[:, None]), axis=1)
    squares = np.sum((sold - m[:, None] * growth) ** 2, axis=1)
    least = np.sum((sold - fit.m * np.diff(adopted(np.arange(31), np.array(fit.p), np.array(fit.q)))) ** 2)
    inside = squares - least <= 2.0518305 ** 2 * fit.dispersion  # Student's t, 27 degrees of freedom
    low, high = fit.m_interval()
    assert inside.sum() > 20
    assert low - 0.01 * fit.m <= m[inside].min() and m[inside].max() <= high + 0.01 * fit.m
    early, late = fit.peak_interval()
    peaks = peak_time(p, q)[inside]
    assert early - 0.2 <= peaks.min() and peaks.max() <= late + 0.2


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng, covered = np.random.default_rng(20), np.zeros(3)
    mean, ahead = _curve(24), float(_curve(36)[24:].sum())
    for _ in range(120):
        fit = fit_bass(rng.poisson(mean))
        _, low, high = fit.total_ahead(12)
        ends = (fit.m_interval(), fit.peak_interval(), (low, high))
        covered += [one[0] <= truth <= one[1] for one, truth in zip(ends, (10_000, 25.98, ahead), strict=True)]
    # 95 % of 120 is 114; fewer than 108 would have a chance of 1 in 200.
    assert (covered >= 108).all()


def test_before_the_bend_the_market_has_no_upper_end() -> None:
    early, late = fit_bass(_curve(6).round()), fit_bass(_curve(24).round())
    assert early.m_interval()[1] == early.peak_interval()[1] == math.inf
    assert late.m_interval()[1] < 20_000 and late.peak_interval()[1] < 36
    assert late.m_interval()[0] > early.m_interval()[0]


def test_the_noise_is_that_of_a_count_at_least_and_only_where_asked() -> None:
    sold = _curve(24)
    assert fit_bass(sold).noise(sold) == pytest.approx(np.sqrt(sold))
    assert fit_bass(sold.round(), counted=False).noise(sold).max() < 1
    low, high = fit_bass(sold, counted=False).m_interval()
    assert high - low < 100


def test_who_has_bought_is_among_those_who_will() -> None:
    sold = np.random.default_rng(5).poisson(_curve(40, p=0.03, q=0.4, m=500))
    assert fit_bass(sold).m_interval()[0] >= min(sold.sum(), fit_bass(sold).m)


def test_sales_that_only_fade_have_their_peak_at_launch() -> None:
    fit = fit_bass(_curve(24, p=0.2, q=0.01))
    assert fit.peak_interval()[0] == 0 and not fit.open_end


def test_equal_sales_every_month_say_nothing_of_the_end() -> None:
    assert fit_bass(np.full(12, 40.0)).m_interval()[1] == math.inf


@pytest.mark.parametrize("sales", [[1, 2, 3, 4], [1, 2, math.nan, 3, 4], [1, 2, -3, 4, 5], [0, 0, 0, 0, 0]])
def test_sales_that_cannot_be_fitted_are_refused(sales: list[float]) -> None:
    with pytest.raises(ParameterError, match="sales: got"):
        fit_bass(sales)
