"""Why a release plan is as it is: what forcing costs, what is left, what one more person-month would bring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmlib.portfolio.model import solve
from pmlib.product.release.capacity import Floats
from pmlib.product.release.formulation import NOWHERE, Answer, Ints, Question
from pmlib.product.wording import listed

#: A difference of value below this share of the plan is the solver's width, not worth a word.
_NOTHING = 1e-5


@dataclass(frozen=True, kw_only=True)
class Forced:
    """What it costs the plan that one feature is in whatever it brings.

    Attributes
    ----------
    points : float
        Value lost against the best plan that need not hold it, 0 or more.
    instead : tuple of str
        Features that this other plan builds and this one does not.
    """

    points: float
    instead: tuple[str, ...] = ()


def forced_costs(question: Question, answer: Answer) -> dict[str, Forced]:
    """Solve once more for each must feature, with that one set free."""
    model, start, costs = question.model, question.columns(answer.built), {}
    for i in np.flatnonzero(question.must):
        feature = question.features[i]
        free = solve(model.without([model.row(("must", feature))]), start=start, near=True)
        lost = max(0.0, free.value - answer.value)
        if lost <= _NOTHING * max(1.0, answer.value):
            costs[feature] = Forced(points=0.0)
            continue
        other = np.flatnonzero((question.built(free.x) != NOWHERE) & (answer.built == NOWHERE))
        costs[feature] = Forced(points=lost, instead=tuple(question.features[j] for j in other))
    return costs


def one_more(question: Question, answer: Answer) -> Floats:
    """Value that one more person-month would add, by team and release: solved once more for each."""
    gain, start = np.zeros_like(question.capacity), question.columns(answer.built)
    for t in np.unique(question.team):
        for r in range(question.releases):
            row = question.model.row(("capacity", question.teams[t], f"{r}"))
            gain[t, r] = solve(question.model.widened([row], 1.0), start=start, near=True).value - answer.value
    return np.where(gain > _NOTHING * max(1.0, answer.value), gain, 0.0)


def why_each(question: Question, answer: Answer, *, names: list[str], forced: dict[str, Forced]) -> list[str]:
    """Say of each feature to choose from why it is in or out."""
    left = question.capacity - question.load(answer.built)
    return [
        _why_in(question, i, forced=forced, value=answer.value) if answer.built[i] != NOWHERE
        else _why_out(question, i, built=answer.built, rest=(left, names))
        for i in range(len(question.features))
    ]  # fmt: skip


def _why_in(question: Question, i: int, *, forced: dict[str, Forced], value: float) -> str:
    feature = question.features[i]
    brings = f"{question.value[i]:,.0f} points a quarter for {question.effort[i]:,.1f} person-months"
    if feature not in forced:
        return f"already begun and held to; {brings}" if question.committed[i] else brings
    cost = forced[feature]
    if not cost.points:
        return f"must-be, and in the best plan anyway: {brings}"
    instead = f"; without it {listed(list(cost.instead))} would be built" if cost.instead else ""
    return f"must-be: forcing it costs {cost.points:,.0f} points ({100 * cost.points / value:.1f} %){instead}"


def _why_out(question: Question, i: int, *, built: Ints, rest: tuple[Floats, list[str]]) -> str:
    left, names = rest
    team, effort, first = question.team[i], question.effort[i], question.first[i]
    if first != NOWHERE and built[first] == NOWHERE:
        return f"needs {question.features[first]} first, which is not in the plan"
    most = float(question.capacity[team].max())
    if effort > most:
        return (f"needs {effort:,.1f} person-months of {question.teams[team]} in one release, which has at most "
                f"{most:,.1f}")  # fmt: skip
    begin = 0 if first == NOWHERE else int(built[first])
    after = f"; {question.features[first]}, which it needs, comes in {names[begin]}" if begin else ""
    best = begin + int(left[team, begin:].argmax())
    room = float(left[team, best])
    if room >= effort:
        return "brings nothing within the horizon" if question.value[i] == 0 else "adds less than the proof can tell"
    who = f"team {question.teams[team]}"
    if room <= _NOTHING:
        return f"{who} has no time left, needs {effort:,.1f} person-months{after}"
    return f"{who} has {room:,.1f} person-months left in {names[best]}, needs {effort:,.1f}{after}"


def shortfall_frame(short: Floats, teams: tuple[str, ...], names: list[str]) -> pd.DataFrame:
    """Lay out where forced features lack person-months, one row per team and release."""
    rows = [(team, r + 1, names[r], short[t, r]) for t, team in enumerate(teams)
            for r in range(len(names)) if short[t, r] > 0]  # fmt: skip
    return pd.DataFrame(rows, columns=["team", "release", "release_name", "short_pm"])
