"""Second opinions side by side: where other methods would rank the same alternatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.scoring.matrix import DecisionMatrix
from pmlib.scoring.opinions.outranking import promethee
from pmlib.scoring.opinions.rank_reversal import RankReversals, rank_reversals
from pmlib.scoring.opinions.ranking_only import Directions, Levels, RankingOnly, Shares, as_matrix, only_ranks
from pmlib.scoring.opinions.second_opinions import topsis, vikor, weighted_product
from pmlib.scoring.ranks import ranks
from pmlib.scoring.values import Direction


@dataclass(frozen=True, eq=False, kw_only=True)
class SecondOpinions:
    """The same alternatives ranked by the additive value and by other methods.

    Attributes
    ----------
    table : DataFrame
        One row per alternative, by additive rank: alternative, additive, then the rank by each other method (1 =
        best), apart (largest distance from the additive rank). Ranks: nothing of it adds up.
    matrix : DecisionMatrix
        What was ranked.
    notes : tuple of str
        Which method was left out, and why.
    """

    ranking_only: ClassVar[bool] = True

    table: pd.DataFrame
    matrix: DecisionMatrix
    notes: tuple[str, ...]

    @property
    def methods(self) -> list[str]:
        """The other methods, in the order of the columns."""
        return [str(name) for name in self.table.columns[2:-1]]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per alternative, by additive rank."""
        return self.table.copy(deep=False)

    def reversals(self) -> RankReversals:
        """Take each alternative away, and add copies, to see whether TOPSIS keeps the order of the others."""
        matrix = self.matrix
        return rank_reversals(matrix.levels, topsis, weights=matrix.weights, directions=matrix.directions)

    def summary(self) -> str:
        """Say who leads by each method and which alternative they disagree on most."""
        first = self.table.iloc[0]["alternative"]
        same = [name for name in self.methods if self.table.iloc[0][name] == 1]
        leaders = "; ".join(f"{name}: {self.table['alternative'].iloc[int(self.table[name].argmin())]}"
                            for name in self.methods if name not in same)
        count = f"{len(same)} of {len(self.methods)}" if same else f"none of {len(self.methods)}"
        agree = f"{count} other methods put{'' if len(same) > 1 else 's'} {first} first"
        others = f" ({leaders})" if leaders else ""
        row = self.table.iloc[int(self.table["apart"].argmax())]
        far = "" if row["apart"] == 0 else (
            f" Furthest apart is {row['alternative']}, up to {row['apart']} places from its rank "
            f"{row['additive']} by additive value.")
        return " ".join([f"Ranking only: {agree}{others}.{far}", *self.notes])

    def headline(self) -> dict[str, str]:
        """Give how many methods agree on the leader, and the largest distance."""
        same = sum(int(self.table.iloc[0][name] == 1) for name in self.methods)
        return {f"{same} of {len(self.methods)}": f"other methods put {self.table.iloc[0]['alternative']} first",
                f"{self.table['apart'].max()} places": "largest distance from the rank by additive value"}

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<SecondOpinions: ranking only; {len(self.table)} alternatives by {', '.join(self.methods)}>"


def second_opinions(
    levels: Levels, *, weights: Shares = None, directions: Directions = Direction.MAXIMISE
) -> SecondOpinions:
    """Ask four other methods how they would rank the same alternatives.

    The methods normalise by the alternatives at hand, so their orders depend on the set, and none of their numbers may
    be added up. A disagreement is a reason to look at an alternative again, not to change its value. PROMETHEE takes
    any difference in full.

    Parameters
    ----------
    levels : DataFrame of shape (n_alternatives, n_criteria), or DecisionMatrix
        Value points (0-100) of a scorecard, or raw levels. The additive value adds them up as they are.
    weights : mapping or Series of criterion to number, optional
        0 or more, one per criterion.
    directions : mapping or Series of criterion to ``maximise`` or ``minimise``, or one word for all
        Which levels are better.

    Returns
    -------
    SecondOpinions

    Raises
    ------
    ParameterError
        The levels cannot be ranked.

    Examples
    --------
    >>> points = pd.DataFrame({"reach": [90.0, 60.0, 10.0], "fit": [10.0, 60.0, 80.0]}, index=["A", "B", "C"])
    >>> second_opinions(points).to_frame()[["alternative", "additive", "TOPSIS", "weighted product"]]
      alternative  additive  TOPSIS  weighted product
    0           B         1       1                 1
    1           A         2       2                 2
    2           C         3       3                 3
    """
    matrix = as_matrix(levels, weights=weights, directions=directions)
    value = (matrix.array * matrix.signs) @ matrix.weights.to_numpy()
    found: dict[str, RankingOnly] = {"TOPSIS": topsis(matrix), "VIKOR": vikor(matrix), "PROMETHEE": promethee(matrix)}
    notes: tuple[str, ...] = ()
    try:
        found["weighted product"] = weighted_product(matrix)
    except ParameterError:
        notes = ("The weighted product is left out: it needs levels above 0.",)
    table = pd.DataFrame({"alternative": matrix.levels.index, "additive": ranks(value)})
    for name, result in found.items():
        table[name] = result.ranks.reindex(matrix.levels.index).to_numpy()
    others = table[list(found)].to_numpy() - table[["additive"]].to_numpy()
    table["apart"] = np.abs(others).max(axis=1)
    table = table.sort_values("additive", kind="stable", ignore_index=True)
    return SecondOpinions(table=only_ranks(table), matrix=matrix, notes=notes)
