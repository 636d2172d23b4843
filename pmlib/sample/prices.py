"""What products cost, to buy and to make: list prices with a lottery in them (truth T19), costs by month."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from pmlib.sample import company
from pmlib.sample.forms import file_form, month_texts, stream

MONTHS = np.arange(company.HISTORY_START, company.PLAN_START)
#: product: list price in EUR at the start, height of its season, the season's best month.
LISTED = {
    "PR1": (89.0, 0.15, 10),
    "PR2": (129.0, 0.28, 9),
    "PR3": (59.0, 0.18, 10),
    "PR5": (349.0, 0.10, 6),
    "PR7": (240.0, 0.30, 4),
    "PR8": (199.0, 0.0, 1),
}
#: Products whose yearly revenue grows exactly as planned (truth T15): their list price stands still.
EXACT = ("PR3", "PR5")
#: T19: change of units in % for 1 % of price.
ELASTICITY = {"PR2": -1.4, "PR7": -0.6}
#: For a year prices follow the season; then they are drawn by lot, three levels over three regions.
LOT_START, SEASONAL_PRICE, LOT = 12, 0.20, (0.85, 1.0, 1.15)
_YEARLY = 1.02
#: product: cost of a unit (or of a subscription a month) in EUR, its change a year, fixed kEUR a month.
_COSTS = {
    "PR1": (41.0, 0.99, 310.0),
    "PR2": (58.0, 0.98, 290.0),
    "PR3": (43.0, 1.04, 70.0),
    "PR4": (18.0, 0.97, 40.0),
    "PR5": (171.0, 0.96, 230.0),
    "PR6": (14.0, 0.98, 26.0),
    "PR7": (131.0, 1.03, 60.0),
    "PR8": (96.0, 0.95, 38.0),
}


def season(product: str) -> np.ndarray:
    """Give demand by month against its mean, for the season alone.

    Returns
    -------
    array of shape (36,)

    Examples
    --------
    >>> float(season("PR1").max().round(2)), int(season("PR1")[:12].argmax()) + 1
    (1.15, 10)
    """
    _, height, best = LISTED.get(product, (0.0, 0.0, 1))
    return np.asarray(1 + height * np.cos(2 * np.pi * (np.arange(len(MONTHS)) % 12 + 1 - best) / 12))


def base_price(product: str) -> np.ndarray:
    """Give the list price in EUR by month, before any lot or season.

    Returns
    -------
    array of shape (36,)
    """
    growth = 1.0 if product in EXACT else _YEARLY
    return np.asarray(LISTED[product][0] * growth ** (np.arange(len(MONTHS)) // 12))


@cache
def list_prices(product: str, seed: int) -> np.ndarray:
    """Give a product's list price in EUR by region and month.

    In the first year it follows the season: dear when many buy. Then every block of six months
    sees each order of the three levels over the three regions once, so that price is unrelated
    to region and month.

    Returns
    -------
    array of shape (3, 36), two decimals, read-only
    """
    base = np.tile(base_price(product), (len(company.REGIONS), 1))
    if product in ELASTICITY:
        _, height, _ = LISTED[product]
        early = np.arange(len(MONTHS)) < LOT_START
        base[:, early] *= 1 + SEASONAL_PRICE * (season(product)[early] - 1) / height
        base[:, ~early] *= _lots(product, seed)
    prices = np.round(base, 2)
    prices.setflags(write=False)
    return prices


def _lots(product: str, seed: int) -> np.ndarray:
    rng = stream(seed, "price_history", int(product[2:]))
    orders = np.array([(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
    blocks = (len(MONTHS) - LOT_START) // len(orders)
    return np.asarray(np.array(LOT)[np.concatenate([rng.permutation(orders) for _ in range(blocks)])].T)


def price_history(*, seed: int) -> pd.DataFrame:
    """Write the table `price_history`: two products, three regions, 36 months.

    Parameters
    ----------
    seed : int
        Seed of the company.
    """
    products, regions, size = list(ELASTICITY), len(company.REGIONS), len(MONTHS)
    return file_form(
        "price_history",
        {
            "product_id": np.repeat(products, regions * size),
            "region": np.tile(np.repeat(company.REGIONS, size), len(products)),
            "month": np.tile(month_texts(MONTHS), len(products) * regions),
            "list_price": np.concatenate([list_prices(name, seed).ravel() for name in products]),
            "randomised": np.tile(np.arange(size) >= LOT_START, len(products) * regions),
        },
    )


def product_costs(*, seed: int) -> pd.DataFrame:
    """Write the table `product_costs`: eight products, 36 months, slowly learning or ageing.

    Parameters
    ----------
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "product_costs")
    unit, change, fixed = np.array(list(_COSTS.values())).T[:, :, None]
    years = np.arange(len(MONTHS)) / 12
    noise = rng.normal(1, (0.01, 0.03), (len(_COSTS), len(MONTHS), 2))
    return file_form(
        "product_costs",
        {
            "product_id": np.repeat(list(_COSTS), len(MONTHS)),
            "month": np.tile(month_texts(MONTHS), len(_COSTS)),
            "unit_cost_eur": np.round(unit * change**years * noise[:, :, 0], 2).ravel(),
            "fixed_k": np.round(fixed * noise[:, :, 1], 1).ravel(),
        },
    )
