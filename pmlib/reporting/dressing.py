"""From the executed notebooks of one report to its folder: pages, tables, spreadsheet, document, changes, manifest."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.errors import ReportError
from pmlib.months import month_name, parse_month
from pmlib.reporting.audiences import audience_page
from pmlib.reporting.definition import Format, notebook_path
from pmlib.reporting.dressing_key import dressing_key
from pmlib.reporting.executed import NOTEBOOK
from pmlib.reporting.export import Page, PageWriter, neighbours, notebook_title
from pmlib.reporting.file_hashes import digest
from pmlib.reporting.history.changes import Changes, compare, not_compared
from pmlib.reporting.leaks import refuse_secrets
from pmlib.reporting.outcomes import NotebookRun
from pmlib.reporting.pages import index_page, page_facts
from pmlib.reporting.plan import Plan, public
from pmlib.reporting.provenance import INPUTS, corrected_since, first_marks, package_version, versions
from pmlib.reporting.publish import MANIFEST_FORMAT, force_to_disk, hashes
from pmlib.reporting.record import write_json
from pmlib.reporting.safety import keep_private

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True, kw_only=True)
class Dressing:
    """One report on its way from executed notebooks to a finished folder.

    Attributes
    ----------
    folder : Path
        Where it is made; ``place`` is where it goes.
    runs : tuple of NotebookRun
    executed : dict of notebook to Path
        Folder that each notebook wrote, also one that failed.
    before : Path or None
        The published report of the period before.
    marks : Path or None
        What the tables hold of this period.
    """

    plan: Plan
    folder: Path
    place: Path
    runs: tuple[NotebookRun, ...]
    executed: dict[str, Path]
    before: Path | None
    marks: Path | None
    status: str
    started: str

    @cached_property
    def key(self) -> str:
        """Hash of what the pages depend on beside the executed notebooks."""
        return dressing_key(self.plan, self.before)

    @cached_property
    def run_id(self) -> str:
        """The same inputs give the same id, and hence the same pages."""
        states = [f"{run.name} {run.status} {self.plan.keys[run.name]}" for run in self.runs]
        return digest(self.plan.name, self.key, self.corrected, *states)[:8]

    @cached_property
    def well(self) -> list[str]:
        """Names of the notebooks that ended well."""
        return [run.name for run in self.runs if run.status == "ok"]

    @cached_property
    def first(self) -> Path | None:
        """Marks of this period's tables as it was first rendered."""
        return first_marks(self.plan.target, self.marks)

    @cached_property
    def corrected(self) -> str:
        """Name what changed of this period's tables since it was first rendered."""
        return corrected_since(self.first, self.marks)

    @cached_property
    def notebooks(self) -> dict[str, NotebookNode]:
        """Executed notebooks that ended well."""
        return {name: _read_notebook(self.executed[name] / NOTEBOOK) for name in self.well}

    @cached_property
    def titles(self) -> dict[str, str]:
        """First headings, by notebook."""
        sources = {name: notebook_path(self.plan.project, name) for name in self.plan.definition.notebooks}
        return {name: notebook_title(self.notebooks.get(name) or _read_notebook(path), name)
                for name, path in sources.items()}

    @cached_property
    def month(self) -> str:
        """The period as readers say it."""
        return month_name(parse_month(self.plan.period))

    @property
    def period_before(self) -> str | None:
        """The period that this one is compared with."""
        if self.before is None:
            return None
        return self.before.parent.name if self.plan.unit else self.before.name

    @cached_property
    def up(self) -> str:
        """Way from the folder to the top page."""
        return "../" * len(self.place.relative_to(self.plan.published).parts)

    @cached_property
    def kicker(self) -> str:
        """Whose report, of what and when."""
        plan = self.plan
        asked = f"what if {plan.what_if}" if plan.what_if else ""
        return " · ".join(filter(None, (plan.company, plan.definition.title, plan.unit_name, self.month, asked)))


