"""Who stays: cohorts of customers by their first month, and how many are active n months later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Lazy, Tables, known_product, lazy, month_of_date
from pmlib.product.estimate import Estimate
from pmlib.product.loyalty.contracts import refuse_unknown
from pmlib.product.marts import MartTables, customer_months
from pmlib.product.satisfaction import share_estimate
from pmlib.product.wording import counted, percent, percents_between

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AGES = (1, 6, 12)
_ALL = ""


class Activity(StrEnum):
    """What makes a customer active in a month."""

    SUBSCRIPTIONS = "subscriptions"
    ORDERS = "orders"


class Retention(StrEnum):
    """What counts as kept at an age."""

    BOUNDED = "bounded"
    ROLLING = "rolling"


@dataclass(frozen=True, eq=False, kw_only=True)
class CohortTriangle:
    """Of the customers who came in one month, how many are active n months later.

    Bounded retention counts who is active in exactly that month, whatever happened before or after; rolling retention
    who is active in that month or any later one. Rolling retention is right-censored: who pauses in the last months
    and will come back after the period counts as gone, so that its last ages read too low.

    Attributes
    ----------
    triangle : DataFrame of shape (n_cohorts, n_ages)
        Share 0-1 by first month (index, integer) and age in months (columns); NaN where not yet observed, never 0.
    sizes : Series of shape (n_cohorts,)
        Customers in each cohort.
    period : int
        Last month observed.
    activity : Activity
        Whether active means subscribed or ordered.
    product_id : str
        The product; empty: all products together.
    kind : Retention
        Bounded or rolling.
    """

    triangle: pd.DataFrame
    sizes: pd.Series
    period: int
    activity: Activity
    product_id: str = _ALL
    kind: Retention = Retention.BOUNDED

    def to_frame(self) -> pd.DataFrame:
        """Return one row per cohort: ``cohort``, ``n``, then one column per age, named ``"0"``, ``"1"``, ..."""
        sizes, ages = self.sizes.rename("n").reset_index(), self.triangle.rename(columns=str).reset_index(drop=True)
        return pd.concat([sizes, ages], axis="columns")

    def pooled(self) -> pd.DataFrame:
        """Return one row per age over the cohorts observed at it: ``age``, value, low, high, n, n_missing, unit.

        ``n_missing`` counts the customers too young to be observed at that age.
        """
        rows = [{"age": age} | self.retention(int(age)).to_frame().iloc[0].to_dict() for age in self.triangle.columns]
        return pd.DataFrame(rows)

    def retention(self, age: int, *, first: int | None = None, last: int | None = None) -> Estimate:
        """Share of customers active ``age`` months after their first, over the cohorts observed then.

        Parameters
        ----------
        age : int
            Months since the first month.
        first, last : int, optional
            Limits on the cohorts' first months; all by default.
        """
        chosen = self.sizes.index.to_numpy()
        inside = (chosen >= (first or 0)) & (chosen <= (self.period if last is None else last))
        seen = inside & (chosen <= self.period - age)
        n, unseen = int(self.sizes[seen].sum()), int(self.sizes[inside & ~seen].sum())
        if n == 0:
            return Estimate.unmeasured(unit="share", n_missing=unseen)
        active = round(float((self.triangle.loc[seen, age] * self.sizes[seen]).sum()))
        return share_estimate(active, n, n_missing=unseen)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the triangle as a heat map, hatched where not yet observed."""
        from pmlib.plots import product

        return product.cohorts(self.to_frame(), ax)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        figures = {f"{int(self.sizes.sum()):,}": "customers followed"}
        for age in _AGES:
            estimate = self.retention(age)
            if estimate.n > 0:
                # Two ages may keep the same share: one figure then says both.
                said = figures.get(percent(estimate.value))
                later = " or later" if self.kind is Retention.ROLLING else ""
                when = f"active after {counted(age, 'month')}{later}"
                figures[percent(estimate.value)] = when if said is None else f"{said} and {when}"
        return figures

    def summary(self) -> str:
        """Return pooled retention at months 1, 6 and 12, each with its interval and n."""
        if self.sizes.empty:
            return f"No {self.activity} to {month_name(self.period)}."
        said = [(age, self.retention(age)) for age in _AGES]
        parts = [
            f"{percent(one.value)} ({percents_between(one.low, one.high)}, n = {one.n:,}) after "
            f"{counted(age, 'month')}"
            for age, one in said
            if one.n > 0
        ]
        kept = "; ".join(parts) if parts else "none old enough to say who stays"
        whom = counted(int(self.sizes.sum()), "customer")
        if self.kind is Retention.ROLLING:
            return (
                f"Of {whom} in {counted(len(self.sizes), 'cohort')}, active then or later: {kept}. Who pauses now and "
                f"comes back after {month_name(self.period)} counts as gone."
            )
        return f"Of {whom} in {counted(len(self.sizes), 'cohort')}, active: {kept}."

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<CohortTriangle {self.product_id or 'all products'} by {self.activity}: {self.summary()}>"


