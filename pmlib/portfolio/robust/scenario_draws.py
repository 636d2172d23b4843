"""Draws from the estimates: how far the worth of every project may lie from its mean."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError
from pmlib.portfolio.arguments import mapping
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.model import Floats
from pmlib.portfolio.valuation import SWANSON


def estimated(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Read the newest estimates, one row per project and quantity.

    Raises
    ------
    ParameterError
        The tables are no mapping.
    MissingTableError
        There are none.
    SchemaError
        They break their definition.
    """
    given = mapping(tables, "tables", remedy="Pass a workbook, or {'estimates': frame}.")
    known = {name: given[name] for name in ("workbook", "estimates") if given.get(name) is not None}
    if "estimates" not in known:
        raise MissingTableError("estimates: missing. Draws need p10, p50 and p90 of benefit_pv_k, cost_k, p_success; "
                                "add estimates.csv, or hand in values.")
    return checked(known)["estimates"]


def drawn(
    projects: pd.DataFrame, estimates: pd.DataFrame, *, n: int, rng: np.random.Generator, correlation: float,
) -> Floats:
    """Draw how far each project's value lies from its mean, shape (n_projects, n).

    Parameters
    ----------
    projects : DataFrame
        project_id, p_success (0-1), benefit_k and cost_k (expected, thousand).
    estimates : DataFrame
        project_id, quantity, p10, p50, p90; one row for each quantity of a project.
    n : int
        Draws.
    rng : Generator
    correlation : float
        Share of the variance that one factor common to all projects explains.
    """
    chance = projects["p_success"].to_numpy(dtype=float)
    expected, cost = projects["benefit_k"].to_numpy(dtype=float), projects["cost_k"].to_numpy(dtype=float)
    gross = np.divide(expected, chance, out=np.zeros_like(expected), where=chance > 0)
    times = rng.standard_normal(n)
    luck = [_ranked(times * np.sqrt(correlation) + rng.standard_normal((len(projects), n)) * np.sqrt(1 - correlation))
            for _ in range(3)]
    benefit = gross[:, None] + _off_mean(projects, estimates, "benefit_pv_k", luck[0])
    spent = cost[:, None] + _off_mean(projects, estimates, "cost_k", 1.0 - luck[1])
    value = (luck[2] > 1.0 - chance[:, None]) * benefit - spent
    return np.asarray(value - value.mean(axis=1, keepdims=True), dtype=float)


def _ranked(luck: Floats) -> Floats:
    """Ranks of every row as shares 0-1: each stretch of them holds its share of the draws."""
    return np.asarray((luck.argsort(axis=1).argsort(axis=1) + 0.5) / luck.shape[1], dtype=float)


def _off_mean(projects: pd.DataFrame, estimates: pd.DataFrame, quantity: str, luck: Floats) -> Floats:
    """Deviation of p10, p50 or p90 from their mean as luck picks them; 0 without an estimate."""
    mine = estimates[estimates["quantity"] == quantity].set_index("project_id")
    points = mine[["p10", "p50", "p90"]].reindex(projects["project_id"]).to_numpy(dtype=float)
    off = np.nan_to_num(points - (points @ SWANSON)[:, None])
    return np.take_along_axis(off, np.searchsorted(SWANSON.cumsum()[:2], luck), axis=1)
