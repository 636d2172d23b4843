"""The questions behind the six elements of a good decision: what record and tables say of each, or that it is open."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pmlib.portfolio.model import PROVED_GAP, Status
from pmlib.portfolio.records.readiness import Readiness
from pmlib.portfolio.records.record import DecisionRecord
from pmlib.portfolio.records.tampering import Verification

ELEMENTS = {
    "frame": "appropriate frame", "alternatives": "creative alternatives", "information": "relevant information",
    "values": "clear values and trade-offs", "reasoning": "sound reasoning", "commitment": "commitment to action"}
#: From which share on most is enough; coverage of ranges that state 80 %; worth of perfect information.
_MOST, _COVERED, _LITTLE, _NEARLY_PROVED = 0.8, 0.7, 0.1, 0.01
_WAYS = 2
#: Valid from this year on means: always.
_ALWAYS = 1900
Found = tuple[bool, str] | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Facts:
    """What the questions are put to.

    Attributes
    ----------
    record : DecisionRecord
    tables : mapping of table name to frame
        Checked.
    readiness : Readiness or None
    measures : mapping of name to number or result
        What was measured elsewhere.
    """

    record: DecisionRecord
    tables: Mapping[str, pd.DataFrame]
    readiness: Readiness | None
    measures: Mapping[str, Any]

    @property
    def projects(self) -> Mapping[str, Any]:
        """The projects of the record."""
        found: Mapping[str, Any] = self.record.content["projects"]
        return found

    def measure(self, name: str) -> float | None:
        """Give a number that was measured elsewhere, if there is one."""
        value = self.measures.get(name)
        return None if value is None or math.isnan(value) else float(value)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of an element; ``look`` answers it from the facts, or with None where they are silent."""

    name: str
    element: str
    asks: str
    look: Callable[[Facts], Found]


def _scope(facts: Facts) -> Found:
    projects = facts.tables["projects"].set_index("project_id")["programme_id"].reindex(list(facts.projects))
    placed = int(projects.notna().sum())
    return placed >= _MOST * len(projects), f"{placed} of {len(projects)} projects to decide belong to a programme."


def _limits(facts: Facts) -> Found:
    names = [name for name in ("budgets", "capacity", "mix_targets") if name in facts.tables]
    budget = facts.record.content["parameters"].get("budget_k") is not None
    said = [*(["the board's own budget"] if budget else []), *names]
    money = budget or "budgets" in names
    return money, f"Limits that were set: {', '.join(said)}." if said else "No limit was set."


def _ways(facts: Facts) -> Found:
    several = sum(len(row["open"]) >= _WAYS for row in facts.projects.values())
    actions = sum(len(row["open"]) for row in facts.projects.values())
    return several >= _MOST * len(facts.projects), (f"{several} of {len(facts.projects)} projects could be decided in "
                                                    f"more than one way; {actions} actions in all.")


def _more_than_yes_or_no(facts: Facts) -> Found:
    rich = sum(len(row["open"]) > _WAYS for row in facts.projects.values())
    return rich >= len(facts.projects) / 2, (f"{rich} of {len(facts.projects)} projects had more than yes or no: a "
                                             "hold, a slower or a faster way.")


def _plans(facts: Facts) -> Found:
    plans = facts.measure("plans_compared")
    return None if plans is None else (plans >= _WAYS, f"{plans:.0f} plans were laid beside it.")


def _ready(facts: Facts) -> Found:
    if facts.readiness is None or facts.readiness.items.empty:
        return None
    return facts.readiness.complete >= _MOST, facts.readiness.summary().partition(". Missing")[0].rstrip(".") + "."


def _coverage(facts: Facts) -> Found:
    share = facts.measure("coverage")
    return None if share is None else (share >= _COVERED, f"Ranges stated to hold 80 % of outcomes held "
                                                          f"{100 * share:.0f} %.")


def _worth_of_information(facts: Facts) -> Found:
    share = facts.measure("evpi_share")
    return None if share is None else (share <= _LITTLE, f"Knowing all beforehand would be worth {100 * share:.0f} % "
                                                         "of the plan's value.")


def _weights(facts: Facts) -> Found:
    weights = facts.tables.get("weights")
    if weights is None or weights.empty:
        return None
    days = weights["valid_from"].max()
    since = "" if days.year <= _ALWAYS else f", in force since {days:%Y-%m-%d}"
    return True, f"Weights of {', '.join(sorted(weights['group'].unique()))}{since}."


