"""Why one project beats another."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import CheckError, ParameterError
from pmlib.scoring import score
from pmlib.scoring.explanation import crossing_weights


def _moved(shares, j, weight):
    others = np.delete(shares, j)
    others = others / others.sum() if others.sum() > 0 else np.full(len(others), 1 / len(others))
    return np.insert(others * (1 - weight), j, weight)


def test_differences_add_up_to_the_lead(make_tables):
    told = score(make_tables()).explain("B", "C")
    frame = told.to_frame().set_index("objective_id")
    assert frame["difference"].to_dict() == pytest.approx({"reach": -30.0, "risk": 20.0, "fit": 12.0})
    assert frame.index.to_list() == ["reach", "risk", "fit"]
    assert frame["difference"].sum() == pytest.approx(told.value_a - told.value_b) == pytest.approx(2.0)
    assert frame.loc["fit", ["points_a", "points_b", "contribution_a", "contribution_b"]].to_list() == [100, 60, 30, 18]


def test_crossing_weight_makes_both_level(make_tables):
    card = score(make_tables())
    frame = card.explain("B", "C").to_frame().set_index("objective_id")
    # Reach alone at w: -60 w + (.6 * 40 + .4 * 100)(1 - w) = 0 at w = 64 / 124.
    assert frame.loc["reach", "crossing"] == pytest.approx(64 / 124)
    for leaf, weight in frame["crossing"].items():
        j = card.tree.leaves.index(leaf)
        moved = _moved(card.weights.to_numpy(), j, weight)
        again = score(make_tables(), weights=dict(zip(card.tree.leaves, moved, strict=True))).to_frame()
        values = again.set_index("project_id")["value"]
        assert values["B"] == pytest.approx(values["C"])


def test_dominated_project_never_draws_level(make_tables):
    told = score(make_tables()).explain("A", "D")
    assert told.to_frame()["crossing"].isna().all()
    assert told.summary() == (
        "A Atlas is 24.0 points ahead of D Dune (56.0 to 32.0): it gains most on Reach (+10.0); "
        "no single weight turns this round."
    )


def test_sentence_names_gain_loss_and_the_nearest_crossing(make_tables):
    assert score(make_tables()).explain("C", "B").summary() == (
        "B Beacon is 2.0 points ahead of C Calibration (70.0 to 68.0): it gains most on Delivery risk (+20.0) and "
        "loses most on Reach (-30.0); they are level when the weight of Reach goes from 50 % to 52 %."
    )


def test_missing_scores_are_said_to_stand_at_the_middle(make_tables):
    scores = make_tables()["scores"].drop(index=0)
    told = score(make_tables(scores=scores)).explain("A", "B")
    assert told.to_frame().set_index("objective_id")["judged"].to_dict() == {"reach": False, "fit": True, "risk": True}
    assert "missing scores stand at the middle of their range" in told.summary()


def test_level_projects_are_called_level(make_tables):
    scores = make_tables()["scores"]
    told = score(make_tables(scores=scores.assign(raw_level=[5.0, 3.0, 5.0] * 4))).explain("A", "B")
    assert told.summary().startswith("A Atlas and B Beacon are level at 41.0 points")
    assert "level" in repr(told)


def test_headline_gives_lead_and_cause(make_tables):
    assert score(make_tables()).explain("B", "C").headline() == {
        "+2.0": "points, B Beacon against C Calibration",
        "-30.00": "points of it from Reach",
    }


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.integers(-100, 100), min_size=3, max_size=3),
    raw=st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(any),
)
def test_crossing_is_where_brute_force_changes_sign(gaps, raw):
    shares, gap = np.array(raw) / sum(raw), np.array(gaps, dtype=float)
    for j, crossing in enumerate(crossing_weights(gap, shares)):
        leads = np.array([_moved(shares, j, weight) @ gap for weight in np.linspace(0, 1, 41)])
        changes = leads.min() < -1e-9 and leads.max() > 1e-9
        assert not (changes and np.isnan(crossing))
        if not np.isnan(crossing):
            assert _moved(shares, j, crossing) @ gap == pytest.approx(0, abs=1e-8)


def test_by_default_the_leader_is_compared_with_the_best_of_the_others_and_alone_with_doing_nothing():
    tables = {
        "objectives": pd.DataFrame({"objective_id": ["A", "B"], "name": ["a", "b"], "worst": [0.0, 0.0],
                                    "best": [10.0, 10.0], "do_nothing": [2.0, 0.0]}),
        "weights": pd.DataFrame({"objective_id": ["A", "B"], "group": "board", "weight": [0.5, 0.5]}),
        "scores": pd.DataFrame({"project_id": ["P1", "P1", "P2", "P2"], "objective_id": ["A", "B"] * 2,
                                "raw_level": [8.0, 6.0, 4.0, 4.0]}),
    }
    why = score(tables).explain()
    assert (why.a.split()[0], why.b.split()[0]) == ("P1", "P2")
    alone = score(tables | {"scores": tables["scores"].head(2)}).explain()
    assert alone.b == "doing nothing"
    assert (alone.value_a, alone.value_b) == (70.0, 10.0)
    assert alone.table["difference"].sum() == pytest.approx(60.0)


def test_a_scorecard_adds_its_contributions_up_again(make_tables):
    card = score(make_tables())
    assert card.check().startswith("Weights sum to 1")
    with pytest.raises(CheckError, match="contributions miss the points by up to 1, allowed"):
        dataclasses.replace(card, table=card.table.assign(increment=card.table["increment"] + 1)).check()


@pytest.mark.parametrize("project", [pd.NA, ["B"], 7, "", pd.Series(["B"])])
def test_what_is_no_id_of_a_project_is_refused(make_tables, project):
    card = score(make_tables())
    for pair in ((project, "A"), ("A", project)):
        with pytest.raises(ParameterError, match="is not among the 4 projects scored"):
            card.explain(*pair)
