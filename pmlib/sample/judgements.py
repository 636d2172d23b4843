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


def scores(economics: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Write the table `scores`: five judgements of every project on every leaf, with gaps.

    A few judgements are missing, and three projects are judged by nobody on one leaf: these carry bounds.

    Parameters
    ----------
    economics : DataFrame
        As :mod:`pmlib.sample.economics` gives it.
    seed : int
        Seed of the company.
    """
    rng = stream(seed, "scores")
    shape = (len(economics), len(_LEAVES), len(ASSESSORS))
    # What a project is worth shows, faintly, in how it is judged: 0 is the worst level, 1 the best.
    worth = np.clip(0.35 + 0.12 * (economics["net_k"] / economics["cost_k"]).to_numpy(), 0.1, 0.85)
    latent = np.clip(worth[:, None] + rng.normal(0, 0.22, shape[:2]), 0.02, 0.98)
    seen = np.clip(latent[:, :, None] + rng.normal(0, 0.07, shape), 0, 1)
    worst, best = (np.array([leaf[place] for leaf in _LEAVES.values()], dtype=float) for place in (5, 6))
    levels = np.round(worst[None, :, None] + (best - worst)[None, :, None] * seen)
    levels.ravel()[rng.choice(levels.size, N_MISSING, replace=False)] = np.nan
    levels.reshape(-1, shape[2])[rng.choice(levels[..., 0].size, N_UNJUDGED, replace=False)] = np.nan
    ids, leaves, judges = zip(*product(economics["project_id"], _LEAVES, ASSESSORS), strict=True)
    columns = {"project_id": ids, "objective_id": leaves, "assessor_id": judges, "raw_level": levels.ravel()}
    return file_form("scores", {**columns, "as_of": "2025-11-30"})


def workbook() -> pd.DataFrame:
    """Write the table `workbook`: name, currency, day."""
    return file_form("workbook", {"name": [company.NAME], "currency": "EUR", "as_of": company.AS_OF})
