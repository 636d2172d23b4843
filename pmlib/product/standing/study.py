"""The market study as this room reads it: players, windows, and the error of a share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.product.engine import Tables, known_product, small
from pmlib.product.market import players_by_month, share_error
from pmlib.product.wording import percents_between

#: What a study calls us.
OWN = "own"
#: What a study calls all the firms it does not name.
REST = ("other", "others", "rest")

_Z95 = 1.959963984540054
_PLACE = ["category", "region", "month"]
_EMPTY = {"category": "str", "region": "str", "month": "int64", "player": "str", "value_k": "float64",
          "error_k": "float64", "units": "float64", "months": "int64"}  # fmt: skip
_SHOWN = ["category", "region", "player", "value_k", "share", "share_low", "share_high", "units", "unit_share",
          "months", "month", "error_k"]  # fmt: skip


def study_rows(tables: Tables, *, last: int, product_id: str | None = None, regions: bool = False) -> pd.DataFrame:
    """Return the study by player and month: regions apart or added up, one product's market or all.

    Raises
    ------
    ParameterError
        The product is unknown.
    """
    rows = players_by_month(tables, last=last)
    if product_id is not None:
        rows = rows[rows["category"] == category_of(tables, product_id)]
    if regions:
        return rows
    return rows.assign(region="all")


def category_of(tables: Tables, product_id: str) -> str:
    """Return the market category of a product; an empty text where it has none.

    Raises
    ------
    ParameterError
        The product is unknown.
    """
    products = small(tables, "products", ["product_id", "category"])
    known_product(product_id, tables)
    name = products.loc[products["product_id"] == product_id, "category"].iloc[0]
    return "" if pd.isna(name) else str(name)


def share_range(row: Any) -> str:
    """Write the interval of a share, or that the study states no error.

    Examples
    --------
    >>> share_range({"share_low": 0.2, "share_high": 0.24})
    'between 20 % and 24 %'
    """
    if row["share_low"] == row["share_high"]:
        return "the study states no error"
    return percents_between(row["share_low"], row["share_high"])


def window_ends(rows: pd.DataFrame, months: int) -> list[int]:
    """Months of the study at which a whole window can end."""
    known = sorted(rows["month"].unique())
    return [int(month) for month in known if month >= known[0] + months - 1]


def window_shares(rows: pd.DataFrame, *, ends: list[int], months: int) -> pd.DataFrame:
    """Add up the study over windows of ``months`` that end at ``ends`` and give every player's share.

    Returns
    -------
    DataFrame
        The columns of `MarketShares.shares` and ``error_k`` (standard error of ``value_k``, thousand).
    """
    parts = [
        _window(group, ends, months).assign(category=str(category), region=str(region))
        for (category, region), group in rows.groupby(["category", "region"])
    ]
    columns = [*_PLACE, "player", "value_k", "error_k", "units", "months"]
    if not parts:
        parts = [pd.DataFrame(columns=columns).astype(_EMPTY)]
    sums = pd.concat(parts, ignore_index=True)[columns].sort_values([*_PLACE, "player"], ignore_index=True)
    market = sums.groupby(_PLACE)
    # A player whose sales are not known leaves nobody's share known.
    total = sums[_PLACE].merge(market[["value_k", "error_k", "units"]].sum(skipna=False), on=_PLACE, how="left")
    own, errors = sums["value_k"], sums["error_k"]
    totals = total["value_k"].where(total["value_k"] > 0)
    values = np.column_stack([own, totals, errors, total["error_k"] - errors])
    sums["unit_share"] = sums["units"] / total["units"].where(total["units"] > 0)
    error = _Z95 * share_error(values.astype(np.float64))
    sums["share"] = own / totals
    sums["share_low"] = (sums["share"] - error).clip(lower=0.0)
    sums["share_high"] = (sums["share"] + error).clip(upper=1.0)
    return sums[_SHOWN]


def _window(group: pd.DataFrame, ends: list[int], months: int) -> pd.DataFrame:
    """Sum one market's players over each window, as far as the study covers it."""
    known = np.sort(group["month"].unique())
    inside = ((known[None, :] <= np.array(ends)[:, None]) & (known[None, :] > np.array(ends)[:, None] - months)).astype(
        np.float64
    )
    players, who = np.unique(group["player"].to_numpy(dtype=object), return_inverse=True)
    when = np.searchsorted(known, group["month"])

    def summed(values: pd.Series) -> npt.NDArray[np.float64]:
        given, wide = values.to_numpy(dtype=np.float64), np.zeros((2, len(known), len(players)))
        np.add.at(wide[0], (when, who), np.nan_to_num(given))
        np.add.at(wide[1], (when, who), np.isnan(given))
        total, unknown = inside @ wide
        return np.where(unknown > 0, np.nan, total)

    frame = pd.DataFrame(
        {
            "month": np.repeat(ends, len(players)),
            "player": np.tile(players, len(ends)),
            "value_k": summed(group["value_k"]).ravel(),
            "error_k": summed(group["error_k"]).ravel(),
            "units": summed(group["units"]).ravel(),
            "months": np.repeat(inside.sum(axis=1).astype(int), len(players)),
        }
    )
    return frame[summed(pd.Series(1.0, index=group.index)).ravel() > 0]
