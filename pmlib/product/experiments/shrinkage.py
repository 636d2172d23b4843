"""The winner's curse: what looks largest in a programme is in part luck, and is read smaller than it looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: Fewer effects do not tell how much true effects differ.
LEAST_TESTS = 5
_Z95 = 1.959963984540054


@dataclass(frozen=True, eq=False, kw_only=True)
class Shrunken:
    """Effects drawn towards the mean of their programme.

    Attributes
    ----------
    values, low, high : arrays of shape (n_tests,)
        Posterior mean and 95 % interval, in the unit of the effects; NaN where there were too few tests.
    mean, spread : float
        Mean and standard deviation of the true effects of the programme, as estimated.
    """

    values: Floats
    low: Floats
    high: Floats
    mean: float
    spread: float


def shrink(effects: npt.ArrayLike, errors: npt.ArrayLike) -> Shrunken:
    """Draw each effect towards the programme's mean by as much as noise explains: normal-normal empirical Bayes.

    The spread of true effects is Paule and Mandel's; its own uncertainty, and that of the mean, is not in the
    interval, which is a little short in a small programme.

    Parameters
    ----------
    effects, errors : arrays of shape (n_tests,)
        Estimates and standard errors; NaN is left out and stays NaN.

    References
    ----------
    Efron & Morris (1975), JASA 70. Paule & Mandel (1982), J. Research of the National Bureau of Standards 87.
    Lee & Shen (2018), Winner's curse: bias estimation for total effects in online controlled experiments, KDD.

    Examples
    --------
    >>> shrink([0.0, 0.1, -0.1, 0.2, 2.0], [0.2] * 5).values.round(2).tolist()
    [0.02, 0.12, -0.07, 0.21, 1.92]
    """
    value, error = np.asarray(effects, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    known = np.isfinite(value) & np.isfinite(error) & (error > 0)
    if int(known.sum()) < LEAST_TESTS:
        blank = np.full(value.shape, np.nan)
        return Shrunken(values=blank, low=blank, high=blank, mean=np.nan, spread=np.nan)
    between = _between(value[known], error[known] ** 2)
    mean = _weighted(value[known], error[known] ** 2, between)
    with np.errstate(invalid="ignore", divide="ignore"):
        trust = between / (between + error**2)
    middle = np.where(known, mean + trust * (value - mean), np.nan)
    half = _Z95 * error * np.sqrt(trust)
    return Shrunken(values=middle, low=middle - half, high=middle + half, mean=mean, spread=float(np.sqrt(between)))


def _between(value: Floats, variance: Floats) -> float:
    """Variance of the true effects: the one that makes the weighted squares as large as their number."""
    from scipy import optimize

    def excess(between: float) -> float:
        mean = _weighted(value, variance, between)
        return float(((value - mean) ** 2 / (variance + between)).sum()) - (len(value) - 1)

    if excess(0.0) <= 0:
        return 0.0
    # With this much between them, no weighted square is above its share.
    widest = float(np.ptp(value)) ** 2 + 1e-12
    return float(optimize.brentq(excess, 0.0, len(value) * widest))


def _weighted(value: Floats, variance: Floats, between: float) -> float:
    return float(np.average(value, weights=1 / (variance + between)))
