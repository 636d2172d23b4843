"""Does the order of two projects depend on a third? A test of any ranking method, by adding and leaving out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.scoring.inputs import floats, of_kind
from pmlib.scoring.matrix import DecisionMatrix, decision_matrix
from pmlib.scoring.opinions.ranking_only import Directions, RankingOnly, Shares
from pmlib.scoring.values import Direction

#: Most alternatives: each is left out and copied once, and all pairs of the others are compared.
REVERSAL_LIMIT = 200


@dataclass(frozen=True, eq=False, kw_only=True)
class RankReversals:
    """Which pairs swap order when another alternative comes or goes.

    Attributes
    ----------
    table : DataFrame
        One row per pair and change: change (in words), kind (``left out``, ``copied`` or ``dominated``), ahead and
        behind (alternatives in the order before), rank_ahead and rank_behind (their ranks after the change).
    n_changes : int
        How many changes were tried.
    n_alternatives : int
        How many alternatives there are.
    method : str
        What ranked them.
    """

    table: pd.DataFrame
    n_changes: int
    n_alternatives: int
    method: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair that swaps, in the order of the changes."""
        return self.table.copy(deep=False)

    def summary(self) -> str:
        """Say whether the order of two ever depends on a third, with the first case."""
        if self.table.empty:
            return f"No pair of the {self.n_alternatives} alternatives swaps its order by {self.method} in any of " \
                   f"{self.n_changes} changes of the set."
        row, hit = self.table.iloc[0], self.table["change"].nunique()
        pairs = "1 pair" if len(self.table) == 1 else f"{len(self.table)} pairs"
        return f"The order by {self.method} depends on the set: {hit} of {self.n_changes} changes swap {pairs}. " \
               f"The first: {row['change']}, {row['behind']} passes {row['ahead']}."

    def headline(self) -> dict[str, str]:
        """Give the number of changes that swap a pair as a figure."""
        return {f"{self.table['change'].nunique()} of {self.n_changes}": "changes of the set that swap a pair",
                str(len(self.table)): "pairs swapped"}

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<RankReversals: {self.method}; pairs swapped {len(self.table)}, changes {self.n_changes}, " \
               f"alternatives {self.n_alternatives}>"


def rank_reversals(
    levels: pd.DataFrame, method: Callable[..., RankingOnly | pd.Series], *, weights: Shares = None,
    directions: Directions = Direction.MAXIMISE,
) -> RankReversals:
    """Leave out and copy every alternative in turn, add a dominated one, and see which of the others swap.

    A pair swaps when one was strictly ahead before and is strictly behind after; a tie that opens is no swap.

    Parameters
    ----------
    levels : DataFrame of shape (n_alternatives, n_criteria)
        Up to 200 alternatives; with fewer than three nothing can swap by leaving one out.
    method : callable
        Called as ``method(levels, weights=..., directions=...)``, such as `topsis`; returns a `RankingOnly`, or a
        Series of ranks (1 = best) by alternative.
    weights : mapping or Series of criterion to number, optional
        0 or more, one per criterion.
    directions : mapping or Series of criterion to ``maximise`` or ``minimise``, or one word for all
        Which levels are better.

    Returns
    -------
    RankReversals

    Raises
    ------
    ParameterError
        There are too many alternatives, the method lost one, or the levels cannot be ranked.

    References
    ----------
    Belton & Gear (1983), Omega 11, 228-230: a copy reverses an order.

    Examples
    --------
    >>> from pmlib.scoring.opinions.second_opinions import topsis
    >>> levels = pd.DataFrame({"reach": [1.0, 4.0], "fit": [4.0, 3.0]}, index=["A", "B"])
    >>> rank_reversals(levels, topsis)
    <RankReversals: TOPSIS; pairs swapped 0, changes 5, alternatives 2>
    """
    if not callable(method):
        raise ParameterError(f"rank reversals: method is a {type(method).__name__}, allowed a ranking method. Pass the "
                             "function itself, such as topsis.")
    matrix = decision_matrix(levels, weights=weights, directions=directions)
    if len(matrix.levels) > REVERSAL_LIMIT:
        raise ParameterError(f"rank reversals: got {len(matrix.levels)} alternatives, allowed {REVERSAL_LIMIT}. "
                             "Take the leaders only.")
    frame = matrix.levels.set_axis(matrix.levels.index.map(str), axis=0)

    ask = partial(method, weights=matrix.weights, directions=matrix.directions)
    answer, changes = ask(frame), list(_changes(matrix, frame))
    before = _by_alternative(answer, frame.index)
    swaps = [_swaps(before, _by_alternative(ask(changed), changed.index), change, kind)
             for change, kind, changed in changes]
    return RankReversals(
        table=pd.concat(swaps, ignore_index=True), n_changes=len(changes), n_alternatives=len(frame),
        method=answer.method if isinstance(answer, RankingOnly) else "the method given",
    )


def _changes(matrix: DecisionMatrix, frame: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Describe, classify and make each change of the set."""
    if len(frame) > 1:
        for name in frame.index:
            yield f"without {name}", "left out", frame.drop(index=name)
    for name in frame.index:
        yield f"with a copy of {name}", "copied", _with_row(frame, frame.loc[name], f"copy of {name}")
    worst = (frame * matrix.signs).min() * matrix.signs
    yield "with one that is worst on every criterion", "dominated", _with_row(frame, worst, "worst of all")


def _with_row(frame: pd.DataFrame, levels: pd.Series, name: str) -> pd.DataFrame:
    while name in frame.index:
        name += " again"
    return pd.concat([frame, levels.rename(name).to_frame().T])


def _by_alternative(answer: RankingOnly | pd.Series, alternatives: pd.Index) -> pd.Series:
    ranks = of_kind(answer.ranks if isinstance(answer, RankingOnly) else answer, pd.Series, what="rank reversals",
                    remedy="Let the method return ranks under the labels of the levels.")
    names = pd.Index([str(label) for label in ranks.index])
    by_name = floats(ranks).set_axis(names)[~names.duplicated()].reindex(alternatives)
    if by_name.isna().any():
        lost = by_name.index[by_name.isna()][0]
        raise ParameterError(f"rank reversals: the method gave no rank to {lost!r}, allowed one per alternative. "
                             "Return a Series of ranks under the labels of the levels.")
    return by_name


def _swaps(before: pd.Series, after: pd.Series, change: str, kind: str) -> pd.DataFrame:
    others = before.index.intersection(after.index)
    old, new = before[others].to_numpy(dtype=float), after[others].to_numpy(dtype=float)
    ahead, behind = np.nonzero((old[:, None] < old) & (new[:, None] > new))
    return pd.DataFrame(
        {"change": change, "kind": kind, "ahead": others[ahead], "behind": others[behind],
         "rank_ahead": new[ahead].astype(int), "rank_behind": new[behind].astype(int)}
    )
