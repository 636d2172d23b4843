"""Sound files with bytes damaged at random, and what other readers than ours still find in them."""

from __future__ import annotations

import contextlib
import csv
import io
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from pmlib.schema import TABLES

from .cases import Case, Means
from .workbooks import CLEAN, INTO


def csv_means(source: Path) -> Means:
    found = {}
    for path in sorted(source.glob("*.csv")):
        data = path.read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
        lines = list(csv.reader(io.StringIO(text, newline="")))
        header = [cell.strip().lower().replace(" ", "_").replace("-", "_") for cell in lines[0]] if lines else []
        found[path.stem] = [(row, dict(zip(header, cells, strict=False))) for row, cells in enumerate(lines[1:], 2)
                            if any(cell.strip() for cell in cells)]
    return found


def parquet_means(source: Path) -> Means:
    found = {}
    for path in sorted(source.glob("*.parquet")):
        # What Arrow cannot read for its own notes in the file, the engine may: then the rows are the clean ones.
        try:
            rows = pq.read_table(path).to_pylist()
        except Exception:
            rows = CLEAN[path.stem]
        found[path.stem] = list(enumerate(rows, 1))
    return found


def sqlite_means(source: Path) -> Means:
    found = {}
    with contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro&immutable=1", uri=True)) as connection:
        connection.text_factory = lambda text: text.decode("utf-8", errors="replace")
        for name in TABLES:
            with contextlib.suppress(sqlite3.Error):
                cursor = connection.execute(f'SELECT * FROM "{name}"')
                columns = [column for column, *_ in cursor.description]
                found[name] = [(row, dict(zip(columns, cells, strict=True))) for row, cells in enumerate(cursor, 1)]
    return found


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(1, len(data))]


def flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3, 12))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def splice(data: bytes, rng: random.Random) -> bytes:
    """Move a piece of the file elsewhere, or put one there twice."""
    start, end, to = (rng.randrange(len(data)) for _ in range(3))
    piece = data[min(start, end) : max(start, end)][:4096]
    return data[:to] + piece + data[to + rng.choice((0, len(piece))) :]


DAMAGE = {"cut off": cut, "with flipped bits": flip, "with a piece moved": splice}
CSV_TABLES = ("projects", "weights", "scores", "orders", "surveys", "objectives", "customers", "programmes", "products")


def damaged(kind: str, seed: int, how: str) -> Case:
    one = kind in ("CSV", "Parquet")
    names = (CSV_TABLES[seed % len(CSV_TABLES)],) if one else ("programmes", "weights", "customers")

    def write(place: Path) -> Path:
        source = INTO[kind](place, {name: CLEAN[name] for name in names})
        path = source if source.is_file() else sorted(source.iterdir())[0]
        path.write_bytes(DAMAGE[how](path.read_bytes(), random.Random(f"{kind} {seed} {how}")))
        return source

    # Nobody else reads a damaged Excel or DuckDB file: what is read of it must be the clean rows.
    clean = {name: list(enumerate(CLEAN[name], 1)) for name in names}
    means = {"CSV": csv_means, "Parquet": parquet_means, "SQLite": sqlite_means}.get(kind, lambda _: clean)
    return Case(family=f"{kind} {how}", name=f"{' and '.join(names)}, seed {seed}", write=write, means=means)


def damaged_files() -> Iterator[Case]:
    for kind, size in (("CSV", 9), ("Parquet", 5), ("xlsx", 5), ("SQLite", 4), ("DuckDB", 4)):
        for how in DAMAGE:
            for seed in range(size):
                yield damaged(kind, seed, how)
