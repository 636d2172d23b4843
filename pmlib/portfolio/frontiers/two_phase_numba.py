"""The two-phase search compiled: one node at a time, depth first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numba
import numpy as np

from pmlib.portfolio.frontiers.two_phase_plain import STEPS, Bools, Front, Items, Lines, Way
from pmlib.portfolio.model import Floats, Ints

#: Order of the items (n,), whether prices want them, what the rest brings (n + 1, d, v) and frees (n + 1, m), rounding.
_Way = tuple[Ints, Bools, Floats, Floats, float]
#: Corners (c, 2), and the least that a node must reach in the first direction.
_Aim = tuple[Floats, float]
_Kernel = TypeVar("_Kernel", bound=Callable[..., object])


def _compiled(kernel: _Kernel) -> _Kernel:
    try:
        compiled: _Kernel = numba.njit(kernel, cache=True)
    except RuntimeError:
        # There is nowhere to keep compiled code: it is compiled again in every process.
        compiled = numba.njit(kernel)
    return compiled


@_compiled
def _dot(a: Floats, b: Floats) -> float:
    """Inner product, in loops: numba compiles them ten times sooner than array expressions."""
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@_compiled
def _slope(worth: Floats, costs: Floats, budgets: Floats, prices: Floats) -> tuple[float, Floats]:
    """Bound at some prices, and how it changes with them; missing, with a way back, where a price is below 0."""
    slope = np.zeros(len(prices))
    for r in range(len(prices)):
        if prices[r] < 0:
            slope[r] = -1.0
            return np.inf, slope
    for r in range(len(prices)):
        slope[r] = budgets[r]
    bound = _dot(prices, budgets)
    for i in range(len(worth)):
        left = worth[i] - _dot(prices, costs[i])
        if left > 0:
            bound += left
            for r in range(len(prices)):
                slope[r] -= costs[i, r]
    return bound, slope


@_compiled
def best_prices(worth: Floats, costs: Floats, budgets: Floats) -> Floats:
    """Find prices of the budgets that bound best what the items can be worth; see `two_phase_plain`."""
    m = len(budgets)
    prices, shape, step = np.empty(m), np.zeros((m, m)), np.empty(m)
    for r in range(m):
        top = 1e-12
        for i in range(len(worth)):
            if costs[i, r] > 0:
                top = max(top, worth[i] / costs[i, r])
        prices[r], shape[r, r] = top / 10.0, m * top * top
    best, lowest = prices.copy(), np.inf
    for _ in range(STEPS):
        bound, slope = _slope(worth, costs, budgets, prices)
        if bound < lowest:
            best, lowest = prices.copy(), bound
        for r in range(m):
            step[r] = _dot(shape[r], slope)
        size = _dot(slope, step)
        if size <= 0.0:
            break
        for r in range(m):
            prices[r] -= step[r] / (np.sqrt(size) * (m + 1))
            for q in range(m):
                shape[r, q] = m * m / (m * m - 1.0) * (shape[r, q] - 2.0 / ((m + 1) * size) * step[r] * step[q])
    return best


@_compiled
def _aim(points: Floats, zone: tuple[float, float], direction: Floats, margin: float) -> _Aim:
    """Corners to get beyond and what that takes in the first direction; an empty zone: more than the best point."""
    corners, count = np.empty((len(points), 2)), 0
    best, lowest = -np.inf, np.inf
    for i in range(len(points) - 1):
        if i > 0:
            best = max(best, _dot(direction, points[i]) + 2 * margin)
        if zone[0] < points[i + 1, 0] and points[i, 0] < zone[1]:
            corners[count, 0], corners[count, 1] = points[i, 0] + 1.0, points[i + 1, 1] + 1.0
            lowest = min(lowest, _dot(direction, corners[count]))
            count += 1
    if zone[0] < zone[1]:
        return corners[:count], lowest
    return corners[:0], best


@_compiled
def _inserted(points: Floats, choices: Bools, point: Floats, choice: Bools) -> tuple[Floats, Bools]:
    """Merge one point into the front, unless another is as good."""
    begin = 0
    while points[begin, 1] > point[1]:
        begin += 1
    end = begin
    while points[end, 0] <= point[0]:
        end += 1
    if points[begin - 1, 0] >= point[0] or (points[begin, 1] == point[1] and points[begin, 0] >= point[0]):
        return points, choices
    k, n = len(points) + begin + 1 - end, len(choice)
    new_points, new_choices = np.empty((k, 2)), np.empty((k, n), dtype=np.bool_)
    for new in range(k):
        old = new if new < begin else new + end - begin - 1
        for g in range(2):
            new_points[new, g] = point[g] if new == begin else points[old, g]
        for i in range(n):
            new_choices[new, i] = choice[i] if new == begin else choices[old, i]
    return new_points, new_choices


@_compiled
def _reach(line: int, lines: Lines, rest: Floats, gain: Floats, left: Floats) -> float:
    """Most that a node can reach along one line."""
    most, prices = np.inf, lines[1][line]
    for variant in range(len(prices)):
        most = min(most, rest[line, variant] + _dot(prices[variant], left))
    return most + _dot(lines[0][line], gain)


@_compiled
def _beyond(corners: Floats, bounds: Floats, directions: Floats) -> bool:
    """Whether some corner lies within all bounds."""
    for c in range(len(corners)):
        inside = True
        for line in range(len(bounds)):
            if _dot(directions[line], corners[c]) > bounds[line]:
                inside = False
                break
        if inside:
            return True
    return False


@_compiled
def _alive(depth: int, state: tuple[Floats, Floats], way: _Way, lines: Lines, aim: _Aim) -> bool:
    """Whether a node may still hold a point beyond a corner."""
    (gain, left), (_, _, rest, freed, margin), (corners, least) = state, way, aim
    for r in range(freed.shape[1]):
        if left[depth, r] + freed[depth, r] < 0:
            return False
    bounds = np.empty(len(lines[0]))
    for line in range(len(bounds) if len(corners) else 1):
        bounds[line] = _reach(line, lines, rest[depth], gain[depth], left[depth]) + margin
        if line == 0 and bounds[0] < least:
            return False
    return len(corners) == 0 or _beyond(corners, bounds, lines[0])


@_compiled
def _deepened(
    items: Items, lines: Lines, way: _Way, zone: tuple[float, float], front: Front, limit: int
) -> tuple[Floats, Bools, int]:
    """Go through the tree: at every item first as the prices would have it, then the other way."""
    (gains, costs, budgets), (points, choices), (order, wanted, _, _, margin) = items, front, way
    n = len(gains)
    gain, left = np.zeros((n + 1, 2)), np.zeros((n + 1, len(budgets)))
    for r in range(len(budgets)):
        left[0, r] = budgets[r]
    taken, tried = np.zeros(n, dtype=np.bool_), np.zeros(n + 1, dtype=np.int64)
    aim = _aim(points, zone, lines[0][0], margin)
    depth, count = 0, 0
    while depth >= 0 and count <= limit:
        if tried[depth] == 0:
            count += 1
            if not _alive(depth, (gain, left), way, lines, aim):
                tried[depth] = 2
            elif depth == n:
                tried[depth] = 2
                points, choices = _inserted(points, choices, gain[n], taken)
                aim = _aim(points, zone, lines[0][0], margin)
        if tried[depth] > 1:
            depth -= 1
            continue
        item = order[depth]
        taken[item] = wanted[item] == (tried[depth] == 0)
        tried[depth] += 1
        depth += 1
        tried[depth] = 0
        for g in range(len(gains[item])):
            gain[depth, g] = gain[depth - 1, g] + taken[item] * gains[item, g]
        for r in range(len(budgets)):
            left[depth, r] = left[depth - 1, r] - taken[item] * costs[item, r]
    return points, choices, count


def search(
    items: Items, lines: Lines, front: Front, *, zone: tuple[float, float], limit: int
) -> tuple[Floats, Bools, int]:
    """Add to a front every point it lacks in a zone, or only one that is best; see `two_phase_plain`."""
    way = Way(items, lines)
    arrays = (way.order, way.wanted, np.ascontiguousarray(np.moveaxis(way.rest, -1, 0)),
              np.ascontiguousarray(way.freed.T), way.margin)
    points, choices, count = _deepened(items, lines, arrays, zone, front, limit)
    return points, choices, int(count)
