"""A benefit claimed twice: every case pays by itself, and together they promise money that is there only once."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

import pandas as pd

from pmlib.teach.exercise import Exercise, Property, Tables, Way, Worth
from pmlib.teach.once import once
from pmlib.teach.portfolio import best_plan, listed, projects_in

CLAIMING = ("P05", "P12", "P19")


@once
def _case(tables: Tables) -> pd.DataFrame:
    """Give each project's own case: value_on_k, state, off_k (of stopping it), claim_k (of the shared benefit)."""
    plan = best_plan(tables)
    frame = plan.problem.actions.frame
    off = frame[frame["action"].isin(["stop", "decline"])].set_index("project_id")["value_k"]
    claims: dict[str, float] = {}
    for joint in plan.problem.links.joints:
        names = [str(frame["project_id"].iat[action]) for action in joint.actions]
        if joint.kind == "overlap" and set(names) <= set(CLAIMING):
            for name, amount in zip(names, joint.amounts_k, strict=True):
                claims[name] = max(amount, claims.get(name, 0.0))
    case = plan.actions.set_index("project_id")[["value_on_k", "state"]].assign(off_k=off, claim_k=pd.Series(claims))
    return case.reindex(list(CLAIMING)).fillna({"off_k": 0.0, "claim_k": 0.0})


def _every_case_that_pays(tables: Tables) -> set[str]:
    case = _case(tables)
    return set(case.index[case["value_on_k"] > case["off_k"]])


def _what_has_begun(tables: Tables) -> set[str]:
    case = _case(tables)
    return set(case.index[case["state"] == "running"])


def _counted_once(tables: Tables) -> set[str]:
    return set(best_plan(tables).going_on) & set(CLAIMING)


def _worth(tables: Tables, answer: Any) -> Worth:
    chosen = sorted(projects_in(answer, CLAIMING))
    case = _case(tables)
    alone, claims = float(case.loc[chosen, "value_on_k"].sum()), case.loc[chosen, "claim_k"]
    too_much = float(claims.sum() - claims.max()) if chosen else 0.0
    leaving = -float(case["off_k"].drop(chosen).sum())
    total = alone - too_much - leaving
    words = [f"{listed(chosen)}, by the business cases {alone:,.0f}" if chosen else "None of them"]
    if too_much > 0:
        words.append(f"less {too_much:,.0f} that is the same benefit promised again")
    if leaving > 0:
        words.append(f"less {leaving:,.0f} for stopping what has begun")
    return Worth(money_k=total, says=f"{', '.join(words)}: {total:,.0f} thousand {best_plan(tables).currency}.")


def _best_k(tables: Tables) -> float:
    sets = chain.from_iterable(combinations(CLAIMING, size) for size in range(len(CLAIMING) + 1))
    return max(_worth(tables, one).money_k for one in sets)


EXERCISE = Exercise(
    name="claimed_twice", title="Three cases, one benefit", mistake="A benefit claimed twice",
    question=f"Which of {', '.join(CLAIMING)} go on? Answer with a set of project ids; set() for none.",
    ways=(
        Way(label="Go on with every case that pays", answer=_every_case_that_pays,
            hint="Each case counts the same benefit as its own. pm.portfolio.claimed_twice(book) shows what adding "
                 "them up counts too often."),
        Way(label="Go on with those that have begun, decline the proposal", answer=_what_has_begun,
            hint="The second of them pays its full cost for a benefit that the first brings already."),
        Way(label="Count the shared benefit once, then ask what each further project adds", answer=_counted_once)),
    worth=_worth,
    properties=(
        Property(says="It is a set of these projects.", hint=f"Choose among {', '.join(CLAIMING)}.",
                 holds=lambda tables, answer: projects_in(answer, CLAIMING) is not None),
        Property(says="What goes on has to be worth more than leaving all three.",
                 holds=lambda tables, answer: _worth(tables, answer).money_k > _worth(tables, ()).money_k,
                 hint="Take the shared benefit out of all cases but one, and add up again, the cost of stopping too."),
        Property(says="No other choice of the three may bring over 1 % more.",
                 holds=lambda tables, answer: _worth(tables, answer).money_k >= 0.99 * _best_k(tables),
                 hint="Begin with the one that brings the shared benefit for the least, and add another only if its "
                      "own part pays for its whole cost.")),
    hints=("Read the three cases side by side: where does the largest benefit of each come from?",
           "pm.portfolio.claimed_twice(book) lists what the links say is promised more than once.",
           "The plan of pm.rebalance(book) counts it once: pm.portfolio.shared_benefits(plan) names who stays in."),
    solution="Put one name to each benefit, and count it once. "
             "Three owners promise the same benefit, and each case is sound as long as nobody reads the other two. "
             "Together they hold it three times; it comes once. One project has to bring it, the one that leaves the "
             "most after its cost and after what it costs to stop the others; each further one would have to live on "
             "its own part alone. Put one name to the benefit, or the plan is missed with every milestone met "
             "(Ward & Daniel, 2012).")
