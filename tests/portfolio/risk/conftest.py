"""Portfolios so small that their risk has a closed form."""

from __future__ import annotations

import pandas as pd
import pytest

from pmlib.portfolio import Decision, rebalance


@pytest.fixture(scope="package")
def small_book():
    """Build tables of running projects from their three-point estimates."""

    def build(
        projects: dict[str, dict[str, tuple[float, float, float]]], risks: list[tuple] = (), **columns: object
    ) -> dict[str, pd.DataFrame]:
        rows = [(name, quantity, *points) for name, of in projects.items() for quantity, points in of.items()]
        tables = {
            "projects": pd.DataFrame({"project_id": list(projects), "state": "running", "bac_k": 100.0,
                                      "mandatory": True, **columns}),
            "estimates": pd.DataFrame(rows, columns=["project_id", "quantity", "p10", "p50", "p90"]),
        }
        if risks:
            names = ["risk_id", "project_id", "probability", "impact_low", "impact_mode", "impact_high", "unit",
                     "factor", "response_cost_k", "response_effect"]
            tables["risks"] = pd.DataFrame(risks, columns=names)
        return tables

    return build


@pytest.fixture(scope="package")
def decide():
    """Decide a book from January 2026 on."""

    def decided(tables: dict[str, pd.DataFrame]) -> Decision:
        return rebalance(tables, period="2025-12")

    return decided


@pytest.fixture(scope="package")
def four(small_book):
    """Give four projects alike: benefit 80, 100, 120, cost 10."""
    alike = {"benefit_pv_k": (80.0, 100.0, 120.0), "cost_k": (10.0, 10.0, 10.0)}
    return small_book({f"P{i}": alike for i in range(4)}, product_id="R1", programme_id="G1")


@pytest.fixture(scope="package")
def plan(four, decide):
    """Decide to keep all four."""
    return decide(four)
