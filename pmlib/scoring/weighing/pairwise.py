"""Weights from pairs: how many times as much one criterion counts as another (analytic hierarchy process).

It is used for weights of criteria only. Priorities of projects compared with each other in the same way
(the distributive mode) depend on which projects are in the set, so a project added could turn others round.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.scoring.inputs import shown
from pmlib.scoring.robustness import percent
from pmlib.scoring.values import FloatArray
from pmlib.scoring.weighing.pairwise_judgements import ROUNDING, Comparisons, parts, read_comparisons

#: Mean consistency index of random judgements for 1 to 15 criteria (Saaty 1980, table 1.4).
RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
#: Largest consistency ratio that Saaty accepts.
ACCEPTED_RATIO = 0.10

_SAATY_LARGEST = 9.0
# Judgements and what the others imply, closer than this factor, agree.
_SAME = 1e-9


class Prioritisation(StrEnum):
    """How judgements of pairs become weights."""

    EIGENVECTOR = "eigenvector"
    GEOMETRIC_MEAN = "geometric mean"


@dataclass(frozen=True, eq=False, kw_only=True)
class PairwiseWeights:
    """Weights from comparisons of pairs, and how well the judgements agree with each other.

    Attributes
    ----------
    weights : Series of shape (n_criteria,), index criterion
        Shares that sum to 1; goes into ``score(tables, weights=...)`` as it is.
    method : Prioritisation
        How the judgements became weights.
    lambda_max : float
        Principal eigenvalue of the judgements, whatever the method; n_criteria when they agree.
    consistency_ratio : float
        0 when all agree, up to 0.10 accepted; 0 for 1 or 2 criteria, NaN beyond 15 (see the notes).
    table : DataFrame
        One row per judgement, the most inconsistent first: criterion, against, given (times, 1 or more),
        implied (times, by the weights), ratio (given / implied), others (times, implied by all other
        judgements; NaN where these do not connect the two).
    notes : tuple of str
        What was not asked or lies beyond Saaty's scale.
    """

    weights: pd.Series
    method: Prioritisation
    lambda_max: float
    consistency_ratio: float
    table: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def most_inconsistent(self) -> str:
        """The judgement farthest from what the others imply, in words; empty when all agree."""
        if self.table.empty or not abs(np.log(self.table["given"].iloc[0] / self.table["others"].iloc[0])) > _SAME:
            return ""
        one, other, given, *_, implied = self.table.iloc[0].to_list()
        said = f"{implied:.2g}" if implied >= 1 else f"1/{1 / implied:.2g}"
        return f"{one} against {other}: given {given:.3g}, the others imply {said}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per judgement, the most inconsistent first."""
        return self.table.copy(deep=False)

    def summary(self) -> str:
        """Say what counts most, whether the judgements agree, and which to ask again."""
        ends = (str(self.weights.idxmax()), str(self.weights.idxmin()))
        most, least = (f"{name} ({percent(self.weights[name])})" for name in ends)
        order = f"{most} counts most, {least} least" if len(self.weights) > 1 else f"{most} is the only criterion"
        again = f" Ask again first: {self.most_inconsistent}." if self.consistency_ratio > ACCEPTED_RATIO else ""
        return (f"{order}; the consistency ratio is {self._ratio_words()}.{again} These are weights of criteria; "
                "priorities of projects compared in pairs would depend on the set.")

    def headline(self) -> dict[str, str]:
        """Give the largest weight and the consistency ratio."""
        ratio, _, words = self._ratio_words().partition(", ")
        return {percent(self.weights.max()): f"weight of {self.weights.idxmax()}, the largest",
                ratio: f"consistency ratio, {words}"}

    def __repr__(self) -> str:
        """Say it in one line: every weight and the consistency ratio."""
        parts = ", ".join(f"{name} {weight:.3g}" for name, weight in self.weights.items())
        return f"<PairwiseWeights: {parts}; consistency ratio {self._ratio_words()}>"

    def _ratio_words(self) -> str:
        if np.isnan(self.consistency_ratio):
            return f"not defined, beyond {len(RANDOM_INDEX)} criteria"
        side = "above" if self.consistency_ratio > ACCEPTED_RATIO else "within"
        return f"{self.consistency_ratio:.3f}, {side} the accepted {ACCEPTED_RATIO:.2f}"


