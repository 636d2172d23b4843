"""What is known of the weights: every set of weights that an order, intervals and linear statements allow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.scoring.inputs import LARGEST_AMOUNT, frame_of, labelled, number, of_kind, shown, whole_number
from pmlib.scoring.ranks import FloatArray
from pmlib.scoring.robust.polytope import CHUNK, SLACK, BoolArray, cut, extent, hit_and_run, is_empty

#: Most draws: more bring no digit that matters.
MOST_DRAWS = 10**9
# Fewer accepted draws than 1 in 500 cost more than a walk.
_PILOT, _ENOUGH = 8_192, 16


class _Statement(NamedTuple):
    """Rows that one statement adds: ``rows @ weights <= limits``."""

    told: str
    rows: FloatArray
    limits: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightSpace:
    """All weights of 0 or more that sum to 1 and agree with what was stated.

    Attributes
    ----------
    leaves : tuple of str
        The criteria, in the order of every array of weights.
    base : ndarray of shape (n_base, n_leaves)
        Corners of the simplex that the order (or the lower ends of the intervals) leaves.
    rows, limits : ndarrays of shape (n_rows, n_leaves) and (n_rows,)
        ``rows @ weights <= limits`` for all weights in the space.
    n_cuts : int
        How many of the last rows cut the simplex further.
    statements : tuple of str
        What was stated, in words.
    """

    leaves: tuple[str, ...]
    base: FloatArray
    rows: FloatArray
    limits: FloatArray
    n_cuts: int
    statements: tuple[str, ...]

    @cached_property
    def method(self) -> str:
        """How weights are drawn: ``simplex`` and ``rejection`` are independent draws, ``hit-and-run`` nearly so."""
        if not self.n_cuts:
            return "simplex"
        pilot = self._proposals(_PILOT, np.random.default_rng(0))
        return "rejection" if int(self._uncut(pilot).sum()) >= _ENOUGH else "hit-and-run"

    def vertices(self) -> FloatArray:
        """Return the corners of the space: a linear function of the weights has its extremes there.

        Returns
        -------
        ndarray of shape (n_corners, n_leaves)
            Sorted, the first criterion's largest weight first. A space without inside (equal weights, an interval of
            no width) has its corners too.

        Raises
        ------
        ParameterError
            There are more than 2,000 corners.
        """
        corners, first = self.base, len(self.rows) - self.n_cuts
        for last in range(first + 1, len(self.rows) + 1):
            corners = cut(corners, self.rows[:last], self.limits[:last])
        rounded = np.round(corners, 9) + 0.0
        _, one_each = np.unique(rounded, axis=0, return_index=True)
        return np.asarray(corners[one_each[::-1]])

    def sample(self, n: int, *, seed: int) -> FloatArray:
        """Draw weights uniformly from the space.

        Parameters
        ----------
        n : int
            How many; the first draws of a longer sample are those of a shorter one.
        seed : int
            Same seed, same draws.

        Returns
        -------
        ndarray of shape (n, n_leaves)
        """
        return np.concatenate([np.empty((0, len(self.leaves))), *self.blocks(n, seed=seed)])

    def blocks(self, n: int, *, seed: int, size: int = CHUNK) -> Iterator[FloatArray]:
        """Draw the weights of `sample` block by block, so that memory does not grow with their number.

        Yields
        ------
        ndarray of shape (size, n_leaves), the last one shorter
        """
        if not (0 <= whole_number(n) <= MOST_DRAWS and whole_number(size) >= 1 and whole_number(seed) >= 0):
            raise ParameterError(f"weight space: got n={shown(n)}, size={shown(size)} and seed={shown(seed)}, allowed "
                                 "whole numbers: n of 0 or more, size of 1 or more, seed of 0 or more. Ask for at "
                                 "least one draw.")
        n, seed, size = int(n), int(seed), int(size)
        stream, kept = self._chunks(seed), np.empty((0, len(self.leaves)))
        for start in range(0, n, size):
            wanted = min(size, n - start)
            parts, count = [kept], len(kept)
            while count < wanted:
                parts.append(next(stream))
                count += len(parts[-1])
            drawn = np.concatenate(parts)
            yield drawn[:wanted]
            kept = drawn[wanted:]

    def contains(self, weights: FloatArray) -> BoolArray:
        """Tell which weights agree with everything stated.

        Parameters
        ----------
        weights : ndarray of shape (..., n_leaves)
            In the order of ``leaves``.

        Returns
        -------
        boolean ndarray of shape (...)
        """
        given = np.asarray(weights, dtype=float)
        sums = np.abs(given.sum(axis=-1) - 1.0) <= SLACK
        return np.asarray(sums & (given @ self.rows.T <= self.limits + SLACK).all(axis=-1))

    def centre(self) -> FloatArray:
        """Return the centre of gravity: exact for an order alone, else the mean of 10,000 draws (seed 0).

        Returns
        -------
        ndarray of shape (n_leaves,)

        References
        ----------
        Barron & Barrett (1996): of a complete order it is the rank-order centroid.
        """
        return np.asarray((self.sample(10_000, seed=0) if self.n_cuts else self.base).mean(axis=0))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per criterion: lowest and highest weight in the space (exact) and the centre's."""
        low, high = extent(self.rows, self.limits)
        index = pd.Index(self.leaves, name="objective_id")
        return pd.DataFrame({"low": low, "high": high, "centre": self.centre()}, index=index).reset_index()

    def summary(self) -> str:
        """Say what the weights have to agree with and how they are drawn."""
        ways = {"simplex": "in closed form", "rejection": "by rejection", "hit-and-run": "by a hit-and-run walk"}
        rule = f" with {'; '.join(self.statements)}" if self.statements else ""
        return f"All weights of {len(self.leaves)} criteria that sum to 1{rule}; drawn {ways[self.method]}."

    def headline(self) -> dict[str, str]:
        """Give the number of statements and the widest range of a weight as figures."""
        table = self.to_frame()
        row = table.iloc[int(np.argmax(table["high"] - table["low"]))]
        return {
            str(len(self.statements)): "statement on the weights" if len(self.statements) == 1 else
            "statements on the weights",
            f"{100 * row['low']:.0f} % to {100 * row['high']:.0f} %": f"weight of {row['objective_id']}, the freest",
        }

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<WeightSpace: {len(self.leaves)} criteria; {'; '.join(self.statements) or 'no statement'}>"

    def _chunks(self, seed: int) -> Iterator[FloatArray]:
        rng = np.random.default_rng(seed)
        if self.method == "hit-and-run":
            yield from hit_and_run(self.rows, self.limits, rng=rng)
        while True:
            proposed = self._proposals(CHUNK, rng)
            yield proposed[self._uncut(proposed)] if self.n_cuts else proposed

    def _proposals(self, n: int, rng: np.random.Generator) -> FloatArray:
        shares = rng.standard_exponential((n, len(self.base)))
        shares /= shares.sum(axis=1, keepdims=True)
        return np.asarray(shares @ self.base)

    def _uncut(self, weights: FloatArray) -> BoolArray:
        cuts = slice(len(self.rows) - self.n_cuts, None)
        return np.asarray((weights @ self.rows[cuts].T <= self.limits[cuts] + SLACK).all(axis=1))


