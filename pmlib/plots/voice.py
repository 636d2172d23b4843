"""Figures of what customers tell: each takes frames that its result can print, and computes nothing."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pmlib.months import month_text
from pmlib.plots.style import (
    COLOURS,
    HATCHES,
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
)

_CHANGED = "#b34700"
_MOST_ROWS, _MOST_PRODUCTS = 12, 3
#: Inches of a product's name beside an axis.
_NAME = 1.4


@house_style()
def score_chart(frame: pd.DataFrame, ax: Axes | None = None, *, signals: pd.DataFrame) -> Axes:
    """Draw the control chart of one product: months with their own limits, smoothed score, signal and dated shift.

    Parameters
    ----------
    frame : DataFrame
        Rows of one product and scale of ``ScoreChart.months``.
    ax : Axes, optional
        Drawn upon when given.
    signals : DataFrame
        Its row of ``ScoreChart.products``.
    """
    if frame.empty:
        return _empty(ax, "Not enough answers for a chart")
    ax, row = axes(ax), signals.iloc[0]
    scale = _per_cent(frame)
    month, level = frame["month"], scale * frame["level"].iloc[0]
    watched = frame.dropna(subset=["limit_low"])
    limits = (scale * watched["limit_low"], scale * watched["limit_high"])
    ax.fill_between(watched["month"], *limits, step="mid", color=LINE, alpha=0.55, linewidth=0)
    for side in ("smoothed_low", "smoothed_high"):
        ax.plot(watched["month"], scale * watched[side], color=MUTED, linewidth=0.9, linestyle="--")
    ax.hlines(level, month.iloc[0] - 0.5, month.iloc[-1] + 0.5, color=MUTED, linewidth=1)
    inside, outside = frame[~frame["outside"]], frame[frame["outside"]]
    ax.plot(inside["month"], scale * inside["value"], MARKERS[0], color=COLOURS[4], markersize=4.5)
    ax.plot(outside["month"], scale * outside["value"], MARKERS[3], color=_CHANGED, markersize=7)
    ax.plot(watched["month"], scale * watched["smoothed"], color=COLOURS[0], linewidth=1.8)
    beyond = frame[frame["smoothed_outside"]]
    ax.plot(beyond["month"], scale * beyond["smoothed"], MARKERS[1], color=_CHANGED, markersize=5)
    _chart_words(ax, frame, scale=scale)
    _mark_signal(ax, frame, row, scale=scale)
    _month_axis(ax, month)
    known = frame.loc[frame["n"] > 0, "n"]
    title = f"{short(row['name'])}: {_verdict(row)}"
    return finish(ax, title=title, y=_unit(frame), x=f"{int(known.min()):,} to {int(known.max()):,} answers a month")


def _chart_words(ax: Axes, frame: pd.DataFrame, *, scale: float) -> None:
    """Name the lines at their right ends."""
    last = frame.dropna(subset=["smoothed"]).iloc[-1]
    low, high = (scale * frame[["value", end]].min().min() if end == "limit_low" else
                 scale * frame[["value", end]].max().max() for end in ("limit_low", "limit_high"))  # fmt: skip
    room = 0.16 * (high - low)
    ax.set_ylim(low - room, high + room)
    ends = {
        "limits of a month": last["limit_high"],
        "limits of the smoothed": last["smoothed_high"],
        f"level at the start {scale * last['level']:.0f}": last["level"],
        f"smoothed {scale * last['smoothed']:.0f}": last["smoothed"],
    }
    gap, place = 0.075 * (ax.get_ylim()[1] - ax.get_ylim()[0]), -math.inf
    for words, value in sorted(ends.items(), key=lambda pair: pair[1]):
        place = max(scale * value, place + gap)
        ax.annotate(words, (last["month"] + 0.8, place), fontsize=SMALL, color=INK, va="center", annotation_clip=False)


def _mark_signal(ax: Axes, frame: pd.DataFrame, row: pd.Series, *, scale: float) -> None:
    """Point at the first month outside, and shade where the shift is dated."""
    if row["signal_month"] == 0:
        return
    at = frame[frame["month"] == row["signal_month"]].iloc[0]
    value = at["value" if at["outside"] else "smoothed"]
    edge = ax.get_ylim()[0 if value < at["level"] else 1]
    dated = f"shift dated {month_text(int(row['change_from']))} to {month_text(int(row['change_to']))}"
    ax.annotate(
        f"signal {month_text(int(at['month']))}{', ' + dated if row['change_month'] > 0 else ''}",
        (at["month"], scale * value), xytext=(at["month"] - 1.5, edge), fontsize=SMALL, color=_CHANGED, ha="right",
        va="bottom" if value < at["level"] else "top", fontweight="bold",
        arrowprops={"arrowstyle": "-|>", "color": _CHANGED, "linewidth": 0.9, "shrinkB": 4, "relpos": (1, 0.5)},
    )  # fmt: skip
    if row["change_month"] > 0:
        ax.axvspan(row["change_from"] - 0.5, row["change_to"] + 0.5, facecolor="none", edgecolor=_CHANGED, hatch="///",
                   alpha=0.35, linewidth=0)  # fmt: skip
        for side, score in (("before", row["before"]), ("after", row["after"])):
            ends = (frame["month"].iloc[0] - 0.5, row["change_month"] - 0.5)
            if side == "after":
                ends = (ends[1], frame["month"].iloc[-1] + 0.5)
            ax.hlines(scale * score, *ends, color=_CHANGED, linewidth=1.2, linestyle=":")


def _verdict(row: pd.Series) -> str:
    if row["signal_month"] == 0:
        return "no change beyond chance"
    if row["change_month"] == 0:
        return f"outside its limits in {month_text(int(row['signal_month']))}"
    scale = 1 if row["unit"] == "points" else 100
    what = "NPS" if row["unit"] == "points" else "share, %:"
    return f"{what} {scale * row['before']:.0f} became {scale * row['after']:.0f}"


@house_style()
def weighted_score(frame: pd.DataFrame, ax: Axes | None = None, *, bands: pd.DataFrame) -> Axes:
    """Draw the score of each engagement band with what it weighs, above the raw and the weighted score.

    Parameters
    ----------
    frame : DataFrame
        The row of one product of ``WeightedScores.to_frame()``.
    ax : Axes, optional
        Drawn upon when given.
    bands : DataFrame
        Its rows of ``WeightedScores.bands``.
    """
    if frame.empty:
        return _empty(ax, "No answers to weight")
    row = frame.iloc[0]
    if row["reason"]:
        return _empty(ax, f"{short(row['name'])} cannot be weighted: {row['reason']}", wide=True)
    ax = axes(ax, height=1.6 + 0.48 * (len(bands) + 2))
    scale = _per_cent(frame)
    ordered = bands.sort_values("response_rate", kind="stable").to_dict("records")
    lines = [(_band_name(one), one["value"], one["low"], one["high"]) for one in ordered]
    lines += [(f"raw, by who answered\nn {row['n']:,}", *row[["raw", "raw_low", "raw_high"]])]
    lines += [(
        f"weighted, by who was asked\nas good as n {row['n_effective']:,.0f}",
        *row[["weighted", "weighted_low", "weighted_high"]],
    )]  # fmt: skip
    for y, (_, value, low, high) in enumerate(lines):
        kind = max(0, y - len(ordered) + 1)
        colour = (COLOURS[4], _CHANGED, COLOURS[0])[kind]
        ax.hlines(y, scale * low, scale * high, color=colour, linewidth=(2, 3, 3)[kind])
        ax.plot(scale * value, y, MARKERS[(0, 3, 1)[kind]], color=colour, markersize=8)
        ax.annotate(f"{scale * value:.0f}", (scale * value, y), xytext=(0, 9), textcoords="offset points", ha="center",
                    va="center", fontsize=SMALL, color=INK)  # fmt: skip
    ax.axhline(len(ordered) - 0.5, color=LINE, linewidth=0.8)
    ax.set_yticks(range(len(lines)), [name for name, *_ in lines], fontsize=SMALL)
    ax.set_ylim(len(lines) - 0.5, -0.7)
    off = scale * abs(row["gap"])
    title = f"{short(row['name'])}: raw is {off:.0f} too {'high' if row['gap'] > 0 else 'low'}"
    return finish(ax, title=title, x=f"{_unit(frame)}, 95 % intervals")


def _band_name(one: dict[Hashable, Any]) -> str:
    return (
        f"{short(one['band'], inches=1.0)}: {100 * one['response_rate']:.0f} % answer, n {one['n']:,}\n"
        f"{100 * one['share_answers']:.0f} % of answers, {100 * one['share_invited']:.0f} % of those asked"
    )


@house_style()
def driver_shares(frame: pd.DataFrame, ax: Axes | None = None, *, instrument: str = "NPS") -> Axes:
    """Draw what each rating stands for, with intervals, a group of bars per product.

    Parameters
    ----------
    frame : DataFrame
        ``SatisfactionDrivers.to_frame()``; the first eight products with shares are drawn.
    ax : Axes, optional
        Drawn upon when given.
    instrument : str
        The question.
    """
    known = frame[frame["reason"] == ""]
    groups = [rows for _, rows in known.groupby(["product_id", "scale_max"], sort=True)][:8]
    if not groups:
        return _empty(ax, "Not enough answers with ratings")
    ax = axes(ax, height=max(2.4, 1.0 + 0.42 * len(groups)))
    ratings = list(groups[0]["rating"])
    step = 0.8 / len(ratings)
    for j, rating in enumerate(ratings):
        rows = pd.concat(groups)
        rows = rows[rows["rating"] == rating]
        place = np.arange(len(groups)) + (j - (len(ratings) - 1) / 2) * step
        shares = 100 * rows["share"].to_numpy()
        ax.barh(place, shares, height=0.9 * step, color=COLOURS[j], hatch=HATCHES[j], edgecolor="white", label=rating,
                linewidth=0)  # fmt: skip
        ax.hlines(place, 100 * rows["low"], 100 * rows["high"], color=INK, linewidth=1.4)
    ax.set_yticks(range(len(groups)), [_driver_name(rows.iloc[0]) for rows in groups], fontsize=SMALL)
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=SMALL)
    return finish(ax, title=f"What goes with the {instrument}: no proof of a cause",
                  x="% of what ratings explain, 95 % intervals")  # fmt: skip


def _driver_name(row: pd.Series) -> str:
    return f"{short(row['name'], inches=_NAME)}\nn {row['n']:,}, R² {row['r_squared']:.2f}"


@house_style()
def rating_moves(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how far the share of good ratings moved, with intervals; moves beyond chance are filled and named.

    Parameters
    ----------
    frame : DataFrame
        ``RatingMoves.to_frame()``; the twelve largest measured moves are drawn.
    ax : Axes, optional
        Drawn upon when given.
    """
    known = frame.dropna(subset=["change"]).sort_values("change", key=abs, ascending=False, kind="stable")
    if known.empty:
        return _empty(ax, "Not enough ratings in both windows")
    rows = known.head(_MOST_ROWS).to_dict("records")
    ax = axes(ax, height=1.2 + 0.24 * len(rows))
    for y, row in enumerate(rows):
        real = row["arrow"] in ("▲", "▼")
        colour = _CHANGED if row["arrow"] == "▼" else COLOURS[0]
        ax.hlines(y, row["change_low"], row["change_high"], color=colour if real else MUTED, linewidth=2)
        ax.plot(row["change"], y, MARKERS[3 if real else 0], color=colour if real else MUTED, markersize=7,
                markerfacecolor=None if real else "white")  # fmt: skip
        if real:
            beside(ax, (row["change_high"], y), f"{row['change']:+.0f} {row['arrow']}")
    ax.axvline(0, color=MUTED, linewidth=0.8)
    names = [f"{short(row['name'], inches=_NAME)}, {row['rating']}" for row in rows]
    ax.set_yticks(range(len(rows)), names, fontsize=SMALL)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.margins(x=0.1)
    moved = sum(row["arrow"] in ("▲", "▼") for row in rows)
    least = int(known[["n_before", "n_after"]].min().min())
    return finish(ax, title=f"{moved or 'No'} of {len(known)} ratings moved beyond chance, n {least:,} or more",
                  x="Change of good ratings, percentage points")  # fmt: skip


