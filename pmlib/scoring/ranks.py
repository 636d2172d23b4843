"""Ranks with ties: 1 is best, equals share the better rank."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Differences smaller than this many points are ties.
TIE = 1e-9


def ranks(values: FloatArray, *, among: FloatArray | None = None, tie: float = TIE) -> IntArray:
    """Rank values, the largest first: 1 + how many lie above each by more than a tie.

    Parameters
    ----------
    values : ndarray of shape (n,)
        What is ranked; the larger the better.
    among : ndarray of shape (m,), optional
        The values they are compared with; by default themselves.
    tie : float
        Largest difference that still counts as equal.

    Returns
    -------
    integer ndarray of shape (n,)

    Examples
    --------
    >>> ranks(np.array([5.0, 7.0, 7.0, 1.0]))
    array([3, 1, 1, 4])
    """
    rivals = np.sort(values if among is None else among)
    return 1 + (len(rivals) - np.searchsorted(rivals, values + tie, side="right")).astype(np.int64)