def weight_space(
    leaves: Sequence[str], *, order: Sequence[str | Sequence[str]] | None = None,
    intervals: Mapping[str, tuple[float, float]] | None = None,
    linear: Sequence[tuple[Mapping[str, float], float]] | None = None,
) -> WeightSpace:
    """Collect what is known of the weights; without any statement all weights are possible.

    Parameters
    ----------
    leaves : sequence of str
        The criteria.
    order : sequence of str or of sequences of str, optional
        Criteria from the most to the least important; criteria in an inner sequence weigh the same. It may name
        only some of them: nothing is then said about the others, neither among themselves nor against those named.
    intervals : mapping of criterion to (low, high), optional
        Shares 0-1 that a weight may have; criteria left out are free.
    linear : sequence of (mapping of criterion to coefficient, limit), optional
        Sum of coefficient times weight is at most the limit. ``({"cost": 2, "reach": -1}, 0)``: reach weighs at
        least twice as much as cost.

    Returns
    -------
    WeightSpace

    Raises
    ------
    ParameterError
        A criterion is unknown or stands twice, a number is not finite, an interval is none, or no weights agree with
        all statements (those that contradict each other are named).

    Examples
    --------
    >>> weight_space(["reach", "fit", "risk"], order=["reach", "fit", "risk"]).centre().round(3)
    array([0.611, 0.278, 0.111])
    """
    if isinstance(leaves, str) or not isinstance(leaves, Iterable):
        raise ParameterError(f"weight space: got a {type(leaves).__name__} as criteria, allowed a list. Write the "
                             "leaves of the tree one by one.")
    names = tuple(map(str, leaves))
    if not names or len(set(names)) < len(names):
        raise ParameterError(f"weight space: got criteria {', '.join(names) or 'none'}, allowed one or more, each "
                             "once. Pass the leaves of the tree.")
    unit = dict(zip(names, np.eye(len(names)), strict=True))
    groups = _groups(_listed(order, what="order"), unit)
    given = {} if intervals is None else labelled(intervals, what="intervals")
    ranges = {str(name): _range(str(name), ends, unit) for name, ends in given.items()}
    held = [_Statement("", -np.eye(len(names)), np.zeros(len(names))), *_ordered(groups, unit)]
    cuts = [_interval(name, ends, unit) for name, ends in ranges.items()]
    cuts += [_linear(coefficients, limit, unit) for coefficients, limit in _pairs(_listed(linear, what="linear"))]
    if cuts:
        _refuse_empty([*held, *cuts])
    base = _ordered_simplex(groups, unit)
    if not groups:
        floor = np.array([ranges.get(name, (0.0, 1.0))[0] for name in names])
        base = floor + (1.0 - floor.sum()) * base
        held = [_Statement("", -np.eye(len(names)), -floor)]
    return WeightSpace(
        leaves=names, base=base, rows=np.vstack([one.rows for one in [*held, *cuts]]),
        limits=np.concatenate([one.limits for one in [*held, *cuts]]), n_cuts=sum(len(one.limits) for one in cuts),
        statements=tuple(one.told for one in [*held, *cuts] if one.told),
    )


