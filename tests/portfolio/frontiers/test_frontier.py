"""The frontier of a plan: every choice of actions enumerated is the oracle."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio.decision import rebalance
from pmlib.portfolio.frontiers import tracing
from pmlib.portfolio.frontiers.frontier import value_frontier
from pmlib.portfolio.limits import MONEY
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.problem import outcome

WORTH = [900.0, 700.0, 400.0, 650.0, 120.0, -80.0, 300.0, 310.0]
COST = [500.0, 300.0, 210.0, 400.0, 50.0, 90.0, 140.0, 150.0]
IDS = [f"P{i}" for i in range(1, 9)]


def _independent(**more):
    projects = pd.DataFrame({"project_id": IDS, "state": "proposed", "bac_k": COST, "spent_k": 0.0})
    flows = pd.DataFrame({"project_id": IDS, "year": 2026, "cost_k": COST, "benefit_k": np.add(WORTH, COST)})
    return {"projects": projects, "cash_flows": flows} | more


def _decided(tables, **policy):
    return rebalance(tables, period="2025-12", policy=Policy(discount_rate=0.0, **policy))


class _Every:
    """Every choice of actions of a decision, what it is worth and which limits it breaks."""

    def __init__(self, decision):
        problem = decision.problem
        names = [name[0] for name in problem.model.names]
        by_project = problem.actions.frame.groupby("project").indices
        self.decision, self.choices = decision, list(itertools.product(*by_project.values()))
        ways = [outcome(problem, np.array(choice)) for choice in self.choices]
        self.value = np.array([way.value for way in ways])
        self.broken = [{names[row] for row in way.broken} for way in ways]

    def front(self, used, *, free=(), sign=-1.0):
        """Value and other total of every plan that no other beats, by rising other total."""
        amount = used[np.array(self.choices)].sum(axis=1)
        good = [i for i, broken in enumerate(self.broken) if broken <= set(free)]
        kept, best = [], -np.inf
        for i in sorted(good, key=lambda i: (-sign * amount[i], -self.value[i])):
            if self.value[i] > best + 1e-5 * max(1.0, abs(self.value[i])):
                kept.append((self.value[i], amount[i]))
                best = self.value[i]
        return np.array(sorted(kept, key=lambda point: (point[1], point[0])))


@pytest.fixture(scope="module")
def linked(make_tables):
    """A portfolio with every kind of limit but the mix, all its choices enumerated."""
    return _Every(rebalance(make_tables(0, 8), period="2025-12", policy=Policy(mix="off")))


def _cost(decision):
    return decision.problem.actions.frame["cost_k"].to_numpy(dtype=float)


def _points(frontier):
    frame = frontier.to_frame()
    return frame.loc[frame["on_frontier"], ["value_k", frontier.against]].to_numpy()


def test_walk_finds_every_plan_that_enumeration_finds(linked):
    frontier = value_frontier(linked.decision, points=40)
    expected = linked.front(_cost(linked.decision), free=MONEY)
    assert len(expected) > 5
    assert frontier.exact
    assert frontier.proved
    assert frontier.method == "epsilon-constraint walk"
    np.testing.assert_allclose(_points(frontier), expected, rtol=1e-5, atol=1e-3)


def test_plans_at_some_amounts_are_among_those_of_enumeration(linked):
    frontier = value_frontier(linked.decision, points=4)
    expected = linked.front(_cost(linked.decision), free=MONEY)
    assert len(_points(frontier)) < len(expected)
    assert not frontier.exact
    assert "not every plan" in frontier.summary()
    for point in _points(frontier):
        assert np.isclose(expected, point, rtol=1e-5, atol=1e-3).all(axis=1).any()


def _each(decision, numbers):
    frame = decision.problem.actions.frame
    ahead = (frame["on"] | (frame["action"] == "hold")).to_numpy()
    return np.where(ahead, frame["project_id"].map(numbers).to_numpy(dtype=float), 0.0)


def test_against_risk_the_budgets_hold(linked):
    projects = linked.decision.problem.actions.projects["project_id"]
    risk = pd.Series(np.arange(1.0, len(projects) + 1) ** 2, index=projects)
    frontier = value_frontier(linked.decision, against="risk", amounts=risk, points=40)
    assert frontier.exact
    expected = linked.front(_each(linked.decision, risk))
    np.testing.assert_allclose(_points(frontier), expected, rtol=1e-5, atol=1e-3)
    assert frontier.here["value_k"] == pytest.approx(linked.decision.value_k)


def test_of_a_score_most_is_wanted(linked):
    projects = linked.decision.problem.actions.projects["project_id"]
    score = dict(zip(projects, [5.0, 1.0, 7.0, 2.0, 4.0, 3.0, 6.0, 2.5], strict=True))
    frontier = value_frontier(linked.decision, against="score", amounts=score, points=40)
    expected = linked.front(_each(linked.decision, score), sign=1.0)
    np.testing.assert_allclose(_points(frontier), expected, rtol=1e-5, atol=1e-3)
    assert (np.diff(_points(frontier)[:, 0]) < 0).all()


@pytest.mark.parametrize("tables", [
    _independent(),
    _independent(budgets=pd.DataFrame({"year": [2026], "capex_k": [0.0], "opex_k": [900.0]})),
])
def test_independent_projects_are_searched_in_two_phases(tables):
    decision = _decided(tables, max_changes=5)
    frontier = value_frontier(decision)
    expected = _Every(decision).front(_cost(decision), free=MONEY)
    assert frontier.method == "two-phase search"
    assert frontier.exact
    np.testing.assert_allclose(_points(frontier), expected, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize(("node_limit", "method"), [(10**6, "two-phase search"), (0, "epsilon-constraint walk")])
def test_small_numbers_from_zero_are_followed_to_the_end(monkeypatch, node_limit, method):
    monkeypatch.setattr(tracing, "_NODE_LIMIT", node_limit)
    links = pd.DataFrame({"link_id": "L1", "member_id": ["P1", "P2"], "type": "excludes", "role": "member",
                          "amount_k": 0.0})
    every = _Every(_decided(_independent(links=links), max_changes=3))
    share = dict(zip(IDS, [0.02, 0.01, 0.05, 0.04, 0.03, 0.01, 0.02, 0.06], strict=True))
    frontier = value_frontier(every.decision, against="share", amounts=share, points=40)
    assert frontier.exact
    assert frontier.method == method
    np.testing.assert_allclose(_points(frontier), every.front(_each(every.decision, share)), rtol=1e-6, atol=1e-6)


def test_decisions_at_a_point_add_up_to_it():
    decision = _decided(_independent(), max_changes=5)
    frontier = value_frontier(decision)
    by_id = pd.DataFrame({"value_k": WORTH, "cost_k": COST}, index=IDS)
    for row in frontier.to_frame().to_dict("records"):
        at = frontier.decision_at(row["point"])
        taken = by_id.loc[at.loc[at["action"] == "start", "project_id"]]
        assert taken["value_k"].sum() == pytest.approx(row["value_k"])
        assert taken["cost_k"].sum() == pytest.approx(row["cost_k"])
        assert len(taken) == row["projects_on"]
    here = frontier.decision_at(int(frontier.here["point"]))
    assert not here["differs"].any()
    assert here["planned"].tolist() == decision.actions["action"].tolist()


def test_a_plan_that_budgets_by_year_keep_below_the_frontier_stands_beside_it():
    budgets = pd.DataFrame({"year": [2026, 2027], "capex_k": 0.0, "opex_k": [500.0, 400.0]})
    tables = _independent(budgets=budgets)
    later = tables["cash_flows"]["project_id"].isin(IDS[1:4])
    tables["cash_flows"] = tables["cash_flows"].assign(year=np.where(later, 2027, 2026))
    decision = _decided(tables)
    frontier = value_frontier(decision)
    frame = frontier.to_frame()
    assert frame.loc[frame["here"], "point"].tolist() == [0]
    assert not frame.loc[frame["here"], "on_frontier"].any()
    assert frame["cost_k"].is_monotonic_increasing
    gain = frontier.steps()["gain_k"]
    assert gain[1] > 0
    assert "Another plan with no more money is worth" in frontier.summary()
    assert "Budgets are set free" in frontier.summary()
    assert f"{gain[1]:+,.0f}" in frontier.headline()
    assert frontier.decision_at(0)["action"].tolist() == decision.actions["action"].tolist()


def test_supported_plans_are_best_for_some_rate_of_exchange():
    frontier = value_frontier(_decided(_independent()))
    frame = frontier.to_frame()
    best = set()
    for rate in np.linspace(0.0, 10.0, 4001):
        best.add(int((frame["value_k"] - rate * frame["cost_k"]).idxmax()))
    assert best <= set(frame.index[frame["supported"]])
    assert 2 < frame["supported"].sum() < len(frame)


def test_steps_and_words_agree_with_the_points():
    frontier = value_frontier(_decided(_independent(), budget_k=1000.0))
    frame, steps = frontier.to_frame(), frontier.steps()
    for amount, value in zip(steps["amount"], steps["value_k"], strict=True):
        assert value == frame.loc[frame["cost_k"] <= amount + 1e-6, "value_k"].max()
    assert np.isnan(frontier.value_at(-1.0))
    assert "every plan that no other beats, each proved" in frontier.summary()
    assert repr(frontier).startswith(f"<Frontier: {len(frame)} plans, value 0 to ")
    assert frame["added"].iloc[0] == "where it begins"
    assert frame["added"].iloc[1].startswith("start P")
    assert frontier.here["on_frontier"]
    after = frame.iloc[int(frontier.here.name) + 1]
    cost, value = (after[name] - frontier.here[name] for name in ("cost_k", "value_k"))
    assert f"The next {cost:,.0f} thousand EUR buy {value:,.0f} ({after['added']})." in frontier.summary()


def test_a_column_of_the_projects_can_be_held_against_value():
    decision = _decided(_independent())
    frontier = value_frontier(decision, against="bac_k")
    np.testing.assert_allclose(_points(frontier), _points(value_frontier(decision)))
    assert frontier.against == "bac_k"
    assert not frontier.budgets_free


def test_without_a_plan_the_frontier_shows_what_money_would_buy():
    tables = _independent()
    tables["projects"] = tables["projects"].assign(mandatory=[True] * 2 + [False] * 6)
    decision = _decided(tables, budget_k=100.0)
    assert not decision.found
    frontier = value_frontier(decision)
    assert frontier.here is None
    assert frontier.steps().empty
    assert frontier.to_frame()["cost_k"].min() == pytest.approx(800.0)
    assert "There is no plan to compare with." in frontier.summary()
    assert not frontier.decision_at(1)["differs"].any()


def test_no_plan_even_without_budgets_is_refused():
    tables = _independent()
    tables["projects"] = tables["projects"].assign(mandatory=True)
    with pytest.raises(ParameterError, match="none even without budgets.*mends"):
        value_frontier(_decided(tables, max_changes=2, budget_k=1000.0))


@pytest.mark.parametrize(("options", "message"), [
    ({"against": "bac"}, "against: 'bac' is no number of the projects.*Did you mean 'bac_k'"),
    ({"against": "value_k"}, "against: got 'value_k'.*Take another name"),
    ({"against": "risk", "amounts": {"P1": 1.0}}, "amounts: P2 has no risk, and 6 more"),
    ({"aim": "lest"}, "aim: got 'lest'.*Did you mean 'least'"),
    ({"points": 2}, "points: got 2, allowed a whole number of 3 or more"),
])
def test_options_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        value_frontier(_decided(_independent()), **options)


def test_an_unknown_point_is_refused():
    frontier = value_frontier(_decided(_independent()))
    with pytest.raises(ParameterError, match="point: got 999, allowed a whole number from 1 to"):
        frontier.decision_at(999)


def test_too_many_points_fall_back_to_some_amounts(monkeypatch):
    monkeypatch.setattr(tracing, "_NODE_LIMIT", 10)
    frontier = value_frontier(_decided(_independent()), points=6)
    assert not frontier.exact
    every = _points(value_frontier(_decided(_independent()), points=6))
    monkeypatch.undo()
    known = _points(value_frontier(_decided(_independent())))
    for point in every:
        assert np.isclose(known, point).all(axis=1).any()
