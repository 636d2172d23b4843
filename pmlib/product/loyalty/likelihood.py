"""Maximum likelihood in log parameters, and the interval of anything computed from them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

Floats: TypeAlias = npt.NDArray[np.float64]

#: Log-likelihood and its slope at log parameters.
Likelihood: TypeAlias = Callable[[Floats], tuple[float, Floats]]

_FARTHEST, _TOLERANCE, _STEP = 12.0, 1e-9, 1e-4
_FLAT, _LEVEL = 1e-6, 0.95


class Fit(NamedTuple):
    """Log parameters of the maximum, the log-likelihood there, and their covariance."""

    logs: Floats
    log_likelihood: float
    covariance: Floats


def maximise(likelihood: Likelihood, start: Floats, *, n: float) -> Fit:
    """Find the maximum by L-BFGS-B, and the covariance from the slopes around it.

    Parameters
    ----------
    likelihood : callable
        Log-likelihood and slope of n observations.
    start : array of shape (k,)
        Log parameters to begin at; none is followed beyond e**-12 and e**12.
    n : float
        Observations, more than 0.

    Notes
    -----
    A direction along which the likelihood is flat (a chance to leave that goes to 0, say) has no part in the
    covariance: nothing that the data speak of depends on it.
    """
    from scipy import optimize

    def down(logs: Floats) -> tuple[float, Floats]:
        value, slope = likelihood(logs)
        return -value / n, -slope / n

    found = optimize.minimize(
        down, start, jac=True, method="L-BFGS-B", bounds=[(-_FARTHEST, _FARTHEST)] * len(start),
        options={"maxiter": 1_000, "ftol": 1e-15, "gtol": _TOLERANCE, "maxcor": 20},
    )  # fmt: skip
    logs: Floats = found.x
    curvature = np.column_stack(
        [(likelihood(logs + step)[1] - likelihood(logs - step)[1]) / (2 * _STEP) for step in _STEP * np.eye(len(logs))]
    )
    roots, axes = np.linalg.eigh(-(curvature + curvature.T) / 2)
    curved = roots > _FLAT * n
    covariance = (axes[:, curved] / roots[curved]) @ axes[:, curved].T
    return Fit(logs, float(likelihood(logs)[0]), covariance)


def log_interval(of: Callable[[Floats], float], logs: Floats, covariance: Floats) -> tuple[float, float, float]:
    """Give a positive quantity of the parameters with its 95 % interval by the delta method, on the log scale.

    Examples
    --------
    >>> value, low, high = log_interval(lambda logs: float(np.exp(logs[0])), np.zeros(1), np.eye(1) * 0.01)
    >>> value, round(low, 3), round(high, 3)
    (1.0, 0.822, 1.217)
    """
    value = of(logs)
    if not value > 0 or not math.isfinite(value):
        return value, math.nan, math.nan
    slope = np.array([math.log(of(logs + step) / of(logs - step)) for step in _STEP * np.eye(len(logs))]) / (2 * _STEP)
    half = float(special.ndtri((1 + _LEVEL) / 2) * math.sqrt(max(float(slope @ covariance @ slope), 0)))
    return value, value * math.exp(-half), value * math.exp(half)