def cohort_triangle(
    tables: Tables,
    *,
    period: int | str,
    product_id: str | None = None,
    activity: Activity | str | None = None,
    retention: Retention | str = Retention.BOUNDED,
) -> CohortTriangle:
    """Follow every month's new customers and count who is active n months later.

    Parameters
    ----------
    tables : mapping
        ``subscriptions`` or ``orders``: Ibis tables of any engine, or frames.
    period : int or str
        Last month observed, ``YYYY-MM`` or year * 12 + month.
    product_id : str, optional
        Customers' first month and activity in this product; over all products by default.
    activity : Activity, optional
        ``subscriptions`` (active while one covers the month) or ``orders`` (active when they ordered). By default
        subscriptions where there are any for the product.
    retention : Retention
        ``bounded`` (active in that month) or ``rolling`` (in that month or later, as far as observed).

    Raises
    ------
    MissingTableError
        The table of that activity is missing.
    ParameterError
        The activity, the retention or the product is unknown.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["a", "b"], "product_id": "A", "start_month": [24310, 24310],
    ...                      "end_month": [24310.0, None], "monthly_eur": 9.0})
    >>> cohort_triangle({"subscriptions": rows}, period=24312).retention(1).value
    0.5
    """
    last = as_month(period)
    refuse_unknown("retention", retention, [str(one) for one in Retention])
    kind, count = _activity(tables, activity), rolling_counts if retention == Retention.ROLLING else active_counts
    known_product(product_id, tables, seen=lambda: _products(tables, kind))
    counts = count(tables, last=last, activity=kind, product_id=product_id)
    if activity is None and counts.empty and kind is Activity.SUBSCRIPTIONS and tables.get("orders") is not None:
        kind = Activity.ORDERS
        counts = count(tables, last=last, activity=kind, product_id=product_id)
    triangle = triangle_of(counts, last=last, activity=kind, product_id=product_id or _ALL)
    return replace(triangle, kind=Retention(retention))


def active_counts(
    tables: Tables, *, last: int, activity: Activity, product_id: str | None = None, by_product: bool = False
) -> pd.DataFrame:
    """Count distinct active customers by product, cohort and age in the engine.

    Returns ``product_id`` (empty unless ``by_product``), ``cohort``, ``age`` and ``active``.
    """
    rows = _followed(tables, last, activity, product_id=product_id, by_product=by_product)
    return _counted(rows, ["product_id", "cohort", "age"] if by_product else ["cohort", "age"])


def rolling_counts(
    tables: Tables, *, last: int, activity: Activity, product_id: str | None = None
) -> pd.DataFrame:
    """Count customers active at an age or later, by cohort and age, in the engine.

    Returns the columns of `active_counts`, without ages at which nobody is left.
    """
    followed = _followed(tables, last, activity, product_id=product_id, by_product=False)
    final = followed.group_by("cohort", "customer_id").agg(age=followed.age.max())
    ends = _counted(final, ["cohort", "age"])
    wide = ends.pivot(index=["product_id", "cohort"], columns="age", values="active").fillna(0)
    wide = wide.reindex(columns=pd.RangeIndex(int(ends["age"].max()) + 1 if len(ends) else 0, name="age"), fill_value=0)
    left = wide.iloc[:, ::-1].cumsum(axis=1).reset_index().melt(["product_id", "cohort"], value_name="active")
    return _typed(left[left["active"] > 0].sort_values(["product_id", "cohort", "age"], ignore_index=True))


def _counted(rows: Lazy, keys: list[str]) -> pd.DataFrame:
    counts: pd.DataFrame = rows.group_by(keys).agg(active=rows.count()).order_by(keys).to_pandas()
    return _typed(counts if "product_id" in counts else counts.assign(product_id=_ALL))


