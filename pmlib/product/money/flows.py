"""How recurring revenue moves, customer by customer, summed in the engine: nothing but totals comes out."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pmlib.product.engine import Lazy, Tables
from pmlib.product.rows import E4, subscription_spans, whole

#: The ways recurring revenue changes, in the order of the bridge.
FLOWS = ("new", "reactivation", "expansion", "contraction", "churn")


def paid_spans(tables: Tables, *, last: int, product_id: str | None = None) -> Lazy:
    """Return the subscriptions that were paid for at all by month ``last``; a price of 0 is no revenue."""
    spans = subscription_spans(tables)
    whole_spans = spans.end_month.isnull() | (spans.end_month >= spans.start_month)
    spans = spans.filter(whole_spans, spans.start_month <= last, spans.money > 0)
    spans = spans if product_id is None else spans.filter(spans.product_id == product_id)
    return spans.mutate(price_e4=whole(spans.money)).drop("money")


def window_flows(spans: Lazy, *, first: int, last: int, by_product: bool) -> pd.DataFrame:
    """Compare what every customer pays a month in month ``last`` with month ``first``, and add up.

    Returns
    -------
    DataFrame
        One row, or one per ``product_id``: ``opening``, the five flows (contraction and churn below 0) and ``closing``
        as whole ten-thousandths, each with its number of customers (``_n``); ``kept``, what opening customers still
        pay without what they added, and ``stayed``, with it; sums of squares for the intervals, in single currency.
    """
    keys = ["product_id"] if by_product else []
    paid = spans.group_by(*keys, "customer_id").agg(
        opening=_running(spans, first).sum(), closing=_running(spans, last).sum(),
        before=(spans.start_month <= first).ifelse(1, 0).sum(),
    )  # fmt: skip
    paid = paid.mutate(opening=paid.opening.cast("int64"), closing=paid.closing.cast("int64"))
    moved = paid.mutate(change=paid.closing - paid.opening)
    sums = _by_kind(moved, _kinds(moved, known=moved.before > 0)) | _ends(moved) | _squares(moved)
    frame: pd.DataFrame = (moved.group_by(*keys).agg(**sums) if keys else moved.aggregate(**sums)).to_pandas()
    return _typed(frame.sort_values(keys, ignore_index=True) if keys else frame)


def monthly_flows(spans: Lazy, *, first: int, last: int) -> pd.DataFrame:
    """Add up, for every month after ``first``, what customers pay more or less than in the month before.

    Only months in which something changed have a row. Columns as of `window_flows`, without ends and squares.
    """
    import ibis

    starts = spans.select("customer_id", month=spans.start_month, change=spans.price_e4)
    ended = spans.filter(spans.end_month < last)
    steps = starts.union(ended.select("customer_id", month=ended.end_month + 1, change=-ended.price_e4))
    steps = steps.group_by("customer_id", "month").agg(change=steps.change.sum().cast("int64"))
    steps = steps.filter(steps.change != 0)
    each = {"group_by": steps.customer_id, "order_by": steps.month}
    moved = steps.mutate(
        closing=steps.change.sum().over(ibis.window(preceding=(None, 0), **each)).cast("int64"),
        begun=steps.month.min().over(ibis.window(group_by=steps.customer_id)),
    )
    moved = moved.mutate(opening=moved.closing - moved.change).filter(moved.month > first)
    sums = _by_kind(moved, _kinds(moved, known=moved.begun < moved.month))
    return _typed(moved.group_by("month").agg(**sums).order_by("month").to_pandas())


def running_total(spans: Lazy, *, month: int) -> int:
    """Add up the prices of all subscriptions that run in a month, without ever looking at a customer."""
    total = _running(spans, month).sum().to_pandas()
    return 0 if pd.isna(total) else int(total)


def _runs(spans: Lazy, month: int) -> Any:
    return (spans.start_month <= month) & (spans.end_month.fill_null(month) >= month)


def _running(spans: Lazy, month: int) -> Any:
    return _runs(spans, month).ifelse(spans.price_e4, 0)


def _kinds(moved: Lazy, *, known: Any) -> dict[str, Any]:
    """Tell which way each customer moved; ``known``: paid at some time before."""
    begins = (moved.opening == 0) & (moved.closing > 0)
    both = (moved.opening > 0) & (moved.closing > 0)
    return {
        "new": begins & ~known,
        "reactivation": begins & known,
        "expansion": both & (moved.change > 0),
        "contraction": both & (moved.change < 0),
        "churn": (moved.opening > 0) & (moved.closing == 0),
    }


def _by_kind(moved: Lazy, kinds: dict[str, Any]) -> dict[str, Any]:
    money = {kind: moved.change.sum(where=test) for kind, test in kinds.items()}
    return money | {f"{kind}_n": test.ifelse(1, 0).sum() for kind, test in kinds.items()}


def _ends(moved: Lazy) -> dict[str, Any]:
    import ibis

    return {
        "opening": moved.opening.sum(),
        "opening_n": (moved.opening > 0).ifelse(1, 0).sum(),
        "closing": moved.closing.sum(),
        "closing_n": (moved.closing > 0).ifelse(1, 0).sum(),
        "kept": ibis.least(moved.opening, moved.closing).sum(),
        "stayed": moved.closing.sum(where=moved.opening > 0),
    }


def _squares(moved: Lazy) -> dict[str, Any]:
    """Sum squares and products of what opening customers paid (x), kept (k) and pay (y), and of changes."""
    import ibis

    x, y = moved.opening / E4, (moved.opening > 0).ifelse(moved.closing, 0) / E4
    k, change = ibis.least(x, y), moved.change / E4
    squares = {"xx": x * x, "xk": x * k, "kk": k * k, "xy": x * y, "yy": y * y}
    gains = {"gg": (change > 0).ifelse(change * change, 0.0), "ll": (change < 0).ifelse(change * change, 0.0)}
    return {name: square.sum() for name, square in (squares | gains).items()}


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers where whole, 0 where nothing was there to add up."""
    squares = [name for name in frame.columns if len(name) == 2]  # noqa: PLR2004 - named by the two factors
    kinds = {name: "float64" if name in squares else "int64" for name in frame.columns if name != "product_id"}
    filled = frame.astype(object).where(frame.notna(), 0)
    return filled.astype(kinds | ({"product_id": "str"} if "product_id" in frame else {}))
