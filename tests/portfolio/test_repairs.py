"""Mended plans hold every limit, keep what is held, and give up little."""

from __future__ import annotations

import numpy as np
import pytest

from pmlib.portfolio import Policy
from pmlib.portfolio import repairs as module
from pmlib.portfolio.problem import best_plan, compile_problem, outcome
from pmlib.portfolio.repairs import Repairs


@pytest.fixture(scope="module", params=[4, 9])
def planned(request, make_tables):
    problem = compile_problem(make_tables(request.param, 12), policy=Policy(mix="off"))
    return problem, best_plan(problem)[1]


def _forced(problem, plan):
    owner = problem.actions.frame["project"].to_numpy()
    for action in np.setdiff1d(np.arange(len(owner)), plan.choice):
        choice = plan.choice.copy()
        choice[owner[action]] = action
        yield int(owner[action]), int(action), choice


def test_a_mended_plan_holds_every_limit_and_keeps_what_is_held(planned):
    problem, plan = planned
    repairs, found = Repairs(problem, plan), 0
    for project, action, choice in _forced(problem, plan):
        before = choice.copy()
        mended = repairs.around(choice, project)
        assert (choice == before).all()
        if mended is None:
            continue
        found += 1
        assert mended.choice[project] == action
        assert not len(mended.broken)
        assert mended.value == pytest.approx(outcome(problem, mended.choice).value)
        assert mended.value <= plan.value * (1 + 3e-6)
    assert found > 5


def test_the_best_plan_needs_no_mend(planned):
    problem, plan = planned
    mended = Repairs(problem, plan).around(plan.choice, 0)
    assert mended.value == pytest.approx(plan.value, rel=3e-6)


def test_a_large_table_taken_by_rows_gives_the_same(planned, monkeypatch):
    problem, plan = planned
    whole = Repairs(problem, plan)
    monkeypatch.setattr(module, "_SMALL", 0)
    by_rows = Repairs(problem, plan)
    for project, _, choice in _forced(problem, plan):
        one, other = whole.around(choice, project), by_rows.around(choice, project)
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.choice.tolist() == other.choice.tolist()
