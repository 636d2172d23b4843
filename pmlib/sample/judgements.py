"""Tables about what the company wants and how it judges: objectives, weights, assessors, scores."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from pmlib.sample import company
from pmlib.sample.forms import file_form, stream

ASSESSORS = {"A1": "G1", "A2": "G2", "A3": "G3", "A4": "G4", "A5": "G5"}
N_MISSING = 6
N_UNJUDGED = 3
#: Number of the draw in which the groups differ as truth T12 says.
SCORES_DRAW = 138
#: Broad against safe, and pleasant against sparing: the pleasant ones need the most data engineers.
_PULL = {
    "reach": (1, 1), "fit": (0, 0.4), "ease": (0, 1), "setup": (0, 1), "sustainability": (0, -1), "security": (-1, 0),
}  # fmt: skip
BREADTH, COMFORT, HEAVY = 0.5, 0.7, 0.65
#: T10: levels on fit, ease and security.
TRAP = {"P40": (3, 3, 5), "P41": (4, 4, 2)}
#: T11: how much higher A5 judges their own programme, in levels.
OWN_BIAS = 0.8
_PARENTS = {"growth": "Growth", "customer": "Customer", "responsibility": "Responsibility"}
#: id: name, parent, measure, direction, value function, worst, best, points, do nothing.
_LEAVES = {
    "reach": (
        "Buildings reached", "growth", "buildings newly equipped a year", "maximise", "linear", 0, 400, "", 20,
    ),
    "fit": (
        "Fit with strategy", "growth", "1 (off course) to 5 (at the centre)", "maximise", "piecewise", 1, 5,
        "1=0; 2=10; 3=35; 4=75; 5=100", 2,
    ),
    "ease": (
        "Ease of use", "customer", "1 (expert needed) to 5 (nothing to learn)", "maximise", "piecewise", 1, 5,
        "1=0; 2=15; 3=50; 4=85; 5=100", 2,
    ),
    "setup": (
        "Time to first reading", "customer", "minutes from box to first reading", "minimise", "linear", 60, 5, "", 45,
    ),
    "sustainability": (
        "Energy saved", "responsibility", "MWh saved a year per 100 buildings", "maximise", "linear", 0, 250, "", 15,
    ),
    "security": (
        "Security of data", "responsibility", "1 (known gaps) to 5 (certified and tested)", "maximise", "piecewise",
        1, 5, "1=0; 2=30; 3=60; 4=85; 5=100", 2,
    ),
}  # fmt: skip
#: What levels mean in words.
_ANCHORS = {
    "fit": "1=off course; 2=beside our course; 3=on course; 4=speeds us up; 5=at the centre of where we go",
    "ease": "1=an expert must set it up; 2=a day of training; 3=the manual is enough; 4=a short look is enough; "
            "5=nothing to learn",
    "security": "1=known gaps; 2=gaps have a date; 3=no known gap; 4=tested from outside; 5=certified and tested",
}  # fmt: skip
# The leaves judged from 1 to 5, and the places of A2, who keeps to 3 and 4, and of A5.
_RATED = [place for place, leaf in enumerate(_LEAVES.values()) if leaf[5:7] == (1, 5)]
_CAUTIOUS, _PARTIAL = 1, 4
#: Month 25 of the history moves the board towards sustainability (.10 to .25).
_WEIGHTS = {
    "2023-01-01": {
        "board": (0.28, 0.24, 0.14, 0.10, 0.10, 0.14),
        "sales": (0.34, 0.14, 0.22, 0.18, 0.04, 0.08),
        "engineering": (0.08, 0.18, 0.16, 0.14, 0.14, 0.30),
    },
    "2025-01-01": {
        "board": (0.23, 0.20, 0.12, 0.08, 0.25, 0.12),
        "sales": (0.32, 0.14, 0.22, 0.17, 0.07, 0.08),
        "engineering": (0.08, 0.17, 0.15, 0.12, 0.20, 0.28),
    },
}


def objectives() -> pd.DataFrame:
    """Write the table `objectives`: three parents, six leaves, none of them money or chance of success."""
    names = ("name", "parent", "measure", "direction", "value_function", "worst", "best", "points", "do_nothing")
    leaves = pd.DataFrame.from_dict(_LEAVES, orient="index", columns=names).rename_axis("objective_id").reset_index()
    parents = pd.DataFrame({"objective_id": list(_PARENTS), "name": list(_PARENTS.values())})
    parents = parents.assign(measure="", direction="maximise", value_function="linear", points="")
    frame = pd.concat([leaves, parents], ignore_index=True)
    frame["anchors"] = frame["objective_id"].map(_ANCHORS).fillna("")
    frame["parent"] = frame["parent"].astype(object).where(frame["parent"].notna(), None)
    return file_form("objectives", {name: frame[name] for name in frame.columns})


def weights() -> pd.DataFrame:
    """Write the table `weights`: three groups, two versions, each adding up to 1."""
    rows = [
        (leaf, group, weight, day)
        for day, groups in _WEIGHTS.items()
        for group, shares in groups.items()
        for leaf, weight in zip(_LEAVES, shares, strict=True)
    ]
    names = ("objective_id", "group", "weight", "valid_from")
    return file_form("weights", dict(zip(names, zip(*rows, strict=True), strict=True)))


def assessors() -> pd.DataFrame:
    """Write the table `assessors`: five roles, one from each programme."""
    return file_form("assessors", {"assessor_id": list(ASSESSORS), "programme_id": list(ASSESSORS.values())})


def scores(economics: pd.DataFrame, *, seed: int, attempt: int = SCORES_DRAW) -> pd.DataFrame:
    """Write the table `scores`: five judgements of every project on every leaf, with gaps and two habits.

    A5 sees projects of their own programme too high, A2 uses the middle of the scale alone (truth T11); P40 and P41
    are judged so that raw means and values order them differently (T10). A few judgements are missing, and three
    projects are judged by nobody on one leaf: these carry bounds.

    Parameters
    ----------
    economics : DataFrame
        As :mod:`pmlib.sample.economics` gives it.
    seed : int
        Seed of the company.
    attempt : int
        Number of the draw; the default is one in which the groups differ as truth T12 says.
    """
    rng = stream(seed, "scores", attempt)
    latent = _latent(economics, rng)
    seen = np.clip(latent[:, :, None] + rng.normal(0, 0.07, (*latent.shape, len(ASSESSORS))), 0, 1)
    worst, best = (np.array([leaf[place] for leaf in _LEAVES.values()], dtype=float) for place in (5, 6))
    raw = worst[None, :, None] + (best - worst)[None, :, None] * seen
    levels = np.round(raw)
    _plant_pair(levels, economics["project_id"])
    levels[:, _RATED, _CAUTIOUS] = np.clip(levels[:, _RATED, _CAUTIOUS], 3, 4)
    own = economics["programme_id"].eq(ASSESSORS["A5"]).to_numpy()
    levels[own] = _favoured(levels[own], raw[own])
    _leave_gaps(levels, ~own & ~economics["project_id"].isin(list(TRAP)).to_numpy(), rng)
    ids, leaves, judges = zip(*product(economics["project_id"], _LEAVES, ASSESSORS), strict=True)
    columns = {"project_id": ids, "objective_id": leaves, "assessor_id": judges, "raw_level": levels.ravel()}
    return file_form("scores", {**columns, "as_of": "2024-11-30"})


def _latent(economics: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Draw how good every project is on every leaf, 0 to 1: what buyers see and what engineers see pull apart."""
    # What a project is worth shows, faintly, in how it is judged.
    worth = np.clip(0.35 + 0.12 * (economics["net_k"] / economics["cost_k"]).to_numpy(), 0.1, 0.85)
    needs = (economics["cost_k"] * economics["engineering"]).rank(pct=True).to_numpy()
    drives = np.column_stack([rng.normal(0, BREADTH, len(needs)), COMFORT * np.where(needs > HEAVY, 1, -1)])
    pull = np.array([_PULL[leaf] for leaf in _LEAVES]).T
    latent = worth[:, None] + drives @ pull + rng.normal(0, 0.12, (len(economics), len(_LEAVES)))
    for project, level in zip(TRAP, (0.48, 0.52), strict=True):
        latent[economics["project_id"].eq(project)] = level
    return np.asarray(np.clip(latent, 0.02, 0.98))


