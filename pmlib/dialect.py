"""From what an office writes to the schema's plain text; what can mean two things is marked, never guessed."""

from __future__ import annotations

import datetime as dt
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pmlib.errors import WorkbookError
from pmlib.months import month_name, month_of
from pmlib.schema.casting import DAY, MONTH, NO, NUMBER, REMEDY, YES
from pmlib.schema.definition import Column, Kind
from pmlib.schema.portfolio_tables import DATE_FORMATS, DECIMAL_MARKS

# Blanks, signs without width and byte order marks, as spreadsheets and web pages leave them at the ends of a cell.
_OUTER = string.whitespace + "\u00a0\u1680\u3000\ufeff" + "".join(
    chr(code) for block in (range(0x2000, 0x2010), range(0x2028, 0x2030), range(0x205F, 0x2065)) for code in block)
_BLANKS = " \u00a0\u2009\u202f"

_SIGNS = {
    "€": ("EUR",), "£": ("GBP",), "₹": ("INR",), "₩": ("KRW",), "₺": ("TRY",), "₪": ("ILS",), "₴": ("UAH",),
    "₫": ("VND",), "฿": ("THB",), "₱": ("PHP",), "zł": ("PLN",), "Kč": ("CZK",), "Ft": ("HUF",), "R$": ("BRL",),
    "US$": ("USD",), "kr": ("SEK", "NOK", "DKK", "ISK"), "¥": ("JPY", "CNY"), "￥": ("JPY", "CNY"),
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP"),
}
_PLAIN = {
    Kind.TEXT: r"^[!-~](?:[ -~]*[!-~])?$",
    Kind.NUMBER: f"^(?:{NUMBER})$",
    Kind.INTEGER: f"^(?:{NUMBER})$",
    Kind.MONTH: f"^(?:{MONTH}|{DAY})$",
    Kind.DATE: f"^{DAY}$",
    Kind.FLAG: f"^(?i:{'|'.join(re.escape(word) for word in YES + NO)})$",
}
_WORDS = (dict.fromkeys(("x", "✓", "✔", "ja", "wahr", "oui", "vrai"), "true")
          | dict.fromkeys(("nein", "falsch", "non", "faux"), "false"))

# Longer cells are text, which the patterns would search at great length.
_LONGEST = 200
_POWER = r"(?:[eE][+-]?[0-9]+)?"
_CELL = re.compile(rf"([^0-9.,]*)([0-9.,][0-9.,'’{_BLANKS}]*?{_POWER})([^0-9.,]*)")
_GROUPS = r"[1-9][0-9]{{0,2}}([{mark}'’" + _BLANKS + r"])[0-9]{{3}}(?:\1[0-9]{{3}})*"
_POINT = re.compile(rf"{_GROUPS.format(mark=',')}(?:\.[0-9]+)?|(?:[0-9]+\.?[0-9]*|\.[0-9]+){_POWER}")
_COMMA = re.compile(rf"{_GROUPS.format(mark='.')}(?:,[0-9]+)?|(?:[0-9]+(?:,[0-9]+)?|,[0-9]+){_POWER}")
# Of a plain number: no thousands separator can stand there, so that the point is a decimal one.
_SURE_POINT = r"\.\d*[eE]|^[+-]?(?:0\d*|\d{4,})?\.|\.(?:\d{0,2}|\d{4,})$"
_FROM_POINT = str.maketrans(dict.fromkeys(",'’" + _BLANKS))
_FROM_COMMA = str.maketrans(dict.fromkeys(".'’" + _BLANKS) | {",": "."})

_MIDNIGHT = r"(?:[ T]00:00(?::00(?:\.0+)?)?)?"
_YEAR_FIRST = re.compile(rf"([0-9]{{4}})([-./])([0-9]{{1,2}})\2([0-9]{{1,2}}){_MIDNIGHT}")
_YEAR_LAST = re.compile(rf"([0-9]{{1,2}})([-./])([0-9]{{1,2}})\2([0-9]{{4}}){_MIDNIGHT}")
_MONTH_FIRST = re.compile(r"(?P<month>0?[1-9]|1[0-2])[-./](?P<year>[0-9]{4})")
_MONTH_LAST = re.compile(r"(?P<year>[0-9]{4})[./](?P<month>0[1-9]|1[0-2])")

