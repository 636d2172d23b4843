"""A compiled question with another budget, other people or other bands of the mix, without its tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.accounts import mix_frame
from pmlib.portfolio.arguments import mapping, number, shown
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.limits import MIX, MONEY, Bands, Columns, add_budgets, add_mix
from pmlib.portfolio.model import Rows
from pmlib.portfolio.policy import Mix, MixOf
from pmlib.portfolio.problem import Problem

#: Floor and ceiling of a band, shares of money.
Band = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What differs from the limits of a compiled question; equal ones are the same question.

    Attributes
    ----------
    budget_k : float, optional
        Thousands for all years together, in place of the budgets by year.
    capacity : tuple of (skill, factor), sorted
        Factors on the person-months of every month.
    mix : tuple of (horizon, (floor, ceiling)), sorted
        Bands as shares of money, 0-1.
    """

    budget_k: float | None = None
    capacity: tuple[tuple[str, float], ...] = ()
    mix: tuple[tuple[str, Band], ...] = ()

    def words(self) -> str:
        """Say what differs; empty when nothing does."""
        parts = [] if self.budget_k is None else [f"budget {self.budget_k:,.0f} thousand for all years together"]
        parts += [f"{skill} {100 * factor:.0f} %" for skill, factor in self.capacity]
        parts += [f"{horizon} {100 * low:.0f} to {100 * high:.0f} % of money" for horizon, (low, high) in self.mix]
        return ", ".join(parts)


def skills(problem: Problem) -> tuple[str, ...]:
    """Skills whose people are limited, sorted."""
    return tuple(sorted(set(problem.capacity["skill"].astype(str))))


def bands(problem: Problem) -> dict[str, Band]:
    """Band of every horizon of the projects, (0, 1) where none is set."""
    frame = mix_frame(problem, None)
    known = frame[frame["horizon"] != "none"]
    return dict(zip(known["horizon"], zip(known["floor_share"], known["ceiling_share"], strict=True), strict=True))


def other_limits(
    problem: Problem, *, budget_k: float | None = None, capacity: float | Mapping[str, float] | None = None,
    mix: Mapping[str, Band] | None = None,
) -> Limits:
    """Check what is to differ, and keep only what does.

    Parameters
    ----------
    problem : Problem
        The compiled question.
    budget_k : float, optional
        Thousands for all years together.
    capacity : float or mapping of skill to float, optional
        Factor on the person-months of every month, 1 as in the tables: of all skills, or of those named.
    mix : mapping of horizon to (floor, ceiling), optional
        Bands as shares of money, 0-1; (0, 1) is no band.

    Raises
    ------
    ParameterError
        A number lies outside its range, a skill or horizon is not in the question, or the policy leaves bands alone.
    SchemaError
        The bands cannot hold together.
    """
    return Limits(budget_k=None if budget_k is None else number(budget_k, "budget_k"),
                  capacity=_factors(problem, capacity), mix=_bands(problem, mix))


def _factors(problem: Problem, capacity: float | Mapping[str, float] | None) -> tuple[tuple[str, float], ...]:
    known = skills(problem)
    given = {} if capacity is None else capacity if isinstance(capacity, Mapping) else dict.fromkeys(known, capacity)
    for skill, factor in given.items():
        if skill not in known:
            raise ParameterError(f"capacity: {shown(skill)} has none in this question. "
                                 f"{did_you_mean(str(skill), known)}")
        if number(factor, f"capacity of {skill}") < 0:
            raise ParameterError(f"capacity of {skill}: got {factor:g}, allowed a factor of 0 or more. "
                                 "1 is as in the tables.")
    return tuple(sorted((skill, float(factor)) for skill, factor in given.items() if factor != 1))


def _bands(problem: Problem, mix: Mapping[str, Band] | None) -> tuple[tuple[str, Band], ...]:
    if mix is None:
        return ()
    now, new = bands(problem), {}
    for horizon, band in mapping(mix, "mix", remedy="Write {'core': (0.6, 0.8)}.").items():
        if horizon not in now:
            raise ParameterError(f"mix: no project has the horizon {shown(horizon)}. "
                                 f"{did_you_mean(str(horizon), list(now))}")
        new[horizon] = _band(horizon, band)
    moved = tuple(sorted((horizon, band) for horizon, band in new.items() if band != now[horizon]))
    if moved and problem.policy.mix is Mix.OFF:
        raise ParameterError("mix: the policy leaves the bands alone (mix='off'), allowed 'hard' or 'priced'. "
                             "Decide with another policy.")
    if moved:
        # A workbook with these bands would be refused by the same rules.
        checked({"mix_targets": _targets(now | new)})
    return moved


