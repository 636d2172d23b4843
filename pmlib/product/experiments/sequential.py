"""Looking every day without being fooled: an interval that holds at all days at once."""

from __future__ import annotations

import math
from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.product.experiments.proportions import as_share, newcombe_interval, score_test
from pmlib.product.experiments.variance_reduction import ARMS

Floats = npt.NDArray[np.float64]
_ALPHA = 0.05
#: Conversions, and visitors who did not, that each arm needs before the first look.
LEAST_EACH = 10
_NODES = 120


def always_valid(hits: npt.ArrayLike, n: npt.ArrayLike, *, planned_looks: int = 14) -> tuple[Floats, Floats, Floats]:
    """How far apart two rates are after every look, valid at all looks at once and wherever one stops.

    The asymptotic confidence sequence of Waudby-Smith et al., which is the interval of the mixture sequential
    probability ratio test: with V the variance of the difference at a look and tau2 that of the mixture, the
    difference lies within ``sqrt(V (V + tau2) / tau2 * log((V + tau2) / (V alpha^2)))`` of the observed one at every
    look, 95 % of the time. ``tau2 = V* (2 log(1 / alpha) + log(1 + 2 log(1 / alpha)))`` makes it tightest where the
    variance is V*: at ``planned_looks`` looks as large as the first, with the rate of both arms together at the first,
    which tells nothing of their difference. Looks at which an arm has fewer than 10 conversions, or 10 visitors
    without one, are not read.

    Parameters
    ----------
    hits, n : arrays of shape (2, ..., n_looks), control first
        Conversions and visitors so far, growing from look to look.
    planned_looks : int
        Looks planned, where the interval is to be tightest; it holds at any.

    Returns
    -------
    low, high : arrays of shape (..., n_looks)
        Ends of the interval of treatment less control; NaN where not read.
    p : array of shape (..., n_looks)
        Always-valid p-value: it only falls, and P(it ever falls below 5 %) is 5 % at most when nothing differs.

    References
    ----------
    Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2021), Time-uniform central limit theory and asymptotic confidence
    sequences. Johari, Koomen, Pekelis & Walsh (2022), Always valid inference, Operations Research 70. Robbins (1970).

    Examples
    --------
    >>> low, high, p = always_valid([[100, 200, 300], [140, 270, 410]], [[1000, 2000, 3000], [1000, 2000, 3000]])
    >>> low.round(3).tolist()
    [-0.021, -0.001, 0.009]
    """
    x, size = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if not isinstance(planned_looks, Real) or not 1 <= planned_looks < np.inf:
        raise ParameterError(f"planned_looks: got {planned_looks!r}, allowed 1 or more. Use the days planned.")
    read = np.asarray((np.minimum(x, size - x) >= LEAST_EACH).all(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = x / size
        gap, variance = rate[1] - rate[0], (rate * (1 - rate) / size).sum(axis=0)
        tau2 = _mixture_variance(x, size, read, planned_looks)[..., None]
        wider = variance + tau2
        half = np.sqrt(variance * wider / tau2 * np.log(wider / (variance * _ALPHA**2)))
        evidence = np.sqrt(variance / wider) * np.exp(gap**2 * tau2 / (2 * variance * wider))
    p = np.minimum.accumulate(np.where(read, np.minimum(1.0, 1 / evidence), 1.0), axis=-1)
    unread = np.where(read, 0.0, np.nan)
    return gap - half + unread, gap + half + unread, p


def _mixture_variance(x: Floats, size: Floats, read: npt.NDArray[np.bool_], planned_looks: int) -> Floats:
    """Variance of the mixture that makes the interval tightest at the planned look."""
    first = np.argmax(read, axis=-1)[None, ..., None]
    begun, visitors = (np.take_along_axis(part, np.broadcast_to(first, (2, *first.shape[1:])), -1)[..., 0]
                       for part in (x, size))  # fmt: skip
    pooled = begun.sum(axis=0) / visitors.sum(axis=0)
    at_first = pooled * (1 - pooled) * (1 / visitors).sum(axis=0)
    at_plan = at_first * (first[0, ..., 0] + 1) / planned_looks
    log = 2 * math.log(1 / _ALPHA)
    return np.asarray(at_plan * (log + math.log(1 + log)))


def day_by_day(days: pd.DataFrame, *, planned_days: int = 14) -> pd.DataFrame:
    """Write what an experiment showed after every day: the always-valid interval, and the ordinary one beside it.

    Parameters
    ----------
    days : DataFrame
        One row per day and arm: ``day``, ``arm``, ``new_users``, ``conversions``.
    planned_days : int
        Days planned, where the interval is to be tightest.

    Returns
    -------
    DataFrame
        One row per day: ``day``, ``look`` (1, 2, ...), ``visitors`` so far, ``difference_pp``, ``low_pp``,
        ``high_pp`` and ``p`` (always valid), ``ordinary_low_pp``, ``ordinary_high_pp`` and ``ordinary_p`` (valid at
        one look only).
    """
    wide = [
        days.pivot(index="day", columns="arm", values=name).reindex(columns=list(ARMS)).fillna(0)
        for name in ("conversions", "new_users")
    ]
    hits, n = (table.to_numpy(dtype=float).T.cumsum(axis=-1) for table in wide)
    low, high, p = always_valid(hits, n, planned_looks=planned_days)
    ordinary = newcombe_interval(hits, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = hits / n
    return pd.DataFrame({
        "day": wide[0].index, "look": np.arange(1, len(wide[0]) + 1), "visitors": n.sum(axis=0).astype("int64"),
        "difference_pp": 100 * (rate[1] - rate[0]), "low_pp": 100 * low, "high_pp": 100 * high, "p": p,
        "ordinary_low_pp": 100 * ordinary[0], "ordinary_high_pp": 100 * ordinary[1], "ordinary_p": score_test(hits, n),
    })  # fmt: skip


def peeking_error(looks: int, *, alpha: float = 0.05) -> float:
    """How often looking again and again at an ordinary test finds something where nothing is.

    Equally spaced looks; whoever stops at the first p below alpha has found it. Integrated look by look, not drawn.

    Parameters
    ----------
    looks : int
        Number of looks, 1 to 1,000.
    alpha : float
        Level of the ordinary test at each look.

    Raises
    ------
    ParameterError
        The number of looks lies outside 1 to 1,000, or alpha outside 0 to 1.

    References
    ----------
    Armitage, McPherson & Rowe (1969), Repeated significance tests on accumulating data, JRSS A 132.

    Examples
    --------
    >>> [round(peeking_error(looks), 3) for looks in (1, 5, 14)]
    [0.05, 0.142, 0.22]
    """
    from scipy import special

    as_share("alpha", alpha, use=0.05)
    if not isinstance(looks, Integral) or not 1 <= looks <= 1_000:  # noqa: PLR2004
        raise ParameterError(f"looks: got {looks!r}, allowed 1 to 1,000, a whole number. Say 14.")
    z = float(special.ndtri(1 - alpha / 2))
    nodes, weights = special.roots_legendre(_NODES)
    # The sum of k standard normals stays undecided within z * sqrt(k); its density there, on that look's nodes.
    places = z * nodes
    density = np.exp(-(places**2) / 2) / math.sqrt(2 * math.pi)
    mass = z * weights * density
    for look in range(2, looks + 1):
        edge = z * math.sqrt(look)
        kernel = np.exp(-((edge * nodes[:, None] - places) ** 2) / 2) / math.sqrt(2 * math.pi)
        places, mass = edge * nodes, edge * weights * (kernel @ mass)
    return 1 - float(mass.sum())
