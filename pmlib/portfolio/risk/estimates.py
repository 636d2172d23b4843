"""Estimates of the projects that go on, as distributions beside the numbers the plan counts with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.model import Floats
from pmlib.portfolio.risk.distributions import TwoPieceNormal, two_piece_normal
from pmlib.portfolio.risk.factors import QUANTITIES
from pmlib.portfolio.valuation import SWANSON

_POINTS = ["p10", "p50", "p90"]
#: Relative difference from which on the tables are not those the plan was made from.
_SAME = 1e-6
_NAMED = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class Estimates:
    """Uncertain numbers of n projects; what is not estimated stands fixed at what the plan counts with.

    Attributes
    ----------
    benefit, cost, months : TwoPieceNormal of n
        Benefit given success and cost in thousands, months to complete.
    success : TwoPieceNormal of n
        What the chance of success may be; one project succeeds or fails once, so only its mean is drawn upon.
    planned : float array of shape (4, n)
        What the plan counts with: benefit, cost, months, chance.
    shift : float array of shape (4, n)
        Added to what is drawn: 0, or what makes its mean the planned one.
    known : bool array of shape (4, n)
        Whether it is estimated.
    timed : bool array of shape (n,)
        Whether it is known how long the project takes.
    notes : tuple of str
    """

    benefit: TwoPieceNormal
    cost: TwoPieceNormal
    months: TwoPieceNormal
    success: TwoPieceNormal
    planned: Floats
    shift: Floats
    known: np.ndarray
    timed: np.ndarray
    notes: tuple[str, ...]

    @property
    def fitted(self) -> tuple[TwoPieceNormal, ...]:
        """The distributions in the order of the quantities."""
        return self.benefit, self.cost, self.months, self.success

    def means(self) -> Floats:
        """Means of benefit, cost, months and chance as drawn, shape (4, n)."""
        return np.array([distribution.mean() for distribution in self.fitted]) + self.shift


def read_estimates(tables: Mapping[str, pd.DataFrame], projects: pd.DataFrame, *, anchored: bool) -> Estimates:
    """Fit the newest estimate of every number of every project.

    Parameters
    ----------
    tables : mapping of table name to frame
        Checked; estimates, where there is one.
    projects : DataFrame of shape (n, ...)
        project_id, benefit_k, cost_k, length (months), p_success: what the plan counts with.
    anchored : bool
        Whether the draws are shifted to the plan's means.

    Raises
    ------
    ParameterError
        The estimates are not those of the plan.
    """
    ids = projects["project_id"].tolist()
    points = newest_points(tables.get("estimates"), ids)
    # The plan takes an estimated cost only beside an estimated benefit.
    points[1, np.isnan(points[0, :, 0])] = np.nan
    known = ~np.isnan(points[:, :, 0])
    swanson = points @ SWANSON
    chance = projects["p_success"].to_numpy(dtype=float)
    gross = projects["benefit_k"].to_numpy(dtype=float) / np.where(chance > 0, chance, np.inf)
    plan = np.array([gross, *projects[["cost_k", "length", "p_success"]].to_numpy(dtype=float).T])
    _refuse_others(ids, swanson, plan, known=known)
    planned = np.where(known, swanson, plan)
    points = np.where(known[:, :, None], points, planned[:, :, None])
    ends = [1.0 if name == "p_success" else np.inf for name in QUANTITIES]
    fitted = [two_piece_normal(*points[place].T, high=end) for place, end in enumerate(ends)]
    means = np.array([distribution.mean() for distribution in fitted])
    return Estimates(
        benefit=fitted[0], cost=fitted[1], months=fitted[2], success=fitted[3], planned=planned,
        shift=planned - means if anchored else np.zeros_like(planned), known=known,
        timed=planned[2] > 0, notes=_notes(ids, known),
    )


def newest_points(estimates: pd.DataFrame | None, project_ids: Sequence[str]) -> Floats:
    """Newest p10, p50, p90 by quantity and project, missing where not estimated.

    Returns
    -------
    ndarray of shape (4, n_projects, 3)
        Quantities in the order of ``QUANTITIES``.
    """
    points = np.full((len(QUANTITIES), len(project_ids), len(_POINTS)), np.nan)
    if estimates is None:
        return points
    frame = estimates.sort_values("as_of", kind="stable") if "as_of" in estimates else estimates
    frame = frame.drop_duplicates(["project_id", "quantity"], keep="last")
    place = pd.Index(project_ids).get_indexer(pd.Index(frame["project_id"]))
    quantity = pd.Index(QUANTITIES).get_indexer(pd.Index(frame["quantity"]))
    mine = (place >= 0) & (quantity >= 0)
    values = frame.loc[mine, _POINTS].to_numpy(dtype=float)
    points[quantity[mine], place[mine]] = values
    return points


def _refuse_others(ids: Sequence[str], swanson: Floats, plan: Floats, *, known: np.ndarray) -> None:
    for place in (0, 1):
        apart = np.abs(swanson[place] - plan[place]) > _SAME * np.maximum(1.0, np.abs(plan[place]))
        apart &= known[place] & known[0] & (plan[-1] > 0)
        if apart.any():
            at = int(np.argmax(apart))
            raise ParameterError(f"tables: {QUANTITIES[place]} of {ids[at]} has mean {swanson[place, at]:,.1f}, the "
                                 f"plan counts with {plan[place, at]:,.1f}. Pass the tables the plan was made from.")


def _notes(ids: Sequence[str], known: np.ndarray) -> tuple[str, ...]:
    words = ("benefit", "cost", "months", "chance of success")
    notes = []
    for word, row in zip(words, known, strict=True):
        without = [name for name, there in zip(ids, row, strict=True) if not there]
        if without:
            more = f" and {len(without) - _NAMED} more" if len(without) > _NAMED else ""
            notes.append(f"{len(without)} projects have no estimate of {word} and are drawn without spread in it: "
                         f"{', '.join(without[:_NAMED])}{more}.")
    return tuple(notes)
