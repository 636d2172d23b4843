from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4

from pmlib.errors import ReportError
from pmlib.teach.student_copy import BEGIN, END, student_copies, student_copy

SOLVED = f"rate = 2\n{BEGIN}\nanswer = rate * 21\nanswer += 0\n{END}\ncheck(answer)"


def exercise(source: str = SOLVED) -> Any:
    return v4.new_code_cell(source, metadata={"tags": ["exercise"]}, execution_count=3,
                            outputs=[v4.new_output("stream", text="42")])


def solved(*cells: Any) -> Any:
    return v4.new_notebook(cells=list(cells), metadata={"pmlib": {"minutes": 90}, "widgets": {"state": {}}})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "notebooks" / "workshop").mkdir(parents=True)
    nbformat.write(solved(exercise()), tmp_path / "notebooks" / "workshop" / "sums.ipynb")
    return tmp_path


def test_the_place_of_the_answer_is_left_and_the_lines_around_it():
    made = student_copy(solved(exercise()), "sums").cells[0]
    assert made.source == "rate = 2\nanswer = None  # your answer\ncheck(answer)"
    assert (made.outputs, made.execution_count) == ([], None)


def test_solution_cells_and_the_facilitators_notes_go_and_minutes_stay():
    story = v4.new_markdown_cell("# Sums", metadata={"pmlib": {"minutes": 5, "facilitator": "Ask for their sums."}})
    shown = v4.new_code_cell("solution('sums')", metadata={"tags": ["solution"]})
    made = student_copy(solved(story, exercise(), shown), "sums")
    assert [cell.source.split("\n")[0] for cell in made.cells] == ["# Sums", "rate = 2"]
    assert made.cells[0].metadata == {"pmlib": {"minutes": 5}}
    assert made.metadata == {"pmlib": {"minutes": 90}}


def test_links_lead_to_the_pages_they_led_to_and_to_the_copies_of_other_workshops():
    story = v4.new_markdown_cell("See [page 40](../40.ipynb) and [the next](next.ipynb).")
    made = student_copy(solved(story, exercise()), "sums").cells[0]
    assert made.source == "See [page 40](../../40.ipynb) and [the next](next.ipynb)."


def test_the_solved_notebook_is_not_changed():
    book = solved(exercise())
    student_copy(book, "sums")
    assert book.cells[0].source == SOLVED and book.cells[0].outputs


@pytest.mark.parametrize(("cells", "says"), [
    ([exercise(f"{BEGIN}\nanswer = 1")], f"sums cell 1: '{BEGIN}' without"),
    ([exercise(), v4.new_code_cell(f"answer = 1\n{END}")], f"sums cell 2: got '{END}', allowed '{BEGIN}'"),
    ([exercise(f"{BEGIN}\n1\n{BEGIN}\n2\n{END}")], f"sums cell 1: got '{BEGIN}', allowed '{END}'"),
    ([exercise("# begin solution\nanswer = 1\n# end solution")], "sums cell 1: got '# begin solution'"),
    ([exercise(), v4.new_markdown_cell(f"See {BEGIN}.")], "sums cell 2: got 'See"),
    ([exercise("answer = 1")], "sums cell 1: tagged 'exercise', without a solution"),
    ([v4.new_markdown_cell("# Sums")], "sums: no cell is tagged 'exercise'"),
])
def test_what_would_give_an_answer_away_or_leave_nothing_to_do_is_refused(cells, says):
    with pytest.raises(ReportError, match=says):
        student_copy(solved(*cells), "sums")


def test_copies_lie_beside_the_workshop_and_are_the_same_at_every_run(root: Path) -> None:
    paths = student_copies(root)
    assert [path.relative_to(root).as_posix() for path in paths] == ["notebooks/workshop/student/sums.ipynb"]
    first = paths[0].read_bytes()
    assert student_copies(root, ["sums"]) == paths
    assert paths[0].read_bytes() == first
    nbformat.validate(json.loads(first))
    assert [path.name for path in paths[0].parent.iterdir()] == ["sums.ipynb"]


def test_a_copy_that_somebody_worked_in_is_never_written_over(root: Path) -> None:
    [made] = student_copies(root)
    answered = nbformat.read(made, as_version=4)
    answered.cells[0].source = answered.cells[0].source.replace("None", "42")
    nbformat.write(answered, made)
    before = made.read_bytes()
    with pytest.raises(ReportError, match="sums.ipynb: is not the copy that would be written; it may hold answers"):
        student_copies(root)
    assert made.read_bytes() == before


def test_where_one_cannot_be_copied_none_is_written(root: Path) -> None:
    nbformat.write(solved(exercise("answer = 1")), root / "notebooks" / "workshop" / "zero.ipynb")
    with pytest.raises(ReportError, match="zero cell 1"):
        student_copies(root)
    assert not (root / "notebooks" / "workshop" / "student").exists()


def test_unknown_and_missing_and_broken_notebooks_are_named(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"got 'sum'.*Did you mean 'sums'"):
        student_copies(root, ["sum"])
    with pytest.raises(ReportError, match="no workshop notebooks"):
        student_copies(tmp_path / "other")
    (root / "notebooks" / "workshop" / "sums.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(ReportError, match=r"sums.ipynb: is no notebook"):
        student_copies(root)
