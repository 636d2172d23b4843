"""The decision against brute force, a second formulation, and what a board would object to."""

from __future__ import annotations

import dataclasses
import math
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy.optimize import Bounds, LinearConstraint, milp

from pmlib.errors import CheckError, MissingTableError, ParameterError
from pmlib.portfolio import Policy, Status, rebalance
from pmlib.portfolio.plans import Plan

POLICIES = (
    {}, {"budget_k": 900.0}, {"max_changes": 2}, {"max_stops": 0, "mix": "off"}, {"mix": "off", "hold_months": 12},
)


@pytest.mark.parametrize("options", POLICIES, ids=lambda options: "-".join(options) or "defaults")
@pytest.mark.parametrize("seed", [0, 1, 3, 4])
def test_decision_matches_brute_force_with_every_kind_of_limit(make_tables, brute_force, seed, options):
    _agree(make_tables(seed), brute_force, options)


@pytest.mark.parametrize("seed", [2, 3, 4, 5, 7, 11])
@pytest.mark.parametrize("options", [{}, {"mix": "off", "max_changes": 5}], ids=["defaults", "few changes"])
def test_decision_matches_brute_force_on_twelve_candidates(make_tables, brute_force, seed, options):
    _agree(make_tables(seed, 12, candidates=True), brute_force, options)


#: Every further line of the formulation, alone and together.
WIDE = (
    {"start_choices": 3, "start_step_months": 2, "mix": "off"},
    {"hold_months": (3, 9), "switching_cost_k": 25.0, "mix": "off"},
    {"carry_over": 0.5, "mix": "priced", "mix_price": 0.4},
    {"mix": "priced", "mix_of": "budget", "mix_price": 0.2, "max_moved_k": 900.0},
    {"mix": "hard", "mix_of": "budget", "max_moved_k": 600.0},
    {"start_choices": 2, "hold_months": (4, 8), "carry_over": 1.0, "switching_cost_k": 10.0, "mix": "priced",
     "max_changes": 3},
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 100_000), options=st.sampled_from(WIDE), groups=st.booleans())
def test_decision_matches_brute_force_with_every_option_of_the_policy(make_tables, brute_force, seed, options, groups):
    _agree(make_tables(seed, 6, groups=groups), brute_force, options)


def _agree(tables, brute_force, options):
    truth = brute_force(tables, **options)
    decision = rebalance(tables, policy=Policy(**options))
    if truth is None:
        assert decision.status is Status.INFEASIBLE
        return
    value, changes = truth
    assert decision.status is Status.PROVED
    assert decision.value_k == pytest.approx(value, rel=2e-6, abs=1e-3)
    assert decision.actions["changed"].sum() == changes
    assert decision.check().startswith("Totals reconcile")


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), more=st.floats(0, 5_000))
def test_sunk_cost_never_matters(make_tables, seed, more):
    tables = make_tables(seed)
    projects = tables["projects"]
    # What is still to spend stays the same: only the past grows.
    later = projects.assign(spent_k=projects["spent_k"] + more, bac_k=projects["bac_k"] + more)
    policy = Policy(mix="off")
    before = rebalance(tables, policy=policy).actions["action"]
    after = rebalance(tables | {"projects": later}, policy=policy).actions["action"]
    assert before.equals(after)


