"""Figure of what overrides cost: it takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pmlib.plots.style import (
    INK,
    LINE,
    MUTED,
    SMALL,
    TINY,
    amounts,
    axes,
    finish,
    house_style,
    look,
    named,
    short,
    signed,
)

#: Inches a bar and what stands around the bars take, and the share of the width kept free for words.
_ROW, _AROUND, _ROOM = 0.2, 0.95, 0.5
_NAMED, _INCHES = 6, 2.5


@house_style()
def costs_of_forcing(
    frame: pd.DataFrame, ax: Axes | None = None, *, unit: str = "thousand", near_k: float | None = None,
    most: int = 13,
) -> Axes:
    """Draw what it costs to decide each project otherwise, cheapest first, with the sign and word of its verb.

    Parameters
    ----------
    frame : DataFrame of shape (n_projects, ...)
        ``Forcing.costs``: project_id, action, other, lower_k, upper_k, cannot, and name where it is known.
    ax : Axes, optional
        Drawn upon when given.
    unit : str
        Unit of the cost.
    near_k : float, optional
        Overrides that cost at most this are called near-ties.
    most : int
        Bars drawn: of more projects the cheapest and the dearest, with a word on those between.
    """
    order = frame.sort_values(["upper_k", "project_id"], kind="stable")
    bars, rest = order[np.isfinite(order["upper_k"])], order[~np.isfinite(order["upper_k"])]
    dear = 0 if len(bars) <= most else most // 3
    cheap = min(len(bars), most - dear)
    between = bars.iloc[cheap:len(bars) - dear]
    others = rest.groupby(["action", "cannot"], sort=True)
    lines = cheap + dear + (len(between) > 0) + len(others)
    ax = axes(ax, height=min(_ROW * lines + _AROUND, 4.0))
    ax.set_xlim(0, max(float(bars["upper_k"].max()) if len(bars) else 0.0, 1e-9) * (1 + _ROOM))
    labels = _bars(ax, bars.head(cheap), near_k=near_k)
    if len(between):
        low, high = between["upper_k"].min(), between["upper_k"].max()
        labels.append(_say(ax, len(labels), f"{len(between)} more, {low:,.0f} to {high:,.0f}", label="…"))
    labels += _bars(ax, bars.tail(dear), near_k=near_k, top=len(labels))
    for (verb, why), rows in others:
        words = f"cannot be decided otherwise: {why}" if why else "not known: no other plan was found"
        labels.append(_say(ax, len(labels), words, label=_label(str(verb), _listed(rows))))
    _rows(ax, labels)
    return finish(ax, title="What it costs to decide one project otherwise",
                  x=f"lost when all others are chosen anew, {unit}")


def _rows(ax: Axes, labels: list[str]) -> None:
    ax.set_yticks(range(len(labels)), labels, fontsize=SMALL, color=INK)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.spines["left"].set_color(LINE)
    amounts(ax.xaxis)


def _bars(ax: Axes, rows: pd.DataFrame, *, near_k: float | None, top: int = 0) -> list[str]:
    """Draw one bar per row from ``top`` down, and return their labels."""
    labels = []
    for place, row in enumerate(rows.to_dict("records"), start=top):
        low, high, verb = float(row["lower_k"]), float(row["upper_k"]), str(row["action"])
        colour = look(verb)["color"]
        ax.barh(place, low, height=0.62, color=colour)
        # What is not known yet is drawn as an outline up to the upper bound.
        ax.barh(place, high - low, left=low, height=0.62, facecolor="none", edgecolor=colour, hatch="///",
                linewidth=0.6)
        number = f"{high:,.0f}" if row["exact"] else f"{low:,.0f} to {high:,.0f}"
        near = " (near-tie)" if near_k is not None and high <= near_k else ""
        ax.annotate(f"{number} if {row['other']}{near}", (high, place), xytext=(4, 0), textcoords="offset points",
                    va="center", fontsize=TINY, color=INK)
        labels.append(_label(verb, named(row["project_id"], row.get("name"))))
    return labels


def _say(ax: Axes, place: int, words: str, *, label: str) -> str:
    """Write words where a bar would be, and return the label of their line."""
    ax.annotate(words, (0, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=TINY, color=MUTED)
    return label


def _label(verb: str, words: str) -> str:
    return short(signed(verb, words), inches=_INCHES)


def _listed(rows: pd.DataFrame) -> str:
    """Name a single project in full, several by their ids."""
    names = [str(name) for name in rows["project_id"]]
    if len(names) == 1:
        return named(names[0], rows.iloc[0].get("name"))
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
