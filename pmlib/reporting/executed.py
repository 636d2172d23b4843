"""Executed notebooks, kept by the hash of everything they depend on: what ran well once need not run again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pmlib.reporting.execute import run_notebook
from pmlib.reporting.file_hashes import FileHashes
from pmlib.reporting.publish import hashes, put_in_place
from pmlib.reporting.record import LOCK_NAME, write_json

NOTEBOOK = "notebook.ipynb"
_OUTCOME = "outcome.json"


def place_of(published: Path, key: str) -> Path:
    """Folder of an executed notebook: the copy itself, ``tables/``, ``summary.json``, ``outcome.json``."""
    return published / ".cache" / "executed" / key[:32]


def find(folder: Path) -> dict[str, Any] | None:
    """Recall how a notebook went; None where it is not kept, or not as it was written."""
    try:
        outcome: Any = json.loads((folder / _OUTCOME).read_text(encoding="utf-8"))
        found = {name: value for name, value in hashes(folder).items() if name != _OUTCOME}
    except (OSError, ValueError):
        return None
    return outcome if isinstance(outcome, dict) and outcome.get("files") == found else None


def execute(job: Mapping[str, Any]) -> dict[str, Any]:
    """Run a notebook and keep what it made, where it did well: a plain function of a plain dict, for any executor.

    Parameters
    ----------
    job : mapping
        What ``run_notebook`` takes, and folder (where it writes), keep (where that goes),
        workbook, mark and memory (where the tables are, the hash they had, what remembers hashes).

    Returns
    -------
    dict
        As ``run_notebook`` does, and folder: where it all lies now.
    """
    outcome = run_notebook(job)
    failed = {"folder": job["folder"]}
    if outcome["status"] != "ok":
        return outcome | failed
    try:
        if _changed(job):
            raise OSError(f"workbook {job['workbook']} changed while the notebook ran; run the report again")
        _keep(Path(job["folder"]), Path(job["keep"]), outcome)
    except OSError as error:
        cause = f"{type(error).__name__}: {error}"
        return outcome | failed | {"status": "failed", "cause": cause, "detail": str(error)}
    return outcome | {"folder": job["keep"]}


def _changed(job: Mapping[str, Any]) -> bool:
    return bool(job["mark"]) and FileHashes(Path(job["memory"])).of_workbook(Path(job["workbook"])) != job["mark"]


def _keep(folder: Path, keep: Path, outcome: Mapping[str, Any]) -> None:
    (folder / LOCK_NAME).unlink(missing_ok=True)
    write_json(folder / _OUTCOME, {**outcome, "files": hashes(folder)})
    try:
        put_in_place(folder, keep)
    except OSError:
        # Another run has kept the same a moment ago.
        if find(keep) is None:
            raise
    shutil.rmtree(folder, ignore_errors=True)
