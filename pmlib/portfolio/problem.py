"""The whole question in one object: actions, limits and links compiled to named rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.actions import Actions, build_actions, positions
from pmlib.portfolio.arguments import currency_of
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.limits import (
    Bands,
    Carrying,
    Columns,
    Hiring,
    Shortfall,
    add_budgets,
    add_change,
    add_groups,
    add_mix,
    add_people,
    capacity_by_month,
    horizons,
    objective_in_money,
    outside_mix,
    uncapped,
    whole_budget,
)
from pmlib.portfolio.links import Links, add_links, joint_values, read_links
from pmlib.portfolio.model import Floats, Ints, Model, Rows, Solution, Status, solve
from pmlib.portfolio.needs import remarks
from pmlib.portfolio.policy import Objective, Policy
from pmlib.portfolio.valuation import Scored, given_values, refuse_money_twice


@dataclass(frozen=True, eq=False, kw_only=True)
class Problem:
    """Actions, limits and links, and the model they make."""

    actions: Actions
    links: Links
    hiring: Hiring
    carrying: Carrying
    shortfall: Shortfall
    capacity: pd.DataFrame
    horizon: pd.Series
    targets: pd.DataFrame | None
    model: Model
    policy: Policy
    currency: str
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcome:
    """What one choice of actions comes to, computed without a solver."""

    choice: Ints
    x: Floats
    value: float
    activity: Floats
    broken: Ints


def compile_problem(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None,
    values: Mapping[str, float] | pd.Series | None = None,
    points: Scored | Mapping[str, float] | pd.Series | None = None,
    policy: Policy | None = None,
) -> Problem:
    """Turn tables into the model of start, keep, hold and stop; parameters and refusals are those of `rebalance`."""
    policy = Policy() if policy is None else policy
    if not isinstance(policy, Policy):
        raise ParameterError(f"policy: got {type(policy).__name__}, allowed a Policy. Pass pm.Policy(max_changes=10).")
    tables = checked(tables)
    score: Any = getattr(points, "increments", points)
    if policy.objective is Objective.MIX:
        refuse_money_twice(score)
    actions = build_actions(tables, period=period, policy=policy, values=_given(values, "values"),
                            points=_given(score, "points"))
    rows, columns = Rows(), Columns()
    value = actions.frame["value_k"].to_numpy(dtype=float).copy()
    columns.add(value, 1.0)
    rows.add([("choose", name) for name in actions.projects["project_id"]],
             (actions.frame["project"].to_numpy(), np.arange(len(value)), 1.0), lower=1.0, upper=1.0)
    capacity, priced = capacity_by_month(tables, actions.first), objective_in_money(policy)
    hiring = add_people(rows, actions, capacity, columns=columns, priced=priced)
    carrying, money_notes = add_budgets(rows, actions, tables.get("budgets"), columns=columns, policy=policy)
    horizon, targets = horizons(tables, actions), tables.get("mix_targets")
    bands = Bands(horizon=horizon, targets=targets, budget_k=whole_budget(tables.get("budgets"), actions, policy))
    shortfall = add_mix(rows, actions, bands, columns=columns, policy=policy)
    group_notes = add_groups(rows, actions, horizon, tables.get("group_limits"))
    add_change(rows, actions, policy)
    links = read_links(tables, actions, columns=columns, priced=priced)
    add_links(rows, links, actions)
    objective = columns.objective
    for joint in links.joints:
        if joint.kind == "overlap":
            # Every claim is taken out of its project once; one of them comes back through its column.
            objective[list(joint.actions)] -= np.array(joint.amounts_k)
    mix_note = outside_mix(actions, horizon, targets=targets, policy=policy)
    return Problem(
        actions=actions, links=links, hiring=hiring, carrying=carrying, shortfall=shortfall, capacity=capacity,
        horizon=horizon, targets=targets, policy=policy,
        model=rows.build(objective=objective, upper=columns.upper, integer=np.arange(columns.count) < len(value)),
        currency=currency_of(tables),
        notes=tuple(filter(None, (*actions.notes, *money_notes, mix_note, *group_notes, *uncapped(actions, capacity),
                                  *links.notes, *remarks(tables)))),
    )


def _given(numbers: Mapping[str, float] | pd.Series | None, name: str) -> pd.Series | None:
    return None if numbers is None else given_values(numbers, name)


def revalued(problem: Problem, values: Mapping[str, float] | pd.Series) -> Problem:
    """Ask the same question with other values: what `compile_problem` gives for them, without compiling.

    Parameters
    ----------
    problem : Problem
        Compiled with values.
    values : Series or mapping of project_id to number
        What going on is worth. One for every project that had one, since a project without stays as it is.

    Raises
    ------
    ParameterError
        The values are no numbers, or not those of the same projects.
    """
    actions = problem.actions
    frame, projects = actions.frame, actions.projects
    new = given_values(values).reindex(projects["project_id"]).to_numpy()
    had = (projects["source"] == "given").to_numpy()
    other = projects["project_id"][np.isfinite(new) != had]
    if len(other):
        wrong = "has a value now and had none" if np.isfinite(new)[other.index[0]] else "has no value now and had one"
        raise ParameterError(f"values: {other.iloc[0]} {wrong}, allowed the same {had.sum()} projects as before. "
                             "Compile the problem anew.")
    more = np.where(had, new - projects["value_k"].to_numpy(dtype=float), 0.0)
    ahead = frame["on"] | (frame["action"] == "hold")
    gain = np.where(ahead, more[frame["project"].to_numpy()] * frame["benefit_left"].to_numpy(), 0.0)
    objective = problem.model.objective.copy()
    objective[:len(gain)] += gain
    measure = "points" if problem.policy.objective is Objective.SCORE else "money_k"
    again = replace(
        actions, projects=projects.assign(**{name: projects[name] + more for name in ("value_k", measure)}),
        frame=frame.assign(**{name: frame[name] + gain for name in ("value_k", measure)}))
    return replace(problem, actions=again, model=replace(problem.model, objective=objective))


def outcome(problem: Problem, choice: Ints) -> Outcome:
    """Work out a given choice: joint effects and bought people at their best, and the rows it breaks.

    Parameters
    ----------
    problem : Problem
        The question.
    choice : int array of shape (n_projects,)
        Position of the chosen action of every project.
    """
    model = problem.model
    x = np.zeros(len(model.objective))
    x[choice] = 1.0
    for joint in problem.links.joints:
        x[list(joint.columns)] = joint_values(joint, choice, problem.actions)
    activity = model.activity(x)
    hired, carrying, missed = problem.hiring, problem.carrying, problem.shortfall
    if hired.rows:
        rows = np.array([model.row(name) for name in hired.rows])
        x[hired.columns] = np.clip(activity[rows] - model.row_upper[rows], 0.0, hired.limit_pm)
        activity[rows] -= x[hired.columns]
    for place, column in enumerate(carrying.columns):
        # Money left over costs nothing to carry, so as much as may be goes on into the next year.
        spender, receiver = model.row(carrying.spender[place]), model.row(carrying.receiver[place])
        x[column] = np.clip(model.row_upper[spender] - activity[spender], 0.0, carrying.limit_k[place])
        activity[spender] += x[column]
        activity[receiver] -= x[column]
    if missed.rows:
        rows = np.array([model.row(name) for name in missed.rows])
        bound = np.where(missed.sign > 0, model.row_lower[rows], model.row_upper[rows])
        x[missed.columns] = np.maximum(missed.sign * (bound - activity[rows]), 0.0)
        activity[rows] += missed.sign * x[missed.columns]
    return Outcome(choice=choice, x=x, value=float(model.objective @ x), activity=activity,
                   broken=model.broken(activity))


def going_on_as_now(problem: Problem) -> Ints:
    """Positions of doing nothing; where that is not allowed, the first action that is."""
    choice = positions(problem.actions)
    first = np.searchsorted(problem.actions.frame["project"].to_numpy(), np.arange(len(choice)))
    return np.where(choice >= 0, choice, first)


def chosen(problem: Problem, x: Floats) -> Ints:
    """Position of the chosen action of every project."""
    frame = problem.actions.frame
    order = np.lexsort((-x[:len(frame)], frame["project"].to_numpy()))
    starts = np.searchsorted(frame["project"].to_numpy(), np.arange(len(problem.actions.projects)))
    return order[starts]


def best_plan(problem: Problem, *, near: Floats | None = None) -> tuple[Solution, Outcome | None]:
    """Most valuable plan; of equal ones the one with fewest changes, then the first by name.

    ``near`` holds the columns of a plan that is nearly the best: the search begins there and is sooner done.
    """
    policy, start = problem.policy, near
    if start is None:
        now = outcome(problem, going_on_as_now(problem))
        start = now.x if not len(now.broken) else None
    first = solve(problem.model, gap=policy.gap, node_limit=policy.node_limit, start=start, near=near is not None,
                  time_limit_s=policy.time_limit_s)
    if not first.found:
        return first, None
    plan = outcome(problem, chosen(problem, first.x))
    changed = problem.actions.frame["changed"].to_numpy()
    if first.status is not Status.PROVED or not changed[plan.choice].any():
        return first, plan
    return first, _fewest_changes(problem, first, plan)


def _fewest_changes(problem: Problem, first: Solution, plan: Outcome) -> Outcome:
    """Second solve: among plans within 1e-6 of the best value, count changes, then places in the list.

    The places of changed projects add up to less than one change, so a name never outweighs a change,
    and the row keeps the value, so neither ever outweighs value by more than 1e-6 of it.
    """
    model, frame = problem.model, problem.actions.frame
    n, projects = len(frame), len(problem.actions.projects)
    place = (frame["project"].to_numpy() + 1.0) / (projects * (projects + 1.0))
    cost = np.zeros(len(model.objective))
    cost[:n] = -1.0 * frame["changed"].to_numpy() * (1.0 + place)
    extra = np.flatnonzero(model.objective)
    width = 1e-6 * max(1.0, abs(plan.value))
    tied = Model(
        objective=cost, lower=model.lower, upper=model.upper, integer=model.integer,
        names=(*model.names, ("value",)), row_lower=np.append(model.row_lower, plan.value - width),
        row_upper=np.append(model.row_upper, np.inf),
        entry_row=np.concatenate([model.entry_row, np.full(len(extra), len(model.names))]),
        entry_column=np.concatenate([model.entry_column, extra]),
        entry_value=np.concatenate([model.entry_value, model.objective[extra]]),
    )
    second = solve(tied, gap=PROVED_TIE, node_limit=problem.policy.node_limit, start=plan.x, near=True)
    if not second.found:
        return plan
    other = outcome(problem, chosen(problem, second.x))
    return plan if len(other.broken) or other.value < first.value - 2 * width else other


#: Two plans whose counts of changes and places differ by less are the same plan.
PROVED_TIE = 1e-9
