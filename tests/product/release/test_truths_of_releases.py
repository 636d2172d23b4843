"""The sample company: what its two quarters hold, what a must costs, and which team is short when."""

from __future__ import annotations

import pytest

from pmlib.portfolio.model import Status
from pmlib.product.release.capacity import ReleaseRules
from pmlib.product.release.chances import chances_of_release
from pmlib.product.release.planning import plan_releases
from pmlib.product.release.readiness import launch_readiness

PERIOD = "2025-12"


@pytest.fixture(scope="module")
def plan(quillmark):
    return plan_releases(quillmark, period=PERIOD, product_id="PR4")


def test_the_cockpit_of_two_quarters_is_a_real_choice(plan):
    backlog = plan.features[plan.features["state"] != "released"]
    assert 0.35 <= plan.loads["capacity_pm"].sum() / backlog["effort_pm"].sum() <= 0.45
    assert plan.status is Status.PROVED and plan.value_points == pytest.approx(30_159)
    assert plan.check().startswith("The plan adds up: 10 features worth 30,159 points")


def test_every_must_be_of_t21_is_in_and_f07_with_its_low_rice_costs_a_fifth(plan):
    rows = plan.features.set_index("feature_id")
    assert (rows.loc[["F03", "F07", "F10", "F14"], "verdict"] == "forced").all()
    assert rows.loc["F07", "forcing_points"] / plan.value_points == pytest.approx(0.215, abs=0.001)
    assert rows.loc["F07", "reason"].endswith("without it F13 would be built")


def test_filling_up_by_rice_loses_and_another_team_is_short_in_each_quarter(plan):
    assert plan.greedy_loss == pytest.approx(0.027, abs=0.001)
    dearest = plan.loads.loc[plan.loads.groupby("release")["one_more_points"].idxmax(), "team"]
    assert dearest.tolist() == ["cockpit", "platform"]
    assert "loses 2.7 %" in plan.summary() and "The teams cockpit, insight and platform also work for" in plan.summary()


def test_all_products_lack_platform_people_in_two_quarters_and_not_in_three(quillmark):
    two = plan_releases(quillmark, period=PERIOD)
    assert not two.found and "platform is 7.5 person-months short. At best F07 stays out" in two.summary()
    three = plan_releases(quillmark, period=PERIOD, rules=ReleaseRules(releases=3))
    assert three.found and three.check()


def test_what_is_sure_is_told_from_what_hangs_in_the_balance(plan):
    result = chances_of_release(plan)
    chance = result.chances.set_index("feature_id")["chance"]
    assert chance[["F03", "F04", "F05", "F10", "F14"]].min() > 0.95
    assert 0.85 < result.all_musts <= chance["F07"] < 0.97
    assert chance["F17"] == 0 and 0.2 < chance["F13"] < 0.45


def test_the_cockpits_readiness_is_told_row_by_row(quillmark):
    found = launch_readiness(quillmark, period=PERIOD, product_id="PR4")
    rows = found.checklist.set_index("item")
    assert found.n_ready == 8 and len(rows) == 12
    assert rows.loc["teams have room for the musts", "finding"] == (
        "in 3 months platform needs 23.0 and has 12.0 person-months")
    assert rows.loc["price known", "state"] == "not ready"
