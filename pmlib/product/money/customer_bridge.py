"""Who moved revenue from orders: customers who are new, back again, buying more, buying less or gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import CheckError
from pmlib.months import as_month, month_name
from pmlib.product.engine import Lazy, Tables, as_count, currency_of, known_product, lazy, named
from pmlib.product.marts import MartTables, customer_months, product_months
from pmlib.product.money.flows import FLOWS
from pmlib.product.rows import E4
from pmlib.product.wording import counted, listed, money_text

_PER_K = 1_000 * E4
_LEVELS = ("opening", *FLOWS, "closing")
_WORDS = {
    "new": "from new customers", "reactivation": "from customers who came back", "expansion": "from buying more",
    "contraction": "from buying less", "churn": "from customers who left",
}  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class CustomerBridge:
    """How revenue from orders came from one window to the next, customer by customer.

    Attributes
    ----------
    bridge : DataFrame
        One row: ``product_id`` (``all``: the company), ``name``, ``opening_k``, ``new_k``, ``reactivation_k``,
        ``expansion_k``, ``contraction_k``, ``churn_k`` (the last two below 0) and ``closing_k`` (thousand), each with
        its customers (``_n``). All but the closing are NaN where the orders begin within the first window.
    recounted_k : tuple of float
        Revenue of both windows added up without ever looking at a customer, thousand.
    period : int
        Last month of the later window.
    window : int
        Months of each window.
    begins : float
        First month with an order; NaN without any.
    currency : str
        Currency of the money.
    """

    bridge: pd.DataFrame
    recounted_k: tuple[float, float]
    period: int
    window: int
    begins: float
    currency: str = "EUR"

    @property
    def measured(self) -> bool:
        """Whether the orders reach back over the whole first window."""
        return self.begins <= self.period - 2 * self.window + 1

    def to_frame(self) -> pd.DataFrame:
        """Return the bridge as one row."""
        return self.bridge.copy(deep=False)

    def headline(self) -> dict[str, str]:
        """Return the change and its two largest parts."""
        if not self.measured:
            return {"–": "the orders do not reach back far enough"}
        figures = {self._signed(self.recounted_k[1] - self.recounted_k[0]): "change of revenue from orders"}
        for flow in self._largest()[:2]:
            figures.setdefault(self._signed(self._of(flow)), _WORDS[flow])
        return figures

    def summary(self) -> str:
        """Return the change, its parts and how many customers stand behind each."""
        if not self.measured:
            asked = month_name(self.period - 2 * self.window + 1)
            begin = "there are none" if np.isnan(self.begins) else f"they begin in {month_name(int(self.begins))}"
            return f"Not enough data: the comparison needs orders from {asked} on, and {begin}."
        parts = [f"{self._signed(self._of(flow))} {_WORDS[flow]} (n = {int(self.bridge[f'{flow}_n'].iloc[0]):,})"
                 for flow in self._largest()]  # fmt: skip
        before, after = (money_text(one, self.currency) for one in self.recounted_k)
        return (
            f"Revenue from orders went from {before} to {after} ({counted(self.window, 'month')} to "
            f"{month_name(self.period - self.window)} and to {month_name(self.period)}): "
            f"{listed(parts) if parts else 'nothing changed'}."
        )

    def check(self) -> str:
        """Verify to the last ten-thousandth that the bridge closes on both windows' revenue, counted again.

        Raises
        ------
        CheckError
            It does not.
        """
        if not self.measured:
            return "The orders do not reach back far enough: there is no bridge to close."
        row = {level: round(self._of(level) * _PER_K) for level in _LEVELS}
        ends = [round(end * _PER_K) for end in self.recounted_k]
        gaps = {
            "the sum of its parts": row["opening"] + sum(row[flow] for flow in FLOWS) - row["closing"],
            "the opening, counted again,": ends[0] - row["opening"],
            "the closing, counted again,": ends[1] - row["closing"],
        }
        for what, gap in gaps.items():
            if gap != 0:
                raise CheckError(
                    f"customers' bridge: {what} is off by {gap / E4:,.4f} {self.currency}, allowed 0. Look for orders "
                    "that changed while the bridge was read."
                )
        return "The bridge closes to the cent on the revenue of both windows."

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<CustomerBridge: {'; '.join(f'{figure} {words}' for figure, words in self.headline().items())}>"

    def _of(self, level: str) -> float:
        return float(self.bridge[f"{level}_k"].iloc[0])

    def _largest(self) -> list[str]:
        moved = [flow for flow in FLOWS if self.bridge[f"{flow}_n"].iloc[0] > 0]
        return sorted(moved, key=lambda flow: -abs(self._of(flow)))

    def _signed(self, value_k: float) -> str:
        return f"{'+' if value_k >= 0 else ''}{money_text(value_k, self.currency)}"


def revenue_bridge(
    tables: Tables, *, period: int | str, months: int = 12, product_id: str | None = None
) -> CustomerBridge:
    """Bridge revenue from orders between two neighbouring windows, customer by customer.

    A customer is one of a window where its order lines come to more than 0 in it, returns deducted. In both windows:
    expansion or contraction. In the first alone: churn. In the second alone: reactivation for one who had bought in
    some month before it, else new. Who is in neither and still moved money (goods sent back late) counts as expansion
    or contraction, so that the parts always add up. Revenue is whole ten-thousandths until it is shown.

    Parameters
    ----------
    tables : mapping
        ``orders``: an Ibis table of any engine, or a frame; ``exchange_rates`` where orders are in another currency.
        With `with_marts` the company's bridge reads sums by customer and month, and no row of orders.
    period : int or str
        Last month of the later window, ``YYYY-MM`` or year * 12 + month; nothing after it counts.
    months : int
        Months of each window.
    product_id : str, optional
        One product alone.

    Raises
    ------
    MissingTableError
        There is no table of orders.
    SchemaError
        A foreign currency has no rate, or money is too large to add up.
    ParameterError
        The product is unknown, or ``months`` is no whole number, 1 or more.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "product_id": "A", "units": [1.0, 1.0, 2.0],
    ...                        "date": pd.to_datetime(["2025-11-03", "2025-12-03", "2025-12-05"]),
    ...                        "paid_price": [4000.0, 3000.0, 1000.0]})
    >>> revenue_bridge({"orders": orders}, period="2025-12", months=1)
    <CustomerBridge: +1 k EUR change of revenue from orders; +2 k EUR from new customers; -1 k EUR from buying less>
    """
    last, window = as_month(period), as_count("months", months)
    alone = _orders_alone(tables)
    sources = tables if isinstance(tables, MartTables) and last <= tables.period else alone
    totals = _totals(sources, last)
    known_product(product_id, tables, seen=lambda: totals["product_id"])
    begins = totals.loc[totals["order_lines"] > 0, "month"].min()
    if product_id is not None:
        totals, sources = totals[totals["product_id"] == product_id], _orders_alone(tables, product_id)
    row = _flows(customer_months(sources, last=last), last=last, window=window)
    age = (last - totals["month"]) // window
    after, before = (int(totals.loc[age == back, "orders_e4"].sum()) / _PER_K for back in (0, 1))
    measured = bool(begins <= last - 2 * window + 1)
    return CustomerBridge(
        bridge=_told(row, tables, product_id=product_id, measured=measured), recounted_k=(before, after), period=last,
        window=window, begins=float(begins), currency=currency_of(tables),
    )  # fmt: skip


def _orders_alone(tables: Tables, product_id: str | None = None) -> dict[str, Any]:
    """Keep what revenue from orders is made of, of one product or all."""
    columns = ["customer_id", "product_id", "date", "units", "paid_price"]
    currency = ["currency"] if "currency" in getattr(tables.get("orders"), "columns", ()) else []
    orders = lazy(tables, "orders", [*columns, *currency])
    if product_id is not None:
        orders = orders.filter(orders.product_id == product_id)
    beside = {name: tables[name] for name in ("workbook", "exchange_rates") if tables.get(name) is not None}
    return beside | {"orders": orders}


def _totals(tables: Tables, last: int) -> pd.DataFrame:
    """Revenue and lines of every product and month: the bridge's ends, another way."""
    rows = product_months(tables, last=last)
    sums = rows.group_by("product_id", "month").agg(
        order_lines=rows.order_lines.sum(), orders_e4=rows.orders_e4.sum()
    )
    frame: pd.DataFrame = sums.order_by("product_id", "month").to_pandas()
    return frame.astype({"product_id": "str", "month": "int64", "order_lines": "int64", "orders_e4": "int64"})


