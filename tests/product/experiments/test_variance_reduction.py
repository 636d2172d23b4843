from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pmlib.errors import SchemaError
from pmlib.product.experiments.variance_reduction import _cuped, adjust_for_before


def _sums(x: list[np.ndarray], y: list[np.ndarray]) -> pd.DataFrame:
    rows = [
        {"new_users": len(a), "sum_y": b.sum(), "sum_y2": b @ b, "sum_x": a.sum(), "sum_x2": a @ a, "sum_xy": a @ b}
        for a, b in zip(x, y, strict=True)
    ]
    return pd.DataFrame(rows, index=["control", "treatment"])


def _visitors(seed: int, *, effect: float = 0.0, slope: float = 2.0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    x = [rng.gamma(2, 1, n) for n in (400, 500)]
    y = [slope * one + rng.normal(arm * effect, 1, len(one)) for arm, one in enumerate(x)]
    return x, y


def test_plain_and_adjusted_are_those_of_the_visitors_themselves() -> None:
    x, y = _visitors(1, effect=0.4)
    found = adjust_for_before(_sums(x, y))
    within = [(one - one.mean(), other - other.mean()) for one, other in zip(x, y, strict=True)]
    theta = sum(a @ b for a, b in within) / sum(a @ a for a, _ in within)
    adjusted = [b - theta * a for a, b in zip(x, y, strict=True)]
    assert found.theta == pytest.approx(theta)
    assert found.plain == pytest.approx(y[1].mean() - y[0].mean())
    assert found.adjusted == pytest.approx(adjusted[1].mean() - adjusted[0].mean())
    error = np.sqrt(sum(one.var(ddof=1) / len(one) for one in adjusted))
    assert (found.adjusted_high - found.adjusted_low) / (2 * 1.959964) == pytest.approx(error, rel=1e-6)
    assert found.plain_p == pytest.approx(stats.ttest_ind(y[1], y[0], equal_var=False).pvalue, abs=2e-3)


def test_the_variance_saved_is_the_squared_correlation() -> None:
    x, y = _visitors(2)
    found = adjust_for_before(_sums(x, y))
    assert found.variance_saved == pytest.approx(8 / 9, abs=0.02)  # slope 2, variance 2 against 1
    assert found.adjusted_low > found.plain_low


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(-9, 9))
def test_a_measure_before_that_never_moves_leaves_the_plain_difference(seed, level) -> None:
    x, y = _visitors(seed, effect=0.2)
    found = adjust_for_before(_sums([np.full(len(one), level / 3) for one in x], y))
    assert (found.adjusted, found.adjusted_low, found.adjusted_p) == pytest.approx(
        (found.plain, found.plain_low, found.plain_p)
    )
    assert found.variance_saved == pytest.approx(0)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_swapping_the_arms_negates_both_differences(seed) -> None:
    x, y = _visitors(seed, effect=0.1)
    one, back = adjust_for_before(_sums(x, y)), adjust_for_before(_sums(x[::-1], y[::-1]))
    assert (one.plain, one.adjusted) == pytest.approx((-back.plain, -back.adjusted))
    assert one.adjusted_low == pytest.approx(-back.adjusted_high)
    assert one.adjusted_p == pytest.approx(back.adjusted_p)


def test_five_percent_are_found_where_nothing_is_and_cuped_finds_more_where_something_is() -> None:
    rng = np.random.default_rng(7)
    x = rng.gamma(2, 1, (2, 300, 4_000))
    y = x + rng.normal(0, 1, x.shape)
    found = []
    for effect in (0.0, 0.2):
        treated = y + effect * np.arange(2)[:, None, None]
        sums = np.stack([treated.sum(1), (treated**2).sum(1), x.sum(1), (x**2).sum(1), (x * treated).sum(1)])
        plain, adjusted, _ = _cuped(np.full((2, 1), 300.0), sums)
        found.append([(np.abs(value / error) > 1.959964).mean() for value, error in (plain, adjusted)])
    assert found[0] == pytest.approx([0.05, 0.05], abs=0.01)
    assert found[1][1] > found[1][0] + 0.2


def test_equal_outcomes_tell_nothing_and_do_not_fail() -> None:
    ones = [np.ones(5), np.ones(6)]
    found = adjust_for_before(_sums(ones, ones))
    assert (found.plain, found.plain_p, found.variance_saved) == (0.0, 1.0, 0.0)


def test_sums_that_contradict_each_other_are_refused() -> None:
    x, y = _visitors(3)
    sums = _sums(x, y)
    with pytest.raises(SchemaError, match="sum_y2 of arm 'control' is 1, allowed"):
        adjust_for_before(sums.assign(sum_y2=[1.0, sums["sum_y2"].iloc[1]]))
    with pytest.raises(SchemaError, match="sum_xy of arm 'control' is .* at most"):
        adjust_for_before(sums.assign(sum_xy=1e9))
