from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib import dialect as module
from pmlib.dialect import DATE_FORMATS, Dialect, plain_table, remedy
from pmlib.errors import WorkbookError
from pmlib.schema.casting import cast
from pmlib.schema.definition import Column, Kind

NUMBER, DATE = Kind.NUMBER, Kind.DATE
DOUBT_1234 = "1.234 (1234 or 1.234?)"


def column(kind, unit=""):
    return Column(name="c", kind=kind, meaning="", unit=unit)


def plain(*cells, kind=NUMBER, unit="", delimiter=";", **declared):
    table = pa.table({"c": pa.array(cells, pa.string())})
    found = plain_table(table, {"c": column(kind, unit)}, dialect=Dialect(**declared), delimiter=delimiter)
    return found["c"].to_pylist()


def passes(cell, kind):
    return not cast(pd.Series([cell], dtype="str"), column(kind))[1].any()


@pytest.mark.parametrize(("written", "expected"), [
    ("7", "7"), ("+7", "+7"), ("12.5", "12.5"), (".5", ".5"), ("1e3", "1e3"), ("0.250", "0.250"),
    ("1234.567", "1234.567"), ("1.234,5", "1234.5"), ("1,234.5", "1234.5"), ("0,25", "0.25"), ("12,5", "12.5"),
    ("1234,567", "1234.567"), (",5", ".5"), ("1,5E+03", "1.5E+03"), ("1.234.567", "1234567"),
    ("1,234,567", "1234567"), ("1 234", "1234"), ("1\u00a0234,5", "1234.5"), ("1\u202f234\u202f567,5", "1234567.5"),
    ("1'234.5", "1234.5"), ("1’234’567", "1234567"), ("1’234,5", "1234.5"), ("-1.234,5", "-1234.5"), ("−3", "-3"),
    ("- 3,5", "-3.5"), ("(1,234.50)", "-1234.50"), ("(€ 5)", "-5"), ("€ (5)", "-5"), ("-€5", "-5"),
    ("1 200 €", "1200"), ("EUR 12,50", "12.50"), ("12 eur", "12"), ("€\u00a05", "5"), ("\ufeff 5\u200b\u202f", "5"),
    ("", None), (" \u00a0", None), (None, None),
])
def test_a_number_that_means_one_thing_is_rewritten(written, expected):
    assert plain(written) == [expected]
    assert passes(expected, NUMBER)


@pytest.mark.parametrize("written", [
    "1.23.456", "1.234.56", "12,34,567", "0.123.456", "1 234'567", "1234.567.890", "1.2345,6", "1,2,3", "(5", "5)",
    "(-5)", "+-5", "5-", "- -5", "5 $", "USD 5", "$5", "CHF 5", "€ 5 EUR", "1.2 TEUR", "kr.500", "12 pm", "5 %",
    "5 % €", "%5", "=A1", "#REF!", "nan", "inf", "1 200 k€", "500,-", "1.234 $", "--", "n/a", "12/5",
])
def test_what_is_no_number_of_this_workbook_stays_as_written_and_fails_its_cast(written):
    assert plain(written) == [written]
    assert not passes(written, NUMBER)


def test_a_long_text_among_numbers_is_left_at_once():
    long = "1" + " " * 100_000 + "x."
    assert plain(long, "1,5") == [long, "1.5"]
    assert remedy(NUMBER, "1 " * 100_000) == "Write a plain number with a decimal point and no thousands separator."


@pytest.mark.parametrize(("currency", "cells", "expected"), [
    ("USD", ["$5", "5 USD", "5 €", "US$ 5"], ["5", "5", "5 €", "5"]), ("CAD", ["$5", "CAD 5"], ["5", "5"]),
    ("JPY", ["¥5"], ["5"]), ("CNY", ["¥5"], ["5"]), ("CHF", ["CHF 1’200.50", "$5"], ["1200.50", "$5"]),
    ("GBP", ["£5", "¥5"], ["5", "¥5"]), ("SEK", ["5 kr"], ["5"]),
])
def test_only_the_sign_of_the_workbooks_currency_is_taken_off(currency, cells, expected):
    assert plain(*cells, currency=currency) == expected


@pytest.mark.parametrize(("written", "share", "percent"), [
    ("45 %", "0.45", "45"), ("0,5 %", "0.005", "0.5"), ("100%", "1.00", "100"), ("(5 %)", "-0.05", "-5"),
    ("12,34567890123456789012345678901 %", "0.1234567890123456789012345678901", "12.34567890123456789012345678901"),
    ("1\u00a0200 %", "12.00", "1200"), ("0 %", "0.00", "0"), ("0.4", "0.4", "0.4"),
])
def test_a_percent_sign_is_read_by_the_unit_of_the_column(written, share, percent):
    assert plain(written, unit="share 0-1") == [share]
    assert plain(written, unit="%") == [percent]
    assert plain(written, unit="months") == [written]


