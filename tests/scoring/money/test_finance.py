"""Discounting, net present value, payback and profitability index."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.scoring.money.finance import (
    Timing,
    discount_curve,
    equivalent_annual_value,
    forward_rates,
    net_present_value,
    payback,
    profitability_index,
)
from tests.published import brealey_myers, brigham_ehrhardt, numpy_financial_examples, spreadsheet_help

FLOWS = st.lists(st.integers(-50, 50), min_size=1, max_size=9).map(lambda flows: [float(flow) for flow in flows])
RATES = st.sampled_from([-0.3, 0.0, 0.05, 0.5])


def test_reproduces_the_examples_of_spreadsheet_help():
    for rate, now, flows, expected in spreadsheet_help.NPV:
        assert round(now + net_present_value(flows, rate=rate, timing="end"), 2) == expected


def test_reproduces_numpy_financial_with_the_first_flow_now():
    rate, flows, expected = numpy_financial_examples.NPV
    assert round(net_present_value(flows, rate=rate), 5) == expected


def test_reproduces_the_values_of_textbook_projects_at_10_percent():
    assert round(net_present_value(brealey_myers.PUMP[0], rate=0.1)) == brealey_myers.PUMP_NPV
    assert round(net_present_value(brealey_myers.NO_RATE, rate=0.1)) == brealey_myers.NO_RATE_NPV
    assert round(net_present_value(brealey_myers.STRIP_MINE, rate=0.1), 3) == brealey_myers.STRIP_MINE_NPV
    assert round(net_present_value(brigham_ehrhardt.PROJECT_M, rate=0.1), 2) == brigham_ehrhardt.NPV_AT_10


def test_reproduces_equivalent_annual_costs_of_two_machines():
    for costs, present, annual in brealey_myers.MACHINES:
        assert round(net_present_value(costs, rate=0.06), 2) == present
        assert round(equivalent_annual_value(costs, rate=0.06), 2) == annual


@pytest.mark.parametrize("rate", [0.02, 0.08, 0.3])
def test_an_annuity_has_its_closed_form_and_tends_to_the_perpetuity(rate):
    for n in (1, 7, 30):
        assert net_present_value(np.ones(n), rate=rate, timing="end") == pytest.approx((1 - (1 + rate) ** -n) / rate)
    assert net_present_value(np.ones(2_000), rate=rate, timing="end") == pytest.approx(1 / rate)


@settings(max_examples=50, deadline=None)
@given(FLOWS, RATES)
def test_timings_differ_by_half_a_year_of_growth_each(flows, rate):
    start, mid, end = (net_present_value(flows, rate=rate, timing=timing) for timing in Timing)
    assert mid == pytest.approx(start / (1 + rate) ** 0.5, abs=1e-9)
    assert end == pytest.approx(start / (1 + rate), abs=1e-9)


@pytest.mark.parametrize("timing", list(Timing))
def test_a_flat_curve_is_the_one_rate(timing):
    flat = pd.Series(0.07, index=range(2026, 2031))
    by_year = discount_curve(flat.index, rate=flat, timing=timing)
    assert np.allclose(by_year, discount_curve(5, rate=0.07, timing=timing))


def test_spot_rates_discount_the_end_of_each_year_at_its_own_rate():
    spot = pd.Series([0.01, 0.03, 0.02], index=[2026, 2027, 2028])
    factors = discount_curve(spot.index, rate=forward_rates(spot), timing="end")
    assert np.allclose(factors, (1 + spot.to_numpy()) ** -np.array([1.0, 2.0, 3.0]))
    # Half way through 2027: the whole first year, then half of the second at its forward rate.
    mid = discount_curve(spot.index, rate=forward_rates(spot), timing="mid")
    assert mid[2027] == pytest.approx((1.01 * (1.03**2 / 1.01) ** 0.5) ** -1)


def test_rates_are_looked_up_by_year_and_not_by_place():
    flows = pd.Series([0.0, 100.0, 100.0], index=[2026, 2027, 2028])
    rates = pd.Series([0.9, 0.5, 0.25, 0.0], index=[2028, 2027, 2026, 2025])
    assert net_present_value(flows, rate=rates) == pytest.approx(100 / 1.25 + 100 / 1.25 / 1.5)
    assert net_present_value(flows, rate=rates) == net_present_value(flows, rate=rates)


def test_with_the_first_flow_now_the_last_year_needs_no_rate():
    assert net_present_value([-100.0, 110.0], rate=[0.1]) == pytest.approx(0.0)
    assert net_present_value(pd.Series([-100.0, 110.0], index=[2026, 2027]), rate=pd.Series({2026: 0.1})) == \
        pytest.approx(0.0)  # fmt: skip


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (pd.Series({0: 0.1, 1: 0.1}), "got none for 2026, allowed one by each of 2026 to 2027"),
        (pd.Series([0.1, 0.1, 0.2], index=[2026, 2027, 2027]), "got a year twice"),
        ([], "got 0 years, allowed 2 or more"),
        (-1.0, "got -1.0, allowed a finite share above -1, at most 1000. Write 8"),
        (float("nan"), "got nan, allowed a finite share"),
        ([0.1, float("inf")], "got inf, allowed a finite share"),
    ],
)
def test_a_rate_that_does_not_fit_is_refused(rate, message):
    with pytest.raises(ParameterError, match=message):
        net_present_value(pd.Series([1.0, 2.0], index=[2026, 2027]), rate=rate, timing="end")


@pytest.mark.parametrize(
    ("flows", "message"),
    [
        ([], r"got shape \(0,\), allowed one row of 1 or more"),
        ([[1.0]], r"got shape \(1, 1\)"),
        ([1.0, float("nan")], "got nan in year 1, allowed finite numbers up to .*Write 0 for a year without money"),
        (pd.Series([1.0, 2.0], index=[2026, 2028]), "year 2028 follows 2026, allowed 2027"),
        (pd.Series([1.0, 2.0], index=[2027, 2026]), "year 2026 follows 2027, allowed 2028"),
    ],
)
def test_flows_that_cannot_be_discounted_are_refused(flows, message):
    for question in (net_present_value, profitability_index, payback):
        with pytest.raises(ParameterError, match=message):
            question(flows, rate=0.1)


def test_an_unknown_timing_is_refused_with_the_near_word():
    with pytest.raises(ParameterError, match="timing: got 'middle'. Known: start, mid, end"):
        net_present_value([1.0], rate=0.1, timing="middle")


def test_an_annual_value_needs_a_year_of_life():
    with pytest.raises(ParameterError, match="got 1, allowed 2 or more for an annual value"):
        equivalent_annual_value([1.0], rate=0.1)


@settings(max_examples=50, deadline=None)
@given(FLOWS.filter(lambda flows: len(flows) > 1), RATES)
def test_an_annual_value_paid_each_year_is_worth_as_much_as_the_flows(flows, rate):
    annual = equivalent_annual_value(flows, rate=rate)
    assert net_present_value([0.0] + [annual] * (len(flows) - 1), rate=rate) == pytest.approx(
        net_present_value(flows, rate=rate), abs=1e-8)  # fmt: skip


def test_payback_goes_straight_through_the_year():
    assert payback([-100.0, 50.0, 25.0, 100.0]) == 2.25
    assert payback([-100.0, 100.0]) == 1.0
    # Spread over its own year, the first year's money is gone at its end and half of it back a quarter of the next on.
    assert payback([-100.0, 200.0], timing="mid") == 1.5


def test_discounted_payback_counts_what_the_money_is_worth_now():
    assert payback([-100.0, 62.5, 62.5, 62.5], rate=0.25) == pytest.approx(2 + 10 / 32)


def test_payback_waits_until_the_money_is_back_for_good():
    # Back after 1 year, short again in year 2, back for good half way through year 4.
    assert payback([-100.0, 150.0, -80.0, 10.0, 40.0]) == 3.5


def test_payback_is_infinite_when_never_and_0_when_nothing_is_put_in():
    assert payback([-100.0, 40.0, 40.0]) == float("inf")
    assert payback([-100.0, 150.0, -80.0]) == float("inf")
    assert payback([0.0, 10.0]) == payback([0.0]) == payback([10.0, -10.0]) == 0.0
    # 0.1 + 0.2 - 0.3 is not 0 in floats; it is money back all the same.
    assert payback([-0.3, 0.1, 0.2]) == pytest.approx(2.0)


@settings(max_examples=80, deadline=None)
@given(FLOWS, RATES, st.sampled_from(list(Timing)))
def test_at_payback_the_sum_is_0_and_never_negative_again(flows, rate, timing):
    present = np.array(flows) * discount_curve(len(flows), rate=rate, timing=timing).to_numpy()
    so_far = np.cumsum(present if timing is Timing.START else np.r_[0.0, present])
    ends = np.arange(len(so_far))
    back = payback(flows, rate=rate, timing=timing)
    if np.isinf(back):
        assert so_far[-1] < 0
    else:
        assert (so_far[ends >= back] >= -1e-9).all()
        assert back == 0 or np.interp(back, ends, so_far) == pytest.approx(0.0, abs=1e-9)
        assert back == 0 or so_far[int(np.ceil(back)) - 1] < 0


@settings(max_examples=80, deadline=None)
@given(FLOWS, RATES)
def test_the_index_is_above_1_just_when_the_value_is_above_0(flows, rate):
    index, value = profitability_index(flows, rate=rate), net_present_value(flows, rate=rate)
    if abs(value) > 1e-9:
        assert (index > 1) == (value > 0)


def test_the_index_without_investment_is_infinite_and_without_money_undefined():
    assert profitability_index([0.0, 5.0], rate=0.1) == float("inf")
    assert np.isnan(profitability_index([0.0, 0.0], rate=0.1))
    assert profitability_index([-5.0, 0.0], rate=0.1) == 0.0


def test_no_input_is_changed():
    flows = pd.Series([-1.0, 2.0], index=[2026, 2027])
    before = flows.copy()
    net_present_value(flows, rate=0.1)
    payback(flows)
    pd.testing.assert_series_equal(flows, before)


@pytest.mark.parametrize("flows", [["a", 1.0], [1j, 2.0], pd.Series([1j]), [[1], [2, 3]], {2026: 1.0}, pd.NA])
def test_flows_that_are_no_numbers_are_refused(flows):
    with pytest.raises(ParameterError, match=r"flows: got .*, allowed numbers\. Write them without words"):
        net_present_value(flows, rate=0.1)


def test_flows_too_large_to_be_added_up_are_refused():
    with pytest.raises(ParameterError, match=r"flows: got 1\.7e\+308 in year 0, allowed finite numbers up to 1e\+100"):
        net_present_value([1.7e308, 1.7e308], rate=0.0)


@pytest.mark.parametrize("years", [0, -1, 2.5, True, None, 10**30, "3", pd.Index([])])
def test_a_number_of_years_that_is_none_is_refused(years):
    with pytest.raises(ParameterError, match=r"years: got .*, allowed 1 to 10,000, or an Index"):
        discount_curve(years, rate=0.1)


def test_money_that_is_worth_beyond_all_bounds_is_refused_and_worth_nothing_is_not():
    with pytest.raises(ParameterError, match=r"rate: got -0\.999999 over 50 years, .*allowed less"):
        net_present_value([1.0] * 50, rate=-0.999999)
    assert discount_curve(200, rate=1000.0).iloc[-1] == 0.0


@pytest.mark.parametrize("rate", ["8 %", None, pd.NA, 1e300, [0.1, None]])
def test_a_rate_that_is_no_number_is_refused(rate):
    with pytest.raises(ParameterError, match=r"rate: got .*, allowed"):
        net_present_value([1.0, 2.0, 3.0], rate=rate)


@pytest.mark.parametrize("spot", [None, 0.1, [0.1, 0.2], pd.DataFrame({"rate": [0.1]})])
def test_spot_rates_without_years_are_refused(spot):
    with pytest.raises(ParameterError, match=r"spot: got a .*, allowed a Series\. Write pd\.Series"):
        forward_rates(spot)
