"""Begin and finish of every project: by hand, by source, and the same months as the decision."""

from __future__ import annotations

from math import ceil

import numpy as np
import pandas as pd
import pytest

from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.actions import ON
from pmlib.portfolio.problem import compile_problem
from pmlib.portfolio.timing.dates import dates

FIRST = 2026 * 12 + 1


def _tables(**extra):
    projects = pd.DataFrame({
        "project_id": ["A", "B", "C"], "state": ["running", "proposed", "proposed"], "bac_k": 100.0, "spent_k": 0.0,
        "start_month": pd.array([FIRST - 6, FIRST + 3, None], dtype="Int64"),
        "planned_months": pd.array([10, 12, None], dtype="Int64")})
    flows = pd.DataFrame({"project_id": ["A", "B", "C"], "year": 2026, "cost_k": 50.0, "benefit_k": 300.0})
    return {"projects": projects, "cash_flows": flows} | extra


def _laid(tables, **policy):
    plan = rebalance(tables, period="2025-12", policy=Policy(**policy))
    return dates(plan.problem, plan.outcome.choice, tables).set_index("project_id")


def test_finish_is_swansons_mean_of_the_newest_estimate_rounded_up():
    estimates = pd.DataFrame({
        "project_id": ["A", "A", "B"], "quantity": "months", "as_of": pd.to_datetime(
            ["2025-12-31", "2024-12-31", "2025-12-31"]),
        "p10": [4.0, 20.0, 9.0], "p50": [6.2, 30.0, 10.0], "p90": [11.0, 40.0, 16.0]})
    laid = _laid(_tables(estimates=estimates))
    assert laid.loc["A", "finish"] == FIRST + ceil(0.3 * 4 + 0.4 * 6.2 + 0.3 * 11) - 1
    assert laid.loc["A", ["finish_p10", "finish_p50", "finish_p90"]].tolist() == [FIRST + 3, FIRST + 6, FIRST + 10]
    assert laid.loc["B", "finish"] == FIRST + 3 + ceil(0.3 * 9 + 0.4 * 10 + 0.3 * 16) - 1
    assert laid.loc["B", "source"] == "estimates"


def test_without_an_estimate_the_planned_months_count_from_the_start():
    laid = _laid(_tables())
    assert laid.loc["A", ["begin", "finish"]].tolist() == [FIRST - 6, FIRST + 3]
    assert laid.loc["B", ["begin", "finish"]].tolist() == [FIRST + 3, FIRST + 14]
    assert laid.loc["B", "source"] == "planned months"
    assert pd.isna(laid.loc["B", "finish_p90"])


def test_a_project_past_its_planned_end_takes_at_least_this_month():
    tables = _tables()
    tables["projects"] = tables["projects"].assign(planned_months=pd.array([2, 12, None], dtype="Int64"))
    assert _laid(tables).loc["A", "finish"] == FIRST


def test_demand_tells_the_finish_last_and_nothing_leaves_it_missing():
    demand = pd.DataFrame({"project_id": "C", "action": "start", "skill": "design", "month": [FIRST, FIRST + 4],
                           "person_months": 1.0})
    laid = _laid(_tables(demand=demand))
    assert (laid.loc["C", "finish"], laid.loc["C", "source"]) == (FIRST + 4, "demand")
    bare = _laid(_tables())
    assert pd.isna(bare.loc["C", "finish"])
    assert bare.loc["C", "source"] == "unknown"


def test_a_table_without_planned_months_gives_no_wrong_finish():
    tables = _tables()
    tables["projects"] = tables["projects"].drop(columns="planned_months")
    assert _laid(tables)["finish"].isna().all()


def test_a_slower_variant_finishes_later():
    tables = _tables(options=pd.DataFrame({"project_id": ["B", "B"], "action": ["slow", "decline"]}))
    problem = compile_problem(tables, period="2025-12", policy=Policy(slow_pace=1.5))
    frame = problem.actions.frame
    slow = int(frame.index[frame["action"] == "slow"][0])
    choice = np.array([0, slow, int(frame.index[frame["project_id"] == "C"][0])])
    laid = dates(problem, choice, tables).set_index("project_id")
    assert laid.loc["B", "finish"] == FIRST + 3 + 18 - 1


@pytest.mark.parametrize("seed", range(4))
def test_begin_is_the_month_of_the_decision_and_every_project_that_goes_on_is_there_once(seed, make_tables):
    tables = make_tables(seed)
    plan = rebalance(tables, policy=Policy(mix="off", start_choices=2))
    laid = dates(plan.problem, plan.outcome.choice, tables)
    going = plan.actions[plan.actions["action"].isin([*ON, "hold"])]
    assert laid["project_id"].tolist() == going["project_id"].tolist()
    both = laid.merge(plan.actions[["project_id", "month"]], on="project_id").dropna(subset="month")
    assert (both["begin"] == both["month"]).all()
    row = plan.problem.actions.frame.iloc[plan.outcome.choice[laid["project"]]].reset_index(drop=True)
    assert (np.maximum(laid["begin"], plan.problem.actions.first) == row["begins"]).all()
    known = laid["source"].isin(["estimates", "planned months"])
    assert (laid.loc[known, "finish"] == row.loc[known, "finishes"] - 1).all()
