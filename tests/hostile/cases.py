"""A bad workbook with what it means, and whether opening it says that and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import signal
import sys
import tempfile
import time
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pmlib import sources
from pmlib.errors import PmlibError
from pmlib.schema import TABLES, Kind
from pmlib.schema.definition import Column
from pmlib.workbook import Workbook, open_workbook

#: Seconds that a case may take, and that a query meant to be stopped gets; in use it is minutes.
SECONDS, PATIENCE = 20, 0.5
#: Longest report of a workbook, whatever stands in its cells.
LETTERS = 200_000

#: Tables as an independent reader finds them: the row in the file, and its cells.
Means = dict[str, list[tuple[int, dict[str, Any]]]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A workbook, and what it means.

    ``refused`` is a pattern of the message. Otherwise ``aside`` names the file's rows that are set aside, ``blocked``
    the tables that cannot be used, and ``tables`` the values of the others, column by column. With ``means`` (bytes
    damaged at random) refusing is right too, and what is read must be what an independent reader finds.
    """

    family: str
    name: str
    write: Callable[[Path], Path | str]
    refused: str = ""
    aside: dict[str, set[int]] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    means: Callable[[Path], Means] | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How it went: refused, blocked, set aside or read, and what is wrong with that."""

    case: Case
    kind: str
    seconds: float
    complaints: tuple[str, ...]
    message: str = ""


def weighs(*weights: float) -> dict[str, Any]:
    """Expect these weights, in the order of their objectives."""
    return {"tables": {"weights": {"weight": list(weights)}}}


#: What most cases hold beside their trouble: the objectives a and b, with the weights 1 and 2.
RIGHT: dict[str, Any] = {"tables": {"weights": {"objective_id": ["a", "b"], "weight": [1, 2]}}}


class TooSlow(BaseException):
    """Time is over; no ``except Exception`` on the way takes it."""


def tried(case: Case, place: Path) -> Outcome:
    """Write a case below an empty folder, open it, and compare what comes out with what it means."""
    home, stand, inside = (place / name for name in ("home", "stand", "inside"))
    for made in (home, stand, inside):
        made.mkdir(parents=True)
    source = case.write(inside)
    before = state_of(place)
    # A loaded machine must not stop a query that ends: only what is meant to be stopped gets the short time.
    patience = PATIENCE if "not read within" in str(case.blocked) else SECONDS
    started = time.perf_counter()
    kind, message, complaints = "failed", "", []
    with (pytest.MonkeyPatch.context() as patched, silent() as said, warnings.catch_warnings(record=True) as warned,
          at_most(SECONDS)):
        patched.chdir(stand)
        patched.setenv("HOME", str(home))
        patched.setattr(sources, "SECONDS", patience)
        warnings.simplefilter("always")
        try:
            kind, message, complaints = opened(case, source)
        except TooSlow:
            complaints = [f"more than {SECONDS} s"]
        except Exception as error:
            complaints = [f"{type(error).__name__}: {str(error)[:300]}"]
        printed = said()
    seconds = time.perf_counter() - started
    # What a library deprecates is told to its developers, and shown to nobody else.
    complaints += [f"warns: {one.message}"[:300] for one in warned
                   if not issubclass(one.category, DeprecationWarning | PendingDeprecationWarning)]
    complaints += [f"prints: {printed[:300]}"] if printed else []
    complaints += [f"took {seconds:.0f} s"] if seconds > SECONDS else []
    if (after := state_of(place)) != before:
        complaints.append(f"files changed: {sorted(set(after.items()) ^ set(before.items()))[:4]}")
    return Outcome(case=case, kind=kind, seconds=seconds, complaints=tuple(complaints), message=message)


def opened(case: Case, source: Path | str) -> tuple[str, str, list[str]]:
    try:
        book = open_workbook(source)
        book.check()
        report = book.report(rows=3)
    except PmlibError as error:
        text = str(error)
        complaints = [] if case.means or case.refused else [f"refused: {text}"]
        if case.refused and not matches(case.refused, text):
            complaints.append(f"refused by '{text}', expected '{case.refused}'")
        if text[-1:] not in ".?" or len(text) > 2_000 or not text[:1].strip():
            complaints.append(f"message without an end, or without one: {text[-300:]!r}")
        return "refused", text, complaints
    complaints = [] if not case.refused else [f"is read, expected '{case.refused}': {report[:200]}"]
    if len(report) > LETTERS or any(len(str(finding)) > 3_000 for finding in book.quarantine.findings):
        complaints.append(f"report of {len(report):,} letters")
    if case.means:
        complaints += told_wrong(book, case.means(source))
    elif not case.refused:
        complaints += told_otherwise(case, book)
    aside = book.to_frame()["set_aside"].sum()
    return "blocked" if book.blocked else "set aside" if aside else "read", report, complaints


def plain(value: Any, kind: Kind) -> Any:
    """Write a value of a table, or a cell as found by another reader, in one form."""
    if pd.isna(value) or value == "":
        return None
    if kind in (Kind.NUMBER, Kind.INTEGER):
        return float(value)
    if kind is Kind.MONTH:
        return int(value[:4]) * 12 + int(value[5:7]) if isinstance(value, str) else int(value)
    if kind is Kind.DATE:
        return str(value).strip()[:10]
    if kind is Kind.FLAG:
        return value.strip().lower() in ("true", "yes", "y", "1", "1.0") if isinstance(value, str) else bool(value)
    return unicodedata.normalize("NFC", str(value)).strip() or None


def meant(value: Any, column: Column) -> Any:
    """Take an empty cell for the column's default."""
    found = plain(value, column.kind)
    return plain(column.default, column.kind) if found is None else found


