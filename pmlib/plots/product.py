"""Figures of the product room: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pmlib.months import month_name, month_text
from pmlib.plots.style import COLOURS, INK, LINE, MARKERS, MUTED, TINY, amounts, axes, finish, house_style

_SMALL, _TINY = 9, 7.5
_LONGEST = 22
_MOST_PANELS = 8
_DARK = 0.55
_UP, _DOWN = "#0060a0", "#b34700"
_ARROW_COLOURS = {"▲": _UP, "▼": _DOWN}


@house_style()
def estimate(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw one value with its interval.

    Parameters
    ----------
    frame : DataFrame
        ``Estimate.to_frame()``: one row with value, low, high, n, unit, level.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=1.6)
    row = frame.iloc[0]
    ax.set_yticks([])
    if row["n"] == 0:
        return _empty(ax, "Not measured")
    ax.hlines(0, row["low"], row["high"], color=COLOURS[0], linewidth=3)
    ax.plot(row["value"], 0, MARKERS[0], color=COLOURS[0], markersize=9)
    _label(ax, f"{row['value']:.3g}", (row["value"], 0), shift=(0, 9), ha="center")
    ax.set_ylim(-1, 1)
    return finish(ax, title=f"Value and {100 * row['level']:.0f} % interval, n = {row['n']:,}", x=str(row["unit"]))


@house_style()
def revenue_lines(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "EUR") -> Axes:
    """Draw monthly revenue, one labelled line per product.

    Parameters
    ----------
    frame : DataFrame
        ``MonthlyRevenue.to_frame()``: product_id, name, month, revenue_k (thousand).
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Currency of the money.
    """
    if frame.empty:
        return _empty(ax, "No revenue to this month")
    ax = axes(ax)
    ends = []
    for j, (_, rows) in enumerate(frame.groupby("product_id", sort=True)):
        ax.plot(rows["month"], rows["revenue_k"], color=_colour(j), marker=MARKERS[j % 8], markevery=6, markersize=4.5)
        ends.append((float(rows["revenue_k"].iloc[-1]), _short(rows["name"].iloc[0]), _colour(j)))
    top, last = float(frame["revenue_k"].max()), int(frame["month"].max())
    ax.set_ylim(min(0.0, float(frame["revenue_k"].min())), 1.06 * top if top > 0 else 1)
    _spread_labels(ax, last, ends)
    _month_axis(ax)
    amounts(ax.yaxis)
    ax.grid(axis="y")
    count = frame["product_id"].nunique()
    title = f"Monthly revenue of {count} products to {month_name(last)}" if count > 1 else f"Revenue of {ends[0][1]}"
    return finish(ax, title=title, y=f"Thousand {currency} a month")


@house_style()
def nps_by_month(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the net promoter score by month with 95 % intervals, one panel per product.

    Parameters
    ----------
    frame : DataFrame
        NPS rows of ``Satisfaction.to_frame()``: product_id, name, month, value, low, high (points), n; the first eight
        products are drawn.
    ax : Axes, optional
        Drawn upon when given; panels are put inside it.
    """
    products = [rows for _, rows in frame.groupby("product_id", sort=True)][:_MOST_PANELS]
    if not products:
        return _empty(ax, "No surveys in this period")
    ax = axes(ax)
    title = "A month's NPS with its 95 % interval"
    if len(products) == 1:
        _nps_panel(ax, products[0])
        return finish(ax, title=f"{title}: {_short(products[0]['name'].iloc[0])}, {_n_range(products[0])}", y="Points")
    ax.set_axis_off()
    columns = math.ceil(len(products) / 2) if len(products) > 3 else len(products)  # noqa: PLR2004 - one row of three
    rows_of_panels = math.ceil(len(products) / columns)
    for j, rows in enumerate(products):
        panel = ax.inset_axes(_cell(j, columns, rows_of_panels))
        _nps_panel(panel, rows, (float(frame["low"].min()), float(frame["high"].max())))
        panel.set_title(f"{_short(rows['name'].iloc[0])}\n{_n_range(rows)}", fontsize=_SMALL, fontweight="normal")
        if j % columns:
            panel.set_yticklabels([])
    ax.set_title(f"{title}, points")
    return ax


