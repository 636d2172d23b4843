from __future__ import annotations

import math

import pytest

from pmlib.errors import MissingTableError, SchemaError
from pmlib.product.release.backlog import read_backlog


def test_a_circle_of_needs_is_named(backlog):
    tables = backlog(F1={"depends_on": "F3"}, F2={"depends_on": "F1"}, F3={"depends_on": "F2"}, F4={})
    with pytest.raises(SchemaError, match="in a circle: F1 before F2 before F3 before F1. Clear depends_on"):
        read_backlog(tables, product_id=None)


@pytest.mark.parametrize(("given", "message"), [
    ({"effort_pm": -1.0}, "column 'effort_pm' holds -1.0 in row 0, allowed number, 0 or more"),
    ({"reach": math.nan}, "column 'reach' holds an empty cell in row 0"),
    ({"confidence": math.inf}, "column 'confidence' holds inf in row 0"),
    ({"confidence": 80.0}, "confidence of 'F1' is 80, allowed 0 to 1"),
    ({"confidence": None}, "confidence of 'F1' is missing, allowed a number, 0 or more. Fill it in"),
    ({"impact_low": 1.5}, "impact of 'F1' is 1.5, 1, 2 .low, mode, high., allowed in rising order"),
    ({"impact_high": 0.9}, "allowed in rising order"),
    ({"depends_on": "F7"}, r"depends_on of F1 is 'F7', which is no feature. Known: F1, F2"),
    ({"depends_on": "F1"}, "in a circle: F1 before F1"),
])  # fmt: skip
def test_a_row_that_cannot_be_planned_with_is_refused(backlog, given, message):
    with pytest.raises(SchemaError, match=message):
        read_backlog(backlog(F1=given, F2={}), product_id=None)


def test_a_feature_that_comes_twice_and_a_missing_table_or_column_are_refused(backlog):
    tables = backlog(F1={}, F2={})
    tables["features"]["feature_id"] = "F1"
    with pytest.raises(SchemaError, match="row 1 has the key of an earlier one .feature_id 'F1'"):
        read_backlog(tables, product_id=None)
    with pytest.raises(SchemaError, match="column 'team' is missing"):
        read_backlog({"features": tables["features"].drop(columns="team")}, product_id=None)
    with pytest.raises(MissingTableError, match="table 'features' is missing"):
        read_backlog({}, product_id=None)


def test_the_table_is_left_as_it_was(backlog):
    tables = backlog(F2={}, F1={"name": "one"})
    before = tables["features"].copy()
    frame = read_backlog(tables, product_id="A")
    assert frame["name"].tolist() == ["one", "F2"]
    assert tables["features"].equals(before)


def test_a_column_without_a_single_word_reads_as_empty(backlog):
    tables = backlog(F1={"depends_on": math.nan, "team": math.nan}, F2={"depends_on": math.nan, "team": math.nan})
    assert read_backlog(tables, product_id=None)[["depends_on", "team"]].to_numpy().tolist() == [["", ""]] * 2