def _trade_off(facts: Facts) -> Found:
    parameters = facts.record.content["parameters"]
    how = {"money": "expected net benefit in money alone", "score": "points alone",
           "mix": f"money and points, a point at {parameters.get('k_per_point') or 0:,.0f} thousand"}
    chosen = str(parameters.get("objective"))
    # One yardstick alone trades nothing off: that is for the board to stand by.
    return (True, f"Chosen by {how['mix']}.") if chosen == "mix" else None


def _proof(facts: Facts) -> Found:
    result = facts.record.content["result"]
    gap = result["gap"] if isinstance(result["gap"], float) else math.inf
    good = result["status"] == Status.PROVED or gap <= _NEARLY_PROVED
    tail = f", gap {100 * gap:.1f} %" if gap > PROVED_GAP else ", gap below a millionth"
    tail = tail if math.isfinite(gap) else ""
    return good, f"The plan is {result['status']}{tail}."


def _check(facts: Facts) -> Found:
    text = str(facts.record.content["result"]["check"])
    return text.startswith("Totals reconcile"), text


def _reasons(facts: Facts) -> Found:
    with_reason = sum(bool(row["reason"]) for row in facts.projects.values())
    return with_reason == len(facts.projects), f"{with_reason} of {len(facts.projects)} projects have a reason."


def _near_ties(facts: Facts) -> Found:
    ties = facts.measure("near_ties")
    return None if ties is None else (True, f"{ties:.0f} projects could be decided otherwise for 1 % of the value; "
                                            "they are known.")


def _again(facts: Facts) -> Found:
    found = facts.measures.get("verification")
    return (found.holds, found.summary()) if isinstance(found, Verification) else None


def _decided(facts: Facts) -> Found:
    given = facts.record.content["decided"]
    by_role = sum(bool(row["role"]) for row in given.values())
    return by_role >= _MOST * len(facts.projects), (f"{len(given)} of {len(facts.projects)} projects are decided, "
                                                    f"{by_role} by a named role.")


def _explained(facts: Facts) -> Found:
    over = [row for row in facts.record.content["decided"].values() if row["agrees"] is False]
    said = sum(bool(row["why"]) for row in over)
    if not facts.record.content["decided"]:
        return None
    return said == len(over), f"{said} of {len(over)} overrides are explained." if over else "Nothing was overridden."


def _silent(_: Facts) -> Found:
    return None


_ASKED: tuple[tuple[str, str, str, Callable[[Facts], Found]], ...] = (
    ("frame", "scope", "Which projects are decided together?", _scope),
    ("frame", "limits", "Which limits frame the decision?", _limits),
    ("frame", "right question", "Is this the right set, for the right period, decided by the right people?", _silent),
    ("alternatives", "ways", "Could each project be decided in more than one way?", _ways),
    ("alternatives", "more than yes or no", "Was there more than yes or no?", _more_than_yes_or_no),
    ("alternatives", "plans", "Which other plans were laid beside this one?", _plans),
    ("information", "readiness", "Is there what the board needs to know of each project?", _ready),
    ("information", "coverage", "Did such ranges hold in the past?", _coverage),
    ("information", "worth of knowing more", "Would it pay to know more before deciding?", _worth_of_information),
    ("values", "weights", "Whose weights count, and since when?", _weights),
    ("values", "trade-off", "What is a point worth in money, or why does one yardstick do?", _trade_off),
    ("values", "agreement", "Were the trade-offs talked over with those whose weights differ?", _silent),
    ("reasoning", "proof", "Is there a better plan within the limits?", _proof),
    ("reasoning", "check", "Does everything add up again without the solver?", _check),
    ("reasoning", "reasons", "Does every project have a reason?", _reasons),
    ("reasoning", "near ties", "Which projects could as well be decided otherwise?", _near_ties),
    ("reasoning", "repeats", "Does it come out the same once more?", _again),
    ("commitment", "decided", "Is every project decided, by a role that is named?", _decided),
    ("commitment", "overrides", "Is every override explained?", _explained),
    ("commitment", "next steps", "Who starts and stops what, by when, and with whose people?", _silent),
)
QUESTIONS = tuple(Question(element=element, name=name, asks=asks, look=look) for element, name, asks, look in _ASKED)
NAMES = tuple(question.name for question in QUESTIONS)
MEASURES = ("plans_compared", "coverage", "evpi_share", "near_ties", "verification")
