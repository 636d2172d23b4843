"""Bad workbooks on purpose: what each file means is written beside it, and whatever else comes out is a failure."""

from __future__ import annotations

import codecs
import contextlib
import csv
import datetime as dt
import hashlib
import io
import os
import random
import signal
import socket
import sqlite3
import sys
import tempfile
import time
import unicodedata
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pmlib import sources
from pmlib.errors import PmlibError
from pmlib.schema import TABLES, Kind
from pmlib.schema.definition import Column
from pmlib.workbook import Workbook, open_workbook

SECONDS = 20
#: Seconds that a query may take here; in use it is minutes.
PATIENCE = 0.5
#: Longest report of a workbook, whatever stands in its cells.
LETTERS = 200_000

Rows = list[dict[str, str]]
Expected = dict[str, dict[str, list[Any]]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A workbook, and what it means.

    ``refused`` is a pattern of the message. Otherwise ``aside`` names the file's rows that are set aside, ``blocked``
    the tables that cannot be used, and ``tables`` the values of the others, column by column. With ``means`` (bytes
    damaged at random) refusing is right too, and what is read must be what an independent reader finds.
    """

    family: str
    name: str
    write: Callable[[Path], Path | str]
    refused: str = ""
    aside: dict[str, set[int]] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)
    tables: Expected = field(default_factory=dict)
    means: Callable[[Path], dict[str, list[tuple[int, dict[str, Any]]]]] | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How it went: refused, blocked, set aside or read, and what is wrong with that."""

    case: Case
    kind: str
    seconds: float
    complaints: tuple[str, ...]
    message: str = ""


class TooSlow(BaseException):
    """Time is over; no ``except Exception`` on the way takes it."""


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
        {"project_id": f"P{at // 2}", "objective_id": name, "raw_level": f"{at + 0.5:g}"} for at in range(12)
        for name in [("speed", "risk")[at % 2]]
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
SMALL_SET = ("programmes", "weights", "customers")


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


# What a damaged file still means, by readers other than ours.


def clean_means(names: tuple[str, ...]) -> Callable[[Path], dict[str, list[tuple[int, dict[str, Any]]]]]:
    return lambda _: {name: list(enumerate(CLEAN[name], 1)) for name in names}


def csv_means(source: Path) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    found = {}
    for path in sorted(source.glob("*.csv")):
        data = path.read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
        lines = list(csv.reader(io.StringIO(text, newline="")))
        header = [cell.strip().lower().replace(" ", "_").replace("-", "_") for cell in lines[0]] if lines else []
        found[path.stem] = [
            (row, dict(zip(header, cells, strict=False))) for row, cells in enumerate(lines[1:], 2)
            if any(cell.strip() for cell in cells)
        ]
    return found


def parquet_means(source: Path) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    found = {}
    for path in sorted(source.glob("*.parquet")):
        # What Arrow cannot read for its own notes in the file, the engine may: then the rows are the clean ones.
        try:
            rows = pq.read_table(path).to_pylist()
        except Exception:
            rows = CLEAN[path.stem]
        found[path.stem] = list(enumerate(rows, 1))
    return found


def sqlite_means(source: Path) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    found = {}
    with contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro&immutable=1", uri=True)) as connection:
        connection.text_factory = lambda text: text.decode("utf-8", errors="replace")
        for name in TABLES:
            with contextlib.suppress(sqlite3.Error):
                cursor = connection.execute(f'SELECT * FROM "{name}"')
                columns = [column for column, *_ in cursor.description]
                found[name] = [(row, dict(zip(columns, cells, strict=True))) for row, cells in enumerate(cursor, 1)]
    return found


def plain(value: Any, kind: Kind) -> Any:
    """Write a value of a table, or a cell as found by another reader, in one form."""
    if value is pd.NA or value is pd.NaT or value is None or value == "":
        return None
    if isinstance(value, float) and np.isnan(value):
        return None
    if kind in (Kind.NUMBER, Kind.INTEGER):
        return float(value)
    if kind is Kind.MONTH:
        return int(value[:4]) * 12 + int(value[5:7]) if isinstance(value, str) else int(value)
    if kind is Kind.DATE:
        return (
            value.strip()[:10] if isinstance(value, str) else f"{value:%Y-%m-%d}" if value.year > 999
            else f"{value.year:04d}-{value.month:02d}-{value.day:02d}"
        )
    if kind is Kind.FLAG:
        return value.strip().lower() in ("true", "yes", "y", "1", "1.0") if isinstance(value, str) else bool(value)
    return unicodedata.normalize("NFC", str(value)).strip() or None


def meant(value: Any, column: Column) -> Any:
    """Take an empty cell for the column's default."""
    found = plain(value, column.kind)
    return plain(column.default, column.kind) if found is None else found


def usable(book: Workbook, table: str) -> pd.DataFrame:
    """Every usable row of a table, later ones and old versions too, in the order of its key."""
    rows = book._every_date[table]
    if isinstance(rows, pd.DataFrame):
        return rows
    return (
        rows.to_pyarrow() .to_pandas(types_mapper=pd.ArrowDtype)
        .sort_values(list(TABLES[table].key), kind="stable", ignore_index=True)
    )


def told_wrong(book: Workbook, means: dict[str, list[tuple[int, dict[str, Any]]]]) -> Iterator[str]:
    """Rows in use that the file does not hold, and rows of the file that vanished."""
    for table in book._every_date:
        definition, frame = TABLES[table], usable(book, table)
        gone = {finding.row for finding in book.quarantine.findings if finding.table == table}
        rows = [row for number, row in means.get(table, []) if number not in gone]
        names = [name for name in definition.names if rows and name in rows[0]]
        want, got = (
            Counter(),
            Counter(
                tuple(plain(row[name], definition[name].kind) for name in names) for row in frame.to_dict("records")
            ),
        )
        for row in rows:
            try:
                want[tuple(meant(row.get(name), definition[name]) for name in names)] += 1
            except ValueError as error:
                yield f"{table}: took {row} ({error})"
        if want != got:
            more, less = sorted(map(str, got - want))[:2], sorted(map(str, want - got))[:2]
            yield f"{table}: reads {more} where the file says {less}"


def told_otherwise(case: Case, book: Workbook) -> Iterator[str]:
    """What is not as the case expects it."""
    blocked = set(book.blocked)
    if blocked != set(case.blocked):
        yield f"blocked {book.blocked}, expected {sorted(case.blocked)}"
    for table, pattern in case.blocked.items():
        if not matches(pattern, book.blocked.get(table, "")):
            yield f"{table} is blocked by '{book.blocked.get(table)}', expected '{pattern}'"
    aside: dict[str, set[int]] = {}
    for finding in book.quarantine.findings:
        if finding.table not in blocked:
            aside.setdefault(finding.table, set()).add(finding.row)
    if aside != case.aside:
        yield f"set aside {aside}, expected {case.aside}"
    for table, columns in case.tables.items():
        if table not in book._every_date:
            yield f"{table} is not there"
            continue
        frame = usable(book, table)
        for column, want in columns.items():
            kind = TABLES[table][column].kind
            got = [plain(value, kind) for value in frame[column]]
            if got != [plain(value, kind) for value in want]:
                yield f"{table}.{column}: {str(got)[:300]}, expected {str(want)[:300]}"
    if case.note and not matches(case.note, "\n".join(book.notes)):
        yield f"no note '{case.note}' in {str(book.notes)[:300]}"


def matches(pattern: str, text: str) -> bool:
    import re

    return re.search(pattern, text, re.IGNORECASE | re.DOTALL) is not None


def state_of(place: Path) -> dict[str, str]:
    """Every name below a folder, with its kind and what it holds."""
    found = {}
    for path in sorted(place.rglob("*")):
        held = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""
        found[str(path.relative_to(place))] = f"{path.lstat().st_mode} {held}"
    return found


@contextlib.contextmanager
def silent() -> Iterator[Callable[[], str]]:
    """Catch what anybody writes to stdout or stderr, libraries in C too."""
    with tempfile.TemporaryFile() as caught:
        sys.stdout.flush(), sys.stderr.flush()
        kept = os.dup(1), os.dup(2)
        words = io.StringIO()
        try:
            os.dup2(caught.fileno(), 1), os.dup2(caught.fileno(), 2)
            with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
                yield lambda: (caught.seek(0), caught.read().decode(errors="replace"))[1] + words.getvalue()
        finally:
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number), os.close(copy)


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlow

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def tried(case: Case, place: Path) -> Outcome:
    """Write a case below an empty folder, open it, and compare what comes out with what it means."""
    home, stand, inside = (place / name for name in ("home", "stand", "inside"))
    for made in (home, stand, inside):
        made.mkdir(parents=True)
    source = case.write(inside)
    before, here, at_home = state_of(place), Path.cwd(), os.environ.get("HOME")
    patience, sources.SECONDS = sources.SECONDS, PATIENCE
    os.chdir(stand)
    os.environ["HOME"] = str(home)
    started = time.perf_counter()
    kind, message, complaints = "failed", "", []
    try:
        with silent() as said, warnings.catch_warnings(record=True) as warned, at_most(SECONDS):
            warnings.simplefilter("always")
            try:
                kind, message, complaints = opened(case, source)
            except TooSlow:
                complaints = [f"more than {SECONDS} s"]
            except Exception as error:
                complaints = [f"{type(error).__name__}: {str(error)[:300]}"]
            printed = said()
        # What a library deprecates is told to its developers, and shown to nobody else.
        complaints += [
            f"warns: {one.message}"[:300] for one in warned
            if not issubclass(one.category, DeprecationWarning | PendingDeprecationWarning)
        ]
        complaints += [f"prints: {printed[:300]}"] if printed else []
    finally:
        seconds = time.perf_counter() - started
        sources.SECONDS = patience
        os.chdir(here)
        os.environ.pop("HOME") if at_home is None else os.environ.update(HOME=at_home)
    complaints += [f"took {seconds:.0f} s"] if seconds > SECONDS else []
    after = state_of(place)
    if after != before:
        complaints.append(f"files changed: {sorted(set(after.items()) ^ set(before.items()))[:4]}")
    return Outcome(case=case, kind=kind, seconds=seconds, complaints=tuple(complaints), message=message)


