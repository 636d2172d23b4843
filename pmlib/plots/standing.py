"""Figures of our standing in the markets: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pmlib.months import month_text
from pmlib.plots.style import COLOURS, INK, MARKERS, MUTED, SMALL, TINY, amounts, axes, finish, house_style, short

_OWN = "own"
_REST = ("other", "others", "rest")
_MOST_LINES, _MOST_PANELS = 6, 8
_WIDE, _NARROW = 0.07, 0.4
#: Parts of one, written as percent.
PERCENT = FuncFormatter(lambda share, _: f"{100 * share:.0f} %")
_PALE = ("#ffffff", "#eef1f4", "#dde3e8")


def nothing(ax: Axes | None, text: str) -> Axes:
    """Say in one line why there is no figure."""
    ax = axes(ax, height=0.8)
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=MUTED, wrap=True)
    return ax


@house_style()
def market_shares(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw every market as a bar of its players, ours first and with its interval.

    Parameters
    ----------
    frame : DataFrame
        ``MarketShares.to_frame()``: category, region, player, share, share_low, share_high (0-1).
    ax : Axes, optional
        Drawn upon when given.
    """
    known = frame.dropna(subset=["share"])
    if known.empty:
        return nothing(ax, "No market study covers this window")
    places = list(known.groupby(["category", "region"], sort=True))
    ax = axes(ax, height=min(6.0, 1.5 + 0.42 * len(places)))
    for y, (_, rows) in enumerate(places):
        _share_bar(ax, y, rows)
    names = [category if region == "all" else f"{category}, {region}" for (category, region), _ in places]
    ax.set_yticks(range(len(places)), [short(name, inches=1.9) for name in names], fontsize=SMALL)
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(PERCENT)
    return finish(ax, title="Who holds the market (ours with its interval)",
                  x="Share of the market's value, 95 % interval; hatched: all others")  # fmt: skip


