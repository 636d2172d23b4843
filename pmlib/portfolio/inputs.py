"""The door of the plan: tables handed in as plain frames are checked as the workbook checks its files."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pmlib.baseline import known_on
from pmlib.errors import SchemaError, did_you_mean, nearest
from pmlib.months import FIRST_MONTH, LAST_MONTH, month_text
from pmlib.portfolio.needs import refuse_circles
from pmlib.schema import TABLES, Column, Kind, Table
from pmlib.schema.casting import NO_TEXT, REMEDY, cast, empty, fill, plain
from pmlib.schema.definition import Rule, column_name
from pmlib.schema.portfolio_tables import PORTFOLIO_TABLES

#: The tables a plan reads; the others of the portfolio belong to the scores.
READ = tuple(table.name for table in PORTFOLIO_TABLES
             if table.name not in {"objectives", "weights", "scores", "assessors"})
_AS_THEY_ARE = {Kind.FLAG: "b", Kind.DATE: "M"}
_NUMBERS = frozenset({"integer", "floating", "mixed-integer-float"})
_NO_TEXT = re.compile(NO_TEXT)
#: Larger numbers are slips: beside them a solver cannot tell a thousand from nothing.
LARGEST = 1e12
_CASTABLE = (str, Real, Decimal, dt.date, np.datetime64, pd.Period)
#: How near an unknown column is to one that is not there, before it must be a slip.
_A_SLIP = 0.85
#: Shares that miss one by less add up.
_ROUNDING = 1e-6
#: Keys a message may list.
_FEW = 12
_EMPTY, _NOT_ALLOWED, _CORRECT = "empty", "not allowed", "Correct the value."

Marks = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Given:
    """A table as it was handed in, for the words of a refusal."""

    table: Table
    frame: pd.DataFrame

    def refuse(self, bad: Marks, column: str, problem: str, *, allowed: str, remedy: str = _CORRECT) -> None:
        """Raise for the first marked row, if there is one."""
        if not bad.any():
            return
        at, more = int(bad.argmax()), int(bad.sum()) - 1
        cell = self.frame[column].iloc[at]
        got = "" if problem == _EMPTY else f", got {cell.item() if isinstance(cell, np.generic) else cell!r}"
        near = nearest(str(cell).strip(), self.table[column].choices)
        others = f" (and {more} more {'row' if more == 1 else 'rows'})" if more else ""
        raise SchemaError(f"{self.table.name} row {self.frame.index[at]}{self._who(at, column)} column '{column}': "
                          f"{problem}{got}, allowed {allowed}{others}. {near or remedy}")

    def _who(self, at: int, column: str) -> str:
        """Name a row by its key, in brackets."""
        names = [name for name in self.table.key if name != column and name in self.frame]
        cells = [(self.table[name].kind, self.frame[name].iloc[at]) for name in names]
        said = [month_text(int(cell)) if kind is Kind.MONTH and isinstance(cell, int | np.integer) else str(cell)
                for kind, cell in cells if not _is_empty(cell)]
        return f" ({', '.join(said)})" if said else ""


def _is_empty(cell: Any) -> bool:
    return np.ndim(cell) == 0 and pd.isna(cell) is True


def checked(tables: Mapping[str, pd.DataFrame], *, also: Sequence[str] = ()) -> dict[str, pd.DataFrame]:
    """Check the tables of a plan once: what may be missing is filled in, what does not fit is refused by name.

    Frames out of a workbook pass as they are; plain ones are held to the same definitions, and to what only a plan
    can know: bands that cannot add up, needs that run in a circle. A workbook sets a bad row aside and says so; here
    nobody would read that, so the first one is refused. Only ``name`` may be missing although the schema wants it.

    Parameters
    ----------
    tables : mapping of table name to frame
        Of dated versions the newest known by the workbook's as_of counts. Nothing in it is changed.
    also : sequence of str
        Further tables to check beside those a plan reads, such as risks.

    Returns
    -------
    dict of table name to frame
        The tables a plan reads and the further ones, with every column of the schema in its type.

    Raises
    ------
    SchemaError
        A table, column or cell breaks its definition, or tables contradict each other.

    Examples
    --------
    >>> frame = pd.DataFrame({"project_id": ["P1"], "state": ["runing"], "bac_k": [100]})
    >>> checked({"projects": frame})
    Traceback (most recent call last):
        ...
    pmlib.errors.SchemaError: projects row 0 (P1) column 'state': not allowed, got 'runing', allowed proposed, \
