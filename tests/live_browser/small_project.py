"""A project of two proposals and what-if notebooks: quick to open, and nobody else's data."""

from __future__ import annotations

import hashlib
from pathlib import Path

import nbformat

NAME, BROKEN = "what_if.ipynb", "broken.ipynb"
#: What the widget says at first, one step down, and at 120 thousand.
FIRST, LESS, LEAST = "Start 2 projects", "Start 1 project, decline 1", "worth 144 thousand"
_TABLES = {
    "projects": "project_id,name,state,bac_k\nP1,One,proposed,100\nP2,Two,proposed,300\n",
    "cash_flows": "project_id,year,cost_k,benefit_k\nP1,2026,100,250\nP2,2026,300,900\n",
    "objectives": "objective_id,name,worst,best\nA,Reach,0,10\nB,Fit,0,10\n",
    "weights": "objective_id,group,weight\nA,board,0.8\nB,board,0.2\n",
    "scores": "project_id,objective_id,raw_level\nP1,A,9\nP1,B,1\nP2,A,1\nP2,B,9\n",
}
_CELLS = (
    "# What if the budget were another?",
    ("parameters", 'workbook: str = "data/book"  # folder with the tables'),
    ("setup", 'import pmlib as pm\nbook = pm.open_workbook(workbook)\nplan = pm.rebalance(book, period="2025-12")'),
    ("interactive", 'pm.widgets.budget(book, period="2025-12", plan=plan)'),
    ("interactive", "pm.widgets.weights(book)"),
)
_BROKEN = ("# Broken", ("setup", 'import pmlib as pm\npm.open_workbook("no such folder")'))


def notebook(*cells: str | tuple[str, str]) -> nbformat.NotebookNode:
    """Make one of markdown texts and of code with its tag, as if it had been run."""
    book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    for cell in cells:
        if isinstance(cell, str):
            book.cells.append(nbformat.v4.new_markdown_cell(cell))
        else:
            output = nbformat.v4.new_output("stream", text="of an earlier run")
            book.cells.append(nbformat.v4.new_code_cell(cell[1], metadata={"tags": [cell[0]]}, outputs=[output]))
    return book


def small_project(home: Path) -> Path:
    """Write it below ``home`` and give its folder."""
    project = home / "project"
    for folder in ("reports", "notebooks", "data/book"):
        (project / folder).mkdir(parents=True)
    (project / "reports" / "none.yml").write_text("", encoding="utf-8")
    for name, text in _TABLES.items():
        (project / "data" / "book" / f"{name}.csv").write_text(text, encoding="utf-8")
    nbformat.write(notebook(*_CELLS), project / "notebooks" / NAME)
    nbformat.write(notebook(*_BROKEN), project / "notebooks" / BROKEN)
    return project


def hashes(folder: Path) -> dict[str, str]:
    """Of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