def ordered_points(points: pd.DataFrame, space: WeightSpace) -> pd.DataFrame:
    """Put the columns of points into the order of the weights.

    Raises
    ------
    ParameterError
        The criteria are not those of the space.
    """
    of_kind(space, WeightSpace, what="space", remedy="Make one with weight_space.")
    points = frame_of(points, what="points")
    named = points.set_axis([str(name) for name in points.columns], axis=1)
    for got in named.columns:
        if got not in space.leaves:
            raise ParameterError(f"points: criterion {got!r} has no weight in the space. "
                                 f"{did_you_mean(got, space.leaves)} Make the space from the same criteria.")
    missing = [leaf for leaf in space.leaves if leaf not in named]
    if missing:
        raise ParameterError(f"points: no column {', '.join(missing)}, allowed one for each criterion of the space. "
                             "Add it, or make the space from the same criteria.")
    return named[list(space.leaves)]


def _listed(given: object, *, what: str) -> Sequence[Any]:
    """Return statements as a list; a text, a set or a table has no order to go by."""
    if given is None:
        return ()
    if not isinstance(given, list | tuple):
        raise ParameterError(f"{what}: got a {type(given).__name__}, allowed a list. Write it in a list.")
    return given


def _pairs(linear: Sequence[Any]) -> Iterator[tuple[Mapping[str, float], float]]:
    for one in linear:
        if not (isinstance(one, tuple | list) and len(one) == 2):  # noqa: PLR2004
            raise ParameterError(f"linear: got {one!r}, allowed a pair of coefficients and limit. Write "
                                 "({'cost': 2, 'reach': -1}, 0).")
        yield one[0], one[1]


def _groups(order: Sequence[str | Sequence[str]], unit: Mapping[str, FloatArray]) -> list[list[str]]:
    groups = [[str(name) for name in group] if isinstance(group, list | tuple) else [str(group)] for group in order]
    flat = [name for group in groups for name in group]
    _refuse_unknown(flat, unit, where="order")
    twice = [name for i, name in enumerate(flat) if name in flat[:i]]
    if twice or not all(groups):
        got = f"{twice[0]!r} twice" if twice else "an empty group"
        raise ParameterError(f"order: got {got}, allowed each criterion once. Take it out.")
    return groups


