"""Tables as this room reads them: only the columns it uses, defaults filled, closed words checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError, SchemaError, did_you_mean
from pmlib.months import month_of, month_year
from pmlib.schema import TABLES, Column, Kind

_NUMERIC = (Kind.NUMBER, Kind.INTEGER)


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
    frame = _table(tables, name)
    cast = {column: _cast(frame, TABLES[name][column], table=name) for column in columns}
    return pd.DataFrame(cast).reset_index(drop=True)


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
    return month_year(month_of(pd.Timestamp(known.iloc[0])) + 1) if len(known) else None


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


def _table(tables: Mapping[str, Any], name: str) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = tables[name]
    except MissingTableError:
        # A workbook knows better why: its message tells a blocked table from an absent one.
        raise
    except KeyError as error:
        needed = ", ".join(TABLES[name].required)
        text = f"scoring needs the table {name!r}, got none. Add it with at least: {needed}."
        raise MissingTableError(text) from error
    return frame


def _cast(frame: pd.DataFrame, column: Column, *, table: str) -> pd.Series:
    if column.name not in frame.columns:
        if column.required:
            words = did_you_mean(column.name, [str(label) for label in frame.columns])
            raise SchemaError(f"{table}: column {column.name!r} is missing. {words} Add it ({column.meaning}).")
        kind = "float64" if column.kind in _NUMERIC else "object"
        return pd.Series(column.default, index=frame.index, dtype="str" if column.kind == Kind.TEXT else kind)
    cells = frame[column.name]
    if column.kind in _NUMERIC:
        return _numbers(cells, column, table=table)
    if column.kind == Kind.TEXT:
        cells = cells.astype("str")
    if column.default is not None:
        cells = cells.fillna(column.default)
    if column.choices:
        _refuse_unknown_words(cells, column, table=table)
    return cells


def _numbers(cells: pd.Series, column: Column, *, table: str) -> pd.Series:
    numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
    lost = cells[numbers.isna() & cells.notna()]
    if len(lost):
        raise SchemaError(
            f"{table}: {column.name} holds {lost.iloc[0]!r} in row {_row(cells, lost)}, "
            f"allowed {column.allowed}. Write a plain number or leave the cell empty."
        )
    return numbers if column.default is None else numbers.fillna(float(column.default))


def _refuse_unknown_words(cells: pd.Series, column: Column, *, table: str) -> None:
    unknown = cells[~cells.isin(column.choices)]
    if len(unknown):
        got = str(unknown.iloc[0])
        raise SchemaError(
            f"{table}: {column.name} is {got!r} in row {_row(cells, unknown)}. {did_you_mean(got, column.choices)} "
            "Write one of the known words."
        )


def _row(cells: pd.Series, found: pd.Series) -> int:
    """Return the row number, counted from 1, of the first of ``found``."""
    return int(np.argmax(cells.index == found.index[0])) + 1
