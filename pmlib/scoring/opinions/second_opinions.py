"""Second opinions on a ranking: weighted product, TOPSIS and VIKOR.

What these methods compute depends on which alternatives stand beside each other, so it orders them and no more:
two such numbers cannot be added up, as a portfolio's value must be. Every result says so by its type.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.scoring.inputs import number, shown
from pmlib.scoring.matrix import DecisionMatrix
from pmlib.scoring.opinions.ranking_only import (
    Directions,
    Levels,
    RankingOnly,
    Shares,
    as_matrix,
    no_span,
    same_for_all,
)
from pmlib.scoring.ranks import TIE, FloatArray
from pmlib.scoring.values import Direction

# Cells in a block: with its squares it stays in the cache of one core.
_BLOCK = 2**16
# Squares of smaller numbers lose digits or vanish.
_SMALLEST_SQUARE = 1e-280


class CompromiseRanking(RankingOnly):
    """What VIKOR ranks, with the compromise that it proposes."""

    @property
    def step(self) -> float:
        """What counts as an advantage in ``q``: 1 / (n - 1)."""
        return 1 / (len(self.table) - 1) if len(self.table) > 1 else 0.0

    @property
    def acceptable_advantage(self) -> bool:
        """Whether the first is ahead of the second by at least a step in ``q``."""
        q = self.table["q"].to_numpy()
        return len(q) == 1 or bool(q[1] - q[0] >= self.step - TIE)

    @property
    def acceptable_stability(self) -> bool:
        """Whether the first also has the least ``group_regret`` or the least ``largest_regret``."""
        regrets = self.table[["group_regret", "largest_regret"]].to_numpy()
        return bool((regrets[0] <= regrets.min(axis=0) + TIE).any())

    @property
    def compromise(self) -> tuple[str, ...]:
        """The alternatives proposed, best first: a single one where both conditions hold."""
        q = self.table["q"]
        within_a_step = int((q < q.iloc[0] + self.step - TIE).sum())
        proposed = (1 if self.acceptable_stability else 2) if self.acceptable_advantage else within_a_step
        return tuple(str(name) for name in self.table["alternative"].head(proposed))

    def summary(self) -> str:
        """Say who comes first, and whether that is enough to choose it alone."""
        first, why = self.table["alternative"].iloc[0], []
        if not self.acceptable_advantage:
            why.append(f"{first} is less than {self.step:.3f} ahead")
        if not self.acceptable_stability:
            why.append(f"{first} has the least of neither regret")
        because = " and ".join(why) or "both conditions hold"
        return f"{super().summary()} Compromise proposed: {', '.join(self.compromise)} ({because})."


def weighted_product(
    levels: Levels, *, weights: Shares = None, directions: Directions = Direction.MAXIMISE
) -> RankingOnly:
    """Rank by the product of all levels, each to the power of its weight.

    Only ratios of levels count, so no scale is needed, and every level must be above 0.

    Parameters
    ----------
    levels : DataFrame of shape (n_alternatives, n_criteria), or DecisionMatrix
        Positive numbers. A criterion on which all are the same changes nothing.
    weights : mapping or Series of criterion to number, optional
        0 or more, one per criterion.
    directions : mapping or Series of criterion to ``maximise`` or ``minimise``, or one word for all
        Which levels are better; one to minimise divides.

    Returns
    -------
    RankingOnly
        ``product`` and ``ratio_to_best`` (0-1). Products within 1e-9 of each other's size are ties.

    Raises
    ------
    ParameterError
        A level is 0 or less, or the matrix cannot be ranked.

    References
    ----------
    Bridgman (1922), Dimensional Analysis; Miller & Starr (1969), Executive Decisions and Operations Research.

    Examples
    --------
    >>> levels = pd.DataFrame({"reach": [1.0, 4.0], "price": [1.0, 2.0]}, index=["A", "B"])
    >>> weighted_product(levels, directions={"reach": "maximise", "price": "minimise"})
    <Ranking only: weighted product by product; 2 alternatives; first B 1.414, then A 1.000>
    """
    matrix = as_matrix(levels, weights=weights, directions=directions)
    _refuse_nonpositive(matrix)
    exponents = matrix.signs * matrix.weights.to_numpy()
    logs = np.concatenate([exponents @ np.log(block) for _, block in _blocks(matrix.array)])
    same = no_span(matrix.array.min(axis=0), matrix.array.max(axis=0))
    numbers = {"product": np.exp(logs), "ratio_to_best": np.exp(logs - logs.max())}
    return RankingOnly(
        method="weighted product", by="product", keys=logs,
        numbers=pd.DataFrame(numbers, index=matrix.levels.index, copy=False),
        assumptions=("Only ratios count: twice the level is worth the same everywhere on a criterion.",),
        notes=(*matrix.notes, *same_for_all(matrix, same)),
    )


def topsis(levels: Levels, *, weights: Shares = None, directions: Directions = Direction.MAXIMISE) -> RankingOnly:
    """Rank by how near each alternative is to the best of all criteria, and how far from the worst.

    Parameters
    ----------
    levels : DataFrame of shape (n_alternatives, n_criteria), or DecisionMatrix
        Finite numbers; each column is divided by the root of its sum of squares. A criterion on which all are the
        same adds nothing to any distance.
    weights : mapping or Series of criterion to number, optional
        0 or more, one per criterion.
    directions : mapping or Series of criterion to ``maximise`` or ``minimise``, or one word for all
        Which levels are better.

    Returns
    -------
    RankingOnly
        ``closeness`` (0 = the worst on all criteria, 1 = the best on all; 0.5 where no criterion tells the
        alternatives apart), ``to_ideal`` and ``to_anti_ideal`` (distances in weighted, normalised units).

    Raises
    ------
    ParameterError
        The matrix cannot be ranked.

    References
    ----------
    Hwang & Yoon (1981), Multiple Attribute Decision Making, section 3.8.

    Examples
    --------
    >>> levels = pd.DataFrame({"reach": [3.0, 4.0], "price": [1.0, 2.0]}, index=["A", "B"])
    >>> topsis(levels, directions={"reach": "maximise", "price": "minimise"})
    <Ranking only: TOPSIS by closeness; 2 alternatives; first A 0.691, then B 0.309>
    """
    matrix = as_matrix(levels, weights=weights, directions=directions)
    array = matrix.array
    low, high, norms = _spans(array)
    same = no_span(low, high)
    factors = np.divide(matrix.signs * matrix.weights.to_numpy(), norms, out=np.zeros_like(norms), where=~same)
    to_ideal, to_anti = _distances(array, factors, np.sort([low * factors, high * factors], axis=0))
    both = to_ideal + to_anti
    closeness = np.divide(to_anti, both, out=np.full_like(both, 0.5), where=both > 0)
    numbers = {"closeness": closeness, "to_ideal": to_ideal, "to_anti_ideal": to_anti}
    return RankingOnly(
        method="TOPSIS", by="closeness", keys=closeness,
        numbers=pd.DataFrame(numbers, index=matrix.levels.index, copy=False),
        assumptions=("Every unit of a criterion is worth the same, and distances in all directions trade off.",
                     "Ideal and anti-ideal are the best and worst levels among these alternatives."),
        notes=(*matrix.notes, *same_for_all(matrix, same)),
    )


def vikor(
    levels: Levels, *, weights: Shares = None, directions: Directions = Direction.MAXIMISE, v: float = 0.5
) -> CompromiseRanking:
    """Rank by a compromise between the regret over all criteria and the regret on the worst one.

    Parameters
    ----------
    levels : DataFrame of shape (n_alternatives, n_criteria), or DecisionMatrix
        Finite numbers. A criterion on which all are the same gives nobody a regret.
    weights : mapping or Series of criterion to number, optional
        0 or more, one per criterion.
    directions : mapping or Series of criterion to ``maximise`` or ``minimise``, or one word for all
        Which levels are better.
    v : float
        Weight of the group's regret against the largest single one, 0-1.

    Returns
    -------
    CompromiseRanking
        ``q``, ``group_regret`` (S) and ``largest_regret`` (R), each 0-1, the smaller the better.

    Raises
    ------
    ParameterError
        ``v`` lies outside 0-1, or the matrix cannot be ranked.

    References
    ----------
    Opricovic & Tzeng (2004), European Journal of Operational Research 156, 445-455.

    Examples
    --------
    >>> levels = pd.DataFrame({"risk": [1.0, 2.0, 5.0], "height": [3000.0, 3750.0, 4500.0]}, index=["A", "B", "C"])
    >>> vikor(levels, directions={"risk": "minimise", "height": "maximise"}).compromise
    ('B',)
    """
    if not 0 <= number(v) <= 1:
        raise ParameterError(f"vikor: v is {shown(v)}, allowed 0 to 1. Take 0.5 to weigh both regrets the same.")
    v = float(v)
    matrix = as_matrix(levels, weights=weights, directions=directions)
    low, high, _ = _spans(matrix.array)
    same = no_span(low, high)
    group, largest = _regrets(matrix, np.where(same, high, low), high)
    q = v * _stretched(group) + (1 - v) * _stretched(largest)
    numbers = {"q": q, "group_regret": group, "largest_regret": largest}
    return CompromiseRanking(
        method="VIKOR", by="q", keys=-q, numbers=pd.DataFrame(numbers, index=matrix.levels.index, copy=False),
        assumptions=(f"The group's regret counts {v:g}, the largest single regret {1 - v:g}.",
                     "Best and worst are the levels among these alternatives."),
        notes=(*matrix.notes, *same_for_all(matrix, same)),
    )


def _blocks(array: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
    """Hand out rows in blocks, turned so that each criterion is contiguous; the caller may overwrite a block."""
    n, m = array.shape
    size = min(n, max(1, _BLOCK // m))
    buffer = np.empty((m, size))
    for start in range(0, n, size):
        block = buffer[:, : min(size, n - start)]
        block[...] = array[start : start + size].T
        yield slice(start, start + block.shape[1]), block


def _spans(array: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Smallest and largest level and the root of the sum of squares of each criterion."""
    m = array.shape[1]
    low, high, squares = np.full(m, np.inf), np.full(m, -np.inf), np.zeros(m)
    with np.errstate(over="ignore"):
        for _, block in _blocks(array):
            np.minimum(low, block.min(axis=1), out=low)
            np.maximum(high, block.max(axis=1), out=high)
            squares += np.einsum("ij,ij->i", block, block)
    peaks = np.maximum(np.abs(low), np.abs(high))
    norms = np.sqrt(squares)
    for j in np.flatnonzero((~np.isfinite(squares) | (squares < _SMALLEST_SQUARE)) & (peaks > 0)):
        norms[j] = peaks[j] * np.sqrt(np.square(array[:, j] / peaks[j]).sum())
    return low, high, norms