@pytest.mark.parametrize(("cells", "delimiter", "expected"), [
    (["1.234"], ";", [DOUBT_1234]),
    (["1,234"], ";", ["1,234 (1234 or 1.234?)"]),
    (["1.234", "7"], ",", ["1.234", "7"]),
    (["1,234"], ",", ["1234"]),
    (["1.234", "12,5"], ",", [DOUBT_1234, "12.5"]),
    (["1.234", "12,5"], ";", ["1234", "12.5"]),
    (["1.234", "12,5"], "\t", ["1234", "12.5"]),
    (["1.234", "1,234", "12,5"], ",", [DOUBT_1234, "1,234 (1234 or 1.234?)", "12.5"]),
    (["-1.234 €", "1.234,5", "1.234.567"], ",", ["-1.234 € (1234 or 1.234?)", "1234.5", "1234567"]),
    (["1,234", "12,5"], ",", ["1.234", "12.5"]),
    (["1,234", "1.234,5"], ",", ["1.234", "1234.5"]),
    (["1.234", "1,234"], ",", ["1.234", "1234"]),
    (["1,234", "12,5"], ";", ["1.234", "12.5"]),
    (["1.234", "12.5"], ";", ["1.234", "12.5"]),
    (["1,234", "12.5"], ";", ["1234", "12.5"]),
    (["1.234", "1.234.567"], ";", ["1234", "1234567"]),
    (["1.234", "1.5", "1,5"], ",", [DOUBT_1234, "1.5", "1.5"]),
    (["1.234 %", "5"], ";", ["1.234 % (1234 or 1.234?)", "5"]),
    (["-1.234 €"], ";", ["-1.234 € (1234 or 1.234?)"]),
    (["1.234", "12,5 $", "a,5"], ";", [DOUBT_1234, "12,5 $", "a,5"]),
])
def test_the_whole_file_tells_its_decimal_mark(cells, delimiter, expected):
    assert plain(*cells, delimiter=delimiter) == expected
    assert all(passes(cell, NUMBER) == ("?" not in cell) for cell in expected if "," not in cell)


@pytest.mark.parametrize(("sure", "expected"), [
    ("12,5", "1234"), ("12.5", "1.234"), (".5", "1.234"), ("0.250", "1.234"), ("1.5e3", "1.234"),
    ("1234.567", "1.234"), ("7", DOUBT_1234), ("2.500", DOUBT_1234), ("-2.500", DOUBT_1234), ("1e3", DOUBT_1234),
])
def test_another_number_column_is_evidence_too(sure, expected):
    table = pa.table({"a": ["1.234"], "b": [sure], "c": ["1,5"], "other": ["1,5"]})
    columns = {"a": column(NUMBER), "b": column(Kind.INTEGER), "c": column(Kind.TEXT)}
    assert plain_table(table, columns, dialect=Dialect(), delimiter=";")["a"].to_pylist() == [expected]


def test_one_quoted_comma_in_a_file_of_commas_makes_no_point_a_thousands_separator():
    table = pa.table({"cost": ["12.125", "250.500", "7"], "weight": ["3,5", "1", None]})
    columns = dict.fromkeys(table.column_names, column(NUMBER))
    assert plain_table(table, columns, dialect=Dialect()).to_pydict() == {
        "cost": ["12.125 (12125 or 12.125?)", "250.500 (250500 or 250.500?)", "7"], "weight": ["3.5", "1", None]}
    declared = plain_table(table, columns, dialect=Dialect(decimal_mark=","))
    assert declared["cost"].to_pylist() == ["12125", "250500", "7"]


@pytest.mark.parametrize("declared", ["", ",", "."])
@pytest.mark.parametrize("delimiter", [",", ";", ""])
def test_a_cell_typed_in_the_sheet_is_plain_whatever_the_texts_say(declared, delimiter):
    table = pa.table({"a": ["12.125", "3,5", "1.5", None], "b": ["250.5", "1e-07", "-0.125", "1200"]})
    typed = {"a": np.array([True, False, True, False]), "b": np.ones(4, dtype=bool)}
    found = plain_table(table, dict.fromkeys("ab", column(NUMBER)), dialect=Dialect(decimal_mark=declared),
                        delimiter=delimiter, typed=typed)
    text = "3,5 (decimal mark '.' is declared)" if declared == "." else "3.5"
    assert found.to_pydict() == {"a": ["12.125", text, "1.5", None], "b": table["b"].to_pylist()}


