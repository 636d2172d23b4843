"""How sure is a priority: the chance of each rank when every input is a range."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.months import as_month
from pmlib.product.engine import Tables
from pmlib.product.features.backlog import read_backlog
from pmlib.product.features.ranges import Ranges, draw_inputs, stated_inputs
from pmlib.product.features.scores import (
    INPUTS,
    LABELS,
    POSITIVE,
    as_method,
    columns_of,
    known_digits,
    plain_ranks,
    score,
)
from pmlib.product.wording import counted, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]

#: A range is said to hold, and one feature to lie before another, when that is so 9 times in 10.
LEVEL = 0.9
_MOST_NAMED = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class RankChances:
    """Which features come first, and how sure that is.

    Attributes
    ----------
    features : DataFrame
        One row per feature, by product and rank: ``product_id``, ``feature_id``, ``name``, ``rank`` (by the mean of
        its ranks in the draws), ``rank_low`` and ``rank_high`` (its rank lies between them 9 times in 10),
        ``chance_first`` and ``chance_top`` (0-1), ``expected_rank`` (that mean), ``plain_rank`` and ``score``
        (from the single figures), ``score_low``, ``score_high`` (9 times in 10), ``score_known`` (text: no more digits
        than are known).
    chances : DataFrame
        ``product_id``, ``feature_id``, ``rank``, ``chance`` (0-1): the chance of each rank; tied places are shared.
    near_ties : DataFrame
        ``product_id``, ``first``, ``last``: longest runs of ranks in which no feature lies before another 9 times
        in 10.
    unscored : DataFrame
        ``product_id``, ``feature_id``, ``name``, ``reason``: open features that cannot be scored.
    method : str
        rice, wsjf or opportunity.
    top : int
        How many features ``chance_top`` is about.
    period : int
        Month the backlog is read at; the table has no dates, it holds what is known then.
    """

    features: pd.DataFrame
    chances: pd.DataFrame
    near_ties: pd.DataFrame
    unscored: pd.DataFrame
    method: str
    top: int
    period: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per feature."""
        return self.features.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the range of ranks of each feature of the first product, with its chance of the top."""
        from pmlib.plots import features

        first = self.features["product_id"].iloc[:1]
        one = self.features[self.features["product_id"].isin(first)]
        return features.rank_chances(one, ax, top=self.top, method=LABELS[self.method])

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.features.empty:
            return {"–": "no open features that can be scored"}
        best, products = self.features.nlargest(1, "chance_first").iloc[0], self.features["product_id"].nunique()
        first = {str(best["name"]): f"most often first by {LABELS[self.method]}, {_in_hundred(best['chance_first'])}"}
        settled, places = self._settled()
        return (first if products == 1 else {}) | {
            f"{settled} of {places}": f"places in the top {self.top} settled 9 times in 10",
            str(len(self.features)): "features ranked",
        }

    def summary(self) -> str:
        """Return two or three sentences: who is first and how sure, what cannot be told apart, what has no score."""
        left_out = f" {_not_scored(self.unscored)}" if len(self.unscored) > 0 else ""
        if self.features.empty:
            return f"No open features that can be scored by {LABELS[self.method]}.{left_out}"
        products = self.features["product_id"].nunique()
        told = self._one_product() if products == 1 else self._several_products(products)
        return f"{told}{left_out}"

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<RankChances: {self.summary()}>"

    def _one_product(self) -> str:
        best = self.features.nlargest(1, "chance_first").iloc[0]
        often = "first" if best["chance_first"] >= LEVEL else "first most often"
        return (
            f"Of {counted(len(self.features), 'feature')}, {best['name']} comes {often} by {LABELS[self.method]}, "
            f"{_in_hundred(best['chance_first'])}.{self._cut()}"
        )

    def _several_products(self, products: int) -> str:
        firsts = self.features[self.features["rank"] == 1]
        sure, (settled, places) = int((firsts["chance_first"] >= LEVEL).sum()), self._settled()
        cut = f"; {settled} of {places} places in the tops of {self.top} are settled" if places > 0 else ""
        return (
            f"{counted(len(self.features), 'feature')} of {products} products ranked by {LABELS[self.method]}: in "
            f"{sure} of them one feature comes first 9 times in 10{cut}."
        )

    def _cut(self) -> str:
        """Say which ranks about the end of the top cannot be told apart."""
        across = self.near_ties[(self.near_ties["first"] <= self.top) & (self.near_ties["last"] > self.top)]
        if len(self.features) <= self.top:
            return ""
        if across.empty:
            return f" The top {self.top} lie before the others 9 times in 10."
        first, last = max(zip(across["first"], across["last"], strict=True), key=lambda run: run[1] - run[0])
        return f" Ranks {first} to {last} cannot be told apart, so the top {self.top} are not settled."

    def _settled(self) -> tuple[int, int]:
        """Count places of the top taken 9 times in 10, and all that are contested: not where everything fits in."""
        sizes = self.features.groupby("product_id")["feature_id"].transform("size")
        contested = self.features[sizes > self.top]
        return int((contested["chance_top"] >= LEVEL).sum()), self.top * contested["product_id"].nunique()


def rank_features(
    tables: Tables, *, period: int | str, product_id: str | None = None, method: str = "rice", top: int = 5,
    ranges: Ranges | None = None,
) -> RankChances:  # fmt: skip
    """Rank the open features within each product, and give the chance of each rank.

    Every input is a range (see `Ranges`); all inputs are drawn together many times, features are scored and ranked in
    each draw. The draws are the same for every method and do not change when a feature is added. Confidence is a
    factor of RICE, as its authors have it, and the width of the ranges besides.

    Parameters
    ----------
    tables : mapping
        ``features``.
    period : int or str
        Month the backlog is read at.
    product_id : str, optional
        One product; all by default, each ranked by itself.
    method : str
        rice, wsjf or opportunity.
    top : int
        Size of the top.
    ranges : Ranges, optional
        How wide the inputs are; with spreads of 0 and impacts without range the plain ranking comes out.

    Raises
    ------
    MissingTableError
        There are no features.
    SchemaError
        The features contradict themselves or a column is missing.
    ParameterError
        Method, product or top is out of what is allowed.

    Examples
    --------
    >>> features = pd.DataFrame({"feature_id": ["F1", "F2"], "product_id": "A", "importance": [9.0, 4.0],
    ...                          "satisfaction": [2.0, 6.0], "confidence": 1.0})
    >>> rank_features({"features": features}, period="2025-12", method="opportunity")
    <RankChances: Of 2 features, F1 comes first by opportunity, 100 times in 100.>
    """
    month, ranges, chosen = as_month(period), ranges or Ranges(), as_method(method)
    if not isinstance(top, Real) or isinstance(top, bool) or top % 1 != 0 or top < 1:
        raise ParameterError(f"top: got {top!r}, allowed 1 or more, a whole number. Take 5.")
    backlog = read_backlog(tables, columns=columns_of(chosen), product_id=product_id, positive=POSITIVE[chosen])
    products = backlog.features.groupby("product_id")
    parts = [_ranked(rows.reset_index(drop=True), chosen, top=int(top), ranges=ranges)
             for _, rows in products] or [_ranked(backlog.features, chosen, top=int(top), ranges=ranges)]
    features, chances, ties = (pd.concat(part, ignore_index=True) for part in zip(*parts, strict=True))
    return RankChances(features=features, chances=chances, near_ties=ties, unscored=backlog.unscored, method=chosen,
                       top=int(top), period=month)  # fmt: skip


def rank_shares(scores: Floats) -> Floats:
    """Share of the draws in which each feature takes each rank; features that tie share their places.

    Parameters
    ----------
    scores : ndarray of shape (n_draws, n_features)
        The larger the better.

    Returns
    -------
    ndarray of shape (n_features, n_features)
        Row: feature, column: rank - 1. Rows and columns sum to 1.

    Examples
    --------
    >>> rank_shares(np.array([[3.0, 1.0, 1.0], [1.0, 2.0, 0.0]]))
    array([[0.5 , 0.5 , 0.  ],
           [0.5 , 0.25, 0.25],
           [0.  , 0.25, 0.75]])
    """
    n_draws, n = scores.shape
    ordered = np.sort(scores, axis=1)
    shares = np.zeros((n, n + 1))
    for j in range(n):
        mine = scores[:, j, None]
        above, level = (ordered > mine).sum(axis=1), (ordered == mine).sum(axis=1)
        # A place for each of the ties, from the first to the last: up at the first, down after the last.
        shares[j] += np.bincount(above, 1 / level, n + 1) - np.bincount(above + level, 1 / level, n + 1)
    return np.asarray(shares[:, :n].cumsum(axis=1) / n_draws, dtype=np.float64)


def lead_shares(scores: Floats) -> Floats:
    """Share of the draws in which one feature scores above another; a tie is half.

    Parameters
    ----------
    scores : ndarray of shape (n_draws, n_features)

    Returns
    -------
    ndarray of shape (n_features, n_features)
        Row above column; the diagonal is 0.5.

    Examples
    --------
    >>> lead_shares(np.array([[3.0, 1.0], [2.0, 2.0]]))
    array([[0.5 , 0.75],
           [0.25, 0.5 ]])
    """
    rows = [(scores[:, j, None] > scores).mean(axis=0) + (scores[:, j, None] == scores).mean(axis=0) / 2
            for j in range(scores.shape[1])]  # fmt: skip
    return np.array(rows).reshape(len(rows), len(rows))


def near_tie_runs(leads: Floats, *, level: float = LEVEL) -> list[tuple[int, int]]:
    """Longest runs of neighbours in which none lies before another with the chance ``level``.

    Parameters
    ----------
    leads : ndarray of shape (n, n)
        Chance that the row lies before the column; rows in the order of the ranks.
    level : float
        From this chance on two can be told apart.

    Returns
    -------
    list of (first, last)
        Ranks, from 1; runs may overlap, none lies within another.

    Examples
    --------
    >>> near_tie_runs(np.array([[0.5, 0.7, 0.95], [0.3, 0.5, 0.8], [0.05, 0.2, 0.5]]))
    [(1, 2), (2, 3)]
    """
    n = len(leads)
    runs: list[tuple[int, int]] = []
    apart = (leads >= level) | (level <= leads.T)
    for start in range(n):
        end = start
        while end + 1 < n and not apart[start:end + 1, end + 1].any():
            end += 1
        if end > start and (not runs or end >= runs[-1][1]):
            runs.append((start + 1, end + 1))
    return runs


def _ranked(rows: pd.DataFrame, method: str, *, top: int, ranges: Ranges) -> tuple[pd.DataFrame, ...]:
    """Rank one product's features: the table of features, the chances of each rank, the near ties."""
    drawn = score(method, draw_inputs(rows, INPUTS[method], ranges=ranges))
    stated = score(method, stated_inputs(rows, INPUTS[method]))
    shares = rank_shares(drawn)
    table = rows[["product_id", "feature_id", "name"]].assign(**_columns(shares, drawn, stated, top=top))
    table["plain_rank"] = plain_ranks(table["score"], table["product_id"])
    order = table.sort_values(["expected_rank", "feature_id"], kind="stable").index.to_numpy()
    table = table.loc[order].reset_index(drop=True)
    table.insert(3, "rank", np.arange(1, len(table) + 1))
    ends = table[["score", "score_low", "score_high"]].to_numpy(dtype=np.float64).tolist()
    table["score_known"] = pd.Series([known_digits(*row) for row in ends], dtype="str")
    runs = near_tie_runs(lead_shares(drawn)[np.ix_(order, order)])
    ties = pd.DataFrame(runs, columns=["first", "last"], dtype="int64")
    ties.insert(0, "product_id", pd.Series(rows["product_id"].iloc[0] if runs else "", index=ties.index, dtype="str"))
    return table, _long(table, shares[order]), ties


