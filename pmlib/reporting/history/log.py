"""The history of a project's reports: one line per run in ``history.jsonl``, appended and never rewritten."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.errors import ParameterError, ReportError

if TYPE_CHECKING:
    import pandas as pd

#: The file, in the folder of published reports.
HISTORY_NAME = "history.jsonl"
#: What a line says about its run.
COLUMNS = ("started", "report", "period", "unit", "run_id", "status", "notebooks_executed", "notebooks_reused",
           "seconds", "decided", "changed", "cause", "folder", "sent_to")
_WHOLE = ("notebooks_executed", "notebooks_reused")
_WELL = ("ok", "unchanged")
_NEEDED = ("started", "report", "status")
_SHOWN = ("started", "report", "period", "unit", "status", "run", "seconds", "said")


@dataclass(frozen=True, eq=False, kw_only=True)
class History:
    """Every run of a project's reports, oldest first.

    Attributes
    ----------
    runs : DataFrame
        One row per run, or sending: started, report, period, unit, run_id, status, notebooks_executed,
        notebooks_reused, seconds, decided and changed (first sentences), cause, folder, sent_to (addresses).
    unreadable : tuple of int
        Numbers of the lines that are no run, counted from 1.
    """

    runs: pd.DataFrame
    unreadable: tuple[int, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per run."""
        return self.runs.copy(deep=False)

    def summary(self) -> str:
        """Say how many runs there were, how they ended, and which was the last."""
        if self.runs.empty:
            return f"No run is on record.{self._lost()}"
        states = self.runs["status"].value_counts().sort_index()
        ended = ", ".join(f"{number:,} {state}" for state, number in states.items())
        last = self.runs.iloc[-1]
        name = " ".join(filter(None, (last["report"], last["period"], last["unit"])))
        runs = "1 run" if len(self.runs) == 1 else f"{len(self.runs):,} runs"
        return f"{runs}: {ended}. The last, {name} at {last['started']}: {last['status']}.{self._lost()}"

    def _lost(self) -> str:
        if not self.unreadable:
            return ""
        lines = f"line {self.unreadable[0]}" if len(self.unreadable) == 1 else f"lines {_numbers(self.unreadable)}"
        return f" {HISTORY_NAME}, {lines}: cannot be read and left out."

    def headline(self) -> dict[str, str]:
        """Count the runs, those that went well, and the notebooks executed and reused."""
        # A sending repeats the line of its run.
        runs = self.runs[self.runs["status"] != "sent"]
        executed, reused = (int(runs[name].sum()) for name in _WHOLE)
        return {
            f"{len(runs):,} {'run' if len(runs) == 1 else 'runs'}": "on record",
            f"{int(runs['status'].isin(_WELL).sum()):,} well": "rendered, or nothing to do",
            f"{executed:,} notebooks": f"executed, {reused:,} reused",
        }

    def __repr__(self) -> str:
        return f"<History: {self.summary()}>"

    def report(self, rows: int = 30) -> str:
        """Lay out the newest runs for a terminal, newest first.

        Parameters
        ----------
        rows : int
            At most so many runs.
        """
        from pmlib.reporting.history.plain_table import plain_table

        if self.runs.empty:
            return self.summary()
        lines = [_line(run) for run in self.runs.iloc[::-1].head(rows).to_dict("records")]
        older = len(self.runs) - len(lines)
        more = [f"{older:,} older {'run' if older == 1 else 'runs'} not shown."] if older else []
        return "\n".join([plain_table(_SHOWN, lines, right=["seconds"]), *more, self.summary()])


def _numbers(lines: tuple[int, ...], most: int = 5) -> str:
    more = f" and {len(lines) - most} more" if len(lines) > most else ""
    return f"{', '.join(map(str, lines[:most]))}{more}"


