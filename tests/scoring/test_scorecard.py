"""What a scorecard says and hands out."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.scoring import score


def test_contributions_add_up_to_the_increment(make_tables):
    card = score(make_tables())
    assert card.contributions.loc["A"].to_dict() == pytest.approx({"reach": 40.0, "fit": 6.0, "risk": 10.0})
    assert card.contributions.index.to_list() == card.to_frame()["project_id"].to_list()


def test_branches_add_up_their_leaves(make_tables):
    rolled = score(make_tables()).roll_up()
    assert rolled.columns.to_list() == ["goal", "market"]
    assert rolled.loc["A"].to_list() == pytest.approx([56.0, 46.0])


def test_leaf_without_parent_keeps_its_own_column(make_tables, change):
    objectives = change(make_tables()["objectives"], ("objective_id", "risk"), "parent", None)
    card = score(make_tables(objectives=objectives))
    assert card.roll_up()[["goal", "risk"]].sum(axis=1).to_dict() == pytest.approx(card.increments.to_dict())


def test_number_of_assessors_is_known_for_every_score(make_tables):
    scores = make_tables()["scores"]
    second = scores[scores["project_id"] == "A"].assign(assessor_id="second")
    assert score(make_tables(scores=pd.concat([scores, second]))).n_assessors["reach"].to_dict() == {
        "B": 1, "C": 1, "A": 2, "D": 1,
    }  # fmt: skip


def test_summary_says_who_leads_by_how_much_and_what_keeps_it_first(make_tables):
    # B against C: reach -60, fit +40, risk +100 points; level when reach weighs 64/124 = 51.6 %.
    assert score(make_tables()).summary() == (
        "B Beacon leads with 70 of 100 points, 2 ahead of C; "
        "it stays first while the weight of Reach is at most 51.6 %."
    )


def test_summary_counts_projects_with_bounds_and_who_could_lead(make_tables):
    scores = make_tables()["scores"]
    summary = score(make_tables(scores=scores[scores["project_id"] != "D"])).summary()
    assert summary.endswith("1 of 4 projects lacks a score and carries bounds; 1 could still pass the leader.")


def test_small_lead_is_not_rounded_to_nothing(make_tables):
    scores = make_tables()["scores"]
    near = scores.assign(raw_level=scores["raw_level"].where(scores.index != 3, 3.61))
    assert "leads with 68.05 of 100 points, 0.05 ahead of C" in score(make_tables(scores=near)).summary()


def test_shared_first_place_is_said(make_tables):
    scores = make_tables()["scores"]
    twin = scores[scores["project_id"] == "B"].assign(project_id="A")
    card = score(make_tables(scores=pd.concat([scores[scores["project_id"] != "A"], twin])))
    assert card.summary().startswith("A, B share first place with 70 of 100 points")


def test_single_project_needs_no_rival(make_tables):
    card = score(make_tables(projects=make_tables()["projects"].head(1)))
    assert card.summary().startswith("A Atlas is the only project and has 56 of 100 points.")
    assert len(card.value_for_money().to_frame()) == 1


def test_headline_gives_the_figures(make_tables):
    assert score(make_tables()).headline() == {
        "4": "projects scored",
        "70.0": "points of 100, B Beacon",
        "at most 51.6 %": "weight of Reach that keeps it first",
    }


def test_headline_counts_gaps_and_leaves_out_stability_when_nothing_unseats_the_leader(make_tables):
    scores = make_tables()["scores"]
    best = scores.assign(raw_level=scores["raw_level"].where(scores["project_id"] != "B", [10.0, 5.0, 0.0] * 4))
    assert score(make_tables(scores=best.drop(index=0))).headline() == {
        "4": "projects scored",
        "100.0": "points of 100, B Beacon",
        "1 of 4": "lack a score and carry bounds",
    }


def test_repr_is_one_line_for_a_meeting(make_tables):
    assert repr(score(make_tables())) == (
        "<Scorecard: 4 projects on 3 criteria, weights of board; first B Beacon 70.0, then C Calibration 68.0; "
        "0 with bounds>"
    )


def test_frames_handed_out_do_not_share_changes(make_tables):
    card = score(make_tables())
    frame, parts = card.to_frame(), card.contributions
    frame.loc[0, "value"] = -1.0
    parts.iloc[0, 0] = -1.0
    assert card.to_frame().loc[0, "value"] == 70.0
    assert card.contributions.iloc[0, 0] == 20.0


def test_unknown_project_is_refused_with_a_near_name(make_tables):
    card = score(make_tables(projects=make_tables()["projects"].assign(project_id=["P10", "P20", "P30", "P40", "P50"])))
    with pytest.raises(ParameterError, match=r"project 'P1O' is not among the 4 projects scored. Did you mean 'P10'"):
        card.explain("P20", "P1O")
    with pytest.raises(ParameterError, match=r"got 'P10' twice"):
        card.explain("P10", "P10")
