"""The best plan as a function of one project's value: straight lines, and what knowing the value brings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfcx, ndtr

from pmlib.portfolio.model import Floats, Ints

_PEAK, _MILLS, _NOTHING_LEFT = 1.0 / np.sqrt(2.0 * np.pi), np.sqrt(np.pi / 2.0), 40.0


def unit_normal_loss(u: ArrayLike) -> Floats:
    """Mean of what a standard normal exceeds ``u`` by, 0 where it does not: L(u) = phi(u) - u (1 - Phi(u)).

    Parameters
    ----------
    u : array of any shape, in standard deviations

    References
    ----------
    Raiffa & Schlaifer (1961), Applied Statistical Decision Theory, on the unit-normal linear-loss integral.

    Examples
    --------
    >>> unit_normal_loss([0.0, 1.0]).round(4).tolist()
    [0.3989, 0.0833]
    """
    at = np.asarray(u, dtype=np.float64)
    # By Mills' ratio, which keeps its digits far out; beyond 40 nothing is left in a float.
    far = np.minimum(np.abs(at), _NOTHING_LEFT)
    loss = _PEAK * np.exp(-0.5 * far**2) * (1.0 - far * _MILLS * erfcx(far / np.sqrt(2.0)))
    return np.asarray(loss + np.maximum(-at, 0.0))


def preposterior_sd(sd: ArrayLike, standard_error: ArrayLike) -> Floats:
    """Say how far the mean will move once a study has reported: tau^2 / sqrt(tau^2 + error^2).

    Parameters
    ----------
    sd, standard_error : arrays of one shape
        Standard deviation of what is believed now, 0 or more, and standard error of the study, above 0; in one unit.

    References
    ----------
    Raiffa & Schlaifer (1961): the preposterior distribution of the mean of a normal process.

    Examples
    --------
    >>> round(float(preposterior_sd(3.0, 4.0)), 3)
    1.8
    """
    tau, error = np.asarray(sd, dtype=np.float64), np.asarray(standard_error, dtype=np.float64)
    return np.asarray(tau * (tau / np.hypot(tau, error)))


@dataclass(frozen=True, eq=False, kw_only=True)
class Envelope:
    """The upper edge of a few lines: value of the best plan over what one project turns out to be worth.

    Attributes
    ----------
    verbs : tuple of n_lines str
        What the best plan does with the project where a line is the highest; ordered by slope.
    slopes : float array of shape (n_lines,)
        Share of the project's own value that is left in that action; rising.
    at_mean : float array of shape (n_lines,)
        Value of the best plan with that action when the project is worth its mean, thousand.
    planned : int
        Position of the line of the plan; none is higher at the mean.
    mean : float
        What the project is expected to be worth, thousand.
    """

    verbs: tuple[str, ...]
    slopes: Floats
    at_mean: Floats
    planned: int
    mean: float

    @cached_property
    def edges(self) -> tuple[Ints, Floats]:
        """Lines of the upper edge from left to right, and the places where they meet, as distance from the mean."""
        left, right = self._walk(-1)[::-1], self._walk(1)
        lines = [*(line for line, _ in left), self.planned, *(line for line, _ in right)]
        return np.array(lines), np.array([place for _, place in (*left, *right)])

    def _walk(self, side: int) -> list[tuple[int, float]]:
        """Lines that take over on one side of the mean (-1, 1), and where, nearest first."""
        at, found = self.planned, []
        while len(others := np.flatnonzero(self.slopes * side > self.slopes[at] * side)):
            meet = (self.at_mean[at] - self.at_mean[others]) / (self.slopes[others] - self.slopes[at])
            # Of lines that meet in one place the steepest goes on.
            first = np.lexsort((-self.slopes[others] * side, meet * side))[0]
            at = int(others[first])
            found.append((at, float(meet[first])))
        return found

    def gain(self, sd: float) -> float:
        """Say what it is worth to decide after the project's value (or its new mean) is known, thousand.

        Parameters
        ----------
        sd : float
            How far it may lie from the mean, thousand, 0 or more: for the truth that of the belief, for a study that
            of the mean after it. The gain never falls with it.
        """
        lines, z = self._standardised(sd)
        return float((np.diff(self.slopes[lines]) * sd * unit_normal_loss(np.abs(z))).sum())

    def chance_of_another(self, sd: float) -> float:
        """Chance that the best plan then decides this project otherwise; 0 to 1."""
        lines, z = self._standardised(sd)
        ends = np.concatenate([[-np.inf], z, [np.inf]])
        # From the nearer tail, so that a small chance keeps its digits.
        shares = np.where(ends[:-1] > 0, ndtr(-ends[:-1]) - ndtr(-ends[1:]), ndtr(ends[1:]) - ndtr(ends[:-1]))
        other = [self.verbs[line] != self.verbs[self.planned] for line in lines]
        return float(shares[other].sum())

    def _standardised(self, sd: float) -> tuple[Ints, Floats]:
        """Lines of the edge, and where they meet in standard deviations; of a value that is sure the plan alone."""
        lines, places = self.edges
        if sd <= 0.0:
            return np.array([self.planned]), np.empty(0)
        with np.errstate(over="ignore"):
            return lines, places / sd

    def flip(self, reach_k: float) -> tuple[float, str]:
        """Find the value nearest to the mean from which the project is decided otherwise, and how.

        Infinite where none does within ``reach_k`` of the mean: lines further off were not searched for.
        """
        turns = [(abs(place), place, line) for side in (1, -1) for line, place in self._walk(side)
                 if self.verbs[line] != self.verbs[self.planned]]
        near = min((turn for turn in turns if turn[0] <= reach_k), default=None)
        return (np.inf, "") if near is None else (self.mean + near[1], self.verbs[near[2]])

    def __call__(self, value: ArrayLike) -> Floats:
        """Value of the best plan where the project is worth ``value``; thousand, same shape."""
        apart = np.asarray(value, dtype=np.float64)[..., None] - self.mean
        return np.asarray((self.at_mean + self.slopes * apart).max(axis=-1))

    def best(self, value: ArrayLike) -> list[str]:
        """Say what the best plan does with the project at each value of a list."""
        apart = np.asarray(value, dtype=np.float64)[:, None] - self.mean
        return [self.verbs[line] for line in (self.at_mean + self.slopes * apart).argmax(axis=1)]
