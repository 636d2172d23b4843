from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pmlib.portfolio.changes.causes import Known

Tables = dict[str, pd.DataFrame]


def _later(tables: Tables, seed: int) -> Tables:
    """The same portfolio a month later, with something new for every cause but evidence and weights."""
    rng = np.random.default_rng(seed)
    later = {name: table.copy() for name, table in tables.items()}
    projects = later["projects"]
    running = projects["state"] == "running"
    projects.loc[running, "spent_k"] += 15.0
    projects.loc[projects["project_id"] == "P00", "state"] = "done"
    new = projects[projects["project_id"] == "P01"].assign(project_id="N1", name="New", state="proposed", spent_k=0.0)
    later["projects"] = pd.concat([projects, new], ignore_index=True)
    estimates = later["estimates"]
    for column in ("p10", "p50", "p90"):
        estimates[column] *= np.where(estimates["quantity"] == "benefit_pv_k", 0.9, 1.0)
    flows = later["cash_flows"]
    own = pd.DataFrame({"project_id": ["N1"], "year": [2026], "cost_k": [80.0], "capex_share": [0.2],
                        "benefit_k": [300.0]})
    later["cash_flows"] = pd.concat(
        [flows[flows["year"] > 2025].assign(cost_k=lambda frame: frame["cost_k"] * rng.uniform(0.9, 1.1)), own],
        ignore_index=True)
    later["budgets"] = later["budgets"].assign(opex_k=lambda frame: frame["opex_k"] * 0.9)
    later["capacity"] = later["capacity"].assign(person_months=lambda frame: frame["person_months"] * 0.92)
    later["workbook"] = later["workbook"].assign(as_of=pd.Timestamp("2026-01-31"))
    return later


@pytest.fixture(scope="session")
def two_periods(make_tables) -> Callable[[int], tuple[Known, Known]]:
    """A random portfolio in 2025-12 and in 2026-01, with something new for each of the seven causes."""
    def make(seed: int) -> tuple[Known, Known]:
        rng = np.random.default_rng(seed)
        then = make_tables(seed)
        ids = then["projects"]["project_id"].tolist()
        points = pd.Series(rng.uniform(0, 50, len(ids)), index=ids)
        later = _later(then, seed)
        new_points = pd.concat([points * 1.2, pd.Series({"N1": 40.0})])
        evidence = pd.DataFrame({"project_id": ["P02", "P03"], "factor": [0.4, 1.3]})
        return Known(tables=then, points=points), Known(tables=later, points=new_points, evidence=evidence)
    return make
