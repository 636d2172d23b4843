"""The exact pairwise winning index, against fractions, geometry, quadrature and simulation."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.scoring.robust.weight_space import weight_space
from pmlib.scoring.robust.winning import pairwise_winning_index, positive_share


def _by_fractions(gaps):
    """Sum over positive gaps of d_i^(m-1) / prod(d_i - d_j): all gaps differ."""
    d = [Fraction(gap) for gap in gaps]
    total = Fraction(0)
    for i, one in enumerate(d):
        if one > 0:
            term = one ** (len(d) - 1)
            for j, other in enumerate(d):
                term = term / (one - other) if j != i else term
            total += term
    return total


def _frame(rows):
    ids = [f"P{i}" for i in range(len(rows))]
    return pd.DataFrame(np.array(rows, dtype=float), index=ids, columns=[f"c{j}" for j in range(len(rows[0]))])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-100, 100), min_size=1, max_size=7, unique=True))
def test_share_equals_the_closed_form_in_fractions(gaps):
    assert positive_share(np.array([gaps], dtype=float))[0] == pytest.approx(float(_by_fractions(gaps)), abs=1e-14)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=7))
def test_equal_gaps_have_the_share_that_nearly_equal_ones_tend_to(gaps):
    apart = [Fraction(gap) + Fraction(i + 1, 10**12) * (-1 if gap <= 0 else 1) for i, gap in enumerate(gaps)]
    assert positive_share(np.array([gaps], dtype=float))[0] == pytest.approx(float(_by_fractions(apart)), abs=1e-9)


@pytest.mark.parametrize("near", [1e-3, 1e-6, 1e-8])
def test_nearly_equal_gaps_cost_no_accuracy(near):
    gaps = [50.0, 50.0 + near, 50.0 + 2 * near, -20.0, -20.0 - near, 3.0]
    assert positive_share(np.array([gaps]))[0] == pytest.approx(float(_by_fractions(gaps)), abs=1e-14)


def test_two_criteria_give_the_length_of_an_interval():
    # 30 w - 10 (1 - w) > 0 where w > 1/4.
    index = pairwise_winning_index(_frame([(80, 20), (50, 30)]))
    assert index.shares.to_numpy() == pytest.approx(np.array([[0, 0.75], [0.25, 0]]))


def test_three_criteria_give_the_area_of_a_triangle():
    # Gaps 2, -1, -1: above 0 from the first corner to 1/3 of the way from it cut off on two edges: (2/3)^2.
    assert positive_share(np.array([[2.0, -1.0, -1.0]]))[0] == pytest.approx((2 / 3) ** 2)
    assert positive_share(np.array([[1.0, 1.0, -2.0]]))[0] == pytest.approx(1 - (2 / 3) ** 2)
    assert positive_share(np.array([[1.0, 0.0, -1.0]]))[0] == pytest.approx(0.5)


def test_share_equals_a_quadrature_over_four_criteria():
    gaps, n = np.array([7.0, -3.0, 2.0, -8.0]), 60
    cells = (np.array([c for c in itertools.product(range(n), repeat=3) if sum(c) < n]) + 0.25) / n
    weights = np.column_stack([cells, 1 - cells.sum(axis=1)])
    assert positive_share(gaps[None])[0] == pytest.approx(np.mean(weights @ gaps > 0), abs=0.01)


def test_index_lies_within_the_error_of_a_simulation_under_an_order_with_ties():
    rng = np.random.default_rng(3)
    points = _frame(rng.uniform(0, 100, (6, 5)))
    space = weight_space(list(points.columns), order=["c2", ["c0", "c4"]])
    exact = pairwise_winning_index(points, space=space).shares.to_numpy()
    values = space.sample(20_000, seed=1) @ points.to_numpy().T
    counted = (values[:, :, None] > values[:, None, :]).mean(axis=0)
    assert np.abs(exact - counted).max() < 4 * 0.5 / np.sqrt(20_000)


def test_two_shares_of_a_pair_sum_to_one_unless_they_always_tie():
    points = _frame([(10, 20, 30), (30, 20, 10), (10, 20, 30), (10, 20, 30 + 1e-12)])
    shares = pairwise_winning_index(points).shares.to_numpy()
    assert shares[0, 1] + shares[1, 0] == pytest.approx(1)
    assert shares[[0, 2, 0, 3], [2, 0, 3, 0]].tolist() == [0, 0, 0, 0]
    assert np.diag(shares).tolist() == [0, 0, 0, 0]


def test_a_dominated_project_never_wins_and_one_that_is_equal_but_for_one_criterion_always_does():
    shares = pairwise_winning_index(_frame([(10, 20), (10, 21), (9, 19)])).shares.to_numpy()
    assert shares.tolist() == [[0, 0, 1], [1, 0, 1], [0, 0, 0]]


def test_sixty_projects_on_six_criteria_are_compared_with_every_other_one():
    points = _frame(np.random.default_rng(0).uniform(0, 100, (60, 6)))
    shares = pairwise_winning_index(points).shares.to_numpy()
    off = ~np.eye(60, dtype=bool)
    assert (shares + shares.T)[off] == pytest.approx(1)


def test_one_project_and_one_criterion_have_an_answer():
    alone = pairwise_winning_index(_frame([(10, 20)]))
    assert alone.summary() == "P0 is the only project."
    assert alone.headline() == {"1": "project"}
    assert repr(alone) == "<PairwiseWinning: 1 projects>"
    assert pairwise_winning_index(_frame([(10,), (20,)])).shares.to_numpy().tolist() == [[0, 0], [1, 0]]


def test_answer_is_said_in_sentences():
    index = pairwise_winning_index(_frame([(80, 20), (50, 30), (0, 0)]))
    assert index.summary() == (
        "P0 beats every other project in 75 % of all possible weights or more; P1 comes nearest to it."
    )
    assert index.headline() == {"75 %": "chance that P0 beats P1, its nearest rival", "3": "projects compared in pairs"}
    assert repr(index) == "<PairwiseWinning: 3 projects; P0 beats P1 in 75 %, any other more often>"
    assert index.standard_errors().to_numpy().max() == 0
    assert index.to_frame().loc["P1", "P0"] == pytest.approx(0.25)


def test_what_has_no_closed_form_is_refused():
    points = _frame([(10, 20), (20, 10)])
    with pytest.raises(ParameterError, match=r"got a space with intervals.*Use acceptability"):
        pairwise_winning_index(points, space=weight_space(["c0", "c1"], intervals={"c0": (0.1, 0.5)}))
    with pytest.raises(ParameterError, match=r"criterion 'c1' has no weight in the space.*Did you mean 'c11'"):
        pairwise_winning_index(points, space=weight_space(["c0", "c11"]))
    with pytest.raises(ParameterError, match=r"no column c2, allowed one for each criterion of the space"):
        pairwise_winning_index(points, space=weight_space(["c0", "c1", "c2"]))
    with pytest.raises(ParameterError, match=r"'P1' has nan on 'c0', allowed a finite number"):
        pairwise_winning_index(_frame([(10, 20), (np.nan, 10)]))


def test_points_and_space_of_the_wrong_kind_are_refused():
    with pytest.raises(ParameterError, match=r"points: got a list, allowed a DataFrame"):
        pairwise_winning_index([[1.0]])
    with pytest.raises(ParameterError, match=r"space: got a dict, allowed a WeightSpace\. Make one with weight_space"):
        pairwise_winning_index(pd.DataFrame({"a": [1.0]}), space={})
