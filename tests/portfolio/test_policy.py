from __future__ import annotations

import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Mix, Objective, Policy


def test_words_become_choices():
    policy = Policy(objective="score", mix="off")
    assert (policy.objective, policy.mix) == (Objective.SCORE, Mix.OFF)


@pytest.mark.parametrize(("options", "message"), [
    ({"objective": "moneey"}, "objective: got 'moneey'.*Did you mean 'money'"),
    ({"mix": "soft"}, "mix: got 'soft'. Known: hard, off"),
    ({"hold_months": 13}, "hold_months: got 13, allowed 1 to 12"),
    ({"discount_rate": -0.1}, "discount_rate: got -0.1, allowed 0 to 1"),
    ({"budget_k": -1.0}, "budget_k: got -1.0, allowed 0 or more"),
    ({"max_stops": -1}, "max_stops: got -1, allowed 0 or more"),
    ({"max_changes": -3}, "max_changes: got -3, allowed 0 or more, a whole number"),
    ({"max_changes": 1.5}, "max_changes: got 1.5, allowed 0 or more, a whole number. Set another value"),
    ({"hold_months": 1.5}, "hold_months: got 1.5, allowed 1 to 12, a whole number"),
    ({"hold_months": None}, "hold_months: got None, allowed 1 to 12"),
    ({"budget_k": "5"}, "budget_k: got '5', allowed 0 or more, a number"),
    ({"budget_k": float("inf")}, "budget_k: got inf, allowed 0 or more, a number"),
    ({"discount_rate": float("nan")}, "discount_rate: got nan, allowed 0 to 1"),
    ({"node_limit": float("nan")}, "node_limit: got nan, allowed 0 or more"),
    ({"max_stops": True}, "max_stops: got True, allowed 0 or more, a whole number"),
])
def test_options_outside_their_range_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        Policy(**options)


def test_a_whole_float_is_taken_as_its_whole_number():
    assert repr(Policy(hold_months=6.0).hold_months) == "6"
