from __future__ import annotations

import struct
import zlib
from base64 import b64decode, b64encode
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest

from pmlib.reporting.audiences import audience_page
from pmlib.reporting.definition import Audience
from pmlib.reporting.outputs.document import documents_can_be_written


class Elements(HTMLParser):
    """Collects what a browser would take for markup."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


NASTY = "<script>alert(1)</script>"
SENTENCE = "The plan is worth 29,992 thousand EUR, 16,205 more than going on as now, which breaks limits."


def png(width: int = 2, height: int = 1) -> str:
    """Draw a white picture of so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + b"\xff" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b64encode(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")).decode()


def picture(alt: str, content: str | None = None, **about: Any) -> Any:
    metadata = {"image/png": {"alt": alt, "caption": f"Caption of {alt}", **about}}
    return nbformat.v4.new_output("display_data", {"image/png": content or png()}, metadata=metadata)


def svg(alt: str) -> Any:
    data = {"image/svg+xml": f"<svg><script>{NASTY}</script></svg>"}
    return nbformat.v4.new_output("display_data", data, metadata={"image/svg+xml": {"alt": alt}})


def table(rows: int, words: str = "stop") -> Any:
    body = "".join(f'<tr><td>P{n:02d}</td><td class="verb {words}">{words}</td><td>{SENTENCE}</td></tr>'
                   for n in range(rows))  # fmt: skip
    head = "<thead><tr><th>Project</th><th>Decision</th><th>Why</th></tr></thead>"
    html = f"<table><caption>What to stop.</caption>{head}<tbody>{body}</tbody></table>"
    return nbformat.v4.new_output("execute_result", {"text/html": html, "text/plain": "table"})


def notebook(*cells: Any) -> Any:
    made = [nbformat.v4.new_markdown_cell(cell) if isinstance(cell, str)
            else nbformat.v4.new_code_cell("x", outputs=[cell]) for cell in cells]  # fmt: skip
    return nbformat.v4.new_notebook(cells=made)


def facts(**over: Any) -> dict[str, Any]:
    """Facts of a report of three notebooks that all went well; ``plan`` decides."""
    names = ["check", "score", "plan"]
    executed = {
        "check": notebook("# Check", picture("check 1")),
        "score": notebook("# Score", picture("score 1"), picture("score 2")),
        "plan": notebook("# Plan", "## What to stop", table(3), picture("plan 1"), picture("plan 2"), table(1, "keep")),
    }
    return {
        "report": "monthly", "title": "Monthly report", "decides": "plan", "endings": ["html"],
        "company": "Quillmark", "period": "2025-12", "unit": "", "what_if": "", "as_of": "2025-12-31",
        "blocked": {}, "aside": "", "corrected": "", "up": "../../", "run_id": "7f3a91c2",
        "changes": ["Value: 28.1 M → 30.0 M"], "before": "2025-11", "files": ["report.pdf"],
        "audiences": [{"name": "board", "title": "For the board"}, {"name": "team", "title": "For the team"}],
        "runs": [{"name": name, "status": "ok", "cause": None} for name in names],
        "titles": {name: name.capitalize() for name in names},
        "summary": {name: {"summary": f"Answer of {name}.", "headline": {"9": f"of {name}"}} for name in names},
        "executed": executed, **over,
    }  # fmt: skip


BOARD = Audience(title="For the board", notebooks=("score", "plan"), one_page=True, figures=2)


def order(page: str, *parts: str) -> list[int]:
    places = [page.find(part) for part in parts]
    assert -1 not in places, [part for part, place in zip(parts, places, strict=True) if place < 0]
    return places


def test_one_page_has_the_decision_first_then_changes_other_answers_decisions_and_figures() -> None:
    page = audience_page("board", BOARD, facts())
    places = order(page, "Quillmark · For the board", "Monthly report, December 2025</h1>", '"answer">Answer of plan.',
                   "<b>9</b><span>of plan", "What changed since November 2025", "Value: 28.1&nbsp;M → 30.0&nbsp;M.",
                   'href="score.html">Score', "Answer of score.", "<b>9</b> of score", "<h2>What to stop</h2>",
                   'class="verb stop">stop', 'href="plan.html"', 'alt="plan 1"', 'alt="score 1"', 'href="index.html"',
                   'href="team.html">For the team', 'href="report.pdf"',
                   "Report monthly · period 2025-12 · run 7f3a91c2 · data as of 2025-12-31")  # fmt: skip
    assert places == sorted(places)
    for absent in ("check", "plan 2", "score 2", "verb keep", "board.html"):
        assert absent not in page
    assert page.count("Answer of plan.") == 1


def test_the_unit_stands_in_title_and_provenance() -> None:
    page = audience_page("board", BOARD, facts(unit="The <North>"))
    assert "Monthly report, The &lt;North&gt;, December 2025</h1>" in page
    assert "unit The &lt;North&gt; · run" in page


@pytest.mark.parametrize(("figures", "shown"), [
    (0, []), (1, ["plan 1"]), (3, ["plan 1", "score 1", "plan 2"]), (9, ["plan 1", "score 1", "plan 2", "score 2"]),
])  # fmt: skip
def test_figures_come_in_turn_from_every_notebook_up_to_the_limit(figures: int, shown: list[str]) -> None:
    page = audience_page("board", BOARD.model_copy(update={"figures": figures}), facts())
    places = order(page, *(f'alt="{alt}"' for alt in shown))
    assert places == sorted(places)
    assert page.count("<img") == len(shown)


def test_a_long_table_is_cut_after_fifteen_rows_and_says_so() -> None:
    page = audience_page("board", BOARD, facts(executed={"plan": notebook(table(40))}))
    assert page.count("<tr>") == 16
    assert "P14" in page
    assert "P15" not in page
    assert "What to stop. 15 of 40 rows.</caption>" in page
    assert page.count("</tbody></table>") == 1


def test_notebooks_may_be_given_as_files(tmp_path: Path) -> None:
    given = facts()
    for name, node in given["executed"].items():
        nbformat.write(node, tmp_path / f"{name}.ipynb")
    paths = {name: tmp_path / f"{name}.ipynb" for name in given["executed"]}
    assert audience_page("board", BOARD, {**given, "executed": paths}) == audience_page("board", BOARD, given)


def test_the_executed_notebooks_are_not_changed() -> None:
    given, untouched = facts(), facts()
    audience_page("board", BOARD, given)
    strip = [[{**cell, "id": ""} for cell in node.cells] for node in given["executed"].values()]
    assert strip == [[{**cell, "id": ""} for cell in node.cells] for node in untouched["executed"].values()]


def test_nothing_from_data_is_markup() -> None:
    node = notebook(f"# {NASTY}", table(1, f'x" onclick="y"{NASTY}'), svg(f'x" onerror="{NASTY}'),
                    picture(NASTY, 'AAAA" onerror="x', caption=NASTY, width='8" onload="x'))  # fmt: skip
    page = audience_page("board", BOARD, facts(
        executed={"plan": node}, titles={"plan": NASTY, "score": NASTY}, company=NASTY, changes=[NASTY],
        summary={name: {"summary": NASTY, "headline": {NASTY: NASTY}} for name in ("score", "plan")},
    ))  # fmt: skip
    seen = Elements()
    seen.feed(page)
    assert not {"script", "iframe", "object"} & seen.names
    assert not [name for name in seen.attributes if name.startswith("on")]
    assert "://" not in page
    encoded = page.partition("data:image/svg+xml;base64,")[2].partition('"')[0]
    assert b64decode(encoded).startswith(b"<svg>")


def test_a_failed_decision_leaves_the_page_to_the_others_and_says_so() -> None:
    given = facts()
    given["runs"][2] |= {"status": "failed", "cause": "cell [2]: ValueError: no"}
    page = audience_page("board", BOARD, given)
    places = order(page, '"answer">Answer of score.', "Plan, which should decide, failed", "What else was asked",
                   'href="plan.ipynb">Plan', "state failed", "cell [2]: ValueError: no.", 'alt="score 1"')  # fmt: skip
    assert places == sorted(places)
    assert 'alt="plan 1"' not in page
    assert "Answer of plan" not in page


def test_a_page_without_any_answer_says_why_and_what_to_do() -> None:
    given = facts(executed={}, summary={})
    for run in given["runs"]:
        run |= {"status": "skipped", "cause": "needs surveys (not there)"}
    page = audience_page("board", BOARD, given)
    places = order(page, "No notebook gave an answer for this period", "Score", "It needs surveys (not there)", "Plan")
    assert places == sorted(places)
    assert "<figure" not in page
    assert "<table" not in page


def test_a_long_answer_of_another_notebook_is_kept_short() -> None:
    given = facts()
    given["summary"]["score"]["summary"] = " ".join(f"Sentence {n} has its forty characters here." for n in range(9))
    page = audience_page("board", BOARD, given)
    assert "Sentence 4 has its" in page
    assert "Sentence 6 has its" not in page


def test_readers_of_whole_pages_get_an_index_of_theirs() -> None:
    page = audience_page("team", Audience(title="For the team", notebooks=("score", "check")), facts())
    places = order(page, "Quillmark · For the team", '"answer">Answer of check.', 'href="board.html">For the board',
                   "What changed since November 2025", 'href="score.html">Score', "Answer of score.",
                   'href="check.html">Check', 'href="index.html">All pages of this report')  # fmt: skip
    assert places == sorted(places)
    assert "plan" not in page.split("</style>")[1]
    assert "<img" not in page


def test_readers_of_all_notebooks_need_not_name_them() -> None:
    page = audience_page("all", Audience(title="For all"), facts())
    assert order(page, '"answer">Answer of plan.', "Answer of check.", "Answer of score.")


@pytest.mark.skipif(not documents_can_be_written(), reason="WeasyPrint is not there")
def test_the_boards_page_with_two_figures_prints_on_one_side_of_a4() -> None:
    import weasyprint

    given = facts()
    for name in ("score", "plan"):
        given["executed"][name] = notebook(f"# {name}", table(9), picture(SENTENCE, png(1600, 800), width=800))
        given["summary"][name] = {"summary": " ".join([SENTENCE] * 3), "headline": {
            "30.0 M": "EUR expected value of the plan", "8.6 of 11.1 M": "EUR of the budget of 2026",
            "data engineering": "is what binds, in 2026-07", "proved": "no plan within the limits is worth more"}}
    given |= {"changes": [SENTENCE] * 5, "aside": "5,071 rows are set aside."}
    document = weasyprint.HTML(string=audience_page("board", BOARD, given)).render()
    assert len(document.pages) == 1
    assert (round(document.pages[0].width * 25.4 / 96), round(document.pages[0].height * 25.4 / 96)) == (210, 297)
