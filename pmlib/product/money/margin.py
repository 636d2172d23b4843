"""What is left after cost, from launch to today: contribution by month, cumulated, and when it broke even."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import CheckError, ParameterError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count, currency_of, known_product, named, small
from pmlib.product.marts import product_months
from pmlib.product.revenue import monthly_revenue
from pmlib.product.rows import subscription_spans
from pmlib.product.wording import counted, listed, money_text, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, kw_only=True)
class ProductMargin:
    """What each product left after its costs over its life, as far as the tables tell.

    Attributes
    ----------
    months : DataFrame
        ``product_id``, ``name``, ``month``, ``units`` (sold less returned), ``subscriptions`` (running),
        ``revenue_k``, ``variable_k``, ``fixed_k``, ``contribution_k``, ``cumulated_k`` (thousand); costs and
        contribution are NaN in a month without costs, and cumulated from there on.
    lives : DataFrame
        One row per product: ``product_id``, ``name``, ``launch_month`` (NaN unknown), ``from_month`` and ``to_month``
        counted, ``missing`` (months without costs), ``whole_life`` (counted since the launch, no costs missing),
        ``invested_k``, ``revenue_k``, ``costed_revenue_k`` (of months with costs), ``contribution_k`` and ``margin``
        (of those months; share of revenue), ``recent_margin`` (last ``window`` months), ``cumulated_k`` (less the
        investment; NaN where costs are missing), ``break_even_month``.
    total_k : float
        Revenue of all rows of these products, counted from the rows, thousand.
    period : int
        Last month counted.
    window : int
        Months of the recent margin.
    currency : str
        Currency of the money.
    """

    months: pd.DataFrame
    lives: pd.DataFrame
    total_k: float
    period: int
    window: int
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product."""
        return self.lives.copy(deep=False)

    def by_month(self) -> pd.DataFrame:
        """Return one row per product and month."""
        return self.months.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw cumulated contribution, one line per product, with the month it broke even."""
        from pmlib.plots import revenue

        return revenue.cumulated_contribution(self.months, ax, lives=self.lives, currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        known = self.lives.dropna(subset=["contribution_k"])
        if known.empty:
            return {"–": "no month has both revenue and costs"}
        left, earned = known["contribution_k"].sum(), known["costed_revenue_k"].sum()
        broke_even = int(known["break_even_month"].notna().sum())
        return {
            money_text(left, self.currency): f"left after cost to {month_name(self.period)}",
            percent(left / earned if earned > 0 else np.nan): "of revenue",
            f"{broke_even} of {int(known['whole_life'].sum())}": "products known since launch broke even",
        }

    def summary(self) -> str:
        """Return what is left, who broke even, and where costs or years are missing."""
        known = self.lives.dropna(subset=["contribution_k"])
        if known.empty:
            return f"No product has both revenue and costs in any month to {month_name(self.period)}."
        best = known.sort_values("contribution_k", kind="stable").to_dict("records")[-1]
        most = f"{money_text(best['contribution_k'], self.currency)} ({percent(best['margin'])} of its revenue)"
        said = [f"{best['name']} left {most} after cost to {month_name(self.period)}."]
        if len(known) > 1:
            left = money_text(known["contribution_k"].sum(), self.currency)
            who = f"{counted(len(known), 'product')} left {left} after cost to {month_name(self.period)}"
            said = [f"{who}; {best['name']} the most, {most}."]
        even = known.dropna(subset=["break_even_month"]).to_dict("records")
        if even:
            dates = [f"{row['name']} in {month_name(int(row['break_even_month']))}" for row in even]
            said.append(f"Break-even: {listed(dates)}.")
        return " ".join([*said, *self._gaps()])

    def check(self) -> str:
        """Compare the revenue that contributions start from with the revenue counted from the rows, to the cent.

        Raises
        ------
        CheckError
            They differ.
        """
        gap = (float(self.months["revenue_k"].sum()) - self.total_k) * 1_000
        if abs(gap) > max(0.005, 1e-12 * abs(self.total_k) * 1_000):
            raise CheckError(
                f"margin: its revenue differs from the total of {self.total_k:,.2f} k by {gap:,.2f} {self.currency}, "
                "allowed 0. Build the marts again: they are older than the rows."
            )
        return f"Contributions start from the revenue of {money_text(self.total_k, self.currency)} to the cent."

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<ProductMargin: {'; '.join(f'{words} {figure}' for figure, words in self.headline().items())}>"

    def _gaps(self) -> list[str]:
        """Say which lives are not known whole, and why."""
        lives = self.lives
        said = []
        missing = lives[lives["missing"] > 0].to_dict("records")
        if missing:
            rows = [f"{row['name']} ({counted(int(row['missing']), 'month')})" for row in missing]
            said.append(f"Costs are missing for {listed(rows)}: what is left there is not known and not guessed.")
        late = lives[(lives["missing"] == 0) & ~lives["whole_life"]]
        if len(late) > 0:
            said.append(
                f"{listed(late['name'].tolist())} {'was' if len(late) == 1 else 'were'} launched before the tables "
                "begin, or at an unknown time: what came before is not counted, and no break-even is told."
            )
        return said


def product_margin(
    tables: Tables, *, period: int | str, product_id: str | None = None, months: int = 12,
    invested_k: Mapping[str, float] | None = None,
) -> ProductMargin:  # fmt: skip
    """Cumulate what each product leaves after cost, from its launch.

    Contribution of a month = revenue - ``unit_cost_eur`` * (units sold less returned + subscriptions running) -
    ``fixed_k``. It is cumulated from the launch, or from the first month of any table where that is later, and begins
    at minus the investment. A product breaks even in the first month whose cumulated contribution is 0 or more; told
    only where its life is known whole.
    A month without a row in ``product_costs`` has no contribution, and the cumulated one ends there.

    Parameters
    ----------
    tables : mapping
        ``product_costs``; ``orders`` or ``subscriptions`` or both; ``products`` for names and launch months.
    period : int or str
        Last month counted, ``YYYY-MM`` or year * 12 + month.
    product_id : str, optional
        One product alone.
    months : int
        Months of the recent margin.
    invested_k : mapping of str to float, optional
        What was spent on a product before its launch, thousand; 0 where it is not named.

    Raises
    ------
    MissingTableError
        There are no costs, or neither orders nor subscriptions.
    ParameterError
        A product is unknown, an investment is no amount, or ``months`` is no whole number, 1 or more.

    References
    ----------
    Horngren, Datar and Rajan: Cost Accounting, chapter 3 (contribution margin), chapter on life-cycle budgeting.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": "K", "product_id": "A", "date": pd.to_datetime(["2025-11-03"] * 2),
    ...                        "units": [3.0, 1.0], "paid_price": 1000.0})
    >>> costs = pd.DataFrame({"product_id": "A", "month": [24311], "unit_cost_eur": 400.0, "fixed_k": 0.5})
    >>> product_margin({"orders": orders, "product_costs": costs}, period="2025-11").to_frame()["margin"].tolist()
    [0.475]
    """
    last, window = as_month(period), as_count("months", months)
    revenue = monthly_revenue(tables, period=last).to_frame()
    costs = small(tables, "product_costs", ["product_id", "month", "unit_cost_eur", "fixed_k"])
    costs = costs[costs["month"] <= last].astype({"product_id": "str", "month": "int64"})
    known_product(product_id, tables, seen=lambda: [*revenue["product_id"], *costs["product_id"]])
    if product_id is not None:
        revenue, costs = (frame[frame["product_id"] == product_id] for frame in (revenue, costs))
    rows = _contributions(tables, revenue, costs, last=last)
    invested = _invested(invested_k, tables, rows)
    rows["cumulated_k"] = rows.groupby("product_id")["contribution_k"].transform(lambda one: one.cumsum(skipna=False))
    rows["cumulated_k"] -= rows["product_id"].map(invested).astype("float64")
    lives = _lives(rows, _launches(tables), last=last, window=window, invested=invested)
    return ProductMargin(
        months=named(rows, tables), lives=named(lives, tables), total_k=float(revenue["revenue_k"].sum()),
        period=last, window=window, currency=currency_of(tables),
    )  # fmt: skip


def _contributions(tables: Tables, revenue: pd.DataFrame, costs: pd.DataFrame, *, last: int) -> pd.DataFrame:
    """Lay revenue, volumes and costs side by side for every month from a product's first to the last."""
    keys = ["product_id", "month"]
    volumes = _units(tables, last).join(_running(tables, last), how="outer")
    money = revenue.set_index(keys)[["revenue_k"]]
    money = money.join(costs.set_index(keys)[["unit_cost_eur", "fixed_k"]], how="outer")
    begin = money.reset_index().groupby("product_id")["month"].min()
    launched = _launches(tables).reindex(begin.index)
    # A launch before the tables begin says nothing of the months before them.
    begin = begin.where(~(launched < begin) | (launched < begin.min()), launched).astype("int64")
    index = pd.MultiIndex.from_tuples(
        [(product, month) for product, first in begin.items() for month in range(first, last + 1)], names=keys
    )
    rows = money.join(volumes, how="left").reindex(index).reset_index()
    rows = rows.astype({"product_id": "str", "month": "int64"})
    filled = rows.fillna(dict.fromkeys(("revenue_k", "units", "subscriptions"), 0.0))
    variable = filled["unit_cost_eur"] * (filled["units"] + filled["subscriptions"]) / 1_000
    fixed = filled["fixed_k"].where(filled["unit_cost_eur"].notna())
    told = filled[[*keys, "units", "subscriptions", "revenue_k"]].assign(variable_k=variable, fixed_k=fixed)
    return told.assign(contribution_k=told["revenue_k"] - told["variable_k"] - told["fixed_k"])


