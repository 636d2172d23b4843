"""A ratio of sums with its interval, and a share with its interval: what is said of groups of projects."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from pmlib.portfolio.forecasts.intervals import wilson

Floats = NDArray[np.float64]


def ratio_of_sums(top: Floats, bottom: Floats, *, level: float = 0.95) -> tuple[float, float, float, int]:
    """Sum of one quantity by the sum of another, with the interval of the ratio estimator.

    Parameters
    ----------
    top, bottom : arrays of shape (n,)
        Paired amounts, one pair per unit; pairs with a missing amount are left out.
    level : float
        Coverage of the interval (0-1).

    Returns
    -------
    ratio, low, high : float
        NaN where there is nothing to divide by, the interval also with fewer than two pairs; never below 0 for amounts
        that are not.
    n : int
        Pairs used.

    References
    ----------
    Cochran (1977), Sampling Techniques, chapter 6: the linearised variance, with Student's t.

    Examples
    --------
    >>> ratio_of_sums(np.array([8.0, 9.0, 31.0]), np.array([10.0, 10.0, 40.0]))[0]
    0.8
    """
    both = ~(np.isnan(top) | np.isnan(bottom))
    up, down = top[both], bottom[both]
    n, whole = len(up), float(down.sum())
    if whole <= 0:
        return math.nan, math.nan, math.nan, n
    ratio = float(up.sum()) / whole
    if n <= 1:
        return ratio, math.nan, math.nan, n
    error = math.sqrt(n / (n - 1) * float(((up - ratio * down) ** 2).sum())) / whole
    half = float(stdtrit(n - 1, (1.0 + level) / 2.0)) * error
    low = ratio - half
    return ratio, max(low, 0.0) if (up >= 0).all() else low, ratio + half, n


def share_of(count: int, n: int, *, level: float = 0.95) -> tuple[float, float, float]:
    """Share of n with its interval; all NaN when n is 0.

    Parameters
    ----------
    count, n : int
    level : float
        Coverage of the interval (0-1).

    Returns
    -------
    share, low, high : float

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22.

    Examples
    --------
    >>> [round(float(number), 4) for number in share_of(15, 148)]
    [0.1014, 0.0624, 0.1605]
    """
    if n == 0:
        return math.nan, math.nan, math.nan
    share = count / n
    return share, *wilson(share, n, level=level)
