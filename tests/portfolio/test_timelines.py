from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.portfolio.timelines import delayed, lengths, people_needed, stretched

FIRST = 2026 * 12 + 1
MONEY = st.lists(st.floats(0, 1000), min_size=3, max_size=3)


def test_half_a_year_later_moves_half_of_every_year_into_the_next():
    assert delayed(np.array([[100.0, 40.0, 0.0]]), 6).tolist() == [[50.0, 70.0, 20.0]]
    assert delayed(np.array([[100.0, 40.0, 0.0]]), 12).tolist() == [[0.0, 100.0, 40.0]]


def test_twice_as_long_spends_half_as_fast():
    money = np.array([[120.0, 0.0, 0.0]])
    assert stretched(money, begins=np.zeros(1), pace=np.array([2.0])).tolist() == [[60.0, 60.0, 0.0]]
    # From July on: the first half year is untouched, the second takes a year.
    assert stretched(money, begins=np.array([0.5]), pace=np.array([2.0])).tolist() == [[90.0, 30.0, 0.0]]


@given(money=MONEY, pace=st.floats(0.2, 2.0), begins=st.floats(0, 3))
def test_no_money_is_lost_by_taking_more_or_less_time(money, pace, begins):
    by_year = np.array([[*money, 0.0, 0.0, 0.0]])
    moved = stretched(by_year, begins=np.array([begins]), pace=np.array([pace]))
    assert moved.sum() == pytest.approx(by_year.sum(), abs=1e-6)
    assert (moved >= -1e-9).all()


def needs(pace: float, *, delay: int = 0, action: str = "slow") -> dict[int, float]:
    frame = pd.DataFrame({"project": [0], "action": [action], "delay_months": [delay], "pace": [pace]})
    demand = pd.DataFrame({"project_id": "P", "action": "start", "skill": "data", "month": [FIRST + 2, FIRST + 3],
                           "person_months": [1.0, 0.5]})
    found = people_needed(frame, pd.DataFrame({"project_id": ["P"]}), demand, first=FIRST,
                          begins=np.array([FIRST + 2]))
    return {int(month) - FIRST: float(pm) for month, pm in zip(found["month"], found["person_months"], strict=True)}


def test_a_slower_variant_spreads_the_same_person_months():
    assert needs(2.0) == {2: 0.5, 3: 0.5, 4: 0.25, 5: 0.25}
    assert needs(0.5) == {2: 1.5}
    assert needs(2.0, delay=3) == {5: 0.5, 6: 0.5, 7: 0.25, 8: 0.25}
    assert sum(needs(1.37).values()) == pytest.approx(1.5)


def test_a_start_later_moves_its_need_by_as_many_months():
    assert needs(1.0, delay=3, action="start") == {5: 1.0, 6: 0.5}


def test_the_newest_estimate_of_months_says_how_long_a_project_still_takes():
    projects = pd.DataFrame({
        "project_id": ["A", "B", "C", "D"], "state": ["running", "proposed", "running", "running"],
        "start_month": pd.array([FIRST - 3, FIRST, FIRST - 30, None], dtype="Int64"), "planned_months": [12, 5, 10, 4]})
    estimates = pd.DataFrame({
        "project_id": "A", "quantity": "months", "as_of": ["2025-12-31", "2024-12-31"],
        "p10": [3.0, 30.0], "p50": [4.0, 40.0], "p90": [8.0, 80.0]})
    weights = np.array([0.3, 0.4, 0.3])
    # A 4.9 rounded up, B as planned, C is overdue and takes at least a month, of D nobody knows when it began.
    assert lengths(projects, estimates, first=FIRST, weights=weights).tolist() == [5, 5, 1, 0]
    assert lengths(projects, None, first=FIRST, weights=weights).tolist() == [9, 5, 1, 0]
