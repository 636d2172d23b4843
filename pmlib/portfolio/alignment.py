"""Does the money go where the goals are: shares of a plan's value and spend by objective, beside their weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.decision import Decision

COLUMNS = ["objective_id", "weight", "value_share", "spend_share", "n_projects"]


def alignment(
    decision: Decision, contributions: pd.DataFrame, *, weights: Mapping[str, float] | pd.Series | None = None,
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

    Returns
    -------
    DataFrame
        objective_id, weight, value_share, spend_share (0-1, each adds up to 1), n_projects (that add to it), the
        largest share of value first; empty without a plan.

    Raises
    ------
    ParameterError
        No project of the plan is among the contributions.

    Examples
    --------
    >>> alignment(decision, card.contributions, weights=card.weights)  # doctest: +SKIP
    """
    if not decision.found:
        return pd.DataFrame({name: pd.Series([], dtype=object) for name in COLUMNS})
    on = decision.actions[decision.actions["action"].isin(["start", "keep", "slow", "fast"])]
    known = on["project_id"].isin(contributions.index)
    if len(on) and not known.any():
        raise ParameterError(f"contributions: none of the {len(on)} projects of the plan is among them. Pass "
                             "card.contributions of the same tables.")
    points = contributions.reindex(on["project_id"]).fillna(0.0).clip(lower=0.0).to_numpy(dtype=float)
    cost, total = on["cost_k"].to_numpy(dtype=float), points.sum(axis=1)
    part = np.divide(points, total[:, None], out=np.zeros_like(points), where=total[:, None] > 0)
    spend, value = cost @ part, points.sum(axis=0)
    names = [*contributions.columns.astype(str), "none"]
    frame = pd.DataFrame({
        "objective_id": names,
        "weight": [float("nan")] * len(names) if weights is None else
                  [float(dict(weights).get(name, np.nan)) for name in names],
        "value_share": np.append(value, 0.0) / max(float(value.sum()), 1e-12),
        "spend_share": np.append(spend, float(cost[total <= 0].sum())) / max(float(cost.sum()), 1e-12),
        "n_projects": [*(points > 0).sum(axis=0), int((total <= 0).sum())],
    })
    frame = frame[(frame["objective_id"] != "none") | (frame["n_projects"] > 0)]
    return frame.sort_values(["value_share", "objective_id"], ascending=[False, True]).reset_index(drop=True)
