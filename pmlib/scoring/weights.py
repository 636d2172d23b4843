"""Weights: what a swing from worst to best on each criterion is worth, summing to 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, PmlibError, SchemaError, did_you_mean
from pmlib.scoring.inputs import LARGEST_LEVEL, floats, labelled, of_kind, read_table, refuse_duplicates, shown
from pmlib.scoring.values import CriteriaTree, FloatArray
from pmlib.scoring.weighing.rank_weights import RankMethod, rank_weights

_SUM_SLACK = 1e-9
_LARGEST_SWING = 100.0


class Method(StrEnum):
    """How weights were asked."""

    DIRECT = "direct"
    SWING = "swing"
    RANK_ORDER_CENTROID = RankMethod.CENTROID.value
    RANK_SUM = RankMethod.SUM.value
    RANK_RECIPROCAL = RankMethod.RECIPROCAL.value
    AHP = "ahp"
    BEST_WORST = "best_worst"


@dataclass(frozen=True, eq=False, kw_only=True)
class Weights:
    """Weights of the leaves as shares that sum to 1.

    Attributes
    ----------
    shares : Series of shape (n_leaves,), index objective_id
        Share 0-1 of each leaf, in the order of the tree.
    group : str
        Whose weights.
    notes : tuple of str
        Says so when the weights were rescaled or come from ranks, or when no swing is the largest.
    """

    shares: pd.Series
    group: str
    notes: tuple[str, ...]


def group_weights(tables: Mapping[str, Any], tree: CriteriaTree, *, group: str = "board") -> Weights:
    """Read what a group of stakeholders thinks each criterion is worth.

    Every method but the ranks is read alike: the numbers are rescaled to sum 1. ``swing`` asks: with every criterion
    at its worst level, which one would you raise to its best first? That swing gets 100 points, every other swing its
    share of them, 0 if it is worth nothing. The rank methods hold the rank, 1 for the most important criterion.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Needs ``weights``, reduced to one version.
    tree : CriteriaTree
        The leaves to be weighted.
    group : str
        Whose weights.

    Raises
    ------
    MissingTableError
        There is no table ``weights``.
    ParameterError
        No row belongs to the group.
    SchemaError
        The group mixes methods, a leaf has no weight, an objective is no leaf, a weight is negative or not finite,
        all are 0, or a rank is no number from 1 to the number of leaves.

    References
    ----------
    Edwards & Barron (1994), Organizational Behavior and Human Decision Processes 60, 306-325.
    """
    table = read_table(tables, "weights", columns=("objective_id", "group", "weight", "method"))
    groups = sorted(table["group"].unique())
    if not isinstance(group, str) or group not in groups:
        words = did_you_mean(str(group), groups)
        raise ParameterError(f"group {shown(group)} has no row in weights. {words} Name one of these.")
    rows = table[table["group"] == group]
    refuse_duplicates(rows["objective_id"], table=f"weights of {group}", column="objective_id")
    given = dict(zip(rows["objective_id"], rows["weight"], strict=True))
    method = _one_method(rows, group=group)
    if method.value in list(RankMethod):
        return _ranked(given, tree, group=group, method=RankMethod(method))
    weights = _rescaled(given, tree, group=group, error=SchemaError)
    largest = rows["weight"].max()
    if method is not Method.SWING or largest == _LARGEST_SWING:
        return weights
    note = f"Weights of {group} were asked by swing, but the largest swing has {largest:g} points and not 100."
    return replace(weights, notes=(*weights.notes, note))


def given_weights(weights: Mapping[str, float] | pd.Series, tree: CriteriaTree) -> Weights:
    """Take weights from the caller instead of a table.

    Parameters
    ----------
    weights : mapping or Series of objective_id to number
        Any numbers of 0 or more, one per leaf; rescaled to sum 1.
    tree : CriteriaTree
        The leaves to be weighted.

    Raises
    ------
    ParameterError
        A leaf has no weight, an objective is no leaf, a weight is negative or not finite, or all are 0.
    """
    tree = of_kind(tree, CriteriaTree, what="tree", remedy="Read it with criteria(tables).")
    pairs = [(str(objective), weight) for objective, weight in labelled(weights, what="weights").items()]
    given = dict(pairs)
    refuse_duplicates(pd.Series([name for name, _ in pairs], dtype="str"), table="weights=", column="objective_id")
    return _rescaled(given, tree, group="the caller", error=ParameterError)


def rest_proportions(shares: FloatArray) -> FloatArray:
    """Proportions that the other weights keep while one of them moves.

    Parameters
    ----------
    shares : ndarray of shape (n_leaves,)
        Weights that sum to 1.

    Returns
    -------
    ndarray of shape (n_leaves, n_leaves)
        Row j: weights with leaf j at 0 and the others summing to 1. Where all others are 0 they share equally.

    Examples
    --------
    >>> rest_proportions(np.array([0.5, 0.3, 0.2]))[0]
    array([0. , 0.6, 0.4])
    """
    n = len(shares)
    others = np.tile(shares, (n, 1))
    np.fill_diagonal(others, 0.0)
    totals = others.sum(axis=1, keepdims=True)
    equal = (1.0 - np.eye(n)) / max(n - 1, 1)
    return np.where(totals > 0, others / np.where(totals > 0, totals, 1.0), equal)


def _one_method(rows: pd.DataFrame, *, group: str) -> Method:
    first = rows.drop_duplicates("method")
    if len(first) > 1:
        asked = ", ".join(f"{row['objective_id']} by {row['method']}" for row in first.to_dict("records"))
        raise SchemaError(f"weights of {group}: asked {asked}, allowed one method in a group. "
                          "Ask all criteria the same way: the numbers do not compare.")
    return Method(first["method"].iloc[0])


def _ranked(given: Mapping[str, Any], tree: CriteriaTree, *, group: str, method: RankMethod) -> Weights:
    _refuse_other_leaves(given, tree, group=group, error=SchemaError)
    try:
        shares = rank_weights({leaf: given[leaf] for leaf in tree.leaves}, method=method)
    except ParameterError as error:
        raise SchemaError(f"weights of {group}: {error}") from error
    note = f"Weights of {group} come from ranks ({method.replace('_', ' ')}): an order, not how much more."
    return Weights(shares=shares.rename_axis("objective_id"), group=group, notes=(note,))


def _refuse_other_leaves(
    given: Mapping[str, Any], tree: CriteriaTree, *, group: str, error: type[PmlibError]
) -> None:
    leaves = tree.leaves
    for objective in given:
        if objective not in leaves:
            kind = "has no scale of its own" if objective in tree.names else "is not in objectives"
            words = did_you_mean(objective, leaves)
            raise error(f"weights of {group}: {objective!r} {kind}. {words} Weigh only leaves of the tree.")
    unweighted = [leaf for leaf in leaves if leaf not in given]
    if unweighted:
        raise error(
            f"weights of {group}: no weight for {', '.join(unweighted)}, allowed one per leaf. "
            "Add it; 0 leaves a criterion out, but is no rank."
        )


def _rescaled(given: Mapping[str, Any], tree: CriteriaTree, *, group: str, error: type[PmlibError]) -> Weights:
    _refuse_other_leaves(given, tree, group=group, error=error)
    leaves = tree.leaves
    raw = floats(pd.Series([given[leaf] for leaf in leaves], dtype=object)).to_numpy()
    good = (raw >= 0) & (raw <= LARGEST_LEVEL)
    if not good.all():
        leaf = leaves[int(np.argmin(good))]
        raise error(
            f"weights of {group}: weight of {leaf!r} is {shown(given[leaf])}, allowed a finite number of 0 or more. "
            "Turn a criterion round with its direction, not with its weight."
        )
    total = float(raw.sum())
    if total <= 0:
        raise error(f"weights of {group}: all are 0, allowed at least one above 0. Give the largest swing 100.")
    shares = pd.Series(raw / total, index=pd.Index(leaves, name="objective_id"), name="weight")
    note = f"Weights of {group} summed to {total:g} and were rescaled to sum 1."
    return Weights(shares=shares, group=group, notes=(note,) if abs(total - 1.0) > _SUM_SLACK else ())
