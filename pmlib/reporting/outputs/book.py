"""A workbook written row by row: typed cells, few styles, and the same bytes every time."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from pmlib.reporting.outputs.cells import Plain, cut_text, legal_text

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.styles.cell_style import StyleArray

#: A sheet that takes rows and keeps none; the stubs lack most of what it has.
Sheet = Any
# What a spreadsheet takes for the start of a formula, or of one it has not seen yet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# The day archives begin with: a file must hold one, and the day of writing would change its bytes.
_NO_TIME = dt.datetime(1980, 1, 1)
_ACCENT = "0072B2"


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a cell is shown; as a link, its text is the name of the sheet it leads to."""

    format: str = "General"
    bold: bool = False
    wrap: bool = False
    link: bool = False
    quote: bool = False
    size: float = 11


_USUAL = Look()


class Book:
    """One workbook; a sheet of any length takes little memory, because its rows go to the disk at once.

    Text is text whatever it begins with, and a number keeps its last digit.

    Attributes
    ----------
    title : str
    texts_cut : int
        So many texts were longer than a cell and were cut.
    """

    def __init__(self, title: str) -> None:
        from openpyxl import Workbook

        self.title, self.texts_cut = title or "Report", 0
        self._book = Workbook(write_only=True)
        about = self._book.properties
        about.creator, about.title, about.created, about.modified = "pmlib", legal_text(self.title), _NO_TIME, _NO_TIME
        self._styles: dict[Look, StyleArray | None] = {_USUAL: None}

    def add_sheet(self, name: str) -> Sheet:
        """Add a sheet behind the others; close it when its last row is in."""
        return self._book.create_sheet(name)

    def save(self, path: Path) -> None:
        """Write the file, with nothing of the clock in it."""
        from openpyxl.writer.excel import ExcelWriter

        with _Undated(path, "w", ZIP_DEFLATED) as archive:
            ExcelWriter(self._book, archive).write_data()

    def add_row(self, sheet: Sheet, values: Iterable[Plain], looks: Iterable[Look] = ()) -> None:
        """Write the next row; cells beyond the last look have the usual one."""
        sheet.append([self._cell(sheet, *pair) for pair in zip(values, chain(looks, repeat(_USUAL)), strict=False)])

    def _cell(self, sheet: Sheet, value: Plain, look: Look) -> Cell | None:
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return self._text(sheet, value, look)
        # Written out in full here: openpyxl stops at 16 digits, and some numbers need 17.
        written, kind = (repr(value), "n") if isinstance(value, float) else (value, None)
        return self._typed(sheet, written, look, kind)

    def _text(self, sheet: Sheet, value: str, look: Look) -> Cell:
        from openpyxl.worksheet.hyperlink import Hyperlink

        legal = legal_text(value)
        text = cut_text(legal)
        self.texts_cut += text is not legal
        shown = replace(look, quote=True) if value.startswith(_FORMULA) else look
        # Said, not guessed: a guess would make formulas and errors of texts.
        cell = self._typed(sheet, text, shown, "s")
        if look.link:
            quoted = value.replace("'", "''")
            cell.hyperlink = Hyperlink(ref="A1", location=f"'{quoted}'!A1")
        return cell

    def _typed(self, sheet: Sheet, written: Plain, look: Look, kind: str | None) -> Cell:
        from openpyxl.cell import Cell

        cell = Cell(sheet, 1, 1, written, self._style(sheet, look))
        cell.data_type = kind or cell.data_type
        return cell

    def _style(self, sheet: Sheet, look: Look) -> StyleArray | None:
        if look not in self._styles:
            self._styles[look] = _style(sheet, look)
        return self._styles[look]


def _style(sheet: Sheet, look: Look) -> StyleArray:
    from openpyxl.cell import Cell
    from openpyxl.styles import Alignment, Font

    cell: Any = Cell(sheet, 1, 1)
    cell.number_format, cell.quotePrefix = look.format, look.quote
    cell.font = Font(name="Calibri", size=look.size, bold=look.bold, color=_ACCENT if look.link else None,
                     underline="single" if look.link else None)
    cell.alignment = Alignment(wrap_text=look.wrap, vertical="top")
    style: StyleArray = cell._style
    return style


def set_page(sheet: Sheet, widths: Sequence[float], *, header: bool = False) -> None:
    """Set what stands before the rows in the file: column widths, the header that stays in sight, how it prints."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    if header:
        sheet.freeze_panes = "A2"
        sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


class _Undated(ZipFile):
    """An archive that says nothing of when, and on what system, it was made."""

    def writestr(self, zinfo_or_arcname: Any, data: Any, *_: Any, **__: Any) -> None:
        super().writestr(_entry(str(zinfo_or_arcname)), data)

    def write(self, filename: Any, arcname: Any = None, *_: Any, **__: Any) -> None:
        entry = _entry(str(arcname))
        entry.file_size = os.stat(filename).st_size
        with open(filename, "rb") as source, self.open(entry, "w") as sink:
            shutil.copyfileobj(source, sink)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name)
    entry.compress_type, entry.create_system, entry.external_attr = ZIP_DEFLATED, 0, 0
    return entry
