"""Kendall's W: published figures first, then what cannot be measured."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pmlib.scoring.judging.concordance import concordance
from tests.published import kendall


def test_kendalls_w_reproduces_siegel_1956_page_234_with_ties():
    found = concordance(np.array(kendall.SIEGEL_RANKS).T)
    assert round(found.w, 3) == kendall.SIEGEL_W
    assert round(found.p_value, 3) == kendall.SIEGEL_SIGNIFICANCE
    assert (found.n, found.reason) == (10, "")


def test_kendalls_w_reproduces_zar_2010_example_20_5_with_ties():
    lengths = np.array(kendall.ZAR_LENGTHS)
    sums, n, m = np.array(kendall.ZAR_RANK_SUMS), 12, 3
    assert stats.rankdata(lengths, axis=1).sum(axis=0).tolist() == sums.tolist()
    by_hand = 12 * ((sums**2).sum() - sums.sum() ** 2 / n) / (m**2 * (n**3 - n) - m * 60)
    assert concordance(lengths.T).w == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_chi_square_is_friedmans_of_scipy(seed):
    rng = np.random.default_rng(seed)
    levels = rng.integers(1, 6, (rng.integers(4, 30), rng.integers(3, 7))).astype(float)
    oracle = stats.friedmanchisquare(*levels)
    found = concordance(levels)
    assert (found.chi_square, found.p_value) == pytest.approx((oracle.statistic, oracle.pvalue), abs=1e-9)


def test_only_projects_judged_by_all_count():
    levels = np.array([[1.0, 2.0], [np.nan, 9.0], [3.0, 4.0], [5.0, 9.0]])
    assert concordance(levels)[:2] == (3, 1.0)


@pytest.mark.parametrize(
    ("levels", "reason"),
    [
        (np.ones((4, 1)), "1 assessor, needed 2"),
        (np.ones((4, 0)), "0 assessors, needed 2"),
        (np.ones((1, 3)), "1 project judged by all, needed 2"),
        (np.ones((4, 3)), "every assessor gives all projects the same level"),
    ],
)
def test_what_is_not_measurable_says_why(levels, reason):
    found = concordance(levels)
    assert found.reason == reason
    assert np.isnan([found.w, found.chi_square, found.p_value]).all()


def test_one_assessor_without_an_opinion_leaves_w_measurable():
    levels = np.column_stack([np.arange(5.0), np.arange(5.0), np.ones(5)])
    assert concordance(levels).w == pytest.approx(12 * (4 * 10) / (9 * 120 - 3 * 120))
