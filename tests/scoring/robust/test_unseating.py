"""The smallest change of the weights that unseats the leader, against linear programs, grids and closed forms."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from pmlib.errors import ParameterError
from pmlib.scoring.robust.unseating import unseat
from pmlib.scoring.robustness import stability_table


def _frame(rows):
    array = np.array(rows, dtype=float)
    return pd.DataFrame(array, index=[f"P{i}" for i in range(len(array))], columns=list("abcdefgh"[: array.shape[1]]))


def _programs(gaps, shares):
    """Least moved weight and least largest change by linear programming; None where a rival never is level."""
    m, one = len(shares), np.eye(len(shares))
    answers = []
    for extra, cost in ((-one, np.full(m, 0.5)), (-np.ones((m, 1)), np.ones(1))):
        k = len(cost)
        rows = np.vstack([np.hstack([one, extra]), np.hstack([-one, extra]), [*gaps, *np.zeros(k)]])
        found = linprog([*np.zeros(m), *cost], A_ub=rows, b_ub=[*shares, *(-shares), 0.0],
                        A_eq=[[*np.ones(m), *np.zeros(k)]], b_eq=[1.0])  # fmt: skip
        answers.append(found.fun if found.success else None)
    return answers


@st.composite
def _cases(draw, n_criteria=4):
    level = st.integers(0, 4).map(lambda step: 25.0 * step)
    rows = draw(st.lists(st.tuples(*[level] * n_criteria), min_size=2, max_size=5))
    raw = draw(st.lists(st.integers(0, 4), min_size=n_criteria, max_size=n_criteria).filter(any))
    return _frame(rows), np.array(raw, dtype=float) / sum(raw)


@settings(max_examples=80, deadline=None)
@given(_cases())
def test_least_changes_equal_linear_programs(case):
    points, shares = case
    answer = unseat(points, dict(zip(points, shares, strict=True)))
    for row in answer.to_frame().itertuples():
        gaps = (points.loc[answer.leader] - points.loc[row.project_id]).to_numpy()
        if gaps.min() >= 0:
            assert np.isnan([row.moved, row.largest_change, row.euclidean]).all()
        else:
            assert [row.moved, row.largest_change] == pytest.approx(_programs(gaps, shares), abs=1e-8)


@settings(max_examples=80, deadline=None)
@given(_cases())
def test_rival_is_level_with_the_leader_at_the_weights_told_and_nobody_is_ahead(case):
    points, shares = case
    answer = unseat(points, dict(zip(points, shares, strict=True)))
    moved, single = answer.weights["least_moved"].to_numpy(), answer.weights["least_single"].to_numpy()
    for weights in (moved, single):
        assert weights.sum() == pytest.approx(1.0)
        assert weights.min() >= -1e-12
    if answer.rival is None:
        assert (moved == shares).all()
        return
    row, values = answer.to_frame().iloc[0], points.to_numpy() @ moved
    assert points.loc[answer.rival].to_numpy() @ moved == pytest.approx(values.max(), abs=1e-8)
    assert points.loc[answer.leader].to_numpy() @ moved == pytest.approx(values.max(), abs=1e-8)
    assert (points.loc[answer.leader] - points.loc[answer.rival]).to_numpy() @ single == pytest.approx(0.0, abs=1e-8)
    assert np.abs(moved - shares).sum() / 2 == pytest.approx(row["moved"], abs=1e-12)
    assert np.abs(single - shares).max() == pytest.approx(row["largest_change"], abs=1e-12)


@settings(max_examples=80, deadline=None)
@given(_cases())
def test_least_changes_are_never_larger_than_a_change_of_one_weight_alone(case):
    points, shares = case
    answer = unseat(points, dict(zip(points, shares, strict=True)))
    order = [answer.leader, *points.index.drop(answer.leader)]
    table = stability_table(points.loc[order].to_numpy(), shares, project_ids=order)
    for row in table.itertuples():
        for taker, end in ((row.taken_over_below, row.low), (row.taken_over_above, row.high)):
            if isinstance(taker, str):
                assert answer.moved <= abs(row.weight - end) + 1e-9
                assert answer.to_frame()["largest_change"].min() <= abs(row.weight - end) + 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_no_weights_of_a_grid_nearer_than_told_unseat_the_leader(seed):
    rng = np.random.default_rng(seed)
    points, shares = _frame(rng.uniform(0, 100, (6, 3))), rng.dirichlet(np.ones(3) * 3)
    answer = unseat(points, dict(zip(points, shares, strict=True)))
    single = answer.to_frame()["largest_change"].min()
    steps = 60
    for a, b in itertools.product(range(steps + 1), repeat=2):
        if a + b <= steps:
            weights = np.array([a, b, steps - a - b]) / steps
            if (points @ weights).idxmax() != answer.leader:
                assert np.abs(weights - shares).sum() / 2 >= answer.moved - 1e-9
                assert np.abs(weights - shares).max() >= single - 1e-9


@given(st.tuples(*[st.integers(0, 20)] * 4), st.integers(1, 9))
def test_on_two_criteria_all_three_measures_are_the_closed_form(cells, tenths):
    points = _frame([cells[:2], cells[2:]])
    answer = unseat(points, {"a": tenths, "b": 10 - tenths})
    gaps = [Fraction(one) - other for one, other in zip(*points.loc[[answer.leader, *answer.table["project_id"]]]
                                                        .astype(int).to_numpy().tolist(), strict=True)]  # fmt: skip
    row = answer.to_frame().iloc[0]
    if min(gaps) >= 0:
        assert answer.rival is None
        return
    share = Fraction(tenths, 10)
    change = abs(gaps[1] / (gaps[1] - gaps[0]) - share)
    assert [row["moved"], row["largest_change"]] == pytest.approx([float(change)] * 2, abs=1e-12)
    assert row["euclidean"] == pytest.approx(float(change) * np.sqrt(2), abs=1e-12)


def test_euclidean_distance_is_told_only_where_its_foot_has_no_negative_weight():
    points = _frame([[60, 60, 60], [100, 50, 0], [0, 0, 65]])
    table = unseat(points, {"a": 10, "b": 45, "c": 45}).to_frame().set_index("project_id")
    # P1 is 27.5 points behind; its gaps (-40, 10, 60) less their mean are (-50, 0, 50).
    assert table.loc["P1", "euclidean"] == pytest.approx(27.5 / np.sqrt(5000))
    assert np.isnan(table.loc["P2", "euclidean"])
    # P2 is 30.75 points behind and gains 65 with each unit of weight that goes to c.
    assert table.loc["P2", "moved"] == pytest.approx(30.75 / 65)


def test_answer_is_said_in_sentences():
    points = pd.DataFrame(
        {"Reach": [90.0, 50.0, 10.0], "Security": [40.0, 90.0, 20.0], "Fit": [60.0, 60.0, 30.0]},
        index=["P1", "P12", "P3"],
    )
    answer = unseat(points, {"Reach": 60, "Security": 30, "Fit": 10})
    # The lead of 9 points shrinks by 90 per unit of weight.
    assert answer.moved == pytest.approx(0.1)
    assert answer.summary() == (
        "Moving 10.0 percentage points of weight from Reach to Security brings P12 level with P1, any more puts it "
        "first; with a change of less than 10.0 points in every weight P1 stays first. No weights put 1 of its 2 "
        "rivals ahead of it."
    )
    assert answer.headline() == {"10.0 %": "of weight to move before P12 is first", "1 of 2": "rivals can pass P1"}
    assert repr(answer) == "<Unseating: P1 leads; P12 is first once more than 10.0 % of weight moves>"


def test_small_move_is_said_with_the_digits_it_needs():
    points = _frame([[50.0001, 50], [50, 50.0002]])
    answer = unseat(points, {"a": 0.6668, "b": 0.3332})
    assert answer.moved == pytest.approx(0.6668 - 2 / 3)
    assert answer.summary() == (
        "Moving 0.013 percentage points of weight from a to b brings P1 level with P0, any more puts it first; with a "
        "change of less than 0.013 points in every weight P0 stays first."
    )


def test_leader_that_no_weights_unseat_is_said():
    for rows in ([[90, 80], [70, 80], [90, 10]], [[50, 50]], [[50, 50], [50, 50]], [[3], [2]]):
        answer = unseat(_frame(rows), dict.fromkeys("ab"[: len(rows[0])], 1))
        assert answer.summary() == "No weights put another project ahead of P0."
        assert answer.headline() == {f"0 of {len(rows) - 1}": "rivals can pass P0"}
        assert repr(answer) == "<Unseating: P0 leads; no weights put another ahead>"
        assert np.isnan(answer.moved)
        assert len(answer.to_frame()) == len(rows) - 1


def test_shared_first_place_is_said():
    answer = unseat(_frame([[60, 40], [40, 60]]), {"a": 1, "b": 1})
    assert answer.moved == 0
    assert answer.summary() == "P0 and P1 share first place: the least change of the weights separates them."
    assert answer.headline()["0.0 %"] == "of weight to move before P1 is first"


def test_input_is_left_as_it_is_and_an_answer_comes_twice():
    points = _frame([[80, 20], [40, 100]])
    before = points.copy()
    answers = [unseat(points, {"a": 60, "b": 30}).to_frame() for _ in range(2)]
    assert answers[0].equals(answers[1])
    assert points.equals(before)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"a": -1, "b": 2}, "weights: 'a' has -1, allowed a finite number of 0 or more"),
        ({"a": 1}, "weights: none for b, allowed one per criterion"),
        ({"a": 1, "b": np.nan}, "weights: 'b' has nan, allowed a finite number"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(weights, message):
    with pytest.raises(ParameterError, match=message):
        unseat(_frame([[1, 2], [2, 1]]), weights)


def test_a_missing_score_is_refused_by_name():
    with pytest.raises(ParameterError, match="'P1' has .*nan.* on 'a'"):
        unseat(_frame([[1, 2], [np.nan, 1]]), {"a": 1, "b": 1})


def test_large_points_give_the_same_change_as_small_ones():
    points = pd.DataFrame({"a": [80.0, 40.0], "b": [20.0, 50.0]}, index=["A", "B"])
    small, large = (unseat(points * factor, {"a": 60, "b": 40}) for factor in (1.0, 1e298))
    pd.testing.assert_frame_equal(small.weights, large.weights)
    columns = ["moved", "largest_change", "euclidean"]
    pd.testing.assert_frame_equal(small.to_frame()[columns], large.to_frame()[columns])