def _units(tables: Tables, last: int) -> pd.DataFrame:
    rows = product_months(tables, last=last)
    sums: pd.DataFrame = rows.group_by("product_id", "month").agg(units=rows.units.sum()).to_pandas()
    return _indexed(sums.astype({"units": "float64"}))


def _running(tables: Tables, last: int) -> pd.DataFrame:
    """Count the subscriptions that run in each month, from those that start and end."""
    if tables.get("subscriptions") is None:
        return _indexed(pd.DataFrame({"product_id": [], "month": [], "subscriptions": []}))
    spans = subscription_spans(tables)
    spans = spans.filter(spans.start_month <= last)
    steps = spans.select("product_id", month=spans.start_month, step=1)
    steps = steps.union(spans.filter(spans.end_month < last).select("product_id", month=spans.end_month + 1, step=-1))
    sums = steps.group_by("product_id", "month").agg(step=steps.step.sum()).to_pandas()
    wide = sums.pivot(index="month", columns="product_id", values="step").fillna(0)
    months = pd.RangeIndex(int(wide.index.min()) if len(wide) else last, last + 1, name="month")
    running = wide.reindex(months, fill_value=0).cumsum().reset_index()
    return _indexed(running.melt("month", var_name="product_id", value_name="subscriptions"))


def _indexed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({"product_id": "str", "month": "int64"}).set_index(["product_id", "month"])


