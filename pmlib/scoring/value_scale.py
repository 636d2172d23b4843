"""The declared scale of one criterion: a raw level becomes 0 to 100 points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError, ScaleError, SchemaError
from pmlib.scoring.value_shapes import SLACK, TOP, FloatArray, anchor_words, bent, categorical, curvature, piecewise


class Direction(StrEnum):
    """Which raw levels are better."""

    MAXIMISE = "maximise"
    MINIMISE = "minimise"


class ValueFunction(StrEnum):
    """How a raw level becomes points."""

    LINEAR = "linear"
    PIECEWISE = "piecewise"
    EXPONENTIAL = "exponential"
    CATEGORICAL = "categorical"


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
        Raw levels in ascending order; all declared codes of a categorical scale.
    points : ndarray of shape (n_knots,)
        Value at each level, 0 to 100 points.
    do_nothing : float
        Raw level if nothing is done.
    outside : Outside
        Whether a level outside the scale is refused or clipped; a level that is no code is always refused.
    function : ValueFunction
        How levels between the knots become points.
    bend : float
        Curvature of an exponential scale: the points of the straight line go through `value_shapes.bent`.
    anchors : mapping of float to str
        What levels mean in words.

    References
    ----------
    Keeney & Raiffa (1976), Decisions with Multiple Objectives, chapter 3.
    Kirkwood (1997), Strategic Decision Making, chapter 4.
    """

    objective_id: str
    name: str
    measure: str
    levels: FloatArray
    points: FloatArray
    do_nothing: float
    outside: Outside
    function: ValueFunction = ValueFunction.LINEAR
    bend: float = 0.0
    anchors: Mapping[float, str] = field(default_factory=dict)

    @property
    def allowed(self) -> str:
        """The declared scale in words, such as ``1 to 5`` or ``one of 1 (nobody), 2, 3 (everyone)``."""
        if self.function is not ValueFunction.CATEGORICAL:
            return f"{self.levels[0]:g} to {self.levels[-1]:g}"
        words = {code: f" ({self.anchors[code]})" for code in self.levels if code in self.anchors}
        return "one of " + ", ".join(f"{code:g}{words.get(code, '')}" for code in self.levels)

    @property
    def remedy(self) -> str:
        """What to do about a level that this scale refuses."""
        if self.function is ValueFunction.CATEGORICAL:
            return "Correct the level, or declare it as a code in points."
        return "Correct the level, widen worst and best" + (
            "." if self.outside is Outside.CLIP else ", or set outside to clip.")

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

        Raises
        ------
        ScaleError
            A level is no declared code of a categorical scale: between codes there is nothing to read off.
        """
        levels = np.asarray(raw, dtype=float)
        if self.function is not ValueFunction.CATEGORICAL:
            points = np.asarray(np.interp(levels, self.levels, self.points), dtype=float)
            return bent(points, self.bend)
        strange = levels[self.refused(levels)]
        if strange.size:
            raise ScaleError(f"{self.objective_id}: got {strange.flat[0]:g}, allowed {self.allowed}. {self.remedy}")
        return np.asarray(np.where(np.isnan(levels), np.nan, self.points[self._nearest(levels)]))

    def refused(self, raw: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Mark the levels that this scale does not take; NaN is not judged and never marked, infinite always is."""
        if self.outside is Outside.CLIP and self.function is not ValueFunction.CATEGORICAL:
            return np.asarray(np.isinf(np.asarray(raw, dtype=float)))
        return self.off(raw)

    def off(self, raw: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Mark the levels that the scale does not hold, whether it refuses or clips them; never NaN."""
        levels = np.asarray(raw, dtype=float)
        slack = SLACK * (self.levels[-1] - self.levels[0])
        if self.function is ValueFunction.CATEGORICAL:
            return np.asarray(np.abs(levels - self.levels[self._nearest(levels)]) > slack)
        return np.asarray((levels < self.levels[0] - slack) | (levels > self.levels[-1] + slack))

    def clipped(self, raw: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Mark the levels that lie beyond an end and are taken to be that end."""
        return np.asarray(self.off(raw) & ~self.refused(raw))

    def curve(self, *, n: int = 101) -> pd.DataFrame:
        """Follow the value function from the lowest to the highest level, for a drawing.

        Parameters
        ----------
        n : int
            How many evenly spaced levels, 2 or more; the knots come on top. A categorical scale has its codes only.

        Returns
        -------
        DataFrame
            ``level`` ascending in the unit of ``measure`` and ``points`` 0 to 100.

        Raises
        ------
        ParameterError
            ``n`` is below 2.
        """
        if n <= 1:
            raise ParameterError(f"n of the curve of {self.objective_id!r} is {n}, allowed 2 or more. Leave it out.")
        levels = self.levels
        if self.function is not ValueFunction.CATEGORICAL:
            levels = np.union1d(levels, np.linspace(levels[0], levels[-1], n))
        return pd.DataFrame({"level": levels, "points": self.value(levels)})

    def _nearest(self, levels: FloatArray) -> npt.NDArray[np.intp]:
        between = (self.levels[1:] + self.levels[:-1]) / 2
        return np.asarray(np.searchsorted(between, levels))


def declared_scale(row: Mapping[Any, Any]) -> ValueScale:
    """Read the scale of one leaf.

    Parameters
    ----------
    row : mapping
        A row of ``objectives``, with all columns and their defaults.

    Returns
    -------
    ValueScale

    Raises
    ------
    SchemaError
        The ends contradict the direction (codes of a categorical scale have none); points, mid or anchors cannot be
        read or do not fit the ends.
    ScaleError
        The do-nothing level or an anchor lies outside the scale.
    """
    worst, best = _ends(row)
    levels, points, bend = _knots(row, worst=worst, best=best)
    order = np.argsort(levels)
    scale = ValueScale(
        objective_id=row["objective_id"],
        name=row["name"] if isinstance(row["name"], str) else row["objective_id"],
        measure=row["measure"],
        levels=levels[order],
        points=points[order],
        do_nothing=worst if np.isnan(row["do_nothing"]) else float(row["do_nothing"]),
        outside=Outside(row["outside"]),
        function=ValueFunction(row["value_function"]),
        bend=bend,
        anchors=anchor_words(row["anchors"], objective=row["objective_id"]),
    )
    nothing, anchored = np.array([scale.do_nothing]), np.array(list(scale.anchors))
    _refuse("do_nothing", nothing[scale.refused(nothing)], scale)
    _refuse("a level of anchors", anchored[scale.off(anchored)], scale)
    return scale


def _refuse(what: str, strange: FloatArray, scale: ValueScale) -> None:
    if strange.size:
        raise ScaleError(f"objectives: {what} of {scale.objective_id!r} is {strange[0]:g}, allowed {scale.allowed}. "
                         f"{scale.remedy}")


def _knots(row: Mapping[Any, Any], *, worst: float, best: float) -> tuple[FloatArray, FloatArray, float]:
    objective = row["objective_id"]
    match ValueFunction(row["value_function"]):
        case ValueFunction.PIECEWISE:
            return *piecewise(row["points"], objective=objective, worst=worst, best=best), 0.0
        case ValueFunction.CATEGORICAL:
            return *categorical(row["points"], objective=objective, worst=worst, best=best), 0.0
        case ValueFunction.EXPONENTIAL:
            bend = curvature(row["mid"], objective=objective, worst=worst, best=best)
        case ValueFunction.LINEAR:
            bend = 0.0
    return np.array([worst, best]), np.array([0.0, TOP]), bend


def _ends(row: Mapping[Any, Any]) -> tuple[float, float]:
    objective, worst, best = row["objective_id"], float(row["worst"]), float(row["best"])
    if not (np.isfinite(worst) and np.isfinite(best)) or worst == best:
        raise SchemaError(
            f"objectives: the scale of {objective!r} goes from worst {worst:g} to best {best:g}, "
            "allowed two different finite numbers. Fill both."
        )
    direction = Direction(row["direction"])
    if row["value_function"] != ValueFunction.CATEGORICAL and (worst < best) != (direction is Direction.MAXIMISE):
        side, other = ("above", Direction.MINIMISE) if worst > best else ("below", Direction.MAXIMISE)
        raise SchemaError(
            f"objectives: {objective!r} has direction {direction} but worst {worst:g} lies {side} best {best:g}. "
            f"Swap worst and best, or set direction to {other}."
        )
    return worst, best
