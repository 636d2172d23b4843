"""Every internal rate of return, counted exactly, and the modified one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.scoring.money.finance import net_present_value
from pmlib.scoring.money.rates_of_return import internal_rates_of_return, modified_rate_of_return
from tests.published import (
    brealey_myers,
    brigham_ehrhardt,
    numpy_financial_examples,
    ross_westerfield_jordan,
    spreadsheet_help,
)

FLOWS = st.lists(st.integers(-30, 30), min_size=1, max_size=9)
# 1 + rate as fractions from 0.05 to 20.
GRID = [Fraction(k, 20) for k in range(1, 60)] + [Fraction(k, 4) for k in range(13, 81)]


def _sign_at(flows, growth):
    value = sum(Fraction(flow) / growth**t for t, flow in enumerate(flows))
    return (value > 0) - (value < 0)


def _flows_with(growths):
    """Flows whose value is 0 just at the given growths (1 + rate), in whole numbers."""
    flows = [1]
    for growth in growths:
        p, q = growth.numerator, growth.denominator
        flows = [q * a - p * b for a, b in zip([*flows, 0], [0, *flows], strict=True)]
    return flows


def test_the_pump_has_both_its_rates_exactly():
    flows, rates = brealey_myers.PUMP
    assert list(internal_rates_of_return(flows).rates) == rates
    assert list(internal_rates_of_return(brigham_ehrhardt.PROJECT_M).rates) == brigham_ehrhardt.RATES


def test_finds_all_four_rates_of_the_textbook_problem():
    found = internal_rates_of_return(ross_westerfield_jordan.FLOWS)
    assert list(found.rates) == ross_westerfield_jordan.RATES
    assert found.signs == (-1, 1, -1, 1, -1)


def test_the_strip_mine_returns_at_two_rates():
    rates = internal_rates_of_return(brealey_myers.STRIP_MINE).rates
    assert [round(100 * rate, 2) for rate in rates] == brealey_myers.STRIP_MINE_RATES


def test_flows_without_a_rate_have_none_and_say_so():
    found = internal_rates_of_return(brealey_myers.NO_RATE)
    assert (found.rates, found.signs) == ((), (1,))
    assert found.warning == "No internal rate of return: the net present value is positive at every rate."
    assert found.to_frame().empty
    assert np.isnan(found.only)


def test_reproduces_spreadsheet_help():
    for flows, expected in spreadsheet_help.IRR:
        found = internal_rates_of_return(flows)
        assert round(100 * found.only, 1) == expected
        assert found.warning == ""
    for flows, finance, reinvest, expected in spreadsheet_help.MIRR:
        rate = modified_rate_of_return(flows, finance_rate=finance, reinvest_rate=reinvest)
        assert round(100 * rate) == expected


def test_numpy_financial_returns_the_root_next_to_0_of_those_found():
    for flows, expected in numpy_financial_examples.IRR:
        rates = internal_rates_of_return(flows).rates
        assert round(min(rates, key=abs), 5) == expected


@settings(max_examples=60, deadline=None)
@given(FLOWS)
def test_signs_between_the_rates_are_those_on_a_fine_grid(flows):
    found = internal_rates_of_return([float(flow) for flow in flows])
    rates = np.array(found.rates)
    for growth in GRID:
        if not np.isclose(rates, float(growth - 1), rtol=0, atol=1e-12).any():
            assert found.signs[int((rates < float(growth - 1)).sum())] == _sign_at(flows, growth)


@settings(max_examples=60, deadline=None)
@given(FLOWS)
def test_the_value_is_0_at_every_rate(flows):
    for rate in internal_rates_of_return([float(flow) for flow in flows]).rates:
        moved = net_present_value(np.abs(flows), rate=rate)
        assert net_present_value([float(flow) for flow in flows], rate=rate) / moved == pytest.approx(0.0, abs=1e-13)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([Fraction(k, 20) for k in (3, 10, 19, 21, 22, 25, 44, 90)]), min_size=1, max_size=6))
def test_recovers_every_rate_that_flows_were_built_from(growths):
    found = internal_rates_of_return([float(flow) for flow in _flows_with(growths)])
    assert list(found.rates) == pytest.approx(sorted({float(growth - 1) for growth in growths}), abs=1e-15)
    # Through a rate that was put in an even number of times the value keeps its sign.
    kept = [a == b for a, b in zip(found.signs, found.signs[1:], strict=False)]
    assert kept == [growths.count(growth) % 2 == 0 for growth in sorted(set(growths))]


@settings(max_examples=40, deadline=None)
@given(FLOWS.filter(lambda flows: flows[0] and flows[-1]))
def test_agrees_with_the_eigenvalues_of_the_companion_matrix(flows):
    found = internal_rates_of_return([float(flow) for flow in flows]).rates
    roots = np.roots(flows)
    # Where rounding cannot turn a real root into a complex pair or back, both count the same.
    if all(abs(a - b) > 1e-3 for i, a in enumerate(roots) for b in roots[:i]):
        real = np.sort(roots[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)].real)
        assert np.allclose(real - 1, found, atol=1e-6)


def test_rates_less_than_a_thousandth_apart_are_told_apart():
    growths = [Fraction(11000, 10000), Fraction(11001, 10000), Fraction(11002, 10000)]
    assert internal_rates_of_return([float(flow) for flow in _flows_with(growths)]).rates == pytest.approx(
        [0.1, 0.1001, 0.1002], abs=1e-15)  # fmt: skip


def test_a_rate_at_which_the_value_only_touches_0_is_found_once():
    found = internal_rates_of_return([-1.0, 2.2, -1.21])
    assert (found.rates, found.signs) == ((0.1,), (-1, -1))
    assert found.warning.startswith("One rate only touches 0 (10.0 %), so none is the return: the net present value is "
                                    "never positive.")  # fmt: skip
    assert np.isnan(found.only)


def test_a_thrice_repeated_rate_is_one_crossing():
    assert internal_rates_of_return([-1.0, 3.3, -3.63, 1.331]).only == 0.1


def test_several_rates_come_with_a_warning_that_says_where_the_value_is_positive():
    found = internal_rates_of_return(brealey_myers.PUMP[0])
    assert found.warning == found.summary() == (
        "2 internal rates of return (25.0 %, 400.0 %), so none is the return: the net present value is positive "
        "between 25.0 % and 400.0 %. Decide by it, at the cost of capital."
    )
    assert found.to_frame()["npv_above"].to_list() == ["positive", "negative"]
    assert repr(found) == "<RatesOfReturn: 25.0 %, 400.0 %>"
    assert list(found.headline()) == ["2", "25.0 %", "400.0 %"]


def test_the_flows_of_a_loan_are_not_taken_for_an_investment():
    found = internal_rates_of_return([100.0, -110.0])
    assert found.rates == (pytest.approx(0.1),)
    assert np.isnan(found.only)
    assert "those of a loan: they are worth having at rates above 10.0 %" in found.summary()


@pytest.mark.parametrize(("flows", "sign"), [([0.0, 0.0], 0), ([5.0], 1), ([-5.0, 0.0, -1.0], -1)])
def test_flows_that_never_change_sign_have_no_rate(flows, sign):
    found = internal_rates_of_return(flows)
    assert (found.rates, found.signs) == ((), (sign,))
    assert next(iter(found.headline())) == "0"


def test_years_without_money_at_either_end_and_the_unit_change_nothing():
    assert internal_rates_of_return([0.0, -0.1, 0.06, 0.06, 0.0]).rates == \
        internal_rates_of_return([-100.0, 60.0, 60.0]).rates  # fmt: skip


def test_thirty_years_of_months_have_the_rate_of_the_annuity():
    rate = internal_rates_of_return([-100.0, *[0.6] * 360]).only
    assert 0.6 * (1 - (1 + rate) ** -360) / rate == pytest.approx(100.0)


def test_money_without_measure_is_refused():
    with pytest.raises(ParameterError, match="got inf in year 1"):
        internal_rates_of_return([-1.0, float("inf")])
    with pytest.raises(ParameterError, match="year 2028 follows 2026"):
        modified_rate_of_return(pd.Series([-1.0, 2.0], index=[2026, 2028]), finance_rate=0.1)


@settings(max_examples=60, deadline=None)
@given(FLOWS, st.sampled_from([0.0, 0.08, 0.5]))
def test_the_modified_rate_beats_the_cost_of_capital_just_when_the_value_is_positive(flows, rate):
    modified = modified_rate_of_return([float(flow) for flow in flows], finance_rate=rate)
    value = net_present_value([float(flow) for flow in flows], rate=rate)
    if not (min(flows) < 0 < max(flows)):
        assert np.isnan(modified)
    elif abs(value) > 1e-9:
        assert (modified > rate) == (value > 0)


def test_the_modified_rate_of_an_investment_without_later_flows_is_its_internal_rate():
    flows = [-100.0, 0.0, 0.0, 133.1]
    assert modified_rate_of_return(flows, finance_rate=0.03, reinvest_rate=0.07) == pytest.approx(0.1)
    assert internal_rates_of_return(flows).only == 0.1
