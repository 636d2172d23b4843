"""Weights from an order of importance, against exact fractions and the geometry behind them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.schema.portfolio_tables import RANK_METHODS
from pmlib.scoring.weighing.rank_weights import RankMethod, rank_weights

#: Rank order centroid as Edwards & Barron (1994) print it for four criteria.
EDWARDS_BARRON_4 = (0.5208, 0.2708, 0.1458, 0.0625)


def _names(n):
    return [f"c{place}" for place in range(1, n + 1)]


def _fractions(n, method):
    """Weights by place as exact fractions, written down from the definitions."""
    places = range(1, n + 1)
    raw = {
        RankMethod.CENTROID: [sum(Fraction(1, j) for j in range(k, n + 1)) / n for k in places],
        RankMethod.SUM: [Fraction(2 * (n + 1 - k), n * (n + 1)) for k in places],
        RankMethod.RECIPROCAL: [Fraction(1, k) / sum(Fraction(1, j) for j in places) for k in places],
    }
    return [float(weight) for weight in raw[method]]


def test_centroid_weights_of_four_criteria_are_the_published_ones():
    assert tuple(rank_weights(_names(4)).round(4)) == EDWARDS_BARRON_4


def test_sum_and_reciprocal_weights_of_four_criteria_are_those_worked_out_by_hand():
    assert rank_weights(_names(4), method="rank_sum").to_list() == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert rank_weights(_names(4), method="rank_reciprocal").to_list() == pytest.approx([0.48, 0.24, 0.16, 0.12])


@pytest.mark.parametrize("method", list(RankMethod))
@pytest.mark.parametrize("n", [1, 2, 3, 7, 15])
def test_weights_are_the_exact_fractions(n, method):
    assert rank_weights(_names(n), method=method).to_list() == pytest.approx(_fractions(n, method), abs=1e-15)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 12))
def test_centroid_is_the_mean_of_the_corners_of_all_weights_that_keep_the_order(n):
    corners = np.tril(np.ones((n, n))) / np.arange(1, n + 1)[:, None]
    assert rank_weights(_names(n)).to_numpy() == pytest.approx(corners.mean(axis=0))


@pytest.mark.parametrize("method", list(RankMethod))
@settings(max_examples=25, deadline=None)
@given(ranks=st.integers(1, 8).flatmap(lambda n: st.lists(st.integers(1, n), min_size=n, max_size=n)))
def test_weights_sum_to_1_keep_the_order_and_are_equal_just_where_ranks_are(ranks, method):
    weights = rank_weights(dict(zip(_names(len(ranks)), ranks, strict=True)), method=method).to_numpy()
    assert weights.sum() == pytest.approx(1)
    assert (weights > 0).all()
    falls = np.subtract.outer(ranks, ranks)
    assert (np.sign(np.subtract.outer(weights, weights).round(12)) == -np.sign(falls)).all()


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(_names(5)))
def test_a_list_and_its_ranks_in_any_order_say_the_same(order):
    ranks = pd.Series({name: order.index(name) + 1 for name in _names(5)})
    by_list = rank_weights(order)
    assert rank_weights(ranks).to_dict() == by_list.to_dict()
    assert list(rank_weights(ranks).index) == _names(5)


def test_members_of_a_tie_share_the_mean_of_the_places_they_take():
    _, second, third, _ = weights = _fractions(4, RankMethod.CENTROID)
    shared = [weights[0], (second + third) / 2, (second + third) / 2, weights[3]]
    given = rank_weights(["c1", {"c2", "c3"}, "c4"])
    assert given.to_list() == pytest.approx(shared)
    for ranks in ([1, 2, 2, 4], [1, 2, 2, 3], [1, 2.5, 2.5, 4]):
        assert rank_weights(dict(zip(_names(4), ranks, strict=True))).to_list() == given.to_list()


@pytest.mark.parametrize("method", list(RankMethod))
def test_criteria_that_all_tie_weigh_the_same(method):
    assert rank_weights([_names(3)], method=method).to_list() == pytest.approx([1 / 3] * 3)


def test_the_result_is_labelled():
    weights = rank_weights(pd.Series([2, 1], index=["fit", "reach"]))
    assert (weights.index.name, weights.name, weights.index.to_list()) == ("criterion", "weight", ["fit", "reach"])


@pytest.mark.parametrize("rank", [0, -1, 3, 60, 0.5, np.nan, np.inf, None, "first"])
def test_rank_that_is_no_number_from_1_to_n_is_refused(rank):
    with pytest.raises(ParameterError, match=r"rank of 'fit' is .*, allowed 1 \(most important\) to 2, .*Write ranks"):
        rank_weights({"reach": 1, "fit": rank})


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([], "order is empty.*Name them"),
        ({}, "order is empty"),
        ("abc", "order is a str.*Write it as a list"),
        ({"reach", "fit"}, "order is a set.*Write it as a list"),
        (["reach", ["fit", "reach"]], "'reach' stands twice"),
        (pd.Series([1, 2], index=["fit", "fit"]), "'fit' stands twice"),
    ],
)
def test_what_is_no_order_of_criteria_is_refused(order, message):
    with pytest.raises(ParameterError, match=message):
        rank_weights(order)


def test_unknown_method_is_refused_with_a_near_name():
    with pytest.raises(ParameterError, match=r"method is 'rank_sums'.*Did you mean 'rank_sum'"):
        rank_weights(["a"], method="rank_sums")


def test_the_methods_are_those_of_the_table():
    assert tuple(RankMethod) == RANK_METHODS


@pytest.mark.parametrize("order", [3, None, iter(["a"]), np.ones(2)])
def test_what_is_neither_list_nor_ranks_is_refused(order):
    with pytest.raises(ParameterError, match=r"order is a .*, allowed criteria with ranks, or a list"):
        rank_weights(order)


@pytest.mark.parametrize("cell", [10**400, 1j, np.float64("nan")])
def test_a_rank_that_is_no_usable_number_is_refused(cell):
    with pytest.raises(ParameterError, match=r"rank of 'a' is (?!np\.).*, allowed 1"):
        rank_weights({"a": cell, "b": 1})
