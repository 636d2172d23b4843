from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.published.fader_hardie import sample_ids

RAW = Path(__file__).parents[3] / "data" / "cases" / "retail_and_cars" / "raw" / "cdnow_orders.parquet"


@pytest.fixture(scope="session")
def cdnow() -> dict[str, pd.DataFrame]:
    """Orders of the published sample of CDNOW customers, January 1997 to June 1998."""
    raw = pd.read_parquet(RAW)
    rows = raw[raw["customer_id"].isin(sample_ids())]
    orders = pd.DataFrame(
        {
            "customer_id": rows["customer_id"],
            "product_id": "CD",
            "date": pd.to_datetime(rows["date"]),
            "units": rows["number_of_cds"].astype(float),
            "paid_price": rows["dollar_value"] / rows["number_of_cds"],
        }
    )
    return {"orders": orders.reset_index(drop=True)}


@pytest.fixture(scope="session")
def subscribed() -> Callable[..., dict[str, pd.DataFrame]]:
    """Subscriptions from rows (customer, first month, last month or None)."""

    def tables(*rows: tuple[str, int, int | None], product: str = "A", price: float = 10.0) -> dict[str, pd.DataFrame]:
        frame = pd.DataFrame(rows, columns=["customer_id", "start_month", "end_month"])
        frame = frame.astype({"customer_id": "str", "start_month": "int64", "end_month": "Int64"})
        return {"subscriptions": frame.assign(product_id=product, monthly_eur=price)}

    return tables


@pytest.fixture(scope="session")
def ordered() -> Callable[..., dict[str, Any]]:
    """Orders from rows (customer, day, units, price)."""

    def tables(*rows: tuple[str, str, float, float], product: str = "A") -> dict[str, Any]:
        frame = pd.DataFrame(rows, columns=["customer_id", "date", "units", "paid_price"])
        return {"orders": frame.assign(date=pd.to_datetime(frame["date"]), product_id=product)}

    return tables
