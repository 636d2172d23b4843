"""Fingerprints of tables and of parts of a record: the same for the same content, however it was written."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import BlockedTableError, ParameterError
from pmlib.months import month_text
from pmlib.portfolio.arguments import shown
from pmlib.portfolio.inputs import READ, checked
from pmlib.schema import TABLES, Kind
from pmlib.schema.portfolio_tables import PORTFOLIO_TABLES
from pmlib.schema.tracking_tables import TRACKING_TABLES

#: What a decision rests on; `decisions` itself grows with every decision.
SEALED = tuple(table.name for table in (*PORTFOLIO_TABLES, *TRACKING_TABLES) if table.name != "decisions")
#: How a number without an end is written: JSON has none.
INFINITE = "infinite"

_WRITE: dict[Kind, Callable[[Any], Any]] = {
    # Zero has one sign only.
    Kind.NUMBER: lambda cell: float(cell) + 0.0, Kind.INTEGER: int, Kind.MONTH: month_text, Kind.FLAG: bool,
    Kind.DATE: lambda cell: pd.Timestamp(cell).date().isoformat(), Kind.TEXT: str,
}


def plain(thing: Any, name: str = "parameters") -> Any:
    """Turn a thing into what JSON holds: numbers, words, truths, lists and mappings; missing numbers are null.

    Parameters
    ----------
    thing : object
        Numbers of numpy, tuples and infinite numbers are taken too.
    name : str
        How a refusal calls it.

    Raises
    ------
    ParameterError
        It holds something else.

    Examples
    --------
    >>> plain({"share": np.float64(0.5), "months": (3, 6), "most": math.inf, "none": math.nan})
    {'share': 0.5, 'months': [3, 6], 'most': 'infinite', 'none': None}
    """
    if isinstance(thing, Mapping):
        return {str(key): plain(value, f"{name}.{key}") for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [plain(value, name) for value in thing]
    if thing is None or thing is pd.NA or thing is pd.NaT:
        return None
    if isinstance(thing, bool | np.bool_):
        return bool(thing)
    if isinstance(thing, str):
        return str(thing)
    if isinstance(thing, Integral):
        return int(thing)
    if isinstance(thing, Real):
        return _number(float(thing))
    raise ParameterError(f"{name}: got {shown(thing)}, allowed numbers, words, lists and mappings. Write it as one.")


def _number(value: float) -> float | str | None:
    if math.isinf(value):
        return INFINITE if value > 0 else f"-{INFINITE}"
    return None if math.isnan(value) else value


def digest(content: Any) -> str:
    """Name plain content by 64 hexadecimal digits (SHA-256 of its JSON with sorted keys).

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def columns_of(name: str) -> list[str]:
    """Columns of a table that its hash covers; the day of the workbook moves with every delivery and decides nothing.

    Examples
    --------
    >>> columns_of("skills")
    ['skill', 'name']
    """
    return [column for column in TABLES[name].names if (name, column) != ("workbook", "as_of")]


def table_cells(name: str, frame: pd.DataFrame) -> list[list[Any]]:
    """Give the rows of a checked table as plain cells in the order of the schema's columns, sorted.

    Parameters
    ----------
    name : str
        A table of the schema.
    frame : DataFrame of shape (n_rows, ...)
        As from `inputs.checked`.

    Returns
    -------
    list of n_rows lists
        Dates and months as text, numbers as floats, empty cells as None.
    """
    columns = [_cells(frame[column], TABLES[name][column].kind) for column in columns_of(name)]
    return sorted((list(row) for row in zip(*columns, strict=True)), key=json.dumps)


def _cells(cells: pd.Series, kind: Kind) -> list[Any]:
    write = _WRITE[kind]
    return [None if gone else write(cell) for cell, gone in zip(cells.tolist(), cells.isna().tolist(), strict=True)]


def table_hash(name: str, frame: pd.DataFrame) -> str:
    """Name the content of a checked table: order of rows and columns, types and file format leave it the same.

    Parameters
    ----------
    name : str
        A table of the schema.
    frame : DataFrame
        As from `inputs.checked`.

    Examples
    --------
    >>> frame = pd.DataFrame({"skill": ["test", "data"], "name": ["", "Data engineering"]})
    >>> table_hash("skills", frame) == table_hash("skills", frame.iloc[::-1].astype("object"))
    True
    """
    return digest([name, table_cells(name, frame)])


def known_tables(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Check the tables a decision rests on, each in the schema's types; those of the plan also against each other.

    Returns
    -------
    dict of table name to frame
        Of dated versions the newest known. A blocked table that no plan reads is left out.

    Raises
    ------
    SchemaError
        A table, column or cell breaks its definition.
    """
    found = checked(tables)
    book = {} if found.get("workbook") is None else {"workbook": found["workbook"]}
    for name in SEALED:
        frame = _unless_blocked(tables, name) if name not in READ else None
        if frame is not None:
            found[name] = checked({**book, name: frame}, also=(name,))[name]
    return {name: found[name] for name in SEALED if found.get(name) is not None}


def _unless_blocked(tables: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame | None:
    try:
        return tables.get(name)
    except BlockedTableError:
        return None


def fingerprints(known: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, Any]]:
    """Rows and content hash of every table, by name.

    Parameters
    ----------
    known : mapping of table name to frame
        As from `known_tables`.
    """
    return {name: {"rows": len(frame), "sha256": table_hash(name, frame)} for name, frame in sorted(known.items())}
