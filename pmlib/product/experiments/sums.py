"""The daily sums of experiments as they may be read: whole, possible, and one row for each day and arm."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmlib.errors import SchemaError, did_you_mean
from pmlib.months import month_name
from pmlib.product.engine import Tables, small
from pmlib.product.experiments.variance_reduction import ARMS, SUMS

_KEYS = ["test_id", "day", "arm"]
_COUNTS = ["new_users", "conversions"]


def daily_sums(tables: Tables, *, last: int) -> pd.DataFrame:
    """Return the rows of ``experiments`` to month ``last``, checked and sorted by test, day and arm.

    Returns
    -------
    DataFrame
        ``test_id``, ``day``, ``arm``, ``new_users``, ``conversions`` (whole), and the five sums of outcome and measure
        before, NaN where the table has none.

    Raises
    ------
    MissingTableError
        There is no table ``experiments``.
    SchemaError
        A count is missing, negative, broken or larger than the visitors; an arm is unknown; a day is there twice.
    """
    present = [] if tables.get("experiments") is None else list(tables["experiments"].columns)
    frame = small(tables, "experiments", [*_KEYS, *_COUNTS, *(name for name in SUMS if name in present)])
    # What is no date or no number becomes missing here, and is refused below by its place.
    counts = frame[_COUNTS].apply(pd.to_numeric, errors="coerce")
    day = pd.to_datetime(frame["day"], errors="coerce", format="ISO8601")
    days = frame.assign(day=day, test_id=frame["test_id"].astype("str"), **counts)
    if days["day"].isna().any():
        raise SchemaError(f"experiments: {_where(days[days['day'].isna()])} has no day. Write it as 2025-12-31.")
    days = days[days["day"].dt.year * 12 + days["day"].dt.month <= last]
    days = days.reindex(columns=[*_KEYS, *_COUNTS, *SUMS]).sort_values(_KEYS, kind="stable", ignore_index=True)
    _refuse(days)
    sums = days[list(SUMS)].astype("float64")
    whole = {name: days[name].astype("int64") for name in _COUNTS}
    checked: pd.DataFrame = days.assign(**sums.where(np.isfinite(sums)), **whole)
    return checked


def none_told(last: int) -> str:
    """Say that there was no experiment to the month."""
    return f"No experiment has a day to {month_name(last)}. Add its daily sums to the table 'experiments'."


def _refuse(days: pd.DataFrame) -> None:
    for arm in days["arm"].drop_duplicates():
        if arm not in ARMS:
            rows = days[days["arm"].isna() if pd.isna(arm) else days["arm"] == arm]
            raise SchemaError(f"experiments: {_where(rows)} is no arm. {did_you_mean(str(arm).lower(), ARMS)}")
    twice = days.duplicated(_KEYS)
    if twice.any():
        raise SchemaError(f"experiments: {_where(days[twice])} is there twice, allowed once. Add the rows up first.")
    for name in _COUNTS:
        count = days[name].astype("float64")
        wrong = ~(count >= 0) | (count % 1 != 0)
        if wrong.any():
            got = count[wrong].iloc[0]
            raise SchemaError(
                f"experiments: {_where(days[wrong])} has {name} {got:g}, allowed a whole number of 0 or more. "
                "Leave the day out where nothing was counted."
            )
    many = days["conversions"].astype("float64") > days["new_users"].astype("float64")
    if many.any():
        row = days[many].iloc[0]
        raise SchemaError(
            f"experiments: {_where(days[many])} has {row['conversions']:,} conversions, allowed {row['new_users']:,} "
            "at most (new_users). Count each visitor once."
        )


def _where(rows: pd.DataFrame) -> str:
    """Name the first of these rows."""
    row = rows.iloc[0]
    day = "day missing" if pd.isna(row["day"]) else f"{row['day']:%Y-%m-%d}"
    return f"test '{row['test_id']}', {day}, arm '{row['arm']}'"
