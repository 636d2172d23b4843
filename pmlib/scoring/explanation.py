"""Why one project beats another, criterion by criterion, and which weight would make them level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.scoring.ranks import TIE
from pmlib.scoring.robustness import lead_ends
from pmlib.scoring.values import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Moves of a weight smaller than this are shown with two more digits.
_SMALL_MOVE = 0.01
_MOST_DIGITS = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class Explanation:
    """Why one project has more points than another.

    Attributes
    ----------
    a, b : str
        Id and name of the two projects.
    value_a, value_b : float
        Their values, 0 to 100 points.
    table : DataFrame
        One row per criterion, largest difference first: objective_id, name, weight (share 0-1), points_a,
        points_b (0 to 100), contribution_a, contribution_b (points over doing nothing), difference
        (a less b, points), crossing (weight at which they are level, NaN: never), judged (False when a
        score is missing and its midpoint stands in).
    """

    a: str
    b: str
    value_a: float
    value_b: float
    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per criterion, largest difference first."""
        return self.table.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the difference of each criterion."""
        from pmlib.plots import scoring

        return scoring.explanation(self.table, ax=ax, a=self.a, b=self.b)

    def summary(self) -> str:
        """Say in one sentence who wins by how much, on what, and which weight would change it."""
        lead = self.value_a - self.value_b
        if abs(lead) <= TIE:
            first, sign = f"{self.a} and {self.b} are level at {self.value_a:.1f} points", 1.0
        else:
            sign = float(np.sign(lead))
            ahead, behind = (self.a, self.b) if lead > 0 else (self.b, self.a)
            high, low = max(self.value_a, self.value_b), min(self.value_a, self.value_b)
            digits = _digits(high, low)
            both = f"({high:.{digits}f} to {low:.{digits}f})"
            first = f"{ahead} is {abs(lead):.{digits}f} points ahead of {behind} {both}"
        gains = (sign * self.table["difference"]).set_axis(self.table["name"])
        parts = [f"gains most on {gains.idxmax()} ({gains.max():+.1f})"] if gains.max() > TIE else []
        parts += [f"loses most on {gains.idxmin()} ({gains.min():+.1f})"] if gains.min() < -TIE else []
        why = f": it {' and '.join(parts)}" if parts and abs(lead) > TIE else ""
        missing = "" if self.table["judged"].all() else "; missing scores stand at the middle of their range"
        return f"{first}{why}; {self._crossing_clause()}{missing}."

    def headline(self) -> dict[str, str]:
        """Give the lead and the criterion that makes it."""
        top = self.table.iloc[0]
        return {
            f"{self.value_a - self.value_b:+.1f}": f"points, {self.a} against {self.b}",
            f"{top['difference']:+.2f}": f"points of it from {top['name']}",
        }

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<Explanation: {self.summary()}>"

    def _crossing_clause(self) -> str:
        way = (self.table["crossing"] - self.table["weight"]).abs()
        if way.isna().all() or abs(self.value_a - self.value_b) <= TIE:
            return "no single weight turns this round"
        row = self.table.iloc[int(np.nanargmin(way.to_numpy()))]
        return f"they are level when the weight of {row['name']} goes from {_both_percents(row)}"


def crossing_weights(gaps: FloatArray, shares: FloatArray) -> FloatArray:
    """Find the weight of each criterion at which two projects are level, the others keeping proportions.

    Parameters
    ----------
    gaps : ndarray of shape (n_leaves,)
        Points of the one less points of the other on each criterion.
    shares : ndarray of shape (n_leaves,)
        Weights that sum to 1.

    Returns
    -------
    ndarray of shape (n_leaves,)
        Weight 0 to 1 at which both have the same value; NaN where there is none.

    Examples
    --------
    >>> crossing_weights(np.array([10.0, -10.0]), np.array([0.7, 0.3]))
    array([0.5, 0.5])
    """
    at_zero, at_one = lead_ends(gaps[np.newaxis, :], shares)
    slope = at_zero[0] - at_one[0]
    crossing: FloatArray = np.divide(at_zero[0], slope, out=np.full(len(shares), np.nan), where=np.abs(slope) > TIE)
    crossing[(crossing < 0) | (crossing > 1)] = np.nan
    return crossing


def _digits(high: float, low: float) -> int:
    """Fewest decimals with which the two values and their difference agree as they are printed."""
    fits = (digits for digits in (1, 2, 3)
            if abs(round(high, digits) - round(low, digits) - round(high - low, digits)) < TIE)
    return next(fits, _MOST_DIGITS)


def _both_percents(row: pd.Series) -> str:
    now, then = float(row["weight"]), float(row["crossing"])
    digits = 0 if abs(now - then) >= _SMALL_MOVE else 2
    return f"{100 * now:.{digits}f} % to {100 * then:.{digits}f} %"
