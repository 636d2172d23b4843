"""Figures of the release plan: each takes a frame that its result can print, and computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pmlib.plots.style import INK, LINE, MUTED, SMALL, TINY, axes, fill, finish, house_style, named, short

#: Pale enough for words on top of the hatch.
_LOOKS: dict[str, dict[str, Any]] = {
    "built": {"facecolor": "#cfe4f3", "edgecolor": "#0072b2", "hatch": ""},
    "forced": {"facecolor": "#fff4dc", "edgecolor": "#efd59b", "hatch": "///"},
}
_SIGNS = {"ready": ("✓", "#007a5a"), "not ready": ("✗", "#b34700"), "not known": ("?", MUTED)}
_LANE, _CARD, _ITEM, _BAR = 0.5, 0.54, 0.36, 0.21
_MOST_BARS, _MOST_CARDS = 30, 14
_COLUMN, _GAP = 1 / 3, 0.012
#: Inches of room that a bar needs for its id, lying and upright.
_NARROW, _UPRIGHT = 0.34, 0.06


@house_style()
def plan(features: pd.DataFrame, loads: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw what each team builds in each release, beside the person-months it has.

    Parameters
    ----------
    features : DataFrame
        ``ReleasePlan.features``: feature_id, name, team, effort_pm, verdict, release.
    loads : DataFrame
        ``ReleasePlan.loads``: team, release, release_name, capacity_pm, used_pm, left_pm.
    ax : Axes, optional
        Drawn upon when given.
    """
    inside = features[features["release"].notna()]
    if inside.empty:
        return _empty(ax, "No release plan: nothing is built")
    lanes = loads.sort_values(["release", "team"], ignore_index=True)
    ax = axes(ax, height=1.1 + _LANE * len(lanes) + 0.2 * lanes["release"].nunique())
    longest = 1.06 * max(lanes["capacity_pm"].max(), lanes["used_pm"].max(), 1.0)
    inch = _width(ax) / longest
    places = [i + 0.5 * release for i, release in enumerate(lanes["release"])]
    for y, lane in zip(places, lanes.to_dict("records"), strict=True):
        own = inside[(inside["team"] == lane["team"]) & (inside["release"] == lane["release"])]
        _lane(ax, y, lane, own=own, inch=inch)
    ax.set_yticks(places, lanes["team"].tolist(), fontsize=SMALL, color=INK)
    ax.tick_params(axis="y", length=0)
    for y, lane in zip(places, lanes.to_dict("records"), strict=True):
        if lane["team"] == lanes.loc[lanes["release"] == lane["release"], "team"].iloc[0]:
            ax.text(0, y - 0.52, str(lane["release_name"]), fontsize=SMALL, fontweight="bold", color=INK, va="bottom")
    ax.set_xlim(0, longest)
    ax.set_ylim(places[-1] + 0.55, places[0] - 0.95)
    n, musts = len(inside), int((inside["verdict"] == "forced").sum())
    return finish(ax, title=f"{n} features fit, {musts} of them forced",
                  x="person-months; hatched: forced in; upright line: what the team has; dotted: left")  # fmt: skip


def _lane(ax: Axes, y: float, lane: dict[Any, Any], *, own: pd.DataFrame, inch: float) -> None:
    begin = 0.0
    for row in own.to_dict("records"):
        width = float(row["effort_pm"])
        ax.barh(y, width, left=begin, height=0.78, linewidth=0.8, **_LOOKS[str(row["verdict"])])
        room = width * inch - 0.1
        if room > _NARROW:
            forced = " must" if row["verdict"] == "forced" and room > 2 * _NARROW else ""
            words = f"{row['feature_id']}{forced}\n{short(row['name'], inches=room, size=TINY)}"
            ax.text(begin + 0.05 / inch, y, words, fontsize=TINY, color=INK, va="center", linespacing=1.15)
        elif room > _UPRIGHT:
            ax.text(begin + width / 2, y, short(row["feature_id"], inches=_LANE * 0.75, size=TINY), fontsize=TINY,
                    color=INK, ha="center", va="center", rotation=90)  # fmt: skip
        begin += width
    have = float(lane["capacity_pm"])
    if have > begin:
        ax.barh(y, have - begin, left=begin, height=0.78, facecolor="none", edgecolor=MUTED, linestyle=":")
    if (have - begin) * inch > 2 * _NARROW:
        ax.text(begin + 0.05 / inch, y, f"{have - begin:,.1f} left", fontsize=TINY, color=MUTED, va="center")
    ax.plot([have, have], [y - 0.46, y + 0.46], color=INK, linewidth=2.2, solid_capstyle="butt", clip_on=False)


