from __future__ import annotations

import datetime as dt
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest

from pmlib.errors import WorkbookError
from pmlib.schema import TABLES, Kind
from pmlib.schema.checks import Known, RawTable, check
from pmlib.sheets import read_sheet, sheet_names
from pmlib.template import EXAMPLE_ROW, FIRST_ROW, HEADER_ROW, LISTS, READ_ME, example, write_template


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_template(tmp_path_factory.mktemp("template") / "my.xlsx")


@pytest.fixture(scope="module")
def book(path):
    return openpyxl.load_workbook(path)


def rules(sheet):
    """The validation of each column of a sheet, by the column's name."""
    return {sheet.cell(HEADER_ROW, cells.min_col).value: rule
            for rule in sheet.data_validations.dataValidation for cells in rule.sqref.ranges}


def offered(book, rule):
    """What a drop-down offers."""
    if rule.formula1.startswith('"'):
        return tuple(rule.formula1.strip('"').split(","))
    sheet, _, cells = rule.formula1.replace("'", "").partition("!")
    return tuple(cell.value for (cell,) in book[sheet][cells.replace("$", "")])


def test_every_table_has_its_sheet_in_the_order_of_the_schema_with_every_column(book, path):
    assert sheet_names(path) == [READ_ME, *TABLES, LISTS]
    for name, table in TABLES.items():
        assert [cell.value for cell in book[name][HEADER_ROW]] == table.names
        assert book[name]["A1"].value.startswith(table.meaning)
        assert book[name].freeze_panes == f"A{FIRST_ROW}"
        assert len(name) <= 31
    assert book[LISTS].sheet_state == "hidden"


def test_the_first_sheet_lists_every_table_with_its_meaning_key_and_a_link(book):
    rows = {row[0].value: row for row in book[READ_ME].iter_rows()}
    for name, table in TABLES.items():
        assert [cell.value for cell in rows[name][1:3]] == [table.meaning, ", ".join(table.key)]
        assert name in rows[name][0].hyperlink.location
    text = " ".join(str(row[0].value) for row in book[READ_ME].iter_rows())
    assert "run.py check my.xlsx" in text and "data/README.md" in text


def test_a_closed_choice_a_flag_and_a_reference_are_drop_downs(book):
    for name, table in TABLES.items():
        limits = rules(book[name])
        for column in table.columns:
            if column.choices:
                assert offered(book, limits[column.name]) == tuple(filter(None, column.choices))
            elif column.references and not TABLES[column.references].large:
                other = TABLES[column.references]
                start = limits[column.name].formula1.replace("$", "").replace("'", "").partition(":")[0]
                assert start.startswith(f"{other.name}!") and start.endswith(str(FIRST_ROW))
                assert book[other.name][f"{start.partition('!')[2][:-1]}{HEADER_ROW}"].value == other.key[0]
            elif column.kind is Kind.FLAG:
                assert offered(book, limits[column.name]) == ("TRUE", "FALSE")


def test_a_limit_of_the_schema_is_a_limit_of_the_cell(book):
    projects, surveys, cash = (rules(book[name]) for name in ("projects", "surveys", "cash_flows"))
    assert (projects["bac_k"].type, projects["bac_k"].operator, projects["bac_k"].formula1) == \
        ("decimal", "greaterThanOrEqual", "0")
    assert (surveys["price_rating"].type, surveys["price_rating"].formula1, surveys["price_rating"].formula2) == \
        ("whole", "1", "5")
    assert cash["capex_share"].operator == "between"
    assert "benefit_k" not in cash
    assert all(len(rule.formula1) <= 255 for sheet in book for rule in sheet.data_validations.dataValidation)


def test_months_and_ids_stay_text_and_dates_are_dates(book):
    for name, table in TABLES.items():
        for cell, column in zip(book[name][HEADER_ROW], table.columns, strict=True):
            shown = book[name].column_dimensions[cell.column_letter].number_format
            assert shown == {Kind.TEXT: "@", Kind.MONTH: "@", Kind.DATE: "yyyy-mm-dd"}.get(column.kind, "General")


def test_a_heading_says_what_belongs_below_and_whether_it_must(book):
    note = book["projects"].cell(HEADER_ROW, TABLES["projects"].names.index("bac_k") + 1).comment.text
    assert "budget at completion" in note and "Unit: thousand" in note and "must be filled in" in note
    for name, table in TABLES.items():
        fills = {cell.value: cell.fill.fgColor.rgb for cell in book[name][HEADER_ROW]}
        assert len({fills[column.name] for column in table.columns if column.required}) == 1
        assert all(fills[column.name] != fills[table.required[0]] for column in table.columns if not column.required)


