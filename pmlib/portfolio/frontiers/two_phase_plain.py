"""The two-phase search in numpy alone: many nodes of one depth at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmlib.portfolio.model import Floats

Bools = NDArray[np.bool_]
#: Gains (n, 2), costs (n, m), budgets (m,), all whole numbers.
Items = tuple[Floats, Floats, Floats]
#: Directions (d, 2), the one of the search first, and sets of prices (d, v, m) that each gives a bound.
Lines = tuple[Floats, Floats]
#: Points (k, 2) by rising first gain, a sentinel on either side, and their choices (k, n).
Front = tuple[Floats, Bools]

#: Steps of the ellipsoid method; each takes a fixed share off what is left.
STEPS = 150
#: Nodes that go down together: more are slower to find good points, fewer slower to count.
_WIDTH = 512


def rounding(gains: Floats) -> float:
    """How far sums in a bound may be off: far below one unit for whole numbers as people write them."""
    return 1e-9 * max(float(np.abs(gains).sum()), 1.0)


def best_prices(worth: Floats, costs: Floats, budgets: Floats) -> Floats:
    """Find prices of the budgets, shape (m,), that bound best what the items can be worth (Lagrangian dual).

    The ellipsoid method (Shor 1977) needs two budgets or more. Any prices of 0 or more give a bound.
    """
    m = len(budgets)
    rates = np.maximum(worth, 0.0)[:, None] / np.where(costs > 0, costs, np.inf)
    top = rates.max(axis=0, initial=1e-12)
    prices, shape = top / 10.0, np.diag(m * top * top)
    best: Floats = prices
    lowest = np.inf
    for _ in range(STEPS):
        if (prices < 0).any():
            slope = -(prices == prices.min()).astype(float)
        else:
            left = worth - costs @ prices
            bound = float(prices @ budgets + left[left > 0].sum())
            best, lowest = (prices, bound) if bound < lowest else (best, lowest)
            slope = budgets - costs[left > 0].sum(axis=0)
        step = shape @ slope
        size = float(slope @ step)
        if size <= 0.0:
            break
        prices = prices - step / (np.sqrt(size) * (m + 1))
        shape = m * m / (m * m - 1.0) * (shape - 2.0 / ((m + 1) * size) * np.outer(step, step))
    return best


def _inserted(front: Front, points: Floats, choices: Bools) -> Front:
    """Merge points into a front: what is dominated goes, of equal points the older stays."""
    points, choices = np.concatenate([front[0], points]), np.concatenate([front[1], choices])
    order = np.lexsort((np.arange(len(points)), -points[:, 1], -points[:, 0]))
    second = points[order, 1]
    kept = order[second > np.concatenate([[-np.inf], np.maximum.accumulate(second)[:-1]])][::-1]
    return points[kept], choices[kept]


class _Nodes:
    """Nodes of one depth: gains so far (w, 2), money left (w, m), choices packed (w, bytes)."""

    def __init__(self, depth: int, gain: Floats, left: Floats, taken: NDArray[np.uint8]) -> None:
        self.depth, self.gain, self.left, self.taken = depth, gain, left, taken

    def part(self, which: NDArray[np.int64] | slice) -> _Nodes:
        return _Nodes(self.depth, self.gain[which], self.left[which], self.taken[which])

    def children(self, gain: Floats, cost: Floats, item: int) -> _Nodes:
        taken = self.taken.copy()
        taken[:, item >> 3] |= np.uint8(1 << (item & 7))
        return _Nodes(self.depth + 1, np.concatenate([self.gain, self.gain + gain]),
                      np.concatenate([self.left, self.left - cost]), np.concatenate([self.taken, taken]))


class Way:
    """One way through the items: by falling reduced cost, and what the rest of them can still bring."""

    def __init__(self, items: Items, lines: Lines) -> None:
        (self.gains, self.costs, _), (self.directions, self.prices) = items, lines
        self.margin = rounding(self.gains)
        worth = np.einsum("dg,ng->dn", self.directions, self.gains)
        reduced = worth[:, None, :] - np.einsum("dvm,nm->dvn", self.prices, self.costs)
        self.order, self.wanted = np.argsort(-np.abs(reduced[0, 0]), kind="stable"), reduced[0, 0] > 0
        self.rest = self._suffix(np.maximum(reduced, 0.0)[:, :, self.order])
        self.freed = self._suffix(np.maximum(-self.costs, 0.0)[self.order].T)

    @staticmethod
    def _suffix(rows: Floats) -> Floats:
        sums = np.cumsum(rows[..., ::-1], axis=-1)[..., ::-1]
        return np.concatenate([sums, np.zeros((*rows.shape[:-1], 1))], axis=-1)

    def bounds(self, nodes: _Nodes, direction: int) -> Floats:
        """Most that nodes can reach in a direction, shape (w,)."""
        best = (nodes.left @ self.prices[direction].T + self.rest[direction, :, nodes.depth]).min(axis=1)
        bound: Floats = nodes.gain @ self.directions[direction] + best + self.margin
        return bound

    def alive(self, nodes: _Nodes, corners: Floats, least: float) -> _Nodes:
        """Nodes that may still hold a point beyond a corner, the most promising last."""
        nodes = nodes.part(np.flatnonzero((nodes.left + self.freed[:, nodes.depth] >= 0).all(axis=1)))
        bound = self.bounds(nodes, 0)
        order = np.argsort(bound, kind="stable")
        order = order[bound[order] >= least]
        nodes, bound = nodes.part(order), bound[order]
        if not len(corners) or not len(order):
            return nodes
        reach = corners @ self.directions[0] <= bound[:, None]
        for direction in range(1, len(self.directions)):
            reach &= corners @ self.directions[direction] <= self.bounds(nodes, direction)[:, None]
        return nodes.part(np.flatnonzero(reach.any(axis=1)))


def _aim(points: Floats, zone: tuple[float, float], direction: Floats, margin: float) -> tuple[Floats, float]:
    """Corners to get beyond, shape (c, 2), and what that takes in the direction."""
    if zone[0] >= zone[1]:
        return np.empty((0, 2)), float((points[1:-1] @ direction).max(initial=-np.inf)) + 2 * margin
    inside = (points[1:, 0] > zone[0]) & (points[:-1, 0] < zone[1])
    corners = np.column_stack([points[:-1, 0], points[1:, 1]])[inside] + 1.0
    return corners, float((corners @ direction).min(initial=np.inf))


def search(
    items: Items, lines: Lines, front: Front, *, zone: tuple[float, float], limit: int
) -> tuple[Floats, Bools, int]:
    """Add to a front every point it lacks in a zone.

    Parameters
    ----------
    items, lines, front
        As described by their types.
    zone : (float, float)
        First gains of the points looked for: above the first number, up to the second. An empty zone: only a point
        that is best in the first direction is looked for, wherever it lies.
    limit : int
        Nodes after which to stop.

    Returns
    -------
    (float array (k, 2), bool array (k, n), int)
        The front, and the nodes looked at; more than ``limit`` when stopped.
    """
    way, n = Way(items, lines), len(items[0])
    stack = [_Nodes(0, np.zeros((1, 2)), items[2][None, :].copy(), np.zeros((1, (n + 7) // 8), dtype=np.uint8))]
    aim, count = _aim(front[0], zone, way.directions[0], way.margin), 0
    while stack and count <= limit:
        nodes = stack.pop()
        count += len(nodes.gain)
        nodes = way.alive(nodes, *aim)
        if not len(nodes.gain):
            continue
        if nodes.depth == n:
            taken = np.unpackbits(nodes.taken, axis=1, count=n, bitorder="little").astype(bool)
            front = _inserted(front, nodes.gain, taken)
            aim = _aim(front[0], zone, way.directions[0], way.margin)
            continue
        if len(nodes.gain) > _WIDTH:
            stack.append(nodes.part(slice(None, -_WIDTH)))
            nodes = nodes.part(slice(-_WIDTH, None))
        item = way.order[nodes.depth]
        stack.append(nodes.children(way.gains[item], way.costs[item], int(item)))
    return front[0], front[1], count
