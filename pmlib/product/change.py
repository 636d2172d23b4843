"""Is a change real: the test behind every arrow, and the correction over the whole board."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from pmlib.product.estimate import Estimate

_Z95 = 1.959963984540054
_LEAST_PAIRS, _PAIRS_FOR_MEMORY = 3, 8
_LEAST_ANSWERS = 30
_LEAST_MEMORY, _MOST_MEMORY = 0.4, 0.9

Floats = npt.NDArray[np.float64]


class Arrow(StrEnum):
    """What the board shows of a change."""

    UP = "▲"
    DOWN = "▼"
    NONE = "–"
    UNMEASURED = ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """How much something changed, and whether chance alone could have done that.

    Attributes
    ----------
    change, low, high : float
        Change with its 95 % interval, in the unit of the metric; NaN when not measured.
    p : float
        Chance of a change as large when nothing changed, on its own (not corrected for the other tests).
    n_before, n_after : int
        Observations behind each side.
    """

    change: float
    low: float
    high: float
    p: float
    n_before: int
    n_after: int

    @classmethod
    def unmeasured(cls, n_before: int = 0, n_after: int = 0) -> Change:
        """Return a change nobody could measure."""
        nan = math.nan
        return cls(change=nan, low=nan, high=nan, p=nan, n_before=n_before, n_after=n_after)


def relative_change(after: Floats, before: Floats, *, carried: Floats | None = None) -> Change:
    """Relative change of a yearly sum, from months paired with the same month of the window before.

    The change is ``sum(after) / sum(before) - 1``. What is sold anew every month and what subscriptions carry over
    from month to month differ in their noise; both add up. The interval says how far the change stands out of that
    noise: the books themselves are exact.

    *Sold.* The ratio estimator's: months are pairs, so that season cancels; Student's t on the pairs' deviations
    about their straight line, n - 2 degrees of freedom. Good and bad months come in runs, and twelve of them tell
    little of how long: the lag-1 autocorrelation is the estimated one, corrected for its bias, but 0.4 at least.
    That holds the promise of the board up to a memory of about 0.5; at 0.6 a product of a board of 34 changes shows a
    false arrow about 1 time in 80 instead of 1 in 680.

    *Carried.* A book of subscriptions is the sum of all that ever started less all that ended, so its months are no
    independent observations; only the flows are. Nothing changed means that a month brings as much as it takes and
    owes nothing to the month before. A flow counts in the change as often as it lies between two paired months:
    1, 2, ..., n, ..., 2, 1 times; its variance comes from the flows about their straight line. A book in balance
    changes less than that (what is gained can leave again), so the interval is a little too wide.

    Parameters
    ----------
    after, before : arrays of shape (n_months,)
        Revenue of each month, in any unit of money.
    carried : array of shape (2 * n_months,), optional
        The part of both windows' revenue, one after the other, that subscriptions carry over; by default none.

    References
    ----------
    Cochran (1977), Sampling Techniques, ch. 6. Kendall (1954), Biometrika 41 (bias of the autocorrelation).
    Satterthwaite (1946), Biometrics Bulletin 2 (degrees of freedom of a sum of variances).

    Examples
    --------
    >>> after, before = np.array([11.0, 12.1, 9.9, 11.0]), np.array([10.0, 11.0, 9.1, 9.9])
    >>> round(relative_change(after, before).change, 3)
    0.1
    """
    n = len(after)
    if n < _LEAST_PAIRS or before.sum() <= 0:
        return Change.unmeasured(n, n)
    book = np.zeros(2 * n) if carried is None else carried
    noise = _both(_sold_noise(after - book[n:], before - book[:n]), _carried_noise(book))
    base = float(before.sum())
    change = float(after.sum()) / base - 1
    return _student(change, noise=noise.over(base), n=n, floor=-1.0)


def share_change(
    after: Floats, before: Floats, *, change: float, study_error: float, carried: bool = False
) -> Change:
    """Change of a market share in percentage points, beyond both month-to-month noise and the study's own error.

    Parameters
    ----------
    after, before : arrays of shape (n_months,)
        Share 0-1 of each month, paired with the same month of the window before.
    change : float
        Change of the share over the whole windows, 0-1.
    study_error : float
        Standard error of that change from the market study alone, 0-1.
    carried : bool
        Whether our sales are subscriptions: the share then moves from month to month as their book does (see
        `relative_change`), and the window after must follow the one before at once.
    """
    n = len(after)
    if n < _LEAST_PAIRS:
        return Change.unmeasured(len(before), n)
    own = _carried_noise(np.concatenate([before, after])).over(n) if carried else mean_noise(after - before)
    noise = _student(100 * change, noise=own.over(0.01), n=n)
    study = _normal(100 * change, 100 * study_error, n_before=len(before), n_after=len(after))
    # Either source alone could have made the change: the wider interval and the larger p stand, whosever they are.
    wider = noise if noise.high - noise.low >= study.high - study.low else study
    return replace(wider, p=max(noise.p, study.p))


def points_change(before: Estimate, after: Estimate) -> Change:
    """Change of a score between two windows of independent answers, in its points; 30 answers each at least."""
    if min(before.n, after.n) < _LEAST_ANSWERS:
        return Change.unmeasured(before.n, after.n)
    error = math.hypot(before.standard_error, after.standard_error)
    return _normal(after.value - before.value, error, n_before=before.n, n_after=after.n)


def proportion_change(before: Estimate, after: Estimate) -> Change:
    """Change of a share between two windows, in percentage points; 30 observations each at least.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17 (interval). Miettinen & Nurminen (1985) (score test).
    """
    if min(before.n, after.n) < _LEAST_ANSWERS:
        return Change.unmeasured(before.n, after.n)
    counts = [round(one.value * one.n) for one in (after, before)]
    change = 100 * (after.value - before.value)
    from statsmodels.stats import proportion

    low, high = proportion.confint_proportions_2indep(
        counts[0], after.n, counts[1], before.n, compare="diff", method="newcomb"
    )
    # Nobody or everybody on both sides tells nothing against no change, and yet leaves room for one.
    p = 1.0
    if counts not in ([0, 0], [after.n, before.n]):
        # Only the ratio that comes along, and is not asked for, divides by a share of 0.
        with np.errstate(divide="ignore", invalid="ignore"):
            test = proportion.test_proportions_2indep(
                counts[0], after.n, counts[1], before.n, compare="diff", method="score", return_results=True
            )
        p = float(test.pvalue)
    return Change(
        change=change,
        low=100 * float(low),
        high=100 * float(high),
        p=p,
        n_before=before.n,
        n_after=after.n,
    )


def arrows(changes: Sequence[Change], *, false_alarm: float = 0.05) -> tuple[list[Arrow], list[float]]:
    """Decide all arrows of one board together, so that any false one appears at most ``false_alarm`` of the time.

    Parameters
    ----------
    changes : sequence of Change
        Every change on the board; unmeasured ones get no arrow and cost nothing.
    false_alarm : float
        Chance of one or more false arrows on the whole board.

    Returns
    -------
    tuple of lists
        An arrow for each change, and its p-value corrected over the board (NaN when unmeasured).

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2).
    """
    corrected = holm(np.array([one.p for one in changes], dtype=np.float64))
    shown = [_arrow(one.change, float(p), false_alarm) for one, p in zip(changes, corrected, strict=True)]
    return shown, corrected.tolist()


def holm(p_values: Floats) -> Floats:
    """Correct p-values for their number, stepping down from the smallest; NaN stays out.

    Parameters
    ----------
    p_values : array of shape (n_tests,)

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, np.nan, 0.03])).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    corrected = np.full(len(p_values), np.nan)
    order = np.argsort(p_values, kind="stable")[: int(np.isfinite(p_values).sum())]
    steps = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps * p_values[order]))
    return corrected


