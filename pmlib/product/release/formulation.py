"""The release plan as a mixed-integer model: one binary for each feature and release, rows named for what they hold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pmlib.portfolio.model import PROVED_GAP, Model, RowName, Rows, Solution, Status, elastic, solve
from pmlib.product.release.capacity import Floats

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

NOWHERE = -1
#: What one model of the tie rule can tell apart: its largest weight over the gap that counts as proved.
_TELLS_APART = 1e5


@dataclass(frozen=True, eq=False, kw_only=True)
class Question:
    """What a plan chooses from, as arrays; features sorted by id.

    Attributes
    ----------
    features : tuple of str, shape (n,)
    value : float array of shape (n,)
        Value a quarter.
    effort : float array of shape (n,)
        Person-months.
    team : int array of shape (n,)
        Place of the feature's team in ``teams``.
    first : int array of shape (n,)
        Place of the feature that must come no later; -1: none.
    must, committed : bool array of shape (n,)
        Forced into the plan; forced into the first release.
    teams : tuple of str
    capacity : float array of shape (n_teams, n_releases)
    quarters : float array of shape (n_releases,)
        Quarters of use of what is built in each release.
    """

    features: tuple[str, ...]
    value: Floats
    effort: Floats
    team: Ints
    first: Ints
    must: Bools
    committed: Bools
    teams: tuple[str, ...]
    capacity: Floats = field(repr=False)
    quarters: Floats = field(repr=False)

    @property
    def releases(self) -> int:
        """Number of releases."""
        return len(self.quarters)

    def place(self, feature: str) -> int:
        """Place of a feature."""
        return self.features.index(feature)

    def worth(self, built: Ints) -> float:
        """Value of a plan given as the release of each feature, -1 where it is not built."""
        inside = built != NOWHERE
        return float((self.value[inside] * self.quarters[built[inside]]).sum())

    def load(self, built: Ints) -> Floats:
        """Person-months used, shape (n_teams, n_releases)."""
        used = np.zeros_like(self.capacity)
        inside = built != NOWHERE
        np.add.at(used, (self.team[inside], built[inside]), self.effort[inside])
        return used

    @cached_property
    def model(self) -> Model:
        """The plan's model: value of use to maximise."""
        n, r = len(self.features), self.releases
        rows, column = Rows(), np.arange(n * r).reshape(n, r)
        ones = np.ones(r)
        for i, feature in enumerate(self.features):
            rows.add([("once", feature)], (np.zeros(r), column[i], ones), upper=1.0)
            if self.must[i]:
                rows.add([("must", feature)], (np.zeros(r), column[i], ones), lower=1.0)
            if self.committed[i]:
                rows.add([("committed", feature)], ([0], column[i, :1], [1.0]), lower=1.0)
            for last in range(r if self.first[i] != NOWHERE else 0):
                _add_needs(rows, ("needs", feature, f"{last}"), own=column[i], first=column[self.first[i], : last + 1])
        self._add_capacity(rows, column)
        return rows.build(objective=np.outer(self.value, self.quarters).ravel(), upper=np.ones(n * r),
                          integer=np.ones(n * r, dtype=bool))  # fmt: skip

    def _add_capacity(self, rows: Rows, column: Ints) -> None:
        for t, team in enumerate(self.teams):
            own = np.flatnonzero(self.team == t)
            for r in range(self.releases):
                entries = (np.zeros(len(own)), column[own, r], self.effort[own])
                rows.add([("capacity", team, f"{r}")], entries, upper=self.capacity[t, r])

    def redrawn(self, model: Model, value: Floats, effort: Floats) -> Model:
        """Return a model of this question with other values and efforts."""
        inside = self._capacity_entries
        entries = model.entry_value.copy()
        entries[inside] = effort[model.entry_column[inside] // self.releases]
        return replace(model, objective=np.outer(value, self.quarters).ravel(), entry_value=entries)

    @cached_property
    def _capacity_entries(self) -> Ints:
        return np.flatnonzero(np.isin(self.model.entry_row, self.model.rows("capacity")))

    def built(self, x: Floats) -> Ints:
        """Release of each feature in a solution, -1 where it is not built."""
        chosen = x.reshape(len(self.features), self.releases) > 0.5  # noqa: PLR2004 - a binary, as the solver leaves it
        return np.where(chosen.any(axis=1), chosen.argmax(axis=1), NOWHERE).astype(np.int64)

    @cached_property
    def held(self) -> Floats:
        """Where a forced feature has to stand: 1 in any release for a must, in the first for a committed one."""
        held = np.zeros((len(self.features), self.releases))
        held[self.must] = 1.0
        held[self.committed] = np.eye(self.releases)[0]
        return held

    def columns(self, built: Ints) -> Floats:
        """Turn the release of each feature into a solution."""
        return np.asarray(built[:, None] == np.arange(self.releases), dtype=np.float64).ravel()


def _add_needs(rows: Rows, name: RowName, *, own: Ints, first: Ints) -> None:
    """Built by this release only if what it needs is built by then."""
    upto = len(first)
    entries = (np.zeros(2 * upto), np.concatenate([own[:upto], first]), np.repeat([1.0, -1.0], upto))
    rows.add([name], entries, upper=0.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """A plan as the solver proved it: the release of each feature, -1 where it is not built."""

    built: Ints
    value: float
    status: Status
    gap: float
    seconds: float


def best_plan(question: Question) -> Answer:
    """Find the plan of most value; of equal ones the one of least effort, then the one that is first by feature.

    First by feature: the lowest id stands in the earliest release, then the next, and so on, so that the same
    tables give the same plan in every order of their rows.
    """
    if not question.features:
        return Answer(built=np.empty(0, dtype=np.int64), value=0.0, status=Status.PROVED, gap=0.0, seconds=0.0)
    found = solve(question.model)
    if not found.found:
        nothing = np.full(len(question.features), NOWHERE)
        return Answer(built=nothing, value=np.nan, status=found.status, gap=np.nan, seconds=found.seconds)
    built, seconds = _first_of_equals(question, found)
    value = question.worth(built)
    gap = max(0.0, found.bound - value) / max(1.0, abs(value))
    return Answer(built=built, value=value, status=found.status, gap=gap, seconds=found.seconds + seconds)


def _first_of_equals(question: Question, found: Solution) -> tuple[Ints, float]:
    """Settle ties: keep the value, then take the least effort, then go through the features by id."""
    n, r = len(question.features), question.releases
    spent = np.repeat(question.effort, r)
    width = PROVED_GAP * max(1.0, abs(found.value))
    model = with_row(question.model, ("value",), question.model.objective, lower=found.value - width)
    least = solve(replace(model, objective=-spent), start=found.x)
    model = with_row(model, ("effort",), spent, upper=float(spent @ least.x) + PROVED_GAP)
    seconds, x = least.seconds, least.x
    each = max(1, int(np.log(_TELLS_APART) / np.log(r + 1)))
    for begin in range(0, n, each):
        end = min(begin + each, n)
        objective = np.zeros((n, r))
        objective[begin:end] = np.outer(float(r + 1) ** np.arange(end - begin)[::-1], np.arange(r, 0, -1))
        step = solve(replace(model, objective=objective.ravel()), start=x)
        seconds, x = seconds + step.seconds, np.round(step.x)
        lower, upper = model.lower.copy(), model.upper.copy()
        lower[begin * r : end * r] = upper[begin * r : end * r] = x[begin * r : end * r]
        model = replace(model, lower=lower, upper=upper)
    return question.built(x), seconds


def with_row(model: Model, name: RowName, values: Floats, *, lower: float = -np.inf, upper: float = np.inf) -> Model:
    """Copy of a model with one more row over all columns, at the end."""
    n = len(values)
    return replace(
        model,
        names=(*model.names, name),
        row_lower=np.append(model.row_lower, lower),
        row_upper=np.append(model.row_upper, upper),
        entry_row=np.concatenate([model.entry_row, np.full(n, len(model.names))]),
        entry_column=np.concatenate([model.entry_column, np.arange(n)]),
        entry_value=np.concatenate([model.entry_value, values]),
    )


def least_shortfall(question: Question) -> Floats:
    """Fewest person-months more, shape (n_teams, n_releases), with which all that is forced fits; NaN: none does."""
    model = question.model
    soft = model.rows("capacity")
    answer, given = elastic(model, soft, np.ones(len(soft)))
    short = np.full_like(question.capacity, np.nan)
    if answer.found:
        for row, amount in zip(soft, given, strict=True):
            _, team, release = model.names[row]
            short[question.teams.index(team), int(release)] = amount
    return short


def misfits(question: Question) -> Ints:
    """Places of the forced features that stay out when as many as possible are in, with most value beside them."""
    free = question.model.without(question.model.rows("must", "committed"))
    value = np.outer(question.value, question.quarters)
    # All value together weighs less than one feature.
    answer = solve(replace(free, objective=(question.held + value / (1.0 + 2 * value.sum())).ravel()))
    held = question.held * question.columns(question.built(answer.x)).reshape(question.held.shape)
    return np.flatnonzero((question.must | question.committed) & (held.sum(axis=1) == 0))


def greedy_plan(question: Question) -> Ints | None:
    """Fill the releases by value a person-month, musts first, each feature as early as it fits; None: a must does not.

    What a feature needs goes before it; a pass over the list is repeated until nothing more fits.
    """
    built = np.full(len(question.features), NOWHERE, dtype=np.int64)
    left = question.capacity.copy()
    ratio = np.divide(question.value, question.effort, out=np.full(len(built), np.inf), where=question.effort > 0)
    forced = question.must | question.committed
    order = sorted(range(len(built)), key=lambda i: (not question.committed[i], not forced[i], -ratio[i], i))
    changed = True
    while changed:
        changed = False
        for i in order:
            release = NOWHERE if built[i] != NOWHERE else _earliest(question, i, built=built, left=left)
            if release != NOWHERE:
                built[i], changed = release, True
                left[question.team[i], release] -= question.effort[i]
    return None if (forced & (built == NOWHERE)).any() or (question.committed & (built != 0)).any() else built


def _earliest(question: Question, i: int, *, built: Ints, left: Floats) -> int:
    first = question.first[i]
    if first != NOWHERE and built[first] == NOWHERE:
        return NOWHERE
    begin = 0 if first == NOWHERE else int(built[first])
    fits = np.flatnonzero(left[question.team[i], begin:] >= question.effort[i] - PROVED_GAP)
    return begin + int(fits[0]) if len(fits) else NOWHERE
