"""Figures of the roadmap: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from pmlib.months import month_text
from pmlib.plots.style import (
    COLOURS,
    INK,
    LINE,
    MARKERS,
    MUTED,
    SMALL,
    TINY,
    VERB_SIGNS,
    amounts,
    axes,
    beside,
    finish,
    house_style,
    look,
    named,
    nothing,
    short,
    signed,
)

#: Inches a bar and what stands around the bars take; room of a bar in a figure.
_ROW, _AROUND = 0.14, 0.95
_PAST, _MOST_TICKS = 12, 9
#: From this share of the darkest cell on, a number reads better in white.
_DARK = 0.8
_RULES = {"shared alike": 0, "one after another": 1}



def _from_zero(ax: Axes) -> None:
    """Begin at 0 and end at a tick."""
    ax.set_ylim(0)
    ax.set_ylim(0, ax.get_yticks()[-1])


def _month_axis(ax: Axes, low: int, high: int) -> None:
    """Ticks at Januaries and Julys, or further apart."""
    step = next(step for step in (3, 6, 12, 24, 60, 600) if (high - low) / step <= _MOST_TICKS)
    ticks = [month for month in range(low, high + 1) if (month - 1) % step == 0]
    ax.set_xticks(ticks, [month_text(month) for month in ticks], fontsize=SMALL)
    ax.set_xlim(low, high)


@house_style()
def roadmap(frame: pd.DataFrame, ax: Axes | None = None, *, first: int) -> Axes:
    """Draw every project from begin to finish by programme, with the sign of its verb and P10-P90 of its finish.

    Parameters
    ----------
    frame : DataFrame of shape (n_projects, ...)
        ``Roadmap.table``: project_id, name, programme_id, action, begin, finish, finish_p10, finish_p90 (months as
        year * 12 + month; without a finish only the begin is drawn).
    ax : Axes, optional
        Drawn upon when given.
    first : int
        First month of the plan; what lies before is pale.
    """
    ax = axes(ax, height=max(2.4, _AROUND + _ROW * len(frame)))
    if frame.empty:
        return nothing(ax, "No project goes on")
    owner = frame["programme_id"].astype(object).where(frame["programme_id"].notna(), "")
    rows = frame.assign(programme_id=owner).sort_values(["programme_id", "begin", "project_id"], kind="stable")
    ends = rows[["finish", "finish_p90"]].astype("Float64").max(axis=1).fillna(rows["begin"].astype(float))
    low, high = max(int(rows["begin"].min()), first - _PAST), int(ends.max()) + 2
    for y, row in enumerate(rows.to_dict("records")):
        _bar(ax, y, row, first=first, low=low)
    _programmes(ax, rows["programme_id"].tolist(), high)
    ax.axvline(first, color=INK, linewidth=1.2, zorder=0)
    _month_axis(ax, low, high)
    ax.set_ylim(len(rows) - 0.4, -0.8)
    labels = [f"{VERB_SIGNS.get(row['action'], '')} {named(row['project_id'], row['name'])}"
              for row in rows.to_dict("records")]
    ax.set_yticks(range(len(rows)), [short(label, inches=2.4, size=TINY) for label in labels], fontsize=TINY,
                  color=INK)
    ax.tick_params(axis="y", length=0)
    ax.legend(handles=_verbs(rows["action"]), loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=5, fontsize=TINY,
              borderaxespad=0.2, borderpad=0.0, handletextpad=0.1, columnspacing=1.0)
    finish(ax, title="Which project runs when",
           x="upright line: the plan begins; thin line: the finish, 8 times in 10")
    # Room for the verbs between the title and the bars.
    ax.set_title(ax.get_title(loc="left"), pad=20)
    return ax


def _verbs(actions: pd.Series) -> list[Line2D]:
    shown = [verb for verb in ("start", "keep", "slow", "fast", "hold") if (actions == verb).any()]
    return [Line2D([], [], linestyle="none", markersize=6, label=f"{verb} {(actions == verb).sum()}", **look(verb))
            for verb in shown]


def _bar(ax: Axes, y: int, row: dict[Any, Any], *, first: int, low: int) -> None:
    colour, begin = look(str(row["action"]))["color"], max(int(row["begin"]), low)
    if pd.notna(row["finish"]):
        end = int(row["finish"]) + 1
        if begin < first:
            ax.barh(y, first - begin, left=begin, height=0.62, color=colour, alpha=0.3, linewidth=0)
        ax.barh(y, end - max(begin, first), left=max(begin, first), height=0.62, color=colour, linewidth=0)
    else:
        ax.plot([begin], [y], markersize=4.5, clip_on=False, zorder=4, **look(str(row["action"])))
    if pd.notna(row["finish_p10"]) and pd.notna(row["finish_p90"]):
        ax.plot([row["finish_p10"] + 1, row["finish_p90"] + 1], [y, y], color=INK, linewidth=0.9, marker="|",
                markersize=4)


def _programmes(ax: Axes, owners: list[str], right: float) -> None:
    """Draw a thin line between programmes, and their names at the right."""
    for y, name in enumerate(owners):
        if y == 0 or owners[y - 1] != name:
            ax.axhline(y - 0.5, color=LINE, linewidth=0.8, zorder=0)
            ax.text(right, y, f" {short(name)}", fontsize=TINY, color=MUTED, va="center")


@house_style()
def moves(frame: pd.DataFrame, ax: Axes | None = None, *, first: int, unit: str = "thousand") -> Axes:
    """Draw what free start dates change: the planned month as a hollow mark, the free one as a full mark.

    Parameters
    ----------
    frame : DataFrame
        ``FreeStarts.moves``: project_id, name, action, month, free_action, free_month (year * 12 + month), gain_k.
    ax : Axes, optional
        Drawn upon when given.
    first : int
        First month of the plan; where a project has no month, its words stand there.
    unit : str
        Unit of the gain.
    """
    ax = axes(ax, height=max(2.2, _AROUND + 0.2 * len(frame)))
    if frame.empty:
        return nothing(ax, "No project would be decided otherwise with free start dates")
    known = frame[["month", "free_month"]].astype("Float64").max(axis=1).dropna()
    for y, row in enumerate(frame.to_dict("records")):
        months = [int(row[name]) for name in ("month", "free_month") if pd.notna(row[name])]
        ax.plot(months, [y] * len(months), color=MUTED, linewidth=1.2, zorder=1)
        if pd.notna(row["month"]):
            ax.plot(row["month"], y, **look(str(row["action"])), markersize=7, fillstyle="none")
        if pd.notna(row["free_month"]):
            ax.plot(row["free_month"], y, **look(str(row["free_action"])), markersize=7)
        verbs = " → ".join(map(signed, dict.fromkeys([str(row["action"]), str(row["free_action"])])))
        beside(ax, (max(months, default=first), y), f" {verbs}, {row['gain_k']:+,.0f}")
    _month_axis(ax, first - 1, int(known.max() if len(known) else first) + 8)
    labels = [short(named(*both), size=TINY) for both in zip(frame["project_id"], frame["name"], strict=True)]
    ax.set_yticks(range(len(frame)), labels, fontsize=TINY)
    ax.set_ylim(len(frame) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    return finish(ax, title="What free start dates change",
                  x=f"hollow: at planned dates; full: with free dates; value in {unit}")


@house_style()
def load(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of people used by skill and quarter; over 100 % is hatched.

    Parameters
    ----------
    frame : DataFrame of shape (n_skills, n_quarters)
        ``Load.heat_map()``: shares of what there is (1 = all); skills in the index, quarters as columns.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=1.4 + 0.24 * len(frame))
    if frame.empty or not frame.notna().any(axis=None):
        return nothing(ax, "No load to show: no demand, no capacity or no plan")
    shades = LinearSegmentedColormap.from_list("load", ["white", COLOURS[4], COLOURS[0]])
    shares = frame.to_numpy(dtype=float)
    ax.imshow(np.clip(np.nan_to_num(shares, posinf=9.0), 0, 1.2), cmap=shades, vmin=0, vmax=1.2, aspect="auto")
    for y, x in np.argwhere(~np.isnan(shares)):
        _cell(ax, x, y, shares[y, x], crowded=frame.shape[1] > 2 * _MOST_TICKS)
    step = -(-frame.shape[1] // _MOST_TICKS)
    ax.set_xticks(range(0, frame.shape[1], step), [str(name) for name in frame.columns[::step]], fontsize=SMALL)
    ax.set_yticks(range(len(frame)), [short(name) for name in frame.index], fontsize=SMALL)
    ax.tick_params(length=0)
    over = bool((shares > 1).any())
    finish(ax, title="How much of each skill is used",
           x="% of the people there are, by quarter" + ("; hatched: more than there are" if over else ""))
    ax.spines[:].set_visible(False)
    return ax


def _cell(ax: Axes, x: int, y: int, share: float, *, crowded: bool) -> None:
    if share > 1:
        ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, hatch="////", edgecolor=INK, linewidth=0))
    if not crowded:
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.2} if share > 1 else None
        ax.text(x, y, f"{100 * share:.0f}" if np.isfinite(share) else "∞", ha="center", va="center", fontsize=SMALL,
                color="white" if _DARK * 1.2 < share <= 1 else INK, bbox=paper)


@house_style()
def in_progress(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the number of projects in progress by month, under the plan and going on as now.

    Parameters
    ----------
    frame : DataFrame of shape (n_months, 3)
        ``InProgress.months``: month, plan, now.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=3.2)
    if not frame[["plan", "now"]].notna().any(axis=None):
        return nothing(ax, "No project is in progress")
    months = np.append(frame["month"].to_numpy(), frame["month"].iloc[-1] + 1)
    for place, (column, said, line) in enumerate([("plan", "plan", "-"), ("now", "going on as now", "--")]):
        if frame[column].notna().any():
            ax.stairs(frame[column].to_numpy(dtype=float), months, color=COLOURS[3 * place], linewidth=2.2,
                      linestyle=line, label=said, baseline=None)
    _month_axis(ax, int(months[0]), int(months[-1]))
    _from_zero(ax)
    ax.legend(fontsize=SMALL, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return finish(ax, title="Projects in progress by month", y="projects")


@house_style()
def limits_in_progress(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the mean finish against the most projects at a time, by rule.

    Parameters
    ----------
    frame : DataFrame
        ``InProgress.limits``: rule, limit (missing: none), mean_finish (months).
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=3.4)
    if frame.empty:
        return nothing(ax, "No project to simulate")
    for rule, rows in frame.groupby("rule", sort=False):
        place = _RULES.get(str(rule), 2)
        x = np.arange(len(rows))
        ax.plot(x, rows["mean_finish"], marker=MARKERS[place], color=COLOURS[3 * place], label=str(rule),
                linestyle="-" if place == 0 else "--")
    some = frame[frame["rule"] == frame["rule"].iloc[0]]["limit"]
    ax.set_xticks(range(len(some)), ["none" if pd.isna(limit) else f"{limit:.0f}" for limit in some])
    _from_zero(ax)
    ax.legend(fontsize=SMALL)
    return finish(ax, title="Fewer at a time: when a project finishes on average (simulated)",
                  x="most projects at a time", y="mean finish, months from now")


@house_style()
def hires(frame: pd.DataFrame, ax: Axes | None = None, *, unit: str = "thousand") -> Axes:
    """Draw what more people of each skill would bring, with their cost as a mark.

    Parameters
    ----------
    frame : DataFrame of shape (n_skills, ...)
        ``Hires.table``: skill, gain_k, cost_k (missing: not known), verdict.
    ax : Axes, optional
        Drawn upon when given.
    unit : str
        Unit of the gain.
    """
    ax = axes(ax, height=1.3 + 0.3 * len(frame))
    if frame.empty:
        return nothing(ax, "No hire to value: no capacity or no plan")
    place, numbers = np.arange(len(frame)), frame[["gain_k", "cost_k"]].astype(float).fillna(0.0)
    ax.barh(place, frame["gain_k"], height=0.55, color=COLOURS[0])
    ax.plot(frame["cost_k"], place, linestyle="none", marker=MARKERS[3], color=COLOURS[3], markeredgecolor="white",
            markersize=8)
    for y, (row, far) in enumerate(zip(frame.to_dict("records"), numbers.max(axis=1), strict=True)):
        beside(ax, (far, y), f"  {_hire(row)}")
    ax.set_yticks(place, [short(name, inches=1.6) for name in frame["skill"]], fontsize=SMALL)
    ax.set_ylim(len(frame) - 0.4, -0.6)
    ax.set_xlim(0, 1.7 * max(float(numbers.to_numpy().max()), 1.0))
    amounts(ax.xaxis)
    return finish(ax, title="What one person more would bring, by skill", x=f"bar: gain, diamond: cost; {unit}")


def _hire(row: dict[Any, Any]) -> str:
    """Say what a hire brings and costs, and what to think of it."""
    if pd.isna(row["gain_k"]):
        return "not known"
    if row["gain_k"] > 0:
        return f"brings {row['gain_k']:,.0f}: {row['verdict']}"
    return "brings nothing" + ("" if pd.isna(row["cost_k"]) else f", costs {row['cost_k']:,.0f}")
