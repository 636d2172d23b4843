"""What does not fit in the data behind the tracking: said project by project, and how it was read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from pmlib.months import month_text
from pmlib.portfolio.tracking.histories import CENT_K, IN_PROGRESS, Histories

COLUMNS = ["project_id", "what", "says"]
#: Rounding of tables kept by hand.
_ROUNDING_K = 0.1
_FEW = 3
_Check = tuple[bool, str, str]


def traps(histories: Histories) -> pd.DataFrame:
    """List what does not fit in the data of the projects followed.

    Parameters
    ----------
    histories : Histories
        As :func:`~pmlib.portfolio.tracking.histories.read_histories` gives them.

    Returns
    -------
    DataFrame of shape (n_found, 3)
        project_id, what (months missing, late row, earned above budget, cost without earned value, no planned months,
        no budget, planned value falls, actual cost falls, planned above budget, planned short of budget, spent
        differs), says (what was found, and how it is read), sorted by project_id and what.

    Examples
    --------
    >>> from pmlib.portfolio.tracking.histories import read_histories
    >>> tables = {"projects": pd.DataFrame({"project_id": ["P1"], "state": "running", "bac_k": 100.0,
    ...                                     "planned_months": 4}),
    ...           "evm": pd.DataFrame({"project_id": "P1", "month": ["2025-01", "2025-03"], "pv_cum_k": [20.0, 70.0],
    ...                                "ev_cum_k": [20.0, 50.0], "ac_cum_k": [25.0, 60.0]})}
    >>> traps(read_histories(tables))["says"].item()
    'No row for 2025-02: read as a straight line between its neighbours.'
    """
    found = [*_missing_months(histories), *_falls(histories)]
    for row in histories.projects.to_dict("records"):
        checks = (*_of_budget(row), *_of_time(row, histories.period))
        found += [(row["project_id"], what, says) for holds, what, says in checks if holds]
    frame = pd.DataFrame(found, columns=COLUMNS, dtype=str)
    return frame.sort_values(["project_id", "what"], kind="stable").reset_index(drop=True)


def _of_budget(row: Mapping[Any, Any]) -> tuple[_Check, ...]:
    budget, planned, earned, spent = (row[name] for name in ("bac_k", "pv_k", "ev_k", "ac_k"))
    over = row["last"] >= row["begin"] + row["planned_months"] - 1
    two = "evm and projects hold different baselines."
    return (
        (budget <= 0, "no budget", "Its budget is 0: nothing it earned can be measured. Fill in bac_k."),
        (0 < budget < earned - CENT_K, "earned above budget",
         f"It earned {earned:,.1f} of a budget of {budget:,.1f}: nobody earns more than all. Read as finished; correct "
         "ev_cum_k, or raise bac_k by an agreed change."),
        (spent > 0 and earned <= 0, "cost without earned value",
         f"It spent {spent:,.1f} and earned nothing: what it will cost is read as that plus the whole plan."),
        (0 < budget < planned - _ROUNDING_K, "planned above budget",
         f"{planned:,.1f} is planned by its last row, its budget is {budget:,.1f}: {two}"),
        (over and planned < budget - _ROUNDING_K, "planned short of budget",
         f"Its planned end is over with {planned:,.1f} planned of a budget of {budget:,.1f}: {two}"),
    )


def _of_time(row: Mapping[Any, Any], period: int) -> tuple[_Check, ...]:
    return (
        (math.isnan(row["planned_months"]), "no planned months",
         "It has no planned_months: how far it is in time is known up to the last planned value only, and not when it "
         "ends."),
        (row["stage"] == IN_PROGRESS and row["last"] < period, "late row",
         f"Its last row is of {month_text(row['last'])}, not {month_text(period)}: it counts as it was then."),
        # projects has no date: it may be newer than the month and say more, never less.
        (0 < row["spent_k"] < row["ac_k"] - _ROUNDING_K, "spent differs",
         f"projects says {row['spent_k']:,.1f} spent, evm more, {row['ac_k']:,.1f}: evm counts here."),
    )


def _missing_months(histories: Histories) -> list[tuple[str, str, str]]:
    """Find months without a row between the first month of work and the last row."""
    known = {str(name): set(own["month"]) for name, own in histories.rows.groupby("project_id")}
    found = []
    for row in histories.projects.to_dict("records"):
        gaps = sorted(set(range(row["begin"], row["last"])) - known[row["project_id"]])
        if gaps:
            more = f" and {len(gaps) - _FEW} more" if len(gaps) > _FEW else ""
            named = ", ".join(month_text(month) for month in gaps[:_FEW]) + more
            found.append((row["project_id"], "months missing",
                          f"No row for {named}: read as a straight line between its neighbours."))
    return found


def _falls(histories: Histories) -> list[tuple[str, str, str]]:
    """Find sums that fall although nothing can be taken away from them."""
    found = []
    for column, what, read in (
        ("pv_cum_k", "planned value falls", "the baseline was changed; the highest so far counts"),
        ("ac_cum_k", "actual cost falls", "a credit or a correction; taken as it stands"),
    ):
        step = histories.rows.groupby("project_id")[column].diff()
        fell = histories.rows[step < -CENT_K]
        for project_id, own in fell.groupby("project_id"):
            when = month_text(own["month"].iloc[0])
            found.append((str(project_id), what, f"{what.capitalize()} in {when}: {read}."))
    return found
