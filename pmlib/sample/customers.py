"""Tables about who buys: products, customers, subscriptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from pmlib.months import parse_month
from pmlib.sample import chunks, company
from pmlib.sample.forms import file_form, stream

N_CUSTOMERS = 12_000
N_SUBSCRIPTIONS = 9_000
EARLIEST = parse_month("2017-03")
SEGMENTS, CHANNELS = ("offices", "schools", "hospitals", "homes"), ("installer", "direct", "web", "partner")
#: T18: the chance to leave is Beta distributed in two groups; cohorts from month 19 renew with a power of it.
LOYAL_SHARE, LOYAL, FICKLE = 0.7, (0.668, 3.806), (0.704, 1.182)
WORSE_FROM, WORSE = 18, 1.35
#: id: name, model, launch, category, vision, north star.
PRODUCTS = {
    "PR1": ("Room climate sensor", "one-off", "2017-03", "climate sensors",
            "Every room knows how it feels", "rooms measured"),
    "PR2": ("Occupancy sensor", "one-off", "2019-09", "occupancy sensing",
            "No empty room is heated", "rooms counted a day"),
    "PR3": ("Wired thermostat", "one-off", "2012-01", "wired thermostats",
            "A good end for a good product", "thermostats in service"),
    "PR4": ("Building cockpit", "subscription", "2023-01", "building software",
            "One screen for the whole building", "buildings opened a week"),
    "PR5": ("Edge gateway", "one-off", "2020-05", "edge gateways",
            "The building thinks for itself", "devices connected"),
    "PR6": ("Energy insight", "subscription", "2023-01", "energy analytics",
            "Nobody pays for wasted heat", "energy saved in MWh"),
    "PR7": ("Calibration service", "service", "2018-06", "calibration services",
            "A reading one can trust", "devices within tolerance"),
    "PR8": ("Air quality monitor", "one-off", "2024-01", "air quality monitors",
            "Clean air you can see", "rooms with good air"),
}  # fmt: skip
_PRICES = {"PR4": (49.0, 99.0, 199.0), "PR6": (29.0, 59.0, 119.0)}
SUBSCRIBED = tuple(_PRICES)


@dataclass(frozen=True, eq=False, kw_only=True)
class Buyers:
    """Every customer as codes, in the order in which they came: what all large tables are drawn from.

    Attributes
    ----------
    first : int array of shape (n,)
        Month of the first purchase, rising.
    region, segment, channel : int arrays of shape (n,)
        Places in ``company.REGIONS``, ``SEGMENTS`` and ``CHANNELS``.
    scale : float
    seed : int
    """

    first: np.ndarray
    region: np.ndarray
    segment: np.ndarray
    channel: np.ndarray
    scale: float
    seed: int

    def __len__(self) -> int:
        """Count the customers."""
        return len(self.first)

    def ids(self, who: np.ndarray) -> pa.Array:
        """Write places as customer ids."""
        return chunks.numbered("C", np.asarray(who) + 1, digits=max(5, len(str(len(self)))))

    def known(self, number: int) -> int:
        """Count who came up to a month of the history, counted from 0."""
        return int(np.searchsorted(self.first, company.HISTORY_START + number, side="right"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Subscriptions:
    """Every subscription as codes, sorted by customer, product and start.

    Attributes
    ----------
    who, product : int arrays of shape (n,)
        Places among the customers and in ``SUBSCRIBED``.
    start, last : int arrays of shape (n,)
        First and last month paid, counted from the history's start; last is beyond it where one runs on.
    monthly : array of shape (n,)
        EUR a month.
    """

    who: np.ndarray
    product: np.ndarray
    start: np.ndarray
    last: np.ndarray
    monthly: np.ndarray


def products() -> pd.DataFrame:
    """Write the table `products`: eight, each in a market category of its own."""
    names = ("product_id", "name", "model", "launch_month", "category", "vision", "north_star")
    rows = [(product, *facts) for product, facts in PRODUCTS.items()]
    return file_form("products", dict(zip(names, zip(*rows, strict=True), strict=True)))


def draw_buyers(*, scale: float, seed: int) -> Buyers:
    """Draw the customers.

    Parameters
    ----------
    scale : float
        1 gives 12,000.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "customers")
    size = max(60, round(N_CUSTOMERS * scale))
    before = size * 5 // 12
    first = np.concatenate(
        [
            rng.integers(EARLIEST, company.HISTORY_START, before),
            rng.integers(company.HISTORY_START, company.PLAN_START, size - before),
        ]
    )
    segment = rng.choice(len(SEGMENTS), size, p=[0.4, 0.2, 0.15, 0.25])
    region = rng.choice(len(company.REGIONS), size, p=[0.45, 0.3, 0.25])
    channel = rng.choice(len(CHANNELS), size, p=[0.45, 0.25, 0.2, 0.1])
    return Buyers(
        first=np.sort(first).astype(np.int32), region=region.astype(np.int8), segment=segment.astype(np.int8),
        channel=channel.astype(np.int8), scale=scale, seed=seed,
    )  # fmt: skip


