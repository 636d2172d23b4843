"""Figures of the portfolio room: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from pmlib.months import month_text
from pmlib.plots.style import (
    COLOURS,
    HATCHES,
    INK,
    LINE,
    MUTED,
    VERB_COLOURS,
    VERB_MARKERS,
    axes,
    finish,
    house_style,
)

_SMALL = 9
_N_NAMES = 10
_LABEL_ROOM = (0.09, 0.06)
_ROOMY_SHARE, _LABEL_SHARE = 0.14, 0.04
_HORIZON_COLOURS = {"core": COLOURS[0], "adjacent": COLOURS[4], "new": COLOURS[1], "none": LINE}
_HORIZON_HATCHES = {"core": "", "adjacent": "//", "new": "..", "none": ""}
_THOUSANDS = FuncFormatter(lambda value, _: f"{value:,.0f}")
_MOST_MONTHS = 12


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
        ax.set_axis_off()
        return finish(ax, title="No plan holds every limit: nothing is decided")
    ax.axhline(0, color=LINE, zorder=0)
    for verb, colour in VERB_COLOURS.items():
        rows = frame[frame["action"] == verb]
        if len(rows):
            ax.scatter(rows["cost_on_k"], rows["value_on_k"], marker=VERB_MARKERS[verb], s=46, alpha=0.85,
                       color=colour, label=f"{verb} {len(rows)}", linewidths=1.4)
    _name_some(ax, frame)
    ax.xaxis.set_major_formatter(_THOUSANDS)
    ax.yaxis.set_major_formatter(_THOUSANDS)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=_SMALL)
    return finish(ax, title="What each project is worth for the money it still needs",
                  x=f"still to spend, thousand {currency}".rstrip(), y=f"value of going on, {unit}")


def _name_some(ax: Axes, frame: pd.DataFrame) -> None:
    """Write the ids of the projects furthest from zero on either side, none on top of another."""
    points = frame[["cost_on_k", "value_on_k"]].to_numpy(dtype=float)
    room = np.maximum(np.ptp(points, axis=0), 1.0) * _LABEL_ROOM if len(points) else np.ones(2)
    said: list[int] = []
    value = points[:, 1]
    far = np.where(value >= 0, value / max(value.max(initial=0.0), 1e-9), value / min(value.min(initial=0.0), -1e-9))
    for place in np.argsort(-far, kind="stable"):
        if len(said) < _N_NAMES and all((np.abs(points[place] - points[other]) > room).any() for other in said):
            ax.annotate(str(frame["project_id"].iloc[place]), points[place], xytext=(5, 3),
                        textcoords="offset points", fontsize=_SMALL, color=INK)
            said.append(int(place))


@house_style()
def mix(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw shares of money by horizon as bars: today, plan, and the wanted band.

    Parameters
    ----------
    frame : DataFrame of shape (n_horizons, 5)
        ``Decision.mix``: horizon, today_share, plan_share, floor_share, ceiling_share.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=2.8)
    bars = [("today", "today_share"), ("plan", "plan_share")]
    for place, (_, column) in enumerate(bars):
        _stacked(ax, frame, column, place=place)
    banded = frame[(frame["floor_share"] > 0) | (frame["ceiling_share"] < 1)]
    words = [f"{row['horizon']} {100 * row['floor_share']:.0f}-{100 * row['ceiling_share']:.0f} %"
             for row in banded.to_dict("records")]
    note = "wanted: " + ", ".join(words) if words else "no band is set"
    ax.text(0.0, len(bars) - 0.25, note, va="center", fontsize=_SMALL + 1, color=MUTED)
    ax.set_yticks(range(len(bars)), [name for name, _ in bars])
    ax.set_ylim(len(bars) + 0.05, -0.6)
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    return finish(ax, title="Where the money goes, by horizon", x="share of money still to be spent")


def _stacked(ax: Axes, frame: pd.DataFrame, column: str, *, place: int) -> None:
    left = 0.0
    for row in frame.to_dict("records"):
        share, name = float(row[column]), str(row["horizon"])
        if not np.isfinite(share):
            ax.text(0.01, place, "no plan", va="center", color=MUTED)
            return
        ax.barh(place, share, left=left, height=0.6, color=_HORIZON_COLOURS[name], edgecolor="white",
                hatch=_HORIZON_HATCHES[name])
        if share >= _LABEL_SHARE:
            said = f"{name} {100 * share:.0f} %" if share >= _ROOMY_SHARE else f"{100 * share:.0f} %"
            ax.text(left + share / 2, place, said, ha="center", va="center", fontsize=_SMALL,
                    color=INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})
        left += share


@house_style()
def money(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw money by year against its budget: plan as bars, going on as now as marks, budget as lines.

    Parameters
    ----------
    frame : DataFrame of shape (n_years, 4)
        ``Decision.money``: year, plan_k, now_k, budget_k (missing: no budget).
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax)
    place = np.arange(len(frame))
    ax.bar(place, frame["plan_k"].fillna(0.0), width=0.55, color=COLOURS[0], label="plan")
    ax.plot(place, frame["now_k"], linestyle="none", marker="D", color=COLOURS[1], markeredgecolor=INK,
            label="going on as now")
    ax.hlines(frame["budget_k"], place - 0.38, place + 0.38, color=INK, linewidth=2.2, label="budget")
    ax.set_xticks(place, frame["year"].astype(str).tolist())
    ax.yaxis.set_major_formatter(_THOUSANDS)
    ax.legend(fontsize=_SMALL)
    return finish(ax, title="Money by year against its budget", x="calendar year", y="thousand")


@house_style()
def people(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw people of one skill by month against what there is.

    Parameters
    ----------
    frame : DataFrame of shape (n_months, 6)
        Rows of one skill of ``Decision.people``: skill, month, plan_pm, now_pm, capacity_pm, hire_limit_pm.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax)
    place = np.arange(len(frame))
    ax.bar(place, frame["plan_pm"].fillna(0.0), width=0.8, color=COLOURS[4], hatch=HATCHES[0], label="plan")
    ax.plot(place, frame["now_pm"], color=COLOURS[1], linestyle=":", marker=".", label="going on as now")
    ax.step(place, frame["capacity_pm"], where="mid", color=INK, linewidth=2, label="there is")
    if (frame["hire_limit_pm"] > 0).any():
        ax.step(place, frame["capacity_pm"] + frame["hire_limit_pm"], where="mid", color=MUTED, linestyle="--",
                linewidth=1.2, label="with what can be bought")
    step = max(1, -(-len(frame) // _MOST_MONTHS))
    months = [month_text(int(month)) for month in frame["month"]]
    ax.set_xticks(place[::step], months[::step], rotation=45, ha="right", fontsize=_SMALL)
    ax.set_ylim(0)
    ax.legend(fontsize=_SMALL)
    skills = ", ".join(dict.fromkeys(frame["skill"].astype(str)))
    return finish(ax, title=f"People needed and there: {skills}", y="person-months a month")
