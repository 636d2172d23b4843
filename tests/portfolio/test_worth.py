"""Worth of limits: exact re-solves, group by group."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pmlib.months import parse_month
from pmlib.portfolio import Policy, Status, rebalance
from pmlib.portfolio.model import solve

JAN = parse_month("2026-01")


def test_each_limit_is_worth_what_a_fresh_solve_says(make_tables):
    tables, policy = make_tables(111), Policy(mix="off")
    decision = rebalance(tables, policy=policy)
    worth = decision.worth_of_limits().set_index("limit")
    capacity = tables["capacity"]
    for skill, unit in (("data", 160.0), ("design", 1.0)):
        more = capacity["person_months"] + unit * (capacity["skill"] == skill)
        again = rebalance(tables | {"capacity": capacity.assign(person_months=more)}, policy=policy)
        assert worth.loc[skill, "gain_k"] == pytest.approx(again.value_k - decision.value_k, abs=0.02)
    budgets = tables["budgets"]
    first = (budgets["year"] == 2026) & (budgets["programme_id"] == "G1")
    again = rebalance(tables | {"budgets": budgets.assign(opex_k=budgets["opex_k"] + 100.0 * first)}, policy=policy)
    assert worth.loc["operating budget of 2026", "gain_k"] == pytest.approx(again.value_k - decision.value_k, abs=0.02)


def test_bands_and_change_limits_have_their_price_too():
    tables = {
        "projects": pd.DataFrame({"project_id": ["A", "B"], "state": "proposed", "bac_k": 100.0,
                                  "programme_id": ["G", "N"]}),
        "programmes": pd.DataFrame({"programme_id": ["G", "N"], "horizon": ["core", "new"]}),
        "mix_targets": pd.DataFrame({"horizon": ["new"], "floor_share": [0.5], "ceiling_share": [1.0]}),
    }
    values = pd.Series({"A": 90.0, "B": -20.0})
    worth = rebalance(tables, period="2025-12", values=values).worth_of_limits().set_index("limit")
    assert worth.loc["floor of the mix for new", "gain_k"] == pytest.approx(20)
    assert worth.loc["floor of the mix for new", "unit"] == "without it"
    still = rebalance(tables, period="2025-12", values=values, policy=Policy(max_changes=0, mix="off"))
    assert still.worth_of_limits().set_index("limit").loc["most changes", "gain_k"] == pytest.approx(90)


def test_ten_percent_more_of_a_budget_counts_all_years():
    projects = pd.DataFrame({"project_id": ["A", "B"], "state": "proposed", "bac_k": 100.0})
    flows = pd.DataFrame([(p, y, 50.0, 100.0) for p in "AB" for y in (2026, 2027)],
                         columns=["project_id", "year", "cost_k", "benefit_k"])
    budgets = pd.DataFrame({"programme_id": "G", "year": [2026, 2027], "capex_k": 0.0, "opex_k": [95.0, 95.0]})
    decision = rebalance({"projects": projects, "cash_flows": flows, "budgets": budgets})
    worth = decision.worth_of_limits().set_index("limit")
    assert worth.loc["budget, every year", "ten_percent_k"] == pytest.approx(decision.value_k)
    assert worth.loc["budget, every year", "ten_percent_share"] == pytest.approx(1)
    assert worth.loc["budget of 2026", "gain_k"] == 0


def test_gains_that_are_not_proved_are_marked(make_tables, monkeypatch):
    decision = rebalance(make_tables(111), policy=Policy(mix="off"))
    proved = decision.worth_of_limits()
    assert proved["proved"].all()

    def cut_short(*args, **options):
        return replace(solve(*args, **options), status=Status.WITHIN_GAP)

    monkeypatch.setattr("pmlib.portfolio.worth.solve", cut_short)
    cut = decision.worth_of_limits()
    assert not cut["proved"].any()
    assert cut["gain_k"].tolist() == proved["gain_k"].tolist()

    def lost(*args, **options):
        answer = solve(*args, **options)
        return answer if options.get("relaxed") else replace(
            answer, status=Status.NO_PLAN, value=np.nan, x=np.empty(0))

    monkeypatch.setattr("pmlib.portfolio.worth.solve", lost)
    nothing = decision.worth_of_limits()
    assert nothing["gain_k"].isna().all()
    assert not nothing["proved"].any()
