"""How much of a score goes with each rating when ratings go together: bare functions of correlations."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_SINGULAR = 1e-9


def correlations_of_sums(n: Floats, sums: Floats, products: Floats) -> Floats:
    """Correlations from sums over rows, so that no row has to leave its engine.

    Parameters
    ----------
    n : array of shape (...,)
        Rows.
    sums, products : arrays of shape (..., k) and (..., k, k)
        Sum of each variable, and of each product of two.

    Returns
    -------
    array of shape (..., k, k)
        NaN for a variable that does not vary.

    Examples
    --------
    >>> correlations_of_sums(np.array(3.0), np.array([6.0, 9.0]), np.array([[14.0, 19.0], [19.0, 29.0]]))[0, 1].round(3)
    np.float64(0.5)
    """
    spread = n[..., None, None] * products - sums[..., :, None] * sums[..., None, :]
    variances = np.diagonal(spread, axis1=-2, axis2=-1)
    scale = np.sqrt(np.where(variances > 0, variances, np.nan))
    return np.asarray(spread / (scale[..., :, None] * scale[..., None, :]))


def fit_of(correlations: Floats, drivers: tuple[int, ...]) -> Floats:
    """R squared of the last variable on some of the others.

    Parameters
    ----------
    correlations : array of shape (..., k + 1, k + 1)
    drivers : tuple of int
        Places of the variables used; drivers that repeat each other add nothing.

    Examples
    --------
    >>> fit_of(np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.3], [0.6, 0.3, 1.0]]), (0, 1)).round(2)
    np.float64(0.45)
    """
    if not drivers:
        return np.zeros(correlations.shape[:-2])
    with_score = correlations[..., drivers, -1]
    among = correlations[..., np.array(drivers)[:, None], np.array(drivers)]
    inverse = np.linalg.pinv(among, rcond=_SINGULAR, hermitian=True)
    return np.asarray(np.einsum("...i,...ij,...j->...", with_score, inverse, with_score))


def importance(correlations: Floats) -> Floats:
    """Split R squared among the drivers: what each adds, averaged over all orders in which they can be added.

    Known as LMG, and as the Shapley value of R squared. Drivers that say the same share what they explain evenly.

    Parameters
    ----------
    correlations : array of shape (..., k + 1, k + 1)
        The score last.

    Returns
    -------
    array of shape (..., k)
        Adds up to R squared.

    References
    ----------
    Lindeman, Merenda & Gold (1980), Introduction to Bivariate and Multivariate Analysis. Groemping (2006), Journal of
    Statistical Software 17(1).

    Examples
    --------
    >>> importance(np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.3], [0.6, 0.3, 1.0]])).round(2).tolist()
    [0.36, 0.09]
    """
    k = correlations.shape[-1] - 1
    subsets = [subset for size in range(k + 1) for subset in combinations(range(k), size)]
    fits = {subset: fit_of(correlations, subset) for subset in subsets}
    shares = np.zeros((*correlations.shape[:-2], k))
    for subset in subsets:
        orders = math.factorial(len(subset)) * math.factorial(k - len(subset) - 1 if len(subset) < k else 0)
        for j in set(range(k)) - set(subset):
            gain = fits[tuple(sorted((*subset, j)))] - fits[subset]
            shares[..., j] += orders / math.factorial(k) * gain
    return shares


def inflation(correlations: Floats) -> Floats:
    """Variance inflation factor of each driver: infinite where the others repeat it.

    Examples
    --------
    >>> inflation(np.array([[1.0, 0.8, 0.5], [0.8, 1.0, 0.5], [0.5, 0.5, 1.0]])).round(2).tolist()
    [2.78, 2.78]
    """
    k = correlations.shape[-1] - 1
    factors = np.full(k, np.inf)
    for j in range(k):
        others = [i for i in range(k) if i != j]
        explained = float(fit_of(correlations[np.ix_([*others, j], [*others, j])], tuple(range(k - 1))))
        if explained < 1 - _SINGULAR:
            factors[j] = 1 / (1 - explained)
    return factors


def jackknife_error(without: Floats) -> Floats:
    """Estimate a standard error from the estimates with one block of rows left out at a time.

    Parameters
    ----------
    without : array of shape (n_blocks, ...)

    References
    ----------
    Efron & Stein (1981), Annals of Statistics 9.

    Examples
    --------
    >>> round(float(jackknife_error(np.array([1.0, 2.0, 3.0]))), 3)
    1.155
    """
    blocks = len(without)
    return np.asarray(np.sqrt((blocks - 1) / blocks * np.square(without - without.mean(axis=0)).sum(axis=0)))
