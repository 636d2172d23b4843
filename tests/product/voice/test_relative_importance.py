from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.product.voice.relative_importance import (
    correlations_of_sums,
    fit_of,
    importance,
    inflation,
    jackknife_error,
)
from tests.published import groemping


def _r_squared(rows: np.ndarray, drivers: tuple[int, ...]) -> float:
    """Least squares on the rows themselves."""
    design = np.column_stack([np.ones(len(rows)), rows[:, list(drivers)]])
    score = rows[:, -1]
    left = score - design @ np.linalg.lstsq(design, score, rcond=None)[0]
    return float(1 - left @ left / np.sum((score - score.mean()) ** 2))


def _all_orders(rows: np.ndarray) -> np.ndarray:
    """Average gain over every order in which the drivers can enter."""
    k = rows.shape[1] - 1
    gains = np.zeros(k)
    orders = list(permutations(range(k)))
    for order in orders:
        for at, driver in enumerate(order):
            gains[driver] += _r_squared(rows, order[: at + 1]) - _r_squared(rows, order[:at])
    return gains / len(orders)


def _sums(rows: np.ndarray) -> np.ndarray:
    return correlations_of_sums(np.array(float(len(rows))), rows.sum(axis=0), rows.T @ rows)


def test_swiss_fertility_reproduces_groempings_shares() -> None:
    shares = importance(np.array(groemping.SWISS_CORRELATIONS))
    assert shares == pytest.approx(groemping.SWISS_LMG, abs=2e-8)
    assert shares.sum() == pytest.approx(groemping.SWISS_R_SQUARED, abs=5e-8)


@pytest.mark.parametrize(("k", "seed"), [(1, 0), (2, 1), (3, 2), (4, 3)])
def test_shares_are_the_average_over_all_orders(k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(60, k + 1)) @ rng.normal(size=(k + 1, k + 1))
    assert importance(_sums(rows)) == pytest.approx(_all_orders(rows), abs=1e-9)


@given(st.integers(0, 10_000))
def test_shares_add_up_to_r_squared_and_none_is_negative(seed: int) -> None:
    rows = np.random.default_rng(seed).integers(1, 6, size=(40, 4)).astype(float)
    rows[:, 3] += rows[:, 0]
    shares = importance(_sums(rows))
    assert shares.sum() == pytest.approx(_r_squared(rows, (0, 1, 2)), abs=1e-9)
    assert (shares > -1e-9).all()


def test_drivers_that_repeat_each_other_share_evenly_and_inflate_without_end() -> None:
    rng = np.random.default_rng(4)
    one, other = rng.normal(size=(2, 80))
    rows = np.column_stack([one, 2 * one + 1, other, one + other + rng.normal(size=80)])
    shares = importance(_sums(rows))
    assert shares[0] == pytest.approx(shares[1])
    assert shares.sum() == pytest.approx(_r_squared(rows, (0, 2)))
    factors = inflation(_sums(rows))
    assert np.isinf(factors[:2]).all() and factors[2] < 1.2


def test_inflation_is_the_diagonal_of_the_inverse() -> None:
    rows = np.random.default_rng(5).normal(size=(50, 4)) @ np.triu(np.ones((4, 4)))
    correlations = _sums(rows)
    assert inflation(correlations) == pytest.approx(np.diag(np.linalg.inv(correlations[:3, :3])))


def test_sums_give_numpys_correlations_and_nan_where_nothing_varies() -> None:
    rows = np.random.default_rng(6).integers(1, 6, size=(30, 3)).astype(float)
    assert _sums(rows) == pytest.approx(np.corrcoef(rows.T))
    assert np.isnan(_sums(np.column_stack([rows, np.full(30, 3.0)]))[3]).all()


def test_a_batch_is_its_parts() -> None:
    rng = np.random.default_rng(7)
    many = np.stack([_sums(rng.normal(size=(30, 4))) for _ in range(5)])
    assert importance(many) == pytest.approx(np.stack([importance(one) for one in many]))
    assert fit_of(many, ()) == pytest.approx(np.zeros(5))


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.array([1.0, 4.0, 2.0, 8.0])
    without = (values.sum() - values) / 3
    assert jackknife_error(without) == pytest.approx(values.std(ddof=1) / 2)
