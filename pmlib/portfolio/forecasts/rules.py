"""Scoring rules: what a stated range and a stated chance cost, once the outcome is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from pmlib.errors import ParameterError
from pmlib.portfolio.model import Floats
from pmlib.portfolio.risk.distributions import SCORE_90, two_piece_normal

_PEAK, _ROOT_PI = 1.0 / math.sqrt(2.0 * math.pi), math.sqrt(math.pi)
#: Integral of the squared lower half of the standard normal distribution function.
_HALF = _PEAK - 0.5 / _ROOT_PI


def crps(p10: Floats, p50: Floats, p90: Floats, *, outcome: Floats, low: float = 0.0) -> Floats:
    """Ask how far a stated range lay from what came true, in the unit of the forecast; 0 is perfect.

    The range is read as the portfolio draws it: half a normal on either side of its median, each as wide as its
    tenth says, cut off at ``low``. With widths s1 below and s2 above and z = (y - p50) / s on the side of the
    outcome y, the continuous ranked probability score is
    ``s (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)) + (s_other - s) (phi(0) - 1 / sqrt(4 pi))``,
    less what the cut takes away. A range without width scores the plain distance.

    Parameters
    ----------
    p10, p50, p90, outcome : float arrays of shape (n,)
        In one unit; missing gives missing for the outcome, and is refused in the range.
    low : float
        End that nothing passes: 0 for money and months.

    Returns
    -------
    float array of shape (n,)

    Raises
    ------
    ParameterError
        The points are out of order, missing, or below ``low``.

    References
    ----------
    Gneiting & Raftery (2007), Journal of the American Statistical Association 102(477): the score and the normal.
    Gneiting & Thorarinsdottir (2010), arXiv:1010.2318: a two-piece normal.

    Examples
    --------
    >>> score = crps(np.array([80.0]), np.array([100.0]), np.array([150.0]), outcome=np.array([200.0]))
    >>> score.round(2).tolist()
    [75.38]
    """
    stated = two_piece_normal(p10, p50, p90, low=low)
    down, up = (stated.p50 - stated.p10) / SCORE_90, (stated.p90 - stated.p50) / SCORE_90
    inside = np.maximum(outcome, low)
    off = inside - stated.p50
    side, other = np.where(off >= 0, up, down), np.where(off >= 0, down, up)
    z = np.divide(np.abs(off), side, out=np.zeros_like(side), where=side > 0)
    normal = side * (z * (2 * ndtr(z) - 1) + 2 * _PEAK * np.exp(-0.5 * z**2) - 1 / _ROOT_PI)
    start = np.divide(low - stated.p50, down, out=np.full_like(down, -np.inf), where=down > 0)
    at_best = np.where(side > 0, normal, np.abs(off)) + (other - side) * _HALF
    score: Floats = at_best - down * _squared_tail(start) + (inside - outcome)
    return score


def _squared_tail(z: Floats) -> Floats:
    """Integral of the squared standard normal distribution function from minus infinity to z, shape (n,)."""
    finite = np.maximum(z, -40.0)
    density = _PEAK * np.exp(-0.5 * finite**2)
    tail = finite * ndtr(finite) ** 2 + 2 * density * ndtr(finite) - ndtr(math.sqrt(2.0) * finite) / _ROOT_PI
    return np.asarray(np.maximum(tail, 0.0))


@dataclass(frozen=True, eq=False, kw_only=True)
class Chances:
    """How good stated chances were: ``brier = reliability - resolution + uncertainty``.

    Attributes
    ----------
    brier : float
        Mean squared distance of chance and outcome; 0 is perfect, 0.25 is always saying one half.
    reliability : float
        What chances cost that are not what they say (0: nothing).
    resolution : float
        What telling cases apart gains.
    uncertainty : float
        Score of the one best constant chance.
    log_score : float
        Mean of minus the logarithm of the chance given to what came true; infinite after a certainty that failed.
    curve : DataFrame
        One row per stretch of stated chances that came true alike: stated, observed, n; rising.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    log_score: float
    curve: pd.DataFrame


def chances(stated: Floats, outcome: Floats) -> Chances:
    """Ask what stated chances cost, and whether for being off or for not telling cases apart.

    Murphy's three terms need groups of chances. Here a group is a stretch within which the observed share does not
    rise, found by pooling neighbours that violate the order, so nobody has to choose bins and the terms add up
    exactly. Where chances rise with the outcome it is Murphy's own decomposition by stated value. From few chances
    reliability and resolution both come out too high, by the same amount.

    Parameters
    ----------
    stated : float array of shape (n,), 0-1
    outcome : float array of shape (n,), 0 or 1
        Without a row every figure is missing.

    Raises
    ------
    ParameterError
        A chance lies outside 0-1, or an outcome is neither 0 nor 1.

    References
    ----------
    Brier (1950), Monthly Weather Review 78; Murphy (1973), Journal of Applied Meteorology 12. Dimitriadis, Gneiting
    & Jordan (2021), PNAS 118(8): pooled stretches in place of bins.

    Examples
    --------
    >>> found = chances(np.array([0.2, 0.2, 0.8, 0.8]), np.array([0.0, 1.0, 1.0, 1.0]))
    >>> round(found.brier, 12), round(found.reliability - found.resolution + found.uncertainty, 12)
    (0.19, 0.19)
    """
    from scipy.optimize import isotonic_regression

    stated, outcome = np.asarray(stated, dtype=float), np.asarray(outcome, dtype=float)
    _refuse(stated, (stated >= 0) & (stated <= 1), "chance", "0 to 1")
    _refuse(outcome, (outcome == 0) | (outcome == 1), "outcome of a chance", "0 or 1")
    if not len(stated):
        return Chances(brier=math.nan, reliability=math.nan, resolution=math.nan, uncertainty=math.nan,
                       log_score=math.nan, curve=pd.DataFrame(columns=["stated", "observed", "n"], dtype=float))
    alike = pd.DataFrame({"stated": stated, "outcome": outcome}).groupby("stated")["outcome"].agg(["mean", "size"])
    fitted = isotonic_regression(alike["mean"], weights=alike["size"])
    values, n = np.asarray(alike.index, dtype=float), alike["size"].to_numpy(dtype=float)
    stretch = np.repeat(np.arange(len(fitted.blocks) - 1), np.diff(fitted.blocks))
    base, brier = float(outcome.mean()), float(np.mean((stated - outcome) ** 2))
    best = float(np.mean((fitted.x[np.searchsorted(values, stated)] - outcome) ** 2))
    with np.errstate(divide="ignore"):
        surprise = -np.log(np.where(outcome == 1, stated, 1.0 - stated))
    total = np.bincount(stretch, n)
    curve = pd.DataFrame({"stated": np.bincount(stretch, n * values) / total,
                          "observed": fitted.x[fitted.blocks[:-1]], "n": total.astype(int)})
    return Chances(brier=brier, reliability=brier - best, resolution=base * (1 - base) - best,
                   uncertainty=base * (1 - base), log_score=float(surprise.mean()), curve=curve)


def _refuse(values: Floats, fine: np.ndarray, what: str, allowed: str) -> None:
    if not fine.all():
        at = int(np.argmin(fine))
        raise ParameterError(f"{what} {at}: got {values[at]:g}, allowed {allowed}. Correct the forecast.")
