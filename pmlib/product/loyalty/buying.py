"""How often customers who sign nothing come back: the beta-geometric / negative binomial model (BG/NBD)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from pmlib.product.loyalty.likelihood import Floats, maximise

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


@dataclass(frozen=True, eq=False, kw_only=True)
class BuyingModel:
    """A rate of buying that is Gamma(r, alpha), and after each repeat purchase a chance to leave that is Beta(a, b).

    Attributes
    ----------
    r, alpha, a, b : float
        ``alpha`` in units of time, the others without unit.
    log_likelihood : float
        At the maximum.
    covariance : array of shape (4, 4)
        Of the logarithms of r, alpha, a, b.
    n, n_repeat : int
        Customers, and those with a repeat purchase.
    days_per_unit : float
        Days of one unit of time.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    covariance: Floats
    n: int
    n_repeat: int
    days_per_unit: float

    @property
    def logs(self) -> Floats:
        """Logarithms of r, alpha, a, b."""
        logs: Floats = np.log(np.array([self.r, self.alpha, self.a, self.b]))
        return logs

    def alive(self, histories: pd.DataFrame) -> Floats:
        """Chance that customers with such histories are still customers, shape (n_histories,)."""
        return alive(self.logs, self._times(histories))

    def returning(self, histories: pd.DataFrame, *, days: float) -> Floats:
        """Chance that customers with such histories buy at least once in the next days, shape (n_histories,)."""
        return returning(self.logs, self._times(histories), days / self.days_per_unit)

    def expected(self, histories: pd.DataFrame, *, days: float) -> Floats:
        """Purchases that a customer with such a history makes in the next days, shape (n_histories,)."""
        return expected_purchases(self.logs, self._times(histories), days / self.days_per_unit)

    def expected_of_new(self, days: npt.ArrayLike) -> Floats:
        """Repeat purchases of a customer in the days after their first, shape of ``days``."""
        units = np.asarray(days, dtype=float) / self.days_per_unit
        return expected_purchases(self.logs, np.zeros((3, *units.shape)), units)

    def _times(self, histories: pd.DataFrame) -> Floats:
        return times(histories, self.days_per_unit)

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return (
            f"<BuyingModel: r = {self.r:.3f}, alpha = {self.alpha:.3f}, a = {self.a:.3f}, b = {self.b:.3f}; "
            f"log-likelihood {self.log_likelihood:,.1f}, {self.n:,} customers>"
        )


def times(histories: pd.DataFrame, days_per_unit: float) -> Floats:
    """Repeats, recency and age in units of time, an array of shape (3, n_histories)."""
    columns = ["repeats", "recency_days", "age_days"]
    scaled: Floats = histories[columns].to_numpy(dtype=float).T / np.array([[1.0], [days_per_unit], [days_per_unit]])
    return scaled


def fit_buying(histories: pd.DataFrame, *, days_per_unit: float = 7.0) -> BuyingModel:
    """Fit the BG/NBD model by maximum likelihood.

    Parameters
    ----------
    histories : DataFrame
        ``repeats`` (purchases after the first), ``recency_days`` (first to last purchase), ``age_days`` (first
        purchase to the end of observation), ``n`` (customers with such a history).
    days_per_unit : float
        Days of the unit of time of alpha.

    References
    ----------
    Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2).

    Examples
    --------
    >>> rows = pd.DataFrame({"repeats": [0, 0, 1, 3], "recency_days": [0, 0, 30, 200], "age_days": [210, 250, 230, 240],
    ...                      "n": [40, 30, 20, 10]})
    >>> fit_buying(rows).n_repeat
    30
    """
    data, weights = times(histories, days_per_unit), histories["n"].to_numpy(dtype=float)
    # The longest age as unit of time keeps all four parameters of a size.
    unit = max(float(data[2].max()), 1e-9)
    scaled = data / np.array([[1.0], [unit], [unit]])
    fit = maximise(lambda logs: _likelihood(logs, scaled, weights), np.zeros(4), n=float(weights.sum()))
    r, alpha, a, b = (float(one) for one in np.exp(fit.logs))
    # Each repeat purchase has a density over time, so a longer unit makes it larger.
    stretched = float(data[0] @ weights) * np.log(unit)
    return BuyingModel(
        r=r, alpha=alpha * unit, a=a, b=b, log_likelihood=fit.log_likelihood - float(stretched),
        covariance=fit.covariance, n=int(weights.sum()), n_repeat=int(weights[data[0] > 0].sum()),
        days_per_unit=days_per_unit,
    )  # fmt: skip


