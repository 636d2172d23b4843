"""Check every table of a folder: small ones as frames, large ones in the engine, keys known to all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.errors import WorkbookError, nearest
from pmlib.folder import Folder
from pmlib.large_tables import ROW, check_large, raw_text
from pmlib.schema import TABLES, Table
from pmlib.schema.casting import cast
from pmlib.schema.checks import Checked, RawTable, check, ignored_columns
from pmlib.schema.findings import Finding

if TYPE_CHECKING:
    import ibis.expr.types as ir


def check_folder(folder: Folder) -> dict[str, Checked]:
    """Check every table of a folder; one that cannot be read is blocked, and the others are still looked at.

    Returns
    -------
    dict of table name to Checked
        In the schema's order. Files and columns that stay unread are noted in ``folder.notes``.
    """
    names = [name for name in TABLES if name in folder.sources]
    read = {name: _read(folder, name) for name in names}
    small_keys = {name: _keys(raw.cells, TABLES[name]) for name, raw in read.items() if isinstance(raw, RawTable)}
    keys = {name: _key_relation(sorted(known)) for name, known in small_keys.items()}
    keys |= {name: _keys_of_large(raw, TABLES[name]) for name, raw in read.items()
             if TABLES[name].large and not isinstance(raw, Checked) and TABLES[name].key[0] in raw.columns}
    checked = {}
    for name, raw in read.items():
        if not isinstance(raw, Checked):
            _note_spare_columns(folder, name, raw.cells.columns if isinstance(raw, RawTable) else raw.columns)
        result = _check(folder, name, raw, small_keys=small_keys, keys=keys)
        ragged = folder.ragged.get(name, [])
        checked[name] = replace(result, findings=(*result.findings, *ragged), n_rows=result.n_rows + len(ragged),
                                n_set_aside=result.n_set_aside + len(ragged)) if ragged else result
    return checked


def _read(folder: Folder, name: str) -> Any:
    try:
        return folder.relation(name) if TABLES[name].large else folder.cells(name)
    except WorkbookError as error:
        return _unreadable(folder, name, str(error))


def _unreadable(folder: Folder, name: str, why: str) -> Checked:
    finding = Finding(table=name, file=folder.sources[name].file, problem=why.rstrip("."), blocks=True,
                      remedy="It is blocked until then")
    return Checked(table=None, findings=(finding,), n_rows=0, n_set_aside=0)


def _check(folder: Folder, name: str, raw: Any, *, small_keys: Mapping[str, frozenset[str]],
           keys: Mapping[str, ir.Table]) -> Checked:
    if isinstance(raw, Checked):
        return raw
    if isinstance(raw, RawTable):
        return check(raw, TABLES[name], small_keys)
    try:
        return folder.held(name, check_large(raw, TABLES[name], file=folder.sources[name].file, keys=keys))
    except Exception as error:  # a view or file fails only when its rows are fetched
        return _unreadable(folder, name, f"its rows cannot be read ({str(error).splitlines()[0][:200]})")


def _note_spare_columns(folder: Folder, name: str, columns: Iterable[str]) -> None:
    table, file = TABLES[name], folder.sources[name].file
    folder.notes += [
        f"{file}: column '{spare}' is not in the schema and stays unread. {nearest(spare, table.names)}".strip()
        for spare in ignored_columns(list(columns), table) if spare != ROW
    ]


def _keys(cells: pd.DataFrame, table: Table) -> frozenset[str]:
    name = table.key[0]
    return frozenset(cast(cells[name], table[name])[0].dropna()) if name in cells else frozenset()


def _key_relation(known: list[str]) -> ir.Table:
    import ibis

    return ibis.memtable(pd.DataFrame({"key": pd.Series(known, dtype="str")}))


def _keys_of_large(relation: ir.Table, table: Table) -> ir.Table:
    return relation.select(key=raw_text(relation[table.key[0]])).distinct()
