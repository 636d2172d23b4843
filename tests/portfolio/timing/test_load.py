"""Load against capacity: the decision's own numbers to the last digit, and what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.timing.load import workload

FIRST = 2026 * 12 + 1


def _tables(capacity=(2.0, 2.0, 2.0, 2.0), **extra):
    ids = ["A", "B", "C"]
    return {
        "projects": pd.DataFrame({"project_id": ids, "state": ["running", "running", "proposed"], "bac_k": 100.0,
                                  "spent_k": 0.0, "start_month": FIRST}),
        "cash_flows": pd.DataFrame({"project_id": ids, "year": 2026, "cost_k": 50.0,
                                    "benefit_k": [400.0, 90.0, 300.0]}),
        "demand": pd.DataFrame([(p, verb, "design", FIRST + m, 1.5) for p, verb in
                                (("A", "keep"), ("B", "keep"), ("C", "start")) for m in range(4)],
                               columns=["project_id", "action", "skill", "month", "person_months"]),
        "capacity": pd.DataFrame({"skill": "design", "month": range(FIRST, FIRST + len(capacity)),
                                  "person_months": capacity, "hire_limit_pm": 1.0, "hire_cost_k": 5.0}),
        # Without a hold nobody slips past the last month of the capacity table.
        "options": pd.DataFrame({"project_id": ["A", "A", "B", "B"], "action": ["keep", "stop"] * 2}),
    } | extra


@pytest.mark.parametrize("seed", range(4))
def test_load_is_the_decisions_own_people_and_limits_to_the_last_digit(seed, make_tables):
    plan = rebalance(make_tables(seed), policy=Policy(mix="off"))
    table = workload(plan).table
    pd.testing.assert_frame_equal(table[list(plan.people.columns)], plan.people, check_exact=True)
    rows = plan.limits[plan.limits["kind"] == "capacity"].sort_values(["name", "period"])
    assert table["bought_pm"].tolist() == rows["bought_pm"].tolist()
    assert table["binding"].tolist() == rows["binding"].tolist()
    np.testing.assert_allclose(table["plan_pm"], rows["use"], atol=1e-9)
    np.testing.assert_allclose(table["free_pm"], rows["slack"], atol=1e-9)


def test_quarters_add_up_months():
    plan = rebalance(_tables(), period="2025-12")
    quarters = workload(plan).by_quarter()
    assert quarters["quarter"].tolist() == ["2026Q1", "2026Q2"]
    assert quarters["plan_pm"].tolist() == [9.0, 3.0]
    assert quarters["bought_pm"].tolist() == [3.0, 1.0]
    assert quarters["plan_share"].tolist() == [1.5, 1.5]
    assert workload(plan).heat_map().loc["design"].tolist() == [1.5, 1.5]
    assert workload(plan).heat_map(now=True).shape == (1, 2)


def test_summary_names_what_binds_what_is_bought_and_who_is_overloaded():
    tables = _tables(capacity=(1.0, 1.0, 1.0, 1.0))
    tables["cash_flows"] = tables["cash_flows"].assign(benefit_k=[400.0, 390.0, 300.0])
    result = workload(rebalance(tables, period="2025-12"))
    assert "What binds is design in" in result.summary()
    assert "at most 150 % of a skill (design in 2026-01), 2.0 person-months are bought." in result.summary()
    assert "Going on as now overloads design by up to 1.0 person-months a month from 2026-01." in result.summary()
    assert result.headline()["design"] == "binds most, first in 2026-01"
    assert result.over()["months"].tolist() == [4]
    assert repr(result) == "<Load: 1 skills; binding: design from 2026-01>"


def test_capacity_of_nobody_is_infinitely_used_or_not_at_all():
    result = workload(rebalance(_tables(capacity=(0.0, 0.0, 0.0, 0.0, 0.0)), period="2025-12"))
    assert np.isinf(result.table["now_share"].iloc[0])
    assert result.table["now_share"].iloc[-1] == 0.0
    assert result.summary()


def test_an_unknown_skill_is_asked_back():
    result = workload(rebalance(_tables(), period="2025-12"))
    assert len(result.of_skill("design")) == 4
    with pytest.raises(ParameterError, match="skill: got 'desing', it has no capacity.*Did you mean 'design'"):
        result.of_skill("desing")


def test_demand_beyond_the_capacity_table_is_said():
    result = workload(rebalance(_tables(capacity=(3.0, 3.0, 3.0)), period="2025-12"))
    assert result.unlimited_pm == pytest.approx(3.0)
    assert "3.0 person-months of the plan fall where no capacity is known." in result.summary()


def test_without_demand_it_says_so():
    tables = _tables()
    del tables["demand"]
    result = workload(rebalance(tables, period="2025-12"))
    assert "No demand is known" in result.summary()
    assert result.headline()
    assert result.heat_map().empty


def test_without_capacity_there_is_nothing_to_set_the_load_against():
    tables = _tables()
    del tables["capacity"]
    plan = rebalance(tables, period="2025-12")
    with pytest.raises(MissingTableError, match=r"capacity: missing, or all of it before the plan.*; add rows"):
        workload(plan)
    assert plan.ask(workload) is None


def test_without_a_plan_only_going_on_as_now_is_shown():
    tables = _tables(capacity=(0.0, 0.0, 0.0, 0.0))
    tables["projects"] = tables["projects"].assign(mandatory=True)
    result = workload(rebalance(tables, period="2025-12"))
    assert "There is no plan; only going on as now is shown." in result.summary()
    assert result.table["plan_pm"].isna().all()
    assert "highest use" not in str(result.headline())
