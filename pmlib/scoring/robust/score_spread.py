"""How sure each score is: the distribution of a project's points on a criterion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.scoring.inputs import floats, frame_of, of_kind, shown
from pmlib.scoring.matrix import decision_matrix
from pmlib.scoring.ranks import FloatArray

_LOWEST, _HIGHEST = 0.0, 100.0
_COLUMNS = ("project_id", "objective_id", "law", "low", "middle", "high", "standard_error")


class Law(StrEnum):
    """Distribution of a score."""

    NORMAL = "normal"
    UNIFORM = "uniform"
    TRIANGULAR = "triangular"


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreSpread:
    """The scores that are not certain, each with its distribution; scores are independent of each other.

    Attributes
    ----------
    table : DataFrame
        One row per uncertain score: project_id, objective_id, law, low, middle, high (points; the middle is the
        normal's mean, the triangle's mode or the middle of the range) and standard_error (normal only, else 0).
    """

    table: pd.DataFrame

    def joined(self, other: ScoreSpread) -> ScoreSpread:
        """Return these scores and the other's; where both know a score, the other's."""
        both = pd.concat([self.table, other.table], ignore_index=True)
        return ScoreSpread(table=both.drop_duplicates(["project_id", "objective_id"], keep="last", ignore_index=True))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per uncertain score."""
        return self.table.copy(deep=False)

    def summary(self) -> str:
        """Say how many scores are uncertain and in which way."""
        counts = ", ".join(f"{count} {law}" for law, count in self._counts())
        many = "1 score is" if len(self.table) == 1 else f"{len(self.table)} scores are"
        return f"{many} uncertain: {counts}." if counts else "No score is uncertain."

    def headline(self) -> dict[str, str]:
        """Give the number of uncertain scores, and of each distribution, as figures."""
        return {f"{count:,} {law}": "of the uncertain scores" for law, count in self._counts()}

    def __repr__(self) -> str:
        """Say it in one line."""
        return f"<ScoreSpread: {', '.join(f'{count} {law}' for law, count in self._counts()) or 'none'}>"

    def _counts(self) -> Iterator[tuple[str, int]]:
        for law in Law:
            if count := int((self.table["law"] == law).sum()):
                yield str(law), count


def normal_scores(points: pd.DataFrame, standard_errors: pd.DataFrame) -> ScoreSpread:
    """Scores known with a standard error: normal, cut off at 0 and 100 points.

    Parameters
    ----------
    points : DataFrame of shape (n_projects, n_leaves)
        Mean of each score, 0 to 100 points; NaN: nothing is said of this score.
    standard_errors : DataFrame of the same labels
        Points, 0 or more. The score of a single assessor has none: give one pooled over the other scores.

    Raises
    ------
    ParameterError
        Labels differ, a mean is outside 0 to 100, or a standard error is missing, negative or not finite.
    """
    cells = _stacked(points, standard_error=standard_errors)
    _refuse(cells, ~(cells["standard_error"] >= 0) | np.isinf(cells["standard_error"]), column="standard_error",
            allowed="a finite number of 0 or more")
    sure = cells["standard_error"] == 0
    ends = {"low": cells["middle"].where(sure, _LOWEST), "high": cells["middle"].where(sure, _HIGHEST)}
    return _spread(cells.assign(law=np.where(sure, Law.UNIFORM, Law.NORMAL), **ends))


def uniform_scores(low: pd.DataFrame, high: pd.DataFrame) -> ScoreSpread:
    """Scores known to lie in a range, nothing more; 0 to 100 for a score that nobody gave.

    Parameters
    ----------
    low, high : DataFrames of the same labels, shape (n_projects, n_leaves)
        Points, 0 <= low <= high <= 100; NaN in ``low``: nothing is said of this score.

    Raises
    ------
    ParameterError
        Labels differ, or an end is missing, outside 0 to 100 or on the wrong side of the other.

    Examples
    --------
    >>> points = pd.DataFrame({"reach": [40.0, None]}, index=["A", "B"])
    >>> missing = points.isna()
    >>> zero = points.fillna(0.0).where(missing)
    >>> uniform_scores(zero, zero + 100).to_frame()[["project_id", "objective_id", "low", "high"]].to_numpy().tolist()
    [['B', 'reach', 0.0, 100.0]]
    """
    cells = _stacked(low, high=high).rename(columns={"middle": "low"})
    return _spread(_in_line(cells.assign(middle=(cells["low"] + cells["high"]) / 2, law=Law.UNIFORM)))


