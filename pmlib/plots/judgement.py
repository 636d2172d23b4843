"""Figures about those who judge: what they weigh, where groups and assessors differ. They compute nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pmlib.plots.style import COLOURS, INK, LINE, MARKERS, MUTED, SMALL, TINY, axes, finish, house_style, short

# Branches lower than this share of the figure have their name in small letters.
_LOW = 0.06


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
    ax = axes(ax)
    deepest = int(frame["depth"].max())
    for row in frame.to_dict("records"):
        width = deepest - row["depth"] + 1 if row["leaf"] else 1
        face = "white" if row["leaf"] else "#eef3f7"
        ax.add_patch(Rectangle((row["depth"], row["top"]), width, row["weight"], facecolor=face, edgecolor=COLOURS[0],
                               linewidth=1))
        ax.annotate(f"{short(row['name'])}  {100 * row['weight']:.0f} %",
                    (row["depth"] + 0.04, row["top"] + row["weight"] / 2), va="center", color=INK,
                    fontsize=TINY if row["weight"] < _LOW else SMALL)
    ax.set_xlim(0, deepest + 1)
    ax.set_ylim(1, 0)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    leaves = int(frame["leaf"].sum())
    return finish(ax, title=f"What counts, and how much: {leaves} criteria, the height is the weight")


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
    ax = axes(ax)
    for y, ranks in enumerate(frame.to_numpy(dtype=float)):
        ax.hlines(y, ranks.min(), ranks.max(), color=LINE, linewidth=4, zorder=0)
    for j, group in enumerate(frame.columns):
        ax.plot(frame[group], range(len(frame)), MARKERS[j % len(MARKERS)], color=COLOURS[j % len(COLOURS)],
                markersize=7, label=str(group))
    ax.set_yticks(range(len(frame)), [short(name) for name in frame.index], fontsize=SMALL)
    ax.invert_yaxis()
    ax.grid(axis="x")
    ax.tick_params(axis="y", length=0)
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.16), ncols=4, fontsize=SMALL)
    return finish(ax, title="Projects on whose rank the groups differ most", x="Rank, 1 = best")


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
    ax = axes(ax)
    kinds = (("own", "projects of the own programme"), ("other", "projects of other programmes"))
    for j, (kind, label) in enumerate(kinds):
        place = np.arange(len(frame)) + (0.15 if j else -0.15)
        ax.hlines(place, frame[f"{kind}_low_{unit}"], frame[f"{kind}_high_{unit}"], color=COLOURS[3 * j], linewidth=2)
        ax.plot(frame[f"{kind}_{unit}"], place, MARKERS[3 * j], color=COLOURS[3 * j], markersize=7, label=label,
                markerfacecolor="white" if j else COLOURS[0], linestyle="none")
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.set_yticks(range(len(frame)), frame["assessor_id"].astype(str), fontsize=SMALL)
    ax.invert_yaxis()
    ax.grid(axis="x")
    ax.tick_params(axis="y", length=0)
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.16), ncols=2, fontsize=SMALL)
    return finish(ax, title="How far each assessor judges above the colleagues",
                  x=f"{unit.capitalize()} above (right) or below the colleagues, 95 % interval over projects")
