"""Large tables in Parquet files, made on first use and kept beside the benchmarks; the same every time."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / ".data"
MONTHS, PRODUCTS, FIRST_YEAR = 36, 8, 2023
#: Orders by customer; some buy far more often than others.
BY_CUSTOMER = 200


def orders_file(rows: int) -> Path:
    """Return the file of ``rows`` orders, made where it is not there yet.

    Days rise from row to row, as in any table that grows. A customer's share of the orders falls with the square of
    its rank; prices have two decimals.
    """
    customers = max(2, rows // BY_CUSTOMER)
    return _made(f"orders-{rows}", f"""
        SELECT
            'O' || i AS order_id,
            {_day(rows)} AS "date",
            'C' || lpad(CAST(floor({customers} * pow((hash(i) % 1000003) / 1000003.0, 2)) AS BIGINT)::VARCHAR, 8, '0')
                AS customer_id,
            'PR' || (1 + hash(i + {rows}) % {PRODUCTS}) AS product_id,
            CAST(1 + hash(i + 2 * {rows}) % 9 AS DOUBLE) AS units,
            (500 + hash(i + 3 * {rows}) % 9500) / 100.0 AS paid_price
        FROM range({rows}) AS numbers(i)
    """)


def customers_file(orders: int) -> Path:
    """Return the file of all customers of so many orders, in three segments and two channels."""
    customers = max(2, orders // BY_CUSTOMER)
    return _made(f"customers-{customers}", f"""
        SELECT
            'C' || lpad(i::VARCHAR, 8, '0') AS customer_id,
            'segment ' || hash(i) % 3 AS segment,
            'channel ' || hash(i + {customers}) % 2 AS channel
        FROM range({customers}) AS numbers(i)
    """)


def surveys_file(rows: int) -> Path:
    """Return the file of ``rows`` answers, half on the scale 0 to 10 and half on 1 to 5, one in twenty left out."""
    return _made(f"surveys-{rows}", f"""
        SELECT
            {_day(rows)} AS "date",
            'PR' || (1 + hash(i) % {PRODUCTS}) AS product_id,
            CASE WHEN i % 2 = 0 THEN 'NPS' ELSE 'CSAT' END AS instrument,
            CASE WHEN i % 2 = 0 THEN 10 ELSE 5 END AS scale_max,
            CASE WHEN hash(i + {rows}) % 20 > 0
                 THEN CASE WHEN i % 2 = 0 THEN hash(i + 2 * {rows}) % 11 ELSE 1 + hash(i + 2 * {rows}) % 5 END::DOUBLE
            END AS score
        FROM range({rows}) AS numbers(i)
    """)


def subscriptions_file(rows: int) -> Path:
    """Return the file of ``rows`` subscriptions, two by customer; half of them still run, some end as they begin."""
    first = FIRST_YEAR * 12 + 1
    return _made(f"subscriptions-{rows}", f"""
        SELECT
            'C' || lpad((hash(i) % {max(2, rows // 2)})::VARCHAR, 8, '0') AS customer_id,
            'PR' || (1 + hash(i + {rows}) % {PRODUCTS}) AS product_id,
            {first} + CAST(hash(i + 2 * {rows}) % {MONTHS} AS BIGINT) AS start_month,
            CASE WHEN hash(i + 3 * {rows}) % 2 = 0
                 THEN {first} + CAST(hash(i + 2 * {rows}) % {MONTHS} + hash(i + 4 * {rows}) % 24 AS BIGINT)
            END AS end_month,
            (500 + hash(i + 5 * {rows}) % 9500) / 100.0 AS monthly_eur
        FROM range({rows}) AS numbers(i)
    """)


def _day(rows: int) -> str:
    return f"DATE '{FIRST_YEAR}-01-01' + CAST(floor(i * {MONTHS * 30.4} / {rows}) AS INTEGER)"


def _made(name: str, select: str) -> Path:
    file = FOLDER / f"{name}.parquet"
    if file.is_file():
        return file
    import duckdb

    FOLDER.mkdir(exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    # hash() of a row's number stands for a random one: no state, so that threads change nothing.
    duckdb.connect().execute(f"COPY ({select}) TO '{part}' (FORMAT parquet, ROW_GROUP_SIZE 500000)")
    part.replace(file)
    return file
