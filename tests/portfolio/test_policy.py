from __future__ import annotations

import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Mix, Objective, Policy


def test_words_become_choices():
    policy = Policy(objective="score", mix="off")
    assert (policy.objective, policy.mix) == (Objective.SCORE, Mix.OFF)


@pytest.mark.parametrize(("options", "message"), [
    ({"objective": "moneey"}, "objective: got 'moneey'.*Did you mean 'money'"),
    ({"mix": "soft"}, "mix: got 'soft'. Known: hard, priced, off"),
    ({"hold_months": 37}, "hold_months: got 37, allowed 1 to 36"),
    ({"discount_rate": -0.1}, "discount_rate: got -0.1, allowed 0 to 1"),
    ({"budget_k": -1.0}, "budget_k: got -1.0, allowed 0 or more"),
    ({"max_stops": -1}, "max_stops: got -1, allowed 0 or more"),
    ({"max_changes": -3}, "max_changes: got -3, allowed 0 or more, a whole number"),
    ({"max_changes": 1.5}, "max_changes: got 1.5, allowed 0 or more, a whole number. Set another value"),
    ({"hold_months": 1.5}, "hold_months: got 1.5, allowed 1 to 36, a whole number"),
    ({"hold_months": None}, "hold_months: got None, allowed 1 to 36"),
    ({"budget_k": "5"}, "budget_k: got '5', allowed 0 or more, a number"),
    ({"budget_k": float("inf")}, "budget_k: got inf, allowed 0 or more, a number"),
    ({"discount_rate": float("nan")}, "discount_rate: got nan, allowed 0 to 1"),
    ({"node_limit": float("nan")}, "node_limit: got nan, allowed 0 or more"),
    ({"hold_months": ()}, r"hold_months: got \(\), allowed one length or several different ones"),
    ({"hold_months": (3, 3)}, r"hold_months: got \(3, 3\), allowed one length or several different ones"),
    ({"hold_months": (3, 0)}, "hold_months: got 0, allowed 1 to 36"),
    ({"carry_over": 1.1}, "carry_over: got 1.1, allowed 0 to 1"),
    ({"start_choices": 0}, "start_choices: got 0, allowed 1 to 60"),
    ({"slow_pace": 0.5}, "slow_pace: got 0.5, allowed 1 to 10"),
    ({"mix_of": "budgets"}, "mix_of: got 'budgets'.*Did you mean 'budget'"),
    ({"objective": "mix"}, "k_per_point: missing, needed for objective 'mix'"),
    ({"switching_cost_k": -1.0}, "switching_cost_k: got -1.0, allowed 0 or more"),
    ({"max_moved_k": float("nan")}, "max_moved_k: got nan, allowed 0 or more"),
    ({"max_stops": True}, "max_stops: got True, allowed 0 or more, a whole number"),
])
def test_options_outside_their_range_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        Policy(**options)


def test_a_whole_float_is_taken_as_its_whole_number():
    assert repr(Policy(hold_months=6.0).hold_months) == "6"


def test_several_lengths_of_a_hold_are_kept_sorted():
    assert Policy(hold_months=[9, 3]).holds == (3, 9)
    assert Policy().holds == (6,)
