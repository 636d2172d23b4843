"""Shapes of value functions: the cells of a criterion become knots, codes, a bend and words."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pmlib.errors import SchemaError

FloatArray = npt.NDArray[np.float64]

#: Points of the best level.
TOP = 100.0
#: Share of a scale that is rounding: 5.0000000001 on a scale that ends at 5 is no answer outside it.
SLACK = 1e-9
# Nearer to an end, a millionth of the scale at the flat end is worth less than a tie of 1e-9 points.
_NEAREST_MID = 0.05


def piecewise(text: str, *, objective: str, worst: float, best: float) -> tuple[FloatArray, FloatArray]:
    """Read the knots of a piecewise linear value function, from worst to best.

    Parameters
    ----------
    text : str
        ``level=points`` pairs in any order, such as ``1=0; 3=20; 5=100``.
    objective : str
        The criterion, for messages.
    worst, best : float
        Raw levels worth 0 and 100 points.

    Returns
    -------
    levels, points : ndarray of shape (n_knots,)

    Raises
    ------
    SchemaError
        The text holds no such pairs, misses an end, repeats a level or falls on the way from worst to best.

    Examples
    --------
    >>> piecewise("5=100; 1=0; 3=20", objective="reach", worst=1, best=5)
    (array([1., 3., 5.]), array([  0.,  20., 100.]))
    """
    pairs = sorted(_pairs(text, objective=objective), reverse=worst > best)
    levels, points = np.array(pairs).T
    anchored = len(pairs) > 1 and (levels[0], levels[-1], points[0], points[-1]) == (worst, best, 0.0, TOP)
    if not anchored or (np.diff(points) < 0).any() or (np.diff(levels) == 0).any():
        raise SchemaError(
            f"objectives: points of {objective!r} are {text!r}, allowed rising from {worst:g}=0 to {best:g}=100 "
            "with each level once. Correct the points, or worst and best."
        )
    return levels, points


def categorical(text: str, *, objective: str, worst: float, best: float) -> tuple[FloatArray, FloatArray]:
    """Read the codes of a categorical value function in ascending order; their points may go up and down.

    Parameters
    ----------
    text : str
        ``code=points`` pairs, such as ``1=0; 2=100; 3=35``.
    objective : str
        The criterion, for messages.
    worst, best : float
        Codes worth 0 and 100 points.

    Returns
    -------
    codes, points : ndarray of shape (n_codes,)

    Raises
    ------
    SchemaError
        The text holds no such pairs, repeats a code, gives worst or best other points, or leaves 0 to 100 points.

    Examples
    --------
    >>> categorical("1=0; 2=100; 3=35", objective="platform", worst=1, best=2)
    (array([1., 2., 3.]), array([  0., 100.,  35.]))
    """
    pairs = sorted(_pairs(text, objective=objective))
    codes, points = np.array(pairs).T
    given = dict(pairs)
    anchored = len(given) == len(pairs) and given.get(worst) == 0 and given.get(best) == TOP
    if not anchored or points.min() < 0 or points.max() > TOP:
        raise SchemaError(
            f"objectives: points of {objective!r} are {text!r}, allowed each code once with 0 to 100 points, "
            f"{worst:g}=0 and {best:g}=100 among them. Correct the points, or worst and best."
        )
    return codes, points


def curvature(mid: float, *, objective: str, worst: float, best: float) -> float:
    """Find how strongly an exponential value function bends so that ``mid`` is worth 50 points.

    Parameters
    ----------
    mid : float
        Raw level worth 50 points.
    objective : str
        The criterion, for messages.
    worst, best : float
        Raw levels worth 0 and 100 points.

    Returns
    -------
    float
        ``a`` of value ~ 1 - exp(-a z), z being the share of the way from worst to best. Above 0 the first steps
        count most, below 0 the last ones; 0 is a straight line.

    Raises
    ------
    SchemaError
        ``mid`` is missing, or nearer to an end than a twentieth of the scale, where levels could not be told apart.

    References
    ----------
    Kirkwood (1997), Strategic Decision Making, chapter 4.

    Examples
    --------
    >>> round(curvature(20, objective="reach", worst=0, best=100), 3)
    3.281
    """
    share = (mid - worst) / (best - worst)
    if not _NEAREST_MID - SLACK <= share <= 1 - _NEAREST_MID + SLACK:
        ends = sorted(worst + near * (best - worst) for near in (_NEAREST_MID, 1 - _NEAREST_MID))
        raise SchemaError(
            f"objectives: mid of {objective!r} is {mid:g}, allowed {ends[0]:g} to {ends[1]:g}, a twentieth of the "
            "scale away from both ends. Write the level worth 50 points, or narrow worst and best."
        )
    if abs(share - 0.5) <= SLACK:
        return 0.0
    # The curve of 1 - share is the same one seen from the other end, and ln 2 / near bends it too far.
    near = min(share, 1 - share)
    low, high = 0.0, math.log(2) / near
    while low < (middle := (low + high) / 2) < high:
        if math.expm1(-middle * near) < 0.5 * math.expm1(-middle):
            high = middle
        else:
            low = middle
    return math.copysign(middle, 0.5 - share)


def bent(points: FloatArray, bend: float) -> FloatArray:
    """Bend points of a straight line into those of an exponential value function.

    Parameters
    ----------
    points : ndarray
        0 to 100 points in proportion to the way from worst to best.
    bend : float
        From `curvature`; 0 leaves the points as they are.

    Examples
    --------
    >>> bent(np.array([0.0, 20.0, 100.0]), 3.28128).round(3)
    array([  0.,  50., 100.])
    """
    if bend == 0:
        return points
    share = np.expm1(-bend * (points / TOP)) / math.expm1(-bend)
    # The two functions may differ in their last digit, but best is worth 100 points and not nearly that.
    return np.where(points >= TOP, TOP, TOP * share)


def anchor_words(text: str, *, objective: str) -> dict[float, str]:
    """Read what levels mean in words, in ascending order of the levels.

    Raises
    ------
    SchemaError
        A part is no ``level=words`` pair, or a level stands twice.

    Examples
    --------
    >>> anchor_words("5=everyone; 1=nobody uses it", objective="reach")
    {1.0: 'nobody uses it', 5.0: 'everyone'}
    """
    try:
        cells = sorted(_cells(text))
    except ValueError:
        cells = [(math.nan, "")]
    words = dict(cells)
    if len(words) < len(cells) or not all(math.isfinite(level) and meaning for level, meaning in cells):
        raise SchemaError(
            f"objectives: anchors of {objective!r} are {text!r}, allowed level=words pairs with each level once. "
            "Write them like '1=nobody uses it; 5=everyone'."
        )
    return words


def _pairs(text: str, *, objective: str) -> list[tuple[float, float]]:
    try:
        pairs = [(level, float(points)) for level, points in _cells(text)]
    except ValueError:
        pairs = []
    if not pairs or not np.isfinite(pairs).all():
        raise SchemaError(
            f"objectives: points of {objective!r} are {text!r}, allowed level=points pairs. "
            "Write them like '1=0; 3=20; 5=100'."
        )
    return pairs


def _cells(text: str) -> list[tuple[float, str]]:
    parts = [part.partition("=") for part in text.split(";") if part.strip()]
    return [(float(level), after.strip()) for level, _, after in parts]
