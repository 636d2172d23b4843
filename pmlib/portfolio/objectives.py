"""What a plan serves: shares of value and spend by objective, and benefits that several projects claim."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.actions import ON
from pmlib.portfolio.arguments import floats, mapping, of_kind, shown
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.inputs import LARGEST
from pmlib.portfolio.origins import asked
from pmlib.portfolio.valuation import given_values

COLUMNS = ["objective_id", "name", "weight_share", "value_share", "spend_share", "n_projects"]
_NONE = "none"


def alignment(
    decision: Decision, contributions: pd.DataFrame, *, weights: Mapping[str, float] | pd.Series | None = None,
    names: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Share of what the plan brings, and of the money it still spends, by objective.

    A project's money is split over the objectives as its own points are. A project that goes on without points,
    or with none above doing nothing, spends for no objective: its share stands in the row ``none``.

    Parameters
    ----------
    decision : Decision
        The plan.
    contributions : DataFrame of shape (n_projects, n_objectives)
        Points over doing nothing by project_id and objective_id (``card.contributions``).
    weights : Series or mapping of objective_id to share, optional
        What the objectives weigh.
    names : mapping of objective_id to name, optional
        What a reader calls them (``card.tree.names``).

    Returns
    -------
    DataFrame
        objective_id, name, weight_share, value_share, spend_share (0-1, each adds up to 1), n_projects (that add to
        it), the largest share of value first; empty without a plan.

    Raises
    ------
    ParameterError
        The contributions or weights are no such numbers, or no project of the plan is among the contributions.

    References
    ----------
    Keeney & Raiffa (1976), Decisions with Multiple Objectives: contributions of an additive value add up.

    Examples
    --------
    >>> alignment(decision, card.contributions, weights=card.weights)  # doctest: +SKIP
    """
    points = _points(contributions)
    share = None if weights is None else given_values(weights, "weights")
    called = {} if names is None else mapping(names, "names", remedy="Pass card.tree.names.")
    if not asked(decision).found:
        return pd.DataFrame({name: pd.Series([], dtype=object) for name in COLUMNS})
    on = decision.actions[decision.actions["action"].isin(ON)]
    if len(on) and not on["project_id"].isin(points.index).any():
        raise ParameterError(f"contributions: none of the {len(on)} projects of the plan is among them. Pass "
                             "card.contributions of the same tables.")
    mine = points.reindex(on["project_id"]).fillna(0.0).clip(lower=0.0).to_numpy()
    cost, total = on["cost_k"].to_numpy(dtype=float), mine.sum(axis=1)
    part = np.divide(mine, total[:, None], out=np.zeros_like(mine), where=total[:, None] > 0)
    spend, value = cost @ part, mine.sum(axis=0)
    ids = [*points.columns, _NONE]
    frame = pd.DataFrame({
        "objective_id": ids, "name": [str(called.get(name, name)) for name in ids[:-1]] + ["no objective"],
        "weight_share": np.nan if share is None else share.reindex(ids).to_numpy(),
        "value_share": np.append(value, 0.0) / max(float(value.sum()), 1e-12),
        "spend_share": np.append(spend, float(cost[total <= 0].sum())) / max(float(cost.sum()), 1e-12),
        "n_projects": [*(mine > 0).sum(axis=0), int((total <= 0).sum())],
    })
    frame = frame if (total <= 0).any() else frame.iloc[:-1]
    return frame.sort_values(["value_share", "objective_id"], ascending=[False, True]).reset_index(drop=True)


def shared_benefits(decision: Decision) -> pd.DataFrame:
    """Benefits that more than one project claims: what adding up the projects would count too often.

    Parameters
    ----------
    decision : Decision
        The plan, or the question it could not answer.

    Returns
    -------
    DataFrame
        link, projects, in_plan (those that go on), claimed_k (expected, all claims added up), counted_k (the largest,
        which is all the benefit there is), too_much_k; the largest excess first.
    """
    frame, ids = asked(decision).problem.actions.frame, decision.problem.actions.projects["project_id"].to_numpy()
    rows = []
    for joint in decision.problem.links.joints:
        if joint.kind != "overlap":
            continue
        claims: dict[str, float] = {}
        for action, amount in zip(joint.actions, joint.amounts_k, strict=True):
            name = str(frame["project_id"].iat[action])
            claims[name] = max(claims.get(name, 0.0), amount)
        total, most = sum(claims.values()), max(claims.values(), default=0.0)
        members = [str(ids[member]) for member in joint.members]
        going = [name for name in members if name in decision.going_on]
        rows.append((joint.link_id, ", ".join(members), ", ".join(going), total, most, total - most))
    table = pd.DataFrame(rows, columns=["link", "projects", "in_plan", "claimed_k", "counted_k", "too_much_k"])
    table = table.astype(dict.fromkeys(table.columns[:3], str) | dict.fromkeys(table.columns[3:], float))
    return table.sort_values(["too_much_k", "link"], ascending=[False, True]).reset_index(drop=True)


def _points(contributions: pd.DataFrame) -> pd.DataFrame:
    """Contributions as numbers; an empty cell brings nothing."""
    given = of_kind(contributions, pd.DataFrame, "contributions", remedy="Pass card.contributions.")
    given = given.set_axis([str(name) for name in given.index]).set_axis([str(name) for name in given], axis=1)
    for what, names in (("project", given.index), ("objective", given.columns.append(pd.Index([_NONE])))):
        if names.has_duplicates:
            raise ParameterError(f"contributions: {what} {names[names.duplicated()][0]} stands there twice, allowed "
                                 f"once ({_NONE} is the row of no objective). Rename or drop it.")
    points = floats(given)
    wrong = np.argwhere((given.notna() & ~(points.abs() <= LARGEST)).to_numpy())
    if len(wrong):
        row, column = wrong[0]
        raise ParameterError(f"contributions: got {shown(given.iat[row, column])} for {given.index[row]} on "
                             f"{given.columns[column]}, allowed a finite number. Correct it or leave the cell empty.")
    return points
