"""Value functions and the tree of criteria: a raw level on a declared scale becomes 0 to 100 points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ScaleError, SchemaError, did_you_mean
from pmlib.scoring.inputs import read_table, refuse_duplicates

FloatArray = npt.NDArray[np.float64]

_TOP = 100.0
# A level read as 5.0000000001 on a scale that ends at 5 is rounding, not an answer outside the scale.
_SLACK = 1e-9
_COLUMNS = (
    "objective_id", "name", "parent", "measure", "direction", "value_function",
    "worst", "best", "points", "do_nothing", "outside",
)  # fmt: skip


class Direction(StrEnum):
    """Which raw levels are better."""

    MAXIMISE = "maximise"
    MINIMISE = "minimise"


class ValueFunction(StrEnum):
    """How a raw level becomes points."""

    LINEAR = "linear"
    PIECEWISE = "piecewise"


class Outside(StrEnum):
    """What happens to a level outside the declared scale."""

    REFUSE = "refuse"
    CLIP = "clip"


@dataclass(frozen=True, eq=False, kw_only=True)
class ValueScale:
    """The declared scale of one criterion, anchored at worst (0 points) and best (100 points).

    Attributes
    ----------
    objective_id, name, measure : str
        The criterion and what its raw level counts.
    levels : ndarray of shape (n_knots,)
        Raw levels in ascending order.
    points : ndarray of shape (n_knots,)
        Value at each level, 0 to 100 points.
    do_nothing : float
        Raw level if nothing is done.
    outside : Outside
        Whether a level outside the scale is refused or clipped.

    References
    ----------
    Keeney & Raiffa (1976), Decisions with Multiple Objectives, chapter 3.
    """

    objective_id: str
    name: str
    measure: str
    levels: FloatArray
    points: FloatArray
    do_nothing: float
    outside: Outside

    @property
    def allowed(self) -> str:
        """The declared scale in words, such as ``1 to 5``."""
        return f"{self.levels[0]:g} to {self.levels[-1]:g}"

    def value(self, raw: npt.ArrayLike) -> FloatArray:
        """Turn raw levels into points; a level beyond an end counts as that end, NaN stays NaN.

        Parameters
        ----------
        raw : array_like of shape (n,)
            Raw levels in the unit of ``measure``.

        Returns
        -------
        ndarray of shape (n,)
            Points, 0 to 100.
        """
        return np.asarray(np.interp(np.asarray(raw, dtype=float), self.levels, self.points), dtype=float)

    def refused(self, raw: FloatArray) -> npt.NDArray[np.bool_]:
        """Mark the levels that this scale does not take; NaN is not judged and never marked."""
        if self.outside is Outside.CLIP:
            return np.isinf(raw)
        slack = _SLACK * (self.levels[-1] - self.levels[0])
        return np.asarray((raw < self.levels[0] - slack) | (raw > self.levels[-1] + slack))


@dataclass(frozen=True, eq=False, kw_only=True)
class CriteriaTree:
    """The tree of criteria with a declared scale at every leaf.

    Attributes
    ----------
    scales : tuple of ValueScale
        One per leaf, in the order of the table.
    names : mapping of str to str
        Name of every objective, inner ones too.
    parents : mapping of str to (str or None)
        Objective above each one; None at the top.
    notes : tuple of str
        What a reader should know about the table.
    """

    scales: tuple[ValueScale, ...]
    names: Mapping[str, str]
    parents: Mapping[str, str | None]
    notes: tuple[str, ...]

    @property
    def leaves(self) -> list[str]:
        """Ids of the leaves in the order of the table."""
        return [scale.objective_id for scale in self.scales]

    @property
    def do_nothing(self) -> pd.Series:
        """Points of doing nothing on each leaf, 0 to 100."""
        points = [float(scale.value(scale.do_nothing)) for scale in self.scales]
        return pd.Series(points, index=pd.Index(self.leaves, name="objective_id"), name="do_nothing", dtype=float)

    def leaves_below(self, objective_id: str) -> list[str]:
        """List the leaves at or below an objective.

        Raises
        ------
        SchemaError
            The objective is not in the tree.
        """
        if objective_id not in self.names:
            words = did_you_mean(objective_id, self.names)
            raise SchemaError(f"objectives: {objective_id!r} is not in the tree. {words} Use one of these ids.")
        return [leaf for leaf in self.leaves if objective_id in self._path(leaf)]

    def _path(self, objective_id: str) -> list[str]:
        path = [objective_id]
        while (above := self.parents[path[-1]]) is not None:
            if above in path:
                ring = " > ".join([*path, above])
                raise SchemaError(f"objectives: parents go round in a ring, {ring}. Empty one parent cell of the ring.")
            path.append(above)
        return path


def criteria(tables: Mapping[str, Any]) -> CriteriaTree:
    """Read which criteria count, and how a raw level on each becomes points.

    A leaf is an objective that is nobody's parent and has worst and best.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Needs ``objectives``.

    Returns
    -------
    CriteriaTree

    Raises
    ------
    MissingTableError
        There is no table ``objectives``.
    SchemaError
        A word is unknown, a scale contradicts its direction, a parent is unknown or the tree is a ring.
    ScaleError
        A do-nothing level lies outside its scale.

    Examples
    --------
    >>> import pandas as pd
    >>> tree = criteria({"objectives": pd.DataFrame(
    ...     {"objective_id": ["reach"], "name": ["Reach"], "worst": [1.0], "best": [5.0]})})
    >>> tree.scales[0].value([1, 2, 5])
    array([  0.,  25., 100.])
    """
    table = read_table(tables, "objectives", columns=_COLUMNS)
    refuse_duplicates(table["objective_id"], table="objectives", column="objective_id")
    names = dict(zip(table["objective_id"], table["name"].fillna(table["objective_id"]), strict=True))
    parents = _parents(table, known=list(names))
    inner = set(parents.values())
    childless = [row for row in table.to_dict("records") if row["objective_id"] not in inner]
    scales = tuple(_scale(row) for row in childless if not (np.isnan(row["worst"]) and np.isnan(row["best"])))
    if not scales:
        raise SchemaError("objectives: no leaf has a scale, allowed 1 or more. Fill worst and best of the leaves.")
    unscaled = [row["objective_id"] for row in childless if np.isnan(row["worst"]) and np.isnan(row["best"])]
    tree = CriteriaTree(scales=scales, names=names, parents=parents, notes=_notes(table, unscaled))
    for objective in names:
        tree._path(objective)
    return tree


def _parents(table: pd.DataFrame, *, known: list[str]) -> dict[str, str | None]:
    parents: dict[str, str | None] = {}
    for objective, parent in zip(table["objective_id"], table["parent"], strict=True):
        above = None if pd.isna(parent) or not str(parent).strip() else str(parent)
        if above is not None and above not in known:
            words = did_you_mean(above, known)
            raise SchemaError(f"objectives: parent {above!r} of {objective!r} is no objective. {words} Correct it.")
        parents[str(objective)] = above
    return parents


def _notes(table: pd.DataFrame, unscaled: list[str]) -> tuple[str, ...]:
    notes = [f"Objective {leaf} has neither children nor a scale and counts for nothing." for leaf in unscaled]
    idle = table[(table["value_function"] == ValueFunction.LINEAR) & (table["points"].str.strip() != "")]
    notes += [f"Objective {objective} is linear: its points text is not used." for objective in idle["objective_id"]]
    return tuple(notes)


def _scale(row: Mapping[Any, Any]) -> ValueScale:
    worst, best = _anchors(row)
    if ValueFunction(row["value_function"]) is ValueFunction.PIECEWISE:
        levels, points = _piecewise(row, worst=worst, best=best)
    else:
        levels, points = np.array([worst, best]), np.array([0.0, _TOP])
    order = np.argsort(levels)
    scale = ValueScale(
        objective_id=row["objective_id"],
        name=row["name"] if isinstance(row["name"], str) else row["objective_id"],
        measure=row["measure"],
        levels=levels[order],
        points=points[order],
        do_nothing=worst if np.isnan(row["do_nothing"]) else float(row["do_nothing"]),
        outside=Outside(row["outside"]),
    )
    if scale.refused(np.array([scale.do_nothing]))[0]:
        raise ScaleError(
            f"objectives: do_nothing of {scale.objective_id!r} is {scale.do_nothing:g}, allowed {scale.allowed}. "
            "Correct the level, widen worst and best, or set outside to clip."
        )
    return scale


def _anchors(row: Mapping[Any, Any]) -> tuple[float, float]:
    objective, worst, best = row["objective_id"], float(row["worst"]), float(row["best"])
    if not (np.isfinite(worst) and np.isfinite(best)) or worst == best:
        raise SchemaError(
            f"objectives: the scale of {objective!r} goes from worst {worst:g} to best {best:g}, "
            "allowed two different finite numbers. Fill both."
        )
    direction = Direction(row["direction"])
    if (worst < best) != (direction is Direction.MAXIMISE):
        side, other = ("above", Direction.MINIMISE) if worst > best else ("below", Direction.MAXIMISE)
        raise SchemaError(
            f"objectives: {objective!r} has direction {direction} but worst {worst:g} lies {side} best {best:g}. "
            f"Swap worst and best, or set direction to {other}."
        )
    return worst, best


def _piecewise(row: Mapping[Any, Any], *, worst: float, best: float) -> tuple[FloatArray, FloatArray]:
    objective, text = row["objective_id"], str(row["points"])
    pairs = _pairs(text, objective=objective)
    # Ordered from worst to best, the points may only rise: otherwise the direction is not the declared one.
    pairs.sort(reverse=worst > best)
    levels, points = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    anchored = len(pairs) > 1 and (levels[0], levels[-1], points[0], points[-1]) == (worst, best, 0.0, _TOP)
    if not anchored or (np.diff(points) < 0).any() or (np.diff(levels) == 0).any():
        raise SchemaError(
            f"objectives: points of {objective!r} are {text!r}, allowed rising from {worst:g}=0 to {best:g}=100 "
            "with each level once. Correct the points, or worst and best."
        )
    return levels, points


def _pairs(text: str, *, objective: str) -> list[tuple[float, float]]:
    try:
        cells = [part.split("=") for part in text.split(";") if part.strip()]
        pairs = [(float(level), float(points)) for level, points in cells]
    except ValueError:
        pairs = []
    if not pairs or not np.isfinite(pairs).all():
        raise SchemaError(
            f"objectives: points of {objective!r} are {text!r}, allowed level=points pairs. "
            "Write them like '1=0; 3=20; 5=100'."
        )
    return pairs
