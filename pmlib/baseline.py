"""What was known on a day, and what later corrections changed of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.months import month_of, month_text
from pmlib.schema import TABLES, Kind, Table

if TYPE_CHECKING:
    import ibis.expr.types as ir

#: Between the parts of a key, as people read it.
JOINT = " · "
_NAMED = 5
_PRIME = 1_000_000_007


def known_on(table: Any, definition: Table, day: dt.date | None) -> Any:
    """Leave out what was not known on a day: later rows, later events of a row, and versions not yet in force.

    Parameters
    ----------
    table : DataFrame, or Ibis table where the definition is large
        As checked, every dated row and version in it.
    definition : Table
    day : date or None
        None: everything is known; of versions the newest counts.
    """
    table = versions_on(table, definition, day)
    version = definition.versioned_by
    if not version:
        return table
    rest = [name for name in definition.key if name != version]
    newest = table.sort_values(version, kind="stable").drop_duplicates(rest, keep="last")
    return newest.sort_index().reset_index(drop=True)


def versions_on(table: Any, definition: Table, day: dt.date | None) -> Any:
    """Leave out what was not known on a day, and keep every version of what was; parameters as of ``known_on``."""
    if day is None:
        return table
    table = _hidden(_not_later(table, definition, definition.dated_by, day), definition, day)
    return _not_later(table, definition, definition.versioned_by, day)


def _not_later(table: Any, definition: Table, column: str, day: dt.date) -> Any:
    if not column:
        return table
    known = table[column] <= _limit(definition, column, day)
    if not definition[column].required:  # without a date it may always have been known
        known = known | table[column].isnull()
    return table[known.fillna(False)] if isinstance(table, pd.DataFrame) else table.filter(known)


def _limit(definition: Table, column: str, day: dt.date) -> Any:
    return month_of(day) if definition[column].kind is Kind.MONTH else pd.Timestamp(day)


def _hidden(table: Any, definition: Table, day: dt.date) -> Any:
    """Empty the cells that were filled in later."""
    for column, date in definition.hidden:
        later = table[date] > _limit(definition, date, day)
        if column != date:  # without its day, nobody can say that it was known
            later = later | table[date].isnull()
        if isinstance(table, pd.DataFrame):
            table = table.assign(**{column: table[column].mask(later.fillna(False).astype(bool))})
        else:
            table = table.mutate(**{column: later.fill_null(False).ifelse(None, table[column])})
    return table


def marks(tables: Mapping[str, Any]) -> pd.DataFrame:
    """Mark what tables hold, so that a later reading can tell what has changed.

    Parameters
    ----------
    tables : mapping of table name to DataFrame or Ibis table
        As known on one day.

    Returns
    -------
    DataFrame
        table, part (the key of a row; of a large table the month), rows, mark; sorted.
    """
    # The day of the whole workbook moves with every delivery and corrects nothing.
    parts = [_rows_marked(name, table.drop(columns="as_of", errors="ignore") if name == "workbook" else table)
             if isinstance(table, pd.DataFrame) else _months_marked(name, table) for name, table in tables.items()]
    columns = ["table", "part", "rows", "mark"]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return frame[columns].sort_values(["table", "part"], kind="stable", ignore_index=True)


def _rows_marked(name: str, table: pd.DataFrame) -> pd.DataFrame:
    text = _as_text(table)
    marked = [hashlib.blake2b("\x1f".join(row).encode(), digest_size=8).hexdigest()
              for row in zip(*(text[column] for column in text), strict=True)]
    key = [column for column in TABLES[name].key if column != TABLES[name].versioned_by]
    part = [JOINT.join(row) for row in zip(*(text[column] for column in key), strict=True)]
    return pd.DataFrame({"table": name, "part": part, "rows": 1, "mark": marked})


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    months = {column.name for one in TABLES.values() for column in one.columns if column.kind is Kind.MONTH}
    columns = {}
    for name in table:
        values = table[name]
        if name in months:
            values = values.map(month_text, na_action="ignore")
        columns[name] = values.astype("object").where(values.notna(), "").map(str)
    return pd.DataFrame(columns)


def _months_marked(name: str, table: ir.Table) -> pd.DataFrame:
    import ibis

    by = TABLES[name].dated_by
    month: Any = ibis.literal("all")
    if by:
        column = table[by]
        month = column.cast("string").substr(0, 7) if TABLES[name][by].kind is Kind.DATE else column.cast("string")
    whole = ibis.literal("\x1f").join([table[column].cast("string").fill_null("") for column in table.columns])
    rows = table.select(part=month.fill_null("undated"), number=_md5_number()(whole) % _PRIME)
    found = rows.group_by("part").aggregate(rows=rows.count(), mark=rows["number"].sum()).execute()
    parts = found["part"].map(lambda part: month_text(int(part)) if part.isdigit() else part)
    mark = found["mark"].map(lambda number: f"{int(number):x}")
    frame: pd.DataFrame = found.assign(table=name, part=parts.astype("str"), mark=mark)
    return frame


@cache
def _md5_number() -> Any:
    import ibis

    def number(text: str) -> int:  # type: ignore[empty-body]
        """Half of the MD5 of a text, as a number; the engine has it."""

    return ibis.udf.scalar.builtin(number, name="md5_number_lower")


@dataclass(frozen=True, eq=False, kw_only=True)
class Corrections:
    """What changed of the tables of one day since they were last read.

    Attributes
    ----------
    changes : DataFrame
        table, part (key of a row; of a large table the month), change (added, changed, removed).
    """

    changes: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """One row per changed row, or changed month of a large table."""
        return self.changes.copy(deep=False)

    def __len__(self) -> int:
        return len(self.changes)

    def __repr__(self) -> str:
        return f"<Corrections: {self.summary()}>"

    def summary(self) -> str:
        """Name the late corrections, table by table; empty when there are none."""
        kept: dict[bool, list[str]] = {True: [], False: []}
        for table, group in self.changes.groupby("table", sort=True):
            kept[_has_history(str(table))].append(f"{table} ({_in_words(group)})")
        corrected = [f"Corrected since: {'; '.join(kept[True])}."] if kept[True] else []
        moved = [f"Changed since, in tables that keep no history: {'; '.join(kept[False])}."] if kept[False] else []
        return " ".join(corrected + moved)


def _has_history(table: str) -> bool:
    return bool(TABLES[table].dated_by or TABLES[table].versioned_by) if table in TABLES else True


def late_corrections(before: pd.DataFrame, now: pd.DataFrame) -> Corrections:
    """Compare what was known of a day when it was first read with what is known of it today.

    Parameters
    ----------
    before, now : DataFrame
        As :func:`marks` gives them.

    Examples
    --------
    >>> first = pd.DataFrame({"table": "budgets", "part": ["G1", "G2"], "rows": 1, "mark": ["a", "b"]})
    >>> late_corrections(first, first.assign(mark=["a", "c"]))
    <Corrections: Corrected since: budgets (1 changed: G2).>
    """
    both = before.merge(now, on=["table", "part"], how="outer", suffixes=("_before", "_now"), indicator=True)
    changed = (both["_merge"] != "both") | (both["mark_before"] != both["mark_now"]) | \
        (both["rows_before"] != both["rows_now"])
    words = {"left_only": "removed", "right_only": "added", "both": "changed"}
    found = both[changed].assign(change=lambda rows: rows["_merge"].astype("str").map(words))
    order = ["table", "part", "change"]
    return Corrections(changes=found[order].sort_values(order, kind="stable", ignore_index=True))


def _in_words(group: pd.DataFrame) -> str:
    return ", ".join(f"{len(rows)} {change}: {_listed(rows['part'])}"
                     for change, rows in group.groupby("change", sort=True))


def _listed(parts: Iterable[str]) -> str:
    names = list(parts)
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + rest
