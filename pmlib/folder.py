"""Find the tables of a folder: which file, sheet or view stands for which table."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib import views
from pmlib.errors import WorkbookError, nearest
from pmlib.readers import read_csv
from pmlib.schema import TABLES
from pmlib.schema.definition import column_name
from pmlib.sheets import sheet_names
from pmlib.sources import (
    EngineSource,
    ParquetSource,
    Source,
    TextSource,
    csv_source,
    in_quotes,
    sheet_source,
    unpivot_scores,
)
from pmlib.template import LISTS, READ_ME

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

#: Endings of the files that stand for a table.
ENDINGS = (".csv", ".parquet", ".xlsx")

# What looks like an id stays text: 007 is not 7, 1E5 is not 100000.
_INTEGER = r"[+-]?(0|[1-9]\d{0,17})"
_DECIMAL = r"[+-]?(((0|[1-9]\d*)(POINT\d+)?|POINT\d+)|[1-9]POINT\d+[eE][+-]?\d+|[1-9][eE][+-]\d+)"


def folder_sources(path: Path, engine: Backend) -> tuple[dict[str, Source], list[str]]:
    """Find the tables of a folder and bind its views.

    Returns
    -------
    sources : dict of table name to Source
    notes : list of str
        Files that stay unread, and why.

    Raises
    ------
    WorkbookError
        Two files stand for one table, or ``views.sql`` is refused.
    """
    sql = path / views.FILE_NAME
    if (sql.exists() or sql.is_symlink()) and not sql.is_file():
        raise WorkbookError(f"{views.FILE_NAME} is no file. Put a file there, or take it away.")
    sources = _files(path)
    if sql.is_file():
        sources |= _bind_views(sql, engine)
    read = {file for source in sources.values() for file in source.paths}
    notes = [f"{entry.name} is no file and stays unread. Put a file there." for entry in sorted(path.iterdir())
             if entry.suffix.lower() in ENDINGS and not entry.is_file()]
    notes += [f"{file.name} is not a known table and stays unread. {nearest(file.stem, TABLES)}".strip()
              for file in _table_files(path) if file.resolve() not in read and file not in read]
    _let_scores_be_a_matrix(sources)
    return sources, notes


def spreadsheet_sources(path: Path) -> tuple[dict[str, Source], list[str]]:
    """Find the tables of an .xlsx file: every sheet that has a table's name.

    Raises
    ------
    WorkbookError
        The file is no .xlsx, or two sheets stand for one table.
    """
    sources: dict[str, Source] = {}
    notes = []
    for sheet in sheet_names(path):
        table = column_name(sheet)
        if table in sources:
            raise WorkbookError(f"{path.name}: sheet '{sheet}' stands for table '{table}' a second time. Keep one.")
        if table in TABLES:
            sources[table] = sheet_source(table, path, sheet)
        elif sheet not in (READ_ME, LISTS):
            notes.append(f"{path.name}: sheet '{sheet}' is not a known table and stays unread. "
                         f"{nearest(table, TABLES)}".strip())
    _let_scores_be_a_matrix(sources)
    return sources, notes


def _let_scores_be_a_matrix(sources: dict[str, Source]) -> None:
    scores, objectives = sources.get("scores"), sources.get("objectives")
    if isinstance(scores, TextSource):
        unpivot_scores(scores, objectives)


def _files(folder: Path) -> dict[str, Source]:
    found: dict[str, list[Path]] = {}
    for path in _table_files(folder):
        if path.stem.lower() in TABLES:
            found.setdefault(path.stem.lower(), []).append(path)
    hidden = _view_names(folder / views.FILE_NAME)
    sources: dict[str, Source] = {}
    for table, paths in found.items():
        if table in hidden:
            continue
        if len(paths) > 1:
            names = " and ".join(path.name for path in paths)
            raise WorkbookError(f"{folder}: {names} both stand for table '{table}'. Keep one of them.")
        sources[table] = _file_source(table, paths[0])
    return sources


def _file_source(table: str, path: Path) -> Source:
    ending = path.suffix.lower()
    if ending == ".csv":
        return csv_source(table, path)
    if ending == ".parquet":
        return ParquetSource(table=table, file=path.name, paths=(path,))
    # A file that cannot be opened blocks its own table only: its sheets are looked at when it is read.
    return sheet_source(table, path, "")


def _table_files(folder: Path) -> list[Path]:
    # Excel writes a file ~$name.xlsx beside one that is open.
    return [path for path in sorted(folder.iterdir())
            if path.suffix.lower() in ENDINGS and path.is_file() and not path.name.startswith(("~$", "."))]


def _view_names(sql: Path) -> set[str]:
    if not sql.is_file():
        return set()
    return {view.name for view in views.read_views(sql, lambda file, options: file.stem)}


def _bind_views(sql: Path, engine: Backend) -> dict[str, Source]:
    sources: dict[str, Source] = {}
    for view in views.read_views(sql, _Loader(engine)):
        try:
            engine.raw_sql(f"CREATE VIEW {in_quotes(view.name)} AS {view.sql}")
        except Exception as error:
            text = str(error).splitlines()[0]
            raise WorkbookError(f"{views.FILE_NAME} line {view.line}: view '{view.name}' fails: {text}. "
                                "Correct the query.") from error
        if view.name in TABLES:
            sources[view.name] = EngineSource(
                table=view.name, file=f"{views.FILE_NAME} view {view.name}", paths=(sql, *view.files),
                remedy="Correct the view", rows=partial(engine.table, view.name))
    return sources


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
                self._engine.read_parquet(file, table_name=name, hive_partitioning=False)
            else:
                self._load_csv(file, name, options)
            self._names[key] = name
        return self._names[key]

    def _load_csv(self, file: Path, name: str, options: dict[str, str]) -> None:
        text = read_csv(file, delimiter=options.get("delim", options.get("sep", ",")),
                        quote=options.get("quote", '"'), skip=int(options.get("skip", 0)), number_repeats=True)
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
