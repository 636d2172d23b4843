"""Figures of what to build next: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from pmlib.plots.style import COLOURS, INK, LINE, MARKERS, MUTED, SMALL, TINY, axes, beside, finish, house_style, short

_MOST_ROWS = 15
#: Letter, marker and colour of each Kano class.
_KANO: dict[str, tuple[str, str, str]] = {
    "must-be": ("M", "s", COLOURS[3]), "performance": ("O", "D", COLOURS[0]), "attractive": ("A", "^", COLOURS[2]),
    "indifferent": ("I", "o", MUTED), "reverse": ("R", "X", COLOURS[5]), "mixed": ("?", "P", COLOURS[1]),
    "not enough answers": ("–", "v", COLOURS[1]),
}  # fmt: skip
_RANK_MARKS = {"rice_rank": ("RICE", "o", COLOURS[0]), "wsjf_rank": ("WSJF", "s", COLOURS[1]),
               "opportunity_rank": ("opportunity", "^", COLOURS[2])}  # fmt: skip
# Places of a label around its point, the nearest first, in points.
_AROUND = [(radius * np.cos(turn), radius * np.sin(turn))
           for radius, turn in product((13, 22, 33, 46, 60, 76, 92), np.arange(16) * np.pi / 8)]  # fmt: skip
# Width of a letter and height of a line of the labels, in points.
_LETTER, _LINE = 5.0, 10.0


@house_style()
def rank_chances(frame: pd.DataFrame, ax: Axes | None = None, *, top: int = 5, method: str = "RICE") -> Axes:
    """Draw the range of ranks of each feature with its chance of the top.

    Parameters
    ----------
    frame : DataFrame
        ``RankChances.to_frame()`` of one product: name, rank, rank_low, rank_high, chance_top (0-1), in the order of
        the ranks; the first fifteen are drawn.
    ax : Axes, optional
        Drawn upon when given.
    top : int
        Size of the top.
    method : str
        What they are ranked by.
    """
    if frame.empty:
        return _empty(ax, "No open features that can be scored")
    rows = frame.head(_MOST_ROWS)
    ax = axes(ax, height=_height(len(rows)))
    place = np.arange(len(rows))
    ax.hlines(place, rows["rank_low"], rows["rank_high"], color=COLOURS[4], linewidth=5)
    ax.plot(rows["rank"], place, MARKERS[0], color=INK, markersize=5)
    if len(frame) > top:
        ax.axvline(top + 0.5, color=MUTED, linewidth=0.8, linestyle="--")
        _right_column(ax, [f"{100 * chance:.0f} %" for chance in rows["chance_top"]], head=f"in the top {top}")
    _names(ax, rows["name"])
    _rank_axis(ax, int(rows["rank_high"].max()))
    drawn = f"the first {len(rows)} of {len(frame)} features" if len(frame) > len(rows) else f"{len(frame)} features"
    return finish(ax, title=f"Where each feature ranks by {method}",
                  x=f"Rank; dot: on average, bar: 9 times in 10; {drawn}")  # fmt: skip


@house_style()
def kano_map(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw features on the map of better against worse, with boxes of their intervals.

    Parameters
    ----------
    frame : DataFrame
        ``KanoClasses.to_frame()``: feature_id, kano, better, worse and their ``_low`` and ``_high``, n.
    ax : Axes, optional
        Drawn upon when given.
    """
    known = frame.dropna(subset=["better", "worse"])
    if known.empty:
        return _empty(ax, "No Kano answers")
    ax = axes(ax)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.axhline(0.5, color=LINE, linewidth=1, zorder=0)
    ax.axvline(0.5, color=LINE, linewidth=1, zorder=0)
    for row in known.to_dict("records"):
        _, marker, colour = _KANO[row["kano"]]
        corner = -row["worse_high"], row["better_low"]
        wide, high = row["worse_high"] - row["worse_low"], row["better_high"] - row["better_low"]
        ax.add_patch(Rectangle(corner, wide, high, facecolor=colour, edgecolor="none", alpha=0.13, zorder=1))
        ax.plot(-row["worse"], row["better"], marker, color=colour, markersize=6, zorder=3)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    finish(ax, title=f"What features are to customers{_n_told(known['n'])}", y="Pleased with it (better)",
           x="Annoyed without it (worse); box: 95 % intervals; M must-be, O performance, A attractive,\n"
             "I indifferent, R reverse, ? no class clearly ahead")  # fmt: skip
    _scatter_labels(ax, known, taken=_corner_names(ax))
    return ax


