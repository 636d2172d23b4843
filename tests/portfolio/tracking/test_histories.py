"""What the tracking reads: months, stages and curves; what cannot be is refused."""

from __future__ import annotations

import pytest

from pmlib.errors import ParameterError, SchemaError
from pmlib.months import parse_month
from pmlib.portfolio.tracking.histories import read_histories


def test_an_earned_value_that_falls_is_refused_by_row(followed):
    with pytest.raises(SchemaError, match=r"evm \(P1, 2025-02\) column 'ev_cum_k': got 9.0 after 10.0 in 2025-01"):
        read_histories(followed(P1=[(10.0, 10.0, 9.0), (20.0, 9.0, 19.0)]))


def test_the_period_cuts_and_the_newest_row_is_the_default(followed):
    tables = followed(P1=[(10.0, 10.0, 9.0), (20.0, 19.0, 19.0)])
    assert read_histories(tables).period == parse_month("2025-02")
    assert read_histories(tables, period="2025-01").projects["ev_k"].tolist() == [10.0]
    with pytest.raises(ParameterError, match="allowed YYYY-MM"):
        read_histories(tables, period="January")


def test_the_workbook_says_which_month_is_the_last(company):
    assert read_histories(company).period == parse_month("2025-12")


def test_stages_follow_from_earned_value_and_state(followed):
    done, stopped = {"state": "done"}, {"state": "stopped"}
    tables = followed(P1=[(100.0, 100.0, 90.0)], P2=[(50.0, 40.0, 90.0)], P3=[(50.0, 40.0, 90.0)],
                      projects={"P1": done, "P2": stopped})
    assert read_histories(tables).projects["stage"].tolist() == ["finished", "ended early", "in progress"]


def test_a_project_that_ended_later_was_in_progress(followed):
    tables = followed(P1=[(50.0, 40.0, 50.0), (90.0, 100.0, 90.0)], projects={"P1": {"state": "done"}})
    assert read_histories(tables, period="2025-01").projects["stage"].tolist() == ["in progress"]


def test_missing_first_months_rise_from_nothing(followed):
    tables = followed("2025-03", P1=[(30.0, 15.0, 12.0)], projects={"P1": {"start_month": "2025-01"}})
    curve = next(read_histories(tables).curves())
    assert curve.planned.tolist() == [10.0, 20.0, 30.0]
    assert curve.earned.tolist() == [5.0, 10.0, 15.0]


def test_work_before_the_planned_start_starts_the_clock(followed):
    tables = followed("2024-11", P1=[(0.0, 0.0, 0.0), (5.0, 5.0, 5.0)], projects={"P1": {"start_month": "2025-01"}})
    assert next(read_histories(tables).curves()).begin == parse_month("2024-12")


def test_who_is_done_today_and_had_work_left_in_the_last_month_was_at_it(followed):
    tables = followed(P1=[(50.0, 40.0, 50.0)], P2=[(50.0, 40.0, 50.0)],
                      projects={"P1": {"state": "done"}, "P2": {"state": "stopped"}})
    assert read_histories(tables).projects["stage"].tolist() == ["in progress", "ended early"]
    assert read_histories(tables, period="2025-02").projects["stage"].tolist() == ["ended early"] * 2


def test_a_project_that_was_not_to_begin_yet_is_not_missed(followed):
    tables = followed(P1=[(50.0, 40.0, 50.0)], P2=[], P3=[], projects={"P2": {"start_month": "2025-02"}})
    assert read_histories(tables).without["project_id"].tolist() == ["P3"]
    assert read_histories(tables, period="2025-02").without["project_id"].tolist() == ["P2", "P3"]
