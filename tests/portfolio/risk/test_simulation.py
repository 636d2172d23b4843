"""Simulation of a plan, against closed forms."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from scipy.stats import norm

from pmlib.errors import MissingTableError, ParameterError
from pmlib.portfolio import rebalance
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.risk.distributions import SCORE_90
from pmlib.portfolio.risk.factors import INDEPENDENT, Correlation
from pmlib.portfolio.risk.model import RiskPolicy
from pmlib.portfolio.risk.register import exposure
from pmlib.portfolio.risk.simulation import simulate

N = 40_000
#: One standard deviation of a symmetric estimate of 80, 100, 120.
SIGMA = 20 / SCORE_90


@pytest.fixture(scope="module")
def independent(plan, four):
    return simulate(plan, four, policy=RiskPolicy(correlation=INDEPENDENT, goal_k=380.0), draws=N)


def test_independent_normals_add_up_in_variance(independent):
    assert independent.mean_k == pytest.approx(360, abs=4 * 2 * SIGMA / math.sqrt(N))
    assert independent.spread_k == pytest.approx(2 * SIGMA, rel=0.02)
    for share in (0.1, 0.5, 0.9):
        error = independent.totals.loc["value_k", f"p{round(100 * share)}_error"]
        assert independent.value_at(share) == pytest.approx(norm(360, 2 * SIGMA).ppf(share), abs=4 * error)


def test_perfectly_correlated_normals_add_up_in_spread(plan, four):
    together = RiskPolicy(correlation=Correlation(product=1.0, market=0.0))
    assert simulate(plan, four, policy=together, draws=N).spread_k == pytest.approx(4 * SIGMA, rel=0.02)


def test_partly_correlated_normals_have_the_variance_of_the_sum(plan, four):
    partly = RiskPolicy(correlation=Correlation(product=0.3, market=0.2))
    found = simulate(plan, four, policy=partly, draws=N)
    assert found.spread_k == pytest.approx(SIGMA * math.sqrt(4 + 12 * 0.5), rel=0.02)
    # What independence would claim is said beside it.
    assert found.independent_spread_k == pytest.approx(2 * SIGMA, rel=0.02)
    low, high = found.if_independent()
    assert high - low == pytest.approx(2 * SCORE_90 * 2 * SIGMA, rel=0.03)
    assert "Independent projects would claim" in found.summary()


def test_cvar_is_that_of_a_normal(independent):
    expected = 360 - 2 * SIGMA * norm.pdf(norm.ppf(0.1)) / 0.1
    assert independent.cvar_k == pytest.approx(expected, abs=4 * independent.cvar_error_k)
    z = norm.ppf(0.1)
    shortfall = ((z**2 + 1) * 0.1 + z * norm.pdf(z) - (z * 0.1 + norm.pdf(z)) ** 2) * (2 * SIGMA) ** 2
    assert independent.cvar_error_k == pytest.approx(math.sqrt(shortfall / N) / 0.1, rel=0.03)


def test_the_chance_of_the_goal_is_that_of_a_normal(independent):
    expected = norm.sf(380, 360, 2 * SIGMA)
    assert independent.p_goal == pytest.approx(expected, abs=4 * independent.p_goal_error)
    assert independent.p_reach(380) == pytest.approx(independent.p_goal, abs=1e-3)
    assert independent.p_reach(340) == pytest.approx(norm.sf(340, 360, 2 * SIGMA), abs=0.01)


def test_a_project_succeeds_or_fails_once(small_book, decide):
    tables = small_book({"P1": {"benefit_pv_k": (100.0,) * 3, "cost_k": (10.0,) * 3, "p_success": (0.2, 0.3, 0.4)}})
    found = simulate(decide(tables), tables, draws=N, policy=RiskPolicy(goal_k=90.0))
    assert found.p_goal == pytest.approx(0.3, abs=0.01)
    assert found.spread_k == pytest.approx(100 * math.sqrt(0.3 * 0.7), rel=0.02)
    assert found.sources.iloc[0].tolist() == ["success or failure", pytest.approx(1.0)]


def test_what_is_not_uncertain_is_exact(small_book, decide):
    tables = small_book({"P1": {"benefit_pv_k": (100.0,) * 3, "cost_k": (10.0,) * 3}})
    found = simulate(decide(tables), tables, draws=500)
    assert (found.mean_k, found.spread_k, found.cvar_k, found.p_goal) == (90.0, 0.0, 90.0, 1.0)
    assert found.value_at(0.1) == 90.0 and "Nothing of it is uncertain" in found.summary()


def test_a_risk_costs_its_expected_impact(small_book, decide):
    tables = small_book({"P1": {"benefit_pv_k": (100.0,) * 3, "cost_k": (10.0,) * 3}},
                        [("K1", "P1", 0.4, 10.0, 20.0, 60.0, "money", "", 0.0, 0.0)])
    decision = decide(tables)
    found = simulate(decision, tables, draws=N)
    assert found.mean_k == pytest.approx(90 - 0.4 * 30, abs=4 * found.totals.loc["value_k", "mean_error"])
    assert found.reconciliation.set_index("part").loc["risks that cost money", "value_k"] == pytest.approx(-12)
    assert simulate(decision, tables, draws=500, policy=RiskPolicy(register=False)).mean_k == 90.0


def test_a_response_takes_its_share_away_and_costs(small_book, decide):
    tables = small_book({"P1": {"benefit_pv_k": (100.0,) * 3, "cost_k": (10.0,) * 3}},
                        [("K1", "P1", 1.0, 30.0, 30.0, 30.0, "money", "", 4.0, 0.5)])
    found = simulate(decide(tables), tables, draws=500, policy=RiskPolicy(responses=True))
    assert found.mean_k == pytest.approx(90 - 15 - 4)
    assert found.totals.loc["cost_k", "mean"] == pytest.approx(100 + 15 + 4)


def test_risks_of_one_factor_spread_the_cost_as_the_exposure_says(small_book, decide):
    flat = {"benefit_pv_k": (100.0,) * 3, "cost_k": (10.0,) * 3}
    tables = small_book({"P1": flat, "P2": flat}, [
        (f"K{i}", f"P{1 + i % 2}", 0.3, 10.0, 20.0, 60.0, "money", "supplier", 0.0, 0.0) for i in range(6)])
    correlation = Correlation(risks=0.5)
    expected = exposure(tables, correlation=correlation)
    found = simulate(decide(tables), tables, draws=N, policy=RiskPolicy(correlation=correlation))
    assert found.totals.loc["cost_k", "spread"] == pytest.approx(expected.spread_k, rel=0.02)
    assert expected.spread_k > 1.3 * expected.independent_spread_k
    assert found.totals.loc["cost_k", "mean"] == pytest.approx(200 + expected.expected_k, rel=0.01)


def test_a_late_project_brings_its_benefit_later(small_book, decide):
    tables = small_book({"P1": {"benefit_pv_k": (100.0,) * 3, "cost_k": (10.0,) * 3, "months": (6.0,) * 3}},
                        [("K1", "P1", 1.0, 12.0, 12.0, 12.0, "months", "", 0.0, 0.0)])
    found = simulate(decide(tables), tables, draws=500)
    assert found.mean_k == pytest.approx(100 / 1.08 - 10)
    # January 2026 is the first of 18 months of work.
    assert found.projects["finish_p50"].tolist() == [2026 * 12 + 18]


def test_spread_of_months_alone_hardly_moves_the_mean(small_book, decide):
    tables = small_book({"P1": {"benefit_pv_k": (100.0,) * 3, "cost_k": (10.0,) * 3, "months": (6.0, 12.0, 18.0)}})
    found = simulate(decide(tables), tables, draws=N)
    assert found.mean_k == pytest.approx(90, abs=0.2)
    assert found.totals.loc["finish", "p90"] == pytest.approx(2026 * 12 + 18, abs=0.2)


def test_the_chance_of_overrunning_a_budget_is_that_of_the_cost(small_book, decide):
    tables = small_book({"P1": {"benefit_pv_k": (900.0,) * 3, "cost_k": (80.0, 100.0, 120.0)}})
    tables["cash_flows"] = pd.DataFrame({"project_id": "P1", "year": [2026, 2027], "cost_k": [60.0, 40.0],
                                         "benefit_k": [0.0, 500.0]})
    tables["budgets"] = pd.DataFrame({"programme_id": None, "year": [2026, 2027], "capex_k": 0.0,
                                      "opex_k": [66.0, 50.0]})
    years = simulate(decide(tables), tables, draws=N).years.set_index("year")
    assert years.loc[2026, "p_over"] == pytest.approx(norm.sf(66, 60, 0.6 * SIGMA), abs=0.01)
    assert years.loc[2027, "p_over"] == pytest.approx(norm.sf(50, 40, 0.4 * SIGMA), abs=0.01)
    assert years.loc[2026, "cost_p90_k"] == pytest.approx(72, abs=0.3)
    assert years.loc[2027, "cash_mean_k"] == pytest.approx(400, abs=0.5)
    assert years["p_over"].isna().tolist() == years["budget_k"].isna().tolist()


@pytest.mark.parametrize("seed", range(4))
def test_the_mean_reconciles_with_the_plan_part_by_part(make_tables, seed):
    tables = make_tables(seed, 7)
    decision = rebalance(tables, policy=Policy(slow_pace=1.5, start_choices=2))
    if not decision.found:
        return
    found = simulate(decision, tables, draws=5_000)
    parts = found.reconciliation["value_k"]
    assert parts.iloc[0] == pytest.approx(decision.value_k)
    assert parts.iloc[:-1].sum() == pytest.approx(parts.iloc[-1]) and parts.iloc[-1] == found.mean_k
    # Without months and register only chance separates the mean of the draws from that of the fitted estimates.
    assert abs(parts.iloc[-2]) <= 5 * found.totals.loc["value_k", "mean_error"] + 1e-6


def test_anchored_to_the_plan_the_mean_is_the_plans(small_book, decide):
    tables = small_book({"P1": {"benefit_pv_k": (92.0, 100.0, 140.0), "cost_k": (9.0, 10.0, 14.0)}})
    decision = decide(tables)
    found = simulate(decision, tables, draws=N, policy=RiskPolicy(anchor="plan"))
    assert found.mean_k == pytest.approx(decision.value_k, abs=4 * found.totals.loc["value_k", "mean_error"])
    fitted = simulate(decision, tables, draws=N).reconciliation["value_k"].iloc[1]
    assert fitted == pytest.approx(0.0113 * (92 + 140 - 200) - 0.0113 * (9 + 14 - 20), rel=0.01)


def test_it_says_what_it_found(independent):
    assert repr(independent).startswith("<Simulation: 360 thousand EUR, P10-P90 3")
    assert independent.headline()["360"] == "thousand EUR expected of the plan, which counts with 360"
    assert "reaches 380 with a chance of 26 %" in independent.summary()
    assert independent.to_frame().index.tolist() == ["value_k", "cost_k", "finish"]
    assert independent.curve["p_reach"].is_monotonic_decreasing


@pytest.mark.parametrize("got", [-0.1, 1.5, math.nan])
def test_a_quantile_needs_a_chance(independent, got):
    with pytest.raises(ParameterError, match=r"share: got"):
        independent.value_at(got)


def test_without_estimates_it_says_that_only_the_risks_are_drawn(small_book, decide):
    book = small_book({"P1": {}}, [("K1", "P1", 0.5, 10.0, 20.0, 30.0, "money", "", 0.0, 0.0)])
    flows = pd.DataFrame({"project_id": ["P1"], "year": [2026], "cost_k": [40.0], "benefit_k": [100.0]})
    tables = {name: book[name] for name in ("projects", "risks")} | {"cash_flows": flows}
    plan = decide(tables)
    found = simulate(plan, tables, draws=2_000)
    assert found.mean_k == pytest.approx(plan.value_k - 10, abs=4 * found.totals.loc["value_k", "mean_error"])
    assert found.summary().endswith("Only 0 of 1 projects have an estimate; the others are drawn without spread, so "
                                    "the range is too narrow.")


def test_without_estimates_and_risks_there_is_nothing_to_draw(small_book, decide):
    book = small_book({"P1": {}})
    flows = pd.DataFrame({"project_id": ["P1"], "year": [2026], "cost_k": [40.0], "benefit_k": [100.0]})
    tables = {"projects": book["projects"], "cash_flows": flows}
    plan = decide(tables)
    with pytest.raises(MissingTableError, match=r"estimates, risks: both missing.*Add one of them"):
        simulate(plan, tables)
    assert plan.ask(simulate, tables) is None


def test_a_plan_by_points_without_any_money_is_not_worth_nothing(small_book):
    book = small_book({"P1": {}}, [("K1", "P1", 0.5, 10.0, 20.0, 30.0, "money", "", 0.0, 0.0)])
    tables = {name: book[name] for name in ("projects", "risks")}
    plan = rebalance(tables, period="2025-12", values={"P1": 5.0}, policy=Policy(objective="score"))
    with pytest.raises(MissingTableError, match=r"estimates, cash_flows: both missing, so the plan has no value in"):
        simulate(plan, tables)


def test_a_certain_plan_has_one_figure(small_book, decide):
    tables = small_book({"P1": {"benefit_pv_k": (100.0,) * 3, "cost_k": (10.0,) * 3}})
    assert simulate(decide(tables), tables, draws=200).headline() == {
        "90": "thousand EUR, of which nothing is uncertain"}


@pytest.mark.parametrize("options, message", [
    ({"policy": 5}, r"policy: got int, allowed a RiskPolicy. Pass"), ({"draws": 5}, r"draws: got 5, allowed a whole"),
    ({"executor": 5}, r"executor: got int, allowed one of concurrent.futures"),
])
def test_what_is_no_option_is_refused(four, plan, options, message):
    with pytest.raises(ParameterError, match=message):
        simulate(plan, four, **{"draws": 200} | options)
