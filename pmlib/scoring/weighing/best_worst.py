"""Weights from two rows of comparisons: the best criterion against all, and all against the worst."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.scoring.inputs import floats, labelled, of_kind, shown
from pmlib.scoring.matrix import by_criterion
from pmlib.scoring.robustness import percent
from pmlib.scoring.values import FloatArray

_SAME = 1e-9

Vector = Mapping[str, float] | pd.Series


@dataclass(frozen=True, eq=False, kw_only=True)
class BestWorstWeights:
    """Weights by the best-worst method, and how well the two rows of comparisons agree.

    Attributes
    ----------
    best, worst : str
        The most and the least important criterion.
    weights : Series of shape (n_criteria,), index criterion
        Shares that sum to 1; goes into ``score(tables, weights=...)`` as it is. The optimum is unique.
    ksi : float
        Optimum of the linear model: the largest distance of a weight from what a comparison asks; 0 when all agree.
    consistency_ratio : float
        Largest input-based ratio of a criterion, 0 (all agree) to 1.
    table : DataFrame
        One row per criterion, the least consistent first: criterion, weight, best_to_other, other_to_worst
        (times), consistency_ratio (0 to 1).
    """

    best: str
    worst: str
    weights: pd.Series
    ksi: float
    consistency_ratio: float
    table: pd.DataFrame

    @property
    def most_inconsistent(self) -> str:
        """The criterion that disagrees most with best against worst, in words; empty when all agree."""
        name, _, over, under, ratio = self.table.iloc[0].to_list()
        if ratio <= _SAME:
            return ""
        direct = self.table["other_to_worst"].max()
        return (f"{self.best} is {over:g} times {name} and {name} {under:g} times {self.worst}, which makes "
                f"{over * under:g}, against {direct:g} given directly")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per criterion, the least consistent first."""
        return self.table.copy(deep=False)

    def summary(self) -> str:
        """Say what counts most and least, whether the comparisons agree, and which to ask again."""
        again = f"; ask again first: {self.most_inconsistent}" if self.most_inconsistent else ""
        most, least = (f"{end} ({percent(self.weights[end])})" for end in (self.best, self.worst))
        order = f"{most} counts most, {least} least" if len(self.weights) > 1 else f"{most} is the only criterion"
        return (f"{order}; ksi is {self.ksi:.3f} and the input-based consistency ratio {self.consistency_ratio:.2f} "
                f"(0 is consistent, 1 the worst possible){again}.")

    def headline(self) -> dict[str, str]:
        """Give the weight of the best criterion and the consistency ratio."""
        return {percent(self.weights[self.best]): f"weight of {self.best}, the best",
                f"{self.consistency_ratio:.2f}": "consistency ratio (0 is consistent)"}

    def __repr__(self) -> str:
        """Say it in one line: every weight, ksi and the consistency ratio."""
        parts = ", ".join(f"{name} {weight:.3g}" for name, weight in self.weights.items())
        return f"<BestWorstWeights: {parts}; ksi {self.ksi:.3g}, consistency ratio {self.consistency_ratio:.2f}>"


def best_worst(best: str, worst: str, *, best_to_others: Vector, others_to_worst: Vector) -> BestWorstWeights:
    """Turn 2n - 3 comparisons with the best and the worst criterion into weights.

    The linear model minimises the largest of ``|w_best - a_best,j w_j|`` and ``|w_j - a_j,worst w_worst|``. It is a
    linear programme whose one optimum is known in closed form, so no solver is asked and none can stop short of it.

    Parameters
    ----------
    best, worst : str
        The most and the least important criterion.
    best_to_others : mapping or Series of criterion to number
        How many times as much the best counts as each criterion: 1 or more, at most best against worst.
        The best itself may be left out.
    others_to_worst : mapping or Series of criterion to number
        How many times as much each criterion counts as the worst, likewise. The worst itself may be left out.

    Returns
    -------
    BestWorstWeights
        For a single criterion, which is then both best and worst, its weight is 1.

    Raises
    ------
    ParameterError
        A criterion is missing or unknown, a number is not finite, below 1 or above best against worst, best and
        worst are the same of several, or the two rows differ on best against worst.

    References
    ----------
    Rezaei (2015), Omega 53, 49-57. Rezaei (2016), Omega 64, 126-130 (linear model).
    Liang, Brunelli & Rezaei (2020), Omega 96, 102175 (input-based consistency ratio).

    Examples
    --------
    >>> best_worst("cost", "flexibility", best_to_others={"flexibility": 8, "access": 2},
    ...            others_to_worst={"cost": 8, "access": 5})
    <BestWorstWeights: cost 0.607, access 0.321, flexibility 0.0714; ksi 0.0357, consistency ratio 0.04>
    """
    for end, name in (("best", best), ("worst", worst)):
        of_kind(name, str, what=end, remedy="Name the criterion.")
    best_to_others = labelled(best_to_others, what="best_to_others")
    others_to_worst = labelled(others_to_worst, what="others_to_worst")
    criteria = list(dict.fromkeys([*map(str, others_to_worst.keys()), best, worst]))
    known = sorted({*criteria, *map(str, best_to_others.keys())})
    if best == worst and len(known) > 1:
        raise ParameterError(f"best_worst: best and worst are both {best!r}, allowed two of {', '.join(known)}. "
                             "Name the least important as worst.")
    to_others = _times(best_to_others, criteria, own=best, what="best_to_others")
    to_worst = _times(others_to_worst, criteria, own=worst, what="others_to_worst")
    at_best, at_worst = criteria.index(best), criteria.index(worst)
    _refuse_contradictions(to_others, to_worst, criteria=criteria, ends=(at_best, at_worst))
    shares, ksi = _linear_model(to_others, to_worst, best=at_best, worst=at_worst)
    direct = to_others[at_worst]
    ratios = np.abs(to_others * to_worst - direct) / (direct * direct - direct if direct > 1 else 1.0)
    weights = pd.Series(shares, index=pd.Index(criteria, name="criterion"), name="weight")
    table = pd.DataFrame({"criterion": criteria, "weight": shares, "best_to_other": to_others,
                          "other_to_worst": to_worst, "consistency_ratio": ratios})
    table = table.sort_values("consistency_ratio", ascending=False, kind="stable", ignore_index=True)
    return BestWorstWeights(best=best, worst=worst, weights=weights, ksi=ksi, consistency_ratio=float(ratios.max()),
                            table=table)