def test_agrees_with_a_second_formulation_on_forty_projects():
    rng = np.random.default_rng(8)
    n, months = 40, range(2026 * 12 + 1, 2026 * 12 + 13)
    ids = [f"P{i:02d}" for i in range(n)]
    cost, benefit = rng.uniform(100, 900, n).round(1), rng.uniform(100, 2000, n).round(1)
    need = rng.uniform(0, 2, (n, 12)).round(2)
    tables = {
        "projects": pd.DataFrame({"project_id": ids, "state": "proposed", "bac_k": cost}),
        "demand": pd.DataFrame([(p, "start", "data", m, need[i, j]) for i, p in enumerate(ids)
                                for j, m in enumerate(months)],
                               columns=["project_id", "action", "skill", "month", "person_months"]),
        "capacity": pd.DataFrame({"skill": "data", "month": list(months), "person_months": 14.0}),
    }
    values = pd.Series(benefit - cost, index=ids)
    ours = rebalance(tables, period="2025-12", values=values, policy=Policy(budget_k=9000.0))
    theirs = milp(-(benefit - cost), integrality=np.ones(n), bounds=Bounds(0, 1), options={"mip_rel_gap": 1e-9},
                  constraints=[LinearConstraint(cost[None, :], ub=9000), LinearConstraint(need.T, ub=14)])
    assert ours.value_k == pytest.approx(-theirs.fun, rel=1e-6)
    assert set(ours.actions.loc[ours.actions["action"] == "start", "project_id"]) == {
        p for p, x in zip(ids, theirs.x, strict=True) if x > 0.5}


def test_shuffled_rows_and_a_second_run_give_the_same_tables(make_tables):
    tables = make_tables(4)
    shuffled = {name: table.sample(frac=1, random_state=3) for name, table in tables.items()}
    first, again, other = rebalance(tables), rebalance(tables), rebalance(shuffled)
    for name in ("actions", "limits", "mix", "money", "people", "effects"):
        assert_frame_equal(getattr(first, name), getattr(again, name))
        assert_frame_equal(getattr(first, name), getattr(other, name))
    assert repr(first) == repr(other)


def test_input_frames_stay_as_they_were(make_tables):
    tables = make_tables(4)
    before = {name: table.copy() for name, table in tables.items()}
    rebalance(tables)
    for name, table in tables.items():
        assert_frame_equal(table, before[name])


def test_stops_nothing_when_no_limit_binds_and_all_are_worth_going_on(make_tables):
    projects = make_tables(1)["projects"]
    running = projects.assign(state="running")
    values = pd.Series(100.0, index=running["project_id"])
    decision = rebalance({"projects": running}, period="2025-12", values=values)
    assert (decision.actions["action"] == "keep").all()
    assert decision.binding == ()
    assert "No limit keeps out anything worth doing" in decision.summary()


def sunk_cost_pair():
    projects = pd.DataFrame({
        "project_id": ["P17", "P23"], "state": "running", "bac_k": [5221.0, 2000.0], "spent_k": [4072.0, 1900.0],
        "exit_cost_k": [120.0, 0.0], "salvage_k": [40.0, 0.0]})
    flows = pd.DataFrame({"project_id": ["P17", "P23"], "year": 2026, "cost_k": [900.0, 300.0]})
    estimates = pd.DataFrame([
        (p, q, v, v, v) for p, benefit, cost in (("P17", 520, 900), ("P23", 1150, 300))
        for q, v in (("benefit_pv_k", benefit), ("cost_k", cost))],
        columns=["project_id", "quantity", "p10", "p50", "p90"])
    return {"projects": projects, "cash_flows": flows, "estimates": estimates}


def test_the_sunk_cost_pair_is_decided_on_what_is_still_to_come():
    decision = rebalance(sunk_cost_pair(), period="2025-12")
    rows = decision.actions.set_index("project_id")
    assert rows["action"].to_dict() == {"P17": "stop", "P23": "keep"}
    assert rows["value_k"].tolist() == pytest.approx([-80, 850])
    assert rows["value_on_k"].tolist() == pytest.approx([-380, 850])
    assert rows["cost_k"].tolist() == [120.0, 300.0]
    assert rows["reason"]["P17"] == "900 to go would buy 520; 78 % is spent and gone either way."
    assert rows["reason"]["P23"] == "300 still to spend buy 1,150; past money does not count."


def test_forcing_costs_what_is_lost_and_infinity_when_nothing_is_left():
    tables = sunk_cost_pair()
    decision = rebalance(tables, period="2025-12")
    assert decision.force("P17", "keep") == pytest.approx(300)
    assert decision.force("P23", "keep") == 0.0
    assert decision.costs_of_forcing(["P17", "P23"]).costs["regret_k"].tolist() == pytest.approx([286, 32], abs=1)
    must = tables | {"projects": tables["projects"].assign(mandatory=[True, False])}
    assert math.isinf(rebalance(must, period="2025-12").force("P17"))


