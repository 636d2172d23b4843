"""Which projects an average of raw levels orders the other way round than the value functions do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmlib.scoring.additive import score
from pmlib.scoring.assessors import judged
from pmlib.scoring.judging.panel import read_panel
from pmlib.scoring.ranks import TIE, ranks
from pmlib.scoring.values import FloatArray

_TOP = 10


@dataclass(frozen=True, eq=False, kw_only=True)
class OrdinalTrap:
    """What averaging raw levels would get wrong.

    Attributes
    ----------
    pairs : DataFrame
        One row per reversed pair, clearest first: ahead_by_raw, ahead_by_value (project_id), raw_gap (levels),
        value_gap (points), same_answers_gap (points between the plain means of the same answers after the value
        functions; above 0: the functions alone turn the pair round, else other criteria or the weights do), clarity
        (the smallest gap in % of its scale).
    projects : DataFrame
        Best value first: project_id, name, raw_mean (levels), value (points), rank_by_raw, rank_by_value.
    n_left_out : int
        Projects with a missing score, not compared.
    criteria : tuple of str
        Names of the criteria that share the scale; empty when no two do, and nothing is compared.
    scale : str
        That scale, such as ``1 to 5``.
    """

    pairs: pd.DataFrame
    projects: pd.DataFrame
    n_left_out: int
    criteria: tuple[str, ...]
    scale: str

    def to_frame(self) -> pd.DataFrame:
        """Return the reversed pairs, clearest first."""
        return self.pairs.copy(deep=False)

    @property
    def n_pairs(self) -> int:
        """How many pairs of projects were compared."""
        return len(self.projects) * (len(self.projects) - 1) // 2

    def summary(self) -> str:
        """Say how many pairs turn round, name the clearest and what the top of the list would lose."""
        if not self.criteria:
            return "No two criteria share a scale, so nobody can average raw levels."
        averaging = f"Averaging raw levels {self.scale} over {len(self.criteria)} criteria"
        if self.pairs.empty:
            return f"{averaging} orders all {self.n_pairs:,} pairs of projects as their values do, or ties them."
        turned, first = int((self.pairs["same_answers_gap"] > TIE).sum()), self.pairs.iloc[0]
        row = self.projects.set_index("project_id").loc[[first["ahead_by_raw"], first["ahead_by_value"]]]
        return (
            f"{averaging} orders {len(self.pairs):,} of {self.n_pairs:,} pairs of projects the other way round than "
            f"their values, {turned:,} of them by the value functions alone. Clearest: {row.index[0]} before "
            f"{row.index[1]} by raw mean ({row['raw_mean'].iloc[0]:.2f} to {row['raw_mean'].iloc[1]:.2f}), behind it "
            f"by value ({row['value'].iloc[0]:.1f} to {row['value'].iloc[1]:.1f} points). {self._lost()}"
        )

    def headline(self) -> dict[str, str]:
        """Give the number of reversed pairs and how many of the first ten would be missed."""
        compared = f"of {self.n_pairs:,} pairs turn round when raw levels are averaged"
        return {f"{len(self.pairs):,}": compared, f"{self._n_lost()} of {self._top()}": "leaders would be missed"}

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<OrdinalTrap: {len(self.pairs):,} of {self.n_pairs:,} pairs turn round>"

    def _top(self) -> int:
        return min(_TOP, len(self.projects))

    def _n_lost(self) -> int:
        first = self.projects["rank_by_value"] <= self._top()
        return int((first & (self.projects["rank_by_raw"] > self._top())).sum())

    def _lost(self) -> str:
        return f"Of the first {self._top()} by value, {self._n_lost()} would fall behind place {self._top()}."


def ordinal_trap(tables: Mapping[str, Any], *, group: str = "board") -> OrdinalTrap:
    """Find the pairs of projects that an average of raw levels orders wrongly.

    The raw mean of a project averages every answer on the criteria that share one scale, such as 1 to 5, turned so
    that more is better. It takes 1 to 2 for the same step as 4 to 5, and every criterion for as important.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        What :func:`pmlib.scoring.score` needs.
    group : str
        Whose weights give the value, on all criteria.

    Returns
    -------
    OrdinalTrap
        Projects that lack a score are left out. Memory grows with the square of the number of projects.

    Raises
    ------
    MissingTableError, ParameterError, SchemaError, ScaleError
        As :func:`pmlib.scoring.score`.

    References
    ----------
    Stevens (1946), Science 103 (what scales allow); Keeney & Raiffa (1976), Decisions with Multiple Objectives.
    """
    card = score(tables, group=group)
    panel = read_panel(tables, judged(tables, card.tree, projects=card.table["project_id"].to_list()), card)
    n_rated = len(panel.rated)
    complete = (card.table["n_missing"] == 0).to_numpy() & (n_rated > 1)
    places = [card.tree.leaves.index(leaf) for leaf in panel.rated]
    raw, same = (_mean_answer(cube[complete]) for cube in (panel.levels, panel.points[:, places]))
    projects = card.table.loc[complete, ["project_id", "name", "value"]].reset_index(drop=True)
    projects.insert(2, "raw_mean", raw)
    projects["rank_by_raw"], projects["rank_by_value"] = ranks(raw), ranks(projects["value"].to_numpy(dtype=float))
    span = float(panel.scale.levels[-1] - panel.scale.levels[0]) if panel.scale else 1.0
    return OrdinalTrap(
        pairs=_reversed(projects, same, span=span),
        projects=projects,
        n_left_out=int((~complete).sum()),
        criteria=tuple(card.tree.names[leaf] for leaf in panel.rated) if n_rated > 1 else (),
        scale=panel.scale.allowed if panel.scale else "",
    )


def _mean_answer(cube: FloatArray) -> FloatArray:
    """Average all answers of each project."""
    there = ~np.isnan(cube)
    return np.asarray(np.where(there, cube, 0.0).sum(axis=(1, 2)) / np.maximum(there.sum(axis=(1, 2)), 1))


def _reversed(projects: pd.DataFrame, same: FloatArray, *, span: float) -> pd.DataFrame:
    ids, raw, value = (projects[name].to_numpy() for name in ("project_id", "raw_mean", "value"))
    a, b = np.nonzero((raw[:, None] > raw + TIE) & (value[:, None] < value - TIE))
    table = pd.DataFrame(
        {
            "ahead_by_raw": ids[a],
            "ahead_by_value": ids[b],
            "raw_gap": raw[a] - raw[b],
            "value_gap": value[b] - value[a],
            "same_answers_gap": same[b] - same[a],
        }
    )
    gaps = table[["value_gap", "same_answers_gap"]].assign(raw=100 * table["raw_gap"] / span)
    table["clarity"] = gaps.min(axis=1)
    order = ["clarity", "ahead_by_raw", "ahead_by_value"]
    return table.sort_values(order, ascending=[False, True, True], ignore_index=True)
