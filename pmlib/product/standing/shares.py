"""Who holds how much of each market, in value and in units, with the study's own error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count, currency_of
from pmlib.product.standing.study import OWN, REST, share_range, study_rows, window_ends, window_shares
from pmlib.product.wording import counted, listed, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BY = ("category", "region")


@dataclass(frozen=True, eq=False, kw_only=True)
class MarketShares:
    """Who holds how much of each market.

    Attributes
    ----------
    shares : DataFrame
        One row per ``category``, ``region`` and ``player``, the largest first: ``value_k`` (thousand), ``share``,
        ``share_low``, ``share_high`` (0-1), ``units``, ``unit_share`` (NaN where the study counts no units),
        ``months`` (months of the window the study covers), ``month`` (last of the window).
    period : int
        Last month of the window.
    months : int
        Length of the window.
    currency : str
        Currency of the money.
    """

    shares: pd.DataFrame
    period: int
    months: int
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per category, region and player."""
        return self.shares.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the players of every market side by side, ours with its interval."""
        from pmlib.plots import standing

        return standing.market_shares(self.shares, ax)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        own = self._own()
        if own.empty:
            return {"–": "no market study names us in this window"}
        first = self._first()
        top = own.to_dict("records")[0]
        return {
            percent(top["share"]): f"our largest share: {_place(top)}",
            f"{len(first)} of {len(own)}": "markets where nobody the study names is larger",
        }

    def summary(self) -> str:
        """Return our largest and smallest share with their intervals, and where we lead."""
        own = self._own()
        if own.empty:
            return f"No market study names us in the {self._window()}."
        most, least = (
            f"{percent(row['share'])} of {_place(row)} ({share_range(row)})"
            for row in (own.to_dict("records")[place] for place in (0, -1))
        )
        held = most if len(own) == 1 else f"{most} at most and {least} at least"
        first = self._first()
        lead = f"No named rival is larger in {listed(first)}." if first else "A named rival is larger everywhere."
        return f"In the {self._window()} we held {held}. {lead}"

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<MarketShares: {self.summary()}>"

    def _window(self) -> str:
        return f"{counted(self.months, 'month')} to {month_name(self.period)}"

    def _own(self) -> pd.DataFrame:
        """Our rows, the largest share first."""
        own = self.shares[(self.shares["player"] == OWN) & self.shares["share"].notna()]
        return own.sort_values("share", ascending=False, kind="stable")

    def _first(self) -> list[str]:
        """Markets where no named rival sells more than we do."""
        rivals = self.shares[~self.shares["player"].isin([OWN, *REST])].groupby(["category", "region"])["value_k"].max()
        return [
            _place(row) for row in self._own().to_dict("records")
            if row["value_k"] >= rivals.get((row["category"], row["region"]), 0.0) and row["value_k"] > 0
        ]  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class ShareHistory:
    """How the shares of one market moved.

    Attributes
    ----------
    shares : DataFrame
        As `MarketShares.shares`, for every ``month`` at which a window can end, oldest first.
    category : str
        The market.
    period : int
        Last month of the last window.
    months : int
        Length of each window.
    """

    shares: pd.DataFrame
    category: str
    period: int
    months: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per month and player."""
        return self.shares.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw one labelled line per player, ours with its interval."""
        from pmlib.plots import standing

        return standing.share_lines(self.shares, ax)

    def headline(self) -> dict[str, str]:
        """Return our share at the end and at the start."""
        own = self._own()
        if own.empty:
            return {"–": "no market study names us"}
        ends = own.iloc[[-1, 0]].to_dict("records")
        return {f"{100 * row['share']:.1f} %": f"our share of {self.category}, {month_name(row['month'])}"
                for row in ends}  # fmt: skip

    def summary(self) -> str:
        """Return our share at both ends, with the interval of the last."""
        own = self._own()
        if own.empty:
            of = f" of {self.category}" if self.category else ""
            return f"No market study{of} names us to {month_name(self.period)}."
        first, last = own.iloc[0], own.iloc[-1]
        return (
            f"Our share of {self.category} went from {percent(first['share'])} ({month_name(int(first['month']))}) to "
            f"{percent(last['share'])} ({month_name(int(last['month']))}; {share_range(last)}), in windows of "
            f"{counted(self.months, 'month')}."
        )

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<ShareHistory: {self.summary()}>"

    def _own(self) -> pd.DataFrame:
        return self.shares[(self.shares["player"] == OWN) & self.shares["share"].notna()]


def market_shares(
    tables: Tables, *, period: int | str, product_id: str | None = None, months: int = 12, by: str = "category"
) -> MarketShares:
    """Share of every player in every market over the last window; the shares of a market add up to one.

    The interval is the study's own error and nothing else. It is taken as the same in every month, and as common to
    all rivals, so that it does not average out.

    Parameters
    ----------
    tables : mapping
        ``market`` (player ``own`` is us); ``products`` where a product is asked for.
    period : int or str
        Last month of the window.
    product_id : str, optional
        Only the market of this product.
    months : int
        Length of the window; 1 for a study that is written once a year.
    by : {"category", "region"}
        Whether a market is a category, or a category in one region.

    Raises
    ------
    MissingTableError
        There is no market table.
    ParameterError
        The product or ``by`` is unknown, or ``months`` is no whole number, 1 or more.

    Examples
    --------
    >>> market = pd.DataFrame({"category": "sensors", "region": "all", "month": 24312, "player": ["own", "rival"],
    ...                        "value_k": [25.0, 75.0], "source_error_pct": 0.0})
    >>> market_shares({"market": market}, period="2025-12", months=1).to_frame()["share"].tolist()
    [0.75, 0.25]
    """
    last, months = as_month(period), as_count("months", months)
    if by not in BY:
        raise ParameterError(f"by: got {by!r}, allowed {', '.join(BY)}. {did_you_mean(str(by), BY)}")
    rows = study_rows(tables, last=last, product_id=product_id, regions=by == "region")
    shares = window_shares(rows, ends=[last], months=months)
    shares = shares.sort_values(["category", "region", "value_k", "player"], ascending=[True, True, False, True])
    return MarketShares(
        shares=shares.reset_index(drop=True), period=last, months=months, currency=currency_of(tables)
    )


def share_history(
    tables: Tables, *, period: int | str, product_id: str | None = None, category: str | None = None, months: int = 1
) -> ShareHistory:
    """Shares of one market in every window up to a month.

    Parameters
    ----------
    tables : mapping
        ``market``; ``products`` where a product is asked for.
    period : int or str
        Last month.
    product_id, category : str, optional
        Which market: that of a product, or by its name; else the one where we sell most.
    months : int
        Length of each window.

    Raises
    ------
    MissingTableError
        There is no market table.
    ParameterError
        The product or the category is unknown, or ``months`` is no whole number, 1 or more.
    """
    last, months = as_month(period), as_count("months", months)
    rows = study_rows(tables, last=last, product_id=product_id)
    known = sorted(rows["category"].unique())
    if category is not None and category not in known:
        raise ParameterError(f"category: got '{category}'. {did_you_mean(str(category), known)}")
    chosen = category if category is not None else _largest(rows)
    rows = rows[rows["category"] == chosen]
    shares = window_shares(rows, ends=window_ends(rows, months), months=months)
    return ShareHistory(shares=shares, category=chosen, period=last, months=months)


def _largest(rows: pd.DataFrame) -> str:
    """Category where we sell most; the first by name where we sell nowhere."""
    own = rows["value_k"].where(rows["player"] == OWN, 0.0).groupby(rows["category"]).sum()
    return "" if own.empty else str(own.idxmax())


def _place(row: Any) -> str:
    return str(row["category"]) if row["region"] == "all" else f"{row['category']}, {row['region']}"