def test_a_typed_number_is_no_evidence_for_the_texts():
    table = pa.table({"c": ["12.5", "1.234", "0.25"]})
    typed = {"c": np.array([True, False, True])}
    found = plain_table(table, {"c": column(NUMBER)}, dialect=Dialect(), delimiter=";", typed=typed)
    assert found["c"].to_pylist() == ["12.5", DOUBT_1234, "0.25"]


@pytest.mark.parametrize(("kind", "typed_cell", "text", "expected"), [
    (Kind.MONTH, "12.2025", "12.2025", "2025-12"), (DATE, "2025-12-31", "31.12.2025", "2025-12-31"),
    (Kind.FLAG, "true", "ja", "true"), (Kind.TEXT, "7", " 7\u00a0", "7"), (Kind.INTEGER, "12.125", "1,5", "1.5"),
])
def test_a_typed_cell_of_any_kind_stays_beside_a_text_that_is_rewritten(kind, typed_cell, text, expected):
    chunks = pa.chunked_array([[typed_cell], [], [text, typed_cell]], pa.string())
    found = plain_table(pa.table({"c": chunks, "other": chunks}), {"c": column(kind)}, dialect=Dialect(),
                        typed={"c": np.array([True, False, True]), "other": np.array([True, False, False])})
    assert found["c"].to_pylist() == [typed_cell, expected, typed_cell]
    assert found["other"].to_pylist() == chunks.to_pylist()


@pytest.mark.parametrize(("mark", "cells", "expected"), [
    (",", ["1.234", "1,234", "7"], ["1234", "1.234", "7"]),
    (".", ["1.234", "1,234", "7"], ["1.234", "1234", "7"]),
    (",", ["12.5"], ["12.5 (decimal mark ',' is declared)"]),
    (".", ["12,5"], ["12,5 (decimal mark '.' is declared)"]),
    (",", ["1,234,567"], ["1,234,567 (decimal mark ',' is declared)"]),
])
def test_a_declared_decimal_mark_counts_and_a_cell_against_it_fails(mark, cells, expected):
    assert plain(*cells, decimal_mark=mark, delimiter=",") == expected
    assert [passes(cell, NUMBER) for cell in expected] == ["declared" not in cell for cell in expected]


@pytest.mark.parametrize(("written", "expected"), [
    ("2025-12-31", "2025-12-31"), ("2025-12-31T00:00:00", "2025-12-31T00:00:00"), ("31.12.2025", "2025-12-31"),
    ("12/31/2025", "2025-12-31"), ("31-12-2025", "2025-12-31"), ("4.4.2025", "2025-04-04"),
    ("31.12.2025 00:00", "2025-12-31"), ("2025/12/31", "2025-12-31"), ("2025.1.5", "2025-01-05"),
    ("29.02.2024", "2024-02-29"), ("\u200e31.12.2025 ", "2025-12-31"),
    ("03.04.2025", "03.04.2025 (3 April or 4 March?)"), ("3/4/2025", "3/4/2025 (3 April or 4 March?)"),
    ("31.12.25", "31.12.25"), ("29.02.2025", "29.02.2025"), ("31.12/2025", "31.12/2025"), ("45657", "45657"),
    ("2025-02-30", "2025-02-30"), ("31.12.2025 12:30", "31.12.2025 12:30"), ("12.2025", "12.2025"),
    ("01.01.0000", "01.01.0000"),
])
def test_a_date_that_is_one_day_only_is_rewritten(written, expected):
    assert plain(written, kind=DATE) == [expected]
    assert passes(expected, DATE) == (expected.startswith("20") and expected != "2025-02-30")


@pytest.mark.parametrize(("declared", "written", "expected"), [
    ("DD.MM.YYYY", "03.04.2025", "2025-04-03"), ("DD/MM/YYYY", "3/4/2025", "2025-04-03"),
    ("MM/DD/YYYY", "3/4/2025", "2025-03-04"), ("MM-DD-YYYY", "03-04-2025", "2025-03-04"),
    ("DD.MM.YYYY", "31/12/2025", "31/12/2025"), ("MM/DD/YYYY", "31/12/2025", "31/12/2025"),
    ("YYYY-MM-DD", "31.12.2025", "31.12.2025"), ("DD.MM.YYYY", "2025-12-31", "2025-12-31"),
])
def test_a_declared_date_format_counts_and_another_fails(declared, written, expected):
    assert plain(written, kind=DATE, date_format=declared) == [expected]


