"""Shrinkage: an estimate is drawn towards what its like are worth, the more the less it can be relied upon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.model import Floats

#: Fewer estimates tell nothing of how they spread.
LEAST = 3
_GRID = 400
#: Smallest spread tried, as a share of the variance of the estimates; below it, a spread of 0.
_SMALLEST = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class Shrinkage:
    """Estimates beside what is believed of them once they are compared with their like.

    Attributes
    ----------
    estimates : DataFrame
        One row per estimate, in the order handed in: own, error (standard deviation), weight (on the own estimate,
        0-1), mean and sd (of the posterior).
    centre, spread : float
        Mean and standard deviation of what such things are worth, fitted to all of them.
    """

    estimates: pd.DataFrame
    centre: float
    spread: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row per estimate."""
        return self.estimates.copy(deep=False)

    def summary(self) -> str:
        """Say where the estimates are drawn to and how strongly."""
        weight = self.estimates["weight"]
        return (f"{len(weight)} estimates are drawn towards {self.centre:.2f}, their like spread by "
                f"{self.spread:.2f}; the weight on the own estimate is {weight.min():.2f} to {weight.max():.2f}.")

    def headline(self) -> dict[str, str]:
        """Give centre, spread and the mean weight."""
        return {f"{self.centre:.2f}": "what estimates are drawn towards",
                f"{self.estimates['weight'].mean():.2f}": "mean weight on the own estimate"}

    def __repr__(self) -> str:
        weight = self.estimates["weight"]
        return (f"<Shrinkage: {len(weight)} estimates towards {self.centre:.2f}, spread {self.spread:.2f}, weight "
                f"{weight.min():.2f} to {weight.max():.2f}>")


def shrink(own: pd.Series, error: pd.Series | float) -> Shrinkage:
    """Ask what estimates are worth once it is known how far off such estimates are.

    Own estimate i = truth i + error i, errors and truths normal; centre and spread of the truths are those under
    which the estimates are most likely. Where the likelihood has several peaks, the one with the largest spread is
    taken, which shrinks least. That centre and spread are themselves estimated is left out of the posterior.

    Parameters
    ----------
    own : Series of float
        The estimates, finite, three or more.
    error : Series with the same index, or float
        Standard deviation of each error, 0 or more; 0 leaves an estimate as it is, infinity takes the centre.

    Raises
    ------
    ParameterError
        There are too few estimates, or one or its error is no such number.

    References
    ----------
    Efron & Morris (1973), Stein's estimation rule and its competitors: an empirical Bayes approach, JASA 68(341).
    Smith & Winkler (2006), The optimizer's curse, Management Science 52(3).

    Examples
    --------
    >>> shrink(pd.Series([0.0, 2.0, 4.0, 6.0]), 1.0)
    <Shrinkage: 4 estimates towards 3.00, spread 2.00, weight 0.80 to 0.80>
    """
    errors = error if isinstance(error, pd.Series) else pd.Series(float(error), index=own.index)
    y, s = (np.asarray(one, dtype=np.float64) for one in (own, errors.reindex(own.index)))
    wrong = ~np.isfinite(y) | np.isnan(s) | (s < 0)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ParameterError(f"estimate {own.index[at]}: got {y[at]:g} with error {s[at]:g}, allowed a finite number "
                             "with an error of 0 or more. Leave it out or correct it.")
    if np.isfinite(s).sum() < LEAST:
        raise ParameterError(f"estimates: got {int(np.isfinite(s).sum())} with a finite error, allowed {LEAST} or "
                             "more. Fewer do not show how they spread.")
    centre, variance = fitted_prior(y, s**2)
    # Without spread and without error the estimate stands for itself.
    weight = np.where(s > 0, variance / np.where(s > 0, variance + s**2, 1.0), 1.0)
    sd = np.sqrt(np.where(np.isfinite(s), weight * np.where(np.isfinite(s), s, 0.0) ** 2, variance))
    frame = pd.DataFrame({"own": y, "error": s, "weight": weight, "mean": weight * y + (1 - weight) * centre, "sd": sd},
                         index=own.index)
    return Shrinkage(estimates=frame, centre=centre, spread=float(np.sqrt(variance)))


def fitted_prior(own: Floats, variances: Floats) -> tuple[float, float]:
    """Mean and variance of the truths under which the estimates are most likely.

    Parameters
    ----------
    own, variances : float arrays of shape (n,)
        Estimates and the variances of their errors; infinite ones say nothing.

    Returns
    -------
    tuple of (mean, variance)

    Examples
    --------
    >>> mean, variance = fitted_prior(np.array([0.0, 2.0, 4.0, 6.0]), np.ones(4))
    >>> round(mean, 3), round(variance, 3)
    (3.0, 4.0)
    """
    from scipy.optimize import minimize_scalar

    told = np.isfinite(variances)
    y, v = own[told], variances[told]
    scale = float(np.var(y))
    if scale == 0.0:
        return float(y[0]), 0.0
    grid = scale * np.geomspace(_SMALLEST, 2.0, _GRID)
    height = _log_likelihood(y, v, grid)
    rising = np.flatnonzero(np.diff(height) > 0)
    peak = int(rising[-1]) + 1 if len(rising) else 0
    if peak == 0:
        variance = 0.0 if (v > 0).all() else float(grid[0])
        return _centre(y, v + variance), variance
    best = minimize_scalar(lambda t: -_log_likelihood(y, v, np.array([t]))[0], method="bounded",
                           bounds=(grid[peak - 1], grid[min(peak + 1, _GRID - 1)]), options={"xatol": 1e-9 * scale})
    return _centre(y, v + best.x), float(best.x)


def _centre(y: Floats, total: Floats) -> float:
    return float((y / total).sum() / (1.0 / total).sum())


def _log_likelihood(y: Floats, v: Floats, spreads: Floats) -> Floats:
    """Log likelihood at each variance of the truths, the mean at its best, shape (n_spreads,)."""
    total = v + spreads[:, None]
    centre = (y / total).sum(axis=1) / (1.0 / total).sum(axis=1)
    return np.asarray(-0.5 * (np.log(total) + (y - centre[:, None]) ** 2 / total).sum(axis=1), dtype=float)
