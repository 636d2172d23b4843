"""Habits of assessors: the plain t tests first, then who is accused and who is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pmlib.scoring.judging.habits import (
    NARROW,
    by_project,
    group_difference,
    holm,
    mean_difference,
    narrow_ones,
    off_colleagues,
    own_programme_bias,
    width,
)

LEVEL = 0.025


def _panel(seed, *, n=40, assessors=5, criteria=3, noise=0.5, gap=0.8, gaps=0.0):
    """Judge projects of programmes that differ in quality, from 1 to 5, without any habit."""
    rng = np.random.default_rng(seed)
    programme = rng.integers(0, assessors, n)
    quality = 3 + rng.normal(0, gap, assessors)[programme][:, None] + rng.normal(0, 0.8, (n, 1))
    quality = quality + rng.normal(0, 0.6, (n, criteria))
    cube = np.clip(np.round(quality[:, :, None] + rng.normal(0, noise, (n, criteria, assessors))), 1, 5)
    cube[rng.random(cube.shape) < gaps] = np.nan
    return cube, programme[:, None] == np.arange(assessors)


def _accused(cube, own):
    narrow, _ = narrow_ones([width(cube, a) for a in range(cube.shape[2])], level=LEVEL)
    bias = holm(np.array([found.p_value for found in own_programme_bias(cube, own, narrow=narrow)]))
    return set(np.flatnonzero(narrow)), set(np.flatnonzero(bias < LEVEL))


def test_deviation_is_from_the_mean_of_the_others_on_the_same_item():
    cube = np.array([[[5.0, 1.0, 3.0], [4.0, np.nan, np.nan]]])
    off = off_colleagues(cube)
    assert off[0, 0].tolist() == [3.0, -3.0, 0.0]
    assert np.isnan(off[0, 1]).all()
    assert by_project(off)[0].tolist() == [3.0, -3.0, 0.0]


def test_answers_that_are_no_reference_are_still_measured():
    cube = np.array([[[5.0, 1.0, 3.0]]])
    off = off_colleagues(cube, reference=np.array([[[np.nan, 1.0, 3.0]]]))
    assert off[0, 0].tolist() == [3.0, -2.0, 2.0]


def test_intervals_are_students_of_scipy():
    rng = np.random.default_rng(1)
    first, second = rng.normal(0.4, 1, 9), np.append(rng.normal(0, 1, 30), np.nan)
    oracle = stats.ttest_ind(first, second[:-1])
    interval = oracle.confidence_interval()
    assert group_difference(first, second) == pytest.approx(
        (first.mean() - np.nanmean(second), interval.low, interval.high, oracle.pvalue)
    )
    oracle = stats.ttest_1samp(first, 0)
    interval = oracle.confidence_interval()
    assert mean_difference(first) == pytest.approx((first.mean(), interval.low, interval.high, oracle.pvalue))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_projects_say_nothing(n):
    assert np.isnan(mean_difference(np.ones(n))).all()
    assert np.isnan(group_difference(np.ones(n), np.arange(9.0))).all()
    assert np.isnan(group_difference(np.arange(9.0), np.ones(n))).all()


def test_the_same_difference_on_every_project_has_an_interval_without_width():
    assert mean_difference(np.ones(4)) == (1.0, 1.0, 1.0, 0.0)
    assert mean_difference(np.zeros(4)) == (0.0, 0.0, 0.0, 1.0)


def test_holm_reproduces_the_steps_of_1979():
    # .01 x 4, then .02 x 3, .03 x 2, .04 x 1, never falling.
    assert holm(np.array([0.04, 0.01, 0.03, 0.02])).tolist() == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    assert np.isnan(holm(np.array([np.nan]))).all()
    assert holm(np.array([])).tolist() == []


@pytest.mark.parametrize(
    "kind", [{}, {"n": 12}, {"criteria": 1}, {"assessors": 3, "gaps": 0.2}, {"noise": 0.2}, {"assessors": 2}]
)
def test_assessors_without_habits_are_accused_in_at_most_one_panel_of_twenty(kind):
    accused = [any(_accused(*_panel(seed, **kind))) for seed in range(100)]
    assert np.mean(accused) <= 0.05


def test_favour_for_the_own_programme_is_found_and_accuses_nobody_else():
    others = 0
    for seed in range(40):
        cube, own = _panel(seed, n=60)
        cube[:, :, 4] = np.clip(cube[:, :, 4] + np.where(own[:, 4], 1, 0)[:, None], 1, 5)
        narrow, biased = _accused(cube, own)
        assert 4 in biased
        others += bool(narrow or biased - {4})
    assert others <= 2


def test_a_narrow_colleague_is_found_and_makes_nobody_look_biased():
    others = 0
    for seed in range(40):
        cube, own = _panel(seed, n=60)
        cube[:, :, 1] = np.clip(cube[:, :, 1], 3, 4)
        narrow, biased = _accused(cube, own)
        assert 1 in narrow
        others += bool(narrow - {1} or biased)
    assert others <= 2


def test_two_narrow_assessors_do_not_hide_each_other_nor_does_a_wide_one_accuse_the_rest():
    cube, _ = _panel(3, n=60)
    cube[:, :, [1, 2]] = np.clip(cube[:, :, [1, 2]], 3, 4)
    narrow, _ = narrow_ones([width(cube, a) for a in range(5)], level=LEVEL)
    assert np.flatnonzero(narrow).tolist() == [1, 2]
    cube, _ = _panel(3, n=60)
    cube[:, :, 0] = 3 + 3 * (cube[:, :, 0] - 3)
    assert not narrow_ones([width(cube, a) for a in range(5)], level=LEVEL)[0].any()


def test_width_is_within_a_criterion_and_against_the_middle_colleague():
    swing = np.array([-1.0, 1.0, -1.0, 1.0])
    # Criteria with other means do not widen; the middle of 1, 2, 4 times is 2.
    cube = np.stack([np.column_stack([swing * size, 9 + swing * size]) for size in (0.5, 1, 2, 4)], axis=2)
    found = width(cube, 0)
    assert (found.spread, found.ratio) == (0.5, 0.25)
    assert found.ratio < NARROW
    assert width(cube, 3).p_value > 0.5


def test_a_lone_assessor_and_colleagues_who_never_vary_give_no_ratio():
    alone = width(np.arange(6.0).reshape(6, 1, 1), 0)
    assert np.isnan([alone.ratio, alone.p_value]).all()
    flat = np.stack([np.arange(6.0), np.ones(6)], axis=1)[:, None, :]
    assert np.isnan(width(flat, 0).ratio)
    assert width(flat, 1).ratio == 0
