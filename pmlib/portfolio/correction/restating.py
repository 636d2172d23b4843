"""Corrected numbers put back into the tables: three-point estimates with another mean, cash flows scaled."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
import pandas as pd

from pmlib.portfolio.model import Floats
from pmlib.portfolio.valuation import SWANSON

_POINTS = ["p10", "p50", "p90"]
#: Standard deviations of a normal between p10 and p90.
_WIDTH = 2 * NormalDist().inv_cdf(0.9)


def restated(points: Floats, *, means: Floats, widths: Floats) -> Floats:
    """Move three-point estimates to other means and widths, keeping the side they lean to and a floor of 0.

    Parameters
    ----------
    points : float array of shape (n, 3)
        p10, p50, p90 of what is never below 0.
    means, widths : float arrays of shape (n,)
        Wanted Swanson means and p90 - p10, 0 or more.

    Returns
    -------
    float array of shape (n, 3)
        In order; the means are met to rounding. The width is met unless the floor forbids it: then it is the
        largest there is.

    Examples
    --------
    >>> restated(np.array([[80.0, 100.0, 140.0]]), means=np.array([212.0]), widths=np.array([120.0])).tolist()
    [[160.0, 200.0, 280.0]]
    """
    own = points[:, 2] - points[:, 0]
    shape = points - (points @ SWANSON)[:, None]
    shape = np.where(own[:, None] > 0, shape / np.where(own > 0, own, 1.0)[:, None], [-0.5, 0.0, 0.5])
    moved = means[:, None] + shape * widths[:, None]
    _, middle, high = SWANSON
    p90 = np.minimum(widths, means / high)
    at_floor = np.column_stack([np.zeros_like(means), (means - high * p90) / middle, p90])
    return np.where(moved[:, :1] < 0, at_floor, moved)


def replaced(
    tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame, first_year: int,
) -> dict[str, pd.DataFrame]:
    """Estimates and cash flows, as far as there are, that plan on corrected means.

    Parameters
    ----------
    tables : mapping of table name to frame
        Checked.
    frame : DataFrame
        project_id, benefit_k and cost_k (expected), p_success, source, corrected_benefit_k, corrected_cost_k, sd_k.
    first_year : int
        Cash flows before it stay as they are.
    """
    known = frame.set_index("project_id")
    # A chance of 0 leaves nothing to scale: whatever the benefit, none is expected.
    chance = known["p_success"].where(known["p_success"] > 0)
    gross = known[["benefit_k", "corrected_benefit_k", "sd_k"]].div(chance, axis=0)
    cost = known[["cost_k", "corrected_cost_k"]].assign(sd_k=0.0)
    found = {}
    if (estimates := tables.get("estimates")) is not None:
        mine = known.index[known["source"] == "estimates"]
        for quantity, told in (("benefit_pv_k", gross), ("cost_k", cost)):
            estimates = _moved(estimates, quantity, told.loc[mine])
        found["estimates"] = estimates
    if (flows := tables.get("cash_flows")) is not None:
        ahead = flows["year"] >= first_year
        for column, told in (("benefit_k", gross), ("cost_k", cost)):
            factor = (told.iloc[:, 1] / told.iloc[:, 0].where(told.iloc[:, 0] != 0)).fillna(1.0)
            if column in flows:
                flows = flows.assign(**{column: flows[column].where(
                    ~ahead, flows[column] * flows["project_id"].map(factor).fillna(1.0))})
        found["cash_flows"] = flows
    return found


def _moved(estimates: pd.DataFrame, quantity: str, told: pd.DataFrame) -> pd.DataFrame:
    """Restate one quantity of the projects whose mean or spread changed: stated and corrected mean, sd by project."""
    stated, corrected, sd = (told.iloc[:, place] for place in range(3))
    changed = told.index[(corrected != stated) & corrected.notna() | (sd > 0)]
    rows = (estimates["quantity"] == quantity) & estimates["project_id"].isin(changed)
    names, points = estimates.loc[rows, "project_id"], estimates.loc[rows, _POINTS].to_numpy(dtype=float)
    means = names.map(corrected).to_numpy(dtype=float)
    own = names.map(stated).to_numpy(dtype=float)
    # What lies around an expectation moves with it; what is not known of the expectation itself comes on top.
    widths = np.hypot((points[:, 2] - points[:, 0]) * np.divide(means, own, out=np.ones_like(own), where=own > 0),
                      _WIDTH * names.map(sd).to_numpy(dtype=float))
    frame = estimates.copy()
    frame.loc[rows, _POINTS] = restated(points, means=means, widths=widths)
    return frame