def test_forcing_names_what_is_not_open():
    tables = sunk_cost_pair() | {"options": pd.DataFrame({
        "project_id": ["P17", "P17"], "action": ["keep", "stop"], "no_stop": [True, False]})}
    decision = rebalance(tables, period="2025-12")
    with pytest.raises(ParameterError, match=r"'P71' is not to be decided.*Did you mean 'P17'"):
        decision.force("P71")
    with pytest.raises(ParameterError, match=r"'stop' is not open to P17 \(a contract forbids stopping\)"):
        decision.force("P17", "stop")


def test_without_a_plan_there_are_no_verbs_and_no_zeros():
    tables = sunk_cost_pair() | {"projects": sunk_cost_pair()["projects"].assign(mandatory=True)}
    decision = rebalance(tables, period="2025-12", policy=Policy(budget_k=1000.0))
    assert decision.status is Status.INFEASIBLE
    assert decision.actions["action"].isna().all()
    assert decision.actions[["value_k", "cost_k"]].isna().all(axis=None)
    assert math.isnan(decision.value_k)
    assert decision.mends["sentence"].tolist() == ["+200 thousand budget"]
    assert decision.summary() == "Infeasible: no plan holds every limit. It needs +200 thousand budget."
    assert decision.headline()["infeasible"] == "no plan holds every limit"
    assert decision.worth_of_limits().empty
    assert decision.against().empty
    assert decision.check() == "No plan to check (infeasible): nothing is decided and no value is claimed."
    with pytest.raises(ParameterError, match=r"there is none \(infeasible\)"):
        decision.force("P17")
    with pytest.raises(CheckError, match="there is no plan, yet something is decided"):
        dataclasses.replace(decision, value_k=1.0).check()


def test_check_refuses_totals_that_do_not_reconcile(make_tables):
    decision = rebalance(make_tables(4), policy=Policy(mix="off"))
    with pytest.raises(CheckError, match="value_k: projects and joint effects add up to"):
        dataclasses.replace(decision, value_k=decision.value_k + 10).check()
    with pytest.raises(CheckError, match="cost_k: "):
        dataclasses.replace(decision, cost_k=decision.cost_k - 10).check()
    with pytest.raises(CheckError, match="not exactly one action"):
        dataclasses.replace(decision, actions=decision.actions.iloc[1:]).check()


def test_check_refuses_a_plan_that_breaks_a_limit(make_tables):
    free = rebalance(make_tables(4), policy=Policy(mix="off"))
    tight = rebalance(make_tables(4), policy=Policy(mix="off", budget_k=0.9 * free.cost_k))
    with pytest.raises(CheckError, match=r"the plan breaks budget\."):
        dataclasses.replace(free, problem=tight.problem).check()


def test_of_equal_plans_the_one_with_fewest_changes_then_the_first_by_name_is_taken():
    projects = pd.DataFrame({"project_id": ["A", "B", "C"], "state": ["proposed", "proposed", "running"],
                             "bac_k": 100.0})
    values = pd.Series(50.0, index=["A", "B", "C"])
    one = rebalance({"projects": projects}, period="2025-12", values=values, policy=Policy(budget_k=100.0))
    assert one.actions["action"].tolist() == ["decline", "decline", "keep"]
    two = rebalance({"projects": projects}, period="2025-12", values=values, policy=Policy(budget_k=200.0))
    assert two.actions["action"].tolist() == ["start", "decline", "keep"]


def test_scores_in_points_ignore_money_but_not_limits(make_tables):
    tables = make_tables(4)
    points = pd.Series(np.arange(10.0, 80.0, 10.0), index=[f"P{i:02d}" for i in range(7)])
    decision = rebalance(tables, values=points, policy=Policy(objective="score", mix="off"))
    assert decision.unit == "points"
    assert decision.effects.empty
    assert decision.value_k == pytest.approx(decision.actions["value_k"].sum())
    assert "points" in decision.summary()
    assert decision.check()
    with pytest.raises(ParameterError, match="points: missing, needed for objective 'score'"):
        rebalance(tables, policy=Policy(objective="score"))
    points.attrs["ranking_only"] = True
    with pytest.raises(ParameterError, match="values: got a result that only ranks"):
        rebalance(tables, values=points, policy=Policy(objective="score"))


