"""Whether a product still earns what it costs to keep."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.change import mean_noise
from pmlib.product.engine import Tables, as_count, currency_of, small
from pmlib.product.standing.sold import product_facts, sold_by_month
from pmlib.product.wording import counted, listed, money_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUNSET, KEEP, UNSURE, UNKNOWN = "sunset", "keep", "not sure", "not enough data"
#: Fewer months than this tell no noise.
_LEAST_MONTHS = 6
_YEAR = 12
_SUMS = ("revenue_k", "contribution_k", "keep_cost_k", "margin_k")


@dataclass(frozen=True, eq=False, kw_only=True)
class SunsetTest:
    """Whether every product still earns what it costs to keep.

    Attributes
    ----------
    products : DataFrame
        One row per ``product_id``: ``name``, ``revenue_k``, ``contribution_k`` (revenue less unit costs),
        ``keep_cost_k`` (what stopping would save), ``margin_k``, ``margin_low_k``, ``margin_high_k`` (contribution less
        cost to keep), all of the window; ``cover``, ``cover_low``, ``cover_high`` (contribution over cost to keep; NaN
        where nothing is saved); ``n`` (months with costs); ``before_k`` (margin of the same months a year
        before; NaN where the tables do not hold them all); ``keep_k``, ``keep_low_k``, ``keep_high_k`` (keeping for the
        months ahead at the margin of the window, against stopping now), ``keep_trend_k`` (the same if the change on the
        year before comes again), thousand; ``verdict``; ``reason``.
    period : int
        Last month of the window.
    months, ahead : int
        Length of the window, and months ahead.
    currency : str
        Currency of the money.
    """

    products: pd.DataFrame
    period: int
    months: int
    ahead: int
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product."""
        return self.products.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw every product's contribution beside its cost to keep, and the margin with its interval."""
        from pmlib.plots import life

        return life.sunset_margins(self.products, ax, currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return how many products to end, and what keeping them costs."""
        ended = self.products[self.products["verdict"] == SUNSET]
        saved = money_text(-float(ended["keep_k"].sum()) + 0.0, self.currency)
        return {
            f"{len(ended)} of {len(self.products)}": "products that cost more to keep than they earn",
            saved: f"saved in {counted(self.ahead, 'month')} by ending them",
        }

    def summary(self) -> str:
        """Return the products of each verdict, and the margin of those to end or in doubt."""
        told = []
        for verdict in (SUNSET, UNSURE, UNKNOWN, KEEP):
            rows = self.products[self.products["verdict"] == verdict].to_dict("records")
            if rows:
                told.append(f"{verdict}: {listed([self._name(row) for row in rows])}")
        return (
            f"In the {counted(self.months, 'month')} to {month_name(self.period)}, contribution less cost to keep. "
            f"{'; '.join(told) or 'No products'}."
        )

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<SunsetTest: {self.summary()}>"

    def _name(self, row: dict[Any, Any]) -> str:
        if row["verdict"] in (KEEP, UNKNOWN):
            return str(row["name"])
        low, high = (money_text(row[f"margin_{end}_k"], self.currency) for end in ("low", "high"))
        return f"{row['name']} ({low} to {high})"


def weigh_sunset(
    tables: Tables,
    *,
    period: int | str,
    product_id: str | None = None,
    months: int = 12,
    ahead: int = 12,
    avoidable: float = 1.0,
) -> SunsetTest:
    """Set every product's contribution against what it costs to keep.

    Contribution is revenue less the unit cost of units sold and of running subscriptions. The cost to keep is the part
    of the fixed cost that a stop would save; what is sunk, and what stays after a stop, does not count. The interval is
    that of the months' noise about their straight line, with a memory of 0.4 from month to month at least; where the
    year before is known, the months are taken less its same months, so that season is no noise.

    The verdict is *keep* where the whole interval lies above zero, and *sunset* where it lies below and would still do
    so after another year like the last: a launch that loses less every month is not ended. Else it is *not sure*.

    Parameters
    ----------
    tables : mapping
        ``products``; ``product_costs``; ``orders`` or ``subscriptions`` or both, or the marts of them.
    period : int or str
        Last month of the window.
    product_id : str, optional
        Only this product.
    months : int
        Length of the window; 12 hold every season once.
    ahead : int
        Months for which keeping is weighed against stopping now, at the margin of the window.
    avoidable : float
        Part of the fixed cost that stopping would save, 0-1.

    Raises
    ------
    MissingTableError
        ``products`` or ``product_costs`` is missing, or both orders and subscriptions are.
    ParameterError
        The product is unknown, ``avoidable`` lies outside 0-1, or a number of months is no whole number, 1 or more.

    References
    ----------
    Kotler (1965), Harvard Business Review 43(2) (phasing out weak products).
    """
    last, months, ahead = as_month(period), as_count("months", months), as_count("ahead", ahead)
    if not isinstance(avoidable, Real) or not 0 <= avoidable <= 1:
        raise ParameterError(f"avoidable: got {avoidable!r}, allowed 0-1. Use 1 where a stop saves all fixed cost.")
    monthly = monthly_margins(tables, last=last, avoidable=avoidable)
    window = range(last - months + 1, last + 1)
    rows = [
        {"product_id": product["product_id"], "name": product["name"]}
        | _row(rows_of, window, launch=product["launch_month"], ahead=ahead)
        for product in product_facts(tables, product_id).to_dict("records")
        for rows_of in [monthly[monthly["product_id"] == product["product_id"]]]
    ]
    columns = ["product_id", "name", *_row(monthly.iloc[:0], window, launch=math.nan, ahead=ahead)]
    return SunsetTest(
        products=pd.DataFrame(rows, columns=columns), period=last, months=months, ahead=ahead,
        currency=currency_of(tables),
    )  # fmt: skip


def monthly_margins(tables: Tables, *, last: int, avoidable: float = 1.0) -> pd.DataFrame:
    """Return contribution and cost to keep of every product and month with costs, thousand.

    Columns: ``product_id``, ``month``, ``revenue_k``, ``contribution_k``, ``keep_cost_k``, ``margin_k``.
    """
    costs = small(tables, "product_costs", ["product_id", "month", "unit_cost_eur", "fixed_k"])
    sold = sold_by_month(tables, last=last)
    # A product that never sold a thing is one whose sales are not in the tables, rather than one to end.
    costs = costs[(costs["month"] <= last) & costs["product_id"].isin(sold["product_id"])]
    both = costs.merge(sold, on=["product_id", "month"], how="left")
    both = both.fillna(dict.fromkeys(("units", "revenue_k", "subscribers"), 0.0))
    both["contribution_k"] = both["revenue_k"] - both["unit_cost_eur"] * (both["units"] + both["subscribers"]) / 1_000
    both["keep_cost_k"] = avoidable * both["fixed_k"]
    both["margin_k"] = both["contribution_k"] - both["keep_cost_k"]
    both = both.sort_values(["product_id", "month"], ignore_index=True)
    return both[["product_id", "month", *_SUMS]]


def _row(monthly: pd.DataFrame, window: range, *, launch: float, ahead: int) -> dict[str, Any]:
    """Sum a product's window, put an interval around its margin, and judge it."""
    now = monthly[monthly["month"].isin(window)]
    # A launch within the window, or a product without costs in most of it, cannot be judged.
    n = 0 if launch > window[0] else len(now)
    sums = {name: float(now[name].sum()) if n > 0 else math.nan for name in _SUMS}
    margins = now["margin_k"].to_numpy(dtype=np.float64)
    apart = max(len(window), _YEAR)
    earlier = monthly.set_index("month")["margin_k"].reindex(now["month"] - apart).to_numpy(dtype=np.float64)
    known = n > 0 and bool(np.isfinite(earlier).all()) and not launch > window[0] - apart
    noise = (margins - earlier) / math.sqrt(2) if known else margins
    half = n * mean_noise(noise).half_width if n >= _LEAST_MONTHS else math.nan
    total, before = sums["margin_k"], float(earlier.sum()) if known else math.nan
    scale = ahead / n if n > 0 else math.nan
    cost = sums["keep_cost_k"] or math.nan
    verdict, reason = _verdict(total - half, total + half, trend=2 * total - before)
    return sums | {
        "margin_low_k": total - half,
        "margin_high_k": total + half,
        "cover": 1 + total / cost,
        "cover_low": 1 + (total - half) / cost,
        "cover_high": 1 + (total + half) / cost,
        "n": n,
        "before_k": before,
        "keep_k": scale * total,
        "keep_low_k": scale * (total - half),
        "keep_high_k": scale * (total + half),
        "keep_trend_k": scale * (2 * total - before),
        "verdict": verdict,
        "reason": reason,
    }


def _verdict(low: float, high: float, *, trend: float) -> tuple[str, str]:
    """Judge by the interval of the margin, and by the margin after another year like the last."""
    if math.isnan(low):
        return UNKNOWN, f"needs sales, and {_LEAST_MONTHS} months with costs in a window that begins after its launch"
    if low > 0:
        return KEEP, "it earns more than it costs to keep"
    if high >= 0:
        return UNSURE, "it may earn more or less than it costs to keep"
    if math.isnan(trend):
        return UNSURE, "it loses, and without the year before nobody can tell whether it is on its way up"
    if trend >= 0:
        return UNSURE, "it loses, and another year like the last would put that right"
    return SUNSET, "it loses, and would after another year like the last"
