"""What every product sold by month, as the questions of this room need it: read from the mart, small."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmlib.product.engine import Tables, known_product, small
from pmlib.product.marts import product_months
from pmlib.product.rows import E4

_SUMS = ["units", "orders_e4", "recurring_e4", "subscribers"]


def sold_by_month(tables: Tables, *, last: int) -> pd.DataFrame:
    """Return what every product sold by month, without gaps from its first month with sales to ``last``.

    Columns: ``product_id``, ``month``, ``units``, ``revenue_k``, ``recurring_k`` (part of it from subscriptions,
    thousand), ``subscribers``.
    """
    rows = product_months(tables, last=last)
    sums = rows.group_by("product_id", "month").agg(**{name: rows[name].sum() for name in _SUMS})
    known = sums.order_by("product_id", "month").to_pandas().astype({"product_id": "str", "month": "int64"})
    parts = [_filled(product, group, last) for product, group in known.groupby("product_id", sort=True)]
    columns = ["product_id", "month", "units", "revenue_k", "recurring_k", "subscribers"]
    if not parts:
        return pd.DataFrame(columns=columns).astype({"product_id": "str", "month": "int64"})
    return pd.concat(parts, ignore_index=True)[columns]


def product_facts(tables: Tables, product_id: str | None = None) -> pd.DataFrame:
    """Return ``product_id``, ``name`` and ``launch_month`` (NaN where unknown) of every product, or of one.

    Raises
    ------
    ParameterError
        The product is unknown.
    """
    products = small(tables, "products", ["product_id", "name"])
    given = "launch_month" in tables["products"].columns
    launch = small(tables, "products", ["launch_month"])["launch_month"] if given else np.nan
    products["launch_month"] = pd.Series(launch, index=products.index).astype("float64")
    products = products.sort_values("product_id", kind="stable", ignore_index=True)
    if product_id is None:
        return products
    known_product(product_id, tables)
    return products[products["product_id"] == product_id].reset_index(drop=True)


def _filled(product: object, group: pd.DataFrame, last: int) -> pd.DataFrame:
    months = pd.RangeIndex(int(group["month"].min()), last + 1, name="month")
    full = group.set_index("month")[_SUMS].reindex(months, fill_value=0).astype("float64").reset_index()
    money = {"revenue_k": full["orders_e4"] + full["recurring_e4"], "recurring_k": full["recurring_e4"]}
    return full.assign(product_id=str(product), **{name: value / (1_000 * E4) for name, value in money.items()})
