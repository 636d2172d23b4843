"""Reading tables: defaults, types, closed words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, SchemaError
from pmlib.scoring import score
from pmlib.scoring.inputs import listed, read_table


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
