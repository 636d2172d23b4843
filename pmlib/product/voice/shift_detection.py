"""Has the level of a monthly score shifted: bare array functions, calibrated by shuffling answers over months.

Answers count +1, 0 or -1; a score is their mean. While nothing changes every answer could as well have come in any
other month, so the largest excursion in thousands of shuffles tells how large chance alone makes it: exactly, for
these numbers of answers a month, however unequal, and with the noise of the starting months inside.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

#: Weight of the newest month in the smoothed score, where all months have as many answers.
NEWEST = 0.3


def shuffled_months(up: int | Counts, down: int | Counts, n: Counts, *, size: int, rng: np.random.Generator) -> Counts:
    """Deal ``up`` answers of +1 and ``down`` of -1 at random to months of ``n`` answers.

    Parameters
    ----------
    up, down : int, or int arrays of shape (size,)
        Answers of each kind over all months.
    n : int array of shape (n_months,)
        Answers of each month.
    size : int
        How often.

    Returns
    -------
    int array of shape (size, n_months)
        Sum of the answers of each month.

    Examples
    --------
    >>> shuffled_months(3, 1, np.array([2, 4]), size=5, rng=np.random.default_rng(0)).sum(axis=1).tolist()
    [2, 2, 2, 2, 2]
    """
    rest = int(n.sum())
    ups, downs = np.full(size, up, dtype=np.int64), np.full(size, down, dtype=np.int64)
    dealt = np.zeros((size, len(n)), dtype=np.int64)
    for month, count in enumerate(n.tolist()):
        above = rng.hypergeometric(ups, rest - ups, count)
        others = rest - ups
        below = rng.hypergeometric(downs, others - downs, count - above)
        dealt[:, month] = above - below
        ups, downs, rest = ups - above, downs - below, rest - count
    return dealt


def smoothed_scores(net: Counts, n: Counts, *, start: int) -> tuple[Floats, Floats]:
    """Smooth the months after the start, each answer weighing 0.7 as much as one a month newer.

    Parameters
    ----------
    net : int array of shape (..., n_months)
        Sum of the answers of each month.
    n : int array of shape (n_months,)
        Answers of each month; 0 where there are none.
    start : int
        Months that set the level.

    Returns
    -------
    tuple of float arrays of shapes (..., n_months - start) and (n_months - start,)
        Smoothed score less that of the start (NaN before the first answer), and its standard error in units of one
        answer's standard deviation.

    References
    ----------
    Roberts (1959), Technometrics 1 (EWMA). Lucas & Saccucci (1990), Technometrics 32 (its properties).

    Examples
    --------
    >>> apart, spread = smoothed_scores(np.array([2, 2, 5]), np.array([10, 10, 10]), start=2)
    >>> apart.round(2).tolist(), spread.round(3).tolist()
    ([0.3], [0.387])
    """
    keep = 1 - NEWEST
    base_n = n[:start].sum()
    base = net[..., :start].sum(axis=-1) / base_n
    total, weight, squared = np.zeros(net.shape[:-1]), 0.0, 0.0
    apart, spread = np.full((*net.shape[:-1], len(n) - start), np.nan), np.full(len(n) - start, np.nan)
    for at, count in enumerate(n[start:].tolist()):
        total = keep * total + net[..., start + at]
        weight, squared = keep * weight + count, keep**2 * squared + count
        if weight > 0:
            apart[..., at] = total / weight - base
            spread[at] = math.sqrt(squared / weight**2 + 1 / base_n)
    return apart, spread


def monthly_scores(net: Counts, n: Counts, *, start: int) -> tuple[Floats, Floats]:
    """Give the months after the start one by one, as `smoothed_scores` gives them smoothed.

    Examples
    --------
    >>> apart, spread = monthly_scores(np.array([2, 2, 5]), np.array([10, 10, 10]), start=2)
    >>> apart.round(2).tolist(), spread.round(3).tolist()
    ([0.3], [0.387])
    """
    base_n, watched = n[:start].sum(), n[start:]
    some = np.where(watched > 0, watched, np.nan)
    apart = net[..., start:] / some - net[..., :start].sum(axis=-1, keepdims=True) / base_n
    return apart, np.sqrt(1 / some + 1 / base_n)


def excursions(net: Counts, n: Counts, *, start: int) -> Floats:
    """Give how far each month is from the start, alone or smoothed, whichever is further; 0 where unknown.

    The smoothed score sees a small lasting shift, the month alone a large sudden one.

    Returns
    -------
    float array of shape (..., n_months - start)
        In standard errors of answers whose standard deviation is 1.

    References
    ----------
    Lucas & Saccucci (1990), Technometrics 32 (EWMA and Shewhart limits combined).
    """
    both = monthly_scores(net, n, start=start), smoothed_scores(net, n, start=start)
    alone, smoothed = (np.nan_to_num(np.abs(apart / spread)) for apart, spread in both)
    return np.asarray(np.maximum(alone, smoothed))


def splits(net: Counts, n: Counts) -> Floats:
    """Compare the months up to each one with those after it, in standard errors of unit answers.

    Parameters
    ----------
    net, n : as in `smoothed_scores`

    Returns
    -------
    float array of shape (..., n_months - 1)
        Later less earlier mean, over the standard error; 0 where a side has no answers.

    References
    ----------
    Hinkley (1970), Biometrika 57. Worsley (1979), JASA 74.

    Examples
    --------
    >>> splits(np.array([5, 5, -5, -5]), np.array([10, 10, 10, 10])).round(2).tolist()
    [-1.83, -3.16, -1.83]
    """
    before, sum_before = np.cumsum(n)[:-1], np.cumsum(net, axis=-1)[..., :-1]
    after, sum_after = n.sum() - before, net.sum(axis=-1, keepdims=True) - sum_before
    both = np.maximum(before, 1), np.maximum(after, 1)
    gap = (sum_after / both[1] - sum_before / both[0]) / np.sqrt(1 / both[0] + 1 / both[1])
    return np.asarray(np.where((before > 0) & (after > 0), gap, 0.0))


def critical_value(largest: Floats, *, false_alarm: float) -> float:
    """Value that the largest excursion exceeds with chance ``false_alarm`` at most; infinite with too few shuffles.

    Examples
    --------
    >>> critical_value(np.arange(1.0, 100.0), false_alarm=0.05)
    95.0
    """
    rank = math.ceil((1 - false_alarm) * (len(largest) + 1))
    return math.inf if rank > len(largest) else float(np.sort(largest)[rank - 1])


def chance_of(observed: float, largest: Floats) -> float:
    """Share of shuffles that go as far as what was observed, itself counted (Phipson & Smyth 2010).

    Examples
    --------
    >>> chance_of(9.0, np.arange(1.0, 10.0))
    0.2
    """
    return float((1 + np.sum(largest >= observed - 1e-9)) / (len(largest) + 1))


def likely_splits(
    up: Counts, down: Counts, n: Counts, *, size: int, rng: np.random.Generator
) -> tuple[int, npt.NDArray[np.bool_]]:
    """Place of the likeliest shift, and which other places are as good within chance (95 %).

    Answers are redrawn with the shift where it seems to be, as large as it seems; the place stays in the set where the
    likelihood falls short of its maximum by no more than 95 % of the redraws do at the true place.

    Returns
    -------
    tuple of int and bool array of shape (n_months - 1,)
        Last month before the shift, as a place; and the set.

    References
    ----------
    Siegmund (1988), International Statistical Review 56 (confidence sets for a change-point).
    """
    scan = splits(up - down, n) ** 2
    best = int(np.argmax(scan))
    later = np.arange(len(n)) > best
    drawn = np.zeros((size, len(n)), dtype=np.int64)
    for side in (~later, later):
        shares = np.array([up[side].sum(), down[side].sum()]) / n[side].sum()
        kinds = rng.multinomial(n[side], [*shares, max(0.0, 1 - shares.sum())], size=(size, int(side.sum())))
        drawn[:, side] = kinds[..., 0] - kinds[..., 1]
    redrawn = splits(drawn, n) ** 2
    short = redrawn.max(axis=-1) - redrawn[:, best]
    return best, np.asarray(scan >= scan[best] - np.quantile(short, 0.95))
