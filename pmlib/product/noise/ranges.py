"""Whole numbers within the range that an explorer can draw."""

from __future__ import annotations

from numbers import Integral

from pmlib.errors import ParameterError


def whole_number(name: str, got: object, *, least: int, most: int, remedy: str) -> int:
    """Read a whole number from ``least`` to ``most``.

    Raises
    ------
    ParameterError
        It is no whole number, or lies outside.

    Examples
    --------
    >>> whole_number("answers", 100, least=20, most=100_000, remedy="Use 100.")
    100
    """
    if not isinstance(got, Integral) or isinstance(got, bool) or not least <= int(got) <= most:
        raise ParameterError(f"{name}: got {got!r}, allowed {least:,} to {most:,}, a whole number. {remedy}")
    return int(got)
