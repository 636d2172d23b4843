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
    ({"effort_pm": -1.0}, "effort_pm of F1 is -1, allowed a finite number, 0 or more"),
    ({"reach": math.nan}, "reach of F1 is nan"),
    ({"confidence": math.inf}, "confidence of F1 is inf"),
    ({"impact_low": 1.5}, "impact_low of F1 is above its impact_mode"),
    ({"impact_high": 0.9}, "impact_mode of F1 is above its impact_high"),
    ({"depends_on": "F7"}, r"depends_on of F1 is 'F7', which is no feature. Known: F1, F2"),
    ({"depends_on": "F1"}, "in a circle: F1 before F1"),
])  # fmt: skip
def test_a_row_that_cannot_be_planned_with_is_refused(backlog, given, message):
    with pytest.raises(SchemaError, match=message):
        read_backlog(backlog(F1=given, F2={}), product_id=None)


def test_a_feature_that_comes_twice_and_a_missing_table_or_column_are_refused(backlog):
    tables = backlog(F1={}, F2={})
    tables["features"]["feature_id"] = "F1"
    with pytest.raises(SchemaError, match="feature_id 'F1' comes twice"):
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
