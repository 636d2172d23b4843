"""Plans side by side: a textbook case, enumeration, and the sentences a board reads."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import CheckError, ParameterError
from pmlib.portfolio import Policy, Status, rebalance
from pmlib.portfolio.fan_out import solve_all
from pmlib.portfolio.problem import outcome
from pmlib.portfolio.robust import scenario_regret
from pmlib.portfolio.robust.scenario_models import scenario_totals
from pmlib.portfolio.robust.scenario_regret import scenario_plans
from pmlib.portfolio.robust.scenarios import Scenarios

FACTORS = {"as planned": (0.4, {}), "demand falls": (0.3, {"benefit": -0.4}),
           "other wins": (0.3, {"benefit of G1": -0.6, "benefit of P03": 1.0})}
FOUR = ["the plan", "most expected value", "least regret", "tail-averse"]


def _wild(problem):
    """Scenarios so far apart that each has another best plan."""
    ids = problem.actions.projects["project_id"]
    values = np.random.default_rng(7).normal(100, 400, (len(ids), 4))
    frame = pd.DataFrame(values, ids, ["as planned", "demand falls", "other wins", "dear"])
    scenarios = Scenarios.from_values(frame, {"as planned": 0.4, "demand falls": 0.3, "other wins": 0.2, "dear": 0.1})
    return dataclasses.replace(scenarios, people_price=scenarios.people_price.where(frame.columns != "dear", 3.0))


@pytest.fixture(scope="module")
def lumber():
    """Thompson Lumber (Render, Stair & Hanna, Quantitative Analysis for Management): thousands, even odds."""
    values = pd.DataFrame({"favourable": [200.0, 100.0], "unfavourable": [-180.0, -20.0]}, index=["large", "small"])
    projects = pd.DataFrame({"project_id": ["large", "small"], "state": "proposed", "bac_k": 0.0, "spent_k": 0.0})
    links = pd.DataFrame({"link_id": "L1", "member_id": ["large", "small"], "type": "excludes", "role": "member"})
    tables = {"projects": projects, "links": links}
    return rebalance(tables, period="2025-12", values=values["favourable"]), Scenarios.from_values(values)


@pytest.fixture(scope="module")
def compared(make_tables):
    decision = rebalance(make_tables(5), policy=Policy(mix="off", hold_months=12))
    return scenario_plans(decision, _wild(decision.problem))


def test_thompson_lumber_builds_the_small_plant_by_expected_value_and_by_least_regret(lumber):
    result = scenario_plans(*lumber)
    small = {"large": "decline", "small": "start"}
    assert result.verbs["the plan"].to_dict() == {"large": "start", "small": "decline"}
    assert result.verbs["most expected value"].to_dict() == small
    assert result.verbs["least regret"].to_dict() == small
    assert result.regrets.loc["the plan"].tolist() == pytest.approx([0.0, 180.0])
    assert result.regrets.loc["least regret"].tolist() == pytest.approx([100.0, 20.0])
    rows = result.plans.set_index("plan")
    assert rows["expected_k"][["the plan", "least regret"]].tolist() == pytest.approx([10.0, 40.0])
    assert rows["price_k"]["the plan"] == pytest.approx(30.0)
    # Expected value of perfect information: 100 with it, 40 without.
    assert result.knowing_k == pytest.approx(60.0)
    assert result.proved


def test_who_fears_the_worst_builds_nothing(lumber):
    result = scenario_plans(*lumber, rho=1.0, tail=0.5)
    assert result.verbs["tail-averse"].tolist() == ["decline", "decline"]
    assert result.plans.set_index("plan").loc["tail-averse", ["tail_k", "price_k"]].tolist() == [0.0, 40.0]


def test_the_sentences_say_what_is_lost_when_and_what_less_regret_costs(lumber):
    result = scenario_plans(*lumber, rho=1.0, tail=0.5)
    assert result.summary() == (
        "The plan loses at most 180 thousand EUR against the best plan for the case, if 'unfavourable' comes. On "
        "average it gives up 30. The plan of least regret gives up nothing of expected value and never loses more "
        "than 100 (50.0 %). The tail-averse plan gives up 40 (100.0 %) and is worth 0 in the worst 50 % of cases, "
        "where the plan is worth -180. 0 of 2 projects are decided alike in every plan; large, small hang on the "
        "future.")
    assert result.headline() == {"180 k": "lost at most by the plan, if 'unfavourable' comes",
                                 "100 k": "lost at most by the plan of least regret",
                                 "60 k": "worth of knowing beforehand which scenario comes, on average",
                                 "0 of 2": "projects decided alike in every plan"}
    assert repr(result) == ("<ScenarioPlans: 2 scenarios; largest regret 180 of the plan, 100 at least; 2 of 2 "
                            "projects hang on the future>")


@pytest.fixture(scope="module", params=[4, 5])
def enumerated(request, make_tables):
    """A decision, scenarios, and the worth in each of every plan that holds every limit."""
    decision = rebalance(make_tables(request.param), policy=Policy(mix="off", hold_months=12))
    scenarios, owner = _wild(decision.problem), decision.problem.actions.frame["project"].to_numpy()
    tried = (outcome(decision.problem, np.array(choice)) for choice in itertools.product(
        *(np.flatnonzero(owner == place) for place in range(owner.max() + 1))))
    x = np.array([plan.x for plan in tried if not len(plan.broken)])
    return decision, scenarios, x @ scenario_totals(decision.problem, scenarios).T


@pytest.mark.parametrize("options", [{}, {"rho": 1.0}, {"rho": 0.0}, {"regret": "relative"}], ids=str)
def test_every_plan_is_the_best_of_its_kind_among_all_plans(enumerated, options):
    decision, scenarios, values = enumerated
    result, chance = scenario_plans(decision, scenarios, **options), scenarios.probability.to_numpy()
    best, expected, rows = values.max(axis=0), values @ chance, result.plans.set_index("plan")
    np.testing.assert_allclose(np.diag(result.values.iloc[4:]), best, rtol=2e-6)
    assert rows["expected_k"]["most expected value"] == pytest.approx(expected.max(), rel=2e-6)
    relative = options.get("regret") == "relative"
    regret = ((best - values) / (best if relative else 1.0)).max(axis=1)
    least = rows.loc["least regret"]
    assert least["max_regret_share" if relative else "max_regret_k"] == pytest.approx(regret.min(), abs=1e-2)
    assert least["expected_k"] == pytest.approx(expected[regret <= regret.min() * (1 + 1e-6) + 1e-5].max(), rel=1e-5)
    rho = options.get("rho", 0.5)
    averse = (1 - rho) * rows["expected_k"]["tail-averse"] + rho * rows["tail_k"]["tail-averse"]
    # No scenario is less likely than the tail is wide: the worst cases are the worst one.
    assert averse == pytest.approx(((1 - rho) * expected + rho * values.min(axis=1)).max(), rel=2e-6)


def test_regrets_prices_and_totals_hang_together(compared):
    result = compared
    rows = result.plans.set_index("plan")
    assert (result.regrets >= 0).all(axis=None)
    np.testing.assert_allclose(np.diag(result.regrets.iloc[4:]), 0.0)
    assert rows.index[:4].tolist() == FOUR
    assert rows["max_regret_k"].idxmin() == "least regret" or rows["max_regret_k"].min() == pytest.approx(
        rows["max_regret_k"]["least regret"])
    assert rows["price_k"]["most expected value"] == 0.0
    assert rows["decided_otherwise"]["the plan"] == 0
    assert rows["max_regret_k"]["least regret"] < rows["max_regret_k"]["the plan"]
    assert result.knowing_k > 0
    long = result.to_frame()
    assert len(long) == result.values.size
    np.testing.assert_allclose(long["best_k"] - long["value_k"], long["regret_k"])
    weighted = (long["value_k"] * long["probability"]).groupby(long["plan"]).sum()
    np.testing.assert_allclose(weighted[rows.index], rows["expected_k"])


def test_projects_in_every_plan_and_those_that_hang_on_the_future_are_named(compared):
    result = compared
    for name, verbs in result.verbs.iterrows():
        # Timing may differ too, so one verb does not mean one decision.
        assert name in result.differ or verbs.nunique() == 1
        assert (name in result.in_all) <= set(verbs).isdisjoint({"stop", "decline", "hold"})


def test_the_decided_plan_is_taken_wherever_it_is_as_good(lumber):
    decision, _ = lumber
    values = pd.DataFrame({"good": [200.0, 100.0], "better": [300.0, 100.0]}, index=["large", "small"])
    result = scenario_plans(decision, Scenarios.from_values(values))
    assert (result.plans["decided_otherwise"] == 0).all()
    assert result.summary() == (
        "The plan is the best one in every scenario. All 2 projects are decided alike in every plan.")
    assert result.headline() == {"0 k": "lost by the plan in any scenario",
                                 "2 of 2": "projects decided alike in every plan"}


def test_relative_regret_is_said_as_a_share_first(make_tables):
    decision = rebalance(make_tables(5), policy=Policy(mix="off", hold_months=12))
    result = scenario_plans(decision, _wild(decision.problem), regret="relative")
    row = result.plans.iloc[0]
    lost = result.regrets.loc["the plan", row["regret_in"]]
    assert result.summary().startswith(
        f"The plan loses at most {100 * row['max_regret_share']:.1f} % ({lost:,.0f} thousand EUR) against the best")


def test_relative_regret_needs_best_values_above_zero(lumber):
    with pytest.raises(ParameterError, match="regret: the best plan in 'unfavourable' is worth 0, allowed above 0"):
        scenario_plans(*lumber, regret="relative")


@pytest.mark.parametrize(("options", "said"), [
    ({"rho": 1.5}, "rho: got 1.5, allowed 0 to 1"), ({"rho": -0.1}, "rho: got -0.1"),
    ({"tail": 0.0}, "tail: got 0.0, allowed above 0, up to 1"), ({"tail": 10}, "tail: got 10"),
    ({"regret": "relativ"}, r"regret: got 'relativ', allowed absolute, relative. Did you mean 'relative'\?"),
], ids=str)
def test_options_outside_their_range_are_refused(lumber, options, said):
    with pytest.raises(ParameterError, match=said):
        scenario_plans(*lumber, **options)


def test_a_solver_that_disagrees_with_plain_arithmetic_is_caught(lumber, monkeypatch):
    def wrong(problem, changes, **_):
        plans = solve_all(problem, changes)
        object.__setattr__(plans[0], "value", plans[0].value + 1.0)
        return plans

    monkeypatch.setattr(scenario_regret, "solve_all", wrong)
    with pytest.raises(CheckError, match="best if favourable: the solver says 201.000, added up it is 200.000"):
        scenario_plans(*lumber)


def test_a_search_cut_short_falls_back_on_the_plan_and_says_so(lumber, monkeypatch):
    def cut(problem, changes, **_):
        return tuple(dataclasses.replace(plan, status=Status.NO_PLAN, choice=plan.choice[:0])
                     for plan in solve_all(problem, changes))

    monkeypatch.setattr(scenario_regret, "solve_all", cut)
    result = scenario_plans(*lumber)
    assert (result.plans["decided_otherwise"] == 0).all()
    assert result.summary().endswith("5 of 6 plans are not proved the best: lower gap or raise node_limit.")


def test_a_loose_gap_is_no_contradiction(make_tables):
    decision = rebalance(make_tables(5), policy=Policy(mix="off", hold_months=12, gap=0.3))
    result = scenario_plans(decision, _wild(decision.problem))
    assert (result.regrets >= 0).all(axis=None)
    assert result.proved or "not proved the best: lower gap" in result.summary()


def test_projects_without_a_value_stay_as_they_are_in_every_scenario(make_tables):
    tables = make_tables(0)
    no_value = {name: tables[name][tables[name]["project_id"] != "P06"] for name in ("estimates", "cash_flows")}
    decision = rebalance({**tables, **no_value}, policy=Policy(mix="off", hold_months=12))
    unknown = decision.problem.actions.projects.query("source == 'unknown'")["project_id"]
    assert unknown.tolist() == ["P06"]
    scenarios = Scenarios.from_factors({}, FACTORS, problem=decision.problem)
    assert not set(unknown) & set(scenarios.values.index)
    assert not set(unknown) & set(scenario_plans(decision, scenarios).differ)
