"""Statements of ``views.sql`` that reach for what they may not, never end, or cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .cases import RIGHT, Case
from .workbooks import folder

VIEW = "CREATE VIEW weights AS "
PAIR = "SELECT k AS objective_id, v AS weight FROM "


def view_files() -> Iterator[Case]:
    def case(name: str, sql: str, **expected: Any) -> Case:
        return Case(family="views.sql", name=name, **expected,
                    write=folder({"views.sql": sql, "r.csv": "k,v\na,1\nb,2\n"}))

    yield case("a plain one", VIEW + PAIR + "'r.csv'", **RIGHT)
    for statement in (
        "ATTACH '/tmp/x.db'", "COPY (SELECT 1) TO 'out.csv'", "PRAGMA database_list", "SET threads=1",
        "INSTALL httpfs", "LOAD httpfs", "EXPORT DATABASE 'x'", "IMPORT DATABASE 'x'", "DROP VIEW weights",
        "CREATE TABLE t AS SELECT 1", "CREATE MACRO m() AS 1", "CALL pragma_version()", "VACUUM", "USE x",
        "CREATE SECRET s (TYPE s3)", "DETACH x", "CHECKPOINT", "EXPLAIN SELECT 1", "SELECT 1", "\\x", "{",
        "INSERT INTO weights VALUES (1)", "CREATE OR REPLACE TRIGGER t", "BEGIN", "CREATE VIEW", ";;\0;;",
    ):
        yield case(statement.split(" ")[0] + " behind it, " + statement[:20], VIEW + PAIR + "'r.csv';\n" + statement,
                   refused="views.sql line 2|null")
    for source in (
        "'../../../etc/passwd'", "'/etc/passwd'", "'file:///etc/passwd'", "'https://x.y/z.csv'", "'s3://b/x.csv'",
        "read_text('/etc/passwd')", "read_blob('r.csv')", "glob('/**')", "'r*.csv'", "read_csv(['r.csv'])",
        "read_json('x')", "query('SELECT 1')", "query_table('x')", "duckdb_settings()", "other.main.t",
        "information_schema.tables", "(SELECT 1) t, LATERAL read_text('/etc/passwd')", '"/etc/passwd"',
        "read_csv('r.csv', filename=true)", "sniff_csv('r.csv')", "'views.sql'", "'.'", "''", "'r.csv\0'",
        "(FROM read_csv_auto('/etc/passwd'))", "(VALUES (1)) t(k), (SELECT v FROM '/etc/passwd') u", "weights",
        "pragma_table_info('x')", "sqlite_scan('x', 'y')", "postgres_scan('', '', '')", "passwd",
    ):
        yield case(f"reads {source[:45]!r}", VIEW + PAIR + source, refused="views.sql")
    yield case("a name that leaves its quotes",
               'CREATE VIEW "a"" AS SELECT 1; COPY (SELECT 1) TO \'out.csv\'; CREATE VIEW ""b" '
               "AS SELECT 1;" + VIEW + PAIR + "'r.csv'", **RIGHT)
    yield case("two that need each other",
               "CREATE VIEW projects AS SELECT * FROM weights;" + VIEW + "SELECT * FROM projects",
               refused="line 1.*fails")
    for name, sql in (
        ("deep brackets", "(" * 3000 + "1" + ")" * 3000), ("a long sum", "1" + "+1" * 5000),
        ("deep queries", "(SELECT " * 500 + "1" + ")" * 500),
        ("a deep CASE", "CASE WHEN true THEN " * 500 + "1" + " END" * 500),
    ):
        yield case(name, VIEW + f"SELECT 'a' AS objective_id, {sql} AS weight", refused="views.sql line 1")
    yield case("an error only in its rows", VIEW + "SELECT k AS objective_id, error('no') AS weight FROM 'r.csv'",
               blocked={"weights": "cannot be read"})
    yield case("a cast that fails", VIEW + "SELECT k AS objective_id, k::INT AS weight FROM 'r.csv'",
               blocked={"weights": "Conversion"})
    yield case("a division by zero", VIEW + "SELECT k AS objective_id, v / 0 AS weight FROM 'r.csv'",
               blocked={"weights": "not allowed|empty|not a number"})
    yield case("nested values", VIEW + "SELECT k AS objective_id, [v] AS weight FROM 'r.csv'",
               blocked={"weights": "not a number"})
    yield case("the name kept for rows",
               VIEW + "SELECT k AS objective_id, v AS weight, 'x' AS \"row of the file\" FROM 'r.csv'", **RIGHT)
    for name, query in (
        ("a series of a billion", "SELECT range AS objective_id, 1 AS weight FROM range(1000000000)"),
        ("a cross join", "SELECT a.range AS objective_id, b.range AS weight FROM range(100000) a, range(100000) b"),
    ):
        yield case(name, VIEW + query, blocked={"weights": "more than .* rows|not read within"})
    for name, query in (
        ("recursion without end", "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) "
         "SELECT 'a' AS objective_id, count(*) AS weight FROM t"),
        ("a join that finds nothing", "SELECT 'a' AS objective_id, count(*) AS weight FROM range(30000000) a, "
         "range(30000000) b WHERE hash(a.range * b.range) = 1"),
    ):
        yield case(name, VIEW + query, blocked={"weights": "not read within"})
    yield case("a large table without end",
               "CREATE VIEW orders AS SELECT range AS order_id, DATE '2025-01-01' AS date, 'c' AS "
               "customer_id, 'p' AS product_id, 1 AS units, 1 AS paid_price FROM range(1000000000000)",
               blocked={"orders": "not read within"})
