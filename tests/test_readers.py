from __future__ import annotations

import pytest

from pmlib.errors import WorkbookError
from pmlib.readers import read_csv


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


def test_a_cell_longer_than_a_megabyte_is_read(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(f"a,b\n1,{'x' * 1_500_000}\n2,y\n", encoding="utf-8")
    assert len(cells(path)[0]["b"]) == 1_500_000


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
