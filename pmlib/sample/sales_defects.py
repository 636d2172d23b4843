"""The defects of the large tables (truth T25): rows appended to clean ones, each breaking one rule of the schema.

Where the appended rows are set aside, the clean table is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from pmlib.sample import chunks, company, sales, surveys
from pmlib.sample.customers import SUBSCRIBED, Buyers, draw_subscriptions
from pmlib.sample.forms import month_texts, stream
from pmlib.sample.prices import MONTHS
from pmlib.schema import TABLES

UNKNOWN, UNKNOWN_PRODUCT = 57, "PR99"
#: Place of the month that was imported twice, 2024-06.
TWICE = 17
BACKWARDS, BACKWARDS_TERM = 3, (16, 13)
OLD_SCALE, OLD_SCALE_PRODUCT, OLD_SCALE_MAX = 40, "PR1", 5


def spoiled(name: str, clean: Iterator[pa.Table], buyers: Buyers) -> Iterator[pa.Table]:
    """Give a large table with its defects appended; of a table without any, the clean one.

    Parameters
    ----------
    name : str
        A large table.
    clean : iterator of Arrow tables
        Its chunks.
    buyers : Buyers
        Whom it was drawn from.
    """
    done, again = 0, None
    for place, part in enumerate(clean):
        again = part if name == "orders" and place == TWICE else again
        done += part.num_rows
        yield part
    if name == "orders":
        yield _unknown_product(buyers, done)
    if again is not None:
        yield again
    if name == "subscriptions":
        yield _backwards(buyers)
    if name == "surveys":
        yield _old_scale(buyers, done)


def planted(buyers: Buyers) -> dict[str, Any]:
    """Say what :func:`spoiled` appends, by kind of defect.

    Parameters
    ----------
    buyers : Buyers
    """
    return {
        "orders of an unknown product": {"table": "orders", "product_id": UNKNOWN_PRODUCT, "rows": UNKNOWN},
        "one month of orders imported twice": {
            "table": "orders", "month": month_texts(MONTHS)[TWICE],
            "rows": int(sales.line_counts(buyers.scale)[:, TWICE].sum()),
        },
        "end before start": {
            "table": "subscriptions", "keys": _backwards(buyers).select(TABLES["subscriptions"].key).to_pylist(),
            "rows": BACKWARDS,
        },
        "answers on another scale": {
            "table": "surveys", "product_id": OLD_SCALE_PRODUCT, "scale_max": OLD_SCALE_MAX, "rows": OLD_SCALE,
        },
    }  # fmt: skip


def _unknown_product(buyers: Buyers, done: int) -> pa.Table:
    rng = stream(buyers.seed, "orders", len(MONTHS))
    who = rng.integers(0, buyers.known(-1), UNKNOWN)
    price = np.full(UNKNOWN, 75.0)
    days = np.datetime64("2023-01-01", "D") + np.sort(rng.integers(0, 36 * 30, UNKNOWN))
    return chunks.chunk(
        "orders",
        {
            "order_id": sales.order_ids(buyers, done + 1 + np.arange(UNKNOWN)),
            "date": np.datetime_as_string(days, unit="D"),
            "customer_id": buyers.ids(who),
            "product_id": [UNKNOWN_PRODUCT] * UNKNOWN,
            "region": chunks.named(company.REGIONS, buyers.region[who]),
            "units": 1.0 + rng.poisson(3, UNKNOWN),
            "list_price": price,
            "paid_price": np.round(price * (1 - rng.uniform(0, 0.12, UNKNOWN)), 2),
            "promo": np.zeros(UNKNOWN, dtype=bool),
            "currency": ["EUR"] * UNKNOWN,
        },
    )


def _strangers(buyers: Buyers) -> np.ndarray:
    """Choose old customers without a subscription of the last kind, so that no key comes twice."""
    drawn = draw_subscriptions(buyers)
    taken = drawn.who[drawn.product == len(SUBSCRIBED) - 1]
    return np.setdiff1d(np.arange(buyers.known(-1)), taken)[:BACKWARDS]


def _backwards(buyers: Buyers) -> pa.Table:
    who = _strangers(buyers)
    start, end = (chunks.months(np.full(len(who), month), company.HISTORY_START) for month in BACKWARDS_TERM)
    return chunks.chunk(
        "subscriptions",
        {
            "customer_id": buyers.ids(who),
            "product_id": [SUBSCRIBED[-1]] * len(who),
            "start_month": start,
            "end_month": end,
            "monthly_eur": np.full(len(who), 59.0),
        },
    )


def _old_scale(buyers: Buyers, done: int) -> pa.Table:
    rng = stream(buyers.seed, "surveys", len(MONTHS))
    nothing = np.full(OLD_SCALE, np.nan)
    return chunks.chunk(
        "surveys",
        {
            "response_id": surveys.response_ids(buyers, done + 1 + np.arange(OLD_SCALE)),
            "date": chunks.days("2023-03", np.sort(rng.integers(0, 28, OLD_SCALE))),
            "product_id": [OLD_SCALE_PRODUCT] * OLD_SCALE,
            "customer_id": buyers.ids(rng.integers(0, buyers.known(-1), OLD_SCALE)),
            "instrument": ["NPS"] * OLD_SCALE,
            "scale_max": np.full(OLD_SCALE, OLD_SCALE_MAX),
            "score": 1 + rng.choice(OLD_SCALE_MAX, OLD_SCALE, p=[0.05, 0.1, 0.2, 0.4, 0.25]),
            "quality_rating": nothing,
            "price_rating": nothing,
            "service_rating": nothing,
        },
    )
