"""Assessors' answers: values first, then the mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ScaleError, SchemaError
from pmlib.scoring import criteria
from pmlib.scoring.assessors import judged


def _judged(make_tables, rows, **columns):
    tables = make_tables(scores=pd.DataFrame(rows, columns=["project_id", "objective_id", "assessor_id", "raw_level"]))
    return judged(tables, criteria(tables), projects=["A", "B"])


def test_answers_are_turned_into_points_before_they_are_averaged(make_tables):
    answers = _judged(make_tables, [("A", "fit", "x", 1.0), ("A", "fit", "y", 5.0)])
    # The mean level 3 would be worth 20 points on this bent scale; the mean of 0 and 100 is 50.
    assert answers.points[0, 1] == 50.0
    assert answers.n_assessors[0].tolist() == [0, 2, 0]


def test_empty_answers_are_left_out_of_the_mean_and_of_the_count(make_tables):
    answers = _judged(make_tables, [("A", "reach", "x", 4.0), ("A", "reach", "y", np.nan), ("B", "fit", "x", np.nan)])
    assert answers.points[0, 0] == 40.0
    assert answers.n_assessors.tolist() == [[1, 0, 0], [0, 0, 0]]
    assert np.isnan(answers.points).sum() == 5


@pytest.mark.parametrize("level", [10.5, -1.0, np.inf, -np.inf])
def test_level_outside_the_scale_is_refused_by_name(make_tables, level):
    match = rf"project 'A', objective 'reach', assessor 'y': got {level:g}, allowed 0 to 10\. .*set outside to clip"
    with pytest.raises(ScaleError, match=match):
        _judged(make_tables, [("B", "reach", "x", 3.0), ("A", "reach", "y", level)])


def test_rounding_at_the_end_of_a_scale_is_no_error(make_tables):
    assert _judged(make_tables, [("A", "reach", "x", 10.0 + 1e-12)]).points[0, 0] == 100.0


def test_level_outside_a_clipping_scale_counts_as_its_end(make_tables):
    objectives = make_tables()["objectives"].assign(outside="clip")
    scores = pd.DataFrame({"project_id": ["A"], "objective_id": ["risk"], "raw_level": [12.0]})
    tables = make_tables(objectives=objectives, scores=scores)
    assert judged(tables, criteria(tables), projects=["A"]).points[0, 2] == 0.0
    with pytest.raises(ScaleError, match=r"got inf, allowed 0 to 10. Correct the level, or widen worst and best.$"):
        judged({**tables, "scores": scores.assign(raw_level=np.inf)}, criteria(tables), projects=["A"])


def test_other_projects_are_left_aside_even_when_their_levels_are_wrong(make_tables):
    answers = _judged(make_tables, [("Z", "reach", "x", 99.0), ("Z", "riks", "x", 1.0), ("B", "reach", "x", 1.0)])
    assert answers.n_assessors.sum() == 1


@pytest.mark.parametrize(("objective", "why"), [("riks", "is not in objectives"), ("market", "has no scale")])
def test_score_for_what_is_no_leaf_is_refused(make_tables, objective, why):
    with pytest.raises(SchemaError, match=f"objective '{objective}' of project 'A' {why}.*Score only leaves"):
        _judged(make_tables, [("A", "reach", "x", 3.0), ("A", objective, "x", 3.0)])


def test_assessor_who_judged_twice_is_refused(make_tables):
    with pytest.raises(SchemaError, match=r"assessor 'x' judged project 'A' on 'reach' more than once"):
        _judged(make_tables, [("A", "reach", "x", 3.0), ("A", "reach", "y", 3.0), ("A", "reach", "x", 4.0)])


def test_missing_table_is_named(make_tables):
    with pytest.raises(MissingTableError, match=r"needs the table 'scores'"):
        judged({}, criteria(make_tables()), projects=["A"])
