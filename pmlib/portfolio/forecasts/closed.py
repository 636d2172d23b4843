"""Forecasts whose outcome is known by a period, told from those still open; what is no forecast is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmlib.errors import SchemaError, nearest
from pmlib.months import as_month, last_day
from pmlib.portfolio.inputs import checked

CHANCE = "p_success"
POINTS = ["p10", "p50", "p90"]
#: Estimator of forecasts that name none, and what stands for all estimators.
UNNAMED, ALL = "unnamed", "all"
_COLUMNS = ["project_id", "quantity", "estimator_id", "made_on", *POINTS, "prob", "outcome", "outcome_on"]
_TABLE, _NAMED = "past_forecasts", 3
#: What cannot come out below zero.
_NEVER_NEGATIVE = ("cost_k", "months")


@dataclass(frozen=True, eq=False, kw_only=True)
class Closed:
    """Forecasts that can be scored, and those that cannot yet.

    Attributes
    ----------
    ranges : DataFrame
        project_id, quantity, estimator_id, made_on, p10, p50, p90, outcome; sorted.
    chances : DataFrame
        The same with prob in place of the points; outcome 0 or 1.
    open : DataFrame
        Made, outcome not known by the period.
    notes : tuple of str
        What was left out and why.
    missing : str
        Why there is nothing to score, and what to do; empty otherwise.
    """

    ranges: pd.DataFrame
    chances: pd.DataFrame
    open: pd.DataFrame
    notes: tuple[str, ...]
    missing: str


def known_by(tables: Mapping[str, pd.DataFrame], period: int | str | None) -> pd.Timestamp | None:
    """Last day that counts: of the period, else the workbook's as_of, else none."""
    if period is not None:
        return pd.Timestamp(last_day(as_month(period)))
    book = tables.get("workbook")
    if book is None or "as_of" not in book or book["as_of"].isna().all():
        return None
    return pd.Timestamp(book["as_of"].dropna().iloc[0])


def closed_forecasts(tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None) -> Closed:
    """Ask which forecasts can be judged by a period.

    A forecast is open while its outcome, or the day on which that was known, lies ahead. With a ``period`` an
    outcome without its day counts as not known; without one the table is taken as it stands.

    Parameters
    ----------
    tables : mapping of table name to frame
        past_forecasts; workbook where there is one.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month; by default the workbook's as_of.

    Returns
    -------
    Closed
        Without the table an empty one that says so.

    Raises
    ------
    SchemaError
        A row breaks the schema, has p50 = 0, a chance with another outcome than 0 or 1, or a negative cost.
    ParameterError
        The period is no month.

    Examples
    --------
    >>> frame = pd.DataFrame({"project_id": ["P1", "P2"], "quantity": "cost_k", "made_on": ["2024-01-31"] * 2,
    ...                       "p10": 80.0, "p50": 100.0, "p90": 130.0, "outcome": [120.0, None]})
    >>> found = closed_forecasts({"past_forecasts": frame})
    >>> len(found.ranges), len(found.open)
    (1, 1)
    """
    day = known_by(tables, period)
    names = [name for name in (_TABLE, "workbook") if tables.get(name) is not None]
    if _TABLE not in names:
        near = nearest(_TABLE, [str(name) for name in tables]).replace("Did you mean", "Is it")
        return _closed(_nothing(), day=day, dated=False, missing=(
            f"past_forecasts is missing. Add forecasts of closed projects with what came true. {near}".strip()))
    frame = checked({name: tables[name] for name in names}, also=[_TABLE])[_TABLE]
    missing = "" if len(frame) else "past_forecasts is empty. Add forecasts of closed projects with what came true."
    return _closed(frame, day=day, dated=period is not None, missing=missing)


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="datetime64[us]" if name in ("made_on", "outcome_on") else
                                         "str" if name in _COLUMNS[:3] else "float64") for name in _COLUMNS})


def _closed(frame: pd.DataFrame, *, day: pd.Timestamp | None, dated: bool, missing: str) -> Closed:
    _refuse_outcomes(frame)
    frame = frame.assign(estimator_id=frame["estimator_id"].replace("", UNNAMED))
    frame = frame.sort_values(["project_id", "quantity", "made_on"], kind="stable", ignore_index=True)
    if day is not None:
        frame = frame[frame["made_on"] <= day]
    undated = frame["outcome_on"].isna() & (not dated)
    known = frame["outcome"].notna() & (undated | (frame["outcome_on"] <= (day or pd.Timestamp.max)))
    done, still = frame[known], frame[~known]
    late = done["made_on"] >= done["outcome_on"]
    chance = done["quantity"] == CHANCE
    bare = np.where(chance, done["prob"].isna(), done[POINTS].isna().any(axis=1))
    notes = (*_left_out(done[late], "came after the outcome"),
             *_left_out(done[bare & ~late], "came without a chance, or without p10, p50 or p90"))
    fine = ~late & ~bare
    if not missing and not fine.any():
        missing = f"No forecast has a known outcome (open: {len(still)}). Fill in outcome and outcome_on."
    given = ["project_id", "quantity", "estimator_id", "made_on"]
    return Closed(ranges=done.loc[fine & ~chance, [*given, *POINTS, "outcome"]].reset_index(drop=True),
                  chances=done.loc[fine & chance, [*given, "prob", "outcome"]].reset_index(drop=True),
                  open=still[given].reset_index(drop=True), notes=notes, missing=missing)


def _refuse_outcomes(frame: pd.DataFrame) -> None:
    """Refuse what the schema lets pass and no score can take."""
    chance, outcome = frame["quantity"] == CHANCE, frame["outcome"]
    for bad, column, allowed in (
        (chance & outcome.notna() & ~outcome.isin([0.0, 1.0]), "outcome", "0 or 1 for p_success"),
        (~chance & (frame["p50"] == 0), "p50", "above 0, as misses are counted in units of it"),
        (frame["quantity"].isin(_NEVER_NEGATIVE) & (outcome < 0), "outcome", "0 or more"),
        (frame["estimator_id"] == ALL, "estimator_id", "another name, as 'all' is everyone together"),
    ):
        if bad.any():
            row = frame[bad].iloc[0]
            raise SchemaError(f"past_forecasts row {frame.index[bad][0]} ({row['project_id']}, {row['quantity']}) "
                              f"column '{column}': got {row[column]}, allowed {allowed}. Correct the row.")


def _left_out(rows: pd.DataFrame, why: str) -> tuple[str, ...]:
    if rows.empty:
        return ()
    named = ", ".join(f"{project} {quantity}" for project, quantity in
                      rows[["project_id", "quantity"]].head(_NAMED).itertuples(index=False))
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    counted = "Not scored: 1 forecast that" if len(rows) == 1 else f"Not scored: {len(rows)} forecasts that"
    return (f"{counted} {why}: {named}{more}.",)
