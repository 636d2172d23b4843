"""What a price does to units sold: from prices drawn by lot, beside the regression that believes every price."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.months import as_month, month_name
from pmlib.product.effects.memory import Effect, Floats
from pmlib.product.effects.panel import monthly_units
from pmlib.product.engine import Tables, named, small
from pmlib.product.wording import counted, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Months whose regions had different prices by lot, below which nothing is said.
LEAST_MONTHS = 6
_BLANK = Effect(value=math.nan, low=math.nan, high=math.nan, p=math.nan)
_KEYS = ["product_id", "region", "month"]


@dataclass(frozen=True, eq=False, kw_only=True)
class PriceElasticity:
    """By how many percent units change for one percent of price.

    Attributes
    ----------
    products : DataFrame
        One row per product with prices: ``product_id``, ``name``, ``elasticity`` with ``low`` and ``high`` (95 %,
        % of units for 1 % of price, from prices drawn by lot), ``error`` (standard error), ``months`` and ``n``
        (months and region-months behind it), ``naive`` with ``naive_low``, ``naive_high`` and ``naive_n`` (all
        prices), ``direction`` (where revenue goes with price: up, down, unclear, unknown). NaN where not measured.
    cells : DataFrame
        ``product_id``, ``region``, ``month``, ``list_price``, ``randomised``, ``units``, ``price_index`` and
        ``units_index``: each against its own region and month, for cells by lot; NaN for the others.
    period : int
        Last month counted.
    """

    products: pd.DataFrame
    cells: pd.DataFrame
    period: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product."""
        return self.products.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the elasticity by lot beside the naive one."""
        from pmlib.plots import experiments

        return experiments.elasticity(self.products, ax)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        measured = self.products.dropna(subset=["elasticity"])
        if measured.empty:
            return {"–": "not enough prices drawn by lot"}
        return {
            f"{row['elasticity']:.2f} ({row['low']:.2f} to {row['high']:.2f})": f"% of units, {row['name']}, +1 % price"
            for row in measured.head(4).to_dict("records")
        }

    def summary(self) -> str:
        """Return what 1 % more price does to units and revenue, and why the naive regression says otherwise."""
        if self.products.empty:
            return f"No prices to {month_name(self.period)}. Add them to the table 'price_history'."
        rows = self.products.to_dict("records")
        said = [_told(row) for row in rows]
        apart = [row["name"] for row in rows if row["naive"] < row["low"] or row["naive"] > row["high"]]
        if apart:
            said.append(
                f"The naive regression is off for {listed(apart)}: it believes prices that followed demand, set high "
                "when many buy anyway; those drawn by lot know nothing of season or region."
            )
        return " ".join(said)

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        rows = self.products.dropna(subset="elasticity").to_dict("records")
        told = [f"{row['name']} {row['elasticity']:.2f}" for row in rows]
        return f"<PriceElasticity to {month_name(self.period)}: {', '.join(told) or 'not enough data'}>"


def price_elasticity(tables: Tables, *, period: int | str, product_id: str | None = None) -> PriceElasticity:
    """Estimate price elasticity where prices were drawn by lot over regions and months.

    Logarithm of units on logarithm of list price, with a constant for every region and month, over the cells whose
    price was drawn; the interval is robust to what a month's regions share (Student's t, months less 1 degrees of
    freedom). Beside it the naive line over all cells. Units are those sold less those returned; cells without units
    are left out.

    Parameters
    ----------
    tables : mapping
        ``orders`` (an Ibis table or frame) and ``price_history``.
    period : int or str
        Last month counted, ``YYYY-MM`` or year * 12 + month.
    product_id : str, optional
        One product; by default all with prices.

    Raises
    ------
    MissingTableError
        ``orders`` or ``price_history`` is missing.
    ParameterError
        The product has no prices.
    SchemaError
        A product has two prices in one region and month.

    References
    ----------
    Liang & Zeger (1986), Biometrika 73 (robust errors). Cameron & Miller (2015), Journal of Human Resources 50.

    Examples
    --------
    >>> months = pd.date_range("2024-01-15", periods=12, freq="MS")
    >>> lot = [(region, day, 100.0 * (1 + 0.1 * ((k + j) % 3))) for k, day in enumerate(months)
    ...        for j, region in enumerate(["east", "west"])]
    >>> prices = pd.DataFrame(lot, columns=["region", "date", "list_price"]).assign(product_id="A", randomised=True)
    >>> prices = prices.assign(month=prices["date"].dt.year * 12 + prices["date"].dt.month)
    >>> orders = prices.assign(units=1e6 * prices["list_price"] ** -1.5)
    >>> price_elasticity({"orders": orders, "price_history": prices}, period="2025-12")
    <PriceElasticity to December 2025: A -1.50>
    """
    last = as_month(period)
    cells = _cells(tables, last)
    if product_id is not None:
        known = cells["product_id"].drop_duplicates().tolist()
        if product_id not in known:
            raise ParameterError(f"product_id: got {product_id!r}, without prices. {did_you_mean(product_id, known)}")
        cells = cells[cells["product_id"] == product_id].reset_index(drop=True)
    parts = [_indexed(part) for _, part in cells.groupby("product_id", sort=True)]
    rows = pd.DataFrame([_row(part) for part in parts], columns=_COLUMNS)
    told = pd.concat(parts, ignore_index=True) if parts else cells.assign(price_index=np.nan, units_index=np.nan)
    return PriceElasticity(products=named(rows, tables), cells=told, period=last)


_COLUMNS = ["product_id", "elasticity", "low", "high", "error", "months", "n", "naive", "naive_low", "naive_high",
            "naive_n", "direction"]  # fmt: skip


def _cells(tables: Tables, last: int) -> pd.DataFrame:
    """Price and units of every product, region and month."""
    prices = small(tables, "price_history", [*_KEYS, "list_price", "randomised"])
    prices = prices[prices["month"] <= last].astype({"product_id": "str", "region": "str"})
    # Not known to be by lot is not by lot.
    prices["randomised"] = prices["randomised"].eq(True).fillna(False).astype(bool)
    return prices.merge(monthly_units(tables, last=last), on=_KEYS, how="left").sort_values(_KEYS, ignore_index=True)


def _indexed(cells: pd.DataFrame) -> pd.DataFrame:
    """Add price and units against what region and month would give, for the cells that count."""
    usable = (cells["list_price"] > 0) & (cells["units"] > 0)
    drawn = cells[usable & cells["randomised"]]
    # A month in which all regions had one price says nothing about price.
    told = drawn[drawn.groupby("month")["list_price"].transform("nunique") > 1]
    logs = np.log(told[["list_price", "units"]].to_numpy(dtype=float))
    indexes = np.exp(_within(logs, told[["region", "month"]])) if len(told) else logs
    frame = pd.DataFrame(indexes, index=told.index, columns=["price_index", "units_index"])
    return cells.join(frame)


def _within(values: Floats, effects: pd.DataFrame) -> Floats:
    """Take out of each column what a constant for every level of the effects explains."""
    levels = [pd.get_dummies(effects[name], dtype=float).to_numpy() for name in effects.columns]
    design = np.column_stack(levels)
    return np.asarray(values - design @ np.linalg.lstsq(design, values, rcond=None)[0], dtype=np.float64)


def _row(cells: pd.DataFrame) -> dict[str, Any]:
    told = cells.dropna(subset="price_index")
    months = int(told["month"].nunique())
    by_lot, error = (_BLANK, math.nan) if months < LEAST_MONTHS else _by_lot(told)
    usable = cells[(cells["list_price"] > 0) & (cells["units"] > 0)]
    naive = _naive(np.log(usable["list_price"].to_numpy(dtype=float)), np.log(usable["units"].to_numpy(dtype=float)))
    return {
        "product_id": cells["product_id"].iloc[0], "elasticity": by_lot.value, "low": by_lot.low, "high": by_lot.high,
        "error": error, "months": months, "n": len(told), "naive": naive.value, "naive_low": naive.low,
        "naive_high": naive.high, "naive_n": len(usable), "direction": _direction(by_lot),
    }  # fmt: skip


def _by_lot(told: pd.DataFrame) -> tuple[Effect, float]:
    x, y = np.log(told[["price_index", "units_index"]].to_numpy(dtype=float)).T
    if float(x @ x) <= 1e-12 * len(x):  # prices that only follow region and month
        return _BLANK, math.nan
    months, place = np.unique(told["month"].to_numpy(), return_inverse=True)
    value, error = _clustered(x, y, place, regions=told["region"].nunique())
    return _student(value, error, len(months) - 1), error


def _clustered(x: Floats, y: Floats, place: np.ndarray, *, regions: int) -> tuple[float, float]:
    """Slope through the origin and its standard error, robust within clusters (CR1)."""
    clusters, n = int(place.max()) + 1, len(x)
    value = float(x @ y) / float(x @ x)
    scores = np.bincount(place, weights=x * (y - value * x))
    # Constants of months lie within the clusters and cost nothing here; those of regions do.
    small_sample = clusters / (clusters - 1) * (n - 1) / (n - regions)
    return value, math.sqrt(small_sample * float(scores @ scores)) / float(x @ x)


def _naive(x: Floats, y: Floats) -> Effect:
    """Ordinary least squares of a line, believing every price."""
    if len(x) < 3 or np.ptp(x) == 0:  # noqa: PLR2004
        return _BLANK
    x, y = x - x.mean(), y - y.mean()
    value = float(x @ y) / float(x @ x)
    spread = float(((y - value * x) ** 2).sum()) / (len(x) - 2)
    return _student(value, math.sqrt(spread / float(x @ x)), len(x) - 2)


def _student(value: float, error: float, freedom: int) -> Effect:
    from scipy import special

    half = float(special.stdtrit(freedom, 0.975)) * error
    p = 2 * float(special.stdtr(freedom, -abs(value) / error)) if error > 0 else float(value == 0)
    return Effect(value=value, low=value - half, high=value + half, p=p)


def _direction(elasticity: Effect) -> str:
    """Say where revenue goes with price: units fall by more than price rises below -1, by less above."""
    if math.isnan(elasticity.value):
        return "unknown"
    if elasticity.high < -1:
        return "down"
    return "up" if elasticity.low > -1 else "unclear"


def _told(row: dict[Any, Any]) -> str:
    if row["n"] == 0 or math.isnan(row["elasticity"]):
        return (
            f"{row['name']}: not enough data, {counted(row['months'], 'month')} in which regions sold at different "
            f"prices drawn by lot; needed are {LEAST_MONTHS}."
        )
    change, revenue = row["elasticity"], 1 + row["elasticity"]
    ends = sorted((abs(row["low"]), abs(row["high"]))) if row["high"] < 0 else (row["low"], row["high"])
    effect = {
        "down": f"so revenue falls by about {abs(revenue):.1f} %: a lower price earns more",
        "up": f"so revenue rises by about {revenue:.1f} %: a higher price earns more",
        "unclear": "so revenue hardly moves, and its direction is not known",
    }[row["direction"]]
    verb = "loses" if change < 0 else "gains"
    return (
        f"{row['name']}: raising the price by 1 % {verb} {abs(change):.1f} % of units ({ends[0]:.1f} to {ends[1]:.1f}; "
        f"{row['months']} months by lot), {effect}, costs aside."
    )
