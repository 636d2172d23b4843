"""CUPED: what was known of visitors before takes noise out of what they did after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import SchemaError

Floats = npt.NDArray[np.float64]
ARMS = ("control", "treatment")
SUMS = ("sum_y", "sum_y2", "sum_x", "sum_x2", "sum_xy")
_Z95 = 1.959963984540054
#: Sums are written with a few decimals: only beyond this share do they contradict each other.
_ROUNDING = 1e-3
#: Below this share of its squares, the measure before does not vary.
_CONSTANT = 1e-9


@dataclass(frozen=True, kw_only=True)
class OutcomeDifference:
    """How much more treatment brings per visitor, as it is and with the noise of before taken out.

    Attributes
    ----------
    plain, plain_low, plain_high, plain_p : float
        Mean of treatment less mean of control, its 95 % interval, and p; in the unit of the outcome.
    adjusted, adjusted_low, adjusted_high, adjusted_p : float
        The same by CUPED.
    theta : float
        Outcome for one unit of the measure before.
    variance_saved : float
        Share 0-1 of the difference's variance that CUPED takes away; 0 where the measure before says nothing.
    """

    plain: float
    plain_low: float
    plain_high: float
    plain_p: float
    adjusted: float
    adjusted_low: float
    adjusted_high: float
    adjusted_p: float
    theta: float
    variance_saved: float


def adjust_for_before(sums: pd.DataFrame, *, test_id: str = "") -> OutcomeDifference:
    """Compare the outcome per visitor of both arms, corrected by what was measured before the experiment.

    The slope theta is that of both arms together, within the arms, so that it takes nothing of the effect. The
    interval is the normal one for unequal variances: made for hundreds of visitors and more.

    Parameters
    ----------
    sums : DataFrame indexed by arm (control, treatment)
        ``new_users``, ``sum_y``, ``sum_y2``, ``sum_x``, ``sum_x2``, ``sum_xy`` over all visitors; y is the outcome,
        x what was known before.
    test_id : str
        The experiment, as a message names it.

    Raises
    ------
    SchemaError
        The sums contradict each other: squares too small, or products too large.

    References
    ----------
    Deng, Xu, Kohavi & Walker (2013), Improving the sensitivity of online controlled experiments, WSDM.

    Examples
    --------
    >>> sums = pd.DataFrame({"new_users": [4, 4], "sum_y": [10.0, 14.0], "sum_y2": [30.0, 54.0], "sum_x": [10.0, 10.0],
    ...                      "sum_x2": [30.0, 30.0], "sum_xy": [29.0, 39.0]}, index=["control", "treatment"])
    >>> found = adjust_for_before(sums)
    >>> found.adjusted, round(found.variance_saved, 2)
    (1.0, 0.64)
    """
    both = sums.loc[list(ARMS)].astype(np.float64)
    _refuse_impossible(both, f"experiments: test '{test_id}'," if test_id else "experiments:")
    n = both["new_users"].to_numpy()
    plain, adjusted, theta = _cuped(n, both[list(SUMS)].to_numpy().T)
    saved = 1 - adjusted[1] ** 2 / plain[1] ** 2 if plain[1] > 0 else 0.0
    return OutcomeDifference(
        **_spread("plain", *plain), **_spread("adjusted", *adjusted), theta=float(theta), variance_saved=float(saved)
    )


def _cuped(n: Floats, sums: Floats) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], Floats]:
    """Difference and standard error, plain and adjusted, and the slope.

    Parameters
    ----------
    n : array of shape (2, ...), control first
    sums : array of shape (5, 2, ...): y, y2, x, x2, xy
    """
    y, y2, x, x2, xy = sums
    # Within each arm, about its own means.
    yy, xx, both = y2 - y * y / n, x2 - x * x / n, xy - x * y / n
    before = xx.sum(axis=0)
    theta = np.divide(both.sum(axis=0), before, out=np.zeros_like(before), where=before > _CONSTANT * x2.sum(axis=0))
    plain, shift = np.diff(y / n, axis=0)[0], np.diff(x / n, axis=0)[0]
    scatter = np.maximum(yy - 2 * theta * both + theta**2 * xx, 0)
    freedom = n * (n - 1)
    errors = [np.sqrt((np.maximum(part, 0) / freedom).sum(axis=0)) for part in (yy, scatter)]
    return (plain, errors[0]), (plain - theta * shift, errors[1]), theta


def _spread(name: str, value: Floats, error: Floats) -> dict[str, float]:
    from scipy import special

    gap, spread = float(value), float(error)
    p = 2 * float(special.ndtr(-abs(gap) / spread)) if spread > 0 else float(gap == 0)
    return {name: gap, f"{name}_low": gap - _Z95 * spread, f"{name}_high": gap + _Z95 * spread, f"{name}_p": p}


def _refuse_impossible(sums: pd.DataFrame, where: str) -> None:
    n = sums["new_users"]
    for name in "yx":
        least = sums[f"sum_{name}"] ** 2 / n
        short = sums[f"sum_{name}2"] < least * (1 - _ROUNDING)
        for arm in sums.index[short]:
            raise SchemaError(
                f"{where} sum_{name}2 of arm '{arm}' is {float(sums[f'sum_{name}2'][arm]):,.6g}, allowed "
                f"{least[arm]:,.6g} or more (sum_{name} squared over new_users). Sum the squares of single visitors."
            )
    bound = np.sqrt(sums["sum_x2"] * sums["sum_y2"])
    for arm in sums.index[sums["sum_xy"].abs() > bound * (1 + _ROUNDING)]:
        raise SchemaError(
            f"{where} sum_xy of arm '{arm}' is {float(sums['sum_xy'][arm]):,.6g}, allowed {bound[arm]:,.6g} at "
            "most (root of sum_x2 times sum_y2). Sum the products of single visitors."
        )
