"""The exports of two tools: every figure of the workbook is the one counted by pandas in the raw file."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

import pmlib as pm
from tests.conftest import ROOT

CASES = ROOT / "data" / "cases"
JIRA, OPENPROJECT = CASES / "jira_export", CASES / "openproject_export"
HOURS_A_MONTH, EUR_AN_HOUR = 160, 90
EXPORTED_MONTH = 2025 * 12 + 12


@pytest.fixture(scope="module")
def jira():
    return pm.open_workbook(JIRA)


@pytest.fixture(scope="module")
def openproject():
    return pm.open_workbook(OPENPROJECT)


@pytest.fixture(scope="module")
def issues():
    """The raw export, hours in place of seconds; an issue without an estimate counts 8 hours for each story point."""
    raw = pd.read_csv(JIRA / "raw" / "jira.csv")
    points = 8 * raw["Custom field (Story Points)"]
    return raw.assign(hours=(raw["Original estimate"] / 3600).fillna(points).fillna(0),
                      left=(raw["Remaining Estimate"] / 3600).fillna(points).fillna(0),
                      spent=raw["Time Spent"].fillna(0) / 3600)


@pytest.fixture(scope="module")
def tasks():
    """The raw work packages without phases, which sum up others, and without rejected work."""
    raw = pd.read_csv(OPENPROJECT / "raw" / "work_packages.csv", encoding="utf-8-sig")
    raw = raw[raw["Type"] != "Phase"]
    listed = pd.read_csv(OPENPROJECT / "raw" / "projects.csv", encoding="utf-8-sig", dtype={"id": str})
    days = {name: pd.to_datetime(raw[name], format="%m/%d/%Y") for name in ("Start date", "Finish date")}
    return raw.assign(**days).merge(listed, left_on="Project", right_on="Name", suffixes=("", " of the project"))


@pytest.mark.parametrize(("name", "tables"), [
    ("jira", {"projects", "products", "features", "estimates", "cash_flows", "budgets", "team_capacity"}),
    ("openproject", {"projects", "programmes", "estimates", "cash_flows", "budgets", "milestones", "evm", "skills",
                     "capacity", "demand"}),
])
def test_an_export_opens_clean_and_every_file_is_read(name, tables, request):
    book = request.getfixturevalue(name)
    assert (book.exit_code, book.notes) == (0, ())
    assert set(book.tables) == tables | {"workbook"}
    assert "nothing is set aside" in book.report()


def test_an_epic_costs_what_the_issues_below_it_take(jira, issues):
    below = issues[issues["Issue Type"] != "Epic"].groupby("Parent key")[["hours", "left", "spent"]].sum()
    projects = jira["projects"].set_index("project_id")
    assert projects["bac_k"].to_dict() == pytest.approx((below["hours"] * EUR_AN_HOUR / 1000).to_dict())
    assert projects["spent_k"].to_dict() == pytest.approx((below["spent"] * EUR_AN_HOUR / 1000).to_dict())
    to_pay = jira["cash_flows"].set_index("project_id")["cost_k"]
    assert to_pay.to_dict() == pytest.approx((below.loc[to_pay.index, "left"] * EUR_AN_HOUR / 1000).to_dict())


def test_epics_are_counted_by_state_as_the_export_has_them(jira, issues):
    epics = issues[issues["Issue Type"] == "Epic"]
    refused, on_hold = epics["Resolution"] == "Won't Do", epics["Status"] == "On Hold"
    category = epics["Status Category"].map({"To Do": "proposed", "In Progress": "running", "Done": "done"})
    expected = category.mask(on_hold, "held").mask(refused, "stopped")
    assert jira["projects"]["state"].value_counts().to_dict() == expected.value_counts().to_dict()
    assert set(expected) == {"proposed", "running", "held", "done", "stopped"}


def test_dates_of_jira_become_months(jira, issues):
    epics = issues[issues["Issue Type"] == "Epic"].set_index("Issue key")
    starts, due = (pd.to_datetime(epics[name], format="%d/%b/%y %I:%M %p")
                   for name in ("Custom field (Start date)", "Due date"))
    projects = jira["projects"].set_index("project_id").sort_index()
    months = (starts.dt.year * 12 + starts.dt.month).sort_index()
    assert projects["start_month"].astype(int).to_dict() == months.to_dict()
    last = (due.dt.year * 12 + due.dt.month).sort_index()
    assert projects["planned_months"].astype(int).to_dict() == (last - months + 1).to_dict()


def test_stories_become_features_with_their_person_months_left(jira, issues):
    stories = issues[issues["Issue Type"] == "Story"]
    features = jira["features"]
    assert len(features) == len(stories) == 17
    assert features["effort_pm"].sum() == pytest.approx(stories["left"].sum() / HOURS_A_MONTH)
    assert features["team"].value_counts().to_dict() == stories["Components"].value_counts().to_dict()
    assert (features["state"] == "released").sum() == ((stories["Status Category"] == "Done")
                                                       & (stories["Resolution"] == "Done")).sum()
    waits = features.dropna(subset="depends_on").set_index("feature_id")["depends_on"]
    linked = stories.dropna(subset="Inward issue link (Blocks)").set_index("Issue key")["Inward issue link (Blocks)"]
    assert waits.to_dict() == linked.to_dict()


def test_the_portfolio_and_the_backlog_of_jira_are_decided_within_their_limits(jira):
    plan = pm.rebalance(jira, period=jira.period)
    assert plan.status == "proved"
    assert plan.money.set_index("year").loc[2026, "plan_k"] <= 100
    assert "Totals reconcile" in plan.check()
    build = pm.product.decide_features(jira, period=jira.period)
    assert build.plan is not None
    build.check()


def test_work_left_in_openproject_is_the_demand_in_person_months(openproject, tasks):
    left = tasks[tasks["Status of the project"].isin(["On track", "At risk", "Off track", "Not started"])]
    hours = left.groupby("id of the project")["Remaining work"].sum()
    demand = openproject["demand"]
    assert demand.groupby("project_id")["person_months"].sum().to_dict() == pytest.approx(
        (hours / HOURS_A_MONTH).to_dict())
    assert demand["month"].min() > EXPORTED_MONTH
    by_team = left.groupby("Category")["Remaining work"].sum() / HOURS_A_MONTH
    assert demand.groupby("skill")["person_months"].sum().to_dict() == pytest.approx(by_team.to_dict())


def test_phases_would_count_the_work_twice():
    raw = pd.read_csv(OPENPROJECT / "raw" / "work_packages.csv", encoding="utf-8-sig")
    below = raw[raw["Parent"].notna()].groupby("Parent")["Work"].sum()
    phases = raw[raw["Type"] == "Phase"].set_index("id")["Total work"]
    assert below.to_dict() == phases.to_dict()


def test_states_colours_and_money_of_openproject_are_those_of_its_lists(openproject, tasks):
    projects = openproject["projects"].set_index("project_id")
    assert projects["state"].value_counts().to_dict() == {"running": 3, "proposed": 2, "done": 1, "stopped": 1}
    assert projects["spent_k"].to_dict() == pytest.approx(
        (tasks.groupby("id of the project")["Overall costs"].sum() / 1000).to_dict())
    assert projects.loc[projects["mandatory"], "name"].to_list() == ["Reservoir roof"]
    colours = openproject["evm"].set_index("project_id")["status_reported"]
    assert colours.to_dict() == {"12": "green", "14": "amber", "15": "red"}


def test_earned_value_is_the_budget_times_the_share_of_work_done(openproject, tasks):
    work = tasks[tasks["Status"] != "Rejected"].groupby("id of the project")[["Work", "Remaining work"]].sum()
    done = 1 - work["Remaining work"] / work["Work"]
    evm = openproject["evm"].set_index("project_id")
    budget = openproject["projects"].set_index("project_id")["bac_k"]
    assert evm["ev_cum_k"].to_dict() == pytest.approx((budget * done)[evm.index].to_dict())
    assert evm["pct_complete_reported"].to_dict() == pytest.approx((100 * done)[evm.index].to_dict())
    assert pm.portfolio.track_portfolio(openproject).to_frame().shape[0] >= 3


def test_milestones_are_reached_where_they_are_closed(openproject, tasks):
    raw = tasks[tasks["Type"] == "Milestone"]
    milestones = openproject["milestones"]
    assert len(milestones) == len(raw) == 7
    assert milestones["actual_month"].notna().sum() == (raw["Status"] == "Closed").sum() == 3
    assert milestones.groupby("project_id")["weight"].sum().to_numpy() == pytest.approx(1)


def test_the_plan_of_openproject_starts_what_the_law_asks_and_holds_its_budget(openproject):
    plan = pm.rebalance(openproject, period=openproject.period)
    assert plan.status == "proved"
    assert plan.money.set_index("year").loc[2026, "plan_k"] <= 260
    assert plan.actions.set_index("name").loc["Reservoir roof", "action"] == "start"


@pytest.mark.parametrize("unit", [" h", "h"])
def test_hours_with_a_unit_are_read_alike(tmp_path, openproject, unit):
    folder = tmp_path / "export"
    shutil.copytree(OPENPROJECT, folder)
    file = folder / "raw" / "work_packages.csv"
    raw = pd.read_csv(file, encoding="utf-8-sig", dtype=str)
    hours = {name: raw[name] + unit for name in ("Work", "Remaining work")}
    raw.assign(**hours).to_csv(file, index=False, encoding="utf-8-sig")
    book = pm.open_workbook(folder)
    for table in ("projects", "demand", "evm"):
        pd.testing.assert_frame_equal(book[table], openproject[table])
