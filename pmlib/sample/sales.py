"""The orders: what was sold, month by month, and what the sales add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa

from pmlib.sample import chunks, company, prices
from pmlib.sample.customers import Buyers
from pmlib.sample.forms import month_texts, stream
from pmlib.sample.prices import ELASTICITY, EXACT, MONTHS

#: product: order lines in three years, growth a year, mean units of a line.
VOLUMES = {
    "PR1": (52_000, 1.03, 9),
    "PR2": (46_000, 1.06, 6),
    "PR3": (28_000, 0.94, 8),
    "PR5": (30_000, 1.09, 3),
    "PR7": (20_000, 1.04, 2),
}
LAUNCHED = "PR8"
SOLD = (*VOLUMES, LAUNCHED)
#: November, counted from 0, and the share of lines sent back.
PROMO_MONTH, RETURNED = 10, 0.005
#: T23: innovation and imitation a month, customers in the market, months before the launch.
BASS = {"innovation": 0.004, "imitation": 0.13, "market": 10_000}
LAUNCH = 12
_UNITS = np.array([*(mean for _, _, mean in VOLUMES.values()), 1])
_ELASTIC = np.array([ELASTICITY.get(product, 0.0) for product in SOLD])


@dataclass(frozen=True, eq=False, kw_only=True)
class Lines:
    """The order lines of one month, by day: places in ``SOLD``, among the buyers and days, and money in EUR."""

    product: np.ndarray
    day: np.ndarray
    who: np.ndarray
    units: np.ndarray
    list_price: np.ndarray
    paid_price: np.ndarray
    promo: np.ndarray


def bass_sales(*, innovation: float, imitation: float, market: float, months: int) -> np.ndarray:
    """Give first purchases in every month after launch, market * (F(t) - F(t - 1)).

    Returns
    -------
    array of shape (months,)

    References
    ----------
    Bass (1969), Management Science 15(5).

    Examples
    --------
    >>> int(bass_sales(innovation=0.004, imitation=0.13, market=10_000, months=40).argmax()) + 1
    26
    """
    fall = np.exp(-(innovation + imitation) * np.arange(months + 1))
    adopted = (1 - fall) / (1 + imitation / innovation * fall)
    return np.asarray(market * np.diff(adopted))


@cache
def line_counts(scale: float) -> np.ndarray:
    """Give the number of order lines by product and month.

    Returns
    -------
    int array of shape (6, 36), read-only

    Examples
    --------
    >>> line_counts(1.0).sum(axis=1).tolist()
    [52000, 46000, 28000, 30000, 20000, 4167]
    """
    expected = np.zeros((len(SOLD), len(MONTHS)))
    for place, (product, (lines, growth, _)) in enumerate(VOLUMES.items()):
        shape = prices.season(product) * growth ** (np.arange(len(MONTHS)) / 12)
        expected[place] = shape / shape.sum() * lines * scale
    expected[-1, LAUNCH:] = bass_sales(**BASS, months=len(MONTHS) - LAUNCH) * scale
    # Rounded sums: what all months sell together is off by no more than one.
    counts = np.diff(np.round(np.cumsum(expected, axis=1)), axis=1, prepend=0).astype(int)
    counts.setflags(write=False)
    return counts


def _basket(scale: float, seed: int, month: int) -> dict[str, np.ndarray]:
    """Draw what does not depend on who buys: product, day, promotion, units and the share of the list price paid."""
    rng = stream(seed, "orders", month)
    product = rng.permutation(np.repeat(np.arange(len(SOLD)), line_counts(scale)[:, month]))
    size = len(product)
    promo = rng.random(size) < (0.35 if month % 12 == PROMO_MONTH else 0.06)
    return {
        "product": product,
        "day": np.sort(rng.integers(0, _length(month), size)),
        "promo": promo,
        "units": 1.0 + rng.poisson(_UNITS[product] - 1),
        # Some lines come back, never of the launched product, whose first sales are counted.
        "back": (rng.random(size) < RETURNED) & (product != SOLD.index(LAUNCHED)),
        "share": 1 - rng.uniform(0.0, 0.12, size) - 0.12 * promo,
    }


def _length(month: int) -> int:
    start = np.datetime64("2023-01", "M") + month
    return int(((start + 1).astype("datetime64[D]") - start.astype("datetime64[D]")).astype(int))


@cache
def _growth_factors(scale: float, seed: int) -> np.ndarray:
    """Give the price factor by product and year that makes the revenue of some products grow exactly as planned."""
    revenue = np.zeros((len(SOLD), 3))
    for month in range(len(MONTHS)):
        basket = _basket(scale, seed, month)
        units = np.where(basket["back"], -1.0, basket["units"])
        revenue[:, month // 12] += np.bincount(basket["product"], units * basket["share"], len(SOLD))
    factor = np.ones_like(revenue)
    for product in EXACT:
        mine, wanted = SOLD.index(product), VOLUMES[product][1] ** np.arange(3)
        if (revenue[mine] > 0).all():
            factor[mine] = revenue[mine, 0] * wanted / revenue[mine]
    return factor


def lines(buyers: Buyers) -> Iterator[Lines]:
    """Draw the order lines, one month at a time.

    Parameters
    ----------
    buyers : Buyers
        Scale 1 gives about 180,000 lines.

    Yields
    ------
    Lines
        36 times, each from a stream of its own.
    """
    seed = buyers.seed
    appetite = np.cumsum(stream(seed, "orders").gamma(0.7, 1.0, len(buyers)))
    listed = np.array([prices.list_prices(product, seed) for product in SOLD])
    base = np.array([prices.base_price(product) for product in SOLD])
    factor = _growth_factors(buyers.scale, seed)
    for month in range(len(MONTHS)):
        basket = _basket(buyers.scale, seed, month)
        product, rng = basket["product"], stream(seed, "orders", month, 1)
        who = _who(buyers, month, len(product), appetite=appetite, rng=rng)
        price = listed[product, buyers.region[who], month]
        units = np.where(basket["back"], -1.0, basket["units"])
        elastic = np.flatnonzero((_ELASTIC[product] != 0) & ~basket["back"])
        of = product[elastic]
        mean = _UNITS[of] * (price[elastic] / base[of, month]) ** _ELASTIC[of]
        units[elastic] = 1.0 + rng.poisson(np.maximum(mean - 1, 0))
        exact = factor[product, month // 12]
        yield Lines(
            product=product, day=basket["day"], who=who, units=units, list_price=np.round(price * exact, 2),
            paid_price=np.round(price * basket["share"] * exact, 2), promo=basket["promo"],
        )  # fmt: skip


def _who(buyers: Buyers, month: int, size: int, *, appetite: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the customer of every line: everyone buys in the first month, later by own appetite."""
    known = buyers.known(month)
    new = np.arange(buyers.known(month - 1), known)[:size]
    drawn = np.searchsorted(appetite[:known], rng.random(size - len(new)) * appetite[known - 1])
    return rng.permutation(np.concatenate([new, drawn]))


