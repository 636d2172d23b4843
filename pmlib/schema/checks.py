"""Check a small table against its definition: cast, then pandera, then keys; every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from pmlib.dialect import remedy
from pmlib.errors import did_you_mean, nearest
from pmlib.schema.casting import cast, empty, fill, plain
from pmlib.schema.definition import Column, Kind, Rule, Suspect, Table
from pmlib.schema.findings import Collector, Finding, ProblemKind
from pmlib.schema.keys import add_duplicates, add_references

CORRECT = "Correct the value."
IN_ANOTHER_UNIT = "too large for its unit"
DISTINCT = "Give the two ends of the scale."
#: A table is blocked when a larger share of its rows than this cannot be used.
UNUSABLE_SHARE = 0.5
#: No row weighs more, so that a nonsense number cannot make every share one.
MOST_WEIGHT = 1e15
#: Names a message may list.
_FEW = 12


@dataclass(frozen=True, eq=False, kw_only=True)
class RawTable:
    """A table as it was read: cells, the row of the file each came from, and which file.

    ``shown`` holds the cells as they were written, where reading them changed their form.
    """

    cells: pd.DataFrame
    rows: np.ndarray
    file: str
    shown: pd.DataFrame | None = None

    def text(self, column: str, at: int) -> str:
        """Give a cell as a message shows it: as it was written."""
        cells = self.cells if self.shown is None else self.shown
        cell = cells[column].iloc[at] if column in cells else None
        return "" if pd.isna(cell) else str(cell)


@dataclass(frozen=True, eq=False, kw_only=True)
class Known:
    """What a table may be checked against in others: their keys, and numbers by key (such as ``projects.bac_k``).

    Keys are those of all rows present, good or bad: one bad row does not cascade. A table
    absent from it is not checked against.
    """

    keys: Mapping[str, Set[str]] = field(default_factory=dict)
    numbers: Mapping[str, pd.Series] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, kw_only=True)
class Checked:
    """A table after its checks: the usable rows (a frame, or an Ibis table), and what was wrong with the others.

    ``findings`` lists the first rows of every kind of problem, ``kinds`` counts them all; ``weight`` is what all rows
    weigh together.
    """

    table: Any
    findings: tuple[Finding, ...]
    n_rows: int
    n_set_aside: int
    kinds: tuple[ProblemKind, ...] = ()
    weight: float = 0.0

    @property
    def blocked(self) -> str:
        """Why the table cannot be used at all; empty when it can."""
        blocking = next((finding for finding in self.findings if finding.blocks), None)
        if blocking is not None:
            return str(blocking).rstrip(".")
        if self.n_rows and self.n_set_aside / self.n_rows > UNUSABLE_SHARE:
            worst = max(self.kinds, key=lambda kind: kind.rows)
            column = f"column '{worst.column}': " if worst.column else ""
            return (f"{self.n_set_aside:,} of {self.n_rows:,} rows are unusable, more than half; most often "
                    f"{column}{worst.problem}. {worst.remedy}").rstrip(".")
        return ""


def check(raw: RawTable, table: Table, known: Known) -> Checked:
    """Cast and check one table; nothing is dropped or changed without a finding.

    Parameters
    ----------
    raw : RawTable
        Cells as read, n_rows by any columns.
    table : Table
        The definition.
    known : Known
        Keys and numbers of the other tables.

    Returns
    -------
    Checked
        Every column of the definition in the schema's type, defaults filled in.
    """
    missing = missing_columns(list(raw.cells.columns), table, raw.file)
    if missing:
        return blocked_table(missing, raw.cells.iloc[:0], n_rows=len(raw.cells))
    frame, uncast = _cast_all(raw, table)
    weight = row_weight(frame, table)
    found = Collector(table=table.name, file=raw.file, rows=raw.rows, weight=weight)
    _add_uncast(found, uncast, frame, raw, table)
    _add_limits(found, frame, raw, table)
    _add_between_columns(found, frame, raw, table)
    _add_rules(found, frame, raw, table)
    _add_falling(found, frame, raw, table)
    _add_suspects(found, frame, table, known.numbers)
    add_references(found, frame, table, known.keys)
    add_duplicates(found, frame, table)
    good = frame[~found.bad].reset_index(drop=True)
    for column in table.columns:
        good[column.name] = plain(good[column.name], column)
    if table.single and len(frame) > 1:
        return blocked_table((_more_than_one(len(frame), table, raw.file),), good, n_rows=len(frame))
    return Checked(table=good, findings=tuple(found.findings), n_rows=len(frame),
                   n_set_aside=int(found.bad.sum()),
                   kinds=found.kinds, weight=float(weight.sum()))


def blocked_table(findings: tuple[Finding, ...], table: Any, *, n_rows: int) -> Checked:
    """Give the result of a table that cannot be used at all."""
    kinds = tuple(ProblemKind(table=finding.table, column=finding.column, problem=finding.problem, rows=n_rows,
                              weight=0.0, remedy=finding.remedy) for finding in findings)
    return Checked(table=table, findings=findings, n_rows=n_rows, n_set_aside=n_rows, kinds=kinds)


def row_weight(frame: pd.DataFrame, table: Table) -> np.ndarray:
    """Weigh every row by the columns that the definition names, without sign; 1 each where it names none."""
    if not table.weighed_by:
        return np.ones(len(frame))
    product = frame[list(table.weighed_by)].astype("float64").prod(axis=1, skipna=False)
    return product.abs().fillna(0.0).clip(upper=MOST_WEIGHT).to_numpy(dtype="float64")


def missing_columns(present: list[str], table: Table, file: str) -> tuple[Finding, ...]:
    """List the required columns that are not there, each with a near name where one is."""
    spare = [name for name in present if name not in table]
    return tuple(
        Finding(
            table=table.name, file=file, column=name, problem="required column is missing",
            allowed=table[name].allowed, blocks=True,
            remedy=f"Add it, or map yours in views.sql. {did_you_mean(name, spare[:_FEW])}" if spare else "Add it.",
        )
        for name in table.required if name not in present
    )


def _more_than_one(n_rows: int, table: Table, file: str) -> Finding:
    return Finding(table=table.name, file=file, value=f"{n_rows} rows", problem="more than one row", allowed="one row",
                   remedy="Keep the row that counts", blocks=True)


def ignored_columns(present: list[str], table: Table) -> list[str]:
    """Columns that the schema does not know: they stay unread, and a note says so."""
    return [name for name in present if name not in table]


def _cast_all(raw: RawTable, table: Table) -> tuple[pd.DataFrame, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Cast every column; of each one present, which cells are bad and which are empty."""
    columns: dict[str, pd.Series] = {}
    uncast: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for column in table.columns:
        if column.name not in raw.cells:
            columns[column.name] = fill(empty(len(raw.cells), column), column)
            continue
        values, bad = cast(raw.cells[column.name], column)
        uncast[column.name] = bad.to_numpy(), (values.isna() & ~bad).to_numpy()
        columns[column.name] = fill(values, column)
    return pd.DataFrame(columns, index=raw.cells.index).reset_index(drop=True), uncast


