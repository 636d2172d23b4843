from __future__ import annotations

import pytest

from pmlib.errors import ParameterError
from pmlib.product.release.capacity import ReleaseRules
from pmlib.product.release.chances import chances_of_release
from pmlib.product.release.planning import plan_releases


def test_without_spread_the_chances_are_the_plan(backlog):
    sure = {"impact_low": 1.0, "impact_high": 1.0}
    tables = backlog(F1={**sure, "effort_pm": 2}, F2={**sure, "reach": 300.0}, F3={**sure, "effort_pm": 9})
    plan = plan_releases(tables, period="2025-12", capacity={"web": [1, 2]})
    result = chances_of_release(plan, draws=5, effort_spread=0.0)
    frame = result.chances.set_index("feature_id")
    assert frame["chance"].to_dict() == {"F1": 1.0, "F2": 1.0, "F3": 0.0}
    assert frame.loc["F1", "2026 Q2"] == frame.loc["F2", "2026 Q1"] == 1.0
    assert result.summary() == ("F1 and F2 are built in 9 of 10 draws or more. Every must fits in 100 % of 5 draws.")


def test_two_alike_for_one_place_share_it(backlog):
    tables = backlog(F1={}, F2={})
    plan = plan_releases(tables, period="2025-12", capacity={"web": 1}, rules=ReleaseRules(releases=1))
    result = chances_of_release(plan, draws=400, effort_spread=0.0)
    assert result.chances["chance"].sum() == pytest.approx(1.0)
    assert result.chances["low"].max() < 0.5 < result.chances["high"].max()
    again = chances_of_release(plan, draws=400, effort_spread=0.0)
    assert again.chances.equals(result.chances) and "In the balance: F1" in result.summary()


def test_a_must_is_built_whenever_it_fits_and_not_otherwise(backlog):
    tables = backlog(F1={"moscow": "must", "reach": 1.0}, F2={"reach": 900.0})
    plan = plan_releases(tables, period="2025-12", capacity={"web": 1}, rules=ReleaseRules(releases=1))
    result = chances_of_release(plan, draws=300, effort_spread=0.2)
    frame = result.chances.set_index("feature_id")
    # Effort is log-normal about exactly what there is: it fits in half of the draws.
    assert result.all_musts == frame.loc["F1", "chance"] == pytest.approx(0.5, abs=0.09)
    assert frame.loc["F2", "chance"] == pytest.approx(0.25, abs=0.08)


def test_a_plan_that_does_not_hold_every_must_still_has_its_chances(backlog):
    tables = backlog(F1={"moscow": "must", "effort_pm": 3}, F2={"moscow": "must", "effort_pm": 3, "reach": 5.0})
    plan = plan_releases(tables, period="2025-12", capacity={"web": 4}, rules=ReleaseRules(releases=1))
    result = chances_of_release(plan, draws=20, effort_spread=0.05)
    assert not plan.found and result.all_musts == 0
    assert result.chances.set_index("feature_id")["chance"].to_dict() == {"F1": 1.0, "F2": 0.0}


def test_draws_that_are_none_are_refused(backlog):
    plan = plan_releases(backlog(F1={}), period="2025-12", capacity={"web": 1})
    with pytest.raises(ParameterError, match="draws: got 0, allowed 1 or more"):
        chances_of_release(plan, draws=0)
    with pytest.raises(ParameterError, match="effort_spread: got nan, allowed 0 to 2"):
        chances_of_release(plan, effort_spread=float("nan"))
    nothing = plan_releases(backlog(F1={"state": "dropped"}), period="2025-12", capacity={"web": 1})
    assert chances_of_release(nothing, draws=2).summary() == "No feature is open."
    with pytest.raises(ParameterError, match="effort_spread: got '20 %', allowed 0 to 2"):
        chances_of_release(plan, effort_spread="20 %")
    with pytest.raises(ParameterError, match="seed: got -1, allowed a whole number, 0 or more"):
        chances_of_release(plan, seed=-1)


def test_a_product_that_never_had_a_feature_has_no_chances(quillmark):
    plan = plan_releases(quillmark, period="2025-12", product_id="PR3")
    assert chances_of_release(plan, draws=2).chances.empty
