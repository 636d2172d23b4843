"""Figures of the portfolio room: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import PercentFormatter
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from pmlib.months import month_text
from pmlib.plots.style import (
    COLOURS,
    HATCHES,
    INK,
    LINE,
    MUTED,
    SMALL,
    VERB_MARKERS,
    amounts,
    axes,
    finish,
    house_style,
    look,
    nothing,
    short,
)

_N_NAMES = 16
_PERCENT = PercentFormatter(1, decimals=0, symbol=" %")
_NO_PLAN = "No plan holds every limit: nothing is decided"
_MOST_MONTHS = 8
_STEPS = (1, 2, 3, 6, 12, 24, 48)
#: Area of a mark in square points: alike, largest, and the smallest as a share of the largest.
_ROUND, _LARGEST, _SMALLEST = 46.0, 420.0, 0.02
#: Where a name may stand around its mark: right, left, above, below and between, then further out with a line.
_AROUND = ((1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1))
_NEAR, _FAR, _DIAGONAL = 2.0, 14.0, 0.75
_SIDES: dict[int, Literal["left", "center", "right"]] = {1: "left", 0: "center", -1: "right"}
_LEVELS: dict[int, Literal["bottom", "center", "top"]] = {1: "bottom", 0: "center", -1: "top"}
#: Person-months a full month may have left.
_FULL = 0.05
#: Shares that differ by less look the same.
_VISIBLE = 0.005
#: How near the end of the axis a share may be written.
_EDGE = 0.06
#: Runs of months named in a title; years from which on their words are brief.
_FEW, _CROWD = 3, 7


@house_style()
def decisions(frame: pd.DataFrame, ax: Axes | None = None, *, unit: str = "thousand", currency: str = "") -> Axes:
    """Draw every project by what going on costs and is worth, with the mark and colour of its verb.

    Parameters
    ----------
    frame : DataFrame of shape (n_projects, ...)
        ``Decision.actions``: project_id, action, value_on_k, cost_on_k.
    ax : Axes, optional
        Drawn upon when given.
    unit : str
        Unit of the value.
    currency : str
        Currency of the cost.
    """
    ax = axes(ax)
    if not frame["action"].notna().any():
        return nothing(ax, _NO_PLAN)
    ax.axhline(0, color=LINE, zorder=0)
    _marks(ax, frame, "cost_on_k", sizes=np.full(len(frame), _ROUND))
    _legend(ax, frame, "cost_on_k")
    amounts(ax.xaxis, ax.yaxis)
    finish(ax, title="What each project is worth for the money it still needs",
           x=f"still to spend, thousand {currency}".rstrip(), y=f"value of going on, {unit}")
    return _name_some(ax, frame, "cost_on_k", sizes=np.full(len(frame), _ROUND))


@house_style()
def bubbles(frame: pd.DataFrame, ax: Axes | None = None, *, unit: str = "thousand", currency: str = "") -> Axes:
    """Draw value against the chance of success: the area of a mark is the money still to spend, its form the verb.

    Parameters
    ----------
    frame : DataFrame of shape (n_projects, ...)
        ``Decision.actions``: project_id, action, value_on_k, cost_on_k, p_success (0-1).
    ax : Axes, optional
        Drawn upon when given.
    unit : str
        Unit of the value.
    currency : str
        Currency of the cost.
    """
    ax = axes(ax)
    if not frame["action"].notna().any():
        return nothing(ax, _NO_PLAN)
    ax.axhline(0, color=LINE, zorder=0)
    cost = np.nan_to_num(frame["cost_on_k"].to_numpy(dtype=float))
    most = float(cost.max())
    sizes = np.maximum(cost / most if most > 0 else 0.0 * cost, _SMALLEST) * _LARGEST
    _marks(ax, frame, "p_success", sizes=sizes)
    ax.margins(0.08)
    ax.xaxis.set_major_formatter(_PERCENT)
    amounts(ax.yaxis)
    _legend(ax, frame, "p_success", _size_marks(most, currency) if most > 0 else [])
    finish(ax, title="Value against chance of success; larger marks still cost more",
           x="chance of success", y=f"value of going on, {unit}")
    return _name_some(ax, frame, "p_success", sizes=sizes)



def _marks(ax: Axes, frame: pd.DataFrame, x: str, *, sizes: NDArray[np.float64]) -> None:
    """One mark per project, in the form of its verb."""
    for verb in VERB_MARKERS:
        mine, form = (frame["action"] == verb).to_numpy(), look(verb)
        if mine.any():
            ax.scatter(frame.loc[mine, x], frame.loc[mine, "value_on_k"], marker=form["marker"], s=sizes[mine],
                       color=form["color"], alpha=0.8, linewidths=0.6, edgecolors="white")


def _legend(ax: Axes, frame: pd.DataFrame, x: str, sizes: Sequence[Line2D] = ()) -> None:
    """Count the verbs in words; below them what the area of a mark means, and what could not be drawn."""
    count = frame["action"].value_counts()
    verbs = [Line2D([], [], linestyle="none", label=f"{verb} {count[verb]}", **look(verb))
             for verb in VERB_MARKERS if verb in count]
    hidden = int(frame[[x, "value_on_k"]].isna().any(axis=1).sum())
    rest = [Line2D([], [], linestyle="none", label=f"{hidden} not drawn:\na number is missing")] if hidden else []
    ax.legend(handles=[*verbs, *sizes, *rest], loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=SMALL,
              labelspacing=0.9 if sizes else 0.5, handletextpad=1.0 if sizes else 0.5)


def _size_marks(most: float, currency: str) -> list[Line2D]:
    """Two marks that say what their area means."""
    digits = 10.0 ** np.floor(np.log10(most))
    large = float(np.floor(most / digits) * digits)
    said = [(amount, f"{amount:,.0f} thousand" if amount >= 1 else f"{amount:g} thousand")
            for amount in (large / 5, large)]
    marks = [Line2D([], [], linestyle="none", marker="o", color=MUTED, markerfacecolor="none", label=words,
                    markersize=float(np.sqrt(amount / most * _LARGEST))) for amount, words in said]
    return [Line2D([], [], linestyle="none", label=f"{currency} still to spend:".strip()), *marks]


def _name_some(ax: Axes, frame: pd.DataFrame, x: str, *, sizes: NDArray[np.float64]) -> Axes:
    """Write the ids of the projects of every verb that are furthest from zero, where there is room for them."""
    figure = ax.get_figure(root=True)
    points = frame[[x, "value_on_k"]].to_numpy(dtype=float)
    if figure is None or not np.isfinite(points).any():
        return ax
    # Only a laid out figure says how much room a word takes.
    figure.draw_without_rendering()
    pixels, dots = ax.transData.transform(points), figure.dpi / 72.0
    radii = np.sqrt(sizes) / 2.0 * dots
    taken = [Bbox([at - radius, at + radius]) for at, radius in zip(pixels, radii, strict=True)]
    far = pd.Series(-np.abs(points[:, 1])).sort_values(kind="stable").index
    side = frame["action"].reset_index(drop=True) + np.where(points[:, 1] < 0, "-", "+")
    said = 0
    for place in side[far].groupby(side[far]).cumcount().sort_values(kind="stable").index:
        if said == _N_NAMES:
            break
        word, (right, up) = short(frame["project_id"].iloc[place], inches=1.0), points[place]
        box = _name(ax, word, (float(right), float(up)), taken=taken, radius=float(radii[place]) / dots)
        if box is not None:
            taken.append(box)
            said += 1
    return ax


def _name(
    ax: Axes, word: str, point: tuple[float, float], *, taken: Sequence[Bbox], radius: float,
) -> Bbox | None:
    """Write a word beside its mark, where it covers nothing; None when there is no such place."""
    text = ax.annotate(word, point, xytext=(0, 0), textcoords="offset points", fontsize=SMALL, color=INK,
                       arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.6, "shrinkA": 0})
    text.set_in_layout(False)
    paper = ax.get_window_extent()
    for distance, (right, up) in product((_NEAR, _FAR), _AROUND):
        away = (radius + distance) * (_DIAGONAL if right and up else 1.0)
        text.set_position((right * away, up * away))
        text.set_horizontalalignment(_SIDES[right])
        text.set_verticalalignment(_LEVELS[up])
        text.get_window_extent()
        # The box of the letters alone, without the line to the mark.
        box = Text.get_window_extent(text)
        inside = paper.x0 <= box.x0 and box.x1 <= paper.x1 and paper.y0 <= box.y0 and box.y1 <= paper.y1
        if inside and not any(box.overlaps(other) for other in taken):
            if text.arrow_patch is not None:
                text.arrow_patch.set_visible(distance == _FAR)
            return box
    text.remove()
    return None


@house_style()
def mix(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of money of every horizon, today and in the plan, against the wanted band.

    Parameters
    ----------
    frame : DataFrame of shape (n_horizons, ...)
        ``Decision.mix``: horizon, today_share, plan_share, floor_share, ceiling_share (0-1), and committed_share
        where it is known.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=0.7 * len(frame) + 1.0)
    rows = frame.to_dict("records")
    for place, row in enumerate(rows):
        if _banded(row):
            low, high = row["floor_share"], row["ceiling_share"]
            ax.barh(place, high - low, left=low, height=0.5, color=LINE, edgecolor=MUTED, linewidth=1.0)
            ax.plot([(low + high) / 2] * 2, [place - 0.25, place + 0.25], color=MUTED, linewidth=1.0, linestyle=":")
        _shares(ax, row, place)
        ax.text(1.02, place, _beside(row), va="center", fontsize=SMALL, color=MUTED, clip_on=False)
    ax.set_yticks(range(len(rows)), [short(row["horizon"], inches=1.2, size=11) for row in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(_PERCENT)
    return finish(ax, title=_mix_title(rows),
                  x="share of money still to be spent; grey: the wanted band, dotted: its middle")


def _banded(row: dict[Any, Any]) -> bool:
    return bool(row["floor_share"] > 0 or row["ceiling_share"] < 1)


def _shares(ax: Axes, row: dict[Any, Any], place: int) -> None:
    """Today as a hollow mark with its word above, the plan as a full one with its word below, an arrow between."""
    today, plan = float(row["today_share"]), float(row["plan_share"])
    if np.isfinite(today) and np.isfinite(plan) and abs(plan - today) > _VISIBLE:
        ax.annotate("", (plan, place), (today, place), arrowprops={"arrowstyle": "->", "color": INK, "shrinkA": 5,
                                                                   "shrinkB": 5})
    for share, word, up in ((today, "today", True), (plan, "plan", False)):
        if np.isfinite(share):
            ax.plot(share, place, marker="o" if up else "D", markersize=8, color=INK,
                    markerfacecolor="white" if up else COLOURS[0], clip_on=False, zorder=4)
            ax.text(min(max(share, _EDGE), 1 - _EDGE), place + (-0.29 if up else 0.29), f"{word} {100 * share:.0f} %",
                    ha="center", va="bottom" if up else "top", fontsize=SMALL, color=INK)
    if not np.isfinite(plan):
        ax.text(_EDGE, place + 0.29, "no plan", ha="center", va="top", fontsize=SMALL, color=INK)


def _beside(row: dict[Any, Any]) -> str:
    """Words beside a horizon: its band, and what of it is committed."""
    words = "no band"
    if _banded(row):
        words = f"wanted {100 * row['floor_share']:.0f}-{100 * row['ceiling_share']:.0f} %"
    committed = row.get("committed_share", np.nan)
    return f"{words}\ncommitted {100 * committed:.0f} %" if np.isfinite(committed) else words


def _mix_title(rows: list[dict[Any, Any]]) -> str:
    """Name the horizon that is furthest outside its band today."""
    outside = [max(row["floor_share"] - row["today_share"], row["today_share"] - row["ceiling_share"]) for row in rows]
    if not rows or not np.nanmax([0.0, *outside]) > _VISIBLE:
        return "Where the money goes, by horizon"
    row = rows[int(np.nanargmax(outside))]
    plan = f", {100 * row['plan_share']:.0f} % in the plan" if np.isfinite(row["plan_share"]) else ""
    return (f"{_first(row['horizon'])} takes {100 * row['today_share']:.0f} % today{plan}, "
            f"wanted {100 * row['floor_share']:.0f}-{100 * row['ceiling_share']:.0f} %")


def _first(name: object, *, inches: float = 1.2) -> str:
    """Begin a title with a name."""
    text = short(str(name), inches=inches, size=12)
    return text[:1].upper() + text[1:]


@house_style()
def money(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """Draw money by year against its budget: plan as bars, going on as now as marks, budget as lines.

    Parameters
    ----------
    frame : DataFrame of shape (n_years, 4)
        ``Decision.money``: year, plan_k, now_k, budget_k (missing: no budget).
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Currency of the money.
    """
    ax = axes(ax)
    place = np.arange(len(frame))
    ax.bar(place, frame["plan_k"].fillna(0.0), width=0.55, color=COLOURS[4], edgecolor=COLOURS[0], label="plan")
    ax.plot(place, frame["now_k"], linestyle="none", marker="D", color=COLOURS[1], markeredgecolor=INK,
            label="going on as now", clip_on=False)
    ax.hlines(frame["budget_k"], place - 0.38, place + 0.38, color=INK, linewidth=2.2, label="budget")
    for at, row in zip(place, frame.to_dict("records"), strict=True):
        top = np.nanmax([row["plan_k"], row["now_k"], row["budget_k"], 0.0])
        ax.annotate(_use(row, brief=len(frame) > _CROWD), (at, top), xytext=(0, 6), textcoords="offset points",
                    ha="center", va="bottom", fontsize=SMALL, color=INK)
    apart = -(-len(frame) // _CROWD)
    ax.set_xticks(place[::apart], frame["year"].astype(str).tolist()[::apart])
    ax.axhline(0, color=MUTED, linewidth=0.8, zorder=0)
    ax.use_sticky_edges = False
    ax.margins(y=0.12)
    if not (frame[["plan_k", "now_k", "budget_k"]] < 0).any(axis=None):
        ax.set_ylim(0)
    amounts(ax.yaxis)
    ax.legend(fontsize=SMALL, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return finish(ax, title=_money_title(frame), x="calendar year", y=f"thousand {currency}".rstrip())


def _money_title(frame: pd.DataFrame) -> str:
    """Name the year that is fullest."""
    use = (frame["plan_k"] / frame["budget_k"].where(frame["budget_k"] > 0)).to_numpy(dtype=float)
    if not np.isfinite(use).any():
        return "Money by year against its budget"
    at = int(np.nanargmax(use))
    return f"The plan takes at most {100 * use[at]:.0f} % of a year's budget, in {frame['year'].iloc[at]}"


def _use(row: dict[Any, Any], *, brief: bool) -> str:
    """Say what the plan takes of a year's budget."""
    if not np.isfinite(row["plan_k"]):
        return "–" if brief else "no plan"
    if not np.isfinite(row["budget_k"]):
        return "" if brief else "no budget"
    if not row["budget_k"] > 0:
        return "0" if brief else "budget 0"
    return f"{100 * row['plan_k'] / row['budget_k']:,.0f} %{'' if brief else ' used'}"


