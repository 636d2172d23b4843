"""Pages for groups of readers, from the same executed notebooks and the same numbers as the whole pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pmlib.reporting.definition import Audience
from pmlib.reporting.export import notebook_title, visible
from pmlib.reporting.markup import clean
from pmlib.reporting.pages import answers, filled, headings, index_page
from pmlib.reporting.published import links_to

if TYPE_CHECKING:
    from nbformat import NotebookNode

_MOST_ROWS = 15
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)


def audience_page(name: str, audience: Audience, facts: Mapping[str, Any]) -> str:
    """Write what one group of readers gets: everything on one page, or an index of their whole pages.

    The page holds no number of its own: sentences and boxes are those of ``summary.json``, figures and the table
    those of the executed notebooks.

    Parameters
    ----------
    name : str
        The audience's, which is also the page's.
    audience : Audience
    facts : mapping
        What ``pages.page_facts`` gathers, with changes of these notebooks only, and for one page ``executed``:
        the notebooks by name, as nodes or as paths.
    """
    names = list(audience.notebooks or [run["name"] for run in facts["runs"]])
    own = {**facts, "audiences": [one for one in facts["audiences"] if one["name"] != name]}
    if not audience.one_page:
        return index_page(own, readers=audience.title, notebooks=names)
    told = answers(own, names)
    # The one that decides first, the others in their order.
    entries = sorted(told["entries"], key=lambda entry: not entry["decides"])
    seen = {one: visible(_notebook(facts["executed"][one]))
            for one in (entry["name"] for entry in entries if entry["status"] == "ok") if one in facts["executed"]}
    decision = entries[0] if entries and entries[0]["decides"] else None
    others = {one["name"]: one["title"] for one in own["audiences"]}
    content = {
        **told,
        "entries": [entry for entry in entries if entry is not decision],
        "decision": decision,
        "table": _first_table(seen[decision["name"]]) if decision and decision["name"] in seen else None,
        "figures": _leading_figures(entries, seen, audience.figures),
        "targets": links_to({"index": "All pages of this report", **others}, facts["files"]),
    }
    return filled("audience.html.j2", **headings(own, audience.title), facts=own, **content)


def _notebook(given: NotebookNode | Path) -> NotebookNode:
    if not isinstance(given, Path):
        return given
    import nbformat

    notebook: NotebookNode = nbformat.read(given, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def _first_table(notebook: NotebookNode) -> dict[str, Any] | None:
    """First table among the results, at most so many rows of it, below the heading it stands under."""
    for place, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            found = _TABLE.search(clean(output.get("data", {}).get("text/html", "")))
            if found:
                before = type(notebook)(cells=notebook.cells[place::-1])
                return {"title": notebook_title(before, "Decisions"), "rows": Markup(_shortened(found[0]))}
    return None


def _shortened(table: str) -> str:
    """Cut a table of known markup after its first rows, and say of how many.

    Examples
    --------
    >>> _shortened("<table><tbody><tr><td>1</td></tr></tbody></table>")
    '<table><tbody><tr><td>1</td></tr></tbody></table>'
    """
    rows = [row for row in _ROW.finditer(table) if "<td" in row[0]]
    if len(rows) <= _MOST_ROWS:
        return table
    cut = table[: rows[_MOST_ROWS].start()] + table[rows[-1].end() :]
    said = f"{_MOST_ROWS} of {len(rows)} rows."
    return cut.replace("</caption>", f" {said}</caption>", 1)


def _leading_figures(
    entries: Sequence[Mapping[str, Any]], seen: Mapping[str, NotebookNode], most: int
) -> list[dict[str, str]]:
    """Take the first figure of every notebook, then the second ones, until there are enough."""
    by_notebook = [[{**figure, "notebook": entry["title"]} for figure in _figures(seen[entry["name"]])]
                   for entry in entries if entry["name"] in seen]  # fmt: skip
    in_turn = chain.from_iterable(zip_longest(*by_notebook))
    return list(islice((figure for figure in in_turn if figure is not None), most))


def _figures(notebook: NotebookNode) -> Iterator[dict[str, str]]:
    from base64 import b64encode

    for output in chain.from_iterable(cell.get("outputs", ()) for cell in notebook.cells):
        for kind, content in output.get("data", {}).items():
            if kind.startswith("image/"):
                text = b64encode(content.encode()).decode() if kind == "image/svg+xml" else "".join(content.split())
                about = output.metadata[kind]
                yield {
                    "source": f"data:{kind};base64,{text}",
                    **{key: str(about.get(key) or "") for key in ("alt", "caption", "width")},
                }
