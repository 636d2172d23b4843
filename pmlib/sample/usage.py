"""On how many days customers used what they pay for: it falls before they leave."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from pmlib.sample import chunks, company
from pmlib.sample.customers import SUBSCRIBED, Buyers, Subscriptions, draw_subscriptions
from pmlib.sample.forms import stream

#: Customers of one chunk.
BLOCK = 20_000
#: Share of the customers from before the history who run a connected gateway all along.
GATEWAY, GATEWAY_SHARE = "PR5", 0.55
PRODUCTS = ("PR4", GATEWAY, "PR6")
#: What is left of the use in the last month of a subscription, and in the two before it.
FADING = (0.25, 0.5, 0.8)
#: As many days as every month has.
_DAYS = 28


def usage(buyers: Buyers) -> Iterator[pa.Table]:
    """Give the table `usage`, one block of customers at a time.

    Parameters
    ----------
    buyers : Buyers
        Scale 1 gives about 150,000 rows.
    """
    drawn = draw_subscriptions(buyers)
    for block in range(-(-len(buyers) // BLOCK)):
        rng = stream(buyers.seed, "usage", block)
        first, last = np.searchsorted(drawn.who, (block * BLOCK, (block + 1) * BLOCK))
        who, product, start, end = _terms(buyers, drawn, slice(first, last), block, rng)
        use = np.where(product == PRODUCTS.index(GATEWAY), rng.beta(9, 3, len(who)), rng.beta(2.2, 3.2, len(who)))
        stop = np.minimum(end, company.HISTORY_MONTHS - 1)
        row = np.repeat(np.arange(len(who)), stop - start + 1)
        month = np.arange(len(row)) - np.repeat(np.cumsum(stop - start + 1) - (stop - start + 1), stop - start + 1)
        month = month + start[row]
        left = np.minimum(end[row] - month, len(FADING))
        chance = use[row] * np.array([*FADING, 1.0])[left]
        yield chunks.chunk(
            "usage",
            {
                "customer_id": buyers.ids(who[row]),
                "product_id": chunks.named(PRODUCTS, product[row]),
                "month": chunks.months(month, company.HISTORY_START),
                "active_days": rng.binomial(_DAYS, chance),
            },
        )


def _terms(
    buyers: Buyers, drawn: Subscriptions, here: slice, block: int, rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """List who used which product from which month to which, sorted by customer and product."""
    old = np.arange(block * BLOCK, min((block + 1) * BLOCK, buyers.known(-1)))
    old = old[rng.random(len(old)) < GATEWAY_SHARE]
    places = np.array([PRODUCTS.index(product) for product in SUBSCRIBED])
    who = np.concatenate([drawn.who[here], old])
    product = np.concatenate([places[drawn.product[here]], np.full(len(old), PRODUCTS.index(GATEWAY))])
    start = np.concatenate([drawn.start[here], np.zeros(len(old), dtype=int)])
    # A gateway runs on beyond the history, so that nothing fades.
    end = np.concatenate([drawn.last[here], np.full(len(old), 10 * company.HISTORY_MONTHS)])
    order = np.lexsort((product, who))
    return who[order], product[order], start[order], end[order]
