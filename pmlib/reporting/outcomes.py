"""How a report went: notebook by notebook, and all reports of one command together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.reporting.markup import as_sentence
from pmlib.reporting.publish import read_manifest

if TYPE_CHECKING:
    import pandas as pd

    from pmlib.reporting.plan import Plan

WELL, SOME_FAILED, BLOCKED, LOCKED = 0, 1, 2, 75


@dataclass(frozen=True, kw_only=True)
class NotebookRun:
    """How one notebook went.

    Attributes
    ----------
    status : str
        ok, failed or skipped.
    seconds : float
        Wall time when it ran.
    cause : str or None
        One line for a failure or a skip.
    missing_tables : tuple of str
        Tables it needs, or asked for, and did not get.
    cell_seconds : tuple of float
        Of each code cell.
    tries : int
        How often it was begun.
    detail : str or None
        The failing line and what the kernel said of it.
    """

    name: str
    status: str
    seconds: float = 0.0
    cause: str | None = None
    missing_tables: tuple[str, ...] = ()
    cell_seconds: tuple[float, ...] = ()
    tries: int = 1
    detail: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the detail, for pages and manifest."""
        return {name: value for name, value in asdict(self).items() if name != "detail"}


def notebook_run(outcome: Mapping[str, Any], blocked: Collection[str]) -> NotebookRun:
    """Turn what a job returned into a notebook's run; a blocked table is known by the workbook's own words."""
    said = outcome["cause"] or ""
    asked = [name for name in sorted(blocked) if f"Table '{name}' is blocked" in said]
    return NotebookRun(
        name=outcome["name"], status=outcome["status"], seconds=outcome["seconds"], cause=outcome["cause"],
        missing_tables=tuple(asked), cell_seconds=tuple(outcome.get("cell_seconds", ())),
        tries=outcome.get("tries", 1), detail=outcome.get("detail"),
    )


def skipped(name: str, tables: tuple[str, ...], blocked: Collection[str]) -> NotebookRun:
    """Say of a notebook which tables keep it from running."""
    states = [f"{table} ({'blocked' if table in blocked else 'not there'})" for table in tables]
    return NotebookRun(name=name, status="skipped", cause=f"needs {', '.join(states)}", missing_tables=tables)


def exit_code_of(runs: Collection[NotebookRun], blocked: Collection[str]) -> int:
    """0 all well, 1 a notebook failed, 2 none did but for a table that is blocked."""
    stopped = [run for run in runs if not set(blocked).isdisjoint(run.missing_tables)]
    if any(run.status == "failed" and run not in stopped for run in runs):
        return SOME_FAILED
    return BLOCKED if stopped else WELL


@dataclass(frozen=True, eq=False, kw_only=True)
class Rendered:
    """What a run of one report brought about.

    Attributes
    ----------
    status : str
        ok, partial, failed (nothing could be written) or locked.
    folder : Path
        Where this run lies: the published folder, or one below ``failed/``.
    index : Path
        The index over all reports.
    executed, reused : int
        Notebooks that ran, and that were kept from before.
    started : str
        When, in UTC.
    decided : str
        What the deciding notebook says.
    changes : tuple of str
        What changed since the period before.
    cause : str
        Why nothing was written; empty otherwise.
    exit_code : int
        0 all well, 1 a notebook failed, 2 none did but for a table that is blocked, 75 another run holds it.
    """

    report: str
    period: str
    unit: str | None
    run_id: str
    status: str
    folder: Path
    index: Path
    notebooks: tuple[NotebookRun, ...]
    executed: int
    reused: int
    started: str
    seconds: float
    decided: str
    changes: tuple[str, ...]
    cause: str
    exit_code: int

    @property
    def name(self) -> str:
        """Report, period and unit."""
        return " ".join(filter(None, (self.report, self.period, self.unit)))

    @property
    def unchanged(self) -> bool:
        """Whether the published report was already what this run would give."""
        return not self.executed and not self.reused and self.status in ("ok", "partial")

    def to_frame(self) -> pd.DataFrame:
        """One row per notebook: name, status, seconds, cause, missing_tables, cell_seconds, tries."""
        import pandas as pd

        return pd.DataFrame([run.to_dict() for run in self.notebooks])

    def summary(self) -> str:
        """Say what was published and what was not, and why."""
        if self.cause:
            return as_sentence(f"{self.name} {self.status}: {self.cause}")
        well = sum(run.status == "ok" for run in self.notebooks)
        first = f"{self.name}: {well} of {len(self.notebooks)} notebooks published."
        return " ".join(
            [first, *(as_sentence(f"{run.name} {run.status}: {run.cause}") for run in self.notebooks if run.cause)]
        )

    def headline(self) -> dict[str, str]:
        """Count the pages."""
        well = sum(run.status == "ok" for run in self.notebooks)
        return {f"{well} of {len(self.notebooks)}": "notebooks published", self.status: "state of the report"}

    def line(self) -> str:
        """One line for a log: report, state, work, seconds, place."""
        if self.cause:
            return f"{self.name}: {self.status} - {self.cause}"
        well = sum(run.status == "ok" for run in self.notebooks)
        work = "unchanged" if self.unchanged else f"{self.executed} run, {self.reused} kept, {self.seconds:.1f} s"
        return f"{self.name}: {self.status}, {well} of {len(self.notebooks)} notebooks, {work}: " \
               f"{self.folder / 'index.html'}"

    def entry(self) -> dict[str, Any]:
        """Give what the history keeps of a run."""
        return {
            "report": self.report, "period": self.period, "unit": self.unit, "run_id": self.run_id,
            "status": "unchanged" if self.unchanged else self.status, "started": self.started,
            "seconds": round(self.seconds, 2), "notebooks_executed": self.executed, "notebooks_reused": self.reused,
            "decided": self.decided, "changed": next(iter(self.changes), ""), "cause": self.cause or None,
            "folder": self.folder.relative_to(self.index.parent).as_posix(), "sent_to": [],
        }

    def __repr__(self) -> str:
        return f"<Rendered: {self.summary()}>"


