"""Reported against computed colours: thresholds by hand, the planted watermelons and the stuck project."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio.tracking.status import StatusRule, compare_status


@pytest.fixture(scope="module")
def sample(company):
    return compare_status(company)


def _two(index: float) -> list[tuple[float, float, float]]:
    return [(10.0, 10.0, 10.0), (20.0, 20.0, 20.0 / index)]


@pytest.mark.parametrize(("index", "colour"), [(1.0, "green"), (0.9, "green"), (0.89, "amber"), (0.8, "amber"),
                                               (0.79, "red")])
def test_the_weaker_index_gives_the_colour(followed, index, colour):
    answer = compare_status(followed(P1=_two(index), reports={"P1": [(10, "green"), (20, "green")]}))
    row = answer.projects.iloc[0]
    assert (row["computed"], row["watermelon"], row["hidden_months"]) == (colour, colour != "green", colour != "green")


def test_time_counts_as_much_as_money(followed):
    row = compare_status(followed(P1=[(10.0, 10.0, 5.0), (20.0, 15.0, 7.0)])).projects.iloc[0]
    assert (row["computed"], row["weakest"], row["spi_t"]) == ("red", "time", 0.75)


def test_the_planted_watermelons_are_found_with_their_months(sample):
    melons = sample.watermelons.set_index("project_id")
    assert sorted(melons.index) == ["P22", "P31", "P36"]
    assert (melons["hidden_months"] == 6).all()
    assert sample.projects.set_index("project_id").loc["P36", "says"] == (
        "P36 Own plastic moulding reports green and is red by its figures (CPI 0.74, SPI(t) 0.83), since July 2025, "
        "6 reports in a row.")


def test_the_stuck_project_is_found_by_its_milestones(sample):
    assert sample.stuck["project_id"].tolist() == ["P31"]
    row = sample.stuck.iloc[0]
    assert (row["near_done_months"], row["reported_pct"]) == (6, 92)
    assert (row["milestone_pct"], row["earned_pct"]) == (pytest.approx(55), pytest.approx(55))
    assert row["says"].endswith(
        "Nearly done for 6 months: 92 % reported, 55 % earned, milestones reached stand for 55 %.")


def test_stricter_thresholds_find_more(company):
    strict = compare_status(company, rule=StatusRule(green=0.95, amber=0.85))
    assert {"P22", "P31", "P36"} < set(strict.watermelons["project_id"])


def test_milestones_reached_after_the_period_are_not_yet(company):
    row = compare_status(company, period="2025-11").projects.set_index("project_id").loc["P31"]
    assert row["milestone_pct"] == pytest.approx(40)


def test_a_break_in_the_reports_starts_the_count_again(followed):
    rows = [(10.0, 5.0, 10.0), (20.0, 10.0, 20.0), (30.0, 15.0, 30.0), (40.0, 20.0, 40.0)]
    reports = {"P1": [(5, "green"), (10, "red"), (15, "green"), (20, "green")]}
    row = compare_status(followed(P1=rows, reports=reports)).projects.iloc[0]
    assert (row["hidden_months"], row["hidden_since"]) == (2, 24303)


def test_nearly_done_and_indeed_so_is_not_stuck(followed):
    rows = [(90.0, 88.0, 88.0), (92.0, 90.0, 90.0), (95.0, 92.0, 92.0)]
    reports = {"P1": [(88, "green"), (90, "green"), (92, "green")]}
    row = compare_status(followed(P1=rows, reports=reports)).projects.iloc[0]
    assert (row["near_done_months"], row["stuck"]) == (3, False)


def test_no_report_is_said(followed):
    answer = compare_status(followed(P1=_two(0.5)))
    assert answer.summary() == ("No project reports a status: fill status_reported in evm to compare it with the "
                                "figures.")
    assert answer.projects["says"].item().startswith("P1 reports no status and is red by its figures")
    assert answer.watermelons.empty


def test_a_project_that_was_not_to_begin_yet_is_on_time(followed):
    row = compare_status(followed(P1=[(0.0, 0.0, 0.0)], reports={"P1": [(0, "green")]})).projects.iloc[0]
    assert (row["computed"], row["weakest"], row["spi_t"]) == ("green", "time", 1.0)


def test_figures_that_give_no_colour_are_said(followed):
    tables = followed(P1=[(0.0, 5.0, 0.0)], reports={"P1": [(0, "green")]})
    tables["projects"] = tables["projects"].drop(columns="planned_months")
    row = compare_status(tables).projects.iloc[0]
    assert (row["computed"], row["watermelon"], row["says"]) == ("", False, "P1: its figures give no colour.")


def test_reports_are_counted_by_both_colours(sample):
    table = sample.counts()
    assert table.loc["green", "red"] == 3
    assert int(table.to_numpy().sum()) == 26


@pytest.mark.parametrize("broken", [{"green": 0.7, "amber": 0.8}, {"amber": 0.0}, {"near_done_pct": 120.0},
                                    {"stuck_months": 0}])
def test_thresholds_that_cannot_be_are_refused(broken):
    with pytest.raises(ParameterError, match="rule: got"):
        StatusRule(**broken)


def test_something_else_than_a_rule_is_refused(followed):
    with pytest.raises(ParameterError, match="allowed a StatusRule"):
        compare_status(followed(P1=_two(1.0)), rule=0.9)


def test_nothing_in_progress_is_said(followed):
    answer = compare_status(followed(P1=[(100.0, 100.0, 90.0)]))
    assert answer.summary() == "No project in progress has earned value by this month."
    assert isinstance(answer.to_frame(), pd.DataFrame)
