"""What safety costs: expected value against the mean of the worst cases, point by point."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import SolverError
from pmlib.portfolio.arguments import share, whole
from pmlib.portfolio.fan_out import solve_all
from pmlib.portfolio.model import Ints, Status
from pmlib.portfolio.origins import decided
from pmlib.portfolio.plans import Change, Plan
from pmlib.portfolio.robust.scenario_models import (
    RiskModel,
    scenario_totals,
    tail_mean,
    with_tail,
    worths,
)
from pmlib.portfolio.robust.scenarios import Scenarios
from pmlib.portfolio.wording import big

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pmlib.portfolio.decision import Decision
    from pmlib.portfolio.problem import Problem

_SAME = 1e-6
_FEWEST, _MOST = 2, 200


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskFrontier:
    """Plans from the most expected value to the safest, each the best for the safety it gives.

    Attributes
    ----------
    points : DataFrame
        One row per plan, most expected value first: point (1, 2, ...), expected_k, tail_k (mean of the worst cases),
        worst_k, fresh_tail_k (the mean of the worst cases in scenarios that chose nothing; missing without them),
        decided_otherwise (projects, against the plan), exact (proved to be the best of its kind). Between two points
        there may be more.
    verbs : DataFrame of shape (n_projects, n_points)
        The action of every project, index project_id, columns as ``point``.
    here_expected_k, here_tail_k, here_fresh_tail_k : float
        Where the plan stands.
    n_scenarios, n_fresh : int
    """

    points: pd.DataFrame
    verbs: pd.DataFrame
    here_expected_k: float
    here_tail_k: float
    here_fresh_tail_k: float
    n_scenarios: int
    n_fresh: int
    tail: float
    unit: str

    def to_frame(self) -> pd.DataFrame:
        """One row per plan on the frontier."""
        return self.points.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw expected value against the mean of the worst cases, with where the plan stands."""
        from pmlib.plots import scenarios as figures

        drawn: Axes = figures.risk_frontier(self.points, ax=ax, here=(self.here_tail_k, self.here_expected_k),
                                            unit=self.unit, tail=self.tail, n=self.n_scenarios)
        return drawn

    @property
    def safest(self) -> pd.Series:
        """The point with the largest mean of the worst cases."""
        return self.points.iloc[-1]

    def summary(self) -> str:
        """Say where the plan stands and what more safety would cost."""
        cases = f"the worst {100 * self.tail:g} % of cases"
        here = (f"The plan is worth {self.here_expected_k:,.0f} {self.unit} on average over {self.n_scenarios:,} "
                f"scenarios and {self.here_tail_k:,.0f} in {cases}.")
        gain, price = (float(self.safest["tail_k"]) - self.here_tail_k,
                       self.here_expected_k - float(self.safest["expected_k"]))
        if gain <= _width(self.here_tail_k):
            return f"{here} No plan is safer.{self._proof()}"
        return (f"{here} The safest plan adds {gain:,.0f} there and gives up {price:,.0f} on average.{self._fresh()}"
                f"{self._bargain()}{self._proof()}")

    def _fresh(self) -> str:
        """Say what is left of the gain in scenarios that chose nothing: on its own draws a plan looks too good."""
        if not self.n_fresh:
            return ""
        gain = float(self.safest["fresh_tail_k"]) - self.here_fresh_tail_k
        return f" In {self.n_fresh:,} fresh scenarios it {'adds' if gain >= 0 else 'loses'} {abs(gain):,.0f}."

    def _bargain(self) -> str:
        """Name the point that adds most safety for what it gives up, unless it is the safest."""
        more = self.points["tail_k"].to_numpy() - self.here_tail_k
        less = self.here_expected_k - self.points["expected_k"].to_numpy()
        dear = (more > _width(self.here_tail_k)) & (less > _width(self.here_expected_k))
        best = int(np.argmax(np.divide(more, less, out=np.zeros_like(more), where=dear)))
        if not dear[best] or best == len(more) - 1:
            return ""
        return f" The best bargain adds {more[best]:,.0f} for {less[best]:,.0f}."

    def _proof(self) -> str:
        loose = int((~self.points["exact"]).sum())
        return f" {loose} of {len(self.points)} points are not proved: lower gap or raise node_limit." if loose else ""

    def headline(self) -> dict[str, str]:
        """Give the figures for the top of a page."""
        cases = f"in the worst {100 * self.tail:g} % of cases"
        lines = {f"{self._figure(self.here_expected_k)} | {self._figure(self.here_tail_k)}":
                 f"the plan on average | {cases}"}
        safest = f"{self._figure(self.safest['expected_k'])} | {self._figure(self.safest['tail_k'])}"
        return lines | ({} if safest in lines else {safest: f"the safest plan on average | {cases}"})

    def _figure(self, value: float) -> str:
        return big(value) if self.unit.startswith("thousand") else f"{value:,.1f}"

    def __repr__(self) -> str:
        return (f"<RiskFrontier: {len(self.points)} plans; expected {self.here_expected_k:,.0f}, worst "
                f"{100 * self.tail:g} % {self.here_tail_k:,.0f} (at most {self.safest['tail_k']:,.0f})>")


