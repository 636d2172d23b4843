"""Which rows of two periods are the same row: the key of a table, found from its data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pmlib.reporting.history.cells import is_number, words

if TYPE_CHECKING:
    import pandas as pd

_IDENTIFIER = re.compile(r"(.*_)?id")
_MONTH = re.compile(r"(.*_)?(month|period|quarter|year|week|day|date)")
_COUNT = re.compile(r"(n|count|rows)(_.*)?|.*_(n|k|eur|rows|count|pm)")
# Measures (float, complex) and yes or no, by the kind of their type.
_NO_KEY = "fcb"
#: Columns whose words decide something, the most telling first: compared, hence keys only where no others do.
DECIDING = (("action", "decision", "recommendation", "verb"), ("verdict", "rule", "class"), ("status", "state"))


@dataclass(frozen=True, eq=False, kw_only=True)
class RowMatch:
    """Rows of two periods put side by side.

    Attributes
    ----------
    key : tuple of str
        The columns that name a row.
    before, now : ndarray of int, shape (n_common,)
        Places of the rows that stand in both, in the order of now.
    gone : ndarray of int
        Places in before of rows that went.
    came : ndarray of int
        Places in now of rows that are new.
    """

    key: tuple[str, ...]
    before: NDArray[np.intp]
    now: NDArray[np.intp]
    gone: NDArray[np.intp]
    came: NDArray[np.intp]


def deciding_rank(column: str) -> int | None:
    """How telling the words of a column are: 0 for an action, then verdicts, then states; None for other columns.

    Examples
    --------
    >>> deciding_rank("action"), deciding_rank("state"), deciding_rank("value_k")
    (0, 2, None)
    """
    for rank, names in enumerate(DECIDING):
        if column in names:
            return rank
    return None


def is_month(column: str) -> bool:
    """Whether a column says when, by its name."""
    return _MONTH.fullmatch(column) is not None


def match_rows(before: pd.DataFrame, now: pd.DataFrame) -> RowMatch | None:
    """Find the smallest leading set of columns that names every row in both periods, and match by it.

    Identifiers come first, then months, then other words and whole numbers that stand before the first
    measure; columns that decide something come last. A measure (float) is never a key.

    Parameters
    ----------
    before, now : DataFrame

    Returns
    -------
    RowMatch or None
        None where no such set is unique in both.

    Examples
    --------
    >>> import pandas as pd
    >>> one = pd.DataFrame({"project_id": ["P1", "P2"], "value_k": [1.0, 2.0]})
    >>> match_rows(one, one.iloc[::-1]).key
    ('project_id',)
    """
    codes: dict[str, NDArray[np.intp]] = {}
    for column in _candidates(before, now):
        codes[column] = _codes(before[column], now[column])
        if _unique(_mixed(list(codes.values())), len(before)):
            texts = frozenset(name for name in codes if not is_number(now[name]))
            return _matched(_smallest(codes, len(before), texts), codes, len(before))
    return None


def _candidates(before: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    kinds = [{column: dtype.kind for column, dtype in frame.dtypes.items()} for frame in (before, now)]
    places = [{column: place for place, column in enumerate(frame)} for frame in (before, now)]
    first_measure = [next((place for place, kind in enumerate(one.values()) if kind == "f"), len(one)) for one in kinds]
    ranked = []
    for column in set(before.columns) & set(now.columns):
        leads = all(place[column] < first for place, first in zip(places, first_measure, strict=True))
        tier = _tier(column, leads)
        if tier is not None and not any(one[column] in _NO_KEY for one in kinds):
            ranked.append((tier, min(place[column] for place in places), column))
    return [column for *_, column in sorted(ranked)]


def _tier(column: str, leads: bool) -> int | None:
    if _IDENTIFIER.fullmatch(column):
        return 0
    if is_month(column):
        return 1
    if not leads or _COUNT.fullmatch(column):
        return None
    return 2 if deciding_rank(column) is None else 3


def _first_measure(frame: pd.DataFrame) -> int:
    measures = (place for place, column in enumerate(frame) if frame[column].dtype.kind == "f")
    return next(measures, frame.shape[1])


def _codes(before: pd.Series, now: pd.Series) -> NDArray[np.intp]:
    """Give a number to each distinct value of a column over both periods; missing is a value too."""
    import pandas as pd

    same = before.dtype == now.dtype or (is_number(before) and is_number(now))
    if not same or before.dtype.kind == "O":
        before, now = pd.Series(words(before), dtype=object), pd.Series(words(now), dtype=object)
    codes, _ = pd.factorize(pd.concat([before, now], ignore_index=True), use_na_sentinel=False)
    return codes


def _mixed(columns: list[NDArray[np.intp]]) -> NDArray[np.intp]:
    import pandas as pd

    mixed = columns[0]
    for codes in columns[1:]:
        # Numbered anew at each step, so that the product never overflows.
        mixed, _ = pd.factorize(mixed * (int(codes.max(initial=0)) + 1) + codes)
    return mixed


def _unique(codes: NDArray[np.intp], n_before: int) -> bool:
    import pandas as pd

    return all(len(pd.unique(part)) == len(part) for part in (codes[:n_before], codes[n_before:]))


def _smallest(codes: dict[str, NDArray[np.intp]], n_before: int, texts: frozenset[str]) -> list[str]:
    """Drop, the last first, what is not needed; a row is not named by bare counts where words are at hand."""
    kept = list(codes)
    # The last column is needed, or the search had ended earlier.
    for column in reversed(kept[:-1]):
        rest = [name for name in kept if name != column]
        if texts & set(rest) and _unique(_mixed([codes[name] for name in rest]), n_before):
            kept = rest
    return kept


def _matched(key: list[str], codes: dict[str, NDArray[np.intp]], n_before: int) -> RowMatch:
    import pandas as pd

    mixed = _mixed([codes[name] for name in key])
    found = pd.Index(mixed[:n_before]).get_indexer(pd.Index(mixed[n_before:]))
    there = found >= 0
    left = np.ones(n_before, dtype=bool)
    left[found[there]] = False
    return RowMatch(key=tuple(key), before=found[there], now=np.flatnonzero(there), gone=np.flatnonzero(left),
                    came=np.flatnonzero(~there))