@house_style()
def people(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw people of one skill by month against what there is; months that bind are dark, hatched and named.

    Parameters
    ----------
    frame : DataFrame of shape (n_months, ...)
        Rows of one skill of ``Decision.people``: skill, month, plan_pm, now_pm, capacity_pm, hire_limit_pm, and
        binding (whether the month keeps out something worth doing) where it is known; else full months stand out.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax)
    needed = np.flatnonzero((frame[["plan_pm", "now_pm"]].fillna(0.0) > 0).any(axis=1))
    frame = frame.iloc[:needed[-1] + 1] if len(needed) else frame
    place, plan = np.arange(len(frame)), frame["plan_pm"].fillna(0.0).to_numpy(dtype=float)
    there = (frame["capacity_pm"] + frame["hire_limit_pm"]).to_numpy(dtype=float)
    known = "binding" in frame
    full = frame["binding"].to_numpy(dtype=bool) if known else (plan > 0) & (plan >= there - _FULL)
    word = "plan; the month binds:\none more would pay" if known else "plan; the month is full"
    for mine, colour, hatch, label in ((~full, COLOURS[4], "", "plan"), (full, COLOURS[3], HATCHES[1], word)):
        if mine.any():
            ax.bar(place[mine], plan[mine], width=0.8, color=colour, hatch=hatch, edgecolor="white", linewidth=0,
                   label=label)
    ax.step(place, frame["now_pm"], where="mid", color=INK, linestyle=":", linewidth=1.5, label="going on as now")
    ax.step(place, frame["capacity_pm"], where="mid", color=INK, linewidth=2, label="there is")
    if (frame["hire_limit_pm"] > 0).any():
        ax.step(place, there, where="mid", color=MUTED, linestyle="--", linewidth=1.2, label="and can be bought")
    months = [month_text(int(month)) for month in frame["month"]]
    step = next((step for step in _STEPS if len(frame) <= step * _MOST_MONTHS), _STEPS[-1])
    ax.set_xticks(place[::step], months[::step], fontsize=SMALL)
    ax.set_ylim(0)
    amounts(ax.yaxis)
    ax.legend(fontsize=SMALL, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    skills = ", ".join(dict.fromkeys(frame["skill"].astype(str)))
    when = ", ".join(_runs(place[full], months))
    title = f"{_first(skills, inches=2.4)} {'binds' if known else 'is full'} in {when}" if when else \
        f"People needed and there: {short(skills)}"
    return finish(ax, title=title, y="person-months a month")


def _runs(places: NDArray[np.int64], months: Sequence[str]) -> list[str]:
    """Months as runs, such as 2026-03 to 2026-06; the longest ones when there are many."""
    breaks = [0, *(np.flatnonzero(np.diff(places) > 1) + 1), len(places)]
    runs = [places[low:high] for low, high in pairwise(breaks) if high > low]
    said = [months[run[0]] if len(run) == 1 else f"{months[run[0]]} to {months[run[-1]]}" for run in runs]
    return said if len(said) <= _FEW else [*said[:_FEW - 1], f"{len(said) - _FEW + 1} more times"]
