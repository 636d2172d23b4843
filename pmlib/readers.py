"""Read foreign files: CSV decoded by Python and kept as text, Parquet as it is; hash what was read."""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
import string
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, compress, islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from pmlib.errors import WorkbookError
from pmlib.schema.definition import column_name

DELIMITERS = (",", ";", "\t", "|")

_CELL_BYTES = 1_000_000
_COLUMNS = 10_000
_BLOCK = 1 << 24
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_EXCEL_DELIMITER = re.compile(r'"?sep=([,;:|\t!#$%&*/^~ ])"?\s*', re.IGNORECASE)
_NUMBER = re.compile(r"[-+\d.,\s]*")
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_NO_ASCII = re.compile(_UTF8.pattern + rb"|[\x80-\xff]")
_BINARY = {
    b"PK\x03\x04": "an Excel workbook or zip file", b"PAR1": "a Parquet file", b"%PDF": "a PDF file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)", b"\x1f\x8b": "a gzip file",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class CsvText:
    """A CSV file as text: every cell a string or missing.

    Attributes
    ----------
    cells : pyarrow.Table
        One string column per header cell; wholly empty rows left out.
    rows : list of int
        Row of the file for each row of ``cells``, as a spreadsheet counts them: a line break inside quotes starts none.
    ragged : tuple of (int, str)
        Rows with too few or too many cells, which ``cells`` cannot hold: row and its text.
    delimiter : str
        What stands between the cells.
    """

    cells: pa.Table
    rows: list[int]
    ragged: tuple[tuple[int, str], ...] = field(default=())
    delimiter: str = ","


class _Header(NamedTuple):
    """The header row: its cells, its first byte and the first behind it, its row of the file, its delimiter."""

    cells: list[str]
    start: int
    end: int
    row: int
    delimiter: str

    @property
    def names(self) -> list[str]:
        """The cells without the empty ones that a spreadsheet leaves at the end."""
        n_named = max((at for at, cell in enumerate(self.cells, 1) if cell.strip()), default=0)
        return self.cells[:n_named]


class _Rows(NamedTuple):
    """The data as parsed: rows by their place behind the header, counted from 1."""

    cells: pa.Table
    places: Sequence[int]
    set_aside: list[tuple[int, str]]


def read_csv(path: Path, *, delimiter: str | None = None, quote: str = '"', skip: int = 0,
             known: Collection[str] = (), number_repeats: bool = False) -> CsvText:
    """Read a CSV file as text, in UTF-8 with or without BOM, else in cp1252.

    Types are never sniffed: 03.04.2025 and 1.234,5 mean different things in different offices.

    Parameters
    ----------
    path : Path
    delimiter : str, optional
        Without it, the one of ``DELIMITERS`` that splits the header into most known names, then into most cells; a
        first line ``sep=;`` decides.
    quote : str
    skip : int
        Lines to leave out at the top.
    known : collection of str
        Column names; a header cell that differs only in case, blanks or hyphens gets the known name.
    number_repeats : bool
        Whether a name that stands again becomes ``name_1``, ``name_2``, as DuckDB names it, in place of an error:
        Jira repeats a column for each value.

    Raises
    ------
    WorkbookError
        The file cannot be read, is empty or no text, a column has no name or a name twice, a quote stays open, or a
        cell is longer than 1 MB.
    """
    data = _utf8(path)
    header = _header(data, path, delimiter=delimiter, quote=quote, skip=skip, known=known)
    if number_repeats:
        header = header._replace(cells=_numbered(header.cells))
    _check_names(header, path)
    parsed = _parse(data, header, quote=quote)
    _refuse_open_quote(data, path, header, quote=quote, parsed=parsed)
    fitting, ragged = _fitting(parsed, header, quote=quote)
    cells, rows = fitting.cells, [header.row + place for place in fitting.places]
    _refuse_long_cells(cells, rows, path)
    cells = _named_columns(cells, rows, path, n_named=len(header.names))
    filled = _filled_rows(cells)
    if not pc.all(filled, min_count=0).as_py():
        cells, rows = cells.filter(filled), list(compress(rows, filled.to_pylist()))
    return CsvText(cells=cells, rows=rows, ragged=ragged, delimiter=header.delimiter)


def decode(path: Path) -> str:
    """Decode a text file: UTF-8 with or without BOM, else cp1252 as Excel writes it.

    Raises
    ------
    WorkbookError
        The file cannot be read, or is in another encoding.
    """
    data = _bytes(path)
    try:
        return data.decode("utf-8").lstrip("\ufeff")
    except UnicodeDecodeError:
        return _from_cp1252(data, path)


def sha256(*paths: Path) -> str:
    """Hash files in the order given, so that a report can say what it read."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WorkbookError(f"{path.name}: cannot be read ({error.strerror or error}). "
                            "Close it in other programs and check that you may read it.") from error
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise WorkbookError(f"{path.name}: encoding UTF-16, allowed UTF-8 and cp1252. Save it as CSV UTF-8.")
    return data


def _utf8(path: Path) -> bytes:
    """Read a text file as UTF-8; a whole file as ``str`` may take four times its size."""
    data = _bytes(path)
    for start, what in _BINARY.items():
        if data.startswith(start):
            raise WorkbookError(f"{path.name}: holds {what}, not text. Open it there and save it as CSV UTF-8.")
    if (at := data.find(b"\0")) >= 0:
        raise WorkbookError(f"{path.name} row {_row_of(at, data)}: holds a null byte, which no text does. "
                            "Save it as CSV UTF-8.")
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(data), 1 << 20):
            decoder.decode(data[at:at + (1 << 20)])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _from_cp1252(data, path).encode("utf-8")
    return data


def _from_cp1252(data: bytes, path: Path) -> str:
    """Read what is no UTF-8 as cp1252; refuse a file that mixes them, or holds what neither knows."""
    odd = _UTF8.sub(b"", data)
    n_odd = len(odd) - len(odd.translate(None, bytes(range(128, 256))))
    if len(_UTF8.findall(data)) >= n_odd:
        at = next(sign.start() for sign in _NO_ASCII.finditer(data) if not _UTF8.match(sign[0]))
        raise WorkbookError(f"{path.name} row {_row_of(at, data)}: holds a byte that is no UTF-8, as the rest of the "
                            "file is. Save it as CSV UTF-8.")
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise WorkbookError(f"{path.name} row {_row_of(error.start, data)}: neither UTF-8 nor cp1252. Save it as "
                            "CSV UTF-8.") from error


def _row_of(at: int, data: bytes) -> int:
    return sum(1 for _ in csv.reader(_texts(data[:at] + b"x")))


def _texts(data: bytes, start: int = 0) -> Iterator[str]:
    for line in _LINE.finditer(data, start):
        yield line[0].decode("utf-8", errors="replace")


def _header(data: bytes, path: Path, *, delimiter: str | None, quote: str, skip: int,
            known: Collection[str]) -> _Header:
    start = 0
    while data.startswith(codecs.BOM_UTF8, start):
        start += len(codecs.BOM_UTF8)
    declared = None if skip else _EXCEL_DELIMITER.fullmatch(next(_texts(data, start), ""))
    n_before = 1 if declared else skip
    for line in islice(_LINE.finditer(data, start), n_before):
        start = line.end()
    delimiters = (delimiter,) if delimiter else (declared[1],) if declared else DELIMITERS
    names = {column_name(name): name for name in known}
    splits = [_split(data, start, delimiter=mark, quote=quote) for mark in delimiters]
    header = max(splits, key=lambda split: (sum(column_name(cell) in names for cell in split.cells), len(split.cells)))
    if not header.cells or (header.row > 1 and all(_NUMBER.fullmatch(name) for name in header.names)):
        raise WorkbookError(f"{path.name}: no header row. Write the column names in the first row.")
    header = header._replace(cells=[names.get(column_name(cell), cell) for cell in header.cells],
                             row=n_before + header.row)
    return header


def _split(data: bytes, start: int, *, delimiter: str, quote: str) -> _Header:
    """Split the first row that is not empty; no cells where there is none, or one too long for a header."""
    end = start

    def lines() -> Iterator[str]:
        nonlocal end
        for line in _LINE.finditer(data, start):
            end = line.end()
            yield line[0].decode("utf-8")

    begin = start
    try:
        for row, cells in enumerate(csv.reader(lines(), delimiter=delimiter, quotechar=quote), 1):
            if any(cell.strip(string.whitespace + "".join(DELIMITERS)) for cell in cells):
                return _Header(cells, begin, end, row, delimiter)
            begin = end
    except csv.Error:
        pass
    return _Header([], start, end, 1, delimiter)


def _numbered(names: list[str]) -> list[str]:
    keys = [name.lower() for name in names]
    return [f"{name}_{before}" if (before := keys[:at].count(keys[at])) and name.strip() else name
            for at, name in enumerate(names)]


def _check_names(header: _Header, path: Path) -> None:
    if len(header.cells) > _COLUMNS:
        raise WorkbookError(f"{path.name}: {len(header.cells):,} columns, allowed {_COLUMNS:,}. "
                            "Delete the empty ones, or write one row per value.")
    seen: set[str] = set()
    for at, name in enumerate(header.names):
        if not name.strip():
            raise WorkbookError(f"{path.name}: header cell {at + 1} is empty. Name the column or delete it.")
        # The engine takes names that differ only in case for the same.
        if name.lower() in seen:
            raise WorkbookError(f"{path.name}: column '{name}' stands twice. Keep one of them.")
        seen.add(name.lower())


def _parse(data: bytes, header: _Header, *, quote: str) -> _Rows:
    body = pa.py_buffer(data)[header.end:]
    # No cell can hold a null byte, so that no header cell can have such a name.
    names = [*header.names, *(f"\0{at}" for at in range(len(header.names), len(header.cells)))]
    if not body.size:
        return _Rows(pa.table({name: pa.array([], pa.string()) for name in names}), [], [])
    try:
        return _arrow_rows(body, names, delimiter=header.delimiter, quote=quote, block_size=_BLOCK)
    except pa.ArrowInvalid as error:
        if "straddling" not in str(error):
            raise
        return _arrow_rows(body, names, delimiter=header.delimiter, quote=quote, block_size=body.size)


def _arrow_rows(body: pa.Buffer, names: list[str], *, delimiter: str, quote: str, block_size: int) -> _Rows:
    set_aside: list[tuple[int, str]] = []

    def handle(row: arrow_csv.InvalidRow) -> str:
        set_aside.append((int(row.number), str(row.text)))
        return "skip"

    # One thread, because only then does Arrow number the rows it hands over.
    cells = arrow_csv.read_csv(
        pa.BufferReader(body),
        read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=block_size),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter, quote_char=quote, newlines_in_values=True, ignore_empty_lines=False,
            invalid_row_handler=handle,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""],
            quoted_strings_can_be_null=True,
        ),
    )
    gone = {place for place, _ in set_aside}
    places = range(1, 1 + cells.num_rows + len(gone))
    return _Rows(cells, [place for place in places if place not in gone] if gone else places, set_aside)


def _refuse_open_quote(data: bytes, path: Path, header: _Header, *, quote: str, parsed: _Rows) -> None:
    """Refuse an opening quote without its end, which would swallow every row behind it."""
    if data.count(quote.encode()) % 2 == 0 and not _last_row_spans_lines(parsed):
        return
    end = "end of file"
    limit = csv.field_size_limit()
    csv.field_size_limit(max(limit, len(data) + len(end)))
    rows = csv.reader(chain(_texts(data, header.start), [end]), delimiter=header.delimiter, quotechar=quote)
    try:
        row, last = deque(enumerate(rows, header.row), maxlen=1).pop()
    finally:
        csv.field_size_limit(limit)
    # A line behind the last one is a row of its own unless a quote is open.
    if last != [end]:
        raise WorkbookError(f"{path.name} row {row}: a quote opens and never closes. Close or delete it.")


def _last_row_spans_lines(parsed: _Rows) -> bool:
    cells = [str(value) for row in parsed.cells.slice(max(parsed.cells.num_rows - 1, 0)).to_pylist()
             for value in row.values()]
    return any(mark in text for text in (*cells, *(text for _, text in parsed.set_aside[-1:])) for mark in "\r\n")


def _fitting(parsed: _Rows, header: _Header, *, quote: str) -> tuple[_Rows, tuple[tuple[int, str], ...]]:
    """Take back the rows set aside for cells that are all empty behind the last name; the others are ragged."""
    n_named, back, ragged = len(header.names), {}, []
    for place, text in parsed.set_aside:
        cells = _cells(text, delimiter=header.delimiter, quote=quote)
        if any(cells[n_named:]) or (len(cells) < n_named and any(cells)):
            ragged.append((header.row + place, text))
        elif any(cells):
            back[place] = cells[:n_named]
    if not back:
        return parsed, tuple(ragged)
    columns = [pa.array([cells[at] or None for cells in back.values()], pa.string()) for at in range(n_named)]
    columns += [pa.nulls(len(back), pa.string())] * (len(header.cells) - n_named)
    cells = pa.concat_tables([parsed.cells, pa.table(columns, names=parsed.cells.column_names)])
    places = [*parsed.places, *back]
    order = sorted(range(len(places)), key=places.__getitem__)
    return _Rows(cells.take(order), [places[at] for at in order], []), tuple(ragged)


def _cells(text: str, *, delimiter: str, quote: str) -> list[str]:
    try:
        row = next(csv.reader([text], delimiter=delimiter, quotechar=quote), [])
    except csv.Error:
        return [text]
    return [cell if cell.strip() else "" for cell in row]


def _refuse_long_cells(cells: pa.Table, rows: list[int], path: Path) -> None:
    for name, column in zip(cells.column_names, cells.columns, strict=True):
        longest = pc.max(pc.binary_length(column)).as_py() or 0
        if longest > _CELL_BYTES:
            row = rows[pc.index(pc.binary_length(column), longest).as_py()]
            raise WorkbookError(
                f"{path.name} row {row}: column '{name.lstrip(chr(0))}' holds a cell of {longest / 1e6:.1f} MB, "
                "allowed 1 MB. Close a quote before it, or shorten it.")


def _named_columns(cells: pa.Table, rows: list[int], path: Path, *, n_named: int) -> pa.Table:
    for at in range(n_named, cells.num_columns):
        first = pc.index(_blank(cells.column(at)), False).as_py()
        if first >= 0:
            raise WorkbookError(f"{path.name}: header cell {at + 1} is empty, but row {rows[first]} holds "
                                f"'{cells.column(at)[first].as_py()[:60]}' there. Name the column or delete it.")
    return cells.select(range(n_named))


def _blank(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), True)


def _filled_rows(cells: pa.Table) -> pa.ChunkedArray:
    empty = _blank(cells.column(0))
    for column in cells.columns[1:]:
        if not pc.any(empty, min_count=0).as_py():
            break
        empty = pc.and_(empty, _blank(column))
    return pc.invert(empty)
