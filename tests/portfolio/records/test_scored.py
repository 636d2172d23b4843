"""Forecasts of earlier records beside what came true, joined by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.portfolio import rebalance
from pmlib.portfolio.records.contents import Provenance
from pmlib.portfolio.records.record import decision_record
from pmlib.portfolio.records.scored import score_records


@pytest.fixture(scope="module")
def records(tables):
    return [decision_record(rebalance(tables, period=period), tables, decided=decided,
                            provenance=Provenance(plan_value=(900.0, 1200.0, 1500.0)))
            for period, decided in (("2025-11", {"P5": "decline"}), ("2025-12", {"P2": "stop"}))]


def came(*rows):
    return pd.DataFrame(rows, columns=["project_id", "quantity", "outcome", "outcome_on"])


OUTCOMES = came(("P1", "cost_k", 400.0, "2026-06-30"), ("P1", "benefit_pv_k", 900.0, "2026-09-30"),
                ("P1", "p_success", 1.0, "2026-09-30"), ("P2", "cost_k", 310.0, "2026-06-30"),
                ("P5", "cost_k", 100.0, "2026-06-30"), ("", "plan_value_k", 800.0, "2026-12-31"))


def test_each_forecast_stands_beside_its_outcome(records):
    frame = score_records(records, {}, outcomes=OUTCOMES).forecasts.set_index(["period", "project_id", "quantity"])
    assert frame.loc[("2025-12", "P1", "cost_k"), "verdict"] == "above"
    assert frame.loc[("2025-12", "P1", "benefit_pv_k"), "verdict"] == "inside"
    assert frame.loc[("2025-12", "P1", "p_success"), "verdict"] == "came true"
    assert frame.loc[("2025-12", "", "plan_value_k"), "verdict"] == "below"
    assert frame.loc[("2025-11", "P2", "cost_k"), "verdict"] == "inside"
    assert frame.loc[("2025-12", "P2", "cost_k"), "verdict"] == "not tried"
    assert frame.loc[("2025-12", "P5", "cost_k"), "verdict"] == "not tried"
    assert frame.loc[("2025-12", "P3", "cost_k"), "verdict"] == "open"
    assert len(frame) == 2 * (6 * 3 + 1)


def test_sentences_say_which_forecasts_were_right(records):
    said = score_records(records[1:], {}, outcomes=OUTCOMES).sentences()
    assert "P1: cost 300 thousand CHF (240 to 390) was forecast in December 2025; 400 came true, above the range, " \
           "33 % above the middle." in said
    assert "P1: success was given 90 % in December 2025; it succeeded." in said
    assert "value of the plan 1,200 thousand CHF (900 to 1,500) was forecast in December 2025; 800 came true, below " \
           "the range, 33 % below the middle." in said


def test_the_log_scores_what_went_on_and_nothing_else(records):
    scored = score_records(records[1:], {}, outcomes=OUTCOMES).log.scored
    assert scored[["project_id", "quantity"]].to_numpy().tolist() == [["P1", "benefit_pv_k"], ["P1", "cost_k"]]


def test_later_outcomes_and_undated_ones_are_open_at_a_period(records):
    undated = came(("P3", "cost_k", 300.0, None))
    found = score_records(records[1:], {}, period="2026-06", outcomes=pd.concat([OUTCOMES, undated]))
    assert found.known[["project_id", "quantity"]].to_numpy().tolist() == [["P1", "cost_k"]]
    assert score_records(records[1:], {}, outcomes=undated).known["project_id"].tolist() == ["P3"]


def test_an_outcome_known_when_the_forecast_was_made_does_not_count(records):
    early = came(("P1", "cost_k", 300.0, "2025-12-31"))
    found = score_records(records, {}, outcomes=early)
    assert found.known[["period", "project_id"]].to_numpy().tolist() == [["2025-11", "P1"]]


def test_outcomes_come_from_the_table_and_what_is_handed_in_comes_first(records):
    table = pd.DataFrame({"project_id": ["P1", "P1"], "quantity": "cost_k", "made_on": ["2024-01-31", "2025-01-31"],
                          "p10": 1.0, "p50": 2.0, "p90": 3.0, "outcome": [250.0, 260.0],
                          "outcome_on": ["2026-03-31", "2026-04-30"]})
    assert score_records(records[1:], {"past_forecasts": table}).known["outcome"].tolist() == [260.0]
    both = score_records(records[1:], {"past_forecasts": table}, outcomes=OUTCOMES)
    assert both.known.set_index(["project_id", "quantity"]).loc[("P1", "cost_k"), "outcome"] == 400.0


def test_the_summary_counts_the_ranges_that_held(records):
    found = score_records(records, {}, outcomes=OUTCOMES)
    n = int(found.known["verdict"].isin(["inside", "below", "above"]).sum())
    assert f"3 of {n} ranges that should hold 8 times in 10 held" in found.summary()
    assert found.headline()[f"3 of {n}"] == "ranges held that should hold 8 times in 10"


def test_nothing_to_score_says_what_to_do(records):
    none = came().astype({"outcome": float})
    assert score_records(records, {}, outcomes=none).summary().endswith("add what came true to past_forecasts.")
    empty = score_records([], {}, outcomes=none)
    assert empty.summary() == "No forecast of an earlier decision can be scored: hand in its record."
    assert repr(empty) == "<ScoredForecasts: 0 known, 0 of 0 ranges held; 0 open>" and empty.sentences() == []


def test_what_cannot_be_joined_is_refused(records, tables):
    with pytest.raises(MissingTableError, match="past_forecasts: missing"):
        score_records(records, {})
    with pytest.raises(ParameterError, match="outcomes: P1 cost_k stands there twice"):
        score_records(records, {}, outcomes=pd.concat([OUTCOMES, OUTCOMES.iloc[[0]]]))
    with pytest.raises(ParameterError, match="outcomes: column 'outcome' is missing"):
        score_records(records, {}, outcomes=OUTCOMES.drop(columns="outcome"))
    other = {**tables, "workbook": tables["workbook"].assign(name="Other Ltd")}
    foreign = decision_record(rebalance(other, period="2025-12"), other)
    with pytest.raises(ParameterError, match="records: they are of Other Ltd and Small Ltd, allowed one company"):
        score_records([*records, foreign], {}, outcomes=OUTCOMES)
