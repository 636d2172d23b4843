"""What changed in one table from one period to the next: cells, rows, columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pmlib.reporting.history.cells import TOLERANCE, as_floats, differ, is_number, number_text, texts, words
from pmlib.reporting.history.row_keys import DECIDING, RowMatch, deciding_rank, is_month, match_rows

if TYPE_CHECKING:
    import pandas as pd

#: Columns of what changed; words first, then the same as numbers.
COLUMNS = ("notebook", "table", "key", "subject", "column", "kind", "before", "now", "before_value", "now_value",
           "difference", "relative")
_N_TEXT = COLUMNS.index("before_value")
# Rank of a column that decides nothing.
_NOT = len(DECIDING)
_NAMES = ("name", "title")
_JOINT = " · "
#: Rows of changes as columns: text, and numbers.
Rows = dict[str, NDArray[Any]]


class Kind(StrEnum):
    """What happened to the thing a row of changes is about."""

    CHANGED = "changed"
    #: The same month, said differently a period later.
    REVISED = "revised"
    ROW_ADDED = "row added"
    ROW_REMOVED = "row removed"
    COLUMN_ADDED = "column added"
    COLUMN_REMOVED = "column removed"
    TABLE_ADDED = "table added"
    TABLE_REMOVED = "table removed"
    NOTEBOOK_ADDED = "notebook added"
    NOTEBOOK_REMOVED = "notebook removed"
    #: No columns name its rows: rows and sums are compared.
    WHOLE = "compared as a whole"
    #: Further changes of the kind named in ``column``, counted and not listed.
    MORE = "more"


def change_rows(kind: Kind, **columns: Any) -> dict[str, NDArray[Any]]:
    """Make rows of changes as columns, with their differences.

    Parameters
    ----------
    kind : Kind
    columns : scalar or sequence of shape (n_changes,)
        Some of ``COLUMNS``; text that is not given is empty, a number NaN.
    """
    length = max((len(value) for value in columns.values() if not isinstance(value, str)), default=1)
    given = {**columns, "kind": str(kind)}
    made: dict[str, NDArray[Any]] = {}
    for name in COLUMNS[:_N_TEXT]:
        made[name] = np.empty(length, dtype=object)
        made[name][:] = given.get(name, "")
    before, now = (np.full(length, given.get(name, np.nan), dtype=float) for name in ("before_value", "now_value"))
    with np.errstate(all="ignore"):
        difference = now - before
        relative = difference / np.abs(before)
    relative[~np.isfinite(relative)] = np.nan
    return {**made, "before_value": before, "now_value": now, "difference": difference, "relative": relative}


def changes_frame(parts: Sequence[Mapping[str, NDArray[Any]]]) -> pd.DataFrame:
    """Put rows of changes below each other as one frame with ``COLUMNS``."""
    import pandas as pd

    every = [change_rows(Kind.CHANGED, key=[]), *parts]
    frame = pd.DataFrame({name: np.concatenate([part[name] for part in every]) for name in COLUMNS})
    return frame.astype(dict.fromkeys(COLUMNS[:_N_TEXT], "str"))


def table_changes(before: pd.DataFrame, now: pd.DataFrame, *, rows: int = 10_000) -> pd.DataFrame:
    """Say number by number what changed in a table.

    Parameters
    ----------
    before, now : DataFrame
        The table in the two periods, as read from its file.
    rows : int
        At most so many changes of one kind are listed; the rest is counted.

    Returns
    -------
    DataFrame
        ``COLUMNS``, in the order of the rows of now; notebook and table are left empty.

    Examples
    --------
    >>> import pandas as pd
    >>> one = pd.DataFrame({"project_id": ["P17"], "name": ["Legacy"], "action": ["keep"], "value_k": [2.0]})
    >>> found = table_changes(one, one.assign(action="stop", value_k=3.0))
    >>> found[["subject", "column", "before", "now", "relative"]].values.tolist()
    [['P17 Legacy', 'action', 'keep', 'stop', nan], ['P17 Legacy', 'value_k', '2', '3', 0.5]]
    """
    match = match_rows(before, now)
    if match is None:
        parts = [_as_a_whole(before, now)]
    else:
        pair = _Pair(before=before, now=now, match=match, rows=rows)
        parts = [*pair.cells(), *pair.moved(Kind.ROW_ADDED), *pair.moved(Kind.ROW_REMOVED)]
    for kind, one, other in ((Kind.COLUMN_ADDED, now, before), (Kind.COLUMN_REMOVED, before, now)):
        parts.append(change_rows(kind, column=[column for column in one if column not in other]))
    return changes_frame(parts)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Pair:
    """One table of two periods with its rows matched."""

    before: pd.DataFrame
    now: pd.DataFrame
    match: RowMatch
    rows: int

    def cells(self) -> list[Rows]:
        """Cells that differ, row by row, the deciding columns first."""
        shared = [str(column) for column in self.now if column in self.before and column not in self.match.key]
        shared.sort(key=_decides)
        places, numbers = self._differing(shared)
        kept = self._kept(numbers, shared)
        kind = Kind.REVISED if any(map(is_month, self.match.key)) else Kind.CHANGED
        made = self._worded(places[kept], numbers[kept], shared)
        return _with_rest(change_rows(kind, **made), kind, len(places) - len(kept))

    def _differing(self, shared: list[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Place among the matched rows and number of the column, of every cell that differs."""
        grid = np.empty((len(self.match.now), len(shared)), dtype=bool)
        for number, column in enumerate(shared):
            grid[:, number] = differ(self.before[column].take(self.match.before), self.now[column].take(self.match.now))
        places, numbers = np.nonzero(grid)
        return places, numbers

    def _kept(self, numbers: NDArray[np.intp], shared: list[str]) -> NDArray[np.intp]:
        if len(numbers) <= self.rows:
            return np.arange(len(numbers))
        # A decision is never what is cut.
        plain = np.array([deciding_rank(column) is None for column in shared])[numbers]
        return np.sort(np.argsort(plain, kind="stable")[:self.rows])

    def _worded(self, places: NDArray[np.intp], numbers: NDArray[np.intp], shared: list[str]) -> dict[str, Any]:
        at_before, at_now = self.match.before[places], self.match.now[places]
        said, values = np.full((2, len(places)), "", dtype=object), np.full((2, len(places)), np.nan)
        for number in np.unique(numbers):
            column, at = shared[number], np.flatnonzero(numbers == number)
            one, other = self.before[column].take(at_before[at]), self.now[column].take(at_now[at])
            said[:, at], values[:, at] = texts(one, other), (as_floats(one), as_floats(other))
        return {
            **self._named(self.now, at_now), "column": np.array([*shared, ""], dtype=object)[numbers],
            "before": said[0], "now": said[1], "before_value": values[0], "now_value": values[1],
        }

    def moved(self, kind: Kind) -> list[Rows]:
        """Rows that came or went, with the word that decides about them."""
        came = kind is Kind.ROW_ADDED
        frame, every = (self.now, self.match.came) if came else (self.before, self.match.gone)
        places = every[:self.rows]
        deciding = [str(name) for name in frame if _decides(str(name)) < _NOT and name not in self.match.key]
        said: dict[str, Any] = {}
        for column in sorted(deciding, key=_decides)[:1]:
            said = {"column": column, "now" if came else "before": _plain(frame[column], places)}
        made = change_rows(kind, **self._named(frame, places), **said)
        return _with_rest(made, kind, len(every) - len(places))

    def _named(self, frame: pd.DataFrame, places: NDArray[np.intp]) -> dict[str, list[str]]:
        parts = {column: _plain(frame[column], places) for column in self.match.key}
        name = next((column for column in _NAMES if column in frame and column not in parts), None)
        names = _plain(frame[name], places) if name else [""] * len(places)
        rows = list(zip(*parts.values(), strict=True))
        return {
            "key": [", ".join(f"{column}={word}" for column, word in zip(parts, row, strict=True)) for row in rows],
            "subject": [f"{_JOINT.join(filter(None, row))} {called}".strip()
                        for row, called in zip(rows, names, strict=True)],
        }


