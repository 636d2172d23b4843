"""The smallest change of several weights at once that unseats the leader.

A rival draws level where the weighted sum of the gaps to it vanishes: a plane that cuts the simplex of
weights. How far away that plane lies is exact in each measure of distance, without a search.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.scoring.inputs import LARGEST_AMOUNT
from pmlib.scoring.matrix import decision_matrix
from pmlib.scoring.ranks import TIE, FloatArray

# A weight that moves less than this does not move.
_STILL = 1e-12
# Rounding in the last bits of a float is no step.
_LAST_BITS = 1e-7
_POINT, _MOST_DIGITS = 0.01, 6


@dataclass(frozen=True, eq=False, kw_only=True)
class Unseating:
    """How little the weights must change before another project leads.

    Attributes
    ----------
    leader : str
        The project in first place at the weights given.
    rival : str or None
        The project that takes over after the least move; None where no weights unseat the leader.
    table : DataFrame
        One row per rival, the nearest first: project_id, lead (points by which the leader is ahead), moved
        (share of all weight, 0-1, that must move at least), largest_change (by how much at least the weight that
        changes most must change, 0-1), euclidean (least distance between the weights; NaN where the nearest point
        would need a negative weight). All three are NaN for a rival that no weights put ahead. At these weights
        the rival is level with the leader; any more puts it ahead. Of the first row that is first place.
    weights : DataFrame
        One row per criterion: criterion, weight (share 0-1), least_moved and least_single (the weights at which
        the rival draws level, with the least weight moved and with the least largest change).
    """

    leader: str
    rival: str | None
    table: pd.DataFrame
    weights: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per rival, the nearest first."""
        return self.table.copy(deep=False)

    @property
    def moved(self) -> float:
        """Share of all weight that must move at least, 0-1; NaN where no weights unseat the leader."""
        return float(self.table["moved"].iloc[0]) if len(self.table) else math.nan

    def summary(self) -> str:
        """Say which weight must move where, how much of it, and who is first then."""
        if self.rival is None:
            return f"No weights put another project ahead of {self.leader}."
        if self.moved <= _STILL:
            return f"{self.leader} and {self.rival} share first place: the least change of the weights separates them."
        change = self.weights["least_moved"] - self.weights["weight"]
        givers, takers = (self.weights.loc[sign * change > _STILL, "criterion"] for sign in (-1.0, 1.0))
        never = int(self.table["moved"].isna().sum())
        rest = f" No weights put {never} of its {len(self.table)} rivals ahead of it." if never else ""
        single = float(self.table["largest_change"].min())
        return (
            f"Moving {_in_points(self.moved)} percentage points of weight from {_and(givers)} to {_and(takers)} brings "
            f"{self.rival} level with {self.leader}, any more puts it first; with a change of less than "
            f"{_in_points(single, safe=True)} points in every weight {self.leader} stays first.{rest}"
        )

    def headline(self) -> dict[str, str]:
        """Give the weight that must move and who is first then."""
        if self.rival is None:
            return {f"0 of {len(self.table)}": f"rivals can pass {self.leader}"}
        return {
            f"{_in_points(self.moved)} %": f"of weight to move before {self.rival} is first",
            f"{int(self.table['moved'].notna().sum())} of {len(self.table)}": f"rivals can pass {self.leader}",
        }

    def __repr__(self) -> str:
        """Say it in one line."""
        first = "no weights put another ahead"
        if self.rival is not None:
            first = f"{self.rival} is first once more than {_in_points(self.moved)} % of weight moves"
        return f"<Unseating: {self.leader} leads; {first}>"


def unseat(points: pd.DataFrame, weights: Mapping[str, float] | pd.Series) -> Unseating:
    """Find the smallest change of the weights that puts another project first.

    All weights may change at once; they stay 0 or more and sum to 1. The least move is never larger than a
    change of one weight alone. With one project or one criterion nothing can unseat the leader.

    Parameters
    ----------
    points : DataFrame of shape (n_projects, n_criteria)
        Points of each project on each criterion, the more the better.
    weights : mapping or Series of criterion to number
        0 or more, one per criterion; rescaled to sum 1.

    Returns
    -------
    Unseating

    Raises
    ------
    ParameterError
        A label stands twice, points are no finite numbers, or weights do not fit the criteria.

    References
    ----------
    Ríos Insua & French (1991), European Journal of Operational Research 54, 176-190: nearest competitors; Wolters
    & Mareschal (1995), European Journal of Operational Research 81, 281-290: least change that puts one first.

    Examples
    --------
    >>> points = pd.DataFrame({"reach": [80.0, 40.0], "risk": [20.0, 50.0]}, index=["A", "B"])
    >>> unseat(points, {"reach": 60, "risk": 40}).summary()
    'Moving 17.1 percentage points of weight from reach to risk brings B level with A, any more puts it first; with \
a change of less than 17.1 points in every weight A stays first.'
    """
    matrix = decision_matrix(points, weights=weights)
    shares, array = matrix.weights.to_numpy(), matrix.array
    values = array @ shares
    first = int(np.argmax(values >= values.max() - TIE))
    gaps = array[first] - np.delete(array, first, axis=0)
    leads = np.maximum(gaps @ shares, 0.0)
    # Only proportions of the gaps count from here on; squares of large ones would leave the floats.
    size = max(float(np.abs(gaps).max(initial=0.0)) / LARGEST_AMOUNT, 1.0)
    gaps = gaps / size
    by_sum, by_single = _least_moved(gaps, shares), _least_single(gaps, shares)
    table = pd.DataFrame({
        "project_id": matrix.levels.index.delete(first),
        "lead": leads,
        "moved": np.abs(by_sum - shares).sum(axis=1) / 2,
        "largest_change": np.abs(by_single - shares).max(axis=1),
        "euclidean": _euclidean(gaps, shares),
    })  # fmt: skip
    table.loc[gaps.min(axis=1) >= -TIE, ["moved", "largest_change", "euclidean"]] = np.nan
    order = np.lexsort((table["lead"], table["moved"]))
    nearest = int(order[0]) if len(order) and not np.isnan(table["moved"].iloc[order[0]]) else None
    return Unseating(
        leader=str(matrix.levels.index[first]),
        rival=None if nearest is None else str(table["project_id"].iloc[nearest]),
        table=table.iloc[order].reset_index(drop=True),
        weights=pd.DataFrame({
            "criterion": matrix.levels.columns,
            "weight": shares,
            "least_moved": shares if nearest is None else by_sum[nearest],
            "least_single": shares if nearest is None else by_single[nearest],
        }),
    )  # fmt: skip


