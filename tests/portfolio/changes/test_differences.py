from __future__ import annotations

import pandas as pd
import pytest

from pmlib.errors import ParameterError
from pmlib.portfolio import Policy, rebalance
from pmlib.portfolio.changes.causes import Cause, Known, pair
from pmlib.portfolio.changes.differences import did_not_change, differences
from pmlib.portfolio.changes.items import items, then_and_now


@pytest.fixture(scope="module")
def periods(two_periods):
    return two_periods(1)


@pytest.fixture(scope="module")
def found(periods):
    return differences(*periods)


def test_every_cause_that_differs_has_a_sentence(found):
    assert found.causes == tuple(Cause)
    assert set(found.items["cause"]) == set(Cause)
    assert found.unchanged == ()


def test_every_sentence_tells_its_numbers(found):
    said = dict(zip(found.items["what"], found.items["says"], strict=True))
    assert said["first month to plan"] == "The plan begins in 2026-02, 1 month later."
    assert said["data"] == "Capacity of data: 15 to 14 person-months still to come (-8.0 %)."
    assert said["P02"] == "Of the benefit of P02 40 % is left, before 100 %."
    assert said["new"] == "1 new: N1."
    assert said["closed"] == "1 closed: P00."
    assert said["2026"].endswith("(-10.0 %).") or "Budget of 2026" in said["2026"]


def test_sums_are_those_of_what_is_still_to_come_for_projects_on_both_sides(periods, found):
    before, now = periods
    shared = pair(before, now)
    ids = shared.before.decides & shared.now.decides
    row = found.items.query("table == 'cash_flows' and what == 'cost_k'").iloc[0]
    for known, got in ((before, row["before"]), (now, row["now"])):
        flows = known.tables["cash_flows"]
        assert got == pytest.approx(flows[(flows["year"] >= 2026) & flows["project_id"].isin(ids)]["cost_k"].sum())


def test_rows_are_counted_by_their_key(found):
    rows = found.tables.set_index("table")
    assert rows.loc["projects", ["added", "removed"]].tolist() == [1, 0]
    assert rows.loc["projects", "changed"] >= 2
    assert rows.loc["capacity", "changed"] == rows.loc["capacity", "rows_now"]
    assert rows.loc["links", ["added", "removed", "changed"]].tolist() == [0, 0, 0]


def test_equal_periods_have_no_difference():
    tables = {"projects": pd.DataFrame({"project_id": ["P1"], "state": ["running"], "bac_k": [1.0]}),
              "cash_flows": pd.DataFrame({"project_id": ["P1"], "year": [2026], "cost_k": [1.0]})}
    same = differences(Known(tables=tables, period="2025-12"), Known(tables=tables, period="2025-12"))
    assert same.items.empty
    assert same.causes == ()
    assert same.summary().startswith("From 2025-12 to 2025-12 no row changed. Progress and spend, estimates,")
    assert repr(same) == "<Differences 2025-12 to 2025-12: nothing the plan reads>"
    assert same.headline()["0 of 7"] == "causes differ in what the plan reads"


def test_a_table_on_one_side_alone_is_said():
    tables = {"projects": pd.DataFrame({"project_id": ["P1"], "state": ["running"], "bac_k": [1.0]}),
              "cash_flows": pd.DataFrame({"project_id": ["P1"], "year": [2026], "cost_k": [1.0]})}
    budgets = pd.DataFrame({"programme_id": [None], "year": [2026], "opex_k": [90.0]})
    with_budget = Known(tables=tables | {"budgets": budgets}, period="2025-12")
    without = Known(tables=tables, period="2025-12")
    assert differences(without, with_budget).items["says"].tolist() == [
        "Budget of 2026: not known before, now 90 thousand EUR."]
    assert differences(with_budget, without).items["says"].tolist() == [
        "Budget of 2026: 90 thousand EUR before, not known now."]


def test_options_and_results_are_compared(periods):
    before, now = periods
    plans = tuple(rebalance(known.tables, policy=Policy(mix="off")) for known in periods)
    found = differences(before, now, policies=(Policy(), Policy(max_changes=3, mix="off")), plans=plans)
    said = found.items.set_index("cause").loc["parameters", "says"].tolist()
    assert said == ["max_changes: None to 3.", "mix: hard to off."]
    results = found.items[found.items["cause"] == "results"]
    assert results["what"].iloc[0] == "value"
    assert results[["before", "now"]].iloc[0].tolist() == [plan.value_k for plan in plans]


@pytest.mark.parametrize(("options", "message"), [
    ({"policies": Policy()}, "policies: allowed"), ({"policies": (Policy(), 3)}, "policies: got 3, allowed a Policy"),
    ({"plans": (1, 2)}, "plans: got 1, allowed a Decision"),
])
def test_what_cannot_be_compared_is_refused(periods, options, message):
    with pytest.raises(ParameterError, match=message):
        differences(*periods, **options)


def test_words_hold_for_every_number():
    assert then_and_now(0.0, 5.0, "points") == "0 to 5 points"
    assert did_not_change(()) == ""
    assert did_not_change(["budget"]) == "Budget did not change."


def test_items_come_in_the_order_of_the_causes(periods):
    order = [list(Cause).index(cause) for cause, *_ in items(pair(*periods))]
    assert order == sorted(order)
