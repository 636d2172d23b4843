"""How content customers are: net promoter score, top boxes, always with n and interval."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ScaleError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count, lazy, month_of_date, named
from pmlib.product.estimate import Estimate
from pmlib.product.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NPS_MAX = 10
_PROMOTER, _DETRACTOR = 9, 6
_Z95 = 1.959963984540054


class Instrument(StrEnum):
    """The question that was asked.

    NPS is "would you recommend us", 0 to 10. CSAT and CES are scored by their top two boxes, so their high end is the
    good one: CES is agreement with "made it easy for me". Turn the older question, "how much effort did you have to
    put forth", round in views.sql (``scale_max + 1 - score``), or score it by `customer_effort`.
    """

    NPS = "NPS"
    CSAT = "CSAT"
    CES = "CES"


@dataclass(frozen=True, eq=False, kw_only=True)
class Satisfaction:
    """How content the customers of each product were, month by month.

    Attributes
    ----------
    months : DataFrame
        ``product_id``, ``name``, ``instrument``, ``scale_max``, ``month``, ``value``, ``low``, ``high``, ``n``,
        ``n_missing``, ``unit`` (points for NPS, share of the top two boxes else), ``level``. Months without an answer
        have no row.
    period : int
        Last month counted.
    """

    months: pd.DataFrame
    period: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product, instrument and month."""
        return self.months.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the net promoter score by month with intervals."""
        from pmlib.plots import product

        return product.nps_by_month(self.months[self.months["instrument"] == Instrument.NPS], ax)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.months.empty:
            return {"–": "no surveys in this period"}
        return {
            f"{int(self.months['n'].sum()):,}": f"answers to {month_name(self.period)}",
            f"{self.months['product_id'].nunique()}": "products with answers",
        }

    def summary(self) -> str:
        """Return one or two sentences with the number of answers and the newest scores' width."""
        if self.months.empty:
            return "No surveys in this period."
        nps = self.months[self.months["instrument"] == Instrument.NPS]
        width = ((nps["high"] - nps["low"]) / 2).median()
        noise = f" A month's NPS is known to within {width:.0f} points either way (median)." if len(nps) > 0 else ""
        return (
            f"{counted(int(self.months['n'].sum()), 'answer')} about "
            f"{counted(self.months['product_id'].nunique(), 'product')}, "
            f"{int(self.months['n_missing'].sum()):,} missing.{noise}"
        )

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<Satisfaction: {self.summary()}>"


def net_promoter_score(answers: pd.Series) -> Estimate:
    """Share of promoters (9-10) minus share of detractors (0-6), in points (-100 to 100).

    Parameters
    ----------
    answers : Series of shape (n_answers,), whole numbers 0-10
        Missing answers are dropped and counted in ``Estimate.n_missing``.

    Raises
    ------
    ScaleError
        An answer lies outside 0-10 or is no whole number.

    References
    ----------
    Reichheld (2003), HBR 81(12). Interval: variance of the multinomial difference; where all answers are alike, that
    variance is 0 and one promoter and one detractor are added for it, as Bonett & Price (2012) do.

    Examples
    --------
    >>> net_promoter_score(pd.Series([10, 9, 9, 8, 3])).value
    40.0
    """
    return nps_of_counts(_counts(answers, low=0, high=_NPS_MAX), n_missing=int(answers.isna().sum()))


def customer_satisfaction(answers: pd.Series, *, scale_max: int) -> Estimate:
    """Share of answers in the top two boxes, with Wilson's interval.

    Parameters
    ----------
    answers : Series of shape (n_answers,), whole numbers 1 to ``scale_max``
        Missing answers are dropped and counted in ``Estimate.n_missing``.
    scale_max : int
        Top of the scale, 3 to 10 points.

    Raises
    ------
    ScaleError
        An answer lies outside 1 to ``scale_max``, or the scale has fewer than 3 points.

    References
    ----------
    Wilson (1927), JASA 22(158).

    Examples
    --------
    >>> customer_satisfaction(pd.Series([5, 4, 4, 2, None]), scale_max=5).value
    0.75
    """
    counts = _counts(answers, low=1, high=scale_max)
    return top_boxes_of_counts(counts, scale_max=scale_max, n_missing=int(answers.isna().sum()))


def nps_of_counts(counts: Mapping[int, int], *, n_missing: int = 0) -> Estimate:
    """Net promoter score from the number of answers at each score 0-10, in points.

    Examples
    --------
    >>> nps_of_counts({10: 45, 8: 35, 3: 20}).value
    25.0
    """
    _refuse_outside(counts, low=0, high=_NPS_MAX)
    n = sum(counts.values())
    if n == 0:
        return Estimate.unmeasured(unit="points", n_missing=n_missing)
    promoters = sum(count for score, count in counts.items() if score >= _PROMOTER)
    detractors = sum(count for score, count in counts.items() if score <= _DETRACTOR)
    value, error = 100 * (promoters - detractors) / n, _nps_error(promoters, detractors, n)
    low, high = max(-100.0, value - _Z95 * error), min(100.0, value + _Z95 * error)
    return Estimate(value=value, low=low, high=high, n=n, n_missing=n_missing, unit="points")


def _nps_error(promoters: int, detractors: int, n: int) -> float:
    """Give the standard error of the score in points."""
    variance = _difference_variance(promoters / n, detractors / n)
    if variance == 0:
        variance = _difference_variance((promoters + 1) / (n + 2), (detractors + 1) / (n + 2))
    return 100 * math.sqrt(variance / n)


