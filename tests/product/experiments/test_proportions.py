from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, test_proportions_2indep

from pmlib.errors import ParameterError
from pmlib.product.experiments.proportions import lift_interval, newcombe_interval, score_test, wilson_interval
from tests.published.newcombe import SCORE_INTERVALS

test_proportions_2indep.__test__ = False

_arm = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("one", "other", "low", "high"), SCORE_INTERVALS)
def test_newcombe_1998_table_2_is_reproduced_to_four_digits(one, other, low, high) -> None:
    found = newcombe_interval([other[0], one[0]], [other[1], one[1]])
    assert [round(float(end), 4) for end in found] == [low, high]


def test_intervals_and_p_are_those_of_statsmodels() -> None:
    hits, n = [400, 460], [4000, 4100]
    assert newcombe_interval(hits, n) == pytest.approx(
        confint_proportions_2indep(460, 4100, 400, 4000, compare="diff", method="newcomb")
    )
    assert wilson_interval(400, 4000) == pytest.approx(proportion_confint(400, 4000, method="wilson"))
    tested = test_proportions_2indep(460, 4100, 400, 4000, compare="diff", method="score", return_results=True)
    assert float(score_test(hits, n)) == pytest.approx(tested.pvalue)


def test_rare_conversions_are_tested_exactly() -> None:
    assert float(score_test([0, 1], [8, 9])) == 1.0
    hits, n = np.array([[0, 400], [1, 460]]), np.array([[10, 4000], [2, 4000]])
    p = score_test(hits, n)
    assert p[0] == pytest.approx(stats.fisher_exact([[0, 10], [1, 1]]).pvalue)
    assert p[1] == pytest.approx(float(score_test([400, 460], [4000, 4000])))


def test_nobody_and_everybody_tell_nothing_against_equal_shares() -> None:
    assert score_test([0, 0], [50, 70]) == 1.0
    assert score_test([50, 70], [50, 70]) == 1.0
    low, high = newcombe_interval([0, 0], [50, 70])
    assert low < 0 < high


def test_an_empty_arm_is_missing_and_a_base_of_zero_has_no_upper_lift() -> None:
    assert np.isnan(score_test([0, 3], [0, 10]))
    assert np.isnan(newcombe_interval([0, 3], [0, 10])).all()
    assert lift_interval([0, 3], [10, 10])[1] == np.inf
    assert np.isnan(lift_interval([0, 0], [10, 10])).all()


@given(_arm, _arm)
def test_swapping_the_arms_negates_the_difference_and_leaves_p(one, other) -> None:
    hits, n = [one[0], other[0]], [one[1], other[1]]
    low, high = newcombe_interval(hits, n)
    back = newcombe_interval(hits[::-1], n[::-1])
    assert (float(low), float(high)) == pytest.approx((-float(back[1]), -float(back[0])), abs=1e-12)
    assert float(score_test(hits, n)) == pytest.approx(float(score_test(hits[::-1], n[::-1])))


@given(_arm, _arm)
def test_the_lift_leaves_out_zero_exactly_where_the_difference_does(one, other) -> None:
    hits, n = [one[0], other[0]], [one[1], other[1]]
    if one[0] == 0:
        return
    gap, lift = newcombe_interval(hits, n), lift_interval(hits, n)
    assert lift[0] <= other[0] / other[1] / (one[0] / one[1]) - 1 + 1e-12 <= lift[1] + 1e-9
    for difference, relative in zip(gap, lift, strict=True):
        if abs(difference) > 1e-9:
            assert np.sign(difference) == np.sign(relative)


@pytest.mark.parametrize(("rate", "sizes"), [(0.1, (4000, 4000)), (0.02, (900, 1500)), (0.4, (60, 80))])
def test_five_percent_of_equal_rates_are_called_different_and_the_interval_covers(rate, sizes) -> None:
    rng = np.random.default_rng(5)
    n = np.repeat(np.array(sizes)[:, None], 20_000, axis=1)
    hits = rng.binomial(n, rate)
    assert (score_test(hits, n) < 0.05).mean() == pytest.approx(0.05, abs=0.01)
    low, high = newcombe_interval(hits, n)
    assert ((low <= 0) & (high >= 0)).mean() == pytest.approx(0.95, abs=0.01)


def test_hits_above_n_and_arrays_of_another_shape_are_refused() -> None:
    with pytest.raises(ParameterError, match="hits below 0 or above n"):
        newcombe_interval([5, 11], [10, 10])
    with pytest.raises(ParameterError, match=r"allowed \(2, ...\) twice"):
        score_test([1, 2, 3], [4, 4, 4])
    with pytest.raises(ParameterError, match="Use 0.95"):
        wilson_interval(1, 2, level=95)
