"""Whether two criteria count the same thing, or one counts what the money side holds already."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.scoring.inputs import LARGEST_AMOUNT, floats, frame_of, number, of_kind, shown
from pmlib.scoring.judging.habits import holm
from pmlib.scoring.values import CriteriaTree

_LEVEL = 0.05
#: Fisher's interval needs more than three projects.
_FEWEST = 4
_SAME_PARENT, _STRONG = "strong, same parent", "strong"


@dataclass(frozen=True, eq=False, kw_only=True)
class DoubleCounting:
    """Criteria that rise and fall together, and criteria that belong to the money side.

    Attributes
    ----------
    pairs : DataFrame
        One row per pair, flagged ones first, then by Spearman's rho: a, b (objective_id), n (projects with both),
        spearman and pearson (each with _low and _high, 95 %), p_holm (Spearman, Holm over pairs), same_parent, flag
        (``strong, same parent``, ``strong`` or empty), reason (why not measurable, else empty).
    money : tuple of str
        Criteria whose name or measure says money or chance of success.
    names : dict of str to str
        Name of every criterion.
    strong : float
        Spearman's rho from which on a pair is flagged.
    """

    pairs: pd.DataFrame
    money: tuple[str, ...]
    names: dict[str, str]
    strong: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair of criteria."""
        return self.pairs.copy(deep=False)

    @property
    def flagged(self) -> pd.DataFrame:
        """Pairs to talk about, same parent first."""
        return self.pairs[self.pairs["flag"] != ""]

    def summary(self) -> str:
        """Name the strongest pair, what to ask about it and the criteria that are money."""
        return " ".join([self._strongest(), *self._ask(), *self._money()])

    def headline(self) -> dict[str, str]:
        """Give the number of flagged pairs and of criteria that are money."""
        known = int((self.pairs["reason"] == "").sum())
        figures = {f"{len(self.flagged)} of {known}": "pairs of criteria rise and fall together"}
        if self.money:
            figures[str(len(self.money))] = "criteria count what the money side holds already"
        return figures

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<DoubleCounting: {len(self.flagged)} of {len(self.pairs)} pairs flagged; {len(self.money)} are money>"

    def _strongest(self) -> str:
        known = self.pairs[self.pairs["reason"] == ""]
        if known.empty:
            why = f" ({self.pairs['reason'].iloc[0]})" if len(self.pairs) else ", there is only one criterion"
            return f"No correlation between criteria is measurable{why}."
        row = self.flagged.iloc[0] if len(self.flagged) else known.iloc[int(known["spearman"].argmax())]
        interval = f"95 %: {row['spearman_low']:.2f} to {row['spearman_high']:.2f}, n = {row['n']}"
        figures = f"{row['spearman']:.2f} ({interval})"
        pair = f"{self.names[row['a']]} and {self.names[row['b']]}"
        if self.flagged.empty:
            highest = f"the highest, {pair}, is {figures}"
            return f"No rank correlation of two criteria reaches {self.strong:g} beyond chance: {highest}."
        under = ", under the same parent" if row["same_parent"] else ""
        others = {0: "", 1: "; so does 1 more pair"}.get(n := len(self.flagged) - 1, f"; so do {n} more pairs")
        return f"{pair} rise and fall together{under}: rank correlation {figures}{others}."

    def _ask(self) -> list[str]:
        if self.flagged.empty:
            return []
        return ["A correlation is a question, not a verdict: does each count something of its own?"]

    def _money(self) -> list[str]:
        if not self.money:
            return []
        who = ", ".join(self.names[leaf] for leaf in self.money)
        verb = "is" if len(self.money) == 1 else "are"
        return [f"{who} {verb} money or chance of success, which the cash flows and estimates hold already."]