def customers(buyers: Buyers) -> Iterator[pa.Table]:
    """Give the table `customers`, numbered in the order in which they came.

    Parameters
    ----------
    buyers : Buyers
    """
    for start in range(0, len(buyers), chunks.ROW_GROUP):
        here = slice(start, start + chunks.ROW_GROUP)
        first = buyers.first[here]
        yield chunks.chunk(
            "customers",
            {
                "customer_id": buyers.ids(start + np.arange(len(first))),
                "segment": chunks.named(SEGMENTS, buyers.segment[here]),
                "region": chunks.named(company.REGIONS, buyers.region[here]),
                "first_month": chunks.months(first - EARLIEST, EARLIEST),
                "channel": chunks.named(CHANNELS, buyers.channel[here]),
            },
        )


def draw_subscriptions(buyers: Buyers) -> Subscriptions:
    """Draw the subscriptions: renewed or not once a month, worse cohorts from month 19.

    The chance to leave is constant for a person and differs between them, so that retention rises
    with age although nobody becomes loyal (truth T18).

    Parameters
    ----------
    buyers : Buyers
        Scale 1 gives 9,000.

    References
    ----------
    Fader & Hardie (2007), Journal of Interactive Marketing 21(1).
    """
    rng = stream(buyers.seed, "subscriptions")
    each = min(len(buyers), max(20, round(N_SUBSCRIPTIONS * buyers.scale / len(SUBSCRIBED))))
    who = np.concatenate([rng.permutation(len(buyers))[:each] for _ in SUBSCRIBED])
    size = len(who)
    start = rng.integers(np.maximum(buyers.first[who], company.HISTORY_START), company.PLAN_START)
    start -= company.HISTORY_START
    loyal = rng.random(size) < LOYAL_SHARE
    leave = np.where(loyal, rng.beta(*LOYAL, size), rng.beta(*FICKLE, size))
    leave = np.where(start >= WORSE_FROM, 1 - (1 - leave) ** WORSE, leave)
    # A chance near 0 would ask for a life longer than an integer holds.
    last = start + np.minimum(rng.geometric(np.clip(leave, 1e-6, 1.0)), 10_000) - 1
    product = np.repeat(np.arange(len(SUBSCRIBED)), each)
    monthly = np.array(list(_PRICES.values()))[product, rng.choice(3, size, p=[0.5, 0.35, 0.15])]
    order = np.lexsort((product, who))
    return Subscriptions(who=who[order], product=product[order], start=start[order], last=last[order],
                         monthly=monthly[order])  # fmt: skip


def subscriptions(buyers: Buyers) -> Iterator[pa.Table]:
    """Give the table `subscriptions`.

    Parameters
    ----------
    buyers : Buyers
    """
    drawn = draw_subscriptions(buyers)
    # Whether December is the last month paid shows only in January.
    end = np.where(drawn.last < company.HISTORY_MONTHS - 1, drawn.last, -1)
    for begin in range(0, len(drawn.who), chunks.ROW_GROUP):
        here = slice(begin, begin + chunks.ROW_GROUP)
        yield chunks.chunk(
            "subscriptions",
            {
                "customer_id": buyers.ids(drawn.who[here]),
                "product_id": chunks.named(SUBSCRIBED, drawn.product[here]),
                "start_month": chunks.months(drawn.start[here], company.HISTORY_START),
                "end_month": chunks.months(end[here], company.HISTORY_START),
                "monthly_eur": drawn.monthly[here],
            },
        )


def paid(buyers: Buyers) -> np.ndarray:
    """Add up what subscribers paid.

    Returns
    -------
    array of shape (2, n_products, 3, 36)
        EUR and active subscriptions, by place in ``SUBSCRIBED``, region and month.
    """
    drawn = draw_subscriptions(buyers)
    cell = drawn.product * len(company.REGIONS) + buyers.region[drawn.who]
    cells = len(SUBSCRIBED) * len(company.REGIONS)
    sums = np.zeros((2, cells, company.HISTORY_MONTHS))
    for month in range(company.HISTORY_MONTHS):
        here = (drawn.start <= month) & (drawn.last >= month)
        sums[0, :, month] = np.bincount(cell[here], drawn.monthly[here], cells)
        sums[1, :, month] = np.bincount(cell[here], minlength=cells)
    return sums.reshape(2, len(SUBSCRIBED), len(company.REGIONS), company.HISTORY_MONTHS)
