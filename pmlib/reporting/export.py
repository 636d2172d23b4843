"""From an executed notebook to one page that needs nothing else: no code, no script, no network."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pmlib.reporting.footnotes import Trail
from pmlib.reporting.markup import clean, unbroken, without_addresses

if TYPE_CHECKING:
    from nbconvert import HTMLExporter
    from nbformat import NotebookNode

_SILENT_CODE = frozenset({"parameters", "setup", "injected-parameters", "papermill-error-cell-tag"})
# Words that tell an analyst to change a cell or to move a slider mean nothing on a page.
_SILENT_TEXT = frozenset({"parameters", "setup", "interactive", "papermill-error-cell-tag"})
_WIDGET = "application/vnd.jupyter.widget-view+json"
_PICTURES = ("image/svg+xml", "image/png", "image/jpeg")
_SHOWN = ("text/html", "text/markdown", *_PICTURES, "text/plain")
# What drawing calls return, and the twin of an empty display.
_LEFTOVER = re.compile(r"^(None|[\[<]*(Axes|Figure|matplotlib|AxesSubplot)[\s.:(].*)$", re.DOTALL)
# What nbconvert's templates ask before each part of a notebook.
_CONTENT = {"include_code": True, "include_markdown": True, "include_raw": False, "include_unknown": False,
            "include_input": False, "include_output": True, "include_output_stdin": False,
            "include_input_prompt": False, "include_output_prompt": False, "no_prompt": True}
# Within the tag of a picture: text cannot open one, and a cleaned one holds no hyphen.
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_PLACE = re.compile(r'(<img src="data:[a-z/+]+;base64,)picture-(\d+)')
_HEADING = re.compile(r"^\s*(#{1,6})\s+(.+?)\s*#*\s*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """A page one can turn to."""

    name: str
    title: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Page:
    """What a page says around its notebook.

    Attributes
    ----------
    kicker : str
        Whose report and which period, above the title.
    provenance : str
        What the page was made from, at the foot.
    tables : tuple of str
        Relative paths of the recorded tables as CSV; only these are linked.
    links : tuple of str
        Relative paths that the text may link to.
    record : mapping
        The notebook's entry of ``summary.json``: what its outputs show of which table.
    inputs : mapping of table to sha256 and rows
        As in the manifest.
    versions : mapping of package to version
    before_name : str or None
        The period compared with; None when this is the first.
    changes : tuple of str
        Sentences: what changed since then.
    """

    title: str
    kicker: str
    period_name: str
    provenance: str
    tables: tuple[str, ...] = ()
    before: Neighbour | None = None
    after: Neighbour | None = None
    links: tuple[str, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    versions: Mapping[str, str | None] = field(default_factory=dict)
    before_name: str | None = None
    changes: tuple[str, ...] = ()


class PageWriter:
    """Writes pages with one exporter, which is worth keeping: it compiles the template once."""

    def __init__(self) -> None:
        self._exporter = _exporter()

    def write(self, notebook: NotebookNode, page: Page) -> str:
        """Write an executed notebook as one self-contained HTML page.

        Parameters
        ----------
        notebook : NotebookNode
            Executed; it is not changed.
        page : Page
        """
        links, trail, pictures = frozenset(page.links), Trail(page.record, page.tables), _Pictures()
        shown = visible(notebook)
        for output in (output for cell in shown.cells for output in cell.get("outputs", ())):
            _trace(output, trail)
        filters = self._exporter.environment.filters
        filters["clean"] = lambda source: Markup(clean(_to_pages(source), links=links))
        filters["aside"] = pictures.lay_aside
        resources = {"pmlib": page, "trail": trail, "global_content_filter": _CONTENT}
        # The exporter's own way there copies and checks the notebook a dozen times, and parses the page once more.
        text = self._exporter.template.render(nb=shown, resources=resources).lstrip()
        return pictures.put_back(unbroken(without_addresses(text)))


class _Pictures:
    """Keeps pictures out of the way of what reads the page's text: they are most of its bytes."""

    def __init__(self) -> None:
        self._kept: list[str] = []

    def lay_aside(self, content: str) -> str:
        letters = "".join(content.split())
        self._kept.append(letters if _BASE64.fullmatch(letters) else "")
        return f"picture-{len(self._kept) - 1}"

    def put_back(self, page: str) -> str:
        return _PLACE.sub(lambda found: found[1] + self._kept[int(found[2])], page)


def _trace(output: NotebookNode, trail: Trail) -> None:
    """Hang on an output where its rows are, and lead its figures to their sources."""
    data = output.get("data", {})
    output.metadata = {**output.get("metadata", {}), "footnote": trail.footnote(data)}
    if "text/html" in data:
        output.data = {**data, "text/html": trail.link_figures(data["text/html"])}


