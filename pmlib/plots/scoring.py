"""Figures of the scoring room: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pmlib.plots.style import COLOURS, INK, MARKERS, MUTED, SMALL, axes, beside, fill, finish, house_style, short

_N_LABELS = 6


@house_style()
def contributions(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw stacked bars of what each criterion adds over doing nothing.

    Parameters
    ----------
    frame : DataFrame of shape (n_projects, n_criteria + 1)
        ``Scorecard.bars()``: projects in the index, one column of points per criterion, ``increment`` last.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax)
    place = np.arange(len(frame))
    right, left = np.zeros(len(frame)), np.zeros(len(frame))
    for j, criterion in enumerate(frame.columns.drop("increment")):
        points = frame[criterion].to_numpy(dtype=float)
        start = np.where(points >= 0, right, left)
        ax.barh(place, points, left=start, height=0.72, label=str(criterion), **fill(j))
        right, left = right + np.maximum(points, 0), left + np.minimum(points, 0)
    for y, (end, total) in enumerate(zip(right, frame["increment"], strict=True)):
        ax.annotate(
            f"{total:.0f}", (end, y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=SMALL, color=INK
        )
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.set_yticks(place, [short(name) for name in frame.index], fontsize=SMALL)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.45, -0.16), ncols=3, fontsize=SMALL, handlelength=2.2, handleheight=1.1
    )
    title = f"What lifts the first {len(frame)} projects over doing nothing"
    return finish(ax, title=title, x="Points over doing nothing")


@house_style()
def intervals(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the value of each project with the bounds that missing scores leave.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``Scorecard.to_frame()``: project_id, name, value, low, high (points), n_missing.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax)
    for y, row in enumerate(frame.to_dict("records")):
        whole = row["n_missing"] == 0
        ax.hlines(y, row["low"], row["high"], color=COLOURS[3], linewidth=3)
        face = COLOURS[0] if whole else "white"
        ax.plot(row["value"], y, MARKERS[0 if whole else 1], color=COLOURS[0 if whole else 3], markerfacecolor=face)
        if not whole:
            text = f"{row['low']:.0f} to {row['high']:.0f}, {row['n_missing']} missing"
            beside(ax, (row["high"], y), text)
    ax.set_yticks(range(len(frame)), [short(name) for name in _labels(frame)], fontsize=SMALL)
    ax.invert_yaxis()
    ax.set_xlim(0, 105)
    ax.grid(axis="x")
    open_ = int((frame["n_missing"] > 0).sum())
    known = f"{open_} lack a score" if open_ > 1 else "1 lacks a score" if open_ else "every score known"
    return finish(ax, title=f"Value of {len(frame)} projects, {known}", x="Points of 100; a line: between bounds")


@house_style()
def value_for_money(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "EUR") -> Axes:
    """Draw cumulative points against cumulative cost in buying order, with the hull.

    Parameters
    ----------
    frame : DataFrame
        ``ValueForMoney.to_frame()``: project_id, cum_cost_k (thousands), cum_value (points), hull.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Currency on the axis.
    """
    ax = axes(ax)
    cost, value, corner = frame["cum_cost_k"], frame["cum_value"], frame["hull"]
    ax.plot([0.0, *cost[corner]], [0.0, *value[corner]], color=COLOURS[1], linewidth=4, alpha=0.5, label="hull")
    ax.plot([0.0, *cost], [0.0, *value], color=COLOURS[0], linewidth=1)
    ax.plot(cost[corner], value[corner], MARKERS[0], color=COLOURS[0], markersize=4)
    ax.plot(cost[~corner], value[~corner], MARKERS[0], color=COLOURS[0], markersize=4, markerfacecolor="white")
    for row in frame.iloc[_spread(len(frame))].to_dict("records"):
        place = (row["cum_cost_k"], row["cum_value"])
        ax.annotate(row["project_id"], place, xytext=(8, -5), textcoords="offset points", fontsize=SMALL, color=INK)
    ax.set_ylim(bottom=0)
    ax.grid()
    ax.ticklabel_format(style="plain")
    ax.xaxis.set_major_formatter(lambda k, _: f"{k:,.0f}")
    ax.annotate("wide line: the most that a divisible budget buys", (0.98, 0.04), xycoords="axes fraction", **_note())
    title = "What the money buys, best points per cost first"
    return finish(ax, title=title, x=f"Cumulative cost still to be spent, thousand {currency}", y="Cumulative points")


@house_style()
def explanation(frame: pd.DataFrame, ax: Axes | None = None, *, a: str = "a", b: str = "b") -> Axes:
    """Draw by how many points one project beats the other on each criterion.

    Parameters
    ----------
    frame : DataFrame
        ``Explanation.to_frame()``: name, difference (points), judged.
    ax : Axes, optional
        Drawn upon when given.
    a, b : str
        The two projects.
    """
    ax = axes(ax)
    place = np.arange(len(frame))
    for y, row in enumerate(frame.to_dict("records")):
        ahead = row["difference"] >= 0
        ax.barh(y, row["difference"], height=0.6, **fill(0 if ahead else 1))
        text = f"{row['difference']:+.1f}" + ("" if row["judged"] else " (score missing)")
        beside(ax, (row["difference"], y), text, left=not ahead)
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.set_yticks(place, [short(name) for name in frame["name"]], fontsize=SMALL)
    ax.invert_yaxis()
    ax.margins(x=0.18)
    ax.tick_params(axis="y", length=0)
    first, second = (name if name == "doing nothing" else name.split(maxsplit=1)[0] for name in (a, b))
    x = f"Points: right of 0 for {first}, left for {second}"
    return finish(ax, title=f"{short(a)} against {short(b)}", x=x)


def _note() -> dict[str, Any]:
    return {"ha": "right", "fontsize": SMALL, "color": MUTED}


def _labels(frame: pd.DataFrame) -> list[str]:
    pairs = zip(frame["project_id"], frame["name"], strict=True)
    return [project if project == name else f"{project} {name}" for project, name in pairs]


def _spread(n: int) -> list[int]:
    """Rows to be labelled: a few, evenly over the curve, the first and the last among them."""
    return sorted({int(row) for row in np.linspace(0, n - 1, min(n, _N_LABELS)).round()})
