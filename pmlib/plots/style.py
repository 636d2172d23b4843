"""One look for every figure: Okabe-Ito colours with shapes beside them, no boxes, white paper."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.axes import Axes

#: Okabe & Ito (2008), ordered so that the first ones differ most in lightness too.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "///", "...", "\\\\\\", "xx", "--", "++", "oo")
VERB_COLOURS = {"start": "#0072b2", "keep": "#007a5a", "hold": "#8a5a00", "stop": "#b34700", "decline": "#5b6570"}
VERB_MARKERS = {"start": "^", "keep": "o", "hold": "D", "stop": "s", "decline": "_"}
#: Sizes of direct labels, in points.
SMALL, TINY = 9, 8
INK, MUTED, LINE = "#1b1f24", "#5b6570", "#d9dee3"

_LONGEST = 34
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


def short(name: Hashable) -> str:
    """Cut a name to what fits beside an axis.

    Examples
    --------
    >>> short("A name of a project that goes on and on")
    'A name of a project that goes on…'
    """
    text = str(name)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"


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
