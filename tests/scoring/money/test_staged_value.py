"""Expected commercial value by stage, and the freedom to stop."""

from __future__ import annotations

import dataclasses
import itertools

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import CheckError, ParameterError, SchemaError
from pmlib.scoring.money.staged_value import expected_commercial_value
from tests.published.cooper_expected_value import PROJECTS

STAGE = st.tuples(st.integers(0, 12), st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]), st.sampled_from([0.0, 0.5, 2.0]),
                  st.sampled_from([-3.0, 0.0, 0.0, 4.0]))  # fmt: skip
OUTCOME = st.tuples(st.integers(1, 5), st.integers(-20, 60))


def _stages(rows):
    frame = pd.DataFrame(rows, columns=["cost_k", "p_success", "years", "stop_k"])
    return frame.assign(stage=[f"S{i}" for i in range(len(rows))])


def _payoff(outcomes):
    total = sum(weight for weight, _ in outcomes)
    rows = [(f"O{i}", weight / total, float(money)) for i, (weight, money) in enumerate(outcomes)]
    return pd.DataFrame(rows, columns=["outcome", "chance", "payoff_k"])


def _worth_of_plan(rows, outcomes, *, known, rate, stops_at):
    """Follow one plan through every path; ``stops_at(gate, outcome)`` says where it stops."""
    total = sum(weight for weight, _ in outcomes)
    worth = 0.0
    for number, (weight, money) in enumerate(outcomes):
        chance, now, value = weight / total, 1.0, 0.0
        for gate, (cost, success, years, stop) in enumerate(rows):
            if stops_at(gate, number if gate > known else None):
                value += chance * now * stop
                chance = 0.0
                break
            value -= chance * now * cost
            chance *= success
            now *= (1 + rate) ** -years
        worth += value + chance * now * money
    return worth


@pytest.mark.parametrize("project", PROJECTS)
def test_reproduces_the_expected_values_of_the_book(project):
    _, present, technical, commercial, develop, launch, expected = project
    stages = pd.DataFrame({"stage": ["develop", "launch"], "cost_k": [develop, launch],
                           "p_success": [technical, commercial]})  # fmt: skip
    answer = expected_commercial_value(stages, payoff=present)
    assert answer.committed_k == pytest.approx((present * commercial - launch) * technical - develop)
    assert answer.value_k == pytest.approx(answer.committed_k)
    assert answer.value_k == pytest.approx(expected, abs=0.05 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(STAGE, min_size=1, max_size=3), st.lists(OUTCOME, min_size=1, max_size=3), st.integers(0, 2),
       st.sampled_from([0.0, 0.1]))  # fmt: skip
def test_no_plan_of_a_brute_force_tree_is_worth_more_and_one_is_worth_as_much(rows, outcomes, known, rate):
    known = min(known, len(rows) - 1)
    answer = expected_commercial_value(_stages(rows), payoff=_payoff(outcomes), known_after=f"S{known}", rate=rate)
    # A plan says at each gate, for each thing known there, whether it stops.
    seen = [(gate, outcome) for gate in range(len(rows))
            for outcome in (range(len(outcomes)) if gate > known else [None])]  # fmt: skip
    worths = []
    for choice in itertools.product([False, True], repeat=len(seen)):
        plan = dict(zip(seen, choice, strict=True))
        worths.append(_worth_of_plan(rows, outcomes, known=known, rate=rate, stops_at=lambda g, o, p=plan: p[g, o]))
    assert answer.value_k == pytest.approx(max(worths), abs=1e-9)
    assert answer.committed_k == pytest.approx(worths[0], abs=1e-9)
    assert answer.option_k >= -1e-9
    assert answer.check()


def test_the_freedom_to_stop_a_flop_is_worth_its_launch():
    stages = pd.DataFrame({"stage": ["develop", "launch"], "cost_k": [3.0, 5.0], "p_success": [0.8, 0.5]})
    outcomes = pd.DataFrame({"outcome": ["hit", "flop"], "chance": [0.5, 0.5], "payoff_k": [60.0, 0.0]})
    answer = expected_commercial_value(stages, payoff=outcomes, known_after="develop")
    # A flop comes with 0.8 * 0.5; then 5 are saved.
    assert answer.option_k == pytest.approx(0.8 * 0.5 * 5)
    table = answer.to_frame().set_index("stage")
    assert table.loc["launch", ["chance_to_reach", "chance_to_go_on"]].to_list() == pytest.approx([0.8, 0.5])
    assert table.loc["launch", ["continue_k", "value_k"]].to_list() == pytest.approx([10.0, 12.5])
    assert table.loc["develop", "value_k"] == pytest.approx(answer.value_k)
    assert "the freedom to stop is 2.0 of it, used before launch" in answer.summary()


def test_without_news_or_money_for_stopping_all_it_can_do_is_not_to_start():
    good = pd.DataFrame({"stage": ["a", "b"], "cost_k": [1.0, 1.0], "p_success": [0.5, 0.5]})
    assert expected_commercial_value(good, payoff=100.0).option_k == 0.0
    bad = expected_commercial_value(good, payoff=1.0)
    assert (bad.value_k, bad.committed_k, bad.option_k) == (0.0, -1.25, 1.25)
    assert bad.to_frame()["chance_to_reach"].to_list() == [1.0, 0.0]
    assert bad.summary().startswith("Not worth starting: passing every gate is worth -1.2 thousand EUR now")


