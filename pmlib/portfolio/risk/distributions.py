"""Distributions through given points: the two-piece normal of a three-point estimate, the triangle of an impact."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pmlib.errors import ParameterError
from pmlib.portfolio.model import Floats, Ints

#: Standard normal score of 0.9: p10 and p90 lie so many standard deviations of their side from the median.
SCORE_90 = 1.2815515655446004
_PEAK = 1.0 / math.sqrt(2.0 * math.pi)


@dataclass(frozen=True, eq=False, kw_only=True)
class TwoPieceNormal:
    """What a three-point estimate means: half a normal on either side of its median, each with its own width.

    The value at standard normal score z is ``p50 + (p90 - p50) z / 1.2816`` above the median and
    ``p50 + (p50 - p10) z / 1.2816`` below, cut off at ``low`` and ``high``. So it passes exactly through the three
    points, exists for any three in order (a three-term metalog does not where one side is over five times the
    other), and its mean is .311 p10 + .377 p50 + .311 p90 before the cut, next to Swanson's .3, .4, .3. Its density
    jumps at the median where the sides differ.

    Attributes
    ----------
    p10, p50, p90 : float arrays of shape (n,)
        In the unit of what is estimated.
    low, high : float
        Ends that no draw passes; what the normal has beyond lies on them.

    References
    ----------
    Wallis (2014), Statistical Science 29(1), on two-piece normals; Keelin (2016), Decision Analysis 13(4), on metalogs.
    """

    p10: Floats
    p50: Floats
    p90: Floats
    low: float = 0.0
    high: float = math.inf

    def at(self, score: Floats) -> Floats:
        """Value at standard normal scores, shape (n, ...) -> (n, ...)."""
        ahead = (slice(None),) + (None,) * (np.ndim(score) - 1)
        middle, up, down = self.p50[ahead], self._up[ahead], self._down[ahead]
        return np.clip(middle + np.where(score > 0.0, up, down) * score, self.low, self.high)

    def quantile(self, share: Floats) -> Floats:
        """Value not passed with the chance ``share`` (0-1), shape (n, ...) -> (n, ...)."""
        from scipy.special import ndtri

        # No share is passed with certainty on a side without an end; half a million standard deviations are enough.
        return self.at(np.clip(ndtri(share), -5e5, 5e5))

    def mean(self) -> Floats:
        """Mean in closed form, the cut-off included, shape (n,)."""
        return self._upper(1) - self._lower(1)

    def standard_deviation(self) -> Floats:
        """Spread (standard deviation) in closed form, the cut-off included, shape (n,)."""
        return np.sqrt(np.maximum(self._upper(2) + self._lower(2) - self.mean() ** 2, 0.0))

    @property
    def _up(self) -> Floats:
        return (self.p90 - self.p50) / SCORE_90

    @property
    def _down(self) -> Floats:
        return (self.p50 - self.p10) / SCORE_90

    def _upper(self, power: int) -> Floats:
        return _half_moment(self.p50, self._up, self.high, power=power)

    def _lower(self, power: int) -> Floats:
        return _half_moment(-self.p50, self._down, -self.low, power=power)


def _half_moment(middle: Floats, width: Floats, end: float, *, power: int) -> Floats:
    """Mean of ``min(middle + width z, end) ** power`` over z > 0, for a standard normal z, shape (n,)."""
    from scipy.special import ndtr

    with np.errstate(divide="ignore", invalid="ignore"):
        cut = np.where(width > 0, (end - middle) / width, np.inf)
    density = _PEAK * np.exp(-0.5 * cut**2)
    inside, rise, beyond = ndtr(cut) - 0.5, _PEAK - density, ndtr(-cut)
    past = np.where(beyond > 0, beyond * (end if math.isfinite(end) else 0.0) ** power, 0.0)
    if power == 1:
        return np.asarray(middle * inside + width * rise + past)
    curve = inside - np.where(np.isfinite(cut), cut, 0.0) * density
    return np.asarray(middle**2 * inside + 2 * middle * width * rise + width**2 * curve + past)


def two_piece_normal(
    p10: Floats, p50: Floats, p90: Floats, *, low: float = 0.0, high: float = math.inf,
) -> TwoPieceNormal:
    """Say what a three-point estimate means as a distribution.

    Parameters
    ----------
    p10, p50, p90 : float or array of shape (n,)
        Passed 9, 5 and 1 times in 10.
    low, high : float
        Ends that nothing passes: 0 for money and months, 0 and 1 for a chance.

    Returns
    -------
    TwoPieceNormal

    Raises
    ------
    ParameterError
        A point is no finite number, out of order, or beyond an end.

    Examples
    --------
    >>> cost = two_piece_normal(80.0, 100.0, 150.0)
    >>> cost.quantile(np.array([[0.1, 0.5, 0.9]])).round(6).tolist(), round(float(cost.mean()[0]), 2)
    ([[80.0, 100.0, 150.0]], 109.34)
    """
    try:
        points = [np.atleast_1d(point) for point in np.broadcast_arrays(*(np.asarray(point, dtype=float)
                                                                          for point in (p10, p50, p90)))]
        low, high = float(low), float(high)
    except (TypeError, ValueError):
        raise ParameterError(f"p10, p50, p90, low, high: got {p10!r}, {p50!r}, {p90!r}, {low!r}, {high!r}, allowed "
                             "numbers, the points also arrays of one length. Correct them.") from None
    for row in np.column_stack(points):
        if not np.isfinite(row).all() or not low <= row[0] <= row[1] <= row[2] <= high:
            raise ParameterError(f"p10, p50, p90: got {', '.join(f'{point:g}' for point in row)}, allowed numbers from "
                                 f"{low:g} to {high:g} in rising order. Correct the estimate.")
    return TwoPieceNormal(p10=points[0], p50=points[1], p90=points[2], low=low, high=high)


@dataclass(frozen=True, eq=False, kw_only=True)
class Triangular:
    """Impact of a risk that happens: least, most likely and largest are its ends and its peak.

    Attributes
    ----------
    low, mode, high : float arrays of shape (n,)
    """

    low: Floats
    mode: Floats
    high: Floats

    def take(self, place: Ints) -> Triangular:
        """Give those at these places, in this order."""
        return Triangular(low=self.low[place], mode=self.mode[place], high=self.high[place])

    def mean(self) -> Floats:
        """Mean, shape (n,)."""
        return (self.low + self.mode + self.high) / 3.0

    def variance(self) -> Floats:
        """Variance, shape (n,)."""
        low, mode, high = self.low, self.mode, self.high
        return np.maximum(low**2 + mode**2 + high**2 - low * mode - low * high - mode * high, 0.0) / 18.0

    def quantile(self, share: Floats) -> Floats:
        """Value not passed with the chance ``share`` (0-1), shape (n, n_draws) -> (n, n_draws)."""
        low, rise, fall = self.low[:, None], (self.mode - self.low)[:, None], (self.high - self.mode)[:, None]
        width = rise + fall
        return np.where(share * width < rise, low + np.sqrt(share * width * rise),
                        low + width - np.sqrt((1.0 - share) * width * fall))
