"""Revenue by product and month, from orders and subscriptions, summed exactly in the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import CheckError, MissingTableError, SchemaError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Lazy, Tables, currency_of, lazy, month_of_date, named
from pmlib.product.wording import counted, figure_text, money_text, signed_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Money travels as whole ten-thousandths, so that sums are exact on every engine and in any order.
_UNITS_PER_EUR = 10_000
_UNITS_PER_K = 1_000 * _UNITS_PER_EUR
_CENT = _UNITS_PER_EUR // 100
# Beyond these DECIMAL(18,4) cannot hold one row, or a whole number of ten-thousandths the sum of all.
_LARGEST_ROW, _LARGEST_SUM, _MOST_MONTHS = 1e14, 9e14, 1_200
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

    An order counts ``units * paid_price`` in the month of its date; a subscription counts ``monthly_eur`` in every
    month from ``start_month`` to ``end_month``, both included, or to the period while it runs. Months after the
    period are left out. Rows are rounded to DECIMAL(18,4), summed in the engine, and become floats once.

    Parameters
    ----------
    tables : mapping
        ``orders`` or ``subscriptions`` or both: Ibis tables of any engine, or frames.
    period : int or str
        Last month counted, ``YYYY-MM`` or year * 12 + month.

    Raises
    ------
    MissingTableError
        Neither orders nor subscriptions are there.
    SchemaError
        Orders are in another currency than the workbook's, or money is too large to add up.

    Examples
    --------
    >>> orders = pd.DataFrame({"product_id": ["A"], "date": pd.to_datetime(["2025-11-03"]), "units": [4.0],
    ...                        "paid_price": [250.0]})
    >>> monthly_revenue({"orders": orders}, period="2025-12").to_frame()["revenue_k"].tolist()
    [1.0, 0.0]
    """
    last = as_month(period)
    if tables.get("orders") is None and tables.get("subscriptions") is None:
        raise MissingTableError(
            "revenue: tables 'orders' and 'subscriptions' are both missing. Add one of them to the workbook."
        )
    currency = currency_of(tables)
    orders = _order_units(tables, last, currency)
    subscriptions = _subscription_units(tables, last)
    units = orders.join(subscriptions, how="outer").fillna(0).astype("int64").sort_index()
    total = _total_units(tables, None, last)
    return MonthlyRevenue(
        months=named(_grid(units, last), tables), total_k=total / _UNITS_PER_K, period=last, currency=currency
    )


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


def _order_units(tables: Tables, last: int, currency: str) -> pd.DataFrame:
    if tables.get("orders") is None:
        return _empty("orders_k")
    _refuse_foreign(tables, currency)
    orders = lazy(tables, "orders", ["units", "paid_price"])
    _refuse_too_large("orders", "units * paid_price", orders.units * orders.paid_price, most=_LARGEST_SUM)
    return _sums(_orders(tables, None, last), "orders_k")


def _orders(tables: Tables, first: int | None, last: int) -> Lazy:
    orders = lazy(tables, "orders", ["product_id", "date", "units", "paid_price"])
    orders = orders.select(
        "product_id", month=month_of_date(orders.date), money=(orders.units * orders.paid_price).cast("decimal(18,4)")
    )
    orders = orders.filter(orders.month <= last)
    return orders if first is None else orders.filter(orders.month >= first)