def _distances(array: FloatArray, factors: FloatArray, ends: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distance of each row from the ends[1] and from the ends[0] of the weighted, normalised criteria."""
    anti, ideal = ends[0][:, None], ends[1][:, None]
    near, far = np.empty(len(array)), np.empty(len(array))
    for rows, block in _blocks(array):
        np.multiply(block, factors[:, None], out=block)
        np.subtract(block, ideal, out=block)
        np.einsum("ij,ij->j", block, block, out=near[rows])
        np.add(block, ideal - anti, out=block)
        np.einsum("ij,ij->j", block, block, out=far[rows])
    return np.sqrt(near, out=near), np.sqrt(far, out=far)


def _regrets(matrix: DecisionMatrix, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sum and maximum over the criteria of weight times the share of the range by which each misses the best."""
    array, up = matrix.array, matrix.signs > 0
    best = np.where(up, high, low)[:, None]
    span = np.where(up, high - low, low - high)
    factors = np.divide(matrix.weights.to_numpy(), span, out=np.zeros_like(span), where=span != 0)[:, None]
    group, largest = np.empty(len(array)), np.empty(len(array))
    for rows, block in _blocks(array):
        missed = (best - block) * factors
        group[rows], largest[rows] = missed.sum(axis=0), missed.max(axis=0)
    return group, largest


def _stretched(regret: FloatArray) -> FloatArray:
    span = regret.max() - regret.min()
    return (regret - regret.min()) / span if span > TIE else np.zeros_like(regret)


def _refuse_nonpositive(matrix: DecisionMatrix) -> None:
    bad: npt.NDArray[np.bool_] = matrix.array <= 0
    if bad.any():
        row, column = (int(place[0]) for place in np.nonzero(bad))
        raise ParameterError(
            f"weighted product: {matrix.levels.index[row]!r} has {matrix.array[row, column]:g} on "
            f"{matrix.levels.columns[column]!r}, allowed a number above 0. Measure the criterion from a true zero, "
            "or take another method."
        )
