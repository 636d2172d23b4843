"""The plan of every mixture of then and now, spread over processes, with the same answers wherever they ran."""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np

from pmlib.errors import PmlibError, SolverError
from pmlib.months import month_year
from pmlib.portfolio.arguments import of_kind
from pmlib.portfolio.changes.causes import Cause, Pair, Side
from pmlib.portfolio.comparison import as_decided
from pmlib.portfolio.plans import Change, solve
from pmlib.portfolio.policy import Mix, Objective, Policy
from pmlib.portfolio.problem import Outcome, Problem, best_plan, compile_problem, outcome
from pmlib.portfolio.valuation import going_on
from pmlib.portfolio.workers import Workers, cores, inside_worker

#: Plans whose values differ by a smaller part are tied.
_TIE = 1e-6
#: From so many plans on, starting processes pays.
_WORTH_A_POOL = 16


@dataclass(frozen=True, eq=False, kw_only=True)
class Mixture:
    """The plan of one mixture: its value (None without a plan), the action of every project, and which go on."""

    value: float | None
    gap: float
    actions: dict[str, str]
    on: frozenset[str]


@dataclass(frozen=True, eq=False, kw_only=True)
class Coalitions:
    """The plan of every mixture of the causes that differ.

    Attributes
    ----------
    causes : tuple of Cause
        Whose data differ.
    plans : tuple of Mixture
        2 ** n of them; number k has the causes of k's bits as they are now. Empty where some mixture has no plan.
    policy : Policy
        The yardstick of all of them.
    priced : bool
        Whether the bands of the mix are priced because some mixture cannot hold them.
    missing : str
        Why there are no plans, and what to do; empty otherwise.
    """

    causes: tuple[Cause, ...]
    plans: tuple[Mixture, ...]
    policy: Policy
    priced: bool
    missing: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class _Game:
    """What every worker needs."""

    both: Pair
    causes: tuple[Cause, ...]
    policy: Policy
    last: Mixture | None = None

    def members(self, number: int) -> list[Cause]:
        """Causes that are as of now in one mixture."""
        return [cause for place, cause in enumerate(self.causes) if number >> place & 1]

    def refusal(self, number: int, *, priced: bool) -> str:
        """Say that a mixture has no plan, and what to do."""
        new = self.members(number)
        which = "the last period" if not new else "this period" if len(new) == len(self.causes) else \
            f"the mixture of {', '.join(new)} as of now and all else as before"
        return (f"The change has no split: no plan holds every limit of {which}"
                f"{', even with the bands of the mix priced' if priced else ''}. Look at rebalance(...).mends of both "
                "periods, and let a limit give way (hire_limit_pm, budgets, a larger node_limit).")

    def _bits(self, causes: Collection[Cause]) -> int:
        return sum(1 << place for place, cause in enumerate(self.causes) if cause in causes)

    @property
    def unread(self) -> int:
        """Bits of the causes that the objective does not read: with or without them the plan is the same."""
        return self._bits({Objective.MONEY: [Cause.WEIGHTS], Objective.SCORE: [Cause.EVIDENCE]}.get(
            self.policy.objective, []))

    @property
    def revaluing(self) -> int:
        """Bits of the causes that change nothing but values, so that a compiled question serves all their mixtures."""
        # By the score, a project that gets its first points gets more to choose from.
        return self._bits(() if self.policy.objective is Objective.SCORE else (Cause.EVIDENCE, Cause.WEIGHTS))

    def plan(self, number: int, compiled: dict[int, Problem]) -> Mixture:
        """Choose the plan of one mixture, with the questions compiled so far at hand."""
        side, kind = self.both.mixed(self.members(number)), number & ~self.revaluing
        if kind in compiled:
            problem = _revalued(compiled[kind], side)
        else:
            problem = compile_problem(side.tables, period=side.first - 1, points=side.points, policy=self.policy)
            compiled[kind] = problem
        gap, plan = _first(problem) if self.last is None else _nearest(problem, self.last)
        if plan is None:
            return Mixture(value=None, gap=gap, actions={}, on=frozenset())
        chosen = problem.actions.frame.iloc[plan.choice]
        return Mixture(value=plan.value, gap=gap, on=frozenset(chosen.loc[chosen["on"], "project_id"]),
                       actions=dict(zip(chosen["project_id"], chosen["action"].astype(str), strict=True)))


def _revalued(problem: Problem, side: Side) -> Problem:
    """Ask the same question with the values of another mixture; of the problem only the model's objective is right."""
    frame, projects = problem.actions.frame, problem.actions.projects
    worth = going_on(side.tables, projects, first_year=month_year(side.first), policy=problem.policy,
                     points=side.points)["value_k"]
    more = worth.to_numpy(dtype=float) - projects["value_k"].to_numpy(dtype=float)
    ahead = frame["on"] | (frame["action"] == "hold")
    gain = np.where(ahead, more[frame["project"].to_numpy()] * frame["benefit_left"].to_numpy(), 0.0)
    objective = problem.model.objective.copy()
    objective[:len(gain)] += gain
    return replace(problem, model=replace(problem.model, objective=objective))


def _first(problem: Problem) -> tuple[float, Outcome | None]:
    """Gap and outcome of the last plan, chosen as its period chose it."""
    answer, plan = best_plan(problem)
    return answer.gap, plan


