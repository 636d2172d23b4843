"""Actions: which are open, why the others are not, and what delay does to money, people and value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.months import parse_month
from pmlib.portfolio.actions import build_actions, first_month, positions, to_decide
from pmlib.portfolio.policy import Policy

JAN = parse_month("2026-01")


def tables(**more):
    projects = pd.DataFrame({
        "project_id": ["R", "S", "H", "D"], "state": ["running", "proposed", "held", "done"],
        "bac_k": [300.0, 200.0, 100.0, 50.0], "spent_k": [100.0, 0.0, 20.0, 50.0], "exit_cost_k": [10.0, 0.0, 5.0, 0.0],
        "salvage_k": [4.0, 0.0, 0.0, 0.0], "start_month": pd.array([None, JAN + 2, None, None], dtype="Int64")})
    flows = pd.DataFrame({"project_id": ["R", "R", "S"], "year": [2026, 2027, 2026], "cost_k": [120.0, 60.0, 200.0],
                          "capex_share": [0.5, 0.5, 0.0], "benefit_k": [0.0, 500.0, 400.0]})
    demand = pd.DataFrame([("R", "keep", "data", JAN - 1, 9.0), ("R", "keep", "data", JAN, 1.0),
                           ("S", "start", "data", JAN + 2, 2.0), ("S", "keep", "data", JAN, 7.0)],
                          columns=["project_id", "action", "skill", "month", "person_months"])
    return {"projects": projects, "cash_flows": flows, "demand": demand} | more


def options(*rows):
    columns = ["project_id", "action", "earliest_start", "latest_start", "hold_cost_k", "no_stop", "frozen_until"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"earliest_start": "Int64", "latest_start": "Int64", "frozen_until": "Int64"})


def verbs(actions, project_id):
    return actions.frame.loc[actions.frame["project_id"] == project_id, "action"].tolist()


def test_every_state_has_its_own_actions():
    actions = build_actions(tables(), period="2025-12")
    assert verbs(actions, "R") == ["keep", "hold", "stop"]
    assert verbs(actions, "S") == ["start", "decline"]
    assert actions.projects["project_id"].tolist() == ["H", "R", "S"]
    assert actions.left_out["why"].tolist() == ["no value is known, so it stays as it is"] * 2


def test_what_is_left_out_says_why():
    limits = options(("R", "keep", None, None, 0.0, True, None), ("R", "stop", None, None, 0.0, False, None),
                     ("S", "start", None, JAN - 2, 0.0, False, None), ("H", "stop", None, None, 0.0, False, JAN + 3))
    actions = build_actions(tables(options=limits), period="2025-12", values=pd.Series({"H": 1.0}))
    assert verbs(actions, "R") == ["keep"]
    assert verbs(actions, "S") == ["decline"]
    assert verbs(actions, "H") == ["hold"]
    whys = {(row.project_id, row.action): row.why for row in actions.left_out.itertuples()}
    assert whys["R", "stop"] == "a contract forbids stopping"
    assert whys["R", "hold"] == "not among its options"
    assert whys["S", "start"] == "its latest start 2025-11 has passed"
    assert whys["H", "start"] == "frozen until 2026-04"


def test_a_project_whose_options_leave_nothing_goes_on_as_now():
    actions = build_actions(tables(options=options(("R", "start", None, None, 0.0, False, None))), period="2025-12")
    assert verbs(actions, "R") == ["keep"]


def test_a_hold_moves_money_and_people_and_costs_its_fee():
    limits = options(*[("R", verb, None, None, 12.0 if verb == "hold" else 0.0, False, None)
                       for verb in ("keep", "hold", "stop")])
    actions = build_actions(tables(options=limits), period="2025-12")
    hold = int(np.flatnonzero((actions.frame["project_id"] == "R") & (actions.frame["action"] == "hold"))[0])
    assert actions.years[:3] == (2026, 2027, 2028)
    assert actions.capex_k[hold, :3].tolist() == pytest.approx([30, 45, 15])
    assert actions.opex_k[hold, :3].tolist() == pytest.approx([42, 45, 15])
    keep = actions.frame.iloc[hold - 1]
    assert actions.frame["value_k"][hold] == pytest.approx(keep["value_k"] / 1.08**0.5 - 12)
    people = actions.people[actions.people["action"] == hold]
    assert people[["month", "person_months"]].to_numpy().tolist() == [[JAN + 6, 1.0]]


def test_stopping_costs_its_exit_and_brings_its_salvage():
    actions = build_actions(tables(), period="2025-12")
    stop = actions.frame[(actions.frame["project_id"] == "R") & (actions.frame["action"] == "stop")]
    assert stop[["value_k", "cost_k"]].iloc[0].tolist() == [-6.0, 10.0]


def test_a_late_start_moves_money_people_and_discounts_the_value():
    on_time = build_actions(tables(), period="2025-12")
    late = build_actions(tables(options=options(("S", "start", JAN + 17, None, 0.0, False, None))), period="2025-12")
    row = int(np.flatnonzero(late.frame["action"] == "start")[0])
    base = int(np.flatnonzero(on_time.frame["action"] == "start")[0])
    assert late.frame["delay_months"][row] == 15
    assert late.frame["value_k"][row] == pytest.approx(on_time.frame["value_k"][base] * 1.08 ** (-15 / 12))
    assert late.opex_k[row, :3].tolist() == pytest.approx([0, 150, 50])
    assert late.people.loc[late.people["action"] == row, "month"].tolist() == [JAN + 17]


def test_money_without_cash_flows_is_what_is_left_in_the_first_year():
    actions = build_actions(tables(), period="2025-12", values=pd.Series({"H": 9.0}))
    start = actions.frame[actions.frame["project_id"] == "H"].index[0]
    assert actions.opex_k[start, 0] == 80.0


def test_going_on_as_now_is_found_for_every_project():
    actions = build_actions(tables(), period="2025-12")
    assert actions.frame["action"].iloc[positions(actions)].tolist() == ["hold", "keep", "decline"]


def test_the_period_comes_from_the_workbook_else_from_the_tables():
    book = pd.DataFrame({"as_of": pd.to_datetime(["2025-12-31"])})
    assert first_month({"workbook": book}, None) == JAN
    assert first_month(tables(), None) == JAN
    assert first_month(tables(), "2026-03") == JAN + 3
    assert first_month({"capacity": pd.DataFrame({"month": [JAN + 1]})}, None) == JAN + 1
    with pytest.raises(ParameterError, match="period: not given, and no table has a date"):
        first_month({}, None)
    with pytest.raises(ParameterError, match="allowed YYYY-MM"):
        first_month({}, "2025-13")


def test_nothing_to_decide_is_said():
    with pytest.raises(MissingTableError, match="1 rows, none is proposed, running or held"):
        to_decide({"projects": pd.DataFrame({"project_id": ["D"], "state": ["done"], "bac_k": [1.0]})})


def test_a_plan_that_begins_within_a_year_says_so():
    actions = build_actions(tables(), period="2026-06", policy=Policy())
    assert any("within 2026" in note for note in actions.notes)


@pytest.mark.parametrize("period", [2025, 0, -3, 10**9])
def test_a_period_that_is_no_month_is_refused(period):
    with pytest.raises(ParameterError, match="period: got .*allowed year \\* 12 \\+ month"):
        first_month({}, period)


def test_variants_without_a_pace_are_said_and_shut_no_other_action():
    listed = pd.DataFrame({"project_id": ["R", "R"], "action": ["slow", "fast"]})
    actions = build_actions(tables(options=listed), period="2025-12", policy=Policy())
    assert any(note.startswith("2 slower or faster variants are left out: how long") for note in actions.notes)
    assert {"keep", "stop"} <= set(actions.frame.loc[actions.frame["project_id"] == "R", "action"])
