from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import rebalance
from pmlib.portfolio.alignment import alignment

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
    assert frame["weight"].dropna().to_dict() == {"growth": 0.6, "safety": 0.4}
    assert frame["n_projects"].to_dict() == {"growth": 1, "safety": 1, "none": 1}


def test_contributions_of_other_projects_are_refused(plan):
    with pytest.raises(ParameterError, match="contributions: none of the 2 projects of the plan is among them"):
        alignment(plan, POINTS.rename(index=str.lower))