def _least_moved(gaps: FloatArray, shares: FloatArray) -> FloatArray:
    """Weights at which each rival draws level with the least weight moved, shape (n_rivals, n_criteria).

    A unit of weight brings the rival most when it goes to the criterion on which the rival is best placed, and
    comes from where it is worst placed: taking from the worst first is the least, as in a continuous knapsack.
    """
    order = np.argsort(-gaps, axis=1, kind="stable")
    ranked, held = np.take_along_axis(gaps, order, axis=1), shares[order]
    gain = ranked - ranked[:, -1:]
    missing = np.maximum(gaps @ shares, 0.0)[:, np.newaxis] - _before(held * gain)
    taken = np.clip(np.divide(missing, gain, out=np.zeros_like(gain), where=gain > 0), 0.0, held)
    moved = held - taken
    moved[:, -1:] += taken.sum(axis=1, keepdims=True)
    return _unsorted(moved, order)


def _least_single(gaps: FloatArray, shares: FloatArray) -> FloatArray:
    """Weights at which each rival draws level with the least largest change, shape (n_rivals, n_criteria).

    With no weight changed by more than t, the rival gains at most the minimum over k of
    ``S_k(t) = sum_i min(t, w_i) max(g_i - g_k, 0) + t sum_i max(g_k - g_i, 0)`` (duality of the knapsack). Each
    S_k is concave with knots at the weights, so it is the least of its tangents, and t the largest root of these.
    """
    lead = np.maximum(gaps @ shares, 0.0)[:, np.newaxis, np.newaxis]
    above = gaps[:, :, np.newaxis] - gaps[:, np.newaxis, :]
    taken, given = np.maximum(above, 0.0), np.maximum(-above, 0.0).sum(axis=1)[:, :, np.newaxis]
    knots = np.append(0.0, shares)
    at = np.einsum("rik,ib->rkb", taken, np.minimum(knots, shares[:, np.newaxis])) + given * knots
    slope = np.einsum("rik,ib->rkb", taken, np.where(shares[:, np.newaxis] > knots, 1.0, 0.0)) + given
    roots = np.divide(lead - at, slope, out=np.full_like(at, -np.inf), where=slope > 0) + knots
    change = roots.max(axis=(1, 2), initial=0.0)[:, np.newaxis]
    lowest = np.maximum(shares - change, 0.0)
    order = np.argsort(gaps, axis=1, kind="stable")
    room = np.take_along_axis(shares + change - lowest, order, axis=1)
    filled = np.clip(1.0 - lowest.sum(axis=1, keepdims=True) - _before(room), 0.0, room)
    return np.asarray(lowest + _unsorted(filled, order))


def _euclidean(gaps: FloatArray, shares: FloatArray) -> FloatArray:
    """Distance to the plane on which each rival is level; NaN where its nearest point has a negative weight."""
    within = gaps - gaps.mean(axis=1, keepdims=True)
    square = (within**2).sum(axis=1)
    step = np.divide(np.maximum(gaps @ shares, 0.0), square, out=np.zeros_like(square), where=square > 0)
    negative = (shares - step[:, np.newaxis] * within < -_STILL).any(axis=1)
    return np.where(negative, np.nan, step * np.sqrt(square))


def _before(parts: FloatArray) -> FloatArray:
    """Sum of what stands left of each column."""
    return np.asarray(np.cumsum(parts, axis=1) - parts)


def _unsorted(parts: FloatArray, order: npt.NDArray[np.intp]) -> FloatArray:
    back = np.empty_like(parts)
    np.put_along_axis(back, order, parts, axis=1)
    return back


def _in_points(share: float, *, safe: bool = False) -> str:
    """Write a share as percentage points with what digits it needs; rounded down where it must be safe."""
    digits = 1 if share >= _POINT or share <= _STILL else min(1 - math.floor(math.log10(100 * share)), _MOST_DIGITS)
    steps = 100 * share * 10**digits
    return f"{(math.floor(steps + _LAST_BITS) if safe else round(steps)) / 10**digits:.{digits}f}"


def _and(names: pd.Series) -> str:
    *rest, last = names.astype(str)
    return f"{', '.join(rest)} and {last}" if rest else last
