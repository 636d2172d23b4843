"""The headlines of every product as monthly series, each up to the last month that is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.product.engine import Tables, named, small
from pmlib.product.market import monthly_shares
from pmlib.product.marts import product_months
from pmlib.product.outlook.accuracy import Floats
from pmlib.product.satisfaction import Instrument, answer_counts, estimate_of

_E4_PER_K = 10_000_000
_NPS_CAUTION = "a month's score is known to ±{width:.0f} points (median n {n:.0f}): most of its moves are noise"
_SHARE_CAUTION = "the share of all our products in {category}"


class Headline(StrEnum):
    """What is forecast of a product."""

    REVENUE = "revenue"
    CUSTOMERS = "customers"
    SUBSCRIBERS = "subscribers"
    UNITS = "units"
    SHARE = "share"
    NPS = "nps"


#: As a sentence says them.
HEADLINE_NAMES = {str(headline): str(headline) for headline in Headline} | {"share": "market share", "nps": "NPS"}
_COLUMNS = {
    Headline.REVENUE: "revenue_k", Headline.CUSTOMERS: "customers", Headline.SUBSCRIBERS: "subscribers",
    Headline.UNITS: "units",
}  # fmt: skip
_UNITS = {
    "revenue": "", "customers": "customers", "subscribers": "subscribers", "units": "units", "share": "%",
    "nps": "points",
}  # fmt: skip
_LIMITS = {Headline.SHARE: (0.0, 100.0), Headline.NPS: (-100.0, 100.0)}


@dataclass(frozen=True, eq=False, kw_only=True)
class Series:
    """One headline of one product, month by month without gaps.

    Attributes
    ----------
    product_id : str
    headline : Headline
    first : int
        Month of the first value.
    values : array of shape (n_months,)
        In ``unit``: thousands for revenue, percent for share.
    unit : str
        Unit of the values; empty for revenue, which is in the workbook's currency.
    n_missing : int
        Missing months between the product's first and its last known month; the values begin after the last of them.
    caution : str
        What a reader must know; often empty.
    """

    product_id: str
    headline: Headline
    first: int
    values: Floats
    unit: str
    n_missing: int
    caution: str = ""

    @property
    def last(self) -> int:
        """Month of the last value."""
        return self.first + len(self.values) - 1

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value that makes sense: nothing below 0 where there never was."""
        floor = 0.0 if len(self.values) == 0 or self.values.min() >= 0 else -np.inf
        return _LIMITS.get(self.headline, (floor, np.inf))


def headline_series(
    tables: Tables, *, last: int, headlines: Sequence[str] | None = None, product_id: str | None = None
) -> list[Series]:
    """Read the headlines of every product, to month ``last``, summed in the engine.

    A headline that a product does not have (no orders, no study of its category) is left out. A month in which no
    product has a row is missing, not zero.

    Raises
    ------
    MissingTableError
        Neither orders nor subscriptions are there.
    ParameterError
        A headline or the product is unknown.
    """
    asked = _asked(headlines)
    sales = _sales(tables, last)
    parts = [sales.assign(caution="")]
    if Headline.SHARE in asked and tables.get("market") is not None and tables.get("products") is not None:
        parts.append(_shares(tables, last))
    if Headline.NPS in asked and tables.get("surveys") is not None:
        parts.append(_scores(tables, last))
    rows = pd.concat(parts, ignore_index=True)
    known = sorted(rows["product_id"].unique())
    if tables.get("products") is not None:
        known = sorted({*known, *small(tables, "products", ["product_id"])["product_id"]})
    if product_id is not None and product_id not in known:
        raise ParameterError(f"product_id: '{product_id}' is unknown. {did_you_mean(product_id, known)}")
    rows = rows[rows["headline"].isin(asked)]
    chosen = rows if product_id is None else rows[rows["product_id"] == product_id]
    return sorted(_each(chosen), key=lambda one: (one.product_id, asked.index(one.headline)))


def _asked(headlines: Sequence[str] | None) -> list[Headline]:
    known = [str(headline) for headline in Headline]
    asked = known if headlines is None else [headlines] if isinstance(headlines, str) else list(headlines)
    for headline in asked:
        if headline not in known:
            raise ParameterError(f"headlines: got '{headline}'. {did_you_mean(headline, known)}")
    return [Headline(headline) for headline in dict.fromkeys(asked)]


