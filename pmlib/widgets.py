"""Sliders over the answers: other weights, another budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import ipywidgets as ipy
import pandas as pd

from pmlib.display import table
from pmlib.portfolio import Decision, Policy, rebalance
from pmlib.portfolio.valuation import Scored
from pmlib.scoring import Scorecard, score

_TOP = 8
_STEPS = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class Live:
    """Sliders with the answer beneath them.

    Attributes
    ----------
    sliders : dict of name to slider
    shown : HTML widget
        The answer at the sliders' values.
    text : str
        What stands here where nothing can be moved.
    """

    sliders: dict[str, ipy.Widget]
    shown: ipy.HTML
    text: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        box = ipy.VBox([*self.sliders.values(), self.shown])
        return {**box._repr_mimebundle_(), "text/plain": self.text}


def weights(tables: Mapping[str, pd.DataFrame], *, group: str = "board") -> Live:
    """Move the weights and watch the ranking.

    Parameters
    ----------
    tables : mapping of table name to frame
        As for `score`.
    group : str
        Whose weights the sliders start from.
    """
    card = score(tables, group=group)
    sliders = {
        leaf: ipy.IntSlider(value=round(100 * weight), min=0, max=100, description=card.tree.names[leaf],
                            style={"description_width": "16em"}, continuous_update=False)
        for leaf, weight in zip(card.tree.leaves, card.weights.astype(float), strict=True)
    }

    def ranking() -> str:
        points = {leaf: float(slider.value) for leaf, slider in sliders.items()}
        if not any(points.values()):
            return "<p>Give at least one criterion a weight.</p>"
        return _ranking(score(tables, weights=points))

    text = f"{len(sliders)} sliders, one for each weight: open the notebook in JupyterLab to move them."
    return _live(sliders, ranking, text)


def budget(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None, values: pd.Series | None = None,
    points: Scored | pd.Series | None = None, policy: Policy | None = None, plan: Decision | None = None,
) -> Live:
    """Move the budget and watch the plan.

    Parameters
    ----------
    tables, period, values, points, policy
        As for `rebalance`; the slider sets ``policy.budget_k``, for all years together.
    plan : Decision, optional
        The plan to begin with, where it is there already.
    """
    start = policy or Policy()
    if plan is None:
        plan = rebalance(tables, period=period, values=values, points=points, policy=start)
    first = _plan(plan)
    everything = float(plan.actions["cost_on_k"].sum())
    now = start.budget_k or (plan.cost_k if plan.found else everything)
    top = max(everything, now)
    slider = ipy.FloatSlider(value=now, min=0, max=top, step=max(top / _STEPS, 1.0), description="Budget, thousand",
                             readout_format=",.0f", style={"description_width": "16em"}, continuous_update=False)

    def decided() -> str:
        policy = replace(start, budget_k=float(slider.value))
        return _plan(rebalance(tables, period=period, values=values, points=points, policy=policy))

    return _live({"budget_k": slider}, decided, "A slider for the budget: open the notebook in JupyterLab to move it.",
                 first=first)


def _live(sliders: dict[str, Any], answer: Callable[[], str], text: str, *, first: str | None = None) -> Live:
    shown = ipy.HTML(value=answer() if first is None else first)

    def update(_: Any) -> None:
        shown.value = answer()

    for slider in sliders.values():
        slider.observe(update, names="value")
    return Live(sliders=dict(sliders), shown=shown, text=text)


def _ranking(card: Scorecard) -> str:
    columns = {"rank": "Rank", "project_id": "Project", "name": "Name", "value": "Points"}
    return f"<p>{escape(card.summary())}</p>" + table(card.to_frame(), caption="The first projects.", columns=columns,
                                                      rows=_TOP).html


def _plan(plan: Decision) -> str:
    return f"<p>{escape(plan.summary())}</p>"