@pytest.mark.parametrize(("written", "expected"), [
    ("2025-12", "2025-12"), ("2025-12-31", "2025-12-31"), ("12/2025", "2025-12"), ("1/2025", "2025-01"),
    ("12.2025", "2025-12"), ("2025/03", "2025-03"), ("2025.03", "2025-03"), ("31.12.2025", "2025-12-31"),
    ("Dec-25", "Dec-25"), ("13/2025", "13/2025"), ("03.04.2025", "03.04.2025 (3 April or 4 March?)"),
    ("2025.1", "2025.1"),
])
def test_a_month_is_rewritten(written, expected):
    assert plain(written, kind=Kind.MONTH) == [expected]


def test_flags_are_read_in_three_languages():
    yes, no = ("x", "X", "✓", "Ja", "WAHR", "oui", "vrai", " x\u00a0"), ("nein", "Falsch", "non", "FAUX")
    assert plain(*yes, *no, "Yes", "0", "maybe", "", kind=Kind.FLAG) == [
        *["true"] * len(yes), *["false"] * len(no), "Yes", "0", "maybe", None]


def test_text_is_composed_and_trimmed_and_else_unchanged():
    assert plain("\ufeffCafe\u0301\u00a0", " a  b\u00a0c ", "1.234,5", "\u200b", "", None, kind=Kind.TEXT) == [
        "Café", "a  b\u00a0c", "1.234,5", None, None, None]


def test_unknown_columns_other_types_and_the_input_stay_as_they_are():
    table = pa.table({"c": ["1,5"], "other": [" 1,5 "], "typed": [1.5], "large": pa.array(["2,5"], pa.large_string())})
    columns = dict.fromkeys(("c", "typed", "large"), column(NUMBER))
    assert plain_table(table, columns, dialect=Dialect()).to_pylist() == [
        {"c": "1.5", "other": " 1,5 ", "typed": 1.5, "large": "2.5"}]
    assert table["c"].to_pylist() == ["1,5"]
    assert plain_table(table.slice(0, 0), columns, dialect=Dialect()).num_rows == 0


def test_a_column_in_several_chunks_keeps_its_rows():
    chunks = pa.chunked_array([["1,5", "2"], [], ["2", "3,5", None], ["1,5"]], pa.string())
    found = plain_table(pa.table({"c": chunks}), {"c": column(NUMBER)}, dialect=Dialect())
    assert found["c"].to_pylist() == ["1.5", "2", "2", "3.5", None, "1.5"]


def test_a_plain_file_costs_no_python_per_cell(monkeypatch):
    monkeypatch.setattr(module, "_distinct", lambda encoded: pytest.fail("a plain column was looked at cell by cell"))
    table = pa.table({"n": ["1.234", "7"], "d": ["2025-12-31", None], "m": ["2025-12", "2025-01"], "f": ["Yes", "0"],
                      "t": ["a b", "c"]})
    kinds = {"n": NUMBER, "d": DATE, "m": Kind.MONTH, "f": Kind.FLAG, "t": Kind.TEXT}
    columns = {name: column(kind) for name, kind in kinds.items()}
    assert plain_table(table, columns, dialect=Dialect()).equals(table)


@pytest.mark.parametrize(("name", "value", "message"), [
    ("date_format", "DD.MM.YY", "date_format 'DD.MM.YY', allowed YYYY-MM-DD"), ("decimal_mark", "'", "decimal_mark"),
])
def test_an_unknown_dialect_is_refused(name, value, message):
    with pytest.raises(WorkbookError, match=message):
        Dialect(**{name: value})


@pytest.mark.parametrize(("kind", "value", "expected"), [
    (NUMBER, DOUBT_1234, "decimal_mark in the table workbook"),
    (NUMBER, "12.5 (decimal mark ',' is declared)", "decimal_mark"),
    (DATE, "03.04.2025 (3 April or 4 March?)", "date_format in the table workbook"),
    (DATE, "31/12/2025", "date_format"), (Kind.MONTH, "3/4/2025 (3 April or 4 March?)", "date_format"),
    (DATE, "31.12.25", "four digits"), (NUMBER, "#REF!", "Mend the formula"), (DATE, "#DIV/0!", "Mend the formula"),
    (NUMBER, "#NAME?", "Mend the formula"), (Kind.INTEGER, "#N/A", "Mend the formula"),
    (Kind.FLAG, "=A1&B1", "Calculate the formula"),
    (Kind.MONTH, "Dec-25", "Write the month as 2025-12; Excel turned it into a date."),
    (Kind.MONTH, "Dez 25", "Excel turned"), (NUMBER, "5 $", "workbook's currency"),
    (Kind.INTEGER, "USD 5", "workbook's currency"), (NUMBER, "-£5", "currency"),
    (NUMBER, "five", "Write a plain number"), (Kind.MONTH, "spring", "Write the month"),
    (Kind.FLAG, "maybe", "true or false"),
])
def test_the_remedy_names_the_way_out(kind, value, expected):
    assert expected in remedy(kind, value)


