"""Stated ranges read as if nothing could lie outside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmlib.portfolio import rebalance
from pmlib.portfolio.forecasts.reference_class import ReferenceClass, reference_class
from pmlib.teach.exercise import Exercise, Property, Tables, Unusable, Way, Worth
from pmlib.teach.once import once

SAFE = 0.8
#: What is idle weighs so much against what is missing, for a budget that should do 8 times in 10.
_IDLE = (1 - SAFE) / SAFE
#: Closed projects that an answer may lie off, as a share: other ways to read a quantile are as good.
_LESS, _MORE = 0.025, 0.075


@dataclass(frozen=True, kw_only=True)
class _Reserve:
    """Stated costs of the projects to start, and what closed ones cost over their middle forecast."""

    stated: pd.DataFrame
    closed: ReferenceClass

    @property
    def middle_k(self) -> float:
        return float(self.stated["p50"].sum())

    def kept(self, answer: float) -> float:
        """Share of closed projects that such a multiple of the middle would have been enough for."""
        return float((self.closed.cases["ratio"] <= answer / self.middle_k).mean())


@once
def _reserve(tables: Tables) -> _Reserve:
    plan = rebalance(tables).actions
    starts = plan.loc[plan["action"] == "start", "project_id"]
    rows = tables["estimates"]
    return _Reserve(stated=rows[(rows["quantity"] == "cost_k") & rows["project_id"].isin(starts)],
                    closed=reference_class(tables))


def _triangle(tables: Tables) -> float:
    """Sum what triangles from P10 over P50 to P90 hold 8 times in 10."""
    low, peak, high = (_reserve(tables).stated[name].to_numpy(dtype=float) for name in ("p10", "p50", "p90"))
    width = high - low
    safe = np.where(peak - low <= SAFE * width, high - np.sqrt((1 - SAFE) * width * (high - peak)),
                    low + np.sqrt(SAFE * width * (peak - low)))
    return float(safe.sum())


def _worth(tables: Tables, answer: Any) -> Worth:
    reserve = _reserve(tables)
    ratio, middle = reserve.closed.cases["ratio"].to_numpy(dtype=float), reserve.middle_k
    off = answer - ratio * middle
    missing, idle = (float(np.maximum(side, 0.0).mean()) for side in (-off, off))
    return Worth(money_k=-missing - _IDLE * idle, says=(
        f"{len(reserve.stated)} projects with {middle:,.0f} thousand EUR in the middle get {answer:,.0f}. Of "
        f"{len(ratio)} closed projects such a budget was enough for {100 * reserve.kept(answer):.0f} %; at their costs "
        f"{missing:,.0f} thousand come on top that nobody provided for, and {idle:,.0f} stay unused, on average. To "
        "want budgets that do 8 times in 10 is to find a thousand missing as bad as four unused, so an unused one "
        "counts a quarter."))


def _amount(_: Tables, answer: Any) -> bool:
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.number) or not np.isfinite(answer):
        raise Unusable(f"Answer with an amount in thousand EUR for all projects to start together, got {answer!r}.")
    return bool(answer > 0)


EXERCISE = Exercise(
    name="narrow_ranges",
    title="How much to set aside?",
    mistake="P10 and P90 read as minimum and maximum",
    question=(
        "Every project that the plan starts gets a budget of its own, and none may borrow from another. How much must "
        "be set aside for all of them so that a project keeps to its budget 8 times in 10? Answer with an amount in "
        "thousand EUR."),
    ways=(
        Way(label="Take P10 and P90 as the least and the most, draw a triangle, set aside what holds 8 times in 10",
            answer=_triangle,
            hint="A triangle between P10 and P90 leaves nothing outside, where even an honest range leaves 2 cases in "
                 "10, and ours leave more. Look at how closed projects came out."),
        Way(label="Set aside the stated P90 of each, since it cannot cost more",
            answer=lambda tables: float(_reserve(tables).stated["p90"].sum()),
            hint="A stated P90 is what somebody believed. Ask the closed projects how often it was enough."),
        Way(label="Uplift the middle by what closed projects cost on average",
            answer=lambda tables: _reserve(tables).middle_k * _reserve(tables).closed.mean_factor,
            hint="The average is right for the expected cost, but about half of the projects cost more than it. "
                 "8 in 10 asks for the factor that 8 in 10 stayed within."),
        Way(label="Uplift the middle by the factor that 8 of 10 closed projects stayed within",
            answer=lambda tables: _reserve(tables).middle_k * _reserve(tables).closed.p80_factor),
    ),
    worth=_worth,
    properties=(
        Property(says="The answer has to be an amount above 0.", holds=_amount,
                 hint="Give thousand EUR for all together."),
        Property(says="Such budgets must have been enough for 8 in 10 of the closed projects.",
                 holds=lambda tables, answer: _reserve(tables).kept(answer) >= SAFE - _LESS,
                 hint="Too many closed projects cost more, measured against their middle forecast. What factor did 8 "
                      "in 10 stay within?"),
        Property(says="They must tie up no more than that takes.",
                 holds=lambda tables, answer: _reserve(tables).kept(answer) <= SAFE + _MORE,
                 hint="That is safer than 8 in 10, and what lies unused cannot be spent on another project."),
    ),
    hints=(
        "How many of the ranges stated for closed projects held what came true? Ask pm.portfolio.forecast_log(book).",
        "Do not mend the stated P90: multiply the middle forecast by how closed projects came out against theirs.",
        "pm.portfolio.reference_class(book).p80_factor, times the sum of the P50 of cost of the projects to start.",
    ),
    solution=(
        "Set aside the middle forecast times the factor that 8 of 10 own closed projects stayed within. A range from "
        "P10 to P90 should leave 2 cases in 10 outside, and people state ranges that are too narrow: of the closed "
        "projects about half fell outside theirs, most of them above. So neither end is a limit, and no shape drawn "
        "between the two can know what lies beyond them; outcomes of closed projects do (Flyvbjerg, 2006). Where "
        "projects may borrow from each other less is enough, as far as their overruns do not come together."),
)
