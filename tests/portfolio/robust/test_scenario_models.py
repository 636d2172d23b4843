"""The risk-averse objectives: against enumeration, definitions, and tables compiled anew."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy
from pmlib.portfolio.plans import Change, solve
from pmlib.portfolio.problem import compile_problem, outcome, revalued
from pmlib.portfolio.robust.scenario_models import (
    scenario_totals,
    tail_mean,
    with_regret,
    with_tail,
    worths,
)
from pmlib.portfolio.robust.scenarios import Scenarios

FACTORS = {
    "as planned": (0.4, {}), "demand falls": (0.3, {"benefit": -0.4}),
    "other wins": (0.2, {"benefit of G1": -0.6, "benefit of P03": 1.0}), "dear": (0.1, {"price of people": 2.0}),
}
FREE = Policy(mix="off", hold_months=12)
FLOATS = st.floats(-1e3, 1e3)


def _wild(problem):
    """Scenarios so far apart that each has another best plan."""
    ids = problem.actions.projects["project_id"]
    values = np.random.default_rng(7).normal(100, 400, (len(ids), 4))
    frame = pd.DataFrame(values, ids, ["as planned", "demand falls", "other wins", "dear"])
    scenarios = Scenarios.from_values(frame, {"as planned": 0.4, "demand falls": 0.3, "other wins": 0.2, "dear": 0.1})
    return dataclasses.replace(scenarios, people_price=scenarios.people_price.where(frame.columns != "dear", 3.0))


@pytest.fixture(scope="module")
def case(make_tables):
    """A small problem, its scenarios, and the worth of every plan that holds every limit, by enumeration."""
    problem = compile_problem(make_tables(5), policy=FREE)
    scenarios = _wild(problem)
    owner = problem.actions.frame["project"].to_numpy()
    open_to = [np.flatnonzero(owner == place) for place in range(len(problem.actions.projects))]
    tried = (outcome(problem, np.array(choice)) for choice in itertools.product(*open_to))
    x = np.array([plan.x for plan in tried if not len(plan.broken)])
    values = x @ scenario_totals(problem, scenarios).T
    assert len(set(values.argmax(axis=0))) > 1
    return problem, scenarios, values


def _by_definition(values, chance, tail):
    """Go up from the worst case until the share is full, counting the last case by what still fits in."""
    left, total = tail, 0.0
    for value, probability in sorted(zip(values, chance, strict=True)):
        part = min(probability, left)
        total, left = total + part * value, left - part
    return total / tail


@pytest.mark.parametrize("tail", [0.1, 0.35, 1.0])
@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0])
def test_expected_value_and_tail_mean_match_the_enumeration_of_every_plan(case, rho, tail):
    problem, scenarios, values = case
    chance = scenarios.probability.to_numpy()
    aims = (1 - rho) * values @ chance + rho * np.array([_by_definition(row, chance, tail) for row in values])
    model = with_tail(problem, scenarios, tail=tail)
    plan = solve(model.problem, Change(objective=(1 - rho) * model.problem.model.objective + rho * model.measure))
    assert plan.value == pytest.approx(aims.max(), rel=2e-6)
    again = worths(problem, scenario_totals(problem, scenarios), plan.choice)
    added_up = (1 - rho) * again @ chance + rho * tail_mean(again, chance, tail)
    assert added_up == pytest.approx(plan.value, rel=2e-6)


@pytest.mark.parametrize("relative", [False, True])
def test_least_regret_matches_the_enumeration_of_every_plan(case, relative):
    problem, scenarios, values = case
    best = values.max(axis=0)
    assert (best > 0).all()
    scale = best if relative else np.ones(len(best))
    model = with_regret(problem, scenarios, best=best, scale=scale)
    plan = solve(model.problem, Change(objective=model.measure))
    assert -plan.value == pytest.approx(((best - values) / scale).max(axis=1).min(), rel=2e-6, abs=1e-6)


@pytest.mark.parametrize("floor_share", [0.3, 0.8, 1.0])
def test_most_value_above_a_floor_of_the_tail_matches_the_enumeration(case, floor_share):
    problem, scenarios, values = case
    chance = scenarios.probability.to_numpy()
    tails = np.array([_by_definition(row, chance, 0.3) for row in values])
    floor = tails.max() - (1 - floor_share) * np.ptp(tails)
    model = with_tail(problem, scenarios, tail=0.3)
    plan = solve(model.problem, Change(at_least=((model.measure, floor - 1e-6),)))
    assert plan.value == pytest.approx((values @ chance)[tails >= floor - 1e-6].max(), rel=2e-6)


def test_a_second_total_can_be_held_to_a_floor(case):
    problem, scenarios, values = case
    totals = scenario_totals(problem, scenarios)
    floor = float(np.quantile(values[:, 1], 0.9))
    plan = solve(problem, Change(objective=totals[0], at_least=((totals[1], floor),)))
    assert plan.value == pytest.approx(values[values[:, 1] >= floor - 1e-6, 0].max(), rel=2e-6)


def test_every_further_row_is_named_after_its_scenario(case):
    problem, scenarios, _ = case
    names = with_tail(problem, scenarios, tail=0.1).problem.model.names
    assert [name for name in names if name[0] == "tail"] == [("tail", name) for name in scenarios.names]
    names = with_regret(problem, scenarios, best=np.ones(4)).problem.model.names
    assert ("regret", "demand falls") in names


@pytest.mark.parametrize("seed", [0, 5])
def test_totals_are_those_of_tables_that_say_what_the_scenario_says(make_tables, seed):
    tables = make_tables(seed)
    estimated = tables["estimates"].loc[tables["estimates"]["quantity"] == "cost_k", "project_id"].iloc[0]
    scenarios = Scenarios.from_factors(tables, {
        "a": (0.5, {"benefit": -0.4, "benefit of G1": 0.5, "price of people": 2.0}),
        "b": (0.5, {f"cost of {estimated}": 0.25})})
    totals = scenario_totals(compile_problem(tables), scenarios)
    first = tables["projects"].set_index("project_id")["programme_id"] == "G1"

    def more(frame):
        return 0.6 * np.where(frame["project_id"].map(first).fillna(False).astype(bool), 1.5, 1.0)

    estimates, flows = tables["estimates"].copy(), tables["cash_flows"].copy()
    benefit = estimates["quantity"] == "benefit_pv_k"
    estimates.loc[benefit, ["p10", "p50", "p90"]] = estimates.loc[benefit, ["p10", "p50", "p90"]].mul(
        more(estimates[benefit]), axis=0)
    changed = {**tables, "estimates": estimates, "cash_flows": flows.assign(benefit_k=flows["benefit_k"] * more(flows)),
               "capacity": tables["capacity"].assign(hire_cost_k=45.0)}
    np.testing.assert_allclose(totals[0], compile_problem(changed).model.objective, rtol=1e-9, atol=1e-6)
    estimates = tables["estimates"].copy()
    dearer = (estimates["quantity"] == "cost_k") & (estimates["project_id"] == estimated)
    estimates.loc[dearer, ["p10", "p50", "p90"]] *= 1.25
    again = compile_problem({**tables, "estimates": estimates})
    # What a faster way costs on top stays as planned.
    plain = np.append(~again.actions.frame["action"].isin(["slow", "fast"]), np.ones(totals.shape[1], dtype=bool))
    plain = plain[:totals.shape[1]]
    np.testing.assert_allclose(totals[1][plain], again.model.objective[plain], rtol=1e-9, atol=1e-6)


def test_totals_of_values_handed_in_are_those_of_the_problem_valued_anew(make_tables):
    tables, rng = make_tables(1), np.random.default_rng(0)
    ids = tables["projects"]["project_id"].iloc[:-2]
    values = pd.DataFrame(rng.normal(50, 60, (len(ids), 3)), index=ids, columns=["a", "b", "c"])
    problem = compile_problem(tables, values=values["a"] + 1.0, policy=Policy(objective="score"))
    totals = scenario_totals(problem, Scenarios.from_values(values.sample(frac=1.0, random_state=1)))
    for place, name in enumerate(values):
        np.testing.assert_allclose(totals[place], revalued(problem, values[name]).model.objective, atol=1e-9)


def test_scenarios_must_be_for_the_projects_that_have_a_value(make_tables):
    problem = compile_problem(make_tables(0))
    values = Scenarios.from_factors({}, FACTORS, problem=problem).values
    short = Scenarios.from_values(values.drop(index="P02"))
    with pytest.raises(ParameterError, match="'as planned' has no value for P02, allowed one for each of"):
        scenario_totals(problem, short)
    longer = Scenarios.from_values(pd.concat([values, values.iloc[:1].set_axis(["PO2"])]))
    with pytest.raises(ParameterError, match=r"scenarios: 'PO2' has no value to change in this plan.*'P02'\?"):
        scenario_totals(problem, longer)


def _cases(draw):
    n = draw(st.integers(1, 8))
    chance = draw(arrays(float, n, elements=st.floats(0.01, 1.0)))
    return draw(arrays(float, (2, n), elements=FLOATS)), chance / chance.sum()


@given(st.composite(_cases)(), st.floats(0.01, 1.0))
def test_tail_mean_is_the_largest_of_what_rockafellar_and_uryasev_maximise(case, tail):
    (values, other), chance = case
    # The maximum over eta lies at one of the values.
    attained = [eta - chance @ np.maximum(eta - values, 0.0) / tail for eta in values]
    got = tail_mean(values, chance, tail)
    assert got == pytest.approx(max(attained), abs=1e-6)
    assert got == pytest.approx(_by_definition(values, chance, tail), abs=1e-6)
    # Coherent: together no worse than apart, moves with a sure amount, scales, and never above the mean.
    assert tail_mean(values + other, chance, tail) >= got + tail_mean(other, chance, tail) - 1e-6
    assert tail_mean(2.0 * values + 7.0, chance, tail) == pytest.approx(2.0 * got + 7.0, abs=1e-6)
    assert values.min() - 1e-6 <= got <= chance @ values + 1e-6


@given(st.composite(_cases)())
def test_a_tail_of_everything_is_the_mean_and_a_tail_of_nothing_the_worst(case):
    (values, _), chance = case
    assert tail_mean(values, chance, 1.0) == pytest.approx(chance @ values, abs=1e-6)
    assert tail_mean(values, chance, 1e-6) == pytest.approx(values.min(), abs=1e-6)
