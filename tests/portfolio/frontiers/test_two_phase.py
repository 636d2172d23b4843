"""The two-phase search: brute force and epsilon constraints as oracles, engines against each other."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.portfolio.frontiers import two_phase
from pmlib.portfolio.frontiers.two_phase import non_dominated
from pmlib.portfolio.model import Rows, solve

ENGINES = ["plain", pytest.param("fast", marks=pytest.mark.skipif(
    two_phase.find_spec("numba") is None, reason="numba is not installed"))]


def _random(seed, n, m, *, low=1, decimals=0):
    """Uniform coefficients of 1-100 (or from ``low``), budgets half of the sum: the usual benchmark."""
    rng = np.random.default_rng(seed)
    draw = [np.round(rng.uniform(low, 100, (n, k)), decimals) for k in (2, m)]
    return draw[0], draw[1], np.floor(np.maximum(draw[1], 0.0).sum(axis=0) / 2)


def _filtered(points):
    """Non-dominated points by rising first gain, equal ones once."""
    points = points[np.lexsort((-points[:, 1], -points[:, 0]))]
    kept, best = [], -np.inf
    for point in points:
        if point[1] > best + 1e-9:
            kept.append(point)
            best = point[1]
    return np.array(kept[::-1]).reshape(-1, 2)


def _brute_force(gains, costs, budgets):
    n = len(gains)
    choices = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(float)
    return _filtered((choices @ gains)[(choices @ costs <= np.asarray(budgets) + 1e-9).all(axis=1)])


def _epsilon_constraint(gains, costs, budgets):
    """All points with whole gains, by two solves each: the most of the first, then of the second gain."""
    n, floor, points = len(gains), -np.inf, []
    while True:
        best = None
        for goal in (0, 1):
            rows = Rows()
            for r in range(costs.shape[1]):
                rows.add([("budget", str(r))], (np.zeros(n), np.arange(n), costs[:, r]), upper=budgets[r])
            rows.add([("second",)], (np.zeros(n), np.arange(n), gains[:, 1]), lower=floor)
            if best is not None:
                rows.add([("first",)], (np.zeros(n), np.arange(n), gains[:, 0]), lower=best - 0.5)
            answer = solve(rows.build(objective=gains[:, goal], upper=np.ones(n), integer=np.ones(n, bool)))
            if not answer.found:
                return np.array(points[::-1])
            best = answer.value
        points.append(np.round(answer.x) @ gains)
        floor = points[-1][1] + 0.5


def _holds(front, gains, costs, budgets):
    np.testing.assert_allclose(front.choices @ np.asarray(gains), front.points, rtol=1e-12, atol=1e-9)
    assert (front.choices @ np.asarray(costs) <= np.asarray(budgets) + 1e-9).all()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(4))
def test_front_matches_brute_force_of_14_items(seed, m, engine):
    task = _random(seed, 14, m)
    front = non_dominated(*task, engine=engine)
    assert front.exact
    np.testing.assert_array_equal(front.points, _brute_force(*task))
    _holds(front, *task)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(4))
def test_front_matches_brute_force_with_decimals_and_numbers_below_zero(seed, engine):
    task = _random(seed, 12, 2, low=-60, decimals=2)
    front = non_dominated(*task, engine=engine)
    np.testing.assert_allclose(front.points, _brute_force(*task), rtol=0, atol=1e-9)
    _holds(front, *task)


@pytest.mark.parametrize("engine", ENGINES)
def test_front_matches_brute_force_for_real_numbers(engine):
    rng = np.random.default_rng(5)
    gains, costs = rng.lognormal(3, 1, (13, 2)), rng.lognormal(3, 1, (13, 3))
    front = non_dominated(gains, costs, costs.sum(axis=0) / 2, engine=engine)
    np.testing.assert_allclose(front.points, _brute_force(gains, costs, costs.sum(axis=0) / 2), rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("seed", "n", "m"), [(1, 30, 2), (2, 30, 1)])
def test_front_matches_the_epsilon_constraint_walk_of_30_items(seed, n, m, engine):
    task = _random(seed, n, m)
    np.testing.assert_array_equal(non_dominated(*task, engine=engine).points, _epsilon_constraint(*task))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 8), st.integers(1, 3), st.data())
def test_small_whole_numbers_with_many_ties_match_brute_force(n, m, data):
    numbers = st.integers(-3, 4)
    gains = np.array(data.draw(st.lists(st.tuples(numbers, numbers), min_size=n, max_size=n)), float).reshape(n, 2)
    costs = np.array(data.draw(st.lists(st.tuples(*[numbers] * m), min_size=n, max_size=n)), float).reshape(n, m)
    budgets = np.array(data.draw(st.tuples(*[st.integers(-2, 9)] * m)), float)
    front = non_dominated(gains, costs, budgets, engine="plain")
    np.testing.assert_array_equal(front.points, _brute_force(gains, costs, budgets))


@pytest.mark.skipif(two_phase.find_spec("numba") is None, reason="numba is not installed")
@pytest.mark.parametrize("decimals", [0, 3, 15])
def test_engines_agree_bit_for_bit(decimals):
    task = _random(7, 40, 2, decimals=decimals)
    plain, fast = (non_dominated(*task, engine=engine).points for engine in ("plain", "fast"))
    assert plain.tobytes() == fast.tobytes()
    assert len(plain) > 20


def test_equal_points_are_kept_once_and_decimals_add_up():
    front = non_dominated([[0.1, 1.0], [0.2, 1.0], [0.3, 2.0]], [[0.1], [0.2], [0.3]], [0.3], engine="plain")
    assert front.points.tolist() == [[0.3, 2.0]]


def test_no_choice_holds_a_budget_below_zero():
    front = non_dominated([[1, 2]], [[3]], [-1], engine="plain")
    assert front.points.shape == (0, 2)
    assert front.choices.shape == (0, 1)
    assert front.exact


def test_nothing_to_gain_leaves_one_point():
    front = non_dominated(np.zeros((30, 2)), np.ones((30, 2)), [5, 9], engine="plain")
    assert front.points.tolist() == [[0.0, 0.0]]
    assert front.nodes < 100_000


def test_an_infinite_budget_limits_nothing():
    gains = [[5, -1], [-2, 4], [3, 3]]
    front = non_dominated(gains, [[1], [1], [1]], [np.inf], engine="plain")
    np.testing.assert_array_equal(front.points, _brute_force(np.array(gains), np.ones((3, 1)), [9]))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_search_that_ends_at_the_node_limit_says_so(engine):
    front = non_dominated(*_random(1, 40, 2), engine=engine, node_limit=3000)
    assert not front.exact
    assert "stopped at the node limit" in repr(front)
    _holds(front, *_random(1, 40, 2))


def test_small_tasks_do_not_wait_for_a_compiler(monkeypatch):
    monkeypatch.setitem(sys.modules, "pmlib.portfolio.frontiers.two_phase_numba", None)
    assert len(non_dominated(*_random(1, 20, 2)).points) > 1


def test_fast_without_numba_says_what_to_install(monkeypatch):
    monkeypatch.setattr(two_phase, "find_spec", lambda name: None)
    with pytest.raises(ParameterError, match=r"needs numba.*engine='plain'"):
        non_dominated(*_random(1, 5, 1), engine="fast")
    monkeypatch.setattr(two_phase, "_WORTH_COMPILING", 10)
    assert len(non_dominated(*_random(1, 20, 1)).points) > 1


@pytest.mark.parametrize(("arguments", "message"), [
    (([[1, 2, 3]], [[1]], [1]), r"gains: got shape \(1, 3\), allowed \(n, 2\)"),
    (([[1, 2]], [[1], [2]], [1]), r"costs: got shape \(2, 1\), allowed \(1, 1 to 4\)"),
    (([[1, 2]], [[1] * 5], [1] * 5), r"costs: got shape \(1, 5\)"),
    (([[1, 2]], [[1]], [1, 2]), r"budgets: got shape \(2,\), allowed \(1,\)"),
    (([[1, np.nan]], [[1]], [1]), "gains: got nan for item 0"),
    (([[1, 2]], [[np.inf]], [1]), "costs: got inf for item 0"),
    (([[1, 2]], [[1]], [np.nan]), "budgets: got nan for budget 0"),
])
def test_numbers_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        non_dominated(*arguments)


def test_an_unknown_engine_is_refused():
    with pytest.raises(ParameterError, match="engine: got 'fats'.*Did you mean 'fast'"):
        non_dominated([[1, 2]], [[1]], [1], engine="fats")


@pytest.mark.parametrize(("wrong", "words"), [
    ({"gains": "text"}, "gains: got 'text' that holds more than numbers, allowed an array of them"),
    ({"costs": [[object()], [1]]}, "costs: got a list that holds more than numbers"),
    ({"budgets": [10**400]}, "budgets: got a list that holds more than numbers"),
    ({"gains": [[1e300, 1], [1, 2]]}, r"gains: got 1e\+300 for item 0, allowed a number up to 1e\+12"),
    ({"node_limit": -1}, "node_limit: got -1, allowed a whole number of 0 or more"),
    ({"node_limit": float("nan")}, "node_limit: got nan, allowed a whole number"),
    ({"engine": ["fast"]}, "engine: got a list, allowed auto, fast, plain"),
])
def test_what_is_no_array_of_numbers_is_refused(wrong, words):
    with pytest.raises(ParameterError, match=words):
        non_dominated(**({"gains": [[1, 2], [2, 1]], "costs": [[1], [1]], "budgets": [1]} | wrong))