def triangular_scores(low: pd.DataFrame, mode: pd.DataFrame, high: pd.DataFrame) -> ScoreSpread:
    """Scores known by their lowest, most likely and highest value.

    Parameters
    ----------
    low, mode, high : DataFrames of the same labels, shape (n_projects, n_leaves)
        Points, 0 <= low <= mode <= high <= 100; NaN in ``mode``: nothing is said of this score.

    Raises
    ------
    ParameterError
        Labels differ, or a number is missing, outside 0 to 100 or out of order.
    """
    cells = _stacked(mode, low=low, high=high)
    law = np.where(cells["low"] == cells["high"], Law.UNIFORM, Law.TRIANGULAR)
    return _spread(_in_line(cells.assign(law=law)))


def quantiles(table: pd.DataFrame, shares: FloatArray) -> FloatArray:
    """Points below which a share of each score's distribution lies.

    Parameters
    ----------
    table : DataFrame of n_cells rows
        As `ScoreSpread.table`.
    shares : ndarray of shape (n_draws, n_cells)
        0-1.

    Returns
    -------
    ndarray of shape (n_draws, n_cells)
    """
    points = np.empty_like(shares)
    for law in Law:
        at = np.flatnonzero(table["law"].to_numpy() == law)
        numbers = table.iloc[at][["low", "middle", "high", "standard_error"]].to_numpy(dtype=float).T
        if len(at):
            points[:, at] = _of_law(law, shares[:, at], numbers)
    return points


def _of_law(law: Law, shares: FloatArray, numbers: FloatArray) -> FloatArray:
    low, middle, high, error = numbers
    if law is Law.UNIFORM:
        return np.asarray(low + shares * (high - low), dtype=float)
    if law is Law.TRIANGULAR:
        rising = low + np.sqrt(shares * (high - low) * (middle - low))
        falling = high - np.sqrt((1 - shares) * (high - low) * (high - middle))
        return np.asarray(np.where(shares * (high - low) < middle - low, rising, falling), dtype=float)
    from scipy.special import ndtr, ndtri

    below, above = ndtr((low - middle) / error), ndtr((high - middle) / error)
    return np.asarray(np.clip(middle + error * ndtri(below + shares * (above - below)), low, high), dtype=float)


def _stacked(middle: pd.DataFrame, **others: pd.DataFrame) -> pd.DataFrame:
    """One row per cell of ``middle`` that is not NaN, with the other frames' cells of the same labels beside it."""
    for name, frame in {"points": middle, **others}.items():
        labels = (frame_of(frame, what=name).index, frame.columns)
        if any(label.has_duplicates for label in labels):
            raise ParameterError(f"{name}: a project or criterion stands twice, allowed once. Keep one of them.")
        strange = [one for mine, known in zip(labels, (middle.index, middle.columns), strict=True)
                   for one in sorted(set(mine) ^ set(known), key=str)]
        if strange:
            raise ParameterError(f"{name}: {strange[0]!r} stands in one frame only, allowed the same projects and "
                                 "criteria in all. Give them the same labels.")
    rows, columns = np.nonzero(middle.notna().to_numpy())
    cells = {"project_id": middle.index.map(str).to_numpy()[rows],
             "objective_id": middle.columns.map(str).to_numpy()[columns],
             "middle": _cells(middle, what="points")[rows, columns]}
    for name, frame in others.items():
        cells[name] = _cells(frame.loc[middle.index, middle.columns], what=name)[rows, columns]
    return pd.DataFrame(cells)


def _cells(frame: pd.DataFrame, *, what: str) -> FloatArray:
    """Return numbers, NaN where a cell is empty; a word is refused, as it would pass for an empty cell."""
    numbers = np.column_stack([floats(cells) for _, cells in frame.items()]) if frame.size else np.empty(frame.shape)
    lost = np.isnan(numbers) & frame.notna().to_numpy()
    if lost.any():
        row, column = (int(place[0]) for place in np.nonzero(lost))
        raise ParameterError(f"{what}: {frame.index[row]!r} has {shown(frame.iat[row, column])} on "
                             f"{frame.columns[column]!r}, allowed a number or an empty cell. Correct the cell.")
    return np.asarray(numbers, dtype=float)


