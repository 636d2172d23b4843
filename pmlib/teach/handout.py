"""What participants take home: the mistakes, the verbs and the words on one printed page."""

from __future__ import annotations

from html import escape
from pathlib import Path

from pmlib.glossary import define
from pmlib.reporting.outputs.document import documents_can_be_written, write_document
from pmlib.teach.bank import JOIN, PORTFOLIO, PRODUCT, exercise

_VERBS = (
    ("▲", "start", "begin it, now or in a month that is named"), ("●", "keep", "go on as planned"),
    ("◆", "hold", "rest it until a month that is named"),
    ("■", "stop", "end it; what is spent is gone either way"),
)
_QUESTIONS = (
    "How many observations is this number made of, and how wide is its range?",
    "What has it cost so far, and why should that matter for what is still to come?",
    "Against what: going on as now, the best other set, or nothing?",
    "Who else claims the same benefit, and what else needs this project?",
    "Who was left out: those who went, those who did not answer, what was stopped?",
    "What would we have to learn for the decision to turn, and what does learning it cost?",
)
_WORDS = ("cost to go", "sunk cost", "bottleneck", "robust core", "optimizer's curse", "SPI(t)", "P10", "cohort",
          "response bias", "posterior")
_STYLE = """
@page { size: A4; margin: 10mm 12mm }
:root { color-scheme: light }
body { font: 9pt/1.3 system-ui, "DejaVu Sans", sans-serif; color: #1b1d21; background: #fff; max-width: 184mm;
  margin: 0 auto; padding: 0 4mm }
h1 { font-size: 15pt; margin: 0 0 1mm }
h2 { font-size: 10.5pt; margin: 3mm 0 1mm; border-top: .3mm solid #d9dce1; padding-top: 1.5mm }
p { margin: 0 0 1mm } table { border-collapse: collapse; width: 100% } ul { margin: 0; padding-left: 4mm }
td, th { text-align: left; vertical-align: top; padding: .4mm 2mm .4mm 0 } th { font-weight: 600; color: #5b616b }
td:first-child { width: 31% } .verbs td:first-child { width: 16% } .words td:first-child { width: 22% }
@media print { body { padding: 0 } }
"""


def handout() -> str:
    """Give the handout as one self-contained HTML page, made of the exercises and the glossary."""
    rooms = (("Portfolio", PORTFOLIO), ("Product", PRODUCT), ("Both", JOIN))
    mistakes = "".join(_rows([(exercise(name).mistake, _opening(exercise(name).solution)) for name in names],
                             head=(f"{room}: the mistake", "instead")) for room, names in rooms)
    verbs = _rows([(f"{sign} {verb}", means) for sign, verb, means in _VERBS])
    words = _rows([tuple(define(word).partition(" [")[0].split(": ", 1)) for word in _WORDS])
    questions = "".join(f"<li>{escape(question)}</li>" for question in _QUESTIONS)
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Deciding on portfolios and products'
            f'</title>\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{_STYLE}</style>'
            "</head><body><main><h1>Deciding on portfolios and products</h1>\n"
            "<p>Twelve mistakes that cost money, four verbs, six questions to ask of any number.</p>\n"
            f"<h2>Twelve mistakes</h2>\n<table>{mistakes}</table>\n<h2>Four verbs</h2>\n"
            f'<table class="verbs">{verbs}</table>\n<h2>Six questions</h2>\n<ul>{questions}</ul>\n<h2>Words</h2>\n'
            f'<table class="words">{words}</table></main></body></html>\n')


def write_handout(folder: Path) -> list[Path]:
    """Write the handout as HTML and, where the extra ``pdf`` is there, as PDF; give what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    page, document = folder / "handout.html", folder / "handout.pdf"
    page.write_text(handout(), encoding="utf-8")
    if not documents_can_be_written():
        return [page]
    write_document([page], document, title="Deciding on portfolios and products")
    return [page, document]


def _opening(text: str) -> str:
    return text.partition(". ")[0].rstrip(".") + "."


def _rows(rows: list[tuple[str, ...]], *, head: tuple[str, ...] = ()) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"{f'<tr>{top}</tr>' if top else ''}\n{body}"
