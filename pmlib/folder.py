"""Open a folder of tables: which file or view stands for which table, read and bound to the engine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pmlib import views
from pmlib.errors import WorkbookError, nearest
from pmlib.large_tables import ROW
from pmlib.readers import ENDINGS, CsvText, read_csv, sha256
from pmlib.schema import TABLES
from pmlib.schema.checks import Checked, RawTable
from pmlib.schema.findings import Finding

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

#: Larger tables are cast anew in every scan: time instead of memory.
HELD_ROWS = 5_000_000

# What looks like an id stays text: 007 is not 7, 1E5 is not 100000.
_INTEGER = r"[+-]?(0|[1-9]\d{0,17})"
_DECIMAL = r"[+-]?(((0|[1-9]\d*)(POINT\d+)?|POINT\d+)|[1-9]POINT\d+[eE][+-]?\d+|[1-9][eE][+-]\d+)"


@dataclass(frozen=True, eq=False, kw_only=True)
class Source:
    """Where one table comes from: a file, or a view over files."""

    table: str
    file: str
    paths: tuple[Path, ...]
    is_view: bool = False

    @property
    def sha256(self) -> str:
        """Hash of every file behind the table."""
        return sha256(*self.paths)


@dataclass(eq=False, kw_only=True)
class Folder:
    """A folder of CSV and Parquet files, with the engine that reads them.

    Attributes
    ----------
    path : Path
    engine : DuckDB backend of Ibis, in memory, able to read below ``path`` only
    sources : dict of table name to Source
    notes : list of str
        Files that stay unread, and why.
    ragged : dict of table name to findings
        Rows that do not have as many cells as the header.
    """

    path: Path
    engine: Backend
    sources: dict[str, Source] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    ragged: dict[str, list[Finding]] = field(default_factory=dict)

    def cells(self, table: str) -> RawTable:
        """Read a small table whole."""
        source = self.sources[table]
        with _reading(source):
            if source.is_view:
                return _numbered(self.engine.table(table).to_pyarrow(), source)
            path = source.paths[0]
            if path.suffix.lower() == ".parquet":
                return _numbered(pq.read_table(path), source)
            text = self._csv(table, path)
        cells = text.cells.to_pandas().rename(columns=_schema_names(text.cells.column_names, table))
        return RawTable(cells=cells, rows=np.array(text.rows, dtype="int64"), file=source.file)

    def relation(self, table: str) -> ir.Table:
        """Name a large table in the engine, with its file row in ``_row``."""
        import ibis

        source = self.sources[table]
        with _reading(source):
            if source.is_view:
                rows = self.engine.table(table)
                rows = rows.mutate(**{ROW: ibis.row_number() + 1})
            elif source.paths[0].suffix.lower() == ".parquet":
                rows = self.engine.read_parquet(source.paths[0], file_row_number=True)
                rows = rows.mutate(**{ROW: rows["file_row_number"] + 1}).drop("file_row_number")
            else:
                text = self._csv(table, source.paths[0])
                numbered = text.cells.append_column(ROW, pa.array(text.rows, pa.int64()))
                rows = self.engine.create_table(f"{table} as text", numbered)
        names = _schema_names(rows.columns, table)
        return rows.rename({new: old for old, new in names.items()})

    def held(self, table: str, checked: Checked) -> Checked:
        """Hold a table that fits into memory as checked, so that its casts do not run again in every question."""
        if not 0 < checked.n_rows <= HELD_ROWS or checked.blocked:
            return checked
        return replace(checked, table=self.engine.create_table(f"{table} as checked", checked.table))

    def _csv(self, table: str, path: Path) -> CsvText:
        text = read_csv(path)
        self.ragged[table] = [
            Finding(table=table, file=path.name, row=row, value=cells.strip()[:60],
                    problem="row has more or fewer cells than the header", remedy="Quote cells that hold a comma.")
            for row, cells in text.ragged
        ]
        return text


def open_folder(path: Path) -> Folder:
    """Find the tables of a folder and bind its views.

    Raises
    ------
    WorkbookError
        No known table is there, two files stand for one table, or ``views.sql`` is refused.
    """
    folder = Folder(path=path, engine=_connect(path))
    _find_files(folder)
    sql = path / views.FILE_NAME
    if sql.is_file():
        _bind_views(folder, sql)
    read = {file for source in folder.sources.values() for file in source.paths}
    folder.notes += [f"{entry.name} is no file and stays unread. Put a file there." for entry in sorted(path.iterdir())
                     if entry.suffix.lower() in ENDINGS and not entry.is_file()]
    folder.notes += [f"{file.name} is not a known table and stays unread. {nearest(file.stem, TABLES)}".strip()
                     for file in _table_files(path) if file.resolve() not in read and file not in read]
    if not folder.sources:
        known = ", ".join(TABLES)
        raise WorkbookError(
            f"{path}: no known table here. Name the files after the tables ({known}), ending in .csv or .parquet, "
            f"or map yours in {views.FILE_NAME}."
        )
    return folder


def _connect(path: Path) -> Backend:
    import ibis

    engine = ibis.duckdb.connect(autoinstall_known_extensions=False, autoload_known_extensions=False)
    # A second lock behind the parser: the engine itself can read below this folder only.
    inside = str(path.resolve()).replace("'", "''")
    engine.raw_sql(f"SET allowed_directories=['{inside}']")
    engine.raw_sql("SET enable_external_access=false")
    engine.raw_sql("SET lock_configuration=true")
    return engine


def _find_files(folder: Folder) -> None:
    found: dict[str, list[Path]] = {}
    for path in _table_files(folder.path):
        if path.stem.lower() in TABLES:
            found.setdefault(path.stem.lower(), []).append(path)
    hidden = _view_names(folder.path / views.FILE_NAME)
    for name, paths in found.items():
        if name in hidden:
            continue
        if len(paths) > 1:
            names = " and ".join(path.name for path in paths)
            raise WorkbookError(f"{folder.path}: {names} both stand for table '{name}'. Keep one of them.")
        folder.sources[name] = Source(table=name, file=paths[0].name, paths=(paths[0],))


def _table_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.suffix.lower() in ENDINGS and path.is_file()]


@contextmanager
def _reading(source: Source) -> Iterator[None]:
    """Name the file when its reader fails, whoever raises."""
    try:
        yield
    except WorkbookError:
        raise
    except Exception as error:
        text = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        remedy = "Correct the view" if source.is_view else "Write the file anew"
        raise WorkbookError(f"{source.file}: cannot be read ({text}). {remedy}.") from error


def _schema_names(columns: Iterable[str], table: str) -> dict[str, str]:
    """Map column names that differ from the schema's only in case or outer blanks."""
    present = list(columns)
    wanted = {name: name.strip().lower() for name in present if name.strip().lower() in TABLES[table]}
    return {name: new for name, new in wanted.items() if name == new or new not in present}