def _in_line(cells: pd.DataFrame) -> pd.DataFrame:
    for column, least, most in (("low", _LOWEST, "high"), ("middle", "low", "high"), ("high", "low", _HIGHEST)):
        floor = cells[least] if isinstance(least, str) else least
        roof = cells[most] if isinstance(most, str) else most
        _refuse(cells, ~((cells[column] >= floor) & (cells[column] <= roof)), column=column,
                allowed="low <= middle <= high inside 0 to 100")
    return cells


def _spread(cells: pd.DataFrame) -> ScoreSpread:
    _refuse(cells, ~cells["middle"].between(_LOWEST, _HIGHEST), column="middle", allowed="0 to 100 points")
    table = cells.assign(standard_error=cells.get("standard_error", 0.0))
    return ScoreSpread(table=table[list(_COLUMNS)].astype({"law": "str"}))


def _refuse(cells: pd.DataFrame, bad: pd.Series, *, column: str, allowed: str) -> None:
    if bad.any():
        first = cells.loc[bad].iloc[0]
        raise ParameterError(f"scores: {first['project_id']!r} on {first['objective_id']!r} has {column} "
                             f"{first[column]:g}, allowed {allowed}. Correct the cell, or leave it empty.")


@dataclass(frozen=True, eq=False, kw_only=True)
class Scores:
    """Points of projects on criteria, ready to be drawn: what is certain, and the cells that are not.

    Attributes
    ----------
    points : DataFrame of shape (n_projects, n_leaves)
        Complete; the middle in the uncertain cells.
    cells : DataFrame
        Rows of `ScoreSpread.table`, by project and criterion.
    project, leaf : integer ndarrays of shape (n_cells,)
        Where each cell stands.
    """

    points: pd.DataFrame
    cells: pd.DataFrame
    project: npt.NDArray[np.intp]
    leaf: npt.NDArray[np.intp]

    def certain(self) -> FloatArray:
        """Return points with 0 in the uncertain cells, shape (n_leaves, n_projects)."""
        points: FloatArray = self.points.to_numpy(dtype=float).T.copy()
        points[self.leaf, self.project] = 0.0
        return points

    def uncertain(self, weights: FloatArray, drawn: FloatArray) -> tuple[npt.NDArray[np.intp], FloatArray]:
        """Sum weight times points over the uncertain cells.

        Parameters
        ----------
        weights : ndarray of shape (n_draws, n_leaves)
        drawn : ndarray of shape (n_draws, n_cells)
            Points of the uncertain cells.

        Returns
        -------
        integer ndarray of shape (n,), ndarray of shape (n_draws, n)
            The projects that have such cells, and their sums.
        """
        projects, starts = np.unique(self.project, return_index=True)
        if not len(projects):
            return projects, np.empty((len(weights), 0))
        sums: FloatArray = np.add.reduceat(weights[:, self.leaf] * drawn, starts, axis=1)
        return projects, sums


def placed(points: pd.DataFrame, spread: ScoreSpread | None) -> Scores:
    """Give each uncertain score its cell among the points.

    Raises
    ------
    ParameterError
        A label stands twice, a score is of no project or criterion, or a cell is empty and no distribution is given.
    """
    frame = points.set_axis([str(one) for one in points.index], axis=0)
    frame = frame.set_axis([str(one) for one in frame.columns], axis=1)
    if spread is not None:
        of_kind(spread, ScoreSpread, what="scores", remedy="Make one with normal_scores, uniform_scores or "
                                                           "triangular_scores.")
    cells = spread.table if spread is not None else pd.DataFrame([], columns=list(_COLUMNS)).astype("str")
    for column, known in (("project_id", frame.index), ("objective_id", frame.columns)):
        for got in sorted(set(cells[column]) - set(known)):
            raise ParameterError(f"scores: {column} {got!r} is not in points. {did_you_mean(got, known)} "
                                 "Correct the label.")
    # Labels that stand twice are refused below, together with everything else that is no matrix.
    project, leaf = (labels.unique().get_indexer(pd.Index(cells[column])) for labels, column in
                     ((frame.index, "project_id"), (frame.columns, "objective_id")))
    order = np.lexsort((leaf, project))
    cells, project, leaf = cells.iloc[order].reset_index(drop=True), project[order], leaf[order]
    filled = frame.to_numpy(dtype=object, copy=True)
    filled[project, leaf] = cells["middle"].to_numpy()
    complete = decision_matrix(pd.DataFrame(filled, index=frame.index, columns=frame.columns))
    return Scores(points=complete.levels, cells=cells, project=project, leaf=leaf)
