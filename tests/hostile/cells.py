"""Cells in disguise: numbers, dates, months and texts that are none, in every kind of source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmlib.schema import TABLES

from .cases import Case
from .workbooks import INTO, folder

ASIDE = None
NUMBERS: tuple[tuple[str, float | None], ...] = (
    ("1e308", 1e308), ("1e309", ASIDE), ("1e-400", 0.0), ("-0", 0.0), ("NaN", ASIDE), ("nan", ASIDE), ("inf", ASIDE),
    ("-Infinity", ASIDE), ("0x1A", ASIDE), ("1_000", ASIDE), ("9" * 400, ASIDE), ("0." + "3" * 400, 1 / 3),
    ("1" * 309, float("1" * 309) if float("1" * 309) != float("inf") else ASIDE), ("0.1e1e1", ASIDE),
    ("1,5,2", ASIDE), ("１２３", ASIDE), ("٣", ASIDE), ("²", ASIDE), ("½", ASIDE), ("Ⅳ", ASIDE), ("1 2 3", ASIDE),
    ("--5", ASIDE), ("+-5", ASIDE), ("5-", ASIDE), ("1.2.3", ASIDE), ("1..2", ASIDE), (".", ASIDE), ("e5", ASIDE),
    ("5e", ASIDE), ("1e5", 1e5), ("0.1", 0.1), ("0.30000000000000004", 0.30000000000000004),
    ("9007199254740993", 9007199254740992.0), ("123456789.123456789123456789", 123456789.12345679),
    ("2.2250738585072011e-308", 2.2250738585072011e-308), ("5e-324", 5e-324), ("007", 7.0), ("1.", 1.0), (".5", 0.5),
    ("12 %", ASIDE), ("50%", ASIDE), ("$5", ASIDE), ("5 USD", ASIDE), ("£5", ASIDE), ("¥5", ASIDE), ("€5", 5.0),
    ("5 EUR", 5.0), ("1e999999999", ASIDE), ("true", ASIDE), ("#REF!", ASIDE), ("#N/A", ASIDE), ("=1+1", ASIDE),
    ("=SUM(A1:A2)", ASIDE), ("+1+1", ASIDE), ("@SUM(1)", ASIDE), ("1/2", ASIDE), ("2025-01", ASIDE), ("1d5", ASIDE),
    ("1f", ASIDE), ("1 million", ASIDE), ("1\u200b0", ASIDE), ("\u200b10\u200b", 10.0), ("1\u00a0000", 1000.0),
    ("\u202e01", 1.0), ("(5", ASIDE), ("5)", ASIDE), ("1;2", ASIDE), ("'5", ASIDE), ("1e+3", 1000.0), ("nil", ASIDE),
    ("-", ASIDE), ("N/A", ASIDE), ("null", ASIDE), ("None", ASIDE),
    ("1.7976931348623157e308", 1.7976931348623157e308), ("1.7976931348623159e308", ASIDE), ("x" * 5000, ASIDE),
    ("1" + "0" * 250, 1e250), ("5\t", 5.0),
)
DATES: tuple[tuple[str, str | None], ...] = (
    ("0000-00-00", ASIDE), ("0001-01-01", "0001-01-01"), ("9999-12-31", "9999-12-31"), ("2025-02-30", ASIDE),
    ("2025-02-29", ASIDE), ("2024-02-29", "2024-02-29"), ("1899-12-31", "1899-12-31"), ("1500-02-29", ASIDE),
    ("10000-01-01", ASIDE), ("-2025-01-01", ASIDE), ("2025-13-01", ASIDE), ("2025-00-10", ASIDE),
    ("03.04.2025", ASIDE), ("31.12.2025", "2025-12-31"), ("12/31/2025", "2025-12-31"), ("31/12/25", ASIDE),
    ("20250102", ASIDE), ("45292", ASIDE), ("2025-01-02T00:00:00", "2025-01-02"), ("2025-01-02T12:00:00", ASIDE),
    ("2025-01-02T00:00:00Z", ASIDE), ("2025-W01-1", ASIDE), ("2 Jan 2025", ASIDE), ("today", ASIDE),
    ("infinity", ASIDE), ("epoch", ASIDE), ("2025-1-2", "2025-01-02"), ("2025/01/02", "2025-01-02"),
    ("2025‐01‐02", ASIDE), ("1677-09-20", "1677-09-20"), ("2262-04-12", "2262-04-12"),
    ("2025-01-02\u200f", "2025-01-02"), ("=TODAY()", ASIDE), ("#VALUE!", ASIDE), ("2025-06-31", ASIDE),
)
MONTHS: tuple[tuple[str, str | None], ...] = (
    ("2025-13", ASIDE), ("2025-00", ASIDE), ("0001-01", "0001-01"), ("9999-12", "9999-12"), ("2025-1", ASIDE),
    ("Dec-25", ASIDE), ("25-Dec", ASIDE), ("12/2025", "2025-12"), ("2025-12-31", "2025-12"),
    ("2025-02-28", "2025-02"), ("202512", ASIDE), ("2025-12-31T23:59", ASIDE), ("٢٠٢٥-١٢", ASIDE), ("2025Q4", ASIDE),
    ("2025-12 ", "2025-12"), ("24309", ASIDE), ("2025–12", ASIDE),
)
TEXTS: tuple[tuple[str, str | None], ...] = (
    ('=HYPERLINK("http://x","y")', ASIDE), ("=cmd|' /C calc'!A0", ASIDE), ("=1+1", ASIDE), ("=-1", ASIDE),
    ("+1+1", "+1+1"), ("@SUM(1)", "@SUM(1)"), ("-2+3", "-2+3"), ("#REF!", ASIDE), ("#DIV/0!", ASIDE), ("#N/A", ASIDE),
    ("# 1", "# 1"), ("a\x1b[2Jb", ASIDE), ("bell\x07", ASIDE), ("'; DROP TABLE programmes; --",) * 2,
    ('" OR 1=1',) * 2, ("%s %d {0} {name}",) * 2, ("../../etc/passwd",) * 2, ("<script>alert(1)</script>",) * 2,
    ("line\nbreak",) * 2, ("tab\there",) * 2, ("🙈🙉🙊",) * 2, ("e\u0301", "é"), ("\u202egnp.exe", "gnp.exe"),
    ("a\u200bb", "a\u200bb"), ("\ufeffmark", "mark"), ("NULL",) * 2, ("nan",) * 2, ("None",) * 2,
    ("  spaced  ", "spaced"), ("\ud7ff\ue000\uffff"[:2],) * 2, ("x" * 40_000,) * 2, ("$(rm -rf /)",) * 2,
    ("`id`",) * 2, ("${jndi:ldap://x}",) * 2, ("=", "="), ("==", "=="), ("=?", "=?"), ("NaT",) * 2, ("inf",) * 2,
    ("\\N",) * 2, ("\\x00",) * 2,
)


#: Cells that a text file may write in an office's way, and a typed file or a database may not: their value there.
TYPED: dict[str, str | None] = {
    "\u202egnp.exe": "\u202egnp.exe", "\ufeffmark": "\ufeffmark",
    **dict.fromkeys(("€5", "5 EUR", "\u200b10\u200b", "1\u00a0000", "\u202e01", "31.12.2025", "12/31/2025", "2025-1-2",
                     "2025/01/02", "2025-01-02\u200f", "12/2025"), ASIDE),
}


def cell_family(table: str, column: str, cells: tuple[tuple[str, Any], ...], other: dict[str, str]) -> Iterator[Case]:
    """Put hostile cells into one table of every source: which are set aside, and what the others are worth."""
    family = f"{table}.{column} in disguise"
    usual = next((text, value) for text, value in cells if value is not None and text.isascii())
    every = [*cells, *[usual] * len(cells)]
    rows = [{TABLES[table].key[0]: f"{at:03d}", **other, column: text} for at, (text, _) in enumerate(every)]

    def expected(first: int, values: list[Any]) -> dict[str, Any]:
        return {"aside": {table: {at for at, value in enumerate(values, first) if value is None}},
                "tables": {table: {column: [value for value in values if value is not None]}}}

    yield Case(family=family, name="CSV", write=folder(**{table: rows}), **expected(2, [value for _, value in every]))
    typed = expected(1, [TYPED.get(text, value) for text, value in every])
    for name in ("Parquet", "SQLite", "DuckDB"):
        yield Case(family=family, name=name, write=lambda place, name=name: INTO[name](place, {table: rows}), **typed)


def hostile_cells() -> Iterator[Case]:
    order = {"date": "2025-01-02", "customer_id": "C", "product_id": "A", "units": "1", "paid_price": "0"}
    for column, cells, other in (
        ("weights.weight", NUMBERS, {}), ("orders.units", NUMBERS, order),
        ("weights.valid_from", DATES, {"weight": "1"}), ("orders.date", DATES, order),
        ("products.launch_month", MONTHS, {"name": "x"}),
        ("customers.first_month", MONTHS, {}), ("programmes.name", TEXTS, {}), ("customers.region", TEXTS, {}),
    ):
        yield from cell_family(*column.split("."), cells, other)
