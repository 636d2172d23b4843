"""Figures of money: bridges of revenue, revenue by part, cumulated contribution; each computes nothing but places."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from pmlib.months import month_name, month_text
from pmlib.plots.style import COLOURS, INK, MARKERS, MUTED, SMALL, TINY, amounts, axes, finish, house_style, short

_FLOWS = {
    "new_k": "new", "reactivation_k": "back again", "expansion_k": "expansion", "contraction_k": "contraction",
    "churn_k": "churn",
}  # fmt: skip
_EFFECTS = {
    "volume_k": "volume", "mix_k": "mix", "price_k": "price", "currency_k": "exchange\nrates", "new_k": "new\nitems",
    "discontinued_k": "gone\nitems",
}  # fmt: skip
_UP = {"color": "#56b4e9", "hatch": "", "edgecolor": INK}
_DOWN = {"color": "#e69f00", "hatch": "///", "edgecolor": "white"}
_END = {"color": "#5b6570", "hatch": "", "edgecolor": INK}
_WIDTH = 0.62
_MOST_LINES, _FEW = 8, 10


@house_style()
def price_volume_mix(
    frame: pd.DataFrame, ax: Axes | None = None, *, words: str = "", currency: str = "EUR"
) -> Axes:
    """Draw the bridge of revenue from orders: volume, mix, price and the rest between two windows.

    Parameters
    ----------
    frame : DataFrame
        ``PriceVolumeMix.to_frame()``: before_k, after_k and an effect in each of volume_k, mix_k, price_k,
        currency_k, new_k, discontinued_k (thousand), a row per item.
    ax : Axes, optional
        Drawn upon when given.
    words : str
        The two windows in words, below the figure.
    currency : str
        Currency of the money.
    """
    if frame.empty or frame["volume_k"].isna().any():
        return _empty(ax, "The orders do not reach back over both windows")
    totals = frame[["before_k", *_EFFECTS, "after_k"]].sum()
    steps = [(name, float(totals[column])) for column, name in _EFFECTS.items() if frame[column].abs().sum() > 0]
    ax = _waterfall(axes(ax), float(totals["before_k"]), steps, ends=("before", "after"))
    title = f"Why revenue from orders changed by {totals['after_k'] - totals['before_k']:+,.0f} k {currency}"
    return finish(ax, title=title, x=f"{words}, {len(frame):,} items", y=f"Thousand {currency}")


@house_style()
def recurring_bridge(
    frame: pd.DataFrame, ax: Axes | None = None, *, words: str = "", currency: str = "EUR"
) -> Axes:
    """Draw the bridge of recurring revenue: new, back again, expansion, contraction and churn.

    Parameters
    ----------
    frame : DataFrame
        ``RecurringBridge.to_frame()``; its first row is drawn: opening_k, the flows, closing_k (thousand a month) and
        customers (``_n``).
    ax : Axes, optional
        Drawn upon when given.
    words : str
        The two months in words, below the figure.
    currency : str
        Currency of the money.
    """
    row = frame.iloc[0]
    if row["opening_n"] == 0 and row["closing_n"] == 0:
        return _empty(ax, "No subscription runs in either month")
    steps = [(f"{name}\nn {int(row[column[:-1] + 'n']):,}", float(row[column])) for column, name in _FLOWS.items()]
    ends = (("before", "opening"), ("after", "closing"))
    before, after = (f"{word}\nn {int(row[f'{end}_n']):,}" for word, end in ends)
    ax = _waterfall(axes(ax), float(row["opening_k"]), steps, ends=(before, after))
    title = f"{short(row['name'], size=12)}: recurring revenue {row['closing_k'] - row['opening_k']:+,.1f} k {currency}"
    return finish(ax, title=f"{title} a month", x=f"{words}; n: customers", y=f"Thousand {currency} a month")


@house_style()
def revenue_by(
    frame: pd.DataFrame, ax: Axes | None = None, *, by: str = "segment", currency: str = "EUR"
) -> Axes:
    """Draw monthly revenue, one labelled line per part, the eight largest.

    Parameters
    ----------
    frame : DataFrame
        ``RevenueBreakdown.to_frame()``: part, name, month, revenue_k (thousand), largest part first.
    ax : Axes, optional
        Drawn upon when given.
    by : str
        What the parts are.
    currency : str
        Currency of the money.
    """
    if frame.empty:
        return _empty(ax, "No revenue in these months")
    lines = [rows for _, rows in frame.groupby("part", sort=False)]
    ax = axes(ax)
    ends = []
    for j, rows in enumerate(lines[:_MOST_LINES]):
        ax.plot(rows["month"], rows["revenue_k"], **_line(j, len(rows)))
        ends.append((float(rows["revenue_k"].iloc[-1]), str(rows["name"].iloc[0]), _colour(j)))
    low = min(0.0, *(float(rows["revenue_k"].min()) for rows in lines))
    top = max(float(rows["revenue_k"].max()) for rows in lines)
    ax.set_ylim(low, 1.08 * top if top > 0 else 1)
    last = int(frame["month"].max())
    _labels(ax, last, ends)
    _months(ax, int(frame["month"].min()), last)
    ax.grid(axis="y")
    amounts(ax.yaxis)
    shown = f", the {_MOST_LINES} largest of {len(lines)}" if len(lines) > _MOST_LINES else ""
    return finish(ax, title=f"Monthly revenue by {by} to {month_name(last)}{shown}", y=f"Thousand {currency} a month")


@house_style()
def cumulated_contribution(
    frame: pd.DataFrame, ax: Axes | None = None, *, lives: pd.DataFrame, currency: str = "EUR"
) -> Axes:
    """Draw cumulated contribution, one line per product, with a ring where it broke even.

    Parameters
    ----------
    frame : DataFrame
        ``ProductMargin.by_month()``: product_id, name, month, cumulated_k (thousand); a line ends where costs are
        missing.
    ax : Axes, optional
        Drawn upon when given.
    lives : DataFrame
        ``ProductMargin.to_frame()``: product_id, whole_life, break_even_month. A life that is not known whole is
        drawn dashed.
    currency : str
        Currency of the money.
    """
    known = frame.dropna(subset=["cumulated_k"])
    if known.empty:
        return _empty(ax, "No month has both revenue and costs")
    ax = axes(ax)
    ends = []
    facts = lives.set_index("product_id")
    for j, (product, rows) in enumerate(known.groupby("product_id", sort=True)):
        whole = bool(facts["whole_life"][product])
        ax.plot(rows["month"], rows["cumulated_k"], **_line(j, len(rows)), linestyle="-" if whole else "--")
        ends.append((float(rows["cumulated_k"].iloc[-1]), str(rows["name"].iloc[0]), _colour(j)))
        even = rows[rows["month"] == facts["break_even_month"][product]]
        ax.plot(even["month"], even["cumulated_k"], "o", color=INK, markersize=11, fillstyle="none", zorder=4)
    ax.axhline(0, color=MUTED, linewidth=0.8)
    ax.margins(y=0.1)
    _labels(ax, int(known["month"].max()), ends)
    _months(ax, int(known["month"].min()), int(known["month"].max()))
    ax.grid(axis="y")
    amounts(ax.yaxis)
    x = "Ring: broke even. Dashed: the launch lies before the tables, what came before is not counted"
    title = f"Cumulated contribution to {month_name(int(known['month'].max()))}"
    return finish(ax, title=title, x=x if not facts["whole_life"].all() else "Ring: broke even",
                  y=f"Thousand {currency}")  # fmt: skip


def _waterfall(ax: Axes, start: float, steps: list[tuple[str, float]], *, ends: tuple[str, str]) -> Axes:
    """Hang every step where the one before ended; the axis is cut below where both ends are far above 0."""
    levels = [start]
    for _, change in steps:
        levels.append(levels[-1] + change)
    low, high = min(levels), max(levels)
    # Between two high ends the steps would be too flat to read; the broken axis is said in words.
    floor = 0.0 if low <= 0 or high - low > 0.25 * high else low - 0.6 * (high - low)
    floor = min(floor, low) if low < 0 else floor
    base = floor if low > 0 else 0.0
    bars: list[tuple[float, float, str, dict[str, Any]]] = [(base, start - base, f"{start:,.0f}", _END)]
    for level, (_, change) in zip(levels, steps, strict=False):
        bars.append((level, change, _signed(change, high - low), _UP if change >= 0 else _DOWN))
    bars.append((base, levels[-1] - base, f"{levels[-1]:,.0f}", _END))
    for x, (bottom, height, text, look) in enumerate(bars):
        ax.bar(x, height, bottom=bottom, width=_WIDTH, linewidth=0, **look)
        ax.annotate(text, (x, max(bottom, bottom + height)), xytext=(0, 3), textcoords="offset points", ha="center",
                    va="bottom", fontsize=SMALL, color=INK)  # fmt: skip
    for x, level in enumerate(levels):
        ax.hlines(level, x + _WIDTH / 2, x + 1 - _WIDTH / 2, color=MUTED, linewidth=0.8)
    ax.set_xticks(range(len(bars)), [ends[0], *(name for name, _ in steps), ends[1]], fontsize=SMALL, color=INK)
    ax.set_ylim(floor - (0.08 * (high - low) if low < 0 else 0), high + 0.14 * (high - floor or 1.0))
    if floor > 0:
        ax.text(0.005, 0.985, "axis does not begin at 0", transform=ax.transAxes, fontsize=TINY, color=MUTED, va="top")
    ax.axhline(base, color=MUTED, linewidth=0.8)
    amounts(ax.yaxis)
    return ax


def _signed(change: float, span: float) -> str:
    if change == 0:
        return "0"
    return f"{change:+,.1f}" if span < _FEW else f"{change:+,.0f}"


def _line(j: int, length: int) -> dict[str, Any]:
    return {"color": _colour(j), "marker": MARKERS[j % len(MARKERS)], "markevery": max(1, math.ceil(length / 6)),
            "markersize": 4.5}  # fmt: skip


def _colour(j: int) -> str:
    # Yellow is too pale for a line on white.
    palette = [colour for colour in COLOURS if colour != "#f0e442"]
    return palette[j % len(palette)]


def _labels(ax: Axes, last: int, ends: list[tuple[float, str, str]]) -> None:
    """Write the names at the lines' ends, pushed apart so that none covers another."""
    low, high = ax.get_ylim()
    gap, places = 0.062 * (high - low), [2 * low - high]
    for value, _, _ in sorted(ends):
        places.append(max(value, places[-1] + gap))
    # What would stand above the axis pushes those below it down.
    for i in range(len(places) - 1, 0, -1):
        places[i] = min(places[i], high - gap * (len(places) - 1 - i))
    for place, (value, name, colour) in zip(places[1:], sorted(ends), strict=True):
        ax.annotate(
            short(name, inches=1.7), (last, value), xytext=(14, place), textcoords=("offset points", "data"),
            va="center", fontsize=SMALL, color=INK, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8, "relpos": (0, 0.5), "shrinkB": 2},
        )  # fmt: skip


def _months(ax: Axes, first: int, last: int) -> None:
    """Show Januaries as years where there are several, else months."""
    januaries = [month for month in range(first, last + 1) if month % 12 == 1]
    if len(januaries) > 1:
        ax.set_xticks(januaries, [month_text(month)[:4] for month in januaries])
    else:
        ticks = range(last, first - 1, -max(1, (last - first) // 4))
        ax.set_xticks(sorted(ticks), [month_text(month) for month in sorted(ticks)])


def _empty(ax: Axes | None, text: str) -> Axes:
    # One line of words needs no room for a figure.
    ax = axes(ax, height=0.8)
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=MUTED)
    return ax
