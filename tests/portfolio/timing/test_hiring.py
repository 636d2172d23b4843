"""The value of a hire: the same as compiling the question anew with more people, and words for every verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.model import Status
from pmlib.portfolio.timing.hiring import value_of_a_hire

FIRST = 2026 * 12 + 1


def _tables(price=4.0, **extra):
    """Data engineering keeps out B; there are designers and money enough."""
    ids = ["A", "B"]
    months = range(FIRST, FIRST + 12)
    return {
        "projects": pd.DataFrame({"project_id": ids, "state": "proposed", "bac_k": 100.0, "spent_k": 0.0,
                                  "start_month": FIRST}),
        "estimates": pd.DataFrame([(p, q, k, k, k) for p, b in (("A", 400.0), ("B", 300.0))
                                   for q, k in (("benefit_pv_k", b), ("cost_k", 50.0))],
                                  columns=["project_id", "quantity", "p10", "p50", "p90"]),
        "demand": pd.DataFrame([(p, "start", s, FIRST + m, 1.0) for p in ids for s in ("data engineering", "design")
                                for m in range(6)],
                               columns=["project_id", "action", "skill", "month", "person_months"]),
        "capacity": pd.DataFrame([(s, m, n, 0.0, price) for s, n in (("data engineering", 1.0), ("design", 4.0))
                                  for m in months],
                                 columns=["skill", "month", "person_months", "hire_limit_pm", "hire_cost_k"]),
        "budgets": pd.DataFrame({"year": [2026], "capex_k": [0.0], "opex_k": [900.0]}),
    } | extra


def _hires(tables, **options):
    return value_of_a_hire(rebalance(tables, period="2025-12"), **options)


def test_the_skill_that_binds_is_worth_what_it_lets_in_and_the_other_exactly_nothing():
    result = _hires(_tables())
    table = result.table.set_index("skill")
    assert table.loc["data engineering", "gain_k"] == pytest.approx(250.0)
    assert table.loc["data engineering", "cost_k"] == pytest.approx(6 * 4.0)
    assert table.loc["data engineering", ["verdict", "done_more", "done_less"]].tolist() == ["worth it", "start B", ""]
    assert table.loc["design", ["gain_k", "verdict"]].tolist() == [0.0, "brings nothing"]
    assert result.budget_gain_k == 0.0
    assert result.table["proved"].all()
    assert result.summary() == (
        "1 more person in data engineering from 2026-01 to 2026-06 would bring 250 thousand EUR (for 24 thousand of "
        "cost: worth it); then also start B. Design would bring exactly 0. Money does not bind: "
        "without any budget the plan would gain 0.")
    assert result.headline()["1 of 2"] == "skills would bring exactly 0"


def test_a_dear_hire_is_not_worth_it_and_one_without_a_price_is_worth_it_up_to_a_price():
    assert _hires(_tables(price=60.0)).table["verdict"].iloc[0] == "not worth it"
    unpriced = _hires(_tables(price=0.0))
    row = unpriced.table.iloc[0]
    assert (row["verdict"], np.isnan(row["cost_k"])) == ("no price known", True)
    assert row["worth_up_to_k"] == pytest.approx(250.0 / 6)
    assert "worth it up to 41.7 a person-month" in unpriced.summary()
    assert _hires(_tables(price=0.0), price_k={"data engineering": 50.0}).table["verdict"].iloc[0] == "not worth it"


def test_half_a_person_or_half_the_time_lets_nobody_in():
    assert _hires(_tables(), people=0.5).table["gain_k"].tolist() == [0.0, 0.0]
    late = _hires(_tables(), months=("2026-02", None))
    assert late.table["gain_k"].tolist() == [0.0, 0.0]
    assert late.table["person_months"].tolist() == [5.0, 5.0]
    assert late.headline() == {"0": "gained by any hire"}


def test_one_who_may_begin_earlier_is_named_so():
    plan = rebalance(_tables(), period="2025-12", policy=Policy(start_choices=2, start_step_months=6))
    row = value_of_a_hire(plan, skills=["data engineering"]).table.iloc[0]
    assert row["gain_k"] == pytest.approx(250.0 * (1 - 1.08 ** (-6 / 12)))
    assert (row["done_more"], row["done_less"]) == ("start at another time B", "")


@pytest.mark.parametrize("seed", range(4))
def test_gain_is_that_of_a_workbook_with_more_people(seed, make_tables):
    tables = make_tables(seed)
    plan = rebalance(tables, policy=Policy(mix="off"))
    table = value_of_a_hire(plan, people=2, price_k=10.0).table.set_index("skill")
    for skill in ("data", "design"):
        capacity = tables["capacity"]
        more = np.where(capacity["unit"] == "hours", 160.0, 1.0) * 2.0 * (capacity["skill"] == skill)
        other = tables | {"capacity": capacity.assign(person_months=capacity["person_months"] + more)}
        gain = rebalance(other, policy=Policy(mix="off")).value_k - plan.value_k
        assert table.loc[skill, "gain_k"] == pytest.approx(gain, abs=2e-5 * max(1.0, abs(plan.value_k)))


def test_a_binding_budget_is_said():
    tables = _tables(budgets=pd.DataFrame({"year": [2026], "capex_k": [0.0], "opex_k": [150.0]}))
    tables["capacity"] = tables["capacity"].assign(person_months=9.0)
    result = _hires(tables)
    assert result.budget_gain_k == pytest.approx(250.0)
    assert "Data engineering and design would bring exactly 0. Without any budget the plan would " \
           "gain 250." in result.summary()


@pytest.mark.parametrize("people", [0, -1, float("nan"), True, "two"])
def test_a_hire_of_nobody_is_refused(people):
    with pytest.raises(ParameterError, match="people: got .*allowed a number above 0"):
        _hires(_tables(), people=people)


def test_unknown_skills_months_and_prices_are_refused():
    with pytest.raises(ParameterError, match="got 'data enginering'.*Did you mean 'data engineering'"):
        _hires(_tables(), skills=["data enginering"])
    with pytest.raises(ParameterError, match="got 'desing'.*Did you mean 'design'"):
        _hires(_tables(), price_k={"desing": 4.0})
    with pytest.raises(ParameterError, match="price_k: got -1 for"):
        _hires(_tables(), price_k=-1)
    with pytest.raises(ParameterError, match="months: got 2025-06 to 2026-06, allowed from 2026-01 on"):
        _hires(_tables(), months=("2025-06", None))
    with pytest.raises(ParameterError, match="months: data engineering has no capacity row from 2027-06 to 2027-07"):
        _hires(_tables(), months=("2027-06", "2027-07"))
    with pytest.raises(ParameterError, match="months: got '2026-03', allowed a pair"):
        _hires(_tables(), months="2026-03")


def test_without_demand_no_hire_is_worth_anything():
    tables = _tables()
    del tables["demand"]
    assert "would bring exactly 0" in _hires(tables).summary()


def test_without_capacity_there_is_nothing_to_add_to():
    tables = _tables()
    del tables["capacity"]
    with pytest.raises(MissingTableError, match=r"capacity: missing, or all of it before the plan.*; add rows"):
        _hires(tables)
    assert rebalance(tables, period="2025-12").ask(value_of_a_hire) is None


@pytest.mark.parametrize("options, message", [
    ({"skills": 5}, r"skills: got 5, allowed a list of skills.*Pass \['"),
    ({"skills": [None]}, r"skill: got None, it has no capacity"),
    ({"price_k": True}, r"price_k: got True for .*, allowed 0 or more"),
    ({"price_k": [1.0]}, r"price_k: got \[1.0\] for"),
])
def test_what_is_no_skill_and_no_price_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        _hires(_tables(), **options)


def test_what_is_no_decision_is_refused():
    with pytest.raises(ParameterError, match=r"decision: got a dict, allowed a Decision. Make one with"):
        value_of_a_hire({})


def test_without_a_plan_it_says_so():
    tables = _tables()
    tables["projects"] = tables["projects"].assign(mandatory=True)
    result = _hires(tables)
    assert result.table.empty
    assert "There is no plan: no hire" in result.summary()


def test_points_do_not_compare_with_money():
    tables = _tables()
    plan = rebalance(tables, period="2025-12", values={"A": 5.0, "B": 3.0}, policy=Policy(objective="score"))
    row = value_of_a_hire(plan).table.iloc[0]
    assert (row["gain_k"], row["verdict"]) == (pytest.approx(3.0), "points, not money")
    assert "points do not compare with its cost" in value_of_a_hire(plan).summary()
    # Without bought people the cost of a point is no money either.
    assert value_of_a_hire(plan).headline()["0.5"] == "points a person-month"


def test_a_plan_that_is_not_proved_claims_no_exact_zero():
    plan = replace(rebalance(_tables(), period="2025-12"), status=Status.WITHIN_GAP)
    said = value_of_a_hire(plan).summary()
    assert "exactly 0" not in said
    assert "Without any budget the plan would gain 0 or more (not proved)." in said
    assert "Not proved, the gain may be another: data engineering, design." in said


def test_what_is_given_up_for_a_hire_reads_as_one_list():
    row = pd.Series({"skill": "design", "gain_k": 5.0, "cost_k": 1.0, "worth_up_to_k": 5.0, "verdict": "worth it",
                     "done_more": "keep C; start A, B", "done_less": "keep D; start E"})
    said = _hires(_tables())._best
    assert said(row).endswith("; then also keep C and start A, B; no longer keep D or start E.")
    row["done_more"] = "fast A; hold B; keep C; slow D, E; start F"
    assert "then also fast A and hold B and keep C and 3 other changes; no longer" in said(row)


@pytest.mark.parametrize("seed", (1, 4, 5))
def test_a_hire_brings_what_more_rows_of_capacity_bring(seed, make_tables):
    tables, policy = make_tables(seed), Policy(mix="off")
    plan = rebalance(tables, policy=policy)
    hires = value_of_a_hire(plan)
    for row in hires.table.itertuples():
        there = tables["capacity"]
        more = (there["skill"] == row.skill) & there["month"].between(hires.first, hires.last)
        unit = np.where(there["unit"] == "hours", 160.0, 1.0)
        grown = there.assign(person_months=there["person_months"] + more * unit)
        again = rebalance({**tables, "capacity": grown}, policy=policy)
        assert again.value_k - plan.value_k == pytest.approx(row.gain_k, abs=1e-3)
