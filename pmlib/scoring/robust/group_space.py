"""Which weights are possible, as the groups of stakeholders see it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise, product
from typing import Any

import pandas as pd

from pmlib.scoring.inputs import labelled, read_table
from pmlib.scoring.matrix import shares_of
from pmlib.scoring.robust.weight_space import WeightSpace, weight_space
from pmlib.scoring.values import criteria
from pmlib.scoring.weights import group_weights

# Weights that differ by less are the same weight.
_DIGITS = 9


def between_groups(tables: Mapping[str, Any]) -> WeightSpace:
    """Collect all weights that lie between those of the groups; with one group, all that keep its order.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Needs ``objectives`` and ``weights``.

    Returns
    -------
    WeightSpace
        Every weight lies between the lowest and the highest share that a group gives the criterion.

    Raises
    ------
    MissingTableError, SchemaError
        As for `group_weights`.

    Examples
    --------
    >>> tables = {
    ...     "objectives": pd.DataFrame({"objective_id": ["reach", "risk"], "name": ["Reach", "Risk"],
    ...         "worst": 0, "best": 10}),
    ...     "weights": pd.DataFrame({"objective_id": ["reach", "risk"] * 2, "weight": [60, 40, 90, 10],
    ...         "group": ["board", "board", "sales", "sales"]})}
    >>> between_groups(tables).to_frame()[["low", "high"]].round(2).to_numpy().tolist()
    [[0.6, 0.9], [0.1, 0.4]]
    """
    tree = criteria(tables)
    names = sorted(read_table(tables, "weights", columns=("group",))["group"].unique())
    shares = pd.DataFrame({name: group_weights(tables, tree, group=name).shares for name in names})
    if len(names) == 1:
        return keeping_order(shares[names[0]])
    return weight_space(tree.leaves, intervals={
        str(leaf): (float(row.min()), float(row.max())) for leaf, row in shares.round(_DIGITS).iterrows()})


def keeping_order(weights: pd.Series) -> WeightSpace:
    """Collect all weights that keep an order of importance: what is left when only the order is trusted.

    Criteria with equal weights are not told apart: either may weigh more than the other, and with all weights equal
    any weights are possible.

    Parameters
    ----------
    weights : Series of criterion to share
    """
    weights, _ = shares_of(weights, [str(name) for name in labelled(weights, what="weights").keys()])  # noqa: SIM118
    falling = weights.sort_values(ascending=False, kind="stable")
    order = [part.index.tolist() for _, part in falling.groupby(-falling.round(_DIGITS))]
    leaves = weights.index.tolist()
    if len(order) == len(leaves):
        return weight_space(leaves, order=falling.index.tolist())
    steps = (pair for above, below in pairwise(order) for pair in product(above, below))
    return weight_space(leaves, linear=[({lower: 1, higher: -1}, 0) for higher, lower in steps])
