"""Every non-dominated choice of independent items under two gains and a few budgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike

from pmlib.errors import ParameterError
from pmlib.portfolio.arguments import one_of, shown, whole
from pmlib.portfolio.frontiers.two_phase_plain import Bools, Front, Items, Lines, rounding
from pmlib.portfolio.inputs import LARGEST
from pmlib.portfolio.model import Floats

ENGINES = ("auto", "fast", "plain")
MOST_BUDGETS = 4
#: Items from which on waiting for the compiler pays: it needs some seconds, once per installation.
_WORTH_COMPILING = 80
#: Sums stay whole numbers that a float holds.
_LARGEST = 2.0**50
#: Prices of a direction that give bounds: the best, and none, which is best once the rest fits in.
_VARIANTS = (1.0, 0.0)
_ENDS = np.eye(2)
_NO_LIMIT = 2**62
_BEST_ONLY = (0.0, 0.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class FrontArrays:
    """All non-dominated points of two gains, and one choice of items for each.

    Attributes
    ----------
    points : float array of shape (k, 2)
        By rising first gain, so by falling second gain; equal points once.
    choices : bool array of shape (k, n)
        The items taken.
    exact : bool
        Whether every non-dominated point is there; else the search ended at ``node_limit``.
    nodes : int
        Partial choices looked at; it depends on the engine, the points do not.
    """

    points: Floats
    choices: Bools
    exact: bool
    nodes: int = field(compare=False)

    def __repr__(self) -> str:
        return f"<FrontArrays: {len(self.points)} points of {self.choices.shape[1]} items; " \
               f"{'all there are' if self.exact else 'stopped at the node limit'}>"


def non_dominated(
    gains: ArrayLike, costs: ArrayLike, budgets: ArrayLike, *, engine: str = "auto", node_limit: int | None = None,
) -> FrontArrays:
    """Find every choice of items of which no other choice brings more of one gain and no less of the other.

    Supported points are found by dichotomy of the weights; between two of them a depth-first search takes the items
    by falling reduced cost and is cut where Lagrangian bounds leave no room beyond the local corners of the front.

    Parameters
    ----------
    gains : float array of shape (n, 2)
        What each item brings of either gain; both are to be large. May be negative.
    costs : float array of shape (n, m)
        What each item uses of each of 1 to 4 budgets. May be negative (an item that frees money).
    budgets : float array of shape (m,)
        The budgets; infinite for no limit.
    engine : {'auto', 'fast', 'plain'}
        ``fast`` is compiled (needs numba), ``plain`` is numpy; ``auto`` compiles
        when it can and it pays. The points are the same; of choices with equal points each may keep another.
    node_limit : int, optional
        Partial choices after which to stop with what was found.

    Returns
    -------
    FrontArrays
        No point at all when no choice holds the budgets.

    Raises
    ------
    ParameterError
        Shapes do not fit, a number is missing or infinite, or the engine is unknown or not installed.

    Notes
    -----
    Numbers are counted in units of a power of ten: exactly when they have so few decimals that their sums keep to 15
    digits, else rounded to these 15 digits. Totals that are equal after that are equal, and a budget holds if it does.

    References
    ----------
    Ulungu & Teghem (1995), two phases. Aneja & Nair (1979), dichotomy. Klamroth, Lacour & Vanderpooten (2015), local
    upper bounds. Cerqueus, Przybylski & Gandibleux (2015), bounds for the bi-dimensional knapsack.

    Examples
    --------
    >>> front = non_dominated([[6, 1], [5, 5], [1, 7]], [[4], [4], [4]], [8])
    >>> front.points.tolist()
    [[6.0, 12.0], [7.0, 8.0], [11.0, 6.0]]
    """
    items, unit = _items(gains, costs, budgets)
    kernels = _engine(one_of(engine, ENGINES, "engine"), len(items[0]))
    limit = _NO_LIMIT if node_limit is None else min(whole(node_limit, "node_limit", least=0), _NO_LIMIT)
    search = _Search(kernels, items, limit)
    if (items[2] >= np.minimum(items[1], 0.0).sum(axis=0)).all():
        search.run()
    points, choices = search.front
    return FrontArrays(points=points[1:-1] / unit, choices=choices[1:-1], exact=search.nodes <= limit,
                       nodes=search.nodes)


class _Search:
    """The two phases over one front, which every search makes better."""

    def __init__(self, kernels: ModuleType, items: Items, limit: int) -> None:
        self._kernels, self._items, self._limit, self.nodes = kernels, items, limit, 0
        low, high = np.minimum(items[0], 0.0).sum(axis=0), np.maximum(items[0], 0.0).sum(axis=0)
        sentinels = np.array([[low[0] - 1, high[1] + 1], [high[0] + 1, low[1] - 1]])
        self.front: Front = sentinels, np.zeros((2, len(items[0])), dtype=np.bool_)
        self._ends = [self._prices(direction) for direction in _ENDS]

    def run(self) -> None:
        first, last = self._best(_ENDS[1])[0], self._best(_ENDS[0])[1]
        self._look(_ENDS[1], zone=(-np.inf, float(first[0])))
        for left, right, direction in self._pairs(first, last):
            self._look(direction, zone=(float(left[0]), float(right[0])))
        self._look(_ENDS[0], zone=(float(last[0]), np.inf))

    def _pairs(self, first: Floats, last: Floats) -> Iterator[tuple[Floats, Floats, Floats]]:
        """Neighbours among the supported points with the direction across them, from left to right."""
        margin, open_pairs = rounding(self._items[0]), [(first, last)]
        while open_pairs:
            left, right = open_pairs.pop()
            if left[0] >= right[0]:
                continue
            across = np.array([left[1] - right[1], right[0] - left[0]])
            across /= across.sum()
            top = self._best(across)[0]
            if (top - left) @ across > margin and left[0] < top[0] < right[0]:
                open_pairs += [(top, right), (left, top)]
            else:
                yield left, right, across

    def _best(self, direction: Floats) -> tuple[Floats, Floats]:
        """First and last of the known points that are best in a direction, after a search for a better one."""
        self._look(direction, zone=_BEST_ONLY)
        points = self.front[0][1:-1]
        if not len(points):
            return np.zeros(2), np.zeros(2)
        values = points @ direction
        best = points[values == values.max()]
        return best[0], best[-1]

    def _prices(self, direction: Floats) -> Floats:
        gains, costs, budgets = self._items
        best = self._kernels.best_prices(gains @ direction, costs, budgets)
        return np.outer(_VARIANTS, best)

    def _look(self, direction: Floats, *, zone: tuple[float, float]) -> None:
        lines: Lines = (np.array([direction, *_ENDS]), np.array([self._prices(direction), *self._ends]))
        rest = self._limit - self.nodes
        if rest < 0:
            return
        points, choices, nodes = self._kernels.search(self._items, lines, self.front, zone=zone, limit=rest)
        self.front, self.nodes = (points, choices), self.nodes + nodes


def _engine(name: str, n: int) -> ModuleType:
    there = find_spec("numba") is not None
    if name == "fast" and not there:
        raise ParameterError("engine: 'fast' needs numba, which is not installed. "
                             "Install it (pip install 'pmlib[fast]') or take engine='plain'.")
    if name == "plain" or not there or (name == "auto" and n < _WORTH_COMPILING):
        from pmlib.portfolio.frontiers import two_phase_plain

        return two_phase_plain
    from pmlib.portfolio.frontiers import two_phase_numba

    return two_phase_numba


def _items(gains: ArrayLike, costs: ArrayLike, budgets: ArrayLike) -> tuple[Items, float]:
    """Check and count everything in whole units; at least two budgets, as the prices need."""
    gain, cost, budget = (_array(numbers, name) for numbers, name in (
        (gains, "gains"), (costs, "costs"), (budgets, "budgets")))
    if gain.shape != (len(gain), len(_ENDS)):
        raise ParameterError(f"gains: got shape {gain.shape}, allowed (n, 2). Give two gains for every item.")
    if len(cost) != len(gain) or cost.ndim == 1 or not 1 <= np.prod(cost.shape[1:]) <= MOST_BUDGETS:
        raise ParameterError(f"costs: got shape {cost.shape}, allowed ({len(gain)}, 1 to {MOST_BUDGETS}). "
                             "Give a row for every item and a column for every budget.")
    if budget.shape != (cost.shape[1],):
        raise ParameterError(f"budgets: got shape {budget.shape}, allowed ({cost.shape[1]},), one for each column of "
                             "costs. Give as many.")
    for name, numbers in (("gains", gain), ("costs", cost)):
        bad = np.argwhere(~(np.abs(numbers) <= LARGEST))
        if len(bad):
            raise ParameterError(f"{name}: got {numbers[tuple(bad[0])]:g} for item {bad[0][0]}, allowed a number up to "
                                 f"{LARGEST:g}. Correct it.")
    if np.isnan(budget).any():
        raise ParameterError(f"budgets: got nan for budget {int(np.argmax(np.isnan(budget)))}, allowed a number, "
                             "or infinite for no limit. Fill it.")
    unit = _unit(gain)
    columns = [_counted(cost[:, r], float(budget[r])) for r in range(len(budget))]
    columns += [(np.zeros(len(gain)), 0.0)] * max(0, 2 - len(columns))
    return (np.round(gain * unit), np.column_stack([column for column, _ in columns]),
            np.array([limit for _, limit in columns])), unit


def _array(given: ArrayLike, name: str) -> Floats:
    try:
        return np.atleast_1d(np.asarray(given, dtype=np.float64))
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(f"{name}: got {shown(given)} that holds more than numbers, allowed an array of them. "
                             "Correct it.") from None


def _counted(cost: Floats, budget: float) -> tuple[Floats, float]:
    """One budget in whole units, never more than everything together uses."""
    unit = _unit(cost[:, None])
    whole = np.round(cost * unit)
    return whole, float(min(np.floor(budget * unit + 1e-6), np.maximum(whole, 0.0).sum()))


def _unit(numbers: Floats) -> float:
    """Smallest power of ten that makes numbers whole, else the largest that keeps their sums to 15 digits."""
    size = float(np.abs(numbers).sum(axis=0).max(initial=0.0))
    most = int(np.floor(np.log10(_LARGEST / size))) if size else 0
    for digits in range(most + 1):
        scaled = numbers * 10.0**digits
        if (np.abs(scaled - np.round(scaled)) <= 1e-12 * np.maximum(1.0, np.abs(scaled))).all():
            return 10.0**digits
    return 10.0**most
