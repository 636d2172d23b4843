"""What of a plan is uncertain: any objective, variants, options, refusals."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import rebalance
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.risk.distributions import SCORE_90
from pmlib.portfolio.risk.model import RiskPolicy
from pmlib.portfolio.risk.simulation import simulate
from pmlib.portfolio.risk.tornado import tornado


def test_a_plan_made_for_points_is_simulated_in_money(four):
    points = {"P0": 5.0, "P1": 4.0, "P2": 3.0, "P3": 2.0}
    decision = rebalance(four, period="2025-12", values=points, policy=Policy(objective="score"))
    assert simulate(decision, four, draws=20_000).mean_k == pytest.approx(360, abs=2)


def test_a_slower_variant_brings_benefit_later_and_finishes_later(small_book):
    tables = small_book({"P1": {"benefit_pv_k": (100.0,) * 3, "cost_k": (10.0,) * 3, "months": (12.0,) * 3}})
    tables["options"] = pd.DataFrame({"project_id": ["P1"], "action": ["slow"]})
    tables["cash_flows"] = pd.DataFrame({"project_id": ["P1"], "year": [2026], "cost_k": [10.0]})
    tables["budgets"] = pd.DataFrame({"programme_id": None, "year": [2026, 2027], "capex_k": 0.0, "opex_k": 6.0})
    decision = rebalance(tables, period="2025-12", policy=Policy(slow_pace=2.0))
    assert decision.actions["action"].tolist() == ["slow"]
    found = simulate(decision, tables, draws=500)
    assert found.mean_k == pytest.approx(100 / 1.08 - 10) and found.plan_k == pytest.approx(found.mean_k)
    assert found.projects["finish_p50"].tolist() == [2026 * 12 + 24]


@pytest.mark.parametrize("got", [math.nan, math.inf, "much", True])
def test_a_goal_that_is_no_number_is_refused(plan, four, got):
    with pytest.raises(ParameterError, match=r"goal_k: got .*, allowed a finite number"):
        RiskPolicy(goal_k=got)
    with pytest.raises(ParameterError, match=r"goal_k: got .*, allowed a finite number"):
        simulate(plan, four, draws=500).p_reach(got)


@pytest.mark.parametrize("name, got, message", [
    ("correlation", 0.3, r"correlation: got float, allowed a Correlation"), ("anchor", "plans", r"Did you mean 'plan'"),
    ("register", 1, r"register: got 1, allowed True or False"), ("responses", None, r"responses: got None")])
def test_other_options_are_checked(name, got, message):
    with pytest.raises(ParameterError, match=message):
        RiskPolicy(**{name: got})


def test_without_a_plan_there_is_nothing_to_simulate(four):
    broke = rebalance(four, period="2025-12", policy=Policy(budget_k=1.0))
    assert not broke.found
    with pytest.raises(ParameterError, match=r"decision: has no plan \(infeasible\)"):
        simulate(broke, four)


def test_a_stressed_factor_moves_what_hangs_on_it(plan, four):
    calm, poor = (simulate(plan, four, draws=20_000, policy=RiskPolicy(stress=stress))
                  for stress in ({}, {"market": -2.0}))
    # Four benefits that load the root of .1 on the market, each with a spread of 15.6.
    spread = 4 * 0.1**0.5 * 20 / SCORE_90
    assert calm.mean_k - poor.mean_k == pytest.approx(2 * spread, rel=0.02)
    assert poor.factors.set_index("factor").loc["market", "share"] == 0


def test_an_unknown_factor_is_refused(plan, four):
    with pytest.raises(ParameterError, match=r"stress: no factor is called 'markets'.* Did you mean 'market'"):
        simulate(plan, four, policy=RiskPolicy(stress={"markets": 1.0}))
    with pytest.raises(ParameterError, match=r"stress: got 'market', allowed a mapping"):
        RiskPolicy(stress="market")
    with pytest.raises(ParameterError, match=r"stress of 'market': got nan, allowed a finite number"):
        RiskPolicy(stress={"market": math.nan})


def test_a_plan_of_nothing_has_no_spread(four):
    nothing = rebalance({**four, "projects": four["projects"].assign(mandatory=False)}, period="2025-12",
                        values=dict.fromkeys(four["projects"]["project_id"], -500.0))
    assert set(nothing.actions["action"]) == {"stop"}
    found = simulate(nothing, four, draws=500)
    assert (found.mean_k, found.spread_k, found.p_goal) == (0.0, 0.0, 1.0)
    assert found.projects.empty and tornado(nothing, four, draws=500).table.empty
