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
])
def test_options_outside_their_range_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        Policy(**options)