def _nearest(problem: Problem, last: Mixture) -> tuple[float, Outcome | None]:
    """Gap and outcome of the most valuable plan; of equal ones the one nearest to the last, then the first by name."""
    frame, n = problem.actions.frame, len(problem.actions.projects)
    shared = not frame["project_id"][frame["project_id"].isin(last.actions)].empty
    start = outcome(problem, as_decided(problem, last.actions)).x if shared else None
    found = solve(problem, Change(start=start))
    if not found.found:
        return found.gap, None
    best = outcome(problem, found.choice)
    moved = (frame["on"].to_numpy() != frame["project_id"].isin(last.on).to_numpy())
    if not moved[best.choice].any():
        return found.gap, best
    # The places of all projects add up to less than one change, so a name never outweighs one.
    place = (frame["project"].to_numpy() + 1.0) / (n * (n + 1.0))
    cost, width = np.zeros(len(problem.model.objective)), _TIE * max(1.0, abs(best.value))
    cost[:len(frame)] = -1.0 * moved * (1.0 + place)
    tied = solve(problem, Change(objective=cost, start=best.x,
                                 at_least=((problem.model.objective, best.value - width),)))
    other = outcome(problem, tied.choice) if tied.found else best
    return found.gap, best if len(other.broken) or other.value < best.value - 2 * width else other


def solve_coalitions(both: Pair, *, policy: Policy | None = None, executor: Executor | None = None) -> Coalitions:
    """Choose the plan of every mixture of last period's and this period's data.

    All are chosen and valued by one policy, this period's. Of plans within a millionth of the best value the one
    that differs least from the last plan is taken (the last plan itself: fewest changes of the projects' states).
    Where a mixture holds no plan because of the bands of the mix, all are solved anew with the bands priced.

    Parameters
    ----------
    both : Pair
        The two periods.
    policy : Policy, optional
        This period's.
    executor : concurrent.futures.Executor, optional
        Where to solve; when left out, one process per core if there is enough to do. It is left open.

    Raises
    ------
    ParameterError
        The policy or executor is none, or the objective needs points and has none.
    SolverError
        HiGHS or a worker fails.
    """
    policy = Policy() if policy is None else of_kind(policy, Policy, "policy", remedy="Pass pm.Policy(...).")
    if executor is not None:
        of_kind(executor, Executor, "executor", remedy="Pass one of concurrent.futures, or leave it out.")
    game = _Game(both=both, causes=both.differing, policy=policy)
    plans = _every(game, executor)
    bands = any("mix_targets" in side.tables for side in (both.before, both.now))
    priced = policy.mix is Mix.HARD and bands and _without_plan(plans) is not None
    if priced:
        game = replace(game, policy=replace(policy, mix=Mix.PRICED))
        plans = _every(game, executor)
    failed = _without_plan(plans)
    return Coalitions(causes=game.causes, plans=plans if failed is None else (), policy=game.policy, priced=priced,
                      missing="" if failed is None else game.refusal(failed, priced=priced))


def _without_plan(plans: Sequence[Mixture]) -> int | None:
    return next((number for number, plan in enumerate(plans) if plan.value is None), None)


def _every(game: _Game, executor: Executor | None) -> tuple[Mixture, ...]:
    """Plans of all mixtures; where the last period has none, nothing else is asked."""
    last = game.plan(0, {})
    if last.value is None:
        return (last,)
    every = range(1 << len(game.causes))
    numbers = [number for number in every if number and not number & game.unread]
    found = dict(zip((0, *numbers), (last, *_solved(replace(game, last=last), numbers, executor)), strict=True))
    return tuple(found[number & ~game.unread] for number in every)


def _solved(game: _Game, numbers: Sequence[int], executor: Executor | None) -> Iterable[Mixture]:
    if executor is not None:
        return _spread(game, numbers, executor)
    if len(numbers) >= _WORTH_A_POOL and cores() > 1 and not inside_worker():
        try:
            pool = Workers(cores())
        except OSError:
            return _answers(pickle.dumps(game), numbers)
        with pool:
            return _spread(game, numbers, pool)
    return _answers(pickle.dumps(game), numbers)


def _spread(game: _Game, numbers: Sequence[int], executor: Executor) -> Iterable[Mixture]:
    """Hand out chunks that share a compiled question."""
    packed, chunks = pickle.dumps(game), defaultdict(list)
    for number in numbers:
        chunks[number & ~game.revaluing].append(number)
    try:
        waiting = [executor.submit(_answers, packed, chunk) for chunk in chunks.values()]
        found = {number: plan for chunk, future in zip(chunks.values(), waiting, strict=True)
                 for number, plan in zip(chunk, future.result(), strict=True)}
    except PmlibError:
        raise
    except Exception as error:
        raise SolverError(f"executor: {type(executor).__name__} failed with {type(error).__name__}: {error}. "
                          "Start a new one, or leave it out to solve on this machine.") from error
    return [found[number] for number in numbers]


def _answers(packed: bytes, numbers: Sequence[int]) -> tuple[Mixture, ...]:
    game: _Game = pickle.loads(packed)
    compiled: dict[int, Problem] = {}
    return tuple(game.plan(number, compiled) for number in numbers)
