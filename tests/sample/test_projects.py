from __future__ import annotations

import pytest

from pmlib.months import parse_month
from pmlib.sample import company
from tests.sample.test_portfolio_side import made


@pytest.fixture(scope="module")
def side():
    return made()


def test_estimates_come_in_four_versions_and_the_earlier_ones_are_noisy(side):
    points = side["estimates"]
    assert sorted(points["as_of"].unique()) == ["2024-06-30", "2024-12-31", "2025-06-30", "2025-12-31"]
    mean = 0.3 * points["p10"] + 0.4 * points["p50"] + 0.3 * points["p90"]
    wide = points.assign(mean=mean).pivot(index=["project_id", "as_of"], columns="quantity", values="mean")
    net = (wide["p_success"] * wide["benefit_pv_k"] - wide["cost_k"]).unstack()
    off = net.sub(net["2025-12-31"], axis=0).div(wide["cost_k"].xs("2025-12-31", level="as_of"), axis=0)
    late = side["projects"].set_index("project_id")["gate"].reindex(off.index) >= 3
    for day in ("2024-06-30", "2024-12-31", "2025-06-30"):
        assert off.loc[late, day].std() == pytest.approx(0.3, abs=0.12)
        assert 1.3 < off.loc[~late, day].std() < 3.2
    assert (points.loc[points["quantity"] != "p_success", ["p10", "p50", "p90"]] > 0).all(axis=None)


def test_the_newest_estimate_of_a_planted_project_is_the_true_one(side):
    newest = side["estimates"].query("as_of == '2025-12-31' and project_id == 'P44'").set_index("quantity")
    mean = newest[["p10", "p50", "p90"]] @ [0.3, 0.4, 0.3]
    assert mean["cost_k"] == pytest.approx(600)
    assert mean["benefit_pv_k"] * mean["p_success"] == pytest.approx(1_104)


def test_closed_projects_ended_before_the_history_and_cost_more_than_planned(side):
    projects = side["projects"]
    past = projects[projects["state"].isin(["done", "stopped"]) & ~projects["project_id"].isin(company.LATE)]
    assert past["state"].value_counts().to_dict() == {"done": 34, "stopped": 6}
    ends = past["start_month"].map(parse_month) + past["planned_months"]
    assert (ends <= company.HISTORY_START + 1).all()
    assert (past["spent_k"] / past["bac_k"]).median() == pytest.approx(1.18, abs=0.01)


def test_gates_tell_what_runs_from_what_is_proposed(side):
    gate = side["projects"].groupby("state")["gate"].agg(["min", "max"])
    assert gate.loc["running"].tolist() == [3, 4]
    assert gate.loc["proposed"].tolist() == [1, 2]
