from __future__ import annotations

import csv
import email
import email.policy
import io
import json
import os
import re
import shutil
import unicodedata
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from nbformat import read, v4, write

import pmlib as pm
from pmlib.errors import ReportError
from pmlib.reporting.definition import Recipient, load_definition
from pmlib.reporting.execute import run_notebook
from pmlib.reporting.export import Neighbour, Page, PageWriter
from pmlib.reporting.leaks import secrets_in
from pmlib.reporting.plan import plan_reports
from pmlib.reporting.record import NOTEBOOK_VARIABLE, RECORD_VARIABLE, write_table
from pmlib.reporting.render import render
from pmlib.reporting.schedule.message import compose
from tests.conftest import ROOT
from tests.hostile.texts import FORMULAS, LONG, MARKUP, TEXTS, hostile_book

PIXEL = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg==")
SVG = ('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="window.owned=1"><script>window.owned=1'
       '</script><image href="https://image.example/a.png"/><rect width="9" height="9"/></svg>')
EVERY = " ".join(TEXTS)
_ACTIVE = {"script", "iframe", "object", "embed", "link", "base", "form", "input", "textarea", "button", "frame",
           "video", "audio", "source", "template", "noscript", "math", "foreignobject", "animate", "set", "use",
           "image", "plaintext"}  # fmt: skip
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ACTIVE = ("=", "+", "-", "@", "\t", "\r")
_NO_ATTRIBUTES = {"style", "srcset", "action", "background"}
_PICTURE = re.compile(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]*")
_CALM_META = {"charset", "viewport", "content-security-policy"}


DEFINITION = """
name: monthly
title: <script>window.owned=1</script> {{ 7*7 }}
notebooks: [10_check_data, 20_show]
parameters: {workbook: data}
audiences: {board: {title: "</title><script>window.owned=1</script>", one_page: true}}
formats: [html, ipynb, xlsx]
"""
SHOW = """
import pandas as pd, pmlib as pm
from matplotlib import pyplot as plt
book = pm.open_workbook(workbook, as_of=period)
projects = book["projects"] if isinstance(book["projects"], pd.DataFrame) else book["projects"].to_pandas()
class Answer:
    def summary(self): return " ".join(projects.name.head(40))
    def headline(self): return dict(zip(projects.name.iloc[6:9], projects.name.iloc[9:12]))
    def to_frame(self): return projects
---
pm.answer(Answer())
---
pm.table(projects, caption=" ".join(projects.name.head(20)), rows=200)
---
pm.note(projects.name.iloc[3] + book.name)
---
fig, ax = plt.subplots(figsize=(4, 2))
ax.bar([name[:9].replace("$", "") for name in projects.name.head(5)], range(5))
pm.figure(ax, alt=projects.name.iloc[0], caption=projects.name.iloc[1])
---
print(projects.name.iloc[2], chr(27) + "[31mred")
---
projects.head(3)
---
projects.name.iloc[4]
---
pm.record(Answer(), tables={"projects": projects})
"""


