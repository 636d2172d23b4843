"""How sure is a ranking: how often each project takes each rank, over all weights and scores that are possible.

Stochastic multicriteria acceptability analysis (SMAA-2). Projects that never differ share the better rank, so the
ranks of a project always sum to 1; the projects of a rank do so where nobody ties.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.scoring.inputs import frame_of, shown, whole_number
from pmlib.scoring.ranks import TIE, FloatArray, IntArray
from pmlib.scoring.robust.polytope import CHUNK
from pmlib.scoring.robust.rank_counts import count_ranks, count_wins, tie_groups, weighted_sums
from pmlib.scoring.robust.score_spread import Scores, ScoreSpread, placed, quantiles
from pmlib.scoring.robust.weight_space import MOST_DRAWS, WeightSpace, ordered_points, weight_space
from pmlib.scoring.robust.winning import PairwiseWinning
from pmlib.scoring.robustness import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, kw_only=True)
class Acceptability:
    """How often each project takes each rank.

    Attributes
    ----------
    shares : DataFrame of shape (n_projects, n_projects)
        Rank acceptability: share of the draws in which a project (row) takes a rank (column, 1 = best).
    central_weights : DataFrame of shape (n_projects, n_leaves)
        Mean of the weights that put a project first: what one must think to prefer it. NaN where none does. Columns
        in the order of the space.
    confidence : Series of shape (n_projects,)
        Share of the possible scores with which a project is first under its central weights; 0 where it never is.
    scores : Scores
        The points that were ranked.
    space : WeightSpace
        The weights that were drawn.
    draws, seed : int
        How many, and from which seed: the same again gives the same.
    """

    shares: pd.DataFrame
    central_weights: pd.DataFrame
    confidence: pd.Series
    scores: Scores
    space: WeightSpace
    draws: int
    seed: int

    @property
    def expected_rank(self) -> pd.Series:
        """Mean rank of each project."""
        return (self.shares * self.shares.columns.to_numpy()).sum(axis=1).rename("expected_rank")

    def standard_errors(self) -> pd.DataFrame:
        """Return the standard error of each share, for independent draws (those of a walk are nearly so)."""
        return (self.shares * (1 - self.shares) / self.draws) ** 0.5

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project, best expected rank first.

        Returns
        -------
        DataFrame
            project_id, first_share and its standard_error, expected_rank, best_rank and worst_rank reached,
            confidence.
        """
        reached = self.shares.to_numpy() > 0
        first = self.shares[1]
        table = pd.DataFrame({
            "first_share": first,
            "standard_error": np.sqrt(first * (1 - first) / self.draws),
            "expected_rank": self.expected_rank,
            "best_rank": 1 + reached.argmax(axis=1),
            "worst_rank": reached.shape[1] - reached[:, ::-1].argmax(axis=1),
            "confidence": self.confidence,
        })
        table = table.rename_axis("project_id").reset_index()
        return table.sort_values(["expected_rank", "project_id"], kind="stable", ignore_index=True)

    def top(self, k: int) -> pd.DataFrame:
        """Return how often each project is among the first ``k``.

        Parameters
        ----------
        k : int
            1 to the number of projects.

        Returns
        -------
        DataFrame
            project_id, share and its standard_error, the largest share first.

        Raises
        ------
        ParameterError
            There are fewer projects.
        """
        if not 1 <= k <= len(self.shares):
            raise ParameterError(f"top: got {k}, allowed 1 to {len(self.shares)} projects. Ask for fewer.")
        share = self.shares.loc[:, :k].sum(axis=1).clip(upper=1.0).rename("share")
        table = share.rename_axis("project_id").reset_index()
        table["standard_error"] = np.sqrt(table["share"] * (1 - table["share"]) / self.draws)
        return table.sort_values(["share", "project_id"], ascending=[False, True], kind="stable", ignore_index=True)

    def pairwise(self) -> PairwiseWinning:
        """Count how often each project beats each other, in the same draws made again.

        Made only when asked for: 10,000 draws of 500 projects take some seconds, and the time grows with the square
        of the number of projects.

        References
        ----------
        Leskinen, Viitanen, Kangas & Kangas (2006), Forest Science 52, 304-312: the pairwise winning index.
        """
        groups, blocks = _grouped(self.scores, self.space, draws=self.draws, seed=self.seed)
        members = _one_of_each(groups)
        wins = np.zeros((len(members), len(members)), dtype=np.int64)
        for block in blocks:
            count_wins(block.behind[:, members], wins)
        ids = self.shares.index
        shares = pd.DataFrame(wins[np.ix_(groups, groups)] / self.draws, index=ids, columns=ids.rename("beaten"))
        return PairwiseWinning(shares=shares, draws=self.draws)

    def plot(self, *, ax: Axes | None = None, top: int = 12, names: Mapping[str, str] | None = None) -> Axes:
        """Draw how often the ``top`` projects by expected rank take the first ``top`` ranks, under their names."""
        from pmlib.plots import robustness

        first = self.to_frame()["project_id"].head(top)
        labels = [f"{project} {(names or {}).get(project, '')}".strip() for project in first]
        return robustness.acceptability(self.shares.loc[first, :top].set_axis(labels), ax=ax)

    def summary(self) -> str:
        """Say who is first how often, who else can be, and how sure the figure is."""
        table = self.to_frame().sort_values("first_share", ascending=False, kind="stable")
        first, others = table.iloc[0], table.iloc[1:]
        could = others[others["first_share"] > 0]
        rest = "no other project ever is" if could.empty else (
            f"{could['project_id'].iloc[0]} in {percent(could['first_share'].iloc[0])}" +
            (f", {len(could) - 1} more at times" if len(could) > 1 else "")
        )
        return (
            f"{first['project_id']} is first in {percent(first['first_share'])} of {self.draws:,} draws (standard "
            f"error {100 * first['standard_error']:.1f} points); {rest}. Its expected rank is "
            f"{first['expected_rank']:.1f} of {len(table)}."
            + (" Projects that tie share first place." if table["first_share"].sum() > 1 + TIE else "")
        )

    def headline(self) -> dict[str, str]:
        """Give the chance of the likeliest winner, its expected rank and the number of possible winners as figures."""
        table = self.to_frame().sort_values("first_share", ascending=False, kind="stable")
        first = table.iloc[0]
        return {
            percent(first["first_share"]): f"chance of {first['project_id']} to be first",
            f"{first['expected_rank']:.1f}": f"expected rank of {first['project_id']}",
            f"{int((table['first_share'] > 0).sum())} of {len(table)}": "projects that can be first",
        }

    def __repr__(self) -> str:
        """Say it in one line."""
        table = self.to_frame().sort_values("first_share", ascending=False, kind="stable").head(2)
        first = ", ".join(f"{row['project_id']} {percent(row['first_share'])}" for _, row in table.iterrows())
        return f"<Acceptability: {len(self.shares)} projects, {self.draws:,} draws; first {first}>"


