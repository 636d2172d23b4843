"""Choosing one at a time: a ranking fills the limits from the top and never looks at what fits together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from pmlib.portfolio import Change, Decision, Plan, Problem, solve
from pmlib.portfolio.accounts import grouped_labels
from pmlib.portfolio.comparison import add_one_by_one, as_decided
from pmlib.portfolio.model import Ints
from pmlib.portfolio.problem import Outcome, outcome
from pmlib.teach.exercise import Exercise, Property, Tables, Way, Worth
from pmlib.teach.portfolio import best_plan, listed, projects_in

#: A set within this share of the best is as good as the best: the estimates are not finer.
AS_GOOD = 0.01
#: So many broken limits are named.
_NAMED = 3


def _ranked(tables: Tables, by: Callable[[pd.DataFrame], pd.Series]) -> set[str]:
    """Take from the top each that pays and still fits people, money and links; in its stronger form, the better."""
    plan = best_plan(tables)
    forms = [_filled(plan, plan.actions["value_on_k"] > 0, by, bring_needed=bring) for bring in (False, True)]
    best = max(forms, key=lambda choice: outcome(plan.problem, choice).value)
    return _going_on(plan, best)


def _filled(plan: Decision, which: pd.Series, by: Callable[[pd.DataFrame], pd.Series], *,
            bring_needed: bool = False) -> Ints:
    order = by(plan.actions)[which].sort_values(ascending=False, kind="stable").index.to_numpy()
    return add_one_by_one(plan.problem, order, bring_needed=bring_needed)


def _going_on(plan: Decision, choice: Ints) -> set[str]:
    row = plan.problem.actions.frame.iloc[choice]
    return set(row.loc[row["on"], "project_id"])


def _by_value(actions: pd.DataFrame) -> pd.Series:
    return actions["value_on_k"]


def _by_value_for_money(actions: pd.DataFrame) -> pd.Series:
    return actions["value_on_k"] / actions["cost_on_k"].clip(lower=1e-9)


def _together(tables: Tables) -> set[str]:
    return set(best_plan(tables).going_on)


def _ids(tables: Tables, answer: Any) -> frozenset[str]:
    return projects_in(answer, best_plan(tables).actions["project_id"])


def _chosen(problem: Problem, ids: Iterable[str], *, part: bool = False) -> Plan:
    """Find the best plan in which these go on and the others are held or stopped; or, stopped all, a part of these."""
    frame, names = problem.actions.frame, set(ids)
    inside, on = frame["project_id"].isin(names), frame["on"]
    wrong = (on & ~inside) | (frame["action"] == "hold") if part else on != inside
    # What has one action only cannot be decided here, whatever the answer says.
    wrong &= frame.groupby("project_id")["action"].transform("size") > 1
    return solve(problem, Change(fixed=tuple((int(place), 0.0) for place in np.flatnonzero(wrong))))


def _as_listed(problem: Problem, ids: Iterable[str]) -> Outcome:
    names = set(ids)
    verbs = {name: "keep" if name in names else "stop" for name in problem.actions.projects["project_id"]}
    return outcome(problem, as_decided(problem, verbs))


def _worth(tables: Tables, answer: Any) -> Worth:
    ids, plan = _ids(tables, answer), best_plan(tables)
    found = _chosen(plan.problem, ids)
    if found.found:
        return Worth(money_k=found.value, says=(
            f"{listed(ids)} go on, within every limit; with the others held or stopped, whichever is better, that is "
            f"worth {found.value:,.0f} thousand {plan.currency}."))
    return _what_is_left(tables, ids)


def _what_is_left(tables: Tables, ids: frozenset[str]) -> Worth:
    """Value the part of a list that breaks a limit which could be carried out, from the top down."""
    plan, problem = best_plan(tables), best_plan(tables).problem
    whole = _as_listed(problem, ids)
    broken = grouped_labels([problem.model.names[row] for row in whole.broken])
    more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
    filled = _filled(plan, plan.actions["project_id"].isin(ids), _by_value)
    left = _chosen(problem, _going_on(plan, filled), part=True)
    adds_up = f"Going on with {listed(ids) or 'none'} adds up to {whole.value:,.0f} thousand {plan.currency}, but " \
              f"cannot be decided, since it breaks {', '.join(broken[:_NAMED])}{more}."
    if not left.found:
        return Worth(money_k=plan.now_value_k, says=(
            f"{adds_up} No part of it holds every limit, so all goes on as now: {plan.now_value_k:,.0f}."))
    return Worth(money_k=left.value, says=(
        f"{adds_up} Taken from the most valuable down while it fits, with what must go on, and less what is too much "
        f"for the mix, {left.value:,.0f} is left."))


EXERCISE = Exercise(
    name="one_at_a_time", title="From the top of the list", mistake="Choosing one at a time",
    question="Which of the projects to decide go on or start, within people, money, links and mix? Answer with a set "
             "of project ids.",
    ways=(
        Way(label="Rank by value and fill up from the top", answer=lambda tables: _ranked(tables, _by_value),
            hint="The most valuable projects are also the large ones: they use up the people and the money, and the "
                 "list never looked at the mix. Choose the set, not the projects."),
        Way(label="Rank by value for money and fill up from the top",
            answer=lambda tables: _ranked(tables, _by_value_for_money),
            hint="A ratio to one cost sees one limit. Here it is not the money that runs out first: see "
                 "pm.rebalance(book).binding."),
        Way(label="Choose all together: the set worth most within every limit", answer=_together)),
    worth=_worth,
    properties=(
        Property(says="It is a set of projects to decide.",
                 holds=lambda tables, answer: _ids(tables, answer) is not None,
                 hint="Take the ids from pm.rebalance(book).to_frame()."),
        Property(says="Every limit has to hold.",
                 holds=lambda tables, answer: _chosen(best_plan(tables).problem, _ids(tables, answer)).found,
                 hint="Add up people by month and money by year; see that what is needed and what is mandatory goes "
                      "on, that links allow it, and that the mix is within its bands."),
        Property(says="No other set within the limits may be worth over 1 % more.",
                 holds=lambda tables, answer: best_plan(tables).value_k - _worth(tables, answer).money_k
                 <= AS_GOOD * abs(best_plan(tables).value_k),
                 hint="Some project of your set keeps out others that would bring more together. pm.rebalance compares "
                      "whole sets.")),
    hints=("How many small projects would fit into what the largest one uses, and what would they bring together?",
           "What runs out first? A project is dear when it uses much of that, not when it costs much money.",
           "pm.rebalance(book) chooses among whole sets; its going_on is the set."),
    solution="Compare whole sets of projects, never one project at a time. "
             "A list is filled from the top, and each project is judged alone: whether it fits, not what it keeps out. "
             "By value, large projects use up the people that several smaller ones would have shared. By value for "
             "money, the ratio looks at a limit that does not bind. Needs, exclusions and the mix hold for sets only, "
             "so no order of single projects can see them. Comparing whole sets is a knapsack problem with several "
             "limits (Kellerer, Pferschy & Pisinger, 2004); a solver finds the best and proves it.")
