"""Shapes of value functions: knots, codes, the bend of an exponential one, words of anchors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import SchemaError
from pmlib.scoring.value_shapes import anchor_words, bent, categorical, curvature

#: Where mid lies a third or a quarter of the way, 1 + x (+ x^2) + ... = 2 has the golden or the tribonacci constant as
#: 1 / x, x being exp(-a mid): the bend in closed form.
GOLDEN = (1 + math.sqrt(5)) / 2
TRIBONACCI = (1 + math.cbrt(19 + 3 * math.sqrt(33)) + math.cbrt(19 - 3 * math.sqrt(33))) / 3


def _bend(mid, worst=0.0, best=1.0):
    return curvature(mid, objective="reach", worst=worst, best=best)


@pytest.mark.parametrize(
    ("mid", "bend"),
    [(1 / 3, 3 * math.log(GOLDEN)), (1 / 4, 4 * math.log(TRIBONACCI)), (1 / 2, 0.0), (2 / 3, -3 * math.log(GOLDEN))],
)
def test_bend_of_an_exponential_is_the_closed_form(mid, bend):
    assert _bend(mid) == pytest.approx(bend, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(mid=st.floats(0.05, 0.95))
def test_mid_is_worth_50_points_and_the_ends_exactly_0_and_100(mid):
    low, middle, high = bent(np.array([0.0, 100 * mid, 100.0]), _bend(mid))
    assert (low, high) == (0.0, 100.0)
    assert middle == pytest.approx(50, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(mid=st.floats(0.05, 0.95), start=st.floats(0, 1 - 1e-6))
def test_exponential_rises_by_more_than_a_tie_within_a_millionth_of_the_scale(mid, start):
    low, high = bent(100 * np.array([start, start + 1e-6]), _bend(mid))
    assert high - low > 1e-9


@settings(max_examples=40, deadline=None)
@given(mid=st.floats(0.06, 0.94), shift=st.floats(-1e3, 1e3), stretch=st.floats(0.1, 1e3))
def test_bend_does_not_depend_on_the_unit_and_turns_its_sign_with_the_scale(mid, shift, stretch):
    other = _bend(shift + stretch * mid, worst=shift, best=shift + stretch)
    assert other == pytest.approx(_bend(mid), rel=1e-6, abs=1e-6)
    assert _bend(1 - mid) == pytest.approx(-_bend(mid), abs=1e-9)
    assert _bend(mid, worst=1.0, best=0.0) == pytest.approx(-_bend(mid), abs=1e-9)


def test_points_of_a_straight_line_stay_as_they_are():
    points = np.array([0.0, 12.3, 100.0])
    assert bent(points, 0.0).tolist() == points.tolist()
    assert _bend(0.5 + 1e-12) == 0.0


@pytest.mark.parametrize("mid", [0.0, 1.0, -3.0, 2.0, 0.049, 0.951, np.nan, np.inf])
def test_mid_at_beyond_or_too_near_an_end_is_refused(mid):
    with pytest.raises(SchemaError, match=rf"mid of 'reach' is {mid:g}, allowed 0\.05 to 0\.95, .*narrow worst and"):
        _bend(mid)


def test_limits_of_mid_are_named_in_ascending_order_on_a_scale_to_minimise():
    assert _bend(95, worst=100, best=0) > 0
    with pytest.raises(SchemaError, match=r"mid of 'reach' is 96, allowed 5 to 95"):
        _bend(96, worst=100, best=0)


@pytest.mark.parametrize(
    "text",
    ["", "1=0", "1=0; 2", "1=0; two=100", "1=0; 2=nan", "1=0; 2=100; 2=100", "1=0; 2=100; 3=101", "1=0; 2=100; 3=-1",
     "1=10; 2=100", "1=0; 2=90; 3=100", "0=0; 2=100"],
)  # fmt: skip
def test_codes_that_are_no_scale_are_refused(text):
    with pytest.raises(SchemaError, match=r"points of 'reach' are .*(Write them like|1=0 and 2=100 among them)"):
        categorical(text, objective="reach", worst=1.0, best=2.0)


def test_two_codes_may_be_worth_the_same():
    codes, points = categorical("3=100; 2=100; 1=0; 9=0", objective="reach", worst=1.0, best=2.0)
    assert dict(zip(codes, points, strict=True)) == {1: 0, 2: 100, 3: 100, 9: 0}


def test_words_of_an_anchor_may_hold_an_equals_sign():
    assert anchor_words("1=a=b; 5= all ", objective="reach") == {1.0: "a=b", 5.0: "all"}
    assert anchor_words("", objective="reach") == {}


@pytest.mark.parametrize(
    "text", ["nobody", "1=none; two=some", "1=none; 1=nobody", "1=none; 5=", "nan=none", "inf=all"]
)
def test_anchors_that_are_no_level_with_words_are_refused(text):
    with pytest.raises(SchemaError, match=r"anchors of 'reach' are .*Write them like '1=nobody uses it; 5=everyone'"):
        anchor_words(text, objective="reach")