def _subscription_units(tables: Tables, last: int) -> pd.DataFrame:
    """Turn starts and ends, each summed by month in the engine, into running monthly revenue."""
    if tables.get("subscriptions") is None:
        return _empty("subscriptions_k")
    monthly = lazy(tables, "subscriptions", ["monthly_eur"]).monthly_eur
    _refuse_too_large("subscriptions", "monthly_eur", monthly, most=_LARGEST_SUM / _MOST_MONTHS)
    rows = _subscriptions(tables)
    starts = _sums(rows.mutate(month=rows.start_month).filter(lambda row: row.month <= last), "subscriptions_k")
    ends = rows.filter(rows.end_month.notnull()).mutate(month=rows.end_month + 1)
    # One that starts after the period may not end within it either.
    ended = _sums(ends.filter((ends.month <= last) & (ends.start_month <= last)), "subscriptions_k")
    steps = starts.sub(ended, fill_value=0).astype("int64")["subscriptions_k"].unstack("product_id", fill_value=0)
    if steps.empty:
        return _empty("subscriptions_k")
    months = pd.RangeIndex(int(steps.index.min()), last + 1, name="month")
    wide = steps.reindex(months, fill_value=0).cumsum().reset_index()
    running = wide.melt("month", var_name="product_id", value_name="subscriptions_k")
    running = running.set_index(["product_id", "month"]).sort_index()
    # Months before a product's first subscription are no months without revenue.
    begun = running.groupby(level="product_id")["subscriptions_k"].cummax() > 0
    return running[begun]


def _subscriptions(tables: Tables) -> Lazy:
    rows = lazy(tables, "subscriptions", ["product_id", "start_month", "end_month", "monthly_eur"])
    return rows.select(
        "product_id",
        start_month=rows.start_month.cast("int64"),
        end_month=rows.end_month.cast("int64"),
        money=rows.monthly_eur.cast("decimal(18,4)"),
    )


def _sums(rows: Lazy, name: str) -> pd.DataFrame:
    frame: pd.DataFrame = rows.group_by("product_id", "month").agg(**{name: _whole(rows.money.sum())}).to_pandas()
    return frame.astype({"product_id": "str", "month": "int64", name: "int64"}).set_index(["product_id", "month"])


def _whole(money: Any) -> Any:
    return (money * _UNITS_PER_EUR).round().cast("int64")


def _empty(name: str) -> pd.DataFrame:
    index = pd.MultiIndex.from_arrays(
        [pd.Series([], dtype="str"), pd.Series([], dtype="int64")], names=["product_id", "month"]
    )
    return pd.DataFrame({name: np.zeros(0, dtype="int64")}, index=index)


def _total_units(tables: Tables, first: int | None, last: int) -> int:
    """Count all revenue of some months by price times months covered, another way than by product and month."""
    total = 0
    if tables.get("orders") is not None:
        total += _scalar(_orders(tables, first, last).money.sum())
    if tables.get("subscriptions") is not None:
        import ibis

        rows = _subscriptions(tables)
        begin = rows.start_month if first is None else ibis.greatest(rows.start_month, first)
        end = ibis.least(rows.end_month.fill_null(last), last)
        total += _scalar((rows.money * ibis.greatest(end - begin + 1, 0)).sum())
    return total


def _scalar(money: Any) -> int:
    value = _whole(money).to_pandas()
    return 0 if pd.isna(value) else int(value)


def _refuse_too_large(table: str, column: str, money: Lazy, *, most: float) -> None:
    size = money.cast("float64").abs()
    largest, total = size.as_table().aggregate(largest=size.max(), total=size.sum()).to_pandas().iloc[0]
    if pd.isna(largest) and pd.isna(total):
        return
    if not (largest < _LARGEST_ROW and total < most):
        raise SchemaError(
            f"{table}: the largest {column} is {largest:.4g} and all rows come to {total:.4g}, allowed less than "
            f"{_LARGEST_ROW:.0e} a row and {most:.1e} in all. Check the unit of {column} (single units of the "
            f"currency, not thousandths) in views.sql."
        )


def _refuse_foreign(tables: Tables, currency: str) -> None:
    if "currency" not in tables["orders"].columns:
        return
    orders = lazy(tables, "orders", ["currency"])
    written = orders.currency.strip().upper()
    foreign = orders.filter(orders.currency.notnull() & written.notin(["", currency.strip().upper()]))
    counts = foreign.group_by("currency").agg(n=foreign.count()).order_by("currency").to_pandas()
    if len(counts) > 0:
        rows = ", ".join(f"{row.n:,} rows in {row.currency}" for row in counts.itertuples())
        raise SchemaError(
            f"orders: {rows}, allowed {currency}, the workbook's currency. Convert paid_price in views.sql."
        )
