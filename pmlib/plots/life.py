"""Figures of a product's life, from launch to sunset: each takes a frame its result can print, computes nothing."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pmlib.plots.standing import nothing
from pmlib.plots.style import COLOURS, INK, MUTED, SMALL, TINY, amounts, axes, finish, house_style, short

_VERDICTS = {"sunset": ("#b34700", "■"), "keep": ("#007a5a", "●"), "not sure": ("#8a5a00", "◆")}


@house_style()
def diffusion(
    frame: pd.DataFrame, ax: Axes | None = None, *, estimates: pd.DataFrame, name: str = "", reason: str = ""
) -> Axes:
    """Draw what was sold since launch, Bass's curve, every curve the data do not rule out, and the peak.

    Parameters
    ----------
    frame : DataFrame
        ``Diffusion.curve``: age, sales, fitted, fitted_low, fitted_high, low, high (units a month).
    ax : Axes, optional
        Drawn upon when given.
    estimates : DataFrame
        ``Diffusion.to_frame()``: quantity, value, low, high.
    name : str
        The product.
    reason : str
        Why there is no curve.
    """
    if frame.empty:
        return nothing(ax, f"Not enough data for a curve. {reason}".strip())
    ax = axes(ax)
    sold = frame.dropna(subset=["sales"])
    n = len(sold)
    ax.bar(sold["age"], sold["sales"], width=0.8, color="#b9c4ce", label="sold")
    ax.fill_between(frame["age"], frame["low"], frame["high"], color=COLOURS[0], alpha=0.12, lw=0)
    ax.fill_between(frame["age"], frame["fitted_low"], frame["fitted_high"], color=COLOURS[0], alpha=0.25, lw=0)
    ax.plot(frame["age"], frame["fitted"], color=COLOURS[0], linewidth=2)
    ax.axvline(n + 0.5, color=MUTED, linewidth=0.8, linestyle=":")
    top = _curve_top(frame)
    ax.set_ylim(0, top)
    ax.set_xlim(0.4, float(frame["age"].max()) + 0.6)
    ax.text(n + 0.3, 0.985 * top, f"observed, n = {n}", ha="right", va="top", fontsize=TINY, color=MUTED)
    _peak_mark(ax, estimates, last=float(frame["age"].max()), height=0.86 * top)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    amounts(ax.yaxis)
    cut = " (top cut off)" if float(frame["high"].max()) > top else ""
    return finish(ax, title=f"{short(name, inches=2.6, size=12)}: Bass curve and its 95 % fan{cut}",
                  x="Month since launch", y="Units a month")  # fmt: skip


@house_style()
def life_cycle(frame: pd.DataFrame, ax: Axes | None = None, *, steady: float = 0.03) -> Axes:
    """Draw every product's change of revenue with its interval, and the stage it tells.

    Parameters
    ----------
    frame : DataFrame
        ``LifeCycle.to_frame()``: name, stage, age, change, change_low, change_high (0.1 is 10 %).
    ax : Axes, optional
        Drawn upon when given.
    steady : float
        Change up to which a product counts as steady.
    """
    if frame.empty:
        return nothing(ax, "No products")
    ax = axes(ax, height=min(6.0, 1.4 + 0.36 * len(frame)))
    ends = frame[["change_low", "change_high"]].to_numpy(dtype=float)
    right = 1.3 * max(0.2, float(np.nanmax(ends, initial=0.0)))
    left = 1.3 * min(-0.2, float(np.nanmin(ends, initial=0.0)))
    # Steady products and launches on one axis: even steps up to 10 %, then wider ones.
    ax.set_xscale("symlog", linthresh=0.1, linscale=1.2)
    ax.axvspan(-steady, steady, color="#e4e9ed", lw=0)
    for y, row in enumerate(frame.to_dict("records")):
        if math.isfinite(row["change_low"]):
            ax.hlines(y, row["change_low"], row["change_high"], color=COLOURS[0], linewidth=2.4)
            ax.plot(row["change"], y, "o", color=COLOURS[0], markersize=6)
        age = "" if math.isnan(row["age"]) else f" ({max(0, int(row['age']))} months)"
        ax.text(1.02, y, f"{row['stage']}{age}", transform=ax.get_yaxis_transform(), va="center", fontsize=SMALL)
    ax.set_yticks(range(len(frame)), [short(name, inches=1.7) for name in frame["name"]], fontsize=SMALL)
    ax.set_ylim(len(frame) - 0.4, -0.6)
    ax.set_xlim(left, right)
    ticks = [tick for tick in (-0.5, -0.1, -0.05, 0, 0.05, 0.1, 0.3, 1, 3, 10) if left < tick < right]
    ax.set_xticks(ticks, [f"{100 * tick:.0f}" for tick in ticks])
    ax.set_xticks([], minor=True)
    return finish(ax, title="Stage by the change of revenue (grey: steady)",
                  x="Change of revenue, %, 95 % interval (months since launch)")  # fmt: skip


@house_style()
def sunset_margins(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "EUR") -> Axes:
    """Draw every product's contribution as a multiple of its cost to keep, with its interval.

    Parameters
    ----------
    frame : DataFrame
        ``SunsetTest.to_frame()``: name, cover, cover_low, cover_high (contribution over cost to keep), margin_k,
        margin_low_k, margin_high_k (thousand), verdict.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Currency of the money.
    """
    known = frame.dropna(subset=["cover_low"])
    if known.empty:
        return nothing(ax, "No product has costs and sales in this window")
    ax = axes(ax, height=min(6.0, 1.4 + 0.36 * len(known)))
    rows = known.sort_values("cover", kind="stable").to_dict("records")
    for y, row in enumerate(rows):
        colour, sign = _VERDICTS[row["verdict"]]
        ax.hlines(y, row["cover_low"], row["cover_high"], color=colour, linewidth=3)
        ax.plot(row["cover"], y, "|", color=colour, markersize=12, markeredgewidth=2.5)
        margin, low, high = (f"{row[f'margin{end}_k']:+,.0f}" for end in ("", "_low", "_high"))
        text = f"{sign} {row['verdict']}: {margin} ({low} to {high})"
        ax.text(1.02, y, text, transform=ax.get_yaxis_transform(), va="center", fontsize=SMALL, color=colour)
    ax.axvline(1, color=INK, linewidth=1)
    ax.set_yticks(range(len(rows)), [short(row["name"], inches=1.7) for row in rows], fontsize=SMALL)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.grid(axis="x")
    return finish(ax, title=f"What is left after the cost to keep, thousand {currency}",
                  x="Contribution over cost to keep, 95 % interval")  # fmt: skip


def _curve_top(frame: pd.DataFrame) -> float:
    """Height of the figure: the fan, but no more than thrice what was sold or fitted."""
    told = float(frame[["sales", "fitted"]].max().max())
    return 1.25 * min(3 * told, max(told, float(frame["high"].max()))) if told > 0 else 1.0


def _peak_mark(ax: Axes, estimates: pd.DataFrame, *, last: float, height: float) -> None:
    """Draw the interval of the peak as a bar with its words."""
    row = estimates[estimates["quantity"] == "peak"].iloc[0]
    low, high = float(row["low"]), float(row["high"])
    end = min(high, last + 0.6)
    ax.hlines(height, low, end, color=COLOURS[3], linewidth=3)
    if row["value"] <= last:
        ax.plot(row["value"], height, "D", color=COLOURS[3], markersize=6)
    text = f"peak: month {low:.0f} or later" if math.isinf(high) else f"peak: month {low:.0f} to {high:.0f}"
    place = (low + end) / 2
    align = "left" if place < last / 4 else ("right" if place > 3 * last / 4 else "center")
    at = {"left": low, "right": end, "center": place}[align]
    ax.annotate(text, (at, height), xytext=(0, 6), textcoords="offset points", ha=align, va="bottom", fontsize=SMALL,
                color=INK)  # fmt: skip
