"""How many of our customers will come back, and how often, where nobody signs a contract."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from pmlib.errors import ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count
from pmlib.product.estimate import Estimate
from pmlib.product.loyalty.buying import BuyingModel, expected_purchases, fit_buying, returning, times
from pmlib.product.loyalty.likelihood import log_interval
from pmlib.product.loyalty.purchases import earlier_customers, last_day, purchase_histories
from pmlib.product.wording import counted, percent, percents_between

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Fewest customers with a repeat purchase before anything is forecast.
LEAST_REPEAT = 30
_WEEK = 7.0


@dataclass(frozen=True, eq=False, kw_only=True)
class RepeatBuying:
    """Who is still a customer, and how often they will buy until the horizon.

    Attributes
    ----------
    histories : DataFrame
        ``repeats``, ``recency_days``, ``age_days``, ``n`` (customers), ``alive`` (chance of still being a customer; 1
        by the model's making for those who never came back), ``returning`` (chance of buying until the horizon),
        ``expected`` (purchases of one such customer until the horizon).
    model : BuyingModel or None
        None with fewer than 30 repeat buyers.
    purchases : Estimate
        Purchases of all followed customers until the horizon; 95 % for the parameters.
    returning : Estimate
        Share of followed customers who will buy at least once until the horizon.
    left_out : int
        Customers who came before the orders begin; they are not followed.
    period, horizon_months : int
        Last month observed, and months forecast.
    """

    histories: pd.DataFrame
    model: BuyingModel | None
    purchases: Estimate
    returning: Estimate
    left_out: int
    period: int
    horizon_months: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per kind of history."""
        return self.histories.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the chance of return by purchases and time since the last one."""
        from pmlib.plots import loyalty

        return loyalty.chance_of_return(self.histories, ax)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.model is None:
            return {"–": "too few repeat buyers to forecast"}
        return {
            f"{self.purchases.value:,.0f}": f"purchases expected in {counted(self.horizon_months, 'month')}",
            percent(self.returning.value): f"of {self.model.n:,} customers will buy again by then",
        }

    def summary(self) -> str:
        """Return the expected purchases and the share alive with intervals, or what is missing."""
        whom = counted(self.left_out, "customer")
        out = f" {whom} who came before the orders begin are left out." if self.left_out else ""
        if self.model is None:
            repeat = int(self.histories["n"][self.histories["repeats"] > 0].sum())
            return (
                f"Not enough data to {month_name(self.period)}: {counted(repeat, 'customer')} bought again, "
                f"{LEAST_REPEAT} are needed.{out}"
            )
        return (
            f"{self.model.n:,} customers will make {self.purchases.value:,.0f} purchases in "
            f"{counted(self.horizon_months, 'month')} (between {self.purchases.low:,.0f} and "
            f"{self.purchases.high:,.0f}). {percent(self.returning.value)} of them will be back by then "
            f"({percents_between(self.returning.low, self.returning.high)}); {self.model.n_repeat:,} came back so far."
            f"{out}"
        )

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<RepeatBuying to {month_name(self.period)}: {self.summary()}>"


def repeat_buying(
    tables: Tables,
    *,
    period: int | str,
    product_id: str | None = None,
    horizon_months: int = 12,
    days_per_unit: float = _WEEK,
) -> RepeatBuying:
    """Forecast the purchases of customers who may leave without a word (BG/NBD).

    Parameters
    ----------
    tables : mapping
        ``orders``; ``customers`` with ``first_month`` tells whose first purchase the orders hold.
    period : int or str
        Last month observed, ``YYYY-MM`` or year * 12 + month.
    product_id : str, optional
        Purchases of one product; all together by default.
    horizon_months : int
        Months to forecast.
    days_per_unit : float
        Days of the unit of time of the model's ``alpha``, 7 for weeks.

    Raises
    ------
    MissingTableError
        There are no orders.
    ParameterError
        The product is unknown, or an option is no number above 0.

    References
    ----------
    Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2).
    """
    last, horizon = as_month(period), as_count("horizon_months", horizon_months)
    if not isinstance(days_per_unit, Real) or not 0 < days_per_unit < math.inf:
        raise ParameterError(f"days_per_unit: got {days_per_unit!r}, allowed days above 0. Use 7 for weeks.")
    histories = purchase_histories(tables, last=last, product_id=product_id).drop(columns=["group", "repeat_e4"])
    left_out = earlier_customers(tables, last=last, product_id=product_id)
    model = fitted(histories, days_per_unit=days_per_unit)
    days = last_day(last + horizon) - last_day(last)
    return RepeatBuying(
        histories=_with_forecast(histories, model, days), model=model, purchases=_purchases(histories, model, days),
        returning=_returning(histories, model, days), left_out=left_out, period=last, horizon_months=horizon,
    )  # fmt: skip


def fitted(histories: pd.DataFrame, *, days_per_unit: float = _WEEK) -> BuyingModel | None:
    """Fit the model, or say by None that fewer than 30 customers bought again."""
    repeat = int(histories["n"][histories["repeats"] > 0].sum())
    return fit_buying(histories, days_per_unit=days_per_unit) if repeat >= LEAST_REPEAT else None


def _with_forecast(histories: pd.DataFrame, model: BuyingModel | None, days: int) -> pd.DataFrame:
    if model is None:
        return histories.assign(alive=np.nan, returning=np.nan, expected=np.nan)
    return histories.assign(
        alive=model.alive(histories), returning=model.returning(histories, days=days),
        expected=model.expected(histories, days=days),
    )  # fmt: skip


def _purchases(histories: pd.DataFrame, model: BuyingModel | None, days: int) -> Estimate:
    if model is None:
        return Estimate.unmeasured(unit="purchases")
    data, n = times(histories, model.days_per_unit), histories["n"].to_numpy(dtype=float)
    horizon = days / model.days_per_unit
    value, low, high = log_interval(
        lambda logs: float(expected_purchases(logs, data, horizon) @ n), model.logs, model.covariance
    )
    return Estimate(value=value, low=low, high=high, n=model.n, n_missing=0, unit="purchases")


def _returning(histories: pd.DataFrame, model: BuyingModel | None, days: int) -> Estimate:
    if model is None:
        return Estimate.unmeasured(unit="share")
    days_per_unit = model.days_per_unit
    data, share = times(histories, days_per_unit), histories["n"].to_numpy(dtype=float) / model.n

    def odds(logs: np.ndarray) -> float:
        chance = float(returning(logs, data, days / days_per_unit) @ share)
        return chance / max(1 - chance, 1e-12)

    value, low, high = (float(special.expit(np.log(one))) for one in log_interval(odds, model.logs, model.covariance))
    return Estimate(value=value, low=low, high=high, n=model.n, n_missing=0, unit="share")
