"""Tables about who buys: products, customers, subscriptions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmlib.months import parse_month
from pmlib.sample import company
from pmlib.sample.forms import file_form, month_texts, stream

N_CUSTOMERS = 12_000
N_SUBSCRIPTIONS = 9_000
LOYAL_SHARE = 0.7
WORSE_COHORTS = company.HISTORY_START + 18
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


def products() -> pd.DataFrame:
    """Write the table `products`: eight, each in a market category of its own."""
    names = ("product_id", "name", "model", "launch_month", "category", "vision", "north_star")
    rows = [(product, *facts) for product, facts in PRODUCTS.items()]
    return file_form("products", dict(zip(names, zip(*rows, strict=True), strict=True)))


def customers(*, scale: float, seed: int) -> pd.DataFrame:
    """Write the table `customers`, numbered in the order in which they came.

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
            rng.integers(parse_month("2017-03"), company.HISTORY_START, before),
            rng.integers(company.HISTORY_START, company.PLAN_START, size - before),
        ]
    )
    digits = max(5, len(str(size)))
    return file_form(
        "customers",
        {
            "customer_id": [f"C{n:0{digits}d}" for n in range(1, size + 1)],
            "segment": rng.choice(["offices", "schools", "hospitals", "homes"], size, p=[0.4, 0.2, 0.15, 0.25]),
            "region": rng.choice(list(company.REGIONS), size, p=[0.45, 0.3, 0.25]),
            "first_month": month_texts(np.sort(first)),
            "channel": rng.choice(["installer", "direct", "web", "partner"], size, p=[0.45, 0.25, 0.2, 0.1]),
        },
    )


def subscriptions(buyers: pd.DataFrame, *, scale: float, seed: int) -> pd.DataFrame:
    """Write the table `subscriptions`: renewed or not once a month, worse cohorts from month 19.

    The chance to leave is constant for a person and differs between them, so that retention rises
    with age although nobody becomes loyal.

    Parameters
    ----------
    buyers : DataFrame
        The table `customers`.
    scale : float
        1 gives 9,000.
    seed : int
        Seed of the company.

    References
    ----------
    Fader & Hardie (2007), Journal of Interactive Marketing 21(1).
    """
    rng = stream(seed, "subscriptions")
    each = min(len(buyers), max(20, round(N_SUBSCRIPTIONS * scale / len(_PRICES))))
    who = np.concatenate([rng.permutation(len(buyers))[:each] for _ in _PRICES])
    size = len(who)
    first = _months(buyers["first_month"])[who]
    start = rng.integers(np.maximum(first, company.HISTORY_START), company.PLAN_START)
    loyal = rng.random(size) < LOYAL_SHARE
    leave = np.where(loyal, rng.beta(0.668, 3.806, size), rng.beta(0.704, 1.182, size))
    leave = np.where(start >= WORSE_COHORTS, 1 - (1 - leave) ** 1.35, leave)
    # A chance near 0 would ask for a life longer than an integer holds.
    last = start + np.minimum(rng.geometric(np.clip(leave, 1e-6, 1.0)), 10_000) - 1
    # Whether December is the last month paid shows only in January.
    ended = last < company.HISTORY_END
    end = np.full(size, None, dtype=object)
    end[ended] = month_texts(last[ended])
    prices = np.array(list(_PRICES.values()))
    return file_form(
        "subscriptions",
        {
            "customer_id": buyers["customer_id"].to_numpy()[who],
            "product_id": np.repeat(list(_PRICES), each),
            "start_month": month_texts(start),
            "end_month": end,
            "monthly_eur": prices[np.repeat(np.arange(len(_PRICES)), each), rng.choice(3, size, p=[0.5, 0.35, 0.15])],
        },
    )


def _months(texts: pd.Series) -> np.ndarray:
    known, where = np.unique(texts.to_numpy(dtype=object).astype(str), return_inverse=True)
    return np.array([parse_month(text) for text in known])[where]
