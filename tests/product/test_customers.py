from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.product import Activity, cohort_triangle
from pmlib.product.customers import Retention, active_counts
from pmlib.product.marts import with_marts

LAST = 24312


def _subscriptions(*rows: tuple[str, int, int | None], product: str = "A") -> dict[str, pd.DataFrame]:
    frame = pd.DataFrame(rows, columns=["customer_id", "start_month", "end_month"])
    return {"subscriptions": frame.assign(product_id=product, end_month=frame["end_month"].astype("Int64"))}


def test_the_triangle_counts_who_is_covered_in_each_month() -> None:
    tables = _subscriptions(("a", 24309, None), ("b", 24309, 24310), ("c", 24311, 24311))
    triangle = cohort_triangle(tables, period=LAST).triangle
    nan = np.nan
    np.testing.assert_array_equal(triangle.to_numpy(), [[1, 1, 0.5, 0.5], [1, 0, nan, nan]])
    assert triangle.index.tolist() == [24309, 24311]


def test_what_is_not_yet_observed_is_nan_and_a_lost_cohort_is_zero() -> None:
    tables = _subscriptions(("a", 24305, 24305), ("b", 24312, None))
    triangle = cohort_triangle(tables, period=LAST).triangle
    assert triangle.loc[24305].tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert triangle.loc[24312].isna().tolist() == [False] + [True] * 7


def test_an_earlier_period_knows_nothing_of_later_months(company) -> None:
    early = cohort_triangle(company, period="2024-06", product_id="B").triangle
    full = cohort_triangle(company, period="2025-12", product_id="B").triangle
    known = full.loc[early.index, early.columns].where(early.notna())
    pd.testing.assert_frame_equal(early, known)


def test_retention_is_bounded_one_who_returns_counts_again() -> None:
    tables = _subscriptions(("a", 24301, 24301), ("a", 24304, None), ("b", 24301, None))
    triangle = cohort_triangle(tables, period=24305).triangle
    assert triangle.loc[24301].tolist() == [1, 0.5, 0.5, 1, 1]


def test_overlapping_subscriptions_of_one_customer_count_once() -> None:
    tables = _subscriptions(("a", 24301, 24303), ("a", 24302, None))
    assert cohort_triangle(tables, period=24305).triangle.loc[24301].tolist() == [1] * 5


def test_orders_make_active_only_in_the_months_of_an_order_and_returns_do_not() -> None:
    dates = pd.to_datetime(["2025-01-05", "2025-01-20", "2025-03-01", "2025-04-02"])
    orders = pd.DataFrame({"product_id": "A", "customer_id": "a", "date": dates, "units": [1.0, 1.0, 2.0, -1.0]})
    result = cohort_triangle({"orders": orders}, period="2025-04")
    assert result.activity is Activity.ORDERS
    assert result.triangle.iloc[0].tolist() == [1, 0, 1, 0]


def test_the_first_month_is_the_products_own_or_overall() -> None:
    tables = _subscriptions(("a", 24301, 24302))
    other = _subscriptions(("a", 24304, None), product="B")["subscriptions"]
    both = {"subscriptions": pd.concat([tables["subscriptions"], other])}
    assert cohort_triangle(both, period=24305).triangle.loc[24301].tolist() == [1, 1, 0, 1, 1]
    assert cohort_triangle(both, period=24305, product_id="B").triangle.index.tolist() == [24304]


def test_pooled_retention_uses_only_cohorts_observed_at_that_age() -> None:
    tables = _subscriptions(("a", 24300, None), ("b", 24300, 24305), ("c", 24311, None))
    result = cohort_triangle(tables, period=LAST)
    year = result.retention(12)
    assert (year.value, year.n, year.n_missing) == (0.5, 2, 1)
    assert result.retention(1).n == 3
    assert result.retention(13).n == 0
    assert result.retention(1, first=24311).value == 1.0
    assert result.pooled().set_index("age").loc[12, "value"] == 0.5


def test_triangle_matches_a_loop_over_customers(company) -> None:
    rows = company["subscriptions"]
    triangle = cohort_triangle(company, period=LAST, product_id="B").triangle
    for cohort, age in [(24277, 1), (24280, 12), (24290, 20), (24300, 6)]:
        mine = rows[rows["start_month"] == cohort]
        stay = [pd.isna(end) or end >= cohort + age for end in mine["end_month"]]
        assert triangle.loc[cohort, age] == np.mean(stay)


