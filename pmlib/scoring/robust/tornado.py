"""Which weight and which score the leader's lead hangs on: one moves at a time, all else stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.scoring.matrix import DecisionMatrix, decision_matrix
from pmlib.scoring.ranks import TIE, FloatArray, IntArray, ranks
from pmlib.scoring.robust.dominance import bounds
from pmlib.scoring.weights import rest_proportions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = [
    "moved", "project_id", "criterion", "now", "low", "high", "value_low", "value_high", "lead_low", "lead_high",
    "rank_low", "rank_high", "swing", "unseats",
]  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Tornado:
    """What each weight and each score, alone, does to the lead of the first project.

    Attributes
    ----------
    leader : str
        The project in first place now.
    runner_up : str or None
        The best of the others now; None where there is no other.
    lead : float
        Points by which the leader is ahead of it; the leader's value where there is no other.
    table : DataFrame
        One row per weight or score that can move, the largest swing first: moved (``weight`` or ``score``),
        project_id (whose score; empty for a weight), criterion, now, low, high (the weight as a share 0-1, the score
        in points, and between which ends it moves), value_low and value_high (value of the leader at either end),
        lead_low and lead_high (points by which it is ahead of the best other project there, negative: behind),
        rank_low and rank_high (its rank there, 1 = best), swing (points from the least to the largest of
        lead_low, lead and lead_high), unseats (it is behind at one end).
    """

    leader: str
    runner_up: str | None
    lead: float
    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per weight or score that can move, the largest swing first."""
        return self.table.copy(deep=False)

    def plot(self, *, ax: Axes | None = None, top: int = 10) -> Axes:
        """Draw the ``top`` largest swings around today's lead."""
        from pmlib.plots import robustness

        frame = self.table.head(top)
        frame = frame.assign(label=[_what(row).removeprefix("the ") for _, row in frame.iterrows()], **{
            f"{side}_text": [_amount(row, side) for _, row in frame.iterrows()] for side in ("low", "high")})
        return robustness.tornado(frame, ax=ax, now=self.lead, leader=self.leader, alone=self.runner_up is None)

    def summary(self) -> str:
        """Say what swings the lead most and how many moves unseat the leader."""
        start = f"{self.leader} {self._stands}"
        if self.table.empty:
            return f"{start}, and nothing that could move was given."
        row, n = self.table.iloc[0], int(self.table["unseats"].sum())
        if row["swing"] <= TIE:
            return f"{start}, and no move alone changes that."
        ends = f"from {row['lead_low']:+.1f} at {_amount(row, 'low')} to {row['lead_high']:+.1f} at "
        moves = f"{n} of {len(self.table)} moves" if n else f"None of {len(self.table)} moves"
        return (
            f"{start}; {_what(row)} swings that most, {ends}{_amount(row, 'high')}. {moves}, each alone, "
            f"{'unseat' if n > 1 else 'unseats'} it."
        )

    def headline(self) -> dict[str, str]:
        """Give the lead, the largest swing and how many moves unseat the leader."""
        ahead = f" is ahead of {self.runner_up}" if self.runner_up else " has"
        figures = {f"{self.lead:.1f}": f"points that {self.leader}{ahead}"}
        if len(self.table):
            top = self.table.iloc[0]
            figures[f"{top['swing']:.1f} points"] = f"of lead from {_what(top)}, the largest swing"
            figures[f"{int(self.table['unseats'].sum())} of {len(self.table)}"] = "moves that unseat it alone"
        return figures

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<Tornado: {self.summary()}>"

    @property
    def _stands(self) -> str:
        told = f"{self.lead:.1f} points"
        return f"is {told} ahead of {self.runner_up}" if self.runner_up else f"is the only project and has {told}"