_MARK = "Write it plainly, or name the decimal_mark in the table workbook."
_FORMAT = "Write the date as, say, 2025-12-31, or name the date_format in the table workbook."
_SIGN = "|".join(re.escape(sign) for sign in (*_SIGNS, "CHF", *(code for codes in _SIGNS.values() for code in codes)))
# For each kind, what a failed cell looks like and the way out; the first that fits is shown.
_WAYS_OUT: tuple[tuple[tuple[Kind, ...], re.Pattern[str], str], ...] = (
    (tuple(Kind), re.compile(r"#\w[\w/]*[!?]?"), "Mend the formula in the spreadsheet."),
    (tuple(Kind), re.compile(r"=.*", re.DOTALL), "Calculate the formula and save the file again."),
    ((Kind.NUMBER, Kind.INTEGER), re.compile(r".* \(.* or .*\?\)|.* \(decimal mark '.' is declared\)"), _MARK),
    ((Kind.NUMBER, Kind.INTEGER), re.compile(rf".*[0-9].*(?:T|k|K|M|m|Tsd\.?|Mio\.?) ?(?:{_SIGN})"),
     "Write the number alone, in the column's unit."),
    ((Kind.NUMBER, Kind.INTEGER), re.compile(rf"[^0-9]*(?:{_SIGN})\s*[-+(]?\s*[0-9].*|.*[0-9].*?(?:{_SIGN}).*"),
     "Convert it to the workbook's currency, the currency in the table workbook."),
    ((Kind.NUMBER, Kind.INTEGER), re.compile(r".*[0-9].*%"),
     "Write it in the column's unit, without the percent sign."),
    ((Kind.MONTH,), re.compile(r"(?:[^\W\d]{3,9}\.?[- ]?[0-9]{2}|[0-9]{2}[- ][^\W\d]{3,9}\.?)"),
     "Write the month as 2025-12; Excel turned it into a date."),
    ((Kind.DATE, Kind.MONTH), re.compile(r".* \(.* or .*\?\)|" + _YEAR_LAST.pattern), _FORMAT),
    ((Kind.DATE, Kind.MONTH), re.compile(r"[0-9]{1,2}([-./])[0-9]{1,2}\1[0-9]{2}"), "Write the year with four digits."),
)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How an office writes: what the table ``workbook`` declares of it, or nothing.

    Attributes
    ----------
    date_format : str
        One of ``DATE_FORMATS``; empty: not declared.
    decimal_mark : str
        One of ``DECIMAL_MARKS``; empty: not declared.
    currency : str
        The one currency of the workbook, as its ISO code.

    Raises
    ------
    WorkbookError
        The format or the mark is none of these.
    """

    date_format: str = ""
    decimal_mark: str = ""
    currency: str = "EUR"

    def __post_init__(self) -> None:
        for name, got, allowed in (("date_format", self.date_format, DATE_FORMATS),
                                   ("decimal_mark", self.decimal_mark, DECIMAL_MARKS)):
            if got and got not in allowed:
                raise WorkbookError(f"workbook: {name} '{got}', allowed {' '.join(allowed)}. Correct it.")


class _Written(NamedTuple):
    """A number as written: read with a decimal point and with a decimal comma, where it can be."""

    cell: str
    sign: str = ""
    percent: bool = False
    point: str | None = None
    comma: str | None = None

    def asks_for(self, usual: str) -> str:
        """Name the decimal mark of its one reading; of two, only a point that is usual in the file."""
        if self.point is not None:
            return "." if self.comma is None or usual == "." in self.cell else ""
        return "," if self.comma else ""

    def plain(self, unit: str, *, mark: str, declared: bool) -> str:
        """Rewrite it by the decimal mark of the file; as written, or with its doubt, where that cannot be."""
        readings = {key: text for key, text in ((".", self.point), (",", self.comma)) if text is not None}
        if declared and readings and mark not in readings:
            return f"{self.cell} (decimal mark '{mark}' is declared)"
        found = {readings[mark]} if mark in readings else set(readings.values())
        if len(found) > 1:
            whole, decimal = sorted(found, key=lambda text: "." in text)
            return f"{self.cell} ({whole} or {decimal}?)"
        text = self.sign + found.pop() if found else self.cell
        return _without_percent(text, unit) or self.cell if self.percent else text


class _Numbers(NamedTuple):
    """A number column with each distinct cell read once."""

    encoded: pa.ChunkedArray
    written: list[_Written]

    @classmethod
    def of(cls, column: pa.ChunkedArray, dialect: Dialect) -> _Numbers:
        encoded = column.dictionary_encode()
        return cls(encoded, [_read(cell, dialect.currency) for cell in _distinct(encoded)])


def _without_percent(text: str, unit: str) -> str:
    if unit == "%":
        return text
    if unit != "share 0-1" or "e" in text.lower():
        return ""
    sign, digits, exponent = Decimal(text).as_tuple()
    return format(Decimal((sign, digits, int(exponent) - 2)), "f")


def plain_table(cells: pa.Table, columns: Mapping[str, Column], *, dialect: Dialect, delimiter: str = ",",
                typed: Mapping[str, np.ndarray] | None = None) -> pa.Table:
    """Rewrite every string column of a file that the schema knows to plain text; unknown columns stay.

    The numbers of a file share one decimal mark: the declared one, else the one that its cells with
    one reading ask for, "3,5" a comma and "12.5" a point. Where they ask for both, no mark is settled,
    and every cell with two readings, such as "1.234", is refused. In a file of commas the point is
    usual: it counts where no cell asks for a mark, and "12.125" asks for it too, so that one quoted
    "3,5" leads to its refusal and never to 12125.

    Parameters
    ----------
    cells : pyarrow.Table
        One string column per header cell.
    columns : mapping of column name to Column
        What the schema knows of them, with their units.
    dialect : Dialect
        What is declared; the rest is read from the file where it can mean one thing only.
    delimiter : str
        Of the file; empty where it has none.
    typed : mapping of column name to array of bool, (n_rows,)
        True where the sheet held a number, date or flag: such a cell is plain already, stays as it
        is and tells nothing of the texts.

    Returns
    -------
    pyarrow.Table
        The same rows and columns. A cell that can mean two things carries its doubt and fails its cast.

    Examples
    --------
    >>> cost = Column(name="cost_k", kind=Kind.NUMBER, meaning="cost")
    >>> cells = pa.table({"cost_k": ["1.234,5", "1.200 €", "(0,25)"]})
    >>> plain_table(cells, {"cost_k": cost}, dialect=Dialect(), delimiter=";")["cost_k"].to_pylist()
    ['1234.5', '1200', '-0.25']
    """
    known = [name for name, field in zip(cells.column_names, cells.schema, strict=True)
             if name in columns and _is_text(field.type)]
    typed = typed or {}
    texts = {name: pc.if_else(typed[name], None, cells[name]) if name in typed else cells[name] for name in known}
    of_kind = {name: columns[name].kind for name in known}
    numbers = {name: texts[name] for name in known if of_kind[name] in (Kind.NUMBER, Kind.INTEGER)}
    rewritten = _rewritten_numbers(numbers, columns, dialect=dialect, delimiter=delimiter)
    for name in known:
        if name not in numbers and not _all(texts[name], _PLAIN[of_kind[name]]):
            rewritten[name] = _rewritten(texts[name], of_kind[name], dialect)
    for name, column in rewritten.items():
        whole = pc.if_else(typed[name], cells[name], column) if name in typed else column
        cells = cells.set_column(cells.column_names.index(name), name, whole)
    return cells


def remedy(kind: Kind, value: str) -> str:
    """Say how to mend a cell that failed its cast.

    Parameters
    ----------
    kind : Kind
        What the column holds.
    value : str
        The cell as its finding shows it.

    Examples
    --------
    >>> remedy(Kind.NUMBER, "1.234 (1234 or 1.234?)")
    'Write it plainly, or name the decimal_mark in the table workbook.'
    """
    cell = value.strip()[:_LONGEST]
    return next((text for kinds, pattern, text in _WAYS_OUT if kind in kinds and pattern.fullmatch(cell)), REMEDY[kind])


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _all(column: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(column, pattern), min_count=0).as_py())


def _any(column: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(column, pattern), min_count=0).as_py())


def _tidy(column: pa.ChunkedArray) -> pa.ChunkedArray:
    text = pc.utf8_trim(pc.utf8_normalize(column, "NFC"), _OUTER)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text)


def _rewritten(column: pa.ChunkedArray, kind: Kind, dialect: Dialect) -> pa.ChunkedArray:
    column = _tidy(column)
    if kind is Kind.TEXT:
        return column
    encoded = column.dictionary_encode()
    return _decoded(encoded, [_REWRITE[kind](cell, dialect.date_format) for cell in _distinct(encoded)])


def _distinct(encoded: pa.ChunkedArray) -> list[str]:
    return encoded.chunk(0).dictionary.to_pylist() if encoded.num_chunks else []


def _decoded(encoded: pa.ChunkedArray, values: list[str]) -> pa.ChunkedArray:
    text = pa.array(values, encoded.type.value_type)
    return pa.chunked_array([text.take(chunk.indices) for chunk in encoded.chunks], text.type)


def _rewritten_numbers(numbers: dict[str, pa.ChunkedArray], columns: Mapping[str, Column], *, dialect: Dialect,
                       delimiter: str) -> dict[str, pa.ChunkedArray]:
    """Rewrite the number columns of a file together, because together they tell its decimal mark."""
    plain = {name for name, column in numbers.items() if _all(column, _PLAIN[Kind.NUMBER])}
    usual = dialect.decimal_mark or ("." if delimiter == "," else "")
    if usual == "." and len(plain) == len(numbers):
        return {}
    read = {name: _Numbers.of(_tidy(column), dialect) for name, column in numbers.items() if name not in plain}
    marks = {number.asks_for(usual) for column in read.values() for number in column.written} - {""}
    if any(_any(numbers[name], r"\." if usual == "." else _SURE_POINT) for name in plain):
        marks.add(".")
    mark = dialect.decimal_mark or (usual if not marks else marks.pop() if len(marks) == 1 else "")
    if mark != ".":
        read |= {name: _Numbers.of(numbers[name], dialect) for name in plain if _any(numbers[name], r"\.")}
    declared = bool(dialect.decimal_mark)
    return {name: _decoded(column.encoded, [number.plain(columns[name].unit, mark=mark, declared=declared)
                                            for number in column.written]) for name, column in read.items()}


def _read(cell: str, currency: str) -> _Written:
    parts = _CELL.fullmatch(cell) if len(cell) <= _LONGEST else None
    around = _around(parts[1], parts[3], currency) if parts else None
    if parts is None or around is None or (parts[2][0] in ".," and parts[1][-1:].isalpha()):
        return _Written(cell=cell)
    body = parts[2]
    return _Written(
        cell=cell, sign=around[0], percent=around[1],
        point=body.translate(_FROM_POINT) if _POINT.fullmatch(body) else None,
        comma=body.translate(_FROM_COMMA) if _COMMA.fullmatch(body) else None,
    )


@lru_cache(maxsize=1024)
def _around(before: str, after: str, currency: str) -> tuple[str, bool] | None:
    """Sign and percent from what stands around the digits; nothing where something else stands there."""
    head, tail = "".join(before.split()).replace("−", "-"), "".join(after.split())
    sign = "".join(mark for mark in head if mark in "+-(")
    if sign not in ("", "+", "-", "(") or tail.count(")") != sign.count("(") or tail.count("%") > 1:
        return None
    percent = "%" in tail
    head, tail = head.strip("+-("), tail.strip("%)")
    if (percent + bool(head) + bool(tail)) > 1 or not all(_is_currency(token, currency) for token in (head, tail)):
        return None
    return sign.replace("(", "-"), percent


def _is_currency(token: str, currency: str) -> bool:
    code = currency.strip().upper()
    return token.upper() in ("", code) or code in _SIGNS.get(token, ())


def _date(cell: str, declared: str) -> str:
    if re.fullmatch(DAY, cell):
        return cell
    if parts := _YEAR_FIRST.fullmatch(cell):
        return str(_day(parts[1], parts[3], parts[4]) or cell)
    parts = _YEAR_LAST.fullmatch(cell)
    if parts is None or (declared and declared[2] != parts[2]):
        return cell
    first, _, second, year = parts.groups()
    readings = {"DD": _day(year, second, first), "MM": _day(year, first, second)}
    days = {readings[declared[:2]]} if declared else set(readings.values())
    days.discard(None)
    if len(days) > 1:
        doubt = " or ".join(f"{day.day} {month_name(month_of(day)).split()[0]}" for day in readings.values() if day)
        return f"{cell} ({doubt}?)"
    return str(days.pop()) if days else cell


def _day(year: str, month: str, day: str) -> dt.date | None:
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None


def _month(cell: str, declared: str) -> str:
    parts = _MONTH_FIRST.fullmatch(cell) or _MONTH_LAST.fullmatch(cell)
    return f"{parts['year']}-{int(parts['month']):02d}" if parts else _date(cell, declared)


def _flag(cell: str, _: str) -> str:
    return _WORDS.get(cell.casefold(), cell)


_REWRITE: dict[Kind, Callable[[str, str], str]] = {Kind.DATE: _date, Kind.MONTH: _month, Kind.FLAG: _flag}
