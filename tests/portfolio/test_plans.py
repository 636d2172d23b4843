"""One changed question: what a change may say, and that its answer is that of the changed tables."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy
from pmlib.portfolio.model import Status
from pmlib.portfolio.plans import Change, Plan, is_best, solve
from pmlib.portfolio.problem import best_plan, compile_problem, outcome


@pytest.fixture(scope="module")
def problem(make_tables):
    return compile_problem(make_tables(4), policy=Policy(mix="off", max_changes=4))


@pytest.fixture(scope="module")
def best(problem):
    return best_plan(problem)[1]


def test_no_change_gives_the_best_plan(problem, best):
    plan = solve(problem)
    assert plan.proved
    assert is_best(plan, 0.0)
    assert plan.value == pytest.approx(best.value, rel=3e-6)
    assert outcome(problem, plan.choice).value == pytest.approx(plan.value, rel=1e-6)


def test_a_forbidden_action_is_not_chosen_and_a_forced_one_is(problem, best):
    column = int(best.choice[0])
    assert column not in solve(problem, Change(fixed=((column, 0.0),))).choice
    other = next(i for i in range(len(problem.actions.frame)) if i not in best.choice)
    plan = solve(problem, Change(fixed=((other, 1.0),)))
    assert not plan.found or other in plan.choice


def test_a_widened_limit_is_the_policy_with_that_limit(problem, make_tables):
    again = compile_problem(make_tables(4), policy=Policy(mix="off", max_changes=6))
    assert solve(problem, Change(widened=((("changes",), 2.0),))).value == pytest.approx(solve(again).value, rel=1e-6)
    tight = compile_problem(make_tables(4), policy=Policy(mix="off", max_changes=3))
    assert solve(problem, Change(widened=((("changes",), -1.0),))).value == pytest.approx(solve(tight).value, rel=1e-6)


def test_a_lifted_limit_is_the_policy_without_it(problem, make_tables):
    free = compile_problem(make_tables(4), policy=Policy(mix="off"))
    assert solve(problem, Change(lifted=(("changes",),))).value == pytest.approx(solve(free).value, rel=1e-6)


def test_a_floor_holds_for_another_objective(problem, best):
    cost = np.zeros(len(problem.model.objective))
    cost[:len(problem.actions.frame)] = problem.actions.frame["cost_k"]
    floor = 0.8 * best.value
    plan = solve(problem, Change(objective=-cost, at_least=((problem.model.objective, floor),)))
    assert outcome(problem, plan.choice).value >= floor - 1e-3
    assert cost @ plan.x <= cost @ best.x + 1e-6
    assert plan.value == pytest.approx(-(cost @ plan.x))


def test_a_start_changes_nothing_of_the_value(problem, best):
    assert solve(problem, Change(start=best.x)).value == pytest.approx(solve(problem).value, rel=2e-6)


def test_without_a_plan_numbers_are_missing_and_never_zero(problem):
    mine = np.flatnonzero(problem.actions.frame["project"] == 0)
    plan = solve(problem, Change(name="nothing open", fixed=tuple((int(column), 0.0) for column in mine)))
    assert plan.status is Status.INFEASIBLE
    assert plan.proved
    assert not plan.found
    assert not is_best(plan, 1.0)
    assert np.isnan([plan.value, plan.bound, plan.gap]).all()
    assert repr(plan) == "<Plan nothing open: infeasible>"


def test_problem_change_and_plan_travel_between_processes(problem, best):
    change = Change(name="again", fixed=((int(best.choice[0]), 0.0),))
    there = solve(*pickle.loads(pickle.dumps((problem, change))))
    here = solve(problem, change)
    assert isinstance(there, Plan)
    assert there.x.tobytes() == here.x.tobytes()
    assert repr(pickle.loads(pickle.dumps(here))) == repr(here)


@pytest.mark.parametrize(("change", "message"), [
    (Change(lifted=(("budget", "1999"),)), r"no limit is called \('budget', '1999'\).*problem.model.names"),
    (Change(widened=((("nothing",), 1.0),)), "no limit is called"),
    (Change(fixed=((10**6, 0.0),)), "got column 1000000, allowed 0 to"),
    (Change(objective=np.zeros(3)), r"objective has shape \(3,\), allowed \(\d+,\), one number per column"),
    (Change(start=np.zeros((2, 2))), r"start has shape \(2, 2\)"),
    (Change(fixed=((0, 2.0),)), "got 2 for column 0, allowed 0 to 1"),
    (Change(lifted=(("choose", "P00"),)), r"no limit is called \('choose', 'P00'\)"),
    (Change(at_least=((np.zeros(1), 0.0),)), r"at_least has shape \(1,\)"),
])
def test_a_change_that_names_nothing_is_refused(problem, change, message):
    with pytest.raises(ParameterError, match=message):
        solve(problem, change)


def test_a_limit_widened_twice_gives_way_twice(problem):
    once = solve(problem, Change(widened=((("changes",), 2.0),)))
    assert solve(problem, Change(widened=((("changes",), 1.0),) * 2)).value == pytest.approx(once.value, rel=1e-6)


@pytest.mark.parametrize("change", [3, "budget", [], {"fixed": ()}], ids=repr)
def test_what_is_no_change_is_refused(problem, change):
    with pytest.raises(ParameterError, match=r"change: got .*, allowed a Change\. Make one with Change\."):
        solve(problem, change)