def _view_names(sql: Path) -> set[str]:
    if not sql.is_file():
        return set()
    return {view.name for view in views.read_views(sql, lambda file, options: file.stem)}


def _bind_views(folder: Folder, sql: Path) -> None:
    for view in views.read_views(sql, _Loader(folder.engine)):
        try:
            folder.engine.raw_sql(f'CREATE VIEW "{view.name}" AS {view.sql}')
        except Exception as error:
            text = str(error).splitlines()[0]
            raise WorkbookError(f"{views.FILE_NAME} line {view.line}: view '{view.name}' fails: {text}. "
                                "Correct the query.") from error
        if view.name in TABLES:
            folder.sources[view.name] = Source(table=view.name, file=f"{views.FILE_NAME} view {view.name}",
                                               paths=(sql, *view.files), is_view=True)


class _Loader:
    """Puts each file a view reads into the engine once, under a name of its own."""

    def __init__(self, engine: Backend) -> None:
        self._engine = engine
        self._names: dict[tuple[Path, tuple[tuple[str, str], ...]], str] = {}

    def __call__(self, file: Path, options: dict[str, str]) -> str:
        key = (file, tuple(sorted(options.items())))
        if key not in self._names:
            name = f"file {len(self._names) + 1}: {file.name}"
            if file.suffix.lower() == ".parquet":
                self._engine.read_parquet(file, table_name=name)
            else:
                self._load_csv(file, name, options)
            self._names[key] = name
        return self._names[key]

    def _load_csv(self, file: Path, name: str, options: dict[str, str]) -> None:
        text = read_csv(file, delimiter=options.get("delim", options.get("sep", ",")),
                        quote=options.get("quote", '"'), skip=int(options.get("skip", 0)))
        if text.ragged:
            row, cells = text.ragged[0]
            raise WorkbookError(f"{file.name} row {row}: {len(text.ragged)} row(s) with more or fewer cells than the "
                                f"header, the first is '{cells.strip()[:60]}'. Quote cells that hold the delimiter.")
        raw = self._engine.create_table(f"{name} as text", text.cells)
        as_text = options.get("all_varchar", "").lower() == "true"
        self._engine.create_view(name, raw if as_text else _with_numbers(
            raw, options.get("decimal_separator", "."), file.name))


def _with_numbers(raw: ir.Table, point: str, file: str) -> ir.Table:
    """Make a column a number where every value parses as a plain one; text otherwise."""
    decimal = _DECIMAL.replace("POINT", re.escape(point))
    tests: dict[str, Any] = {}
    for at, name in enumerate(raw.columns):
        tests[f"integer_{at}"] = _all_match(raw[name].strip(), _INTEGER)
        tests[f"decimal_{at}"] = _all_match(raw[name].strip(), decimal)
        tests[f"grouped_{at}"] = _all_match(raw[name].strip(), r"[+-]?\d[\d.,]*")
    found = raw.aggregate(**tests).execute().iloc[0]
    for at, name in enumerate(raw.columns):
        # Left as text, 1.234 of a file with decimal commas would be read as a little more than one.
        if point != "." and found[f"grouped_{at}"] and not found[f"integer_{at}"] and not found[f"decimal_{at}"]:
            raise WorkbookError(
                f"{file}: column '{name}' holds thousands separators beside decimal_separator='{point}'. "
                "Read it with all_varchar=true and take them out by replace().")
    return raw.select(**{
        name: raw[name].strip().cast("int64") if found[f"integer_{at}"] else
        raw[name].strip().replace(point, ".").cast("float64") if found[f"decimal_{at}"] else raw[name]
        for at, name in enumerate(raw.columns)
    })


def _all_match(text: ir.StringValue, pattern: str) -> ir.BooleanScalar:
    fits = text.re_search(f"^(?:{pattern})$") & (text != "")
    return (fits.all() & text.notnull().any()).fill_null(False)


def _numbered(cells: pa.Table, source: Source) -> RawTable:
    # Arrow's own types: pandas would make floats of whole numbers beside empty cells.
    frame = cells.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
    frame = frame.rename(columns=_schema_names(frame.columns, source.table))
    return RawTable(cells=frame, rows=np.arange(1, 1 + len(frame)), file=source.file)
