"""When each project begins and finishes under one choice of actions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pmlib.portfolio.model import Floats, Ints
from pmlib.portfolio.problem import Problem
from pmlib.portfolio.valuation import SWANSON

COLUMNS = ["project", "project_id", "name", "programme_id", "state", "action", "planned", "begin", "finish",
           "finish_p10", "finish_p50", "finish_p90", "source"]
_POINTS = ["p10", "p50", "p90"]
#: Part of a month that is rounding.
_NOTHING = 1e-9


def dates(problem: Problem, choice: Ints, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Say when every project that goes on begins and finishes, under a given choice of actions.

    Parameters
    ----------
    problem : Problem
        The question.
    choice : int array of shape (n_projects,)
        Position of the chosen action of every project.
    tables : mapping of table name to frame
        Of estimates the newest with quantity ``months`` (months to complete) is read.

    Returns
    -------
    DataFrame
        One row per project that is on or held: project (position), project_id, name, programme_id, state, action,
        planned (month it was to begin or to go on), begin (first month of work; in the past for a running project),
        finish (last month of work, expected: Swanson's .3 / .4 / .3), finish_p10, finish_p50, finish_p90 (missing
        without an estimate), source (estimates, planned months, demand or unknown). Months are year * 12 + month.
    """
    actions = problem.actions
    row = actions.frame.iloc[choice].reset_index(drop=True)
    going = (row["on"].astype(bool) | (row["action"] == "hold")).to_numpy()
    owner, row = actions.projects[going].reset_index(drop=True), row[going].reset_index(drop=True)
    first = actions.first
    start = owner["start_month"].astype("Int64").fillna(first).to_numpy(dtype=np.int64)
    delay = row["delay_months"].to_numpy(dtype=np.int64)
    held, running = (row["action"] == "hold").to_numpy(), (owner["state"] == "running").to_numpy()
    runs_on = running & ~held
    planned = np.where(held | (owner["state"] == "held").to_numpy(), first, start)
    begin = np.select([held, runs_on], [first + delay, np.minimum(start, first)], np.maximum(start, first) + delay)
    frame = owner[["project_id", "name", "programme_id", "state"]].assign(
        project=np.flatnonzero(going), action=row["action"].astype(str), planned=planned, begin=begin)
    ends = _finishes(problem, frame, choice[going], tables=tables, runs_on=runs_on)
    return pd.concat([frame, ends], axis=1)[COLUMNS]


def _finishes(
    problem: Problem, frame: pd.DataFrame, choice: Ints, *, tables: Mapping[str, pd.DataFrame], runs_on: np.ndarray,
) -> pd.DataFrame:
    """Last months of work by what is known best: estimates, planned months, months with demand."""
    first, row = problem.actions.first, problem.actions.frame.iloc[choice]
    pace = row["pace"].to_numpy(dtype=float) if "pace" in row else np.ones(len(row))
    begin = frame["begin"].to_numpy(dtype=float)
    points = _to_complete(tables.get("estimates"), frame["project_id"])
    months = np.column_stack([points @ SWANSON, points])
    floor = np.maximum(begin, first)
    estimated = floor[:, None] + _whole(months, pace[:, None]) - 1
    planned = _by_plan(problem, frame, runs_on=runs_on, pace=pace)
    needed = problem.actions.people.groupby("action")["month"].max().reindex(choice).to_numpy(dtype=float)
    best = np.select([~np.isnan(estimated[:, 0]), ~np.isnan(planned)], [estimated[:, 0], planned], needed)
    source = np.select([~np.isnan(estimated[:, 0]), ~np.isnan(planned), ~np.isnan(needed)],
                       ["estimates", "planned months", "demand"], "unknown")
    ends = {name: pd.array(np.maximum(values, floor), dtype="Int64") for name, values in zip(
        ["finish", *(f"finish_{point}" for point in _POINTS)], [best, *estimated[:, 1:].T], strict=True)}
    return pd.DataFrame(ends | {"source": pd.Series(source, dtype=str)})


def _whole(months: Floats, pace: Floats) -> Floats:
    """Begun months count whole, there is at least one, and a pace makes more or fewer of them."""
    whole = np.maximum(np.ceil(months - _NOTHING), 1.0)
    return np.asarray(np.maximum(whole + np.ceil(whole * (pace - 1.0) - _NOTHING), 1.0), dtype=float)


def _by_plan(problem: Problem, frame: pd.DataFrame, *, runs_on: np.ndarray, pace: Floats) -> Floats:
    """Last months of work by the planned months; of a project that has begun those that are left."""
    projects = problem.actions.projects.iloc[frame["project"].to_numpy()]
    if "planned_months" not in projects:
        return np.full(len(frame), np.nan)
    length, start = (projects[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
                     for name in ("planned_months", "start_month"))
    length = np.where(length > 0, length, np.nan)
    first, begin = problem.actions.first, frame["begin"].to_numpy(dtype=float)
    left = np.maximum(start + length - first, 1.0)
    fresh = (frame["state"] == "proposed").to_numpy()
    return np.where(runs_on, float(first), begin) + _whole(np.where(fresh, length, left), pace) - 1


def _to_complete(estimates: pd.DataFrame | None, ids: pd.Series) -> Floats:
    """Months to complete by the newest estimate (p10, p50, p90), shape (n, 3); missing without one."""
    if estimates is None:
        return np.full((len(ids), 3), np.nan)
    frame = estimates[estimates["quantity"] == "months"].dropna(subset=_POINTS)
    if "as_of" in frame:
        frame = frame.sort_values("as_of", kind="stable")
    newest = frame.drop_duplicates("project_id", keep="last").set_index("project_id")
    return np.asarray(newest[_POINTS].reindex(ids).to_numpy(dtype=float))
