from __future__ import annotations

import numpy as np
import pytest

from pmlib.product.outlook.accuracy import mean_absolute_scaled_error, seasonal_naive_error
from pmlib.product.outlook.baselines import naive, seasonal_naive
from tests.published.airpassengers import PASSENGERS, TOTAL
from tests.published.hyndman_athanasopoulos import ACCURACY, BEER, TRAINED_ON


def test_mase_reproduces_hyndman_athanasopoulos_table_of_beer_forecasts():
    beer = np.array(BEER, dtype=float)
    history, actual = beer[:TRAINED_ON], beer[TRAINED_ON:]
    said = {
        "mean": np.full(len(actual), history.mean()),
        "naive": naive(history, len(actual)).mean,
        "seasonal naive": np.resize(history[-4:], len(actual)),
    }
    for method, (mae, mase) in ACCURACY.items():
        assert np.abs(actual - said[method]).mean() == pytest.approx(mae, abs=0.00501)
        assert mean_absolute_scaled_error(actual, said[method], history=history, season=4) == pytest.approx(
            mase, abs=0.005
        )


def test_mase_of_air_passengers_is_the_hand_formula_for_the_last_two_years():
    air = np.array(PASSENGERS, dtype=float)
    assert (len(air), air.sum()) == (144, TOTAL)
    history, actual = air[:120], air[120:]
    last_year = np.array([340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337] * 2)
    by_hand = sum(abs(actual - last_year)) / 24 / (sum(abs(history[i] - history[i - 12]) for i in range(12, 120)) / 108)
    said = seasonal_naive(history, 24).mean
    assert said.tolist() == last_year.tolist()
    assert mean_absolute_scaled_error(actual, said, history=history) == pytest.approx(by_hand, rel=1e-12)
    assert np.abs(actual - said).mean() == 71.25


def test_mase_is_1_for_the_in_sample_naive_error_itself():
    history = np.array([2.0, 4.0, 2.0, 4.0])
    assert mean_absolute_scaled_error(np.array([6.0]), np.array([4.0]), history=history, season=1) == 1


@pytest.mark.parametrize("history", [[5.0], [5.0, 5.0, 5.0]])
def test_mase_is_unknown_for_a_history_without_a_difference(history):
    assert np.isnan(
        mean_absolute_scaled_error(np.array([6.0]), np.array([4.0]), history=np.array(history), season=1)
    )


def test_mase_leaves_out_months_still_to_come():
    error = mean_absolute_scaled_error(
        np.array([6.0, np.nan]), np.array([4.0, 4.0]), history=np.array([1.0, 2.0]), season=1
    )
    assert error == 2


def test_a_history_of_one_season_has_no_seasonal_error():
    assert np.isnan(seasonal_naive_error(np.arange(12.0)))
