"""Reading tables: defaults, types, closed words."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.scoring import score
from pmlib.scoring.inputs import first_year, floats, listed, read_table, whole_number


def test_absent_and_empty_cells_take_the_defaults_of_the_schema():
    frame = pd.DataFrame({"objective_id": ["a", "b"], "weight": ["1", 2], "group": [None, "sales"]}, index=[7, 7])
    table = read_table({"weights": frame}, "weights", columns=("objective_id", "group", "weight", "method"))
    assert table["group"].to_list() == ["board", "sales"]
    assert table["method"].to_list() == ["direct", "direct"]
    assert table["weight"].to_list() == [1.0, 2.0]
    assert table.index.to_list() == [0, 1]


def test_required_column_that_is_missing_is_named_with_the_nearest_one():
    with pytest.raises(SchemaError, match=r"column 'weight' is missing.*Did you mean 'weights'"):
        read_table({"weights": pd.DataFrame({"objective_id": ["a"], "weights": [1]})}, "weights", columns=("weight",))


def test_text_where_a_number_belongs_is_refused_and_never_becomes_missing(make_tables):
    scores = make_tables()["scores"].astype({"raw_level": object})
    scores.loc[4, "raw_level"] = "5,0"
    with pytest.raises(SchemaError, match=r"scores: raw_level holds '5,0' in row 5, allowed.*Write a plain number"):
        score(make_tables(scores=scores))


def test_workbook_that_knows_why_a_table_is_missing_is_not_overruled():
    class Blocked(dict):
        def __missing__(self, name):
            raise MissingTableError(f"Table '{name}' is blocked: two files.")

    with pytest.raises(MissingTableError, match=r"'objectives' is blocked: two files"):
        score(Blocked())


def test_ids_given_as_numbers_match_ids_given_as_text():
    objectives = pd.DataFrame({"objective_id": [1], "name": ["One"], "worst": [0], "best": [10]})
    scores = pd.DataFrame({"project_id": [7], "objective_id": ["1"], "raw_level": [5]})
    projects = pd.DataFrame({"project_id": ["7"], "name": ["Seven"], "state": ["held"], "bac_k": [1]})
    card = score({"objectives": objectives, "scores": scores, "projects": projects}, weights={"1": 1.0})
    assert card.to_frame()["value"].to_list() == [50.0]


def test_input_frames_are_never_changed(make_tables):
    tables = make_tables()
    copies = {name: frame.copy() for name, frame in tables.items()}
    score(tables).summary()
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(frame, copies[name])


@pytest.mark.parametrize("dtype", ["object", "str", "category"])
def test_any_text_type_is_read_alike(make_tables, values_by_hand, dtype):
    scores = make_tables()["scores"].astype({"project_id": dtype, "objective_id": dtype})
    frame = score(make_tables(scores=scores)).to_frame().set_index("project_id")
    assert frame["value"].to_dict() == pytest.approx(values_by_hand)


def test_long_lists_are_cut_and_counted():
    assert listed(pd.Series(["c", "a", "b"]), most=2) == "a, b and 1 more"
    assert listed(pd.Series(np.array([], dtype=object))) == ""


@pytest.mark.parametrize("tables", [None, [1], "folder", pd.DataFrame()])
def test_what_is_no_mapping_of_tables_is_refused(tables):
    with pytest.raises(ParameterError, match=r"tables: got a .*, allowed a workbook or a mapping.*Write \{'obj"):
        score(tables)


@pytest.mark.parametrize("table", [None, [1], np.ones((2, 2)), pd.Series([1.0]), {"objective_id": ["a"]}])
def test_a_table_that_is_no_frame_is_refused_by_name(make_tables, table):
    with pytest.raises(SchemaError, match=r"weights: got a .*, allowed a DataFrame\. Read it into one"):
        score(dict(make_tables(), weights=table))


def test_a_column_that_stands_twice_is_refused(make_tables):
    scores = make_tables()["scores"]
    with pytest.raises(SchemaError, match=r"scores: column 'project_id' stands 2 times, allowed once\. Keep one"):
        score(make_tables(scores=pd.concat([scores, scores[["project_id"]]], axis=1)))


@pytest.mark.parametrize("empty", [None, np.nan, pd.NA])
def test_an_empty_key_is_refused_with_its_row(make_tables, empty):
    projects = make_tables()["projects"].astype({"project_id": object})
    projects.loc[2, "project_id"] = empty
    with pytest.raises(SchemaError, match=r"projects: project_id is empty in row 3, .*Fill the cell"):
        score(make_tables(projects=projects))


def test_the_row_of_a_bad_cell_is_counted_even_where_the_index_repeats(make_tables):
    scores = make_tables()["scores"].astype({"raw_level": object})
    scores.loc[4, "raw_level"] = 1j
    with pytest.raises(SchemaError, match=r"scores: raw_level holds 1j in row 5, "):
        score(make_tables(scores=scores.set_axis([0] * len(scores))))


@pytest.mark.parametrize("day", ["abc", "5", 5, 1e300, True, [1], ""])
def test_a_workbook_whose_date_is_none_is_refused(make_tables, day):
    workbook = pd.DataFrame({"as_of": pd.Series([day], dtype=object), "currency": ["EUR"]})
    with pytest.raises(SchemaError, match=r"workbook: as_of holds .* in row 1, allowed date YYYY-MM-DD\."):
        first_year({"workbook": workbook})


@pytest.mark.parametrize("day", ["2025-12-31", dt.date(2025, 12, 31), np.datetime64("2025-12-31")])
def test_a_plan_begins_the_month_after_the_date_however_it_is_typed(day):
    assert first_year({"workbook": pd.DataFrame({"as_of": pd.Series([day], dtype=object)})}) == 2026


@pytest.mark.parametrize("cell", [1j, [1], {}, pd.Timestamp("2020"), pd.NA, None, "abc"])
def test_what_is_no_number_is_no_float(cell):
    assert np.isnan(floats(pd.Series([cell, 2], dtype=object))).tolist() == [True, False]


def test_dates_and_complex_numbers_do_not_pass_for_numbers():
    assert floats(pd.Series(pd.to_datetime(["2020-01-01"]))).isna().all()
    assert floats(pd.Series([1 + 1j])).isna().all()


def test_whole_numbers_beyond_the_floats_are_infinite():
    assert floats(pd.Series([10**400, 1], dtype=object)).tolist() == [np.inf, 1.0]


@pytest.mark.parametrize("given", [None, True, np.True_, "2", [2], np.nan, pd.NA, 2.5, pd.Series([2])])
def test_what_is_not_whole_passes_no_bounds(given):
    assert not 0 <= whole_number(given) <= 10
