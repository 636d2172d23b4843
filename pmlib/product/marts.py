"""Two sums that every question reads: by customer and month, and by product, segment, channel and month."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pmlib.errors import MissingTableError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Lazy, Tables, lazy
from pmlib.product.mart_store import kept
from pmlib.product.rows import order_rows, subscription_rows, whole, whole_row

_CUSTOMER_KEYS = ("customer_id", "month")
_PRODUCT_KEYS = ("product_id", "segment", "channel", "month")
_MONEY = "decimal(18,4)"
#: What is summed, and its type in the rows: money becomes ten-thousandths on the way.
_SUMS = {
    "order_lines": "int64", "units": "float64", "orders_e4": _MONEY, "recurring_e4": _MONEY, "subscriptions": "int64",
}  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class MartTables(Mapping[str, Any]):
    """The same tables, with the two marts built once, on first use, in the engine that holds the rows.

    Attributes
    ----------
    tables : mapping
        The tables behind the marts.
    period : int
        Last month the marts hold.
    store : Path or None
        Folder that keeps them by the hash of what they are made of (see `pmlib.product.mart_store`).
    """

    tables: Tables
    period: int
    store: Path | None = None
    _built: dict[str, Lazy] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.tables[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return a table, or ``default`` where it is absent."""
        return self.tables.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self.tables

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def __repr__(self) -> str:
        return f"<MartTables: {len(self)} tables, marts to {month_name(self.period)}>"

    def mart(self, name: str) -> Lazy:
        """Return ``customer_months`` or ``product_months``, built on first use."""
        if name not in self._built:
            mart = _MARTS[name]
            rows = mart.rows(self.tables, self.period)
            self._built[name] = (
                _held(mart.summed(rows))
                if self.store is None
                else kept(mart.summed(rows), made_of=rows, name=name, store=self.store)
            )
        return self._built[name]


def with_marts(tables: Tables, *, period: int | str, store: str | Path | None = None) -> MartTables:
    """Put the two marts beside the tables, so that every question after the first reads sums and not rows.

    Parameters
    ----------
    tables : mapping
        ``orders`` or ``subscriptions`` or both, and ``customers`` for segments and channels.
    period : int or str
        Last month held, ``YYYY-MM`` or year * 12 + month.
    store : str or Path, optional
        Folder that keeps the marts between runs, a file for each month named by the hash of its inputs: a month that
        did not change is not computed again. For rows that DuckDB holds, as those of every workbook.

    Raises
    ------
    ParameterError
        ``period`` is no month.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": ["K"], "product_id": ["A"], "date": pd.to_datetime(["2025-11-03"]),
    ...                        "units": [4.0], "paid_price": [2.5]})
    >>> customer_months(with_marts({"orders": orders}, period="2025-12"), last=24312).to_pandas()["orders_e4"].tolist()
    [100000]
    """
    last = as_month(period)
    if isinstance(tables, MartTables) and store is None and tables.period >= last:
        return tables
    inner = tables.tables if isinstance(tables, MartTables) else tables
    return MartTables(tables=inner, period=last, store=None if store is None else Path(store))


def customer_months(tables: Tables, *, last: int) -> Lazy:
    """Sum what every customer bought and paid, month by month, to month ``last``.

    Returns
    -------
    ibis Table
        One row per customer and month with activity: ``customer_id``, ``month``, ``order_lines`` (of goods sold, not
        returned), ``units``, ``orders_e4`` and ``recurring_e4`` (ten-thousandths of the currency), ``subscriptions``
        (running).

    Raises
    ------
    MissingTableError
        Neither orders nor subscriptions are there.
    """
    return _stored(tables, "customer_months", last)


def product_months(tables: Tables, *, last: int) -> Lazy:
    """Sum what every product sold, by segment, channel and month, to month ``last``.

    Returns
    -------
    ibis Table
        One row per ``product_id``, ``segment``, ``channel`` and ``month`` with activity: ``order_lines``, ``units``,
        ``orders_e4``, ``recurring_e4`` (ten-thousandths of the currency), ``customers`` (distinct, who bought or
        subscribed) and ``subscribers`` (distinct). A customer is in one segment and one channel, so that distinct
        counts add up over both, and over nothing else.

    Raises
    ------
    MissingTableError
        Neither orders nor subscriptions are there.
    """
    return _stored(tables, "product_months", last)


def _stored(tables: Tables, name: str, last: int) -> Lazy:
    if isinstance(tables, MartTables):
        if last <= tables.period:
            rows = tables.mart(name)
            return rows if last == tables.period else rows.filter(rows.month <= last)
        tables = tables.tables
    mart = _MARTS[name]
    return mart.summed(mart.rows(tables, last))


