"""Rows that carry money, as the engine sums them: order lines and running subscriptions, refused where they mislead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import SchemaError
from pmlib.product.engine import Lazy, Tables, lazy
from pmlib.product.money.exchange import order_lines

#: Money travels as whole ten-thousandths of the currency, so that sums are exact on every engine and in any order.
E4 = 10_000
# Beyond these DECIMAL(18,4) cannot hold one row, or a whole number of ten-thousandths the sum of all.
_LARGEST_ROW, _LARGEST_SUM, _MOST_MONTHS = 1e14, 9e14, 1_200


def order_rows(tables: Tables, last: int) -> Lazy:
    """Return order lines to month ``last``: ``customer_id``, ``product_id``, ``month``, ``units``, ``money`` (decimal).

    Raises
    ------
    SchemaError
        Orders are in a foreign currency without an exchange rate, or money is too large to add up.
    """
    refuse_large_orders(tables)
    rows = order_lines(tables, ["customer_id", "product_id"], last=last)
    return rows.select("customer_id", "product_id", "month", "money", units=rows.units.cast("float64"))


def refuse_large_orders(tables: Tables) -> None:
    """Refuse orders whose money is too large to add up.

    Raises
    ------
    SchemaError
        A row, or all of them, is too large.
    """
    orders = lazy(tables, "orders", ["units", "paid_price"])
    _refuse_too_large("orders", "units * paid_price", orders.units * orders.paid_price, most=_LARGEST_SUM)


def subscription_spans(tables: Tables) -> Lazy:
    """Return subscriptions as ``customer_id``, ``product_id``, ``start_month``, ``end_month``, ``money`` (decimal).

    Raises
    ------
    SchemaError
        Money is too large to add up.
    """
    rows = lazy(tables, "subscriptions", ["customer_id", "product_id", "start_month", "end_month", "monthly_eur"])
    _refuse_too_large("subscriptions", "monthly_eur", rows.monthly_eur, most=_LARGEST_SUM / _MOST_MONTHS)
    return rows.select(
        "customer_id", "product_id", start_month=rows.start_month.cast("int64"),
        end_month=rows.end_month.cast("int64"), money=rows.monthly_eur.cast("decimal(18,4)"),
    )  # fmt: skip


def subscription_rows(tables: Tables, last: int) -> Lazy:
    """Return one row for every month a subscription covers, to month ``last``: as `order_rows`, without units."""
    import ibis

    spans = subscription_spans(tables)
    spans = spans.filter(spans.start_month <= last)
    earliest = spans.start_month.min().to_pandas()
    calendar = ibis.memtable(pd.DataFrame({"month": np.arange(last if pd.isna(earliest) else int(earliest), last + 1)}))
    covered = [spans.start_month <= calendar.month, spans.end_month.fill_null(last) >= calendar.month]
    return spans.join(calendar, covered).select("customer_id", "product_id", "month", "money")


def whole(money: Any) -> Any:
    """Turn a sum of decimals into whole ten-thousandths."""
    return (money * E4).round().cast("int64")


def whole_row(money: Any) -> Any:
    """Turn one row's decimal into whole ten-thousandths: where groups are many, cheaper than turning their sums."""
    # A double holds them exactly below 9e11, beyond which the product of two doubles has no ten-thousandths.
    return (money.cast("float64") * E4).round().cast("int64")


def _refuse_too_large(table: str, column: str, money: Lazy, *, most: float) -> None:
    size = money.cast("float64").abs()
    total = size.sum().to_pandas()
    # All rows together below what one row may be: one sum says it, where a maximum beside it costs twice as much.
    if not pd.isna(total) and total < min(_LARGEST_ROW, most):
        return
    largest, total = size.as_table().aggregate(largest=size.max(), total=size.sum()).to_pandas().iloc[0]
    if pd.isna(largest) and pd.isna(total):
        return
    if not (largest < _LARGEST_ROW and total < most):
        raise SchemaError(
            f"{table}: the largest {column} is {largest:.4g} and all rows come to {total:.4g}, allowed less than "
            f"{_LARGEST_ROW:.0e} a row and {most:.1e} in all. Check the unit of {column} (single units of the "
            f"currency, not thousandths) in views.sql."
        )
