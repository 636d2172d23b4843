"""Figures of what one goal costs in the other: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes

from pmlib.plots.style import COLOURS, INK, MUTED, SMALL, amounts, axes, finish, house_style

#: More points than these are a line.
_MOST_MARKS = 60


@house_style()
def frontier(
    frame: pd.DataFrame, ax: Axes | None = None, *, against: str = "cost_k", unit: str = "thousand",
    other_unit: str = "",
) -> Axes:
    """Draw value against the other total: a line of plans that no other beats, and the plan decided upon.

    Parameters
    ----------
    frame : DataFrame of shape (n_points, ...)
        ``Frontier.points``: value_k, the other total, supported, on_frontier, here.
    ax : Axes, optional
        Drawn upon when given.
    against : str
        Column of the other total.
    unit, other_unit : str
        Unit of the value and of the other total.
    """
    ax = axes(ax)
    good = frame[frame["on_frontier"]]
    ax.plot(good[against], good["value_k"], color=COLOURS[0], linewidth=1.0, alpha=0.6, zorder=1)
    if len(good) <= _MOST_MARKS:
        for supported, marker, label in ((True, "o", "best for some rate of exchange"), (False, "D", "in between")):
            rows = good[good["supported"] == supported]
            if len(rows):
                ax.scatter(rows[against], rows["value_k"], marker=marker, s=34 if supported else 22, label=label,
                           color=COLOURS[0] if supported else "white", edgecolor=COLOURS[0], zorder=2)
        if good["supported"].nunique() > 1:
            ax.legend(loc="lower right", fontsize=SMALL)
    for row in frame[frame["here"]].dropna(subset=[against, "value_k"]).to_dict("records"):
        place = (float(row[against]), float(row["value_k"]))
        ax.scatter(*place, marker="*", s=190, color=COLOURS[3], edgecolor="white", zorder=3)
        left = place[0] < sum(ax.get_xlim()) / 2
        ax.annotate("we are here", place, xytext=(10, -12) if left else (8, -20), textcoords="offset points",
                    fontsize=SMALL + 1, color=INK, fontweight="bold", va="center", ha="left" if left else "right")
    amounts(ax.xaxis, ax.yaxis)
    word = "money still to spend" if against == "cost_k" else against.removesuffix("_k").replace("_", " ")
    return finish(ax, title=f"What value costs: {len(good):,} plan{'s' * (len(good) != 1)} that no other beats",
                  x=", ".join(filter(None, (word, other_unit))), y=f"value, {unit}")


@house_style()
def value_for_money(
    frame: pd.DataFrame, ax: Axes | None = None, *, unit: str = "thousand", currency: str = "",
    plan: tuple[float, float] = (math.nan, math.nan), bounds: tuple[float, float] = (math.nan, math.nan),
) -> Axes:
    """Draw projects one after the other by value for money, and the plan beneath their curve.

    Parameters
    ----------
    frame : DataFrame of shape (n_projects, ...)
        ``ValueForMoney.projects``: project_id, value_k, cost_k, total_cost_k, total_value_k, in_plan.
    ax : Axes, optional
        Drawn upon when given.
    unit, currency : str
        Unit of the value, currency of the money.
    plan : (float, float)
        Money and value of the plan; missing: not drawn.
    bounds : (float, float)
        Value that the plan's money could buy, money that the plan's value would cost, without limits.
    """
    ax = axes(ax)
    before = frame["total_cost_k"] - frame["cost_k"], frame["total_value_k"] - frame["value_k"]
    for taken, colour, width in ((True, COLOURS[0], 2.6), (False, MUTED, 1.2)):
        rows = frame["in_plan"] == taken
        if rows.any():
            x = pd.concat([before[0][rows], frame["total_cost_k"][rows]], axis=1).T
            y = pd.concat([before[1][rows], frame["total_value_k"][rows]], axis=1).T
            lines = ax.plot(x, y, color=colour, linewidth=width, solid_capstyle="butt",
                            linestyle="-" if taken else ":")
            lines[0].set_label(f"{rows.sum()} in the plan" if taken else f"{rows.sum()} not in the plan")
    _plan_beneath(ax, plan, bounds)
    amounts(ax.xaxis, ax.yaxis)
    if len(frame):
        # A curve of falling slope leaves this corner free.
        ax.legend(loc="upper left", fontsize=SMALL, title="projects, best value for money first",
                  title_fontsize=SMALL)
    return finish(ax, title="The plan against the best value for money, were there no limits",
                  x=f"money still to spend, thousand {currency}".rstrip(), y=f"value, {unit}")


def _plan_beneath(ax: Axes, plan: tuple[float, float], bounds: tuple[float, float]) -> None:
    """Mark the plan, with dashes up to what its money could buy and across to what its value would cost."""
    if not math.isfinite(plan[1]):
        return
    (cost, value), (same_money, same_value) = plan, bounds
    ax.plot([same_value, cost, cost], [value, value, same_money], color=MUTED, linestyle="--", linewidth=1, zorder=0)
    ax.scatter(cost, value, marker="*", s=190, color=COLOURS[3], edgecolor="white", zorder=3)
    words = f"the plan\nsame money: up to {same_money:,.0f}\nsame value: from {same_value:,.0f}"
    low, high = ax.get_ylim()
    ax.annotate(words, (cost, value), xytext=(12, 0), textcoords="offset points", fontsize=SMALL, color=INK,
                va="bottom" if value - low < (high - low) / 3 else "top")
