"""Figures of experiments and launches: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pmlib.months import month_name, month_text
from pmlib.plots.style import COLOURS, INK, LINE, MUTED, SMALL, TINY, amounts, axes, finish, house_style, short

_BLUE, _OCHRE, _RUST = COLOURS[0], COLOURS[1], COLOURS[3]
_MOST_TESTS = 20
#: Mark of each verdict: filled where real, hollow where not shown, crossed out where it is not to be read.
_MARKS: dict[str, dict[str, Any]] = {
    "real": {"marker": "D", "color": _BLUE, "markersize": 6},
    "not shown": {"marker": "o", "color": MUTED, "markerfacecolor": "white", "markersize": 4.5},
}

_NAIVE: dict[str, Any] = {"marker": "s", "color": _RUST, "markerfacecolor": "white", "markersize": 6}


@house_style()
def forest(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the effect of every experiment with its interval and verdict, the largest on top.

    Parameters
    ----------
    frame : DataFrame
        ``ExperimentProgramme.to_frame()``: test_id, visitors, effect_pp, low_pp, high_pp, shrunken_pp, verdict. Of more
        than twenty, those called real or not to be read come first, then the largest effects.
    ax : Axes, optional
        Drawn upon when given.
    """
    if frame.empty:
        return _empty(ax, "No experiments to this month")
    shown = _foremost(frame)
    ax = axes(ax, height=min(4.0, 1.4 + 0.2 * len(shown)))
    for y, row in enumerate(shown.to_dict("records")):
        _forest_row(ax, y, row)
    ax.axvline(0, color=MUTED, linewidth=0.8, zorder=0)
    ax.set_yticks(range(len(shown)), [short(name, inches=1.4, size=TINY) for name in shown["test_id"]], fontsize=TINY)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    real = int((frame["verdict"] == "real").sum())
    which = f"{len(shown)} shown, " if len(shown) < len(frame) else ""
    title = f"{real} of {len(frame)} experiments found something real ({which}{_visitors(frame)})"
    drawn = "; x: once luck is taken out" if shown["shrunken_pp"].notna().any() else ""
    return finish(ax, title=title, x=f"Conversion, treatment less control, pp; 95 % interval{drawn}")