@house_style()
def chances(
    frame: pd.DataFrame, ax: Axes | None = None, *, releases: Sequence[str] = (), draws: int = 0
) -> Axes:
    """Draw the chance of each feature of being built, parted by release.

    Parameters
    ----------
    frame : DataFrame
        ``ReleaseChances.chances``: feature_id, name, release (of the plan), chance, low, high, and a share for each
        release; the first 30 are drawn.
    ax : Axes, optional
        Drawn upon when given.
    releases : sequence of str
        Names of the releases' columns.
    draws : int
        Number of plans behind the shares.
    """
    rows = frame.head(_MOST_BARS)
    if rows.empty:
        return _empty(ax, "No feature is open")
    ax = axes(ax, height=1.35 + _BAR * len(rows))
    begin = pd.Series(0.0, index=rows.index)
    for j, name in enumerate(releases):
        ax.barh(rows.index, 100 * rows[name], left=begin, height=0.7, label=name, **fill(j))
        begin = begin + 100 * rows[name]
    ax.hlines(rows.index, 100 * rows["low"], 100 * rows["high"], color=INK, linewidth=1.1)
    for y, row in rows.iterrows():
        ax.text(100 * max(row["high"], row["chance"]) + 1, float(str(y)), f"{100 * row['chance']:.0f} %", fontsize=TINY,
                color=INK, va="center")  # fmt: skip
    signs = rows["release"].notna().map({True: "●", False: "○"})
    labels = [f"{sign} {named(*both)}" for sign, *both in zip(signs, rows["feature_id"], rows["name"], strict=True)]
    ax.set_yticks(rows.index, [short(label, size=TINY) for label in labels], fontsize=TINY, color=INK)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, 108)
    ax.set_xticks([0, 25, 50, 75, 100])
    ax.legend(loc="lower right", fontsize=SMALL, title="built in", title_fontsize=SMALL)
    more = f" (first {len(rows)} of {len(frame)})" if len(frame) > len(rows) else ""
    return finish(ax, title=f"How often each feature is in the best plan{more}",
                  x=f"% of {draws:,} draws; thin line: 95 % interval; ● in the plan, ○ not")  # fmt: skip


@house_style()
def board(frame: pd.DataFrame, ax: Axes | None = None, *, names: dict[str, str] | None = None) -> Axes:
    """Draw the roadmap as a board of three columns: now, next, later.

    Parameters
    ----------
    frame : DataFrame
        ``ProductRoadmap.board``: when, feature_id, name, team, effort_pm, must, verdict, why; the first 14 of a
        column are drawn.
    ax : Axes, optional
        Drawn upon when given.
    names : dict of str to str
        Releases that now and next stand for.
    """
    if frame.empty:
        return _empty(ax, "No feature is open: the roadmap is empty")
    columns = {when: frame[frame["when"] == when] for when in ("now", "next", "later")}
    most = max(min(len(rows), _MOST_CARDS + 1) for rows in columns.values())
    ax = axes(ax, height=0.8 + _CARD * (most + 1))
    inches = _COLUMN * 0.94 * _full_width(ax)
    for j, (when, rows) in enumerate(columns.items()):
        left = j * _COLUMN
        heading = f"{when.capitalize()}  {(names or {}).get(when, '')}".strip()
        ax.text(left + _GAP, 0.1, heading, fontsize=11, fontweight="bold", color=INK, va="center")
        ax.plot([left + _GAP, left + _COLUMN - _GAP], [0.45, 0.45], color=INK, linewidth=1.2)
        for i, row in enumerate(rows.head(_MOST_CARDS).to_dict("records")):
            _card(ax, (left + _GAP, i + 1), row, inches=inches)
        if rows.empty or len(rows) > _MOST_CARDS:
            words = "nothing" if rows.empty else f"and {len(rows) - _MOST_CARDS} more"
            ax.text(left + 2 * _GAP, min(len(rows), _MOST_CARDS) + 1, words, fontsize=SMALL, color=MUTED, va="center")
    ax.set_xlim(0, 1)
    ax.set_ylim(most + 0.6, -0.3)
    ax.set_axis_off()
    ax.set_title("Roadmap: what is built now, next and later")
    return ax


