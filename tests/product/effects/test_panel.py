from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.product.effects.panel import known_product, monthly_money, monthly_units, name_of
from tests.product.conftest import FIRST, PERIOD
from tests.product.effects.conftest import orders


def test_money_of_every_month_and_region_is_that_of_its_rows() -> None:
    told = monthly_money({"orders": orders({"north": np.arange(1.0, 13.0), "south": np.full(12, 2.5)})}, "A",
                         by="region", first=FIRST + 2, last=FIRST + 4)  # fmt: skip
    assert told["revenue_k"].to_dict() == {
        ("north", FIRST + 2): 3.0, ("north", FIRST + 3): 4.0, ("north", FIRST + 4): 5.0,
        ("south", FIRST + 2): 2.5, ("south", FIRST + 3): 2.5, ("south", FIRST + 4): 2.5,
    }  # fmt: skip


@pytest.mark.parametrize(("backend", "product"), [("duckdb", "A"), ("sqlite", "B")])
def test_engines_give_the_money_of_the_frames(company, in_engine, backend, product) -> None:
    told = monthly_money(in_engine(backend), product, by=None, first=FIRST, last=PERIOD)
    pd.testing.assert_frame_equal(told, monthly_money(company, product, by=None, first=FIRST, last=PERIOD))
    assert told["revenue_k"].gt(0).all()


@pytest.mark.parametrize("backend", ["duckdb", "sqlite"])
def test_regions_and_units_come_from_the_engine_alike(backend) -> None:
    import ibis

    frame = orders({"north": np.arange(1.0, 7.0), "south": np.full(6, 2.5)})
    schema = dict.fromkeys(frame.columns, "string") | {"units": "float64", "paid_price": "float64", "date": "date"}
    connection = ibis.duckdb.connect() if backend == "duckdb" else ibis.sqlite.connect()
    stored = connection.create_table("orders", schema=ibis.schema(schema))
    if backend == "duckdb":
        connection.insert("orders", frame)
    else:
        rows = frame.assign(date=frame["date"].dt.strftime("%Y-%m-%d")).to_numpy().tolist()
        connection.con.executemany("insert into orders values (?, ?, ?, ?, ?, ?, ?)", rows)
    for tables in ({"orders": stored}, {"orders": frame}):
        assert monthly_money(tables, "A", by="region", first=FIRST, last=PERIOD)["revenue_k"].sum() == 36.0
        units = monthly_units(tables, last=FIRST + 1)
        assert units["units"].tolist() == [1.0, 2.0, 2.5, 2.5]
        assert units["month"].tolist() == [FIRST, FIRST + 1, FIRST, FIRST + 1]


def test_orders_in_a_foreign_currency_are_converted_in_regions_too() -> None:
    frame = orders({"north": np.full(3, 2.0), "south": np.full(3, 1.0)})
    tables = {
        "orders": frame.assign(currency=np.where(frame["region"] == "north", "USD", "EUR")),
        "exchange_rates": pd.DataFrame({"currency": "USD", "month": [FIRST, FIRST + 1, FIRST + 2], "rate": 0.5}),
    }
    regions = monthly_money(tables, "A", by="region", first=FIRST, last=PERIOD)["revenue_k"]
    assert regions.tolist() == [1.0] * 6
    assert regions.sum() == monthly_money(tables, "A", by=None, first=FIRST, last=PERIOD)["revenue_k"].sum()
    with pytest.raises(SchemaError, match="orders: 3 rows in USD, allowed EUR"):
        monthly_money({"orders": tables["orders"]}, "A", by="region", first=FIRST, last=PERIOD)


def test_segments_need_customers() -> None:
    tables = {"orders": orders({"north": np.ones(3)})}
    with pytest.raises(MissingTableError, match="groups by segment: table 'customers' is missing"):
        monthly_money(tables, "A", by="segment", first=FIRST, last=PERIOD)
    customers = pd.DataFrame({"customer_id": ["Knorth"], "segment": ["homes"]})
    told = monthly_money(tables | {"customers": customers}, "A", by="segment", first=FIRST, last=PERIOD)
    assert told.index.get_level_values("group").unique().tolist() == ["homes"]


def test_products_are_known_and_named_by_their_table() -> None:
    tables = {"products": pd.DataFrame({"product_id": ["A"], "name": ["Aria"]})}
    assert name_of(tables, "A") == "Aria"
    assert name_of({}, "A") == "A"
    known_product(tables, "A")
    with pytest.raises(ParameterError, match="product_id: got 'B'. Known: A"):
        known_product(tables, "B")
