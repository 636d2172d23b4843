"""What a purchase brings: the Gamma-Gamma model of the mean value of a customer's purchases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from pmlib.product.loyalty.likelihood import Floats, maximise
from pmlib.product.rows import E4


@dataclass(frozen=True, eq=False, kw_only=True)
class SpendingModel:
    """Values of a customer's purchases are Gamma(p, nu), and nu is Gamma(q, gamma) among customers.

    Attributes
    ----------
    p, q, gamma : float
        ``gamma`` in the currency.
    log_likelihood : float
        At the maximum.
    covariance : array of shape (3, 3)
        Of the logarithms of p, q, gamma.
    n : int
        Customers with repeat purchases.
    correlation : float
        Between number and mean value of repeat purchases; the model takes it to be 0.
    """

    p: float
    q: float
    gamma: float
    log_likelihood: float
    covariance: Floats
    n: int
    correlation: float

    @property
    def logs(self) -> Floats:
        """Logarithms of p, q, gamma."""
        return np.log([self.p, self.q, self.gamma])

    @property
    def mean(self) -> float:
        """Value of a purchase over all customers, in the currency; infinite while q <= 1."""
        return self.p * self.gamma / (self.q - 1) if self.q > 1 else math.inf

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return (
            f"<SpendingModel: p = {self.p:.2f}, q = {self.q:.2f}, gamma = {self.gamma:.2f}; "
            f"{self.mean:,.2f} a purchase, {self.n:,} customers>"
        )


def fit_spending(counts: pd.DataFrame) -> SpendingModel:
    """Fit the Gamma-Gamma model by maximum likelihood.

    Parameters
    ----------
    counts : DataFrame
        ``repeats``, ``repeat_e4`` (their money, ten-thousandths, more than 0), ``n`` (customers).

    References
    ----------
    Fader and Hardie (2013), The Gamma-Gamma model of monetary value, brucehardie.com/notes/025.

    Examples
    --------
    >>> rows = pd.DataFrame({"repeats": [1, 2, 3], "repeat_e4": [200_000, 700_000, 600_000], "n": [30, 20, 10]})
    >>> fit_spending(rows).n
    60
    """
    x, money = counts["repeats"].to_numpy(dtype=float), counts["repeat_e4"].to_numpy(dtype=float) / E4
    weights = counts["n"].to_numpy(dtype=float)
    unit = float(money @ weights / (x @ weights))
    data = np.stack([x, money / unit])
    fit = maximise(lambda logs: _likelihood(logs, data, weights), np.zeros(3), n=float(weights.sum()))
    p, q, gamma = (float(one) for one in np.exp(fit.logs))
    return SpendingModel(
        p=p, q=q, gamma=gamma * unit, log_likelihood=fit.log_likelihood - float(weights.sum()) * math.log(unit),
        covariance=fit.covariance, n=int(weights.sum()), correlation=_correlation(x, money / x, weights),
    )  # fmt: skip


def _likelihood(logs: Floats, data: Floats, weights: Floats) -> tuple[float, Floats]:
    p, q, gamma = np.exp(logs)
    x, money = data
    both = np.log(gamma + money)
    value = (
        -np.log(money / x) - special.betaln(p * x, q) + q * logs[2] + p * x * np.log(money) - (p * x + q) * both
    )
    shared = special.psi(p * x + q)
    slopes = np.stack([
        x * (shared - special.psi(p * x) + np.log(money) - both),
        shared - special.psi(q) + logs[2] - both,
        q / gamma - (p * x + q) / (gamma + money),
    ])  # fmt: skip
    return float(weights @ value), np.exp(logs) * (slopes @ weights)


def expected_value(logs: Floats, repeats: Any, money: Any) -> Floats:
    """Value of a purchase of a customer who made so many repeat purchases for so much money in all.

    Parameters
    ----------
    logs : array of shape (3,)
        Logarithms of p, q, gamma; the value is infinite where p * repeats + q <= 1.
    repeats, money : arrays of shape (n,)
        ``money`` in the currency.

    Examples
    --------
    >>> expected_value(np.log([6.25, 3.74, 15.44]), np.array([0, 7]), np.array([0.0, 7 * 73.74])).round(2).tolist()
    [35.22, 71.47]
    """
    p, q, gamma = np.exp(logs)
    below = p * np.asarray(repeats) + q - 1
    value: Floats = np.where(below > 0, p * (gamma + np.asarray(money)) / np.where(below > 0, below, 1), np.inf)
    return value


def _correlation(x: Floats, mean: Floats, weights: Floats) -> float:
    covariance = np.cov(x, mean, aweights=weights) if len(x) > 1 else np.zeros((2, 2))
    spread = math.sqrt(max(covariance[0, 0] * covariance[1, 1], 0))
    return float(covariance[0, 1] / spread) if spread > 0 else math.nan
