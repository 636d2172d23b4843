"""Are two counts alike: the exact test behind a Kano class and behind a rise, corrected over all that are asked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pmlib.product.change import Arrow, holm

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_FALSE_ALARM = 0.05


def equal_counts_p(one: Integers, other: Integers) -> Floats:
    """Chance that a fair coin divides the sum of two counts as unevenly: exact binomial, two-sided.

    Parameters
    ----------
    one, other : integer ndarrays of shape (n,)

    References
    ----------
    Przyborowski & Wilenski (1940), Biometrika 31(3/4).

    Examples
    --------
    >>> equal_counts_p(np.array([5, 3, 0]), np.array([0, 3, 5])).tolist()
    [0.0625, 1.0, 0.0625]
    """
    from scipy import special

    return np.asarray(np.minimum(1.0, 2 * special.bdtr(np.minimum(one, other), one + other, 0.5)), dtype=np.float64)


def compared(one: Integers, other: Integers) -> tuple[npt.NDArray[np.str_], Floats]:
    """Test pairs of counts together, so that any false arrow appears at most 5 times in 100 (Holm).

    Parameters
    ----------
    one, other : integer ndarrays of shape (n,)

    Returns
    -------
    tuple of arrays
        An arrow for each pair (up: the first is larger), and its p-value corrected over all.

    Examples
    --------
    >>> compared(np.array([40, 10]), np.array([10, 10]))[0].tolist()
    ['▲', '–']
    """
    p = holm(equal_counts_p(one, other))
    moved = np.where(one > other, str(Arrow.UP), str(Arrow.DOWN))
    return np.where(p > _FALSE_ALARM, str(Arrow.NONE), moved), p