def _launches(tables: Tables) -> pd.Series:
    if tables.get("products") is None or "launch_month" not in tables["products"].columns:
        return pd.Series([], index=pd.Index([], dtype="str", name="product_id"), dtype="float64")
    products = small(tables, "products", ["product_id", "launch_month"]).drop_duplicates("product_id")
    return products.astype({"product_id": "str"}).set_index("product_id")["launch_month"].astype("float64")


def _invested(given: Mapping[str, float] | None, tables: Tables, rows: pd.DataFrame) -> dict[str, float]:
    if not isinstance(given, Mapping | None):
        raise ParameterError(f"invested_k: got {given!r}, allowed thousands by product. Write {{'PR1': 250.0}}.")
    amounts = dict(given or {})
    for product, amount in amounts.items():
        known_product(product, tables, seen=lambda: rows["product_id"])
        if not (isinstance(amount, Real) and not isinstance(amount, bool) and 0 <= amount < np.inf):
            raise ParameterError(
                f"invested_k: got {amount!r} for '{product}', allowed 0 or more. Give thousands of the currency."
            )
    return {product: float(amounts.get(product, 0.0)) for product in sorted(set(rows["product_id"]))}


def _lives(
    rows: pd.DataFrame, launches: pd.Series, *, last: int, window: int, invested: Mapping[str, float]
) -> pd.DataFrame:
    """Sum every product's life up."""
    begins = int(rows["month"].min()) if len(rows) else last
    lives = [
        {"product_id": str(product)}
        | _life(one, launch=float(launches.get(product, np.nan)), begins=begins)
        | {"recent_margin": _margin(one[one["month"] > last - window]), "invested_k": invested[str(product)]}
        for product, one in rows.groupby("product_id", sort=True)
    ]
    return pd.DataFrame(lives, columns=list(_LIFE)).astype({"product_id": "str", "missing": "int64"})


_LIFE = (
    "product_id", "launch_month", "from_month", "to_month", "missing", "whole_life", "invested_k", "revenue_k",
    "costed_revenue_k", "contribution_k", "margin", "recent_margin", "cumulated_k", "break_even_month",
)  # fmt: skip


def _life(one: pd.DataFrame, *, launch: float, begins: int) -> dict[str, Any]:
    known = one.dropna(subset=["contribution_k"])
    missing = len(one) - len(known)
    whole = missing == 0 and launch >= begins
    even = one.loc[one["cumulated_k"] >= 0, "month"]
    return {
        "launch_month": launch,
        "from_month": int(one["month"].iloc[0]),
        "to_month": int(one["month"].iloc[-1]),
        "missing": missing,
        "whole_life": whole,
        "revenue_k": float(one["revenue_k"].sum()),
        "costed_revenue_k": float(known["revenue_k"].sum()),
        "contribution_k": float(known["contribution_k"].sum(min_count=1)),
        "margin": _margin(one),
        "cumulated_k": float(one["cumulated_k"].iloc[-1]),
        "break_even_month": float(even.iloc[0]) if whole and len(even) > 0 else np.nan,
    }


def _margin(rows: pd.DataFrame) -> float:
    known = rows.dropna(subset=["contribution_k"])
    earned = float(known["revenue_k"].sum())
    return float(known["contribution_k"].sum()) / earned if earned > 0 else np.nan
