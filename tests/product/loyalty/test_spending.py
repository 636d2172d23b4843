from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.product.loyalty.purchases import spending_counts
from pmlib.product.loyalty.spending import _likelihood, expected_value, fit_spending
from tests.published import fader_hardie


@pytest.fixture(scope="module")
def model(cdnow):
    return fit_spending(spending_counts(cdnow, last=1997 * 12 + 9))


def test_the_note_of_fader_and_hardie_is_reproduced(model) -> None:
    assert tuple(round(one, 2) for one in (model.p, model.q, model.gamma)) == fader_hardie.SPENDING_FIT
    assert model.n == fader_hardie.REPEAT_BUYERS
    assert model.mean == pytest.approx(35.2, abs=0.05)
    assert model.correlation == pytest.approx(0.11, abs=0.005)


def test_the_expected_value_lies_between_the_customers_own_mean_and_that_of_all(model) -> None:
    few, many = expected_value(model.logs, np.array([1, 50]), np.array([100.0, 5_000.0]))
    assert model.mean < few < many < 100
    assert expected_value(model.logs, 0, 0.0) == pytest.approx(model.mean)


@given(st.lists(st.floats(-2, 3), min_size=3, max_size=3).map(np.array), st.integers(1, 40), st.floats(0.01, 50))
@settings(max_examples=40, deadline=None)
def test_the_slope_is_that_of_the_likelihood(logs, x, money) -> None:
    data, step = (np.array([[float(x)], [money]]), np.array([2.0])), 1e-6
    by_steps = [
        (_likelihood(logs + d, *data)[0] - _likelihood(logs - d, *data)[0]) / (2 * step) for d in step * np.eye(3)
    ]
    np.testing.assert_allclose(_likelihood(logs, *data)[1], by_steps, rtol=1e-3, atol=1e-3)


def test_simulated_spending_gives_back_its_mean() -> None:
    rng, n = np.random.default_rng(2), 20_000
    x, scale = rng.integers(1, 12, n), rng.gamma(4.0, 1 / 20.0, n)
    money = rng.gamma(5.0 * x, 1 / scale)
    frame = pd.DataFrame({"repeats": x, "repeat_e4": np.round(10_000 * money).astype("int64"), "n": 1})
    model = fit_spending(frame)
    errors = np.sqrt(np.diag(model.covariance))
    assert (np.abs(model.logs - np.log([5.0, 4.0, 20.0])) < 3 * errors).all()
    assert model.mean == pytest.approx(5 * 20 / 3, rel=0.03)


def test_a_mean_without_a_bound_is_infinite_and_not_a_number_below_zero() -> None:
    assert expected_value(np.log([2.0, 0.5, 1.0]), np.array([0, 1]), np.array([0.0, 3.0])).tolist() == [
        np.inf, pytest.approx(2 * 4 / 1.5)
    ]  # fmt: skip
