"""What an experiment could have found: the smallest effect it shows four times in five, and the visitors it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real

from pmlib.errors import ParameterError
from pmlib.product.experiments.proportions import as_share

_ALPHA = 0.05


def detectable_effect(base: float, n: tuple[int, int], *, power: float = 0.8) -> float:
    """Smallest true gain that the two-sided 5 % test shows with this power.

    Parameters
    ----------
    base : float
        Conversion rate of control, above 0 and below 1.
    n : pair of int
        Visitors of control and treatment.
    power : float
        Chance that the test shows it.

    Returns
    -------
    float
        Gain of the rate, 0-1; NaN where even everybody converting would not be enough.

    Raises
    ------
    ParameterError
        Base or power is no share.

    References
    ----------
    Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, ch. 4.

    Examples
    --------
    >>> round(100 * detectable_effect(0.10, (58_800, 58_800)), 2)
    0.5
    """
    from scipy import optimize

    as_share("base", base, use=0.1)
    as_share("power", power, use=0.8)
    if not isinstance(n, Sequence) or len(n) != 2 or not all(isinstance(one, Integral) for one in n):  # noqa: PLR2004
        raise ParameterError(f"n: got {n!r}, allowed the visitors of control and treatment. Write (5_000, 5_000).")

    def spare(effect: float) -> float:
        return _power_quantile(base, effect, n) - _normal_quantile(power)

    widest = 1 - base
    if min(n) < 1 or spare(widest) < 0:
        return math.nan
    return float(optimize.brentq(spare, 0.0, widest, xtol=1e-12))


def visitors_needed(base: float, effect: float, *, power: float = 0.8) -> int:
    """Visitors in each arm to show a true effect at 5 %, two-sided, with this power.

    Parameters
    ----------
    base : float
        Conversion rate of control, above 0 and below 1.
    effect : float
        Change of the rate, not 0; base + effect lies between 0 and 1.
    power : float
        Chance that the test shows it.

    Raises
    ------
    ParameterError
        Base or power is no share, or the effect is 0 or leads out of 0-1.

    Examples
    --------
    >>> visitors_needed(0.10, 0.008)
    22855
    """
    as_share("base", base, use=0.1)
    as_share("power", power, use=0.8)
    if not isinstance(effect, Real) or effect == 0 or not 0 <= base + effect <= 1:
        raise ParameterError(
            f"effect: got {effect!r} on a base of {base!r}, allowed any but 0 that stays within 0-1. "
            "Give the change of the rate, say 0.01."
        )
    one_each = effect**2
    pooled = base + effect / 2
    together = math.sqrt(2 * pooled * (1 - pooled))
    apart = math.sqrt(base * (1 - base) + (base + effect) * (1 - base - effect))
    return math.ceil((_normal_quantile(1 - _ALPHA / 2) * together + _normal_quantile(power) * apart) ** 2 / one_each)


def _power_quantile(base: float, effect: float, n: tuple[int, int]) -> float:
    """Give the normal quantile of the test's power at this effect."""
    share = n[1] / sum(n)
    pooled, rate = base + share * effect, base + effect
    together = math.sqrt(pooled * (1 - pooled) * (1 / n[0] + 1 / n[1]))
    apart = math.sqrt(base * (1 - base) / n[0] + rate * (1 - rate) / n[1])
    return (effect - _normal_quantile(1 - _ALPHA / 2) * together) / apart


def _normal_quantile(share: float) -> float:
    from scipy import special

    return float(special.ndtri(share))
