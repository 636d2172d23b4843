"""Which rating moved: shares of good ratings in two windows, all tested together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ScaleError
from pmlib.months import as_month, month_name
from pmlib.product.change import Arrow, arrows, proportion_change
from pmlib.product.engine import Lazy, Tables, as_count, lazy, month_of_date, named
from pmlib.product.satisfaction import share_estimate
from pmlib.product.voice.outcomes import LEAST_ANSWERS, of_product
from pmlib.product.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What customers rate from 1 to 5 beside the score; the tables' columns end in ``_rating``.
RATINGS = ("quality", "price", "service")
_GOOD, _LOWEST, _HIGHEST = 4, 1, 5
_COLUMNS = [
    "product_id", "rating", "before", "after", "change", "change_low", "change_high", "p", "arrow", "n_before",
    "n_after",
]  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class RatingMoves:
    """Which ratings rose or fell between two windows, and which moves are beyond chance.

    Attributes
    ----------
    moves : DataFrame
        One row per product and rating: ``product_id``, ``name``, ``rating``, ``before``, ``after`` (share of ratings of
        4 or 5, 0-1), ``change``, ``change_low``, ``change_high`` (percentage points, Newcombe), ``p`` (corrected over
        all rows, Holm), ``arrow``, ``n_before``, ``n_after``. NaN below 30 ratings in a window.
    period, months : int
        Last month of the later window, and months of each.
    """

    moves: pd.DataFrame
    period: int
    months: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product and rating."""
        return self.moves.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the changes with intervals."""
        from pmlib.plots import voice

        return voice.rating_moves(self.moves, ax)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        measured = int(self.moves["p"].notna().sum())
        if measured == 0:
            return {"–": "not enough ratings to compare"}
        return {f"{len(self._moved())} of {measured}": "ratings moved beyond chance"}

    def summary(self) -> str:
        """Return every move beyond chance, and how many ratings have too few answers."""
        measured = int(self.moves["p"].notna().sum())
        if measured == 0:
            return (
                f"Not enough ratings: {LEAST_ANSWERS} are needed in each window of {self.months} months to "
                f"{month_name(self.period)}."
            )
        moved = [
            f"{row['name']}, {row['rating']} {row['change']:+.0f} points ({row['change_low']:+.0f} to "
            f"{row['change_high']:+.0f})"
            for row in self._moved().to_dict("records")
        ]
        few = len(self.moves) - measured
        lacking = f" {counted(few, 'rating')} with not enough answers." if few else ""
        told = f"Share of good ratings moved: {'; '.join(moved)}." if moved else "No rating moved beyond chance."
        return f"{told}{lacking} {counted(measured, 'rating')} tested together (5 % for any false move)."

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<RatingMoves: {self.summary()}>"

    def _moved(self) -> pd.DataFrame:
        return self.moves[self.moves["arrow"].isin([Arrow.UP, Arrow.DOWN])]


def rating_moves(tables: Tables, *, period: int | str, product_id: str | None = None, months: int = 12) -> RatingMoves:
    """Compare the share of good ratings (4 or 5 of 5) in the last window with the window before it.

    Shares, not means: the steps of a rating are no equal distances. Empty ratings are left out.

    Parameters
    ----------
    tables : mapping
        ``surveys`` (an Ibis table of any engine, or a frame); ``products`` for names.
    period : int or str
        Last month of the later window.
    product_id : str, optional
        One product; all by default.
    months : int
        Months of each window.

    Raises
    ------
    MissingTableError
        There are no surveys.
    ParameterError
        Unknown product.
    ScaleError
        A rating lies outside 1-5.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17. Holm (1979), Scandinavian Journal of Statistics 6(2).
    """
    last, length = as_month(period), as_count("months", months)
    counts = of_product(_counts(tables, first=last - 2 * length + 1, last=last), tables, product_id)
    counts = counts.assign(later=counts["month"] > last - length)
    rows = [
        _move(both, rating) | {"product_id": product, "rating": rating}
        for product, both in counts.groupby("product_id", sort=True)
        for rating in RATINGS
    ]
    shown, corrected = arrows([row["tested"] for row in rows])
    moves = pd.DataFrame(rows, columns=_COLUMNS).assign(p=corrected, arrow=[str(arrow) for arrow in shown])
    return RatingMoves(moves=named(moves, tables), period=last, months=length)


def _move(months: pd.DataFrame, rating: str) -> dict[str, Any]:
    """Compare both windows of one rating: its row, and the change to be tested with all others."""
    good, n = f"{rating}_good", f"{rating}_n"
    before, after = (
        share_estimate(int(months.loc[side, good].sum()), int(months.loc[side, n].sum()))
        for side in (~months["later"], months["later"])
    )
    # The test also forms a ratio that nobody reads, and nobody before means division by zero there.
    with np.errstate(divide="ignore", invalid="ignore"):
        tested = proportion_change(before, after)
    return {
        "before": before.value, "after": after.value, "change": tested.change, "change_low": tested.low,
        "change_high": tested.high, "n_before": before.n, "n_after": after.n, "tested": tested,
    }  # fmt: skip


def _counts(tables: Tables, *, first: int, last: int) -> pd.DataFrame:
    """Count ratings and good ratings by product and month, in the engine."""
    columns = [f"{rating}_rating" for rating in RATINGS]
    rows = lazy(tables, "surveys", ["product_id", "date", *columns])
    rows = rows.mutate(month=month_of_date(rows.date), **{column: rows[column].cast("float64") for column in columns})
    rows = rows.filter((rows.month >= first) & (rows.month <= last))
    refuse_other_ratings(rows)
    sums = {}
    for rating, column in zip(RATINGS, columns, strict=True):
        sums[f"{rating}_n"] = rows[column].count()
        sums[f"{rating}_good"] = (rows[column] >= _GOOD).ifelse(1, 0).sum().fill_null(0)
    counts: pd.DataFrame = (
        rows.group_by(["product_id", "month"]).agg(**sums).order_by(["product_id", "month"]).to_pandas()
    )
    return counts


def refuse_other_ratings(rows: Lazy) -> None:
    """Stop at ratings outside 1-5.

    Raises
    ------
    ScaleError
        A rating lies outside 1-5.
    """
    columns = [f"{rating}_rating" for rating in RATINGS]
    ends = rows.aggregate(
        **{f"{c}_low": rows[c].min() for c in columns}, **{f"{c}_high": rows[c].max() for c in columns}
    )
    found = ends.to_pandas().iloc[0]
    for column in columns:
        low, high = found[f"{column}_low"], found[f"{column}_high"]
        if low < _LOWEST or high > _HIGHEST:
            got = low if low < _LOWEST else high
            raise ScaleError(f"surveys: {column} {got:g}, allowed {_LOWEST}-{_HIGHEST}. Rescale it in views.sql.")
