"""Which projects another one beats whatever the weights, and which can still be first for some weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, SolverError, did_you_mean
from pmlib.scoring.inputs import of_kind
from pmlib.scoring.matrix import decision_matrix
from pmlib.scoring.ranks import TIE, FloatArray, IntArray
from pmlib.scoring.robust.polytope import BoolArray
from pmlib.scoring.robust.weight_space import WeightSpace, weight_space

# Pairs compared at once; names written out in a cell.
_PAIRS, _NAMED = 2_000_000, 3
# A linear program is exact to about this many points.
_LEVEL = 1e-7
_LP = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10, "presolve": False}


@dataclass(frozen=True, eq=False, kw_only=True)
class Pareto:
    """Which projects are beaten on every criterion by another one.

    Attributes
    ----------
    table : DataFrame
        One row per project: project_id, dominated (another is as good on every criterion and better on one),
        dominated_by (project_ids, the one with most points in sum first; empty where nobody), n_dominators,
        n_better (criteria on which the first of these is better), n_dominates.
    n_criteria : int
        How many criteria there are.
    """

    table: pd.DataFrame
    n_criteria: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project."""
        return self.table.copy(deep=False)

    def summary(self) -> str:
        """Say how many projects another one beats on every criterion, and who beats most."""
        beaten = int(self.table["dominated"].sum())
        if not beaten:
            return f"None of {len(self.table)} projects is beaten by another on all {self.n_criteria} criteria."
        most = self.table.iloc[int(np.argmax(self.table["n_dominates"]))]
        return (
            f"{beaten} of {len(self.table)} projects {'is' if beaten == 1 else 'are'} no better than another on any of "
            f"{self.n_criteria} criteria and worse on at least one; {most['project_id']} alone is ahead of "
            f"{most['n_dominates']} of them."
        )

    def headline(self) -> dict[str, str]:
        """Give the number of projects that no other beats."""
        left = len(self.table) - int(self.table["dominated"].sum())
        return {f"{left} of {len(self.table)}": "projects that no other beats on every criterion"}

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<Pareto: {self.summary()}>"


