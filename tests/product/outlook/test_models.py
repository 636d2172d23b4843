from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.statespace.structural import UnobservedComponents

from pmlib.product.outlook.baselines import drift, naive, path_of_responses, seasonal_naive
from pmlib.product.outlook.models import Components, Smoothing
from tests.published.airpassengers import PASSENGERS

AIR = np.array(PASSENGERS, dtype=float)[:48] / 100


def ets(seasonal: bool) -> ETSModel:
    season = {"seasonal": "add", "seasonal_periods": 12} if seasonal else {}
    return ETSModel(pd.Series(AIR), trend="add", damped_trend=True, initialization_method="heuristic", **season)


def components() -> UnobservedComponents:
    season = [{"period": 12, "harmonics": 2}]
    return UnobservedComponents(
        AIR, "local linear deterministic trend", freq_seasonal=season, stochastic_freq_seasonal=[False]
    )


@pytest.mark.parametrize("seasonal", [True, False])
def test_smoothing_carries_ahead_what_statsmodels_does(seasonal):
    params = Smoothing(seasonal=seasonal).estimate(AIR)
    path = Smoothing(seasonal=seasonal).path(AIR, params, 15)
    result = ets(seasonal).smooth(params)
    assert path.mean == pytest.approx(result.forecast(15).to_numpy(), rel=1e-10)
    stated = np.asarray(result.get_prediction(48, 62).var_pred_mean)
    # Ours counts the estimated parameters in the residual variance; the shape over the horizon is the same.
    assert path.spread**2 / path.spread[0] ** 2 == pytest.approx(stated / stated[0], rel=1e-6)
    assert path.spread[0] ** 2 == pytest.approx(np.sum(result.resid**2) / (48 - len(params)))


@pytest.mark.parametrize("seasonal", [True, False])
def test_smoothing_is_as_likely_as_the_fit_of_statsmodels(seasonal):
    fitted = ets(seasonal).fit(disp=False)
    ours = Smoothing(seasonal=seasonal).estimate(AIR)
    assert ets(seasonal).loglike(ours) >= fitted.llf - 1e-3


def test_components_find_what_the_fit_of_statsmodels_finds():
    fitted = components().fit(disp=False, cov_type="none")
    path = Components(seasonal=True).path(AIR, Components(seasonal=True).estimate(AIR), 14)
    said = fitted.get_forecast(14)
    assert path.mean == pytest.approx(said.predicted_mean, rel=2e-3)
    assert path.spread == pytest.approx(said.se_mean, rel=2e-2)


def test_smoothing_covariances_are_those_of_simulated_paths():
    params = Smoothing(seasonal=True).estimate(AIR)
    path = Smoothing(seasonal=True).path(AIR, params, 6)
    shocks = np.random.default_rng(1).normal(0, path.spread[0], (6, 4000))
    paths = ets(True).smooth(params).simulate(6, anchor="end", repetitions=4000, random_errors=shocks).to_numpy()
    assert np.cov(paths) == pytest.approx(path.cov, rel=0.15, abs=0.05 * path.cov[0, 0])
    assert paths.sum(axis=0).std() == pytest.approx(path.total(0, 5)[1], rel=0.05)


def test_component_covariances_are_those_of_simulated_paths():
    share = Components(seasonal=True).estimate(AIR)
    path = Components(seasonal=True).path(AIR, share, 6)
    fitted = components().fit(disp=False, cov_type="none")
    paths = fitted.simulate(6, anchor="end", repetitions=4000, rng=np.random.default_rng(2)).reshape(6, 4000)
    assert np.cov(paths) == pytest.approx(path.cov, rel=0.15, abs=0.05 * path.cov[0, 0])
    assert paths.sum(axis=0).std() == pytest.approx(path.total(0, 5)[1], rel=0.05)


def test_seasonal_naive_widens_by_years():
    path = seasonal_naive(np.concatenate([np.zeros(12), np.full(12, 3.0)]), 25)
    assert path.spread[[0, 11, 12, 24]] == pytest.approx(3 * np.sqrt([1, 1, 2, 3]))
    # Months of one year err on their own.
    assert path.total(0, 2)[1] == pytest.approx(3 * np.sqrt(3))


def test_naive_errors_add_up_along_the_walk():
    path = naive(np.array([0.0, 2.0, 0.0, 2.0]), 3)
    assert path.cov.tolist() == [[4, 4, 4], [4, 8, 8], [4, 8, 12]]


def test_drift_is_as_wide_as_hyndman_athanasopoulos_say():
    values = np.array([1.0, 4.0, 3.0, 7.0, 9.0])
    steps = np.diff(values)
    ahead = np.arange(1, 4)
    assert drift(values, 3).mean == pytest.approx(9 + 2 * ahead)
    assert drift(values, 3).spread == pytest.approx(steps.std(ddof=1) * np.sqrt(ahead * (1 + ahead / 4)))


def test_a_path_in_another_unit_is_scaled_whole():
    path = path_of_responses(np.array([1.0, 2.0]), responses=np.ones(2), variance=1.0).scaled(10)
    assert (path.mean.tolist(), path.spread[0]) == ([10, 20], 10)
