"""Check a large table inside the engine: the same rules as for small ones, one scan, no raw rows out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import nearest
from pmlib.schema.casting import DAY, MONTH, NO, NUMBER, REMEDY, YES
from pmlib.schema.checks import DISTINCT, Checked, RawTable, article, key_findings, missing_columns
from pmlib.schema.definition import Column, Kind, Table
from pmlib.schema.findings import Finding

if TYPE_CHECKING:
    import ibis.expr.types as ir

#: No file has a column of this name.
ROW = "row of the file"
_TYPES = {
    Kind.TEXT: "string", Kind.NUMBER: "float64", Kind.INTEGER: "int64",
    Kind.MONTH: "int64", Kind.DATE: "date", Kind.FLAG: "boolean",
}


@dataclass(frozen=True, kw_only=True)
class _Rule:
    column: str
    problem: str
    allowed: str
    remedy: str
    broken: Any


def check_large(source: ir.Table, table: Table, *, file: str, keys: Mapping[str, ir.Table]) -> Checked:
    """Cast and check a large table in the engine.

    Parameters
    ----------
    source : ibis Table
        The cells as read, with their file row in the column ``ROW``.
    table : Table
        The definition.
    file : str
        Named in the findings.
    keys : mapping of table name to ibis Table of one column ``key``
        All keys present in the tables that may be referred to.
    """
    missing = missing_columns([name for name in source.columns if name != ROW], table, file)
    if missing:
        n_rows = int(source.count().execute())
        return Checked(table=source.limit(0), findings=missing, n_rows=n_rows, n_set_aside=n_rows)
    staged = _staged(source, table)
    rules = [*_rules(staged, table), *_reference_rules(staged, table, keys)]
    # One scan counts what is broken; rows are fetched only where something is.
    counts = {f"rule_{at}": rule.broken.fill_null(False).cast("int64").sum() for at, rule in enumerate(rules)}
    found = staged.aggregate(n_rows=staged.count(), n_keys=_key(staged, table).nunique(), **counts).execute().iloc[0]
    n_rows = int(found["n_rows"])
    findings: list[Finding] = []
    for at, rule in enumerate(rules):
        if n_rows and found[f"rule_{at}"]:
            findings += _broken_rows(staged, rule, table, file)
    if found["n_keys"] < n_rows:
        findings += _duplicates(staged, table, file)
    bad = sorted({finding.row for finding in findings})
    return Checked(table=_usable(staged, table, bad), findings=tuple(findings), n_rows=n_rows,
                        n_set_aside=len(bad))


def _staged(source: ir.Table, table: Table) -> ir.Table:
    """Cast values, defaults filled in, beside their raw text and whether the cell is bad or empty."""
    import ibis

    columns: dict[str, Any] = {ROW: source[ROW].cast("int64")}
    for column in table.columns:
        kind = _TYPES[column.kind]
        present = column.name in source.columns
        cell = source[column.name] if present else ibis.null("string")
        value = (_cast(cell, column.kind) if present else ibis.null(kind)).cast(kind)
        # Only text can hold an empty cell that is not null; other types need no text for their checks.
        given = raw_text(cell) if cell.type().is_string() else cell
        columns[f"{column.name}__raw"] = raw_text(cell)
        columns[f"{column.name}__bad"] = given.notnull() & value.isnull()
        columns[f"{column.name}__empty"] = given.isnull()
        default = column.default
        columns[column.name] = value if default is None else value.fill_null(ibis.literal(default).cast(kind))
    return source.select(**columns)


def raw_text(cell: Any) -> Any:
    """Write a cell as text, whole numbers without a point whatever their type: 12.0 is the key 12."""
    if cell.type().is_floating() or cell.type().is_decimal():
        number = cell.cast("float64")
        whole = (number % 1 == 0) & (number.abs() < 2**53)
        return whole.ifelse(_when(whole, number).cast("int64").cast("string"), cell.cast("string"))
    return cell.cast("string").strip().nullif("")


def _cast(cell: Any, kind: Kind) -> Any:
    """Cast one column the way ``schema.casting`` does, as an expression."""
    kind_of = cell.type()
    if (kind_of.is_date() or kind_of.is_timestamp()) and kind in (Kind.MONTH, Kind.DATE):
        day = _when(cell == cell.truncate("D"), cell).cast("date") if kind_of.is_timestamp() else cell
        return day if kind is Kind.DATE else day.year().cast("int64") * 12 + day.month().cast("int64")
    text = raw_text(cell)
    if kind is Kind.TEXT:
        return text
    if kind_of.is_numeric() and kind in (Kind.NUMBER, Kind.INTEGER):
        return _finite(cell.cast("float64"), kind)
    if kind_of.is_boolean() and kind is Kind.FLAG:
        return cell
    if kind is Kind.MONTH:
        fits = text.re_search(f"^(?:{MONTH}|{DAY})$")
        return _when(fits, text.substr(0, 4).try_cast("int64") * 12 + text.substr(5, 2).try_cast("int64"))
    if kind is Kind.DATE:
        return _when(text.re_search(f"^{DAY}$"), text.substr(0, 10).try_cast("date"))
    if kind is Kind.FLAG:
        lower = text.lower()
        return lower.isin(YES).ifelse(True, lower.isin(NO).ifelse(False, None))
    return _finite(_when(text.re_search(f"^(?:{NUMBER})$"), text.try_cast("float64")), kind)


def _finite(number: Any, kind: Kind) -> Any:
    finite = _when(~(number.isinf() | number.isnan()), number)
    return _when((finite % 1 == 0) & (finite.abs() < 2**53), finite) if kind is Kind.INTEGER else finite


def _when(fits: Any, value: Any) -> Any:
    return fits.ifelse(value, None)


def _rules(staged: ir.Table, table: Table) -> Iterator[_Rule]:
    import ibis

    for column in table.columns:
        value = staged[column.name]
        what = {"column": column.name, "allowed": column.allowed}
        yield _Rule(**what, problem=f"not {article(column.kind)}", remedy=REMEDY[column.kind],
                    broken=staged[f"{column.name}__bad"])
        if column.required:
            yield _Rule(**what, problem="empty", remedy="Fill it in.",
                        broken=staged[f"{column.name}__empty"])
        limits = _limits(value, column)
        if limits is not None:
            yield _Rule(**what, problem="not allowed", remedy="Correct the value.", broken=limits)
    for first, second in table.ordered:
        word = "lies after" if table[first].kind is Kind.MONTH else "exceeds"
        yield _Rule(column=first, problem=f"{first} {word} {second}", allowed=f"at most {second}",
                    remedy="Swap or correct them.", broken=staged[first] > staged[second])
    for first, second in table.distinct:
        yield _Rule(column=first, problem=f"{first} equals {second}", allowed=f"another value than {second}",
                    remedy=DISTINCT, broken=staged[first] == staged[second])
    for rule in table.rules:
        value, outside = staged[rule.column], ibis.literal(False)
        if rule.low is not None:
            outside = outside | (value < rule.low)
        if rule.high is not None:
            outside = outside | (value > rule.high)
        yield _Rule(column=rule.column, problem="not allowed", allowed=rule.allowed, remedy="Correct the value.",
                    broken=staged[rule.when].isin(rule.values) & outside)


def _limits(value: Any, column: Column) -> Any:
    broken = None
    if column.choices:
        broken = value.notin(column.choices)
    if column.low is not None:
        broken = (value < column.low) if broken is None else broken | (value < column.low)
    if column.high is not None:
        broken = (value > column.high) if broken is None else broken | (value > column.high)
    return broken


def _reference_rules(staged: ir.Table, table: Table, keys: Mapping[str, ir.Table]) -> Iterator[_Rule]:
    for column in table.columns:
        if column.references in keys:
            value = staged[column.name]
            yield _Rule(column=column.name, problem=f"not in {column.references}", allowed=column.allowed,
                        remedy="Add the key there, or correct it here.",
                        broken=value.notnull() & ~value.isin(keys[column.references]["key"]))


def _broken_rows(staged: ir.Table, rule: _Rule, table: Table, file: str) -> Iterator[Finding]:
    bad = staged.filter(rule.broken.fill_null(False))
    rows = bad.select(ROW, value=bad[f"{rule.column}__raw"].fill_null("")).order_by(ROW).execute()
    for row, value in zip(rows[ROW], rows["value"].astype(str), strict=True):
        near = nearest(value, table[rule.column].choices) if rule.problem == "not allowed" else ""
        yield Finding(table=table.name, file=file, row=int(row), column=rule.column, value=value,
                      problem=rule.problem, allowed=rule.allowed, remedy=near or rule.remedy)


def _key(staged: ir.Table, table: Table) -> Any:
    import ibis

    return staged[table.key[0]] if len(table.key) == 1 else ibis.struct({name: staged[name] for name in table.key})


def _duplicates(staged: ir.Table, table: Table, file: str) -> list[Finding]:
    groups = staged.group_by(list(table.key)).aggregate(n=staged.count())
    twins = groups.filter(groups["n"] > 1).drop("n")
    frame = staged.select(ROW, *table.names).semi_join(twins, list(table.key)).order_by(ROW).execute()
    if frame.empty:
        return []
    raw = RawTable(cells=frame, rows=frame.pop(ROW).to_numpy(), file=file)
    return key_findings(frame.reset_index(drop=True), raw, table)


def _usable(staged: ir.Table, table: Table, bad: list[int]) -> ir.Table:
    import ibis

    good = staged
    if bad:
        rows = ibis.memtable(pd.DataFrame({ROW: np.array(bad, dtype="int64")}))
        good = staged.anti_join(rows, ROW)
    return good.select(*table.names)
