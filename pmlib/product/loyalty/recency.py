"""Recency, frequency, monetary value: which customers are worth a call, counted in the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.months import as_month, month_name
from pmlib.product.engine import Lazy, Tables, as_count, currency_of
from pmlib.product.loyalty.purchases import last_day, purchase_days
from pmlib.product.rows import E4, whole
from pmlib.product.wording import counted, figure_text, money_text, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Segments from the best to the worst, and what puts a customer there.
SEGMENTS = {
    "champions": "bought lately and often",
    "loyal": "bought often, not long ago",
    "recent": "bought lately, seldom",
    "cooling": "bought a while ago, seldom",
    "at risk": "bought often, long ago",
    "lost": "bought seldom, long ago",
}
_FIFTHS, _HIGH, _MIDDLE = 5, 4, 3
_PER_K = 1_000 * E4


@dataclass(frozen=True, eq=False, kw_only=True)
class RecencyFrequencyValue:
    """Customers by how lately, how often and for how much they bought.

    Attributes
    ----------
    cells : DataFrame
        ``recency``, ``frequency``, ``value`` (fifths, 5 is best), ``segment``, ``customers``, ``revenue_k`` (thousand,
        within the window).
    segments : DataFrame
        ``segment``, ``meaning``, ``customers``, ``share`` (of customers), ``revenue_k``, ``revenue_share``.
    period : int
        Last month counted.
    months : int or None
        Months of the window in which purchases and money count; None: all.
    currency : str
        Currency of the money.
    """

    cells: pd.DataFrame
    segments: pd.DataFrame
    period: int
    months: int | None
    currency: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row per segment, best first."""
        return self.segments.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw customers and revenue by segment."""
        from pmlib.plots import loyalty

        return loyalty.segments(self.segments, ax, currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.cells.empty:
            return {"–": f"fewer than {_FIFTHS} customers"}
        best, risk = self._row("champions"), self._row("at risk")
        return {
            f"{best['customers']:,}": f"champions bring {percent(best['revenue_share'])} of revenue",
            f"{risk['customers']:,}": "customers at risk",
        }

    def summary(self) -> str:
        """Return who brings the revenue, and who may be lost."""
        if self.cells.empty:
            return f"Not enough data to {month_name(self.period)}: fifths need at least {_FIFTHS} customers."
        best, risk = self._row("champions"), self._row("at risk")
        return (
            f"{best['customers']:,} champions ({percent(best['share'])} of customers) brought "
            f"{money_text(best['revenue_k'], self.currency)} {self._window()}, "
            f"{percent(best['revenue_share'])} of the revenue. {risk['customers']:,} customers who bought often have "
            f"not come for long; they brought {money_text(risk['revenue_k'], self.currency)}."
        )

    def _window(self) -> str:
        since = "" if self.months is None else f"in {counted(self.months, 'month')} "
        return f"{since}to {month_name(self.period)}"

    def _row(self, segment: str) -> dict[str, Any]:
        row = self.segments[self.segments["segment"] == segment].iloc[0]
        return {str(name): value for name, value in row.items()}

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        total = figure_text(float(self.cells["revenue_k"].sum()))
        return (
            f"<RecencyFrequencyValue: {int(self.cells['customers'].sum()):,} customers, {total} {self.currency} "
            f"{self._window()}>"
        )


def score_customers(
    tables: Tables, *, period: int | str, product_id: str | None = None, months: int | None = None
) -> RecencyFrequencyValue:
    """Score every customer who ever ordered by recency, frequency and monetary value, in fifths.

    Recency is the day of the last purchase; frequency and value count all purchases, or those within the window. A
    score is the share of customers below, in fifths from 1 to 5: equal customers share one score, so that fifths need
    not be of one size.

    Parameters
    ----------
    tables : mapping
        ``orders``: an Ibis table of any engine, or a frame.
    period : int or str
        Last month of the window, ``YYYY-MM`` or year * 12 + month.
    product_id : str, optional
        Purchases of one product; all together by default.
    months : int, optional
        Months of the window in which purchases and money count; all by default.

    Raises
    ------
    MissingTableError
        There are no orders.
    ParameterError
        The product is unknown, or months is no whole number above 0.

    References
    ----------
    Hughes (1994), Strategic Database Marketing.
    """
    last = as_month(period)
    before = 0 if months is None else last_day(last - as_count("months", months))
    scored = _scores(_people(purchase_days(tables, last=last, product_id=product_id), before))
    keys = ["recency", "frequency", "value"]
    cells = scored.group_by(keys).agg(customers=scored.count(), money=scored.money.sum()).order_by(keys)
    frame = cells.to_pandas().astype(dict.fromkeys([*keys, "customers", "money"], "int64"))
    if frame["customers"].sum() < _FIFTHS:
        frame = frame.iloc[:0]
    frame = frame.assign(segment=_segment(frame), revenue_k=frame.pop("money") / _PER_K)
    return RecencyFrequencyValue(
        cells=frame[[*keys, "segment", "customers", "revenue_k"]], segments=_segments(frame), period=last,
        months=months, currency=currency_of(tables),
    )  # fmt: skip


def _people(days: Lazy, before: int) -> Lazy:
    inside = days.day > before
    return days.group_by("customer_id").agg(
        final=days.day.max(),
        purchases=inside.ifelse(1, 0).sum(),
        money=whole(days.money.sum(where=inside)).fill_null(0),
    )


def _scores(people: Lazy) -> Lazy:
    import ibis

    people = people.mutate(people=people.final.count().over(ibis.window()))

    def fifth(column: str) -> Any:
        # Whole numbers alone: the share of customers below, in fifths.
        below = ibis.rank().over(ibis.window(order_by=people[column]))
        return (below * _FIFTHS // people.people).cast("int64") + 1

    return people.select("money", recency=fifth("final"), frequency=fifth("purchases"), value=fifth("money"))


def _segment(cells: pd.DataFrame) -> pd.Series:
    lately, often = cells["recency"], cells["frequency"]
    rules = {
        "champions": (lately >= _HIGH) & (often >= _HIGH),
        "loyal": (lately >= _MIDDLE) & (often >= _MIDDLE),
        "recent": lately >= _HIGH,
        "cooling": lately >= _MIDDLE,
        "at risk": often >= _MIDDLE,
    }
    return pd.Series(np.select(list(rules.values()), list(rules), "lost"), index=cells.index, dtype="str")


def _segments(cells: pd.DataFrame) -> pd.DataFrame:
    sums = cells.groupby("segment")[["customers", "revenue_k"]].sum().reindex(list(SEGMENTS), fill_value=0)
    people, revenue = sums["customers"].sum(), sums["revenue_k"].sum()
    frame = sums.astype({"customers": "int64", "revenue_k": "float64"}).rename_axis("segment").reset_index()
    return pd.DataFrame(
        {
            "segment": frame["segment"],
            "meaning": list(SEGMENTS.values()),
            "customers": frame["customers"],
            "share": frame["customers"] / people if people > 0 else np.nan,
            "revenue_k": frame["revenue_k"],
            "revenue_share": frame["revenue_k"] / revenue if revenue > 0 else np.nan,
        }
    )
