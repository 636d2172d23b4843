"""Whose score has really fallen: judged by the last move, or by what chance does to a score that stands still."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from pmlib.product import ScoreChart, chart_score
from pmlib.product.engine import currency_of
from pmlib.teach.exercise import Exercise, Property, Tables, Unusable, Way, Worth
from pmlib.teach.once import once

#: Points that people call a move; months of a quarter.
_MOVE, _QUARTER = 5.0, 3


@once
def _charts(tables: Any) -> ScoreChart:
    return chart_score(tables, period=tables.period)


def _scores(tables: Tables) -> pd.DataFrame:
    """Give the score, one row per month, one column per product."""
    return _charts(tables).months.pivot_table(index="month", columns="product_id", values="value")


def _fell(change: pd.Series) -> set[str]:
    return set(change.index[change <= -_MOVE])


def _in_the_last_month(tables: Tables) -> set[str]:
    return _fell(_scores(tables).diff().iloc[-1])


def _in_the_last_quarter(tables: Tables) -> set[str]:
    scores = _scores(tables)
    return _fell(scores.iloc[-_QUARTER:].mean() - scores.iloc[-2 * _QUARTER:-_QUARTER].mean())


def _beyond_chance(tables: Tables) -> set[str]:
    charts = _charts(tables).to_frame()
    fallen = (charts["signal_month"] > 0) & (charts["after"] < charts["before"])
    return set(charts.loc[fallen, "product_id"])


@once
def _repair(tables: Any) -> tuple[int, float, float]:
    """Count the proposals that claim points of the score; what one costs and may be expected to bring, thousand."""
    claims, projects, chances = tables["benefit_map"], tables["projects"], tables["estimates"]
    claiming = claims.loc[claims["metric"] == "nps_points", "project_id"]
    asked = projects.loc[projects["project_id"].isin(claiming) & (projects["state"] == "proposed"), "project_id"]
    money = tables["cash_flows"].groupby("project_id")[["cost_k", "benefit_k"]].sum().loc[asked]
    chances = chances[chances["quantity"] == "p_success"].sort_values("as_of").groupby("project_id")["p50"].last()
    return len(asked), float(money["cost_k"].mean()), float((money["benefit_k"] * chances.loc[asked]).mean())


def _worth(tables: Tables, answer: Any) -> Worth:
    asked, cost_k, benefit_k = _repair(tables)
    real, currency = len(set(answer) & _beyond_chance(tables)), currency_of(tables)
    false = len(set(answer)) - real
    money_k = real * (benefit_k - cost_k) - false * cost_k
    return Worth(money_k=money_k, says=(
        f"{real} real {'fall' if real == 1 else 'falls'} answered, {false} false "
        f"{'alarm' if false == 1 else 'alarms'}. The {asked} proposals that claim points of this score cost "
        f"{cost_k:,.0f} k {currency} each and may be expected to bring {benefit_k:,.0f} k; if each alarm starts one, "
        f"and it brings nothing where nothing fell, that makes {money_k:+,.0f} k {currency}."))


def _is_products(tables: Tables, answer: Any) -> bool:
    known = sorted(_scores(tables).columns)
    asked = [None] if isinstance(answer, str) or not isinstance(answer, Collection) else list(answer)
    if not all(isinstance(one, str) and one in known for one in asked):
        raise Unusable(f"Answer with a set of product ids out of {', '.join(known)}, got {answer!r}.")
    return True


EXERCISE = Exercise(
    name="score_wobble",
    title="Whose score has really fallen?",
    mistake="A wobble of the Net Promoter Score read as change",
    question=("In three years of monthly Net Promoter Scores, which products' scores have really fallen and need a "
              'project to repair them? Answer with a set of product ids, say {"PR1", "PR2"}.'),
    ways=(
        Way(label="Those that fell by 5 points or more last month", answer=_in_the_last_month,
            hint=("A score from about a hundred answers has a 95 % interval of 15 points to either side: it moves by "
                  "5 or more in most months though nothing happens. What falls for good falls once and stays down.")),
        Way(label="Those whose last quarter lies 5 points or more below the quarter before",
            answer=_in_the_last_quarter,
            hint=("Three months average less noise than they seem to, and among eight products some quarter always "
                  "looks bad. Hold all months against what chance does to a score that stands still.")),
        Way(label="Those whose score left the level of its first year by more than chance does",
            answer=_beyond_chance),
    ),
    worth=_worth,
    properties=(
        Property(says="The answer is a set of product ids.", holds=_is_products, hint='Write {"PR1"}, say.'),
        Property(says="It holds every product whose score fell by more than chance.",
                 holds=lambda tables, answer: _beyond_chance(tables) <= set(answer),
                 hint="One that fell more than a year ago and stayed down is missing. Look at all three years."),
        Property(says="It holds no product whose score stayed within what chance does.",
                 holds=lambda tables, answer: set(answer) <= _beyond_chance(tables),
                 hint="At least one of them only wobbles: its level has not left what chance does to so few answers."),
    ),
    hints=(
        "How far does a score from a hundred answers move from month to month if nothing changes at all?",
        "pm.product.chart_score(book, period=book.period) holds every month against limits set by chance.",
        "Take the products of its to_frame() with signal_month above 0 and after below before.",
    ),
    solution=("Hold every month against the limits of what chance does to so few answers. Promoters less detractors "
              "out of a hundred answers move by 5 points and more in most months though nothing happens, and with "
              "eight products there is always one to worry about. A control chart sets limits so wide that only one "
              "time in twenty any of the eight signals by chance, and says when a lasting change began. Reacting to "
              "each wobble costs a project a time and hides the one fall that is real: it is old news, and its last "
              "month may even have been a better one."),
)
