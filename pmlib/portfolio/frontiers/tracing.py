"""The points of a frontier: every one by a two-phase search where projects are independent, else by proved solves."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from pmlib.portfolio.fan_out import solve_all
from pmlib.portfolio.frontiers.two_phase import MOST_BUDGETS, non_dominated
from pmlib.portfolio.model import PROVED_GAP, Floats, Ints, Model, RowName
from pmlib.portfolio.plans import Change, Plan, changed
from pmlib.portfolio.problem import Problem, outcome

#: Some seconds of the two-phase search; beyond, a frontier has more points than anyone reads.
_NODE_LIMIT = 3_000_000
#: Totals are told apart to a millionth, but never finer than ten times the tolerance of the solver.
_SMALL = 10.0
#: Gaps of at least this share of the widest are looked into at once.
_WIDE = 0.6


@dataclass(frozen=True, eq=False, kw_only=True)
class Traced:
    """Non-dominated plans of a problem under two totals.

    Attributes
    ----------
    choices : int array of shape (k, n_projects)
        Position of the chosen action of every project, by rising second total.
    value, second : float arrays of shape (k,)
        Worth of each plan and its second total, both wanted large.
    exact : bool
        Whether no non-dominated plan is missing (to a millionth of either total).
    proved : bool
        Whether every plan there is proved non-dominated.
    method : str
        In words.
    """

    choices: Ints
    value: Floats
    second: Floats
    exact: bool
    proved: bool
    method: str


@dataclass(frozen=True, kw_only=True)
class _Point:
    """A plan; no other that none beats has a second total from ``floor`` up to its own; ``looked`` for in vain."""

    value: float
    second: float
    floor: float
    proved: bool
    looked: bool = False
    choice: tuple[int, ...]


def trace(
    problem: Problem, second: Floats, *, lifted: tuple[RowName, ...], floors: Sequence[float], points: int,
    executor: Executor | None,
) -> Traced | None:
    """Find non-dominated plans, every one if there are not too many; nothing when no plan holds the limits.

    Parameters
    ----------
    problem : Problem
        Its value is the first total.
    second : float array of shape (n_columns,)
        The second total, to be large; nothing but actions count.
    lifted : tuple of row names
        Rows set free.
    floors : sequence of float
        Amounts of the second total at which a plan is wanted in any case.
    points : int
        About how many plans to find when there are too many.
    executor : Executor, optional
        Where to solve.
    """
    model = changed(problem.model, Change(lifted=lifted))
    found = _independent(problem, model, second)
    if found is not None:
        return found
    walk = _Walk(problem, second, lifted=lifted, executor=executor)
    return walk.run(floors, points)


def _independent(problem: Problem, model: Model, second: Floats) -> Traced | None:
    """Search in two phases; nothing when projects depend on each other or the points are too many."""
    items = _as_items(problem, model)
    if items is None:
        return None
    base, other, rows, room = items
    totals = np.column_stack([second, model.objective])
    extra = totals[other] - totals[base]
    many = non_dominated(extra[base != other], rows[base != other], room, node_limit=_NODE_LIMIT)
    if not many.exact or not len(many.points):
        return None
    choices = np.tile(base, (len(many.points), 1))
    choices[:, base != other] = np.where(many.choices, other[base != other], base[base != other])
    return Traced(choices=choices, second=totals[choices, 0].sum(axis=1), value=totals[choices, 1].sum(axis=1),
                  exact=True, proved=True, method="two-phase search")


def _as_items(problem: Problem, model: Model) -> tuple[Ints, Ints, Floats, Floats] | None:
    """First and other action of every project, what the other uses more of each limit, and the room for that."""
    project = problem.actions.frame["project"].to_numpy()
    starts, sizes = np.unique(project, return_index=True, return_counts=True)[1:]
    if len(model.objective) != len(project) or sizes.max() > len(("first", "other")):
        return None
    base = starts.astype(np.int64)
    other = base + (sizes - 1)
    x = np.zeros(len(project))
    x[base] = 1.0
    used = model.activity(x)
    limits = []
    for row in np.flatnonzero([name[0] != "choose" for name in model.names]):
        entries = model.entry_row == row
        weight = np.zeros(len(project))
        weight[model.entry_column[entries]] = model.entry_value[entries]
        more = weight[other] - weight[base]
        for sign, bound in ((1.0, model.row_upper[row]), (-1.0, model.row_lower[row])):
            room = sign * (bound - used[row]) + model.tolerance[row]
            if np.maximum(sign * more, 0.0).sum() > room:
                limits.append((sign * more, room))
    if len(limits) > MOST_BUDGETS:
        return None
    limits = limits or [(np.zeros(len(base)), 0.0)]
    return base, other, np.column_stack([more for more, _ in limits]), np.array([room for _, room in limits])


class _Walk:
    """Epsilon constraints: the most value at a floor of the second total, then the most of that at this value."""

    def __init__(
        self, problem: Problem, second: Floats, *, lifted: tuple[RowName, ...], executor: Executor | None
    ) -> None:
        self._problem, self._second, self._lifted, self._executor = problem, second, lifted, executor
        self._gap, self._near = max(problem.policy.gap, PROVED_GAP), 0.0
        self._points: list[_Point] = []

    def run(self, floors: Sequence[float], points: int) -> Traced | None:
        if not self._ends():
            return None
        low, high = self._points[0].second, self._points[-1].second
        self._look([floor for floor in floors if low < floor < high])
        gaps, before = self._gaps(), [-np.inf]
        # The same gaps twice: the solver's tolerances let it go no further.
        while gaps and gaps != before and len(self._points) < points:
            self._look(gaps[:points - len(self._points)])
            gaps, before = self._gaps(), gaps
        return self._traced(exact=not gaps)

    def _ends(self) -> bool:
        """Find the most valuable plan and the one with most of the second total."""
        most, = self._solve([Change(name="most of the other", objective=self._second, lifted=self._lifted)])
        if not most.found:
            return False
        self._look([-np.inf])
        top = float(self._second[most.choice].sum())
        self._near = 1e-6 * max(_SMALL, abs(top), abs(self._points[0].second))
        self._look([top - self._near])
        return True

    def _look(self, floors: Sequence[float]) -> None:
        """Find a non-dominated plan at each of these floors."""
        value = self._problem.model.objective
        reaching = [Change(name=f"at least {floor:,.1f}", lifted=self._lifted, start=self._known(floor),
                           at_least=() if np.isinf(floor) else ((self._second, floor),)) for floor in floors]
        firsts = self._solve(reaching)
        improving = [Change(name=first.name, objective=self._second, lifted=self._lifted, start=first.x,
                            at_least=((value, first.value - self._width(first.value)),))
                     for first in firsts if first.found]
        lasts = iter(self._solve(improving))
        for floor, first in zip(floors, firsts, strict=True):
            if first.found:
                self._keep(first, next(lasts), floor)

    def _known(self, floor: float) -> Floats | None:
        """Columns of the most valuable known plan that reaches a floor, to begin from."""
        choice = next((point.choice for point in self._points if point.second >= floor), None)
        return None if choice is None else outcome(self._problem, np.array(choice)).x

    def _keep(self, first: Plan, last: Plan, floor: float) -> None:
        plan = last if last.found else first
        choice, proved = plan.choice, first.gap <= self._gap and last.found and last.gap <= self._gap
        new = _Point(value=outcome(self._problem, choice).value, second=float(self._second[choice].sum()), floor=floor,
                     proved=proved, choice=tuple(choice.tolist()))
        for place, known in enumerate(self._points):
            if abs(known.second - new.second) <= self._near:
                self._points[place] = replace(known, floor=min(known.floor, floor), looked=True)
                return
        self._points.append(new)
        self._points.sort(key=lambda point: point.second)

    def _gaps(self) -> list[float]:
        """Floors between neighbours where another plan may be, for the widest gaps.

        In the middle, so that plans are spread evenly; where that found nothing, right above the lower neighbour,
        which finds the next plan or shows that there is none.
        """
        gaps = [(right.floor - left.second, left.second, right) for left, right in pairwise(self._points)
                if right.floor > left.second + 2 * self._near]
        gaps.sort(key=lambda gap: (-gap[0], gap[1]))
        return [low + (self._near if right.looked else width / 2) for width, low, right in gaps
                if width >= _WIDE * gaps[0][0]]

    def _solve(self, changes: list[Change]) -> tuple[Plan, ...]:
        return solve_all(self._problem, changes, executor=self._executor)

    def _width(self, value: float) -> float:
        return self._gap * max(1.0, abs(value))

    def _traced(self, *, exact: bool) -> Traced:
        kept: list[_Point] = []
        for point in reversed(self._points):
            if not kept or point.value > kept[-1].value + self._width(point.value):
                kept.append(point)
        kept.reverse()
        proved = all(point.proved for point in kept)
        return Traced(choices=np.array([point.choice for point in kept], dtype=np.int64),
                      value=np.array([point.value for point in kept]), second=np.array([p.second for p in kept]),
                      exact=exact and proved, proved=proved,
                      method="epsilon-constraint walk" if exact else f"{len(kept)} amounts, evenly spread")
