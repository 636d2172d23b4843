"""A project to begin with: the notebooks, the report definitions and the sample company."""

from __future__ import annotations

import shutil
from pathlib import Path

from pmlib.errors import ReportError
from pmlib.project import is_project

_HERE = Path(__file__).parent
_SAMPLE = Path("data/quillmark")
# What makes a folder a project comes last.
_ORDER = ("data", "notebooks", "reports")


def starter() -> Path:
    """Find what a project begins with: carried by an installed pmlib, or the repository it stands in.

    Raises
    ------
    ReportError
        Neither is there.
    """
    for place in (_HERE / "starter", _HERE.parent):
        if is_project(place) and (place / "notebooks").is_dir():
            return place
    raise ReportError("this pmlib carries no notebooks. Install it from its wheel, or clone the repository.")


def new_project(folder: Path) -> Path:
    """Make a folder that ``pmlib report`` works in.

    Parameters
    ----------
    folder : Path
        It must be empty or not exist.

    Raises
    ------
    ReportError
        The folder holds something.
    """
    draft = folder / ".pmlib-new"
    if folder.exists() and (not folder.is_dir() or set(folder.iterdir()) - {draft}):
        raise ReportError(f"{folder} is not an empty folder. Name a new one.")
    source = starter()
    # What a killed attempt left.
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        _fill(draft, source)
        for name in _ORDER:
            (draft / name).rename(folder / name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _fill(draft: Path, source: Path) -> None:
    shutil.copytree(source / "notebooks", draft / "notebooks", ignore=shutil.ignore_patterns(".*", "student", "cases"))
    (draft / "reports").mkdir()
    for definition in sorted((source / "reports").glob("*.yml")):
        shutil.copyfile(definition, draft / "reports" / definition.name)
    _write_sample(draft / _SAMPLE, source / _SAMPLE)


def _write_sample(folder: Path, carried: Path) -> None:
    from pmlib.sample import LARGE, SEED, present_tables, read_answers, write_large_tables, write_sample

    if read_answers(carried).get("seed") != SEED:
        write_sample(folder)
        return
    # To draw the small tables anew would take ten times as long, for the same bytes.
    folder.mkdir(parents=True)
    small = [path for name, path in present_tables(carried).items() if name not in LARGE]
    for path in [*small, carried / "truth.json"]:
        shutil.copyfile(path, folder / path.name)
    write_large_tables(folder)
