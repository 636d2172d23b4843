"""A case is one piece of work at several sizes, with everyone who can do it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Our own implementation of a case; every ratio is against it.
OURS = "pmlib"
#: Rooms whose cases are written.
ROOMS = ("scoring", "portfolio", "product", "reports")

Data = Mapping[str, Any]
Prepare = Callable[[Data], Callable[[], Any]]


@dataclass(frozen=True, kw_only=True)
class Told:
    """A number of an answer that stands in the table in place of seconds, and the most it may be."""

    what: str
    unit: str
    at_most: float | None = None


@dataclass(frozen=True, kw_only=True)
class Implementation:
    """Someone who does the work: ``prepare(data)`` returns the call that is timed.

    Attributes
    ----------
    name : str
        Who; `OURS` is compared with all the others.
    prepare : callable
        Imports what it needs, so that an absent package is met only here.
    package : str
        The package it needs, empty for none but numpy.
    apart : bool
        Cannot live with our lock: runs in an environment of its own (``benchmarks/apart/<package>.txt``).
    at_least, at_most : float, optional
        The goal: its time by ours at least, or ours by its at most.
    within : float, optional
        The goal in seconds, where nobody else does the work.
    above_within : float, optional
        The goal: so many seconds at most that ours takes beyond it, for each of the first number of the size.
    lighter_at_least, within_mb : float, optional
        The same of memory: its extra by ours at least; what the whole process takes at its peak, in megabytes.
    share : float
        The part of the work that is timed, its beginning; its seconds are divided by it.
    told : tuple of Told
        What the numbers of its answer are, where they matter and not the seconds.
    agrees : bool
        Its answer must equal ours.
    """

    name: str
    prepare: Prepare
    package: str = ""
    apart: bool = False
    at_least: float | None = None
    at_most: float | None = None
    within: float | None = None
    above_within: float | None = None
    lighter_at_least: float | None = None
    within_mb: float | None = None
    share: float = 1.0
    told: tuple[Told, ...] = ()
    agrees: bool = True


@dataclass(frozen=True, kw_only=True)
class Case:
    """One piece of work.

    Attributes
    ----------
    name, work : str
        Short name, and what is done.
    make : callable of size and seed to data
    sizes : mapping of ``full``, ``large`` and ``smoke`` to sizes; a case without one is left out of such a run
    implementations : tuple of Implementation
    tolerance : float
        Largest difference between two answers.
    in_process : bool
        Whether the work is done by the process that is weighed; the memory of others is not told.
    """

    name: str
    work: str
    make: Callable[[tuple[int, ...], int], Data]
    sizes: Mapping[str, tuple[int, ...]]
    implementations: tuple[Implementation, ...] = field(default=())
    tolerance: float = 1e-9
    in_process: bool = True

    def by(self, name: str) -> Implementation:
        """Return the implementation of this name."""
        return next(who for who in self.implementations if who.name == name)


def cases(room: str) -> dict[str, Case]:
    """Return the cases of a room by name."""
    found: tuple[Case, ...] = importlib.import_module(f"benchmarks.{room}").CASES
    return {case.name: case for case in found}