@house_style()
def themes(frame: pd.DataFrame, ax: Axes | None = None, *, currency: str = "EUR") -> Axes:
    """Draw the themes of one product by the share of customers, with revenue and what rises.

    Parameters
    ----------
    frame : DataFrame
        ``ThemeCounts.to_frame()`` of one product: name, theme, customers, n, share, low, high (0-1), revenue_k
        (thousand), times, arrow; the first ten are drawn.
    ax : Axes, optional
        Drawn upon when given.
    currency : str
        Currency of the money.
    """
    rows = frame.dropna(subset=["share"]).head(10)
    if rows.empty:
        return _empty(ax, "No themes of known customers in this window")
    ax = axes(ax, height=_height(len(rows)))
    place = np.arange(len(rows))
    rising = rows["arrow"] == "▲"
    for chosen, colour, hatch in ((rising, COLOURS[1], "///"), (~rising, COLOURS[4], "")):
        ax.barh(place[chosen], rows.loc[chosen, "share"], height=0.62, color=colour, hatch=hatch, edgecolor="white")
    ax.hlines(place, rows["low"], rows["high"], color=INK, linewidth=1.2)
    for y, row in zip(place, rows.to_dict("records"), strict=True):
        beside(ax, (float(row["high"]), float(y)), _theme_text(row, currency))
    _names(ax, rows["theme"])
    ax.set_xlim(0, 1.65 * float(rows["high"].max()))
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= rows["high"].max()])
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    return finish(ax, title=f"What customers write about {short(rows['name'].iloc[0])}",
                  x=f"Share of the {int(rows['n'].iloc[0]):,} customers who wrote, with 95 % interval\n"
                    "Hatched ▲: more than in the window before, beyond chance")  # fmt: skip


@house_style()
def must_share(frame: pd.DataFrame, ax: Axes | None = None, *, limit: float = 0.6) -> Axes:
    """Draw the share of the musts in the planned effort of each product against the limit.

    Parameters
    ----------
    frame : DataFrame
        ``MoscowBalance.to_frame()``: product_id, n, must_pm, must_share, must_share_low, must_share_high (0-1).
    ax : Axes, optional
        Drawn upon when given.
    limit : float
        Largest share that leaves room.
    """
    known = frame.dropna(subset=["must_share"]).head(_MOST_ROWS)
    if known.empty:
        return _empty(ax, "No planned features with class and effort")
    ax = axes(ax, height=_height(len(known)))
    place = np.arange(len(known))
    for chosen, colour, hatch in ((known["too_much"], COLOURS[3], "///"), (~known["too_much"], COLOURS[4], "")):
        ax.barh(place[chosen], known.loc[chosen, "must_share"], height=0.6, color=colour, hatch=hatch,
                edgecolor="white")  # fmt: skip
    ax.hlines(place, known["must_share_low"], known["must_share_high"], color=INK, linewidth=1.2)
    ax.axvline(limit, color=MUTED, linewidth=1, linestyle="--")
    for y, row in zip(place, known.to_dict("records"), strict=True):
        beside(ax, (float(row["must_share_high"]), float(y)), f"{row['must_pm']:g} person-months, {row['n']} features")
    for text in ax.texts:
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1})
    _names(ax, known["product_id"])
    ax.set_xlim(0, 1.35)
    ax.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    return finish(ax, title="How much of the planned effort is must",
                  x=f"Share of must, should and could; line: 9 times in 10; dashed: {100 * limit:.0f} %")  # fmt: skip


