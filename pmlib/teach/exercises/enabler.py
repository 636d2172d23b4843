"""Killing an enabler: a project with a negative value is struck, and those that stand on it fall with it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pmlib.teach.exercise import Exercise, Property, Tables, Way, Worth
from pmlib.teach.portfolio import best_plan, listed, projects_in

ENABLER = "P08"
BUNDLE = (ENABLER, "P09", "P10", "P11")


def _values(tables: Tables) -> pd.Series:
    value: pd.Series = best_plan(tables).actions.set_index("project_id")["value_on_k"]
    return value.reindex(list(BUNDLE))


def _one_by_one(tables: Tables) -> set[str]:
    value = _values(tables)
    return set(value.index[value > 0])


def _stands_without(tables: Tables, chosen: frozenset[str]) -> dict[str, str]:
    """Of the chosen, those whose need is not chosen, and what they need."""
    problem = best_plan(tables).problem
    ids = problem.actions.projects["project_id"]
    lacking: dict[str, str] = {}
    grew = True
    while grew:
        found = {str(ids.iloc[needing]): needed for needing, _, needed in problem.links.needs
                 if ids.iloc[needing] in chosen and (needed not in chosen or needed in lacking)}
        grew, lacking = found.keys() != lacking.keys(), found
    return lacking


def _worth(tables: Tables, answer: Any) -> Worth:
    chosen = projects_in(answer, BUNDLE)
    lacking, value = _stands_without(tables, chosen), _values(tables)
    started = sorted(chosen - set(lacking))
    total = float(value[started].sum())
    words = ", ".join(f"{name} {value[name]:+,.0f}" for name in started)
    missed = f" {listed(lacking)} cannot start without {listed(set(lacking.values()))} and bring nothing." \
        if lacking else ""
    begun = f"{words}: together {total:,.0f} thousand {best_plan(tables).currency}." if started else \
        f"Nothing starts, so nothing comes of it: 0 thousand {best_plan(tables).currency}."
    return Worth(money_k=total, says=begun + missed)


def _best_k(tables: Tables) -> float:
    return _worth(tables, _together(tables)).money_k


def _together(tables: Tables) -> set[str]:
    return set(best_plan(tables).going_on) & set(BUNDLE)


EXERCISE = Exercise(
    name="enabler", title="The project that earns nothing", mistake="Killing an enabler",
    question=f"Which of {', '.join(BUNDLE)} do you start? Answer with a set of project ids; set() for none.",
    ways=(
        Way(label=f"Strike {ENABLER}, since it loses money, and start what pays", answer=_one_by_one,
            hint=f"Look into the table links: those three need {ENABLER} and cannot start without it."),
        Way(label=f"Start none, since {ENABLER} loses money and the others need it", answer=lambda tables: set(),
            hint=f"The loss of {ENABLER} is the price of the three that stand on it. Add all four up."),
        Way(label="Judge the four as one bundle", answer=_together)),
    worth=_worth,
    properties=(
        Property(says="It is a set of these projects.", hint=f"Choose among {', '.join(BUNDLE)}.",
                 holds=lambda tables, answer: projects_in(answer, BUNDLE) is not None),
        Property(says="Nothing can start without a project that it needs.",
                 holds=lambda tables, answer: not _stands_without(tables, projects_in(answer, BUNDLE)),
                 hint="The table links says who needs whom. Start what is needed, or leave out what needs it."),
        Property(says="No other choice of the four may bring over 1 % more.",
                 holds=lambda tables, answer: _worth(tables, answer).money_k >= 0.99 * _best_k(tables),
                 hint=f"What {ENABLER} costs is paid once, however many stand on it: add to the set while the sum "
                      "grows.")),
    hints=("Which of these values could you have without one of the other projects?",
           "The table links has a row for each need; a bundle is worth the sum of its members.",
           "The plan of pm.rebalance(book) holds the links: see which of the four are in its going_on."),
    solution="Judge what needs each other as one bundle. "
             f"On its own {ENABLER} loses money, because its benefit is booked where it is used. Without it the other "
             "three cannot start, so their values are not theirs alone: they are to be had together or not at all. "
             "What needs each other is judged as one bundle, and the links say what belongs to it. Who approves the "
             "bundle approves the order in it too; a platform whose users are later struck one by one is a loss.")
