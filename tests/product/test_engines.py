"""Every question gives the same numbers wherever the large tables lie: in frames, or in one of four engines."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest

from pmlib.product.marts import with_marts
from tests.product.questions import PERIOD, QUESTIONS, Answer, ask, asked_of_duckdb, small_company, stored
from tests.servers import postgresql, spark


@pytest.fixture(scope="module")
def frames():
    return with_marts(small_company(), period=PERIOD)


@pytest.fixture(scope="module")
def wanted(frames):
    """The answers from frames, each asked once."""
    known: dict[str, Answer] = {}

    def answer(question: str) -> Answer:
        if question not in known:
            known[question] = ask(question, frames)
        return known[question]

    return answer


@pytest.fixture(scope="module")
def in_sqlite():
    return stored(ibis.sqlite.connect(), small_company())


@pytest.fixture(scope="module")
def in_postgresql():
    pytest.importorskip("psycopg")
    with postgresql() as address:
        connection = ibis.connect(address)
        yield stored(connection, small_company())
        connection.disconnect()


@pytest.fixture(scope="module")
def in_spark(tmp_path_factory):
    with spark(tmp_path_factory.mktemp("spark")) as session:
        yield stored(ibis.pyspark.connect(session), small_company())


def assert_same(got: Answer, wanted: Answer) -> None:
    """Whole numbers, text and money (columns in ``_k``) to the last digit, the rest to nine."""
    assert list(got.frames) == list(wanted.frames)
    for name, frame in wanted.frames.items():
        theirs = got.frames[name]
        pd.testing.assert_frame_equal(theirs, frame, check_dtype=False, rtol=1e-9, atol=1e-9, obj=name)
        money = [column for column in frame if f"{name}.{column}".removesuffix(".value").endswith("_k")]
        pd.testing.assert_frame_equal(theirs[money], frame[money], check_dtype=False, check_exact=True, obj=name)


@pytest.mark.parametrize("question", QUESTIONS)
def test_duckdb_answers_as_frames_do(question, wanted) -> None:
    assert_same(asked_of_duckdb(question), wanted(question))


@pytest.mark.parametrize("question", QUESTIONS)
def test_sqlite_answers_as_frames_do(question, wanted, in_sqlite) -> None:
    assert_same(ask(question, in_sqlite), wanted(question))


@pytest.fixture(scope="module")
def partly_in_dollars():
    """The company with every seventh order in dollars, of which it takes two for one euro."""
    orders = small_company()["orders"].copy()
    foreign = orders.index % 7 == 0
    orders.loc[foreign, "currency"] = "USD"
    orders.loc[foreign, "paid_price"] *= 2
    rates = pd.DataFrame({"currency": "USD", "month": range(PERIOD - 40, PERIOD + 1), "rate": 0.5})
    return with_marts(small_company() | {"orders": orders, "exchange_rates": rates}, period=PERIOD)


@pytest.mark.parametrize("question", [
    "customer months", "monthly revenue", "price, volume and mix by region", "difference in differences by region",
    "recency, frequency and value", "lifetime value",
])
def test_money_in_another_currency_is_worth_its_rate(question, wanted, partly_in_dollars) -> None:
    assert_same(ask(question, partly_in_dollars), wanted(question))


@pytest.mark.engines
@pytest.mark.parametrize("question", QUESTIONS)
def test_postgresql_answers_as_frames_do(question, wanted, in_postgresql) -> None:
    assert_same(ask(question, in_postgresql), wanted(question))


# PySpark 4.0 asks pandas 3 for what it no longer does, and leaves its sockets to the collector.
@pytest.mark.filterwarnings(
    "ignore:The copy keyword", "ignore:unclosed", "ignore:.*:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.engines
@pytest.mark.parametrize("question", QUESTIONS)
def test_spark_answers_as_frames_do(question, wanted, in_spark) -> None:
    assert_same(ask(question, in_spark), wanted(question))
