"""How sure is a ranking: the exact interval of each weight in which the leader stays first.

One weight moves over 0 to 1 while the others keep their proportions. The lead of one project over
another is then linear in that weight, so where it vanishes is exact and needs no search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.scoring.ranks import TIE, FloatArray
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
    """

    leader: str
    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per criterion."""
        return self.table.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw each weight with the interval in which the leader stays first."""
        from pmlib.plots import scoring

        return scoring.stability(self.table, ax=ax)

    def tightest(self) -> pd.Series | None:
        """Return the row whose weight is nearest to an end at which the lead changes; None without any."""
        below = (self.table["weight"] - self.table["low"]).where(self.table["taken_over_below"].notna())
        above = (self.table["high"] - self.table["weight"]).where(self.table["taken_over_above"].notna())
        room = pd.concat([below, above], axis=1).min(axis=1)
        return None if room.isna().all() else self.table.iloc[int(np.nanargmin(room.to_numpy()))]

    def clause(self) -> str:
        """Say in half a sentence what keeps the leader first."""
        row = self.tightest()
        if row is None:
            return "no change of a single weight unseats it"
        return f"it stays first while the weight of {row['name']} is {interval_text(row)}"

    def summary(self) -> str:
        """Say how far the most delicate weight can move and who takes over."""
        row = self.tightest()
        if row is None:
            return f"{self.leader} leads whatever a single weight is."
        ends = [
            f"{row[f'taken_over_{side}']} {side} it" for side in ("below", "above")
            if pd.notna(row[f"taken_over_{side}"])
        ]  # fmt: skip
        free = int((self.table["taken_over_below"].isna() & self.table["taken_over_above"].isna()).sum())
        rest = f" {free} of {len(self.table)} weights can take any value without a change." if free else ""
        return (
            f"{self.leader} stays first while the weight of {row['name']} (now {percent(row['weight'])}) is "
            f"{interval_text(row)}; {' and '.join(ends)} would lead.{rest}"
        )

    def headline(self) -> dict[str, str]:
        """Give the most delicate weight as a figure."""
        row = self.tightest()
        if row is None:
            return {"0": "weights that unseat the leader alone"}
        return {
            percent(row["weight"]): f"weight of {row['name']}, the most delicate",
            interval_text(row): f"keeps {self.leader} first",
        }

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<Stability: {self.leader}; {self.clause()}>"


def stability_table(points: FloatArray, shares: FloatArray, *, project_ids: list[str]) -> pd.DataFrame:
    """Find the interval of each weight in which the first project stays first.

    Parameters
    ----------
    points : ndarray of shape (n_projects, n_leaves)
        Value of each project on each criterion; row 0 is the leader.
    shares : ndarray of shape (n_leaves,)
        Weights that sum to 1.
    project_ids : list of str
        Ids of the rows.

    Returns
    -------
    DataFrame of n_leaves rows
        weight, low, high, taken_over_below, taken_over_above.

    References
    ----------
    Mareschal (1988), European Journal of Operational Research 33, 54-64: weight stability intervals.
    """
    at_zero, at_one = lead_ends(points[0] - points[1:], shares)
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
                "taken_over_below": None if below is None else project_ids[below + 1],
                "taken_over_above": None if above is None else project_ids[above + 1],
            }
        )
    return pd.DataFrame(rows).astype({"taken_over_below": "str", "taken_over_above": "str"})


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


def _first_past(candidates: Any, slope: FloatArray) -> int:
    """Of the rivals that draw level at the same weight, the one that then gains fastest."""
    at = np.flatnonzero(candidates)
    return int(at[np.argmax(np.abs(slope[at]))])
