"""What the portfolio exercises share: the plan to hold answers against, and sets of projects as answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pmlib.portfolio import Decision, rebalance
from pmlib.teach.exercise import Tables, Unusable
from pmlib.teach.once import once

#: More projects than this are counted, not named.
_NAMED = 6


@once
def best_plan(tables: Tables) -> Decision:
    """Give the best plan within all limits, solved once for a workbook."""
    return rebalance(tables)


def projects_in(answer: Any, among: Iterable[str]) -> frozenset[str]:
    """Read an answer as a set of project ids.

    Parameters
    ----------
    answer : any
        A set, list, tuple, index or series of ids.
    among : iterable of str
        Projects it may name.

    Raises
    ------
    Unusable
        It is of another kind, or names another project.

    Examples
    --------
    >>> sorted(projects_in(["P2", "P1"], ["P1", "P2", "P3"]))
    ['P1', 'P2']
    """
    allowed = sorted(among)
    form = f"Answer with a set of project ids, such as {{{allowed[0]!r}}}, or set() for none"
    if isinstance(answer, str | Mapping) or not isinstance(answer, Iterable):
        raise Unusable(f"{form}, got {type(answer).__name__}.")
    named = [str(name) for name in answer]
    strange = sorted(set(named) - set(allowed))
    if strange:
        raise Unusable(f"{form}, got {strange[0]!r}, which is not asked for.")
    return frozenset(named)


def listed(names: Iterable[str]) -> str:
    """Name projects in a sentence; a long list is counted.

    Examples
    --------
    >>> listed({"P2", "P1"})
    'P1, P2'
    """
    found = sorted(names)
    return ", ".join(found) if len(found) <= _NAMED else f"{len(found)} projects"
