"""Every way to decide one project otherwise, with what is known of its regret: first bounded, then solved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from pathlib import Path

import numpy as np

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.fan_out import solve_all
from pmlib.portfolio.model import Ints, Status
from pmlib.portfolio.plans import Change, Plan
from pmlib.portfolio.problem import Outcome, Problem, chosen, outcome
from pmlib.portfolio.relaxation import Relaxation
from pmlib.portfolio.repairs import Repairs

#: Two plans whose values differ by a smaller share of the plan's are worth the same.
TIED = 2e-6
#: Room for the rounding of a relaxation, as a share of the plan's value.
_ROUNDING = 1e-7
_SAME = 1e-9


class Overrides:
    """Every other verb open to the projects asked for; one case each, with the bounds of its regret.

    Attributes
    ----------
    projects : list of int
        Positions of the projects asked for.
    cases : list of (project, verb)
        Sorted by project, then as in the list of actions.
    lower, upper : float arrays of shape (n_cases,)
        The regret lies between them; equal once it is known.
    sure : bool array of shape (n_cases,)
        Whether the regret is known.
    """

    def __init__(self, problem: Problem, plan: Outcome | Plan, projects: Sequence[str] | None) -> None:
        if not isinstance(problem, Problem):
            raise ParameterError(f"problem: got {type(problem).__name__}, allowed a Problem. Pass .problem of the "
                                 "decision.")
        if not isinstance(plan, Outcome | Plan) or not len(plan.choice):
            raise ParameterError("plan: there is none to override. "
                                 "Look at .mends of the decision for what has to give way.")
        frame = problem.actions.frame
        _refuse_another(frame["project"].to_numpy(), plan.choice, n_projects=len(problem.actions.projects))
        self.problem, self.plan = problem, outcome(problem, plan.choice)
        self.projects = _places(problem, projects)
        self._owner, self._verb = frame["project"].to_numpy(), frame["action"].to_numpy(dtype=str)
        self._mine = {project: np.flatnonzero(self._owner == project) for project in self.projects}
        self.cases = [(project, str(verb)) for project in self.projects
                      for verb in dict.fromkeys(self._verb[self._mine[project]]) if verb != self.planned(project)]
        self._of: dict[int, list[int]] = {project: [] for project in self.projects}
        for i, (project, _) in enumerate(self.cases):
            self._of[project].append(i)
        place = {case: i for i, case in enumerate(self.cases)}
        self._case = np.array([place.get((int(project), str(verb)), -1)
                               for project, verb in zip(self._owner, self._verb, strict=True)])
        # The share of a project's own value that is left in each action, as in `revalued`.
        self._left = np.where(frame["on"] | (frame["action"] == "hold"), frame["benefit_left"], 0.0)
        self.lower, self.upper = np.zeros(len(self.cases)), np.full(len(self.cases), np.inf)
        self.sure = np.zeros(len(self.cases), dtype=bool)
        self._near: list[Outcome | None] = [None] * len(self.cases)

    def planned(self, project: int) -> str:
        """Verb that the plan has for a project."""
        return str(self._verb[self.plan.choice[project]])

    def of(self, project: int) -> list[int]:
        """Cases of a project."""
        return self._of[project]

    def columns(self, project: int, verb: str, *, other: bool = False) -> Ints:
        """Columns of a verb of a project, or those of its other verbs."""
        mine = self._mine[project]
        found: Ints = mine[(self._verb[mine] == verb) != other]
        return found

    def verbs(self, project: int) -> list[str]:
        """Verbs open to a project."""
        return list(dict.fromkeys(self._verb[self._mine[project]].tolist()))

    def regret(self, value: float) -> float:
        """Say what a plan of this value loses; nothing below the width of a tie."""
        loss = self.plan.value - value
        return loss if loss > TIED * max(1.0, abs(self.plan.value)) else 0.0

    def bound(self) -> None:
        """Bound every case from both sides: by its relaxation, and by the best plan that a mend of it finds."""
        relaxation, repairs = Relaxation(self.problem.model), Repairs(self.problem, self.plan)
        room = _ROUNDING * max(1.0, abs(self.plan.value))
        for case, (project, verb) in enumerate(self.cases):
            most, x = relaxation.without(self.columns(project, verb, other=True))
            self.lower[case], self.sure[case] = self.regret(most + room), not len(x)
            if len(x):
                self._learn(repairs.around(chosen(self.problem, x), project))
        for case, (project, verb) in enumerate(self.cases):
            if np.isinf(self.upper[case]) and np.isfinite(self.lower[case]):
                choice = self.plan.choice.copy()
                choice[project] = self.columns(project, verb)[0]
                self._learn(repairs.around(choice, project))

    def _learn(self, found: Outcome | None) -> None:
        """Let a plan bound every case that it happens to choose."""
        if found is None:
            return
        loss = self.regret(found.value)
        for case in self._case[found.choice]:
            if case >= 0 and loss < self.upper[case] and not self.sure[case]:
                self.upper[case], self._near[case] = loss, found

    def solve_otherwise(self, *, executor: Executor | None, store: str | Path | None) -> dict[int, Plan]:
        """Solve every project once without its planned verb; returns the best plans by project."""
        open_ones = [project for project in self.projects if self.of(project)]
        changes = [self._change(self.columns(project, self.planned(project)), self.of(project))
                   for project in open_ones]
        plans = solve_all(self.problem, changes, executor=executor, store=store)
        for project, plan in zip(open_ones, plans, strict=True):
            mine = self.of(project)
            if plan.status is Status.INFEASIBLE:
                self._settle(mine, np.inf)
                continue
            if plan.found:
                least = self.regret(plan.value if plan.status is Status.PROVED else plan.bound)
                self.lower[mine] = np.maximum(self.lower[mine], least)
                self._settled(int(self._case[plan.choice[project]]), plan)
        return dict(zip(open_ones, plans, strict=True))

    def solve_cases(self, cases: Sequence[int], *, executor: Executor | None, store: str | Path | None) -> None:
        """Solve these cases, each with its verb forced."""
        changes = [self._change(self.columns(*self.cases[case], other=True), [case]) for case in cases]
        plans = solve_all(self.problem, changes, executor=executor, store=store)
        for case, plan in zip(cases, plans, strict=True):
            if plan.status is Status.INFEASIBLE:
                self._settle([case], np.inf)
            elif plan.found:
                self._settled(case, plan)

    def _change(self, forbidden: Ints, cases: Iterable[int]) -> Change:
        near = min(((self.upper[case], case) for case in cases), default=(np.inf, -1))[1]
        known = self._near[near] if near >= 0 else None
        return Change(name=str(self.problem.actions.projects["project_id"].iloc[self._owner[forbidden[0]]]),
                      fixed=tuple((int(column), 0.0) for column in forbidden),
                      start=None if known is None else known.x)

    def _settled(self, case: int, plan: Plan) -> None:
        self._learn(outcome(self.problem, plan.choice))
        if plan.status is Status.PROVED:
            self._settle([case], self.regret(plan.value))

    def _settle(self, cases: Sequence[int], regret: float) -> None:
        self.lower[cases] = self.upper[cases] = regret
        self.sure[cases] = True

    def steps(self, project: int) -> dict[int, tuple[float, float]]:
        """Say by case what the planned action loses against it for each unit of value less, and of value more."""
        planned = self._left[self.plan.choice[project]]
        other = {case: self._left[self.columns(*self.cases[case])] for case in self.of(project)}
        return {case: (float(planned - kept.min()), float(kept.max() - planned)) for case, kept in other.items()}

    def undecided(self, project: int) -> list[int]:
        """Cases that must be known before it is known at what value the plan decides otherwise."""
        needed = []
        for side in (0, 1):
            steps = {case: step[side] for case, step in self.steps(project).items() if step[side] > _SAME}
            least = min((self.upper[case] / step for case, step in steps.items() if self.sure[case]), default=np.inf)
            needed += [case for case, step in steps.items()
                       if not self.sure[case] and self.lower[case] < least * step * (1.0 - _SAME)]
        return sorted(set(needed))

    def flips(self, project: int) -> tuple[float, float]:
        """How much less, and how much more value the plan bears before it decides the project otherwise."""
        less, more = (min((self.lower[case] / step[side] for case, step in self.steps(project).items()
                           if step[side] > _SAME), default=np.inf) for side in (0, 1))
        return float(less), float(more)


def _refuse_another(owner: Ints, choice: Ints, *, n_projects: int) -> None:
    fits = len(choice) == n_projects and (choice < len(owner)).all()
    if not fits or (owner[choice] != np.arange(n_projects)).any():
        raise ParameterError(f"plan: decides {len(choice)} projects in another list of actions, allowed a plan of this "
                             "problem. Pass .outcome of the same decision.")


def _places(problem: Problem, projects: Sequence[str] | None) -> list[int]:
    known = problem.actions.projects["project_id"].tolist()
    if projects is None:
        return list(range(len(known)))
    if isinstance(projects, str) or not isinstance(projects, Iterable):
        raise ParameterError(f"projects: got {projects!r}, allowed a list of project_id. Pass ['{known[0]}'].")
    projects = list(projects)
    for name in projects:
        if not isinstance(name, str) or name not in known:
            raise ParameterError(f"project_id: {name!r} is not to be decided. {did_you_mean(str(name), known)}")
    return sorted({known.index(name) for name in projects})
