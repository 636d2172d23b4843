"""The three scores that rank features, as bare formulas over figures or draws."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError, nearest

Floats = npt.NDArray[np.float64]

_DIGITS_EXACT = 3


class Method(StrEnum):
    """How features are ranked."""

    RICE = "rice"
    WSJF = "wsjf"
    OPPORTUNITY = "opportunity"


#: What each method reads.
INPUTS: dict[str, tuple[str, ...]] = {
    Method.RICE: ("reach", "impact", "confidence", "effort_pm"),
    Method.WSJF: ("importance", "time_criticality", "risk_reduction", "effort_pm"),
    Method.OPPORTUNITY: ("importance", "satisfaction"),
}
#: What must be more than 0: no work divides nothing, and with no confidence at all nothing is known.
POSITIVE: dict[str, tuple[str, ...]] = {
    Method.RICE: ("confidence", "effort_pm"), Method.WSJF: ("effort_pm",), Method.OPPORTUNITY: (),
}  # fmt: skip
LABELS: dict[str, str] = {Method.RICE: "RICE", Method.WSJF: "WSJF", Method.OPPORTUNITY: "opportunity"}


def as_method(method: str) -> Method:
    """Read the name of a method.

    Raises
    ------
    ParameterError
        It is unknown.

    Examples
    --------
    >>> as_method("wsjf")
    <Method.WSJF: 'wsjf'>
    """
    if method not in list(Method):
        raise ParameterError(f"method: got {method!r}, allowed {', '.join(Method)}. "
                             f"{nearest(str(method), Method) or 'Take rice if unsure.'}")
    return Method(method)


def columns_of(method: str) -> list[str]:
    """Return the columns of ``features`` that a method and its ranges need.

    Examples
    --------
    >>> columns_of("opportunity")
    ['confidence', 'importance', 'satisfaction']
    """
    impact = ("impact_low", "impact_mode", "impact_high")
    named = [name for name in INPUTS[method] if name not in ("impact", "confidence")]
    return ["confidence", *(impact if "impact" in INPUTS[method] else ()), *named]


def score(method: str, inputs: dict[str, Floats]) -> Floats:
    """Score features by a method; equal up to rounding is equal.

    Parameters
    ----------
    method : str
        rice, wsjf or opportunity.
    inputs : dict of str to ndarray of shape (..., n_features)
        The method's inputs, by name.

    Returns
    -------
    ndarray of shape (..., n_features)
    """
    # 40 bits: 420 x 0.8 / 3 and 280 x 0.8 / 2 are one score, though their last bits differ.
    part, power = np.frexp(_KERNELS[method](**{name: inputs[name] for name in INPUTS[method]}))
    return np.asarray(np.ldexp(np.round(np.ldexp(part, 40)), power - 40), dtype=np.float64)


def rice(*, reach: Floats, impact: Floats, confidence: Floats, effort_pm: Floats) -> Floats:
    """Reach times impact times confidence, for a person-month.

    References
    ----------
    McBride (2016), RICE: simple prioritization for product managers, Intercom.

    Examples
    --------
    >>> rice(reach=np.array([420.0]), impact=np.array([1.0]), confidence=np.array([0.8]), effort_pm=np.array([3.0]))
    array([112.])
    """
    return reach * impact * confidence / effort_pm


def wsjf(*, importance: Floats, time_criticality: Floats, risk_reduction: Floats, effort_pm: Floats) -> Floats:
    """Cost of delay for a person-month: what waiting costs, by the size of the job.

    Cost of delay is user and business value + time criticality + risk reduction, each on 1-20. No one states a value
    of that scale here; twice the importance customers give (1-10) stands for it, so that RICE and WSJF rest on
    different figures.

    References
    ----------
    Reinertsen (2009), The Principles of Product Development Flow. Leffingwell, Scaled Agile Framework (WSJF).

    Examples
    --------
    >>> one = np.ones(1)
    >>> wsjf(importance=6 * one, time_criticality=5 * one, risk_reduction=3 * one, effort_pm=4 * one)
    array([5.])
    """
    return (2 * importance + time_criticality + risk_reduction) / effort_pm


def opportunity(*, importance: Floats, satisfaction: Floats) -> Floats:
    """Add to the importance what satisfaction lacks of it; more satisfaction than importance takes nothing away.

    References
    ----------
    Ulwick (2002), Turn customer input into innovation, Harvard Business Review 80(1).

    Examples
    --------
    >>> opportunity(importance=np.array([9.5, 4.0]), satisfaction=np.array([3.2, 8.0]))
    array([15.8,  4. ])
    """
    return importance + np.maximum(importance - satisfaction, 0.0)


def plain_ranks(scores: pd.Series, products: pd.Series) -> pd.Series:
    """Rank features within their product, the highest score first; equals share the better rank.

    Examples
    --------
    >>> plain_ranks(pd.Series([5.0, 9.0, 5.0]), pd.Series(["A", "A", "A"])).tolist()
    [2, 1, 2]
    """
    return scores.groupby(products).rank(method="min", ascending=False).astype("int64")


def known_digits(value: float, low: float, high: float) -> str:
    """Write a score with no more digits than its range leaves known.

    Examples
    --------
    >>> known_digits(325.33, 140.0, 520.0), known_digits(4.847, 4.1, 6.5), known_digits(112.04, 112.04, 112.04)
    ('300', '5', '112')
    """
    half = (high - low) / 2
    size = half if half > 0 else abs(value) * 10.0 ** (1 - _DIGITS_EXACT)
    digits = -math.floor(math.log10(size)) if size > 0 else 0
    # Never minus nothing.
    return f"{round(value, digits) + 0.0:,.{max(digits, 0)}f}"


_KERNELS: dict[str, Callable[..., Floats]] = {Method.RICE: rice, Method.WSJF: wsjf, Method.OPPORTUNITY: opportunity}
