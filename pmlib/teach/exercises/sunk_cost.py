"""Sunk cost: a project is kept for what was spent on it, another stopped for what it overran."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pmlib.portfolio import earned_value
from pmlib.teach.exercise import Exercise, Property, Tables, Unusable, Way, Worth
from pmlib.teach.once import once
from pmlib.teach.portfolio import best_plan

FINE, LATE = "P17", "P23"
#: Below it the cost index is called bad.
BAD_INDEX = 0.9


def _open(tables: Tables) -> pd.DataFrame:
    """Give what each verb is worth: project_id, action, value_k, cost_k."""
    frame = best_plan(tables).problem.actions.frame
    found = frame.loc[frame["project_id"].isin([FINE, LATE]), ["project_id", "action", "value_k", "cost_k"]]
    return found.sort_values("value_k", ascending=False).drop_duplicates(["project_id", "action"])


@once
def _by_index(tables: Tables) -> dict[str, str]:
    index = earned_value(tables).projects.set_index("project_id")["cpi"]
    return {name: "stop" if index[name] < BAD_INDEX else "keep" for name in (FINE, LATE)}


def _by_what_is_to_come(tables: Tables) -> dict[str, str]:
    first = _open(tables).drop_duplicates("project_id").set_index("project_id")["action"]
    return {name: str(first[name]) for name in (FINE, LATE)}


def _verbs(tables: Tables, answer: Any) -> dict[str, str]:
    form = f"Answer with a verb for each, such as {{{FINE!r}: 'hold', {LATE!r}: 'hold'}}"
    if not isinstance(answer, Mapping):
        raise Unusable(f"{form}, got {type(answer).__name__}.")
    if set(answer) != {FINE, LATE}:
        raise Unusable(f"{form}, got {', '.join(sorted(map(str, answer))) or 'no project'}.")
    open_to = _open(tables).groupby("project_id")["action"].agg(sorted)
    for name, verb in answer.items():
        if verb not in open_to[name]:
            raise Unusable(f"{form}: {name} allows {', '.join(open_to[name])}, got {verb!r}.")
    return {name: str(answer[name]) for name in (FINE, LATE)}


def _worth(tables: Tables, answer: Any) -> Worth:
    verbs = _verbs(tables, answer)
    value = _open(tables).set_index(["project_id", "action"])["value_k"]
    brings = {name: float(value[name, verb]) for name, verb in verbs.items()}
    words = "; ".join(f"{verb} {name}, {_why(tables, name, verb)}: {brings[name]:,.0f}"
                      for name, verb in verbs.items())
    total = sum(brings.values())
    return Worth(money_k=total, says=f"From today on, {words}. Together {total:,.0f} thousand "
                                     f"{best_plan(tables).currency}.")


def _why(tables: Tables, name: str, verb: str) -> str:
    if verb == "hold":
        return "the same later, at a cost for waiting"
    row = best_plan(tables).problem.actions.projects.set_index("project_id").loc[name]
    if verb == "stop":
        return f"{row['exit_cost_k']:,.0f} to leave less {row['salvage_k']:,.0f} for what can be sold"
    return f"{row['value_k'] + row['cost_k']:,.0f} still to come for {row['cost_k']:,.0f} still to spend"


def _right_for(name: str) -> Any:
    def holds(tables: Tables, answer: Any) -> bool:
        return _verbs(tables, answer)[name] == _by_what_is_to_come(tables)[name]

    return holds


EXERCISE = Exercise(
    name="sunk_cost", title="Nearly done, and over budget", mistake="Sunk cost",
    question=f"What do you do with {FINE} and {LATE}: keep, hold or stop? Answer with a dict, a verb for each of the "
             "two ids.",
    ways=(
        Way(label=f"Go by the record, stop what has a cost index below {BAD_INDEX} and keep the rest",
            answer=_by_index,
            hint="What was spent, and how well, is the same whatever you decide. Compare what each project still "
                 "costs with what it still brings."),
        Way(label="Keep both, since too much has been spent to stop now",
            answer=lambda tables: {FINE: "keep", LATE: "keep"},
            hint=f"Nothing brings back what {FINE} has spent. What does it still cost, and what does it still "
                 "bring?"),
        Way(label="Compare what is still to come with what is still to spend, and with the cost of leaving",
            answer=_by_what_is_to_come)),
    worth=_worth,
    properties=(
        Property(says=f"Each of {FINE} and {LATE} needs a verb that is open for it.",
                 holds=lambda tables, answer: bool(_verbs(tables, answer)), hint="Name both."),
        Property(says=f"No other verb may be worth more for {FINE}.", holds=_right_for(FINE),
                 hint=f"Leave out what {FINE} has spent: what it still brings does not pay for what it still costs."),
        Property(says=f"No other verb may be worth more for {LATE}.", holds=_right_for(LATE),
                 hint=f"The overrun of {LATE} is gone either way: what it still brings is far more than what it still "
                      "costs, and waiting only makes it smaller.")),
    hints=("Which of the figures would change if you stopped tomorrow? Only those belong to the decision.",
           "The value from today on is the benefit to come less the cost to come; of stopping, what can be sold less "
           "the exit cost.",
           "The column value_k of pm.rebalance(book).problem.actions.frame has it for every verb of every project."),
    solution="Compare what is still to come: the cost to go with the benefit to go. "
             f"What was spent stays spent under every choice, so it cannot tell choices apart. {FINE} has a good cost "
             f"index and is nearly done, yet the rest of it costs more than it will bring, more than leaving costs. "
             f"{LATE} has overrun its budget, yet little is left to pay and most of its benefit is still to come. A "
             "cost index judges the past work; it argues for a better estimate of the cost to come, not for or "
             "against going on (Arkes & Blumer, 1985, on why we find that hard).")
