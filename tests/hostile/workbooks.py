"""Sound tables, and how a folder or a file of any kind is written from them."""

from __future__ import annotations

import contextlib
import csv
import io
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

Rows = list[dict[str, str]]

CLEAN: dict[str, Rows] = {
    "programmes": [{"programme_id": f"G{at}", "name": name} for at, name in enumerate(("Growth", "Zürich", "Core"))],
    "projects": [
        {
            "project_id": f"P{at}", "name": f"Project {at}", "programme_id": f"G{at % 3}", "state": state,
            "start_month": f"2025-{at + 1:02d}", "bac_k": f"{100 + 12.5 * at:g}", "mandatory": "false",
        }
        for at, state in enumerate(("running", "held", "proposed", "done", "running", "proposed"))
    ],
    "objectives": [
        {"objective_id": name, "name": name.title(), "worst": "0", "best": best}
        for name, best in (("speed", "10"), ("risk", "5"), ("reach", "100"))
    ],
    "weights": [
        {"objective_id": name, "weight": weight, "valid_from": day}
        for name, weight, day in (
            ("speed", "2", "2024-01-01"), ("risk", "0.5", "2024-01-01"), ("reach", "1.25", "2025-01-01"),
            ("speed", "3", "2025-01-01"),
        )
    ],
    "scores": [
        {"project_id": f"P{at // 2}", "objective_id": ("speed", "risk")[at % 2], "raw_level": f"{at + 0.5:g}"}
        for at in range(12)
    ],
    "customers": [{"customer_id": f"C{at}", "segment": ("small", "large")[at % 2]} for at in range(5)],
    "products": [{"product_id": name, "name": f"Product {name}"} for name in "AB"],
    "orders": [
        {
            "order_id": str(at), "date": f"2025-0{at % 9 + 1}-1{at % 3}", "customer_id": f"C{at % 5}",
            "product_id": "AB"[at % 2], "units": str(at + 1), "paid_price": f"{9.5 + at:g}",
        }
        for at in range(20)
    ],
    "surveys": [
        {
            "response_id": str(at), "date": f"2025-03-{at + 1:02d}", "product_id": "A", "instrument": "NPS",
            "scale_max": "10", "score": str(at % 11),
        }
        for at in range(12)
    ],
}
#: What the weights of ``CLEAN`` read as, in the order of their key.
CLEAN_WEIGHTS: dict[str, Any] = {"tables": {"weights": {"weight": [2, 0.5, 1.25, 3]}}}


def csv_text(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def put(place: Path, files: dict[str, str | bytes]) -> Path:
    """Write a folder of files."""
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


def folder(files: dict[str, str | bytes] | None = None, **tables: str | bytes | Rows) -> Callable[[Path], Path]:
    """Write files by name and tables as CSV."""
    texts = {f"{name}.csv": csv_text(rows) if isinstance(rows, list) else rows for name, rows in tables.items()}
    return lambda place: put(place, {**texts, **(files or {})})


def into_csv(place: Path, tables: dict[str, Rows]) -> Path:
    return put(place, {f"{name}.csv": csv_text(rows) for name, rows in tables.items()})


def into_parquet(place: Path, tables: dict[str, Rows]) -> Path:
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist(rows), place / f"{name}.parquet")
    return place


def into_xlsx(place: Path, tables: dict[str, Rows]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        sheet.append(list(rows[0]))
        for row in rows:
            sheet.append(list(row.values()))
    book.save(place / "book.xlsx")
    return place / "book.xlsx"


def into_sqlite(place: Path, tables: dict[str, Rows]) -> Path:
    with contextlib.closing(sqlite3.connect(place / "book.sqlite")) as connection:
        for name, rows in tables.items():
            pd.DataFrame(rows).to_sql(name, connection, index=False)
    return place / "book.sqlite"


def into_duckdb(place: Path, tables: dict[str, Rows]) -> Path:
    with duckdb.connect(str(place / "book.duckdb")) as connection:
        for name, rows in tables.items():
            connection.register("incoming", pa.Table.from_pylist(rows))
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM incoming')
            connection.unregister("incoming")
    return place / "book.duckdb"


INTO = {"CSV": into_csv, "Parquet": into_parquet, "xlsx": into_xlsx, "SQLite": into_sqlite, "DuckDB": into_duckdb}