def unchanged(plan: Plan) -> Rendered:
    """Give the published report as the outcome of a run that had nothing to do."""
    manifest: dict[str, Any] = dict(read_manifest(plan.target) or {})
    names = NotebookRun.__dataclass_fields__
    runs = tuple(NotebookRun(**{key: value for key, value in run.items() if key in names})
                 for run in manifest["notebooks"])
    return Rendered(
        report=plan.definition.name, period=plan.period, unit=plan.unit, run_id=manifest["run_id"],
        status=manifest["status"], folder=plan.target, index=plan.published / "index.html", notebooks=runs,
        executed=0, reused=0, started=now(), seconds=0.0, decided=manifest["decided"],
        changes=tuple(manifest["changes"]["sentences"]), cause="", exit_code=WELL,
    )


def nothing(plan: Plan, status: str, cause: str, *, executed: int = 0, seconds: float = 0.0) -> Rendered:
    """Give the outcome of a run that wrote nothing, and why."""
    return Rendered(
        report=plan.definition.name, period=plan.period, unit=plan.unit, run_id="", status=status, folder=plan.target,
        index=plan.published / "index.html", notebooks=(), executed=executed, reused=0, started=now(), seconds=seconds,
        decided="", changes=(), cause=cause, exit_code=LOCKED if status == "locked" else SOME_FAILED,
    )


def now() -> str:
    """Say what time it is, as manifests and the history hold it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, eq=False, kw_only=True)
class Reports:
    """All reports of one command, in the order they were asked for.

    Attributes
    ----------
    exit_code : int
        0 all well, 1 some failed, 2 blocked data and nothing worse, 75 another run holds some and nothing worse.
    """

    reports: tuple[Rendered, ...]
    index: Path

    @property
    def exit_code(self) -> int:
        """The gravest of all: a failure, then a lock, then blocked data."""
        codes = {one.exit_code for one in self.reports}
        return next((code for code in (SOME_FAILED, LOCKED, BLOCKED) if code in codes), WELL)

    def to_frame(self) -> pd.DataFrame:
        """One row per report: report, period, unit, run_id, status, executed, reused, seconds, cause, folder."""
        import pandas as pd

        columns = ("report", "period", "unit", "run_id", "status", "executed", "reused", "seconds", "cause", "folder")
        return pd.DataFrame([[getattr(one, name) for name in columns] for one in self.reports], columns=list(columns))

    def summary(self) -> str:
        """Say how many reports stand, and name those that do not."""
        well = sum(one.exit_code == WELL for one in self.reports)
        first = f"{well} of {len(self.reports)} {'report' if len(self.reports) == 1 else 'reports'} without a failure."
        return " ".join([first, *(one.summary() for one in self.reports if one.exit_code)])

    def headline(self) -> dict[str, str]:
        """Count reports and notebooks."""
        return {f"{sum(one.exit_code == WELL for one in self.reports)} of {len(self.reports)}": "reports well",
                str(sum(one.executed for one in self.reports)): "notebooks run"}

    def __repr__(self) -> str:
        return f"<Reports: {self.summary()}>"
