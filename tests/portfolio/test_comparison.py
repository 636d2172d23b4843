"""Rules of thumb: they never beat a proved plan, and what they break is said."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import ParameterError, SchemaError
from pmlib.portfolio import Policy, compile_problem, last_decided, rebalance
from pmlib.portfolio.comparison import as_decided


@pytest.mark.parametrize("seed", [0, 3, 4, 100])
def test_no_rule_that_holds_every_limit_beats_the_plan(make_tables, seed):
    decision = rebalance(make_tables(seed), policy=Policy(mix="off"))
    if not decision.found:
        return
    frame = decision.against()
    assert frame["rule"].tolist() == ["plan", "going on as now", "greedy by value per cost", "by value"]
    holds = frame[frame["breaks"] == ""]
    assert (holds["loss_k"] >= -1e-5 * abs(decision.value_k)).all()
    assert frame["loss_k"].iloc[0] == 0


def small(**more):
    projects = pd.DataFrame({"project_id": ["A", "B", "C"], "state": "proposed", "bac_k": [60.0, 50.0, 50.0]})
    return {"projects": projects} | more


def test_greedy_falls_for_the_ratio_and_the_ranking_for_the_size():
    values = pd.Series({"A": 90.0, "B": 70.0, "C": 70.0})
    frame = rebalance(small(), period="2025-12", values=values, policy=Policy(budget_k=100.0)).against()
    assert frame["value_k"].tolist() == [140.0, 0.0, 90.0, 90.0]
    assert frame["loss_share"].tolist() == pytest.approx([0, 1, 50 / 140, 50 / 140])


def test_a_rule_is_taken_in_its_stronger_form_with_what_a_project_needs():
    links = pd.DataFrame([("L", "B", "requires_active", "needs"), ("L", "A", "requires_active", "needed")],
                         columns=["link_id", "member_id", "type", "role"])
    values = pd.Series({"A": -10.0, "B": 70.0, "C": 1.0})
    frame = rebalance(small(links=links), period="2025-12", values=values, policy=Policy(budget_k=160.0)).against()
    assert frame["value_k"].tolist() == [61.0, 0.0, 61.0, 61.0]


def test_a_rule_that_ends_outside_the_mix_says_so():
    tables = small(
        programmes=pd.DataFrame({"programme_id": ["G", "N"], "horizon": ["core", "new"]}),
        mix_targets=pd.DataFrame({"horizon": ["new"], "floor_share": [0.4], "ceiling_share": [1.0]}))
    tables["projects"] = tables["projects"].assign(programme_id=["G", "G", "N"])
    values = pd.Series({"A": 90.0, "B": 70.0, "C": -5.0})
    frame = rebalance(tables, period="2025-12", values=values).against()
    assert frame["breaks"].tolist() == ["", "", "floor of the mix for new", "floor of the mix for new"]


def test_going_on_as_now_names_every_limit_it_breaks():
    tables = small()
    tables["projects"] = tables["projects"].assign(state="running")
    values = pd.Series({"A": 90.0, "B": 70.0, "C": 70.0})
    frame = rebalance(tables, period="2025-12", values=values, policy=Policy(budget_k=100.0)).against()
    assert frame["breaks"].tolist()[1] == "budget"
    limited = rebalance(tables, period="2025-12", values=values, policy=Policy(budget_k=500.0, max_stops=1)).against()
    assert limited["value_k"].nunique() == 1


def test_the_last_plan_is_held_against_the_new_one():
    projects = pd.DataFrame({"project_id": ["A", "B", "C"], "state": ["proposed", "running", "running"], "bac_k": 10.0})
    plan = rebalance({"projects": projects}, period="2025-12", values={"A": 50.0, "B": -20.0, "C": 5.0})
    # B was started and runs: it goes on; Z is gone; C was not decided and goes on as now.
    rows = plan.against(last={"A": "decline", "B": "start", "Z": "stop"}).set_index("rule")
    assert rows.loc["last plan", "loss_k"] == pytest.approx(70.0)
    with pytest.raises(ParameterError, match="last: none of its projects is to be decided here"):
        plan.against(last={"Z": "stop"})


def test_the_order_of_the_score_is_a_rule_of_thumb_beside_money():
    projects = pd.DataFrame({"project_id": ["A", "B"], "state": "proposed", "bac_k": 100.0})
    plan = rebalance({"projects": projects}, period="2025-12", values={"A": 50.0, "B": 40.0},
                     points={"A": 1.0, "B": 2.0}, policy=Policy(budget_k=100.0))
    assert plan.against().set_index("rule").loc["by score", "loss_k"] == pytest.approx(10.0)


DECIDED = pd.DataFrame({
    "decision_id": ["D1", "D2", "D3"], "period": ["2025-10", "2025-11", "2025-12"], "project_id": ["A", "A", "B"],
    "recommended": "keep", "decided": ["keep", "hold", "stop"]})


def test_the_last_word_on_every_project_counts_up_to_a_period():
    assert last_decided({"decisions": DECIDED}).to_dict() == {"A": "hold", "B": "stop"}
    assert last_decided({"decisions": DECIDED.iloc[::-1]}, "2025-10").to_dict() == {"A": "keep"}
    for nothing in ({}, {"decisions": None}, {"decisions": DECIDED.iloc[:0]}):
        assert last_decided(nothing) is None
    assert last_decided({"decisions": DECIDED}, "2025-09") is None


@pytest.mark.parametrize(("tables", "error", "words"), [
    (None, ParameterError, "tables: got None, allowed a mapping"),
    ({"decisions": 3}, SchemaError, "decisions: got int, allowed a pandas frame"),
    ({"decisions": DECIDED.drop(columns="decided")}, SchemaError, "decisions: required column 'decided' is missing"),
    ({"decisions": DECIDED.assign(decided="stopp")}, SchemaError, "'decided': not allowed, got 'stopp'.*'stop'"),
    ({"decisions": DECIDED.assign(period="soon")}, SchemaError, "'period': no usable month, got 'soon'"),
])
def test_decisions_that_cannot_be_read_are_refused(tables, error, words):
    with pytest.raises(error, match=words):
        last_decided(tables)


@pytest.mark.parametrize(("last", "words"), [
    ({"A": "STOP"}, "last: A: got 'STOP', allowed stop, decline, hold, keep, start"),
    ({"A": 3}, "last: A: got 3, allowed"),
    (pd.Series(["stop", "keep"], index=["A", "A"]), "last: A: got a Series, allowed"),
    ({}, "last: none of its projects is to be decided"),
])
def test_a_last_plan_with_other_words_is_refused_not_taken_for_going_on(last, words):
    plan = rebalance(small(), period="2025-12", values={"A": 9.0, "B": 1.0, "C": 1.0})
    with pytest.raises(ParameterError, match=words):
        plan.against(last=last)


def test_what_was_not_decided_goes_on_as_now():
    problem = compile_problem(small(), period="2025-12", values={"A": 9.0, "B": 1.0, "C": 1.0})
    listed = pd.Series({"A": "start", "B": None})
    assert problem.actions.frame["action"].iloc[as_decided(problem, listed)].tolist() == ["start", "decline", "decline"]
