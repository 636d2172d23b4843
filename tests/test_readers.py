from __future__ import annotations

import csv
import io
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib import readers
from pmlib.errors import WorkbookError
from pmlib.readers import decode, read_csv


def cells(path):
    return read_csv(path).cells.to_pylist()


@pytest.mark.parametrize("data", [
    b"a,b\n1,\xc3\xa9t\xc3\xa9\n", b"\xef\xbb\xbfa,b\n1,\xc3\xa9t\xc3\xa9\n", b"a,b\n1,\xe9t\xe9\n",
], ids=["UTF-8", "UTF-8 with BOM", "cp1252"])
def test_reads_utf8_with_and_without_bom_and_cp1252(tmp_path, data):
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    assert cells(path) == [{"a": "1", "b": "été"}]


def test_cells_stay_text_so_that_nothing_is_sniffed(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('id,day,amount,text\n007,03.04.2025,"1.234,5","line 1\nline 2"\n', encoding="utf-8")
    assert cells(path) == [{"id": "007", "day": "03.04.2025", "amount": "1.234,5", "text": "line 1\nline 2"}]


def test_empty_rows_are_left_out_and_the_others_keep_the_row_of_the_file(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n\n,\n5,6\n\n", encoding="utf-8")
    text = read_csv(path)
    assert text.cells.to_pylist() == [{"a": "1", "b": "2"}, {"a": "5", "b": "6"}]
    assert text.rows == [2, 5]
    assert text.ragged == ()


def test_ragged_rows_are_handed_over_with_their_row_and_text(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n3\n4,5,6\n7,8\n", encoding="utf-8")
    text = read_csv(path)
    assert text.rows == [2, 5]
    assert [(row, cells.strip()) for row, cells in text.ragged] == [(3, "3"), (4, "4,5,6")]


@pytest.mark.parametrize(("header", "message"), [
    ("", "no header row"), ("a,,b", "header cell 2 is empty"), ("a,b,a", "column 'a' stands twice"),
])
def test_refuses_a_header_that_names_no_columns(tmp_path, header, message):
    path = tmp_path / "x.csv"
    path.write_text(f"{header}\n1,2,3\n", encoding="utf-8")
    with pytest.raises(WorkbookError, match=message):
        read_csv(path)


def test_a_quote_that_never_closes_is_refused_before_it_swallows_rows(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,"two"\n2,"Bob\n3,c\n4,d\n', encoding="utf-8")
    with pytest.raises(WorkbookError, match="row 3: a quote opens and never closes"):
        read_csv(path)


def test_a_lone_quote_inside_a_cell_is_text(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,5" pipe\n2,c\n', encoding="utf-8")
    assert cells(path) == [{"a": "1", "b": '5" pipe'}, {"a": "2", "b": "c"}]


def test_a_double_byte_order_mark_and_a_header_over_two_lines_change_nothing(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b'\xef\xbb\xbf\xef\xbb\xbfa,"b\nc"\n007,2\n')
    text = read_csv(path)
    assert text.cells.to_pylist() == [{"a": "007", "b\nc": "2"}]
    assert text.rows == [2]


def test_a_row_longer_than_a_block_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "_BLOCK", 1 << 20)
    path = tmp_path / "x.csv"
    path.write_text(f"a,b\n{'y' * 900_000},{'x' * 900_000}\n2,y\n", encoding="utf-8")
    assert [len(cell) for cell in cells(path)[0].values()] == [900_000, 900_000]


def test_a_cell_longer_than_a_megabyte_is_refused_with_its_row_and_column(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(f"a,b\n1,2\n\n1,{'x' * 10_000_000}\n2,y\n", encoding="utf-8")
    with pytest.raises(WorkbookError, match=r"x.csv row 4: column 'b' holds a cell of 10.0 MB, allowed 1 MB"):
        read_csv(path)


def test_utf16_is_refused_by_its_name(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("a,b\n1,2\n".encode("utf-16"))
    with pytest.raises(WorkbookError, match="encoding UTF-16, allowed UTF-8 and cp1252"):
        read_csv(path)


def test_columns_that_differ_only_in_case_are_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("date,Date\n1,2\n", encoding="utf-8")
    with pytest.raises(WorkbookError, match="column 'Date' stands twice"):
        read_csv(path)


def written(tmp_path, data):
    path = tmp_path / "x.csv"
    path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return path


@pytest.mark.parametrize(("data", "delimiter"), [
    ("name;cost\n1;2\n", ";"), ("name\tcost\n1\t2\n", "\t"), ("name|cost\n1|2\n", "|"),
    ("name,cost\n1,2\n", ","),
    ("Name ; COST\n1;2\n", ";"), ('"name";"cost"\n1;2\n', ";"), ("name,cost;c,d\n1,2;3,4\n", ","),
    ("name;cost;a,b,c,d,e\n1;2;3\n", ";"), (";;\nname;cost\n1;2\n", ";"),
], ids=repr)
def test_the_header_tells_the_delimiter(tmp_path, data, delimiter):
    text = read_csv(written(tmp_path, data), known=("name", "cost"))
    assert text.delimiter == delimiter
    assert text.cells["name"].to_pylist() == ["1"]


def test_without_known_names_the_most_cells_decide_and_one_column_is_read(tmp_path):
    assert read_csv(written(tmp_path, "a,b;c;d\n1;2;3\n")).delimiter == ";"
    assert read_csv(written(tmp_path, "a\n1;2\n")).cells.to_pylist() == [{"a": "1;2"}]


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=;\r"])
def test_a_line_of_excel_that_names_the_delimiter_decides_and_is_no_row_of_data(tmp_path, first):
    text = read_csv(written(tmp_path, f"{first}\na;b,c\n1;2,3\n"))
    assert text.cells.to_pylist() == [{"a": "1", "b,c": "2,3"}]
    assert (text.rows, text.delimiter) == ([3], ";")


def test_an_explicit_delimiter_and_skipped_lines_are_kept_to(tmp_path):
    text = read_csv(written(tmp_path, "Report of May\r\na;b\r\n1,5;2\r\n"), delimiter=";", skip=1)
    assert text.cells.to_pylist() == [{"a": "1,5", "b": "2"}]
    assert text.rows == [3]


@pytest.mark.parametrize("header", ["Project ID", "project-id", " PROJECT_ID\u00a0",
                                    '"Project  ID"', "\ufeffProject ID"])
def test_a_header_cell_gets_the_known_name_it_stands_for(tmp_path, header):
    text = read_csv(written(tmp_path, f"{header},Own Name\nP1,x\n"), known=("project_id",))
    assert text.cells.column_names == ["project_id", "Own Name"]


def test_two_header_cells_of_one_known_name_are_refused(tmp_path):
    with pytest.raises(WorkbookError, match="column 'project_id' stands twice"):
        read_csv(written(tmp_path, "Project ID,project_id\nP1,P2\n"), known=("project_id",))


def test_trailing_empty_columns_are_dropped_and_their_rows_stay(tmp_path):
    text = read_csv(written(tmp_path, "a;b;;;\n1;2;;;\n;;;;\n3;4;;\n5;6\n;;;;;;;\n7;8;;;;;;\n9;\n10\n"))
    assert text.cells.to_pylist() == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}, {"a": "5", "b": "6"},
                                      {"a": "7", "b": "8"}, {"a": "9", "b": None}]
    assert text.rows == [2, 4, 5, 7, 8]
    assert text.ragged == ((9, "10"),)


def test_a_column_with_values_and_no_name_is_refused_with_its_number(tmp_path):
    with pytest.raises(WorkbookError, match="header cell 4 is empty, but row 3 holds 'x' there"):
        read_csv(written(tmp_path, "a;b;;\n1;2;;\n3;4;;x\n"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_rows_of_delimiters_and_blanks_are_empty_rows(tmp_path, delimiter):
    data = "a,b,c\n,,\n1,2,3\n , ,\n,,,,,\n4,5,6\n\n".replace(",", delimiter)
    text = read_csv(written(tmp_path, data))
    assert [row["c"] for row in text.cells.to_pylist()] == ["3", "6"]
    assert (text.rows, text.ragged) == ([3, 6], ())


def test_empty_rows_before_the_header_are_skipped_and_counted(tmp_path):
    text = read_csv(written(tmp_path, "\n;;\n\na;b\n1;2\n3\n"))
    assert (text.rows, text.ragged) == ([5], ((6, "3"),))


@pytest.mark.parametrize("known", [(), ("a",)])
def test_a_header_without_data_is_a_table_without_rows(tmp_path, known):
    for data in ("a;b;", "a;b\r\n", "a;b\n\n\n"):
        text = read_csv(written(tmp_path, data), known=known)
        assert (text.cells.column_names, text.cells.num_rows, text.rows) == (["a", "b"], 0, [])


@pytest.mark.parametrize("data", ["", "\n\n", ";;\n", "\ufeff", "sep=;\n"])
def test_a_file_without_a_header_is_refused(tmp_path, data):
    with pytest.raises(WorkbookError, match="no header row"):
        read_csv(written(tmp_path, data))


def test_line_ends_may_be_mixed(tmp_path):
    text = read_csv(written(tmp_path, 'a,b\r1,"x\ry"\r\n2,y\n3,z\r4,w'))
    assert text.cells.to_pydict() == {"a": ["1", "2", "3", "4"], "b": ["x\ry", "y", "z", "w"]}
    assert text.rows == [2, 3, 4, 5]


def test_a_null_byte_is_refused_with_its_row(tmp_path):
    with pytest.raises(WorkbookError, match="x.csv row 3: holds a null byte"):
        read_csv(written(tmp_path, b'a,b\n1,"x\ny"\n2,\0\n'))


@pytest.mark.parametrize(("start", "what"), [
    (b"PK\x03\x04", "an Excel workbook or zip file"), (b"PAR1", "a Parquet file"), (b"\x1f\x8b\x08", "a gzip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
])
def test_a_binary_file_is_refused_by_what_it_is(tmp_path, start, what):
    with pytest.raises(WorkbookError, match=f"x.csv: holds {what}.*, not text"):
        read_csv(written(tmp_path, start + b"\0\1\2"))


def test_more_columns_than_ten_thousand_are_refused(tmp_path):
    for delimiter in (",", ";"):
        header = delimiter.join(f"a column of some length {at}" for at in range(10_001))
        with pytest.raises(WorkbookError, match="10,001 columns, allowed 10,000"):
            read_csv(written(tmp_path, header + "\n"))


def test_an_unreadable_file_is_refused(tmp_path, monkeypatch):
    path = written(tmp_path, "a\n1\n")
    with pytest.raises(WorkbookError, match="none.csv: cannot be read .No such file"):
        read_csv(tmp_path / "none.csv")

    def locked(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", locked)
    for read in (read_csv, decode):
        with pytest.raises(WorkbookError, match=r"x.csv: cannot be read \(Permission denied\)"):
            read(path)


@pytest.mark.parametrize("before", ['1,5" pipe\n2,c\n', '1,"a"b\n2,"c"\n', f'1,{"z" * 200_000}\n2,c\n'],
                         ids=["a lone quote", "text behind a quote", "a long cell"])
def test_an_open_quote_is_refused_whatever_stands_before_and_behind_it(tmp_path, before):
    with pytest.raises(WorkbookError, match="row 4: a quote opens and never closes"):
        read_csv(written(tmp_path, f'a,b\n{before}3,"Bob\n' + "4,some text that is swallowed\n" * 9_000))


def test_rows_keep_their_number_over_several_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "_BLOCK", 64)
    lines = [f"{at};x" if at % 7 else f"{at};x;;" if at % 2 else f"{at}" for at in range(1, 200)]
    text = read_csv(written(tmp_path, "a;b\n" + "\n".join(lines)))
    assert text.cells["a"].to_pylist() == [str(row - 1) for row in text.rows]
    assert [row for row, _ in text.ragged] == [int(cells) + 1 for _, cells in text.ragged]
    assert len(text.rows) + len(text.ragged) == 199


@settings(max_examples=200, deadline=None)
@given(data=st.text(alphabet="ab1,;\t|\"\n\r 'é", max_size=40), delimiter=st.sampled_from((None, ",", ";")))
def test_any_text_is_read_or_refused_in_words(tmp_path_factory, data, delimiter):
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_bytes(f"a,b\n{data}".encode())
    try:
        text = read_csv(path, delimiter=delimiter, known=("a", "b"))
    except WorkbookError as error:
        assert str(error).startswith("x.csv") and str(error).endswith(".")
    else:
        assert len(text.rows) == text.cells.num_rows
        assert text.rows == sorted(set(text.rows))


CELLS = st.text(alphabet=string.ascii_letters + string.digits + ' .,;|\t"\n\r\'é€', max_size=6)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6), delimiter=st.sampled_from(",;\t|"),
       line_end=st.sampled_from(("\n", "\r\n", "\r")), encoding=st.sampled_from(("utf-8", "utf-8-sig", "cp1252")),
       padding=st.integers(0, 3))
def test_what_a_spreadsheet_writes_reads_back(tmp_path_factory, rows, delimiter, line_end, encoding, padding):
    file = io.StringIO()
    broken = any(mark in cell for row in rows for cell in row for mark in "\r\n")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end,
                        quoting=csv.QUOTE_ALL if broken else csv.QUOTE_MINIMAL)
    writer.writerows([("alpha", "beta", "gamma"), *(row + [""] * padding for row in rows)])
    path = tmp_path_factory.mktemp("written") / "x.csv"
    path.write_bytes(file.getvalue().encode(encoding))
    text = read_csv(path, known=("alpha", "beta", "gamma"))
    kept = {at: [cell or None for cell in row] for at, row in enumerate(rows, 2) if any(cell.strip() for cell in row)}
    assert dict(zip(text.rows, [list(row.values()) for row in text.cells.to_pylist()], strict=True)) == kept
    assert (text.delimiter, text.ragged) == (delimiter, ())
