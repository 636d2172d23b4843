"""The copies that students get: the solved notebooks without what gives the answers away."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pmlib.errors import ReportError, did_you_mean
from pmlib.reporting.record import write_json

if TYPE_CHECKING:
    from nbformat import NotebookNode

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
TO_ANSWER = "answer = None  # your answer"
#: A marker, however it is spelled: what looks like one must be one.
_LIKE_A_MARKER = re.compile(r"\b(begin|end)[\s_-]*solution", re.IGNORECASE)


def student_copies(project: Path, names: list[str] | None = None) -> list[Path]:
    """Write the students' copies of workshop notebooks, each whole or not at all.

    Parameters
    ----------
    project : Path
        The project's root; notebooks lie in ``notebooks/workshop``, copies in ``notebooks/workshop/student``.
    names : list of str, optional
        Which notebooks, without the ending; all by default.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ReportError
        There is no such notebook, one cannot be copied without giving an answer away, or somebody has worked in a copy
        that stands there; then nothing is written.
    """
    folder = project / "notebooks" / "workshop"
    there = {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    if not there:
        raise ReportError(f"{folder}: no workshop notebooks there. Take over those of 'pmlib new DIR'.")
    for name in names or []:
        if name not in there:
            raise ReportError(f"notebook: got {name!r}. {did_you_mean(name, there)}")
    copies = {name: student_copy(_read(there[name]), name) for name in names or there}
    for name, made in copies.items():
        _refuse_to_lose(folder / "student" / f"{name}.ipynb", made)
    return [_write(made, folder / "student" / f"{name}.ipynb") for name, made in copies.items()]


def student_copy(notebook: NotebookNode, name: str) -> NotebookNode:
    """Make a student's copy: no solutions, no outputs, no facilitator's notes.

    Parameters
    ----------
    notebook : NotebookNode
        Solved; it is not changed.
    name : str
        What messages call it.

    Returns
    -------
    NotebookNode
        Without cells tagged ``solution``; where a solution stood, ``answer = None``.

    Raises
    ------
    ReportError
        A marker lacks its partner or is misspelled, an exercise has no marked solution, or there is no exercise.

    Examples
    --------
    >>> from nbformat import v4
    >>> lines = [BEGIN, "answer = 42", END, "answer"]
    >>> cell = v4.new_code_cell(chr(10).join(lines), metadata={"tags": ["exercise"]})
    >>> print(student_copy(v4.new_notebook(cells=[cell]), "sums").cells[0].source)
    answer = None  # your answer
    answer
    """
    made = copy.deepcopy(notebook)
    made.metadata.pop("widgets", None)
    for place, cell in enumerate(made.cells, start=1):
        if not _tagged(cell, "solution"):
            _strip(cell, f"{name} cell {place}")
    made.cells = [cell for cell in made.cells if not _tagged(cell, "solution")]
    if not any(_tagged(cell, "exercise") for cell in made.cells):
        raise ReportError(f"{name}: no cell is tagged 'exercise', so students would have nothing to do. Tag one.")
    return made


def _tagged(cell: NotebookNode, tag: str) -> bool:
    return tag in cell.metadata.get("tags", [])


def _strip(cell: NotebookNode, where: str) -> None:
    solved = cell.source
    cell.source = _without_solutions(solved, where)
    if _tagged(cell, "exercise") and cell.source == solved:
        raise ReportError(f"{where}: tagged 'exercise', without a solution. Put it between {BEGIN!r} and {END!r}.")
    cell.metadata.get("pmlib", {}).pop("facilitator", None)
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    else:
        # A copy lies one folder deeper.
        cell.source = cell.source.replace("](../", "](../../")


def _without_solutions(source: str, where: str) -> str:
    """Put ``answer = None`` where a solution stands, and refuse markers that do not pair up."""
    kept, inside = [], False
    for line in source.splitlines():
        if not _LIKE_A_MARKER.search(line):
            kept += [] if inside else [line]
            continue
        wanted = END if inside else BEGIN
        if line.strip() != wanted:
            raise ReportError(f"{where}: got {line.strip()!r}, allowed {wanted!r} there. Mark where the solution "
                              "begins and where it ends.")
        kept += [] if inside else [line.replace(BEGIN, TO_ANSWER)]
        inside = not inside
    if inside:
        raise ReportError(f"{where}: {BEGIN!r} without {END!r}. Mark where the solution ends.")
    return "\n".join(kept)


def _read(path: Path) -> NotebookNode:
    import nbformat

    try:
        return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call,no-any-return]
    except (ValueError, nbformat.ValidationError) as error:
        raise ReportError(f"{path}: is no notebook. Restore it.") from error


def _refuse_to_lose(path: Path, made: NotebookNode) -> None:
    """Stop where a copy stands that somebody has worked in."""
    if path.is_file() and [cell.source for cell in _read(path).cells] != [cell.source for cell in made.cells]:
        raise ReportError(f"{path}: is not the copy that would be written; it may hold answers. Move it away, or "
                          "delete it, and run this again.")


def _write(made: NotebookNode, path: Path) -> Path:
    import nbformat

    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, json.loads(nbformat.writes(made)))  # type: ignore[no-untyped-call]
    return path
