"""The sampled robust core: every draw is an exact plan, and shares are called what they are."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.problem import best_plan, compile_problem
from pmlib.portfolio.robust.robust_cores import drawn_values, robust_core

IDS = [f"P{k}" for k in range(8)]


def three_points(**quantities) -> pd.DataFrame:
    """Estimates of every project: p10, p50, p90 by quantity."""
    ends = ("p10", "p50", "p90")
    return pd.concat([pd.DataFrame({"project_id": IDS, "quantity": name} | dict(zip(ends, points, strict=True)))
                      for name, points in quantities.items()], ignore_index=True)


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(5)
    cost, benefit = rng.uniform(50, 150, 8).round(), rng.uniform(150, 260, 8).round()
    return {
        "projects": pd.DataFrame({"project_id": IDS, "name": [f"Name {k}" for k in range(8)], "state": "proposed",
                                  "bac_k": cost}),
        "estimates": three_points(benefit_pv_k=(benefit * 0.7, benefit, benefit * 1.5), p_success=(0.6, 0.8, 0.9),
                                  cost_k=(cost * 0.9, cost, cost * 1.2)),
    }


@pytest.fixture(scope="module")
def plan(tables):
    return rebalance(tables, period="2025-12", policy=Policy(budget_k=400.0))


@pytest.fixture(scope="module")
def core(plan, tables):
    return robust_core(plan, tables, draws=60, seed=3)


def test_shares_are_those_of_a_brute_force_over_every_set_in_every_draw(plan, tables, core):
    sets = np.array(list(product([0.0, 1.0], repeat=8)))
    sets = sets[sets @ tables["projects"]["bac_k"].to_numpy() <= 400.0]
    draws = drawn_values(plan, tables, draws=60, seed=3)
    best = sets[(sets @ draws[IDS].to_numpy().T).argmax(axis=0)]
    assert core.table.set_index("project_id")["share"][IDS].tolist() == pytest.approx(best.mean(axis=0).tolist())
    assert core.n_plans == len(np.unique(best, axis=0))
    planned = core.table.set_index("project_id")["planned"][IDS].to_numpy()
    assert core.plan_share == pytest.approx((best == planned).all(axis=1).mean())
    assert (core.draws, core.proved) == (60, 1.0)


@pytest.mark.parametrize("seed", [0, 10, 20])
def test_with_every_kind_of_limit_each_draw_is_the_plan_of_those_values(make_tables, seed):
    policy = Policy(mix="off")
    tables, decision = next((tables, decision) for tables in map(lambda k: make_tables(k, 6), range(seed, seed + 10))
                            if (decision := rebalance(tables, policy=policy)).found)
    draws = drawn_values(decision, tables, draws=4, seed=1)
    projects, on = decision.problem.actions.projects, []
    for _, row in draws.iterrows():
        problem = compile_problem(tables, values=row[projects["source"].to_numpy() != "unknown"], policy=policy)
        _, plan = best_plan(problem)
        on.append(problem.actions.frame["on"].to_numpy()[plan.choice])
    share = robust_core(decision, values=draws).table.set_index("project_id")["share"]
    assert share[projects["project_id"]].tolist() == pytest.approx(np.mean(on, axis=0).tolist())


def test_verdicts_errors_and_intervals_follow_from_shares(core):
    table = core.table
    assert table["share"].is_monotonic_decreasing
    by_share = np.select([table["share"] >= 0.95, table["share"] > 0.05], ["core", "borderline"], default="exterior")
    assert table["verdict"].tolist() == by_share.tolist()
    assert table["standard_error"].tolist() == pytest.approx(np.sqrt(table["share"] * (1 - table["share"]) / 60))
    assert ((table["low"] <= table["share"] + 1e-12) & (table["share"] <= table["high"] + 1e-12)).all()


def test_it_says_its_numbers_never_calls_them_a_core_index_and_draws_them(core):
    counts = [len(core.verdict(word)) for word in ("core", "borderline", "exterior")]
    assert sum(counts) == 8
    assert f"{counts[0]} of 8 projects are core (in 95 % or more of the sampled optima: fund)" in core.summary()
    assert "index" not in core.summary() + repr(core) + " ".join(core.headline().values())
    assert repr(core).startswith(f"<RobustCore: {counts[0]} core, {counts[1]} borderline, {counts[2]} exterior; 60 ")
    assert f"{counts[0]} core" in core.headline()
    assert core.to_frame().equals(core.table)
    assert core.plot().get_xlabel().startswith("Share of the 60 sampled optima that hold it")
    plt.close("all")


class _Elsewhere(Executor):
    """Runs at once what it is given, and counts it."""

    asked = 0

    def submit(self, fn, /, *args, **kwargs):
        self.asked += 1
        future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_the_same_draws_give_the_same_answer_wherever_they_are_solved(plan, tables, core):
    executor = _Elsewhere()
    again = robust_core(plan, values=drawn_values(plan, tables, draws=60, seed=3), executor=executor)
    assert again.table.equals(core.table)
    assert executor.asked


def test_draws_have_the_estimates_as_their_quantiles(plan):
    estimates = three_points(benefit_pv_k=(100.0, 150.0, 300.0), p_success=(0.8, 0.8, 0.8), cost_k=(50.0, 50.0, 50.0))
    drawn = drawn_values(plan, {"estimates": estimates}, draws=20_000, seed=1)
    for share, benefit in ((0.1, 100.0), (0.5, 150.0), (0.9, 300.0)):
        assert drawn.quantile(share).to_numpy() == pytest.approx(0.8 * benefit - 50.0, rel=0.03)


def test_chances_stay_between_0_and_1_and_money_stays_positive(plan):
    wide = {"p_success": (0.01, 0.8, 1.0), "cost_k": (0.0, 0.0, 0.0)}
    sure = drawn_values(plan, {"estimates": three_points(benefit_pv_k=(100.0, 100.0, 100.0), **wide)}, draws=200)
    assert (sure.min(axis=None), sure.max(axis=None)) == (0.0, 100.0)
    open_ = drawn_values(plan, {"estimates": three_points(benefit_pv_k=(1.0, 100.0, 101.0), **wide)}, draws=200)
    assert open_.min(axis=None) == 0.0


def test_the_newest_estimate_counts_and_a_longer_sample_begins_like_a_shorter(plan, tables):
    old = tables["estimates"].assign(as_of=pd.Timestamp("2024-06-30"), p10=0.1, p50=0.2, p90=0.3)
    both = pd.concat([tables["estimates"].assign(as_of=pd.Timestamp("2025-12-31")), old])
    few, many = drawn_values(plan, tables, draws=5), drawn_values(plan, {"estimates": both}, draws=9)
    assert many.head(5).equals(few)


def test_a_project_without_estimates_keeps_its_value(tables):
    flows = pd.DataFrame({"project_id": ["P0"], "year": [2026], "cost_k": [50.0], "benefit_k": [120.0]})
    rest = tables["estimates"][tables["estimates"]["project_id"] != "P0"]
    decision = rebalance({**tables, "estimates": rest, "cash_flows": flows}, period="2025-12")
    drawn = drawn_values(decision, {"estimates": rest}, draws=10)
    projects = decision.problem.actions.projects.set_index("project_id")
    assert drawn["P0"].tolist() == pytest.approx([projects["value_k"]["P0"]] * 10)
    assert (drawn["P1"].nunique(), list(drawn)) == (10, IDS)


@pytest.mark.parametrize(("wrong", "error", "words"), [
    ({"tables": {}}, MissingTableError, r"estimates: missing\. Draws need .* or hand in values"),
    ({"tables": {"estimates": pd.DataFrame({"project_id": IDS})}}, SchemaError, r"estimates: required column"),
    ({"draws": 0}, ParameterError, r"draws: got 0, allowed a whole number from 1 to 100,000"),
    ({"seed": -1}, ParameterError, r"seed: got -1, allowed a whole number of 0 or more"),
    ({"values": pd.DataFrame()}, ParameterError, r"values: got no row, allowed a DataFrame with one row per draw"),
    ({"values": [1.0]}, ParameterError, r"values: got a list, allowed a DataFrame"),
    ({"values": pd.DataFrame({"P0": [1.0]})}, ParameterError, r"values: P1 has no column, allowed one for each of"),
    ({"values": pd.DataFrame({name: [None] for name in IDS})}, ParameterError, r"values: row 0 of P0 is no finite"),
])
def test_what_cannot_be_drawn_is_refused(plan, tables, wrong, error, words):
    with pytest.raises(error, match=words):
        robust_core(plan, **({"tables": tables} | wrong))


def test_without_a_plan_or_without_uncertainty_it_says_so(tables):
    stuck = rebalance({**tables, "projects": tables["projects"].assign(mandatory=True)}, period="2025-12",
                      policy=Policy(budget_k=10.0))
    with pytest.raises(ParameterError, match=r"plan: there is none \(infeasible\)\. Look at \.mends"):
        robust_core(stuck, tables)
    scored = rebalance(tables, period="2025-12", values=dict.fromkeys(IDS, 1.0), policy=Policy(objective="score"))
    with pytest.raises(ParameterError, match=r"no project of this plan is valued by them, so nothing is uncertain"):
        robust_core(scored, tables)


def test_points_may_be_drawn_elsewhere_and_what_is_always_funded_has_wilsons_interval(tables):
    scored = rebalance(tables, period="2025-12", values=dict.fromkeys(IDS, 1.0), policy=Policy(objective="score"))
    sure = robust_core(scored, values=pd.DataFrame([dict.fromkeys(IDS, 1.0)] * 10))
    # Wilson (1927) for 10 of 10: from 10 / (10 + 1.96^2) on.
    assert sure.table["low"].to_numpy() == pytest.approx(10 / (10 + 1.959964**2))
    assert sure.verdict("core") == IDS
    assert (sure.n_plans, sure.plan_share) == (1, 1.0)
    assert "closest call" not in sure.summary()
    with pytest.raises(ParameterError, match=r"verdict: got 'sure', allowed core, borderline, exterior"):
        sure.verdict("sure")
