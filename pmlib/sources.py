"""Where one table comes from: a file, a sheet, a view or a table of a database; its cells, or its relation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pmlib.dialect import Dialect, plain_table
from pmlib.errors import WorkbookError, nearest
from pmlib.large_tables import ROW
from pmlib.readers import read_csv, sha256
from pmlib.schema import TABLES
from pmlib.schema.casting import REMEDY
from pmlib.schema.checks import RawTable
from pmlib.schema.definition import column_name
from pmlib.schema.findings import Finding
from pmlib.sheets import read_sheet, sheet_names

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend


#: A view may make rows out of nothing: more than these are no small table, and longer than this none is waited for.
SMALL_ROWS, SECONDS = 5_000_000, 120


@dataclass(frozen=True, eq=False, kw_only=True)
class Text:
    """A table as text, with the place each cell came from.

    Attributes
    ----------
    cells : pyarrow Table of strings
    rows : list of int
        Row of the file for each row of ``cells``; of a matrix, row * number of criteria + criterion.
    delimiter : str
        Between the cells of a CSV file; empty for a sheet.
    ragged : tuple of (int, str)
        Rows with too few or too many cells.
    typed : mapping of column to array of bool
        Cells that were numbers, dates or flags and no texts.
    sheet : str
        Name of the sheet; empty for a CSV file.
    letters : mapping of column to Excel's letter
    criteria : tuple of str
        Headers that became rows, where the table came as a matrix.
    notes : tuple of str
    """

    cells: pa.Table
    rows: list[int]
    delimiter: str = ","
    ragged: tuple[tuple[int, str], ...] = ()
    typed: Mapping[str, np.ndarray] = field(default_factory=dict)
    sheet: str = ""
    letters: Mapping[str, str] = field(default_factory=dict)
    criteria: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(eq=False, kw_only=True)
class Source(ABC):
    """Where one table comes from.

    Attributes
    ----------
    table : str
    file : str
        As messages name it.
    paths : tuple of Path
        Every file behind it; empty for a database elsewhere.
    """

    table: str
    file: str
    paths: tuple[Path, ...] = ()
    remedy: str = "Write the file anew"

    @abstractmethod
    def cells(self, dialect: Dialect) -> RawTable:
        """Read a small table whole."""

    @abstractmethod
    def relation(self, engine: Backend, dialect: Dialect) -> ir.Table:
        """Bind a large table to the engine, with its file row in ``ROW``."""

    @property
    def sha256(self) -> str:
        """Hash of every file behind the table."""
        return sha256(*self.paths)

    @property
    def ragged(self) -> list[Finding]:
        """Rows that do not have as many cells as the header."""
        return []

    @property
    def notes(self) -> tuple[str, ...]:
        """What stayed unread in it."""
        return ()

    def placed(self, finding: Finding) -> Finding:
        """Name the place of a finding as the user sees it."""
        return finding

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Name the file when its reader fails, whoever raises."""
        try:
            yield
        except WorkbookError:
            raise
        except Exception as error:
            text = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise WorkbookError(f"{self.file}: cannot be read ({text}). {self.remedy}.") from error


@dataclass(eq=False, kw_only=True)
class TextSource(Source):
    """A CSV file or a sheet: every cell is a text, as some office writes it."""

    read: Callable[[], Text]
    _text: Text | None = None

    @property
    def text(self) -> Text:
        """The cells as written, read once."""
        if self._text is None:
            with self.reading():
                self._text = self.read()
        return self._text

    @property
    def ragged(self) -> list[Finding]:
        """Rows that do not have as many cells as the header."""
        return [Finding(table=self.table, file=self.file, row=row, value=cells.strip()[:60],
                        problem="row has more or fewer cells than the header",
                        remedy="Quote cells that hold the delimiter.") for row, cells in self.text.ragged]

    @property
    def notes(self) -> tuple[str, ...]:
        """What stayed unread in it."""
        return self.text.notes

    def cells(self, dialect: Dialect) -> RawTable:
        """Read a small table whole: its cells in plain form, and as they were written."""
        shown = self.text.cells.to_pandas()
        cells = self._plain(dialect).to_pandas()
        return RawTable(cells=cells, shown=shown, rows=np.array(self.text.rows, dtype="int64"), file=self.file)

    def relation(self, engine: Backend, dialect: Dialect) -> ir.Table:
        """Put a large table into the engine, with its file row in ``ROW``."""
        cells = self._plain(dialect)
        numbered = cells.select([name for name in cells.column_names if name != ROW]).append_column(
            ROW, pa.array(self.text.rows, pa.int64()))
        # The engine has the cells now; a second copy of a large table would only fill memory.
        self._text = replace(self.text, cells=self.text.cells.slice(0, 0), rows=[])
        return engine.create_table(f"{self.table} as text", numbered)

    def _plain(self, dialect: Dialect) -> pa.Table:
        columns = {column.name: column for column in TABLES[self.table].columns}
        return plain_table(self.text.cells, columns, dialect=dialect, delimiter=self.text.delimiter,
                           typed=self.text.typed)

    def placed(self, finding: Finding) -> Finding:
        """Name the sheet's cell, and in a matrix the criterion."""
        text = self.text
        if text.criteria and finding.row:
            row, criterion = divmod(finding.row, len(text.criteria))
            header = text.criteria[criterion] if finding.column == "raw_level" else ""
            finding = replace(finding, row=row, header=header)
        if not text.sheet or not finding.row:
            return replace(finding, cell=text.sheet)
        letter = text.letters.get(finding.header or finding.column.split(", ")[0], "")
        return replace(finding, cell=f"{text.sheet}!{letter}{finding.row}" if letter else
                       f"{text.sheet} row {finding.row}")


