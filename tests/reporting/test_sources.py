from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.reporting.sources import agrees, rows_query, trace


@pytest.mark.parametrize(("figure", "values"), [
    ("30.0 M", [29_992.1]), ("30.0 M", [29.9921]), ("30.0 M", [29_992_100]), ("340 k", [340.2]),
    ("8.6 of 11.1 M", [8_627.35, 11_124.0]), ("900 k of 11.1 M", [900.2, 11_124.0]), ("46 %", [0.4649]),
    ("+8.7 %", [0.08747]), ("-3.2 pp", [-3.21]), ("5 of 6", [5, 6]), ("5 of 6", [5]),
    ("0.78 to 0.92", [0.7812, 0.919]),
    ("+1,637", [1637.3]), ("9 places", [9]), ("stop P44 of 2", [2]),
    # Rounded inwards: 9.1 % is shown as 10 %, the least whole per cent that is safe.
    ("between 10 % and 22 %", [0.091, 0.229]), ("at most 22 %", [0.0, 0.224]),
])
def test_a_figure_is_that_of_its_rows_rounded_as_shown(figure: str, values: list[float]) -> None:
    assert agrees(figure, values)


@pytest.mark.parametrize(("figure", "values"), [
    ("30.0 M", [29_900.0]), ("46 %", [0.47]), ("5 of 6", [5, 7]), ("60", [61]), ("+1,637", [-1637.3]), ("proved", [1]),
    ("8.6 of 11.1 M", [8_627.35, 11_124_000.0]), ("between 10 % and 22 %", [0.10, 0.24]), ("stop P44", [44]),
    ("2026-07", [7]),
])
def test_a_figure_that_is_not_that_of_its_rows_is_found_out(figure: str, values: list[float]) -> None:
    assert not agrees(figure, values)


@given(st.floats(-1e9, 1e9), st.integers(0, 3))
def test_every_number_agrees_with_itself_as_written(value: float, decimals: int) -> None:
    assert agrees(f"{value:,.{decimals}f} k", [value])
    assert not agrees(f"{value:,.{decimals}f}", [value + 2 * 10.0**-decimals])


def test_names_that_sql_keeps_for_itself_are_quoted() -> None:
    assert rows_query("t.parquet", ["project_id", "group", 'a "b"', "10 % more"], None) == \
        'SELECT project_id, "group", "a ""b""", "10 % more" FROM \'t.parquet\''
    assert rows_query("t.parquet", [], 15) == "SELECT * FROM 't.parquet' LIMIT 15"


def test_the_longest_words_choose_the_query_and_no_figure_asks_none(tmp_path: str) -> None:
    queries = {"projects": "SELECT 1", "projects decided": "SELECT 2", "never shown": "broken"}
    found = trace([("2", "projects decided today", "x.Y"), ("proved", "projects decided well", "x.Y")], queries,
                  folder=str(tmp_path), notebook="n", tables=())
    assert found["projects decided today"]["value"] == 2
    assert "query" not in found["projects decided well"]


def test_a_second_figure_of_the_same_label_does_not_take_the_place_of_the_first(tmp_path: str) -> None:
    found = trace([("1", "risks", "a.A"), ("2", "risks", "b.B")], {}, folder=str(tmp_path), notebook="n", tables=())
    assert found == {"risks": {"figure": "1", "by": "a.A"}}
