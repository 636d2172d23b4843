"""Figures of the portfolio followed: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from pmlib.months import month_text
from pmlib.plots.style import (
    COLOURS,
    INK,
    LINE,
    MARKERS,
    MUTED,
    SMALL,
    TINY,
    amounts,
    axes,
    beside,
    fill,
    finish,
    house_style,
    named,
    nothing,
    short,
)  # fmt: skip

#: Projects named in a cloud, and rows of a comparison.
_NAMED, _ROWS = 6, 12


@house_style()
def quadrant(frame: pd.DataFrame, ax: Axes | None = None, *, limit: float = 0.9) -> Axes:
    """Draw cost index against time index of every project, the worst by name.

    Parameters
    ----------
    frame : DataFrame of shape (n_projects, ...)
        ``Tracking.to_frame()``, the weakest first: project_id, cpi, spi_t, watermelon.
    ax : Axes, optional
        Drawn upon when given.
    limit : float
        Index below which a project is no longer green.
    """
    ax = axes(ax, height=4.5)
    known = frame[frame["cpi"].notna() & frame["spi_t"].notna()]
    if known.empty:
        return nothing(ax, "No project in progress has both indices")
    for edge, style in ((1.0, "-"), (limit, ":")):
        ax.axvline(edge, color=LINE, linestyle=style, zorder=0)
        ax.axhline(edge, color=LINE, linestyle=style, zorder=0)
    hidden = known["watermelon"].fillna(value=False).astype(bool)
    for place, (rows, label) in enumerate(((known[~hidden], "others"), (known[hidden], "green by report only"))):
        if len(rows):
            ax.scatter(rows["spi_t"], rows["cpi"], s=46, marker=MARKERS[3 * place], color=COLOURS[3 * place],
                       edgecolor="white", label=label)
    for row in known[known[["cpi", "spi_t"]].min(axis=1) < limit].head(_NAMED).to_dict("records"):
        beside(ax, (row["spi_t"], row["cpi"]), row["project_id"])
    ax.legend(fontsize=SMALL, loc="lower right")
    return finish(ax, title="Money and time: below and left of 1 is worse than planned",
                  x="SPI(t): planned months of work by month", y="CPI: earned for every 1 spent")


@house_style()
def colours(frame: pd.DataFrame, ax: Axes | None = None, *, green: float = 0.9, amber: float = 0.8) -> Axes:
    """Draw the weaker index of the weakest projects over the colours it stands for, with what they report.

    Parameters
    ----------
    frame : DataFrame of shape (n_projects, ...)
        ``StatusCheck.projects``: project_id, name, index, reported, computed, watermelon.
    ax : Axes, optional
        Drawn upon when given.
    green, amber : float
        Thresholds of the rule.
    """
    rows = frame[frame["index"].notna()].sort_values(["index", "project_id"]).head(_ROWS)
    ax = axes(ax, height=max(2.6, 1.4 + 0.28 * len(rows)))
    if rows.empty:
        return nothing(ax, "No project in progress has an index")
    low, high = min(0.6, float(rows["index"].min()) - 0.05), max(1.1, float(rows["index"].max()) + 0.05)
    for left, right, word, shade in ((low, amber, "red", "#dcdcdc"), (amber, green, "amber", "#ececec"),
                                     (green, high, "green", "#fafafa")):
        ax.axvspan(left, right, color=shade, zorder=0, linewidth=0)
        ax.text(max(left, low), -0.75, f" {word} by figures", fontsize=TINY, color=MUTED, va="center")
    for y, row in enumerate(rows.to_dict("records")):
        j = 3 if row["watermelon"] else 0
        ax.plot(row["index"], y, marker=MARKERS[j], color=COLOURS[j], markersize=7)
        beside(ax, (row["index"], y), f"reports {row['reported'] or 'nothing'}")
    ax.set_yticks(range(len(rows)), [short(named(row["project_id"], row["name"])) for row in rows.to_dict("records")],
                  fontsize=SMALL, color=MUTED)
    ax.set_ylim(len(rows) - 0.5, -1.1)
    ax.set_xlim(low, high)
    ax.tick_params(axis="y", length=0)
    return finish(ax, title="What projects report, and what their figures say",
                  x="the weaker of CPI and SPI(t); diamond: reports green and is not")


@house_style()
def s_curves(
    frame: pd.DataFrame, ax: Axes | None = None, *, row: Mapping[str, Any] | None = None, currency: str = "",
) -> Axes:
    """Draw planned value, earned value and actual cost of one project, and how late the work is.

    Parameters
    ----------
    frame : DataFrame of shape (n_months, ...)
        ``EarnedSchedule.curve_frame``: month, actual_months, planned_k, earned_k, actual_k, known.
    ax : Axes, optional
        Drawn upon when given.
    row : mapping, optional
        Row of ``EarnedSchedule.projects``: project_id, name, earned_months, actual_months, sv_t.
    currency : str
        Of the curves.
    """
    ax = axes(ax, height=4.5)
    time, past = frame["actual_months"], frame[frame["known"]]
    ax.plot(past["actual_months"], past["planned_k"], color=MUTED, linewidth=2, label="planned")
    ax.plot(time[len(past) - 1:], frame["planned_k"][len(past) - 1:], color=MUTED, linestyle=":", linewidth=2)
    for j, (column, label) in enumerate((("earned_k", "earned"), ("actual_k", "spent"))):
        ax.plot(past["actual_months"], past[column], color=COLOURS[3 * j], marker=MARKERS[j], markersize=4, label=label)
    ax.legend(fontsize=SMALL, loc="upper left")
    title = "Planned, earned and spent"
    if row is not None:
        title = f"{named(row['project_id'], row['name'])}: planned, earned and spent"
        _gap(ax, row, float(past["earned_k"].iloc[-1]))
    ax.set_xlim(0, time.iloc[-1] * 1.02)
    ax.set_ylim(bottom=0)
    amounts(ax.yaxis)
    return finish(ax, title=short(title, inches=6.5, size=12), y=f"thousand {currency}, so far",
                  x=f"months since {month_text(frame['month'].iloc[0])}; dotted: not in evm yet, a straight line")


def _gap(ax: Axes, row: Mapping[str, Any], height: float) -> None:
    """Draw the way from the earned schedule to the months it took."""
    if pd.isna(row["earned_months"]):
        return
    ends = (row["earned_months"], row["actual_months"])
    ax.plot(ends, (height, height), color=INK, linewidth=1, marker="|")
    late = f"{abs(row['sv_t']):.1f} months {'late' if row['sv_t'] < 0 else 'ahead'}"
    ax.annotate(late, (min(ends), height), xytext=(-4, 6), textcoords="offset points", fontsize=SMALL, color=INK,
                ha="right")


@house_style()
def benefits(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """Draw planned and realised benefits, summed up by month.

    Parameters
    ----------
    frame : DataFrame of shape (n_months, ...)
        ``Benefits.months``: month, planned_cum_k, realised_cum_k.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Of the benefits.
    """
    ax = axes(ax)
    if frame.empty:
        return nothing(ax, "No benefit was planned by this month")
    place = range(len(frame))
    for column, label, colour, style in (("planned_cum_k", "promised", MUTED, "--"),
                                         ("realised_cum_k", "came in", COLOURS[0], "-")):
        ax.plot(place, frame[column], color=colour, linestyle=style, linewidth=2)
        beside(ax, (place[-1], frame[column].iloc[-1]), f"{label}: {frame[column].iloc[-1]:,.0f}")
    step = max(1, len(frame) // 6)
    ax.set_xticks(list(place)[::step], [month_text(month) for month in frame["month"]][::step])
    ax.set_xlim(0, len(frame) * 1.18)
    ax.set_ylim(bottom=min(0.0, float(frame["realised_cum_k"].min())))
    amounts(ax.yaxis)
    return finish(ax, title="Benefits promised and come in, the same money counted once",
                  y=f"thousand {currency}, so far")


@house_style()
def cohort(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw shares of closed projects that succeeded, held budget and time, with and without the stopped.

    Parameters
    ----------
    frame : DataFrame of shape (6, ...)
        ``Cohort.rates``: what, cohort, share (0-1), low, high, n.
    ax : Axes, optional
        Drawn upon when given.
    """
    ax = axes(ax, height=3.4)
    known = frame[frame["n"] > 0]
    if known.empty:
        return nothing(ax, "No project was closed by this month")
    kinds = list(dict.fromkeys(known["what"]))
    for j, (name, rows) in enumerate(known.groupby("cohort", sort=False)):
        place = [kinds.index(what) + (j - 0.5) * 0.3 for what in rows["what"]]
        ends = [(rows["share"] - rows["low"]).clip(lower=0), (rows["high"] - rows["share"]).clip(lower=0)]
        ax.errorbar(rows["share"], place, xerr=ends, fmt=MARKERS[j], color=COLOURS[j], ecolor=INK, capsize=3,
                    label=f"{name} (n = {rows['n'].max()})")
    ax.set_yticks(range(len(kinds)), kinds, fontsize=SMALL, color=MUTED)
    ax.set_ylim(len(kinds) - 0.5, -0.5)
    ax.set_xlim(0, 1.02)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    ax.legend(fontsize=SMALL, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return finish(ax, title="Closed projects, with and without the stopped", x="share, 95 % interval")


@house_style()
def group_indices(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw cost and schedule index of every group, ratios of its sums.

    Parameters
    ----------
    frame : DataFrame of shape (n_groups, ...)
        ``EarnedValue.groups``: group, n_projects, cpi, spi.
    ax : Axes, optional
        Drawn upon when given.
    """
    rows = frame.sort_values(["cpi", "group"]).head(_ROWS)
    ax = axes(ax, height=max(2.6, 1.4 + 0.45 * len(rows)))
    if rows.empty:
        return nothing(ax, "No project in progress has earned value")
    ax.axvline(1.0, color=INK, linewidth=1)
    for j, (column, label) in enumerate((("cpi", "CPI: money"), ("spi", "SPI: work"))):
        ax.barh([y + (j - 0.5) * 0.36 for y in range(len(rows))], rows[column] - 1.0, left=1.0, height=0.34,
                label=label, **fill(j))
    ax.set_yticks(range(len(rows)), [short(f"{name} ({n})") for name, n in zip(rows["group"], rows["n_projects"],
                                                                              strict=True)], fontsize=SMALL)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.legend(fontsize=SMALL, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return finish(ax, title="Earned by spent and by planned, sums of the projects in progress",
                  x="index; 1 is as planned; in brackets: projects")
