from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.product.standing.concentration import GUIDELINES, herfindahl_bounds, measure_concentration, merger_rise
from tests.published import merger_guidelines as published

_PARTS = st.lists(st.integers(1, 100), min_size=1, max_size=12)


@pytest.mark.parametrize("example", [published.FOUR_FIRMS, published.MONOPOLY])
def test_the_index_reproduces_the_agencies_examples(example: tuple[list[float], float]) -> None:
    shares, index = example
    assert herfindahl_bounds(np.array(shares) / 100) == (index, index, index)


def test_a_merger_of_5_and_10_percent_raises_the_index_by_100() -> None:
    (one, other), rise = published.RISE
    assert merger_rise(one / 100, other / 100) == pytest.approx(rise)


@pytest.mark.parametrize(("index", "in_2010", "in_2023"), published.CLASSES)
def test_classes_begin_where_the_guidelines_say(index: float, in_2010: str, in_2023: str) -> None:
    assert GUIDELINES[2010].class_of(index, index) == in_2010
    assert GUIDELINES[2023].class_of(index, index) == in_2023


def test_harm_is_presumed_by_the_step_of_the_year() -> None:
    new, old = GUIDELINES[2023], GUIDELINES[2010]
    assert new.presumes_harm(1_900, 101) and not new.presumes_harm(1_900, 99) and not new.presumes_harm(1_700, 101)
    assert new.presumes_harm(1_000, 101, firm_share=0.31) and not old.presumes_harm(1_000, 201, firm_share=0.31)
    assert old.presumes_harm(2_600, 201) and not old.presumes_harm(2_600, 200)


@settings(deadline=None, max_examples=50)
@given(_PARTS)
def test_the_index_is_the_sum_of_squares_and_within_its_scale(parts: list[int]) -> None:
    shares = np.array(parts) / sum(parts)
    low, high, one = herfindahl_bounds(shares)
    assert low == high == one == pytest.approx(10_000 * sum((part / sum(parts)) ** 2 for part in parts))
    assert 0 < low <= 10_000.000001


@settings(deadline=None, max_examples=50)
@given(_PARTS, st.lists(st.integers(1, 100), min_size=1, max_size=6))
def test_bounds_hold_whatever_the_unnamed_firms_are(named: list[int], unnamed: list[int]) -> None:
    total = sum(named) + sum(unnamed)
    shares, others = np.array(named) / total, np.array(unnamed) / total
    low, high, one = herfindahl_bounds(shares, rest=others.sum(), cap=max(others))
    truth = 10_000 * float(shares @ shares + others @ others)
    assert low <= truth + 1e-6 and truth <= high + 1e-6 and high <= one + 1e-6


def test_our_own_small_share_is_no_cap_on_the_unnamed(study) -> None:
    tables = study({"own": 1.0, "rival": 39.0, "other": 60.0})
    row = measure_concentration(tables, period=24312).to_frame().iloc[-1]
    # Others of 60 %: one of 39 % and one of 21 %.
    assert row["hhi_high"] == pytest.approx(1 + 39**2 + 39**2 + 21**2)
    assert (row["hhi_low"], row["hhi_one"], row["named"]) == pytest.approx((1 + 39**2, 1 + 39**2 + 60**2, 2))


def test_the_studys_error_widens_the_bounds_as_seeded_draws_do(study) -> None:
    tables = study({"own": 20.0, "rival A": 45.0, "rival B": 35.0}, error=5.0)
    row = measure_concentration(tables, period=24312).to_frame().iloc[-1]
    rng = np.random.default_rng(7)
    drawn = np.array([20.0, 45.0, 35.0]) * (1 + 0.05 * rng.standard_normal((20_000, 3)))
    spread = np.std(10_000 * np.sum((drawn / drawn.sum(axis=1, keepdims=True)) ** 2, axis=1))
    assert (row["high"] - row["hhi_high"]) / 1.959964 == pytest.approx(spread, rel=0.03)


def test_a_class_is_named_only_where_the_whole_interval_lies_in_it(study) -> None:
    wide = measure_concentration(study({"own": 40.0, "other": 60.0}), period=24312)
    assert wide.to_frame()["class_2023"].iloc[-1] == "between not highly concentrated and highly concentrated"
    sure = measure_concentration(study({"own": 50.0, "rival": 50.0}), period=24312, guidelines=2010)
    assert sure.summary() == (
        "The HHI of sensors, the most concentrated of 1 market, is 5,000 of 10,000 (2 named firms, all "
        "others 0 %; the study states no error). By the guidelines of 2010: 1 highly concentrated."
    )
    assert sure.headline() == {"5,000": "HHI of sensors, the most concentrated market"}


def test_a_market_without_sales_or_without_a_study_is_not_measured(study) -> None:
    nothing = measure_concentration(study({"own": 0.0, "rival": 0.0}), period=24312)
    assert set(nothing.to_frame()["class_2010"]) == {"not measured"}
    assert nothing.summary() == "No market study covers 12 months to December 2025."
    assert measure_concentration(study({"own": 1.0}), period="1999-01").to_frame().empty


def test_other_years_of_guidelines_are_refused(study) -> None:
    with pytest.raises(ParameterError, match="guidelines: got 1992, allowed 2010, 2023"):
        measure_concentration(study({"own": 1.0}), period=24312, guidelines=1992)