def usable(book: Workbook, table: str) -> pd.DataFrame:
    """Every usable row of a table, later ones and old versions too, in the order of its key."""
    rows = book._every_date[table]
    if isinstance(rows, pd.DataFrame):
        return rows
    frame = rows.to_pyarrow().to_pandas(types_mapper=pd.ArrowDtype)
    return frame.sort_values(list(TABLES[table].key), kind="stable", ignore_index=True)


def told_wrong(book: Workbook, means: Means) -> Iterator[str]:
    """Rows in use that the file does not hold, and rows of the file that vanished."""
    for table in book._every_date:
        definition, frame = TABLES[table], usable(book, table)
        gone = {finding.row for finding in book.quarantine.findings if finding.table == table}
        rows = [row for number, row in means.get(table, []) if number not in gone]
        names = [name for name in definition.names if rows and name in rows[0]]
        got = Counter(tuple(plain(row[name], definition[name].kind) for name in names)
                      for row in frame.to_dict("records"))
        want: Counter[tuple[Any, ...]] = Counter()
        for row in rows:
            try:
                want[tuple(meant(row.get(name), definition[name]) for name in names)] += 1
            except ValueError as error:
                yield f"{table}: took {row} ({error})"
        if want != got:
            more, less = sorted(map(str, got - want))[:2], sorted(map(str, want - got))[:2]
            yield f"{table}: reads {more} where the file says {less}"


def told_otherwise(case: Case, book: Workbook) -> Iterator[str]:
    """What is not as the case expects it."""
    blocked = set(book.blocked)
    if blocked != set(case.blocked):
        yield f"blocked {book.blocked}, expected {sorted(case.blocked)}"
    for table, pattern in case.blocked.items():
        if not matches(pattern, book.blocked.get(table, "")):
            yield f"{table} is blocked by '{book.blocked.get(table)}', expected '{pattern}'"
    aside: dict[str, set[int]] = {}
    for finding in book.quarantine.findings:
        if finding.table not in blocked:
            aside.setdefault(finding.table, set()).add(finding.row)
    if aside != case.aside:
        yield f"set aside {aside}, expected {case.aside}"
    for table, columns in case.tables.items():
        if table not in book._every_date:
            yield f"{table} is not there"
            continue
        frame = usable(book, table)
        for column, want in columns.items():
            kind = TABLES[table][column].kind
            got = [plain(value, kind) for value in frame[column]]
            if got != [plain(value, kind) for value in want]:
                yield f"{table}.{column}: {str(got)[:300]}, expected {str(want)[:300]}"
    if case.note and not matches(case.note, "\n".join(book.notes)):
        yield f"no note '{case.note}' in {str(book.notes)[:300]}"


def matches(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE | re.DOTALL) is not None


def state_of(place: Path) -> dict[str, str]:
    """Every name below a folder, with its kind and what it holds."""
    found = {}
    for path in sorted(place.rglob("*")):
        held = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""
        found[str(path.relative_to(place))] = f"{path.lstat().st_mode} {held}"
    return found


@contextlib.contextmanager
def silent() -> Iterator[Callable[[], str]]:
    """Catch what anybody writes to stdout or stderr, libraries in C too."""
    with tempfile.TemporaryFile() as caught:
        sys.stdout.flush(), sys.stderr.flush()
        kept = os.dup(1), os.dup(2)
        words = io.StringIO()
        try:
            os.dup2(caught.fileno(), 1), os.dup2(caught.fileno(), 2)
            with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
                yield lambda: (caught.seek(0), caught.read().decode(errors="replace"))[1] + words.getvalue()
        finally:
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number), os.close(copy)


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlow

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
