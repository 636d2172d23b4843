"""Forecasts of closed projects whose outcomes are drawn from a known error, and the shape of a table of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def past() -> Callable[..., pd.DataFrame]:
    """Give a table past_forecasts: one cost forecast of 80, 100, 130 per outcome, other columns by name."""

    def frame(outcomes: list[float | None], **columns: object) -> pd.DataFrame:
        n = len(outcomes)
        return pd.DataFrame({
            "project_id": [f"P{i:03d}" for i in range(n)], "quantity": "cost_k", "estimator_id": "A",
            "made_on": [f"{2010 + i // 12}-{i % 12 + 1:02d}-01" for i in range(n)], "p10": 80.0, "p50": 100.0,
            "p90": 130.0, "prob": np.nan, "outcome": outcomes, "outcome_on": "2025-06-30",
        } | columns)

    return frame


@pytest.fixture
def chances() -> Callable[..., pd.DataFrame]:
    """Give a table past_forecasts of stated chances."""

    def frame(stated: list[float], outcomes: list[float | None], **columns: object) -> pd.DataFrame:
        return pd.DataFrame({
            "project_id": [f"P{i:03d}" for i in range(len(stated))], "quantity": "p_success", "estimator_id": "A",
            "made_on": "2024-01-01", "prob": stated, "outcome": outcomes, "outcome_on": "2025-06-30",
        } | columns)

    return frame
