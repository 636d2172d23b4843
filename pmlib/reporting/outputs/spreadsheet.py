"""A report's answers and tables as one spreadsheet: exact numbers, no formula, the same bytes every time."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.errors import ReportError
from pmlib.reporting.outputs.book import Book, Look, Sheet, set_page
from pmlib.reporting.outputs.cells import (
    LONGEST_TEXT,
    MOST_COLUMNS,
    MOST_ROWS,
    Plain,
    column_width,
    number_format,
    plain_value,
    sheet_names,
    unique_names,
)
from pmlib.reporting.shown import PREFIX

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetFile

READ_ME, ANSWERS, CHANGES = "Read me", "Answers", "Changes"
_ROWS_AT_ONCE, _ROWS_LOOKED_AT = 5_000, 500
_HEADER = Look(bold=True)
_HOW_TO_READ = (
    "Columns ending in _k are money in thousands of the report's currency; shares run from 0 to 1 and are shown as "
    "per cent; columns ending in _pp or _pct are points or per cent as they stand.",
    "Months are text such as 2026-01. An empty cell is not known, or does not apply. Formats round what is shown, "
    "never what a cell holds.",
    "Nothing here is a formula: text that begins like one is kept as text. The tables lie, exact, beside this file.",
)


@dataclass(kw_only=True)
class _Source:
    """One table and what became of it."""

    notebook: str
    title: str
    name: str
    path: Path
    sheet: str = ""
    rows: int = 0
    columns: int = 0
    texts_cut: int = 0

    @property
    def place(self) -> str:
        """Path of the table, from the report's folder on."""
        return f"tables/{self.notebook}/{self.path.name}" if self.notebook else self.path.name

    @property
    def remark(self) -> str:
        """What of the table is not on its sheet, in words; empty when all is."""
        missing = {
            "rows left out": self.rows - (MOST_ROWS - 1),
            "columns left out": self.columns - MOST_COLUMNS,
            f"texts cut at {LONGEST_TEXT:,} characters": self.texts_cut,
        }
        said = [f"{what}: {count:,}" for what, count in missing.items() if count > 0]
        return "; ".join([*said, "all is in the file"]) if said else ""


