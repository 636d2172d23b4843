"""Read one sheet of an Excel file as text, as :mod:`pmlib.readers` reads a CSV file; nothing is sniffed."""

from __future__ import annotations

import datetime as dt
import posixpath
import re
import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat
from zipfile import ZipFile, is_zipfile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pmlib.errors import WorkbookError, did_you_mean
from pmlib.schema.definition import column_name

HEADER_ROWS, MERGED_ROWS = 30, 2
MAX_CELLS, MAX_TEXT = 50_000_000, 32_767
MAX_PARTS, MAX_BYTES = 2_000, 2 << 30
#: A part above this size that shrinks by more than this factor is no table of a person's.
LARGE_PART, MAX_RATIO = 20 << 20, 200

_SAVE_AGAIN = "Open it in Excel, save it as Excel Workbook (.xlsx) and read that."
_PLACE = re.compile(rb'r="([A-Za-z]+)(\d+)"')
# What the fast engine shows as empty or rounds, besides error values, which begin with #: a formula without a value,
# and a whole number beyond 2**53.
_NO_VALUE = re.compile(rb"<(?:/f|f\b[^<>]*/)>\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
_LONG_NUMBER = re.compile(rb"<v>-?\d{16}")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")

Row = tuple[int, list[Any]]
Line = tuple[int, list[str | None], list[bool]]


@dataclass(frozen=True, eq=False, kw_only=True)
class SheetText:
    """A sheet as text: every cell a string or missing.

    Attributes
    ----------
    cells : pyarrow.Table
        One string column per named header cell; wholly empty rows left out.
    rows : list of int
        Row of the sheet, as Excel numbers it, for each row of ``cells``.
    letters : dict of str to str
        Column name to Excel's letter, so that a message can say ``Projects!F14``.
    sheet : str
        The sheet's name as written.
    notes : list of str
        What stays unread, and where.
    typed : dict of str to array of bool, (n_rows,)
        True where the sheet holds a number, date or flag and no text; columns without any are left out.
    """

    cells: pa.Table
    rows: list[int]
    letters: dict[str, str]
    sheet: str
    notes: list[str]
    typed: dict[str, np.ndarray]

    def __repr__(self) -> str:
        return f"<SheetText: {self.sheet}; {self.cells.num_rows:,} rows, {self.cells.num_columns} columns>"


def sheet_names(path: Path) -> list[str]:
    """List the worksheets of a file in its order, hidden ones too; chart sheets are left out.

    Raises
    ------
    WorkbookError
        The file is no readable ``.xlsx``.
    """
    with _plain_words(path.name), _open(path) as archive:
        return list(_sheet_parts(archive, path))


def read_sheet(path: Path, sheet: str, *, known: Collection[str]) -> SheetText:
    """Read a sheet as text below the row that names most of the known columns.

    Parameters
    ----------
    path : Path
        An ``.xlsx`` file.
    sheet : str
        Name of the sheet; case does not matter.
    known : collection of str
        The schema's column names of the table. "Project ID" and "project-id" are ``project_id``.

    Returns
    -------
    SheetText
        Dates as ``YYYY-MM-DD``, whole numbers without a point, flags as true or false; an error
        cell as Excel shows it, and a formula that was never calculated as its formula: neither is
        taken for an empty cell.

    Raises
    ------
    WorkbookError
        The file or sheet cannot be read, or names no known column.
    """
    with _plain_words(f"{path.name} sheet '{sheet}'"), _open(path) as archive:
        parts = _sheet_parts(archive, path)
        name = next((name for name in parts if name.strip().casefold() == sheet.strip().casefold()), "")
        if not name:
            raise WorkbookError(f"{path.name}: no sheet '{sheet}'. {did_you_mean(sheet, parts)}")
        for part in set(archive.namelist()) - set(parts.values()):
            if part.startswith("xl/"):
                deque(_chunks(archive, part), maxlen=0)
        rows = _calamine_rows(path, name) if _is_plain(archive, parts[name]) else None
        return _read(rows or _openpyxl_rows(archive, parts[name]), path, name, known)


def _read(rows: Iterator[Row], path: Path, sheet: str, known: Collection[str]) -> SheetText:
    head: list[Row] = []
    for row in rows:
        head.append(row)
        if row[0] >= HEADER_ROWS:
            break
    at, header = _header(head, known, f"{path.name} sheet '{sheet}'")
    where = f"{path.name}: {sheet}"
    _refuse_twins(header, at, where)
    unnamed: set[int] = set()
    lines = _lines(chain((row for row in head if row[0] > at), rows), list(header), unnamed)
    table, numbers, typed = _columns(lines, list(header.values()))
    letters = {name: _letter(place) for place, name in header.items()}
    _refuse_long(table, numbers, letters, where)
    notes = [f"{where}!{_letter(place)}{at}: the column has no name and stays unread" for place in sorted(unnamed)]
    return SheetText(cells=table, rows=numbers, letters=letters, sheet=sheet, notes=notes, typed=typed)


def _header(head: list[Row], known: Collection[str], where: str) -> tuple[int, dict[int, str]]:
    """Find the header: its row, and the column name at each place."""
    best: dict[int, str] = {}
    row, most = 0, 0
    texts = [(number, [_text(cell) or "" for cell in cells]) for number, cells in head]
    for at, (number, line) in enumerate(texts):
        # A header merged over rows stands in the uppermost of them.
        above = [cells for upper, cells in texts[max(at - MERGED_ROWS, 0):at] if upper >= number - MERGED_ROWS]
        names = {place: name if (name := column_name(text)) in known else text
                 for place, text in enumerate(line) if text}
        for place in set(range(max(map(len, [line, *above])))) - set(names):
            text = next((cells[place] for cells in reversed(above) if place < len(cells) and cells[place]), "")
            if (name := column_name(text)) in known:
                names[place] = name
        hits = sum(name in known for name in names.values())
        if hits > most:
            best, row, most = dict(sorted(names.items())), number, hits
    if not most:
        raise WorkbookError(f"{where}: no header row in the first {HEADER_ROWS} rows. Name the columns there, such as "
                            f"{', '.join(islice(known, 6))}.")
    return row, best


def _refuse_twins(header: dict[int, str], row: int, where: str) -> None:
    seen: dict[str, int] = {}
    for place, name in header.items():
        if (first := seen.setdefault(column_name(name), place)) != place:
            raise WorkbookError(f"{where}!{_letter(first)}{row} and {where.partition(': ')[2]}!{_letter(place)}{row} "
                                f"both name column '{name}'. Keep one of them.")


def _lines(rows: Iterator[Row], places: list[int], unnamed: set[int]) -> Iterator[Line]:
    """Texts at the named places, row by row; places without a name that hold something join ``unnamed``."""
    right, area = max(places) + 1, 0
    gaps = sorted(set(range(right)) - set(places))
    for number, cells in rows:
        width = len(cells)
        area += max(width, len(places))
        if area > MAX_CELLS:
            raise ValueError(f"more than {MAX_CELLS:,} cells: bring this table as Parquet or CSV")
        named = [cells[place] if place < width else None for place in places]
        line = [_text(cell) for cell in named]
        unnamed.update(place for place in chain(gaps, range(right, width)) if place < width and _text(cells[place]))
        if line.count(None) < len(line):
            yield number, line, [cell is not None and type(cell) is not str for cell in named]


def _columns(lines: Iterator[Line], names: list[str]) -> tuple[pa.Table, list[int], dict[str, np.ndarray]]:
    schema = pa.schema([(name, pa.string()) for name in names])
    numbers: list[int] = []
    batches, typed = [], [np.empty((0, len(names)), dtype=bool)]
    while block := list(islice(lines, 1 << 16)):
        rows, texts, kinds = zip(*block, strict=True)
        numbers.extend(rows)
        typed.append(np.array(kinds, dtype=bool))
        arrays = [pa.array(column, pa.string()) for column in zip(*texts, strict=True)]
        batches.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
    flags = zip(names, np.concatenate(typed).T, strict=True)
    return pa.Table.from_batches(batches, schema=schema), numbers, {name: found for name, found in flags if found.any()}


def _refuse_long(table: pa.Table, rows: list[int], letters: dict[str, str], where: str) -> None:
    for name in table.column_names:
        long = pc.greater(pc.utf8_length(table[name]), MAX_TEXT)
        if (at := pc.index(long, True).as_py()) >= 0:
            raise WorkbookError(f"{where}!{letters[name]}{rows[at]}: a text longer than {MAX_TEXT:,} characters. "
                                "Shorten it.")


def _letter(place: int) -> str:
    before, last = divmod(place, 26)
    return (_letter(before - 1) if before else "") + chr(65 + last)


def _text(cell: object) -> str | None:
    """Write a cell as text that casts back to the same value; None where it is empty."""
    return _WRITE.get(type(cell), str)(cell) or None


def _float_text(cell: float) -> str:
    return str(int(cell)) if abs(cell) < 1 << 53 and cell.is_integer() else repr(cell)


def _datetime_text(cell: dt.datetime) -> str:
    # Excel counts in days: 12:00 may come back as 11:59:59.9999.
    return (cell + dt.timedelta(seconds=0.5)).isoformat(" ", "seconds").removesuffix(" 00:00:00")


_WRITE: dict[type, Callable[[Any], str]] = {
    str: str.strip,
    float: _float_text,
    bool: lambda cell: "true" if cell else "false",
    type(None): lambda _: "",
    dt.datetime: _datetime_text,
    dt.date: dt.date.isoformat,
    dt.timedelta: lambda cell: str(dt.timedelta(seconds=round(cell.total_seconds()))),
    dt.time: lambda cell: cell.isoformat("seconds"),
}


@contextmanager
def _plain_words(where: str) -> Iterator[None]:
    """Turn whatever a library raises into one error that names file and sheet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except WorkbookError:
        raise
    except Exception as error:
        cause = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise WorkbookError(f"{where}: cannot be read ({cause}). Close it in Excel if it is open there, save it as "
                            "Excel Workbook (.xlsx) and try again.") from error


def _open(path: Path) -> ZipFile:
    if not path.is_file():
        raise WorkbookError(f"{path.name}: no such file. Give the path of an .xlsx file.")
    with path.open("rb") as file:
        if file.read(8) == bytes.fromhex("d0cf11e0a1b11ae1"):
            raise WorkbookError(f"{path.name}: protected by a password, or an old .xls. Save it as Excel Workbook "
                                "(.xlsx) without a password.")
    if not is_zipfile(path):
        raise WorkbookError(f"{path.name}: no Excel file, or only a part of one. {_SAVE_AGAIN}")
    archive = ZipFile(path)
    parts = archive.infolist()
    bomb = any(part.file_size > LARGE_PART and part.file_size > MAX_RATIO * part.compress_size for part in parts)
    if bomb or len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_BYTES:
        archive.close()
        raise WorkbookError(f"{path.name}: too large, or too many parts, once unpacked. Bring it as Parquet or CSV.")
    return archive


def _sheet_parts(archive: ZipFile, path: Path) -> dict[str, str]:
    """Map each worksheet to its part of the archive."""
    book = next((target for kind, target in _relations(archive, "").values() if kind == "officeDocument"), "")
    if book not in archive.NameToInfo:
        raise WorkbookError(f"{path.name}: no workbook inside. {_SAVE_AGAIN}")
    root = ElementTree.fromstring(archive.read(book))
    if "purl.oclc.org" in root.tag:
        raise WorkbookError(f"{path.name}: a Strict Open XML file. {_SAVE_AGAIN}")
    relations = _relations(archive, book)
    found = {sheet.attrib["name"]: relations[next(sheet.attrib[key] for key in sheet.attrib if key.endswith("}id"))]
             for sheet in root.iterfind("{*}sheets/{*}sheet")}
    parts = {name: target for name, (kind, target) in found.items() if kind == "worksheet"}
    if not parts:
        raise WorkbookError(f"{path.name}: no worksheet inside. {_SAVE_AGAIN}")
    return parts


def _relations(archive: ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Kind and target of each relation of a part, by id."""
    folder, name = posixpath.split(part)
    root = ElementTree.fromstring(archive.read(posixpath.join(folder, "_rels", f"{name}.rels")))
    return {one.attrib["Id"]: (posixpath.basename(one.attrib["Type"]),
                               posixpath.normpath(posixpath.join("/", folder, one.attrib["Target"])).lstrip("/"))
            for one in root}


def _is_plain(archive: ZipFile, part: str) -> bool:
    """Whether the fast engine reads a sheet rightly and in bounded memory; what is written unusually is not sure."""
    usual, last, right = False, 0, 0
    for piece in _pieces(archive, part):
        places = _PLACE.findall(piece)
        rows = [last, *(int(row) for _, row in places)]
        last = max(rows)
        right = max(right, *map(_place, {letters for letters, _ in places}), 0)
        usual = usual or b"<sheetData" in piece
        if (rows != sorted(rows) or len(places) != piece.count(b"<c ") + piece.count(b"<c>") or b"<v>#" in piece
                or _LONG_NUMBER.search(piece) or (b"<f" in piece and _NO_VALUE.search(piece))):
            return False
    return usual and last * right <= MAX_CELLS


def _pieces(archive: ZipFile, part: str) -> Iterator[bytes]:
    """Cut a sheet before a row, so that no cell is torn."""
    rest = b""
    for chunk in _chunks(archive, part):
        text = rest + chunk
        cut = max(text.rfind(b"<row"), 0) or len(text)
        yield text[:cut]
        rest = text[cut:]
    yield rest


def _chunks(archive: ZipFile, part: str) -> Iterator[bytes]:
    """Unpack a part piece by piece; a directory that lies about its size is found, and XML that is not well-formed."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    check = parser.Parse if part.endswith((".xml", ".rels")) else lambda *_: None
    with archive.open(part) as source:
        while chunk := source.read(1 << 20):
            check(chunk)
            yield chunk
    check(b"", True)


def _refuse_doctype(*_: object) -> None:
    raise ValueError("it declares a document type, as Excel never does")


def _place(letters: bytes) -> int:
    return sum((byte - 64) * 26**power for power, byte in enumerate(reversed(letters.upper()[:8])))


def _calamine_rows(path: Path, sheet: str) -> Iterator[Row] | None:
    """Rows by the fast engine; None where it is not installed or gives up, so that it never makes less readable."""
    try:
        import python_calamine

        with python_calamine.CalamineWorkbook.from_path(path) as book:
            read = book.get_sheet_by_name(sheet)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # a panic of the engine is no Exception
        return None
    left = [None] * (read.start[1] if read.start else 0)
    return ((number, left + row) for number, row in enumerate(read.iter_rows(), start=1))


def _openpyxl_rows(archive: ZipFile, part: str) -> Iterator[Row]:
    """Rows by openpyxl's parser of one row: its read-only sheets lose rows that stand in disorder."""
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.styles.stylesheet import apply_stylesheet
    from openpyxl.worksheet._reader import DATA_TAG, ROW_TAG, WorkSheetParser

    with open(str(archive.filename), "rb") as file, archive.open(part) as source:
        reader: Any = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
        reader.read_manifest()
        reader.read_strings()
        reader.read_workbook()
        apply_stylesheet(reader.archive, reader.wb)
        parser = WorkSheetParser(source, reader.shared_strings, data_only=True, epoch=reader.wb.epoch,
                                 date_formats=reader.wb._date_formats, timedelta_formats=reader.wb._timedelta_formats)
        last = 0
        for _, element in ElementTree.iterparse(source):
            if element.tag == ROW_TAG:
                number, cells = parser.parse_row(element)  # type: ignore[arg-type]
                if number <= last:
                    raise ValueError(f"row {number} stands below row {last}")
                last = number
                values = {cell["column"]: _settled(cell["value"], xml, reader.wb.epoch)
                          for cell, xml in zip(cells, element, strict=True) if cell["value"] is not None or len(xml)}
                yield number, [values.get(place) for place in range(1, max(values, default=0) + 1)]
                element.clear()
            elif element.tag == DATA_TAG:
                return


def _settled(value: Any, cell: ElementTree.Element, epoch: dt.datetime) -> Any:
    if isinstance(value, str):
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    # Excel has no days before its first one: the fast engine leaves the time of day, which is no date either.
    if isinstance(value, dt.datetime) and value < epoch:
        return value.time()
    formula = cell.find("{*}f") if value is None else None
    calculated = formula is None or (cell.get("t") == "str" and cell.find("{*}v") is not None)
    # A formula never calculated, taken for empty, would silently become a default.
    return value if calculated or formula is None else f"={formula.text or '...'}"
