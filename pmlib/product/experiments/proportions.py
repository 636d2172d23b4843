"""Two proportions: how far apart they are, and whether chance alone could have done that.

Every function takes arrays whose first axis has the two arms, control first, so that a thousand experiments are
compared as fast as one.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
import numpy.typing as npt

from pmlib.errors import ParameterError

Floats = npt.NDArray[np.float64]
#: Below this many expected in a cell, the score test's normal approximation gives way to Fisher's exact test.
_LEAST_EXPECTED = 1.0


def as_share(name: str, got: float, *, use: float) -> float:
    """Read a share: a number above 0 and below 1.

    Parameters
    ----------
    name : str
        The parameter, as the message names it.
    got : float
        What was given.
    use : float
        What the message proposes.

    Raises
    ------
    ParameterError
        It is no number, or lies outside 0 to 1.

    Examples
    --------
    >>> as_share("level", 0.9, use=0.95)
    0.9
    """
    if not isinstance(got, Real) or not 0 < got < 1:
        raise ParameterError(f"{name}: got {got!r}, allowed above 0 and below 1. Use {use:g}.")
    return float(got)


def wilson_interval(hits: npt.ArrayLike, n: npt.ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """How sure a share is: Wilson's interval, 0-1.

    Parameters
    ----------
    hits, n : arrays of one shape
        Those who converted, and all.
    level : float
        Coverage of the interval.

    Returns
    -------
    low, high : arrays of that shape
        NaN where n is 0.

    References
    ----------
    Wilson (1927), JASA 22(158).

    Examples
    --------
    >>> low, high = wilson_interval(81, 263)
    >>> round(float(low), 4), round(float(high), 4)
    (0.2553, 0.3662)
    """
    x, size = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z2 = _quantile(level) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (x + z2 / 2) / (size + z2)
        half = np.sqrt(z2 * (x * (1 - x / size) + z2 / 4)) / (size + z2)
    # At the ends of the scale rounding must not put the share itself outside its interval.
    low, high = np.where(x == 0, 0.0, middle - half), np.where(x == size, 1.0, middle + half)
    known = np.where(size > 0, 1.0, np.nan)
    return np.asarray(low * known), np.asarray(high * known)


def newcombe_interval(hits: npt.ArrayLike, n: npt.ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """How sure the difference of two shares is, treatment less control: Newcombe's interval, -1 to 1.

    Parameters
    ----------
    hits, n : arrays of shape (2, ...), control first
        Those who converted, and all.
    level : float
        Coverage of the interval.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890 (method 10).

    Examples
    --------
    >>> low, high = newcombe_interval([48, 56], [80, 70])
    >>> round(float(low), 4), round(float(high), 4)
    (0.0524, 0.3339)
    """
    x, size = _arms(hits, n)
    (c, t), (low, high) = _share(x, size), wilson_interval(x, size, level=level)
    down = t - c - np.hypot(t - low[1], high[0] - c)
    up = t - c + np.hypot(high[1] - t, c - low[0])
    return np.maximum(down, -1.0), np.minimum(up, 1.0)


def lift_interval(hits: npt.ArrayLike, n: npt.ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """How sure the relative lift is, treatment over control less 1.

    Made of the same Wilson limits as `newcombe_interval`: it leaves out 0 exactly where that one does.

    Parameters
    ----------
    hits, n : arrays of shape (2, ...), control first
        Those who converted, and all.
    level : float
        Coverage of the interval.

    Returns
    -------
    low, high : arrays
        The upper end is infinite where nobody in control converted; NaN where neither arm has a conversion.

    References
    ----------
    Donner & Zou (2012), Statistical Methods in Medical Research 21 (MOVER for a ratio).

    Examples
    --------
    >>> low, high = lift_interval([400, 460], [4000, 4000])
    >>> round(float(low), 3), round(float(high), 3)
    (0.013, 0.305)
    """
    x, size = _arms(hits, n)
    (c, t), (low, high) = _share(x, size), wilson_interval(x, size, level=level)
    with np.errstate(invalid="ignore", divide="ignore"):
        down = _ratio_end(t * c, low[1] * (2 * t - low[1]), high[0] * (2 * c - high[0]), side=-1)
        up = _ratio_end(t * c, high[1] * (2 * t - high[1]), low[0] * (2 * c - low[0]), side=1)
    down = np.where(t == 0, 0.0, down)
    nobody = np.where((c == 0) & (t == 0), np.nan, 0.0)
    return np.asarray(down - 1 + nobody), np.asarray(np.where(c == 0, np.inf, up) - 1 + nobody)


def score_test(hits: npt.ArrayLike, n: npt.ArrayLike) -> Floats:
    """Chance of a difference as large or larger when both shares are equal, two-sided.

    The score test with Campbell's factor (N - 1) / N; Fisher's exact test where less than one is expected in a cell.

    Parameters
    ----------
    hits, n : arrays of shape (2, ...), control first
        Those who converted, and all.

    Returns
    -------
    array
        1 where nobody or everybody converted, NaN where an arm is empty.

    References
    ----------
    Miettinen & Nurminen (1985), Statistics in Medicine 4. Campbell (2007), Statistics in Medicine 26.

    Examples
    --------
    >>> round(float(score_test([400, 460], [4000, 4000])), 4)
    0.0303
    """
    from scipy import special

    x, size = _arms(hits, n)
    total = size.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = x.sum(axis=0) / total
        error = np.sqrt(pooled * (1 - pooled) * (1 / size).sum(axis=0) * total / (total - 1))
        gap = np.abs(np.diff(_share(x, size), axis=0)[0])
        p = np.where(gap == 0, 1.0, 2 * special.ndtr(-gap / error))
    p = np.where((size > 0).all(axis=0), p, np.nan)
    rare = np.minimum(pooled, 1 - pooled) * size.min(axis=0)
    return _exact_where(rare < _LEAST_EXPECTED, x, size, p)


def _exact_where(rare: npt.NDArray[np.bool_], x: Floats, size: Floats, p: Floats) -> Floats:
    from scipy import stats

    exact = np.array(p, dtype=np.float64)
    for place in np.argwhere(np.atleast_1d(rare & (p < 1))):
        at = tuple(place) if exact.ndim else ()
        table = np.stack([x[(slice(None), *at)], size[(slice(None), *at)] - x[(slice(None), *at)]])
        exact[at] = stats.fisher_exact(table.astype(np.int64)).pvalue
    return exact


def _ratio_end(product: Floats, top: Floats, bottom: Floats, *, side: int) -> Floats:
    return np.asarray((product + side * np.sqrt(np.maximum(product**2 - top * bottom, 0))) / bottom)


def _arms(hits: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    x, size = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if x.shape != size.shape or x.shape[:1] != (2,):
        raise ParameterError(
            f"proportions: got shapes {x.shape} and {size.shape}, allowed (2, ...) twice. Put control first, then "
            "treatment."
        )
    if not bool(((x >= 0) & (x <= size)).all()):
        raise ParameterError("proportions: hits below 0 or above n, or missing. Check conversions against visitors.")
    return x, size


def _share(x: Floats, size: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(x / size)


def _quantile(level: float) -> float:
    from scipy import special

    return float(special.ndtri((1 + as_share("level", level, use=0.95)) / 2))