@dataclass(eq=False, kw_only=True)
class ParquetSource(Source):
    """A Parquet file: typed, and read by the engine where it stands."""

    def cells(self, dialect: Dialect) -> RawTable:
        """Read a small table whole."""
        with self.reading():
            return numbered(pq.read_table(self.paths[0], partitioning=None), self)

    def relation(self, engine: Backend, dialect: Dialect) -> ir.Table:
        """Bind a large table to the engine, with its file row in ``ROW``."""
        with self.reading():
            rows = engine.read_parquet(self.paths[0], file_row_number=True, hive_partitioning=False)
            rows = rows.mutate(**{ROW: rows["file_row_number"] + 1}).drop("file_row_number")
        return rows.rename({new: old for old, new in schema_names(rows.columns, self.table).items()})


@dataclass(eq=False, kw_only=True)
class EngineSource(Source):
    """A view, or a table that the engine already holds."""

    rows: Callable[[], ir.Table]
    fingerprint: Callable[[], str] | None = None
    counted: bool = False  # whether the rows bring their number in the file

    @property
    def sha256(self) -> str:
        """Hash of the files behind it, or of what it held."""
        return sha256(*self.paths) if self.fingerprint is None else self.fingerprint()

    def cells(self, dialect: Dialect) -> RawTable:
        """Read a small table whole."""
        with self.reading():
            rows = self._rows()
            with in_time(rows.get_backend(), self.file):
                cells = rows.limit(SMALL_ROWS + 1).to_pyarrow()
        if cells.num_rows > SMALL_ROWS:
            raise WorkbookError(f"{self.file}: more than {SMALL_ROWS:,} rows, as no table '{self.table}' has. "
                                f"{self.remedy}.")
        return numbered(cells, self, counted=self.counted)

    def relation(self, engine: Backend, dialect: Dialect) -> ir.Table:
        """Bind a large table to the engine, with its row in ``ROW``."""
        import ibis

        with self.reading(), in_time(engine, self.file):
            rows = self._rows()
            if not self.counted:
                # A query may give its rows in another order every time: it is asked once.
                rows = engine.create_table(f"{self.table} as text", rows.mutate(**{ROW: ibis.row_number() + 1}))
        return rows.rename({new: old for old, new in schema_names(rows.columns, self.table).items()})

    def placed(self, finding: Finding) -> Finding:
        """Leave out the remedies of offices: a view or a database writes plainly what it means."""
        if "in the table workbook" not in finding.remedy:
            return finding
        return replace(finding, remedy=REMEDY[TABLES[self.table][finding.column].kind])

    def _rows(self) -> ir.Table:
        rows = self.rows()
        return rows if self.counted or ROW not in rows.columns else rows.drop(ROW)


@contextmanager
def in_time(engine: Backend, file: str) -> Iterator[None]:
    """Interrupt a query that does not end.

    Raises
    ------
    WorkbookError
        It took longer than ``SECONDS``.
    """
    done, late = Event(), Event()

    def watch() -> None:
        if not done.wait(SECONDS):
            late.set()
        while not done.wait(0.1):
            engine.con.interrupt()

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except Exception as error:
        if not late.is_set():
            raise
        raise WorkbookError(f"{file}: not read within {SECONDS:,} seconds. Write its rows to a Parquet file, or make "
                            "it smaller.") from error
    finally:
        done.set()
        watcher.join()


