"""Nothing but sums leaves the engine: twice the customers, and not a row more comes out."""

from __future__ import annotations

import functools

import ibis
import pandas as pd
import pytest

from pmlib.product.marts import MartTables
from tests.product.questions import LARGE, Answer, ask, asked_of_duckdb, small_company, stored
from tests.product.test_twins import BOUNDS, TWINS

#: A question that takes out customers, and why.
_BY_CUSTOMER = {"customer months": "the mart itself, which no other question takes out"}


@functools.cache
def twice_as_large() -> MartTables:
    """The company and its double: other customers who did the same on the same days."""
    company = small_company()
    double = {name: company[name].assign(customer_id=company[name]["customer_id"] + "-2") for name in LARGE}
    whole = {name: pd.concat([company[name], double[name]], ignore_index=True) for name in LARGE}
    return stored(ibis.duckdb.connect(), company | whole)


def rows_leaving(answer: Answer) -> dict[tuple[str, ...], int]:
    """Most rows by what they tell; single figures, and the bounds that a mart is built within, left out."""
    counted = sorted((tuple(rows.columns), len(rows)) for rows in answer.taken if len(rows) > 0)
    return {columns: n for columns, n in counted if columns not in BOUNDS and columns != ("value",)}


# Every query has a twin, so that the questions with twins ask them all.
@pytest.mark.parametrize("question", sorted({question for question, _ in TWINS.values()} - _BY_CUSTOMER.keys()))
def test_twice_the_customers_bring_out_not_a_row_more(question) -> None:
    assert rows_leaving(ask(question, twice_as_large())) == rows_leaving(asked_of_duckdb(question))


def test_rows_of_customers_are_noticed() -> None:
    twice, once = (rows_leaving(answer) for answer in
                   (ask("customer months", twice_as_large()), asked_of_duckdb("customer months")))  # fmt: skip
    assert twice == {columns: 2 * n for columns, n in once.items()}
