from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from pmlib import teach
from pmlib.product import with_marts
from pmlib.teach.bank import PRODUCT, exercise
from pmlib.teach.exercises import score_wobble, survivors
from tests.conftest import ROOT

TRUTHS = json.loads((ROOT / "data" / "quillmark" / "truth.json").read_text(encoding="utf-8"))["truths"]


def answered(name, book):
    return [way.answer(book) for way in exercise(name).ways]


@pytest.mark.parametrize("name", PRODUCT)
def test_every_usual_mistake_costs_money_and_the_right_way_is_worth_most(name, quillmark):
    ways = exercise(name).compare(quillmark)
    assert (ways["loss_k"].iloc[:-1] > 50).all()
    assert ways["loss_k"].iloc[-1] == 0
    assert "thousand EUR less than can be had" in teach.outcome(name, tables=quillmark).text
    assert "less than can be had" not in teach.outcome(name, len(ways) - 1, quillmark).text


@pytest.mark.parametrize("name", PRODUCT)
def test_a_mistaken_way_fails_with_its_own_hint_and_the_right_one_passes(name, quillmark):
    *mistakes, right = exercise(name).ways
    for way in mistakes:
        verdict = teach.check(name, way.answer(quillmark), quillmark)
        assert not verdict and way.hint in verdict.says, way.label
    assert right.right and teach.check(name, right.answer(quillmark), quillmark)
    assert teach.check(name, None, quillmark).says.startswith("No answer yet.")


@pytest.mark.parametrize(("name", "answer", "says"), [
    ("survivors", "12", "Answer with a number of months, got str."),
    ("survivors", True, "got bool"),
    ("survivors", 40, "there are 36 in three years"),
    ("survivors", 15, "Too long. Did you count those who left early"),
    ("survivors", 6.0, "Too short. Did you count those who are still there"),
    ("shrinking_market", "PR3", "Answer with {\"PR3\": ..., \"PR5\": ...}"),
    ("shrinking_market", {"PR3": "winning"}, "each \"winning\" or \"losing\""),
    ("shrinking_market", {"PR3": "winning", "PR5": ["losing"]}, "got {'PR3': 'winning', 'PR5': ['losing']}"),
    ("shrinking_market", {"PR3": "winning", "PR5": "winning"}, "Hold the sales of PR5 against"),
    ("score_wobble", "PR6", "Answer with a set of product ids out of PR1, PR2"),
    ("score_wobble", {"PR6", "PR9"}, "out of PR1"),
    ("score_wobble", [["PR6"]], "out of PR1"),
    ("score_wobble", set(), "One that fell more than a year ago"),
    ("score_wobble", {"PR6", "PR1"}, "At least one of them only wobbles"),
    ("many_tests", "X06", "Answer with a set of test ids, X01 to X20, got 'X06'."),
    ("many_tests", [["X06"]], "X01 to X20"),
    ("many_tests", ["X06", "X21"], "X01 to X20"),
    ("many_tests", {"X06", "X13", "X09"} | {"X01", "X02"}, "one is far from half and half"),
    ("many_tests", {"X06", "X13", "X18"}, "better only by luck"),
    ("many_tests", {"X06"}, "more than luck is missing"),
    ("season_as_price", "less", "Answer with a number, % of units for 1 % of price, got str."),
    ("season_as_price", 134, "Something between -10 and 10"),
    ("season_as_price", 1.34, "Mind the sign"),
    ("season_as_price", -2.5, "Not what regions with different prices in the same month say."),
])
def test_other_wrong_answers_get_a_hint_that_fits(name, answer, says, quillmark):
    verdict = teach.check(name, answer, quillmark)
    assert not verdict
    assert says in verdict.says


@pytest.mark.parametrize(("name", "answer"), [
    ("survivors", 11), ("survivors", np.float64(10.8)), ("score_wobble", ["PR6"]),
    ("score_wobble", pd.Series(["PR6"])), ("many_tests", ("X13", "X06")), ("season_as_price", -1.4),
])
def test_a_right_answer_may_be_rounded_or_come_in_another_container(name, answer, quillmark):
    assert teach.check(name, answer, quillmark)


def test_the_cohort_is_the_planted_one_and_survivors_look_loyal(quillmark):
    shares = survivors._projected(quillmark)["projected"]
    planted = [TRUTHS["T18"][f"month_{age}"] for age in (1, 12, 24)]
    np.testing.assert_allclose(shares.iloc[[1, 12, 24]], planted, atol=0.04)
    stayed, _, left, right = answered("survivors", quillmark)
    assert stayed > 1.5 * right and left < 0.5 * right


