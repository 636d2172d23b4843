"""The stage of every product's life, from its months since launch, its change of revenue, and Bass's curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.change import Change, relative_change
from pmlib.product.engine import Tables, as_count
from pmlib.product.standing.bass import BassFit, Floats, fit_bass, peak_time
from pmlib.product.standing.diffusion import since_launch, untold
from pmlib.product.standing.sold import product_facts, sold_by_month
from pmlib.product.wording import counted, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: In the order of a life.
STAGES = ("introduction", "growth", "maturity", "decline")
_UNKNOWN = "not enough data"
_YEAR = 12


@dataclass(frozen=True, eq=False, kw_only=True)
class LifeCycle:
    """The stage of every product's life.

    Attributes
    ----------
    products : DataFrame
        One row per ``product_id``: ``name``, ``stage``, ``age`` (months since launch, the month of launch is 1; NaN
        where unknown), ``change``, ``change_low``, ``change_high`` (of revenue on the window before, 0.1 is 10 %),
        ``peak``, ``peak_low``, ``peak_high`` (months after launch, by Bass's curve; NaN where it cannot be fitted),
        ``reason``.
    period : int
        Last month of the window.
    months : int
        Length of the window.
    steady : float
        Change up to which a product counts as steady, 0.03 is 3 %.
    """

    products: pd.DataFrame
    period: int
    months: int
    steady: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product."""
        return self.products.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw every product's change with its interval, and its stage."""
        from pmlib.plots import life

        return life.life_cycle(self.products, ax, steady=self.steady)

    def headline(self) -> dict[str, str]:
        """Return how many products are in a stage for sure."""
        sure = int(self.products["stage"].isin(STAGES).sum())
        return {f"{sure} of {len(self.products)}": "products whose stage the data tell"}

    def summary(self) -> str:
        """Return the products of each stage, in the order of a life."""
        groups = self.products.groupby("stage")["name"].apply(list)
        order = [*STAGES, *sorted(set(groups.index) - {*STAGES, _UNKNOWN}), _UNKNOWN]
        told = [f"{stage}: {listed(groups[stage])}" for stage in order if stage in groups.index]
        return (
            f"Stages in {month_name(self.period)} (steady: within {100 * self.steady:.0f} % in a year of sales): "
            f"{'; '.join(told)}."
        )

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<LifeCycle: {self.summary()}>"


def stage_products(
    tables: Tables,
    *,
    period: int | str,
    product_id: str | None = None,
    months: int = 12,
    steady: float = 0.03,
) -> LifeCycle:
    """Name the stage of every product's life, with the figures behind it.

    The rule: in its first 12 months a product is in *introduction*. After that its revenue of the window is set against
    the same months before (`relative_change`): *growth* where the whole interval lies above ``steady``, *decline* where
    it lies below ``-steady``, *maturity* where it lies between; else between those it touches. A product that grows is
    still in introduction while every possible curve of Bass has its first bend (sales rise fastest) ahead.

    Parameters
    ----------
    tables : mapping
        ``products`` (launch_month); ``orders`` or ``subscriptions`` or both, or the marts of them.
    period : int or str
        Last month of the window.
    product_id : str, optional
        Only this product.
    months : int
        Length of the window; the earlier one lies a year before, or a window where that is longer.
    steady : float
        Change up to which a product counts as steady, 0 to 1; about what prices alone do in a year.

    Raises
    ------
    MissingTableError
        ``products`` is missing, or both orders and subscriptions are.
    ParameterError
        The product is unknown, ``steady`` lies outside 0-1, or ``months`` is no whole number, 1 or more.

    References
    ----------
    Polli & Cook (1969), Journal of Business 42(4) (stages by the change of sales). Mahajan, Muller & Srivastava (1990),
    Journal of Marketing Research 27(1) (bends of Bass's curve).
    """
    last, months = as_month(period), as_count("months", months)
    if not isinstance(steady, Real) or not 0 <= steady < 1:
        raise ParameterError(f"steady: got {steady!r}, allowed 0 up to 1. Use 0.03 for 3 % a year.")
    products = product_facts(tables, product_id)
    sold = sold_by_month(tables, last=last)
    rows = [
        _row(product, sold[sold["product_id"] == product["product_id"]], last=last, months=months, steady=steady)
        for product in products.to_dict("records")
    ]
    columns = ["product_id", "name", "stage", "age", "change", "change_low", "change_high", "peak", "peak_low",
               "peak_high", "reason"]  # fmt: skip
    return LifeCycle(products=pd.DataFrame(rows, columns=columns), period=last, months=months, steady=steady)


def bend_time(p: Floats, q: Floats) -> Floats:
    """Time at which sales rise fastest, in periods after launch: ln(2 + sqrt 3) / (p + q) before the peak, 0 at least.

    Examples
    --------
    >>> round(float(bend_time(np.array(0.004), np.array(0.13))), 2)
    16.15
    """
    return np.maximum(0.0, peak_time(p, q) - math.log(2 + math.sqrt(3)) / (p + q))


def stage_of(change: Change, *, age: float, steady: float, first_bend: float = math.nan) -> str:
    """Name the stage by the rule of `stage_products`.

    Parameters
    ----------
    change : Change
        Of revenue, on the window before.
    age : float
        Months since launch, NaN where unknown.
    steady : float
        Change up to which a product counts as steady, 0.03 is 3 %.
    first_bend : float
        Earliest time at which sales may rise fastest, months after launch; NaN where no curve was fitted.

    Examples
    --------
    >>> stage_of(Change(change=0.02, low=-0.01, high=0.04, p=0.2, n_before=12, n_after=12), age=60, steady=0.05)
    'maturity'
    """
    if age <= _YEAR:
        return STAGES[0]
    if math.isnan(change.low):
        return _UNKNOWN
    touched = [
        stage
        for stage, here in (
            (STAGES[3], change.low < -steady),
            (STAGES[2], change.low <= steady and change.high >= -steady),
            (STAGES[1], change.high > steady),
        )
        if here
    ]
    if touched == [STAGES[1]] and age < first_bend:
        return STAGES[0]
    return touched[0] if len(touched) == 1 else f"between {touched[0]} and {touched[-1]}"


def _row(product: dict[Any, Any], sold: pd.DataFrame, *, last: int, months: int, steady: float) -> dict[str, Any]:
    launch = float(product["launch_month"])
    age = last - launch + 1
    change = _change(sold, launch=launch, last=last, months=months)
    fit = None
    if not untold(sold, launch=launch, last=last):
        fit = fit_bass(since_launch(sold, launch=int(launch), last=last))
    peak = (math.nan,) * 3 if fit is None else (fit.peak, *fit.peak_interval())
    first_bend = math.nan if fit is None else fit.interval(bend_time)[0]
    unsold = age < 1 or sold.empty
    return {
        "product_id": product["product_id"],
        "name": product["name"],
        "stage": _UNKNOWN if unsold else stage_of(change, age=age, steady=steady, first_bend=first_bend),
        "age": age,
        "change": change.change,
        "change_low": change.low,
        "change_high": change.high,
        "peak": peak[0],
        "peak_low": peak[1],
        "peak_high": peak[2],
        "reason": _reason(change, age=age, fit=fit, months=months),
    }


def _change(sold: pd.DataFrame, *, launch: float, last: int, months: int) -> Change:
    """Change of revenue between the window and the one before, where both are whole."""
    apart = max(months, _YEAR)
    first = last - months - apart + 1
    if sold.empty or max(sold["month"].min(), launch if launch <= last else first) > first:
        return Change.unmeasured()
    by_month = sold.set_index("month")
    window = np.arange(last - months + 1, last + 1)
    after, before = (by_month.loc[window - back, "revenue_k"].to_numpy(dtype=np.float64) for back in (0, apart))
    # What subscriptions carry over is told apart only where one window follows the other at once.
    carried = by_month.loc[first:, "recurring_k"].to_numpy(dtype=np.float64) if apart == months else None
    return relative_change(after, before, carried=carried)


def _reason(change: Change, *, age: float, fit: BassFit | None, months: int) -> str:
    """Write the figures that the rule looked at."""
    told = ["launch month unknown" if math.isnan(age) else f"{counted(max(0, int(age)), 'month')} since launch"]
    if math.isnan(change.low):
        told.append(f"no two windows of {counted(months, 'month')} to compare")
    else:
        told.append(f"revenue {100 * change.change:+.0f} % ({100 * change.low:+.0f} to {100 * change.high:+.0f} %)")
    if fit is not None:
        low, high = fit.peak_interval()
        told.append(f"peak {low:.0f} months after launch or later" if math.isinf(high) else
                    f"peak {low:.0f} to {high:.0f} months after launch")  # fmt: skip
    return ", ".join(told)
