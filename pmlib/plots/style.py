"""One look for every figure: Okabe-Ito colours with shapes beside them, no boxes, white paper."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis, YAxis
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, MaxNLocator

#: Okabe & Ito (2008), ordered so that the first ones differ most in lightness too.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "///", "...", "\\\\\\", "xx", "--", "++", "oo")
VERB_COLOURS = {"start": "#0072b2", "keep": "#007a5a", "slow": "#7a5195", "fast": "#00708a",
                "hold": "#8a5a00", "stop": "#b34700", "decline": "#5b6570"}
#: One sign for each verb: in words, and as a mark of the same form.
VERB_SIGNS = {"start": "▲", "keep": "●", "slow": "◀", "fast": "▶", "hold": "◆", "stop": "■", "decline": "–"}
VERB_MARKERS: dict[str, Any] = {
    "start": "^", "keep": "o", "slow": "<", "fast": ">", "hold": "D", "stop": "s",
    "decline": Path([(-1, -0.25), (1, -0.25), (1, 0.25), (-1, 0.25), (-1, -0.25)], closed=True),
}
#: Sizes of direct labels, in points.
SMALL, TINY = 9, 8
INK, MUTED, LINE = "#1b1f24", "#5b6570", "#d9dee3"

#: Inches of a name beside an axis; from this span of an axis on, its numbers are whole.
_LONGEST, _SMALL_SPAN = 2.35, 4.0
_SETTINGS: dict[Any, Any] = {
    "figure.figsize": (8, 4),
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.prop_cycle": cycler(color=COLOURS),
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "grid.color": LINE,
    "legend.frameon": False,
    "svg.hashsalt": "pmlib",
    "axes.unicode_minus": False,
    "text.parse_math": False,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Apply the house look inside a ``with`` block and leave matplotlib as it was."""
    with mpl.rc_context(_SETTINGS):
        yield


def axes(ax: Axes | None = None, *, height: float = 4.0) -> Axes:
    """Return ``ax``, or a new one of 8 inches by ``height`` in the house style.

    Parameters
    ----------
    ax : Axes, optional
        Drawn upon when given.
    height : float
        Height of a new figure in inches.
    """
    if ax is not None:
        return ax
    with house_style():
        return plt.subplots(figsize=(8, height))[1]


def finish(ax: Axes, *, title: str, x: str = "", y: str = "") -> Axes:
    """Write title and axis labels (with units) and return the axes."""
    ax.set_title(title)
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def short(name: Hashable, *, inches: float = _LONGEST, size: float = SMALL) -> str:
    """Cut a name to what fits beside an axis, measured in the letters it has.

    Parameters
    ----------
    name : hashable
        Shown as text, in one line.
    inches : float
        Room in inches.
    size : float
        Size of the letters in points.

    Examples
    --------
    >>> short("A name of a project that goes on and on, past the end of the axis")
    'A name of a project that goes on a…'
    """
    text, font = " ".join(str(name).split()), FontProperties(size=size)

    def fits(words: str) -> bool:
        return bool(text_to_path.get_text_width_height_descent(words, font, False)[0] <= 72 * inches)

    if fits(text):
        return text
    most = bisect_left(range(len(text)), True, key=lambda n: not fits(f"{text[:n]}…"))
    return f"{text[:max(most - 1, 0)].rstrip()}…"


def named(project_id: Hashable, name: Any = "") -> str:
    """Join id and name of a project, once where they are the same.

    Examples
    --------
    >>> named("P07", "Leak detection"), named("P07", "P07"), named("P07", None)
    ('P07 Leak detection', 'P07', 'P07')
    """
    known = not pd.isna(name) and str(name) not in ("", str(project_id))
    return f"{project_id} {name}" if known else str(project_id)


def signed(verb: str, words: str = "") -> str:
    """Put the sign of a verb before it.

    Examples
    --------
    >>> signed("start", "P07")
    '▲ start P07'
    """
    return " ".join(filter(None, (VERB_SIGNS.get(verb, ""), verb, words)))


def look(verb: str) -> dict[str, Any]:
    """Mark and colour of a verb."""
    return {"marker": VERB_MARKERS.get(verb, "o"), "color": VERB_COLOURS.get(verb, MUTED)}


class _Roomy(MaxNLocator):
    """As many ticks as have room for their numbers side by side."""

    def __call__(self) -> Sequence[float]:
        axis = self.axis
        if isinstance(axis, Axis):
            letters = 3 if isinstance(axis, YAxis) else max(len(f"{end:,.0f}") for end in axis.get_view_interval())
            # A tick space is three letters high, and a letter is two thirds as wide as high.
            self.set_params(nbins=max(1, min(8, int(axis.get_tick_space() * 3 / (0.7 * letters + 1)))))
        return super().__call__()


def amounts(*several: Axis) -> None:
    """Write amounts with thousands separated, with room between them, and fractions only where all are small."""
    for axis in several:
        axis.set_major_formatter(FuncFormatter(partial(_amount, axis)))
        axis.set_major_locator(_Roomy(steps=[1, 2, 2.5, 5, 10]))


def _amount(axis: Axis, value: float, _: int | None = None) -> str:
    low, high = axis.get_view_interval()
    return f"{value:,.0f}" if abs(high - low) >= _SMALL_SPAN else f"{value:,g}"


def fill(j: int) -> dict[str, Any]:
    """Colour and hatch of the j-th kind of bar, so that it reads without colour."""
    colour, hatch = COLOURS[j % len(COLOURS)], HATCHES[j % len(HATCHES)]
    return {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0}


def beside(ax: Axes, place: tuple[float, float], text: str, *, left: bool = False) -> None:
    """Write a small label to the right (or left) of a place."""
    ax.annotate(
        text, place, xytext=(-5 if left else 5, 0), textcoords="offset points", fontsize=TINY, color=INK,
        va="center", ha="right" if left else "left",
    )  # fmt: skip


def nothing(ax: Axes, title: str) -> Axes:
    """Say in the title why there is no figure."""
    ax.set_axis_off()
    return finish(ax, title=title)