def dress(dressing: Dressing) -> dict[str, Any]:
    """Make the folder of a report; what it returns is the manifest that lies in it.

    Raises
    ------
    ReportError
        A secret would be published, or a form cannot be written.
    """
    definition, folder = dressing.plan.definition, dressing.folder
    _gather(dressing)
    summary = _summary(dressing)
    changes = _changes(dressing)
    if Format.HTML in definition.formats:
        _write_pages(dressing, summary, changes)
    facts = page_facts(dressing.plan, _content(dressing, summary, changes))
    (folder / "index.html").write_text(index_page(facts), encoding="utf-8")
    _write_audiences(dressing, facts, changes)
    _write_forms(dressing)
    if Format.IPYNB not in definition.formats:
        for name in dressing.well:
            (folder / f"{name}.ipynb").unlink()
    manifest = _manifest(dressing, summary, changes)
    write_json(folder / "manifest.json", manifest)
    refuse_secrets(folder, {**os.environ, "the workbook's address": dressing.plan.workbook or ""})
    keep_private(folder, definition.umask)
    force_to_disk(folder)
    return manifest


def _gather(dressing: Dressing) -> None:
    """Copy what the notebooks made; of a failed one, only its executed copy and what its kernel said."""
    for name, source in dressing.executed.items():
        if (source / NOTEBOOK).is_file():
            shutil.copyfile(source / NOTEBOOK, dressing.folder / f"{name}.ipynb")
        if name in dressing.well and (source / "tables" / name).is_dir():
            shutil.copytree(source / "tables" / name, dressing.folder / "tables" / name)
        log = source / "kernel.log"
        if name not in dressing.well and log.is_file():
            shutil.copyfile(log, dressing.folder / f"{name}.kernel.log")
    failed = [run for run in dressing.runs if run.status == "failed"]
    parts = [f"notebook: {run.name}\ncause: {run.cause}\n{run.detail or ''}".rstrip() for run in failed]
    if parts:
        (dressing.folder / "error.txt").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    if dressing.first is not None:
        shutil.copyfile(dressing.first, dressing.folder / INPUTS)


def _summary(dressing: Dressing) -> dict[str, Any]:
    summary: dict[str, Any] = {}
    for name in dressing.well:
        path = dressing.executed[name] / "summary.json"
        if path.is_file():
            summary |= {name: json.loads(path.read_text(encoding="utf-8"))[name]}
    write_json(dressing.folder / "summary.json", summary)
    return summary


def _changes(dressing: Dressing) -> Changes | None:
    if dressing.before is None:
        return None
    try:
        changes = compare(dressing.before, dressing.folder)
    except ReportError:
        # This period is as good as it was; what stands beside it is said, not hidden.
        return not_compared(str(dressing.period_before))
    changes.write(dressing.folder)
    return changes


def _write_pages(dressing: Dressing, summary: Mapping[str, Any], changes: Changes | None) -> None:
    for name, notebook in dressing.notebooks.items():
        page = _page(dressing, name, summary.get(name, {}), changes)
        (dressing.folder / f"{name}.html").write_text(_writer().write(notebook, page), encoding="utf-8")


@cache
def _writer() -> PageWriter:
    return PageWriter()


def _page(dressing: Dressing, name: str, record: Mapping[str, Any], changes: Changes | None) -> Page:
    plan, well, titles, folder = dressing.plan, dressing.well, dressing.titles, dressing.folder
    before_after = neighbours(well, titles, name)
    known = f" · data as of {plan.as_of}" if plan.as_of else ""
    tables = sorted(path.relative_to(folder).as_posix() for path in folder.glob(f"tables/{name}/*.csv"))
    return Page(
        title=titles[name],
        kicker=dressing.kicker,
        period_name=dressing.month,
        provenance=f"Rendered from {name} · period {plan.period} · run {dressing.run_id}{known}"
        f" · pmlib {package_version('pmlib')}",
        tables=tuple(tables),
        before=before_after[0],
        after=before_after[1],
        links=("index.html", *(f"{other}.html" for other in well), *tables),
        record=record,
        inputs=plan.inputs,
        versions=versions(),
        before_name=month_name(parse_month(dressing.period_before)) if dressing.period_before else None,
        changes=tuple(changes.of([name]).sentences()) if changes is not None else (),
    )