def make_notebook(path: Path, source: str) -> None:
    lines = ["workbook: str = 'data'  # where", "period: str | None = None  # month"]
    first = v4.new_code_cell("\n".join(lines), metadata={"tags": ["parameters"]})
    cells = [first, v4.new_markdown_cell("# Show"), *(v4.new_code_cell(one.strip()) for one in source.split("---"))]
    about = {"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    write(v4.new_notebook(cells=cells, metadata=about), path)


class Seen(HTMLParser):
    """What a browser would make of a page, as far as it matters here."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.cells: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._open = [*self._open, tag] if tag not in {"meta", "img", "br", "hr"} else self._open
        self.cells += [""] if tag in {"td", "th"} else []
        self.wrong += [tag] if tag in _ACTIVE else []
        self.wrong += [f"{tag} {name}" for name in given if name.startswith("on") or name in _NO_ATTRIBUTES]
        if tag == "meta" and not {given.get("http-equiv", "").lower(), given.get("name"), *given} & _CALM_META:
            self.wrong.append(f"meta {given}")
        if tag == "img" and "src" in given and not _PICTURE.fullmatch(given["src"]):
            self.wrong.append(f"img {given['src'][:40]}")
        if not re.fullmatch(r"#.*|(\.\./){0,3}[\w-]+(/?[\w-]+)*\.\w+", given.get("href", "#")):
            self.wrong.append(f"link {given['href'][:40]}")

    def handle_endtag(self, tag: str) -> None:
        while tag in self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.words.append(data)
        if {"td", "th"} & set(self._open):
            self.cells[-1] += data


def readable(text: str) -> str:
    """What a page may make of a text: a mark in place of what cannot be seen, and any white space as one."""
    marked = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "\ufffd", text)
    return " ".join(marked.split())


def plain(cell: str) -> str:
    """A text as it is compared: with or without the apostrophe before a formula, and any end of a line as one."""
    return cell.removeprefix("'").replace("\r\n", "\n").replace("\r", "\n")


def is_number(cell: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", cell) is not None


def harmless(page: str) -> Seen:
    seen = Seen(page)
    assert seen.wrong == []
    assert "://" not in re.sub(r"(?s)<style>.*?</style>", "", page)
    assert [one for one in page if unicodedata.category(one) == "Cc" and one not in "\n\r\t"] == []
    assert not set(page) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert page.count("<style>") == 1
    assert page.count("</title>") == 1
    assert page.rstrip().endswith("</html>")
    return seen


class Answer:
    def summary(self) -> str:
        return EVERY

    def headline(self) -> dict[str, str]:
        return {text: text[::-1] + text for text in TEXTS} | {LONG: LONG}

    def to_frame(self) -> pd.DataFrame:
        return frame()


def frame() -> pd.DataFrame:
    cells = pd.DataFrame({"name": (*TEXTS, LONG), "value": range(len(TEXTS) + 1)})
    return cells.assign(**{text: text for text in (*MARKUP, *FORMULAS)})


def shown(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> Any:
    return v4.new_output("display_data", data=data, metadata=metadata or {})


def outputs() -> list[Any]:
    """Everything a notebook can show of a hostile workbook, by pmlib's own means and by any other."""
    about = {"alt": EVERY, "caption": EVERY, "width": '1"><script>', "height": "x"}
    own = (pm.answer(Answer()), pm.note(EVERY), pm.note(LONG), pm.table(frame(), caption=EVERY, rows=200),
           pm.table(frame().head(0), caption="x", empty=EVERY))
    return [
        *(shown({"text/html": one.html}) for one in own),
        *(shown({"text/html": text}) for text in TEXTS), *(shown({"text/markdown": text}) for text in TEXTS),
        *(shown({"text/plain": text}) for text in (*TEXTS, LONG)),
        *(shown({"text/plain": repr(text)}) for text in TEXTS),
        *(v4.new_output("stream", name="stdout", text=text) for text in TEXTS),
        shown({"text/html": frame().to_html()}), shown({"text/html": frame().to_html(escape=False)}),
        shown({"image/png": PIXEL}, {"image/png": about}),
        shown({"image/svg+xml": SVG}, {"image/svg+xml": about}),
    ]


def page_of(cells: list[Any], record: dict[str, Any] | None = None) -> str:
    page = Page(
        title=EVERY, kicker=EVERY, period_name=EVERY, provenance=EVERY, tables=("tables/10_one/odd.csv",),
        before=Neighbour(name="10_one", title=EVERY), after=Neighbour(name="20_two", title=LONG), record=record or {},
        inputs={text: {"sha256": text, "rows": text} for text in TEXTS}, versions=dict.fromkeys(TEXTS, "1"),
        before_name=EVERY, changes=TEXTS,
    )
    return PageWriter().write(v4.new_notebook(cells=[v4.new_markdown_cell(f"# {EVERY}"), *cells]), page)


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One page with all of it, and with the tables and figures that a notebook records of it."""
    folder = tmp_path_factory.mktemp("recorded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(RECORD_VARIABLE, str(folder))
        patch.setenv(NOTEBOOK_VARIABLE, "10_one")
        cells = [v4.new_code_cell("x", outputs=outputs())]
        pm.record(Answer(), tables={"odd": frame()})
    entry = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["10_one"]
    return page_of(cells, entry)


def test_nothing_of_a_hostile_workbook_is_markup_on_a_page(hostile_page: str) -> None:
    harmless(hostile_page)


def test_what_is_in_the_cells_can_still_be_read(hostile_page: str) -> None:
    cells = {readable(cell) for cell in Seen(hostile_page).cells}
    assert [text for text in TEXTS if readable(text) not in cells] == []


@pytest.mark.parametrize("data", [
    {"image/png": '"><script>window.owned=1</script>'}, {"image/jpeg": "'><img src=x onerror=window.owned=1>"},
    {"image/png": "A"}, {"image/jpeg": "\0"}, {"image/svg+xml": '"><script>window.owned=1</script>'},
])  # fmt: skip
def test_a_picture_that_is_none_brings_no_markup(data: dict[str, str]) -> None:
    harmless(page_of([v4.new_code_cell("x", outputs=[shown(data)])]))


def test_words_like_those_of_the_page_writer_itself_change_no_picture() -> None:
    cells = [v4.new_code_cell("x", outputs=[shown({"text/html": pm.note("base64,picture-0-laid-aside").html}),
                                            shown({"image/png": PIXEL})])]
    page = page_of(cells)
    assert page.count(PIXEL) == 1
    assert f'src="data:image/png;base64,{PIXEL}"' in page


def test_tables_open_harmlessly_in_a_spreadsheet_and_are_exact_in_parquet(tmp_path: Path) -> None:
    write_table(frame(), tmp_path / "odd")
    with (tmp_path / "odd.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))
    cells = [cell for row in (head, *rows) for cell in row]
    assert [cell for cell in cells if cell.startswith(ACTIVE)] == []
    assert [plain(row[0]) for row in rows] == [plain(text) for text in (*TEXTS, LONG)]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "odd.parquet"), frame())


@pytest.mark.parametrize("kind", ["object", "str", "category", "string[python]", "string[pyarrow]", "mixed", "header"])
def test_no_kind_of_column_brings_a_formula(tmp_path: Path, kind: str) -> None:
    text = pd.Series(list(FORMULAS), dtype="object")
    column = text if kind in {"mixed", "header"} else text.astype(kind)
    column = pd.Series([*FORMULAS, 1, None], dtype="object") if kind == "mixed" else column
    write_table(pd.DataFrame({FORMULAS[0] if kind == "header" else "name": column}).astype(
        {"name": "str"} if kind == "mixed" else {}), tmp_path / "odd")  # fmt: skip
    with (tmp_path / "odd.csv").open(encoding="utf-8", newline="") as file:
        assert [row for row in csv.reader(file) if row[0].startswith(ACTIVE)] == []


def test_a_cell_of_any_length_makes_no_long_table_of_text() -> None:
    assert len(pm.table(frame(), caption="x", rows=200).text) < 20 * sum(map(len, TEXTS)) * len(frame().columns)


def test_rows_without_a_month_have_marks_too(folder: Any) -> None:
    book = pm.open_workbook(folder(customers="customer_id,segment\nC1,small\n"))
    assert list(book.baseline("2025-12").marks()["rows"]) == [1]


def test_a_notebook_from_elsewhere_is_refused(project: Any, tmp_path: Path) -> None:
    root = project()
    (tmp_path / "elsewhere.ipynb").write_bytes((root / "notebooks" / "20_two.ipynb").read_bytes())
    (root / "notebooks" / "20_two.ipynb").unlink()
    (root / "notebooks" / "20_two.ipynb").symlink_to(tmp_path / "elsewhere.ipynb")
    with pytest.raises(ReportError, match=r"20_two.ipynb leads out of notebooks/"):
        load_definition("monthly", root)


def test_an_executed_copy_shows_no_password_of_an_address(tmp_path: Path) -> None:
    address = "postgres://pmo:hunt%40er2xyz@server/portfolio"
    make_notebook(tmp_path / "10_one.ipynb", "1 + 1")
    job = {"name": "10_one", "notebook": str(tmp_path / "10_one.ipynb"), "output": str(tmp_path / "run" / "one.ipynb"),
           "parameters": {"workbook": address}, "cwd": str(tmp_path), "env": {}, "timeout_s": 60, "memory_mb": None,
           "retries": 0, "zygote": None, "kernel_log": str(tmp_path / "run" / "kernel.log")}  # fmt: skip
    (tmp_path / "run").mkdir()
    assert run_notebook(job)["status"] == "ok"
    assert "postgres://pmo:***@server/portfolio" in (tmp_path / "run" / "one.ipynb").read_text(encoding="utf-8")
    assert secrets_in(tmp_path / "run", {"address": address}) == []


@pytest.fixture(scope="module", params=["DuckDB"])
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of the hostile workbook as users make it: the shipped check of the data, and a notebook of its own."""
    root = tmp_path_factory.mktemp("hostile") / "project"
    book = hostile_book(root / "data", request.param)
    make_notebook(root / "notebooks" / "20_show.ipynb", SHOW)
    shutil.copy(ROOT / "notebooks" / "10_check_data.ipynb", root / "notebooks")
    (root / "reports").mkdir()
    (root / "reports" / "monthly.yml").write_text(DEFINITION, encoding="utf-8")
    plans = plan_reports(load_definition("monthly", root), root, {"workbook": str(book), "period": "2025-12"})
    reports = render(plans, 1)
    assert [run.cause for report in reports.reports for run in report.notebooks if run.status == "failed"] == []
    return reports.reports[0].folder


def test_every_page_of_a_hostile_workbook_is_harmless(published: Path) -> None:
    pages = [*published.glob("*.html"), published.parents[1] / "index.html"]
    assert {page.name for page in pages} >= {"index.html", "10_check_data.html", "20_show.html", "board.html"}
    seen = {page.stem: harmless(page.read_text(encoding="utf-8")) for page in pages}
    shown_names = {readable(cell) for cell in seen["20_show"].cells}
    assert [text for text in MARKUP if readable(text) not in shown_names] == []


def test_every_table_of_a_hostile_workbook_is_harmless(published: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in published.rglob("*.csv")]
    assert len(texts) >= 5
    for text in texts:
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert {len(row) for row in rows} == {len(rows[0])}
        assert [cell for row in rows for cell in row if cell.startswith(ACTIVE) and not is_number(cell)] == []
    exact = pd.read_parquet(published / "tables" / "20_show" / "projects.parquet")
    assert set(MARKUP + FORMULAS[2:5]) <= set(exact["name"])


def test_the_spreadsheet_holds_neither_formulas_nor_links(published: Path) -> None:
    book = openpyxl.load_workbook(published / "report.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    assert [cell.hyperlink.target for cell in cells if cell.hyperlink and cell.hyperlink.target] == []
    with zipfile.ZipFile(published / "report.xlsx") as parts:
        assert [name for name in parts.namelist() if re.search("(?i)vba|macro|external|connection|embed", name)] == []
        assert [name for name in parts.namelist() if b'TargetMode="External"' in parts.read(name)] == []


def test_what_programs_read_is_whole_and_nothing_lies_elsewhere(published: Path) -> None:
    for path in [*published.rglob("*.json"), *published.rglob("*.ipynb")]:
        json.loads(path.read_text(encoding="utf-8"))
    names = [path.relative_to(published).as_posix() for path in published.rglob("*")]
    assert [name for name in names if not re.fullmatch(r"[A-Za-z0-9_./-]+", name)] == []
    project = published.parents[3]
    assert {path.name for path in project.parent.iterdir()} == {"project"}
    assert list(project.rglob("owned*")) == []
    assert {path.name for path in project.iterdir()} == {"data", "notebooks", "reports"}


def test_the_mail_about_it_is_one_plain_letter(published: Path) -> None:
    definition = load_definition("monthly", published.parents[3])
    letter = compose(definition, published, Recipient(address="a@b.org"), sender="c@d.org").as_bytes()
    mail = email.message_from_bytes(letter, policy=email.policy.default)
    assert mail["To"] == "a@b.org"
    assert {name.lower() for name in mail} == {"subject", "from", "to", "date", "message-id", "auto-submitted",
                                               "mime-version", "content-type"}  # fmt: skip
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert [one for one in mail["Subject"] + text if not one.isprintable() and one != "\n"] == []
    assert {part.get_content_type() for part in mail.iter_attachments()} <= {"text/html", XLSX}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_what_is_published_is_private(published: Path) -> None:
    top = published.parents[1]
    places = [published, *published.rglob("*"), top / "index.html", top / "history.jsonl", top / ".cache", top / ".tmp"]
    assert [path.name for path in places if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("where", ["in a cell", "in a failure"])
def test_a_report_that_shows_a_secret_is_not_published_and_the_good_one_stays(
    project: Any, kernels: Any, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    first = ("parameters", "period: str | None = None  # month")
    root = project({"10_one": [first]})
    good = run_report(root, kernels())
    assert good.cause == ""
    told = "the key is s3cr3t&key"
    if where == "in a cell":
        path = root / "notebooks" / "10_one.ipynb"
        content = read(path, as_version=4)
        content.cells[0].outputs = [v4.new_output("stream", name="stdout", text=told)]
        write(content, path)
    monkeypatch.setenv("SERVICE_API_KEY", "s3cr3t&key")
    refused = run_report(root, kernels(causes={"10_one": told} if where == "in a failure" else {}))
    assert "the value of SERVICE_API_KEY" in refused.cause
    assert "s3cr3t" not in refused.cause
    published = root / "reports" / "published"
    shown_to_readers = [path for path in published.rglob("*") if path.is_file() and ".cache" not in path.parts]
    assert [path for path in shown_to_readers if b"s3cr3t" in path.read_bytes()] == []
    assert (good.folder / "index.html").is_file()


def run_report(root: Path, executor: Any) -> Any:
    plans = plan_reports(load_definition("monthly", root), root, {"period": "2025-12"})
    return render(plans, executor, cold=True, force=True).reports[0]
