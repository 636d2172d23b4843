"""Whether a published report is still what its inputs give, and if not, why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pmlib.errors import ReportError
from pmlib.reporting.dressing_key import before_of, dressing_key
from pmlib.reporting.plan import Plan, public
from pmlib.reporting.provenance import versions
from pmlib.reporting.publish import hashes, read_manifest

_LISTED = 4


def is_fresh(plan: Plan) -> bool:
    """Whether a run would change nothing."""
    return not reasons(plan)


def is_executed(plan: Plan) -> bool:
    """Whether the notebooks of the published report are what a run would give, whatever its pages are."""
    manifest = read_manifest(plan.target) or {}
    return manifest.get("status") == "ok" and manifest.get("execution") == plan.keys


def reasons(plan: Plan) -> list[str]:
    """Say why a report is stale; nothing, where it is not.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    list of str
        The first cause in each of its parts: state, notebooks, data, parameters, versions, pages, files.
    """
    manifest = read_manifest(plan.target)
    if manifest is None:
        return ["not published yet"]
    if manifest.get("status") != "ok":
        return [f"published in part: {', '.join(_unwell(manifest)) or manifest.get('status')}"]
    if manifest.get("execution") != plan.keys:
        return _why_run_again(plan, manifest)
    if manifest.get("dressing") != dressing_key(plan, before_of(plan)):
        return ["its pages: the definition, the templates or the period before changed"]
    changes = manifest.get("changes")
    if isinstance(changes, dict) and changes.get("note"):
        return ["the period before could not be compared with"]
    return _damaged(plan.target, manifest)


def refuse_other_workbook(plan: Plan) -> None:
    """Keep the report of one workbook from replacing that of another.

    Raises
    ------
    ReportError
        The period's folder holds another workbook's report.
    """
    before, now = (read_manifest(plan.target) or {}).get("workbook"), public(plan.workbook)
    if before is not None and now is not None and before != now:
        raise ReportError(f"{plan.name} holds the report of workbook {before!r}, got {now!r}. "
                          f"Give this workbook a report of its own: copy reports/{plan.definition.name}.yml under "
                          "another name, with that name inside.")


def _unwell(manifest: Mapping[str, Any]) -> list[str]:
    return [f"{run['name']} {run['status']}" for run in manifest.get("notebooks", []) if run["status"] == "failed"]


def _why_run_again(plan: Plan, manifest: Mapping[str, Any]) -> list[str]:
    changed = {
        "notebook": _differing(manifest.get("notebook_sources"), plan.sources),
        "table": _differing(manifest.get("inputs"), plan.inputs),
        "parameter": _differing(manifest.get("parameters"), plan.parameters),
        "version of": _differing(manifest.get("versions"), versions()),
    }
    said = [f"{kind} {_listed(names)}" for kind, names in changed.items() if names]
    if not said and manifest.get("source") != plan.source:
        said = ["a file of the workbook"]
    return [f"changed: {'; '.join(said) or 'the files of pmlib'}"]


def _differing(before: object, now: Mapping[str, Any]) -> list[str]:
    earlier = before if isinstance(before, Mapping) else {}
    return sorted(name for name in {*earlier, *now} if earlier.get(name) != now.get(name))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _damaged(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    try:
        found = {name: value for name, value in hashes(folder).items() if name != "manifest.json"}
    except OSError as error:
        return [f"cannot be read: {error}"]
    names = _differing(manifest.get("files"), found)
    return [f"not as it was published: {_listed(names)}"] if names else []