running, held, done, stopped. Did you mean 'running'?
    """
    if not isinstance(tables, Mapping):
        raise SchemaError(f"tables: got {type(tables).__name__}, allowed a mapping of table name to frame. "
                          "Pass a workbook, or {'projects': frame, ...}.")
    wanted = (*READ, *also)
    _refuse_slips("tables", [str(name) for name in tables if name not in TABLES],
                  [name for name in wanted if name not in tables])
    found = {name: tables.get(name) for name in wanted}
    given = {name: _Given(table=TABLES[name], frame=_frame(name, frame)) for name, frame in found.items()
             if frame is not None}
    typed = {name: _typed(one) for name, one in given.items()}
    day = _as_of(typed.get("workbook"))
    for name, one in given.items():
        _refuse_between(one, typed[name])
        _refuse_strangers(one, typed)
        typed[name] = _one_version(one, typed[name], day)
    _refuse_mix(typed.get("mix_targets"))
    refuse_circles(typed)
    return typed


def _refuse_slips(where: str, unknown: list[str], missing: list[str]) -> None:
    """Refuse an unknown name that must be a slip for a missing one: ignored, it would lift a limit unseen."""
    for name in unknown:
        near = difflib.get_close_matches(column_name(name), missing, n=1, cutoff=_A_SLIP)
        if near:
            raise SchemaError(f"{where}: '{name}' is not known, and '{near[0]}' is not there. Did you mean "
                              f"'{near[0]}'? Rename it, or leave it out.")


def _frame(name: str, frame: object) -> pd.DataFrame:
    if not isinstance(frame, pd.DataFrame):
        raise SchemaError(f"{name}: got {type(frame).__name__}, allowed a pandas frame. Pass pd.DataFrame(...).")
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise SchemaError(f"{name}: column '{twice[0]}' stands there twice, allowed once. Remove one of them.")
    table = TABLES[name]
    _refuse_slips(name, [str(column) for column in frame if column not in table],
                  [column for column in table.names if column not in frame])
    for column in table.required:
        if column not in frame and column != "name":
            spare = [str(other) for other in frame if other not in table][:_FEW]
            found = "It is the index: call reset_index()." if column in frame.index.names else \
                f"Add it. {did_you_mean(column, spare)}" if spare else "Add it."
            raise SchemaError(f"{name}: required column '{column}' is missing, allowed {table[column].allowed}. "
                              f"{found}")
    if table.single and len(frame) > 1:
        raise SchemaError(f"{name}: got {len(frame)} rows, allowed one row. Keep the row that counts.")
    return frame


def _typed(given: _Given) -> pd.DataFrame:
    frame = given.frame
    if not frame.index.equals(pd.RangeIndex(len(frame))):
        frame = frame.reset_index(drop=True)
    columns = {column.name: _cells(given, frame, column) for column in given.table.columns}
    if list(frame) == given.table.names and all(cells is None for cells in columns.values()):
        return frame
    return pd.DataFrame({name: frame[name] if cells is None else cells for name, cells in columns.items()})


def _cells(given: _Given, frame: pd.DataFrame, column: Column) -> pd.Series | None:
    """Cells of one column in the schema's type, limits kept, defaults filled in; None: they are so already."""
    if column.name not in frame:
        return _absent(column, len(frame))
    cells = frame[column.name]
    values, bad = _cast(cells, column)
    most = f" and {LARGEST:g} or less" if column.kind is Kind.NUMBER else ""
    given.refuse(bad, column.name, f"no usable {column.kind}", allowed=column.allowed + most,
                 remedy=REMEDY[column.kind])
    if values.hasnans and not column.nullable:
        if column.required and column.name != "name":
            given.refuse(values.isna().to_numpy(), column.name, _EMPTY, allowed=column.allowed, remedy="Fill it in.")
        values = fill(values, column)
    if column.choices:
        given.refuse(_outside(values, set(column.choices)), column.name, _NOT_ALLOWED, allowed=column.allowed)
    if column.low is not None or column.high is not None:
        given.refuse(_beyond(values, column), column.name, _NOT_ALLOWED, allowed=column.allowed)
    values = _plain(values, column)
    return None if values is cells else values


