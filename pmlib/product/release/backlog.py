"""The backlog a release plan chooses from: checked rows, what each needs first, what is out before any choice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, SchemaError, did_you_mean
from pmlib.product.engine import Tables, small
from pmlib.product.wording import listed

_NUMBERS = ["reach", "impact_low", "impact_mode", "impact_high", "confidence", "effort_pm"]
_WORDS = ["feature_id", "product_id", "name", "team", "moscow", "depends_on", "state"]
COLUMNS = [*_WORDS[:3], *_NUMBERS, *_WORDS[3:]]
#: States that leave nothing to choose.
RELEASED, DROPPED, MUST = "released", "dropped", "must"


def read_backlog(tables: Tables, *, product_id: str | None) -> pd.DataFrame:
    """Read the table `features` for a plan and refuse what would make one wrong.

    Parameters
    ----------
    tables : mapping
        ``features``, and ``products`` where there is one.
    product_id : str, optional
        Must be known; the rows of all products come back, since features need each other across products.

    Returns
    -------
    DataFrame
        ``feature_id``, ``product_id``, ``name``, ``reach`` (customers a quarter), ``impact_low``, ``impact_mode``,
        ``impact_high``, ``confidence`` (0-1), ``effort_pm`` (person-months), ``team``, ``moscow``, ``depends_on``,
        ``state``; sorted by feature_id; empty words are "".

    Raises
    ------
    MissingTableError, SchemaError
        The table or a column is not there, an id comes twice, a number is missing or below 0, a needed feature is
        unknown, or features need each other in a circle.
    ParameterError
        No such product.
    """
    frame = small(tables, "features", COLUMNS).sort_values("feature_id", kind="stable", ignore_index=True)
    frame[_WORDS] = frame[_WORDS].astype(object).where(frame[_WORDS].notna(), "").astype(str)
    frame["name"] = frame["name"].mask(frame["name"] == "", frame["feature_id"])
    frame["state"] = frame["state"].mask(frame["state"] == "", "idea")
    _refuse_numbers(frame)
    _refuse_ids(frame)
    _refuse_circles(frame)
    if product_id is not None:
        _refuse_product(tables, frame, product_id)
    return frame


def _refuse_numbers(frame: pd.DataFrame) -> None:
    for column in _NUMBERS:
        numbers = frame[column].astype(float).to_numpy()
        bad = np.flatnonzero(~np.isfinite(numbers) | (numbers < 0))
        if len(bad):
            raise SchemaError(
                f"features: {column} of {frame['feature_id'].iloc[bad[0]]} is {numbers[bad[0]]:g}, allowed a finite "
                "number, 0 or more. Correct the row, or set its state to dropped and its number to 0."
            )
        frame[column] = numbers
    for low, high in (("impact_low", "impact_mode"), ("impact_mode", "impact_high")):
        fallen = frame.loc[frame[low] > frame[high], "feature_id"]
        if len(fallen):
            raise SchemaError(f"features: {low} of {fallen.iloc[0]} is above its {high}. Order the three impacts.")


def _refuse_ids(frame: pd.DataFrame) -> None:
    twice = frame.loc[frame["feature_id"].duplicated(), "feature_id"]
    if len(twice):
        raise SchemaError(f"features: feature_id {twice.iloc[0]!r} comes twice. Keep one row for each feature.")
    known = set(frame["feature_id"])
    for row in frame.itertuples():
        if row.depends_on and row.depends_on not in known:
            raise SchemaError(
                f"features: depends_on of {row.feature_id} is {row.depends_on!r}, which is no feature. "
                f"{did_you_mean(str(row.depends_on), sorted(known))}"
            )


def _refuse_circles(frame: pd.DataFrame) -> None:
    needs = dict(zip(frame["feature_id"], frame["depends_on"], strict=True))
    try:
        TopologicalSorter({feature: [first] for feature, first in needs.items() if first}).prepare()
    except CycleError as error:
        circle = error.args[1]
        start = circle.index(min(circle))
        turned = [*circle[start:-1], *circle[:start], min(circle)]
        raise SchemaError(
            f"features: depends_on goes in a circle: {' before '.join(turned)}. Clear depends_on of one of them."
        ) from error


def _refuse_product(tables: Tables, frame: pd.DataFrame, product_id: str) -> None:
    known = set(frame["product_id"])
    if tables.get("products") is not None:
        known |= set(small(tables, "products", ["product_id"])["product_id"].astype(str))
    if product_id not in known:
        raise ParameterError(f"product_id: got {product_id!r}. {did_you_mean(product_id, sorted(known))}")


def chosen_musts(frame: pd.DataFrame, must: Sequence[str] | None) -> pd.Series:
    """Mark the features that a plan must hold: those agreed as must, or those named.

    Raises
    ------
    ParameterError
        A named feature is unknown or dropped, or one text is given in place of a list.
    """
    if must is None:
        return (frame["moscow"] == MUST) & (frame["state"] != DROPPED)
    if isinstance(must, str):
        raise ParameterError(f"must: got the text {must!r}, allowed a list of features. Write must=[{must!r}].")
    states = dict(zip(frame["feature_id"], frame["state"], strict=True))
    for feature in must:
        if feature not in states:
            raise ParameterError(f"must: got {feature!r}. {did_you_mean(str(feature), states)}")
        if states[feature] == DROPPED:
            raise ParameterError(f"must: {feature} is dropped. Leave it out of must, or change its state.")
    return frame["feature_id"].isin(list(must))


def why_never(frame: pd.DataFrame, *, product_id: str | None, left_out: Sequence[str], must: pd.Series) -> pd.Series:
    """Say of each feature why no plan can hold it, "" where one can: its state, its priority, or what it needs.

    A must feature overrules a priority that is left out.
    """
    rows = {row["feature_id"]: row for row in frame.assign(forced=must).to_dict("records")}

    def own(row: dict[Any, Any]) -> str:
        if row["state"] in (RELEASED, DROPPED):
            return "released already" if row["state"] == RELEASED else "dropped"
        if product_id is not None and row["product_id"] != product_id:
            return f"belongs to {row['product_id']}, which is not planned here"
        return f"agreed as {row['moscow']}" if row["moscow"] in left_out and not row["forced"] else ""

    @cache
    def reason(feature: str) -> str:
        row = rows[feature]
        first = row["depends_on"]
        waits = bool(first) and rows[first]["state"] != RELEASED and reason(first)
        return own(row) or (f"needs {first} first: {reason(first)}" if waits else "")

    return pd.Series([reason(feature) for feature in frame["feature_id"]], index=frame.index, dtype=str)


def shared_teams(frame: pd.DataFrame, product_id: str | None) -> str:
    """Say which teams of a product have work of other products too, "" where none has."""
    if product_id is None:
        return ""
    open_ones = frame[~frame["state"].isin([RELEASED, DROPPED]) & (frame["moscow"] != "wont")]
    own = set(open_ones.loc[open_ones["product_id"] == product_id, "team"])
    others = open_ones[(open_ones["product_id"] != product_id) & open_ones["team"].isin(own)]
    if others.empty:
        return ""
    teams = listed(sorted(set(others["team"])))
    return (
        f"{teams} also {'work' if others['team'].nunique() > 1 else 'works'} for "
        f"{listed(sorted(set(others['product_id'])))} "
        f"({others['effort_pm'].sum():,.1f} person-months of backlog), which this plan does not hold."
    )
