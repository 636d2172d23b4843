"""How often one project beats another over all weights that are possible, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.scoring.inputs import frame_of, of_kind
from pmlib.scoring.matrix import decision_matrix
from pmlib.scoring.ranks import TIE, FloatArray
from pmlib.scoring.robust.weight_space import WeightSpace, ordered_points, weight_space
from pmlib.scoring.robustness import percent


@dataclass(frozen=True, eq=False, kw_only=True)
class PairwiseWinning:
    """How often each project beats each other.

    Attributes
    ----------
    shares : DataFrame of shape (n_projects, n_projects)
        Pairwise winning index: share of the weights with which the project of the row has more points than that of
        the column. Ties are won by neither; 0 on the diagonal.
    draws : int or None
        Draws in which wins were counted; None where the shares are exact.
    """

    shares: pd.DataFrame
    draws: int | None

    def standard_errors(self) -> pd.DataFrame:
        """Return the standard error of each share; 0 where shares are exact."""
        return (self.shares * (1 - self.shares) / (self.draws or np.inf)) ** 0.5

    def to_frame(self) -> pd.DataFrame:
        """Return one row and one column per project."""
        return self.shares.copy(deep=False)

    def summary(self) -> str:
        """Say which project beats every other most surely, and against whom it is least sure."""
        best, rival, share = self._surest()
        if rival is None:
            return f"{best} is the only project."
        source = f"{self.draws:,} draws" if self.draws else "all possible weights"
        return f"{best} beats every other project in {percent(share)} of {source} or more; {rival} comes nearest to it."

    def headline(self) -> dict[str, str]:
        """Give the surest project's narrowest win as a figure."""
        best, rival, share = self._surest()
        if rival is None:
            return {"1": "project"}
        return {percent(share): f"chance that {best} beats {rival}, its nearest rival",
                str(len(self.shares)): "projects compared in pairs"}

    def __repr__(self) -> str:
        """Say it in one line."""
        best, rival, share = self._surest()
        narrowest = f"; {best} beats {rival} in {percent(share)}, any other more often" if rival else ""
        return f"<PairwiseWinning: {len(self.shares)} projects{narrowest}>"

    def _surest(self) -> tuple[str, str | None, float]:
        """Project with the largest of all narrowest wins, its nearest rival, and that share."""
        others = self.shares.mask(np.eye(len(self.shares), dtype=bool))
        if len(others) == 1:
            return str(others.index[0]), None, 1.0
        narrowest = others.min(axis=1)
        best = int(narrowest.to_numpy().argmax())
        return str(others.index[best]), str(others.iloc[best].idxmin()), float(narrowest.iloc[best])


def pairwise_winning_index(points: pd.DataFrame, *, space: WeightSpace | None = None) -> PairwiseWinning:
    """Find the share of all weights with which each project beats each other, exactly.

    Parameters
    ----------
    points : DataFrame of shape (n_projects, n_leaves)
        Value of each project on each criterion, finite. Differences up to 1e-9 points are ties.
    space : WeightSpace, optional
        The possible weights, all the same likely; by default all. It may be narrowed by an order, not by intervals
        or linear statements.

    Returns
    -------
    PairwiseWinning

    Raises
    ------
    ParameterError
        The space has intervals or linear statements, its criteria differ, or points are no complete matrix.

    References
    ----------
    Leskinen, Viitanen, Kangas & Kangas (2006), Forest Science 52, 304-312: the pairwise winning index. Varsi (1973),
    Pacific Journal of Mathematics 46, 303-314: the part of a simplex on one side of a plane.

    Examples
    --------
    >>> points = pd.DataFrame({"reach": [100, 70], "fit": [0, 10]}, index=["A", "B"])
    >>> pairwise_winning_index(points).shares.to_numpy().tolist()
    [[0.0, 0.75], [0.25, 0.0]]
    """
    points = frame_of(points, what="points")
    allowed = weight_space([str(name) for name in points.columns]) if space is None else \
        of_kind(space, WeightSpace, what="space", remedy="Make one with weight_space.")
    if allowed.n_cuts:
        raise ParameterError("pairwise_winning_index: got a space with intervals or linear statements, allowed an "
                             "order or nothing. Use acceptability(points, space=...).pairwise(), which draws weights.")
    levels = decision_matrix(ordered_points(points, allowed)).levels
    corners = levels.to_numpy(dtype=float) @ allowed.base.T
    shares = np.array([positive_share(one - corners) for one in corners])
    ids = levels.index.rename("project_id")
    return PairwiseWinning(shares=pd.DataFrame(shares, index=ids, columns=ids.rename("beaten")), draws=None)


def positive_share(gaps: FloatArray) -> FloatArray:
    """Share of a simplex on which a linear function is above 0.

    It is the divided difference of max(x, 0)^(m - 1) at the m gaps, by a recursion that only takes weighted means of
    numbers between 0 and 1, so that gaps which are equal or nearly so cost no accuracy.

    Parameters
    ----------
    gaps : ndarray of shape (n, m)
        Values of each of n functions in the m corners; those up to 1e-9 are taken as 0.

    Returns
    -------
    ndarray of shape (n,)

    References
    ----------
    Varsi (1973); Ali (1973), Pacific Journal of Mathematics 48, 313-322.

    Examples
    --------
    >>> positive_share(np.array([[3.0, -1.0], [1.0, 1.0], [0.0, 0.0]]))
    array([0.75, 1.  , 0.  ])
    """
    sorted_gaps = np.sort(np.where(np.abs(gaps) <= TIE, 0.0, gaps), axis=1)
    up, down = np.maximum(sorted_gaps, 0.0), np.maximum(-sorted_gaps, 0.0)
    n, m = gaps.shape
    # Column k: the share within the corners so far and the first k of those that are not above 0.
    shares = np.zeros((n, m + 1))
    shares[:, 0] = 1.0
    for h in range(m):
        for k in range(h):
            met = (up[:, h] > 0) & (up[:, k] == 0)
            total = np.where(met, up[:, h] + down[:, k], 1.0)
            mixed = (up[:, h] * shares[:, k] + down[:, k] * shares[:, k + 1]) / total
            shares[:, k + 1] = np.where(met, mixed, shares[:, k + 1])
    return np.asarray(shares[np.arange(n), (up == 0).sum(axis=1)])
