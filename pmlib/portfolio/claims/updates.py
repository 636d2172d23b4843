"""Claim and evidence put together: conjugate updates, with weaker kinds of evidence counted for less."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.arguments import mapping, number
from pmlib.portfolio.claims.priors import Beta, Normal

#: How many times as wide the variance of a kind of evidence is taken as it was measured. What biases each of them is
#: in no standard error; these are a judgement of the builders, and a board may set others.
VARIANCE_FACTORS = {"experiment": 1.0, "difference in differences": 2.0, "before and after": 4.0, "survey": 4.0,
                    "judgement": 10.0}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One measurement of a change, or of a rate.

    Attributes
    ----------
    estimate, standard_error : float
        In the unit of the metric.
    n : float
        Units measured; missing (NaN) where not said. Only a rate uses it.
    variance_factor : float
        How many times as wide its variance is taken, 1 or more.
    """

    estimate: float
    standard_error: float
    n: float = math.nan
    variance_factor: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.estimate) and 0.0 <= self.standard_error < math.inf):
            raise ParameterError(f"evidence: got {self.estimate:g} with standard_error {self.standard_error:g}, "
                                 "allowed finite numbers. Take them from the read-out of the measurement.")
        if not 1.0 <= self.variance_factor < math.inf:
            raise ParameterError(f"variance_factor: got {self.variance_factor:g}, allowed 1 or more. Evidence is "
                                 "never surer than it was measured.")

    @property
    def variance(self) -> float:
        """Variance with which a change counts."""
        return self.variance_factor * self.standard_error**2

    @property
    def trials(self) -> float:
        """How many independent trials a rate counts as: by n or by the standard error, whichever says fewer."""
        by_error = self.estimate * (1.0 - self.estimate) / self.standard_error**2 if self.standard_error else math.inf
        return min(by_error, math.inf if math.isnan(self.n) else self.n) / self.variance_factor


def variance_factors(given: Mapping[str, float] | None = None) -> dict[str, float]:
    """Variance factor by kind of evidence, the given ones in place of the usual.

    Parameters
    ----------
    given : mapping of kind to factor, optional
        1 or more each.

    Raises
    ------
    ParameterError
        A kind is unknown, or a factor is no number of 1 or more.

    Examples
    --------
    >>> variance_factors({"survey": 6})["survey"], variance_factors()["experiment"]
    (6.0, 1.0)
    """
    wanted = {} if given is None else mapping(given, "factors", remedy="Pass {'survey': 6.0}.")
    for kind, factor in wanted.items():
        if kind not in VARIANCE_FACTORS:
            raise ParameterError(f"factors: got kind {kind!r}. {did_you_mean(str(kind), VARIANCE_FACTORS)}")
        if number(factor, f"factors of {kind}") < 1.0:
            raise ParameterError(f"factors: got {factor:g} for {kind}, allowed 1 or more. Evidence is never surer "
                                 "than it was measured.")
    return VARIANCE_FACTORS | {str(kind): float(factor) for kind, factor in wanted.items()}


def update(prior: Normal | Beta, found: Sequence[Finding]) -> Normal | Beta:
    """Give what is believed after the evidence; in which order it came makes no difference.

    A normal claim and normal errors are weighted by their precision; a beta claim takes the successes and failures of
    its rates, discounted trials as fewer ones.

    Raises
    ------
    ParameterError
        A change has a standard error of 0, or a rate lies outside 0-1 or counts no trials.

    References
    ----------
    Raiffa & Schlaifer (1961), Applied Statistical Decision Theory; Gelman et al. (2013), Bayesian Data Analysis,
    ch. 2. Discounted counts: Ibrahim & Chen (2000), Statistical Science 15(1), power priors.

    Examples
    --------
    >>> claim = Normal(mean=6.0, sd=2.029)
    >>> round(update(claim, [Finding(estimate=2.0, standard_error=0.6)]).mean, 2)
    2.32
    >>> update(Beta(a=2.0, b=3.0), [Finding(estimate=0.25, standard_error=0.0, n=20)])
    Beta(a=7.0, b=18.0)
    """
    if isinstance(prior, Beta):
        successes, trials = _counts(found)
        return Beta(a=prior.a + successes, b=prior.b + trials - successes)
    # An exact sum, so that order changes not even the last digit.
    precisions = [prior.sd**-2, *(1.0 / _variance(one) for one in found)]
    precision, values = math.fsum(precisions), (prior.mean, *(one.estimate for one in found))
    mean = math.fsum(weight * value for weight, value in zip(precisions, values, strict=True)) / precision
    return Normal(mean=mean, sd=precision**-0.5)


def pooled(prior: Normal | Beta, found: Sequence[Finding]) -> tuple[float, float]:
    """Evidence alone, as it counts beside this claim: estimate and standard error.

    Examples
    --------
    >>> pooled(Normal(mean=0.0, sd=1.0), [Finding(estimate=2.0, standard_error=0.5, variance_factor=4.0)])
    (2.0, 1.0)
    """
    if isinstance(prior, Beta):
        successes, trials = _counts(found)
        rate = successes / trials
        return rate, math.sqrt(rate * (1.0 - rate) / trials)
    precisions = [1.0 / _variance(one) for one in found]
    total = math.fsum(precisions)
    return math.fsum(weight * one.estimate for weight, one in zip(precisions, found, strict=True)) / total, total**-0.5


def moved_by(belief: Normal | Beta, another: Finding) -> float:
    """Say how far another such measurement will move the mean: one standard deviation of where it will lie.

    References
    ----------
    Raiffa & Schlaifer (1961): the distribution of the posterior mean, before the sample.

    Examples
    --------
    >>> round(moved_by(Normal(mean=2.0, sd=3.0), Finding(estimate=2.0, standard_error=4.0)), 2)
    1.8
    """
    if isinstance(belief, Beta):
        trials = _counts([another])[1]
        return belief.sd * math.sqrt(trials / (belief.a + belief.b + trials))
    return belief.sd**2 / math.sqrt(belief.sd**2 + _variance(another))


def _variance(one: Finding) -> float:
    if not one.variance > 0.0:
        raise ParameterError("evidence: got a standard_error of 0, allowed above 0. Take it from the read-out of the "
                             "measurement.")
    return one.variance


def _counts(found: Sequence[Finding]) -> tuple[float, float]:
    """Successes and trials as they count."""
    for one in found:
        if not 0.0 <= one.estimate <= 1.0 or not 0.0 < one.trials < math.inf:
            raise ParameterError(f"evidence: got a rate of {one.estimate:g} on {one.trials:g} trials, allowed 0 to 1 "
                                 "on more than 0. Give n, and the rate as a share.")
    return math.fsum(one.estimate * one.trials for one in found), math.fsum(one.trials for one in found)
