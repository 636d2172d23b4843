"""Figures of corrected estimates: each takes a frame that its result can print, and computes nothing new."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

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
    nothing,
    short,
)  # fmt: skip

#: Most projects named in a scatter, those that moved most.
_NAMED = 8
#: Share of the span below which two names would touch.
_APART = 0.03
#: The cause that tells most comes first.
_CAUSES = ("shrinkage", "evidence", "uplift", "nothing")


@house_style()
def waterfall(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """Draw the way from the promise of the naive plan to the worth of the corrected one.

    Parameters
    ----------
    frame : DataFrame
        ``Waterfall.steps``: step, label, amount_k, total_k; the first and the last row are totals.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Of the amounts.
    """
    ax = axes(ax, height=max(2.6, 1.4 + 0.45 * len(frame)))
    if frame.empty:
        return nothing(ax, "There are no two plans to compare")
    last = len(frame) - 1
    before = np.concatenate([[0.0], frame["total_k"].to_numpy()])
    for y, row in enumerate(frame.to_dict("records")):
        whole = y in (0, last)
        start = 0.0 if whole else before[y]
        kind = 0 if whole else 1 if row["amount_k"] < 0 else 2
        ax.barh(y, row["total_k"] - start, left=start, height=0.62, **fill(kind))
        amount = f"{row['amount_k']:,.0f}" if whole else f"{row['amount_k']:+,.0f}"
        beside(ax, (max(start, row["total_k"]), y), amount)
        if y < last:
            ax.plot([row["total_k"]] * 2, [y + 0.31, y + 0.69], color=MUTED, linewidth=1)
    ax.set_yticks(range(len(frame)), [short(name) for name in frame["label"]], fontsize=SMALL, color=MUTED)
    ax.set_ylim(last + 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.axvline(0, color=LINE, zorder=0)
    low, high = min(0.0, *frame["total_k"]), max(0.0, *frame["total_k"])
    ax.set_xlim(low, high + 0.12 * ((high - low) or 1.0))
    amounts(ax.xaxis)
    return finish(ax, title="What is left of the promise", x=f"value of the plan, thousand {currency}".rstrip())


@house_style()
def stated_and_corrected(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """Draw corrected against stated value, one mark per project; full marks rest on their own estimate.

    Parameters
    ----------
    frame : DataFrame
        ``Corrected.projects``: project_id, value_k, corrected_value_k, weight (0-1), corrected_by.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Of the values.
    """
    ax = axes(ax, height=5.0)
    known = frame.dropna(subset=["value_k", "corrected_value_k"])
    if known.empty:
        return nothing(ax, "No project has a known value")
    ends = [known[["value_k", "corrected_value_k"]].min().min(), known[["value_k", "corrected_value_k"]].max().max()]
    ax.plot(ends, ends, color=MUTED, linewidth=1, linestyle="--", zorder=0)
    ax.annotate("as stated", (ends[1], ends[1]), xytext=(-4, 0), textcoords="offset points", fontsize=TINY, color=MUTED,
                ha="right", va="bottom")
    first = known["corrected_by"].map(lambda causes: next(cause for cause in _CAUSES if cause in causes))
    for j, cause in enumerate(_CAUSES):
        mine = known[first == cause]
        if len(mine):
            ax.scatter(mine["value_k"], mine["corrected_value_k"], marker=MARKERS[j], color=COLOURS[j], s=36,
                       edgecolor=INK, linewidth=0.5, label=_legend(cause, mine))
    _name_those_that_moved(ax, known, span=ends[1] - ends[0])
    amounts(ax.xaxis, ax.yaxis)
    ax.margins(x=0.1)
    ax.legend(fontsize=SMALL, loc="upper left")
    return finish(ax, title="Value of going on, as stated and corrected", x=f"stated, thousand {currency}".rstrip(),
                  y=f"corrected, thousand {currency}".rstrip())


def _legend(cause: str, rows: pd.DataFrame) -> str:
    words = {"shrinkage": "shrunk", "evidence": "by evidence", "uplift": "cost uplifted", "nothing": "as stated"}[cause]
    if cause != "shrinkage":
        return f"{words} ({len(rows)})"
    low, high = (f"{100 * end:.0f}" for end in (rows["weight"].min(), rows["weight"].max()))
    return f"{words} ({len(rows)}), {low if low == high else f'{low} to {high}'} % on the own estimate"


def _name_those_that_moved(ax: Axes, known: pd.DataFrame, *, span: float) -> None:
    """Name the projects that moved most, and their weight where weights differ; no name on top of another."""
    moved = (known["corrected_value_k"] - known["value_k"]).abs()
    told = known.assign(moved=moved)[moved > 0].sort_values("moved", ascending=False, kind="stable")
    differ = told["weight"].nunique() > 1
    heights: list[float] = []
    for row in told.head(_NAMED).to_dict("records"):
        if all(abs(row["corrected_value_k"] - height) > _APART * span for height in heights):
            weight = f" {100 * row['weight']:.0f} %" if differ and row["weight"] < 1 else ""
            beside(ax, (row["value_k"], row["corrected_value_k"]), f"{row['project_id']}{weight}")
            heights.append(row["corrected_value_k"])


@house_style()
def promise_and_outcome(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """Draw outcome against promise over the redraws, naive and corrected plans apart.

    Parameters
    ----------
    frame : DataFrame
        ``Curse.redraws``: naive_promised_k, naive_outcome_k, corrected_promised_k, corrected_outcome_k.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Of the values.
    """
    ax = axes(ax, height=4.6)
    if frame.empty:
        return nothing(ax, "No plan could be redrawn")
    came = frame[["naive_outcome_k", "corrected_outcome_k"]].to_numpy(dtype=float)
    ends = [float(came.min()), float(came.max())]
    ax.plot(ends, ends, color=MUTED, linewidth=1, linestyle="--", zorder=0)
    beside(ax, (ends[0], ends[0]), "as promised")
    for j, plan in enumerate(("corrected", "naive")):
        promised, outcome = frame[f"{plan}_promised_k"], frame[f"{plan}_outcome_k"]
        ax.scatter(promised, outcome, marker=MARKERS[j], color=COLOURS[j], s=22, alpha=0.6, linewidth=0)
        ax.plot(promised.mean(), outcome.mean(), marker=MARKERS[j], color=COLOURS[j], markeredgecolor=INK,
                markersize=11, linestyle="none", label=(
                    f"{plan}: {promised.mean():,.0f} promised on average, {outcome.mean():,.0f} came out"))
    amounts(ax.xaxis, ax.yaxis)
    ax.legend(fontsize=SMALL, loc="upper center", bbox_to_anchor=(0.5, -0.16))
    return finish(ax, title="What plans promise and what comes out", x=f"promised, thousand {currency}".rstrip(),
                  y=f"came out, thousand {currency}".rstrip())
