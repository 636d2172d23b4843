"""Forecasts that need no estimate but a spread: the last month, the same month a year ago, and a straight line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pmlib.product.outlook.accuracy import Floats

YEAR = 12


@dataclass(frozen=True, eq=False, kw_only=True)
class Path:
    """The months ahead as one normal distribution: their means, and how they vary together.

    Attributes
    ----------
    mean : array of shape (horizon,)
        Point forecasts in the unit of the series.
    cov : array of shape (horizon, horizon)
        Variances and covariances of the forecast errors, in that unit squared.
    """

    mean: Floats
    cov: Floats

    @property
    def spread(self) -> Floats:
        """Standard deviation of each month's error, shape (horizon,)."""
        return np.sqrt(np.diag(self.cov))

    def total(self, first: int, last: int) -> tuple[float, float]:
        """Mean and standard deviation of the sum of the months ``first`` to ``last`` ahead, both counted from 0.

        Examples
        --------
        >>> Path(mean=np.array([10.0, 20.0]), cov=np.array([[9.0, 0.0], [0.0, 16.0]])).total(0, 1)
        (30.0, 5.0)
        """
        months = slice(first, last + 1)
        return float(self.mean[months].sum()), float(np.sqrt(self.cov[months, months].sum()))

    def scaled(self, unit: float) -> Path:
        """Return the path with every amount multiplied by ``unit``."""
        return Path(mean=self.mean * unit, cov=self.cov * unit**2)


def path_of_responses(mean: Floats, *, responses: Floats, variance: float) -> Path:
    """Return the path of a model with one source of error, from what a shock does 0, 1, 2 ... months later.

    References
    ----------
    Hyndman, Koehler, Ord & Snyder (2008), Forecasting with Exponential Smoothing, chapter 6.

    Examples
    --------
    >>> path_of_responses(np.array([5.0, 5.0]), responses=np.array([1.0, 1.0]), variance=4.0).cov.tolist()
    [[4.0, 4.0], [4.0, 8.0]]
    """
    months = np.arange(len(responses))
    effects = np.tril(responses[np.abs(np.subtract.outer(months, months))])
    return Path(mean=mean, cov=variance * effects @ effects.T)


def seasonal_naive(values: Floats, horizon: int) -> Path:
    """Forecast every month as the same month a year before.

    Parameters
    ----------
    values : array of shape (n_months,), more than 12
    horizon : int
        Months ahead.

    Examples
    --------
    >>> seasonal_naive(np.array([*range(12), 3.0]), 12).mean.tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 3.0]
    """
    steps = np.arange(horizon)
    mean = values[-YEAR:][steps % YEAR].astype(np.float64)
    variance = float(np.mean((values[YEAR:] - values[:-YEAR]) ** 2)) if len(values) > YEAR else float("nan")
    return path_of_responses(mean, responses=(steps % YEAR == 0).astype(np.float64), variance=variance)


def naive(values: Floats, horizon: int) -> Path:
    """Forecast every month as the last one (a random walk).

    Examples
    --------
    >>> path = naive(np.array([1.0, 3.0, 1.0]), 2)
    >>> path.mean.tolist(), path.spread.round(3).tolist()
    ([1.0, 1.0], [2.0, 2.828])
    """
    steps = np.diff(values)
    return path_of_responses(
        np.full(horizon, values[-1]), responses=np.ones(horizon), variance=float(np.mean(steps**2))
    )


def drift(values: Floats, horizon: int) -> Path:
    """Continue the straight line from the first month to the last one (a random walk with drift).

    The slope is estimated, and its error widens the path.

    References
    ----------
    Hyndman & Athanasopoulos (2021), Forecasting: Principles and Practice, 5.2 and 5.5.

    Examples
    --------
    >>> drift(np.array([1.0, 2.0, 5.0]), 2).mean.tolist()
    [7.0, 9.0]
    """
    steps = np.diff(values)
    ahead = np.arange(1, horizon + 1, dtype=np.float64)
    variance = float(np.var(steps, ddof=1))
    walk = path_of_responses(values[-1] + steps.mean() * ahead, responses=np.ones(horizon), variance=variance)
    return Path(mean=walk.mean, cov=walk.cov + variance / len(steps) * np.outer(ahead, ahead))
