"""Figures of what is to come: a fan with its baseline, a board of fans, the chance of a target."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pmlib.months import month_name, month_text
from pmlib.plots.style import COLOURS, INK, LINE, MUTED, SMALL, TINY, amounts, axes, finish, house_style, short

_BLUE, _ORANGE = COLOURS[0], COLOURS[3]
_NOTHING = "not enough data"
_MOST_PANELS = 8
_DASHES = (0, (4, 2))


@house_style()
def forecast_fan(
    months: pd.DataFrame, methods: pd.DataFrame, ax: Axes | None = None, *, currency: str = "EUR"
) -> Axes:  # fmt: skip
    """Draw one headline: its history, the forecast with its 80 % and 95 % intervals, and the baseline, dashed.

    Parameters
    ----------
    months : DataFrame
        ``Forecasts.of(product, headline)``: month, kind, value, low_80, high_80, low_95, high_95, baseline.
    methods : DataFrame
        One row of ``Forecasts.methods``.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Currency of revenue.
    """
    if methods.empty or methods["shown"].iloc[0] == _NOTHING:
        return _empty(ax, "Not enough data to forecast: 6 months without a gap are needed")
    row, ax = methods.iloc[0].to_dict(), axes(ax)
    history, ahead = _parts(months)
    _fan(ax, history, ahead)
    _month_axis(ax, int(months["month"].min()), int(months["month"].max()))
    same = row["shown"] == row["baseline"]
    ends = [(ahead["value"].iloc[-1], "baseline" if same else "forecast")]
    ends += [] if same else [(ahead["baseline"].iloc[-1], "baseline")]
    if ahead["low_80"].notna().all():
        ends += [(ahead[f"{end}_{level}"].iloc[-1], f"{level} %") for end in ("low", "high") for level in (80, 95)]
    _label_ends(ax, int(months["month"].max()), ends)
    amounts(ax.yaxis)
    ax.grid(axis="y")
    ax.set_xlabel(_method_words(row), fontsize=SMALL, color=MUTED, loc="left")
    return finish(ax, title=_fan_title(row, ahead.iloc[-1].to_dict()), x=ax.get_xlabel(), y=_unit(row, currency))


@house_style()
def forecast_panels(
    months: pd.DataFrame, methods: pd.DataFrame, ax: Axes | None = None, *, currency: str = "EUR"
) -> Axes:  # fmt: skip
    """Draw one headline of several products, a small fan each; the first eight are drawn.

    Parameters
    ----------
    months : DataFrame
        Rows of ``Forecasts.to_frame()`` of one headline.
    methods : DataFrame
        Rows of ``Forecasts.methods`` of that headline.
    ax : Axes, optional
        Drawn upon when given; panels are put inside it.
    currency : str
        Currency of revenue.
    """
    rows = methods.to_dict("records")[:_MOST_PANELS]
    if not rows:
        return _empty(ax, "Nothing to forecast in this period")
    columns = math.ceil(len(rows) / 2) if len(rows) > 3 else len(rows)  # noqa: PLR2004 - one row of three
    lines = math.ceil(len(rows) / columns)
    ax = axes(ax, height=4.4 if lines > 1 else 2.8)
    ax.set_axis_off()
    for j, row in enumerate(rows):
        panel = ax.inset_axes(_cell(j, columns, lines))
        _panel(panel, months[months["product_id"] == row["product_id"]], row)
    shown = _HEADLINES.get(rows[0]["headline"], rows[0]["headline"])
    ax.set_title(f"{shown.capitalize()} and what is to come: 80 % (dark) and 95 % (pale), baseline dashed")
    unit = _unit(rows[0], currency)
    ax.text(0, -0.05, f"{unit}. Under each name: mean error against the baseline's at past months", fontsize=SMALL,
            color=MUTED, transform=ax.transAxes, va="top")  # fmt: skip
    return ax


@house_style()
def target_chance(
    frame: pd.DataFrame, distribution: pd.DataFrame, ax: Axes | None = None, *, currency: str = "EUR"
) -> Axes:  # fmt: skip
    """Draw the revenue of a window as a distribution; the part that reaches the target is dark, the rest hatched.

    Parameters
    ----------
    frame : DataFrame
        ``TargetChance.to_frame()``: one row.
    distribution : DataFrame
        ``TargetChance.distribution()``: revenue_k, density, reached.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Currency of the money.
    """
    row = frame.iloc[0].to_dict()
    goal = f"{row['target_k']:,.0f} k {currency}"
    window = " to ".join(dict.fromkeys(month_name(int(row[end])) for end in ("first", "last")))
    if row["n_windows"] == 0:
        return _empty(ax, f"Not enough data for the chance of {goal} in {window}")
    if distribution.empty:
        verb = "reached" if row["chance"] == 1 else "missed"
        return _empty(ax, f"Target of {goal} in {window} {verb}: {row['earned_k']:,.0f} k {currency}")
    ax = axes(ax, height=3.4)
    revenue, density, reached = (distribution[name] for name in ("revenue_k", "density", "reached"))
    ax.fill_between(revenue, density, where=reached, color=_BLUE, alpha=0.75, linewidth=0)
    ax.fill_between(revenue, density, where=~reached, facecolor="white", edgecolor=MUTED, hatch="///", linewidth=0)
    ax.plot(revenue, density, color=INK, linewidth=1)
    top = float(density.max())
    low, high = (min(float(revenue.min()), row["target_k"]), max(float(revenue.max()), row["target_k"]))
    ax.set(xlim=(low - 0.03 * (high - low), high + 0.03 * (high - low)), ylim=(0, 1.3 * top), yticks=[])
    ax.axvline(row["target_k"], ymax=0.86, color=_ORANGE, linewidth=2)
    right = row["target_k"] <= (low + high) / 2
    ax.annotate(f"target {goal}", (row["target_k"], 1.21 * top), ha="left" if right else "right", fontsize=SMALL,
                color=INK)  # fmt: skip
    ax.annotate(_sure(row), (0.99 if right else 0.01, 0.98), xycoords="axes fraction", va="top",
                ha="right" if right else "left", fontsize=SMALL, color=INK)  # fmt: skip
    ax.spines["left"].set_visible(False)
    amounts(ax.xaxis)
    title = f"{short(row['name'], inches=2.6, size=12)}: {row['in_words']} chance of the target"
    return finish(ax, title=title, x=f"Revenue in {window}, thousand {currency} (by {row['method']})")


_HEADLINES = {"share": "market share", "nps": "NPS"}


def _fan_title(row: dict[Hashable, Any], end: dict[Hashable, Any]) -> str:
    """Say what is to come at the end of the fan, as a range."""
    digits = 1 if row["unit"] in ("%", "points") else 0
    low, value, high = (f"{end[name]:,.{digits}f}" for name in ("low_80", "value", "high_80"))
    span = f"{low} to {high}" if low != "nan" else f"{value}, width unknown,"
    often = ", 8 times in 10" if low != "nan" else ""
    return f"{short(row['name'], inches=1.7, size=12)}: {span} in {month_text(int(end['month']))}{often}"


def _sure(row: dict[Hashable, Any]) -> str:
    lines = [f"expected {row['expected_k']:,.0f} k"]
    if row["n_earned"] > 0:
        lines.append(f"{row['earned_k']:,.0f} k of it earned so far")
    if not math.isnan(row["chance_low"]):
        low, high = (f"{100 * row[end]:.0f} %" for end in ("chance_low", "chance_high"))
        lines += [] if low == high else [f"chance between {low} and {high}"]
        lines.append(f"n = {row['n_windows']} past windows")
    return "\n".join(lines)


def _fan(ax: Axes, history: pd.DataFrame, ahead: pd.DataFrame, *, width: float = 1.8) -> None:
    month = ahead["month"]
    ax.fill_between(month, ahead["low_95"], ahead["high_95"], facecolor=_BLUE, alpha=0.13, linewidth=0)
    ax.fill_between(month, ahead["low_80"], ahead["high_80"], facecolor=_BLUE, alpha=0.25, linewidth=0)
    for end in ("low", "high"):
        ax.plot(month, ahead[f"{end}_95"], color=_BLUE, linewidth=0.5, linestyle=":")
        ax.plot(month, ahead[f"{end}_80"], color=_BLUE, linewidth=0.6)
    ax.plot(history["month"], history["value"], color=INK, linewidth=width)
    ax.plot(month, ahead["baseline"], color=_ORANGE, linewidth=width - 0.4, linestyle=_DASHES)
    ax.plot(month, ahead["value"], color=_BLUE, linewidth=width, zorder=1.9)
    ax.axvline(float(history["month"].max()) + 0.5, color=LINE, linewidth=1, zorder=0)


def _panel(panel: Axes, months: pd.DataFrame, row: dict[Hashable, Any]) -> None:
    history, ahead = _parts(months)
    if row["shown"] == _NOTHING:
        told = _NOTHING
        panel.plot(history["month"], history["value"], color=INK)
    else:
        _fan(panel, history, ahead, width=1.3)
        told = "baseline shown" if row["shown"] == row["baseline"] else f"{row['mae_ratio']:.2f}, n {row['n_origins']}"
    panel.set_title(f"{short(row['name'], inches=1.55)}\n{told}", fontsize=SMALL, fontweight="normal")
    low, high = int(months["month"].min()), int(months["month"].max())
    years = [month for month in range(low, high + 1) if month % 24 == 1] or [low]
    panel.set_xticks(years, [month_text(month)[:4] for month in years])
    amounts(panel.yaxis)
    panel.yaxis.set_major_locator(MaxNLocator(3))
    panel.tick_params(labelsize=TINY, pad=1, length=2)


def _parts(months: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split history and forecast, the forecast joined to the last known month."""
    history, ahead = months[months["kind"] == "history"], months[months["kind"] == "forecast"]
    if ahead.empty or history.empty:
        return history, ahead
    known = history.iloc[[-1]]
    ends = [name for name in ("baseline", "low_80", "high_80", "low_95", "high_95") if ahead[name].notna().all()]
    return history, pd.concat([known.assign(**dict.fromkeys(ends, known["value"].iloc[0])), ahead])


