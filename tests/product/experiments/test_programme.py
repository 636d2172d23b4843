from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.product.experiments.discovery import benjamini_hochberg
from pmlib.product.experiments.programme import ExperimentProgramme, read_experiments
from pmlib.product.experiments.proportions import score_test
from pmlib.product.experiments.reading import Verdict, read_experiment
from pmlib.workbook import Workbook
from tests.product.experiments.conftest import PERIOD, days, programme


@pytest.fixture(scope="module")
def planted(quillmark: Workbook) -> ExperimentProgramme:
    return read_experiments(quillmark, period=PERIOD)


def test_exactly_the_two_real_ones_of_twenty_are_found(planted: ExperimentProgramme) -> None:
    assert len(planted.to_frame()) == 20
    assert planted.named(Verdict.REAL) == ["X06", "X13"]
    assert planted.named(Verdict.DO_NOT_READ) == ["X09"]
    tests = planted.to_frame().set_index("test_id")
    for test, effect in {"X06": 1.5, "X13": 0.8}.items():
        assert tests.loc[test, "low_pp"] < effect < tests.loc[test, "high_pp"]
        assert tests.loc[test, "shrunken_low_pp"] < effect < tests.loc[test, "shrunken_high_pp"]
    assert tests["effect_pp"].round(2)[["X06", "X13"]].tolist() == [1.72, 0.81]


def test_two_nulls_look_real_alone_and_do_not_hold(planted: ExperimentProgramme) -> None:
    tests = planted.to_frame()
    lucky = tests[(tests["p"] < 0.05) & (tests["verdict"] == Verdict.NOT_SHOWN)]
    assert lucky["test_id"].tolist() == ["X01", "X18"]
    assert (lucky["p_corrected"] > 0.05).all()
    assert "X01 and X18 lay below 5 % alone" in planted.summary()


def test_the_mismatch_is_told_without_an_effect(planted: ExperimentProgramme) -> None:
    row = planted.to_frame().set_index("test_id").loc["X09"]
    assert row["mismatch_p"] < 1e-12
    assert row[["effect_pp", "p", "p_corrected", "shrunken_pp", "outcome", "chance_better"]].isna().all()


def test_cuped_saves_a_fifth_of_the_variance(planted: ExperimentProgramme) -> None:
    assert planted.to_frame()["variance_saved"].mean() == pytest.approx(0.21, abs=0.01)


def test_a_row_is_the_reading_of_its_test(planted: ExperimentProgramme, quillmark: Workbook) -> None:
    row = planted.to_frame().set_index("test_id").loc["X13"]
    reading = read_experiment(quillmark, "X13", period=PERIOD)
    assert row["effect_pp"] == reading.measure("conversion")["value"]
    assert row["outcome_low"] == reading.measure("outcome adjusted")["low"]
    assert row["sequential_p"] == reading.days["p"].iloc[-1]
    assert reading.days["p"].iloc[-1] < 0.05


def test_the_words_tell_what_is_real_what_was_luck_and_what_not_to_read(planted: ExperimentProgramme) -> None:
    assert repr(planted) == "<ExperimentProgramme to December 2025: 2 real, 17 not shown, 1 do not read>"
    assert list(planted.headline()) == ["2 of 20", "2 not held", "1 unread"]
    assert "Do not read X09" in planted.summary()


def test_p_is_corrected_over_those_that_are_read() -> None:
    frame = pd.concat([programme(1, effects=(0.0, 0.02, 0.0, 0.015)), days("LOST", visitors=(1000, 800))])
    tests = read_experiments({"experiments": frame}, period=PERIOD).to_frame()
    assert tests["p_corrected"].to_numpy() == pytest.approx(benjamini_hochberg(tests["p"]), nan_ok=True)
    assert tests["p"].notna().sum() == 4


def test_where_nothing_is_a_programme_finds_anything_one_time_in_twenty() -> None:
    n = np.full((2, 4_000, 17), 58_800)
    p = score_test(np.random.default_rng(9).binomial(n, 0.1), n)
    assert (p < 0.05).any(axis=1).mean() == pytest.approx(0.58, abs=0.02)  # 1 - 0.95 ** 17, uncorrected
    assert np.mean([(benjamini_hochberg(row) < 0.05).any() for row in p]) == pytest.approx(0.05, abs=0.01)


def test_no_experiment_to_the_period_is_said() -> None:
    found = read_experiments({"experiments": days()}, period="2024-12")
    assert found.to_frame().empty
    assert "No experiment has a day to December 2024" in found.summary()
    assert found.headline() == {"0": "experiments"}


def test_one_experiment_is_a_programme_of_one() -> None:
    found = read_experiments({"experiments": days()}, period=PERIOD)
    row = found.to_frame().iloc[0]
    assert row["p"] == row["p_corrected"]
    assert np.isnan(row["shrunken_pp"])
    assert "found something real: T1 +2.00 pp" in found.summary()


def test_an_arm_without_visitors_is_told_beside_the_others() -> None:
    both = pd.concat([days("A"), days("B").query("arm == 'control'")])
    found = read_experiments({"experiments": both}, period=PERIOD)
    assert found.named(Verdict.TOO_FEW) == ["B"]
    assert "Not enough data: B, an arm without visitors." in found.summary()


def test_a_rate_that_is_none_is_refused() -> None:
    with pytest.raises(ParameterError, match="false_discovery: got 5"):
        read_experiments({"experiments": days()}, period=PERIOD, false_discovery=5)
