"""Open whatever people have: a folder, a spreadsheet, a database file or an address, as one set of sources."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pmlib.databases import ATTACHED, duckdb_sources, sqlite_sources, url_sources, without_password
from pmlib.dialect import Dialect
from pmlib.errors import WorkbookError
from pmlib.folder import folder_sources, spreadsheet_sources
from pmlib.project import resolve_source
from pmlib.schema import TABLES
from pmlib.schema.checks import Checked
from pmlib.sources import Source

if TYPE_CHECKING:
    import pandas as pd
    from ibis.backends.duckdb import Backend

#: What the engine may take; beyond it, it spills to the disk.
MEMORY = "2GB"
#: Larger tables are cast anew in every scan: time instead of memory.
HELD_ROWS = 5_000_000
#: Letters of a place that a refusal shows.
_LONGEST = 300
_SQLITE, _DUCKDB, _ZIP = b"SQLite format 3\x00", b"DUCK", b"PK\x03\x04"
_ALLOWED = "a folder of CSV, Parquet or .xlsx files, an .xlsx file, a DuckDB or SQLite file, or a database address"


@dataclass(eq=False, kw_only=True)
class Opened:
    """What was found in one place, with the engine that reads it.

    Attributes
    ----------
    place : str
        As messages and manifests name it, without passwords.
    engine : DuckDB backend of Ibis, in memory; it can read below a folder that was opened, and nothing else
    sources : dict of table name to Source
    dialect : Dialect
        How its texts write numbers and dates.
    notes : list of str
        What stays unread, and why.
    """

    place: str
    engine: Backend
    sources: dict[str, Source]
    notes: list[str]
    dialect: Dialect = field(default_factory=Dialect)
    leave: Callable[[], None] = lambda: None

    def held(self, table: str, checked: Checked) -> Checked:
        """Hold a table that fits into memory as checked, so that its casts do not run again in every question."""
        if not 0 < checked.n_rows <= HELD_ROWS or checked.blocked:
            return checked
        return replace(checked, table=self.engine.create_table(f"{table} as checked", checked.table))

    def let_go(self) -> None:
        """Leave a database that was read, and drop the texts of tables that are held as checked."""
        self.leave()
        for name in self.engine.list_tables():
            table = name.removesuffix(" as checked")
            if name != table:
                self.engine.drop_table(f"{table} as text", force=True)


def open_source(source: str | Path) -> Opened:
    """Open a place and list the tables in it; nothing is read yet but headers.

    Parameters
    ----------
    source : str or Path
        A folder, a file, or an address with ``://``. A relative path counts from the project's root.

    Raises
    ------
    WorkbookError
        There is no such place, it is of another kind, or it holds no known table.
    """
    place = resolve_source(source)
    if isinstance(place, str):
        scheme, _, rest = place.partition("://")
        if scheme.lower() not in ("duckdb", "sqlite"):
            engine = _engine()
            found, leave = url_sources(place, engine)
            return replace(_opened(without_password(place), engine, found), leave=leave)
        place = Path(resolve_source(rest.split("?")[0]))
    try:
        if not place.exists():
            raise WorkbookError(f"workbook '{source}': not there. Give {_ALLOWED}.")
        return _opened(str(source), *(_from_folder(place) if place.is_dir() else _from_file(place)))
    except OSError as error:
        raise WorkbookError(f"workbook '{str(source)[:_LONGEST]}': cannot be read ({error.strerror or error}). "
                            "Close it elsewhere, or give the right to read it.") from error


def _opened(place: str, engine: Backend, found: tuple[dict[str, Source], list[str]]) -> Opened:
    sources, notes = found
    if not sources:
        raise WorkbookError(f"{place}: no known table here. Name files, sheets or tables after the tables of pmlib "
                            f"({', '.join(TABLES)}), or map yours in the views.sql of a folder.")
    return Opened(place=place, engine=engine, sources=dict(sorted(sources.items())), notes=notes,
                  dialect=_dialect(sources.get("workbook")))


def _dialect(about: Source | None) -> Dialect:
    """Read how the office writes from the table workbook, whose other cells wait for their check."""
    if about is None:
        return Dialect()
    try:
        cells = about.cells(Dialect()).cells
    except WorkbookError:
        return Dialect()
    declared = {name: _first(cells, name) for name in ("date_format", "decimal_mark", "currency")}
    return Dialect(**{name: value for name, value in declared.items()
                      if value and value in (TABLES["workbook"][name].choices or (value,))})


def _first(cells: pd.DataFrame, column: str) -> str:
    known = cells[column].dropna().tolist() if column in cells else []
    return str(known[0]).strip() if known else ""


def _from_folder(place: Path) -> tuple[Backend, tuple[dict[str, Source], list[str]]]:
    engine = _engine(inside=place)
    return engine, folder_sources(place, engine)


def _from_file(place: Path) -> tuple[Backend, tuple[dict[str, Source], list[str]]]:
    if not place.is_file():
        raise WorkbookError(f"workbook '{place.name}': no file and no folder. Give {_ALLOWED}.")
    with place.open("rb") as file:
        start = file.read(16)
    if start.startswith(_SQLITE):
        engine = _engine()
        return engine, sqlite_sources(place, engine)
    if start[8:12] == _DUCKDB:
        engine = _engine(attach=place)
        return engine, duckdb_sources(place, engine)
    if start.startswith(_ZIP) or place.suffix.lower() in (".xlsx", ".xlsm", ".xls"):
        return _engine(), spreadsheet_sources(place)
    raise WorkbookError(f"workbook '{place.name}': neither a spreadsheet nor a database. Give {_ALLOWED}.")


def _engine(*, inside: Path | None = None, attach: Path | None = None) -> Backend:
    """Start the engine, then lock it: it reads below one folder, or one attached file, and loads no extension."""
    import ibis

    engine = ibis.duckdb.connect(autoinstall_known_extensions=False, autoload_known_extensions=False)
    # In a kernel a bar would be drawn into the output of every slow cell.
    engine.raw_sql("SET enable_progress_bar=false")
    engine.raw_sql(f"SET memory_limit='{MEMORY}'")
    spill = Path(tempfile.gettempdir(), f"pmlib-{os.getpid()}")
    engine.raw_sql(f"SET temp_directory='{_quoted(spill)}'")
    if attach is not None:
        try:
            engine.raw_sql(f"ATTACH '{_quoted(attach)}' AS \"{ATTACHED}\" (READ_ONLY)")
        except Exception as error:
            raise WorkbookError(f"{attach.name}: cannot be opened as a DuckDB file ({str(error).splitlines()[0][:200]})"
                                ". Close it elsewhere, or write it anew with this version of DuckDB.") from error
    if inside is not None:
        engine.raw_sql(f"SET allowed_directories=['{_quoted(inside)}']")
    engine.raw_sql("SET enable_external_access=false")
    engine.raw_sql("SET lock_configuration=true")
    return engine


def _quoted(path: Path) -> str:
    return str(path.resolve()).replace("'", "''")
