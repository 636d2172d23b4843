"""Intervals of shares and ratios of money from sums of squares alone, so that no row has to leave the engine."""

from __future__ import annotations

import math

from pmlib.product.estimate import Estimate

_Z95 = 1.959963984540054
# Sums of squares are floats, whose last digits differ from run to run: what is below this is no spread.
_NOISE = 1e-12


def ratio_variance(ratio: float, n: int, *, total: float, xx: float, xy: float, yy: float) -> float:
    """Variance of the ratio sum(y) / sum(x) over n customers drawn at random, by linearisation.

    Parameters
    ----------
    ratio : float
        Sum(y) / sum(x).
    n : int
        Customers.
    total, xx, xy, yy : float
        Sum of x, and sums of x * x, x * y and y * y.

    References
    ----------
    Cochran, W. G. (1977): Sampling Techniques, 3rd ed., section 2.11 (ratio estimate, without the finite correction).

    Examples
    --------
    >>> round(ratio_variance(0.5, 4, total=4.0, xx=4.0, xy=2.0, yy=2.0), 4)
    0.0833
    """
    residual = yy - 2 * ratio * xy + ratio * ratio * xx
    return 0.0 if n == 1 or residual <= _NOISE * max(yy, xx) else n / (n - 1) * residual / total**2


def weighted_share(share: float, n: int, *, variance: float, equal_n: float) -> Estimate:
    """Wilson's interval for a share that counts customers by money.

    It takes as many equal customers as would give the same variance; where nothing varied, ``equal_n``, which is
    (sum x)^2 / sum x^2.

    References
    ----------
    Wilson, E. B. (1927), JASA 22. Effective sample size: Kish, L. (1965): Survey Sampling.

    Examples
    --------
    >>> weighted_share(1.0, 30, variance=0.0, equal_n=30.0)
    <Estimate: 1.000 share, between 0.886 and 1.000 (95 % interval), n = 30, 0 missing>
    """
    size = share * (1 - share) / variance if variance > 0 else equal_n
    middle = (share + _Z95**2 / (2 * size)) / (1 + _Z95**2 / size)
    half = _Z95 * math.sqrt(share * (1 - share) / size + _Z95**2 / (4 * size**2)) / (1 + _Z95**2 / size)
    low, high = round(max(0.0, middle - half), 9), round(min(1.0, middle + half), 9)
    return Estimate(value=share, low=min(low, share), high=max(high, share), n=n, n_missing=0, unit="share")


def plain_ratio(ratio: float, n: int, *, variance: float, equal_n: float) -> Estimate:
    """Student's interval for a ratio of money that may lie above 1; an empty one where nothing varied.

    Its degrees of freedom are those of ``equal_n`` customers of equal size, which is (sum x)^2 / sum x^2.

    Examples
    --------
    >>> plain_ratio(1.05, 400, variance=0.0004, equal_n=300.0)
    <Estimate: 1.050 share, between 1.011 and 1.089 (95 % interval), n = 400, 0 missing>
    """
    if variance <= 0:
        return Estimate(value=ratio, low=math.nan, high=math.nan, n=n, n_missing=0, unit="share")
    from scipy import special

    half = float(special.stdtrit(max(equal_n - 1, 1.0), 0.975)) * math.sqrt(variance)
    low, high = round(max(0.0, ratio - half), 9), round(ratio + half, 9)
    return Estimate(value=ratio, low=low, high=high, n=n, n_missing=0, unit="share")


def gain_to_loss(gain: float, loss: float, *, n: int, gain_squares: float, loss_squares: float) -> Estimate:
    """Ratio of what customers added to what they took away, on the scale of logarithms.

    Gains and losses are sums over independent customers who come at random (compound Poisson), so that the variance
    of a sum is the sum of squares.

    Examples
    --------
    >>> gain_to_loss(300.0, 100.0, n=40, gain_squares=3000.0, loss_squares=1000.0)
    <Estimate: 3.0 ratio, between 1.5 and 6.1 (95 % interval), n = 40, 0 missing>
    """
    if loss <= 0 or gain <= 0:
        value = 0.0 if loss > 0 else math.nan
        return Estimate(value=value, low=math.nan, high=math.nan, n=n, n_missing=0, unit="ratio")
    spread = math.exp(_Z95 * math.sqrt(gain_squares / gain**2 + loss_squares / loss**2))
    value = gain / loss
    low, high = round(value / spread, 9), round(value * spread, 9)
    return Estimate(value=value, low=low, high=high, n=n, n_missing=0, unit="ratio")
