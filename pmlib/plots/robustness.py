"""Figures of how sure a ranking is: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import PercentFormatter

from pmlib.plots.style import (
    COLOURS,
    INK,
    LINE,
    MARKERS,
    MUTED,
    SMALL,
    TINY,
    axes,
    beside,
    fill,
    finish,
    house_style,
    short,
)  # fmt: skip

# Shares below this are left blank in a heat map; above the other, the number is written in white.
_BLANK, _DARK = 0.005, 0.55


@house_style()
def stability(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw each weight with the interval in which the leader stays first, and who takes over.

    Parameters
    ----------
    frame : DataFrame
        ``Stability.to_frame()``: name, weight, low, high (shares 0-1), taken_over_below, taken_over_above.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax)
    place = np.arange(len(frame))
    ax.hlines(place, 0, 1, color=LINE, linewidth=1, zorder=0)
    ax.barh(
        place, frame["high"] - frame["low"], left=frame["low"], height=0.45, color=COLOURS[4], edgecolor=COLOURS[0]
    )
    ax.plot(frame["weight"], place, MARKERS[3], color=INK, linestyle="none", markersize=7)
    for y, row in enumerate(frame.to_dict("records")):
        _taker(ax, (row["low"], y), row["taken_over_below"], side="right")
        _taker(ax, (row["high"], y), row["taken_over_above"], side="left")
        ax.annotate(f"{100 * row['weight']:.0f} %", (row["weight"], y), xytext=(0, 10), **_above())
    ax.set_yticks(place, [short(name) for name in frame["name"]], fontsize=SMALL)
    ax.invert_yaxis()
    ax.set_xlim(-0.1, 1.1)
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    ax.tick_params(axis="y", length=0)
    x = "Weight; the others keep their proportions. At the ends: who takes over"
    return finish(ax, title="How far each weight can move before the leader changes", x=x)


@house_style()
def acceptability(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how often each project takes each rank: the darker, the more often; the number stands in the cell.

    Parameters
    ----------
    frame : DataFrame of shape (n_projects, n_ranks)
        Shares 0-1; projects in the index, ranks (1 = best) as columns.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax)
    shades = LinearSegmentedColormap.from_list("shares", ["white", COLOURS[0]])
    shares = frame.to_numpy(dtype=float)
    ax.imshow(shares, cmap=shades, vmin=0, vmax=1, aspect="auto")
    for y, x in np.argwhere(shares >= _BLANK):
        ax.annotate(f"{100 * shares[y, x]:.0f}", (x, y), ha="center", va="center", fontsize=TINY,
                    color="white" if shares[y, x] > _DARK else INK)
    ax.set_xticks(range(frame.shape[1]), [str(rank) for rank in frame.columns], fontsize=SMALL)
    ax.set_yticks(range(len(frame)), [short(name) for name in frame.index], fontsize=SMALL)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    title = f"How often each of {len(frame)} projects takes each rank, in 100 draws"
    return finish(ax, title=title, x=f"Rank, 1 = best; ranks after {frame.columns[-1]} are not shown")


@house_style()
def tornado(frame: pd.DataFrame, ax: Axes | None = None, *, now: float = 0.0, leader: str = "the leader") -> Axes:
    """Draw how far each weight and score, alone, moves the leader's lead.

    Parameters
    ----------
    frame : DataFrame
        The first rows of ``Tornado.to_frame()`` with ``label``: what moves, lead_low and lead_high (points), and
        ``low_text`` and ``high_text``: the ends it moves between, in words.
    ax : Axes, optional
        Drawn upon when given.
    now : float
        The lead as it stands, points.
    leader : str
        Whose lead.
    """
    ax = axes(ax)
    for y, row in enumerate(frame.to_dict("records")):
        for j, side in enumerate(("low", "high")):
            end = row[f"lead_{side}"]
            ax.barh(y, end - now, left=now, height=0.6, **fill(j))
            if end in (min(row["lead_low"], row["lead_high"], now), max(row["lead_low"], row["lead_high"], now)):
                beside(ax, (end, y), row[f"{side}_text"], left=end < now)
    ax.axvline(now, color=INK, linewidth=1)
    ax.axvline(0, color=MUTED, linewidth=1, linestyle="--")
    ax.set_yticks(range(len(frame)), [short(name) for name in frame["label"]], fontsize=SMALL)
    ax.invert_yaxis()
    ax.margins(x=0.16)
    ax.tick_params(axis="y", length=0)
    ax.annotate("left of the dashed line another project leads", (0.99, 0.02), xycoords="axes fraction", ha="right",
                fontsize=TINY, color=MUTED)
    return finish(ax, title=f"What the lead of {short(leader)} hangs on, one change at a time",
                  x=f"Points ahead of the best other project; {now:.1f} now")


@house_style()
def funded(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the chance of being funded of the projects that are neither sure nor hopeless.

    Parameters
    ----------
    frame : DataFrame
        project_id, name, share, low, high (0-1, with 95 % interval).
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax)
    place = np.arange(len(frame))
    ax.hlines(place, 0, 1, color=LINE, linewidth=1, zorder=0)
    ax.hlines(place, frame["low"], frame["high"], color=COLOURS[0], linewidth=3)
    ax.plot(frame["share"], place, MARKERS[0], color=COLOURS[0], markersize=7)
    labels = [f"{project} {name}" for project, name in zip(frame["project_id"], frame["name"], strict=True)]
    ax.set_yticks(place, [short(label) for label in labels], fontsize=SMALL)
    ax.invert_yaxis()
    ax.set_xlim(-0.02, 1.02)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    ax.tick_params(axis="y", length=0)
    return finish(ax, title=f"How likely {len(frame)} projects to discuss are funded",
                  x="Share of the sampled plans in which the project is on, with 95 % interval")


def _above() -> dict[str, Any]:
    return {"textcoords": "offset points", "ha": "center", "fontsize": TINY, "color": INK}


def _taker(ax: Axes, end: tuple[float, float], project: Any, *, side: str) -> None:
    if pd.notna(project):
        beside(ax, end, str(project), left=side == "right")


