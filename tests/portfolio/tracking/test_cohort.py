"""The closed projects as one cohort: what leaving out the stopped hides, cost and time by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import MissingTableError
from pmlib.portfolio.tracking.cohort import WITH, WITHOUT, closed_projects
from pmlib.portfolio.tracking.sum_ratios import share_of


def _projects(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["project_id", "state", "bac_k", "spent_k", "planned_months", "start_month"])


CLOSED = _projects(("P1", "done", 100.0, 90.0, 10, "2020-01"), ("P2", "done", 100.0, 150.0, 10, "2020-01"),
                   ("P3", "stopped", 300.0, 100.0, 12, "2020-01"), ("P4", "running", 50.0, 10.0, 5, "2025-01"))


@pytest.fixture(scope="module")
def sample(company):
    return closed_projects(company)


def test_the_stopped_count_as_closed_and_not_as_success():
    cohort = closed_projects({"projects": CLOSED})
    assert (cohort.rate()["count"], cohort.rate()["n"]) == (2, 3)
    assert cohort.rate(cohort=WITHOUT)["share"] == 1.0
    assert cohort.bias_pp == pytest.approx(100 / 3)
    assert (cohort.rate()["low"], cohort.rate()["high"]) == share_of(2, 3)[1:]


def test_what_was_stopped_was_neither_in_budget_nor_in_time():
    cohort = closed_projects({"projects": CLOSED})
    assert (cohort.rate("and within budget")["count"], cohort.rate("and within budget")["n"]) == (1, 3)
    assert cohort.rate("and within budget", cohort=WITHOUT)["share"] == 0.5


def test_cost_against_plan_is_a_ratio_of_sums():
    ratios = closed_projects({"projects": CLOSED}).ratios.set_index(["what", "cohort"])
    assert ratios.loc[("cost", WITH), "ratio"] == 340 / 500
    assert ratios.loc[("cost", WITHOUT), "ratio"] == 1.2


def test_an_outcome_says_more_than_the_state():
    past = pd.DataFrame({"project_id": ["P1", "P1"], "quantity": ["p_success", "months"], "made_on": "2019-12-01",
                         "prob": [0.9, None], "outcome": [0.0, 14.0], "outcome_on": "2021-03-31"})
    cohort = closed_projects({"projects": CLOSED, "past_forecasts": past})
    row = cohort.projects.set_index("project_id").loc["P1"]
    assert (row["success"], row["time_ratio"], row["closed"]) == (0.0, 1.4, 2021 * 12 + 3)


def test_a_project_that_closed_later_is_left_out():
    past = pd.DataFrame({"project_id": ["P2"], "quantity": "p_success", "made_on": "2019-12-01", "prob": 0.9,
                         "outcome": 1.0, "outcome_on": "2021-03-31"})
    cohort = closed_projects({"projects": CLOSED, "past_forecasts": past}, period="2021-02")
    assert cohort.projects["project_id"].tolist() == ["P1", "P3"]


def test_months_come_from_earned_value_where_no_outcome_is_known(followed):
    tables = followed(P1=[(50.0, 40.0, 50.0), (100.0, 60.0, 90.0), (100.0, 100.0, 120.0), (100.0, 100.0, 120.0)],
                      projects={"P1": {"state": "done", "planned_months": 2, "spent_k": 120.0}})
    row = closed_projects(tables).projects.iloc[0]
    assert (row["took_months"], row["time_ratio"], row["cost_ratio"]) == (3, 1.5, 1.2)


def test_the_sample_company_looks_better_without_its_six_stopped(sample):
    assert sample.summary() == (
        "39 of 45 closed projects succeeded (87 %, 95 % interval 74 to 94). Without the 6 stopped it would look like "
        "100 %, +13 points. All together they cost 1.21 of their budgets (n = 45). The completed took 1.21 of their "
        "planned time (n = 39). Not counted, since not in projects: P94.")
    late = sample.projects.set_index("project_id").loc["P27"]
    assert (late["took_months"], late["planned_months"]) == (28, 24)


def test_no_closed_project_is_said():
    cohort = closed_projects({"projects": CLOSED.iloc[3:]})
    assert cohort.summary() == "No project was closed by this month: there is no cohort to learn from."
    assert repr(cohort) == "<Cohort: no project closed>"
    assert cohort.headline() == {"0": "closed projects"}


def test_none_and_all_stopped_are_said():
    assert "None of them was stopped." in closed_projects({"projects": CLOSED.iloc[:2]}).summary()
    assert "All of them were stopped." in closed_projects({"projects": CLOSED.iloc[2:3]}).summary()


def test_a_missing_table_is_refused():
    with pytest.raises(MissingTableError, match="projects: missing"):
        closed_projects({})


def test_a_project_that_still_reported_work_left_was_not_closed(company):
    before = {**company, "evm": company["evm"][company["evm"]["month"] <= 2024 * 12 + 12]}
    for tables in (before, company):
        ids = set(closed_projects(tables, period="2024-12").projects["project_id"])
        assert not ids & {"P27", "P62", "P65"}
        assert "P63" in ids