def _absent(column: Column, n_rows: int) -> pd.Series:
    return _default(column).repeat(n_rows).reset_index(drop=True)


@cache
def _default(column: Column) -> pd.Series:
    return plain(fill(empty(1, column), column), column)


def _cast(cells: pd.Series, column: Column) -> tuple[pd.Series, Marks]:
    """Values and which cells are none of their kind; what has the schema's type already is only looked at."""
    if isinstance(cells.dtype, pd.StringDtype) and cells.dtype.na_value is pd.NA:
        cells = cells.astype("str")
    kind, dtype, fine = column.kind, cells.dtype, np.zeros(len(cells), dtype=bool)
    if kind is Kind.TEXT and isinstance(dtype, pd.StringDtype):
        if all(word == column.default or _is_plain(word) for word in cells.unique()):
            return cells, fine
    elif kind in _AS_THEY_ARE and isinstance(dtype, np.dtype) and dtype.kind == _AS_THEY_ARE[kind]:
        return cells, fine
    elif kind in (Kind.NUMBER, Kind.INTEGER, Kind.MONTH):
        if dtype == "object" and pd.api.types.infer_dtype(cells, skipna=True) in _NUMBERS:
            cells = pd.to_numeric(cells)
        if cells.dtype.kind in "iuf":
            return _whole(cells, kind) if kind is not Kind.NUMBER else _finite(cells)
    strange = ~cells.map(lambda cell: isinstance(cell, _CASTABLE) or _is_empty(cell)).to_numpy(dtype=bool)
    values, bad = cast(cells, column)
    if kind is Kind.NUMBER:
        strange |= (values.abs() > LARGEST).to_numpy(dtype=bool)
    return values, strange | bad.to_numpy(dtype=bool)


def _is_plain(word: Any) -> bool:
    return not isinstance(word, str) or (word != "" and word == word.strip() and not _NO_TEXT.search(word))


def _finite(cells: pd.Series) -> tuple[pd.Series, Marks]:
    numbers = cells if cells.dtype == "float64" else cells.astype("float64")
    return numbers, np.abs(numbers.to_numpy()) > LARGEST


def _whole(cells: pd.Series, kind: Kind) -> tuple[pd.Series, Marks]:
    numbers = _floats(cells)
    some = ~np.isnan(numbers)
    bad = some & ((np.floor(numbers) != numbers) | (np.abs(numbers) >= 2**53))
    if kind is Kind.MONTH:
        bad |= some & ~((numbers >= FIRST_MONTH) & (numbers <= LAST_MONTH))
    return (cells, bad) if bad.any() or cells.dtype in ("int64", "Int64") else (cells.astype("Int64"), bad)


def _plain(values: pd.Series, column: Column) -> pd.Series:
    """Take numpy's own type where nothing is empty or may stay so."""
    if column.kind in (Kind.INTEGER, Kind.MONTH) and not column.nullable and values.dtype != "int64":
        return values.astype("int64")
    if column.kind in (Kind.INTEGER, Kind.MONTH) and column.nullable and values.dtype != "Int64":
        return values.astype("Int64")
    return values.astype("bool") if isinstance(values.dtype, pd.BooleanDtype) else values


def _outside(values: pd.Series, known: set[str]) -> Marks:
    """Mark the filled cells that are none of these words."""
    if all(word in known or not isinstance(word, str) for word in values.unique()):
        return np.zeros(len(values), dtype=bool)
    return (values.notna() & ~values.isin(list(known))).to_numpy(dtype=bool)


