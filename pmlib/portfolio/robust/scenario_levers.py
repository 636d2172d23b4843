"""What a board may assume of the future: benefit, cost, delay and price of people, of all projects or of some."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.arguments import number, shown
from pmlib.portfolio.model import Floats

#: What a scenario may change; all but the last may be narrowed to a project, kind, programme or horizon.
LEVERS = ("benefit", "cost", "delay", "price of people")
_GROUPS = ("project_id", "kind", "programme_id", "horizon")
#: Shares beyond five times are meant as percent; delays beyond ten years as something else.
_MOST_SHARE, _MOST_MONTHS = 5.0, 120.0


def told(name: str, assumed: object) -> tuple[float, dict[str, float]]:
    """Read one scenario: its probability and its levers.

    Raises
    ------
    ParameterError
        It is no pair of a number and a mapping.
    """
    match assumed:
        case (chance, Mapping() as levers):
            return number(chance, f"probability of {name!r}"), {str(key): change for key, change in levers.items()}
    raise ParameterError(f"scenarios: {name!r} has {shown(assumed)}, allowed (probability, {{lever: change}}). "
                         "Write (0.3, {'benefit': -0.2}).")


def moved(
    projects: pd.DataFrame, levers: Mapping[str, float], *, scenario: str, rate: float,
) -> tuple[Floats, float]:
    """Work out what the levers add to the worth of every project, and the factor on the price of people.

    Parameters
    ----------
    projects : DataFrame
        project_id, kind, programme_id, horizon; benefit_k and cost_k (expected, thousand).
    levers : mapping of lever to change
    scenario : str
        Name, for messages.
    rate : float
        Discount per year for what comes later.

    Returns
    -------
    (float array of shape (n_projects,), float)

    Raises
    ------
    ParameterError
        A lever or group is unknown, or a change lies outside its range.
    """
    more, dearer, late, price = np.ones(len(projects)), np.ones(len(projects)), np.zeros(len(projects)), 1.0
    for key, got in levers.items():
        lever, group = (key, "") if key in LEVERS else key.partition(" of ")[::2]
        if lever not in LEVERS:
            raise ParameterError(f"scenarios: {scenario!r} moves {key!r}. {did_you_mean(lever, LEVERS)}")
        change = _change(lever, got, f"{key} in {scenario!r}")
        mine = _members(projects, group, f"{key} in {scenario!r}") if group else np.ones(len(projects), dtype=bool)
        if lever == "price of people":
            price = 1.0 + change
        elif lever == "delay":
            late[mine] += change
        else:
            (more if lever == "benefit" else dearer)[mine] *= 1.0 + change
    benefit, cost = (projects[name].to_numpy(dtype=float) for name in ("benefit_k", "cost_k"))
    return benefit * (more * (1.0 + rate) ** (-late / 12.0) - 1.0) - cost * (dearer - 1.0), price


def _change(lever: str, got: object, what: str) -> float:
    change, months = number(got, what), lever == "delay"
    low, high = (-_MOST_MONTHS, _MOST_MONTHS) if months else (-1.0, _MOST_SHARE)
    if not low <= change <= high:
        unit = "months" if months else "as a share: -0.2 is 20 % less"
        raise ParameterError(f"{what}: got {change:g}, allowed {low:g} to {high:g} ({unit}). Correct it.")
    return change


def _members(projects: pd.DataFrame, group: str, what: str) -> np.ndarray:
    """Projects of a group, which must mean one thing only."""
    found = {name: (projects[name].astype(object) == group).to_numpy() for name in _GROUPS if name in projects}
    hits = [name for name, mine in found.items() if mine.any()]
    if len(hits) == 1:
        return found[hits[0]]
    if hits:
        raise ParameterError(f"{what}: {group!r} is a {' and a '.join(hits)}, allowed one. Name the projects instead.")
    known = sorted({str(word) for name in found for word in projects[name].dropna()})
    raise ParameterError(f"{what}: no project to decide has {group!r} as its {', '.join(found)}. "
                         f"{did_you_mean(group, known)}")


def words(lever: str, change: float) -> str:
    """Write one lever as a board reads it.

    Examples
    --------
    >>> words("benefit of core", -0.2), words("delay", 3)
    ('benefit of core -20 %', 'delay +3 months')
    """
    return f"{lever} {change:+g} months" if lever.startswith("delay") else f"{lever} {100 * change:+g} %"
