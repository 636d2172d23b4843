"""The tree of criteria: what counts, and the declared scale of every leaf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import SchemaError, did_you_mean
from pmlib.scoring.inputs import read_table, refuse_duplicates
from pmlib.scoring.money_words import names_money
from pmlib.scoring.value_scale import Direction, Outside, ValueFunction, ValueScale, declared_scale
from pmlib.scoring.value_shapes import FloatArray

__all__ = ["CriteriaTree", "Direction", "FloatArray", "Outside", "ValueFunction", "ValueScale", "criteria"]

_COLUMNS = (
    "objective_id", "name", "parent", "measure", "direction", "value_function",
    "worst", "best", "points", "mid", "anchors", "do_nothing", "outside",
)  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class CriteriaTree:
    """The tree of criteria with a declared scale at every leaf.

    Attributes
    ----------
    scales : tuple of ValueScale
        One per leaf, in the order of the table.
    names : mapping of str to str
        Name of every objective, inner ones too.
    parents : mapping of str to (str or None)
        Objective above each one; None at the top.
    notes : tuple of str
        What a reader should know about the table.
    """

    scales: tuple[ValueScale, ...]
    names: Mapping[str, str]
    parents: Mapping[str, str | None]
    notes: tuple[str, ...]

    @property
    def leaves(self) -> list[str]:
        """Ids of the leaves in the order of the table."""
        return [scale.objective_id for scale in self.scales]

    @property
    def do_nothing(self) -> pd.Series:
        """Points of doing nothing on each leaf, 0 to 100."""
        points = [float(scale.value(scale.do_nothing)) for scale in self.scales]
        return pd.Series(points, index=pd.Index(self.leaves, name="objective_id"), name="do_nothing", dtype=float)

    @property
    def anchors(self) -> dict[str, Mapping[float, str]]:
        """What raw levels mean in words, by leaf; empty where the table says nothing."""
        return {scale.objective_id: scale.anchors for scale in self.scales}

    def counts_money(self, currency: str = "") -> tuple[str, ...]:
        """List the leaves whose name or measure says money or chance of success.

        Added to a score in money these would count twice: the cash flows and estimates hold them already.
        Only whole words tell; a leaf that hides its money behind another word is not found.

        Parameters
        ----------
        currency : str
            Currency code of the workbook, such as ``SEK``; found as it is written.

        Returns
        -------
        tuple of str
            In the order of the table.
        """
        return tuple(scale.objective_id for scale in self.scales
                     if any(names_money(text, currency=currency) for text in (scale.name, scale.measure)))

    def leaves_below(self, objective_id: str) -> list[str]:
        """List the leaves at or below an objective.

        Raises
        ------
        SchemaError
            The objective is not in the tree.
        """
        if objective_id not in self.names:
            words = did_you_mean(objective_id, self.names)
            raise SchemaError(f"objectives: {objective_id!r} is not in the tree. {words} Use one of these ids.")
        return [leaf for leaf in self.leaves if objective_id in self._path(leaf)]

    def _path(self, objective_id: str) -> list[str]:
        path = [objective_id]
        while (above := self.parents[path[-1]]) is not None:
            if above in path:
                ring = " > ".join([*path, above])
                raise SchemaError(f"objectives: parents go round in a ring, {ring}. Empty one parent cell of the ring.")
            path.append(above)
        return path


def criteria(tables: Mapping[str, Any]) -> CriteriaTree:
    """Read which criteria count, and how a raw level on each becomes points.

    A leaf is an objective that is nobody's parent and has worst and best.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Needs ``objectives``.

    Returns
    -------
    CriteriaTree

    Raises
    ------
    MissingTableError
        There is no table ``objectives``.
    SchemaError
        A word is unknown, a scale contradicts its direction (codes of a categorical scale have none), points, mid
        or anchors cannot be read or do not fit the scale, a parent is unknown or the tree is a ring.
    ScaleError
        A do-nothing level or an anchor lies outside its scale.

    Examples
    --------
    >>> import pandas as pd
    >>> tree = criteria({"objectives": pd.DataFrame(
    ...     {"objective_id": ["reach"], "name": ["Reach"], "worst": [1.0], "best": [5.0]})})
    >>> tree.scales[0].value([1, 2, 5])
    array([  0.,  25., 100.])
    """
    table = read_table(tables, "objectives", columns=_COLUMNS)
    refuse_duplicates(table["objective_id"], table="objectives", column="objective_id")
    names = dict(zip(table["objective_id"], table["name"].fillna(table["objective_id"]), strict=True))
    parents = _parents(table, known=list(names))
    inner = set(parents.values())
    childless = [row for row in table.to_dict("records") if row["objective_id"] not in inner]
    scales = tuple(declared_scale(row) for row in childless if not (np.isnan(row["worst"]) and np.isnan(row["best"])))
    if not scales:
        raise SchemaError("objectives: no leaf has a scale, allowed 1 or more. Fill worst and best of the leaves.")
    unscaled = [row["objective_id"] for row in childless if np.isnan(row["worst"]) and np.isnan(row["best"])]
    tree = CriteriaTree(scales=scales, names=names, parents=parents, notes=_notes(table, unscaled))
    for objective in names:
        tree._path(objective)
    return tree


def _parents(table: pd.DataFrame, *, known: list[str]) -> dict[str, str | None]:
    parents: dict[str, str | None] = {}
    for objective, parent in zip(table["objective_id"], table["parent"], strict=True):
        above = None if pd.isna(parent) or not str(parent).strip() else str(parent)
        if above is not None and above not in known:
            words = did_you_mean(above, known)
            raise SchemaError(f"objectives: parent {above!r} of {objective!r} is no objective. {words} Correct it.")
        parents[str(objective)] = above
    return parents


def _notes(table: pd.DataFrame, unscaled: list[str]) -> tuple[str, ...]:
    notes = [f"Objective {leaf} has neither children nor a scale and counts for nothing." for leaf in unscaled]
    with_points = [ValueFunction.PIECEWISE, ValueFunction.CATEGORICAL]
    idle = {
        "points text": (table["points"].str.strip() != "") & ~table["value_function"].isin(with_points),
        "mid": table["mid"].notna() & (table["value_function"] != ValueFunction.EXPONENTIAL),
    }
    for what, rows in idle.items():
        notes += [f"Objective {row['objective_id']} is {row['value_function']}: its {what} is not used."
                  for row in table[rows].to_dict("records")]
    return tuple(notes)
