"""Figures of how robust a plan is: each takes frames that its result can print, and computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from pmlib.plots.style import COLOURS, INK, LINE, MUTED, SMALL, TINY, axes, finish, house_style, named, short

#: Colour, hatch and what to do, by verdict.
_ZONES = {"core": (COLOURS[0], "", "fund"), "borderline": (COLOURS[1], "////", "discuss"),
          "exterior": (COLOURS[3], "....", "drop")}
_COLUMNS, _FEW, _ROW = 3, 16, 0.185
#: Shares of a column where a bar begins and ends; inches of a name in one of several columns, and alone.
_BAR_FROM, _BAR_WIDE, _INCHES, _ALONE = 0.73, 0.15, 1.88, 5.2


@house_style()
def core_strip(
    frame: pd.DataFrame, ax: Axes | None = None, *, what: str = "sampled optima", threshold: float = 0.95,
) -> Axes:
    """Draw one bar per project, sorted by share, in three zones: core, borderline, exterior.

    Parameters
    ----------
    frame : DataFrame
        ``RobustCore.to_frame()``, or that of `RobustPortfolios` with ``share`` and ``name``: project_id, name, share
        (0-1), verdict, the largest share first.
    ax : Axes, optional
        Drawn upon when given.
    what : str
        What the shares are of.
    threshold : float
        Share from which on a project is core (0-1).
    """
    across = 1 if len(frame) <= _FEW else _COLUMNS
    deep = -(-(len(frame) + frame["verdict"].nunique() + across - 1) // across)
    ax, place = axes(ax, height=max(2.4, 0.7 + _ROW * deep)), 0
    for zone, rows in frame.groupby("verdict", sort=False):
        if place % deep == deep - 1:
            # A heading stands above its first project, never at the foot of a column.
            place += 1
        x, y = divmod(place, deep)
        ax.text(x, y, f"{zone} {len(rows)}: {_ZONES[str(zone)][2]}", va="center", fontsize=SMALL, fontweight="bold")
        for row in rows.to_dict("records"):
            place += 1
            _project(ax, row, at=divmod(place, deep), inches=_INCHES if across > 1 else _ALONE)
        place += 1
    ax.set_xlim(0, across)
    ax.set_ylim(deep - 0.4, -0.6)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ends = f"core from {100 * threshold:.0f} %" if threshold < 1 else "core in all, exterior in none"
    return finish(ax, title="Which projects are sure, and which to discuss",
                  x=f"Share of the {what} that hold it, in %; {ends}")


def _project(ax: Axes, row: Mapping[Any, Any], *, at: tuple[int, int], inches: float) -> None:
    """Name, bar and share of one project."""
    x, y = at
    colour, hatch, _ = _ZONES[row["verdict"]]
    name = short(named(row["project_id"], row["name"]), inches=inches, size=TINY)
    ax.text(x, y, name, va="center", fontsize=TINY, color=INK)
    ax.barh(y, _BAR_WIDE, left=x + _BAR_FROM, height=0.72, facecolor="none", edgecolor=LINE, linewidth=0.8)
    ax.barh(y, row["share"] * _BAR_WIDE, left=x + _BAR_FROM, height=0.72, color=colour, hatch=hatch,
            edgecolor="white", linewidth=0)
    share = "–" if pd.isna(row["share"]) else f"{100 * row['share']:.0f}"
    ax.text(x + _BAR_FROM + _BAR_WIDE + 0.015, y, share, va="center", fontsize=TINY, color=INK)


@house_style()
def group_plans(frame: pd.DataFrame, losses: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw which plan holds which project on which plans differ, and below what each group loses with it.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``GroupPlans.plans`` on which plans differ: project_id, name, ``on_<plan>``.
    losses : DataFrame
        ``GroupPlans.losses``: plan, ``loss_<group>`` (shares 0-1), largest, projects.
    ax : Axes, optional
        Drawn upon when given.
    """
    n, groups = len(frame), [str(name) for name in losses.columns if str(name).startswith("loss_")]
    labels = [*map(short, map(named, frame["project_id"], frame["name"])),
              *(short(f"lost by {name.removeprefix('loss_')}") for name in groups)]
    ax = axes(ax, height=max(2.4, 1.3 + 0.17 * len(labels)))
    for x, row in enumerate(losses.to_dict("records")):
        for y, on in enumerate(frame[f"on_{row['plan']}"]):
            ax.plot(x, y, marker="s", markersize=8, color=COLOURS[0] if on else "white",
                    markeredgecolor=COLOURS[0] if on else LINE)
        for y, name in enumerate(groups):
            ax.text(x, n + 0.5 + y, f"{100 * row[name]:.1f} %", ha="center", va="center", fontsize=SMALL, color=INK,
                    fontweight="bold" if 0 < row[name] == row["largest"] else "normal")
    ax.axhline(n, color=MUTED, linewidth=1)
    ax.set_yticks([*range(n), *(n + 0.5 + y for y in range(len(groups)))], labels, fontsize=TINY)
    heads = zip(losses["plan"], losses["projects"], strict=True)
    inches = 5.0 / max(len(losses), 1)
    ax.set_xticks(range(len(losses)), [f"{short(plan, inches=inches)}\n{count} on" for plan, count in heads],
                  fontsize=SMALL)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_xlim(-0.6, len(losses) - 0.4)
    ax.set_ylim(n + len(groups) + 0.1, -0.7)
    ax.spines[:].set_visible(False)
    return finish(ax, title="Where the plans differ, and what they cost",
                  x="Filled: kept or started. Below: share of its own best plan's value\nthat a group loses; bold: the "
                    "largest with that plan")
