"""Figures of how sure a ranking is: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

from collections.abc import Iterable

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

# Shares up to this are left blank in a heat map; above the other, a number reads better in white than in black.
_BLANK, _DARK = 0.005, 0.92


@house_style()
def stability(frame: pd.DataFrame, ax: Axes | None = None, *, kept: str = "the leader first") -> Axes:
    """Draw each weight with the interval in which the leader stays first, and who takes over.

    Parameters
    ----------
    frame : DataFrame
        ``Stability.to_frame()``: name, weight, low, high (shares 0-1), taken_over_below, taken_over_above.
    ax : Axes, optional
        Drawn upon when given.
    kept : str
        What stays between the ends.
    """
    ax = axes(ax, height=height_of(len(frame)))
    place = np.arange(len(frame))
    ax.hlines(place, 0, 1, color=LINE, linewidth=1, zorder=0)
    ax.barh(
        place, frame["high"] - frame["low"], left=frame["low"], height=0.45, color=COLOURS[4], edgecolor=COLOURS[0]
    )
    ax.plot(frame["weight"], place, MARKERS[3], color=INK, linestyle="none", markersize=7)
    for y, row in enumerate(frame.to_dict("records")):
        for end, side in (("low", "below"), ("high", "above")):
            if pd.notna(row[f"taken_over_{side}"]):
                beside(ax, (row[end], y), short(row[f"taken_over_{side}"]), left=side == "below")
    _on_paper(ax)
    named = zip(frame["name"], frame["weight"], strict=True)
    _rows(ax, [f"{short(name)}  {100 * weight:.0f} %" for name, weight in named])
    # Room for who takes over at 0 and at 100 %.
    room = 0.03 + 0.018 * max((len(text.get_text()) for text in ax.texts), default=0)
    ax.set_xlim(-room, 1 + room)
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    return finish(ax, title=f"Weights that keep {kept}",
                  x="Weight (diamond: now); the others keep their proportions\nBeside a bar: who takes over there")


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
    ax = axes(ax, height=height_of(len(frame)))
    shades = LinearSegmentedColormap.from_list("shares", ["white", COLOURS[0]])
    shares = frame.to_numpy(dtype=float)
    ax.imshow(shares, cmap=shades, vmin=0, vmax=1, aspect="auto")
    for y, x in np.argwhere(shares > _BLANK):
        ax.annotate(f"{100 * shares[y, x]:.0f}", (x, y), ha="center", va="center", fontsize=TINY,
                    color="white" if shares[y, x] > _DARK else "black")
    ax.set_xticks(range(frame.shape[1]), [str(rank) for rank in frame.columns], fontsize=SMALL)
    ax.set_yticks(range(len(frame)), [short(name) for name in frame.index], fontsize=SMALL)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    # The ranks of a project add up to 1.
    whole = bool((shares.sum(axis=1) > 1 - _BLANK).all())
    rest = "" if whole else f"; ranks after {frame.columns[-1]} are not shown"
    return finish(ax, title="How often each project takes each rank", x=f"Rank, 1 = best; in % of the draws{rest}")


@house_style()
def tornado(
    frame: pd.DataFrame, ax: Axes | None = None, *, now: float = 0.0, leader: str = "the leader", alone: bool = False
) -> Axes:
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
    alone : bool
        Whether there is no other project: its value stands for the lead.
    """
    ax = axes(ax, height=height_of(len(frame)))
    what = "value" if alone else "lead"
    if frame.empty:
        ax.set_axis_off()
        return finish(ax, title=f"The {what} of {short(leader)} hangs on no single weight or score that could move")
    for y, row in enumerate(frame.to_dict("records")):
        ends = row["lead_low"], row["lead_high"]
        # Where both ends lie on one side of now, the longer bar must not hide the shorter.
        for j in sorted((0, 1), key=lambda j: -abs(ends[j] - now)):
            ax.barh(y, ends[j] - now, left=now, height=0.6, **fill(j))
        # An end between now and the other end is within that one's bar and has no label.
        labels = {row["lead_low"]: row["low_text"], row["lead_high"]: row["high_text"]}
        for end in labels.keys() & {min(*ends, now), max(*ends, now)}:
            beside(ax, (end, y), labels[end], left=end < max(*ends, now))
    ax.axvline(now, color=INK, linewidth=1)
    _on_paper(ax)
    _rows(ax, map(short, frame["label"]))
    ax.margins(x=0.16)
    x = f"Points, {now:.1f} now"
    if not alone:
        ax.axvline(0, color=MUTED, linewidth=1, linestyle="--")
        x = f"Points ahead, {now:.1f} now; left of the dashed line another project leads"
    return finish(ax, title=f"What the {what} of {short(leader)} hangs on, one change at a time",
                  x=f"{x}\nPlain: at the lower end of the range, hatched: at the upper end")


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
    ax = axes(ax, height=height_of(len(frame)))
    place = np.arange(len(frame))
    ax.hlines(place, 0, 1, color=LINE, linewidth=1, zorder=0)
    ax.hlines(place, frame["low"], frame["high"], color=COLOURS[0], linewidth=3)
    ax.plot(frame["share"], place, MARKERS[0], color=COLOURS[0], markersize=7)
    _rows(ax, map(short, frame["project_id"] + " " + frame["name"]))
    ax.set_xlim(-0.02, 1.02)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    return finish(ax, title=f"Chance of being funded: {len(frame)} {'project' if len(frame) == 1 else 'projects'} to "
                            "discuss", x="Share of the sampled plans that fund it, with 95 % interval")


def height_of(rows: int) -> float:
    """Inches that so many labelled rows need: four until they would run into each other."""
    return max(4.0, 0.9 + 0.18 * rows)


def _rows(ax: Axes, names: Iterable[str]) -> None:
    """Name the rows, the first on top."""
    labels = list(names)
    ax.set_yticks(range(len(labels)), labels, fontsize=SMALL)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def _on_paper(ax: Axes) -> None:
    """Keep lines from crossing the direct labels."""
    for text in ax.texts:
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1})
