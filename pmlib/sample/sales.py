"""Tables about sales: orders and the market they are a share of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pmlib.sample import company
from pmlib.sample.customers import PRODUCTS
from pmlib.sample.forms import file_form, month_texts, stream

MONTHS = np.arange(company.HISTORY_START, company.PLAN_START)
#: product: order lines in three years, growth a year, season's height and its best month, list price, mean units.
_SALES = {
    "PR1": (52_000, 1.03, 0.15, 10, 89.0, 9),
    "PR2": (46_000, 1.06, 0.20, 9, 129.0, 6),
    "PR3": (28_000, 0.94, 0.18, 10, 59.0, 8),
    "PR5": (30_000, 1.09, 0.10, 6, 349.0, 3),
    "PR7": (20_000, 1.04, 0.25, 4, 240.0, 2),
}
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
#: Products whose yearly revenue grows exactly as `_SALES` says, so that T15 holds to the digit.
EXACT = ("PR3", "PR5")
_RIVALS = {"rival A": 0.30, "rival B": 0.22, "rival C": 0.15, "rival D": 0.11, "other": 0.22}
_DRIFT = {"rival A": 0.98, "rival B": 1.03, "rival C": 1.00, "rival D": 1.08, "other": 0.99}
#: November, counted from 0, and the share of lines sent back.
PROMO_MONTH, RETURNED = 10, 0.005
_BASS = (0.004, 0.13, 10_000, 12)
_PRICE_PM = {"PR4": 90.0, "PR6": 50.0, "PR8": 199.0}


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


def _season(height: float, best: int) -> np.ndarray:
    return 1 + height * np.cos(2 * np.pi * (np.arange(len(MONTHS)) % 12 + 1 - best) / 12)


def _lines(scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Give product and month number of every order line, before they are put in order."""
    products: list[tuple[str, np.ndarray]] = []
    for product, (lines, growth, height, best, _, _) in _SALES.items():
        shape = _season(height, best) * growth ** (np.arange(len(MONTHS)) / 12)
        products.append((product, np.diff(np.round(np.cumsum(shape) / shape.sum() * lines * scale), prepend=0)))
    innovation, imitation, market, launch = _BASS
    adopters = bass_sales(
        innovation=innovation, imitation=imitation, market=market * scale, months=len(MONTHS) - launch
    )
    products.append(("PR8", np.concatenate([np.zeros(launch), np.round(adopters)])))
    names = np.concatenate([np.full(int(count.sum()), name, dtype=object) for name, count in products])
    months = np.concatenate([np.repeat(np.arange(len(MONTHS)), count.astype(int)) for _, count in products])
    return names, months


