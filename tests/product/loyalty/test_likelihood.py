from __future__ import annotations

import math

import numpy as np
import pytest

from pmlib.product.loyalty.likelihood import log_interval, maximise


def test_an_exponential_rate_is_found_with_its_error() -> None:
    times = np.random.default_rng(1).exponential(1 / 3, 400)

    def likelihood(logs: np.ndarray) -> tuple[float, np.ndarray]:
        rate = math.exp(logs[0])
        return 400 * logs[0] - rate * times.sum(), np.array([400 - rate * times.sum()])

    fit = maximise(likelihood, np.zeros(1), n=400)
    assert math.exp(fit.logs[0]) == pytest.approx(400 / times.sum())
    assert fit.covariance[0, 0] == pytest.approx(1 / 400, rel=1e-4)
    value, low, high = log_interval(lambda logs: math.exp(logs[0]), fit.logs, fit.covariance)
    assert (low, high) == pytest.approx((value * math.exp(-1.96 / 20), value * math.exp(1.96 / 20)), rel=1e-3)


def test_a_direction_without_information_has_no_part_in_the_covariance() -> None:
    fit = maximise(lambda logs: (-50 * float(logs[0] ** 2), np.array([-100 * logs[0], 0.0])), np.ones(2), n=10)
    assert fit.covariance == pytest.approx(np.array([[0.01, 0], [0, 0]]), abs=1e-6)


@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan])
def test_what_has_no_logarithm_has_no_interval(value) -> None:
    _, low, high = log_interval(lambda _: value, np.zeros(1), np.eye(1))
    assert math.isnan(low) and math.isnan(high)
