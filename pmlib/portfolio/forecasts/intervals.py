"""Intervals for shares, means and quantiles of few projects, and the shrinkage of several groups to one another."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.special import bdtr, ndtri, stdtrit

from pmlib.portfolio.model import Floats

_TAIL = 0.025
Interval = tuple[float, float, float]


def wilson(share: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Interval of a share seen in n independent cases, 95 % unless said; n may be an effective number.

    Returns
    -------
    (low, high) : floats, 0-1
        Missing without a case.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22.

    Examples
    --------
    >>> low, high = wilson(81 / 263, 263)
    >>> round(low, 4), round(high, 4)
    (0.2553, 0.3662)
    """
    if not n > 0:
        return math.nan, math.nan
    shrink = float(ndtri((1.0 + level) / 2.0)) ** 2 / n
    middle = (share + shrink / 2) / (1 + shrink)
    half = math.sqrt(share * (1 - share) * shrink + shrink**2 / 4) / (1 + shrink)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def effective_number(hits: Floats, cluster: pd.Series) -> float:
    """How many independent cases so many cases of so few projects are worth.

    Rows of one project share its fate. The variance of the share over whole projects, divided by that of
    independent rows, is the design effect. It makes of the rows at most what they are, and at least what they would
    be if those of a project always agreed; where all rows are alike it cannot be measured, and that least counts.

    Parameters
    ----------
    hits : float array of shape (n,)
        1 where the case holds, 0 where not.
    cluster : Series of shape (n,)
        The project of each row.

    References
    ----------
    Kish (1965), Survey Sampling: the design effect. Korn & Graubard (1998), Survey Methodology 24: intervals with it.

    Examples
    --------
    >>> effective_number(np.array([1.0, 1.0, 0.0, 0.0]), pd.Series(["A", "A", "B", "B"]))
    2.0
    """
    n = len(hits)
    if not n:
        return 0.0
    codes, off = pd.factorize(cluster)[0], hits - np.mean(hits)
    sizes, sums = np.bincount(codes), np.bincount(codes, weights=off)
    least = n**2 / float(sizes @ sizes)
    if len(sizes) == 1 or not off.any():
        return least
    effect = len(sizes) / (len(sizes) - 1) * float(sums @ sums) / n / (float(off @ off) / (n - 1))
    return float(np.clip(n / effect if effect else n, least, n))


def share_of(hits: Floats, cluster: pd.Series) -> Interval:
    """Share of rows that hold, with Wilson's interval for the effective number of rows: (share, low, high)."""
    if not len(hits):
        return math.nan, math.nan, math.nan
    share = float(np.mean(hits))
    return share, *wilson(share, effective_number(hits, cluster))


def mean_of(values: Floats) -> Interval:
    """Mean with Student's 95 % interval: (mean, low, high); from one value no interval.

    Examples
    --------
    >>> [round(x, 3) for x in mean_of(np.array([1.0, 1.2, 1.4]))]
    [1.2, 0.703, 1.697]
    """
    n = len(values)
    mean = float(np.mean(values)) if n else math.nan
    if n <= 1:
        return mean, math.nan, math.nan
    half = float(stdtrit(n - 1, 1 - _TAIL)) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return mean, mean - half, mean + half


def quantile_of(values: Floats, share: float) -> Interval:
    """Quantile with its exact 95 % interval between two of the values, whatever they are drawn from.

    Parameters
    ----------
    values : float array of shape (n,)
    share : float
        0.5 for the median, 0.8 for what 8 of 10 stay at or below.

    Returns
    -------
    (quantile, low, high) : floats
        The quantile is median-unbiased. An end is infinite where so few values cannot bound it.

    References
    ----------
    Conover (1999), Practical Nonparametric Statistics, 3.2: interval from order statistics.
    Hyndman & Fan (1996), The American Statistician 50: definition 8.

    Examples
    --------
    >>> quantile_of(np.arange(1.0, 11.0), 0.5)
    (5.5, 2.0, 9.0)
    """
    n, ordered = len(values), np.sort(values)
    if not n:
        return math.nan, math.nan, math.nan
    ranks = np.arange(1, n + 1)
    below = ranks[bdtr(ranks - 1, n, share) <= _TAIL]
    above = ranks[1.0 - bdtr(ranks - 1, n, share) <= _TAIL]
    return (float(np.quantile(ordered, share, method="median_unbiased")),
            float(ordered[below[-1] - 1]) if len(below) else -math.inf,
            float(ordered[above[0] - 1]) if len(above) else math.inf)


def shrunk(estimates: Floats, variances: Floats) -> tuple[float, Floats]:
    """Pull the estimates of several groups towards their common middle, the more the less is known of each.

    Parameters
    ----------
    estimates, variances : float arrays of shape (n_groups,)
        What each group says alone, and the square of its standard error; infinite: it says nothing.

    Returns
    -------
    middle : float
        What a group of which nothing is known gets.
    posterior : float array of shape (n_groups,)

    References
    ----------
    DerSimonian & Laird (1986), Controlled Clinical Trials 7: variance between groups. Efron & Morris (1975),
    Journal of the American Statistical Association 70: shrinkage.

    Examples
    --------
    >>> middle, posterior = shrunk(np.array([1.0, 2.0]), np.array([0.1, 0.1]))
    >>> middle, posterior.round(2).tolist()
    (1.5, [1.1, 1.9])
    """
    known = np.isfinite(variances) & np.isfinite(estimates)
    if not known.any():
        return math.nan, np.full(len(estimates), math.nan)
    seen, error = estimates[known], np.maximum(variances[known], 1e-12)
    weight = 1.0 / error
    middle = float(weight @ seen / weight.sum())
    spare = weight.sum() - float(weight @ weight) / weight.sum()
    excess = float(weight @ (seen - middle) ** 2) - (len(seen) - 1)
    between = max(excess / spare, 0.0) if spare > 0 else 0.0
    weight = 1.0 / (error + between)
    middle = float(weight @ seen / weight.sum())
    posterior = np.full(len(estimates), middle)
    posterior[known] = middle + between / (between + error) * (seen - middle)
    return middle, posterior


def within_variance(values: pd.Series, groups: pd.Series) -> float:
    """Variance of values around the mean of their group; infinite where no group has two.

    Examples
    --------
    >>> within_variance(pd.Series([1.0, 3.0, 7.0]), pd.Series(["A", "A", "B"]))
    2.0
    """
    spare = len(values) - groups.nunique()
    off = values - values.groupby(groups).transform("mean")
    return float((off**2).sum()) / spare if spare > 0 else math.inf