NUMBERS = st.builds(lambda units, places: Decimal(units).scaleb(-places), st.integers(-10**12, 10**12),
                    st.integers(0, 6))


def office(number, group, mark, style="{}"):
    text = style.format(f"{abs(number):,f}".replace(",", "g").replace(".", mark).replace("g", group))
    return f"({text})" if number < 0 and "(" in group + style else f"-{text}" if number < 0 else text


STYLES = [(".", ",", "{}"), (",", ".", "{}"), ("", ",", "{}"), ("", ".", "{}"), (" ", ",", "{} €"),
          ("\u202f", ",", "{}\u00a0€"), ("’", ".", "EUR {}"), ("'", ".", "{}"), ("\u00a0", ".", "€{}"),
          (".", ",", "€ {}")]


@settings(max_examples=150, deadline=None)
@given(numbers=st.lists(NUMBERS, min_size=1, max_size=8), style=st.sampled_from(STYLES),
       delimiter=st.sampled_from(",;"))
def test_a_number_of_any_office_reads_back_where_its_mark_is_declared(numbers, style, delimiter):
    found = plain(*(office(number, *style) for number in numbers), decimal_mark=style[1], delimiter=delimiter)
    assert [Decimal(cell) for cell in found] == numbers
    assert all(passes(cell, NUMBER) for cell in found)


@settings(max_examples=200, deadline=None)
@given(numbers=st.lists(NUMBERS | st.integers(-9999, 9999).map(Decimal) | st.sampled_from(
    [Decimal("1.234"), Decimal(1234), Decimal("12.500"), Decimal(-999000)]), min_size=1, max_size=5),
    style=st.sampled_from(STYLES))
def test_without_a_declaration_a_number_is_right_or_refused(numbers, style):
    found = plain(*(office(number, *style) for number in numbers))
    assert all("?" in cell or Decimal(cell) == number for cell, number in zip(found, numbers, strict=True))
    assert not any(passes(cell, NUMBER) for cell in found if "?" in cell)


@settings(max_examples=150, deadline=None)
@given(numbers=st.lists(st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 3)), min_size=1,
                        max_size=6),
       text=st.sampled_from(["3,5", "1.234,5", "12.5", "1,234", "1.234", "x"]),
       mark=st.sampled_from(("", ".", ",")), delimiter=st.sampled_from(",;"))
def test_a_typed_number_keeps_its_value_beside_any_text(numbers, text, mark, delimiter):
    table = pa.table({"c": [*map(repr, numbers), text]})
    typed = {"c": np.array([True] * len(numbers) + [False])}
    found = plain_table(table, {"c": column(NUMBER)}, dialect=Dialect(decimal_mark=mark), delimiter=delimiter,
                        typed=typed)
    assert [float(cell) for cell in found["c"].to_pylist()[:-1]] == numbers


def written_date(day, date_format, pad):
    parts = {"DD": f"{day.day:{pad}}", "MM": f"{day.month:{pad}}", "YYYY": f"{day.year:04d}"}
    for name, text in parts.items():
        date_format = date_format.replace(name, text)
    return date_format


@settings(max_examples=150, deadline=None)
@given(day=st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2199, 12, 31)),
       date_format=st.sampled_from(DATE_FORMATS),
       pad=st.sampled_from(("02d", "d")))
def test_a_date_reads_back_where_its_format_is_declared_and_else_is_right_or_refused(day, date_format, pad):
    written = written_date(day, date_format, pad)
    assert plain(written, kind=DATE, date_format=date_format) == [str(day)]
    [found] = plain(written, kind=DATE)
    assert found == str(day) or (found.endswith("?)") and not passes(found, DATE))


@pytest.mark.parametrize("value", ["450 T€", "450 TEUR", "1,2 Mio. EUR", "5 k€"])
def test_a_number_with_its_own_unit_is_to_be_written_in_the_columns(value):
    assert remedy(Kind.NUMBER, value) == "Write the number alone, in the column's unit."
