from __future__ import annotations

import base64
import re
from typing import Any

import nbformat
import pytest
from nbformat import v4

from pmlib.reporting.export import Neighbour, Page, PageWriter, neighbours, notebook_title, visible

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
    assert re.search(r"<img alt='Value \"rises\" &lt;b&gt;'", text)
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
