"""Is the forecast of repeat purchases any good? Fitted to an earlier month, followed to the period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables
from pmlib.product.loyalty.buying import BuyingModel
from pmlib.product.loyalty.purchases import last_day, purchase_histories, repeat_days
from pmlib.product.loyalty.repeat_buying import LEAST_REPEAT, fitted
from pmlib.product.marts import product_months
from pmlib.product.wording import signed_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WEEK = 7


@dataclass(frozen=True, eq=False, kw_only=True)
class PurchaseTracking:
    """Expected and actual repeat purchases of the customers known when the model was fitted, week by week.

    Attributes
    ----------
    weeks : DataFrame
        ``week`` (1 begins with the first purchase of all), ``expected``, ``actual`` (repeat purchases so far),
        ``fitted`` (whether the model saw the week); NaN expected with too few repeat buyers.
    model : BuyingModel or None
        Fitted to the months up to ``fitted_to``; None with fewer than 30 repeat buyers.
    fitted_to, period : int
        Last month the model saw, and last month observed.
    """

    weeks: pd.DataFrame
    model: BuyingModel | None
    fitted_to: int
    period: int

    @property
    def error(self) -> float:
        """Expected over actual purchases after the fit, less 1; NaN where nothing was bought."""
        ahead, total = self._ahead(), self.weeks.tail(1)
        if ahead.empty or self.model is None:
            return float("nan")
        actual, expected = (float((total[name] - ahead[name].iloc[0]).iloc[0]) for name in ("actual", "expected"))
        return expected / actual - 1 if actual > 0 else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per week."""
        return self.weeks.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw expected and actual cumulative repeat purchases."""
        from pmlib.plots import loyalty

        return loyalty.tracking(self.weeks, ax)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.model is None:
            return {"–": "too few repeat buyers to forecast"}
        return {signed_percent(self.error): f"forecast against actual purchases since {month_name(self.fitted_to)}"}

    def summary(self) -> str:
        """Return what was forecast and what came, or what is missing."""
        if self.model is None:
            return (
                f"Not enough data to {month_name(self.fitted_to)}: {LEAST_REPEAT} repeat buyers are needed before "
                "purchases can be forecast."
            )
        ahead, total = self._ahead().iloc[0], self.weeks.iloc[-1]
        return (
            f"Fitted to {month_name(self.fitted_to)}, the model expected {total['expected'] - ahead['expected']:,.0f} "
            f"repeat purchases by {month_name(self.period)}; {total['actual'] - ahead['actual']:,.0f} came "
            f"({signed_percent(self.error)})."
        )

    def _ahead(self) -> pd.DataFrame:
        """From the last week the model saw."""
        return self.weeks.iloc[max(int(self.weeks["fitted"].sum()) - 1, 0) :]

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<PurchaseTracking: {self.summary()}>"


def track_purchases(
    tables: Tables, *, period: int | str, fitted_to: int | str | None = None, product_id: str | None = None
) -> PurchaseTracking:
    """Fit the BG/NBD model to the months up to one, and compare its forecast with what came.

    Parameters
    ----------
    tables : mapping
        ``orders``; ``customers`` with ``first_month`` tells whose first purchase the orders hold.
    period : int or str
        Last month observed, ``YYYY-MM`` or year * 12 + month.
    fitted_to : int or str, optional
        Last month the model sees, before the period; by default a year before it, or half of a history of less than
        two years. Customers who came later are not followed.
    product_id : str, optional
        Purchases of one product; all together by default.

    Raises
    ------
    MissingTableError
        There are no orders.
    ParameterError
        The product is unknown, or ``fitted_to`` is not before the period.

    References
    ----------
    Fader, Hardie and Lee (2005), Marketing Science 24(2), figure 2.
    """
    last = as_month(period)
    known = _year_before(tables, last, product_id) if fitted_to is None else as_month(fitted_to)
    if known >= last:
        raise ParameterError(
            f"fitted_to: got {month_name(known)}, allowed a month before the period. "
            f"Use {month_name(last - 1)} or earlier."
        )
    model = fitted(purchase_histories(tables, last=known, product_id=product_id))
    days = repeat_days(tables, last=last, first_to=last_day(known), product_id=product_id)
    return PurchaseTracking(weeks=_weeks(days, model, known=last_day(known), last=last_day(last)), model=model,
                            fitted_to=known, period=last)  # fmt: skip


def _year_before(tables: Tables, last: int, product_id: str | None) -> int:
    rows = product_months(tables, last=last)
    rows = rows.filter(rows.order_lines > 0)
    rows = rows if product_id is None else rows.filter(rows.product_id == product_id)
    first = rows.month.min().to_pandas()
    months = 2 if pd.isna(first) else max(2, last - int(first) + 1)
    return last - min(12, months // 2)


def _weeks(days: pd.DataFrame, model: BuyingModel | None, *, known: int, last: int) -> pd.DataFrame:
    start = int(days["day"].min()) if len(days) else last
    # Whole weeks from the first purchase of all; the last day of the fit and of the period end one each.
    ends = np.unique(np.append(np.arange(start + _WEEK - 1, last, _WEEK), [min(known, last), last]))
    first, later = days[days["first"]], days[~days["first"]].set_index("day")["n"]
    actual = np.concatenate([[0], later.cumsum()])[np.searchsorted(later.index.to_numpy(), ends, side="right")]
    expected = np.full(len(ends), np.nan)
    if model is not None:
        since = np.maximum(ends[:, None] - first["day"].to_numpy()[None, :], 0)
        expected = model.expected_of_new(since) @ first["n"].to_numpy(dtype=float)
    return pd.DataFrame({"week": (ends - start + 1) / _WEEK, "expected": expected, "actual": actual.astype("int64"),
                         "fitted": ends <= known})  # fmt: skip
