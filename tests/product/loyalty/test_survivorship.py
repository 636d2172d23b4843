from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.product.loyalty.curves import scores
from pmlib.product.loyalty.survivorship import largest_score, survivorship

PERIOD, FIRST = "2025-12", 2023 * 12 + 1
NINETEENTH = FIRST + 18


@pytest.fixture(scope="module")
def found(quillmark):
    return survivorship(quillmark, period=PERIOD)


def test_the_planted_retention_of_older_cohorts_is_found(found) -> None:
    older = found.ages[found.ages["group"] == "older"].set_index("age")
    for age, planted in {1: 0.78, 12: 0.32, 24: 0.21}.items():
        assert older.loc[age, "retention"] == pytest.approx(planted, abs=0.02)
        assert older.loc[age, "retention_low"] < planted < older.loc[age, "retention_high"]


def test_renewal_rises_with_age_though_chances_are_constant(found) -> None:
    renewal = found.ages[found.ages["group"] == "older"].set_index("age")["renewal"]
    assert renewal[1] < renewal[3] < renewal[6] < renewal[12]
    assert "that alone makes nobody loyal" in found.summary()


def test_the_worse_cohorts_are_found_to_begin_in_month_19_and_the_total_hides_them(found) -> None:
    assert found.since == NINETEENTH
    assert found.found and found.worse
    assert found.p < 0.001
    third = found.differences.set_index("age").loc[3]
    assert third["older"] == pytest.approx(0.595, abs=0.005)
    assert third["newer"] == pytest.approx(0.528, abs=0.005)
    assert third["high"] < 0
    assert "The total over all ages hides it" in found.summary()


def test_a_given_split_is_tested_without_a_search(quillmark, found) -> None:
    given = survivorship(quillmark, period=PERIOD, since="2024-07")
    assert given.z == pytest.approx(found.z)
    assert given.p < found.p
    assert not given.found


def test_the_cockpit_alone_says_less_than_both_products(quillmark) -> None:
    alone = survivorship(quillmark, period=PERIOD, product_id="PR4", since=NINETEENTH)
    assert alone.worse
    assert alone.differences.set_index("age").loc[6, "high"] < 0
    assert alone.p > 1e-4


def test_the_search_keeps_its_level() -> None:
    rng, replications = np.random.default_rng(3), 2_500
    cohorts = np.repeat(np.arange(10), 40)
    wrong = 0
    for _ in range(replications):
        months, seen = rng.geometric(0.15, len(cohorts)), 12 - cohorts
        left, ended = np.zeros((13, 10)), np.zeros((13, 10))
        np.add.at(left, (np.minimum(months, seen), cohorts), 1)
        np.add.at(ended, (np.minimum(months, seen), cohorts), months <= seen)
        at_risk = left[::-1].cumsum(axis=0)[::-1]
        wrong += largest_score(*scores(at_risk, ended), sizes=np.full(10, 40.0), seed=1, draws=400)[2] < 0.05
    assert wrong / replications == pytest.approx(0.05, abs=0.013)


def test_newer_cohorts_that_are_as_good_are_not_called_worse(subscribed) -> None:
    rng = np.random.default_rng(5)
    start = rng.integers(FIRST, FIRST + 30, 1_500)
    end = start + rng.geometric(0.1, 1_500) - 1
    rows = [(f"c{i}", int(a), int(b) if b < 24312 else None) for i, (a, b) in enumerate(zip(start, end, strict=True))]
    result = survivorship(subscribed(*rows), period=PERIOD)
    assert not result.worse
    assert "Newer cohorts are not shown to be worse" in result.summary()


def test_newer_cohorts_that_leave_later_are_said_to_stay_longer(subscribed) -> None:
    rng = np.random.default_rng(6)
    start = rng.integers(FIRST, FIRST + 30, 1_500)
    end = start + rng.geometric(np.where(start < FIRST + 15, 0.3, 0.1)) - 1
    rows = [(f"c{i}", int(a), int(b) if b < 24312 else None) for i, (a, b) in enumerate(zip(start, end, strict=True))]
    result = survivorship(subscribed(*rows), period=PERIOD)
    assert not result.worse
    assert "Newer cohorts stay longer (p < 0.001" in result.summary()
    assert "allowing for the search of the month" in result.summary()


def test_the_total_counts_who_paid_and_paid_again(company) -> None:
    rows = company["subscriptions"]
    total = survivorship(company, period=PERIOD).total.set_index("month")
    for month in (FIRST + 5, FIRST + 20, 24311):
        paying = (rows["start_month"] <= month) & (rows["end_month"].fillna(24312) >= month)
        again = paying & (rows["end_month"].fillna(24312) >= month + 1)
        assert total.loc[month, ["paying", "renewed"]].tolist() == [paying.sum(), again.sum()]


def test_two_engines_give_the_same_answer(in_engine) -> None:
    duck, lite = (survivorship(in_engine(name), period=PERIOD) for name in ("duckdb", "sqlite"))
    pd.testing.assert_frame_equal(duck.ages, lite.ages)
    assert (duck.since, duck.p) == (lite.since, lite.p)


def test_too_little_data_is_a_designed_state(subscribed) -> None:
    for tables in (subscribed(), subscribed(("a", 24310, None)), subscribed(("a", 24300, 24302), ("b", 24300, 24303))):
        result = survivorship(tables, period=PERIOD)
        assert result.since is None
        assert math.isnan(result.p)
        assert result.summary().startswith("Not enough data to December 2025: older and newer cohorts need")
        assert result.headline() == {"–": "too few cohorts to compare"}


def test_a_split_that_leaves_one_side_empty_is_refused(company) -> None:
    with pytest.raises(ParameterError, match="since: got January 2023, allowed a month after January 2023 and to"):
        survivorship(company, period=PERIOD, since="2023-01")
