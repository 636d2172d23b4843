"""The plan against what people do without one: going on, greedy by value per cost, a ranking."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pmlib.errors import ParameterError
from pmlib.months import LAST_MONTH, as_month
from pmlib.portfolio.accounts import grouped_labels
from pmlib.portfolio.actions import ON
from pmlib.portfolio.arguments import mapping, one_of
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.limits import CHANGE, MONEY
from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.policy import Objective
from pmlib.portfolio.problem import Outcome, Problem, going_on_as_now, outcome

_FROM_OFF_TO_ON = ("stop", "decline", "hold", "keep", "start", "slow", "fast")
COLUMNS = ["rule", "value_k", "cost_k", "loss_k", "loss_share", "projects", "breaks"]


def _base(problem: Problem) -> Ints:
    """Where a rule of thumb begins: everything off, unless change itself is limited."""
    limited = problem.policy.max_changes is not None or problem.policy.max_stops is not None
    now = going_on_as_now(problem)
    frame = problem.actions.frame
    wanted = {verb: place for place, verb in enumerate(_FROM_OFF_TO_ON)}
    order = np.lexsort((frame["action"].map(wanted).to_numpy(), frame["project"].to_numpy()))
    starts = np.searchsorted(frame["project"].to_numpy(), np.arange(len(now)))
    base = now if limited else order[starts]
    must = problem.actions.projects["mandatory"].to_numpy(dtype=bool)
    on = _on_action(problem)
    return np.where(must & (on >= 0), on, base)


def _on_action(problem: Problem) -> Ints:
    """Find the most valuable way to go on with every project, the first of equal ones (-1: there is none)."""
    found = np.full(len(problem.actions.projects), -1, dtype=np.int64)
    frame = problem.actions.frame
    places = np.flatnonzero(frame["on"])
    last_first = places[np.lexsort((-places, frame["value_k"].to_numpy()[places]))]
    found[frame["project"].to_numpy()[last_first]] = last_first
    return found


def add_one_by_one(problem: Problem, order: Ints, *, bring_needed: bool = False) -> Ints:
    """Take projects in a given order, each that still fits every limit; a mix cannot hold while adding.

    Parameters
    ----------
    problem : Problem
        The question.
    order : int array
        Projects (positions) from first to last.
    bring_needed : bool
        Whether a project brings along those it needs; else it waits until they are in.

    Returns
    -------
    int array of shape (n_projects,)
        Position of the chosen action of every project.
    """
    model, choice, on = problem.model, _base(problem), _on_action(problem)
    watched = np.zeros(len(model.names), dtype=bool)
    watched[model.rows("capacity", "excludes", "requires", "group ceiling", *MONEY, *CHANGE)] = True
    ceiling = model.row_upper.copy()
    for place, name in enumerate(problem.hiring.rows):
        ceiling[model.row(name)] += problem.hiring.limit_pm[place]
    x = np.zeros(len(model.objective))
    x[choice] = 1.0
    used = model.activity(x)
    needs: dict[int, list[int]] = {}
    for needing, needed, _ in problem.links.needs:
        needs.setdefault(needing, []).append(needed)
    is_on = problem.actions.frame["on"].to_numpy()
    waiting = [int(p) for p in order if on[p] >= 0 and choice[p] != on[p]]
    grew = True
    while grew:
        grew = False
        for project in list(waiting):
            if project not in waiting:
                continue
            group = _closure(project, needs, is_on[choice])
            if any(p < 0 or on[p] < 0 for p in group) or (len(group) > 1 and not bring_needed):
                continue
            change = sum((_change(problem, int(on[p]), int(choice[p])) for p in group), np.zeros(len(used)))
            over = watched & (((change > 0) & (used + change > ceiling + model.tolerance))
                              | ((change < 0) & (used + change < model.row_lower - model.tolerance)))
            if not over.any():
                used, grew = used + change, True
                choice[group] = on[group]
                waiting = [p for p in waiting if p not in group]
    return choice


def _closure(project: int, needs: dict[int, list[int]], now_on: NDArray[np.bool_]) -> list[int]:
    """Collect the project and all it needs that is not on yet; -1 for what can never be on."""
    group, open_ones = [project], [project]
    while open_ones:
        missing = [q for q in needs.get(open_ones.pop(), ()) if q not in group and (q < 0 or not now_on[q])]
        group.extend(missing)
        open_ones.extend(q for q in missing if q >= 0)
    return group


def _change(problem: Problem, action: int, instead_of: int) -> Floats:
    change = np.zeros(len(problem.model.names))
    for column, sign in ((action, 1.0), (instead_of, -1.0)):
        rows, values = problem.model.column(column)
        np.add.at(change, rows, sign * values)
    return change


def _orders(problem: Problem) -> list[tuple[str, Ints]]:
    on = _on_action(problem)
    frame = problem.actions.frame
    value = np.where(on >= 0, frame["value_k"].to_numpy()[on], -np.inf)
    cost = np.where(on >= 0, frame["cost_k"].to_numpy()[on], 0.0)
    base = frame["value_k"].to_numpy()[_base(problem)]
    good = np.flatnonzero((on >= 0) & (value > base))
    per_cost = value[good] / np.maximum(cost[good], 1e-9)
    by_value = "by score" if problem.policy.objective is Objective.SCORE else "by value"
    orders = [("greedy by value per cost", good[np.argsort(-per_cost, kind="stable")]),
              (by_value, good[np.argsort(-value[good], kind="stable")])]
    points = problem.actions.projects["points"].to_numpy(dtype=float)
    if problem.policy.objective is not Objective.SCORE and np.isfinite(points).any():
        scored = np.flatnonzero((on >= 0) & (np.nan_to_num(points) > 0))
        orders.append(("by score", scored[np.argsort(-points[scored], kind="stable")]))
    return orders


def last_decided(tables: Mapping[str, pd.DataFrame], period: int | str | None = None) -> pd.Series | None:
    """Say what was last decided on each project, in or before a period.

    Parameters
    ----------
    tables : mapping of table name to frame
        ``decisions`` is read.
    period : int or str, optional
        Last month that counts; all when left out.

    Returns
    -------
    Series of action by project_id, or None where nothing was decided yet

    Raises
    ------
    ParameterError
        The tables are no mapping, or the period is none.
    SchemaError
        The decisions break their definition.
    """
    upto = LAST_MONTH if period is None else as_month(period)
    given = mapping(tables, "tables", remedy="Pass a workbook, or {'decisions': frame}.").get("decisions")
    table = None if given is None else checked({"decisions": given}, also=("decisions",))["decisions"]
    if table is None:
        return None
    known = table[table["period"] <= upto]
    last = known.sort_values(["period", "project_id"], kind="stable").drop_duplicates("project_id", keep="last")
    return last.set_index("project_id")["decided"] if len(last) else None


def as_decided(problem: Problem, verbs: Mapping[str, str] | pd.Series) -> Ints:
    """Take every project's action from a list; one that is not listed, or not open any more, goes on as now.

    A project decided to start or keep stays on whatever its state has become.

    Parameters
    ----------
    problem : Problem
        The question.
    verbs : Series or mapping of project_id to action

    Raises
    ------
    ParameterError
        It is no mapping, none of the projects is to be decided, or a word is no action.
    """
    given = mapping(verbs, "last", remedy="Pass one action for each project_id, as last_decided gives.")
    listed = pd.Series(dict(given), dtype=object).dropna()
    frame, choice = problem.actions.frame, going_on_as_now(problem)
    on = _on_action(problem)
    known = problem.actions.projects["project_id"]
    if not set(listed.index) & set(known):
        raise ParameterError("last: none of its projects is to be decided here. Pass actions by project_id, such as "
                             "the decided column of the last period.")
    first = frame[~frame.duplicated(["project_id", "action"])]
    place = dict(zip(zip(first["project_id"], first["action"], strict=True), first.index, strict=True))
    for project, name in enumerate(known):
        if name in listed.index:
            verb = one_of(listed[name], _FROM_OFF_TO_ON, f"last: {name}")
            found = place.get((name, verb), on[project] if verb in ON else -1)
            choice[project] = found if found >= 0 else choice[project]
    return choice


def compare(problem: Problem, plan: Outcome, *, last: Mapping[str, str] | pd.Series | None = None) -> pd.DataFrame:
    """Say how much simpler rules lose against the plan, and which limits they break.

    A rule of thumb is taken in its stronger form: with or without bringing along what a project needs.

    Parameters
    ----------
    problem, plan : Problem, Outcome
        The question and its plan.
    last : Series or mapping of project_id to action, optional
        What was decided last time.

    Returns
    -------
    DataFrame
        rule, value_k, cost_k, loss_k, loss_share (of the plan's value), projects (going on or started), breaks.
    """
    ways = [("plan", plan), ("going on as now", outcome(problem, going_on_as_now(problem)))]
    if last is not None:
        ways.append(("last plan", outcome(problem, as_decided(problem, last))))
    for name, order in _orders(problem):
        forms = [outcome(problem, add_one_by_one(problem, order, bring_needed=bring)) for bring in (False, True)]
        ways.append((name, max(forms, key=lambda form: form.value)))
    cost, on = problem.actions.frame["cost_k"].to_numpy(), problem.actions.frame["on"].to_numpy()
    names = problem.model.names
    rows = []
    for name, way in ways:
        loss = plan.value - way.value
        breaks = "; ".join(grouped_labels([names[row] for row in way.broken]))
        rows.append((name, way.value, float(cost[way.choice].sum()), loss,
                     loss / abs(plan.value) if plan.value else np.nan, int(on[way.choice].sum()), breaks))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"rule": str, "breaks": str})