@dataclass(frozen=True, eq=False, kw_only=True)
class Dominance:
    """What can be said of a ranking when only limits of the weights are known.

    Attributes
    ----------
    table : DataFrame
        One row per project: project_id, low, high, central (least and greatest value over the weights allowed and
        their middle, points), regret (points by which another can be ahead at most), best_lead (points by which
        it is ahead of all others at the weights best for it, negative: behind; NaN without others), can_be_first
        (best_lead is 0 or more), dominated_by (project_ids; empty where nobody), n_dominators, n_dominates.
    matrix : DataFrame of shape (n_projects, n_projects)
        True where the project of the row has at least the value of the project of the column for all weights
        allowed, and more for some.
    best_weights : DataFrame of shape (n_projects, n_criteria)
        The weights of ``best_lead``.
    statements : tuple of str
        What is known of the weights.
    """

    table: pd.DataFrame
    matrix: pd.DataFrame
    best_weights: pd.DataFrame
    statements: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project."""
        return self.table.copy(deep=False)

    def pairs(self) -> pd.DataFrame:
        """Return one row per dominating pair: project_id, dominates."""
        above, below = np.nonzero(self.matrix.to_numpy())
        ids = self.table["project_id"]
        return pd.DataFrame({"project_id": ids.to_numpy()[above], "dominates": ids.to_numpy()[below]})

    def rules(self) -> pd.DataFrame:
        """Return who is first by each rule for a choice without weights.

        Returns
        -------
        DataFrame
            rule, project_id (several where level), points (the figure by which it is best), meaning.

        References
        ----------
        Salo & Hämäläinen (2001), IEEE Transactions on Systems, Man, and Cybernetics A 31, 533-545.
        """
        rows = []
        for rule, column, sign, meaning in _RULES:
            figures = sign * self.table[column]
            best = self.table.loc[figures >= figures.max() - TIE, "project_id"]
            rows.append((rule, _named(best.to_list(), n=len(best)), abs(figures.max()), meaning))
        return pd.DataFrame(rows, columns=["rule", "project_id", "points", "meaning"])

    def summary(self) -> str:
        """Say how many are out for all weights, who can be first and whom the cautious rules choose."""
        out, first = int((self.table["n_dominators"] > 0).sum()), self.table[self.table["can_be_first"]]
        told = _named(self.statements, n=len(self.statements), between="; ") or "no statement on the weights"
        rules = self.rules().set_index("rule")["project_id"]
        chosen = f"{rules['maximin']} by maximin, {rules['minimax regret']} by minimax regret"
        if rules["maximin"] == rules["minimax regret"]:
            chosen = f"{rules['maximin']} by maximin and by minimax regret"
        return (
            f"With {told}, {out} of {len(self.table)} projects are behind another for all weights, and {len(first)} "
            f"can be first: {_named(first['project_id'].to_list(), n=len(first))}. Chosen without more: {chosen}."
        )

    def headline(self) -> dict[str, str]:
        """Give how many can be first and the cautious choice."""
        regret = self.rules().set_index("rule").loc["minimax regret"]
        return {
            f"{int(self.table['can_be_first'].sum())} of {len(self.table)}": "projects can be first for some weights",
            f"{regret['points']:.1f}": f"points at most behind another, {regret['project_id']}: the least regret",
        }

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<Dominance: {self.summary()}>"


_RULES = (
    ("maximax", "high", 1.0, "greatest value at the weights best for it"),
    ("maximin", "low", 1.0, "greatest value at the weights worst for it"),
    ("central", "central", 1.0, "greatest middle of its least and greatest value"),
    ("minimax regret", "regret", -1.0, "least that another can be ahead"),
)


def pareto(points: pd.DataFrame, *, low: pd.DataFrame | None = None, high: pd.DataFrame | None = None) -> Pareto:
    """Find the projects that another one beats whatever weights and value of the criteria.

    A project is dominated when another is at least as good on every criterion and better on at least one; equal
    projects do not dominate each other. With missing scores only what is sure counts: the other's lowest points
    must reach the highest points of the dominated one.

    Parameters
    ----------
    points : DataFrame of shape (n_projects, n_criteria)
        Points, the more the better.
    low, high : DataFrame of shape (n_projects, n_criteria), optional
        Bounds of the points where a score is missing; by default ``points``.

    Returns
    -------
    Pareto

    Raises
    ------
    ParameterError
        A label stands twice, points are no finite numbers, or lie outside their bounds.

    Examples
    --------
    >>> points = pd.DataFrame({"reach": [80, 40, 40], "risk": [50, 50, 60]}, index=["A", "B", "C"])
    >>> pareto(points).to_frame()[["project_id", "dominated", "dominated_by"]]
      project_id  dominated dominated_by
    0          A      False          NaN
    1          B       True         A, C
    2          C      False          NaN
    """
    levels = decision_matrix(points).levels
    least, most = bounds(levels, low, side="low"), bounds(levels, high, side="high")
    table, first = _screened(_ahead(least, most), least.sum(axis=1), ids=levels.index)
    better = np.where(first >= 0, (least[first] > most + TIE).sum(axis=1), 0)
    table.insert(1, "dominated", first >= 0)
    table.insert(4, "n_better", better)
    return Pareto(table=table, n_criteria=levels.shape[1])


def dominance(
    points: pd.DataFrame, space: WeightSpace | None = None, *, low: pd.DataFrame | None = None,
    high: pd.DataFrame | None = None,
) -> Dominance:
    """Find what limits of the weights alone say: who is behind another for all of them, and who can be first.

    A value is linear in the weights, so its extremes, and those of a difference, lie in the corners of the space;
    who can be first is a linear program per project. A project alone is first; with one criterion the values are
    its points.

    Parameters
    ----------
    points : DataFrame of shape (n_projects, n_criteria)
        Points, the more the better.
    space : WeightSpace, optional
        What is known of the weights (`weight_space`); by default nothing, and dominance is that of `pareto`.
    low, high : DataFrame of shape (n_projects, n_criteria), optional
        Bounds of the points where a score is missing; by default ``points``. Dominance is then what is sure, and
        ``can_be_first`` what is possible.

    Returns
    -------
    Dominance

    Raises
    ------
    ParameterError
        Labels do not fit each other, points are no finite numbers, or the space has more than 5,000 corners.

    References
    ----------
    Kofler, Kmietowicz & Pearman (1984), Journal of the Operational Research Society 35, 1079-1090 (dominance through
    corners); Hazen (1986), Operations Research 34, 296-310 (potential optimality); Salo & Hämäläinen (1992),
    Operations Research 40, 1053-1061 (imprecise ratios).

    Examples
    --------
    >>> points = pd.DataFrame({"reach": [80, 60, 20], "risk": [20, 50, 60]}, index=["A", "B", "C"])
    >>> known = weight_space(["reach", "risk"], order=["reach", "risk"])
    >>> dominance(points, known).to_frame()[["project_id", "low", "high", "can_be_first", "dominated_by"]]
      project_id   low  high  can_be_first dominated_by
    0          A  50.0  80.0          True          NaN
    1          B  55.0  60.0          True          NaN
    2          C  20.0  40.0         False         A, B
    """
    levels = decision_matrix(points).levels
    space = weight_space(list(levels.columns)) if space is None else \
        of_kind(space, WeightSpace, what="space", remedy="Make one with weight_space.")
    _refuse_other_criteria(levels, space)
    place = levels.columns.get_indexer(pd.Index(space.leaves))
    bottom, top = bounds(levels, low, side="low")[:, place], bounds(levels, high, side="high")[:, place]
    corners = space.vertices().T
    least, most = bottom @ corners, top @ corners
    ahead = _ahead(least, most)
    table, _ = _screened(ahead, least.sum(axis=1), ids=levels.index)
    weights = _best_weights(bottom, top, space, beaten=_ahead(least, least))
    lead = (top * weights).sum(axis=1) - _best_other(bottom @ weights.T)
    figures = pd.DataFrame({
        "low": least.min(axis=1), "high": most.max(axis=1), "central": (least.min(axis=1) + most.max(axis=1)) / 2,
        "regret": _regret(least, most), "best_lead": lead, "can_be_first": ~(lead < -_LEVEL),
    })  # fmt: skip
    ids = pd.Index(levels.index, name="project_id")
    return Dominance(
        table=pd.concat([table[["project_id"]], figures, table.drop(columns="project_id")], axis=1),
        matrix=pd.DataFrame(ahead, index=ids, columns=ids), statements=space.statements,
        best_weights=pd.DataFrame(weights, index=ids, columns=list(space.leaves))[list(levels.columns)],
    )


def bounds(levels: pd.DataFrame, given: pd.DataFrame | None, *, side: str) -> FloatArray:
    """Return bounds of the points in the order of their labels; the points themselves where none are given.

    Parameters
    ----------
    levels : DataFrame of shape (n_projects, n_criteria)
        Points, finite numbers.
    given : DataFrame of shape (n_projects, n_criteria) or None
        The bounds, in any order of rows and columns.
    side : {"low", "high"}
        Which bounds they are.

    Raises
    ------
    ParameterError
        The labels differ, a bound is no finite number or lies on the wrong side of the points.
    """
    array = levels.to_numpy()
    if given is None:
        return array
    try:
        frame = decision_matrix(given).levels
    except ParameterError as error:
        raise ParameterError(str(error).replace("levels", side, 1)) from error
    for labels, known in ((frame.index, levels.index), (frame.columns, levels.columns)):
        if odd := sorted(set(labels) ^ set(known), key=str):
            raise ParameterError(f"{side}: {odd[0]!r} is not in both frames. Give the bounds the labels of points.")
    limit: FloatArray = frame.loc[levels.index, levels.columns].to_numpy()
    wrong = limit < array - TIE if side == "high" else limit > array + TIE
    if wrong.any():
        i, j = (int(place[0]) for place in np.nonzero(wrong))
        raise ParameterError(
            f"{side}: {levels.index[i]!r} has {limit[i, j]:g} on {levels.columns[j]!r}, allowed at "
            f"{'least' if side == 'high' else 'most'} {array[i, j]:g}, its points. Correct the cell."
        )
    return limit


def _ahead(low: FloatArray, high: FloatArray) -> BoolArray:
    """Mark [a, b] where the low of a reaches the high of b in every column and passes it in one."""
    n = len(low)
    ahead = np.zeros((n, n), dtype=bool)
    size = max(_PAIRS // n, 1)
    for start in range(0, n, size):
        block = low[start : start + size]
        reaches, passes = np.ones((len(block), n), dtype=bool), np.zeros((len(block), n), dtype=bool)
        for column in range(low.shape[1]):
            reaches &= block[:, column, np.newaxis] >= high[:, column] - TIE
            passes |= block[:, column, np.newaxis] > high[:, column] + TIE
        ahead[start : start + size] = reaches & passes
    return ahead


def _screened(ahead: BoolArray, size: FloatArray, *, ids: pd.Index) -> tuple[pd.DataFrame, IntArray]:
    """Name who dominates each project, the largest first, and return the place of the first (-1: nobody)."""
    order, counts = np.argsort(-size, kind="stable"), ahead.sum(axis=0)
    found = [order[np.flatnonzero(row)[:_NAMED]] for row in ahead.T[:, order]]
    names = [_named(ids[who].to_list(), n=n) if n else None for who, n in zip(found, counts, strict=True)]
    table = pd.DataFrame({
        "project_id": ids,
        "dominated_by": pd.Series(names, dtype="str"),
        "n_dominators": counts,
        "n_dominates": ahead.sum(axis=1),
    })  # fmt: skip
    return table, np.array([who[0] if len(who) else -1 for who in found])


def _best_weights(bottom: FloatArray, top: FloatArray, space: WeightSpace, *, beaten: BoolArray) -> FloatArray:
    """Weights at which each project is furthest ahead of all others: one linear program per project.

    A project that a third one beats cannot be the best of the others, so it needs no row.
    """
    from scipy.optimize import linprog

    n, n_beaten = len(space.leaves), beaten.sum(axis=0)
    held = np.column_stack([space.rows, np.zeros(len(space.rows))])
    # A project alone has no lead that could be made as large as can be.
    ends = [(0.0, 1.0)] * n + [(-np.inf, np.inf if len(bottom) > 1 else 0.0)]
    common: dict[str, Any] = {"A_eq": [[1.0] * n + [0.0]], "b_eq": [1.0], "bounds": ends, "options": _LP}
    best = np.empty_like(bottom)
    for i, own in enumerate(top):
        rivals = n_beaten == beaten[i]
        rivals[i] = False
        behind = np.column_stack([bottom[rivals] - own, np.ones(int(rivals.sum()))])
        limits = np.append(space.limits, np.zeros(len(behind)))
        found = linprog([0.0] * n + [-1.0], A_ub=np.vstack([held, behind]), b_ub=limits, **common)
        if found.x is None:
            raise SolverError(f"dominance: the best weights of row {i + 1} were not found ({found.message}). "
                              "Loosen the statements on the weights.")
        best[i] = found.x[:n]
    return best


def _best_other(values: FloatArray) -> FloatArray:
    """Best value of the others in the column of each project; NaN without others.

    Parameters
    ----------
    values : ndarray of shape (n_projects, n_projects)
        Values of all projects (rows) at the weights that are best for each (columns).
    """
    others = values.copy()
    np.fill_diagonal(others, -np.inf)
    return np.asarray(others.max(axis=0) if len(values) > 1 else [np.nan])


def _regret(least: FloatArray, most: FloatArray) -> FloatArray:
    """Points by which another project can be ahead at most, 0 or more, shape (n_projects,)."""
    if len(least) == 1:
        return np.zeros(1)
    second, first = np.partition(most, -2, axis=0)[-2:]
    leads = np.arange(len(most))[:, np.newaxis] == most.argmax(axis=0)
    return np.asarray(np.maximum((np.where(leads, second, first) - least).max(axis=1), 0.0))


def _refuse_other_criteria(levels: pd.DataFrame, space: WeightSpace) -> None:
    both = {"the points": set(levels.columns), "the weight space": set(space.leaves)}
    for side, other in (("the points", "the weight space"), ("the weight space", "the points")):
        if odd := sorted(both[other] - both[side]):
            raise ParameterError(f"dominance: criterion {odd[0]!r} of {other} is not in {side}. "
                                 f"{did_you_mean(odd[0], sorted(both[side]))} Give both the same criteria.")


def _named(words: Sequence[str], *, n: int, between: str = ", ") -> str:
    """Write the first of n words."""
    more = f" and {n - _NAMED} more" if n > _NAMED else ""
    return between.join(str(word) for word in words[:_NAMED]) + more