def risk_frontier(
    decision: Decision, scenarios: Scenarios, *, steps: int = 9, tail: float = 0.10, fresh: Scenarios | None = None,
    executor: Executor | None = None,
) -> RiskFrontier:
    """Ask what safety costs: the most expected value for every floor under the mean of the worst cases.

    The floors lie in even steps from where the plan of most expected value is to the safest there is (the epsilon
    constraint); every point is solved, and those that another point beats in both are left out.

    Parameters
    ----------
    decision : Decision
        The plan, with its limits.
    scenarios : Scenarios
        Futures with probabilities; draws from the estimates for a tail that is more than one scenario.
    steps : int
        Points to solve, 2 to 200.
    tail : float
        Share of the worst cases, above 0 up to 1.
    fresh : Scenarios, optional
        Other draws, by which the plans are measured but not chosen.
    executor : Executor, optional
        Where to solve; one after the other when left out.

    Returns
    -------
    RiskFrontier

    Raises
    ------
    ParameterError
        There is no plan, an option lies outside its range, or the scenarios are not for these projects.
    SolverError
        The node limit ended the search before there was any plan.

    References
    ----------
    Rockafellar & Uryasev (2000, 2002); Haimes, Lasdon & Wismer (1971) for the epsilon constraint.
    """
    plan, tail = decided(decision), share(tail, "tail", zero=False)
    steps = whole(steps, "steps", least=_FEWEST, most=_MOST)
    problem, told = decision.problem, _teller(decision.problem, scenarios, tail=tail)
    again = _teller(problem, scenarios if fresh is None else fresh, tail=tail)
    here = told(plan.choice)
    found = _solved(with_tail(problem, scenarios, tail=tail), lambda item: told(item.choice)[1], steps=steps,
                    executor=executor)
    frame = pd.DataFrame([told(item.choice) for item in found], columns=["expected_k", "tail_k", "worst_k"])
    near = np.all(np.isclose(frame.to_numpy(), here, rtol=_SAME, atol=_SAME), axis=1, keepdims=True)
    choices = np.where(near, plan.choice, [item.choice for item in found])
    frame = frame.assign(fresh_tail_k=np.nan if fresh is None else [again(choice)[1] for choice in choices],
                         decided_otherwise=(choices != plan.choice).sum(axis=1),
                         exact=[item.status is Status.PROVED for item in found])
    kept = _not_beaten(frame)
    points = frame.iloc[kept].reset_index(drop=True)
    points.insert(0, "point", np.arange(1, len(points) + 1))
    verbs = problem.actions.frame["action"].to_numpy()[choices[kept]].T
    ids = pd.Index(problem.actions.projects["project_id"])
    return RiskFrontier(points=points, verbs=pd.DataFrame(verbs, ids, points["point"].tolist()),
                        here_expected_k=here[0], here_tail_k=here[1], n_scenarios=len(scenarios.names),
                        here_fresh_tail_k=np.nan if fresh is None else again(plan.choice)[1],
                        n_fresh=0 if fresh is None else len(fresh.names), tail=tail, unit=decision.unit)


def _teller(problem: Problem, scenarios: Scenarios, *, tail: float) -> Callable[[Ints], tuple[float, float, float]]:
    """Make a function that says expected value, mean of the worst cases and the worst of a choice."""
    totals, chance = scenario_totals(problem, scenarios), scenarios.probability.to_numpy(dtype=float)

    def told(choice: Ints) -> tuple[float, float, float]:
        values = worths(problem, totals, choice)
        return float(values @ chance), tail_mean(values, chance, tail), float(values.min())

    return told


def _solved(
    model: RiskModel, tail_of: Callable[[Plan], float], *, steps: int, executor: Executor | None,
) -> list[Plan]:
    """Solve for floors from the plan of most expected value, which needs none, up to the safest there is."""
    asked = [Change(name="most expected value"), Change(name="safest", objective=model.measure)]
    ends = solve_all(model.problem, asked, executor=executor)
    for end in ends:
        if not end.found:
            raise SolverError(f"risk frontier: no plan was found for '{end.name}' before the node limit. Raise "
                              "node_limit in the policy.")
    first, safest = ends
    floors = np.linspace(tail_of(first), safest.value - _width(safest.value), steps)[1:].tolist()
    changes = [Change(name=f"at least {floor:,.0f}", at_least=((model.measure, floor),), start=safest.x)
               for floor in floors]
    return [first, *(item for item in solve_all(model.problem, changes, executor=executor) if item.found)]


def _not_beaten(frame: pd.DataFrame) -> list[int]:
    """Places of the plans that no other beats, most expected value first; what differs by less is alike."""
    expected, tails = (frame[name].to_numpy(dtype=float) for name in ("expected_k", "tail_k"))
    kept: list[int] = []
    for place in np.lexsort((-tails, -expected)).tolist():
        if not kept or tails[place] > tails[kept[-1]] + _width(tails[place]):
            if kept and expected[place] >= expected[kept[-1]] - _width(expected[place]):
                kept.pop()
            kept.append(place)
    return kept


def _width(value: float) -> float:
    return _SAME * max(1.0, abs(value))
