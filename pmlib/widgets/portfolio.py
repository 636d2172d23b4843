"""Sliders over the plan: another budget, other people, another mix."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import ipywidgets as ipy
import pandas as pd

from pmlib.display import table
from pmlib.errors import ParameterError
from pmlib.portfolio import Decision, Policy, rebalance
from pmlib.portfolio.valuation import Scored
from pmlib.portfolio.variations import Variations, WhatIf
from pmlib.widgets.live import Live, live

_STEPS = 20
#: Percent of the people in the tables, and how far one step goes.
_AS_NOW, _MOST, _STEP = 100, 200, 10
#: Search nodes of a redraw: what takes more is shown as far as it got, with its gap.
_NODES = 300


def budget(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None, values: pd.Series | None = None,
    points: Scored | pd.Series | None = None, policy: Policy | None = None, plan: Decision | None = None,
) -> Live:
    """Move the budget and the people of each skill, and watch the plan.

    A slider that is left where it was changes nothing: the budgets by year hold until the budget is moved.

    Parameters
    ----------
    tables, period, values, points, policy
        As for `rebalance`; the slider sets ``policy.budget_k``, for all years together.
    plan : Decision, optional
        The plan to begin with, where it is there already.
    """
    if plan is None:
        plan = rebalance(tables, period=period, values=values, points=points, policy=policy)
    variations = Variations(plan, node_limit=_NODES)
    everything = float(plan.actions["cost_on_k"].sum())
    now = plan.policy.budget_k or (plan.cost_k if plan.found else everything)
    top = max(everything, now)
    money = ipy.FloatSlider(value=now, min=0, max=top, step=max(top / _STEPS, 1.0), description="Budget, thousand",
                            readout_format=",.0f", continuous_update=False)
    people = {skill: ipy.IntSlider(value=_AS_NOW, min=0, max=_MOST, step=_STEP, description=f"{skill}, % of people",
                                   continuous_update=False) for skill in variations.skills}

    def decided() -> str:
        return _told(variations.ask(
            budget_k=None if money.value == now else float(money.value),
            capacity={skill: slider.value / _AS_NOW for skill, slider in people.items()}))

    text = f"A slider for the budget and {len(people)} for people: open the notebook in JupyterLab to move them." \
        if people else "A slider for the budget: open the notebook in JupyterLab to move it."
    return live({"budget_k": money} | people, decided, text)


def mix(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None, values: pd.Series | None = None,
    points: Scored | pd.Series | None = None, policy: Policy | None = None, plan: Decision | None = None,
) -> Live:
    """Move the bands of the mix, and watch the plan, its shares of money and what the bands cost.

    Parameters
    ----------
    tables, period, values, points, policy
        As for `rebalance`; a slider sets floor and ceiling of one horizon in ``mix_targets``.
    plan : Decision, optional
        The plan to begin with, where it is there already.
    """
    if plan is None:
        plan = rebalance(tables, period=period, values=values, points=points, policy=policy)
    variations = Variations(plan, node_limit=_NODES)
    now = {horizon: (round(100 * low), round(100 * high)) for horizon, (low, high) in variations.bands.items()}
    sliders = {horizon: ipy.IntRangeSlider(value=band, min=0, max=100, description=f"{horizon}, % of money",
                                           continuous_update=False) for horizon, band in now.items()}

    def mixed() -> str:
        if not sliders:
            raise ParameterError("mix: no project has a horizon, so no band can be set. Give projects a programme_id "
                                 "and their programme a horizon.")
        moved = {horizon: (slider.value[0] / 100, slider.value[1] / 100) for horizon, slider in sliders.items()
                 if tuple(slider.value) != now[horizon]}
        found = variations.ask(mix=moved)
        shares = table(found.mix, caption="Shares of the money still to be spent, and the bands.", columns={
            "horizon": "Horizon", "today_share": "Going on as now", "plan_share": "Plan", "floor_share": "Floor",
            "ceiling_share": "Ceiling"})
        return f"{_told(found, _cost_of_bands(found, variations.without_bands()))}{shares.html}"

    text = f"{len(sliders)} sliders, one for each band: open the notebook in JupyterLab to move them."
    return live(sliders, mixed, text)


def _cost_of_bands(found: WhatIf, free: WhatIf) -> str:
    if not (found.found and free.found):
        return ""
    lost = free.value_k - found.value_k
    if not round(lost):
        return "The bands cost nothing: without any of them no plan is worth more."
    return f"The bands cost {lost:,.0f} {found.unit}: without any of them the plan is worth {free.value_k:,.0f}."


def _told(found: WhatIf, more: str = "") -> str:
    words = escape(" ".join(filter(None, (found.summary(), more))))
    if found.decisions.empty:
        return f"<p>{words}</p>"
    caption = (f"Decisions that differ, and what insisting on the old one costs, {found.unit}: exact, or at least and "
               "at most.")
    return f"<p>{words}</p>" + table(found.decisions, caption=caption, columns={
        "project_id": "Project", "name": "Name", "reason": "Decision and why", "insisting": "Insisting costs"}).html