def _decides(column: str) -> int:
    rank = deciding_rank(column)
    return _NOT if rank is None else rank


def _plain(cells: pd.Series, places: NDArray[np.intp]) -> list[str]:
    return [word or "" for word in words(cells.take(places))]


def _with_rest(made: Rows, kind: Kind, beyond: int) -> list[Rows]:
    rest = change_rows(Kind.MORE, column=str(kind), now=f"{beyond:,} more", now_value=[beyond])
    return [made, rest] if beyond else [made]


def _as_a_whole(before: pd.DataFrame, now: pd.DataFrame) -> Rows:
    """Compare a table whose rows have no name: how many rows, how many differ in their place, sums of its measures."""
    shared = [column for column in now if column in before]
    apart = _apart(before[shared], now[shared])
    if not apart and len(before) == len(now):
        return change_rows(Kind.WHOLE, key=[])
    measures = [column for column in shared if is_number(before[column]) and is_number(now[column])]
    summed = np.array([_sums(before[measures]), _sums(now[measures])])
    moved = np.flatnonzero(~np.isclose(summed[0], summed[1], rtol=TOLERANCE, atol=0, equal_nan=True))
    # How many rows differ has no counterpart before.
    values = np.column_stack([[len(before), len(now)], [0, apart], summed[:, moved]])
    column = ["rows", "rows that differ in their place", *(f"sum of {measures[place]}" for place in moved)]
    said = [[number_text(value) for value in one] for one in values]
    return change_rows(Kind.WHOLE, column=column, before=said[0], now=said[1], before_value=values[0],
                       now_value=values[1])


def _sums(measures: pd.DataFrame) -> list[float]:
    with np.errstate(invalid="ignore"):
        return [float(np.nansum(as_floats(measures[column]))) for column in measures]


def _apart(before: pd.DataFrame, now: pd.DataFrame) -> int:
    """Rows that differ where both have one in the same place."""
    both = min(len(before), len(now))
    unequal = [differ(before[column].head(both), now[column].head(both)) for column in now]
    return int(np.logical_or.reduce(unequal).sum()) if unequal else 0