def _typed(counts: pd.DataFrame) -> pd.DataFrame:
    kinds = {"product_id": "str", "cohort": "int64", "age": "int64", "active": "int64"}
    return counts[list(kinds)].astype(kinds)


def _followed(tables: Tables, last: int, activity: Activity, *, product_id: str | None, by_product: bool) -> Lazy:
    """One row for every (product,) customer and month of activity, with the customer's cohort and age."""
    rows = _active(tables, last, activity, product_id=product_id, by_product=by_product)
    who = ["product_id", "customer_id"] if by_product else ["customer_id"]
    followed = rows.join(rows.group_by(who).agg(cohort=rows.month.min()), who)
    return followed.mutate(age=followed.month - followed.cohort)


def _active(tables: Tables, last: int, activity: Activity, *, product_id: str | None, by_product: bool) -> Lazy:
    """Rows (product, customer, month), each once, so that counting rows counts customers."""
    total = product_id is None and not by_product
    if total and isinstance(tables, MartTables) and last <= tables.period:
        rows = customer_months(tables, last=last)
        active = rows.subscriptions > 0 if activity is Activity.SUBSCRIPTIONS else rows.order_lines > 0
        return rows.filter(active).select("customer_id", "month")
    rows = _subscribed(tables, last) if activity is Activity.SUBSCRIPTIONS else _ordered(tables, last)
    if product_id is not None:
        rows = rows.filter(rows.product_id == product_id)
    return (rows if by_product else rows.drop("product_id")).distinct()


def triangle_of(counts: pd.DataFrame, *, last: int, activity: Activity, product_id: str = _ALL) -> CohortTriangle:
    """Lay counts of one product out as a triangle of shares."""
    active = counts.pivot(index="cohort", columns="age", values="active")
    ages = pd.RangeIndex(last - int(active.index.min()) + 1 if len(active) else 1, name="age")
    active = active.reindex(columns=ages)
    cohorts = active.index.to_numpy(dtype=np.int64)
    observed = cohorts[:, None] + ages.to_numpy()[None, :] <= last
    sizes = active[0].fillna(0).astype("int64").rename("n")
    # Within the observed part an absent count is a true 0; outside it nothing is known.
    shares = active.fillna(0).div(sizes, axis="index").where(observed)
    return CohortTriangle(triangle=shares, sizes=sizes, period=last, activity=activity, product_id=product_id)


def _activity(tables: Tables, activity: Activity | str | None) -> Activity:
    if activity is not None:
        allowed = [str(one) for one in Activity]
        if activity not in allowed:
            raise ParameterError(f"activity: got '{activity}', allowed {' or '.join(allowed)}. Leave it out to choose.")
        return Activity(activity)
    present = [one for one in Activity if tables.get(one) is not None]
    if not present:
        raise MissingTableError(
            "cohorts: tables 'subscriptions' and 'orders' are both missing. Add one of them to the workbook."
        )
    return present[0]


def _products(tables: Tables, activity: Activity) -> list[str]:
    """Products of the rows of an activity, and of orders, which stand in where a product has no subscriptions."""
    names = [one for one in {activity, Activity.ORDERS} if tables.get(one) is not None]
    return [one for name in names
            for one in lazy(tables, name, ["product_id"]).distinct().to_pandas()["product_id"]]  # fmt: skip


def _subscribed(tables: Tables, last: int) -> Lazy:
    """Rows (product, customer, month) of every month a subscription covers."""
    rows = lazy(tables, "subscriptions", ["product_id", "customer_id", "start_month", "end_month"])
    rows = rows.mutate(start_month=rows.start_month.cast("int64"), end_month=rows.end_month.cast("int64"))
    rows = rows.filter(rows.start_month <= last)
    earliest = rows.start_month.min().to_pandas()
    import ibis

    begin = last if pd.isna(earliest) else int(earliest)
    calendar = ibis.memtable(pd.DataFrame({"month": np.arange(begin, last + 1)}))
    covered = [rows.start_month <= calendar.month, rows.end_month.fill_null(last) >= calendar.month]
    return rows.join(calendar, covered).select("product_id", "customer_id", "month")


def _ordered(tables: Tables, last: int) -> Lazy:
    """Rows (product, customer, month) of every month with an order; returned goods are no activity."""
    rows = lazy(tables, "orders", ["product_id", "customer_id", "date", "units"])
    rows = rows.filter(rows.units > 0).mutate(month=month_of_date(rows.date))
    return rows.filter(rows.month <= last).select("product_id", "customer_id", "month")