def _linear_model(to_others: FloatArray, to_worst: FloatArray, *, best: int, worst: int) -> tuple[FloatArray, float]:
    """Weights and ksi of the linear model.

    In units of ksi the model looks for the largest sum of weights. Between the two end weights each other one is
    bounded by both of its comparisons, so it takes its upper bound, and the bounds meet as long as
    ``|best - slope worst| <= slack``. The sum rises with both end weights along every such bound: the optimum is
    the one corner where the first upper bound meets a lower one.
    """
    middle = np.setdiff1d(np.arange(len(to_others)), [best, worst])
    slopes = np.append(to_others[middle] * to_worst[middle], to_others[worst])
    slacks = np.append(to_others[middle] + 1, 1.0)
    steeper = np.subtract.outer(slopes, slopes)
    if not (steeper > 0).any():
        return to_worst / to_worst.sum(), 0.0
    corners = np.add.outer(slacks, slacks) / np.where(steeper > 0, steeper, np.nan)
    low = float(np.nanmin(corners))
    high = float(np.min(slopes * low + slacks))
    weights = np.minimum((high + 1) / to_others, to_worst * low + 1)
    weights[best], weights[worst] = high, low
    return weights / weights.sum(), float(1 / weights.sum())


def _times(given: Vector, criteria: list[str], *, own: str, what: str) -> FloatArray:
    pairs = [(str(name), cell) for name, cell in given.items()]
    pairs += [] if own in dict(pairs) else [(own, 1.0)]
    listed = pd.Series([cell for _, cell in pairs], index=[name for name, _ in pairs], dtype=object)
    cells = by_criterion(listed, criteria, what=what)
    times = floats(pd.Series(cells, dtype=object)).to_numpy()
    bad = ~(np.isfinite(times) & (times >= 1))
    if bad.any():
        name = criteria[int(np.argmax(bad))]
        raise ParameterError(f"{what}: {name!r} has {shown(cells[name])}, allowed a finite number of 1 or more. "
                             "Name the more important one as best, or the less important one as worst.")
    if times[criteria.index(own)] != 1:
        raise ParameterError(f"{what}: {own!r} against itself is {shown(cells[own])}, allowed 1. Leave it out.")
    return times


def _refuse_contradictions(
    to_others: FloatArray, to_worst: FloatArray, *, criteria: list[str], ends: tuple[int, int]
) -> None:
    best, worst = ends
    direct = to_others[worst]
    if direct != to_worst[best]:
        raise ParameterError(f"best_worst: {criteria[best]!r} against {criteria[worst]!r} is {direct:g} in "
                             f"best_to_others and {to_worst[best]:g} in others_to_worst, allowed one number. "
                             "Correct one of them.")
    for times, what in ((to_others, "best_to_others"), (to_worst, "others_to_worst")):
        top = int(np.argmax(times))
        if times[top] > direct:
            raise ParameterError(f"{what}: {criteria[top]!r} has {times[top]:g}, allowed 1 to {direct:g}, best against "
                                 f"worst. Correct the number, or name {criteria[top]!r} as best or worst.")
