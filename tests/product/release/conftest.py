from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

Backlog = Callable[..., dict[str, pd.DataFrame]]


@pytest.fixture(scope="session")
def backlog() -> Backlog:
    """Write a backlog: ``backlog(F1=dict(reach=100, effort_pm=3), F2=dict(team="app"))``; the rest has a default."""

    def write(**features: dict[str, Any]) -> dict[str, pd.DataFrame]:
        default = {
            "product_id": "A", "name": "", "reach": 100.0, "impact_low": 0.5, "impact_mode": 1.0, "impact_high": 2.0,
            "confidence": 1.0, "effort_pm": 1.0, "team": "web", "moscow": "should", "depends_on": None, "state": "idea",
        }  # fmt: skip
        rows = [default | {"feature_id": feature} | given for feature, given in features.items()]
        return {"features": pd.DataFrame(rows, columns=["feature_id", *default])}

    return write
