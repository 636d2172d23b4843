from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.product.conftest import PERIOD, days

#: Invitations, promoters, passives and detractors of each band of product A, every month of three.
BANDS = {"high": (100, (34, 4, 2)), "low": (300, (6, 12, 12)), "medium": (100, (10, 6, 4))}
MONTHS = (PERIOD - 2, PERIOD - 1, PERIOD)


def answers(
    product: str, scores: list[int], *, month: int, who: list[str | None], instrument: str = "NPS"
) -> pd.DataFrame:
    """Surveys of one product and month with ratings that go with the score."""
    score = np.array(scores)
    top = {"NPS": 10, "CSAT": 5, "CES": 7}[instrument]
    odd = np.arange(len(score)) % 3
    return pd.DataFrame({
        "product_id": product, "customer_id": who, "instrument": instrument, "scale_max": top, "score": score,
        "date": days(np.full(len(score), month)),
        "quality_rating": np.clip(1 + np.round(4 * score / top), 1, 5),
        "price_rating": np.where(np.arange(len(score)) % 10 == 9, np.nan, 2.0 + odd),
        "service_rating": np.clip(np.round(4 * score / top) + odd, 1, 5),
    })  # fmt: skip


def _asked_and_heard() -> tuple[pd.DataFrame, pd.DataFrame]:
    invitations, surveys = [], []
    for month in MONTHS:
        for band, (asked, counts) in BANDS.items():
            who = [f"{band}{i:03d}" for i in range(asked)]
            heard = sum(counts)
            invitations.append(pd.DataFrame({
                "product_id": "A", "customer_id": who, "month": month, "engagement_band": band,
                "responded": np.arange(asked) < heard,
            }))  # fmt: skip
            scores = [score for score, count in zip((10, 8, 3), counts, strict=True) for _ in range(count)]
            surveys.append(answers("A", scores, month=month, who=list(who[:heard])))
    return pd.concat(invitations, ignore_index=True), pd.concat(surveys, ignore_index=True)


@pytest.fixture(scope="session")
def heard() -> dict[str, pd.DataFrame]:
    """Product A asked 500 customers a month in three bands, and 90 of them answered; B has a few anonymous answers."""
    invitations, surveys = _asked_and_heard()
    few = answers("B", [5, 4, 3] * 8, month=PERIOD, who=[None] * 24, instrument="CSAT")
    surveys = pd.concat([surveys, few], ignore_index=True)
    ids = invitations["customer_id"].unique()
    return {
        "products": pd.DataFrame({"product_id": ["A", "B"], "name": ["Aria", "Boreas"]}),
        "customers": pd.DataFrame({
            "customer_id": ids, "segment": ["homes" if i % 2 else "offices" for i in range(len(ids))],
            "region": "north", "channel": "direct",
        }),
        "invitations": invitations,
        "surveys": surveys.assign(response_id=[f"R{i:05d}" for i in range(len(surveys))]),
    }  # fmt: skip


_TYPES = {
    **dict.fromkeys(("scale_max", "score", "month", "quality_rating", "price_rating", "service_rating"), "int64"),
    "date": "date", "responded": "boolean",
}  # fmt: skip


@pytest.fixture(scope="session", params=["duckdb", "sqlite"])
def in_either(request: pytest.FixtureRequest, heard: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """The same tables inside an engine."""
    import ibis

    connection = ibis.duckdb.connect() if request.param == "duckdb" else ibis.sqlite.connect()
    tables: dict[str, Any] = {"products": heard["products"]}
    for name in ("surveys", "invitations", "customers"):
        frame = heard[name]
        schema = ibis.schema({column: _TYPES.get(column, "string") for column in frame.columns})
        tables[name] = connection.create_table(name, schema=schema)
        rows = frame.assign(date=frame["date"].dt.strftime("%Y-%m-%d")) if "date" in frame else frame
        plain = rows.astype(object).where(frame.notna(), None).to_numpy().tolist()
        marks = ", ".join("?" * len(schema))
        connection.con.executemany(f"insert into {name} values ({marks})", plain)
    return tables
