"""Value for money: a worked example and the linear relaxation as oracles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio.decision import rebalance
from pmlib.portfolio.frontiers.value_for_money import value_for_money
from pmlib.portfolio.model import Rows, solve
from pmlib.portfolio.policy import Policy


def _decided(cost, worth, **policy):
    ids = [f"P{i}" for i in range(1, len(cost) + 1)]
    projects = pd.DataFrame({"project_id": ids, "state": "proposed", "bac_k": cost, "spent_k": 0.0})
    flows = pd.DataFrame({"project_id": ids, "year": 2026, "cost_k": cost, "benefit_k": np.add(worth, cost)})
    return rebalance({"projects": projects, "cash_flows": flows}, period="2025-12",
                     policy=Policy(discount_rate=0.0, **policy))


def test_triangles_stand_by_falling_slope():
    money = value_for_money(_decided([100.0, 200.0, 50.0, 80.0], [300.0, 300.0, 200.0, -10.0], budget_k=260.0))
    frame = money.to_frame()
    assert frame["project_id"].tolist() == ["P3", "P1", "P2", "P4"]
    assert frame["value_per_cost"].tolist() == [4.0, 3.0, 1.5, -0.125]
    assert frame["total_cost_k"].tolist() == [50.0, 150.0, 350.0, 430.0]
    assert frame["total_value_k"].tolist() == [200.0, 500.0, 800.0, 790.0]
    # The budget holds P3 and P2, or P3 and P1: 500 either way; 150 is the least such money.
    assert money.plan_value_k == 500.0
    assert money.same_value_k == pytest.approx(150.0)
    assert money.ignored == ("budgets by year",)


@pytest.mark.parametrize("seed", range(4))
def test_the_curve_is_the_linear_relaxation(seed):
    rng = np.random.default_rng(seed)
    cost, worth = rng.uniform(10, 100, 12), rng.uniform(-50, 200, 12)
    budget = float(cost.sum()) / 3
    money = value_for_money(_decided(cost, worth, budget_k=budget))
    rows = Rows()
    rows.add([("money",)], (np.zeros(12), np.arange(12), cost), upper=money.plan_cost_k)
    relaxed = solve(rows.build(objective=worth, upper=np.ones(12), integer=np.zeros(12, bool)))
    assert money.same_money_k == pytest.approx(relaxed.value)
    rows = Rows()
    rows.add([("value",)], (np.zeros(12), np.arange(12), worth), lower=money.plan_value_k)
    least = solve(rows.build(objective=-cost, upper=np.ones(12), integer=np.zeros(12, bool)))
    assert money.same_value_k == pytest.approx(-least.value)
    assert 0 < money.share <= 1 + 1e-9


def test_every_limit_of_the_plan_is_named(make_tables):
    decision = rebalance(make_tables(1, 6), period="2025-12")
    money = value_for_money(decision)
    assert {"people", "links", "the mix", "joint effects"} <= set(money.ignored)
    assert "The order ignores" in money.summary()
    assert all("%" in key or key.replace(",", "").lstrip("-").isdigit() for key in money.headline())
    assert set(money.to_frame()["project_id"]) <= set(decision.actions["project_id"])


def test_a_project_that_saves_money_comes_first():
    projects = pd.DataFrame({"project_id": ["P1", "P2"], "state": "running", "bac_k": 100.0, "spent_k": 10.0,
                             "exit_cost_k": [0.0, 90.0]})
    flows = pd.DataFrame({"project_id": ["P1", "P2"], "year": 2026, "cost_k": [30.0, 40.0],
                          "benefit_k": [300.0, 60.0]})
    decision = rebalance({"projects": projects, "cash_flows": flows}, period="2025-12",
                         policy=Policy(discount_rate=0.0))
    money = value_for_money(decision)
    assert money.to_frame()["project_id"].tolist() == ["P2", "P1"]
    assert money.to_frame()["cost_k"].tolist() == [-50.0, 30.0]
    assert money.same_money_k == pytest.approx(money.plan_value_k)
    assert money.same_value_k == pytest.approx(money.plan_cost_k)


def test_without_a_plan_the_order_remains():
    decision = _decided([100.0, 50.0], [300.0, 200.0], budget_k=10.0, max_changes=0)
    projects = decision.problem.actions.projects.assign(mandatory=True)
    tables = {"projects": projects[["project_id", "state", "bac_k", "spent_k", "mandatory"]],
              "cash_flows": pd.DataFrame({"project_id": ["P1", "P2"], "year": 2026, "cost_k": [100.0, 50.0],
                                          "benefit_k": [400.0, 250.0]})}
    nothing = rebalance(tables, period="2025-12", policy=Policy(discount_rate=0.0, budget_k=10.0))
    money = value_for_money(nothing)
    assert not nothing.found
    assert money.to_frame()["project_id"].tolist() == ["P2", "P1"]
    assert not money.to_frame()["in_plan"].any()
    assert "There is no plan to compare with" in money.summary()
    assert money.headline() == {"2": "projects in order of value for money"}
    assert np.isnan(money.same_money_k)


@pytest.mark.parametrize("seed", [9, 12, 23])
def test_the_money_of_a_plan_could_always_buy_the_plan(make_tables, seed):
    tables = {name: table for name, table in make_tables(seed, 6).items() if name != "links"}
    plan = rebalance(tables, period="2025-12", policy=Policy(max_moved_k=400.0, slow_pace=1.5, mix="off"))
    assert plan.found
    money = value_for_money(plan)
    assert money.same_money_k >= money.plan_value_k - 1e-6
    assert money.same_value_k <= money.plan_cost_k + 1e-6


@pytest.mark.parametrize("odd", [None, "plan", 3.0, {}], ids=repr)
def test_only_a_decision_has_value_for_money(odd):
    with pytest.raises(ParameterError, match=r"decision: got .*, allowed a Decision\. Make one with rebalance\."):
        value_for_money(odd)
