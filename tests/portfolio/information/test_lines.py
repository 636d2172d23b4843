"""The lines of every project against every plan, and against planning anew."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.portfolio import Policy, compile_problem
from pmlib.portfolio.information.lines import REACH, forced_lines
from pmlib.portfolio.problem import best_plan, revalued


def _compiled(make_tables, seed, **policy):
    tables = make_tables(seed, 6)
    first = compile_problem(tables, policy=Policy(**policy))
    values = first.actions.projects.set_index("project_id")["value_k"]
    return compile_problem(tables, values=values, policy=Policy(**policy)), values


@pytest.mark.parametrize("seed", [3, 4, 8, 10])
def test_the_edge_is_the_best_of_every_plan_wherever_the_value_may_lie(seed, make_tables, enumerated):
    problem, _ = _compiled(make_tables, seed, mix="off", hold_months=(3, 9))
    _, plan = best_plan(problem)
    sds = np.full(6, 150.0)
    lines, every = forced_lines(problem, plan, sds), enumerated(problem)
    assert lines.unproved == ()
    for project, edge in enumerate(lines.envelopes):
        apart = np.zeros((41, 6))
        apart[:, project] = 150.0 * np.linspace(-REACH, REACH, 41)
        # Plans within a millionth of the best are the same plan.
        assert edge(edge.mean + apart[:, project]) == pytest.approx(every.best(apart), abs=2e-6 * plan.value)


def test_the_edge_is_what_planning_anew_with_another_value_gives(make_tables):
    problem, values = _compiled(make_tables, 5, mix="off")
    _, plan = best_plan(problem)
    lines = forced_lines(problem, plan, np.full(6, 200.0))
    for edge, name in zip(lines.envelopes, values.index, strict=True):
        for more in (-500.0, 350.0):
            _, other = best_plan(revalued(problem, values + more * (values.index == name)))
            assert float(edge(edge.mean + more)) == pytest.approx(other.value, rel=1e-5)


def test_what_is_sure_or_out_of_reach_needs_no_search(make_tables):
    problem, _ = _compiled(make_tables, 3, mix="off")
    _, plan = best_plan(problem)
    assert forced_lines(problem, plan, np.zeros(6)).solved == 0
    few, many = (forced_lines(problem, plan, np.full(6, sd)) for sd in (1e-3, 1e3))
    assert few.solved < many.solved
    assert (few.plans[0] == plan.choice).all()


def test_a_project_without_another_way_has_one_line():
    tables = {"projects": pd.DataFrame({"project_id": ["A", "B"], "state": "running", "bac_k": 10.0,
                                        "mandatory": [True, False]})}
    problem = compile_problem(tables, period="2025-12", values={"A": -50.0, "B": 20.0})
    _, plan = best_plan(problem)
    lines = forced_lines(problem, plan, np.array([1.0, 100.0]))
    must, free = lines.envelopes
    assert set(must.verbs) <= {"keep", "hold"}
    assert "stop" in free.verbs
