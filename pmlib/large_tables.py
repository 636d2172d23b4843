"""Check a large table inside the engine: the same rules as for small ones, one scan, no raw rows out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from itertools import pairwise
from operator import mul, or_
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.dialect import remedy
from pmlib.schema.casting import DAY, MONTH, NO, NO_TEXT, NUMBER, YES
from pmlib.schema.checks import (
    CORRECT,
    DISTINCT,
    MOST_WEIGHT,
    Checked,
    article,
    blocked_table,
    choice_remedy,
    missing_columns,
    order_words,
)
from pmlib.schema.definition import Column, Kind, Rule, Table
from pmlib.schema.findings import LISTED, Finding, ProblemKind
from pmlib.schema.keys import ADD_KEY, CHOOSE_TWIN, DELETE_TWIN

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

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
    remedy: str | Callable[[str], str]
    broken: Any
    value: Any


def check_large(
    source: ir.Table, table: Table, *, file: str, keys: Mapping[str, ir.Table], engine: Backend
) -> Checked:
    """Cast and check a large table in the engine; only the first rows of every kind of problem leave it.

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
    engine : DuckDB backend of Ibis
        Holds the list of rows set aside, as a temporary table.
    """
    missing = missing_columns([name for name in source.columns if name != ROW], table, file)
    if missing:
        return blocked_table(missing, source.limit(0), n_rows=int(source.count().execute()))
    staged = _staged(source, table)
    rules = [*_rules(staged, table), *_reference_rules(staged, table, keys)]
    # One scan counts what is broken; rows are looked for only where something is.
    counts = {f"rule_{at}": rule.broken.fill_null(False).cast("int64").sum() for at, rule in enumerate(rules)}
    weight = _weight(staged, table)
    found = staged.aggregate(n_rows=staged.count(), n_keys=_key_hash(staged, table).nunique(),
                             weight=weight.sum(), **counts).execute().iloc[0]
    n_rows = int(found["n_rows"])
    broken = [rule for at, rule in enumerate(rules) if n_rows and found[f"rule_{at}"]]
    problems = [_problem(staged.filter(rule.broken.fill_null(False)), at, rule.value, table)
                for at, rule in enumerate(broken)]
    if found["n_keys"] < n_rows:
        problems += _twins(staged, table, engine, first=len(broken))
        broken += _twin_rules(table)
    total = 0.0 if pd.isna(found["weight"]) else float(found["weight"])
    if not problems:
        return Checked(table=staged.select(*table.names), findings=(), n_rows=n_rows, n_set_aside=0, weight=total)
    aside = engine.create_table(f"{table.name} set aside", _union(problems), temp=True, overwrite=True)
    rows = aside.select("row").distinct()
    findings, kinds = _listed(aside, broken, table, file)
    return Checked(table=staged.anti_join(rows, staged[ROW] == rows["row"]).select(*table.names), findings=findings,
                   kinds=kinds, n_rows=n_rows, n_set_aside=int(rows.count().execute()), weight=total)


def _union(parts: list[ir.Table]) -> ir.Table:
    import ibis

    return parts[0] if len(parts) == 1 else ibis.union(*parts)


def _staged(source: ir.Table, table: Table) -> ir.Table:
    """Cast values, defaults filled in, beside their raw text and whether the cell is bad or empty."""
    import ibis

    columns: dict[str, Any] = {ROW: source[ROW].cast("int64")}
    for column in table.columns:
        kind = _TYPES[column.kind]
        present = column.name in source.columns
        cell = source[column.name] if present else ibis.null("string")
        if cell.type().is_floating():
            cell = _when(~cell.isnan(), cell)  # a program's way to leave a cell empty
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
        day = _when(day.between(dt.date(1, 1, 1), dt.date(9999, 12, 31)), day)
        return day if kind is Kind.DATE else day.year().cast("int64") * 12 + day.month().cast("int64")
    text = raw_text(cell)
    if kind is Kind.TEXT:
        return _when(~text.re_search(NO_TEXT), text) if kind_of.is_string() else text
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


def _weight(staged: ir.Table, table: Table) -> Any:
    columns = [staged[name].cast("float64") for name in table.weighed_by] or [staged[ROW].notnull().cast("float64")]
    import ibis

    # A sum of floats would depend on which thread added what.
    return ibis.least(reduce(mul, columns).abs().fill_null(0.0), MOST_WEIGHT).cast("decimal(20, 4)")


def _problem(rows: ir.Table, number: int, value: Any, table: Table) -> ir.Table:
    import ibis

    return rows.select(row=rows[ROW], rule=ibis.literal(number, "int64"), value=value.cast("string").fill_null(""),
                       weight=_weight(rows, table))


def _rules(staged: ir.Table, table: Table) -> Iterator[_Rule]:
    for column in table.columns:
        value, given = staged[column.name], staged[f"{column.name}__raw"]
        what: dict[str, Any] = {"column": column.name, "allowed": column.allowed, "value": given}
        yield _Rule(**what, problem=f"not {article(column.kind)}", remedy=partial(remedy, column.kind),
                    broken=staged[f"{column.name}__bad"])
        if column.required:
            yield _Rule(**what, problem="empty", remedy="Fill it in.", broken=staged[f"{column.name}__empty"])
        limits = _limits(value, column)
        if limits is not None:
            yield _Rule(**what, problem="not allowed", broken=limits, remedy=choice_remedy(column.choices))
    for chain in table.ordered:
        pairs = [staged[first] > staged[second] for first, second in pairwise(chain)]
        problem, allowed = order_words(table, chain)
        shown = staged[f"{chain[0]}__raw"]
        for name in chain[1:]:
            shown = shown + " > " + staged[f"{name}__raw"]
        yield _Rule(column=chain[0], problem=problem, allowed=allowed, remedy="Swap or correct them.", value=shown,
                    broken=reduce(or_, pairs))
    for first, second in table.distinct:
        yield _Rule(column=first, problem=f"{first} equals {second}", allowed=f"another value than {second}",
                    remedy=DISTINCT, broken=staged[first] == staged[second], value=staged[f"{first}__raw"])
    for rule in table.rules:
        yield _Rule(column=rule.column, problem="not allowed", allowed=rule.allowed, remedy=CORRECT,
                    broken=staged[rule.when].isin(rule.values) & _outside(staged[rule.column], rule),
                    value=staged[f"{rule.column}__raw"])


def _outside(value: Any, rule: Rule) -> Any:
    import ibis

    outside: Any = ibis.literal(False)
    if rule.low is not None:
        outside = outside | (value < rule.low)
    return outside | (value > rule.high) if rule.high is not None else outside


def _limits(value: Any, column: Column) -> Any:
    broken = value.notin(column.choices) if column.choices else None
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
                        remedy=ADD_KEY, value=value,
                        broken=value.notnull() & ~value.isin(keys[column.references]["key"]))


def _key_hash(staged: ir.Table, table: Table) -> Any:
    # Distinct hashes prove distinct keys, and cost a fraction of the texts.
    import ibis

    return ibis.struct({name: staged[name] for name in table.key}).hash()


def _twins(staged: ir.Table, table: Table, engine: Backend, *, first: int) -> list[ir.Table]:
    """Rows that share a key: those that differ, and those that stand there again."""
    import ibis

    key = list(table.key)
    groups = staged.group_by(key).aggregate(n=staged.count())
    shared = engine.create_table(f"{table.name} shared keys", groups.filter(groups["n"] > 1).drop("n"), temp=True,
                                 overwrite=True)
    rows = staged.semi_join(shared, key)
    rows = rows.mutate(whole=ibis.struct({name: rows[name] for name in table.names}).hash())
    by_key = ibis.window(group_by=key)
    rows = rows.mutate(differ=rows["whole"].max().over(by_key) != rows["whole"].min().over(by_key),
                       place=ibis.row_number().over(ibis.window(group_by=key, order_by=ROW)))
    shown = reduce(lambda text, name: text + ", " + rows[f"{name}__raw"], key[1:], rows[f"{key[0]}__raw"])
    rows = engine.create_table(f"{table.name} twins", rows.mutate(shown=shown), temp=True, overwrite=True)
    return [_problem(rows.filter(rows["differ"]), first, rows["shown"], table),
            _problem(rows.filter(~rows["differ"] & (rows["place"] > 0)), first + 1, rows["shown"], table)]


def _twin_rules(table: Table) -> list[_Rule]:
    what: dict[str, Any] = {"column": ", ".join(table.key), "allowed": "one row per key", "broken": None, "value": None}
    return [_Rule(problem="duplicate key", remedy=CHOOSE_TWIN, **what),
            _Rule(problem="row stands twice", remedy=DELETE_TWIN, **what)]


def _listed(aside: ir.Table, rules: list[_Rule], table: Table, file: str
            ) -> tuple[tuple[Finding, ...], tuple[ProblemKind, ...]]:
    """List the first rows of every kind, and count all of them."""
    counts = aside.group_by("rule").aggregate(rows=aside["row"].nunique(), weight=aside["weight"].sum())
    counts = counts.order_by("rule").execute().set_index("rule")
    findings: list[Finding] = []
    kinds: list[ProblemKind] = []
    for number, rule in enumerate(rules):
        if number not in counts.index:
            continue
        shown = aside.filter(aside["rule"] == number).order_by("row").limit(LISTED).execute()
        here = [
            Finding(table=table.name, file=file, row=int(row), column=rule.column, value=value, problem=rule.problem,
                    allowed=rule.allowed, remedy=rule.remedy(value) if callable(rule.remedy) else rule.remedy)
            for row, value in zip(shown["row"], shown["value"], strict=True)
        ]
        findings += here
        kinds.append(ProblemKind(table=table.name, column=rule.column, problem=rule.problem, remedy=here[0].remedy,
                                 rows=int(counts.at[number, "rows"]), weight=float(counts.at[number, "weight"])))
    return tuple(findings), tuple(kinds)