@house_style()
def method_ranks(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the ranks of each feature by RICE, WSJF and opportunity; musts that RICE puts last are always shown.

    Parameters
    ----------
    frame : DataFrame
        ``MethodComparison.to_frame()`` of one product: name, rice_rank, wsjf_rank, opportunity_rank, moscow, kano,
        overlooked; fifteen at most are drawn.
    ax : Axes, optional
        Drawn upon when given.
    """
    if frame.empty:
        return _empty(ax, "No open features")
    rows = frame.sort_values("overlooked", ascending=False, kind="stable").head(_MOST_ROWS).sort_index()
    ax = axes(ax, height=_height(len(rows)) + 0.2)
    place = np.arange(len(rows))
    ranks = rows[list(_RANK_MARKS)].astype("float64")
    ax.hlines(place, ranks.min(axis=1), ranks.max(axis=1), color=LINE, linewidth=2, zorder=0)
    # Side by side where ranks are the same.
    for shift, (column, (label, marker, colour)) in zip((-0.17, 0, 0.17), _RANK_MARKS.items(), strict=True):
        ax.plot(ranks[column], place + shift, marker, color=colour, markersize=5.5, linestyle="none", label=label)
    _names(ax, rows["name"])
    _right_column(ax, rows["kano"].where(rows["kano"] != "", rows["moscow"].fillna("")).tolist(), head="class")
    _rank_axis(ax, int(ranks.max().fillna(1).max()))
    ax.legend(loc="upper center", bbox_to_anchor=(0.35, -0.16), ncols=3, fontsize=SMALL)
    drawn = f", {len(rows)} of {len(frame)} features" if len(frame) > len(rows) else f", {len(frame)} features"
    return finish(ax, title="Where each method ranks the features", x=f"Rank{drawn}")


def _theme_text(row: dict[Any, Any], currency: str) -> str:
    money = "" if np.isnan(row["revenue_k"]) else f", {row['revenue_k']:,.0f} k {currency}"
    times = f" {row['times']:.1f} times" if row["arrow"] in ("▲", "▼") and np.isfinite(row["times"]) else ""
    return f"{row['customers']:,} customers{money} {row['arrow'].strip('–')}{times}".rstrip()


def _corner_names(ax: Axes) -> list[tuple[float, float]]:
    """Write what the corners of the map stand for, and say where (axes fractions)."""
    places = {"attractive": (0.01, 0.965), "performance": (0.99, 0.965), "indifferent": (0.01, 0.035),
              "must-be": (0.99, 0.035)}  # fmt: skip
    for name, (x, y) in places.items():
        ax.text(x, y, name, ha="left" if x < 0.5 else "right", va="center", fontsize=SMALL, color=MUTED)  # noqa: PLR2004
    return [(min(max(x, 0.05), 0.95), y) for x, y in places.values()]


def _scatter_labels(ax: Axes, frame: pd.DataFrame, *, taken: list[tuple[float, float]]) -> None:
    """Write id and letter near each point, at the first place that covers neither a label nor a point."""
    size = _inches(ax) * 72
    points = frame[["worse", "better"]].to_numpy(dtype=float) * (-1, 1) * size
    texts = [f"{row['feature_id']} {_KANO[row['kano']][0]}" for row in frame.to_dict("records")]
    wide = _LETTER * max(map(len, texts))
    room = [(points, wide / 2 + 4, _LINE / 2 + 4), (np.array(taken) * size, wide / 2 + 40, _LINE + 2)]
    labels: list[Any] = []
    for at, text, place in zip(points, texts, frame[["worse", "better"]].to_numpy(dtype=float) * (-1, 1), strict=True):
        around = [shift for shift in _AROUND if _inside(at + shift, size, wide)]
        others = (np.array(labels).reshape(-1, 2), wide + 3, _LINE + 1)
        shift = next((shift for shift in around if _clear(at + shift, [*room, others])), _AROUND[-1])
        labels.append(at + shift)
        ax.annotate(
            text, place, xytext=shift, textcoords="offset points", ha="center", va="center", fontsize=TINY, color=INK,
            zorder=4, arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3},
        )  # fmt: skip


def _inches(ax: Axes) -> Any:
    """Size of the axes once the layout has made room for title and labels."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    box = ax.get_position()
    return np.array([box.width, box.height]) * figure.get_size_inches()


def _clear(at: Any, taken: list[tuple[Any, float, float]]) -> bool:
    """Whether a place is farther than allowed from all that is taken: (places, across, up)."""
    return not any((np.abs(places - at) < (across, up)).all(axis=1).any() for places, across, up in taken)


def _inside(at: Any, size: Any, wide: float) -> bool:
    margin = np.array([wide, _LINE]) / 2 + 2
    return bool((at > margin).all() and (at < size - margin).all())


def _names(ax: Axes, names: Any) -> None:
    told = [short(name) for name in names]
    ax.set_yticks(range(len(told)), told, fontsize=SMALL, color=INK)
    ax.set_ylim(len(told) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


def _right_column(ax: Axes, texts: list[str], *, head: str) -> None:
    """Write a word or figure for each row to the right of the axes."""
    for y, text in enumerate(texts):
        ax.annotate(text, (1.02, y), xycoords=("axes fraction", "data"), va="center", fontsize=SMALL, color=INK)
    ax.annotate(head, (1.02, 1.01), xycoords="axes fraction", fontsize=TINY, color=MUTED)


def _rank_axis(ax: Axes, last: int) -> None:
    ax.set_xlim(0.4, last + 0.6)
    ax.set_xticks([1, *range(5, last + 1, 5)] if last > 10 else range(1, last + 1))  # noqa: PLR2004 - all have room


def _height(rows: int) -> float:
    return min(4.0, 1.25 + 0.2 * rows)


def _n_told(numbers: pd.Series) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return f", n = {low:,} each" if low == high else f", n = {low:,} to {high:,} each"


def _empty(ax: Axes | None, text: str) -> Axes:
    ax = axes(ax, height=0.8)
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=MUTED)
    return ax