def test_costs_of_later_stages_are_discounted_to_now():
    stages = pd.DataFrame({"stage": ["a", "b"], "cost_k": [10.0, 20.0], "p_success": [1.0, 1.0], "years": [1.0, 2.0]})
    answer = expected_commercial_value(stages, payoff=121.0, rate=0.1)
    assert answer.value_k == pytest.approx(-10 - 20 / 1.1 + 121 / 1.1**3)
    assert answer.to_frame()["start_years"].to_list() == [0.0, 1.0]


def test_selling_what_is_there_may_beat_going_on():
    stages = pd.DataFrame({"stage": ["a", "b"], "cost_k": [1.0, 10.0], "p_success": [0.5, 0.5], "stop_k": [0.0, 8.0]})
    answer = expected_commercial_value(stages, payoff=20.0)
    assert answer.value_k == pytest.approx(0.5 * 8 - 1)
    assert answer.to_frame()["chance_to_go_on"].to_list() == [1.0, 0.0]


def test_words_carry_the_figures():
    stages = pd.DataFrame({"stage": ["develop", "launch"], "cost_k": [3.0, 5.0], "p_success": [0.8, 0.5]})
    answer = expected_commercial_value(stages, payoff=30.0, currency="CHF")
    assert repr(answer) == "<StagedValue: 2 stages, 5.0 kCHF, of it 0.0 for the freedom to stop>"
    assert answer.summary() == ("Worth 5.0 thousand CHF now; the freedom to stop is 0.0 of it; no gate is worth "
                                "stopping at. The last stage is reached with 80 %.")  # fmt: skip
    assert list(answer.headline()) == ["5.0 k", "0.0 k", "80 %"]


def test_a_worth_that_does_not_reconcile_is_caught():
    stages = pd.DataFrame({"stage": ["a"], "cost_k": [1.0], "p_success": [0.5]})
    answer = expected_commercial_value(stages, payoff=30.0)
    with pytest.raises(CheckError, match="counted back, .* forward, allowed equal"):
        dataclasses.replace(answer, value_k=15.0).check()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p_success": [1.5]}, "stages: p_success of 'a' is 1.5, allowed 0 to 1"),
        ({"cost_k": [-1.0]}, "stages: cost_k of 'a' is -1.0, allowed 0 or more"),
        ({"cost_k": ["much"]}, "stages: cost_k of 'a' is nan, allowed 0 or more"),
        ({"years": [float("inf")]}, "stages: years of 'a' is inf, allowed 0 to 1000"),
        ({"stop_k": [None]}, "stages: stop_k of 'a' is nan, allowed a finite number"),
    ],
)
def test_a_bad_stage_is_refused_by_name(changes, message):
    stages = pd.DataFrame({"stage": ["a"], "cost_k": [1.0], "p_success": [0.5]} | changes)
    with pytest.raises(SchemaError, match=message):
        expected_commercial_value(stages, payoff=1.0)


def test_stages_and_outcomes_that_make_no_tree_are_refused():
    stages = pd.DataFrame({"stage": ["a", "a"], "cost_k": [1.0, 1.0], "p_success": [0.5, 0.5]})
    with pytest.raises(SchemaError, match="stages: got 'a' twice, allowed 1 or more stages, each once"):
        expected_commercial_value(stages, payoff=1.0)
    with pytest.raises(SchemaError, match="stages: got no row"):
        expected_commercial_value(stages.head(0), payoff=1.0)
    with pytest.raises(SchemaError, match="stages: column 'cost_k' is missing"):
        expected_commercial_value(stages.drop(columns="cost_k"), payoff=1.0)
    one = stages.head(1)
    for chances in ([0.5, 0.6], [-0.5, 1.5], [None, 1.0]):
        outcomes = pd.DataFrame({"outcome": ["x", "y"], "chance": chances, "payoff_k": [1.0, 2.0]})
        with pytest.raises(SchemaError, match="allowed chances of 0 or more that sum to 1"):
            expected_commercial_value(one, payoff=outcomes)
    with pytest.raises(SchemaError, match="of finite payoffs"):
        expected_commercial_value(one, payoff=float("nan"))
    with pytest.raises(ParameterError, match="known_after: got 'lunch'. Known: a"):
        expected_commercial_value(one, payoff=1.0, known_after="lunch")
    with pytest.raises(ParameterError, match="rate: got -1, allowed a finite share above -1"):
        expected_commercial_value(one, payoff=1.0, rate=-1)


@pytest.mark.parametrize("stages", [None, [1], {"stage": ["a"]}])
def test_stages_that_are_no_frame_are_refused(stages):
    with pytest.raises(ParameterError, match=r"stages: got a .*, allowed a DataFrame"):
        expected_commercial_value(stages, payoff=1.0)


@pytest.mark.parametrize("payoff", [None, "30", 1j, 1e300, float("nan"), True])
def test_a_payoff_that_is_no_usable_number_is_refused_or_read(payoff):
    stages = pd.DataFrame({"stage": ["a"], "cost_k": [0.0], "p_success": [1.0]})
    if payoff in ("30", True):
        assert expected_commercial_value(stages, payoff=payoff).value_k == float(payoff)
        return
    with pytest.raises(SchemaError, match=r"payoff: chances .*of finite payoffs"):
        expected_commercial_value(stages, payoff=payoff)
