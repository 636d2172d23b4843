"""The additive value, its bounds and its ranks."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.scoring import score


def _plain(levels, *, worst=0.0, best=10.0):
    """Tables of unweighted criteria c0, c1, ... with one row of raw levels per project."""
    matrix = np.asarray(levels, dtype=float)
    leaves = [f"c{j}" for j in range(matrix.shape[1])]
    rows = [
        {"project_id": f"P{i:02d}", "objective_id": leaf, "raw_level": matrix[i, j]}
        for i, (j, leaf) in itertools.product(range(len(matrix)), enumerate(leaves))
    ]
    return {
        "objectives": pd.DataFrame({"objective_id": leaves, "name": leaves, "worst": worst, "best": best}),
        "scores": pd.DataFrame(rows),
    }


def test_value_is_the_weighted_sum_of_points(make_tables, values_by_hand):
    frame = score(make_tables()).to_frame()
    assert dict(zip(frame["project_id"], frame["value"], strict=True)) == pytest.approx(values_by_hand)
    assert frame["project_id"].to_list() == ["B", "C", "A", "D"]
    assert frame["rank"].to_list() == [1, 2, 3, 4]


def test_columns_are_those_promised(make_tables):
    columns = ["project_id", "name", "value", "low", "high", "rank", "cost_k", "increment", "rank_best", "rank_worst"]
    assert score(make_tables()).to_frame().columns.to_list() == [*columns, "n_missing"]


def test_published_scheme_of_weighted_column_shares_is_reproduced():
    # Scores as shares of their column total, as in the R&D programme of Oral, Kettani & Lang (1991).
    levels = np.array([[67.0, 24.0, 9.0], [33.0, 26.0, 1.0], [20.0, 0.0, 5.0], [80.0, 50.0, 5.0]])
    weights = {"c0": 0.5, "c1": 0.3, "c2": 0.2}
    expected = 100 * (levels / levels.sum(axis=0)) @ np.array([0.5, 0.3, 0.2])
    frame = score(_plain(levels, best=levels.sum(axis=0)), weights=weights).to_frame().sort_values("project_id")
    assert frame["value"].to_numpy() == pytest.approx(expected, rel=1e-12)
    assert frame["value"].sum() == pytest.approx(100.0)


def test_labels_decide_and_never_row_order_or_index(make_tables):
    tables = make_tables()
    turned = {
        name: frame.sample(frac=1, random_state=4).set_axis(range(100, 100 + len(frame)))
        for name, frame in tables.items()
        if name != "objectives"
    }
    one, two = score(tables), score({**turned, "objectives": tables["objectives"]})
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())
    assert not one.to_frame()["value"].isna().any()
    pd.testing.assert_frame_equal(one.contributions, two.contributions)


def test_same_question_asked_twice_has_the_same_answer(make_tables):
    tables = make_tables()
    first, second = score(tables), score(tables)
    for ask in ("to_frame", "roll_up", "bars"):
        pd.testing.assert_frame_equal(getattr(first, ask)(), getattr(second, ask)())
        pd.testing.assert_frame_equal(getattr(first, ask)(), getattr(first, ask)())
    for ask in ("stability", "value_for_money"):
        pd.testing.assert_frame_equal(getattr(first, ask)().to_frame(), getattr(first, ask)().to_frame())
    assert first.summary() == first.summary() == second.summary()


def test_one_missing_score_leaves_every_other_project_exact(make_tables, values_by_hand):
    scores = make_tables()["scores"]
    lacking = scores.drop(scores.index[(scores["project_id"] == "A") & (scores["objective_id"] == "fit")])
    frame = score(make_tables(scores=lacking)).to_frame().set_index("project_id")
    assert frame.drop("A")["value"].to_dict() == pytest.approx({k: values_by_hand[k] for k in "BCD"})
    assert frame.loc["A", ["low", "value", "high"]].to_list() == pytest.approx([50.0, 65.0, 80.0])
    assert frame.loc["A", ["rank_best", "rank", "rank_worst"]].to_list() == [1, 3, 3]
    assert frame.loc["B", ["rank_best", "rank", "rank_worst"]].to_list() == [1, 1, 2]
    assert frame["n_missing"].to_dict() == {"A": 1, "B": 0, "C": 0, "D": 0}


def test_cell_that_every_assessor_left_empty_is_missing_too(make_tables):
    scores = make_tables()["scores"]
    empty = scores.assign(raw_level=scores["raw_level"].where(scores.index != 1))
    dropped = scores.drop(index=1)
    one, two = score(make_tables(scores=empty)), score(make_tables(scores=dropped))
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())


def test_project_without_any_score_is_listed_between_0_and_100(make_tables):
    scores = make_tables()["scores"]
    card = score(make_tables(scores=scores[scores["project_id"] != "D"]))
    row = card.to_frame().set_index("project_id").loc["D"]
    assert row[["low", "value", "high", "rank_best", "rank_worst"]].to_list() == pytest.approx([0, 50, 100, 1, 4])
    assert "1 of 4 projects have no score at all, only 0 to 100: D." in card.notes


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_bounds_hold_whatever_the_missing_scores_turn_out_to_be(data):
    level = st.integers(0, 10)
    levels = np.array(data.draw(st.lists(st.tuples(level, level, level), min_size=2, max_size=5)), dtype=float)
    flags = data.draw(st.lists(st.booleans(), min_size=levels.size, max_size=levels.size))
    hidden = np.array(flags).reshape(levels.shape)
    weights = {"c0": 3.0, "c1": 2.0, "c2": 1.0}
    known = score(_plain(np.where(hidden, np.nan, levels)), weights=weights).to_frame().set_index("project_id")
    truth = score(_plain(levels), weights=weights).to_frame().set_index("project_id").loc[known.index]
    assert (known["low"] <= truth["value"] + 1e-9).all()
    assert (truth["value"] <= known["high"] + 1e-9).all()
    assert (known["rank_best"] <= truth["rank"]).all()
    assert (truth["rank"] <= known["rank_worst"]).all()
    assert not known["value"].isna().any()


def test_rank_bounds_equal_brute_force_over_the_ends():
    levels = np.array([[5, np.nan], [6, 4], [np.nan, 9], [1, 1]], dtype=float)
    frame = score(_plain(levels), weights={"c0": 1, "c1": 1}).to_frame().set_index("project_id").sort_index()
    seen = []
    for a, b in itertools.product([0.0, 10.0], repeat=2):
        filled = levels.copy()
        filled[0, 1], filled[2, 0] = a, b
        values = filled.mean(axis=1)
        seen.append([1 + int((values > value).sum()) for value in values])
    assert frame["rank_best"].to_list() == np.min(seen, axis=0).tolist()
    assert frame["rank_worst"].to_list() == np.max(seen, axis=0).tolist()


def test_ties_share_the_better_rank_and_rounding_makes_no_rank():
    levels = [[3, 3], [0.1 + 0.2, 5.7], [3, 3 + 1e-12], [1, 1]]
    frame = score(_plain(levels), weights={"c0": 1, "c1": 1}).to_frame()
    assert frame["rank"].to_list() == [1, 1, 1, 4]
    assert frame["rank_best"].to_list() == frame["rank_worst"].to_list() == [1, 1, 1, 4]
    assert frame["project_id"].to_list() == ["P00", "P01", "P02", "P03"]


def test_doing_nothing_is_subtracted(make_tables, change):
    objectives = make_tables()["objectives"].assign(do_nothing=[None, None, 2.0, 3.0, 10.0])
    card = score(make_tables(objectives=objectives))
    # Doing nothing: .5 * 20 + .3 * 20 + .2 * 0 = 16 points.
    assert card.increments.to_dict() == pytest.approx({"A": 40.0, "B": 54.0, "C": 52.0, "D": 16.0})
    assert card.contributions.sum(axis=1).to_dict() == pytest.approx(card.increments.to_dict())
    assert card.contributions.loc["D"].to_list() == pytest.approx([20.0, -6.0, 2.0])
    assert card.to_frame()["value"].to_list() == pytest.approx([70, 68, 56, 32])


def test_only_projects_still_to_be_decided_are_scored(make_tables):
    scores = make_tables()["scores"]
    done = scores.assign(project_id=scores["project_id"].replace({"A": "E"}))
    card = score(make_tables(scores=pd.concat([scores, done[done["project_id"] == "E"]])))
    assert "E" not in card.to_frame()["project_id"].to_list()
    assert not any("ignored" in note for note in card.notes)


def test_scores_of_unknown_projects_are_ignored_with_a_note(make_tables):
    scores = make_tables()["scores"]
    card = score(make_tables(scores=scores.assign(project_id=scores["project_id"].replace({"D": "P99"}))))
    assert "Scores of P99 are ignored: not in projects." in card.notes


def test_cost_is_what_is_still_to_be_spent_and_never_negative(make_tables):
    frame = score(make_tables()).to_frame().set_index("project_id")
    assert frame["cost_k"].to_dict() == {"A": 100.0, "B": 200.0, "C": 0.0, "D": 16.0}


def test_without_projects_every_scored_project_counts(make_tables):
    card = score(make_tables(projects=None))
    assert card.notes[-1] == "No table projects: every project with a score counts, and no cost is known."
    frame = card.to_frame()
    assert frame["name"].to_list() == frame["project_id"].to_list() == ["B", "C", "A", "D"]
    assert frame["cost_k"].isna().all()


def test_nothing_to_decide_is_said(make_tables):
    with pytest.raises(SchemaError, match=r"none of 5 rows is proposed, running, held"):
        score(make_tables(projects=make_tables()["projects"].assign(state="done")))
    with pytest.raises(SchemaError, match=r"scores: no row"):
        score(make_tables(projects=None, scores=make_tables()["scores"].head(0)))


def test_project_that_stands_twice_and_unknown_state_are_refused(make_tables):
    projects = make_tables()["projects"]
    with pytest.raises(SchemaError, match=r"project_id 'A' stands in 2 rows"):
        score(make_tables(projects=pd.concat([projects, projects.head(1)])))
    with pytest.raises(SchemaError, match=r"state is 'runing'.*Did you mean 'running'"):
        score(make_tables(projects=projects.assign(state="runing")))


def test_weights_of_the_caller_replace_those_of_a_group(make_tables):
    card = score(make_tables(weights=None), weights={"reach": 0, "fit": 0, "risk": 1})
    assert card.to_frame().set_index("project_id")["value"].to_dict() == {"B": 100, "A": 50, "D": 10, "C": 0}
    assert card.group == "the caller"


def test_unknown_group_and_missing_table_are_refused(make_tables):
    with pytest.raises(ParameterError, match=r"group 'boardd'.*Did you mean 'board'"):
        score(make_tables(), group="boardd")
    with pytest.raises(MissingTableError, match=r"'weights'"):
        score(make_tables(weights=None))


def test_currency_is_read_from_the_workbook(make_tables):
    named = make_tables(workbook=pd.DataFrame({"name": ["Q"], "currency": ["CHF"]}))
    assert (score(named).currency, score(make_tables()).currency) == ("CHF", "EUR")


def test_ten_thousand_projects_by_ten_criteria_by_five_assessors_in_a_second():
    n, m, k = 10_000, 10, 5
    rng = np.random.default_rng(1)
    ids, leaves = np.array([f"P{i}" for i in range(n)]), np.array([f"c{j}" for j in range(m)])
    who = np.array([f"a{i}" for i in range(k)])
    scores = pd.DataFrame(
        {
            "project_id": np.repeat(ids, m * k),
            "objective_id": np.tile(np.repeat(leaves, k), n),
            "assessor_id": np.tile(who, n * m),
            "raw_level": rng.uniform(0, 10, n * m * k),
        }
    )
    tables = {**_plain(np.ones((1, m))), "scores": scores}
    start = time.perf_counter()
    card = score(tables, weights=dict.fromkeys(leaves, 1.0))
    # One second is the aim on a quiet machine; the test leaves room for a busy one.
    assert time.perf_counter() - start < 5
    expected = scores["raw_level"].to_numpy().reshape(n, m * k).mean(axis=1) * 10
    assert card.to_frame().set_index("project_id").loc[ids, "value"].to_numpy() == pytest.approx(expected)
