"""Where revenue comes from: by product, market segment or channel, month by month."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import CheckError, ParameterError, did_you_mean
from pmlib.months import as_month, month_name
from pmlib.product.engine import Tables, as_count, currency_of, known_product, named
from pmlib.product.marts import product_months
from pmlib.product.revenue import monthly_revenue
from pmlib.product.rows import E4
from pmlib.product.wording import counted, money_text, percent, signed_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PER_K = 1_000 * E4


class Part(StrEnum):
    """What revenue is broken down by."""

    PRODUCT = "product"
    SEGMENT = "segment"
    CHANNEL = "channel"


@dataclass(frozen=True, eq=False, kw_only=True)
class RevenueBreakdown:
    """What each part of the business earned, month by month.

    Attributes
    ----------
    rows : DataFrame
        ``part`` (its id), ``name``, ``month``, ``orders_k``, ``recurring_k``, ``revenue_k`` (thousand), ``customers``
        (who bought or subscribed in the month; NaN by channel or segment of several products, where one customer may
        count twice); every month of the window, without gaps, largest part first.
    parts : DataFrame
        One row per part, largest first: ``part``, ``name``, ``revenue_k``, ``share`` of the window, ``before_k`` of
        as many months before (NaN where the tables begin later), ``change`` (relative).
    total_k : float
        Revenue of the window as `monthly_revenue` counts it from the rows, thousand.
    by : Part
        What the parts are.
    period : int
        Last month of the window.
    window : int
        Months of the window.
    currency : str
        Currency of the money.
    """

    rows: pd.DataFrame
    parts: pd.DataFrame
    total_k: float
    by: Part
    period: int
    window: int
    currency: str = "EUR"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per part and month."""
        return self.rows.copy(deep=False)

    def by_part(self) -> pd.DataFrame:
        """Return one row per part: the whole window against the one before."""
        return self.parts.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw one line per part."""
        from pmlib.plots import revenue

        return revenue.revenue_by(self.rows, ax, by=str(self.by), currency=self.currency)

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        figures = {money_text(self.total_k, self.currency): self._window_in_words()}
        if self.parts.empty:
            return figures
        first = self.parts.iloc[0]
        return figures | {percent(first["share"]): f"from {first['name']}, the largest {self.by}"}

    def summary(self) -> str:
        """Return the total, the largest part and the one that changed most."""
        if self.parts.empty:
            return f"No revenue in the {self._window_in_words()}."
        first = self.parts.iloc[0]
        said = (
            f"{money_text(self.total_k, self.currency)} in the {self._window_in_words()}, from "
            f"{counted(len(self.parts), str(self.by))}; {first['name']} brought the most, "
            f"{money_text(first['revenue_k'], self.currency)} ({percent(first['share'])})."
        )
        moved = (self.parts["revenue_k"] - self.parts["before_k"]).dropna()
        if moved.empty:
            return f"{said} The tables do not reach back over the {self.window} months before."
        gap, most = max(zip(moved, self.parts.to_dict("records"), strict=True), key=lambda pair: abs(pair[0]))
        change = f" ({signed_percent(most['change'])})" if np.isfinite(most["change"]) else ""
        return (
            f"{said} {most['name']} changed most on the {self.window} months before: by "
            f"{money_text(gap, self.currency)}{change}."
        )

    def check(self) -> str:
        """Compare the parts with the revenue counted from the rows, to the cent.

        Raises
        ------
        CheckError
            They differ.
        """
        gap = (float(self.rows["revenue_k"].sum()) - self.total_k) * 1_000
        if abs(gap) > max(0.005, 1e-12 * abs(self.total_k) * 1_000):
            raise CheckError(
                f"revenue by {self.by}: the parts differ from the total of {self.total_k:,.2f} k by {gap:,.2f} "
                f"{self.currency}, allowed 0. Build the marts again: they are older than the rows."
            )
        return f"The parts add up to {money_text(self.total_k, self.currency)} to the cent."

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        parts = counted(len(self.parts), str(self.by))
        total = money_text(self.total_k, self.currency)
        return f"<RevenueBreakdown: {total} from {parts} in the {self._window_in_words()}>"

    def _window_in_words(self) -> str:
        return f"{counted(self.window, 'month')} to {month_name(self.period)}"


def revenue_by(
    tables: Tables, *, period: int | str, by: Part | str = Part.SEGMENT, product_id: str | None = None,
    months: int = 12,
) -> RevenueBreakdown:  # fmt: skip
    """Break revenue down by product, segment or channel, month by month.

    Read from the sums by product, segment, channel and month (`pmlib.product.marts`), and compared with what
    `monthly_revenue` counts from the rows.

    Parameters
    ----------
    tables : mapping
        ``orders`` or ``subscriptions`` or both; ``customers`` for segments and channels.
    period : int or str
        Last month of the window, ``YYYY-MM`` or year * 12 + month.
    by : Part or str
        ``product``, ``segment`` or ``channel``.
    product_id : str, optional
        One product alone.
    months : int
        Months of the window.

    Raises
    ------
    MissingTableError
        Neither orders nor subscriptions are there.
    ParameterError
        The part or the product is unknown, or ``months`` is no whole number, 1 or more.
    SchemaError
        Orders are in a foreign currency without an exchange rate.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["K", "L"], "product_id": "A", "date": pd.to_datetime("2025-11-03"),
    ...                        "units": [3.0, 1.0], "paid_price": 1000.0})
    >>> people = pd.DataFrame({"customer_id": ["K", "L"], "segment": ["offices", "homes"], "channel": "web"})
    >>> revenue_by({"orders": orders, "customers": people}, period="2025-12").summary()[:70]
    '4 k EUR in the 12 months to December 2025, from 2 segments; offices br'
    """
    last, window, part = as_month(period), as_count("months", months), _part(by)
    total = monthly_revenue(tables, period=last).to_frame()
    known_product(product_id, tables, seen=lambda: total["product_id"])
    sums = _sums(tables, last=last, part=part, product_id=product_id)
    own = total if product_id is None else total[total["product_id"] == product_id]
    begins = int(total["month"].min()) if len(total) else last
    parts = _parts(sums, last=last, window=window, begins=begins)
    rows = _grid(sums, parts["part"].tolist(), last=last, window=window)
    names = _names(parts["part"], tables, part)
    return RevenueBreakdown(
        rows=rows.assign(name=rows["part"].map(names).astype("str"))[[*_COLUMNS]],
        parts=parts.assign(name=parts["part"].map(names).astype("str"))[["part", "name", *_PART_COLUMNS]],
        total_k=float(own.loc[own["month"] > last - window, "revenue_k"].sum()),
        by=part, period=last, window=window, currency=currency_of(tables),
    )  # fmt: skip


_COLUMNS = ("part", "name", "month", "orders_k", "recurring_k", "revenue_k", "customers")
_PART_COLUMNS = ("revenue_k", "share", "before_k", "change")


def _part(by: Part | str) -> Part:
    known = [str(one) for one in Part]
    if by not in known:
        raise ParameterError(f"by: got {str(by)!r}, allowed {', '.join(known)}. {did_you_mean(str(by), known)}")
    return Part(by)


def _sums(tables: Tables, *, last: int, part: Part, product_id: str | None) -> pd.DataFrame:
    """Whole ten-thousandths by part and month, from the engine."""
    rows = product_months(tables, last=last)
    rows = rows if product_id is None else rows.filter(rows.product_id == product_id)
    column = "product_id" if part is Part.PRODUCT else str(part)
    sums = rows.group_by(part=rows[column], month=rows.month).agg(
        orders=rows.orders_e4.sum(), recurring=rows.recurring_e4.sum(), customers=rows.customers.sum()
    )
    frame: pd.DataFrame = sums.order_by("part", "month").to_pandas()
    frame = frame.astype({"part": "str"} | dict.fromkeys(("month", "orders", "recurring", "customers"), "int64"))
    # Over several products one customer may count twice: no figure is better than a wrong one.
    countable = part is Part.PRODUCT or product_id is not None
    return frame.assign(customers=frame["customers"].astype("float64") if countable else np.nan)


def _parts(sums: pd.DataFrame, *, last: int, window: int, begins: int) -> pd.DataFrame:
    age = last - sums["month"]
    money = sums.assign(money=sums["orders"] + sums["recurring"])
    now = money[age < window].groupby("part")["money"].sum()
    before = money[(age >= window) & (age < 2 * window)].groupby("part")["money"].sum()
    frame = pd.DataFrame({"revenue_k": now, "before_k": before}).fillna(0.0) / _PER_K
    if begins > last - 2 * window + 1:
        frame["before_k"] = np.nan
    total, base = frame["revenue_k"].sum(), frame["before_k"].where(frame["before_k"] > 0)
    frame = frame.assign(share=frame["revenue_k"] / (total if total > 0 else np.nan))
    frame = frame.assign(change=frame["revenue_k"] / base - 1).rename_axis("part").reset_index()
    return frame.sort_values(["revenue_k", "part"], ascending=[False, True], ignore_index=True).astype({"part": "str"})


def _grid(sums: pd.DataFrame, parts: list[str], *, last: int, window: int) -> pd.DataFrame:
    """Every part in every month of the window; a month without a row is one without revenue."""
    months = range(last - window + 1, last + 1)
    index = pd.MultiIndex.from_product([pd.Index(parts, dtype="str"), months], names=["part", "month"])
    rows = sums.set_index(["part", "month"]).reindex(index)
    money = rows[["orders", "recurring"]].fillna(0).astype("int64")
    counted_at_all = rows["customers"].notna().any()
    return pd.DataFrame({
        "orders_k": money["orders"] / _PER_K,
        "recurring_k": money["recurring"] / _PER_K,
        "revenue_k": (money["orders"] + money["recurring"]) / _PER_K,
        "customers": rows["customers"].fillna(0.0) if counted_at_all else rows["customers"],
    }).reset_index()  # fmt: skip


def _names(parts: pd.Series, tables: Tables, part: Part) -> dict[str, str]:
    if part is not Part.PRODUCT:
        return {one: one or "unknown" for one in parts}
    told = named(pd.DataFrame({"product_id": parts}), tables)
    return dict(zip(told["product_id"], told["name"], strict=True))
