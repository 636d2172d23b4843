"""A wide table of raw levels, a row per project and a column per criterion, scored at once: in memory or in a database.

Both ways give the same numbers, so a million rows can be scored where they lie.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, ScaleError, did_you_mean
from pmlib.scoring.inputs import frame_of, of_kind, shown
from pmlib.scoring.ranks import FloatArray
from pmlib.scoring.value_scale import Outside, ValueFunction, ValueScale
from pmlib.scoring.value_shapes import SLACK, TOP
from pmlib.scoring.values import CriteriaTree
from pmlib.scoring.weights import given_weights

if TYPE_CHECKING:
    import ibis.expr.types as ir

# Rows in a block: what is read from memory once stays near while it is checked and multiplied.
_BLOCK = 32_768
# Below this bend exp(x) - 1 loses digits that the first terms of its series keep.
_GENTLE = 1e-3


def additive_values(
    levels: pd.DataFrame, tree: CriteriaTree, *, weights: Mapping[str, float] | pd.Series
) -> pd.DataFrame:
    """Score every row of a wide table of raw levels.

    Parameters
    ----------
    levels : DataFrame of shape (n_rows, n_columns)
        One column of raw levels per leaf, named by objective_id; other columns are left aside. An empty cell
        (NaN) leaves the value between two bounds.
    tree : CriteriaTree
        The leaves and their declared scales, from ``criteria(tables)``.
    weights : mapping or Series of objective_id to number
        0 or more, one per leaf; rescaled to sum 1.

    Returns
    -------
    DataFrame of n_rows
        value, low, high: points, 0 to 100; value is the middle of the bounds.

    Raises
    ------
    ParameterError
        A leaf has no column or no weight, or a column is not numeric.
    ScaleError
        A level lies outside a scale that refuses such levels, or is infinite.

    References
    ----------
    Keeney & Raiffa (1976), Decisions with Multiple Objectives.

    Examples
    --------
    >>> from pmlib.scoring.values import criteria
    >>> tree = criteria({"objectives": pd.DataFrame(
    ...     {"objective_id": ["reach", "risk"], "name": ["Reach", "Risk"], "direction": ["maximise", "minimise"],
    ...      "worst": [0.0, 5.0], "best": [10.0, 1.0]})})
    >>> levels = pd.DataFrame({"reach": [5.0, 10.0], "risk": [1.0, None]}, index=["A", "B"])
    >>> additive_values(levels, tree, weights={"reach": 60, "risk": 40})
       value   low   high
    A   70.0  70.0   70.0
    B   80.0  60.0  100.0
    """
    shares = given_weights(weights, tree).shares.to_numpy(dtype=float)
    array = _array(levels, tree)
    low = np.empty(len(array))
    high = low
    slopes, start = _line(tree, shares)
    least, most = (np.array([scale.levels[end] for scale in tree.scales]) for end in (0, -1))
    linear = all(scale.function is ValueFunction.LINEAR for scale in tree.scales)
    for first in range(0, len(array), _BLOCK):
        rows = slice(first, first + _BLOCK)
        block = array[rows]
        # A missing level compares as false and takes the long way.
        if linear and (block.min(axis=0) >= least).all() and (block.max(axis=0) <= most).all():
            np.add(np.matmul(block, slopes, out=low[rows]), start, out=low[rows])
            if high is not low:
                high[rows] = low[rows]
            continue
        _refuse_outside(levels.index[rows], block, tree)
        points = np.column_stack([scale.value(block[:, j]) for j, scale in enumerate(tree.scales)])
        missing = np.isnan(points)
        if missing.any() and high is low:
            high = low.copy()
        low[rows] = _weighted_sum(np.where(missing, 0.0, points), shares)
        if high is not low:
            high[rows] = _weighted_sum(np.where(missing, TOP, points), shares)
    value = low if high is low else (low + high) / 2
    return pd.DataFrame({"value": value, "low": low, "high": high}, index=levels.index, copy=False)


def additive_expression(table: ir.Table, tree: CriteriaTree, *, weights: Mapping[str, float] | pd.Series) -> ir.Table:
    """Score every row of a wide table inside its database.

    Parameters
    ----------
    table : Ibis table
        One numeric column of raw levels per leaf, named by objective_id.
    tree : CriteriaTree
        The leaves and their declared scales.
    weights : mapping or Series of objective_id to number
        0 or more, one per leaf; rescaled to sum 1.

    Returns
    -------
    Ibis table
        ``table`` with value, low and high added, equal to those of `additive_values`. Where a level lies outside a
        scale that refuses such levels all three are NULL: a query cannot raise.

    Raises
    ------
    ParameterError
        A leaf has no column or no weight.
    """
    import ibis

    shares = given_weights(weights, tree).shares.to_numpy(dtype=float)
    of_kind(table, ibis.Table, what="table", remedy="Score a DataFrame with additive_values.")
    for leaf in tree.leaves:
        _refuse_absent(leaf, list(table.columns))
    low: Any = ibis.literal(0.0)
    high: Any = ibis.literal(0.0)
    for scale, share in zip(tree.scales, shares, strict=True):
        level = table[scale.objective_id].cast("float64")
        points = _points(level, scale)
        low = low + float(share) * level.isnull().ifelse(0.0, points)
        high = high + float(share) * level.isnull().ifelse(TOP, points)
    return table.mutate(value=(low + high) / 2, low=low, high=high)


def _weighted_sum(values: FloatArray, weights: FloatArray) -> FloatArray:
    return np.asarray(values @ weights)


def _array(levels: pd.DataFrame, tree: CriteriaTree) -> FloatArray:
    """Levels in the order of the leaves; no copy where the frame is just that already."""
    for leaf in tree.leaves:
        _refuse_absent(leaf, list(frame_of(levels, what="levels").columns))
    own = levels if list(levels.columns) == tree.leaves else levels[tree.leaves]
    strange = [leaf for leaf in tree.leaves if own[leaf].dtype.kind not in "biuf"]
    for wrong in strange:
        raise ParameterError(f"levels: column {wrong!r} is {own[wrong].dtype}, allowed numbers. "
                             "Convert it, or leave cells empty.")
    return np.asarray(own.to_numpy(dtype=float, na_value=np.nan))


def _refuse_absent(leaf: str, columns: list[str]) -> None:
    if columns.count(leaf) != 1:
        words = did_you_mean(leaf, columns)
        raise ParameterError(f"levels: {columns.count(leaf)} columns {leaf!r}, allowed 1. {words} "
                             "Give every leaf of the tree one column.")


def _line(tree: CriteriaTree, shares: FloatArray) -> tuple[FloatArray, float]:
    """Slopes and intercept of the value where every scale is one straight line."""
    low = np.array([scale.levels[0] for scale in tree.scales])
    steps = np.array([scale.levels[-1] - scale.levels[0] for scale in tree.scales])
    first = np.array([scale.points[0] for scale in tree.scales])
    slopes = shares * np.array([scale.points[-1] - scale.points[0] for scale in tree.scales]) / steps
    return slopes, float(first @ shares - low @ slopes)


def _refuse_outside(index: pd.Index, block: FloatArray, tree: CriteriaTree) -> None:
    for j, scale in enumerate(tree.scales):
        refused = scale.refused(block[:, j])
        if refused.any():
            row = int(np.argmax(refused))
            raise ScaleError(f"levels: row {shown(index[row])}, {scale.objective_id!r}: got {block[row, j]:g}, "
                             f"allowed {scale.allowed}. {scale.remedy}")


def _points(level: Any, scale: ValueScale) -> Any:
    """Points of a column of levels as an expression; NULL where the scale refuses the level."""
    import ibis

    slack = SLACK * (scale.levels[-1] - scale.levels[0])
    knots = list(zip(scale.levels.tolist(), scale.points.tolist(), strict=True))
    nothing = ibis.null("float64")
    if scale.function is ValueFunction.CATEGORICAL:
        return ibis.cases(*((level.between(code - slack, code + slack), points) for code, points in knots),
                          else_=nothing)
    low, high = knots[0][0], knots[-1][0]
    inside = ibis.greatest(ibis.least(level, high), low)
    pieces = [(inside <= right, below + (above - below) / (right - left) * (inside - left))
              for (left, below), (right, above) in pairwise(knots)]
    points = ibis.cases(*pieces, else_=nothing)
    if scale.bend:
        points = TOP * _expm1(-scale.bend / TOP * points, gentle=abs(scale.bend) < _GENTLE) / math.expm1(-scale.bend)
    beyond = slack if scale.outside is Outside.REFUSE else sys.float_info.max
    return level.between(max(low - beyond, -sys.float_info.max), min(high + beyond, sys.float_info.max)).ifelse(
        points, nothing)


def _expm1(x: Any, *, gentle: bool) -> Any:
    return x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0))) if gentle else x.exp() - 1.0
