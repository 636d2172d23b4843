"""Purchase histories as counts: how often, how lately and for how long customers have bought."""

from __future__ import annotations

import pandas as pd

from pmlib.product.engine import Lazy, Tables, lazy, month_of_date
from pmlib.product.loyalty.contracts import grouped, of_product
from pmlib.product.money.exchange import order_lines
from pmlib.product.rows import order_rows, whole

_KEYS = ["group", "repeats", "recency_days", "age_days"]
_WHO = ["product_id", "customer_id"]
_ALL = ""


def day_number(year: int, month: int, day: int) -> int:
    """Count days of the Gregorian calendar, with whole numbers alone, so that every engine can.

    Takes Ibis columns as well.

    Examples
    --------
    >>> day_number(1997, 9, 30) - day_number(1997, 1, 1)
    272
    """
    # The year begins in March, so that the leap day is its last.
    late = (14 - month) // 12
    years, months = year + 4800 - late, month + 12 * late - 3
    return day + (153 * months + 2) // 5 + 365 * years + years // 4 - years // 100 + years // 400


def last_day(month: int) -> int:
    """Day number of the last day of a month given as year * 12 + month."""
    return day_number(month // 12, month % 12 + 1, 1) - 1


def purchase_histories(
    tables: Tables, *, last: int, product_id: str | None = None, by: str | None = None
) -> pd.DataFrame:
    """Count customers by what they bought after their first purchase, to the end of month ``last``.

    A purchase is a day with an order; returned goods are none. Customers who came before the orders begin are left
    out, since their first purchase is not seen (`earlier_customers` counts them).

    Parameters
    ----------
    tables : mapping
        ``orders``; ``customers`` for a split by segment, channel or region.
    last : int
        Last month observed, year * 12 + month.
    product_id : str, optional
        Purchases of one product; all together by default.
    by : str, optional
        Split by ``product`` (a customer then has a history with each), ``segment``, ``channel`` or ``region``.

    Returns
    -------
    DataFrame
        ``group``, ``repeats`` (purchases after the first), ``recency_days`` (first to last purchase), ``age_days``
        (first purchase to the end of the month), ``n`` (customers), ``repeat_e4`` (money of all their repeat
        purchases, ten-thousandths); one row for each kind of history, sorted.

    Raises
    ------
    MissingTableError
        A table is missing.
    ParameterError
        The product or the split is unknown.
    """
    people = _people(tables, last=last, product_id=product_id, by=by)
    found: pd.DataFrame = (
        people.group_by(_KEYS).agg(n=people.count(), repeat_e4=people.repeat_e4.sum().cast("int64")).order_by(_KEYS)
    ).to_pandas()
    return found.astype({"group": "str"} | dict.fromkeys([*_KEYS[1:], "n", "repeat_e4"], "int64"))


def spending_counts(
    tables: Tables, *, last: int, product_id: str | None = None, by: str | None = None
) -> pd.DataFrame:
    """Count customers with repeat purchases by how many they made and what those brought.

    Returns
    -------
    DataFrame
        ``group``, ``repeats``, ``repeat_e4`` (ten-thousandths), ``n``; customers whose repeat purchases brought
        nothing are left out.
    """
    people = _people(tables, last=last, product_id=product_id, by=by)
    keys = ["group", "repeats", "repeat_e4"]
    paid = people.filter((people.repeats > 0) & (people.repeat_e4 > 0))
    found: pd.DataFrame = paid.group_by(keys).agg(n=paid.count()).order_by(keys).to_pandas()
    return found.astype({"group": "str"} | dict.fromkeys(["repeats", "repeat_e4", "n"], "int64"))


def earlier_customers(tables: Tables, *, last: int, product_id: str | None = None) -> int:
    """Count customers who bought, but came before the orders begin: their histories are not whole."""
    earlier = _earlier(tables)
    if earlier is None:
        return 0
    days = purchase_days(tables, last=last, product_id=product_id)
    return int(days.semi_join(earlier, "customer_id").customer_id.nunique().to_pandas())


def purchase_days(
    tables: Tables, *, last: int, product_id: str | None = None, each_product: bool = False
) -> Lazy:
    """Sum what every customer paid on each day with an order.

    Returns
    -------
    ibis Table
        ``product_id`` (empty unless ``each_product``), ``customer_id``, ``day`` (number), ``money`` (decimal).
    """
    import ibis

    order_rows(tables, last)  # refuses money too large to add up
    orders = of_product(order_lines(tables, ["customer_id", "product_id"], last=last), tables, product_id)
    orders = orders.filter(orders.units > 0)
    year, month, day = (part.cast("int64") for part in (orders.date.year(), orders.date.month(), orders.date.day()))
    rows = orders.select(
        "customer_id", product_id=orders.product_id if each_product else ibis.literal(_ALL),
        day=day_number(year, month, day), money=orders.money,
    )  # fmt: skip
    return rows.group_by(*_WHO, "day").agg(money=rows.money.sum())


def repeat_days(tables: Tables, *, last: int, first_to: int, product_id: str | None = None) -> pd.DataFrame:
    """Count purchases by day of followed customers who came by day ``first_to``: ``day``, ``first``, ``n``.

    ``first`` marks first purchases; the others repeat.
    """
    days = _followed(tables, purchase_days(tables, last=last, product_id=product_id))
    days = days.filter(days["first"] <= first_to)
    keys = {"day": days.day, "first": days["first"] == days.day}
    found: pd.DataFrame = days.group_by(**keys).agg(n=days.count()).order_by(*keys).to_pandas()
    return found.astype({"day": "int64", "first": "bool", "n": "int64"})


def _people(tables: Tables, *, last: int, product_id: str | None, by: str | None) -> Lazy:
    """One row per customer (and product, where split by it), which never leaves the engine."""
    days = purchase_days(tables, last=last, product_id=product_id, each_product=by == "product")
    days = _followed(tables, days)
    people = days.group_by(_WHO).agg(
        first=days.day.min(), final=days.day.max(), repeats=days.count() - 1,
        repeat_e4=whole(days.money.sum(where=days.day > days["first"])).fill_null(0),
    )  # fmt: skip
    people = grouped(people, tables, by)
    return people.select(
        "group", "repeats", "repeat_e4", recency_days=people.final - people["first"],
        age_days=last_day(last) - people["first"],
    )  # fmt: skip


def _followed(tables: Tables, days: Lazy) -> Lazy:
    """Add the day of the first purchase, without customers who came before the orders begin."""
    import ibis

    earlier = _earlier(tables)
    if earlier is not None:
        days = days.anti_join(earlier, "customer_id")
    return days.mutate(first=days.day.min().over(ibis.window(group_by=_WHO)))


def _earlier(tables: Tables) -> Lazy | None:
    """Find customers who came before the first month with an order; None where no table says when they came."""
    if tables.get("customers") is None or "first_month" not in tables["customers"].columns:
        return None
    dates = lazy(tables, "orders", ["date"])
    beginning = month_of_date(dates.date).min().to_pandas()
    customers = lazy(tables, "customers", ["customer_id", "first_month"])
    came_before = customers.first_month.cast("int64") < (0 if pd.isna(beginning) else int(beginning))
    return customers.filter(came_before).select("customer_id").distinct()
