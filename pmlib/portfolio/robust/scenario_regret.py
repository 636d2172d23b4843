"""Which plan to live with, whichever future comes: regret by scenario, and what a safer plan costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from pmlib.errors import CheckError, ParameterError
from pmlib.portfolio.arguments import one_of, share
from pmlib.portfolio.fan_out import solve_all
from pmlib.portfolio.model import Floats, Ints, Status
from pmlib.portfolio.origins import decided
from pmlib.portfolio.plans import Change, Plan
from pmlib.portfolio.problem import Outcome, Problem
from pmlib.portfolio.robust.scenario_answers import AVERSE, DECIDED, EXPECTED, LEAST, Regret, ScenarioPlans
from pmlib.portfolio.robust.scenario_models import (
    RiskModel,
    scenario_totals,
    tail_mean,
    with_regret,
    with_tail,
    worths,
)
from pmlib.portfolio.robust.scenarios import Scenarios

if TYPE_CHECKING:
    from pmlib.portfolio.decision import Decision

#: Plans that differ by less of a value are as good; what the solver and plain arithmetic may differ by.
_SAME, _WIDTH = 1e-6, 1e-5
_Measure: TypeAlias = Callable[[Floats], float]


#: Chance that all goes as planned, and how far the benefits of one horizon, or all, fall in each other future.
_AS_PLANNED, _FALL = 0.4, 0.4


def usual_futures(
    decision: Decision, tables: Mapping[str, pd.DataFrame], *, executor: Executor | None = None,
) -> ScenarioPlans:
    """Hold the plan against the futures most boards ask about: the benefits of one horizon fall by 40 %, or of all.

    The chances are assumed: 40 % for as planned, the rest shared alike. Others are said by `Scenarios.from_factors`.

    Parameters
    ----------
    decision : Decision
        The plan.
    tables : mapping of table name to frame
        Those it was made of.
    executor : Executor, optional
        Where to solve.

    Raises
    ------
    ParameterError
        The plan counts points, or there is none.
    """
    decided(decision)
    horizons = sorted(decision.problem.horizon.dropna().unique())
    falls = {f"{name} brings {_FALL:.0%} less".replace("%", " %"): f"benefit of {name}" for name in horizons}
    falls[f"all bring {_FALL:.0%} less".replace("%", " %")] = "benefit"
    chance = (1.0 - _AS_PLANNED) / len(falls)
    factors: dict[str, tuple[float, dict[str, float]]] = {"as planned": (_AS_PLANNED, {})}
    factors |= {name: (chance, {lever: -_FALL}) for name, lever in falls.items()}
    futures = Scenarios.from_factors(tables, factors, problem=decision.problem)
    return scenario_plans(decision, futures, executor=executor)


def scenario_plans(
    decision: Decision, scenarios: Scenarios, *, rho: float = 0.5, tail: float = 0.10,
    regret: Regret | str = Regret.ABSOLUTE, executor: Executor | None = None,
) -> ScenarioPlans:
    """Ask which plan to live with: the best of each scenario, of most expected value, of least regret, tail-averse.

    Every plan holds every limit of the decision. The regret of a plan in a scenario is what it is worth less than the
    best plan for that scenario; the plan of least regret makes the largest as small as possible, then is worth as much
    as possible on average. Made for a few named scenarios: each costs one solve.

    Parameters
    ----------
    decision : Decision
        The plan, with its limits.
    scenarios : Scenarios
        Futures with probabilities.
    rho : float
        Weight of the worst cases for the tail-averse plan, 0 (none) to 1 (nothing else counts).
    tail : float
        Share of the worst cases, above 0 up to 1.
    regret : Regret or str
        ``absolute`` or ``relative``: which largest regret is made small.
    executor : Executor, optional
        Where to solve; one after the other when left out.

    Returns
    -------
    ScenarioPlans

    Raises
    ------
    ParameterError
        There is no plan, an option lies outside its range, the scenarios are not for these projects, or regret is to
        be relative to a best value that is not above 0.
    CheckError
        The solver and plain arithmetic disagree on a plan.

    References
    ----------
    Savage (1951); Kouvelis & Yu (1997), Robust Discrete Optimization; Rockafellar & Uryasev (2000, 2002) for the mean
    of the worst cases; Iancu & Trichakis (2014) for deciding among equally robust plans by expected value.
    """
    plan, kind = decided(decision), Regret(one_of(regret, list(Regret), "regret"))
    rho, tail = share(rho, "rho", zero=True), share(tail, "tail", zero=False)
    asked = _Asked(decision.problem, plan, scenarios, executor=executor)
    *own, expected = asked.each_and_average()
    best = np.max([asked.values(item.choice) for item in (*own, expected)], axis=0)
    scale = np.ones(len(best)) if kind is Regret.ABSOLUTE else _above_zero(best, scenarios)
    least = asked.robust(with_regret(asked.problem, scenarios, best=best, scale=scale), name=LEAST,
                         measured=lambda values: min(0.0, float(((values - best) / scale).min())))
    averse = asked.robust(with_tail(asked.problem, scenarios, tail=tail), name=AVERSE, rho=rho,
                          measured=lambda values: tail_mean(values, asked.chance, tail))
    first = Plan(name=DECIDED, status=decision.status, value=plan.value, bound=decision.bound, gap=decision.gap,
                 choice=plan.choice)
    return _compared(asked, (first, expected, least, averse, *own), options={
        "rho": rho, "tail": tail, "regret": kind, "unit": decision.unit})


def _above_zero(best: Floats, scenarios: Scenarios) -> Floats:
    if (best <= 0).any():
        place = int(np.argmin(best))
        raise ParameterError(f"regret: the best plan in {scenarios.names[place]!r} is worth {best[place]:,.0f}, "
                             "allowed above 0 for relative regret. Ask for regret='absolute'.")
    return best


class _Asked:
    """The decided question in every scenario."""

    def __init__(self, problem: Problem, plan: Outcome, scenarios: Scenarios, *, executor: Executor | None) -> None:
        self.problem, self.plan, self.scenarios, self.executor = problem, plan, scenarios, executor
        self.totals = scenario_totals(problem, scenarios)
        self.chance = scenarios.probability.to_numpy(dtype=float)

    def values(self, choice: Ints) -> Floats:
        """Worth of a choice by scenario."""
        return worths(self.problem, self.totals, choice)

    def each_and_average(self) -> list[Plan]:
        """Best plan of each scenario, and last the best on average."""
        names = [f"best if {name}" for name in self.scenarios.names]
        weights = np.vstack([np.eye(len(names)), self.chance])
        changes = [Change(name=name, objective=weight @ self.totals, start=self.plan.x)
                   for name, weight in zip([*names, EXPECTED], weights, strict=True)]
        found = solve_all(self.problem, changes, executor=self.executor)
        return [self._settled(item, partial(_average, weight)) for item, weight in zip(found, weights, strict=True)]

    def robust(self, model: RiskModel, *, name: str, measured: _Measure, rho: float = 1.0) -> Plan:
        """Best plan by a mix of expected value and a measure of risk; of equal ones that of most expected value."""
        aim = (1.0 - rho) * model.problem.model.objective + rho * model.measure
        first, = solve_all(model.problem, [Change(name=name, objective=aim)], executor=self.executor)
        if first.found:
            floor = first.value - _SAME * max(1.0, abs(first.value))
            second, = solve_all(model.problem, [Change(name=name, at_least=((aim, floor),), start=first.x)],
                                executor=self.executor)
            if second.found:
                first = replace(first, choice=second.choice, status=max(first.status, second.status, key=_doubt))
        return self._settled(first, lambda values: (1.0 - rho) * float(self.chance @ values) + rho * measured(values))

    def _settled(self, item: Plan, measured: _Measure) -> Plan:
        """Add a plan up again, and take the decided one where it is as good.

        Raises
        ------
        CheckError
            The solver says otherwise than plain arithmetic.
        """
        if not item.found:
            return replace(item, choice=self.plan.choice)
        here, there = self.values(self.plan.choice), self.values(item.choice)
        width, average, got = max(1.0, abs(item.value)), float(self.chance @ there), measured(there)
        if not -_WIDTH * width <= got - item.value <= max(0.0, item.bound - item.value) + _WIDTH * width:
            raise CheckError(f"{item.name}: the solver says {item.value:,.3f}, added up it is {got:,.3f}. "
                             "Do not publish; check the tables for numbers that are far too large.")
        as_good = measured(here) >= got - _SAME * width
        on_average = float(self.chance @ here) >= average - _SAME * max(1.0, abs(average))
        return replace(item, choice=self.plan.choice) if as_good and on_average else item


def _average(weight: Floats, values: Floats) -> float:
    return float(weight @ values)


def _doubt(status: Status) -> int:
    return (Status.PROVED, Status.WITHIN_GAP, Status.INFEASIBLE, Status.NO_PLAN).index(status)


def _compared(asked: _Asked, plans: Sequence[Plan], *, options: dict[str, Any]) -> ScenarioPlans:
    names, columns = [plan.name for plan in plans], list(asked.scenarios.names)
    values = np.array([asked.values(plan.choice) for plan in plans])
    best = values.max(axis=0)
    lost = best - values
    regrets = pd.DataFrame(np.where(lost > _SAME * np.maximum(1.0, np.abs(best)), lost, 0.0), names, columns)
    shares = pd.DataFrame(regrets.to_numpy() / np.where(best > 0, best, np.nan), names, columns)
    choices = np.array([plan.choice for plan in plans])
    ids = asked.problem.actions.projects["project_id"].astype(str).rename("project_id")
    verbs, goes_on = (asked.problem.actions.frame[name].to_numpy()[choices] for name in ("action", "on"))
    frame = pd.DataFrame({
        "plan": names, **_risks(values, asked.chance, tail=options["tail"]),
        "max_regret_k": regrets.max(axis=1).to_numpy(), "max_regret_share": shares.max(axis=1).to_numpy(),
        "regret_in": _where(regrets if options["regret"] is Regret.ABSOLUTE else shares),
        "decided_otherwise": (choices != asked.plan.choice).sum(axis=1),
        "proved": [plan.status is Status.PROVED for plan in plans],
    })
    return ScenarioPlans(
        scenarios=asked.scenarios, plans=frame, values=pd.DataFrame(values, names, columns), regrets=regrets,
        verbs=pd.DataFrame(verbs.T, index=pd.Index(ids), columns=names),
        differ=tuple(ids[(choices != choices[0]).any(axis=0)]),
        in_all=tuple(ids[goes_on.astype(bool).all(axis=0)]), **options)


def _risks(values: Floats, chance: Floats, *, tail: float) -> dict[str, Floats]:
    """Say what every plan is worth on average, gives up against the best on average, and how bad it can be."""
    expected = values @ chance
    price = expected.max() - expected
    return {"expected_k": expected, "price_k": np.where(price > _SAME * max(1.0, abs(expected.max())), price, 0.0),
            "tail_k": np.array([tail_mean(row, chance, tail) for row in values]), "worst_k": values.min(axis=1)}


def _where(regrets: pd.DataFrame) -> list[str]:
    """Scenario of every plan's largest regret; empty where there is none."""
    return [str(row.idxmax()) if row.max() > 0 else "" for _, row in regrets.iterrows()]