def _buyers(months: np.ndarray, first: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give the customer of every line: everyone buys in the first month, later by own appetite."""
    appetite = np.cumsum(rng.gamma(0.7, 1.0, len(first)))
    who = np.empty(len(months), dtype=int)
    edges = np.searchsorted(months, np.arange(len(MONTHS) + 1))
    for number, month in enumerate(MONTHS):
        here = np.arange(edges[number], edges[number + 1])
        known = np.searchsorted(first, month, side="right")
        new = np.arange(np.searchsorted(first, month), known)[: len(here)]
        drawn = np.searchsorted(appetite[:known], rng.random(len(here) - len(new)) * appetite[known - 1])
        who[here] = rng.permutation(np.concatenate([new, drawn]))
    return who


def _exact_growth(revenue: np.ndarray, products: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Give the price factor per line that makes the yearly revenue of some products grow as planned."""
    factor = np.ones(len(revenue))
    for product in EXACT:
        growth = _SALES[product][1]
        base = revenue[(products == product) & (years == 0)].sum()
        for year in (1, 2):
            here = (products == product) & (years == year)
            factor[here] = base * growth**year / revenue[here].sum()
    return factor


def _prices(
    products: np.ndarray, months: np.ndarray, promo: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give units, list price and paid price of every line."""
    catalogue = {**{name: (row[4], row[5]) for name, row in _SALES.items()}, "PR8": (199.0, 1)}
    names, code = np.unique(products.astype(str), return_inverse=True)
    price, mean = np.array([catalogue[name] for name in names]).T
    years = months // 12
    listed = price[code] * np.where(np.isin(products, EXACT), 1.0, 1.02**years)
    units = 1.0 + rng.poisson(np.maximum(mean[code] - 1, 0))
    # Some lines come back, never of the launched product, whose first sales are counted.
    units = np.where((rng.random(len(months)) < RETURNED) & (products != "PR8"), -1.0, units)
    paid = listed * (1 - rng.uniform(0.0, 0.12, len(months)) - 0.12 * promo)
    factor = _exact_growth(units * paid, products, years)
    return units, np.round(listed * factor, 2), np.round(paid * factor, 2)


def orders(buyers: pd.DataFrame, *, scale: float, seed: int) -> pd.DataFrame:
    """Write the table `orders`, numbered by day.

    Parameters
    ----------
    buyers : DataFrame
        The table `customers`, in the order of their first month.
    scale : float
        1 gives about 180,000 lines.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "orders")
    products, months = _lines(scale)
    length = np.diff(_month_starts().astype("datetime64[D]")).astype(int)
    day = (rng.random(len(months)) * length[months]).astype(int)
    order = np.lexsort((rng.random(len(months)), day, months))
    products, months, day = products[order], months[order], day[order]
    first = np.array([_number(text) for text in buyers["first_month"]])
    who = _buyers(months, first, rng)
    promo = rng.random(len(months)) < np.where(months % 12 == PROMO_MONTH, 0.35, 0.06)
    units, list_price, paid = _prices(products, months, promo, rng)
    dates = _month_starts()[months].astype("datetime64[D]") + day
    digits = max(6, len(str(len(months))))
    return file_form(
        "orders",
        {
            "order_id": [f"O{n:0{digits}d}" for n in range(1, len(months) + 1)],
            "date": np.datetime_as_string(dates, unit="D"),
            "customer_id": buyers["customer_id"].to_numpy()[who],
            "product_id": products,
            "region": buyers["region"].to_numpy()[who],
            "units": units,
            "list_price": list_price,
            "paid_price": paid,
            "promo": promo,
            "currency": "EUR",
        },
    )


def _month_starts() -> np.ndarray:
    return np.datetime64("2023-01", "M") + np.arange(len(MONTHS) + 1)


def _number(text: str) -> int:
    return int(text[:4]) * 12 + int(text[5:])


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


def market(tables: Mapping[str, pd.DataFrame], *, seed: int) -> pd.DataFrame:
    """Write the table `market`: own sales as they were, the others as a study sees them.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``orders``, ``subscriptions`` and ``customers`` in file form.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "market")
    own = own_sales(tables)
    months = month_texts(MONTHS)
    cells = pd.MultiIndex.from_product([list(company.REGIONS), months])
    parts = []
    for product in PRODUCTS:
        sold = own.loc[product] if product in own.index else own.iloc[:0].droplevel(0)
        sold = sold.reindex(cells).fillna(0.0)
        eur = sold["eur"].to_numpy().reshape(len(company.REGIONS), -1)
        total = _market_total(product, eur)
        parts.append(_players(product, np.round(eur / 1000, 3), sold["units"].to_numpy(), total / 1000, rng))
    frame = pd.concat(parts, ignore_index=True)
    return file_form("market", {name: frame[name] for name in frame.columns})


def _market_total(product: str, eur: np.ndarray) -> np.ndarray:
    """Give the whole market in EUR by region and month: smooth growth and season, level set by one year's share."""
    growth, anchor, share = _MARKETS[product]
    _, _, height, best, _, _ = _SALES.get(product, (0, 1.0, 0.0, 1, 0.0, 0))
    shape = _season(height, best) * growth ** (np.arange(len(MONTHS)) / 12)
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
    price = _SALES[product][4] if product in _SALES else _PRICE_PM[product]
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
