"""Scores of each product by segment and window: n always, and no score where there are too few answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.months import as_month, month_name
from pmlib.product.change import points_change
from pmlib.product.engine import Lazy, Tables, as_count, lazy, named
from pmlib.product.estimate import Estimate
from pmlib.product.satisfaction import Instrument
from pmlib.product.voice.outcomes import LEAST_ANSWERS, estimated, lazy_answers, of_product, outcomes
from pmlib.product.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What customers are split by.
SPLITS = ("segment", "region", "channel")
#: The part of answers whose customer is not known.
ANONYMOUS = "not known"
_FALSE_ALARM = 0.05
_KEYS = ["product_id", "instrument", "scale_max", "part", "to_month"]
_COLUMNS = [*_KEYS, "value", "low", "high", "n", "n_missing", "unit", "enough"]


@dataclass(frozen=True, eq=False, kw_only=True)
class SegmentScores:
    """How content each part of the customers is, window by window.

    Attributes
    ----------
    scores : DataFrame
        One row per ``product_id`` (with ``name``), ``instrument``, ``scale_max``, ``part`` of the customers and
        ``to_month`` (last month of the window): ``value``, ``low``, ``high`` (NaN below 30 answers), ``n``,
        ``n_missing``, ``unit`` (points or share), ``enough``.
    by : str
        What the customers are split by.
    period, months : int
        Last month counted, and months of a window.
    """

    scores: pd.DataFrame
    by: str
    period: int
    months: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product, instrument, scale, part and window."""
        return self.scores.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the parts of each product with intervals: the NPS of the newest window."""
        from pmlib.plots import voice

        newest = (self.scores["to_month"] == self.period) & (self.scores["instrument"] == Instrument.NPS)
        return voice.segment_scores(self.scores[newest], ax, by=self.by)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.scores.empty:
            return {"–": "no answers in the windows"}
        enough = int(self.scores["enough"].sum())
        return {
            f"{enough} of {len(self.scores)}": f"scores by {self.by} rest on {LEAST_ANSWERS} answers or more",
            f"{int(self.scores['n'].sum()):,}": "answers",
        }

    def summary(self) -> str:
        """Return how many scores have enough answers, and the widest gap between two parts of one product."""
        if self.scores.empty:
            return f"No answers in the windows to {month_name(self.period)}."
        lacking = int((~self.scores["enough"]).sum())
        told = f"{counted(len(self.scores), 'score')} by {self.by}"
        few = f", {lacking} of them not enough answers (below {LEAST_ANSWERS})" if lacking else ""
        return f"{told}{few}. {self._widest()}".rstrip()

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<SegmentScores: {self.summary()}>"

    def _widest(self) -> str:
        """Name the product whose parts lie furthest apart in the newest NPS, and whether that is beyond chance."""
        rows = self.scores[self.scores["enough"] & (self.scores["to_month"] == self.period)]
        rows = rows[(rows["instrument"] == Instrument.NPS) & (rows["part"] != ANONYMOUS)]
        by_product = rows.groupby("product_id")["value"]
        ranges = by_product.max() - by_product.min()
        if ranges.empty or ranges.max() == 0:
            return ""
        product = rows[rows["product_id"] == ranges.idxmax()].sort_values("value", kind="stable")
        low, high = product.iloc[0], product.iloc[-1]
        pairs = int((by_product.size() * (by_product.size() - 1) // 2).sum())
        chance = min(1.0, pairs * points_change(_estimate(low), _estimate(high)).p)
        verdict = "beyond chance" if chance <= _FALSE_ALARM else "not beyond chance"
        return (
            f"Widest gap: {low['name']}, {high['part']} {high['value']:.0f} (n {high['n']:,}) against {low['part']} "
            f"{low['value']:.0f} (n {low['n']:,}), {verdict} among {counted(pairs, 'pair')}."
        )


def _estimate(row: pd.Series) -> Estimate:
    return Estimate(**{name: row[name] for name in ("value", "low", "high", "n", "n_missing", "unit")})


def satisfaction_by_segment(
    tables: Tables,
    *,
    period: int | str,
    product_id: str | None = None,
    months: int = 12,
    windows: int = 2,
    by: str = "segment",
) -> SegmentScores:
    """Score the answers of each product by part of the customers and window, counted in the engine.

    NPS in points, CSAT and CES as the share of the top two boxes; each scale by itself. A score that rests on
    fewer than 30 answers is not told, its n is. Answers without a known customer form a part of their own.

    Parameters
    ----------
    tables : mapping
        ``surveys`` and ``customers`` (Ibis tables of any engine, or frames); ``products`` for names.
    period : int or str
        Last month of the newest window.
    product_id : str, optional
        One product; all by default.
    months, windows : int
        Months of a window, and how many windows back to back.
    by : str
        ``segment``, ``region`` or ``channel``.

    Raises
    ------
    MissingTableError
        There are no surveys or no customers.
    ParameterError
        Unknown product or split.
    ScaleError
        Answers outside their scale.
    """
    last, length = as_month(period), as_count("months", months)
    if by not in SPLITS:
        raise ParameterError(f"by: got {by!r}, allowed {', '.join(SPLITS)}. {did_you_mean(by, SPLITS)}")
    first = last - length * as_count("windows", windows) + 1
    counts = of_product(_counts(tables, first=first, last=last, by=by), tables, product_id)
    counts = counts.assign(to_month=last - (last - counts["month"]) // length * length)
    rows = [_row(row) for row in outcomes(counts, _KEYS).to_dict("records")]
    return SegmentScores(scores=named(pd.DataFrame(rows, columns=_COLUMNS), tables), by=by, period=last, months=length)


def _counts(tables: Tables, *, first: int, last: int, by: str) -> pd.DataFrame:
    answers = lazy_answers(tables, first=first, last=last, columns=["customer_id"])
    joined = answers.left_join(_parts(tables, by), "customer_id")
    joined = joined.mutate(part=joined.part.fill_null(ANONYMOUS))
    keys = ["product_id", "instrument", "scale_max", "part", "month", "score"]
    counts: pd.DataFrame = joined.group_by(keys).agg(n=joined.count()).order_by(keys).to_pandas()
    return counts


def _parts(tables: Tables, by: str) -> Lazy:
    customers = lazy(tables, "customers", ["customer_id", by])
    # One row a customer, whatever the table holds: no answer is counted twice.
    return customers.group_by("customer_id").agg(part=customers[by].min())


def _row(row: dict[Any, Any]) -> dict[Any, Any]:
    enough = row["n"] >= LEAST_ANSWERS
    known = {name: row[name] if enough else 0 for name in ("up", "down", "n")}
    score = estimated(row["instrument"], **known)
    told = {"value": score.value, "low": score.low, "high": score.high, "unit": score.unit, "enough": enough}
    return row | told
