"""What every figure is asked: can its words be read?"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import matplotlib as mpl
import pytest
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.text import Text


def _seen(axis: Axis) -> list[Text]:
    """Labels of the ticks that are drawn."""
    if not axis.axes.axison:
        return []
    low, high = sorted(axis.get_view_interval())
    labels = zip(axis.get_ticklabels(), axis.get_ticklocs(), strict=True)
    return [label for label, at in labels if low <= at <= high]


def _unreadable(ax: Axes) -> list[str]:
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    legend = ax.get_legend()
    ticks = [label for axis in (ax.xaxis, ax.yaxis) for label in _seen(axis)]
    titles = [text for text in ax.get_children() if isinstance(text, Text) and text not in ax.texts]
    words = [*ax.texts, *ticks, ax.xaxis.label, ax.yaxis.label, *titles,
             *(legend.get_texts() if legend else [])]  # fmt: skip
    words = [word for word in words if word.get_text() and word.get_visible()]
    # The box of the letters alone, without the arrow or the white paper around it, less a pixel of rounding.
    boxes = [(word.get_text(), Text.get_window_extent(word).padded(-1)) for word in words]
    page = figure.bbox
    return [
        *(f"{text!r} leaves the figure" for text, box in boxes
          if box.x0 < page.x0 or box.x1 > page.x1 or box.y0 < page.y0 or box.y1 > page.y1),
        *(f"{a!r} runs into {b!r}" for (a, one), (b, other) in combinations(boxes, 2) if one.overlaps(other)),
        *(f"{word.get_text()!r} is tiny" for word in words if word.get_fontsize() < 8),
    ]  # fmt: skip


@pytest.fixture
def unreadable() -> Callable[[Axes], list[str]]:
    """Return a function that lists texts that leave the figure, run into each other or are below 8 points."""
    mpl.use("Agg")
    return _unreadable
