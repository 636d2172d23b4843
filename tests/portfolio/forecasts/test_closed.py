"""What counts as a forecast, what is open, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError, SchemaError
from pmlib.portfolio.forecasts.closed import closed_forecasts


def _closed(frame, period=None, **tables):
    return closed_forecasts({"past_forecasts": frame, **tables}, period=period)


def test_outcome_after_the_period_leaves_its_forecast_open(past):
    frame = past([120.0, 130.0], outcome_on=["2024-12-31", "2025-01-01"])
    found = _closed(frame, "2024-12")
    assert found.ranges["project_id"].tolist() == ["P000"]
    assert found.open["project_id"].tolist() == ["P001"]
    assert len(_closed(frame, "2025-01").ranges) == 2


def test_forecast_made_after_the_period_is_not_known_yet(past):
    found = _closed(past([120.0, None], made_on=["2024-01-01", "2025-02-01"]), "2025-01")
    assert len(found.ranges) + len(found.open) == 1


def test_workbooks_day_counts_without_a_period(past):
    book = pd.DataFrame({"name": ["T"], "as_of": pd.to_datetime(["2024-12-31"])})
    frame = past([120.0, 130.0], outcome_on=["2024-12-31", "2025-01-01"])
    assert len(_closed(frame, workbook=book).open) == 1


def test_outcome_without_its_day_counts_only_where_no_period_asks_for_it(past):
    frame = past([120.0], outcome_on=None)
    assert len(_closed(frame).ranges) == 1
    assert len(_closed(frame, "2025-12").open) == 1


def test_forecast_made_with_the_outcome_known_is_left_out_and_named(past):
    found = _closed(past([120.0, 130.0], made_on=["2025-07-01", "2024-01-01"]))
    assert found.ranges["project_id"].tolist() == ["P001"]
    assert found.notes == ("Not scored: 1 forecast that came after the outcome: P000 cost_k.",)


def test_forecast_without_a_point_or_a_chance_is_left_out_and_named(past, chances):
    frame = pd.concat([past([120.0] * 5).assign(p90=np.nan), chances([np.nan], [1.0])], ignore_index=True)
    found = _closed(frame)
    assert found.ranges.empty
    assert "6 forecasts that came without a chance, or without p10, p50 or p90" in found.notes[0]
    assert "and 3 more" in found.notes[0]
    assert found.missing


def test_missing_or_empty_table_says_what_to_do(past):
    assert "Add forecasts of closed projects" in closed_forecasts({}).missing
    assert "Is it 'past_forecast'?" in closed_forecasts({"past_forecast": past([1.0])}).missing
    assert "past_forecasts is empty" in _closed(past([])).missing
    assert "open: 2" in _closed(past([None, None])).missing


def test_forecast_without_an_estimator_is_called_unnamed(past):
    assert _closed(past([120.0], estimator_id="")).ranges["estimator_id"].tolist() == ["unnamed"]


@pytest.mark.parametrize(("columns", "words"), [
    ({"p10": 140.0}, "p10 exceeds p50"),
    ({"p10": 0.0, "p50": 0.0}, "column 'p50': got 0.0, allowed above 0"),
    ({"outcome": -5.0}, "column 'outcome': got -5.0, allowed 0 or more"),
    ({"quantity": "p_success", "prob": 1.3}, "'prob': not allowed, got 1.3"),
    ({"quantity": "p_success", "prob": 0.5, "outcome": 0.5}, r"row 0 \(P000, p_success\).*allowed 0 or 1"),
    ({"estimator_id": "all"}, "'estimator_id': got all, allowed another name"),
    ({"quantity": "costs"}, "Did you mean 'cost_k'"),
    ({"project_id": "P1", "made_on": "2024-01-01"}, "another row has the same key"),
    ({"made_on": "soon"}, "no usable date"),
])
def test_what_is_no_forecast_is_refused_by_name(past, columns, words):
    with pytest.raises(SchemaError, match=words):
        _closed(past([120.0, 110.0], **columns))


def test_what_is_no_month_is_refused(past):
    with pytest.raises(ParameterError, match="allowed YYYY-MM"):
        _closed(past([120.0]), "2025-13")