@house_style()
def share_lines(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the shares of one market over time, a labelled line per player; ours with its interval.

    Parameters
    ----------
    frame : DataFrame
        ``ShareHistory.to_frame()``: category, month, player, share, share_low, share_high (0-1); the largest players
        are drawn.
    ax : Axes, optional
        Drawn upon when given.
    """
    known = frame.dropna(subset=["share"])
    if known.empty:
        return nothing(ax, "No market study to this month")
    ax = axes(ax)
    last = int(known["month"].max())
    sizes = known[known["month"] == last].set_index("player")["share"].sort_values(ascending=False, kind="stable")
    players = [_OWN] * (_OWN in sizes.index) + [player for player in sizes.index if player != _OWN][: _MOST_LINES - 1]
    ends = []
    for j, player in enumerate(players):
        rows = known[known["player"] == player]
        own = player == _OWN
        ax.plot(rows["month"], rows["share"], color=_colour(j), marker=MARKERS[j % 8], markersize=4,
                markevery=max(1, len(rows) // 8), linewidth=2.4 if own else 1.2)  # fmt: skip
        if own:
            ax.fill_between(rows["month"], rows["share_low"], rows["share_high"], color=_colour(j), alpha=0.18, lw=0)
        name = "we" if own else ("all others" if player in _REST else short(player, inches=1.1))
        ends.append((float(rows["share"].iloc[-1]), name, _colour(j)))
    ax.set_ylim(0, 1.08 * float(known.loc[known["player"].isin(players), ["share", "share_high"]].max().max()))
    _end_labels(ax, last, ends)
    _month_axis(ax, known["month"].unique())
    ax.yaxis.set_major_formatter(PERCENT)
    ax.grid(axis="y")
    stated = bool((known["share_high"] > known["share_low"]).any())
    note = "band: our 95 % interval" if stated else "the study states no error"
    return finish(ax, title=f"Shares of {_name(known)} ({note})", y="Share of value")


@house_style()
def concentration_bands(
    frame: pd.DataFrame, ax: Axes | None = None, *, steps: Sequence[tuple[float, str]] = ((0.0, ""),)
) -> Axes:
    """Draw the Herfindahl-Hirschman index of every market over time, as bounds, over the classes of the guidelines.

    Parameters
    ----------
    frame : DataFrame
        ``Concentration.to_frame()``: category, month, hhi_low, hhi_high, low, high (0-10,000).
    ax : Axes, optional
        Drawn upon when given; with several markets, panels are put inside it.
    steps : sequence of (float, str)
        Classes, each with the index it begins above.
    """
    markets = [rows for _, rows in frame.dropna(subset=["hhi_low"]).groupby("category", sort=True)][:_MOST_PANELS]
    if not markets:
        return nothing(ax, "No market study covers a window")
    ax = axes(ax)
    top = 1.12 * max(float(frame["high"].max()), steps[-1][0])
    stated = bool((frame["high"] > frame["hhi_high"]).any())
    note = "dashed: with the study's error" if stated else "the study states no error"
    if len(markets) == 1:
        _concentration_panel(ax, markets[0], steps=steps, top=top)
        _class_names(ax, steps, top)
        title = f"Concentration of {_name(markets[0])}"
        return finish(ax, title=f"{title} ({note})", y="HHI, 0-10,000")
    ax.set_axis_off()
    columns = math.ceil(len(markets) / 2) if len(markets) > 3 else len(markets)  # noqa: PLR2004 - one row of three
    rows_of_panels = math.ceil(len(markets) / columns)
    for j, rows in enumerate(markets):
        panel = ax.inset_axes(_cell(j, columns, rows_of_panels))
        _concentration_panel(panel, rows, steps=steps, top=top)
        panel.set_title(short(rows["category"].iloc[0], inches=1.6), fontsize=SMALL, fontweight="normal")
        panel.tick_params(labelsize=TINY)
        if j % columns:
            panel.set_yticklabels([])
    lines = ", ".join(f"{name} above {begin:,.0f}" for begin, name in steps[1:])
    ax.set_title(f"Concentration (HHI; {note})\n{lines}")
    return ax


@house_style()
def region_effects(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "EUR") -> Axes:
    """Draw what market, share within regions and mix of regions did to our sales, three bars per category.

    Parameters
    ----------
    frame : DataFrame
        ``RegionSplit.to_frame()``: category, market_effect_k, share_effect_k, mix_effect_k, change_k (thousand).
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Currency of the money.
    """
    known = frame.dropna(subset=["change_k"])
    if known.empty:
        return nothing(ax, "No market study covers both windows")
    height = min(7.0, 2.4 + 0.55 * len(known))
    ax = axes(ax, height=height)
    place = np.arange(len(known))
    parts = (("market_effect_k", "the market", ""), ("share_effect_k", "our share within regions", "///"),
             ("mix_effect_k", "the mix of regions", "..."))  # fmt: skip
    for j, (column, name, hatch) in enumerate(parts):
        values = known[column].to_numpy(dtype=float)
        at = place + 0.27 * (j - 1)
        ax.barh(at, values, height=0.25, color=COLOURS[j], hatch=hatch, edgecolor="white", label=f"from {name}")
        for y, value in zip(at, values, strict=True):
            _beside(ax, (value, float(y)), f"{round(value):+,}" if round(value) else "0", left=round(value) < 0)
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.margins(x=0.14)
    names = [
        f"{short(row['category'], inches=1.9)}\n{row['change_k']:+,.0f} in all" for row in known.to_dict("records")
    ]
    ax.set_yticks(place, names, fontsize=SMALL)
    ax.invert_yaxis()
    amounts(ax.xaxis)
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.6 / (height - 1)), ncols=3, fontsize=SMALL)
    return finish(ax, title="What market, share and mix of regions did to our sales", x=f"Thousand {currency}")


@house_style()
def growth_share(frame: pd.DataFrame, ax: Axes | None = None, *, growth_cut: float = 0.1) -> Axes:
    """Draw the growth-share map: a bubble of our sales per market, inside the box of what is known.

    Parameters
    ----------
    frame : DataFrame
        ``GrowthShareMap.to_frame()``: category, own_k (thousand), relative_share and growth with ``_low`` and
        ``_high``; what has no interval is drawn without a box.
    ax : Axes, optional
        Drawn upon when given.
    growth_cut : float
        Growth from which a market counts as growing fast.
    """
    known = frame.dropna(subset=["relative_share", "growth"])
    if known.empty:
        return nothing(ax, "No market can be placed: the study names no rival, or no year before")
    ax = axes(ax, height=4.6)
    ends = known[["growth_low", "growth_high", "growth"]].to_numpy(dtype=float)
    shares = known[["relative_share_low", "relative_share_high", "relative_share"]].to_numpy(dtype=float)
    low, high = min(np.nanmin(shares), 0.6) / 1.25, max(np.nanmax(shares), 1.6) * 1.25
    bottom, top = min(np.nanmin(ends), growth_cut) - 0.07, max(np.nanmax(ends), growth_cut) + 0.07
    ax.set_xscale("log")
    # Large shares stand on the left, as in every such map.
    ax.set_xlim(high, low)
    ax.set_ylim(bottom, top)
    ax.axvline(1, color=MUTED, linewidth=1)
    ax.axhline(growth_cut, color=MUTED, linewidth=1)
    largest = max(float(known["own_k"].max()), 1e-9)
    for j, row in enumerate(known.sort_values("own_k", ascending=False).to_dict("records")):
        _bubble(ax, row, j, area=60 + 700 * row["own_k"] / largest)
    for x, y, name, ha, va in ((0.01, 0.98, "star", "left", "top"), (0.99, 0.98, "question mark", "right", "top"),
                               (0.01, 0.02, "cash cow", "left", "bottom"), (0.99, 0.02, "dog", "right", "bottom")):
        ax.text(x, y, name, transform=ax.transAxes, ha=ha, va=va, fontsize=SMALL, style="italic", color=MUTED)
    ticks = [tick for tick in (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10) if low < tick < high]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.yaxis.set_major_formatter(PERCENT)
    _bubble_names(ax, known, growth_cut)
    return finish(ax, title="Growth and share: bubble = our sales, box = 95 % intervals",
                  x="Our sales over the largest rival's (log scale)", y="Growth of the market a year")  # fmt: skip


def _name(rows: pd.DataFrame) -> str:
    """Give the category of the rows, as long as a title has room for."""
    return short(rows["category"].iloc[0], inches=2.6, size=12)


def _share_bar(ax: Axes, y: int, rows: pd.DataFrame) -> None:
    """Draw one market: we first, rivals by size, the rest at the end."""
    order = sorted(
        rows.to_dict("records"), key=lambda row: (row["player"] in _REST, row["player"] != _OWN, -row["share"])
    )
    begin = 0.0
    for j, row in enumerate(order):
        own, rest = row["player"] == _OWN, row["player"] in _REST
        colour = COLOURS[0] if own else ("white" if rest else ("#c3ccd4", "#dbe1e6")[j % 2])
        ax.barh(y, row["share"], left=begin, height=0.62, color=colour, hatch="////" if rest else "",
                edgecolor="#aab4bd" if rest else "white", linewidth=0.8)  # fmt: skip
        if row["share"] >= _WIDE and not rest:
            name = f"we {100 * row['share']:.0f} %" if own else str(row["player"])
            ax.text(begin + row["share"] / 2, y + 0.13 * own, short(name, inches=5.4 * row["share"], size=TINY),
                    ha="center", va="center", fontsize=TINY, color="white" if own else INK)  # fmt: skip
        if own:
            ax.hlines(y - 0.2, row["share_low"], row["share_high"], color=INK, linewidth=2.2)
        begin += row["share"]


def _concentration_panel(ax: Axes, rows: pd.DataFrame, *, steps: Sequence[tuple[float, str]], top: float) -> None:
    edges = [begin for begin, _ in steps] + [top]
    for (low, high), colour in zip(pairwise(edges), _PALE[-len(steps) :], strict=True):
        ax.axhspan(low, high, color=colour, lw=0)
    month = rows["month"]
    ax.fill_between(month, rows["hhi_low"], rows["hhi_high"], color=COLOURS[0], alpha=0.5, lw=1.5)
    for column in ("low", "high"):
        ax.plot(month, rows[column], color=COLOURS[0], linewidth=1, linestyle="--")
    ax.set_ylim(0, top)
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    _month_axis(ax, month.unique(), most=3 if ax.get_position().width < _NARROW else 8)


def _class_names(ax: Axes, steps: Sequence[tuple[float, str]], top: float) -> None:
    """Write the name of each class at the right of its band."""
    edges = [begin for begin, _ in steps] + [top]
    for (low, high), (_, name) in zip(pairwise(edges), steps, strict=True):
        ax.text(1.01, (low + high) / 2 / top, "\n".join(name.rsplit(" ", 1)), transform=ax.transAxes, va="center",
                fontsize=TINY, color=MUTED)  # fmt: skip


def _bubble(ax: Axes, row: dict[Any, Any], j: int, *, area: float) -> None:
    x = [row[f"relative_share{end}"] for end in ("_low", "_high")]
    y = [row[f"growth{end}"] for end in ("_low", "_high")]
    if all(math.isfinite(value) for value in (*x, *y)):
        ax.add_patch(Rectangle((x[0], y[0]), x[1] - x[0], y[1] - y[0], facecolor=_PALE[1], zorder=0.5))
        ax.add_patch(Rectangle((x[0], y[0]), x[1] - x[0], y[1] - y[0], fill=False, edgecolor=_colour(j), linewidth=1))
    ax.scatter(row["relative_share"], row["growth"], s=area, color=_colour(j), alpha=0.65, linewidth=0)


def _bubble_names(ax: Axes, known: pd.DataFrame, growth_cut: float) -> None:
    """Write every name beside, above or below its box, where it meets the fewest other names and boxes."""
    rows = known.sort_values(["growth", "category"], ascending=False).to_dict("records")
    x, y = (ax.transData + ax.transAxes.inverted()).transform((1, growth_cut))
    boxes = [_box(ax, row) for row in rows]
    busy = [*boxes, (0.0, y, 1.0, y), (x, 0.0, x, 1.0)]
    taken: list[tuple[float, float, float, float]] = []
    for row, box in zip(rows, boxes, strict=True):
        text = short(row["category"], inches=1.8) + (" (no interval)" if math.isnan(row["growth_low"]) else "")
        size = (0.0115 * len(text), 0.045)
        left, bottom, right, top = box
        places = [(right + 0.01, (bottom + top) / 2), (left, top + 0.035), (left, bottom - 0.035),
                  (left - size[0] - 0.01, (bottom + top) / 2)]  # fmt: skip
        spots = [(x, y - size[1] / 2, x + size[0], y + size[1] / 2) for x, y in places]
        costs = [
            10 * (spot[0] < 0) + 10 * sum(_meet(spot, one) for one in taken) + sum(_meet(spot, one) for one in busy)
            for spot in spots
        ]
        best = costs.index(min(costs))
        taken.append(spots[best])
        last = best == len(places) - 1
        at = (left - 0.01, places[best][1]) if last else places[best]
        ax.annotate(text, at, xycoords="axes fraction", ha="right" if last else "left", va="center", fontsize=SMALL,
                    color=INK)  # fmt: skip


def _box(ax: Axes, row: dict[Any, Any]) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of a market's box as parts of the axes; of its bubble where there is no box."""
    points = [(row[f"relative_share{x}"], row[f"growth{y}"]) for x, y in (("_high", "_low"), ("_low", "_high"))]
    room = 0.0
    if any(math.isnan(value) for point in points for value in point):
        points, room = [(row["relative_share"], row["growth"])] * 2, 0.04
    to_axes = ax.transData + ax.transAxes.inverted()
    (left, bottom), (right, top) = (to_axes.transform(point) for point in points)
    return float(left) - room, float(bottom) - room, float(right) + room, float(top) + room


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _end_labels(ax: Axes, last: int, ends: list[tuple[float, str, str]]) -> None:
    """Write the names behind the last point of each line, moved apart where they would touch."""
    low, high = ax.get_ylim()
    room, top = 0.058 * (high - low), high
    ordered = sorted(ends, reverse=True)
    for j, (value, text, colour) in enumerate(ordered):
        # The names still to come need their room above the axis.
        top = max(min(value, top - room), low + room * (len(ordered) - 1 - j) + 0.4 * room)
        ax.annotate(f"{text} {100 * value:.0f} %", (last, top), xytext=(8, 0), textcoords="offset points", va="center",
                    fontsize=SMALL, color=colour, annotation_clip=False)  # fmt: skip


def _month_axis(ax: Axes, months: Sequence[int] | np.ndarray[Any, Any], most: int = 8) -> None:
    """Write some of the months that are there, evenly spaced."""
    known = sorted(int(month) for month in months)
    step = max(1, math.ceil(len(known) / most))
    shown = known[::-1][::step][::-1]
    ax.set_xticks(shown, [month_text(month) for month in shown])


def _cell(j: int, columns: int, rows: int) -> tuple[float, float, float, float]:
    """Place of the j-th panel: left, bottom, width, height of the whole."""
    width, height = 1 / columns, 1 / rows
    row, column = divmod(j, columns)
    return (column * width, 1 - (row + 1) * height + 0.1 * height, 0.9 * width, 0.68 * height)


def _beside(ax: Axes, at: tuple[float, float], text: str, *, left: bool) -> None:
    ax.annotate(text, at, xytext=(-4 if left else 4, 0), textcoords="offset points", ha="right" if left else "left",
                va="center", fontsize=TINY, color=INK)  # fmt: skip


def _colour(j: int) -> str:
    # Yellow is too pale for a line on white.
    palette = [colour for colour in COLOURS if colour != "#f0e442"]
    return palette[j % len(palette)]
