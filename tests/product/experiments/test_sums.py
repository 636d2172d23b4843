from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import MissingTableError, SchemaError
from pmlib.months import as_month
from pmlib.product.experiments.sums import daily_sums
from tests.product.experiments.conftest import days

LAST = as_month("2025-12")


def _refused(match: str, **columns: object) -> None:
    frame = days().assign(**columns)
    with pytest.raises(SchemaError, match=match):
        daily_sums({"experiments": frame}, last=LAST)


def test_rows_are_sorted_counts_whole_and_days_after_the_period_left_out() -> None:
    later = days("A").assign(day=pd.Timestamp("2026-01-02")).iloc[:2]
    told = daily_sums({"experiments": pd.concat([days("B"), later]).sample(frac=1, random_state=1)}, last=LAST)
    assert told["test_id"].unique().tolist() == ["B"]
    assert told["day"].is_monotonic_increasing
    assert told["new_users"].dtype == "int64"


def test_sums_of_the_outcome_may_be_absent_and_days_may_be_text() -> None:
    frame = days().drop(columns=["sum_y", "sum_y2", "sum_x", "sum_x2", "sum_xy"])
    told = daily_sums({"experiments": frame.assign(day=frame["day"].astype("str"))}, last=LAST)
    assert told["sum_y"].isna().all()
    assert len(told) == len(frame)


def test_an_infinite_sum_is_missing() -> None:
    told = daily_sums({"experiments": days().assign(sum_y=float("inf"))}, last=LAST)
    assert told["sum_y"].isna().all()


def test_an_ibis_table_gives_the_same_rows() -> None:
    import ibis

    frame = days()
    pd.testing.assert_frame_equal(
        daily_sums({"experiments": ibis.memtable(frame)}, last=LAST), daily_sums({"experiments": frame}, last=LAST),
        check_dtype=False,
    )  # fmt: skip


def test_the_callers_frame_is_left_alone() -> None:
    frame = days()
    before = frame.copy()
    daily_sums({"experiments": frame}, last=LAST)
    pd.testing.assert_frame_equal(frame, before)


def test_impossible_rows_are_refused_by_name() -> None:
    _refused(r"2025-11-03, arm 'control' has 5,000 conversions, allowed 1,000", conversions=5000)
    _refused("has new_users -1, allowed a whole number", new_users=-1)
    _refused("has conversions nan, allowed a whole number", conversions=float("nan"))
    _refused("has conversions 10.5, allowed a whole number", conversions=10.5)
    _refused("arm 'Treated' is no arm. Known: control, treatment. Did you mean 'treatment'", arm="Treated")
    _refused("is there twice, allowed once", day=pd.Timestamp("2025-11-03"))
    _refused("has no day", day=pd.NaT)
    _refused("has no day", day="the third of November")
    _refused("has new_users nan, allowed a whole number", new_users="many")


def test_a_missing_table_is_named() -> None:
    with pytest.raises(MissingTableError, match="table 'experiments' is missing"):
        daily_sums({}, last=LAST)
