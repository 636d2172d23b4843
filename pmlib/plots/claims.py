"""Figure of claims that were measured: it takes the intervals and computes nothing."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from pmlib.plots.style import COLOURS, INK, LINE, MARKERS, MUTED, TINY, axes, finish, house_style, nothing, short

#: Steps from top to bottom within a row, and how they are called.
_STEPS = {"claimed": "claimed", "measured": "measured, widened by kind", "both": "both together"}


@house_style()
def beliefs(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw claim, measurement, both together and what pays for every measured claim, in % of what was claimed.

    Parameters
    ----------
    frame : DataFrame
        ``Beliefs.intervals()``: row, claim, step, text, value, low, high, break_even.
    ax : Axes, optional
        Drawn upon when given.
    """
    rows = frame.drop_duplicates("row")
    ax = axes(ax, height=max(2.8, 1.6 + 0.7 * len(rows)))
    if frame.empty:
        return nothing(ax, "No claim was measured: there is nothing to weigh")
    ax.axvline(0, color=LINE, zorder=0)
    ax.axvline(100, color=MUTED, linewidth=0.8, zorder=0)
    for at in frame.to_dict("records"):
        j = list(_STEPS).index(at["step"])
        y = at["row"] + 0.26 * (j - 1)
        ax.hlines(y, at["low"], at["high"], color=COLOURS[j], linewidth=2.5)
        ax.plot(at["value"], y, MARKERS[j], color=COLOURS[j], markersize=6)
        ax.annotate(at["text"], (at["high"], y), xytext=(4, 0), textcoords="offset points", va="center",
                    fontsize=TINY, color=INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    ax.vlines(rows["break_even"], rows["row"] - 0.4, rows["row"] + 0.4, color=INK, linestyle="--", linewidth=1.4)
    ax.set_yticks(rows["row"].tolist(), [short(name) for name in rows["claim"]])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    # Right of the longest range there is room for its number.
    low, high = ax.get_xlim()
    ax.set_xlim(low, high + 0.12 * (high - low))
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.xaxis.set_major_formatter(PercentFormatter(100.0, decimals=0, symbol=" %"))
    marks = [Line2D([], [], color=COLOURS[j], marker=MARKERS[j], label=name) for j, name in enumerate(_STEPS.values())]
    marks.append(Line2D([], [], color=INK, linestyle="--", label="pays from here on"))
    ax.legend(handles=marks, fontsize=TINY, loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=len(marks))
    return finish(ax, title="What was claimed, measured and is believed",
                  x="of what was claimed; each range is right 8 times in 10")
