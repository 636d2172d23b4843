from __future__ import annotations

import base64
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import nbformat
import pandas as pd
import pytest
from nbformat import v4

import pmlib as pm
from pmlib.plots import style
from pmlib.reporting.export import Neighbour, Page, PageWriter, neighbours, notebook_title, visible
from pmlib.reporting.record import record

PNG = base64.b64encode(b"\x89PNG picture").decode() + "\n"
PAGE = Page(
    title="Rebalance <the> portfolio",
    kicker="<script>alert(1)</script> & Sons · Monthly report · December 2025",
    period_name="December 2025",
    provenance="Rendered from 30_rebalance · run 7f3a91",
    tables=("tables/30_rebalance/decisions.csv",),
    before=Neighbour(name="20_score", title="Score <b>"),
    after=Neighbour(name="40_product", title="Products"),
    links=("20_score.html", "index.html"),
)


@pytest.fixture(scope="module")
def writer() -> PageWriter:
    return PageWriter()


def code(*outputs: Any, tag: str | None = None, **metadata: Any) -> Any:
    metadata |= {"tags": [tag]} if tag else {}
    return v4.new_code_cell("secret_code()", outputs=list(outputs), metadata=metadata, execution_count=7)


def shown(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> Any:
    return v4.new_output("display_data", data=data, metadata=metadata or {})


def result(data: dict[str, Any]) -> Any:
    return v4.new_output("execute_result", data=data, execution_count=7)


def book(*cells: Any) -> Any:
    return v4.new_notebook(cells=[v4.new_markdown_cell("# Rebalance *the* portfolio\n\nWhat?"), *cells])


def page(writer: PageWriter, *cells: Any) -> str:
    return re.sub(r"<style>.*?</style>", "", writer.write(book(*cells), PAGE), flags=re.DOTALL)


def test_no_code_no_prompt_no_script_no_address(writer: PageWriter) -> None:
    text = writer.write(
        book(
            v4.new_markdown_cell("See [Reichheld](https://hbr.org/x), https://hbr.org and [20](20_score.ipynb)."),
            code(result({"text/plain": "<Decision: 4 start, http://x>", "text/html": "<script>alert(1)</script>ok"})),
            code(shown({"application/javascript": "alert(2)", "text/plain": "x"})),
        ),
        PAGE,
    )
    for word in ("secret_code", "In [", "Out[", "<script", "alert(1)<", "alert(2)", "require", "mathjax", "://"):
        assert word.lower() not in text.lower()
    assert '<a href="20_score.html">20</a>' in text
    assert "Reichheld" in text


def test_a_table_given_as_result_is_on_the_page(writer: PageWriter) -> None:
    table = '<div class="scroll"><table><caption>c</caption><tr><td class="verb start">start</td></tr></table></div>'
    assert '<td class="verb start">start</td>' in page(writer, code(result({"text/html": table, "text/plain": "c"})))


def test_cells_for_the_analyst_leave_nothing(writer: PageWriter) -> None:
    out = v4.new_output("stream", name="stdout", text="not for the board")
    note = v4.new_markdown_cell("Move the slider.", metadata={"tags": ["interactive"]})
    tags = ("parameters", "setup", "injected-parameters")
    text = page(writer, note, *(code(out, tag=tag) for tag in tags))
    assert "not for the board" not in text
    assert "slider" not in text


@pytest.mark.parametrize("tag", ["check", "interactive", "exercise", "solution"])
def test_what_other_cells_show_stays(writer: PageWriter, tag: str) -> None:
    assert "All totals" in page(writer, code(result({"text/plain": "'All totals reconcile.'"}), tag=tag))


def test_a_widget_goes_with_its_twin_in_words(writer: PageWriter) -> None:
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "VBox(children)"}
    text = page(writer, code(shown(view), shown({"text/html": "<p>static</p>"})))
    assert "VBox" not in text
    assert "<p>static</p>" in text


def test_stderr_and_what_drawing_returns_are_left_out(writer: PageWriter) -> None:
    noise = v4.new_output("stream", name="stderr", text="FutureWarning")
    texts = ("<Axes: title={'left': 'x'}>", "[<matplotlib.lines.Line2D at 0x7f>]", "<Figure size 800x400 with 1 Axes>")
    text = page(writer, code(noise, *(result({"text/plain": one}) for one in texts)))
    assert "FutureWarning" not in text
    assert "<pre>" not in text


def test_a_result_in_words_is_not_taken_for_a_drawing(writer: PageWriter) -> None:
    assert "&lt;Decision: 4 start&gt;" in page(writer, code(result({"text/plain": "<Decision: 4 start>"})))


def test_a_picture_has_its_words_and_its_caption(writer: PageWriter) -> None:
    about = {"image/png": {"alt": 'Value "rises" <b>', "caption": "n = 35 & more", "width": 800}}
    text = page(writer, code(shown({"image/png": PNG, "text/plain": "<Figure>"}, about)))
    assert 'alt="Value &#34;rises&#34; &lt;b&gt;"' in text
    assert "<figcaption>n = 35 &amp; more</figcaption></figure>" in text
    assert 'width="800"' in text
    assert '\n"' not in text