def _difference_variance(promoters: float, detractors: float) -> float:
    return promoters + detractors - (promoters - detractors) ** 2


def top_boxes_of_counts(counts: Mapping[int, int], *, scale_max: int, n_missing: int = 0) -> Estimate:
    """Share of the top two boxes from the number of answers at each score 1 to ``scale_max``.

    Examples
    --------
    >>> top_boxes_of_counts({5: 30, 4: 30, 1: 40}, scale_max=5).value
    0.6
    """
    if scale_max < 3:  # noqa: PLR2004 - two boxes of two would always be full
        raise ScaleError(f"top boxes: got a scale of {scale_max} points, allowed 3 or more. Use the plain share.")
    _refuse_outside(counts, low=1, high=scale_max)
    top = sum(count for score, count in counts.items() if score >= scale_max - 1)
    return share_estimate(top, sum(counts.values()), n_missing=n_missing)


def share_estimate(count: int, n: int, *, n_missing: int = 0) -> Estimate:
    """Share ``count / n`` with Wilson's 95 % interval.

    Examples
    --------
    >>> round(share_estimate(0, 10).high, 3)
    0.278
    """
    if n == 0:
        return Estimate.unmeasured(unit="share", n_missing=n_missing)
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(count, n, method="wilson")
    return Estimate(value=count / n, low=float(low), high=float(high), n=n, n_missing=n_missing, unit="share")


def satisfaction_by_month(tables: Tables, *, period: int | str, months: int | None = None) -> Satisfaction:
    """Score every product's answers month by month, counted in the engine.

    NPS in points with the multinomial interval; CSAT and CES as the share of the top two boxes with Wilson's. The high
    end of CES is the easy one (see `Instrument`).

    Parameters
    ----------
    tables : mapping
        ``surveys``: an Ibis table of any engine, or a frame.
    period : int or str
        Last month counted.
    months : int, optional
        How many months back; all by default.

    Raises
    ------
    MissingTableError
        There are no surveys.
    ScaleError
        NPS answers on another scale than 0-10, or answers outside their scale.
    """
    last = as_month(period)
    counts = answer_counts(tables, last=last, first=None if months is None else last - as_count("months", months) + 1)
    keys = ["product_id", "instrument", "scale_max", "month"]
    rows = [{**dict(zip(keys, key, strict=True)), **asdict(estimate_of(group))} for key, group in counts.groupby(keys)]
    columns = [*keys, "value", "low", "high", "n", "n_missing", "unit", "level"]
    return Satisfaction(months=named(pd.DataFrame(rows, columns=columns), tables), period=last)


def answer_counts(tables: Tables, *, last: int, first: int | None = None) -> pd.DataFrame:
    """Count answers by product, instrument, scale, month and score (missing scores too), in the engine.

    Raises
    ------
    ScaleError
        NPS answers on another scale than 0-10.
    """
    keys = ["product_id", "instrument", "scale_max", "month", "score"]
    surveys = lazy(tables, "surveys", ["product_id", "date", "instrument", "scale_max", "score"])
    surveys = surveys.mutate(
        month=month_of_date(surveys.date),
        score=surveys.score.cast("float64"),
        scale_max=surveys.scale_max.cast("int64"),
    )
    surveys = surveys.filter(surveys.month <= last)
    if first is not None:
        surveys = surveys.filter(surveys.month >= first)
    counts: pd.DataFrame = surveys.group_by(keys).agg(n=surveys.count()).order_by(keys).to_pandas()
    _refuse_other_scales(counts)
    return counts


def estimate_of(counts: pd.DataFrame) -> Estimate:
    """Score the answers of one instrument on one scale: NPS in points, else the share of the top two boxes."""
    missing = counts["score"].isna()
    by_score = counts[~missing].groupby("score")["n"].sum()
    histogram = {_whole_score(float(score)): int(n) for score, n in by_score.items()}  # type: ignore[arg-type]
    n_missing = int(counts.loc[missing, "n"].sum())
    if counts["instrument"].iloc[0] == Instrument.NPS:
        return nps_of_counts(histogram, n_missing=n_missing)
    return top_boxes_of_counts(histogram, scale_max=int(counts["scale_max"].iloc[0]), n_missing=n_missing)


def _refuse_other_scales(counts: pd.DataFrame) -> None:
    other = counts[(counts["instrument"] == Instrument.NPS) & (counts["scale_max"] != _NPS_MAX)]
    if len(other) > 0:
        row = other.iloc[0]
        raise ScaleError(
            f"surveys: {int(other['n'].sum()):,} NPS answers with scale_max {row['scale_max']} (product "
            f"'{row['product_id']}'), allowed 10. Mark them as CSAT, or leave them out in views.sql."
        )


def _counts(answers: pd.Series, *, low: int, high: int) -> dict[int, int]:
    values: npt.NDArray[np.float64] = answers.dropna().to_numpy(dtype=np.float64)
    scores, counts = np.unique(values, return_counts=True)
    histogram = {_whole_score(float(score)): int(count) for score, count in zip(scores, counts, strict=True)}
    _refuse_outside(histogram, low=low, high=high)
    return histogram


def _whole_score(score: float) -> int:
    if score != int(score):
        raise ScaleError(f"answers: got {score:g}, allowed whole numbers. Do not average answers before scoring them.")
    return int(score)


def _refuse_outside(counts: Mapping[int, int], *, low: int, high: int) -> None:
    outside = sorted(score for score in counts if not low <= score <= high)
    if outside:
        raise ScaleError(f"answers: got {outside[0]}, allowed {low}-{high}. Check scale_max and the question's type.")
