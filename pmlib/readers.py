"""Read foreign files: CSV decoded by Python and kept as text, Parquet as it is; hash what was read."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv

from pmlib.errors import WorkbookError

ENDINGS = (".csv", ".parquet")


@dataclass(frozen=True, eq=False, kw_only=True)
class CsvText:
    """A CSV file as text: every cell a string or missing.

    Attributes
    ----------
    cells : pyarrow.Table
        One string column per header cell; wholly empty rows left out.
    rows : list of int
        Row of the file for each row of ``cells``; the header is row 1.
    ragged : tuple of (int, str)
        Rows with too few or too many cells, which ``cells`` cannot hold: row and its text.
    """

    cells: pa.Table
    rows: list[int]
    ragged: tuple[tuple[int, str], ...] = field(default=())


def read_csv(path: Path, *, delimiter: str = ",", quote: str = '"', skip: int = 0) -> CsvText:
    """Read a CSV file as text, in UTF-8 with or without BOM, else in cp1252.

    Types are never sniffed: 03.04.2025 and 1.234,5 mean different things in different offices.

    Raises
    ------
    WorkbookError
        The file is empty, or a header cell is empty or stands twice.
    """
    data = decode(path).encode("utf-8")
    header = _header(data, path, delimiter=delimiter, quote=quote, skip=skip)
    _refuse_open_quote(data, path, delimiter=delimiter, quote=quote)
    ragged: list[tuple[int, str]] = []

    def set_aside(row: arrow_csv.InvalidRow) -> str:
        ragged.append((int(row.number), str(row.text)))
        return "skip"

    # One thread, because only then does Arrow number the rows it hands over.
    cells = arrow_csv.read_csv(
        io.BytesIO(data),
        read_options=arrow_csv.ReadOptions(
            use_threads=False, skip_rows=skip, skip_rows_after_names=1, column_names=header,
            block_size=max(1 << 20, len(data)),
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter, quote_char=quote, newlines_in_values=True, ignore_empty_lines=False,
            invalid_row_handler=set_aside,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=True, null_values=[""],
            quoted_strings_can_be_null=True,
        ),
    )
    gone = {row for row, _ in ragged}
    rows = [row for row in range(2, 2 + cells.num_rows + len(gone)) if row not in gone]
    empty = _empty_rows(cells)
    if empty:
        keep = [at for at in range(cells.num_rows) if at not in empty]
        cells, rows = cells.take(keep), [rows[at] for at in keep]
    return CsvText(cells=cells, rows=rows, ragged=tuple((row, text) for row, text in ragged if text.strip(", ;\t\r\n")))


def decode(path: Path) -> str:
    """Decode a text file: UTF-8 with or without BOM, else cp1252 as Excel writes it.

    Raises
    ------
    WorkbookError
        The file is in UTF-16.
    """
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise WorkbookError(f"{path.name}: encoding UTF-16, allowed UTF-8 and cp1252. Save it as CSV UTF-8.")
    try:
        return data.decode("utf-8").lstrip("\ufeff")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def sha256(*paths: Path) -> str:
    """Hash files in the order given, so that a report can say what it read."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _header(data: bytes, path: Path, *, delimiter: str, quote: str, skip: int) -> list[str]:
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    for _ in range(skip):
        lines.readline()
    header = next(csv.reader(lines, delimiter=delimiter, quotechar=quote), [])
    if not any(header):
        raise WorkbookError(f"{path.name}: no header row. Write the column names in the first row.")
    for at, name in enumerate(header):
        if not name.strip():
            raise WorkbookError(f"{path.name}: header cell {at + 1} is empty. Name the column or delete it.")
        # The engine takes names that differ only in case for the same.
        if name.lower() in (other.lower() for other in header[:at]):
            raise WorkbookError(f"{path.name}: column '{name}' stands twice. Keep one of them.")
    return header


def _refuse_open_quote(data: bytes, path: Path, *, delimiter: str, quote: str) -> None:
    """Refuse an opening quote without its end, which would swallow every row behind it."""
    if data.count(quote.encode()) % 2 == 0:
        return
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    rows = csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)
    last = 0
    try:
        for _ in rows:
            last = rows.line_num
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise WorkbookError(
                f"{path.name} row {last + 1}: a quote opens and never closes. Close or delete it.") from error


def _empty_rows(cells: pa.Table) -> set[int]:
    if not cells.num_rows or cells.column(0).null_count == 0:
        return set()
    first = cells.column(0).is_null().to_pylist()
    candidates = [at for at, null in enumerate(first) if null]
    return {at for at in candidates if all(column[at].as_py() is None for column in cells.columns)}
