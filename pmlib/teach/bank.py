"""The exercises by name, each in a module of its own."""

from __future__ import annotations

import importlib
from functools import cache

from pmlib.errors import ParameterError, did_you_mean
from pmlib.teach.exercise import Exercise

#: In the order of a half day; a module ``pmlib.teach.exercises.NAME`` holds ``EXERCISE``.
PORTFOLIO = ("averaged_ranks", "one_at_a_time", "sunk_cost", "enabler", "claimed_twice")
PRODUCT = ("survivors", "shrinking_market", "score_wobble", "many_tests", "season_as_price")
JOIN = ("narrow_ranges", "believed_claim")
NAMES = PORTFOLIO + PRODUCT + JOIN


@cache
def exercise(name: str) -> Exercise:
    """Give an exercise by its name.

    Raises
    ------
    ParameterError
        There is none of that name.
    """
    if name not in NAMES:
        raise ParameterError(f"exercise: there is no {name!r}. {did_you_mean(name, NAMES)}")
    found: Exercise = importlib.import_module(f"pmlib.teach.exercises.{name}").EXERCISE
    return found
