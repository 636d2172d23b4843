"""What a page was made with: versions of packages, the commit, and the tables as they were read."""

from __future__ import annotations

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.schema import FORMAT

if TYPE_CHECKING:
    import pandas as pd

PACKAGES = ("pmlib", "pandas", "numpy", "scipy", "duckdb", "ibis-framework", "highspy", "matplotlib", "papermill")
#: Marks of what the tables held, beside the pages, for the next time this period is rendered.
INPUTS = "inputs.parquet"


def first_marks(folder: Path, marks: pd.DataFrame | None) -> pd.DataFrame | None:
    """Give the marks of a period's tables as it was first rendered: those kept beside its pages, else today's."""
    if marks is None or not (folder / INPUTS).is_file():
        return marks
    import pandas as pd

    first = pd.read_parquet(folder / INPUTS)
    # Rows of another format of the tables cannot be told from corrected ones.
    return first.drop(columns="format") if "format" in first and set(first["format"]) <= {FORMAT} else marks


def write_marks(folder: Path, marks: pd.DataFrame) -> None:
    """Keep marks beside a period's pages, with the format of the tables they were made of."""
    marks.assign(format=FORMAT).to_parquet(folder / INPUTS, index=False)


def corrected_since(first: pd.DataFrame | None, now: pd.DataFrame | None) -> str:
    """Name what changed of a period's tables since it was first rendered; empty when nothing did."""
    if first is None or now is None:
        return ""
    from pmlib.baseline import late_corrections

    return late_corrections(first, now).summary()


def package_version(name: str) -> str | None:
    """Version of an installed package; None when it is not installed as one."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


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
