"""Open databases: a DuckDB file where it stands, any other read once, table by table, into the local engine."""

from __future__ import annotations

import contextlib
import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import pyarrow as pa

from pmlib.errors import WorkbookError
from pmlib.large_tables import ROW
from pmlib.schema import TABLES
from pmlib.sources import EngineSource, Source, in_quotes

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

_BATCH = 50_000
#: Bytes of a row of a SQLite file.
_LONGEST = 10_000_000
#: Catalog under which a DuckDB file is attached.
ATTACHED = "workbook file"


def duckdb_sources(path: Path, engine: Backend) -> tuple[dict[str, Source], list[str]]:
    """Take the tables of a DuckDB file, attached read-only to the engine before it was locked."""
    database = (ATTACHED, "main")
    found = _known(engine.list_tables(database=database), path.name)
    kinds = dict(engine.con.execute("SELECT table_name, table_type FROM information_schema.tables").fetchall())
    sources: dict[str, Source] = {
        table: EngineSource(table=table, file=f"{path.name} table {name}", paths=(path,),
                            remedy="Write the table anew; a view that reads other files is not followed",
                            counted=kinds.get(name) == "BASE TABLE",
                            rows=partial(_attached, engine, name, counted=kinds.get(name) == "BASE TABLE"))
        for table, name in found[0].items()
    }
    return sources, found[1]


def _attached(engine: Backend, name: str, *, counted: bool) -> Any:
    rows = engine.table(name, database=(ATTACHED, "main"))
    return rows.mutate(**{ROW: rows.rowid() + 1}) if counted else rows