def _label_ends(ax: Axes, last: int, ends: list[tuple[float, str]]) -> None:
    """Write what each line is at its end, pushed apart so that none covers another."""
    low, high = ax.get_ylim()
    gap, place = 0.06 * (high - low), low - (high - low)
    for value, text in sorted(ends):
        place = max(value, place + gap)
        ax.annotate(
            text, (last, value), xytext=(last + 1.2, place), va="center", fontsize=SMALL, color=INK,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.6, "relpos": (0, 0.5), "shrinkB": 0},
        )  # fmt: skip


def _method_words(row: dict[Hashable, Any]) -> str:
    compared = not math.isnan(row["mae_ratio"])
    if row["shown"] == row["baseline"]:
        rival = f"; the best model erred {row['mae_ratio']:.2f} times as much" if compared else ""
        return f"By the {row['baseline']} baseline{rival}, n = {row['n_origins']} past months"
    return (
        f"By {row['shown']}: mean error {row['mae_ratio']:.2f} of the {row['baseline']} baseline's, "
        f"n = {row['n_origins']} past months"
    )


def _unit(row: dict[Hashable, Any], currency: str) -> str:
    shown = _HEADLINES.get(row["headline"], row["headline"])
    unit = f"thousand {currency} a month" if row["headline"] == "revenue" else row["unit"]
    written = shown if unit == shown else f"{shown}, {unit}"
    return f"{written[0].upper()}{written[1:]}"


def _month_axis(ax: Axes, low: int, high: int) -> None:
    januaries = [month for month in range(low, high + 1) if month % 12 == 1]
    if len(januaries) > 1:
        ax.set_xticks(januaries, [month_text(month)[:4] for month in januaries])
    else:
        ticks = list(range(low, high + 1, max(1, (high - low) // 4)))
        ax.set_xticks(ticks, [month_text(month) for month in ticks])


def _cell(j: int, columns: int, rows: int) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of panel j within the axes."""
    i, k = divmod(j, columns)
    wide, high = 1 / columns, 1 / rows
    return k * wide + 0.05 / columns, 1 - (i + 1) * high + 0.06, wide * 0.8, high - 0.22 / rows - 0.06


def _empty(ax: Axes | None, text: str) -> Axes:
    ax = axes(ax, height=0.8)
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=MUTED)
    return ax
