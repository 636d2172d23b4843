from __future__ import annotations

import json

import numpy as np
import pytest

from pmlib import teach
from pmlib.portfolio import reference_class
from pmlib.teach.bank import JOIN, exercise
from pmlib.teach.exercises.believed_claim import PROJECT
from tests.conftest import ROOT

TRUTH = json.loads((ROOT / "data" / "quillmark" / "truth.json").read_text(encoding="utf-8"))["truths"]


@pytest.mark.parametrize("name", JOIN)
def test_the_mistakes_cost_money_and_only_the_right_way_passes(quillmark, name):
    task = exercise(name)
    assert (task.compare(quillmark)["loss_k"].iloc[:-1] > 0).all()
    answers = [way.answer(quillmark) for way in task.ways]
    assert [bool(teach.check(name, answer, quillmark)) for answer in answers] == [way.right for way in task.ways]
    assert not teach.check(name, None, quillmark)


@pytest.mark.parametrize("name", JOIN)
def test_each_wrong_answer_is_met_with_the_hint_of_the_first_way_that_gives_it(quillmark, name):
    ways, hints = exercise(name).ways[:-1], {}
    for way in ways:
        hints.setdefault(way.answer(quillmark), way.hint)
    for answer, hint in hints.items():
        assert hint in teach.check(name, answer, quillmark).says


def test_what_is_believed_and_pays_is_that_of_the_planted_truth(quillmark):
    planted, task = TRUTH["T24"], exercise("believed_claim")
    says = teach.outcome("believed_claim", tables=quillmark).text
    assert f"{planted['prior'][0]:+.1f} pp was promised, {planted['posterior'][0]:+.1f} pp is expected" in says
    assert f"{planted['break_even']:+.1f} pp would pay. So going on with {PROJECT}" in says
    assert [task.ways[place].answer(quillmark) for place in (0, -1)] == [planted["before"], planted["after"]]


def test_keeping_a_promise_loses_what_going_on_is_worth_less_than_a_stop(quillmark):
    lost = exercise("believed_claim").compare(quillmark)["loss_k"]
    # Benefit believed 427.2 less 600 to go, against exit 30 less salvage 20.
    assert lost.iloc[0] == pytest.approx(600 - 1104 * 0.386953 - 10, abs=1.0)


@pytest.mark.parametrize("answer", ["start", "Stop it", ["stop"], 1, True, np.array(["stop"])])
def test_a_decision_that_is_none_is_told_which_there_are(quillmark, answer):
    assert teach.check("believed_claim", answer, quillmark).says.startswith("Answer with one of 'keep', 'hold', 'stop'")


def test_closed_projects_came_out_as_planted(quillmark):
    ratio = reference_class(quillmark).cases["ratio"]
    assert ratio.mean() == pytest.approx(TRUTH["T5"]["cost_by_p50"]["mean"], abs=0.001)
    assert (ratio > 1.5).mean() == TRUTH["T5"]["cost_by_p50"]["share_above_1_5"]


def test_a_triangle_between_p10_and_p90_is_enough_for_half_of_the_closed_projects(quillmark):
    rows = exercise("narrow_ranges").compare(quillmark)
    assert "enough for 52 %" in rows["says"].iloc[0]
    assert "enough for 80 %" in rows["says"].iloc[-1]
    assert rows["loss_k"].iloc[0] == pytest.approx(312, abs=2)


@pytest.mark.parametrize(("factor", "says"), [
    (1.0, "Such budgets must have been enough for 8 in 10"),
    (1.30, "Such budgets must have been enough for 8 in 10"),
    (2.5, "They must tie up no more than that takes"),
])
def test_too_little_and_too_much_are_told_apart(quillmark, factor, says):
    assert says in teach.check("narrow_ranges", 7782.2 * factor, quillmark).says


@pytest.mark.parametrize("level", [1.44, 1.47, 1.5])
def test_other_ways_to_read_the_eighth_tenth_are_right_too(quillmark, level):
    assert teach.check("narrow_ranges", 7782.2 * level, quillmark)


@pytest.mark.parametrize("answer", ["11442", [11442], True, float("nan"), {"P01": 1.0}])
def test_what_is_no_amount_is_told_so(quillmark, answer):
    assert teach.check("narrow_ranges", answer, quillmark).says.startswith("Answer with an amount in thousand EUR")


def test_nothing_set_aside_is_no_amount(quillmark):
    assert "above 0" in teach.check("narrow_ranges", 0, quillmark).says


def test_no_other_budget_of_that_kind_comes_to_more(quillmark):
    task = exercise("narrow_ranges")
    best = task.worth(quillmark, task.ways[-1].answer(quillmark)).money_k
    assert all(task.worth(quillmark, 7782.2 * factor).money_k <= best + 1e-6 for factor in np.arange(1.0, 2.0, 0.02))


@pytest.mark.parametrize("times", [0.7, 1.3])
def test_where_closed_projects_came_out_otherwise_the_right_way_follows(quillmark, times):
    past = quillmark["past_forecasts"]
    other = {name: quillmark[name] for name in ("workbook", "projects", "estimates", "budgets")}
    other["past_forecasts"] = past.assign(outcome=past["outcome"].where(past["quantity"] == "p_success",
                                                                        past["outcome"] * times))
    answer = exercise("narrow_ranges").ways[-1].answer(other)
    assert teach.check("narrow_ranges", answer, other)
    assert not teach.check("narrow_ranges", answer / times, other)
