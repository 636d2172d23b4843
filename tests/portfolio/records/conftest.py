"""A small company for the records: six projects, a budget that binds, a board that decides."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.portfolio import rebalance


@pytest.fixture(scope="session")
def tables() -> dict[str, pd.DataFrame]:
    ids = ["P1", "P2", "P3", "P4", "P5", "P6"]
    points = [(name, quantity, *numbers) for name, benefit, cost in zip(
        ids, (900.0, 800.0, 700.0, 500.0, 300.0, 90.0), (300.0, 300.0, 300.0, 250.0, 200.0, 100.0), strict=True)
        for quantity, numbers in (("benefit_pv_k", (0.6 * benefit, benefit, 1.6 * benefit)),
                                  ("cost_k", (0.8 * cost, cost, 1.3 * cost)), ("p_success", (0.8, 0.9, 1.0)))]
    return {
        "workbook": pd.DataFrame({"name": ["Small Ltd"], "currency": ["CHF"], "as_of": ["2025-12-31"]}),
        "projects": pd.DataFrame({
            "project_id": ids, "name": [f"Project {name}" for name in ids], "bac_k": 400.0, "spent_k": 50.0,
            "state": ["running", "running", "proposed", "proposed", "proposed", "running"], "start_month": "2026-01"}),
        "estimates": pd.DataFrame(points, columns=["project_id", "quantity", "p10", "p50", "p90"]).assign(
            currency="CHF", as_of="2025-12-31"),
        "cash_flows": pd.DataFrame({"project_id": ids, "year": 2026, "benefit_k": 0.0,
                                    "cost_k": [300.0, 300.0, 300.0, 250.0, 200.0, 100.0]}),
        "options": pd.DataFrame([(name, verb) for name in ids for verb in ("keep", "stop", "start", "decline")],
                                columns=["project_id", "action"]),
        "budgets": pd.DataFrame({"year": [2026], "opex_k": [950.0]}),
        "decisions": pd.DataFrame({
            "decision_id": ["D1", "D2", "D3"], "period": ["2025-11", "2025-12", "2025-12"],
            "project_id": ["P1", "P1", "P6"], "recommended": ["keep", "keep", "stop"],
            "decided": ["keep", "keep", "keep"], "reason": ["On course.", "On course.", "Promised."],
            "decided_by_role": ["R01", "R01", "R02"]}),
    }


@pytest.fixture(scope="session")
def plan(tables):
    return rebalance(tables, period="2025-12")
