from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pmlib.product.experiments.discovery import benjamini_hochberg
from tests.published.benjamini_hochberg_thrombolysis import BONFERRONI, CALLED_REAL, P_VALUES


def test_the_fifteen_comparisons_of_benjamini_and_hochberg_1995() -> None:
    corrected = benjamini_hochberg(P_VALUES)
    assert (corrected <= 0.05).sum() == CALLED_REAL
    assert sum(p <= 0.05 / len(P_VALUES) for p in P_VALUES) == BONFERRONI
    assert corrected[3] == pytest.approx(0.0095 * 15 / 4)


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_corrected_values_are_those_of_scipy(p) -> None:
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


def test_what_was_not_read_counts_for_nothing() -> None:
    with_gap, without = benjamini_hochberg([0.01, np.nan, 0.2]), benjamini_hochberg([0.01, 0.2])
    assert np.isnan(with_gap[1])
    assert with_gap[[0, 2]].tolist() == without.tolist()
    assert benjamini_hochberg([]).tolist() == []


def test_one_in_twenty_of_those_called_real_is_false_at_most() -> None:
    rng = np.random.default_rng(8)
    z = rng.standard_normal((4_000, 20)) + np.where(np.arange(20) < 4, 3.0, 0.0)
    called = np.array([benjamini_hochberg(row) < 0.05 for row in 2 * stats.norm.sf(np.abs(z))])
    false = called[:, 4:].sum(axis=1) / np.maximum(called.sum(axis=1), 1)
    assert false.mean() == pytest.approx(0.04, abs=0.01)  # 0.05 times the 16 of 20 where nothing is
