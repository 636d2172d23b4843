"""What changed in the answers: their sentences, their leading figures matched by label, their figures."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from pmlib.months import month_name
from pmlib.reporting.history.cells import TOLERANCE, leading_number, number_text
from pmlib.reporting.history.table_changes import Kind, Rows, change_rows

#: Name under which an answer stands among the tables of its notebook.
ANSWER = "answer"
_MONTHS = "|".join(month_name(month).partition(" ")[0] for month in range(12 * 2000 + 1, 12 * 2000 + 13))
_MOVING = re.compile(rf"\b(?:{_MONTHS})\b|(?<!\w)[+-]?\d[\d,.\-]*\s*%?")
_ALIKE = 0.6


def answer_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Rows]:
    """Say what changed in the answer of one notebook.

    Parameters
    ----------
    before, now : mapping
        Its entry in ``summary.json``: summary, headline, figures.
    """
    parts = [_text_changed("summary", "", str(before.get("summary", "")), str(now.get("summary", "")))]
    parts += _headline(_mapping(before, "headline"), _mapping(now, "headline"))
    figures = [dict(sorted(_flat(_mapping(one, "figures")).items())) for one in (before, now)]
    for name in sorted(figures[0].keys() | figures[1].keys()):
        parts.append(_figure(name, *figures))
    return [part for part in parts if part is not None]


def _mapping(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    content = entry.get(name)
    return content if isinstance(content, Mapping) else {}


def _text_changed(column: str, key: str, before: str, now: str) -> Rows | None:
    if before == now:
        return None
    (one, rest), (other, rest_now) = leading_number(before), leading_number(now)
    # Only numbers of the same unit have a difference.
    values = {"before_value": [one], "now_value": [other]} if rest == rest_now else {}
    return change_rows(Kind.CHANGED, column=column, key=key, subject=key, before=before, now=now, **values)


def _headline(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Rows | None]:
    """Compare leading figures, given as big figure -> label, label by label."""
    figures = [_by_label(one) for one in (before, now)]
    pairs = same_labels(list(figures[0]), list(figures[1]))
    parts = []
    for old, new in pairs.items():
        one, other = figures[0][old], figures[1][new]
        if _fixed(old) != _fixed(new):
            one, other = f"{one} {old}", f"{other} {new}"
        parts.append(_text_changed("headline", new, one, other))
        if old != new and one == other:
            parts.append(_text_changed("label", new, old, new))
    for label in sorted(figures[0].keys() - pairs.keys()):
        parts.append(_moved(Kind.ROW_REMOVED, "headline", label, figures[0][label]))
    for label in sorted(figures[1].keys() - set(pairs.values())):
        parts.append(_moved(Kind.ROW_ADDED, "headline", label, figures[1][label]))
    return parts


def _by_label(headline: Mapping[str, Any]) -> dict[str, str]:
    figures: dict[str, str] = {}
    for big, label in sorted(headline.items()):
        figures[str(label)] = f"{figures[str(label)]}, {big}" if str(label) in figures else str(big)
    return figures


def same_labels(before: list[str], now: list[str]) -> dict[str, str]:
    """Pair the labels of two periods: the same words, where numbers and months in them may move.

    Examples
    --------
    >>> same_labels(["EUR in the 12 months to May 2025", "proved"], ["EUR in the 12 months to June 2025", "rows"])
    {'EUR in the 12 months to May 2025': 'EUR in the 12 months to June 2025'}
    """
    ranked = sorted((-_alike(one, other), one, other) for one in before for other in now)
    pairs: dict[str, str] = {}
    for unlike, one, other in ranked:
        if -unlike >= _ALIKE and one not in pairs and other not in pairs.values():
            pairs[one] = other
    return dict(sorted(pairs.items()))


def _alike(one: str, other: str) -> float:
    if one == other:
        return 2.0
    # Of symmetric likeness, whichever period comes first.
    a, b = sorted((_fixed(one).split(), _fixed(other).split()))
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()


def _fixed(label: str) -> str:
    """Label without the numbers and months in it."""
    return " ".join(_MOVING.sub(" ", label).split())


def _flat(figures: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _figure(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Rows | None:
    if name not in now:
        return _moved(Kind.ROW_REMOVED, "figures", name, _figure_text(before[name]))
    if name not in before:
        return _moved(Kind.ROW_ADDED, "figures", name, _figure_text(now[name]))
    one, other = before[name], now[name]
    values = [_figure_value(value) for value in (one, other)]
    if one == other or math.isclose(*values, rel_tol=TOLERANCE):
        return None
    said = [_figure_text(value) for value in (one, other)]
    if said[0] == said[1]:
        said = [repr(one), repr(other)]
    return change_rows(Kind.CHANGED, column="figures", key=name, subject=name, before=said[0], now=said[1],
                       before_value=values[:1], now_value=values[1:])


def _moved(kind: Kind, column: str, key: str, said: str) -> Rows:
    came = kind is Kind.ROW_ADDED
    return change_rows(kind, column=column, key=key, subject=key, **{"now" if came else "before": said})


def _figure_value(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _figure_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    number = _figure_value(value)
    return json.dumps(value, ensure_ascii=False) if math.isnan(number) else number_text(number)
