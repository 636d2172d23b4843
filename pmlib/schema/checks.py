"""Check a small table against its definition: cast, then pandera, then keys; every problem at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from pmlib.errors import did_you_mean, nearest
from pmlib.schema.casting import REMEDY, cast, empty, fill, plain
from pmlib.schema.definition import Column, Table
from pmlib.schema.findings import Finding

DISTINCT = "Give the two ends of the scale."
#: A table is blocked when a larger share of its rows than this cannot be used.
UNUSABLE_SHARE = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class RawTable:
    """A table as it was read: cells, the row of the file each came from, and which file."""

    cells: pd.DataFrame
    rows: np.ndarray
    file: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Checked:
    """A table after its checks: the usable rows (a frame, or an Ibis table), and what was wrong with the others."""

    table: Any
    findings: tuple[Finding, ...]
    n_rows: int
    n_set_aside: int

    @property
    def blocked(self) -> str:
        """Why the table cannot be used at all; empty when it can."""
        blocking = next((finding for finding in self.findings if finding.blocks), None)
        if blocking is not None:
            return str(blocking).rstrip(".")
        if self.n_rows and self.n_set_aside / self.n_rows > UNUSABLE_SHARE:
            return f"{self.n_set_aside:,} of {self.n_rows:,} rows are unusable, more than half"
        return ""


def check(raw: RawTable, table: Table, keys: Mapping[str, Set[str]]) -> Checked:
    """Cast and check one table; nothing is dropped or changed without a finding.

    Parameters
    ----------
    raw : RawTable
        Cells as read, n_rows by any columns.
    table : Table
        The definition.
    keys : mapping of table name to set of str
        All keys present in the tables that may be referred to, good rows or bad:
        one bad row does not cascade. A table absent from it is not checked against.

    Returns
    -------
    Checked
        Every column of the definition in the schema's type, defaults filled in.
    """
    missing = missing_columns(list(raw.cells.columns), table, raw.file)
    if missing:
        return Checked(table=raw.cells.iloc[:0], findings=missing, n_rows=len(raw.cells), n_set_aside=len(raw.cells))
    frame, findings = _cast_all(raw, table)
    findings += _rule_findings(frame, raw, table)
    findings += _reference_findings(frame, raw, table, keys)
    findings += key_findings(frame, raw, table)
    findings += single_findings(len(frame), table, raw.file)
    bad = np.isin(raw.rows, [finding.row for finding in findings])
    good = frame[~bad].reset_index(drop=True)
    for column in table.columns:
        good[column.name] = plain(good[column.name], column)
    return Checked(table=good, findings=tuple(findings), n_rows=len(frame), n_set_aside=int(bad.sum()))


def missing_columns(present: list[str], table: Table, file: str) -> tuple[Finding, ...]:
    """List the required columns that are not there, each with a near name where one is."""
    spare = [name for name in present if name not in table]
    return tuple(
        Finding(
            table=table.name, file=file, column=name, problem="required column is missing",
            allowed=table[name].allowed, blocks=True,
            remedy=f"Add it, or map yours in views.sql. {did_you_mean(name, spare)}" if spare else "Add it.",
        )
        for name in table.required if name not in present
    )


def single_findings(n_rows: int, table: Table, file: str) -> list[Finding]:
    """Refuse a second row where only one has a meaning."""
    if not table.single or n_rows <= 1:
        return []
    return [Finding(table=table.name, file=file, value=f"{n_rows} rows", problem="more than one row", allowed="one row",
                    remedy="Keep the row that counts", blocks=True)]


def ignored_columns(present: list[str], table: Table) -> list[str]:
    """Columns that the schema does not know: they stay unread, and a note says so."""
    return [name for name in present if name not in table]


def _finding(raw: RawTable, table: Table, position: int | np.integer, **what: str) -> Finding:
    return Finding(table=table.name, file=raw.file, row=int(raw.rows[position]), **what)  # type: ignore[arg-type]


def _cast_all(raw: RawTable, table: Table) -> tuple[pd.DataFrame, list[Finding]]:
    columns: dict[str, pd.Series] = {}
    findings: list[Finding] = []
    for column in table.columns:
        if column.name not in raw.cells:
            columns[column.name] = fill(empty(len(raw.cells), column), column)
            continue
        cells = raw.cells[column.name]
        values, bad = cast(cells, column)
        what = {"column": column.name, "allowed": column.allowed, "remedy": REMEDY[column.kind]}
        for at in np.flatnonzero(bad):
            findings.append(_finding(raw, table, at, value=str(cells.iloc[at]), problem=f"not {article(column.kind)}",
                                     **what))
        if column.required:
            for at in np.flatnonzero(values.isna() & ~bad):
                findings.append(_finding(raw, table, at, problem="empty", **what | {"remedy": "Fill it in."}))
        columns[column.name] = fill(values, column)
    return pd.DataFrame(columns, index=raw.cells.index).reset_index(drop=True), findings


def _pandera_columns(table: Table) -> Iterator[tuple[Column, list[pa.Check]]]:
    for column in table.columns:
        checks = []
        if column.choices:
            checks.append(pa.Check.isin(column.choices))
        if column.low is not None:
            checks.append(pa.Check.ge(column.low))
        if column.high is not None:
            checks.append(pa.Check.le(column.high))
        if checks:
            yield column, checks


def _rule_findings(frame: pd.DataFrame, raw: RawTable, table: Table) -> list[Finding]:
    """Ranges, closed choices, and the order of paired columns, by pandera."""
    findings: list[Finding] = []
    schema = pa.DataFrameSchema({
        column.name: pa.Column(checks=checks, nullable=True) for column, checks in _pandera_columns(table)
    })
    for place, name in _failures(schema, frame):
        column, value = table[name], frame.at[place, name]
        remedy = nearest(str(value), column.choices) or "Correct the value."
        findings.append(_finding(raw, table, place, column=name, value=_show(value), problem="not allowed",
                                 allowed=column.allowed, remedy=remedy))
    return findings + _between_columns(frame, raw, table)


def _between_columns(frame: pd.DataFrame, raw: RawTable, table: Table) -> list[Finding]:
    """Pairs in order, ends of a scale apart, and limits that depend on another column."""
    findings: list[Finding] = []
    for first, second in table.ordered:
        broken = (frame[first] > frame[second]).fillna(False).astype(bool)
        for at in np.flatnonzero(broken):
            findings.append(_finding(
                raw, table, at, column=first, value=str(raw.cells[first].iloc[at]),
                problem=f"{first} lies after {second}" if "month" in str(table[first].kind) else
                f"{first} exceeds {second}",
                allowed=f"at most {second}, here '{raw.cells[second].iloc[at]}'", remedy="Swap or correct them."))
    for first, second in table.distinct:
        for at in np.flatnonzero((frame[first] == frame[second]).fillna(False)):
            findings.append(_finding(raw, table, at, column=first, value=_show(frame.at[at, first]), remedy=DISTINCT,
                                     problem=f"{first} equals {second}", allowed=f"another value than {second}"))
    for rule in table.rules:
        low, high = -np.inf if rule.low is None else rule.low, np.inf if rule.high is None else rule.high
        values: pd.Series = frame[rule.column]
        outside = ((values < low) | (values > high)).fillna(False)
        for at in np.flatnonzero(frame[rule.when].isin(rule.values) & outside):
            findings.append(_finding(raw, table, at, column=rule.column, value=_show(values[at]), problem="not allowed",
                                     allowed=rule.allowed, remedy="Correct the value."))
    return findings


def _failures(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> list[tuple[int, str]]:
    if not schema.columns or frame.empty:
        return []
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases.dropna(subset=["index"])
        return sorted({(int(at), str(name)) for at, name in zip(cases["index"], cases["column"], strict=True)})
    return []


def _reference_findings(
    frame: pd.DataFrame, raw: RawTable, table: Table, keys: Mapping[str, Set[str]]
) -> list[Finding]:
    findings = []
    for column in table.columns:
        known = keys.get(column.references) if column.references else None
        if known is None:
            continue
        values = frame[column.name]
        for at in np.flatnonzero(values.notna() & ~values.isin(list(known))):
            findings.append(_finding(
                raw, table, at, column=column.name, value=str(values.iloc[at]),
                problem=f"not in {column.references}", allowed=column.allowed,
                remedy=reference_remedy(str(values.iloc[at]), known)))
    return findings


def reference_remedy(value: str, known: Set[str]) -> str:
    """Propose the nearest key; every key only where a reader can take them in."""
    if len(known) <= 12:  # noqa: PLR2004
        return did_you_mean(value, sorted(known))
    return nearest(value, sorted(known)) or "Add the key there, or correct it here."


def key_findings(frame: pd.DataFrame, raw: RawTable, table: Table) -> list[Finding]:
    """Find rows that share a key: of identical rows the first stays, of different ones none does."""
    key = list(table.key)
    # A row without its key is found as empty; it is nobody's twin.
    named = frame[[name for name in key if table[name].required]].notna().all(axis="columns")
    twins = frame.duplicated(key, keep=False) & named
    if not twins.any():
        return []
    same_again = frame.duplicated(keep="first")
    groups = frame[twins].groupby(key, dropna=False, sort=False)
    findings = []
    for _, group in groups:
        alike = len(group.drop_duplicates()) == 1
        for at in group.index:
            if alike and not same_again[at]:
                continue
            remedy = "The first of the same rows is kept; delete this one." if alike else \
                "The rows differ and none is used; keep the right one."
            value = ", ".join(_show(frame.at[at, name]) for name in key)
            findings.append(_finding(raw, table, at, column=", ".join(key), value=value, problem="duplicate key",
                                     allowed="one row per key", remedy=remedy))
    return findings


def article(word: str) -> str:
    """Put a or an before a word."""
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _show(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