def test_a_picture_without_words_is_named_after_its_heading(writer: PageWriter) -> None:
    text = page(writer, v4.new_markdown_cell("## Where *money* goes"), code(shown({"image/png": PNG})))
    assert 'alt="Figure: Where money goes"' in text
    assert 'alt="own"' in page(writer, code(shown({"image/png": PNG}), alt="own"))


def test_sentences_become_the_answer_once(writer: PageWriter) -> None:
    text = page(
        writer, code(result({"text/plain": repr("Start <9>.\n\nKeep 2.")})), code(result({"text/plain": "'More.'"}))
    )
    assert text.count('<p class="answer">') == 2
    assert '<p class="answer">Start &lt;9&gt;.</p>' in text
    assert "<p>More.</p>" in text


def test_printed_text_is_shown_without_colour_codes(writer: PageWriter) -> None:
    out = v4.new_output("stream", name="stdout", text="\x1b[31mred <b>\x1b[0m")
    assert "<pre>red &lt;b&gt;</pre>" in page(writer, code(out))


def test_names_around_the_notebook_are_text(writer: PageWriter) -> None:
    text = page(writer)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Sons" in text
    assert "<title>Rebalance &lt;the&gt; portfolio · December 2025</title>" in text
    assert "← Score &lt;b&gt;" in text


def test_one_can_turn_to_the_next_page_and_open_the_tables(writer: PageWriter) -> None:
    text = page(writer)
    for address in ("20_score.html", "40_product.html", "index.html", "tables/30_rebalance/decisions.csv"):
        assert f'href="{address}"' in text


def test_a_page_holds_its_style_for_dark_print_and_phone_and_is_small(writer: PageWriter) -> None:
    text = writer.write(book(), PAGE)
    for rule in ("prefers-color-scheme:dark", "@media print", "max-width:32rem", ".decline", ".kpis"):
        assert rule in text
    assert len(text.encode()) < 12_000


def test_the_notebook_itself_is_not_changed(writer: PageWriter) -> None:
    before = book(code(shown({"image/png": PNG, "text/plain": "x"})))
    after = nbformat.from_dict(before)
    writer.write(before, PAGE)
    visible(before)
    assert before == after


def test_the_title_is_the_first_heading_in_plain_words() -> None:
    assert notebook_title(book(), "30") == "Rebalance the portfolio"
    assert notebook_title(v4.new_notebook(cells=[v4.new_code_cell("# no")]), "30_x") == "30_x"


def test_neighbours_are_those_that_were_written() -> None:
    titles = {"a": "A", "b": "B"}
    assert neighbours(["a", "b"], titles, "a") == (None, Neighbour(name="b", title="B"))
    assert neighbours(["a", "b"], titles, "b") == (Neighbour(name="a", title="A"), None)


ROWS = pd.DataFrame({"project_id": ["P1", "P2", "P3"], "value_k": [10.25, 20.5, -1.0], "start_month": [24313] * 3})


class Plan:
    def to_frame(self) -> pd.DataFrame:
        return ROWS

    def summary(self) -> str:
        return "Worth 29.75."

    def headline(self) -> dict[str, str]:
        return {"29.8 k": "EUR <expected>", "1 of 3": "bring nothing", "proved": "nothing is worth more"}

    def plot(self) -> Any:
        return style.finish(style.axes(), title="Value", x="project", y="thousand EUR")


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], dict[str, Any]]:
    """Cells that show a plan three ways, and what was recorded of them."""
    monkeypatch.setenv("PMLIB_RECORD", str(tmp_path))
    monkeypatch.setenv("PMLIB_NOTEBOOK", "30_plan")
    pictures: list[bytes] = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: pictures.append(data["image/png"]))
    top = pm.table(ROWS.sort_values("value_k"), caption="Least first.", rows=2, columns={"project_id": "No."})
    answer = pm.answer(Plan())
    pm.figure(Plan())
    record(Plan(), tables={"decisions": Plan()}, queries={
        "EUR": "SELECT sum(value_k) FROM decisions",
        "bring nothing": "SELECT count(*) FILTER (value_k < 0) FROM decisions",
    })
    image = base64.encodebytes(pictures[0]).decode()
    cells = [code(result({"text/html": answer.html, "text/plain": "x"})), code(result({"text/html": top.html})),
             code(shown({"image/png": image}))]
    return cells, json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["30_plan"]


def traced(writer: PageWriter, recorded: tuple[list[Any], dict[str, Any]], **options: Any) -> str:
    cells, about = recorded
    tables = tuple(one["csv"] for one in about["tables"].values())
    given = {"title": "T", "kicker": "k", "period_name": "December 2025", "provenance": "p", "tables": tables}
    text = writer.write(book(*cells), Page(**given | {"record": about} | options))
    return re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


