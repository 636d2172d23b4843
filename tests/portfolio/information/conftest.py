"""Every plan of a small portfolio, one by one: an oracle for what information is worth that knows no solver."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from pmlib.portfolio.problem import Problem, outcome


@dataclass
class EveryPlan:
    """All plans that hold the limits: worth at the means, and what a unit more of each project's value adds."""

    worth: np.ndarray
    slope: np.ndarray

    def best(self, apart: np.ndarray) -> np.ndarray:
        """Best worth for rows of deviations from the means."""
        return (self.worth + apart @ self.slope.T).max(axis=1)


def every_plan(problem: Problem) -> EveryPlan:
    frame = problem.actions.frame
    kept = [row.benefit_left if row.on or row.action == "hold" else 0.0 for row in frame.itertuples()]
    mine = [np.flatnonzero(frame["project"] == project) for project in range(len(problem.actions.projects))]
    found = [(plan.value, [kept[action] for action in choice]) for choice in itertools.product(*mine)
             if not len((plan := outcome(problem, np.array(choice))).broken)]
    return EveryPlan(np.array([worth for worth, _ in found]), np.array([slope for _, slope in found]))


@pytest.fixture(scope="session")
def enumerated() -> Callable[[Problem], EveryPlan]:
    """Enumerate the plans of a problem."""
    return every_plan


@pytest.fixture(scope="session")
def normal_grid() -> tuple[np.ndarray, np.ndarray]:
    """Places and weights of a standard normal, fine enough for kinks."""
    z = np.linspace(-9.0, 9.0, 36_001)
    weight = np.exp(-0.5 * z**2)
    return z, weight / weight.sum()
