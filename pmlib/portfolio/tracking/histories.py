"""What is known of every project month by month: planned, earned, spent, as checked curves without holes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pmlib.errors import MissingTableError, SchemaError
from pmlib.months import LAST_MONTH, as_month, month_of, month_text
from pmlib.portfolio.arguments import currency_of
from pmlib.portfolio.inputs import checked

Floats = NDArray[np.float64]
#: Hundredths of a thousand are rounding.
CENT_K = 1e-5
IN_PROGRESS, FINISHED, ENDED = "in progress", "finished", "ended early"
SUMS = ("pv_cum_k", "ev_cum_k", "ac_cum_k")
STAGES = (IN_PROGRESS, FINISHED, ENDED)
_PLAN = ["project_id", "name", "programme_id", "product_id", "kind", "owner_id", "state", "bac_k", "spent_k",
         "planned_months", "start_month"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Curve:
    """One project from its first month to its last known one; holes between are straight lines.

    Attributes
    ----------
    project_id : str
    begin : int
        Month in which the clock starts, year * 12 + month.
    planned, earned, actual : arrays of shape (n_months,)
        Planned value, earned value and actual cost so far, thousand.
    bac_k, planned_months : float
        Budget at completion; planned length, missing (NaN) where the project has none.
    """

    project_id: str
    begin: int
    planned: Floats
    earned: Floats
    actual: Floats
    bac_k: float
    planned_months: float

    def plan(self) -> Floats:
        """Planned value by month, past the last known month a straight line to the budget at the planned end."""
        known = np.maximum.accumulate(self.planned)
        left = 0 if np.isnan(self.planned_months) else int(self.planned_months) - len(known)
        if left <= 0:
            return known
        return np.append(known, np.linspace(known[-1], max(self.bac_k, known[-1]), left + 1)[1:])


@dataclass(frozen=True, eq=False, kw_only=True)
class Histories:
    """Everything the tracking reads of evm and projects, up to one month.

    Attributes
    ----------
    rows : DataFrame
        The table evm up to the month, by project and month.
    projects : DataFrame
        One row per project with rows: the columns of projects, begin, first, last (months), stage (in progress,
        finished, ended early), and pv_k, ev_k, ac_k of the last row.
    without : DataFrame
        Projects that run or are held, were to begin by the month and have no row: project_id, name, state, bac_k.
    period : int
        The last known month.
    currency : str
    """

    rows: pd.DataFrame
    projects: pd.DataFrame
    without: pd.DataFrame
    period: int
    currency: str

    def curves(self) -> Iterator[Curve]:
        """Yield the curves of every project, by project_id."""
        month, sums = self.rows["month"].to_numpy(), self.rows[list(SUMS)].to_numpy(dtype=float)
        places = self.rows.groupby("project_id").indices
        for row in self.projects.to_dict("records"):
            begin, rows = int(row["begin"]), places[row["project_id"]]
            own = rows[month[rows] >= begin]
            known, months = np.append(begin - 1, month[own]), np.arange(begin, int(row["last"]) + 1)
            planned, earned, actual = (np.interp(months, known, np.append(0.0, column)) for column in sums[own].T)
            yield Curve(project_id=row["project_id"], begin=begin, planned=planned, earned=earned, actual=actual,
                        bac_k=float(row["bac_k"]), planned_months=float(row["planned_months"]))


def named_projects(projects: pd.DataFrame) -> pd.DataFrame:
    """Call a project without a name by its id."""
    return projects.assign(name=projects["name"].fillna(projects["project_id"]))



def last_known_month(tables: Mapping[str, pd.DataFrame], period: int | str | None, *, of: str) -> int:
    """Last known month: the period, else the month of the workbook's as_of, else the newest of a table.

    Parameters
    ----------
    tables : mapping of table name to frame
        Checked ones.
    period : int or str, optional
        ``YYYY-MM`` or year * 12 + month.
    of : str
        The table whose newest month counts in the end; 0 where it has no rows.

    Raises
    ------
    ParameterError
        The period is no month.
    """
    if period is not None:
        return as_month(period)
    book, table = tables.get("workbook"), tables.get(of)
    if book is not None and "as_of" in book and book["as_of"].notna().any():
        return month_of(pd.Timestamp(book["as_of"].dropna().iloc[0]))
    return 0 if table is None or table.empty else int(table["month"].max())


def read_histories(tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None) -> Histories:
    """Read evm and projects up to a month, refuse what cannot be, and close holes.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects and evm; workbook for the month and the currency.
    period : int or str, optional
        Last known month; rows of later months are left out.

    Raises
    ------
    MissingTableError
        projects or evm is missing.
    ParameterError
        The period is no month.
    SchemaError
        A table breaks its definition (a cost below 0), or an earned value falls.

    Examples
    --------
    >>> tables = {"projects": pd.DataFrame({"project_id": ["P1"], "state": "running", "bac_k": 100.0,
    ...                                     "start_month": "2025-01", "planned_months": 4}),
    ...           "evm": pd.DataFrame({"project_id": "P1", "month": ["2025-01", "2025-03"], "pv_cum_k": [20.0, 70.0],
    ...                                "ev_cum_k": [20.0, 50.0], "ac_cum_k": [25.0, 60.0]})}
    >>> next(read_histories(tables).curves()).earned.tolist()
    [20.0, 35.0, 50.0]
    """
    tables = checked(tables, also=("evm",))
    for name in ("projects", "evm"):
        if tables.get(name) is None:
            raise MissingTableError(f"{name}: missing. Tracking reads what was planned, earned and spent from evm and "
                                    f"the budgets from projects; add {name}.csv.")
    rows = tables["evm"].sort_values(["project_id", "month"], kind="stable").reset_index(drop=True)
    _refuse_falling(rows)
    month = last_known_month(tables, period, of="evm")
    past = rows[rows["month"] <= month].reset_index(drop=True)
    plan = named_projects(tables["projects"])[_PLAN].sort_values("project_id", kind="stable")
    ahead = (plan["start_month"] > (month or LAST_MONTH)).fillna(value=False)
    going = plan[~ahead & plan["state"].isin(["running", "held"]) & ~plan["project_id"].isin(past["project_id"])]
    later = set(rows.loc[rows["month"] > month, "project_id"])
    return Histories(rows=past, projects=_followed(plan, past, later, month), period=month,
                     without=going[["project_id", "name", "state", "bac_k"]].reset_index(drop=True),
                     currency=currency_of(tables))


def _refuse_falling(rows: pd.DataFrame) -> None:
    fell = (rows.groupby("project_id")["ev_cum_k"].diff() < -CENT_K).to_numpy()
    if fell.any():
        at = int(fell.argmax())
        now, before = rows.iloc[at], rows.iloc[at - 1]
        raise SchemaError(
            f"evm ({now['project_id']}, {month_text(now['month'])}) column 'ev_cum_k': got {now['ev_cum_k']:,.1f} "
            f"after {before['ev_cum_k']:,.1f} in {month_text(before['month'])}, allowed what never falls: work once "
            "earned stays earned. Correct the row, or re-plan the project with a new baseline.")


def _followed(plan: pd.DataFrame, past: pd.DataFrame, later: set[str], month: int) -> pd.DataFrame:
    """Join every project with its last row, and say when its clock starts and where it stands."""
    grouped = past.groupby("project_id")
    last = past.drop_duplicates("project_id", keep="last").set_index("project_id")
    values = list(SUMS)
    ends = last[values].rename(columns=dict(zip(values, ["pv_k", "ev_k", "ac_k"], strict=True)))
    ends = ends.assign(first=grouped["month"].min(), last=last["month"],
                       worked=past[(past[values] > 0).any(axis=1)].groupby("project_id")["month"].min())
    frame = plan.merge(ends.reset_index(), on="project_id", how="inner")
    start = frame["start_month"].astype("Float64").fillna(frame["first"].astype("Float64"))
    begin = np.minimum(start.to_numpy(dtype=float), frame["worked"].fillna(frame["last"]).to_numpy(dtype=float))
    done = (frame["ev_k"] >= frame["bac_k"] - CENT_K) & (frame["bac_k"] > 0)
    # States have no date: who is done today, and reported with work left in the last month, was at it then.
    over = (frame["state"] == "stopped") | ((frame["state"] == "done") & (frame["last"] < month))
    closed = over & ~frame["project_id"].isin(later)
    stage = np.select([done, closed], [FINISHED, ENDED], IN_PROGRESS)
    length = frame["planned_months"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return frame.assign(
        begin=begin.astype(np.int64), planned_months=np.where(length > 0, length, np.nan),
        stage=pd.Series(stage, index=frame.index, dtype=str)).drop(columns=["worked", "start_month"])