def opened(case: Case, source: Path | str) -> tuple[str, str, list[str]]:
    try:
        book = open_workbook(source)
        book.check()
        report = book.report(rows=3)
    except PmlibError as error:
        text = str(error)
        complaints = [] if case.means or case.refused else [f"refused: {text}"]
        if case.refused and not matches(case.refused, text):
            complaints.append(f"refused by '{text}', expected '{case.refused}'")
        if text[-1:] not in ".?" or len(text) > 2_000 or not text[:1].strip():
            complaints.append(f"message without an end, or without one: {text[-300:]!r}")
        return "refused", text, complaints
    complaints = [] if not case.refused else [f"is read, expected '{case.refused}': {report[:200]}"]
    if len(report) > LETTERS or any(len(str(finding)) > 3_000 for finding in book.quarantine.findings):
        complaints.append(f"report of {len(report):,} letters")
    if case.means:
        complaints += told_wrong(book, case.means(source))
    elif not case.refused:
        complaints += told_otherwise(case, book)
    aside = book.to_frame()["set_aside"].sum()
    return "blocked" if book.blocked else "set aside" if aside else "read", report, complaints


# The corpus, family by family.


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
    rng = random.Random(f"{kind} {seed} {how}")
    names = (CSV_TABLES[seed % len(CSV_TABLES)],) if kind in ("CSV", "Parquet") else SMALL_SET

    def write(place: Path) -> Path:
        source = INTO[kind](place, {name: CLEAN[name] for name in names})
        path = source if source.is_file() else sorted(source.iterdir())[0]
        path.write_bytes(DAMAGE[how](path.read_bytes(), rng))
        return source

    means = {"CSV": csv_means, "Parquet": parquet_means, "SQLite": sqlite_means}.get(kind, clean_means(names))
    return Case(family=f"{kind} {how}", name=f"{' and '.join(names)}, seed {seed}", write=write, means=means)


def damaged_files() -> Iterator[Case]:
    for kind, size in (("CSV", 9), ("Parquet", 5), ("xlsx", 5), ("SQLite", 4), ("DuckDB", 4)):
        for how in DAMAGE:
            for seed in range(size):
                yield damaged(kind, seed, how)


def programmes(name: str) -> str:
    return f"programme_id,name\nG1,{name}\nG2,plain\n"


