"""Many reports side by side: which notebooks must run, on what, in which order their folders are made."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import Any

from pmlib.errors import LockedError, PmlibError
from pmlib.project import PROJECT_VARIABLE
from pmlib.reporting.definition import notebook_path
from pmlib.reporting.dressing import Dressing, dress
from pmlib.reporting.dressing_key import before_of
from pmlib.reporting.executed import NOTEBOOK, execute, find, place_of
from pmlib.reporting.facts import Books
from pmlib.reporting.freshness import is_executed, is_fresh, reasons, refuse_other_workbook
from pmlib.reporting.outcomes import (
    SOME_FAILED,
    WELL,
    NotebookRun,
    Rendered,
    exit_code_of,
    notebook_run,
    nothing,
    now,
    skipped,
    unchanged,
)
from pmlib.reporting.plan import Plan
from pmlib.reporting.publish import hold, put_in_place, read_manifest, recover
from pmlib.reporting.record import NOTEBOOK_VARIABLE, RECORD_VARIABLE
from pmlib.reporting.run_log import note

#: Seconds between two looks at a report that another run holds.
_LOOK_AGAIN_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a batch works.

    Attributes
    ----------
    folder : Path
        The batch's temporary folder, on the file system of the published reports.
    wait_s : float
        Seconds to wait for another run of a report.
    zygote : str or None
        Address of the warm process; None for ordinary kernels.
    at_once : int
        Reports that are begun ahead of their turn.
    force : bool
        Run every notebook again.
    executor : callable
        Makes what jobs run on, and makes it anew when a worker broke it.
    tell, running : callable
        Told of every finished report, and of the notebooks that run.
    """

    published: Path
    folder: Path
    wait_s: float
    zygote: str | None
    at_once: int
    force: bool
    executor: Callable[[], Executor]
    tell: Callable[[Rendered], Rendered]
    running: Callable[[list[str]], None]


