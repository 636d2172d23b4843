"""Figures of what information is worth: they take frames that their results can print, and compute nothing."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pmlib.plots.style import (
    COLOURS,
    INK,
    LINE,
    MUTED,
    SMALL,
    TINY,
    amounts,
    axes,
    finish,
    house_style,
    named,
    nothing,
    short,
    signed,
)

#: Inches a bar and what stands around the bars take, and the share of the width kept free for words.
_ROW, _AROUND, _ROOM = 0.22, 0.95, 0.85
#: A worth below this many thousand has no bar.
_NOTHING = 1e-6
#: Share of the height that the density takes, and of the width that a verb needs to be named.
_DENSITY, _WIDE = 0.2, 0.08


@house_style()
def worth_of_learning(
    frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "", most: int = 12,
) -> Axes:
    """Draw what it is worth to know each project's true value, with what its best study brings inside.

    Parameters
    ----------
    frame : DataFrame of shape (n_projects, ...)
        ``Information.projects``: project_id, name, evppi_k, evsi_k, study_cost_k.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Of the worth.
    most : int
        Bars drawn, the longest first; a word on the others.
    """
    order = frame[frame["evppi_k"] > _NOTHING].sort_values(["evppi_k", "project_id"], ascending=[False, True])
    bars = order.head(most)
    ax = axes(ax, height=_ROW * (len(bars) + 1) + _AROUND)
    if bars.empty:
        return nothing(ax, "Nothing to learn would change the plan")
    for place, row in enumerate(bars.to_dict("records")):
        ax.barh(place, row["evppi_k"], height=0.72, color=LINE, edgecolor=MUTED, linewidth=0.6)
        ax.barh(place, row["evsi_k"], height=0.36, color=COLOURS[0])
        ax.annotate(_words(row, first=place == 0), (row["evppi_k"], place), xytext=(4, 0),
                    textcoords="offset points", va="center", fontsize=TINY, color=INK)
    labels = [short(named(row["project_id"], row["name"])) for row in bars.to_dict("records")]
    if len(order) < len(frame) or len(order) > most:
        rest = len(frame) - len(bars)
        high = float(order["evppi_k"].iloc[most]) if len(order) > most else 0.0
        ax.annotate(f"{rest} more, each {_amount(high)} or less" if high else f"{rest} more, nothing to learn",
                    (0, len(bars)), xytext=(4, 0), textcoords="offset points", va="center", fontsize=TINY, color=MUTED)
        labels.append("…")
    ax.set_xlim(0, float(bars["evppi_k"].max()) * (1 + _ROOM))
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.set_yticks(range(len(labels)), labels, fontsize=SMALL, color=INK)
    ax.tick_params(axis="y", length=0)
    amounts(ax.xaxis)
    return finish(ax, title="What it is worth to learn before deciding",
                  x=f"worth, thousand {currency}: wide bar the true value, narrow bar a study")


def _words(row: Mapping[Any, Any], *, first: bool) -> str:
    """Label of a bar; the first says what its numbers are."""
    truth = f"{_amount(row['evppi_k'])} known for sure" if first else _amount(row["evppi_k"])
    if pd.isna(row["evsi_k"]):
        return f"{truth}; no study" if first else truth
    study = f"{_amount(row['evsi_k'])} by a study for {_amount(row['study_cost_k'])}" if first else \
        f"{_amount(row['evsi_k'])} for {_amount(row['study_cost_k'])}"
    return f"{truth}; {study}"


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or not value else f"{value:.2g}"  # noqa: PLR2004


@house_style()
def envelope(
    frame: pd.DataFrame, about: Mapping[Any, Any] | pd.Series, ax: Axes | None = None, *, currency: str = "",
) -> Axes:
    """Draw the value of the best plan over what one project turns out to be worth, and how likely that is.

    Parameters
    ----------
    frame : DataFrame of shape (n_places, ...)
        ``Information.envelope``: value_k, best_k, planned_k, action, density.
    about : mapping
        Row of the project: project_id, name, mean_k, evppi_k.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Of the values.
    """
    ax = axes(ax)
    x, best, planned = (frame[name].to_numpy(dtype=float) for name in ("value_k", "best_k", "planned_k"))
    title = f"The best plan, over what {short(named(about['project_id'], about['name']))} is worth"
    labels = {"x": f"what going on with it turns out to be worth, thousand {currency}",
              "y": f"value of the plan,\nthousand {currency}"}
    low, high = float(min(best.min(), planned.min())), float(max(best.max(), planned.max()))
    span = high - low or 1.0
    ax.set_ylim(low - (_DENSITY + 0.2) * span, high + 0.14 * span)
    amounts(ax.xaxis, ax.yaxis)
    if len(frame) == 1:
        ax.plot(x, best, "o", color=COLOURS[0])
        return finish(ax, title=f"{title}: sure", **labels)
    floor, density = low - (_DENSITY + 0.2) * span, frame["density"].to_numpy(dtype=float)
    ax.fill_between(x, floor, floor + _DENSITY * span * density / density.max(), color=LINE)
    ax.annotate("how likely", (float(about["mean_k"]), floor), xytext=(0, 3), textcoords="offset points", ha="center",
                fontsize=TINY, color=MUTED)
    ax.fill_between(x, planned, best, color=COLOURS[1], alpha=0.35, linewidth=0)
    ax.plot(x, planned, color=MUTED, linestyle="--", linewidth=1.2)
    ax.plot(x, best, color=COLOURS[0], linewidth=2)
    ax.set_xlim(float(x[0]), float(x[-1]))
    _verbs(ax, frame, y=high + 0.06 * span)
    gap = int((best - planned).argmax())
    if best[gap] > planned[gap]:
        ax.annotate("as planned now", (x[gap], planned[gap]), xytext=(-4 if gap else 4, -9), va="center",
                    textcoords="offset points", ha="right" if gap else "left", fontsize=TINY, color=MUTED)
    return finish(ax, title=title, **labels)


def _verbs(ax: Axes, frame: pd.DataFrame, *, y: float) -> None:
    """Name what the best plan does over each stretch, with a line where it changes."""
    width = float(frame["value_k"].iloc[-1] - frame["value_k"].iloc[0])
    for verb, rows in groupby(frame[["value_k", "action"]].itertuples(index=False), key=lambda row: str(row.action)):
        places = np.array([row.value_k for row in rows], dtype=float)
        if places[-1] - places[0] >= _WIDE * width:
            ax.annotate(signed(verb), ((places[0] + places[-1]) / 2, y), ha="center", va="center", fontsize=SMALL,
                        color=INK)
        if places[0] > frame["value_k"].iloc[0]:
            ax.axvline(places[0], color=MUTED, linewidth=0.8, linestyle=":")
