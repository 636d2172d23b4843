"""Whether two cells differ, and how a cell reads: numbers within a tolerance, words exactly, missing = missing."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

#: Numbers closer than this, relative to the larger, are the same number.
TOLERANCE = 1e-9
_LEADING_NUMBER = re.compile(r"([+-]?\d[\d,]*(?:\.\d+)?)(.*)", re.DOTALL)
_THOUSAND, _LARGEST_PLAIN = 1_000, 1e15


def is_number(cells: pd.Series) -> bool:
    """Whether a column holds numbers; yes and no are words."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return bool(is_numeric_dtype(cells.dtype)) and not is_bool_dtype(cells.dtype)


def differ(before: pd.Series, now: pd.Series) -> NDArray[np.bool_]:
    """Mark the cells that differ between two aligned columns.

    Parameters
    ----------
    before, now : Series of shape (n_rows,)
        Row by row the same thing; their types may differ.

    Returns
    -------
    ndarray of bool, shape (n_rows,)

    Examples
    --------
    >>> import pandas as pd
    >>> differ(pd.Series([0.1 + 0.2, None, 1.0]), pd.Series([0.3, None, 2.0])).tolist()
    [False, False, True]
    """
    missing = _missing(before), _missing(now)
    numbers = is_number(before) and is_number(now)
    unequal = _unequal_numbers(before, now) if numbers else _unequal_words(before, now)
    marked: NDArray[np.bool_] = (unequal | (missing[0] ^ missing[1])) & ~(missing[0] & missing[1])
    return marked


def _missing(cells: pd.Series) -> NDArray[np.bool_]:
    """Mark cells without content: of words, the empty one too."""
    empty = cells.isna()
    if cells.dtype.kind == "O":
        empty |= cells.eq("").fillna(False).astype(bool)
    return empty.to_numpy(dtype=bool)


def _unequal_numbers(before: pd.Series, now: pd.Series) -> NDArray[np.bool_]:
    kinds = {before.dtype.kind, now.dtype.kind}
    if kinds <= {"i", "u"}:
        # Whole numbers exactly: as floats, large ones would fall together.
        whole: NDArray[np.bool_] = before.fillna(0).to_numpy() != now.fillna(0).to_numpy()
        return whole
    a, b = as_floats(before), as_floats(now)
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) <= TOLERANCE * np.maximum(np.abs(a), np.abs(b)))
    apart: NDArray[np.bool_] = ~(close | (a == b))
    return apart


def _unequal_words(before: pd.Series, now: pd.Series) -> NDArray[np.bool_]:
    if before.dtype != now.dtype or before.dtype.kind == "O":
        mixed: NDArray[np.bool_] = words(before) != words(now)
        return mixed
    unequal = before.reset_index(drop=True).ne(now.reset_index(drop=True))
    return unequal.fillna(True).to_numpy(dtype=bool)


def as_floats(cells: pd.Series) -> NDArray[np.float64]:
    """Numbers of a column as floats; NaN where one is missing, and everywhere in a column of words."""
    if not is_number(cells):
        return np.full(len(cells), np.nan)
    return cells.to_numpy(dtype=np.float64, na_value=np.nan)


def words(cells: pd.Series) -> NDArray[np.object_]:
    """Every cell as exact text, None where one is missing: what is compared where the types of two columns differ.

    Examples
    --------
    >>> import pandas as pd
    >>> words(pd.Series([1.0, 2.5, None])).tolist(), words(pd.Series([True, False])).tolist()
    (['1', '2.5', None], ['yes', 'no'])
    """
    import pandas as pd

    try:
        # Distinct values are few beside the rows, and each is worded once.
        codes, values = pd.factorize(cells)
        distinct = list(values)
    except TypeError:  # lists and mappings have no hash
        codes, distinct = np.where(cells.isna(), -1, np.arange(len(cells))), list(cells)
    worded = np.empty(len(distinct) + 1, dtype=object)
    worded[:-1] = [_word(value) for value in distinct]
    return worded[codes]


def _word(value: Any) -> str:
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _LARGEST_PLAIN else repr(value)
    if hasattr(value, "isoformat"):
        return str(value).removesuffix(" 00:00:00")
    return str(value)


def number_text(value: float) -> str:
    """Write a number as people read it: thousands separated, four significant digits below a thousand.

    Examples
    --------
    >>> number_text(29992.4), number_text(0.074737), number_text(-0.0)
    ('29,992', '0.07474', '0')
    """
    if not math.isfinite(value):
        return str(value)
    if float(value).is_integer() and abs(value) < _LARGEST_PLAIN:
        return f"{int(value):,}"
    return f"{value:,.0f}" if _THOUSAND <= abs(value) < _LARGEST_PLAIN else f"{value:.4g}"


def texts(before: pd.Series, now: pd.Series) -> tuple[list[str], list[str]]:
    """Write two aligned columns as people read them; digits are added where a difference would not show.

    Returns
    -------
    tuple of two lists of str
        Missing cells are empty text.
    """
    pairs = [[word or "" for word in words(cells)] for cells in (before, now)]
    if not (is_number(before) and is_number(now)):
        return pairs[0], pairs[1]
    short = [[number_text(value) if text else "" for value, text in zip(cells, exact, strict=True)]
             for cells, exact in zip((before, now), pairs, strict=True)]
    for place, (one, other) in enumerate(zip(*short, strict=True)):
        if one == other:
            short[0][place], short[1][place] = pairs[0][place], pairs[1][place]
    return short[0], short[1]


def leading_number(text: str) -> tuple[float, str]:
    """Split text into the number it begins with and the rest: NaN where it begins with none.

    Examples
    --------
    >>> leading_number("5,071 rows")
    (5071.0, ' rows')
    """
    found = _LEADING_NUMBER.fullmatch(text.strip())
    return (float(found[1].replace(",", "")), found[2]) if found else (math.nan, text)
