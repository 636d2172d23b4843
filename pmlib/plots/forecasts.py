"""Figures of closed forecasts: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from pmlib.plots.style import (
    COLOURS,
    INK,
    MARKERS,
    MUTED,
    SMALL,
    TINY,
    axes,
    beside,
    finish,
    house_style,
    nothing,
    short,
)  # fmt: skip

_ALL = "all"
#: More lines than these cannot be told apart.
_LINES = 6
#: Least distance of two labels, as a share of the axis.
_APART = 0.05
_NAMED = 3


@house_style()
def calibration(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw what share of outcomes lay at or below P10, P50 and P90, by estimator, with 95 % intervals.

    Parameters
    ----------
    frame : DataFrame
        ``ForecastLog.points``: estimator_id, stated, observed, low, high, n; of many estimators those with most
        forecasts are drawn.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=4.6)
    if frame.empty:
        return nothing(ax, "No stated range has a known outcome")
    own = frame[frame["estimator_id"] != _ALL].sort_values(["n", "estimator_id"], ascending=[False, True])
    names = sorted(own["estimator_id"].drop_duplicates().head(_LINES))
    shown = [name for name in (*names, _ALL) if len(names) != 1 or name == _ALL]
    ax.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1)
    ax.annotate("as stated", (0.3, 0.32), fontsize=TINY, color=MUTED, rotation=33, ha="center", va="bottom")
    ends = {}
    for j, name in enumerate(shown):
        rows, whole = frame[frame["estimator_id"] == name], name == _ALL
        place = rows["stated"] + 0.012 * (j - (len(shown) - 1) / 2)
        error = np.clip([rows["observed"] - rows["low"], rows["high"] - rows["observed"]], 0, None)
        ax.errorbar(place, rows["observed"], yerr=error, color=INK if whole else COLOURS[j], capsize=2,
                    marker=MARKERS[-1 if whole else j], markersize=8 if whole else 5, linewidth=2 if whole else 1,
                    elinewidth=1, zorder=3 if whole else 2)
        ends[f"{short(name, inches=1.0)}, n {rows['n'].iloc[-1]}"] = float(rows["observed"].iloc[-1])
    for text, y in _spread(ends).items():
        beside(ax, (0.95, y), text)
    ax.set_xlim(0, 1.12)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xticks([0.1, 0.5, 0.9], ["10 % (P10)", "50 % (P50)", "90 % (P90)"])
    _percent(ax, y=True)
    return finish(ax, title="How often outcomes came out below what was stated", x="stated",
                  y="observed, with 95 % interval")


def _spread(ends: dict[str, float]) -> dict[str, float]:
    """Move labels apart that would lie upon each other, within the axis."""
    order = sorted(ends, key=lambda text: ends[text])
    placed: dict[str, float] = {}
    last = -np.inf
    for text in order:
        last = placed[text] = max(ends[text], last + _APART)
    top = 1.0
    for text in reversed(order):
        placed[text] = min(placed[text], top)
        top = placed[text] - _APART
    return placed


@house_style()
def ratios(frame: pd.DataFrame, ax: Axes | None = None, *, factors: pd.DataFrame, what: str = "outcome") -> Axes:
    """Draw outcome / forecast of every closed project in order, with mean, P50 and P80 marked.

    Parameters
    ----------
    frame : DataFrame
        ``ReferenceClass.cases``: project_id, ratio; falling ratio.
    ax : Axes, optional
        Drawn upon when given.
    factors : DataFrame
        ``ReferenceClass.to_frame()``: measure, factor, low, high.
    what : str
        What was forecast, for the title.
    """
    ax = axes(ax, height=4.4)
    if frame.empty:
        return nothing(ax, f"No closed project has a forecast of {what}")
    place = np.arange(len(frame))
    ax.axvline(1.0, color=MUTED, linewidth=1)
    ax.plot(frame["ratio"], place, linestyle="none", marker="o", color=COLOURS[0], markersize=5, zorder=3)
    for at in place[:_NAMED]:
        beside(ax, (frame["ratio"].iloc[at], at), short(frame["project_id"].iloc[at], inches=1.2))
    known = factors.dropna(subset=["factor"]).to_dict("records")
    for j, row in enumerate(known):
        ax.axvline(row["factor"], color=COLOURS[(3, 2, 1)[j]], linestyle=("-", "--", ":")[j], linewidth=1.5,
                   label=f"{row['measure']} {row['factor']:.2f} ({row['low']:.2f} to {row['high']:.2f})")
    if known:
        ax.legend(loc="lower right", fontsize=SMALL, title="factor, 95 % interval", title_fontsize=SMALL)
    ax.set_ylim(len(frame) - 0.2, -1.2)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.margins(x=0.12)
    return finish(ax, title=f"{what.capitalize()} against forecast, {len(frame)} closed projects",
                  x="outcome / forecast (1: as forecast)", y="projects, largest ratio on top")


@house_style()
def reliability(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how often chances came true against what they said; the size of a mark is how many there were.

    Parameters
    ----------
    frame : DataFrame
        ``ForecastLog.curve``: stated, observed, low, high, n.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=4.4)
    if frame.empty:
        return nothing(ax, "No stated chance has a known outcome")
    ax.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1)
    error = np.clip([frame["observed"] - frame["low"], frame["high"] - frame["observed"]], 0, None)
    ax.errorbar(frame["stated"], frame["observed"], yerr=error, color=COLOURS[0], ecolor=MUTED, capsize=3,
                linewidth=1, marker="none")
    ax.scatter(frame["stated"], frame["observed"], s=20 + 160 * frame["n"] / frame["n"].max(), color=COLOURS[0],
               edgecolor="white", zorder=3)
    for row in frame.to_dict("records"):
        beside(ax, (row["stated"], row["observed"]), f"   n {row['n']}   ", left=row["stated"] > 1 / 2)
    ax.set_xlim(0, 1.02)
    ax.set_ylim(-0.02, 1.04)
    _percent(ax, x=True, y=True)
    return finish(ax, title="How often stated chances came true", x="stated chance (dashed: as stated)",
                  y="came true, with 95 % interval")


@house_style()
def recalibrated(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of outcomes inside ranges as stated and as recalibrated, on forecasts held out.

    Parameters
    ----------
    frame : DataFrame
        ``Recalibration.tests``: test, n, inside_before, before_low, before_high, inside_after, after_low, after_high.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=2.8)
    if frame.empty:
        return nothing(ax, "Too few closed projects to test a recalibration")
    ax.axvline(0.8, color=MUTED, linestyle="--", linewidth=1)
    for j, (side, text) in enumerate((("before", "as stated"), ("after", "recalibrated"))):
        place, share = np.arange(len(frame)) + 0.3 * (j - 0.5), frame[f"inside_{side}"]
        error = np.clip([share - frame[f"{side}_low"], frame[f"{side}_high"] - share], 0, None)
        ax.errorbar(share, place, xerr=error, linestyle="none", marker=MARKERS[j], color=COLOURS[3 * (1 - j)],
                    capsize=3)
        for x, y in zip(frame[f"{side}_high"], place, strict=True):
            beside(ax, (x, y), text)
    ax.set_yticks(range(len(frame)), [f"{row['test']}\nn {row['n']}" for row in frame.to_dict("records")],
                  fontsize=SMALL)
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.set_xlim(0, 1.15)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    ax.set_xticks(np.linspace(0, 1, 6))
    return finish(ax, title="What recalibration does to ranges that were held out",
                  x="outcomes inside P10-P90, with 95 % interval (dashed: as stated, 80 %)")


def _percent(ax: Axes, *, x: bool = False, y: bool = False) -> None:
    for axis, wanted in ((ax.xaxis, x), (ax.yaxis, y)):
        if wanted:
            axis.set_ticks(np.linspace(0, 1, 6))
            axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
