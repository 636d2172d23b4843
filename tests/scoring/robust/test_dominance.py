"""Pareto screening and dominance under limits of the weights, against brute force, closed forms and programs."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from pmlib.errors import ParameterError, SolverError
from pmlib.scoring.robust.dominance import dominance, pareto
from pmlib.scoring.robust.weight_space import weight_space

LEAVES = ["reach", "fit", "risk"]


def _frame(rows, leaves=None):
    array = np.array(rows, dtype=float)
    leaves = leaves or [f"c{j}" for j in range(array.shape[1])]
    return pd.DataFrame(array, index=[f"P{i}" for i in range(len(array))], columns=leaves)


def _tables(most=6, levels=4):
    level = st.integers(0, levels).map(lambda step: 25.0 * step)
    return st.lists(st.tuples(level, level, level), min_size=1, max_size=most).map(lambda rows: _frame(rows, LEAVES))


def _spaces():
    return st.sampled_from([
        weight_space(LEAVES),
        weight_space(LEAVES, order=["fit", "reach", "risk"]),
        weight_space(LEAVES, order=["risk", ["fit", "reach"]]),
        weight_space(LEAVES, intervals={"reach": (0.2, 0.5), "risk": (0.1, 0.4)}),
        weight_space(LEAVES, linear=[({"risk": 2.0, "reach": -1.0}, 0.0)]),
    ])  # fmt: skip


def _beats(one, other):
    return bool((one >= other).all() and (one > other).any())


@given(_tables())
def test_pareto_is_what_a_double_loop_finds(points):
    table = pareto(points).to_frame().set_index("project_id")
    for a in points.index:
        beaten_by = {b for b in points.index if _beats(points.loc[b].to_numpy(), points.loc[a].to_numpy())}
        assert table.loc[a, "dominated"] == bool(beaten_by)
        assert table.loc[a, "n_dominators"] == len(beaten_by)
        assert table.loc[a, "n_dominates"] == sum(_beats(points.loc[a].to_numpy(), row) for row in points.to_numpy())
        if beaten_by:
            first = str(table.loc[a, "dominated_by"]).split(" and ")[0].split(", ")
            assert set(first) <= beaten_by
            assert not table.loc[first[0], "dominated"]
            assert table.loc[a, "n_better"] == (points.loc[first[0]] > points.loc[a]).sum()
        else:
            assert pd.isna(table.loc[a, "dominated_by"])
            assert table.loc[a, "n_better"] == 0


@settings(max_examples=40)
@given(_tables(most=3, levels=2), st.data())
def test_with_missing_scores_only_what_holds_for_every_completion_is_dominated(low, data):
    cells = data.draw(st.lists(st.booleans(), min_size=low.size, max_size=low.size))
    missing = np.array(cells).reshape(low.shape) & (np.cumsum(cells).reshape(low.shape) <= 4)
    high = low.where(~missing, low + 25.0)
    sure = {(b, a) for b in low.index for a in low.index}
    for ends in itertools.product((0.0, 25.0), repeat=int(missing.sum())):
        completed = low.to_numpy().copy()
        completed[missing] += np.array(ends)
        sure = {(b, a) for b, a in sure if _beats(completed[low.index.get_loc(b)], completed[low.index.get_loc(a)])}
    table = pareto((low + high) / 2, low=low, high=high).to_frame()
    assert set(table.loc[table["dominated"], "project_id"]) == {a for _, a in sure}
    assert table["n_dominators"].sum() == len(sure)
    assert set(dominance((low + high) / 2, low=low, high=high).pairs().itertuples(index=False, name=None)) == sure


def test_equal_projects_do_not_dominate_each_other():
    table = pareto(_frame([[50, 50], [50, 50], [50, 40]])).to_frame()
    assert table["dominated"].to_list() == [False, False, True]
    assert table["dominated_by"].iloc[2] == "P0, P1"


def test_many_dominators_are_counted_and_the_largest_named_first():
    table = pareto(_frame([[0], [10], [20], [30], [40], [50]])).to_frame()
    assert table["dominated_by"].iloc[0] == "P5, P4, P3 and 2 more"
    assert table["n_dominators"].to_list() == [5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize("seed", range(5))
def test_dominance_under_an_order_is_that_of_cumulated_gaps(seed):
    # With w1 >= w2 >= ... a dominates b exactly when no sum of the first gaps is negative (Abel's summation).
    rng = np.random.default_rng(seed)
    points = _frame(rng.integers(0, 11, (12, 4)) * 10.0)
    matrix = dominance(points, weight_space(list(points), order=list(points))).matrix
    sums = np.cumsum(points.to_numpy()[:, None, :] - points.to_numpy()[None, :, :], axis=2)
    assert (matrix.to_numpy() == ((sums >= 0).all(axis=2) & (sums > 0).any(axis=2))).all()


@pytest.mark.parametrize("seed", range(4))
def test_extremes_regret_and_pairs_under_statements_equal_linear_programs(seed):
    rng = np.random.default_rng(seed)
    points = _frame(rng.uniform(0, 100, (5, 4)))
    space = weight_space(list(points), intervals={"c0": (0.1, 0.5), "c3": (0.05, 0.3)},
                         linear=[({"c1": 1.0, "c2": -2.0}, 0.0)])  # fmt: skip

    def least(gains):
        rows = [[0, 1, -2, 0]]
        ends = [(0.1, 0.5), (0, 1), (0, 1), (0.05, 0.3)]
        return linprog(gains, A_ub=rows, b_ub=[0], A_eq=np.ones((1, 4)), b_eq=[1], bounds=ends).fun

    answer, array = dominance(points, space), points.to_numpy()
    table = answer.to_frame()
    assert table["low"].to_list() == pytest.approx([least(row) for row in array])
    assert table["high"].to_list() == pytest.approx([-least(-row) for row in array])
    assert table["central"].to_list() == pytest.approx(((table["low"] + table["high"]) / 2).to_list())
    worst = [max(0.0, *(-least(row - other) for other in array)) for row in array]
    assert table["regret"].to_list() == pytest.approx(worst)
    expected = [[i != j and least(array[i] - array[j]) >= 0 for j in range(5)] for i in range(5)]
    assert answer.matrix.to_numpy().tolist() == expected


@settings(max_examples=40, deadline=None)
@given(_tables(), _spaces(), st.integers(0, 1000))
def test_no_allowed_weights_reverse_a_dominance_or_leave_the_value_interval(points, space, seed):
    answer = dominance(points, space)
    table, above = answer.to_frame(), np.nonzero(answer.matrix.to_numpy())
    low, high, regret, lead = table[["low", "high", "regret", "best_lead"]].to_numpy().T
    for weights in np.vstack([space.vertices(), space.sample(4, seed=seed)]):
        values = points.to_numpy() @ weights
        assert (values >= low - 1e-6).all()
        assert (values <= high + 1e-6).all()
        assert (values.max() - values <= regret + 1e-6).all()
        assert (values[above[0]] >= values[above[1]] - 1e-6).all()
        assert table["can_be_first"].to_numpy()[values == values.max()].all()
        for i, value in enumerate(values):
            assert len(values) == 1 or value - np.delete(values, i).max() <= lead[i] + 1e-6


@settings(max_examples=40, deadline=None)
@given(_tables(), _spaces())
def test_best_weights_are_allowed_and_give_the_best_lead(points, space):
    answer = dominance(points, space)
    table = answer.to_frame().set_index("project_id")
    assert space.contains(answer.best_weights.to_numpy()).all()
    for project, weights in answer.best_weights.iterrows():
        values = points @ weights
        others = values.drop(project)
        if len(others):
            assert values[project] - others.max() == pytest.approx(table.loc[project, "best_lead"], abs=1e-6)
            # Nobody who is dominated can be first alone.
            assert table.loc[project, "n_dominators"] == 0 or table.loc[project, "best_lead"] <= 1e-6


@settings(max_examples=40, deadline=None)
@given(_tables())
def test_without_statements_dominance_is_that_of_pareto(points):
    columns = ["n_dominators", "n_dominates"]
    assert dominance(points).to_frame()[columns].equals(pareto(points).to_frame()[columns])


def test_who_can_be_first_on_two_criteria_is_the_upper_envelope():
    points = _frame([[100, 0], [0, 100], [45, 50], [60, 60], [100, 0]])
    table = dominance(points).to_frame().set_index("project_id")
    assert table["can_be_first"].to_list() == [True, True, False, True, True]
    # P2 comes nearest at a weight of 0.4, 12 points below P1 and P3; the equal P0 and P4 lead by 0 at best.
    assert table["best_lead"].to_list() == pytest.approx([0.0, 40.0, -12.0, 10.0, 0.0])


def test_one_that_never_is_best_but_nobody_dominates_is_told_apart():
    table = dominance(_frame([[100, 0], [0, 100], [40, 40]])).to_frame().set_index("project_id")
    assert table.loc["P2", "n_dominators"] == 0
    assert not table.loc["P2", "can_be_first"]
    assert table.loc["P2", "best_lead"] == pytest.approx(-10.0)


def test_a_rival_that_only_the_project_itself_beats_still_limits_its_lead():
    table = dominance(_frame([[90, 90], [80, 85], [10, 10]])).to_frame()
    assert table["best_lead"].to_list() == pytest.approx([10.0, -5.0, -80.0])


def test_with_missing_scores_can_be_first_is_what_is_possible():
    low = _frame([[50, 50], [40, 0], [30, 30]])
    high = low.where(low > 0, 100.0)
    table = dominance(low, weight_space(["c0", "c1"], intervals={"c1": (0.1, 0.5)}), high=high).to_frame()
    assert table["can_be_first"].to_list() == [True, True, False]
    assert table["low"].to_list() == pytest.approx([50, 20, 30])
    assert table["high"].to_list() == pytest.approx([50, 70, 30])
    assert table["regret"].to_list() == pytest.approx([20, 30, 40])
    assert table["dominated_by"].to_list()[2] == "P0"


def test_rules_choose_by_hand():
    points = _frame([[100, 0], [50, 50], [55, 44], [30, 80]])
    rules = dominance(points).rules().set_index("rule")
    assert rules["project_id"].to_dict() == {
        "maximax": "P0", "maximin": "P1", "central": "P3", "minimax regret": "P2"}  # fmt: skip
    # Regrets: P0 80, P1 50, P2 45 (of P0 at reach alone), P3 70.
    assert rules["points"].to_list() == pytest.approx([100, 50, 55, 45])


def test_criteria_are_matched_by_label():
    points = _frame([[80, 20, 0], [20, 80, 50]], LEAVES)
    space = weight_space(["risk", "reach", "fit"], order=["fit", "risk", "reach"])
    turned = dominance(points[["fit", "risk", "reach"]], space)
    assert turned.to_frame().equals(dominance(points, space).to_frame())
    assert dominance(points, space).best_weights.columns.to_list() == LEAVES
    assert dominance(points, space).to_frame()["dominated_by"].iloc[0] == "P1"


def test_one_project_and_one_criterion_have_an_answer():
    alone = dominance(_frame([[40, 60]]))
    row = alone.to_frame().iloc[0]
    assert (row["low"], row["high"], row["regret"], row["can_be_first"]) == (40, 60, 0, True)
    assert np.isnan(row["best_lead"])
    assert "1 can be first: P0" in alone.summary()
    single = dominance(_frame([[40], [60]])).to_frame()
    assert single["best_lead"].to_list() == [-20.0, 20.0]
    assert single["dominated_by"].iloc[0] == "P1"
    assert pareto(_frame([[40, 60]])).summary() == "None of 1 projects is beaten by another on all 2 criteria."


def test_answers_are_said_in_sentences():
    points = _frame([[80, 20, 50], [40, 100, 100], [100, 60, 0], [60, 0, 10]], LEAVES)
    screened = pareto(points)
    assert screened.summary() == (
        "1 of 4 projects is no better than another on any of 3 criteria and worse on at least one; P0 alone is ahead "
        "of 1 of them."
    )
    assert screened.headline() == {"3 of 4": "projects that no other beats on every criterion"}
    assert repr(screened) == f"<Pareto: {screened.summary()}>"
    answer = dominance(points, weight_space(LEAVES, order=LEAVES))
    assert answer.summary() == (
        "With reach at least fit; fit at least risk, 2 of 4 projects are behind another for all weights, and 2 can be "
        "first: P1, P2. Chosen without more: P2 by maximin and by minimax regret."
    )
    assert answer.headline() == {
        "2 of 4": "projects can be first for some weights",
        "26.7": "points at most behind another, P2: the least regret",
    }
    assert repr(answer) == f"<Dominance: {answer.summary()}>"


def test_frames_are_left_as_they_are_and_an_answer_comes_twice():
    points = _frame([[80, 20], [40, 100]])
    before = points.copy()
    first, second = dominance(points), dominance(points)
    assert first.to_frame().equals(second.to_frame())
    handed_out = first.to_frame()
    handed_out["low"] = 0.0
    assert first.to_frame().equals(second.to_frame())
    assert points.equals(before)


@pytest.mark.parametrize(
    ("high", "message"),
    [
        ([[80, 10], [40, 100]], "high: 'P0' has 10 on 'c1', allowed at least 20, its points. Correct"),
        ([[80, np.nan], [40, 100]], "high: 'P0' has .*nan.* on 'c1', allowed a finite number"),
        ([[80, 20], [40, 100], [1, 1]], "high: 'P2' is not in both frames"),
        ([[80, 20, 1], [40, 100, 1]], "high: 'c2' is not in both frames"),
    ],
)
def test_bounds_that_do_not_fit_are_refused_by_name(high, message):
    with pytest.raises(ParameterError, match=message):
        pareto(_frame([[80, 20], [40, 100]]), high=_frame(high))


def test_a_missing_score_and_a_foreign_criterion_are_refused_by_name():
    with pytest.raises(ParameterError, match="'P1' has .*nan.* on 'c1', allowed a finite number"):
        dominance(_frame([[80, 20], [40, np.nan]]))
    told = "criterion 'risk' of the weight space is not in the points. Known: fit, reach"
    with pytest.raises(ParameterError, match=told):
        dominance(_frame([[80, 20]], ["reach", "fit"]), weight_space(LEAVES))
    told = "criterion 'risk' of the points is not in the weight space. Known: fit, reach"
    with pytest.raises(ParameterError, match=told):
        dominance(_frame([[80, 20, 3]], LEAVES), weight_space(LEAVES[:2]))


def test_blocks_do_not_change_the_answer(monkeypatch):
    points = _frame(np.random.default_rng(3).integers(0, 5, (23, 3)) * 25.0)
    whole = pareto(points).to_frame()
    monkeypatch.setattr("pmlib.scoring.robust.dominance._PAIRS", 100)
    assert pareto(points).to_frame().equals(whole)


def test_a_solver_that_fails_is_said(monkeypatch):
    space = weight_space(["c0", "c1"])
    monkeypatch.setattr("scipy.optimize.linprog", lambda *_, **__: SimpleNamespace(x=None, message="time is up"))
    with pytest.raises(SolverError, match=r"dominance: the best weights of row 1 were not found \(time is up\)"):
        dominance(_frame([[80, 20], [40, 100]]), space)


def test_projects_may_be_numbered():
    points = pd.DataFrame({"a": [3.0, 1.0], "b": [2.0, 1.0]}, index=[10, 20])
    assert pareto(points).to_frame()["dominated_by"].iloc[1] == "10"
    with pytest.raises(ParameterError, match=r"low: 10 is not in both frames"):
        pareto(points, low=points.set_axis(["A", "B"]))


def test_a_space_of_the_wrong_kind_is_refused():
    with pytest.raises(ParameterError, match=r"space: got a dict, allowed a WeightSpace"):
        dominance(pd.DataFrame({"a": [1.0]}), {"a": 1})
