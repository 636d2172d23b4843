"""The decision matrix: alternatives on criteria, with the direction and the weight of each criterion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.scoring.inputs import LARGEST_LEVEL, floats, frame_of, labelled, shown
from pmlib.scoring.values import Direction

FloatArray = npt.NDArray[np.float64]

_SUM_SLACK = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class DecisionMatrix:
    """What is chosen from, judged by what, with the direction and the weight of each criterion.

    Attributes
    ----------
    levels : DataFrame of shape (n_alternatives, n_criteria)
        Finite numbers under unique labels, as `finite_numbers` returns them.
    weights : Series of shape (n_criteria,)
        Shares that sum to 1, in the order of the columns.
    directions : Series of shape (n_criteria,)
        A `Direction` for each criterion.
    notes : tuple of str
        What was rescaled or assumed.
    """

    levels: pd.DataFrame
    weights: pd.Series
    directions: pd.Series
    notes: tuple[str, ...]

    @property
    def array(self) -> FloatArray:
        """The levels as they stand, shape (n_alternatives, n_criteria)."""
        return np.asarray(self.levels.to_numpy(dtype=float))

    @property
    def signs(self) -> FloatArray:
        """+1 for a criterion to maximise, -1 for one to minimise, shape (n_criteria,)."""
        return np.where(self.directions.to_numpy() == Direction.MAXIMISE, 1.0, -1.0)

    def __repr__(self) -> str:
        """Say it in one line: every criterion with its direction and weight."""
        signs = {Direction.MAXIMISE: "▲", Direction.MINIMISE: "▼"}
        parts = [f"{name} {signs[self.directions[name]]} {self.weights[name]:.3g}" for name in self.levels.columns]
        return f"<DecisionMatrix: {len(self.levels)} alternatives on {', '.join(parts)}>"


def decision_matrix(
    levels: pd.DataFrame, *, weights: Mapping[str, float] | pd.Series | None = None,
    directions: Mapping[str, Direction | str] | pd.Series | Direction | str = Direction.MAXIMISE,
) -> DecisionMatrix:
    """Put levels, weights and directions together by label, and refuse what cannot be ranked.

    Parameters
    ----------
    levels : DataFrame of shape (n_alternatives, n_criteria)
        One row per alternative, one column of numbers per criterion.
    weights : mapping or Series of criterion to number, optional
        0 or more, one per criterion; rescaled to sum 1 with a note. By default all the same.
    directions : mapping or Series of criterion to ``maximise`` or ``minimise``, or one word for all
        Which levels are better.

    Returns
    -------
    DecisionMatrix

    Raises
    ------
    ParameterError
        A label stands twice, a level is no finite number, a weight is missing, unknown, negative or not finite,
        or a direction is missing or no known word.

    Examples
    --------
    >>> levels = pd.DataFrame({"price": [100, 120], "quality": [3, 5]}, index=["A", "B"])
    >>> decision_matrix(levels, weights={"price": 40, "quality": 60},
    ...                 directions={"price": "minimise", "quality": "maximise"})
    <DecisionMatrix: 2 alternatives on price ▼ 0.4, quality ▲ 0.6>
    """
    frame = finite_numbers(levels)
    shares, notes = shares_of(weights, list(frame.columns))
    return DecisionMatrix(levels=frame, weights=shares, directions=_directions(directions, list(frame.columns)),
                          notes=notes)


def by_criterion(
    given: Mapping[str, object] | pd.Series, criteria: list[str], *, what: str
) -> dict[str, object]:
    """Return one given cell per criterion, by label, in the order of the criteria.

    Raises
    ------
    ParameterError
        A criterion has none, has two, or is unknown.
    """
    pairs = [(str(name), cell) for name, cell in labelled(given, what=what).items()]
    cells = dict(pairs)
    if len(cells) < len(pairs):
        twice = next(name for place, (name, _) in enumerate(pairs) if name in dict(pairs[:place]))
        raise ParameterError(f"{what}: {twice!r} stands twice, allowed once. Keep one of them.")
    for name in cells:
        if name not in criteria:
            raise ParameterError(f"{what}: {name!r} is no criterion. {did_you_mean(name, criteria)} Correct the label.")
    missing = [name for name in criteria if name not in cells]
    if missing:
        raise ParameterError(f"{what}: none for {', '.join(missing)}, allowed one per criterion. Add it.")
    return {name: cells[name] for name in criteria}


def finite_numbers(levels: pd.DataFrame, *, what: str = "levels") -> pd.DataFrame:
    """Return a table of finite numbers under unique labels; one of float64 already is checked, not copied.

    Parameters
    ----------
    levels : DataFrame of shape (n_alternatives, n_criteria)
        One row per alternative, one column of numbers per criterion.
    what : str
        How messages call the table.

    Returns
    -------
    DataFrame of shape (n_alternatives, n_criteria)
        Labels as text; whole numbers as labels of rows stay numbers.

    Raises
    ------
    ParameterError
        The table is empty, a label stands twice, or a cell is no finite number.
    """
    if frame_of(levels, what=what).empty:
        raise ParameterError(f"{what}: got {len(levels)} rows and {levels.shape[1]} columns, allowed 1 or more of "
                             "each. Pass one row per alternative and one column per criterion.")
    # A million row numbers take longer to write as text than to rank.
    rows = levels.index if pd.api.types.is_integer_dtype(levels.index) else _texts(levels.index)
    frame = levels.set_axis(rows, axis=0).set_axis(_texts(levels.columns), axis=1)
    for labels, kind in ((levels.index, "alternative"), (levels.columns, "criterion")):
        if labels.nlevels > 1:
            raise ParameterError(f"{what}: each {kind} has {labels.nlevels} labels, allowed 1. Join them, such as "
                                 "'A 2026'.")
        if labels.hasnans:
            raise ParameterError(f"{what}: {kind} {int(np.argmax(labels.isna())) + 1} has an empty label, allowed a "
                                 "name. Name it.")
    for labels, kind in ((frame.index, "alternative"), (frame.columns, "criterion")):
        if labels.has_duplicates:
            raise ParameterError(f"{what}: {kind} {labels[labels.duplicated()][0]!r} stands twice, allowed once. "
                                 "Rename or drop one of them.")
    ready = (frame.dtypes == np.float64).all()
    numbers: pd.DataFrame = frame if ready else frame.apply(floats)
    if not _within(numbers.to_numpy()):
        row, column = (int(place[0]) for place in np.nonzero(~(np.abs(numbers.to_numpy()) <= LARGEST_LEVEL)))
        got = f"{frame.index[row]!r} has {shown(frame.iat[row, column])} on {frame.columns[column]!r}"
        raise ParameterError(
            f"{what}: {got}, allowed a finite number up to 1e300. Fill the cell, or leave the alternative out: a "
            "ranking cannot tell what nobody judged."
        )
    return numbers


def _texts(labels: pd.Index) -> pd.Index:
    """Write labels as text, an empty one too."""
    return pd.Index([str(label) for label in labels], dtype="str", name=labels.name)


def _within(array: FloatArray) -> bool:
    """Tell whether no cell is NaN, infinite or too large, without a copy."""
    return bool(array.min() >= -LARGEST_LEVEL) and bool(array.max() <= LARGEST_LEVEL)


def shares_of(
    weights: Mapping[str, float] | pd.Series | None, criteria: list[str]
) -> tuple[pd.Series, tuple[str, ...]]:
    """Return weights as shares that sum to 1, in the order of the criteria, and what was rescaled or assumed.

    Raises
    ------
    ParameterError
        A weight is missing, unknown, negative or not finite, or all are 0.
    """
    index = pd.Index(criteria, name="criterion")
    if weights is None:
        note = f"No weights were given: all {len(criteria)} criteria count the same."
        return pd.Series(1 / len(criteria), index=index, name="weight"), (note,)
    given = by_criterion(weights, criteria, what="weights")
    raw = floats(pd.Series(list(given.values()), index=index, name="weight", dtype=object))
    bad = ~((raw.to_numpy() >= 0) & (raw.to_numpy() <= LARGEST_LEVEL))
    if bad.any():
        name = criteria[int(np.argmax(bad))]
        raise ParameterError(f"weights: {name!r} has {shown(given[name])}, allowed a finite number of 0 or more. "
                             "Turn a criterion round with its direction, not with its weight.")
    total = float(raw.sum())
    if total <= 0:
        raise ParameterError("weights: all are 0, allowed at least one above 0. Give the most important criterion 100.")
    note = f"Weights summed to {total:g} and were rescaled to sum 1."
    return raw / total, (note,) if abs(total - 1.0) > _SUM_SLACK else ()


def _directions(
    directions: Mapping[str, Direction | str] | pd.Series | Direction | str, criteria: list[str]
) -> pd.Series:
    given = dict.fromkeys(criteria, directions) if isinstance(directions, str) else \
        by_criterion(directions, criteria, what="directions")
    for name, word in given.items():
        if not isinstance(word, str) or word not in list(Direction):
            raise ParameterError(f"directions: {name!r} has {shown(word)}. {did_you_mean(str(word), list(Direction))} "
                                 "Write one of the two words.")
    words = [Direction(str(word)) for word in given.values()]
    return pd.Series(words, index=pd.Index(criteria, name="criterion"), name="direction", dtype=object)
