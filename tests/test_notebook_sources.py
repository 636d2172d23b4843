"""Every figure and table of the shipped pages leads to its rows."""

from __future__ import annotations

import ast
import html
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import nbformat
import papermill
import pytest

from pmlib.reporting.export import Page, PageWriter
from pmlib.reporting.sources import agrees
from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BOX = re.compile(r'<div class="kpi"><b>([^<]*)</b><span>([^<]*)</span></div>')
#: Figures that no sum of recorded rows gives: text of another page, chances and ends of draws, two plans compared.
COMPUTED = {"earned by", "chance of", "mean of the worst tenth of draws", "by free start dates",
            "interval of a month", "of months move by"}
#: Figures of workbooks that differ from the sample company.
ELSEWHERE = {"still costs"}

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def boxes(path: Path) -> dict[str, str]:
    """What each figure of a committed notebook is -> the figure."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    shown = [output.get("data", {}).get("text/html", "") for cell in cells for output in cell.outputs]
    return {html.unescape(label): html.unescape(figure) for figure, label in BOX.findall("\n".join(shown))}


def queries(path: Path) -> dict[str, str]:
    source = nbformat.read(path, as_version=4).cells[-1].source
    call = ast.parse(source).body[0].value
    return next(ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg == "queries")


@every_notebook
def test_every_figure_has_a_query_or_is_known_to_be_no_sum_of_rows(path: Path) -> None:
    asked = queries(path)
    for label, figure in boxes(path).items():
        if re.search(r"(?<!\w)\d", figure):
            assert any(words in label for words in (*asked, *COMPUTED)), (figure, label)


@every_notebook
def test_every_query_belongs_to_one_figure(path: Path) -> None:
    labels = boxes(path)
    for words in queries(path).keys() - ELSEWHERE:
        assert sum(words in label for label in labels) == 1, words


@pytest.mark.parametrize("name", ["10_check_data", "45_feature_decisions"])
def test_every_query_of_a_page_gives_the_figure_or_the_rows_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PMLIB_RECORD", str(tmp_path))
    monkeypatch.setenv("PMLIB_NOTEBOOK", name)
    executed = papermill.execute_notebook(ROOT / "notebooks" / f"{name}.ipynb", None, cwd=ROOT, progress_bar=False)
    record: dict[str, Any] = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))[name]
    tables = tuple(sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("tables/*/*.csv")))
    page = Page(title="T", kicker="", period_name="", provenance="", tables=tables, record=record)
    text = html.unescape(PageWriter().write(executed, page)).replace("\xa0", " ")
    with duckdb.connect() as engine:
        engine.execute(f"SET file_search_path = '{tmp_path}'")
        for figure, query in re.findall(r"<dt><b>(.*?)</b> .*?</dt>\s*<dd><code>(.*?)</code>", text):
            assert agrees(figure, engine.execute(query).fetchone()), figure
        shown = re.findall(r"<tbody>(.*?)</tbody></table></div>\s*<div class=\"from\">.*?<code>(.*?)</code>", text)
        for body, query in shown:
            assert len(engine.execute(query).fetchall()) == body.count("<tr>"), query
    assert len(shown) >= 3
