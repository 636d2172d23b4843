"""Figures about those who judge: what they weigh, where groups and assessors differ. They compute nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from pmlib.plots.robustness import height_of
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
    finish,
    house_style,
    short,
)  # fmt: skip

# Points that a line of text needs around it, and that a letter is wide.
_LEADING, _LETTER = 3, 5


@house_style()
def value_tree(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the tree of criteria from left to right; the height of a branch is its weight.

    Parameters
    ----------
    frame : DataFrame
        ``Scorecard.value_tree()``: name, depth (0 at the top), leaf, weight (share 0-1 of the whole), top (share of
        the height at which the branch begins).
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=height_of(int(frame["leaf"].sum())))
    last = int(frame["depth"].max()) + 1
    inches = ax.bbox.transformed(ax.figure.dpi_scale_trans.inverted())
    wide, high = 72 * inches.width, 72 * inches.height
    unnamed = 0
    for row in frame.to_dict("records"):
        width = last - row["depth"] if row["leaf"] else 1
        ax.add_patch(Rectangle((row["depth"], row["top"]), width, row["weight"], edgecolor=COLOURS[0], linewidth=1,
                               facecolor="white" if row["leaf"] else "#eef3f7"))
        size = SMALL if high * row["weight"] >= SMALL + _LEADING else TINY
        if high * row["weight"] < size + _LEADING - 1:
            unnamed += 1
            continue
        share = f"  {100 * row['weight']:.0f} %"
        name = _cut(row["name"], int(wide * width / last / _LETTER) - len(share) - 1)
        ax.annotate(name + share, (row["depth"] + 0.02 * last, row["top"] + row["weight"] / 2), va="center",
                    color=INK, fontsize=size)
    ax.set_xlim(0, last)
    ax.set_ylim(1, 0)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    leaves = int(frame["leaf"].sum())
    few = f"; {unnamed} too low to be named" if unnamed else ""
    return finish(ax, title=f"What counts, and how much: {leaves} {'criterion' if leaves == 1 else 'criteria'}",
                  x=f"The height is the weight, in % of the whole{few}")


@house_style()
def group_ranks(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the rank of each project in the eyes of each group.

    Parameters
    ----------
    frame : DataFrame of shape (n_projects, n_groups)
        Projects in the index, one column of ranks (1 = best) per group, the project most in dispute first.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=height_of(len(frame)))
    apart = frame.max(axis=1) - frame.min(axis=1)
    ax.hlines(range(len(frame)), frame.min(axis=1), frame.max(axis=1), color=LINE, linewidth=4, zorder=0)
    for j, group in enumerate(frame.columns):
        # Groups that give the same rank stand one above the other.
        same = frame.eq(frame[group], axis=0)
        shift = 0.3 * (same.iloc[:, :j].sum(axis=1) - (same.sum(axis=1) - 1) / 2)
        ax.plot(frame[group], np.arange(len(frame)) + shift, MARKERS[j % len(MARKERS)],
                color=COLOURS[j % len(COLOURS)], markersize=9, markeredgecolor="white", label=short(group))
    ax.set_yticks(range(len(frame)), [short(name) for name in frame.index], fontsize=SMALL)
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    ax.grid(axis="x")
    ax.tick_params(axis="y", length=0)
    longest = max(len(short(group)) for group in frame.columns)
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.16), ncols=max(1, min(4, 80 // (longest + 4))),
              fontsize=SMALL)
    title = "Projects on whose rank the groups differ most" if apart.any() else "All groups rank the projects alike"
    return finish(ax, title=title, x="Rank, 1 = best")


@house_style()
def assessors(frame: pd.DataFrame, ax: Axes | None = None, *, unit: str = "points") -> Axes:
    """Draw how far each assessor judges above or below the colleagues, on the own programme and on others.

    Parameters
    ----------
    frame : DataFrame
        ``Agreement.to_frame()``: assessor_id, own_<unit> and other_<unit> with their 95 % bounds own_low_<unit>, ...;
        NaN where not measurable.
    ax : Axes, optional
        Drawn upon when given.
    unit : str
        ``levels`` or ``points``.
    """
    ax = axes(ax, height=height_of(len(frame)))
    kinds = (("own", "projects of the own programme"), ("other", "projects of other programmes"))
    for j, (kind, label) in enumerate(kinds):
        place = np.arange(len(frame)) + (0.15 if j else -0.15)
        ax.hlines(place, frame[f"{kind}_low_{unit}"], frame[f"{kind}_high_{unit}"], color=COLOURS[3 * j], linewidth=2)
        ax.plot(frame[f"{kind}_{unit}"], place, MARKERS[3 * j], color=COLOURS[3 * j], markersize=7, label=label,
                markerfacecolor="white" if j else COLOURS[0], linestyle="none")
    ax.axvline(0, color=MUTED, linewidth=0.8)
    unknown = frame[[f"{kind}_{unit}" for kind, _ in kinds]].isna().all(axis=1)
    for y in np.flatnonzero(unknown):
        beside(ax, (0, float(y)), "nobody to compare with")
    ax.set_yticks(range(len(frame)), [short(name) for name in frame["assessor_id"]], fontsize=SMALL)
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.grid(axis="x")
    ax.tick_params(axis="y", length=0)
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.16), ncols=2, fontsize=SMALL)
    return finish(ax, title="How far each assessor judges above the colleagues",
                  x=f"{unit.capitalize()} above (right) or below the colleagues, 95 % interval over projects")


def _cut(name: str, letters: int) -> str:
    text = short(name)
    return text if len(text) <= letters else text[: max(letters - 1, 1)].rstrip("… ") + "…"
