"""A decision in words: the sentences, the headline and the one line that a meeting reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pmlib.portfolio.mends import conflict, conflict_sentence, sentences
from pmlib.portfolio.model import Status
from pmlib.portfolio.policy import Objective

if TYPE_CHECKING:
    from pmlib.portfolio.decision import Decision

_MILLION_K = 1000.0
#: From this share of the plan's cost on, a year without a budget is worth a sentence on the first page.
_MUCH = 0.01
_SHOWN = 3


def summary(decision: Decision) -> str:
    """Say the plan, its worth, what binds and how sure it is, in a few sentences."""
    if not decision.found:
        return _no_plan(decision)
    verbs = list(decision.counts().items())
    first = f"{verbs[0][0].capitalize()} {verbs[0][1]} project{'s' if verbs[0][1] != 1 else ''}"
    plan = ", ".join([first, *(f"{verb} {count}" for verb, count in verbs[1:])])
    more = decision.value_k - decision.now_value_k
    against = "as much as going on as now"
    if round(more):
        against = f"{abs(more):,.0f} {'more' if more > 0 else 'less'} than going on as now"
    binds = "No limit keeps out anything worth doing." if decision.status is Status.PROVED else ""
    if decision.binding:
        binds = f"{decision.binding[0][0].upper()}{decision.binding[0][1:]} is what binds."
    if not decision.now_holds:
        against += ", which breaks limits"
    worth = f"{plan}. The plan is worth {decision.value_k:,.0f} {decision.unit}, {against}."
    return " ".join(filter(None, (worth, _other_total(decision), binds, _proof(decision), _unlimited_years(decision))))


def _other_total(decision: Decision) -> str:
    """Say the total the plan was not chosen by: points beside money, money beside points."""
    measure = "money" if decision.policy.objective is Objective.SCORE else "score"
    row = decision.totals.set_index("measure").loc[measure]
    if not np.isfinite(row["plan"]) or (measure == "money" and not row["plan"]):
        return ""
    return f"By the {measure} it comes to {row['plan']:,.0f} {row['unit']}, going on as now to {row['now']:,.0f}."


def _unlimited_years(decision: Decision) -> str:
    """Name the years in which the plan spends much without a budget, where other years have one."""
    money = decision.money
    much = money["plan_k"] > _MUCH * decision.cost_k
    free = money.loc[money["budget_k"].isna() & much, "year"].astype(str).tolist()
    if not free or money["budget_k"].isna().all():
        return ""
    return f"No budget is known for {', '.join(free)}: money of {'that year' if len(free) == 1 else 'those years'} " \
           "is not limited."


def _proof(decision: Decision) -> str:
    gap = f"{100 * decision.gap:.1f} %"
    if decision.status is Status.PROVED:
        return "Proved: no plan within the limits is worth more (gap below a millionth)."
    if not np.isfinite(decision.bound):
        return "Not proved: how much more another plan may be worth is not known. Raise node_limit."
    cut = " Cut short by time, so another run may find another plan." if decision.policy.time_limit_s else ""
    return f"Not proved: another plan may be worth up to {decision.bound - decision.value_k:,.0f} more, gap {gap}.{cut}"


def _no_plan(decision: Decision) -> str:
    if decision.status is Status.NO_PLAN:
        return ("Stopped without a plan: none was found before the limit of the search. Raise node_limit, "
                "time_limit_s or gap.")
    needed = sentences(decision.mends)
    if not needed:
        return f"Infeasible: {conflict_sentence(conflict(decision.problem))}"
    left = len(needed) - _SHOWN
    more = f"; and {left} more change{'s' if left > 1 else ''}" if left > 0 else ""
    return f"Infeasible: no plan holds every limit. It needs {'; '.join(needed[:_SHOWN])}{more}."


def headline(decision: Decision) -> dict[str, str]:
    """Give the figures for the top of a page: big figure -> what it is."""
    if decision.status is Status.NO_PLAN:
        return {str(decision.status): "the limit of the search came first"}
    if not decision.found:
        needed = sentences(decision.mends)[:_SHOWN]
        return {str(decision.status): "no plan holds every limit", **{sentence: "is needed" for sentence in needed}}
    in_money = decision.policy.objective is not Objective.SCORE
    value = big(decision.value_k) if in_money else f"{decision.value_k:,.0f}"
    lines = {value: f"{decision.currency if in_money else 'points'} expected value of the plan"} | _money(decision)
    if decision.binding:
        name, _, when = decision.binding[0].partition(" in ")
        lines[name] = f"is what binds{f', in {when}' if when else ''}"
    sure = "no plan within the limits is worth more" if decision.status is Status.PROVED else (
        f"gap {100 * decision.gap:.1f} %")
    return lines | {str(decision.status): sure}


def _money(decision: Decision) -> dict[str, str]:
    budget, cost, when = decision.policy.budget_k, decision.cost_k, ""
    limited = decision.money[decision.money["budget_k"].notna()]
    if budget is None and len(limited):
        first = limited.iloc[0]
        budget, cost, when = float(first["budget_k"]), float(first["plan_k"]), f" of {int(first['year'])}"
    if budget is None or not np.isfinite(budget):
        return {f"{big(cost)} to spend": f"{decision.currency} the plan still costs"}
    spent, unit = big(cost).split(), big(budget).split()[1]
    figure = f"{spent[0] if spent[1] == unit else big(cost)} of {big(budget)}"
    return {figure: f"{decision.currency} of the budget{when}"}


def big(thousands: float) -> str:
    """Write money as a headline: millions with one digit, or thousands when there is less than one.

    Examples
    --------
    >>> big(41_234.0), big(340.0)
    ('41.2 M', '340 k')
    """
    return f"{thousands / _MILLION_K:,.1f} M" if abs(thousands) >= _MILLION_K else f"{thousands:,.0f} k"


def one_line(decision: Decision) -> str:
    """Write the decision as one line a meeting can read."""
    if not decision.found:
        return f"<Decision: {decision.status}; {len(decision.actions)} projects to decide>"
    verbs = ", ".join(f"{count} {verb}" for verb, count in decision.counts().items())
    binding = "; ".join(decision.binding[:_SHOWN]) or "nothing"
    proof = "proved optimal" if decision.status is Status.PROVED else f"{decision.status}, {100 * decision.gap:.1f} %"
    return f"<Decision: {verbs}; value {decision.value_k:,.0f} {decision.unit}; binding: {binding}; {proof}>"
