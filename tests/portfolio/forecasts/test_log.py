"""The record of forecasts: counts by hand, the planted overconfidence, and what is said of few."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from pmlib.errors import SchemaError
from pmlib.portfolio.forecasts.log import forecast_log, score_forecasts


def _log(frame, period=None):
    return forecast_log({"past_forecasts": frame}, period=period)


@pytest.fixture(scope="module")
def sample(quillmark):
    return forecast_log(quillmark)


def test_shares_bias_and_width_are_those_counted_by_hand(past):
    row = _log(past([70.0, 90.0, 100.0, 120.0, 200.0])).row("A", "cost_k")
    assert (row["n"], row["inside"], row["width"]) == (5, 0.6, 0.5)
    # The outcome on the middle counts half below it.
    assert (row["below_p10"], row["below_p50"], row["below_p90"]) == (0.2, 0.5, 0.8)
    assert (row["median_ratio"], row["mean_ratio"]) == (1.0, pytest.approx(1.16))


def test_planted_ranges_hold_half_of_what_they_state(sample):
    whole = sample.row()
    assert whole["inside"] == pytest.approx(0.5, abs=0.01)
    assert whole["n"] == 80
    assert whole["inside_low"] < 0.5 < whole["inside_high"] < 0.8
    assert whole["verdict"] == "too narrow"


def test_planted_cost_overrun_is_found(sample, quillmark):
    row = sample.row(quantity="cost_k")
    assert row["median_ratio"] == pytest.approx(1.18, abs=0.01)
    assert row["mean_ratio"] == pytest.approx(1.22, abs=0.01)
    assert row["mean_low"] < 1.22 < row["mean_high"]
    cost = sample.scored[sample.scored["quantity"] == "cost_k"]
    assert (cost["ratio"] > 1.5).mean() == pytest.approx(0.18, abs=0.01)


def test_planted_estimators_are_told_apart(sample):
    inside = {name: sample.row(name)["inside"] for name in ("E1", "E2", "E3", "E4")}
    assert inside == pytest.approx({"E1": 0.2, "E2": 0.5, "E3": 0.8, "E4": 0.5})
    assert sample.row("E3")["verdict"] == "holds"
    assert sample.row("E1")["verdict"] == "too narrow"
    assert sample.row("E1")["crps"] == max(sample.row(name)["crps"] for name in inside)


def test_record_is_said_in_words_with_its_interval(sample):
    assert sample.summary().startswith("Stated ranges that should hold 8 times in 10 held 5 times in 10 (n 80 "
                                       "forecasts of 40 projects, 38-62 %). Nearest to it is E3 (80 %")
    assert "furthest E1 (20 %" in sample.summary()
    assert repr(sample) == "<ForecastLog: 50 % inside P10-P90 (38-62 %), n 80; 40 chances; 0 open>"
    assert next(iter(sample.headline())) == "50 %"


def test_chances_add_up_by_estimator_and_in_all(sample):
    table = sample.chance_table
    np.testing.assert_allclose(table["brier"], table["reliability"] - table["resolution"] + table["uncertainty"])
    assert table["estimator_id"].tolist() == ["all", "E1", "E2", "E3", "E4"]
    assert table["n"].tolist() == [40, 10, 10, 10, 10]
    assert "given 87 % on average and came 85 %" in sample.summary()


def test_honest_ranges_hold(past):
    z = norm.ppf((np.arange(50) + 0.5) / 50)
    row = _log(past(list(np.where(z > 0, 100 + 30 * z / 1.2816, 100 + 20 * z / 1.2816)))).row()
    assert row["inside"] == 0.8
    assert row["verdict"] == "holds"


@pytest.mark.parametrize(("outcomes", "verdict"), [
    ([100.0] * 4, "too few to tell"), ([100.0] * 30, "too wide"), ([300.0] * 5, "too narrow")])
def test_verdict_follows_the_interval(past, outcomes, verdict):
    assert _log(past(outcomes)).row()["verdict"] == verdict


def test_few_forecasts_are_said_to_be_few(past):
    assert "too few to tell" in _log(past([100.0, 120.0, 150.0])).summary()


def test_open_forecasts_are_counted_and_never_scored(past):
    log = _log(past([120.0, None, 150.0], outcome_on=["2024-01-01", None, "2026-01-01"]), "2025-12")
    row = log.row("A", "cost_k")
    assert (row["n"], row["n_open"], row["mean_ratio"]) == (1, 2, 1.2)
    assert repr(log).endswith("2 open>")


def test_two_ranges_of_a_project_are_worth_less_than_those_of_two(past):
    outcomes = [90.0, 300.0] * 10
    apart = _log(past(outcomes)).row()
    twins = _log(past(outcomes, project_id=np.repeat([f"P{i}" for i in range(10)], 2),
                      outcome=np.repeat(outcomes[:10], 2))).row()
    assert twins["inside"] == apart["inside"]
    assert twins["inside_high"] > apart["inside_high"]
    assert (twins["n"], twins["n_projects"]) == (20, 10)


def test_ratios_of_mixed_quantities_are_not_given(past):
    frame = past([120.0, 12.0], quantity=["cost_k", "months"])
    log = _log(frame)
    assert np.isnan(log.row()["mean_ratio"])
    assert log.row(quantity="cost_k")["mean_ratio"] == 1.2


def test_order_of_the_rows_does_not_matter(quillmark, sample):
    turned = forecast_log({"past_forecasts": quillmark["past_forecasts"].iloc[::-1]})
    pd.testing.assert_frame_equal(turned.table, sample.table)


def test_nothing_to_score_is_said(past):
    for log in (forecast_log({}), _log(past([None]))):
        assert not log.found
        assert log.summary() == log.missing != ""
        assert log.headline() == {}
        assert log.missing in repr(log)
        assert log.row() == {} or log.row()["n"] == 0


def test_forecasts_of_decisions_are_scored_by_what_is_known(past):
    made = past([None] * 3).drop(columns=["outcome", "outcome_on"])
    came = pd.DataFrame({"project_id": ["P000", "P001"], "quantity": "cost_k", "outcome": [120.0, 500.0],
                         "outcome_on": ["2025-06-30", "2026-06-30"]})
    log = score_forecasts(made, came, period="2025-12")
    assert (log.row()["n"], log.row()["n_open"], log.row()["inside"]) == (1, 2, 1.0)
    assert score_forecasts(made, came).row()["n"] == 2


def test_scoring_the_sample_by_hand_gives_its_log(quillmark, sample):
    past = quillmark["past_forecasts"]
    came = past[["project_id", "quantity", "outcome", "outcome_on"]]
    log = score_forecasts(past.drop(columns=["outcome", "outcome_on"]), came, period="2025-12")
    pd.testing.assert_frame_equal(log.table, sample.table)


def test_outcomes_said_twice_alike_and_ids_that_are_numbers_are_matched(past):
    made = past([None], project_id=[7]).drop(columns=["outcome", "outcome_on"])
    came = pd.DataFrame({"project_id": ["7", "7"], "quantity": "cost_k", "outcome": [110.0, 110.0]})
    assert score_forecasts(made, came).row()["n"] == 1


def test_what_cannot_be_matched_is_refused(past):
    made = past([None]).drop(columns=["outcome", "outcome_on"])
    came = pd.DataFrame({"project_id": ["P000"] * 2, "quantity": "cost_k", "outcome": [1.0, 2.0]})
    with pytest.raises(SchemaError, match="outcomes: P000 cost_k stands there twice"):
        score_forecasts(made, came)
    with pytest.raises(SchemaError, match="forecasts: column 'made_on' is missing"):
        score_forecasts(made.drop(columns="made_on"), came[:1])
    with pytest.raises(SchemaError, match=r"^forecasts row 0 \(P000, cost_k, .*p10 exceeds p50"):
        score_forecasts(made.assign(p10=200.0), came[:1])
    with pytest.raises(SchemaError, match="outcomes: got dict, allowed a pandas frame"):
        score_forecasts(made, {})
    with pytest.raises(SchemaError, match="outcomes: column 'outcome' is missing"):
        score_forecasts(made, came[:1].rename(columns={"outcome": "outcom"}))
