"""From claims to projects: what is believed of the benefit, whether it pays, and whether to wait for more data."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from pmlib.portfolio.claims.waiting import month_discount, value_of_sample
from pmlib.portfolio.model import Floats

#: What a project does if it goes on, and if it does not.
_VERBS = {"running": ("keep", "stop"), "held": ("start", "stop"), "proposed": ("start", "decline")}


class Unmeasured(StrEnum):
    """What the claims of a project that were not measured are taken to come to, beside those that were."""

    AS_MEASURED = "as measured"
    AS_CLAIMED = "as claimed"


def project_benefits(
    ahead: pd.DataFrame, claims: pd.DataFrame, *, rate: float, unmeasured: Unmeasured,
) -> tuple[pd.DataFrame, Floats]:
    """Turn what is believed of claims into what is believed of their projects.

    Parameters
    ----------
    ahead : DataFrame of shape (n, ...)
        Projects with measured claims: project_id, name, state, mandatory, exit_cost_k, salvage_k, n_claims, benefit_k
        (expected, as claimed) and cost_k (to go).
    claims : DataFrame of shape (m, ...)
        Their measured claims: project_id, prior_mean, prior_sd, posterior_mean, posterior_sd, moved_by.
    rate : float
        Discount rate per year, 0-1.
    unmeasured : Unmeasured
        How claims that were not measured count.

    Returns
    -------
    DataFrame of shape (n, ...)
        As `beliefs.Beliefs.projects`, without the sentence.
    ndarray of shape (m,)
        Change of every claim from which on its project pays, the other claims at their expectation.
    """
    n, place = len(ahead), pd.Index(ahead["project_id"]).get_indexer(pd.Index(claims["project_id"]))
    prior, expected = (claims[name].to_numpy(dtype=float) for name in ("prior_mean", "posterior_mean"))
    benefit, cost = (ahead[name].to_numpy(dtype=float) for name in ("benefit_k", "cost_k"))
    measured = np.bincount(place, minlength=n)
    sharing = measured if unmeasured is Unmeasured.AS_MEASURED else ahead["n_claims"].to_numpy()
    part = 1.0 / sharing[place]
    factor = 1.0 - measured / sharing + np.bincount(place, part * expected / prior, minlength=n)

    def spread_k(column: str) -> Floats:
        squares = (part * claims[column].to_numpy(dtype=float) / prior) ** 2
        return np.asarray(np.abs(benefit) * np.sqrt(np.bincount(place, squares, minlength=n)))

    ended = (ahead["salvage_k"] - ahead["exit_cost_k"]).to_numpy(dtype=float)
    ended = np.where(ahead["state"] == "proposed", 0.0, ended)
    needed, gain = cost + ended, factor * benefit - cost - ended
    later, must = month_discount(rate), ahead["mandatory"].to_numpy(dtype=bool)
    evsi, delay = later * value_of_sample(gain, spread_k("moved_by")), (1.0 - later) * np.abs(gain)
    projects = ahead[["project_id", "name", "state", "mandatory", "n_claims"]].assign(
        n_measured=measured, factor=factor, prior_benefit_k=benefit, prior_sd_k=spread_k("prior_sd"),
        benefit_k=factor * benefit, sd_k=spread_k("posterior_sd"), needed_k=needed, gain_before_k=benefit - needed,
        gain_k=gain, evsi_k=evsi * ~must, delay_k=delay * ~must,
        waiting_k=(evsi - delay) * ~must)
    needed_change = prior * (needed[place] / benefit[place] - factor[place] + part * expected / prior) / part
    return _with_verbs(projects), np.asarray(needed_change)


def _with_verbs(projects: pd.DataFrame) -> pd.DataFrame:
    """Add the chance that a project pays and the verb on its own, before and after."""
    from scipy.special import ndtr

    columns: dict[str, Any] = {}
    going, ending = (projects["state"].map(lambda state, end=end: _VERBS[state][end]) for end in (0, 1))
    for name, gain, spread in (("_before", "gain_before_k", "prior_sd_k"), ("", "gain_k", "sd_k")):
        columns[f"p_pays{name}"] = ndtr(projects[gain] / projects[spread])
        columns[f"verb{name}"] = going.where(projects["mandatory"] | (projects[gain] >= 0), ending)
    frame = projects.assign(**columns)
    return frame.assign(flipped=frame["verb"] != frame["verb_before"])
