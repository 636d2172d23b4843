"""What a sale leaves after the cost of the unit: the share of revenue that lifetime value counts."""

from __future__ import annotations

import pandas as pd

from pmlib.product.engine import Tables, small
from pmlib.product.marts import product_months
from pmlib.product.rows import E4

_YEAR, _ALL = 12, "all"


def margin_shares(tables: Tables, *, last: int, product_id: str | None = None, by: str | None = None) -> pd.DataFrame:
    """Divide what the last 12 months left after unit costs by their revenue.

    Fixed costs are left out: one customer more does not change them.

    Parameters
    ----------
    tables : mapping
        ``orders`` or ``subscriptions``, and ``product_costs`` where there are any.
    last : int
        Last month counted, year * 12 + month.
    product_id : str, optional
        One product; all by default.
    by : str, optional
        ``product``, ``segment`` or ``channel``; anything else is one group ``all``.

    Returns
    -------
    DataFrame
        Index ``group``; ``contract`` and ``orders``: shares of revenue, NaN where the costs of a product are not known
        for every month with revenue.
    """
    rows = product_months(tables, last=last)
    rows = rows.filter(rows.month > last - _YEAR)
    if product_id is not None:
        rows = rows.filter(rows.product_id == product_id)
    place = {"product": "product_id", "segment": "segment", "channel": "channel"}.get(by or "")
    keys = ["product_id", "month"] if place in (None, "product_id") else ["product_id", "month", place]
    sums = ["units", "orders_e4", "recurring_e4", "subscribers"]
    cells = rows.group_by(keys).agg(**{name: rows[name].sum() for name in sums}).order_by(keys).to_pandas()
    cells = cells.merge(_costs(tables), on=["product_id", "month"], how="left")
    cells["group"] = cells[place] if place else _ALL
    return pd.DataFrame(
        {"contract": _share(cells, "recurring_e4", "subscribers"), "orders": _share(cells, "orders_e4", "units")}
    )


def _share(cells: pd.DataFrame, revenue: str, units: str) -> pd.Series:
    sold = cells[cells[revenue] != 0]
    left = sold[revenue] - sold[units] * sold["unit_cost_eur"] * E4
    groups = sold["group"]
    sums = left.groupby(groups).sum(min_count=1) / sold[revenue].groupby(groups).sum()
    # A cost not known makes the sum too large: then nothing is said.
    return sums.where(~left.isna().groupby(groups).any())


def _costs(tables: Tables) -> pd.DataFrame:
    if tables.get("product_costs") is None:
        kinds = {"product_id": "str", "month": "int64", "unit_cost_eur": "float64"}
        return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in kinds.items()})
    return small(tables, "product_costs", ["product_id", "month", "unit_cost_eur"]).astype({"month": "int64"})
