"""How many of the effects found are false: the correction over a whole programme of experiments."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def benjamini_hochberg(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Correct p-values so that among those called real at q, a share of q at most is false on average.

    Parameters
    ----------
    p_values : array of shape (n_tests,)
        NaN (not read) stays NaN and counts for nothing.

    Returns
    -------
    array of shape (n_tests,)
        Smallest false discovery rate at which each test is called real.

    References
    ----------
    Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03, float("nan")]).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    p = np.asarray(p_values, dtype=np.float64)
    corrected = np.full(p.shape, np.nan)
    order = np.argsort(p, kind="stable")[: int(np.isfinite(p).sum())]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    corrected[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return corrected
