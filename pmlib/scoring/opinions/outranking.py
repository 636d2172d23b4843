"""PROMETHEE I and II: how much each alternative is preferred to all others, pair by pair.

A flow needs no pairs where the preference function is made of steps and slopes: sorted once, the alternatives that
lie a threshold below are a count, and the sum of their gaps a difference of running sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean, nearest
from pmlib.scoring.inputs import number, shown
from pmlib.scoring.matrix import DecisionMatrix, by_criterion
from pmlib.scoring.opinions.ranking_only import (
    ROUNDING,
    Directions,
    Levels,
    RankingOnly,
    Shares,
    as_matrix,
    no_span,
    same_for_all,
)
from pmlib.scoring.ranks import TIE, FloatArray, IntArray
from pmlib.scoring.values import Direction

#: Most alternatives on a Gaussian criterion, which compares every pair.
GAUSSIAN_LIMIT = 20_000
#: Most alternatives in a table of relations.
RELATIONS_LIMIT = 1_000
_GAUSSIAN_ROWS = 256


class Shape(StrEnum):
    """How a difference on one criterion becomes a preference of 0 to 1."""

    USUAL = "usual"
    U_SHAPE = "u-shape"
    V_SHAPE = "v-shape"
    LEVEL = "level"
    LINEAR = "linear"
    GAUSSIAN = "gaussian"


class Relation(StrEnum):
    """How the alternative of a row stands to that of a column in PROMETHEE I."""

    PREFERRED = "preferred"
    OUTRANKED = "outranked"
    INDIFFERENT = "indifferent"
    INCOMPARABLE = "incomparable"


_THRESHOLDS = {
    Shape.USUAL: (), Shape.U_SHAPE: ("q",), Shape.V_SHAPE: ("p",), Shape.LEVEL: ("q", "p"),
    Shape.LINEAR: ("q", "p"), Shape.GAUSSIAN: ("s",),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Preference:
    """The preference function of one criterion.

    Attributes
    ----------
    shape : Shape or str
        ``usual`` (any difference counts in full), ``u-shape`` (0 up to q, then 1), ``v-shape`` (rises to 1 at p),
        ``level`` (0 up to q, one half up to p, then 1), ``linear`` (0 up to q, rises to 1 at p) or ``gaussian``
        (rises as 1 - exp(-d^2 / 2 s^2)).
    q, p, s : float, optional
        Indifference threshold, preference threshold and point of inflexion, in the unit of the criterion; just
        those that the shape has.

    Raises
    ------
    ParameterError
        The shape is unknown, or a threshold is missing, superfluous, negative, not finite or q above p.
    """

    shape: Shape | str = Shape.USUAL
    q: float | None = None
    p: float | None = None
    s: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.shape, str) or self.shape not in list(Shape):
            words = did_you_mean(str(self.shape), list(Shape))
            raise ParameterError(f"preference: shape is {shown(self.shape)}. {words} "
                                 "Write one of these words.")
        given = {name: getattr(self, name) for name in ("q", "p", "s") if getattr(self, name) is not None}
        needed = _THRESHOLDS[Shape(self.shape)]
        if set(given) != set(needed):
            raise ParameterError(f"preference: {self.shape} has {', '.join(given) or 'no threshold'}, "
                                 f"allowed {' and '.join(needed) or 'none'}. Give just those.")
        for name, cell in given.items():
            threshold = number(cell)
            object.__setattr__(self, name, threshold)
            if not (0 < threshold < np.inf or (name == "q" and threshold == 0)):
                raise ParameterError(f"preference: {name} of {self.shape} is {shown(cell)}, allowed a finite number "
                                     "above 0 (q may be 0). Write it in the criterion's unit.")
        if self.q is not None and self.p is not None and self.q > self.p:
            raise ParameterError(f"preference: {self.shape} has q {self.q:g} above p {self.p:g}, allowed q up to p. "
                                 "Swap them: below q there is no preference, from p on it is full.")

    def __str__(self) -> str:
        """Write the shape and its thresholds, such as ``linear q=10 p=50``."""
        names = _THRESHOLDS[Shape(self.shape)]
        return " ".join([str(self.shape), *(f"{name}={getattr(self, name):g}" for name in names)])


class Outranking(RankingOnly):
    """What PROMETHEE II ranks, with the partial order of PROMETHEE I."""

    def relations(self, among: Sequence[str] | None = None) -> pd.DataFrame:
        """Compare pairs as PROMETHEE I does: where the two flows disagree, a pair stays incomparable.

        Parameters
        ----------
        among : sequence of str, optional
            Alternatives to compare; by default all, up to 1,000.

        Returns
        -------
        DataFrame of shape (n, n)
            The `Relation` of the row's alternative to the column's; ``indifferent`` to itself.

        Raises
        ------
        ParameterError
            An alternative is unknown, or there are too many.
        """
        known = self.numbers.index
        labels = known if among is None else pd.Index(among)
        at = known.get_indexer(labels)
        if (at < 0).any():
            name = labels[int(np.argmin(at))]
            near = nearest(str(name), known[:RELATIONS_LIMIT])
            raise ParameterError(f"relations: {name!r} is no alternative. {near} Take one of the table.")
        if len(labels) > RELATIONS_LIMIT:
            raise ParameterError(f"relations: got {len(labels)} alternatives, allowed {RELATIONS_LIMIT}. "
                                 "Name those to compare in among.")
        leaving, entering = (self.numbers[name].to_numpy()[at] for name in ("leaving_flow", "entering_flow"))
        words = _relations(leaving[:, None] - leaving, entering - entering[:, None])
        return pd.DataFrame(words, index=labels, columns=labels)

    def summary(self) -> str:
        """Say who comes first, and how many pairs PROMETHEE I does not compare."""
        n = len(self.numbers)
        if not 1 < n <= RELATIONS_LIMIT:
            return super().summary()
        unclear = int((self.relations() == Relation.INCOMPARABLE).to_numpy().sum()) // 2
        return f"{super().summary()} PROMETHEE I leaves {unclear} of {n * (n - 1) // 2} pairs incomparable."


def promethee(
    levels: Levels, *, weights: Shares = None, directions: Directions = Direction.MAXIMISE,
    preferences: Mapping[str, Preference | str] | Preference | str = Shape.USUAL,
) -> Outranking:
    """Rank by how much each alternative is preferred to the others, less how much they are preferred to it.

    A million alternatives on eight criteria take seconds; on a Gaussian criterion every pair is compared, up to
    20,000 alternatives. A difference that passes a threshold by rounding alone does not pass it.

    Parameters
    ----------
    levels : DataFrame of shape (n_alternatives, n_criteria), or DecisionMatrix
        Finite numbers. On a criterion on which all are the same nobody is preferred; one alternative has flows 0.
    weights : mapping or Series of criterion to number, optional
        0 or more, one per criterion; they sum to 1 in the flows.
    directions : mapping or Series of criterion to ``maximise`` or ``minimise``, or one word for all
        Which levels are better.
    preferences : mapping of criterion to Preference, or one for all
        By default ``usual``: any difference counts in full.

    Returns
    -------
    Outranking
        ``net_flow`` (-1 to 1), ``leaving_flow`` and ``entering_flow`` (0-1, the mean over the others).

    Raises
    ------
    ParameterError
        A preference is missing or unknown, the matrix cannot be ranked, or too large for a Gaussian criterion.

    References
    ----------
    Brans & Vincke (1985), Management Science 31, 647-656; Brans, Vincke & Mareschal (1986), European Journal of
    Operational Research 24, 228-238; Calders & Van Assche (2018), Omega 76, 63-69: the flows without pairs.

    Examples
    --------
    >>> levels = pd.DataFrame({"reach": [3.0, 4.0, 9.0]}, index=["A", "B", "C"])
    >>> promethee(levels, preferences=Preference(shape="v-shape", p=5.0))
    <Ranking only: PROMETHEE II by net flow; 3 alternatives; first C 1.000, then B -0.400, then A -0.600>
    """
    matrix = as_matrix(levels, weights=weights, directions=directions)
    functions = _functions(preferences, matrix)
    columns = matrix.array
    leaving, entering = np.zeros(len(columns)), np.zeros(len(columns))
    same = no_span(columns.min(axis=0), columns.max(axis=0))
    for j, (function, sign, weight) in enumerate(zip(functions, matrix.signs, matrix.weights, strict=True)):
        if weight > 0 and not same[j]:
            out, back = _flows(sign * columns[:, j], function)
            leaving += weight * out
            entering += weight * back
    others = max(len(columns) - 1, 1)
    numbers = {"net_flow": (leaving - entering) / others, "leaving_flow": leaving / others,
               "entering_flow": entering / others}
    names = [f"{name}: {function}" for name, function in zip(matrix.levels.columns, functions, strict=True)]
    return Outranking(
        method="PROMETHEE II", by="net_flow", keys=numbers["net_flow"],
        numbers=pd.DataFrame(numbers, index=matrix.levels.index, copy=False),
        assumptions=(f"Preference functions: {'; '.join(names)}.",),
        notes=(*matrix.notes, *same_for_all(matrix, same)),
    )


def _functions(
    preferences: Mapping[str, Preference | str] | Preference | str, matrix: DecisionMatrix
) -> list[Preference]:
    criteria = list(matrix.levels.columns)
    given = dict.fromkeys(criteria, preferences) if isinstance(preferences, Preference | str) else \
        by_criterion(preferences, criteria, what="preferences")
    functions = [_function(cell, criterion=name) for name, cell in given.items()]
    for name, function in zip(criteria, functions, strict=True):
        if function.shape == Shape.GAUSSIAN and len(matrix.levels) > GAUSSIAN_LIMIT:
            raise ParameterError(
                f"promethee: {name!r} is gaussian with {len(matrix.levels)} alternatives, allowed {GAUSSIAN_LIMIT}, "
                "as every pair is compared. Take linear with q and p, which needs no pairs."
            )
    return functions


def _function(cell: object, *, criterion: str) -> Preference:
    if isinstance(cell, Preference):
        return cell
    try:
        return Preference(shape=str(cell))
    except ParameterError as error:
        raise ParameterError(f"promethee: {criterion!r}: {error}") from None


def _flows(column: FloatArray, function: Preference) -> tuple[FloatArray, FloatArray]:
    """Sum each alternative's preference over all others, and theirs over it; the larger the level the better."""
    order = np.argsort(column)
    rising = column[order]
    flows = np.empty((2, len(column)))
    if function.shape == Shape.GAUSSIAN:
        flows[:, order] = _gaussian(rising, float(function.s or 0))
    else:
        flows[0, order] = _above(rising, function)
        # Seen from the other side the worst is the best.
        flows[1, order] = _above(-rising[::-1], function)[::-1]
    return flows[0], flows[1]


