"""Figures of the decision record: how often the board overrides, what a good decision is made of, gate readiness."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from pmlib.plots.style import COLOURS, INK, LINE, MUTED, SMALL, axes, beside, fill, finish, house_style, nothing, short


@house_style()
def override_rates(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of decisions that went otherwise than recommended, with 95 % intervals.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``OverrideRates.rates``, those of all first: name, n, overridden, rate, low, high (0-1).
    ax : Axes, optional
        Drawn upon when given.
    """
    frame = frame[frame["n"] > 0]
    ax = axes(ax, height=max(2.4, 1.4 + 0.4 * len(frame)))
    if frame.empty:
        return nothing(ax, "No decision is recorded yet")
    place = np.arange(len(frame))
    errors = np.array([frame["rate"] - frame["low"], frame["high"] - frame["rate"]]).clip(min=0.0)
    ax.errorbar(frame["rate"], place, xerr=errors, fmt="none", ecolor=MUTED, capsize=3)
    for y, row in enumerate(frame.to_dict("records")):
        ax.plot(row["rate"], y, marker="D" if y == 0 else "o", color=INK if y == 0 else COLOURS[0], linestyle="none")
        beside(ax, (row["high"], y), f"{row['overridden']} of {row['n']}")
    ax.axvline(frame["rate"].iloc[0], color=LINE, zorder=0)
    names = ["all decisions", *(f"{name} recommended" for name in frame["name"].iloc[1:])]
    _rows(ax, names)
    ax.set_xlim(0, min(1.0, float(frame["high"].max())) * 1.15)
    _percent(ax)
    return finish(ax, title="How often the board decides otherwise", x="share of decisions, with 95 % interval")


@house_style()
def decision_quality(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw for each of the six elements how much of it is evidenced, answered by the board, and open.

    Parameters
    ----------
    frame : DataFrame of shape (6, ...)
        ``DecisionQuality.elements``: name, evidenced, answered (shares, 0-1), met, asked, weakest.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=3.4)
    place = np.arange(len(frame))
    ax.barh(place, 1.0, height=0.62, color="none", edgecolor=LINE, linewidth=1)
    ax.barh(place, frame["evidenced"], height=0.62, label="shown by record and tables", **fill(0))
    ax.barh(place, frame["answered"], left=frame["evidenced"], height=0.62, label="answered by the board", **fill(1))
    for y, row in enumerate(frame.to_dict("records")):
        beside(ax, (1.0, y), f"{row['met']} of {row['asked']}" + (" ◀ weakest" if row["weakest"] else ""))
    _rows(ax, frame["name"].tolist())
    ax.set_xlim(0, 1.22)
    ax.set_xticks(np.linspace(0, 1, 5))
    _percent(ax)
    if frame["answered"].any():
        ax.legend(fontsize=SMALL, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    return finish(ax, title="A decision is as good as its weakest element", x="share of its questions settled")


@house_style()
def readiness(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw by gate how much of what the board needs is there, and how many projects are ready.

    Parameters
    ----------
    frame : DataFrame of shape (n_gates, ...)
        ``Readiness.by_gate``: gate, n, ready, complete (0-1).
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=max(2.2, 1.3 + 0.45 * len(frame)))
    if frame.empty:
        return nothing(ax, "No project stands before a gate")
    place = np.arange(len(frame))
    ax.barh(place, 1.0, height=0.6, color="none", edgecolor=LINE, linewidth=1)
    ax.barh(place, frame["complete"], height=0.6, **fill(0))
    for y, row in enumerate(frame.to_dict("records")):
        beside(ax, (1.0, y), f"{row['ready']} of {row['n']} ready")
    _rows(ax, [f"gate {gate}" for gate in frame["gate"]])
    ax.set_xlim(0, 1.25)
    ax.set_xticks(np.linspace(0, 1, 5))
    _percent(ax)
    return finish(ax, title="What the board needs, and what is there", x="share of the checklist that is there")


def _percent(ax: Axes) -> None:
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))


def _rows(ax: Axes, names: list[str]) -> None:
    """Name the rows, the first on top."""
    ax.set_yticks(range(len(names)), [short(name) for name in names], fontsize=SMALL, color=MUTED)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