def in_quotes(name: str) -> str:
    """Quote a name for SQL, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


def csv_source(table: str, path: Path) -> TextSource:
    """Take a table from a CSV file."""
    def read() -> Text:
        text = read_csv(path, known=TABLES[table].names)
        return Text(cells=text.cells, rows=text.rows, delimiter=text.delimiter, ragged=text.ragged)

    return TextSource(table=table, file=path.name, paths=(path,), read=read)


def sheet_source(table: str, path: Path, sheet: str) -> TextSource:
    """Take a table from a sheet of an .xlsx file; without a name, from the one named as the table, else the first."""
    def read() -> Text:
        text = read_sheet(path, sheet or _sheet_of(table, path), known=TABLES[table].names)
        return Text(cells=text.cells, rows=text.rows, delimiter="", sheet=text.sheet, letters=text.letters,
                    typed=text.typed, notes=tuple(text.notes))

    return TextSource(table=table, file=path.name, paths=(path,), read=read, remedy="Save the sheet anew")


def _sheet_of(table: str, path: Path) -> str:
    names = sheet_names(path)
    own = [name for name in names if column_name(name) == table]
    if not own and len(names) > 1:
        raise WorkbookError(f"{path.name}: the sheets {', '.join(names[:6])} are there, and none is named '{table}'. "
                            "Name the one that counts so.")
    return own[0] if own else names[0]


def unpivot_scores(source: TextSource, objectives: Source | None) -> None:
    """Let scores come as a matrix, projects by criteria: one column per criterion, named by its id or name."""
    plain_read = source.read

    def read() -> Text:
        text = plain_read()
        if objectives is None or {"objective_id", "raw_level"} & set(text.cells.column_names):
            return text
        return _unpivoted(text, _objective_ids(objectives), source.file)

    source.read = read


def _objective_ids(objectives: Source) -> dict[str, str]:
    """Objective ids by how a header may name them."""
    cells = objectives.cells(Dialect()).cells
    if "objective_id" not in cells:
        return {}
    titles = cells["name"] if "name" in cells else cells["objective_id"]
    pairs = [(str(name), str(title)) for name, title in zip(cells["objective_id"], titles, strict=True)
             if not pd.isna(name) and not pd.isna(title)]
    return {column_name(title): name for name, title in pairs} | {column_name(name): name for name, _ in pairs}


def _unpivoted(text: Text, ids: Mapping[str, str], file: str) -> Text:
    headers = [name for name in text.cells.column_names if name not in TABLES["scores"]]
    criteria = tuple(name for name in headers if column_name(name) in ids)
    if not criteria:
        return text
    kept = text.cells.select([name for name in text.cells.column_names if name not in headers])
    parts = [
        kept.append_column("objective_id", pa.array([ids[column_name(header)]] * kept.num_rows, pa.string()))
        .append_column("raw_level", text.cells.column(header)) for header in criteria
    ]
    typed = [text.typed.get(header, np.zeros(kept.num_rows, dtype=bool)) for header in criteria]
    notes = tuple(f"{file}: column '{name}' is no criterion and stays unread. {nearest(name, ids.values())}".strip()
                  for name in headers if name not in criteria)
    rows = [row * len(criteria) + at for at in range(len(criteria)) for row in text.rows]
    return replace(text, cells=pa.concat_tables(parts), rows=rows, criteria=criteria, notes=(*text.notes, *notes),
                   typed={name: np.tile(cells, len(criteria)) for name, cells in text.typed.items() if name in kept}
                   | {"raw_level": np.concatenate(typed)})


def schema_names(columns: Iterable[str], table: str) -> dict[str, str]:
    """Map column names that differ from the schema's only in case, blanks or hyphens.

    Raises
    ------
    WorkbookError
        Two columns stand for the same one.
    """
    present = list(columns)
    known = {name: column_name(name) for name in present if column_name(name) in TABLES[table]}
    names = {name: new for name, new in known.items() if name == new or new not in present}
    for new in names.values():
        same = [name for name, other in names.items() if other == new]
        if len(same) > 1:
            raise WorkbookError(f"table '{table}': columns '{same[0]}' and '{same[1]}' both stand for '{new}'. "
                                "Keep one of them.")
    return names


def numbered(cells: pa.Table, source: Source, *, counted: bool = False) -> RawTable:
    """Take typed rows as they are, counted from 1 unless they bring their row."""
    rows = cells.column(ROW).to_numpy() if counted else np.arange(1, 1 + cells.num_rows)
    cells = cells.select([name for name in cells.column_names if name != ROW])
    # Arrow's own types: pandas would make floats of whole numbers beside empty cells.
    frame = cells.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
    frame = frame.rename(columns=schema_names(frame.columns, source.table))
    return RawTable(cells=frame, rows=rows, file=source.file)
