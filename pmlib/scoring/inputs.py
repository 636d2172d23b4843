"""What comes from outside, as this room reads it: tables, frames, labelled numbers, single numbers."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from numbers import Real
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, ParameterError, SchemaError, did_you_mean
from pmlib.months import month_of, month_year
from pmlib.schema import TABLES, Column, Kind

T = TypeVar("T")

_NUMERIC = (Kind.NUMBER, Kind.INTEGER)
_REAL = "biuf"
#: Larger levels and weights, and larger amounts of money or coefficients, would overflow once they are squared or
#: multiplied by others; nothing that is counted comes near.
LARGEST_LEVEL, LARGEST_AMOUNT = 1e300, 1e100


def read_table(tables: Mapping[str, Any], name: str, *, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the named columns of a table, typed and with the defaults of the schema.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        A workbook, or a plain dict of frames.
    name : str
        Table of the schema.
    columns : tuple of str
        Columns wanted.

    Returns
    -------
    DataFrame
        A new frame with a fresh row index; ids are text, empty cells without default stay empty.

    Raises
    ------
    MissingTableError
        The table is absent.
    SchemaError
        A required column is absent, or a cell is no number or no allowed word.
    """
    frame = _table(tables, name).reset_index(drop=True)
    needed = tuple(column for column in columns if TABLES[name][column].required)
    refuse_columns(frame, needed, others=columns, table=name)
    cast = {column: _cast(frame, TABLES[name][column], table=name) for column in columns}
    return pd.DataFrame(cast)


def refuse_duplicates(ids: pd.Series, *, table: str, column: str) -> None:
    """Raise when an id stands in more than one row.

    Raises
    ------
    SchemaError
        Names the first id that comes twice.
    """
    twice = ids[ids.duplicated()]
    if len(twice):
        got = f"{table}: {column} {twice.iloc[0]!r} stands in {int((ids == twice.iloc[0]).sum())} rows, allowed 1."
        raise SchemaError(f"{got} Keep the newest row.")


def refuse_columns(frame: pd.DataFrame, needed: tuple[str, ...], *, others: tuple[str, ...] = (), table: str) -> None:
    """Raise when a needed column is missing, or one of them or of the others stands twice.

    Raises
    ------
    SchemaError
        Names the column, and the nearest one there is.
    """
    columns = list(frame_of(frame, what=table).columns)
    for name in needed:
        if name not in columns:
            words = did_you_mean(name, [str(label) for label in columns])
            meaning = f" ({TABLES[table][name].meaning})" if table in TABLES and name in TABLES[table].names else ""
            raise SchemaError(f"{table}: column {name!r} is missing. {words} Add it{meaning}.")
    for name in (*needed, *others):
        if columns.count(name) > 1:
            raise SchemaError(f"{table}: column {name!r} stands {columns.count(name)} times, allowed once. Keep one.")


def currency_of(tables: Mapping[str, Any]) -> str:
    """Return the currency of all money columns; EUR where the workbook does not say."""
    if "workbook" not in tables:
        return "EUR"
    column = read_table(tables, "workbook", columns=("currency",))["currency"]
    return str(column.iloc[0]) if len(column) else "EUR"


def first_year(tables: Mapping[str, Any]) -> int | None:
    """Return the calendar year in which a plan begins; None when the workbook has no date."""
    if "workbook" not in tables:
        return None
    known = read_table(tables, "workbook", columns=("as_of",))["as_of"].dropna()
    return month_year(month_of(known.iloc[0]) + 1) if len(known) else None


def listed(ids: pd.Series, *, most: int = 5) -> str:
    """Write ids as a list of at most ``most``, saying how many more there are.

    Examples
    --------
    >>> listed(pd.Series(["P1", "P2", "P3"]), most=2)
    'P1, P2 and 1 more'
    """
    names = sorted(str(project) for project in ids)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def of_kind(given: object, kind: type[T], *, what: str, remedy: str) -> T:
    """Return what is of a kind, and refuse all else before it fails somewhere inside.

    Raises
    ------
    ParameterError
        It is something else.

    Examples
    --------
    >>> of_kind([1], dict, what="weights", remedy="Name the criteria.")
    Traceback (most recent call last):
    ...
    pmlib.errors.ParameterError: weights: got a list, allowed a dict. Name the criteria.
    """
    if not isinstance(given, kind):
        raise ParameterError(f"{what}: got a {type(given).__name__}, allowed a {kind.__name__}. {remedy}")
    return given


def frame_of(given: object, *, what: str) -> pd.DataFrame:
    """Return a frame; an array or a list has no labels to go by.

    Raises
    ------
    ParameterError
        It is no DataFrame.
    """
    return of_kind(given, pd.DataFrame, what=what, remedy="Make one with pd.DataFrame, with a label for every row "
                                                          "and column.")


def labelled(given: object, *, what: str) -> Mapping[Any, Any] | pd.Series:
    """Return cells by label; a list has no labels, and a result is not its weights.

    Raises
    ------
    ParameterError
        It is neither mapping nor Series; of a result that holds weights, says where.
    """
    if isinstance(given, Mapping | pd.Series):
        return given
    held = next((name for name in ("weights", "shares") if isinstance(getattr(given, name, None), pd.Series)), None)
    if held is None and not isinstance(given, pd.DataFrame) and hasattr(given, "items"):
        # What must not pass for weights says so itself.
        given.items()
    remedy = f"Pass its .{held}." if held else "Write {label: cell}, or a Series under the labels."
    raise ParameterError(f"{what}: got a {type(given).__name__}, allowed a mapping or a Series. {remedy}")


