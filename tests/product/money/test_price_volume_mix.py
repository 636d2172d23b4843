from __future__ import annotations

import dataclasses

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmlib.errors import CheckError, MissingTableError, ParameterError, SchemaError
from pmlib.product.money.price_volume_mix import EFFECTS, price_volume_mix
from tests.published import horngren

BEFORE, AFTER = "2024-12-05", "2025-12-05"


def _orders(rows: list[tuple[str, str, float, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["product_id", "date", "units", "paid_price"])
    frame = frame.astype({"units": "float64", "paid_price": "float64"})
    return frame.assign(date=pd.to_datetime(frame["date"]), customer_id="K", region=frame["product_id"].str.lower())


def test_mix_and_quantity_variances_reproduce_horngren_exercise_14_24() -> None:
    rows = [(drink, BEFORE, budget, margin) for drink, (budget, _, margin) in horngren.SODA_KING.items()]
    rows += [(drink, AFTER, actual, margin) for drink, (_, actual, margin) in horngren.SODA_KING.items()]
    bridge = price_volume_mix({"orders": _orders(rows)}, period="2025-12", months=1, apart=12)
    items = bridge.to_frame().set_index("item")
    assert (1_000 * items["volume_k"]).round(6).to_dict() == horngren.SALES_QUANTITY_VARIANCE
    assert (1_000 * items["mix_k"]).round(6).to_dict() == horngren.SALES_MIX_VARIANCE
    assert 1_000 * items[["volume_k", "mix_k"]].sum().sum() == pytest.approx(horngren.SALES_VOLUME_VARIANCE)
    assert items["price_k"].abs().max() < 1e-9


lines = st.lists(
    st.tuples(
        st.sampled_from("ABC"), st.sampled_from(["2024-12-01", "2025-11-30", "2025-12-31"]),
        st.sampled_from([-2.0, 0.0, 1.0, 3.5, 1e6]), st.sampled_from([0.0, 0.01, 19.99, 1234.5678]),
    ),
    min_size=1, max_size=10,
)  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(lines)
def test_price_volume_and_mix_add_up_to_the_change_to_the_cent(rows) -> None:
    bridge = price_volume_mix({"orders": _orders([("A", BEFORE, 1.0, 5.0), *rows])}, period="2025-12", months=1,
                              apart=12)  # fmt: skip
    assert bridge.check().endswith("to the cent.")
    frame = bridge.to_frame()
    effects = frame[[f"{effect}_k" for effect in EFFECTS]]
    gap = (effects.sum(axis="columns") - frame["change_k"]).abs().max()
    assert gap <= 1e-9 * max(1.0, frame["after_k"].abs().max())
    apart = frame["status"] != "continuing"
    assert (frame.loc[apart, ["volume_k", "mix_k", "price_k"]] == 0).all(axis=None)


def test_new_and_discontinued_items_stand_apart_and_are_no_price() -> None:
    rows = [("A", BEFORE, 10, 100), ("A", AFTER, 10, 110), ("B", BEFORE, 4, 50), ("C", AFTER, 2, 30)]
    effects = price_volume_mix({"orders": _orders(rows)}, period="2025-12", months=1, apart=12).effects_k
    assert effects.round(9).to_dict() == {
        "volume_k": 0.0, "mix_k": 0.0, "price_k": 0.1, "currency_k": 0.0, "new_k": 0.06, "discontinued_k": -0.2,
    }  # fmt: skip


def test_other_exchange_rates_alone_are_currency_and_not_price() -> None:
    orders = _orders([("A", BEFORE, 10, 100), ("A", AFTER, 10, 100)]).assign(currency="USD")
    rates = pd.DataFrame({"currency": "USD", "month": [24300, 24312], "rate": [0.9, 1.0]})
    bridge = price_volume_mix({"orders": orders, "exchange_rates": rates}, period="2025-12", months=1, apart=12)
    assert bridge.effects_k.round(9).to_dict()["currency_k"] == 0.1
    assert bridge.effects_k.drop("currency_k").abs().max() < 1e-9
    assert "from exchange rates" in bridge.summary()


def test_a_rate_that_constant_currency_needs_is_asked_for() -> None:
    orders = _orders([("A", BEFORE, 10, 100), ("A", AFTER, 10, 100)])
    orders["currency"] = ["EUR", "USD"]
    rates = pd.DataFrame({"currency": "USD", "month": [24312], "rate": [1.0]})
    with pytest.raises(SchemaError, match="exchange_rates: USD has no rate above 0 in 2024-12"):
        price_volume_mix({"orders": orders, "exchange_rates": rates}, period="2025-12", months=1, apart=12)


@pytest.mark.parametrize("by", ["region", "segment", "channel"])
def test_one_product_is_split_by_region_segment_and_channel(by: str) -> None:
    rows = _orders([("A", BEFORE, 10, 100), ("A", AFTER, 10, 100), ("A", AFTER, 5, 200), ("B", AFTER, 5, 200)])
    rows["region"] = rows["customer_id"] = ["n", "n", "s", "s"]
    people = pd.DataFrame({"customer_id": ["n", "s", "s"], "segment": ["n", "s", "s"], "channel": ["n", "s", "s"]})
    tables = {"orders": rows, "customers": people}
    bridge = price_volume_mix(tables, period="2025-12", months=1, apart=12, product_id="A", by=by)
    assert bridge.to_frame()[["item", "status"]].to_numpy().tolist() == [["n", "continuing"], ["s", "new"]]
    assert bridge.effects_k["new_k"] == 1.0 and bridge.check()


def test_sqlite_and_duckdb_give_the_same_bridge() -> None:
    rows = _orders([("A", BEFORE, 10, 99.99), ("A", AFTER, 11, 103.07), ("B", BEFORE, 3, 7), ("B", AFTER, 8, 6.5)])
    plain = rows.assign(date=rows["date"].dt.strftime("%Y-%m-%d"))
    frames = []
    for connection in (ibis.duckdb.connect(), ibis.sqlite.connect()):
        table = connection.create_table("orders", plain)
        stored = {"orders": table.mutate(date=table.date.cast("date"))}
        frames.append(price_volume_mix(stored, period="2025-12", months=1, apart=12).to_frame())
    pd.testing.assert_frame_equal(*frames, rtol=1e-12)


def test_orders_that_begin_too_late_are_said_and_not_compared() -> None:
    orders = _orders([("A", "2024-06-05", 10, 100), ("A", AFTER, 10, 110)])
    bridge = price_volume_mix({"orders": orders}, period="2025-12")
    assert bridge.summary() == (
        "Not enough data: the comparison needs orders from January 2024 on, and they begin in June 2024."
    )
    assert bridge.effects_k.isna().all() and bridge.headline() == {"–": "the orders do not reach back far enough"}
    assert "no effects" in bridge.check()


def test_no_orders_at_all_are_said() -> None:
    bridge = price_volume_mix({"orders": _orders([])}, period="2025-12")
    assert bridge.summary().endswith("and there are none.") and bridge.to_frame().empty


def test_what_is_unknown_or_missing_is_refused() -> None:
    tables = {"orders": _orders([("A", BEFORE, 1, 1)])}
    with pytest.raises(ParameterError, match="by: got 'regoin'.*Did you mean 'region'"):
        price_volume_mix(tables, period="2025-12", by="regoin")
    with pytest.raises(ParameterError, match="product_id: got 'Z'. Known: A"):
        price_volume_mix(tables, period="2025-12", product_id="Z")
    with pytest.raises(MissingTableError, match="table 'customers' is missing"):
        price_volume_mix(tables, period="2025-12", by="segment")
    with pytest.raises(MissingTableError, match="table 'orders' is missing"):
        price_volume_mix({}, period="2025-12")


def test_a_lost_cent_is_found() -> None:
    tables = {"orders": _orders([("A", BEFORE, 10, 100), ("A", AFTER, 12, 110)])}
    bridge = price_volume_mix(tables, period="2025-12", months=1, apart=12)
    with pytest.raises(CheckError, match="price, volume and mix: effects add up to 0.32000 k"):
        dataclasses.replace(bridge, recounted_k=(1.0, 1.33)).check()


def test_the_sample_companys_growth_comes_from_volume_mix_and_price(quillmark) -> None:
    bridge = price_volume_mix(quillmark, period="2025-12")
    assert bridge.effects_k.round(1).to_dict() == {
        "volume_k": 1255.9, "mix_k": 973.5, "price_k": 540.0, "currency_k": 0.0, "new_k": 0.0, "discontinued_k": 0.0,
    }  # fmt: skip
    assert bridge.check() and "from volume" in bridge.summary()
