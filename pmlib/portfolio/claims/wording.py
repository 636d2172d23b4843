"""Claims, money and verbs in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_UNITS = {"pp": "pp", "points": "points", "share": "share", "pct": "%", "rate": ""}


def metric_words(metric: str, currency: str) -> tuple[str, str]:
    """Metric and unit of a name that ends in its unit; a metric without one keeps its name.

    Examples
    --------
    >>> metric_words("retention_pp", "EUR"), metric_words("installer_sales_k", "EUR"), metric_words("visits", "EUR")
    (('retention', 'pp'), ('installer sales', 'thousand EUR'), ('visits', ''))
    """
    name, _, unit = metric.rpartition("_")
    known = _UNITS | {"k": f"thousand {currency}"}
    return (name.replace("_", " "), known[unit]) if name and unit in known else (metric, "")


def figure(value: float, width: float, unit: str = "", *, sign: bool = True) -> str:
    """Write a change with the digits that the width of its claim deserves.

    Examples
    --------
    >>> figure(2.32, 5.2, "pp"), figure(0.031, 0.1, sign=False), figure(812.3, 800.0, "%")
    ('+2.3 pp', '0.03', '+812 %')
    """
    digits = max(0, 1 - math.floor(math.log10(width)))
    return f"{value:{'+' if sign else ''},.{digits}f} {unit}".rstrip()


def counted(n: int, word: str) -> str:
    """Write a number of things.

    Examples
    --------
    >>> counted(1, "claim"), counted(3, "claim")
    ('1 claim', '3 claims')
    """
    return f"{n} {word}{'' if n == 1 else 's'}"


def named(names: Iterable[str], *, most: int = 8) -> str:
    """Join names, and count those past the first few.

    Examples
    --------
    >>> named(["P1", "P2", "P3"], most=2)
    'P1, P2 and 1 more'
    """
    known = list(names)
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more



def verb_sentence(
    row: Mapping[Any, Any], claims: Sequence[Mapping[Any, Any]], currency: str, *, as_measured: bool,
) -> str:
    """Say what is believed of a project, and the verb that follows on its own, in one sentence.

    Parameters
    ----------
    row : mapping
        A row of ``Beliefs.projects``.
    claims : sequence of mapping
        Its rows of ``Beliefs.claims``, one or more.
    currency : str
        Of the money.
    as_measured : bool
        Whether claims that were not measured count like those that were.
    """
    changed = f" instead of {row['verb_before']}" if row["flipped"] else ""
    return (f"{row['name']} ({row['project_id']}): {row['verb']}{changed}; {'; '.join(map(_told, claims))}. "
            f"The chance that it pays is {100 * row['p_pays']:.0f} %, and going on is worth {abs(row['gain_k']):,.0f} "
            f"thousand {currency} {'more' if row['gain_k'] >= 0 else 'less'} than ending it."
            f"{_unless(row, as_measured)}")


def _unless(row: Mapping[Any, Any], as_measured: bool) -> str:
    """Say what else decides: a duty, or how the claims count that were not measured."""
    if row["mandatory"]:
        return " It is mandatory and goes on whatever it is worth."
    if row["verb_otherwise"] == row["verb"]:
        return ""
    rest = row["n_claims"] - row["n_measured"]
    return (f" It would be {row['verb_otherwise']} if the {rest} claim{'s' * (rest != 1)} not measured came "
            f"{'true as claimed' if as_measured else 'out as the measured did'}.")


def _told(claim: Mapping[Any, Any]) -> str:
    width = claim["claimed_p90"] - claim["claimed_p10"]
    name, unit = claim["metric_name"], claim["unit"]
    said = {key: figure(claim[key], width, unit) for key in ("claimed_p50", "estimate", "posterior_mean", "break_even")}
    pays = "" if math.isnan(claim["break_even"]) else f", pays from {said['break_even']} on"
    return (f"{name}: {said['claimed_p50']} claimed, {said['estimate']} measured ({claim['kinds']}), "
            f"{said['posterior_mean']} expected{pays}")
