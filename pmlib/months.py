"""Months as integers: year * 12 + month, so that arithmetic needs no calendar."""

from __future__ import annotations

import datetime as dt
import re
from numbers import Real

from pmlib.errors import ParameterError

# A fixed list: strftime would follow the machine's locale.
_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")
#: What counts as a month here, and not as a slip.
FIRST_MONTH, LAST_MONTH = 1900 * 12 + 1, 2199 * 12 + 12
_MONTH = re.compile(r"((?:19|20|21)\d\d)-(0[1-9]|1[0-2])")


def parse_month(text: str) -> int:
    """Turn ``YYYY-MM`` into the integer year * 12 + month.

    Raises
    ------
    ParameterError
        The text is no month of the years 1900 to 2199.

    Examples
    --------
    >>> parse_month("2026-01") - parse_month("2025-12")
    1
    """
    match = _MONTH.fullmatch(str(text).strip())
    if match is None:
        raise ParameterError(
            f"month: got {text!r}, allowed YYYY-MM of the years 1900 to 2199. Write it as, say, 2025-12.")
    return int(match[1]) * 12 + int(match[2])


def as_month(period: int | str) -> int:
    """Read a period given as ``YYYY-MM`` or as the integer year * 12 + month.

    Raises
    ------
    ParameterError
        The text is no month, it is neither text nor a whole number, or the number lies outside the years 1900-2199.

    Examples
    --------
    >>> as_month("2025-12") == as_month(24312)
    True
    """
    if isinstance(period, str):
        return parse_month(period)
    whole = isinstance(period, Real) and not isinstance(period, bool) and period % 1 == 0
    if not whole or not FIRST_MONTH <= period <= LAST_MONTH:
        raise ParameterError(f"period: got {period!r}, allowed year * 12 + month of the years 1900-2199. "
                             "Write it as text, say '2025-12'.")
    return int(period)


def month_text(month: int) -> str:
    """Write a month integer as ``YYYY-MM``.

    Examples
    --------
    >>> month_text(parse_month("2025-12"))
    '2025-12'
    """
    year, past = divmod(int(month) - 1, 12)
    return f"{year:04d}-{past + 1:02d}"


def month_year(month: int) -> int:
    """Calendar year of a month integer.

    Examples
    --------
    >>> month_year(parse_month("2025-12"))
    2025
    """
    return (int(month) - 1) // 12


def month_of(date: dt.date) -> int:
    """Month integer of a date.

    Examples
    --------
    >>> month_text(month_of(dt.date(2025, 12, 31)))
    '2025-12'
    """
    return date.year * 12 + date.month


def month_name(month: int) -> str:
    """Month as a board reads it.

    Examples
    --------
    >>> month_name(parse_month("2025-12"))
    'December 2025'
    """
    year, past = divmod(int(month) - 1, 12)
    return f"{_NAMES[past]} {year}"


def last_day(month: int) -> dt.date:
    """Last calendar day of a month integer.

    Examples
    --------
    >>> last_day(parse_month("2024-02"))
    datetime.date(2024, 2, 29)
    """
    return dt.date(month_year(month + 1), month % 12 + 1, 1) - dt.timedelta(days=1)
