"""Judgements of pairs of criteria, read from a square or a long table and checked for contradictions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.scoring.inputs import frame_of, shown
from pmlib.scoring.values import FloatArray

#: Both cells of a pair may miss being reciprocal by this share: 1/6 typed as 0.17 is rounding.
ROUNDING = 0.05

_LONG = ("criterion", "against", "times")
_LARGEST = 1000.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparisons:
    """Judgements of pairs, checked: whatever was given twice agrees.

    Attributes
    ----------
    criteria : tuple of str
        What was compared.
    logs : ndarray of shape (n_criteria, n_criteria)
        Logarithm of how many times the row counts as much as the column; antisymmetric, NaN where not asked.
    """

    criteria: tuple[str, ...]
    logs: FloatArray


def read_comparisons(judgements: pd.DataFrame) -> Comparisons:
    """Read judgements of pairs from a square or a long frame, and refuse contradictions.

    Parameters
    ----------
    judgements : DataFrame
        As in `pairwise_weights`.

    Returns
    -------
    Comparisons

    Raises
    ------
    ParameterError
        As in `pairwise_weights`.
    """
    judgements = frame_of(judgements, what="judgements")
    square = _from_long(judgements) if set(_LONG) <= set(judgements.columns) else _from_square(judgements)
    criteria = tuple(square.index)
    cells = np.array([[_times(square.iat[i, j], row, column) for j, column in enumerate(criteria)]
                      for i, row in enumerate(criteria)], dtype=float).reshape(len(criteria), len(criteria))
    _refuse_contradictions(cells, criteria)
    logs = np.log(cells)
    # Of two cells the larger one is kept: 6 is exact where 0.17 is rounded.
    kept = np.where(np.isnan(logs) | (cells < cells.T), -logs.T, logs)
    kept = (kept - kept.T) / 2
    np.fill_diagonal(kept, 0.0)
    _refuse_parts(kept, criteria)
    return Comparisons(criteria=criteria, logs=kept)


def parts(logs: FloatArray) -> npt.NDArray[np.intp]:
    """Find for each criterion the first one that comparisons connect it with.

    Parameters
    ----------
    logs : ndarray of shape (n_criteria, n_criteria)
        NaN where not asked.

    Returns
    -------
    integer ndarray of shape (n_criteria,)
        All 0 when the comparisons connect all criteria.
    """
    reach = ~np.isnan(logs)
    for _ in range(len(logs).bit_length()):
        reach = reach @ reach
    return np.asarray(np.argmax(reach, axis=1))


def _from_square(frame: pd.DataFrame) -> pd.DataFrame:
    square = frame.set_axis([str(row) for row in frame.index]).set_axis([str(name) for name in frame.columns], axis=1)
    if square.empty:
        raise ParameterError("judgements: got an empty table, allowed one row and one column per criterion. Fill it.")
    for labels, kind, others in ((square.index, "row", square.columns), (square.columns, "column", square.index)):
        if labels.has_duplicates:
            raise ParameterError(f"judgements: {kind} {labels[labels.duplicated()][0]!r} stands twice, allowed once. "
                                 "Rename or drop one of them.")
        alone = [label for label in labels if label not in set(others)]
        if alone:
            raise ParameterError(f"judgements: {kind} {alone[0]!r} has no counterpart on the other side, allowed the "
                                 f"same criteria on both. {did_you_mean(alone[0], others)} Label both sides alike, or "
                                 f"give the columns {', '.join(_LONG)}.")
    return square.loc[:, list(square.index)]


def _from_long(frame: pd.DataFrame) -> pd.DataFrame:
    rows = frame[list(_LONG)].reset_index(drop=True)
    nameless = rows[["criterion", "against"]].isna().any(axis=1)
    if nameless.any() or rows.empty:
        where = f"row {int(np.argmax(nameless)) + 1} names no pair" if len(rows) else "got no row"
        raise ParameterError(f"judgements: {where}, allowed a criterion and the one it is against. Fill both.")
    pairs = rows[["criterion", "against"]].astype("str")
    twice = pairs.duplicated()
    if twice.any():
        one, other = pairs[twice].iloc[0]
        raise ParameterError(f"judgements: {one!r} against {other!r} stands twice, allowed once. Keep the newest row.")
    criteria = list(dict.fromkeys(pairs.to_numpy().ravel()))
    square = pd.DataFrame(None, index=criteria, columns=criteria, dtype=object)
    for (one, other), times in zip(pairs.to_numpy(), rows["times"], strict=True):
        square.loc[one, other] = times
    return square


def _times(cell: Any, row: str, column: str) -> float:
    if (pd.api.types.is_scalar(cell) and pd.isna(cell)) or (isinstance(cell, str) and not cell.strip()):
        return 1.0 if row == column else float("nan")
    try:
        times = float(Fraction(cell)) if isinstance(cell, str) else float(cell)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        times = float("nan")
    if not 1 / _LARGEST <= times <= _LARGEST:
        raise ParameterError(f"judgements: {row!r} against {column!r} is {shown(cell)}, allowed {1 / _LARGEST:g} to "
                             f"{_LARGEST:g} or empty. Write 3 when the first counts three times as much, 1/3 for the "
                             "reverse.")
    return times


def _refuse_contradictions(cells: FloatArray, criteria: tuple[str, ...]) -> None:
    apart = np.triu(np.abs(cells * cells.T - 1) > ROUNDING)
    if apart.any():
        i, j = (int(place[0]) for place in np.nonzero(apart))
        one, other = criteria[i], criteria[j]
        if i == j:
            raise ParameterError(f"judgements: {one!r} against itself is {cells[i, i]:g}, allowed 1 or empty. "
                                 "Empty it.")
        raise ParameterError(f"judgements: {one!r} against {other!r} is {cells[i, j]:g} but {other!r} against {one!r} "
                             f"is {cells[j, i]:g}, allowed {1 / cells[i, j]:.3g}. Empty the wrong one of the two.")


def _refuse_parts(logs: FloatArray, criteria: tuple[str, ...]) -> None:
    first = parts(logs)
    if first.any():
        groups = [", ".join(name for name, mine in zip(criteria, first, strict=True) if mine == part)
                  for part in sorted(set(first))]
        raise ParameterError(f"judgements: no comparison connects {' | '.join(groups)}, allowed one connected whole. "
                             "Compare a criterion of one part with one of another.")
