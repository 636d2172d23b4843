from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.product.loyalty.beta_geometric import beta_geometric_survival, fit_beta_geometric
from pmlib.product.loyalty.likelihood import log_interval
from pmlib.product.loyalty.renewal_projection import _bootstrap, project_retention

PERIOD = "2025-12"


def test_the_sample_company_is_projected_within_two_points_of_what_was_observed(quillmark) -> None:
    result = project_retention(quillmark, period=PERIOD, horizon_months=48)
    assert result.models["largest_gap"].iloc[0] < 0.02
    end = result.projection.iloc[-1]
    assert end["low"] < end["projected"] < end["high"]
    assert end["projected"] == pytest.approx(0.13, abs=0.01)
    assert result.summary().startswith("Still there after 48 months: 13 % of all (between 12 % and 14 %, n = 9,000).")


def test_what_a_year_ago_was_projected_has_come(quillmark) -> None:
    """Older cohorts alone: later ones are worse, which no earlier month could know."""
    rows = quillmark["subscriptions"]
    older = {"subscriptions": rows.filter(rows.start_month < 24295)}
    then = project_retention(older, period="2024-06", horizon_months=24).projection.set_index("age")
    now = project_retention(older, period=PERIOD, horizon_months=24).projection.set_index("age")
    assert then.loc[24, "projected"] == pytest.approx(now.loc[24, "observed"], abs=0.02)


def test_the_bootstrap_agrees_with_the_delta_method() -> None:
    at_risk = np.array([1000, 1000, 631, 468, 382, 326, 289, 262.0])
    fit = fit_beta_geometric(at_risk, np.array([0, 369, 163, 86, 56, 37, 27, 21.0]))
    entered = np.zeros(8, dtype="int64")
    entered[7] = 1_000
    low, high = _bootstrap(fit, entered, np.arange(13), rng=np.random.default_rng(1))
    _, below, above = log_interval(
        lambda logs: float(beta_geometric_survival(12, *np.exp(logs))), np.log([fit.alpha, fit.beta]), fit.covariance
    )
    assert (low[12], high[12]) == pytest.approx((below, above), abs=0.004)


def test_the_same_seed_gives_the_same_interval_and_another_a_close_one(company) -> None:
    one, again, other = (project_retention(company, period=PERIOD, seed=seed).to_frame() for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert one["low"].tolist() != other["low"].tolist()
    np.testing.assert_allclose(one["low"], other["low"], atol=0.02)


def test_two_engines_project_the_same(in_engine) -> None:
    duck, lite = (project_retention(in_engine(name), period=PERIOD).to_frame() for name in ("duckdb", "sqlite"))
    pd.testing.assert_frame_equal(duck, lite)


def test_too_few_ended_contracts_are_said_so_group_by_group(company, subscribed) -> None:
    few = subscribed(("x", 24300, 24305), ("y", 24301, None), product="C")["subscriptions"]
    both = {"subscriptions": pd.concat([company["subscriptions"], few])}
    result = project_retention(both, period=PERIOD, by="product")
    assert result.models["alpha"].isna().tolist() == [False, True]
    assert result.summary().endswith(
        "Not enough data to project: 10 ended contracts and 2 renewals observed are needed; ended: C 1."
    )
    empty = project_retention(company, period="2020-01")
    assert empty.headline() == {"–": "not enough ended contracts to project"}
    assert empty.summary().endswith("ended: no contracts.")


def test_a_horizon_that_is_no_month_is_refused(company) -> None:
    with pytest.raises(ParameterError, match="horizon_months: got 0, allowed 1 or more"):
        project_retention(company, period=PERIOD, horizon_months=0)
