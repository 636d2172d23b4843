"""Everything learned from closed forecasts in one answer."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.portfolio.forecasts.record import forecast_record


@pytest.fixture(scope="module")
def sample(quillmark):
    return forecast_record(quillmark)


def test_sample_company_learns_in_three_sentences(sample):
    first, second, third = sample.summary().split(". ")
    assert first.startswith("Stated ranges that should hold 8 times in 10 held 5 times in 10 (n 80")
    assert second.startswith("Cost came out 22 % above forecast on average (n 40")
    assert "benefit came out 13 % below" in second
    assert third.endswith("recalibration helps.")
    assert list(sample.headline()) == ["50 %", "x 1.22", "x 1.17", "x 0.87"]
    assert "recalibration helps>" in repr(sample)


def test_factors_of_all_classes_stand_in_one_frame(sample):
    frame = sample.factors()
    assert frame.groupby("quantity", sort=False).size().to_dict() == {"cost_k": 3, "months": 3, "benefits": 3}
    assert frame["factor"].dtype == "float64"
    pd.testing.assert_frame_equal(sample.to_frame(), sample.log.table)


def test_factors_that_round_alike_are_both_in_the_headline(past):
    frame = pd.concat([past([120.0] * 5, quantity=quantity) for quantity in ("cost_k", "months")])
    headline = forecast_record({"past_forecasts": frame}).headline()
    assert headline["x 1.20"] == ("cost against forecast, mean of 5 closed projects; "
                                  "time against forecast, mean of 5 closed projects")


def test_earlier_period_knows_less(quillmark):
    early = forecast_record(quillmark, period="2020-12")
    assert 0 < early.log.row()["n"] < 80
    assert early.log.row()["n_open"] > 0


def test_chances_alone_are_a_record(chances):
    record = forecast_record({"past_forecasts": chances([0.9, 0.8], [1.0, 0.0])})
    assert record.summary().startswith("Success was given 85 % on average and came 50 % of the time")
    assert "no ranges" in repr(record)


def test_empty_tables_say_what_is_missing():
    record = forecast_record({})
    assert not record.found
    assert "past_forecasts is missing" in record.summary()
    assert record.headline() == {}
    assert record.factors().empty
    assert record.to_frame().empty