def test_the_example_rows_pass_the_checks_and_fit_together_over_sheets(book):
    rows = {name: pd.DataFrame([{column: None if value is None else str(value) for column, value in
                                 example(table).items()}], dtype="str") for name, table in TABLES.items()}
    keys = {name: set(rows[name][table.key[0]]) for name, table in TABLES.items()}
    numbers = {f"{name}.{column.name}": pd.Series([float(example(table)[column.name])], index=[example(table)[
        table.key[0]]]) for name, table in TABLES.items() for column in table.columns
        if column.kind is Kind.NUMBER and example(table)[column.name] is not None}
    for name, table in TABLES.items():
        checked = check(RawTable(cells=rows[name], rows=np.array([EXAMPLE_ROW]), file=name), table,
                        Known(keys=keys, numbers=numbers))
        assert [str(finding) for finding in checked.findings] == []
        assert [cell.value for cell in book[name][EXAMPLE_ROW]] == [
            dt.datetime.combine(value, dt.time()) if isinstance(value, dt.date) else value
            for value in example(table).values()]


def test_an_empty_template_has_no_rows_and_a_filled_one_reads_back_as_written(path, tmp_path):
    assert all(read_sheet(path, name, known=table.names).rows == [] for name, table in TABLES.items())
    book = openpyxl.load_workbook(path)
    rows = {
        "projects": [{"project_id": "007", "name": "one", "state": "running", "bac_k": 12.5, "mandatory": True,
                      "start_month": "2026-01"}, {"project_id": "P2", "name": "two", "state": "held", "bac_k": 3}],
        "scores": [{"project_id": "007", "objective_id": "reach", "raw_level": 60, "as_of": dt.date(2026, 1, 31)}],
        "workbook": [{"name": "Ours", "decimal_mark": ","}],
    }
    for name, lines in rows.items():
        for at, line in enumerate(lines, start=FIRST_ROW):
            for column, value in line.items():
                book[name].cell(at, TABLES[name].names.index(column) + 1, value)
    book.save(tmp_path / "filled.xlsx")

    def read(name):
        text = read_sheet(tmp_path / "filled.xlsx", name, known=TABLES[name].names)
        assert text.cells.column_names == TABLES[name].names
        assert text.rows == list(range(FIRST_ROW, FIRST_ROW + len(rows[name])))
        assert text.notes == []
        return [{column: value for column, value in row.items() if value is not None}
                for row in text.cells.to_pylist()]

    assert read("projects") == [
        {"project_id": "007", "name": "one", "state": "running", "bac_k": "12.5", "mandatory": "true",
         "start_month": "2026-01"}, {"project_id": "P2", "name": "two", "state": "held", "bac_k": "3"}]
    assert read("scores") == [{"project_id": "007", "objective_id": "reach", "raw_level": "60", "as_of": "2026-01-31"}]
    assert read("workbook") == [{"name": "Ours", "decimal_mark": ","}]


def test_the_same_call_gives_the_same_parts(path, tmp_path):
    def parts(file):
        with zipfile.ZipFile(file) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    assert parts(write_template(tmp_path / "again.xlsx")) == parts(path)


def test_a_file_that_is_there_stays_as_it_is(tmp_path):
    mine = tmp_path / "my.xlsx"
    mine.write_bytes(b"mine")
    with pytest.raises(WorkbookError, match="my.xlsx: is there already and stays as it is. Choose another name"):
        write_template(mine)
    assert mine.read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["my.xls", "my.csv", "my"])
def test_another_ending_is_refused_with_the_right_one(tmp_path, name):
    with pytest.raises(WorkbookError, match=r"allowed \.xlsx\. Write, say, my\.xlsx"):
        write_template(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(WorkbookError, match="cannot be written .* Choose a folder that exists"):
        write_template(tmp_path / "none" / "my.xlsx")


def test_a_failure_halfway_leaves_nothing(tmp_path, monkeypatch):
    def fail(book, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pmlib.template._save", fail)
    with pytest.raises(WorkbookError, match="No space left on device"):
        write_template(tmp_path / "my.xlsx")
    assert list(tmp_path.iterdir()) == []
