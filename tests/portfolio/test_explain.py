"""Reasons: one for every project, with the numbers, and true."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.months import parse_month
from pmlib.portfolio import Policy, Reason, rebalance

JAN = parse_month("2026-01")


@pytest.mark.parametrize("seed", range(4))
def test_every_project_has_a_code_and_a_sentence(make_tables, seed):
    actions = rebalance(make_tables(seed), policy=Policy(mix="off", max_changes=4)).actions
    assert set(actions["reason_code"]) <= {str(code) for code in Reason}
    assert actions["reason"].str.fullmatch(r"[A-Z0-9-].*\.").all()


def told(projects, values=None, period="2025-12", policy=None, **tables):
    frame = pd.DataFrame(projects)
    given = None if values is None else pd.Series(values, index=frame["project_id"], dtype=float)
    rows = rebalance({"projects": frame, **tables}, period=period, values=given, policy=policy).actions
    return list(zip(rows["action"], rows["reason_code"], rows["reason"], strict=True))


def test_the_scarcest_limit_is_named_for_what_is_crowded_out():
    demand = pd.DataFrame({"project_id": ["A", "B"], "action": "start", "skill": "data engineering", "month": JAN + 2,
                           "person_months": 1.0})
    capacity = pd.DataFrame({"skill": ["data engineering"], "month": [JAN + 2], "person_months": [1.5]})
    flows = pd.DataFrame({"project_id": ["A", "B"], "year": 2026, "cost_k": 104.0, "benefit_k": [312.0, 208.0]})
    (_, _, first), (verb, code, second) = told(
        {"project_id": ["A", "B"], "state": "proposed", "bac_k": 104.0}, cash_flows=flows, demand=demand,
        capacity=capacity)
    assert first == "100 still to spend buy 300."
    assert (verb, code) == ("decline", "crowded out")
    assert second == "100 to go would buy 200, but data engineering in 2026-03 has no room for it."


def test_change_limits_frozen_projects_and_unknown_values_are_named():
    options = pd.DataFrame({"project_id": ["C"], "action": ["keep"], "frozen_until": [JAN + 5]})
    rows = told({"project_id": ["A", "B", "C", "D"], "state": ["proposed", "proposed", "running", "running"],
                 "bac_k": 100.0}, [50, 90, -10, None], options=options, policy=Policy(max_changes=1))
    assert rows[0][1:] == ("change limit", "To start would bring 50 more, but the limit on change is used up "
                                           "(most changes).")
    assert rows[1][:2] == ("start", "worth it")
    assert rows[2][1:] == ("frozen", "Frozen until 2026-06: no change before that month.")
    assert rows[3][1] == "no value known"


def test_a_project_with_one_open_action_says_what_closed_the_others():
    options = pd.DataFrame({"project_id": ["A"], "action": ["keep"], "no_stop": [True]})
    rows = told({"project_id": ["A"], "state": "running", "bac_k": 100.0}, [50], options=options)
    assert rows[0][1:] == ("only choice", "Nothing else is allowed (hold: not among its options; stop: not among its "
                                          "options); worth 50 for 100 still to spend.")


def test_near_ties_are_shown():
    rows = told({"project_id": ["A"], "state": "proposed", "bac_k": 1000.0}, [4])
    assert rows[0] == ("start", "near tie", "Near tie: to decline instead would lose only 4; worth 4 for 1,000 still "
                                            "to spend.")


def test_a_stop_with_little_spent_is_no_sunk_cost_story():
    project = {"project_id": ["A"], "state": "running", "bac_k": 1000.0, "spent_k": 100.0, "exit_cost_k": 20.0}
    rows = told(project, [-300])
    assert rows[0] == ("stop", "no value", "Worth -300 for 900 still to spend; stopping comes to -20.")


def test_going_on_with_a_loss_smaller_than_the_exit_is_the_least_bad():
    rows = told({"project_id": ["A"], "state": "running", "bac_k": 1000.0, "exit_cost_k": 200.0}, [-50.0],
                options=pd.DataFrame({"project_id": ["A", "A"], "action": ["keep", "stop"]}))
    assert rows[0] == ("keep", "least bad", "Loses 50, but to stop would lose 150 more.")


def test_points_lost_by_a_hold_are_no_near_tie_however_dear_the_project():
    (verb, code, reason), = told({"project_id": ["A"], "state": "running", "bac_k": [16_983.0]}, values=[83.0],
                                 policy=Policy(objective="score"))
    assert (verb, code) == ("keep", "worth it")
    assert reason == "Worth 83 points for 16,983 still to spend."
