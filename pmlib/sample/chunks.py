"""How a large table is made: chunk by chunk as Arrow tables, so that no scale has to fit into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pmlib.sample.forms import month_texts
from pmlib.schema import TABLES, Kind

_TYPES = {Kind.NUMBER: pa.float64(), Kind.INTEGER: pa.int64(), Kind.FLAG: pa.bool_()}
#: Most rows of a row group: larger chunks become several.
ROW_GROUP = 1_000_000


def schema_of(name: str) -> pa.Schema:
    """Give a table's columns in Arrow's types; months and dates are text, as in every file.

    Examples
    --------
    >>> schema_of("invitations").names
    ['product_id', 'customer_id', 'month', 'engagement_band', 'responded']
    """
    return pa.schema([(column.name, _TYPES.get(column.kind, pa.string())) for column in TABLES[name].columns])


def chunk(name: str, columns: Mapping[str, Any]) -> pa.Table:
    """Shape columns as one chunk of the schema's table.

    Parameters
    ----------
    name : str
        Table of the schema.
    columns : mapping of str to array of shape (n_rows,)
        Every column of the table; float arrays may hold NaN for a missing number.

    Raises
    ------
    KeyError
        A column is absent.
    """
    schema = schema_of(name)
    arrays = [_array(columns[field.name], field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    return pa.array(values, from_pandas=True).cast(kind)


def numbered(letter: str, numbers: np.ndarray, *, digits: int) -> pa.Array:
    """Write ids of one length, a letter and a number.

    Parameters
    ----------
    letter : str
    numbers : int array of shape (n,)
        Not negative, of at most ``digits`` digits.

    Examples
    --------
    >>> numbered("C", np.array([7, 12]), digits=3).to_pylist()
    ['C007', 'C012']
    """
    text = np.empty((len(numbers), digits + 1), dtype=np.uint8)
    text[:, 0] = ord(letter)
    rest = np.asarray(numbers, dtype=np.int64)
    for place in range(digits, 0, -1):
        rest, digit = np.divmod(rest, 10)
        text[:, place] = digit + ord("0")
    ends = np.arange(len(numbers) + 1, dtype=np.int64) * (digits + 1)
    whole = pa.LargeStringArray.from_buffers(len(numbers), pa.py_buffer(ends), pa.py_buffer(text))
    return whole.cast(pa.string())


def named(names: Any, codes: np.ndarray) -> pa.Array:
    """Write codes as the names they stand for; a code below 0 is missing.

    Parameters
    ----------
    names : sequence of str
    codes : int array of shape (n,)

    Examples
    --------
    >>> named(["low", "high"], np.array([1, -1])).to_pylist()
    ['high', None]
    """
    taken = pa.array(codes, mask=np.asarray(codes) < 0)
    return pa.array(list(names), pa.string()).take(taken)


def months(numbers: np.ndarray, start: int) -> pa.Array:
    """Write months counted from a first one as ``YYYY-MM``; below 0 is missing.

    Parameters
    ----------
    numbers : int array of shape (n,)
    start : int
        Month (year * 12 + month) of number 0.

    Examples
    --------
    >>> months(np.array([0, -1, 2]), 24301).to_pylist()
    ['2025-01', None, '2025-03']
    """
    if len(numbers) == 0:
        return pa.array([], pa.string())
    return named(month_texts(start + np.arange(max(0, int(np.max(numbers))) + 1)), numbers)


def days(month: str, numbers: np.ndarray) -> pa.Array:
    """Write days of one month, counted from 0, as ``YYYY-MM-DD``.

    Examples
    --------
    >>> days("2025-02", np.array([0, 27])).to_pylist()
    ['2025-02-01', '2025-02-28']
    """
    return named([f"{month}-{day:02d}" for day in range(1, 32)], numbers)


def frame(chunks: Iterable[pa.Table]) -> pd.DataFrame:
    """Put all chunks of a table together, for scales at which it fits."""
    whole: pd.DataFrame = pa.concat_tables(chunks).to_pandas()
    return whole


def write(path: Path, name: str, chunks: Iterator[pa.Table]) -> None:
    """Write chunks as row groups of one Parquet file; only one is held at a time.

    Parameters
    ----------
    path : Path
    name : str
        Table of the schema.
    chunks : iterator of Arrow tables
        In the order of the key.
    """
    # An id that never comes again gains nothing from a dictionary.
    single = TABLES[name].key if len(TABLES[name].key) == 1 else ()
    again = [column for column in TABLES[name].names if column not in single]
    with pq.ParquetWriter(path, schema_of(name), compression="zstd", use_dictionary=again, store_schema=False) as file:
        for part in chunks:
            file.write_table(part, row_group_size=ROW_GROUP)
