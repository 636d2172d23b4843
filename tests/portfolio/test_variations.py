from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from pmlib.errors import ParameterError, SchemaError
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.forcing import force
from pmlib.portfolio.variations import Variations, what_if


def _rebalanced(tables, *, policy, budget_k=None, capacity=None, mix=None):
    """The long way: change the tables or the policy and decide anew."""
    tables = dict(tables)
    if capacity:
        people = tables["capacity"]
        factor = people["skill"].map(capacity).fillna(1.0).astype(float)
        tables["capacity"] = people.assign(person_months=people["person_months"] * factor)
    if mix:
        targets = tables["mix_targets"].copy()
        for horizon, band in mix.items():
            targets.loc[targets["horizon"] == horizon, ["floor_share", "ceiling_share"]] = band
        tables["mix_targets"] = targets
    if budget_k is not None:
        policy = replace(policy, budget_k=budget_k)
    return rebalance(tables, period="2025-12", policy=policy)


def _same(found, plan):
    assert found.status == plan.status
    assert found.actions["action"].fillna("").tolist() == plan.actions["action"].fillna("").tolist()
    assert found.binding == plan.binding
    pd.testing.assert_frame_equal(found.mix, plan.mix)
    pd.testing.assert_frame_equal(found.mends, plan.mends)
    if plan.found:
        assert found.value_k == pytest.approx(plan.value_k, rel=1e-6)
        assert found.cost_k == pytest.approx(plan.cost_k, rel=1e-9)
        assert found.actions["reason"].tolist() == plan.actions["reason"].tolist()


@pytest.fixture(scope="module")
def variations(quillmark):
    return Variations(rebalance(quillmark, period="2025-12"))


@pytest.mark.parametrize("moved", [
    {"budget_k": 14_000.0}, {"budget_k": 9_000.0}, {"budget_k": 1_500.0}, {"capacity": {"data engineering": 0.8}},
    {"mix": {"core": (0.7, 0.8)}}, {"mix": {"adjacent": (0.0, 1.0)}},
    {"budget_k": 14_000.0, "capacity": {"data engineering": 1.2}, "mix": {"new": (0.08, 0.2)}},
], ids=str)
def test_the_answer_is_that_of_deciding_anew(variations, quillmark, moved):
    _same(variations.ask(**moved), _rebalanced(quillmark, policy=Policy(), **moved))


SMALL = {
    "projects": pd.DataFrame({
        "project_id": [f"P{i}" for i in range(1, 7)], "name": [f"Project {i}" for i in range(1, 7)],
        "programme_id": ["G1", "G2"] * 3, "state": "proposed", "bac_k": [100.0, 200, 150, 120, 90, 60]}),
    "programmes": pd.DataFrame({"programme_id": ["G1", "G2"], "name": ["Old", "Young"], "horizon": ["core", "new"]}),
    "cash_flows": pd.DataFrame({
        "project_id": [f"P{i}" for i in range(1, 7)] * 2, "year": [2026] * 6 + [2027] * 6,
        "cost_k": [60.0, 100, 90, 70, 50, 30, 40, 100, 60, 50, 40, 30],
        "benefit_k": [150.0, 330, 220, 160, 120, 95] * 2}),
    "budgets": pd.DataFrame({"year": [2026, 2027], "opex_k": [250.0, 220.0]}),
    "mix_targets": pd.DataFrame({"horizon": ["core", "new"], "floor_share": [0.3, 0.2], "ceiling_share": [0.8, 0.6]}),
    "demand": pd.DataFrame({"project_id": [f"P{i}" for i in range(1, 7)], "action": "start", "skill": "design",
                            "month": 2026 * 12 + 1, "person_months": [1.0, 2, 1, 1, 1, 0.5]}),
    "capacity": pd.DataFrame({"skill": "design", "month": [2026 * 12 + 1], "person_months": [4.0],
                              "hire_limit_pm": [1.0], "hire_cost_k": [12.0]}),
}


@pytest.mark.parametrize("policy", [
    Policy(), Policy(mix="priced", mix_price=0.3), Policy(mix="priced", mix_of="budget", carry_over=0.5),
    Policy(mix_of="budget", carry_over=1.0), Policy(budget_k=400.0),
], ids=["hard", "priced", "priced share of budget", "share of budget", "one budget"])
@pytest.mark.parametrize("moved", [
    {"budget_k": 300.0}, {"capacity": {"design": 0.6}}, {"mix": {"core": (0.5, 0.9), "new": (0.0, 0.5)}},
    {"budget_k": 250.0, "capacity": {"design": 1.5}, "mix": {"new": (0.35, 0.5)}},
], ids=str)
def test_every_way_to_hold_a_mix_and_a_budget_is_changed_as_the_tables_would_be(policy, moved):
    start = rebalance(SMALL, period="2025-12", policy=policy)
    _same(what_if(start, **moved), _rebalanced(SMALL, policy=policy, **moved))


def test_the_order_of_the_questions_changes_no_answer():
    start = rebalance(SMALL, period="2025-12")
    budgets = [200.0, 450.0, 320.0]
    there, back = Variations(start), Variations(start)
    first = [there.ask(budget_k=one).actions["action"].tolist() for one in budgets]
    assert first == [back.ask(budget_k=one).actions["action"].tolist() for one in reversed(budgets)][::-1]


