"""Sliders over the plan: another budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape

import ipywidgets as ipy
import pandas as pd

from pmlib.portfolio import Decision, Policy, rebalance
from pmlib.portfolio.valuation import Scored
from pmlib.widgets.live import Live, live

_STEPS = 20


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

    return live({"budget_k": slider}, decided, "A slider for the budget: open the notebook in JupyterLab to move it.",
                 first=first)


def _plan(plan: Decision) -> str:
    return f"<p>{escape(plan.summary())}</p>"
