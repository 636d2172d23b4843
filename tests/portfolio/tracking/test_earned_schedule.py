"""Earned schedule: Lipke's interpolation by hand, closed forms, the planted late finisher."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.months import parse_month
from pmlib.portfolio.tracking.earned_schedule import earned_months, earned_schedule

STEPS = st.lists(st.floats(0.5, 20), min_size=2, max_size=15)


@pytest.fixture(scope="module")
def sample(company):
    return earned_schedule(company)


def _row(answer, project_id="P1"):
    return answer.projects.set_index("project_id").loc[project_id]


def test_whole_months_and_part_of_the_next_as_lipke_2003_counts_them():
    """January to May are earned at the end of July, and 3 of the 8 planned for June: 5 + 3/8 months in 7."""
    planned = np.array([4.0, 10.0, 18.0, 26.0, 34.0, 42.0, 50.0])
    earned = earned_months(planned, np.array([37.0]))
    assert earned.tolist() == [5.375]
    assert earned[0] / 7 == pytest.approx(0.768, abs=5e-4)


@given(STEPS, st.floats(0, 1))
def test_on_plan_the_earned_schedule_is_the_time_itself(steps, part):
    planned = np.cumsum(steps)
    assert np.allclose(earned_months(planned, planned), np.arange(1, len(planned) + 1))
    between = planned[0] + part * (planned[1] - planned[0])
    assert earned_months(planned, np.array([between]))[0] == pytest.approx(1 + part, abs=1e-6)


@given(STEPS, st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_more_work_is_never_less_time_and_numpy_agrees(steps, shares):
    planned = np.cumsum(steps)
    earned = np.sort(np.array(shares)) * planned[-1]
    months = earned_months(planned, earned)
    assert (np.diff(months) >= -1e-12).all()
    assert np.allclose(months, np.interp(earned, np.append(0.0, planned), np.arange(len(planned) + 1)))


def test_where_the_plan_stands_still_a_project_on_plan_stays_on_time():
    planned, earned = np.array([0.0, 10.0, 10.0, 10.0, 20.0, 20.0]), np.array([0.0, 10.0, 10.0, 10.0, 10.0, 20.0])
    first = earned_months(planned, earned)
    assert first.tolist() == [0.0, 2.0, 2.0, 2.0, 2.0, 5.0]
    known = earned_months(planned, earned, now=np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    assert known.tolist() == [1.0, 2.0, 3.0, 4.0, 4.0, 5.0]


def test_beyond_the_plan_no_time_is_known():
    assert np.isnan(earned_months(np.array([10.0, 20.0]), np.array([21.0]))).all()


def test_the_late_finisher_keeps_an_index_below_one_while_spi_returns_to_it(sample):
    row = _row(sample, "P27")
    assert (row["earned_months"], row["actual_months"], row["planned_months"]) == (24, 28, 24)
    assert round(row["spi_t"], 3) == 0.857
    assert (row["spi"], row["sv_t"], row["stage"]) == (1.0, -4.0, "finished")
    assert sample.sentence("P27") == (
        "P27: 24.0 planned months of work took 28 months (SPI(t) 0.86, SPI 1.00).")
    after = sample.history[(sample.history["project_id"] == "P27")].tail(5)
    assert (after["spi_t"] < 0.88).all()
    assert after["spi"].is_monotonic_increasing


def test_every_late_one_of_the_window_has_planned_by_actual_months(sample, company):
    done = sample.projects[sample.projects["stage"] == "finished"]
    assert len(done) == 6
    assert np.allclose(done["spi_t"], done["planned_months"] / done["actual_months"])
    assert (done["spi"] == 1.0).all()


def test_a_project_at_half_its_speed_takes_twice_as_long(followed):
    rows = [(10.0 * t, 5.0 * t, 6.0 * t) for t in range(1, 5)]
    row = _row(earned_schedule(followed(P1=rows)))
    assert (row["earned_months"], row["spi_t"], row["duration"], row["sv_t"]) == (2.0, 0.5, 20.0, -2.0)
    assert row["finish"] == parse_month("2025-01") + 19 == row["finish_low"] == row["finish_high"]
    assert row["to_complete"] == pytest.approx(8 / 6)


def test_ahead_of_the_last_planned_value_a_straight_line_leads_to_the_planned_end(followed):
    row = _row(earned_schedule(followed(P1=[(10.0, 10.0, 9.0), (20.0, 40.0, 30.0)])))
    assert row["beyond"]
    assert row["earned_months"] == pytest.approx(2 + 8 * 20 / 80)


def test_without_planned_months_time_is_known_up_to_the_last_planned_value_only(followed):
    tables = followed(P1=[(10.0, 8.0, 9.0), (20.0, 15.0, 30.0)], P2=[(10.0, 12.0, 9.0)])
    tables["projects"] = tables["projects"].drop(columns="planned_months")
    answer = earned_schedule(tables)
    assert _row(answer)["spi_t"] == 0.75
    assert pd.isna(_row(answer)["finish"])
    assert answer.sentence("P1") == "P1: 1.5 planned months of work in 2 months (SPI(t) 0.75, SPI 0.75)."
    assert answer.sentence("P2").startswith("P2: how far it is in time is not known.")


def test_a_missing_month_is_a_straight_line(followed):
    whole = followed(P1=[(10.0, 5.0, 5.0), (20.0, 10.0, 10.0), (30.0, 15.0, 15.0)])
    holed = {**whole, "evm": whole["evm"].drop(index=1)}
    pd.testing.assert_frame_equal(earned_schedule(whole).history, earned_schedule(holed).history)


def test_the_clock_starts_with_the_project_and_stops_when_all_is_earned(followed):
    tables = followed("2025-03", P1=[(40.0, 30.0, 30.0), (100.0, 100.0, 99.0), (100.0, 100.0, 99.0)],
                      projects={"P1": {"start_month": "2025-02", "planned_months": 3}})
    row = _row(earned_schedule(tables))
    assert (row["actual_months"], row["earned_months"], row["spi_t"]) == (3, 3, 1)


def test_work_that_is_left_takes_at_least_another_month(followed):
    rows = [(25.0, 30.0, 1.0), (50.0, 60.0, 2.0), (75.0, 80.0, 3.0), (100.0, 99.0, 4.0)]
    row = _row(earned_schedule(followed(P1=rows, projects={"P1": {"planned_months": 4}})))
    assert row["finish"] == parse_month("2025-05")


def test_the_range_of_a_finish_holds_it(sample):
    going = sample.projects[sample.projects["stage"] == "in progress"]
    assert (going["finish_low"] <= going["finish"]).all()
    assert (going["finish"] <= going["finish_high"]).all()


def test_the_sample_company_names_its_latest_project(sample):
    assert "Latest: P31, by 9 months (SPI(t) 0.78)." in sample.summary()
    assert repr(sample) == "<EarnedSchedule: 26 in progress, 9 of them late at their rate so far>"


def test_the_curves_of_a_project_reach_its_budget_at_its_planned_end(sample):
    frame = sample.curve_frame("P31")
    assert (len(frame), int(frame["known"].sum())) == (30, 21)
    assert frame["planned_k"].iloc[-1] == 1060.0


def test_a_project_that_is_not_followed_is_refused_with_its_neighbour(sample):
    with pytest.raises(ParameterError, match=r"got 'P311', which has no rows in evm.*Did you mean 'P31'"):
        sample.sentence("P311")


def test_projects_that_nothing_tells_the_end_of_are_not_called_in_time(followed):
    tables = followed(P1=[(10.0, 8.0, 9.0)])
    tables["projects"] = tables["projects"].drop(columns="planned_months")
    assert earned_schedule(tables).summary() == (
        "When projects end is not known: fill in planned_months, and the first value earned.")


def test_a_project_that_was_stopped_is_told_in_the_past(followed):
    tables = followed(P1=[(10.0, 8.0, 9.0), (20.0, 15.0, 20.0)], projects={"P1": {"state": "stopped"}})
    assert earned_schedule(tables).sentence("P1") == (
        "P1: 1.5 planned months of work took 2 months (SPI(t) 0.75, SPI 0.75).")
