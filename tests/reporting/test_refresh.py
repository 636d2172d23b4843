from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from pmlib.errors import ReportError
from pmlib.reporting.refresh import committed_notebooks, refresh, settled

WIDGET = "application/vnd.jupyter.widget-view+json"


def test_a_refreshed_notebook_is_the_same_to_the_byte_at_every_run(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PMLIB_RECORD", str(tmp_path / "record"))
    asks = "import os\nos.environ.get('PMLIB_RECORD')"
    root = project({"10_one": ["# One", ("parameters", "seed: int = 7"), asks, "seed * 6"]})
    path = root / "notebooks" / "10_one.ipynb"
    assert refresh(root, ["10_one"]) == [path]
    first = path.read_bytes()
    refresh(root)
    assert path.read_bytes() == first
    book = nbformat.read(path, as_version=4)
    assert [cell.id for cell in book.cells] == ["cell-01", "cell-02", "cell-03", "cell-04"]
    assert [cell.get("execution_count") for cell in book.cells] == [None, 1, 2, 3]
    assert book.cells[2].outputs == []
    assert book.cells[3].outputs[0].data == {"text/plain": "42"}
    assert [path.name for path in (root / "notebooks").iterdir()] == ["10_one.ipynb"]


def test_a_notebook_that_fails_stays_as_it_was_and_is_named(project: Callable[..., Path]) -> None:
    root = project({"10_one": ["# One", "raise ValueError('no budget')"]})
    before = (root / "notebooks" / "10_one.ipynb").read_bytes()
    with pytest.raises(ReportError, match="10_one: ValueError: no budget"):
        refresh(root)
    assert (root / "notebooks" / "10_one.ipynb").read_bytes() == before


def test_an_unknown_notebook_names_the_near_one(project: Callable[..., Path]) -> None:
    with pytest.raises(ReportError, match="got '10_on'.*Did you mean '10_one'"):
        refresh(project(), ["10_on"])


def test_notebooks_in_folders_are_found_and_the_labs_copies_are_not(
    project: Callable[..., Path], notebook: Callable[..., Path]
) -> None:
    root = project()
    notebook(root / "notebooks" / "workshop" / "portfolio.ipynb", "# P")
    notebook(root / "notebooks" / ".ipynb_checkpoints" / "10_one.ipynb", "# P")
    assert list(committed_notebooks(root)) == ["10_one", "20_two", "workshop/portfolio"]


def test_what_differs_from_run_to_run_is_stripped() -> None:
    view = nbformat.v4.new_output("display_data", data={WIDGET: {"model_id": "a1"}, "text/plain": "VBox()"})
    cell: Any = nbformat.v4.new_code_cell("x", id="random", outputs=[view], execution_count=9)
    cell.metadata = nbformat.from_dict(
        {"tags": ["interactive"], "execution": {"shell.execute_reply": "2025"}, "collapsed": True}
    )
    needs, language = {"needs": ["projects"]}, {"name": "python", "version": "3.11.7"}
    metadata = {"widgets": {}, "pmlib": needs, "language_info": language}
    book = nbformat.v4.new_notebook(cells=[cell], metadata=metadata)
    clean = settled(book)
    assert clean.metadata == {
        "pmlib": {"needs": ["projects"]},
        "language_info": {"name": "python"},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    }
    assert clean.cells[0].metadata == {"tags": ["interactive"]}
    assert clean.cells[0].outputs[0].data == {"text/plain": "VBox()"}
    assert (clean.cells[0].id, clean.cells[0].execution_count) == ("cell-01", 1)
    assert book.cells[0].id == "random"
    nbformat.validate(clean)
