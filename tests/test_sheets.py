from __future__ import annotations

import datetime as dt
import os
import sys
import zipfile

import openpyxl
import pytest

from pmlib.errors import WorkbookError
from pmlib.sheets import read_sheet, sheet_names

KNOWN = ("project_id", "name", "bac_k", "start_month", "mandatory")
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET, TYPES = "xl/worksheets/sheet1.xml", "[Content_Types].xml"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
SHARED = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
    f'<Override PartName="/{SHEET}" ContentType="{KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{KIND}.styles+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{KIND}.sharedStrings+xml"/></Types>')


@pytest.fixture(params=["fast engine", "openpyxl"])
def engine(request, monkeypatch):
    """Run a test with both engines; it must not see which."""
    if request.param == "openpyxl":
        monkeypatch.setitem(sys.modules, "python_calamine", None)
    else:
        pytest.importorskip("python_calamine")
    return request.param


@pytest.fixture
def book(tmp_path):
    """Write rows of cells into ``book.xlsx``, sheet Projects; a number format may follow by cell."""

    def write(*rows, formats=None, name="Projects"):
        made = openpyxl.Workbook()
        sheet = made.active
        sheet.title = name
        for row in rows:
            sheet.append(row)
        for cell, number_format in (formats or {}).items():
            sheet[cell].number_format = number_format
        path = tmp_path / "book.xlsx"
        made.save(path)
        return path

    return write


