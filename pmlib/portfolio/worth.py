"""What limits are worth: exact re-solves, never the price of a linear relaxation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from pmlib.portfolio.accounts import NO_PRICE, label
from pmlib.portfolio.limits import GROUPS, MIX, MONEY
from pmlib.portfolio.model import Floats, Ints, Model, Status, solve
from pmlib.portfolio.problem import Outcome, Problem

COLUMNS = ["limit", "unit", "gain_k", "gain_share", "ten_percent_k", "ten_percent_share", "proved"]
#: What a re-solve gains, and whether that is proved.
_Gain: TypeAlias = tuple[float, bool]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Group:
    """Rows that move together, and by how much one unit moves each; no unit: the limit is dropped."""

    name: str
    unit: str
    rows: Ints
    step: float | None


def _groups(problem: Problem) -> list[_Group]:
    model, money = problem.model, f"100 thousand {problem.currency}"
    budgets = model.rows(*MONEY)
    groups = []
    if len(budgets):
        whole = model.names[budgets[0]] == ("budget",)
        groups.append(_Group(name="budget" if whole else "budget, every year", rows=budgets, step=100.0,
                             unit=money if whole else f"{money} each"))
    if len(budgets) > 1:
        groups += [_Group(name=label(model.names[row]), unit=money, rows=np.array([row]), step=100.0)
                   for row in budgets]
    by_skill: dict[str, list[int]] = {}
    for row in model.rows("capacity"):
        by_skill.setdefault(model.names[row][1], []).append(int(row))
    groups += [_Group(name=skill, unit="one person more, every month", rows=np.array(rows), step=1.0)
               for skill, rows in sorted(by_skill.items())]
    groups += [_Group(name=label(model.names[row]), unit="one project", rows=np.array([row]), step=1.0)
               for row in model.rows("changes", "stops")]
    groups += [_Group(name=label(model.names[row]), unit=money, rows=np.array([row]), step=100.0)
               for row in model.rows("money moved")]
    groups += [_Group(name=label(model.names[row]), unit="without it", rows=np.array([row]), step=None)
               for row in model.rows(*MIX, *GROUPS)]
    must = model.rows("mandatory")
    if len(must):
        groups.append(_Group(name="all mandatory projects", unit="free to decide", rows=must, step=None))
        groups += [_Group(name=label(model.names[row]), unit="free to decide", rows=np.array([row]), step=None)
                   for row in must]
    return groups


class _Resolver:
    def __init__(self, problem: Problem, plan: Outcome) -> None:
        self._problem, self._plan = problem, plan

    def gain(self, model: Model) -> _Gain:
        policy = self._problem.policy
        answer = solve(model, gap=policy.gap, node_limit=policy.node_limit, start=self._plan.x, near=True)
        if not answer.found:
            return np.nan, False
        gain = answer.value - self._plan.value
        return gain if gain > 2e-6 * max(1.0, abs(self._plan.value)) else 0.0, answer.status is Status.PROVED


def worth_of_limits(problem: Problem, plan: Outcome) -> pd.DataFrame:
    """Say what one more unit of each limit would bring, and what 10 % more.

    Limits that look idle are dropped all at once: when that gains nothing, each of them is worth exactly
    nothing; otherwise they are halved until the ones that count stand alone (group testing, Dorfman 1943).
    The others are solved again with one more unit and with 10 % more.

    Returns
    -------
    DataFrame
        limit, unit, gain_k, gain_share (of the plan's value), ten_percent_k, ten_percent_share, proved; most
        valuable first. Bands of the mix and mandatory projects have no unit: gain_k is what they cost.
        Not ``proved``: a re-solve ended at the node limit or the gap, so that the gain may be larger.
    """
    resolver, model = _Resolver(problem, plan), problem.model
    groups = _groups(problem)
    prices = np.abs(solve(model.relaxed()).prices)
    suspect = [bool((prices[group.rows] > NO_PRICE).any()) for group in groups]
    pool = [group for group, counts in zip(groups, suspect, strict=True) if not counts]
    without = _without(pool, model, resolver)
    size, rows = abs(plan.value) or np.nan, []
    for group in groups:
        unit, tenth, proved = _gains(group, model, resolver, without=without.get(group.name))
        rows.append((group.name, group.unit, unit, unit / size, tenth, tenth / size, proved))
    frame = pd.DataFrame(rows, columns=COLUMNS).astype({"limit": str, "unit": str, "proved": bool})
    return frame.sort_values(["gain_k", "limit"], ascending=[False, True], kind="stable").reset_index(drop=True)


def _without(groups: list[_Group], model: Model, resolver: _Resolver) -> dict[str, _Gain]:
    """Gain by group name if a group's limit did not exist, with as few solves as there are idle groups."""
    if not groups:
        return {}
    gain = resolver.gain(model.without(np.concatenate([group.rows for group in groups])))
    if gain[0] == 0.0 or len(groups) == 1:
        return {group.name: gain for group in groups}
    half = len(groups) // 2
    return _without(groups[:half], model, resolver) | _without(groups[half:], model, resolver)


def _gains(group: _Group, model: Model, resolver: _Resolver, *, without: _Gain | None) -> tuple[float, float, bool]:
    if group.step is None:
        gain, proved = resolver.gain(model.without(group.rows)) if without is None else without
        return gain, np.nan, proved
    if without is not None and without[0] == 0.0:
        return 0.0, 0.0, without[1]
    steps: tuple[float | Floats, Floats] = (group.step, 0.1 * np.abs(model.row_upper[group.rows]))
    unit, tenth = (resolver.gain(model.widened(group.rows, step)) for step in steps)
    return unit[0], tenth[0], unit[1] and tenth[1]