def encodings() -> Iterator[Case]:
    family = "wrong encoding"
    text = programmes("Zürich – “west” €")
    for code in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        yield Case(
            family=family, name=code, write=folder(programmes=text.encode(code)),
            blocked={"programmes": "UTF-16|UTF-32|null byte"},
        )
    yield Case(
        family=family, name="cp1252", write=folder(programmes=text.encode("cp1252")),
        tables={"programmes": {"name": ["Zürich – “west” €", "plain"]}},
    )
    yield Case(
        family=family, name="UTF-8 with two marks", write=folder(programmes=codecs.BOM_UTF8 * 2 + text.encode()),
        tables={"programmes": {"programme_id": ["G1", "G2"], "name": ["Zürich – “west” €", "plain"]}},
    )
    for code, name in (("shift-jis", "東京プロジェクト、改善"), ("cp932", "計画、予算")):
        yield Case(
            family=family, name=code, write=folder(programmes=programmes(name).encode(code)),
            blocked={"programmes": "neither UTF-8 nor cp1252"},
        )
    for code, name in (("euc-jp", "東京ルート計画"), ("cp1251", "Рост"), ("gb18030", "北京项目计划合同")):
        data = programmes(name).encode(code)
        # Nothing tells them from cp1252: the names are spelled oddly, and every other cell is right.
        yield Case(
            family=family,
            name=code,
            write=folder(programmes=data),
            tables={
                "programmes": {"programme_id": ["G1", "G2"], "name": [name.encode(code).decode("cp1252"), "plain"]}
            },
        )
    mixed = "programme_id,name\nG1,Zürich\nG2,".encode() + "Köln".encode("cp1252") + "\nG3,Łódź\n".encode()
    yield Case(
        family=family, name="mixed in one file", write=folder(programmes=mixed), blocked={"programmes": "row 3.*UTF-8"}
    )
    yield Case(
        family=family, name="a character torn at the end",
        write=folder(programmes=programmes("Łódź").encode() + "G3,Łódź".encode()[:-1]),
        blocked={"programmes": "row 4.*UTF-8"},
    )
    yield Case(
        family=family, name="EBCDIC", write=folder(programmes=programmes("x").encode("cp500")),
        blocked={"programmes": "."},
    )
    yield Case(
        family=family, name="views.sql in UTF-16", refused="UTF-16",
        write=folder({"views.sql": "CREATE VIEW projects AS SELECT 1".encode("utf-16")}, programmes=text),
    )


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
TYPED: dict[str, str | None] = dict.fromkeys(
    (
        "€5", "5 EUR", "\u200b10\u200b", "1\u00a0000", "\u202e01", "31.12.2025", "12/31/2025", "2025-1-2",
        "2025/01/02", "2025-01-02\u200f", "12/2025",
    )
)
TYPED |= {"\u202egnp.exe": "\u202egnp.exe", "\ufeffmark": "\ufeffmark"}


def cell_family(
    family: str, cells: tuple[tuple[str, Any], ...], row: Callable[[str, str], dict[str, str]]
) -> Iterator[Case]:
    """Put hostile cells into one table of every source: which are set aside, and what the others are worth."""
    table, column, _ = family.replace(".", " ").split(" ", 2)
    usual = next((text, value) for text, value in cells if value is not None and text.isascii())
    every = [*cells, *[usual] * len(cells)]
    rows = [row(f"{at:03d}", text) for at, (text, _) in enumerate(every)]

    def expected(first: int, values: list[Any]) -> dict[str, Any]:
        return {
            "aside": {table: {at for at, value in enumerate(values, first) if value is None}},
            "tables": {table: {column: [value for value in values if value is not None]}},
        }

    yield Case(family=family, name="CSV", write=folder(**{table: rows}), **expected(2, [value for _, value in every]))
    typed = expected(1, [TYPED.get(text, value) for text, value in every])
    for name in ("Parquet", "SQLite", "DuckDB"):
        yield Case(family=family, name=name, write=lambda place, name=name: INTO[name](place, {table: rows}), **typed)


def hostile_cells() -> Iterator[Case]:
    yield from cell_family(
        "weights.weight in disguise", NUMBERS, lambda key, text: {"objective_id": key, "weight": text}
    )
    yield from cell_family(
        "orders.units in disguise",
        NUMBERS,
        lambda key, text: {
            "order_id": key, "date": "2025-01-02", "customer_id": "C", "product_id": "A", "units": text,
            "paid_price": "0",
        },
    )
    yield from cell_family(
        "weights.valid_from in disguise", DATES,
        lambda key, text: {"objective_id": key, "weight": "1", "valid_from": text},
    )
    yield from cell_family(
        "orders.date in disguise",
        DATES,
        lambda key, text: {
            "order_id": key, "date": text, "customer_id": "C", "product_id": "A", "units": "1", "paid_price": "1",
        },
    )
    yield from cell_family(
        "products.launch_month in disguise", MONTHS,
        lambda key, text: {"product_id": key, "name": "x", "launch_month": text},
    )
    yield from cell_family(
        "customers.first_month in disguise", MONTHS, lambda key, text: {"customer_id": key, "first_month": text}
    )
    yield from cell_family("programmes.name in disguise", TEXTS, lambda key, text: {"programme_id": key, "name": text})
    yield from cell_family(
        "customers.region in disguise", TEXTS, lambda key, text: {"customer_id": key, "region": text}
    )


def files_of_odd_kinds() -> Iterator[Case]:
    family = "odd files"
    weights, values = {"weights": CLEAN["weights"]}, {"weights": {"weight": [2.0, 0.5, 1.25, 3.0]}}

    def beside(name: str, make: Callable[[Path], Any], **expected: Any) -> Case:
        def write(place: Path) -> Path:
            into_csv(place, weights)
            make(place)
            return place

        return Case(family=family, name=name, write=write, **{"tables": values, **expected})

    def listen(place: Path) -> None:
        here = os.getcwd()
        os.chdir(place)
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("orders.csv")
        os.chdir(here)

    unread = "orders.csv is no file and stays unread"
    yield beside(
        "a folder named projects.csv", lambda at: (at / "projects.csv").mkdir(), note="projects.csv is no file"
    )
    yield beside("a pipe", lambda at: os.mkfifo(at / "orders.csv"), note=unread)
    yield beside("a socket", listen, note=unread)
    yield beside("a link to nowhere", lambda at: (at / "orders.csv").symlink_to(at / "gone"), note=unread)
    yield beside("a link to itself", lambda at: (at / "orders.csv").symlink_to(at / "orders.csv"), note=unread)
    yield beside("a link to /dev/zero", lambda at: (at / "orders.csv").symlink_to("/dev/zero"), note=unread)
    yield beside(
        "an endless Parquet device", lambda at: (at / "orders.parquet").symlink_to("/dev/urandom"),
        note="orders.parquet is no file",
    )
    yield beside("an empty file", lambda at: (at / "orders.csv").touch(), blocked={"orders": "no header row"})
    yield beside(
        "an empty Parquet file", lambda at: (at / "orders.parquet").touch(), blocked={"orders": "orders.parquet"}
    )
    yield beside("an empty xlsx file", lambda at: (at / "orders.xlsx").touch(), blocked={"orders": "no Excel file"})
    yield beside("two files of one table", lambda at: (at / "WEIGHTS.parquet").touch(), refused="both stand for")
    yield beside("a pipe named views.sql", lambda at: os.mkfifo(at / "views.sql"), refused="views.sql.*no file")
    yield beside("a folder named views.sql", lambda at: (at / "views.sql").mkdir(), refused="views.sql.*no file")
    for name, content in (
        ("a PDF", b"%PDF-1.7"), ("gzip", b"\x1f\x8b\x08"), ("a zip file", b"PK\x03\x04abc"),
        ("an old Excel file", bytes.fromhex("d0cf11e0a1b11ae1")), ("Parquet", b"PAR1"),
        ("an ELF program", b"\x7fELF\x02\x01\x01\0\0"), ("zeros", b"\0" * 100_000),
    ):
        yield beside(
            f"{name} named orders.csv", lambda at, content=content: (at / "orders.csv").write_bytes(content),
            blocked={"orders": "orders.csv"},
        )
    for name, text in (
        ("a pipe", "pipe"), ("a device", "/dev/zero"), ("too long a name", "x" * 5000), ("a null byte", "a\0b"),
        ("a lone surrogate", "\udcff"), ("nothing there", "no/such/../place"),
    ):

        def write(place: Path, text: str = text) -> str:
            if text == "pipe":
                os.mkfifo(place / "pipe")
            return text if text.startswith("/") else str(place / text)

        yield Case(
            family=family, name=f"{name} as the workbook", write=write,
            refused="no file|not there|cannot be read|neither",
        )
    for name in ('it\'s 50% "off".d', "a [1]* ?{x}", "line\nbreak", "🙈 é", "$(id);--", "-rf", "%s{0}", "a=b&c#d"):
        yield Case(
            family="odd names",
            name=repr(name),
            tables={
                "weights": {"weight": [2, 0.5, 1.25, 3]}, "customers": {"customer_id": [f"C{at}" for at in range(5)]},
            },
            write=lambda place, name=name: named(place / name),
        )
    for name in ('weights"; DROP TABLE x; --.csv', "wei\nghts.csv", "\x1b[2J.csv", "weights .csv", "we%69ghts.parquet"):
        yield beside(
            f"a file {name!r}", lambda at, name=name: (at / name).write_text("a\n1\n"), note="not a known table"
        )


