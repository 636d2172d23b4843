"""How sure is a ranking: the exact interval of each weight in which the leader, or the first few, stay ahead.

One weight moves over 0 to 1 while the others keep their proportions. The lead of one project over
another is then linear in that weight, so where it vanishes is exact and needs no search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError
from pmlib.scoring.inputs import shown, whole_number
from pmlib.scoring.ranks import TIE, FloatArray, IntArray
from pmlib.scoring.weights import rest_proportions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Weights closer than this are the same weight.
_SAME_WEIGHT = 1e-12
# An end nearer than this to the weight is written with a decimal.
_TIGHT = 0.02
_MOST_DIGITS, _SAME_STEP = 4, 1e-7


@dataclass(frozen=True, eq=False, kw_only=True)
class Stability:
    """How far each weight can move, alone, before another project leads.

    Attributes
    ----------
    leader : str
        Id and name of the project in first place.
    table : DataFrame
        One row per criterion: objective_id, name, weight, low, high (shares 0-1; the leader stays first
        between them), taken_over_below and taken_over_above (project_id, empty where nobody takes over).
    top : int
        How many projects are asked to stay ahead: the leader alone, or the set of the first few.
    ordered : bool
        Whether these must keep their order too.
    """

    leader: str
    table: pd.DataFrame
    top: int = 1
    ordered: bool = False

    def to_frame(self) -> pd.DataFrame:
        """Return one row per criterion."""
        return self.table.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw each weight with the interval in which the leader stays first."""
        from pmlib.plots import robustness

        kept = "the leader first"
        if self.top > 1:
            kept = f"the first {self.top} {'in this order' if self.ordered else 'the same'}"
        return robustness.stability(self.table, ax=ax, kept=kept)

    def tightest(self) -> pd.Series | None:
        """Return the row whose weight is nearest to an end at which the lead changes; None without any."""
        below = (self.table["weight"] - self.table["low"]).where(self.table["taken_over_below"].notna())
        above = (self.table["high"] - self.table["weight"]).where(self.table["taken_over_above"].notna())
        room = pd.concat([below, above], axis=1).min(axis=1)
        return None if room.isna().all() else self.table.iloc[int(np.nanargmin(room.to_numpy()))]

    @property
    def kept(self) -> str:
        """What stays as it is, with its verb: ``P1 Atlas stays first``, ``the first 3 stay the same``."""
        return f"{self.leader} stays first" if self.top == 1 else self._first_stay

    def clause(self) -> str:
        """Say in half a sentence what keeps the leader, or the first few, ahead."""
        row = self.tightest()
        if row is None:
            return f"no change of a single weight {'unseats it' if self.top == 1 else 'changes the ' + self._first}"
        subject = "it stays first" if self.top == 1 else self._first_stay
        return f"{subject} while the weight of {row['name']} is {interval_text(row)}"

    def summary(self) -> str:
        """Say how far the most delicate weight can move and who takes over."""
        row = self.tightest()
        if row is None:
            stays = f"{self.leader} leads" if self.top == 1 else _sentence(self.kept)
            return f"{stays} whatever a single weight is."
        ends = [
            f"{row[f'taken_over_{side}']} {side} it" for side in ("below", "above")
            if pd.notna(row[f"taken_over_{side}"])
        ]  # fmt: skip
        free = int((self.table["taken_over_below"].isna() & self.table["taken_over_above"].isna()).sum())
        rest = f" {free} of {len(self.table)} weights can take any value without a change." if free else ""
        return (
            f"{_sentence(self.kept)} while the weight of {row['name']} (now {percent(row['weight'])}) is "
            f"{interval_text(row)}; {' and '.join(ends)} would {'lead' if self.top == 1 else 'move up'}.{rest}"
        )

    def headline(self) -> dict[str, str]:
        """Give the most delicate weight as a figure."""
        row = self.tightest()
        whom = "the leader" if self.top == 1 else f"one of the {self._first}"
        if row is None:
            return {"0": f"weights that unseat {whom} alone"}
        kept = f"{self.leader} first" if self.top == 1 else f"the {self._first}"
        return {
            percent(row["weight"]): f"weight of {row['name']}, the most delicate",
            interval_text(row): f"keeps {kept}",
        }

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<Stability: {self.leader}; {self.clause()}>"

    @property
    def _first(self) -> str:
        return f"first {self.top}{' in this order' if self.ordered else ''}"

    @property
    def _first_stay(self) -> str:
        return f"the first {self.top} stay {'in this order' if self.ordered else 'the same'}"