@house_style()
def cohorts(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the cohort triangle as a heat map; what is not yet observed is hatched, never 0.

    Parameters
    ----------
    frame : DataFrame
        ``CohortTriangle.to_frame()``: cohort, n, a share 0-1 per age (``"0"``, ``"1"``, ...), NaN where unobserved.
    ax : Axes, optional
        Drawn upon when given.
    """
    if frame.empty:
        return _empty(ax, "No customers to follow yet")
    ax = axes(ax)
    shares = frame.drop(columns=["cohort", "n"]).to_numpy(dtype=float)
    n_cohorts, n_ages = shares.shape
    hatched = Rectangle(
        (-0.5, -0.5), n_ages, n_cohorts, facecolor="white", edgecolor=LINE, hatch="////", linewidth=0, zorder=0
    )
    ax.add_patch(hatched)
    image = ax.imshow(np.ma.masked_invalid(shares), cmap="Blues", vmin=0, vmax=1, aspect="auto", zorder=1)
    for i, j in _written(n_cohorts, n_ages):
        if np.isfinite(shares[i, j]):
            _cell_text(ax, (j, i), f"{100 * shares[i, j]:.0f}", dark=bool(shares[i, j] > _DARK))
    step = max(1, math.ceil(n_cohorts / 12))
    rows = range(0, n_cohorts, step)
    names = [f"{month_text(int(frame['cohort'].iloc[i]))}  n {int(frame['n'].iloc[i]):,}" for i in rows]
    ax.set_yticks(list(rows), names, fontsize=_SMALL)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.figure.colorbar(image, ax=ax, shrink=0.8, format=FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))
    return finish(ax, title="Share of each cohort still active; hatched: not yet observed", x="Months since they came")


@house_style()
def effects(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "EUR") -> Axes:
    """Draw what market and share did to our sales, a pair of bars per category.

    Parameters
    ----------
    frame : DataFrame
        ``RevenueSplit.to_frame()``: category, market_effect_k, share_effect_k, change_k (thousand).
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Currency of the money.
    """
    known = frame.dropna(subset=["change_k"])
    if known.empty:
        return _empty(ax, "No market study covers both windows")
    ax = axes(ax)
    place = np.arange(len(known))
    parts = (("market_effect_k", "market", 0, "", -0.19), ("share_effect_k", "our share", 1, "///", 0.19))
    for column, name, j, hatch, shift in parts:
        values = known[column].to_numpy(dtype=float)
        ax.barh(
            place + shift, values, height=0.36, color=COLOURS[j], hatch=hatch, edgecolor="white", label=f"from {name}"
        )
        for y, value in zip(place + shift, values, strict=True):
            side = 4 if value >= 0 else -4
            _label(ax, f"{value:+,.0f}", (value, float(y)), shift=(side, 0), ha="left" if value >= 0 else "right")
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.margins(x=0.14)
    names = [f"{_short(row['category'])}\n{row['change_k']:+,.0f} in all" for row in known.to_dict("records")]
    ax.set_yticks(place, names, fontsize=_SMALL)
    ax.invert_yaxis()
    amounts(ax.xaxis)
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.17), ncols=2, fontsize=_SMALL)
    return finish(ax, title="What market and share did to our sales", x=f"Thousand {currency}")


@house_style()
def board(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "EUR") -> Axes:
    """Draw the board of products: a row each, values with intervals, arrows where the change is real.

    Parameters
    ----------
    frame : DataFrame
        ``ProductReview.to_frame()``.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Currency of the money.
    """
    ax = axes(ax, height=min(4.0, 1.3 + 0.34 * len(frame)))
    ax.set_axis_off()
    ax.set_xlim(0, 100)
    ax.set_ylim(len(frame) + 0.1, -1.2)
    heads = (f"Revenue, {currency}", "Margin, %", "Market share, %", "NPS, points", "12-month kept, %")
    columns = ("", "", "", "nps_n", "retention_12_n")
    for x, head, column in zip(_BOARD_COLUMNS, heads, columns, strict=True):
        ax.text(x, -0.8, head, ha="right", fontsize=_SMALL, color=MUTED)
        ax.text(x, -0.4, _n_told(frame[column]) if column else "", ha="right", fontsize=_TINY, color=MUTED)
    for y, row in enumerate(frame.to_dict("records")):
        ax.axhline(y - 0.25, color=LINE, linewidth=0.8)
        ax.text(0, y + 0.3, _short(row["name"]), va="center", fontsize=10, color=INK)
        for x, (value, interval, arrow) in zip(_BOARD_COLUMNS, _board_cells(row), strict=True):
            ax.text(x - 1.5, y + 0.18, value, ha="right", va="center", **_shade(value))
            ax.text(x - 1.5, y + 0.55, interval, ha="right", va="center", fontsize=_TINY, color=MUTED)
            ax.text(x - 0.7, y + 0.18, arrow, va="center", fontsize=10, color=_ARROW_COLOURS.get(arrow, MUTED))
    ax.set_title("Products: an arrow only where the change is real (–: none seen)")
    return ax


def _shade(value: str) -> dict[str, Any]:
    known = value != "not measured"
    return {"fontsize": 10 if known else _SMALL, "color": INK if known else MUTED}


_BOARD_COLUMNS = (37, 53, 67, 81, 98)


def _board_cells(row: dict[Hashable, Any]) -> list[tuple[str, str, str]]:
    """Text, interval and arrow of every metric in one row of the board."""
    revenue = "" if math.isnan(row["revenue_k"]) else f"{row['revenue_k']:,.0f} k"
    change = [100 * row[f"revenue_change{end}"] for end in ("", "_low", "_high")]
    spread = "" if math.isnan(change[0]) else f"{change[0]:+.0f} % ({change[1]:+.0f} to {change[2]:+.0f})"
    cells = [(revenue or "not measured", spread, row["revenue_arrow"])]
    for metric, scale in (("margin", 100), ("share", 100), ("nps", 1), ("retention_12", 100)):
        value, low, high = (scale * row[f"{metric}{end}"] for end in ("", "_low", "_high"))
        known = not math.isnan(value)
        interval = f"{low:.0f} to {high:.0f}" if known and high > low else ""
        cells.append((f"{value:.1f}" if known else "not measured", interval, row[f"{metric}_arrow"]))
    return cells


def _nps_panel(ax: Axes, rows: pd.DataFrame, limits: tuple[float, float] | None = None) -> None:
    # Steps: a month is one figure, and nothing is known between two of them.
    ax.fill_between(rows["month"], rows["low"], rows["high"], step="mid", color=COLOURS[4], alpha=0.35, linewidth=0)
    ax.plot(rows["month"], rows["value"], drawstyle="steps-mid", color=COLOURS[0], linewidth=1.4)
    ax.axhline(0, color=MUTED, linewidth=0.6)
    if limits is not None:
        ax.set_ylim(limits)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=_TINY)
    _month_axis(ax)


def _n_range(rows: pd.DataFrame) -> str:
    return f"{_n_told(rows['n'])} a month"


def _n_told(numbers: pd.Series) -> str:
    """Say how many observations there were, leaving out what was not measured."""
    known = numbers[numbers > 0]
    if known.empty:
        return ""
    low, high = int(known.min()), int(known.max())
    return f"n {low:,}" if low == high else f"n {low:,} to {high:,}"


def _cell(j: int, columns: int, rows: int) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of panel j within the axes."""
    i, k = divmod(j, columns)
    wide, high = 1 / columns, 1 / rows
    return k * wide + 0.02, 1 - (i + 1) * high + 0.06, wide - 0.035, high - 0.24 / rows - 0.06


def _month_axis(ax: Axes) -> None:
    """Show Januaries as years where there are any, else months."""
    low, high = (round(float(end)) for end in ax.dataLim.intervalx)
    januaries = [month for month in range(low, high + 1) if month % 12 == 1]
    if len(januaries) > 1:
        ax.set_xticks(januaries, [month_text(month)[:4] for month in januaries])
    else:
        ticks = list(range(low, high + 1, max(1, (high - low) // 4)))
        ax.set_xticks(ticks, [month_text(month) for month in ticks])


def _spread_labels(ax: Axes, last: int, ends: list[tuple[float, str, str]]) -> None:
    """Write the names at the lines' ends, pushed apart so that none covers another."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    away = last + 0.052 * (right - left)
    gap, place = 0.062 * (high - low), low - 1.0 * (high - low)
    for value, name, colour in sorted(ends):
        place = max(value, place + gap)
        ax.annotate(
            name, (last, value), xytext=(away, place), va="center", fontsize=_SMALL, color=INK,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8, "relpos": (0, 0.5), "shrinkB": 2},
        )  # fmt: skip


def _written(n_cohorts: int, n_ages: int) -> list[tuple[int, int]]:
    """Cells that have room for their number."""
    if n_cohorts <= 13 and n_ages <= 14:  # noqa: PLR2004 - what fits 8 x 4 inches
        return [(i, j) for i in range(n_cohorts) for j in range(n_ages)]
    step = math.ceil(n_cohorts / 12)
    return [(i, j) for i in range(0, n_cohorts, step) for j in (1, 6, 12, 24) if j < n_ages]


def _cell_text(ax: Axes, at: tuple[float, float], text: str, *, dark: bool) -> None:
    ax.text(*at, text, ha="center", va="center", fontsize=TINY, color="white" if dark else INK, zorder=2)


def _label(ax: Axes, text: str, at: tuple[float, float], *, shift: tuple[float, float], ha: str) -> None:
    ax.annotate(text, at, xytext=shift, textcoords="offset points", ha=ha, va="center", fontsize=_SMALL, color=INK)


def _empty(ax: Axes | None, text: str) -> Axes:
    # One line of words needs no room for a figure.
    ax = axes(ax, height=0.8)
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=MUTED)
    return ax


def _colour(j: int) -> str:
    # Yellow is too pale for a line on white.
    palette = [colour for colour in COLOURS if colour != "#f0e442"]
    return palette[j % len(palette)]


def _short(name: object) -> str:
    text = str(name)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