def _floats(values: pd.Series) -> NDArray[np.float64]:
    return np.asarray(values.to_numpy(dtype="float64", na_value=np.nan))


def _beyond(values: pd.Series, limits: Column | Rule) -> Marks:
    numbers = _floats(values)
    low, high = -np.inf if limits.low is None else limits.low, np.inf if limits.high is None else limits.high
    return np.asarray((numbers < low) | (numbers > high), dtype=bool)


def _refuse_between(given: _Given, frame: pd.DataFrame) -> None:
    """Refuse columns out of order, and values that another column forbids."""
    table = given.table
    for chain in table.ordered:
        for low, high in pairwise(chain):
            bad = np.asarray(_floats(frame[low]) > _floats(frame[high]))
            given.refuse(bad, low, f"{low} exceeds {high}", allowed=" <= ".join(chain), remedy="Swap or correct them.")
    for rule in table.rules:
        values, concerned = frame[rule.column], frame[rule.when].isin(rule.values).to_numpy(dtype=bool)
        if rule.filled:
            # A workbook fills a column that was not there with empty cells: all empty is no omission.
            given.refuse(concerned & values.isna().to_numpy() & bool(values.notna().any()), rule.column, _EMPTY,
                         allowed=rule.allowed, remedy="Fill it in, or leave the whole column out.")
        else:
            given.refuse(concerned & _beyond(values, rule), rule.column, _NOT_ALLOWED, allowed=rule.allowed)


def _refuse_strangers(given: _Given, typed: dict[str, pd.DataFrame]) -> None:
    """Refuse ids that the table they refer to does not have."""
    for column in given.table.columns:
        home = typed.get(column.references)
        if home is None or home.empty or column.name not in given.frame:
            continue
        known = set(home[TABLES[column.references].key[0]])
        listed = f" Known: {', '.join(sorted(known))}." if len(known) <= _FEW else ""
        given.refuse(_outside(typed[given.table.name][column.name], known), column.name,
                     f"not in {column.references}", allowed=column.allowed,
                     remedy=f"Add the key there, or correct it here.{listed}")


def _one_version(given: _Given, frame: pd.DataFrame, day: Any) -> pd.DataFrame:
    """Keep one row per key: of dated versions the newest known, of other twins none."""
    table = given.table
    rest = [name for name in table.key if name != table.versioned_by]
    if not _twins(frame, rest).any():
        return frame
    twins = _twins(frame, list(table.key))
    first = next(name for name in table.key if name in given.frame)
    given.refuse(twins, first, "another row has the same key", allowed=f"one row per {', '.join(table.key)}",
                 remedy="Keep the right row.")
    newest: pd.DataFrame = known_on(frame, table, day)
    return newest


def _twins(frame: pd.DataFrame, key: list[str]) -> Marks:
    if len(key) == 1 and frame[key[0]].is_unique:
        return np.zeros(len(frame), dtype=bool)
    return frame.duplicated(key, keep="first").to_numpy(dtype=bool)


def _as_of(book: pd.DataFrame | None) -> Any:
    return None if book is None or book.empty or book["as_of"].isna().all() else book["as_of"].iloc[0].date()


def _refuse_mix(targets: pd.DataFrame | None) -> None:
    """Refuse bands that no spending can hold."""
    if targets is None or targets.empty:
        return
    floors, ceilings = float(targets["floor_share"].sum()), float(targets["ceiling_share"].sum())
    if floors > 1 + _ROUNDING:
        raise SchemaError(f"mix_targets column 'floor_share': the floors add up to {100 * floors:.1f} %, allowed 100 % "
                          "or less. Lower one of them.")
    complete = set(targets["horizon"]) == set(TABLES["mix_targets"]["horizon"].choices)
    if complete and ceilings < 1 - _ROUNDING:
        raise SchemaError(f"mix_targets column 'ceiling_share': the ceilings of all horizons add up to "
                          f"{100 * ceilings:.1f} %, allowed 100 % or more. Raise one of them.")
