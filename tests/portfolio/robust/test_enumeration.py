"""The exact kernel against the definition of dominance, over every set of up to 16 projects."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio.robust.enumeration import Choices, dominates, least_and_most, non_dominated


def every_set(choices: Choices) -> np.ndarray:
    n = choices.use.shape[1]
    sets = np.array(list(product([False, True], repeat=n)))
    return sets[(sets @ choices.use.T <= choices.limits + 1e-9).all(axis=1)]


def beats(choices: Choices, one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The definition: what is in one set only, at its worst (at its best), against what is in the other only."""
    mine, theirs = one & ~others, others & ~one
    worst = np.array([mine @ low - theirs @ high for low, high in zip(choices.low, choices.high, strict=True)])
    best = np.array([mine @ high - theirs @ low for low, high in zip(choices.low, choices.high, strict=True)])
    return (worst >= -1e-7).all(axis=0) & (best > 1e-7).any(axis=0)


def random_choices(seed: int, n: int, *, corners: int = 3, limits: int = 2, width: float = 0.1) -> Choices:
    rng = np.random.default_rng(seed)
    points, use = rng.uniform(-10, 100, (n, corners)), rng.uniform(0, 10, (limits, n)).round(1)
    order = np.tril(np.ones((corners, corners))) / np.arange(1, corners + 1)[:, None]
    spread = width * np.abs(points)
    return Choices(low=order @ (points - spread).T, high=order @ (points + spread).T, use=use,
                   limits=use.sum(axis=1) * rng.uniform(0.3, 0.7))


def refuted(choices: Choices) -> list[str]:
    """What the definition has against an answer: it is right when its members beat all else and none of themselves.

    Domination is transitive, so that a member beaten by any set would be beaten by a member.
    """
    found, every = non_dominated(choices, most=10**6), every_set(choices)
    answer = {one.tobytes() for one in found}
    beaten = np.any([beats(choices, one, every) for one in found], axis=0)
    wrong = [f"{one.astype(int)} is beaten, and yet in the answer: {one.tobytes() in answer}"
             for one, down in zip(every, beaten, strict=True) if down == (one.tobytes() in answer)]
    beyond = answer.difference(one.tobytes() for one in every)
    return wrong + ["beyond the limits"] * len(beyond) + ["twice"] * (len(found) - len(answer))


@pytest.mark.parametrize("seed", range(12))
def test_it_finds_exactly_the_sets_that_the_definition_leaves_of_nine_projects(seed):
    shape = np.random.default_rng(seed)
    choices = random_choices(seed, 9, corners=int(shape.integers(1, 4)), limits=int(shape.integers(1, 4)),
                             width=float(shape.choice([0.0, 0.05, 0.3])))
    assert refuted(choices) == []


@pytest.mark.parametrize(("width", "limits"), [(0.0, 1), (0.05, 2)])
def test_it_finds_exactly_the_sets_that_the_definition_leaves_of_sixteen_projects(width, limits):
    assert refuted(random_choices(16, 16, limits=limits, width=width)) == []


@pytest.mark.parametrize("seed", range(6))
def test_needs_exclusions_and_floors_are_limits_with_negative_use(seed):
    plain = random_choices(seed, 8, limits=1)
    needs, excludes, floor = np.zeros(8), np.zeros(8), np.full(8, -1.0)
    needs[[0, 1]], excludes[[2, 3]] = (1, -1), (1, 1)
    choices = Choices(low=plain.low, high=plain.high, use=np.vstack([plain.use, needs, excludes, floor]),
                      limits=np.append(plain.limits, [0, 1, -2]))
    assert refuted(choices) == []
    found = non_dominated(choices, most=1000)
    assert (found.sum(axis=1) >= 2).all()
    assert not (found[:, 0] & ~found[:, 1]).any()
    assert not (found[:, 2] & found[:, 3]).any()


def test_projects_in_both_sets_cancel_whatever_their_values_are():
    choices = Choices(low=np.array([[0.0, 5.0, 4.0]]), high=np.array([[99.0, 5.0, 4.5]]), use=np.ones((1, 3)),
                      limits=np.array([2.0]))
    one, other = np.array([[True, True, False]]), np.array([[True, False, True]])
    least, most = least_and_most(choices, one, other)
    assert (least[0, 0], most[0, 0]) == (0.5, 1.0)
    assert dominates(choices, one, other)
    assert not dominates(choices, other, one)


def test_equal_sets_are_kept_both():
    choices = Choices(low=np.array([[5.0, 5.0]]), high=np.array([[5.0, 5.0]]), use=np.ones((1, 2)),
                      limits=np.array([1.0]))
    assert non_dominated(choices, most=10).sum(axis=1).tolist() == [1, 1]


def test_limits_that_no_set_keeps_leave_none():
    choices = Choices(low=np.ones((1, 2)), high=np.ones((1, 2)), use=np.full((1, 2), -1.0), limits=np.array([-3.0]))
    assert len(non_dominated(choices, most=10)) == 0


def test_thirty_projects_with_three_ordered_criteria_are_enumerated_and_their_optima_are_among_them():
    choices = random_choices(3, 30, limits=1, width=0.03)
    found = non_dominated(choices, most=10_000)
    assert len(found) == len({one.tobytes() for one in found})
    assert not dominates(choices, found, found).any()
    assert (found @ choices.use.T <= choices.limits + 1e-6).all()


def test_more_open_sets_than_allowed_are_refused_with_the_remedy():
    with pytest.raises(ParameterError, match=r"more than 3 sets are still open, allowed 3\. Sample instead"):
        non_dominated(random_choices(0, 12, width=0.5), most=3)
