"""Write an empty Excel workbook to fill in, made from the schema."""

from __future__ import annotations

import datetime as dt
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

from pmlib.errors import WorkbookError
from pmlib.schema import TABLES, Column, Kind, Table

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell
    from openpyxl.styles import Font
    from openpyxl.worksheet.datavalidation import DataValidation
    from openpyxl.worksheet.worksheet import Worksheet

#: Sheets of a template that hold no table: how to fill it in, and lists behind drop-downs.
READ_ME, LISTS = "read me", "lists"
EXAMPLE_ROW, HEADER_ROW, FIRST_ROW = 2, 3, 4

_LAST_ROW = 20_000
_LONGEST_LIST = 255
_MADE = dt.datetime(2026, 1, 1)
_INK, _GREY, _ACCENT, _PALE, _WHITE = "1B1F24", "5B6570", "0072B2", "D9DEE3", "FFFFFF"
_WIDTHS = {"A": 20, "B": 62, "C": 40, "D": 50}

# Values that tell more than the kind of a column does; "table.column" goes before "column".
_EXAMPLES: dict[str, Any] = {
    "project_id": "P01", "product_id": "PR1", "programme_id": "G1", "customer_id": "C0001", "objective_id": "reach",
    "assessor_id": "finance", "skill": "engineering", "link_id": "L1", "risk_id": "R1", "feature_id": "F1",
    "decision_id": "D1", "recommended": "keep", "decided": "keep", "valid_from": dt.date(2026, 1, 1),
    "evidence_id": "E1", "order_id": "O1", "response_id": "A1", "respondent_id": "A1",
    "feedback_id": "B1", "test_id": "T1", "estimator_id": "finance", "owner_id": "head of sales",
    "workbook.name": "Our company", "programmes.name": "Growth", "objectives.name": "Customers reached",
    "projects.name": "Web shop", "projects.state": "running",
    "products.name": "Sensor S", "skills.name": "Engineers", "features.name": "Export",
    "floor_share": 0.1, "ceiling_share": 0.6,
    "measure": "customers, thousand", "worst": 0, "best": 100, "do_nothing": 20, "raw_level": 60, "weights.weight": 40,
    "milestone": "go live", "milestones.weight": 0.25, "year": 2026, "planned_months": 12, "gate": 1,
    "bac_k": 500, "spent_k": 120, "exit_cost_k": 30, "cost_k": 200, "capex_share": 0.4, "benefit_k": 150,
    "p10": 80, "p50": 100, "p90": 130, "person_months": 2, "capex_k": 800, "opex_k": 400, "planned_k": 60,
    "realised_k": 50, "pv_cum_k": 120, "ev_cum_k": 100, "ac_cum_k": 110, "pct_complete_reported": 20,
    "probability": 0.2, "impact_low": 10, "impact_mode": 20, "impact_high": 50, "currency": "EUR",
    "category": "sensors", "region": "north", "segment": "industry", "channel": "partner", "player": "own",
    "units": 10, "list_price": 50, "paid_price": 45, "unit_cost_eur": 20, "fixed_k": 15, "monthly_eur": 30,
    "value_k": 400, "scale_max": 10, "score": 9, "metric": "repeat purchases", "claimed_p10": 1, "claimed_p50": 2,
    "claimed_p90": 4, "estimate": 2, "standard_error": 0.5, "n": 400, "reach": 1000, "confidence": 0.8,
    "effort_pm": 3, "active_days": 12, "functional": 5, "dysfunctional": 2, "new_users": 200, "conversions": 30,
    "text": "The export is slow", "detail": "a second site", "reason": "budget is short", "prob": 0.8, "outcome": 110,
}


