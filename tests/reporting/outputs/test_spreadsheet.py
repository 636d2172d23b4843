from __future__ import annotations

import datetime as dt
import time
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmlib.errors import ReportError
from pmlib.reporting.outputs import spreadsheet
from pmlib.reporting.outputs.spreadsheet import write_spreadsheet

ABOUT = {"report": "Monthly report", "period": "December 2025", "unit": "", "run": "0a1b2c3d"}
TITLES = {"20_two": "Two", "10_one": "One"}
SCORES = pd.DataFrame({"project_id": ["P1", "P2"], "cost_k": [1200.5, None], "share": [0.25, 0.5], "n": [3, 4]})


def book_of(folder, about=ABOUT, titles=TITLES):
    write_spreadsheet(folder, folder / "report.xlsx", about=about, titles=titles)
    return openpyxl.load_workbook(folder / "report.xlsx")


def rows_of(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_every_number_is_the_one_of_the_table_to_the_last_digit(report):
    numbers = np.random.default_rng(5).normal(size=500) * 10.0 ** np.arange(-250, 250)
    whole = np.random.default_rng(6).integers(-2**53, 2**53, 500)
    sheet = book_of(report({"10_one/numbers": pd.DataFrame({"x": numbers, "n": whole})}))["10 numbers"]
    assert [float(row[0].value) for row in sheet.iter_rows(min_row=2)] == numbers.tolist()
    assert [row[1].value for row in sheet.iter_rows(min_row=2)] == whole.tolist()


def test_sheets_come_in_the_order_of_the_report_and_say_so_first(report):
    tables = {"10_one/scores": SCORES, "20_two/scores": SCORES, "20_two/a": SCORES, "other/b": SCORES}
    book = book_of(report(tables, changes=SCORES))
    assert book.sheetnames == ["Read me", "Answers", "Changes", "20 a", "20 scores", "10 scores", "other b"]
    text = rows_of(book["Read me"])
    assert text[0][0] == "Monthly report · December 2025 · 0a1b2c3d"
    assert ["20 a", "Two", "a", 2, 4, "tables/20_two/a.parquet", None] in text
    links = [cell.hyperlink.location for row in book["Read me"].iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in book.sheetnames[1:]]


def test_answers_hold_sentences_and_leading_figures(report):
    summary = {"10_one": {"summary": "All is well.", "headline": {"+3 %": "more"}}, "20_two": {"summary": "Start 2."}}
    sheet = book_of(report({}, summary=summary))["Answers"]
    assert rows_of(sheet)[1:] == [["Two", None, "Start 2."], ["One", None, "All is well."], ["One", "+3 %", "more"]]


def test_a_table_has_a_bold_header_that_stays_filters_and_formats(report):
    sheet = book_of(report({"10_one/scores": SCORES}))["10 scores"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:D3")
    assert all(cell.font.bold for cell in sheet[1])
    assert [cell.number_format for cell in sheet[2]] == ["General", "#,##0", "0.0 %", "#,##0"]
    assert rows_of(sheet)[2] == ["P2", None, 0.5, 4]


def test_dates_booleans_and_times_with_a_zone_keep_their_meaning(report):
    frame = pd.DataFrame({
        "day": [dt.date(2025, 12, 31), None],
        "at": pd.to_datetime(["2025-12-31 09:30", None]),
        "there": pd.to_datetime(["2025-12-31 09:30", None]).tz_localize("Europe/Berlin"),
        "month": ["2025-12", "2026-01"],
        "ok": [True, False],
        "parts": [[1, 2], None],
        "large": [2**60, 1],
    })
    sheet = book_of(report({"10_one/kinds": frame}))["10 kinds"]
    assert rows_of(sheet)[1:] == [
        [dt.datetime(2025, 12, 31), dt.datetime(2025, 12, 31, 9, 30), "2025-12-31T09:30:00+01:00", "2025-12", True,
         "[1, 2]", str(2**60)],
        [None, None, None, "2026-01", False, None, 1],
    ]


NASTY = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "#N/A", "#REF!", "=", "'=1", " =1",
         "_x003D_1", '=HYPERLINK("x")',
         "\n=1", "\x00=1", "TRUE", "1e5", "2026-01", "<v>1</v>"]


@given(st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=20)), min_size=1, max_size=30))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_text_is_ever_a_formula_a_number_or_an_error(report, texts):
    names = [f"{text}{place}".encode("utf-8", "replace").decode() for place, text in enumerate(texts)]
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    folder = report({"10_one/texts": pd.DataFrame([clean], columns=names)}, summary={"10_one": {"summary": texts[0]}})
    book = book_of(folder, about={"report": clean[0], "=key": "=said"})
    for sheet in book:
        for cell in (cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)):
            assert cell.data_type == "s"
            assert not cell.value.startswith(("=", "+", "-", "@", "\t", "\r")) or cell.quotePrefix
    with zipfile.ZipFile(folder / "report.xlsx") as archive:
        assert not any(b"<f" in archive.read(name) for name in archive.namelist() if "worksheets" in name)


