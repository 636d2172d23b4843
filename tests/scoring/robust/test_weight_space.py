"""Weights that agree with an order, intervals and linear statements."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

from pmlib.errors import ParameterError
from pmlib.scoring.robust.polytope import hit_and_run
from pmlib.scoring.robust.weight_space import weight_space

ABC = ["a", "b", "c"]
ABCD = ["a", "b", "c", "d"]
# One of each kind: in closed form, by rejection, by a walk, without inside, a single point.
SPACES = {
    "free": ({}, "simplex"),
    "order": ({"order": ABCD}, "simplex"),
    "tie": ({"order": ["b", ["a", "d"]]}, "simplex"),
    "box": ({"intervals": {"a": (0.1, 0.3), "b": (0.2, 0.6)}}, "rejection"),
    "cut": ({"order": ["a", "b"], "linear": [({"a": 1, "c": -2}, 0.1)]}, "rejection"),
    "thin": ({"intervals": {"a": (0.3, 0.3), "b": (0.1, 0.2)}, "linear": [({"c": 2, "d": -1}, 0)]}, "hit-and-run"),
    "point": ({"order": ABCD, "intervals": {"a": (0.4, 0.4), "b": (0.3, 0.3), "c": (0.2, 0.2)}}, "hit-and-run"),
}


@pytest.fixture(params=SPACES)
def case(request):
    stated, method = SPACES[request.param]
    return weight_space(ABCD, **stated), method


def _corners_by_brute_force(space):
    """Every meeting point of as many statements as there are unknowns, if it lies in the space."""
    n, found = len(space.leaves), set()
    for chosen in itertools.combinations(range(len(space.limits)), n - 1):
        equations = np.vstack([np.ones(n), space.rows[list(chosen)]])
        if np.linalg.matrix_rank(equations) == n:
            corner = np.linalg.solve(equations, np.concatenate([[1.0], space.limits[list(chosen)]]))
            if space.contains(corner):
                found.add(tuple(np.round(corner, 8) + 0.0))
    return found


def test_corners_are_those_found_by_brute_force(case):
    space, _ = case
    assert {tuple(corner) for corner in np.round(space.vertices(), 8) + 0.0} == _corners_by_brute_force(space)


@pytest.mark.parametrize("seed", range(12))
def test_corners_of_random_statements_are_those_found_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    inside = rng.dirichlet(np.ones(4))
    width = rng.integers(0, 5, (2, 4)) / 10
    intervals = {name: (max(0, w - low), min(1, w + high))
                 for name, w, low, high in zip(ABCD, inside, *width, strict=True) if rng.random() < 0.7}
    rows = rng.integers(-2, 3, (2, 4)).astype(float)
    rows[:, 0] += ~rows.any(axis=1)
    linear = [(dict(zip(ABCD, row, strict=True)), float(row @ inside) + slack)
              for row, slack in zip(rows, (0, 0.1), strict=True)]
    space = weight_space(ABCD, intervals=intervals, linear=linear)
    assert {tuple(corner) for corner in np.round(space.vertices(), 8) + 0.0} == _corners_by_brute_force(space)


def test_every_draw_agrees_with_what_was_stated(case):
    space, method = case
    assert space.method == method
    assert space.contains(space.sample(600, seed=1)).all()


def test_same_seed_gives_the_same_bytes_whatever_the_block(case):
    space, _ = case
    whole = space.sample(600, seed=5)
    for size in (1, 100, 256, 1000):
        assert np.concatenate(list(space.blocks(600, seed=5, size=size))).tobytes() == whole.tobytes()
    assert space.sample(300, seed=5).tobytes() == whole[:300].tobytes()


def test_ranges_in_the_frame_are_those_of_the_corners(case):
    space, _ = case
    table = space.to_frame()
    assert table.columns.to_list() == ["objective_id", "low", "high", "centre"]
    assert table["low"].to_numpy() == pytest.approx(space.vertices().min(axis=0), abs=1e-8)
    assert table["high"].to_numpy() == pytest.approx(space.vertices().max(axis=0), abs=1e-8)
    assert space.contains(space.centre())


def test_centre_of_a_complete_order_is_the_rank_order_centroid():
    space = weight_space(ABC, order=["b", "a", "c"])
    assert space.centre() == pytest.approx([5 / 18, 11 / 18, 2 / 18])
    assert space.vertices() == pytest.approx(np.array([[0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3], [0, 1, 0]]))


def test_draws_of_an_order_have_the_mean_and_the_spread_of_sorted_uniform_weights():
    drawn = weight_space(ABC, order=ABC).sample(20_000, seed=0)
    plain = -np.sort(-np.random.default_rng(1).dirichlet(np.ones(3), 20_000), axis=1)
    assert drawn.mean(axis=0) == pytest.approx(plain.mean(axis=0), abs=0.005)
    assert drawn.std(axis=0) == pytest.approx(plain.std(axis=0), abs=0.005)


def test_an_order_of_some_says_nothing_of_the_others():
    space = weight_space(ABC, order=["a", "b"])
    assert space.contains(np.array([[0, 0, 1], [0.5, 0.5, 0], [0.1, 0, 0.9], [0.2, 0.3, 0.5]])).tolist() == \
        [True, True, True, False]
    # Uniform on the half of the triangle, where the third weight keeps its mean of 1/3.
    assert space.centre() == pytest.approx([0.5, 1 / 6, 1 / 3])


def test_walk_reaches_the_distribution_of_independent_draws():
    space = weight_space(ABCD, order=["a", "b"], intervals={"c": (0.1, 0.4)})
    walk = hit_and_run(space.rows, space.limits, rng=np.random.default_rng(0))
    walked = np.concatenate([next(walk) for _ in range(40)])
    drawn = space.sample(10_000, seed=1)
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        at = np.quantile(drawn, share, axis=0)
        assert (walked <= at).mean(axis=0) == pytest.approx(np.full(4, share), abs=0.02)


def test_walk_is_uniform_in_a_space_far_wider_than_high():
    # a - b within 0.001: a needle; c and d share the rest in a triangle.
    linear = [({"a": 1, "b": -1}, 0.001), ({"a": -1, "b": 1}, 0)]
    space = weight_space(ABCD, linear=linear, intervals={"d": (0.2, 0.2)})
    drawn = space.sample(8_000, seed=2)
    assert space.method == "hit-and-run"
    # The rest of 0.8 goes to c and twice a: both uniform.
    assert np.quantile(drawn[:, 2], [0.1, 0.5, 0.9]) == pytest.approx([0.08, 0.4, 0.72], abs=0.02)
    assert np.quantile(drawn[:, 0] - drawn[:, 1], [0.1, 0.5, 0.9]) == pytest.approx([1e-4, 5e-4, 9e-4], abs=4e-5)


def test_extremes_of_a_linear_function_lie_at_corners():
    space = weight_space(ABCD, order=["d", "a"], intervals={"b": (0.1, 0.35)}, linear=[({"c": 1, "d": 1}, 0.7)])
    gains = np.array([3.0, -2.0, 5.0, 1.0])
    best = linprog(-gains, A_ub=space.rows, b_ub=space.limits, A_eq=np.ones((1, 4)), b_eq=[1.0])
    assert (space.vertices() @ gains).max() == pytest.approx(-best.fun)


def test_contradicting_statements_are_named_and_no_others():
    quarrel = r"agree with: a at least b; a between 0 and 0\.1; b between 0\.2 and 0\.3\. Loosen one of these"
    with pytest.raises(ParameterError, match=quarrel):
        weight_space(ABCD, order=["a", "b", "c"], intervals={"a": (0, 0.1), "b": (0.2, 0.3), "d": (0.1, 0.9)})
    with pytest.raises(ParameterError, match=r"agree with: a between 0\.6 and 1; b between 0\.5 and 1\."):
        weight_space(ABC, intervals={"a": (0.6, 1), "b": (0.5, 1)})
    with pytest.raises(ParameterError, match=r"agree with: -1 a <= -2\."):
        weight_space(ABC, linear=[({"a": -1}, -2)])


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"order": ["a", "risc"]}, r"order: 'risc' is no criterion\. Known: a, b, risk\. Did you mean 'risk'\?"),
        ({"order": ["a", ["b", "a"]]}, r"order: got 'a' twice, allowed each criterion once"),
        ({"order": ["a", []]}, r"order: got an empty group"),
        ({"intervals": {"risky": (0, 1)}}, r"intervals: 'risky' is no criterion.*'risk'"),
        ({"intervals": {"a": (20, 40)}}, r"intervals: 'a' has \(20, 40\), allowed .*Write 20 % as 0\.2"),
        ({"intervals": {"a": (0.4, 0.2)}}, r"intervals: 'a' has \(0\.4, 0\.2\), allowed"),
        ({"intervals": {"a": (float("nan"), 0.2)}}, r"intervals: 'a' has \(nan, 0\.2\), allowed"),
        ({"intervals": {"a": 0.2}}, r"intervals: 'a' has 0\.2, allowed a low and a high share"),
        ({"linear": [({"c": 1}, 0)]}, r"linear: 'c' is no criterion"),
        ({"linear": [({"a": 0}, 0)]}, r"linear: got 0 a <= 0, allowed finite numbers"),
        ({"linear": [({"a": 1}, float("inf"))]}, r"linear: got 1 a <= inf, allowed finite numbers"),
    ],
)
def test_what_is_no_statement_is_refused(stated, message):
    with pytest.raises(ParameterError, match=message):
        weight_space(["a", "b", "risk"], **stated)


def test_criteria_that_stand_twice_and_none_at_all_are_refused():
    with pytest.raises(ParameterError, match=r"got criteria a, a, allowed one or more, each once"):
        weight_space(["a", "a"])
    with pytest.raises(ParameterError, match=r"got criteria none"):
        weight_space([])


def test_too_many_corners_are_refused_but_sampled():
    names = [f"c{i}" for i in range(12)]
    space = weight_space(names, intervals=dict.fromkeys(names, (0.06, 0.11)))
    assert space.contains(space.sample(100, seed=0)).all()
    with pytest.raises(ParameterError, match=r"corners or more, allowed 2,000\. Sample it"):
        space.vertices()


def test_one_criterion_has_all_the_weight():
    space = weight_space(["a"])
    assert space.sample(3, seed=0).tolist() == [[1.0]] * 3
    assert space.vertices().tolist() == [[1.0]]
    assert space.sample(0, seed=0).shape == (0, 1)


def test_a_negative_number_of_draws_is_refused():
    with pytest.raises(ParameterError, match=r"got n=-1, size=256 and seed=0, allowed whole numbers: n of 0 or more"):
        weight_space(["a"]).sample(-1, seed=0)


def test_space_is_said_in_words():
    space = weight_space(ABC, order=["a", ["b", "c"]], intervals={"a": (0.4, 0.8)}, linear=[({"a": 1, "b": -4}, 0)])
    assert space.summary() == (
        "All weights of 3 criteria that sum to 1 with b equal to c; a at least b; a between 0.4 and 0.8; "
        "1 a + -4 b <= 0; drawn by rejection."
    )
    assert space.headline() == {"4": "statements on the weights", "40 % to 67 %": "weight of a, the freest"}
    assert repr(weight_space(ABC)) == "<WeightSpace: 3 criteria; no statement>"
    assert weight_space(ABC).summary() == "All weights of 3 criteria that sum to 1; drawn in closed form."


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ({"intervals": [0.1, 0.2]}, r"intervals: got a list, allowed a mapping or a Series"),
        ({"intervals": {"a": ("low", "high")}}, r"intervals: 'a' has \('low', 'high'\), allowed a low and a high"),
        ({"order": "ab"}, r"order: got a str, allowed a list"),
        ({"order": 3}, r"order: got a int, allowed a list"),
        ({"linear": [1, 2]}, r"linear: got 1, allowed a pair of coefficients and limit"),
        ({"linear": [({"a": "x"}, 1)]}, r"linear: got 'x' a <= 1, allowed finite numbers"),
        ({"linear": [({"a": float("inf")}, 1)]}, r"linear: got inf a <= 1, allowed finite numbers"),
        ({"linear": [({"a": 1}, None)]}, r"linear: got 1 a <= None, allowed finite numbers"),
        ({"linear": [({"a": 5e-324}, 1)]}, r"linear: got 5e-324 a <= 1, allowed finite numbers"),
    ],
)
def test_a_statement_of_the_wrong_kind_is_refused(statement, message):
    with pytest.raises(ParameterError, match=message):
        weight_space(["a", "b"], **statement)


@pytest.mark.parametrize("leaves", ["ab", 3, None])
def test_criteria_that_are_no_list_are_refused(leaves):
    with pytest.raises(ParameterError, match=r"weight space: got a .* as criteria, allowed a list"):
        weight_space(leaves)


@pytest.mark.parametrize("options", [{"n": 2.5, "seed": 0}, {"n": True, "seed": 0}, {"n": 1, "seed": -1},
                                     {"n": 1, "seed": 1.5}, {"n": None, "seed": 0}])
def test_draws_and_seeds_that_are_no_whole_numbers_are_refused(options):
    with pytest.raises(ParameterError, match=r"weight space: got n=.* allowed whole numbers"):
        weight_space(["a", "b"]).sample(**options)
