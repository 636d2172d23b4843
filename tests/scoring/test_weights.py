"""Weights: rescaled with a note, refused when they cannot be weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.schema import TABLES
from pmlib.scoring import (
    Method,
    best_worst,
    criteria,
    given_weights,
    group_pairwise_weights,
    group_weights,
    pairwise_weights,
)
from pmlib.scoring.weights import rest_proportions

GIVEN = {"reach": 50.0, "fit": 30.0, "risk": 20.0}


@pytest.fixture
def tree(make_tables):
    return criteria(make_tables())


def _table(weights, **columns):
    return {"weights": pd.DataFrame({"objective_id": list(weights), "weight": list(weights.values()), **columns})}


def test_weights_are_rescaled_to_sum_1_with_a_note(tree):
    weights = group_weights(_table(GIVEN), tree)
    assert weights.shares.to_dict() == {"reach": 0.5, "fit": 0.3, "risk": 0.2}
    assert weights.notes == ("Weights of board summed to 100 and were rescaled to sum 1.",)


def test_weights_that_sum_to_2_are_never_used_as_they_are(tree):
    weights = given_weights({"reach": 1.0, "fit": 0.6, "risk": 0.4}, tree)
    assert weights.shares.sum() == pytest.approx(1.0)
    assert "summed to 2 " in weights.notes[0]


def test_weights_that_sum_to_1_carry_no_note(tree):
    assert given_weights({"reach": 0.5, "fit": 0.3, "risk": 0.2}, tree).notes == ()


def test_swing_points_are_rescaled_like_direct_weights(tree):
    swing = group_weights(_table({"reach": 100, "fit": 60, "risk": 40}, method="swing"), tree)
    pd.testing.assert_series_equal(swing.shares, group_weights(_table(GIVEN), tree).shares)


def test_swing_without_a_largest_swing_of_100_is_noted(tree):
    whole = group_weights(_table({"reach": 100, "fit": 60, "risk": 40}, method="swing"), tree)
    assert whole.notes == ("Weights of board summed to 200 and were rescaled to sum 1.",)
    note = "Weights of board were asked by swing, but the largest swing has 50 points and not 100."
    assert group_weights(_table(GIVEN, method="swing"), tree).notes[1:] == (note,)


@pytest.mark.parametrize("method", ["ahp", "best_worst"])
def test_priorities_got_by_comparison_are_read_like_direct_weights(tree, method):
    asked = group_weights(_table(GIVEN, method=method), tree)
    direct = group_weights(_table(GIVEN), tree)
    assert (asked.shares.to_dict(), asked.notes) == (direct.shares.to_dict(), direct.notes)


@pytest.mark.parametrize(
    ("method", "shares"),
    [("rank_order_centroid", [1 / 9, 11 / 18, 5 / 18]), ("rank_sum", [1 / 6, 1 / 2, 1 / 3]),
     ("rank_reciprocal", [2 / 11, 6 / 11, 3 / 11])],
)  # fmt: skip
def test_ranks_in_the_table_become_weights_with_a_note(tree, method, shares):
    weights = group_weights(_table({"fit": 1, "risk": 2, "reach": 3}, method=method), tree)
    assert weights.shares.index.to_list() == tree.leaves
    assert weights.shares.index.name == "objective_id"
    assert weights.shares.to_list() == pytest.approx(shares)
    assert weights.notes == (f"Weights of board come from ranks ({method.replace('_', ' ')}): an order, not how much "
                             "more.",)


def test_equal_ranks_in_the_table_tie(tree):
    weights = group_weights(_table({"fit": 1, "risk": 1, "reach": 2}, method="rank_sum"), tree)
    assert weights.shares.to_list() == pytest.approx([1 / 6, 5 / 12, 5 / 12])


@pytest.mark.parametrize("bad", [0, 4, 100, -1, np.nan])
def test_rank_in_the_table_that_is_no_place_is_refused(tree, bad):
    with pytest.raises(SchemaError, match=r"weights of board: rank of 'risk' is .*, allowed 1 \(most important\) to 3"):
        group_weights(_table({"fit": 1, "risk": bad, "reach": 2}, method="rank_sum"), tree)


def test_leaf_without_a_rank_is_refused(tree):
    with pytest.raises(SchemaError, match=r"no weight for risk.*but is no rank"):
        group_weights(_table({"fit": 1, "reach": 2}, method="rank_sum"), tree)


def test_group_that_mixes_methods_is_refused_by_name(tree):
    mixed = _table(GIVEN, method=["swing", "direct", "swing"], group="sales")
    with pytest.raises(SchemaError, match=r"weights of sales: asked reach by swing, fit by direct, allowed one method"):
        group_weights(mixed, tree, group="sales")


def test_groups_may_be_asked_by_different_methods(tree):
    ranks = _table({"fit": 1, "risk": 2, "reach": 3}, method="rank_sum", group="sales")["weights"]
    both = {"weights": pd.concat([_table(GIVEN, method="direct", group="board")["weights"], ranks])}
    assert group_weights(both, tree).shares["reach"] == 0.5
    assert group_weights(both, tree, group="sales").shares["reach"] == pytest.approx(1 / 6)


def test_the_methods_are_those_of_the_table():
    assert tuple(Method) == TABLES["weights"]["method"].choices


@settings(max_examples=25, deadline=None)
@given(factor=st.floats(1e-3, 1e3))
def test_only_proportions_of_weights_matter(factor):
    two = pd.DataFrame({"objective_id": ["a", "b"], "name": ["a", "b"], "worst": 0, "best": 1})
    tree = criteria({"objectives": two})
    shares = given_weights({"a": 3 * factor, "b": factor}, tree).shares
    assert shares.to_list() == pytest.approx([0.75, 0.25])


def test_series_and_order_of_keys_make_no_difference(tree):
    turned = pd.Series(dict(reversed(GIVEN.items())))
    pd.testing.assert_series_equal(given_weights(turned, tree).shares, given_weights(GIVEN, tree).shares)


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf, "much", None])
def test_weight_that_is_negative_or_no_finite_number_is_refused(tree, bad):
    with pytest.raises(ParameterError, match=r"weight of 'fit' is .*, allowed a finite number of 0 or more"):
        given_weights({**GIVEN, "fit": bad}, tree)


def test_negative_weight_in_the_table_is_refused(tree):
    with pytest.raises(SchemaError, match=r"weights of board: weight of 'risk' is -20\.0, allowed.*with its direction"):
        group_weights(_table({**GIVEN, "risk": -20.0}), tree)


def test_weights_that_are_all_0_are_refused(tree):
    with pytest.raises(ParameterError, match=r"all are 0, allowed at least one above 0"):
        given_weights(dict.fromkeys(GIVEN, 0.0), tree)


def test_weight_for_an_unknown_objective_is_refused_with_a_near_name(tree):
    with pytest.raises(SchemaError, match=r"'riks' is not in objectives.*Did you mean 'risk'"):
        group_weights(_table({**GIVEN, "riks": 5.0}), tree)


def test_weight_for_an_inner_objective_is_refused(tree):
    with pytest.raises(ParameterError, match=r"'market' has no scale of its own.*Weigh only leaves"):
        given_weights({**GIVEN, "market": 5.0}, tree)


def test_leaf_without_a_weight_is_refused_with_the_remedy(tree):
    with pytest.raises(SchemaError, match=r"no weight for fit, risk.*0 leaves a criterion out"):
        group_weights(_table({"reach": 1.0}), tree)


def test_leaf_may_be_left_out_with_weight_0(tree):
    assert given_weights({**GIVEN, "fit": 0.0}, tree).shares["fit"] == 0.0


def test_unknown_group_is_refused_with_a_near_name(tree):
    with pytest.raises(ParameterError, match=r"group 'bord' has no row in weights.*Did you mean 'board'"):
        group_weights(_table(GIVEN), tree, group="bord")


def test_each_group_has_its_own_weights(tree):
    board, sales = _table(GIVEN, group="board"), _table(dict.fromkeys(GIVEN, 1), group="sales")
    both = pd.concat([board["weights"], sales["weights"]])
    assert group_weights({"weights": both}, tree, group="sales").shares.to_list() == pytest.approx([1 / 3] * 3)


def test_two_versions_of_one_weight_are_refused(tree):
    twice = pd.concat([_table(GIVEN)["weights"]] * 2)
    with pytest.raises(SchemaError, match=r"'reach' stands in 2 rows.*Keep the newest"):
        group_weights({"weights": twice}, tree)
    with pytest.raises(ParameterError, match=r"all are 0"):
        given_weights(pd.Series({leaf: 0 for leaf in GIVEN}), tree)
    with pytest.raises(SchemaError, match=r"weights=: objective_id 'reach' stands in 2 rows"):
        given_weights(pd.Series([1, 2], index=["reach", "reach"]), tree)


def test_unknown_method_word_is_refused(tree):
    with pytest.raises(SchemaError, match=r"method is 'swings'.*Did you mean 'swing'"):
        group_weights(_table(GIVEN, method="swings"), tree)


def test_missing_table_is_named(tree):
    with pytest.raises(MissingTableError, match=r"needs the table 'weights'"):
        group_weights({}, tree)


def test_other_weights_keep_their_proportions_and_share_equally_when_all_are_0():
    assert rest_proportions(np.array([0.5, 0.3, 0.2]))[0].tolist() == pytest.approx([0, 0.6, 0.4])
    assert rest_proportions(np.array([1.0, 0.0, 0.0]))[0].tolist() == [0, 0.5, 0.5]
    assert rest_proportions(np.array([1.0])).tolist() == [[0.0]]


def _result(kind):
    pairs = pd.DataFrame({"criterion": ["reach", "reach"], "against": ["fit", "risk"], "times": [2, 6]})
    rows = {"best_to_others": {"fit": 2, "risk": 6}, "others_to_worst": {"reach": 6, "fit": 3}}
    return {"pairwise": lambda: pairwise_weights(pairs), "group": lambda: group_pairwise_weights({"a": pairs}),
            "best worst": lambda: best_worst("reach", "risk", **rows)}[kind]()


@pytest.mark.parametrize("kind", ["pairwise", "group", "best worst"])
def test_a_result_is_not_its_weights_and_says_where_they_are(tree, kind):
    with pytest.raises(ParameterError, match=r"weights: got a .*Weights, allowed .*Pass its \.weights"):
        given_weights(_result(kind), tree)
    shares = given_weights(_result(kind).weights, tree).shares
    assert shares.index.tolist() == tree.leaves
    assert shares.index.name == "objective_id"


def test_weights_of_a_group_are_passed_by_their_shares(tree):
    whole = given_weights(dict.fromkeys(tree.leaves, 1), tree)
    with pytest.raises(ParameterError, match=r"weights: got a Weights, allowed .*Pass its \.shares"):
        given_weights(whole, tree)


@pytest.mark.parametrize("cell", [10**400, 1.7e308, 1j, pd.NaT, [1], np.float64("nan")])
def test_a_weight_that_is_no_usable_number_is_refused_as_it_was_written(tree, cell):
    with pytest.raises(ParameterError, match=r"weight of 'reach' is (?!np\.).*, allowed a finite number of 0 or more"):
        given_weights(dict.fromkeys(tree.leaves, 1) | {"reach": cell}, tree)


@pytest.mark.parametrize("group", [None, 3, np.nan, pd.NA, ["board"], pd.Series(["board"])])
def test_a_group_that_is_no_name_is_refused(tree, group):
    with pytest.raises(ParameterError, match=r"has no row in weights\. Known: board\."):
        group_weights(_table(GIVEN), tree, group=group)


def test_what_is_no_tree_is_refused():
    with pytest.raises(ParameterError, match=r"tree: got a dict, allowed a CriteriaTree\. Read it with criteria"):
        given_weights({"reach": 1}, {})