def double_counting(
    points: pd.DataFrame, tree: CriteriaTree, *, currency: str = "", strong: float = 0.7
) -> DoubleCounting:
    """Find criteria that may count the same thing twice.

    A pair is flagged when Spearman's rho over the projects reaches ``strong`` and chance does not explain it (5 %,
    Holm over all pairs); under the same parent, where the difference in meaning is smallest, more urgently. Only
    positive correlations are: criteria that pull apart cannot count the same thing.

    Parameters
    ----------
    points : DataFrame of shape (n_projects, n_leaves)
        Points of each project on each leaf, NaN where nobody judged: of a scorecard,
        ``card.points.where(card.n_assessors > 0)``.
    tree : CriteriaTree
        Says names, parents and measures.
    currency : str
        Currency code of the workbook, looked for in names and measures.
    strong : float
        Above 0, up to 1.

    Returns
    -------
    DoubleCounting
        A criterion with the same points everywhere, or fewer than four projects, has no correlation: ``reason``.

    Raises
    ------
    ParameterError
        A column is no leaf of the tree or comes twice, or ``strong`` is out of range.

    References
    ----------
    Bonett & Wright (2000), Psychometrika 65 (interval of Spearman's rho); Fisher (1921), Metron 1 (Pearson's).

    Examples
    --------
    >>> from pmlib.scoring import criteria
    >>> frame = pd.DataFrame({"objective_id": ["reach", "buzz"], "name": ["Reach", "Buzz"],
    ...     "worst": [0.0, 0.0], "best": [9.0, 9.0]})
    >>> points = pd.DataFrame({"reach": [10.0, 20, 40, 30, 80, 90], "buzz": [0.0, 30, 40, 50, 90, 95]})
    >>> found = double_counting(points, criteria({"objectives": frame}))
    >>> found.to_frame()[["a", "b", "n", "spearman", "flag"]].round(2)
           a     b  n  spearman    flag
    0  reach  buzz  6      0.94  strong
    """
    tree = of_kind(tree, CriteriaTree, what="tree", remedy="Read it with criteria(tables).")
    points = frame_of(points, what="points")
    of_kind(currency, str, what="currency", remedy="Write a code such as 'SEK'.")
    _refuse(points, tree, strong)
    strong = float(strong)
    points = _numbers(points)
    rows = [_pair(points[a], points[b], tree) for a, b in combinations(points.columns, 2)]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table["p_holm"] = holm(table["p_holm"].to_numpy(dtype=float))
    together = (table["spearman"] >= strong) & (table["p_holm"] < _LEVEL)
    table["flag"] = np.where(together, np.where(table["same_parent"], _SAME_PARENT, _STRONG), "")
    urgency = table["flag"].map({_SAME_PARENT: 0, _STRONG: 1, "": 2})
    order = np.lexsort((-table["spearman"].fillna(-2).to_numpy(dtype=float), urgency.to_numpy(dtype=float)))
    return DoubleCounting(
        pairs=table.iloc[order].reset_index(drop=True),
        money=tuple(leaf for leaf in tree.counts_money(currency) if leaf in points.columns),
        names={leaf: tree.names[leaf] for leaf in tree.leaves},
        strong=strong,
    )


_COLUMNS = [
    "a", "b", "n", "spearman", "spearman_low", "spearman_high", "pearson", "pearson_low", "pearson_high", "p_holm",
    "same_parent", "flag", "reason",
]  # fmt: skip


def _refuse(points: pd.DataFrame, tree: CriteriaTree, strong: float) -> None:
    if not 0 < number(strong) <= 1:
        raise ParameterError(f"double_counting: strong is {shown(strong)}, allowed above 0 up to 1. Leave it out "
                             "for 0.7.")
    for column in points.columns[points.columns.duplicated()]:
        raise ParameterError(f"double_counting: column {column!r} of points comes twice, allowed once. Drop one.")
    for column in (name for name in points.columns if name not in tree.leaves):
        words = did_you_mean(str(column), tree.leaves)
        raise ParameterError(f"double_counting: column {column!r} of points is no leaf of the tree. {words} Rename it.")


def _numbers(points: pd.DataFrame) -> pd.DataFrame:
    numbers = points.apply(floats)
    wrong = ~(numbers.abs() <= LARGEST_AMOUNT) & points.notna()
    if wrong.to_numpy().any():
        row, column = (int(place[0]) for place in np.nonzero(wrong.to_numpy()))
        raise ParameterError(f"points: {points.index[row]!r} has {shown(points.iat[row, column])} on "
                             f"{points.columns[column]!r}, allowed points or an empty cell. Correct the cell.")
    return numbers


def _pair(a: pd.Series, b: pd.Series, tree: CriteriaTree) -> dict[str, Any]:
    first, second = (str(column.name) for column in (a, b))
    above = tree.parents[first]
    row: dict[str, Any] = {"a": first, "b": second, "reason": "",
                              "same_parent": above is not None and above == tree.parents[second]}  # fmt: skip
    both = pd.DataFrame({"a": a.to_numpy(), "b": b.to_numpy()}).dropna()
    n = row["n"] = len(both)
    if n < _FEWEST:
        return row | {"reason": f"both known for {n} of the {_FEWEST} projects needed"}
    for column, leaf in (("a", first), ("b", second)):
        if np.ptp(both[column]) < 1 / LARGEST_AMOUNT:
            return row | {"reason": f"every project has the same points on {tree.names[leaf]}"}
    pearson, spearman = (float(np.corrcoef(values.to_numpy(), rowvar=False)[0, 1]) for values in (both, both.rank()))
    for name, r, variance in (("spearman", spearman, 1 + spearman**2 / 2), ("pearson", pearson, 1.0)):
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), (r, *_interval(r, variance / (n - 3))), strict=True))
    return row | {"p_holm": _p_value(spearman, n)}


def _interval(r: float, variance: float) -> tuple[float, float]:
    # A perfect correlation has no width on Fisher's scale.
    if abs(r) > 1 - 1e-12:
        return r, r
    low, high = np.tanh(np.arctanh(r) + np.array([-1.96, 1.96]) * np.sqrt(variance))
    return float(low), float(high)


def _p_value(r: float, n: int) -> float:
    from scipy import special

    t = abs(r) * np.sqrt((n - 2) / max(1 - r * r, 1e-300))
    return 2 * float(special.stdtr(n - 2, -t))
