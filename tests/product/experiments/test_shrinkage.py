from __future__ import annotations

import numpy as np
import pytest

from pmlib.product.experiments.shrinkage import LEAST_TESTS, shrink


def test_equal_errors_shrink_as_efron_and_morris_do() -> None:
    effects = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0])
    found = shrink(effects, np.full(6, 0.5))
    assert found.spread**2 == pytest.approx(effects.var(ddof=1) - 0.25)
    trust = found.spread**2 / (found.spread**2 + 0.25)
    assert found.values == pytest.approx(1.5 + trust * (effects - 1.5))


def test_effects_no_further_apart_than_noise_are_all_the_mean() -> None:
    found = shrink([0.1, -0.1, 0.05, 0.0, -0.05], [1.0] * 5)
    assert found.spread == 0
    assert found.values == pytest.approx(np.zeros(5))
    assert found.low == pytest.approx(found.high)


def test_few_tests_and_missing_effects_are_not_drawn_together() -> None:
    assert np.isnan(shrink([1.0] * (LEAST_TESTS - 1), [1.0] * (LEAST_TESTS - 1)).values).all()
    found = shrink([1.0, 2.0, np.nan, 0.0, 0.5, -1.0], [0.5, 0.5, np.nan, 0.5, 0.5, 0.5])
    assert np.isnan(found.values[2])
    assert np.isfinite(found.values[[0, 1, 3, 4, 5]]).all()


def test_winners_overstate_and_their_shrunken_effects_do_not() -> None:
    rng = np.random.default_rng(6)
    naive, drawn, covered = [], [], []
    for _ in range(300):
        true, error = rng.normal(0, 0.3, 40), rng.uniform(0.2, 0.4, 40)
        seen = rng.normal(true, error)
        winners = seen / error > 1.96
        found = shrink(seen, error)
        naive.extend((seen - true)[winners])
        drawn.extend((found.values - true)[winners])
        covered.extend((found.low <= true) & (true <= found.high))
    assert np.mean(naive) > 0.2
    assert abs(np.mean(drawn)) < 0.03
    assert np.mean(covered) == pytest.approx(0.94, abs=0.015)
