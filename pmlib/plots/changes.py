"""Figures of what changed between two plans: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pmlib.plots.style import COLOURS, INK, LINE, MUTED, SMALL, TINY, amounts, axes, fill, finish, house_style, short

#: Which bar of the house's list a step is drawn as.
_KINDS = {"more": 2, "less": 3}
_FLIPS = 6


@house_style()
def waterfall(
    frame: pd.DataFrame, ax: Axes | None = None, *, unit: str = "", flips: pd.DataFrame | None = None,
) -> Axes:
    """Draw the steps from the last plan's value to this one's, and list the decisions that flipped.

    Parameters
    ----------
    frame : DataFrame
        ``Attribution.steps()``: label, start, end, kind (plan, more, less).
    ax : Axes, optional
        Drawn upon when given.
    unit : str
        Of the value.
    flips : DataFrame, optional
        ``Attribution.flips``: project_id, before, now, main_cause; the first ones stand below the bars.
    """
    told = [] if flips is None else ["Decisions that flipped, with the main cause:"] * (len(flips) > 0) + [
        f"{row['project_id']}: {row['before']} to {row['now']} ({row['main_cause']})"
        for row in flips.head(_FLIPS).to_dict("records")] + [f"and {len(flips) - _FLIPS} more"] * (len(flips) > _FLIPS)
    ax = axes(ax, height=2.0 + 0.34 * len(frame) + 0.2 * len(told))
    place = np.arange(len(frame))
    for y, row in zip(place, frame.to_dict("records"), strict=True):
        if row["kind"] == "plan":
            ax.plot(row["end"], y, marker="D", color=COLOURS[0], markersize=8)
        else:
            ax.barh(y, row["end"] - row["start"], left=row["start"], height=0.6, **fill(_KINDS[row["kind"]]))
        words = f"{row['end']:,.0f}" if row["kind"] == "plan" else f"{row['end'] - row['start']:+,.0f}"
        ax.annotate(words, (max(row["start"], row["end"]), y), xytext=(8, 0), textcoords="offset points",
                    va="center", fontsize=SMALL, color=INK)
    for y in place[:-1]:
        ax.plot([frame["end"].iloc[y]] * 2, [y + 0.3, y + 0.7], color=MUTED, linewidth=0.8)
    ax.set_xlim(*_reach(frame))
    ax.set_yticks(place, [short(label) for label in frame["label"]], fontsize=SMALL)
    ax.invert_yaxis()
    ax.grid(axis="x", color=LINE)
    ax.set_axisbelow(True)
    amounts(ax.xaxis)
    finish(ax, title="Why the plan is worth more or less than the last one", x=f"value of the plan, {unit}")
    if told:
        # Below the label of the axis, in the same text, so that the layout keeps room for it.
        ax.set_xlabel("\n".join([ax.get_xlabel(), "", *told]), loc="left", fontsize=TINY)
    return ax


def _reach(frame: pd.DataFrame) -> tuple[float, float]:
    """Let the steps fill the axis: the plans are marks, not bars, so nothing is cut off."""
    ends = frame["end"].to_numpy()
    low, high = float(ends.min()), float(ends.max())
    span = (high - low) or abs(high) or 1.0
    return low - 0.1 * span, high + 0.25 * span