def write_spreadsheet(folder: Path, target: Path, *, about: Mapping[str, str], titles: Mapping[str, str]) -> None:
    """Write a report's answers, changes and tables as one Excel workbook, whole or not at all.

    The sheets are "Read me", "Answers", "Changes" where there are any, then one for each table, notebook by
    notebook. The same folder gives the same bytes.

    Parameters
    ----------
    folder : Path
        A report's folder: ``tables/<notebook>/<name>.parquet``, ``summary.json``, ``changes.parquet`` where there.
    target : Path
        The workbook; its folder is there.
    about : mapping of str to str
        What the report is, in order: report, period, unit, run.
    titles : mapping of str to str
        Title of each notebook, in the order of the report.

    Raises
    ------
    ReportError
        A table or the summary cannot be read.
    """
    sources = _sources(folder, titles)
    answers = _answers(folder / "summary.json", titles)
    book = Book(" · ".join(filter(None, about.values())))
    first, second, *others = (book.add_sheet(name) for name in (READ_ME, ANSWERS, *(one.sheet for one in sources)))
    _fill_answers(book, second, answers)
    for source, sheet in zip(sources, others, strict=True):
        _fill_table(book, sheet, source)
    # The first sheet comes last: only now is known what did not fit.
    _fill_read_me(book, first, about, sources)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        book.save(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _sources(folder: Path, titles: Mapping[str, str]) -> list[_Source]:
    order = {notebook: place for place, notebook in enumerate(titles)}
    recorded = (path for path in folder.glob("tables/*/*.parquet") if not path.stem.startswith(PREFIX))
    paths = sorted(recorded,
                   key=lambda path: (order.get(path.parent.name, len(order)), path.parent.name, path.stem))
    changes = folder / "changes.parquet"
    found = [_Source(notebook="", title="", name=CHANGES, path=changes)] if changes.is_file() else []
    found += [_Source(notebook=path.parent.name, title=titles.get(path.parent.name, path.parent.name), name=path.stem,
                      path=path) for path in paths]
    names = sheet_names([READ_ME, ANSWERS, *(_wanted_name(source) for source in found)])[2:]
    for source, name in zip(found, names, strict=True):
        source.sheet = name
    return found


def _wanted_name(source: _Source) -> str:
    """Put the notebook's number before the table's name: ``20 scorecard``."""
    number = source.notebook.split("_")[0]
    return f"{number if number.isdigit() else source.notebook} {source.name}".strip()


def _answers(path: Path, titles: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Read title, figure and words of every answer, in the order of the report; sentences have no figure."""
    summary = _read_summary(path)
    order = [name for name in titles if name in summary]
    return [
        (titles.get(name, name), str(figure), str(says))
        for name in [*order, *sorted(summary.keys() - set(order))]
        for figure, says in [("", summary[name].get("summary", "")), *summary[name].get("headline", {}).items()]
    ]


def _read_summary(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise ReportError(f"{path.name} is not JSON: {error}. Render the report again.") from error
    if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
        raise ReportError(f"{path.name}: got {type(content).__name__}, allowed one entry for each notebook. "
                          "Render the report again.")
    return content


def _fill_read_me(book: Book, sheet: Sheet, about: Mapping[str, str], sources: Sequence[_Source]) -> None:
    set_page(sheet, (34, 34, 24, 10, 10, 60, 60))
    book.add_row(sheet, [book.title], [Look(bold=True, size=16)])
    for said in filter(lambda said: said[1], about.items()):
        book.add_row(sheet, said, [_HEADER])
    for line in ("", *_HOW_TO_READ, ""):
        book.add_row(sheet, [line])
    header = ("sheet", "notebook", "table", "rows", "columns", "file", "remark")
    book.add_row(sheet, header, repeat(_HEADER))
    book.add_row(sheet, [ANSWERS], [Look(link=True)])
    for one in sources:
        cells = (one.sheet, one.title, one.name, one.rows, one.columns, one.place, one.remark)
        book.add_row(sheet, cells, [Look(link=True), *repeat(Look(format="#,##0"), len(cells) - 1)])
    sheet.close()


def _fill_answers(book: Book, sheet: Sheet, answers: Sequence[tuple[str, str, str]]) -> None:
    set_page(sheet, (34, 30, 100), header=True)
    book.add_row(sheet, ("notebook", "figure", "what it says"), repeat(_HEADER))
    for number, answer in enumerate(answers, start=2):
        # Not every program makes room for wrapped text by itself.
        sheet.row_dimensions[number].height = 15 * max(1, math.ceil(len(answer[2]) / 95))
        book.add_row(sheet, answer, repeat(Look(wrap=True)))
    sheet.close()


def _fill_table(book: Book, sheet: Sheet, source: _Source) -> None:
    from openpyxl.utils import get_column_letter

    cut_before = book.texts_cut
    with _opened(source) as table:
        source.rows, source.columns = table.metadata.num_rows, len(table.schema_arrow.names)
        names, rows = unique_names(table.schema_arrow.names[:MOST_COLUMNS]), _rows(table)
        first = list(islice(rows, _ROWS_LOOKED_AT))
        columns = list(zip(names, zip(*first, strict=True) if first else repeat(()), strict=False))
        set_page(sheet, [column_width(*column) for column in columns], header=True)
        if names:
            sheet.auto_filter.ref = f"A1:{get_column_letter(len(names))}{min(source.rows + 1, MOST_ROWS)}"
        looks = [Look(format=number_format(*column)) for column in columns]
        book.add_row(sheet, names, repeat(_HEADER))
        for row in chain(first, rows):
            book.add_row(sheet, row, looks)
    source.texts_cut = book.texts_cut - cut_before
    sheet.close()


@contextmanager
def _opened(source: _Source) -> Iterator[ParquetFile]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(source.path) as table:
            yield table
    except (ArrowException, OSError, OverflowError, ValueError) as error:
        raise ReportError(f"{source.place} cannot be put on a sheet: {error}. Render the report again.") from error


def _rows(table: ParquetFile) -> Iterator[tuple[Plain, ...]]:
    return islice(chain.from_iterable(map(_batch_rows, table.iter_batches(_ROWS_AT_ONCE))), MOST_ROWS - 1)


def _batch_rows(batch: RecordBatch) -> Iterator[tuple[Plain, ...]]:
    return zip(*(map(plain_value, column.to_pylist()) for column in batch.columns[:MOST_COLUMNS]), strict=True)
