from __future__ import annotations

import base64
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from pmlib.errors import ReportError
from pmlib.reporting import outputs
from pmlib.reporting.outputs import document
from pmlib.reporting.outputs.document import documents_can_be_written, write_document

needs_pdf = pytest.mark.skipif(not documents_can_be_written(), reason="WeasyPrint (extra pdf) is not installed")
needs_words = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
CSS = (Path(document.__file__).parents[1] / "template" / "page.css").read_text(encoding="utf-8")


@pytest.fixture
def page(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, body: str) -> Path:
        path = tmp_path / f"{name}.html"
        path.write_text(f'<!doctype html><html lang="en"><head><title>{name}</title><style>{CSS}</style></head>'
                        f"<body><main>{body}</main></body></html>", encoding="utf-8")
        return path

    return write


def picture(colour: str = "#0072b2") -> str:
    from PIL import Image

    content = io.BytesIO()
    Image.new("RGB", (80, 40), colour).save(content, "PNG")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def written(*pages: Path, title: str = "Report") -> Path:
    target = pages[0].with_name("report.pdf")
    write_document(pages, target, title=title)
    return target


def objects(pdf: Path) -> str:
    """Everything a PDF says, its compressed streams unpacked."""
    content = pdf.read_bytes()
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    return b"\n".join([content, *(_unpacked(stream) for stream in streams)]).decode("latin-1")


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def sheets(pdf: Path) -> list[str]:
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True).stdout.decode()
    return text.split("\f")[:-1]


@needs_pdf
@needs_words
def test_every_page_begins_a_sheet_and_every_sheet_says_where_it_stands(page):
    long = page("10_one", "<h1>One</h1>" + "<p>word</p>" * 60)
    pdf = written(page("index", "<h1>All</h1>"), long, page("b", "<h1>B</h1>"), title='Monthly report · Ünit <&> "x"')
    texts = sheets(pdf)
    assert [text.split()[0] for text in texts] == ["All", "One", "word", "B"]
    for number, text in enumerate(texts, start=1):
        assert re.search(rf'Monthly report · Ünit <&> "x" +{number} ?/ ?4\s*$', text)


@needs_pdf
@needs_words
def test_header_rows_repeat_and_no_row_is_cut(page):
    rows = "".join(f"<tr><td>row{n}</td><td>first{n}<br>last{n}</td></tr>" for n in range(90))
    head = "<thead><tr><th>Project</th><th>x</th></tr></thead>"
    table = f"<div class='scroll'><table>{head}<tbody>{rows}</tbody></table></div>"
    texts = sheets(written(page("a", f"<h1>A</h1>{table}")))
    assert len(texts) > 2
    assert all("Project" in text for text in texts)
    for text in texts:
        assert re.findall(r"first(\d+)", text) == re.findall(r"last(\d+)", text) != []


@needs_pdf
@needs_words
def test_a_heading_stays_with_its_figure(page):
    figure = f'<figure><img src="{picture()}" alt="blue" width="800"></figure>'
    body = "".join(f"<h2>Part {n}</h2><p>Said of part {n}.</p>{figure}<p>End of part {n}.</p>" for n in range(9))
    for text in sheets(written(page("a", f"<h1>A</h1>{body}"))):
        assert re.findall(r"Part (\d)", text) == re.findall(r"Said of part (\d)", text)


@needs_pdf
def test_headings_are_bookmarks_and_pictures_keep_their_words(page):
    image = f'<img src="{picture()}" alt="a blue field">'
    said = objects(written(page("a", f"<h1>First things</h1><h2>Second</h2>{image}")))
    assert sorted(re.findall(r"/Title \((.*?)\)", said)) == ["First things", "Report", "Second"]
    assert "/Alt (a blue field)" in said
    assert "/Lang (en)" in said
    assert "/StructTreeRoot" in said


@needs_pdf
def test_links_lead_to_pages_of_the_document_or_are_text(page):
    links = "".join(f'<p><a href="{to}">x</a></p>' for to in (
        "b.html", "b.html#part", "#here", "c.html", "tables/a.csv", "https://example.org/x", "file:///etc/passwd", ""))
    pdf = written(page("a", f"<p id='here'>here</p>{links}"), page("b", "<h1>B</h1><p id='part'>part</p>"))
    said = objects(pdf)
    assert re.findall(r"/Dest \((.*?)\)", said) == ["b.html", "b.html-part", "a.html-here"]
    assert not re.search(r"/URI|example\.org|/etc/passwd|tables/a", said)


@needs_pdf
@needs_words
def test_an_index_says_on_which_sheet_each_page_begins(page):
    entry = '<li><h2><a href="b.html">The second</a></h2><p>See <a href="error.txt">error.txt</a>.</p></li>'
    pdf = written(page("index", f'<ol class="entries">{entry}</ol>'), page("b", "<h1>B</h1>"))
    assert "The second · page 2" in sheets(pdf)[0]
    assert "See error.txt." in sheets(pdf)[0]
    assert sorted(re.findall(r"/Title \((.*?)\)", objects(pdf))) == ["B", "Report"]


