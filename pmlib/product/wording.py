"""How the product room writes figures in sentences: no more digits than are known."""

from __future__ import annotations

import math

_MILLION_K = 1000.0


def money_text(value_k: float, currency: str) -> str:
    """Write thousands of a currency as a board reads them.

    Examples
    --------
    >>> money_text(41_230.0, "EUR"), money_text(87.4, "EUR")
    ('41.2 M EUR', '87 k EUR')
    """
    return f"{figure_text(value_k)} {currency}"


def figure_text(value_k: float) -> str:
    """Write thousands as ``41.2 M`` or ``87 k``, a dash where unknown.

    Examples
    --------
    >>> figure_text(1_000.0), figure_text(float("nan"))
    ('1.0 M', '–')
    """
    if math.isnan(value_k):
        return "–"
    return f"{value_k / _MILLION_K:,.1f} M" if abs(value_k) >= _MILLION_K else f"{value_k:,.0f} k"


def signed_percent(share: float) -> str:
    """Write a relative change with its sign.

    Examples
    --------
    >>> signed_percent(0.0312), signed_percent(-0.2)
    ('+3.1 %', '-20.0 %')
    """
    return "–" if math.isnan(share) else f"{100 * share:+.1f} %"


def percent(share: float) -> str:
    """Write a share in percent.

    Examples
    --------
    >>> percent(0.784)
    '78 %'
    """
    return "–" if math.isnan(share) else f"{100 * share:.0f} %"


def listed(words: list[str]) -> str:
    """Join words the way a sentence does.

    Examples
    --------
    >>> listed(["Aria", "Boreas", "Cirrus"])
    'Aria, Boreas and Cirrus'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def counted(number: int, noun: str) -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> counted(1, "answer"), counted(2400, "answer")
    ('1 answer', '2,400 answers')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
