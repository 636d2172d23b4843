"""How far forecasts were off: mean absolute error, plain and scaled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: Numbers of a series or of a forecast.
Floats = npt.NDArray[np.float64]


def mean_absolute_scaled_error(actual: Floats, forecast: Floats, *, history: Floats, season: int = 12) -> float:
    """How large the errors are against those of the seasonal-naive method within the history.

    Parameters
    ----------
    actual, forecast : array of shape (n_ahead,)
        What came and what was said; months without both (NaN) are left out.
    history : array of shape (n_history,)
        The series up to the forecast, in the same unit.
    season : int
        Months of a season; 1 for the plain naive method.

    Returns
    -------
    float
        Below 1: better than the seasonal-naive method was, one step ahead, in the history. NaN where the history is
        no longer than a season, or repeats itself exactly.

    References
    ----------
    Hyndman & Koehler (2006), International Journal of Forecasting 22(4).

    Examples
    --------
    >>> mean_absolute_scaled_error(np.array([6.0, 9.0]), np.array([5.0, 5.0]), history=np.array([1.0, 3.0, 5.0]),
    ...                            season=1)
    1.25
    """
    scale = seasonal_naive_error(history, season=season)
    errors = np.abs(actual - forecast)
    known = errors[~np.isnan(errors)]
    return float(known.mean() / scale) if scale > 0 and len(known) > 0 else float("nan")


def seasonal_naive_error(history: Floats, *, season: int = 12) -> float:
    """Mean absolute difference between a month and the one a season before; NaN for a shorter history.

    Examples
    --------
    >>> seasonal_naive_error(np.array([1.0, 3.0, 5.0]), season=1)
    2.0
    """
    if len(history) <= season:
        return float("nan")
    return float(np.abs(history[season:] - history[:-season]).mean())