def _plant_pair(levels: np.ndarray, ids: pd.Series) -> None:
    for project, judged in TRAP.items():
        levels[np.flatnonzero(ids == project)[0], _RATED] = np.array(judged)[:, None]


def _leave_gaps(levels: np.ndarray, free: np.ndarray, rng: np.random.Generator) -> None:
    """Take out single judgements, and on one leaf of three projects all of them."""
    cells = np.argwhere(np.broadcast_to(free[:, None, None], levels.shape))
    levels[tuple(cells[rng.choice(len(cells), N_MISSING, replace=False)].T)] = np.nan
    for project in rng.choice(np.flatnonzero(free), N_UNJUDGED, replace=False):
        levels[project, rng.integers(levels.shape[1])] = np.nan


def _favoured(levels: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """Raise what A5 says of their own programme until it stands the planted bias above what the others say."""
    others = levels[:, _RATED, :_PARTIAL].mean(axis=2)
    raised = [np.clip(np.round(raw[:, _RATED, _PARTIAL] + shift), 1, 5) for shift in np.arange(0.3, 2.0, 0.01)]
    levels = levels.copy()
    levels[:, _RATED, _PARTIAL] = min(raised, key=lambda said: abs((said - others).mean() - OWN_BIAS))
    return levels


def workbook() -> pd.DataFrame:
    """Write the table `workbook`: name, currency, day."""
    return file_form("workbook", {"name": [company.NAME], "currency": "EUR", "as_of": company.AS_OF})
