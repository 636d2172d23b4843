"""Per project and per study: where the decision flips, what the truth and what each study is worth, in order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pmlib.portfolio.information.envelopes import preposterior_sd
from pmlib.portfolio.information.lines import REACH, Lines
from pmlib.portfolio.model import Floats
from pmlib.portfolio.problem import Outcome, Problem

COLUMNS = ["rank", "project_id", "name", "mean_k", "sd_k", "action", "flips_at_k", "then", "chance_flips", "evppi_k",
           "study", "study_cost_k", "standard_error_k", "evsi_k", "chance_study_flips", "evsi_per_cost", "net_k"]
STUDY_COLUMNS = ["project_id", *COLUMNS[10:]]
_WORDS = dict.fromkeys(["project_id", "name", "action", "then", "study"], str)


def nobody(columns: list[str]) -> pd.DataFrame:
    """Frame of these columns without a row."""
    empty: dict[str, Any] = {name: pd.Series([], dtype=_WORDS.get(name, float)) for name in columns}
    return pd.DataFrame(empty).astype({name: "int64" for name in columns if name == "rank"})


def about(problem: Problem, sds_k: Floats) -> pd.DataFrame:
    """Name, belief and cost still to spend of every project: project_id, name, cost_k, mean_k, sd_k."""
    projects = problem.actions.projects
    return projects[["project_id", "name", "cost_k"]].assign(mean_k=projects["value_k"], sd_k=sds_k)


def known(projects: pd.DataFrame, problem: Problem, plan: Outcome, lines: Lines) -> pd.DataFrame:
    """Add planned action, flip and worth of knowing the truth to every project."""
    pairs = list(zip(lines.envelopes, projects["sd_k"], strict=True))
    flips = [envelope.flip(REACH * sd) for envelope, sd in pairs]
    return projects.drop(columns="cost_k").assign(
        action=problem.actions.frame["action"].to_numpy(dtype=str)[plan.choice],
        flips_at_k=[value for value, _ in flips], then=[verb for _, verb in flips],
        chance_flips=[envelope.chance_of_another(sd) for envelope, sd in pairs],
        evppi_k=[envelope.gain(sd) for envelope, sd in pairs])


def studied(offers: pd.DataFrame, projects: pd.DataFrame, lines: Lines) -> pd.DataFrame:
    """Add its worth to every study offered; by project, the one of most net gain first."""
    place = pd.Index(projects["project_id"]).get_indexer(pd.Index(offers["project_id"]))
    moves = preposterior_sd(projects["sd_k"].to_numpy(dtype=float)[place], offers["standard_error_k"].to_numpy())
    pairs = [(lines.envelopes[project], float(move)) for project, move in zip(place, moves, strict=True)]
    worth = np.array([envelope.gain(move) for envelope, move in pairs], dtype=float)
    cost = offers["study_cost_k"].to_numpy(dtype=float)
    frame = offers.assign(
        evsi_k=worth, chance_study_flips=[envelope.chance_of_another(move) for envelope, move in pairs],
        evsi_per_cost=worth / np.where(cost > 0, cost, np.nan), net_k=worth - cost)
    kinds: dict[str, Any] = dict.fromkeys(STUDY_COLUMNS, float) | {"project_id": str, "study": str}
    return frame.astype(kinds).sort_values(["project_id", "net_k", "study"], ascending=[True, False, True])[
        STUDY_COLUMNS].reset_index(drop=True)


def ranked(projects: pd.DataFrame, studies: pd.DataFrame) -> pd.DataFrame:
    """Join each project's best study; most net gain first, then the worth of the truth, then the name."""
    frame = projects.merge(studies.drop_duplicates("project_id"), on="project_id", how="left")
    frame = frame.assign(study=frame["study"].fillna("")).sort_values(
        ["net_k", "evppi_k", "project_id"], ascending=[False, False, True], na_position="last")
    return frame.assign(rank=range(1, len(frame) + 1))[COLUMNS].astype(_WORDS).reset_index(drop=True)