def acceptability(
    points: pd.DataFrame, *, space: WeightSpace | None = None, scores: ScoreSpread | None = None,
    draws: int = 10_000, seed: int = 0,
) -> Acceptability:
    """Find how often each project takes each rank, over all possible weights and scores.

    Parameters
    ----------
    points : DataFrame of shape (n_projects, n_leaves)
        Value of each project on each criterion, 0 to 100 points. NaN only where ``scores`` has a distribution.
    space : WeightSpace, optional
        The possible weights of the same criteria; by default all.
    scores : ScoreSpread, optional
        Distributions of the scores that are not certain; they replace the cells of ``points``.
    draws : int
        How many weights (and scores) are drawn; memory does not grow with them.
    seed : int
        Same seed, same answer.

    Returns
    -------
    Acceptability

    Raises
    ------
    ParameterError
        Criteria differ from those of the space, a score is missing or of no project, or draws is below 1.

    Notes
    -----
    Projects tie that differ by no more than 1e-9 points in each of the first 256 draws. A standard error of 0.5
    points at most takes 10,000 draws.

    References
    ----------
    Lahdelma & Salminen (2001), Operations Research 49, 444-454: SMAA-2. Tervonen & Lahdelma (2007), European Journal
    of Operational Research 178, 500-513: accuracy and speed of the simulation.

    Examples
    --------
    >>> points = pd.DataFrame({"reach": [100, 0, 10], "fit": [0, 100, 10]}, index=["A", "B", "C"])
    >>> acceptability(points).shares.round(1).to_numpy().tolist()
    [[0.5, 0.4, 0.1], [0.5, 0.4, 0.1], [0.0, 0.2, 0.8]]
    """
    if not (1 <= whole_number(draws) <= MOST_DRAWS and whole_number(seed) >= 0):
        raise ParameterError(f"acceptability: got draws={shown(draws)} and seed={shown(seed)}, allowed 1 or more draws "
                             f"(at most {MOST_DRAWS:,}) and a seed of 0 or more, whole numbers. Leave both out for "
                             "10,000 draws.")
    draws, seed = int(draws), int(seed)
    points = frame_of(points, what="points")
    allowed = space if space is not None else weight_space([str(name) for name in points.columns])
    ready = placed(ordered_points(points, allowed), scores)
    groups, blocks = _grouped(ready, allowed, draws=draws, seed=seed)
    counts, central = _counted(groups, blocks, n_leaves=len(allowed.leaves))
    ids = ready.points.index.rename("project_id")
    return Acceptability(
        shares=pd.DataFrame(counts / draws, index=ids, columns=pd.RangeIndex(1, len(ids) + 1, name="rank")),
        central_weights=pd.DataFrame(central, index=ids, columns=ready.points.columns),
        confidence=pd.Series(_confidence(ready, central, draws=draws, seed=seed), index=ids, name="confidence"),
        scores=ready, space=allowed, draws=draws, seed=seed,
    )