def named(place: Path) -> Path:
    place.mkdir()
    into_parquet(place, {"customers": CLEAN["customers"]})
    (place / "w.csv").write_text(csv_text(CLEAN["weights"]))
    (place / "views.sql").write_text("CREATE VIEW weights AS SELECT * FROM 'w.csv'")
    return place


def headers() -> Iterator[Case]:
    def case(name: str, header: str, row: str = "a,1", **expected: Any) -> Case:
        return Case(family="odd headers", name=name, write=folder(weights=f"{header}\n{row}\n"), **expected)

    right = {"tables": {"weights": {"objective_id": ["a"], "weight": [1.0]}}}
    for name, header in (
        ("by case and blanks", " Objective ID ,WEIGHT"), ("with hyphens", "objective-id,Weight"),
        ("quoted", '"objective_id","weight"'), ("with a mark inside quotes", '"\ufeffobjective_id",weight'),
        ("behind sep=,", "sep=,\nobjective_id,weight"), ("behind blank lines", "\n\n,,\nobjective_id,weight"),
        ("with a non-breaking blank", "objective\u00a0id,weight\u00a0"),
        ("with CR only", "objective_id,weight\ra,1\r"[:-5]),
    ):
        yield case(name, header, **right)
    for name, header, row, why in (
        ("twice the same", "objective_id,weight,weight", "a,1,2", "stands twice"),
        ("twice but for case", "objective_id,weight,Weight", "a,1,2", "stands twice"),
        ("twice once normalised", "objective id,objective-id,weight", "a,b,1", "stands twice"),
        ("full-width letters", "ｏbjective_id,weight", "a,1", "required column is missing"),
        ("Cyrillic letters", "оbjective_id,weight", "a,1", "required column is missing"),
        ("zero width inside", "objective\u200b_id,weight", "a,1", "required column is missing"),
        ("nameless with values", "objective_id,,weight", "a,x,1", "header cell 2 is empty"),
        ("nothing but commas", ",,", ",,", "no header row"), ("no header", "a,1", "b,2", "required column"),
        ("a null byte", "objective_id\0,weight", "a,1", "null byte"),
        ("a formula", "=A1,weight", "a,1", "required column"),
        ("a million columns", "objective_id,weight" + ",x" * 1_000_000, "a,1", "1,000,002 columns"),
        ("an open quote", '"objective_id,weight', "a,1", "quote|required|header"),
        ("injection", 'objective_id"; DROP TABLE weights; --,weight', "a,1", "required column is missing"),
        ("a header of 2 MB", "objective_id," + "w" * 2_000_000, "a,1", "header|required|longer|read"),
    ):
        yield case(name, header, row, blocked={"weights": why})
    yield case(
        "9,000 unknown columns", "objective_id,weight," + ",".join(f"weigh{at}" for at in range(9_000)),
        "a,1" + ",2" * 9_000, note="8,950 more columns", **right,
    )
    yield case("the name kept for rows", "objective_id,weight,row of the file", "a,1,x", **right)
    yield case("header only", "objective_id,weight", "", note="no rows and counts as absent")
    reserved = [{**row, "row of the file": "x"} for row in CLEAN["orders"]]
    units = {
        "orders": {"units": [float(row["units"]) for row in sorted(CLEAN["orders"], key=lambda one: one["order_id"])]}
    }
    small = [
        {**row, "row of the file": "x", "weight": text}
        for row, text in zip(CLEAN["weights"], ("1", "2", "x", "4"), strict=True)
    ]
    for kind, first in (("CSV", 2), ("Parquet", 1), ("SQLite", 1), ("DuckDB", 1)):
        expected = (
            {"blocked": dict.fromkeys(("orders", "weights"), "a name that is kept")} if kind == "SQLite"
            else {"tables": {**units, "weights": {"weight": [1, 2, 4]}}, "aside": {"weights": {first + 2}}}
        )
        yield Case(
            family="odd headers", name=f"the name kept for rows, {kind}", **expected,
            write=lambda place, kind=kind: INTO[kind](place, {"orders": reserved, "weights": small}),
        )
    yield Case(
        family="odd headers",
        name="Parquet, twice the same",
        blocked={"weights": "weights.parquet.*weight"},
        write=lambda place: (
            pq.write_table(
                pa.table([["a"], [1], [2]], names=["objective_id", "weight", "weight"]), place / "weights.parquet"
            ),
            place,
        )[1],
    )


