"""Re-execute the committed notebooks, leaving nothing in them that differs from run to run."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pmlib.errors import ReportError, did_you_mean
from pmlib.project import PROJECT_VARIABLE
from pmlib.reporting.execute import QUIET_KERNEL, without_colours
from pmlib.reporting.facts import complete_sample
from pmlib.reporting.record import RECORD_VARIABLE

if TYPE_CHECKING:
    from nbformat import NotebookNode

_WIDGET = "application/vnd.jupyter.widget-view+json"
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
#: Kept of a notebook's metadata; the rest is the lab's or papermill's.
_METADATA = ("pmlib",)
_CELL_METADATA = ("tags", "alt", "jupyter", "pmlib")


def committed_notebooks(project: Path) -> dict[str, Path]:
    """Notebooks of a project by name (``workshop/portfolio`` for one in a folder), sorted."""
    folder = project / "notebooks"
    found = sorted(path for path in folder.rglob("*.ipynb") if not {".ipynb_checkpoints", "student"} & set(path.parts))
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in found}


def refresh(project: Path, names: list[str] | None = None, *, timeout_s: int = 600) -> list[Path]:
    """Re-execute notebooks in place at their default parameters.

    Parameters
    ----------
    project : Path
        The project's root.
    names : list of str, optional
        Which notebooks, without the ending; all by default.
    timeout_s : int
        Longest time for one cell, in seconds.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ReportError
        No such notebook, or one fails; what was refreshed before it stays.
    """
    there = committed_notebooks(project)
    for name in names or []:
        if name not in there:
            raise ReportError(f"notebook: got {name!r}. {did_you_mean(name, there)}")
    sample = project / "data" / "quillmark"
    if sample.is_dir():
        complete_sample(sample, project)
    return [_refresh_one(there[name], project, timeout_s) for name in names or there]


def _refresh_one(path: Path, project: Path, timeout_s: int) -> Path:
    import nbformat

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    _execute(notebook, path, project, timeout_s)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    nbformat.write(settled(notebook), draft)  # type: ignore[no-untyped-call]
    return draft.replace(path)


def _execute(notebook: NotebookNode, path: Path, project: Path, timeout_s: int) -> None:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    inherited = {name: value for name, value in os.environ.items() if name != RECORD_VARIABLE}
    client = NotebookClient(
        notebook,
        timeout=timeout_s,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=list(QUIET_KERNEL),
        resources={"metadata": {"path": str(project)}},
    )
    environment = {**inherited, PROJECT_VARIABLE: str(project), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    try:
        client.execute(env=environment)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        said = without_colours(str(error)).strip().splitlines()
        raise ReportError(f"{path.stem}: {said[-1] if said else type(error).__name__}. Mend it in the lab.") from error


def settled(notebook: NotebookNode) -> NotebookNode:
    """Strip what differs from run to run: ids, times, widget state, versions of the kernel.

    Parameters
    ----------
    notebook : NotebookNode
        Executed; it is not changed.
    """
    kept = copy.deepcopy(notebook)
    kept.nbformat, kept.nbformat_minor = 4, 5
    kept.metadata = type(notebook.metadata)(
        {name: value for name, value in notebook.metadata.items() if name in _METADATA}
        | {"kernelspec": dict(_KERNEL), "language_info": {"name": "python"}}
    )
    count = 0
    for place, cell in enumerate(kept.cells, start=1):
        cell.id = f"cell-{place:02d}"
        cell.metadata = type(cell.metadata)(
            {name: value for name, value in cell.metadata.items() if name in _CELL_METADATA}
        )
        if cell.cell_type == "code":
            count += 1
            _settle_code(cell, count)
    return kept


def _settle_code(cell: NotebookNode, count: int) -> None:
    cell.execution_count = count
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = count
        # The view of a widget is dead without its kernel, and its id is random.
        output.get("data", {}).pop(_WIDGET, None)
