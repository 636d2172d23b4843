"""The compiled question: rows by name, plans worked out without the solver, ties."""

from __future__ import annotations

import numpy as np
import pytest

from pmlib.portfolio import Policy
from pmlib.portfolio.model import Status, solve
from pmlib.portfolio.problem import best_plan, chosen, compile_problem, going_on_as_now, outcome


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
    assert any(name[0] == "requires" and len(name) == 3 for name in names)


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