def look_alikes() -> Iterator[Case]:
    for name, text in (
        ("Cyrillic", "Р1"), ("Greek", "Ρ1"), ("full width", "Ｐ１"), ("zero width inside", "P\u200b1"),
        ("right to left", "P\u200f1"), ("a soft hyphen", "P\u00ad1"), ("small letters", "p1"),
        ("a leading zero", "P01"), ("a blank inside", "P 1"),
    ):
        yield Case(
            family="look-alike ids",
            name=name,
            aside={"scores": {3}},
            tables={"scores": {"raw_level": [1, 3]}},
            write=folder(
                projects=CLEAN["projects"], objectives=CLEAN["objectives"],
                scores=f"project_id,objective_id,raw_level\nP1,speed,1\n{text},speed,2\nP2,speed,3\n",
            ),
        )
    for name, text in (("a mark before", "\ufeffP1"), ("blanks around", " P1\u00a0"), ("a tab behind", "P1\t")):
        yield Case(
            family="look-alike ids",
            name=name,
            tables={"scores": {"project_id": ["P1", "P2"]}},
            write=folder(
                projects=CLEAN["projects"], scores=f'project_id,objective_id,raw_level\n"{text}",a,1\nP2,a,3\n'
            ),
        )
    yield Case(
        family="look-alike ids", name="composed and decomposed are one key", aside={"programmes": {2, 3}},
        tables={"programmes": {"programme_id": ["a", "b", "c"]}},
        write=folder(programmes="programme_id,name\né,1\ne\u0301,2\na,3\nb,4\nc,5\n"),
    )
    yield Case(
        family="look-alike ids",
        name="composed, decomposed in Parquet",
        tables={"programmes": {"name": ["1", "2"]}},
        write=lambda place: INTO["Parquet"](
            place, {"programmes": [{"programme_id": "é", "name": "1"}, {"programme_id": "e\u0301", "name": "2"}]}
        ),
    )


RAW = "k,v\na,1\nb,2\n"
VIEW = "CREATE VIEW weights AS "
PAIR = "SELECT k AS objective_id, v AS weight FROM "


def view_files() -> Iterator[Case]:
    def case(name: str, sql: str, files: dict[str, str | bytes] | None = None, **expected: Any) -> Case:
        return Case(
            family="views.sql", name=name, write=folder({"views.sql": sql, "r.csv": RAW, **(files or {})}), **expected
        )

    right = {"tables": {"weights": {"objective_id": ["a", "b"], "weight": [1, 2]}}}
    yield case("a plain one", VIEW + PAIR + "'r.csv'", **right)
    for statement in (
        "ATTACH '/tmp/x.db'", "COPY (SELECT 1) TO 'out.csv'", "PRAGMA database_list", "SET threads=1",
        "INSTALL httpfs", "LOAD httpfs", "EXPORT DATABASE 'x'", "IMPORT DATABASE 'x'", "DROP VIEW weights",
        "CREATE TABLE t AS SELECT 1", "CREATE MACRO m() AS 1", "CALL pragma_version()", "VACUUM", "USE x",
        "CREATE SECRET s (TYPE s3)", "DETACH x", "CHECKPOINT", "EXPLAIN SELECT 1", "SELECT 1", "\\x", "{",
        "INSERT INTO weights VALUES (1)", "CREATE OR REPLACE TRIGGER t", "BEGIN", "CREATE VIEW", ";;\0;;",
    ):
        yield case(
            statement.split(" ")[0] + " behind it, " + statement[:20], VIEW + PAIR + "'r.csv';\n" + statement,
            refused="views.sql line 2|null",
        )
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
    yield case(
        "a name that leaves its quotes",
        'CREATE VIEW "a"" AS SELECT 1; COPY (SELECT 1) TO \'out.csv\'; CREATE VIEW ""b" '
        "AS SELECT 1;" + VIEW + PAIR + "'r.csv'", **right,
    )
    yield case(
        "two that need each other", "CREATE VIEW projects AS SELECT * FROM weights;" + VIEW + "SELECT * FROM projects",
        refused="line 1.*fails",
    )
    for name, sql in (
        ("deep brackets", "(" * 3000 + "1" + ")" * 3000), ("a long sum", "1" + "+1" * 5000),
        ("deep queries", "(SELECT " * 500 + "1" + ")" * 500),
        ("a deep CASE", "CASE WHEN true THEN " * 500 + "1" + " END" * 500),
    ):
        yield case(name, VIEW + f"SELECT 'a' AS objective_id, {sql} AS weight", refused="views.sql line 1")
    yield case(
        "an error only in its rows", VIEW + "SELECT k AS objective_id, error('no') AS weight FROM 'r.csv'",
        blocked={"weights": "cannot be read"},
    )
    yield case(
        "a cast that fails", VIEW + "SELECT k AS objective_id, k::INT AS weight FROM 'r.csv'",
        blocked={"weights": "Conversion"},
    )
    yield case(
        "a division by zero", VIEW + "SELECT k AS objective_id, v / 0 AS weight FROM 'r.csv'", aside={},
        blocked={"weights": "not allowed|empty|not a number"},
    )
    yield case(
        "nested values", VIEW + "SELECT k AS objective_id, [v] AS weight FROM 'r.csv'",
        blocked={"weights": "not a number"},
    )
    yield case(
        "the name kept for rows",
        VIEW + "SELECT k AS objective_id, v AS weight, 'x' AS \"row of the file\" FROM 'r.csv'", **right,
    )
    for name, query in (
        ("a series of a billion", "SELECT range AS objective_id, 1 AS weight FROM range(1000000000)"),
        ("a cross join", "SELECT a.range AS objective_id, b.range AS weight FROM range(100000) a, range(100000) b"),
    ):
        yield case(name, VIEW + query, blocked={"weights": "more than .* rows|not read within"})
    for name, query in (
        (
            "recursion without end", "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) "
            "SELECT 'a' AS objective_id, count(*) AS weight FROM t",
        ),
        (
            "a join that finds nothing", "SELECT 'a' AS objective_id, count(*) AS weight FROM range(30000000) a, "
            "range(30000000) b WHERE hash(a.range * b.range) = 1",
        ),
    ):
        yield case(name, VIEW + query, blocked={"weights": "not read within"})
    yield case(
        "a large table without end",
        "CREATE VIEW orders AS SELECT range AS order_id, DATE '2025-01-01' AS date, 'c' AS "
        "customer_id, 'p' AS product_id, 1 AS units, 1 AS paid_price FROM range(1000000000000)",
        blocked={"orders": "not read within"},
    )


