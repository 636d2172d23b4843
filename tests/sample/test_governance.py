from __future__ import annotations

import pytest

from pmlib.sample import company
from tests.sample.test_portfolio_side import made


@pytest.fixture(scope="module")
def side():
    return made()


def test_every_project_to_decide_has_two_risks(side):
    open_ = company.to_decide(company.roster())["project_id"]
    assert side["risks"]["project_id"].value_counts().to_dict() == dict.fromkeys(open_, 2)
    assert set(side["risks"]["unit"]) == {"money", "months"}
    assert len(set(side["risks"]["factor"])) == 5


def test_decisions_are_six_a_month_and_mostly_as_recommended(side):
    decisions = side["decisions"]
    assert decisions["period"].min() == "2024-01"
    assert decisions["period"].max() == "2025-12"
    assert decisions.groupby("period").size().between(6, 8).all()
    assert (decisions["recommended"] == decisions["decided"]).mean() == pytest.approx(0.85, abs=0.06)
    assert not decisions.duplicated(["period", "project_id"]).any()


def test_no_decision_contradicts_what_runs_today(side):
    decisions = side["decisions"].merge(side["projects"], on="project_id")
    running = decisions[decisions["state"] == "running"]
    assert set(running["decided"]) == {"keep", "start"}
    assert (running.loc[running["decided"] == "start", "period"] ==
            running.loc[running["decided"] == "start", "start_month"]).all()  # fmt: skip
    assert (running.loc[running["decided"] == "keep", "period"] >
            running.loc[running["decided"] == "keep", "start_month"]).all()  # fmt: skip
    assert set(decisions.loc[decisions["state"] == "proposed", "decided"]) == {"decline"}


def test_t13_the_rules_changed_three_times(side):
    events = side["strategy_events"].set_index("kind")["month"].to_dict()
    assert events == {"weights": "2025-01", "capacity": "2025-07", "evidence": "2025-09"}


def test_t8_three_projects_claim_the_same_metric_of_the_same_product(side):
    own = side["benefit_map"].query("metric == 'installer_sales_k'")
    assert own["project_id"].tolist() == ["P05", "P12", "P19"]
    assert set(own["product_id"]) == {"PR4"}
    assert set(own["claimed_p50"]) == {2_400.0}


def test_t24_evidence_on_p44_lies_below_its_break_even(side):
    claim = side["benefit_map"].query("project_id == 'P44' and metric == 'retention_pp'").iloc[0]
    assert claim[["claimed_p10", "claimed_p50", "claimed_p90"]].tolist() == [3.4, 6.0, 8.6]
    own = side["evidence"].query("project_id == 'P44'").iloc[0]
    assert (own["month"], own["estimate"], own["standard_error"]) == ("2025-09", 2.0, 0.6)
    sd = (8.6 - 3.4) / (2 * 1.2816)
    weights = sd**-2, 0.6**-2
    assert (6 * weights[0] + 2 * weights[1]) / sum(weights) == pytest.approx(2.32, abs=0.005)
    project = side["projects"].set_index("project_id").loc["P44"]
    assert (600 - project["exit_cost_k"] + project["salvage_k"]) / (1_104 / 6) == pytest.approx(3.2, abs=0.01)


def test_other_evidence_lies_inside_what_was_claimed(side):
    both = side["evidence"].merge(side["benefit_map"], on=["project_id", "product_id", "metric"], validate="1:1")
    assert len(both) == len(side["evidence"]) == 5
    others = both[both["project_id"] != "P44"]
    assert others["estimate"].between(others["claimed_p10"], others["claimed_p90"]).all()
    assert (others["standard_error"] > 0).all()
