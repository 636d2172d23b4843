"""Scenarios: handed in, made from levers, drawn from estimates; what is refused, and how."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.portfolio import Policy
from pmlib.portfolio.problem import compile_problem
from pmlib.portfolio.robust.scenarios import Scenarios

VALUES = pd.DataFrame({"boom": [900.0, 300.0], "bust": [100.0, 250.0]}, index=["P17", "P23"])


@pytest.fixture(scope="module")
def tables(make_tables):
    return make_tables(0)


@pytest.fixture(scope="module")
def problem(tables):
    return compile_problem(tables)


def _one(problem, levers):
    scenarios = Scenarios.from_factors({}, {"now": (0.5, {}), "then": (0.5, levers)}, problem=problem)
    return scenarios, scenarios.values["then"] - scenarios.values["now"]


def test_values_handed_in_keep_their_names_and_are_not_touched():
    before = VALUES.copy()
    scenarios = Scenarios.from_values(VALUES, {"bust": 0.4, "boom": 0.6})
    assert scenarios.names == ("boom", "bust")
    assert scenarios.probability.tolist() == [0.6, 0.4]
    assert scenarios.values.equals(VALUES)
    assert VALUES.equals(before)
    assert repr(scenarios) == "<Scenarios: 2 for 2 projects; boom 60 %, bust 40 %>"
    assert scenarios.to_frame()["going_on_k"].tolist() == [1200.0, 350.0]
    assert scenarios.summary() == ("2 scenarios for 2 projects: going on with all of them would be worth between 350 "
                                   "(bust) and 1,200 thousand (boom), 860 on average.")
    assert scenarios.headline() == {"2": "scenarios", "350 to 1,200": "thousand if all projects go on"}


def test_without_probabilities_all_are_alike():
    assert Scenarios.from_values(VALUES).probability.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(("values", "chance", "said"), [
    (VALUES, {"boom": 0.6, "bust": 0.5}, r"probability: they add up to 1.1 \(boom 0.6, bust 0.5\), allowed 1"),
    (VALUES, {"boom": 60, "bust": 40}, r"probability: they add up to 100 .*not percent"),
    (VALUES, {"boom": 1.2, "bust": -0.2}, r"probability of 'bust': got -0\.2, allowed 0 or more"),
    (VALUES, {"boom": math.nan, "bust": 1.0}, "probability of 'boom': got nan, allowed a finite number"),
    (VALUES, {"boom": 1.0}, "probability: 'bust' has none, allowed one for each of 2 scenarios"),
    (VALUES, {"boom": 0.5, "burst": 0.5}, r"probability: no scenario is called 'burst'.*Did you mean 'bust'\?"),
    (VALUES, pd.Series([0.5, 0.5, 0.5], index=["boom", "boom", "bust"]), "probability: a scenario stands there twice"),
    (VALUES[["boom"]], None, "scenarios: got 1, allowed 2 or more"),
    (VALUES.set_axis(["boom", "boom"], axis=1), None, "scenarios: scenario 'boom' stands twice"),
    (VALUES.set_axis(["P17", "P17"]), None, "scenarios: project 'P17' stands twice"),
    (VALUES.replace(250.0, math.nan), None, "scenarios: 'bust' has nan for P23, allowed a finite number"),
    (VALUES.replace(900.0, math.inf), None, "scenarios: 'boom' has inf for P17"),
    (VALUES.astype(object).replace(900.0, "much"), None, "scenarios: 'boom' has 'much' for P17"),
], ids=lambda part: part[:30] if isinstance(part, str) else "")
def test_what_is_wrong_with_values_or_probabilities_is_named(values, chance, said):
    with pytest.raises(ParameterError, match=said):
        Scenarios.from_values(values, chance)


def test_anything_but_frames_and_mappings_is_refused(problem):
    with pytest.raises(ParameterError, match="values: got a dict, allowed a DataFrame"):
        Scenarios.from_values({"boom": {"P17": 1.0}})
    with pytest.raises(ParameterError, match="probability: got a list, allowed a mapping"):
        Scenarios.from_values(VALUES, [0.5, 0.5])
    with pytest.raises(ParameterError, match="factors: got a list, allowed a mapping"):
        Scenarios.from_factors({}, ["boom"], problem=problem)
    made = Scenarios.from_values(VALUES)
    with pytest.raises(ParameterError, match="people_price: its index is not the scenarios"):
        Scenarios(values=made.values, probability=made.probability, assumption=made.assumption,
                  people_price=made.people_price[::-1])


def test_levers_move_expected_benefit_and_cost_and_leave_the_rest(problem):
    projects = problem.actions.projects
    projects = projects[projects["source"] != "unknown"].set_index("project_id")
    _, gained = _one(problem, {"benefit": -0.2, "cost": 0.15})
    wanted = -0.2 * projects["benefit_k"] - 0.15 * projects["cost_k"]
    np.testing.assert_allclose(gained, wanted.loc[gained.index])
    _, late = _one(problem, {"delay": 3})
    np.testing.assert_allclose(late, projects["benefit_k"] * (1.08 ** -0.25 - 1))
    _, both = _one(problem, {"benefit": -0.5, "benefit of G1": 0.4})
    share = np.where(projects["programme_id"] == "G1", 0.5 * 1.4, 0.5)
    np.testing.assert_allclose(both, projects["benefit_k"] * (share - 1))


@pytest.mark.parametrize("group", ["P03", "G1", "core"])
def test_a_lever_can_be_narrowed_to_a_project_programme_or_horizon(problem, group):
    _, gained = _one(problem, {f"benefit of {group}": -0.2})
    projects = problem.actions.projects.assign(horizon=problem.horizon.to_numpy()).set_index("project_id")
    inside = (projects[["programme_id", "horizon"]] == group).any(axis=1) | (projects.index == group)
    assert set(gained.index[gained != 0]) <= set(projects.index[inside])
    assert (gained != 0).any()


def test_the_price_of_people_moves_no_project(problem):
    scenarios, gained = _one(problem, {"price of people": 0.3})
    assert (gained == 0).all()
    assert scenarios.people_price.tolist() == [1.0, 1.3]
    assert scenarios.to_frame()["assumption"].tolist() == ["as planned", "price of people +30 %"]


@settings(max_examples=15, deadline=None)
@given(st.floats(-1.0, 5.0), st.floats(-1.0, 5.0))
def test_levers_of_one_kind_multiply_in_any_order(problem, one, two):
    _, here = _one(problem, {"benefit": one, "benefit of P03": two})
    _, there = _one(problem, {"benefit of P03": two, "benefit": one})
    np.testing.assert_allclose(here, there)
    worth = problem.actions.projects.set_index("project_id").loc["P03", "benefit_k"]
    assert here["P03"] == pytest.approx(worth * ((1 + one) * (1 + two) - 1), abs=1e-6)


@pytest.mark.parametrize(("levers", "said"), [
    ({"benfit": -0.2}, r"scenarios: 'then' moves 'benfit'. Known: benefit, cost, delay, price of people. Did you mean"),
    ({"benefit": -20}, r"benefit in 'then': got -20, allowed -1 to 5 \(as a share: -0.2 is 20 % less\)"),
    ({"cost of G1": 15}, "cost of G1 in 'then': got 15, allowed -1 to 5"),
    ({"delay": 400}, r"delay in 'then': got 400, allowed -120 to 120 \(months\)"),
    ({"benefit": math.nan}, "benefit in 'then': got nan, allowed a finite number"),
    ({"benefit": "-20 %"}, "benefit in 'then': got '-20 %', allowed a finite number"),
    ({"benefit": True}, "benefit in 'then': got True"),
    ({"benefit of cores": -0.2}, r"benefit of cores in 'then': no project to decide has 'cores'.*mean 'core'\?"),
    (-0.2, r"scenarios: 'then' has a tuple, allowed \(probability, \{lever: change\}\)"),
], ids=str)
def test_what_is_wrong_with_a_lever_is_named(problem, levers, said):
    with pytest.raises(ParameterError, match=said):
        _one(problem, levers)


def test_a_word_that_means_two_things_is_refused(tables):
    twice = tables["projects"].assign(kind=np.where(tables["projects"]["programme_id"] == "G1", "core", "other"))
    with pytest.raises(ParameterError, match="'core' is a kind and a horizon, allowed one"):
        _one(compile_problem({**tables, "projects": twice}), {"benefit of core": -0.2})


def test_levers_and_draws_are_for_plans_in_money(tables):
    points = compile_problem(tables, values={"P00": 3.0}, policy=Policy(objective="score"))
    for make in (lambda: _one(points, {}), lambda: Scenarios.from_draws(tables, problem=points)):
        with pytest.raises(ParameterError, match=r"scenarios: the plan's objective is score.*Scenarios.from_values"):
            make()


def test_draws_are_repeatable_and_their_mean_is_the_plans_own_value(tables, problem):
    draws = Scenarios.from_draws(tables, n=50, seed=3)
    assert draws.values.equals(Scenarios.from_draws(tables, n=50, seed=3, problem=problem).values)
    assert not draws.values.equals(Scenarios.from_draws(tables, n=50, seed=4).values)
    assert len(draws.names) == 50
    own = problem.actions.projects.set_index("project_id")["value_k"].loc[draws.values.index]
    np.testing.assert_allclose(draws.values.mean(axis=1), own, atol=1e-6)


def test_draws_take_each_point_and_each_success_in_its_share():
    estimates = pd.DataFrame([("A", "benefit_pv_k", 100.0, 200.0, 400.0), ("A", "cost_k", 50.0, 50.0, 50.0),
                              ("A", "p_success", 0.8, 0.8, 0.8)],
                             columns=["project_id", "quantity", "p10", "p50", "p90"])
    tables = {"projects": pd.DataFrame({"project_id": ["A"], "state": "running", "bac_k": 9.0, "spent_k": 1.0}),
              "estimates": estimates}
    problem = compile_problem(tables, period="2025-12")
    values = Scenarios.from_draws(tables, n=1000, seed=1, problem=problem).values.loc["A"]
    steps = values.round(6).value_counts(normalize=True)
    # Failed; p10, p50 and p90 of a success: the means of the table give .2, .8 x .3, .8 x .4, .8 x .3.
    np.testing.assert_allclose(steps.sort_index(), [0.2, 0.24, 0.32, 0.24], atol=0.03)
    np.testing.assert_allclose(np.diff(steps.sort_index().index), [100.0, 100.0, 200.0])
    assert values.mean() == pytest.approx(0.8 * 230.0 - 50.0)


def test_a_common_factor_moves_projects_together_and_leaves_their_means(tables):
    apart, together = (Scenarios.from_draws(tables, n=400, seed=2, correlation=rho) for rho in (0.0, 0.6))
    assert together.values.sum().std() > 1.3 * apart.values.sum().std()
    np.testing.assert_allclose(together.values.mean(axis=1), apart.values.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(together.values.std(axis=1), apart.values.std(axis=1), rtol=0.15)


@pytest.mark.parametrize(("options", "said"), [
    ({"n": 1}, "n: got 1, allowed a whole number from 2 to 100,000"), ({"n": 2.5}, "n: got 2.5"),
    ({"seed": -1}, "seed: got -1, allowed a whole number of 0 or more"),
    ({"correlation": 1.0}, "correlation: got 1.0, allowed 0 up to below 1"),
    ({"correlation": math.nan}, "correlation: got nan"),
], ids=str)
def test_draws_outside_their_range_are_refused(tables, options, said):
    with pytest.raises(ParameterError, match=said):
        Scenarios.from_draws(tables, **options)


def test_draws_need_estimates(tables):
    with pytest.raises(MissingTableError, match="estimates: missing. Draws need p10, p50 and p90"):
        Scenarios.from_draws({name: table for name, table in tables.items() if name != "estimates"})


@pytest.mark.parametrize(("field", "value", "words"), [
    ("values", [1.0], "values: got a list, allowed a DataFrame"),
    ("values", VALUES * 1e300, "'boom' has .*e.30. for P17, allowed a finite number"),
    ("probability", {"boom": 0.5, "bust": 0.5}, "probability: got a dict, allowed a Series"),
    ("probability", pd.Series({"boom": "half", "bust": 0.5}), "probability of 'boom': got 'half', allowed a finite"),
    ("people_price", pd.Series({"boom": -1.0, "bust": 1.0}), "people_price of 'boom': got -1, allowed 0 or more"),
    ("unit", 3, "unit: got 3, allowed a str"),
])
def test_scenarios_made_by_hand_are_held_to_the_same(field, value, words):
    made = Scenarios.from_values(VALUES)
    fields = {name: getattr(made, name) for name in ("values", "probability", "people_price", "assumption", "unit")}
    with pytest.raises(ParameterError, match=words):
        Scenarios(**fields | {field: value})


def test_draws_of_a_given_problem_still_check_the_estimates(tables):
    problem = compile_problem(tables, period="2025-12")
    wrong = tables["estimates"].astype({"p10": object})
    wrong.loc[0, "p10"] = "much"
    with pytest.raises(SchemaError, match="estimates row 0 .*'p10': no usable number, got 'much'"):
        Scenarios.from_draws(tables | {"estimates": wrong}, problem=problem)
    with pytest.raises(ParameterError, match=r"problem: got 3, allowed a Problem"):
        Scenarios.from_draws(tables, problem=3)


@pytest.mark.parametrize("factors", [{"1": (0.5, {}), 1: (0.5, {})}, {"now": (1.0, {})}, {}], ids=str)
def test_factors_need_two_names(problem, factors):
    with pytest.raises(ParameterError, match=r"factors: got \d names for \d scenarios, allowed 2 or more"):
        Scenarios.from_factors({}, factors, problem=problem)
