"""Why a figure moved: every real change taken apart by the accounts behind it, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import pandas as pd

from pmlib.months import month_name
from pmlib.product.board import change_text
from pmlib.product.change import Arrow
from pmlib.product.engine import Tables
from pmlib.product.market import RevenueSplit
from pmlib.product.marts import product_months
from pmlib.product.money.margin import ProductMargin
from pmlib.product.money.price_volume_mix import effects_of
from pmlib.product.money.recurring import recurring_bridge
from pmlib.product.voice.ratings import rating_moves
from pmlib.product.wording import listed, signed_money

_PARTS = ("price", "volume", "mix", "new", "discontinued")
_FLOWS = ("new", "reactivation", "expansion", "contraction", "churn")
_COLUMNS = ["product_id", "name", "metric", "moved", "why"]
_UNEXPLAINED = "the tables do not say why"
_YEAR = 12

Why: TypeAlias = Callable[[pd.Series], str]


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """What the explanations are read from: tables, and results the board has already made.

    Attributes
    ----------
    tables : mapping
        The tables.
    products : DataFrame
        ``product_id``, ``model``, ``category``.
    margin : ProductMargin or None
        Contribution by month; None without costs.
    split : RevenueSplit or None
        Market and share effects by category; None without a study.
    period, months : int
        Last month and length of the later window.
    currency : str
        Currency of the money.
    """

    tables: Tables
    products: pd.DataFrame
    margin: ProductMargin | None
    split: RevenueSplit | None
    period: int
    months: int
    currency: str


def causes_of(changes: pd.DataFrame, accounts: Accounts) -> pd.DataFrame:
    """Say of every real change what it was made of.

    Revenue is taken apart into price, volume and mix of segments (orders) or into the flows of subscriptions; a margin
    into unit costs and fixed costs; a share into our sales and the market's; a score into the ratings that moved with
    it, which go along with it and need not be its cause.

    Parameters
    ----------
    changes : DataFrame
        ``ProductReview.changes``.
    accounts : Accounts
        What the explanations are read from.

    Returns
    -------
    DataFrame
        One row per change with an arrow up or down, in the order of ``changes``: ``product_id``, ``name``,
        ``metric``, ``moved`` and ``why`` (words).
    """
    real = changes[changes["arrow"].isin([Arrow.UP, Arrow.DOWN])]
    whys = {metric: why(accounts) for metric, why in _WHY.items() if (real["metric"] == metric).any()}
    rows = [
        {"product_id": change["product_id"], "name": change["name"], "metric": change["metric"],
         "moved": change_text(change), "why": whys[change["metric"]](change) or _UNEXPLAINED}
        for _, change in real.iterrows()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=_COLUMNS)


def _revenue_why(accounts: Accounts) -> Why:
    """Explain revenue by price, volume and mix of segments, and by the flows of subscriptions."""
    sold, flows = _sold(accounts), _flows(accounts)

    def why(change: pd.Series) -> str:
        product = str(change["product_id"])
        said = _effects(sold[product], accounts) if product in sold else []
        if product in flows:
            amounts = listed(_effects({name: float(flows[product][f"{name}_k"]) for name in _FLOWS}, accounts))
            moved = flows[product]["closing_k"] - flows[product]["opening_k"]
            said.append(f"a month's subscriptions {signed_money(moved, accounts.currency)} ({amounts})")
        return listed(said) if said else ""

    return why


def _sold(accounts: Accounts) -> dict[str, dict[str, float]]:
    """Effects of price, volume and mix on the revenue from orders of each product, thousand."""
    last, months = accounts.period, accounts.months
    rows = product_months(accounts.tables, last=last)
    rows = rows.filter((rows.month > last - 2 * months) & (rows.units != 0))
    keys = {"product_id": rows.product_id, "segment": rows.segment, "later": rows.month > last - months}
    sums = rows.group_by(**keys).agg(units=rows.units.sum(), money=rows.orders_e4.sum()).to_pandas()
    wide = sums.pivot(index=["product_id", "segment"], columns="later", values=["units", "money"])
    wide = wide.reindex(columns=pd.MultiIndex.from_product([["units", "money"], [False, True]])).fillna(0.0)
    wide.columns = pd.Index(["units_before", "units_after", "money_before", "money_after"])
    wide = wide.assign(constant_after=wide["money_after"]).sort_index()
    return {
        str(product): {name: float(effects_of(rows)[f"{name}_k"].sum()) for name in _PARTS}
        for product, rows in wide.groupby(level="product_id")
    }


def _flows(accounts: Accounts) -> dict[str, dict[str, float]]:
    if accounts.tables.get("subscriptions") is None:
        return {}
    bridge = recurring_bridge(accounts.tables, period=accounts.period, months=accounts.months).bridge
    money = bridge.set_index("product_id")[[*(f"{name}_k" for name in _FLOWS), "opening_k", "closing_k"]]
    return {str(product): {str(name): float(value) for name, value in row.items()} for product, row in money.iterrows()}


def _effects(amounts: Mapping[str, float], accounts: Accounts) -> list[str]:
    """Write every effect above a fiftieth of the largest, the largest first."""
    most = max((abs(value) for value in amounts.values()), default=0.0)
    worth = sorted((name for name in amounts if abs(amounts[name]) > most / 50), key=lambda name: -abs(amounts[name]))
    return [f"{name} {signed_money(amounts[name], accounts.currency)}" for name in worth]


def _margin_why(accounts: Accounts) -> Why:
    """Split a change of margin into what units cost and what fixed costs weigh, in points of revenue."""
    # Without costs no margin has moved, and nobody asks.
    assert accounts.margin is not None
    months, last, length = accounts.margin.months, accounts.period, accounts.months
    later = months["month"] > last - length
    windows = [months[later], months[~later & (months["month"] > last - 2 * length)]]
    after, before = (rows.groupby("product_id")[["variable_k", "fixed_k", "revenue_k"]].sum() for rows in windows)

    def why(change: pd.Series) -> str:
        now, then = after.loc[change["product_id"]], before.loc[change["product_id"]]
        weighs = {
            words: 100 * (then[column] / then["revenue_k"] - now[column] / now["revenue_k"])
            for words, column in (("unit costs", "variable_k"), ("fixed costs", "fixed_k"))
        }
        ordered = sorted(weighs.items(), key=lambda one: -abs(one[1]))
        told = [f"{words} take {abs(points):.1f} pp {'less' if points > 0 else 'more'}" for words, points in ordered]
        return f"{listed(told)} of revenue"

    return why


def _share_why(accounts: Accounts) -> Why:
    """Set our sales of a category beside the market's."""
    categories = accounts.products.set_index("product_id")["category"]
    effects = {} if accounts.split is None else accounts.split.categories.set_index("category").to_dict("index")

    def why(change: pd.Series) -> str:
        category = categories.get(change["product_id"])
        row = effects.get(category, {"own_before_k": 0.0})
        if not row["own_before_k"] > 0:
            return ""
        own, market = (100 * (row[f"{who}_after_k"] / row[f"{who}_before_k"] - 1) for who in ("own", "market"))
        return f"our sales of {category} {own:+.1f} %, the market {market:+.1f} %"

    return why


def _retention_why(accounts: Accounts) -> Why:
    newest = accounts.period - _YEAR
    begun = f"{month_name(newest - accounts.months + 1)} to {month_name(newest)}"
    return lambda _: f"customers who began in {begun}, against those of the {accounts.months} months before"


def _score_why(accounts: Accounts) -> Why:
    """Name the ratings that moved with a score."""
    rated = any(str(name).endswith("_rating") for name in accounts.tables["surveys"].columns)
    moves = rating_moves(accounts.tables, period=accounts.period, months=accounts.months).moves if rated else None

    def why(change: pd.Series) -> str:
        if moves is None:
            return ""
        along = moves[(moves["product_id"] == change["product_id"]) & (moves["arrow"] == change["arrow"])]
        if along.empty:
            return "no single rating moved beyond chance with it"
        words = [f"{row['rating']} {row['change']:+.0f} pp" for row in along.sort_values("p").to_dict("records")]
        return f"good ratings went along: {listed(words)}"

    return why


_WHY: dict[str, Callable[[Accounts], Why]] = {
    "revenue": _revenue_why, "margin": _margin_why, "share": _share_why, "nps": _score_why, "csat": _score_why,
    "retention_12": _retention_why,
}  # fmt: skip