def _range(name: str, ends: tuple[float, float], unit: Mapping[str, FloatArray]) -> tuple[float, float]:
    _refuse_unknown([name], unit, where="intervals")
    try:
        low, high = (number(end) for end in ends)
    except (TypeError, ValueError):
        low = high = math.nan
    if not 0 <= low <= high <= 1:
        raise ParameterError(f"intervals: {name!r} has {_told(ends)}, allowed a low and a high share with "
                             "0 <= low <= high <= 1. Write 20 % as 0.2.")
    return low, high


def _told(ends: object) -> str:
    return f"({', '.join(map(shown, ends))})" if isinstance(ends, tuple | list) else shown(ends)


def _interval(name: str, ends: tuple[float, float], unit: Mapping[str, FloatArray]) -> _Statement:
    low, high = ends
    return _Statement(f"{name} between {low:g} and {high:g}", np.stack([-unit[name], unit[name]]),
                      np.array([-low, high]))


def _linear(coefficients: Mapping[str, float], limit: float, unit: Mapping[str, FloatArray]) -> _Statement:
    cells = {str(name): cell for name, cell in labelled(coefficients, what="linear").items()}
    _refuse_unknown(cells, unit, where="linear")
    told = " + ".join(f"{shown(cell)} {name}" for name, cell in cells.items()) + f" <= {shown(limit)}"
    row = np.array([number(cells.get(name, 0.0)) for name in unit])
    size, limit = float(np.abs(row).max()), number(limit)
    if not (1 / LARGEST_AMOUNT <= size <= LARGEST_AMOUNT and abs(limit) <= LARGEST_AMOUNT):
        raise ParameterError(f"linear: got {told}, allowed finite numbers up to 1e100, at least one coefficient other "
                             "than 0. Correct or drop the statement.")
    if limit == 0 and sorted(coefficients.values()) == [-1, 1]:
        lower, higher = sorted(coefficients, key=lambda name: -coefficients[name])
        told = f"{higher} at least {lower}"
    return _Statement(told, row[None] / size, np.array([limit / size]))


def _ordered(groups: list[list[str]], unit: Mapping[str, FloatArray]) -> Iterator[_Statement]:
    for group in groups:
        for one, other in pairwise(group):
            gap = unit[one] - unit[other]
            yield _Statement(f"{one} equal to {other}", np.stack([gap, -gap]), np.zeros(2))
    for upper, lower in pairwise(groups):
        yield _Statement(f"{upper[0]} at least {lower[0]}", (unit[lower[0]] - unit[upper[0]])[None], np.zeros(1))


def _ordered_simplex(groups: list[list[str]], unit: Mapping[str, FloatArray]) -> FloatArray:
    """Corners under an order: equal weights of the first group, of the first two ...; each free criterion alone."""
    named = [name for group in groups for name in group]
    ends = np.cumsum([len(group) for group in groups], dtype=int)
    chain = [np.mean([unit[name] for name in named[:end]], axis=0) for end in ends]
    return np.array([*chain, *(unit[name] for name in unit if name not in named)])


def _refuse_unknown(given: Iterable[str], unit: Mapping[str, FloatArray], *, where: str) -> None:
    for name in given:
        if name not in unit:
            raise ParameterError(f"{where}: {name!r} is no criterion. {did_you_mean(str(name), unit)} "
                                 "Correct the label.")


def _refuse_empty(stated: list[_Statement]) -> None:
    """Drop statement after statement while the rest still contradict each other: what remains is the quarrel."""
    def empty(of: list[_Statement]) -> bool:
        return is_empty(np.vstack([one.rows for one in of]), np.concatenate([one.limits for one in of]))

    if not empty(stated):
        return
    quarrel = stated
    for one in stated[1:]:
        rest = [other for other in quarrel if other is not one]
        quarrel = rest if empty(rest) else quarrel
    told = "; ".join(one.told for one in quarrel[1:])
    raise ParameterError(f"weight space: no weights of 0 or more with sum 1 agree with: {told}. Loosen one of these.")