def _band(horizon: str, band: Any) -> Band:
    pair = band if isinstance(band, tuple | list) and len(band) == 2 else (math.nan, math.nan)  # noqa: PLR2004
    low, high = (number(share, f"mix of {horizon}") for share in pair)
    if not 0 <= low <= high <= 1:
        raise ParameterError(f"mix of {horizon}: got {low:g} to {high:g}, allowed a floor up to a ceiling within 0-1. "
                             "Write (0.6, 0.8).")
    return low, high


def _targets(of: Mapping[str, Band]) -> pd.DataFrame:
    rows = [(horizon, low, high) for horizon, (low, high) in sorted(of.items())]
    return pd.DataFrame(rows, columns=["horizon", "floor_share", "ceiling_share"])


def with_limits(problem: Problem, limits: Limits) -> Problem:
    """Change the limits of a compiled question.

    What comes is what `compile_problem` gives for tables and a policy changed so, but for the notes, and for columns
    that only the old limits used: they stay, held at nothing.

    Parameters
    ----------
    problem : Problem
        The compiled question.
    limits : Limits
        What differs.

    Raises
    ------
    ParameterError
        The budget lies outside its range.
    """
    policy = problem.policy if limits.budget_k is None else replace(problem.policy, budget_k=limits.budget_k)
    targets = _targets(bands(problem) | dict(limits.mix)) if limits.mix else problem.targets
    money = MONEY if limits.budget_k is not None else ()
    mix = MIX if limits.mix or (money and policy.mix_of is MixOf.BUDGET) else ()
    problem = _with_people(replace(problem, policy=policy, targets=targets), dict(limits.capacity))
    return _with_rows(problem, money=money, mix=mix) if money or mix else problem


def _with_people(problem: Problem, factors: Mapping[str, float]) -> Problem:
    if not factors:
        return problem
    model, capacity = problem.model, problem.capacity
    rows, upper = model.rows("capacity"), model.row_upper.copy()
    upper[rows] *= [factors.get(model.names[row][1], 1.0) for row in rows]
    people = capacity["person_months"] * [factors.get(str(skill), 1.0) for skill in capacity["skill"]]
    return replace(problem, model=replace(model, row_upper=upper), capacity=capacity.assign(person_months=people))


def _with_rows(problem: Problem, *, money: tuple[str, ...], mix: tuple[str, ...]) -> Problem:
    """Build the rows of money or of the mix anew, all others as they are."""
    model, policy, actions = problem.model, problem.policy, problem.actions
    old = np.zeros(len(model.names), dtype=bool)
    old[model.rows(*money, *mix)] = True
    left, place, upper = ~old[model.entry_row], np.cumsum(~old) - 1, model.upper.copy()
    upper[problem.carrying.columns if money else []] = 0.0
    upper[problem.shortfall.columns if mix else []] = 0.0
    columns, rows = Columns(), Rows()
    columns.add(model.objective, upper)
    rows.add([name for name, gone in zip(model.names, old, strict=True) if not gone],
             (place[model.entry_row[left]], model.entry_column[left], model.entry_value[left]),
             lower=model.row_lower[~old], upper=model.row_upper[~old])
    budgets = model.rows(*MONEY)
    budget_k = float(model.row_upper[budgets].sum()) if len(budgets) else None
    if money:
        carrying, _ = add_budgets(rows, actions, None, columns=columns, policy=policy)
        problem, budget_k = replace(problem, carrying=carrying), policy.budget_k
    if mix:
        wanted = Bands(horizon=problem.horizon, targets=problem.targets, budget_k=budget_k)
        problem = replace(problem, shortfall=add_mix(rows, actions, wanted, columns=columns, policy=policy))
    return replace(problem, model=rows.build(objective=columns.objective, upper=columns.upper,
                                             integer=np.arange(columns.count) < len(actions.frame)))
