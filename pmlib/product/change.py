"""Is a change real: the test behind every arrow, and the correction over the whole board."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from pmlib.product.estimate import Estimate

_Z95 = 1.959963984540054
_LEAST_PAIRS, _PAIRS_FOR_MEMORY = 3, 8
_LEAST_ANSWERS = 30
_MOST_MEMORY = 0.9

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


def relative_change(after: Floats, before: Floats) -> Change:
    """Relative change of a yearly sum, from months paired with the same month of the window before.

    The change is ``sum(after) / sum(before) - 1``. Its interval is the ratio estimator's: months are pairs, so that
    season cancels; Student's t on the pairs' deviations about their straight line, n - 2 degrees of freedom; widened
    when the deviations remember the month before (lag-1 autocorrelation, corrected for its bias in short series). It
    says how far the change stands out of month-to-month noise: the books themselves are exact. Twelve months tell
    little of a long memory: where noise itself has a lag-1 autocorrelation of 0.3 or more, such arrows are too easy.

    Parameters
    ----------
    after, before : arrays of shape (n_months,)
        Revenue of each month, in any unit of money.

    References
    ----------
    Cochran (1977), Sampling Techniques, ch. 6. Kendall (1954), Biometrika 41 (bias of the autocorrelation).

    Examples
    --------
    >>> after, before = np.array([11.0, 12.1, 9.9, 11.0]), np.array([10.0, 11.0, 9.1, 9.9])
    >>> round(relative_change(after, before).change, 3)
    0.1
    """
    n = len(after)
    if n < _LEAST_PAIRS or before.sum() <= 0:
        return Change.unmeasured(n, n)
    ratio = float(after.sum() / before.sum())
    deviations = (after - ratio * before) / before.mean()
    return _student(ratio - 1, deviations, floor=-1.0)


def share_change(after: Floats, before: Floats, *, change: float, study_error: float) -> Change:
    """Change of a market share in percentage points, beyond both month-to-month noise and the study's own error.

    Parameters
    ----------
    after, before : arrays of shape (n_months,)
        Share 0-1 of each month, paired with the same month of the window before.
    change : float
        Change of the share over the whole windows, 0-1.
    study_error : float
        Standard error of that change from the market study alone, 0-1.
    """
    if len(after) < _LEAST_PAIRS:
        return Change.unmeasured(len(before), len(after))
    steps = 100 * (after - before)
    noise = _student(100 * change, steps - steps.mean())
    study = _normal(100 * change, 100 * study_error, n_before=len(before), n_after=len(after))
    # Either source alone could have made the change, so the more doubtful one decides.
    return noise if noise.high - noise.low >= study.high - study.low else study


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
    if counts in ([0, 0], [after.n, before.n]):
        return Change(change=change, low=0.0, high=0.0, p=1.0, n_before=before.n, n_after=after.n)
    from statsmodels.stats import proportion

    low, high = proportion.confint_proportions_2indep(
        counts[0], after.n, counts[1], before.n, compare="diff", method="newcomb"
    )
    test = proportion.test_proportions_2indep(
        counts[0], after.n, counts[1], before.n, compare="diff", method="score", return_results=True
    )
    return Change(
        change=change,
        low=100 * float(low),
        high=100 * float(high),
        p=float(test.pvalue),
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
    corrected = _holm(np.array([one.p for one in changes], dtype=np.float64))
    shown = [_arrow(one.change, float(p), false_alarm) for one, p in zip(changes, corrected, strict=True)]
    return shown, corrected.tolist()


def _holm(p_values: Floats) -> Floats:
    """Correct p-values for their number, stepping down from the smallest; NaN stays out."""
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


def _student(change: float, deviations: Floats, *, floor: float = -math.inf) -> Change:
    """Interval and p-value of a mean from deviations about it, less their trend, that may remember the month before."""
    from scipy import special

    n = len(deviations)
    # A change that grows or fades over the year is still a change: its slope is no noise.
    noise = deviations - deviations.mean() - _slope(deviations)
    memory = _memory(noise)
    error = math.sqrt(float(noise @ noise) / (n - 2) / n * (1 + memory) / (1 - memory))
    half = float(special.stdtrit(n - 2, 0.975)) * error
    p = _p_value(change, error, n - 2)
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
    """Lag-1 autocorrelation about a line, corrected for bias, between 0 and 0.9; 0 where too short to tell."""
    n, power = len(noise), float(noise @ noise)
    if n < _PAIRS_FOR_MEMORY or power == 0:
        return 0.0
    raw = float(noise[1:] @ noise[:-1]) / power
    return min(_MOST_MEMORY, max(0.0, (n * raw + 2) / (n - 4)))
