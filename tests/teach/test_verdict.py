from __future__ import annotations

import ipywidgets
import pytest

from pmlib import teach
from pmlib.errors import ParameterError
from pmlib.teach import bank
from pmlib.teach.exercise import Exercise, Property, Unusable, Way, Worth

TABLES = {"stock": [3.0, 5.0, 4.0]}


def is_number(_, answer):
    if not isinstance(answer, int | float):
        raise Unusable(f"Answer with a number, got {type(answer).__name__}.")
    return True


TASK = Exercise(
    name="largest", title="The largest", mistake="Taking the first",
    question="Which is the largest? Answer with a number.",
    ways=(Way(label="Take the first", answer=lambda tables: tables["stock"][0], hint="The first is not the largest."),
          Way(label="Look at all", answer=lambda tables: max(tables["stock"]))),
    worth=lambda tables, answer: Worth(money_k=1000.0 * answer, says=f"It brings {answer:g}."),
    properties=(Property(says="The answer is a number.", holds=is_number, hint="Write 5, say."),
                Property(says="It is in stock.", holds=lambda tables, answer: answer in tables["stock"],
                         hint="Look again."),
                Property(says="None is larger.", holds=lambda tables, answer: answer >= max(tables["stock"]),
                         hint="One of them is larger.")),
    hints=("Look at all.", "It is the second."), solution="Only a look at all of them finds the largest.")


@pytest.fixture(autouse=True)
def only(monkeypatch):
    monkeypatch.setattr(bank, "NAMES", ("largest",))
    for module in ("verdict", "exploring"):
        monkeypatch.setattr(f"pmlib.teach.{module}.exercise", lambda name: TASK)
    yield
    ipywidgets.Widget.close_all()


@pytest.mark.parametrize(("answer", "says"), [
    (None, "No answer yet. Which is the largest?"),
    (..., "No answer yet."),
    ("five", "Answer with a number, got str."),
    (7, "Not yet: It is in stock. Look again."),
    (3.0, "Not yet: None is larger. The first is not the largest."),
    (4.0, "Not yet: None is larger. One of them is larger."),
])
def test_a_wrong_answer_fails_with_the_hint_that_helps(answer, says):
    verdict = teach.check("largest", answer, TABLES)
    assert not verdict
    assert verdict.says.startswith(says)


def test_the_right_answer_passes_and_says_what_it_is_worth():
    verdict = teach.check("largest", 5.0, TABLES)
    assert verdict and len(verdict.held) == 3
    assert repr(verdict) == "<Verdict passed: Right. It brings 5.>"
    assert "✓ Right." in verdict._repr_html_()


def test_hints_go_from_a_nudge_to_nearly_all():
    assert teach.hint("largest").text == "Look at all. (hint 1 of 2)"
    assert teach.hint("largest", 9).text == "It is the second."


def test_the_mistake_shows_its_loss_and_the_solution_every_way():
    assert teach.outcome("largest", tables=TABLES).text == \
        "Take the first: It brings 3. That is 2,000 thousand EUR less than can be had."
    assert teach.outcome("largest", 1, TABLES).text == "Look at all: It brings 5."
    assert "Only a look at all" in teach.solution("largest", TABLES).text


def test_picking_another_way_shows_what_it_comes_to():
    live = teach.explore("largest", TABLES)
    assert "Take the first" in live.shown.value
    live.controls["way"].value = 1
    assert live.shown.value == "<p>Look at all: It brings 5.</p>"


def test_an_unknown_exercise_is_named_with_those_there_are():
    with pytest.raises(ParameterError, match="there is no 'larges'"):
        bank.exercise("larges")