def _card(ax: Axes, at: tuple[float, float], row: dict[Any, Any], *, inches: float) -> None:
    x, y = at
    look = _LOOKS.get(str(row["verdict"]), {"facecolor": "white", "edgecolor": MUTED})
    ax.add_patch(Rectangle((x, y - 0.42), 0.012, 0.84, linewidth=0.6, **look))
    when = f"{row['release_name']}, " if row["when"] == "later" else ""
    work = f"{when}{row['team']}, {row['effort_pm']:g} person-month{'' if row['effort_pm'] == 1 else 's'}"
    below = f"{work}{', must' if row['must'] else ''}" if row["release_name"] else str(row["why"])
    name = _two_lines(named(row["feature_id"], row["name"]), inches - 0.25)
    lines = [*name, *(_two_lines(below, inches - 0.25) if len(name) == 1 else [below])]
    for i, text in enumerate(lines):
        ax.text(x + 0.02, y - 0.28 + 0.28 * i, short(text, inches=inches - 0.25, size=TINY), fontsize=TINY,
                color=INK if i < len(name) else MUTED, va="center")  # fmt: skip


def _two_lines(text: str, inches: float) -> list[str]:
    """Break words over two lines of this width; what is left over is cut."""
    words = text.split()
    fits = next((n for n in range(len(words), 0, -1) if short(" ".join(words[:n]), inches=inches, size=TINY)
                 == " ".join(words[:n])), len(words))  # fmt: skip
    return [" ".join(part) for part in (words[:fits], words[fits:]) if part]


@house_style()
def readiness(frame: pd.DataFrame, ax: Axes | None = None, *, name: str = "") -> Axes:
    """Draw the checklist of a launch: sign and word, item, finding, and what to do.

    Parameters
    ----------
    frame : DataFrame
        ``LaunchReadiness.checklist``: item, state, finding, remedy.
    ax : Axes, optional
        Drawn upon when given.
    name : str
        Name of the product.
    """
    if frame.empty:
        return _empty(ax, "Nothing to check")
    ax = axes(ax, height=0.7 + _ITEM * len(frame))
    inches = 0.57 * _full_width(ax)
    for y, row in enumerate(frame.to_dict("records")):
        sign, colour = _SIGNS[str(row["state"])]
        ax.text(0.0, y, f"{sign} {row['state']}", fontsize=SMALL, fontweight="bold", color=colour, va="center")
        ax.text(0.13, y, short(row["item"], inches=0.28 * _full_width(ax)), fontsize=SMALL, color=INK, va="center")
        lines = [(row["finding"], INK), (row["remedy"], MUTED)] if row["remedy"] else [(row["finding"], INK)]
        for shift, (text, shade) in zip((-0.21, 0.21) if len(lines) > 1 else (0.0,), lines, strict=True):
            ax.text(0.42, y + shift, short(text, inches=inches, size=TINY), fontsize=TINY, color=shade, va="center")
        ax.axhline(y + 0.5, color=LINE, linewidth=0.6)
    ax.set_xlim(0, 1)
    ax.set_ylim(len(frame) - 0.4, -0.6)
    ax.set_axis_off()
    ready = int((frame["state"] == "ready").sum())
    ax.set_title(f"{name}: ready {ready} of {len(frame)}".removeprefix(": "))
    return ax


def _full_width(ax: Axes) -> float:
    """Width in inches of axes without labels beside them."""
    figure = ax.get_figure(root=True)
    share = ax.get_position().width if figure is None or len(figure.axes) > 1 else 0.97
    return share * (figure.get_figwidth() if figure is not None else 8.0)


def _width(ax: Axes) -> float:
    """Width in inches that bars have beside the names of their lanes, rather less than more."""
    return 0.86 * _full_width(ax)


def _empty(ax: Axes | None, text: str) -> Axes:
    # One line of words needs no room for a figure.
    ax = axes(ax, height=0.8)
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=MUTED)
    return ax
