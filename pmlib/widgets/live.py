"""Controls with the answer beneath them: the thin layer above functions that compute and draw."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as ipy

from pmlib.display import _png
from pmlib.errors import PmlibError

_NAMES = Path(__file__).with_name("names.js")
# Beside its label a slider keeps a track to grab, on a phone too.
_WIDTH, _MOST, _LABEL = "calc(100% - 4px)", "44em", "min(16em, 40%)"


@dataclass(frozen=True, eq=False, kw_only=True)
class Live:
    """Controls with the answer beneath them.

    Attributes
    ----------
    controls : dict of name to widget
        What can be moved, each with a description that a screen reader speaks.
    shown : HTML widget
        The answer at the controls' values.
    text : str
        What stands here where nothing can be moved.
    """

    controls: dict[str, Any]
    shown: ipy.HTML
    text: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        script = {"application/javascript": _NAMES.read_text(encoding="utf-8")}
        named = ipy.Output(outputs=({"output_type": "display_data", "data": script, "metadata": {}},))
        box = ipy.VBox([*self.controls.values(), self.shown, named])
        return {**box._repr_mimebundle_(), "text/plain": self.text}


def live(controls: dict[str, Any], answer: Callable[[], str], text: str, *, first: str | None = None) -> Live:
    """Show an answer and show it anew whenever a control is let go of.

    Parameters
    ----------
    controls : dict of name to widget
        With a ``value`` each.
    answer : callable
        Gives HTML for the controls' values; what pmlib refuses is shown as a note, and the next move goes on.
    text : str
        What stands here where nothing can be moved.
    first : str, optional
        The answer to begin with, where it is there already.
    """
    shown = ipy.HTML(value=_told(answer) if first is None else first)
    shown.add_class("jp-RenderedHTMLCommon")

    def update(_: Any) -> None:
        shown.value = _told(answer)

    for control in controls.values():
        control.layout.width, control.layout.max_width = _WIDTH, _MOST
        control.style.description_width = _LABEL
        control.observe(update, names="value")
    return Live(controls=dict(controls), shown=shown, text=text)


def picture(ax: Any, alt: str) -> str:
    """Write a figure into the page, with words for those who cannot see it, and close it.

    Parameters
    ----------
    ax : matplotlib Axes
        What to show.
    alt : str
        What is seen, with its numbers.
    """
    from matplotlib import pyplot as plt

    image = base64.b64encode(_png(ax.figure)).decode("ascii")
    plt.close(ax.figure)
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{image}" width="800">'


def _told(answer: Callable[[], str]) -> str:
    try:
        return answer()
    except PmlibError as refused:
        return f'<p class="note">{escape(str(refused))}</p>'