def sqlite_files() -> Iterator[Case]:
    weights = "CREATE TABLE weights (objective_id, weight);"

    def case(name: str, script: str, **expected: Any) -> Case:
        def write(place: Path) -> Path:
            with contextlib.closing(sqlite3.connect(place / "b.db")) as connection:
                connection.executescript(script)
                connection.commit()
            return place / "b.db"

        return Case(family="SQLite by hand", name=name, write=write, **expected)

    right = {"tables": {"weights": {"objective_id": ["a", "b"], "weight": [1, 2]}}}
    rows = "INSERT INTO weights VALUES ('a', 1), ('b', 2);"
    yield case("a plain one", weights + rows, **right)
    yield case(
        "a view that recurses for ever",
        weights + rows + "CREATE VIEW orders AS WITH RECURSIVE t(n) AS (SELECT 1 UNION "
        "ALL SELECT n + 1 FROM t) SELECT n AS order_id FROM t;", note="view 'orders' stays unread", **right,
    )
    yield case("only a view", "CREATE VIEW weights AS SELECT 1 AS objective_id, 1 AS weight;", refused="no known table")
    yield case(
        "triggers",
        weights + "CREATE TRIGGER t AFTER INSERT ON weights BEGIN DELETE FROM weights WHERE weight = 9; END;" + rows,
        **right,
    )
    yield case(
        "wrong types", weights + "INSERT INTO weights VALUES ('a', 1), (x'50ff', '2'), (3, 'x'), (4.0, 9e999), (5, 1), "
        "(6, x'31'), (7, 7);", aside={"weights": {3, 4}},
        tables={"weights": {"objective_id": ["a", "50ff", "5", "6", "7"], "weight": [1, 2, 1, 31, 7]}},
    )
    yield case(
        "huge integers", weights + "INSERT INTO weights VALUES (9223372036854775807, 9223372036854775807), ('b', 2);",
        tables={"weights": {"objective_id": ["9223372036854775807", "b"], "weight": [9223372036854775807, 2]}},
    )
    yield case(
        "a text that is no UTF-8", weights + "INSERT INTO weights VALUES (CAST(x'41ff' AS TEXT), 1), ('b', 2);",
        tables={"weights": {"objective_id": ["A\ufffd", "b"], "weight": [1, 2]}},
    )
    yield case(
        "a null byte", weights + "INSERT INTO weights VALUES ('a' || char(0) || 'b', 1), ('c', 2), ('d', 3);",
        aside={"weights": {1}}, tables={"weights": {"weight": [2, 3]}},
    )
    yield case(
        "a column that makes texts out of nothing", "CREATE TABLE weights (objective_id, weight, "
        "x AS (replace(hex(zeroblob(4000000)), '0', 'xxxxxxxx')));INSERT INTO weights VALUES ('a', 1);",
        blocked={"weights": "too big"},
    )
    yield case(
        "a cell of 11 MB", weights + "INSERT INTO weights VALUES ('a', zeroblob(11000000)), ('b', 1);",
        blocked={"weights": "too big"},
    )
    yield case(
        "injection in names", weights + rows + 'CREATE TABLE "orders""; DROP TABLE weights; --" (a);'
        'CREATE TABLE skills (skill, "x""; DROP", "\u200b");INSERT INTO skills VALUES (\'s\', 1, 2);',
        note="not known and stays unread", **right,
    )
    yield case("twice but for case", weights + rows + 'CREATE TABLE "ＷEIGHTS" (a);', note="not known", **right)
    yield case("a virtual table", "CREATE VIRTUAL TABLE weights USING fts5(objective_id, weight);" + rows, **right)
    yield case(
        "no columns known", "CREATE TABLE weights (a, b);INSERT INTO weights VALUES (1, 2);",
        blocked={"weights": "required column"},
    )
    yield case("no rows", weights, note="no rows")
    yield case("a write-ahead log", "PRAGMA journal_mode = WAL;" + weights + rows, **right)
    yield case("UTF-16 inside", "PRAGMA encoding = 'UTF-16le';" + weights + rows, **right)
    yield case(
        "numbers of another program", weights + rows + "PRAGMA user_version = 99; PRAGMA application_id = 7;", **right
    )




def duckdb_files() -> Iterator[Case]:
    def case(name: str, script: str, **expected: Any) -> Case:
        def write(place: Path) -> Path:
            with duckdb.connect(str(place / "b.duckdb")) as connection:
                connection.execute(script.replace("HERE", str(place)))
            return place / "b.duckdb"

        return Case(family="DuckDB by hand", name=name, write=write, **expected)

    weights = "CREATE TABLE weights (objective_id TEXT, weight DOUBLE); INSERT INTO weights VALUES ('a', 1), ('b', 2);"
    right = {"tables": {"weights": {"objective_id": ["a", "b"], "weight": [1, 2]}}}
    yield case(
        "a view of another file", weights + "COPY (SELECT 'x' AS skill) TO 'HERE/s.parquet'; "
        "CREATE VIEW skills AS SELECT * FROM 'HERE/s.parquet'", blocked={"skills": "."}, **right,
    )
    yield case(
        "a macro that reads a file", weights + "CREATE MACRO m() AS TABLE SELECT content AS skill FROM "
        "read_text('/etc/hostname'); CREATE VIEW skills AS SELECT * FROM m()", blocked={"skills": "."}, **right,
    )
    yield case(
        "a view without end", weights + "CREATE VIEW skills AS SELECT range AS skill FROM range(1000000000000)",
        blocked={"skills": "more than|not read within"}, **right,
    )
    yield case(
        "other schemas", weights + "CREATE SCHEMA s; CREATE TABLE s.skills (skill TEXT); CREATE SEQUENCE q; "
        "CREATE TYPE mood AS ENUM ('x')", **right,
    )
    yield case(
        "injection in names", weights + 'CREATE TABLE "orders""; DROP TABLE weights; --" (a INT); '
        'CREATE TABLE skills (skill TEXT, "a""; DROP" INT); INSERT INTO skills VALUES (\'s\', 1)', note="not known",
        **right,
    )
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
        yield case(
            name, typed.format(*types, first, second),
            **({"tables": {"weights": {"weight": values}}} if values else {"blocked": {"weights": "."}}),
        )
    yield case(
        "HUGEINT beyond 28 digits",
        typed.format("TEXT", "HUGEINT", "'a', 1", "'b', 170141183460469231731687303715884105727"),
        tables={"weights": {"weight": [1, 2.0**127]}},
    )
    yield case(
        "an infinite date", weights + "CREATE TABLE orders (order_id TEXT, date DATE, customer_id TEXT, "
        "product_id TEXT, units INT, paid_price INT); INSERT INTO orders VALUES ('1', '2025-01-01', 'c', 'p', 1, 1), "
        "('2', 'infinity', 'c', 'p', 1, 1), ('3', '2025-01-01', 'c', 'p', 1, 1)", aside={"orders": {2}}, **right,
    )