def _held(rows: Lazy) -> Lazy:
    # Ibis caches in Spark without handing over what is in memory first; a query of no rows does.
    rows.limit(0).to_pyarrow()
    return rows.cache()


def _summed(rows: Lazy, keys: tuple[str, ...], *, many: bool, **distinct: Any) -> Lazy:
    """Sum by the keys; ``many`` groups make it cheaper to turn every row's money into whole numbers than every sum."""
    import ibis

    sums, absent = {}, {}
    for name, kind in _SUMS.items():
        told = "int64" if kind == _MONEY else kind
        if name not in rows.columns:
            absent[name] = ibis.literal(0).cast(told)
        elif kind == _MONEY and not many:
            sums[name] = whole(rows[name].sum()).fill_null(0)
        else:
            column = whole_row(rows[name]) if kind == _MONEY else rows[name]
            # Engines sum whole numbers in 128 bits; only a cast to another type than Ibis expects makes them 64.
            sums[name] = column.sum().fill_null(0).cast(f"!{told}")
    return rows.group_by(*keys).agg(**sums, **distinct).mutate(**absent).select(*keys, *_SUMS, *distinct)


def _activity(tables: Tables, last: int) -> Lazy:
    """Order lines and months of running subscriptions as one stream of rows."""
    import ibis

    parts = []
    if tables.get("orders") is not None:
        rows = order_rows(tables, last)
        lines = (rows.units > 0).ifelse(1, 0).cast("int64")
        parts.append(rows.mutate(order_lines=lines, orders_e4=rows.money).drop("money"))
    if tables.get("subscriptions") is not None:
        rows = subscription_rows(tables, last)
        one = ibis.literal(1).cast("int64")
        parts.append(rows.mutate(subscriptions=one, recurring_e4=rows.money).drop("money"))
    if not parts:
        raise MissingTableError(
            "revenue: tables 'orders' and 'subscriptions' are both missing. Add one of them to the workbook."
        )
    # A column of zeros costs a sum for every row: only two kinds of rows in one stream need each other's columns.
    return parts[0] if len(parts) == 1 else _with_zeros(parts[0]).union(_with_zeros(parts[1]))


def _with_zeros(rows: Lazy) -> Lazy:
    import ibis

    absent = {name: ibis.literal(0).cast(kind) for name, kind in _SUMS.items() if name not in rows.columns}
    return rows.mutate(**absent).select("customer_id", "product_id", "month", *_SUMS)


def _placed(tables: Tables, last: int) -> Lazy:
    """Add every row's segment and channel, from its customer."""
    import ibis

    rows = _activity(tables, last)
    if tables.get("customers") is None:
        return rows.mutate(segment=ibis.literal("all"), channel=ibis.literal(""))
    present = tables["customers"].columns
    asked = [name for name in ("segment", "channel") if name in present]
    customers = lazy(tables, "customers", ["customer_id", *asked])
    # One row each, whatever the table holds: a customer there twice must not count every order twice.
    customers = customers.group_by("customer_id").agg(**{name: customers[name].min() for name in asked})
    joined = rows.left_join(customers, "customer_id").drop("customer_id_right")
    filled = {name: joined[name].fill_null("unknown") for name in asked}
    return joined.mutate(**{"segment": ibis.literal("all"), "channel": ibis.literal("")} | filled)


def _by_customer(rows: Lazy) -> Lazy:
    return _summed(rows, _CUSTOMER_KEYS, many=True)


def _by_product(rows: Lazy) -> Lazy:
    import ibis

    active = [rows[name] > 0 for name in ("order_lines", "subscriptions") if name in rows.columns]
    summed = _summed(rows, _PRODUCT_KEYS, many=False, customers=rows.customer_id.nunique(where=ibis.or_(*active)),
                     **_subscribers(rows))
    # Who subscribes need not be counted where nobody does: a second set of distinct customers is dear.
    nobody = {} if "subscribers" in summed.columns else {"subscribers": ibis.literal(0).cast("int64")}
    return summed.mutate(**nobody).drop("subscriptions")


def _subscribers(rows: Lazy) -> dict[str, Any]:
    if "subscriptions" not in rows.columns:
        return {}
    return {"subscribers": rows.customer_id.nunique(where=rows.subscriptions > 0)}


@dataclass(frozen=True, kw_only=True)
class _Mart:
    """The rows a mart is made of, to a month, and how they are summed."""

    rows: Callable[[Tables, int], Lazy]
    summed: Callable[[Lazy], Lazy]


_MARTS = {
    "customer_months": _Mart(rows=_activity, summed=_by_customer),
    "product_months": _Mart(rows=_placed, summed=_by_product),
}
