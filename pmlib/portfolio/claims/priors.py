"""What a claim of (p10, p50, p90) says as a distribution: normal for changes, beta for rates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from pmlib.errors import ParameterError
from pmlib.portfolio.model import Floats

#: Ranges are read as claims are asked for: from P10 to P90, right 8 times in 10.
_SHARES = np.array([0.1, 0.5, 0.9])
_Z90 = NormalDist().inv_cdf(0.9)
#: A metric of this ending is claimed and measured as a level from 0 to 1; all others are changes.
_RATE = "_rate"
#: Sums of a and b that the fit may take.
_LEAST, _MOST = 1e-3, 1e9


@dataclass(frozen=True, kw_only=True)
class Normal:
    """A change of which a mean and a standard deviation are known, both in its unit."""

    mean: float
    sd: float

    def quantile(self, share: float) -> float:
        """Value that is not passed with the chance ``share`` (0-1)."""
        return NormalDist(self.mean, self.sd).inv_cdf(share)


@dataclass(frozen=True, kw_only=True)
class Beta:
    """A rate between 0 and 1, as sure as ``a`` successes and ``b`` failures would make one."""

    a: float
    b: float

    @property
    def mean(self) -> float:
        """Expected rate (0-1)."""
        return self.a / (self.a + self.b)

    @property
    def sd(self) -> float:
        """Standard deviation of the rate."""
        return math.sqrt(self.mean * (1.0 - self.mean) / (self.a + self.b + 1.0))

    def quantile(self, share: float) -> float:
        """Rate that is not passed with the chance ``share`` (0-1)."""
        from scipy.special import betaincinv

        return float(betaincinv(self.a, self.b, share))


def is_rate(metric: str) -> bool:
    """Say whether a metric is claimed as a level from 0 to 1: its name ends in ``_rate``.

    Examples
    --------
    >>> is_rate("adoption_rate"), is_rate("retention_pp")
    (True, False)
    """
    return metric.endswith(_RATE)


def normal_prior(*, p10: float, p50: float, p90: float) -> Normal:
    """Read a claimed change as a normal: its middle is ``p50``, its width that of ``p90 - p10``.

    A claim that leans to one side keeps its middle and its width.

    Raises
    ------
    ParameterError
        The claim is out of order or has no width.

    Examples
    --------
    >>> prior = normal_prior(p10=3.4, p50=6.0, p90=8.6)
    >>> prior.mean, round(prior.sd, 2)
    (6.0, 2.03)
    """
    _refuse_disorder(p10, p50, p90)
    return Normal(mean=p50, sd=(p90 - p10) / (2 * _Z90))


def beta_prior(*, p10: float, p50: float, p90: float) -> Beta:
    """Read a claimed rate as a beta, whose quantiles come as near to the three as they can.

    The sum of squared distances at 10, 50 and 90 % is made least; a beta has two numbers, so three points that are
    no beta's own are met nearly.

    Raises
    ------
    ParameterError
        The claim is out of order, has no width or leaves 0 to 1.

    References
    ----------
    O'Hagan et al. (2006), Uncertain Judgements: distributions fitted to elicited quantiles by least squares.

    Examples
    --------
    >>> prior = beta_prior(p10=0.2, p50=0.3, p90=0.42)
    >>> round(prior.mean, 3), [round(prior.quantile(share), 2) for share in (0.1, 0.5, 0.9)]
    (0.306, [0.2, 0.3, 0.42])
    """
    from scipy.optimize import least_squares
    from scipy.special import betaincinv

    _refuse_disorder(p10, p50, p90)
    if p10 < 0.0 or p90 > 1.0 or not 0.0 < p50 < 1.0:
        raise ParameterError(f"claim: got p10 {p10:g}, p50 {p50:g}, p90 {p90:g} of a rate, allowed 0 to 1 with a p50 "
                             "between. Give the rate as a share, or call a change in points by another metric.")
    width, wanted = p90 - p10, np.array([p10, p50, p90])
    size = max(p50 * (1.0 - p50) / (width / (2 * _Z90)) ** 2 - 1.0, 2 * _LEAST)
    begin = np.log(np.clip([p50 * size, (1.0 - p50) * size], 2 * _LEAST, _MOST / 2))

    def misses(logs: Floats) -> Floats:
        a, b = np.exp(logs)
        return np.asarray((betaincinv(a, b, _SHARES) - wanted) / width)

    fit = least_squares(misses, begin, bounds=(math.log(_LEAST), math.log(_MOST)), xtol=1e-12, ftol=1e-12, gtol=1e-12)
    return Beta(a=float(np.exp(fit.x[0])), b=float(np.exp(fit.x[1])))


def claim_prior(metric: str, *, p10: float, p50: float, p90: float) -> Normal | Beta:
    """Read a claim by its metric: a rate as a beta, everything else as a normal change.

    Raises
    ------
    ParameterError
        The claim is out of order, has no width, or a rate leaves 0 to 1.

    Examples
    --------
    >>> claim_prior("nps_points", p10=1.0, p50=3.0, p90=5.0).mean
    3.0
    """
    fitted = beta_prior if is_rate(metric) else normal_prior
    return fitted(p10=p10, p50=p50, p90=p90)


def _refuse_disorder(p10: float, p50: float, p90: float) -> None:
    if not (math.isfinite(p10 + p50 + p90) and p10 <= p50 <= p90 and p10 < p90):
        raise ParameterError(f"claim: got p10 {p10:g}, p50 {p50:g}, p90 {p90:g}, allowed p10 <= p50 <= p90 with "
                             "p10 < p90. Correct benefit_map, or ask for a range.")
