"""P44 of the sample company in small, with what it claims and what was measured of it."""

from __future__ import annotations

from types import MappingProxyType

import pandas as pd

PROJECT = MappingProxyType({"project_id": "P44", "name": "Retention programme", "product_id": "PR4", "state": "running",
                            "bac_k": 1563.0, "spent_k": 950.0, "exit_cost_k": 30.0, "salvage_k": 20.0,
                            "mandatory": False})
CLAIM = MappingProxyType({"project_id": "P44", "product_id": "PR4", "metric": "retention_pp", "claimed_p10": 3.4,
                          "claimed_p50": 6.0, "claimed_p90": 8.6, "by_month": "2027-12"})
FOUND = MappingProxyType({"evidence_id": "V1", "project_id": "P44", "product_id": "PR4", "metric": "retention_pp",
                          "month": "2025-09", "estimate": 2.0, "standard_error": 0.6, "n": 4800,
                          "kind": "experiment"})


def rows(base, *changes: dict[str, object]) -> pd.DataFrame:
    """Rows like the base with changes; the base alone without any."""
    return pd.DataFrame([dict(base) | change for change in changes or ({},)])


def tables(**changes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """600 to go, 1,104 of benefit, exit 30, salvage 20: going on pays from 3.2 points on."""
    estimates = [("P44", "benefit_pv_k", 971.52, 1037.76, 1324.8), ("P44", "cost_k", 564.0, 582.0, 660.0)]
    return {
        "projects": rows(PROJECT), "benefit_map": rows(CLAIM), "evidence": rows(FOUND),
        "estimates": pd.DataFrame(estimates, columns=["project_id", "quantity", "p10", "p50", "p90"]),
    } | changes
