"""Knowing several projects: sampled values against quadrature over every plan, and what must hold for any sample."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.portfolio import Policy, compile_problem
from pmlib.portfolio.information.knowing import worth_of_knowing
from pmlib.portfolio.information.lines import forced_lines
from pmlib.portfolio.problem import best_plan

MEANS, SDS = np.array([100.0, 80.0]), np.array([60.0, 90.0])


def _one_of_two(means=MEANS, sds=SDS):
    """Two projects under a budget for one."""
    tables = {"projects": pd.DataFrame({"project_id": ["A", "B"], "state": "proposed", "bac_k": 500.0})}
    problem = compile_problem(tables, period="2025-12", values=dict(zip("AB", means, strict=True)),
                              policy=Policy(budget_k=500))
    return problem, forced_lines(problem, best_plan(problem)[1], np.array(sds))


def _quadrature(normal_grid, means, sds):
    """E[max(0, A, B)], the inner mean over B in closed form."""
    from pmlib.portfolio.information.envelopes import unit_normal_loss

    z, weight = normal_grid
    floor = np.maximum(0.0, means[0] + sds[0] * z)
    return float(weight @ (floor + sds[1] * unit_normal_loss((floor - means[1]) / sds[1]))) - max(0.0, *means)


def test_two_projects_under_a_budget_for_one_match_quadrature(normal_grid):
    problem, lines = _one_of_two()
    truth = _quadrature(normal_grid, MEANS, SDS)
    found = worth_of_knowing(problem, lines, sds=SDS, draws=40, seed=1)
    assert found.value_k == pytest.approx(truth, abs=4 * found.standard_error_k)
    assert 0.0 < found.standard_error_k < 0.1 * truth


@pytest.mark.parametrize("seed", [3, 8])
def test_the_worth_of_knowing_all_is_that_of_every_plan_on_many_draws(seed, make_tables, enumerated):
    tables = make_tables(seed, 6)
    values = compile_problem(tables, policy=Policy(mix="off")).actions.projects.set_index("project_id")["value_k"]
    problem = compile_problem(tables, values=values, policy=Policy(mix="off"))
    plan, sds = best_plan(problem)[1], np.full(6, 150.0)
    every, rng = enumerated(problem), np.random.default_rng(99)
    apart = rng.standard_normal((200_000, 6)) * sds
    gain = every.best(apart) - plan.value
    found = worth_of_knowing(problem, forced_lines(problem, plan, sds), sds=sds, draws=24, seed=0)
    error = np.hypot(found.standard_error_k, gain.std() / np.sqrt(len(gain)))
    assert found.value_k == pytest.approx(gain.mean(), abs=4 * error)


def test_over_many_seeds_there_is_no_bias_and_the_standard_error_is_honest(normal_grid):
    problem, lines = _one_of_two()
    truth = _quadrature(normal_grid, MEANS, SDS)
    found = [worth_of_knowing(problem, lines, sds=SDS, draws=6, seed=seed) for seed in range(30)]
    off = np.array([one.value_k for one in found]) - truth
    said = np.sqrt(np.mean([one.standard_error_k**2 for one in found]))
    assert abs(off.mean()) < 3 * off.std() / np.sqrt(len(off))
    assert 0.6 * said < off.std() < 1.6 * said


@pytest.mark.parametrize("seed", range(5))
def test_several_are_never_worth_less_than_the_best_of_them_alone(seed):
    rng = np.random.default_rng(seed)
    means, sds = rng.normal(50, 100, 2), rng.uniform(1, 100, 2)
    problem, lines = _one_of_two(means, sds)
    alone = [edge.gain(sd) for edge, sd in zip(lines.envelopes, sds, strict=True)]
    assert worth_of_knowing(problem, lines, sds=sds, draws=4, seed=seed).value_k >= max(alone) - 1e-6


def test_one_project_alone_is_exact_and_the_same_seed_gives_the_same_number():
    problem, lines = _one_of_two()
    one = worth_of_knowing(problem, lines, sds=np.array([60.0, 0.0]), draws=10, seed=0)
    assert (one.value_k, one.standard_error_k, one.draws) == (lines.envelopes[0].gain(60.0), 0.0, 0)
    first, again = (worth_of_knowing(problem, lines, sds=SDS, draws=10, seed=5) for _ in range(2))
    assert (first.value_k, first.standard_error_k) == (again.value_k, again.standard_error_k)
    assert repr(first).startswith("<Knowing: ")
