"""The roadmap: what moved a project, what it waits for, which skill is tight, and plain words when there is no plan."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.actions import ON
from pmlib.portfolio.timing.roadmaps import roadmap

FIRST = 2026 * 12 + 1


def _two(capacity=1.0, **extra):
    """Two candidates of three months that need one designer each."""
    ids = ["A", "B"]
    return {
        "projects": pd.DataFrame({"project_id": ids, "state": "proposed", "bac_k": 100.0, "spent_k": 0.0,
                                  "start_month": FIRST, "planned_months": 3}),
        "cash_flows": pd.DataFrame({"project_id": ids, "year": 2026, "cost_k": 50.0, "benefit_k": [400.0, 300.0]}),
        "demand": pd.DataFrame([(p, "start", "design", FIRST + m, 1.0) for p in ids for m in range(3)],
                               columns=["project_id", "action", "skill", "month", "person_months"]),
        "capacity": pd.DataFrame({"skill": "design", "month": range(FIRST, FIRST + 12), "person_months": capacity}),
    } | extra


def _map(tables, **policy):
    return roadmap(rebalance(tables, period="2025-12", policy=Policy(**policy)), tables)


def test_the_limit_that_moved_a_project_is_named():
    result = _map(_two(), start_choices=2)
    row = result.table.set_index("project_id").loc["B"]
    assert (row["begin"], row["moved_months"], row["finish"]) == (FIRST + 3, 3, FIRST + 5)
    assert row["moved_by"] == "design in 2026-01 to 2026-03"
    assert (row["skill"], row["skill_share"]) == ("design", 1.0)
    assert "1 begins later than planned (1 by design in 2026-01 to 2026-03)" in result.summary()


def test_an_earliest_start_and_a_month_gone_by_are_no_limits():
    options = pd.DataFrame({"project_id": ["A"], "action": "start", "earliest_start": [FIRST + 2]})
    tables = _two(capacity=2.0, options=options)
    tables["projects"] = tables["projects"].assign(start_month=[FIRST, FIRST - 4])
    moved = _map(tables).table.set_index("project_id")["moved_by"]
    assert moved.to_dict() == {"A": "its earliest start", "B": "the planned month has passed"}


def test_with_people_enough_nobody_is_moved():
    result = _map(_two(capacity=2.0), start_choices=3)
    assert result.table["moved_months"].tolist() == [0, 0]
    assert "All begin as planned." in result.summary()


def test_a_project_that_begins_before_what_it_needs_is_finished_is_noted():
    links = pd.DataFrame({"link_id": "L1", "member_id": ["B", "A"], "type": "requires_active",
                          "role": ["needs", "needed"], "amount_k": 0.0})
    tables = _two(capacity=2.0, links=links)
    active = _map(tables)
    assert active.table.set_index("project_id").loc["B", "waits_for"] == "A"
    assert active.table["waits_until"].isna().all()
    assert not active.notes
    plan = rebalance(tables, period="2025-12")
    finished = roadmap(plan, tables | {"links": links.assign(type="requires_finished")})
    assert finished.table.set_index("project_id").loc["B", "waits_until"] == FIRST + 2
    assert finished.notes == ("Before what they need is finished begin: B (A).",)


def test_projects_without_a_finish_are_named():
    tables = _two(capacity=2.0)
    tables["projects"] = tables["projects"].drop(columns="planned_months")
    del tables["demand"]
    assert "No finish is known for A, B" in _map(tables).summary()
    assert "last is expected" not in _map(tables).summary()


def test_without_a_plan_it_says_so():
    tables = _two()
    tables["projects"] = tables["projects"].assign(mandatory=True)
    result = _map(tables)
    assert result.table.empty
    assert result.summary() == "No project goes on: the plan is infeasible."
    assert result.headline() == {"0 projects": "go on"}
    assert len(result.to_frame()) == 0


def test_a_plan_that_goes_on_with_nothing_is_empty():
    tables = _two()
    tables["cash_flows"] = tables["cash_flows"].assign(benefit_k=1.0)
    assert _map(tables).summary() == "No project goes on under the plan."


def test_months_are_text_in_the_frame_and_no_input_is_changed():
    tables = _two()
    before = {name: frame.copy() for name, frame in tables.items()}
    frame = _map(tables, start_choices=2).to_frame()
    assert frame["begin"].tolist() == ["2026-01", "2026-04"]
    assert frame["finish_p90"].isna().all()
    assert all(frame.equals(tables[name]) for name, frame in before.items())


@pytest.mark.parametrize("seed", range(3))
def test_every_kind_of_portfolio_has_a_roadmap(seed, make_tables):
    tables = make_tables(seed)
    plan = rebalance(tables, policy=Policy(mix="off"))
    result = roadmap(plan, tables)
    assert len(result.table) == plan.actions["action"].isin([*ON, "hold"]).sum()
    assert (result.table.loc[result.table["moved_months"] > 0, "moved_by"] != "").all()
    assert result.summary()
    assert repr(result).startswith("<Roadmap: ")
