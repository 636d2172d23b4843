"""What lies published, one line a report: read from manifests and summaries alone, and never trusted blindly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pmlib.months import month_name, parse_month
from pmlib.reporting.definition import Definition
from pmlib.reporting.markup import as_sentence
from pmlib.reporting.publish import read_manifest

_MOST_CHANGES = 2
_PERIOD = re.compile(r"(?:19|20|21)\d\d-(?:0[1-9]|1[0-2])")
# As PlainName of the definition: nothing else is a report or a unit.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_FILES = {"report.xlsx": "Excel workbook", "report.pdf": "PDF to print"}


@dataclass(frozen=True, kw_only=True)
class Link:
    """Words that lead somewhere below the folder of the page they stand on."""

    href: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """What the index says of one report.

    Attributes
    ----------
    period : str
        ``YYYY-MM``.
    unit : str
        Folder name; empty for a report without units. ``name`` is what readers call it.
    title : str
        The report's, as it was when it was rendered.
    state : str
        ok, partial, failed or unreadable.
    answer : str
        Of the notebook that decides; what it would be if, for a run with parameters of its own.
    before : str or None
        The period that ``changes`` compare with.
    failed : str or None
        Page of a newer run that failed.
    good : Link or None
        The report that stands in spite of it.
    """

    period: str
    unit: str = ""
    name: str = ""
    title: str = ""
    state: str
    href: str | None = None
    answer: str = ""
    before: str | None = None
    changes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    started: str = ""
    failed: str | None = None
    good: Link | None = None


def deciding(order: Iterable[str], named: str | None, summary: Mapping[str, Any]) -> str:
    """Name the notebook whose answer stands for all; empty when none gave one.

    Examples
    --------
    >>> deciding(["check", "score", "plan"], "plan", {"check": {}, "score": {}})
    'score'
    """
    # Without the one that decides, the last of the others has most to say: the first ones introduce and check.
    answered = [name for name in order if name in summary]
    return named if named in answered and named is not None else answered[-1] if answered else ""


def links_to(audiences: Mapping[str, str], files: Iterable[str], *, place: str = "") -> tuple[Link, ...]:
    """Links to the pages of audiences (name to title) and to the files for other programs.

    Examples
    --------
    >>> [link.href for link in links_to({"board": "For the board"}, ["report.pdf", "index.html"])]
    ['board.html', 'report.pdf']
    """
    pages = [Link(href=f"{place}{name}.html", words=title) for name, title in audiences.items()]
    others = sorted(name for name in files if "/" not in name and name.endswith((".pdf", ".xlsx")))
    return (*pages, *(Link(href=place + name, words=_FILES.get(name, name)) for name in others))


def named_folders(parent: Path) -> list[Path]:
    """Folders that may be reports or units by their name, sorted."""
    return sorted(path for path in parent.iterdir() if _NAME.fullmatch(path.name) and path.is_dir())


def period_folders(report: Path) -> list[Path]:
    """Folders of a report's periods, oldest first."""
    return [path for path in named_folders(report) if _PERIOD.fullmatch(path.name)]


def report_folders(period: Path) -> list[Path]:
    """Folders of one period that hold a report, or should: itself, or one for each unit."""
    if (period / "manifest.json").exists():
        return [period]
    units = named_folders(period)
    if any((path / "manifest.json").exists() for path in units):
        return units
    return [period] if any(period.iterdir()) else []


