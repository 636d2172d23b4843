"""How sure a performance index is: limits on its logarithm from how much the single months differ."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from pmlib.errors import ParameterError

Floats = NDArray[np.float64]


def index_limits(gained: Floats, used: Floats, *, total: float, level: float = 0.9) -> tuple[float, float, int]:
    """Limits within which the index of the whole project will lie if it goes on as so far.

    Parameters
    ----------
    gained, used : arrays of shape (n_months,)
        What was reached and what it took, summed up: earned value and actual cost, or earned schedule and months.
    total : float
        What will be gained in the end: budget at completion, or planned months.
    level : float
        Chance that the limits hold the index (0-1).

    Returns
    -------
    low, high : float
        Of gained / used; NaN with fewer than two months, both the index itself once all is gained.
    n : int
        Months compared. Months that gained or took nothing have no logarithm and count with the next one.

    Raises
    ------
    ParameterError
        The level lies outside 0-1.

    References
    ----------
    Lipke, Zwikael, Henderson & Anbari (2009), International Journal of Project Management 27: logarithms of the
    monthly indices about that of the sum, narrowed as for a finite population, since what is done is known. Student's
    t in place of the normal distribution, because months are few.

    Examples
    --------
    >>> low, high, n = index_limits(np.array([9.0, 19.0, 30.0]), np.array([10.0, 20.0, 30.0]), total=100.0)
    >>> f"{low:.2f} to {high:.2f} from {n} months"
    '0.86 to 1.16 from 3 months'
    """
    if not 0.0 < level < 1.0:
        raise ParameterError(f"level: got {level!r}, allowed between 0 and 1. Pass, say, 0.9.")
    steps = _steps(gained, used)
    n = len(steps)
    if n == 0 or used[-1] <= 0 or gained[-1] <= 0:
        return math.nan, math.nan, n
    index, left = float(gained[-1] / used[-1]), total - float(gained[-1])
    if left <= 0:
        return index, index, n
    if n == 1 or math.isnan(total):
        return math.nan, math.nan, n
    spread = math.sqrt(float(((np.log(steps[:, 0] / steps[:, 1]) - math.log(index)) ** 2).sum()) / (n - 1))
    finite = math.sqrt(left / (total - float(gained[-1]) / n))
    half = float(stdtrit(n - 1, (1.0 + level) / 2.0)) * spread / math.sqrt(n) * finite
    return index * math.exp(-half), index * math.exp(half), n


def _steps(gained: Floats, used: Floats) -> Floats:
    """Gain and use by month, months without either joined to the next, the last to the one before."""
    kept = [(0.0, 0.0)]
    for point in zip(gained.tolist(), used.tolist(), strict=True):
        if point[0] > kept[-1][0] and point[1] > kept[-1][1]:
            kept.append(point)
    if len(kept) > 1:
        kept[-1] = (float(gained[-1]), float(used[-1]))
    return np.diff(np.array(kept), axis=0)
