"""Checking an answer: by what holds of every right one, not by one number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from pmlib.display import Shown, note, table
from pmlib.teach.bank import exercise
from pmlib.teach.exercise import Exercise, Tables, Unusable
from pmlib.workbook import open_workbook

SAMPLE = "data/quillmark"
#: What stands in a student's copy where the answer goes.
UNANSWERED = (None, ...)


@dataclass(frozen=True, eq=False, kw_only=True)
class Verdict:
    """What came of a check.

    Attributes
    ----------
    passed : bool
    says : str
        What holds, or what is still to do and what helps.
    held : tuple of str
        Properties that hold, up to the first that does not.
    """

    passed: bool
    says: str
    held: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.passed

    def _repr_html_(self) -> str:
        return note(f"{'✓' if self.passed else '✗'} {self.says}").html

    def __repr__(self) -> str:
        return f"<Verdict {'passed' if self.passed else 'not yet'}: {self.says}>"


def check(name: str, answer: Any, tables: Tables | None = None) -> Verdict:
    """Say whether an answer to an exercise is right, and what helps where it is not.

    Parameters
    ----------
    name : str
        The exercise.
    answer : any
        As the exercise asks for; ``None`` or ``...`` is no answer yet.
    tables : mapping of table name to frame, optional
        What it is asked of; the sample company unless given.

    Raises
    ------
    ParameterError
        There is no such exercise.
    """
    task = exercise(name)
    if any(answer is empty for empty in UNANSWERED):
        return Verdict(passed=False, says=f"No answer yet. {task.question}")
    book = company() if tables is None else tables
    held: list[str] = []
    for one in task.properties:
        try:
            holds = bool(one.holds(book, answer))
        except Unusable as unusable:
            return Verdict(passed=False, says=str(unusable), held=tuple(held))
        if not holds:
            return Verdict(passed=False, says=f"Not yet: {one.says} {_known_mistake(task, book, answer) or one.hint}",
                           held=tuple(held))
        held.append(one.says)
    return Verdict(passed=True, says=f"Right. {task.worth(book, answer).says}", held=tuple(held))


def hint(name: str, number: int = 1) -> Shown:
    """Give a hint, the first a nudge, the last nearly all of it.

    Raises
    ------
    ParameterError
        There is no such exercise.
    """
    hints = exercise(name).hints
    at = min(max(number, 1), len(hints))
    more = f" (hint {at} of {len(hints)})" if at < len(hints) else ""
    return note(f"{hints[at - 1]}{more}")


def solution(name: str, tables: Tables | None = None) -> Shown:
    """Show what the ways to answer come to, and why the last is right."""
    task = exercise(name)
    book = company() if tables is None else tables
    found = table(task.compare(book), caption=f"{task.title}: what each way comes to, thousand {_currency(book)}.",
                  columns={"way": "Way", "money_k": "Comes to", "loss_k": "Loss", "says": "Why"})
    return Shown(html=f"<p>{escape(task.solution)}</p>{found.html}", text=f"{task.solution}\n{found.text}")


def outcome(name: str, way: int = 0, tables: Tables | None = None) -> Shown:
    """Show what one way to answer comes to; the usual mistake unless another is named, from 0."""
    task = exercise(name)
    book = company() if tables is None else tables
    chosen = task.ways[way]
    worth, best = (task.worth(book, one.answer(book)) for one in (chosen, task.ways[-1]))
    lost = best.money_k - worth.money_k
    loss = f" That is {lost:,.0f} thousand {_currency(book)} less than can be had." if round(lost) > 0 else ""
    text = f"{chosen.label}: {worth.says}{loss}"
    return Shown(html=f"<p>{escape(text)}</p>", text=text)


@cache
def _opened(source: str) -> Tables:
    return open_workbook(source)


def company(source: str = SAMPLE) -> Tables:
    """Open the company that exercises are about, once in a session: ``check`` and the others ask the same tables.

    Parameters
    ----------
    source : str
        A workbook with the sample company's tables.
    """
    return _opened(source)


def _known_mistake(task: Exercise, book: Tables, answer: Any) -> str:
    """Hint of the way that gives this very answer; empty where none does."""
    for way in task.ways:
        if way.hint and _same(way.answer(book), answer):
            return way.hint
    return ""


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except (TypeError, ValueError):
        return False


def _currency(book: Tables) -> str:
    return str(getattr(book, "currency", "EUR"))
