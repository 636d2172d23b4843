"""What a question may be asked with: problems, words and plain numbers; all else is refused by name."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, nearest

if TYPE_CHECKING:
    from pmlib.portfolio.problem import Problem

_Kind = TypeVar("_Kind")
#: Longer whole numbers are named, not written.
_LONGEST = 10**18


def shown(got: object) -> str:
    """Write an argument for a message: words and numbers as they are, all else by its kind.

    Examples
    --------
    >>> shown(np.float64(0.5)), shown("riks"), shown({"a": 1})
    ('0.5', "'riks'", 'a dict')
    """
    plain = got.item() if isinstance(got, np.generic) else got
    short = isinstance(plain, str | float) or (isinstance(plain, int) and abs(plain) < _LONGEST)
    return reprlib.repr(plain) if plain is None or short else _a(type(plain))


def _a(kind: type) -> str:
    return f"{'an' if kind.__name__[0] in 'AEIOaeio' else 'a'} {kind.__name__}"


def of_kind(got: object, kind: type[_Kind], name: str, *, remedy: str) -> _Kind:
    """Return what is of a kind, and refuse all else before it fails somewhere inside.

    Raises
    ------
    ParameterError
        It is something else.

    Examples
    --------
    >>> of_kind([1], dict, "weights", remedy="Name the objectives.")
    Traceback (most recent call last):
    ...
    pmlib.errors.ParameterError: weights: got a list, allowed a dict. Name the objectives.
    """
    if not isinstance(got, kind):
        raise ParameterError(f"{name}: got {shown(got)}, allowed {_a(kind)}. {remedy}")
    return got


def mapping(got: Any, name: str, *, remedy: str) -> Mapping[Any, Any]:
    """Return a mapping; a Series is one too.

    Raises
    ------
    ParameterError
        It is none.
    """
    if not isinstance(got, Mapping | pd.Series):
        raise ParameterError(f"{name}: got {shown(got)}, allowed a mapping. {remedy}")
    return dict(got) if isinstance(got, pd.Series) else got


def compiled(problem: object) -> Problem:
    """Return a compiled problem.

    Raises
    ------
    ParameterError
        It is none.
    """
    from pmlib.portfolio.problem import Problem

    return of_kind(problem, Problem, "problem", remedy="Pass decision.problem.")


def one_of(got: object, words: Sequence[str], name: str) -> str:
    """Return one of some words.

    Raises
    ------
    ParameterError
        It is none of them.
    """
    if not isinstance(got, str) or got not in words:
        near = nearest(got, words) if isinstance(got, str) else ""
        raise ParameterError(f"{name}: got {shown(got)}, allowed {', '.join(words)}. {near or 'Name one of these.'}")
    return got


def number(got: Any, name: str) -> float:
    """Return a finite number.

    Raises
    ------
    ParameterError
        It is none.

    Examples
    --------
    >>> number(float("nan"), "tail")
    Traceback (most recent call last):
    ...
    pmlib.errors.ParameterError: tail: got nan, allowed a finite number. Correct it.
    """
    try:
        value = float(got) if isinstance(got, Real) and not isinstance(got, bool) else math.nan
    except OverflowError:
        value = math.nan
    if not math.isfinite(value):
        raise ParameterError(f"{name}: got {shown(got)}, allowed a finite number. Correct it.")
    return value


def floats(frame: pd.DataFrame) -> pd.DataFrame:
    """Take the cells of a frame as numbers; what is none is missing.

    Examples
    --------
    >>> floats(pd.DataFrame({"a": ["5", "much", None]}))["a"].tolist()
    [5.0, nan, nan]
    """
    plain = all(isinstance(kind, np.dtype) and kind.kind in "iuf" for kind in frame.dtypes)
    return (frame if plain else frame.map(_float)).astype(float)


def _float(cell: Any) -> float:
    try:
        return float(cell) if isinstance(cell, Real | str) else math.nan
    except (OverflowError, ValueError):
        return math.nan


def whole(got: Any, name: str, *, least: int, most: int | None = None) -> int:
    """Return a whole number in a range.

    Raises
    ------
    ParameterError
        It is none.

    Examples
    --------
    >>> whole(0, "draws", least=1)
    Traceback (most recent call last):
    ...
    pmlib.errors.ParameterError: draws: got 0, allowed a whole number of 1 or more. Correct it.
    """
    fits = isinstance(got, Integral) and not isinstance(got, bool) and int(got) >= least
    if not fits or (most is not None and int(got) > most):
        limits = f"of {least} or more" if most is None else f"from {least} to {most:,}"
        raise ParameterError(f"{name}: got {shown(got)}, allowed a whole number {limits}. Correct it.")
    return int(got)


def share(got: Any, name: str, *, zero: bool) -> float:
    """Return a share between 0 (allowed or not) and 1.

    Raises
    ------
    ParameterError
        It is none.
    """
    real = isinstance(got, Real) and not isinstance(got, bool)
    if not real or not 0 <= got <= 1 or (got == 0 and not zero):
        allowed = "0 to 1" if zero else "above 0, up to 1"
        raise ParameterError(f"{name}: got {shown(got)}, allowed {allowed}. Correct it.")
    return float(got)


def currency_of(tables: Mapping[str, Any]) -> str:
    """Currency of the workbook's money, EUR where it does not say.

    Examples
    --------
    >>> currency_of({})
    'EUR'
    """
    book = tables.get("workbook")
    return "EUR" if book is None or book.empty or "currency" not in book else str(book["currency"].iloc[0])
