"""Figures of what changed between two plans: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pmlib.plots.style import COLOURS, INK, LINE, MUTED, SMALL, amounts, axes, fill, finish, house_style, short

#: Which bar of the house's list a step is drawn as.
_KINDS = {"more": 2, "less": 3}


@house_style()
def waterfall(frame: pd.DataFrame, ax: Axes | None = None, *, unit: str = "") -> Axes:
    """Draw the steps from the last plan's value to this one's.

    Parameters
    ----------
    frame : DataFrame
        ``Attribution.steps()``: label, start, end, kind (plan, more, less).
    ax : Axes, optional
        Drawn upon when given.
    unit : str
        Of the value.
    """
    ax = axes(ax, height=1.6 + 0.34 * len(frame))
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
    return finish(ax, title="Why the plan is worth more or less than the last one", x=f"value of the plan, {unit}")


def _reach(frame: pd.DataFrame) -> tuple[float, float]:
    """Let the steps fill the axis: the plans are marks, not bars, so nothing is cut off."""
    ends = frame["end"].to_numpy()
    low, high = float(ends.min()), float(ends.max())
    span = (high - low) or abs(high) or 1.0
    return low - 0.1 * span, high + 0.25 * span
