"""How many at a time: counted month by month, Little's law, and what a limit does by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.problem import going_on_as_now
from pmlib.portfolio.timing.dates import dates
from pmlib.portfolio.timing.in_progress import number_in_progress

FIRST = 2026 * 12 + 1


def _tables(n=4, capacity=1.0, **extra):
    """Running projects of four months that each need one designer all the time."""
    ids = [f"P{i}" for i in range(n)]
    return {
        "projects": pd.DataFrame({"project_id": ids, "state": "running", "bac_k": 100.0, "spent_k": 0.0,
                                  "start_month": FIRST, "planned_months": 4}),
        "cash_flows": pd.DataFrame({"project_id": ids, "year": 2026, "cost_k": 50.0,
                                    "benefit_k": [400.0 - 50 * i for i in range(n)]}),
        "demand": pd.DataFrame([(p, "keep", "design", FIRST + m, 1.0) for p in ids for m in range(4)],
                               columns=["project_id", "action", "skill", "month", "person_months"]),
        "capacity": pd.DataFrame({"skill": "design", "month": range(FIRST, FIRST + 6), "person_months": capacity}),
        "options": pd.DataFrame({"project_id": ids * 2, "action": ["keep"] * n + ["stop"] * n}),
    } | extra


def _of(tables, **options):
    return number_in_progress(rebalance(tables, period="2025-12"), tables, **options)


def test_months_count_everybody_between_begin_and_finish():
    result = _of(_tables(capacity=2.0))
    assert result.months["plan"].tolist() == [2.0] * 4
    assert result.months["now"].tolist() == [4.0] * 4


@pytest.mark.parametrize("seed", range(4))
def test_littles_law_holds_for_every_portfolio(seed, make_tables):
    tables = make_tables(seed)
    plan = rebalance(tables, policy=Policy(mix="off"))
    result = number_in_progress(plan, tables)
    np.testing.assert_allclose(result.little["expected"], result.little["counted"])
    laid = dates(plan.problem, going_on_as_now(plan.problem), tables)
    laid = laid[(laid["action"] != "hold") & laid["finish"].notna()]
    for row in result.months.itertuples():
        assert row.now == ((laid["begin"] <= row.month) & (row.month <= laid["finish"])).sum()
    assert result.summary()


def test_fewer_at_a_time_finish_earlier_on_average_when_people_are_shared():
    table = _of(_tables(), limits=(1, 2, None)).limits
    shared = table[table["rule"] == "shared alike"]
    # One designer, four projects of four months: 4, 8, 12, 16; or in pairs 8, 8, 16, 16; or all together 16.
    assert shared["mean_finish"].tolist() == [10.0, 12.0, 16.0]
    assert shared["last_finish"].tolist() == [16.0, 16.0, 16.0]
    assert shared["value_k"].is_monotonic_decreasing
    assert table.loc[table["rule"] == "one after another", "mean_finish"].tolist() == [10.0] * 3


def test_value_is_discounted_by_how_much_later_each_finishes():
    tables = _tables(n=2)
    plan = rebalance(tables, period="2025-12")
    worth = plan.problem.actions.projects["value_k"].to_numpy()
    row = number_in_progress(plan, tables, limits=(1,)).limits.iloc[0]
    assert row["value_k"] == pytest.approx(worth[0] + worth[1] * 1.08 ** (-4 / 12))


def test_order_is_value_per_person_month_of_the_scarcest_skill():
    tables = _tables(n=3)
    demand = tables["demand"]
    tables["demand"] = demand.assign(person_months=demand["person_months"].mask(demand["project_id"] == "P2", 0.2))
    result = _of(tables)
    assert (result.order, result.scarcest) == (("P2", "P0", "P1"), "design")


def test_summary_names_the_limit_and_that_it_is_a_simulation():
    result = _of(_tables(), limits=(1, 2))
    assert "By simulation (people only, not the optimum): if the 4 projects worth doing shared the people alike, " \
           "1 at a time instead of 4 would bring the mean finish from 16.0 to 10.0 months" in result.summary()
    assert result.headline()["1 at a time"] == "is worth most, by simulation"
    assert result.best("one after another")["limit"] != 1
    assert repr(result) == "<InProgress: at most 1 by plan, 4 as now; 4 projects simulated>"


@pytest.mark.parametrize("seed", range(3))
def test_the_plans_own_projects_fit_at_their_planned_months(seed, make_tables):
    tables = make_tables(seed)
    del tables["links"]
    plan = rebalance(tables, policy=Policy(mix="off"))
    result = number_in_progress(plan, tables, of="plan", limits=(None,))
    free = result.limits[result.limits["rule"] == "one after another"].iloc[0]
    assert free["unfinished"] == 0
    laid = dates(plan.problem, plan.outcome.choice, tables)
    laid = laid[laid["source"].isin(["estimates", "planned months"])]
    assert free["mean_finish"] >= (laid["finish"] - FIRST + 1).mean() - 1e-9 or len(laid) < len(result.order)


def test_who_waits_for_another_begins_after_it():
    links = pd.DataFrame({"link_id": "L1", "member_id": ["P0", "P1"], "type": "requires_finished",
                          "role": ["needs", "needed"], "amount_k": 0.0})
    table = _of(_tables(n=2, capacity=2.0, links=links), limits=(None,)).limits
    assert table["last_finish"].tolist() == [8.0, 8.0]


def test_projects_of_unknown_length_are_named():
    tables = _tables(n=2)
    tables["projects"] = tables["projects"].drop(columns="planned_months")
    tables["demand"] = tables["demand"][tables["demand"]["project_id"] == "P0"]
    result = _of(tables)
    assert "Not counted, since how long they take is not known: P1." in result.summary()
    assert result.order == ("P0",)


@pytest.mark.parametrize("missing", ["capacity", "demand"])
def test_without_capacity_or_demand_a_limit_only_delays(missing):
    tables = _tables()
    del tables[missing]
    result = _of(tables)
    assert "no limit brings the 4 projects worth doing" in result.summary()
    assert result.headline()["no limit"] == "is worth most, by simulation"


def test_without_a_plan_going_on_as_now_is_still_counted():
    tables = _tables()
    tables["projects"] = tables["projects"].assign(mandatory=True)
    result = _of(tables, of="plan")
    assert "There is no plan; going on as now has up to 4 in progress." in result.summary()
    assert result.limits.empty
    assert "most in progress" not in str(result.headline())


def test_nothing_in_progress_is_said():
    tables = _tables(n=1)
    tables["projects"] = tables["projects"].assign(state="proposed")
    tables["cash_flows"] = tables["cash_flows"].assign(benefit_k=1.0)
    result = _of(tables)
    assert result.summary().startswith("No project is in progress.")
    assert result.headline() == {"0": "projects in progress"}


def test_bad_limits_scope_and_rule_are_refused():
    with pytest.raises(ParameterError, match="limits: got 0, allowed whole numbers from 1 on"):
        _of(_tables(), limits=(0,))
    with pytest.raises(ParameterError, match="limits: got 'ten', allowed whole numbers"):
        _of(_tables(), limits=("ten",))
    with pytest.raises(ParameterError, match="of: got 'plans'.*Did you mean 'plan'"):
        _of(_tables(), of="plans")
    with pytest.raises(ParameterError, match="rule: got 'shared'.*Did you mean 'shared alike'"):
        _of(_tables()).best("shared")


@pytest.mark.parametrize("limits", [5, None, "x", [True]])
def test_what_is_no_limit_is_refused(limits, make_tables):
    tables = make_tables(3)
    with pytest.raises(ParameterError, match=r"limits: got .*, allowed whole numbers from 1 on, or None"):
        number_in_progress(rebalance(tables, policy=Policy(mix="off")), tables, limits=limits)
