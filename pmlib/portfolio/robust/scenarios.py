"""Futures a board can name: what going on with each project would be worth in each, and how likely each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import starmap
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.arguments import compiled, floats, mapping, number, of_kind, shown, whole
from pmlib.portfolio.inputs import LARGEST
from pmlib.portfolio.policy import Objective
from pmlib.portfolio.problem import Problem, compile_problem
from pmlib.portfolio.robust.scenario_draws import drawn, estimated
from pmlib.portfolio.robust.scenario_levers import moved, told, words

#: Fewest scenarios that are a question, and most that are drawn.
_FEWEST, _MOST_DRAWS = 2, 100_000
#: How many a line names; how far the probabilities may be off 1.
_SHOWN, _WIDTH = 4, 1e-6
_MAKE = "Use from_values, from_factors or from_draws."


@dataclass(frozen=True, eq=False, kw_only=True)
class Scenarios:
    """Named futures with probabilities, and the worth of going on with every project in each.

    Only worth differs between them: budgets, people, links and joint effects are those of the plan, which is made
    before anyone knows which future comes.

    Attributes
    ----------
    values : DataFrame of shape (n_projects, n_scenarios)
        Worth of going on by project_id (index) and scenario (columns), in ``unit``.
    probability : Series of shape (n_scenarios,)
        0-1 by scenario, in the order of the columns; adds up to 1.
    people_price : Series of shape (n_scenarios,)
        What bought people cost, as a factor on today's price.
    assumption : Series of shape (n_scenarios,)
        What is assumed, in words.
    unit : str
        Unit of the values.

    Raises
    ------
    ParameterError
        Fewer than two scenarios, a name or project that stands twice, a value that is missing or no number,
        or probabilities that are not those of the scenarios or do not add up to 1.
    """

    values: pd.DataFrame
    probability: pd.Series
    people_price: pd.Series
    assumption: pd.Series
    unit: str = "thousand"

    def __post_init__(self) -> None:
        values = _floats(self.values)
        made: dict[str, Any] = {"values": values}
        for name in ("probability", "people_price", "assumption"):
            given = of_kind(getattr(self, name), pd.Series, name, remedy=_MAKE)
            if given.index.astype(str).tolist() != values.columns.tolist():
                raise ParameterError(f"{name}: its index is not the scenarios in the order of the values, allowed "
                                     f"{', '.join(values.columns[:_SHOWN])}. {_MAKE}")
            made[name] = given.set_axis(values.columns)
        for name in ("probability", "people_price"):
            made[name] = pd.Series([_not_negative(got, f"{name} of {scenario!r}")
                                    for scenario, got in made[name].items()], values.columns)
        _refuse_other_sum(made["probability"])
        of_kind(self.unit, str, "unit", remedy="Name what is counted, such as 'points'.")
        for name, one in made.items():
            object.__setattr__(self, name, one)

    @classmethod
    def from_values(
        cls, values: pd.DataFrame, probability: Mapping[str, float] | pd.Series | None = None, *,
        unit: str = "thousand",
    ) -> Scenarios:
        """Take values as they are handed in.

        Parameters
        ----------
        values : DataFrame of shape (n_projects, n_scenarios)
            Worth of going on; project_id as index, scenarios as columns.
        probability : Series or mapping of scenario to number 0-1, optional
            Adds up to 1; all alike when left out.
        unit : str
            Unit of the values.

        Raises
        ------
        ParameterError
            As for the class.

        Examples
        --------
        >>> values = pd.DataFrame({"boom": [900.0, 300.0], "bust": [100.0, 250.0]}, index=["P17", "P23"])
        >>> Scenarios.from_values(values, {"boom": 0.6, "bust": 0.4})
        <Scenarios: 2 for 2 projects; boom 60 %, bust 40 %>
        """
        numbers = _floats(values)
        names = numbers.columns.tolist()
        chance = pd.Series(1.0 / len(names), index=names) if probability is None else _chances(probability, names)
        return cls(values=numbers, probability=chance, unit=unit, people_price=pd.Series(1.0, index=names),
                   assumption=pd.Series("values handed in", index=names))

    @classmethod
    def from_factors(
        cls, tables: Mapping[str, pd.DataFrame], factors: Mapping[str, tuple[float, Mapping[str, float]]], *,
        problem: Problem | None = None,
    ) -> Scenarios:
        """Make scenarios from levers: benefit, cost, delay, price of people.

        ``benefit`` and ``cost`` are changes as a share (-0.2 is 20 % less) of expected benefit and of cost to
        complete; ``delay`` is months by which benefits come later, discounted, while the cost stays; ``price of
        people`` is a change as a share of what bought people cost. ``"benefit of core"`` narrows a lever to a
        horizon, kind, programme or project. Levers on the same project multiply, delays add up.

        Parameters
        ----------
        tables : mapping of table name to frame
            Those of `rebalance`.
        factors : mapping of scenario to (probability, mapping of lever to change)
            No lever: as planned.
        problem : Problem, optional
            The question whose period, policy and values hold (``decision.problem``); by default that of the tables.

        Raises
        ------
        ParameterError
            A lever or its project, kind, programme or horizon is unknown, a change lies outside its range, the plan
            counts points, or as for the class.

        Examples
        --------
        >>> tables = {
        ...     "projects": pd.DataFrame({
        ...         "project_id": ["P17", "P23"], "state": "running", "bac_k": [520.0, 300.0], "spent_k": 0.0}),
        ...     "cash_flows": pd.DataFrame({
        ...         "project_id": ["P17", "P23"], "year": 2026, "cost_k": [520.0, 300.0], "benefit_k": [900.0, 950.0]})}
        >>> Scenarios.from_factors(tables, {"as planned": (0.7, {}), "late": (0.3, {"delay": 3, "cost of P17": 0.15})})
        <Scenarios: 2 for 2 projects; as planned 70 %, late 30 %>
        """
        factors = mapping(factors, "factors", remedy="Pass {scenario: (probability, {lever: change})}.")
        problem = _in_money(compile_problem(tables) if problem is None else compiled(problem))
        projects = _known(problem)
        now, rate = projects["value_k"].to_numpy(dtype=float), problem.policy.discount_rate
        read = {str(name): told(str(name), assumed) for name, assumed in factors.items()}
        if len(read) < max(len(factors), _FEWEST):
            raise ParameterError(f"factors: got {len(read)} names for {len(factors)} scenarios, allowed {_FEWEST} or "
                                 "more different ones. Rename or add one.")
        effects = {name: moved(projects, levers, scenario=name, rate=rate) for name, (_, levers) in read.items()}
        said = {name: ", ".join(starmap(words, moves.items())) or "as planned" for name, (_, moves) in read.items()}
        return cls(
            values=pd.DataFrame({name: now + more for name, (more, _) in effects.items()}, index=_ids(projects)),
            probability=pd.Series({name: chance for name, (chance, _) in read.items()}, dtype=float),
            people_price=pd.Series({name: price for name, (_, price) in effects.items()}, dtype=float),
            assumption=pd.Series(said, dtype=str), unit=f"thousand {problem.currency}")

    @classmethod
    def from_draws(
        cls, tables: Mapping[str, pd.DataFrame], *, n: int = 200, seed: int = 0, correlation: float = 0.0,
        problem: Problem | None = None,
    ) -> Scenarios:
        """Draw equally likely scenarios from the estimates: benefit and cost at p10, p50 or p90, success or not.

        The points are drawn with the weights of the mean (.3, .4, .3), in equal shares (Latin hypercube), and moved
        so that every project's mean is the plan's own value.

        Parameters
        ----------
        tables : mapping of table name to frame
            Those of `rebalance`, with estimates.
        n : int
            Scenarios to draw, 2 to 100,000.
        seed : int
            Same seed, same draws.
        correlation : float
            How far one common factor moves all projects (0: each for itself, below 1): in bad times benefits and
            successes fall together and costs rise.
        problem : Problem, optional
            The question whose period, policy and values hold (``decision.problem``); by default that of the tables.

        Raises
        ------
        MissingTableError
            There are no estimates.
        SchemaError
            They break their definition.
        ParameterError
            ``n``, ``seed`` or ``correlation`` lies outside its range, or the plan counts points.

        References
        ----------
        McKay, Beckman & Conover (1979); Swanson's weights: Hurst, Brown & Swanson (2000); one-factor model: Vasicek
        (1987).
        """
        n, seed = whole(n, "n", least=_FEWEST, most=_MOST_DRAWS), whole(seed, "seed", least=0)
        if not 0.0 <= number(correlation, "correlation") < 1.0:
            raise ParameterError(f"correlation: got {correlation}, allowed 0 up to below 1. Correct it.")
        estimates = estimated(tables)
        problem = _in_money(compile_problem(tables) if problem is None else compiled(problem))
        projects = _known(problem)
        more = drawn(projects, estimates, n=n, rng=np.random.default_rng(seed), correlation=correlation)
        names = [f"draw {place:0{len(str(n))}d}" for place in range(1, n + 1)]
        values = projects["value_k"].to_numpy(dtype=float)[:, None] + more
        return cls(values=pd.DataFrame(values, _ids(projects), names), probability=pd.Series(1.0 / n, index=names),
                   people_price=pd.Series(1.0, index=names), assumption=pd.Series("drawn", index=names),
                   unit=f"thousand {problem.currency}")

    @property
    def names(self) -> tuple[str, ...]:
        """The scenarios, in order."""
        return tuple(self.values.columns)

    def to_frame(self) -> pd.DataFrame:
        """One row per scenario: scenario, probability, assumption, people_price, going_on_k (all projects together)."""
        return pd.DataFrame({
            "scenario": list(self.names), "probability": self.probability.to_numpy(),
            "assumption": self.assumption.to_numpy(), "people_price": self.people_price.to_numpy(),
            "going_on_k": self.values.sum().to_numpy()})

    def summary(self) -> str:
        """Say how many there are and how far they lie apart."""
        total = self.values.sum()
        return (f"{len(self.names)} scenarios for {len(self.values)} projects: going on with all of them would be "
                f"worth between {total.min():,.0f} ({total.idxmin()}) and {total.max():,.0f} {self.unit} "
                f"({total.idxmax()}), {total.to_numpy() @ self.probability.to_numpy():,.0f} on average.")

    def headline(self) -> dict[str, str]:
        """Give the figures for the top of a page."""
        total = self.values.sum()
        return {str(len(self.names)): "scenarios",
                f"{total.min():,.0f} to {total.max():,.0f}": f"{self.unit} if all projects go on"}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} {100 * chance:.0f} %" for name, chance in self.probability.head(_SHOWN).items())
        more = f" and {len(self.names) - _SHOWN} more" if len(self.names) > _SHOWN else ""
        return f"<Scenarios: {len(self.names)} for {len(self.values)} projects; {shown}{more}>"


def _floats(values: object) -> pd.DataFrame:
    """Worth of projects by scenario as finite numbers under names."""
    given = of_kind(values, pd.DataFrame, "values", remedy="Pass one row per project_id and one column per scenario.")
    if given.shape[1] < _FEWEST:
        raise ParameterError(f"scenarios: got {given.shape[1]}, allowed {_FEWEST} or more. A single future is the "
                             "plan itself: call rebalance with its values.")
    given = given.set_axis([str(name) for name in given.index]).set_axis([str(name) for name in given], axis=1)
    for what, names in (("scenario", given.columns), ("project", given.index)):
        twice = names[names.duplicated()]
        if len(twice):
            raise ParameterError(f"scenarios: {what} {twice[0]!r} stands twice, allowed once. Rename or drop one.")
    numbers = floats(given)
    wrong = np.argwhere(~(numbers.abs() <= LARGEST).to_numpy())
    if len(wrong):
        row, column = wrong[0]
        got = shown(given.astype(object).iat[row, column])
        raise ParameterError(f"scenarios: {given.columns[column]!r} has {got} for {given.index[row]}, allowed a finite "
                             "number. Fill it or leave the project out of all.")
    return numbers


def _not_negative(got: Any, what: str) -> float:
    if number(got, what) < 0:
        raise ParameterError(f"{what}: got {got:g}, allowed 0 or more. Correct it.")
    return float(got)


def _refuse_other_sum(probability: pd.Series) -> None:
    if abs(probability.sum() - 1.0) > _WIDTH:
        said = ", ".join(f"{name} {chance:g}" for name, chance in probability.head(6).items())
        raise ParameterError(f"probability: they add up to {probability.sum():g} ({said}), allowed 1. "
                             "Write shares such as 0.25, not percent, for every scenario.")


def _chances(probability: Mapping[str, float] | pd.Series, names: list[str]) -> pd.Series:
    chances = mapping(probability, "probability", remedy="Pass {scenario: number}.")
    given = {str(name): chance for name, chance in chances.items()}
    stranger = next((name for name in given if name not in names), None)
    if stranger is not None:
        raise ParameterError(f"probability: no scenario is called {stranger!r}. {did_you_mean(stranger, names)}")
    missing = [name for name in names if name not in given]
    if missing or len(given) < len(probability):
        what = f"{missing[0]!r} has none" if missing else "a scenario stands there twice"
        raise ParameterError(f"probability: {what}, allowed one for each of {len(names)} scenarios. Correct it.")
    return pd.Series([number(given[name], f"probability of {name!r}") for name in names], index=names)


def _in_money(problem: Problem) -> Problem:
    if problem.policy.objective is not Objective.MONEY:
        raise ParameterError(f"scenarios: the plan's objective is {problem.policy.objective}, while levers and draws "
                             "change money. Hand in the values of each scenario with Scenarios.from_values.")
    return problem


def _known(problem: Problem) -> pd.DataFrame:
    """Projects with a value, with their horizon."""
    projects = problem.actions.projects.assign(horizon=problem.horizon.to_numpy())
    return projects[projects["source"] != "unknown"]


def _ids(projects: pd.DataFrame) -> pd.Index:
    return pd.Index(projects["project_id"].astype(str))
