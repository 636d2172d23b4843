from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from pmlib.product.effects.memory import _averaged, _p_values, fit_with_memory
from tests.product.effects.conftest import remembering


def _line(months: int, start: int) -> np.ndarray:
    time = np.arange(months)
    after = (time >= start).astype(float)
    return np.column_stack([np.ones(months), time, after, after * (time - start)])


@pytest.mark.parametrize("memory", [0.0, 0.5, -0.3])
def test_at_one_autocorrelation_the_fit_is_statsmodels_generalised_least_squares(memory) -> None:
    rng = np.random.default_rng(1)
    x, y = _line(36, 20), rng.standard_normal((36, 1))
    estimates, errors, _ = _averaged(y, x, 2)
    at = round((memory + 0.5) / 0.05)
    lags = np.abs(np.subtract.outer(range(36), range(36)))
    fitted = sm.GLS(y[:, 0], x, sigma=memory**lags if memory else np.eye(36)).fit()
    assert (estimates[at, 0], errors[at, 0]) == pytest.approx((fitted.params[2], fitted.bse[2]))


def test_the_single_fit_is_that_of_many_at_once() -> None:
    y, x = remembering(np.random.default_rng(2), 0.4, shape=(36, 5)), _line(36, 24)
    together = _p_values(y, x, 2)
    assert [fit_with_memory(y[:, i], x, column=2).p for i in range(5)] == pytest.approx(together.tolist())


def test_the_interval_leaves_out_zero_exactly_where_p_is_below_five_percent() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        effect = fit_with_memory(rng.standard_normal(30) + np.repeat([0, 0.9], 15), _line(30, 15)[:, [0, 2]], column=1)
        assert (effect.p < 0.05) == (effect.low > 0 or effect.high < 0)
        assert effect.low < effect.value < effect.high


@pytest.mark.parametrize("memory", [0.0, 0.4, 0.7])
@pytest.mark.parametrize(("months", "start"), [(36, 24), (60, 40)])
def test_where_nothing_happened_two_to_eight_percent_are_called_a_change(memory, months, start) -> None:
    y, x = remembering(np.random.default_rng(4), memory, shape=(months, 3_000)), _line(months, start)
    errors = [(_p_values(y, x, column) < 0.05).mean() for column in (2, 3)]
    errors.append((_p_values(y, x[:, [0, 2]], 1) < 0.05).mean())
    assert 0.02 < min(errors) <= max(errors) < 0.08


def test_newey_and_wests_errors_call_a_third_of_nothing_a_change() -> None:
    y, x = remembering(np.random.default_rng(5), 0.4, shape=(36, 300)), _line(36, 24)
    options = {"cov_type": "HAC", "cov_kwds": {"maxlags": 3}}
    naive = [sm.OLS(y[:, i], x).fit(**options).pvalues[2] < 0.05 for i in range(300)]
    assert np.mean(naive) > 0.18
    assert (_p_values(y, x, 2) < 0.05).mean() < 0.09


def test_the_interval_holds_a_true_step() -> None:
    y, x = remembering(np.random.default_rng(6), 0.3, shape=(36, 300)), _line(36, 24)[:, [0, 2]]
    fits = [fit_with_memory(y[:, i] + 2.0 * x[:, 1], x, column=1) for i in range(300)]
    assert np.mean([one.low <= 2.0 <= one.high for one in fits]) == pytest.approx(0.95, abs=0.035)
    assert np.mean([one.value for one in fits]) == pytest.approx(2.0, abs=0.1)


def test_a_line_without_noise_has_no_width_and_a_flat_one_no_effect() -> None:
    exact = fit_with_memory(np.repeat([1.0, 3.0], 12), _line(24, 12)[:, [0, 2]], column=1)
    assert (exact.value, exact.low, exact.high) == pytest.approx((2.0, 2.0, 2.0), abs=1e-8)
    assert exact.p < 1e-6
    flat = fit_with_memory(np.full(24, 5.0), _line(24, 12), column=2)
    assert flat.value == pytest.approx(0, abs=1e-9)
    assert flat.p > 0.05
    assert fit_with_memory(np.zeros(24), _line(24, 12), column=2).value == 0
