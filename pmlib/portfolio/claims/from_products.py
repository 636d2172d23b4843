"""From a product's result to a row of the table ``evidence``: plain numbers in, each result entered once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import as_month
from pmlib.portfolio.arguments import number, of_kind, one_of, shown
from pmlib.portfolio.claims.ledger import content_id
from pmlib.portfolio.claims.updates import VARIANCE_FACTORS
from pmlib.schema import TABLES

_Z95 = NormalDist().inv_cdf(0.975)
_POINTS, _PAIR = 100.0, 2


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A result of the product room: how far a metric moved, how surely, on how many, and how that was found.

    Attributes
    ----------
    estimate, standard_error : float
        In the unit of the metric.
    month : int or str
        Month in which it was known, ``YYYY-MM`` or year * 12 + month.
    kind : str
        How it was measured (`claims.updates.VARIANCE_FACTORS`).
    n : int, optional
        Units measured.

    Raises
    ------
    ParameterError
        A number is missing, the standard error is not above 0, or the kind is unknown.
    """

    estimate: float
    standard_error: float
    month: int | str
    kind: str
    n: int | None = None

    def __post_init__(self) -> None:
        number(self.estimate, "estimate")
        if number(self.standard_error, "standard_error") <= 0.0:
            raise ParameterError(f"standard_error: got {self.standard_error:g}, allowed above 0. Take it from the "
                                 "read-out of the measurement.")
        one_of(self.kind, tuple(VARIANCE_FACTORS), "kind")
        as_month(self.month)
        if self.n is not None and not (number(self.n, "n") >= 0 and self.n == int(self.n)):
            raise ParameterError(f"n: got {shown(self.n)}, allowed a whole number of 0 or more. Correct it.")


def from_interval(
    value: float, *, low: float, high: float, month: int | str, kind: str, n: int | None = None,
) -> Measured:
    """Take a value with its 95 % interval, as the product room prints them.

    The standard error is the width of the interval over 3.92; an interval that leans to one side keeps its width.

    Raises
    ------
    ParameterError
        The interval has no width, or does not hold the value.

    Examples
    --------
    >>> round(from_interval(2.0, low=0.824, high=3.176, month="2025-09", kind="experiment").standard_error, 2)
    0.6
    """
    if not number(low, "low") <= number(value, "value") <= number(high, "high") or low == high:
        raise ParameterError(f"interval: got {value:g} with {low:g} to {high:g}, allowed low <= value <= high with a "
                             "width. Take all three from the same row.")
    return Measured(estimate=value, standard_error=(high - low) / (2 * _Z95), month=month, kind=kind, n=n)


def from_experiment(
    treated: tuple[int, int], control: tuple[int, int], *, month: int | str, kind: str = "experiment",
) -> Measured:
    """Take the read-out of two arms, as (successes, trials): the difference of their rates in points.

    Raises
    ------
    ParameterError
        An arm is no pair with 0 <= successes <= trials, or both arms are all or nothing.

    References
    ----------
    Wald's standard error of a difference of proportions, each arm with its own variance.

    Examples
    --------
    >>> lift = from_experiment((1_200, 2_400), (1_152, 2_400), month="2025-09")
    >>> round(lift.estimate, 2), round(lift.standard_error, 2), lift.n
    (2.0, 1.44, 4800)
    """
    rates, variances = [], []
    for name, arm in (("treated", treated), ("control", control)):
        successes, trials = _arm(arm, name)
        rates.append(successes / trials)
        variances.append(rates[-1] * (1.0 - rates[-1]) / trials)
    return Measured(estimate=_POINTS * (rates[0] - rates[1]), standard_error=_POINTS * math.sqrt(sum(variances)),
                    month=month, kind=kind, n=int(treated[1]) + int(control[1]))


def from_before_after(
    before: tuple[float, float], after: tuple[float, float], *, month: int | str, n: int | None = None,
) -> Measured:
    """Take a level before and after, as (value, standard error): NPS, retention or share; who answered differs.

    Raises
    ------
    ParameterError
        One is no pair of numbers, or both standard errors are 0.

    Examples
    --------
    >>> from_before_after((20.0, 3.0), (26.0, 4.0), month="2025-12", n=900).standard_error
    5.0
    """
    (old, old_error), (new, new_error) = _pair(before, "before"), _pair(after, "after")
    return Measured(estimate=new - old, standard_error=math.hypot(old_error, new_error), month=month,
                    kind="before and after", n=n)


