"""Monthly revenue of one product by group: what launches and releases are read from."""

from __future__ import annotations

import pandas as pd

from pmlib.errors import MissingTableError
from pmlib.product import engine
from pmlib.product.engine import Lazy, Tables, lazy, month_of_date, small
from pmlib.product.marts import product_months
from pmlib.product.money.exchange import order_lines
from pmlib.product.rows import E4, order_rows, whole

#: What groups may be made of.
DIMENSIONS = ("region", "segment", "channel")
_E4_PER_K = 1_000 * E4


def known_product(tables: Tables, product_id: str) -> None:
    """Refuse a product that no table of products names.

    Raises
    ------
    ParameterError
        The product is not in ``products``.
    """
    if tables.get("products") is not None:
        engine.known_product(product_id, tables)


def name_of(tables: Tables, product_id: str) -> str:
    """Return a product's name, or its id where no table names it."""
    if tables.get("products") is None:
        return product_id
    products = small(tables, "products", ["product_id", "name"])
    found = products.loc[products["product_id"] == product_id, "name"].dropna()
    return str(found.iloc[0]) if len(found) else product_id


def monthly_money(tables: Tables, product_id: str, *, by: str | None, first: int, last: int) -> pd.DataFrame:
    """Sum a product's revenue by month and group.

    Regions are those of order lines, so that only orders count there; segments and channels are the customers', and
    orders and subscriptions both count.

    Returns
    -------
    DataFrame indexed by group and month, sorted
        ``revenue_k`` (thousand). One group ``all`` where ``by`` is None. Months without revenue have no row.
    """
    rows = _by_region(tables, product_id, last) if by == "region" else _by_mart(tables, product_id, by, last)
    rows = rows.filter(rows.month >= first)
    summed = rows.group_by("group", "month").agg(money=rows.money_e4.sum().cast("int64")).order_by("group", "month")
    frame: pd.DataFrame = summed.to_pandas().astype({"group": "str", "month": "int64", "money": "int64"})
    frame = frame.set_index(["group", "month"])
    return (frame / _E4_PER_K).rename(columns={"money": "revenue_k"})


def monthly_units(tables: Tables, *, last: int) -> pd.DataFrame:
    """Sum units sold less units returned, by product, region and month.

    Returns
    -------
    DataFrame
        ``product_id``, ``region``, ``month``, ``units``, sorted.
    """
    orders = lazy(tables, "orders", ["product_id", "region", "date", "units"])
    rows = orders.select(
        "product_id", "region", month=month_of_date(orders.date), units=orders.units.cast("float64")
    )
    rows = rows.filter(rows.month <= last)
    keys = ["product_id", "region", "month"]
    frame: pd.DataFrame = rows.group_by(keys).agg(units=rows.units.sum()).order_by(keys).to_pandas()
    return frame.astype({"product_id": "str", "region": "str", "month": "int64", "units": "float64"})


def _by_region(tables: Tables, product_id: str, last: int) -> Lazy:
    if tables.get("orders") is not None:
        order_rows(tables, last)  # refuses money that is too large to add up
    orders = order_lines(tables, ["product_id", "region"], last=last)
    rows = orders.filter(orders.product_id == product_id).rename(group="region")
    return rows.group_by("group", "month").agg(money_e4=whole(rows.money.sum()))


def _by_mart(tables: Tables, product_id: str, by: str | None, last: int) -> Lazy:
    import ibis

    if by is not None and tables.get("customers") is None:
        raise MissingTableError(f"groups by {by}: table 'customers' is missing. Add customers.csv, or go by region.")
    rows = product_months(tables, last=last)
    rows = rows.filter(rows.product_id == product_id)
    group = ibis.literal("all") if by is None else rows[by]
    return rows.select("month", group=group, money_e4=rows.orders_e4 + rows.recurring_e4)