def _above(rising: FloatArray, function: Preference) -> FloatArray:
    """Sum of each alternative's preference over those below it, from steps and slopes; levels in rising order."""
    q, p = float(function.q or 0), float(function.p or 0)
    if function.shape == Shape.LEVEL:
        return (_below(rising, q) + _below(rising, p)) / 2
    if function.shape in (Shape.USUAL, Shape.U_SHAPE) or q == p:
        return _below(rising, q).astype(float)
    full, some = _below(rising, p), _below(rising, q)
    # Nobody is compared across a gap above p: counted from the last one, sums stay small and keep their digits.
    places = np.arange(len(rising))
    lead = rising - rising[np.maximum.accumulate(np.where(full == places, places, 0))]
    sums = np.concatenate([[0.0], np.cumsum(lead)])
    slope = (some - full) * (lead - q) - (sums[some] - sums[full])
    return np.asarray(full + slope / (p - q), dtype=float)


def _below(rising: FloatArray, threshold: float) -> IntArray:
    """How many lie below each by more than a threshold, and not by rounding alone."""
    slack = ROUNDING * (np.abs(rising) + threshold)
    return np.asarray(np.searchsorted(rising, rising - (threshold + slack)), dtype=np.int64)


def _gaussian(rising: FloatArray, s: float) -> FloatArray:
    """Compare each with all below it in blocks: the preference of one is what enters the other."""
    flows = np.zeros((2, len(rising)))
    for start in range(0, len(rising), _GAUSSIAN_ROWS):
        rows = slice(start, start + _GAUSSIAN_ROWS)
        stop = min(rows.stop, len(rising))
        with np.errstate(over="ignore"):
            gaps = np.maximum(rising[rows, None] - rising[:stop], 0.0) / s
        with np.errstate(over="ignore"):
            preference = -np.expm1(-np.square(gaps, out=gaps) / 2)
        flows[0, rows] = preference.sum(axis=1)
        flows[1, :stop] += preference.sum(axis=0)
    return flows


def _relations(ahead: FloatArray, safer: FloatArray) -> list[list[Relation]]:
    """Name each pair from the leads in leaving flow and in (less) entering flow."""
    better = (ahead > TIE) | (safer > TIE)
    worse = (ahead < -TIE) | (safer < -TIE)
    words = [Relation.INDIFFERENT, Relation.PREFERRED, Relation.OUTRANKED, Relation.INCOMPARABLE]
    return [[words[place] for place in row] for row in (better + 2 * worse).tolist()]
