"""The panel of assessors: all answers side by side, and whose programme each project belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmlib.scoring.assessors import Judgements, rated_leaves
from pmlib.scoring.inputs import read_table, refuse_duplicates
from pmlib.scoring.judging.habits import BoolArray
from pmlib.scoring.scorecard import Scorecard
from pmlib.scoring.values import CriteriaTree, FloatArray, ValueScale


@dataclass(frozen=True, eq=False, kw_only=True)
class Panel:
    """Answers as projects x criteria x assessors, NaN where nobody answered.

    Attributes
    ----------
    who : list of str
        Assessors, sorted.
    raw, points : ndarray of shape (n_projects, n_leaves, n_assessors)
        Raw levels, and values of 0 to 100 points.
    levels : ndarray of shape (n_projects, n_rated, n_assessors)
        Raw levels on the criteria that share ``scale``, clipped to it and turned so that more is better.
    rated : list of str
        The criteria of ``levels``.
    scale : ValueScale or None
        One of those criteria; None when no two share a scale.
    homes : list of str
        Programme of each assessor, empty where there is none.
    own : ndarray of shape (n_projects, n_assessors)
        True where the project belongs to the assessor's programme.
    homeless : list of str
        Why an assessor's own programme is not known, else empty.
    """

    who: list[str]
    raw: FloatArray
    points: FloatArray
    levels: FloatArray
    rated: list[str]
    scale: ValueScale | None
    homes: list[str]
    own: BoolArray
    homeless: list[str]


def read_panel(tables: Mapping[str, Any], judgements: Judgements, card: Scorecard) -> Panel:
    """Lay the answers of a scorecard side by side.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``assessors`` and ``projects``, where there are any, say whose programme is whose.
    judgements : Judgements
        Answers on the projects of the scorecard.
    card : Scorecard
        Gives the order of the projects and the criteria.

    Raises
    ------
    SchemaError
        An assessor stands in two rows of ``assessors``.
    """
    answers, tree = judgements.answers, card.tree
    ids, who, rated = card.table["project_id"].to_list(), sorted(answers["assessor_id"].unique()), rated_leaves(tree)
    better = answers.assign(raw_level=_better_levels(answers, tree))
    homes, own, homeless = _homes(tables, ids=ids, who=who)
    return Panel(
        who=who,
        raw=_cube(answers, "raw_level", axes=(ids, tree.leaves, who)),
        points=_cube(answers, "points", axes=(ids, tree.leaves, who)),
        levels=_cube(better, "raw_level", axes=(ids, rated, who)),
        rated=rated,
        scale=next((scale for scale in tree.scales if scale.objective_id in rated), None),
        homes=homes,
        own=own,
        homeless=homeless,
    )


def _cube(answers: pd.DataFrame, column: str, *, axes: tuple[list[str], list[str], list[str]]) -> FloatArray:
    names = ("project_id", "objective_id", "assessor_id")
    places = [pd.Index(labels).get_indexer(pd.Index(answers[name])) for labels, name in zip(axes, names, strict=True)]
    there = places[1] >= 0
    cube = np.full([len(labels) for labels in axes], np.nan)
    cube[tuple(place[there] for place in places)] = answers[column].to_numpy(dtype=float)[there]
    return cube


def _better_levels(answers: pd.DataFrame, tree: CriteriaTree) -> FloatArray:
    levels = answers["raw_level"].to_numpy(dtype=float).copy()
    for scale in tree.scales:
        rows = (answers["objective_id"] == scale.objective_id).to_numpy()
        low, high = scale.levels[0], scale.levels[-1]
        levels[rows] = np.clip(levels[rows], low, high)
        if scale.points[0] > scale.points[-1]:
            levels[rows] = low + high - levels[rows]
    return levels


def _homes(tables: Mapping[str, Any], *, ids: list[str], who: list[str]) -> tuple[list[str], BoolArray, list[str]]:
    for name in ("assessors", "projects"):
        if name not in tables:
            unknown = f"no table {name}, so no programme is known"
            return [""] * len(who), np.zeros((len(ids), len(who)), dtype=bool), [unknown] * len(who)
    table = read_table(tables, "assessors", columns=("assessor_id", "programme_id"))
    refuse_duplicates(table["assessor_id"], table="assessors", column="assessor_id")
    theirs = table.set_index("assessor_id")["programme_id"].reindex(who).fillna("").to_numpy(dtype=object)
    projects = read_table(tables, "projects", columns=("project_id", "programme_id")).set_index("project_id")
    of_project = projects["programme_id"].reindex(ids).fillna("").to_numpy(dtype=object)
    own = ((of_project[:, None] == theirs) & (theirs != "")).astype(bool)
    return list(theirs), own, ["" if home else "no programme of their own in assessors" for home in theirs]
