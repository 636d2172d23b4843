"""The backlog a release plan chooses from: checked rows, what each needs first, what is out before any choice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

import pandas as pd

from pmlib.errors import ParameterError, SchemaError, did_you_mean
from pmlib.product.engine import Tables
from pmlib.product.features.backlog import all_features, refuse_unknown_product
from pmlib.product.wording import listed

_NUMBERS = ["reach", "impact_low", "impact_mode", "impact_high", "confidence", "effort_pm"]
_MORE = ["team", "moscow", "depends_on"]
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
    frame = all_features(tables, columns=[*_NUMBERS, *_MORE]).sort_values("feature_id", ignore_index=True)
    frame = frame.assign(**{word: frame[word].astype(object).fillna("").astype("str") for word in _MORE})
    _refuse_missing(frame)
    _refuse_needs(frame)
    _refuse_circles(frame)
    if product_id is not None:
        refuse_unknown_product(tables, product_id, seen=frame["product_id"])
    return frame


def _refuse_missing(frame: pd.DataFrame) -> None:
    for column in _NUMBERS:
        for feature in frame.loc[frame[column].isna(), "feature_id"]:
            raise SchemaError(
                f"features: {column} of '{feature}' is missing, allowed a number, 0 or more. Fill it in, or set its "
                "state to dropped and its number to 0."
            )


def _refuse_needs(frame: pd.DataFrame) -> None:
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


def chosen_musts(frame: pd.DataFrame, must: Sequence[str] | None) -> pd.Series:
    """Mark the features that a plan must hold: those agreed as must, or those named.

    Raises
    ------
    ParameterError
        A named feature is unknown or dropped, or one text is given in place of a list.
    """
    if must is None:
        return (frame["moscow"] == MUST) & (frame["state"] != DROPPED)
    if isinstance(must, str) or not isinstance(must, Iterable):
        raise ParameterError(f"must: got {must!r}, allowed a list of features. Write must=[{str(must)!r}].")
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
    one = others["team"].nunique() == 1
    teams = f"The team{'' if one else 's'} {listed(sorted(set(others['team'])))}"
    return (
        f"{teams} also {'works' if one else 'work'} for "
        f"{listed(sorted(set(others['product_id'])))} "
        f"({others['effort_pm'].sum():,.1f} person-months of backlog), which this plan does not hold."
    )
