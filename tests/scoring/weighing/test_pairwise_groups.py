"""Comparisons by several people, and weights multiplied down a tree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.scoring import criteria, score
from pmlib.scoring.weighing.pairwise import pairwise_weights
from pmlib.scoring.weighing.pairwise_groups import group_pairwise_weights, tree_weights

NAMES = ["reach", "fit", "risk"]


def _judged(*upper):
    pairs = [("reach", "fit"), ("reach", "risk"), ("fit", "risk")]
    return pd.DataFrame([(*pair, times) for pair, times in zip(pairs, upper, strict=True)],
                        columns=["criterion", "against", "times"])


@pytest.fixture
def board():
    return {"Ann": _judged(2, 4, 2), "Bo": _judged(1 / 2, 4, 8), "Cy": _judged(9, 1 / 5, 3)}


triples = st.lists(st.tuples(*[st.sampled_from([1 / 5, 1 / 2, 1, 3, 7])] * 3), min_size=1, max_size=4)


@settings(max_examples=30, deadline=None)
@given(triples, st.data())
def test_with_geometric_means_throughout_averaging_judgements_or_priorities_is_the_same(rows, data):
    members = {f"m{k}": _judged(*row) for k, row in enumerate(rows)}
    say = {member: data.draw(st.integers(1, 5)) for member in members}
    by = {how: group_pairwise_weights(members, aggregate=how, member_weights=say, method="geometric mean").weights
          for how in ("judgements", "priorities")}
    assert by["judgements"].to_list() == pytest.approx(by["priorities"].to_list())


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.sampled_from([1 / 5, 1 / 2, 1, 3, 7])] * 3),
       st.sampled_from(["judgements", "priorities", "arithmetic priorities"]))
def test_a_group_of_one_mind_has_the_weights_of_each(row, how):
    group = group_pairwise_weights({"a": _judged(*row), "b": _judged(*row)}, aggregate=how)
    assert group.weights[NAMES].to_list() == pytest.approx(pairwise_weights(_judged(*row)).weights[NAMES].to_list())


def test_joint_judgements_are_geometric_means_with_the_members_weights(board):
    group = group_pairwise_weights(board, member_weights={"Bo": 1, "Ann": 2, "Cy": 1})
    mean = np.exp(np.average(np.log([[2, 4, 2], [1 / 2, 4, 8], [9, 1 / 5, 3]]), axis=0, weights=[2, 1, 1]))
    same = pairwise_weights(_judged(*mean))
    assert group.weights.to_list() == pytest.approx(same.weights.to_list())
    assert group.joint.consistency_ratio == pytest.approx(same.consistency_ratio)
    assert group.members["member_weight"].to_list() == [0.5, 0.25, 0.25]


def test_arithmetic_mean_of_priorities_is_the_mean_of_the_rows(board):
    group = group_pairwise_weights(board, aggregate="arithmetic priorities")
    assert group.weights.to_list() == pytest.approx(group.priorities.mean().to_list())
    assert group.joint is None
    assert group.weights.sum() == pytest.approx(1)


def test_every_member_has_an_own_ratio_and_the_inconsistent_one_is_named(board):
    group = group_pairwise_weights(board)
    own = [pairwise_weights(judged).consistency_ratio for judged in board.values()]
    assert group.to_frame()["consistency_ratio"].to_list() == pytest.approx(own)
    assert group.summary().endswith("Above a consistency ratio of 0.10: Cy.")
    assert group_pairwise_weights({"Ann": board["Ann"], "Bo": board["Bo"]}).summary() == (
        "In the group of 2, reach counts most (44 %); the members differ most on fit (29 % for Ann to 62 % for Bo). "
        "No member is above a consistency ratio of 0.10.")
    assert group_pairwise_weights({"Ann": board["Ann"]}).summary() == (
        "In the group of 1, reach counts most (57 %); the members agree. "
        "No member is above a consistency ratio of 0.10.")


def test_headline_and_repr_name_the_group(board):
    group = group_pairwise_weights({"Ann": board["Ann"], "Bo": board["Bo"]})
    assert group.headline() == {"44 %": "weight of reach, the largest", "33 points": "between members on fit"}
    assert repr(group) == "<GroupPairwiseWeights: reach 0.444, fit 0.444, risk 0.111; 2 members, judgements averaged>"


def test_a_pair_that_one_member_left_out_is_the_others(board):
    left_out = board["Ann"].assign(times=[2, np.nan, 2])
    group = group_pairwise_weights({"Ann": left_out, "Bo": board["Bo"]})
    same = pairwise_weights(_judged(1, 4, 4))
    assert group.weights.to_list() == pytest.approx(same.weights.to_list())


def test_criteria_in_another_order_are_matched_by_label(board):
    turned = {**board, "Bo": board["Bo"].iloc[::-1]}
    expected = group_pairwise_weights(board).weights.to_dict()
    assert group_pairwise_weights(turned).weights.to_dict() == pytest.approx(expected)


@pytest.mark.parametrize(("change", "options", "message"), [
    ({"Bo": _judged(-1, 4, 8)}, {}, r"member 'Bo': judgements: 'reach' against 'fit' is -1"),
    ({"Bo": pd.DataFrame({"criterion": ["reach"], "against": ["fit"], "times": [2]})}, {},
     r"'risk' is not compared by both 'Bo' and 'Ann'"),
    ({}, {"member_weights": {"Ann": 1, "Bo": 1}}, r"member_weights: 'Cy' stands 0 times, allowed once each: Ann,"),
    ({}, {"member_weights": {"Ann": 1, "Bo": 1, "Cy": 1, "Di": 1}}, r"member_weights: 'Di' stands 1 times"),
    ({}, {"member_weights": {"Ann": 1, "Bo": -1, "Cy": 1}}, r"member_weights: 'Bo' has -1, allowed"),
    ({}, {"member_weights": {"Ann": 0, "Bo": 0, "Cy": 0}}, r"member_weights: all are 0"),
    ({}, {"aggregate": "judgement"}, r"aggregate is 'judgement'.*Did you mean 'judgements'"),
    ({}, {"method": "mean"}, r"method is 'mean'.*Known: eigenvector, geometric mean"),
])
def test_groups_that_cannot_be_are_refused(board, change, options, message):
    with pytest.raises(ParameterError, match=message):
        group_pairwise_weights({**board, **change}, **options)


def test_a_group_of_nobody_is_refused():
    with pytest.raises(ParameterError, match=r"got no member, allowed 1 or more"):
        group_pairwise_weights({})


def test_local_weights_multiply_down_the_tree(make_tables):
    tree = criteria(make_tables())
    two = pairwise_weights(pd.DataFrame({"criterion": ["reach"], "against": ["fit"], "times": [3]}))
    found = tree_weights(tree, {"goal": {"market": 60, "risk": 40}, "market": two})
    assert found.to_dict() == pytest.approx({"reach": 0.45, "fit": 0.15, "risk": 0.4})
    assert score(make_tables(), weights=found).weights.to_list() == pytest.approx([0.45, 0.15, 0.4])


def test_several_tops_are_weighed_under_none_and_a_single_child_needs_no_weight(make_tables):
    table = make_tables()["objectives"]
    flat = table[table["objective_id"] != "goal"].assign(parent=[None, "market", None, None])
    tree = criteria({"objectives": flat})
    found = tree_weights(tree, {None: {"market": 1, "fit": 1, "risk": 2}})
    assert found.to_dict() == pytest.approx({"reach": 0.25, "fit": 0.25, "risk": 0.5})


@pytest.mark.parametrize(("local", "message"), [
    ({"goal": {"market": 1, "risk": 1}}, r"weights below market: 'fit' stands 0 times, allowed once each: reach, fit"),
    ({"gaol": {}}, r"'gaol' has no criteria below it.*Did you mean 'goal'"),
    ({"goal": {"market": 1, "risk": -1}, "market": {"reach": 1, "fit": 1}}, r"weights below goal: 'risk' has -1"),
])
def test_local_weights_that_do_not_fit_the_tree_are_refused(make_tables, local, message):
    with pytest.raises(ParameterError, match=message):
        tree_weights(criteria(make_tables()), local)


@pytest.mark.parametrize("given", [[1, 2], 3, {"a"}, pd.DataFrame()])
def test_members_and_their_weights_need_names(given):
    pairs = pd.DataFrame({"criterion": ["a"], "against": ["b"], "times": [2]})
    with pytest.raises(ParameterError, match=r"judgements: got a .*, allowed a mapping or a Series"):
        group_pairwise_weights(given)
    with pytest.raises(ParameterError, match=r"member_weights: got a .*, allowed a mapping or a Series"):
        group_pairwise_weights({"x": pairs}, member_weights=given)


@pytest.mark.parametrize("cell", [1.7e308, 10**400, 1j, np.float64("nan")])
def test_a_member_weight_that_is_no_usable_number_is_refused(cell):
    pairs = pd.DataFrame({"criterion": ["a"], "against": ["b"], "times": [2]})
    with pytest.raises(ParameterError, match=r"member_weights: 'x' has (?!np\.).*, allowed a finite number"):
        group_pairwise_weights({"x": pairs, "y": pairs}, member_weights={"x": cell, "y": 1})
