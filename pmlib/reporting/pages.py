"""The two index pages: of one period, and of everything a project has published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.errors import PmlibError
from pmlib.months import month_name, parse_month
from pmlib.reporting.definition import Definition, known_reports, load_definition
from pmlib.reporting.markup import as_sentence, unbroken, without_addresses
from pmlib.reporting.publish import hold, published_folder, read_manifest, write_page

if TYPE_CHECKING:
    from jinja2 import Environment

    from pmlib.reporting.plan import Plan

_MOST_CHANGES = 2


def period_page(plan: Plan, content: Mapping[str, Any]) -> str:
    """Write the index of one period: the answer, then one entry per notebook with its state in words.

    Parameters
    ----------
    plan : Plan
    content : mapping
        runs (one dict per notebook), titles and summary by notebook, up (way to the top page), corrected
        (what changed of the tables since this period was first rendered).
    """
    summary, titles = content["summary"], content["titles"]
    decides = _deciding(plan.definition, summary)
    endings = [str(one) for one in plan.definition.formats]
    month = month_name(parse_month(plan.period))
    return _rendered(
        "period.html.j2",
        title=f"{plan.definition.title}, {month}",
        kicker=" · ".join(filter(None, (
            plan.company, "all pages of this report", plan.what_if and f"what if {plan.what_if}"))),
        answer=summary.get(decides),
        entries=[
            {
                **run,
                "title": titles.get(run["name"], run["name"]),
                "page": _page_name(run, endings),
                "decides": run["name"] == decides,
                "answer": summary.get(run["name"]),
            }
            for run in content["runs"]
        ],
        as_of=plan.as_of,
        blocked=plan.blocked,
        aside=plan.aside,
        up=content["up"],
        corrected=content["corrected"],
    )


def _page_name(run: Mapping[str, Any], endings: list[str]) -> str | None:
    if run["status"] == "skipped":
        return None
    # A failed notebook leaves only its executed copy.
    return f"{run['name']}.{'html' if run['status'] == 'ok' and 'html' in endings else 'ipynb'}"


def _deciding(definition: Definition | None, summary: Mapping[str, Any]) -> str:
    order = definition.notebooks if definition is not None else list(summary)
    named = definition.decides if definition is not None else None
    # Without the one that decides, the last of the others has most to say: the first ones introduce and check.
    last = [name for name in order if name in summary]
    return named if named is not None and named in summary else last[-1] if last else ""


def write_index(project: Path) -> Path:
    """Write ``reports/published/index.html`` over all reports and periods, newest first.

    Parameters
    ----------
    project : Path
        The project's root.

    Returns
    -------
    Path
        The page.
    """
    published = published_folder(project)
    published.mkdir(parents=True, exist_ok=True)
    with hold(published, "index"):
        entries = [entry for report in _reports(published) for entry in _entries(project, report)]
        entries.sort(key=lambda entry: (entry["period"], entry["started"]), reverse=True)
        text = _rendered("published.html.j2", title="Published reports", kicker="all periods", entries=entries)
        return write_page(published, "index.html", text)


def newest_period(project: Path, report: str) -> str | None:
    """Newest period of a report that is published, ``YYYY-MM``."""
    folders = [path for path in (published_folder(project) / report).glob("[0-9]*") if read_manifest(path)]
    return max((path.name for path in folders), default=None)


def _reports(published: Path) -> list[str]:
    return sorted(path.name for path in published.iterdir() if path.is_dir() and not path.name.startswith("."))


def _entries(project: Path, report: str) -> list[dict[str, Any]]:
    folder = published_folder(project) / report
    definition = _definition(report, project)
    periods = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    good = [path for path in periods if path.name != "failed" and read_manifest(path)]
    entries = [_entry(path, definition, before) for before, path in zip([None, *good], good, strict=False)]
    failed = [path for path in sorted((folder / "failed").glob("*")) if read_manifest(path)]
    return entries + [entry for path in failed if _is_news(entry := _failed_entry(path, definition, entries), entries)]


def _definition(report: str, project: Path) -> Definition | None:
    # A report may outlive its definition.
    try:
        return load_definition(report, project) if report in known_reports(project) else None
    except PmlibError:
        return None


def _entry(folder: Path, definition: Definition | None, before: Path | None) -> dict[str, Any]:
    manifest, summary = read_manifest(folder) or {}, _read_summary(folder)
    decides = _deciding(definition, summary)
    earlier = _read_summary(before).get(decides) if before is not None else None
    return {
        **_common(manifest, definition),
        "state": manifest["status"],
        "link": f"{manifest['report']}/{folder.name}/index.html",
        "answer": summary.get(decides),
        "changes": _changes(summary.get(decides), earlier),
        "problems": _problems(manifest),
        "before": month_name(parse_month(before.name)) if before is not None else None,
    }


def _common(manifest: Mapping[str, Any], definition: Definition | None) -> dict[str, Any]:
    return {
        "report": manifest["report"],
        "title": definition.title if definition is not None else manifest["report"],
        "period": manifest["period"],
        "period_name": month_name(parse_month(str(manifest["period"]))),
        "started": manifest["started"],
    }


def _failed_entry(folder: Path, definition: Definition | None, good: list[dict[str, Any]]) -> dict[str, Any]:
    manifest = read_manifest(folder) or {}
    complete = [entry for entry in good if entry["state"] == "ok" and entry["period"] <= str(manifest["period"])]
    return {
        **_common(manifest, definition),
        "state": "failed",
        "link": f"{manifest['report']}/failed/{folder.name}/index.html",
        "answer": None,
        "changes": [],
        "problems": _problems(manifest),
        "last_good": max(complete, key=lambda entry: str(entry["period"]), default=None),
    }


def _is_news(failed: Mapping[str, Any], entries: list[dict[str, Any]]) -> bool:
    """Whether no later run of the same period has made good for a failed one."""
    later = [one for one in entries if one["period"] == failed["period"] and one["started"] > failed["started"]]
    return not later


def _problems(manifest: Mapping[str, Any]) -> list[str]:
    runs = manifest.get("notebooks", [])
    return [f"{run['name']} {run['status']}: {run['cause']}" for run in runs if run["status"] != "ok"]


def _changes(now: Mapping[str, Any] | None, before: Mapping[str, Any] | None) -> list[str]:
    """Say which headline figures differ from those of the period before, as ``label: before, now``."""
    if not now or not before:
        return []
    figures, earlier = ({label: big for big, label in one.get("headline", {}).items()} for one in (now, before))
    return [
        f"{label}: {earlier[label]} → {big}"
        for label, big in figures.items()
        if label in earlier and earlier[label] != big
    ][:_MOST_CHANGES]


def _read_summary(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _rendered(template: str, **content: Any) -> str:
    return unbroken(without_addresses(_environment().get_template(template).render(**content)))


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).parent / "template"
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["as_sentence"] = as_sentence
    return made
