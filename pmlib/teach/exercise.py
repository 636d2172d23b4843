"""What an exercise is: a usual mistake, ways to answer, what an answer is worth, and what must hold of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pmlib.errors import ParameterError

Tables = Mapping[str, Any]


class Unusable(ParameterError):
    """An answer that is not of the kind asked for; the message says what is."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to answer, as people do it.

    Attributes
    ----------
    label : str
        What one does, in a few words.
    answer : callable of tables
        The answer this way gives.
    hint : str
        What to say to one who answered so; empty for the right way.
    """

    label: str
    answer: Callable[[Tables], Any]
    hint: str = ""

    @property
    def right(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.hint


@dataclass(frozen=True, kw_only=True)
class Property:
    """Something that holds of every right answer.

    Attributes
    ----------
    says : str
        What holds, as a sentence.
    holds : callable of tables and answer
        Whether it does; ``Unusable`` where the answer is of another kind.
    hint : str
        What helps one whose answer lacks it.
    """

    says: str
    holds: Callable[[Tables, Any], bool]
    hint: str


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What an answer comes to.

    Attributes
    ----------
    money_k : float
        What it brings, thousand; more is better.
    says : str
        How it comes about, in one sentence with its numbers.
    """

    money_k: float
    says: str


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """A usual mistake to make, to see the loss of, and to avoid.

    Attributes
    ----------
    name : str
        What ``check``, ``hint`` and ``solution`` call it.
    title, mistake, question : str
        What stands above it; the mistake by the name the field gives it; what to answer, and in which form.
    ways : tuple of Way
        The usual mistake first, then others, the right one last.
    worth : callable of tables and answer
        What an answer is worth, the wrong ones too.
    properties : tuple of Property
        What holds of a right answer, the form first.
    hints : tuple of str
        From a nudge to nearly all of it.
    solution : str
        The reasoning, in one paragraph.
    """

    name: str
    title: str
    mistake: str
    question: str
    ways: tuple[Way, ...]
    worth: Callable[[Tables, Any], Worth]
    properties: tuple[Property, ...]
    hints: tuple[str, ...]
    solution: str

    def compare(self, tables: Tables) -> pd.DataFrame:
        """Hold the ways against each other: way, money_k, loss_k (against the right way), says."""
        worths = [self.worth(tables, way.answer(tables)) for way in self.ways]
        best = worths[-1].money_k
        return pd.DataFrame({
            "way": [way.label for way in self.ways], "money_k": [worth.money_k for worth in worths],
            "loss_k": [best - worth.money_k for worth in worths], "says": [worth.says for worth in worths]})
