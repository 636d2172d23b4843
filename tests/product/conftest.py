from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

PERIOD = 2025 * 12 + 12
FIRST = 2023 * 12 + 1
Frames = dict[str, pd.DataFrame]


def days(months: np.ndarray, day: int = 15) -> pd.Series:
    """A day within each month."""
    years, past = np.divmod(np.asarray(months) - 1, 12)
    return pd.to_datetime(pd.DataFrame({"year": years, "month": past + 1, "day": day}))


def nps_answers(product: str, by_month: dict[int, tuple[int, int, int]]) -> pd.DataFrame:
    """Surveys with (promoters, passives, detractors) in each month."""
    rows = [
        (month, score)
        for month, counts in by_month.items()
        for score, count in zip((10, 8, 3), counts, strict=True)
        for _ in range(count)
    ]
    frame = pd.DataFrame(rows, columns=["month", "score"])
    return pd.DataFrame(
        {"product_id": product, "date": days(frame["month"].to_numpy()), "instrument": "NPS", "scale_max": 10}
    ).assign(score=frame["score"].to_numpy())


@pytest.fixture(scope="session")
def company() -> Frames:
    """Three products over 36 months: A sold (constant), B subscribed, C without surveys, market or revenue."""
    rng = np.random.default_rng(11)
    months = np.arange(FIRST, PERIOD + 1)
    n_orders, n_people = 3600, 700
    bought = rng.choice(months, n_orders)
    orders = pd.DataFrame(
        {
            "order_id": [f"O{i:05d}" for i in range(n_orders)],
            "date": days(bought, 3),
            "customer_id": [f"K{i:04d}" for i in rng.integers(0, 900, n_orders)],
            "product_id": "A",
            "units": rng.integers(1, 9, n_orders).astype(float),
            "paid_price": np.round(rng.uniform(20, 30, n_orders), 2),
            "currency": "EUR",
        }
    )
    start = rng.integers(FIRST, PERIOD + 1, n_people)
    end = start + rng.geometric(0.06, n_people) - 1
    subscriptions = pd.DataFrame(
        {
            "customer_id": [f"S{i:04d}" for i in range(n_people)],
            "product_id": "B",
            "start_month": start,
            "end_month": pd.array(np.where(end > PERIOD, None, end), dtype="Int64"),
            "monthly_eur": np.round(rng.uniform(9, 99, n_people), 2),
        }
    )
    market = pd.DataFrame(
        [
            ("sensing", "north", month, player, value, 3.0 if player != "own" else 0.0)
            for i, month in enumerate(months)
            for player, value in (("own", 18.0 * 1.005**i), ("rival", 50 + i % 12), ("other", 32.0))
        ],
        columns=["category", "region", "month", "player", "value_k", "source_error_pct"],
    )
    products = pd.DataFrame(
        {
            "product_id": ["A", "B", "C"],
            "name": ["Aria", "Boreas", "Cirrus"],
            "model": ["one-off", "subscription", "subscription"],
            "category": ["sensing", "cloud", "care"],
        }
    )
    surveys = pd.concat(
        [
            nps_answers("A", {int(month): (45, 35, 20) for month in months}),
            nps_answers("B", {int(month): (98, 68, 34) if i < 21 else (86, 68, 46) for i, month in enumerate(months)}),
        ],
        ignore_index=True,
    )
    return {
        "products": products,
        "orders": orders,
        "subscriptions": subscriptions,
        "market": market,
        "surveys": surveys.assign(response_id=[f"R{i:05d}" for i in range(len(surveys))]),
    }


_WHOLE = dict.fromkeys(("start_month", "end_month", "scale_max", "score"), "int64")
_TYPES = {"date": "date"} | _WHOLE | dict.fromkeys(("units", "paid_price", "monthly_eur"), "float64")


@pytest.fixture(scope="session")
def in_engine(company: Frames) -> Callable[[str], dict[str, Any]]:
    """The company with its large tables in an engine: ``in_engine("duckdb")`` or ``in_engine("sqlite")``."""
    import ibis

    @functools.cache
    def stored(backend: str) -> dict[str, Any]:
        connection = ibis.duckdb.connect() if backend == "duckdb" else ibis.sqlite.connect()
        tables: dict[str, Any] = dict(company)
        for name in ("orders", "subscriptions", "surveys"):
            frame = company[name]
            schema = {column: _TYPES.get(column, "string") for column in frame.columns}
            tables[name] = connection.create_table(name, schema=ibis.schema(schema))
            if backend == "duckdb":
                connection.insert(name, frame)
                continue
            rows = frame.assign(date=frame["date"].dt.strftime("%Y-%m-%d")) if "date" in frame else frame
            plain = rows.astype(object).where(frame.notna(), None).to_numpy().tolist()
            marks = ", ".join("?" * len(schema))
            connection.con.executemany(f"insert into {name} values ({marks})", plain)
        return tables

    return stored
