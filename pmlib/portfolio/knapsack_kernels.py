"""Compiled loops of the exact knapsack: prices of the budgets, then a search over what differs from the priced set.

At prices p an item's reduced value is v - p c, and the priced set takes every item above zero. Any set is worth the
bound p b + (sum of positive reduced values) less the reduced values of the items in which it differs ("flips") and
less p times what it leaves of the budgets. So the best set is found by listing the flips whose loss stays below that
of the best set so far. Costs are shares of their budget, so that every budget is 1. Importing this module loads numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from pmlib.portfolio.model import Floats, Ints

_ZERO, _FITS = 1e-12, 1e-9
#: The next limit of loss when nothing was found, and the first guess for the next vector, as parts of the last.
_WIDER, _NEXT, _MEMORY, _FIRST = 1.3, 0.7, 0.8, 2e-4


def _compiled(function: Callable[..., Any]) -> Any:
    """Compile; the result is kept on disk where some folder can be written."""
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:
        return numba.njit(function)


@_compiled
def _entering(values: Floats, columns: Floats, prices: Floats, place: Ints) -> int:
    """Column that gains most per unit, or -1; ``place`` is 0 at zero, 1 at one, -1 in the basis."""
    best, entering = _ZERO, -1
    for j in range(len(values)):
        if place[j] >= 0:
            gain = values[j]
            for d in range(len(prices)):
                gain -= prices[d] * columns[j, d]
            if place[j] == 1:
                gain = -gain
            if gain > best:
                best, entering = gain, j
    return entering


@_compiled
def _leaving(change: Floats, level: Floats, basis: Ints, items: int, own: float) -> tuple[int, float]:
    """Place in the basis that first meets a bound (-1: the entering column meets its own), and the step."""
    leaving, step = -1, own
    for i in range(len(level)):
        if abs(change[i]) > _ZERO and (change[i] < 0 or basis[i] < items):
            room = level[i] if change[i] < 0 else 1.0 - level[i]
            if room < abs(change[i]) * step:
                leaving, step = i, max(room, 0.0) / abs(change[i])
    return leaving, step


@_compiled
def _times(inverse: Floats, columns: Floats, j: int, sign: float, out: Floats) -> None:
    for i in range(len(out)):
        out[i] = 0.0
        for d in range(len(out)):
            out[i] += sign * inverse[i, d] * columns[j, d]


@_compiled
def _pivot(inverse: Floats, change: Floats, row: int) -> None:
    for d in range(len(change)):
        inverse[row, d] /= change[row]
    for i in range(len(change)):
        for d in range(len(change)):
            if i != row:
                inverse[i, d] -= change[i] * inverse[row, d]


@_compiled
def _dual(values: Floats, basis: Ints, inverse: Floats, prices: Floats) -> None:
    for d in range(len(prices)):
        prices[d] = 0.0
        for i in range(len(prices)):
            prices[d] += values[basis[i]] * inverse[i, d]


@_compiled
def _prices(values: Floats, columns: Floats) -> Floats:
    """Prices of the budgets by the simplex method with bounded columns: items first, then one slack per budget.

    Any prices give a true bound, so a stop after too many steps costs time and nothing else.
    """
    size, m = columns.shape
    place, basis = np.zeros(size, dtype=np.int64), np.zeros(m, dtype=np.int64)
    level, prices, change, inverse = np.zeros(m), np.zeros(m), np.zeros(m), np.zeros((m, m))
    for d in range(m):
        basis[d], place[size - m + d], level[d], inverse[d, d] = size - m + d, -1, 1.0, 1.0
    for _ in range(20 * size):
        _dual(values, basis, inverse, prices)
        entering = _entering(values, columns, prices, place)
        if entering < 0:
            break
        was = place[entering]
        _times(inverse, columns, entering, 2.0 * was - 1.0, change)
        leaving, step = _leaving(change, level, basis, size - m, 1.0 if entering < size - m else np.inf)
        for i in range(m):
            level[i] += change[i] * step
        if leaving < 0:
            place[entering] = 1 - was
            continue
        place[basis[leaving]], place[entering], basis[leaving] = int(change[leaving] > 0), -1, entering
        level[leaving] = was + (1.0 - 2.0 * was) * step
        _times(inverse, columns, entering, 1.0, change)
        _pivot(inverse, change, leaving)
    for d in range(m):
        prices[d] = max(prices[d], 0.0)
    return prices


@_compiled
def _core(losses: Floats, limit: float) -> Ints:
    """Items whose flip loses at most ``limit``, by rising loss."""
    found, count = np.zeros(len(losses), dtype=np.int64), 0
    for j in range(len(losses)):
        if losses[j] <= limit:
            k = count
            while k > 0 and losses[found[k - 1]] > losses[j]:
                found[k] = found[k - 1]
                k -= 1
            found[k] = j
            count += 1
    return found[:count]


@_compiled
def _table(core: Ints, losses: Floats, columns: Floats, prices: Floats, priced: Any) -> Floats:
    """List what each flip of the core does, one row each, and a last row that no limit of loss allows.

    Columns: loss; then its effects: money given back at the prices, value gained, and what is given back of each
    budget; then for every effect the least loss per unit of it by this or a later flip.
    """
    n, m = len(core), len(prices)
    table = np.zeros((n + 1, 5 + 2 * m))
    table[n, 0] = np.inf
    for k in range(n):
        table[k, 0] = losses[core[k]]
        for d in range(m):
            table[k, 3 + d] = columns[core[k], d] if priced[core[k]] else -columns[core[k], d]
            table[k, 1] += prices[d] * table[k, 3 + d]
        table[k, 2] = -table[k, 1] - table[k, 0]
    for effect in range(1, 3 + m):
        least = effect + 2 + m
        table[n, least] = np.inf
        for k in range(n - 1, -1, -1):
            table[k, least] = table[k + 1, least]
            if table[k, effect] > 0:
                table[k, least] = min(table[k, least], table[k, 0] / table[k, effect])
    return table


@_compiled
def _may_follow(sums: tuple[float, float, float, float], left: Floats, depth: int, table: Floats, k: int) -> bool:
    """Whether flips from the k-th on can still give back what is missing, or use up what is over, within the limit."""
    loss, spare, limit, slop = sums
    m, room = left.shape[1], limit - loss
    if loss + spare > limit:
        if (loss + spare - limit) * table[k, 4 + m] > room:
            return False
    elif spare < -slop and -(spare + slop) * table[k, 3 + m] > room:
        return False
    for d in range(m):
        if left[depth, d] < -_FITS and -(left[depth, d] + _FITS) * table[k, 5 + m + d] > room:
            return False
    return True


@_compiled
def _goes_before(trial: Any, chosen: Any) -> bool:
    """Whether a set of equal value goes before the chosen one: fewer items, then the first by position."""
    more, first = 0, -1
    for j in range(len(trial)):
        if trial[j] != chosen[j]:
            more += 1 if trial[j] else -1
            first = j if first < 0 else first
    return more < 0 or (more == 0 and first >= 0 and trial[first])


@_compiled
def _take(trial: Any, flips: Ints, count: int, chosen: Any, only_before: bool) -> bool:
    """Make the priced set with its flips the chosen one, if it goes before it or whatever it is."""
    for i in range(count):
        trial[flips[i]] = not trial[flips[i]]
    taken = not only_before or _goes_before(trial, chosen)
    if taken:
        for j in range(len(trial)):
            chosen[j] = trial[j]
    for i in range(count):
        trial[flips[i]] = not trial[flips[i]]
    return taken


@_compiled
def _fits(left: Floats, depth: int) -> bool:
    fits = True
    for d in range(left.shape[1]):
        fits = fits and left[depth, d] >= -_FITS
    return fits


@_compiled
def _next_flip(table: Floats, k: int, loss: float, spare: float, bounds: tuple[float, float]) -> int:
    """Next flip from the k-th on, leaving out those that end here and leave too much or too little money."""
    limit, slop = bounds
    while loss + table[k, 0] <= limit < loss + table[k, 0] + table[k + 1, 0]:
        money = spare + table[k, 1]
        if money >= -slop and loss + table[k, 0] + money <= limit:
            break
        k += 1
    return k


@_compiled
def _search(core: Ints, table: Floats, priced: Any, left: Floats, chosen: Any,
            bounds: tuple[float, float, float, float, int]) -> tuple[float, int]:
    """Fill in the chosen set; its loss (infinite: none below the limit; missing: too many nodes) and the nodes.

    ``left`` is what the priced set and then each flip leave of the budgets, shape (2 + n_flips, n_budgets), and
    ``bounds`` the limit of loss, the priced set's own loss, the width of a tie, the most by which budgets that hold
    may seem overdrawn at the prices, and the most nodes.
    """
    limit, own, tie, slop, most = bounds
    n, held, nodes, depth = len(core), np.inf, 0, 0
    flips, following = np.zeros(n + 1, dtype=np.int64), np.zeros(n + 2, dtype=np.int64)
    loss, spare = np.zeros(n + 2), np.zeros(n + 2)
    spare[0] = own
    if _fits(left, depth) and own <= limit and _take(priced, flips, depth, chosen, held < own):
        held, limit = own, own + tie
    while depth >= 0 and nodes <= most:
        k = _next_flip(table, following[depth], loss[depth], spare[depth], (limit, slop))
        nodes += 1 + k - following[depth]
        following[depth] = k + 1
        lost, money = loss[depth] + table[k, 0], spare[depth] + table[k, 1]
        if lost > limit:
            depth -= 1
            continue
        inside = money >= -slop and lost + money <= limit
        flips[depth] = core[k]
        for d in range(left.shape[1]):
            left[depth + 1, d] = left[depth, d] + table[k, 3 + d]
        if inside and _fits(left, depth + 1):
            limit = min(limit, lost + money + tie)
            if _take(priced, flips, depth + 1, chosen, lost + money >= held - tie):
                held = lost + money
        if lost + table[k + 1, 0] <= limit and _may_follow((lost, money, limit, slop), left, depth + 1, table, k + 1):
            depth += 1
            loss[depth], spare[depth], following[depth] = lost, money, k + 1
    return (held if nodes <= most else np.nan), nodes


@_compiled
def _reduced(values: Floats, columns: Floats, prices: Floats, losses: Floats, priced: Any) -> float:
    """Fill in the priced set and what a flip of each item loses; the sum of positive values."""
    top = 0.0
    for j in range(len(losses)):
        reduced = values[j]
        for d in range(len(prices)):
            reduced -= prices[d] * columns[j, d]
        priced[j] = reduced > 0 and values[j] > 0
        losses[j] = abs(reduced) if values[j] > 0 else np.inf
        top += max(values[j], 0.0)
    return top


@_compiled
def _best_set(values: Floats, columns: Floats, guess: float, most: int, chosen: Any) -> float:
    """Fill in the best set of one vector; its loss, or missing when ``most`` nodes were not enough."""
    m = columns.shape[1]
    n = len(chosen)
    prices = _prices(values, columns)
    losses, priced = np.zeros(n), np.zeros(n, dtype=np.bool_)
    top = _reduced(values, columns, prices, losses, priced)
    tie, slop, own = _FITS * top, _FITS * top, 0.0
    left = np.zeros((n + 2, m))
    for d in range(m):
        left[0, d] = 1.0
        for j in range(n):
            if priced[j]:
                left[0, d] -= columns[j, d]
        own += prices[d] * left[0, d]
        slop += _FITS * prices[d]
    limit, held, nodes = max(guess, _FIRST * top) + tie, np.inf, 0
    while np.isinf(held):
        core = _core(losses, limit)
        table = _table(core, losses, columns, prices, priced)
        held, nodes = _search(core, table, priced, left, chosen, (limit, own, tie, slop, most))
        most, limit = most - nodes, limit * _WIDER
    return held


@_compiled
def best_of_each(values: Floats, columns: Floats, most: int, chosen: Any, losses: Floats) -> None:
    """Fill in the best set for every row of values, and by how much it misses the bound: missing for too many nodes.

    Parameters
    ----------
    values : float array of shape (k, n + m)
        The items, the largest near 1, then a zero for each budget.
    columns : float array of shape (n + m, m)
        Costs of the items as shares of their budgets, then the identity.
    most : int
        Nodes for one vector.
    chosen : bool array of shape (k, n), filled in
    losses : float array of shape (k,), filled in
    """
    usual = 0.0
    for i in range(len(values)):
        losses[i] = _best_set(values[i], columns, _NEXT * usual, most, chosen[i])
        if not np.isnan(losses[i]):
            usual = losses[i] if i == 0 else _MEMORY * usual + (1.0 - _MEMORY) * losses[i]
