"""Revenue by product and month, from orders and subscriptions, summed exactly in the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import CheckError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, currency_of, named
from pmlib.product.marts import product_months
from pmlib.product.money.exchange import order_lines
from pmlib.product.rows import E4, subscription_spans, whole
from pmlib.product.wording import counted, figure_text, money_text, signed_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_UNITS_PER_K = 1_000 * E4
_YEAR = 12


@dataclass(frozen=True, eq=False, kw_only=True)
class MonthlyRevenue:
    """What each product earned, month by month.

    Attributes
    ----------
    months : DataFrame
        ``product_id``, ``name``, ``month`` (integer), ``orders_k``, ``subscriptions_k``, ``revenue_k``
        (thousand); every month from a product's first revenue to the period, without gaps.
    total_k : float
        Revenue of all rows up to the period, counted a second way (never by product), thousand.
    period : int
        Last month counted.
    currency : str
        Currency of the money.
    """

    months: pd.DataFrame
    total_k: float
    period: int
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product and month."""
        return self.months.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw one line per product."""
        from pmlib.plots import product

        return product.revenue_lines(self.months, ax, currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        now, before = self._years()
        return {
            figure_text(now): f"{self.currency} in the 12 months to {month_name(self.period)}",
            signed_percent(now / before - 1 if before > 0 else np.nan): "against the 12 months before",
        }

    def summary(self) -> str:
        """Return two sentences: the last month and the last year."""
        last = float(self.months.loc[self.months["month"] == self.period, "revenue_k"].sum())
        now, before = self._years()
        change = f", {signed_percent(now / before - 1)} on the 12 months before" if before > 0 else ""
        return (
            f"{counted(self.months['product_id'].nunique(), 'product')} earned {money_text(last, self.currency)} in "
            f"{month_name(self.period)}. The last 12 months brought {money_text(now, self.currency)}{change}."
        )

    def check(self) -> str:
        """Compare the products' revenue with the total, to the cent.

        Raises
        ------
        CheckError
            They differ by more than a cent.
        """
        by_product = float(self.months["revenue_k"].sum())
        gap_eur = 1_000 * (by_product - self.total_k)
        if abs(gap_eur) > max(0.01, 1e-12 * abs(self.total_k) * 1_000):
            raise CheckError(
                f"revenue: products add up to {by_product:,.5f} k, the total is {self.total_k:,.5f} k "
                f"(gap {gap_eur:,.2f} {self.currency}). Look for subscriptions that end before they start."
            )
        return f"Products add up to the total of {money_text(self.total_k, self.currency)} to the cent."

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        now, _ = self._years()
        return (
            f"<MonthlyRevenue: {counted(self.months['product_id'].nunique(), 'product')}, "
            f"{money_text(now, self.currency)} in the 12 months to {month_name(self.period)}>"
        )

    def begins_by(self, month: int) -> bool:
        """Say whether the first revenue lies in that month or earlier, so that a window from there on is whole."""
        return bool((self.months["month"] <= month).any())

    def _years(self) -> tuple[float, float]:
        age = self.period - self.months["month"]
        now = self.months.loc[age < _YEAR, "revenue_k"].sum()
        before = self.months.loc[(age >= _YEAR) & (age < 2 * _YEAR), "revenue_k"].sum()
        return float(now), float(before) if self.begins_by(self.period - 2 * _YEAR + 1) else np.nan


def monthly_revenue(tables: Tables, *, period: int | str) -> MonthlyRevenue:
    """Add up orders and subscriptions by product and month.

    An order counts ``units * paid_price`` in the month of its date, a foreign one at that month's exchange rate; a
    subscription counts ``monthly_eur`` in every month from ``start_month`` to ``end_month``, both included, or to the
    period while it runs. Months after the period are left out. Rows are rounded to DECIMAL(18,4), summed in the
    engine, and become floats once.

    Parameters
    ----------
    tables : mapping
        ``orders`` or ``subscriptions`` or both: Ibis tables of any engine, or frames; ``exchange_rates`` where orders
        are in another currency than the workbook's.
    period : int or str
        Last month counted, ``YYYY-MM`` or year * 12 + month.

    Raises
    ------
    MissingTableError
        Neither orders nor subscriptions are there.
    SchemaError
        Orders are in a foreign currency without an exchange rate, or money is too large to add up.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["K"], "product_id": ["A"], "date": pd.to_datetime(["2025-11-03"]),
    ...                        "units": [4.0], "paid_price": [250.0]})
    >>> monthly_revenue({"orders": orders}, period="2025-12").to_frame()["revenue_k"].tolist()
    [1.0, 0.0]
    """
    last = as_month(period)
    rows = product_months(tables, last=last)
    keys = ["product_id", "month"]
    sums = rows.group_by(keys).agg(orders_k=rows.orders_e4.sum(), subscriptions_k=rows.recurring_e4.sum())
    units = sums.to_pandas().astype(
        {"product_id": "str"} | dict.fromkeys(("month", "orders_k", "subscriptions_k"), "int64")
    )
    return MonthlyRevenue(
        months=named(_grid(units.set_index(keys).sort_index(), last), tables),
        total_k=_total_units(tables, None, last) / _UNITS_PER_K, period=last, currency=currency_of(tables),
    )  # fmt: skip


def window_total_k(tables: Tables, *, first: int, last: int) -> float:
    """Revenue of all products in the months first to last, thousand, without ever looking at a product."""
    return _total_units(tables, first, last) / _UNITS_PER_K


def _grid(units: pd.DataFrame, last: int) -> pd.DataFrame:
    """Fill the months without revenue between a product's first one and the period, in thousands."""
    first = units.reset_index().groupby("product_id")["month"].min()
    rows = [(product, month) for product, start in first.items() for month in range(int(start), last + 1)]
    index = pd.MultiIndex.from_tuples(rows, names=["product_id", "month"])
    full = units.reindex(index, fill_value=0)
    full["revenue_k"] = full["orders_k"] + full["subscriptions_k"]
    return (full / _UNITS_PER_K).reset_index().astype({"product_id": "str", "month": "int64"})


def _total_units(tables: Tables, first: int | None, last: int) -> int:
    """Count all revenue of some months by price times months covered, another way than by product and month."""
    total = 0
    if tables.get("orders") is not None:
        total += _scalar(order_lines(tables, [], first=first, last=last).money.sum())
    if tables.get("subscriptions") is not None:
        import ibis

        rows = subscription_spans(tables)
        begin = rows.start_month if first is None else ibis.greatest(rows.start_month, first)
        end = ibis.least(rows.end_month.fill_null(last), last)
        total += _scalar((rows.money * ibis.greatest(end - begin + 1, 0)).sum())
    return total


def _scalar(money: Any) -> int:
    value = whole(money).to_pandas()
    return 0 if pd.isna(value) else int(value)
