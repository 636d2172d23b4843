"""How the product room reaches its tables: large ones stay in their engine, small ones are frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, TypeAlias

import pandas as pd

from pmlib.errors import MissingTableError, ParameterError, SchemaError, did_you_mean
from pmlib.product.frames import refuse_types, refuse_unfit
from pmlib.schema import TABLES, Kind

#: A workbook, or a plain dict: pandas frames, or Ibis tables for what is large.
Tables: TypeAlias = Mapping[str, Any]

#: An Ibis table; Ibis publishes no stubs that mypy reads.
Lazy: TypeAlias = Any

_TYPES = {
    Kind.TEXT: "string", Kind.INTEGER: "int64", Kind.NUMBER: "float64", Kind.MONTH: "int64", Kind.DATE: "timestamp",
    Kind.FLAG: "boolean",
}  # fmt: skip
_MOST_MONTHS = 2199 * 12


def as_count(name: str, got: float) -> int:
    """Read a number of months: a whole number, 1 or more.

    Raises
    ------
    ParameterError
        It is no whole number, or below 1.

    Examples
    --------
    >>> as_count("months", 12.0)
    12
    """
    number = isinstance(got, Real) and not isinstance(got, bool)
    if not number or not 1 <= got <= _MOST_MONTHS or got != int(got):
        raise ParameterError(f"{name}: got {got!r}, allowed 1 or more, a whole number. Use 12 to compare years.")
    return int(got)


def lazy(tables: Tables, name: str, columns: Sequence[str]) -> Lazy:
    """Return the named columns of a table as an Ibis table, without reading a row.

    Raises
    ------
    MissingTableError
        The table is not there.
    SchemaError
        A column is not there, or a cell breaks its definition.
    """
    table = _present(tables, name)
    _require(name, columns, list(table.columns))
    if not isinstance(table, pd.DataFrame):
        asked = table.select(*columns)
        refuse_types(name, asked.schema())
        return asked
    refuse_unfit(name, table, columns)
    import ibis

    asked = ibis.memtable(table[list(columns)])
    # A column without a single value has no type an engine could take: it gets the one of its definition.
    kinds = {column.name: _TYPES[column.kind] for column in TABLES[name].columns}
    return asked.cast({column: kinds[column] for column, kind in asked.schema().items() if kind.is_null()})


def small(tables: Tables, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return the named columns of a small table as a frame.

    Raises
    ------
    MissingTableError
        The table is not there.
    SchemaError
        A column is not there, or a cell breaks its definition.
    """
    table = _present(tables, name)
    _require(name, columns, list(table.columns))
    frame = table if isinstance(table, pd.DataFrame) else table.select(*columns).to_pandas()
    refuse_unfit(name, frame, columns)
    chosen: pd.DataFrame = frame[list(columns)].reset_index(drop=True)
    return chosen


def known_product(
    product_id: object, tables: Tables, *, seen: Callable[[], Iterable[object]] = tuple
) -> None:
    """Refuse a product that neither the table of products nor the rows know; None asks for no product.

    Parameters
    ----------
    product_id : str or None
        The product asked for.
    tables : mapping
        ``products``, where it is there.
    seen : callable
        Names the products of the rows; called only where ``products`` does not know the one asked for.

    Raises
    ------
    ParameterError
        The product is unknown.

    Examples
    --------
    >>> known_product("A", {}, seen=lambda: ["A", "B"])
    """
    if product_id is None:
        return
    listed = [] if tables.get("products") is None else small(tables, "products", ["product_id"])["product_id"].tolist()
    if isinstance(product_id, str) and product_id in listed:
        return
    known = sorted({str(one) for one in (*listed, *seen()) if not pd.isna(one)})
    if not isinstance(product_id, str) or product_id not in known:
        told = did_you_mean(str(product_id), known) if known else "No table names a product: add one to products."
        raise ParameterError(f"product_id: got {product_id!r}. {told}")


def as_seed(got: object) -> int:
    """Read a seed of random numbers: a whole number, 0 or more.

    Raises
    ------
    ParameterError
        It is no whole number, or below 0.

    Examples
    --------
    >>> as_seed(7)
    7
    """
    if not isinstance(got, Integral) or isinstance(got, bool) or got < 0:
        raise ParameterError(f"seed: got {got!r}, allowed 0 or more, a whole number. Leave it out for the usual one.")
    return int(got)


def month_of_date(date: Any) -> Any:
    """Month integer of an Ibis date column, on every engine."""
    return (date.year() * 12 + date.month()).cast("int64")


def currency_of(tables: Tables) -> str:
    """Return the workbook's currency; EUR where the workbook names none."""
    book = tables.get("workbook")
    if book is None or "currency" not in book.columns or len(book) == 0 or pd.isna(book["currency"].iloc[0]):
        return "EUR"
    return str(book["currency"].iloc[0]).strip() or "EUR"


def named(frame: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the frame with ``name`` after ``product_id``: the product's name, or its id where no table names it."""
    ids = frame["product_id"]
    names = ids
    if tables.get("products") is not None:
        products = small(tables, "products", ["product_id", "name"])
        known = products.drop_duplicates("product_id").set_index("product_id")["name"]
        names = ids.map(known).astype(object).fillna(ids)
    told = frame.copy(deep=False)
    told.insert(list(frame.columns).index("product_id") + 1, "name", names.astype("str"))
    return told


def _present(tables: Tables, name: str) -> Any:
    table = tables.get(name)
    if table is None:
        raise MissingTableError(
            f"table '{name}' is missing. Add {name}.csv or {name}.parquet to the workbook, or a view of that name."
        )
    return table


def _require(name: str, columns: Sequence[str], present: list[str]) -> None:
    for column in columns:
        if column not in present:
            raise SchemaError(f"{name}: column '{column}' is missing. {did_you_mean(column, present)}")