def test_every_output_leads_to_its_rows(writer: PageWriter, recorded: Any) -> None:
    text = traced(writer, recorded)
    lines = re.findall(r'<div class="from">(.*?): <a href="(.*?)">', text)
    assert lines == [("All 3 rows behind it", "tables/30_plan/decisions.csv"),
                     ("All 3 rows", "tables/30_plan/shown_least_first.csv"),
                     ("All 3 rows behind it", "tables/30_plan/decisions.csv")]
    assert "<code>SELECT project_id FROM &#39;tables/30_plan/shown_least_first.parquet&#39; LIMIT 2</code>" in text


def test_every_query_on_a_page_gives_what_the_page_shows(writer: PageWriter, recorded: Any, tmp_path: Path) -> None:
    text = traced(writer, recorded)
    queries = [unescape(one) for one in re.findall(r"<code>(SELECT.*?)</code>", text)]
    with duckdb.connect() as engine:
        engine.execute(f"SET file_search_path = '{tmp_path}'")
        assert [engine.execute(query).fetchall() for query in queries] == [[("P3",), ("P1",)], [(29.75,)], [(1,)]]


def test_every_figure_leads_to_its_source_and_one_without_query_says_so(writer: PageWriter, recorded: Any) -> None:
    text = traced(writer, recorded)
    for figure in ("29.8&nbsp;k", "1 of 3", "proved"):
        link = rf'<a class="from" href="#(from-\w{{8}})" aria-label="where from: {figure}">where from</a></div>'
        (anchor,) = re.findall(link, text)
        assert f'<div id="{anchor}"><dt><b>{figure}</b>' in text
    assert "gives 29.75." in text
    assert f"computed by {Plan.__module__}.Plan; not a sum of recorded rows." in text
    assert "EUR &lt;expected&gt;" in text


def test_an_answer_shown_twice_is_explained_once(writer: PageWriter, recorded: Any) -> None:
    cells, about = recorded
    text = traced(writer, ([code(*cells[0].outputs), *cells], about))
    assert text.count("where from</a>") == 6
    assert len(re.findall(r'<div id="from-', text)) == 3


def test_a_figure_that_its_query_does_not_give_is_owned_up_to(writer: PageWriter, recorded: Any) -> None:
    recorded[1]["sources"]["bring nothing"] |= {"value": 2, "agrees": False}
    assert "gives 2, which is not the figure shown" in traced(writer, recorded)


def test_no_link_leads_to_a_table_that_is_not_there(writer: PageWriter, recorded: Any) -> None:
    text = traced(writer, recorded, tables=())
    assert "tables/30_plan/decisions.csv" not in text
    assert "where from" in text


def test_a_page_of_another_run_gets_no_footnotes(writer: PageWriter, recorded: Any) -> None:
    cells, about = recorded
    cells[1].outputs[0].data["text/html"] = cells[1].outputs[0].data["text/html"].replace("P1", "P9")
    cells[0].outputs[0].data["text/html"] = cells[0].outputs[0].data["text/html"].replace("29.8", "99.8")
    text = traced(writer, (cells, about))
    assert text.count('<div class="from">') == 1
    assert text.count("where from</a>") == 2


def test_the_foot_names_inputs_versions_and_what_changed(writer: PageWriter, recorded: Any) -> None:
    inputs = {"projects": {"sha256": "0123456789abcdef", "rows": 1060}, "notes": {"sha256": "f" * 64, "rows": None}}
    versions = {"pandas": "3.1", "pmlib": None}
    text = traced(writer, recorded, inputs=inputs, versions=versions, before_name="November 2025",
                  changes=("P1 goes from <keep> to stop.",))
    assert "<h2>What changed since November 2025</h2>" in text
    assert "<li>P1 goes from &lt;keep&gt; to stop.</li>" in text
    assert '<td>projects</td><td class="n">1,060</td><td><code>0123456789ab</code></td>' in text
    assert "Made with pandas 3.1." in text
    assert '<td>decisions</td><td class="n">3</td><td class="n">3</td>' in text


@pytest.mark.parametrize(("before", "words"), [(None, "First period: nothing to compare with."),
                                               ("November 2025", "Nothing that was recorded here.")])
def test_nothing_changed_is_said_in_words(writer: PageWriter, before: str | None, words: str) -> None:
    assert words in writer.write(book(), Page(title="T", kicker="", period_name="", provenance="", before_name=before))


def test_text_that_looks_like_a_pictures_place_is_text(writer: PageWriter) -> None:
    place = '<img src="data:image/png;base64,picture-0" alt="x">'
    text = page(writer, v4.new_markdown_cell(f"{place} `{place}`"), code(shown({"image/png": PNG})))
    assert text.count(PNG.strip()) == 1
    assert f"data:image/png;base64,{PNG.strip()}" in text


class Balance(HTMLParser):
    """Counts tags that are opened and not closed, or the other way round."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in {"br", "img", "meta", "hr", "col"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_is_well_formed(writer: PageWriter, recorded: Any) -> None:
    parser = Balance()
    parser.feed(traced(writer, recorded, inputs={"a": {"sha256": "0" * 64, "rows": 1}}, versions={"pandas": "3"}))
    assert parser.open == []
