from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError, SchemaError
from pmlib.product.experiments.proportions import newcombe_interval, score_test
from pmlib.product.experiments.reading import ExperimentReading, Verdict, read_experiment
from tests.product.experiments.conftest import PERIOD, days


def _read(frame: pd.DataFrame, **options: object) -> ExperimentReading:
    return read_experiment({"experiments": frame}, "T1", period=PERIOD, **options)


def test_the_days_are_added_up_and_both_rates_compared() -> None:
    found = _read(days())
    effect = found.measure("conversion")
    low, high = newcombe_interval([700, 840], [7000, 7000])
    assert (effect["value"], effect["low"], effect["high"]) == pytest.approx((2.0, 100 * low, 100 * high))
    assert effect["p"] == pytest.approx(float(score_test([700, 840], [7000, 7000])))
    assert found.measure("lift")["value"] == pytest.approx(20.0)
    assert found.verdict is Verdict.REAL
    assert found.arms["rate"].tolist() == pytest.approx([0.1, 0.12])
    assert found.chance_better > 0.99
    assert 0 < found.expected_loss_pp < 0.001
    assert 1.0 < found.detectable_pp < 2.0


def test_a_measure_is_handed_on_as_an_estimate() -> None:
    estimate = _read(days()).estimate()
    assert repr(estimate) == "<Estimate: 2.0 pp, between 1.0 and 3.0 (95 % interval), n = 14,000, 0 missing>"
    assert estimate.standard_error == pytest.approx(0.53, abs=0.005)
    assert repr(_read(days(visitors=(1000, 900))).estimate()) == "<Estimate: not measured>"


def test_a_lost_arm_is_not_read_and_no_effect_is_told() -> None:
    found = _read(days(visitors=(1000, 900)))
    assert found.verdict is Verdict.DO_NOT_READ
    assert found.to_frame()[["value", "low", "high", "p"]].isna().all(axis=None)
    assert found.days.empty
    assert math.isnan(found.chance_better)
    assert "do not read" in found.summary()
    assert "6,300 visitors" in found.summary()
    assert "pp" not in found.summary()
    assert list(found.headline()) == ["do not read", "13,300"]


def test_a_planned_uneven_split_is_read() -> None:
    frame = days(visitors=(3000, 1000), hits=(300, 100))
    assert _read(frame).verdict is Verdict.DO_NOT_READ
    assert _read(frame, planned_share=0.25).verdict is Verdict.NOT_SHOWN


def test_a_missing_or_empty_arm_is_too_little_and_says_so() -> None:
    for frame in (days().query("arm == 'control'"), days(visitors=(1000, 0), hits=(100, 0))):
        found = _read(frame)
        assert found.verdict is Verdict.TOO_FEW
        assert "no visitors in treatment" in found.summary()
        assert found.to_frame()["value"].isna().all()
    nobody = _read(days(visitors=(0, 0), hits=(0, 0)))
    assert "no visitors in control and treatment" in nobody.summary()


def test_one_day_is_read_once() -> None:
    found = _read(days(number=1))
    assert len(found.days) == 1
    assert "One day was counted." in found.summary()


def test_a_day_without_its_sums_leaves_the_outcome_out() -> None:
    frame = days()
    frame.loc[3, "sum_y"] = np.nan
    found = _read(frame)
    assert math.isnan(found.measure("outcome")["value"])
    assert "not measured: its sums are missing" in found.summary()
    assert found.verdict is Verdict.REAL
    without_before = _read(days().assign(sum_xy=np.nan))
    assert without_before.measure("outcome")["value"] == pytest.approx(0.2)
    assert math.isnan(without_before.variance_saved)


def test_nobody_converts_and_everybody_converts_without_failing() -> None:
    for hits in ((0, 0), (1000, 1000)):
        found = _read(days(hits=hits))
        assert found.verdict is Verdict.NOT_SHOWN
        assert found.measure("conversion")["value"] == 0
        assert found.chance_better == pytest.approx(0.5)
        assert math.isnan(found.detectable_pp)
        assert "nan" not in found.summary()


def test_days_after_the_period_do_not_count() -> None:
    frame = pd.concat([days(number=7), days(number=7).assign(day=lambda rows: rows["day"] + pd.Timedelta(days=90))])
    assert int(_read(frame).arms["visitors"].sum()) == 14_000


def test_the_words_tell_effect_looks_and_what_cuped_took_away() -> None:
    found = _read(days())
    assert found.summary().startswith("T1: treatment converted +2.00 pp (+0.96 to +3.04; +20.0 % relative)")
    assert "the ordinary one, looked at 7 times, finds something where nothing is 17 % of the time" in found.summary()
    assert repr(found) == "<ExperimentReading T1: real, +2.00 pp (+0.96 to +3.04), p below .001>"
    assert found.headline()["above 99 %"] == "chance that treatment is better"


def test_unknown_names_are_refused_with_the_nearest_one() -> None:
    with pytest.raises(ParameterError, match="test_id: got 'PRIZE'. Known: PRICE. Did you mean 'PRICE'"):
        read_experiment({"experiments": days("PRICE")}, "PRIZE", period=PERIOD)
    with pytest.raises(ParameterError, match="test_id: got 'T1'. No experiment has a day to December 2024"):
        read_experiment({"experiments": days()}, "T1", period="2024-12")
    with pytest.raises(SchemaError, match="experiments: test 'T1', sum_y2 of arm 'control' is -7"):
        _read(days().assign(sum_y2=-1.0))
    with pytest.raises(ParameterError, match="planned_share: got 'half', allowed above 0 and below 1. Use 0.5"):
        _read(days(), planned_share="half")
    with pytest.raises(ParameterError, match="Did you mean 'conversion'"):
        _read(days()).measure("conversions")
    with pytest.raises(ParameterError, match="planned_days: got 0"):
        _read(days(), planned_days=0)
    with pytest.raises(ParameterError, match=r"test_id: got \['T'\]"):
        read_experiment({"experiments": days()}, ["T"], period=PERIOD)
