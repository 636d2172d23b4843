"""What every command needs: the project it works on, and text that a terminal can show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ProjectOption = Annotated[
    Path | None, typer.Option("--project", help="The project's folder; default: the nearest upward.")
]


def visible(text: str) -> str:
    """Spell out what would move the cursor or turn the direction of writing: names of files and columns are foreign."""
    return "".join(sign if sign.isprintable() or sign == "\n" else repr(sign)[1:-1] for sign in text)


def project_of(given: Path | None) -> Path:
    """Find the project a command works on.

    Raises
    ------
    ReportError
        There is none.
    """
    from pmlib.errors import ReportError
    from pmlib.project import find_project, is_project

    if given is not None:
        if not is_project(given):
            raise ReportError(f"--project {given}: no reports/*.yml there. Name the folder that holds reports/.")
        return given.resolve()
    found = find_project()
    if found is None:
        raise ReportError(
            f"{Path.cwd()} lies in no project: no reports/*.yml here or above. Make one with 'pmlib new DIR', go to "
            "one, or name it with --project."
        )
    return found