def typed_files() -> Iterator[Case]:
    def case(name: str, ids: Any, numbers: Any, **expected: Any) -> Case:
        return Case(
            family="Parquet by hand",
            name=name,
            write=lambda place: (
                pq.write_table(pa.table({"objective_id": ids, "weight": numbers}), place / "weights.parquet"), place,
            )[1],
            **expected,
        )

    two = pa.array(["a", "b"])
    bad = {"blocked": {"weights": "."}}
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
        yield case(name, two, numbers, **({"tables": {"weights": {"weight": values}}} if values else bad))
    yield case(
        "decimals of 38 digits", two, pa.array([Decimal(10) ** 37, Decimal(2)], pa.decimal128(38, 0)),
        tables={"weights": {"weight": [1e37, 2]}},
    )
    yield case(
        "ids as floats", pa.array([1.0, 2.5]), pa.array([1, 2]), tables={"weights": {"objective_id": ["1", "2.5"]}}
    )
    yield case("bytes as ids", pa.array([b"a", b"\xff"]), pa.array([1, 2]), tables={"weights": {"weight": [1, 2]}})
    yield case(
        "a cell of 10 MB as id", pa.array(["x" * 10_000_000, "b"]), pa.array([1, 2]),
        tables={"weights": {"weight": [1, 2]}},
    )
    yield case(
        "a cell of 10 MB as number", pa.array(["a", "b", "c"]), pa.array(["9" * 10_000_000, "1", "2"]),
        aside={"weights": {1}}, tables={"weights": {"weight": [1, 2]}},
    )


