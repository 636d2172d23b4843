from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from pmlib.errors import MissingTableError, ParameterError, SchemaError
from pmlib.months import as_month
from pmlib.product.engine import currency_of, lazy, named, small


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
