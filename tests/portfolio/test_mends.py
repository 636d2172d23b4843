"""An infeasible portfolio: the changes named are enough, and no more than needed."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from pmlib.months import parse_month
from pmlib.portfolio import Policy, Status, rebalance

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
            more = {"programme_id": "G1", "year": int(row.period), "capex_k": 0.0, "opex_k": 0.0}
            more["capex_k" if row.kind == "budget capex" else "opex_k"] = row.amount
            tables["budgets"] = pd.concat([tables["budgets"], pd.DataFrame([more])], ignore_index=True)
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


@pytest.mark.parametrize("policy", POLICIES, ids=["tables", "budget", "no change", "no money"])
@pytest.mark.parametrize("seed", [101, 103, 109])
def test_exactly_the_named_changes_make_it_feasible(make_tables, seed, policy):
    tables = make_tables(seed)
    decision = rebalance(tables, policy=policy)
    if decision.found:
        return
    assert len(decision.mends) > 0
    mended, options = applied(tables, policy, decision.mends)
    assert rebalance(mended, policy=options).status is Status.PROVED


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
