"""Contracts as counts: how many began in a month, and after how many months they ended or still ran."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.product.engine import Lazy, Tables, known_product, lazy
from pmlib.product.rows import subscription_spans, whole

#: What customers can be split by: one curve, row or model for each.
SPLITS = ("product", "segment", "channel", "region")
_ALL, _UNKNOWN = "all", "unknown"


def contract_counts(
    tables: Tables, *, last: int, product_id: str | None = None, by: str | None = None
) -> pd.DataFrame:
    """Count contracts by group, first month and months to their end, in the engine.

    A contract is what one customer pays for one product without a gap: subscriptions that follow each other or
    overlap are one contract, and who comes back after a gap begins a new one. What happens after month ``last`` is
    unknown: a contract paid in ``last`` still runs.

    Parameters
    ----------
    tables : mapping
        ``subscriptions``, and ``customers`` for a split by segment, channel or region.
    last : int
        Last month observed, year * 12 + month.
    product_id : str, optional
        One product; all by default.
    by : str, optional
        Split by ``product``, ``segment``, ``channel`` or ``region``; one group ``all`` by default.

    Returns
    -------
    DataFrame
        ``group``, ``cohort`` (first month), ``months`` (paid ones when it ended, renewals observed while it runs),
        ``ended``, ``n`` (contracts), ``monthly_e4`` (price a month of those running, ten-thousandths); sorted.

    Raises
    ------
    MissingTableError
        ``subscriptions``, or the table of the split, is missing.
    ParameterError
        The product or the split is unknown.
    """
    spans = subscription_spans(tables)
    spans = grouped(of_product(spans, tables, product_id), tables, by)
    # One that ends before it starts was never paid.
    paid = spans.end_month.isnull() | (spans.end_month >= spans.start_month)
    contracts = _contracts(spans.filter((spans.start_month <= last) & paid), last)
    keys = ["group", "cohort", "months", "ended"]
    found: pd.DataFrame = (
        contracts.group_by(keys)
        .agg(n=contracts.count(), monthly_e4=whole(contracts.running_money.sum()))
        .order_by(keys)
        .to_pandas()
    )
    kinds = {"group": "str", "cohort": "int64", "months": "int64", "ended": "bool", "n": "int64", "monthly_e4": "int64"}
    return found.astype(kinds)


def _contracts(spans: Lazy, last: int) -> Lazy:
    """Join the subscriptions of a customer and product that leave no month between them."""
    import ibis

    who = ["group", "customer_id", "product_id"]
    stop = ibis.least(spans.end_month.fill_null(last), last)
    rows = spans.mutate(stop=stop, running_money=ibis.ifelse(stop == last, spans.money, 0).cast("decimal(18,4)"))
    earlier = ibis.window(group_by=who, order_by=["start_month", "stop"], preceding=(None, 1))
    rows = rows.mutate(paid_to=rows.stop.max().over(earlier))
    rows = rows.mutate(begins=(rows.start_month > rows.paid_to.fill_null(0) + 1).ifelse(1, 0))
    so_far = ibis.window(group_by=who, order_by=["start_month", "stop"], preceding=None, following=0)
    rows = rows.mutate(contract=rows.begins.sum().over(so_far))
    joined = rows.group_by(*who, "contract").agg(
        cohort=rows.start_month.min(), stop=rows.stop.max(), running_money=rows.running_money.sum()
    )
    ended = joined.stop < last
    return joined.select(
        "group", "cohort", "running_money", ended=ended, months=joined.stop - joined.cohort + ended.ifelse(1, 0)
    )


def of_product(rows: Lazy, tables: Tables, product_id: str | None) -> Lazy:
    """Keep the rows of one product.

    Raises
    ------
    ParameterError
        Neither the rows nor the table of products know it.
    """
    known_product(product_id, tables, seen=lambda: rows.select("product_id").distinct().to_pandas()["product_id"])
    return rows if product_id is None else rows.filter(rows.product_id == product_id)


def grouped(rows: Lazy, tables: Tables, by: str | None) -> Lazy:
    """Add ``group``: the product, or what the table of customers says; ``unknown`` where it says nothing.

    Raises
    ------
    MissingTableError
        The split needs ``customers``, which is missing.
    ParameterError
        The split is unknown.
    """
    import ibis

    refuse_unknown("by", by, (None, *SPLITS))
    if by is None:
        return rows.mutate(group=ibis.literal(_ALL))
    if by == "product":
        return rows.mutate(group=rows.product_id)
    customers = lazy(tables, "customers", ["customer_id", by])
    # One row each: a customer listed twice must not count twice.
    customers = customers.group_by("customer_id").agg(group=customers[by].min())
    joined = rows.left_join(customers, "customer_id")
    return joined.mutate(group=joined.group.fill_null(_UNKNOWN)).select(*rows.columns, "group")


def refuse_unknown(name: str, got: object, allowed: Sequence[object]) -> None:
    """Refuse an option that is none of the allowed.

    Raises
    ------
    ParameterError
        It is none of them.
    """
    if got not in allowed:
        words = [str(one) for one in allowed if one is not None]
        raise ParameterError(f"{name}: got {got!r}. {did_you_mean(str(got), words)}")