@dataclass(eq=False, kw_only=True)
class _Run:
    """One report on its way."""

    plan: Plan
    began: float
    started: str
    held: ExitStack
    executed: dict[str, Path] = field(default_factory=dict)
    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)
    waits_for: set[str] = field(default_factory=set)
    ran: int = 0
    draft: Path | None = None
    place: Path | None = None

    @property
    def names(self) -> list[str]:
        """Notebooks that have their tables."""
        return [name for name in self.plan.definition.notebooks if name not in self.plan.missing]

    def runs(self) -> tuple[NotebookRun, ...]:
        found = {name: notebook_run(outcome, self.plan.blocked) for name, outcome in self.outcomes.items()}
        found |= {name: skipped(name, tables, self.plan.blocked) for name, tables in self.plan.missing.items()}
        return tuple(found[name] for name in self.plan.definition.notebooks)


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What an executor is given: a notebook, by its key, or the pages of a report."""

    name: str
    of: Any
    call: Callable[[Any], Any]
    prepare: Callable[[], Any]
    retries: int
    tries: int = 1
    executor: Executor | None = None


class Batch:
    """Brings reports from their plans to their folders; one report's failure never stops the others.

    Parameters
    ----------
    plans : list of Plan
        In any order; a period is finished after the earlier ones of its report and unit, because it says what
        changed since.
    books : Books
    settings : Settings
    """

    def __init__(self, plans: list[Plan], books: Books, settings: Settings) -> None:
        self._plans, self._books, self._settings = plans, books, settings
        self._waiting = sorted(plans, key=attrgetter("period"))
        self._runs: list[_Run] = []
        self._jobs: dict[Future[Any], _Work] = {}
        self._asking: dict[str, list[tuple[_Run, str]]] = {}
        self._ran: dict[str, tuple[dict[str, Any], Path]] = {}
        self._done: dict[int, Rendered] = {}
        self._refused: dict[int, float] = {}
        self._executor: Executor | None = None
        self._numbers = count(1)

    def render(self) -> list[Rendered]:
        """Work until every report is finished or given up; an interrupt calls off what has not begun."""
        try:
            self._work()
        except BaseException:
            for future in self._jobs:
                future.cancel()
            raise
        finally:
            for run in self._runs:
                run.held.close()
        return [self._done[id(plan)] for plan in self._plans]

    def _work(self) -> None:
        while self._waiting or self._runs:
            self._begin()
            for run in list(self._runs):
                self._advance(run)
            if self._jobs:
                self._settings.running(sorted(work.name for future, work in self._jobs.items() if future.running()))
                look = _LOOK_AGAIN_S if self._refused else None
                for future in wait(self._jobs, timeout=look, return_when=FIRST_COMPLETED).done:
                    self._take(future)
            elif self._refused:
                time.sleep(_LOOK_AGAIN_S)

    def _begin(self) -> None:
        for plan in list(self._waiting):
            # One that another run holds is looked at in any case: later periods wait for it.
            if len(self._runs) >= self._settings.at_once and id(plan) not in self._refused:
                continue
            if not self._settings.force and self._earlier(plan) is None and is_fresh(plan):
                self._waiting.remove(plan)
                self._finish(plan, unchanged(plan))
            elif self._hold(plan):
                self._waiting.remove(plan)

    def _hold(self, plan: Plan) -> bool:
        """Take the lock of a report; say whether it need not wait any longer."""
        held = ExitStack()
        try:
            held.enter_context(hold(self._settings.published, plan.name.replace(" ", "."), wait_s=0))
            recover(plan.target)
            refuse_other_workbook(plan)
        except LockedError as error:
            if id(plan) not in self._refused:
                note(plan, f"waits, {str(error).partition(': ')[2]}")
            since = self._refused.setdefault(id(plan), time.monotonic())
            if time.monotonic() - since < self._settings.wait_s:
                return False
            given_up = nothing(plan, "locked", str(error).partition(": ")[2])
        except (PmlibError, OSError) as error:
            held.close()
            given_up = nothing(plan, "failed", _cause(error))
        else:
            self._refused.pop(id(plan), None)
            note(plan, "; ".join(reasons(plan)) or "asked for again")
            self._runs.append(_Run(plan=plan, began=time.monotonic(), started=now(), held=held))
            return True
        self._refused.pop(id(plan), None)
        self._finish(plan, given_up)
        return True

    def _earlier(self, plan: Plan) -> Plan | None:
        """Find an earlier period of the same report and unit that is not finished."""
        others = [*self._waiting, *(run.plan for run in self._runs)]
        return next((other for other in others if other.definition.name == plan.definition.name
                     and other.unit == plan.unit and other.period < plan.period), None)

    def _advance(self, run: _Run) -> None:
        """Bring a report as far as it goes without waiting."""
        if run.waits_for:
            return
        earlier = self._earlier(run.plan)
        if earlier is None and not self._settings.force and not run.outcomes and is_fresh(run.plan):
            self._end(run, unchanged(run.plan))
        elif earlier is not None and not self._settings.force and is_executed(run.plan):
            return
        elif len(run.outcomes) < len(run.names):
            self._execute(run)
        elif earlier is None:
            self._dress(run)

    def _execute(self, run: _Run) -> None:
        for name in run.names:
            key = run.plan.keys[name]
            known = self._ran.get(key) or self._kept(key)
            if known is not None:
                run.outcomes[name], run.executed[name] = known
                note(run.plan, f"{name} is kept from before")
                continue
            run.waits_for.add(name)
            self._asking.setdefault(key, []).append((run, name))
            if len(self._asking[key]) == 1:
                self._submit(_Work(name=name, of=key, call=execute, prepare=partial(self._job, run.plan, name),
                                   retries=run.plan.definition.retries))

    def _kept(self, key: str) -> tuple[dict[str, Any], Path] | None:
        place = place_of(self._settings.published, key)
        outcome = None if self._settings.force else find(place)
        return None if outcome is None else (outcome, place)

    def _submit(self, work: _Work) -> None:
        future: Future[Any] = Future()
        self._settings.running([work.name])
        try:
            self._executor = self._executor or self._settings.executor()
            future = self._executor.submit(work.call, work.prepare())
        except (PmlibError, OSError, RuntimeError) as error:
            future.set_exception(error)
        self._jobs[future] = replace(work, executor=self._executor)

    def _folder(self) -> Path:
        """Make a folder that no other try has written to."""
        folder = self._settings.folder / str(next(self._numbers))
        folder.mkdir()
        return folder

    def _job(self, plan: Plan, name: str) -> dict[str, Any]:
        folder = self._folder()
        place = self._books.place(plan.workbook) if plan.workbook is not None else ""
        return {
            "name": name,
            "notebook": str(notebook_path(plan.project, name)),
            "output": str(folder / NOTEBOOK),
            "parameters": plan.bound[name],
            "cwd": str(plan.project),
            "env": {
                RECORD_VARIABLE: str(folder),
                NOTEBOOK_VARIABLE: name,
                PROJECT_VARIABLE: str(plan.project),
                "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            },
            "timeout_s": plan.definition.timeout_s,
            "memory_mb": plan.definition.memory_mb,
            "retries": plan.definition.retries,
            "zygote": self._settings.zygote,
            "kernel_log": str(folder / "kernel.log"),
            "folder": str(folder),
            "keep": str(place_of(self._settings.published, plan.keys[name])),
            "workbook": str(place),
            "mark": plan.source if isinstance(place, Path) else "",
            "memory": str(self._settings.published / ".cache" / "files.json"),
        }

    def _take(self, future: Future[Any]) -> None:
        work = self._jobs.pop(future)
        try:
            result = future.result()
        except BrokenExecutor as error:
            # A worker was killed from outside, and every job of its pool with it.
            if work.executor is self._executor:
                self._executor = None
            if work.tries <= work.retries:
                for plan in self._plans_of(work):
                    note(plan, f"{work.name} is begun again: {_cause(error)}")
                self._submit(replace(work, tries=work.tries + 1))
                return
            result = error
        except Exception as error:
            result = error
        if work.call is execute:
            self._executed(work.name, work.of, result)
        else:
            self._dressed(work.of, result)

    def _plans_of(self, work: _Work) -> list[Plan]:
        return [run.plan for run, _ in self._asking[work.of]] if work.call is execute else [work.of.plan]

    def _executed(self, name: str, key: str, result: Any) -> None:
        if isinstance(result, Exception):
            cause = _cause(result) if isinstance(result, OSError) else f"its worker ended: {_cause(result)}"
            result = {"name": name, "status": "failed", "seconds": 0.0, "cause": cause, "detail": str(result),
                      "folder": str(self._settings.folder)}
        self._ran[key] = (result, Path(result["folder"]))
        for place, (run, asked) in enumerate(self._asking.pop(key)):
            run.waits_for.discard(asked)
            run.outcomes[asked], run.executed[asked] = self._ran[key]
            note(run.plan, _said(result))
            run.ran += place == 0

    def _dress(self, run: _Run) -> None:
        run.waits_for.add("pages")
        self._submit(_Work(name=f"{run.plan.name} pages", of=run, call=dress, prepare=partial(self._dressing, run),
                           retries=run.plan.definition.retries))

    def _dressing(self, run: _Run) -> Dressing:
        plan, runs = run.plan, run.runs()
        marks = None if plan.workbook is None else self._books.marks(plan.workbook, plan.period, mark=plan.source)
        status = "ok" if exit_code_of(runs, plan.blocked) == WELL else "partial"
        run.draft, run.place = self._folder(), _destination(plan, status=status, run=run)
        return Dressing(plan=plan, folder=run.draft, place=run.place, runs=runs, executed=run.executed,
                        before=before_of(plan), marks=marks, status=status, started=run.started)

    def _dressed(self, run: _Run, result: Any) -> None:
        draft, place = run.draft, run.place
        if isinstance(result, Exception) or draft is None or place is None:
            self._give_up(run, result)
            return
        try:
            put_in_place(draft, place)
        except OSError as error:
            self._give_up(run, error)
            return
        shutil.rmtree(draft, ignore_errors=True)
        runs = run.runs()
        self._end(run, Rendered(
            report=run.plan.definition.name, period=run.plan.period, unit=run.plan.unit, run_id=result["run_id"],
            status=result["status"], folder=place, index=self._settings.published / "index.html", notebooks=runs,
            executed=run.ran, reused=len(run.names) - run.ran, started=run.started,
            seconds=time.monotonic() - run.began, decided=result["decided"],
            changes=tuple(result["changes"]["sentences"]), cause="", exit_code=exit_code_of(runs, run.plan.blocked),
        ))

    def _give_up(self, run: _Run, error: Exception) -> None:
        """Publish nothing of a report; what was published stays."""
        seconds = time.monotonic() - run.began
        self._end(run, nothing(run.plan, "failed", _cause(error), executed=run.ran, seconds=seconds))

    def _end(self, run: _Run, rendered: Rendered) -> None:
        self._runs.remove(run)
        run.held.close()
        self._finish(run.plan, rendered)

    def _finish(self, plan: Plan, rendered: Rendered) -> None:
        note(plan, rendered.line().partition(": ")[2])
        self._done[id(plan)] = self._settings.tell(rendered)


def failed(plan: Plan, error: Exception) -> Rendered:
    """Say that nothing was published of a report, and why."""
    return nothing(plan, "failed", _cause(error))


def unrecorded(rendered: Rendered, error: Exception) -> Rendered:
    """Say of a run that the history lacks it, and why."""
    return replace(rendered, cause=rendered.cause or _cause(error), exit_code=rendered.exit_code or SOME_FAILED)


def _destination(plan: Plan, *, status: str, run: _Run) -> Path:
    """Choose where a run goes: a partial one never takes the place of a good one."""
    good = (read_manifest(plan.target) or {}).get("status") == "ok"
    if status == "ok" or not good:
        return plan.target
    moment = dt.datetime.fromisoformat(run.started)
    name = "-".join(filter(None, (plan.period, plan.unit, f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z")))
    return plan.published / plan.definition.name / "failed" / name


def _said(outcome: dict[str, Any]) -> str:
    again = f", {outcome['tries']} tries" if outcome.get("tries", 1) > 1 else ""
    # Why it failed stands in the report, which is searched for secrets; a log is not.
    return f"{outcome['name']} {outcome['status']} in {outcome['seconds']:.1f} s{again}"


def _cause(error: Exception) -> str:
    said = str(error) if isinstance(error, PmlibError) else f"{type(error).__name__}: {error}"
    return " ".join(said.split())
