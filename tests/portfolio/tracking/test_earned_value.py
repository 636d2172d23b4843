"""Earned value: closed forms, sums to the cent, ratios of sums, the planted sunk-cost pair."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.portfolio.tracking.earned_value import ALL, By, earned_value, indices
from pmlib.portfolio.tracking.histories import IN_PROGRESS

MONEY = {"pv_k": "pv_cum_k", "ev_k": "ev_cum_k", "ac_k": "ac_cum_k"}


@pytest.fixture(scope="module")
def sample(company):
    return earned_value(company)


def test_every_figure_of_a_project_follows_from_the_four(followed):
    row = earned_value(followed(P1=[(20, 18, 24), (50, 40, 50)])).projects.iloc[0]
    assert (row["cv_k"], row["sv_k"], row["cpi"], row["spi"]) == (-10, -10, 0.8, 0.8)
    assert (row["eac_plan_k"], row["eac_cpi_k"], row["eac_cpi_spi_k"]) == (110, 125, pytest.approx(50 + 60 / 0.64))
    assert (row["eac_k"], row["etc_k"], row["vac_k"]) == (125, 75, -25)
    assert (row["tcpi_bac"], row["tcpi_eac"]) == (60 / 50, 60 / 75)


def test_to_reach_the_headline_estimate_takes_the_index_so_far(sample):
    going = sample.projects[sample.projects["stage"] == IN_PROGRESS]
    assert np.allclose(going["tcpi_eac"], going["cpi"])


def test_roll_ups_are_ratios_of_sums_and_not_means_of_ratios(followed):
    answer = earned_value(followed(P1=[(10, 10, 5)], P2=[(90, 45, 90)]))
    row = answer.portfolio
    assert (row["cpi"], row["spi"]) == (55 / 95, 0.55)
    assert answer.projects["cpi"].mean() == 1.25


def test_the_estimate_of_a_roll_up_is_the_sum_of_its_projects(followed):
    answer = earned_value(followed(P1=[(10, 10, 5)], P2=[(90, 45, 90)]))
    assert answer.portfolio["eac_k"] == pytest.approx(50 + 200)
    assert answer.portfolio["eac_cpi_k"] == pytest.approx(200 / (55 / 95))
    assert answer.portfolio["etc_k"] == pytest.approx(250 - 95)


@pytest.mark.parametrize("by", list(By))
def test_groups_add_up_to_the_portfolio_to_the_cent(company, by):
    answer = earned_value(company, by=by)
    for name in ("pv_k", "ev_k", "ac_k", "bac_k", "eac_k", "etc_k", "vac_k", "n_projects"):
        assert answer.groups[name].sum() == pytest.approx(answer.portfolio[name], abs=5e-6)


def test_sums_are_those_of_the_table_in_decimals(company, sample):
    last = company["evm"].sort_values("month").drop_duplicates("project_id", keep="last")
    row = sample.totals[sample.totals["group"] == ALL].iloc[0]
    for name, column in MONEY.items():
        assert round(Decimal(row[name]), 5) == sum(Decimal(str(value)) for value in last[column])


def test_the_sunk_cost_pair_has_its_planted_cost_indices(sample):
    rows = sample.projects.set_index("project_id")
    assert round(rows.loc["P17", "cpi"], 3) == 1.05
    assert round(rows.loc["P23", "cpi"], 3) == 0.71
    assert rows.loc[["P17", "P23"], "ev_k"].tolist() == [4276.0, 844.9]


def test_the_sample_company_earns_ninety_six_cents_for_a_euro(sample):
    assert sample.summary() == (
        "26 projects in progress earned 15,905 thousand EUR of work for 16,546 (CPI 0.96), 15,966 was planned (SPI "
        "1.00). At this rate it comes to 30,297, 1,477 over budget of 28,820. To end within budget takes 1.05 earned "
        "for every 1 still spent.")
    assert "Edge and data platform" in set(sample.groups["group"])


def test_only_what_was_known_at_the_period_counts(company):
    answer = earned_value(company, period="2024-06")
    own = company["evm"][(company["evm"]["project_id"] == "P27") & (company["evm"]["month"] == 24294)]
    row = answer.projects.set_index("project_id").loc["P27"]
    assert (row["ev_k"], row["stage"]) == (own["ev_cum_k"].item(), IN_PROGRESS)


def test_projects_without_earned_value_are_listed_and_not_dropped(followed):
    tables = followed(P1=[(10, 10, 10)])
    more = pd.DataFrame({"project_id": ["P2", "P3"], "state": ["running", "proposed"], "bac_k": 50.0})
    answer = earned_value({**tables, "projects": pd.concat([tables["projects"], more])})
    assert answer.without["project_id"].tolist() == ["P2"]
    assert "1 running or held project has no earned value by this month: P2." in answer.summary()


def test_a_project_that_earned_nothing_costs_what_it_spent_and_the_whole_plan(followed):
    row = earned_value(followed(P1=[(10, 0, 30)])).projects.iloc[0]
    assert (row["cpi"], row["eac_k"]) == (0.0, 130.0)
    assert np.isnan(row["eac_cpi_k"])


def test_a_spent_budget_cannot_hold_the_work_that_is_left(followed):
    answer = earned_value(followed(P1=[(50, 40, 100)]))
    assert answer.projects["tcpi_bac"].item() == np.inf
    assert "To end within budget" not in answer.summary()


def test_a_finished_project_costs_what_it_cost(followed):
    row = earned_value(followed(P1=[(60, 50, 80), (100, 100, 130)])).projects.iloc[0]
    assert (row["stage"], row["eac_k"], row["eac_low_k"], row["etc_k"]) == ("finished", 130, 130, 0)
    assert np.isnan(row["tcpi_bac"])


def test_a_stopped_project_costs_what_it_cost(followed):
    row = earned_value(followed(P1=[(60, 50, 80)], projects={"P1": {"state": "stopped"}})).projects.iloc[0]
    assert (row["stage"], row["eac_k"]) == ("ended early", 80)


def test_the_range_of_an_estimate_holds_it(sample):
    going = sample.projects[sample.projects["stage"] == IN_PROGRESS]
    assert (going["eac_low_k"] <= going["eac_k"]).all()
    assert (going["eac_k"] <= going["eac_high_k"]).all()


def test_nothing_in_progress_is_said():
    tables = {"projects": pd.DataFrame({"project_id": ["P1"], "state": "proposed", "bac_k": 1.0}),
              "evm": pd.DataFrame({name: pd.Series([], dtype=float) for name in
                                   ("project_id", "month", "pv_cum_k", "ev_cum_k", "ac_cum_k")})}
    answer = earned_value(tables)
    assert answer.summary() == "No project in progress has earned value by this month."
    assert repr(answer) == "<EarnedValue: none in progress>"
    assert answer.headline() == {"0": "projects in progress with earned value"}


def test_indices_of_nothing_planned_or_spent_are_missing():
    row = indices(pd.DataFrame({"pv_k": [0.0], "ev_k": [0.0], "ac_k": [0.0], "bac_k": [10.0]})).iloc[0]
    assert row[["cpi", "spi", "eac_cpi_k"]].isna().all()
    assert row["eac_plan_k"] == 10.0


@pytest.mark.parametrize(("broken", "error", "says"), [
    ({"by": "programm"}, ParameterError, "Did you mean 'programme'"),
    ({"period": "2025-13"}, ParameterError, "2025-13"),
    ({"level": 2.0}, ParameterError, "level: got 2.0"),
])
def test_arguments_are_refused_by_name(followed, broken, error, says):
    with pytest.raises(error, match=says):
        earned_value(followed(P1=[(10, 10, 10)]), **broken)


def test_a_missing_table_and_a_negative_cost_are_refused_by_name(followed):
    tables = followed(P1=[(10, 10, 10), (20, 20, -5)])
    with pytest.raises(SchemaError, match=r"evm row 1 \(P1, 2025-02\) column 'ac_cum_k': not allowed, got -5"):
        earned_value(tables)
    with pytest.raises(MissingTableError, match="evm: missing"):
        earned_value({"projects": tables["projects"]})


def test_two_programmes_of_one_name_stay_two(followed):
    tables = followed(P1=[(10, 10, 10)], P2=[(10, 10, 10)],
                      projects={"P1": {"programme_id": "G1"}, "P2": {"programme_id": "G2"}})
    named = pd.DataFrame({"programme_id": ["G1", "G2"], "name": "Sensors", "horizon": "core"})
    assert earned_value({**tables, "programmes": named}).groups["group"].tolist() == ["G1", "G2"]
