from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from pmlib.errors import CheckError, MissingTableError, ParameterError
from pmlib.product import monthly_revenue
from pmlib.product.money.breakdown import revenue_by
from tests.product.conftest import PERIOD


@pytest.fixture(scope="module")
def tables(company):
    """The company with its customers in three segments; some are in none."""
    ids = sorted({*company["orders"]["customer_id"], *company["subscriptions"]["customer_id"]})[:-50]
    segments = np.array(["offices", "homes", "schools"])[np.arange(len(ids)) % 3]
    return {**company, "customers": pd.DataFrame({"customer_id": ids, "segment": segments, "channel": "web"})}


@pytest.mark.parametrize("by", ["product", "segment", "channel"])
def test_parts_add_up_to_monthly_revenue_in_every_month(tables, by: str) -> None:
    result = revenue_by(tables, period=PERIOD, by=by, months=24)
    whole = monthly_revenue(tables, period=PERIOD).to_frame().groupby("month")["revenue_k"].sum()
    parts = result.to_frame().groupby("month")["revenue_k"].sum()
    assert (parts - whole[whole.index > PERIOD - 24]).abs().max() < 1e-9
    assert result.check().endswith("to the cent.")


def test_a_segment_matches_a_join_by_hand(tables) -> None:
    lines = tables["orders"].merge(tables["customers"], on="customer_id", how="left").fillna({"segment": "unknown"})
    lines = lines[lines["date"] >= "2025-01-01"]
    expected = (lines["units"] * lines["paid_price"]).groupby(lines["segment"]).sum() / 1_000
    result = revenue_by(tables, period=PERIOD, product_id="A")
    got = result.by_part().set_index("part")["revenue_k"]
    assert got.sort_index().to_numpy() == pytest.approx(expected.sort_index().to_numpy())
    assert got.is_monotonic_decreasing and result.by_part()["share"].sum() == pytest.approx(1)


def test_customers_of_several_products_are_not_added_up(tables) -> None:
    assert revenue_by(tables, period=PERIOD).to_frame()["customers"].isna().all()
    assert revenue_by(tables, period=PERIOD, product_id="B").to_frame()["customers"].min() > 0


def test_a_window_that_the_tables_do_not_cover_has_no_change(tables) -> None:
    result = revenue_by(tables, period=PERIOD, months=30)
    assert result.by_part()["before_k"].isna().all()
    assert "do not reach back over the 30 months before" in result.summary()


def test_no_revenue_yet_is_said(tables) -> None:
    result = revenue_by(tables, period="2020-12")
    assert result.summary() == "No revenue in the 12 months to December 2020."
    assert result.to_frame().empty and result.check() and len(result.headline()) == 1


def test_without_customers_there_is_one_segment(company) -> None:
    assert revenue_by(company, period=PERIOD).by_part()["part"].tolist() == ["all"]


def test_the_unknown_and_the_missing_are_refused(company) -> None:
    with pytest.raises(ParameterError, match="by: got 'segmnt', allowed product, segment, channel.*Did you mean 'seg"):
        revenue_by(company, period=PERIOD, by="segmnt")
    with pytest.raises(ParameterError, match="product_id: got 'D'. Known: A, B, C"):
        revenue_by(company, period=PERIOD, product_id="D")
    with pytest.raises(MissingTableError, match="'orders' and 'subscriptions' are both missing"):
        revenue_by({}, period=PERIOD)


def test_a_lost_cent_is_found(company) -> None:
    result = revenue_by(company, period=PERIOD)
    with pytest.raises(CheckError, match="revenue by segment: the parts differ"):
        dataclasses.replace(result, total_k=result.total_k + 0.00001).check()


def test_two_engines_give_the_same_parts(in_engine) -> None:
    duck, lite = (revenue_by(in_engine(name), period=PERIOD, by="product").to_frame() for name in ("duckdb", "sqlite"))
    pd.testing.assert_frame_equal(duck, lite, rtol=1e-9)


def test_a_falling_and_a_growing_product_of_the_sample_company_are_seen(quillmark) -> None:
    parts = revenue_by(quillmark, period="2025-12", by="product").by_part().set_index("part")
    # Planted: product 3 loses 6 % a year, product 5 gains 9 %.
    assert parts["change"]["PR3"] == pytest.approx(-0.06, abs=0.001)
    assert parts["change"]["PR5"] == pytest.approx(0.09, abs=0.001)