def write_template(path: Path) -> Path:
    """Write an empty workbook: a sheet that says how to fill it in, and one sheet per table.

    Each sheet has the table's meaning in row 1, an example in row 2, the column names in row 3 and
    data from row 4; column names carry notes, and cells lists and limits from the schema.

    Parameters
    ----------
    path : Path
        Where to write it; ends in ``.xlsx`` and does not exist yet.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    WorkbookError
        The file exists, its name ends otherwise, or it cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise WorkbookError(f"{path.name}: ends in '{path.suffix}', allowed .xlsx. Write, say, {path.stem}.xlsx.")
    if path.exists():
        raise WorkbookError(f"{path.name}: is there already and stays as it is. Choose another name.")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _save(_workbook(), beside)
        beside.rename(path)
    except OSError as error:
        raise WorkbookError(f"{path}: cannot be written ({error.strerror}). Choose a folder that exists and that you "
                            "may write to.") from error
    finally:
        beside.unlink(missing_ok=True)
    return path


def example(table: Table) -> dict[str, Any]:
    """Return the example row of a table: one value per column, None where it stays empty.

    Examples
    --------
    >>> example(TABLES["demand"])["project_id"], example(TABLES["demand"])["month"]
    ('P01', '2026-01')
    """
    return {column.name: _example(table, column) for column in table.columns}


def _example(table: Table, column: Column) -> Any:
    if column.references:
        other = TABLES[column.references]
        return None if other is table else example(other)[other.key[0]]
    say = _EXAMPLES.get(f"{table.name}.{column.name}", _EXAMPLES.get(column.name))
    if say is not None:
        return say
    if column.choices and column.default is None:
        return next(filter(None, column.choices))
    fixed = {Kind.MONTH: "2026-01", Kind.DATE: dt.date(2026, 1, 31), Kind.FLAG: False}
    if column.kind in fixed:
        return fixed[column.kind]
    if not column.required:
        return column.default if column.default != "" else None
    return f"a {column.name}" if column.kind is Kind.TEXT else max(column.low or 0, min(1, column.high or 1))


def _save(book: Workbook, path: Path) -> None:
    # Saved by the writer itself, because `Workbook.save` stamps the hour into the file.
    from openpyxl.writer.excel import ExcelWriter

    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        ExcelWriter(book, archive).save()


def _workbook() -> Workbook:
    from openpyxl import Workbook

    book = Workbook()
    book.properties.creator = "pmlib"
    book.properties.created = book.properties.modified = _MADE
    _fill_read_me(book.worksheets[0])
    lists = book.create_sheet(LISTS)
    for table in TABLES.values():
        _fill_sheet(book.create_sheet(table.name), table, lists)
    lists.sheet_state = "hidden"
    book.move_sheet(lists, len(TABLES))
    return book


def _fill_sheet(sheet: Worksheet, table: Table, lists: Worksheet) -> None:
    from openpyxl.styles import Alignment

    sheet["A1"] = f"{table.meaning}. Row {EXAMPLE_ROW} is an example and is never read; write from row {FIRST_ROW} on."
    sheet["A1"].font = _font(_INK, bold=True)
    row = example(table)
    for place, column in enumerate(table.columns, start=1):
        head = sheet.cell(HEADER_ROW, place, column.name)
        _style_header(head, column)
        shown = sheet.cell(EXAMPLE_ROW, place, row[column.name])
        shown.font, shown.alignment = _font(_GREY, italic=True), Alignment(horizontal="left")
        shown.number_format = _number_format(column)
        whole = sheet.column_dimensions[head.column_letter]
        whole.number_format = _number_format(column)
        whole.width = max(12, len(column.name) + 3, len(str(row[column.name] or "")) + 2)
        limit = _validation(column, lists)
        if limit is not None:
            limit.add(f"{head.column_letter}{FIRST_ROW}:{head.column_letter}{_LAST_ROW}")
            sheet.add_data_validation(limit)
    sheet.freeze_panes = f"A{FIRST_ROW}"
    _set_page(sheet, f"{EXAMPLE_ROW - 1}:{HEADER_ROW}")


def _style_header(cell: Cell, column: Column) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Border, PatternFill, Side

    cell.font = _font(_WHITE if column.required else _INK, bold=True)
    cell.fill = PatternFill("solid", fgColor=_ACCENT if column.required else _PALE)
    cell.border = Border(left=Side("thin", color=_WHITE), right=Side("thin", color=_WHITE))
    default = "must be filled in" if column.required else \
        f"empty means {column.default}" if column.default not in (None, "") else "may stay empty"
    lines = [column.meaning, f"Unit: {column.unit}" if column.unit else "", f"Allowed: {column.allowed}", default]
    cell.comment = Comment("\n".join(filter(None, lines)), "pmlib", width=300, height=120)


def _font(color: str, **options: Any) -> Font:
    from openpyxl.styles import Font

    return Font(name="Calibri", color=color, **options)


def _number_format(column: Column) -> str:
    # Text keeps 007 and 2026-01 from becoming a number and a date.
    return {Kind.TEXT: "@", Kind.MONTH: "@", Kind.DATE: "yyyy-mm-dd"}.get(column.kind, "General")


def _validation(column: Column, lists: Worksheet) -> DataValidation | None:
    from openpyxl.worksheet.datavalidation import DataValidation

    rule = _rule(column, lists)
    if not rule:
        return None
    # A key may be written before its row is: that list warns where the others refuse.
    return DataValidation(
        **rule, allow_blank=not column.required, showErrorMessage=True, errorTitle=column.name,
        errorStyle="warning" if column.references else "stop", error=f"Allowed: {column.allowed}."[:_LONGEST_LIST])


def _rule(column: Column, lists: Worksheet) -> Mapping[str, Any]:
    """Type and limits of a cell, in the terms of Excel; empty where anything goes."""
    if column.choices:
        return {"type": "list", "formula1": _list(column, lists)}
    if column.references:
        return _reference(TABLES[column.references])
    if column.kind is Kind.FLAG:
        return {"type": "list", "formula1": '"TRUE,FALSE"'}
    if column.kind is Kind.MONTH:
        return {"type": "textLength", "operator": "equal", "formula1": "7"}
    if column.kind is Kind.DATE:
        return {"type": "date", "operator": "greaterThanOrEqual", "formula1": "1"}
    if column.low is None and column.high is None:
        return {}
    operator = "between" if None not in (column.low, column.high) else \
        "lessThanOrEqual" if column.low is None else "greaterThanOrEqual"
    first, *second = [f"{limit:g}" for limit in (column.low, column.high) if limit is not None]
    return {"type": "whole" if column.kind is Kind.INTEGER else "decimal", "operator": operator, "formula1": first,
            **({"formula2": second[0]} if second else {})}


def _reference(other: Table) -> Mapping[str, Any]:
    from openpyxl.utils import get_column_letter

    if other.large:
        return {}
    letter = get_column_letter(other.names.index(other.key[0]) + 1)
    return {"type": "list", "formula1": f"'{other.name}'!${letter}${FIRST_ROW}:${letter}${_LAST_ROW}"}


def _list(column: Column, lists: Worksheet) -> str:
    """Write the choices into the rule, or where they do not fit there, into the hidden sheet."""
    from openpyxl.utils import get_column_letter

    choices = [choice for choice in column.choices if choice]
    inside = f'"{",".join(choices)}"'
    if len(inside) <= _LONGEST_LIST and not any(sign in choice for choice in choices for sign in ',"'):
        return inside
    place = lists.max_column + (lists.cell(1, 1).value is not None)
    for at, choice in enumerate([column.name, *choices], start=1):
        lists.cell(at, place, choice).number_format = "@"
    letter = get_column_letter(place)
    return f"'{LISTS}'!${letter}$2:${letter}${len(choices) + 1}"


def _fill_read_me(sheet: Worksheet) -> None:
    from openpyxl.styles import Alignment, PatternFill
    from openpyxl.worksheet.hyperlink import Hyperlink

    sheet.title = READ_ME
    for text in _READ_ME:
        sheet.append([text])
    sheet["A1"].font = _font(_INK, bold=True, size=16)
    sheet.append([])
    sheet.append(["sheet", "what it holds", "one row per", "must be filled in"])
    for cell in sheet[sheet.max_row]:
        cell.font, cell.fill = _font(_WHITE, bold=True), PatternFill("solid", fgColor=_ACCENT)
    for table in TABLES.values():
        line = [table.name, table.meaning, ", ".join(table.key), ", ".join(table.required)]
        sheet.append(line)
        for cell in sheet[sheet.max_row]:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        lines = max(math.ceil(len(text) / width) for text, width in zip(line, _WIDTHS.values(), strict=True))
        sheet.row_dimensions[sheet.max_row].height = 15 * lines
        link = sheet.cell(sheet.max_row, 1)
        link.hyperlink = Hyperlink(ref=link.coordinate, location=f"'{table.name}'!A{FIRST_ROW}")
        link.font = _font(_ACCENT, underline="single")
    for letter, width in _WIDTHS.items():
        sheet.column_dimensions[letter].width = width
    _set_page(sheet, "")


def _set_page(sheet: Worksheet, head: str) -> None:
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    footer: Any = sheet.oddFooter
    footer.center.text = "&A, page &P of &N"
    if head:
        sheet.print_title_rows = head


_READ_ME = (
    "Portfolio and product workbook",
    "Your tables, one sheet each, to be read by pmlib. No sheet is required: leave those empty that you have no data "
    "for, or delete them.",
    "1. Begin with the sheets 'workbook' (one row), 'projects' and 'products': the other sheets refer to them.",
    f"2. Write one row each from row {FIRST_ROW} on. The grey row {EXAMPLE_ROW} is an example and is never read.",
    "3. Fill in the columns with a blue heading; the others may stay empty. A heading's note says what belongs below.",
    "4. Months are text such as 2026-01, shares 0 to 1, money in thousands of one currency. Ids must agree everywhere.",
    "5. Save, and check: python3 run.py check my.xlsx names every cell that needs mending.",
    "More on every column: data/README.md. Tables above 100,000 rows are better brought as CSV or Parquet.",
)
