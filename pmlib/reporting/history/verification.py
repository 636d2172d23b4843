"""Whether published reports are as they were published, and whether their inputs still give the same numbers."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.errors import PmlibError, ReportError, did_you_mean
from pmlib.reporting.definition import Definition
from pmlib.reporting.dressing_key import before_of, dressing_key
from pmlib.reporting.plan import ALL, Plan, plan_reports
from pmlib.reporting.provenance import INPUTS, versions
from pmlib.reporting.publish import hashes, published_folder, read_manifest
from pmlib.reporting.published import period_folders, report_folders

if TYPE_CHECKING:
    import pandas as pd

_LISTED = 6
_MANIFEST = "manifest.json"
# These hold times and process ids of the run, so they differ every time.
_TIMED_FILES = (".ipynb", ".kernel.log")
_TIMED_KEYS = {"started", "finished", "git", "seconds", "cell_seconds", "tries"}
_NUMBERS = ("tables/", "summary.json")


@dataclass(frozen=True, eq=False, kw_only=True)
class Verified:
    """One published report, compared with what its manifest gives today.

    Attributes
    ----------
    name : str
        Report, period and unit.
    damaged : tuple of str
        Files that are not what was published.
    moved : tuple of str
        What it was made from and is not the same today: tables, notebooks, versions, parameters.
    differing : tuple of str
        Files that come out otherwise; of the manifest, what it says apart from times and commit.
    files : int
        Files compared.
    cause : str
        Why it could not be rendered again; empty otherwise.
    """

    name: str
    damaged: tuple[str, ...]
    moved: tuple[str, ...]
    differing: tuple[str, ...]
    files: int
    cause: str

    @property
    def holds(self) -> bool:
        """Whether everything is as it was published and comes out the same."""
        return not (self.damaged or self.differing or self.cause)

    def line(self) -> str:
        """Say it in one line."""
        said = [f"damaged: {_listed(self.damaged)}"] if self.damaged else []
        if self.cause:
            said.append(f"cannot be rendered again: {self.cause}")
        elif self.differing:
            same = not any(name.startswith(_NUMBERS) for name in self.differing)
            said.append(f"comes out otherwise: {_listed(self.differing)}"
                        f"{' (all tables and answers are the same)' if same else ''}")
        else:
            said.append(f"{self.files} files come out the same, byte for byte")
        if self.moved:
            said.append(f"since then changed: {_listed(self.moved)}")
        return f"{self.name}: {'; '.join(said)}"


@dataclass(frozen=True, eq=False, kw_only=True)
class Verification:
    """Published reports, each compared with what its manifest gives today."""

    reports: tuple[Verified, ...]

    @property
    def exit_code(self) -> int:
        """0 all hold, 1 some do not."""
        return 0 if all(one.holds for one in self.reports) else 1

    def lines(self) -> list[str]:
        """Say it, a line for each."""
        return [one.line() for one in self.reports]

    def to_frame(self) -> pd.DataFrame:
        """One row per report: name, holds, damaged, moved, differing, files, cause."""
        import pandas as pd

        names = ("name", "holds", "damaged", "moved", "differing", "files", "cause")
        return pd.DataFrame([{name: getattr(one, name) for name in names} for one in self.reports], columns=names)

    def summary(self) -> str:
        """Count those that hold, and name the others."""
        well = sum(one.holds for one in self.reports)
        others = [one.line() for one in self.reports if not one.holds]
        return " ".join([f"{well} of {len(self.reports)} reports hold.", *(f"{line}." for line in others)])

    def headline(self) -> dict[str, str]:
        """Count those that hold."""
        return {f"{sum(one.holds for one in self.reports)} of {len(self.reports)}": "reports hold"}

    def __repr__(self) -> str:
        return f"<Verification: {self.summary()}>"


def verify(
    definition: Definition,
    project: Path,
    *,
    period: str | None = None,
    unit: str = ALL,
    workers: int | None = None,
) -> Verification:
    """Ask whether published reports can be trusted: unaltered, and the same when they are rendered again.

    Each is run once more from the parameters of its manifest, in kernels of its own and in a folder aside; nothing
    that is published is touched.

    Parameters
    ----------
    definition : Definition
    project : Path
        The project's root.
    period : str, optional
        ``YYYY-MM``; every published one by default.
    unit : str
        One unit, or ``all``.
    workers : int, optional
        Notebooks side by side.

    Raises
    ------
    ReportError
        Nothing of the kind is published.
    """
    root = project.resolve()
    folders = _folders(definition, root, period, unit)
    with tempfile.TemporaryDirectory(prefix="pmlib-verify-") as aside:
        plans = [_planned_again(definition, root, folder, Path(aside)) for folder in folders]
        _execute([plan for plan in plans if isinstance(plan, Plan)], workers)
        return Verification(reports=tuple(
            _verified(folder, root, plan) for folder, plan in zip(folders, plans, strict=True)
        ))


def _folders(definition: Definition, project: Path, period: str | None, unit: str) -> list[Path]:
    shelf = published_folder(project) / definition.name
    found = {folder.relative_to(shelf).parts: folder for one in (period_folders(shelf) if shelf.is_dir() else [])
             for folder in report_folders(one)}
    chosen = [folder for (month, *units), folder in found.items()
              if period in (None, month) and unit in (ALL, *units)]
    if chosen:
        return chosen
    if not found:
        raise ReportError(f"{definition.name}: nothing is published. Render it first: pmlib report {definition.name}.")
    asked = "/".join(filter(None, (period, "" if unit == ALL else unit)))
    known = {"/".join(parts[period is None:]) for parts in found}
    raise ReportError(f"{definition.name} {asked} is not published. {did_you_mean(asked, sorted(known - {''}))}")


def _planned_again(definition: Definition, project: Path, folder: Path, aside: Path) -> Plan | PmlibError:
    manifest: Mapping[str, Any] = read_manifest(folder) or {}
    period, *units = folder.relative_to(published_folder(project) / definition.name).parts
    given = {**_mapping(manifest, "asked")}
    workbook = _mapping(manifest, "parameters").get("workbook")
    if workbook is not None:
        given["workbook"] = workbook
    if not _mapping(manifest, "files"):
        return ReportError(f"{_MANIFEST} cannot be read, or lists no files. Render the period again.")
    try:
        plans = plan_reports(definition, project, given, periods=[period], unit=units[0] if units else ALL,
                             published=aside)
    except PmlibError as error:
        return error
    if len(plans) != 1:
        return ReportError(f"{definition.name}.yml has units now. Render the period again, and remove this folder.")
    return plans[0]


def _execute(plans: list[Plan], workers: int | None) -> None:
    """Run every notebook, side by side; what comes of it is looked at report by report."""
    from pmlib.reporting.render import render

    if plans:
        # What cannot be rendered at all is told of each report.
        with contextlib.suppress(PmlibError):
            render(plans, workers)


def _verified(folder: Path, project: Path, plan: Plan | PmlibError) -> Verified:
    manifest: Mapping[str, Any] = read_manifest(folder) or {}
    said = _untimed(_mapping(manifest, "files"))
    found = {name: value for name, value in hashes(folder).items() if name != _MANIFEST}
    about: dict[str, Any] = {"name": " ".join(folder.relative_to(published_folder(project)).parts),
                             "files": len(said), "damaged": _differing(_mapping(manifest, "files"), found)}
    moved: tuple[str, ...] = ()
    try:
        if isinstance(plan, PmlibError):
            raise plan
        _set_up(plan, folder, manifest)
        moved = _moved(manifest, plan)
        again = _dressed_again(plan, manifest)
    except (PmlibError, OSError) as error:
        return Verified(**about, moved=moved, differing=(), cause=" ".join(str(error).split()))
    now = _untimed(_mapping(again, "files"))
    differing = _differing({**said, _MANIFEST: _timeless(manifest)}, {**now, _MANIFEST: _timeless(again)})
    return Verified(**about, moved=moved, differing=differing, cause="")


def _set_up(plan: Plan, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Lay out what a run looks up: the tables as they were first marked, and the report it says changes against."""
    shutil.rmtree(plan.published / plan.definition.name, ignore_errors=True)
    plan.target.mkdir(parents=True)
    if (folder / INPUTS).is_file():
        shutil.copyfile(folder / INPUTS, plan.target / INPUTS)
    before = _mapping(manifest, "changes").get("before")
    shelf = published_folder(plan.project) / plan.definition.name
    # Never its own period: a copy of the report would be found to be true already.
    for period in (path for path in period_folders(shelf) if path.name == before and path.name < plan.period):
        place = Path(period.name, plan.unit or "")
        if read_manifest(shelf / place) is not None:
            shutil.copytree(shelf / place, plan.published / plan.definition.name / place)


