"""Common factors: the stated correlations, and how much oftener risks happen together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from pmlib.errors import ParameterError
from pmlib.portfolio.risk.factors import (
    INDEPENDENT,
    QUANTITIES,
    Correlation,
    covariance_of_happening,
    factor_model,
)

PROJECTS = pd.DataFrame({"project_id": ["P1", "P2", "P3"], "programme_id": ["G1", "G1", None],
                         "product_id": ["R1", "R1", "R2"]})
RISKS = pd.DataFrame({"project_id": ["P1", "P3", "P3", "P2"], "factor": ["supplier", "supplier", "people", ""]})


def _series(place, quantity):
    return len(QUANTITIES) * place + QUANTITIES.index(quantity)


def test_costs_and_months_of_a_programme_share_it():
    matrix = factor_model(PROJECTS, RISKS, Correlation()).matrix()
    assert matrix[_series(0, "cost_k"), _series(1, "cost_k")] == pytest.approx(0.3)
    assert matrix[_series(0, "cost_k"), _series(1, "months")] == pytest.approx(0.3)
    assert matrix[_series(0, "cost_k"), _series(0, "months")] == pytest.approx(0.4)


def test_benefits_share_the_market_and_a_product():
    matrix = factor_model(PROJECTS, RISKS, Correlation()).matrix()
    assert matrix[_series(0, "benefit_pv_k"), _series(1, "benefit_pv_k")] == pytest.approx(0.3)
    assert matrix[_series(0, "benefit_pv_k"), _series(2, "benefit_pv_k")] == pytest.approx(0.1)


def test_costs_share_the_causes_their_risks_name():
    matrix = factor_model(PROJECTS, RISKS, Correlation()).matrix()
    # P1 names the supplier alone, P3 the supplier and people.
    assert matrix[_series(0, "cost_k"), _series(2, "cost_k")] == pytest.approx(np.sqrt(0.1 * 0.05))
    assert matrix[_series(1, "cost_k"), _series(2, "cost_k")] == 0


def test_risks_of_one_factor_happen_together_and_with_high_costs():
    matrix, first = factor_model(PROJECTS, RISKS, Correlation()).matrix(), len(QUANTITIES) * len(PROJECTS)
    assert matrix[first, first + 1] == pytest.approx(0.2)
    assert matrix[first, first + 2] == matrix[first, first + 3] == 0
    assert matrix[first, _series(0, "cost_k")] == pytest.approx(np.sqrt(0.1 * 0.2))


def test_success_is_rarer_where_the_programme_runs_dear():
    matrix = factor_model(PROJECTS, RISKS, Correlation()).matrix()
    assert matrix[_series(0, "p_success"), _series(1, "p_success")] == pytest.approx(0.1)
    assert matrix[_series(0, "p_success"), _series(1, "cost_k")] == pytest.approx(-np.sqrt(0.1 * 0.3))


def test_independent_is_the_identity():
    assert (factor_model(PROJECTS, RISKS, INDEPENDENT).matrix() == np.eye(16)).all()


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_every_correlation_makes_a_correlation_matrix(shared, split, risks):
    chosen = Correlation(programme=shared * split, causes=shared * (1 - split), product=shared * split,
                         market=shared * (1 - split), success=risks, risks=risks)
    matrix = factor_model(PROJECTS, RISKS, chosen).matrix()
    np.testing.assert_allclose(np.diag(matrix), 1.0)
    assert np.linalg.eigvalsh(matrix).min() >= -1e-9


def test_scores_have_the_matrix_they_state():
    rng = np.random.default_rng(1)
    model = factor_model(PROJECTS, RISKS, Correlation(programme=0.8, causes=0.2))
    scores = model.scores(rng.standard_normal((len(model.names), 50_000)), rng.standard_normal((16, 50_000)))
    assert np.abs(np.corrcoef(scores) - model.matrix()).max() < 0.02


@settings(max_examples=25)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0, 0.99))
def test_happening_together_is_the_bivariate_normal(p, q, rho):
    both = multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([norm.ppf(p), norm.ppf(q)])
    ours = covariance_of_happening(np.array([p, q]), correlation=rho)
    assert ours[0, 1] == pytest.approx(both - p * q, abs=1e-6)
    assert ours[0, 1] == ours[1, 0] and ours[0, 0] == 0


def test_fully_shared_risks_happen_with_the_rarer_one():
    assert covariance_of_happening(np.array([0.2, 0.5]), correlation=1.0)[0, 1] == pytest.approx(0.2 - 0.1, abs=1e-3)


def test_what_is_sure_goes_with_nothing():
    assert (covariance_of_happening(np.array([0.0, 1.0, 0.5]), correlation=0.5) == 0).all()


@pytest.mark.parametrize("name, got", [("programme", 1.2), ("risks", -0.1), ("market", float("nan")),
                                       ("product", "high"), ("success", True)])
def test_a_correlation_outside_0_to_1_is_refused(name, got):
    with pytest.raises(ParameterError, match=rf"{name}: got .*, allowed a correlation from 0 to 1"):
        Correlation(**{name: got})


def test_shares_above_1_are_refused():
    with pytest.raises(ParameterError, match=r"programme, causes: add up to 1.1, allowed 1"):
        Correlation(programme=0.9, causes=0.2)
