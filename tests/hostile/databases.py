"""SQLite, DuckDB and Parquet files made by hand: types, views, names and sizes nobody plans for."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from .cases import RIGHT, Case, weighs


def sqlite_files() -> Iterator[Case]:
    weights = "CREATE TABLE weights (objective_id, weight);"

    def case(name: str, script: str, **expected: Any) -> Case:
        def write(place: Path) -> Path:
            with contextlib.closing(sqlite3.connect(place / "b.db")) as connection:
                connection.executescript(script)
                connection.commit()
            return place / "b.db"

        return Case(family="SQLite by hand", name=name, write=write, **expected)

    rows = "INSERT INTO weights VALUES ('a', 1), ('b', 2);"
    yield case("a plain one", weights + rows, **RIGHT)
    yield case("a view that recurses for ever",
               weights + rows + "CREATE VIEW orders AS WITH RECURSIVE t(n) AS (SELECT 1 UNION "
               "ALL SELECT n + 1 FROM t) SELECT n AS order_id FROM t;", note="view 'orders' stays unread", **RIGHT)
    yield case("only a view", "CREATE VIEW weights AS SELECT 1 AS objective_id, 1 AS weight;", refused="no known table")
    yield case("triggers", weights + "CREATE TRIGGER t AFTER INSERT ON weights "
               "BEGIN DELETE FROM weights WHERE weight = 9; END;" + rows, **RIGHT)
    yield case("wrong types",
               weights + "INSERT INTO weights VALUES ('a', 1), (x'50ff', '2'), (3, 'x'), (4.0, 9e999), (5, 1), "
               "(6, x'31'), (7, 7);", aside={"weights": {3, 4}},
               tables={"weights": {"objective_id": ["a", "50ff", "5", "6", "7"], "weight": [1, 2, 1, 31, 7]}})
    yield case("huge integers",
               weights + "INSERT INTO weights VALUES (9223372036854775807, 9223372036854775807), ('b', 2);",
               tables={"weights": {"objective_id": ["9223372036854775807", "b"], "weight": [9223372036854775807, 2]}})
    yield case("a text that is no UTF-8", weights + "INSERT INTO weights VALUES (CAST(x'41ff' AS TEXT), 1), ('b', 2);",
               tables={"weights": {"objective_id": ["A\ufffd", "b"], "weight": [1, 2]}})
    yield case("a null byte", weights + "INSERT INTO weights VALUES ('a' || char(0) || 'b', 1), ('c', 2), ('d', 3);",
               aside={"weights": {1}}, **weighs(2, 3))
    yield case("a column that makes texts out of nothing", "CREATE TABLE weights (objective_id, weight, "
               "x AS (replace(hex(zeroblob(4000000)), '0', 'xxxxxxxx')));INSERT INTO weights VALUES ('a', 1);",
               blocked={"weights": "too big"})
    yield case("a cell of 11 MB", weights + "INSERT INTO weights VALUES ('a', zeroblob(11000000)), ('b', 1);",
               blocked={"weights": "too big"})
    yield case("injection in names", weights + rows + 'CREATE TABLE "orders""; DROP TABLE weights; --" (a);'
               'CREATE TABLE skills (skill, "x""; DROP", "\u200b");INSERT INTO skills VALUES (\'s\', 1, 2);',
               note="not known and stays unread", **RIGHT)
    yield case("twice but for case", weights + rows + 'CREATE TABLE "ＷEIGHTS" (a);', note="not known", **RIGHT)
    yield case("a virtual table", "CREATE VIRTUAL TABLE weights USING fts5(objective_id, weight);" + rows, **RIGHT)
    yield case("no columns known", "CREATE TABLE weights (a, b);INSERT INTO weights VALUES (1, 2);",
               blocked={"weights": "required column"})
    yield case("no rows", weights, note="counted as absent")
    yield case("a write-ahead log", "PRAGMA journal_mode = WAL;" + weights + rows, **RIGHT)
    yield case("UTF-16 inside", "PRAGMA encoding = 'UTF-16le';" + weights + rows, **RIGHT)
    yield case("numbers of another program", weights + rows + "PRAGMA user_version = 99; PRAGMA application_id = 7;",
               **RIGHT)


def duckdb_files() -> Iterator[Case]:
    def case(name: str, script: str, **expected: Any) -> Case:
        def write(place: Path) -> Path:
            with duckdb.connect(str(place / "b.duckdb")) as connection:
                connection.execute(script.replace("HERE", str(place)))
            return place / "b.duckdb"

        return Case(family="DuckDB by hand", name=name, write=write, **expected)

    weights = "CREATE TABLE weights (objective_id TEXT, weight DOUBLE); INSERT INTO weights VALUES ('a', 1), ('b', 2);"
    yield case("a view of another file", weights + "COPY (SELECT 'x' AS skill) TO 'HERE/s.parquet'; "
               "CREATE VIEW skills AS SELECT * FROM 'HERE/s.parquet'", blocked={"skills": "."}, **RIGHT)
    yield case("a macro that reads a file", weights + "CREATE MACRO m() AS TABLE SELECT content AS skill FROM "
               "read_text('/etc/hostname'); CREATE VIEW skills AS SELECT * FROM m()", blocked={"skills": "."}, **RIGHT)
    yield case("a view without end", weights + "CREATE VIEW skills AS SELECT range AS skill FROM range(1000000000000)",
               blocked={"skills": "more than|not read within"}, **RIGHT)
    yield case("other schemas", weights + "CREATE SCHEMA s; CREATE TABLE s.skills (skill TEXT); CREATE SEQUENCE q; "
               "CREATE TYPE mood AS ENUM ('x')", **RIGHT)
    yield case("injection in names", weights + 'CREATE TABLE "orders""; DROP TABLE weights; --" (a INT); '
               'CREATE TABLE skills (skill TEXT, "a""; DROP" INT); INSERT INTO skills VALUES (\'s\', 1)',
               note="not known", **RIGHT)
    typed = "CREATE TABLE weights (objective_id {0}, weight {1}); INSERT INTO weights VALUES ({2}), ({3})"
    for name, types, first, second, values in (
        ("HUGEINT", ("TEXT", "HUGEINT"), "'a', 1", "'b', 1000000000000", [1, 1e12]),
        ("DECIMAL(38, 10)", ("TEXT", "DECIMAL(38, 10)"), "'a', 1.5", "'b', 0.0000000001", [1.5, 1e-10]),
        ("ENUM ids", ("ENUM ('a', 'b')", "FLOAT"), "'a', 1", "'b', 0.5", [1, 0.5]),
        ("UUID ids", ("UUID", "UTINYINT"), "uuid(), 1", "uuid(), 255", [1, 255]),
        ("booleans as numbers", ("TEXT", "BOOLEAN"), "'a', true", "'b', false", None),
        ("lists", ("TEXT", "INT[]"), "'a', [1]", "'b', [2]", None),
        ("intervals", ("TEXT", "INTERVAL"), "'a', INTERVAL 1 DAY", "'b', INTERVAL 2 DAY", None),
        ("blobs", ("BLOB", "BLOB"), "'a', '1'", "'b', '2'", None),
        ("infinite and no numbers", ("TEXT", "DOUBLE"), "'a', 'inf'", "'b', 'nan'", None),
        ("bit strings", ("BIT", "INT"), "'101', 1", "'1', 2", None),
        ("unions", ("TEXT", "UNION(i INT, t TEXT)"), "'a', 1", "'b', 'x'", None),
    ):
        yield case(name, typed.format(*types, first, second),
                   **(weighs(*values) if values else {"blocked": {"weights": "."}}))
    yield case("HUGEINT beyond 28 digits", typed.format("TEXT", "HUGEINT", "'a', 1", f"'b', {2**127 - 1}"),
               **weighs(1, 2.0**127))
    yield case("an infinite date", weights + "CREATE TABLE orders (order_id TEXT, date DATE, customer_id TEXT, "
               "product_id TEXT, units INT, paid_price INT); INSERT INTO orders VALUES "
               "('1', '2025-01-01', 'c', 'p', 1, 1), ('2', 'infinity', 'c', 'p', 1, 1), "
               "('3', '2025-01-01', 'c', 'p', 1, 1)", aside={"orders": {2}}, **RIGHT)


def parquet_files() -> Iterator[Case]:
    def case(name: str, ids: Any, numbers: Any, **expected: Any) -> Case:
        def write(place: Path) -> Path:
            pq.write_table(pa.table({"objective_id": ids, "weight": numbers}), place / "weights.parquet")
            return place

        return Case(family="Parquet by hand", name=name, write=write, **expected)

    two = pa.array(["a", "b"])
    for name, numbers, values in (
        ("decimal128", pa.array([Decimal("1.5"), Decimal("2")], pa.decimal128(38, 10)), [1.5, 2]),
        ("dictionary", pa.array(["1", "2"]).dictionary_encode(), [1, 2]),
        ("float16", pa.array([1.5, 2], pa.float16()), [1.5, 2]),
        ("uint64", pa.array([1, 2**64 - 1], pa.uint64()), [1, 2.0**64]),
        ("large text", pa.array(["1", "2"], pa.large_string()), [1, 2]),
        ("text views", pa.array(["1", "2"], pa.string_view()), [1, 2]), ("bytes", pa.array([b"1", b"2"]), None),
        ("structs", pa.array([{"x": 1}, {"x": 2}]), None), ("lists", pa.array([[1], [2]]), None),
        ("days", pa.array([dt.date(2025, 1, 1)] * 2), None), ("durations", pa.array([1, 2], pa.duration("s")), None),
        ("nothing", pa.nulls(2), None), ("no numbers", pa.array([float("nan"), float("inf")]), None),
    ):
        yield case(name, two, numbers, **(weighs(*values) if values else {"blocked": {"weights": "."}}))
    yield case("decimals of 38 digits", two, pa.array([Decimal(10) ** 37, Decimal(2)], pa.decimal128(38, 0)),
               **weighs(1e37, 2))
    yield case("ids as floats", pa.array([1.0, 2.5]), pa.array([1, 2]),
               tables={"weights": {"objective_id": ["1", "2.5"]}})
    yield case("bytes as ids", pa.array([b"a", b"\xff"]), pa.array([1, 2]), **weighs(1, 2))
    yield case("a cell of 10 MB as id", pa.array(["x" * 10_000_000, "b"]), pa.array([1, 2]), **weighs(1, 2))
    yield case("a cell of 10 MB as number", pa.array(["a", "b", "c"]), pa.array(["9" * 10_000_000, "1", "2"]),
               aside={"weights": {1}}, **weighs(1, 2))