def _line(run: Mapping[Any, Any]) -> list[str]:
    import pandas as pd

    executed, reused = ("?" if pd.isna(run[name]) else str(run[name]) for name in _WHOLE)
    seconds = "" if pd.isna(run["seconds"]) else f"{run['seconds']:.1f}"
    sent = f"to {', '.join(run['sent_to'])}" if run["sent_to"] else ""
    said = run["cause"] or sent or run["changed"] or run["decided"]
    return [run["started"], run["report"], run["period"], run["unit"], run["status"], f"{executed} new, {reused} kept",
            seconds, said]


def append_run(published: Path, entry: Mapping[str, Any]) -> None:
    """Add one run to the history: whole, or not at all, and never at the cost of an earlier line.

    Parameters
    ----------
    published : Path
        The folder of published reports.
    entry : mapping
        Keys as ``COLUMNS``; started, report and status are needed. Others are kept in the file.

    Raises
    ------
    ParameterError
        A key that is needed is missing.
    ReportError
        The line cannot be written.
    LockedError
        Another run holds the history for more than a minute.
    """
    from pmlib.reporting.publish import hold
    from pmlib.reporting.record import jsonable

    missing = [name for name in _NEEDED if not entry.get(name)]
    if missing:
        raise ParameterError(f"history: the entry lacks {', '.join(missing)}. Give it {', '.join(_NEEDED)} at least.")
    line = json.dumps(jsonable(entry), sort_keys=True, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    path = published / HISTORY_NAME
    with hold(published, "history", wait_s=60):
        try:
            _append(path, line)
        except OSError as error:
            raise ReportError(f"{path}: cannot be written ({error}). Make room or give the right to write.") from error


def _append(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        # A writer that was killed left its line without an end; ours must not become a part of it.
        size = os.fstat(descriptor).st_size
        os.lseek(descriptor, max(size - 1, 0), os.SEEK_SET)
        left = b"\n" * (os.read(descriptor, 1) not in (b"", b"\n")) + line
        try:
            # A disk that fills up takes a part and says so at the next call.
            while left:
                left = left[os.write(descriptor, left):]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def read_history(published: Path, *, report: str | None = None, period: str | None = None, unit: str | None = None,
                 ) -> History:
    """Read the history of a project's reports, all of it or that of one report, period or unit.

    Parameters
    ----------
    published : Path
        The folder of published reports; without a history it has had no run.
    report, period, unit : str, optional
        Keep the runs of these.

    Raises
    ------
    ReportError
        The file is there and cannot be opened.
    """
    path = published / HISTORY_NAME
    try:
        lines = path.read_bytes().split(b"\n") if path.exists() else []
    except OSError as error:
        raise ReportError(f"{path}: cannot be read ({error}). Give the right to read it.") from error
    entries = {number: _entry(line) for number, line in enumerate(lines, start=1) if line.strip()}
    wanted = {name: value for name, value in (("report", report), ("period", period), ("unit", unit)) if value}
    kept = [entry for entry in entries.values() if entry and all(entry.get(name) == wanted[name] for name in wanted)]
    lost = tuple(number for number, entry in entries.items() if not entry)
    return History(runs=_frame(kept), unreadable=lost)


def _entry(line: bytes) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:
        return {}
    whole = isinstance(content, dict) and all(content.get(name) for name in _NEEDED)
    return content if whole else {}


def _frame(entries: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    said = {name: [entry.get(name) for entry in entries] for name in COLUMNS}
    frame = pd.DataFrame({
        name: pd.Series(["" if cell is None else str(cell) for cell in cells], dtype="str")
        for name, cells in said.items()
    })
    for name in _WHOLE:
        frame[name] = pd.to_numeric(frame[name], errors="coerce").round().astype("Int64")
    return frame.assign(
        seconds=pd.to_numeric(frame["seconds"], errors="coerce").astype("float64"),
        sent_to=pd.Series([_addresses(cell) for cell in said["sent_to"]], dtype=object),
    )


def _addresses(value: Any) -> tuple[str, ...]:
    every = value if isinstance(value, list) else [value]
    return tuple(str(address) for address in every if address)