def published_lines(report: Path, definition: Definition | None = None) -> list[Line]:
    """Read every period and unit of one report, newest period first.

    A folder that cannot be read is a line too, which says what to do. A failed run is told on the line of the
    report it left standing, unless a later run made it good.

    Parameters
    ----------
    report : Path
        The report's folder among the published.
    definition : Definition, optional
        Names the notebook that decides, and the audiences; a report may outlive it.
    """
    folders = [folder for period in period_folders(report) for folder in report_folders(period)]
    lines = {(line.period, line.unit): line for line in (_line(folder, report, definition) for folder in folders)}
    good = [line for line in lines.values() if line.state == "ok"]
    for key, failure in _failures(report).items():
        if key not in lines or failure.started > lines[key].started:
            lines[key] = _after_failure(failure, [line for line in good if line.unit == failure.unit])
    return sorted(lines.values(), key=lambda line: line.period, reverse=True)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a report lies, or should."""

    report: str
    period: str
    unit: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.report, self.period, self.unit)))

    @property
    def remedy(self) -> str:
        unit = f" --unit {self.unit}" if self.unit else ""
        return f"Render it again (pmlib report {self.report} --period {self.period}{unit})"


def _line(folder: Path, report: Path, definition: Definition | None) -> Line:
    place = _Place(report=report.name, period=folder.parent.name, unit=folder.name)
    if folder.parent == report:
        place = _Place(report=report.name, period=folder.name)
    bare = Line(period=place.period, unit=place.unit, name=place.unit, state="unreadable")
    manifest: Any = read_manifest(folder)
    wrong = _complaint(manifest, place)
    if wrong:
        return replace(bare, problems=(f"{place}: {wrong}. {place.remedy}, or delete the folder.",))
    summary = _read_summary(folder)
    unread = () if summary is not None else (f"summary.json cannot be read. {place.remedy}.",)
    before, changes = _changes(manifest.get("changes"))
    return replace(
        bare,
        name=str(manifest.get("unit_name") or place.unit),
        title=str(manifest.get("title") or ""),
        state=manifest["status"] if summary is not None else "unreadable",
        href=f"{place}/index.html",
        answer=_what_if(manifest.get("asked")) + _answer(summary or {}, definition),
        before=before,
        changes=changes,
        problems=(*_problems(manifest), *unread),
        links=_links(manifest.get("files"), place, definition),
        started=manifest["started"],
    )


def _complaint(manifest: Mapping[str, Any] | None, place: _Place) -> str:
    """Say what keeps a manifest from being believed; empty when nothing does."""
    if manifest is None:
        return "manifest.json is missing or cannot be read"
    runs = manifest.get("notebooks")
    told = isinstance(runs, list) and all(isinstance(run, dict) and {"name", "status"} <= run.keys() for run in runs)
    if not told:
        return "manifest.json does not list its notebooks"
    if manifest.get("status") not in ("ok", "partial") or not isinstance(manifest.get("started"), str):
        return "manifest.json does not say how and when the run went"
    its = _Place(**{key: str(manifest.get(key) or "") for key in ("report", "period", "unit")})
    return "" if its == place else f"manifest.json is that of {its}"


def _answer(summary: Mapping[str, Any], definition: Definition | None) -> str:
    order = definition.notebooks if definition is not None else summary
    decides = deciding(order, definition.decides if definition is not None else None, summary)
    return str(summary[decides]["summary"]) if decides else ""


def _what_if(asked: object) -> str:
    given = sorted(asked.items()) if isinstance(asked, Mapping) else []
    return f"What if {', '.join(f'{name} = {value}' for name, value in given)}: " if given else ""


def _links(given: object, place: _Place, definition: Definition | None) -> tuple[Link, ...]:
    files = given if isinstance(given, dict) else {}
    audiences = definition.audiences if definition is not None else {}
    there = {name: one.title for name, one in audiences.items() if f"{name}.html" in files}
    return links_to(there, files, place=f"{place}/")


def _changes(given: object) -> tuple[str | None, tuple[str, ...]]:
    content = given if isinstance(given, Mapping) else {}
    before, sentences = content.get("before"), content.get("sentences")
    if not isinstance(before, str) or not _PERIOD.fullmatch(before) or not isinstance(sentences, list):
        return None, ()
    return before, tuple(as_sentence(str(one)) for one in sentences)[:_MOST_CHANGES]


def _problems(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    runs = manifest["notebooks"]
    return tuple(f"{run['name']} {run['status']}: {run.get('cause')}" for run in runs if run["status"] != "ok")


def _failures(report: Path) -> dict[tuple[str, str], Line]:
    """Newest failed run of each period and unit."""
    runs = [line for path in sorted((report / "failed").glob("*")) if (line := _failure(path, report.name))]
    return {(line.period, line.unit): line for line in sorted(runs, key=lambda line: line.started)}


def _failure(folder: Path, report: str) -> Line | None:
    manifest: Any = read_manifest(folder) or {}
    place = _Place(report=report, period=str(manifest.get("period")), unit=str(manifest.get("unit") or ""))
    if not _PERIOD.fullmatch(place.period) or _complaint(manifest, place):
        return None
    page = f"{report}/failed/{folder.name}/index.html"
    return Line(
        period=place.period,
        unit=place.unit,
        name=str(manifest.get("unit_name") or place.unit),
        state="failed",
        href=page,
        problems=_problems(manifest),
        started=manifest["started"],
        failed=page,
    )


def _after_failure(failure: Line, good: list[Line]) -> Line:
    """Tell a failed run beside the good report that stands in spite of it, of its own period or an earlier one."""
    standing = [line for line in good if line.period <= failure.period]
    if not standing:
        return failure
    last = max(standing, key=lambda line: line.period)
    stands = Link(href=str(last.href), words=month_name(parse_month(last.period)))
    told = last if last.period == failure.period else failure
    return replace(told, state="failed", problems=failure.problems, failed=failure.failed, good=stands)


def _read_summary(folder: Path) -> dict[str, Any] | None:
    """Read the answers; None when the file is damaged."""
    try:
        content = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return None
    sound = isinstance(content, dict) and all(
        isinstance(one, dict) and isinstance(one.get("summary"), str) for one in content.values()
    )
    return content if sound else None
