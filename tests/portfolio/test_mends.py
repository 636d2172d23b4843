"""An infeasible portfolio: the changes named are enough, and no more than needed."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest

from pmlib.months import parse_month
from pmlib.portfolio import Policy, Status, rebalance
from pmlib.portfolio.mends import COLUMNS, alternatives, conflict, conflict_sentence, mends, sentences
from pmlib.portfolio.problem import compile_problem

JAN = parse_month("2026-01")


def applied(tables, policy, mends):
    """Carry out exactly the named changes."""
    tables, options = {name: table.copy() for name, table in tables.items()}, {}
    for row in mends.itertuples():
        if row.kind == "capacity":
            there = tables["capacity"]
            hit = (there["skill"] == row.name) & (there["month"] == parse_month(row.period))
            hours = there.loc[hit, "unit"].eq("hours").to_numpy() if "unit" in there else False
            there.loc[hit, "person_months"] += row.amount * (160 if hours else 1)
        elif row.kind.startswith("budget") and row.period:
            there, column = tables["budgets"], "capex_k" if row.kind == "budget capex" else "opex_k"
            there.loc[there.index[there["year"] == int(row.period)][0], column] += row.amount
        elif row.kind == "budget":
            options["budget_k"] = policy.budget_k + row.amount
        elif row.kind in {"mix floor", "mix ceiling"}:
            targets, sign = tables["mix_targets"], -1 if row.kind == "mix floor" else 1
            column = "floor_share" if sign < 0 else "ceiling_share"
            targets.loc[targets["horizon"] == row.name, column] += sign * row.amount
        elif row.kind == "mandatory":
            tables["projects"].loc[tables["projects"]["project_id"] == row.name, "mandatory"] = False
        else:
            options[f"max_{row.kind}"] = getattr(policy, f"max_{row.kind}") + int(row.amount)
    return tables, dataclasses.replace(policy, **options)


POLICIES = (Policy(), Policy(budget_k=300.0), Policy(max_changes=0, max_stops=0), Policy(budget_k=0.0, mix="off"))
FACTS = {"requires", "requires later", "excludes"}


@pytest.mark.parametrize("policy", POLICIES, ids=["tables", "budget", "no change", "no money"])
@pytest.mark.parametrize("seed", [101, 109])
def test_exactly_the_named_changes_make_it_feasible_and_none_can_be_left_out(make_tables, seed, policy):
    tables = make_tables(seed)
    decision = rebalance(tables, policy=policy)
    if decision.found:
        assert conflict(decision.problem) == ()
        return
    named = decision.mends
    if named.empty:
        assert {name[0] for name in conflict(decision.problem)} <= FACTS
        return
    mended, options = applied(tables, policy, named)
    assert rebalance(mended, policy=options).status is Status.PROVED
    for place in named.index:
        fewer, options = applied(tables, policy, named.drop(place))
        assert not rebalance(fewer, policy=options).found


@pytest.mark.parametrize("policy", POLICIES[1:], ids=["budget", "no change", "no money"])
@pytest.mark.parametrize("seed", [103, 109])
def test_every_alternative_is_of_one_kind_and_enough(make_tables, seed, policy):
    tables = make_tables(seed)
    problem = compile_problem(tables, policy=policy)
    for way, named in alternatives(problem).groupby("way"):
        mended, options = applied(tables, policy, named)
        assert rebalance(mended, policy=options).found, way
        assert named[COLUMNS].values.tolist() != mends(problem).values.tolist()


@pytest.mark.parametrize("policy", POLICIES, ids=["tables", "budget", "no change", "no money"])
@pytest.mark.parametrize("seed", [101, 109])
def test_a_conflict_is_one_and_none_without_any_of_its_rows(make_tables, seed, policy):
    problem = compile_problem(make_tables(seed), policy=policy)
    names, model = conflict(problem), problem.model
    if not names:
        assert rebalance(make_tables(seed), policy=policy).found
        return
    others = [place for place, name in enumerate(model.names) if name not in names and name[0] != "choose"]
    alone = dataclasses.replace(problem, model=model.without(others))
    assert set(conflict(alone)) == set(names)
    for name in names:
        freed = dataclasses.replace(problem, model=model.without([*others, model.row(name)]))
        assert conflict(freed) == ()


def people():
    return {
        "projects": pd.DataFrame({"project_id": ["A", "B"], "state": "proposed", "bac_k": 100.0, "mandatory": True}),
        "cash_flows": pd.DataFrame({"project_id": ["A", "B"], "year": 2026, "cost_k": 100.0, "benefit_k": 300.0}),
        "demand": pd.DataFrame({"project_id": ["A", "B"], "action": "start", "skill": "data", "month": JAN + 2,
                                "person_months": 0.7}),
        "capacity": pd.DataFrame({"skill": ["data"], "month": [JAN + 2], "person_months": [1.03]}),
        "budgets": pd.DataFrame({"programme_id": ["G1"], "year": [2026], "capex_k": [0.0], "opex_k": [80.2]}),
    }


def test_changes_are_sentences_with_amounts_rounded_up_the_cheapest_first():
    decision = rebalance(people())
    assert decision.mends["sentence"].tolist() == [
        "+0.4 person-months of data in 2026-03", "+120 thousand budget in 2026"]
    assert decision.mends["share_of_limit"].tolist() == pytest.approx([0.4 / 1.03, 120 / 80.2])
    mended, options = applied(people(), Policy(), decision.mends)
    assert rebalance(mended, policy=options).found


def test_a_plan_needs_no_mending(make_tables):
    assert rebalance(make_tables(4), policy=Policy(mix="off")).mends.empty


def test_changes_allowed_are_counted():
    decision = rebalance(people(), policy=Policy(max_changes=1, budget_k=200.0))
    assert decision.mends["sentence"].tolist() == ["+0.4 person-months of data in 2026-03", "+1 change allowed"]


def test_groups_money_moved_and_bands_of_the_budget_have_their_words():
    tables = people() | {
        "projects": people()["projects"].assign(programme_id="G1"),
        "programmes": pd.DataFrame({"programme_id": ["G1"], "horizon": ["core"]}),
        "capacity": people()["capacity"].assign(person_months=2.0), "budgets": people()["budgets"].assign(opex_k=250.0)}
    group = pd.DataFrame({"grouped_by": ["programme_id"], "group_name": ["G1"], "at_most": [1]})
    assert rebalance(tables | {"group_limits": group}).mends["sentence"].tolist() == [
        "at most 2 instead of 1 projects of G1"]
    assert rebalance(tables, policy=Policy(max_moved_k=50.0)).mends["sentence"].tolist() == [
        "+150 thousand of money moved allowed"]
    bands = pd.DataFrame({"horizon": ["core", "new"], "floor_share": [0.0, 0.1], "ceiling_share": [0.4, 1.0]})
    decision = rebalance(tables | {"mix_targets": bands}, policy=Policy(mix_of="budget"))
    assert decision.mends[["sentence", "unit"]].values.tolist() == [
        ["ceiling of core 100 thousand higher", "thousand EUR"], ["floor of new 25 thousand lower", "thousand EUR"]]


def test_other_ways_move_money_people_or_what_must_be_done():
    one = people() | {"capacity": people()["capacity"].assign(person_months=2.0)}
    problem = compile_problem(one)
    assert mends(problem)["sentence"].tolist() == ["+120 thousand budget in 2026"]
    other = alternatives(problem)
    assert other[["way", "sentence"]].values.tolist() == [
        ["projects", "A is no longer mandatory"], ["projects", "B is no longer mandatory"]]
    assert alternatives(compile_problem(people() | {"budgets": people()["budgets"].assign(opex_k=200.0)}))[
        "sentence"].tolist() == ["A is no longer mandatory"]


def test_the_rows_that_contradict_each_other_are_named():
    problem = compile_problem(people() | {"budgets": people()["budgets"].assign(opex_k=500.0)})
    assert conflict(problem) == (("capacity", "data", "2026-03"), ("mandatory", "A"), ("mandatory", "B"))
    assert conflict_sentence(conflict(problem)) == (
        "These limits cannot hold together: data in 2026-03; A mandatory; B mandatory.")
    assert conflict_sentence(()) == ""


def test_a_conflict_of_whole_projects_is_found_too():
    tables = people() | {"projects": people()["projects"].assign(mandatory=False), "programmes": pd.DataFrame(
        {"programme_id": ["G1"], "horizon": ["core"]})}
    tables["projects"] = tables["projects"].assign(programme_id="G1")
    policy = Policy(budget_k=150.0, mix="off")
    problem = compile_problem(tables, policy=policy)
    names = [name for name in problem.model.names if name[0] == "capacity"]
    # One half of both projects would fit: only that they are whole makes it impossible.
    row = problem.model.row(names[0])
    lower = problem.model.row_lower.copy()
    lower[row] = 1.0
    tight = dataclasses.replace(problem, model=dataclasses.replace(problem.model, row_lower=lower))
    assert set(conflict(tight)) <= {("budget",), names[0]}
    assert conflict(tight)


def test_facts_that_contradict_each_other_are_named_before_any_limit():
    tables = people() | {
        "projects": people()["projects"].assign(state="running"),
        "options": pd.DataFrame({"project_id": ["A", "B"], "action": "keep", "frozen_until": JAN + 40}),
        "links": pd.DataFrame({"link_id": ["L1", "L1"], "member_id": ["A", "B"], "type": "excludes"})}
    problem = compile_problem(tables)
    assert conflict(problem) == (("excludes", "L1"),)
    assert conflict_sentence(conflict(problem)).startswith("No plan can hold this: ")
    assert mends(problem).empty
    assert alternatives(problem).empty


def test_months_in_a_row_are_said_together():
    months = [JAN, JAN + 1, JAN + 2, JAN + 5]
    demand = pd.concat([people()["demand"].assign(month=month) for month in months], ignore_index=True)
    capacity = pd.concat([people()["capacity"].assign(month=month) for month in months], ignore_index=True)
    problem = compile_problem(people() | {"demand": demand, "capacity": capacity})
    assert sentences(mends(problem)) == (
        "+0.4 person-months a month of data in 2026-01 to 2026-03, 2026-06", "+120 thousand budget in 2026")


def violation(problem, choice, limits):
    """Sum of what a choice of actions is over each limit, as a share of that limit."""
    people, money = problem.actions.people, problem.actions.capex_k + problem.actions.opex_k
    over = 0.0
    for kind, key, limit in limits:
        if kind == "people":
            mine = people[people["action"].isin(choice) & (people["month"] == key)]
            over += max(0.0, mine["person_months"].sum() - limit) / limit
        else:
            over += max(0.0, money[list(choice), problem.actions.years.index(key)].sum() - limit) / limit
    return over


@pytest.mark.parametrize("seed", range(6))
def test_the_changes_add_up_to_the_least_that_any_choice_needs(seed):
    rng = np.random.default_rng(seed)
    ids, months = list("ABCDE"), [JAN, JAN + 1]
    projects = pd.DataFrame({"project_id": ids, "state": "proposed", "bac_k": 100.0, "mandatory": rng.random(5) < 0.6})
    flows = pd.DataFrame([(p, 2026, float(rng.integers(20, 100)), 300.0) for p in ids],
                         columns=["project_id", "year", "cost_k", "benefit_k"])
    demand = pd.DataFrame([(p, "start", "data", m, float(rng.integers(1, 9)) / 10) for p in ids for m in months],
                          columns=["project_id", "action", "skill", "month", "person_months"])
    limits = [("people", month, float(rng.integers(3, 12)) / 10) for month in months]
    limits.append(("money", 2026, float(rng.integers(50, 150))))
    tables = {
        "projects": projects, "cash_flows": flows, "demand": demand,
        "capacity": pd.DataFrame([("data", month, limit) for _, month, limit in limits[:2]],
                                 columns=["skill", "month", "person_months"]),
        "budgets": pd.DataFrame({"year": [2026], "opex_k": [limits[2][2]]}),
        "links": pd.DataFrame({"link_id": ["L1", "L1"], "member_id": ["A", "B"], "type": "requires_active",
                               "role": ["needs", "needed"]})}
    problem = compile_problem(tables, period="2025-12")
    frame, on = problem.actions.frame, problem.actions.frame["on"].to_numpy()
    options = [frame.index[frame["project_id"] == p].tolist() for p in ids]
    least = np.inf
    for choice in itertools.product(*options):
        goes = dict(zip(ids, on[list(choice)], strict=True))
        if all(goes[p] for p in projects.loc[projects["mandatory"], "project_id"]) and goes["B"] >= goes["A"]:
            least = min(least, violation(problem, choice, limits))
    named = mends(problem)
    # Every amount is rounded up by less than its last digit.
    rounding = sum((0.1 if row.kind == "capacity" else 1.0) * row.share_of_limit / row.amount
                   for row in named.itertuples())
    assert least - 1e-9 <= named["share_of_limit"].sum() + rounding
    assert named["share_of_limit"].sum() <= least + rounding + 1e-9
    assert (least > 1e-9) == (len(named) > 0)


def test_where_hardly_any_money_is_there_the_budget_gives_way_and_not_the_mix():
    ids = ["A", "B", *(f"C{i:02d}" for i in range(18))]
    tables = {
        "projects": pd.DataFrame({"project_id": ids, "state": "proposed", "mandatory": [True, *[False] * 19],
                                  "bac_k": [500.0, 100.0, *[500.0] * 18], "programme_id": ["G1", "G2", *["G1"] * 18]}),
        "programmes": pd.DataFrame({"programme_id": ["G1", "G2"], "horizon": ["core", "new"]}),
        "mix_targets": pd.DataFrame({"horizon": ["new"], "floor_share": [0.1], "ceiling_share": [1.0]}),
    }
    plan = rebalance(tables, period="2025-12", values=dict.fromkeys(ids, 10.0), policy=Policy(budget_k=10))
    assert plan.mends["sentence"].tolist() == ["+590 thousand budget"]