def _moved(manifest: Mapping[str, Any], plan: Plan) -> tuple[str, ...]:
    pairs: dict[str, tuple[str, Mapping[str, Any]]] = {
        "table": ("inputs", plan.inputs),
        "notebook": ("notebook_sources", plan.sources),
        "parameter": ("parameters", plan.parameters),
        "version of": ("versions", versions()),
    }
    named = [f"{kind} {name}" for kind, (key, now) in pairs.items()
             for name in _differing(_mapping(manifest, key), now)]
    if not named and manifest.get("source") != plan.source:
        named = ["a file of the workbook"]
    if not named and manifest.get("execution") != plan.keys:
        named = ["the files of pmlib"]
    before = _mapping(manifest, "changes").get("before")
    if before is not None and before_of(plan) is None:
        named.append(f"period {before}, which is gone")
    if not named and manifest.get("dressing") != dressing_key(plan, before_of(plan)):
        named = ["the definition, the templates or the period before"]
    return tuple(named)


def _dressed_again(plan: Plan, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    from pmlib.reporting.render import render

    done = render([plan], 1, cold=True).reports[0]
    if done.cause or (done.exit_code and manifest.get("status") == "ok"):
        raise ReportError(done.summary())
    return read_manifest(done.folder) or {}


def _mapping(manifest: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Look up a part of a manifest that somebody may have altered."""
    found = manifest.get(key)
    return found if isinstance(found, dict) else {}


def _untimed(files: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in files.items() if not name.endswith(_TIMED_FILES)}


def _timeless(content: Any) -> Any:
    """Drop times, commit and the hashes of files that hold times, at any depth."""
    if isinstance(content, list):
        return [_timeless(one) for one in content]
    if not isinstance(content, dict):
        return content
    return {key: _timeless(one) for key, one in _untimed(content).items() if key not in _TIMED_KEYS}


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(name for name in {*before, *now} if before.get(name) != now.get(name)))


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
