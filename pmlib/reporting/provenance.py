"""What a page was made with: versions of packages, the commit, and the tables as they were read."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pmlib.schema import FORMAT

PACKAGES = (
    "pmlib", "pandas", "numpy", "scipy", "statsmodels", "pyarrow", "duckdb", "ibis-framework", "highspy", "matplotlib",
    "ipykernel", "papermill",
)
#: Marks of what the tables held, beside the pages, for the next time this period is rendered.
INPUTS = "inputs.parquet"


def first_marks(folder: Path, marks: Path | None) -> Path | None:
    """Find the marks of a period's tables as it was first rendered: those kept beside its pages, else today's."""
    kept = folder / INPUTS
    if marks is None or not kept.is_file():
        return marks
    import pyarrow.parquet as pq
    from pyarrow import ArrowException

    # Rows of another format of the tables cannot be told from corrected ones.
    try:
        known = "format" in pq.read_schema(kept).names
        formats = pq.read_table(kept, columns=["format"])["format"].unique().to_pylist() if known else [None]
    except (ArrowException, OSError):
        return marks
    return kept if set(formats) <= {FORMAT} else marks


def corrected_since(first: Path | None, now: Path | None) -> str:
    """Name what changed of a period's tables since it was first rendered; empty when nothing did."""
    if first is None or now is None or first.read_bytes() == now.read_bytes():
        return ""
    import pandas as pd

    from pmlib.baseline import late_corrections

    before, after = (pd.read_parquet(path).drop(columns="format") for path in (first, now))
    return late_corrections(before, after).summary()


def package_version(name: str) -> str | None:
    """Version of an installed package; None when it is not installed as one."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@cache
def versions() -> dict[str, str | None]:
    """Versions of Python and of the packages that numbers and pictures depend on."""
    return {"python": platform.python_version()} | {name: package_version(name) for name in PACKAGES}


def git_state(project: Path) -> dict[str, Any] | None:
    """Commit and whether files differ from it; None without git or before the first commit."""
    commit, changes = (
        _git_says(project, *words) for words in (["rev-parse", "--verify", "HEAD"], ["status", "--porcelain"])
    )
    return None if commit is None or changes is None else {"commit": commit, "dirty": bool(changes)}


def _git_says(project: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *words], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
