"""Links: needs, exclusions, joint gains and penalties, benefits that count once."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import SchemaError
from pmlib.months import parse_month
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.mends import conflict

IDS = ["A", "B", "C"]


def decide(values, *links, state="proposed", budget_k=None, more=()):
    projects = pd.DataFrame({"project_id": [*IDS, *(name for name, _ in more)],
                             "state": [state] * 3 + [kind for _, kind in more], "bac_k": 100.0})
    columns = ["link_id", "member_id", "type", "role", "amount_k"]
    tables = {"projects": projects, "links": pd.DataFrame(links, columns=columns)}
    decision = rebalance(tables, period="2025-12", values=pd.Series(values, index=IDS, dtype=float),
                         policy=Policy(budget_k=budget_k))
    assert not decision.found or decision.check()
    return decision


def needs(needing, needed, kind="requires_finished"):
    return (f"N{needing}{needed}", needing, kind, "needs", 0.0), (f"N{needing}{needed}", needed, kind, "needed", 0.0)


def reasons(decision):
    return decision.actions.set_index("project_id")["reason"]


def test_an_enabler_that_loses_alone_is_started_for_those_it_carries():
    decision = decide([-60, 200, 110], *needs("B", "A"), *needs("C", "A", "requires_active"))
    assert (decision.actions["action"] == "start").all()
    assert decision.actions["reason_code"].tolist() == ["carries others", "worth it", "worth it"]
    assert reasons(decision)["A"] == "Loses 60 alone, carries B and C: together they bring 250."


def test_a_project_whose_enabler_is_too_dear_says_what_it_needs():
    decision = decide([-400, 200, 110], *needs("B", "A"))
    assert decision.actions["action"].tolist() == ["decline", "decline", "start"]
    assert decision.actions["reason_code"].tolist() == ["no value", "needs a project not chosen", "worth it"]
    assert "Needs A, which the plan does not do" in reasons(decision)["B"]


def test_a_needed_project_that_is_done_is_met_and_a_stopped_one_never():
    done = decide([10, 200, 110], *needs("B", "X"), more=[("X", "done")])
    assert done.actions["action"].tolist() == ["start", "start", "start"]
    never = decide([10, 200, 110], *needs("B", "X"), more=[("X", "stopped")])
    assert never.actions["action"].tolist() == ["start", "decline", "start"]


def test_of_two_that_exclude_each_other_the_better_goes():
    link = [("E", m, "excludes", "member", 0.0) for m in ("A", "B")]
    decision = decide([100, 200, 10], *link)
    assert decision.actions["action"].tolist() == ["decline", "start", "start"]
    assert reasons(decision)["A"].startswith("Excluded by B; worth 100 for 100 still to spend")


def test_a_joint_gain_carries_what_loses_alone():
    link = [("S", m, "synergy", "member", 80.0) for m in ("A", "B")]
    decision = decide([-50, 20, 10], *link)
    assert decision.value_k == pytest.approx(60)
    assert decision.actions["reason_code"][0] == "joint gain"
    assert decision.effects.to_numpy().tolist() == [["gain", "S", "A, B", 80.0]]


def test_a_joint_penalty_counts_only_when_all_are_on():
    link = [("S", m, "synergy", "member", -80.0) for m in ("A", "B")]
    assert decide([50, 70, 10], *link).value_k == pytest.approx(80)
    assert decide([90, 95, 10], *link).value_k == pytest.approx(115)


def test_a_gain_with_a_done_member_is_open_and_with_a_stopped_one_is_not():
    link = [("S", m, "synergy", "member", 80.0) for m in ("A", "X")]
    assert decide([50, 70, 10], *link, more=[("X", "done")]).value_k == pytest.approx(210)
    assert decide([50, 70, 10], *link, more=[("X", "stopped")]).value_k == pytest.approx(130)


def test_a_benefit_claimed_by_three_counts_once():
    link = [("O", m, "overlap", "member", 2400.0) for m in IDS]
    decision = decide([2500, 2450, 2430], *link)
    assert decision.value_k == pytest.approx(2500 + 50 + 30)
    assert decision.effects["value_k"].tolist() == [-4800.0]
    crowded = decide([2500, 2390, 2380], *link)
    assert crowded.actions["reason_code"].tolist() == ["worth it", "counted elsewhere", "counted elsewhere"]
    assert reasons(crowded)["B"].endswith("but that benefit is already counted in A.")


def test_a_link_without_its_roles_is_noted():
    decision = decide([1, 1, 1], ("N", "A", "requires_active", "member", 0.0))
    assert decision.notes[-1] == "Link N (requires_active) lacks a 'needs' or a 'needed' member and has no effect."


def test_links_that_contradict_frozen_projects_are_mended_last():
    projects = pd.DataFrame({"project_id": ["A", "B"], "state": ["running", "stopped"], "bac_k": 1.0})
    options = pd.DataFrame({"project_id": ["A"], "action": ["keep"], "frozen_until": [2027 * 12]})
    links = pd.DataFrame(needs("A", "B"), columns=["link_id", "member_id", "type", "role", "amount_k"])
    decision = rebalance({"projects": projects, "options": options, "links": links}, period="2025-12",
                         values=pd.Series({"A": 1.0}))
    assert decision.mends.empty
    assert conflict(decision.problem) == (("requires", "A", "B"),)


def test_a_link_that_contradicts_itself_is_refused():
    amounts = [("S", "A", "synergy", "member", 80.0), ("S", "B", "synergy", "member", -80.0)]
    with pytest.raises(SchemaError, match="links: S has amount_k 80.0 in the row of A and -80.0 in that of B.*Write"):
        decide([1, 1, 1], *amounts)
    types = [("T", "A", "excludes", "member", 0.0), ("T", "B", "synergy", "member", 0.0)]
    with pytest.raises(SchemaError, match="links: T has type excludes in the row of A and synergy in that of B"):
        decide([1, 1, 1], *types)


def test_a_claim_inside_a_benefit_nobody_knows_takes_nothing_away():
    projects = pd.DataFrame({"project_id": ["A", "U"], "state": ["proposed", "running"], "bac_k": 100.0})
    links = pd.DataFrame([("O", m, "overlap", "member", 400.0) for m in ("A", "U")],
                         columns=["link_id", "member_id", "type", "role", "amount_k"])
    tables = {"projects": projects, "links": links}
    decision = rebalance(tables, period="2025-12", values=pd.Series({"A": 500.0}))
    assert decision.value_k == pytest.approx(500)
    assert decision.check()


def holding(links):
    """Two running projects of 900 each that would both go on; people for one of them now, for both later."""
    projects = pd.DataFrame({"project_id": ["A", "B"], "state": "running", "bac_k": 100.0})
    flows = pd.DataFrame({"project_id": ["A", "B"], "year": 2026, "cost_k": 100.0, "benefit_k": 1000.0})
    demand = pd.DataFrame({"project_id": ["A", "B"], "action": "keep", "skill": "x", "month": parse_month("2026-01"),
                           "person_months": 1.0})
    capacity = pd.DataFrame({"skill": "x", "month": [parse_month("2026-01"), parse_month("2026-07")],
                             "person_months": [1.0, 2.0]})
    tables = {"projects": projects, "cash_flows": flows, "demand": demand, "capacity": capacity,
              "links": pd.DataFrame(links, columns=["link_id", "member_id", "type", "role", "amount_k"])}
    return rebalance(tables, period="2025-12")


def verbs_of(decision):
    return sorted(decision.actions["action"])


def test_without_a_link_one_project_is_held_until_people_are_free():
    assert verbs_of(holding([])) == ["hold", "keep"]


def test_a_hold_does_not_escape_an_exclusion():
    assert verbs_of(holding([("L", m, "excludes", "member", 0.0) for m in "AB"])) == ["keep", "stop"]


def test_a_hold_does_not_escape_a_joint_penalty():
    decision = holding([("L", m, "synergy", "member", -2000.0) for m in "AB"])
    assert verbs_of(decision) == ["keep", "stop"]
    assert holding([("L", m, "synergy", "member", -100.0) for m in "AB"]).effects["value_k"].tolist() == [-100.0]


def test_a_hold_does_not_escape_a_benefit_counted_once():
    decision = holding([("L", m, "overlap", "member", 900.0) for m in "AB"])
    assert verbs_of(decision) == ["keep", "stop"]


def test_a_held_project_still_needs_what_it_needs_later():
    links = [("L", "A", "requires_active", "needs", 0.0), ("L", "B", "requires_active", "needed", 0.0)]
    decision = holding(links)
    action = decision.actions.set_index("project_id")["action"]
    assert action.to_dict() == {"A": "hold", "B": "keep"}


@pytest.mark.parametrize("seed", [3000, 3001, 3002, 3003, 3004])
def test_every_project_has_its_reason(make_tables, seed):
    decision = rebalance(make_tables(seed), policy=Policy(mix="off", hold_months=(3, 9), start_choices=2))
    assert decision.actions["reason"].str.fullmatch(r"[A-Z0-9-].*\.").all()


def pair(kind):
    return pd.DataFrame([("L", "A", kind, "needs", 0.0), ("L", "B", kind, "needed", 0.0)],
                        columns=["link_id", "member_id", "type", "role", "amount_k"])


def test_what_is_held_because_another_held_one_needs_it_says_so():
    tables = {
        "projects": pd.DataFrame({"project_id": ["A", "B"], "state": "running", "bac_k": 1.0}),
        "demand": pd.DataFrame({"project_id": ["A"], "action": "keep", "skill": "data", "month": [2026 * 12 + 1],
                                "person_months": 1.0}),
        "capacity": pd.DataFrame({"skill": "data", "month": [2026 * 12 + 1], "person_months": 0.0}),
        "links": pair("requires_active"),
    }
    actions = rebalance(tables, period="2025-12", values={"A": 100.0, "B": -10.0}).actions
    assert actions["action"].tolist() == ["hold", "hold"]
    assert actions["reason_code"].tolist() == ["needs a project not chosen", "carries others"]
    assert "Needs B, which goes on only later" in actions["reason"].iloc[0]
    assert "carries A" in actions["reason"].iloc[1]


def project(name, **more):
    return {"project_id": name, "state": "proposed", "bac_k": 100.0, "start_month": 2026 * 12 + 1, **more}


@pytest.mark.parametrize(("choices", "verbs"), [(1, ["decline", "start"]), (3, ["start", "start"])])
def test_what_needs_another_finished_begins_when_it_is(choices, verbs):
    links = pair("requires_finished")
    projects = pd.DataFrame([project("A", planned_months=4), project("B", planned_months=5)])
    decision = rebalance({"projects": projects, "links": links}, period="2025-12", values={"A": 100.0, "B": 50.0},
                         policy=Policy(start_choices=choices))
    assert decision.actions["action"].tolist() == verbs
    if choices > 1:
        # B takes January to May; of January, April and July, July is the first month A may begin in.
        assert decision.actions["month"].tolist() == [2026 * 12 + 7, 2026 * 12 + 1]


def test_a_running_project_is_not_stopped_because_the_one_it_needs_is_late():
    links = pair("requires_finished")
    projects = pd.DataFrame([project("A", planned_months=4), project("B", planned_months=5)]).assign(state="running")
    decision = rebalance({"projects": projects, "links": links}, period="2025-12", values={"A": 100.0, "B": 50.0})
    assert decision.actions["action"].tolist() == ["keep", "keep"]
