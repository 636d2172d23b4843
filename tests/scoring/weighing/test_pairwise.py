"""Weights from comparisons of pairs, against Saaty's figures, closed forms and other routes to the same numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.scoring import score
from pmlib.scoring.weighing.pairwise import RANDOM_INDEX, pairwise_weights
from tests.published import saaty

SAATY = [1 / k for k in range(9, 1, -1)] + [float(k) for k in range(1, 10)]


def _frame(rows, criteria=None):
    criteria = criteria or [f"c{j}" for j in range(len(rows))]
    return pd.DataFrame(rows, index=criteria, columns=criteria, dtype=float)


def _power_iteration(matrix):
    weights = np.ones(len(matrix)) / len(matrix)
    for _ in range(2000):
        grown = matrix @ weights
        weights = grown / grown.sum()
    return weights, float((matrix @ weights)[0] / weights[0])


def _reciprocal(upper, n):
    matrix = np.ones((n, n))
    matrix[np.triu_indices(n, 1)] = upper[: n * (n - 1) // 2]
    return np.triu(matrix) + np.tril(1 / matrix.T, -1)


complete = st.integers(2, 6).flatmap(
    lambda n: st.lists(st.sampled_from(SAATY), min_size=n * (n - 1) // 2, max_size=n * (n - 1) // 2).map(
        lambda upper: _reciprocal(upper, n)))


@pytest.fixture
def house():
    return _frame(saaty.HOUSE, saaty.HOUSE_CRITERIA)


def test_wealth_of_nations_reproduces_saaty_1977():
    found = pairwise_weights(_frame(saaty.WEALTH, saaty.NATIONS))
    assert found.weights.round(3).to_list() == saaty.WEALTH_WEIGHTS
    assert found.lambda_max == pytest.approx(saaty.WEALTH_LAMBDA_MAX, abs=0.005)


def test_house_reproduces_saaty_1990(house):
    found = pairwise_weights(house)
    assert found.weights.round(3).to_list() == saaty.HOUSE_WEIGHTS
    assert found.lambda_max == pytest.approx(saaty.HOUSE_LAMBDA_MAX, abs=5e-4)
    assert found.consistency_ratio == pytest.approx(saaty.HOUSE_RATIO, abs=5e-4)


@settings(max_examples=50, deadline=None)
@given(complete)
def test_eigenvector_and_eigenvalue_are_those_of_the_power_iteration(matrix):
    found = pairwise_weights(_frame(matrix))
    weights, lambda_max = _power_iteration(matrix)
    assert found.weights.to_list() == pytest.approx(weights.tolist(), abs=1e-9)
    assert found.lambda_max == pytest.approx(lambda_max)


@settings(max_examples=50, deadline=None)
@given(complete)
def test_geometric_mean_of_rows_is_the_least_squares_of_complete_judgements(matrix):
    rows = np.exp(np.log(matrix).mean(axis=1))
    found = pairwise_weights(_frame(matrix), method="geometric mean")
    assert found.weights.to_list() == pytest.approx((rows / rows.sum()).tolist())
    assert found.consistency_ratio == pairwise_weights(_frame(matrix)).consistency_ratio


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.05, 1), min_size=1, max_size=8), st.sampled_from(["eigenvector", "geometric mean"]))
def test_consistent_judgements_give_the_weights_back_exactly(raw, method):
    parts = np.array(raw)
    found = pairwise_weights(_frame(np.divide.outer(parts, parts)), method=method)
    assert found.weights.to_list() == pytest.approx((parts / parts.sum()).tolist())
    assert found.consistency_ratio == pytest.approx(0, abs=1e-12)
    assert found.most_inconsistent == ""


@settings(max_examples=40, deadline=None)
@given(complete, st.randoms(use_true_random=False), st.sampled_from(["eigenvector", "geometric mean"]))
def test_order_of_criteria_makes_no_difference(matrix, random, method):
    frame = _frame(matrix)
    order = random.sample(list(frame.index), len(frame))
    found, moved = pairwise_weights(frame, method=method), pairwise_weights(frame.loc[order, order], method=method)
    assert moved.weights[frame.index].to_list() == pytest.approx(found.weights.to_list())
    assert moved.consistency_ratio == pytest.approx(found.consistency_ratio, abs=1e-12)
    assert moved.weights.sum() == pytest.approx(1)


def test_consistency_ratio_of_one_or_two_criteria_is_0_and_not_nan():
    assert pairwise_weights(_frame([[1.0]])).weights.to_list() == [1.0]
    assert pairwise_weights(_frame([[1.0]])).consistency_ratio == 0
    assert pairwise_weights(_frame([[1.0]])).summary().startswith("c0 (100 %) is the only criterion; ")
    two = pairwise_weights(_frame([[1, 9], [1 / 9, 1]]))
    assert two.consistency_ratio == 0
    assert two.weights.to_list() == pytest.approx([0.9, 0.1])
    assert two.to_frame()["others"].isna().all()
    assert "within the accepted" in two.summary()


def test_consistency_ratio_is_the_index_over_the_random_index():
    # A ring a > b > c > a of 2 each: every column sums to 1 + 2 + 1/2.
    ring = pairwise_weights(_frame([[1, 2, 0.5], [0.5, 1, 2], [2, 0.5, 1]]))
    assert ring.lambda_max == pytest.approx(3.5)
    assert ring.consistency_ratio == pytest.approx(0.25 / RANDOM_INDEX[2])
    assert ring.weights.to_list() == pytest.approx([1 / 3] * 3)


def test_random_judgements_have_a_mean_ratio_near_1():
    rng = np.random.default_rng(4)
    ratios = [pairwise_weights(_frame(_reciprocal(rng.choice(SAATY, 10), 5))).consistency_ratio for _ in range(150)]
    assert np.mean(ratios) == pytest.approx(1, abs=0.1)


def test_beyond_15_criteria_there_is_no_ratio_and_a_note_says_so():
    found = pairwise_weights(_frame(np.ones((16, 16))))
    assert np.isnan(found.consistency_ratio)
    assert found.notes == ("Saaty's random index ends at 15 criteria: 16 have no consistency ratio. "
                           "Compare them in a tree of smaller groups.",)
    assert "not defined" in found.summary()
    assert found.headline()["not defined"] == "consistency ratio, beyond 15 criteria"
    assert pairwise_weights(_frame(np.ones((15, 15)))).consistency_ratio == pytest.approx(0, abs=1e-12)


def test_the_judgement_farthest_from_the_others_is_named_with_what_they_imply():
    parts = np.array([8.0, 4, 2, 1])
    matrix = np.divide.outer(parts, parts)
    matrix[0, 3], matrix[3, 0] = 1 / 2, 2
    for method in ("eigenvector", "geometric mean"):
        found = pairwise_weights(_frame(matrix), method=method)
        worst = found.to_frame().iloc[0]
        assert worst[["criterion", "against"]].to_list() == ["c3", "c0"]
        assert worst["given"] == pytest.approx(2)
        assert worst["others"] == pytest.approx(1 / 8)
        assert found.most_inconsistent == "c3 against c0: given 2, the others imply 1/8"
    assert "Ask again first: c3 against c0: given 2" in found.summary()


def test_what_the_others_imply_is_the_ratio_of_weights_without_that_judgement(house):
    full = pairwise_weights(house)
    for row in full.to_frame().head(3).to_dict("records"):
        blank = house.copy()
        blank.loc[row["criterion"], row["against"]] = blank.loc[row["against"], row["criterion"]] = np.nan
        without = pairwise_weights(blank).weights
        assert row["others"] == pytest.approx(without[row["criterion"]] / without[row["against"]])
        assert row["ratio"] == pytest.approx(row["given"] / row["implied"])
        assert row["implied"] == pytest.approx(full.weights[row["criterion"]] / full.weights[row["against"]])
    assert len(full.to_frame()) == 28
    assert (full.to_frame()["given"] >= 1).all()


@settings(max_examples=40, deadline=None)
@given(complete, st.data())
def test_a_blank_pair_is_as_if_it_had_been_judged_as_the_weights_say(matrix, data):
    n = len(matrix)
    i, j = data.draw(st.permutations(range(n)))[:2]
    blank = matrix.copy()
    blank[i, j] = blank[j, i] = np.nan
    for method in ("eigenvector", "geometric mean") if n > 2 else ():
        found = pairwise_weights(_frame(blank), method=method)
        filled = matrix.copy()
        filled[i, j] = found.weights.iloc[i] / found.weights.iloc[j]
        filled[j, i] = 1 / filled[i, j]
        again = pairwise_weights(_frame(filled), method=method)
        assert again.weights.to_list() == pytest.approx(found.weights.to_list(), rel=1e-6)
        if method == "eigenvector":
            assert again.lambda_max == pytest.approx(found.lambda_max)
        assert found.notes == (f"1 of {n * (n - 1) // 2} comparisons were not asked; the others stand in for them.",)


def test_a_tree_of_judgements_is_followed_exactly_and_cannot_contradict_itself():
    tree = pd.DataFrame({"criterion": ["a", "b", "b"], "against": ["b", "c", "d"], "times": [2, 3, 1]})
    for method in ("eigenvector", "geometric mean"):
        found = pairwise_weights(tree, method=method)
        assert found.weights.to_dict() == pytest.approx({"a": 6 / 13, "b": 3 / 13, "c": 1 / 13, "d": 3 / 13})
        assert found.consistency_ratio == 0
        assert found.most_inconsistent == ""


def test_random_index_shrinks_with_the_comparisons_left_out():
    matrix = _reciprocal([3, 5, 7, 1 / 2, 3, 2, 4, 1 / 3, 2, 5], 5)
    matrix[0, 1] = matrix[1, 0] = matrix[2, 4] = matrix[4, 2] = np.nan
    found = pairwise_weights(_frame(matrix))
    harker = np.nan_to_num(matrix)
    np.fill_diagonal(harker, [2, 2, 2, 1, 2])
    lambda_max = _power_iteration(harker)[1]
    assert found.lambda_max == pytest.approx(lambda_max)
    assert found.consistency_ratio == pytest.approx((lambda_max - 5) / 4 / (RANDOM_INDEX[4] * (1 - 4 / 12)))


def test_small_weights_keep_their_digits():
    parts = np.array([1000.0, 1, 1e-3, 1e-3 / 5])
    chain = pd.DataFrame({"criterion": list("abc"), "against": list("bcd"), "times": parts[:3] / parts[1:]})
    found = pairwise_weights(chain)
    assert found.weights.to_list() == pytest.approx((parts / parts.sum()).tolist(), rel=1e-9)
    assert found.notes[1] == "A judgement of 1e+03 lies beyond Saaty's scale, which ends at 9."


def test_weights_score_a_company_as_they_are(make_tables):
    pairs = pd.DataFrame({"criterion": ["reach", "reach", "fit"], "against": ["fit", "risk", "risk"],
                          "times": [2, 4, 2]})
    found = pairwise_weights(pairs)
    assert score(make_tables(), weights=found.weights).weights.to_list() == pytest.approx([4 / 7, 2 / 7, 1 / 7])


def test_answer_is_said_in_sentences_and_twice_the_same(house):
    found = pairwise_weights(house)
    assert found.summary() == found.summary() == (
        "financing (33 %) counts most, age (2 %) least; the consistency ratio is 0.169, above the accepted 0.10. "
        "Ask again first: neighbourhood against condition: given 6, the others imply 1/2.2. These are weights of "
        "criteria; priorities of projects compared in pairs would depend on the set.")
    assert found.headline() == {"33 %": "weight of financing, the largest",
                                "0.169": "consistency ratio, above the accepted 0.10"}
    assert repr(pairwise_weights(_frame([[1, 4], [0.25, 1]]))) == (
        "<PairwiseWeights: c0 0.8, c1 0.2; consistency ratio 0.000, within the accepted 0.10>")
    pd.testing.assert_frame_equal(pairwise_weights(house).table, found.table)


def test_unknown_method_is_refused(house):
    with pytest.raises(ParameterError, match=r"method is 'eigen'.*Did you mean 'eigenvector'"):
        pairwise_weights(house, method="eigen")