def floats(cells: pd.Series) -> pd.Series:
    """Return cells as floats, NaN where one is no number: a date, a complex number and a list are none.

    Examples
    --------
    >>> floats(pd.Series(["2", 1j, None, True], dtype=object)).tolist()
    [2.0, nan, nan, 1.0]
    """
    with suppress(OverflowError):
        numbers = cells if cells.dtype.kind in "cmM" else pd.to_numeric(cells, errors="coerce")
        if numbers.dtype.kind in _REAL:
            return numbers.astype("float64")
    return pd.Series([_float(cell) for cell in cells], index=cells.index, name=cells.name, dtype="float64")


def number(given: object) -> float:
    """Return an option as a float; NaN, which no bounds let pass, for true, a text, a list or a missing cell.

    Examples
    --------
    >>> number(2), number("2"), number(True)
    (2.0, nan, nan)
    """
    plain = isinstance(given, Real | Decimal | np.number) and not isinstance(given, bool)
    return _float(given) if plain else math.nan


def whole_number(given: object) -> float:
    """Return an option as a number; NaN, which no bounds let pass, unless it is whole.

    Examples
    --------
    >>> whole_number(2), whole_number(2.5), whole_number(True)
    (2.0, nan, nan)
    """
    plain = number(given)
    return plain if plain % 1 == 0 else math.nan


def shown(cell: object) -> str:
    """Write a cell as its owner wrote it.

    Examples
    --------
    >>> shown(np.float64("nan")), shown("5,0")
    ('nan', "'5,0'")
    """
    if isinstance(cell, pd.DataFrame | pd.Series | pd.Index | np.ndarray):
        return f"a {type(cell).__name__}"
    return repr(cell.item() if isinstance(cell, np.generic) else cell)


def _float(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return math.nan
    except OverflowError:
        # A whole number beyond the floats.
        return math.inf


def _table(tables: Mapping[str, Any], name: str) -> pd.DataFrame:
    if not isinstance(tables, Mapping):
        raise ParameterError(f"tables: got a {type(tables).__name__}, allowed a workbook or a mapping of name to "
                             f"DataFrame. Write {{{name!r}: frame, ...}}.")
    try:
        frame: pd.DataFrame = tables[name]
    except MissingTableError:
        # A workbook knows better why: its message tells a blocked table from an absent one.
        raise
    except KeyError as error:
        needed = ", ".join(TABLES[name].required)
        text = f"scoring needs the table {name!r}, got none. Add it with at least: {needed}."
        raise MissingTableError(text) from error
    if not isinstance(frame, pd.DataFrame):
        raise SchemaError(f"{name}: got a {type(frame).__name__}, allowed a DataFrame. Read it into one.")
    return frame




def _cast(frame: pd.DataFrame, column: Column, *, table: str) -> pd.Series:
    if column.name not in frame.columns:
        kind = {Kind.NUMBER: "float64", Kind.INTEGER: "float64", Kind.DATE: "datetime64[us]"}.get(column.kind, "object")
        return pd.Series(column.default, index=frame.index, dtype="str" if column.kind == Kind.TEXT else kind)
    cells = frame[column.name]
    if column.kind in _NUMERIC:
        return _numbers(cells, column, table=table)
    if column.kind == Kind.DATE:
        return _dates(cells, column, table=table)
    if column.kind == Kind.TEXT:
        cells = cells.astype("str")
    if column.default is not None:
        cells = cells.fillna(column.default)
    if column.name in TABLES[table].key and cells.isna().any():
        raise SchemaError(f"{table}: {column.name} is empty in row {_row(cells[cells.isna()])}, allowed "
                          f"{column.allowed}. Fill the cell.")
    if column.choices:
        _refuse_unknown_words(cells, column, table=table)
    return cells


def _numbers(cells: pd.Series, column: Column, *, table: str) -> pd.Series:
    numbers = floats(cells)
    lost = cells[numbers.isna() & cells.notna()]
    if len(lost):
        raise SchemaError(
            f"{table}: {column.name} holds {shown(lost.iloc[0])} in row {_row(lost)}, "
            f"allowed {column.allowed}. Write a plain number or leave the cell empty."
        )
    return numbers if column.default is None else numbers.fillna(float(column.default))


def _dates(cells: pd.Series, column: Column, *, table: str) -> pd.Series:
    if cells.dtype.kind == "M":
        dates = cells
    else:
        dates = pd.Series([_date(cell) for cell in cells], index=cells.index, dtype="datetime64[us]")
    lost = cells[dates.isna() & cells.notna()]
    if len(lost):
        raise SchemaError(f"{table}: {column.name} holds {shown(lost.iloc[0])} in row {_row(lost)}, allowed "
                          f"{column.allowed}. Write a date or leave the cell empty.")
    return dates if column.default is None else dates.fillna(pd.Timestamp(column.default))


def _date(cell: Any) -> Any:
    # A bare number is no date: counted from 1970 it would be one.
    if not isinstance(cell, str | dt.date | np.datetime64):
        return pd.NaT
    return pd.to_datetime(cell, format="ISO8601" if isinstance(cell, str) else None, errors="coerce")


def _refuse_unknown_words(cells: pd.Series, column: Column, *, table: str) -> None:
    unknown = cells[~cells.isin(column.choices)]
    if len(unknown):
        got = str(unknown.iloc[0])
        raise SchemaError(
            f"{table}: {column.name} is {got!r} in row {_row(unknown)}. {did_you_mean(got, column.choices)} "
            "Write one of the known words."
        )


def _row(found: pd.Series) -> int:
    """Return the row number, counted from 1, of the first of ``found``."""
    return int(found.index[0]) + 1
