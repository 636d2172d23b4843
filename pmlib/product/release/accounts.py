"""The certificate of a release plan: everything added up again from the rows, outside the solver."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pmlib.errors import CheckError

if TYPE_CHECKING:
    from pmlib.product.release.plan import ReleasePlan

_WIDTH = 1e-6


def recounted(plan: ReleasePlan) -> str:
    """Add a plan up again row by row: once each, within every team's time, needs first, musts in, value right.

    Raises
    ------
    CheckError
        One of these does not hold.
    """
    if not plan.found:
        if plan.features["release"].notna().any():
            raise CheckError("release: there is no plan, yet something is built. Plan again.")
        return f"No plan to check ({plan.status}): nothing is built and no value is claimed."
    if not plan.features["feature_id"].is_unique:
        raise CheckError("features: a feature stands twice. Plan again.")
    inside = plan.features[plan.features["release"].notna()]
    built = {row["feature_id"]: row for row in inside.to_dict("records")}
    _recount_load(plan, built)
    _recount_needs(plan, built)
    missing = plan.features.loc[
        plan.features["must"] & (plan.features["state"] != "released") & plan.features["release"].isna(), "feature_id"]
    if len(missing):
        raise CheckError(f"must: {', '.join(missing)} is not built. Plan again.")
    rules = plan.rules
    worth = sum(
        row["value_points"] * (rules.horizon_months - rules.months_each * row["release"]) / 3 for row in built.values()
    )
    if abs(worth - plan.value_points) > _WIDTH * max(1.0, abs(worth)):
        raise CheckError(
            f"value_points: features add up to {worth:,.3f}, the plan says {plan.value_points:,.3f}. "
            "Plan again; do not publish."
        )
    return (f"The plan adds up: {len(built)} features worth {worth:,.0f} points; every team's time, every need and "
            "every must holds.")  # fmt: skip


def _recount_load(plan: ReleasePlan, built: dict[Any, dict[Any, Any]]) -> None:
    efforts = dict(zip(plan.backlog["feature_id"], plan.backlog["effort_pm"], strict=True))
    used: dict[tuple[str, int], float] = defaultdict(float)
    for feature, row in built.items():
        used[row["team"], int(row["release"])] += efforts[feature]
    for row in plan.loads.to_dict("records"):
        spent = used.pop((row["team"], row["release"]), 0.0)
        if max(spent - row["capacity_pm"], abs(spent - row["used_pm"])) > _WIDTH * max(1.0, spent):
            raise CheckError(
                f"capacity: {row['team']} builds {spent:,.2f} person-months in {row['release_name']}, has "
                f"{row['capacity_pm']:,.2f} and is told to use {row['used_pm']:,.2f}. Plan again."
            )
    if used:
        raise CheckError(f"capacity: {min(used)} builds without a row of its own. Plan again.")


def _recount_needs(plan: ReleasePlan, built: dict[Any, dict[Any, Any]]) -> None:
    states = dict(zip(plan.backlog["feature_id"], plan.backlog["state"], strict=True))
    needs = dict(zip(plan.backlog["feature_id"], plan.backlog["depends_on"], strict=True))
    for feature, row in built.items():
        first = needs[feature]
        if first and states[first] != "released" and not (
            first in built and built[first]["release"] <= row["release"]
        ):
            raise CheckError(f"depends_on: {feature} is built before {first}, which it needs. Plan again.")