def _each(rows: pd.DataFrame) -> Iterator[Series]:
    for (product, headline), group in rows.groupby(["product_id", "headline"]):
        months = group.set_index("month")["value"]
        full = months.reindex(range(int(months.index.min()), int(months.index.max()) + 1)).to_numpy(dtype=np.float64)
        gaps = np.flatnonzero(np.isnan(full))
        start = int(gaps[-1]) + 1 if len(gaps) > 0 else 0
        yield Series(
            product_id=str(product), headline=Headline(str(headline)), first=int(months.index.min()) + start,
            values=full[start:], unit=_UNITS[str(headline)],
            n_missing=len(gaps), caution=str(group["caution"].iloc[0]),
        )  # fmt: skip


def _sales(tables: Tables, last: int) -> pd.DataFrame:
    """Rows of product, headline, month and value, from a product's first month on; no rows where it has none."""
    mart = product_months(tables, last=last)
    sums = mart.group_by("product_id", "month").agg(
        e4=(mart.orders_e4.sum() + mart.recurring_e4.sum()).cast("int64"),
        customers=mart.customers.sum().cast("int64"),
        subscribers=mart.subscribers.sum().cast("int64"),
        units=mart.units.sum(),
    )
    months: pd.DataFrame = sums.order_by("product_id", "month").to_pandas()
    months["revenue_k"] = months["e4"] / _E4_PER_K
    known = sorted(months["month"].unique())
    rows = [_filled(group, known) for _, group in months.groupby("product_id")]
    columns = ["product_id", "headline", "month", "value"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)


def _filled(group: pd.DataFrame, known: list[int]) -> pd.DataFrame:
    """Give one product its headlines, with 0 in the known months without a row of it."""
    months = [month for month in known if month >= group["month"].min()]
    full = group.set_index("month").reindex(months)
    full["product_id"] = group["product_id"].iloc[0]
    wanted = {Headline.REVENUE}
    if (full["units"].fillna(0) != 0).any():
        wanted |= {Headline.UNITS, Headline.CUSTOMERS}
    if (full["subscribers"].fillna(0) > 0).any():
        wanted.add(Headline.SUBSCRIBERS)
    wide = full.rename(columns={column: str(headline) for headline, column in _COLUMNS.items()}).reset_index()
    chosen = [str(headline) for headline in _COLUMNS if headline in wanted]
    wide[chosen] = wide[chosen].fillna(0.0).astype("float64")
    return wide.melt(["product_id", "month"], chosen, var_name="headline", value_name="value")


def _shares(tables: Tables, last: int) -> pd.DataFrame:
    shares = monthly_shares(tables, last=last)
    shares = shares[shares["market_k"] > 0]
    products = small(tables, "products", ["product_id", "category"])
    rows = products.merge(shares, on="category")
    alone = rows["category"].map(products["category"].value_counts()) == 1
    told = [_SHARE_CAUTION.format(category=category) for category in rows["category"]]
    return pd.DataFrame(
        {
            "product_id": rows["product_id"], "headline": str(Headline.SHARE), "month": rows["month"],
            "value": 100 * rows["own_k"] / rows["market_k"], "caution": pd.Series(told).where(~alone, ""),
        }
    )  # fmt: skip


def _scores(tables: Tables, last: int) -> pd.DataFrame:
    counts = answer_counts(tables, last=last)
    asked = counts[counts["instrument"] == str(Instrument.NPS)].groupby(["product_id", "month"])
    rows = [{"product_id": key[0], "month": key[1], **asdict(estimate_of(group))} for key, group in asked]
    nps = pd.DataFrame(rows, columns=["product_id", "month", "value", "low", "high", "n"])
    nps = nps[nps["n"] > 0]
    width = ((nps["high"] - nps["low"]) / 2).groupby(nps["product_id"]).median()
    n = nps.groupby("product_id")["n"].median()
    told = {product: _NPS_CAUTION.format(width=width[product], n=n[product]) for product in width.index}
    return pd.DataFrame(
        {
            "product_id": nps["product_id"], "headline": str(Headline.NPS), "month": nps["month"],
            "value": nps["value"], "caution": nps["product_id"].map(told),
        }
    )  # fmt: skip


def name_of(tables: Tables, product_id: str) -> str:
    """Return the product's name, or its id where no table names it."""
    return str(named(pd.DataFrame({"product_id": [product_id]}), tables)["name"].iloc[0])