def tornado(
    points: pd.DataFrame, weights: Mapping[str, float] | pd.Series, *, low: pd.DataFrame | None = None,
    high: pd.DataFrame | None = None, relative: float | None = None,
) -> Tornado:
    """Find what the lead of the first project hangs on: move one weight or one score, keep all else.

    The lead is the leader's value less that of the best other project at the same weights and scores, whoever that
    is there. A weight moves over 0 to 1, or by a share of itself, while the others keep their proportions; a score of
    any project moves between its bounds. A lead is lowest at an end of such a range, so a move whose ends do not
    unseat the leader does not unseat it in between. A single criterion cannot move; of a project alone the value
    stands for the lead.

    Parameters
    ----------
    points : DataFrame of shape (n_projects, n_criteria)
        Points, the more the better.
    weights : mapping or Series of criterion to number
        0 or more, one per criterion; rescaled to sum 1.
    low, high : DataFrame of shape (n_projects, n_criteria), optional
        Bounds of the scores in points: of missing scores, or the points less and plus one standard error of the
        assessors' mean. By default ``points``: no score moves on that side.
    relative : float, optional
        Share of itself by which each weight moves down and up, such as 0.2; by default each moves over 0 to 1.

    Returns
    -------
    Tornado

    Raises
    ------
    ParameterError
        Labels do not fit each other, points lie outside their bounds, weights do not fit the criteria, or ``relative``
        is not above 0.

    References
    ----------
    Howard (1988), Management Science 34, 679-695 (tornado diagram).

    Examples
    --------
    >>> points = pd.DataFrame({"reach": [80.0, 40.0], "risk": [20.0, 50.0]}, index=["A", "B"])
    >>> answer = tornado(points, {"reach": 60, "risk": 40}, high=points.clip(lower=50))
    >>> answer.to_frame()[["moved", "project_id", "criterion", "lead_low", "lead_high", "swing"]].round(1)
        moved project_id criterion  lead_low  lead_high  swing
    0  weight        NaN     reach     -30.0       40.0   70.0
    1  weight        NaN      risk      40.0      -30.0   70.0
    2   score          A      risk      12.0       24.0   12.0
    3   score          B     reach      12.0        6.0    6.0
    """
    matrix = decision_matrix(points, weights=weights)
    levels, values = matrix.levels, matrix.array @ matrix.weights.to_numpy()
    first = int(np.argmax(values >= values.max() - TIE))
    others = np.delete(np.arange(len(values)), first)
    lead = float(_leads(values[np.newaxis], first)[0])
    scores = _scores_moved(matrix, first, low=bounds(levels, low, side="low"), high=bounds(levels, high, side="high"))
    moved = pd.concat([_weights_moved(matrix, first, relative=relative), scores], ignore_index=True)
    leads = moved[["lead_low", "lead_high"]].assign(lead=lead)
    moved["swing"] = leads.max(axis=1) - leads.min(axis=1)
    moved["unseats"] = (leads.min(axis=1) < -TIE) & (len(others) > 0)
    return Tornado(
        leader=str(levels.index[first]), lead=lead,
        runner_up=str(levels.index[others[int(np.argmax(values[others]))]]) if len(others) else None,
        table=moved.sort_values("swing", ascending=False, kind="stable", ignore_index=True)[_COLUMNS]
        .astype({"project_id": "str"}),
    )  # fmt: skip


def _weights_moved(matrix: DecisionMatrix, first: int, *, relative: float | None) -> pd.DataFrame:
    if relative is not None and not 0 < relative < np.inf:
        raise ParameterError(f"relative: got {relative!r}, allowed a share above 0. Write 20 % as 0.2.")
    shares, n = matrix.weights.to_numpy(), len(matrix.weights)
    spread = np.ones(n) if relative is None else relative * shares
    frame = pd.DataFrame({"moved": "weight", "project_id": None, "criterion": matrix.levels.columns, "now": shares})
    for side, sign in (("low", -1.0), ("high", 1.0)):
        weight = np.clip(shares + sign * spread, 0.0, 1.0)
        values = ((1.0 - weight[:, np.newaxis]) * rest_proportions(shares) + np.diag(weight)) @ matrix.array.T
        own = values[:, first]
        rank = 1 + (values > own[:, np.newaxis] + TIE).sum(axis=1)
        frame = frame.assign(**_outcome(side, weight, own, lead=_leads(values, first), rank=rank))
    return frame if n > 1 else frame.head(0)


def _scores_moved(matrix: DecisionMatrix, first: int, *, low: FloatArray, high: FloatArray) -> pd.DataFrame:
    who, what = np.nonzero(high - low > TIE)
    array, shares = matrix.array, matrix.weights.to_numpy()
    values = array @ shares
    others = np.delete(values, first)
    best, second = np.append(np.sort(others)[::-1], [-np.inf, -np.inf])[:2] if len(others) else (0.0, 0.0)
    # Of a project that moves, only the best of the others stays where it is.
    rest = np.where(values >= best, second, best)[who]
    frame = pd.DataFrame({"moved": "score", "project_id": matrix.levels.index[who],
                          "criterion": matrix.levels.columns[what], "now": array[who, what]})
    for side, bound in (("low", low), ("high", high)):
        value = values[who] + (bound - array)[who, what] * shares[what]
        own = np.where(who == first, value, values[first])
        rival = np.where(who == first, best, np.maximum(value, rest))
        rank = np.where(who == first, ranks(own, among=others), 1 + (rival > own + TIE))
        frame = frame.assign(**_outcome(side, bound[who, what], own, lead=own - rival, rank=rank))
    return frame


def _outcome(
    side: str, end: FloatArray, own: FloatArray, *, lead: FloatArray, rank: IntArray
) -> dict[str, FloatArray | IntArray]:
    return {side: end, f"value_{side}": own, f"lead_{side}": lead, f"rank_{side}": rank}


def _leads(values: FloatArray, first: int) -> FloatArray:
    """Value of the leader less that of the best other project, one row per move; the value without others."""
    others = np.delete(values, first, axis=1)
    return np.asarray(values[:, first] - (others.max(axis=1) if others.shape[1] else 0.0))


def _what(row: pd.Series) -> str:
    whose = "" if pd.isna(row["project_id"]) else f" of {row['project_id']}"
    return f"the {row['moved']}{whose} {'of' if row['moved'] == 'weight' else 'on'} {row['criterion']}"


def _amount(row: pd.Series, side: str) -> str:
    if row["moved"] == "weight":
        return f"{100 * row[side]:.0f} %"
    points = f"{row[side]:.0f}"
    return f"{points} {'point' if points == '1' else 'points'}"