def test_two_engines_count_the_same_customers(in_engine) -> None:
    for activity in Activity:
        duck, lite = (
            active_counts(in_engine(name), last=LAST, activity=activity, by_product=True)
            for name in ("duckdb", "sqlite")
        )
        pd.testing.assert_frame_equal(duck, lite)


def test_without_subscriptions_of_the_product_orders_are_followed(company) -> None:
    assert cohort_triangle(company, period=LAST, product_id="A").activity is Activity.ORDERS


def test_summary_gives_months_1_6_and_12_with_interval_and_n(company) -> None:
    result = cohort_triangle(company, period=LAST, product_id="B")
    year = result.retention(12)
    assert result.summary().startswith("Of 700 customers in 36 cohorts, active: ")
    assert f"{100 * year.value:.0f} % (between" in result.summary()
    assert f"n = {year.n:,}) after 12 months" in result.summary()
    assert result.headline()["700"] == "customers followed"
    assert repr(result).startswith("<CohortTriangle B by subscriptions: Of 700")


def test_the_frame_has_a_column_per_age_beside_n(company) -> None:
    frame = cohort_triangle(company, period=LAST, product_id="B").to_frame()
    assert list(frame.columns) == ["cohort", "n", *(str(age) for age in range(36))]
    assert frame["n"].sum() == 700


def test_rolling_retention_counts_who_is_active_then_or_later_as_far_as_observed() -> None:
    tables = _subscriptions(("a", 24301, 24301), ("a", 24304, None), ("b", 24301, 24302), ("c", 24303, None))
    result = cohort_triangle(tables, period=24305, retention="rolling")
    nan = np.nan
    np.testing.assert_array_equal(result.triangle.to_numpy(), [[1, 1, 0.5, 0.5, 0.5], [1, 1, 1, nan, nan]])
    assert result.kind is Retention.ROLLING
    assert result.summary().endswith("Who pauses now and comes back after May 2025 counts as gone.")


def test_rolling_retention_never_rises_and_meets_bounded_at_the_last_age_observed(company) -> None:
    bounded, rolling = (
        cohort_triangle(company, period=LAST, product_id="A", retention=kind).triangle for kind in Retention
    )
    assert (rolling.diff(axis=1).iloc[:, 1:].fillna(0) <= 0).all(axis=None)
    assert (rolling >= bounded).where(bounded.notna(), True).all(axis=None)
    for cohort in bounded.index:
        assert rolling.loc[cohort, LAST - cohort] == bounded.loc[cohort, LAST - cohort]


def test_the_mart_and_the_rows_give_the_same_triangle(company) -> None:
    for activity in Activity:
        for kind in Retention:
            rows, mart = (
                cohort_triangle(tables, period="2025-06", activity=activity, retention=kind).triangle
                for tables in (company, with_marts(company, period=LAST))
            )
            pd.testing.assert_frame_equal(rows, mart)


def test_the_planted_retention_shows_in_the_cohorts_before_month_19(quillmark) -> None:
    for product in ("PR4", "PR6"):
        older = cohort_triangle(quillmark, period=LAST, product_id=product)
        kept = [older.retention(age, last=24294) for age in (1, 12, 24)]
        assert all(one.low < planted < one.high for one, planted in zip(kept, (0.78, 0.32, 0.21), strict=True))


def test_an_unknown_product_or_retention_is_refused(company) -> None:
    with pytest.raises(ParameterError, match="product_id: got 'AA'. Known: A, B, C. Did you mean 'A'?"):
        cohort_triangle(company, period=LAST, product_id="AA")
    with pytest.raises(ParameterError, match="retention: got 'rollin'. Known: bounded, rolling. Did you"):
        cohort_triangle(company, period=LAST, retention="rollin")


def test_nobody_to_follow_is_a_designed_state(company) -> None:
    result = cohort_triangle(company, period="2020-01")
    assert result.summary() == "No orders to January 2020."
    assert result.to_frame().empty


def test_an_unknown_activity_or_no_table_is_refused(company) -> None:
    with pytest.raises(ParameterError, match="activity: got 'usage', allowed subscriptions or orders"):
        cohort_triangle(company, period=LAST, activity="usage")
    with pytest.raises(MissingTableError, match="'subscriptions' and 'orders' are both missing"):
        cohort_triangle({}, period=LAST)
