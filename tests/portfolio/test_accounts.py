"""What a plan uses: the frames add up to the plan."""

from __future__ import annotations

import pytest

from pmlib.months import parse_month
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.accounts import grouped_labels, label


def test_frames_add_up_to_the_plan(make_tables):
    decision = rebalance(make_tables(111))
    assert decision.money["plan_k"].sum() == pytest.approx(decision.cost_k)
    assert decision.mix["plan_share"].sum() == pytest.approx(1)
    assert decision.mix["today_share"].sum() == pytest.approx(1)
    limits = decision.limits
    assert (limits["slack"] > -1e-4).all()
    people = decision.people.assign(month=[f"{m}" for m in decision.people["month"]])
    use = limits.loc[limits["kind"] == "capacity", "use"]
    assert sorted(use) == pytest.approx(sorted(people["plan_pm"]))
    assert set(decision.mix["horizon"]) == {"core", "adjacent", "new"}


def test_budgets_are_one_figure_per_year_in_the_money_table(make_tables):
    money = rebalance(make_tables(111)).money.set_index("year")
    assert money.loc[[2026, 2027], "budget_k"].tolist() == [880.0, 880.0]
    assert money["budget_k"].isna().sum() == len(money) - 2


def test_infeasible_frames_keep_today_and_leave_the_plan_empty(make_tables):
    decision = rebalance(make_tables(101), policy=Policy(budget_k=0.0))
    assert not decision.found
    assert decision.mix["plan_share"].isna().all()
    assert decision.money["plan_k"].isna().all()
    assert decision.people["plan_pm"].isna().all()
    assert decision.people["now_pm"].notna().all()


def test_names_of_rows_read_as_words():
    assert label(("requires", "P17", "P04")) == "P17 needs P04"
    assert label(("mix ceiling", "core")) == "ceiling of the mix for core"
    assert label(("mandatory", "P03")) == "P03 mandatory"
    march = parse_month("2026-03")
    names = [("capacity", "data", f"2026-{m:02d}") for m in (3, 4, 5, 9)]
    assert march == 2026 * 12 + 3
    assert grouped_labels([("budget", "2026"), *names]) == ("budget of 2026", "data in 2026-03 to 2026-05, 2026-09")
