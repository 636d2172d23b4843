"""Plans of groups: the compromise against every plan that holds the limits, and what is said of it."""

from __future__ import annotations

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.portfolio import Policy
from pmlib.portfolio.problem import Problem, best_plan, compile_problem, outcome, revalued
from pmlib.portfolio.robust.groups import group_plans

PROJECTS = pd.DataFrame({"project_id": ["A", "B", "C"], "name": ["Alpha", "Beta", "Gamma"], "state": "proposed",
                         "bac_k": [60.0, 60.0, 50.0]})
POINTS = {"board": pd.Series({"A": 10.0, "B": 0.0, "C": 6.0}), "sales": pd.Series({"A": 0.0, "B": 10.0, "C": 6.0})}
ONE = {"period": "2025-12", "policy": Policy(budget_k=60.0)}


@pytest.fixture(scope="module")
def found():
    return group_plans({"projects": PROJECTS}, POINTS, **ONE)


def every_loss(problem: Problem, values: dict[str, pd.Series]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values by group and what is on, for every choice of actions that breaks no row."""
    problems = [revalued(problem, one) for one in values.values()]
    frame = problem.actions.frame
    places = [np.flatnonzero(frame["project"] == project) for project in range(len(problem.actions.projects))]
    worth, on = [], []
    for choice in product(*places):
        outcomes = [outcome(one, np.array(choice)) for one in problems]
        if not len(outcomes[0].broken):
            worth.append([one.value for one in outcomes])
            on.append(frame["on"].to_numpy()[list(choice)])
    return np.array(worth), np.array(on), np.array(worth).max(axis=0)


def random_points(seed: int) -> dict[str, pd.Series]:
    rng, ids = np.random.default_rng(seed), [f"P{k:02d}" for k in range(6)]
    return {name: pd.Series(rng.uniform(-5, 30, 6).round(1), index=ids) for name in ("board", "sales", "users")}


@pytest.mark.parametrize("seed", [0, 10, 20, 30])
def test_no_plan_within_the_limits_has_a_smaller_largest_loss_than_the_compromise(make_tables, seed):
    policy = Policy(objective="score", mix="off")
    values = random_points(seed)
    problem = next(problem for tables in map(lambda k: make_tables(k, 6), range(seed, seed + 10))
                   if best_plan(problem := compile_problem(tables, values=values["board"], policy=policy))[1])
    worth, on, best = every_loss(problem, values)
    losses = (best - worth) / np.abs(best)
    for keep_agreed in (False, True):
        plans = group_plans(problem, values, keep_agreed=keep_agreed)
        agreed = plans.plans["verdict"].eq("in every plan").to_numpy()
        held = on[:, agreed].all(axis=1) if keep_agreed else np.ones(len(on), dtype=bool)
        least = losses[held].max(axis=1).min()
        assert plans.price == pytest.approx(least, abs=2e-6)
        tied = losses[held][losses[held].max(axis=1) <= least + 1e-6].mean(axis=1).min()
        assert plans.losses.set_index("plan")["mean"]["compromise"] == pytest.approx(tied, abs=2e-6)
        assert plans.optima.set_index("plan")["value"][list(values)].tolist() == pytest.approx(best.tolist())
        pooled = worth.mean(axis=1).max()
        assert plans.optima.set_index("plan")["value"]["pooled"] == pytest.approx(pooled)


def test_the_compromise_is_what_both_can_live_with(found):
    losses = found.losses.set_index("plan")
    assert losses["largest"].to_dict() == pytest.approx({"board": 1.0, "sales": 1.0, "pooled": 0.4, "compromise": 0.4})
    assert losses["projects"].to_dict() == dict.fromkeys(losses.index, 1)
    assert found.plans["action_compromise"].tolist() == ["decline", "decline", "start"]
    assert found.changes.to_numpy().tolist() == [
        ["board", "A", "Alpha", "start", "decline"], ["board", "C", "Gamma", "decline", "start"],
        ["sales", "B", "Beta", "start", "decline"], ["sales", "C", "Gamma", "decline", "start"]]


def test_projects_are_in_every_plan_disputed_or_in_none():
    values = {name: one.copy() for name, one in POINTS.items()}
    values["board"]["C"] = values["sales"]["C"] = 30.0
    found = group_plans({"projects": PROJECTS}, values, period="2025-12", policy=Policy(budget_k=110.0))
    assert found.verdict("in every plan") == ["C"]
    assert found.verdict("disputed") == ["A", "B"]
    assert found.verdict("in none") == []
    with pytest.raises(ParameterError, match=r"verdict: got 'all', allowed in every plan, disputed, in none"):
        found.verdict("all")


def test_voices_move_the_pooled_plan_and_nothing_else(found):
    loud = group_plans({"projects": PROJECTS}, POINTS, voices={"board": 9.0, "sales": 1.0}, **ONE)
    assert loud.plans["action_pooled"].tolist() == ["start", "decline", "decline"]
    assert loud.losses.drop(index=2).equals(found.losses.drop(index=2))


def test_groups_of_the_weights_table_are_scored():
    tables = {
        "projects": PROJECTS,
        "objectives": pd.DataFrame({"objective_id": ["reach", "fit"], "name": ["Reach", "Fit"], "worst": [0.0, 0.0],
                                    "best": [10.0, 10.0]}),
        "weights": pd.DataFrame({"objective_id": ["reach", "fit"] * 2, "weight": [90.0, 10.0, 10.0, 90.0],
                                 "group": ["board", "board", "sales", "sales"]}),
        "scores": pd.DataFrame({"project_id": list("AABBCC"), "objective_id": ["reach", "fit"] * 3,
                                "raw_level": [10.0, 0.0, 0.0, 10.0, 6.0, 6.0]})}
    found = group_plans(tables, **ONE)
    assert found.optima.set_index("plan")["value"][["board", "sales", "pooled"]].tolist() == pytest.approx([90, 90, 60])
    assert found.price == pytest.approx(1 / 3, abs=1e-6)


def test_it_says_its_numbers_and_draws_them(found):
    assert repr(found).startswith("<GroupPlans: board, sales; 0 in every plan, 2 disputed, 1 in none; the compromise ")
    assert found.summary() == (
        "0 of 3 projects are in every group's plan, 1 in none, 2 are disputed. The compromise costs board 40.0 %, "
        "sales 40.0 % of their own best; the plan of the pooled values costs one up to 40.0 %, the plan of board, the "
        "mildest of a single group, up to 100.0 %. It takes up C, which none holds.")
    assert list(found.headline()) == ["0 of 3", "2 disputed", "40.0 %"]
    assert found.to_frame().equals(found.plans)
    labels = [label.get_text() for label in found.plot().get_yticklabels()]
    assert labels == ["C Gamma", "A Alpha", "B Beta", "lost by board", "lost by sales"]
    plt.close("all")


@pytest.mark.parametrize(("wrong", "words"), [
    ({"values": {"board": POINTS["board"]}}, r"values: got 1 \(board\), allowed two groups or more"),
    ({"values": POINTS | {"pooled": POINTS["board"]}}, r"values: got a group called 'pooled', allowed two groups"),
    ({"values": POINTS | {"users": 0 * POINTS["board"]}}, r"the best plan is worth nothing to users, so no share"),
    ({"values": POINTS | {"users": pd.Series({"A": 1.0})}}, r"values: B has no value now and had one"),
    ({"values": ["board", "sales"]}, r"values: got a list, allowed a mapping\. Pass \{group: values"),
    ({"voices": {"board": "loud", "sales": 1.0}}, r"voices: board: got 'loud', allowed a finite number"),
    ({"voices": {"board": 1.0}}, r"voices: got \{'board': 1\.0\}, allowed a number of 0 or more"),
    ({"voices": {"board": -1.0, "sales": 2.0}}, r"voices: got .* allowed a number of 0 or more"),
    ({"voices": {"board": 0.0, "sales": 0.0}}, r"voices: got .* not all 0"),
    ({"source": {"projects": PROJECTS.assign(mandatory=True)}}, r"plans: none holds every limit \(infeasible\)"),
])
def test_what_cannot_be_compared_is_refused(wrong, words):
    with pytest.raises(ParameterError, match=words):
        group_plans(**({"source": {"projects": PROJECTS}, "values": POINTS} | ONE | wrong))


def test_without_values_or_weights_it_says_what_is_missing():
    problem = compile_problem({"projects": PROJECTS}, values=POINTS["board"], **ONE)
    with pytest.raises(ParameterError, match=r"values: missing, needed with a problem\. Pass \{group: values"):
        group_plans(problem)
    with pytest.raises(MissingTableError, match="weights"):
        group_plans({"projects": PROJECTS}, **ONE)


@pytest.mark.parametrize(("wrong", "words"), [
    ({"policy": {"budget_k": 60}}, "policy: got a dict, allowed a Policy"),
    ({"keep_agreed": "yes"}, "keep_agreed: got 'yes', allowed a bool"),
    ({"values": {3: POINTS["board"], "3": POINTS["sales"]}}, "values: two groups have the same name"),
    ({"values": POINTS | {"board": [1.0]}}, "values of board: got list, allowed a Series or mapping"),
])
def test_arguments_of_another_kind_are_refused(wrong, words):
    with pytest.raises(ParameterError, match=words):
        group_plans(**({"source": {"projects": PROJECTS}, "values": POINTS} | ONE | wrong))


def test_a_compiled_problem_has_its_own_period_and_policy():
    problem = compile_problem({"projects": PROJECTS}, values=POINTS["board"], **ONE)
    with pytest.raises(ParameterError, match=r"period, policy: got one beside a problem, which has its own"):
        group_plans(problem, POINTS, policy=Policy(budget_k=500.0))
