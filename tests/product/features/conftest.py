from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

COMPLETE = {
    "product_id": "A", "reach": 100.0, "impact_low": 0.5, "impact_mode": 1.0, "impact_high": 2.0, "confidence": 0.8,
    "effort_pm": 2.0, "moscow": "should", "importance": 6.0, "satisfaction": 4.0, "time_criticality": 5.0,
    "risk_reduction": 3.0, "state": "idea",
}  # fmt: skip


@pytest.fixture
def backlog() -> Callable[..., pd.DataFrame]:
    """Write features: ``backlog(3, reach=[10, 20, 30])``; all else as in COMPLETE."""

    def write(n: int, **columns: object) -> pd.DataFrame:
        ids = [f"F{i:02d}" for i in range(1, n + 1)]
        plain = {"feature_id": ids, "name": [f"Feature {i}" for i in ids]} | COMPLETE | columns
        return pd.DataFrame(plain, index=range(n))

    return write