@house_style()
def segment_scores(frame: pd.DataFrame, ax: Axes | None = None, *, by: str = "segment") -> Axes:
    """Draw the score of each part of the customers with interval, one column of rows per product.

    Parameters
    ----------
    frame : DataFrame
        Rows of one instrument and window of ``SegmentScores.to_frame()``; the first three products are drawn.
    ax : Axes, optional
        Drawn upon when given.
    by : str
        What the customers are split by.
    """
    every = [rows for _, rows in frame.groupby(["product_id", "scale_max"], sort=True)]
    groups = every[:_MOST_PRODUCTS]
    if not groups:
        return _empty(ax, "No answers in this window")
    ax = axes(ax, height=1.2 + 0.22 * (sum(map(len, groups)) + len(groups) - 1))
    scale, y, ticks = _per_cent(frame), 0, []
    for j, rows in enumerate(groups):
        for row in rows.sort_values("value", ascending=False, na_position="last", kind="stable").to_dict("records"):
            ticks.append((y, f"{short(row['name'], inches=_NAME)}, {short(row['part'], inches=0.9)} (n {row['n']:,})"))
            if row["enough"]:
                ax.hlines(y, scale * row["low"], scale * row["high"], color=COLOURS[j], linewidth=2.5)
                ax.plot(scale * row["value"], y, MARKERS[j], color=COLOURS[j], markersize=7)
            else:
                ax.annotate("not enough answers", (0.01, y), xycoords=("axes fraction", "data"), fontsize=TINY,
                            color=MUTED, va="center")  # fmt: skip
            y += 1
        y += 1
    ax.set_yticks([place for place, _ in ticks], [name for _, name in ticks], fontsize=SMALL)
    ax.set_ylim(y - 1.5, -0.5)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    cut = f", the first {len(groups)} of {len(every)} products" if len(every) > len(groups) else ""
    return finish(ax, title=f"Scores by {by}{cut}", x=f"{_unit(frame)}, 95 % intervals")


def _per_cent(frame: pd.DataFrame) -> float:
    return 1.0 if frame["unit"].iloc[0] == "points" else 100.0


def _unit(frame: pd.DataFrame) -> str:
    return "NPS, points" if frame["unit"].iloc[0] == "points" else "% in the top two boxes"


def _month_axis(ax: Axes, month: pd.Series) -> None:
    low, high = int(month.min()), int(month.max())
    step = max(1, math.ceil((high - low) / 6))
    ax.set_xticks(range(low, high + 1, step))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: month_text(round(value))))
    ax.set_xlim(low - 1, high + 1)


def _empty(ax: Axes | None, text: str, *, wide: bool = False) -> Axes:
    ax = axes(ax, height=0.8)
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=MUTED, wrap=wide, fontsize=SMALL)
    return ax
