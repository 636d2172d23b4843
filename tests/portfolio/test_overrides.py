"""Every other verb is one case, whatever ways it has; a value that moves meets the nearest case first."""

from __future__ import annotations

import numpy as np
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy
from pmlib.portfolio.overrides import Overrides
from pmlib.portfolio.problem import best_plan, compile_problem


@pytest.fixture(scope="module")
def overrides(make_tables):
    problem = compile_problem(make_tables(4), policy=Policy(mix="off", start_choices=2, hold_months=(3, 9)))
    return Overrides(problem, best_plan(problem)[1], None)


def test_cases_and_planned_verbs_are_the_verbs_open_to_each_project(overrides):
    frame = overrides.problem.actions.frame
    for project in overrides.projects:
        verbs = {verb for place, verb in overrides.cases if place == project}
        assert overrides.planned(project) not in verbs
        assert verbs | {overrides.planned(project)} == set(frame.loc[frame["project"] == project, "action"])


def test_the_columns_of_a_verb_and_of_the_others_are_all_of_a_project(overrides):
    frame = overrides.problem.actions.frame
    for project, verb in overrides.cases:
        mine, others = overrides.columns(project, verb), overrides.columns(project, verb, other=True)
        assert set(frame["action"].iloc[mine]) == {verb}
        assert sorted([*mine, *others]) == frame.index[frame["project"] == project].tolist()


def test_what_a_plan_loses_within_a_tie_is_nothing(overrides):
    value = overrides.plan.value
    assert overrides.regret(value * (1 - 1e-6)) == 0.0
    assert overrides.regret(value - 10.0) == pytest.approx(10.0)
    assert overrides.regret(-np.inf) == np.inf


def test_a_held_project_flips_only_where_less_of_its_value_is_left(overrides):
    frame = overrides.problem.actions.frame
    for project in overrides.projects:
        for case, (less, more) in overrides.steps(project).items():
            if overrides.planned(project) in ("keep", "start") and overrides.cases[case][1] in ("stop", "decline"):
                assert less == frame["benefit_left"].iloc[overrides.plan.choice[project]]
            if overrides.planned(project) in ("stop", "decline"):
                assert less <= 0.0 < more or overrides.cases[case][1] in ("stop", "decline")


def test_a_project_that_is_not_decided_is_named(overrides):
    with pytest.raises(ParameterError, match="project_id: 'P0' is not to be decided"):
        Overrides(overrides.problem, overrides.plan, ["P0"])