@house_style()
def day_by_day(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw what was known after each day: the interval valid on all days, and the ordinary one inside it.

    Parameters
    ----------
    frame : DataFrame
        ``ExperimentReading.days``: look, visitors, difference_pp, low_pp, high_pp, ordinary_low_pp, ordinary_high_pp.
    ax : Axes, optional
        Drawn upon when given.
    """
    read = frame.dropna(subset=["low_pp"])
    if read.empty:
        return _empty(ax, "Not to be read: visitors were lost, an arm is empty, or conversions are too few")
    ax = axes(ax)
    look = read["look"]
    ax.fill_between(look, read["low_pp"], read["high_pp"], color=COLOURS[4], alpha=0.35, linewidth=0)
    ax.plot(look, read[["low_pp", "high_pp"]], color=_BLUE, linewidth=1.2)
    ax.plot(look, read[["ordinary_low_pp", "ordinary_high_pp"]], color=_RUST, linewidth=1.2, linestyle="--")
    ax.plot(look, read["difference_pp"], color=INK, marker="o", markersize=4)
    ax.axhline(0, color=MUTED, linewidth=0.8)
    last = read.iloc[-1]
    ends = [("seen", last["difference_pp"], INK), ("valid every day", last["high_pp"], _BLUE),
            ("ordinary: valid once", last["ordinary_low_pp"], _RUST)]  # fmt: skip
    _end_labels(ax, float(last["look"]), ends)
    _room_above(ax, read)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    crossed = read.loc[read["p"] < 0.05, "look"]  # noqa: PLR2004
    title = f"Shown from day {crossed.iloc[0]} on, however often one looks" if len(crossed) else "Not shown on any day"
    return finish(ax, title=f"{title} ({int(last['visitors']):,} visitors)", x="Day", y="Difference, pp")


@house_style()
def two_groups(
    frame: pd.DataFrame, ax: Axes | None = None, *, title: str = "", treated: str = "treated", currency: str = "EUR"
) -> Axes:
    """Draw treated and control by month, and where the treated were heading.

    Parameters
    ----------
    frame : DataFrame
        ``DifferenceInDifferences.months``: month, after, treated_k, control_k, expected_k with expected_low_k and
        expected_high_k (thousand).
    ax : Axes, optional
        Drawn upon when given.
    title, treated : str
        What is seen, and the treated groups.
    currency : str
        Currency of the money.
    """
    known = frame.dropna(subset=["treated_k"])
    if known.empty:
        return _empty(ax, "Not enough months with revenue on both sides")
    ax = axes(ax)
    after = known[known["after"]]
    ax.plot(known["month"], known["control_k"], color=MUTED, marker="s", markersize=3.5, linewidth=1.4)
    ax.plot(known["month"], known["treated_k"], color=_BLUE, marker="o", markersize=4, linewidth=1.8)
    _expected(ax, after)
    last = known.iloc[-1]
    ends = [(short(treated, inches=1.2), last["treated_k"], _BLUE), ("expected", last["expected_k"], _RUST),
            ("the others", last["control_k"], MUTED)]  # fmt: skip
    _change_at(ax, known)
    _end_labels(ax, float(last["month"]), ends)
    return finish(ax, title=title, y=f"Thousand {currency} a month, a group")


@house_style()
def interruption(frame: pd.DataFrame, ax: Axes | None = None, *, title: str = "", currency: str = "EUR") -> Axes:
    """Draw revenue by month with the fit, and where it was heading before the change.

    Parameters
    ----------
    frame : DataFrame
        ``InterruptedSeries.months``: month, after, revenue_k, fitted_k, expected_k with expected_low_k and
        expected_high_k (thousand).
    ax : Axes, optional
        Drawn upon when given.
    title : str
        What is seen.
    currency : str
        Currency of the money.
    """
    known = frame.dropna(subset=["fitted_k"])
    if known.empty:
        return _empty(ax, "Not enough months before and after")
    ax = axes(ax)
    ax.plot(known["month"], known["revenue_k"], "o", color=MUTED, markersize=4)
    for _, part in known.groupby("after"):
        ax.plot(part["month"], part["fitted_k"], color=_BLUE, linewidth=1.8)
    after = known[known["after"]]
    _expected(ax, after)
    last = known.iloc[-1]
    ends = [("fitted", last["fitted_k"], _BLUE), ("expected", last["expected_k"], _RUST)]
    _change_at(ax, known)
    _end_labels(ax, float(last["month"]), ends)
    return finish(ax, title=title, y=f"Thousand {currency} a month")


@house_style()
def elasticity(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw each product's elasticity from prices by lot above the naive one.

    Parameters
    ----------
    frame : DataFrame
        ``PriceElasticity.to_frame()``: name, elasticity, low, high, n, naive, naive_low, naive_high, naive_n; the first
        six products are drawn.
    ax : Axes, optional
        Drawn upon when given.
    """
    if frame.empty:
        return _empty(ax, "No prices to this month")
    shown = frame.head(6)
    ax = axes(ax, height=min(4.0, 1.5 + 0.6 * len(shown)))
    for y, row in enumerate(shown.to_dict("records")):
        by_lot = (row["elasticity"], row["low"], row["high"], f"by lot, n {row['n']}")
        naive = (row["naive"], row["naive_low"], row["naive_high"], f"naive, n {row['naive_n']}")
        _interval(ax, y - 0.17, by_lot, mark=_MARKS["real"])
        _interval(ax, y + 0.17, naive, mark=_NAIVE)
    for x in (-1, 0):
        ax.axvline(x, color=MUTED, linewidth=0.8, linestyle="--" if x else "-", zorder=0)
    ax.set_yticks(range(len(shown)), [short(name) for name in shown["name"]], fontsize=SMALL)
    ax.set_ylim(len(shown) - 0.5, -0.5)
    words = "% of units for 1 % of price, 95 % interval; below -1 a lower price earns more"
    return finish(ax, title="Elasticity from prices drawn by lot, and from all prices naively", x=words)


def _forest_row(ax: Axes, y: int, row: dict[Hashable, Any]) -> None:
    verdict = str(row["verdict"])
    place = ax.get_yaxis_transform()
    colour = MUTED if verdict == "not shown" else INK
    ax.text(1.01, y, verdict, transform=place, va="center", fontsize=TINY, color=colour)
    if verdict not in _MARKS:
        ax.plot([0.01, 0.99], [y, y], transform=place, color=_RUST, linewidth=0.9, linestyle=(0, (6, 3)))
        ax.plot(0.5, y, "X", transform=place, color=_RUST, markersize=6)
        return
    mark = _MARKS[verdict]
    ax.hlines(y, row["low_pp"], row["high_pp"], color=mark["color"], linewidth=2.2 if verdict == "real" else 1.2)
    ax.plot(row["effect_pp"], y, linestyle="", **mark)
    if verdict == "real" and pd.notna(row["shrunken_pp"]):
        ax.plot(row["shrunken_pp"], y, "x", color=INK, markersize=6, zorder=3)


def _foremost(frame: pd.DataFrame) -> pd.DataFrame:
    """Order by effect, those without one last; of too many, keep what is real or unsound and the largest effects."""
    ranked = frame.assign(said=frame["verdict"] != "not shown", size=frame["effect_pp"].abs())
    kept = ranked.sort_values(["said", "size"], ascending=False, kind="stable").head(_MOST_TESTS)
    return kept.sort_values("effect_pp", ascending=False, kind="stable")


def _visitors(frame: pd.DataFrame) -> str:
    low, high = int(frame["visitors"].min()), int(frame["visitors"].max())
    return f"n {low:,} each" if low == high else f"n {low:,} to {high:,}"


def _interval(ax: Axes, y: float, told: tuple[float, float, float, str], *, mark: dict[str, Any]) -> None:
    value, low, high, words = told
    known = not np.isnan(value)
    said = f"{value:.2f}  {words}" if known else f"not enough data, {words}"
    ax.text(1.01, y, said, transform=ax.get_yaxis_transform(), va="center", fontsize=TINY, color=INK)
    if known:
        ax.hlines(y, low, high, color=mark["color"], linewidth=2)
        ax.plot(value, y, linestyle="", **mark)


def _end_labels(ax: Axes, last: float, ends: list[tuple[str, float, str]]) -> None:
    """Name the lines at their ends, pushed apart so that none covers another."""
    low, high = ax.get_ylim()
    gap, place = 0.07 * (high - low), -np.inf
    for name, value, colour in sorted(ends, key=lambda end: end[1]):
        place = max(value, place + gap)
        ax.annotate(name, (last, value), xytext=(last + 0.02 * np.ptp(ax.get_xlim()), place), va="center",
                    fontsize=SMALL, color=colour, annotation_clip=False,
                    arrowprops={"arrowstyle": "-", "color": LINE, "linewidth": 0.8})  # fmt: skip


def _room_above(ax: Axes, read: pd.DataFrame) -> None:
    """Let the first days' width, which tells little, run out of the figure rather than flatten the rest."""
    spread = 2.5 * float(np.abs(read[["low_pp", "high_pp"]].to_numpy()[len(read) // 2 :]).max())
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, -spread), min(high, spread))


def _expected(ax: Axes, after: pd.DataFrame) -> None:
    """Draw where revenue was heading, with its interval."""
    ax.fill_between(after["month"], after["expected_low_k"], after["expected_high_k"], color=_OCHRE, alpha=0.22,
                    linewidth=0)  # fmt: skip
    ax.plot(after["month"], after["expected_k"], color=_RUST, linestyle=":", linewidth=1.8)


def _change_at(ax: Axes, known: pd.DataFrame) -> None:
    """Mark the first month after, write months as months and amounts with thousands."""
    start = int(known.loc[known["after"], "month"].min())
    ax.axvline(start - 0.5, color=MUTED, linewidth=0.8, linestyle="--")
    ax.annotate(f"from {month_name(start)}", (start - 0.5, 1.0), xycoords=ax.get_xaxis_transform(), xytext=(-4, -2),
                textcoords="offset points", ha="right", va="top", fontsize=SMALL, color=MUTED)  # fmt: skip
    ax.margins(y=0.12)
    amounts(ax.yaxis)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda month, _: month_text(round(month))))


def _empty(ax: Axes | None, text: str) -> Axes:
    ax = axes(ax, height=0.8)
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=MUTED)
    return ax
