"""Figure of a promise that was measured: it takes the steps of the case and computes nothing."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from pmlib.plots.style import COLOURS, INK, MARKERS, MUTED, axes, finish, house_style

_SMALL = 10
_ROWS = {"claim": "promised", "evidence": "measured", "both together": "both together",
         "evidence doubted": "both, evidence doubted"}


@house_style()
def case(frame: pd.DataFrame, ax: Axes | None = None, *, subject: str = "", metric: str = "the metric") -> Axes:
    """Draw claim, evidence and both together as ranges, and the change from which going on pays as a line.

    Parameters
    ----------
    frame : DataFrame
        ``Case.to_frame()``: step, value, low, high, unit, text.
    ax : Axes, optional
        Drawn upon when given.
    subject : str
        The project.
    metric : str
        What was promised to change.
    """
    ax = axes(ax, height=3.4)
    if frame.empty:
        ax.set_axis_off()
        return finish(ax, title="No promise was measured: there is nothing to weigh")
    steps = {str(row["step"]): row for row in frame.to_dict("records")}
    needed = steps["break-even"]
    for place, step in enumerate(_ROWS):
        row = steps[step]
        ax.hlines(place, row["low"], row["high"], color=COLOURS[place], linewidth=3)
        ax.plot(row["value"], place, MARKERS[place], color=COLOURS[place], markersize=9)
        ax.annotate(row["text"], (row["value"], place), xytext=(0, 9), textcoords="offset points", ha="center",
                    fontsize=_SMALL, color=INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
    ax.axvline(needed["value"], color=INK, linestyle="--", linewidth=1.4, zorder=0)
    ax.axvline(0, color=MUTED, linewidth=0.8, zorder=0)
    ax.annotate(f"going on pays from {needed['text']}", (needed["value"], len(_ROWS) - 0.45), xytext=(5, 0),
                textcoords="offset points", va="center", fontsize=_SMALL, color=INK)
    ax.set_yticks(range(len(_ROWS)), list(_ROWS.values()))
    ax.set_ylim(len(_ROWS) - 0.15, -0.6)
    found, both = steps["evidence"], steps["both together"]
    side = "below" if abs(both["value"]) < abs(needed["value"]) else "past"
    said = f"{found['text']} measured, {both['text']} expected: {side} what pays"
    return finish(ax, title=f"{subject}:\n{said}" if subject else said,
                  x=f"change of {metric}, {found['unit']}; each range is right 8 times in 10")
