"""Overrides against every plan there is: bounds that hold, regrets that are exact, values at which the plan flips."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.forcing import costs_of_forcing, force, regret_bounds
from pmlib.portfolio.model import Status
from pmlib.portfolio.plans import Change, Plan, solve
from pmlib.portfolio.problem import best_plan, compile_problem, outcome, revalued

POLICIES = ({}, {"mix": "off", "max_changes": 3}, {"mix": "off", "start_choices": 2, "hold_months": (3, 9)},
            {"mix": "priced", "carry_over": 0.2, "switching_cost_k": 5.0, "max_stops": 1})
SMALL = list(zip((3, 5, 9, 8), POLICIES, strict=True))


def _best(problem):
    return best_plan(problem)[1]


def _solved(make_tables, seed, n, options):
    """Make a random problem and its best plan."""
    problem = compile_problem(make_tables(seed, n), policy=Policy(**options))
    return problem, _best(problem)


def _every_plan(problem):
    """Value and verbs of every plan, without a solver."""
    frame = problem.actions.frame
    verb, mine = frame["action"].to_numpy(dtype=str), frame.groupby("project").indices
    for choice in itertools.product(*(mine[project] for project in sorted(mine))):
        plan = outcome(problem, np.array(choice))
        if not len(plan.broken):
            yield plan.value, verb[list(choice)]


def _otherwise(every, project, verb):
    """Best value of the plans that do not have this verb for the project."""
    return max((value for value, verbs in every if verbs[project] != verb), default=-np.inf)


@pytest.mark.parametrize(("seed", "options"), SMALL)
def test_regrets_are_those_of_all_plans_there_are(make_tables, seed, options):
    problem, plan = _solved(make_tables, seed, 6, options)
    every = list(_every_plan(problem))
    ids = problem.actions.projects["project_id"].tolist()
    width = 1e-5 * max(1.0, abs(plan.value))
    for row in costs_of_forcing(problem, plan).costs.to_dict("records"):
        best = _otherwise(every, ids.index(row["project_id"]), row["action"])
        assert row["exact"]
        if np.isinf(best):
            assert row["regret_k"] == np.inf
            assert row["cannot"]
        else:
            assert row["regret_k"] == pytest.approx(plan.value - best, abs=width)
            assert force(problem, plan, row["project_id"]) == pytest.approx(row["regret_k"], abs=width)


@pytest.mark.parametrize("options", POLICIES)
@pytest.mark.parametrize("seed", [1, 9])
def test_bounds_hold_for_every_other_action(make_tables, seed, options):
    problem, plan = _solved(make_tables, seed, 12, options)
    frame, bounds = problem.actions.frame, regret_bounds(problem, plan)
    assert not bounds.duplicated(["project_id", "action"]).any()
    width = 1e-5 * max(1.0, abs(plan.value))
    for row in bounds.to_dict("records"):
        assert row["action"] != row["planned"]
        others = frame.index[(frame["project_id"] == row["project_id"]) & (frame["action"] != row["action"])]
        forced = solve(problem, Change(fixed=tuple((int(column), 0.0) for column in others)))
        regret = plan.value - forced.value if forced.found else np.inf
        assert row["lower_k"] <= regret + width
        assert row["upper_k"] >= regret - width
        if not forced.found:
            assert row["upper_k"] == np.inf


def test_mends_find_a_plan_for_nearly_every_action_and_are_often_the_best(make_tables):
    gaps = []
    for seed in (0, 4, 7):
        problem, plan = _solved(make_tables, seed, 12, {"mix": "off"})
        costs = costs_of_forcing(problem, plan).costs.set_index("project_id")
        bounds = regret_bounds(problem, plan).groupby("project_id")["upper_k"].min()
        open_ones = costs.index[np.isfinite(costs["regret_k"])]
        gaps.append((bounds - costs["regret_k"])[open_ones] / plan.value)
    gap = pd.concat(gaps)
    assert (gap < 1e-5).mean() > 0.5
    assert np.isfinite(gap).mean() > 0.9


def _valued(make_tables, seed):
    tables, rng = make_tables(seed, 12), np.random.default_rng(seed)
    ids = tables["projects"]["project_id"]
    values = pd.Series(rng.normal(150, 250, len(ids)).round(3), index=ids)
    problem = compile_problem(tables, values=values, policy=Policy(mix="off"))
    return problem, _best(problem), values


def _verb(problem, project):
    frame = problem.actions.frame
    return frame["action"].iloc[_best(problem).choice[project]]


@pytest.mark.parametrize("seed", [4, 7])
def test_just_inside_the_margin_the_plan_stays_and_just_beyond_it_flips(make_tables, seed):
    problem, plan, values = _valued(make_tables, seed)
    known = problem.actions.projects.set_index("project_id")
    flipped = 0
    for row in costs_of_forcing(problem, plan).costs.to_dict("records"):
        name, way = row["project_id"], row["flips_at_k"] - row["value_k"]
        if not np.isfinite(way):
            continue
        place, step = known.index.get_loc(name), 1.0 + 1e-3 * abs(way)
        inside, beyond = (revalued(problem, values.reindex(known.index).where(known["source"] == "given") + np.where(
            known.index == name, way + np.sign(way) * side * step, 0.0)) for side in (-1, 1))
        if abs(way) > step:
            assert _verb(inside, place) == row["action"]
        assert _verb(beyond, place) != row["action"]
        flipped += 1
    assert flipped >= 5


def test_the_regret_of_a_project_that_goes_on_is_the_margin_of_its_action(make_tables):
    problem, plan, _ = _valued(make_tables, 4)
    frame = problem.actions.frame
    costs = costs_of_forcing(problem, plan).costs.set_index("project_id")
    going = frame.iloc[plan.choice].query("on")
    for column, name in zip(going.index, going["project_id"], strict=True):
        regret = costs.loc[name, "regret_k"]
        if not np.isfinite(regret):
            continue
        for share, stays in ((0.999, True), (1.001, False)):
            worth = problem.model.objective.copy()
            worth[column] -= share * regret + (0.05 if share > 1 else -0.05)
            assert (column in solve(problem, Change(objective=worth)).choice) is stays


def test_what_is_displaced_is_the_difference_of_the_two_plans(make_tables):
    problem, plan = _solved(make_tables, 4, 12, {"mix": "off"})
    frame = problem.actions.frame
    verb, ids = frame["action"].to_numpy(dtype=str), problem.actions.projects["project_id"].tolist()
    costs = costs_of_forcing(problem, plan).costs
    moved = costs[costs["displaces"] != ""]
    assert len(moved)
    for row in moved.to_dict("records"):
        choice = plan.choice.copy()
        for words in row["displaces"].split(", "):
            new, name, _, old = words.rstrip(")").split(" ")
            place = ids.index(name)
            assert verb[choice[place]] == old
            choice[place] = np.flatnonzero((frame["project_id"] == name) & (verb == new))[0]
        place = ids.index(row["project_id"])
        choice[place] = np.flatnonzero((frame["project_id"] == row["project_id"]) & (verb == row["other"]))[0]
        other = outcome(problem, choice)
        assert not len(other.broken)
        assert plan.value - other.value == pytest.approx(row["regret_k"], abs=1e-4 * abs(plan.value))


def _two(**more):
    """Two projects of which the budget pays one; a third that must go on, and one that has no other action."""
    projects = pd.DataFrame({
        "project_id": ["P1", "P2", "P3", "P4"], "state": ["proposed", "proposed", "running", "running"],
        "bac_k": 100.0, "spent_k": 0.0, "mandatory": [False, False, True, False]})
    flows = pd.DataFrame({"project_id": ["P1", "P2", "P3"], "year": 2026, "cost_k": [100.0, 100.0, 0.0],
                          "benefit_k": [250.0, 200.0, 10.0]})
    options = pd.DataFrame({"project_id": ["P1", "P2"], "action": "start"})
    budget = pd.DataFrame({"year": [2026], "programme_id": ["G"], "capex_k": [0.0], "opex_k": [200.0]})
    return {"projects": projects, "cash_flows": flows, "options": options, "budgets": budget} | more


@pytest.fixture(scope="module")
def small():
    problem = compile_problem(_two(), period="2025-12")
    return problem, _best(problem)


def test_the_cost_of_forcing_by_hand(small):
    problem, plan = small
    late = 1.08 ** -0.5
    answer = costs_of_forcing(problem, plan)
    costs = answer.costs.set_index("project_id")
    assert costs["action"].to_dict() == {"P1": "start", "P2": "decline", "P3": "keep", "P4": "keep"}
    assert costs.loc["P1", "regret_k"] == pytest.approx(50 * late)
    assert costs.loc["P2", "regret_k"] == pytest.approx(50 * late)
    assert costs.loc["P1", "flips_at_k"] == pytest.approx(100 * late)
    assert costs.loc["P2", "flips_at_k"] == pytest.approx(150 * late)
    assert costs.loc["P1", "displaces"] == "start P2 (planned: decline)"
    assert costs.loc["P2", "displaces"] == "decline P1 (planned: start)"
    assert costs.loc["P3", ["regret_k", "other", "cannot"]].tolist() == [np.inf, "", "no plan holds every limit"]
    assert costs.loc["P4", ["regret_k", "other", "cannot"]].tolist() == [np.inf, "", "no other action is open"]
    assert answer.near_ties == ()
    assert answer.summary() == (
        "Deciding one project otherwise costs 48 (P1 decline instead of start) of the plan's 154 thousand EUR. "
        "2 of 4 projects cannot be decided otherwise.")
    assert answer.headline() == {
        "0 of 4": "projects can be decided otherwise for at most 1 % of the plan's value",
        "48": "thousand EUR: what an override costs, half of them more, half less", "2 fixed": "no other way is open"}
    assert repr(answer) == "<Forcing: 4 projects, 4 exact; 0 cost at most 1 % of 154 thousand EUR>"


def test_one_override_is_asked_by_verb(small):
    problem, plan = small
    answer = costs_of_forcing(problem, plan, projects=["P1"])
    assert answer.force("P1", "start") == 0.0
    assert answer.force("P1", "decline") == answer.force("P1") == pytest.approx(50 * 1.08 ** -0.5)
    assert answer.force("P3", "stop") == answer.force("P4") == np.inf


def test_only_what_is_asked_is_solved(small, monkeypatch):
    problem, plan = small
    asked = costs_of_forcing(problem, plan, projects=["P2", "P1"])
    assert asked.costs["project_id"].tolist() == ["P1", "P2"]
    assert asked.costs["exact"].all()
    monkeypatch.setattr("pmlib.portfolio.overrides.solve_all", lambda *_, **__: pytest.fail("solved"))
    bounded = costs_of_forcing(problem, plan, exact=False)
    assert bounded.costs.set_index("project_id")["exact"].to_dict() == {
        "P1": False, "P2": False, "P3": True, "P4": True}
    assert bounded.costs["displaces"].tolist() == ["", "", "", ""]
    monkeypatch.setattr("pmlib.portfolio.forcing.ALL_EXACT", 3)
    assert costs_of_forcing(problem, plan).costs["regret_k"].isna().sum() == 2


def test_a_search_that_is_cut_short_gives_bounds_and_no_regret(make_tables, monkeypatch):
    problem, plan = _solved(make_tables, 4, 12, {"mix": "off"})
    whole = costs_of_forcing(problem, plan).costs.set_index("project_id")

    def short(problem, changes, **_):
        plans = [solve(problem, change) for change in changes]
        return tuple(Plan(name=p.name, status=Status.WITHIN_GAP, value=p.value, bound=p.bound + 5.0, gap=0.1,
                          choice=p.choice, x=p.x) if p.found else p for p in plans)

    monkeypatch.setattr("pmlib.portfolio.overrides.solve_all", short)
    cut = costs_of_forcing(problem, plan).costs.set_index("project_id").loc[whole.index]
    open_ones = np.isfinite(whole["regret_k"]) & ~cut["exact"]
    assert open_ones.any()
    assert cut.loc[open_ones, "regret_k"].isna().all()
    assert (cut["lower_k"] <= whole["regret_k"] + 1e-6).all()
    assert (cut["upper_k"] >= whole["regret_k"] - 1e-2).all()


def test_the_frame_is_handed_out_and_kept(small):
    answer = costs_of_forcing(*small)
    frame = answer.to_frame()
    frame["regret_k"] = 0.0
    assert answer.costs["regret_k"].gt(0).all()
    assert_frame_equal(answer.to_frame(), costs_of_forcing(*small).costs)


def test_a_store_answers_again_without_solving(small, tmp_path, monkeypatch):
    first = costs_of_forcing(*small, store=tmp_path)
    monkeypatch.setattr("pmlib.portfolio.fan_out.solve", lambda *_: pytest.fail("solved"))
    assert_frame_equal(costs_of_forcing(*small, store=tmp_path).costs, first.costs)


def test_what_cannot_be_asked_is_refused_with_the_remedy(small):
    problem, plan = small
    with pytest.raises(ParameterError, match="project_id: 'P9' is not to be decided"):
        costs_of_forcing(problem, plan, projects=["P9"])
    with pytest.raises(ParameterError, match="action: 'stopp' is not open to P1.*decline"):
        force(problem, plan, "P1", action="stopp")
    with pytest.raises(ParameterError, match="plan: there is none to override.*mends"):
        regret_bounds(problem, solve(problem, Change(fixed=((0, 0.0), (1, 0.0)))))


@pytest.mark.parametrize("plan", [None, "plan", Plan(name="", status=Status.INFEASIBLE, gap=np.nan, bound=np.nan,
                                                    value=np.nan)])
def test_without_a_plan_there_is_nothing_to_override(plan, make_tables):
    problem = compile_problem(make_tables(3), policy=Policy())
    with pytest.raises(ParameterError, match=r"plan: there is none to override. Look at .mends"):
        regret_bounds(problem, plan)


def test_a_plan_of_another_problem_and_no_problem_are_refused(make_tables):
    _, plan = _solved(make_tables, 3, 7, {"mix": "off"})
    with pytest.raises(ParameterError, match=r"plan: decides 7 projects in another list of actions"):
        costs_of_forcing(compile_problem(make_tables(5, 6), policy=Policy()), plan)
    with pytest.raises(ParameterError, match=r"problem: got int, allowed a Problem. Pass .problem of the decision"):
        force(5, plan, "P00")


def test_points_too_few_to_round_keep_two_digits():
    tables = {"projects": pd.DataFrame({"project_id": ["A", "B"], "state": "proposed", "bac_k": [50.0, 60.0]})}
    policy = Policy(objective="score", budget_k=60)
    answer = rebalance(tables, period="2025-12", values={"A": 1.25, "B": 1.29}, policy=policy).costs_of_forcing()
    assert answer.summary().startswith("Deciding one project otherwise costs 0.04 (A start instead of decline) of the "
                                       "plan's 1.3 points.")
    assert "0.04" in answer.headline()


def test_many_ways_to_carry_out_few_projects_are_bounded_unless_asked(make_tables, monkeypatch):
    problem, plan = _solved(make_tables, 3, 6, {"mix": "off"})
    monkeypatch.setattr("pmlib.portfolio.forcing.ALL_ACTIONS", len(problem.actions.frame) - 1)
    bounded, asked = costs_of_forcing(problem, plan), costs_of_forcing(problem, plan, exact=True)
    assert bounded.costs["displaces"].eq("").all()
    assert asked.costs["exact"].all()


@pytest.mark.parametrize("action", [5, ["stop"], {}])
def test_what_is_no_action_is_refused(action, make_tables):
    problem, plan = _solved(make_tables, 3, 6, {"mix": "off"})
    with pytest.raises(ParameterError, match=r"action: .* is not open to P01.*Known: "):
        force(problem, plan, "P01", action=action)
