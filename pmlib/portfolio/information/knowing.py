"""What it is worth to know several projects at once: sampled, every draw planned anew, with its standard error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pmlib.portfolio.fan_out import solve_all
from pmlib.portfolio.information.lines import Lines, slopes
from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.plans import Change
from pmlib.portfolio.problem import Problem, outcome

#: Draws on which the plans already known are valued.
_MANY = 20_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Knowing:
    """What it is worth to learn about several projects before deciding.

    Attributes
    ----------
    value_k, standard_error_k : float
        Thousand; the error is that of the sampling, 0 where it is exact.
    draws : int
        Times that the plan was made anew; 0 where that was not needed.
    unproved : int
        Draws whose search ended before the proof: the value is then at least this.
    """

    value_k: float
    standard_error_k: float
    draws: int
    unproved: int = 0

    def __repr__(self) -> str:
        return f"<Knowing: {self.value_k:,.1f} (standard error {self.standard_error_k:,.1f}); {self.draws} draws>"


def worth_of_knowing(problem: Problem, lines: Lines, *, sds: Floats, draws: int, seed: int) -> Knowing:
    """Sample the mean of the best plan's value once these projects are known, less that of the plan.

    In two parts (Giles 2008): what the plans already known gain over many draws, and what planning anew adds on a few
    draws of its own. The draws of the second part come in halves; the plans found on one half serve as known ones for
    the other, so none is chosen and valued on the same draws. Every draw is planned to the proof, so there is no bias
    of a sampled maximum. The project worth most to know stands in both parts and is taken at its exact value: the
    answer is never below it.

    Parameters
    ----------
    problem : Problem
        Compiled at the means.
    lines : Lines
        Of the same problem.
    sds : float array of shape (n_projects,)
        How far each may lie from its mean, thousand; 0 for what stays unknown (its mean counts).
    draws : int
        Plans to make, 2 or more.
    seed : int

    Returns
    -------
    Knowing

    References
    ----------
    Raiffa & Schlaifer (1961): the expected value of perfect information. Giles (2008), Multilevel Monte Carlo Path
    Simulation, Operations Research 56(3).
    """
    alone = np.array([envelope.gain(sd) for envelope, sd in zip(lines.envelopes, sds, strict=True)])
    uncertain = np.flatnonzero(sds > 0)
    if len(uncertain) <= 1:
        return Knowing(value_k=float(alone.sum()), standard_error_k=0.0, draws=0)
    rng = np.random.default_rng(seed)
    few, many = (np.zeros((n, len(sds))) for n in (draws, _MANY))
    for part in (few, many):
        part[:, uncertain] = rng.standard_normal((len(part), len(uncertain))) * sds[uncertain]
    found = solve_all(problem, _changes(problem, lines, few))
    best, plans = np.array([plan.value for plan in found]), np.array([plan.choice for plan in found])
    top, odd = int(alone.argmax()), np.arange(draws) % 2 == 1
    pools = [_Pool(problem, np.vstack([lines.plans, plans[half]])) for half in (~odd, odd)]
    anew = [np.maximum(best[half] - pool.best(few[half]), 0.0) for half, pool in zip((odd, ~odd), pools, strict=True)]
    known = np.mean([pool.best(many) - pool.knowing_one(many, top) for pool in pools], axis=0)
    variance = known.var(ddof=1) / _MANY + sum(part.var(ddof=1) / len(part) for part in anew) / len(anew) ** 2
    return Knowing(
        value_k=float(alone[top] + known.mean() + np.mean([part.mean() for part in anew])),
        standard_error_k=float(np.sqrt(variance)), draws=draws, unproved=sum(not plan.proved for plan in found))


def _changes(problem: Problem, lines: Lines, apart: Floats) -> list[Change]:
    """Ask for the best plan of every draw, from the best of the known ones."""
    frame, pool = problem.actions.frame, _Pool(problem, lines.plans)
    start = [outcome(problem, choice).x for choice in pool.plans]
    objective = np.tile(problem.model.objective, (len(apart), 1))
    objective[:, :len(frame)] += slopes(problem) * apart[:, frame["project"].to_numpy()]
    return [Change(name=f"draw {i + 1}", objective=row, start=start[near])
            for i, (row, near) in enumerate(zip(objective, pool.values(apart).argmax(axis=1), strict=True))]


class _Pool:
    """Plans that are known; each is worth a straight line in every project's value."""

    def __init__(self, problem: Problem, plans: Ints) -> None:
        self.plans = np.unique(plans, axis=0)
        self._base = np.array([outcome(problem, choice).value for choice in self.plans])
        self._slopes = slopes(problem)[self.plans]

    def values(self, apart: Floats) -> Floats:
        """Value of every plan in every draw, (n_draws, n_projects) -> (n_draws, n_plans)."""
        return np.asarray(self._base + apart @ self._slopes.T)

    def best(self, apart: Floats) -> Floats:
        """Value of the best plan in every draw, shape (n_draws,)."""
        return np.asarray(self.values(apart).max(axis=1))

    def knowing_one(self, apart: Floats, project: int) -> Floats:
        """Value in every draw of the plan that is best when only this project is known, shape (n_draws,)."""
        chosen = (self._base + np.outer(apart[:, project], self._slopes[:, project])).argmax(axis=1)
        return np.asarray(self.values(apart)[np.arange(len(apart)), chosen])
