"""The compiled question: rows by name, plans worked out without the solver, ties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy
from pmlib.portfolio.model import Status, solve
from pmlib.portfolio.problem import best_plan, chosen, compile_problem, going_on_as_now, outcome, revalued


@pytest.mark.parametrize("seed", [0, 4, 100])
def test_the_solver_and_plain_arithmetic_agree_on_a_plan(make_tables, seed):
    problem = compile_problem(make_tables(seed), policy=Policy(mix="off"))
    answer = solve(problem.model)
    plan = outcome(problem, chosen(problem, answer.x))
    assert plan.value == pytest.approx(answer.value, rel=1e-6)
    assert plan.broken.size == 0


def test_every_kind_of_row_has_a_name_that_says_it(make_tables):
    names = set(compile_problem(make_tables(4), policy=Policy(max_changes=3, max_stops=2)).model.names)
    assert ("capacity", "data", "2026-01") in names
    assert ("budget capex", "2026") in names
    assert ("mix floor", "new") in names
    assert {("changes",), ("stops",), ("excludes", "L2")} <= names


def test_going_on_as_now_changes_nothing(make_tables):
    problem = compile_problem(make_tables(4))
    now = going_on_as_now(problem)
    assert len(now) == len(problem.actions.projects)
    frame = problem.actions.frame.iloc[now]
    assert frame["project"].tolist() == list(range(len(now)))


def test_the_tie_rule_gives_up_no_more_than_a_millionth_of_the_value(make_tables):
    problem = compile_problem(make_tables(4), policy=Policy(mix="off"))
    answer, plan = best_plan(problem)
    assert answer.status is Status.PROVED
    assert plan.value >= answer.value * (1 - 3e-6)
    assert np.isclose(plan.value, answer.value, rtol=3e-6)


@pytest.mark.parametrize("seed", [0, 4, 100])
@pytest.mark.parametrize("objective", ["score", "money"])
def test_other_values_give_what_compiling_anew_gives(make_tables, seed, objective):
    tables, policy = make_tables(seed), Policy(objective=objective, mix="off")
    ids = tables["projects"]["project_id"]
    # One project has no value of its own: the tables', or none.
    one, two = (pd.Series(np.random.default_rng(k).normal(40, 60, len(ids) - 1), index=ids[1:]) for k in (1, 2))
    problem = compile_problem(tables, values=one, policy=policy)
    before = problem.model.objective.copy()
    again, anew = revalued(problem, two), compile_problem(tables, values=two, policy=policy)
    np.testing.assert_allclose(again.model.objective, anew.model.objective, atol=1e-9)
    pd.testing.assert_frame_equal(again.actions.frame, anew.actions.frame)
    pd.testing.assert_frame_equal(again.actions.projects, anew.actions.projects)
    assert again.model.names == anew.model.names
    assert best_plan(again)[1].value == pytest.approx(best_plan(anew)[1].value)
    np.testing.assert_array_equal(problem.model.objective, before)


def test_other_values_are_for_the_same_projects(make_tables):
    problem = compile_problem(make_tables(0), values={"P00": 1.0, "P01": 2.0}, policy=Policy(objective="score"))
    with pytest.raises(ParameterError, match=r"values: P01 has no value now and had one, allowed the same 2 projects"):
        revalued(problem, {"P00": 1.0})
    with pytest.raises(ParameterError, match="values: P02 has a value now and had none"):
        revalued(problem, {"P00": 1.0, "P01": 2.0, "P02": 3.0})