def _columns(shares: Floats, drawn: Floats, stated: Floats, *, top: int) -> dict[str, Any]:
    reached = shares.cumsum(axis=1)
    ends = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0) if drawn.size else np.zeros((2, 0))
    return {
        # A hair's breadth for shares that sum to their end only up to rounding.
        "rank_low": 1 + (reached < (1 - LEVEL) / 2 - 1e-9).sum(axis=1),
        "rank_high": 1 + (reached < (1 + LEVEL) / 2 - 1e-9).sum(axis=1),
        "chance_first": shares[:, :1].sum(axis=1),
        "chance_top": shares[:, :top].sum(axis=1),
        "expected_rank": shares @ np.arange(1, len(shares) + 1),
        "score": stated,
        "score_low": ends[0],
        "score_high": ends[1],
    }


def _long(table: pd.DataFrame, shares: Floats) -> pd.DataFrame:
    n = len(table)
    repeated = table.loc[table.index.repeat(n), ["product_id", "feature_id"]].reset_index(drop=True)
    return repeated.assign(rank=np.tile(np.arange(1, n + 1), n), chance=shares.ravel())


def _in_hundred(chance: float) -> str:
    return f"{100 * chance:.0f} times in 100"


def _not_scored(unscored: pd.DataFrame) -> str:
    named = [f"{row.feature_id} ({row.reason})" for row in unscored.head(_MOST_NAMED).itertuples()]
    more = len(unscored) - len(named)
    return f"Not scored: {listed(named + ([f'{more} more'] if more else []))}."