def evidence_row(result: Any, *, project_id: str, product_id: str, metric: str) -> pd.DataFrame:
    """Make a row of the table ``evidence`` of a result; the same result always gets the same evidence_id.

    Parameters
    ----------
    result : Measured, a mapping, or anything with estimate, standard_error, month, kind and perhaps n
        What was measured.
    project_id, product_id, metric : str
        The claim it is about, as in benefit_map.

    Raises
    ------
    ParameterError
        The result lacks a number, or the claim a name.

    Examples
    --------
    >>> row = evidence_row({"estimate": 2.0, "standard_error": 0.6, "month": "2025-09", "kind": "experiment"},
    ...                    project_id="P44", product_id="PR4", metric="retention_pp")
    >>> row[["project_id", "metric", "month", "estimate"]].values.tolist()
    [['P44', 'retention_pp', 24309, 2.0]]
    """
    for name, text in (("project_id", project_id), ("product_id", product_id), ("metric", metric)):
        if not of_kind(text, str, name, remedy="Name it as in benefit_map.").strip():
            raise ParameterError(f"{name}: empty, allowed a name. Name it as in benefit_map.")
    taken = _taken(result)
    row = {"project_id": project_id, "product_id": product_id, "metric": metric, "month": as_month(taken.month),
           "estimate": float(taken.estimate), "standard_error": float(taken.standard_error), "n": taken.n,
           "kind": taken.kind}
    frame = pd.DataFrame([{"evidence_id": content_id(row), **row}], columns=TABLES["evidence"].names)
    return frame.astype({"n": "Int64"})


def with_evidence(tables: Mapping[str, pd.DataFrame], rows: Sequence[pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Give the tables with these rows added to ``evidence``; one that is there already is not added again.

    Parameters
    ----------
    tables : mapping of table name to frame
        Nothing in it is changed.
    rows : sequence of DataFrame
        From `evidence_row`.

    Examples
    --------
    >>> row = evidence_row({"estimate": 2.0, "standard_error": 0.6, "month": "2025-09", "kind": "experiment"},
    ...                    project_id="P44", product_id="PR4", metric="retention_pp")
    >>> len(with_evidence(with_evidence({}, [row]), [row, row])["evidence"])
    1
    """
    there = tables.get("evidence")
    frames = [frame for frame in (there, *rows) if frame is not None and len(frame)]
    given = {name: tables[name] for name in tables}
    if not frames:
        return given
    every = pd.concat(frames, ignore_index=True)
    names = [content_id(row) for row in every.to_dict("records")]
    return given | {"evidence": every[~pd.Series(names).duplicated()].reset_index(drop=True)}


def _taken(result: Any) -> Measured:
    """Read a result by the names of its parts."""
    if isinstance(result, Measured):
        return result
    names = ("estimate", "standard_error", "month", "kind")
    parts: dict[str, Any] = {name: result.get(name) if isinstance(result, Mapping) else getattr(result, name, None)
                             for name in (*names, "n")}
    lost = [name for name in names if parts[name] is None]
    if lost:
        raise ParameterError(f"result: got {shown(result)} without {', '.join(lost)}, allowed one with "
                             f"{', '.join(names)}. Make it with Measured, from_interval or from_experiment.")
    return Measured(**parts)


def _pair(got: Any, name: str) -> tuple[float, float]:
    if not isinstance(got, tuple | list) or len(got) != _PAIR:
        raise ParameterError(f"{name}: got {shown(got)}, allowed a pair of numbers. Correct it.")
    return number(got[0], name), number(got[1], name)


def _arm(got: Any, name: str) -> tuple[float, float]:
    successes, trials = _pair(got, name)
    if not 0 <= successes <= trials or trials == 0:
        raise ParameterError(f"{name}: got {successes:g} successes in {trials:g} trials, allowed 0 to trials, and 1 "
                             "trial or more. Give (successes, trials).")
    return successes, trials
