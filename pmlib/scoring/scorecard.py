"""The scorecard: how much each project helps our goals, and how sure that is."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import CheckError, ParameterError
from pmlib.scoring.explanation import Explanation, crossing_weights
from pmlib.scoring.inputs import listed
from pmlib.scoring.ranks import TIE
from pmlib.scoring.robust.acceptability import Acceptability, acceptability
from pmlib.scoring.robust.dominance import Dominance, dominance
from pmlib.scoring.robust.group_space import keeping_order
from pmlib.scoring.robust.score_spread import ScoreSpread, normal_scores, uniform_scores
from pmlib.scoring.robust.tornado import Tornado, tornado
from pmlib.scoring.robust.unseating import Unseating, unseat
from pmlib.scoring.robust.weight_space import WeightSpace
from pmlib.scoring.robustness import Stability, interval_text, stability_table
from pmlib.scoring.value_curve import ValueForMoney, value_for_money
from pmlib.scoring.values import CriteriaTree

if TYPE_CHECKING:
    from matplotlib.axes import Axes



@dataclass(frozen=True, eq=False, kw_only=True)
class Scorecard:
    """Every project to decide, scored on every criterion.

    Attributes
    ----------
    table : DataFrame
        One row per project, best first: project_id, name, value, low, high (0 to 100 points; low < high where
        scores are missing), rank (1 = best, ties share the better rank), cost_k (thousands still to be spent),
        increment (points over doing nothing), rank_best, rank_worst (reached inside the bounds), n_missing.
    points : DataFrame of shape (n_projects, n_leaves)
        Value on each criterion, 0 to 100 points; 50 where nobody judged.
    n_assessors : DataFrame of shape (n_projects, n_leaves)
        How many judged; 0: missing.
    spread : DataFrame of shape (n_projects, n_leaves)
        Sample standard deviation over the assessors, points; NaN where fewer than two judged.
    weights : Series of shape (n_leaves,), index objective_id
        Shares that sum to 1.
    tree : CriteriaTree
        Names, parents and scales of the criteria.
    group : str
        Whose weights.
    currency : str
        Currency of cost_k.
    notes : tuple of str
        What was rescaled, ignored or is missing.
    """

    table: pd.DataFrame
    points: pd.DataFrame
    n_assessors: pd.DataFrame
    spread: pd.DataFrame
    weights: pd.Series
    tree: CriteriaTree
    group: str
    currency: str
    notes: tuple[str, ...]

    @property
    def contributions(self) -> pd.DataFrame:
        """Points that each criterion adds over doing nothing (projects x leaves); rows sum to ``increment``."""
        return (self.points - self.tree.do_nothing) * self.weights

    @property
    def increments(self) -> pd.Series:
        """Points over doing nothing by project_id: what an optimiser may add up.

        ``attrs["counts_money"]`` names the criteria that count money or success, which a plan in money counts too.
        """
        points = self.table.set_index("project_id")["increment"]
        points.attrs["counts_money"] = self.tree.counts_money()
        return points

    @property
    def names(self) -> dict[str, str]:
        """Names by project_id."""
        return dict(zip(self.table["project_id"], self.table["name"], strict=True))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project, best first."""
        return self.table.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw what lifts the first 12 projects over doing nothing."""
        from pmlib.plots import scoring

        return scoring.contributions(self.bars(), ax=ax)

    def plot_bounds(self, *, ax: Axes | None = None, top: int = 20) -> Axes:
        """Draw the bounds that missing scores leave: every incomplete project first, then the leaders."""
        from pmlib.plots import scoring

        complete = self.table["high"] - self.table["low"] <= TIE
        shown = self.table.loc[complete.sort_values(kind="stable").index].head(top)
        return scoring.intervals(shown.sort_index(), ax=ax)

    def plot_tree(self, *, ax: Axes | None = None) -> Axes:
        """Draw what counts and how much: the tree of criteria with its weights."""
        from pmlib.plots import judgement

        return judgement.value_tree(self.value_tree(), ax=ax)

    def bars(self, *, top: int = 12) -> pd.DataFrame:
        """Return contributions of the first projects under their names, with ``increment`` as last column."""
        first = self.table.head(top)
        named = self.contributions.loc[first["project_id"]].rename(columns=dict(self.tree.names))
        named.index = pd.Index([_label(row) for _, row in first.iterrows()], name="project")
        return named.assign(increment=first["increment"].to_numpy())

    def roll_up(self) -> pd.DataFrame:
        """Sum the contributions of each branch of the tree.

        Returns
        -------
        DataFrame of shape (n_projects, n_branches)
            Contributions summed over all leaves below each inner objective; a leaf without parent keeps
            its own column. Columns without a parent add up to ``increment``.
        """
        inner = {above for above in self.tree.parents.values() if above is not None}
        roots = {leaf for leaf in self.tree.leaves if self.tree.parents[leaf] is None}
        parts = self.contributions
        branches = {
            objective: parts[leaves].sum(axis=1)
            for objective in self.tree.names
            if objective in inner | roots and (leaves := self.tree.leaves_below(objective))
        }
        return pd.DataFrame(branches).rename_axis(columns="objective_id")

    def explain(self, a: str | None = None, b: str | None = None) -> Explanation:
        """Explain why project ``a`` has more (or fewer) points than project ``b``.

        Parameters
        ----------
        a, b : str, optional
            Ids of two different projects on the scorecard. By default the leader and the best of the others;
            doing nothing, where there is no other.

        Raises
        ------
        ParameterError
            A project is not on the scorecard, or both are the same.
        """
        a = str(self.table["project_id"].iloc[0]) if a is None else a
        if isinstance(a, str) and isinstance(b, str) and a == b:
            raise ParameterError(f"explain: got {a!r} twice, allowed two different projects. Name another one.")
        first, others = self._row(a), self.table.loc[self.table["project_id"] != a, "project_id"]
        b = str(others.iloc[0]) if b is None and len(others) else b
        rival = "doing nothing" if b is None else _label(self._row(b))
        points_a = self.points.loc[a]
        points_b = self.tree.do_nothing if b is None else self.points.loc[b]
        judged = (self.n_assessors.loc[[a] if b is None else [a, b]] > 0).all()
        gaps, weights = np.asarray(points_a - points_b, dtype=float), self.weights.to_numpy(dtype=float)
        table = pd.DataFrame(
            {
                "objective_id": self.tree.leaves,
                "name": [self.tree.names[leaf] for leaf in self.tree.leaves],
                "weight": self.weights.to_numpy(),
                "points_a": points_a.to_numpy(),
                "points_b": points_b.to_numpy(),
                "contribution_a": ((points_a - self.tree.do_nothing) * self.weights).to_numpy(),
                "contribution_b": ((points_b - self.tree.do_nothing) * self.weights).to_numpy(),
                "difference": gaps * weights,
                "crossing": crossing_weights(gaps, weights),
                "judged": judged.to_numpy(),
            }
        )
        table = table.sort_values("difference", key=np.abs, ascending=False, kind="stable", ignore_index=True)
        return Explanation(a=_label(first), b=rival, table=table,
                           value_a=float(first["value"]), value_b=float(points_b.to_numpy(dtype=float) @ weights))

    def check(self) -> str:
        """Add the contributions up again.

        Raises
        ------
        CheckError
            Weights do not sum to 1, or contributions do not sum to a project's points.
        """
        gap = (self.contributions.sum(axis=1) - self.increments).abs().max()
        if abs(self.weights.sum() - 1) > TIE or gap > 1e-6:  # noqa: PLR2004
            raise CheckError(f"scorecard: weights sum to {self.weights.sum():.9f}, allowed 1; contributions miss the "
                             f"points by up to {gap:.3g}, allowed 0.000001. Score again from the tables.")
        return f"Weights sum to 1, and contributions to the points of all {len(self.table)} projects."

    def stability(self, *, top: int = 1, ordered: bool = False) -> Stability:
        """Find how far each weight can move, alone, before the first ``top`` projects are not the first any more.

        Parameters
        ----------
        top : int
            How many projects from the first on.
        ordered : bool
            Whether their order has to stay too.
        """
        table = stability_table(
            self.points.to_numpy(dtype=float),
            self.weights.to_numpy(dtype=float),
            project_ids=self.table["project_id"].to_list(),
            top=top, ordered=ordered,
        )  # fmt: skip
        table.insert(0, "objective_id", self.tree.leaves)
        table.insert(1, "name", [self.tree.names[leaf] for leaf in self.tree.leaves])
        return Stability(leader=_label(self.table.iloc[0]), table=table, top=top, ordered=ordered)

    def unseating(self) -> Unseating:
        """Find the smallest change of the weights, all together, that brings another project level with the leader."""
        return unseat(*self._named())

    def tornado(self, *, relative: float | None = None) -> Tornado:
        """Find what the lead hangs on: one weight, or one score within its bounds, moves at a time.

        A score that nobody gave moves from 0 to 100 points, one of several assessors by a standard error either way.

        Parameters
        ----------
        relative : float, optional
            Share of itself by which each weight moves, such as 0.2; by default over 0 to 1.
        """
        points, weights = self._named()
        error = self.standard_errors.to_numpy()
        missing = (self.n_assessors == 0).to_numpy()
        low, high = ((points + sign * error).clip(0.0, 100.0).mask(missing, end)
                     for sign, end in ((-1, 0.0), (1, 100.0)))
        return tornado(points, weights, low=low, high=high, relative=relative)

    def dominance(self, space: WeightSpace | None = None) -> Dominance:
        """Find which projects beat others whatever the weights, and which can be first at all.

        Parameters
        ----------
        space : WeightSpace, optional
            The weights that are allowed; by default all that keep the group's order of importance.
        """
        missing = self.n_assessors == 0
        return dominance(self.points, space or keeping_order(self.weights), low=self.points.mask(missing, 0.0),
                         high=self.points.mask(missing, 100.0))

    def acceptability(
        self, space: WeightSpace | None = None, *, scores: ScoreSpread | None = None, draws: int = 10_000, seed: int = 0
    ) -> Acceptability:
        """Find how often each project takes each rank when weights and scores are not certain (SMAA-2).

        Parameters
        ----------
        space : WeightSpace, optional
            The weights that are drawn; by default all that keep the group's order of importance.
        scores : ScoreSpread, optional
            Distributions of the scores; by default `score_spread`.
        draws, seed : int
            How many, and from which seed.
        """
        return acceptability(self.points, space=space or keeping_order(self.weights),
                             scores=scores or self.score_spread(), draws=draws, seed=seed)

    def score_spread(self) -> ScoreSpread:
        """Return how sure the scores are: 0 to 100 where nobody judged, a standard error where several did."""
        missing, error = self.n_assessors == 0, self.standard_errors
        nothing = self.points.mul(0.0).where(missing)
        known = normal_scores(self.points.where(error > 0), error.where(error > 0))
        return known.joined(uniform_scores(nothing, nothing + 100.0))

    @property
    def standard_errors(self) -> pd.DataFrame:
        """Standard error of each mean over assessors, points; 0 where fewer than two judged."""
        return (self.spread / self.n_assessors.clip(lower=1) ** 0.5).fillna(0.0)

    def value_tree(self) -> pd.DataFrame:
        """List the tree from left to right with the weight of every branch.

        Returns
        -------
        DataFrame
            One row per objective with weight, branches before their leaves: objective_id, name, depth (0 at the top),
            leaf, weight (share of the whole), local_weight (share within its parent), top (share of the weights that
            stand above it: where a drawing begins).
        """
        rows: list[dict[str, object]] = []

        def walk(parent: str | None, depth: int, start: float, whole: float) -> None:
            for name in (name for name, above in self.tree.parents.items() if above == parent):
                leaves = self.tree.leaves_below(name)
                weight = float(self.weights[leaves].sum())
                if not leaves:
                    continue
                rows.append({"objective_id": name, "name": self.tree.names[name], "depth": depth,
                             "leaf": leaves == [name], "weight": weight,
                             "local_weight": weight / whole if whole else 0.0, "top": start})
                walk(name, depth + 1, start, weight)
                start += weight

        walk(None, 0, 0.0, 1.0)
        return pd.DataFrame(rows)

    def value_for_money(self) -> ValueForMoney:
        """Order the projects by points per thousand; at the curve's own steps no other choice brings more points.

        Raises
        ------
        MissingTableError
            No cost is known.
        """
        return value_for_money(self.table, currency=self.currency)

    def summary(self) -> str:
        """Say who leads by how much, what keeps it first and how many projects lack a score."""
        wide = int((self.table["high"] - self.table["low"] > TIE).sum())
        sure = f"; {self.stability().clause()}" if len(self.table) > 1 else ""
        sentences = [f"{self._lead()}{sure}."]
        if wide:
            could = int(((self.table["rank_best"] == 1) & (self.table["rank"] > 1)).sum())
            more = f"; {could} could still pass the leader" if could else ""
            carry = "lacks a score and carries" if wide == 1 else "lack a score and carry"
            sentences.append(f"{wide} of {len(self.table)} projects {carry} bounds{more}.")
        return " ".join(sentences)

    def headline(self) -> dict[str, str]:
        """Give the number of projects, the leader's points, its stability and the gaps as figures."""
        first, wide = self.table.iloc[0], int((self.table["high"] - self.table["low"] > TIE).sum())
        figures = {
            str(len(self.table)): "projects scored" if len(self.table) > 1 else "project scored",
            f"{first['value']:.1f}": f"points of 100, {_label(first)}",
        }
        row = self.stability().tightest()
        if row is not None:
            figures[interval_text(row)] = f"weight of {row['name']} that keeps it first"
        if wide:
            figures[f"{wide} of {len(self.table)}"] = "lack a score and carry bounds"
        return figures

    def __repr__(self) -> str:
        """Say it in one line."""
        wide = int((self.table["high"] - self.table["low"] > TIE).sum())
        first = ", then ".join(f"{_label(row)} {row['value']:.1f}" for _, row in self.table.head(2).iterrows())
        return (
            f"<Scorecard: {len(self.table)} projects on {len(self.weights)} criteria, weights of {self.group}; "
            f"first {first}; {wide} with bounds>"
        )

    def _lead(self) -> str:
        first, top = self.table.iloc[0], self.table[self.table["rank"] == 1]
        if len(top) > 1:
            return f"{listed(top['project_id'])} share first place with {first['value']:.0f} of 100 points"
        if len(self.table) == 1:
            return f"{_label(first)} is the only project and has {first['value']:.0f} of 100 points"
        second = self.table.iloc[1]
        lead = first["value"] - second["value"]
        # A lead below one point would vanish in whole points.
        digits = 0 if lead >= 1 else max(1, int(np.ceil(-np.log10(lead))))
        return (
            f"{_label(first)} leads with {first['value']:.{digits}f} of 100 points, "
            f"{lead:.{digits}f} ahead of {second['project_id']}"
        )

    def _named(self) -> tuple[pd.DataFrame, pd.Series]:
        """Points and weights under the criteria's names, where these tell them apart."""
        names = [self.tree.names[leaf] for leaf in self.tree.leaves]
        names = names if len(set(names)) == len(names) else self.tree.leaves
        return self.points.set_axis(names, axis=1), self.weights.set_axis(names)

    def _row(self, project_id: str) -> pd.Series:
        ids = self.table["project_id"]
        if not isinstance(project_id, str) or project_id not in set(ids):
            near = difflib.get_close_matches(str(project_id), ids.to_list(), n=1)
            question = f" Did you mean {near[0]!r}?" if near else ""
            raise ParameterError(
                f"explain: project {project_id!r} is not among the {len(ids)} projects scored.{question} "
                "Take an id from to_frame()."
            )
        return self.table.iloc[int(np.argmax((ids == project_id).to_numpy()))]


def _label(row: pd.Series) -> str:
    same = row["name"] == row["project_id"]
    return str(row["project_id"]) if same else f"{row['project_id']} {row['name']}"
