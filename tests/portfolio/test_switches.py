"""Single switches, worked out on the touched rows, agree with working out the whole plan."""

from __future__ import annotations

import numpy as np
import pytest

from pmlib.portfolio import Policy
from pmlib.portfolio.problem import best_plan, compile_problem, outcome
from pmlib.portfolio.switches import Switcher


@pytest.mark.parametrize("seed", [0, 4, 100])
def test_a_switch_is_the_difference_of_two_whole_plans(make_tables, seed):
    problem = compile_problem(make_tables(seed), policy=Policy(mix="off"))
    plan = best_plan(problem)[1]
    switcher = Switcher(problem, plan)
    owner = problem.actions.frame["project"].to_numpy()
    for action in np.setdiff1d(np.arange(len(owner)), plan.choice):
        choice = plan.choice.copy()
        choice[owner[action]] = action
        whole, switch = outcome(problem, choice), switcher(int(action))
        assert switch.gain_k == pytest.approx(whole.value - plan.value, abs=1e-6)
        assert switch.broken.tolist() == whole.broken.tolist()
