from __future__ import annotations

import numpy as np
import pytest

from pmlib.months import parse_month
from pmlib.sample import company
from pmlib.sample.tracking import planned_share
from tests.sample.test_portfolio_side import made


@pytest.fixture(scope="module")
def side():
    return made()


@pytest.fixture(scope="module")
def last(side):
    return side["evm"].sort_values("month").groupby("project_id").tail(1).set_index("project_id").sort_index()


def test_the_planned_curve_rises_from_nothing_to_all():
    curve = planned_share(np.linspace(0, 1, 25))
    assert (np.diff(curve) > 0).all()
    assert (curve[0], curve[-1], planned_share(2.0)) == (0.0, 1.0, 1.0)


def test_running_and_late_projects_are_followed_month_by_month_and_no_future_is_known(side):
    evm, projects = side["evm"], side["projects"].set_index("project_id")
    assert set(evm["project_id"]) == {*company.RUNNING, *company.LATE}
    assert evm["month"].max() == "2025-12"
    for name, own in evm.groupby("project_id"):
        months = own["month"].map(parse_month).to_numpy()
        assert months[0] == parse_month(projects.at[name, "start_month"])
        assert (np.diff(months) == 1).all()
        assert months[-1] == company.HISTORY_END or name in company.LATE


def test_sums_never_fall_and_end_at_what_projects_says(side, last):
    sums = ["pv_cum_k", "ev_cum_k", "ac_cum_k"]
    assert not (side["evm"].groupby("project_id")[sums].diff() < 0).any(axis=None)
    projects = side["projects"].set_index("project_id").loc[last.index]
    assert (last["ac_cum_k"] == projects["spent_k"]).all()
    assert (side["evm"].groupby("project_id")["pv_cum_k"].max() <= projects["bac_k"]).all()
    late = list(company.LATE)
    assert (last.loc[late, "ev_cum_k"] == projects.loc[late, "bac_k"]).all()


def test_t6_the_costly_past_performs_and_the_good_prospect_does_not(last):
    cpi = last["ev_cum_k"] / last["ac_cum_k"]
    assert (last.at["P17", "ev_cum_k"], last.at["P17", "ac_cum_k"]) == (4_276, 4_072)
    assert cpi[["P17", "P23"]].round(2).tolist() == [1.05, 0.71]


def test_t7_p31_reports_nine_tenths_and_has_earned_little_more_than_half(side):
    said = side["evm"].query("project_id == 'P31'").sort_values("month").tail(6)
    assert said["pct_complete_reported"].between(88, 92).all()
    own = side["milestones"].query("project_id == 'P31'")
    assert own.loc[own["actual_month"].notna(), "weight"].sum() == pytest.approx(0.55)


def test_five_running_projects_are_off_plan_and_three_of_them_look_green(last):
    running = last.loc[list(company.RUNNING)]
    worst = np.minimum(running["ev_cum_k"] / running["pv_cum_k"], running["ev_cum_k"] / running["ac_cum_k"])
    off = worst[worst < 0.86].index
    assert sorted(off) == ["P22", "P23", "P26", "P31", "P36"]
    assert sorted(off[running.loc[off, "status_reported"] == "green"]) == ["P22", "P31", "P36"]
    assert (worst.drop(off) > 0.9).all()
    assert (running.loc[worst.drop(off).index, "status_reported"] != "red").all()


def test_t14_the_late_finisher_ends_at_spi_1_and_spi_t_of_24_by_28(side, last):
    own = side["evm"].query("project_id == 'P27'").sort_values("month")
    plan = own["pv_cum_k"].to_numpy()
    assert last.at["P27", "ev_cum_k"] == last.at["P27", "pv_cum_k"]
    earned_schedule = int(np.argmax(plan >= own["ev_cum_k"].iloc[-1])) + 1
    assert (earned_schedule, len(own)) == (24, 28)
    assert earned_schedule / len(own) == pytest.approx(0.857, abs=0.001)


def test_milestones_weigh_all_of_a_project_and_none_is_reached_in_the_future(side):
    milestones = side["milestones"]
    assert np.allclose(milestones.groupby("project_id")["weight"].sum(), 1)
    assert milestones["actual_month"].dropna().max() <= "2025-12"
    assert milestones.query("project_id in @company.LATE")["actual_month"].notna().all()


def test_milestones_reached_weigh_no_more_than_what_is_earned(side, last):
    done = side["milestones"].dropna(subset=["actual_month"]).groupby("project_id")["weight"].sum()
    earned = (last["ev_cum_k"] / side["projects"].set_index("project_id")["bac_k"]).reindex(done.index)
    assert (done <= earned + 1e-5).all()


def test_t5_stated_ranges_hold_half_of_what_came_and_e3_is_calibrated(side):
    past = side["past_forecasts"]
    ranges = past[past["quantity"] != "p_success"]
    inside = ranges["outcome"].between(ranges["p10"], ranges["p90"])
    assert inside.groupby(ranges["quantity"]).sum().to_dict() == {"cost_k": 20, "months": 20}
    by_who = inside.groupby([ranges["estimator_id"], ranges["quantity"]]).sum().unstack()
    assert by_who["cost_k"].to_dict() == by_who["months"].to_dict() == {"E1": 2, "E2": 5, "E3": 8, "E4": 5}


def test_t5_cost_outcomes_have_the_planted_shape(side):
    own = side["past_forecasts"].query("quantity == 'cost_k'")
    ratio = own["outcome"] / own["p50"]
    assert ratio.median() == pytest.approx(1.18, abs=0.01)
    assert ratio.mean() == pytest.approx(1.22, abs=0.01)
    assert (ratio > 1.5).sum() == 7
    spent = side["projects"].set_index("project_id")["spent_k"]
    assert (own["outcome"].to_numpy() == spent[own["project_id"]].to_numpy()).all()


def test_forecasts_are_made_before_the_start_and_judged_at_the_end(side):
    past = side["past_forecasts"]
    start = past["project_id"].map(side["projects"].set_index("project_id")["start_month"])
    assert (past["made_on"].str[:7] < start).all()
    assert (past["outcome_on"].str[:7] >= start).all()
    chances = past[past["quantity"] == "p_success"]
    assert chances["outcome"].sum() == 34
    assert chances[["p10", "p50", "p90"]].isna().all(axis=None)
    assert past.loc[past["quantity"] != "p_success", "prob"].isna().all()


def test_benefits_come_in_a_little_below_plan_and_two_pairs_claim_the_same_money(side):
    benefits = side["benefits"]
    assert benefits["project_id"].nunique() == 34
    assert benefits.groupby("project_id").size().between(12, 18).all()
    assert 0.8 < benefits["realised_k"].sum() / benefits["planned_k"].sum() < 1
    assert benefits["month"].between("2023-01", "2025-12").all()
    shared = benefits[benefits["overlap_group"] != ""]
    assert shared.groupby("overlap_group")["project_id"].nunique().tolist() == [2, 2]
    assert shared.duplicated(["overlap_group", "month", "realised_k"], keep=False).all()
