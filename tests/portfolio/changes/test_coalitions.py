from __future__ import annotations

import itertools
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
import pytest

from pmlib.errors import SolverError
from pmlib.portfolio.changes.causes import Cause, Known, pair
from pmlib.portfolio.changes.coalitions import _revalued, solve_coalitions
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.problem import best_plan, compile_problem

MIX = Policy(objective="mix", k_per_point=3.0)
VALUES = (Cause.EVIDENCE, Cause.WEIGHTS)


def compiled(side):
    return compile_problem(side.tables, period=side.first - 1, points=side.points, policy=MIX)


@pytest.fixture(scope="module")
def both(two_periods):
    """Three causes: capacity, and two that change values only."""
    before, now = two_periods(3)
    whole = pair(before, now)
    side = whole.mixed((Cause.CAPACITY,))
    ids = whole.before.decides
    return pair(before, Known(tables=side.tables, period=side.first - 1, points=now.points[now.points.index.isin(ids)],
                              evidence=now.evidence))


@pytest.mark.parametrize("seed", range(3))
def test_another_value_of_a_compiled_question_is_what_compiling_gives(two_periods, seed):
    whole = pair(*two_periods(seed))
    for rest in ((), (Cause.PROJECTS, Cause.ESTIMATES), (Cause.PROGRESS, Cause.CAPACITY)):
        first = compiled(whole.mixed(rest))
        for n in (1, 2):
            for values in itertools.combinations(VALUES, n):
                side = whole.mixed((*rest, *values))
                np.testing.assert_allclose(_revalued(first, side).model.objective, compiled(side).model.objective,
                                           rtol=1e-12, atol=1e-9)


def test_every_mixture_has_the_value_of_its_best_plan(both):
    solved = solve_coalitions(both, policy=MIX)
    assert solved.causes == (Cause.EVIDENCE, Cause.CAPACITY, Cause.WEIGHTS)
    for number, plan in enumerate(solved.plans):
        causes = [cause for place, cause in enumerate(solved.causes) if number >> place & 1]
        assert plan.value == pytest.approx(best_plan(compiled(both.mixed(causes)))[1].value, rel=1e-6)
        assert plan.on == {name for name, verb in plan.actions.items() if verb in ("keep", "start", "slow", "fast")}


def test_an_executor_gives_the_same_plans_and_stays_open(both):
    here = solve_coalitions(both, policy=MIX)
    with ThreadPoolExecutor(2) as threads:
        there = solve_coalitions(both, policy=MIX, executor=threads)
        assert threads.submit(max, 1, 2).result() == 2
    assert [plan.value for plan in here.plans] == [plan.value for plan in there.plans]
    assert [plan.actions for plan in here.plans] == [plan.actions for plan in there.plans]


class Broken(Executor):
    def submit(self, fn, /, *args, **kwargs):
        raise RuntimeError("no room")


def test_an_executor_that_fails_is_named(both):
    with pytest.raises(SolverError, match="executor: Broken failed with RuntimeError: no room"):
        solve_coalitions(both, policy=MIX, executor=Broken())