def test_a_mandatory_project_is_on_and_its_price_can_be_said():
    tables = sunk_cost_pair() | {"projects": sunk_cost_pair()["projects"].assign(mandatory=[True, False])}
    decision = rebalance(tables, period="2025-12")
    assert decision.actions["reason_code"].tolist() == ["mandatory", "worth it"]
    worth = decision.worth_of_limits().set_index("limit")
    assert worth.loc["all mandatory projects", "gain_k"] == pytest.approx(300)


def test_missing_tables_and_periods_are_named(make_tables):
    tables = make_tables(0)
    with pytest.raises(MissingTableError, match="projects: missing"):
        rebalance({})
    with pytest.raises(MissingTableError, match="estimates, cash_flows: both missing"):
        rebalance({"projects": tables["projects"]}, period="2025-12")
    bare = {"projects": tables["projects"].drop(columns="start_month")}
    with pytest.raises(ParameterError, match="period: not given"):
        rebalance(bare, values=pd.Series({"P00": 1.0}))


def test_a_decision_answers_in_four_forms_and_travels(make_tables):
    decision = pickle.loads(pickle.dumps(rebalance(make_tables(4), policy=Policy(mix="off"))))
    assert list(decision.to_frame().columns) == [
        "project_id", "name", "programme_id", "state", "action", "value_k", "cost_k", "value_on_k", "cost_on_k",
        "points_on", "p_success", "reason_code", "reason", "changed", "month"]
    assert 2 <= len(decision.headline()) <= 4
    assert repr(decision).startswith("<Decision: ")
    assert "Proved: no plan within the limits is worth more" in decision.summary()
    assert decision.scarcest_skill in {"data", "design"}


def test_a_search_cut_short_is_not_called_proved(make_tables):
    whole = rebalance(make_tables(15), policy=Policy(mix="off"))
    cut = rebalance(make_tables(15), policy=Policy(mix="off", node_limit=1, gap=0.2))
    assert (whole.status, cut.status) == (Status.PROVED, Status.WITHIN_GAP)
    assert 1e-6 < cut.gap <= 0.2
    assert cut.value_k <= whole.value_k + 1e-6 <= cut.bound + 2e-6
    assert "Not proved: another plan may be worth up to" in cut.summary()
    none = rebalance(make_tables(15), policy=Policy(mix="off", node_limit=0))
    assert none.status is Status.NO_PLAN
    assert none.headline() == {"stopped without plan": "the limit of the search came first"}


def test_a_project_of_unknown_value_does_not_pull_the_plan_down():
    projects = pd.DataFrame({"project_id": ["A", "U"], "state": "running", "bac_k": [100.0, 4808.0]})
    flows = pd.DataFrame({"project_id": ["A"], "year": 2026, "cost_k": 0.0, "benefit_k": 100.0})
    decision = rebalance({"projects": projects, "cash_flows": flows}, period="2025-12")
    assert decision.actions["action"].tolist() == ["keep", "keep"]
    assert decision.value_k == pytest.approx(100 / 1.08**0.5)
    assert decision.cost_k == 4808.0
    assert decision.notes[0] == "1 projects have no value and stay as they are: U."


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "header only"])
@pytest.mark.parametrize("name", ["workbook", "programmes", "mix_targets", "estimates", "cash_flows", "options",
                                  "demand", "capacity", "budgets", "links", "every table"])
def test_a_table_without_rows_is_no_reason_to_fail(make_tables, name, typed):
    tables = make_tables(4)
    empty = [name] if name != "every table" else [other for other in tables if other != "projects"]
    for one in empty:
        tables[one] = tables[one].iloc[:0] if typed else pd.DataFrame(columns=list(tables[one].columns))
    decision = rebalance(tables, period="2025-12", policy=Policy(mix="off"))
    assert decision.summary()
    assert decision.check()
    assert len(decision.against()) == 4


