"""How every table of the sample company is drawn and shaped: one stream a table, file form, sorted by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from pmlib.errors import CheckError
from pmlib.months import month_text
from pmlib.schema import TABLES

SEED = 20260101


def stream(seed: int, name: str, *more: int) -> np.random.Generator:
    """Give the random stream that belongs to one name alone, so that a new table changes no other.

    Parameters
    ----------
    seed : int
        Seed of the whole company.
    name : str
        Table (or other subject) the stream belongs to.
    *more : int
        Further keys, such as the number of a redraw.

    Examples
    --------
    >>> bool(stream(1, "orders").random() == stream(1, "orders").random())
    True
    >>> bool(stream(1, "orders").random() == stream(1, "surveys").random())
    False
    """
    return np.random.default_rng(np.random.SeedSequence([seed, crc32(name.encode()), *more]))


def file_form(name: str, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Shape columns as the schema's table: every column in order, defaults filled, rows sorted by key.

    Parameters
    ----------
    name : str
        Table of the schema.
    columns : mapping of str to array of shape (n_rows,) or scalar
        What the table holds; absent optional columns take their default.

    Raises
    ------
    KeyError
        A required column is absent.

    Examples
    --------
    >>> file_form("skills", {"skill": ["b", "a"]}).to_dict("list")
    {'skill': ['a', 'b'], 'name': ['', '']}
    """
    table = TABLES[name]
    filled = {
        column.name: columns[column.name] if column.required else columns.get(column.name, column.default)
        for column in table.columns
    }
    frame = pd.DataFrame(filled, columns=table.names)
    return frame.sort_values(list(table.key), kind="stable", ignore_index=True)


def records(frame: pd.DataFrame) -> Iterator[Any]:
    """Go through a frame row by row, cells as attributes.

    Examples
    --------
    >>> [row.skill for row in records(pd.DataFrame({"skill": ["a", "b"]}))]
    ['a', 'b']
    """
    yield from frame.itertuples(index=False)


def month_texts(months: Any) -> np.ndarray:
    """Write an array of month integers of shape (n,) as ``YYYY-MM`` texts.

    Examples
    --------
    >>> month_texts([24312, 24313]).tolist()
    ['2025-12', '2026-01']
    """
    known, where = np.unique(np.asarray(months, dtype=int), return_inverse=True)
    return np.array([month_text(month) for month in known], dtype=object)[where]


def hold(truth: str, holds: bool, found: str) -> None:
    """Assert a planted truth.

    Raises
    ------
    CheckError
        It does not hold; the message begins with its name.
    """
    if not holds:
        raise CheckError(f"{truth}: {found}. Take another seed.")
