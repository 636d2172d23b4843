"""What a plan needs to know of a workbook: read once, then kept by the hash of its files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.errors import ReportError
from pmlib.project import resolve_source
from pmlib.reporting.file_hashes import FileHashes, digest, execution_code
from pmlib.reporting.record import write_json
from pmlib.schema import FORMAT

if TYPE_CHECKING:
    import pandas as pd

    from pmlib.workbook import Workbook

#: The committed sample, from a project's root.
SAMPLE = Path("data/quillmark")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A workbook, as far as planning goes.

    Attributes
    ----------
    source : str
        Hash of its files; of a database, of what was read.
    period : str
        The month its tables speak of; empty where no table says one.
    as_of : str
        Its own day, ``YYYY-MM-DD``; empty without one.
    blocked : dict of table to reason
    aside : str
        How many rows are set aside, in a sentence; empty when none are.
    inputs : dict of table to {"sha256", "rows"}
    """

    source: str
    name: str
    period: str
    as_of: str
    tables: tuple[str, ...]
    blocked: dict[str, str]
    aside: str
    inputs: dict[str, dict[str, Any]]


class Books:
    """The workbooks of one command: each is opened once at most, and only where nothing is known of its files.

    Parameters
    ----------
    project : Path
        The project's root.
    cache : Path
        Folder that keeps facts from run to run.
    """

    def __init__(self, project: Path, cache: Path) -> None:
        self._project, self._cache = project, cache
        self._hashes = FileHashes(cache / "files.json")
        self._open: dict[str, Workbook] = {}
        self._facts: dict[str, Facts] = {}

    def facts(self, source: str) -> Facts:
        """Say what a workbook is.

        Raises
        ------
        WorkbookError
            It cannot be opened, or a folder or a dangling link has the name of a table.
        """
        if source not in self._facts:
            _refuse_no_files(self.place(source))
            self._facts[source] = self._kept(source) or self._read(source)
        return self._facts[source]

    def marks(self, source: str, period: str, *, mark: str) -> Path:
        """Mark what the tables hold of a period (see ``pmlib.baseline``), and say in which file.

        Raises
        ------
        ReportError
            The workbook is no longer the one whose hash was ``mark``.
        """
        path = self._path(mark, f"-{period}.parquet")
        if not _is_parquet(path):
            marks = self.opened(source).baseline(period).marks().assign(format=FORMAT)
            if (self.mark(source) or self.facts(source).source) != mark:
                raise ReportError(f"workbook {source} changed since the report was planned. Run the report again.")
            _keep(path, lambda draft: marks.to_parquet(draft, index=False))
        return path

    def values(self, source: str, column: str) -> dict[str, str]:
        """List every unit a workbook has of a kind: the key of a table, and its name.

        Raises
        ------
        ReportError
            The column is no table's key, or that table is not there.
        """
        path = self._path(digest(self.facts(source).source, column), ".json")
        with suppress(OSError, ValueError):
            kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
            return kept
        found = self._named_values(source, column)
        with suppress(OSError):
            _keep(path, lambda draft: write_json(draft, found))
        return found

    def _named_values(self, source: str, column: str) -> dict[str, str]:
        from pmlib.schema import TABLES

        homes = [name for name, table in TABLES.items() if table.key == (column,)]
        if not homes:
            known = sorted({table.key[0] for table in TABLES.values() if len(table.key) == 1})
            raise ReportError(f"matrix: units: all with parameter {column!r}, allowed the key of a table: "
                              f"{', '.join(known)}. Name one of them, or list the units.")
        rows: pd.DataFrame = self.opened(source)[homes[0]]
        names = rows["name"] if "name" in rows else rows[column]
        return dict(sorted(zip(rows[column].map(str), names.map(str), strict=True)))

    def mark(self, source: str) -> str | None:
        """Hash the files of a workbook as they are now; None for a database."""
        return self._hashes.of_workbook(self.place(source))

    def opened(self, source: str) -> Workbook:
        """Open a workbook, once."""
        if source not in self._open:
            from pmlib.workbook import open_workbook

            self._open[source] = open_workbook(self.place(source))
        return self._open[source]

    def place(self, source: str) -> Path | str:
        """Where a workbook is: a path below the project or an address; the sample's large tables are completed."""
        # The project may be another than the one this process stands in.
        place = source if "://" in source else self._project / Path(source).expanduser()
        complete_sample(place, self._project)
        return place

    def _path(self, mark: str, ending: str) -> Path:
        return self._cache / "workbooks" / f"{digest(mark, execution_code())[:32]}{ending}"

    def _kept(self, source: str) -> Facts | None:
        mark = self.mark(source)
        if mark is None:
            return None
        try:
            content = json.loads(self._path(mark, ".json").read_text(encoding="utf-8"))
            return Facts(**{**content, "tables": tuple(content["tables"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _read(self, source: str) -> Facts:
        from pmlib.errors import WorkbookError

        before = self.mark(source)
        book = self.opened(source)
        try:
            period = book.period
        except WorkbookError:
            period = ""
        inputs = dict(book.fingerprints)
        if self.mark(source) != before:
            raise ReportError(f"workbook {source} changed while it was read. Run the report again.")
        facts = Facts(
            source=before or digest(json.dumps(inputs, sort_keys=True)), name=book.name, period=period,
            as_of="" if book.as_of is None else book.as_of.isoformat(), tables=tuple(book.tables),
            blocked=dict(book.blocked), aside=book.lacks(*book.tables), inputs=inputs,
        )
        # Without it the next run reads the workbook again.
        with suppress(OSError):
            _keep(self._path(facts.source, ".json"), lambda draft: write_json(draft, asdict(facts)))
        return facts


def _refuse_no_files(place: Path | str) -> None:
    """Refuse a table that was there and is no file now: its pages would vanish without a word."""
    from pmlib.schema import TABLES

    if isinstance(place, str) or not place.is_dir():
        return
    for entry in sorted(place.iterdir()):
        if entry.stem.lower() in TABLES and not entry.is_file():
            from pmlib.errors import WorkbookError
            from pmlib.folder import ENDINGS

            if entry.suffix.lower() in ENDINGS:
                raise WorkbookError(f"{entry}: got no file, allowed a file for table '{entry.stem.lower()}'. "
                                    "Put the table there, or take it away.")


def _keep(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all, whoever else writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _is_parquet(path: Path) -> bool:
    from pyarrow import ArrowException
    from pyarrow.parquet import read_schema

    try:
        return bool(read_schema(path))
    except (OSError, ArrowException):
        return False


def complete_sample(source: Path | str, project: Path) -> bool:
    """Write the sample company's large tables where they are missing; they are not kept under version control.

    Parameters
    ----------
    source : Path or str
        The workbook. Only the committed sample is completed: ``truth.json`` gives its seed and scale, and
        the folder is the project's own ``data/quillmark`` or holds every small table.
    project : Path
        The project's root.

    Returns
    -------
    bool
        Whether tables were written.
    """
    place = resolve_source(source)
    if isinstance(place, str) or not (place / "truth.json").is_file():
        return False
    from pmlib.sample import LARGE, SEED, present_tables, read_answers, write_large_tables
    from pmlib.schema import TABLES

    said, there = read_answers(place), present_tables(place)
    if (said.get("seed"), said.get("scale")) != (SEED, 1) or there.keys() >= set(LARGE):
        return False
    if place.resolve() != (project / SAMPLE).resolve() and not there.keys() >= TABLES.keys() - set(LARGE):
        return False
    return bool(write_large_tables(place))
