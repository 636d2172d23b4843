"""The kernel of the exact robust core: all non-dominated sets, one project at a time.  Knows arrays only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pmlib.errors import ParameterError
from pmlib.portfolio.model import Floats, Ints, Rows, solve

Bools = npt.NDArray[np.bool_]

#: Numbers closer than this share of the largest are equal.
_SLACK = 1e-9
_BLOCK, _FIRST_LOOK = 512, 64
_MOST_INCUMBENTS = 16


@dataclass(frozen=True, eq=False, kw_only=True)
class Choices:
    """What is known of n projects: values in every corner of the weights, and what they use of every limit.

    Attributes
    ----------
    low, high : float arrays of shape (n_corners, n_projects)
        Lowest and highest value of each project under the weights of each corner.
    use : float array of shape (n_limits, n_projects)
    limits : float array of shape (n_limits,)
        ``use @ x <= limits`` for every set x.
    """

    low: Floats
    high: Floats
    use: Floats
    limits: Floats

    @cached_property
    def slack(self) -> float:
        """Differences of values up to this are none."""
        return _SLACK * max(1.0, float(np.abs(self.low).sum(axis=1).max()), float(np.abs(self.high).sum(axis=1).max()))

    @cached_property
    def room(self) -> Floats:
        """By how much a limit may be passed by rounding, shape (n_limits,)."""
        size = np.maximum(np.abs(self.limits), np.abs(self.use).sum(axis=1))
        return np.asarray(_SLACK * np.maximum(size, 1.0), dtype=float)

    @cached_property
    def middle(self) -> Floats:
        """Value of each project at the centre of everything; more of it can never be dominated by less."""
        return np.asarray((self.low + self.high).mean(axis=0) / 2.0, dtype=float)


def least_and_most(choices: Choices, sets: Bools, others: Bools) -> tuple[Floats, Floats]:
    """By how much each set is worth more than each other one: at least in every corner, and at most in any.

    Projects in both cancel, whatever their values are.

    Parameters
    ----------
    choices : Choices
    sets, others : bool arrays of shape (a, n_projects) and (b, n_projects)

    Returns
    -------
    two float arrays of shape (a, b)
        Smallest and largest difference over all values and weights that are possible.
    """
    here, there = sets.astype(float), others.astype(float)
    least, most = np.full((len(here), len(there)), np.inf), np.full((len(here), len(there)), -np.inf)
    for low, high in zip(choices.low, choices.high, strict=True):
        shared = (here * (high - low)) @ there.T
        np.minimum(least, (here @ low)[:, None] - there @ high + shared, out=least)
        np.maximum(most, (here @ high)[:, None] - there @ low - shared, out=most)
    return least, most


def dominates(choices: Choices, sets: Bools, others: Bools) -> Bools:
    """Tell which set is worth at least as much as which other whatever the values and weights, and more for some."""
    least, most = least_and_most(choices, sets, others)
    return np.asarray((least >= -choices.slack) & (most > choices.slack))


def non_dominated(choices: Choices, *, most: int) -> Bools:
    """List every set of projects within the limits that no other one dominates.

    Projects are taken up one by one. A set of the projects so far is dropped when another one dominates it and uses
    no more of any limit (whatever is added to one can be added to the other), or when even its best completion is
    dominated by a set known beforehand.

    Parameters
    ----------
    choices : Choices
    most : int
        More sets than this at any time are refused.

    Returns
    -------
    bool array of shape (n_sets, n_projects), the highest value at the centre first; empty when no set is allowed

    Raises
    ------
    ParameterError
        There are more sets than ``most``.

    References
    ----------
    Liesiö, Mild & Salo (2007), European Journal of Operational Research 181, 1488-1505: the dynamic enumeration.
    """
    n = choices.use.shape[1]
    order = np.argsort(-np.abs(choices.use).sum(axis=0), kind="stable")
    known = _incumbents(choices)
    sets = np.zeros((1, n), dtype=bool)
    for place, project in enumerate(order):
        taken = sets.copy()
        taken[:, project] = True
        sets = np.concatenate([sets, taken])
        rest = order[place + 1:]
        sets = sets[_can_be_completed(choices, sets, rest)]
        for incumbent in known:
            sets = sets[~_hopeless(choices, sets, incumbent, rest=rest)]
        sets = _undominated(choices, sets, frugal=bool(len(rest)), most=most)
    return sets


def _can_be_completed(choices: Choices, sets: Bools, rest: Ints) -> Bools:
    least = np.minimum(choices.use[:, rest], 0.0).sum(axis=1)
    return np.asarray((sets @ choices.use.T + least <= choices.limits + choices.room).all(axis=1))


def _undominated(choices: Choices, sets: Bools, *, frugal: bool, most: int) -> Bools:
    """Keep the sets that no other one dominates (``frugal``: while using no more of any limit)."""
    sets = sets[np.argsort(-(sets @ choices.middle), kind="stable")]
    kept = sets[:0]
    for start in range(0, len(sets), _BLOCK):
        block = sets[start:start + _BLOCK]
        # The best sets drop most of the others: a look at few of them spares most of the comparisons.
        for part in (kept[:_FIRST_LOOK], kept[_FIRST_LOOK:], block):
            block = block[~_beaten(choices, part, block, frugal=frugal)]
        kept = np.concatenate([kept, block])
        if len(kept) > most:
            raise ParameterError(f"non-dominated portfolios: more than {most:,} sets are still open, allowed {most:,}. "
                                 "Sample instead (robust_core), narrow weights or scores, or ask of fewer projects.")
    return kept


def _beaten(choices: Choices, sets: Bools, others: Bools, *, frugal: bool) -> Bools:
    if not len(sets) or not len(others):
        return np.zeros(len(others), dtype=bool)
    beats = dominates(choices, sets, others)
    if frugal:
        mine, theirs = sets @ choices.use.T, others @ choices.use.T
        for limit, room in enumerate(choices.room):
            beats &= mine[:, limit, None] <= theirs[:, limit] + room
    return np.asarray(beats.any(axis=0))


def _hopeless(choices: Choices, sets: Bools, incumbent: Bools, *, rest: Ints) -> Bools:
    """Tell which sets a complete one dominates whatever is still added to them."""
    decided = np.ones(len(incumbent), dtype=bool)
    decided[rest] = False
    left = choices.limits + choices.room - sets @ choices.use.T
    least = np.empty((len(choices.low), len(sets)))
    for corner, (low, high) in enumerate(zip(choices.low, choices.high, strict=True)):
        mine = np.where(incumbent, low, 0.0)
        lead = mine.sum() - sets @ np.where(incumbent, low, high)
        best = np.where(incumbent, low, high)[rest]
        least[corner] = lead - _most_to_add(best, choices.use[:, rest], left)
    return np.asarray((least >= -choices.slack).all(axis=0) & (least > choices.slack).any(axis=0))


def _most_to_add(worth: Floats, use: Floats, left: Floats) -> Floats:
    """Upper bound of what the rest adds within what is left, by linear relaxations with one limit each.

    Limits together, each as a share of all that the rest would use, often bound more tightly than one alone.
    """
    good = worth > 0
    plain = (use >= 0).all(axis=1) & (use.sum(axis=1) > 0)
    share = use[plain] / use[plain].sum(axis=1, keepdims=True)
    room = left[:, plain] / use[plain].sum(axis=1)
    rows, rooms = np.vstack([share, share.sum(axis=0)]), np.column_stack([room, room.sum(axis=1)])
    bound = np.full(len(left), worth[good].sum())
    for row, most in zip(rows[:, good], rooms.T, strict=True):
        order = np.argsort(-np.divide(worth[good], row, out=np.full(row.shape, np.inf), where=row > 0), kind="stable")
        spent, won = np.cumsum(row[order]), np.cumsum(worth[good][order])
        # What uses nothing stands first, at 0; at equal places the last and largest sum counts.
        bound = np.minimum(bound, np.interp(most, np.append(0.0, spent), np.append(0.0, won)))
    return bound


def _incumbents(choices: Choices) -> list[Bools]:
    """Best sets in some corners and at the centre: each shows early what can no longer be reached."""
    values = [choices.middle, *_spread(choices.low), *_spread((choices.low + choices.high) / 2.0)]
    found: dict[bytes, Bools] = {}
    for value in values:
        best = _best(choices, value)
        if best is not None:
            found.setdefault(best.tobytes(), best)
    return list(found.values())


def _spread(corners: Floats) -> Iterator[Floats]:
    places = np.linspace(0, len(corners) - 1, min(len(corners), _MOST_INCUMBENTS // 2)).round().astype(int)
    yield from corners[np.unique(places)]


def _best(choices: Choices, value: Floats) -> Bools | None:
    rows, n = Rows(), len(value)
    limit, project = np.indices(choices.use.shape).reshape(2, -1)
    rows.add([("limit", f"{place:06d}") for place in range(len(choices.limits))],
             (limit, project, choices.use.ravel()), upper=choices.limits)
    answer = solve(rows.build(objective=value, upper=np.ones(n), integer=np.ones(n, dtype=bool)))
    return answer.x[:n] > 0.5 if answer.found else None  # noqa: PLR2004
