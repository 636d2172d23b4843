"""The additive value of every project: weights times points, with bounds where scores are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import SchemaError
from pmlib.scoring.assessors import Judgements, judged
from pmlib.scoring.inputs import currency_of, listed, read_table, refuse_duplicates
from pmlib.scoring.ranks import TIE, ranks
from pmlib.scoring.scorecard import Scorecard
from pmlib.scoring.value_curve import still_to_spend
from pmlib.scoring.values import CriteriaTree, FloatArray, criteria
from pmlib.scoring.weights import given_weights, group_weights

#: Only these states are still to be decided.
TO_DECIDE = ("proposed", "running", "held")

_COLUMNS = [
    "project_id", "name", "value", "low", "high", "rank", "cost_k", "increment", "rank_best", "rank_worst", "n_missing",
]  # fmt: skip


def score(
    tables: Mapping[str, Any], *, group: str = "board", weights: Mapping[str, float] | pd.Series | None = None
) -> Scorecard:
    """Score how much each project helps our goals.

    The value of a project is the weighted sum of its points on the leaves of the criteria tree, each
    0 (worst) to 100 (best). A score that nobody gave leaves the value between two bounds.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Needs ``objectives``, ``scores`` and, unless ``weights`` is given, ``weights``. With ``projects``, those
        proposed, running or held are scored; without it, every project that has a score. ``cash_flows`` say what a
        project still costs (the rest: ``bac_k - spent_k``), from the year after the workbook's ``as_of`` on.
    group : str
        Whose weights count; not used when ``weights`` is given.
    weights : mapping or Series of objective_id to number, optional
        Weights instead of a group's, 0 or more, one per leaf; rescaled to sum 1.

    Returns
    -------
    Scorecard

    Raises
    ------
    MissingTableError
        A needed table is absent.
    ParameterError
        The group is unknown, or ``weights`` does not fit the leaves.
    SchemaError
        A table breaks its definition, or no project is to be decided.
    ScaleError
        A raw level lies outside the declared scale of its criterion.

    References
    ----------
    Keeney & Raiffa (1976), Decisions with Multiple Objectives; Edwards & Barron (1994), Organizational
    Behavior and Human Decision Processes 60; Clemen & Smith (2009), Decision Analysis 6 (doing nothing).

    Examples
    --------
    >>> tables = {
    ...     "objectives": pd.DataFrame({"objective_id": ["reach", "risk"], "name": ["Reach", "Risk"],
    ...         "direction": ["maximise", "minimise"], "worst": [1.0, 5.0], "best": [5.0, 1.0]}),
    ...     "weights": pd.DataFrame({"objective_id": ["reach", "risk"], "weight": [60, 40]}),
    ...     "scores": pd.DataFrame({"project_id": ["A", "A", "B"], "objective_id": ["reach", "risk", "reach"],
    ...         "raw_level": [5.0, 3.0, 2.0]})}
    >>> score(tables).to_frame()[["project_id", "value", "low", "high", "rank"]]
      project_id  value   low  high  rank
    0          A   80.0  80.0  80.0     1
    1          B   35.0  15.0  55.0     2
    """
    tree = criteria(tables)
    used = group_weights(tables, tree, group=group) if weights is None else given_weights(weights, tree)
    projects, notes = _to_decide(tables)
    answers = judged(tables, tree, projects=projects["project_id"].to_list())
    shares = used.shares.to_numpy(dtype=float)
    points = np.where(np.isnan(answers.points), 50.0, answers.points)
    table = projects.assign(**_values(answers, shares))
    table["increment"] = table["value"] - float(_weighted_sum(tree.do_nothing.to_numpy(), shares))
    order = np.lexsort((table["project_id"].to_numpy(dtype=object), table["rank"].to_numpy()))
    table = table.iloc[order].reset_index(drop=True)[_COLUMNS]
    index = pd.Index(table["project_id"], name="project_id")
    columns = pd.Index(tree.leaves, name="objective_id")
    return Scorecard(
        table=table,
        points=pd.DataFrame(points[order], index=index, columns=columns),
        n_assessors=pd.DataFrame(answers.n_assessors[order], index=index, columns=columns),
        spread=pd.DataFrame(answers.spread[order], index=index, columns=columns),
        weights=used.shares,
        tree=tree,
        group=used.group,
        currency=currency_of(tables),
        notes=(*tree.notes, *used.notes, *notes, *_clipped_notes(tree, answers),
               *_missing_notes(table, n_leaves=len(shares))),
    )


def _weighted_sum(values: FloatArray, weights: FloatArray) -> FloatArray:
    return np.asarray(values @ weights)


def _values(answers: Judgements, shares: FloatArray) -> dict[str, Any]:
    missing = np.isnan(answers.points)
    low = _weighted_sum(np.where(missing, 0.0, answers.points), shares)
    high = _weighted_sum(np.where(missing, 100.0, answers.points), shares)
    value = (low + high) / 2
    return {
        "value": value,
        "low": low,
        "high": high,
        "rank": ranks(value),
        "rank_best": ranks(high, among=low),
        # With a wide gap a project's own high lies above its low, and no project stands behind itself.
        "rank_worst": ranks(low, among=high) - (high > low + TIE),
        "n_missing": missing.sum(axis=1),
    }


def _to_decide(tables: Mapping[str, Any]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    scored = read_table(tables, "scores", columns=("project_id",))["project_id"].drop_duplicates()
    if "projects" not in tables:
        ids = sorted(scored)
        if not ids:
            raise SchemaError("scores: no row, allowed 1 or more. Add a row per project and criterion.")
        notes = ("No table projects: every project with a score counts, and no cost is known.",)
        return pd.DataFrame({"project_id": ids, "name": ids, "cost_k": np.nan}), notes
    table = read_table(tables, "projects", columns=("project_id", "name", "state", "bac_k", "spent_k"))
    refuse_duplicates(table["project_id"], table="projects", column="project_id")
    open_ = table[table["state"].isin(TO_DECIDE)].reset_index(drop=True)
    if open_.empty:
        raise SchemaError(
            f"projects: none of {len(table)} rows is {', '.join(TO_DECIDE)}, allowed 1 or more. Correct state."
        )
    unknown = scored[~scored.isin(table["project_id"])]
    ignored = (f"Scores of {listed(unknown)} are ignored: not in projects.",) if len(unknown) else ()
    named, cost = open_["name"].fillna(open_["project_id"]), still_to_spend(tables, open_)
    return pd.DataFrame({"project_id": open_["project_id"], "name": named, "cost_k": cost}), ignored


def _clipped_notes(tree: CriteriaTree, answers: Judgements) -> tuple[str, ...]:
    counted = ((tree.names[leaf], int(n)) for leaf, n in zip(tree.leaves, answers.n_clipped, strict=True))
    return tuple(f"{n} {'level' if n == 1 else 'levels'} of {name} outside its scale count{'s' * (n == 1)} as its end."
                 for name, n in counted if n)


def _missing_notes(table: pd.DataFrame, *, n_leaves: int) -> tuple[str, ...]:
    partly = table.loc[table["n_missing"].between(1, n_leaves - 1), "project_id"]
    wholly = table.loc[table["n_missing"] == n_leaves, "project_id"]
    notes = []
    if len(partly):
        notes.append(f"{len(partly)} of {len(table)} projects lack some scores and carry bounds: {listed(partly)}.")
    if len(wholly):
        notes.append(f"{len(wholly)} of {len(table)} projects have no score at all, only 0 to 100: {listed(wholly)}.")
    return tuple(notes)