def _add_uncast(found: Collector, uncast: Mapping[str, tuple[np.ndarray, np.ndarray]], frame: pd.DataFrame,
                raw: RawTable, table: Table) -> None:
    for name, (bad, vacant) in uncast.items():
        column = table[name]
        found.add(np.flatnonzero(bad), column=name, problem=f"not {article(column.kind)}", allowed=column.allowed,
                  remedy=partial(remedy, column.kind), values=partial(_text_of, raw.cells[name]))
        if column.required:
            found.add(np.flatnonzero(vacant), column=name, problem="empty", allowed=column.allowed,
                      remedy="Fill it in.")
        for rule in table.rules:
            if rule.filled and rule.column == name:
                here = vacant & frame[rule.when].isin(rule.values).to_numpy()
                found.add(np.flatnonzero(here), column=name, problem="empty", allowed=rule.allowed,
                          remedy="Fill it in, or leave the whole column out.")


def _cell(raw: RawTable, column: str) -> Callable[[int], str]:
    return lambda at: raw.text(column, at)


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


def _add_limits(found: Collector, frame: pd.DataFrame, raw: RawTable, table: Table) -> None:
    """Ranges and closed choices, by pandera."""
    schema = pa.DataFrameSchema({
        column.name: pa.Column(checks=checks, nullable=True) for column, checks in _pandera_columns(table)
    })
    for name, at in _failures(schema, frame).items():
        found.add(at, column=name, problem="not allowed", allowed=table[name].allowed, values=_cell(raw, name),
                  remedy=choice_remedy(table[name].choices))


def choice_remedy(choices: tuple[str, ...]) -> Callable[[str], str]:
    """Give the remedy for a value that is not allowed: the near word where there is one."""
    return lambda value: nearest(value, choices) or CORRECT


