"""The board of products: one row each, and an arrow only where a change is real."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pmlib.errors import CheckError
from pmlib.months import as_month, month_name
from pmlib.product.board import change_text, decide, lay_out, measure, notes
from pmlib.product.causes import Accounts, causes_of
from pmlib.product.change import Arrow
from pmlib.product.engine import Tables, as_count, currency_of, small
from pmlib.product.market import RevenueSplit, split_revenue_change
from pmlib.product.marts import with_marts
from pmlib.product.money.margin import product_margin
from pmlib.product.revenue import MonthlyRevenue, monthly_revenue, window_total_k
from pmlib.product.standing.sunset import weigh_sunset
from pmlib.product.verdicts import Verdict, judge
from pmlib.product.wording import (
    counted,
    figure_text,
    figure_with_arrow,
    interval_in_words,
    listed,
    money_text,
    signed_percent,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_NAMED = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class ProductReview:
    """How our products fare, and which changes are more than chance.

    Attributes
    ----------
    board : DataFrame
        One row per product, sorted by revenue: ``product_id``, ``name``, ``model``, ``category``, ``revenue_k``,
        ``revenue_before_k``; of ``margin`` (contribution by revenue), ``share`` (0-1), ``nps`` (points), ``csat``
        (share 0-1) and ``retention_12`` (share 0-1) the value, ``_low``, ``_high`` and ``_n``; of every metric the
        change with ``_low`` and ``_high`` (``revenue_change`` relative, ``nps_change`` points, ``margin_change_pp``,
        ``share_change_pp``, ``csat_change_pp``, ``retention_12_change_pp``) and ``_arrow``; ``note``, what could not
        be measured. NaN where not measured; revenue and margin are the books', without an interval.
    changes : DataFrame
        One row per product and metric measured: ``product_id``, ``name``, ``metric``, ``unit`` (of the
        change), ``before``, ``after`` (levels), ``change``, ``low``, ``high``, ``n_before``, ``n_after``, ``p``,
        ``p_holm``, ``arrow``. Changes of revenue are in %.
    revenue : MonthlyRevenue or None
        Revenue by product and month; None without orders and subscriptions.
    split : RevenueSplit or None
        Market and share effects; None without a market study.
    causes : DataFrame
        One row per real change: ``product_id``, ``name``, ``metric``, ``moved`` and ``why`` (words).
    verdicts : DataFrame
        One row per product in the board's order: ``product_id``, ``name``, ``verdict`` (invest, keep, sunset or not
        enough data, by `pmlib.product.rules`), ``because``, ``margin_k``, ``margin_low_k``, ``margin_high_k``
        (contribution less cost to keep, thousand).
    total_k : float
        Revenue of the window counted without looking at products, thousand.
    period, months : int
        Last month and length of the window, which is compared with the one before it.
    currency : str
        Currency of the money.
    """

    board: pd.DataFrame
    changes: pd.DataFrame
    revenue: MonthlyRevenue | None
    split: RevenueSplit | None
    causes: pd.DataFrame
    verdicts: pd.DataFrame
    total_k: float
    period: int
    months: int
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product."""
        return self.board.copy(deep=False)

    def written(self) -> pd.DataFrame:
        """Return the board as a reader wants it: values, intervals and arrows in words; ``–`` where not measured.

        Returns
        -------
        DataFrame
            One row per product: name, revenue (thousand), change, margin, share, nps, retention; all text.
        """
        rows = self.board.to_dict("records")
        return pd.DataFrame({
            "name": self.board["name"],
            "revenue": [figure_with_arrow(f"{row['revenue_k']:,.0f}", row, "revenue") for row in rows],
            "change": [interval_in_words(row, "revenue_change", scale=100, signed=True) for row in rows],
            "margin": [figure_with_arrow(f"{100 * row['margin']:.1f}", row, "margin") for row in rows],
            **{
                metric: [figure_with_arrow(interval_in_words(row, metric, scale=scale), row, metric) for row in rows]
                for metric, scale in (("share", 100), ("nps", 1), ("retention_12", 100))
            },
        })

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the board: values, intervals and arrows."""
        from pmlib.plots import product

        return product.board(self.board, ax, currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.board.empty:
            return {"0": "products in this workbook"}
        real = int(self.changes["arrow"].isin([Arrow.UP, Arrow.DOWN]).sum())
        figures = {f"{real} of {len(self.changes)}": "measured changes are real"}
        if self.changes.empty:
            figures = {"0": "changes could be measured"}
        if math.isnan(self._sum("revenue_k")):
            return {"–": "no revenue in this period"} | figures
        earned = {figure_text(self._sum("revenue_k")): f"{self.currency} in the {self._window()}"}
        if not math.isnan(self._change()):
            earned |= {signed_percent(self._change()): f"against the {counted(self.months, 'month')} before"}
        return earned | figures

    def summary(self) -> str:
        """Return what was earned, which changes are real and what was not measured."""
        if self.board.empty:
            return "No products in this workbook."
        before = f", {signed_percent(self._change())} on the {counted(self.months, 'month')} before"
        earned = (
            f"In the {self._window()}, {counted(int(self.board['revenue_k'].count()), 'product')} earned "
            f"{money_text(self._sum('revenue_k'), self.currency)}{'' if math.isnan(self._change()) else before}."
        )
        if math.isnan(self._sum("revenue_k")):
            earned = f"No revenue in the {self._window()}."
        return " ".join(part for part in [earned, self._real(), self._recommended(), self._unmeasured()] if part)

    def check(self) -> str:
        """Verify that products add up to the total to the cent, and effects to the change of sales.

        Raises
        ------
        CheckError
            One of them does not.
        """
        gap = 1_000 * (float(self.board["revenue_k"].sum()) - self.total_k)
        if self.revenue is not None and abs(gap) > max(0.01, 1e-9 * abs(self.total_k)):
            raise CheckError(
                f"review: the products' revenue misses the total of {self.total_k:,.3f} k by {gap:,.2f} "
                f"{self.currency}, allowed 0.01. Look for orders or subscriptions of products missing in 'products'."
            )
        said = [f"Products add up to the total of {money_text(self.total_k, self.currency)} to the cent."]
        return " ".join([*said, self.split.check()] if self.split is not None else said)

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        marks = {arrow: int((self.changes["arrow"] == arrow).sum()) for arrow in Arrow}
        return (
            f"<ProductReview {month_name(self.period)}: {counted(len(self.board), 'product')}, "
            f"{money_text(self._sum('revenue_k'), self.currency)} in {counted(self.months, 'month')}; "
            f"{marks[Arrow.UP]} ▲, {marks[Arrow.DOWN]} ▼, {marks[Arrow.NONE]} –>"
        )

    def _window(self) -> str:
        return f"{counted(self.months, 'month')} to {month_name(self.period)}"

    def _sum(self, column: str) -> float:
        return float(self.board[column].sum(min_count=1))

    def _change(self) -> float:
        before = self._sum("revenue_before_k")
        # A window that begins before the first sale is shorter than the other.
        whole = self.revenue is not None and self.revenue.begins_by(self.period - 2 * self.months + 1)
        return self._sum("revenue_k") / before - 1 if whole and before > 0 else math.nan

    def _real(self) -> str:
        if self.changes.empty:
            return "No change could be measured."
        real = self.changes[self.changes["arrow"].isin([Arrow.UP, Arrow.DOWN])].sort_values("p_holm", kind="stable")
        if real.empty:
            return f"None of {counted(len(self.changes), 'measured change')} is more than chance."
        named = [change_text(row) for _, row in real.head(_MOST_NAMED).iterrows()]
        more = [f"{len(real) - _MOST_NAMED} more"] if len(real) > _MOST_NAMED else []
        return f"Real among {counted(len(self.changes), 'measured change')}: {listed([*named, *more])}."

    def _recommended(self) -> str:
        """Name the products of each verdict."""
        said = [
            f"{verdict} {listed(names)}"
            for verdict in (Verdict.INVEST, Verdict.KEEP, Verdict.SUNSET)
            for names in [self.verdicts.loc[self.verdicts["verdict"] == verdict, "name"].tolist()]
            if names
        ]
        return f"By the rule: {'; '.join(said)}." if said else ""

    def _unmeasured(self) -> str:
        silent = self.board.loc[self.board["note"].str.contains("no surveys", regex=False), "name"].tolist()
        if not silent:
            return ""
        whom = "any product" if len(silent) == len(self.board) else listed(silent)
        return f"No surveys in this period for {whom}."


def review_products(tables: Tables, *, period: int | str, months: int = 12) -> ProductReview:
    """Put every product's revenue, share, satisfaction and retention on one board.

    The last ``months`` are compared with as many before. Intervals are 95 % each; an arrow appears only where the
    change survives Holm's correction over all changes on the board, so that a board on which nothing changed shows
    any arrow about 5 times in 100, as long as sales of one month follow the month before by a correlation of 0.5 or
    less and the monthly flows of subscriptions are independent. What cannot be measured is NaN, and ``note`` says why.
    An NPS is weighted by who was asked, where ``invitations`` allow it in both windows.

    Parameters
    ----------
    tables : mapping
        ``products``, and whichever of ``orders``, ``subscriptions``, ``product_costs``, ``market``, ``surveys``,
        ``invitations`` are there; large ones as Ibis tables of any engine or as frames.
    period : int or str
        Last month of the window, ``YYYY-MM`` or year * 12 + month.
    months : int
        Length of the window.

    Raises
    ------
    MissingTableError
        There are no products.
    ParameterError
        ``months`` is no whole number, 1 or more, or ``period`` is no month.
    SchemaError
        Money is in another currency than the workbook's, or too large to add up.

    References
    ----------
    Revenue: ratio of paired months (Cochran 1977); NPS: multinomial variance; CSAT and retention: Wilson (1927) and
    Newcombe (1998); arrows: Holm (1979).
    """
    last, months = as_month(period), as_count("months", months)
    tables = with_marts(tables, period=last)
    products = small(tables, "products", ["product_id", "name", "model", "category"]).sort_values("product_id")
    sells = tables.get("orders") is not None or tables.get("subscriptions") is not None
    revenue = monthly_revenue(tables, period=last) if sells else None
    costed = revenue is not None and tables.get("product_costs") is not None
    margin = product_margin(tables, period=last, months=months) if costed else None
    measured = measure(tables, products, revenue, last=last, months=months, margin=margin)
    changes = decide(measured, products)
    board = lay_out(products, measured, changes, said=notes(products, measured, revenue, last=last, months=months))
    split = split_revenue_change(tables, period=last, months=months) if tables.get("market") is not None else None
    currency = currency_of(tables)
    accounts = Accounts(tables=tables, products=products, margin=margin, split=split, period=last, months=months,
                        currency=currency)  # fmt: skip
    sunset = weigh_sunset(tables, period=last, months=months) if costed else None
    return ProductReview(
        board=board, changes=changes, revenue=revenue, split=split, causes=causes_of(changes, accounts),
        verdicts=judge(board, sunset), total_k=window_total_k(tables, first=last - months + 1, last=last), period=last,
        months=months, currency=currency,
    )  # fmt: skip
