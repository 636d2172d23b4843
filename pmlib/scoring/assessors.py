"""Assessors' answers become one value per project and criterion: points first, then the mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ScaleError, SchemaError, did_you_mean
from pmlib.scoring.inputs import read_table
from pmlib.scoring.values import CriteriaTree, FloatArray, ValueFunction, ValueScale

IntArray = npt.NDArray[np.int64]

_COLUMNS = ("project_id", "objective_id", "assessor_id", "raw_level")


@dataclass(frozen=True, eq=False, kw_only=True)
class Judgements:
    """What the assessors say, averaged with equal weight.

    Attributes
    ----------
    points : ndarray of shape (n_projects, n_leaves)
        Mean value, 0 to 100 points; NaN where nobody judged.
    n_assessors : ndarray of shape (n_projects, n_leaves)
        How many judged.
    spread : ndarray of shape (n_projects, n_leaves)
        Sample standard deviation over the assessors in points; NaN where fewer than two judged.
    n_clipped : ndarray of shape (n_leaves,)
        How many levels lie outside their scale and count as its end.
    answers : DataFrame
        One row per answer: project_id, objective_id, assessor_id, raw_level, points (0 to 100).
    """

    points: FloatArray
    n_assessors: IntArray
    spread: FloatArray
    n_clipped: IntArray
    answers: pd.DataFrame


def judged(tables: Mapping[str, Any], tree: CriteriaTree, *, projects: Sequence[str]) -> Judgements:
    """Average how far each project gets on each criterion, as the assessors see it.

    Answers are turned into points before they are averaged: a mean of raw levels would pass through
    a value function that bends at another place. Rows of other projects are left aside.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Needs ``scores``, reduced to one version.
    tree : CriteriaTree
        The leaves and their scales.
    projects : sequence of str
        Projects in the order wanted.

    Raises
    ------
    MissingTableError
        There is no table ``scores``.
    SchemaError
        A row is for an objective that is no leaf, or an assessor judged the same thing twice.
    ScaleError
        A level lies outside a scale that refuses such levels.
    """
    table = read_table(tables, "scores", columns=_COLUMNS)
    row = pd.Index(projects).get_indexer(pd.Index(table["project_id"]))
    table, row = table[row >= 0].reset_index(drop=True), row[row >= 0]
    leaves = tree.leaves
    leaf = pd.Index(leaves).get_indexer(pd.Index(table["objective_id"]))
    _refuse_other_objectives(table, leaf, tree)
    cell = row * len(leaves) + leaf
    _refuse_second_answers(table, cell)
    values, n_clipped = np.empty(len(table)), np.zeros(len(leaves), dtype=np.int64)
    for j, scale in enumerate(tree.scales):
        of_leaf = np.flatnonzero(leaf == j)
        levels = table["raw_level"].to_numpy()[of_leaf]
        _refuse_outside(table, of_leaf, scale, refused=scale.refused(levels))
        values[of_leaf] = scale.value(levels)
        n_clipped[j] = scale.clipped(levels).sum()
    answered = ~np.isnan(values)
    shape = (len(projects), len(leaves))
    points, counts, spread = _by_cell(values[answered], cell[answered], n_cells=shape[0] * shape[1])
    return Judgements(
        points=points.reshape(shape),
        n_assessors=counts.reshape(shape),
        spread=spread.reshape(shape),
        n_clipped=n_clipped,
        answers=table.assign(points=values)[answered],
    )


def rated_leaves(tree: CriteriaTree) -> list[str]:
    """List the leaves judged on the scale that most of them share, such as 1 to 5.

    Only there do raw levels of different criteria compare; codes of a categorical scale never do. No two leaves with
    the same ends: none, unless the tree has a single leaf; two scales shared by as many: the one that comes first.

    Examples
    --------
    >>> from pmlib.scoring import criteria
    >>> frame = pd.DataFrame({"objective_id": ["a", "b", "c"], "name": ["A", "B", "C"],
    ...     "worst": [0.0, 1.0, 1.0], "best": [400.0, 5.0, 5.0]})
    >>> rated_leaves(criteria({"objectives": frame}))
    ['b', 'c']
    """
    ends = {scale.objective_id: (scale.levels[0], scale.levels[-1])
            for scale in tree.scales if scale.function is not ValueFunction.CATEGORICAL}  # fmt: skip
    sharing = Counter(ends.values())
    shared, count = sharing.most_common(1)[0] if sharing else ((), 0)
    if count == 1 < len(tree.scales):
        return []
    return [leaf for leaf, own in ends.items() if own == shared]


def _by_cell(
    values: FloatArray, cell: npt.NDArray[np.intp], *, n_cells: int
) -> tuple[FloatArray, IntArray, FloatArray]:
    counts = np.bincount(cell, minlength=n_cells).astype(np.int64)
    sums = np.bincount(cell, weights=values, minlength=n_cells)
    means: FloatArray = np.divide(sums, counts, out=np.full(n_cells, np.nan), where=counts > 0)
    squares = np.bincount(cell, weights=(values - means[cell]) ** 2, minlength=n_cells)
    spread: FloatArray = np.sqrt(np.divide(squares, counts - 1, out=np.full(n_cells, np.nan), where=counts > 1))
    return means, counts, spread


def _refuse_other_objectives(table: pd.DataFrame, leaf: npt.NDArray[np.intp], tree: CriteriaTree) -> None:
    if (leaf >= 0).all():
        return
    first = table.iloc[int(np.argmin(leaf >= 0))]
    got = str(first["objective_id"])
    kind = "has no scale of its own" if got in tree.names else "is not in objectives"
    raise SchemaError(
        f"scores: objective {got!r} of project {first['project_id']!r} {kind}. {did_you_mean(got, tree.leaves)} "
        "Score only leaves of the tree."
    )


def _refuse_second_answers(table: pd.DataFrame, cell: npt.NDArray[np.intp]) -> None:
    who, names = pd.factorize(table["assessor_id"])
    key = pd.Series(cell * max(len(names), 1) + who)
    twice = key.duplicated().to_numpy()
    if twice.any():
        first = table.iloc[int(np.argmax(twice))]
        raise SchemaError(
            f"scores: assessor {first['assessor_id']!r} judged project {first['project_id']!r} on "
            f"{first['objective_id']!r} more than once, allowed once. Keep the newest row."
        )


def _refuse_outside(
    table: pd.DataFrame, rows: npt.NDArray[np.intp], scale: ValueScale, *, refused: npt.NDArray[np.bool_]
) -> None:
    if not refused.any():
        return
    first = table.iloc[int(rows[int(np.argmax(refused))])]
    raise ScaleError(
        f"scores: project {first['project_id']!r}, objective {scale.objective_id!r}, "
        f"assessor {first['assessor_id']!r}: got {first['raw_level']:g}, allowed {scale.allowed}. {scale.remedy}"
    )
