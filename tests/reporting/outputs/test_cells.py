from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.reporting.outputs.cells import (
    column_width,
    cut_text,
    legal_text,
    number_format,
    plain_value,
    sheet_names,
    unique_names,
)


@pytest.mark.parametrize(("value", "kept"), [
    (2**53, 2**53),
    (-(2**53) - 1, "-9007199254740993"),
    (float("inf"), "inf"),
    (float("-inf"), "-inf"),
    (float("nan"), None),
    (None, None),
    (True, True),
    (Decimal("0.1"), 0.1),
    (Decimal("0.12345678901234567890"), "0.12345678901234567890"),
    (Decimal("NaN"), "NaN"),
    (dt.date(2025, 12, 31), dt.date(2025, 12, 31)),
    (dt.date(1900, 2, 28), "1900-02-28"),
    (dt.datetime(2025, 12, 31, 10, tzinfo=ZoneInfo("Europe/Berlin")), "2025-12-31T10:00:00+01:00"),
    (pd.Timestamp("2025-12-31 10:00:00.000000001"), dt.datetime(2025, 12, 31, 10)),
    (dt.timedelta(days=1, hours=2), "1 day, 2:00:00"),
    ({"b": [1, None]}, '{"b": [1, null]}'),
    ((dt.date(2025, 1, 1),), '["2025-01-01"]'),
    (b"\x00\xff", "00ff"),
    (np.float16(0.5), 0.5),
])
def test_what_a_cell_cannot_hold_exactly_becomes_text(value, kept):
    assert plain_value(value) == kept
    assert type(plain_value(value)) is type(kept)


def test_text_keeps_what_a_spreadsheet_would_read_as_an_escape():
    assert legal_text("_x0041_ and _x41_") == "_x005F_x0041_ and _x41_"


def test_every_character_that_xml_refuses_is_seen_to_be_replaced():
    assert legal_text("a\x00b\x1fc\ufffed\ud800e\tf\r\ng\rh") == "a\ufffdb\ufffdc\ufffdd\ufffde\tf\ng\nh"


def test_text_is_cut_by_utf16_units_and_never_through_a_character():
    assert cut_text("😀" * 3, 6) == "😀" * 3
    assert cut_text("😀" * 4, 6) == "😀😀…"


@pytest.mark.parametrize(("name", "values", "shown"), [
    ("value_k", [1.5, None], "#,##0"),
    ("points_per_k", [0.14], "0.000"),
    ("margin_share", [0.5], "0.0 %"),
    ("share_change_pp", [0.5], "0.0"),
    ("share_n", [12], "#,##0"),
    ("p_holm", [0.04], "0.000"),
    ("p10", [16119.4], "#,##0"),
    ("year", [2026], "0"),
    ("customers", [4997], "#,##0"),
    ("month", ["2026-01"], "General"),
    ("agrees", [True], "General"),
    ("day", [dt.date(2026, 1, 1)], "yyyy-mm-dd"),
    ("day", [dt.datetime(2026, 1, 1)], "yyyy-mm-dd"),
    ("at", [dt.datetime(2026, 1, 1, 9)], "yyyy-mm-dd hh:mm"),
    ("points", [68.9], "#,##0.0"),
    ("empty", [None, ""], "General"),
    ("", [1.0], "0.000"),
])
def test_name_and_values_choose_how_numbers_are_shown(name, values, shown):
    assert number_format(name, values) == shown


def test_a_column_is_as_wide_as_what_it_shows_within_bounds():
    assert column_width("n", [1]) == 8
    assert column_width("name", ["x" * 20]) == 22
    assert column_width("text", ["x" * 9000, None]) == 48


@given(st.lists(st.text(max_size=40), max_size=8))
def test_sheet_names_are_legal_and_different_whatever_the_case(wanted):
    names = sheet_names(wanted)
    assert len(names) == len(wanted) == len({name.casefold() for name in names})
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= 31
        assert not set(name) & set("[]:*?/\\\t\n\r\x00")
        assert name[0] != "'" != name[-1]
        assert name.casefold() != "history"


@given(st.lists(st.sampled_from(["a", "A", "a (2)", ""]), max_size=8))
def test_columns_of_one_name_are_told_apart(wanted):
    names = unique_names(wanted)
    assert len(set(names)) == len(wanted)
    assert all(name.startswith(asked) for name, asked in zip(names, wanted, strict=True))
