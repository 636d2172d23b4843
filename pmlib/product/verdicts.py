"""Invest, keep or sunset: one declared rule for every product, from what the board knows."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any

import pandas as pd

from pmlib.product.change import Arrow
from pmlib.product.standing.sunset import KEEP, SUNSET, SunsetTest
from pmlib.product.wording import figure_text, listed

_GROWS, _CONTENT = ("revenue", "share"), ("nps", "csat", "retention_12", "share")
_WORDS = {"revenue": "revenue", "share": "market share", "nps": "NPS", "csat": "CSAT", "retention_12": "retention"}


class Verdict(StrEnum):
    """What the board recommends for a product."""

    INVEST = "invest"
    KEEP = "keep"
    SUNSET = "sunset"
    UNKNOWN = "not enough data"


#: The rule, in the order it is asked; the first that holds decides.
RULES = {
    Verdict.UNKNOWN: "Its costs or its revenue are not known for the whole window.",
    Verdict.SUNSET: "It surely earns less than it costs to keep, and another year like the last would not mend that.",
    Verdict.INVEST: "It surely earns more than it costs to keep, its revenue or share really rose, and neither share, "
                    "NPS, CSAT nor retention really fell.",
    Verdict.KEEP: "All others: what speaks against investing is named.",
}  # fmt: skip


def rules() -> pd.DataFrame:
    """Return the rule as a table: ``verdict``, ``when``, in the order it is asked.

    Examples
    --------
    >>> rules()["verdict"].tolist()
    ['not enough data', 'sunset', 'invest', 'keep']
    """
    return pd.DataFrame({"verdict": [str(verdict) for verdict in RULES], "when": list(RULES.values())})


def judge(board: pd.DataFrame, sunset: SunsetTest | None) -> pd.DataFrame:
    """Apply the rule to every product of the board.

    Parameters
    ----------
    board : DataFrame
        ``ProductReview.board``: ``product_id`` and the arrow of every metric.
    sunset : SunsetTest or None
        Contribution against cost to keep; None without costs.

    Returns
    -------
    DataFrame
        One row per product in the board's order: ``product_id``, ``name``, ``verdict``, ``because``, ``margin_k``,
        ``margin_low_k``, ``margin_high_k`` (contribution less cost to keep, thousand; NaN where not known).
    """
    tested = {} if sunset is None else {row["product_id"]: row for row in sunset.products.to_dict("records")}
    rows = []
    for product in board.to_dict("records"):
        test = tested.get(product["product_id"])
        verdict, because = _judged(product, test, currency="" if sunset is None else sunset.currency)
        margins = {name: test[name] if test else float("nan") for name in ("margin_k", "margin_low_k", "margin_high_k")}
        rows.append({"product_id": product["product_id"], "name": product["name"], "verdict": str(verdict),
                     "because": because} | margins)  # fmt: skip
    columns = ["product_id", "name", "verdict", "because", "margin_k", "margin_low_k", "margin_high_k"]
    return pd.DataFrame(rows, columns=columns)


def _judged(product: dict[Any, Any], test: dict[Any, Any] | None, *, currency: str) -> tuple[Verdict, str]:
    if test is None or math.isnan(test["margin_low_k"]):
        return Verdict.UNKNOWN, "no costs in this workbook" if test is None else str(test["reason"])
    left = f"between {figure_text(test['margin_low_k'])} and {figure_text(test['margin_high_k'])} {currency}"
    rose, fell = _moved(product, _GROWS, Arrow.UP), _moved(product, _CONTENT, Arrow.DOWN)
    if test["verdict"] == SUNSET:
        although = f", although {listed(rose)} rose" if rose else ""
        return Verdict.SUNSET, f"{test['reason']}: after its cost to keep it leaves {left}{although}"
    doubts = [f"{word} fell" for word in fell]
    if test["verdict"] != KEEP:
        doubts.insert(0, f"{test['reason']} ({left})")
    if not rose:
        doubts.append("neither revenue nor share is known to rise")
    if doubts:
        return Verdict.KEEP, listed(doubts)
    return Verdict.INVEST, f"{listed(rose)} rose, nothing fell, and after its cost to keep it leaves {left}"


def _moved(product: dict[Any, Any], metrics: tuple[str, ...], arrow: Arrow) -> list[str]:
    return [_WORDS[metric] for metric in metrics if product[f"{metric}_arrow"] == arrow]
