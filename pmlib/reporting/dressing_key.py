"""What the pages of a report depend on beside its executed notebooks."""

from __future__ import annotations

import json
from pathlib import Path

from pmlib.reporting.file_hashes import digest, dressing_code
from pmlib.reporting.plan import Plan
from pmlib.reporting.publish import read_manifest

#: What a definition says of running and sending, which no page shows.
_NOT_SHOWN = {"recipients", "schedule", "timeout_s", "retries", "memory_mb", "matrix"}


def before_of(plan: Plan) -> Path | None:
    """Find the newest earlier period of the same report and unit that is published."""
    folder = plan.published / plan.definition.name
    periods = sorted((path for path in folder.glob("[0-9]*") if path.name < plan.period), reverse=True)
    inside = (path / plan.unit if plan.unit else path for path in periods)
    return next((path for path in inside if (path / "manifest.json").is_file()), None)


def dressing_key(plan: Plan, before: Path | None) -> str:
    """Hash everything that pages depend on beside the executed notebooks."""
    earlier = read_manifest(before) or {} if before is not None else {}
    said = [earlier.get(key) for key in ("period", "status", "execution")]
    about = [plan.definition.model_dump(mode="json", exclude=_NOT_SHOWN), plan.unit_name, plan.company, plan.as_of,
             plan.aside, plan.blocked, plan.what_if, plan.parameters, said]
    return digest(dressing_code(), json.dumps(about, sort_keys=True, default=str))
