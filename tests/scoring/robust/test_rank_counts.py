"""The bare kernels of simulated rankings, against ranks worked out one draw at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.scoring.ranks import ranks
from pmlib.scoring.robust.rank_counts import count_ranks, count_wins, tie_groups, weighted_sums


@settings(max_examples=30, deadline=None)
@given(n_draws=st.integers(1, 40), n_projects=st.integers(1, 9), seed=st.integers(0, 99))
def test_counts_are_those_of_one_draw_at_a_time(n_draws, n_projects, seed):
    values = np.random.default_rng(seed).uniform(0, 100, (n_draws, n_projects))
    counts = np.zeros((n_projects, n_projects), dtype=np.int64)
    first = count_ranks(1 + (100 - values) / 100, counts, sizes=np.ones(n_projects, dtype=np.int64))
    by_hand = np.zeros_like(counts)
    for row in values:
        by_hand[ranks(row) - 1, np.arange(n_projects)] += 1
    assert counts.tolist() == by_hand.tolist()
    assert first.tolist() == values.argmax(axis=1).tolist()


def test_a_group_has_the_better_rank_and_the_next_comes_after_all_of_it():
    counts = np.zeros((6, 3), dtype=np.int64)
    count_ranks(np.array([[1.5, 1.1, 1.9], [1.2, 1.3, 1.1]]), counts, sizes=np.array([3, 2, 1]))
    # First draw: two share rank 1, three rank 3, one is sixth; second: one, then three sharing 2, then two sharing 5.
    assert counts.T.tolist() == [[0, 1, 1, 0, 0, 0], [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, 1]]


def test_counts_of_two_blocks_add_up():
    counts = np.zeros((2, 2), dtype=np.int64)
    for keys in ([[1.0, 2.0]], [[2.0, 1.0], [1.0, 2.0]]):
        count_ranks(np.array(keys), counts, sizes=np.ones(2, dtype=np.int64))
    assert counts.tolist() == [[2, 1], [1, 2]]


def test_differences_far_below_a_tie_still_order_the_draws():
    keys = 1.5 + 1e-12 * np.random.default_rng(0).permuted(np.tile(np.arange(500.0), (20, 1)), axis=1)
    counts = np.zeros((500, 500), dtype=np.int64)
    assert count_ranks(keys.copy(), counts, sizes=np.ones(500, dtype=np.int64)).tolist() == keys.argmin(axis=1).tolist()


def test_a_product_in_slices_is_the_product():
    rng = np.random.default_rng(0)
    weights, points = rng.random((7, 9)), rng.random((9, 20_000))
    assert weighted_sums(weights, points, out=np.empty((7, 20_000))) == pytest.approx(weights @ points)


def test_wins_are_strict():
    wins = np.zeros((3, 3), dtype=np.int64)
    count_wins(np.array([[1.0, 1.0, 2.0], [3.0, 2.0, 1.0]]), wins)
    assert wins.tolist() == [[0, 0, 1], [1, 0, 1], [1, 1, 0]]


def test_projects_tie_that_differ_in_no_draw():
    values = np.array([[5.0, 1.0, 5.0 + 1e-12, 5.0], [5.0, 3.0, 5.0, 6.0]])
    assert tie_groups(values, tie=1e-9).tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_numbered_in_the_order_of_the_table(seed):
    rng = np.random.default_rng(seed)
    assert tie_groups(rng.random((3, 20)), tie=1e-9).tolist() == list(range(20))
    twice = rng.random((3, 10))[:, np.arange(20) % 10]
    assert tie_groups(twice, tie=1e-9).tolist() == [*range(10), *range(10)]
