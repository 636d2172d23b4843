"""The features that priorities are asked about, checked: what contradicts itself is refused, what is missing told."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import SchemaError
from pmlib.product.engine import Tables, known_product, small
from pmlib.schema import TABLES

#: States in which a feature still waits for its priority.
OPEN = ("idea", "planned", "building")

_NUMBERS = ("reach", "impact_low", "impact_mode", "impact_high", "confidence", "effort_pm", "importance",
            "satisfaction", "time_criticality", "risk_reduction")  # fmt: skip
#: Least and largest value of every figure, as the schema declares them.
BOUNDS = {
    column.name: (0.0 if column.low is None else column.low, np.inf if column.high is None else column.high)
    for column in TABLES["features"].columns
    if column.name in _NUMBERS
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Backlog:
    """The open features of one product or of all, and those a score cannot be made for.

    Attributes
    ----------
    features : DataFrame
        ``product_id``, ``feature_id``, ``name`` and the columns asked for; complete rows, sorted by both ids.
    unscored : DataFrame
        ``product_id``, ``feature_id``, ``name``, ``reason``: open features with a figure missing, or 0 where it
        must be more.
    """

    features: pd.DataFrame
    unscored: pd.DataFrame


def read_backlog(
    tables: Tables, *, columns: Sequence[str], product_id: str | None = None,
    positive: Collection[str] = ("effort_pm",),
) -> Backlog:  # fmt: skip
    """Read the open features with the figures that a method needs.

    Parameters
    ----------
    tables : mapping
        ``features``; without a column ``state`` every feature is open.
    columns : sequence of str
        The figures, columns of ``features``.
    product_id : str, optional
        One product; all by default.
    positive : collection of str
        Figures that no score can be made with when they are 0, such as no work.

    Raises
    ------
    MissingTableError
        There are no features.
    SchemaError
        A column is missing, a feature is there twice or has no product, a figure lies outside its scale, or an
        impact's low, mode and high are not in that order.
    ParameterError
        The product is unknown.

    Examples
    --------
    >>> features = pd.DataFrame({"feature_id": ["F1", "F2"], "product_id": "A", "effort_pm": [2.0, 0.0]})
    >>> read_backlog({"features": features}, columns=["effort_pm"]).unscored["reason"].tolist()
    ['effort_pm is 0']
    """
    frame = all_features(tables, columns=columns, product_id=product_id)
    frame = frame[frame["state"].isin(OPEN)].drop(columns="state")
    numbers = [column for column in columns if column in _NUMBERS]
    told = [_reason(row, positive) for row in frame[numbers].to_dict("records")]
    reasons = pd.Series(told, index=frame.index, dtype="str")
    whole = reasons == ""
    unscored = frame.loc[~whole, ["product_id", "feature_id", "name"]].assign(reason=reasons[~whole])
    return Backlog(features=frame[whole].reset_index(drop=True), unscored=unscored.reset_index(drop=True))


def all_features(tables: Tables, *, columns: Sequence[str] = (), product_id: str | None = None) -> pd.DataFrame:
    """Return the features in every state: ``product_id``, ``feature_id``, ``name``, ``state`` and the columns asked.

    Raises
    ------
    SchemaError
        As `read_backlog`.
    ParameterError
        The product is unknown.
    """
    frame = small(tables, "features", ["product_id", "feature_id", *columns])
    told = small(tables, "features", [name for name in ("name", "state") if name in tables["features"].columns])
    frame["name"] = told["name"].astype(object).fillna("") if "name" in told else ""
    frame["name"] = frame["name"].mask(frame["name"] == "", frame["feature_id"]).astype("str")
    frame["state"] = told["state"].astype(object).fillna(OPEN[0]) if "state" in told else OPEN[0]
    _refuse(frame, columns)
    if product_id is not None:
        refuse_unknown_product(tables, product_id, seen=frame["product_id"])
        frame = frame[frame["product_id"] == product_id]
    order = ["product_id", "feature_id", "name", "state", *columns]
    return frame[order].sort_values(["product_id", "feature_id"], ignore_index=True)


def refuse_unknown_product(tables: Tables, product_id: str, *, seen: Iterable[str]) -> None:
    """Refuse a product that neither ``products`` nor the rows at hand know.

    Raises
    ------
    ParameterError
        It is unknown.
    """
    known_product(product_id, tables, seen=lambda: seen)


def _reason(row: Mapping[Hashable, Any], positive: Collection[str]) -> str:
    missing = [f"{name} is missing" for name, value in row.items() if pd.isna(value)]
    nothing = [f"{name} is 0" for name, value in row.items() if name in positive and value == 0]
    return ", ".join(missing + nothing)


def _refuse(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        if column in BOUNDS:
            _refuse_above(frame, column)
    if {"impact_low", "impact_mode", "impact_high"} <= set(columns):
        wrong = (frame["impact_low"] > frame["impact_mode"]) | (frame["impact_mode"] > frame["impact_high"])
        if wrong.any():
            row = frame[wrong].iloc[0]
            got = ", ".join(f"{row[f'impact_{end}']:g}" for end in ("low", "mode", "high"))
            raise SchemaError(f"features: impact of '{row['feature_id']}' is {got} (low, mode, high), allowed in "
                              "rising order. Swap them, or write one figure three times.")  # fmt: skip


def _refuse_above(frame: pd.DataFrame, column: str) -> None:
    low, high = BOUNDS[column]
    wrong = frame[column].astype("float64") > high
    if wrong.any():
        row = frame[wrong].iloc[0]
        raise SchemaError(f"features: {column} of '{row['feature_id']}' is {row[column]:g}, allowed {low:g} to "
                          f"{high:g}. Correct it in features.")  # fmt: skip
