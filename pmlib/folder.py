"""Open a folder of tables: which file or view stands for which table, read and bound to the engine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

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

# A number is plain when writing it back gives the same text: 007 is an id, not 7.
_INTEGER = r"[+-]?(0|[1-9]\d{0,17})"
_DECIMAL = r"[+-]?(0|[1-9]\d*)?(\.\d+)?([eE][+-]?\d+)?"


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
        if source.is_view:
            return _numbered(self.engine.table(table).execute(), source.file, first=1)
        path = source.paths[0]
        if path.suffix.lower() == ".parquet":
            return _numbered(pd.read_parquet(path), source.file, first=1)
        text = self._csv(table, path)
        return RawTable(cells=text.cells.to_pandas(), rows=np.array(text.rows, dtype="int64"), file=source.file)

    def relation(self, table: str) -> ir.Table:
        """Name a large table in the engine, with its file row in ``_row``."""
        import ibis

        source = self.sources[table]
        if source.is_view:
            return self.engine.table(table).mutate(**{ROW: ibis.row_number() + 1})
        path = source.paths[0]
        if path.suffix.lower() == ".parquet":
            rows = self.engine.read_parquet(path, file_row_number=True)
            return rows.mutate(**{ROW: rows["file_row_number"] + 1}).drop("file_row_number")
        text = self._csv(table, path)
        return self.engine.create_table(f"{table} as text", text.cells.append_column(ROW, [text.rows]))

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
        point = options.get("decimal_separator", ".")
        self._engine.create_view(name, _with_numbers(raw, point))


def _with_numbers(raw: ir.Table, point: str) -> ir.Table:
    """Make a column a number where every value parses as a plain one; text otherwise."""
    texts = {name: raw[name].strip().replace(point, ".") for name in raw.columns}
    tests: dict[str, Any] = {}
    for at, text in enumerate(texts.values()):
        tests[f"integer_{at}"] = _all_match(text, _INTEGER)
        tests[f"decimal_{at}"] = _all_match(text, _DECIMAL)
    found = raw.aggregate(**tests).execute().iloc[0]
    return raw.select(**{
        name: text.cast("int64") if found[f"integer_{at}"] else
        text.cast("float64") if found[f"decimal_{at}"] else raw[name]
        for at, (name, text) in enumerate(texts.items())
    })


def _all_match(text: ir.StringValue, pattern: str) -> ir.BooleanScalar:
    fits = text.re_search(f"^(?:{pattern})$") & (text != "")
    return (fits.all() & text.notnull().any()).fill_null(False)


def _numbered(frame: pd.DataFrame, file: str, *, first: int) -> RawTable:
    rows = np.arange(first, first + len(frame))
    return RawTable(cells=frame.reset_index(drop=True), rows=rows, file=file)
