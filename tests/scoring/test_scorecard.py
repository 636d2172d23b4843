"""What a scorecard says and hands out."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.scoring import score, tornado, weight_space

mpl.use("Agg")


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


def _twice_judged(tables, apart=1.0):
    """Let a second assessor judge A on reach, ``apart`` levels above the first."""
    scores = tables["scores"]
    second = scores.head(1).assign(assessor_id="second", raw_level=lambda rows: rows["raw_level"] + apart)
    return pd.concat([scores, second], ignore_index=True)


def test_standard_error_is_that_of_the_mean_and_zero_where_one_judged(make_tables):
    # Levels 8 and 9 are 80 and 90 points: deviation 7.07, error of the mean of two 5.
    errors = score(make_tables(scores=_twice_judged(make_tables()))).standard_errors
    assert errors.loc["A", "reach"] == pytest.approx(5.0)
    assert errors.drop(index="A").to_numpy().sum() == 0.0
    assert errors.loc["A", ["fit", "risk"]].tolist() == [0.0, 0.0]


def test_standard_error_of_a_missing_score_is_zero_and_not_missing(make_tables):
    assert score(make_tables(scores=make_tables()["scores"].drop(index=0))).standard_errors.notna().all(axis=None)


def test_score_spread_is_normal_where_several_judged_and_uniform_where_nobody_did(make_tables):
    scores = _twice_judged(make_tables())
    dropped = scores[(scores["project_id"] != "D") | (scores["objective_id"] != "risk")]
    spread = score(make_tables(scores=dropped)).score_spread().to_frame()
    rows = spread.set_index(["project_id", "objective_id"])[["law", "low", "middle", "high", "standard_error"]]
    assert len(rows) == 2
    assert rows.loc[("A", "reach"), ["law", "middle"]].tolist() == ["normal", 85.0]
    assert rows.loc[("A", "reach"), "standard_error"] == pytest.approx(5.0)
    assert rows.loc[("D", "risk"), ["law", "low", "high"]].tolist() == ["uniform", 0.0, 100.0]


def test_scores_of_one_assessor_are_taken_as_certain(make_tables):
    assert score(make_tables()).score_spread().to_frame().empty


def test_first_two_are_asked_as_a_set_or_in_order(make_tables):
    card = score(make_tables())
    as_set, ordered = card.stability(top=2), card.stability(top=2, ordered=True)
    assert (as_set.top, as_set.ordered, ordered.ordered) == (2, False, True)
    # What keeps the order keeps the set, and what keeps the leader first is at least as wide as what keeps the order.
    lead = card.stability().to_frame()
    assert (ordered.to_frame()["low"] >= as_set.to_frame()["low"]).all()
    assert (ordered.to_frame()["high"] <= as_set.to_frame()["high"]).all()
    assert (ordered.to_frame()["high"] <= lead["high"]).all()
    with pytest.raises(ParameterError, match=r"top: got 5, allowed 1 to 4"):
        card.stability(top=5)


def test_unseating_names_criteria_as_a_board_knows_them(make_tables):
    # C passes B when reach takes weight from risk: the gap of 2 points, 160 points apart per unit of weight moved.
    least = score(make_tables()).unseating()
    assert (least.leader, least.rival) == ("B", "C")
    assert least.moved == pytest.approx(2 / 160)
    assert set(least.weights["criterion"]) == {"Reach", "Strategic fit", "Delivery risk"}


def test_unseating_weights_bring_both_level(make_tables):
    card = score(make_tables())
    moved = card.unseating().weights.set_index("criterion")["least_moved"]
    values = card.points.to_numpy() @ moved[["Reach", "Strategic fit", "Delivery risk"]].to_numpy()
    first = dict(zip(card.points.index, values, strict=True))
    assert first["B"] == pytest.approx(first["C"])


def test_criteria_of_one_name_are_told_apart_by_their_ids(make_tables, change):
    objectives = change(make_tables()["objectives"], ("objective_id", "fit"), "name", "Reach")
    card = score(make_tables(objectives=objectives))
    assert set(card.unseating().weights["criterion"]) == {"reach", "fit", "risk"}
    assert set(card.tornado().to_frame()["criterion"]) == {"reach", "fit", "risk"}
    assert card.stability().to_frame()["objective_id"].tolist() == ["reach", "fit", "risk"]
    assert card.value_tree()["objective_id"].tolist() == ["goal", "market", "reach", "fit", "risk"]


def test_tornado_moves_a_score_by_its_standard_error_and_a_missing_one_over_the_whole_scale(make_tables):
    scores = _twice_judged(make_tables())
    dropped = scores[(scores["project_id"] != "B") | (scores["objective_id"] != "risk")]
    table = score(make_tables(scores=dropped)).tornado(relative=0.2).to_frame()
    moved = table[table["moved"] == "score"].set_index(["project_id", "criterion"])[["now", "low", "high"]]
    assert moved.loc[("A", "Reach")].tolist() == pytest.approx([85.0, 80.0, 90.0])
    assert moved.loc[("B", "Delivery risk")].tolist() == pytest.approx([50.0, 0.0, 100.0])
    assert len(moved) == 2
    weights = table[table["moved"] == "weight"].set_index("criterion")
    assert weights.loc["Reach", ["low", "high"]].tolist() == pytest.approx([0.4, 0.6])


def test_tornado_keeps_scores_between_0_and_100_points(make_tables):
    # Levels 8 and 10, 80 and 100 points: 90 with an error of 10; B on fit has 100 and no error.
    table = score(make_tables(scores=_twice_judged(make_tables(), apart=2.0))).tornado().to_frame()
    row = table[table["moved"] == "score"].iloc[0]
    assert (row["low"], row["high"]) == pytest.approx((80.0, 100.0))
    assert table["high"].max() <= 100.0


def test_dominance_keeps_the_group_s_order_by_default(make_tables):
    known = score(make_tables()).dominance()
    # At the corners (1, 0, 0), (1/2, 1/2, 0) and equal weights C has 100, 80 and 53.3, D 60, 30 and 23.3, B 40, 70, 80.
    assert known.matrix.loc["C", "D"] and not known.matrix.loc["B", "C"]
    assert known.statements == ("reach at least fit", "fit at least risk")


def test_dominance_holds_for_whatever_a_missing_score_might_be(make_tables):
    scores = make_tables()["scores"]
    dropped = scores[(scores["project_id"] != "D") | (scores["objective_id"] != "fit")]
    known = score(make_tables(scores=dropped)).dominance()
    # D has 60 on reach, 0 to 100 on fit, 10 on risk; at the corners (1, 0, 0), (1/2, 1/2, 0) and equal weights
    # that is 60, 30 to 80 and 23.3 to 56.7, where C has 100, 80 and 53.3.
    assert not known.matrix.loc["C", "D"]
    row = known.to_frame().set_index("project_id").loc["D"]
    assert (row["low"], row["high"]) == pytest.approx((70 / 3, 80.0))


def test_acceptability_draws_weights_of_the_order_and_scores_of_the_assessors(make_tables):
    card = score(make_tables(scores=_twice_judged(make_tables())))
    known = card.acceptability(draws=400, seed=3)
    assert (known.draws, known.seed) == (400, 3)
    assert known.shares.sum(axis=1).to_numpy() == pytest.approx([1.0] * 4)
    assert known.shares.index.tolist() == card.to_frame()["project_id"].tolist()
    drawn = known.space.sample(100, seed=0)
    assert (drawn[:, 0] >= drawn[:, 1]).all() and (drawn[:, 1] >= drawn[:, 2]).all()
    pd.testing.assert_frame_equal(known.shares, card.acceptability(draws=400, seed=3).shares)


def test_acceptability_at_fixed_weights_and_certain_scores_is_the_ranking(make_tables):
    card = score(make_tables())
    space = weight_space(card.tree.leaves, intervals={leaf: (w, w) for leaf, w in card.weights.items()})
    first = card.acceptability(space, draws=50).shares
    assert [int(first.loc[project].idxmax()) for project in card.to_frame()["project_id"]] == [1, 2, 3, 4]


def test_tree_weights_add_up_at_every_depth_and_within_every_parent(make_tables):
    card = score(make_tables())
    tree = card.value_tree().set_index("objective_id")
    assert tree.index.to_list() == ["goal", "market", "reach", "fit", "risk"]
    assert tree["depth"].to_list() == [0, 1, 2, 2, 1]
    assert tree["weight"].to_list() == pytest.approx([1.0, 0.8, 0.5, 0.3, 0.2])
    assert tree["top"].to_list() == pytest.approx([0.0, 0.0, 0.0, 0.5, 0.8])
    assert tree["leaf"].to_list() == [False, False, True, True, True]
    assert tree["local_weight"].to_list() == pytest.approx([1.0, 0.8, 0.625, 0.375, 0.2])
    parents = tree.index.map(lambda name: card.tree.parents[name] or "")
    assert tree.groupby(parents)["local_weight"].sum().to_list() == pytest.approx([1.0] * 3)


def test_tree_with_several_tops_shares_the_whole_among_them(make_tables, change):
    objectives = change(make_tables()["objectives"], ("objective_id", "risk"), "parent", None)
    tree = score(make_tables(objectives=objectives)).value_tree()
    tops = tree[tree["depth"] == 0]
    assert tops["objective_id"].to_list() == ["goal", "risk"]
    assert tops["local_weight"].to_list() == pytest.approx([0.8, 0.2])
    assert tree.loc[tree["leaf"], "weight"].sum() == pytest.approx(1.0)


def test_branch_that_weighs_nothing_has_local_weights_of_nothing(make_tables):
    tree = score(make_tables(), weights={"reach": 0, "fit": 0, "risk": 1}).value_tree().set_index("objective_id")
    assert tree.loc[["market", "reach", "fit"], ["weight", "local_weight"]].to_numpy().tolist() == [[0.0, 0.0]] * 3
    assert tree.loc["risk", "local_weight"] == 1.0


def test_tree_is_drawn_from_the_frame_that_is_handed_out(make_tables):
    card = score(make_tables())
    assert [bar.get_height() for bar in card.plot_tree().patches] == card.value_tree()["weight"].to_list()
    plt.close("all")


def test_names_are_those_of_the_projects_scored_and_ids_where_there_is_none(make_tables, change):
    projects = change(make_tables()["projects"], ("project_id", "C"), "name", None)
    assert score(make_tables(projects=projects)).names == {"A": "Atlas", "B": "Beacon", "C": "C", "D": "Dune"}


@pytest.mark.parametrize(
    ("levels", "note"),
    [({0: 12.0, 3: -1.0}, "2 levels of Reach outside its scale count as its end."),
     ({0: 12.0}, "1 level of Reach outside its scale counts as its end.")],
)
def test_levels_outside_a_clipping_scale_are_counted_in_a_note(levels, note, make_tables):
    tables = make_tables()
    tables["objectives"]["outside"] = [None, None, "clip", None, None]
    given = tables["scores"]["raw_level"].to_dict() | levels
    tables["scores"] = tables["scores"].assign(raw_level=[given[row] for row in tables["scores"].index])
    card = score(tables)
    assert note in card.notes
    assert card.points.loc["A", "reach"] == 100.0


def test_no_note_where_every_level_lies_on_its_scale(make_tables):
    assert not any("outside its scale" in note for note in score(make_tables()).notes)


def test_single_project_answers_every_question_of_robustness(make_tables):
    card = score(make_tables(projects=make_tables()["projects"].head(1)))
    assert card.unseating().rival is None
    assert card.tornado().runner_up is None and not card.tornado().to_frame()["unseats"].any()
    assert card.dominance().to_frame()["can_be_first"].tolist() == [True]
    assert card.acceptability(draws=20).shares.to_numpy().tolist() == [[1.0]]
    assert card.stability().to_frame()[["low", "high"]].to_numpy().tolist() == [[0.0, 1.0]] * 3


def test_single_criterion_answers_every_question_of_robustness(make_tables):
    tables = make_tables()
    keep = {name: tables[name][tables[name]["objective_id"] == "reach"] for name in ("weights", "scores")}
    objectives = tables["objectives"].query("objective_id == 'reach'").assign(parent=None)
    card = score(make_tables(objectives=objectives, **keep))
    assert card.value_tree()[["depth", "weight", "local_weight"]].to_numpy().tolist() == [[0.0, 1.0, 1.0]]
    assert card.unseating().rival is None
    assert card.tornado().to_frame().empty
    behind = card.dominance().to_frame().set_index("project_id")["n_dominators"]
    assert behind.to_dict() == {"C": 0, "A": 1, "D": 2, "B": 3}
    assert card.acceptability(draws=20).shares.loc["C", 1] == 1.0


def test_project_that_nobody_scored_could_be_anywhere(make_tables):
    scores = make_tables()["scores"]
    card = score(make_tables(scores=scores[scores["project_id"] != "D"]))
    known = card.acceptability(draws=2000).shares.loc["D"]
    assert (known > 0).all()
    assert card.dominance().to_frame().set_index("project_id").loc["D", ["low", "high"]].tolist() == pytest.approx(
        [0.0, 100.0]
    )
    assert len(card.score_spread().to_frame()) == 3


def test_as_many_normal_as_uniform_scores_are_two_figures(make_tables):
    scores = _twice_judged(make_tables())
    dropped = scores[(scores["project_id"] != "D") | (scores["objective_id"] != "risk")]
    assert list(score(make_tables(scores=dropped)).score_spread().headline()) == ["1 normal", "1 uniform"]


def test_swing_as_large_as_the_lead_is_a_figure_of_its_own():
    points = pd.DataFrame({"reach": [50.0, 40.0], "fit": [50.0, 40.0]}, index=["A", "B"])
    headline = tornado(points, {"reach": 1, "fit": 1}, low=points.mask(points == 50, 40.0).assign(fit=points["fit"]),
                       high=points.assign(reach=[60.0, 40.0])).headline()
    assert headline["10.0"] == "points that A is ahead of B"
    assert headline["10.0 points"] == "of lead from the score of A on reach, the largest swing"
