"""Kaplan-Meier curves and log-rank scores from counts."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from pmlib.product.loyalty.likelihood import Floats

_LEVEL = 0.95


class LogRank(NamedTuple):
    """Do groups end alike? ``chi2`` on ``df`` degrees of freedom, ``p``; NaN where there is nothing to compare."""

    chi2: float
    df: int
    p: float


def kaplan_meier(counts: pd.DataFrame, *, interval: str = "log-log") -> pd.DataFrame:
    """Estimate the share that still runs after each month.

    Parameters
    ----------
    counts : DataFrame
        ``months``, ``ended`` (False: censored), ``n``.
    interval : str
        ``log-log`` or ``greenwood``.

    Returns
    -------
    DataFrame
        ``months`` (0 to the longest observed), ``at_risk``, ``ended``, ``survival``, ``low``, ``high``.

    Examples
    --------
    >>> counts = pd.DataFrame({"months": [1, 2, 3], "ended": [True, False, True], "n": [1, 1, 2]})
    >>> kaplan_meier(counts)["survival"].tolist()
    [1.0, 0.75, 0.75, 0.0]
    """
    at_risk, ended = (part[:, 0] for part in exposure(counts.assign(group="all"), "group"))
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(np.where(at_risk > 0, 1 - ended / at_risk, np.nan), dtype=float)
        variance = np.cumsum(ended / (at_risk * (at_risk - ended)))
    low, high = _limits(survival, variance, at_risk, interval=interval)
    return pd.DataFrame(
        {"months": np.arange(len(survival)), "at_risk": at_risk.astype("int64"), "ended": ended.astype("int64"),
         "survival": survival, "low": low, "high": high}
    )  # fmt: skip


def _limits(survival: Floats, variance: Floats, at_risk: Floats, *, interval: str) -> tuple[Floats, Floats]:
    z = special.ndtri((1 + _LEVEL) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        if interval == "greenwood":
            half = z * survival * np.sqrt(variance)
            low, high = np.clip(survival - half, 0, 1), np.clip(survival + half, 0, 1)
        else:
            spread = z * np.sqrt(variance) / np.log(survival)
            low, high = survival ** np.exp(-spread), survival ** np.exp(spread)
    # Before the first end nothing varies: the exact limit for none of n. Once all have ended, the earlier one stays.
    none_yet = survival == 1
    low = np.where(none_yet, ((1 - _LEVEL) / 2) ** (1 / np.maximum(at_risk, 1)), np.where(survival == 0, 0, low))
    upper = pd.Series(np.where(none_yet, 1, np.where(survival == 0, np.nan, high))).ffill()
    begin = np.arange(len(survival)) == 0
    return np.where(begin, survival, low), np.where(begin, survival, upper.to_numpy(dtype=float))


def exposure(counts: pd.DataFrame, group: str) -> tuple[Floats, Floats]:
    """Count who is at risk at each month, and who ends in it: two arrays of shape (n_months, n_groups)."""
    if counts.empty:
        return np.zeros((0, 0)), np.zeros((0, 0))
    names, place = np.unique(counts[group].to_numpy(), return_inverse=True)
    months = counts["months"].to_numpy(dtype=int)
    shape = (int(months.max()) + 1, len(names))
    left, ended = np.zeros(shape), np.zeros(shape)
    weights = counts["n"].to_numpy(dtype=float)
    np.add.at(left, (months, place), weights)
    np.add.at(ended, (months, place), weights * counts["ended"].to_numpy(dtype=float))
    return np.cumsum(left[::-1], axis=0)[::-1], ended


def scores(at_risk: Floats, ended: Floats) -> tuple[Floats, Floats]:
    """Compare each group's ends with those expected if all ended alike.

    Parameters
    ----------
    at_risk, ended : arrays of shape (n_months, n_groups)

    Returns
    -------
    excess : array of shape (n_groups,)
        Observed less expected ends.
    covariance : array of shape (n_groups, n_groups)
        Of the excess, hypergeometric.
    """
    total, ends = at_risk.sum(axis=1, keepdims=True), ended.sum(axis=1, keepdims=True)
    several = total[:, 0] > 1
    at_risk, ended, total, ends = at_risk[several], ended[several], total[several], ends[several]
    share = at_risk / total
    weight = (ends * (total - ends) / (total - 1))[:, 0]
    covariance = np.diag(weight @ share) - (share * weight[:, None]).T @ share
    return (ended - ends * share).sum(axis=0), covariance


def log_rank(at_risk: Floats, ended: Floats) -> LogRank:
    """Test whether all groups end alike.

    Parameters
    ----------
    at_risk, ended : arrays of shape (n_months, n_groups)
        As `exposure` gives them.

    References
    ----------
    Mantel (1966), Cancer Chemotherapy Reports 50; Peto and Peto (1972), JRSS A 135.
    """
    excess, covariance = scores(at_risk, ended)
    compared = np.diag(covariance) > 0 if len(excess) else np.zeros(0, dtype=bool)
    df = int(compared.sum()) - 1
    if df < 1:
        return LogRank(math.nan, max(df, 0), math.nan)
    kept = np.flatnonzero(compared)[:-1]
    chi2 = float(excess[kept] @ np.linalg.solve(covariance[np.ix_(kept, kept)], excess[kept]))
    return LogRank(chi2, df, float(special.chdtrc(df, chi2)))


def p_text(p: float) -> str:
    """Write a p-value as a sentence does.

    Examples
    --------
    >>> p_text(0.0312), p_text(1e-9)
    ('p = 0.031', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"  # noqa: PLR2004
