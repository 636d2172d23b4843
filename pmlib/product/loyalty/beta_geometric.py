"""The shifted beta-geometric model of renewal: one sample, or many at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from pmlib.product.loyalty.likelihood import Floats

_STEPS, _HALVINGS, _LARGEST_STEP, _TOLERANCE, _FARTHEST, _FLAT = 100, 20, 1.0, 1e-9, 12.0, 1e-6


class BetaGeometric(NamedTuple):
    """A chance to leave at each renewal that never changes for a customer and is Beta(alpha, beta) among them."""

    alpha: float
    beta: float
    log_likelihood: float
    #: Of the logarithms of alpha and beta, shape (2, 2).
    covariance: Floats

    @property
    def mean_churn(self) -> float:
        """Share that leaves at the first renewal."""
        return self.alpha / (self.alpha + self.beta)

    def survival(self, ages: npt.ArrayLike) -> Floats:
        """Share of a cohort still there after so many renewals."""
        return beta_geometric_survival(ages, self.alpha, self.beta)


def beta_geometric_survival(ages: npt.ArrayLike, alpha: Any, beta: Any) -> Floats:
    """Share still there after so many renewals: B(alpha, beta + t) / B(alpha, beta).

    Examples
    --------
    >>> beta_geometric_survival([0, 1, 2], 1.0, 1.0).round(3).tolist()
    [1.0, 0.5, 0.333]
    """
    shares: Floats = np.exp(special.betaln(alpha, beta + np.asarray(ages)) - special.betaln(alpha, beta))
    return shares


def fit_beta_geometric(at_risk: npt.ArrayLike, ended: npt.ArrayLike) -> BetaGeometric:
    """Fit the shifted beta-geometric model to counts by maximum likelihood.

    Parameters
    ----------
    at_risk, ended : arrays of shape (n_renewals + 1,)
        Contracts that faced the j-th renewal, and those that ended at it; place 0 (the start) is not used.

    References
    ----------
    Fader and Hardie (2007), Journal of Interactive Marketing 21(1).

    Examples
    --------
    >>> fit = fit_beta_geometric([1000, 1000, 631, 468], [0, 369, 163, 86])
    >>> round(fit.mean_churn, 2)
    0.37
    """
    n, lost = np.asarray(at_risk, dtype=float)[None, 1:], np.asarray(ended, dtype=float)[None, 1:]
    logs = newton(n, lost)
    covariance = np.linalg.pinv(-_slopes(logs, n, lost)[1][0], rcond=_FLAT, hermitian=True)
    alpha, beta = (float(one) for one in np.exp(logs[0]))
    return BetaGeometric(alpha, beta, float(_log_likelihood(logs, n, lost)[0]), covariance)


def _log_likelihood(logs: Floats, n: Floats, lost: Floats) -> Floats:
    alpha, beta = (np.exp(logs[:, k : k + 1]) for k in (0, 1))
    before = np.arange(n.shape[1])
    terms = lost * np.log(alpha) + (n - lost) * np.log(beta + before) - n * np.log(alpha + beta + before)
    total: Floats = terms.sum(axis=1)
    return total


def newton(n: Floats, lost: Floats) -> Floats:
    """Fit many samples at once: arrays of shape (n_samples, n_renewals) to log parameters (n_samples, 2)."""
    churn = np.clip(lost.sum(axis=1) / np.maximum(n.sum(axis=1), 1), 1e-6, 1 - 1e-6)
    logs: Floats = np.log(np.column_stack([2 * churn, 2 * (1 - churn)]))
    for _ in range(_STEPS):
        step = _step(logs, n, lost)
        better = logs + step
        # Halve the step of the samples it makes worse.
        for _ in range(_HALVINGS):
            worse = _log_likelihood(better, n, lost) < _log_likelihood(logs, n, lost) - _TOLERANCE
            if not worse.any():
                break
            step[worse] /= 2
            better = logs + step
        # Customers all alike drive both parameters to infinity: their ratio, the churn, must stay.
        logs = np.maximum(better - np.maximum(better.max(axis=1, keepdims=True) - _FARTHEST, 0), -_FARTHEST)
        if np.abs(step).max() < _TOLERANCE:
            break
    return logs


def _step(logs: Floats, n: Floats, lost: Floats) -> Floats:
    """Newton's step in the log parameters, uphill and of bounded length."""
    slopes, curvature = _slopes(logs, n, lost)
    roots, axes = np.linalg.eigh(curvature)
    along = np.einsum("rki,rk->ri", axes, slopes) / np.maximum(np.abs(roots), 1e-8)
    step: Floats = np.einsum("rik,rk->ri", axes, along)
    bounded: Floats = step * np.minimum(1, _LARGEST_STEP / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
    return bounded


def _slopes(logs: Floats, n: Floats, lost: Floats) -> tuple[Floats, Floats]:
    """First and second derivatives of the log-likelihood: shapes (n_samples, 2) and (n_samples, 2, 2)."""
    alpha, beta = (np.exp(logs[:, k : k + 1]) for k in (0, 1))
    kept, b = n - lost, beta + np.arange(n.shape[1])
    shared, curved = (n / (alpha + b)).sum(axis=1), (n / (alpha + b) ** 2).sum(axis=1)
    alpha, beta = alpha[:, 0], beta[:, 0]
    slope_a, slope_b = lost.sum(axis=1) - alpha * shared, beta * ((kept / b).sum(axis=1) - shared)
    aa, ab = alpha**2 * curved - alpha * shared, alpha * beta * curved
    bb = slope_b + beta**2 * (curved - (kept / b**2).sum(axis=1))
    return np.stack([slope_a, slope_b], axis=-1), np.stack([aa, ab, ab, bb], axis=-1).reshape(-1, 2, 2)