def _arrow(change: float, p: float, false_alarm: float) -> Arrow:
    if math.isnan(p):
        return Arrow.UNMEASURED
    if p > false_alarm:
        return Arrow.NONE
    return Arrow.UP if change > 0 else Arrow.DOWN


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Standard error of a change, and the degrees of freedom it is known with."""

    error: float
    freedom: float

    @property
    def half_width(self) -> float:
        """Half of the 95 % interval (Student's t)."""
        from scipy import special

        return float(special.stdtrit(self.freedom, 0.975)) * self.error

    def over(self, base: float) -> Noise:
        """Return the noise of the change divided by ``base``."""
        return replace(self, error=self.error / base)


def mean_noise(deviations: Floats) -> Noise:
    """Give the noise of a mean of months that may remember the month before, from the months about their line.

    Parameters
    ----------
    deviations : array of shape (n_months,), 3 at least

    References
    ----------
    Kendall (1954), Biometrika 41 (bias of the autocorrelation).
    """
    n = len(deviations)
    noise = _about_line(deviations)
    memory = _memory(noise)
    variance = float(noise @ noise) / (n - 2)
    return Noise(error=math.sqrt(variance / n * (1 + memory) / (1 - memory)), freedom=n - 2)


def _sold_noise(after: Floats, before: Floats) -> Noise:
    """Noise of ``sum(after) - sum(before)`` for what is sold anew every month."""
    total = float(before.sum())
    ratio = float(after.sum()) / total if total > 0 else 1.0
    mean = mean_noise(after - ratio * before)
    return Noise(error=len(after) * mean.error, freedom=mean.freedom)


def _carried_noise(book: Floats) -> Noise:
    """Noise of ``sum(second half) - sum(first half)`` of a book whose monthly flows are what is random."""
    flows, n = np.diff(book), len(book) // 2
    times = n - np.abs(np.arange(1 - n, n))
    noise, freedom = _about_line(flows), len(flows) - 2
    variance = float(noise @ noise) / freedom
    return Noise(error=math.sqrt(variance * float(times @ times)), freedom=freedom)


def _both(one: Noise, other: Noise) -> Noise:
    """Noise of a sum of two changes that know nothing of each other."""
    parts = np.array([one.error, other.error]) ** 2
    freedom = np.array([one.freedom, other.freedom])
    if parts.sum() == 0:
        return one
    return Noise(error=math.sqrt(parts.sum()), freedom=float(parts.sum() ** 2 / (parts**2 / freedom).sum()))


def _about_line(values: Floats) -> Floats:
    """Values about their straight line: a change that grows or fades over the year is still a change, no noise."""
    return np.asarray(values - values.mean() - _slope(values), dtype=np.float64)


def _student(change: float, *, noise: Noise, n: int, floor: float = -math.inf) -> Change:
    half = noise.half_width
    p = _p_value(change, noise.error, noise.freedom)
    return Change(change=change, low=max(floor, change - half), high=change + half, p=p, n_before=n, n_after=n)


def _p_value(change: float, error: float, freedom: float) -> float:
    from scipy import special

    if error == 0:
        return 1.0 if change == 0 else 0.0
    return 2 * float(special.stdtr(freedom, -abs(change) / error))


def _normal(change: float, error: float, *, n_before: int, n_after: int) -> Change:
    half = _Z95 * error
    p = _p_value(change, error, math.inf)
    return Change(change=change, low=change - half, high=change + half, p=p, n_before=n_before, n_after=n_after)


def _slope(values: Floats) -> Floats:
    """Fit a straight line by least squares and return its part about the mean."""
    time = np.arange(len(values)) - (len(values) - 1) / 2
    return np.asarray(float(time @ values) / float(time @ time) * time, dtype=np.float64)


def _memory(noise: Floats) -> float:
    """Lag-1 autocorrelation about a line, corrected for bias, between 0.4 and 0.9; 0.4 where too short to tell."""
    n, power = len(noise), float(noise @ noise)
    if n < _PAIRS_FOR_MEMORY or power == 0:
        return _LEAST_MEMORY
    raw = float(noise[1:] @ noise[:-1]) / power
    return min(_MOST_MEMORY, max(_LEAST_MEMORY, (n * raw + 2) / (n - 4)))
