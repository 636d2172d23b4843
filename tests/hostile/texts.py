"""Texts that would act if anything took them for more than text, and a workbook whose every name is one of them."""

from __future__ import annotations

from pathlib import Path

from .workbooks import CLEAN, INTO, Rows

#: Each would leave a mark on the window, ask ``.example`` for something, or run in a spreadsheet or a shell.
MARKUP = (
    "<script>window.owned=1</script>", "<img src=x onerror=window.owned=2>", '"><svg onload=window.owned=3>',
    "'><details open ontoggle=window.owned=4>", "<iframe src=https://frame.example></iframe>",
    "</title><script>window.owned=5</script>", "</style><script>window.owned=6</script>", "--><script>window.owned=7//",
    "<style>*{background:url(https://style.example)}</style>", "<link rel=stylesheet href=https://link.example>",
    "<base href=https://base.example/>", "<meta http-equiv=refresh content='0;url=https://meta.example'>",
    "<a href='javascript:window.owned=8'>a</a>", "<form action=https://form.example><input autofocus onfocus=owned=9>",
    "javascript:window.owned=10", "<svg><animate onbegin=window.owned=11 attributeName=x dur=1s>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.owned=12>",
    "&lt;script&gt;window.owned=13&lt;/script&gt;",
    "<b style='background:url(https://css.example)'>b</b>", "\u3008script\u3009", "<plaintext>", "<!--", "]]>",
    "<textarea>",
)
TEMPLATES = (
    "{{ 7*'7' }}", "{% for x in (1,) %}", "{{ config.__class__ }}", "${7*7}", "#{7*7}", "$(touch owned)",
    "`touch owned`",
    "%(name)s", "{0.__class__}", "%n%s", "{period}", "{#", "{% raw %}", "$$x^2$$", "\\(x\\)", "\\input{/etc/passwd}",
)
MARKDOWN = (
    "[click](https://md.example)", "![x](https://img.example/a.png)", "[x](javascript:window.owned=14)",
    "<https://auto.example>",
    "# heading", "[x][1]\n\n[1]: https://ref.example", "```\ncode\n```", "https://bare.example/path", "HTTPS://CAPS.EXAMPLE",
    "//scheme.example/x", "data:text/html,<script>window.owned=15</script>",
)
FORMULAS = (
    "=cmd|' /C calc'!A0", '=HYPERLINK("https://cell.example","x")', "+1+1", "-2+3", "@SUM(1)", "\t=1+1", "\r=1+1",
    '=WEBSERVICE("https://cell.example")', '","=1+1', "DDE (\"cmd\")",
)
PATHS = ("../../etc/passwd", "/etc/passwd", "..\\..\\x", "C:\\Windows", "CON", "a\0b", "file:///etc/passwd", "~root")
UNSEEN = (
    "a\x1b[31mred\x1b[2J", "a\x1b]0;owned\x07b", "a\x07\x08b", "\u202egnp.exe", "a\u2066b\u2069", "a\u200bb", "\ufeffa",
    "\x9b31m",
    "line\nbreak", "\r\nBcc: all@mail.example",
)
TEXTS = (*MARKUP, *TEMPLATES, *MARKDOWN, *FORMULAS, *PATHS, *UNSEEN)
#: Nothing breaks it into lines but the letters themselves.
LONG = "x" * 100_000


def hostile_tables() -> dict[str, Rows]:
    """Sound tables with one hostile text after the other for each name, kind and note, and hostile ids beside them."""
    tables = {name: [dict(row) for row in rows] for name, rows in CLEAN.items()}
    tables["workbook"] = [{"name": MARKUP[0] + FORMULAS[0], "currency": "EUR"}]
    tables["programmes"] += [{"programme_id": text, "name": text} for text in TEXTS]
    tables["projects"] = [
        {**tables["projects"][at % 6], "project_id": f"P{at}" if at < 6 else text, "name": text, "kind": text}
        for at, text in enumerate((*TEXTS, LONG))
    ]
    tables["products"] += [{"product_id": text, "name": text} for text in TEXTS]
    tables["customers"] = [{**row, "first_month": "2025-01", "region": text}
                           for row, text in zip(tables["customers"], TEXTS, strict=False)]
    tables["scores"] += [{"project_id": text, "objective_id": text, "raw_level": text} for text in TEXTS[:10]]
    tables["orders"] += [{**tables["orders"][0], "order_id": text, "product_id": text} for text in MARKUP + FORMULAS]
    return tables


def hostile_book(place: Path, kind: str) -> Path:
    """Write the hostile workbook as one of ``workbooks.INTO``, and say where to open it."""
    place.mkdir(parents=True, exist_ok=True)
    return INTO[kind](place, hostile_tables())