def order_ids(buyers: Buyers, numbers: np.ndarray) -> pa.Array:
    """Write numbers of lines, from 1, as order ids; there is room for some beyond the last."""
    digits = max(6, len(str(int(line_counts(buyers.scale).sum()) + 1_000)))
    return chunks.numbered("O", numbers, digits=digits)


def orders(buyers: Buyers) -> Iterator[pa.Table]:
    """Give the table `orders`, one month at a time, numbered by day.

    Parameters
    ----------
    buyers : Buyers
    """
    done = 0
    for text, part in zip(month_texts(MONTHS), lines(buyers), strict=True):
        size = len(part.who)
        yield chunks.chunk(
            "orders",
            {
                "order_id": order_ids(buyers, done + 1 + np.arange(size)),
                "date": chunks.days(text, part.day),
                "customer_id": buyers.ids(part.who),
                "product_id": chunks.named(SOLD, part.product),
                "region": chunks.named(company.REGIONS, buyers.region[part.who]),
                "units": part.units,
                "list_price": part.list_price,
                "paid_price": part.paid_price,
                "promo": part.promo,
                "currency": chunks.named(["EUR"], np.zeros(size, dtype=np.int8)),
            },
        )
        done += size


def booked(buyers: Buyers) -> np.ndarray:
    """Add up what was ordered, without holding the orders.

    Returns
    -------
    array of shape (2, 6, 3, 36)
        EUR and units, by place in ``SOLD``, region and month.
    """
    cells = len(SOLD) * len(company.REGIONS)
    sums = np.zeros((2, cells, len(MONTHS)))
    for month, part in enumerate(lines(buyers)):
        cell = part.product * len(company.REGIONS) + buyers.region[part.who]
        sums[0, :, month] = np.bincount(cell, part.units * part.paid_price, cells)
        sums[1, :, month] = np.bincount(cell, part.units, cells)
    return sums.reshape(2, len(SOLD), len(company.REGIONS), len(MONTHS))


def own_sales(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Add up what the company itself sold, by product, region and month.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``orders``, ``subscriptions`` and ``customers`` in file form.

    Returns
    -------
    DataFrame indexed by product_id, region, month (``YYYY-MM``)
        eur and units (active subscriptions count as one a month).
    """
    lines = tables["orders"]
    sold = lines.assign(month=lines["date"].str[:7], eur=lines["units"] * lines["paid_price"])
    sold = sold.groupby(["product_id", "region", "month"])[["eur", "units"]].sum()
    region = tables["customers"].set_index("customer_id")["region"]
    paying = tables["subscriptions"].assign(region=lambda rows: rows["customer_id"].map(region))
    # Months as text sort like months; an empty end means that the subscription runs on.
    last = paying["end_month"].fillna(month_texts([company.HISTORY_END])[0])
    parts = []
    for month in month_texts(MONTHS):
        here = paying[(paying["start_month"] <= month) & (last >= month)]
        sums = here.groupby(["product_id", "region"])["monthly_eur"].agg(["sum", "count"]).reset_index()
        parts.append(sums.assign(month=month))
    running = pd.concat(parts).rename(columns={"sum": "eur", "count": "units"})
    running = running.set_index(["product_id", "region", "month"]).astype(float)
    everything: pd.DataFrame = pd.concat([sold, running]).sort_index()
    return everything
