"""How much the data tell the alternatives apart on each criterion: a diagnostic, never a preference.

Entropy and CRITIC are sold as "objective weights". They describe how the levels of one set of alternatives
scatter: add an alternative and they change, and a criterion that matters most but is met by all gets nothing.
Weights say what a swing is worth, and only people can. So a `DataSpread` is no mapping and no Series, and
its shares cannot pass for weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.scoring.matrix import decision_matrix
from pmlib.scoring.robustness import percent
from pmlib.scoring.values import Direction, FloatArray

BoolArray = npt.NDArray[np.bool_]

# A column whose levels differ by less than this share of the largest one is constant but for rounding.
_CONSTANT = 1e-12


@dataclass(frozen=True, eq=False, kw_only=True)
class DataSpread:
    """How much the levels on each criterion differ, and how much of that the other criteria do not tell.

    Attributes
    ----------
    n_alternatives : int
        Number of alternatives whose levels were looked at.
    table : DataFrame
        One row per criterion: criterion, spread (sample standard deviation of the levels scaled to 0-1),
        conflict (sum of 1 - Pearson correlation with the other criteria), entropy (0-1, 1 when all are alike),
        critic_share and entropy_share (0-1; each column sums to 1, or is all 0 when nothing can be shared out).
    notes : tuple of str
        Names the constant criteria.
    """

    n_alternatives: int
    table: pd.DataFrame
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per criterion, named in a column, so that no share passes for a weight by its label."""
        return self.table.copy(deep=False)

    def summary(self) -> str:
        """Say on which criteria the alternatives differ most, and that this is no preference."""
        parts = [f"{name} by {kind} ({percent(self.table[column].max())})" for name, kind, column in self._leaders()]
        differ = f"differ most on {' and '.join(parts)}" if parts else "cannot be told apart by entropy or CRITIC"
        return f"The {self.n_alternatives} alternatives {differ}; this describes the data and not what matters."

    def headline(self) -> dict[str, str]:
        """Give the largest share by either measure."""
        found = {f"{percent(self.table[column].max())} by {kind}": f"share of {name} in what tells alternatives apart"
                 for name, kind, column in self._leaders()}
        return found or {"0 %": "spread in the data"}

    def items(self) -> NoReturn:
        """Refuse to be read as weights.

        Raises
        ------
        ParameterError
            Always: whatever takes weights reads their items.
        """
        raise ParameterError("weights: got a DataSpread, allowed what people judged. How far the levels of this set "
                             "scatter is no preference; ask for weights (swing, pairwise_weights or best_worst).")

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<DataSpread: {self.summary()}>"

    def _leaders(self) -> list[tuple[str, str, str]]:
        columns = (("CRITIC", "critic_share"), ("entropy", "entropy_share"))
        return [(str(self.table["criterion"].iloc[int(self.table[column].argmax())]), kind, column)
                for kind, column in columns if self.table[column].max() > 0]


def data_spread(
    levels: pd.DataFrame, *,
    directions: Mapping[str, Direction | str] | pd.Series | Direction | str = Direction.MAXIMISE,
) -> DataSpread:
    """Measure how much the alternatives differ on each criterion, by entropy and by CRITIC.

    Both measures see the levels scaled by direction from 0 (the worst level in the set) to 1 (the best), so that
    negative levels are no trouble and units do not matter. A constant criterion has spread 0, conflict 0,
    entropy 1 and shares 0, and is left out of the conflict of the others. A single alternative makes all
    criteria constant. With a single varying criterion, or when all go together, there is no conflict and every
    CRITIC share is 0.

    Parameters
    ----------
    levels : DataFrame of shape (n_alternatives, n_criteria)
        One row per alternative, one column of finite numbers per criterion.
    directions : mapping or Series of criterion to ``maximise`` or ``minimise``, or one word for all
        Which levels are better.

    Returns
    -------
    DataSpread

    Raises
    ------
    ParameterError
        A label stands twice, a level is no finite number, or a direction is missing or no known word.

    References
    ----------
    Diakoulaki, Mavrotas & Papayannakis (1995), Computers & Operations Research 22, 763-770 (CRITIC).
    Shannon (1948), Bell System Technical Journal 27, 379-423; Zeleny (1982), Multiple Criteria Decision Making.

    Examples
    --------
    >>> spread = data_spread(pd.DataFrame({"reach": [1, 2, 3], "fit": [4, 5, 3], "legal": [1, 1, 1]}))
    >>> spread.to_frame()[["criterion", "spread", "critic_share"]].round(2).to_dict("list")
    {'criterion': ['reach', 'fit', 'legal'], 'spread': [0.5, 0.5, 0.0], 'critic_share': [0.5, 0.5, 0.0]}
    """
    matrix = decision_matrix(levels, directions=directions)
    scaled, varies = _from_0_to_1(matrix.array * matrix.signs)
    spread, conflict = np.zeros(len(varies)), np.zeros(len(varies))
    if varies.any():
        spread[varies] = scaled[:, varies].std(axis=0, ddof=1)
        conflict[varies] = (1 - np.atleast_2d(np.corrcoef(scaled[:, varies], rowvar=False))).sum(axis=1)
    entropy = _entropy(scaled, varies)
    table = pd.DataFrame({
        "criterion": list(matrix.levels.columns), "spread": spread, "conflict": conflict, "entropy": entropy,
        "critic_share": _shares(spread * conflict), "entropy_share": _shares(1 - entropy),
    })
    constant = [f"{name} is the same for all {len(scaled)} alternatives and tells none apart."
                for name in table["criterion"][~varies]]
    return DataSpread(n_alternatives=len(scaled), table=table, notes=tuple(constant))


def _from_0_to_1(levels: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Levels from 0, the worst, to 1, the best, of each column, and which columns vary."""
    largest = np.abs(levels).max(axis=0)
    unit = levels / np.where(largest > 0, largest, 1.0)
    width = np.ptp(unit, axis=0)
    varies = width > _CONSTANT
    return (unit - unit.min(axis=0)) / np.where(varies, width, 1.0) * varies, varies


def _entropy(scaled: FloatArray, varies: BoolArray) -> FloatArray:
    """Shannon's entropy of each column as parts of its sum, over its largest possible value."""
    parts = np.where(varies, scaled / np.where(varies, scaled.sum(axis=0), 1.0), 1 / len(scaled))
    logs = np.log(np.where(parts > 0, parts, 1.0))
    return np.where(varies, -(parts * logs).sum(axis=0) / np.log(max(len(scaled), 2)), 1.0)


def _shares(amounts: FloatArray) -> FloatArray:
    kept = np.where(amounts > _CONSTANT, amounts, 0.0)
    return kept / (kept.sum() or 1.0)
