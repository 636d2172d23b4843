"""How a launched product spreads: Bass's curve, its peak, what is still to sell, and how little a few months tell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import MissingTableError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count
from pmlib.product.standing.bass import LEAST_PERIODS, BassFit, fit_bass
from pmlib.product.standing.sold import product_facts, sold_by_month
from pmlib.product.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Z95 = 1.959963984540054
#: From this ratio of its ends on, an interval of the market is almost no information.
_VAGUE = 4.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Diffusion:
    """How a launched product spreads.

    Attributes
    ----------
    estimates : DataFrame
        One row per ``quantity``: p and q (a month), m (units), peak (months after launch), ahead (units of the months
        ahead): ``value``, ``low``, ``high``, ``unit``; ``high`` is infinite where no upper end can be told. Empty where
        nothing was fitted.
    curve : DataFrame
        One row per ``month`` since launch and ahead: ``age`` (1 is the month of launch), ``sales`` (NaN ahead),
        ``fitted``, ``fitted_low``, ``fitted_high`` (the curve), ``low``, ``high`` (a month's sales), units.
    product_id, name : str
        The product.
    period : int
        Last month fitted.
    months : int
        Months since launch that were fitted.
    reason : str
        Why nothing was fitted; empty where it was.
    """

    estimates: pd.DataFrame
    curve: pd.DataFrame
    product_id: str
    name: str
    period: int
    months: int
    reason: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return one row per quantity."""
        return self.estimates.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw what was sold, the curve, what is possible, and the peak."""
        from pmlib.plots import life

        return life.diffusion(self.curve, ax, estimates=self.estimates, name=self.name, reason=self.reason)

    def headline(self) -> dict[str, str]:
        """Return the market and the peak with their intervals."""
        if self.reason:
            return {"–": self.reason}
        return {
            self._span("m", "units"): "will buy in the end (95 % interval)",
            self._span("peak", "months"): f"after launch sales peak; {self.months} months observed",
        }

    def summary(self) -> str:
        """Return market, peak and sales ahead with their intervals, and whether they say anything."""
        if self.reason:
            return f"{self.name}: not enough data. {self.reason}"
        m, peak, ahead = (self._row(name) for name in ("m", "peak", "ahead"))
        told = (
            f"{self.name}, {counted(self.months, 'month')} to {month_name(self.period)}: in the end "
            f"{self._span('m', 'units')} (best fit {m['value']:,.0f}), peak after {self._span('peak', 'months')} "
            f"({peak['value']:,.0f}), in the {counted(self._ahead(), 'month')} ahead {self._span('ahead', 'units')} "
            f"({ahead['value']:,.0f})."
        )
        if m["high"] > _VAGUE * m["low"]:
            return f"{told} These months carry almost no information about how many will buy in the end."
        return told

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<Diffusion: {self.summary()}>"

    def _row(self, quantity: str) -> dict[str, float]:
        row = self.estimates[self.estimates["quantity"] == quantity]
        return {name: float(row[name].iloc[0]) for name in ("value", "low", "high")}

    def _span(self, quantity: str, unit: str) -> str:
        row = self._row(quantity)
        if math.isinf(row["high"]):
            return f"{row['low']:,.0f} {unit} or more, no upper end"
        return f"{row['low']:,.0f} to {row['high']:,.0f} {unit}"

    def _ahead(self) -> int:
        return int(self.curve["sales"].isna().sum())


def fit_diffusion(
    tables: Tables, *, period: int | str, product_id: str | None = None, ahead: int = 12
) -> Diffusion:
    """Fit Bass's curve to the units a product sold in every month since its launch.

    Every unit counts as a first purchase. The intervals are the ends of all curves that the data do not rule out
    (`fit_bass`); before sales bend, they have no upper end.

    Parameters
    ----------
    tables : mapping
        ``products`` (launch_month); ``orders``, or the mart of them.
    period : int or str
        Last month fitted.
    product_id : str, optional
        The product; by default the newest launch.
    ahead : int
        Months ahead.

    Raises
    ------
    MissingTableError
        ``products`` is missing or empty, or both orders and subscriptions are.
    ParameterError
        The product is unknown, or ``ahead`` is no whole number, 1 or more.

    References
    ----------
    Bass (1969), Management Science 15(5). Srinivasan & Mason (1986), Marketing Science 5(2).
    """
    last, ahead = as_month(period), as_count("ahead", ahead)
    product = _newest(product_facts(tables, product_id), last)
    sold = sold_by_month(tables, last=last)
    sold = sold[sold["product_id"] == product["product_id"]]
    reason = untold(sold, launch=float(product["launch_month"]), last=last)
    fit = None if reason else fit_bass(since_launch(sold, launch=int(product["launch_month"]), last=last))
    return Diffusion(
        estimates=_estimates(fit, ahead),
        curve=_curve(fit, last=last, ahead=ahead),
        product_id=str(product["product_id"]),
        name=str(product["name"]),
        period=last,
        months=0 if fit is None else len(fit.sales),
        reason=reason,
    )


def _newest(products: pd.DataFrame, last: int) -> pd.Series:
    """Return the product launched last, those without a known launch before the period at the end of the queue."""
    if products.empty:
        raise MissingTableError("table 'products' has no rows. Add a product with its launch_month.")
    known = products["launch_month"].where(products["launch_month"] <= last)
    return products.iloc[int(np.argmax(known.fillna(-np.inf).to_numpy(dtype=np.float64)))]


def since_launch(sold: pd.DataFrame, *, launch: int, last: int) -> npt.NDArray[np.float64]:
    """Units of one product in every month from launch to ``last``; array of shape (n_months,)."""
    units = sold.set_index("month")["units"].reindex(range(launch, last + 1), fill_value=0.0)
    return units.to_numpy(dtype=np.float64)


def untold(sold: pd.DataFrame, *, launch: float, last: int) -> str:
    """Say why no curve can be fitted to a product's sales; empty where one can."""
    if math.isnan(launch):
        return "Its launch month is unknown: fill launch_month in the table products."
    if last - launch + 1 < LEAST_PERIODS:
        got = max(0, int(last - launch + 1))
        return f"{counted(got, 'month')} since launch, {LEAST_PERIODS} are needed."
    if sold.empty or not sold["units"].sum() > 0:
        return "It sold no units: the curve is one of first purchases, not of subscriptions."
    if sold["month"].min() > launch + 1 or (sold["units"] < 0).any():
        return "A month's returns exceed its sales." if (sold["units"] < 0).any() else (
            f"It was launched in {month_name(int(launch))}, and its sales begin in "
            f"{month_name(int(sold['month'].min()))}: the beginning of the curve is missing."
        )  # fmt: skip
    return ""


def _estimates(fit: BassFit | None, ahead: int) -> pd.DataFrame:
    columns = ["quantity", "value", "low", "high", "unit"]
    if fit is None:
        return pd.DataFrame(columns=columns)
    total = fit.total_ahead(ahead)
    rows = [
        ("p", fit.p, *fit.interval(lambda p, _: p), "a month"),
        ("q", fit.q, *fit.interval(lambda _, q: q), "a month"),
        ("m", fit.m, *fit.m_interval(), "units"),
        ("peak", fit.peak, *fit.peak_interval(), "months after launch"),
        ("ahead", *total, "units"),
    ]
    return pd.DataFrame(rows, columns=columns)


def _curve(fit: BassFit | None, *, last: int, ahead: int) -> pd.DataFrame:
    columns = ["month", "age", "sales", "fitted", "fitted_low", "fitted_high", "low", "high"]
    if fit is None:
        return pd.DataFrame(columns=columns)
    n = len(fit.sales)
    value, low, high = fit.curves(n + ahead)
    age = np.arange(1, n + ahead + 1)
    # A month's own noise comes on top of what is not known of the curve.
    down, up = (np.hypot(_Z95 * fit.noise(value), end - value) for end in (low, high))
    return pd.DataFrame(
        {
            "month": last - n + age,
            "age": age,
            "sales": np.concatenate([fit.sales, np.full(ahead, np.nan)]),
            "fitted": value,
            "fitted_low": low,
            "fitted_high": high,
            "low": np.maximum(0.0, value - down),
            "high": value + up,
        },
        columns=columns,
    )
