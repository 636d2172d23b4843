"""Averaging raw ranks: the step from 1 to 2 counts like that from 3 to 4, and every criterion alike."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pmlib.portfolio import Decision, Objective, Policy, rebalance
from pmlib.scoring import OrdinalTrap, ordinal_trap, score
from pmlib.teach.exercise import Exercise, Property, Tables, Unusable, Way, Worth
from pmlib.teach.once import once

PAIR = ("P40", "P41")


@once
def _trap(tables: Tables) -> OrdinalTrap:
    return ordinal_trap(tables)


@once
def _plans(tables: Tables) -> tuple[Decision, Decision]:
    """Give the plan for money and the plan for points, both with money and points."""
    card = score(tables)
    return rebalance(tables, points=card), rebalance(tables, points=card, policy=Policy(objective=Objective.SCORE))


def _k_per_point(tables: Tables) -> float:
    """Say what a point costs in money where the company could still choose: from the one plan to the other."""
    money, points = (plan.totals.set_index("measure")["plan"] for plan in _plans(tables))
    more = float(points["score"] - money["score"])
    return float(money["money"] - points["money"]) / more if more > 0 else 0.0


def _first_by(tables: Tables, column: str) -> str:
    return str(_both(tables)[column].idxmax())


def _both(tables: Tables) -> pd.DataFrame:
    return _trap(tables).projects.set_index("project_id").loc[list(PAIR)]


def _named(answer: Any) -> str:
    if isinstance(answer, str) and answer in PAIR:
        return str(answer)
    got = repr(answer) if isinstance(answer, str) else type(answer).__name__
    raise Unusable(f"Answer with one project id, {PAIR[0]!r} or {PAIR[1]!r}, got {got}.")


def _worth(tables: Tables, answer: Any) -> Worth:
    name, rate = _named(answer), _k_per_point(tables)
    actions = _plans(tables)[0].actions
    money, points = actions.loc[actions["project_id"] == name, ["value_on_k", "points_on"]].to_numpy(dtype=float)[0]
    total = money + rate * points
    return Worth(money_k=total, says=(
        f"{name} brings {money:,.0f} thousand {_plans(tables)[0].currency} and {points:.1f} points over doing nothing; "
        f"at {rate:.1f} thousand a point, the money that the best plan for points gives up for each point it has more "
        f"than the best plan for money, together {total:,.0f}."))


EXERCISE = Exercise(
    name="averaged_ranks", title="The average of the ranks", mistake="Averaging raw ranks",
    question=f"There is room for one of {PAIR[0]} and {PAIR[1]}: which goes first by what the board says it values? "
             "Answer with its project id.",
    ways=(
        Way(label="Average the answers from 1 to 5, the higher mean goes first",
            answer=lambda tables: _first_by(tables, "raw_mean"),
            hint="A mean of ranks takes every step of a scale for the same and every criterion for as important. What "
                 "did the board say that the steps are worth?"),
        Way(label="Turn the answers into points by the value functions, weigh them, then add up",
            answer=lambda tables: _first_by(tables, "value"))),
    worth=_worth,
    properties=(
        Property(says=f"It is {PAIR[0]} or {PAIR[1]}.", holds=lambda tables, answer: _named(answer) in PAIR,
                 hint="Write its id."),
        Property(says="By the value functions and weights of the board the other must not be ahead.",
                 holds=lambda tables, answer: bool(
                     _both(tables)["value"][_named(answer)] >= _both(tables)["value"].max()),
                 hint="Compare the points of both on pm.score(book), criterion by criterion.")),
    hints=("The column points of the table objectives says what each step of a scale is worth: are the steps equal?",
           "Three steps on one scale can be worth less than one step on each of two others: look up which steps part "
           "the two projects.",
           "pm.scoring.ordinal_trap(book).projects holds raw_mean and value of every project."),
    solution="Ask what each step is worth before you add anything up. "
             f"The mean rewards {PAIR[0]} for nearly three steps on one criterion. The board had said what steps are "
             f"worth: the single step by which {PAIR[1]} is ahead on each of the two others lies where those scales "
             "are steepest, and both together are worth more. A rank says only which is more; how much more has to be "
             "asked, and then one may weigh and add up (Stevens, 1946; Keeney & Raiffa, 1976). The loss is in points; "
             "in money the two are nearly level. It becomes money at the rate at which the company's own plans "
             "exchange the two, and another rate changes its size.")
