"""The market each product is in: own sales as they were, the others as a study sees them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from pmlib.sample import chunks, company, customers, prices, sales
from pmlib.sample.customers import PRODUCTS, Buyers
from pmlib.sample.forms import file_form, month_texts, stream
from pmlib.sample.prices import MONTHS
from pmlib.schema import TABLES

#: product: growth of its market a year, own share of the first year (T15) or of the last year.
_MARKETS = {
    "PR1": (1.04, "last", 0.22),
    "PR2": (1.11, "last", 0.17),
    "PR3": (0.88, "first", 0.18),
    "PR4": (1.15, "last", 0.14),
    "PR5": (1.20, "first", 0.24),
    "PR6": (1.25, "last", 0.12),
    "PR7": (1.03, "last", 0.20),
    "PR8": (1.30, "last", 0.10),
}
_RIVALS = {"rival A": 0.30, "rival B": 0.22, "rival C": 0.15, "rival D": 0.11, "other": 0.22}
_DRIFT = {"rival A": 0.98, "rival B": 1.03, "rival C": 1.00, "rival D": 1.08, "other": 0.99}
_PRICE_PM = {"PR4": 90.0, "PR6": 50.0}


def market(buyers: Buyers) -> Iterator[pa.Table]:
    """Give the table `market` in one chunk: own sales as they were, the others as a study sees them.

    Parameters
    ----------
    buyers : Buyers
    """
    rng = stream(buyers.seed, "market")
    ordered, paid = sales.booked(buyers), customers.paid(buyers)
    parts = []
    for product in PRODUCTS:
        running = product in customers.SUBSCRIBED
        eur, units = paid[:, customers.SUBSCRIBED.index(product)] if running else ordered[:, sales.SOLD.index(product)]
        total = _market_total(product, eur)
        parts.append(_players(product, np.round(eur / 1000, 3), units.ravel(), total / 1000, rng))
    frame = pd.concat(parts, ignore_index=True)
    frame = file_form("market", {name: frame[name] for name in frame.columns})
    yield chunks.chunk("market", {name: frame[name] for name in TABLES["market"].names})


def _market_total(product: str, eur: np.ndarray) -> np.ndarray:
    """Give the whole market in EUR by region and month: smooth growth and season, level set by one year's share."""
    growth, anchor, share = _MARKETS[product]
    shape = prices.season(product) * growth ** (np.arange(len(MONTHS)) / 12)
    year = slice(0, 12) if anchor == "first" else slice(24, 36)
    level = eur[:, year].sum() / share / shape[year].sum()
    return np.asarray(level * np.outer(eur.sum(axis=1) / eur.sum(), shape))


def _players(
    product: str, own: np.ndarray, own_units: np.ndarray, total: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Split what the company does not sell among four rivals and the rest."""
    rest = total - own
    years = np.arange(len(MONTHS)) / 12
    pull = np.array([[_RIVALS[name] * _DRIFT[name] ** years] * len(own) for name in _RIVALS])
    pull = pull * rng.lognormal(0, 0.04, pull.shape)
    values = np.round(rest * pull / pull.sum(axis=0), 3)
    values[-1] = np.round(rest - values[:-1].sum(axis=0), 3)
    price = prices.LISTED[product][0] if product in prices.LISTED else _PRICE_PM[product]
    players = ["own", *_RIVALS]
    cells = np.concatenate([own.ravel()[None], values.reshape(len(_RIVALS), -1)])
    units = np.round(1000 * cells / price)
    units[0] = np.maximum(own_units, 0)
    regions = np.repeat(list(company.REGIONS), len(MONTHS))
    months = np.tile(month_texts(MONTHS), len(company.REGIONS))
    error = {"own": 0.0, "other": 10.0}
    return pd.DataFrame(
        {
            "category": PRODUCTS[product][3],
            "region": np.tile(regions, len(players)),
            "month": np.tile(months, len(players)),
            "player": np.repeat(players, len(regions)),
            "units": units.ravel(),
            "value_k": cells.ravel(),
            "source_error_pct": np.repeat([error.get(name, 5.0) for name in players], len(regions)),
        }
    )
