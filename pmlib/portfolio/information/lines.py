"""The best plan with each project forced into each of its actions: the lines that its value slides along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pmlib.portfolio.fan_out import solve_all
from pmlib.portfolio.information.envelopes import Envelope
from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.plans import Change, Plan
from pmlib.portfolio.problem import Outcome, Problem, chosen
from pmlib.portfolio.relaxation import Relaxation
from pmlib.portfolio.repairs import Repairs

#: Actions that take over only so many standard deviations from the mean are left out: less than 1 in 10^9.
REACH = 6.0
#: Room for the rounding of a relaxation, as a share of the plan's value.
_ROUNDING = 1e-7


@dataclass(frozen=True, eq=False, kw_only=True)
class Lines:
    """What every project's value does to the best plan, all others at their means.

    Attributes
    ----------
    envelopes : tuple of n_projects Envelope
    plans : int array of shape (n_plans, n_projects)
        Every plan that was found on the way, the best one first: positions of the chosen actions.
    solved, unproved : int
        Plans that were searched for, and those of them whose search ended before the proof.
    """

    envelopes: tuple[Envelope, ...]
    plans: Ints
    solved: int
    unproved: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Case:
    """One way to decide one project: the actions of one verb that keep the same share of its value."""

    project: int
    verb: str
    slope: float
    others: Ints


def slopes(problem: Problem) -> Floats:
    """Share of its project's own value that each action keeps, shape (n_actions,), as in `revalued`."""
    frame = problem.actions.frame
    return np.asarray(np.where(problem.actions.going_on[1], frame["benefit_left"], 0.0), dtype=np.float64)


def forced_lines(problem: Problem, plan: Outcome, sds: Floats) -> Lines:
    """Find the lines of every project that its uncertainty can reach.

    Parameters
    ----------
    problem : Problem
        Compiled at the means.
    plan : Outcome
        Its best plan.
    sds : float array of shape (n_projects,)
        Standard deviation of each project's value, thousand; one that is sure needs no search.

    Returns
    -------
    Lines
    """
    cases, starts = _within_reach(problem, plan, sds)
    ids = problem.actions.projects["project_id"]
    changes = [Change(name=str(ids.iloc[case.project]), fixed=tuple((int(column), 0.0) for column in case.others),
                      start=start) for case, start in zip(cases, starts, strict=True)]
    plans = solve_all(problem, changes)
    found: dict[int, list[tuple[_Case, Plan]]] = {}
    for case, answer in zip(cases, plans, strict=True):
        if answer.found:
            found.setdefault(case.project, []).append((case, answer))
    return Lines(
        envelopes=tuple(_envelope(problem, plan, project, found.get(project, [])) for project in range(len(ids))),
        plans=np.array([plan.choice, *(answer.choice for answer in plans if answer.found)]), solved=len(plans),
        unproved=tuple(answer.name for answer in plans if not answer.proved))


def _cases(problem: Problem, project: int) -> list[_Case]:
    """Every way to decide a project, by verb and share of value kept."""
    frame = problem.actions.frame
    mine = np.flatnonzero(frame["project"].to_numpy() == project)
    verb, slope = frame["action"].to_numpy(dtype=str)[mine], slopes(problem)[mine]
    return [_Case(project=project, verb=str(word), slope=float(kept), others=mine[(verb != word) | (slope != kept)])
            for word, kept in dict.fromkeys(zip(verb, slope, strict=True))]


def _within_reach(problem: Problem, plan: Outcome, sds: Floats) -> tuple[list[_Case], list[Floats | None]]:
    """Cases that may beat the plan within reach, judged by their relaxation, each with a plan to begin from."""
    relaxation, repairs = Relaxation(problem.model), Repairs(problem, plan)
    room = _ROUNDING * max(1.0, abs(plan.value))
    kept, starts = [], []
    for project in np.flatnonzero(sds > 0):
        for case in _cases(problem, int(project)):
            apart = abs(case.slope - slopes(problem)[plan.choice[project]])
            if apart == 0.0 or plan.choice[project] not in case.others:
                continue
            most, x = relaxation.without(case.others)
            if len(x) and plan.value - most - room <= REACH * sds[project] * apart:
                near = repairs.around(chosen(problem, x), int(project))
                kept.append(case)
                starts.append(None if near is None else near.x)
    return kept, starts


def _envelope(problem: Problem, plan: Outcome, project: int, found: list[tuple[_Case, Plan]]) -> Envelope:
    at = int(plan.choice[project])
    own = (float(slopes(problem)[at]), plan.value, str(problem.actions.frame["action"].iloc[at]), True)
    # The plan is the best at the means, whatever the solver's last digits say.
    rows = sorted([own, *((case.slope, min(answer.value, plan.value), case.verb, False) for case, answer in found)])
    return Envelope(
        verbs=tuple(row[2] for row in rows), slopes=np.array([row[0] for row in rows]),
        at_mean=np.array([row[1] for row in rows]), planned=[row[3] for row in rows].index(True),
        mean=float(problem.actions.projects["value_k"].iloc[project]))
