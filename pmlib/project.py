"""Where a project stands on disk, so that relative paths mean the same for every kernel and command."""

from __future__ import annotations

import os
from pathlib import Path

from pmlib.errors import ParameterError

#: Names the project for kernels, which may stand in any folder.
PROJECT_VARIABLE = "PMLIB_PROJECT"


def is_project(folder: Path) -> bool:
    """Whether a folder holds at least one report definition, ``reports/*.yml``."""
    return any((folder / "reports").glob("*.yml"))


def find_project(start: Path | None = None) -> Path | None:
    """Find the project that a folder belongs to: the nearest one upward with ``reports/*.yml``.

    Parameters
    ----------
    start : Path, optional
        Where to begin. Without it the environment variable ``PMLIB_PROJECT`` decides, and
        then the working directory.

    Returns
    -------
    Path or None
        The project's root, absolute; None outside any project.

    Examples
    --------
    >>> find_project(Path("/")) is None
    True
    """
    named = os.environ.get(PROJECT_VARIABLE)
    if start is None and named:
        return Path(named).resolve()
    here = (start or Path.cwd()).resolve()
    return next((folder for folder in (here, *here.parents) if is_project(folder)), None)


def resolve_source(source: str | Path) -> Path | str:
    """Turn a workbook's name into a place: a relative path counts from the project's root.

    Parameters
    ----------
    source : str or Path
        A folder, a file, or an address with ``://``, which is returned as it is.

    Examples
    --------
    >>> resolve_source("duckdb://company.duckdb")
    'duckdb://company.duckdb'
    """
    if "://" in str(source):
        return str(source)
    try:
        path = Path(source).expanduser()
    except RuntimeError as error:
        raise ParameterError(f"{source}: no such user's folder. Write the path out.") from error
    root = None if path.is_absolute() else find_project()
    return path if root is None else root / path
