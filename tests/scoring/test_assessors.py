"""Assessors' answers: values first, then the mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ScaleError, SchemaError
from pmlib.scoring import criteria
from pmlib.scoring.assessors import judged, rated_leaves


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
    with pytest.raises(ScaleError, match=r"got inf, allowed 0 to 10. Correct the level, widen worst and best.$"):
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


def test_spread_is_the_sample_standard_deviation_in_points_and_unknown_below_two(make_tables):
    rows = [("A", "fit", "x", 1.0), ("A", "fit", "y", 5.0), ("A", "reach", "x", 4.0), ("A", "reach", "y", np.nan)]
    answers = _judged(make_tables, rows)
    assert answers.spread[0, 1] == pytest.approx(np.std([0, 100], ddof=1))
    assert np.isnan(answers.spread).sum() == 5


def test_answers_stay_at_hand_in_points_without_the_empty_ones(make_tables):
    rows = [("B", "risk", "x", 2.0), ("A", "fit", "y", 3.0), ("Z", "fit", "y", 3.0), ("A", "fit", "x", None)]
    answers = _judged(make_tables, rows)
    assert answers.answers.to_dict("list") == {
        "project_id": ["B", "A"], "objective_id": ["risk", "fit"], "assessor_id": ["x", "y"],
        "raw_level": [2.0, 3.0], "points": [80.0, 20.0],
    }  # fmt: skip


def test_levels_that_a_scale_clips_are_counted_and_rounding_is_not(make_tables):
    objectives = make_tables()["objectives"].assign(outside="clip")
    rows = {"project_id": list("AABB"), "objective_id": "risk", "assessor_id": list("xyxy"),
            "raw_level": [12.0, -1.0, 10.0 + 1e-12, np.nan]}  # fmt: skip
    tables = make_tables(objectives=objectives, scores=pd.DataFrame(rows))
    assert judged(tables, criteria(tables), projects=["A", "B"]).n_clipped.tolist() == [0, 0, 2]


def _leaves_on(*ends):
    ids = [f"c{place}" for place in range(len(ends))]
    worst, best = zip(*ends, strict=True)
    direction = ["maximise" if low < high else "minimise" for low, high in ends]
    frame = pd.DataFrame({"objective_id": ids, "name": ids, "direction": direction, "worst": worst, "best": best})
    return criteria({"objectives": frame})


@pytest.mark.parametrize(
    ("ends", "rated"),
    [
        ([(0, 400), (1, 5), (5, 1), (60, 5)], ["c1", "c2"]),
        ([(0, 9), (0, 9), (1, 5), (1, 5)], ["c0", "c1"]),
        ([(0, 9), (1, 5)], []),
        ([(1, 5)], ["c0"]),
    ],
)
def test_raw_levels_compare_only_on_the_scale_that_most_leaves_share(ends, rated):
    assert rated_leaves(_leaves_on(*ends)) == rated


def test_codes_of_a_categorical_scale_are_no_levels_to_average():
    frame = pd.DataFrame({"objective_id": ["a", "b"], "name": ["A", "B"], "value_function": "categorical",
                          "worst": 1.0, "best": 3.0, "points": "1=0; 2=50; 3=100"})  # fmt: skip
    assert rated_leaves(criteria({"objectives": frame})) == []