def pairwise_weights(
    judgements: pd.DataFrame, *, method: Prioritisation | str = Prioritisation.EIGENVECTOR
) -> PairwiseWeights:
    """Turn judgements of pairs of criteria into weights, and say how well they agree.

    Ask how many times as much the swing from worst to best on one criterion is worth as on another. The
    consistency ratio belongs to the judgements, not to the method: ((lambda_max - n) / (n - 1)) / random index,
    where lambda_max of incomplete judgements is Harker's and the random index shrinks in proportion to the
    comparisons left out, down to 0 for a tree, which cannot contradict itself.

    Parameters
    ----------
    judgements : DataFrame
        Either square, criteria x criteria, with the same labels on both sides, or long with the columns
        criterion, against, times. Cells are 0.001 to 1000, or text such as ``1/3``; empty means not asked.
        One of the two cells of a pair is enough; both must be reciprocal, up to 5 % of rounding.
    method : Prioritisation
        ``eigenvector``, or ``geometric mean`` of the rows (logarithmic least squares when incomplete).

    Returns
    -------
    PairwiseWeights

    Raises
    ------
    ParameterError
        A label is missing or stands twice, a cell is no such number, two cells contradict each other, or the
        judgements fall into parts that no judgement connects.

    References
    ----------
    Saaty (1977), Journal of Mathematical Psychology 15, 234-281. Saaty (1980), The Analytic Hierarchy Process.
    Crawford & Williams (1985), Journal of Mathematical Psychology 29, 387-405.
    Harker (1987), Mathematical Modelling 9, 837-848. Saaty (2003), European Journal of Operational Research 145,
    85-91 (a judgement against the one that the others imply).
    Bozoki, Fulop & Ronyai (2010), Mathematical and Computer Modelling 52, 318-333.
    Agoston & Csato (2022), Omega 108, 102576 (random index of incomplete judgements).

    Examples
    --------
    >>> pairs = pd.DataFrame({"criterion": ["reach", "reach", "fit"], "against": ["fit", "risk", "risk"],
    ...                       "times": [2, 6, 3]})
    >>> pairwise_weights(pairs)
    <PairwiseWeights: reach 0.6, fit 0.3, risk 0.1; consistency ratio 0.000, within the accepted 0.10>
    """
    return prioritise(read_comparisons(judgements), method=method)


def prioritise(
    comparisons: Comparisons, *, method: Prioritisation | str = Prioritisation.EIGENVECTOR
) -> PairwiseWeights:
    """Turn checked comparisons into weights; `pairwise_weights` without the reading.

    Raises
    ------
    ParameterError
        The method is unknown.
    """
    if not isinstance(method, str) or method not in list(Prioritisation):
        raise ParameterError(f"method is {shown(method)}. {did_you_mean(str(method), list(Prioritisation))} Name one.")
    method, logs = Prioritisation(method), comparisons.logs
    n, missing = len(logs), int(np.isnan(logs).sum()) // 2
    scores, lambda_max = _log_weights(logs, method), _principal(logs)[1]
    shares = np.exp(scores - scores.max())
    weights = pd.Series(shares / shares.sum(), index=pd.Index(comparisons.criteria, name="criterion"), name="weight")
    return PairwiseWeights(
        weights=weights, method=method, lambda_max=lambda_max, table=_judgements(comparisons, scores, method),
        consistency_ratio=_consistency_ratio(lambda_max, n=n, missing=missing), notes=_notes(logs, missing),
    )


