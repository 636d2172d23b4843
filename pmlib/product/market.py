"""Our place in the market: share with the study's error, and what market and share did to revenue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import CheckError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count, currency_of, small
from pmlib.product.estimate import Estimate
from pmlib.product.wording import counted, money_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OWN = "own"
_Z95 = 1.959963984540054


@dataclass(frozen=True, eq=False, kw_only=True)
class RevenueSplit:
    """Whether our sales changed because the market did, or because our share did.

    Attributes
    ----------
    categories : DataFrame
        One row per ``category``: ``products`` (ours in it), ``own_before_k``, ``own_after_k``, ``market_before_k``,
        ``market_after_k`` (thousand), ``share_before``, ``share_after`` (0-1), ``share_after_low``,
        ``share_after_high``, ``market_effect_k``, ``share_effect_k``, ``change_k``.
    period : int
        Last month of the later window.
    months : int
        Length of each window.
    apart : int
        Months between the windows' ends.
    currency : str
        Currency of the money.
    """

    categories: pd.DataFrame
    period: int
    months: int
    apart: int
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per category."""
        return self.categories.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw both effects per category."""
        from pmlib.plots import product

        return product.effects(self.categories, ax, currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.categories["change_k"].isna().all():
            return {"–": "no market study covers both windows"}
        market, share = self._totals()
        return {
            money_text(market, self.currency): "from the market's change",
            money_text(share, self.currency): "from our change of share",
        }

    def summary(self) -> str:
        """Return both effects in total and the category each hit hardest."""
        known = self.categories.dropna(subset=["change_k"])
        if known.empty:
            return "No market study covers both windows."
        market, share = self._totals()
        return (
            f"In the {counted(self.months, 'month')} to {month_name(self.period)} the market moved our sales by "
            f"{money_text(market, self.currency)} and our share by {money_text(share, self.currency)}. "
            f"{self._share_moves(known)}"
        )

    def check(self) -> str:
        """Verify that market and share effects add up to the change, in every category.

        Raises
        ------
        CheckError
            They do not.
        """
        if self.categories["change_k"].isna().all():
            return "No market study covers both windows: there are no effects to add up."
        gap = (self.categories["market_effect_k"] + self.categories["share_effect_k"]) - self.categories["change_k"]
        scale = self.categories[["market_before_k", "market_after_k"]].abs().max(axis=1)
        wrong = self.categories.loc[gap.abs() > 1e-9 * scale + 1e-9, "category"]
        if len(wrong) > 0:
            raise CheckError(
                f"market: effects of category '{wrong.iloc[0]}' miss the change by {gap.abs().max():,.6f} k, allowed "
                "0. Recompute the split from the market table."
            )
        return "Market and share effects add up to the change in every category."

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<RevenueSplit: {self.summary()}>"

    def _share_moves(self, known: pd.DataFrame) -> str:
        """Say where share moved most: gains and losses apart, and no loss called a gain."""
        ranked = known.sort_values("share_effect_k", kind="stable")
        worst, best = ranked.iloc[0], ranked.iloc[-1]
        low, high = float(worst["share_effect_k"]), float(best["share_effect_k"])
        least, most = (
            f"{row['category']} ({money_text(abs(effect), self.currency)})"
            for row, effect in ((worst, low), (best, high))
        )
        if low == high == 0:
            return "Our share changed in no category."
        if low < 0 < high:
            return f"Share gained most in {most} and lost most in {least}."
        verb, first, last = ("gained", most, least) if high > 0 else ("lost", least, most)
        if len(known) == 1:
            return f"Share {verb} in {first}."
        if low == high:
            return f"Share {verb} alike in every category ({money_text(abs(low), self.currency)} each)."
        return f"Share {verb} most in {first} and least in {last}."

    def _totals(self) -> tuple[float, float]:
        return float(self.categories["market_effect_k"].sum()), float(self.categories["share_effect_k"].sum())


def market_and_share_effect(
    share_before: float, share_after: float, *, market_before: float, market_after: float
) -> tuple[float, float]:
    """Split the change of revenue into what the market and what our share did; the two add up exactly.

    Parameters
    ----------
    share_before, share_after : float
        Our share of the market, 0-1.
    market_before, market_after : float
        Size of the market in any unit of money.

    Returns
    -------
    tuple of float
        Market effect (mean share x change of market) and share effect (mean market x change of share).

    Examples
    --------
    >>> market_and_share_effect(0.25, 0.5, market_before=100.0, market_after=120.0)
    (7.5, 27.5)
    """
    market = (share_before + share_after) / 2 * (market_after - market_before)
    share = (market_before + market_after) / 2 * (share_after - share_before)
    return market, share


def split_revenue_change(
    tables: Tables, *, period: int | str, months: int = 12, apart: int | None = None
) -> RevenueSplit:
    """Split the change of our sales in every category between market and share.

    Parameters
    ----------
    tables : mapping
        ``market`` (player ``own`` is us); ``products`` to name the products of each category.
    period : int or str
        Last month of the later window.
    months : int
        Length of each window.
    apart : int, optional
        Months between the windows' ends; one window by default.

    Raises
    ------
    MissingTableError
        There is no market table.
    ParameterError
        ``months`` or ``apart`` is no whole number, 1 or more.
    """
    last, months = as_month(period), as_count("months", months)
    back = months if apart is None else as_count("apart", apart)
    shares = monthly_shares(tables, last=last)
    rows = [
        {"category": category} | _split_row(group, last=last, months=months, apart=back)
        for category, group in shares.groupby("category")
    ]
    columns = ["category", *_split_row(shares.iloc[:0], last=last, months=months, apart=back)]
    frame = pd.DataFrame(rows, columns=columns)
    ours = _products_by_category(tables)
    frame.insert(1, "products", [ours.get(str(category), "") for category in frame["category"]])
    return RevenueSplit(categories=frame, period=last, months=months, apart=back, currency=currency_of(tables))


def monthly_shares(tables: Tables, *, last: int) -> pd.DataFrame:
    """Return our sales and the market's by category and month, with the study's error of each in thousand.

    Columns: ``category``, ``month``, ``own_k``, ``market_k``, ``own_error_k``, ``rest_error_k``. Errors of rows of one
    month are taken as common to all rivals and regions (the cautious case: they do not cancel).
    """
    rows = small(tables, "market", ["category", "month", "player", "value_k", "source_error_pct"])
    rows = rows[rows["month"] <= last]
    own = rows["player"] == _OWN
    error = rows["value_k"] * rows["source_error_pct"].fillna(0) / 100
    parts = rows.assign(
        own_k=rows["value_k"].where(own, 0.0),
        market_k=rows["value_k"],
        own_error_k=error.where(own, 0.0),
        rest_error_k=error.where(~own, 0.0),
    )
    sums = parts.groupby(["category", "month"])[["own_k", "market_k", "own_error_k", "rest_error_k"]].sum()
    # A month in which the study has no row of ours says nothing about our share.
    known = parts[own].groupby(["category", "month"]).size().index
    return sums.loc[sums.index.isin(known)].reset_index()


def players_by_month(tables: Tables, *, last: int) -> pd.DataFrame:
    """Return every player's sales by category, region and month up to ``last``.

    Columns: ``category``, ``region``, ``month``, ``player``, ``value_k`` and ``error_k`` (thousand), ``units`` (NaN
    where the study counts none).
    """
    rows = small(tables, "market", ["category", "month", "player", "value_k", "source_error_pct"])
    given = tables["market"].columns
    for column, default in (("region", "all"), ("units", np.nan)):
        rows[column] = small(tables, "market", [column])[column] if column in given else default
    rows["error_k"] = rows["value_k"] * rows["source_error_pct"].fillna(0) / 100
    key = ["category", "region", "month", "player"]
    chosen = rows.loc[rows["month"] <= last, [*key, "value_k", "error_k", "units"]]
    return chosen.astype({"units": "float64"}).sort_values(key, kind="stable", ignore_index=True)


def window_share(shares: pd.DataFrame) -> Estimate:
    """Our share over the months of one category; n is the number of months.

    The study's error is taken as the same in every month of the window, so that it does not average out.
    """
    if shares.empty:
        return Estimate.unmeasured(unit="share")
    totals = shares[["own_k", "market_k", "own_error_k", "rest_error_k"]].sum().to_numpy(dtype=np.float64)
    own, market = float(totals[0]), float(totals[1])
    if market <= 0:
        return Estimate.unmeasured(unit="share")
    value, error = own / market, float(share_error(totals[None, :])[0])
    low, high = max(0.0, value - _Z95 * error), min(1.0, value + _Z95 * error)
    return Estimate(value=value, low=low, high=high, n=len(shares), n_missing=0, unit="share")


def share_change_error(shares: pd.DataFrame) -> float:
    """Give a window's standard error where every month's study errs on its own (what is common cancels)."""
    values = shares[["own_k", "market_k", "own_error_k", "rest_error_k"]].to_numpy(dtype=np.float64)
    weights = values[:, 1] / values[:, 1].sum()
    return float(np.sqrt(np.sum((weights * share_error(values)) ** 2)))


def share_error(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give the standard error of own / market by row of (own, market, own error, rest error): delta method."""
    own, market, own_error, rest_error = values.T
    share = own / market
    error: npt.NDArray[np.float64] = np.hypot((1 - share) * own_error, share * rest_error) / market
    return error


