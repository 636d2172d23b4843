"""Value functions and the tree of criteria."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import MissingTableError, ScaleError, SchemaError
from pmlib.scoring import criteria


def _leaf(**cells):
    row = {"objective_id": "reach", "name": "Reach", "worst": 1.0, "best": 5.0, **cells}
    return {"objectives": pd.DataFrame([row])}


def _scale(**cells):
    return criteria(_leaf(**cells)).scales[0]


def test_anchors_are_worth_0_and_100_points():
    assert _scale().value([1.0, 5.0, 2.0]).tolist() == [0.0, 100.0, 25.0]


def test_minimise_turns_the_scale_round():
    scale = _scale(direction="minimise", worst=10.0, best=0.0)
    assert scale.value([10.0, 0.0, 2.5]).tolist() == [0.0, 100.0, 75.0]


def test_piecewise_runs_through_its_points():
    scale = _scale(value_function="piecewise", points="1=0; 3=20; 5=100")
    assert scale.value([1, 2, 3, 4, 5]).tolist() == [0.0, 10.0, 20.0, 60.0, 100.0]


def test_piecewise_takes_points_in_any_order_and_minimises():
    cells = {"direction": "minimise", "worst": 20.0, "best": 0.0, "value_function": "piecewise"}
    scale = _scale(**cells, points="0=100;20=0 ; 5=90")
    assert scale.value([20, 12.5, 5, 0]).tolist() == [0.0, 45.0, 90.0, 100.0]


@settings(max_examples=30, deadline=None)
@given(raw=st.floats(-1e6, 1e6), other=st.floats(-1e6, 1e6))
def test_value_never_leaves_0_to_100_and_never_falls_as_levels_get_better(raw, other):
    scale = _scale(value_function="piecewise", points="1=0; 3=20; 5=100", outside="clip")
    low, high = scale.value(sorted([raw, other]))
    assert 0 <= low <= high <= 100


@settings(max_examples=30, deadline=None)
@given(level=st.floats(0, 1), shift=st.floats(-100, 100), stretch=st.floats(0.01, 100))
def test_value_does_not_depend_on_the_unit_of_the_level(level, shift, stretch):
    plain = _scale(worst=0.0, best=1.0).value(level)
    other = _scale(worst=shift, best=shift + stretch).value(shift + stretch * level)
    assert other == pytest.approx(plain, abs=1e-6)


def test_missing_level_stays_missing():
    assert np.isnan(_scale().value([np.nan]))[0]


@pytest.mark.parametrize("word", ["maximize", "max", "cost", "Minimise"])
def test_unknown_direction_word_is_refused_and_never_taken_as_cost(word):
    with pytest.raises(SchemaError, match=rf"direction is '{word}' in row 1\. Known: maximise, minimise"):
        criteria(_leaf(direction=word))


def test_near_word_is_suggested():
    with pytest.raises(SchemaError, match=r"Did you mean 'maximise'"):
        criteria(_leaf(direction="maximize"))


@pytest.mark.parametrize(
    ("cells", "remedy"),
    [
        ({"direction": "maximise", "worst": 5.0, "best": 1.0}, "worst 5 lies above best 1.*direction to minimise"),
        ({"direction": "minimise", "worst": 1.0, "best": 5.0}, "worst 1 lies below best 5.*direction to maximise"),
        ({"worst": 2.0, "best": 2.0}, "worst 2 to best 2, allowed two different"),
        ({"worst": 2.0, "best": np.nan}, "worst 2 to best nan.*Fill both"),
        ({"value_function": "exponential"}, "value_function is 'exponential'"),
        ({"outside": "ignore"}, "outside is 'ignore'.*Known: refuse, clip"),
    ],
)
def test_scale_that_contradicts_itself_is_refused_with_the_remedy(cells, remedy):
    with pytest.raises(SchemaError, match=remedy):
        criteria(_leaf(**cells))


@pytest.mark.parametrize(
    "points",
    ["", "1=0; 3", "1=0; five=100", "1=0; 3=nan; 5=100", "1=0; 4=100", "1=0; 3=60; 4=40; 5=100", "1=0; 1=5; 5=100",
     "1=0; 3=120; 5=100", "1=10; 5=100", "1=0,5; 5=100"],
)  # fmt: skip
def test_points_text_that_is_no_rising_scale_is_refused(points):
    with pytest.raises(SchemaError, match=r"points of 'reach'.*(Write them like|Correct the points)"):
        criteria(_leaf(value_function="piecewise", points=points))


def test_do_nothing_is_the_worst_level_unless_given():
    assert criteria(_leaf()).do_nothing["reach"] == 0.0
    assert criteria(_leaf(do_nothing=2.0)).do_nothing["reach"] == 25.0


def test_do_nothing_outside_the_scale_is_refused_or_clipped():
    with pytest.raises(ScaleError, match=r"do_nothing of 'reach' is 0, allowed 1 to 5"):
        criteria(_leaf(do_nothing=0.0))
    assert criteria(_leaf(do_nothing=0.0, outside="clip")).do_nothing["reach"] == 0.0


def test_leaves_are_nobodys_parent_and_have_a_scale(make_tables):
    tree = criteria(make_tables())
    assert tree.leaves == ["reach", "fit", "risk"]
    assert tree.leaves_below("market") == ["reach", "fit"]
    assert tree.leaves_below("goal") == tree.leaves
    with pytest.raises(SchemaError, match=r"'markt' is not in the tree.*Did you mean 'market'"):
        tree.leaves_below("markt")


def test_childless_objective_without_scale_is_noted():
    frame = pd.DataFrame({"objective_id": ["reach", "idea"], "name": ["R", "I"], "worst": [0, None], "best": [1, None]})
    tree = criteria({"objectives": frame})
    assert tree.leaves == ["reach"]
    assert tree.notes == ("Objective idea has neither children nor a scale and counts for nothing.",)


def test_points_of_a_linear_scale_are_noted_as_unused():
    assert "points text is not used" in criteria(_leaf(points="1=0; 5=100")).notes[0]


def test_ring_of_parents_is_refused(make_tables, change):
    objectives = change(make_tables()["objectives"], ("objective_id", "goal"), "parent", "market")
    with pytest.raises(SchemaError, match=r"ring.*Empty one parent"):
        criteria({"objectives": objectives})


def test_unknown_parent_is_refused_with_a_near_name(make_tables, change):
    objectives = change(make_tables()["objectives"], ("objective_id", "reach"), "parent", "markt")
    with pytest.raises(SchemaError, match=r"parent 'markt' of 'reach' is no objective.*Did you mean 'market'"):
        criteria({"objectives": objectives})


def test_objective_that_stands_twice_is_refused(make_tables):
    frame = make_tables()["objectives"]
    with pytest.raises(SchemaError, match=r"'reach' stands in 2 rows"):
        criteria({"objectives": pd.concat([frame, frame[frame["objective_id"] == "reach"]])})


def test_tree_without_any_scale_is_refused():
    with pytest.raises(SchemaError, match=r"no leaf has a scale.*Fill worst and best"):
        criteria(_leaf(worst=np.nan, best=np.nan))


def test_missing_table_is_named():
    with pytest.raises(MissingTableError, match=r"needs the table 'objectives'.*at least: objective_id, name"):
        criteria({})
