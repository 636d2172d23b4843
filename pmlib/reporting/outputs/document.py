"""The pages of a report as one printable document: A4, bookmarks, page numbers, nothing fetched."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from pmlib.errors import ReportError

_REMEDY = "Run pip install 'pmlib[pdf]' (and the system library pango), or leave pdf out of the formats."
_SHELL = '<!doctype html><html lang="en"><head></head><body></body></html>'
# What only pages joined into one document need; how each one prints is said by its own style.
_JOINED = """
body { string-set: report attr(data-report) }
main + main { break-before: page }
details:not([open]) { display: none }
.entries h2 { bookmark-level: none }
.entries a[href]::after { content: " · page " target-counter(attr(href url), page); font-weight: 400 }
@page { @bottom-left { content: string(report) } @bottom-right { content: counter(page) " / " counter(pages) } }
"""
_LOUD = ("weasyprint", "fontTools")


def documents_can_be_written() -> bool:
    """Whether WeasyPrint (68 or newer) and the system library it draws with are there.

    Examples
    --------
    >>> documents_can_be_written() in {True, False}
    True
    """
    try:
        # Older ones cannot be kept from fetching in this way.
        return hasattr(import_module("weasyprint"), "URLFetcher")
    except (ImportError, OSError):
        return False


def write_document(pages: Sequence[Path], target: Path, *, title: str) -> None:
    """Write the HTML pages of a report as one PDF, whole or not at all.

    Every page begins on a new sheet; links between them turn into links inside the document, all others into
    text; what a page keeps folded stays with the page. Nothing is fetched: only pictures that a page holds itself
    are shown. The same pages give the same bytes on one machine (the fonts are the system's).

    Parameters
    ----------
    pages : sequence of Path
        HTML files, in the order of the document.
    target : Path
        The PDF; its folder is there.
    title : str
        Title of the document, which also stands in the footer of every sheet.

    Raises
    ------
    ReportError
        WeasyPrint or its system library is not there, a page is missing, or a page cannot be laid out.
    """
    if not documents_can_be_written():
        raise ReportError(f"{target.name}: WeasyPrint, which writes it, cannot be loaded. {_REMEDY}")
    missing = [page.name for page in pages if not page.is_file()]
    if missing or not pages:
        raise ReportError(f"{target.name}: got {', '.join(missing) or 'no page'}, allowed HTML files that are there. "
                          "Render the report with html among its formats.")
    with _quiet():
        _write(_joined(pages, title), target)


def _write(document: Any, target: Path) -> None:
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        # Tags carry the words that stand for pictures, and the order of reading.
        document.write_pdf(draft, pdf_tags=True)
        draft.replace(target)
    except Exception as error:
        raise ReportError(f"{target.name}: the pages cannot be laid out ({type(error).__name__}: {error}). "
                          "Leave pdf out of the formats.") from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep remarks on style rules for screens, which print does without, from the console; errors are heard."""
    loggers = [logging.getLogger(name) for name in _LOUD]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _joined(pages: Sequence[Path], title: str) -> Any:
    document = _parsed(_SHELL)
    head, body = document.etree_element
    SubElement(head, "title").text = title
    body.set("data-report", title)
    names = {page.name for page in pages}
    trees = [_parsed(page.read_text(encoding="utf-8")).etree_element for page in pages]
    # Pages of one report share their style: once is enough.
    for style in dict.fromkeys([*(style.text or "" for tree in trees for style in tree.iter("style")), _JOINED]):
        SubElement(head, "style").text = style
    for page, tree in zip(pages, trees, strict=True):
        body.append(_main(tree, page.name, names))
    return document


def _parsed(text: str) -> Any:
    """Read HTML; of all that it may ask for, only what it holds itself is given to it."""
    weasyprint: Any = import_module("weasyprint")
    return weasyprint.HTML(string=text, url_fetcher=weasyprint.URLFetcher(allowed_protocols={"data"}))


def _main(tree: Element, name: str, names: Collection[str]) -> Element:
    """Take the content of a page, its anchors made its own and its links led to where they now are."""
    main = tree.find(".//main")
    if main is None:
        raise ReportError(f"{name} has no <main>, so it is no page of a report. Render the report again.")
    for element in main.iter():
        if "id" in element.attrib:
            element.set("id", f"{name}-{element.get('id')}")
        if element.tag == "a":
            _lead(element, name, names)
    main.set("id", name)
    return main


def _lead(link: Element, name: str, names: Collection[str]) -> None:
    page, _, place = link.attrib.pop("href", "").partition("#")
    if page in names or (place and not page):
        link.set("href", f"#{page or name}-{place}" if place else f"#{page}")