def _likelihood(logs: Floats, data: Floats, weights: Floats) -> tuple[float, Floats]:
    r, alpha, a, b = np.exp(logs)
    x, recency, age = data
    # Of those who bought again: alive at the end, or gone after their last purchase.
    stay, left = -(r + x) * np.log(alpha + age), _left(logs, data)
    either = np.logaddexp(stay, left)
    gone = np.exp(left - either)
    rate = special.gammaln(r + x) - special.gammaln(r) + r * logs[1]
    chance = special.betaln(a, b + x) - special.betaln(a, b)
    near, far = np.log(alpha + recency), np.log(alpha + age)
    shared = special.psi(a + b) - special.psi(a + b + x)
    slopes = np.stack([
        special.psi(r + x) - special.psi(r) + logs[1] - (1 - gone) * far - gone * near,
        r / alpha - (r + x) * ((1 - gone) / (alpha + age) + gone / (alpha + recency)),
        shared + gone / a,
        shared + special.psi(b + x) - special.psi(b) - gone / np.where(x > 0, b + x - 1, 1),
    ])  # fmt: skip
    return float(weights @ (rate + chance + either)), np.exp(logs) * (slopes @ weights)


def _left(logs: Floats, data: Floats) -> Floats:
    """Log-likelihood of having left after the last purchase; only repeat buyers can."""
    r, alpha, a, b = np.exp(logs)
    x, recency, _ = data
    after = np.log(a / np.where(x > 0, b + x - 1, 1)) - (r + x) * np.log(alpha + recency)
    return np.where(x > 0, after, -np.inf)


def alive(logs: Floats, data: Floats) -> Floats:
    """Chance of still being a customer; 1 by the model's making for those who never came back.

    Parameters
    ----------
    logs : array of shape (4,)
        Logarithms of r, alpha, a, b.
    data : array of shape (3, n)
        Repeats, recency, age.
    """
    x, _, age = data
    r, alpha = np.exp(logs[:2])
    chance: Floats = special.expit(-(r + x) * np.log(alpha + age) - _left(logs, data))
    return chance


def returning(logs: Floats, data: Floats, horizon: float) -> Floats:
    """Chance of at least one purchase within the horizon: still a customer, and not without one for so long."""
    r, alpha = np.exp(logs[:2])
    x, _, age = data
    chance: Floats = -np.expm1((r + x) * np.log((alpha + age) / (alpha + age + horizon))) * alive(logs, data)
    return chance


def expected_purchases(logs: Floats, data: Floats, horizon: npt.ArrayLike, *, discount: float = 0.0) -> Floats:
    """Purchases within the horizon, each worth less the later it comes.

    The rate of a customer known to be alive is integrated over the horizon (12 Gauss-Legendre nodes over the logarithm
    of time); without discount this is equation (10) of the paper, without its pole at a = 1.

    Parameters
    ----------
    logs : array of shape (4,)
        Logarithms of r, alpha, a, b.
    data : array of shape (3, n)
        Repeats, recency, age.
    horizon : float or array of shape (n,)
        Units of time.
    discount : float
        Continuous rate per unit of time.
    """
    known = np.exp(logs[1]) + data[2]
    half = np.log1p(np.asarray(horizon, dtype=float) / known) / 2
    total = np.zeros(half.shape)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        time = known * np.expm1(half * (1 + node))
        total += weight * half * (known + time) * _rate(logs, data, time) * np.exp(-discount * time)
    return total * alive(logs, data)


def _rate(logs: Floats, data: Floats, time: Floats) -> Floats:
    """Purchases per unit of time of customers alive at their age, some time later."""
    r, alpha, a, b = np.exp(logs)
    x, _, age = data
    now, past = r + x, time / (alpha + age)
    z = past / (1 + past)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        kept = (1 - z) ** a * special.hyp2f1(a, a + b - 1 - r, a + b + x, z)
    # Beyond the range of floats a and b are so large that all leave with nearly the same chance.
    chance = a / (a + b + x)
    kept = np.where(np.isfinite(kept) & (kept > 0), kept, (1 + chance * past) ** -(now + 1))
    rate: Floats = now / (alpha + age) * kept
    return rate