def _exporter() -> HTMLExporter:
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        extra_template_basedirs=[str(Path(__file__).parent)], template_name="template",
        exclude_anchor_links=True,
    )
    exporter.environment.autoescape = True
    # One form of each output is left; there is nothing to choose from.
    exporter.environment.filters["filter_data_type"] = list
    return exporter


def _to_pages(source: str) -> str:
    """Point links between notebooks at their pages; those without one lose their link later."""
    return re.sub(r'(href="[^":#?]+)\.ipynb(["#])', r"\1.html\2", source)


def notebook_title(notebook: NotebookNode, fallback: str) -> str:
    """First heading of a notebook, as plain words."""
    for cell in notebook.cells:
        found = _HEADING.search(cell.source) if cell.cell_type == "markdown" else None
        if found:
            return _plain(found[2])
    return fallback


def _plain(words: str) -> str:
    unlinked = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", words)
    return re.sub(r"[*`]", "", unlinked)


def visible(notebook: NotebookNode) -> NotebookNode:
    """Keep what a reader of the page should see.

    Code cells tagged ``parameters`` or ``setup`` go, text cells tagged ``parameters``, ``setup`` or
    ``interactive`` too; of outputs stay printed text and the best form of each result. Widgets,
    stderr and what drawing calls return go; a picture gets words for those who cannot see it.
    """
    kept = type(notebook)({**notebook, "cells": []})
    heading, answered = "", False
    for cell in notebook.cells:
        if _is_silent(cell):
            continue
        own = type(cell)(cell)
        if cell.cell_type == "markdown":
            titles = _HEADING.findall(cell.source)
            heading = _plain(titles[-1][1]) if titles else heading
        else:
            own.outputs = [_reduced(output) for output in cell.outputs if _is_shown(output)]
            for output in own.outputs:
                answered = _spoken(output, answered)
                _describe(output, cell, heading)
        kept.cells.append(own)
    return kept


def _is_silent(cell: NotebookNode) -> bool:
    tags = set(cell.metadata.get("tags", ()))
    if cell.cell_type == "code":
        return bool(tags & _SILENT_CODE)
    return cell.cell_type != "markdown" or bool(tags & _SILENT_TEXT)


def _is_shown(output: NotebookNode) -> bool:
    if output.output_type == "stream":
        return bool(output.name == "stdout" and output.text.strip())
    data = output.get("data", {})
    if _WIDGET in data or not any(kind in data for kind in _SHOWN):
        return False
    return _best(data) != "text/plain" or not _LEFTOVER.match(data["text/plain"].strip())


def _best(data: dict[str, Any]) -> str:
    return next(kind for kind in _SHOWN if kind in data)


def _reduced(output: NotebookNode) -> NotebookNode:
    """Copy an output with the best of its forms alone."""
    own = type(output)(output)
    if output.output_type != "stream":
        kind = _best(output.data)
        own.data, own.metadata = type(output)({kind: output.data[kind]}), type(output)(output.metadata)
    return own


def _spoken(output: NotebookNode, answered: bool) -> bool:
    """Show a string result as a sentence, the first one as the answer; say whether the answer is given."""
    data = output.get("data", {})
    if "text/plain" in data:
        words = _literal_text(data["text/plain"])
        if words is not None:
            opening = "<p>" if answered else '<p class="answer">'
            paragraphs = [opening + html.escape(part, quote=False) + "</p>" for part in words.split("\n\n")]
            output.data = type(data)({"text/html": "\n".join(paragraphs)})
            return True
    return answered or 'class="answer"' in data.get("text/html", "")


def _literal_text(text: str) -> str | None:
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def _describe(output: NotebookNode, cell: NotebookNode, heading: str) -> None:
    data = output.get("data", {})
    for kind in [kind for kind in _PICTURES if kind in data]:
        about = dict(output.metadata.get(kind, {}))
        about["alt"] = about.get("alt") or cell.metadata.get("alt") or f"Figure: {heading or 'see the text before it'}"
        output.metadata[kind] = about


def neighbours(names: Sequence[str], titles: dict[str, str], name: str) -> tuple[Neighbour | None, Neighbour | None]:
    """Pages before and after one, among those that were written."""
    place = names.index(name)
    before = names[place - 1] if place > 0 else None
    after = names[place + 1] if place + 1 < len(names) else None
    return _neighbour(before, titles), _neighbour(after, titles)


def _neighbour(name: str | None, titles: dict[str, str]) -> Neighbour | None:
    return None if name is None else Neighbour(name=name, title=titles[name])