def stability_table(
    points: FloatArray, shares: FloatArray, *, project_ids: list[str], top: int = 1, ordered: bool = False
) -> pd.DataFrame:
    """Find the interval of each weight in which the first project, or the first few, stay ahead of the others.

    Parameters
    ----------
    points : ndarray of shape (n_projects, n_leaves)
        Value of each project on each criterion, the best project first; with ``top`` above 1 that many rows in the
        order of their values.
    shares : ndarray of shape (n_leaves,)
        Weights that sum to 1. A single criterion cannot move.
    project_ids : list of str
        Ids of the rows.
    top : int
        How many projects must stay ahead of all others.
    ordered : bool
        Whether these must keep their order among themselves too.

    Returns
    -------
    DataFrame of n_leaves rows
        weight, low, high, taken_over_below, taken_over_above (who then passes one of those asked to stay ahead).

    Raises
    ------
    ParameterError
        ``top`` is not between 1 and the number of projects.

    References
    ----------
    Mareschal (1988), European Journal of Operational Research 33, 54-64: weight stability intervals.

    Examples
    --------
    >>> points = np.array([[80.0, 20.0], [50.0, 50.0], [0.0, 60.0]])
    >>> stability_table(points, np.array([0.7, 0.3]), project_ids=["A", "B", "C"], top=2).round(3)
       weight    low   high taken_over_below taken_over_above
    0     0.7  0.333  1.000                C              NaN
    1     0.3  0.000  0.667              NaN                C
    """
    ahead, behind = _pairs(len(points), top=top, ordered=ordered)
    at_zero, at_one = lead_ends(points[ahead] - points[behind], shares)
    slope = at_zero - at_one
    crossing = np.divide(at_zero, slope, out=np.zeros_like(slope), where=np.abs(slope) > 0)
    rows: list[dict[str, Any]] = []
    for j, weight in enumerate(shares):
        # Rounding must not push an end past the weight at which the leader is known to lead.
        lows = np.where(at_zero[:, j] < -TIE, np.clip(crossing[:, j], 0.0, weight), -1.0)
        highs = np.where(at_one[:, j] < -TIE, np.clip(crossing[:, j], weight, 1.0), 2.0)
        low, high = lows.max(initial=-1.0), highs.min(initial=2.0)
        below = _first_past(np.abs(lows - low) <= _SAME_WEIGHT, slope[:, j]) if low >= 0 else None
        above = _first_past(np.abs(highs - high) <= _SAME_WEIGHT, slope[:, j]) if high <= 1 else None
        rows.append(
            {
                "weight": weight,
                "low": max(low, 0.0),
                "high": min(high, 1.0),
                "taken_over_below": None if below is None else project_ids[behind[below]],
                "taken_over_above": None if above is None else project_ids[behind[above]],
            }
        )
    return pd.DataFrame(rows).astype({"taken_over_below": "str", "taken_over_above": "str"})


def _pairs(n: int, *, top: int, ordered: bool) -> tuple[IntArray, IntArray]:
    """Rows that must stay ahead and rows that must stay behind them: in order, each of its next one is enough."""
    if not 1 <= whole_number(top) <= n:
        raise ParameterError(f"top: got {shown(top)}, allowed 1 to {n}, the number of projects. Ask for fewer.")
    top = int(top)
    if not ordered:
        return np.repeat(np.arange(top), n - top), np.tile(np.arange(top, n), top)
    last = np.full(n - top, top - 1)
    return np.append(np.arange(top - 1), last), np.arange(1, n)


def percent(share: float, *, digits: int = 0) -> str:
    """Write a share as a board reads it.

    Examples
    --------
    >>> percent(0.1234)
    '12 %'
    """
    return f"{100 * share:.{digits}f} %"


def interval_text(row: pd.Series) -> str:
    """Write the interval of a row of a stability table in words, rounded inwards: what it says is safe is safe.

    Examples
    --------
    >>> interval_text(pd.Series({"weight": 0.2, "low": 0.1249, "high": 0.2751, "taken_over_below": "P1",
    ...                          "taken_over_above": "P2"}))
    'between 13 % and 27 %'
    """
    below, above = pd.notna(row["taken_over_below"]), pd.notna(row["taken_over_above"])
    room = min(row["weight"] - row["low"] if below else 1.0, row["high"] - row["weight"] if above else 1.0)
    low, high = _inwards(float(row["low"]), float(row["high"]), digits=1 if room < _TIGHT else 0)
    if below and above:
        return f"between {low} and {high}"
    return f"at least {low}" if below else f"at most {high}"


def _inwards(low: float, high: float, *, digits: int) -> tuple[str, str]:
    """Write the ends of an interval of shares, rounded inwards with as many digits as leave something between."""
    step = 10.0 ** -(digits + 2)
    # What is a whole step but for the last bits of a float stays where it is.
    inner = (math.ceil(low / step - _SAME_STEP) * step, math.floor(high / step + _SAME_STEP) * step)
    if inner[0] < inner[1] - step / 2:
        return percent(inner[0], digits=digits), percent(inner[1], digits=digits)
    if digits < _MOST_DIGITS:
        return _inwards(low, high, digits=digits + 1)
    return percent(low, digits=digits), percent(high, digits=digits)


def lead_ends(gaps: FloatArray, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lead in points at either end of the way that each weight can go.

    Parameters
    ----------
    gaps : ndarray of shape (n_rivals, n_leaves)
        Points of one project less points of each rival.
    shares : ndarray of shape (n_leaves,)
        Weights that sum to 1.

    Returns
    -------
    two ndarrays of shape (n_rivals, n_leaves)
        Lead when the weight of the leaf in that column is 0, and when it is 1.
    """
    return gaps @ rest_proportions(shares).T, gaps


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def _first_past(candidates: Any, slope: FloatArray) -> int:
    """Of the rivals that draw level at the same weight, the one that then gains fastest."""
    at = np.flatnonzero(candidates)
    return int(at[np.argmax(np.abs(slope[at]))])
