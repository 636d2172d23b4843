"""Figures of what a plan may come to: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from pmlib.plots.style import (
    COLOURS,
    INK,
    LINE,
    MUTED,
    SMALL,
    amounts,
    axes,
    fill,
    finish,
    house_style,
    nothing,
    short,
)  # fmt: skip

#: Letters that stand side by side below the bars of a tornado, and letters of a fraction.
_LETTERS, _FRACTION = 30, 7


@house_style()
def fan(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "", goal_k: float | None = None) -> Axes:
    """Draw cumulative cash by year: median, and the band in which it ends in 8 of 10 draws.

    Parameters
    ----------
    frame : DataFrame of shape (n_years, ...)
        ``Simulation.years``: year, cash_p10_k, cash_p50_k, cash_p90_k.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Of the cash.
    goal_k : float, optional
        Drawn as a line when given.
    """
    ax = axes(ax)
    place = np.arange(len(frame))
    ax.axhline(0, color=LINE, zorder=0)
    ax.fill_between(place, frame["cash_p10_k"], frame["cash_p90_k"], color=COLOURS[4], alpha=0.45, linewidth=0,
                    label="8 of 10 draws end here")
    ax.plot(place, frame["cash_p50_k"], color=COLOURS[0], marker="o", label="median")
    if goal_k is not None:
        ax.axhline(goal_k, color=COLOURS[3], linestyle="--", label="goal")
    ax.set_xticks(place, frame["year"].astype(str).tolist())
    amounts(ax.yaxis)
    ax.legend(loc="best", fontsize=SMALL)
    return finish(ax, title="Benefit earned less money spent so far", x="until the end of the year",
                  y=f"thousand {currency}, not discounted".replace(" ,", ","))


@house_style()
def reach(
    frame: pd.DataFrame, ax: Axes | None = None, *, goal: tuple[float, float] | None = None, currency: str = "",
) -> Axes:
    """Draw the chance that the plan is worth at least so much, with the goal and its chance.

    Parameters
    ----------
    frame : DataFrame of shape (n_points, 2)
        ``Simulation.curve``: value_k, p_reach (0-1).
    ax : Axes, optional
        Drawn upon when given.
    goal : (value in thousands, chance 0-1), optional
        Marked when given.
    currency : str
        Of the value.
    """
    ax = axes(ax)
    ax.plot(frame["value_k"], frame["p_reach"], color=COLOURS[0], linewidth=2)
    inner = frame[frame["p_reach"].between(0.1, 0.9)]
    ax.fill_between(inner["value_k"], 0, inner["p_reach"], color=COLOURS[4], alpha=0.3, linewidth=0)
    if goal is not None and np.isfinite(goal).all():
        ax.plot([goal[0], goal[0]], [0, goal[1]], color=COLOURS[3], linestyle="--")
        ax.plot(*goal, marker="D", color=COLOURS[3], markeredgecolor=INK)
        ax.annotate(f"{100 * goal[1]:.0f} % for {goal[0]:,.0f} or more", goal, xytext=(10, 0), va="center",
                    textcoords="offset points", fontsize=SMALL, color=INK)
    ax.set_ylim(0, 1.02)
    ax.set_yticks(np.linspace(0, 1, 6))
    amounts(ax.xaxis)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    return finish(ax, title="How likely the plan is worth at least so much", y="chance",
                  x=f"value of the plan, thousand {currency}; shaded: 8 of 10 draws end here".replace(" ;", ";"))


@house_style()
def tornado(frame: pd.DataFrame, ax: Axes | None = None, *, now: float = 0.0, currency: str = "") -> Axes:
    """Draw how far each input alone moves the value, and its share of the variance with the Monte Carlo error.

    Parameters
    ----------
    frame : DataFrame
        The first rows of ``Tornado.to_frame()`` with ``label``: value_low_k, value_high_k, share, error.
    ax : Axes, optional
        Drawn upon when given; shares stand right of it.
    now : float
        Value with every input at its mean.
    currency : str
        Of the value.
    """
    ax = axes(ax, height=max(2.6, 1.4 + 0.26 * len(frame)))
    if frame.empty:
        return nothing(ax, "No input of the plan is uncertain")
    for y, row in enumerate(frame.to_dict("records")):
        for j, end in enumerate(("value_low_k", "value_high_k")):
            ax.barh(y, row[end] - now, left=now, height=0.62, **fill(j))
    ends = frame[["value_low_k", "value_high_k"]].to_numpy()
    low, high = float(np.nanmin([*ends.ravel(), now])), float(np.nanmax([*ends.ravel(), now]))
    span = high - low or 1.0
    # The right third is for the shares.
    ax.set_xlim(low - 0.03 * span, low + span / 0.68)
    amounts(ax.xaxis)
    letters = max(_FRACTION, *(len(f"{end:,.0f}") for end in (low, high)))
    ticks = MaxNLocator(max(1, _LETTERS // letters), steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    ax.set_xticks([tick for tick in ticks if low <= tick <= high])
    ax.spines["bottom"].set_bounds(low - 0.03 * span, high)
    ax.vlines(now, -0.5, len(frame) - 0.5, color=INK, linewidth=1)
    _rows(ax, frame["label"].tolist())
    _beside(ax, frame)
    finish(ax, title="What moves the value of the plan most")
    ax.set_xlabel(f"value, thousand {currency}; plain: at the lower end,\nhatched: at the upper end of the input",
                  loc="left")
    return ax


def _beside(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw the shares of variance with their intervals in the right third."""
    right = ax.inset_axes((0.72, 0.0, 0.27, 1.0), sharey=ax)
    right.errorbar(frame["share"], range(len(frame)), xerr=1.96 * frame["error"], fmt="o", color=COLOURS[0],
                   ecolor=INK, capsize=3, markersize=5)
    right.set_xlim(left=min(0.0, *frame["share"]))
    right.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    right.xaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2))
    right.tick_params(axis="y", left=False, labelleft=False)
    right.set_xlabel("share of variance,\n95 % interval")
    right.spines[["top", "right", "left"]].set_visible(False)


@house_style()
def exposure(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """Draw the expected cost of the risk register by common cause, money and delay apart, with its spread.

    Parameters
    ----------
    frame : DataFrame of shape (n_factors, ...)
        ``Exposure.by_factor``: factor, n, money_k, months_k, expected_k, spread_k.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Of the cost.
    """
    ax = axes(ax, height=max(2.6, 1.5 + 0.45 * len(frame)))
    if frame.empty:
        return nothing(ax, "The register holds no risk")
    place = np.arange(len(frame))
    ax.barh(place, frame["money_k"], height=0.6, label="money", **fill(0))
    ax.barh(place, frame["months_k"], left=frame["money_k"], height=0.6, label="delay", **fill(1))
    ends = np.column_stack([np.minimum(frame["spread_k"], frame["expected_k"]), frame["spread_k"]]).T
    ax.errorbar(frame["expected_k"], place, xerr=ends, fmt="none", ecolor=INK, capsize=3,
                label="one standard\ndeviation either way")
    counted = [f", {n} risk{'s' * (n != 1)}" for n in frame["n"]]
    _rows(ax, [short(name, inches=1.6) + count for name, count in zip(frame["factor"], counted, strict=True)])
    amounts(ax.xaxis)
    ax.legend(fontsize=SMALL, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return finish(ax, title="What the risk register may cost, by common cause", x=f"expected cost, thousand {currency}")


def _rows(ax: Axes, names: list[str]) -> None:
    """Name the rows, the first on top."""
    ax.set_yticks(range(len(names)), [short(name) for name in names], fontsize=SMALL, color=MUTED)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
