"""The certificate of a plan: everything added up again outside the solver."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pmlib.errors import CheckError
from pmlib.portfolio.accounts import grouped_labels
from pmlib.portfolio.problem import outcome

if TYPE_CHECKING:
    from pmlib.portfolio.decision import Decision


def certified(decision: Decision) -> str:
    """Add a plan up again without the solver: one action each, every row holds, totals reconcile.

    Raises
    ------
    CheckError
        A total does not reconcile, or the plan breaks a limit or a link.
    """
    plan, problem, actions = decision.outcome, decision.problem, decision.actions
    if plan is None:
        if actions["action"].notna().any() or not math.isnan(decision.value_k):
            raise CheckError("actions: there is no plan, yet something is decided. Run rebalance again.")
        return f"No plan to check ({decision.status}): nothing is decided and no value is claimed."
    once = actions["project_id"].is_unique and actions["action"].notna().all()
    if not once or len(actions) != len(problem.actions.projects):
        raise CheckError("actions: not exactly one action for every project. Run rebalance again.")
    again = outcome(problem, plan.choice)
    if len(again.broken):
        broken = "; ".join(grouped_labels([problem.model.names[row] for row in again.broken]))
        raise CheckError(f"limits: the plan breaks {broken}. Run rebalance again with a smaller gap.")
    width = 1e-5 * max(1.0, abs(decision.value_k))
    total = float(actions["value_k"].sum() + decision.effects["value_k"].sum())
    for name, got, wanted in (("value_k", total, decision.value_k), ("value_k", again.value, decision.value_k),
                              ("cost_k", float(actions["cost_k"].sum()), decision.cost_k)):
        if abs(got - wanted) > width:
            raise CheckError(f"{name}: projects and joint effects add up to {got:,.3f}, the plan says {wanted:,.3f}. "
                             "Run rebalance again; do not publish.")
    joint = float(decision.effects["value_k"].sum())
    parts = f" ({total - joint:,.0f} of projects, {joint:+,.0f} of joint effects and bought people)" if joint else ""
    return (f"Totals reconcile: {len(actions)} projects with one action each, worth {decision.value_k:,.0f} "
            f"{decision.unit} in all{parts}; every budget, capacity, band and link holds.")
