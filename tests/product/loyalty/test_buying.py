from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special

from pmlib.product.loyalty.buying import _likelihood, _rate, alive, expected_purchases, fit_buying, returning
from pmlib.product.loyalty.purchases import purchase_histories
from tests.published import fader_hardie

_LOGS = st.lists(st.floats(-3, 3), min_size=4, max_size=4).map(np.array)
_HISTORY = st.tuples(st.integers(0, 60), st.floats(0, 1), st.floats(0.1, 100)).map(
    lambda one: np.array([[one[0]], [one[1] * one[2] if one[0] else 0.0], [one[2]]], dtype=float)
)


@pytest.fixture(scope="module")
def histories(cdnow):
    return purchase_histories(cdnow, last=1997 * 12 + 9)


@pytest.fixture(scope="module")
def model(histories):
    return fit_buying(histories)


def test_fader_hardie_and_lee_2005_is_reproduced(model) -> None:
    estimates = tuple(round(one, 3) for one in (model.r, model.alpha, model.a, model.b))
    assert estimates == fader_hardie.BUYING_FIT
    assert round(model.log_likelihood, 1) == fader_hardie.BUYING_LOG_LIKELIHOOD
    assert (model.n, model.n_repeat) == (fader_hardie.CUSTOMERS, fader_hardie.REPEAT_BUYERS)


def test_the_published_customer_is_expected_to_buy_as_often(model) -> None:
    one = pd.DataFrame({"repeats": [2], "recency_days": [30.43 * 7], "age_days": [38.86 * 7]})
    assert round(float(model.expected(one, days=39 * 7)[0]), 3) == fader_hardie.NEXT_39_WEEKS


def test_the_unit_of_time_changes_alpha_and_nothing_else(model, histories) -> None:
    daily = fit_buying(histories, days_per_unit=1.0)
    assert daily.alpha == pytest.approx(7 * model.alpha, rel=1e-4)
    assert (daily.r, daily.a, daily.b) == pytest.approx((model.r, model.a, model.b), rel=1e-3)
    np.testing.assert_allclose(daily.expected(histories, days=90), model.expected(histories, days=90), rtol=1e-3)


def test_a_general_search_over_single_customers_finds_the_same_maximum(model, histories) -> None:
    single = histories.loc[histories.index.repeat(histories["n"])]
    x, recency, age = single["repeats"].to_numpy(), single["recency_days"] / 7, single["age_days"] / 7

    def down(logs: np.ndarray) -> float:
        r, alpha, a, b = np.exp(logs)
        stay = special.betaln(a, b + x) - (r + x) * np.log(alpha + age)
        gone = special.betaln(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency)
        either = np.where(x > 0, np.logaddexp(stay, gone), stay)
        return -float(
            np.sum(special.gammaln(r + x) - special.gammaln(r) + r * logs[1] - special.betaln(a, b) + either)
        )

    found = optimize.minimize(down, model.logs + 0.1, method="BFGS")
    assert -found.fun == pytest.approx(model.log_likelihood, abs=1e-4)
    assert model.logs == pytest.approx(found.x, abs=2e-3)


@given(_LOGS, _HISTORY)
@settings(max_examples=40, deadline=None)
def test_the_slope_is_that_of_the_likelihood(logs, history) -> None:
    weights, step = np.array([3.0]), 1e-6
    slope = _likelihood(logs, history, weights)[1]
    by_steps = [
        (_likelihood(logs + d, history, weights)[0] - _likelihood(logs - d, history, weights)[0]) / (2 * step)
        for d in step * np.eye(4)
    ]
    np.testing.assert_allclose(slope, by_steps, rtol=1e-3, atol=1e-3)


@given(_LOGS, _HISTORY, st.floats(0.1, 200))
@settings(max_examples=60, deadline=None)
def test_chances_lie_within_0_and_1_and_more_time_brings_more_purchases(logs, history, horizon) -> None:
    assert 0 <= alive(logs, history)[0] <= 1
    back = returning(logs, history, horizon)[0]
    assert 0 <= back <= alive(logs, history)[0]
    sooner, later = (expected_purchases(logs, history, h)[0] for h in (horizon, 2 * horizon))
    assert 0 <= sooner <= later * (1 + 1e-9)
    assert back <= sooner * (1 + 1e-6) + 1e-12
    assert expected_purchases(logs, history, horizon, discount=0.01)[0] <= sooner


@pytest.mark.parametrize(("x", "recency", "age"), [(0, 0.0, 38.9), (2, 30.4, 38.9), (25, 38.0, 38.9)])
def test_the_integral_is_equation_10_of_the_paper(model, x, recency, age) -> None:
    (r, alpha, a, b), t = np.exp(model.logs), 39.0
    series = special.hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + age + t))
    bought = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + t)) ** (r + x) * series)
    left = a / (b + x - 1) * ((alpha + age) / (alpha + recency)) ** (r + x) if x else 0.0
    data = np.array([[x], [recency], [age]], dtype=float)
    assert expected_purchases(model.logs, data, t)[0] == pytest.approx(bought / (1 + left), rel=1e-6)


@pytest.mark.parametrize(
    "parameters", [(1.2, 10, 8e3, 1.6e5), (2, 3, 900, 3), (0.7, 1.4, 1e-5, 1e5), (3e2, 4e2, 0.1, 0.5)]
)
def test_extreme_parameters_give_the_rate_that_quadrature_gives(parameters) -> None:
    r, alpha, a, b = parameters
    x, age, time = 5.0, 20.0, 30.0
    chance = special.betaincinv(a, b + x, (np.arange(20_000) + 0.5) / 20_000)
    rate = np.mean((r + x) / (alpha + age) * (1 + chance * time / (alpha + age)) ** -(r + x + 1))
    ours = _rate(np.log(parameters), np.array([[x], [0.0], [age]]), np.array([time]))
    assert ours[0] == pytest.approx(rate, rel=3e-4)


def test_simulated_customers_give_back_their_parameters_and_purchases() -> None:
    rng, n = np.random.default_rng(9), 20_000
    rate, leave = rng.gamma(0.8, 1 / 6.0, n), rng.beta(1.2, 3.0, n)
    age, end = rng.integers(20, 40, n), 52.0
    last, count, future = np.zeros(n), np.zeros(n), np.zeros(n)
    clock, here = np.zeros(n), np.ones(n, dtype=bool)
    while here.any():
        clock = np.where(here, clock + rng.exponential(1 / rate), clock)
        inside, after = here & (clock <= age), here & (clock > age) & (clock <= age + end)
        count[inside] += 1
        last[inside] = clock[inside]
        future[after] += 1
        here = (inside | after) & (rng.random(n) >= leave)
    frame = pd.DataFrame({"repeats": count, "recency_days": 7 * last, "age_days": 7.0 * age, "n": 1})
    model = fit_buying(frame)
    errors = np.sqrt(np.diag(model.covariance))
    assert (np.abs(model.logs - np.log([0.8, 6.0, 1.2, 3.0])) < 3 * errors).all()
    assert model.expected(frame, days=7 * end).sum() == pytest.approx(future.sum(), rel=0.03)
