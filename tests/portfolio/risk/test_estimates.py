"""Estimates as distributions: the newest, checked, those of the plan."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from pmlib.errors import ParameterError, SchemaError
from pmlib.portfolio.risk.distributions import SCORE_90
from pmlib.portfolio.risk.simulation import simulate

EVEN = {"benefit_pv_k": (80.0, 100.0, 120.0), "cost_k": (10.0, 10.0, 10.0)}


def test_what_is_not_estimated_is_said(small_book, decide):
    tables = small_book({"P1": EVEN, "P2": {"cost_k": (10.0, 10.0, 20.0)}})
    tables["cash_flows"] = pd.DataFrame({"project_id": ["P2"], "year": 2026, "cost_k": 5.0, "benefit_k": 50.0})
    notes = " ".join(simulate(decide(tables), tables, draws=500).notes)
    assert "1 projects have no estimate of benefit and are drawn without spread in it: P2." in notes
    assert "1 projects have no estimate of cost" in notes


def test_the_newest_estimate_counts(small_book, decide):
    tables = small_book({"P1": EVEN})
    old = tables["estimates"].assign(p10=1.0, p50=2.0, p90=900.0, as_of=pd.Timestamp("2024-01-01"))
    new = tables["estimates"].assign(as_of=pd.Timestamp("2025-01-01"))
    tables["estimates"] = pd.concat([new, old], ignore_index=True)
    assert simulate(decide(tables), tables, draws=20_000).spread_k == pytest.approx(20 / SCORE_90, rel=0.02)


def test_tables_of_another_plan_are_refused(plan, four):
    other = {**four, "estimates": four["estimates"].assign(p90=500.0)}
    with pytest.raises(ParameterError, match=r"tables: benefit_pv_k of P0 has mean .*, the plan counts with 100.0"):
        simulate(plan, other)


@pytest.mark.parametrize("points", [(120.0, 100.0, 80.0), (-1.0, 1.0, 2.0), (math.nan, 1.0, 2.0)])
def test_an_estimate_out_of_order_is_refused(plan, four, points):
    wrong = four["estimates"].copy()
    wrong.loc[0, ["p10", "p50", "p90"]] = points
    with pytest.raises(SchemaError, match=r"estimates row 0 .P0.* column 'p(10|50)': .* allowed"):
        simulate(plan, {**four, "estimates": wrong})