@pytest.fixture
def raw(book, tmp_path):
    """Write the rows of a sheet as XML, below a header in row 1, and other parts as they are given."""

    def write(rows="", *, parts=None, before="", head=""):
        cells = "".join(f'<c r="{letter}1" t="inlineStr"><is><t>{name}</t></is></c>'
                        for letter, name in zip("ABCDE", KNOWN, strict=True))
        xml = (f'<?xml version="1.0"?>{before}<worksheet xmlns="{MAIN}">{head}<sheetData><row r="1">{cells}</row>'
               f"{rows}</sheetData></worksheet>")
        usual = {SHEET: xml, TYPES: SHARED, "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"/>'}
        return repack(book(["x"]), tmp_path / "raw.xlsx", usual | (parts or {}))

    return write


def repack(source, target, parts):
    """Copy an archive with some parts replaced, added, or (None) left out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in dict.fromkeys([*old.namelist(), *parts]):
            content = parts[name] if name in parts else old.read(name)
            if content is not None:
                new.writestr(name, content)
    return target


def read(path, sheet="Projects"):
    return read_sheet(path, sheet, known=KNOWN)


def cells(path):
    return read(path).cells.to_pylist()


def column(path, name="name"):
    return read(path).cells[name].to_pylist()


HEAD = list(KNOWN)


def test_every_kind_of_cell_becomes_text_that_casts_back_to_it(engine, book):
    path = book(HEAD, ["P1", "007", 12.0, dt.datetime(2026, 1, 1), True],
                [" P 2 ", 7, 0.1, dt.datetime(2026, 1, 31, 12, 30), False],
                [dt.time(12), dt.timedelta(hours=30), -1234567.875, dt.date(2026, 2, 28), None],
                [0.3, 1e20, 123456789012345, -0.0, 1e-7])
    assert [tuple(row.values()) for row in cells(path)] == [
        ("P1", "007", "12", "2026-01-01", "true"),
        ("P 2", "7", "0.1", "2026-01-31 12:30:00", "false"),
        ("12:00:00", "1 day, 6:00:00", "-1234567.875", "2026-02-28", None),
        ("0.3", "1e+20", "123456789012345", "0", "1e-07"),
    ]


def typed(path):
    """Columns by row, True where the sheet holds a number, date or flag."""
    return {name: found.tolist() for name, found in read(path).typed.items()}


def test_numbers_dates_and_flags_are_typed_and_texts_and_empty_cells_are_not(engine, book):
    path = book(["note"], HEAD, ["P1", "12.125", 12.125, dt.datetime(2026, 1, 1), True], [],
                ["P2", None, "3,5", "2026-01", "yes"], ["P3", "7", 0, dt.date(2026, 2, 1), False],
                ["P4", " ", 1e20, dt.time(12), None], ["P5", "x", None, 46023.5, dt.timedelta(hours=30)])
    assert typed(path) == {"bac_k": [True, False, True, True, False], "start_month": [True, False, True, True, True],
                           "mandatory": [True, False, True, False, True]}
    assert all(found.dtype == bool for found in read(path).typed.values())


def test_errors_formulas_and_text_results_are_texts_and_a_formulas_number_is_typed(engine, raw):
    shared = f'<sst xmlns="{MAIN}"><si><t>12.125</t></si></sst>'
    rows = ('<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="str"><f>"1.5"</f><v>1.5</v></c><c r="C2"><f>1</f>'
            '<v>12.125</v></c><c r="D2" t="e"><v>#N/A</v></c><c r="E2" t="b"><f>TRUE</f><v>1</v></c></row>'
            '<row r="3"><c r="A3" t="inlineStr"><is><t>12.125</t></is></c><c r="B3"><f>1.5</f></c>'
            '<c r="C3"><v>12345678901234567</v></c></row>')
    assert typed(raw(rows, parts={"xl/sharedStrings.xml": shared})) == {
        "bac_k": [True, True], "mandatory": [True, False]}


def test_cells_of_a_formula_or_an_iso_date_are_typed_in_the_fast_engine_too(engine, raw):
    rows = ('<row r="2"><c r="A2" t="d"><v>2026-01-31</v></c><c r="B2" t="n"><f>1</f><v>12.125</v></c>'
            '<c r="C2" t="str"><f>"1.5"</f><v>1.5</v></c></row>')
    assert typed(raw(rows)) == {"project_id": [True], "name": [True]}


def test_a_sheet_without_rows_has_no_typed_cell(engine, book):
    assert typed(book(HEAD)) == {}


def test_typed_cells_below_a_column_without_a_name_are_left_out(engine, book):
    assert typed(book(["project_id", None, "name"], ["P1", 1, 2], [3, 4, "x"], [None, 5])) == {
        "project_id": [False, True], "name": [True, False]}


def test_typed_cells_keep_their_rows_in_a_long_sheet(raw):
    size = (1 << 16) + 3
    kinds = ["str", "n", "n"]
    text = read(raw("".join(f'<row r="{at}"><c r="A{at}" t="{kinds[at % 3]}"><v>{at}</v></c></row>'
                            for at in range(2, size))))
    assert text.rows == list(range(2, size))
    assert text.typed["project_id"].tolist() == [at % 3 > 0 for at in range(2, size)]


def test_blanks_and_hyphens_in_a_header_count_as_one_underscore(engine, book):
    assert cells(book([" Project  ID ", "BAC -\u00a0k"], ["P1", 5])) == [{"project_id": "P1", "bac_k": "5"}]


@pytest.mark.parametrize(("number", "number_format", "text"), [
    (0.125, "0.0%", "0.125"), (1234.5, "#,##0 [$€-407]", "1234.5"), (5, '0 "days"', "5"),
    (46023, "mmm-yy", "2026-01-01"), (46023, "[$-407]d. mmmm yyyy", "2026-01-01"),
    (46023.5, "[Red]0.0", "46023.5"), (59, "yyyy-mm-dd", "1900-02-28"),
    (46022.99999999999, "d/m/yyyy", "2026-01-01"), (1.5, "[h]:mm", "1 day, 12:00:00"),
])
def test_a_format_shows_a_number_otherwise_but_only_a_date_format_makes_it_a_date(
        engine, book, number, number_format, text):
    assert column(book(HEAD, ["P1", number], formats={"B2": number_format})) == [text]


def test_dates_count_from_1904_where_the_file_says_so(engine, book):
    path = book(HEAD, ["P1", dt.date(2026, 1, 1)])
    made = openpyxl.load_workbook(path)
    made.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    made.save(path)
    assert column(path) == ["2026-01-01"]


@pytest.mark.parametrize(("number", "text"), [
    ("12345678901234567", "12345678901234567"), ("0.30000000000000004", "0.30000000000000004"),
    ("0.10000000000000001", "0.1"), ("12.0", "12"), ("1E+20", "1e+20"), ("-9007199254740993", "-9007199254740993"),
])
def test_a_number_keeps_its_value_to_the_last_digit(engine, raw, number, text):
    assert column(raw(f'<row r="2"><c r="B2"><v>{number}</v></c></row>')) == [text]


def test_the_header_is_the_row_with_most_known_names_below_titles_and_notes(engine, book):
    path = book([], ["Projects of 2026", None, "name"], ["note"], ["Project ID", " Name", "BAC-k", "My own"],
                ["P1", "one", 5, "x"], [], [None, "", " "], ["P2", "two", 6])
    text = read(path)
    assert text.cells.to_pylist() == [{"project_id": "P1", "name": "one", "bac_k": "5", "My own": "x"},
                                      {"project_id": "P2", "name": "two", "bac_k": "6", "My own": None}]
    assert text.rows == [5, 8]
    assert text.letters == {"project_id": "A", "name": "B", "bac_k": "C", "My own": "D"}
    assert text.notes == []


def test_of_rows_with_as_many_known_names_the_first_is_the_header(engine, book):
    assert cells(book(["project_id", "name"], ["project_id", "name"])) == [{"project_id": "project_id", "name": "name"}]


def test_a_merged_header_counts_where_it_names_a_column_and_a_group_title_does_not(engine, book, tmp_path):
    path = book([None, "Project ID", "name", "Budget", "Budget"], [None, None, None, "bac_k", "start month"],
                [None, "P1", "one", 5, "2026-01"])
    made = openpyxl.load_workbook(path)
    for merged in ("B1:B2", "C1:C2", "D1:E1"):
        made["Projects"].merge_cells(merged)
    made.save(path)
    text = read(path)
    assert text.cells.to_pylist() == [{"project_id": "P1", "name": "one", "bac_k": "5", "start_month": "2026-01"}]
    assert text.letters == {"project_id": "B", "name": "C", "bac_k": "D", "start_month": "E"}


def test_values_below_an_empty_header_cell_stay_unread_with_a_note(engine, book):
    path = book(["project_id", None, "name"], ["P1", None, "one"], ["P2", "lost"], ["P3", None, "three", None, "far"],
                [None, "alone"])
    text = read(path)
    assert text.cells.column_names == ["project_id", "name"]
    assert text.rows == [2, 3, 4]
    assert text.notes == ["book.xlsx: Projects!B1: the column has no name and stays unread",
                          "book.xlsx: Projects!E1: the column has no name and stays unread"]


def test_two_headers_for_one_column_are_refused_by_their_cells(engine, book):
    with pytest.raises(WorkbookError, match=r"Projects!B3 and Projects!D3 both name column 'name'"):
        read(book([], [], ["project_id", "name", "bac_k", "Name "], ["P1", "a", 1, "b"]))


def test_a_sheet_without_a_known_name_in_thirty_rows_is_refused_with_the_known_ones(engine, book):
    with pytest.raises(WorkbookError, match="book.xlsx sheet 'Projects': no header row .* such as project_id, name"):
        read(book(["a", "b"]))
    with pytest.raises(WorkbookError, match="no header row in the first 30 rows"):
        read(book(*[["note"]] * 30, ["project_id", "name"]))
    with pytest.raises(WorkbookError, match="no header row"):
        read(book())


def test_a_header_in_row_thirty_is_found(engine, book):
    assert cells(book(*[["note"]] * 29, ["project_id"], ["P1"])) == [{"project_id": "P1"}]


def test_an_error_stays_an_error_and_no_empty_cell(engine, raw):
    rows = ('<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="e"><v>#REF!</v></c>'
            '<c r="C2" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>')
    assert list(cells(raw(rows))[0].values()) == ["1", "#REF!", "#DIV/0!", None, None]


def test_a_formula_shows_its_value_and_one_never_calculated_shows_itself(engine, raw):
    rows = ('<row r="2"><c r="A2"><f>B2*2</f><v>7</v></c><c r="B2" t="str"><f>"x"</f><v>x</v></c>'
            '<c r="C2"><f>A2*2</f><v></v></c><c r="D2"><f t="shared" si="0"/></c>'
            '<c r="E2" t="b"><f>TRUE</f><v>1</v></c></row>')
    assert list(cells(raw(rows))[0].values()) == ["7", "x", "=A2*2", "=...", "true"]


def test_a_formula_whose_value_is_the_empty_text_is_an_empty_cell(engine, raw):
    rows = '<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="str"><f>IF(TRUE,"")</f><v></v></c></row>'
    assert column(raw(rows)) == [None]


def test_a_formula_written_by_openpyxl_is_never_taken_for_an_empty_cell(engine, book):
    assert column(book(HEAD, ["P1", "=1+1"])) == ["=1+1"]


def test_shared_inline_and_rich_strings_are_read_alike(engine, raw):
    shared = (f'<sst xmlns="{MAIN}"><si><t>one &amp; two</t></si><si><r><t>ri</t></r><r><t>ch</t></r>'
              '<rPh sb="0" eb="1"><t>no</t></rPh></si><si><t>a_x000D_b</t></si></sst>')
    path = raw('<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c><c r="C2" t="s"><v>2</v></c>'
               '<c r="D2" t="inlineStr"><is><t>0 7</t></is></c></row>', parts={"xl/sharedStrings.xml": shared})
    assert list(cells(path)[0].values()) == ["one & two", "rich", "a\rb", "0 7", None]


@pytest.mark.parametrize("rows", [
    "<row><c><v>1</v></c><c><v>2</v></c></row>",
    "<row r='2'><c r='B2'><v>2</v></c><c r='A2'><v>1</v></c></row>",
    '<row r="2" spans="1:2"><c\nr = "A2" ><v>1</v></c><c r="B2"><v>2</v></c></row>',
    '<row r="2"><c r="B2"><v>2</v></c><c r="A2"><v>1</v></c></row>',
])
def test_cells_are_found_however_their_places_are_written(engine, raw, rows):
    assert list(cells(raw(rows))[0].values())[:2] == ["1", "2"]


def test_a_dimension_that_lies_costs_nothing(engine, raw):
    path = raw('<row r="2"><c r="A2"><v>1</v></c></row>', head='<dimension ref="A1:XFD1048576"/>')
    assert read(path).rows == [2]


def test_two_far_corners_are_read_without_the_area_between_them(engine, raw):
    path = raw('<row r="2"><c r="XFD2"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>9</v></c></row>')
    text = read(path)
    assert text.rows == [1048576]
    assert text.notes == ["raw.xlsx: Projects!XFD1: the column has no name and stays unread"]


def test_rows_in_disorder_are_refused_and_none_is_lost(engine, raw):
    with pytest.raises(WorkbookError, match="row 2 stands below row 3"):
        read(raw('<row r="3"><c r="A3"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>'))


def test_more_cells_than_the_limit_are_refused_with_the_remedy(engine, book, monkeypatch):
    monkeypatch.setattr("pmlib.sheets.MAX_CELLS", 9)
    with pytest.raises(WorkbookError, match="more than 9 cells: bring this table as Parquet or CSV"):
        read(book(HEAD, ["P1"], ["P2"]))


def test_a_text_longer_than_excel_holds_is_refused_by_its_cell(engine, raw):
    path = raw(f'<row r="7"><c r="B7" t="inlineStr"><is><t>{"x" * 32_768}</t></is></c></row>')
    with pytest.raises(WorkbookError, match=r"raw.xlsx: Projects!B7: a text longer than 32,767"):
        read(path)


def test_names_of_sheets_come_in_order_hidden_ones_too_and_charts_left_out(tmp_path):
    made = openpyxl.Workbook()
    made.active.title = "read me"
    made.create_chartsheet("Chart")
    made.create_sheet("Projects & more").sheet_state = "hidden"
    made.save(tmp_path / "x.xlsx")
    assert sheet_names(tmp_path / "x.xlsx") == ["read me", "Projects & more"]


def test_a_sheet_is_found_in_any_case_and_an_unknown_one_refused_with_the_near_name(engine, book):
    path = book(HEAD, ["P1"])
    assert read(path, "PROJECTS ").sheet == "Projects"
    with pytest.raises(WorkbookError, match="no sheet 'Project'. Known: Projects. Did you mean 'Projects'?"):
        read(path, "Project")


def test_a_password_or_an_old_xls_is_named_as_such(tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600)
    with pytest.raises(WorkbookError, match="protected by a password, or an old .xls. Save it as"):
        sheet_names(path)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PK\x03\x04 cut", b"<html></html>"])
def test_what_is_no_zip_is_refused(tmp_path, content):
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(WorkbookError, match="x.xlsx: no Excel file, or only a part of one. Open it in Excel"):
        read(path)


def test_a_folder_or_a_missing_file_is_refused(tmp_path):
    with pytest.raises(WorkbookError, match="no such file"):
        sheet_names(tmp_path)
    with pytest.raises(WorkbookError, match="none.xlsx: no such file"):
        sheet_names(tmp_path / "none.xlsx")


@pytest.mark.parametrize("length", [0.2, 0.5, 0.9, 0.99])
def test_a_file_cut_short_is_refused(engine, book, length):
    path = book(HEAD, ["P1"])
    os.truncate(path, int(path.stat().st_size * length))
    with pytest.raises(WorkbookError, match="book.xlsx"):
        read(path)


@pytest.mark.parametrize("part", ["_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", SHEET])
@pytest.mark.parametrize("content", [None, "", "<a>", "<a/>", "no XML \0", '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'])
def test_a_missing_or_broken_part_is_refused(engine, raw, part, content):
    with pytest.raises(WorkbookError, match=r"raw\.xlsx.*(try again|read that|such as)"):
        read(raw(parts={part: content}))


def test_an_entity_bomb_is_refused(engine, raw):
    levels = "".join(f'<!ENTITY a{at} "{f"&a{at - 1};" * 10}">' for at in range(1, 10))
    path = raw('<row r="2"><c r="A2" t="inlineStr"><is><t>&a9;</t></is></c></row>',
               before=f'<!DOCTYPE w [<!ENTITY a0 "lollollollol">{levels}]>')
    with pytest.raises(WorkbookError, match="it declares a document type, as Excel never does"):
        read(path)


@pytest.mark.parametrize("part", ["xl/sharedStrings.xml", "xl/workbook.xml"])
def test_an_entity_bomb_outside_the_sheet_is_refused(engine, raw, part):
    levels = "".join(f'<!ENTITY a{at} "{f"&a{at - 1};" * 10}">' for at in range(1, 10))
    bomb = f'<!DOCTYPE w [<!ENTITY a0 "lollollollol">{levels}]><w>&a9;</w>'
    with pytest.raises(WorkbookError, match="raw.xlsx.*cannot be read"):
        read(raw(parts={part: bomb}))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(raw):
    with pytest.raises(WorkbookError, match="too large, or too many parts, once unpacked. Bring it as Parquet or CSV"):
        read(raw(parts={"xl/media/zeros.xml": b"\0" * (21 << 20)}))
    with pytest.raises(WorkbookError, match="too many parts"):
        sheet_names(raw(parts={f"xl/{at}.xml": "" for at in range(2_001)}))


def test_a_directory_that_lies_about_a_size_is_refused(engine, raw):
    path = raw(parts={"xl/sharedStrings.xml": "x" * 100_000})
    content = bytearray(path.read_bytes())
    entry = content.index(b"xl/sharedStrings.xml", content.index(b"PK\x01\x02")) - 46
    content[entry + 24:entry + 28] = (10).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(WorkbookError, match="raw.xlsx.*cannot be read"):
        read(path)


@pytest.mark.parametrize("row", [
    '<row r="2"><c r="A2" t="s"><v>99</v></c></row>', '<row r="2"><c r="A2"><v>abc</v></c></row>',
    '<row r="x"><c r="A2"><v>1</v></c></row>', '<row r="2"><c r="A2"><v>1</c></row>',
    '<row r="2"><c r="2A"><v>1</v></c></row>',
])
def test_a_cell_that_makes_no_sense_is_refused_or_kept_as_text_and_never_lost(engine, raw, row):
    try:
        text = read(raw(row))
    except WorkbookError as error:
        assert "cannot be read" in str(error)
    else:
        assert text.cells["project_id"].to_pylist() != [None]


def test_a_strict_file_is_refused_with_the_remedy(raw):
    with pytest.raises(WorkbookError, match="a Strict Open XML file. Open it in Excel, save it as Excel Workbook"):
        sheet_names(raw(parts={"xl/workbook.xml": '<workbook xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"/>'}))


def test_a_file_that_may_not_be_opened_is_refused_in_plain_words(book, monkeypatch):
    path = book(HEAD)
    monkeypatch.setattr("pmlib.sheets.is_zipfile", lambda _: (_ for _ in ()).throw(PermissionError(13, "denied")))
    with pytest.raises(WorkbookError, match="book.xlsx sheet 'Projects': cannot be read .*denied.* Close it in Excel"):
        read(path)


def test_nothing_is_written_beside_the_file(engine, book):
    path = book(HEAD, ["P1", "=1"])
    before = path.read_bytes(), sorted(path.parent.iterdir())
    read(path)
    assert (path.read_bytes(), sorted(path.parent.iterdir())) == before


def test_a_day_before_the_first_one_is_no_date(engine, book):
    path = book(HEAD, ["P1", -2.5], ["P2", -1], formats={"B2": "yyyy-mm-dd", "B3": "yyyy-mm-dd"})
    assert column(path) == ["12:00:00", "00:00:00"]


def test_tags_that_do_not_match_are_refused_by_both_engines(engine, raw):
    with pytest.raises(WorkbookError, match="mismatched tag"):
        read(raw('<row r="2"><c r="A2" t="inlineStr"><is><t>P1</is></t></c></row>'))


def test_rows_that_reach_far_right_count_as_read(engine, raw, monkeypatch):
    monkeypatch.setattr("pmlib.sheets.MAX_CELLS", 100_000)
    path = raw("".join(f'<row r="{at}"><c r="XFD{at}"><v>1</v></c></row>' for at in range(2, 12)))
    with pytest.raises(WorkbookError, match="more than 100,000 cells: bring this table as Parquet or CSV"):
        read(path)