def test_the_months_of_a_customer_are_those_that_contracts_begun_three_years_ago_paid(quillmark):
    rows = quillmark["subscriptions"].to_pandas()
    rows = rows[(rows["product_id"] == "PR4") & (rows["start_month"] <= 24277 + 5)]
    paid = (rows["end_month"].fillna(24312) - rows["start_month"] + 1).mean()
    assert answered("survivors", quillmark)[-1] == pytest.approx(paid, rel=0.1)


def test_a_belief_that_is_too_high_or_too_low_loses_alike(quillmark):
    worth, right = exercise("survivors").worth, answered("survivors", quillmark)[-1]
    high, low = (worth(quillmark, right + gap) for gap in (2, -2))
    assert high.money_k == pytest.approx(low.money_k) and high.money_k < 0
    assert "paid for nothing" in high.says and "left to rivals" in low.says
    assert worth(quillmark, right).says.endswith("nothing is lost.")


def test_shares_move_as_planted_and_against_revenue(quillmark):
    says = exercise("shrinking_market").worth(quillmark, {"PR3": "winning", "PR5": "losing"}).says
    for planted in (TRUTHS["T15"]["PR3"], TRUTHS["T15"]["PR5"]):
        assert f"share {planted['share_2023_pct']:.1f} to {planted['share_2025_pct']:.1f} %" in says
    mistake, alarmed, right = answered("shrinking_market", quillmark)
    assert mistake == {"PR3": "losing", "PR5": "winning"} and right == {"PR3": "winning", "PR5": "losing"}
    assert alarmed == {"PR3": "losing", "PR5": "losing"}


def test_only_the_planted_fall_is_real_and_a_score_that_stands_still_moves_most_months(quillmark):
    assert answered("score_wobble", quillmark)[-1] == {"PR6"}
    moves = score_wobble._scores(quillmark)["PR2"].diff().abs().dropna()
    assert 100 * (moves >= 5).mean() == pytest.approx(TRUTHS["T16"]["PR2"]["moves_of_5_or_more_pct"], abs=0.1)


def test_a_false_alarm_costs_a_project_and_a_missed_fall_what_it_would_have_brought(quillmark):
    worth = exercise("score_wobble").worth
    none, right, alarmed = (worth(quillmark, answer) for answer in (set(), {"PR6"}, {"PR6", "PR1"}))
    assert none.money_k == 0 and right.money_k > 0
    assert right.money_k - alarmed.money_k == pytest.approx(score_wobble._repair(quillmark)[1])
    assert alarmed.says.startswith("1 real fall answered, 1 false alarm.")


def test_each_mistake_rolls_out_what_is_planted_as_luck_or_unsound(quillmark):
    planted = TRUTHS["T20"]
    real, unsound = set(planted["after_benjamini_hochberg"]), {planted["sample_ratio_mismatch"]}
    alone, believing_luck, believing_splits, right = (
        answered("many_tests", quillmark)[place] for place in (0, 1, 2, 3))
    lucky = alone - real - unsound
    assert right == real and lucky and lucky <= set(planted["null_below_5_percent"])
    assert believing_luck == real | lucky and believing_splits == real | unsound


def test_prices_by_lot_find_the_planted_elasticity_and_the_line_through_all_does_not(quillmark):
    planted = TRUTHS["T19"]["PR2"]
    naive, own, right = answered("season_as_price", quillmark)
    assert right == pytest.approx(planted["randomised"], abs=0.01)
    assert naive == pytest.approx(planted["naive"], abs=0.01)
    assert own > naive > right
    assert teach.check("season_as_price", planted["planted"], quillmark)


def test_too_few_units_built_cost_their_margin_and_too_many_their_making(quillmark):
    worth = exercise("season_as_price").worth
    few, right, many = (worth(quillmark, answer) for answer in (-2.0, answered("season_as_price", quillmark)[-1], -0.7))
    assert "wanted and not there" in few.says and "none is left" in right.says and "not bought" in many.says
    assert right.money_k > max(few.money_k, many.money_k)


# Shares two years apart need all three years of the market.
@pytest.mark.parametrize("name", [name for name in PRODUCT if name != "shrinking_market"])
def test_the_right_way_stays_right_half_a_year_earlier(name, quillmark):
    earlier = with_marts(quillmark, period="2025-06")
    ways = exercise(name).compare(earlier)
    assert ways["loss_k"].iloc[0] > 0
    assert teach.check(name, exercise(name).ways[-1].answer(earlier), earlier)
