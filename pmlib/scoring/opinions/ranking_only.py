"""What every second opinion hands back: an order of alternatives, typed so that nobody adds its numbers up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.scoring.matrix import DecisionMatrix, decision_matrix
from pmlib.scoring.ranks import TIE, FloatArray, IntArray
from pmlib.scoring.values import Direction

#: Differences up to this share of the level are rounding.
ROUNDING = 8 * float(np.finfo(float).eps)

Levels = pd.DataFrame | DecisionMatrix
Shares = Mapping[str, float] | pd.Series | None
Directions = Mapping[str, Direction | str] | pd.Series | Direction | str


@dataclass(frozen=True, eq=False, kw_only=True)
class RankingOnly:
    """An order of alternatives whose numbers mean nothing outside this set of alternatives.

    Attributes
    ----------
    method : str
        What ranked them.
    by : str
        The column that gives the order.
    numbers : DataFrame, index alternative
        The method's own numbers in the order of the levels; every Series carries ``attrs["ranking_only"]``.
    keys : ndarray of shape (n_alternatives,)
        What is ranked, in the order of ``numbers``, the larger the better.
    assumptions : tuple of str
        What the method takes for granted.
    notes : tuple of str
        What was rescaled, or says nothing here.
    """

    ranking_only: ClassVar[bool] = True

    method: str
    by: str
    numbers: pd.DataFrame
    keys: FloatArray
    assumptions: tuple[str, ...]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        only_ranks(self.numbers)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per alternative, best first: alternative, rank (ties share the better one), the numbers."""
        order, ranks = best_first(self.keys)
        columns: dict[str, Any] = {"alternative": self.numbers.index.take(order), "rank": ranks}
        columns |= {str(name): cells.to_numpy()[order] for name, cells in self.numbers.items()}
        return only_ranks(pd.DataFrame(columns, copy=False))

    @property
    def ranks(self) -> pd.Series:
        """Rank by alternative, 1 = best; ``attrs`` say that they are no values."""
        return self.table.set_index("alternative")["rank"]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per alternative, best first."""
        return self.table.copy(deep=False)

    def summary(self) -> str:
        """Say who comes first by this method, and what the ranking is no use for."""
        first, n = self.table.iloc[0], len(self.table)
        level = int((self.table["rank"] == 1).sum())
        lead = f"{self.method} ranks {first['alternative']} first of {n} (by {self._words}, {first[self.by]:.3f})"
        if level > 1:
            lead = f"{self.method} lets {level} of {n} share first place (by {self._words}, {first[self.by]:.3f})"
        elif n > 1:
            second = self.table.iloc[1]
            lead += f", then {second['alternative']} ({second[self.by]:.3f})"
        return f"Ranking only: {lead}. The numbers change with the set of alternatives and cannot be added up."

    def headline(self) -> dict[str, str]:
        """Give the number of alternatives and who comes first."""
        first = self.table.iloc[0]
        return {
            str(len(self.table)): f"ranked by {self.method}, ranking only",
            f"{first[self.by]:.3f}": f"{self._words} of {first['alternative']}, first",
        }

    def __repr__(self) -> str:
        """Say it in one line."""
        rows = self.table.head(3)
        order = ", then ".join(f"{name} {number:.3f}" for name, number in
                               zip(rows["alternative"], rows[self.by], strict=True))
        return f"<Ranking only: {self.method} by {self._words}; {len(self.table)} alternatives; first {order}>"

    @property
    def _words(self) -> str:
        return self.by.replace("_", " ")


def only_ranks(frame: pd.DataFrame) -> pd.DataFrame:
    """Mark a frame, and so every Series taken from it, as no values to add up."""
    frame.attrs["ranking_only"] = True
    return frame


def as_matrix(levels: Levels, *, weights: Shares, directions: Directions) -> DecisionMatrix:
    """Take a decision matrix as it is, or put one together.

    Raises
    ------
    ParameterError
        A decision matrix comes with further weights or directions, or the levels cannot be ranked.
    """
    if not isinstance(levels, DecisionMatrix):
        return decision_matrix(levels, weights=weights, directions=directions)
    if weights is not None or not (isinstance(directions, str) and directions == Direction.MAXIMISE):
        raise ParameterError("levels: got a DecisionMatrix together with weights or directions, allowed one of the "
                             "two. Leave them out: the matrix carries its own.")
    return levels


def best_first(keys: FloatArray) -> tuple[IntArray, IntArray]:
    """Order alternatives by a key, the largest first; ties stay in the order of the table.

    Parameters
    ----------
    keys : ndarray of shape (n,)
        What is ranked; differences up to 1e-9 are ties.

    Returns
    -------
    order, ranks : integer ndarrays of shape (n,)
        Places in the table, best first, and the rank of each of them: 1 + how many lie above by more than a tie.

    Examples
    --------
    >>> best_first(np.array([5.0, 7.0, 7.0, 1.0]))
    (array([1, 2, 0, 3]), array([1, 1, 3, 4]))
    """
    below = -keys
    order = np.argsort(below)
    below = below[order]
    ranks = np.arange(1, len(keys) + 1)
    tied = 1 + np.flatnonzero(below[1:] - below[:-1] <= TIE)
    if len(tied):
        ranks[tied] = 1 + np.searchsorted(below, below[tied] - TIE)
        # Each run of ties, with the first of it, goes back to the order of the table.
        run = np.union1d(tied, ranks[tied] - 1)
        order[run] = order[run][np.lexsort((order[run], ranks[run]))]
    return order, ranks


def no_span(low: FloatArray, high: FloatArray) -> npt.NDArray[np.bool_]:
    """Mark the criteria on which all alternatives are the same but for rounding.

    Parameters
    ----------
    low, high : ndarrays of shape (n_criteria,)
        Smallest and largest level.
    """
    # The reciprocal of a smaller span leaves the floats.
    return np.asarray(high - low <= np.maximum(ROUNDING * np.maximum(np.abs(low), np.abs(high)), 1e-300))


def same_for_all(matrix: DecisionMatrix, same: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    """Say which criteria tell no alternative from another, and that a single one has no rival.

    Parameters
    ----------
    matrix : DecisionMatrix
        The criteria and alternatives.
    same : ndarray of shape (n_criteria,)
        Whether all alternatives are the same on a criterion.
    """
    if len(matrix.levels) == 1:
        return ("There is only one alternative: it is first without a rival.",)
    return tuple(f"All alternatives are the same on {name}: it says nothing." for name in matrix.levels.columns[same])
