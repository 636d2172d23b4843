"""Figures of loyalty: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from pmlib.months import month_name
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
    short,
)

_LINES: tuple[Any, ...] = ("-", "--", ":", "-.")
_MOST_GROUPS, _YEAR, _HALF_YEAR = 6, 12, 6
_SHOWN_REPEATS, _MOST_POINTS = (0, 1, 2, 4, 8), 150


def _nothing(ax: Axes | None, title: str) -> Axes:
    ax = axes(ax, height=1.6)
    ax.set_axis_off()
    return finish(ax, title=title)


def _shares(ax: Axes, *, low: float = 0.0) -> None:
    """Write shares from ``low`` to 1 in percent."""
    ax.set_ylim(low, 1.0)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))


def _by_months(ax: Axes, last: int) -> list[int]:
    step = next((step for step in (1, 3, _HALF_YEAR, _YEAR, 24, 60, 600) if last / step <= _YEAR), last)
    ticks = list(range(0, last + 1, step))
    ax.set_xticks(ticks)
    ax.grid(axis="y", linewidth=0.6)
    ax.set_axisbelow(True)
    return ticks


def _look(j: int) -> dict[str, Any]:
    return {"color": COLOURS[j % len(COLOURS)], "linestyle": _LINES[j % len(_LINES)], "linewidth": 1.6,
            "marker": MARKERS[j % len(MARKERS)], "markersize": 4.5}  # fmt: skip


@house_style()
def survival(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of contracts still running by months, with intervals and the numbers at risk.

    Parameters
    ----------
    frame : DataFrame
        ``SurvivalCurves.to_frame()``: group, months, at_risk, survival, low, high; the first six groups are drawn.
    ax : Axes, optional
        Drawn upon when given.
    """
    if frame.empty:
        return _nothing(ax, "No contracts to follow yet")
    groups = frame["group"].unique().tolist()[:_MOST_GROUPS]
    ax = axes(ax, height=4.0 + 0.2 * len(groups))
    last = int(frame["months"].max())
    ticks = _by_months(ax, last)
    for j, group in enumerate(groups):
        rows = frame[frame["group"] == group]
        ax.step(rows["months"], rows["survival"], where="post", markevery=max(1, last // _HALF_YEAR),
                label=short(group, inches=1.6), **_look(j))  # fmt: skip
        ax.fill_between(rows["months"], rows["low"], rows["high"], step="post", color=COLOURS[j % len(COLOURS)],
                        alpha=0.15, linewidth=0)  # fmt: skip
        _at_risk(ax, rows, j, ticks=ticks)
    _shares(ax)
    ax.set_xlim(0, max(last, 1))
    if len(groups) > 1:
        ax.legend(fontsize=SMALL, loc="upper right")
    finish(ax, title="Share of contracts still running, with 95 % intervals")
    ax.set_xlabel("Months since the contract began; below: contracts at risk", labelpad=8 + 13 * len(groups))
    return ax


def _at_risk(ax: Axes, rows: pd.DataFrame, j: int, *, ticks: list[int]) -> None:
    """Write a row of numbers below the ticks, behind the mark of its curve."""
    at_risk = dict(zip(rows["months"], rows["at_risk"], strict=True))
    below = -24 - 13 * j
    for tick in ticks:
        if tick in at_risk:
            ax.annotate(f"{at_risk[tick]:,}", (tick, 0), xycoords=("data", "axes fraction"), xytext=(0, below),
                        textcoords="offset points", ha="center", va="center", fontsize=TINY, color=INK)  # fmt: skip
    look = _look(j)
    ax.annotate(short(rows["group"].iloc[0], inches=0.6, size=TINY), (0, 0), xycoords="axes fraction",
                xytext=(-20, below), textcoords="offset points", ha="right", va="center", fontsize=TINY,
                color=look["color"], fontweight="bold")  # fmt: skip


@house_style()
def older_and_newer(frame: pd.DataFrame, ax: Axes | None = None, *, since: int | None = None) -> Axes:
    """Draw the share of a cohort still there by age, of older and newer cohorts.

    Parameters
    ----------
    frame : DataFrame
        ``Survivorship.to_frame()``: group (all, older, newer), age, at_risk, retention, retention_low,
        retention_high.
    ax : Axes, optional
        Drawn upon when given.
    since : int, optional
        First month of the newer cohorts, year * 12 + month.
    """
    title = "Share of contracts still running, with 95 % intervals"
    return _two_groups(frame, ax, since, columns=("retention", "retention_low", "retention_high"), title=title)


@house_style()
def renewal_by_age(frame: pd.DataFrame, ax: Axes | None = None, *, since: int | None = None) -> Axes:
    """Draw the share of those still there who renew, by age, of older and newer cohorts.

    Parameters
    ----------
    frame : DataFrame
        ``Survivorship.to_frame()``: group (all, older, newer), age, at_risk, renewal, low, high.
    ax : Axes, optional
        Drawn upon when given.
    since : int, optional
        First month of the newer cohorts, year * 12 + month.
    """
    title = "Share of those still there who renew, with 95 % intervals"
    return _two_groups(frame, ax, since, columns=("renewal", "low", "high"), title=title)


def _two_groups(
    frame: pd.DataFrame, ax: Axes | None, since: int | None, *, columns: tuple[str, str, str], title: str
) -> Axes:
    if frame.empty:
        return _nothing(ax, "No renewals to follow yet")
    ax = axes(ax)
    column, low, high = columns
    names = {"older": "before", "newer": "since"} if since is not None else {"all": ""}
    last = int(frame["age"].max())
    _by_months(ax, last)
    for j, (group, word) in enumerate(names.items()):
        rows = frame[frame["group"] == group]
        began = f" begun {word} {month_name(since)}" if since is not None else ""
        label = f"contracts{began}, n = {int(rows['at_risk'].max()):,} after 1 month"
        ax.plot(rows["age"], rows[column], label=label, **_look(j))
        ax.fill_between(rows["age"], rows[low], rows[high], color=COLOURS[j], alpha=0.18, linewidth=0)
    _shares(ax, low=0.5 if column == "renewal" and frame[low].min() >= 0.5 else 0.0)  # noqa: PLR2004
    ax.set_xlim(0, last + 0.5)
    ax.legend(fontsize=SMALL, loc="upper right" if column == "retention" else "lower right")
    return finish(ax, title=title, x="Age of the contract, months")


@house_style()
def projection(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw observed shares as points and projected ones as lines with their interval.

    Parameters
    ----------
    frame : DataFrame
        ``RenewalProjection.to_frame()``: group, age, observed, projected, low, high; the first six groups are drawn.
    ax : Axes, optional
        Drawn upon when given.
    """
    known = frame.dropna(subset=["projected"])
    if known.empty:
        return _nothing(ax, "Not enough ended contracts to project")
    ax = axes(ax)
    last = int(known["age"].max())
    _by_months(ax, last)
    for j, group in enumerate(known["group"].unique().tolist()[:_MOST_GROUPS]):
        rows, look = known[known["group"] == group], _look(j)
        ax.plot(rows["age"], rows["projected"], color=look["color"], linestyle=look["linestyle"], linewidth=1.6,
                label=f"{short(group, inches=1.6)}: projected")  # fmt: skip
        ax.fill_between(rows["age"], rows["low"], rows["high"], color=look["color"], alpha=0.18, linewidth=0)
        ax.plot(rows["age"], rows["observed"], look["marker"], markersize=4.5, markerfacecolor="white",
                color=look["color"], label=f"{short(group, inches=1.6)}: observed")  # fmt: skip
    _shares(ax)
    ax.set_xlim(0, last)
    ax.legend(fontsize=SMALL, loc="upper right", ncols=2)
    title = "Share of contracts still running, projected with 95 % intervals"
    return finish(ax, title=title, x="Months since the contract began")


@house_style()
def segments(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "EUR") -> Axes:
    """Draw each segment's share of customers and of revenue.

    Parameters
    ----------
    frame : DataFrame
        ``RecencyFrequencyValue.to_frame()``: segment, meaning, customers, share, revenue_k (thousand), revenue_share.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Currency of the money.
    """
    if frame.empty or not frame["customers"].any():
        return _nothing(ax, "No customers to score yet")
    ax = axes(ax)
    place = np.arange(len(frame))
    for j, (column, shift) in enumerate((("share", -0.19), ("revenue_share", 0.19))):
        ax.barh(place + shift, frame[column].fillna(0), height=0.36, **fill(j))
    for y, row in zip(place, frame.to_dict("records"), strict=True):
        beside(ax, (row["share"], y - 0.19), f"{row['customers']:,} customers")
        if pd.notna(row["revenue_share"]):
            beside(ax, (row["revenue_share"], y + 0.19), f"{row['revenue_k']:,.0f} k {currency}")
    ax.set_yticks(place, [f"{row.segment}\n{row.meaning}" for row in frame.itertuples()], fontsize=SMALL, color=INK)
    ax.invert_yaxis()
    ax.margins(x=0.18)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))
    return finish(ax, title="Customers and revenue by recency and frequency",
                  x="Share of all customers (plain) and of all revenue (hatched)")  # fmt: skip


@house_style()
def tracking(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw repeat purchases so far, expected and actual, week by week.

    Parameters
    ----------
    frame : DataFrame
        ``PurchaseTracking.to_frame()``: week, expected, actual (so far), fitted (whether the model saw the week).
    ax : Axes, optional
        Drawn upon when given.
    """
    if frame["expected"].isna().all():
        return _nothing(ax, "Too few repeat buyers to forecast purchases")
    ax = axes(ax)
    every = max(1, len(frame) // _YEAR)
    ax.plot(frame["week"], frame["actual"], color=INK, linewidth=1.8, label="actual")
    ax.plot(frame["week"], frame["expected"], label="expected", markevery=every, **_look(0) | {"linestyle": "--"})
    seen = frame.loc[frame["fitted"], "week"].max()
    if pd.notna(seen):
        ax.axvline(seen, color=MUTED, linewidth=1, linestyle=":")
        ax.annotate("the model saw no later week", (seen, 0.03), xycoords=("data", "axes fraction"), xytext=(5, 0),
                    textcoords="offset points", fontsize=SMALL, color=MUTED)  # fmt: skip
    amounts(ax.yaxis)
    ax.set_ylim(0)
    ax.set_xlim(0, frame["week"].max())
    ax.grid(axis="y", linewidth=0.6, color=LINE)
    ax.legend(fontsize=SMALL, loc="upper left")
    return finish(ax, title="Repeat purchases so far, expected and actual", x="Weeks since the first purchase of all",
                  y="Purchases")  # fmt: skip


@house_style()
def chance_of_return(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the chance of another purchase until the horizon by days since the last one.

    Parameters
    ----------
    frame : DataFrame
        ``RepeatBuying.to_frame()``: repeats, recency_days, age_days, returning; some numbers of repeats are drawn.
    ax : Axes, optional
        Drawn upon when given.
    """
    if frame.empty or frame["returning"].isna().all():
        return _nothing(ax, "Too few repeat buyers to forecast purchases")
    ax = axes(ax)
    drawn = [repeats for repeats in _SHOWN_REPEATS if (frame["repeats"] == repeats).any()]
    for j, repeats in enumerate(drawn):
        rows = frame[frame["repeats"] == repeats]
        rows = rows.iloc[:: max(1, len(rows) // _MOST_POINTS)]
        ax.plot(rows["age_days"] - rows["recency_days"], rows["returning"], linestyle="none", marker=MARKERS[j],
                markersize=3, color=COLOURS[j], alpha=0.6, label=f"{repeats}")  # fmt: skip
    _shares(ax)
    ax.set_xlim(0)
    ax.legend(title="purchases after the first", fontsize=SMALL, title_fontsize=SMALL, ncols=len(drawn), markerscale=2,
              loc="upper right")  # fmt: skip
    return finish(ax, title="Chance of coming back until the horizon", x="Days since the last purchase")


@house_style()
def lifetime_values(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "EUR") -> Axes:
    """Draw what a customer we have, and a new one, is worth, group by group, with intervals.

    Parameters
    ----------
    frame : DataFrame
        ``LifetimeValue.to_frame()``: group, kind, customers, value, low, high, new_value, new_low, new_high, counts.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Currency of the money.
    """
    known = frame.dropna(subset=["value"])
    if known.empty:
        return _nothing(ax, "Too little data to value customers")
    ax = axes(ax, height=max(2.4, 1.4 + 0.4 * len(known)))
    place = np.arange(len(known))
    for j, (column, label) in enumerate((("value", "a customer we have"), ("new_value", "a new customer"))):
        low, high = (known[name] for name in (("low", "high") if column == "value" else ("new_low", "new_high")))
        ends = [known[column] - low, high - known[column]]
        ax.errorbar(known[column], place + (-0.16, 0.16)[j], xerr=ends, fmt=MARKERS[j], color=COLOURS[j], capsize=3,
                    markersize=6, label=label)  # fmt: skip
    names = [f"{short(row.group, inches=1.2)} ({row.kind}), n {row.customers:,}" for row in known.itertuples()]
    ax.set_yticks(place, names, fontsize=SMALL, color=INK)
    ax.set_ylim(len(known) - 0.4, -0.6)
    ax.set_xlim(0)
    amounts(ax.xaxis)
    ax.grid(axis="x", linewidth=0.6, color=LINE)
    ax.legend(fontsize=SMALL, loc="best")
    counted = " and ".join(sorted(known["counts"].unique()))
    return finish(ax, title="What a customer will bring, with 95 % intervals",
                  x=f"Discounted {counted}, {currency} a customer")  # fmt: skip
