"""Controls with the answer beneath them: the thin layer above functions that compute and draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import ipywidgets as ipy

from pmlib.errors import PmlibError


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
        box = ipy.VBox([*self.controls.values(), self.shown])
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

    def update(_: Any) -> None:
        shown.value = _told(answer)

    for control in controls.values():
        control.observe(update, names="value")
    return Live(controls=dict(controls), shown=shown, text=text)


def _told(answer: Callable[[], str]) -> str:
    try:
        return answer()
    except PmlibError as refused:
        return f'<p class="note">{escape(str(refused))}</p>'
