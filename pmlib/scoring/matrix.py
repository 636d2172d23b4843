"""The decision matrix: alternatives on criteria, with the direction and the weight of each criterion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
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
    shares, notes = _shares(weights, list(frame.columns))
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
    if isinstance(given, pd.Series) and given.index.has_duplicates:
        twice = given.index[given.index.duplicated()][0]
        raise ParameterError(f"{what}: {twice!r} stands twice, allowed once. Keep one of them.")
    cells = {str(name): cell for name, cell in given.items()}
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
    if levels.empty:
        raise ParameterError(f"{what}: got {len(levels)} rows and {levels.shape[1]} columns, allowed 1 or more of "
                             "each. Pass one row per alternative and one column per criterion.")
    # A million row numbers take longer to write as text than to rank.
    rows = levels.index if pd.api.types.is_integer_dtype(levels.index) else levels.index.map(str)
    frame = levels.set_axis(rows, axis=0).set_axis(levels.columns.map(str), axis=1)
    for labels, kind in ((frame.index, "alternative"), (frame.columns, "criterion")):
        if labels.has_duplicates:
            raise ParameterError(f"{what}: {kind} {labels[labels.duplicated()][0]!r} stands twice, allowed once. "
                                 "Rename or drop one of them.")
    floats = (frame.dtypes == np.float64).all()
    numbers: pd.DataFrame = frame if floats else frame.apply(pd.to_numeric, errors="coerce").astype(float)
    if not _all_finite(numbers.to_numpy()):
        row, column = (int(place[0]) for place in np.nonzero(~np.isfinite(numbers.to_numpy())))
        raise ParameterError(
            f"{what}: {frame.index[row]!r} has {_shown(frame.iat[row, column])} on {frame.columns[column]!r}, allowed "
            "a finite number. Fill the cell, or leave the alternative out: a ranking cannot tell what nobody judged."
        )
    return numbers


def _shown(cell: object) -> str:
    return f"{cell:g}" if isinstance(cell, float) else repr(cell)


def _all_finite(array: FloatArray) -> bool:
    """Tell whether no cell is NaN or infinite; a finite sum proves it in one pass."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(array.sum())) or bool(np.isfinite(array).all())


def _shares(weights: Mapping[str, float] | pd.Series | None, criteria: list[str]) -> tuple[pd.Series, tuple[str, ...]]:
    index = pd.Index(criteria, name="criterion")
    if weights is None:
        note = f"No weights were given: all {len(criteria)} criteria count the same."
        return pd.Series(1 / len(criteria), index=index, name="weight"), (note,)
    given = by_criterion(weights, criteria, what="weights")
    raw = pd.to_numeric(pd.Series(list(given.values()), index=index, name="weight"), errors="coerce").astype(float)
    bad = ~(np.isfinite(raw.to_numpy()) & (raw.to_numpy() >= 0))
    if bad.any():
        name = criteria[int(np.argmax(bad))]
        raise ParameterError(f"weights: {name!r} has {_shown(given[name])}, allowed a finite number of 0 or more. "
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
        if word not in list(Direction):
            raise ParameterError(f"directions: {name!r} has {word!r}. {did_you_mean(str(word), list(Direction))} "
                                 "Write one of the two words.")
    words = [Direction(str(word)) for word in given.values()]
    return pd.Series(words, index=pd.Index(criteria, name="criterion"), name="direction", dtype=object)