def _failures(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> dict[str, np.ndarray]:
    if not schema.columns or frame.empty:
        return {}
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases.dropna(subset=["index"])
        return {str(name): np.unique(group["index"].to_numpy(dtype="int64"))
                for name, group in cases.groupby("column", sort=True)}
    return {}


def _add_between_columns(found: Collector, frame: pd.DataFrame, raw: RawTable, table: Table) -> None:
    """Columns in order, and both ends of a scale apart."""
    for chain in table.ordered:
        broken = np.zeros(len(frame), dtype=bool)
        for first, second in pairwise(chain):
            broken |= (frame[first] > frame[second]).fillna(False).to_numpy(dtype=bool)
        problem, allowed = order_words(table, chain)
        found.add(np.flatnonzero(broken), column=chain[0], remedy="Swap or correct them.", problem=problem,
                  allowed=allowed, values=partial(_chained, raw, chain))
    for first, second in table.distinct:
        same = (frame[first] == frame[second]).fillna(False).to_numpy(dtype=bool)
        found.add(np.flatnonzero(same), column=first, remedy=DISTINCT, problem=f"{first} equals {second}",
                  allowed=f"another value than {second}", values=_cell(raw, first))


def _chained(raw: RawTable, chain: tuple[str, ...], at: int) -> str:
    return " > ".join(raw.text(name, at) for name in chain)


def order_words(table: Table, chain: tuple[str, ...]) -> tuple[str, str]:
    """Say which columns are out of order, and what the order is."""
    word = "lies after" if table[chain[0]].kind in (Kind.MONTH, Kind.DATE) else "exceeds"
    pair = f"{chain[0]} {word} {chain[-1]}"
    return pair if chain[2:] == () else f"{', '.join(chain)} are out of order", " <= ".join(chain)


def _add_rules(found: Collector, frame: pd.DataFrame, raw: RawTable, table: Table) -> None:
    for rule in table.rules:
        at = np.flatnonzero(frame[rule.when].isin(rule.values) & _outside(frame[rule.column], rule))
        found.add(at, column=rule.column, problem="not allowed", allowed=rule.allowed, remedy=CORRECT,
                  values=_cell(raw, rule.column))


def _outside(values: pd.Series, rule: Rule) -> pd.Series:
    low, high = -np.inf if rule.low is None else rule.low, np.inf if rule.high is None else rule.high
    if rule.filled:
        return pd.Series(False, index=values.index)
    outside: pd.Series = ((values < low) | (values > high)).fillna(False).astype(bool)
    return outside


def _add_falling(found: Collector, frame: pd.DataFrame, raw: RawTable, table: Table) -> None:
    """Find the fewest rows without which a column that adds up never falls."""
    for column, along in table.rising:
        group = [name for name in table.key if name != along]
        usable = frame[~found.bad].sort_values([*group, along], kind="stable")
        falls = usable.groupby(group, sort=False)[column].transform(lambda values: (values.diff() < 0).any())
        at = [place for _, values in usable[falls.astype(bool)].groupby(group, sort=False)[column]
              for place in values.index[_out_of_line(values.to_numpy(dtype="float64"))]]
        found.add(np.sort(np.array(at, dtype="int64")), column=column, problem=f"falls from one {along} to the next",
                  allowed=f"no less than the {along} before, no more than the {along} after", remedy=CORRECT,
                  values=_cell(raw, column))


def _out_of_line(values: np.ndarray) -> np.ndarray:
    """Mark what stands outside the longest run of values that never falls; of two such runs the earlier counts."""
    length, before = np.ones(len(values), dtype=int), np.full(len(values), -1)
    for at in range(1, len(values)):
        runs = np.where(values[:at] <= values[at], length[:at], 0)
        if runs.max() > 0:
            before[at], length[at] = runs.argmax(), runs.max() + 1
    outside, place = np.ones(len(values), dtype=bool), int(length.argmax())
    while place >= 0:
        outside[place], place = False, int(before[place])
    return outside


def _add_suspects(found: Collector, frame: pd.DataFrame, table: Table, numbers: Mapping[str, pd.Series]) -> None:
    """Find numbers so large that another unit must be meant."""
    for suspect in table.suspects:
        limit = suspect.times * _yardstick(frame, suspect, numbers)
        above = (frame[suspect.column] > limit) & (limit > 0)
        if suspect.when:
            above &= frame[suspect.when].isin(suspect.values)
        found.add(np.flatnonzero(above & ~found.bad), column=suspect.column, problem=IN_ANOTHER_UNIT,
                  allowed=suspect.allowed, remedy="Give it in the unit of the column.",
                  values=partial(_figure, frame[suspect.column]))


def _text_of(values: pd.Series, at: int) -> str:
    return str(values.iloc[at])


def _figure(values: pd.Series, at: int) -> str:
    return f"{values.iloc[at]:,.10g}"


def _yardstick(frame: pd.DataFrame, suspect: Suspect, numbers: Mapping[str, pd.Series]) -> pd.Series:
    if not suspect.of:
        medians: pd.Series = frame.groupby(list(suspect.by), dropna=False)[suspect.column].transform("median")
        return medians
    known = numbers.get(suspect.of, pd.Series(dtype="float64"))
    return frame[suspect.by[0]].map(known).astype("float64")


def article(word: str) -> str:
    """Put a or an before a word."""
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"