@needs_pdf
@needs_words
def test_what_a_page_keeps_folded_stays_with_the_page(page):
    folded = "<details><summary>Query</summary><p>SELECT 1</p></details><details open><p>open words</p></details>"
    text = sheets(written(page("a", f"<h1>A</h1>{folded}")))[0]
    assert "open words" in text
    assert not re.search("Query|SELECT", text)


@needs_pdf
@pytest.mark.parametrize("asked", [
    '<img src="{address}" alt="kept words">',
    '<object data="{address}"></object>',
    '<embed src="{address}">',
    '<div style="background:url({address})">x</div>',
    '<style>@import url({address}); @font-face{{font-family:x;src:url({address})}} p{{font-family:x}}</style><p>x</p>',
    '<svg width="9" height="9"><image href="{address}" width="9" height="9"/></svg>',
    '<link rel="stylesheet" href="{address}"><link rel="attachment" href="{address}">',
])
@pytest.mark.parametrize("file", [True, False])
def test_nothing_is_fetched(page, tmp_path, monkeypatch, asked, file):
    def refuse(*_, **__):
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text y="9">secret</text></svg>', encoding="utf-8")
    opened = []
    monkeypatch.setattr("urllib.request.FileHandler.open_local_file", lambda *_: opened.append("file"))
    monkeypatch.setattr("urllib.request.HTTPHandler.http_open", lambda *_: opened.append("http"))
    address = secret.as_uri() if file else "http://127.0.0.1:9/x.png"
    assert written(page("a", asked.format(address=address))).stat().st_size > 0
    assert opened == []


@needs_pdf
@needs_words
def test_a_picture_that_is_refused_leaves_its_words(page):
    assert "kept words" in sheets(written(page("a", '<img src="file:///etc/passwd" alt="kept words">')))[0]


@needs_pdf
def test_the_same_pages_give_the_same_bytes_in_any_process(page):
    figure = f'<figure><img src="{picture()}" alt="x"></figure>'
    pages = [page("a", f"<h1>A</h1>{figure}"), page("b", "<h1>B</h1><p>ä€</p>")]
    first = written(*pages).read_bytes()
    code = ("import sys; from pathlib import Path; from pmlib.reporting.outputs.document import write_document as w;"
            "w([Path(p) for p in sys.argv[2:]], Path(sys.argv[1]), title='Report')")
    again = pages[0].with_name("again.pdf")
    subprocess.run([sys.executable, "-c", code, again, *pages], check=True,
                   env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo",
                        "PYTHONPATH": str(Path(outputs.__file__).parents[3])})
    assert again.read_bytes() == first
    assert b"CreationDate" not in first


@needs_pdf
def test_remarks_on_styles_are_not_heard_and_levels_come_back(page, caplog):
    with caplog.at_level("WARNING", "weasyprint"):
        written(page("a", "<style>p{no-such:1}</style><h1>A</h1>"))
    assert caplog.text == ""


@needs_pdf
def test_a_missing_page_is_named(page, tmp_path):
    with pytest.raises(ReportError, match=r"report.pdf: got b.html, allowed HTML files that are there. Render"):
        written(page("a", ""), tmp_path / "b.html")
    with pytest.raises(ReportError, match="got no page"):
        write_document([], tmp_path / "report.pdf", title="x")


@needs_pdf
def test_a_page_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.html").write_text("<p>x</p>", encoding="utf-8")
    with pytest.raises(ReportError, match="a.html has no <main>, .* Render the report again"):
        written(tmp_path / "a.html")


@needs_pdf
def test_a_failure_of_the_layout_leaves_the_old_document(page, monkeypatch):
    import weasyprint

    def fail(*_, **__):
        raise RecursionError("too deep")

    path = page("a", "")
    path.with_name("report.pdf").write_bytes(b"old")
    monkeypatch.setattr(weasyprint.HTML, "write_pdf", fail)
    with pytest.raises(ReportError, match=r"cannot be laid out \(RecursionError: too deep\). Leave pdf out"):
        written(path)
    assert path.with_name("report.pdf").read_bytes() == b"old"
    assert not list(path.parent.glob(".*"))


@pytest.mark.parametrize("trouble", [ImportError("no module"), OSError("cannot load library 'libpango-1.0-0'")])
def test_without_the_extra_the_error_says_how_to_get_it(page, monkeypatch, trouble):
    def missing(name):
        raise trouble

    monkeypatch.setattr(document, "import_module", missing)
    assert not documents_can_be_written()
    with pytest.raises(ReportError, match=r"WeasyPrint.*cannot be loaded. Run pip install 'pmlib\[pdf\]'"):
        written(page("a", ""))
