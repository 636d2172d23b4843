"""Are the intervals right? Simulated companies, of which many are drawn at once."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmlib.product.money.ratios import gain_to_loss, plain_ratio, ratio_variance, weighted_share

RUNS, CUSTOMERS = 6_000, 250


def _companies() -> tuple[np.ndarray, np.ndarray]:
    """What customers paid and pay: skewed prices, 15 % lost, 10 % cut to half, 20 % raised by half."""
    rng = np.random.default_rng(5)
    paid = np.exp(rng.normal(4, 0.6, (RUNS, CUSTOMERS)))
    factor = rng.choice([0.0, 0.5, 1.0, 1.5], p=[0.15, 0.1, 0.55, 0.2], size=paid.shape)
    return paid, paid * factor


def _sums(paid: np.ndarray, now: np.ndarray) -> dict[str, float]:
    return {"total": paid.sum(), "xx": (paid**2).sum(), "xy": (paid * now).sum(), "yy": (now**2).sum()}


def test_both_retentions_miss_the_truth_one_time_in_twenty() -> None:
    paid, now = _companies()
    missed = {"nrr": 0, "grr": 0}
    for x, y in zip(paid, now, strict=True):
        kept = np.minimum(x, y)
        net, gross = y.sum() / x.sum(), kept.sum() / x.sum()
        equal_n = x.sum() ** 2 / (x**2).sum()
        variance = ratio_variance(net, CUSTOMERS, **_sums(x, y))
        one = plain_ratio(net, CUSTOMERS, variance=variance, equal_n=equal_n)
        variance = ratio_variance(gross, CUSTOMERS, **_sums(x, kept))
        other = weighted_share(gross, CUSTOMERS, variance=variance, equal_n=equal_n)
        missed["nrr"] += not one.low <= 0.9 <= one.high
        missed["grr"] += not other.low <= 0.8 <= other.high
    # The true shares: 0.1 * 0.5 + 0.55 + 0.2 * 1.5 and 0.1 * 0.5 + 0.55 + 0.2.
    assert missed["nrr"] / RUNS == pytest.approx(0.05, abs=0.01)
    assert missed["grr"] / RUNS == pytest.approx(0.05, abs=0.01)


def test_the_quick_ratio_misses_the_truth_one_time_in_twenty() -> None:
    rng = np.random.default_rng(6)
    missed = 0
    for gains, losses in zip(rng.poisson(120, RUNS), rng.poisson(60, RUNS), strict=True):
        up, down = rng.gamma(4, 10, gains), rng.gamma(4, 10, losses)
        one = gain_to_loss(up.sum(), down.sum(), n=gains + losses, gain_squares=(up**2).sum(),
                           loss_squares=(down**2).sum())  # fmt: skip
        missed += not one.low <= 2.0 <= one.high
    assert missed / RUNS == pytest.approx(0.05, abs=0.01)


def test_equal_customers_have_wilsons_interval() -> None:
    from statsmodels.stats.proportion import proportion_confint

    n, kept = 80, 68
    variance = ratio_variance(kept / n, n, total=n, xx=n, xy=kept, yy=kept) * (n - 1) / n
    got = weighted_share(kept / n, n, variance=variance, equal_n=n)
    assert (got.low, got.high) == pytest.approx(proportion_confint(kept, n, method="wilson"), abs=1e-8)


def test_one_customer_and_no_spread_have_no_variance() -> None:
    assert ratio_variance(0.5, 1, total=2.0, xx=4.0, xy=2.0, yy=1.0) == 0.0
    assert math.isnan(plain_ratio(1.2, 1, variance=0.0, equal_n=1.0).low)
    assert weighted_share(0.0, 5, variance=0.0, equal_n=5.0).low == 0.0


def test_nothing_lost_has_no_quick_ratio_and_nothing_gained_is_0() -> None:
    assert math.isnan(gain_to_loss(5.0, 0.0, n=1, gain_squares=25.0, loss_squares=0.0).value)
    assert gain_to_loss(0.0, 5.0, n=1, gain_squares=0.0, loss_squares=25.0).value == 0.0
