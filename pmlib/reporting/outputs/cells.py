"""What a value becomes in a spreadsheet: a number, a date or text, and how it is shown."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

#: What a workbook can hold: rows and columns of a sheet, UTF-16 units of a text, and of a sheet's name.
MOST_ROWS, MOST_COLUMNS, LONGEST_TEXT, LONGEST_NAME = 1_048_576, 16_384, 32_767, 31
#: Stands where a character was that no spreadsheet file may hold, and at the end of a text that was cut.
REPLACED, CUT = "\ufffd", "…"
_ILLEGAL = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
_NOT_IN_TEXT = re.compile(f"[{_ILLEGAL}]")
_NOT_IN_NAMES = re.compile(rf"[{_ILLEGAL}\t\n\r\x7f\[\]:*?/\\]")
# A spreadsheet reads _x0041_ as the letter A; with its underscore written so, the text stays as it is.
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_EXACT_INTEGER = 2**53
# Earlier days are counted differently by different programs.
_FIRST_DAY = dt.datetime(1900, 3, 1)
_SHARES = frozenset({"share", "shares", "probability",
                    "retention", "renewal", "churn", "csat", "grr", "nrr", "irr", "mirr"})
_UNGROUPED = frozenset({"year", "gate", "row", "id"})
_MANY, _SOME = 1000, 10
_WIDEST, _NARROWEST = 48, 8

Plain = str | int | float | bool | dt.date | None


def plain_value(value: Any) -> Plain:
    """Turn any value of a table into what a cell holds without loss; what is missing becomes None.

    Parameters
    ----------
    value : object
        Numbers, dates and text stay; integers beyond 2**53, days before March 1900, times with a zone, infinities
        and nested values become text.

    Examples
    --------
    >>> plain_value(float("nan")), plain_value(2**60), plain_value([1, "a"])
    (None, '1152921504606846976', '[1, "a"]')
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _EXACT_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if isinstance(value, Decimal):
        exact = value.is_finite() and Decimal(repr(float(value))) == value
        return float(value) if exact else str(value)
    if isinstance(value, dt.date):
        return _day(value)
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bytes):
        return value.hex()
    return plain_value(value.item()) if hasattr(value, "item") else str(value)


def _day(value: dt.date) -> Plain:
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime(warn=False)
    moment = value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)
    return value if moment.tzinfo is None and moment >= _FIRST_DAY else value.isoformat()


def legal_text(text: str) -> str:
    r"""Make text of characters that a spreadsheet file may hold; each other one is seen to have been replaced.

    Examples
    --------
    >>> ascii(legal_text("bell\x07"))
    "'bell\\ufffd'"
    """
    clean = _NOT_IN_TEXT.sub(REPLACED, text).replace("\r\n", "\n").replace("\r", "\n")
    return _ESCAPE.sub("_x005F_", clean)


def cut_text(text: str, most: int = LONGEST_TEXT) -> str:
    """Cut text to so many UTF-16 units, which is how spreadsheets count; what fits is returned itself.

    Examples
    --------
    >>> cut_text("scorecard", 6)
    'score…'
    """
    units = text.encode("utf-16-le")
    if len(units) <= 2 * most:
        return text
    return units[:2 * (most - 1)].decode("utf-16-le", errors="ignore") + CUT


def number_format(name: str, values: Iterable[Plain]) -> str:
    """Choose how a column's numbers or dates are shown, by its name first and its values then.

    Parameters
    ----------
    name : str
        ``_k`` at the end is money in thousands, ``_pp`` and ``_pct`` points; ``share`` and its like run from 0 to 1.
    values : iterable
        The first values of the column.

    Examples
    --------
    >>> number_format("cost_k", [1.5]), number_format("loss_share", [0.2]), number_format("year", [2026])
    ('#,##0', '0.0 %', '0')
    """
    known = [value for value in values if value is not None and value != ""]
    if any(isinstance(value, str | bool) for value in known) or not known:
        return "General"
    days = [value for value in known if isinstance(value, dt.date)]
    if days:
        timed = any(isinstance(day, dt.datetime) and day.time() != dt.time() for day in days)
        return "yyyy-mm-dd hh:mm" if timed else "yyyy-mm-dd"
    return _for_numbers(name.lower().split("_"), [value for value in known if isinstance(value, int | float)])


def _for_numbers(words: Sequence[str], numbers: Sequence[float]) -> str:
    if words[-1] == "k" and "per" not in words:
        return "#,##0"
    whole = all(isinstance(number, int) for number in numbers)
    if words[-1] in {"pp", "pct"}:
        return "0.0"
    if not whole and "p" in {words[0], words[-1]}:
        return "0.000"
    if not whole and _SHARES & set(words):
        return "0.0 %"
    if whole:
        return "0" if words[-1] in _UNGROUPED else "#,##0"
    largest = max(map(abs, numbers))
    return "#,##0" if largest >= _MANY else "#,##0.0" if largest >= _SOME else "0.000"


def column_width(name: str, values: Iterable[Plain]) -> int:
    """Width of a column in characters, so that its name and first values can be read, within bounds."""
    longest = max((_shown(value) for value in values), default=0)
    return max(_NARROWEST, min(_WIDEST, max(longest, len(name) + 3) + 2))


def _shown(value: Plain) -> int:
    if isinstance(value, str):
        return max(map(len, value[:LONGEST_TEXT].split("\n")))
    return len(f"{value:,.1f}") if isinstance(value, int | float) else 16 if isinstance(value, dt.datetime) else 10


def unique_names(wanted: Iterable[str]) -> list[str]:
    """Make every column's name a different one, in order.

    Examples
    --------
    >>> unique_names(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    taken: set[str] = set()
    return [_free(name, taken, LONGEST_TEXT) for name in wanted]


def sheet_names(wanted: Iterable[str]) -> list[str]:
    """Make names that a workbook takes for its sheets, in order: legal, short, and different whatever the case.

    Examples
    --------
    >>> sheet_names(["Read me", "20/scorecard", "read ME", "History"])
    ['Read me', '20_scorecard', 'read ME (2)', 'History (2)']
    """
    # Spreadsheets keep this name for themselves.
    taken = {"history"}
    return [_free(_NOT_IN_NAMES.sub("_", name).strip("' ") or "sheet", taken, LONGEST_NAME) for name in wanted]


def _free(name: str, taken: set[str], most: int) -> str:
    number, free = 1, cut_text(name, most)
    while free.casefold() in taken:
        number += 1
        tail = f" ({number})"
        free = cut_text(name, most - len(tail)) + tail
    taken.add(free.casefold())
    return free