def xlsx_bytes(rows: list[list[Any]], name: str = "weights") -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.title = name
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def changed_part(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return out.getvalue()


def spreadsheets() -> Iterator[Case]:
    head, sheet = ["objective_id", "weight"], "xl/worksheets/sheet1.xml"
    plain = xlsx_bytes([head, ["a", 1], ["b", 2]])

    def case(name: str, data: bytes, **expected: Any) -> Case:
        return Case(
            family="xlsx by hand", name=name, write=lambda place: put(place, {"b.xlsx": data}) / "b.xlsx", **expected
        )

    def cells(name: str, *values: Any, **expected: Any) -> Case:
        return case(
            name, xlsx_bytes([head, ["a", 1], *(["x", value] for value in values), ["b", 2], ["c", 3]]), **expected
        )

    kept = {"tables": {"weights": {"weight": [1, 2, 3]}}}
    for value in (
        "=1+1", '=HYPERLINK("x")', "=cmd|' /C calc'!A0", "#REF!", "#DIV/0!", "'1", "1,5,2", True, "1e400",
        dt.datetime(2025, 1, 2), dt.time(12), dt.timedelta(days=2), "x" * 32_767, "－1",
    ):
        yield cells(f"{str(value)[:20]!r} as a number", value, aside={"weights": {3}}, **kept)
    yield case(
        "a lying dimension",
        changed_part(plain, sheet, lambda xml: xml.replace(b'ref="A1:B3"', b'ref="A1:XFD1048576"')),
        tables={"weights": {"weight": [1, 2]}},
    )
    yield case(
        "a far corner",
        changed_part(
            plain,
            sheet,
            lambda xml: xml.replace(
                b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>7</v></c></row></sheetData>'
            ),
        ),
        tables={"weights": {"weight": [1, 2]}},
    )
    bomb = b'<!DOCTYPE x [<!ENTITY a "' + b"A" * 10_000 + b'">]>'
    for part in (sheet, "xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"):
        data = changed_part(
            plain,
            part,
            lambda xml: (
                bomb
                + xml[xml.index(b"?>") + 2 if xml.startswith(b"<?") else 0 :].replace(b"</", b"&a;" * 2_000 + b"</", 1)
            ),
        )
        yield case(
            f"a quadratic entity in {part}", data,
            **({"blocked": {"weights": "."}} if part in (sheet, "xl/styles.xml") else {"refused": "."}),
        )
    for name, change in (
        ("many parts", lambda new: [new.writestr(f"xl/x{at}.xml", b"<x/>") for at in range(2_001)]),
        ("a part of 400 MB", lambda new: new.writestr("xl/x.bin", bytes(400_000_000))),
        ("a part out of its place", lambda new: new.writestr("../../x.xml", b"<x/>")),
        ("itself inside", lambda new: new.writestr("xl/inner.xlsx", plain)),
    ):
        out = io.BytesIO(plain)
        refused = name in ("many parts", "a part of 400 MB")

        def write(place: Path, change: Callable[[Any], Any] = change, out: io.BytesIO = out) -> Path:
            with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
                change(new)
            return put(place, {"b.xlsx": out.getvalue()}) / "b.xlsx"

        yield Case(
            family="xlsx by hand", name=name, write=write,
            **({"refused": "too large|too many"} if refused else {"tables": {"weights": {"weight": [1, 2]}}}),
        )
    for name, data in (
        ("a password", bytes.fromhex("d0cf11e0a1b11ae1") + b"EncryptedPackage" * 99), ("HTML", b"<html><table>"),
        ("nothing", b""), ("text", b"objective_id,weight\n"),
    ):
        yield case(f"{name} named .xlsx", data, refused="password|no Excel file")
    yield Case(
        family="xlsx by hand", name="an old .xls", refused="old .xls",
        write=lambda place: put(place, {"b.xls": bytes.fromhex("d0cf11e0a1b11ae1") * 99}) / "b.xls",
    )
    for name in ('weights"; DROP', "we'ights", "wéights", "Weights2"):
        yield case(f"a sheet named {name!r}", xlsx_bytes([head, ["a", 1]], name), refused="no known table")
    yield case(
        "a sheet named ' Weights '", xlsx_bytes([head, ["a", 1]], " Weights "), tables={"weights": {"weight": [1]}}
    )
    yield case(
        "a title of 20,000 letters", xlsx_bytes([["x" * 20_000], [], head, ["a", 1]]),
        tables={"weights": {"weight": [1]}},
    )
    yield case("no cells", xlsx_bytes([]), blocked={"weights": "no header row"})


def whole_tables() -> Iterator[Case]:
    def case(name: str, expected: dict[str, Any], **tables: str | Rows) -> Case:
        return Case(family="tables that make no sense", name=name, write=folder(**tables), **expected)

    yield case("two rows about the workbook", {"blocked": {"workbook": "more than one row"}}, workbook="name\na\nb\n")
    yield case(
        "a day in the year 1", {"tables": {"weights": {"weight": [2, 0.5, 1.25, 3]}}},
        workbook="name,as_of\na,0001-01-01\n", weights=CLEAN["weights"],
    )
    yield case(
        "a day in the year 9999", {"tables": {"weights": {"weight": [2, 0.5, 1.25, 3]}}},
        workbook="name,as_of\na,9999-12-31\n", weights=CLEAN["weights"],
    )
    yield case(
        "a currency of nowhere", {"tables": {"workbook": {"currency": ["'; DROP"]}}},
        workbook="name,currency\na,'; DROP\n",
    )
    yield case(
        "parents in a ring", {"tables": {"objectives": {"parent": ["b", "c", "a", "d"]}}},
        objectives="objective_id,name,parent\na,a,b\nb,b,c\nc,c,a\nd,d,d\n",
    )
    yield case(
        "the same key in different rows", {"aside": {"weights": {2, 3}}, "tables": {"weights": {"weight": [3, 4, 5]}}},
        weights="objective_id,weight\na,1\na,2\nb,3\nc,4\nd,5\n",
    )
    yield case(
        "50,000 bad cells", {"blocked": {"weights": "50,000 of 50,000 rows"}},
        weights="objective_id,weight,valid_from\n" + "".join(f"o{at},x{at},y{at}\n" for at in range(50_000)),
    )
    yield case(
        "50,000 bad cells of a large table", {"blocked": {"orders": "50,000 of 50,000 rows"}},
        orders="order_id,date,customer_id,product_id,units,paid_price\n" + "d,x,c,p,u,v\n" * 50_000,
    )
    yield case(
        "50,000 ragged rows", {"blocked": {"weights": "50,000 of 50,001 rows"}},
        weights="objective_id,weight\na,1\n" + "b,2,3\n" * 50_000,
    )
    yield case(
        "20 cells of 900 KB", {"aside": {"weights": set(range(2, 22))}, "tables": {"weights": {"weight": [1] * 30}}},
        weights="objective_id,weight\n" + "".join(f"o{at},{'x' * 900_000}\n" for at in range(20))
        + "".join(f"p{at},1\n" for at in range(30)),
    )
    yield case(
        "a cell of 10 MB", {"blocked": {"weights": "10.0 MB"}}, weights=f"objective_id,weight\na,{'1' * 10_000_000}\n"
    )
    yield case(
        "keys of 900 KB unknown to their table", {"blocked": {"scores": "not in projects"}}, projects=CLEAN["projects"],
        scores="project_id,objective_id,raw_level\n" + "".join(f"{'P' * 900_000}{at},o,1\n" for at in range(5)),
    )
    yield case(
        "sums beyond all numbers",
        {"tables": {"projects": {"bac_k": [1e308, 1e308, 1e308]}}, "aside": {"projects": {5}}},
        projects="project_id,name,state,bac_k\na,a,held,1e308\nb,b,held,1e308\nc,c,held,1e308\nd,d,x,1e308\n",
    )
    yield case(
        "products beyond all numbers", {"aside": {"orders": {3}}, "tables": {"orders": {"units": [1e200, 1e200]}}},
        orders="order_id,date,customer_id,product_id,units,paid_price\n1,2025-01-01,c,p,1e200,1e200\n"
        "2,2025-01-01,c,p,x,1e200\n3,2025-01-01,c,p,1e200,1e200\n",
    )
    for name, ends in (("CR", "\r"), ("CRLF", "\r\n"), ("mixed", None)):
        text = csv_text(CLEAN["weights"])
        each = (ends,) * 5 if ends else ("\r", "\r\n", "\n", "\r", "\r\n")
        text = "".join(line + end for line, end in zip(text.splitlines(), each, strict=True))
        yield case(f"line ends {name}", {"tables": {"weights": {"weight": [2, 0.5, 1.25, 3]}}}, weights=text)
    for cells, want in (("1.234;5,5", [1234, 5.5]), ("1.234;2.345", [None, None])):
        first, second = cells.split(";")
        rows = f"objective_id;weight\na;{first}\nb;{second}\nc;7\nd;8\ne;9\n"
        bad = {at for at, value in enumerate(want, 2) if value is None}
        yield case(
            f"{cells} in one column",
            {
                "aside": {"weights": bad} if bad else {},
                "tables": {"weights": {"weight": [*(value for value in want if value is not None), 7, 8, 9]}},
            },
            weights=rows,
        )
    yield case(
        "the year 0",
        {"aside": {"weights": {2}, "products": {2}}, "tables": {"weights": {"weight": [2, 3]}}},
        weights="objective_id,weight,valid_from\na,1,0000-01-01\nb,2,2025-01-01\nc,3,2025-01-01\n",
        products="product_id,name,launch_month\na,a,0000-01\nb,b,2025-01\nc,c,2025-01\n",
    )
    yield case(
        "3 April or 4 March", {"aside": {"weights": {2}}, "tables": {"weights": {"weight": [2, 3]}}},
        weights="objective_id,weight,valid_from\na,1,03.04.2025\nb,2,2025-01-01\nc,3,2025-01-01\n",
    )


def addresses() -> Iterator[Case]:
    for url in (
        "postgres://[bad/x", "://", "file:///etc/passwd", "nosuch://x", "http://[::1/", "duckdb://\0",
        "duckdb:///dev/zero", "sqlite:///no/such", "sqlite:///etc/passwd", "duckdb:///etc/passwd", "a\nb://c",
        "postgres://u:geheim@[::1/x", "csv:///etc/passwd", "postgres://u:geheim@h:99999999/x",
    ):
        yield Case(family="addresses", name=repr(url), write=lambda place, url=url: url, refused="^(?!.*geheim)")


def corpus() -> list[Case]:
    """Every case, the same in every run."""
    return [case for family in FAMILIES for case in family()]


FAMILIES = (
    damaged_files, encodings, hostile_cells, files_of_odd_kinds, headers, look_alikes, view_files, sqlite_files,
    duckdb_files, typed_files, spreadsheets, whole_tables, addresses,
)


def counted(outcomes: list[Outcome]) -> pd.DataFrame:
    """Count outcomes by family and kind, with the slowest of each family."""
    frame = pd.DataFrame(
        {
            "family": [one.case.family for one in outcomes], "kind": [one.kind for one in outcomes],
            "seconds": [one.seconds for one in outcomes],
            "wrong": [bool(one.complaints) for one in outcomes],
        }
    )
    counts = pd.crosstab(frame["family"], frame["kind"])
    more = frame.groupby("family").agg(
        tried=("kind", "size"), wrong=("wrong", "sum"), slowest=("seconds", "max")
    )
    return counts.join(more).sort_index()


def main() -> None:
    wanted = sys.argv[1:]
    outcomes = []
    for at, case in enumerate(corpus()):
        if wanted and not any(word in f"{case.family}: {case.name}" for word in wanted):
            continue
        with tempfile.TemporaryDirectory() as place:
            outcome = tried(case, Path(place) / str(at))
        outcomes.append(outcome)
        if outcome.complaints:
            print(f"{case.family}: {case.name} [{outcome.kind}, {outcome.seconds:.1f} s]")
            print(*(f"    {complaint}" for complaint in outcome.complaints), sep="\n", flush=True)
    print(counted(outcomes).to_string(float_format="{:.1f}".format))
    print(f"{len(outcomes)} tried in {sum(one.seconds for one in outcomes):.0f} s")


if __name__ == "__main__":
    main()
