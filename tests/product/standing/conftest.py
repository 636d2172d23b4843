from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import pmlib as pm

CASE = Path(__file__).parents[3] / "data" / "cases" / "retail_and_cars"
Study = Callable[..., dict[str, pd.DataFrame]]


@pytest.fixture(scope="session")
def cars():
    return pm.open_workbook(CASE)


@pytest.fixture(scope="session")
def raw_cars() -> pd.DataFrame:
    return pd.read_csv(CASE / "raw" / "blp_products.csv")


@pytest.fixture
def study() -> Study:
    """A study of sales by player, the same in every month unless a function of the month is given."""

    def made(sales: dict[str, object], *, first: int = 24289, last: int = 24312, error: float = 0.0,
             category: str = "sensors", units: float | None = None) -> dict[str, pd.DataFrame]:  # fmt: skip
        rows = [
            (category, region, month, name, value(month) if callable(value) else value, error)
            for month in range(first, last + 1)
            for player, value in sales.items()
            for region, name in [tuple(player.split("/")) if "/" in player else ("all", player)]
        ]
        columns = ["category", "region", "month", "player", "value_k", "source_error_pct"]
        market = pd.DataFrame(rows, columns=columns).astype({"value_k": "float64"})
        if units is not None:
            market["units"] = market["value_k"] * units
        return {"market": market}

    return made
