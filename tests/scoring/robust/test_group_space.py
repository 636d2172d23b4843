"""Weights between those of the groups, and weights that keep an order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.scoring import between_groups, keeping_order


def _tables(**groups):
    leaves = ["reach", "fit", "risk"]
    rows = [(leaf, group, weight) for group, weights in groups.items()
            for leaf, weight in zip(leaves, weights, strict=True)]
    return {
        "objectives": pd.DataFrame({"objective_id": leaves, "name": leaves, "worst": 0, "best": 10}),
        "weights": pd.DataFrame(rows, columns=["objective_id", "group", "weight"]),
    }


def _ends(space):
    return space.to_frame()[["low", "high"]].to_numpy()


def test_weights_between_two_groups_reach_from_the_lowest_to_the_highest_share():
    space = between_groups(_tables(board=(50, 30, 20), sales=(70, 20, 10)))
    assert space.leaves == ("reach", "fit", "risk")
    assert _ends(space) == pytest.approx(np.array([[0.5, 0.7], [0.2, 0.3], [0.1, 0.2]]))


def test_weights_of_every_group_and_their_middle_lie_in_between():
    groups = {"board": (50, 30, 20), "sales": (10, 0, 90), "design": (1, 1, 1)}
    space, shares = between_groups(_tables(**groups)), np.array([np.array(w) / sum(w) for w in groups.values()])
    assert space.contains(shares).all()
    assert space.contains(shares.mean(axis=0))
    assert space.contains(space.sample(200, seed=1)).all()


def test_criterion_that_a_group_weighs_zero_may_weigh_nothing():
    space = between_groups(_tables(board=(60, 40, 0), sales=(40, 40, 20)))
    assert _ends(space) == pytest.approx(np.array([[0.4, 0.6], [0.4, 0.4], [0.0, 0.2]]))
    drawn = space.sample(200, seed=0)
    assert drawn.sum(axis=1) == pytest.approx(np.ones(200))
    assert drawn[:, 1] == pytest.approx(np.full(200, 0.4))


def test_groups_of_one_mind_leave_a_single_point():
    space = between_groups(_tables(board=(50, 30, 20), sales=(5, 3, 2)))
    assert space.sample(10, seed=0) == pytest.approx(np.tile([0.5, 0.3, 0.2], (10, 1)))


def test_one_group_leaves_its_order_of_importance():
    space = between_groups(_tables(board=(20, 50, 30)))
    assert space.statements == keeping_order(pd.Series({"reach": 0.2, "fit": 0.5, "risk": 0.3})).statements
    # Of a complete order of three the corners are (1), (1/2, 1/2) and (1/3, 1/3, 1/3).
    assert space.vertices() == pytest.approx(np.array([[1 / 3] * 3, [0, 1, 0], [0, 1 / 2, 1 / 2]]))


def test_order_keeps_the_criteria_in_the_place_they_came_in():
    space = keeping_order(pd.Series({"reach": 0.2, "fit": 0.5, "risk": 0.3}))
    drawn = space.sample(500, seed=2)
    assert space.leaves == ("reach", "fit", "risk")
    assert (drawn[:, 1] >= drawn[:, 2]).all() and (drawn[:, 2] >= drawn[:, 0]).all()
    # Rank-order centroid of Barron & Barrett (1996): 11/18, 5/18, 2/18.
    assert space.centre() == pytest.approx(np.array([2, 11, 5]) / 18)


def test_criteria_of_equal_weight_are_not_told_apart_even_by_a_rounding_of_floats():
    space = keeping_order(pd.Series({"reach": 0.1 + 0.2, "fit": 0.3, "risk": 0.4}))
    drawn = space.sample(500, seed=0)
    assert 0.4 < (drawn[:, 0] > drawn[:, 1]).mean() < 0.6
    assert (drawn[:, 2] >= drawn[:, :2].max(axis=1)).all()
    assert _ends(space) == pytest.approx(np.array([[0, 1 / 2], [0, 1 / 2], [1 / 3, 1]]))
    assert space.statements == ("risk at least reach", "risk at least fit")


def test_all_weights_equal_leave_every_weight_possible():
    space = keeping_order(pd.Series({"reach": 1.0, "fit": 1.0, "risk": 1.0}) / 3)
    assert _ends(space) == pytest.approx(np.array([[0.0, 1.0]] * 3))
    assert space.statements == ()


def test_criterion_of_no_weight_is_the_least_important_one():
    drawn = keeping_order(pd.Series({"reach": 0.6, "fit": 0.0, "risk": 0.4})).sample(200, seed=0)
    assert (drawn[:, 1] <= drawn[:, [0, 2]].min(axis=1)).all()
    assert drawn[:, 1].max() > 0.1


def test_one_criterion_weighs_everything():
    assert keeping_order(pd.Series({"reach": 1.0})).sample(3, seed=0).tolist() == [[1.0]] * 3


def test_group_without_a_weight_for_a_criterion_is_refused_by_name():
    tables = _tables(board=(50, 30, 20), sales=(1, 1, 1))
    tables["weights"] = tables["weights"].drop(index=5)
    with pytest.raises(SchemaError, match=r"sales.*risk|risk.*sales"):
        between_groups(tables)


def test_missing_table_of_weights_is_named():
    with pytest.raises(MissingTableError, match="weights"):
        between_groups({"objectives": _tables(board=(1, 1, 1))["objectives"]})


def test_an_order_needs_weights_by_criterion():
    with pytest.raises(ParameterError, match=r"weights: got a list, allowed a mapping or a Series"):
        keeping_order([3, 2])
    with pytest.raises(ParameterError, match=r"weights: 'b' has nan, allowed a finite number of 0 or more"):
        keeping_order(pd.Series({"a": 0.6, "b": float("nan")}))