def sqlite_sources(path: Path, engine: Backend) -> tuple[dict[str, Source], list[str]]:
    """Take the tables of a SQLite file; every cell is read as text, for its columns promise no type."""
    try:
        with contextlib.closing(_sqlite(path)) as connection:
            kinds = dict(connection.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"))
    except sqlite3.Error as error:
        raise WorkbookError(f"{path.name}: cannot be read ({error}). Close it elsewhere, or write it anew.") from error
    found = _known([name for name, kind in kinds.items() if kind == "table"], path.name)
    sources: dict[str, Source] = {}
    for table, name in found[0].items():
        load = _Snapshot(engine, table, partial(_sqlite_batches, path, name))
        sources[table] = EngineSource(table=table, file=f"{path.name} table {name}", paths=(path,), rows=load,
                                      counted=True)
    unread = [f"{path.name}: view '{name}' stays unread. Write it as a table." for name, kind in sorted(kinds.items())
              if kind == "view"]
    return sources, found[1] + unread


def url_sources(url: str, engine: Backend) -> tuple[tuple[dict[str, Source], list[str]], Callable[[], None]]:
    """Take the tables of a database by its Ibis address; also give what leaves it when all is read.

    Raises
    ------
    WorkbookError
        The address is not understood, its driver is not installed, or the database refuses.
    """
    import ibis

    place = without_password(url)
    try:
        remote = ibis.connect(url)
        names = remote.list_tables()
    except Exception as error:
        text = (str(error).splitlines() or [type(error).__name__])[0].replace(url, place)[:200]
        raise WorkbookError(f"{place}: cannot be opened ({text}). Check the address, the account and that its driver "
                            "is installed (such as ibis-framework[postgres]).") from error
    found = _known(names, place)
    sources: dict[str, Source] = {}
    for table, name in found[0].items():
        load = _Snapshot(engine, table, partial(_remote_batches, remote, table, name))
        sources[table] = EngineSource(table=table, file=f"table {name}", rows=load, fingerprint=load.sha256,
                                      remedy="Check the table and the right to read it")
    return (sources, found[1]), remote.disconnect


def without_password(url: str) -> str:
    """Write an address without its password, as messages and manifests show it.

    Examples
    --------
    >>> without_password("postgres://pmo:secret@localhost/portfolio")
    'postgres://pmo:***@localhost/portfolio'
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise WorkbookError(f"the address '{url.partition('://')[0]}://...' cannot be read ({error}). Write it as "
                            "scheme://account@host:port/database.") from error
    query = re.sub(r"(password|token|secret)=[^&]*", r"\1=***", parts.query, flags=re.IGNORECASE)
    account, at, host = parts.netloc.rpartition("@")
    hidden = f"{account.split(':', 1)[0]}:***" if parts.password is not None else account
    return urlunsplit(parts._replace(netloc=f"{hidden}{at}{host}", query=query)) if hidden != account or \
        query != parts.query else url


class _Snapshot:
    """Reads a table once into the local engine, so that a report speaks of one moment."""

    def __init__(self, engine: Backend, table: str, batches: Callable[[], tuple[pa.Schema, Iterator[pa.RecordBatch]]]
                 ) -> None:
        self._engine, self._table, self._batches = engine, table, batches
        self._name = ""

    def __call__(self) -> Any:
        if not self._name:
            name = f"{self._table} as it was"
            schema, batches = self._batches()
            self._engine.con.register("incoming", pa.RecordBatchReader.from_batches(schema, batches))
            self._engine.raw_sql(f'CREATE TABLE "{name}" AS SELECT * FROM incoming')
            self._engine.con.unregister("incoming")
            self._name = name
        return self._engine.table(self._name)

    def sha256(self) -> str:
        """Hash what the table held, whatever the order of its rows."""
        rows = self()
        columns = ", ".join(in_quotes(name) for name in rows.columns if name != ROW)
        sums = self._engine.raw_sql(f'SELECT count(*), sum(md5_number_lower(({columns})::VARCHAR)::HUGEINT) '
                                    f'FROM "{self._name}"').fetchone()
        return hashlib.sha256(repr(sums).encode()).hexdigest()


def _known(names: list[str], place: str) -> tuple[dict[str, str], list[str]]:
    """Find the tables that the schema knows, whatever their case."""
    found: dict[str, str] = {}
    notes = []
    for name in sorted(names):
        table = name.lower()
        if table not in TABLES:
            notes.append(f"{place}: table '{name}' is not known and stays unread.")
        elif table in found:
            raise WorkbookError(f"{place}: tables '{found[table]}' and '{name}' differ only in case. Keep one of them.")
        else:
            found[table] = name
    return found, notes


def _sqlite(path: Path) -> sqlite3.Connection:
    # A file in write-ahead mode that nobody has open would get two files beside it, which a reader cannot take away.
    with path.open("rb") as file:
        alone = file.read(20)[18:] == b"\2\2" and not path.with_name(f"{path.name}-wal").exists()
    options = "mode=ro&immutable=1" if alone else "mode=ro"
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{options}", uri=True, check_same_thread=False)
    connection.execute("PRAGMA trusted_schema = OFF")
    # A generated column may make a text of any length out of nothing.
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    connection.text_factory = lambda text: text.decode("utf-8", errors="replace")
    return connection


def _sqlite_batches(path: Path, name: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    connection = _sqlite(path)
    cursor = connection.execute(f"SELECT * FROM {in_quotes(name)}")
    columns = [column for column, *_ in cursor.description]
    if ROW in columns:
        raise WorkbookError(f"{path.name} table {name}: column '{ROW}' has a name that is kept. Rename it.")
    schema = pa.schema([(ROW, pa.int64()), *((column, pa.string()) for column in columns)])

    def batches() -> Iterator[pa.RecordBatch]:
        first = 1
        while rows := cursor.fetchmany(_BATCH):
            cells = [[_as_text(cell) for cell in column] for column in zip(*rows, strict=True)]
            numbers = pa.array(range(first, first + len(rows)), pa.int64())
            yield pa.RecordBatch.from_arrays([numbers, *(pa.array(column, pa.string()) for column in cells)],
                                             schema=schema)
            first += len(rows)
        connection.close()

    return schema, batches()


def _as_text(cell: object) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    return cell.hex() if isinstance(cell, bytes) else str(cell)


def _remote_batches(remote: Any, table: str, name: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    rows = remote.table(name)
    key = [column for column in rows.columns if column.lower() in TABLES[table].key]
    # A small table comes in the same order every time; sorting a large one is not ours to ask for.
    reader = (rows if TABLES[table].large or not key else rows.order_by(key)).to_pyarrow_batches(chunk_size=_BATCH)
    return reader.schema, iter(reader)