def test_a_re_solve_that_the_node_limit_cuts_short_has_no_figure(make_tables, monkeypatch):
    decision = rebalance(make_tables(4), policy=Policy(mix="off"))
    stopped = Plan(name="", status=Status.WITHIN_GAP, value=decision.value_k - 50, bound=decision.value_k, gap=0.1,
                   choice=np.zeros(1, dtype=np.int64))
    name = decision.actions["project_id"][0]
    for answer in (stopped, dataclasses.replace(stopped, status=Status.NO_PLAN, choice=np.zeros(0, dtype=np.int64))):
        monkeypatch.setattr("pmlib.portfolio.forcing.solve", lambda *_, answer=answer, **__: answer)
        assert math.isnan(decision.force(name))


def _two(points=None, **options):
    projects = pd.DataFrame({"project_id": ["A", "B"], "state": "proposed", "bac_k": 100.0})
    return rebalance({"projects": projects}, period="2025-12", values={"A": 50.0, "B": 40.0}, points=points,
                     policy=Policy(budget_k=100.0, **options))


def test_a_mix_of_money_and_points_counts_each_point_at_its_stated_worth():
    points = pd.Series({"A": 1.0, "B": 3.0})
    assert _two(points, objective="mix", k_per_point=4.0).actions["action"].tolist() == ["start", "decline"]
    plan = _two(points, objective="mix", k_per_point=6.0)
    assert plan.actions["action"].tolist() == ["decline", "start"]
    assert plan.value_k == pytest.approx(40 + 3 * 6)
    assert plan.totals["plan"].tolist() == [40.0, 3.0]
    assert "a point counts 6" in plan.unit


def test_both_totals_are_shown_whatever_was_chosen_by():
    points = pd.Series({"A": 1.0, "B": 3.0})
    assert _two(points).totals["plan"].tolist() == [50.0, 1.0]
    assert _two(points, objective="score").totals["plan"].tolist() == [40.0, 3.0]
    assert math.isnan(_two().totals["plan"].iloc[1])


def test_a_mix_refuses_a_score_that_counts_money_again():
    points = pd.Series({"A": 1.0, "B": 3.0})
    points.attrs["counts_money"] = ("revenue",)
    with pytest.raises(ParameterError, match="points: criterion revenue counts money or success.*a mix counts it once"):
        _two(points, objective="mix", k_per_point=4.0)
    assert _two(points, objective="score").found


def test_what_forces_another_verb_leaves_no_start_month_of_the_planned_one():
    projects = pd.DataFrame({"project_id": ["A"], "state": "proposed", "bac_k": 100.0})
    plan = rebalance({"projects": projects}, period="2025-12", values={"A": 50.0}, policy=Policy(start_choices=4))
    assert plan.force("A") == pytest.approx(50.0)


@pytest.mark.parametrize("seed", [3, 4, 15, 8])
def test_the_value_of_a_plan_adds_up_from_the_tables_to_the_cent(make_tables, all_plans, seed):
    tables = make_tables(seed)
    decision = rebalance(tables, policy=Policy(mix="off"))
    chosen = decision.actions.set_index("project_id")["action"].to_dict()
    worth = [value for value, _, verbs in all_plans(tables, mix="off") if verbs == chosen]
    # In thousands a cent is the fifth digit.
    assert min(abs(value - decision.value_k) for value in worth) < 1e-5


def test_a_plan_cut_short_by_time_says_that_it_may_not_repeat(make_tables):
    cut = rebalance(make_tables(15), policy=Policy(mix="off", time_limit_s=60.0, node_limit=1, gap=0.2))
    assert cut.status is Status.WITHIN_GAP
    assert "Cut short by time, so another run may find another plan." in cut.summary()
    assert rebalance(make_tables(15), policy=Policy(mix="off", time_limit_s=0.0)).status is Status.NO_PLAN