def _content(dressing: Dressing, summary: Mapping[str, Any], changes: Changes | None) -> dict[str, Any]:
    return {
        "runs": [run.to_dict() for run in dressing.runs],
        "titles": dressing.titles,
        "summary": summary,
        "up": dressing.up,
        "corrected": dressing.corrected,
        "changes": changes.sentences() if changes is not None else [],
        "before": dressing.period_before,
        "audiences": [{"name": name, "title": one.title} for name, one in dressing.plan.definition.audiences.items()],
        "files": [*(["changes.csv"] if (dressing.folder / "changes.csv").is_file() else []),
                  *(f"report.{form}" for form in _forms(dressing))],
        "run_id": dressing.run_id,
    }


def _write_audiences(dressing: Dressing, facts: Mapping[str, Any], changes: Changes | None) -> None:
    for name, audience in dressing.plan.definition.audiences.items():
        names = audience.notebooks or dressing.plan.definition.notebooks
        own = {**facts, "executed": dressing.notebooks,
               "changes": changes.of(names).sentences() if changes is not None else []}
        (dressing.folder / f"{name}.html").write_text(audience_page(name, audience, own), encoding="utf-8")


def _forms(dressing: Dressing) -> list[Format]:
    """Forms of the whole report, where there is anything to put into them."""
    return [form for form in (Format.XLSX, Format.PDF) if form in dressing.plan.definition.formats and dressing.well]


def _write_forms(dressing: Dressing) -> None:
    folder, plan = dressing.folder, dressing.plan
    if Format.XLSX in _forms(dressing):
        from pmlib.reporting.outputs.spreadsheet import write_spreadsheet

        about = {"Company": plan.company, "Report": plan.definition.title, "Period": plan.period,
                 "Unit": plan.unit_name, "Data as of": plan.as_of, "Run": dressing.run_id, "What if": plan.what_if}
        write_spreadsheet(folder, folder / "report.xlsx", about={key: text for key, text in about.items() if text},
                          titles=dressing.titles)
    if Format.PDF in _forms(dressing):
        from pmlib.reporting.outputs.document import write_document

        pages = [folder / f"{name}.html" for name in ("index", *dressing.well)]
        write_document(pages, folder / "report.pdf", title=dressing.kicker)


def _manifest(dressing: Dressing, summary: Mapping[str, Any], changes: Changes | None) -> dict[str, Any]:
    plan = dressing.plan
    return {
        "format": MANIFEST_FORMAT,
        "report": plan.definition.name,
        "title": plan.definition.title,
        "period": plan.period,
        "unit": plan.unit,
        "unit_name": plan.unit_name,
        "run_id": dressing.run_id,
        "status": dressing.status,
        "notebooks": [run.to_dict() for run in dressing.runs],
        "files": hashes(dressing.folder),
        "parameters": plan.parameters,
        "workbook": public(plan.workbook),
        "asked": plan.asked,
        "seeds": plan.seeds,
        "inputs": plan.inputs,
        "source": plan.source,
        "notebook_sources": plan.sources,
        "execution": plan.keys,
        "dressing": dressing.key,
        "decided": summary.get(plan.definition.decides or next(reversed(list(summary)), ""), {}).get("summary", ""),
        "changes": {
            "before": dressing.period_before,
            "sentences": changes.sentences() if changes is not None else [],
            "note": changes.note if changes is not None else "",
        },
        "corrected": dressing.corrected,
        "versions": versions(),
        "git": plan.git,
        "started": dressing.started,
        "finished": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
    }


def _read_notebook(path: Path) -> NotebookNode:
    import nbformat

    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook
