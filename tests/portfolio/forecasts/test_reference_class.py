"""Uplift factors: by hand, by published method, and the planted overrun."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio.forecasts.reference_class import Stage, reference_class


def _class(frame, **options):
    return reference_class({"past_forecasts": frame}, **options)


def _benefits(*rows):
    return pd.DataFrame(rows, columns=["project_id", "month", "planned_k", "realised_k", "overlap_group"])


def test_factors_are_mean_median_and_80_percent_point_of_the_ratios(past):
    found = _class(past([80.0, 90.0, 100.0, 110.0, 120.0, 130.0, 140.0, 150.0, 160.0, 220.0]))
    assert (found.n, found.mean_factor, found.p50_factor) == (10, pytest.approx(1.30), pytest.approx(1.25))
    # Hyndman & Fan's definition 8: position (n + 1/3) q + 1/3 = 8.6.
    assert found.p80_factor == pytest.approx(1.56)
    assert found.p50[1:] == (0.9, 1.6)
    assert found.total_factor == pytest.approx(1.30)
    # .3 x 80 + .4 x 100 + .3 x 130 = 103.
    assert found.expected_factor == pytest.approx(130 / 103)


def test_planted_uplift_of_costs_is_found(quillmark):
    found = reference_class(quillmark)
    assert found.n == 40
    assert found.p50_factor == pytest.approx(1.18, abs=0.01)
    assert found.mean_factor == pytest.approx(1.22, abs=0.01)
    assert found.mean[1] < 1.22 < found.mean[2]
    assert found.factor() == found.mean_factor
    # Every estimator has met small and large overruns alike.
    assert all(found.factor(name) == pytest.approx(1.22, abs=0.02) for name in ("E1", "E2", "E3", "E4"))
    assert "cost came out 22 % above forecast" in found.summary().lower()


def test_stopped_projects_are_in_it(quillmark):
    stopped = quillmark["projects"].query("state == 'stopped'")["project_id"]
    assert reference_class(quillmark).cases["project_id"].isin(set(stopped)).sum() >= 5


def test_overlapping_benefits_of_the_sample_count_once(quillmark):
    found = reference_class(quillmark, quantity="benefits")
    rows = quillmark["benefits"]
    assert found.n == rows["project_id"].nunique() - 2
    once = rows.drop_duplicates(["month", "overlap_group"]).query("overlap_group != ''")
    alone = rows.query("overlap_group == ''")
    total = [once[name].sum() + alone[name].sum() for name in ("realised_k", "planned_k")]
    assert found.total_factor == pytest.approx(total[0] / total[1])
    assert found.p80_factor < found.p50_factor < 1.0
    assert "below forecast" in found.summary()


def test_of_a_group_the_largest_claim_of_a_month_counts():
    rows = [(f"P{i}", "2024-01", 100.0, 90.0, "") for i in range(4)]
    shared = [("A", "2024-01", 50.0, 40.0, "same"), ("B", "2024-01", 80.0, 60.0, "same"),
              ("B", "2024-02", 20.0, 0.0, "same")]
    cases = reference_class({"benefits": _benefits(*rows, *shared)}, quantity="benefits").cases.set_index("project_id")
    assert cases.loc["same", ["stated", "outcome"]].tolist() == [100.0, 60.0]
    assert len(cases) == 5


def test_benefits_after_the_period_and_without_a_plan_are_left_out():
    rows = [(f"P{i}", month, 100.0, got, "") for i in range(5) for month, got in (("2024-01", 80.0), ("2024-02", 0.0))]
    found = reference_class({"benefits": _benefits(*rows, ("P9", "2024-01", 0.0, 5.0, ""))}, quantity="benefits",
                            period="2024-01")
    assert found.mean_factor == pytest.approx(0.8)
    assert found.notes == ("1 with no planned benefit so far are left out.",)


def test_newest_forecast_before_the_start_counts(past):
    frame = pd.concat([past([120.0] * 6, made_on="2023-01-10", p50=90.0), past([120.0] * 6, made_on="2023-03-10"),
                       past([120.0] * 6, made_on="2024-02-10", p50=120.0)])
    projects = pd.DataFrame({"project_id": [f"P{i:03d}" for i in range(6)], "state": "done", "bac_k": 100.0,
                             "start_month": "2023-06"})
    tables = {"past_forecasts": frame, "projects": projects}
    assert reference_class(tables).mean_factor == pytest.approx(1.2)
    assert reference_class(tables, stage=Stage.AFTER_START).mean_factor == pytest.approx(1.0)
    # Without a start only the first is sure to come before it.
    assert reference_class({"past_forecasts": frame}).mean_factor == pytest.approx(120 / 90)
    assert not reference_class({"past_forecasts": frame}, stage="after start").found


def test_below_five_projects_there_is_no_uplift_and_it_is_said(past):
    found = _class(past([120.0] * 4))
    assert math.isnan(found.mean_factor)
    assert found.factor() == found.factor("A") == 1.0
    assert "4 closed projects" in found.summary()
    assert "no uplift" in repr(found)
    assert found.headline() == {}
    assert found.on_average() == ""


def test_estimators_that_differ_keep_part_of_their_own_mean(past):
    rng = np.random.default_rng(5)
    outcomes = np.concatenate([rng.normal(100, 5, 12), rng.normal(150, 5, 12), [150.0]])
    found = _class(past(list(outcomes), estimator_id=["A"] * 12 + ["B"] * 12 + ["C"]))
    assert found.factor("A") == pytest.approx(1.0, abs=0.05)
    assert found.factor("B") == pytest.approx(1.5, abs=0.05)
    assert found.factor("C") < 1.5
    assert found.factor("nobody") == found.factor() == found.mean_factor


@pytest.mark.parametrize(("options", "words"), [
    ({"quantity": "costs"}, "quantity: got 'costs'. Known: .*Did you mean 'cost_k'"),
    ({"quantity": "p_success"}, "quantity: got 'p_success'"),
    ({"stage": "before"}, "stage: got 'before'. Known: before start, after start"),
    ({"period": "x"}, "allowed YYYY-MM"),
])
def test_unknown_options_are_refused(past, options, words):
    with pytest.raises(ParameterError, match=words):
        _class(past([1.0]), **options)


def test_missing_tables_are_said():
    assert "benefits is missing" in reference_class({}, quantity="benefits").summary()
    assert "past_forecasts is missing" in reference_class({}).summary()
