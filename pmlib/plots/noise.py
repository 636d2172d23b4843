"""Figures of what chance alone does: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pmlib.plots.style import COLOURS, INK, MUTED, SMALL, TINY, axes, finish, house_style, nothing

_BLUE, _RUST, _SKY = COLOURS[0], COLOURS[3], COLOURS[4]
_UP, _DOWN, _STAYED = "^", "v", "o"
#: What is there and what is found of it: filled where real, hollow where nothing is there.
_MARKS: dict[tuple[bool, bool], dict[str, Any]] = {
    (True, True): {"marker": "D", "color": _BLUE, "markersize": 7},
    (True, False): {"marker": "D", "color": _BLUE, "markerfacecolor": "white", "markersize": 6},
    (False, True): {"marker": "X", "color": _RUST, "markersize": 7},
    (False, False): {"marker": "o", "color": MUTED, "markerfacecolor": "white", "markersize": 4},
}
_PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
_SAID = {(True, True): "real", (True, False): "real, missed", (False, True): "false"}


@house_style()
def nps_months(frame: pd.DataFrame, ax: Axes | None = None, *, move: float) -> Axes:
    """Draw a score that never changes month by month, and the moves that would have been reported.

    Parameters
    ----------
    frame : DataFrame
        ``NpsNoise.to_frame()``: month, n, value, low, high, truth, moved, reported, limit_low, limit_high.
    ax : Axes, optional
        Drawn upon when given.
    move : float
        Points from which on a move is reported.
    """
    if frame.empty:
        return nothing(axes(ax, height=0.8), "No months to draw")
    ax = axes(ax)
    ax.vlines(frame["month"], frame["low"], frame["high"], color=_SKY, linewidth=3, alpha=0.6)
    ax.plot(frame["month"], frame["value"], color=MUTED, linewidth=0.8)
    quiet, up = frame[~frame["reported"]], frame[frame["reported"] & (frame["moved"] > 0)]
    down = frame[frame["reported"] & (frame["moved"] < 0)]
    for rows, marker, colour, size in ((quiet, _STAYED, MUTED, 4), (up, _UP, _BLUE, 7), (down, _DOWN, _RUST, 7)):
        ax.plot(rows["month"], rows["value"], marker, color=colour, markersize=size)
    for side in ("limit_low", "limit_high"):
        ax.plot(frame["month"], frame[side], color=MUTED, linewidth=1, linestyle="--", drawstyle="steps-mid")
    ax.axhline(frame["truth"].iloc[0], color=INK, linewidth=1.2)
    _line_names(ax, frame)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    title = f"▲ ▼ {len(up) + len(down)} moves of {move:g} points or more, and nothing changed"
    months = f"Month, with {int(frame['n'].min()):,} to {int(frame['n'].max()):,} answers"
    return finish(ax, title=title, x=f"{months}; bar: 95 % interval", y="Net promoter score, points")


@house_style()
def sorted_lifts(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the estimated lift of every test with its interval, sorted, and what is really there.

    Parameters
    ----------
    frame : DataFrame
        ``ExperimentNoise.to_frame()``: test_id, true_pp, visitors, effect_pp, low_pp, high_pp, found, false.
    ax : Axes, optional
        Drawn upon when given.
    """
    if frame.empty:
        return nothing(axes(ax, height=0.8), "No tests to draw")
    ax = axes(ax)
    ordered = frame.sort_values("effect_pp", kind="stable")
    for place, row in enumerate(ordered.to_dict("records"), start=1):
        _lift(ax, place, row)
    ax.axhline(0, color=INK, linewidth=0.9, zorder=0)
    _true_gain(ax, ordered)
    ax.set_xlim(0.2, len(frame) + 0.8)
    # The names stand upright above the bars.
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.3 * (high - low))
    ax.set_xticks([])
    title = f"{int(frame['found'].sum())} of {len(frame)} tests found, {int(frame['false'].sum())} of them false"
    words = f"Tests, sorted; n {int(frame['visitors'].min()):,} or more an arm; diamond: a real effect; filled: found"
    return finish(ax, title=title, x=words, y="Estimated lift, pp; 95 % interval")


def _line_names(ax: Axes, frame: pd.DataFrame) -> None:
    """Name the true line and the limits at their right ends."""
    last = frame.iloc[-1]
    for words, y, colour in (("truth", last["truth"], INK), ("chart limit", last["limit_high"], MUTED),
                             ("chart limit", last["limit_low"], MUTED)):  # fmt: skip
        if pd.notna(y):
            ax.text(1.01, y, words, transform=ax.get_yaxis_transform(), va="center", fontsize=SMALL, color=colour)


def _true_gain(ax: Axes, ordered: pd.DataFrame) -> None:
    """Draw what the real ones truly gain."""
    for gain in sorted(set(ordered["true_pp"]) - {0.0}):
        ax.axhline(gain, color=_BLUE, linewidth=1, linestyle=":", zorder=0)
        ax.text(1.01, gain, f"true {gain:+.2f}", transform=ax.get_yaxis_transform(), va="center", fontsize=SMALL,
                color=_BLUE)  # fmt: skip


def _lift(ax: Axes, place: int, row: dict[Hashable, Any]) -> None:
    kind = (bool(row["true_pp"] != 0), bool(row["found"]))
    mark = _MARKS[kind]
    ax.vlines(place, row["low_pp"], row["high_pp"], color=mark["color"], linewidth=1 + kind[1])
    ax.plot(place, row["effect_pp"], linestyle="", **mark)
    if kind in _SAID:
        ax.annotate(f"{row['test_id']} {_SAID[kind]}", (place, max(row["high_pp"], 0)), xytext=(0, 4), rotation=90,
                    textcoords="offset points", ha="center", va="bottom", fontsize=TINY, color=INK,
                    bbox=_PAPER)  # fmt: skip
