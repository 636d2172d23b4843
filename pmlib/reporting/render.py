"""Render a report: run its notebooks, write their pages, publish them together or not at all."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import shutil
from collections.abc import Collection, Mapping
from concurrent.futures import Executor, Future, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.errors import ReportError
from pmlib.months import month_name, parse_month
from pmlib.project import PROJECT_VARIABLE
from pmlib.reporting.definition import Definition, Format, notebook_path
from pmlib.reporting.execute import executor_for, run_notebook
from pmlib.reporting.export import Page, PageWriter, neighbours, notebook_title
from pmlib.reporting.markup import as_sentence
from pmlib.reporting.pages import period_page, write_index
from pmlib.reporting.plan import Plan, plan_run
from pmlib.reporting.provenance import PACKAGES, corrected_since, first_marks, git_state, package_version, write_marks
from pmlib.reporting.publish import (
    MANIFEST_FORMAT,
    hashes,
    hold,
    published_folder,
    put_in_place,
    read_manifest,
    recover,
    sweep,
    workplace,
)
from pmlib.reporting.record import LOCK_NAME, NOTEBOOK_VARIABLE, RECORD_VARIABLE, write_json

if TYPE_CHECKING:
    import pandas as pd
    from nbformat import NotebookNode

#: Seconds a second run waits for the first.
WAIT_S = 600.0
WELL, SOME_FAILED, BLOCKED = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class NotebookRun:
    """How one notebook went.

    Attributes
    ----------
    status : str
        ok, failed or skipped.
    seconds : float
        Wall time.
    cause : str or None
        One line for a failure or a skip.
    missing_tables : tuple of str
        Tables it needs, or asked for, and did not get.
    """

    name: str
    status: str
    seconds: float = 0.0
    cause: str | None = None
    missing_tables: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Rendered:
    """What a run of a report brought about.

    Attributes
    ----------
    status : str
        ok or partial.
    folder : Path
        Where this run lies: the period's folder, or one below ``failed/``.
    index : Path
        The index over all reports.
    exit_code : int
        0 all well, 1 a notebook failed, 2 none did but for a table that is blocked.
    """

    report: str
    period: str
    status: str
    folder: Path
    index: Path
    notebooks: tuple[NotebookRun, ...]
    exit_code: int

    def to_frame(self) -> pd.DataFrame:
        """One row per notebook: name, status, seconds, cause, missing_tables."""
        import pandas as pd

        return pd.DataFrame([asdict(run) for run in self.notebooks])

    def summary(self) -> str:
        """Say what was published and what was not, and why."""
        well = sum(run.status == "ok" for run in self.notebooks)
        first = f"{self.report} {self.period}: {well} of {len(self.notebooks)} notebooks published."
        return " ".join(
            [first, *(as_sentence(f"{run.name} {run.status}: {run.cause}") for run in self.notebooks if run.cause)]
        )

    def headline(self) -> dict[str, str]:
        """Count the pages."""
        well = sum(run.status == "ok" for run in self.notebooks)
        return {f"{well} of {len(self.notebooks)}": "notebooks published", self.status: "state of the report"}

    def __repr__(self) -> str:
        return f"<Rendered: {self.summary()}>"


def render(
    definition: Definition,
    project: Path,
    parameters: Mapping[str, object] | None = None,
    *,
    workers: int | Executor | None = None,
    wait_s: float | None = None,
) -> Rendered:
    """Run a report for one period and publish it.

    Parameters
    ----------
    definition : Definition
    project : Path
        The project's root.
    parameters : mapping of name to value, optional
        They win over the definition's; ``period`` is one of them.
    workers : int or Executor, optional
        Notebooks side by side (two by default, where there are two cores), or what runs them in
        place of a pool of our own: the results do not depend on it.
    wait_s : float, optional
        Seconds to wait for another run of the same report and period; ``WAIT_S`` by default.

    Raises
    ------
    ParameterError, ReportError, WorkbookError
        Before anything runs.
    LockedError
        Another run still holds this report and period.
    """
    root = project.resolve()
    plan = plan_run(definition, root, parameters or {})
    published, run_id = published_folder(root), secrets.token_hex(4)
    target = published / definition.name / plan.period
    with hold(published, f"{definition.name}-{plan.period}", wait_s=WAIT_S if wait_s is None else wait_s):
        sweep(published)
        recover(target)
        refuse_other_workbook(target, plan)
        with workplace(published, run_id) as folder:
            run = _Run(plan=plan, folder=folder, run_id=run_id, started=_now(),
                       first=first_marks(target, plan.marks))
            runs = run.execute(workers)
            place = _destination(target, status=_status(runs, plan.blocked), run=run)
            run.write(runs, up="../" * len(place.relative_to(published).parts))
            put_in_place(folder, place)
    return Rendered(
        report=definition.name,
        period=plan.period,
        status=_status(runs, plan.blocked),
        folder=place,
        index=write_index(root),
        notebooks=runs,
        exit_code=_exit_code(runs, plan.blocked),
    )


def what_if(plan: Plan) -> str:
    """Mark a run whose parameters were set by hand, for the line above its title."""
    return f"what if {plan.what_if}" if plan.what_if else ""


def refuse_other_workbook(target: Path, plan: Plan) -> None:
    """Keep the report of one workbook from replacing that of another.

    Raises
    ------
    ReportError
        The period's folder holds another workbook's report.
    """
    parameters = (read_manifest(target) or {}).get("parameters")
    before = parameters.get("workbook") if isinstance(parameters, dict) else None
    now = plan.parameters.get("workbook")
    if before is not None and now is not None and before != now:
        raise ReportError(f"{plan.definition.name} {plan.period} holds the report of workbook {before!r}, got {now!r}. "
                          f"Give this workbook a report of its own: copy reports/{plan.definition.name}.yml under "
                          "another name, with that name inside.")


def _destination(target: Path, *, status: str, run: _Run) -> Path:
    """Choose where a run goes: a partial one never takes the place of a good one."""
    good = (read_manifest(target) or {}).get("status") == "ok"
    if status == "ok" or not good:
        return target
    failed = target.parent / "failed" / f"{target.name}-{run.started:%Y%m%dT%H%M%SZ}"
    return failed.with_name(f"{failed.name}-{run.run_id}") if failed.exists() else failed


def _status(runs: tuple[NotebookRun, ...], blocked: Collection[str]) -> str:
    return "ok" if _exit_code(runs, blocked) == WELL else "partial"


def _exit_code(runs: tuple[NotebookRun, ...], blocked: Collection[str]) -> int:
    stopped = [run for run in runs if not set(blocked).isdisjoint(run.missing_tables)]
    if any(run.status == "failed" and run not in stopped for run in runs):
        return SOME_FAILED
    return BLOCKED if stopped else WELL


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """One run on its way: from the plan to a finished folder."""

    plan: Plan
    folder: Path
    run_id: str
    started: dt.datetime
    first: pd.DataFrame | None

    @property
    def corrected(self) -> str:
        """Name what changed of this period's tables since it was first rendered."""
        return corrected_since(self.first, self.plan.marks)

    def execute(self, workers: int | Executor | None) -> tuple[NotebookRun, ...]:
        names = [name for name in self.plan.definition.notebooks if name not in self.plan.missing]
        if isinstance(workers, Executor):
            outcomes = self._outcomes(workers, names)
        else:
            with executor_for(min(workers or min(2, os.cpu_count() or 1), len(names))) as pool:
                outcomes = self._outcomes(pool, names)
        self._write_errors([outcome for outcome in outcomes if outcome["status"] == "failed"])
        runs = {outcome["name"]: _notebook_run(outcome, self.plan.blocked) for outcome in outcomes}
        runs |= {name: _skipped(name, tables, self.plan.blocked) for name, tables in self.plan.missing.items()}
        return tuple(runs[name] for name in self.plan.definition.notebooks)

    def _outcomes(self, executor: Executor, names: list[str]) -> list[dict[str, Any]]:
        from tqdm import tqdm

        waiting = {executor.submit(run_notebook, self._job(name)): name for name in names}
        # disable=None: silent unless a terminal is watching.
        ended = tqdm(as_completed(waiting), total=len(names), disable=None, unit="notebook", leave=False)
        return [_outcome(future, waiting[future]) for future in ended]

    def _job(self, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "notebook": str(notebook_path(self.plan.project, name)),
            "output": str(self.folder / f"{name}.ipynb"),
            "parameters": self.plan.bound[name],
            "cwd": str(self.plan.project),
            "env": {
                RECORD_VARIABLE: str(self.folder),
                NOTEBOOK_VARIABLE: name,
                PROJECT_VARIABLE: str(self.plan.project),
                "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            },
            "timeout_s": self.plan.definition.timeout_s,
        }

    def _write_errors(self, failed: list[dict[str, Any]]) -> None:
        parts = [f"notebook: {one['name']}\ncause: {one['cause']}\n{one['detail']}" for one in failed]
        if parts:
            (self.folder / "error.txt").write_text("\n\n".join(parts) + "\n", encoding="utf-8")

    def write(self, runs: tuple[NotebookRun, ...], *, up: str) -> None:
        well = [run.name for run in runs if run.status == "ok"]
        summary = self._settle_record(well)
        titles = self._write_pages(well)
        if Format.IPYNB not in self.plan.definition.formats:
            for name in well:
                (self.folder / f"{name}.ipynb").unlink()
        content = {"runs": [asdict(run) for run in runs], "titles": titles, "summary": summary, "up": up,
                   "corrected": self.corrected}
        if self.first is not None:
            write_marks(self.folder, self.first)
        (self.folder / "index.html").write_text(period_page(self.plan, content), encoding="utf-8")
        write_json(self.folder / "manifest.json", self._manifest(runs))

    def _settle_record(self, well: list[str]) -> dict[str, Any]:
        """Keep only what notebooks that ended well have recorded."""
        (self.folder / LOCK_NAME).unlink(missing_ok=True)
        path = self.folder / "summary.json"
        recorded = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        summary = {name: entry for name, entry in recorded.items() if name in well}
        write_json(path, summary)
        for tables in (self.folder / "tables").glob("*"):
            if tables.name not in well:
                shutil.rmtree(tables)
        return summary

    def _write_pages(self, well: list[str]) -> dict[str, str]:
        sources = {name: notebook_path(self.plan.project, name) for name in self.plan.definition.notebooks}
        titles = {name: notebook_title(_read_notebook(path), name) for name, path in sources.items()}
        if Format.HTML in self.plan.definition.formats and well:
            writer = PageWriter()
            for name in well:
                executed = _read_notebook(self.folder / f"{name}.ipynb")
                text = writer.write(executed, self._page(name, well, titles))
                (self.folder / f"{name}.html").write_text(text, encoding="utf-8")
        return titles

    def _page(self, name: str, well: list[str], titles: dict[str, str]) -> Page:
        plan, before_after = self.plan, neighbours(well, titles, name)
        month = month_name(parse_month(plan.period))
        known = f" · data as of {plan.as_of}" if plan.as_of else ""
        tables = sorted(path.relative_to(self.folder).as_posix() for path in self.folder.glob(f"tables/{name}/*.csv"))
        return Page(
            title=titles[name],
            kicker=" · ".join(filter(None, (plan.company, plan.definition.title, month, what_if(plan)))),
            period_name=month,
            provenance=f"Rendered from {name} · period {plan.period} · run {self.run_id}{known}"
            f" · pmlib {package_version('pmlib')}",
            tables=tuple(tables),
            before=before_after[0],
            after=before_after[1],
            links=("index.html", *(f"{other}.html" for other in well), *tables),
        )

    def _manifest(self, runs: tuple[NotebookRun, ...]) -> dict[str, Any]:
        return {
            "format": MANIFEST_FORMAT,
            "report": self.plan.definition.name,
            "period": self.plan.period,
            "unit": None,
            "run_id": self.run_id,
            "status": _status(runs, self.plan.blocked),
            "notebooks": [asdict(run) for run in runs],
            "files": hashes(self.folder),
            "parameters": self.plan.parameters,
            "inputs": self.plan.inputs,
            "corrected": self.corrected,
            "versions": {name: package_version(name) for name in PACKAGES},
            "git": git_state(self.plan.project),
            "started": self.started.isoformat(timespec="milliseconds"),
            "finished": _now().isoformat(timespec="milliseconds"),
        }


def _read_notebook(path: Path) -> NotebookNode:
    import nbformat

    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def _outcome(future: Future[dict[str, Any]], name: str) -> dict[str, Any]:
    try:
        return future.result()
    except Exception as error:  # a worker that died, say: the others' pages still stand
        cause = f"its worker ended: {type(error).__name__}: {error}"
        return {"name": name, "status": "failed", "seconds": 0.0, "cause": cause, "detail": str(error)}


def _notebook_run(outcome: dict[str, Any], blocked: Collection[str]) -> NotebookRun:
    said = outcome["cause"] or ""
    # The workbook's own words; a kernel hands over nothing else.
    asked = [name for name in sorted(blocked) if f"Table '{name}' is blocked" in said]
    given = {key: value for key, value in outcome.items() if key != "detail"}
    return NotebookRun(**given, missing_tables=tuple(asked))


def _skipped(name: str, tables: tuple[str, ...], blocked: Collection[str]) -> NotebookRun:
    states = [f"{table} ({'blocked' if table in blocked else 'not there'})" for table in tables]
    return NotebookRun(name=name, status="skipped", cause=f"needs {', '.join(states)}", missing_tables=tables)
