"""What safety costs: every point against the enumeration of all plans."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.problem import outcome
from pmlib.portfolio.robust.scenario_models import scenario_totals, tail_mean
from pmlib.portfolio.robust.scenario_risk import risk_frontier
from pmlib.portfolio.robust.scenarios import Scenarios


@pytest.fixture(scope="module", params=[0, 5])
def case(request, make_tables):
    tables = make_tables(request.param)
    decision = rebalance(tables, policy=Policy(mix="off", hold_months=12))
    return decision, Scenarios.from_draws(tables, n=12, seed=1, correlation=0.5, problem=decision.problem)


@pytest.fixture(scope="module")
def every_plan(case):
    """Expected value and mean of the worst quarter of every plan that holds every limit."""
    decision, draws = case
    owner = decision.problem.actions.frame["project"].to_numpy()
    tried = (outcome(decision.problem, np.array(choice)) for choice in itertools.product(
        *(np.flatnonzero(owner == place) for place in range(owner.max() + 1))))
    x = np.array([plan.x for plan in tried if not len(plan.broken)])
    values, chance = x @ scenario_totals(decision.problem, draws).T, draws.probability.to_numpy()
    return np.array([(row @ chance, tail_mean(row, chance, 0.25)) for row in values])


def test_no_plan_beats_a_point_of_the_frontier_in_both(case, every_plan):
    points = risk_frontier(*case, steps=6, tail=0.25).to_frame()
    assert points["exact"].all()
    for expected, tail in points[["expected_k", "tail_k"]].to_numpy():
        assert not (every_plan > np.array([expected, tail]) + 1e-2).all(axis=1).any()
    assert points["expected_k"].iloc[0] == pytest.approx(every_plan[:, 0].max(), rel=2e-6)
    assert points["tail_k"].iloc[-1] == pytest.approx(every_plan[:, 1].max(), rel=1e-5)
    assert (np.diff(points["tail_k"]) > 0).all()
    assert (np.diff(points["expected_k"]) < 0).all()


def test_every_floor_is_met_with_the_most_expected_value(case, every_plan):
    steps = 6
    points = risk_frontier(*case, steps=steps, tail=0.25).to_frame()
    low, high = points["tail_k"].iloc[[0, -1]]
    for floor in np.linspace(low, high, steps)[1:] - 1e-4 * abs(high):
        most = every_plan[every_plan[:, 1] >= floor, 0].max()
        assert points.loc[points["tail_k"] >= floor, "expected_k"].max() == pytest.approx(most, rel=1e-4)


def test_the_plan_of_the_decision_is_where_the_frontier_begins(case):
    decision, _ = case
    result = risk_frontier(*case, steps=2, tail=0.25)
    # The draws keep every project's mean, so on average nothing beats the plan.
    assert result.here_expected_k == pytest.approx(decision.value_k, rel=1e-6)
    assert result.points["decided_otherwise"].iloc[0] == 0
    assert result.verbs[1].tolist() == decision.actions["action"].tolist()
    assert result.summary().startswith(f"The plan is worth {decision.value_k:,.0f} thousand EUR on average over 12 ")
    assert repr(result).startswith(f"<RiskFrontier: {len(result.points)} plans; expected {decision.value_k:,.0f}, ")
    assert 1 <= len(result.headline()) <= 2


def test_fresh_draws_measure_the_plans_and_choose_none(case):
    decision, draws = case
    result = risk_frontier(decision, draws, steps=3, tail=0.25, fresh=draws)
    alone = risk_frontier(decision, draws, steps=3, tail=0.25)
    np.testing.assert_allclose(result.points["fresh_tail_k"], result.points["tail_k"])
    assert result.here_fresh_tail_k == pytest.approx(result.here_tail_k)
    assert alone.points["fresh_tail_k"].isna().all()
    assert result.points.drop(columns="fresh_tail_k").equals(alone.points.drop(columns="fresh_tail_k"))
    gain = result.safest["tail_k"] - result.here_tail_k
    said = f" In 12 fresh scenarios it adds {gain:,.0f}."
    assert (said in result.summary()) == (gain > 1.0)
    assert "fresh" not in alone.summary()


def test_where_no_plan_is_safer_it_says_so(case):
    decision, _ = case
    alike = Scenarios.from_factors({}, {"a": (0.5, {}), "b": (0.5, {})}, problem=decision.problem)
    result = risk_frontier(decision, alike, steps=3)
    assert len(result.points) == 1
    assert result.summary().endswith("in the worst 10 % of cases. No plan is safer.")


@pytest.mark.parametrize(("options", "said"), [
    ({"steps": 1}, "steps: got 1, allowed a whole number from 2 to 200"), ({"steps": 2.5}, "steps: got 2.5"),
    ({"tail": 0.0}, "tail: got 0.0, allowed above 0, up to 1"),
], ids=str)
def test_options_outside_their_range_are_refused(case, options, said):
    with pytest.raises(ParameterError, match=said):
        risk_frontier(*case, **options)