def test_a_search_cut_short_says_how_much_more_another_plan_may_be_worth(variations):
    found = Variations(variations.plan, node_limit=1).ask(budget_k=15_000.0)
    assert found.status == "within gap" and found.gap > 1e-3
    assert f"Not proved: another plan may be worth up to {found.bound - found.value_k:,.0f} more" in found.summary()


def test_nothing_moved_is_the_starting_plan_and_the_same_question_is_answered_once():
    start = rebalance(SMALL, period="2025-12")
    variations = Variations(start)
    found = variations.ask(capacity={"design": 1.0}, mix={"core": (0.3, 0.8)})
    assert found.decisions.empty and found.change == ""
    assert (found.difference_k, found.outcome) == (0.0, start.outcome)
    assert variations.ask(budget_k=300) is variations.ask(budget_k=300.0)


def test_insisting_costs_what_forcing_the_old_verb_costs():
    found = what_if(rebalance(SMALL, period="2025-12"), budget_k=200.0, exact=True)
    decided = _rebalanced(SMALL, policy=Policy(), budget_k=200.0)
    assert len(found.decisions) > 1 and found.decisions["exact"].all()
    for row in found.decisions.itertuples():
        assert row.lower_k == pytest.approx(decided.force(row.project_id, row.before), rel=1e-6, abs=1e-6)
        assert row.reason.startswith(f"{row.before} → {row.action}: ")


def test_a_cost_that_is_only_bounded_says_both_bounds_and_holds_the_exact_one(variations):
    found = variations.ask(budget_k=14_000.0)
    bounded = found.decisions[~found.decisions["exact"]]
    assert len(bounded) > 2
    row = bounded.iloc[-1]
    exact = force(found.problem, found.outcome, row["project_id"], action=row["before"])
    assert row["lower_k"] - 1e-6 <= exact <= row["upper_k"] + 1e-6
    assert " to " in row["insisting"] or row["insisting"].startswith("at least ")


def test_an_infeasible_budget_says_what_mends_it():
    must = SMALL | {"projects": SMALL["projects"].assign(mandatory=[True] + [False] * 5)}
    found = what_if(rebalance(must, period="2025-12"), budget_k=40.0)
    assert not found.found and found.decisions.empty and math.isnan(found.value_k)
    assert found.summary().startswith("Infeasible: no plan holds every limit. It needs ")
    assert found.headline() == {"infeasible": "no plan holds every limit"}


def test_without_a_starting_plan_the_answer_is_compared_with_going_on_as_now():
    must = SMALL | {"projects": SMALL["projects"].assign(mandatory=[True] + [False] * 5)}
    start = rebalance(must, period="2025-12", policy=Policy(budget_k=40.0))
    assert not start.found
    found = what_if(start, budget_k=400.0)
    assert found.found and set(found.actions["before"]) == {"decline"}
    assert "from going on as now" in found.summary()


def test_the_summary_says_value_difference_and_how_many_decisions_differ():
    found = what_if(rebalance(SMALL, period="2025-12"), budget_k=200.0)
    assert f"{-found.difference_k:,.0f} less than the starting plan" in found.summary()
    assert f"{len(found.decisions)} decisions differ from the starting plan" in found.summary()
    assert repr(found).startswith("<WhatIf budget 200 thousand for all years together: value ")
    assert list(found.headline())[-1] == "proved"


def test_the_figure_draws_what_insisting_costs():
    found = what_if(rebalance(SMALL, period="2025-12"), budget_k=200.0)
    assert found.plot().get_xlabel()


@pytest.mark.parametrize(("moved", "said"), [
    ({"budget_k": -1.0}, "budget_k: got -1"), ({"budget_k": math.nan}, "budget_k: got nan"),
    ({"capacity": {"desing": 1.0}}, "Did you mean 'design'"), ({"capacity": -0.5}, "a factor of 0 or more"),
    ({"mix": {"cor": (0, 1)}}, "no project has the horizon 'cor'"), ({"mix": {"core": (0.8, 0.2)}}, "got 0.8 to 0.2"),
    ({"mix": {"core": 0.5}}, "mix of core"), ({"mix": 0.5}, "mix: got 0.5, allowed a mapping"),
])
def test_a_limit_that_cannot_be_is_refused_by_name(moved, said):
    with pytest.raises(ParameterError, match=said):
        what_if(rebalance(SMALL, period="2025-12"), **moved)


def test_floors_that_add_up_to_more_than_everything_are_refused_as_in_a_workbook():
    with pytest.raises(SchemaError, match="the floors add up to 130.0 %"):
        what_if(rebalance(SMALL, period="2025-12"), mix={"core": (0.7, 0.8), "new": (0.6, 0.7)})


def test_bands_that_the_policy_leaves_alone_cannot_be_moved():
    with pytest.raises(ParameterError, match="the policy leaves the bands alone"):
        what_if(rebalance(SMALL, period="2025-12", policy=Policy(mix="off")), mix={"core": (0.1, 0.2)})


def test_only_a_decision_can_be_compared_with():
    with pytest.raises(ParameterError, match="plan: got a dict, allowed a Decision"):
        what_if(SMALL)


def test_without_bands_is_worth_at_least_as_much():
    variations = Variations(rebalance(SMALL, period="2025-12"))
    assert variations.bands == {"core": (0.3, 0.8), "new": (0.2, 0.6)}
    assert variations.without_bands().value_k >= variations.ask().value_k
    assert not len(variations.without_bands().problem.model.rows("mix floor", "mix ceiling"))
