"""What a table is: columns with kind, unit and allowed values; keys, references, order rules."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

#: What stands around a header and is no part of it: quotes, blanks, invisible characters.
_AROUND = "\"'\ufeff\u200b\u00a0" + string.whitespace


def column_name(header: str) -> str:
    """Write a header as a column would be named: small letters, blanks and hyphens as one underscore.

    Examples
    --------
    >>> column_name(" Project  ID ")
    'project_id'
    """
    return re.sub(r"[\s_-]+", "_", header.strip(_AROUND).casefold())


class Kind(StrEnum):
    """What a cell holds; it decides the cast and the type inside."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    MONTH = "month"
    DATE = "date"
    FLAG = "flag"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    A column that is not ``required`` may be absent, and its empty cells become ``default``
    (``None`` stays empty).
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = True
    default: Any = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    references: str = ""

    @property
    def nullable(self) -> bool:
        """Whether a cell may stay empty after defaults."""
        return not self.required and self.default is None

    @property
    def allowed(self) -> str:
        """The allowed values in words, as messages and the dictionary show them."""
        if self.choices:
            return ", ".join(filter(None, self.choices))
        if self.references:
            return f"a key of {self.references}"
        if self.low is not None and self.high is not None:
            return f"{self.kind} {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{self.kind}, {self.low:g} or more"
        return {
            Kind.MONTH: "month YYYY-MM",
            Kind.DATE: "date YYYY-MM-DD",
            Kind.FLAG: "true or false",
            Kind.NUMBER: "a finite number",
            Kind.INTEGER: "a whole number",
        }.get(self.kind, "text")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a column must keep to in rows where another column has one of some values.

    ``filled`` asks for a value wherever the column is there at all.
    """

    column: str
    when: str
    values: tuple[str, ...]
    low: float | None = None
    high: float | None = None
    filled: bool = False

    @property
    def allowed(self) -> str:
        """The rule in words."""
        if self.filled:
            return f"filled in where {self.when} is {' or '.join(self.values)}"
        limits = [f"{self.low:g} or more"] if self.low is not None else []
        limits += [f"{self.high:g} or less"] if self.high is not None else []
        limit = f"{self.low:g}" if self.low == self.high else " and ".join(limits)
        return f"{limit} where {self.when} is {' or '.join(self.values)}"


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A number so large that another unit must have been meant; it is set aside, never rescaled.

    The limit is ``times`` a column of another table, found by its key in ``by``, or, without
    ``of``, ``times`` the median of the rows that share ``by``.
    """

    column: str
    times: float
    by: tuple[str, ...]
    of: str = ""
    when: str = ""
    values: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The limit in words."""
        where = f" where {self.when} is {' or '.join(self.values)}" if self.when else ""
        return f"at most {self.times:g} times {self.of or 'the median of its ' + ' and '.join(self.by)}{where}"


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: its columns, its key and what must hold between columns.

    Attributes
    ----------
    key : tuple of str
        Columns that together name a row.
    ordered : tuple of tuples of str
        Columns that may not fall from one to the next (start and end; p10, p50 and p90).
    rising : tuple of (str, str)
        A column that adds up, and the column along which it may not fall, the rest of the key being equal.
    suspects : tuple of Suspect
        Numbers that only another unit explains.
    distinct : tuple of (str, str)
        Pairs that may not be equal (both ends of a scale).
    rules : tuple of Rule
        Limits that depend on another column.
    single : bool
        Holds one row at most.
    versioned_by : str
        Date column of dated versions; the newest one known by ``as_of`` counts. Empty: none.
    dated_by : str
        Date or month column of events; later rows are unknown at ``as_of``. Empty: none.
    hidden : tuple of (str, str)
        A column whose cell is unknown at ``as_of`` where the date in the other one lies later.
    weighed_by : tuple of str
        Columns whose product is what a row weighs, such as its money. Empty: rows are counted.
    large : bool
        Stays in the engine as an Ibis table.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    ordered: tuple[tuple[str, ...], ...] = ()
    distinct: tuple[tuple[str, str], ...] = ()
    rules: tuple[Rule, ...] = ()
    rising: tuple[tuple[str, str], ...] = ()
    suspects: tuple[Suspect, ...] = ()
    single: bool = False
    versioned_by: str = ""
    dated_by: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    weighed_by: tuple[str, ...] = ()
    large: bool = False
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {column.name: column for column in self.columns})

    def __getitem__(self, column: str) -> Column:
        return self._by_name[column]

    def __contains__(self, column: object) -> bool:
        return column in self._by_name

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return list(self._by_name)

    @property
    def required(self) -> list[str]:
        """Names of the columns that must be there."""
        return [column.name for column in self.columns if column.required]


def text(name: str, meaning: str, **options: Any) -> Column:
    """Define a text column (ids are text)."""
    return Column(name=name, kind=Kind.TEXT, meaning=meaning, **options)


def reference(name: str, table: str) -> Column:
    """Define a required id that names a row of another table."""
    return text(name, f"the {name.removesuffix('_id')}", references=table)


def number(name: str, meaning: str, unit: str, **options: Any) -> Column:
    """Define a finite number with a unit."""
    return Column(name=name, kind=Kind.NUMBER, meaning=meaning, unit=unit, **options)


def money(name: str, meaning: str, **options: Any) -> Column:
    """Define a money column in thousands of the workbook's currency."""
    return number(name, meaning, "thousand", **options)


def share(name: str, meaning: str, **options: Any) -> Column:
    """Define a share between 0 and 1."""
    return number(name, meaning, "share 0-1", low=0, high=1, **options)


def integer(name: str, meaning: str, unit: str, **options: Any) -> Column:
    """Define a whole number with a unit."""
    return Column(name=name, kind=Kind.INTEGER, meaning=meaning, unit=unit, **options)


def month(name: str, meaning: str, **options: Any) -> Column:
    """Define a month, ``YYYY-MM`` in files and an integer inside."""
    return Column(name=name, kind=Kind.MONTH, meaning=meaning, unit="YYYY-MM", **options)


def date(name: str, meaning: str, **options: Any) -> Column:
    """Define a calendar date."""
    return Column(name=name, kind=Kind.DATE, meaning=meaning, unit="YYYY-MM-DD", **options)


def flag(name: str, meaning: str, **options: Any) -> Column:
    """Define a yes-or-no column, no by default."""
    return Column(name=name, kind=Kind.FLAG, meaning=meaning, required=False, default=False, **options)