def test_columns_of_one_name_are_told_apart(report):
    folder = report({"10_one/twice": SCORES})
    pq.write_table(pa.table([[1], [2]], names=["a", "a"]), folder / "tables" / "10_one" / "twice.parquet")
    assert rows_of(book_of(folder)["10 twice"]) == [["a", "a (2)"], [1, 2]]


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame(index=range(3))])
def test_a_table_without_rows_or_columns_has_its_sheet(report, frame):
    assert "10 none" in book_of(report({"10_one/none": frame})).sheetnames


def test_what_does_not_fit_is_left_out_and_said(report, monkeypatch):
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 4)
    monkeypatch.setattr(spreadsheet, "MOST_COLUMNS", 2)
    frame = pd.DataFrame({"a": range(10), "b": ["x" * 40_000, *["y"] * 9], "c": range(10)})
    book = book_of(report({"10_one/long": frame}))
    assert [row[0] for row in rows_of(book["10 long"])] == ["a", 0, 1, 2]
    assert len(book["10 long"]["B2"].value) == 32_767
    assert book["10 long"].auto_filter.ref == "A1:B4"
    said = "rows left out: 7; columns left out: 1; texts cut at 32,767 characters: 1; all is in the file"
    assert ["10 long", "One", "long", 10, 3, "tables/10_one/long.parquet", said] in rows_of(book["Read me"])


def test_a_long_table_comes_whole_across_its_batches(report, monkeypatch):
    monkeypatch.setattr(spreadsheet, "_ROWS_AT_ONCE", 100)
    sheet = book_of(report({"10_one/long": pd.DataFrame({"n": range(1234)})}))["10 long"]
    assert [row[0] for row in rows_of(sheet)[1:]] == list(range(1234))


def test_the_same_folder_gives_the_same_bytes_at_any_time(report, monkeypatch):
    folder = report({"10_one/scores": SCORES}, summary={"10_one": {"summary": "x", "headline": {}}}, changes=SCORES)
    book_of(folder)
    first = (folder / "report.xlsx").read_bytes()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1e6)
    book_of(folder)
    assert (folder / "report.xlsx").read_bytes() == first
    with zipfile.ZipFile(folder / "report.xlsx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_broken_table_leaves_the_old_workbook_and_nothing_half(report):
    folder = report({"10_one/a": SCORES, "10_one/b": SCORES})
    (folder / "report.xlsx").write_bytes(b"old")
    (folder / "tables" / "10_one" / "b.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(ReportError, match=r"tables/10_one/b.parquet cannot be put on a sheet: .* Render the report"):
        book_of(folder)
    assert (folder / "report.xlsx").read_bytes() == b"old"
    assert sorted(path.name for path in folder.iterdir()) == ["report.xlsx", "tables"]


@pytest.mark.parametrize("summary", ["text", {"10_one": 3}])
def test_a_summary_of_another_form_is_refused(report, summary):
    with pytest.raises(ReportError, match="summary.json: .* Render the report again"):
        book_of(report({}, summary=summary))


def test_a_summary_that_is_not_json_is_refused(report):
    folder = report({})
    (folder / "summary.json").write_text("{", encoding="utf-8")
    with pytest.raises(ReportError, match="summary.json is not JSON: .* Render the report again"):
        book_of(folder)
