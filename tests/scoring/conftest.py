"""A small company whose values can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

Tables = dict[str, pd.DataFrame]

OBJECTIVES = {
    "objective_id": ["goal", "market", "reach", "fit", "risk"],
    "name": ["Goal", "Market", "Reach", "Strategic fit", "Delivery risk"],
    "parent": [None, "goal", "market", "market", "goal"],
    "direction": ["maximise", "maximise", "maximise", "maximise", "minimise"],
    "value_function": ["linear", "linear", "linear", "piecewise", "linear"],
    "worst": [None, None, 0.0, 1.0, 10.0],
    "best": [None, None, 10.0, 5.0, 0.0],
    "points": ["", "", "", "1=0; 3=20; 5=100", ""],
}
# Points by hand, weights .5 .3 .2: A 80 20 50 -> 56; B 40 100 100 -> 70; C 100 60 0 -> 68; D 60 0 10 -> 32.
LEVELS = {"A": (8.0, 3.0, 5.0), "B": (4.0, 5.0, 0.0), "C": (10.0, 4.0, 10.0), "D": (6.0, 1.0, 9.0)}
VALUES = {"A": 56.0, "B": 70.0, "C": 68.0, "D": 32.0}


def _tables(**replaced: Any) -> Tables:
    rows = [
        {"project_id": project, "objective_id": leaf, "assessor_id": "all", "raw_level": level}
        for project, levels in LEVELS.items()
        for leaf, level in zip(("reach", "fit", "risk"), levels, strict=True)
    ]
    tables = {
        "objectives": pd.DataFrame(OBJECTIVES),
        "weights": pd.DataFrame({"objective_id": ["reach", "fit", "risk"], "group": "board", "weight": [50, 30, 20]}),
        "scores": pd.DataFrame(rows),
        "projects": pd.DataFrame(
            {
                "project_id": ["A", "B", "C", "D", "E"],
                "name": ["Atlas", "Beacon", "Calibration", "Dune", "Echo"],
                "state": ["proposed", "running", "held", "running", "done"],
                "bac_k": [100.0, 300.0, 50.0, 20.0, 10.0],
                "spent_k": [0.0, 100.0, 60.0, 4.0, 10.0],
            }
        ),
    }
    tables.update(replaced)
    return {name: frame for name, frame in tables.items() if frame is not None}


@pytest.fixture
def make_tables() -> Callable[..., Tables]:
    """Return a builder of the tables; a keyword replaces a table, None removes it."""
    return _tables


@pytest.fixture
def change() -> Callable[..., pd.DataFrame]:
    """Return a builder of a frame with one cell changed: ``change(frame, key, value, column, new)``."""

    def changed(frame: pd.DataFrame, where: tuple[str, str], column: str, new: Any) -> pd.DataFrame:
        cells = [new if key == where[1] else old for key, old in zip(frame[where[0]], frame[column], strict=True)]
        return frame.assign(**{column: cells})

    return changed


@pytest.fixture
def values_by_hand() -> dict[str, float]:
    """Return the values of the four projects, worked out by hand."""
    return dict(VALUES)