class _Block(NamedTuple):
    """Up to 256 draws: weights, and how far each project lies behind the best points there are, from 1 to 2."""

    weights: FloatArray
    behind: FloatArray


def _grouped(
    scores: Scores, space: WeightSpace, *, draws: int, seed: int
) -> tuple[IntArray, Iterator[_Block]]:
    """Who ties with whom, and all blocks of draws."""
    low, high = _ends(scores)
    blocks = _blocks(scores, space, draws=draws, seed=seed)
    first = next(blocks)
    return tie_groups(first.behind, tie=TIE / (high - low)), chain([first], blocks)


def _blocks(scores: Scores, space: WeightSpace, *, draws: int, seed: int) -> Iterator[_Block]:
    rng, (low, high) = np.random.default_rng((seed, 1)), _ends(scores)
    # Weights sum to 1, so what holds for the points, between 1 and 2, holds for their weighted sums.
    points = 1.0 + (high - scores.certain()) / (high - low)
    buffer = np.empty((CHUNK, points.shape[1]))
    for weights in space.blocks(draws, seed=seed, size=CHUNK):
        behind = weighted_sums(weights, points, out=buffer[:len(weights)])
        if len(scores.cells):
            drawn = quantiles(scores.cells, rng.random((len(weights), len(scores.cells))))
            projects, more = scores.uncertain(weights, drawn)
            behind[:, projects] -= more / (high - low)
        yield _Block(weights, behind)


def _ends(scores: Scores) -> tuple[float, float]:
    """Lowest and highest points that occur; 0 and 100 are among them where scores are uncertain."""
    points = scores.points.to_numpy(dtype=float)
    low, high = float(points.min()), float(points.max())
    if len(scores.cells):
        low, high = min(low, 0.0), max(high, 100.0)
    return low, high if high > low else low + 1.0


def _one_of_each(groups: IntArray) -> IntArray:
    return np.unique(groups, return_index=True)[1]


def _counted(groups: IntArray, blocks: Iterator[_Block], *, n_leaves: int) -> tuple[IntArray, FloatArray]:
    """Count draws by project and rank, and average the weights that put a project first."""
    members, sizes = _one_of_each(groups), np.bincount(groups)
    counts = np.zeros((len(groups), len(members)), dtype=np.int64)
    sums = np.zeros((n_leaves, len(members)))
    for weights, behind in blocks:
        keys = behind if len(members) == len(groups) else behind[:, members]
        first = count_ranks(keys, counts, sizes=sizes)
        for j, column in enumerate(weights.T):
            sums[j] += np.bincount(first, weights=column, minlength=len(members))
    central = np.divide(sums, counts[0], out=np.full_like(sums, np.nan), where=counts[0] > 0)
    return counts.T[groups], central.T[groups]


def _confidence(scores: Scores, central: FloatArray, *, draws: int, seed: int) -> FloatArray:
    """Draw scores afresh and count how often a project is first under its central weights."""
    winners = np.flatnonzero(~np.isnan(central[:, 0]))
    hits = np.zeros(len(central))
    if not len(scores.cells):
        # Weights that put one project first form a convex set: their mean does so too.
        hits[winners] = 1.0
        return hits
    rng, points = np.random.default_rng((seed, 2)), np.tile(scores.points.to_numpy(dtype=float), (CHUNK, 1, 1))
    for start in range(0, draws, CHUNK):
        drawn = quantiles(scores.cells, rng.random((min(CHUNK, draws - start), len(scores.cells))))
        block = points[:len(drawn)]
        block[:, scores.project, scores.leaf] = drawn
        for k in winners:
            values = block @ central[k]
            hits[k] += np.count_nonzero(values[:, k] >= values.max(axis=1) - TIE)
    return hits / draws
