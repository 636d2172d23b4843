from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pmlib.errors import ParameterError
from pmlib.portfolio.changes.shapley import interactions, shapley

VALUES = st.floats(-1e4, 1e4, allow_nan=False)


def games(n: int) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, (1 << n, 2), elements=VALUES)


def average_over_orders(game: np.ndarray) -> np.ndarray:
    """The definition: what each player adds when it comes in, on average over all orders."""
    n = len(game).bit_length() - 1
    found, orders = np.zeros(n), list(itertools.permutations(range(n)))
    for order in orders:
        there = 0
        for player in order:
            found[player] += game[there | 1 << player] - game[there]
            there |= 1 << player
    return found / len(orders)


@settings(max_examples=25, deadline=None)
@given(games(4))
def test_every_contribution_is_the_average_over_all_orders(game):
    assert shapley(game)[:, 0] == pytest.approx(average_over_orders(game[:, 0]), abs=1e-7)


@settings(max_examples=25, deadline=None)
@given(games(5))
def test_contributions_add_up_to_the_whole_change(game):
    assert shapley(game).sum(axis=0) == pytest.approx(game[-1] - game[0], abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(games(3), st.floats(-5, 5))
def test_of_a_sum_of_games_the_contributions_are_the_sum(game, factor):
    both = (game[:, 0] + factor * game[:, 1])[:, None]
    assert shapley(both)[:, 0] == pytest.approx(shapley(game) @ [1.0, factor], abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(games(3))
def test_who_changes_nothing_contributes_nothing(game):
    with_dummy = np.concatenate([game, game])
    assert shapley(with_dummy)[3] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert shapley(with_dummy)[:3] == pytest.approx(shapley(game), abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(games(3))
def test_who_acts_alike_contributes_alike(game):
    swapped = [mask & 4 | (mask & 1) << 1 | (mask & 2) >> 1 for mask in range(8)]
    alike = (game + game[swapped]) / 2
    assert shapley(alike)[0] == pytest.approx(shapley(alike)[1], abs=1e-6)


def test_airport_game_has_the_closed_form_of_littlechild_and_owen():
    """A runway costs as much as its largest user needs: each stretch is shared by all who need it (1973)."""
    costs = np.array([3.0, 7.0, 10.0, 20.0])
    game = np.array([max((costs[i] for i in range(4) if mask >> i & 1), default=0.0) for mask in range(16)])
    stretches = np.diff(costs, prepend=0.0) / np.arange(4, 0, -1)
    assert shapley(game[:, None])[:, 0] == pytest.approx(np.cumsum(stretches))


def test_one_left_glove_and_two_right_ones_share_four_one_one_sixths():
    game = np.array([float(mask & 1 and mask & 6) > 0 for mask in range(8)], dtype=float)
    assert shapley(game[:, None])[:, 0] == pytest.approx([4 / 6, 1 / 6, 1 / 6])


def test_interaction_is_all_of_what_only_a_pair_does_and_nothing_of_a_sum():
    pair = np.array([float(mask & 3 == 3) for mask in range(8)])
    found = interactions(pair, ["a", "b", "c"]).set_index(["one", "other"])["interaction"]
    assert found.to_dict() == pytest.approx({("a", "b"): 1.0, ("a", "c"): 0.0, ("b", "c"): 0.0})
    added = np.array([float(mask.bit_count()) for mask in range(8)])
    assert interactions(added, ["a", "b", "c"])["interaction"].abs().max() == pytest.approx(0.0, abs=1e-12)


def test_interaction_of_a_triple_is_half_of_it_for_each_pair():
    triple = np.array([float(mask == 7) for mask in range(8)])
    assert interactions(triple, ["a", "b", "c"])["interaction"].tolist() == pytest.approx([0.5] * 3)


def test_no_player_and_one_player_have_their_obvious_answers():
    assert shapley(np.array([[5.0]])).shape == (0, 1)
    assert shapley(np.array([[5.0], [7.0]])).tolist() == [[2.0]]
    assert interactions(np.array([5.0, 7.0]), ["a"]).empty


@pytest.mark.parametrize("wrong", [np.zeros((3, 1)), np.zeros(4), np.zeros((0, 1)), np.full((2, 1), np.nan)])
def test_what_is_no_game_is_refused(wrong):
    with pytest.raises(ParameterError, match="one row per coalition"):
        shapley(wrong)
