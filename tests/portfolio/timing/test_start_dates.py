"""Free start months: what they add, against every pair of months by hand."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.timing.start_dates import free_starts

FIRST = 2026 * 12 + 1
RATE = 0.08


def _three():
    ids = ["A", "B", "C"]
    return {
        "projects": pd.DataFrame({"project_id": ids, "state": "proposed", "bac_k": 100.0, "spent_k": 0.0,
                                  "start_month": FIRST}),
        "estimates": pd.DataFrame([(p, q, k, k, k) for p, benefit in zip(ids, (400.0, 300.0, 200.0), strict=True)
                                   for q, k in (("benefit_pv_k", benefit), ("cost_k", 50.0))],
                                  columns=["project_id", "quantity", "p10", "p50", "p90"]),
        "demand": pd.DataFrame([(p, "start", "design", FIRST + m, 1.0) for p in ids for m in range(2)],
                               columns=["project_id", "action", "skill", "month", "person_months"]),
        "capacity": pd.DataFrame({"skill": "design", "month": range(FIRST, FIRST + 12), "person_months": 1.0}),
    }


def _best(delays):
    """Most value over every choice of a delay (or none) for three projects of two months."""
    values, best = (350.0, 250.0, 150.0), 0.0
    for chosen in itertools.product((None, *delays), repeat=3):
        busy = [month for delay in chosen if delay is not None for month in (delay, delay + 1)]
        if len(busy) == len(set(busy)):
            best = max(best, sum(v * (1 + RATE) ** (-d / 12) for v, d in zip(values, chosen, strict=True)
                                 if d is not None))
    return best


def test_gain_is_that_of_every_combination_of_months():
    tables = _three()
    result = free_starts(rebalance(tables, period="2025-12"), tables, choices=3, step_months=1)
    assert result.planned.value_k == pytest.approx(350.0)
    assert result.free.value_k == pytest.approx(_best((0, 1, 2)))
    assert result.gain_k == pytest.approx(_best((0, 1, 2)) - 350.0)
    assert result.proved
    row = result.to_frame().iloc[0]
    assert (row["project_id"], row["action"], row["free_action"], row["free_month"]) == ("B", "decline", "start",
                                                                                         "2026-03")
    assert "Going on too: B. Both are proved." in result.summary()


def test_a_decision_that_is_free_already_is_compared_with_planned_dates():
    tables = _three()
    free = rebalance(tables, period="2025-12", policy=Policy(start_choices=3, start_step_months=2))
    result = free_starts(free, tables, choices=3, step_months=2)
    assert result.free is free
    assert result.planned.value_k == pytest.approx(350.0)
    assert result.gain_k == pytest.approx(_best((0, 2, 4)) - 350.0)


@pytest.mark.parametrize("seed", range(3))
def test_free_months_never_lose(seed, make_tables):
    tables = make_tables(seed)
    result = free_starts(rebalance(tables, policy=Policy(mix="off")), tables, choices=2)
    assert result.gain_k >= 0


def test_without_a_plan_there_is_no_comparison():
    tables = _three()
    tables["projects"] = tables["projects"].assign(mandatory=True)
    tables["capacity"] = tables["capacity"].assign(person_months=0.5)
    result = free_starts(rebalance(tables, period="2025-12"), tables)
    assert result.summary() == "Not to be compared: at planned dates infeasible, with free dates infeasible."
    assert result.moves.empty
    assert result.headline() == {"no plan": "to compare"}
    assert repr(result) == "<FreeStarts: at planned dates infeasible, with free dates infeasible>"


def test_bad_input_is_refused():
    tables = _three()
    plan = rebalance(tables, period="2025-12")
    with pytest.raises(ParameterError, match="choices: got 1, allowed 2 to 60"):
        free_starts(plan, tables, choices=1)
    with pytest.raises(ParameterError, match="start_choices: got 0"):
        free_starts(plan, tables, choices=0)


@pytest.mark.parametrize("policy", [{}, {"objective": "score"}, {"objective": "mix", "k_per_point": 10.0}])
def test_values_and_points_of_the_decision_are_kept(policy):
    tables, numbers = _three(), {"A": 10.0, "B": 5.0, "C": 1.0}
    asked = {"values": numbers} if policy == {} else {"points": numbers}
    plan = rebalance(tables, period="2025-12", policy=Policy(**policy), **asked)
    loose = rebalance(tables, period="2025-12", policy=Policy(start_choices=2, start_step_months=2, **policy), **asked)
    result = free_starts(plan, tables, choices=2, step_months=2)
    assert result.free.value_k == pytest.approx(loose.value_k)
    assert result.gain_k == pytest.approx(loose.value_k - plan.value_k)
    assert result.gain_k > 0


def test_free_months_that_nobody_takes_are_said_in_one_sentence():
    tables = _three()
    del tables["capacity"]
    assert free_starts(rebalance(tables, period="2025-12"), tables).summary() == (
        "With 4 start months to choose from, 3 months apart, the plan is worth no more than at planned dates: every "
        "project is decided alike. Both are proved.")


def test_tables_of_another_plan_are_refused():
    tables = _three()
    plan = rebalance(tables, period="2025-12")
    with pytest.raises(ParameterError, match=r"tables: got 3 projects to decide, A is missing, allowed the 3"):
        free_starts(plan, {**tables, "projects": tables["projects"].assign(project_id=["X", "B", "C"])} | {
            name: tables[name].replace({"project_id": {"A": "X"}}) for name in ("estimates", "demand")})
