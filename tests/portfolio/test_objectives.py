from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import rebalance
from pmlib.portfolio.objectives import alignment, shared_benefits

POINTS = pd.DataFrame({"growth": [30.0, 0.0, 10.0], "safety": [10.0, 0.0, 10.0]}, index=["A", "B", "C"])


@pytest.fixture
def plan():
    projects = pd.DataFrame({"project_id": ["A", "B", "C"], "state": "running", "bac_k": [100.0, 60.0, 40.0]})
    return rebalance({"projects": projects}, period="2025-12", values={"A": 5.0, "B": 5.0, "C": -5.0})


def test_money_is_split_over_the_objectives_as_points_are(plan):
    frame = alignment(plan, POINTS, weights={"growth": 0.6, "safety": 0.4}).set_index("objective_id")
    assert frame["value_share"].to_dict() == pytest.approx({"growth": 0.75, "safety": 0.25, "none": 0.0})
    # A spends 75 for growth and 25 for safety of 160 in all; B brings no point and spends 60 for no objective.
    assert frame["spend_share"].to_dict() == pytest.approx({"growth": 75 / 160, "safety": 25 / 160, "none": 60 / 160})
    assert frame["weight_share"].dropna().to_dict() == {"growth": 0.6, "safety": 0.4}
    assert frame["n_projects"].to_dict() == {"growth": 1, "safety": 1, "none": 1}


def test_contributions_of_other_projects_are_refused(plan):
    with pytest.raises(ParameterError, match="contributions: none of the 2 projects of the plan is among them"):
        alignment(plan, POINTS.rename(index=str.lower))


def test_a_benefit_claimed_by_three_is_counted_once(plan):
    projects = pd.DataFrame({"project_id": ["A", "B", "C"], "state": "running", "bac_k": 10.0})
    links = pd.DataFrame([("L", name, "overlap", "member", k) for name, k in (("A", 50.0), ("B", 40.0), ("C", 30.0))],
                         columns=["link_id", "member_id", "type", "role", "amount_k"])
    decided = rebalance({"projects": projects, "links": links}, period="2025-12",
                        values={"A": 60.0, "B": 20.0, "C": 35.0})
    assert shared_benefits(decided).to_dict("records") == [
        {"link": "L", "projects": "A, B, C", "in_plan": "A, C", "claimed_k": 120.0, "counted_k": 50.0,
         "too_much_k": 70.0}]
    assert shared_benefits(plan).empty


def test_negative_and_empty_points_serve_nothing(plan):
    points = POINTS.assign(growth=[-30.0, None, 5.0], safety=[10.0, 10.0, None])
    frame = alignment(plan, points).set_index("objective_id")
    assert frame["value_share"].to_dict() == {"safety": 1.0, "growth": 0.0}
    assert frame["spend_share"].to_dict() == {"safety": 1.0, "growth": 0.0}
    nothing = alignment(plan, -POINTS).set_index("objective_id")
    assert nothing["value_share"].tolist() == [0.0, 0.0, 0.0]
    assert nothing.loc["none", "spend_share"] == 1.0


@pytest.mark.parametrize(("contributions", "options", "words"), [
    (POINTS.assign(growth=float("inf")), {}, "contributions: got inf for A on growth, allowed a finite number"),
    (POINTS.assign(growth="much"), {}, "contributions: got 'much' for A on growth, allowed a finite number"),
    (pd.concat([POINTS, POINTS]), {}, "contributions: project A stands there twice, allowed once"),
    (POINTS.rename(columns={"growth": "none"}), {}, "contributions: objective none stands there twice"),
    (POINTS["growth"], {}, "contributions: got a Series, allowed a DataFrame"),
    (POINTS, {"weights": 3}, "weights: got int, allowed a Series or mapping"),
    (POINTS, {"names": ["growth"]}, "names: got a list, allowed a mapping"),
])
def test_contributions_that_are_no_points_are_refused(plan, contributions, options, words):
    with pytest.raises(ParameterError, match=words):
        alignment(plan, contributions, **options)