def _flows(rows: Lazy, *, last: int, window: int) -> dict[str, int]:
    """Compare every customer's two windows and add up, in the engine: ten-thousandths and customers."""
    later, begun = rows.month > last - window, rows.month > last - 2 * window
    paid = rows.group_by("customer_id").agg(
        opening=(begun & ~later).ifelse(rows.orders_e4, 0).sum(), closing=later.ifelse(rows.orders_e4, 0).sum(),
        bought=(~later & (rows.order_lines > 0)).ifelse(1, 0).max(),
    )  # fmt: skip
    was, stays = paid.opening > 0, paid.closing > 0
    change = paid.closing - paid.opening
    kinds = {
        "new": ~was & stays & (paid.bought == 0), "reactivation": ~was & stays & (paid.bought == 1),
        "expansion": (was == stays) & (change > 0), "contraction": (was == stays) & (change < 0), "churn": was & ~stays,
    }  # fmt: skip
    money = {"opening": paid.opening.sum(), "closing": paid.closing.sum()}
    money |= {kind: test.ifelse(change, 0).sum() for kind, test in kinds.items()}
    people = {"opening": was, "closing": stays} | kinds
    sums = paid.aggregate(**money, **{f"{name}_n": test.ifelse(1, 0).sum() for name, test in people.items()})
    row = sums.to_pandas().iloc[0]
    return {str(name): 0 if pd.isna(value) else int(value) for name, value in row.items()}


def _told(row: dict[str, int], tables: Tables, *, product_id: str | None, measured: bool) -> pd.DataFrame:
    """Turn ten-thousandths into thousands; without the whole first window only the closing is known."""
    known = _LEVELS if measured else ("closing",)
    money = {f"{level}_k": row[level] / _PER_K if level in known else np.nan for level in _LEVELS}
    people = {f"{level}_n": row[f"{level}_n"] if level in known else np.nan for level in _LEVELS}
    frame = named(pd.DataFrame([{"product_id": product_id or "all"} | money | people]), tables)
    return frame if product_id is not None else frame.assign(name="All products")
