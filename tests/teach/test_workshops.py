"""The workshop notebooks: their rules, what students get of them, and that every check tells right from wrong."""

from __future__ import annotations

import ast
import itertools
import re
from typing import Any

import ipywidgets
import nbformat
import pytest

import pmlib as pm
from pmlib import teach
from pmlib.schema import TABLES
from pmlib.teach.bank import NAMES, PORTFOLIO, PRODUCT
from pmlib.teach.student_copy import BEGIN, END, student_copy
from tests.conftest import ROOT

BOOKS = {path.stem: nbformat.read(path, as_version=4)
         for path in sorted((ROOT / "notebooks" / "workshop").glob("*.ipynb"))}
EXERCISES = {"portfolio_90min": PORTFOLIO, "product_90min": PRODUCT, "half_day": NAMES}
MINUTES = {"portfolio_90min": 90, "product_90min": 90, "half_day": 240}
BREAK = 20
#: Of every exercise: the tags and the begin of its code cells, in order.
CODE = (("interactive", 'pm.teach.explore("{}")'), ("", 'pm.teach.outcome("{}")'), ("exercise", BEGIN),
        ("solution", 'pm.teach.solution("{}")'))

every_workshop = pytest.mark.parametrize("name", sorted(BOOKS))


def tag(cell: Any) -> str:
    return ",".join(cell.metadata.get("tags", []))


def code(book: Any) -> list[Any]:
    return [cell for cell in book.cells if cell.cell_type == "code"]


def plans(book: Any) -> list[dict[str, Any]]:
    return [cell.metadata["pmlib"] for cell in book.cells if "pmlib" in cell.metadata]


def by_exercise(book: Any) -> dict[str, list[str]]:
    """Sources of the code cells of every exercise, by its name, in the order of the notebook."""
    sources = [cell.source for cell in code(book)[2:]]
    groups = [sources[at:at + len(CODE)] for at in range(0, len(sources), len(CODE))]
    return {re.findall(r'explore\("(\w+)"\)', group[0])[0]: group for group in groups}


def solution_lines(cell: Any) -> list[str]:
    blocks = re.findall(f"{BEGIN}\n(.*?)\n{END}", cell.source, re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines()]


def verdicts(book: Any, quillmark: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, teach.Verdict]:
    """Run the code cells of a notebook, and say what its checks found."""
    found = {}

    def check(name: str, answer: Any) -> teach.Verdict:
        found[name] = real(name, answer)
        return found[name]

    real = teach.check
    monkeypatch.setattr(teach, "check", check)
    monkeypatch.setattr(pm, "open_workbook", lambda source: quillmark)
    monkeypatch.setattr("pmlib.teach.verdict._opened", lambda source: quillmark)
    namespace: dict[str, Any] = {}
    for cell in code(book):
        exec(compile(cell.source, cell.id, "exec"), namespace)
    return found


@pytest.fixture(autouse=True)
def no_widget_stays_open():
    yield
    ipywidgets.Widget.close_all()


def test_there_are_two_short_workshops_and_a_half_day():
    assert sorted(BOOKS) == sorted(EXERCISES)


@every_workshop
def test_the_code_of_every_exercise_comes_in_the_same_order(name):
    cells = code(BOOKS[name])
    assert [tag(cell) for cell in cells[:2]] == ["parameters", "setup"]
    assert tuple(by_exercise(BOOKS[name])) == EXERCISES[name]
    wanted = [(kind, text.format(exercise)) for exercise in EXERCISES[name] for kind, text in CODE]
    assert [tag(cell) for cell in cells[2:]] == [kind for kind, _ in wanted]
    for cell, (_, text) in zip(cells[2:], wanted, strict=True):
        assert cell.source.startswith(text)


@every_workshop
def test_an_exercise_opens_with_its_numbered_story_and_ends_with_what_to_take_away(name):
    cells = BOOKS[name].cells
    stories = [cell.source for cell, after in itertools.pairwise(cells) if tag(after) == "interactive"]
    ends = [cell.source for cell, after in itertools.pairwise(cells) if tag(after) == "solution"]
    for number, (story, end) in enumerate(zip(stories, ends, strict=True), start=1):
        assert story.startswith(f"## {number}. ")
        assert 40 <= len(re.findall(r"\w+", story)) <= 120, story
        assert "What to take away" in end.splitlines()[0]


@every_workshop
def test_solutions_are_short_and_end_in_a_check(name):
    for exercise, sources in by_exercise(BOOKS[name]).items():
        cell = nbformat.v4.new_code_cell(sources[2])
        assert 1 <= len(solution_lines(cell)) <= 6, exercise
        assert sources[2].endswith(f'{END}\npm.teach.check("{exercise}", answer)')
        forbidden = ast.FunctionDef | ast.ClassDef | ast.For | ast.While
        assert not [node for node in ast.walk(ast.parse(sources[2])) if isinstance(node, forbidden)]


@every_workshop
def test_minutes_add_up_and_whoever_leads_knows_what_to_do_in_each(name):
    book = BOOKS[name]
    assert sum(plan["minutes"] for plan in plans(book)) == book.metadata["pmlib"]["minutes"] == MINUTES[name]
    assert all(len(plan["facilitator"]) > 40 for plan in plans(book))
    stories = [cell for cell in book.cells if re.match(r"## \d+\. ", cell.source)]
    assert all(cell.metadata["pmlib"]["minutes"] >= 8 for cell in stories)


def test_the_half_day_has_a_break_of_twenty_minutes():
    breaks = [cell for cell in BOOKS["half_day"].cells if cell.source.startswith("## Break")]
    assert [cell.metadata["pmlib"]["minutes"] for cell in breaks] == [BREAK]


@every_workshop
def test_it_names_known_tables_it_needs(name):
    needs = BOOKS[name].metadata["pmlib"]["needs"]
    assert needs and set(needs) <= set(TABLES)


def test_the_half_day_asks_what_the_short_workshops_ask():
    half_day = by_exercise(BOOKS["half_day"])
    for name in ("portfolio_90min", "product_90min"):
        for exercise, sources in by_exercise(BOOKS[name]).items():
            assert half_day[exercise] == sources, exercise


@every_workshop
def test_a_students_copy_has_no_trace_of_a_solution(name):
    book = BOOKS[name]
    made = student_copy(book, name)
    text = nbformat.writes(made)
    said = "\n".join(cell.source for cell in made.cells)
    for cell in book.cells:
        assert not [line for line in solution_lines(cell) if len(line) > 12 and line in said]
        assert tag(cell) != "solution" or cell.source not in said
    assert "facilitator" not in text
    assert not any(plan["facilitator"] in text for plan in plans(book))
    assert not [cell for cell in code(made) if cell.outputs or cell.execution_count]
    assert said.count("answer = None  # your answer") == len(EXERCISES[name])


@every_workshop
def test_in_the_students_copy_no_check_passes_and_each_says_what_to_do(name, quillmark, monkeypatch):
    found = verdicts(student_copy(BOOKS[name], name), quillmark, monkeypatch)
    assert tuple(found) == EXERCISES[name]
    assert all(not verdict and verdict.says.startswith("No answer yet. ") for verdict in found.values())


def test_the_solved_notebook_runs_through_and_every_check_passes(quillmark, monkeypatch):
    # The code of the short workshops is the same.
    found = verdicts(BOOKS["half_day"], quillmark, monkeypatch)
    assert tuple(found) == NAMES
    assert {exercise: verdict.says for exercise, verdict in found.items() if not verdict} == {}
