"""Who does well against rivals: judged by revenue, or by the share of a market that grows or shrinks."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pmlib.product import split_revenue_change
from pmlib.product.engine import currency_of, small
from pmlib.teach.exercise import Exercise, Property, Tables, Unusable, Way, Worth
from pmlib.teach.once import once

_PRODUCTS, _WINNING, _LOSING = ("PR3", "PR5"), "winning", "losing"


@once
def _split(tables: Any) -> pd.DataFrame:
    """Split two years' change of our sales of both products, in the order of their ids."""
    names = small(tables, "products", ["product_id", "name", "category"])
    change = split_revenue_change(tables, period=tables.period, apart=24).to_frame()
    return names.merge(change, on="category").set_index("product_id").loc[list(_PRODUCTS)]


def _called(gains: pd.Series) -> dict[str, str]:
    return {str(product): _WINNING if gain > 0 else _LOSING for product, gain in gains.items()}


def _by_revenue(tables: Tables) -> dict[str, str]:
    return _called(_split(tables)["change_k"])


def _by_whatever_falls(tables: Tables) -> dict[str, str]:
    return _called(_split(tables)[["change_k", "share_effect_k"]].min(axis=1))


def _by_share(tables: Tables) -> dict[str, str]:
    return _called(_split(tables)["share_effect_k"])


def _worth(tables: Tables, answer: Any) -> Worth:
    currency, rows = currency_of(tables), _split(tables)
    goes_on = rows["share_effect_k"] * [answer[product] == _WINNING for product in rows.index]
    told = [
        f"{row['name']} is called {answer[product]}: revenue {100 * row['change_k'] / row['own_before_k']:+.0f} % in "
        f"two years; share {100 * row['share_before']:.1f} to {100 * row['share_after']:.1f} %, worth "
        f"{row['share_effect_k']:+,.0f} k {currency}." for product, row in rows.iterrows()]
    return Worth(money_k=float(goes_on.sum()), says=(
        f"{' '.join(told)} If what is called winning goes on for two more years and what is called losing is stopped, "
        f"share makes {goes_on.sum():+,.0f} k {currency}."))


def _is_two_verdicts(_: Tables, answer: Any) -> bool:
    verdicts = answer.values() if isinstance(answer, dict) and set(answer) == set(_PRODUCTS) else [None]
    if not all(verdict in (_WINNING, _LOSING) for verdict in verdicts):
        raise Unusable(f'Answer with {{"PR3": ..., "PR5": ...}}, each "winning" or "losing", got {answer!r}.')
    return True


def _as_its_share(product: str) -> Property:
    return Property(
        says=f"The verdict on {product} is that of its share.",
        holds=lambda tables, answer: bool(answer[product] == _by_share(tables)[product]),
        hint=f"Hold the sales of {product} against those of its whole market, in both years.")


EXERCISE = Exercise(
    name="shrinking_market",
    title="Which team is winning?",
    mistake="A share of a shrinking market",
    question=("Do the teams of Wired thermostat (PR3) and Edge gateway (PR5) win or lose against their rivals, 2025 "
              'against 2023? Answer with {"PR3": ..., "PR5": ...}, each "winning" or "losing".'),
    ways=(
        Way(label="Go by revenue, up or down", answer=_by_revenue,
            hint=("A revenue follows its market first. What did all players in each market sell, and which part of "
                  "that was ours?")),
        Way(label="Raise the alarm wherever anything falls, revenue or share", answer=_by_whatever_falls,
            hint=("A team that gains share while its market shrinks does well; it cannot be blamed for the market. "
                  "Judge by what it can move.")),
        Way(label="Take out what the market did, and look at share", answer=_by_share),
    ),
    worth=_worth,
    properties=(
        Property(says="The answer calls both products winning or losing.", holds=_is_two_verdicts,
                 hint='Write {"PR3": "winning", "PR5": "losing"}, say.'),
        *(_as_its_share(product) for product in _PRODUCTS),
    ),
    hints=(
        "Which part of each change would have come with the same share of the market as before?",
        "pm.product.split_revenue_change(book, period=book.period, apart=24) splits it into market and share.",
        "Winning is who has a share effect above 0. Wired thermostat is in wired thermostats, Edge gateway in edge "
        "gateways.",
    ),
    solution=("Judge a team by its share of the market, not by its revenue alone. "
              "Revenue is the market times our share of it, and only the share is the team's doing. Where the market "
              "shrinks faster than our revenue we win from rivals; where it grows faster we lose to them while the "
              "figures look well. Mean share times the market's change, plus mean market times the share's change, "
              "adds up to the whole change. Whether a shrinking market is worth winning is another question, and the "
              "margin answers it."),
)
