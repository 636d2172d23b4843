"""How the product room writes figures in sentences: no more digits than are known."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

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


def percents_between(low: float, high: float) -> str:
    """Write an interval of shares in percent, with a decimal where its ends would read the same.

    Examples
    --------
    >>> percents_between(0.135, 0.151), percents_between(0.0752, 0.0821)
    ('between 14 % and 15 %', 'between 7.5 % and 8.2 %')
    """
    if percent(low) == percent(high):
        return f"between {100 * low:.1f} % and {100 * high:.1f} %"
    return f"between {percent(low)} and {percent(high)}"


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


def interval_in_words(row: Mapping[Hashable, Any], name: str, *, scale: float = 1, signed: bool = False) -> str:
    """Write a value with its interval, from the columns ``name``, ``name_low`` and ``name_high``.

    Examples
    --------
    >>> interval_in_words({"nps": 36.21, "nps_low": 31.8, "nps_high": 40.6}, "nps")
    '36.2 (32 to 41)'
    """
    value, low, high = (scale * row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if math.isnan(value):
        return "–"
    return f"{value:+.1f} ({low:+.0f} to {high:+.0f})" if signed else f"{value:.1f} ({low:.0f} to {high:.0f})"


def figure_with_arrow(text: str, row: Mapping[Hashable, Any], metric: str) -> str:
    """Put the arrow of a metric behind its figure; a dash alone where it was not measured.

    Examples
    --------
    >>> figure_with_arrow("36.2 (32 to 41)", {"nps_arrow": "▲"}, "nps")
    '36.2 (32 to 41) ▲'
    """
    return "–" if text in ("–", "nan") else f"{text} {row[f'{metric}_arrow']}".rstrip()


def signed_money(value_k: float, currency: str) -> str:
    """Write a change of money with its sign.

    Examples
    --------
    >>> signed_money(1_240.0, "EUR"), signed_money(-87.4, "EUR")
    ('+1.2 M EUR', '-87 k EUR')
    """
    return f"{'+' if value_k > 0 else ''}{figure_text(value_k)} {currency}"
