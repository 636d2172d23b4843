"""Best sets of independent items, against brute force and HiGHS."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.portfolio.knapsack import TOLERANCE, best_sets, independent_part
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.problem import best_plan, compile_problem, outcome

ENGINES = ("fast", "plain")


def by_listing(values, costs, budgets):
    """Look at every set: most value, then fewest items, then the first by position."""
    n, alone = len(values), (costs <= budgets * (1 + TOLERANCE)).all(axis=1)
    sets = ((np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1)) & 1).astype(bool)
    sets = sets[(sets.astype(float) @ costs <= budgets * (1 + TOLERANCE)).all(axis=1)]
    worth = sets.astype(float) @ values
    sets = sets[worth >= worth.max() - TOLERANCE * np.maximum(values, 0)[alone].sum()]
    sets = sets[sets.sum(axis=1) == sets.sum(axis=1).min()]
    return sets[np.lexsort(~sets.T[::-1])[0]]


def random_case(seed, n, m, k=1):
    """Values and costs that hang together as those of projects do; some are zero, some values negative."""
    rng = np.random.default_rng(seed)
    costs = rng.lognormal(5, 0.7, n)[:, None] * rng.dirichlet(np.full(m, 4.0), n) * (rng.random((n, m)) < 0.9)
    values = (costs.sum(axis=1) + 20) * rng.uniform(0.6, 2, n) * np.where(rng.random(n) < 0.1, -1, 1)
    return values * rng.uniform(0.9, 1.1, (k, n)), costs, costs.sum(axis=0) * rng.uniform(0.2, 0.7)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("engine", ENGINES)
def test_the_set_is_that_of_brute_force(engine, seed):
    values, costs, budgets = random_case(seed, n=6 + seed % 9, m=1 + seed % 3, k=3)
    found = best_sets(values, costs, budgets, engine=engine)
    for vector, chosen in zip(values, found.chosen, strict=True):
        assert chosen.tolist() == by_listing(vector, costs, budgets).tolist()


few = st.sampled_from([0.0, 0.1, 0.2, 0.3, 1.0, 1.0, 2.0, 3.0, 7.0])


@st.composite
def odd_cases(draw):
    n, m = draw(st.integers(1, 8)), draw(st.integers(0, 3))
    values = draw(st.lists(few | st.sampled_from([-1.0, 1e-7, 1e6]), min_size=n, max_size=n))
    costs = [draw(st.lists(few, min_size=m, max_size=m)) for _ in range(n)]
    budgets = draw(st.lists(few | st.sampled_from([0.6, 4.0, 10.0, np.inf]), min_size=m, max_size=m))
    return np.array(values), np.array(costs).reshape(n, m), np.array(budgets)


@settings(max_examples=150, deadline=None)
@given(odd_cases())
@example((np.ones(8), np.ones((8, 1)), np.array([4.0])))
@example((np.array([0.3, 0.1, 0.2]), np.array([[0.3], [0.1], [0.2]]), np.array([0.3])))
def test_odd_numbers_and_ties_give_the_set_of_brute_force(case):
    values, costs, budgets = case
    expected = by_listing(values, costs, budgets).tolist()
    assert best_sets([values], costs, budgets, engine="fast").chosen[0].tolist() == expected


@settings(max_examples=15, deadline=None)
@given(odd_cases())
def test_highs_breaks_ties_by_the_same_rule(case):
    values, costs, budgets = case
    expected = by_listing(values, costs, budgets).tolist()
    assert best_sets([values], costs, budgets, engine="plain").chosen[0].tolist() == expected


@pytest.mark.parametrize(("n", "m"), [(60, 1), (60, 2), (60, 3), (80, 2)])
def test_a_hundred_items_agree_with_highs(n, m):
    values, costs, budgets = random_case(n + m, n, m, k=2)
    fast, plain = (best_sets(values, costs, budgets, engine=engine) for engine in ENGINES)
    np.testing.assert_array_equal(fast.chosen, plain.chosen)
    np.testing.assert_allclose(fast.value, plain.value, rtol=1e-12)


def test_every_vector_has_an_answer_of_its_own_whatever_comes_before_it():
    values, costs, budgets = random_case(3, 40, 2, k=6)
    together = best_sets(values, costs, budgets, engine="fast")
    backwards = best_sets(values[::-1], costs, budgets, engine="fast")
    np.testing.assert_array_equal(together.chosen, backwards.chosen[::-1])


def test_a_search_that_takes_too_long_goes_to_highs_with_the_same_answer(monkeypatch):
    values, costs, budgets = random_case(4, 30, 3, k=2)
    whole = best_sets(values, costs, budgets, engine="fast")
    monkeypatch.setattr("pmlib.portfolio.knapsack._MOST_NODES", 5)
    np.testing.assert_array_equal(best_sets(values, costs, budgets, engine="fast").chosen, whole.chosen)


def test_what_costs_nothing_is_taken_and_what_loses_is_not():
    found = best_sets([[5.0, -1.0, 2.0, 0.0]], [[0.0], [0.0], [9.0], [0.0]], [1.0])
    assert found.chosen.tolist() == [[True, False, False, False]]
    assert best_sets([[-1.0, -2.0]], [[1.0], [1.0]], [9.0]).value.tolist() == [0.0]


def test_no_input_is_changed_and_the_order_of_items_does_not_matter():
    values, costs, budgets = random_case(5, 12, 2, k=2)
    before = values.copy(), costs.copy(), budgets.copy()
    turned = best_sets(values[:, ::-1], costs[::-1], budgets)
    np.testing.assert_array_equal(turned.chosen[:, ::-1], best_sets(values, costs, budgets).chosen)
    for old, new in zip(before, (values, costs, budgets), strict=True):
        np.testing.assert_array_equal(old, new)


def test_without_numba_auto_gives_the_same_sets_and_fast_says_what_to_install(monkeypatch):
    values, costs, budgets = random_case(6, 15, 2, k=2)
    whole = best_sets(values, costs, budgets, engine="fast")
    monkeypatch.setitem(sys.modules, "pmlib.portfolio.knapsack_kernels", None)
    monkeypatch.delattr("pmlib.portfolio.knapsack_kernels", raising=False)
    plain = best_sets(values, costs, budgets)
    assert (whole.engine, plain.engine) == ("fast", "plain")
    np.testing.assert_array_equal(plain.chosen, whole.chosen)
    with pytest.raises(ParameterError, match=r"engine: 'fast' needs numba.*pip install 'pmlib\[fast\]'"):
        best_sets(values, costs, budgets, engine="fast")


@pytest.mark.parametrize(("values", "costs", "budgets", "match"), [
    ([1.0, 2.0], [[1.0], [1.0]], [1.0], r"values \(2,\).*the shapes do not fit"),
    ([[1.0, 2.0]], [[1.0]], [1.0], r"costs \(1, 1\).*the shapes do not fit"),
    ([[1.0, np.nan]], [[1.0], [1.0]], [1.0], r"values\[0, 1\]: got nan, allowed any number"),
    ([[1.0, 1.0]], [[1.0], [-2.0]], [1.0], r"costs\[1, 0\]: got -2.0, allowed zero or more"),
    ([[1.0, 1.0]], [[1.0], [2.0]], [-1.0], r"budgets\[0\]: got -1.0, allowed zero or more"),
    ([["a", 1.0]], [[1.0], [2.0]], [1.0], "not all are arrays of numbers"),
    ([[1.0]], np.ones((1, 4)), np.ones(4), "got 4 for 1 value vectors, allowed at most 3"),
    (np.ones((0, 1)), [[1.0]], [1.0], "got 1 for 0 value vectors"),
])
def test_bad_numbers_are_refused_by_place(values, costs, budgets, match):
    with pytest.raises(ParameterError, match=match):
        best_sets(values, costs, budgets)


def test_an_unknown_engine_is_named():
    with pytest.raises(ParameterError, match="engine: 'fats' is not known.*fast"):
        best_sets([[1.0]], [[1.0]], [1.0], engine="fats")


def test_the_result_says_what_was_found():
    found = best_sets([[6.0, 5.0, 4.0], [9.0, 5.0, 3.0]], [[3.0], [2.0], [2.0]], [4.0])
    assert found.chosen.tolist() == [[False, True, True], [True, False, False]]
    assert found.to_frame().to_dict("list") == {"value": [9.0, 9.0], "items": [2, 1], "cost_1": [4.0, 3.0],
                                                "slack_1": [0.0, 1.0]}
    assert found.shares.tolist() == [0.5, 0.5, 0.5]
    assert "0 items are in every set, 0 in none, 3 in some" in found.summary()
    assert found.headline() == {"2": "different best sets for 2 vectors", "0": "items in every one of them"}
    assert repr(found).startswith("<BestSets: 2 vectors, 3 items, 1 budgets; ")


def proposals(n=12, budget_k=400.0, **columns):
    """Candidates with one cost each: nothing but start or decline under one budget."""
    rng = np.random.default_rng(8)
    projects = pd.DataFrame({
        "project_id": [f"P{i:02d}" for i in range(n)], "state": "proposed", "bac_k": rng.uniform(20, 150, n).round(1),
        "spent_k": 0.0, **columns})
    estimates = pd.DataFrame({"project_id": projects["project_id"], "quantity": "benefit_pv_k"})
    worth = projects["bac_k"] * rng.uniform(1.2, 3.0, n)
    for name, size in (("p10", 0.8), ("p50", 1.0), ("p90", 1.4)):
        estimates[name] = (worth * size).round(1)
    cost = estimates.assign(quantity="cost_k", p10=projects["bac_k"], p50=projects["bac_k"], p90=projects["bac_k"])
    return {"projects": projects, "estimates": pd.concat([estimates, cost])}, Policy(budget_k=budget_k)


def test_independent_projects_are_recognised_and_solved_as_the_model_is():
    tables, policy = proposals()
    problem = compile_problem(tables, period="2025-12", policy=policy)
    part = independent_part(problem)
    assert part.names == (("budget",),)
    assert part.costs.shape == (len(part.values), 1)
    found = best_sets([part.values], part.costs, part.budgets)
    solution, plan = best_plan(problem)
    assert found.value[0] + part.base_value == pytest.approx(solution.value)
    assert outcome(problem, part.choose(found.chosen[0])).value == pytest.approx(plan.value)
    np.testing.assert_array_equal(part.revalued(problem.model.objective), part.values)


def test_no_independent_part_is_found_where_projects_hang_together(make_tables):
    assert independent_part(compile_problem(make_tables(1))) is None
    tables, _ = proposals()
    links = pd.DataFrame({"link_id": "L", "member_id": ["P00", "P01"], "type": "excludes", "role": "member",
                          "amount_k": 0.0})
    linked = compile_problem(tables | {"links": links}, period="2025-12", policy=Policy(budget_k=400.0))
    part = independent_part(linked)
    assert part is not None and ("excludes", "L") in part.names
    needs = links.assign(type="requires_active", role=["needs", "needed"])
    assert independent_part(compile_problem(tables | {"links": needs}, period="2025-12",
                                            policy=Policy(budget_k=400.0))) is None


def test_no_independent_part_where_not_even_the_cheapest_plan_fits():
    tables, policy = proposals(n=4)
    problem = compile_problem(tables, period="2025-12", policy=policy)
    poorer = problem.model.widened(problem.model.rows("budget"), -500.0)
    assert independent_part(replace(problem, model=poorer)) is None
