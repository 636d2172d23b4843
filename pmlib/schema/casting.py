"""From text or foreign types to the schema's types; what does not fit is marked, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pandas as pd

from pmlib.schema.definition import Column, Kind

YES, NO = ("true", "yes", "y", "1", "1.0"), ("false", "no", "n", "0", "0.0")
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
MONTH = r"([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-(0[1-9]|1[0-2])"
#: What a spreadsheet leaves where it could not calculate, formulas, and characters no text has.
NO_TEXT = r"^#(?:REF!|DIV/0!|VALUE!|NAME\?|N/A|NULL!|NUM!|SPILL!|CALC!)$|^=[\w(+\-@]|[\x00-\x08\x0b\x0c\x0e-\x1f]"
DAY = MONTH + r"-(0[1-9]|[12][0-9]|3[01])(?:[ T]00:00(?::00(?:\.0+)?)?)?"

REMEDY = {
    Kind.NUMBER: "Write a plain number with a decimal point and no thousands separator.",
    Kind.INTEGER: "Write a whole number.",
    Kind.MONTH: "Write the month as, say, 2025-12.",
    Kind.DATE: "Write the date as, say, 2025-12-31.",
    Kind.FLAG: "Write true or false.",
    Kind.TEXT: "Write text.",
}


def cast(cells: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    """Cast one column and say which cells do not fit.

    Parameters
    ----------
    cells : Series of shape (n_rows,)
        Text (empty cells missing), or a foreign type from Parquet or a database.
    column : Column
        Its definition.

    Returns
    -------
    values : Series of shape (n_rows,)
        In the schema's type; missing where empty or bad.
    bad : Series of bool, shape (n_rows,)
        Cells that hold something, but nothing of this kind.
    """
    is_text = isinstance(cells.dtype, pd.StringDtype)
    text = cells.str.strip() if is_text else cells.map(_plain_text, na_action="ignore").astype("str")
    text = text.mask(text == "")
    values = _CASTS[column.kind](text)
    return values, values.isna() & text.notna()


def empty(n_rows: int, column: Column) -> pd.Series:
    """Return a column of ``n_rows`` missing values in the schema's type."""
    return _CASTS[column.kind](pd.Series([None] * n_rows, dtype="str"))


def fill(values: pd.Series, column: Column) -> pd.Series:
    """Put the column's default into empty cells."""
    if column.default is None:
        return values
    text = column.kind is Kind.TEXT
    return values.fillna(column.default if text else cast(pd.Series([column.default]), column)[0].iloc[0])


def plain(values: pd.Series, column: Column) -> pd.Series:
    """Take the plain numpy type where nothing may stay empty."""
    if column.nullable:
        return values
    if column.kind is Kind.FLAG:
        return values.astype("bool")
    return values.astype("int64") if column.kind in (Kind.INTEGER, Kind.MONTH) else values


def _plain_text(cell: object) -> str:
    # 12.0 in an id column is Excel's or a database's 12: the key must not depend on the file format.
    if isinstance(cell, float | np.floating | Decimal) and abs(float(cell)) < 2**53 and cell % 1 == 0:
        return str(int(cell))
    if isinstance(cell, pd.Timestamp):
        return str(cell.tz_localize(None))
    return str(cell).strip()


def _numbers(text: pd.Series) -> pd.Series:
    fits = text.str.fullmatch(NUMBER).fillna(False).astype(bool)
    values = pd.to_numeric(text.where(fits), errors="coerce").astype("float64")
    return values.where(np.isfinite(values))


def _integers(text: pd.Series) -> pd.Series:
    values = _numbers(text)
    return values.where((values % 1 == 0) & (values.abs() < 2**53)).astype("Int64")


def _months(text: pd.Series) -> pd.Series:
    parts = text.str.extract(f"^(?:{MONTH})(?:-(?:0[1-9]|[12][0-9]|3[01])(?:[ T]00:00(?::00(?:\\.0+)?)?)?)?$")
    months: pd.Series = parts[0].astype("Int64") * 12 + parts[1].astype("Int64")
    return months


def _dates(text: pd.Series) -> pd.Series:
    days = text.str.extract(f"^({DAY})$")[0].str.slice(0, 10)
    dates: pd.Series = pd.to_datetime(days, format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")
    return dates


def _flags(text: pd.Series) -> pd.Series:
    lower = text.str.lower()
    return lower.map(dict.fromkeys(YES, True) | dict.fromkeys(NO, False)).astype("boolean")


_CASTS: dict[Kind, Callable[[pd.Series], pd.Series]] = {
    Kind.TEXT: lambda text: text.mask(text.str.contains(NO_TEXT).fillna(False).astype(bool)),
    Kind.NUMBER: _numbers,
    Kind.INTEGER: _integers,
    Kind.MONTH: _months,
    Kind.DATE: _dates,
    Kind.FLAG: _flags,
}
