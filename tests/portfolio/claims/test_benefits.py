"""From claims to projects: what is computed against draws of the claims."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.portfolio.claims.benefits import Unmeasured, project_benefits


@pytest.mark.parametrize("unmeasured", Unmeasured)
def test_benefit_chance_and_value_of_data_are_those_of_a_hundred_thousand_draws(unmeasured):
    rng = np.random.default_rng(7)
    ahead = pd.DataFrame({"project_id": ["A", "B"], "name": ["A", "B"], "state": ["running", "held"],
                          "mandatory": False, "exit_cost_k": [10.0, 0.0], "salvage_k": [0.0, 40.0], "n_claims": [3, 1],
                          "benefit_k": [900.0, 500.0], "cost_k": [600.0, 430.0]})
    claims = pd.DataFrame({"project_id": ["A", "B", "A"], "prior_mean": [6.0, -2.0, 4.0], "prior_sd": [2.0, 1.0, 3.0],
                           "posterior_mean": [3.0, -1.9, 4.4], "posterior_sd": [0.6, 0.4, 1.0],
                           "moved_by": [0.4, 0.2, 0.7]})
    found, _ = project_benefits(ahead, claims, rate=0.08, unmeasured=unmeasured)
    row = found.set_index("project_id").loc["A"]
    whole, rest = (3, 1) if unmeasured is Unmeasured.AS_CLAIMED else (2, 0)

    def draws(spread: str) -> np.ndarray:
        mine = claims[claims["project_id"] == "A"]
        drawn = rng.normal(mine["posterior_mean"], mine[spread], (200_000, 2)) / mine["prior_mean"].to_numpy()
        return 900.0 * (drawn.sum(axis=1) + rest) / whole - 600.0 + 10.0

    gains, means = draws("posterior_sd"), draws("moved_by")
    assert row["gain_k"] == pytest.approx(gains.mean(), abs=2.0)
    assert row["sd_k"] == pytest.approx(gains.std(), rel=0.01)
    assert row["p_pays"] == pytest.approx((gains > 0).mean(), abs=0.005)
    after = np.maximum(means, 0).mean() - max(row["gain_k"], 0.0)
    assert row["evsi_k"] == pytest.approx(1.08 ** (-1 / 12) * after, abs=0.5)
    assert found.set_index("project_id").loc["B", "needed_k"] == 470.0