def _split_row(shares: pd.DataFrame, *, last: int, months: int, apart: int) -> dict[str, float]:
    after = shares[(shares["month"] > last - months) & (shares["month"] <= last)]
    before = shares[(shares["month"] > last - months - apart) & (shares["month"] <= last - apart)]
    complete = len(after) == months and len(before) == months
    own = [float(part["own_k"].sum()) if complete else np.nan for part in (before, after)]
    market = [float(part["market_k"].sum()) if complete else np.nan for part in (before, after)]
    share = [window_share(part) if complete else Estimate.unmeasured(unit="share") for part in (before, after)]
    effects = market_and_share_effect(share[0].value, share[1].value, market_before=market[0], market_after=market[1])
    return {
        "own_before_k": own[0],
        "own_after_k": own[1],
        "market_before_k": market[0],
        "market_after_k": market[1],
        "share_before": share[0].value,
        "share_after": share[1].value,
        "share_after_low": share[1].low,
        "share_after_high": share[1].high,
        "market_effect_k": effects[0],
        "share_effect_k": effects[1],
        "change_k": own[1] - own[0],
    }


def _products_by_category(tables: Tables) -> dict[str, str]:
    if tables.get("products") is None:
        return {}
    products = small(tables, "products", ["product_id", "name", "category"]).sort_values("product_id")
    return {str(category): ", ".join(group["name"]) for category, group in products.groupby("category")}