def _consistency_ratio(lambda_max: float, *, n: int, missing: int) -> float:
    if missing == (n - 1) * (n - 2) // 2:
        return 0.0
    if n > len(RANDOM_INDEX):
        return float("nan")
    left = 1 - 2 * missing / ((n - 1) * (n - 2))
    return max(lambda_max - n, 0.0) / (n - 1) / (RANDOM_INDEX[n - 1] * left)


def _log_weights(logs: FloatArray, method: Prioritisation) -> FloatArray:
    return _principal(logs)[0] if method is Prioritisation.EIGENVECTOR else _least_squares(logs)


def _least_squares(logs: FloatArray) -> FloatArray:
    """Logarithms of weights nearest to all judgements; row means when complete."""
    asked = ~np.isnan(logs)
    laplacian = np.diag(asked.sum(axis=1)) - asked.astype(float)
    return np.asarray(np.linalg.lstsq(laplacian, np.nansum(logs, axis=1), rcond=None)[0])


def _principal(logs: FloatArray) -> tuple[FloatArray, float]:
    """Logarithms of Harker's principal eigenvector, and its eigenvalue."""
    asked = ~np.isnan(logs)
    near = _least_squares(logs)
    # Scaled by weights that nearly fit, all entries are near 1: small weights keep their digits.
    scaled = np.where(asked, np.exp(np.nan_to_num(logs) - np.subtract.outer(near, near)), 0.0)
    np.fill_diagonal(scaled, len(logs) - asked.sum(axis=1) + 1)
    values, vectors = np.linalg.eig(scaled)
    first = int(np.argmax(values.real))
    return near + np.log(np.abs(vectors[:, first].real)), float(values[first].real)


def _judgements(comparisons: Comparisons, scores: FloatArray, method: Prioritisation) -> pd.DataFrame:
    criteria, logs = comparisons.criteria, comparisons.logs
    ends = [(i, j) if logs[i, j] >= 0 else (j, i) for i, j in np.argwhere(np.triu(~np.isnan(logs), 1))]
    given = np.array([logs[pair] for pair in ends], dtype=float)
    implied = np.array([scores[i] - scores[j] for i, j in ends], dtype=float)
    others = np.array([_implied_by_others(logs, pair, method) for pair in ends], dtype=float)
    table = pd.DataFrame({
        "criterion": pd.Series([criteria[i] for i, _ in ends], dtype="str"),
        "against": pd.Series([criteria[j] for _, j in ends], dtype="str"),
        "given": np.exp(given), "implied": np.exp(implied), "ratio": np.exp(given - implied), "others": np.exp(others),
    })
    # Rounded, so that judgements that agree stay in the order of the criteria.
    worst_first = pd.Series(-np.abs(given - others).round(9)).sort_values(kind="stable").index
    return table.loc[worst_first].reset_index(drop=True)


def _implied_by_others(logs: FloatArray, pair: tuple[int, int], method: Prioritisation) -> float:
    without = logs.copy()
    without[pair] = without[pair[::-1]] = np.nan
    if parts(without).any():
        return float("nan")
    scores = _log_weights(without, method)
    return float(scores[pair[0]] - scores[pair[1]])


def _notes(logs: FloatArray, missing: int) -> tuple[str, ...]:
    n, largest = len(logs), float(np.exp(np.nanmax(np.abs(logs))))
    notes = []
    if missing:
        notes.append(f"{missing} of {n * (n - 1) // 2} comparisons were not asked; the others stand in for them.")
    if n > len(RANDOM_INDEX):
        notes.append(f"Saaty's random index ends at {len(RANDOM_INDEX)} criteria: {n} have no consistency ratio. "
                     "Compare them in a tree of smaller groups.")
    if largest > _SAATY_LARGEST * (1 + ROUNDING):
        notes.append(f"A judgement of {largest:.3g} lies beyond Saaty's scale, which ends at {_SAATY_LARGEST:g}.")
    return tuple(notes)
