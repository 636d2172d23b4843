from __future__ import annotations

import math
import subprocess
import sys

import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.months import as_month
from pmlib.product.engine import as_seed, currency_of, known_product, lazy, named, small
from pmlib.product.loyalty.lifetime_value import customer_lifetime_value
from pmlib.product.loyalty.repeat_buying import repeat_buying
from pmlib.product.standing.growth_share import map_growth_and_share
from pmlib.product.standing.life_cycle import stage_products
from pmlib.product.standing.sunset import weigh_sunset


def test_a_period_written_without_its_hyphen_is_refused() -> None:
    with pytest.raises(ParameterError, match="got 202512, allowed year \\* 12"):
        as_month(202512)


def test_a_missing_table_is_named_with_the_remedy() -> None:
    with pytest.raises(MissingTableError, match=r"table 'orders' is missing\. Add orders\.csv"):
        lazy({}, "orders", ["units"])


def test_a_missing_column_is_named_with_the_near_one() -> None:
    with pytest.raises(SchemaError, match="market: column 'value_k' is missing.*Did you mean 'values_k'"):
        small({"market": pd.DataFrame({"values_k": [1.0]})}, "market", ["value_k"])


def test_the_currency_is_the_workbooks_or_eur() -> None:
    assert currency_of({}) == "EUR"
    assert currency_of({"workbook": pd.DataFrame({"currency": ["CHF"]})}) == "CHF"
    for empty in (None, math.nan, " "):
        assert currency_of({"workbook": pd.DataFrame({"currency": [empty]})}) == "EUR"


def test_a_product_without_a_name_shows_its_id() -> None:
    products = pd.DataFrame({"product_id": ["A"], "name": ["Aria"]})
    frame = named(pd.DataFrame({"product_id": ["A", "Z"], "month": [1, 2]}), {"products": products})
    assert frame["name"].tolist() == ["Aria", "Z"]
    assert list(frame.columns) == ["product_id", "name", "month"]


def test_importing_the_room_loads_no_engine_and_no_matplotlib() -> None:
    code = (
        "import sys, pmlib.product; print({'ibis', 'duckdb', 'statsmodels', 'scipy', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("got", ["a", 1, True, float("nan"), ["A"], b"A", ""])
def test_an_unknown_product_is_refused_whatever_its_type_with_the_near_one(got: object) -> None:
    products = pd.DataFrame({"product_id": ["A", "B"]})
    with pytest.raises(ParameterError, match=r"product_id: got .*\. Known: A, B, Z\."):
        known_product(got, {"products": products}, seen=lambda: ["Z", None])


def test_a_product_is_known_from_its_table_or_from_the_rows_and_none_asks_for_none() -> None:
    known_product("A", {"products": pd.DataFrame({"product_id": ["A"]})}, seen=pytest.fail)
    known_product("Z", {}, seen=lambda: ["Z"])
    known_product(None, {}, seen=pytest.fail)
    with pytest.raises(ParameterError, match="product_id: got 'A'. No table names a product: add one to products."):
        known_product("A", {})


@pytest.mark.parametrize("got", [-1, 1.5, "a", None, True])
def test_a_seed_is_a_whole_number_of_0_or_more(got: object) -> None:
    with pytest.raises(ParameterError, match="seed: got .*, allowed 0 or more, a whole number"):
        as_seed(got)


@pytest.mark.parametrize(
    ("verb", "option"),
    [(stage_products, "steady"), (weigh_sunset, "avoidable"), (map_growth_and_share, "growth_cut"),
     (repeat_buying, "days_per_unit"), (customer_lifetime_value, "discount_rate")],
)  # fmt: skip
@pytest.mark.parametrize("got", ["a", None, float("nan")])
def test_an_option_that_is_no_number_is_refused_by_name(verb, option: str, got: object) -> None:
    with pytest.raises(ParameterError, match=f"{option}: got {got!r}, allowed"):
        verb({}, period="2025-12", **{option: got})
