"""Check every table of a place: small ones as frames, large ones in the engine, keys known to all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.errors import WorkbookError, nearest
from pmlib.large_tables import ROW, check_large, raw_text
from pmlib.opening import Opened
from pmlib.schema import TABLES, Table
from pmlib.schema.casting import cast
from pmlib.schema.checks import Checked, Known, RawTable, blocked_table, check, ignored_columns
from pmlib.schema.findings import LISTED, Finding, ProblemKind
from pmlib.sources import EngineSource, in_time

if TYPE_CHECKING:
    import ibis.expr.types as ir

#: Letters of a cell that a finding shows.
_LONGEST = 200
#: Columns of a table that are named as unread; the others are counted.
_NOTED = 50


def check_all(opened: Opened) -> dict[str, Checked]:
    """Check every table; one that cannot be read is blocked, and the others are still looked at.

    Returns
    -------
    dict of table name to Checked
        In the schema's order. What stays unread is noted in ``opened.notes``, and so are tables without a row,
        which count as absent.
    """
    read = {name: _read(opened, name) for name in TABLES if name in opened.sources}
    _leave_out_empty(opened, read)
    known = _known(read)
    keys = {name: _key_relation(sorted(names)) for name, names in known.keys.items() if not TABLES[name].large}
    keys |= {name: _keys_of_large(raw, TABLES[name]) for name, raw in read.items()
             if TABLES[name].large and not isinstance(raw, Checked) and TABLES[name].key[0] in raw.columns}
    checked = {}
    for name, raw in read.items():
        if not isinstance(raw, Checked):
            _note_spare(opened, name, raw.cells.columns if isinstance(raw, RawTable) else raw.columns)
        checked[name] = _with_ragged(opened, name, _check(opened, name, raw, known=known, keys=keys))
    opened.let_go()
    return checked


def _leave_out_empty(opened: Opened, read: dict[str, Any]) -> None:
    empty = [name for name, raw in read.items() if not isinstance(raw, Checked) and _is_empty(raw, TABLES[name])
             and not opened.sources[name].ragged]
    if empty:
        places = ", ".join(_place(opened, name) for name in empty)
        opened.notes.append(f"Without rows, and counted as absent: {places}.")
    for name in empty:
        del read[name], opened.sources[name]


def _is_empty(raw: Any, table: Table) -> bool:
    if isinstance(raw, RawTable):
        return raw.cells.empty and set(table.required) <= set(raw.cells.columns)
    try:
        return set(table.required) <= set(raw.columns) and not len(raw.limit(1).execute())
    except Exception:  # its check says what is wrong with it
        return False


def _read(opened: Opened, name: str) -> Any:
    source = opened.sources[name]
    try:
        return source.relation(opened.engine, opened.dialect) if TABLES[name].large else source.cells(opened.dialect)
    except WorkbookError as error:
        return _unreadable(opened, name, str(error))


def _unreadable(opened: Opened, name: str, why: str) -> Checked:
    file = opened.sources[name].file
    problem, _, remedy = why.removeprefix(f"{file}: ").rstrip(".").rpartition(". ")
    finding = Finding(table=name, file=file, problem=problem or remedy, blocks=True,
                      remedy=remedy if problem else opened.sources[name].remedy)
    return blocked_table((finding,), None, n_rows=0)


def _check(opened: Opened, name: str, raw: Any, *, known: Known, keys: Mapping[str, ir.Table]) -> Checked:
    if isinstance(raw, Checked):
        return raw
    if isinstance(raw, RawTable):
        return check(raw, TABLES[name], known)
    source = opened.sources[name]
    try:
        with in_time(opened.engine, source.file) if isinstance(source, EngineSource) else nullcontext():
            return opened.held(name, check_large(raw, TABLES[name], file=source.file, keys=keys, engine=opened.engine))
    except WorkbookError as error:
        return _unreadable(opened, name, str(error))
    except Exception as error:  # a view or file fails only when its rows are fetched
        text = (str(error).splitlines() or [type(error).__name__])[0][:200]
        return _unreadable(opened, name, f"its rows cannot be read ({text}). {source.remedy}")


def _with_ragged(opened: Opened, name: str, result: Checked) -> Checked:
    """Add the rows that have no cells of their own, and name places as the user sees them."""
    source = opened.sources[name]
    ragged = [] if result.table is None else source.ragged
    kinds = (ProblemKind(table=name, column="", problem=ragged[0].problem, rows=len(ragged), weight=0.0,
                         remedy=ragged[0].remedy),) if ragged else ()
    findings = [source.placed(finding) for finding in result.findings] if result.table is not None else result.findings
    # A row of a matrix is many rows of the table, and is listed once.
    listed = tuple(dict.fromkeys(replace(finding, value=_shown(finding.value))
                                 for finding in (*findings, *ragged[:LISTED])))
    return replace(result, findings=listed, kinds=(*result.kinds, *kinds),
                   n_rows=result.n_rows + len(ragged), n_set_aside=result.n_set_aside + len(ragged))


def _shown(value: str) -> str:
    """Show a cell in a line of its own: what would move the cursor is spelled out, and a long text cut."""
    cut = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}..."
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in cut)


def _note_spare(opened: Opened, name: str, columns: Iterable[str]) -> None:
    table, place, text = TABLES[name], _place(opened, name), getattr(opened.sources[name], "text", None)
    criteria = text.criteria if text is not None else ()
    opened.notes += opened.sources[name].notes
    spares = [spare for spare in ignored_columns(list(columns), table) if spare != ROW and spare not in criteria]
    opened.notes += [
        f"{place}: column '{spare}' is not in the schema and stays unread. {nearest(spare, table.names)}".strip()
        for spare in spares[:_NOTED]
    ]
    if spares[_NOTED:]:
        opened.notes.append(f"{place}: {len(spares) - _NOTED:,} more columns are not in the schema and stay unread.")


def _place(opened: Opened, name: str) -> str:
    source = opened.sources[name]
    sheet = source.text.sheet if hasattr(source, "text") else ""
    return f"{source.file} sheet {sheet}" if sheet else source.file


def _known(read: Mapping[str, Any]) -> Known:
    """Collect the keys of every small table, and the numbers that others are measured by."""
    frames = {name: raw.cells for name, raw in read.items() if isinstance(raw, RawTable)}
    keys = {name: _keys(cells, TABLES[name].key[0], TABLES[name]) for name, cells in frames.items()
            if TABLES[name].key[0] in cells}
    keys |= _keys_in_large(read, frames)
    wanted = {suspect.of for name in frames for suspect in TABLES[name].suspects if suspect.of}
    numbers = {}
    for place in wanted:
        table, column = place.split(".")
        if table in frames and {column, TABLES[table].key[0]} <= set(frames[table]):
            values = cast(frames[table][column], TABLES[table][column])[0]
            names = cast(frames[table][TABLES[table].key[0]], TABLES[table][TABLES[table].key[0]])[0]
            numbers[place] = values.groupby(names.to_numpy()).max()
    return Known(keys=keys, numbers=numbers)


def _keys(cells: pd.DataFrame, column: str, table: Table) -> frozenset[str]:
    return frozenset(cast(cells[column], table[column])[0].dropna())


def _keys_in_large(read: Mapping[str, Any], frames: Mapping[str, pd.DataFrame]) -> dict[str, frozenset[str]]:
    """Of what small tables refer to in a large one, the keys that are there."""
    wanted: dict[str, set[str]] = {}
    for name, cells in frames.items():
        for column in TABLES[name].columns:
            if column.references and TABLES[column.references].large and column.name in cells:
                wanted.setdefault(column.references, set()).update(_keys(cells, column.name, TABLES[name]))
    there = {name: _keys_of_large(read[name], TABLES[name]) for name in wanted
             if name in read and not isinstance(read[name], Checked) and TABLES[name].key[0] in read[name].columns}
    found: dict[str, frozenset[str]] = {}
    for name, rows in there.items():
        with suppress(Exception):  # a file whose rows cannot be read is blocked by its own check
            known = rows.filter(rows["key"].isin(sorted(wanted[name]))).execute()["key"] if wanted[name] else []
            found[name] = frozenset(map(str, known))
    return found


def _key_relation(known: list[str]) -> ir.Table:
    import ibis

    return ibis.memtable(pd.DataFrame({"key": pd.Series(known, dtype="str")}))


def _keys_of_large(relation: ir.Table, table: Table) -> ir.Table:
    return relation.select(key=raw_text(relation[table.key[0]])).distinct()
