"""How one assessor's answers differ from the colleagues' on the same project and criterion.

Answers come as a cube of projects x criteria x assessors, more is better, NaN where nobody answered. Criteria of one
project are not independent, so every test takes one figure per project.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pmlib.scoring.values import FloatArray

BoolArray = npt.NDArray[np.bool_]

#: An interval over fewer projects than this says nothing.
FEWEST = 3
#: An assessor is called narrow below this share of the middle colleague's standard deviation.
NARROW = 0.75


class Difference(NamedTuple):
    """A mean or a difference of means over projects, with its 95 % interval; all NaN where not measurable."""

    mean: float
    low: float
    high: float
    p_value: float


NOT_MEASURABLE = Difference(np.nan, np.nan, np.nan, np.nan)


def off_colleagues(cube: FloatArray, *, reference: FloatArray | None = None) -> FloatArray:
    """Find how far each answer lies above the mean of the other assessors' answers.

    Parameters
    ----------
    cube : ndarray of shape (n_projects, n_criteria, n_assessors)
        Answers.
    reference : ndarray of the same shape, optional
        The answers that may serve as comparison, NaN for the rest; by default all.

    Returns
    -------
    ndarray of the same shape
        NaN where there is no answer, or nobody to compare with.

    Examples
    --------
    >>> off_colleagues(np.array([[[3.0, 1.0, np.nan]]]))
    array([[[ 2., -2., nan]]])
    """
    others = cube if reference is None else reference
    there = ~np.isnan(others)
    filled = np.where(there, others, 0.0)
    sums = filled.sum(axis=2, keepdims=True) - filled
    counts = there.sum(axis=2, keepdims=True) - there
    return np.asarray(cube - np.divide(sums, counts, out=np.full(cube.shape, np.nan), where=counts > 0))


def by_project(cube: FloatArray) -> FloatArray:
    """Average over the criteria of each project: (n_projects, n_assessors), NaN where nothing is known."""
    there = ~np.isnan(cube)
    counts, sums = there.sum(axis=1), np.where(there, cube, 0.0).sum(axis=1)
    means: FloatArray = np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
    return means


def mean_difference(values: FloatArray) -> Difference:
    """Average over projects, with Student's t interval; NaN is left out, under three projects nothing is said."""
    known = values[~np.isnan(values)]
    if len(known) < FEWEST:
        return NOT_MEASURABLE
    return _student(float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known))), degrees=len(known) - 1)


def group_difference(first: FloatArray, second: FloatArray) -> Difference:
    """Subtract the mean over the second projects from that over the first, with Student's pooled t interval.

    Pooled, because a handful of first projects may agree by chance and would then look surer than they are.
    """
    first, second = first[~np.isnan(first)], second[~np.isnan(second)]
    degrees = len(first) + len(second) - 2
    if min(len(first), len(second)) < FEWEST:
        return NOT_MEASURABLE
    squares = ((first - first.mean()) ** 2).sum() + ((second - second.mean()) ** 2).sum()
    error = float(np.sqrt(squares / degrees * (1 / len(first) + 1 / len(second))))
    return _student(float(first.mean() - second.mean()), error, degrees=degrees)


def own_programme_bias(cube: FloatArray, own: BoolArray, *, narrow: BoolArray) -> list[Difference]:
    """Compare how each assessor judges the own programme with how they judge the rest.

    The yardstick is what the colleagues say who neither judge their own programme nor keep to a narrow range: one
    biased colleague would make all others look biased the other way, and a narrow one pulls whoever belongs to a
    strong or a weak programme.

    Parameters
    ----------
    cube : ndarray of shape (n_projects, n_criteria, n_assessors)
        Answers.
    own : ndarray of shape (n_projects, n_assessors)
        True where the project belongs to the assessor's programme.
    narrow : ndarray of shape (n_assessors,)
        Who keeps to a narrow range; their own bias cannot be told from it and is not measurable.

    Returns
    -------
    list of Difference
        One per assessor, own less rest, in the unit of the answers.
    """
    neutral = np.where(own[:, None, :] | narrow, np.nan, cube)
    off = by_project(off_colleagues(cube, reference=neutral))
    off[:, narrow] = np.nan
    return [group_difference(off[own[:, a], a], off[~own[:, a], a]) for a in range(cube.shape[2])]


class Width(NamedTuple):
    """How widely an assessor spreads the answers: standard deviations, and the chance of a ratio as small."""

    spread: float
    ratio: float
    p_value: float


def width(cube: FloatArray, assessor: int) -> Width:
    """Compare the spread of an assessor's answers with that of the middle colleague on the same answers.

    The middle colleague by spread (of an even number the narrower middle one), so that neither one wide nor one
    other narrow colleague decides.

    Parameters
    ----------
    cube : ndarray of shape (n_projects, n_criteria, n_assessors)
        Answers.
    assessor : int
        Place on the last axis.

    Returns
    -------
    Width
        ``spread`` within a criterion; ``ratio`` and one-sided ``p_value`` are NaN where no colleague varies.
    """
    mine = cube[:, :, assessor]
    ratios = []
    for other in np.delete(np.arange(cube.shape[2]), assessor):
        theirs = np.where(np.isnan(mine), np.nan, cube[:, :, other])
        squares = _squares(np.where(np.isnan(theirs), np.nan, mine)), _squares(theirs)
        if np.nansum(squares[1]) > 0:
            ratios.append((float(np.sqrt(np.nansum(squares[0]) / np.nansum(squares[1]))), squares))
    spread = float(np.sqrt(np.nanmean(_squares(mine)))) if (~np.isnan(mine)).any() else np.nan
    if not ratios:
        return Width(spread, np.nan, np.nan)
    ratio, (narrow, wide) = sorted(ratios, key=lambda pair: pair[0])[len(ratios) // 2]
    test = mean_difference(by_project((wide - narrow)[:, :, None])[:, 0])
    return Width(spread, ratio, test.p_value / 2 if test.mean > 0 else 1 - test.p_value / 2)


def narrow_ones(widths: list[Width], *, level: float) -> tuple[BoolArray, FloatArray]:
    """Mark who spreads the answers clearly less than the middle colleague, and return the adjusted p-values."""
    adjusted = holm(np.array([one.p_value for one in widths], dtype=float))
    return np.array([one.ratio < NARROW for one in widths], dtype=bool) & (adjusted < level), adjusted


def holm(p_values: FloatArray) -> FloatArray:
    """Adjust p-values for having tested many (Holm 1979); NaN was not tested and stays NaN.

    Examples
    --------
    >>> holm(np.array([0.01, np.nan, 0.04, 0.03]))
    array([0.03,  nan, 0.06, 0.06])
    """
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    adjusted = np.full(len(p_values), np.nan)
    steps = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def _squares(levels: FloatArray) -> FloatArray:
    """Square the distances from each criterion's mean over the projects."""
    there = ~np.isnan(levels)
    means = np.where(there, levels, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    return np.asarray((levels - means) ** 2)


def _student(mean: float, error: float, *, degrees: int) -> Difference:
    from scipy import special

    half = float(special.stdtrit(degrees, 0.975)) * error
    p_value = 2 * float(special.stdtr(degrees, -abs(mean) / error)) if error else float(mean == 0)
    return Difference(mean, mean - half, mean + half, p_value)
