from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special

from pmlib.product.loyalty.beta_geometric import _slopes, beta_geometric_survival, fit_beta_geometric, newton
from tests.published import fader_hardie

_PARAMETER = st.floats(0.01, 500)


def _cohort(percents: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    left = np.array(percents[: fader_hardie.FITTED_YEARS + 1]) * fader_hardie.COHORT / 100
    return np.append(left[0], left[:-1]), np.append(0, left[:-1] - left[1:])


@pytest.mark.parametrize(
    ("percents", "published"),
    [(fader_hardie.REGULAR, fader_hardie.REGULAR_FIT), (fader_hardie.HIGH_END, fader_hardie.HIGH_END_FIT)],
)
def test_fader_and_hardie_2007_is_reproduced_and_its_projection_holds_to_year_12(percents, published) -> None:
    fit = fit_beta_geometric(*_cohort(percents))
    assert (round(fit.alpha, 3), round(fit.beta, 3)) == published
    assert 100 * fit.survival(np.arange(13)) == pytest.approx(percents, abs=1.9)


@given(_PARAMETER, _PARAMETER)
def test_survival_falls_within_0_and_1_and_renewal_rises(alpha, beta) -> None:
    shares = beta_geometric_survival(np.arange(60), alpha, beta)
    assert shares[0] == pytest.approx(1)
    assert ((shares >= 0) & (shares <= 1 + 1e-12)).all()
    assert (np.diff(shares) <= 1e-12).all()
    renewal = (beta + np.arange(59)) / (alpha + beta + np.arange(59))
    np.testing.assert_allclose(shares[1:], shares[:-1] * renewal, rtol=1e-8, atol=1e-300)


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 2.0), (2.0, 9.0), (0.2, 0.3)])
def test_newton_finds_the_maximum_that_a_general_search_finds(alpha, beta) -> None:
    months = np.minimum(_drawn(alpha, beta, 2_000, np.random.default_rng(4)), 25)
    lost = np.bincount(months, minlength=26)[:25]
    at_risk = 2_000 - np.append(0, np.cumsum(lost)[:-1])

    def down(logs: np.ndarray) -> float:
        a, b = np.exp(logs)
        age = np.arange(25)
        ends = special.betaln(a + 1, b + age[1:] - 1) - special.betaln(a, b)
        stays = special.betaln(a, b + 24) - special.betaln(a, b)
        return float(-(lost[1:] @ ends) - (2_000 - lost.sum()) * stays)

    theirs = optimize.minimize(down, [0, 0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-9})
    fit = fit_beta_geometric(at_risk, lost)
    assert fit.log_likelihood == pytest.approx(-theirs.fun, abs=1e-5)
    assert np.log([fit.alpha, fit.beta]) == pytest.approx(theirs.x, abs=1e-3)


def test_intervals_by_the_delta_method_cover_as_often_as_they_say() -> None:
    rng, replications, people, seen = np.random.default_rng(6), 2_000, 800, 18
    months = _drawn(0.7, 2.5, (replications, people), rng)
    until = np.minimum(months, seen + 1)
    ended = np.stack([(until == j).sum(axis=1) for j in range(1, seen + 1)], axis=1).astype(float)
    at_risk = people - np.concatenate([np.zeros((replications, 1)), ended.cumsum(axis=1)[:, :-1]], axis=1)
    logs = newton(at_risk, ended)
    covariance = np.linalg.inv(-_slopes(logs, at_risk, ended)[1])
    step, age = 1e-4, 36

    def share(logs: np.ndarray) -> np.ndarray:
        return np.log(beta_geometric_survival(age, *np.exp(logs.T)))

    slope = np.stack([share(logs + d) - share(logs - d) for d in step * np.eye(2)], axis=1) / (2 * step)
    error = np.sqrt(np.einsum("ri,rij,rj->r", slope, covariance, slope))
    truth = np.log(beta_geometric_survival(age, 0.7, 2.5))
    assert np.mean(np.abs(share(logs) - truth) < 1.96 * error) == pytest.approx(0.95, abs=0.015)


def test_customers_all_alike_give_a_constant_churn() -> None:
    at_risk = 10_000 * 0.8 ** np.arange(-1, 10)
    fit = fit_beta_geometric(at_risk, np.append(0, 0.2 * at_risk[1:]))
    assert fit.mean_churn == pytest.approx(0.2, abs=1e-4)
    assert fit.survival(10) == pytest.approx(0.8**10, rel=1e-3)


def _drawn(alpha: float, beta: float, shape: int | tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Renewal at which each customer leaves."""
    return rng.geometric(np.maximum(rng.beta(alpha, beta, shape), 1e-12))
