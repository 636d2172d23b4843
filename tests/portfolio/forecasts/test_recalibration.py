"""Recalibration: it finds a planted error, helps where there is one, and says so where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from pmlib.errors import SchemaError
from pmlib.portfolio.forecasts.recalibration import _LOG_WIDTH_VARIANCE, Verdict, fitted, recalibrate


def _recalibrated(frame):
    return recalibrate({"past_forecasts": frame})


def _outcomes(n, shift, widen, seed=0):
    z = np.random.default_rng(seed).permutation(norm.ppf((np.arange(n) + 0.5) / n)) / norm.ppf(0.9)
    return list(np.maximum(shift * (100 + widen * z * np.where(z > 0, 30, 20)), 0.0))


@pytest.fixture(scope="module")
def sample(quillmark):
    return recalibrate(quillmark)


def test_planted_shift_and_width_are_found(past):
    row = _recalibrated(past(_outcomes(80, 1.3, 2.0))).factors.iloc[0]
    assert row["shift"] == pytest.approx(1.3, rel=0.02)
    assert row["widen"] == pytest.approx(2.0, rel=0.05)


def test_a_width_is_known_as_well_as_the_shrinkage_counts_on():
    distances = np.abs(np.random.default_rng(7).standard_normal((4_000, 100)))
    widths = np.log(np.quantile(distances, 0.8, axis=1, method="weibull"))
    assert 100 * widths.var() == pytest.approx(_LOG_WIDTH_VARIANCE, rel=0.07)


def test_recalibrated_ranges_hold_what_they_state_on_the_half_held_out(past):
    found = _recalibrated(past(_outcomes(120, 1.3, 2.5)))
    later = found.tests.iloc[0]
    assert later["inside_before"] < 0.5
    assert later["inside_after"] == pytest.approx(0.8, abs=0.1)
    assert found.verdict is Verdict.HELPS


def test_honest_ranges_are_not_said_to_be_helped(past):
    found = _recalibrated(past(_outcomes(60, 1.0, 1.0)))
    assert found.verdict in (Verdict.HARMS, Verdict.UNSURE)
    assert found.factors["widen"].between(0.8, 1.25).all()


def test_error_that_turns_round_is_said_not_to_help(past):
    outcomes = _outcomes(20, 1.5, 1.0) + _outcomes(20, 0.7, 1.0)
    found = _recalibrated(past(outcomes))
    assert found.verdict is Verdict.HARMS
    assert "does not help" in found.summary()


def test_later_half_is_tested_by_the_earlier_alone(past):
    one = past(_outcomes(40, 1.2, 1.5))
    other = one.assign(outcome=one["outcome"].where(one.index < 20, 100.0))
    before, after = (fitted(frame[:20].assign(made_on=pd.Timestamp("2024-01-01"))) for frame in (one, other))
    pd.testing.assert_frame_equal(before, after)
    tested = _recalibrated(other).tests.iloc[0]
    row = before.iloc[0]
    low, high = row["shift"] * (100 - row["widen"] * 20), row["shift"] * (100 + row["widen"] * 30)
    assert tested["inside_after"] == float(low <= 100.0 <= high)


def test_estimator_with_few_forecasts_is_pulled_towards_all(past):
    many = past(_outcomes(40, 1.0, 1.0, seed=1), estimator_id=np.repeat(["A", "B"], 20))
    few = past([150.0], estimator_id="C", project_id="P999")
    factors = _recalibrated(pd.concat([many, few])).factors.set_index("estimator_id")
    assert factors.loc["all", "shift"] <= factors.loc["C", "shift"] < 1.3


def test_factors_are_applied_by_estimator_and_to_strangers_as_to_all(sample):
    frame = pd.DataFrame({"quantity": ["cost_k", "cost_k", "benefit_pv_k", "cost_k"], "p10": [80.0, 80.0, 80.0, 80.0],
                          "p50": 100.0, "p90": 130.0, "estimator_id": ["E1", "nobody", "E1", None]})
    found, factors = sample.apply(frame), sample.factors.set_index(["quantity", "estimator_id"])
    shift, widen = factors.loc[("cost_k", "E1"), ["shift", "widen"]]
    assert found.iloc[0][["p10", "p50", "p90"]].tolist() == pytest.approx(
        [max(shift * (100 - 20 * widen), 0.0), 100 * shift, shift * (100 + 30 * widen)])
    shift = factors.loc[("cost_k", "all"), "shift"]
    assert found["p50"].tolist()[1:] == pytest.approx([100 * shift, 100.0, 100 * shift])
    pd.testing.assert_frame_equal(sample.apply(frame.drop(columns="estimator_id"))[["p50"]].iloc[[1]],
                                  found[["p50"]].iloc[[1]])


def test_recalibrated_ranges_stay_in_order_and_above_nothing(sample, quillmark):
    past = quillmark["past_forecasts"].dropna(subset=["p50"])
    found = sample.apply(past)
    assert (found["p10"] >= 0).all()
    assert (found["p10"] <= found["p50"]).all()
    assert (found["p50"] <= found["p90"]).all()


def test_planted_overconfidence_is_helped_on_the_half_held_out(sample):
    later, folds = sample.tests.to_dict("records")
    assert sample.verdict is Verdict.HELPS
    assert abs(later["inside_after"] - 0.8) < abs(later["inside_before"] - 0.8)
    assert folds["inside_after"] == pytest.approx(0.8, abs=0.05)
    assert later["change_high"] < 0
    widen = sample.factors.drop_duplicates("estimator_id").set_index("estimator_id")["widen"]
    assert widen.drop("all").idxmin() == "E3"
    assert widen.idxmax() == "E1"
    assert "recalibration helps" in sample.summary()
    assert "helps" in next(iter(reversed(sample.headline().values())))


def test_few_projects_are_fitted_but_not_tested(past):
    found = _recalibrated(past([90.0, 120.0, 150.0]))
    assert found.verdict is Verdict.UNTESTED
    assert found.tests.empty
    assert "not tested" in found.summary()
    assert found.headline() == {}


def test_range_without_width_is_said_to_stay_so(past):
    found = _recalibrated(past([90.0, 120.0, 150.0], p10=100.0, p90=100.0))
    assert "3 ranges have a side without width" in found.notes[0]
    assert (found.factors["widen"] == 1.0).all()


def test_outcomes_of_nothing_leave_a_range(past):
    assert (_recalibrated(past([0.0] * 12)).factors["shift"] > 0).all()


def test_nothing_to_fit_is_said(past):
    found = recalibrate({})
    assert not found.found
    assert found.summary() == found.missing
    frame = past([1.0])
    pd.testing.assert_frame_equal(found.apply(frame)[["p10", "p50", "p90"]], frame[["p10", "p50", "p90"]])


def test_forecasts_without_a_column_are_refused(sample, past):
    with pytest.raises(SchemaError, match="forecasts: column 'p90' is missing"):
        sample.apply(past([1.0]).drop(columns="p90"))
