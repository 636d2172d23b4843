"""The one place where orders in a foreign currency become the workbook's."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pmlib.errors import SchemaError
from pmlib.months import month_text
from pmlib.product.engine import Lazy, Tables, currency_of, lazy, month_of_date, small

#: No currency is worth more of another: beyond it money cannot be added up.
_LARGEST_RATE = 1e9


def in_workbook_currency(tables: Tables, orders: Lazy, *, months_back: int = 0, name: str = "money") -> Lazy:
    """Return the order lines with what each is worth in the workbook's currency.

    A line without a currency is in the workbook's. A foreign one is worth ``units * paid_price * rate`` with the rate
    of its month in ``exchange_rates`` (workbook currency for one unit of the foreign one).

    Parameters
    ----------
    tables : mapping
        ``workbook`` for its currency, ``exchange_rates`` where orders are in another.
    orders : Ibis table
        ``month``, ``units``, ``paid_price`` and, where the table has it, ``currency``; cut to the months that count.
    months_back : int
        Take the rate of so many months before the order: revenue at constant currency.
    name : str
        The new column, DECIMAL(18,4).

    Raises
    ------
    SchemaError
        A foreign currency has no rate, or two, in a month with orders.

    Examples
    --------
    >>> import ibis
    >>> lines = ibis.memtable(pd.DataFrame({"month": [24311], "units": [2.0], "paid_price": [10.0],
    ...                                     "currency": ["usd"]}))
    >>> rates = pd.DataFrame({"currency": ["USD"], "month": [24311], "rate": [0.9]})
    >>> float(in_workbook_currency({"exchange_rates": rates}, lines).money.to_pandas()[0])
    18.0
    """
    local = orders.units * orders.paid_price
    used = _rates_used(tables, orders, months_back)
    if used.empty:
        return orders.mutate(**{name: local.cast("decimal(18,4)")})
    import ibis

    rates = ibis.memtable(used[["rate_currency", "rate_month", "rate"]])
    written = orders.currency.strip().upper()
    joined = orders.left_join(rates, [written == rates.rate_currency, orders.month == rates.rate_month])
    money = (joined.units * joined.paid_price * joined.rate.fill_null(1.0)).cast("decimal(18,4)")
    return joined.mutate(**{name: money}).drop("rate_currency", "rate_month", "rate")


def order_lines(tables: Tables, columns: Sequence[str], *, last: int, first: int | None = None) -> Lazy:
    """Return order lines of the months first to last: the columns asked for, ``date``, ``month``, ``units``, ``money``.

    ``paid_price`` and, where the table has it, ``currency`` come along, as `in_workbook_currency` reads them.

    Raises
    ------
    MissingTableError
        There is no table of orders.
    SchemaError
        A column is missing, or a foreign currency has no rate in a month with orders.
    """
    wanted = [*columns, "date", "units", "paid_price"]
    has_currency = "currency" in getattr(tables.get("orders"), "columns", ())
    rows = lazy(tables, "orders", [*wanted, "currency"] if has_currency else wanted)
    rows = rows.mutate(month=month_of_date(rows.date)).filter(lambda row: row.month <= last)
    return in_workbook_currency(tables, rows if first is None else rows.filter(rows.month >= first))


def has_foreign_orders(tables: Tables, orders: Lazy) -> bool:
    """Tell whether any of the order lines is in another currency than the workbook's."""
    return not _foreign(tables, orders).empty


def _foreign(tables: Tables, orders: Lazy) -> pd.DataFrame:
    """Count the lines in each foreign currency and month."""
    if "currency" not in orders.columns:
        return pd.DataFrame({"rate_currency": [], "rate_month": [], "n": []})
    written = orders.currency.strip().upper()
    home = currency_of(tables).strip().upper()
    foreign = orders.filter(orders.currency.notnull() & written.notin(["", home]))
    keys = {"rate_currency": foreign.currency.strip().upper(), "rate_month": foreign.month}
    counted: pd.DataFrame = foreign.group_by(**keys).agg(n=foreign.count()).order_by(*keys).to_pandas()
    return counted


def _rates_used(tables: Tables, orders: Lazy, months_back: int) -> pd.DataFrame:
    """Find the rate of every foreign currency and month that occurs, or refuse."""
    lines = _foreign(tables, orders)
    if lines.empty:
        return lines
    home = currency_of(tables)
    if tables.get("exchange_rates") is None:
        counts = lines.groupby("rate_currency", sort=True)["n"].sum()
        rows = ", ".join(f"{n:,} rows in {currency}" for currency, n in counts.items())
        raise SchemaError(
            f"orders: {rows}, allowed {home}, the workbook's currency. Add the table exchange_rates (currency, month, "
            "rate), or convert paid_price in views.sql."
        )
    asked = lines.assign(month=lines["rate_month"] - months_back)
    rates = _read_rates(tables)
    priced = asked.merge(rates, on=["rate_currency", "month"], how="left")
    missing = priced[priced["rate"].isna()]
    if len(missing) > 0:
        first = missing.iloc[0]
        raise SchemaError(
            f"exchange_rates: {first['rate_currency']} has no rate above 0 in {month_text(first['month'])}, needed for "
            f"{int(missing['n'].sum()):,} order lines. Add the row: {home} for one {first['rate_currency']}."
        )
    return priced


def _read_rates(tables: Tables) -> pd.DataFrame:
    rates = small(tables, "exchange_rates", ["currency", "month", "rate"])
    rates = rates.assign(rate_currency=rates["currency"].str.strip().str.upper()).drop(columns="currency")
    large = rates[rates["rate"] > _LARGEST_RATE]
    if len(large) > 0:
        first = large.iloc[0]
        raise SchemaError(
            f"exchange_rates: {first['rate_currency']} is worth {first['rate']:.4g} in {month_text(first['month'])}, "
            f"allowed {_LARGEST_RATE:.0e} at most. Give the workbook's currency for one unit of the foreign one."
        )
    twice = rates[rates.duplicated(["rate_currency", "month"])]
    if len(twice) > 0:
        first = twice.iloc[0]
        raise SchemaError(
            f"exchange_rates: {first['rate_currency']} has two rates in {month_text(first['month'])}, allowed one. "
            "Remove one of the rows."
        )
    return rates
