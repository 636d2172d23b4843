"""pmlib, the decision workbook for portfolios and products.

Score the projects, rebalance the portfolio, evaluate the products; every name is loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pmlib import plots as plots
    from pmlib import portfolio as portfolio
    from pmlib import product as product
    from pmlib import reporting as reporting
    from pmlib import scoring as scoring
    from pmlib import teach as teach
    from pmlib import widgets as widgets
    from pmlib.aspects import portfolio_or_product as portfolio_or_product
    from pmlib.display import answer as answer
    from pmlib.display import figure as figure
    from pmlib.display import if_available as if_available
    from pmlib.display import note as note
    from pmlib.display import reconcile as reconcile
    from pmlib.display import table as table
    from pmlib.forward_value import one_list as one_list
    from pmlib.period_review import review_period as review_period
    from pmlib.portfolio import Policy as Policy
    from pmlib.portfolio import rebalance as rebalance
    from pmlib.product import review_products as review_products
    from pmlib.quality import data_quality as data_quality
    from pmlib.reporting import record as record
    from pmlib.scoring import score as score
    from pmlib.workbook import open_workbook as open_workbook

_ROOMS = ("plots", "portfolio", "product", "reporting", "scoring", "teach", "widgets")
_VERBS = {
    "Policy": "portfolio", "answer": "display", "data_quality": "quality", "figure": "display",
    "if_available": "display", "note": "display", "one_list": "forward_value", "open_workbook": "workbook",
    "portfolio_or_product": "aspects", "rebalance": "portfolio", "reconcile": "display", "record": "reporting",
    "review_period": "period_review", "review_products": "product", "score": "scoring", "table": "display",
}

__all__ = [
    "Policy", "answer", "data_quality", "figure", "if_available", "note", "one_list", "open_workbook", "plots",
    "portfolio", "portfolio_or_product", "product", "rebalance", "reconcile", "record", "reporting",
    "review_period", "review_products", "score", "scoring", "table", "teach", "widgets",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("pmlib")
    if name in _ROOMS:
        return importlib.import_module(f"pmlib.{name}")
    if name in _VERBS:
        return getattr(importlib.import_module(f"pmlib.{_VERBS[name]}"), name)
    raise AttributeError(f"module 'pmlib' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
