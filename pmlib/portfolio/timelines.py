"""When a project's money and people fall, if it begins later or takes more or less time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmlib.portfolio.model import Floats, Ints

#: Verbs with rows of their own in the demand table; those without borrow what going on would need.
NEEDY = ("keep", "start", "hold", "slow", "fast")
_GOING_ON = ("keep", "start")
_PERCENTILES = ["p10", "p50", "p90"]


def delayed(by_year: Floats, months: int) -> Floats:
    """Move the share months/12 of every year into the next, shape (n, n_years); later years must be zero."""
    whole, part = divmod(months, 12)
    moved = np.zeros_like(by_year)
    moved[:, whole:] += by_year[:, : by_year.shape[1] - whole] * (1 - part / 12)
    if part:
        moved[:, whole + 1:] += by_year[:, : by_year.shape[1] - whole - 1] * (part / 12)
    return moved


def stretched(by_year: Floats, *, begins: Floats, pace: Floats) -> Floats:
    """Spread money over ``pace`` times as much time from ``begins`` on (years after the first), same total.

    Money is taken as even within a year.  Shapes (n, n_years), (n,), (n,).
    """
    edges = np.arange(by_year.shape[1] + 1, dtype=float)
    moved = np.empty_like(by_year)
    for row, (money, start, times) in enumerate(zip(by_year, begins, pace, strict=True)):
        spent = np.concatenate([[0.0], np.cumsum(money)])
        at = np.where(edges <= start, edges, start + (edges - start) / times)
        moved[row] = np.diff(np.interp(at, edges, spent))
    return moved


def lengths(projects: pd.DataFrame, estimates: pd.DataFrame | None, *, first: int, weights: Floats) -> Ints:
    """Months each project still takes, rounded up, shape (n_projects,); 0 where nothing says so.

    The newest estimate of ``months`` counts (its mean by ``weights`` of p10, p50 and p90), else the planned months
    less those that have passed.
    """
    planned = projects.get("planned_months", pd.Series(np.nan, index=projects.index)).to_numpy(dtype=float)
    begun = projects["start_month"].to_numpy(dtype=float, na_value=np.nan)
    left = np.where(projects["state"] == "proposed", planned, np.maximum(begun + planned - first, 1.0))
    if estimates is not None:
        mine = estimates[estimates["quantity"] == "months"]
        mine = mine.sort_values("as_of", kind="stable") if "as_of" in mine else mine
        mine = mine.drop_duplicates("project_id", keep="last").set_index("project_id")
        mean = mine[_PERCENTILES].to_numpy(dtype=float) @ weights
        said = pd.Series(mean, index=mine.index).reindex(projects["project_id"]).to_numpy()
        left = np.where(np.isfinite(said), said, left)
    return np.where(np.isfinite(left) & (left > 0), np.ceil(np.nan_to_num(left) - 1e-9), 0).astype(np.int64)


def spending(frame: pd.DataFrame, undelayed: Floats, *, spends: np.ndarray, begins: Floats) -> Floats:
    """Money of every action by year, shape (n_actions, n_years).

    Parameters
    ----------
    frame : DataFrame
        Actions: project, delay_months, pace, cost_factor.
    undelayed : float array of shape (n_projects, n_years)
        Money if the project goes on as planned.
    spends : bool array of shape (n_actions,)
        Whether an action spends what going on would.
    begins : float array of shape (n_projects,)
        Planned begin, in years after the first.
    """
    project = frame["project"].to_numpy()
    money = undelayed[project] * spends[:, None] * frame["cost_factor"].to_numpy()[:, None]
    pace = frame["pace"].to_numpy()
    paced = np.flatnonzero(spends & (pace != 1.0))
    money[paced] = stretched(money[paced], begins=begins[project[paced]], pace=pace[paced])
    delays = frame["delay_months"].to_numpy()
    for months in np.unique(delays[spends & (delays > 0)]):
        rows = np.flatnonzero(spends & (delays == months))
        money[rows] = delayed(money[rows], int(months))
    return np.asarray(money, dtype=float)


def people_needed(
    frame: pd.DataFrame, projects: pd.DataFrame, demand: pd.DataFrame | None, *, first: int, begins: Ints,
) -> pd.DataFrame:
    """Person-months by action (position), skill and month, delays and paces applied.

    Parameters
    ----------
    frame : DataFrame
        Actions: project, action, delay_months, pace.
    projects : DataFrame
        The projects to decide.
    demand : DataFrame, optional
        project_id, action, skill, month, person_months.
    first : int
        First month to plan.
    begins : int array of shape (n_projects,)
        Month in which a project begins as planned, ``first`` at the earliest.
    """
    if demand is None:
        return pd.DataFrame({"action": np.empty(0, dtype=np.int64), "skill": pd.Series([], dtype=str),
                             "month": np.empty(0, dtype=np.int64), "person_months": np.empty(0)})
    project = pd.Index(projects["project_id"]).get_indexer(pd.Index(demand["project_id"]))
    verb = pd.Index(NEEDY).get_indexer(pd.Index(demand["action"]))
    ahead = np.flatnonzero((demand["month"].to_numpy() >= first) & (project >= 0) & (verb >= 0))
    key = project[ahead] * len(NEEDY) + verb[ahead]
    ahead, key = ahead[np.argsort(key, kind="stable")], np.sort(key, kind="stable")
    source, borrowed, delay = _sources(frame, key)
    low, high = np.searchsorted(key, source), np.searchsorted(key, source, side="right")
    count = np.where(source >= 0, high - low, 0)
    action = np.repeat(np.arange(len(frame)), count)
    within = np.arange(len(action)) - np.repeat(np.cumsum(count) - count, count)
    row = demand.iloc[ahead[np.repeat(low, count) + within]]
    needs = pd.DataFrame({
        "action": action, "skill": row["skill"].to_numpy(), "month": row["month"].to_numpy(dtype=np.int64),
        "person_months": row["person_months"].to_numpy(dtype=float)})
    pace = np.where(borrowed, frame["pace"].to_numpy(), 1.0)[action]
    needs = _paced(needs, pace, begins[frame["project"].to_numpy()[action]])
    needs["month"] += delay[needs["action"].to_numpy()]
    return needs.sort_values(["action", "skill", "month", "person_months"], kind="stable").reset_index(drop=True)


def _sources(frame: pd.DataFrame, key: Ints) -> tuple[Ints, np.ndarray, Ints]:
    """Which demand rows each action takes (key of project and verb, -1: none), whether borrowed, how much later."""
    verb = pd.Index(NEEDY).get_indexer(pd.Index(frame["action"]))
    own = frame["project"].to_numpy() * len(NEEDY)
    source = np.where(verb >= 0, own + verb, -1)
    delay = frame["delay_months"].to_numpy(dtype=np.int64).copy()
    has = np.isin(source, key)
    delay[(frame["action"] == "hold").to_numpy() & has] = 0
    borrows = ~has & frame["action"].isin(["hold", "slow", "fast"]).to_numpy()
    borrowed = np.zeros(len(frame), dtype=bool)
    for other in _GOING_ON:
        candidate = own + NEEDY.index(other)
        takes = borrows & ~borrowed & np.isin(candidate, key)
        source, borrowed = np.where(takes, candidate, source), borrowed | takes
    return source, borrowed, delay


def _paced(needs: pd.DataFrame, pace: Floats, begins: Ints) -> pd.DataFrame:
    """Spread each month's need over ``pace`` months, counted from the begin; totals stay."""
    moved = pace != 1.0
    if not moved.any():
        return needs
    some, times = needs[moved], pace[moved]
    starts = begins[moved] + np.maximum(some["month"].to_numpy() - begins[moved], 0) * times
    pieces = [needs[~moved]]
    for piece in range(int(np.ceil(times.max())) + 1):
        month = np.floor(starts) + piece
        share = np.clip(np.minimum(starts + times, month + 1) - np.maximum(starts, month), 0.0, None) / times
        pieces.append(some.assign(month=month.astype(np.int64), person_months=some["person_months"] * share)[share > 0])
    together: pd.Series = pd.concat(pieces).groupby(["action", "skill", "month"], sort=False)["person_months"].sum()
    return together.reset_index()
