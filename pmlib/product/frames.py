"""What a question refuses of a table that no workbook has checked: cells that would make a figure wrong in silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import SchemaError
from pmlib.months import FIRST_MONTH, LAST_MONTH
from pmlib.schema import TABLES, Column, Kind

#: Tables looked at here; the sums of experiments are checked where they are read.
_LOOKED_AT = frozenset((
    "customers", "exchange_rates", "features", "feedback", "invitations", "kano", "market", "orders", "price_history",
    "product_costs", "products", "subscriptions", "surveys", "team_capacity", "usage",
))  # fmt: skip
#: Required all the same, and yet counted as missing where they are empty.
_COUNTED_EMPTY = {
    ("surveys", "score"), ("market", "value_k"), ("product_costs", "unit_cost_eur"), ("kano", "functional"),
    ("kano", "dysfunctional"),
}  # fmt: skip
_NUMBERS = (Kind.NUMBER, Kind.INTEGER, Kind.MONTH)
_REMEDY = {
    Kind.TEXT: "Write it as text: frame.astype({{'{column}': 'str'}}).",
    Kind.NUMBER: "Turn it into numbers: pd.to_numeric(frame['{column}']).",
    Kind.INTEGER: "Turn it into numbers: pd.to_numeric(frame['{column}']).",
    Kind.MONTH: "Months are year * 12 + month: pmlib.months.as_month('2025-12') is 24312.",
    Kind.DATE: "Turn it into dates without a time zone: pd.to_datetime(frame['{column}']).",
}


def refuse_unfit(name: str, frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a frame whose cells break the definition of their table.

    Only the columns asked for are looked at: their type, empty and infinite cells, months that are none, numbers below
    their limit; and in a small table its key. A workbook has done all this when it was opened. Answers off their scale
    are left to the questions, which know the scale.

    Raises
    ------
    SchemaError
        A column or the key breaks its definition.

    Examples
    --------
    >>> refuse_unfit("market", pd.DataFrame({"value_k": [3.0, -1.0]}), ["value_k"])
    Traceback (most recent call last):
    ...
    pmlib.errors.SchemaError: market: column 'value_k' holds -1.0 in row 1, allowed number, 0 or more. Mend or remove \
1 such cells, or open the folder with open_workbook, which sets such rows aside.
    """
    if name not in _LOOKED_AT:
        return
    table = TABLES[name]
    for column in [table[one] for one in columns if one in table]:
        cells = frame[column.name]
        _refuse_type(name, column, cells)
        bad = _bad(name, column, cells)
        if bad.any():
            raise SchemaError(
                f"{name}: column '{column.name}' holds {_shown(cells[bad].iloc[0])} in row {int(np.argmax(bad))}, "
                f"allowed {column.allowed}. Mend or remove {int(bad.sum()):,} such cells, or open the folder with "
                "open_workbook, which sets such rows aside."
            )
    if not table.large and set(table.key) <= set(frame.columns):
        _refuse_twice(name, table.key, frame)


def refuse_types(name: str, schema: Any) -> None:
    """Refuse an Ibis table whose columns are of another type than their definition says.

    Raises
    ------
    SchemaError
        A column is of another type.
    """
    for column, kind in schema.items():
        if name not in _LOOKED_AT or column not in TABLES[name] or kind.is_null():
            continue
        wanted = TABLES[name][column].kind
        fits = (wanted is Kind.TEXT and kind.is_string()) or (wanted in _NUMBERS and kind.is_numeric())
        if not (fits or (wanted is Kind.DATE and kind.is_temporal()) or wanted is Kind.FLAG):
            raise SchemaError(
                f"{name}: column '{column}' is {kind}, allowed {wanted}. Cast it in views.sql, or open the database "
                "with open_workbook."
            )


def _refuse_type(name: str, column: Column, cells: pd.Series) -> None:
    if column.kind is Kind.FLAG or cells.isna().all() or _fits(column.kind, cells):
        return
    raise SchemaError(
        f"{name}: column '{column.name}' is {cells.dtype} (first cell {_shown(cells.iloc[0])}), allowed {column.kind}. "
        f"{_REMEDY[column.kind].format(column=column.name)}"
    )


def _fits(kind: Kind, cells: pd.Series) -> bool:
    found = pd.api.types.infer_dtype(cells, skipna=True)
    if kind is Kind.TEXT:
        return found == "string"
    if kind is Kind.DATE:
        return found == "date" or (found == "datetime64" and getattr(cells.dt, "tz", None) is None)
    return found in ("integer", "floating", "mixed-integer-float") and not isinstance(cells.dtype, pd.CategoricalDtype)


def _bad(name: str, column: Column, cells: pd.Series) -> Any:
    empty = cells.isna().to_numpy()
    bad = empty & (column.required and (name, column.name) not in _COUNTED_EMPTY)
    if column.kind not in _NUMBERS:
        return bad
    numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan)
    bad |= np.isinf(numbers)
    if column.kind is Kind.MONTH:
        is_month = (numbers >= FIRST_MONTH) & (numbers <= LAST_MONTH) & (numbers == np.round(numbers))
        return bad | ~(empty | is_month)
    if column.kind is Kind.NUMBER and column.low is not None:
        bad |= numbers < column.low
    return bad


def _refuse_twice(name: str, key: tuple[str, ...], frame: pd.DataFrame) -> None:
    twice = frame.duplicated(list(key)).to_numpy()
    if twice.any():
        row = int(np.argmax(twice))
        named = ", ".join(f"{one} {_shown(frame[one].iloc[row])}" for one in key)
        raise SchemaError(
            f"{name}: row {row} has the key of an earlier one ({named}), allowed one row each. Remove or merge "
            f"{int(twice.sum()):,} such rows."
        )


def _shown(cell: Any) -> str:
    return "an empty cell" if pd.isna(cell) else repr(cell.item() if isinstance(cell, np.generic) else cell)
