"""Figures of plans for an uncertain future: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from pmlib.plots.style import (
    COLOURS,
    INK,
    LINE,
    MARKERS,
    SMALL,
    amounts,
    axes,
    beside,
    fill,
    finish,
    house_style,
    short,
)

#: Scenarios drawn, letters of a plan's name from which on the legend has one column, inches of its names.
_MOST, _LONG, _INCHES = 6, 30, 6.0


@house_style()
def regrets(frame: pd.DataFrame, ax: Axes | None = None, *, unit: str = "thousand") -> Axes:
    """Draw what each plan loses in every scenario against the best plan for it.

    Parameters
    ----------
    frame : DataFrame
        plan, scenario, probability (0-1), regret_k; one row per plan and scenario.
    ax : Axes, optional
        Drawn upon when given.
    unit : str
        Unit of the regret.
    """
    wide = frame.pivot(index="scenario", columns="plan", values="regret_k")
    worst = wide.max(axis=1).sort_values(ascending=False, kind="stable").index[:_MOST]
    names = [name for name in frame["scenario"].drop_duplicates() if name in worst]
    plans = frame["plan"].drop_duplicates().tolist()
    ax = axes(ax, height=max(2.6, 1.6 + 0.17 * len(names) * len(plans)))
    thick = 0.8 / len(plans)
    for j, plan in enumerate(plans):
        at = np.arange(len(names)) + (j - (len(plans) - 1) / 2) * thick
        ax.barh(at, wide.loc[names, plan], height=0.9 * thick, label=short(plan, inches=_INCHES), **fill(j))
        for y, lost in zip(at, wide.loc[names, plan], strict=True):
            if np.isfinite(lost):
                beside(ax, (lost, y), f"{lost:,.0f}")
    chance = frame.drop_duplicates("scenario").set_index("scenario")["probability"]
    ax.set_yticks(range(len(names)), [_chance(name, chance[name]) for name in names], fontsize=SMALL)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    most = frame["regret_k"].max()
    ax.set_xlim(0, max(1.0, 1.12 * float(most)) if np.isfinite(most) else 1.0)
    amounts(ax.xaxis)
    left_out = wide.shape[0] - len(names)
    rest = f"\n{left_out} scenarios with less to lose are not shown" if left_out else ""
    # Below the words of the axis, which are as high in a low figure as in a high one.
    below = ScaledTranslation(0, -0.8 if rest else -0.6, ax.figure.dpi_scale_trans)
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, 0), bbox_transform=ax.transAxes + below, 
              ncols=1 if max(len(str(plan)) for plan in plans) > _LONG else 2, fontsize=SMALL)
    return finish(ax, title=f"What {'each' if len(plans) > 1 else 'the'} plan loses if a scenario comes (its chance)",
                  x=f"less than the best plan for the scenario, {unit}{rest}")


def _chance(name: object, chance: float) -> str:
    words = short(str(name))
    return words if np.isnan(chance) else f"{words} ({100 * chance:.0f} %)"


@house_style()
def risk_frontier(
    frame: pd.DataFrame, ax: Axes | None = None, *, here: tuple[float, float], unit: str = "thousand",
    tail: float = 0.10, n: int | None = None,
) -> Axes:
    """Draw expected value against the mean of the worst cases, plan by plan, with where the plan stands.

    Parameters
    ----------
    frame : DataFrame
        tail_k, expected_k, exact; one row per plan, most expected value first.
    ax : Axes, optional
        Drawn upon when given.
    here : (float, float)
        Mean of the worst cases and expected value of the plan.
    unit : str
        Unit of both.
    tail : float
        Share of the worst cases.
    n : int, optional
        Number of scenarios.
    """
    ax = axes(ax)
    ax.plot(frame["tail_k"], frame["expected_k"], color=LINE, linewidth=1, linestyle="--", zorder=1)
    for exact, face, label in ((True, COLOURS[0], "proved"), (False, "white", "not proved")):
        rows = frame[frame["exact"] == exact]
        if len(rows):
            ax.plot(rows["tail_k"], rows["expected_k"], MARKERS[0], color=COLOURS[0], markerfacecolor=face,
                    markersize=7, label=f"best plan for its safety, {label}")
    ax.plot(*here, MARKERS[3], color=COLOURS[3], markersize=9, zorder=3)
    ax.annotate("we are here", here, xytext=(8, 6), textcoords="offset points", fontsize=SMALL, color=INK)
    ax.margins(x=0.1, y=0.15)
    amounts(ax.xaxis, ax.yaxis)
    ax.legend(loc="lower left", fontsize=SMALL)
    return finish(ax, title="What safety costs", y=f"expected value, {unit}",
                  x=f"mean of the worst {100 * tail:g} % of {'' if n is None else f'{n} '}cases, {unit}")
