"""Beneath each output of a page: its rows and their query; behind each figure: the place where it is explained."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pmlib.reporting.shown import mark

_BOX = re.compile(r'<div class="kpi"><b>([^<]*)</b><span>([^<]*)</span>(?=</div>)')


@dataclass(frozen=True, kw_only=True)
class Footnote:
    """Where the rows of one output are.

    Attributes
    ----------
    said : str
        How many rows lie there.
    address : str
        The file, seen from the page.
    query : str
        What gives the rows shown; empty where all are drawn on.
    """

    said: str
    address: str
    query: str = ""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where one figure of an answer comes from.

    Attributes
    ----------
    figure, label : str
        The figure as shown, and what it is.
    said : str
        What its query gives, or what computed it.
    query : str
        Empty where no query gives it.
    """

    figure: str
    label: str
    said: str
    query: str = ""

    @property
    def anchor(self) -> str:
        """Its place on the page, the same in every period: another page may lead there."""
        return f"from-{mark(self.label)[:8]}"


class Trail:
    """Follows the outputs of one page to what the notebook recorded of them.

    Parameters
    ----------
    record : mapping
        The notebook's entry of ``summary.json``.
    files : collection of str
        Tables that lie beside the page: no link leads elsewhere.
    """

    def __init__(self, record: Mapping[str, Any], files: Collection[str]) -> None:
        self._tables, self._shown, self._figures = (record.get(key, {}) for key in ("tables", "shown", "sources"))
        self._files = frozenset(files)
        self.sources: dict[str, Source] = {}

    def footnote(self, data: Mapping[str, Any]) -> Footnote | None:
        """Find the rows of an output by its bytes; None where none were kept.

        Parameters
        ----------
        data : mapping of mime type to content
            As the notebook holds it.
        """
        content = _decoded(data["image/png"]) if "image/png" in data else data.get("text/html", "")
        found = self._shown.get(mark(content), {}) if self._shown else {}
        table = self._tables.get(found.get("table"), {})
        if table.get("csv") not in self._files:
            return None
        query = found.get("query", "")
        said = _rows(found["rows"], table["rows"])
        return Footnote(said=said if query else f"{said} behind it", address=table["csv"], query=query)

    def link_figures(self, source: str) -> str:
        """Lead each figure of an answer's HTML to its entry in ``sources``."""
        return _BOX.sub(self._linked, source)

    def _linked(self, box: re.Match[str]) -> str:
        figure, label = html.unescape(box[1]), html.unescape(box[2])
        found = self._figures.get(label, {})
        if found.get("figure") != figure:
            return box[0]
        source = Source(figure=figure, label=label, said=_origin(found), query=found.get("query", ""))
        self.sources.setdefault(label, source)
        words = html.escape(f"where from: {figure}")
        return f'{box[0]}<a class="from" href="#{source.anchor}" aria-label="{words}">where from</a>'


def _decoded(picture: str) -> bytes:
    try:
        return base64.b64decode(picture)
    except ValueError:
        # It is no picture, and the page shows none.
        return b""


def _rows(there: int, kept: int) -> str:
    if there > kept:
        return f"First {kept:,} of {there:,} rows"
    return "The one row" if there == 1 else f"All {there:,} rows"


def _origin(found: Mapping[str, Any]) -> str:
    if "query" not in found:
        return f"computed by {found.get('by', 'the notebook')}; not a sum of recorded rows"
    values = found["value"] if isinstance(found["value"], list) else [found["value"]]
    given = "gives " + " and ".join(map(_plain, values))
    return given if found["agrees"] else f"{given}, which is not the figure shown: trust the rows, and report it"


def _plain(value: float) -> str:
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return f"{value:,.4f}".rstrip("0") if abs(value) >= 1 else f"{value:.4g}"
